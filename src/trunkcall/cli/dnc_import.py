"""A file of numbers onto a do-not-call list, through the API.

Decides how many numbers go at a time, what is told of those that are none, and how far it is. Memory stays the same
however long the file is. It must not know how lists are called or made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer

from trunkcall.cli.centre import Centre
from trunkcall.cli.client import trunkcall_client
from trunkcall.cli.interrupts import exit_code
from trunkcall.cli.lists.leads import LeadList, Reading
from trunkcall.cli.lists.rows import BadRow
from trunkcall.cli.progressing import Show, progress
from trunkcall.domain.errors import TrunkcallError

AT_ONCE: Final = 2_500
"""Numbers in one request (the service model's limit)."""
MAX_SHOWN: Final = 20
"""Rejected lines that are told."""

_AGAIN = "To import the file again does no harm."


@dataclass(slots=True)
class ImportResult:
    """What became of a file's lines."""

    taken: int = 0
    rejected: int = 0
    entries: int = 0
    """On the list in the end."""


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
        with centre.in_words(), progress(numbers.name) as show:
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
        show("sending", _counts(result), numbers.position, numbers.size)
    left = 1
    while left:
        so_far = own.finish_do_not_call_import(**of_import)
        left, result.entries = so_far["left"], so_far["entries"]
        show("putting on the list", _counts(result), so_far["parts"] - left, so_far["parts"])


def _counts(result: ImportResult) -> str:
    return f"{result.taken:,} taken, {result.rejected:,} rejected"
