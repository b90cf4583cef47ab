"""The verbs that change an SQLite store, each as an operation inside a write transaction.

Decides what each verb checks, changes and answers. It must not know threads or when it is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Final

from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.contact import Damage, DialRequest
from trunkcall.domain.directory import (
    AccessKey,
    Directory,
    OnboardingFailure,
    OnboardingJob,
    OnboardingStatus,
)
from trunkcall.domain.errors import (
    ConflictError,
    InvalidCampaignStateError,
    InvalidStateError,
    LeaseLostError,
    NotFoundError,
    QuotaExceededError,
    StoreDamagedError,
)
from trunkcall.domain.instants import Duration, Instant
from trunkcall.domain.transitions import CAMPAIGN, CampaignEvent
from trunkcall.storage.ports.contacts import Accepted, PutResult
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.ports.privacy import ErasureReason
from trunkcall.storage.sqlite_changes import expire_contact
from trunkcall.storage.sqlite_facts import put_facts
from trunkcall.storage.sqlite_quarantine import mend, release_erased, restore_tokens
from trunkcall.storage.sqlite_rows import (
    Row,
    access_key_to_row,
    campaign_from_row,
    campaign_to_row,
    instance_from_row,
    job_from_row,
    job_to_row,
    to_json,
)
from trunkcall.storage.sqlite_schema import QUERIES
from trunkcall.storage.sqlite_transaction import CampaignHead, NotTogetherError, WriteTransaction

# --- the contact centre -------------------------------------------------------------------------------------------


def create_instance(transaction: WriteTransaction, directory: Directory, access_key: AccessKey | None) -> None:
    instance = directory.instance
    instance_id = instance.instance_id
    if transaction.row("instance_exists", instance_id):
        raise ConflictError(f"There is an instance {instance_id} already.")
    transaction.execute("insert_instance", instance_id, instance.alias, instance.created_at, int(instance.onboarded))
    put_facts(transaction, instance_id, directory.facts)
    if instance.onboarded:
        job = OnboardingJob(instance_id, OnboardingStatus.SUCCEEDED, instance.encryption, instance.created_at)
        transaction.execute("put_onboarding_job", *job_to_row(job))
    if access_key is not None:
        put_access_key(transaction, access_key)


def put_access_key(transaction: WriteTransaction, access_key: AccessKey) -> None:
    transaction.execute("put_access_key", *access_key_to_row(access_key))


def _check_instance(transaction: WriteTransaction, instance_id: str) -> None:
    if not transaction.row("instance_exists", instance_id):
        raise NotFoundError(f"There is no instance {instance_id}.")


def set_retention(transaction: WriteTransaction, instance_id: str, days: int | None) -> None:
    if not transaction.execute("set_retention", days, instance_id):
        raise NotFoundError(f"There is no instance {instance_id}.")


# --- onboarding -----------------------------------------------------------------------------------------------------


def start_onboarding(transaction: WriteTransaction, job: OnboardingJob) -> None:
    row = transaction.row("instance", job.instance_id)
    if row is None:
        raise NotFoundError(f"There is no instance {job.instance_id}.")
    if instance_from_row(row).onboarded:
        raise ConflictError("The instance is onboarded already.")
    earlier = transaction.row("onboarding_job", job.instance_id)
    if earlier is not None and job_from_row(earlier).status is OnboardingStatus.IN_PROGRESS:
        raise ConflictError("An onboarding job of the instance is in progress.")
    transaction.execute("put_onboarding_job", *job_to_row(job))


def finish_onboarding(transaction: WriteTransaction, instance_id: str, failure: OnboardingFailure | None) -> None:
    status = OnboardingStatus.SUCCEEDED if failure is None else OnboardingStatus.FAILED
    reason = failure.value if failure is not None else None
    if transaction.execute("finish_onboarding_job", status.value, reason, instance_id) and failure is None:
        transaction.execute("set_onboarded", instance_id)


def delete_onboarding_job(transaction: WriteTransaction, instance_id: str) -> None:
    row = transaction.row("onboarding_job", instance_id)
    if row is None:
        raise NotFoundError("The instance has no onboarding job.")
    if job_from_row(row).status is OnboardingStatus.IN_PROGRESS:
        raise InvalidStateError("The onboarding job is in progress. Wait until it has ended.")
    transaction.execute("delete_onboarding_job", instance_id)


def offboard(transaction: WriteTransaction, instance_id: str) -> None:
    row = transaction.row("instance", instance_id)
    if row is None or not instance_from_row(row).onboarded:
        raise NotFoundError("The instance is not onboarded for outbound campaigns.")
    if transaction.number("campaigns_in_instance", instance_id):
        raise InvalidStateError("The instance has campaigns. Delete all of them first.")
    transaction.execute("set_offboarded", instance_id)


# --- campaigns ----------------------------------------------------------------------------------------------------


def create_campaign(transaction: WriteTransaction, campaign: Campaign, most: int | None) -> Campaign:
    if not transaction.knows_instance(campaign.instance_id):
        raise NotFoundError(f"There is no instance {campaign.instance_id}.")
    if most is not None and transaction.number("campaigns_in_instance", campaign.instance_id) >= most:
        namesake = transaction.row("campaign_of_name", campaign.instance_id, campaign.name)
        if namesake is not None:
            return _read_campaign(transaction, namesake[0])
        raise QuotaExceededError(f"The instance has {most} campaigns, which is its quota. Delete some, or raise it.")
    version = transaction.next_version()
    *values, _ = campaign_to_row(campaign)
    if transaction.execute("insert_campaign", *values, version):
        return replace(campaign, version=version)
    namesake = transaction.row("campaign_of_name", campaign.instance_id, campaign.name)
    assert namesake is not None
    return _read_campaign(transaction, namesake[0])


@dataclass(frozen=True, slots=True)
class CreateCampaign:
    """``create_campaign`` as an operation that can be carried out together with others of its kind. ``values`` is the
    campaign's row, made before the transaction began."""

    campaign: Campaign
    values: Row
    most: int | None

    def __call__(self, transaction: WriteTransaction) -> Campaign:
        return create_campaign(transaction, self.campaign, self.most)

    @staticmethod
    def together(transaction: WriteTransaction, operations: Sequence[CreateCampaign]) -> list[Campaign] | None:
        """All of them in one statement: the interpreter's lock changes hands once, not once a campaign. None, and
        nothing done, if one of them needs a closer look: a name is taken, the quota near, the instance unknown."""
        instance_ids = {operation.campaign.instance_id for operation in operations}
        names = {operation.campaign.name for operation in operations}
        if len(instance_ids) > 1 or len(names) < len(operations):
            return None
        (instance_id,) = instance_ids
        if not transaction.knows_instance(instance_id):
            return None
        least = min((operation.most for operation in operations if operation.most is not None), default=None)
        if least is not None and transaction.number("campaigns_in_instance", instance_id) + len(operations) > least:
            return None
        parameters: list[Any] = []
        created: list[Campaign] = []
        for operation in operations:
            version = transaction.next_version()
            parameters += operation.values[:-1]
            parameters.append(version)
            created.append(replace(operation.campaign, version=version))
        added = transaction.execute_text(_insert_campaigns(len(operations)), parameters)
        if added < len(operations):
            raise NotTogetherError
        return created


