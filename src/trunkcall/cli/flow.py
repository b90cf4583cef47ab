"""`trunkcall flow`: contact flows as files.

Decides how the file of a flow is named and read, and how what is wrong with it is told. It needs no server.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.files import open_output
from trunkcall.cli.flow_try import ANSWERS, Player, shown
from trunkcall.cli.help import examples
from trunkcall.cli.tables import counted, printable
from trunkcall.domain.errors import TrunkcallError
from trunkcall.flows.checking import Checked, Finding
from trunkcall.flows.checking import check as look_at
from trunkcall.flows.document import Flow
from trunkcall.flows.drawing import drawing
from trunkcall.flows.language import ACTIONS, FLOW_TYPES, MAX_CONTENT
from trunkcall.flows.progress import Purpose

app = typer.Typer(help="Contact flows, as files.", no_args_is_help=True)

STANDARD_INPUT = "-"
MAX_BYTES = 4 * MAX_CONTENT
"""Of the file of a flow; of UTF-8, a character has four at most."""

FlowFile = Annotated[
    str, typer.Argument(metavar="FILE", help="The flow, JSON of the flow language; - for standard input.")
]


class FlowError(TrunkcallError):
    """The flow cannot be published."""


def check(
    file: FlowFile,
    flow_type: Annotated[
        str | None,
        typer.Option("--type", help="Type of the flow, such as CUSTOMER_QUEUE: some actions are not in all."),
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Say all that is wrong with a flow, and what is worth knowing. Needs no server."""
    _one_of("--type", flow_type, FLOW_TYPES)
    name, content = _read(file)
    checked = look_at(content, flow_type)
    if as_json:
        typer.echo(json.dumps(_told(checked), indent=2))
        if checked.flow is None:
            raise typer.Exit(1)
        return
    _published(name, checked)
    for remark in checked.remarks:
        typer.echo(_line(name, remark))
    typer.echo(printable(f"{name}: {_summary(checked)}"))


def draw(
    file: FlowFile,
    output: Annotated[Path, typer.Option("--output", help="SVG file to write.")],
) -> None:
    """Draw a flow: its actions, and what leads from each to which. Needs no server."""
    flow = _flow_in(file)
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
    _one_of("--answer", answer, ANSWERS)
    others = {flow_id: _flow_in(path) for flow_id, path in _pairs("--flow", flows)}
    player = Player(
        _flow_in(file),
        others,
        purpose=Purpose.BESIDE if beside else Purpose.CONTACT,
        attributes=dict(_pairs("--attribute", attributes)),
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
    name, content = _read(file)
    checked = look_at(content)
    _published(name, checked)
    assert checked.flow is not None
    return checked.flow


def _one_of(option: str, given: str | None, known: Collection[str]) -> None:
    if given is not None and given not in known:
        raise typer.BadParameter(f"It must be one of {', '.join(known)}, not {given!r}.", param_hint=option)


def _pairs(option: str, given: list[str] | None) -> Iterator[tuple[str, str]]:
    for each in given or ():
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise typer.BadParameter("It must be such as name=value.", param_hint=option)
        yield name, value


def _read(file: str) -> tuple[str, str]:
    """What the file is called, and the text in it. Raises FlowError, OSError."""
    name = "standard input" if file == STANDARD_INPUT else file
    with nullcontext(sys.stdin.buffer) if file == STANDARD_INPUT else Path(file).open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise FlowError(f"{name} has more than the {MAX_CONTENT:,} characters that a flow may have.")
    try:
        return name, content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FlowError(f"{name} is not text in UTF-8.") from error


def _published(name: str, checked: Checked) -> None:
    """Raises FlowError, with all that is wrong, where the flow cannot be published."""
    if checked.flow is None:
        told = "\n".join(_line(name, problem) for problem in checked.problems)
        raise FlowError(f"The flow cannot be published.\n{told}")


def _line(name: str, finding: Finding) -> str:
    of = f"{finding.identifier}: " if finding.identifier is not None else ""
    return printable(f"{name}: {of}{finding.text}")


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
