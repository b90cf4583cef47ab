"""`trunkcall trunks`: over which trunks an instance's customers are dialed, and what is in use of each.

Decides how a trunk looks. It is an ordinary client of the API.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from trunkcall.cli.api_errors import in_words
from trunkcall.cli.client import connection, nobody_dials, own_health, trunkcall_client
from trunkcall.cli.figures import Trunk, read_floor
from trunkcall.cli.help import examples
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import plain_table, terminal_width
from trunkcall.domain.errors import TrunkcallError
from trunkcall.settings import Settings

app = typer.Typer(help="The trunks over which customers are dialed.", no_args_is_help=True)

_JSON = typer.Option("--json", help="Print JSON.")


def list_trunks(settings: Settings, as_json: Annotated[bool, _JSON] = False) -> None:
    """List every trunk: whether it is up, its lines, and the numbers that it may show."""
    where = connection(settings.data_dir)
    page = own_health(where.endpoint_url)
    with in_words(where.endpoint_url):
        answer = trunkcall_client(where).get_instance_status(connectInstanceId=page["instance_id"])
    floor = read_floor(answer.get("floor"))
    if floor is None:
        raise TrunkcallError(nobody_dials(page))
    if as_json:
        typer.echo(json.dumps([asdict(trunk) for trunk in floor.trunks], indent=2))
    else:
        typer.echo(trunks_table(floor.trunks, terminal_width()))


app.command("list", epilog=examples("trunkcall trunks list", "trunkcall trunks list --json"))(
    with_settings("data_dir")(list_trunks)
)


def trunks_table(trunks: Sequence[Trunk], width: int | None) -> str:
    """A line for each trunk."""
    rows = [
        (
            trunk.trunk_id,
            _state(trunk),
            f"{trunk.lines_in_use:,}",
            f"{trunk.lines:,}",
            f"{trunk.attempts_per_s:g}",
            trunk.host,
            ", ".join(trunk.caller_numbers) or "any",
        )
        for trunk in trunks
    ]
    headers = ("TRUNK", "STATE", "IN USE", "LINES", "PER SECOND", "HOST", "NUMBERS")
    return plain_table(headers, rows, width, right=headers[2:5])


def _state(trunk: Trunk) -> str:
    if not trunk.up:
        return "down"
    if trunk.failing:
        return "failing"
    return "held" if trunk.held else "up"