@cache
def _insert_campaigns(rows: int) -> str:
    row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    return QUERIES["insert_campaign"].replace(row, ", ".join([row] * rows))


def change_campaign_state(
    transaction: WriteTransaction,
    campaign_id: str,
    allowed_from: Collection[CampaignState],
    to: CampaignState,
    max_running: int | None,
) -> Campaign:
    head = transaction.campaign(campaign_id)
    if head.state not in allowed_from:
        raise InvalidCampaignStateError(head.state, f"The campaign is {head.state}; it cannot become {to}.")
    if to is CampaignState.RUNNING and max_running is not None:
        running = transaction.number("running_in_instance", head.instance_id)
        if running >= max_running:
            raise QuotaExceededError(
                f"The instance has {running} active campaigns and its quota is {max_running}. "
                "Pause or stop one, or raise the quota."
            )
    transaction.execute("set_campaign_state", to.value, transaction.next_version(), head.key)
    transaction.forget_campaign(campaign_id)
    return _read_campaign(transaction, campaign_id)


def edit_campaign(transaction: WriteTransaction, campaign_id: str, edit: Callable[[Campaign], Campaign]) -> Campaign:
    head = transaction.campaign(campaign_id)
    before = _read_campaign(transaction, campaign_id)
    after = edit(before)
    if after == before:
        return before
    namesake = transaction.row("campaign_of_name", before.instance_id, after.name)
    if namesake is not None and namesake[0] != campaign_id:
        raise ConflictError("Another campaign of the instance has this name.")
    _, _, _, *values, _, _, tags, _, _ = campaign_to_row(after)
    transaction.execute("edit_campaign", *values, tags, transaction.next_version(), head.key)
    transaction.forget_campaign(campaign_id)
    return _read_campaign(transaction, campaign_id)


