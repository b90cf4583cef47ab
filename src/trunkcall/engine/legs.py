"""What becomes known of legs: what the carrier reports of them, and what it does not report in time.

Decides what each report means for the leg's contact, up to the flow that an answered one goes through. It must not know
how many contacts are dialed, nor when.
"""

from __future__ import annotations

from typing import Final

from trunkcall.domain.abandonment import clock_start
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.changes import (
    ContactAnswered,
    ContactConnected,
    ContactDetected,
    CustomerPutOnHold,
    CustomerTakenOffHold,
)
from trunkcall.domain.contact import LIVE_DETECTIONS, ContactState, DetectionStatus
from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import HangupCause, LegParty, LegState, LiveLeg
from trunkcall.domain.transitions import CONTACT, LEG, AgentEvent, ContactEvent, LegEvent, after
from trunkcall.engine.beside import Beside
from trunkcall.engine.commands import ChooseStatus, HangUp
from trunkcall.engine.contact import Contact, Leg
from trunkcall.engine.dispositions import (
    AGENT_TALKED,
    AGENT_UNREACHED,
    LED_NOWHERE,
    LED_SOMEWHERE,
    MACHINES,
    PHONE_TROUBLES,
)
from trunkcall.engine.endings import Endings
from trunkcall.engine.events import DetectionEnded, LegsBridged, LegsUnbridged
from trunkcall.engine.flow_steps import FlowSteps
from trunkcall.engine.live_answers import LiveAnswers
from trunkcall.engine.matching import Matching
from trunkcall.engine.recordings import Recordings
from trunkcall.engine.sessions import Sessions
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_ORIGINATING: Final = LegState.ORIGINATING
_UP: Final = LegState.UP
_CUSTOMER: Final = LegParty.CUSTOMER
_AGENT: Final = LegParty.AGENT
_RING: Final = LegEvent.RING
_ANSWER_LEG: Final = LegEvent.ANSWER
_ANSWER: Final = ContactEvent.ANSWER
_DETECT: Final = ContactEvent.DETECT
_ANSWERED: Final = ContactState.ANSWERED
_ORIGINATE_OVERDUE: Final = TimerKind.ORIGINATE_OVERDUE
_DETECTION_OVERDUE: Final = TimerKind.DETECTION_OVERDUE
_AGENT_RING_OVERDUE: Final = TimerKind.AGENT_RING_OVERDUE
_ABANDONMENT: Final = TimerKind.ABANDONMENT
_CONNECTING: Final = ContactState.CONNECTING
_CONNECTED: Final = ContactState.CONNECTED
_BRIDGE: Final = ContactEvent.BRIDGE
_BRIDGE_AGENT: Final = AgentEvent.BRIDGE
_NORMAL: Final = HangupCause.NORMAL


