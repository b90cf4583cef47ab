"""The life of a contact from its attempt to its end: what each report of carrier and flow means for it.

Decides dispositions, who takes a live answer, and what counts in the ledger. It must not know how many contacts are
dialed, nor when.
"""

from __future__ import annotations

from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    AttemptVoided,
    ContactAbandoned,
    ContactAnswered,
    ContactConnected,
    ContactConnecting,
    ContactDetected,
    ContactEnded,
    ContactQueued,
    ContactRequeued,
    LedgerCounted,
    Refusal,
)
from trunkcall.domain.contact import (
    LIVE_DETECTIONS,
    ContactState,
    DetectionStatus,
    DisconnectReason,
    Disposition,
)
from trunkcall.domain.errors import IllegalTransitionError
from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import HangupCause, LegParty, LegState
from trunkcall.domain.transitions import AWAITING_AN_AGENT, CONTACT, LEG, AgentEvent, ContactEvent, LegEvent, after
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.commands import BridgeLegs, HangUp, OriginateAgentLeg
from trunkcall.engine.contact import Contact, Leg
from trunkcall.engine.endings import ANSWERED, MACHINES, UNANSWERED, left_in_flow, unreached
from trunkcall.engine.events import DetectionEnded, LegsBridged
from trunkcall.engine.ledger import clock_start
from trunkcall.engine.roster import Agent
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind


