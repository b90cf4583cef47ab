"""Leases, and what their holders read and change, in memory (``ports.ownership``)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import assert_never

from trunkcall.domain.calling_limits import DayCount
from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.changes import (
    AttemptBegun,
    AttemptVoided,
    Change,
    ContactChange,
    ContactConnecting,
    ContactEnded,
    ContactExpired,
    ContactForbidden,
    ContactHeld,
    ContactSetAside,
    LedgerCounted,
    Refusal,
    SessionBegun,
    SessionEnded,
    refused_as,
)
from trunkcall.domain.clearance import Clearance, Cleared, Hold, HoldReason, Prohibition
from trunkcall.domain.contact import (
    CalledContact,
    ContactState,
    Damage,
    Disposition,
    LiveContact,
    WaitingContact,
)
from trunkcall.domain.errors import IllegalTransitionError, LeaseExpiredError, LeaseLostError, NotFoundError
from trunkcall.domain.instants import MINUTE, Duration, Instant
from trunkcall.domain.leg import LiveSession
from trunkcall.domain.transitions import OVER
from trunkcall.storage.memory.changes import changed
from trunkcall.storage.memory.clearing import Clearing
from trunkcall.storage.memory.state import Held, HeldLease, Part, State
from trunkcall.storage.ports.ownership import NO_CLEARANCES, CommitResult, DueContacts, Lease, LedgerMinute


class OwnershipInMemory(Part):
    """Who owns an instance, and what a dialer does."""

    # --- leases -----------------------------------------------------------------------------------------------------

    async def acquire_lease(self, instance_id: str, owner: str, ttl: Duration, *, sole: bool = False) -> Lease | None:
        self._state.there(instance_id)
        now = self._state.clock()
        last = self._state.leases.get(instance_id)
        if last is not None and not sole and last.owner not in (None, owner) and last.expires_at > now:
            return None
        token = last.token + 1 if last is not None else 1
        self._state.leases[instance_id] = HeldLease(token, owner, now + ttl)
        return Lease(instance_id, owner, token)

    async def renew_lease(self, lease: Lease, ttl: Duration) -> None:
        self._held_by(lease)
        self._state.leases[lease.instance_id] = HeldLease(lease.token, lease.owner, self._state.clock() + ttl)

    async def release_lease(self, lease: Lease) -> None:
        held = self._state.leases.get(lease.instance_id)
        if held is not None and (held.token, held.owner) == (lease.token, lease.owner):
            self._state.leases[lease.instance_id] = HeldLease(lease.token, None, 0)

    def _held_by(self, lease: Lease) -> HeldLease:
        held = self._state.leases.get(lease.instance_id)
        if held is None or (held.token, held.owner) != (lease.token, lease.owner):
            raise LeaseLostError
        return held

    def _check(self, lease: Lease) -> None:
        if self._held_by(lease).expires_at <= self._state.clock():
            raise LeaseExpiredError

    # --- what a dialer reads ----------------------------------------------------------------------------------------

    async def campaigns_changed(self, instance_id: str, *, after_version: int) -> Sequence[Campaign]:
        found = [
            campaign
            for campaign in self._state.campaigns.values()
            if campaign.instance_id == instance_id
            and campaign.version > after_version
            and campaign.state is not CampaignState.INITIALIZED
        ]
        return sorted(found, key=lambda campaign: campaign.version)

    async def due_contacts(self, campaign_id: str, *, now: Instant, held: Collection[int], limit: int) -> DueContacts:
        waiting = self._state.waiting[campaign_id]
        passed_over = frozenset(held)
        due = [sequence for sequence in waiting.up_to(now) if sequence not in passed_over]
        found = [_waiting(self._state.contacts[sequence]) for sequence in due[:limit]]
        return DueContacts(found, waiting.first_after(now))

    async def live_contacts(self, instance_id: str) -> Sequence[LiveContact]:
        live = (self._state.contacts[sequence] for sequence in sorted(self._state.live))
        return [_live(held) for held in live if held.record.instance_id == instance_id]

    async def called_contacts(self, instance_id: str) -> Sequence[CalledContact]:
        live = (self._state.contacts[sequence] for sequence in sorted(self._state.live))
        return [_called(held) for held in live if held.record.instance_id == instance_id]

    async def dialed_contacts(self, instance_id: str) -> Sequence[WaitingContact]:
        live = (self._state.contacts[sequence] for sequence in sorted(self._state.live))
        of_instance = (held for held in live if held.record.instance_id == instance_id)
        return [_waiting(held) for held in of_instance if held.record.state is ContactState.DIALING]

    async def live_sessions(self, instance_id: str) -> Sequence[LiveSession]:
        found = self._state.sessions[instance_id].values()
        return [session for _, session in sorted(found, key=lambda each: (each[0], each[1].agent_id))]

    async def ledger(self, campaign_id: str, *, since: Instant) -> Sequence[LedgerMinute]:
        return [each for at, each in sorted(self._state.ledgers[campaign_id].items()) if at >= since - since % MINUTE]

    # --- what a dialer changes --------------------------------------------------------------------------------------

    async def commit(
        self, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance] = NO_CLEARANCES
    ) -> CommitResult:
        self._check(lease)
        commit = _Commit(self._state, lease, clearances)
        for change in changes:
            commit.apply(change)
        return commit.done()

    async def release_holds(self, lease: Lease, *, limit: int, anew: bool = True) -> int:
        self._check(lease)
        after = (-1, -1) if anew else self._state.released.get(lease.instance_id, (-1, -1))
        found = [
            ((key, held.sequence), held)
            for key, campaign in enumerate(self._state.campaigns.values())
            for held in self._state.contacts_of(campaign.campaign_id)
            if campaign.instance_id == lease.instance_id
            and held.waits
            and held.record.hold is not None
            and held.sequence not in self._state.quarantine
            and (key, held.sequence) > after
        ][:limit]
        self._state.released[lease.instance_id] = found[-1][0] if found else after
        self._state.put_contacts(held.released() for _, held in found)
        return len(found)

    async def day_counts(self, instance_id: str, *, since: Instant) -> Sequence[DayCount]:
        return self._state.counts[instance_id].day_counts(since)

    async def purge_counts(self, lease: Lease, *, before: Instant, limit: int) -> None:
        """All at once: here they are no work."""
        self._check(lease)
        self._state.counts[lease.instance_id].purge(before)

    async def expire_waiting(self, lease: Lease, *, now: Instant, limit: int) -> Sequence[WaitingContact]:
        self._check(lease)
        expired = [self._state.contacts[sequence] for sequence in islice(self._to_expire(lease, now), limit)]
        self._state.put_contacts(
            changed(held, ContactExpired(held.record.contact_id, held.record.campaign_id, now)) for held in expired
        )
        return [_waiting(held) for held in expired]

    def _to_expire(self, lease: Lease, now: Instant) -> Iterator[int]:
        for campaign in self._state.campaigns.values():
            if campaign.instance_id == lease.instance_id:
                if campaign.deleted_at is not None or campaign.state in OVER:
                    yield from (sequence for _, sequence in self._state.waiting[campaign.campaign_id])
                else:
                    yield from self._state.expiring[campaign.campaign_id].up_to(now)


class _Commit:
    """Changes that are looked at one after the other, and made all together or not at all."""

    def __init__(self, state: State, lease: Lease, clearances: Mapping[str, Clearance]) -> None:
        self._state = state
        self._lease = lease
        self._clearances = clearances
        instance_id = lease.instance_id
        self._clearing = Clearing(
            state.directories[instance_id], state.counts[instance_id], partial(state.is_listed, instance_id)
        )
        self._contacts: dict[int, Held] = {}
        self._aside: dict[int, Damage] = {}
        self._counted: list[LedgerCounted] = []
        self._sessions: list[SessionBegun | SessionEnded] = []
        self._refused: dict[str, Refusal] = {}
        self._left_out: set[str] = set()
        self._not_waiting: list[str] = []
        self._not_before: dict[str, Instant] = {}
        self._verdicts: dict[str, HoldReason | Prohibition] = {}
        self._attributes: dict[str, Mapping[str, str]] = {}

    def apply(self, change: Change) -> None:
        match change:
            case LedgerCounted():
                self._campaign(change.campaign_id)
                self._counted.append(change)
            case SessionBegun() | SessionEnded():
                self._sessions.append(change)
                if isinstance(change, SessionBegun):
                    self._count_leg(change.leg_id)
            case ContactSetAside():
                if change.sequence in self._state.contacts:
                    self._aside[change.sequence] = Damage.NOT_TAKEN_OVER
            case AttemptBegun():
                self._begin(change)
            case ContactExpired() | ContactHeld() | ContactForbidden():
                self._campaign(change.campaign_id)
                held = self._find(change.contact_id, change.campaign_id)
                if held is None or not held.waits or self._is_aside(held):
                    self._not_waiting.append(change.contact_id)
                else:
                    self._put(changed(held, change))
            case AttemptVoided() | ContactEnded():
                self._campaign(change.campaign_id)
                held = self._find(change.contact_id, change.campaign_id)
                if self._must(held, change) and held is not None:
                    self._settle(held, change)
            case ContactConnecting():
                if self._must(self._find(change.contact_id), change):
                    self._count_leg(change.leg_id)
            case _:
                self._must(self._find(change.contact_id), change)

    def done(self) -> CommitResult:
        self._state.put_contacts(self._contacts.values(), self._aside)
        self._clearing.done()
        for session in self._sessions:
            self._change_session(session)
        for change in self._counted:
            minute_at = change.at - change.at % MINUTE
            ledger = self._state.ledgers[change.campaign_id]
            before = ledger.get(minute_at, LedgerMinute(minute_at, 0, 0))
            ledger[minute_at] = LedgerMinute(
                minute_at, before.live_answers + change.live_answers, before.abandoned + change.abandoned
            )
        return CommitResult(
            self._refused, self._left_out, self._not_waiting, self._not_before, self._verdicts, self._attributes
        )

    def _change_session(self, change: SessionBegun | SessionEnded) -> None:
        sessions = self._state.sessions[self._lease.instance_id]
        before = sessions.get(change.agent_id)
        if isinstance(change, SessionBegun):
            sessions[change.agent_id] = change.at, LiveSession(change.agent_id, change.leg_id, change.host)
        elif before is not None and before[1].leg_id == change.leg_id:
            del sessions[change.agent_id]

    def _begin(self, change: AttemptBegun) -> None:
        campaign = self._campaign(change.campaign_id)
        held = self._find(change.contact_id, change.campaign_id)
        if held is None or not held.waits or self._is_aside(held):
            self._refused[change.contact_id] = Refusal.NOT_WAITING
        elif not campaign.takes_requests:
            self._refused[change.contact_id] = Refusal.CAMPAIGN_NOT_RUNNING
        elif held.record.expires_at <= change.at:
            self._refused[change.contact_id] = Refusal.EXPIRED
        elif held.record.due_at > change.at:
            self._refused[change.contact_id] = Refusal.NOT_DUE
            self._not_before[change.contact_id] = held.record.due_at
        else:
            self._clear(held, change)

    def _clear(self, held: Held, change: AttemptBegun) -> None:
        """Begin an attempt that only the calling gate may be against."""
        contact_id, at = change.contact_id, change.at
        clearance = self._clearances.get(contact_id)
        verdict = self._clearing.verdict(clearance, self._campaign(change.campaign_id).version, at)
        match verdict:
            case None:
                begun = changed(held, change)
                if clearance is not None:
                    self._clearing.begun(contact_id, clearance, at)
                    begun = replace(begun.noted(clearance=_cleared(clearance)), clearance=clearance)
                self._put(begun)
                self._attributes[contact_id] = begun.record.all_attributes
            case Refusal():
                self._refused[contact_id] = verdict
            case Hold():
                self._put(changed(held, ContactHeld(contact_id, change.campaign_id, verdict, at)))
                self._refused[contact_id] = Refusal.HELD
                self._not_before[contact_id], self._verdicts[contact_id] = verdict.until, verdict.reason
            case Prohibition():
                assert clearance is not None
                ended = changed(held, ContactForbidden(contact_id, change.campaign_id, verdict, at))
                cleared = replace(_cleared(clearance), spend=0, forbidden=verdict)
                self._put(ended.noted(clearance=cleared))
                self._refused[contact_id], self._verdicts[contact_id] = refused_as(verdict), verdict
            case _:
                assert_never(verdict)

    def _settle(self, held: Held, change: AttemptVoided | ContactEnded) -> None:
        """Count as has become of an attempt, whose contact was so before."""
        record, clearance = held.record, held.clearance
        if isinstance(change, AttemptVoided):
            if clearance is not None and record.attempted_at is not None:
                self._clearing.voided(change.contact_id, clearance, record.attempted_at)
            if not record.phone_number:
                self.apply(ContactExpired(change.contact_id, change.campaign_id, change.at))
        elif clearance is not None and clearance.spend_limits and change.disposition is not Disposition.ATTEMPT_FAILED:
            spent = self._clearing.ended(clearance, record.answered_at, change.at)
            after = self._contacts[held.sequence]
            assert after.record.clearance is not None
            self._put(after.noted(clearance=replace(after.record.clearance, spend=spent)))

    def _count_leg(self, leg_id: str) -> None:
        """Count an agent's leg that leaves as a call does."""
        clearance = self._clearances.get(leg_id)
        if clearance is not None:
            self._clearing.made(clearance)

    def _must(self, held: Held | None, change: ContactChange) -> bool:
        """Whether it was done; False for a contact that is set aside."""
        if held is None:
            raise IllegalTransitionError(f"There is no contact {change.contact_id}. Nothing was changed.")
        if self._is_aside(held):
            self._left_out.add(change.contact_id)
            return False
        self._put(changed(held, change))
        return True

    def _campaign(self, campaign_id: str) -> Campaign:
        """The campaign, deleted or not: contacts in progress outlive it."""
        campaign = self._state.campaigns.get(campaign_id)
        if campaign is None or campaign.instance_id != self._lease.instance_id:
            raise NotFoundError(f"The instance has no campaign {campaign_id}.")
        return campaign

    def _find(self, contact_id: str, campaign_id: str | None = None) -> Held | None:
        sequence = self._state.sequences.get(contact_id, 0)
        held = self._contacts.get(sequence) or self._state.contacts.get(sequence)
        return held if held is not None and campaign_id in (None, held.record.campaign_id) else None

    def _is_aside(self, held: Held) -> bool:
        return held.sequence in self._state.quarantine or held.sequence in self._aside

    def _put(self, held: Held) -> None:
        self._contacts[held.sequence] = held


