"""Steps the flows of answered contacts, within the turn in which they are to go on.

Decides what each order of a flow means for its contact, that every step is recorded, and that nobody is left to a flow
that is over. It must not know how a flow comes to a step.
"""

from __future__ import annotations

from typing import Final, assert_never

from trunkcall.domain.contact import ContactState
from trunkcall.domain.flow import (
    Ask,
    Disconnect,
    Enqueue,
    FlowEvent,
    FlowHook,
    FlowOrder,
    FlowStep,
    GoOn,
    Hooks,
    Hush,
    Rank,
    Record,
    Say,
)
from trunkcall.domain.instants import Instant
from trunkcall.domain.recording import RecordingWish
from trunkcall.engine.beside import Beside
from trunkcall.engine.commands import AskFunction, PlayMessage
from trunkcall.engine.contact import Contact, play_id
from trunkcall.engine.endings import Endings
from trunkcall.engine.flow import FlowStepped, Resumption
from trunkcall.engine.live_answers import LiveAnswers
from trunkcall.engine.matching import Matching
from trunkcall.engine.recordings import Recordings
from trunkcall.engine.safe_harbour import SafeHarbour
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_IN_FLOW: Final = ContactState.IN_FLOW
_CONNECTING: Final = ContactState.CONNECTING
_CONNECTED: Final = ContactState.CONNECTED
_FLOW: Final = TimerKind.FLOW
_QUEUED: Final = FlowEvent.QUEUED
_QUEUE_FULL: Final = FlowEvent.QUEUE_FULL
_NOT_QUEUED: Final = FlowEvent.NOT_QUEUED

BEEPS: Final = 3
"""How many beeps of a machine have a message begin anew, so that one that does nothing else comes to an end."""
MOVES: Final = 100
"""How often a contact is moved from one queue to another at most."""
BOTH: Final = frozenset({"Agent", "Customer"})
"""Who is in a talk. A recording is of both of them."""


