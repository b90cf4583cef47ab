"""The verbs that change an SQLite store, each as an operation inside a write transaction.

Decides what each verb checks, changes and answers. It must not know threads or when it is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

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
from trunkcall.storage.sqlite_quarantine import mend, release_erased, restore_tokens, set_aside_as_it_stands
from trunkcall.storage.sqlite_rows import (
    access_key_to_row,
    campaign_from_row,
    campaign_to_row,
    instance_from_row,
    job_from_row,
    job_to_row,
    to_json,
)
from trunkcall.storage.sqlite_statements import Row
from trunkcall.storage.sqlite_transaction import CampaignHead, NotTogetherError, Together, WriteTransaction

# --- the contact centre -------------------------------------------------------------------------------------------


def create_instance(transaction: WriteTransaction, directory: Directory, access_key: AccessKey | None) -> None:
    instance = directory.instance
    instance_id = instance.instance_id
    if transaction.row("instance_exists", instance_id=instance_id):
        raise ConflictError(f"There is an instance {instance_id} already.")
    transaction.execute(
        "insert_instance",
        instance_id=instance_id,
        alias=instance.alias,
        created_at=instance.created_at,
        onboarded=int(instance.onboarded),
    )
    put_facts(transaction, instance_id, directory.facts)
    if instance.onboarded:
        job = OnboardingJob(instance_id, OnboardingStatus.SUCCEEDED, instance.encryption, instance.created_at)
        transaction.execute("put_onboarding_job", **job_to_row(job))
    if access_key is not None:
        put_access_key(transaction, access_key)


def put_access_key(transaction: WriteTransaction, access_key: AccessKey) -> None:
    transaction.execute("put_access_key", **access_key_to_row(access_key))


def _check_instance(transaction: WriteTransaction, instance_id: str) -> None:
    if not transaction.row("instance_exists", instance_id=instance_id):
        raise NotFoundError(f"There is no instance {instance_id}.")


def set_retention(transaction: WriteTransaction, instance_id: str, days: int | None) -> None:
    if not transaction.execute("set_retention", days=days, instance_id=instance_id):
        raise NotFoundError(f"There is no instance {instance_id}.")


# --- onboarding -----------------------------------------------------------------------------------------------------


def start_onboarding(transaction: WriteTransaction, job: OnboardingJob) -> None:
    row = transaction.row("instance", instance_id=job.instance_id)
    if row is None:
        raise NotFoundError(f"There is no instance {job.instance_id}.")
    if instance_from_row(row).onboarded:
        raise ConflictError("The instance is onboarded already.")
    earlier = transaction.row("onboarding_job", instance_id=job.instance_id)
    if earlier is not None and job_from_row(earlier).status is OnboardingStatus.IN_PROGRESS:
        raise ConflictError("An onboarding job of the instance is in progress.")
    transaction.execute("put_onboarding_job", **job_to_row(job))


def finish_onboarding(transaction: WriteTransaction, instance_id: str, failure: OnboardingFailure | None) -> None:
    status = OnboardingStatus.SUCCEEDED if failure is None else OnboardingStatus.FAILED
    ended = transaction.execute(
        "finish_onboarding_job",
        instance_id=instance_id,
        status=status.value,
        failure=failure.value if failure is not None else None,
    )
    if ended and failure is None:
        transaction.execute("set_onboarded", instance_id=instance_id)


def delete_onboarding_job(transaction: WriteTransaction, instance_id: str) -> None:
    row = transaction.row("onboarding_job", instance_id=instance_id)
    if row is None:
        raise NotFoundError("The instance has no onboarding job.")
    if job_from_row(row).status is OnboardingStatus.IN_PROGRESS:
        raise InvalidStateError("The onboarding job is in progress. Wait until it has ended.")
    transaction.execute("delete_onboarding_job", instance_id=instance_id)


def offboard(transaction: WriteTransaction, instance_id: str) -> None:
    row = transaction.row("instance", instance_id=instance_id)
    if row is None or not instance_from_row(row).onboarded:
        raise NotFoundError("The instance is not onboarded for outbound campaigns.")
    if transaction.number("campaigns_in_instance", instance_id=instance_id):
        raise InvalidStateError("The instance has campaigns. Delete all of them first.")
    transaction.execute("set_offboarded", instance_id=instance_id)


# --- campaigns ----------------------------------------------------------------------------------------------------


def create_campaign(transaction: WriteTransaction, campaign: Campaign, most: int | None) -> Campaign:
    if not transaction.knows_instance(campaign.instance_id):
        raise NotFoundError(f"There is no instance {campaign.instance_id}.")
    if most is not None and transaction.number("campaigns_in_instance", instance_id=campaign.instance_id) >= most:
        namesake = _namesake(transaction, campaign)
        if namesake is not None:
            return _read_campaign(transaction, namesake)
        raise QuotaExceededError(f"The instance has {most} campaigns, which is its quota. Delete some, or raise it.")
    created = replace(campaign, version=transaction.next_version())
    if transaction.execute("insert_campaign", **campaign_to_row(created)):
        return created
    namesake = _namesake(transaction, campaign)
    assert namesake is not None
    return _read_campaign(transaction, namesake)


def _namesake(transaction: WriteTransaction, campaign: Campaign) -> str | None:
    """The id of the instance's campaign of this name that was not deleted."""
    row = transaction.row("campaign_of_name", instance_id=campaign.instance_id, name=campaign.name)
    return None if row is None else row.campaign_id


