"""Writes docs/reference/cli.md from what every command says under --help.

Run it after a change of ``trunkcall.cli``: ``.venv/bin/python docs/make_cli_reference.py``. A test compares the page
with what this makes.
"""

from __future__ import annotations

from pathlib import Path

from generated import write

from trunkcall.cli.app import root
from trunkcall.cli.command import contexts

PAGE = Path(__file__).parent / "reference" / "cli.md"

WIDTH = 80


def command_names() -> list[str]:
    """Every command and group, as it is typed after ``trunkcall``."""
    return [context.command_path.removeprefix("trunkcall ") for context in contexts(root) if context.parent is not None]


def generate() -> str:
    """Every command under a heading of its own, with what it prints under --help."""
    return "\n\n".join(
        f"## {context.command_path}\n\n```text\n{context.get_help()}\n```" for context in contexts(root, WIDTH)
    )


if __name__ == "__main__":
    write(PAGE, generate())
