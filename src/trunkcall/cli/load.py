"""`trunkcall load`: a lead list into a campaign, through the API.

Decides what a person is told: what was guessed, how far it is, what became of every row, and the exit code. How lists
are read is ``lists``', how they are submitted ``loading``'s.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from trunkcall.cli.api_errors import ApiRefusedError, ApiUnusableError, in_words
from trunkcall.cli.client import (
    Connection,
    InstanceTime,
    ServerUnreachableError,
    campaigns_client,
    connection,
    trunkcall_client,
)
from trunkcall.cli.help import CONNECTION, OUTPUT
from trunkcall.cli.interrupts import exit_code
from trunkcall.cli.lists.leads import Duplicates, LeadList, Reading
from trunkcall.cli.lists.rejected import RejectedRows, rejected_path
from trunkcall.cli.lists.retries import RetryList
from trunkcall.cli.lists.source import Source
from trunkcall.cli.lists.tokens import Tokens
from trunkcall.cli.loading import Loader, LoadError, LoadResult
from trunkcall.cli.naming import find_campaign
from trunkcall.cli.previewing import BATCH as PREVIEW_BATCH
from trunkcall.cli.previewing import PreviewClient, for_programs, in_lines
from trunkcall.cli.progressing import progress
from trunkcall.cli.reading import Country, Encoding, NoHeader, PhoneColumn, Sheet, reading
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.storage.data_dir import DataDirMissingError

MAX_DAYS = 36_500
"""Longest that a request may wait. What lies far beyond is no date that could be sent."""
MAX_SHOWN = 20
"""Rejected rows that --check shows."""
"""How often a load says how far it is where no bar can be drawn."""
SOME_REJECTED, NONE_ACCEPTED = 3, 4
"""Exit codes."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AGAIN = "Loading the list again is safe: what the campaign has already is not dialed twice."