class LegReports:
    """Hears of legs."""

    __slots__ = (
        "_beside",
        "_endings",
        "_flows",
        "_live_answers",
        "_matching",
        "_recordings",
        "_registry",
        "_sessions",
        "_state",
    )

    def __init__(
        self,
        state: EngineState,
        sessions: Sessions,
        matching: Matching,
        live_answers: LiveAnswers,
        endings: Endings,
        flows: FlowSteps,
        recordings: Recordings,
        beside: Beside,
    ) -> None:
        self._state = state
        self._beside = beside
        self._registry = state.registry
        self._sessions = sessions
        self._matching = matching
        self._live_answers = live_answers
        self._endings = endings
        self._flows = flows
        self._recordings = recordings

    # --- what the carrier reports -----------------------------------------------------------------------------------

    def rang(self, leg_id: str, now: Instant) -> None:
        """A leg rings. Reports of legs that are over or unknown change nothing, here and below, but that such a leg is
        hung up: a carrier may be late, repeat itself, or have outlived a former engine."""
        leg = self._registry.legs.get(leg_id)
        if leg is None:
            # Nobody may be rung for nothing.
            self._state.out.do(HangUp(leg_id))
            return
        if leg.state is not _ORIGINATING:
            return
        leg.state = after(LEG, leg.state, _RING)
        if leg.party is _CUSTOMER:
            self._state.trunks.leads_somewhere(leg.trunk_id)
            if leg.contact is not None:
                leg.contact.ring_started_at = now

    def answered(self, leg_id: str, now: Instant) -> None:
        leg = self._registry.legs.get(leg_id)
        if leg is None or leg.is_to_end:
            # Nobody may be left listening to nothing.
            self._state.out.do(HangUp(leg_id))
            return
        if leg.state is _UP:
            return
        if leg.state is _ORIGINATING and leg.party is _CUSTOMER:
            self._state.trunks.leads_somewhere(leg.trunk_id)
        leg.state = after(LEG, leg.state, _ANSWER_LEG)
        contact = leg.contact
        if (agent := self._state.roster.agent_on(leg)) is not None:
            agent.phone_trouble = None
        if leg.session_of is not None:
            agent = self._sessions.came_up(leg, now)
            if contact is None:
                self._state.timers.stop(_AGENT_RING_OVERDUE, leg_id)
                self._matching.agent_freed(agent, now)
        if contact is None:
            return
        if leg.party is _AGENT:
            self._beside.join(contact, now, with_tone=False)
            return
        contact.state = after(CONTACT, contact.state, _ANSWER)
        contact.answered_at = now
        contact.campaign.statistics.answered += 1
        self._state.timers.stop(_ORIGINATE_OVERDUE, leg_id)
        self._state.out.change(ContactAnswered(contact.contact_id, now, contact.ring_started_at))
        if contact.detects_machines:
            self._state.timers.set(now + self._state.config.detection_timeout, _DETECTION_OVERDUE, leg_id)
        else:
            self._detected(contact, None, now, None, None)

    def detection_ended(self, event: DetectionEnded, now: Instant) -> None:
        leg = self._registry.legs.get(event.leg_id)
        if leg is None or leg.contact is None or leg.contact.state is not _ANSWERED:
            return
        detection = event.detection
        if detection not in LIVE_DETECTIONS and detection not in MACHINES:
            # Not a result that an answered leg can have: nothing is known of who is there.
            detection = DetectionStatus.AMD_UNRESOLVED
        self._state.timers.stop(_DETECTION_OVERDUE, event.leg_id)
        self._detected(leg.contact, detection, now, event.greeting_started_at, event.greeting_ended_at)

    def bridged(self, event: LegsBridged, now: Instant) -> None:
        leg = self._registry.legs.get(event.agent_leg_id)
        contact = leg.contact if leg is not None else None
        if contact is None or contact.state is not _CONNECTING or contact.leg_id != event.customer_leg_id:
            return
        assert contact.agent_id is not None
        agent = self._state.roster.agents[contact.agent_id]
        contact.state = after(CONTACT, contact.state, _BRIDGE)
        self._beside.end(contact)
        self._state.timers.stop(_AGENT_RING_OVERDUE, event.agent_leg_id)
        self._state.timers.stop(_ABANDONMENT, contact.contact_id)
        self._state.roster.step(agent, _BRIDGE_AGENT, now)
        contact.campaign.statistics.connected += 1
        self._state.out.change(ContactConnected(contact.contact_id, agent.agent_id, now))
        self._recordings.joined(contact, now)
        if leg is not None and leg.holds:
            self._state.out.change(CustomerPutOnHold(contact.contact_id, now))
        self._beside.hold_may_differ(contact)

    def unbridged(self, event: LegsUnbridged, now: Instant) -> None:
        leg = self._registry.legs.get(event.agent_leg_id)
        contact = leg.contact if leg is not None else None
        if contact is not None and contact.state is _CONNECTED and contact.leg_id == event.customer_leg_id:
            self._endings.agent_ended(contact, now)

    def put_on_hold(self, leg_id: str, now: Instant) -> None:
        """Of customers who put their agents on hold nothing is kept."""
        leg = self._registry.legs.get(leg_id)
        if leg is not None and leg.holds is not True:
            leg.holds = True
            if (contact := self._talk_of(leg)) is not None:
                if leg.party is _AGENT:
                    self._state.out.change(CustomerPutOnHold(contact.contact_id, now))
                self._beside.hold_may_differ(contact)

    def taken_off_hold(self, leg_id: str, now: Instant) -> None:
        """A former dialer may have heard of the beginning."""
        leg = self._registry.legs.get(leg_id)
        if leg is not None and leg.holds is not False:
            leg.holds = False
            if (contact := self._talk_of(leg)) is not None:
                if leg.party is _AGENT:
                    self._state.out.change(CustomerTakenOffHold(contact.contact_id, now))
                self._beside.hold_may_differ(contact)

    def found(self, live: LiveLeg, leg: Leg, now: Instant) -> None:
        """The carrier tells of a leg of which nothing was heard for a while whether its party has the other on hold: a
        flow for that begins anew, as nobody knows what was heard of it."""
        contact = self._talk_of(leg)
        if contact is not None and contact.flow_goes_on:
            # Once for both of its legs.
            self._beside.end_hold(contact)
        if live.holds:
            self.put_on_hold(leg.leg_id, now)
        elif live.holds is not None:
            self.taken_off_hold(leg.leg_id, now)
        if contact is not None:
            self._beside.hold_may_differ(contact)

    @staticmethod
    def _talk_of(leg: Leg) -> Contact | None:
        """The contact in which the leg's party talks."""
        contact = leg.contact
        return contact if contact is not None and contact.state is _CONNECTED else None

    def ended(self, leg_id: str, cause: HangupCause, now: Instant) -> None:
        leg = self._registry.legs.get(leg_id)
        if leg is None:
            return
        if leg.state is _ORIGINATING and leg.party is _CUSTOMER:
            if cause in LED_NOWHERE:
                self._state.trunks.failed(leg.trunk_id, leg_id, now)
            elif cause in LED_SOMEWHERE:
                self._state.trunks.leads_somewhere(leg.trunk_id)
        if leg.state is not _UP and (agent := self._state.roster.agent_on(leg)) is not None:
            agent.phone_trouble = PHONE_TROUBLES.get(cause, agent.phone_trouble)
        self._registry.remove_leg(leg_id)
        self._state.competition.line_ended(leg, now)
        if leg.session_of is not None:
            if cause is _NORMAL and leg.up_since is not None:
                # Whoever hangs up the phone goes home; one that fails is another cause.
                self._state.out.do(ChooseStatus(leg.session_of, AgentStatus.OFFLINE))
            self._lose_session(leg, now)
        contact = leg.contact
        if contact is None:
            return
        if leg.party is _CUSTOMER:
            self._endings.customer_left(contact, cause, now)
        elif cause is HangupCause.NO_SOUND:
            self._endings.agent_unheard(contact, now)
        else:
            # Whoever was on the line already has missed nothing.
            why = AgentEvent.FAIL if leg.up_since is not None else AGENT_UNREACHED[cause]
            self._endings.agent_left(contact, why, now, reason=AGENT_TALKED[cause])

    def _lose_session(self, leg: Leg, now: Instant) -> None:
        """An agent's session is over, and a dial that the agent is kept for gets another."""
        self._matching.replace(self._sessions.lost(leg, now))

    # --- what it does not report in time ----------------------------------------------------------------------------

    def await_outcome(self, contact: Contact, now: Instant) -> None:
        """The carrier is to say what became of a customer's leg that may have begun to ring now."""
        overdue_at = now + contact.ring_timeout + self._state.config.originate_grace
        self._state.timers.set(overdue_at, _ORIGINATE_OVERDUE, contact.leg_id)

    def originate_overdue(self, leg_id: str, now: Instant) -> None:
        """The carrier has not said in time what became of a leg: it is told to end it, and the contact ends. A phone
        may ring for as long as was asked for, however late it began. While the leg's host is lost nothing can be said:
        the carrier tells of the leg when it is found."""
        leg = self._registry.legs[leg_id]
        contact = leg.contact
        assert contact is not None
        if not self._state.trunks.is_up(leg.host):
            self.await_outcome(contact, now)
            if self._state.trunks.any_up:
                # Whatever has become of it, nobody is to be found ringing there any more.
                self._matching.let_go_until_found(contact, now)
            return
        if contact.ring_started_at is not None:
            overdue_at = contact.ring_started_at + contact.ring_timeout + self._state.config.originate_grace
            if overdue_at > now:
                self._state.timers.set(overdue_at, _ORIGINATE_OVERDUE, leg_id)
                return
        self._endings.hang_up(leg, now)
        self._endings.customer_left(contact, HangupCause.LOST, now)

    def detection_overdue(self, leg_id: str, now: Instant) -> None:
        """Detection never came to a result: whoever is there is not left alone, and counts as undecided."""
        self.detection_ended(DetectionEnded(leg_id, DetectionStatus.AMD_UNRESOLVED), now)

    def agent_ring_overdue(self, leg_id: str, now: Instant) -> None:
        """The agent's phone has rung for as long as it may, or what was to be bridged was not. On a host that is lost
        that is known of nobody; for no contact, the phone can be rung on another."""
        leg = self._registry.legs[leg_id]
        contact = leg.contact
        if not self._state.trunks.is_up(leg.host) and (contact is not None or not self._state.trunks.hosts_up):
            # It is not the agent who does not answer.
            self._state.timers.set(now + self._state.config.agent_ring_timeout, _AGENT_RING_OVERDUE, leg_id)
            return
        if leg.session_of is not None:
            self._lose_session(leg, now)
        self._endings.hang_up(leg, now)
        if contact is not None:
            why = AgentEvent.VOID if leg.up_since is not None else AgentEvent.MISS
            self._endings.agent_left(contact, why, now)

    def hang_up_overdue(self, leg_id: str, now: Instant) -> None:
        """The carrier has not confirmed the end of a leg: it no longer holds a line."""
        self.ended(leg_id, HangupCause.LOST, now)

    def _detected(
        self,
        contact: Contact,
        detection: DetectionStatus | None,
        now: Instant,
        greeting_started_at: Instant | None,
        greeting_ended_at: Instant | None,
    ) -> None:
        contact.state = after(CONTACT, contact.state, _DETECT)
        contact.detection = detection
        contact.live = detection in LIVE_DETECTIONS
        self._registry.decide(contact)
        clock = contact.campaign.settings.abandonment.clock
        contact.live_at = clock_start(clock, contact.answered_at or now, greeting_started_at, greeting_ended_at, now)
        self._state.out.change(
            ContactDetected(contact.contact_id, now, detection, greeting_started_at, greeting_ended_at)
        )
        contact.campaign.pacer.attempt_ended(now - contact.attempted_at, live=contact.live)
        if contact.live:
            self._live_answers.detected(contact, now)
        else:
            self._registry.take_from_flight(contact)
            self._matching.end_reservation(contact, now)
        self._flows.start(contact)
