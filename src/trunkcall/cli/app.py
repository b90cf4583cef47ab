"""The commands and how their errors look.

Decides that a person who made a mistake reads one sentence, never a traceback, and that the exit code is 1 for what
went wrong and 2 for what was asked wrongly.
"""

from __future__ import annotations

import sys

import typer

from trunkcall.cli import carrier, db, demo, env, explain, export, keys, load, privacy, serve, simulate
from trunkcall.domain.errors import TrunkcallError

app = typer.Typer(
    name="trunkcall",
    help="An outbound-campaign dialer that you host yourself and drive with any AWS SDK.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(serve.serve)
app.command()(carrier.carrier)
app.command()(demo.demo)
app.command()(simulate.simulate)
app.command()(load.load)
app.command()(explain.explain_command)
app.command()(env.env)
app.command()(privacy.forget_command)
app.command()(privacy.retention_command)
app.add_typer(export.app, name="export")
app.add_typer(keys.app, name="keys")
app.add_typer(db.app, name="db")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except TrunkcallError as error:
        sys.stderr.write(f"trunkcall: {error.message}\n")
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read the output has had enough.
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        # A directory that may not be written, a full disk: the operating system's own words say it best.
        place = f": {error.filename}" if error.filename is not None else ""
        sys.stderr.write(f"trunkcall: {error.strerror or error}{place}\n")
        sys.exit(1)
