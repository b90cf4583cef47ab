"""What the functions of contact flows are: services that a flow asks while a customer waits, and goes on by the answer.

Decides what is asked of one, what an answer may be, and what is counted. It must not know how a function is reached,
nor what a question looks like there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Final, Protocol, TypeAlias

from trunkcall.domain.clock import Seconds
from trunkcall.domain.function_name import OWN_PREFIX
from trunkcall.domain.instants import Duration
from trunkcall.domain.json_text import UnusableJsonError, read_json
from trunkcall.domain.seldom import Seldom

log = logging.getLogger(__name__)

Answer: TypeAlias = Mapping[str, object]
"""Values by name, as the flow language has them in `$.External`: texts, numbers, truths, lists and mappings."""
Done: TypeAlias = Callable[[Answer | None], None]

MAX_ANSWER_BYTES: Final = 32 * 1024
"""Of an answer in UTF-8 (Amazon Connect administrator guide, Lambda functions)."""
MAX_DEPTH: Final = 32
"""Of lists and objects within one another, such as can be kept with a contact."""
DO_NOT_CALL: Final = f"{OWN_PREFIX}do-not-call"
CALL_BACK: Final = f"{OWN_PREFIX}call-back"
UNKNOWN: Final = "unknown"
"""What functions are counted as that there are not. Flows may make names of attributes, which nobody is to see."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a function is told. ``attributes`` are the contact's as they are now, ``parameters`` what the flow gives
    this function; ``shown_number`` is what the customer saw. Numbers are E.164. The queue is the one that the flow has
    chosen, or the campaign's. ``asking`` is the same where the same is asked again after a crash, None where it never
    is."""

    instance_id: str
    campaign_id: str
    contact_id: str
    flow_id: str
    customer_number: str = field(repr=False)
    shown_number: str | None = field(repr=False)
    attributes: Mapping[str, str] = field(repr=False)
    parameters: Mapping[str, str] = field(repr=False)
    queue_id: str | None = None
    queue_name: str | None = None
    language: str | None = None
    asking: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A function that is to be asked. Its answer is told by this number."""

    number: int
    arn: str
    question: Question = field(repr=False)
    within: Duration


class Functions(Protocol):
    """The functions that flows of an instance may ask."""

    def ask(self, arn: str, question: Question, within: Duration, done: Done) -> None:
        """Ask the function of this ARN or name. ``done`` is called once, on the loop and after this has returned: with
        the values, or with None if there is no answer within this time that can be used. Raises nothing."""


class Outcome(StrEnum):
    """What has come of asking a function."""

    ANSWERED = auto()
    LATE = auto()
    """It did not answer in time."""
    UNREACHABLE = auto()
    """There was no connection, or none that can be trusted."""
    FAILED = auto()
    """It said that it failed, or has too much to do."""
    REFUSED = auto()
    """It answered something else than an answer: that it does not know us, or that it is elsewhere."""
    UNREADABLE = auto()
    """Its answer is larger than one may be, or none that a flow can use."""
    SPARED = auto()
    """It was not asked, because it has not answered for some time."""
    BUSY = auto()
    """It was not asked, because as many wait for it as may."""
    UNKNOWN = auto()
    """There is no such function."""


class FunctionTotals:
    """What has come of asking functions since the process began, by function and outcome, and the seconds of waiting
    for each; ``spared`` are those that are not asked now."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, Outcome]] = Counter()
        self.waited_s: defaultdict[str, float] = defaultdict(float)
        self.spared: set[str] = set()

    def count(self, function: str, outcome: Outcome, waited_s: float = 0.0) -> None:
        """Enter one."""
        self.asked[function, outcome] += 1
        self.waited_s[function] += waited_s

    def taken(self) -> FunctionTotals:
        """What was entered until now."""
        taken = FunctionTotals()
        taken.asked, taken.waited_s, taken.spared = self.asked.copy(), self.waited_s.copy(), set(self.spared)
        return taken


class NoFunctions:
    """There are none: whoever asks for one is counted, and the log is told of which flow it was, once a minute.
    ``monotonic`` is a clock that is never set back."""

    def __init__(self, totals: FunctionTotals | None = None, monotonic: Seconds = time.monotonic) -> None:
        self._totals = totals or FunctionTotals()
        self._seldom: Seldom[str] = Seldom(monotonic)

    def ask(self, arn: str, question: Question, within: Duration, done: Done) -> None:
        """Answers nothing. What was asked for is told nobody: flows may make names of attributes."""
        self._totals.count(UNKNOWN, Outcome.UNKNOWN)
        if self._seldom.happened(question.flow_id):
            asked_by = {"contact_id": question.contact_id, "flow_id": question.flow_id}
            log.warning("a flow asks a function that the settings do not have", extra=asked_by)
        asyncio.get_running_loop().call_soon(done, None)


def answer_in(body: bytes) -> Answer | None:
    """The values in what was answered; None if it is no answer, as anything but a JSON object of bounded depth. Where
    it is empty, or null, there are no values: so answers a function that has nothing to say."""
    if not body.strip():
        return {}
    try:
        values = read_json(body.decode("utf-8-sig"), MAX_DEPTH)
    except (UnicodeDecodeError, UnusableJsonError):
        return None
    if values is None:
        return {}
    return values if isinstance(values, Mapping) else None
