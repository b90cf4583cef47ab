"""`trunkcall explain`: why a campaign is dialing as it is right now, and why a request is not being dialed.

Decides how the answer looks. It is an ordinary client of the API.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from trunkcall.cli.api_errors import NOT_FOUND, in_words
from trunkcall.cli.client import campaigns_client, connection, trunkcall_client
from trunkcall.cli.naming import find_campaign
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import folded, terminal_width
from trunkcall.settings import Settings


def explain(
    settings: Settings,
    name: Annotated[str | None, typer.Argument(metavar="CAMPAIGN", help="A campaign, by name, id or ARN.")] = None,
    campaign: Annotated[str | None, typer.Option(help="The same, as an option.")] = None,
    dial_request: Annotated[
        str | None, typer.Option(help="A dial request of it, by the id that PutDialRequestBatch returned.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as one JSON object.")] = False,
) -> None:
    """Say why a campaign is dialing as it is right now, or why a request is not being dialed."""
    given = name if name is not None else campaign
    if given is None or (name is not None and campaign is not None):
        raise typer.BadParameter("name one campaign, by its name, id or ARN", param_hint="CAMPAIGN")
    where = connection(settings.data_dir)
    client = trunkcall_client(where)
    with in_words(where.endpoint_url, _hint):
        campaign_id = find_campaign(campaigns_client(where), given)
        if dial_request is None:
            answer = client.get_campaign_explanation(id=campaign_id)
        else:
            answer = client.get_dial_request_explanation(id=campaign_id, dialRequestId=dial_request)
    del answer["ResponseMetadata"]
    if as_json:
        typer.echo(json.dumps(answer))
        return
    typer.echo(f"{'Campaign' if dial_request is None else 'Dial request'}: {answer['state']}")
    width = terminal_width()
    for reason in answer["reasons"]:
        typer.echo(folded(f"- {reason['text']} [{reason['code']}]", width, "  "))
    for name, value in sorted(answer.get("figures", {}).items()):
        typer.echo(f"    {name:<24} {value:,g}")


def _hint(error: ClientError) -> str | None:
    """It is the same code for both, and only the message tells whether the campaign or its dial request is missing."""
    if error.response["Error"]["Code"] == NOT_FOUND and "dial request" in error.response["Error"]["Message"]:
        return "`trunkcall export contacts` shows the campaign's dial requests."
    return None


explain_command = with_settings("data_dir")(explain)
