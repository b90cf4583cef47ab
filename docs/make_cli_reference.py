"""Writes docs/reference/cli.md from what every command says under --help.

Run it after a change of ``trunkcall.cli``: ``.venv/bin/python docs/make_cli_reference.py``. A test compares the page
with what this makes.
"""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch

from generated import write
from typer.testing import CliRunner

from trunkcall.cli.app import app

PAGE = Path(__file__).parent / "reference" / "cli.md"

WIDTH = 80


def command_names() -> list[str]:
    """Every command and group, as it is typed after ``trunkcall``."""
    names = [
        command.name or (command.callback.__name__ if command.callback else "") for command in app.registered_commands
    ]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        assert group.name is not None
        names.append(group.name)
        names += [f"{group.name} {command.name}" for command in group.typer_instance.registered_commands]
    return names


def help_of(name: str) -> str:
    """What the command prints under --help, independent of the terminal."""
    with patch.dict(os.environ, {"COLUMNS": str(WIDTH), "NO_COLOR": "1"}):
        os.environ.pop("TRUNKCALL_DATA_DIR", None)
        result = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="trunkcall", terminal_width=WIDTH)
    assert result.exit_code == 0, result.output
    return result.output.rstrip()


def generate() -> str:
    """Every command under a heading of its own."""
    sections = []
    for name in ["", *command_names()]:
        heading = f"trunkcall {name}".strip()
        sections.append(f"## {heading}\n\n```text\n{help_of(name)}\n```")
    return "\n\n".join(sections)


if __name__ == "__main__":
    write(PAGE, generate())
