"""The flows of one dialer's contacts: runs them (``flows.running``) for the engine, and keeps what only flows may know.

Decides how what happens to a contact becomes an event of its flow and what a flow orders becomes a step of the engine,
and how a flow goes on after another dialer has had it. Texts, attributes, keys and answers stay in here: the engine is
told names of the flow alone. It must not know what an action does, nor who says or asks anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final, assert_never

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.changes import FlowProgressed
from trunkcall.domain.contact import CalledContact, DetectionStatus
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
    Taken,
)
from trunkcall.domain.instants import Instant
from trunkcall.domain.saying import Saying
from trunkcall.engine.commands import PlayMessage
from trunkcall.engine.events import FlowTold
from trunkcall.flows import progress as flows
from trunkcall.flows.acting import STANDING, act
from trunkcall.flows.document import Action, Flow
from trunkcall.flows.keeping import Kept, UnreadableProgressError, from_text, to_text
from trunkcall.flows.progress import Await, Ending, Progress, Purpose
from trunkcall.flows.running import by_this_clock, step
from trunkcall.service.campaign_queue import last_of, queue_of
from trunkcall.service.facts import KnownFacts
from trunkcall.service.flow_log import FlowLog
from trunkcall.service.flow_sayings import counts_as_said, saying_of
from trunkcall.service.flow_surroundings import FiguresOf, FlowSurroundings, Person
from trunkcall.service.functions import Answer, Asked, Question
from trunkcall.service.parsed_flows import ParsedFlows

log = logging.getLogger(__name__)

MAX_TRAIL: Final = 500
"""Actions of one contact that are on record. A flow may take four times as many."""
_MAX_KEYS: Final = 100
"""Keys of one contact that no flow has taken yet."""

_EVENTS: Final[Mapping[FlowEvent, flows.Event]] = {
    FlowEvent.SAID: flows.Said(),
    FlowEvent.NOT_SAID: flows.NotSaid(),
    FlowEvent.TIMER: flows.Timer(),
    FlowEvent.QUEUED: flows.Queued(),
    FlowEvent.QUEUE_FULL: flows.QueueFull(),
    FlowEvent.NOT_QUEUED: flows.NotQueued(),
    FlowEvent.NOT_ANSWERED: flows.NotAnswered(),
}
_IN_PLACE_OF_ANY: Final = FlowStep((Disconnect(),), is_over=True)
"""Of a contact whose flow nobody can go on with, or to whom nobody listens."""
_FAX: Final = DetectionStatus.FAX_MACHINE_DETECTED


@dataclass(slots=True)
class _Called:
    """A contact that was dialed: what its flow may look up. ``attributes`` are those with which its flow begins."""

    person: Person
    attributes: Mapping[str, str] = field(repr=False)
    run: _Run | None = None
    on_record: int = 0
    """How many actions are on record, or will be."""
    hooks: tuple[FlowHook, ...] = ()
    """What the engine was told that there are flows for."""


@dataclass(slots=True)
class _Run:
    """A contact's flow that goes on, or has come to its end."""

    leg_id: str
    at: Progress = field(repr=False)
    said_at: Instant | None = None
    """When what is being said was begun."""
    said_until: Instant | None = None
    """Until when it can have been heard at most where it ends with its dialer; None of what this dialer has begun, and
    where nobody knows."""
    saying: Saying | None = field(default=None, repr=False)
    """What is being said."""
    sayings: dict[tuple[str, str], Saying] = field(default_factory=dict, repr=False)
    """What was to be said in this turn, by flow and action."""
    turn: int = 0
    keys: list[str] = field(default_factory=list, repr=False)
    answer: Answer | None = field(default=None, repr=False)
    awaited: int | None = None
    """The number of the answer that the flow waits for."""
    taken: list[Taken] = field(default_factory=list)
    """Of what is not on record yet."""
    given: dict[str, str] = field(default_factory=dict, repr=False)
    """Attributes that are not on record yet."""
    noted: bool = False
    """Whether it stands elsewhere than is on record."""


