"""The contract that every store keeps. One conformance suite (tests/storage/) runs over all of them.

Decides what is durable, atomic and refused. It must not know SQL. Times are arguments: a store never reads a clock, but
for leases, whose time is the database's own.

Promises, for every method that changes something: when it returns, the change survives kill -9 and power loss; when it
raises a domain error, nothing was changed; when it raises StoreUnavailableError, the result may be unknown and the
caller must read again before it goes on. Its subclass StoreFullError is raised before anything is tried, by what would
make the store grow.

A disk may change what was written. A contact that is not what was accepted, or holds what was never written, concerns
itself alone: whichever verb meets it sets it aside and goes on with the others. What is set aside is never dialed nor
swept, keeps its client token, and stays as it is until somebody ends it or its personal data is erased.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.changes import Change, Refusal
from trunkcall.domain.contact import (
    ContactRecord,
    DialRequest,
    Disposition,
    LiveContact,
    QuarantinedContact,
    WaitingContact,
)
from trunkcall.domain.directory import AccessKey, Agent, Directory, Instance, OnboardingFailure, OnboardingJob
from trunkcall.domain.instants import Duration, Instant


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to dial for one instance. ``token`` grows with every new owner; a store refuses changes that carry an
    older one."""

    instance_id: str
    owner: str
    token: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """One dial request that the store holds. ``repeated`` tells that the client token was known already, in which case
    ``contact_id`` is the first one's."""

    client_token: str
    contact_id: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class PutResult:
    """What became of a batch: in the order of the request, None where the campaign's backlog was full."""

    accepted: Sequence[Accepted | None]


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What became of a dialer's changes. ``refused`` names the attempts that must not be made, with the reason;
    ``left_out`` the contacts that are set aside, of whom nothing was changed; ``not_expired`` the contacts that no
    longer waited when ContactExpired reached the store."""

    refused: Mapping[str, Refusal] = field(default_factory=dict)
    left_out: Collection[str] = frozenset()
    not_expired: Collection[str] = ()


class ErasureReason(StrEnum):
    """Why personal data was erased."""

    FORGOTTEN = "Forgotten"
    """Somebody asked for it (``trunkcall forget``)."""
    RETENTION = "Retention"
    """The instance's retention had passed."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is left of what was erased: a count."""

    at: Instant
    reason: ErasureReason
    contacts: int


@dataclass(frozen=True, slots=True)
class LedgerMinute:
    """Live answers and abandonments of one campaign that fell into the minute beginning at ``minute_at``."""

    minute_at: Instant
    live_answers: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class TokenForms:
    """Client tokens of a campaign by which nobody can be known again. ``of_lines``: some were made from the number of a
    row (``row-<number>-<24 hexadecimal digits>``); ``erased``: some were erased with their contact's number."""

    of_lines: bool
    erased: bool


@dataclass(frozen=True, slots=True)
class ContactCounts:
    """What has become of a campaign's contacts so far. ``accepted`` are all of them; those that neither wait
    nor have ended nor are set aside are in progress."""

    accepted: int = 0
    waiting: int = 0
    dispositions: Mapping[Disposition, int] = field(default_factory=dict)
    waiting_set_aside: int = 0
    """Damaged ones that waited."""
    in_progress_set_aside: int = 0
    """Damaged ones that were in progress."""

    @property
    def set_aside(self) -> int:
        return self.waiting_set_aside + self.in_progress_set_aside

    @property
    def in_progress(self) -> int:
        return self.accepted - self.waiting - self.set_aside - sum(self.dispositions.values())

    @property
    def attempts(self) -> int:
        """Contacts that were dialed: all but those that wait or expired."""
        never = self.waiting + self.waiting_set_aside + self.dispositions.get(Disposition.EXPIRED, 0)
        return self.accepted - never


