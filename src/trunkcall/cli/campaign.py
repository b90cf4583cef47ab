"""`trunkcall campaign`: a shift without programming.

Decides what a campaign is like when nobody says otherwise, and how campaigns are listed and shown. It is an ordinary
client of the API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from trunkcall.cli import campaign_steps as steps
from trunkcall.cli.api_errors import NOT_FOUND, ApiRefusedError, in_words
from trunkcall.cli.campaign_place import Place
from trunkcall.cli.centre import Centre, Named, find, names_in
from trunkcall.cli.client import campaigns_client, connect_client, connection, trunkcall_client
from trunkcall.cli.figures import Ask, Figures, to_json
from trunkcall.cli.help import examples
from trunkcall.cli.installation import installation
from trunkcall.cli.naming import as_argument, find_campaign, is_id
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import facts, plain_table, printable, terminal_width
from trunkcall.cli.watch import watch
from trunkcall.cli.watch_view import progress_facts
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.recording import ON, VALUES, records
from trunkcall.domain.recording import TAG as RECORDING
from trunkcall.settings import Settings

CONFLICT = "ConflictException"

app = typer.Typer(help="Campaigns: make them, start and stop them, watch them.", no_args_is_help=True)

_HOW = {
    DialerType.PROGRESSIVE: "one attempt for each free agent",
    DialerType.PREDICTIVE: "ahead of free agents, abandonment kept under its limit",
    DialerType.AGENTLESS: "a message for whoever answers",
}


class CampaignExistsError(TrunkcallError):
    """A campaign of this name exists, with other settings."""


def create(
    settings: Settings,
    name: Annotated[str, typer.Argument(help="What to call it; unique in the instance.")],
    dialer: Annotated[
        DialerType,
        typer.Option(
            help="How it dials: progressive makes one attempt for each free agent; predictive dials ahead of them and "
            "keeps abandonment under its limit; agentless speaks a message to whoever answers."
        ),
    ] = DialerType.PROGRESSIVE,
    bandwidth: Annotated[
        float, typer.Option(min=0, max=1, help="Its weight among campaigns that dial for the same agents, 0 to 1.")
    ] = 1.0,
    capacity: Annotated[
        float, typer.Option(min=0.01, max=1, help="Its weight for lines and attempts per second, 0.01 to 1.")
    ] = 1.0,
    instance: Annotated[
        str | None, typer.Option(metavar="ID|ALIAS", help="Connect instance. [default: TRUNKCALL_INSTANCE_ID]")
    ] = None,
    queue: Annotated[
        str | None,
        typer.Option(
            metavar="ID|NAME",
            help="Queue whose agents take live answers. [default: TRUNKCALL_QUEUE_ID; of another --instance, its only "
            "one]",
        ),
    ] = None,
    flow: Annotated[
        str | None,
        typer.Option(
            metavar="ID|NAME",
            help="Contact flow of answered contacts. [default: agentless, the instance's Default agentless flow; "
            "else TRUNKCALL_CONTACT_FLOW_ID; of another --instance, its oldest]",
        ),
    ] = None,
    source_number: Annotated[
        str | None,
        typer.Option(
            help="Number that customers see, E.164. [default: the queue's; agentless, TRUNKCALL_SOURCE_PHONE_NUMBER, "
            "or of another --instance its only one]"
        ),
    ] = None,
    detect_machines: Annotated[
        bool, typer.Option(help="Tell answering machines from people; what they hear is the flow's to say.")
    ] = True,
    await_prompt: Annotated[
        bool, typer.Option(help="Wait until a machine has beeped, or its prompt has ended.")
    ] = False,
    record: Annotated[
        bool,
        typer.Option("--record", help="Record its talks; `trunkcall campaign record` switches it later. Ask a lawyer."),
    ] = False,
    tag: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A tag; may be repeated.")] = None,
    start: Annotated[bool, typer.Option("--start", help="Start it at once.")] = False,
    as_json: Annotated[bool, steps.JSON] = False,
) -> None:
    """Make a campaign. One of this name with the same settings is left as it is."""
    if not name.strip() or not name.isprintable() or is_id(name):
        what = "cannot be printed" if name.strip() else "is empty"
        what = "looks like an id, by which it would be looked for" if is_id(name) else what
        raise typer.BadParameter(f"a campaign needs a name that can be told from others: {name!r} {what}")
    if await_prompt and not detect_machines:
        raise typer.BadParameter("--await-prompt needs --detect-machines")
    tags = dict(map(_tag, tag or []))
    if record:
        tags[RECORDING] = ON
    where = connection(settings.data_dir)
    agentless = dialer is DialerType.AGENTLESS
    if agentless and queue is not None:
        raise typer.BadParameter("an agentless campaign has no agents: leave --queue out")
    place = Place(where, installation(settings.data_dir), instance)
    config: dict[str, Any] = {"dialingCapacity": capacity}
    call: dict[str, Any] = {
        "connectContactFlowId": place.flow(flow, agentless=agentless),
        "answerMachineDetectionConfig": {
            "enableAnswerMachineDetection": detect_machines,
            "awaitAnswerMachinePrompt": await_prompt,
        },
    }
    if agentless:
        call["connectSourcePhoneNumber"] = place.number(source_number)
    else:
        config["bandwidthAllocation"] = bandwidth
        call["connectQueueId"] = place.queue(queue)
        if source_number is not None:
            call["connectSourcePhoneNumber"] = source_number
    client = campaigns_client(where)
    with in_words(where.endpoint_url):
        pages = client.get_paginator("list_campaigns").paginate()
        existed = any(summary["name"] == name for page in pages for summary in page["campaignSummaryList"])
    try:
        with in_words(where.endpoint_url, _instead):
            created = client.create_campaign(
                name=name,
                connectInstanceId=place.instance_id,
                dialerConfig={f"{dialer}DialerConfig": config},
                outboundCallConfig=call,
                **({"tags": tags} if tags else {}),
            )
    except ApiRefusedError as error:
        if error.code != CONFLICT:
            raise
        raise CampaignExistsError(
            f"There is a campaign {name!r} already, with other settings than these: `trunkcall campaign show "
            f"{as_argument(name)}`. Choose another name, or delete that one."
        ) from error
    outcome = steps.Outcome(created["id"])
    then = ""
    if start:
        then = steps.take(steps.START, where, client, outcome)
    else:
        with in_words(where.endpoint_url):
            outcome.state = client.get_campaign_state(id=created["id"])["state"]
    if as_json:
        made = {"id": created["id"], "arn": created["arn"], "name": name, "state": outcome.state}
        typer.echo(json.dumps({**made, "created": not existed}, indent=2))
        return
    if existed:
        typer.echo(f"{name} exists, with these settings, and is {outcome.state}. {then}".strip())
        return
    if outcome.state == CampaignState.INITIALIZED:
        then = f"`trunkcall campaign start {as_argument(name)}` begins to dial."
    typer.echo(f"{name} was created, {dialer} ({_HOW[dialer]}), and is {outcome.state}. {then}".strip())


def _instead(error: ClientError) -> str | None:
    """What to name where something was named that there is not: no campaign is missing here."""
    if error.response["Error"]["Code"] == NOT_FOUND:
        return "`trunkcall env` shows those that the first start made; they are taken where none is named."
    return None


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise typer.BadParameter(f"--tag {text!r} is not KEY=VALUE")
    return key, value


def record(
    settings: Settings,
    name: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign, by name, id or ARN.")],
    switch: Annotated[str, typer.Argument(metavar="on|off", help="Whether its talks are recorded from here on.")],
) -> None:
    """Have a campaign's talks recorded, or not any more. Talks that have begun go on as they are."""
    if switch not in VALUES:
        raise typer.BadParameter(f"say {' or '.join(VALUES)}, not {switch!r}")
    where = connection(settings.data_dir)
    client = campaigns_client(where)
    with in_words(where.endpoint_url):
        campaign_id = find_campaign(client, name)
        campaign = client.describe_campaign(id=campaign_id)["campaign"]
        client.tag_resource(arn=campaign["arn"], tags={RECORDING: switch})
    then = "recorded from here on" if switch == ON else "not recorded any more"
    typer.echo(f"Talks of {campaign['name']} are {then}.")