@dataclass(frozen=True, slots=True)
class CreateCampaign(Together[Campaign]):
    """``create_campaign`` as an operation that can be carried out together with others of its kind. ``values`` is the
    campaign's row, made before the transaction began."""

    campaign: Campaign
    values: Mapping[str, Any]
    most: int | None

    def __call__(self, transaction: WriteTransaction) -> Campaign:
        return create_campaign(transaction, self.campaign, self.most)

    @staticmethod
    def together(transaction: WriteTransaction, operations: Sequence[CreateCampaign]) -> Sequence[Campaign] | None:
        """All of them at once. None, and nothing done, if one of them needs a closer look: a name is taken, the quota
        near, the instance unknown."""
        instance_ids = {operation.campaign.instance_id for operation in operations}
        names = {operation.campaign.name for operation in operations}
        if len(instance_ids) > 1 or len(names) < len(operations):
            return None
        (instance_id,) = instance_ids
        if not transaction.knows_instance(instance_id):
            return None
        least = min((operation.most for operation in operations if operation.most is not None), default=None)
        if (
            least is not None
            and transaction.number("campaigns_in_instance", instance_id=instance_id) + len(operations) > least
        ):
            return None
        created = [replace(operation.campaign, version=transaction.next_version()) for operation in operations]
        rows = [
            {**operation.values, "version": campaign.version}
            for operation, campaign in zip(operations, created, strict=True)
        ]
        if transaction.execute_many("insert_campaign", rows) < len(operations):
            raise NotTogetherError
        return created


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
        running = transaction.number("running_in_instance", instance_id=head.instance_id)
        if running >= max_running:
            raise QuotaExceededError(
                f"The instance has {running} active campaigns and its quota is {max_running}. "
                "Pause or stop one, or raise the quota."
            )
    transaction.execute("set_campaign_state", campaign_key=head.key, state=to.value, version=transaction.next_version())
    transaction.forget_campaign(campaign_id)
    return _read_campaign(transaction, campaign_id)


def edit_campaign(transaction: WriteTransaction, campaign_id: str, edit: Callable[[Campaign], Campaign]) -> Campaign:
    head = transaction.campaign(campaign_id)
    before = _read_campaign(transaction, campaign_id)
    after = edit(before)
    if after == before:
        return before
    if _namesake(transaction, after) not in (None, campaign_id):
        raise ConflictError("Another campaign of the instance has this name.")
    edited = replace(after, version=transaction.next_version())
    transaction.execute("edit_campaign", campaign_key=head.key, **campaign_to_row(edited))
    transaction.forget_campaign(campaign_id)
    return _read_campaign(transaction, campaign_id)