def delete_campaign(transaction: WriteTransaction, campaign_id: str, at: Instant) -> Campaign:
    head = transaction.campaign(campaign_id)
    state = CAMPAIGN[head.state].get(CampaignEvent.STOP, head.state)
    transaction.execute("set_campaign_deleted", state.value, at, transaction.next_version(), head.key)
    transaction.forget_campaign(campaign_id)
    return _read_campaign(transaction, campaign_id)


def _read_campaign(transaction: WriteTransaction, campaign_id: str) -> Campaign:
    row = transaction.row("campaign", campaign_id)
    if row is None:
        # An index found it a moment ago.
        raise StoreDamagedError
    return campaign_from_row(row)


# --- dial requests ------------------------------------------------------------------------------------------------

_ROW: Final = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MAX_ROWS: Final = 100
"""The most dial requests in one INSERT. One statement for all lets go of the interpreter's lock once, not per row."""


@cache
def _accept_contacts(rows: int) -> str:
    return QUERIES["accept_contacts"].replace(_ROW, ", ".join([_ROW] * rows))


def put_dial_requests(
    transaction: WriteTransaction,
    campaign_id: str,
    requests: Sequence[DialRequest],
    values: Sequence[Row],
    at: Instant,
    max_waiting: int,
) -> PutResult:
    """Accept dial requests. ``values`` are those of ``request_to_values``, made before the transaction began."""
    head = transaction.campaign(campaign_id)
    if not head.takes_requests:
        raise InvalidCampaignStateError(head.state, f"The campaign is {head.state}; it takes requests while Running.")
    accepted: list[Accepted | None] = []
    for start in range(0, len(requests), _MAX_ROWS):
        part, part_values = requests[start : start + _MAX_ROWS], values[start : start + _MAX_ROWS]
        if head.waiting + len(part) <= max_waiting:
            accepted += _accept(transaction, head, part, part_values, at)
        else:
            accepted += _accept_while_room(transaction, head, part, part_values, at, max_waiting)
    return PutResult(accepted)


def _accept(
    transaction: WriteTransaction,
    head: CampaignHead,
    requests: Sequence[DialRequest],
    values: Sequence[Row],
    at: Instant,
) -> list[Accepted]:
    """Accept all of them. Only when fewer rows than requests were added are the known tokens looked up."""
    first = transaction.take_sequences(len(requests))
    parameters: list[Any] = []
    for sequence, (contact_id, client_token, phone_number, attributes, expires_at, seal) in enumerate(values, first):
        parameters += (
            sequence,
            contact_id,
            head.key,
            client_token,
            phone_number,
            attributes,
            at,
            expires_at,
            at,
            seal,
        )
    added = transaction.execute_sql(_accept_contacts(len(requests)), parameters)
    transaction.count_accepted(head, added)
    if added == len(requests):
        return [Accepted(request.client_token, request.contact_id, False) for request in requests]
    accepted: list[Accepted] = []
    for sequence, request in enumerate(requests, first):
        known = transaction.row("contact_of_token", head.key, request.client_token)
        if known is None:
            raise ConflictError(f"The contact id {request.contact_id} is taken by another contact.")
        accepted.append(Accepted(request.client_token, known[1], repeated=known[0] != sequence))
    return accepted


