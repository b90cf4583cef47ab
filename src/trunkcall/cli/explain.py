"""`trunkcall explain`: why a campaign is dialing as it is right now, and why a request is not being dialed.

Decides how the answer looks. It is an ordinary client of the API.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from trunkcall.cli.client import WHICH_CAMPAIGNS, ServerUnreachableError, connection, trunkcall_client
from trunkcall.cli.options import with_settings
from trunkcall.domain.errors import TrunkcallError
from trunkcall.settings import Settings


class ExplainError(TrunkcallError):
    """The server could not be asked."""


def explain(
    settings: Settings,
    campaign: Annotated[str, typer.Option(help="Campaign, by id or ARN.")],
    dial_request: Annotated[
        str | None, typer.Option(help="A dial request of it, by the id that PutDialRequestBatch returned.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as one JSON object.")] = False,
) -> None:
    """Say why a campaign is dialing as it is right now, or why a request is not being dialed."""
    where = connection(settings.data_dir)
    client = trunkcall_client(where)
    try:
        if dial_request is None:
            answer = client.get_campaign_explanation(id=campaign)
        else:
            answer = client.get_dial_request_explanation(id=campaign, dialRequestId=dial_request)
    except ClientError as error:
        said = error.response["Error"]
        hint = ""
        if said["Code"] == "ResourceNotFoundException":
            # It is the same code for both, and only the message tells which of them is missing.
            no_request = dial_request is not None and "dial request" in said["Message"]
            hint = " `trunkcall export contacts` shows its dial requests." if no_request else f" {WHICH_CAMPAIGNS}"
        raise ExplainError(f"The API answered {said['Code']}: {said['Message']}{hint}") from error
    except EndpointConnectionError as error:
        raise ServerUnreachableError(where.endpoint_url) from error
    except BotoCoreError as error:
        raise ExplainError(f"The API cannot be asked: {error}") from error
    del answer["ResponseMetadata"]
    if as_json:
        typer.echo(json.dumps(answer))
        return
    typer.echo(f"{'Campaign' if dial_request is None else 'Dial request'}: {answer['state']}")
    for reason in answer["reasons"]:
        typer.echo(f"- {reason['text']} [{reason['code']}]")
    for name, value in sorted(answer.get("figures", {}).items()):
        typer.echo(f"    {name:<24} {value:,g}")


explain_command = with_settings("data_dir")(explain)
