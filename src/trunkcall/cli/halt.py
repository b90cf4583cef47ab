"""`trunkcall halt` and `trunkcall resume`: stop all calls of an instance at once, and let them begin again.

Decides how that is told. They are ordinary clients of the API.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import InstanceOption, centre_of
from trunkcall.cli.client import trunkcall_client
from trunkcall.cli.options import with_settings
from trunkcall.settings import Settings

ReasonOption = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT", help="Why, for whoever asks `trunkcall explain`; 500 characters at most, and no phone number."
    ),
]


def halt(
    settings: Settings,
    reason: ReasonOption = None,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Stop all calls of an instance at once, until `resume`.

    Nothing is originated meanwhile, over restarts too. Talks go on, and phones that ring already may be answered.
    Campaigns stay as they are, and requests are accepted.
    """
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        told = trunkcall_client(centre.where).halt_instance(
            connectInstanceId=centre.instance_id, **({"reason": reason} if reason else {})
        )
    if as_json:
        halted = {"halted_at": told["haltedTime"].isoformat(), "reason": told.get("reason")}
        typer.echo(json.dumps({"instance_id": centre.instance_id, **halted}, indent=2))
    else:
        since = told["haltedTime"].isoformat(sep=" ", timespec="seconds")
        typer.echo(f"All calls are halted since {since}. `trunkcall resume` lets them begin again.")


def resume(settings: Settings, instance: InstanceOption = None) -> None:
    """Let calls of an instance that is halted begin again."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        trunkcall_client(centre.where).resume_instance(connectInstanceId=centre.instance_id)
    typer.echo("Calls may be made again.")


_with_data_dir = with_settings("data_dir")
halt_command = _with_data_dir(halt)
resume_command = _with_data_dir(resume)
