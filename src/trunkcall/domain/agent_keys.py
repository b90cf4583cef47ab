"""What agents can do by keys of the telephone, on a floor without desktops.

Decides what each of them means, and how that is written in a setting. It must not know who presses them, when they are
possible, nor what follows from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

DIGITS: Final = "0123456789"
KEYS: Final = DIGITS + "ABCD*#"
"""All that a telephone can have; those that people have are without A to D."""
MAX_KEYS: Final = 4
"""Of a code."""
MAX_DISPOSITION: Final = 40
"""Characters of a disposition."""
DEAD_AIR: Final = "Dead air"
"""What stands in the record of a contact in which the agent heard nobody. A digit that is pressed later replaces it."""


class KeyMeaning(StrEnum):
    """What an agent can do by a code."""

    END_CONTACT = "end_contact"
    """Hang up the customer."""
    DEAD_AIR = "dead_air"
    """Hang up, as there is nobody to be heard, and say so in the record."""
    END_WORK = "end_work"
    """Be done with the work after a contact, and what was chosen last."""
    AVAILABLE = "available"
    BREAK = "break"
    LOG_OUT = "log_out"
    PAUSE_RECORDING = "pause_recording"
    """Record nothing, while the customer says what nobody may keep."""
    RESUME_RECORDING = "resume_recording"


Codes: TypeAlias = tuple[tuple[str, KeyMeaning], ...]
"""Keys that are pressed one after the other, and what they mean. None is the beginning of another, and none begins with
a digit."""
Dispositions: TypeAlias = tuple[tuple[str, str], ...]
"""Digits, and what stands in the record of the contact for each."""

CODES: Final[Codes] = (
    ("**", KeyMeaning.END_CONTACT),
    ("*9", KeyMeaning.DEAD_AIR),
    ("#", KeyMeaning.END_WORK),
    ("*1", KeyMeaning.AVAILABLE),
    ("*2", KeyMeaning.BREAK),
    ("*0", KeyMeaning.LOG_OUT),
    ("*4", KeyMeaning.PAUSE_RECORDING),
    ("*5", KeyMeaning.RESUME_RECORDING),
)
"""A customer's menu is answered by digits and by #, so nothing that ends a talk or a shift is either of these alone."""
DISPOSITIONS: Final[Dispositions] = tuple([(digit, digit) for digit in DIGITS])
"""Where nobody has given words for them."""


CHOICES: Final = frozenset({KeyMeaning.AVAILABLE, KeyMeaning.BREAK, KeyMeaning.LOG_OUT})
"""What can be chosen without a contact: also by dialing the code."""


def dialed(codes: Codes) -> frozenset[str]:
    """The codes that mean something where they are dialed, not pressed."""
    return frozenset(keys for keys, meaning in codes if meaning in CHOICES)


@dataclass(frozen=True, slots=True)
class AgentKeys:
    """What an instance's agents can do by keys."""

    codes: Codes = CODES
    dispositions: Dispositions = DISPOSITIONS


def written(codes: Codes) -> str:
    """As ``parse_codes`` reads them."""
    return ",".join([f"{meaning}={keys}" for keys, meaning in codes])


def parse_codes(text: str) -> Codes:
    """Codes from their setting: ``end_contact=**,end_work=#``; none from an empty one. Raises ValueError, which says
    what a code must be."""
    codes: dict[str, KeyMeaning] = {}
    for name, keys in _pairs(text, "end_contact=**,end_work=#"):
        if name not in set(KeyMeaning):
            raise ValueError(f"must name nothing but {', '.join(KeyMeaning)} before each =")
        if not 1 <= len(keys) <= MAX_KEYS or not set(KEYS).issuperset(keys):
            raise ValueError(f"must have 1 to {MAX_KEYS} keys for {name}, of 0 to 9, A to D, * and #")
        if keys[0] in DIGITS:
            raise ValueError(f"must have keys for {name} that begin with no digit: a digit chooses a disposition")
        if any(keys.startswith(other) or other.startswith(keys) for other in codes):
            raise ValueError(f"must have keys for {name} that begin no other code, nor with one")
        if KeyMeaning(name) in codes.values():
            raise ValueError(f"must have {name} once")
        codes[keys] = KeyMeaning(name)
    return tuple(codes.items())


def parse_dispositions(text: str) -> Dispositions:
    """Dispositions from their setting: ``1=Sale,2=Call back``; from an empty one each digit stands for itself. Raises
    ValueError, which says what a disposition must be."""
    found: dict[str, str] = {}
    for digit, word in _pairs(text, "1=Sale,2=Call back"):
        if len(digit) != 1 or digit not in DIGITS or digit in found:
            raise ValueError("must have each digit from 0 to 9 once at most, before its =")
        if not 1 <= len(word) <= MAX_DISPOSITION or not word.isprintable():
            raise ValueError(f"must have 1 to {MAX_DISPOSITION} characters for {digit}")
        found[digit] = word
    return tuple(found.items()) or DISPOSITIONS


def _pairs(text: str, example: str) -> Iterator[tuple[str, str]]:
    """What is before and behind the = of each part."""
    for part in text.split(",") if text.strip() else ():
        before, equals, behind = part.partition("=")
        if not equals:
            raise ValueError(f"must look like {example}")
        yield before.strip(), behind.strip()
