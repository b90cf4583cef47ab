"""Completion with the Tab key: what a shell has to be told for it, and the names of campaigns.

Decides when names are looked up and how long that may take: whoever waits for a Tab key sees no error, and a moment at
most. How a shell and a program talk of completion is typer's to know.
"""

from __future__ import annotations

import os
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.completion import get_completion_inspect_parameters, shell_complete

VARIABLE = "_TRUNKCALL_COMPLETE"
"""What a shell sets to ask for completions: what it wants, and which shell it is."""
TIMEOUT_S = 1.0
_TO_ESCAPE = re.compile(r"[^\w@%+=:,./-]")
_TO_ESCAPE_IN = {'"': re.compile(r'["$`\\]'), "'": re.compile(r"(?!)")}
"""Within quotes bash takes all else as it stands."""


class Shell(StrEnum):
    """Shells that can be told."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    context: typer.Context, shell: Annotated[Shell, typer.Argument(help="The shell to complete in.")]
) -> None:
    """Print what a shell runs to complete commands, options and campaigns with the Tab key."""
    raise typer.Exit(_answer(context.find_root().command, f"source_{shell}"))


def is_asked() -> bool:
    """Whether a shell runs this process to know how a command line goes on."""
    return VARIABLE in os.environ


def complete(program: Any) -> int:
    """Answer the shell that asks how a command line of the program goes on. Errors are for nobody."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        return _answer(program, os.environ[VARIABLE])
    except Exception:  # whatever it was, the person presses other keys
        return 1


def names_a_campaign(param: Any) -> bool:
    """Whether a parameter of a command takes a campaign."""
    return "--campaign" in param.opts or param.metavar == "CAMPAIGN"


def campaign_names(ctx: Any, param: Any, incomplete: str) -> list[str]:
    """Names of campaigns that begin so, as the shell is to insert them; none if they cannot be had at once."""
    from trunkcall.cli.client import connection, hasty_client

    data_dir = ctx.params.get("data_dir") or os.environ.get("TRUNKCALL_DATA_DIR") or "trunkcall-data"
    client = hasty_client(connection(Path(data_dir)), TIMEOUT_S)
    page = client.list_campaigns(maxResults=50)
    names = (summary["name"] for summary in page["campaignSummaryList"])
    return [_inserted(name) for name in names if name.startswith(incomplete) and name.isprintable()]


def _inserted(name: str) -> str:
    """A name as one word of the command line. Other shells than bash quote by themselves."""
    if not os.environ[VARIABLE].endswith("_bash"):
        return name
    words, place = os.environ["COMP_WORDS"].split("\n"), int(os.environ["COMP_CWORD"])
    quote = words[place][:1] if place < len(words) else ""
    return (_TO_ESCAPE_IN.get(quote) or _TO_ESCAPE).sub(r"\\\g<0>", name)


def _answer(program: Any, instruction: str) -> int:
    get_completion_inspect_parameters()  # has typer know its shells
    code = shell_complete(program, {}, "trunkcall", VARIABLE, instruction)
    sys.stdout.flush()
    return code
