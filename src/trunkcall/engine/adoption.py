"""Contacts that were in progress before this engine was: taken over from the store, then matched with the carrier.

Decides how far each of them has come. What follows from that is the contact's life as ever. It must not know
why the former dialer went away.
"""

from __future__ import annotations

from collections.abc import Sequence

from trunkcall.domain.abandonment import clock_start
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.changes import ContactSetAside
from trunkcall.domain.contact import LIVE_DETECTIONS, ContactState, LiveContact
from trunkcall.domain.errors import IllegalTransitionError
from trunkcall.domain.flow import FlowHook
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.leg import HangupCause, LegParty, LegState, LiveLeg
from trunkcall.domain.transitions import BEFORE_THE_QUEUE, IN_PROGRESS, QUEUED_ONCE, WITH_AN_AGENT, AgentEvent
from trunkcall.engine.beside import Beside
from trunkcall.engine.commands import HangUp
from trunkcall.engine.contact import Contact, Leg, play_id
from trunkcall.engine.events import DetectionEnded, LegsBridged, LegsUnbridged, OfferedContact
from trunkcall.engine.flow_steps import FlowSteps
from trunkcall.engine.legs import LegReports
from trunkcall.engine.matching import Matching
from trunkcall.engine.pools import Agent
from trunkcall.engine.recordings import Recordings
from trunkcall.engine.safe_harbour import SafeHarbour
from trunkcall.engine.sessions import Sessions
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind

FREE_FOR_A_CONTACT = frozenset(AgentState) - {
    AgentState.CONNECTING,
    AgentState.CONNECTED,
    AgentState.AFTER_CONTACT_WORK,
}
ALL_TOLD_WITHIN: Duration = 1 * SECOND
"""How long after the word of one host that of another may come, which no trunk is on any more."""
FROM_THE_FLOW_ON = frozenset(
    {ContactState.IN_FLOW, ContactState.QUEUED, ContactState.CONNECTING, ContactState.CONNECTED}
)
"""States of a contact for which it matters what its flow has chosen."""


