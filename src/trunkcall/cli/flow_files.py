"""Files of contact flows: how they are named and read, and how what is wrong with one is told."""

from __future__ import annotations

import sys
from collections.abc import Collection
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from trunkcall.cli.tables import printable
from trunkcall.domain.errors import TrunkcallError
from trunkcall.flows.checking import Checked, Finding
from trunkcall.flows.language import MAX_CONTENT

STANDARD_INPUT = "-"
MAX_BYTES = 4 * MAX_CONTENT
"""Of the file of a flow; of UTF-8, a character has four at most."""

FlowFile = Annotated[
    str, typer.Argument(metavar="FILE", help="The flow, JSON of the flow language; - for standard input.")
]


class FlowError(TrunkcallError):
    """The flow cannot be published."""


def one_of(option: str, given: str | None, known: Collection[str]) -> None:
    if given is not None and given not in known:
        raise typer.BadParameter(f"It must be one of {', '.join(known)}, not {given!r}.", param_hint=option)


def read_flow(file: str) -> tuple[str, str]:
    """What the file is called, and the text in it. Raises FlowError."""
    name = "standard input" if file == STANDARD_INPUT else file
    try:
        with nullcontext(sys.stdin.buffer) if file == STANDARD_INPUT else Path(file).open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise FlowError(f"{name} cannot be read: {error.strerror}.") from error
    if len(content) > MAX_BYTES:
        raise FlowError(f"{name} has more than the {MAX_CONTENT:,} characters that a flow may have.")
    try:
        return name, content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FlowError(f"{name} is not text in UTF-8.") from error


def published(name: str, checked: Checked) -> None:
    """Raises FlowError, with all that is wrong, where the flow cannot be published."""
    if checked.flow is None:
        told = "\n".join(line(name, problem) for problem in checked.problems)
        raise FlowError(f"The flow cannot be published.\n{told}")


def line(name: str, finding: Finding) -> str:
    of = f"{finding.identifier}: " if finding.identifier is not None else ""
    return printable(f"{name}: {of}{finding.text}")
