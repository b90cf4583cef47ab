"""The only loop: events → engine → store → carrier.

Decides the order in which things happen, and nothing else: all that has happened is told in one turn of the engine, and
what it has decided is committed before the carrier acts. If a commit fails, its deeds are dropped and the loop ends;
the engine must be rebuilt from the store (``service.owner``). It must not know which store or carrier it serves.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.changes import (
    AttemptBegun,
    AttemptVoided,
    Change,
    ContactEnded,
    ContactExpired,
    ContactHeld,
    ContactSetAside,
    Refusal,
)
from trunkcall.domain.confirmations import Phrases
from trunkcall.domain.contact import WaitingContact
from trunkcall.domain.dialing import DialingSettings
from trunkcall.domain.directory import Directory
from trunkcall.domain.flow import FlowEvent
from trunkcall.domain.instants import MINUTE, Duration, Instant
from trunkcall.domain.transitions import OVER
from trunkcall.engine.commands import RefillWindow
from trunkcall.engine.decision import Decision
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import (
    AgentStatusSet,
    AttemptRefused,
    CallerIdsRestored,
    CampaignChanged,
    CarrierEvent,
    CarrierFound,
    CarrierLost,
    ChangesLeftOut,
    ComparisonRequested,
    ContactsOptedOut,
    ContactsRestored,
    ContactsSwept,
    DueChanged,
    Event,
    FlowTold,
    KeyPressed,
    LedgerRestored,
    OriginateVoided,
    RequestsAccepted,
    SessionsRestored,
)
from trunkcall.service.calling.gate import GateOf, policy_name_of
from trunkcall.service.campaign_queue import queue_of
from trunkcall.service.clock import InstanceClock
from trunkcall.service.deeds import Deeds
from trunkcall.service.dialing_settings import DialingOf, caller_id_of
from trunkcall.service.facts import KnownFacts
from trunkcall.service.flow_runner import FlowRunner
from trunkcall.service.functions import Functions
from trunkcall.service.gate_use import GateUse
from trunkcall.service.safe_harbour import SafeHarbourOf
from trunkcall.service.totals import DialerTotals
from trunkcall.storage.ports.ownership import CommitResult, DialingStore, GateStore, Lease
from trunkcall.telephony.carrier import Carrier

log = logging.getLogger(__name__)

SWEEP_LIMIT = 2000
"""Waiting contacts ended in one transaction by the sweep: few enough that nobody waits for it."""

COMPARE_EVERY: Duration = MINUTE
"""How often our legs are compared with the carrier's, by the instance's clock."""

_OVER_WITH: Final = ContactEnded | AttemptVoided | ContactSetAside
"""What leaves nobody in a flow."""
_DONE_WITH: Final = ContactEnded | ContactExpired | ContactHeld
"""What leaves a contact to the store."""


class Dialer:
    """Dials for one instance under one lease.

    ``on_facts`` is told what there is around the campaigns, before the engine hears of it. ``on_agents`` is told who is
    an agent of the instance, or is none any more but has a contact to finish, as often as that changes.
    ``before_deciding`` is awaited in every turn before the engine is told anything: what is posted by then is told in
    the same turn. ``choose_status`` has an agent want what was chosen on the telephone. ``may_originate`` tells whether
    an originate, of a campaign that needs agents or does not, may still be handed over: the process may have been
    stopped since it was decided. ``flows`` runs what contacts go through, ``functions`` are those that it may ask.
    ``dialing_of`` tells how a campaign is dialed, but for the number that it shows, which facts decide, and
    ``safe_harbour_of`` what it has said to those whom no agent reaches.
    """

    def __init__(
        self,
        *,
        facts: KnownFacts,
        engine: Engine,
        store: DialingStore,
        gate_store: GateStore,
        carrier: Carrier,
        clock: InstanceClock,
        lease: Lease,
        totals: DialerTotals,
        on_facts: Callable[[Directory], None],
        on_agents: Callable[[frozenset[str]], None],
        before_deciding: Callable[[], Awaitable[None]],
        choose_status: Callable[[str, AgentStatus], Awaitable[None]],
        may_originate: Callable[[bool], bool],
        flows: FlowRunner,
        functions: Functions,
        dialing_of: DialingOf,
        safe_harbour_of: SafeHarbourOf,
        phrases: Phrases | None,
        gate_of: GateOf,
    ) -> None:
        self._facts = facts
        self._engine = engine
        self._flows = flows
        flows.tell = self.post
        self._store = store
        self._clock = clock
        self._lease = lease
        self._totals = totals
        self._on_facts = on_facts
        self._on_agents = on_agents
        self._before_deciding = before_deciding
        self._choose_status = choose_status
        self._dialing_of = dialing_of
        self._safe_harbour_of = safe_harbour_of
        self._inbox: list[tuple[Event, Instant]] = []
        self._lost: set[str | None] = set()
        """Hosts of which the inbox tells that they were lost; None is all of them."""
        self._campaigns: dict[str, Campaign] = {}
        self._dialing: dict[str, DialingSettings] = {}
        """Of each campaign: how the engine was told that it is dialed."""
        self._days: dict[Instant, bool] = {}
        """When the days began by which numbers that are shown are counted; whether the engine knows of their counts."""
        self._closed: dict[str, bool] = {}
        """Of each campaign: whether the engine was told that nobody may be dialed for it."""
        self._version = 0
        self._stale = True
        """Whether campaigns and facts are to be read again."""
        self._told_agents: tuple[int, Collection[str]] | None = None
        """The version of the facts, and who was leaving, when it was last said which agents there are."""
        self._accepted: set[str] = set()
        self._known: dict[str, WaitingContact] = {}
        """Contacts of the engine's windows and in progress, with what the carrier needs to reach them."""
        self._gate = GateUse(
            gate_of,
            facts.directory,
            gate_store,
            lease,
            clock,
            totals,
            campaigns=self._campaigns,
            dialing=self._dialing,
            known=self._known,
        )
        self._deeds = Deeds(
            carrier,
            facts,
            self._gate,
            totals,
            campaigns=self._campaigns,
            known=self._known,
            lost=self._lost,
            may_originate=may_originate,
            flows=flows,
            functions=functions,
            safe_harbour_of=safe_harbour_of,
            phrases=phrases,
        )
        self._opted_out: set[int] = set()
        """Number keys that were put on do-not-call lists, and of which the engine has not heard."""
        self._adopted: Sequence[int] = ()
        """Number keys of contacts whose phones rang when they were taken over: who of them has opted out meanwhile is
        looked for."""
        self._outbound_calls = True
        self._withheld: set[str] = set()
        """Campaigns whose attempts the store has refused for what does not show in their rows."""
        self._timer_at: Instant | None = None
        self._work = asyncio.Event()
        self._work.set()
        self._idle = asyncio.Event()
        self._running = False

    async def learn(self) -> None:
        """Read what is around the campaigns: the engine hears of its agents before anything is told of them."""
        await self._read_facts()
        self._tell_agents()

    async def restore(self) -> int:
        """Take over the contacts that the instance's former dialer left in progress, and its agents' sessions; how many
        contacts. Call it before the carrier is started."""
        # The carrier's first word tells what has become of their legs; until then nothing is known of any.
        self.post(CarrierLost())
        contacts = await self._store.live_contacts(self._lease.instance_id)
        await self._read_campaigns(in_progress=frozenset(contact.campaign_id for contact in contacts))
        self._flows.restore(await self._store.called_contacts(self._lease.instance_id), self._campaigns)
        self.post(ContactsRestored(tuple(contacts)))
        self._adopted = await self._gate.adopt()
        sessions = await self._store.live_sessions(self._lease.instance_id)
        if sessions:
            self.post(SessionsRestored(tuple(sessions)))
        return len(contacts)

    # --- what the outside tells -----------------------------------------------------------------------------------

    def post(self, event: Event) -> None:
        """Something has happened, now."""
        self._inbox.append((event, self._clock.now()))
        if isinstance(event, CarrierLost):
            self._lost.add(event.host)
        if isinstance(event, CarrierFound):
            # Now it is known who has answered: they are let alone.
            self.opted_out(self._adopted)
        self._wake()

    def hear(self, event: CarrierEvent) -> None:
        """The carrier has said something, now. A key that somebody presses in a flow is the flow's."""
        if isinstance(event, KeyPressed):
            contact_id = self._flows.key_pressed(event.leg_id, event.key)
            if contact_id is not None:
                self.post(FlowTold(contact_id, FlowEvent.PRESSED))
                return
        self.post(event)

    def campaigns_changed(self) -> None:
        """The store's campaigns are not what they were."""
        self._stale = True
        self._wake()

    def requests_accepted(self, campaign_id: str) -> None:
        """The store holds more waiting contacts of this campaign."""
        self._accepted.add(campaign_id)
        self._wake()

    def due_changed(self, campaign_id: str) -> None:
        """Waiting contacts of this campaign are due at other instants than they were."""
        if campaign_id in self._campaigns:
            # The engine lets go of them, and whoever is due is offered to it anew.
            self._forget(self._engine.next_contacts(campaign_id))
            self.post(DueChanged(campaign_id))

    def attributes_given(self, contact_id: str, attributes: Mapping[str, str]) -> None:
        """Somebody has given a contact these, which are on record: its flow goes on with them."""
        self._flows.attributes_given(contact_id, attributes)
        self._wake()

    def allow_outbound_calls(self, allowed: bool) -> None:
        """Dial campaigns that are Running, or let them wait as if they were paused: contacts in progress go on, and
        those that wait wait on, until they expire."""
        if allowed != self._outbound_calls:
            self._outbound_calls = allowed
            for campaign in self._campaigns.values():
                self._tell_campaign(campaign)

    def opted_out(self, number_keys: Collection[int]) -> None:
        """Numbers were put on a do-not-call list, by their keys. Whoever is called at one of them is called no more,
        unless there was an answer."""
        self._opted_out.update(number_keys)
        self._wake()

    def poll(self) -> None:
        """Look for what nobody told: changes by other processes."""
        self._stale = True
        for campaign_id, campaign in list(self._campaigns.items()):
            if campaign.takes_requests:
                self._accepted.add(campaign_id)
            elif _state_of(campaign) in OVER and not self._engine.knows_campaign(campaign_id):
                self._let_go(campaign_id)
        self._wake()

    def _let_go(self, campaign_id: str) -> None:
        del self._campaigns[campaign_id], self._dialing[campaign_id], self._closed[campaign_id]

    @property
    def has_spoken(self) -> bool:
        """Whether anything was said yet that a flow has ordered."""
        return self._deeds.has_spoken

    def closed_campaigns(self) -> int:
        """For how many campaigns that run the calling gate lets nobody be dialed, whatever the number."""
        running = [each for each in self._campaigns.values() if _state_of(each) is CampaignState.RUNNING]
        return sum(self._gate.trouble(campaign) is not None for campaign in running)

    async def settled(self) -> None:
        """Wait until everything told so far has been dealt with."""
        if self._running:
            await self._idle.wait()

    # --- the loop ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Dial until cancelled. Raises LeaseLostError or StoreUnavailableError when a commit fails: then this dialer
        and its engine are finished."""
        self._running = True
        self._tell_as_of_now()
        self._compare_later()
        try:
            while True:
                if not self._work.is_set():
                    self._idle.set()
                    await self._work.wait()
                self._work.clear()
                await self._turn()
                # However much there is to do, the clock gets on between two turns.
                await asyncio.sleep(0)
        finally:
            self._running = False
            self._idle.set()

    async def sweep(self) -> None:
        """End waiting contacts that have expired outside the engine's windows, or whose campaign is over."""
        while True:
            swept = await self._store.expire_waiting(self._lease, now=self._clock.now(), limit=SWEEP_LIMIT)
            by_campaign: defaultdict[str, list[str]] = defaultdict(list)
            for contact in swept:
                by_campaign[contact.campaign_id].append(contact.contact_id)
            for campaign_id, contact_ids in by_campaign.items():
                self._totals.count_swept(campaign_id, len(contact_ids))
                self._forget(contact_ids)
                if campaign_id in self._campaigns:
                    self.post(ContactsSwept(campaign_id, tuple(contact_ids)))
            if len(swept) < SWEEP_LIMIT:
                return

    async def release_holds(self) -> None:
        """Once other rules count, have those who were held be looked at anew, some of them at a time."""
        if await self._gate.release_holds():
            for campaign_id in self._campaigns:
                self.due_changed(campaign_id)

    async def purge_counts(self) -> None:
        """Forget what no limit counts any more."""
        await self._gate.purge_counts()

    def _tell_as_of_now(self) -> None:
        """What was told before anybody dials counts as told at this instant. The clock may have moved on since, to the
        time of a carrier that is ahead: by the time before, a phone that rings would have rung for far too long."""
        now = self._clock.now()
        self._inbox = [(event, now) for event, _ in self._inbox]

    def _wake(self) -> None:
        self._work.set()
        self._idle.clear()

    async def _turn(self) -> None:
        if self._stale:
            self._stale = False
            await self._read_facts()
            await self._read_campaigns()
            for campaign_id in filter(self._withheld.__contains__, self._campaigns):
                # It tries again: what was in the way may be there no more, or is found out by the next attempt.
                self._tell_campaign(self._campaigns[campaign_id])
            self._withheld.clear()
        # Not in the order of a set: the same words are to lead to the same turn in every process.
        for campaign_id in filter(self._accepted.__contains__, self._campaigns):
            self.post(RequestsAccepted(campaign_id))
        self._accepted.clear()
        if self._opted_out:
            await self._tell_of_opt_outs()
        await self._restore_caller_ids()
        await self._before_deciding()
        with self._clock.standing_still():
            inbox, self._inbox = self._inbox, []
            self._lost.clear()
            now = self._clock.now()
            decision = self._engine.turn(inbox, now)
            for event, _, why in decision.refused:
                log.warning("the engine refused an event", extra={"event_type": type(event).__name__, "why": why})
            for refill in await self._carry_out(decision, now):
                for event in await self._gate.refill(refill):
                    self.post(event)
            self._set_timer()
        self._tell_agents()
        if self._inbox:
            self._wake()

    async def _carry_out(self, decision: Decision, now: Instant) -> Sequence[RefillWindow]:
        """Commit, then have the deeds done; which windows are to be filled."""
        changes = (*decision.changes, *self._flows.changes(now))
        result = await self._commit(changes, now) if changes else CommitResult()
        deeds = decision.deeds_to_do(refused=result.refused, left_out=result.left_out)
        done = self._deeds.carry_out(deeds, outbound_calls=self._outbound_calls)
        for asked in self._flows.asked_for_gone():
            self._deeds.ask(asked)
        self._post_first([OriginateVoided(leg_id) for leg_id in done.voided], now)
        for ended in done.unsaid:
            self.post(ended)
        # Whoever has chosen in another way during the commit has chosen last.
        spoke = {event.agent_id for event, _ in self._inbox if isinstance(event, AgentStatusSet)}
        for choice in done.chosen:
            if choice.agent_id not in spoke:
                await self._choose_status(choice.agent_id, choice.status)
        return done.refills

    async def _commit(self, changes: Sequence[Change], now: Instant) -> CommitResult:
        """Make the changes durable, and have the engine know of those that are not."""
        result = await self._store.commit(self._lease, changes, self._gate.clearances(changes))
        self._totals.count(changes, result)
        self._tell_flows(changes, result)
        self._forget([change.contact_id for change in changes if isinstance(change, _DONE_WITH)])
        for change in changes:
            if isinstance(change, AttemptBegun) and result.refused.get(change.contact_id) in (
                Refusal.HALTED,
                Refusal.POLICY_CHANGED,
            ):
                self._withheld.add(change.campaign_id)
        refused = result.refused.items()
        not_before = result.not_before
        self._post_first([AttemptRefused(each, why, not_before.get(each)) for each, why in refused], now)
        self._post_first([ChangesLeftOut(contact_id) for contact_id in sorted(result.left_out)], now)
        self._forget([contact_id for contact_id, why in refused if not why.waits_in_window])
        return result

    def _tell_flows(self, changes: Sequence[Change], result: CommitResult) -> None:
        """Say who is dialed, whose flow may look up what is known of them, and who is done with, one after the other:
        of an attempt that was voided the next may have begun in the same turn."""
        for change in changes:
            if isinstance(change, _OVER_WITH):
                self._flows.let_go(change.contact_id)
            elif isinstance(change, AttemptBegun) and change.contact_id not in result.refused:
                contact = self._known.get(change.contact_id)
                if contact is not None:
                    self._flows.attempted(
                        change.contact_id,
                        self._campaigns[change.campaign_id],
                        contact.phone_number,
                        change.caller_id,
                        result.attributes.get(change.contact_id, {}),
                    )

    def _post_first(self, events: Sequence[Event], at: Instant) -> None:
        """Tell the engine before all else, whatever has happened during the commit: it would go on with attempts that
        were not made, and the store would refuse that too."""
        if events:
            self._inbox[:0] = [(event, at) for event in events]
            self._wake()

    # --- what the store tells ---------------------------------------------------------------------------------------

    async def _read_facts(self) -> None:
        version = self._facts.version
        for event in await self._facts.read():
            self.post(event)
        if self._facts.version != version:
            directory = self._facts.directory
            self._on_facts(directory)
            other_rules = self._gate.renew(directory)
            for campaign_id, campaign in self._campaigns.items():
                told = self._dialing[campaign_id]
                by_rules = (
                    queue_of(campaign, directory),
                    caller_id_of(campaign, directory),
                    self._gate.caller_id_pool(campaign),
                    self._gate.announces_recording(campaign),
                )
                if by_rules != (told.queue_id, told.caller_id, told.caller_ids, told.announces_recording):
                    self._tell_campaign(campaign)
            if other_rules:
                for campaign_id in self._campaigns:
                    self._fill_anew(campaign_id)
        for limit in self._gate.limits():
            self.post(limit)
        self._tell_of_gate()

    async def _tell_of_opt_outs(self) -> None:
        number_keys, self._opted_out = self._opted_out, set()
        if contact_ids := await self._gate.opted_out(number_keys):
            self.post(ContactsOptedOut(tuple(contact_ids)))

    def _fill_anew(self, campaign_id: str) -> None:
        """Other rules count: who may be dialed is looked at again, and who was held need not be."""
        self._gate.holds_are_stale()
        self._forget(self._engine.next_contacts(campaign_id))
        self.post(DueChanged(campaign_id))

    def _tell_of_gate(self) -> None:
        """Tell of campaigns for which people may be dialed again, or may not any more."""
        for campaign_id, campaign in self._campaigns.items():
            if self._closed[campaign_id] != self._is_closed(campaign):
                self._tell_campaign(campaign)

    def _is_closed(self, campaign: Campaign) -> bool:
        return not self._outbound_calls or self._gate.trouble(campaign) is not None

    def _tell_agents(self) -> None:
        """Say who there is, where the facts have changed or others are leaving."""
        leaving = self._engine.leaving_agents
        if self._told_agents != (self._facts.version, leaving):
            self._told_agents = self._facts.version, leaving
            self._on_agents(frozenset(self._facts.directory.agents).union(leaving))

    async def _read_campaigns(self, in_progress: Collection[str] = ()) -> None:
        for campaign in await self._store.campaigns_changed(self._lease.instance_id, after_version=self._version):
            self._version = max(self._version, campaign.version)
            campaign_id, state = campaign.campaign_id, _state_of(campaign)
            before, has_contacts = self._campaigns.get(campaign_id), campaign_id in in_progress
            if before is None and not has_contacts and state in OVER:
                # There is nothing to dial any more: the engine need not know it.
                continue
            self._campaigns[campaign_id] = campaign
            if before is not None and policy_name_of(before) != policy_name_of(campaign):
                self._fill_anew(campaign_id)
            told, dialing = self._dialing.get(campaign_id), self._tell_campaign(campaign, in_progress=has_contacts)
            if told is None or told.abandonment.windows != dialing.abandonment.windows:
                await self._restore_ledger(campaign_id, dialing.abandonment)

    def _tell_campaign(self, campaign: Campaign, *, in_progress: bool = False) -> DialingSettings:
        """Tell the engine how the campaign is, and how it is dialed by what is known of facts."""
        campaign_id, told = campaign.campaign_id, self._dialing.get(campaign.campaign_id)
        pool, before = self._gate.caller_id_pool(campaign), told.caller_ids if told is not None else None
        dialing = self._dialing[campaign_id] = replace(
            self._dialing_of(campaign),
            queue_id=queue_of(campaign, self._facts.directory),
            caller_id=caller_id_of(campaign, self._facts.directory),
            caller_ids=pool,
            safe_harbour=bool(self._safe_harbour_of(campaign)),
            announces_recording=self._gate.announces_recording(campaign),
        )
        if pool is not None:
            self._days.setdefault(pool.day_began_at, False)
            if before is None or before.day_ends_at != pool.day_ends_at:
                self._clock.call_at(pool.day_ends_at, self._day_over)
        if before is not None and (pool is None or pool.numbers != before.numbers):
            self._fill_anew(campaign_id)
        closed = self._closed[campaign_id] = self._is_closed(campaign)
        state = _state_of(campaign)
        if state is CampaignState.RUNNING and closed:
            state = CampaignState.PAUSED
        self.post(CampaignChanged(campaign_id, state, dialing, in_progress=in_progress))
        return dialing

    def _day_over(self) -> None:
        """Tell of the next day, by which numbers that are shown are counted from here."""
        if self._running:
            now = self._clock.now()
            for campaign_id, campaign in self._campaigns.items():
                pool = self._dialing[campaign_id].caller_ids
                if pool is not None and pool.day_ends_at <= now:
                    self._tell_campaign(campaign)

    async def _restore_caller_ids(self) -> None:
        """Tell how often numbers were shown in days that the engine is about to dial by."""
        for began_at in sorted([each for each, known in self._days.items() if not known]):
            self.post(CallerIdsRestored(began_at, await self._gate.shown_since(began_at)))
            self._days[began_at] = True

    async def _restore_ledger(self, campaign_id: str, limits: AbandonmentLimits) -> None:
        """Tell what the store remembers: the engine has not kept the campaign's ledger over these windows."""
        minutes = await self._store.ledger(campaign_id, since=limits.begins(self._clock.now()))
        if minutes:
            entries = tuple((m.minute_at, m.live_answers, m.abandoned) for m in minutes)
            self.post(LedgerRestored(campaign_id, entries))

    def _forget(self, contact_ids: Sequence[str]) -> None:
        for contact_id in contact_ids:
            self._known.pop(contact_id, None)

    def _set_timer(self) -> None:
        timer_at = self._engine.next_timer()
        if timer_at is not None and (self._timer_at is None or timer_at < self._timer_at):
            self._timer_at = timer_at
            self._clock.call_at(timer_at, self._timer_due)

    def _compare_later(self) -> None:
        self._clock.call_at(self._clock.now() + COMPARE_EVERY, self._compare)

    def _compare(self) -> None:
        if self._running:
            self.post(ComparisonRequested())
            self._compare_later()

    def _timer_due(self) -> None:
        self._timer_at = None
        self._wake()


def _state_of(campaign: Campaign) -> CampaignState:
    """The state as the engine sees it: whatever is deleted is over."""
    return CampaignState.STOPPED if campaign.deleted_at is not None else campaign.state