class FlowRunner:
    """The port ``engine.flow`` for all contacts of one dialer. ``figures_of`` tells what a queue has of agents and
    contacts; ``served_until`` is until when another dialer is known to have had them, None where nobody knows."""

    def __init__(self, facts: KnownFacts, random: Random, served_until: Instant | None = None) -> None:
        self._facts = facts
        self._random = random
        self._served_until = served_until
        self._parsed = ParsedFlows()
        self._dialed: dict[str, tuple[Campaign, str, str | None, Mapping[str, str]]] = {}
        """What is known of contacts whose flow has not begun: most of them never answer."""
        self._called: dict[str, _Called] = {}
        """By contact, from the beginning of the flow to the end."""
        self._of_leg: dict[str, str] = {}
        """Contacts in a flow, by the customer's leg."""
        self._left: list[tuple[_Called, _Run]] = []
        """Whose flow was over in this turn, with their contact."""
        self._stepped: dict[str, _Called] = {}
        """Whose flow has gone on in this turn."""
        self._turn = 0
        self._asked = 0
        """How often anybody was asked."""
        self._asks: dict[str, list[Asked]] = {}
        """Functions that are to be asked after this turn or the last in which one was, by contact: some contacts are
        over by then."""
        self._asks_turn = 0
        self._asks_of_gone: list[Asked] = []
        self._log = FlowLog()
        self.figures_of: FiguresOf | None = None
        self.tell: Callable[[FlowTold], None] = _nobody
        """Told what has happened to a flow that the engine cannot know."""

    # --- contacts ---------------------------------------------------------------------------------------------------

    def attempted(
        self,
        contact_id: str,
        campaign: Campaign,
        phone_number: str,
        shown_number: str | None,
        attributes: Mapping[str, str],
    ) -> None:
        """Somebody is dialed, whose flow may begin."""
        self._dialed[contact_id] = campaign, phone_number, shown_number, attributes

    def restore(self, contacts: Iterable[CalledContact], campaigns: Mapping[str, Campaign]) -> None:
        """Take over whom another dialer has called."""
        for each in contacts:
            if (campaign := campaigns.get(each.campaign_id)) is None:
                continue
            person = Person(each.contact_id, campaign, each.phone_number, each.source_phone_number)
            attributes = {**each.attributes, **(each.flow_attributes or {})}
            called = self._called[each.contact_id] = _Called(person, attributes, on_record=each.flow_actions)
            if each.flow_progress is None:
                continue
            try:
                kept = from_text(each.flow_progress, attributes)
            except UnreadableProgressError as error:
                log.warning(
                    "a contact cannot go on in its flow, and is ended",
                    extra={"contact_id": each.contact_id, "why": error.message},
                )
                kept = Kept(Progress("", ending=Ending.BROKEN))
            called.run = _Run("", kept.progress, kept.said_at, self._served_until)

    def let_go(self, contact_id: str) -> None:
        """The contact is over, or waits again."""
        if self._dialed.pop(contact_id, None) is None and contact_id in self._called:
            self.ended(contact_id)
            del self._called[contact_id]

    def number_of(self, contact_id: str) -> str | None:
        """Whom the contact has called, also for another dialer; None where nobody knows any more."""
        return (self._called[contact_id].person.phone_number or None) if contact_id in self._called else None

    def attributes_given(self, contact_id: str, attributes: Mapping[str, str]) -> None:
        """Somebody has given the contact these, which are on record: its flow goes on with them."""
        if (dialed := self._dialed.get(contact_id)) is not None:
            campaign, number, shown, before = dialed
            self._dialed[contact_id] = campaign, number, shown, {**before, **attributes}
        if (called := self._called.get(contact_id)) is not None:
            called.attributes = {**called.attributes, **attributes}
            if (run := called.run) is not None:
                run.at = replace(run.at, attributes={**run.at.attributes, **attributes})
                # The flow may have set the same in a turn that is being committed: what it goes on with is to stand.
                run.given |= attributes
                self._stepped[contact_id] = called

    # --- what the engine asks ---------------------------------------------------------------------------------------

    def started(
        self, contact_id: str, campaign_id: str, leg_id: str, *, detection: DetectionStatus | None, now: Instant
    ) -> FlowStep:
        """The first step of the contact's flow."""
        dialed = self._dialed.pop(contact_id, None)
        if dialed is not None:
            campaign, phone_number, shown_number, attributes = dialed
            person = Person(contact_id, campaign, phone_number, shown_number)
            self._called[contact_id] = _Called(person, attributes)
        called = self._called.get(contact_id)
        if called is None or detection is _FAX:
            return _IN_PLACE_OF_ANY
        flow_id = called.person.campaign.outbound_call.contact_flow_id
        at = Progress(last_of(flow_id), Purpose.CONTACT, detection=detection, attributes=called.attributes)
        run = called.run = _Run(leg_id, at)
        self._of_leg[leg_id] = contact_id
        return self._step(called, run, flows.Begun(), now)

    def heard(self, contact_id: str, event: FlowEvent, now: Instant) -> FlowStep:
        """What comes of this."""
        called = self._called.get(contact_id)
        run = called.run if called is not None else None
        if called is None or run is None or run.at.ending is not None:
            return FlowStep(is_over=True)
        match event:
            case FlowEvent.PRESSED:
                if not run.keys:
                    return FlowStep(until=run.at.until)
                return self._step(called, run, flows.Pressed(run.keys.pop(0)), now)
            case FlowEvent.ANSWERED | FlowEvent.NOT_ANSWERED if run.awaited is not None:
                # It was told of one that was asked before, for which nobody waits any more.
                return FlowStep(until=run.at.until)
            case FlowEvent.ANSWERED:
                values, run.answer = run.answer, None
                told = flows.Answered(values) if values is not None else flows.NotAnswered()
                return self._step(called, run, told, now)
            case FlowEvent.BEEP:
                return self._from_the_beginning(called, run, now)
            case FlowEvent.SAID if run.at.awaits is Await.MESSAGES:
                # It has no end of its own: the carrier has lost it.
                return self._from_the_beginning(called, run, now)
            case FlowEvent.SAID | FlowEvent.NOT_SAID:
                run.said_at = run.saying = None
                run.noted = True
            case _:
                pass
        return self._step(called, run, _EVENTS[event], now)

    def taken_over(self, contact_id: str) -> FlowStep:
        """What the contact's flow has chosen while another dialer had it."""
        called = self._called.get(contact_id)
        if called is None or called.run is None:
            return FlowStep()
        return self._with_hooks(called, called.run, FlowStep(_chosen(called.run.at)))

    def resumed(
        self,
        contact_id: str,
        campaign_id: str,
        leg_id: str,
        *,
        detection: DetectionStatus | None,
        playing: bool | None,
        now: Instant,
    ) -> FlowStep:
        """The contact's flow goes on where it was. What is still being said is waited for; of what is not, it counts as
        said if more than half of it must have been heard, else it is said anew."""
        called = self._called.get(contact_id)
        run = called.run if called is not None else None
        if called is not None and not called.person.phone_number:
            return _IN_PLACE_OF_ANY
        if called is None or run is None:
            return self.started(contact_id, campaign_id, leg_id, detection=detection, now=now)
        run.leg_id = leg_id
        self._of_leg[leg_id] = contact_id
        if run.at.ending is not None:
            return _IN_PLACE_OF_ANY
        return self._resumed(called, run, now, playing=playing)

    def beside(self, contact_id: str, campaign_id: str, leg_id: str, hook: FlowHook, now: Instant) -> FlowStep:
        """The flow that the contact has for this begins, in place of the one that it was in. It has what that one has
        set, and chosen."""
        called = self._called.get(contact_id)
        before = called.run if called is not None else None
        if called is None or before is None:
            return FlowStep(is_over=True)
        flow_id = before.at.hooks.get(hook, "")
        if not flow_id:
            return FlowStep(is_over=True)
        at = replace(
            Progress(last_of(flow_id), Purpose.BESIDE, detection=before.at.detection, attributes=before.at.attributes),
            stored_input=before.at.stored_input,
            queue_id=before.at.queue_id,
            voice=before.at.voice,
            hooks=before.at.hooks,
            priority=before.at.priority,
            adjustment=before.at.adjustment,
            recorded=before.at.recorded,
        )
        run = called.run = _Run(leg_id, at, taken=before.taken, given=before.given)
        self._of_leg.pop(before.leg_id, None)
        if hook not in (FlowHook.AGENT_WHISPER, FlowHook.AGENT_HOLD):
            # An agent's keys are the agent's own.
            self._of_leg[leg_id] = contact_id
        return self._step(called, run, flows.Begun(), now)

    def broken_off(self, contact_id: str) -> None:
        """The contact's flow goes on no more, unless it is to be told of a queue: keys and answers that come now are
        not its own."""
        called = self._called.get(contact_id)
        run = called.run if called is not None else None
        if called is not None and run is not None and run.at.ending is None and run.at.awaits is not Await.QUEUE:
            run.at = replace(run.at, ending=Ending.RETURNED, awaits=None, until=None)
            # The next dialer is not to ask once more what it has asked.
            run.noted = True
            self._stepped[contact_id] = called

    def ended(self, contact_id: str) -> None:
        """The contact is over: what of its flow is not on record is told once more, with the action in which it stood,
        and the flow forgotten."""
        called = self._called.get(contact_id)
        if called is None or called.run is None:
            return
        stood_in = self._action_of(called.run) if called.run.at.awaits is not None else None
        if stood_in is not None:
            left = Taken(called.run.at.flow_id, stood_in.identifier, stood_in.type, None)
            self._note(called, called.run, (left,))
        # Of a function that another dialer was to ask nobody knows whether it was, and what this customer wanted may be
        # not to be called any more.
        order = None if called.run.leg_id else self._order_of(called, called.run, called.run.at.began_at)
        if isinstance(order, flows.Ask) and called.person.phone_number:
            self._asks_of_gone.append(self._to_be_asked(called.person, called.run.at, order))
        run, called.run = called.run, None
        self._of_leg.pop(run.leg_id, None)
        self._stepped.pop(contact_id, None)
        if run.taken or run.given:
            self._left.append((called, run))

    # --- what the dialer asks ---------------------------------------------------------------------------------------

    def saying_of(self, message: PlayMessage) -> Saying:
        """What the message says."""
        called = self._called.get(message.contact_id)
        run = called.run if called is not None else None
        saying = run.sayings.get((message.flow_id, message.action_id)) if run is not None else None
        return saying or (run.saying if run is not None else None) or Saying(())

    def key_pressed(self, leg_id: str, key: str) -> str | None:
        """The contact in a flow whose customer's leg this is; None if there is none. The key is the flow's then."""
        contact_id = self._of_leg.get(leg_id)
        called = self._called.get(contact_id) if contact_id is not None else None
        run = called.run if called is not None else None
        if run is None or run.at.ending is not None or len(run.keys) >= _MAX_KEYS:
            return None
        run.keys.append(key)
        return contact_id

    def asked(self, contact_id: str) -> Asked | None:
        """The next function that the contact's flow has ordered to be asked in this turn, also where that was the last
        that it did; None if there is none."""
        asks = self._asks.get(contact_id)
        return asks.pop(0) if asks else None

    def asked_for_gone(self) -> Sequence[Asked]:
        """The functions that are to be asked yet for contacts that are over, once each. Nobody waits for answers."""
        asks, self._asks_of_gone = self._asks_of_gone, []
        return asks

    def answered(self, contact_id: str, number: int, values: Answer | None) -> None:
        """A function has answered, or not. An answer that nobody waits for any more is nothing."""
        called = self._called.get(contact_id)
        run = called.run if called is not None else None
        if run is None or run.awaited != number or run.at.awaits is not Await.ANSWER:
            return
        run.awaited = None
        run.answer = values
        self.tell(FlowTold(contact_id, FlowEvent.ANSWERED if values is not None else FlowEvent.NOT_ANSWERED))

    def changes(self, now: Instant) -> Sequence[FlowProgressed]:
        """What of this turn is to be on record."""
        self._turn += 1
        if not self._stepped and not self._left:
            return ()
        changes = [self._change(called, run, now, is_gone=True) for called, run in self._left]
        self._left.clear()
        for called in self._stepped.values():
            run = called.run
            if run is not None and (run.taken or run.given or run.noted):
                changes.append(self._change(called, run, now, is_gone=False))
        self._stepped.clear()
        return changes

    # --- steps ------------------------------------------------------------------------------------------------------

    def _resumed(self, called: _Called, run: _Run, now: Instant, *, playing: bool | None) -> FlowStep:
        if run.at.awaits is None:
            return self._step(called, run, flows.Begun(), now)
        if self._action_of(run) is None:
            # Another content was published meanwhile: any event ends the flow.
            return self._step(called, run, flows.Timer(), now)
        run.at = by_this_clock(run.at, now, self._around(called.person, now))
        order = self._order_of(called, run, now)
        if run.said_at is not None and isinstance(order, flows.Say | flows.SayAgainAndAgain):
            if playing:
                return FlowStep(until=run.at.until, said_at=run.said_at)
            # A carrier that cannot tell plays nothing on without its dialer.
            until = min(now, run.said_until) if playing is None and run.said_until is not None else now
            prompts = self._facts.directory.prompts
            if isinstance(order, flows.Say) and counts_as_said(order, until - run.said_at, prompts):
                return self.heard(called.person.contact_id, FlowEvent.SAID, now)
            return self._again(called, run, order, now)
        if isinstance(order, flows.Ask) and run.awaited is None and run.answer is None:
            run.at = replace(run.at, until=now + order.within)
            return self._again(called, run, order, now)
        if run.at.until is not None and now >= run.at.until:
            return self.heard(called.person.contact_id, FlowEvent.TIMER, now)
        return FlowStep(until=run.at.until)

    def _step(self, called: _Called, run: _Run, event: flows.Event, now: Instant) -> FlowStep:
        person = called.person
        if run.turn != self._turn:
            run.turn = self._turn
            run.sayings.clear()
        try:
            came_to = step(run.at, event, now, self._around(person, now))
            orders, taken = self._orders(called, run, came_to, now)
        except Exception as error:
            # No flow may stop the others. What it holds is in no log.
            log.error(  # noqa: TRY400 - a traceback's message may quote what people have said
                "a flow failed, and its contact is ended",
                extra={"contact_id": person.contact_id, "flow_id": run.at.flow_id, "error": type(error).__name__},
            )
            run.at = replace(run.at, ending=Ending.BROKEN, awaits=None, until=None)
            orders, taken = (Disconnect(),), ()
        else:
            run.noted = run.noted or came_to.progress is not run.at
            run.at = came_to.progress
            if taken:
                self._note(called, run, taken)
        self._stepped[person.contact_id] = called
        is_over = run.at.ending is not None
        if is_over:
            run.said_at = run.saying = None
        # Of a queue it is told at once: nothing is to be due by then.
        until = run.at.until if run.at.awaits is not Await.QUEUE else None
        return self._with_hooks(called, run, FlowStep(orders, taken, until, is_over))

    def _with_hooks(self, called: _Called, run: _Run, step: FlowStep) -> FlowStep:
        """The same, and where the engine does not know it which hooks the contact has a flow for."""
        if not run.at.hooks and not called.hooks:
            return step
        hooks = tuple(hook for hook in FlowHook if run.at.hooks.get(hook))
        if hooks == called.hooks:
            return step
        called.hooks = hooks
        return replace(step, orders=(Hooks(hooks), *step.orders))

    def _orders(
        self, called: _Called, run: _Run, came_to: flows.Step, now: Instant
    ) -> tuple[tuple[FlowOrder, ...], tuple[Taken, ...]]:
        """What the engine is to do, and what was left."""
        orders: list[FlowOrder] = []
        taken: list[Taken] = []
        for order in came_to.trail:
            match order:
                # The most frequent first: each case is tried in turn.
                case Taken():
                    taken.append(order)
                case Enqueue() | Rank() | Record() | Disconnect() | GoOn():
                    orders.append(order)
                case flows.Say() | flows.SayAgainAndAgain():
                    orders.append(self._say(run, came_to.progress, order, now))
                case flows.Ask():
                    orders.append(self._ask(called, run, came_to.progress, order))
                case flows.GiveAttributes(given):
                    run.given |= given
                case Hush():
                    run.said_at = run.saying = None
                    orders.append(order)
                case flows.CallOut():
                    # It is for outbound whisper flows, which go on by themselves.
                    pass
                case _:
                    assert_never(order)
        return tuple(orders), tuple(taken)

    def _say(self, run: _Run, at: Progress, order: flows.Say | flows.SayAgainAndAgain, now: Instant) -> Say:
        run.saying = run.sayings[at.flow_id, at.action_id] = saying_of(order)
        run.said_at, run.said_until = now, None
        return Say(at.flow_id, at.action_id)

    def _ask(self, called: _Called, run: _Run, at: Progress, order: flows.Ask) -> Ask:
        if self._asks_turn != self._turn:
            # What is left was to depend on changes that were not made.
            self._asks.clear()
            self._asks_turn = self._turn
        asked = self._to_be_asked(called.person, at, order)
        self._asks.setdefault(called.person.contact_id, []).append(asked)
        if order.waits:
            run.awaited, run.answer = asked.number, None
        return Ask(order.waits)

    def _to_be_asked(self, person: Person, at: Progress, order: flows.Ask) -> Asked:
        self._asked += 1
        return Asked(self._asked, order.arn, self._question(person, at, order), order.within)

    def _question(self, person: Person, at: Progress, order: flows.Ask) -> Question:
        queue_id = at.queue_id or queue_of(person.campaign, self._facts.directory)
        queue = self._facts.directory.queues.get(queue_id or "")
        return Question(
            instance_id=self._facts.directory.instance.instance_id,
            campaign_id=person.campaign.campaign_id,
            contact_id=person.contact_id,
            flow_id=at.flow_id,
            customer_number=person.phone_number,
            shown_number=person.shown_number,
            attributes=at.attributes,
            parameters=order.values,
            queue_id=queue.queue_id if queue is not None else None,
            queue_name=queue.name if queue is not None else None,
            language=at.voice.get("LanguageCode"),
            asking=f"{person.contact_id}-{at.began_at}-{at.actions}" if order.waits else None,
        )

    def _from_the_beginning(self, called: _Called, run: _Run, now: Instant) -> FlowStep:
        """What is being said is said anew."""
        order = self._order_of(called, run, now) if run.said_at is not None else None
        if not isinstance(order, flows.Say | flows.SayAgainAndAgain):
            return FlowStep(until=run.at.until)
        again = self._again(called, run, order, now)
        return replace(again, orders=(Hush(), *again.orders))

    def _again(
        self, called: _Called, run: _Run, order: flows.Say | flows.SayAgainAndAgain | flows.Ask, now: Instant
    ) -> FlowStep:
        again: FlowOrder
        if isinstance(order, flows.Ask):
            again = self._ask(called, run, run.at, order)
        else:
            again = self._say(run, run.at, order, now)
        run.noted = True
        return FlowStep((again,), until=run.at.until)

    def _order_of(self, called: _Called, run: _Run, now: Instant) -> flows.Order | None:
        """What the action in which the contact stands has ordered; None if it has ordered nothing, or is not there any
        more. Nothing else is changed by the actions in which contacts stand."""
        action = self._action_of(run)
        if action is None:
            return None
        self._stepped[called.person.contact_id] = called
        return next(iter(act(action, run.at, self._around(called.person, now)).orders), None)

    def _action_of(self, run: _Run) -> Action | None:
        """The action in which the contact stands; None if its flow has no such action any more."""
        flow = self._flow(run.at.flow_id)
        action = flow.actions.get(run.at.action_id) if flow is not None else None
        stands = action is not None and run.at.awaits is not None and action.type in STANDING[run.at.awaits]
        return action if stands else None

    def _note(self, called: _Called, run: _Run, taken: Sequence[Taken]) -> None:
        contact_id = called.person.contact_id
        noted = taken[: max(0, MAX_TRAIL - called.on_record)]
        run.taken += noted
        called.on_record += len(noted)
        for each in taken:
            flow = self._facts.directory.contact_flows.get(each.flow_id)
            self._log.left(contact_id, each, flow, is_wanted=run.at.is_logged)

    def _change(self, called: _Called, run: _Run, now: Instant, *, is_gone: bool) -> FlowProgressed:
        taken, run.taken = tuple(run.taken), []
        attributes, run.given = run.given or None, {}
        run.noted = False
        # Of who waits in a queue the next dialer has to know what was chosen before.
        is_over = is_gone or (run.at.ending is not None and not run.at.hooks and not _chosen(run.at))
        progress = None if is_over else to_text(Kept(run.at, run.said_at))
        return FlowProgressed(called.person.contact_id, now, progress, taken, attributes)

    def _around(self, person: Person, now: Instant) -> FlowSurroundings:
        assert self.figures_of is not None
        return FlowSurroundings(person, now, self._facts.directory, self._flow, self.figures_of, self._random.random)

    def _flow(self, flow_id: str) -> Flow | None:
        return self._parsed.flow(last_of(flow_id), self._facts.directory.contact_flows)


def _chosen(at: Progress) -> tuple[FlowOrder, ...]:
    """What the contact's flow has chosen for what comes after it, but for its hooks."""
    is_ranked = at.priority is not None or at.adjustment is not None
    return (
        *((Rank(at.priority, at.adjustment),) if is_ranked else ()),
        *((Record(at.recorded),) if at.recorded is not None else ()),
    )


def _nobody(event: FlowTold) -> None:
    """Nobody dials yet."""