def change(
    settings: Settings,
    name: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign, by name, id or ARN.")],
    flow: Annotated[str, typer.Option(metavar="ID|NAME", help="Contact flow of those who answer from here on.")],
) -> None:
    """Give a campaign another contact flow, in any state. Whoever is in the former one goes on in it."""
    where = connection(settings.data_dir)
    client = campaigns_client(where)
    with in_words(where.endpoint_url):
        campaign_id = find_campaign(client, name)
        campaign = client.describe_campaign(id=campaign_id)["campaign"]
    centre = Centre(where, connect_client(where), campaign["connectInstanceId"])
    with centre.in_words():
        chosen = Named(flow, flow) if is_id(flow) else find("flow", flow, centre.campaign_flows(flow))
        client.update_campaign_outbound_call_config(id=campaign_id, connectContactFlowId=chosen.id)
    typer.echo(printable(f"{campaign['name']} has the flow {chosen.name}: who answers from here on goes through it."))


def list_campaigns(
    settings: Settings,
    state: Annotated[
        list[CampaignState] | None,
        typer.Option(case_sensitive=False, help="Only campaigns in this state; may be repeated."),
    ] = None,
    as_json: Annotated[bool, steps.JSON] = False,
) -> None:
    """List every campaign, oldest first."""
    where = connection(settings.data_dir)
    with in_words(where.endpoint_url):
        found = list(Ask(trunkcall_client(where)).campaigns(*(state or ())))
    if as_json:
        typer.echo(json.dumps([to_json(figures) for figures in found], indent=2))
    elif found:
        typer.echo(campaign_table(found, terminal_width()))
    else:
        where_else = "`trunkcall campaign list` shows all." if state else "`trunkcall campaign create NAME` makes one."
        of_them = f" that is {' or '.join(state)}" if state else ""
        typer.echo(f"There is no campaign{of_them}. {where_else}", err=True)


