"""A file of numbers onto a do-not-call list, through the API.

Decides how many numbers go at a time, what is told of those that are none, and how far it is. Memory stays the same
however long the file is. It must not know how lists are called or made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from trunkcall.cli.centre import Centre
from trunkcall.cli.client import trunkcall_client
from trunkcall.cli.interrupts import exit_code
from trunkcall.cli.lists.leads import LeadList, Reading
from trunkcall.cli.lists.rows import BadRow
from trunkcall.domain.errors import TrunkcallError

AT_ONCE: Final = 2_500
"""Numbers in one request (the service model's limit)."""
MAX_SHOWN: Final = 20
"""Rejected lines that are told."""
SAY_EVERY_S: Final = 30.0

_AGAIN = "To import the file again does no harm."


@dataclass(slots=True)
class ImportResult:
    """What became of a file's lines."""

    taken: int = 0
    rejected: int = 0
    entries: int = 0
    """On the list in the end."""


Show: TypeAlias = Callable[[str, int, int | None, ImportResult], None]
"""Is told what goes on, and how much of it is done of how much."""


class EmptyFileError(TrunkcallError):
    """There is no number in the file, so it takes the place of nothing."""


class NumberFile:
    """A file, of which only the column with the numbers is of interest. Raises LeadListError."""

    def __init__(self, path: Path, how: Reading) -> None:
        self._leads = LeadList(path, how)
        self.name = self._leads.source.name
        for note in self._leads.columns.notes:
            typer.echo(note, err=True)

    @property
    def size(self) -> int | None:
        return self._leads.source.size

    @property
    def position(self) -> int:
        return self._leads.source.position

    def batches(self, reject: Callable[[str], None]) -> Iterator[list[str]]:
        """All numbers, so many at a time; ``reject`` is told of each line that has none, and where it is."""
        batch: list[str] = []
        for item in self._leads.numbers():
            if isinstance(item, BadRow):
                reject(item.reason)
                continue
            batch.append(item)
            if len(batch) == AT_ONCE:
                yield batch
                batch = []
        if batch:
            yield batch


def import_file(centre: Centre, numbers: NumberFile, list_name: str, origin: dict[str, Any]) -> ImportResult:
    """Send all of the file, then have it put on the list. Raises whatever the API refuses."""
    result = ImportResult()
    try:
        with centre.in_words(), _progress(numbers) as show:
            _import(trunkcall_client(centre.where), centre.instance_id, numbers, list_name, origin, result, show)
    except TrunkcallError:
        if result.taken:
            typer.echo(f"It came to no end after {result.taken:,} numbers. {_AGAIN}", err=True)
        raise
    except KeyboardInterrupt:
        typer.echo(f"Interrupted after {result.taken:,} numbers. {_AGAIN}", err=True)
        raise typer.Exit(exit_code()) from None
    if result.rejected > MAX_SHOWN:
        typer.echo(f"… and {result.rejected - MAX_SHOWN:,} more rejected", err=True)
    return result


def _import(
    own: Any,
    instance_id: str,
    numbers: NumberFile,
    list_name: str,
    origin: dict[str, Any],
    result: ImportResult,
    show: Show,
) -> None:
    def reject(reason: str) -> None:
        result.rejected += 1
        if result.rejected <= MAX_SHOWN:
            typer.echo(f"rejected: {reason}", err=True)

    begun = own.begin_do_not_call_import(connectInstanceId=instance_id, listName=list_name, **origin)
    of_import = {"connectInstanceId": instance_id, "importNumber": begun["importNumber"]}
    for batch in numbers.batches(reject):
        own.append_do_not_call_import(**of_import, phoneNumbers=batch)
        result.taken += len(batch)
        show("sending", numbers.position, numbers.size, result)
    if not result.taken and origin.get("replaces"):
        raise EmptyFileError
    left = 1
    while left:
        progress = own.finish_do_not_call_import(**of_import)
        left, result.entries = progress["left"], progress["entries"]
        show("putting on the list", progress["parts"] - left, progress["parts"], result)


@contextmanager
def _progress(numbers: NumberFile) -> Iterator[Show]:
    """Shows how far it is: as a bar on a terminal, else as a line now and then."""
    console = Console(stderr=True)
    if not console.is_terminal:
        said_s = time.monotonic()

        def say(what: str, done: int, of: int | None, result: ImportResult) -> None:
            nonlocal said_s
            if time.monotonic() - said_s >= SAY_EVERY_S:
                said_s = time.monotonic()
                share = f" ({done / of:.0%})" if of else ""
                typer.echo(f"{what}{share}: {result.taken:,} taken, {result.rejected:,} rejected", err=True)

        yield say
        return
    columns = (TextColumn("{task.description} {task.fields[name]}"), BarColumn(), TextColumn("{task.fields[counts]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        bar = progress.add_task("sending", total=numbers.size, name=numbers.name, counts="")

        def draw(what: str, done: int, of: int | None, result: ImportResult) -> None:
            counts = f"{result.taken:,} taken, {result.rejected:,} rejected"
            progress.update(bar, description=what, completed=done, total=of, counts=counts)

        yield draw