class Adoption:
    """Takes over contacts, and matches legs with those of the carrier."""

    __slots__ = ("_beside", "_flows", "_legs", "_matching", "_recordings", "_safe_harbour", "_sessions", "_state")

    def __init__(
        self,
        state: EngineState,
        sessions: Sessions,
        matching: Matching,
        legs: LegReports,
        flows: FlowSteps,
        safe_harbour: SafeHarbour,
        recordings: Recordings,
        beside: Beside,
    ) -> None:
        self._state = state
        self._beside = beside
        self._sessions = sessions
        self._matching = matching
        self._legs = legs
        self._flows = flows
        self._safe_harbour = safe_harbour
        self._recordings = recordings

    # --- what the store remembers -----------------------------------------------------------------------------------

    def restore(self, contacts: Sequence[LiveContact], now: Instant) -> None:
        """Take over contacts in progress. One that cannot be taken over is set aside, and the carrier hangs up its legs
        once it counts them: they are nobody's. Raises IllegalTransitionError for a contact that is in progress here
        already or not at all; then nothing is changed."""
        for live in contacts:
            if live.contact_id in self._state.registry.contacts or live.state not in IN_PROGRESS:
                raise IllegalTransitionError("only contacts in progress can be taken over, once; nothing was changed")
        self._state.matching_due = True
        # Agents in a contact first, so that nobody who waits gets one of them; then whoever has waited longest.
        for live in sorted(contacts, key=lambda c: (c.state not in WITH_AN_AGENT, c.queued_at or now)):
            if self._can_be_restored(live):
                self._restore(live, now)
            else:
                self._state.out.change(ContactSetAside(live.contact_id, live.sequence, now))

    def _can_be_restored(self, live: LiveContact) -> bool:
        """Whether it fits with what is known, and with those taken over before it. All is asked before anything is
        changed, so that no contact is taken over by half."""
        state = self._state
        contacts, legs = state.registry.contacts, state.registry.legs
        if live.campaign_id not in state.campaigns or live.contact_id in contacts or live.leg_id in legs:
            return False
        answered = live.state is not ContactState.DIALING
        if answered and live.answered_at is None:
            return False
        if live.state in QUEUED_ONCE and live.queued_at is None:
            return False
        if live.state is ContactState.SAFE_HARBOUR and live.safe_harbour_at is None:
            return False
        if live.state not in WITH_AN_AGENT:
            return True
        if live.agent_id is None or live.agent_leg_id == live.leg_id or live.agent_leg_id in legs:
            return False
        agent = state.roster.agents.get(live.agent_id)
        return agent is None or agent.state in FREE_FOR_A_CONTACT

    def _restore(self, live: LiveContact, now: Instant) -> None:
        state = self._state
        campaign = state.campaign(live.campaign_id)
        offered = OfferedContact(live.contact_id, live.sequence, live.expires_at)
        trunk_id, host = state.trunks.noted(live.trunk_id), state.trunks.host_of(live.trunk_id)
        contact = Contact(offered, campaign, live.leg_id, trunk_id, host, live.attempted_at)
        contact.restored = True
        contact.state = live.state
        contact.ring_started_at = live.ring_started_at
        contact.answered_at = live.answered_at
        contact.abandoned = live.abandoned
        if live.state in QUEUED_ONCE:
            contact.queue_id = live.queue_id or campaign.settings.queue_id
        self._recordings.restore(contact, live)
        answered = live.state is not ContactState.DIALING
        detected = answered and live.state is not ContactState.ANSWERED
        if detected:
            contact.detection = live.detection
            contact.live = live.detection in LIVE_DETECTIONS
            clock, detected_at = campaign.settings.abandonment.clock, live.queued_at or live.answered_at or now
            contact.live_at = clock_start(clock, live.answered_at or now, None, live.greeting_ended_at, detected_at)
        machine = detected and not contact.live
        leg = state.registry.enter(contact)
        leg.state = LegState.UP if answered else LegState.ORIGINATING
        self._count(contact, answered=answered, detected=detected)
        if live.state in WITH_AN_AGENT:
            self._restore_agent(contact, live, now)
        elif live.safe_harbour_at is not None:
            # It needs no agent any more, and hears what its former dialer had begun.
            contact.play_id = play_id(live.leg_id, live.safe_harbour_at)
        elif not machine and not contact.is_elsewhere and not contact.is_given_up:
            state.registry.put_in_flight(contact)
            if campaign.pacer.one_to_one and live.state in BEFORE_THE_QUEUE:
                self._matching.reserve(contact)
        if live.state in FROM_THE_FLOW_ON:
            self._flows.take_over(contact, now)
        self._set_timers(contact, live, now)

    def _count(self, contact: Contact, *, answered: bool, detected: bool) -> None:
        """Sums of what has happened, so that what follows has something to be a share of."""
        statistics = contact.campaign.statistics
        statistics.attempts += 1
        statistics.answered += answered
        statistics.live_answers += detected and contact.live
        statistics.connected += contact.state is ContactState.CONNECTED
        statistics.abandoned += contact.abandoned and contact.campaign.pacer.needs_agents

    def _restore_agent(self, contact: Contact, live: LiveContact, now: Instant) -> None:
        roster = self._state.roster
        assert live.agent_id is not None
        agent = roster.agents.get(live.agent_id)
        if agent is None:
            # Whoever is no agent of the instance any more ends this talk, and gets no other.
            agent = roster.register(live.agent_id, (), now)
            roster.leave(agent)
        self._call_in(agent, now)
        agent.contact = contact
        agent.handling_since = min(live.queued_at or now, now)
        roster.step(agent, AgentEvent.ASSIGN, now)
        if contact.state is ContactState.CONNECTED:
            roster.step(agent, AgentEvent.BRIDGE, now)
        # A leg that nobody remembers is one that the carrier will not have either. Its name is made of what is known: a
        # trace holds no other ids than those that changes tell of.
        leg_id = live.agent_leg_id or f"{live.leg_id}-agent"
        leg = self._state.registry.enter_agent_leg(leg_id, contact, by_number=agent.by_number)
        leg.holds = None
        leg.state = LegState.UP if contact.state is ContactState.CONNECTED else LegState.ORIGINATING
        contact.agent_id, contact.agent_leg_id = agent.agent_id, leg_id

    def _call_in(self, agent: Agent, now: Instant) -> None:
        """Make available an agent who talks, whatever status was asked for; that one comes after the contact."""
        match agent.state:
            case AgentState.ON_BREAK:
                agent.next_status = AgentStatus.BREAK
                self._state.roster.step(agent, AgentEvent.COME, now)
            case AgentState.OFFLINE | AgentState.MISSED | AgentState.ERROR:
                self._state.roster.step(agent, AgentEvent.COME, now)
            case AgentState.AVAILABLE:
                if agent.reserved_for is not None:
                    dial = agent.reserved_for
                    self._state.roster.unreserve(dial)
                    self._state.roster.step(agent, AgentEvent.TAKE_BREAK, now)
                    self._matching.reserve(dial)
                    self._state.roster.step(agent, AgentEvent.COME, now)
            case AgentState.CONNECTING | AgentState.CONNECTED | AgentState.AFTER_CONTACT_WORK:
                raise IllegalTransitionError("an agent cannot be in two contacts")

    def _set_timers(self, contact: Contact, live: LiveContact, now: Instant) -> None:
        timers, config = self._state.timers, self._state.config
        match live.state:
            case ContactState.DIALING:
                self._legs.await_outcome(contact, now)
            case ContactState.ANSWERED:
                timers.set(now + config.detection_timeout, TimerKind.DETECTION_OVERDUE, contact.leg_id)
            case ContactState.QUEUED | ContactState.CONNECTING:
                contact.queued_at = min(live.queued_at or now, now)
                contact.queued_until = contact.queued_at + config.queue_limit
                if contact.live and not contact.abandoned and contact.campaign.pacer.needs_agents:
                    threshold = contact.campaign.settings.abandonment.threshold
                    timers.set(min(contact.live_at, now) + threshold, TimerKind.ABANDONMENT, contact.contact_id)
                if live.state is ContactState.CONNECTING:
                    assert contact.agent_leg_id is not None
                    ring_ends_at = now + config.agent_ring_timeout
                    timers.set(ring_ends_at, TimerKind.AGENT_RING_OVERDUE, contact.agent_leg_id)
                    return
                ends_at = contact.queued_until
                if FlowHook.CUSTOMER_QUEUE in contact.hooks:
                    # That flow goes on once the carrier has been heard, which may take as long as a wait in silence.
                    ends_at = max(ends_at, now + config.queue_limit)
                timers.set(ends_at, TimerKind.QUEUE_LIMIT, contact.contact_id)
                if contact.queue_id is not None:
                    self._matching.wait(contact, contact.queue_id, now)
            case ContactState.SAFE_HARBOUR:
                self._safe_harbour.await_end(contact, now)
            case _:
                pass

    # --- what the carrier has -----------------------------------------------------------------------------------------

    def carrier_found(self, legs: Sequence[LiveLeg], host: str | None, now: Instant) -> None:
        """Catch up with what became of our legs on this host, or on all, while nothing was heard of them. Legs that the
        carrier lost have ended; legs that nobody here knows are hung up, and so are those whose originate may have
        reached the carrier after it counted."""
        state = self._state
        state.trunks.find(host)
        state.trunks_changed()
        state.matching_due |= state.held_back
        found = {leg.leg_id: leg for leg in legs}
        for leg in list(state.registry.legs.values()):
            if leg.leg_id in found:
                self._is_on(leg, host)
            elif host is None or leg.host == host:
                self._has_lost(leg, now)
            elif leg.host is None:
                state.timers.set(now + ALL_TOLD_WITHIN, TimerKind.NOT_FOUND, leg.leg_id)
        for live in legs:
            known = state.registry.legs.get(live.leg_id)
            if known is None or known.is_to_end:
                state.out.do(HangUp(live.leg_id))
                continue
            self.catch_up(live, known, now)
            contact = known.contact
            if contact is not None and contact.state is ContactState.DIALING:
                self._legs.await_outcome(contact, now)
        self._sessions.carrier_found()

    def not_found(self, leg_id: str, now: Instant) -> None:
        """Of a leg it is not known on which host it is, and none that has told of its legs has it: if all have, it has
        ended."""
        if self._state.trunks.all_found:
            self._has_lost(self._state.registry.legs[leg_id], now)

    def _has_lost(self, leg: Leg, now: Instant) -> None:
        """The carrier has the leg no more."""
        if leg.state is LegState.ORIGINATING:
            self._state.out.do(HangUp(leg.leg_id))
        self._legs.ended(leg.leg_id, HangupCause.LOST, now)

    def _is_on(self, leg: Leg, host: str | None) -> None:
        """The leg is there."""
        self._state.timers.stop(TimerKind.NOT_FOUND, leg.leg_id)
        if host is not None:
            leg.host = host
            if leg.contact is not None:
                leg.contact.host = host

    def catch_up(self, live: LiveLeg, leg: Leg, now: Instant) -> None:
        """Take what the carrier tells of a leg as what has happened to it."""
        asked, contact = leg.state is LegState.UP, leg.contact
        match live.state:
            case LegState.RINGING:
                self._legs.rang(live.leg_id, now)
            case LegState.UP:
                self._legs.answered(live.leg_id, now)
            case LegState.ORIGINATING | LegState.ENDED:
                pass
        self._legs.found(live, leg, now)
        if contact is None:
            return
        if leg.party is LegParty.AGENT:
            if contact.state is ContactState.CONNECTED and live.bridged_to is None:
                self._legs.unbridged(LegsUnbridged(contact.leg_id, live.leg_id), now)
            elif contact.state is ContactState.CONNECTING and live.bridged_to == contact.leg_id:
                self._legs.bridged(LegsBridged(contact.leg_id, live.leg_id), now)
            elif contact.state is ContactState.CONNECTING and (asked or (contact.whispers and contact.restored)):
                # Whoever was on the line for a former dialer may have heard the whispers.
                self._beside.bridge_anew(contact)
            return
        if contact.state is ContactState.ANSWERED and live.detection is not None:
            self._legs.detection_ended(DetectionEnded(live.leg_id, live.detection), now)
        elif contact.state is ContactState.IN_FLOW and asked and not (contact.play_id is not None and live.playing):
            # What this dialer has begun and is still heard goes on.
            self._flows.resume(contact, live.playing)
        elif contact.state is ContactState.QUEUED and asked:
            if contact.restored and not contact.flow_begun:
                self._beside.waits(contact)
            elif contact.play_id is not None and live.playing is False:
                self._flows.message_ended(live.leg_id, contact.play_id, heard=True)
        elif contact.state is ContactState.SAFE_HARBOUR and asked and not live.playing:
            self._safe_harbour.speak(contact, now)
        elif contact.state is ContactState.CONNECTED:
            self._recordings.found(contact, live, now)