class FlowSteps:
    """Asks flows how they go on, and has done what they order."""

    __slots__ = ("_beside", "_endings", "_live_answers", "_matching", "_recordings", "_safe_harbour", "_state")

    def __init__(
        self,
        state: EngineState,
        matching: Matching,
        live_answers: LiveAnswers,
        endings: Endings,
        safe_harbour: SafeHarbour,
        recordings: Recordings,
        beside: Beside,
    ) -> None:
        self._state = state
        self._beside = beside
        self._matching = matching
        self._live_answers = live_answers
        self._endings = endings
        self._safe_harbour = safe_harbour
        self._recordings = recordings

    # --- what happens -------------------------------------------------------------------------------------------------

    def start(self, contact: Contact) -> None:
        """The contact's flow is to begin."""
        self._state.flows_due.append((contact, None))

    def resume(self, contact: Contact, playing: bool | None) -> None:
        """The contact's flow is to go on where it was; ``playing`` is whether something is played to the contact, None
        where the carrier cannot tell."""
        self._state.flows_due.append((contact, Resumption(playing)))

    def take_over(self, contact: Contact, now: Instant) -> None:
        """What the contact's flow has chosen while another dialer had it counts on."""
        step = self._state.flows.taken_over(contact.contact_id)
        self._state.out.steps.append(FlowStepped(contact.contact_id, step))
        for order in step.orders:
            self._carry_out(contact, order, now)

    def told(self, contact_id: str, what: FlowEvent) -> None:
        """Something has happened of which whoever runs the flow knows more. Without a flow that goes on it is
        nothing."""
        contact = self._state.registry.contacts.get(contact_id)
        if contact is not None:
            self._state.flows_due.append((contact, what))

    def timer_due(self, contact_id: str) -> None:
        """The instant has come until which the contact's flow wanted to wait."""
        contact = self._state.registry.contact(contact_id)
        contact.flow_until = None
        self._state.flows_due.append((contact, FlowEvent.TIMER))

    def message_ended(self, leg_id: str, play_id: str, *, heard: bool) -> None:
        """The message that a flow had played is over; whether it was heard. Any other changes nothing: the carrier may
        repeat itself, or speak of one that is not waited for any more."""
        contact = self._hears(leg_id)
        if contact is not None and contact.play_id == play_id:
            contact.play_id = None
            if contact.state is _IN_FLOW:
                contact.unheard = not heard
            self._state.flows_due.append((contact, FlowEvent.SAID if heard else FlowEvent.NOT_SAID))

    def beep_heard(self, leg_id: str) -> None:
        """A machine has beeped: what is said to it begins anew, as it records nothing before."""
        contact = self._hears(leg_id)
        if contact is not None and not contact.live and contact.play_id is not None and contact.beeps < BEEPS:
            contact.beeps += 1
            self._state.flows_due.append((contact, FlowEvent.BEEP))

    def _hears(self, leg_id: str) -> Contact | None:
        """The contact whose flow has the leg."""
        leg = self._state.registry.legs.get(leg_id)
        contact = leg.contact if leg is not None else None
        return contact if contact is not None and (contact.state is _IN_FLOW or contact.flow_goes_on) else None

    # --- steps --------------------------------------------------------------------------------------------------------

    def step(self, now: Instant) -> None:
        """Take the next step of each flow that is to go on."""
        due = self._state.flows_due
        while due:
            contact, what = due.popleft()
            if isinstance(what, FlowHook):
                self._begin_beside(contact, what, now)
            elif contact.state is _IN_FLOW or contact.flow_goes_on:
                self._go_on(contact, self._next_step(contact, what, now), now)

    def _begin_beside(self, contact: Contact, hook: FlowHook, now: Instant) -> None:
        leg_id = self._beside.begin(contact, hook)
        if leg_id is not None:
            contact.flow_begun, contact.hook = True, hook
            campaign_id = contact.campaign.campaign_id
            self._go_on(contact, self._state.flows.beside(contact.contact_id, campaign_id, leg_id, hook, now), now)

    def _next_step(self, contact: Contact, what: FlowEvent | Resumption | None, now: Instant) -> FlowStep | None:
        flows, contact_id = self._state.flows, contact.contact_id
        if isinstance(what, FlowEvent):
            return flows.heard(contact_id, what, now) if contact.flow_goes_on else None
        campaign_id, leg_id, detection = contact.campaign.campaign_id, contact.leg_id, contact.detection
        contact.flow_begun = True
        if what is None:
            return flows.started(contact_id, campaign_id, leg_id, detection=detection, now=now)
        step = flows.resumed(contact_id, campaign_id, leg_id, detection=detection, playing=what.playing, now=now)
        if step.said_at is not None:
            contact.play_id = play_id(leg_id, step.said_at)
        return step

    def _go_on(self, contact: Contact, step: FlowStep | None, now: Instant) -> None:
        """Carry out a step, and those that follow from it at once."""
        turned_away = False
        while step is not None:
            told = self._take(contact, step, now)
            if told is None:
                return
            step = self._state.flows.heard(contact.contact_id, told, now)
            turned_away |= told is _QUEUE_FULL and contact.state is _IN_FLOW
            if turned_away and told is not _QUEUED and not any(isinstance(order, Enqueue) for order in step.orders):
                # No agent will come for the contact.
                turned_away = False
                self._live_answers.abandon(contact, now)
                self._matching.give_up(contact, now)

    def _take(self, contact: Contact, step: FlowStep, now: Instant) -> FlowEvent | None:
        """Carry out a step. Returns what the flow is to be told of it at once, if anything."""
        state = self._state
        state.out.steps.append(FlowStepped(contact.contact_id, step))
        contact.flow_goes_on = not step.is_over
        self._wait_until(contact, step.until if contact.flow_goes_on else None)
        before = contact.state
        for order in step.orders:
            told = self._carry_out(contact, order, now)
            if told is not None:
                return told
            if contact.state is not before:
                return None
        if step.is_over and before is _IN_FLOW:
            self._disconnect(contact, now)
        elif step.is_over and contact.hook is not None:
            self._beside.is_over(contact, now)
        return None

    def _wait_until(self, contact: Contact, until: Instant | None) -> None:
        if until == contact.flow_until:
            return
        contact.flow_until = until
        if until is not None:
            self._state.timers.set(until, _FLOW, contact.contact_id)
        else:
            self._state.timers.stop(_FLOW, contact.contact_id)

    # --- orders -------------------------------------------------------------------------------------------------------

    def _carry_out(self, contact: Contact, order: FlowOrder, now: Instant) -> FlowEvent | None:
        """Returns what the flow is to be told of it at once, if anything."""
        match order:
            # The most frequent first: each case is tried in turn.
            case Enqueue():
                return self._enqueue(contact, order, now)
            case Say():
                self._beside.hush(contact)
                leg_id = contact.says_to or contact.leg_id
                contact.play_id = contact.new_play_id(now)
                deed = PlayMessage(leg_id, contact.play_id, contact.contact_id, order.flow_id, order.action_id)
                self._state.out.do(deed, contact)
            case Hush():
                self._beside.hush(contact)
            case Disconnect():
                if not _is_with_an_agent(contact):
                    self._disconnect(contact, now)
            case Ask():
                self._state.out.do(AskFunction(contact.contact_id), contact)
            case Rank():
                contact.priority = contact.priority if order.priority is None else order.priority
                contact.adjustment = contact.adjustment if order.adjustment is None else order.adjustment
                self._matching.ranked(contact)
            case Record():
                wish = RecordingWish.START if BOTH.issubset(order.participants) else RecordingWish.STOP
                self._recordings.wished(contact, wish, now)
            case Hooks():
                contact.hooks = order.hooks
            case GoOn():
                pass
            case _:
                assert_never(order)
        return None

    def _enqueue(self, contact: Contact, order: Enqueue, now: Instant) -> FlowEvent:
        queue_id = order.queue_id or contact.campaign.agent_queue_id
        if queue_id is None or _is_with_an_agent(contact):
            return _NOT_QUEUED
        if contact.state is ContactState.QUEUED:
            contact.moves += 1
            if contact.moves > MOVES:
                return _NOT_QUEUED
            return _QUEUED if self._matching.move(contact, queue_id, now) else _QUEUE_FULL
        if not self._matching.enqueue(contact, queue_id, now):
            return _QUEUE_FULL
        self._beside.hush(contact)
        return _QUEUED

    def _disconnect(self, contact: Contact, now: Instant) -> None:
        """The flow is done with the contact. Whoever found the queue full hears the safe-harbour message before."""
        if contact.abandoned and contact.state is _IN_FLOW:
            self._safe_harbour.queue_is_full(contact, now)
        else:
            self._endings.disconnect(contact, now)


def _is_with_an_agent(contact: Contact) -> bool:
    """Whether its flow is heard beside an agent, from whom no flow takes anybody away."""
    return contact.state is _CONNECTING or contact.state is _CONNECTED
