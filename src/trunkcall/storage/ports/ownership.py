"""The lease of an instance, and what its holder may read and change.

Decides what a lease is good for: every change of a contact in progress is made under one, and refused to a former
owner. See ``storage.ports`` for what is promised.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from trunkcall.domain.calling_limits import DayCount
from trunkcall.domain.campaign import Campaign
from trunkcall.domain.changes import Change, Refusal
from trunkcall.domain.clearance import Clearance, HoldReason, Prohibition
from trunkcall.domain.contact import CalledContact, LiveContact, WaitingContact
from trunkcall.domain.instants import Duration, Instant
from trunkcall.domain.leg import LiveSession


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to dial for one instance. ``token`` grows with every new owner; a store refuses changes that carry an
    older one."""

    instance_id: str
    owner: str
    token: int


class Leases(Protocol):
    """Who owns an instance. Time is the store's own."""

    async def acquire_lease(self, instance_id: str, owner: str, ttl: Duration, *, sole: bool = False) -> Lease | None:
        """Own the instance for ``ttl``, with a token greater than any before; None while another owner's has time
        left. ``sole`` says that the caller knows no other owner can be alive, so none is waited for. Raises
        NotFoundError without the instance."""

    async def renew_lease(self, lease: Lease, ttl: Duration) -> None:
        """Own it for ``ttl`` from now. Raises LeaseLostError if there is a newer owner or the lease was released."""

    async def release_lease(self, lease: Lease) -> None:
        """Let the next owner in at once. Nothing happens if the lease is no longer held."""


@dataclass(frozen=True, slots=True)
class DueContacts:
    """Contacts that may be dialed, and when the next is due of those that are due later; None if there are none."""

    contacts: Sequence[WaitingContact]
    next_due_at: Instant | None


NO_CLEARANCES: Final[Mapping[str, Clearance]] = MappingProxyType({})
"""Of a dialer without a calling gate."""


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What became of a dialer's changes. ``refused`` names the attempts that must not be made, with the reason;
    ``left_out`` the contacts that are set aside, of whom nothing was changed; ``not_waiting`` the contacts that no
    longer waited when they were to expire, or to be held or forbidden; ``not_before`` when those refused as NOT_DUE or
    HELD are due; ``verdicts`` why those refused were held or may not be dialed at all;
    ``attributes`` those of the contacts whose attempts were begun."""

    refused: Mapping[str, Refusal] = field(default_factory=dict)
    left_out: Collection[str] = frozenset()
    not_waiting: Collection[str] = ()
    not_before: Mapping[str, Instant] = field(default_factory=dict)
    verdicts: Mapping[str, HoldReason | Prohibition] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class LedgerMinute:
    """Live answers and abandonments of one campaign that fell into the minute beginning at ``minute_at``."""

    minute_at: Instant
    live_answers: int
    abandoned: int


class Commits(Protocol):
    """The changes that an owner makes under its lease."""

    async def commit(
        self, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance] = NO_CLEARANCES
    ) -> CommitResult:
        """Make the changes durable in one transaction, in their order. ``clearances`` are what the calling gate has
        found of attempts, by contact id: in this transaction they are looked at again, and counted. Those of agents'
        legs, by leg id, are counted alone. Raises
        LeaseLostError and changes nothing if the lease is no longer this owner's, IllegalTransitionError if a change is
        impossible in its contact's state (``domain.transitions``). Attempts that may not be made, contacts that no
        longer wait to expire or to be held or forbidden, and contacts that are set aside are told one by one instead. A
        session that begins takes the place of the agent's former one; the end of one that is not there changes
        nothing."""


class GateStore(Commits, Protocol):
    """What the calling gate goes by where it is asked whom to dial, and what it has counted."""

    async def due_contacts(self, campaign_id: str, *, now: Instant, held: Collection[int], limit: int) -> DueContacts:
        """Up to ``limit`` waiting contacts of the campaign that are due by ``now`` and whose sequence is not ``held``,
        those that are due first before others, and of those due at one instant the ones accepted first. Fewer than
        ``limit`` are all that there are: those set aside take nobody's place. ``next_due_at`` is told in any case."""

    async def dialed_contacts(self, instance_id: str) -> Sequence[WaitingContact]:
        """Contacts of the instance that are being dialed and not answered, as they were offered; none set aside."""

    async def listed(
        self, instance_id: str, lists: Collection[int], number_keys: Collection[int]
    ) -> Mapping[int, Sequence[int]]:
        """As of ``ports.do_not_call.ListedNumbers``."""

    async def release_holds(self, lease: Lease, *, limit: int, anew: bool = True) -> int:
        """Have up to ``limit`` contacts of the lease's instance that wait and are held be due when they were asked to
        be, and held no more; how many. Unless it begins ``anew`` it goes on from where it was: whoever is held again
        meanwhile keeps nobody behind waiting. Raises LeaseLostError."""

    async def day_counts(self, instance_id: str, *, since: Instant) -> Sequence[DayCount]:
        """What was counted for the instance's limits of those days that began at ``since`` or later, oldest first."""

    async def purge_counts(self, lease: Lease, *, before: Instant, limit: int) -> None:
        """Forget attempts to numbers that were made before, and the counts of days that were over two days before.
        Looks at up to ``limit`` attempts, and goes on from there when it is called again. Raises LeaseLostError."""


class DialingStore(Commits, Protocol):
    """What a dialer reads, and the changes that it makes under its lease."""

    async def campaigns_changed(self, instance_id: str, *, after_version: int) -> Sequence[Campaign]:
        """Campaigns of the instance that were started at some time and whose version is greater, by version; deleted
        ones included. One that was never started is of no interest to a dialer."""

    async def live_contacts(self, instance_id: str) -> Sequence[LiveContact]:
        """Contacts that are neither waiting nor ended, nor set aside."""

    async def called_contacts(self, instance_id: str) -> Sequence[CalledContact]:
        """Of the same contacts what their flows may look up, and where they stand in them. Of what cannot be read there
        is nothing."""

    async def live_sessions(self, instance_id: str) -> Sequence[LiveSession]:
        """Sessions that were begun and have not ended, at most one of an agent, in the order in which they were
        begun."""

    async def ledger(self, campaign_id: str, *, since: Instant) -> Sequence[LedgerMinute]:
        """The campaign's ledger from the minute of ``since``, oldest first."""

    async def expire_waiting(self, lease: Lease, *, now: Instant, limit: int) -> Sequence[WaitingContact]:
        """End up to ``limit`` waiting contacts of the lease's instance as EXPIRED: those whose expiry has come, and
        those whose campaign is Stopped, Failed or deleted. Returns them. Raises LeaseLostError."""
