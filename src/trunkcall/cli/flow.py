"""`trunkcall flow`: contact flows, as files and in an instance.

Decides what is told of a file, and which commands there are. What has to do with an instance is in ``flow_centre``; the
rest needs no server.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from trunkcall.cli import flow_centre
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.files import open_output
from trunkcall.cli.flow_files import STANDARD_INPUT, FlowFile, line, one_of, published, read_flow
from trunkcall.cli.flow_try import ANSWERS, Player, shown
from trunkcall.cli.help import examples
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import counted, printable
from trunkcall.flows.checking import Checked
from trunkcall.flows.checking import check as look_at
from trunkcall.flows.document import Flow
from trunkcall.flows.drawing import drawing
from trunkcall.flows.language import ACTIONS, FLOW_TYPES
from trunkcall.flows.progress import Purpose

app = typer.Typer(help="Contact flows: check, try, publish and list them.", no_args_is_help=True)


def check(
    file: FlowFile,
    flow_type: Annotated[
        str | None,
        typer.Option("--type", help="Type of the flow, such as CUSTOMER_QUEUE: some actions are not in all."),
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Say all that is wrong with a flow, and what is worth knowing. Needs no server."""
    one_of("--type", flow_type, FLOW_TYPES)
    name, content = read_flow(file)
    checked = look_at(content, flow_type)
    if as_json:
        typer.echo(json.dumps(_told(checked), indent=2))
        if checked.flow is None:
            raise typer.Exit(1)
        return
    published(name, checked)
    for remark in checked.remarks:
        typer.echo(line(name, remark))
    typer.echo(printable(f"{name}: {_summary(checked)}"))


def draw(
    file: FlowFile,
    output: Annotated[Path, typer.Option("--output", help="SVG file to write.")],
) -> None:
    """Draw a flow: its actions, and what leads from each to which. Needs no server."""
    flow = _flow_in(file)
    if file != STANDARD_INPUT and output.exists() and output.samefile(file):
        raise typer.BadParameter(f"{output} is the flow itself. Name another file.", param_hint="--output")
    with open_output("--output", output) as drawn:
        drawn.write(drawing(flow, "standard input" if file == STANDARD_INPUT else Path(file).stem))


def try_flow(
    file: FlowFile,
    answer: Annotated[
        str | None, typer.Option("--answer", metavar="|".join(ANSWERS), help="Who answers; asked for without it.")
    ] = None,
    attributes: Annotated[
        list[str] | None, typer.Option("--attribute", metavar="NAME=VALUE", help="An attribute of the contact.")
    ] = None,
    flows: Annotated[
        list[str] | None, typer.Option("--flow", metavar="ID=FILE", help="Another flow, to which this one may go on.")
    ] = None,
    beside: Annotated[
        bool, typer.Option("--beside", help="It is heard by somebody who waits, or is on hold: at its end they go on.")
    ] = False,
    seed: Annotated[int, typer.Option(help="By which chance decides.")] = 1,
) -> None:
    """Play a flow: type what the customer presses, and what comes of the rest. Nobody is called."""
    one_of("--answer", answer, ANSWERS)
    others = {flow_id: _flow_in(path) for flow_id, path in _pairs("--flow", "ID=FILE", flows)}
    player = Player(
        _flow_in(file),
        others,
        purpose=Purpose.BESIDE if beside else Purpose.CONTACT,
        attributes=dict(_pairs("--attribute", "NAME=VALUE", attributes)),
        random=Random(seed),  # noqa: S311 - it keeps no secret
        ask=_ask,
        tell=shown,
    )
    player.play("off" if beside and answer is None else answer)


def _ask(question: str) -> str:
    """Typed answers are echoed where there is no terminal that does."""
    typer.echo(f"{question}: ", nl=False)
    line = sys.stdin.readline()
    if not sys.stdin.isatty():
        typer.echo(printable(line.rstrip("\n")))
    if not line:
        raise EOFError
    return line.rstrip("\n")


def _flow_in(file: str) -> Flow:
    name, content = read_flow(file)
    checked = look_at(content)
    published(name, checked)
    assert checked.flow is not None
    return checked.flow


def _pairs(option: str, pattern: str, given: list[str] | None) -> Iterator[tuple[str, str]]:
    for each in given or ():
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"It must be {pattern}.", param_hint=option)
        yield name, value


def _summary(checked: Checked) -> str:
    assert checked.flow is not None
    actions = checked.flow.actions.values()
    accepted = sum(not ACTIONS[each.type].offered for each in actions)
    rest = f", {accepted} of them not offered" if accepted else ""
    return f"no problems; {counted(len(actions), 'action')}{rest}."


def _told(checked: Checked) -> dict[str, Any]:
    flow = checked.flow
    return {
        "can_be_published": flow is not None,
        "actions": len(flow.actions) if flow is not None else None,
        "problems": [asdict(each) for each in checked.problems],
        "remarks": [asdict(each) for each in checked.remarks],
    }


app.command(
    "check",
    epilog=examples(
        "trunkcall flow check reminder.json",
        "trunkcall flow check hold.json --type CUSTOMER_QUEUE",
        "trunkcall flow check - --json",
    ),
)(check)
app.command("draw", epilog=examples("trunkcall flow draw reminder.json --output reminder.svg"))(draw)
app.command(
    "try",
    epilog=examples(
        "trunkcall flow try reminder.json",
        "trunkcall flow try reminder.json --answer human --attribute name=Ann",
        "trunkcall flow try hold.json --beside",
    ),
)(try_flow)
_with_data_dir = with_settings("data_dir")
app.command("list", epilog=examples("trunkcall flow list", "trunkcall flow list --instance reminders --json"))(
    _with_data_dir(flow_centre.list_flows)
)
app.command(
    "show",
    epilog=examples('trunkcall flow show "Default outbound flow" --output mine.json', "trunkcall flow show Reminder"),
)(_with_data_dir(flow_centre.show))
app.command(
    "publish",
    epilog=examples(
        "trunkcall flow publish reminder.json --name Reminder",
        "trunkcall flow publish hold.json --type CUSTOMER_QUEUE",
    ),
)(_with_data_dir(flow_centre.publish))
app.command("remove", epilog=examples("trunkcall flow remove Reminder --yes"))(_with_data_dir(flow_centre.remove))
