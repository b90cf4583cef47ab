"""Dial requests and contacts in memory (``ports.contacts``)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import Final

from trunkcall.domain.clearance import Hold
from trunkcall.domain.contact import ContactRecord, ContactState, DialRequest
from trunkcall.domain.errors import ConflictError, InvalidCampaignStateError
from trunkcall.domain.instants import MINUTE, Instant
from trunkcall.storage.memory.state import Held, Part
from trunkcall.storage.ports.contacts import Accepted, ContactCounts, PutResult, TokenForms

_OF_LINES: Final = re.compile(r"row-[0-9].*-[0-9a-f]{24}", re.DOTALL)


class ContactsInMemory(Part):
    """Contacts, as they are accepted and told of."""

    async def put_dial_requests(
        self, campaign_id: str, requests: Sequence[DialRequest], *, at: Instant, max_waiting: int
    ) -> PutResult:
        state = self._state
        campaign = state.campaign(campaign_id)
        if not campaign.takes_requests:
            raise InvalidCampaignStateError(
                campaign.state, f"The campaign is {campaign.state}; it takes requests while Running."
            )
        waiting = len(state.waiting[campaign_id]) + self._aside(campaign_id)[0]
        accepted: list[Accepted | None] = []
        new: list[Held] = []
        of_token: dict[str, Held] = {}
        contact_ids: set[str] = set()
        for request in requests:
            token = request.client_token
            known = None
            if token is not None:
                known = of_token.get(token) or state.contacts.get(state.tokens.get((campaign_id, token), 0))
            if known is not None:
                accepted.append(Accepted(request.client_token, known.record.contact_id, repeated=True))
            elif waiting >= max_waiting:
                accepted.append(None)
            else:
                if request.contact_id in state.sequences or request.contact_id in contact_ids:
                    raise ConflictError(f"The contact id {request.contact_id} is taken by another contact.")
                record = ContactRecord(
                    contact_id=request.contact_id,
                    campaign_id=campaign_id,
                    instance_id=campaign.instance_id,
                    client_token=request.client_token,
                    phone_number=request.phone_number,
                    attributes=dict(request.attributes),
                    state=ContactState.WAITING,
                    accepted_at=at,
                    expires_at=request.expires_at,
                    updated_at=at,
                    due_at=request.due_at,
                    previous_contact_id=request.previous_contact_id,
                    time_zone=request.time_zone,
                )
                held = Held(len(state.contacts) + len(new) + 1, record)
                new.append(held if request.hold is None else held.held_back(request.hold))
                if token is not None:
                    of_token[token] = new[-1]
                contact_ids.add(request.contact_id)
                waiting += 1
                accepted.append(Accepted(request.client_token, request.contact_id, repeated=False))
        state.put_contacts(new)
        return PutResult(accepted)

    async def change_due(self, campaign_id: str, contact_ids: Collection[str], *, due_at: Instant) -> int:
        state = self._state
        state.campaign(campaign_id)
        found = [state.contacts[state.sequences[each]] for each in {*contact_ids} & state.sequences.keys()]
        moved = [
            held.due_then(due_at)
            for held in found
            if held.waits and held.sequence not in state.quarantine and held.record.campaign_id == campaign_id
        ]
        state.put_contacts(moved)
        return len(moved)

    async def waiting_count(self, campaign_id: str) -> int:
        return len(self._state.waiting[campaign_id])

    async def contact(self, contact_id: str) -> ContactRecord | None:
        sequence = self._state.sequences.get(contact_id)
        return None if sequence is None else self._state.contacts[sequence].record

    async def give_attributes(self, contact_id: str, attributes: Mapping[str, str], *, at: Instant) -> bool:
        sequence = self._state.sequences.get(contact_id)
        held = self._state.contacts[sequence] if sequence is not None else None
        if held is None or held.sequence in self._state.quarantine or not held.record.phone_number:
            return False
        given = {**(held.record.flow_attributes or {}), **attributes}
        self._state.put_contacts([held.noted(flow_attributes=given, updated_at=at)])
        return True

    async def waiting_before(self, contact_id: str) -> int:
        state = self._state
        sequence = state.sequences.get(contact_id)
        if sequence is None:
            return 0
        record = state.contacts[sequence].record
        return sum(place < (record.due_at, sequence) for place in state.waiting[record.campaign_id])

    async def first_hold(self, campaign_id: str) -> Hold | None:
        first = min(self._state.waiting[campaign_id], default=None)
        return None if first is None else self._state.contacts[first[1]].record.hold

    async def contacts(
        self,
        *,
        campaign_id: str | None = None,
        instance_id: str | None = None,
        chunk: int = 1000,
        on_left_out: Callable[[int], None] | None = None,
    ) -> AsyncIterator[Sequence[ContactRecord]]:
        """Nobody is left out, for nobody is damaged."""
        found = iter(
            [
                sequence
                for sequence, held in self._state.contacts.items()
                if campaign_id in (None, held.record.campaign_id) and instance_id in (None, held.record.instance_id)
            ]
        )
        while sequences := list(islice(found, chunk)):
            yield [self._state.contacts[sequence].record for sequence in sequences]

    async def contact_counts(self, campaign_ids: Sequence[str]) -> Mapping[str, ContactCounts]:
        return {each: self._counts(each) for each in campaign_ids if each in self._state.campaigns}

    def _counts(self, campaign_id: str) -> ContactCounts:
        contacts = list(self._state.contacts_of(campaign_id))
        ended = Counter(held.record.disposition for held in contacts if held.record.disposition is not None)
        waiting_aside, in_progress_aside = self._aside(campaign_id)
        waiting = len(self._state.waiting[campaign_id])
        return ContactCounts(len(contacts), waiting, dict(ended), waiting_aside, in_progress_aside)

    def _aside(self, campaign_id: str) -> tuple[int, int]:
        """How many of the campaign are set aside that waited, and that were in progress."""
        aside = [self._state.contacts[sequence] for sequence in self._state.quarantine]
        of_it = [held for held in aside if held.record.campaign_id == campaign_id]
        waited = sum(held.waits for held in of_it)
        return waited, sum(held.record.state is not ContactState.ENDED for held in of_it) - waited

    async def ledger_sum(self, campaign_id: str, *, since: Instant) -> tuple[int, int]:
        found = [each for at, each in self._state.ledgers[campaign_id].items() if at >= since - since % MINUTE]
        return sum(each.live_answers for each in found), sum(each.abandoned for each in found)

    async def token_forms(self, campaign_id: str) -> TokenForms:
        records = [held.record for held in self._state.contacts_of(campaign_id)]
        return TokenForms(
            of_lines=any(_OF_LINES.fullmatch(record.client_token or "") for record in records),
            erased=any(
                (record.client_token or "").startswith("erased-") and not record.phone_number for record in records
            ),
        )
