"""Runs contact flows, as a machine without I/O: where a contact stands and what has happened → where it stands then,
and what is to be done.

Decides by which branch a contact goes on, and that no flow goes on without end: there is a most of actions and of time,
and every stand has an instant by which it is over. Whoever runs it carries out the orders (``progress.Order``), tells
what came of them (``progress.Event``), tells ``Timer`` at ``Progress.until``, and answers what a flow looks up
(``surroundings``). It must not know who that is.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final, assert_never

from trunkcall.domain.flow import Disconnect, GoOn, Hush, Taken
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.flows import language
from trunkcall.flows.acting import (
    STANDING,
    Elsewhere,
    Failed,
    On,
    Outcome,
    Over,
    Refused,
    Result,
    Stands,
    act,
    is_as_wanted,
)
from trunkcall.flows.conditions import holds
from trunkcall.flows.document import Action
from trunkcall.flows.keys import Keying, keying_of
from trunkcall.flows.progress import (
    Answered,
    Await,
    Begun,
    Ending,
    Event,
    HungUp,
    NotAnswered,
    NotQueued,
    NotSaid,
    Order,
    Pressed,
    Progress,
    Purpose,
    Queued,
    QueueFull,
    Said,
    Step,
    Timer,
    place_of,
)
from trunkcall.flows.surroundings import Surroundings
from trunkcall.flows.values import Values

_values_of: Final = attrgetter(*[each.name for each in fields(Progress)])

TIMED_OUT: Final = "Timeout"
"""What is stored where no key was pressed, as Amazon Connect has it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a contact may be in a flow: how many actions are taken, how many of them at once, without a stand, and
    how much time. Of those at once a long action counts as several (``Action.weight``): nobody else is served
    meanwhile."""

    actions: int = 2_000
    at_once: int = 500
    duration: Duration = 3 * 60 * 60 * SECOND


def step(progress: Progress, event: Event, now: Instant, around: Surroundings, limits: Limits | None = None) -> Step:
    """What an event leads to. One that nobody waits for, or that comes after the end, changes nothing. Raises nothing,
    whatever the flow: it has been checked (``checking``), or ``around`` has none."""
    run = _Run(progress, now, around, limits or Limits())
    if progress.ending is None:
        run.hear(event)
        run.go()
    return Step(run.at, tuple(run.trail))


def by_this_clock(progress: Progress, now: Instant, around: Surroundings, limits: Limits | None = None) -> Progress:
    """Where a contact stands, as somebody takes it up whose clock may be behind the one by which it has come there: it
    stands no longer than if it had come there now."""
    run = _Run(progress, now, around, limits or Limits())
    run.stand_no_longer()
    return run.at


class _Run:
    """One step: actions are taken until one stands still, or the flow is over."""

    def __init__(self, progress: Progress, now: Instant, around: Surroundings, limits: Limits) -> None:
        self.at = progress
        self._is_own = False
        """Whether ``at`` is this step's: until it is returned nobody else has it."""
        self.trail: list[Order | Taken] = []
        self._now = now
        self._around = around
        self._limits = limits
        self._flow = around.flow(progress.flow_id)
        self._goes = False

    # --- events -----------------------------------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Take in what has happened: afterwards the contact stands, goes, or its flow is over."""
        match event:
            case HungUp():
                self._end(Ending.HUNG_UP)
            case _ if self._is_elsewhere():
                # Another content was published meanwhile, and has no such action.
                self._hush()
                self._end(Ending.BROKEN)
            case Begun():
                if self.at.awaits is None:
                    self._begin()
            case Timer():
                if self.at.until is not None and self._now >= self.at.until:
                    self._time_is_over()
            case Said():
                self._said()
            case NotSaid():
                if self.at.awaits in (Await.MESSAGE, Await.MESSAGES, Await.KEYS):
                    self._fail()
            case Pressed():
                if self.at.awaits is Await.KEYS:
                    self._pressed(event.key)
            case Queued():
                if self.at.awaits is Await.QUEUE:
                    self._leave(None)
                    self._end(Ending.QUEUED)
            case QueueFull() | NotQueued():
                if self.at.awaits is Await.QUEUE:
                    self._fail(language.QUEUE_FULL if isinstance(event, QueueFull) else language.ERROR)
            case Answered():
                if self.at.awaits is Await.ANSWER:
                    if is_as_wanted(event.values, self._action()):
                        self._change(external=dict(event.values))
                        self._next()
                    else:
                        self._fail()
            case NotAnswered():
                if self.at.awaits is Await.ANSWER:
                    self._fail()
            case _:
                assert_never(event)

    def _is_elsewhere(self) -> bool:
        """Whether the flow has no action in which the contact can stand as it does."""
        if self.at.awaits is None:
            return False
        action = self._flow.actions.get(self.at.action_id) if self._flow is not None else None
        return action is None or action.type not in STANDING[self.at.awaits]

    def _begin(self) -> None:
        self._change(began_at=self._now)
        if self._flow is None:
            self._end(Ending.BROKEN)
        else:
            self._enter(self._flow.start)

    def _said(self) -> None:
        if self.at.awaits is Await.MESSAGE:
            self._next()
        elif self.at.awaits is Await.KEYS and not self.at.keys:
            self._stand(Stands(Await.KEYS, self._keying().first))

    def _time_is_over(self) -> None:
        if self._now >= self.at.began_at + self._limits.duration:
            self._hush()
            self._end(Ending.TOO_LONG)
            return
        match self.at.awaits:
            case Await.KEYS:
                self._no_more_keys()
            case Await.TIME:
                self._result(language.WAIT_COMPLETED)
            case Await.MESSAGES:
                self._hush()
                self._result(language.MESSAGES_INTERRUPTED)
            case Await.MESSAGE | Await.QUEUE | Await.ANSWER | None:
                self._fail()
            case _:
                assert_never(self.at.awaits)

    def stand_no_longer(self) -> None:
        """See that the clock has not fallen back to before the contact stood so."""
        at, now = self.at, self._now
        if at.until is None or self._is_elsewhere():
            return
        whole = self._limits.duration
        at_most = whole
        if at.until < at.began_at + whole:
            outcome = act(self._action(), at, self._around).outcome
            if isinstance(outcome, Stands) and outcome.at_most is not None:
                at_most = outcome.at_most
            elif at.awaits is Await.KEYS:
                at_most = max(self._keying().first, self._keying().between)
        if at.until > now + at_most or at.began_at > now:
            self._change(until=min(at.until, now + at_most), began_at=min(at.began_at, now))

    # --- keys -------------------------------------------------------------------------------------------------------

    def _keying(self) -> Keying:
        return keying_of(self._action().parameters, Values(self.at, self._around.value))

    def _pressed(self, key: str) -> None:
        keying = self._keying()
        if not keying.stores:
            self._hush()
            self._result(key)
            return
        if not self.at.keys:
            self._hush()
        keys = keying.with_key(self.at.keys, key)
        self._change(keys=keys)
        if keying.is_whole(keys):
            self._store(keying, keying.entered(keys))
        else:
            self._stand(Stands(Await.KEYS, keying.between if keys else keying.first))

    def _no_more_keys(self) -> None:
        keying = self._keying()
        if not keying.stores:
            self._fail(language.TIME_OUT)
        elif self.at.keys:
            self._store(keying, self.at.keys)
        else:
            self._change(stored_input=TIMED_OUT)
            self._next()

    def _store(self, keying: Keying, entered: str) -> None:
        number = self._around.number(entered, keying.country) if keying.is_number else entered
        if number is None:
            self._fail(language.BAD_NUMBER)
        else:
            self._change(stored_input=number)
            self._next()

    # --- actions ----------------------------------------------------------------------------------------------------

    def go(self) -> None:
        """Take actions while the contact goes."""
        actions, room = self.at.actions, self._limits.at_once
        late = self._now >= self.at.began_at + self._limits.duration
        while self._goes:
            if actions >= self._limits.actions or room <= 0 or late:
                self._end(Ending.TOO_LONG)
                break
            action = self._action()
            actions += 1
            room -= action.weight
            acted = act(action, self.at, self._around)
            if acted.changes:
                self._change(**acted.changes)
            self.trail += acted.orders
            self._come_to(acted.outcome)
        if actions != self.at.actions:
            self._change(actions=actions)

    def _come_to(self, outcome: Outcome) -> None:
        match outcome:
            case On():
                self._next()
            case Result():
                self._result(outcome.value)
            case Failed():
                self._fail(outcome.error)
            case Refused():
                self._refuse()
            case Stands():
                self._stand(outcome)
            case Over():
                self._leave(None)
                self._end(outcome.ending)
            case Elsewhere():
                self._leave("")
                self._flow = outcome.flow
                self._change(flow_id=outcome.flow_id, loops={})
                self._enter(outcome.flow.start)
            case _:
                assert_never(outcome)

    # --- branches ---------------------------------------------------------------------------------------------------

    def _action(self) -> Action:
        assert self._flow is not None
        return self._flow.actions[self.at.action_id]

    def _next(self) -> None:
        self._follow("", self._action().next_action, Ending.RETURNED)

    def _result(self, result: str) -> None:
        """By the first condition that holds; without one, by NoMatchingCondition, NextAction, or as an error."""
        action, values = self._action(), Values(self.at, self._around.value)
        known = language.ACTIONS[action.type].results
        for number, choice in enumerate(action.choices):
            if holds(choice.condition, result, values.text):
                is_told = known is not None and not known.of_people
                branch = choice.condition.operands[0] if is_told else place_of(number)
                self._follow(branch, choice.next_action, Ending.RETURNED)
                return
        if language.NO_CONDITION not in action.errors and action.next_action is not None:
            self._next()
        else:
            self._fail(language.NO_CONDITION)

    def _fail(self, error: str = language.ERROR) -> None:
        """By the error's branch, that of any error, or NextAction."""
        action = self._action()
        for name in (error, language.ERROR):
            if name in action.errors:
                self._follow(name, action.errors[name], Ending.BROKEN)
                return
        self._follow(error, action.next_action, Ending.BROKEN)

    def _refuse(self) -> None:
        """By the branch of any error, else by the first there is: what is not offered has not succeeded."""
        errors = self._action().errors
        self._fail(next(iter(errors), language.ERROR) if language.ERROR not in errors else language.ERROR)

    def _follow(self, branch: str, action_id: str | None, otherwise: Ending) -> None:
        self._leave(branch)
        if action_id is None:
            self._end(otherwise)
        else:
            self._enter(action_id)

    def _leave(self, branch: str | None) -> None:
        action = self._action()
        self.trail.append(Taken(self.at.flow_id, action.identifier, action.type, branch))

    def _enter(self, action_id: str) -> None:
        self._goes = True
        self._change(action_id=action_id, awaits=None, until=None, keys="")

    def _stand(self, stands: Stands) -> None:
        self._goes = False
        limit = self.at.began_at + self._limits.duration
        until = limit if stands.at_most is None else min(limit, self._now + stands.at_most)
        self._change(awaits=stands.awaits, until=until)

    def _end(self, ending: Ending) -> None:
        self._goes = False
        self._change(ending=ending, awaits=None, until=None, keys="")
        match ending:
            case Ending.DISCONNECTED:
                self.trail.append(Disconnect())
            case Ending.RETURNED | Ending.BROKEN | Ending.TOO_LONG:
                self.trail.append(Disconnect() if self.at.purpose is Purpose.CONTACT else GoOn())
            case Ending.QUEUED | Ending.HUNG_UP:
                pass
            case _:
                assert_never(ending)

    def _hush(self) -> None:
        if self.at.awaits in (Await.MESSAGE, Await.MESSAGES, Await.KEYS):
            self.trail.append(Hush())

    def _change(self, **changes: Any) -> None:
        """Have it stand so. A step changes much, and to make it anew each time takes most of its time."""
        if not self._is_own:
            self.at = Progress(*_values_of(self.at))
            self._is_own = True
        for name, value in changes.items():
            object.__setattr__(self.at, name, value)
