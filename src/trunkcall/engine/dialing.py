"""Who is dialed next: asks the pacers, keeps the limits, begins attempts.

Decides how many attempts each campaign wants, as far as limits let it; whose is next where not all of them can be,
competition.py says. It must not know what becomes of an attempt.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from typing import Final, TypeAlias

from trunkcall.domain.changes import AttemptBegun, ContactExpired, ContactHeld
from trunkcall.domain.clearance import Hold, HoldReason
from trunkcall.domain.contact import ContactState
from trunkcall.domain.dialing import CallerIdPool
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.transitions import CONTACT, ContactEvent, after
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.commands import Originate, RefillWindow
from trunkcall.engine.competition import Turn
from trunkcall.engine.components import number_of
from trunkcall.engine.contact import Contact
from trunkcall.engine.events import OfferedContact, Way
from trunkcall.engine.ledger import Standing
from trunkcall.engine.pacing.base import Rival
from trunkcall.engine.reservation import AGAIN_AFTER
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

_Following: TypeAlias = tuple[OfferedContact, Trunk, str | None]
"""Who is dialed next, on which trunk, and the number that is shown."""


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

    __slots__ = ("_pace_at", "_state")

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._pace_at: Instant = NEVER
        """When pacers are to be asked at the latest."""

    def plan(self, now: Instant) -> None:
        """Begin as many attempts as pacers want and limits allow, and ask for contacts where they run short."""
        state, agenda, competition = self._state, self._state.agenda, self._state.competition
        state.reservation.look(now)
        agenda.collect()
        if state.suspended:
            pass
        elif not state.trunks.can_dial(now):
            self._wake_at(state.trunks.can_dial_at)
        else:
            if competition.wanted or agenda.next_look_at <= now or agenda.ripe or agenda.eager:
                self._go_on(now)
            if agenda.next_look_at < self._pace_at:
                self._wake_at(agenda.next_look_at)
            if not competition.alone:
                self._wake_at(state.reservation.next_look_at)
        if agenda.touched:
            if len(agenda.touched) > 1:
                agenda.touched.sort(key=number_of)
            for campaign in agenda.touched:
                self._tend_window(campaign)
            agenda.touched.clear()

    def _go_on(self, now: Instant) -> None:
        """Ask those who may want something, and begin what is wanted."""
        agenda, trunks, competition = self._state.agenda, self._state.trunks, self._state.competition
        asked = agenda.take(now, ripe=bool(agenda.ripe) and trunks.takes_any(now))
        if asked:
            self._ask(asked, now)
        if competition.wanted:
            self._dial(now)
        for campaign in asked:
            self._put_on_agenda(campaign, now)
        if (agenda.ripe or competition.wanted) and not trunks.takes_any(now):
            self._wake_at(trunks.takes_any_at(now))

    def expire(self, campaign: CampaignDialing, now: Instant) -> None:
        """End the contacts of the window whose expiry has come."""
        for contact in campaign.window.expire(now):
            self._state.out.change(ContactExpired(contact.contact_id, campaign.campaign_id, now))

    def pace_due(self) -> None:
        """The pacers are about to be asked."""
        self._pace_at = NEVER

    # --- how many -----------------------------------------------------------------------------------------------------

    def _ask(self, campaigns: list[CampaignDialing], now: Instant) -> None:
        """What these campaigns want. Of those that look ahead whoever has had least is asked first."""
        state, asked = self._state, set[str]()
        for campaign in campaigns if len(campaigns) == 1 else sorted(campaigns, key=self._had):
            ahead = campaign.looks_ahead
            if ahead and campaign.agent_queue_id in asked:
                # It would count on agents whom another has just begun attempts for: it looks again when those are seen.
                state.competition.want(campaign, 0)
                self._wake_at(now + AFTER_OTHERS)
                continue
            wants = min(self._wanted(campaign, now), len(campaign.window))
            campaign.asked_at = now
            state.competition.look(campaign, wants)
            if not wants:
                state.reservation.decline(campaign)
            if ahead and wants > 0 and campaign.agent_queue_id is not None:
                asked |= state.roster.overlap(campaign.agent_queue_id).some_agents

    def _had(self, campaign: CampaignDialing) -> float:
        component = self._state.components.of(campaign)
        return component.clock.tag(campaign) if component is not None else 0.0

    def _put_on_agenda(self, campaign: CampaignDialing, now: Instant) -> None:
        """A campaign that was asked is asked again, when there is reason to."""
        state, competition = self._state, self._state.competition
        if campaign.wants:
            competition.waits(campaign, now)
            if competition.alone:
                # Nobody else takes what it has not got: it is asked anew for as many as it wants by then.
                competition.want(campaign, 0)
                state.agenda.put(campaign)
        if campaign.pacer.look_every or (not campaign.pacer.one_to_one and not campaign.wants):
            state.agenda.put(campaign)

    def _wanted(self, campaign: CampaignDialing, now: Instant) -> int:
        """What the campaign's pacer wants, as far as other campaigns, the lines for each agent at work and the ledger
        let it."""
        pacer, competition = campaign.pacer, self._state.competition
        if pacer.look_every:
            campaign.next_look_at = now + pacer.look_every
            self._wake_at(campaign.next_look_at)
        if campaign.looks_ahead and competition.must_wait(campaign, now):
            competition.waits(campaign, now)
            return 0
        view = CampaignView(self._state, campaign, now)
        if not pacer.needs_agents:
            return pacer.attempts_wanted(view, now)
        allowed = self._left_by_the_lines(campaign, view)
        if allowed <= 0:
            return 0
        if pacer.one_to_one:
            wanted = pacer.attempts_wanted(view, now) - len(self._state.registry.of(campaign).begun_without_agent)
            return max(0, min(wanted, allowed))
        wanted = min(pacer.attempts_wanted(view, now), allowed, self._left_by_the_ledger(view))
        if campaign is not self._state.reservation.campaign:
            # What others have been granted already is for the same agents.
            wanted -= competition.pending(campaign, now)
        return max(0, wanted)

    def _left_by_the_lines(self, campaign: CampaignDialing, view: CampaignView) -> int:
        """The most attempts that the lines for each agent at work leave any pacer."""
        lines = self._state.registry.of(campaign).lines
        return math.floor(self._state.config.lines_per_agent * view.staffed_agents) - lines

    def _still_may(self, campaign: CampaignDialing, now: Instant) -> bool:
        """Whether what the campaign was granted is within the limits yet: some time may have passed, or an attempt of
        others may have left it fewer of the agents that are allotted."""
        if not campaign.pacer.needs_agents:
            return True
        if campaign.asked_at == now and not (campaign.looks_ahead and self._state.components.contested):
            return True
        view = CampaignView(self._state, campaign, now)
        if self._left_by_the_lines(campaign, view) <= 0:
            return False
        return campaign.pacer.one_to_one or self._left_by_the_ledger(view) > 0

    @staticmethod
    def _left_by_the_ledger(view: CampaignView) -> int:
        """The most attempts that the ledger leaves any pacer: with nothing left no more than one to one, those of
        campaigns that count on the same agents included."""
        if not view.standing.spent:
            return sys.maxsize
        in_flight = view.lines_in_flight + sum(len(rival.dialing_since) for rival in view.rivals)
        return view.free_agents - in_flight

    # --- whose --------------------------------------------------------------------------------------------------------

    def _dial(self, now: Instant) -> None:
        """Begin what is wanted, one attempt after the other, until nothing more can be."""
        trunks, competition, agenda = self._state.trunks, self._state.competition, self._state.agenda
        reservation = self._state.reservation
        kept_back: list[tuple[CampaignDialing, int]] = []
        while (turn := competition.next(now)) is not None:
            campaign = turn.campaign
            trunk = trunks.choose(campaign, now)
            if trunk is None:
                if not trunks.takes_any(now):
                    break
                # Others may dial on trunks that it may not use.
                self._wake_at(trunks.allows_at(campaign, now))
                kept_back.append((campaign, campaign.wants))
                competition.want(campaign, 0)
            elif reservation.campaign is not None and reservation.keeps_from(campaign):
                self._wake_at(now + AGAIN_AFTER)
                kept_back.append((campaign, campaign.wants))
                competition.want(campaign, 0)
            elif self._still_may(campaign, now) and self._begin_attempt(turn, trunk, now):
                if not campaign.wants and not campaign.pacer.one_to_one and not campaign.pacer.look_every:
                    agenda.put(campaign)
            else:
                competition.waits(campaign, now)
                competition.want(campaign, 0)
                if not campaign.can_dial:
                    # All whom it held have expired.
                    competition.look_at(campaign)
        for campaign, wants in kept_back:
            competition.want(campaign, wants)

    def _begin_attempt(self, turn: Turn, trunk: Trunk, now: Instant) -> bool:
        """Dial the campaign's next contact here. False if it has none, or one to one no agent is left for it."""
        state, campaign = self._state, turn.campaign
        agent = state.allotments.first_free_for(campaign) if campaign.pacer.one_to_one else None
        if agent is None and campaign.pacer.one_to_one:
            return False
        following = self._next_contact(campaign, trunk, now)
        if following is None:
            return False
        offered, trunk, caller_id = following
        leg_id = state.new_id()
        contact = Contact(offered, campaign, leg_id, trunk.trunk_id, trunk.host, now)
        contact.state = after(CONTACT, contact.state, _ATTEMPT)
        assert contact.state is _DIALING
        if agent is not None:
            state.roster.keep(agent, contact)
        leg = state.registry.enter(contact)
        state.registry.put_in_flight(contact)
        state.competition.begun(turn, leg, now)
        state.reservation.end(campaign)
        if not campaign.can_dial:
            state.competition.look_at(campaign)
        if state.components.contested:
            state.allotments.count_attempt(campaign)
        campaign.statistics.attempts += 1
        campaign.last_attempt_at = now
        state.trunks.spend(trunk, leg_id, now)
        overdue_at = now + contact.ring_timeout + state.config.originate_grace
        state.timers.set(overdue_at, _ORIGINATE_OVERDUE, leg_id)
        contact.caller_id = caller_id
        if campaign.settings.caller_ids is not None:
            state.caller_ids.show(contact, campaign.settings.caller_ids)
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

    def _next_contact(self, campaign: CampaignDialing, trunk: Trunk, now: Instant) -> _Following | None:
        """Whom the campaign dials next, taken from its window, on which trunk and with which number; None if nobody
        there may be dialed. The trunk is this one, unless that contact may not leave on it."""
        window, pool = campaign.window, campaign.settings.caller_ids
        if pool is not None and pool.day_ends_at <= now:
            # The next day's is about to be told.
            return None
        passed_over = set[Way]()
        found = None
        while found is None and (offered := window.first(passed_over)) is not None:
            if offered.expires_at <= now:
                window.discard(offered.contact_id)
                self._state.out.change(ContactExpired(offered.contact_id, campaign.campaign_id, now))
            elif offered.until is not None and offered.until <= now:
                # The store has it yet, and learns until when it waits once it is asked for more.
                window.discard(offered.contact_id)
                window.more_due()
            elif pool is None:
                found = self._by_own_number(campaign, offered, trunk, now)
                if found is None:
                    passed_over.add(offered.way)
            elif not offered.caller_ids or not campaign.pool_numbers.issuperset(chain(*offered.caller_ids)):
                # It was offered for other numbers, and is offered anew.
                window.discard(offered.contact_id)
                window.more_due()
            elif not (left := self._state.caller_ids.left(pool, offered.caller_ids)):
                window.discard(offered.contact_id)
                hold = Hold(HoldReason.CALLER_ID_LIMIT, pool.day_ends_at)
                self._state.out.change(ContactHeld(offered.contact_id, campaign.campaign_id, hold, now))
                window.due_later(pool.day_ends_at)
            else:
                found = self._by_pool(pool, left, offered, trunk, now)
                if found is None:
                    passed_over.add(offered.way)
        if found is not None:
            window.discard(found[0].contact_id)
        elif passed_over:
            self._state.agenda.put(campaign)
        return found

    def _by_own_number(
        self, campaign: CampaignDialing, offered: OfferedContact, trunk: Trunk, now: Instant
    ) -> _Following | None:
        """The contact on a trunk on which it may leave; None if none of them takes an attempt at this moment."""
        caller_id, allowed = campaign.settings.caller_id, offered.trunks
        here: Trunk | None = trunk
        if allowed is not None and trunk.trunk_id not in allowed:
            here = self._other_trunk(lambda other: other.trunk_id in allowed and other.may_show(caller_id), now)
        return (offered, here, here.shows(caller_id)) if here is not None else None

    def _by_pool(
        self,
        pool: CallerIdPool,
        left: Sequence[Sequence[str]],
        offered: OfferedContact,
        trunk: Trunk,
        now: Instant,
    ) -> _Following | None:
        """The same, with one of the numbers that are left to it."""
        numbers, allowed = [number for group in left for number in group], offered.trunks

        def may_use(trunk: Trunk) -> bool:
            is_allowed = allowed is None or trunk.trunk_id in allowed
            return is_allowed and any(trunk.may_show(number) for number in numbers)

        here = trunk if may_use(trunk) else self._other_trunk(may_use, now)
        return (offered, here, self._state.caller_ids.choose(pool, left, here)) if here is not None else None

    def _other_trunk(self, may_use: Callable[[Trunk], bool], now: Instant) -> Trunk | None:
        """The one of these trunks that an attempt takes; if none does at this moment, it is looked again when one
        may."""
        trunks = self._state.trunks
        found = trunks.choose_of(may_use, now)
        if found is None:
            self._wake_at(trunks.allows_on_at(may_use, now))
        return found

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