class ContactLife:
    """Carries contacts from answer to end."""

    __slots__ = ("_state",)

    def __init__(self, state: EngineState) -> None:
        self._state = state

    # --- reports about legs -----------------------------------------------------------------------------------------

    def rang(self, leg_id: str, now: Instant) -> None:
        """A leg rings. Reports of legs that are over or unknown change nothing, here and below, but that such a leg is
        hung up: a carrier may be late, repeat itself, or have outlived a former engine."""
        leg = self._state.registry.legs.get(leg_id)
        if leg is None:
            # Nobody may be rung for nothing.
            self._state.out.do(HangUp(leg_id))
            return
        if leg.state is not LegState.ORIGINATING:
            return
        leg.state = after(LEG, leg.state, LegEvent.RING)
        if leg.party is LegParty.CUSTOMER and leg.contact is not None:
            leg.contact.ring_started_at = now

    def answered(self, leg_id: str, now: Instant) -> None:
        leg = self._state.registry.legs.get(leg_id)
        if leg is None or leg.contact is None:
            # Nobody may be left listening to nothing.
            self._state.out.do(HangUp(leg_id))
            return
        if leg.state is LegState.UP:
            return
        leg.state = after(LEG, leg.state, LegEvent.ANSWER)
        contact = leg.contact
        if leg.party is LegParty.AGENT:
            self._state.out.do(BridgeLegs(contact.leg_id, leg_id), contact)
            return
        contact.state = after(CONTACT, contact.state, ContactEvent.ANSWER)
        contact.answered_at = now
        contact.campaign.statistics.answered += 1
        self._state.out.change(ContactAnswered(contact.contact_id, now, contact.ring_started_at))
        if contact.detects_machines:
            self._state.timers.set(now + self._state.config.detection_timeout, TimerKind.DETECTION_OVERDUE, leg_id)
        else:
            self._detected(contact, None, now, None, None)

    def detection_ended(self, event: DetectionEnded, now: Instant) -> None:
        leg = self._state.registry.legs.get(event.leg_id)
        if leg is None or leg.contact is None or leg.contact.state is not ContactState.ANSWERED:
            return
        detection = event.detection
        if detection not in LIVE_DETECTIONS and detection not in MACHINES:
            # Not a result that an answered leg can have: nothing is known of who is there.
            detection = DetectionStatus.AMD_UNRESOLVED
        self._detected(leg.contact, detection, now, event.greeting_started_at, event.greeting_ended_at)

    def detection_overdue(self, leg_id: str, now: Instant) -> None:
        """Detection never came to a result: whoever is there is not left alone, and counts as undecided."""
        self.detection_ended(DetectionEnded(leg_id, DetectionStatus.AMD_UNRESOLVED), now)

    def bridged(self, event: LegsBridged, now: Instant) -> None:
        leg = self._state.registry.legs.get(event.agent_leg_id)
        contact = leg.contact if leg is not None else None
        if contact is None or contact.state is not ContactState.CONNECTING or contact.leg_id != event.customer_leg_id:
            return
        agent = self._agent_of(contact)
        contact.state = after(CONTACT, contact.state, ContactEvent.BRIDGE)
        self._state.roster.step(agent, AgentEvent.BRIDGE, now)
        contact.campaign.statistics.connected += 1
        self._state.out.change(ContactConnected(contact.contact_id, agent.agent_id, now))

    def ended(self, leg_id: str, cause: HangupCause, now: Instant) -> None:
        leg = self._state.registry.remove_leg(leg_id)
        if leg is None:
            return
        contact = leg.contact
        if contact is None:
            return
        if leg.party is LegParty.CUSTOMER:
            self._customer_left(contact, cause, now)
        else:
            # An agent whose leg the carrier lost has missed nothing.
            self._agent_leg_ended(contact, AgentEvent.VOID if cause is HangupCause.LOST else AgentEvent.MISS, now)

    def originate_overdue(self, leg_id: str, now: Instant) -> None:
        """The carrier has not said in time what became of a leg: it is told to end it, and the contact ends."""
        leg = self._state.registry.legs.get(leg_id)
        if leg is None or leg.contact is None or leg.state is LegState.UP:
            return
        contact = leg.contact
        self._hang_up(leg, now)
        self._customer_left(contact, HangupCause.LOST, now)

    def agent_ring_overdue(self, leg_id: str, now: Instant) -> None:
        leg = self._state.registry.legs.get(leg_id)
        if leg is None or leg.contact is None or leg.contact.state is not ContactState.CONNECTING:
            return
        if not self._state.carrier_up:
            # It is not the agent who does not answer.
            self._state.timers.set(now + self._state.config.agent_ring_timeout, TimerKind.AGENT_RING_OVERDUE, leg_id)
            return
        contact = leg.contact
        self._hang_up(leg, now)
        self._agent_leg_ended(contact, AgentEvent.MISS, now)

    def hang_up_overdue(self, leg_id: str, now: Instant) -> None:
        """The carrier has not confirmed the end of a leg: it no longer holds a line."""
        leg = self._state.registry.legs.get(leg_id)
        if leg is not None and leg.contact is None:
            self.ended(leg_id, HangupCause.LOST, now)

    # --- attempts that never were ---------------------------------------------------------------------------------

    def voided(self, leg_id: str, now: Instant) -> None:
        """The originate never left: the contact is the next one again."""
        leg = self._state.registry.legs.get(leg_id)
        if leg is None:
            return
        contact = leg.contact
        if contact is None or contact.restored or leg.party is LegParty.AGENT:
            # Its contact is over already; or a customer waits for an agent who will not come; or it was a former dialer
            # that originated, and nobody here can say that it never left. A leg that never was is one that has ended.
            lost = not self._state.carrier_up or leg.party is LegParty.CUSTOMER
            self.ended(leg_id, HangupCause.LOST if lost else HangupCause.UNREACHABLE, now)
            return
        if contact.state is not ContactState.DIALING:
            return
        contact.state = after(CONTACT, contact.state, ContactEvent.VOID)
        self._forget_attempt(contact, now)
        self._state.out.change(AttemptVoided(contact.contact_id, contact.campaign.campaign_id, now))
        self._state.held_until = now + self._state.config.void_backoff
        self._state.timers.set(self._state.held_until, TimerKind.PACE)
        if not contact.campaign.over:
            contact.campaign.window.put_back(contact.offered)

    def refused(self, contact_id: str, refusal: Refusal, now: Instant) -> None:
        """The store did not let the attempt be made."""
        contact = self._state.registry.contact(contact_id)
        if contact.state is not ContactState.DIALING:
            raise IllegalTransitionError("only an attempt that was just begun can be refused; nothing was changed")
        self._forget_attempt(contact, now)
        if refusal is Refusal.CAMPAIGN_NOT_RUNNING:
            contact.campaign.blocked = True
            if not contact.campaign.over:
                contact.campaign.window.put_back(contact.offered)

    def left_out(self, contact_id: str, now: Instant) -> None:
        """Nothing more of the contact is on record, so nothing more is done for it: it is hung up. A talk is left to
        those who are in it."""
        contact = self._state.registry.contacts.get(contact_id)
        if contact is not None and contact.state is not ContactState.CONNECTED:
            self._hang_up(self._state.registry.legs[contact.leg_id], now)
            self._customer_left(contact, HangupCause.HUNG_UP_BY_US, now)

    def _forget_attempt(self, contact: Contact, now: Instant) -> None:
        contact.campaign.statistics.attempts -= 1
        self._state.registry.remove_leg(contact.leg_id)
        self._state.registry.remove(contact)
        self._end_reservation(contact, now)

    # --- the flow -----------------------------------------------------------------------------------------------------

    def _detected(
        self,
        contact: Contact,
        detection: DetectionStatus | None,
        now: Instant,
        greeting_started_at: Instant | None,
        greeting_ended_at: Instant | None,
    ) -> None:
        contact.state = after(CONTACT, contact.state, ContactEvent.DETECT)
        contact.detection = detection
        contact.live = detection in LIVE_DETECTIONS
        clock = self._state.config.abandonment_clock
        contact.live_at = clock_start(clock, contact.answered_at or now, greeting_started_at, greeting_ended_at, now)
        self._state.out.change(
            ContactDetected(contact.contact_id, now, detection, greeting_started_at, greeting_ended_at)
        )
        contact.campaign.pacer.attempt_ended(now - contact.attempted_at, live=contact.live)
        if contact.live:
            contact.campaign.statistics.live_answers += 1
            if contact.campaign.pacer.needs_agents:
                self._count(contact, now, live_answers=1)
        else:
            self._state.registry.take_from_flight(contact)
            self._end_reservation(contact, now)
        self.start_flow(contact)

    def start_flow(self, contact: Contact) -> None:
        """The contact's flow is to begin, or to begin anew."""
        contact.flow_step = None
        self._state.flows_due.append(contact)

    def transfer_to_queue(self, contact: Contact, now: Instant) -> None:
        """The flow has put the contact into its campaign's queue."""
        contact_id, queue_id = contact.contact_id, contact.campaign.settings.queue_id
        if queue_id is None:
            self.disconnect(contact, now)
            return
        contact.state = after(CONTACT, contact.state, ContactEvent.QUEUE)
        self._state.out.change(ContactQueued(contact_id, queue_id, now))
        config = self._state.config
        self._state.timers.set(contact.live_at + config.abandonment_threshold, TimerKind.ABANDONMENT, contact_id)
        contact.queued_until = now + config.queue_limit
        self._state.timers.set(contact.queued_until, TimerKind.QUEUE_LIMIT, contact_id)
        if not self._state.carrier_up:
            self._state.kept_waiting = True
            self._state.roster.queue(queue_id).waiting[contact_id] = contact
            self._end_reservation(contact, now)
            return
        agent = self._agent_for(contact, queue_id)
        if agent is not None:
            self._assign(contact, agent, now)
        else:
            self._state.roster.queue(queue_id).waiting[contact_id] = contact

    def disconnect(self, contact: Contact, now: Instant) -> None:
        """The flow is done with the contact."""
        contact.flow_ended = True
        self._hang_up(self._state.registry.legs[contact.leg_id], now)
        self._customer_left(contact, HangupCause.HUNG_UP_BY_US, now)

    def abandonment_due(self, contact_id: str, now: Instant) -> None:
        """The limit has passed: if no agent has come by now, it is an abandonment, whatever happens next."""
        contact = self._state.registry.contacts.get(contact_id)
        if contact is not None and contact.state in AWAITING_AN_AGENT:
            self._abandon(contact, now)

    def queue_limit_due(self, contact_id: str, now: Instant) -> None:
        contact = self._state.registry.contacts.get(contact_id)
        if contact is not None and contact.state is ContactState.QUEUED:
            self.disconnect(contact, now)

    # --- agents -------------------------------------------------------------------------------------------------------

    def registered(self, agent_id: str, queue_ids: tuple[str, ...], now: Instant) -> None:
        """An agent is new, or serves other queues: whoever waits there, or was to be served here, hears of it."""
        agent = self._state.roster.register(agent_id, queue_ids, now)
        if agent.reserved_for is not None and agent.reserved_for.campaign.settings.queue_id not in queue_ids:
            self._keep_another(agent)
        self.agent_freed(agent, now)

    def status_set(self, agent: Agent, status: AgentStatus, now: Instant) -> None:
        """An agent asks for a status; during a contact it takes effect once the contact is done with."""
        match agent.state:
            case AgentState.CONNECTING | AgentState.CONNECTED:
                self._state.roster.intend(agent, status)
                return
            case AgentState.AFTER_CONTACT_WORK:
                if status is AgentStatus.AVAILABLE and agent.next_status is not None:
                    status = agent.next_status
                if agent.contact is not None:
                    self._state.out.change(AfterContactWorkEnded(agent.contact.contact_id, now))
                    agent.contact.campaign.pacer.work_ended(now - agent.since)
                    agent.contact = None
            case AgentState.OFFLINE | AgentState.AVAILABLE | AgentState.ON_BREAK:
                pass
        agent.next_status = None
        self._become(agent, status, now)

    def _become(self, agent: Agent, status: AgentStatus, now: Instant) -> None:
        match status, agent.state:
            case (AgentStatus.AVAILABLE, AgentState.AVAILABLE) | (AgentStatus.BREAK, AgentState.ON_BREAK):
                return
            case AgentStatus.OFFLINE, AgentState.OFFLINE:
                return
            case AgentStatus.AVAILABLE, _:
                self._state.roster.step(agent, AgentEvent.COME, now)
                self.agent_freed(agent, now)
                return
            case AgentStatus.BREAK, _:
                event = AgentEvent.TAKE_BREAK
            case _:
                event = AgentEvent.LEAVE
        self._state.roster.step(agent, event, now)
        self._keep_another(agent)

    def unheard(self, agent: Agent) -> None:
        """Nothing is heard of the agent any more. A contact in progress goes on; a dial gets another agent."""
        self._state.roster.hear(agent, heard=False)
        self._keep_another(agent)

    def heard(self, agent: Agent, now: Instant) -> None:
        """The agent is heard of again, and free at once if available."""
        self._state.roster.hear(agent, heard=True)
        self.agent_freed(agent, now)

    def _keep_another(self, agent: Agent) -> None:
        """The dial that the agent is kept for, if there is one, gets another."""
        contact = agent.reserved_for
        if contact is not None:
            self._state.roster.unreserve(contact)
            self.reserve(contact)

    def agent_freed(self, agent: Agent, now: Instant) -> None:
        """A free agent takes whoever waits longest; failing that, is kept for a dial whose agent has left."""
        if not agent.is_free:
            return
        longest: Contact | None = None
        connects = self._state.carrier_up
        self._state.kept_waiting |= not connects
        for queue_id in agent.queue_ids if connects else ():
            head = next(iter(self._state.roster.queue(queue_id).waiting.values()), None)
            if head is not None and (longest is None or head.live_at < longest.live_at):
                longest = head
        if longest is not None:
            self._assign(longest, agent, now)
            return
        for campaign in self._state.campaigns.values():
            without_agent = self._state.registry.of(campaign).without_agent
            if without_agent and campaign.settings.queue_id in agent.queue_ids:
                self.reserve(next(iter(without_agent.values())))
                return

    def match(self, now: Instant) -> None:
        """Whoever had to wait for the carrier is put through to the agents there are."""
        if not self._state.kept_waiting or not self._state.carrier_up:
            return
        self._state.kept_waiting = False
        for queue_id, queue in self._state.roster.queues.items():
            for contact in list(queue.waiting.values()):
                agent = self._agent_for(contact, queue_id)
                if agent is None:
                    break
                self._assign(contact, agent, now)

    def reserve(self, contact: Contact) -> None:
        """Keep a free agent for a dial whose agent has left; if there is none, the next who is freed."""
        queue_id = contact.campaign.settings.queue_id
        if queue_id is not None and self._state.roster.reserve(queue_id, contact):
            self._state.registry.wants_no_agent(contact)
        else:
            self._state.registry.wants_agent(contact)

    def _end_reservation(self, contact: Contact, now: Instant) -> None:
        """The contact needs no agent any more: the one who was kept for it is free."""
        self._state.registry.wants_no_agent(contact)
        agent = self._state.roster.unreserve(contact)
        if agent is not None:
            self.agent_freed(agent, now)

    def _agent_for(self, contact: Contact, queue_id: str) -> Agent | None:
        """The agent kept for this contact; else the one of its queue who has been free longest; else, one to one, an
        agent kept for a dial that nobody has answered: a live answer is here, that dial may never be one. Where nobody
        else is at work, one of whom nothing is heard: a phone that may ring in vain is better than nobody at all."""
        self._state.registry.wants_no_agent(contact)
        agent = self._state.roster.unreserve(contact)
        if agent is not None:
            return agent
        agent = self._state.roster.first_free(queue_id)
        if agent is None and contact.campaign.pacer.one_to_one:
            agent = self._agent_of_a_dial(contact.campaign, queue_id)
        return agent or self._state.roster.last_resort(queue_id)

    def _agent_of_a_dial(self, campaign: CampaignDialing, queue_id: str) -> Agent | None:
        """An agent of the queue who is kept for a dial that nobody has answered, of this campaign or else another."""
        roster = self._state.roster
        others = [other for other in self._state.campaigns.values() if other is not campaign]
        for dialing in (campaign, *others):
            for dial in self._state.registry.of(dialing).in_flight.values():
                kept = dial.reserved_agent_id
                if kept is None or dial.state is not ContactState.DIALING:
                    continue
                if queue_id in roster.agents[kept].queue_ids:
                    self._state.registry.wants_agent(dial)
                    return roster.unreserve(dial)
        return None

    def _assign(self, contact: Contact, agent: Agent, now: Instant) -> None:
        state = self._state
        queue_id = contact.campaign.settings.queue_id
        if queue_id is not None:
            state.roster.queue(queue_id).waiting.pop(contact.contact_id, None)
        state.registry.take_from_flight(contact)
        contact.state = after(CONTACT, contact.state, ContactEvent.ASSIGN)
        agent.contact = contact
        agent.handling_since = now
        state.roster.step(agent, AgentEvent.ASSIGN, now)
        leg_id = state.new_id()
        contact.agent_id = agent.agent_id
        contact.agent_leg_id = leg_id
        state.registry.enter_agent_leg(leg_id, contact)
        timeout = state.config.agent_ring_timeout
        self._state.out.change(ContactConnecting(contact.contact_id, agent.agent_id, leg_id, now))
        state.out.do(OriginateAgentLeg(leg_id, agent.agent_id, contact.leg_id, timeout), contact)
        state.timers.set(now + timeout, TimerKind.AGENT_RING_OVERDUE, leg_id)

    def _agent_leg_ended(self, contact: Contact, why: AgentEvent, now: Instant) -> None:
        agent = self._agent_of(contact)
        if contact.state is ContactState.CONNECTED:
            self._hang_up(self._state.registry.legs[contact.leg_id], now)
            self._end(contact, Disposition.CONNECTED_TO_AGENT, DisconnectReason.AGENT_DISCONNECT, now)
            self._release(agent, now)
            return
        contact.state = after(CONTACT, contact.state, ContactEvent.REQUEUE)
        contact.agent_id = contact.agent_leg_id = agent.contact = None
        status, agent.next_status = agent.next_status, None
        self._state.roster.step(agent, why, now)
        if status is AgentStatus.OFFLINE or (why is AgentEvent.VOID and status is AgentStatus.BREAK):
            self._become(agent, status, now)
        self._state.out.change(ContactRequeued(contact.contact_id, now))
        self._state.registry.put_in_flight(contact)
        queue_id = contact.campaign.settings.queue_id
        if queue_id is None:
            return
        other = self._agent_for(contact, queue_id) if self._state.carrier_up else None
        if other is not None:
            self._assign(contact, other, now)
        else:
            waiting = self._state.roster.queue(queue_id).waiting
            others = dict(waiting)
            waiting.clear()
            waiting[contact.contact_id] = contact
            waiting.update(others)
            self.agent_freed(agent, now)
            if now >= contact.queued_until:
                self.disconnect(contact, now)

    def _release(self, agent: Agent, now: Instant) -> None:
        """The contact is over for the agent; what is left is work after it."""
        self._state.roster.step(agent, AgentEvent.RELEASE, now)
        if agent.contact is not None:
            agent.contact.campaign.pacer.talk_ended(now - agent.handling_since)

    # --- ends -------------------------------------------------------------------------------------------------------

    def _customer_left(self, contact: Contact, cause: HangupCause, now: Instant) -> None:
        agent = self._state.roster.agents.get(contact.agent_id) if contact.agent_id is not None else None
        reason = (
            DisconnectReason.CONTACT_FLOW_DISCONNECT
            if contact.flow_ended
            else ANSWERED.get(cause, DisconnectReason.CUSTOMER_DISCONNECT)
        )
        match contact.state:
            case ContactState.DIALING:
                disposition, unanswered_reason, detection = UNANSWERED[cause]
                if not contact.detects_machines:
                    detection = None
                contact.campaign.pacer.attempt_ended(now - contact.attempted_at, live=False)
                self._end(contact, disposition, unanswered_reason, now, detection=detection)
            case ContactState.ANSWERED:
                contact.campaign.pacer.attempt_ended(now - contact.attempted_at, live=False)
                self._end(contact, Disposition.CUSTOMER_HUNG_UP, reason, now, detection=DetectionStatus.AMD_UNRESOLVED)
            case ContactState.IN_FLOW:
                self._end(contact, left_in_flow(contact), reason, now)
            case ContactState.QUEUED:
                self._abandon(contact, now)
                self._end(contact, unreached(contact), reason, now)
            case ContactState.CONNECTING:
                assert agent is not None
                self._abandon(contact, now)
                self._hang_up_agent_leg(contact, now)
                self._end(contact, unreached(contact), reason, now)
                agent.contact = None
                status, agent.next_status = agent.next_status, None
                self._state.roster.step(agent, AgentEvent.CUSTOMER_LEFT, now)
                if status is not None and status is not AgentStatus.AVAILABLE:
                    self._become(agent, status, now)
                else:
                    self.agent_freed(agent, now)
            case ContactState.CONNECTED:
                assert agent is not None
                self._hang_up_agent_leg(contact, now)
                self._end(contact, Disposition.CONNECTED_TO_AGENT, reason, now)
                self._release(agent, now)
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
        state = self._state
        campaign = contact.campaign
        contact.state = after(CONTACT, contact.state, ContactEvent.END)
        state.registry.remove(contact)
        queue_id = campaign.settings.queue_id
        if queue_id is not None:
            state.roster.queue(queue_id).waiting.pop(contact.contact_id, None)
        self._end_reservation(contact, now)
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
            ),
        )

    def _abandon(self, contact: Contact, now: Instant) -> None:
        """Enter one abandonment of a live answer, once. Only campaigns with agents have a ledger."""
        if contact.abandoned or not contact.live:
            return
        contact.abandoned = True
        self._state.out.change(ContactAbandoned(contact.contact_id, now))
        if contact.campaign.pacer.needs_agents:
            contact.campaign.statistics.abandoned += 1
            contact.campaign.pacer.abandoned()
            self._count(contact, now, abandoned=1)

    def _count(self, contact: Contact, now: Instant, *, live_answers: int = 0, abandoned: int = 0) -> None:
        contact.campaign.ledger.count(now, live_answers=live_answers, abandoned=abandoned)
        self._state.out.change(LedgerCounted(contact.campaign.campaign_id, now, live_answers, abandoned))

    def _hang_up_agent_leg(self, contact: Contact, now: Instant) -> None:
        if contact.agent_leg_id is not None and contact.agent_leg_id in self._state.registry.legs:
            self._hang_up(self._state.registry.legs[contact.agent_leg_id], now)

    def _hang_up(self, leg: Leg, now: Instant) -> None:
        contact, leg.contact = leg.contact, None
        self._state.out.do(HangUp(leg.leg_id), contact)
        self._state.timers.set(now + self._state.config.hang_up_grace, TimerKind.HANG_UP_OVERDUE, leg.leg_id)

    def _agent_of(self, contact: Contact) -> Agent:
        assert contact.agent_id is not None
        return self._state.roster.agents[contact.agent_id]
