"""Dial requests of an SQLite store: how they are accepted, and when they are due.

Decides which are new and which are known. It must not know threads or when it is committed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from trunkcall.domain.contact import Damage, DialRequest
from trunkcall.domain.errors import ConflictError, InvalidCampaignStateError
from trunkcall.domain.instants import Instant
from trunkcall.storage.ports.contacts import Accepted, PutResult
from trunkcall.storage.sqlite.operations.quarantine import set_aside_as_it_stands
from trunkcall.storage.sqlite.rows import to_json
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.transaction import CampaignHead, WriteTransaction


def put_dial_requests(
    transaction: WriteTransaction,
    campaign_id: str,
    requests: Sequence[DialRequest],
    values: Sequence[Mapping[str, Any]],
    at: Instant,
    max_waiting: int,
) -> PutResult:
    """Accept dial requests. ``values`` are those of ``request_to_values``, made before the transaction began."""
    head = transaction.campaign(campaign_id)
    if not head.takes_requests:
        raise InvalidCampaignStateError(head.state, f"The campaign is {head.state}; it takes requests while Running.")
    if head.waiting + len(requests) <= max_waiting:
        return PutResult(_accept(transaction, head, requests, values, at))
    return PutResult(_accept_while_room(transaction, head, requests, values, at, max_waiting))


def _accept(
    transaction: WriteTransaction,
    head: CampaignHead,
    requests: Sequence[DialRequest],
    values: Sequence[Mapping[str, Any]],
    at: Instant,
) -> list[Accepted]:
    """Accept all of them. Only when fewer rows than requests were added are the known tokens looked up."""
    first = transaction.take_sequences(len(requests))
    rows = [
        {**of_request, "sequence": sequence, "campaign_key": head.key, "at": at}
        for sequence, of_request in enumerate(values, first)
    ]
    added = transaction.insert("accept_contacts", rows)
    transaction.count_accepted(head, added)
    if added == len(requests):
        return [Accepted(request.client_token, request.contact_id, False) for request in requests]
    accepted: list[Accepted] = []
    for sequence, request in enumerate(requests, first):
        known = _known(transaction, head, request)
        # A later request has the token only if this one was not added for its contact id.
        if known is not None and known.sequence <= sequence:
            accepted.append(Accepted(request.client_token, known.contact_id, repeated=known.sequence != sequence))
            continue
        row = transaction.row("sequence_of_contact", contact_id=request.contact_id)
        if row is None or row.sequence != sequence:
            raise ConflictError(f"The contact id {request.contact_id} is taken by another contact.")
        accepted.append(Accepted(request.client_token, request.contact_id, repeated=False))
    return accepted


def _accept_while_room(
    transaction: WriteTransaction,
    head: CampaignHead,
    requests: Sequence[DialRequest],
    values: Sequence[Mapping[str, Any]],
    at: Instant,
    max_waiting: int,
) -> list[Accepted | None]:
    """Accept one by one until the backlog is full; tokens known already are answered all the same."""
    accepted: list[Accepted | None] = []
    for request, request_values in zip(requests, values, strict=True):
        if head.waiting < max_waiting:
            accepted += _accept(transaction, head, [request], [request_values], at)
            continue
        known = _known(transaction, head, request)
        accepted.append(None if known is None else Accepted(request.client_token, known.contact_id, repeated=True))
    return accepted


def _known(transaction: WriteTransaction, head: CampaignHead, request: DialRequest) -> Row | None:
    """The sequence and id of the contact that has the request's client token. One without is always new."""
    if request.client_token is None:
        return None
    return transaction.row("contact_of_token", campaign_key=head.key, client_token=request.client_token)


def change_due(transaction: WriteTransaction, campaign_id: str, contact_ids: Collection[str], due_at: Instant) -> int:
    head = transaction.campaign(campaign_id)
    return transaction.execute(
        "change_due", due_at=due_at, contact_ids=to_json(list(contact_ids)), campaign_key=head.key
    )


def set_aside_refused_due(
    transaction: WriteTransaction, campaign_id: str, contact_ids: Collection[str], due_at: Instant
) -> int:
    """Set those contacts aside that SQLite does not let be due at another time; how many."""
    found: dict[int, Damage] = {}
    for contact_id in contact_ids:
        change = partial(change_due, campaign_id=campaign_id, contact_ids=[contact_id], due_at=due_at)
        damage = transaction.refusal(change)
        row = transaction.row("sequence_of_contact", contact_id=contact_id)
        if damage is not None and row is not None:
            found[row.sequence] = damage
    set_aside_as_it_stands(transaction, found)
    return len(found)
