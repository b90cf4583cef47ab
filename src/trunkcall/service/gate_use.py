"""What a dialer asks the calling gate, and what comes of the answers.

Decides which contacts of the store are offered, held or ended, what the transaction of an attempt is to look at, and
whose phones may be rung. It must not know what the rules say, nor who is dialed when.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, assert_never

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.changes import (
    AttemptBegun,
    Change,
    ContactConnecting,
    ContactForbidden,
    ContactHeld,
    SessionBegun,
)
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.contact import WaitingContact
from trunkcall.domain.dialing import CallerIdPool, DialingSettings
from trunkcall.domain.directory import Directory
from trunkcall.domain.instants import DAY, Duration, Instant
from trunkcall.engine.commands import OriginateAgentLeg, OriginateSessionLeg, RefillWindow
from trunkcall.engine.events import AttemptsLimited, ContactsOffered, Event, OfferedContact, RequestsAccepted
from trunkcall.service.calling.day_counts import shown_in
from trunkcall.service.calling.gate import Allowed, Forbidden, GateOf, Held, Verdict
from trunkcall.service.clock import InstanceClock
from trunkcall.service.totals import DialerTotals
from trunkcall.storage.ports.ownership import NO_CLEARANCES, GateStore, Lease

PIECES: Final = 4
"""Readings of the store for one refill, where what it reads may not be dialed."""
RELEASED_AT_ONCE: Final = 2000
"""Contacts whose holds are ended in one transaction, and attempts that are forgotten in one."""
COUNTED_FOR: Final[Duration] = 31 * DAY
"""For how long attempts to a number are counted, whatever limits there are: a policy to come may have others."""


class GateUse:
    """The gate as one dialer uses it. ``campaigns``, ``dialing`` and ``known`` are the dialer's own: its campaigns, how
    the engine was told that each is dialed, and the contacts that the engine holds or has in progress."""

    def __init__(
        self,
        gate_of: GateOf,
        directory: Directory,
        store: GateStore,
        lease: Lease,
        clock: InstanceClock,
        totals: DialerTotals,
        *,
        campaigns: Mapping[str, Campaign],
        dialing: Mapping[str, DialingSettings],
        known: dict[str, WaitingContact],
    ) -> None:
        self._gate_of = gate_of
        self._store = store
        self._lease = lease
        self._clock = clock
        self._totals = totals
        self._campaigns = campaigns
        self._dialing = dialing
        self._known = known
        self._holds_stale = True
        """Whether contacts may be held by other rules than those that there are: while nobody dialed, too, a policy may
        have been set."""
        self._releasing = False
        """Whether some of those who are held have yet to be looked at by the rules that there are."""
        self._attempts_per_s: float | None = None
        """What the engine was told."""
        self._gate = gate_of(directory)
        self._desk_phones = _desk_phones(directory)

    # --- rules --------------------------------------------------------------------------------------------------------

    def renew(self, directory: Directory) -> bool:
        """Go by these facts; whether other people may be dialed than before, or on other trunks."""
        before, self._gate = self._gate, self._gate_of(directory)
        self._desk_phones = _desk_phones(directory)
        return self._gate.policy_version != before.policy_version or self._gate.trunks != before.trunks

    def limits(self) -> Sequence[AttemptsLimited]:
        """What the engine is to be told of the rate of the instance, if that is not so yet."""
        per_s = self._gate.attempts_per_s()
        if per_s == self._attempts_per_s:
            return ()
        self._attempts_per_s = per_s
        return (AttemptsLimited(per_s),)

    def trouble(self, campaign: Campaign) -> str | None:
        """Why nobody may be dialed for the campaign, in words; None if people may be."""
        return self._gate.trouble(campaign, self._clock.now())

    # --- recordings ---------------------------------------------------------------------------------------------------

    def announces_recording(self, campaign: Campaign) -> bool:
        """Whether some of those who are called for the campaign may have to be told before they are recorded."""
        return self._gate.announces_recording(campaign)

    def recording_announcement(self, campaign_id: str, phone_number: str | None) -> str | None:
        """What whoever has this number has to be told before they are recorded, empty if nothing; None where nobody can
        tell, because the number is not known any more, or the policy cannot be read."""
        campaign = self._campaigns[campaign_id]
        if not self._gate.announces_recording(campaign):
            return ""
        return None if phone_number is None else self._gate.recording_announcement(campaign, phone_number)

    # --- attempts and agents' legs ------------------------------------------------------------------------------------

    def clearances(self, changes: Sequence[Change]) -> Mapping[str, Clearance]:
        """What the store is to look at where it begins the attempts among these changes, by contact, and what it is to
        count of agents' legs, by leg."""
        found = {
            change.contact_id: self._gate.clear(
                self._campaigns[change.campaign_id],
                contact.phone_number,
                contact.time_zone,
                self._dialing[change.campaign_id].ring_timeout,
                trunk_id=change.trunk_id,
                caller_id=change.caller_id,
                at=change.at,
            )
            for change in changes
            if isinstance(change, AttemptBegun) and (contact := self._known.get(change.contact_id)) is not None
        }
        if self._desk_phones:
            found |= {
                change.leg_id: self._gate.clear_agent(number, change.at)
                for change in changes
                if isinstance(change, ContactConnecting | SessionBegun)
                and (number := self._desk_phones.get(change.agent_id)) is not None
                and self._gate.forbids_agent(number) is None
            }
        return found or NO_CLEARANCES

    def may_ring(self, command: OriginateAgentLeg | OriginateSessionLeg, *, outbound_calls: bool) -> bool:
        """Whether the agent's phone may be rung: one without a number of the public network may always be."""
        number = self._desk_phones.get(command.agent_id)
        return number is None or (outbound_calls and self._gate.forbids_agent(number) is None)

    # --- opt-outs -----------------------------------------------------------------------------------------------------

    async def adopt(self) -> Sequence[int]:
        """Know the contacts whose phones the former dialer had rung; their number keys."""
        dialed = await self._store.dialed_contacts(self._lease.instance_id)
        self._known.update((contact.contact_id, contact) for contact in dialed)
        return [self._gate.number_key(contact.phone_number) for contact in dialed]

    async def opted_out(self, number_keys: Collection[int]) -> Sequence[str]:
        """The contacts that the engine holds or has in progress whose numbers are among these and on a list that binds
        their campaigns."""
        now, by_lists = self._clock.now(), dict[tuple[int, ...], dict[str, int]]()
        for contact_id, contact in self._known.items():
            key = self._gate.number_key(contact.phone_number)
            if key in number_keys and (campaign := self._campaigns.get(contact.campaign_id)) is not None:
                by_lists.setdefault(self._gate.lists(campaign, now).numbers, {})[contact_id] = key
        found: list[str] = []
        for lists, keys in by_lists.items():
            listed = await self._store.listed(self._lease.instance_id, lists, set(keys.values()))
            found += [contact_id for contact_id, key in keys.items() if key in listed]
        return found

    # --- refills ------------------------------------------------------------------------------------------------------

    async def refill(self, refill: RefillWindow) -> Sequence[Event]:
        """Offer what is due and may be dialed. What may not is held or ended in the store, and others are read in its
        place: in so many pieces that a backlog which is closed keeps nobody waiting."""
        offered: list[OfferedContact] = []
        opens_at: Instant | None = None
        whole = False
        for _ in range(PIECES):
            now, wanted = self._clock.now(), refill.limit - len(offered)
            here = (*refill.held, *[contact.sequence for contact in offered])
            due = await self._store.due_contacts(refill.campaign_id, now=now, held=here, limit=wanted)
            changes: list[Change] = []
            for contact in due.contacts:
                match self._look(contact, now):
                    case Allowed(until, caller_ids, trunks):
                        self._known[contact.contact_id] = contact
                        place = contact.contact_id, contact.sequence, contact.expires_at, contact.due_at
                        offered.append(OfferedContact(*place, until, caller_ids, trunks))
                    case Held(hold):
                        opens_at = hold.until if opens_at is None else min(opens_at, hold.until)
                        changes.append(ContactHeld(contact.contact_id, contact.campaign_id, hold, now))
                    case Forbidden(prohibition):
                        changes.append(ContactForbidden(contact.contact_id, contact.campaign_id, prohibition, now))
                    case other:
                        assert_never(other)
            if changes:
                self._totals.count(changes, await self._store.commit(self._lease, changes))
            whole = not changes or len(due.contacts) < wanted
            if whole:
                break
        next_due_at = min((at for at in (due.next_due_at, opens_at) if at is not None), default=None)
        answer = ContactsOffered(refill.campaign_id, tuple(offered), next_due_at)
        return (answer,) if whole else (answer, RequestsAccepted(refill.campaign_id))

    def caller_id_pool(self, campaign: Campaign) -> CallerIdPool | None:
        """The numbers that attempts of the campaign show today; None where its policy does not choose nor count
        them."""
        return self._gate.caller_id_pool(campaign, self._clock.now())

    async def shown_since(self, day_began_at: Instant) -> tuple[tuple[str, int], ...]:
        """By how many attempts each number was shown in the day that began then."""
        return shown_in(await self._store.day_counts(self._lease.instance_id, since=day_began_at - DAY), day_began_at)

    async def release_holds(self) -> bool:
        """Once other rules count, have those who were held be looked at anew, some of them at a time; whether any
        were."""
        anew, self._holds_stale = self._holds_stale, False
        if not (anew or self._releasing):
            return False
        released = await self._store.release_holds(self._lease, limit=RELEASED_AT_ONCE, anew=anew)
        self._releasing = released == RELEASED_AT_ONCE
        return bool(released)

    def holds_are_stale(self) -> None:
        """Who was held need not be any more."""
        self._holds_stale = True

    async def purge_counts(self) -> None:
        """Forget what no limit counts any more."""
        before = self._clock.now() - max(self._gate.counts_for, COUNTED_FOR)
        await self._store.purge_counts(self._lease, before=before, limit=RELEASED_AT_ONCE)

    def _look(self, contact: WaitingContact, now: Instant) -> Verdict:
        campaign = self._campaigns[contact.campaign_id]
        ring = self._dialing[contact.campaign_id].ring_timeout
        return self._gate.look(campaign, contact.phone_number, contact.time_zone, ring, now)


def _desk_phones(directory: Directory) -> Mapping[str, str]:
    """By agent: the numbers of the public network at which agents are rung."""
    return {
        agent_id: number for agent_id, agent in directory.agents.items() if (number := agent.phone.number) is not None
    }
