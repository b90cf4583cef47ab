"""What agents are told on the telephone of what has become of their keys, and of their status: in words, or by tones.

Decides what there is to be told, which words and which tones stand for it. It must not know when it is told, nor how
words become a sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from trunkcall.domain.agent import AgentState
from trunkcall.domain.tones import Tone


class Confirmation(StrEnum):
    """What an agent is told."""

    AVAILABLE = "available"
    BREAK = "break"
    WORK = "work"
    """The work after a contact has begun."""
    LOGGED_OUT = "logged_out"
    NOTED = "noted"
    """What came of the contact is on record."""
    NOT_POSSIBLE = "not_possible"
    """What was pressed means nothing, or is not possible now."""


OF_STATE: Final[Mapping[AgentState, Confirmation]] = {
    AgentState.AVAILABLE: Confirmation.AVAILABLE,
    AgentState.ON_BREAK: Confirmation.BREAK,
    AgentState.AFTER_CONTACT_WORK: Confirmation.WORK,
    AgentState.OFFLINE: Confirmation.LOGGED_OUT,
}
"""Of others nothing is told."""

TONES: Final[Mapping[Confirmation, Tone]] = {
    Confirmation.AVAILABLE: ((600, 100), (900, 100)),
    Confirmation.BREAK: ((900, 100), (600, 100)),
    Confirmation.WORK: ((600, 80), (0, 80), (600, 80)),
    Confirmation.LOGGED_OUT: ((900, 100), (600, 100), (400, 200)),
    Confirmation.NOTED: ((1200, 80),),
    Confirmation.NOT_POSSIBLE: ((300, 300),),
}
"""Where nobody speaks."""

NOTHING_RECORDED: Final[Tone] = ((1500, 70), (750, 140))
RECORDED_AGAIN: Final[Tone] = ((750, 70), (1500, 140))
"""What an agent hears in a talk of its being recorded: by tones always, because words would be heard in place of the
customer's."""

TIME: Final = "{time}"
DISPOSITION: Final = "{disposition}"
NUMBER: Final = "{number}"

Phrases: TypeAlias = Mapping[str, str]
PHRASES: Final[Phrases] = {
    Confirmation.AVAILABLE: "Available.",
    Confirmation.BREAK: "Break.",
    Confirmation.WORK: f"{TIME} of wrap-up.",
    "work_without_end": "Wrap-up.",
    Confirmation.LOGGED_OUT: "Logged out.",
    Confirmation.NOTED: f"{DISPOSITION}.",
    Confirmation.NOT_POSSIBLE: "Not possible.",
    "one_minute": "One minute",
    "minutes": f"{NUMBER} minutes",
    "one_second": "One second",
    "seconds": f"{NUMBER} seconds",
}
"""What is said for each, and how lengths of time are. An empty one is not said."""
MAX_PHRASE: Final = 200
"""Characters of one."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that an agent is told. ``work_s`` is how long the work may last, of one that has an end;
    ``disposition`` is what was noted."""

    confirmation: Confirmation
    work_s: int = 0
    disposition: str = ""


def in_words(told: Told, phrases: Phrases) -> str:
    """What is said; empty where nothing is."""
    if told.confirmation is Confirmation.WORK and not told.work_s:
        return phrases["work_without_end"]
    phrase = phrases[told.confirmation]
    return phrase.replace(TIME, _time(told.work_s, phrases)).replace(DISPOSITION, told.disposition)


def _time(seconds: int, phrases: Phrases) -> str:
    """Whole minutes as such, and everything else in seconds."""
    number, one, many = seconds, "one_second", "seconds"
    if seconds % 60 == 0:
        number, one, many = seconds // 60, "one_minute", "minutes"
    return phrases[one] if number == 1 else phrases[many].replace(NUMBER, str(number))
