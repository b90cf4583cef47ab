"""`trunkcall flow try`: a flow, played in the terminal. Whoever plays it is the customer, the queue and all else.

Decides what is asked and told. Time passes only in the flow: what is said is said at once, and a time-out comes when it
is asked for. It must not know what an action does (``flows.running``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Final, assert_never
from uuid import UUID

import typer

from trunkcall.aws.flow_event import flow_event
from trunkcall.cli.tables import counted, printable
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.flow import Disconnect, Enqueue, GoOn, Hush, Rank, Record, Taken
from trunkcall.domain.function_name import function_name
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.instants import Duration, Instant, to_seconds
from trunkcall.domain.prompt import named
from trunkcall.flows.document import Action, Flow
from trunkcall.flows.language import ACTIONS, KEYS
from trunkcall.flows.naming import is_made_up
from trunkcall.flows.progress import (
    Answered,
    Ask,
    Await,
    Begun,
    CallOut,
    Ending,
    Event,
    GiveAttributes,
    HungUp,
    NotAnswered,
    NotQueued,
    Order,
    Pressed,
    Progress,
    Prompt,
    Purpose,
    Queued,
    QueueFull,
    Said,
    Say,
    SayAgainAndAgain,
    Speech,
    Timer,
    place_of,
)
from trunkcall.flows.references import Path
from trunkcall.flows.running import step
from trunkcall.service.functions import Question, answer_in
from trunkcall.service.numbers import NotDialableError

ANSWERS: Final[Mapping[str, DetectionStatus | None]] = {
    "human": DetectionStatus.HUMAN_ANSWERED,
    "beep": DetectionStatus.VOICEMAIL_BEEP,
    "machine": DetectionStatus.VOICEMAIL_NO_BEEP,
    "unknown": DetectionStatus.AMD_UNRESOLVED,
    "off": None,
}
"""Who may answer, as it is typed; off is detection that is off."""

HANG_UP: Final = "h"
EVENT: Final = "e"
SCOPE: Final = Scope("aws", "us-east-1", "000000000000")
NOBODY: Final = str(UUID(int=0))
CUSTOMER: Final = "+12025550123"
SHOWN: Final = "+12025550100"
"""Whom an event is about, where there is nobody: of numbers that are kept for fiction."""
_AWAY: Final = "flow-that-is-not-here"
_NONE_OF_THESE: Final = "It is none of these."


class Player:
    """Plays one flow. ``ask`` puts a question and returns the line that was typed, or raises EOFError, as if the
    customer had hung up."""

    def __init__(
        self,
        flow: Flow,
        others: Mapping[str, Flow],
        *,
        purpose: Purpose,
        attributes: Mapping[str, str],
        random: Random,
        ask: Callable[[str], str],
        tell: Callable[[str], None],
    ) -> None:
        self._flow = flow
        self._others = others
        self._random = random
        self._ask = ask
        self._tell = tell
        self._now: Instant = 0
        self._typed = ""
        self._asked: Ask | None = None
        self._at = Progress("", purpose, attributes=attributes)

    def play(self, answer: str | None) -> None:
        """To the end. ``answer`` is who answers, by ``ANSWERS``; it is asked where it is None."""
        try:
            self._play(answer)
        except EOFError:
            self._tell("There is nobody to answer any more, so the customer hangs up.")

    def _play(self, answer: str | None) -> None:
        if answer is None:
            answer = self._choice(f"Who answers? {', '.join(ANSWERS)}", tuple(ANSWERS))
        self._at = Progress(
            "", self._at.purpose, attributes=self._at.attributes, detection=ANSWERS[answer], began_at=self._now
        )
        event: Event | None = Begun()
        while event is not None:
            came_to = step(self._at, event, self._now, self)
            self._at = came_to.progress
            for each in came_to.trail:
                self._told(each)
            if self._at.ending is not None:
                self._tell(self._last_words())
                return
            event = self._next()
        self._tell("An agent comes, so the flow is over.")

    # --- what is told -----------------------------------------------------------------------------------------------

    def _told(self, each: Order | Taken) -> None:
        if isinstance(each, Ask):
            self._asked = each
        if not isinstance(each, Taken):
            if (line := _in_words(each)) is not None:
                self._tell(line)
            return
        name = "" if is_made_up(each.action_id) else f" {each.action_id}"
        refused = "" if ACTIONS[each.action].offered else ", which is not offered"
        by = f" \N{RIGHTWARDS ARROW} {branch}" if (branch := self._branch(each)) else ""
        self._tell(f"  {each.action}{name}{refused}{by}")
        if each.action == "TransferToFlow" and not each.branch and self._at.flow_id not in self._others:
            self._tell(f"It goes on in the flow {self._at.flow_id}, which is not here: name its file with --flow.")

    def _branch(self, taken: Taken) -> str | None:
        """By what an action was left, as it stands in the flow."""
        flow = self.flow(taken.flow_id)
        choices = flow.actions[taken.action_id].choices if flow is not None else ()
        for number, choice in enumerate(choices):
            if taken.branch == place_of(number):
                return " ".join(choice.condition.operands)
        return taken.branch

    def _last_words(self) -> str:
        at = self._at
        assert at.ending is not None
        match at.ending:
            case Ending.DISCONNECTED:
                how = "The contact was hung up on"
            case Ending.QUEUED:
                how = f"The contact is in the queue {at.queue_id or 'of its campaign'}"
            case Ending.RETURNED:
                how = "The flow has come to its end"
            case Ending.BROKEN:
                how = "The flow ended, because an action failed and no branch leads on"
            case Ending.TOO_LONG:
                how = "The flow was ended, because it went on for too long"
            case Ending.HUNG_UP:
                how = "The customer hung up"
            case _:
                assert_never(at.ending)
        return f"{how}: {counted(at.actions, 'action')}, {_time(self._now - at.began_at)}."

    # --- what is asked ----------------------------------------------------------------------------------------------

    def _next(self) -> Event | None:
        """What happens now; None where the flow is ended from outside."""
        match self._at.awaits:
            case Await.MESSAGE:
                self._typed = ""
                return Said()
            case Await.TIME:
                return self._later()
            case Await.KEYS:
                return self._key()
            case Await.MESSAGES:
                return self._interrupted()
            case Await.QUEUE:
                return self._queued()
            case Await.ANSWER:
                return self._answer()
            case None:
                raise AssertionError("a flow that is not over stands")
            case _:
                assert_never(self._at.awaits)

    def _later(self) -> Event:
        assert self._at.until is not None
        self._tell(f"… {_time(self._at.until - self._now)} later")
        self._now = self._at.until
        return Timer()

    def _key(self) -> Event:
        """One of the keys that were typed, before others are asked for."""
        while not self._typed:
            typed = self._ask("Keys? 0-9, * and #; Enter for none, h to hang up").strip()
            if typed == HANG_UP:
                return HungUp()
            if not typed:
                self._at = step(self._at, Said(), self._now, self).progress
                return self._later()
            if set(typed) <= set(KEYS):
                self._typed = typed
            else:
                self._tell(_NONE_OF_THESE)
        key, self._typed = self._typed[0], self._typed[1:]
        return Pressed(key)

    def _interrupted(self) -> Event | None:
        typed = self._choice("Enter to wait, a when an agent comes, h to hang up", ("", "a", HANG_UP))
        if typed == "a":
            return None
        return HungUp() if typed else self._later()

    def _queued(self) -> Event:
        match self._choice("Does the queue take it? yes, full, no", ("yes", "full", "no", HANG_UP)):
            case "yes":
                return Queued()
            case "full":
                return QueueFull()
            case "no":
                return NotQueued()
            case _:
                return HungUp()

    def _answer(self) -> Event:
        while True:
            typed = self._ask(
                "Its answer? name=value … or JSON, Enter for no values; no for none, e for the event that it gets"
            ).strip()
            if typed == HANG_UP:
                return HungUp()
            if typed == "no":
                return NotAnswered()
            if typed == EVENT:
                for line in self._event().splitlines():
                    self._tell(line)
                continue
            if (values := _values(typed)) is not None:
                return Answered(values)
            self._tell("It is no answer: write name=value, another after a space, or a JSON object.")

    def _event(self) -> str:
        """What the function that is asked gets."""
        assert self._asked is not None
        question = Question(
            instance_id=NOBODY,
            campaign_id=NOBODY,
            contact_id=NOBODY,
            flow_id=self._at.flow_id,
            customer_number=CUSTOMER,
            shown_number=SHOWN,
            attributes=self._at.attributes,
            parameters=self._asked.values,
            queue_id=self._at.queue_id,
            queue_name=self._at.queue_id,
            language=self._at.voice.get("LanguageCode"),
        )
        return json.dumps(flow_event(question, SCOPE), indent=2, ensure_ascii=False)

    def _choice(self, question: str, known: tuple[str, ...]) -> str:
        """One of these; the first, or none if that may be, where nothing was typed."""
        while True:
            typed = self._ask(question).strip().casefold()
            if not typed:
                return "" if "" in known else known[0]
            if typed in known:
                return typed
            self._tell(_NONE_OF_THESE)

    # --- what a flow looks up ---------------------------------------------------------------------------------------

    def flow(self, flow_id: str) -> Flow | None:
        """One that is not here ends at once."""
        if not flow_id:
            return self._flow
        return self._others.get(flow_id) or Flow(_AWAY, {_AWAY: Action(_AWAY, "EndFlowExecution")}, {})

    def queue(self, queue_id: str) -> str | None:
        """Any is there."""
        return queue_id.rpartition("/")[2] or None

    def is_open(self, hours_id: str | None, queue_id: str | None) -> bool | None:
        """As it is said."""
        return {"yes": True, "no": False, "none": None}[
            self._choice("Is it open? yes, no, none", ("yes", "no", "none"))
        ]

    def metric(self, name: str, queue_id: str | None) -> int | None:
        """As it is said."""
        typed = self._ask(f"{name}? a number").strip()
        return int(typed) if typed.isdecimal() else None

    def value(self, path: Path, queue_id: str | None) -> str | None:
        """Told as what it stands for."""
        return f"[{'.'.join(path)}]"

    def number(self, keys: str, country: str | None) -> str | None:
        """As the service reads numbers."""
        from trunkcall.cli.lists.phones import read_number

        with suppress(NotDialableError):
            return read_number(f"+{keys}" if country is None else keys, country)
        return None

    def percent(self) -> int:
        """By chance."""
        return self._random.randint(1, 100)


def _values(typed: str) -> Mapping[str, object] | None:
    """Those of an answer; None of what is none."""
    if typed.startswith("{"):
        return answer_in(typed.encode())
    pairs = [each.partition("=") for each in typed.split()]
    return {name: value for name, _, value in pairs} if all(equals for _, equals, _ in pairs) else None


def _in_words(order: Order) -> str | None:
    match order:
        case Say(prompt=prompt, voice=voice):
            by = f", by {voice['TextToSpeechVoice']}" if voice else ""
            return f"says{by}: {_spoken(prompt)}"
        case SayAgainAndAgain(prompts=prompts):
            return f"says again and again: {'; '.join(_spoken(each) for each in prompts)}"
        case GiveAttributes(attributes=attributes):
            return f"attributes: {', '.join(f'{name} = {value}' for name, value in attributes.items())}"
        case Enqueue(queue_id=queue_id, moved=moved):
            return f"{'moves' if moved else 'puts'} the contact into the queue {queue_id or 'of its campaign'}"
        case Rank(priority=priority, adjustment=adjustment):
            if adjustment is not None:
                return f"counts as waiting {to_seconds(adjustment):+,.10g} s longer"
            return f"has the priority {priority}"
        case Record(participants=participants):
            return f"records: {', '.join(participants) or 'nobody'}"
        case Ask(arn=arn, values=values, within=within):
            given = ", ".join(f"{name} = {value}" for name, value in values.items())
            return f"asks {function_name(arn)} within {_time(within)}{f', with {given}' if given else ''}"
        case CallOut(number=number, within=within):
            shown = f", showing {number}" if number else ""
            return f"has the call go out{shown}{f', within {_time(within)}' if within is not None else ''}"
        case Hush() | Disconnect() | GoOn():
            return None
        case _:
            assert_never(order)


def _spoken(prompt: Prompt) -> str:
    match prompt.speech:
        case Speech.TEXT if (sound := named(prompt.value)) is not None:
            return f"the sound {sound}"
        case Speech.TEXT | Speech.SSML:
            return f'"{" ".join(prompt.value.split())}"'
        case Speech.PROMPT | Speech.MEDIA:
            return f"the sound {prompt.value.rpartition('/')[2]}"
        case _:
            assert_never(prompt.speech)


def _time(duration: Duration) -> str:
    return f"{to_seconds(duration):,.10g} s"


def shown(text: str) -> None:
    """A line of what happens."""
    typer.echo(printable(text))
