"""`trunkcall connect apply`: makes a contact centre look like a file.

Decides what is asked before it is done, and how changes are shown. It is an ordinary client of the API.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from trunkcall.cli.api_errors import NOT_FOUND, in_words
from trunkcall.cli.asking import Yes, confirm
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import Centre, InstanceOption, centre_of, instances
from trunkcall.cli.centre_changes import CHANGED, MADE, NOUNS, REMOVED, Applying, Change, changes_of, check_names
from trunkcall.cli.centre_file import CentreFile, read_centre_file
from trunkcall.cli.centre_state import new_instance, read_state
from trunkcall.cli.client import Connection, campaigns_client, connect_client, connection
from trunkcall.cli.help import examples
from trunkcall.cli.instances import list_instances, remove
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import counted, printable
from trunkcall.domain.errors import TrunkcallError
from trunkcall.settings import Settings

LOOK_EVERY_S = 0.2
ONBOARDING_S = 60.0
INSTANCE = "instance"
_CALLS = {"inbound_calls": "INBOUND_CALLS", "outbound_calls": "OUTBOUND_CALLS"}

app = typer.Typer(help="Contact centres: each an instance, as a file says it.", no_args_is_help=True)


def apply(
    settings: Settings,
    file: Annotated[Path, typer.Argument(help="TOML file that says what the contact centre looks like.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be changed.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what the file does not name, of the kinds that it speaks of.")
    ] = False,
    yes: Yes = False,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Make a contact centre look like a file.

    What the file does not name is left alone. Repeated, it changes nothing. Before an instance is made, or anything is
    removed, it asks.
    """
    wanted = read_centre_file(file)
    alias = wanted.instance.values.get("alias")
    if alias is not None and instance is not None:
        raise typer.BadParameter("the file names its instance itself: leave --instance out")
    where = connection(settings.data_dir)
    centre = _instance(settings.data_dir, where, alias, instance)
    changes = _changes(where, centre, wanted, alias, prune=prune)
    if not as_json:
        _show(changes)
    if dry_run or not changes:
        _report(changes, as_json, applied=False, dry_run=dry_run)
        return
    lost = sum(change.sign == REMOVED for change in changes)
    if centre is None or lost:
        made = [f"makes the instance {alias}"] if centre is None else []
        gone = [f"removes {counted(lost, 'thing')}"] if lost else []
        confirm(f"This {' and '.join(made + gone)}.", yes)
    left = changes
    if centre is None:
        centre = _make(where, wanted)
        left = _changes(where, centre, wanted, alias, prune=prune)
    _do(centre, wanted, left)
    _report(changes, as_json, applied=True, dry_run=False)


def _instance(data_dir: Path, where: Connection, alias: str | None, named: str | None) -> Centre | None:
    """The instance that is meant; None if it is yet to be made."""
    if alias is None:
        return centre_of(data_dir, named)
    client = connect_client(where)
    with in_words(where.endpoint_url):
        found = [each for each in instances(client) if each.name.casefold() == alias.casefold()]
    return Centre(where, client, found[0].id) if found else None


def _changes(
    where: Connection, centre: Centre | None, wanted: CentreFile, alias: str | None, *, prune: bool
) -> list[Change]:
    if centre is None:
        keys = {**wanted.instance.values, "onboarded": True}
        state, own = new_instance(), [Change(MADE, INSTANCE, alias or "", keys)]
    else:
        with centre.in_words():
            state, own = read_state(centre, wanted), _of_instance(where, centre, wanted)
    check_names(wanted, state)
    return own + changes_of(wanted, state, prune=prune)


def _of_instance(where: Connection, centre: Centre, wanted: CentreFile) -> list[Change]:
    described = centre.client.describe_instance(InstanceId=centre.instance_id)["Instance"]
    calls = {"inbound_calls": described["InboundCallsEnabled"], "outbound_calls": described["OutboundCallsEnabled"]}
    keys: dict[str, Any] = {
        key: value for key, value in wanted.instance.values.items() if key in calls and calls[key] != value
    }
    if "alias" in wanted.instance.values and not _is_onboarded(where, centre):
        keys["onboarded"] = True
    return [Change(CHANGED, INSTANCE, described.get("InstanceAlias", ""), keys)] if keys else []