def campaign_table(found: list[Figures], width: int | None) -> str:
    """Campaigns one a line."""
    headers = ("NAME", "STATE", "PENDING", "DIALER", "DIALING", "ATTEMPTS", "CONNECTED", "ID")
    rows = [
        (
            figures.name,
            figures.state,
            f"{figures.waiting:,}",
            figures.dialer,
            f"{figures.in_progress:,}",
            f"{figures.attempts:,}",
            f"{figures.connected:,}",
            figures.id,
        )
        for figures in found
    ]
    return plain_table(headers, rows, width, right=("PENDING", "DIALING", "ATTEMPTS", "CONNECTED"))


def show(
    settings: Settings,
    name: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign, by name, id or ARN.")],
    as_json: Annotated[bool, steps.JSON] = False,
) -> None:
    """Show a campaign's settings, and how far it is."""
    where = connection(settings.data_dir)
    client = campaigns_client(where)
    with in_words(where.endpoint_url):
        campaign_id = find_campaign(client, name)
        described = client.describe_campaign(id=campaign_id)["campaign"]
        figures = Ask(trunkcall_client(where)).campaign(campaign_id)
    has = _settings_of(described)
    if as_json:
        typer.echo(json.dumps({**has, **to_json(figures)}, indent=2))
        return
    names = names_in(where, has["instance_id"])
    typer.echo(facts([*progress_facts(figures), *_settings_facts(has, names)], terminal_width()))


def _settings_of(described: dict[str, Any]) -> dict[str, Any]:
    ((_, dialer),) = described["dialerConfig"].items()
    call = described["outboundCallConfig"]
    detection = call.get("answerMachineDetectionConfig", {})
    return {
        "arn": described["arn"],
        "instance_id": described["connectInstanceId"],
        "bandwidth": dialer.get("bandwidthAllocation"),
        "capacity": dialer.get("dialingCapacity"),
        "queue_id": call.get("connectQueueId"),
        "contact_flow_id": call["connectContactFlowId"],
        "source_number": call.get("connectSourcePhoneNumber"),
        "detects_machines": detection.get("enableAnswerMachineDetection", False),
        "awaits_prompt": detection.get("awaitAnswerMachinePrompt", False),
        "tags": described.get("tags", {}),
    }


def _settings_facts(has: dict[str, Any], names: Mapping[str, str]) -> list[tuple[str, str]]:
    def named(thing_id: str) -> str:
        return f"{names[thing_id]} ({thing_id})" if names.get(thing_id) else thing_id

    without_queue = "none" if has["bandwidth"] is None else "the one that its flow sets"
    machines = "detected" if has["detects_machines"] else "not told from people"
    found = [
        ("capacity", f"{1 if has['capacity'] is None else has['capacity']:g}"),
        ("machines", machines + (", prompt awaited" if has["awaits_prompt"] else "")),
        ("talks", "recorded" if records(has["tags"]) else "not recorded"),
        ("instance", named(has["instance_id"])),
        ("queue", named(has["queue_id"]) if has["queue_id"] else without_queue),
        ("flow", named(has["contact_flow_id"])),
        ("number shown", has["source_number"] or "the queue's"),
        ("tags", ", ".join(f"{key}={value}" for key, value in has["tags"].items()) or "none"),
        ("arn", has["arn"]),
    ]
    if has["bandwidth"] is not None:
        found.insert(0, ("bandwidth", f"{has['bandwidth']:g}"))
    return found


_with_data_dir = with_settings("data_dir")
app.command(
    "create",
    epilog=examples(
        "trunkcall campaign create Spring --start",
        "trunkcall campaign create Autumn --dialer predictive --bandwidth 0.5 --tag team=sales",
        "trunkcall campaign create Winter --instance reminders --queue Reminders",
    ),
)(_with_data_dir(create))
app.command("list", epilog=examples("trunkcall campaign list --state running", "trunkcall campaign list --json"))(
    _with_data_dir(list_campaigns)
)
app.command("show", epilog=examples("trunkcall campaign show Spring"))(_with_data_dir(show))
app.command(
    "watch",
    epilog=examples(
        "trunkcall campaign watch Spring",
        "trunkcall campaign watch",
        "trunkcall campaign watch Spring --until-done --interval 60 >> shift.log",
    ),
)(_with_data_dir(watch))
app.command("change", epilog=examples('trunkcall campaign change Spring --flow "Leave a message"'))(
    _with_data_dir(change)
)
app.command("record", epilog=examples("trunkcall campaign record Spring on", "trunkcall campaign record Spring off"))(
    _with_data_dir(record)
)
app.command("start", epilog=examples("trunkcall campaign start Spring"))(_with_data_dir(steps.start))
app.command("pause", epilog=examples("trunkcall campaign pause Spring", "trunkcall campaign pause --all"))(
    _with_data_dir(steps.pause)
)
app.command("resume", epilog=examples("trunkcall campaign resume Spring Autumn"))(_with_data_dir(steps.resume))
app.command("stop", epilog=examples("trunkcall campaign stop Spring"))(_with_data_dir(steps.stop))
app.command("delete", epilog=examples("trunkcall campaign delete Spring --yes"))(_with_data_dir(steps.delete))