def delete_campaign(transaction: WriteTransaction, campaign_id: str, at: Instant) -> Campaign:
    head = transaction.campaign(campaign_id)
    state = CAMPAIGN[head.state].get(CampaignEvent.STOP, head.state)
    transaction.execute(
        "set_campaign_deleted",
        campaign_key=head.key,
        state=state.value,
        deleted_at=at,
        version=transaction.next_version(),
    )
    transaction.forget_campaign(campaign_id)
    return _read_campaign(transaction, campaign_id)


def _read_campaign(transaction: WriteTransaction, campaign_id: str) -> Campaign:
    row = transaction.row("campaign", campaign_id=campaign_id)
    if row is None:
        # An index found it a moment ago.
        raise StoreDamagedError
    return campaign_from_row(row)


# --- dial requests ------------------------------------------------------------------------------------------------


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
    added = transaction.execute_many("accept_contacts", rows)
    transaction.count_accepted(head, added)
    if added == len(requests):
        return [Accepted(request.client_token, request.contact_id, False) for request in requests]
    accepted: list[Accepted] = []
    for sequence, request in enumerate(requests, first):
        known = _known(transaction, head, request)
        if known is not None:
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


# --- erasing --------------------------------------------------------------------------------------------------------


def forget_contacts(transaction: WriteTransaction, contacts: Sequence[Row], at: Instant) -> None:
    """Erase these rows of ``contacts_of_number``; those that still wait end EXPIRED first."""
    for row in contacts:
        head = transaction.find_campaign(row.campaign_id)
        if row.waiting and head is not None:
            # One that is set aside ends here as any other does.
            transaction.execute("release", sequence=row.sequence)
            expire = partial(expire_contact, contact_id=row.contact_id, head=head, at=at)
            if transaction.refusal(expire) is Damage.UNREADABLE:
                mend(transaction, row.sequence, at)
            else:
                expire(transaction)
    _erase(transaction, [row.sequence for row in contacts], at, ErasureReason.FORGOTTEN)


def erase_ended(transaction: WriteTransaction, instance_id: str, before: Instant, at: Instant, limit: int) -> int:
    ended = transaction.rows("ended_before", instance_id=instance_id, before=before, limit=limit)
    sequences = [row.sequence for row in ended]
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
    transaction.execute("insert_erasure", at=at, reason=reason.value, contacts=len(sequences))
    release_erased(transaction, sequences)


def _erase_rows(transaction: WriteTransaction, sequences: Sequence[int], at: Instant) -> None:
    transaction.execute("erase_contacts", at=at, sequences=to_json(sequences))


# --- leases -------------------------------------------------------------------------------------------------------


def acquire_lease(
    transaction: WriteTransaction, instance_id: str, owner: str, ttl: Duration, now: Instant, *, sole: bool
) -> Lease | None:
    _check_instance(transaction, instance_id)
    token = 1
    last = transaction.row("lease", instance_id=instance_id)
    if last is not None:
        if type(last.token) is not int:
            # Nobody could tell a former owner from the next one.
            raise StoreDamagedError
        if not sole and last.owner not in (None, owner) and last.expires_at > now:
            return None
        token = last.token + 1
    transaction.execute("put_lease", instance_id=instance_id, token=token, owner=owner, expires_at=now + ttl)
    return Lease(instance_id, owner, token)


def renew_lease(transaction: WriteTransaction, lease: Lease, ttl: Duration, now: Instant) -> None:
    renewed = transaction.execute(
        "renew_lease", instance_id=lease.instance_id, token=lease.token, owner=lease.owner, expires_at=now + ttl
    )
    if not renewed:
        raise LeaseLostError


def release_lease(transaction: WriteTransaction, lease: Lease) -> None:
    transaction.execute("release_lease", instance_id=lease.instance_id, token=lease.token, owner=lease.owner)
