"""How contacts end: a side has left, the flow is done, or nobody has come in time.

Decides what the end of one side's leg means for the contact and the other side. Dispositions and reasons are those of
``dispositions``. It must not know how it was learned that a leg has ended.
"""

from __future__ import annotations

from typing import Final

from trunkcall.domain.changes import ContactEnded
from trunkcall.domain.contact import ContactState, DetectionStatus, DisconnectReason, Disposition
from trunkcall.domain.errors import IllegalTransitionError
from trunkcall.domain.instants import HOUR, SECOND, Duration, Instant
from trunkcall.domain.leg import HangupCause, LegState
from trunkcall.domain.transitions import CONTACT, AgentEvent, ContactEvent, after
from trunkcall.engine.availability import Availability
from trunkcall.engine.beside import Beside
from trunkcall.engine.contact import Contact, Leg
from trunkcall.engine.dispositions import ANSWERED, UNANSWERED, left_in_flow, left_undetected, unreached
from trunkcall.engine.live_answers import LiveAnswers
from trunkcall.engine.matching import Matching
from trunkcall.engine.recordings import Recordings
from trunkcall.engine.sessions import Sessions
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_END: Final = ContactEvent.END
_BY_US: Final = HangupCause.HUNG_UP_BY_US
_BY_FLOW: Final = DisconnectReason.CONTACT_FLOW_DISCONNECT
_CONNECTED_TO_AGENT: Final = Disposition.CONNECTED_TO_AGENT

HEARS_A_FLOW_FOR: Final[Duration] = HOUR
"""How long anybody waits in queues who hears a flow."""
BRIDGED_WITHIN: Final[Duration] = 1 * SECOND
"""How long it takes at most until the carrier tells that a customer was joined with an agent who is on the line."""