def _is_onboarded(where: Connection, centre: Centre) -> bool:
    try:
        campaigns_client(where).get_connect_instance_config(connectInstanceId=centre.instance_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != NOT_FOUND:
            raise
        return False
    return True


def _make(where: Connection, wanted: CentreFile) -> Centre:
    client, values = connect_client(where), wanted.instance.values
    with in_words(where.endpoint_url):
        made = client.create_instance(
            IdentityManagementType="CONNECT_MANAGED",
            InstanceAlias=values["alias"],
            InboundCallsEnabled=values.get("inbound_calls", True),
            OutboundCallsEnabled=values.get("outbound_calls", True),
        )
    return Centre(where, client, made["Id"])


def _do(centre: Centre, wanted: CentreFile, changes: list[Change]) -> None:
    with centre.in_words():
        applying = Applying(centre, read_state(centre, wanted), wanted)
    for done, change in enumerate(changes):
        try:
            with centre.in_words():
                if change.kind == INSTANCE:
                    _change_instance(centre, change)
                else:
                    applying.apply(change)
        except TrunkcallError as error:
            what = f"{NOUNS.get(change.kind, change.kind)} {printable(change.name)}"
            so_far = f"{done} of {counted(len(changes), 'change')} were made before it; run it again to go on."
            raise TrunkcallError(f"{what}: {error.message} {so_far}") from error


def _change_instance(centre: Centre, change: Change) -> None:
    named = {"InstanceId": centre.instance_id}
    for key, attribute in _CALLS.items():
        if key in change.keys:
            value = str(change.keys[key]).lower()
            centre.client.update_instance_attribute(**named, AttributeType=attribute, Value=value)
    if "onboarded" not in change.keys:
        return
    campaigns = campaigns_client(centre.where)
    instance = {"connectInstanceId": centre.instance_id}
    campaigns.start_instance_onboarding_job(**instance, encryptionConfig={"enabled": False})
    until_s = time.monotonic() + ONBOARDING_S
    while True:
        job = campaigns.get_instance_onboarding_job_status(**instance)["connectInstanceOnboardingJobStatus"]
        if job["status"] == "SUCCEEDED":
            return
        if job["status"] != "IN_PROGRESS" or time.monotonic() > until_s:
            raise TrunkcallError(f"Its onboarding is {job['status']}.")
        time.sleep(LOOK_EVERY_S)


def _show(changes: list[Change]) -> None:
    for change in changes:
        keys = ", ".join(key for key in change.keys if key != "name") if change.sign == CHANGED else ""
        noun = NOUNS.get(change.kind, change.kind)
        typer.echo(printable(f"{change.sign} {noun} {change.name}{f': {keys}' if keys else ''}"))


def _report(changes: list[Change], as_json: bool, *, applied: bool, dry_run: bool) -> None:
    if as_json:
        told = [
            {
                "change": change.sign,
                "kind": NOUNS.get(change.kind, change.kind).replace(" ", "_"),
                "name": change.name,
                "keys": sorted(change.keys),
            }
            for change in changes
        ]
        typer.echo(json.dumps({"applied": applied, "changes": told}, indent=2))
    elif not changes:
        typer.echo("Nothing is to be changed.")
    elif dry_run:
        typer.echo(f"{counted(len(changes), 'change')} would be made.", err=True)
    else:
        typer.echo(f"{counted(len(changes), 'change')} made.", err=True)


_with_data_dir = with_settings("data_dir")
app.command("list", epilog=examples("trunkcall connect list", "trunkcall connect list --json"))(
    _with_data_dir(list_instances)
)
app.command(
    "apply",
    epilog=examples(
        "trunkcall connect apply centre.toml --dry-run",
        "trunkcall connect apply centre.toml --yes",
        "trunkcall connect apply centre.toml --prune --yes --json",
    ),
)(_with_data_dir(apply))
app.command("remove", epilog=examples("trunkcall connect remove surveys --yes"))(_with_data_dir(remove))
