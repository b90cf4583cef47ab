"""Tables of plain text: on a terminal they fit its width, in a pipe nothing is cut.

Decides which columns go when there is no room, and how texts are aligned. It must not know what is in them.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence

import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

GAP = "  "
MIN_NAME = 12
WIDEST = 10_000


def terminal_width() -> int | None:
    """Columns of the terminal that standard output is; None for a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def printable(text: str) -> str:
    """Somebody else's text without what commands a terminal: control characters, line breaks, changes of direction."""
    return "".join(character if character.isprintable() else "�" for character in text)


def counted(number: int, noun: str) -> str:
    """``1 contact``, ``2,000 contacts``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def plain_table(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, right: Sequence[str]) -> str:
    """Lines of a table, in order of importance of its columns. Where ``width`` is too little, the last columns are left
    out, then the first is cut. ``right`` are the headers of columns that are aligned to the right."""
    columns = [[header, *(printable(row[n]) for row in rows)] for n, header in enumerate(headers)]
    widths = [max(map(cell_len, column)) for column in columns]
    shown = len(columns)
    if width is not None:
        while shown > 2 and min(widths[0], MIN_NAME) + sum(widths[1:shown]) + len(GAP) * (shown - 1) > width:
            shown -= 1
        rest = sum(widths[1:shown]) + len(GAP) * (shown - 1)
        widths[0] = min(widths[0], max(width - rest, 1))
    cells = [
        [_cell(text, widths[n], to_right=headers[n] in right) for text in column]
        for n, column in enumerate(columns[:shown])
    ]
    return "\n".join(GAP.join(line).rstrip() for line in zip(*cells, strict=True))


def facts(pairs: Sequence[tuple[str, str]], width: int | None) -> str:
    """A name and what is so on each line; texts are folded at ``width`` beside the names."""
    edge = max(len(name) for name, _ in pairs) + len(GAP)
    lines = []
    for name, text in ((name, printable(text)) for name, text in pairs):
        folded = textwrap.wrap(text, max((width or 0) - edge, 20), break_on_hyphens=False) if width else [text]
        lines += [f"{name:<{edge}}{folded[0] if folded else ''}".rstrip(), *(" " * edge + more for more in folded[1:])]
    return "\n".join(lines)


def folded(text: str, width: int | None, indent: str) -> str:
    """A text in lines of at most ``width``, all but the first of them indented; as it is where there is no width."""
    if width is None:
        return text
    return textwrap.fill(text, width, subsequent_indent=indent, break_on_hyphens=False)


def _cell(text: str, width: int, *, to_right: bool) -> str:
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    padding = " " * (width - cell_len(text))
    return padding + text if to_right else text + padding


def show_table(table: Table) -> None:
    """Print a table with every figure whole: as it is where there is room, or where nobody reads it on a terminal, and
    else line by line."""
    console = Console()
    width = Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum
    if console.is_terminal and width > console.width:
        typer.echo(_stacked(table, console.width))
    else:
        Console(width=max(width, console.width)).print(table)


def _stacked(table: Table, width: int) -> str:
    headers = [str(column.header) for column in table.columns]
    lines = [str(table.title)] if table.title else []
    for name, *values in zip(*(column.cells for column in table.columns), strict=True):
        said = [f"{header} {value}".strip() for header, value in zip(headers[1:], values, strict=True) if value]
        lines += [str(name), folded(f"  {', '.join(said)}", width, "    ")]
    return "\n".join(lines)
