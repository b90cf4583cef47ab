"""`trunkcall load`: a lead list into a campaign, through the API.

Decides batches, retries and the file of rejected rows. It is an ordinary client: what it can do, any client can.
"""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from trunkcall.aws.campaigns_v1 import REFUSED_ITEMS_HEADER
from trunkcall.cli.client import WHICH_CAMPAIGNS, InstanceTime, campaigns_client, connection
from trunkcall.cli.leads import BadRow, Lead, LeadList, RetryList
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import SECOND, Duration, Instant, to_datetime

BATCH = 25
"""Most dial requests of one PutDialRequestBatch (the service model's limit)."""

MOST_WAIT_S = 30.0
MOST_DAYS = 36_500
"""Longest that a request may wait. What lies far beyond is no date that could be sent."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class LoadError(TrunkcallError):
    """The list could not be loaded to its end."""


@dataclass(slots=True)
class LoadResult:
    """What became of a list's rows."""

    accepted: int = 0
    rejected: int = 0
    throttled: int = 0
    """How often a request had to be submitted again because the campaign held too many."""
    contact_ids: list[str] | None = None
    """Ids of accepted requests, in order, if the caller wants them kept."""


@dataclass(slots=True)
class Loader:
    """Submits leads in batches. ``reject`` is told of each row that was not accepted, with the reason."""

    client: Any
    campaign_id: str
    now: Callable[[], Instant]
    expires_in: Duration
    reject: Callable[[Sequence[str], str], None]
    result: LoadResult = field(default_factory=LoadResult)
    sleep: Callable[[float], None] = time.sleep

    def load(self, rows: Iterator[Lead | BadRow]) -> Iterator[LoadResult]:
        """Submit everything; yields the result so far after each batch. Raises LoadError when the API refuses the
        whole."""
        batch: list[Lead] = []
        for row in rows:
            if isinstance(row, BadRow):
                self._reject(row.cells, row.reason)
                continue
            batch.append(row)
            if len(batch) == BATCH:
                self._submit(batch)
                batch = []
                yield self.result
        if batch:
            self._submit(batch)
        yield self.result

    def _submit(self, batch: list[Lead]) -> None:
        wait_s = 0.5
        while True:
            answer = self._put(batch)
            by_token = {lead.client_token: lead for lead in batch}
            self.result.accepted += len(answer["successfulRequests"])
            if self.result.contact_ids is not None:
                self.result.contact_ids.extend(item["id"] for item in answer["successfulRequests"])
            again: list[Lead] = []
            reasons = _reasons(answer)
            for item in answer["failedRequests"]:
                lead = by_token[item["clientToken"]]
                if item["failureCode"] == "RequestThrottled":
                    again.append(lead)
                else:
                    reason = reasons.get(batch.index(lead) + 1, "no reason given")
                    self._reject(lead.cells, f"the server answered {item['failureCode']}: {reason}")
            if not again:
                return
            # The campaign holds as many requests as it may: only dialing them makes room.
            self.result.throttled += len(again)
            self.sleep(wait_s)
            wait_s = min(wait_s * 2, MOST_WAIT_S)
            batch = again

    def _put(self, batch: list[Lead]) -> dict[str, Any]:
        expires = to_datetime(self.now() + self.expires_in)
        requests = [
            {
                "clientToken": lead.client_token,
                "phoneNumber": lead.phone_number,
                "expirationTime": expires,
                "attributes": lead.attributes,
            }
            for lead in batch
        ]
        try:
            answer: dict[str, Any] = self.client.put_dial_request_batch(id=self.campaign_id, dialRequests=requests)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            hint = ""
            if code == "InvalidCampaignStateException":
                hint = _hint_of_state(error.response.get("state"))
            elif code == "ResourceNotFoundException":
                hint = f" {WHICH_CAMPAIGNS}"
            raise LoadError(f"The API answered {code}: {error.response['Error']['Message']}{hint}") from error
        except BotoCoreError as error:
            raise LoadError(f"The API cannot be asked: {error}") from error
        return answer

    def _reject(self, cells: Sequence[str], reason: str) -> None:
        self.result.rejected += 1
        self.reject(cells, reason)


def _hint_of_state(state: str | None) -> str:
    if state in ("Stopped", "Failed"):
        return f" A {state} campaign does not go on: create another one, and load the list into that."
    return " Start or resume the campaign, then load the list again: rows accepted before are not dialed twice."


