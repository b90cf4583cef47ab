"""Asking whoever sits at the terminal before something is lost or made.

Decides how a question is put, and that without a terminal nothing is done that was not agreed to.
"""

from __future__ import annotations

import sys
from typing import Annotated, TypeAlias

import typer

from trunkcall.cli.tables import printable

Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def confirm(what: str, yes: bool) -> None:
    """Go on if the person agrees. Raises BadParameter where there is no terminal, Exit if they don't."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{what} There is no terminal to ask on: say --yes.")
    typer.echo(printable(what), err=True)
    try:
        agreed = typer.confirm("Go on?", err=True)
    except typer.Abort:
        agreed = False
    if not agreed:
        typer.echo("Nothing was changed.", err=True)
        raise typer.Exit(1)
