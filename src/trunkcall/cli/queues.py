"""`trunkcall queues`: the queues of a contact centre.

Decides what a queue has when nobody says otherwise, and how queues are listed. It is an ordinary client of the API.
"""

from __future__ import annotations

import json
import shlex
from typing import Annotated, Any

import typer

from trunkcall.cli.asking import Yes
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import (
    Centre,
    InstanceOption,
    centre_of,
    find,
    find_each,
    find_number,
    remove_each,
    with_delay,
)
from trunkcall.cli.help import examples
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import plain_table, printable, terminal_width
from trunkcall.domain.errors import TrunkcallError
from trunkcall.settings import Settings

app = typer.Typer(help="Queues: where live answers wait for agents.", no_args_is_help=True)


def list_queues(settings: Settings, instance: InstanceOption = None, as_json: Annotated[bool, JSON] = False) -> None:
    """List every queue, oldest first: the number that its customers see, and who serves it."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        found = queues_of(centre)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    headers = ("NAME", "STATE", "NUMBER", "SERVED BY", "HOURS", "ID")
    rows = [
        (
            queue["name"],
            "enabled" if queue["enabled"] else "disabled",
            queue["number"] or "-",
            ", ".join(with_delay(name, queue["delays"]) for name in queue["routing_profiles"]) or "nobody",
            queue["hours"] or "-",
            queue["id"],
        )
        for queue in found
    ]
    typer.echo(plain_table(headers, rows, terminal_width(), right=()))


def queues_of(centre: Centre) -> list[dict[str, Any]]:
    """Every queue, with names for what it refers to."""
    hours = {each.id: each.name for each in centre.hours()}
    numbers = {each.id: each.name for each in centre.numbers()}
    served: dict[str, dict[str, int]] = {}
    for profile in centre.routing_profiles():
        for queue in centre.queues_of_profile(profile.id):
            served.setdefault(queue["QueueId"], {})[profile.name] = queue["Delay"]
    return [
        {
            "id": queue["QueueId"],
            "arn": queue["QueueArn"],
            "name": queue["Name"],
            "description": queue.get("Description", ""),
            "enabled": queue["Status"] == "ENABLED",
            "number": numbers.get(queue.get("OutboundCallerConfig", {}).get("OutboundCallerIdNumberId")),
            "hours": hours.get(queue.get("HoursOfOperationId", "")),
            "routing_profiles": list(served.get(queue["QueueId"], {})),
            "delays": {name: delay for name, delay in served.get(queue["QueueId"], {}).items() if delay},
        }
        for queue in centre.pages("search_queues", "Queues")
    ]


def add(
    settings: Settings,
    name: Annotated[str, typer.Argument(help="What to call it; unique in the instance.")],
    number: Annotated[
        str | None, typer.Option(help="Number of the instance that customers see: `trunkcall numbers list`.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Routing profile whose agents are to serve it, after all that they serve.")
    ] = None,
    hours: Annotated[str | None, typer.Option(help="Hours of operation. [default: the first of the instance]")] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Make a queue."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        there = centre.hours()
        if not there:
            raise TrunkcallError("The instance has no hours of operation, and a queue needs some.")
        kept = there[0] if hours is None else find("hours of operation", hours, there)
        shown = None if number is None else find_number(number, centre.numbers())
        served_by = None if profile is None else find("routing profile", profile, centre.routing_profiles())
        made = centre.client.create_queue(
            InstanceId=centre.instance_id,
            Name=name,
            HoursOfOperationId=kept.id,
            **({"Description": description} if description else {}),
            **({"OutboundCallerConfig": {"OutboundCallerIdNumberId": shown.id}} if shown is not None else {}),
        )
        if served_by is not None:
            lowest = max((each["Priority"] for each in centre.queues_of_profile(served_by.id)), default=0)
            served = {"QueueId": made["QueueId"], "Channel": "VOICE"}
            centre.client.associate_routing_profile_queues(
                InstanceId=centre.instance_id,
                RoutingProfileId=served_by.id,
                QueueConfigs=[{"QueueReference": served, "Priority": min(lowest + 1, 99), "Delay": 0}],
            )
    if as_json:
        typer.echo(json.dumps({"id": made["QueueId"], "arn": made["QueueArn"], "name": name}, indent=2))
        return
    by_whom = f"`trunkcall agents add NAME --queue {shlex.quote(name)}` has it served."
    who = f"Agents of {served_by.name} serve it." if served_by else by_whom
    typer.echo(printable(f"{name} was made. {who}"))


def change(
    settings: Settings,
    names: Annotated[list[str], typer.Argument(metavar="QUEUE", help="Queues, each by name, id or ARN.")],
    enabled: Annotated[
        bool | None,
        typer.Option("--enabled/--disabled", help="Whether agents serve it; nobody is dialed for a disabled queue."),
    ] = None,
    number: Annotated[
        str | None, typer.Option(help="Number of the instance that customers see: `trunkcall numbers list`.")
    ] = None,
    hours: Annotated[str | None, typer.Option(help="Hours of operation.")] = None,
    instance: InstanceOption = None,
) -> None:
    """Change queues, also while campaigns dial for them."""
    if enabled is None and number is None and hours is None:
        raise typer.BadParameter("say what is to be changed: --enabled, --disabled, --number, --hours")
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        chosen = find_each("queue", names, centre.queues())
        kept = None if hours is None else find("hours of operation", hours, centre.hours())
        shown = None if number is None else find_number(number, centre.numbers())
    for each in chosen:
        queue = {"InstanceId": centre.instance_id, "QueueId": each.id}
        done = []
        with centre.in_words():
            if kept is not None:
                centre.client.update_queue_hours_of_operation(**queue, HoursOfOperationId=kept.id)
                done.append(f"has the hours {kept.name}")
            if shown is not None:
                had = centre.client.describe_queue(**queue)["Queue"].get("OutboundCallerConfig", {})
                caller = {**had, "OutboundCallerIdNumberId": shown.id}
                centre.client.update_queue_outbound_caller_config(**queue, OutboundCallerConfig=caller)
                done.append(f"shows {shown.name}")
            if enabled is not None:
                centre.client.update_queue_status(**queue, Status="ENABLED" if enabled else "DISABLED")
                done.append("is enabled" if enabled else "is disabled: nobody is dialed for it")
        typer.echo(printable(f"{each.name} {', '.join(done)}."))


def remove(
    settings: Settings,
    names: Annotated[list[str], typer.Argument(metavar="QUEUE", help="Queues, each by name, id or ARN.")],
    yes: Yes = False,
    instance: InstanceOption = None,
) -> None:
    """Remove queues that no routing profile and no campaign has."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        chosen = find_each("queue", names, centre.queues())
    remove_each(
        centre,
        chosen,
        lambda queue_id: centre.client.delete_queue(InstanceId=centre.instance_id, QueueId=queue_id),
        yes,
    )


_with_data_dir = with_settings("data_dir")
app.command("list", epilog=examples("trunkcall queues list", "trunkcall queues list --instance reminders --json"))(
    _with_data_dir(list_queues)
)
app.command(
    "add",
    epilog=examples(
        "trunkcall queues add Reminders",
        'trunkcall queues add Reminders --number +442079460000 --profile "Basic Routing Profile"',
    ),
)(_with_data_dir(add))
app.command(
    "change",
    epilog=examples(
        "trunkcall queues change Reminders --disabled",
        "trunkcall queues change Reminders --enabled --number +442079460000",
    ),
)(_with_data_dir(change))
app.command("remove", epilog=examples("trunkcall queues remove Reminders --yes"))(_with_data_dir(remove))
