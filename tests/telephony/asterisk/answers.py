"""What docs/reference/sip-answers.md promises of every answer of a carrier, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trunkcall.domain.leg import HangupCause
from trunkcall.engine.dispositions import ANSWERED, UNANSWERED

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "sip-answers.md"


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer, and what a record has for it."""

    code: int
    rang: bool
    disposition: str
    reason: str

    def __str__(self) -> str:
        return f"{self.code} {'after' if self.rang else 'without'} ringing"


def _rows(heading: str) -> Iterator[list[str]]:
    """The cells of a table's rows."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


def final_answers() -> list[Answer]:
    """Every code of the table, each with and without ringing where that is said to be the same."""
    return [
        Answer(int(code), rang, disposition, reason)
        for codes, when, disposition, reason, _ in _rows("Final answers before anybody answered")
        for code in re.findall(r"\d+", codes)
        for rang in {"yes": (True,), "no": (False,)}.get(when, (False, True))
    ]


def without_answer() -> dict[str, tuple[str, str]]:
    """By what happens: the disposition and the reason."""
    return {what: (disposition, reason) for what, disposition, reason in _rows("Without a final answer")}


def after_answer() -> dict[str, str]:
    """By what happens: the reason."""
    return {row[0]: row[1] for row in _rows("After the answer")}


def recorded(cause: HangupCause) -> tuple[str, str]:
    """What a record has whose leg ended so before the answer."""
    disposition, reason, _ = UNANSWERED[cause]
    return disposition, reason


def recorded_after(cause: HangupCause) -> str:
    """The reason that a record has whose leg ended so after the answer."""
    return ANSWERED[cause]