def _cleared(clearance: Clearance) -> Cleared:
    return Cleared(clearance.policy_version, clearance.local, clearance.lists, clearance.list_versions, clearance.spend)


def _waiting(held: Held) -> WaitingContact:
    record = held.record
    return WaitingContact(
        record.contact_id,
        record.campaign_id,
        held.sequence,
        record.expires_at,
        record.client_token,
        record.phone_number,
        record.due_at,
        record.time_zone,
    )


def _called(held: Held) -> CalledContact:
    record = held.record
    return CalledContact(
        record.contact_id,
        record.campaign_id,
        record.phone_number,
        record.source_phone_number,
        record.attributes,
        record.flow_attributes,
        held.flow_progress,
        len(record.flow_trail),
    )


def _live(held: Held) -> LiveContact:
    record = held.record
    assert held.leg_id is not None
    assert record.attempted_at is not None
    return LiveContact(
        record.contact_id,
        record.campaign_id,
        held.sequence,
        record.expires_at,
        record.state,
        held.leg_id,
        record.attempted_at,
        record.ring_started_at,
        record.answered_at,
        record.detection,
        record.greeting_ended_at,
        record.queued_at,
        record.agent_id,
        held.agent_leg_id,
        record.abandoned,
        record.trunk_id,
        record.safe_harbour_at,
        record.recordings,
        record.queue_id,
    )