class Store(Protocol):
    """Durable state in the domain's verbs."""

    async def open(self) -> None:
        """Create or check the schema. Raises SchemaMismatchError when it is newer or needs a migration."""

    async def close(self) -> None:
        """Finish what was begun and let go of every handle. May be called twice."""

    @property
    def trouble(self) -> str | None:
        """Why it cannot be written or read at the moment, in words for /health; None while all is well."""

    @property
    def refusal(self) -> str | None:
        """Why nothing new is taken, in words for /health; None while it is."""

    # --- the contact centre -------------------------------------------------------------------------------------

    async def create_instance(self, directory: Directory, access_key: AccessKey | None = None) -> None:
        """Create an instance with all that is in its directory, and a first access key, in one step."""

    async def instances(self) -> Sequence[Instance]: ...

    async def directory(self, instance_id: str) -> Directory | None: ...

    async def put_agents(self, instance_id: str, agents: Sequence[Agent]) -> None:
        """Create these agents, or replace those of the same id."""

    async def start_onboarding(self, job: OnboardingJob) -> None:
        """Store a job that is IN_PROGRESS, in place of an earlier one. Raises NotFoundError without the instance,
        ConflictError if the instance is onboarded or a job is in progress."""

    async def onboarding_job(self, instance_id: str) -> OnboardingJob | None: ...

    async def onboarding_in_progress(self) -> Sequence[OnboardingJob]:
        """Jobs that are IN_PROGRESS, oldest first."""

    async def finish_onboarding(self, instance_id: str, failure: OnboardingFailure | None) -> None:
        """End the job that is IN_PROGRESS, if there is one. Without a failure the instance is onboarded from now on,
        with the job's encryption."""

    async def delete_onboarding_job(self, instance_id: str) -> None:
        """Forget the job. Raises NotFoundError, InvalidStateError while it is in progress."""

    async def offboard(self, instance_id: str) -> None:
        """The instance is not onboarded any more. Raises NotFoundError unless it was, InvalidStateError while it has
        campaigns."""

    async def set_retention(self, instance_id: str, days: int | None) -> None:
        """Raises NotFoundError."""

    async def put_access_key(self, access_key: AccessKey) -> None: ...

    async def access_key(self, access_key_id: str) -> AccessKey | None: ...

    async def access_keys(self) -> Sequence[AccessKey]: ...

    # --- campaigns -----------------------------------------------------------------------------------------------

    async def create_campaign(self, campaign: Campaign, *, most: int | None = None) -> Campaign:
        """Store a new campaign. If the instance has a campaign of that name that was not deleted, store nothing and
        return that one (its ``campaign_id`` differs from the given). Raises NotFoundError without the instance,
        QuotaExceededError if the instance has ``most`` campaigns, StoreFullError."""

    async def campaign(self, campaign_id: str) -> Campaign | None:
        """The campaign, or None if there is none or it was deleted."""

    async def has_campaign(self, campaign_id: str) -> bool:
        """Whether there is such a campaign or was one that is deleted now."""

    async def campaigns(
        self, *, instance_id: str | None, after: tuple[Instant, str] | None, limit: int
    ) -> Sequence[Campaign]:
        """Campaigns that were not deleted, by ``created_at`` then ``campaign_id``, beginning after the given pair."""

    async def change_campaign_state(
        self,
        campaign_id: str,
        *,
        allowed_from: Collection[CampaignState],
        to: CampaignState,
        max_running: int | None = None,
    ) -> Campaign:
        """Compare and set. Raises NotFoundError; InvalidCampaignStateError with the actual state; QuotaExceededError
        if ``to`` is Running and the instance has ``max_running`` Running campaigns."""

    async def edit_campaign(self, campaign_id: str, edit: Callable[[Campaign], Campaign]) -> Campaign:
        """Read, change and write in one transaction: name, dialer, outbound call and tags are taken from what ``edit``
        returns. What ``edit`` raises passes through and changes nothing; it may be called more than once. Raises
        NotFoundError; ConflictError if another campaign of the instance has the new name."""

    async def delete_campaign(self, campaign_id: str, *, at: Instant) -> Campaign:
        """Mark the campaign deleted; one that is Running or Paused is Stopped with it. Its records stay, its name is
        free again. Raises NotFoundError."""

    async def campaigns_changed(self, instance_id: str, *, after_version: int) -> Sequence[Campaign]:
        """Campaigns of the instance that were started at some time and whose version is greater, by version; deleted
        ones included. One that was never started is of no interest to a dialer."""

    # --- dial requests -------------------------------------------------------------------------------------------

    async def put_dial_requests(
        self, campaign_id: str, requests: Sequence[DialRequest], *, at: Instant, max_waiting: int
    ) -> PutResult:
        """Accept dial requests in their order. A client token known in the campaign (or earlier in this batch) gets the
        first contact's id and adds nothing. Requests beyond ``max_waiting`` waiting contacts of the campaign are not
        accepted. Raises NotFoundError; InvalidCampaignStateError unless the campaign is Running; StoreFullError."""

    async def waiting_contacts(self, campaign_id: str, *, after_sequence: int, limit: int) -> Sequence[WaitingContact]:
        """Waiting contacts of the campaign in order of acceptance, beginning after the given sequence number (0 for
        the first). Every contact accepted later has a greater sequence number than any that was visible before. Fewer
        than ``limit`` are all that there are: those set aside take nobody's place."""

    async def waiting_count(self, campaign_id: str) -> int:
        """How many contacts of the campaign wait to be dialed, without those that are set aside."""

    async def contact(self, contact_id: str) -> ContactRecord | None:
        """All that is known of one contact, or None if there is none. Raises ContactDamagedError."""

    async def waiting_before(self, contact_id: str) -> int:
        """How many contacts of the same campaign wait and were accepted before; 0 for one that does not exist."""

    def contacts(
        self,
        *,
        campaign_id: str | None = None,
        instance_id: str | None = None,
        chunk: int = 1000,
        on_left_out: Callable[[int], None] | None = None,
    ) -> AsyncIterator[Sequence[ContactRecord]]:
        """Every contact record in order of acceptance, in chunks, in constant memory. Deleted campaigns' included.
        ``on_left_out`` is told now and then how many more contacts were left out because they are damaged."""

    async def quarantine_damaged(self) -> int:
        """Look at every contact that waits or has ended, and set aside those that are damaged; how many more there are
        now."""

    async def quarantined(self, campaign_id: str | None = None) -> Sequence[QuarantinedContact]:
        """The contacts that are set aside, in order of acceptance, of one campaign or of all."""

    async def quarantined_count(self) -> int:
        """How many contacts are set aside."""

    async def end_quarantined(self, sequences: Collection[int] | None, *, at: Instant, erase: bool = False) -> int:
        """End these contacts, None for all that are set aside: as EXPIRED what was never attempted, as ATTEMPT_FAILED
        what was; one that had ended already keeps its end. A number and attributes that are not those accepted are
        erased; with ``erase`` they are in any case, and the client token too. Returns how many there were, and all
        counts add up again."""

    async def forget_number(self, phone_number: str, *, at: Instant) -> int:
        """Erase a number, its attributes, and client tokens that hold its digits or are made from them
        (``number-<32 hexadecimal digits>``), from every contact; one that waits ends EXPIRED. Returns and keeps how
        many contacts there were."""

    async def erase_ended(self, instance_id: str, *, before: Instant, at: Instant, limit: int) -> int:
        """Erase the same of up to ``limit`` contacts that ended before the instant. Returns and keeps how many."""

    async def erasures(self) -> Sequence[Erasure]:
        """What was erased when, oldest first."""

    async def disposition_counts(self, campaign_id: str) -> Mapping[Disposition | None, int]:
        """How many contacts of the campaign ended how; under None those that have not ended."""

    async def token_forms(self, campaign_id: str) -> TokenForms:
        """Which of these forms of client tokens the campaign holds; none if it does not exist."""

    async def contact_counts(self, campaign_ids: Sequence[str]) -> Mapping[str, ContactCounts]:
        """The counts of several campaigns, as of one instant. One that does not exist is left out."""

    # --- what the owner of the lease may do --------------------------------------------------------------------

    async def acquire_lease(self, instance_id: str, owner: str, ttl: Duration, *, sole: bool = False) -> Lease | None:
        """Own the instance for ``ttl``, with a token greater than any before; None while another owner's has time
        left. ``sole`` says that the caller knows no other owner can be alive, so none is waited for."""

    async def renew_lease(self, lease: Lease, ttl: Duration) -> None:
        """Own it for ``ttl`` from now. Raises LeaseLostError if there is a newer owner or the lease was released."""

    async def release_lease(self, lease: Lease) -> None:
        """Let the next owner in at once. Nothing happens if the lease is no longer held."""

    async def commit(self, lease: Lease, changes: Sequence[Change]) -> CommitResult:
        """Make the changes durable in one transaction, in their order. Raises LeaseLostError and changes nothing if the
        lease is no longer this owner's, IllegalTransitionError if a change is impossible in its contact's state
        (``domain.transitions``). Attempts that may not be made, expiries of contacts that no longer wait, and contacts
        that are set aside are told one by one instead."""

    async def expire_waiting(self, lease: Lease, *, now: Instant, limit: int) -> Sequence[WaitingContact]:
        """End up to ``limit`` waiting contacts of the lease's instance as EXPIRED: those whose expiry has come, and
        those whose campaign is Stopped, Failed or deleted. Returns them. Raises LeaseLostError."""

    async def live_contacts(self, instance_id: str) -> Sequence[LiveContact]:
        """Contacts that are neither waiting nor ended, nor set aside."""

    async def ledger(self, campaign_id: str, *, since: Instant) -> Sequence[LedgerMinute]:
        """The campaign's ledger from the minute of ``since``, oldest first."""

    async def ledger_sum(self, campaign_id: str, *, since: Instant) -> tuple[int, int]:
        """Live answers and abandonments of the campaign from the minute of ``since`` on."""