def parse_duration(text: str) -> Duration:
    """``8h``, ``90m``, ``45s``, ``2d``. Raises BadParameter."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if match is None or float(match[1]) == 0:
        raise typer.BadParameter(f"{text!r} is no duration: write 45s, 90m, 8h or 2d")
    duration_s = float(match[1]) * _UNITS[match[2]]
    if duration_s > MAX_DAYS * _UNITS["d"]:
        raise typer.BadParameter(f"{text!r} is too long: at most {MAX_DAYS}d")
    return round(duration_s * SECOND)


def load(
    file: Annotated[
        Path | None, typer.Argument(help="List with a header: CSV, the like with ; or tabs, or XLSX. - is stdin.")
    ] = None,
    campaign: Annotated[str, typer.Option(help="Campaign to dial the list, by name, id or ARN.")] = "",
    expires_in: Annotated[str, typer.Option(help="How long a request may wait: 45s, 90m, 8h, 2d.")] = "8h",
    duplicates: Annotated[
        Duplicates, typer.Option(help="Dial a number that the list has more than once: once, or for every row.")
    ] = Duplicates.SKIP,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Only say what would be submitted, and with --campaign what its calling rules make of it. Needs no "
            "server.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --check: print JSON.")] = False,
    all_new: Annotated[
        bool,
        typer.Option(
            "--all-new", help="Load although the campaign cannot tell whom it has: nobody in the list is among them."
        ),
    ] = False,
    retry_from: Annotated[
        Path | None, typer.Option(help="Instead of FILE: submit again who was not answered in this jsonl export.")
    ] = None,
    phone_column: PhoneColumn = None,
    country: Country = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    no_header: NoHeader = False,
    rejected: Annotated[
        Path | None,
        typer.Option(
            help="File for rejected rows; FILE.rejected.csv if left out.", rich_help_panel=OUTPUT, show_default=False
        ),
    ] = None,
    data_dir: Annotated[
        Path,
        typer.Option(
            envvar="TRUNKCALL_DATA_DIR",
            help="Where credentials are if the environment has none.",
            rich_help_panel=CONNECTION,
        ),
    ] = Path("trunkcall-data"),
) -> None:
    """Submit a lead list to a campaign. Columns but the phone number's become the contacts' attributes.

    Exit codes: 0 if every row was accepted or known already, 3 if some were rejected, 4 if none was accepted or known,
    130 after Ctrl-C.
    """
    if (file is None) == (retry_from is None):
        raise typer.BadParameter("give either a FILE or --retry-from EXPORT")
    if not campaign and not check:
        raise typer.BadParameter("--campaign is missing: the name or id of the campaign that shall dial the list")
    if as_json and not check:
        raise typer.BadParameter("--json is for --check: it shows what would become of the list")
    expiry = parse_duration(expires_in)
    how = reading(
        phone_column=phone_column,
        country=country,
        encoding=encoding,
        sheet=sheet,
        no_header=no_header,
        duplicates=duplicates,
    )
    if check:
        preview = _Previewing.find(data_dir, campaign) if campaign else None
        result = _check(_read(file, retry_from, how), expiry, preview, as_json=as_json)
    else:
        # A list that is read from a pipe cannot be read again, so everything else comes first.
        # A retry is known by its contact's id, whatever the campaign knows of numbers.
        target = _Target.find(data_dir, campaign, by_number=retry_from is None and not all_new)
        leads = _read(file, retry_from, how)
        result = _load(target, leads, expiry, _rejected_rows(rejected, leads))
    if result.accepted + result.known == 0:
        raise typer.Exit(NONE_ACCEPTED)
    if result.rejected:
        raise typer.Exit(SOME_REJECTED)


def _read(file: Path | None, retry_from: Path | None, how: Reading) -> LeadList | RetryList:
    if retry_from is not None:
        return RetryList(retry_from)
    assert file is not None
    leads = LeadList(file, how)
    for note in leads.columns.notes:
        typer.echo(note, err=True)
    return leads


def _rejected_rows(path: Path | None, leads: LeadList | RetryList) -> RejectedRows:
    if path is None:
        path = rejected_path(leads.source)
    elif leads.source.is_file and path.exists() and path.samefile(leads.source.path):
        raise typer.BadParameter(f"--rejected {path} is the list itself: name another file")
    return RejectedRows(path, leads.names, bom=not leads.is_plain)


@dataclass(frozen=True, slots=True)
class _Target:
    """The campaign that a list goes into."""

    where: Connection
    clock: InstanceTime
    campaign_id: str

    @classmethod
    def find(cls, data_dir: Path, campaign: str, *, by_number: bool) -> _Target:
        where = connection(data_dir)
        clock = InstanceTime(where.endpoint_url)
        # Whether anybody is there at all is asked first: a client waits long for an answer.
        clock.now()
        with in_words(where.endpoint_url):
            campaign_id = find_campaign(campaigns_client(where), campaign)
        if clock.has_several:
            with in_words(where.endpoint_url):
                described = campaigns_client(where).describe_campaign(id=campaign_id)
            clock.be_of(described["campaign"]["connectInstanceId"])
        if clock.is_trunkcall and by_number:
            _refuse_forgotten(where, campaign_id)
        return cls(where, clock, campaign_id)


def _refuse_forgotten(where: Connection, campaign_id: str) -> None:
    """Raise LoadError if the campaign may have dialed people of the list without knowing it."""
    try:
        with in_words(where.endpoint_url):
            forms = trunkcall_client(where).get_campaign_token_forms(id=campaign_id)
    except ApiRefusedError as error:
        if error.code != "AccessDeniedException":
            raise
        raise LoadError(
            f"{error.message} Without connect-campaigns:GetCampaignTokenForms it cannot be seen whether the campaign "
            "has people who would be dialed twice. If nobody in the list is in it already, give --all-new."
        ) from error
    if forms["lineTokens"]:
        raise LoadError(
            "A list was loaded into this campaign by an earlier version, which told rows by their line: loaded now, "
            "its people would be dialed again. Load who is left into a new campaign (`trunkcall export contacts` shows "
            "who was dialed). If nobody in this list is in the campaign already, give --all-new."
        )
    if forms["erasedTokens"]:
        raise LoadError(
            "Contacts of this campaign were erased, so it does not know their numbers any more: if the list still has "
            "them, they would be dialed again. Take them out, then give --all-new."
        )


def _load(target: _Target, leads: LeadList | RetryList, expiry: Duration, rejected: RejectedRows) -> LoadResult:
    loader = Loader(
        campaigns_client(target.where, waits=True),
        target.campaign_id,
        target.clock.now,
        expiry,
        rejected.write,
        endpoint_url=target.where.endpoint_url,
    )
    result = loader.result
    try:
        with rejected, _progress(leads.source) as show:
            for so_far in loader.load(leads.items(Tokens(target.campaign_id.rpartition("/")[2]))):
                show(so_far)
    except TrunkcallError:
        if result.rows:
            typer.echo(f"It came to no end: {_counts(result)} so far. {_AGAIN}", err=True)
        raise
    except KeyboardInterrupt:
        typer.echo(f"Interrupted: {_counts(result)} so far. {_AGAIN}", err=True)
        raise typer.Exit(exit_code()) from None
    if rejected.any:
        typer.echo(f"Rejected rows, each with its reason: {rejected.path}", err=True)
    typer.echo(_counts(result))
    _say_passed_over(result)
    if not target.clock.is_trunkcall:
        typer.echo("Rows that the campaign had already count as accepted: this server does not tell.", err=True)
    return result


@dataclass(frozen=True, slots=True)
class _Previewing:
    """The campaign whose calling rules a list is looked at by."""

    target: _Target
    client: PreviewClient

    @classmethod
    def find(cls, data_dir: Path, campaign: str) -> _Previewing | None:
        """None where nobody can be asked, which is said: a list can be checked without. Raises what a load raises for a
        campaign that there is not."""
        try:
            target = _Target.find(data_dir, campaign, by_number=False)
            if not target.clock.is_trunkcall:
                return None
            own = trunkcall_client(target.where)
            with in_words(target.where.endpoint_url):
                # Whether it may be asked is seen before a list is read that cannot be read again.
                own.preview_dial_requests(id=target.campaign_id, dialRequests=[{"phoneNumber": "+"}])
        except (ApiUnusableError, DataDirMissingError, ServerUnreachableError) as error:
            why = error.message
        except ApiRefusedError as error:
            if error.code != "AccessDeniedException":
                raise
            why = f"{error.message} It takes connect-campaigns:PreviewDialRequests."
        else:
            return cls(target, PreviewClient(own))
        typer.echo(f"What the campaign's calling rules make of the list cannot be seen. {why}", err=True)
        return None


def _check(leads: LeadList | RetryList, expiry: Duration, preview: _Previewing | None, *, as_json: bool) -> LoadResult:
    """What a load would do: without a server as far as can be known, else by the calling rules of the campaign."""
    shown = list[str]()

    def reject(_: Sequence[str], reason: str) -> None:
        if len(shown) < MAX_SHOWN:
            shown.append(reason)

    result = LoadResult()
    if preview is None:
        counting = Loader(_Nobody(), "", lambda: 0, SECOND, reject, result=result)
    else:
        counting = Loader(
            preview.client,
            preview.target.campaign_id,
            preview.target.clock.now,
            expiry,
            reject,
            endpoint_url=preview.target.where.endpoint_url,
            result=result,
            batch=PREVIEW_BATCH,
        )
    with _progress(leads.source, "checking") as show:
        for so_far in counting.load(leads.items(Tokens(""))):
            show(so_far)
    if as_json:
        counts = {"to_submit": result.accepted, "rejected": result.rejected, "duplicates": result.duplicates}
        rules = for_programs(preview.client.sums) if preview is not None else None
        told = {**counts, "passed_over": dict(result.passed_over), "calling_rules": rules, "reasons": shown}
        typer.echo(json.dumps(told, indent=2))
        return result
    if isinstance(leads, LeadList):
        columns = leads.columns
        typer.echo(f"number: {columns.label(columns.phone)}")
        if columns.token is not None:
            typer.echo(f"client token: {columns.label(columns.token)}")
        for at, key in enumerate(columns.keys):
            if key is not None:
                typer.echo(f"attribute {key}: {columns.label(at)}")
    typer.echo(
        f"{result.accepted} to submit, {result.rejected} rejected, {_duplicates(result)}; nothing was sent: --check"
    )
    _say_passed_over(result)
    for line in in_lines(preview.client.sums) if preview is not None else ():
        typer.echo(line)
    for reason in shown:
        typer.echo(reason)
    if result.rejected > len(shown):
        typer.echo(f"… and {result.rejected - len(shown):,} more")
    return result


class _Nobody:
    """Stands for the API where nothing is to be sent: accepts everything."""

    def put_dial_request_batch(self, *, id: str, dialRequests: Sequence[object]) -> dict[str, object]:  # noqa: A002 - the API's names
        return {
            "successfulRequests": dialRequests,
            "failedRequests": [],
            "ResponseMetadata": {"HTTPHeaders": {}},
        }


def _counts(result: LoadResult) -> str:
    parts = [f"{result.accepted} accepted", f"{result.rejected} rejected", f"{result.known} known already"]
    parts.append(_duplicates(result))
    if result.passed_over:
        parts.append(f"{result.passed_over.total()} passed over")
    return ", ".join(parts)


def _duplicates(result: LoadResult) -> str:
    return f"{result.duplicates} duplicate{'' if result.duplicates == 1 else 's'}"


def _say_passed_over(result: LoadResult) -> None:
    for why, number in sorted(result.passed_over.items()):
        typer.echo(f"passed over, {why}: {number}")


@contextmanager
def _progress(source: Source, doing: str = "loading") -> Iterator[Callable[[LoadResult], None]]:
    """Shows how far a load is."""
    with progress(source.name) as show:

        def so_far(result: LoadResult) -> None:
            counts = f"{result.accepted:,} accepted, {result.known:,} known, {result.rejected:,} rejected"
            show(doing, counts, source.position, source.size)

        yield so_far