def _accept_while_room(
    transaction: WriteTransaction,
    head: CampaignHead,
    requests: Sequence[DialRequest],
    values: Sequence[Row],
    at: Instant,
    max_waiting: int,
) -> list[Accepted | None]:
    """Accept one by one until the backlog is full; tokens known already are answered all the same."""
    accepted: list[Accepted | None] = []
    for request, request_values in zip(requests, values, strict=True):
        if head.waiting < max_waiting:
            accepted += _accept(transaction, head, [request], [request_values], at)
            continue
        known = transaction.row("contact_of_token", head.key, request.client_token)
        accepted.append(None if known is None else Accepted(request.client_token, known[1], repeated=True))
    return accepted


# --- erasing --------------------------------------------------------------------------------------------------------


def forget_contacts(transaction: WriteTransaction, contacts: Sequence[Row], at: Instant) -> None:
    """Erase these (sequence, contact id, campaign id, waiting); those that still wait end EXPIRED first."""
    for sequence, contact_id, campaign_id, waiting in contacts:
        head = transaction.find_campaign(campaign_id)
        if waiting and head is not None:
            # One that is set aside ends here as any other does.
            transaction.execute("release", sequence)
            expire = partial(expire_contact, contact_id=contact_id, head=head, at=at)
            if transaction.refusal(expire) is Damage.UNREADABLE:
                mend(transaction, sequence, at)
            else:
                expire(transaction)
    _erase(transaction, [row[0] for row in contacts], at, ErasureReason.FORGOTTEN)


def erase_ended(transaction: WriteTransaction, instance_id: str, before: Instant, at: Instant, limit: int) -> int:
    sequences = [row[0] for row in transaction.rows("ended_before", before, instance_id, limit)]
    if sequences:
        _erase(transaction, sequences, at, ErasureReason.RETENTION)
    return len(sequences)


def _erase(transaction: WriteTransaction, sequences: Sequence[int], at: Instant, reason: ErasureReason) -> None:
    restore_tokens(transaction, sequences)
    if transaction.refusal(partial(_erase_rows, sequences=sequences, at=at)) is Damage.UNREADABLE:
        for sequence in sequences:
            if transaction.refusal(partial(_erase_rows, sequences=[sequence], at=at)) is Damage.UNREADABLE:
                mend(transaction, sequence, at)
    _erase_rows(transaction, sequences, at)
    transaction.execute("insert_erasure", at, reason.value, len(sequences))
    release_erased(transaction, sequences)


def _erase_rows(transaction: WriteTransaction, sequences: Sequence[int], at: Instant) -> None:
    transaction.execute("erase_contacts", at, to_json(sequences))


# --- leases -------------------------------------------------------------------------------------------------------


def acquire_lease(
    transaction: WriteTransaction, instance_id: str, owner: str, ttl: Duration, now: Instant, *, sole: bool
) -> Lease | None:
    _check_instance(transaction, instance_id)
    token = 1
    row = transaction.row("lease", instance_id)
    if row is not None:
        last_token, last_owner, expires_at = row
        if type(last_token) is not int:
            # Nobody could tell a former owner from the next one.
            raise StoreDamagedError
        if not sole and last_owner not in (None, owner) and expires_at > now:
            return None
        token = last_token + 1
    transaction.execute("put_lease", instance_id, token, owner, now + ttl)
    return Lease(instance_id, owner, token)


def renew_lease(transaction: WriteTransaction, lease: Lease, ttl: Duration, now: Instant) -> None:
    if not transaction.execute("renew_lease", now + ttl, lease.instance_id, lease.token, lease.owner):
        raise LeaseLostError


def release_lease(transaction: WriteTransaction, lease: Lease) -> None:
    transaction.execute("release_lease", lease.instance_id, lease.token, lease.owner)