def _reasons(answer: dict[str, Any]) -> dict[int, str]:
    """Why items were refused, by their number in the batch. Amazon's own service does not say."""
    header = answer["ResponseMetadata"]["HTTPHeaders"].get(REFUSED_ITEMS_HEADER, "")
    pairs = (part.split(": ", 1) for part in header.split("; ") if ": " in part)
    return {int(number): reason for number, reason in pairs if number.isdigit()}


class RejectedRows:
    """FILE.rejected.csv: the rows that were not accepted, as they were, and a column with the reason. The file is made
    with the first such row; one from an earlier load is removed."""

    def __init__(self, path: Path, columns: Sequence[str], stack: ExitStack) -> None:
        self.path = path
        self._columns = columns
        self._stack = stack
        self._writer: Any = None
        path.unlink(missing_ok=True)

    def write(self, cells: Sequence[str], reason: str) -> None:
        """Add one row."""
        if self._writer is None:
            self.path.touch(mode=0o600)
            file = self._stack.enter_context(self.path.open("w", encoding="utf-8", newline=""))
            self._writer = csv.writer(file)
            self._writer.writerow([*self._columns, "reason"])
        padded = [*cells, *[""] * (len(self._columns) - len(cells))]
        self._writer.writerow([*padded, reason])


def parse_duration(text: str) -> Duration:
    """``8h``, ``90m``, ``45s``, ``2d``. Raises BadParameter."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if match is None or float(match[1]) == 0:
        raise typer.BadParameter(f"{text!r} is no duration: write 45s, 90m, 8h or 2d")
    duration_s = float(match[1]) * _UNITS[match[2]]
    if duration_s > MOST_DAYS * _UNITS["d"]:
        raise typer.BadParameter(f"{text!r} is too long: at most {MOST_DAYS}d")
    return round(duration_s * SECOND)


def load(
    file: Annotated[Path | None, typer.Argument(help="CSV file with a header line, UTF-8.")] = None,
    campaign: Annotated[str, typer.Option(help="Campaign to dial the list, by id or ARN.")] = "",
    phone_column: Annotated[str, typer.Option(help="Column with the number, E.164.")] = "phone",
    expires_in: Annotated[str, typer.Option(help="How long a request may wait: 45s, 90m, 8h, 2d.")] = "8h",
    retry_from: Annotated[
        Path | None, typer.Option(help="Instead of FILE: submit again who was not answered in this jsonl export.")
    ] = None,
    data_dir: Annotated[
        Path, typer.Option(envvar="TRUNKCALL_DATA_DIR", help="Where credentials are if the environment has none.")
    ] = Path("trunkcall-data"),
) -> None:
    """Submit a lead list to a campaign. Columns but the phone number's become the contacts' attributes."""
    if (file is None) == (retry_from is None):
        raise typer.BadParameter("give either a FILE or --retry-from EXPORT")
    if not campaign:
        raise typer.BadParameter("--campaign is missing: the id of the campaign that shall dial the list")
    expiry = parse_duration(expires_in)
    leads: LeadList | RetryList
    if file is not None:
        leads = LeadList(file, phone_column)
    else:
        assert retry_from is not None
        leads = RetryList(retry_from)
    where = connection(data_dir)
    console = Console(stderr=True)
    with ExitStack() as stack:
        rejected = RejectedRows(leads.path.with_name(leads.path.name + ".rejected.csv"), leads.columns, stack)
        clock = InstanceTime(where.endpoint_url)
        loader = Loader(campaigns_client(where), campaign, clock.now, expiry, rejected.write)
        progress = stack.enter_context(
            Progress(
                TextColumn("loading {task.fields[name]}"),
                BarColumn(),
                TextColumn("{task.fields[accepted]:,} accepted, {task.fields[rejected]:,} rejected"),
                TimeRemainingColumn(),
                console=console,
            )
        )
        bar = progress.add_task("load", total=leads.size, name=leads.path.name, accepted=0, rejected=0)
        for result in loader.load(iter(leads)):
            progress.update(bar, completed=leads.position, accepted=result.accepted, rejected=result.rejected)
    typer.echo(f"{loader.result.accepted} accepted, {loader.result.rejected} rejected")
    if loader.result.rejected:
        typer.echo(f"Rejected rows, each with its reason: {rejected.path}", err=True)
