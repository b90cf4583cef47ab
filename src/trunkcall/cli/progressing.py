"""How far a command is that goes on for long.

Decides how that looks: a bar on a terminal, else a line now and then. It must not know what is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

SAY_EVERY_S: Final = 30.0

Show: TypeAlias = Callable[[str, str, int, int | None], None]
"""Is told what goes on, how it counts, and how much of it is done of how much; None if nobody knows."""


@contextmanager
def progress(name: str) -> Iterator[Show]:
    """Shows how far it is with what has this name."""
    console = Console(stderr=True)
    if not console.is_terminal:
        said_s = time.monotonic()

        def say(doing: str, counts: str, done: int, of: int | None) -> None:
            nonlocal said_s
            if time.monotonic() - said_s >= SAY_EVERY_S:
                said_s = time.monotonic()
                share = f" ({done / of:.0%})" if of else ""
                typer.echo(f"{doing}{share}: {counts}", err=True)

        yield say
        return
    columns = (TextColumn("{task.description} {task.fields[name]}"), BarColumn(), TextColumn("{task.fields[counts]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as shown:
        bar = shown.add_task("", total=None, name=name, counts="")

        def draw(doing: str, counts: str, done: int, of: int | None) -> None:
            shown.update(bar, description=doing, completed=done, total=of, counts=counts)

        yield draw
