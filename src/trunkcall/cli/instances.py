"""`trunkcall connect list` and `remove`: the contact centres of a server.

Decides how instances are listed, and what has to go before one can. It is an ordinary client of the API.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from trunkcall.cli.api_errors import NOT_FOUND
from trunkcall.cli.asking import Yes, confirm
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import Centre, centre_of
from trunkcall.cli.client import campaigns_client, connect_client, connection, own_health
from trunkcall.cli.tables import counted, plain_table, printable, terminal_width
from trunkcall.domain.errors import TrunkcallError
from trunkcall.settings import Settings


class InstanceInUseError(TrunkcallError):
    """The instance is the server's own, or has campaigns."""


def list_instances(settings: Settings, as_json: Annotated[bool, JSON] = False) -> None:
    """List every instance, oldest first: whether it is dialed for."""
    where = connection(settings.data_dir)
    page = own_health(where.endpoint_url)
    dialed_for = {each["instance_id"] for each in page["instances"]}
    centre = Centre(where, connect_client(where), page["instance_id"])
    with centre.in_words():
        pages = centre.client.get_paginator("list_instances").paginate()
        found = [
            {
                "id": each["Id"],
                "arn": each["Arn"],
                "alias": each.get("InstanceAlias", ""),
                "default": each["Id"] == page["instance_id"],
                "outbound_calls": each["OutboundCallsEnabled"],
                "dialed_for": each["Id"] in dialed_for,
            }
            for listed in pages
            for each in listed["InstanceSummaryList"]
        ]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    headers = ("ALIAS", "DIALED FOR", "OUTBOUND CALLS", "ID")
    rows = [
        (
            each["alias"] or "-",
            "yes" if each["dialed_for"] else "no",
            "on" if each["outbound_calls"] else "off",
            each["id"],
        )
        for each in found
    ]
    typer.echo(plain_table(headers, rows, terminal_width(), right=()))


def remove(
    settings: Settings,
    name: Annotated[str, typer.Argument(metavar="ID|ALIAS", help="The instance.")],
    yes: Yes = False,
) -> None:
    """Remove an instance that has no campaigns, with all that is in it. The records of its contacts stay."""
    centre = centre_of(settings.data_dir, name)
    if centre.instance_id == own_health(centre.where.endpoint_url)["instance_id"]:
        raise InstanceInUseError("This is the server's own instance, with which it began: it cannot be removed.")
    client = campaigns_client(centre.where)
    with centre.in_words():
        alias = centre.client.describe_instance(InstanceId=centre.instance_id)["Instance"].get("InstanceAlias", name)
        of_it = {"instanceIdFilter": {"value": centre.instance_id, "operator": "Eq"}}
        pages = client.get_paginator("list_campaigns").paginate(filters=of_it)
        campaigns = [each["name"] for page in pages for each in page["campaignSummaryList"]]
        agents, queues = len(centre.users()), len(centre.queues())
    if campaigns:
        some = ", ".join(campaigns[:8]) + (" and others" if len(campaigns) > 8 else "")
        raise InstanceInUseError(
            f"The instance {alias} has {counted(len(campaigns), 'campaign')}: delete them first, by `trunkcall "
            f"campaign delete`. There {'is' if len(campaigns) == 1 else 'are'} {some}."
        )
    confirm(
        f"This removes the instance {alias} with {counted(agents, 'agent')}, {counted(queues, 'queue')} and whatever "
        "else is in it.",
        yes,
    )
    with centre.in_words():
        try:
            client.delete_connect_instance_config(connectInstanceId=centre.instance_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != NOT_FOUND:
                raise
        centre.client.delete_instance(InstanceId=centre.instance_id)
    typer.echo(printable(f"{alias} was removed. Records of its contacts stay: `trunkcall export contacts`."))
