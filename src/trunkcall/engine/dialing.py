"""Who is dialed next: asks the pacers, keeps the limits, begins attempts.

Decides how scarce agents, lines and attempts per second are divided among the campaigns that want them. It must not
know what becomes of an attempt.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from trunkcall.domain.changes import AttemptBegun, ContactExpired
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.transitions import CONTACT, ContactEvent, after
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.capacity import LineDemand, share_lines
from trunkcall.engine.commands import Originate, RefillWindow
from trunkcall.engine.components import number_of
from trunkcall.engine.contact import Contact
from trunkcall.engine.ledger import Standing
from trunkcall.engine.pacing.base import Rival
from trunkcall.engine.roster import Agent
from trunkcall.engine.shares import Shares
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import NEVER, TimerKind

AFTER_OTHERS: Final[Duration] = SECOND // 20
"""How long after another has begun attempts for the same agents a campaign that looks ahead is asked."""


# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_ATTEMPT: Final = ContactEvent.ATTEMPT
_DIALING: Final = ContactState.DIALING
_ORIGINATE_OVERDUE: Final = TimerKind.ORIGINATE_OVERDUE
_PACE: Final = TimerKind.PACE
_EXPIRY: Final = TimerKind.EXPIRY
_DUE: Final = TimerKind.DUE


class CampaignView:
    """One campaign as its pacer sees it. Of agents whom others can use as well it sees those allotted to its group."""

    __slots__ = ("_allotment", "_campaign", "_contacts", "_now", "_queue", "_rivals", "_staffed", "_standing", "_state")

    def __init__(self, state: EngineState, campaign: CampaignDialing, now: Instant) -> None:
        self._state = state
        self._standing: Standing | None = None
        self._staffed: int | None = None
        self._rivals: list[Rival] | None = None
        self._campaign = campaign
        self._contacts = state.registry.of(campaign)
        queue_id = campaign.settings.queue_id
        self._queue = state.roster.queue(queue_id) if queue_id is not None else None
        self._now = now
        self._allotment = state.allotments.of(campaign)

    @property
    def free_agents(self) -> int:
        if self._allotment is not None:
            return self._allotment.free
        return self._queue.free if self._queue is not None else 0

    @property
    def lines_in_flight(self) -> int:
        return len(self._contacts.in_flight)

    @property
    def lines_free(self) -> int:
        return self._state.trunks.lines_free_for(self._campaign)

    @property
    def staffed_agents(self) -> int:
        if self._staffed is None:
            queue, allotment = self._queue, self._allotment
            self._staffed = allotment.agents if allotment is not None else queue.staffed if queue is not None else 0
        return self._staffed

    @property
    def waiting(self) -> int:
        queue_id = self._campaign.settings.queue_id
        roster = self._state.roster
        return (
            sum(len(roster.queue(q).waiting) for q in roster.overlap(queue_id).some_agents)
            if queue_id is not None
            else 0
        )

    @property
    def rivals(self) -> Sequence[Rival]:
        if self._rivals is None:
            self._rivals = [
                Rival(
                    rival.pacer,
                    self._state.registry.of(rival).dialing_since.values(),
                    rival.ledger.standing(self._now),
                )
                for rival in self._state.components.looking_ahead_with(self._campaign)
                if rival is not self._campaign
            ]
        return self._rivals

    @property
    def standing(self) -> Standing:
        if self._standing is None:
            self._standing = self._campaign.ledger.standing(self._now)
        return self._standing

    @property
    def talking_since(self) -> Collection[Instant]:
        return self._own(self._queue.talking_since) if self._queue is not None else ()

    @property
    def working_since(self) -> Collection[Instant]:
        return self._own(self._queue.working_since) if self._queue is not None else ()

    def _own(self, since: Mapping[str, Instant]) -> Collection[Instant]:
        """Those who are in a contact of the campaign's group, where agents are allotted."""
        if self._allotment is None:
            return since.values()
        group, agents = self._allotment.group, self._state.roster.agents
        group_of = self._state.components.group_of
        in_contact = ((at, agents[agent_id].contact) for agent_id, at in since.items())
        return [at for at, contact in in_contact if contact is not None and group_of(contact.campaign) is group]

    @property
    def dialing_since(self) -> Collection[Instant]:
        return self._contacts.dialing_since.values()


