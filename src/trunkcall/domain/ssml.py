"""SSML: what is spoken of it, and where nothing is.

Decides which marks mean something here: ``p`` and ``s``, ``break``, ``sub``, ``say-as`` of digits, characters and
telephone numbers, and the ``rate`` of ``prosody``. Of every other mark what is inside is spoken as if it were not
there, ``emphasis`` and Amazon's own included. It must not know who speaks. (W3C, Speech Synthesis Markup Language 1.1;
how long pauses are is nowhere said: Amazon Polly compares them with those of a comma, a sentence and a paragraph.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from xml.parsers.expat import ExpatError, ParserCreate

from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import SECOND, Duration, seconds

COMMA: Final[Duration] = SECOND // 4
SENTENCE: Final[Duration] = SECOND // 2
PARAGRAPH: Final[Duration] = 4 * SECOND // 5
LONGEST: Final[Duration] = 10 * SECOND
"""Of a break, as Amazon Polly has it."""
MAX_PIECES: Final = 100
LEAST_RATE, GREATEST_RATE = 0.2, 2.0

_STRENGTHS: Final[Mapping[str, Duration]] = {
    "none": 0,
    "x-weak": 0,
    "weak": COMMA,
    "medium": COMMA,
    "strong": SENTENCE,
    "x-strong": PARAGRAPH,
}
_RATES: Final[Mapping[str, float]] = {
    "x-slow": 0.5,
    "slow": 0.75,
    "medium": 1.0,
    "default": 1.0,
    "fast": 1.25,
    "x-fast": 1.5,
}
_TIME: Final = re.compile(r"\+?(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(ms|s)")
_PERCENT: Final = re.compile(r"([+-]?)(\d{1,4}(?:\.\d{1,4})?)%")
_APART: Final = frozenset({"digits", "characters", "spell-out", "verbatim"})
_ENDS: Final = ".!?:;,"


class BrokenSsmlError(TrunkcallError):
    """It is no SSML: one <speak> around all, every mark closed, and & written &amp;."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words, and how fast they are spoken, where 1 is as fast as all others."""

    text: str = field(repr=False)
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is heard for so long."""

    length: Duration


Piece: TypeAlias = Spoken | Pause


def pieces(ssml: str) -> tuple[Piece, ...]:
    """What is heard of it, in its order. Raises BrokenSsmlError."""
    reading = _Reading()
    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reading.begins
    parser.EndElementHandler = reading.ends
    parser.CharacterDataHandler = reading.words
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(ssml.encode("utf-8", "replace"), True)
    except (ExpatError, ValueError):
        raise BrokenSsmlError from None
    found = reading.all()
    if len(found) > MAX_PIECES:
        raise BrokenSsmlError(f"It has more than {MAX_PIECES} pauses and changes of rate.")
    return found


def _refuse(*declared: object) -> None:
    """What a document type declares may be far longer than what declares it."""
    raise BrokenSsmlError


class _Reading:
    """What was heard so far."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._text: list[str] = []
        self._gap: Duration = 0
        """Between paragraphs, if more words come."""
        self._pause: Duration = 0
        """That was asked for, besides."""
        self._rates = [1.0]
        self._says: list[str | None] = [None]
        """As what words are read, by marks around them; "" where they are not."""
        self._marks: list[str] = []

    def begins(self, mark: str, given: dict[str, str]) -> None:
        if not self._marks and mark != "speak":
            raise BrokenSsmlError
        self._marks.append(mark)
        rate, says = self._rates[-1], self._says[-1]
        match mark:
            case "p":
                self._part()
            case "s":
                self._sentence()
            case "break":
                self._break(given)
            case "prosody" if "rate" in given:
                self._flush()
                rate = min(max(rate * _rate(given["rate"]), LEAST_RATE), GREATEST_RATE)
            case "sub":
                self.words(given.get("alias", ""))
                says = ""
            case "say-as":
                says = says if says == "" else given.get("interpret-as")
            case "desc" | "metadata" | "meta" | "lexicon":
                says = ""
            case _:
                pass
        self._rates.append(rate)
        self._says.append(says)

    def ends(self, mark: str) -> None:
        self._marks.pop()
        self._says.pop()
        match mark:
            case "p":
                self._part()
            case "s":
                self._sentence()
            case _ if self._rates[-1] != self._rates[-2]:
                self._flush()
            case _:
                pass
        self._rates.pop()

    def words(self, text: str) -> None:
        says = self._says[-1]
        if says == "":
            return
        if says in _APART:
            text = f" {' '.join(each for each in text if not each.isspace())} "
        elif says == "telephone":
            text = _telephone(text)
        self._text.append(text)

    def all(self) -> tuple[Piece, ...]:
        self._flush()
        if self._pause:
            self._pieces.append(Pause(self._pause))
        return tuple(self._pieces)

    def _flush(self) -> None:
        """What was read since the last one is a piece."""
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if not text:
            return
        pause = max(self._pause, self._gap) if self._pieces else self._pause
        if pause:
            self._pieces.append(Pause(pause))
        self._pause = self._gap = 0
        self._pieces.append(Spoken(text, self._rates[-1]))

    def _part(self) -> None:
        self._flush()
        self._gap = PARAGRAPH

    def _sentence(self) -> None:
        """Whoever speaks pauses at a full stop."""
        before = "".join(self._text).rstrip()
        if before:
            self._text[:] = [before if before[-1] in _ENDS else f"{before}.", " "]

    def _break(self, given: Mapping[str, str]) -> None:
        self._flush()
        time = _TIME.fullmatch(given.get("time", "").strip())
        if time is None:
            self._pause += _STRENGTHS.get(given.get("strength", "medium"), COMMA)
        else:
            self._pause += min(seconds(float(time[1]) / (1_000 if time[2] == "ms" else 1)), LONGEST)


def _rate(given: str) -> float:
    """Of prosody; 1 where it cannot be read."""
    percent = _PERCENT.fullmatch(given.strip())
    if percent is None:
        return _RATES.get(given.strip(), 1.0)
    by = float(percent[2]) / 100
    return {"": by, "+": 1 + by, "-": 1 - by}[percent[1]]


def _telephone(text: str) -> str:
    """Digit by digit, with a comma where the number is written in groups."""
    groups = re.findall(r"\+|[0-9A-Za-z*#]+", text)
    return f" {', '.join(' '.join(each) if each != '+' else 'plus' for each in groups)} "
