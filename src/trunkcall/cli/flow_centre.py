"""`trunkcall flow list|show|publish|remove`: the contact flows of an instance.

Decides what a file is published as, and what is told of flows. It is an ordinary client of the API.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from trunkcall.cli.asking import Yes
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import Centre, InstanceOption, Named, centre_of, find, find_each, remove_each
from trunkcall.cli.files import open_output
from trunkcall.cli.flow_files import STANDARD_INPUT, FlowError, FlowFile, line, one_of, published, read_flow
from trunkcall.cli.flow_names import listed, replaced, type_in
from trunkcall.cli.tables import plain_table, printable, terminal_width
from trunkcall.domain.contact_flow import CONTACT_FLOW
from trunkcall.flows.checking import check
from trunkcall.flows.language import FLOW_TYPES
from trunkcall.settings import Settings

SAVED = ":$SAVED"

FlowName = Annotated[str, typer.Argument(metavar="FLOW", help="A contact flow, by name, id or ARN.")]


def list_flows(settings: Settings, instance: InstanceOption = None, as_json: Annotated[bool, JSON] = False) -> None:
    """List every contact flow, oldest first."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        found = _summaries(centre)
    told = [
        {
            "id": each["Id"],
            "arn": each["Arn"],
            "name": each["Name"],
            "type": each["ContactFlowType"],
            "published": each["ContactFlowStatus"] == "PUBLISHED",
        }
        for each in found
    ]
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    rows = [
        (
            each["name"],
            each["type"],
            "published" if each["published"] else "saved",
            each["id"],
        )
        for each in told
    ]
    typer.echo(plain_table(("NAME", "TYPE", "STATUS", "ID"), rows, terminal_width(), right=()))


def show(
    settings: Settings,
    name: FlowName,
    output: Annotated[Path | None, typer.Option("--output", help="File to write. [default: print it]")] = None,
    instance: InstanceOption = None,
) -> None:
    """Print a contact flow, to be kept, read or changed: what `trunkcall flow publish` takes."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        flow_id = find("flow", name, centre.flows()).id
        described = centre.client.describe_contact_flow(
            InstanceId=centre.instance_id, ContactFlowId=f"{flow_id}{SAVED}"
        )
    content = described["ContactFlow"]["Content"].rstrip("\n") + "\n"
    if output is None:
        typer.echo(content, nl=False)
        return
    with open_output("--output", output) as written:
        written.write(content)


def publish(
    settings: Settings,
    file: FlowFile,
    name: Annotated[
        str | None, typer.Option("--name", help="What it is called. [default: the file's name, without its ending]")
    ] = None,
    flow_type: Annotated[
        str | None,
        typer.Option(
            "--type", help="Type of a new flow. [default: that of the export, else CONTACT_FLOW, as campaigns have]"
        ),
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Publish a contact flow, or give the one of this name another content: campaigns go by it from then on.

    What is worth knowing of it is told, as by `trunkcall flow check`. What a file that Amazon's console has exported
    names of another instance is looked for in this one by its name; a name may stand in place of an id as well.
    """
    one_of("--type", flow_type, FLOW_TYPES)
    read_as, content = read_flow(file)
    published(read_as, check(content))
    if name is None and file == STANDARD_INPUT:
        raise typer.BadParameter("a flow from standard input needs a name", param_hint="--name")
    called = (Path(file).stem if name is None else name).strip()
    if not called or not called.isprintable():
        raise FlowError("A flow needs a name that can be printed: give it one with --name.")
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        there = _summaries(centre)
        of_name = next((each for each in there if each["Name"] == called), None)
        if of_name is not None and flow_type not in (None, of_name["ContactFlowType"]):
            has = of_name["ContactFlowType"]
            raise FlowError(f"There is a flow {called!r} already, of the type {has}. Choose another name.")
        names = replaced(content, _names(centre, there))
        is_of = of_name["ContactFlowType"] if of_name is not None else flow_type or type_in(content) or CONTACT_FLOW
        flow = {"InstanceId": centre.instance_id}
        if of_name is None:
            flow_id = centre.client.create_contact_flow(
                **flow,
                Name=called,
                Type=is_of,
                Content=names.content,
                **({"Description": description} if description else {}),
            )["ContactFlowId"]
        else:
            flow_id = of_name["Id"]
            centre.client.update_contact_flow_content(**flow, ContactFlowId=flow_id, Content=names.content)
            if description is not None:
                centre.client.update_contact_flow_name(**flow, ContactFlowId=flow_id, Description=description)
    for remark in check(content, is_of).remarks:
        typer.echo(line(read_as, remark), err=True)
    if names.missing:
        missing = f"Not in this instance: {listed(names.missing)}. Actions that need them take their error branch."
        typer.echo(printable(missing), err=True)
    if names.found:
        typer.echo(printable(f"Found here by name: {listed(names.found)}."), err=True)
    if as_json:
        typer.echo(json.dumps({"id": flow_id, "name": called, "created": of_name is None}, indent=2))
    elif of_name is None and is_of != CONTACT_FLOW:
        typer.echo(printable(f"{called} was published, of the type {is_of}. Flows name it by its id: {flow_id}"))
    elif of_name is None:
        how = f"`trunkcall campaign create NAME --flow {shlex.quote(called)}` makes a campaign that has it."
        typer.echo(printable(f"{called} was published. {how}"))
    else:
        who = "campaigns that have it" if is_of == CONTACT_FLOW else "contacts whose flow has chosen it"
        typer.echo(printable(f"{called} was changed: {who} go by it from now on."))


def remove(
    settings: Settings,
    names: Annotated[list[str], typer.Argument(metavar="FLOW", help="Contact flows, each by name, id or ARN.")],
    yes: Yes = False,
    instance: InstanceOption = None,
) -> None:
    """Remove contact flows that no campaign and no queue has."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        chosen = find_each("flow", names, centre.flows())
    remove_each(
        centre,
        chosen,
        lambda flow_id: centre.client.delete_contact_flow(InstanceId=centre.instance_id, ContactFlowId=flow_id),
        yes,
    )


def _summaries(centre: Centre) -> list[dict[str, Any]]:
    return list(centre.pages("list_contact_flows", "ContactFlowSummaryList"))


def _names(centre: Centre, flows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """What a flow may name, by kind: names with ids."""
    prompts = (Named(each["Id"], each["Name"]) for each in centre.pages("list_prompts", "PromptSummaryList"))
    return {
        "queue": _ids(centre.queues()),
        "contact flow": {each["Name"]: each["Id"] for each in flows},
        "prompt": _ids(prompts),
        "hours of operation": _ids(centre.hours()),
    }


def _ids(named: Iterable[Named]) -> dict[str, str]:
    return {each.name: each.id for each in named}
