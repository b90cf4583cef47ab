"""Steps the flows of answered contacts, within the turn in which they are to go on.

Decides what each action of a flow means for its contact, and that every step is recorded. It must not know how a flow
comes to a step.
"""

from __future__ import annotations

from typing import Final, assert_never

from trunkcall.domain.contact import ContactState
from trunkcall.domain.flow import FlowAction, FlowStep
from trunkcall.domain.instants import Instant
from trunkcall.engine.commands import PlayMessage
from trunkcall.engine.contact import Contact, play_id
from trunkcall.engine.endings import Endings
from trunkcall.engine.flow import FlowStepped
from trunkcall.engine.live_answers import LiveAnswers
from trunkcall.engine.matching import Matching
from trunkcall.engine.safe_harbour import SafeHarbour
from trunkcall.engine.state import EngineState

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_IN_FLOW: Final = ContactState.IN_FLOW


class FlowSteps:
    """Asks flows how they go on."""

    __slots__ = ("_endings", "_live_answers", "_matching", "_safe_harbour", "_state")

    def __init__(
        self,
        state: EngineState,
        matching: Matching,
        live_answers: LiveAnswers,
        endings: Endings,
        safe_harbour: SafeHarbour,
    ) -> None:
        self._state = state
        self._matching = matching
        self._live_answers = live_answers
        self._endings = endings
        self._safe_harbour = safe_harbour

    def start(self, contact: Contact) -> None:
        """The contact's flow is to begin, or to begin anew."""
        contact.flow_step = contact.play_id = None
        self._state.flows_due.append(contact)

    def message_ended(self, leg_id: str, play_id: str, *, heard: bool) -> None:
        """The message that a flow had played is over; whether it was heard. Any other changes nothing: the carrier may
        repeat itself, or speak of one that a former dialer had played."""
        leg = self._state.registry.legs.get(leg_id)
        contact = leg.contact if leg is not None else None
        if contact is not None and contact.state is _IN_FLOW and contact.play_id == play_id:
            contact.play_id = None
            contact.unheard = contact.unheard or not heard
            self._state.flows_due.append(contact)

    def step(self, now: Instant) -> None:
        """Take the next step of each flow that is to go on."""
        due = self._state.flows_due
        while due:
            contact = due.popleft()
            if contact.state is _IN_FLOW:
                step = self._next_step(contact)
                self._state.out.steps.append(FlowStepped(contact.contact_id, step))
                self._take(contact, step, now)

    def _next_step(self, contact: Contact) -> FlowStep:
        campaign, flows = contact.campaign, self._state.flows
        if contact.flow_step is not None:
            return flows.message_ended(contact.contact_id, campaign.campaign_id, contact.flow_step)
        has_queue = campaign.settings.queue_id is not None and campaign.pacer.needs_agents
        return flows.started(contact.contact_id, campaign.campaign_id, detection=contact.detection, has_queue=has_queue)

    def _take(self, contact: Contact, step: FlowStep, now: Instant) -> None:
        contact.flow_step = step
        match step.action:
            case FlowAction.TRANSFER_CONTACT_TO_QUEUE:
                queue_id = contact.campaign.settings.queue_id
                if queue_id is None:
                    self._endings.disconnect(contact, now)
                elif not self._matching.enqueue(contact, queue_id, now):
                    self._queue_is_full(contact, now)
            case FlowAction.MESSAGE_PARTICIPANT:
                contact.play_id = play_id(contact.leg_id, now)
                deed = PlayMessage(contact.leg_id, contact.play_id, contact.contact_id, step.flow_id, step.action_id)
                self._state.out.do(deed, contact)
            case FlowAction.DISCONNECT_PARTICIPANT:
                self._endings.disconnect(contact, now)
            case _:
                assert_never(step.action)

    def _queue_is_full(self, contact: Contact, now: Instant) -> None:
        """No agent will come for the contact, so its flow is over."""
        self._live_answers.abandon(contact, now)
        self._safe_harbour.queue_is_full(contact, now)