class Dialing:
    """Begins attempts."""

    __slots__ = ("_pace_at", "_shares", "_state", "_virtual_times")

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._shares = Shares(state)
        self._pace_at: Instant = NEVER
        """When pacers are to be asked at the latest."""
        self._virtual_times: dict[str | None, float] = {}
        """By queue, None for lines alone: the start tag of the campaign that was last dialed for its agents."""

    def plan(self, now: Instant) -> None:
        """Begin as many attempts as pacers want and limits allow, and ask for contacts where they run short."""
        state, agenda = self._state, self._state.agenda
        agenda.collect()
        if state.suspended:
            pass
        elif not state.trunks.can_dial(now):
            self._wake_at(state.trunks.can_dial_at)
        else:
            if agenda.next_look_at <= now or agenda.ripe or agenda.eager:
                self._ask(now)
            if agenda.next_look_at < self._pace_at:
                self._wake_at(agenda.next_look_at)
        if agenda.touched:
            if len(agenda.touched) > 1:
                agenda.touched.sort(key=number_of)
            for campaign in agenda.touched:
                self._tend_window(campaign)
            agenda.touched.clear()

    def _ask(self, now: Instant) -> None:
        """Ask those who may want something, and begin their attempts."""
        agenda, trunks = self._state.agenda, self._state.trunks
        wanting = agenda.take(now, ripe=bool(agenda.ripe) and trunks.takes_any(now))
        if wanting:
            self._dial(wanting, now)
            for campaign in wanting:
                if campaign.pacer.look_every or not campaign.pacer.one_to_one:
                    agenda.put(campaign)
        if agenda.ripe and not trunks.takes_any(now):
            self._wake_at(trunks.takes_any_at(now))

    def expire(self, campaign: CampaignDialing, now: Instant) -> None:
        """End the contacts of the window whose expiry has come."""
        for contact in campaign.window.expire(now):
            self._state.out.change(ContactExpired(contact.contact_id, campaign.campaign_id, now))

    def pace_due(self) -> None:
        """The pacers are about to be asked."""
        self._pace_at = NEVER

    def _dial(self, wanting: list[CampaignDialing], now: Instant) -> None:
        granted, trunks, agenda = self._grants(wanting, now), self._state.trunks, self._state.agenda
        for campaign_id in granted:
            campaign = self._state.campaigns[campaign_id]
            # Whoever had nothing to dial for a while has no claim to what others dialed meanwhile.
            campaign.start_tag = max(campaign.start_tag, self._virtual_times.get(campaign.agent_queue_id, 0.0))
        while granted:
            campaign = self._next(granted)
            campaign_id = campaign.campaign_id
            trunk = trunks.choose(campaign, now)
            if trunk is None:
                self._wake_at(trunks.allows_at(campaign, now))
                if not trunks.takes_any(now):
                    break
                agenda.put(campaign)
                del granted[campaign_id]
                continue
            if not self._begin_attempt(campaign, trunk, now):
                del granted[campaign_id]
                continue
            granted[campaign_id] -= 1
            if granted[campaign_id] <= 0:
                del granted[campaign_id]
        for campaign_id in granted:
            agenda.put(self._state.campaigns[campaign_id])
        for campaign in wanting:
            if not campaign.can_dial:
                self._state.components.look_at(campaign)

    def _next(self, granted: Collection[str]) -> CampaignDialing:
        """Which campaign is dialed next. Among those of one queue attempts go by weight (start-time fair queueing),
        however few agents there are; among queues, which do not compete for agents, whoever holds fewest lines for its
        weight is next."""
        heads: dict[str | None, CampaignDialing] = {}
        for campaign_id in granted:
            campaign = self._state.campaigns[campaign_id]
            if len(granted) == 1:
                return campaign
            head = heads.get(campaign.agent_queue_id)
            if head is None or (campaign.start_tag, campaign_id) < (head.start_tag, head.campaign_id):
                heads[campaign.agent_queue_id] = campaign
        registry = self._state.registry
        return min(heads.values(), key=lambda head: (registry.of(head).lines / head.weight, head.campaign_id))

    def _grants(self, wanting: list[CampaignDialing], now: Instant) -> dict[str, int]:
        """How many attempts each campaign may begin as far as lines go. A campaign that looks now and then keeps its
        claim to lines that it did not get: whoever asks all the time would take each as it comes free."""
        asked: set[str] = set()
        for campaign in sorted(wanting, key=lambda c: c.attempts_per_weight):
            ahead = campaign.looks_ahead
            if ahead and campaign.agent_queue_id in asked:
                # It would count on agents whom another has just begun attempts for: it looks again when those are seen.
                campaign.wants_lines = 0
                self._wake_at(now + AFTER_OTHERS)
                continue
            campaign.wants_lines = min(self._wanted(campaign, now), len(campaign.window))
            if ahead and campaign.wants_lines > 0 and campaign.agent_queue_id is not None:
                asked |= self._state.roster.overlap(campaign.agent_queue_id).some_agents
        registry = self._state.registry
        demands = {
            # Of what it wanted when it was last asked, it may have nobody left to dial.
            c.campaign_id: LineDemand(
                registry.of(c).lines, min(c.wants_lines, len(c.window)), c.settings.dialing_capacity
            )
            for c in self._state.campaigns.values()
            if c.wants_lines > 0 and c.can_dial
        }
        if not demands:
            return {}
        held = sum(demand.held for demand in demands.values())
        shares = share_lines(held + self._state.trunks.lines_free, demands)
        granted = {}
        for campaign in wanting:
            share = shares.get(campaign.campaign_id, 0)
            if share < campaign.wants_lines:
                self._state.agenda.put(campaign)
            campaign.wants_lines = campaign.wants_lines - share if campaign.pacer.look_every else 0
            if share > 0:
                granted[campaign.campaign_id] = share
        return granted

    def _wanted(self, campaign: CampaignDialing, now: Instant) -> int:
        """What the campaign's pacer wants, as far as other campaigns, the lines for each agent at work and the ledger
        let it."""
        pacer = campaign.pacer
        if pacer.look_every:
            campaign.next_look_at = now + pacer.look_every
            self._wake_at(campaign.next_look_at)
        if pacer.needs_agents and self._shares.must_wait(campaign, now):
            return 0
        view = CampaignView(self._state, campaign, now)
        if not pacer.needs_agents:
            return pacer.attempts_wanted(view, now)
        contacts = self._state.registry.of(campaign)
        allowed = math.floor(self._state.config.lines_per_agent * view.staffed_agents) - contacts.lines
        if allowed <= 0:
            return 0
        if pacer.one_to_one:
            wanted = pacer.attempts_wanted(view, now) - len(contacts.begun_without_agent)
            return max(0, min(wanted, allowed))
        return max(0, min(pacer.attempts_wanted(view, now), allowed, self._left_by_the_ledger(view)))

    @staticmethod
    def _left_by_the_ledger(view: CampaignView) -> int:
        """The most attempts that the ledger leaves any pacer: with nothing left no more than one to one, those of
        campaigns that count on the same agents included."""
        if not view.standing.spent:
            return sys.maxsize
        in_flight = view.lines_in_flight + sum(len(rival.dialing_since) for rival in view.rivals)
        return view.free_agents - in_flight

    def _agent_to_keep(self, campaign: CampaignDialing) -> Agent | None:
        """A free agent for an attempt of a campaign that keeps one for each."""
        if campaign.agent_queue_id is None:
            return None
        allotment = self._state.allotments.of(campaign)
        if allotment is not None:
            return allotment.first_free
        return self._state.roster.first_free(campaign.agent_queue_id)

    def _begin_attempt(self, campaign: CampaignDialing, trunk: Trunk, now: Instant) -> bool:
        """Dial the campaign's next contact here. False if it has none, or one to one no agent is left for it."""
        state = self._state
        agent = self._agent_to_keep(campaign) if campaign.pacer.one_to_one else None
        if agent is None and campaign.pacer.one_to_one:
            return False
        offered = campaign.window.take()
        while offered is not None and offered.expires_at <= now:
            state.out.change(ContactExpired(offered.contact_id, campaign.campaign_id, now))
            offered = campaign.window.take()
        if offered is None:
            return False
        leg_id = state.new_id()
        contact = Contact(offered, campaign, leg_id, trunk.trunk_id, trunk.host, now)
        contact.state = after(CONTACT, contact.state, _ATTEMPT)
        assert contact.state is _DIALING
        if agent is not None:
            state.roster.keep(agent, contact)
        state.registry.enter(contact)
        state.registry.put_in_flight(contact)
        self._virtual_times[campaign.agent_queue_id] = campaign.start_tag
        campaign.start_tag += 1 / campaign.weight
        self._shares.count_attempt(campaign)
        if state.components.contested:
            state.allotments.count_attempt(campaign)
        campaign.statistics.attempts += 1
        campaign.last_attempt_at = now
        state.trunks.spend(trunk, now)
        overdue_at = now + contact.ring_timeout + state.config.originate_grace
        state.timers.set(overdue_at, _ORIGINATE_OVERDUE, leg_id)
        caller_id = trunk.shows(campaign.settings.caller_id)
        state.out.change(AttemptBegun(contact.contact_id, campaign.campaign_id, leg_id, now, trunk.trunk_id, caller_id))
        state.out.do(
            Originate(
                leg_id,
                contact.contact_id,
                campaign.campaign_id,
                contact.ring_timeout,
                contact.detects_machines,
                campaign.settings.awaits_prompt,
                trunk.trunk_id,
                trunk.host,
                caller_id,
            ),
            contact,
        )
        return True

    def _tend_window(self, campaign: CampaignDialing) -> None:
        window = campaign.window
        window.touched = False
        if campaign.dials and window.wants_refill:
            self._state.out.do(RefillWindow(campaign.campaign_id, *window.ask()))
        self._set_timer(window.next_expiry_at, _EXPIRY, campaign.campaign_id)
        self._set_timer(window.next_due_at, _DUE, campaign.campaign_id)

    def _set_timer(self, at: Instant | None, kind: TimerKind, key: str) -> None:
        timers = self._state.timers
        if at is None:
            timers.stop(kind, key)
        elif at != timers.at(kind, key):
            timers.set(at, kind, key)

    def _wake_at(self, at: Instant) -> None:
        """Have the pacers asked at that instant at the latest."""
        if at < self._pace_at:
            self._pace_at = at
            self._state.timers.set(at, _PACE)