class Endings:
    """Ends contacts, and has legs hung up."""

    __slots__ = ("_availability", "_beside", "_live_answers", "_matching", "_recordings", "_sessions", "_state")

    def __init__(
        self,
        state: EngineState,
        sessions: Sessions,
        matching: Matching,
        availability: Availability,
        live_answers: LiveAnswers,
        recordings: Recordings,
        beside: Beside,
    ) -> None:
        self._state = state
        self._beside = beside
        self._sessions = sessions
        self._matching = matching
        self._availability = availability
        self._live_answers = live_answers
        self._recordings = recordings

    def disconnect(self, contact: Contact, now: Instant) -> None:
        """The flow is done with the contact."""
        contact.flow_ended = True
        self.hang_up(self._state.registry.legs[contact.leg_id], now)
        self.customer_left(contact, _BY_US, now)

    def left_out(self, contact_id: str, now: Instant) -> None:
        """Nothing more of the contact is on record, so nothing more is done for it: it is hung up. A talk is left to
        those who are in it."""
        contact = self._state.registry.contacts.get(contact_id)
        if contact is not None and contact.state is not ContactState.CONNECTED:
            self.hang_up(self._state.registry.legs[contact.leg_id], now)
            self.customer_left(contact, _BY_US, now)

    def opted_out(self, contact_id: str, now: Instant) -> None:
        """Somebody whose phone may ring has asked not to be called: it rings no more. That is no answer within the time
        that there was, as of one that has rung for as long as was asked for."""
        contact = self._state.registry.contacts.get(contact_id)
        if contact is not None and contact.state is ContactState.DIALING:
            self.hang_up(self._state.registry.legs[contact.leg_id], now)
            self.customer_left(contact, HangupCause.RING_TIMEOUT, now)

    def call_off_ringing(self, now: Instant) -> None:
        """Nobody will be there for who answers now: no customer's phone rings on. On a host that is lost nobody knows
        who has answered meanwhile: that is for the next dialer to find out."""
        for contact in list(self._state.registry.contacts.values()):
            leg = self._state.registry.legs.get(contact.leg_id)
            if contact.state is ContactState.DIALING and leg is not None and self._state.trunks.is_up(leg.host):
                self.hang_up(leg, now)
                self.customer_left(contact, _BY_US, now)

    def queue_limit_due(self, contact_id: str, now: Instant) -> None:
        """Nobody has come for as long as anybody may wait in silence. Whoever hears a flow meanwhile waits on, as long
        as that goes on, up to a limit of its own."""
        contact, limit = self._state.registry.contact(contact_id), self._state.config.queue_limit
        latest = contact.queued_until - limit + HEARS_A_FLOW_FOR
        if contact.flow_goes_on and now < latest:
            self._state.timers.set(min(now + limit, latest), TimerKind.QUEUE_LIMIT, contact_id)
        else:
            self.disconnect(contact, now)

    def hang_up(self, leg: Leg, now: Instant) -> None:
        """The leg is to end; it is no contact's any more, nor a session."""
        if leg.session_of is not None:
            self._sessions.let_go(leg, now)
        self._state.hang_up(leg, now)

    def agent_left(
        self,
        contact: Contact,
        why: AgentEvent,
        now: Instant,
        *,
        reason: DisconnectReason = DisconnectReason.AGENT_DISCONNECT,
    ) -> None:
        """The agent's leg has ended: after a talk the contact has, for this reason, before it another agent is to
        come."""
        assert contact.agent_id is not None
        agent = self._state.roster.agents[contact.agent_id]
        if contact.state is ContactState.CONNECTED:
            self.agent_ended(contact, now, reason=reason)
            return
        self._availability.let_go(agent, why, now)
        self._matching.requeue(contact, now)
        self._matching.agent_freed(agent, now)

    def agent_unheard(self, contact: Contact, now: Instant) -> None:
        """No sound comes from the agent's phone: whoever was joined with it has heard nobody, and nobody else is to be
        until the agent has seen to it."""
        if contact.state is not ContactState.CONNECTED:
            self.agent_left(contact, AgentEvent.FAIL, now)
            return
        assert contact.agent_id is not None
        self.hang_up(self._state.registry.legs[contact.leg_id], now)
        self._end(contact, _CONNECTED_TO_AGENT, DisconnectReason.TELECOM_PROBLEM, now)
        self._availability.let_go(self._state.roster.agents[contact.agent_id], AgentEvent.FAIL, now)

    def agent_ended(
        self, contact: Contact, now: Instant, *, reason: DisconnectReason = DisconnectReason.AGENT_DISCONNECT
    ) -> None:
        """The agent is done with the talk. A session stays up, if it is the session that they talked on."""
        assert contact.agent_id is not None
        self.hang_up(self._state.registry.legs[contact.leg_id], now)
        self._leave_agent_leg(contact, now)
        self._end(contact, _CONNECTED_TO_AGENT, reason, now)
        self._availability.release(self._state.roster.agents[contact.agent_id], now)

    def customer_left(self, contact: Contact, cause: HangupCause, now: Instant) -> None:
        """The customer's leg has ended, and the contact with it."""
        agent = self._state.roster.agents.get(contact.agent_id) if contact.agent_id is not None else None
        reason = _BY_FLOW if contact.flow_ended else ANSWERED[cause]
        match contact.state:
            # The most frequent first: a case costs as much as a call.
            case ContactState.DIALING:
                disposition, unanswered_reason, detection = UNANSWERED[cause]
                if not contact.detects_machines:
                    detection = None
                contact.campaign.pacer.attempt_ended(now - contact.attempted_at, live=False)
                self._end(contact, disposition, unanswered_reason, now, detection=detection)
            case ContactState.IN_FLOW:
                self._end(contact, left_in_flow(contact, cause), reason, now)
            case ContactState.CONNECTED:
                assert agent is not None
                self._leave_agent_leg(contact, now)
                self._end(contact, _CONNECTED_TO_AGENT, reason, now)
                self._availability.release(agent, now)
            case ContactState.ANSWERED:
                contact.campaign.pacer.attempt_ended(now - contact.attempted_at, live=False)
                disposition, detection = left_undetected(cause)
                self._end(contact, disposition, reason, now, detection=detection)
            case ContactState.QUEUED:
                self._live_answers.abandon(contact, now)
                self._end(contact, unreached(contact), reason, now)
            case ContactState.SAFE_HARBOUR:
                self._end(contact, unreached(contact), reason, now)
            case ContactState.CONNECTING:
                assert agent is not None
                self._live_answers.abandon(contact, now)
                self._leave_agent_leg(contact, now)
                self._end(contact, unreached(contact), reason, now)
                self._availability.let_go(agent, AgentEvent.CUSTOMER_LEFT, now)
                self._matching.agent_freed(agent, now)
            case ContactState.WAITING | ContactState.ENDED:
                raise IllegalTransitionError("a contact without a leg cannot be left; nothing was changed")

    def _end(
        self,
        contact: Contact,
        disposition: Disposition,
        reason: DisconnectReason,
        now: Instant,
        *,
        detection: DetectionStatus | None = None,
    ) -> None:
        state, campaign = self._state, contact.campaign
        self._recordings.contact_ends(contact, now)
        contact.state = after(CONTACT, contact.state, _END)
        state.registry.remove(contact)
        if contact.queue_id is not None:
            state.roster.queue(contact.queue_id).waiting.pop(contact.contact_id, None)
            if contact.is_elsewhere:
                state.forget_queues(contact.queue_id)
        contact.flow_goes_on = False
        if contact.flow_begun:
            state.flows.ended(contact.contact_id)
        self._matching.end_reservation(contact, now)
        campaign.statistics.dispositions[disposition] += 1
        state.out.change(
            ContactEnded(
                contact.contact_id,
                campaign.campaign_id,
                now,
                disposition,
                reason,
                detection,
                contact.ring_started_at,
                unheard=contact.unheard,
            ),
        )

    def _leave_agent_leg(self, contact: Contact, now: Instant) -> None:
        """The agent's leg ends with the contact; a session on which the agent is stays up, alone. Nobody's phone rings
        for somebody who has gone."""
        registry = self._state.registry
        leg = registry.legs.get(contact.agent_leg_id) if contact.agent_leg_id is not None else None
        if leg is None:
            return
        if leg.session_of is not None and leg.state is LegState.UP:
            assert contact.agent_id is not None
            asked_at = max(self._state.roster.agents[contact.agent_id].handling_since, contact.joined_at)
            whispers = contact.whispers
            self._beside.end_whispers(contact)
            self._beside.end_hold(contact)
            if whispers or contact.state is not ContactState.CONNECTING or now - asked_at <= BRIDGED_WITHIN:
                registry.keep_leg(leg)
                return
            # Of a leg that is gone untold the next customer would have as little.
            self._sessions.lost(leg, now)
        self.hang_up(leg, now)
