"""`trunkcall export`: contact records out of the store, while the server runs or not.

Decides options and the order of what is done: everything that can be refused is refused before a file is touched. It
must not know a record's fields, nor how a format is written.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from trunkcall.aws.contact_records import to_record
from trunkcall.cli.files import open_binary_output, refuse_own_files, standard_output
from trunkcall.cli.formats import Format, require, writing
from trunkcall.cli.help import OUTPUT, examples
from trunkcall.cli.interrupts import meaning
from trunkcall.cli.options import with_settings
from trunkcall.cli.record_tables import AttributeNames, Table
from trunkcall.cli.selection import Selection, campaign_given, disposition_given, time_given
from trunkcall.cli.tables import counted
from trunkcall.compose.store import data_dir_of, opened_store
from trunkcall.domain.contact import ContactRecord
from trunkcall.domain.directory import Directory
from trunkcall.domain.identifiers import Scope
from trunkcall.settings import Settings
from trunkcall.storage.ports.campaigns import CampaignArchive
from trunkcall.storage.ports.contacts import ContactRecords
from trunkcall.storage.ports.directory import FactHistory, InstanceArchive

app = typer.Typer(help="Write records to a file.", no_args_is_help=True)

_NOTHING_WRITTEN = "Nothing was written: a former file is as it was."

STANDARD_OUTPUT = Path("-")

SELECTION = "Which records"
"""Options that tell which records are written."""


class Attributes(StrEnum):
    """How a table has the attributes."""

    COLUMNS = "columns"
    JSON = "json"


@app.callback()
def _export() -> None:
    """Write records to a file."""


def contacts(
    settings: Settings,
    campaign: Annotated[
        str | None,
        typer.Option(help="Only this campaign, by name, id or ARN; also a deleted one.", rich_help_panel=SELECTION),
    ] = None,
    disposition: Annotated[
        list[str] | None, typer.Option(help="Only those that ended so. May be repeated.", rich_help_panel=SELECTION)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only those dialed (until then: accepted) at this time or later: ISO 8601, UTC without a zone, or a "
            "date.",
            rich_help_panel=SELECTION,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Only those before this time; a date counts to its end.", rich_help_panel=SELECTION
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="File to write, in place of a former one once all is written; standard output if left out, or -.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    no_clobber: Annotated[
        bool, typer.Option("--no-clobber", help="Leave a file of that name alone.", rich_help_panel=OUTPUT)
    ] = False,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="Default: what the output's name ends in, else jsonl.", rich_help_panel=OUTPUT),
    ] = None,
    attributes: Annotated[
        Attributes | None,
        typer.Option(
            help="In a table: a column for each (the default), or one column with all of them as JSON.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin CSV with a byte order mark, as Excel wants it.", rich_help_panel=OUTPUT)
    ] = False,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw",
            help="Leave cells of CSV as they are, also those that a spreadsheet takes for formulas.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
) -> None:
    """Write contact records, in order of acceptance."""
    output = None if output == STANDARD_OUTPUT else output
    form = form or Format.of(output)
    if form is not Format.CSV and (bom or raw):
        raise typer.BadParameter(f"it is for CSV, not for {form}", param_hint="--bom" if bom else "--raw")
    if form is Format.JSONL and attributes is not None:
        raise typer.BadParameter("it is for tables, not for jsonl", param_hint="--attributes")
    if no_clobber and output is None:
        raise typer.BadParameter("it is for a file that --output names", param_hint="--no-clobber")
    if form.binary and output is None and sys.stdout.isatty():
        raise typer.BadParameter(f"{form} is nothing for a terminal: name a file", param_hint="--output")
    selection = Selection(
        time_given("--since", since),
        time_given("--until", until, end=True),
        frozenset(disposition_given("--disposition", text) for text in disposition or ()),
    )
    if selection.since is not None and selection.until is not None and selection.since >= selection.until:
        raise typer.BadParameter("it is not after --since, so there is nothing between them", param_hint="--until")
    require(form)
    data_dir = data_dir_of(settings)
    data_dir.check()
    if output is not None:
        refuse_own_files("--output", output, data_dir)
    export = _Export(
        Scope("aws", settings.region, settings.account_id),
        campaign,
        selection,
        form,
        one_column=attributes is Attributes.JSON,
        bom=bom,
        raw=raw,
    )
    number = asyncio.run(export.run(settings, output, clobber=not no_clobber))
    place = f" written to {output}" if output is not None else ""
    typer.echo(f"{counted(number, 'contact record')}{place}", err=True)


app.command(
    "contacts",
    epilog=examples(
        "trunkcall export contacts --output day-1.jsonl",
        'trunkcall export contacts --campaign "Spring offer" --output spring.csv --bom',
        "trunkcall export contacts --since 2026-11-30 --until 2026-11-30 --output day.xlsx",
        "trunkcall export contacts --disposition busy --disposition no_answer --format csv",
    ),
)(with_settings("data_dir", "store", "region", "account_id")(contacts))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Attributes that get a column each (None: there are no such columns), and the last contact that they are right
    for, if there is one."""

    names: Sequence[str] | None
    last: str | None


class _Export:
    """One export: what was asked for, carried out against a store."""

    def __init__(
        self,
        scope: Scope,
        campaign: str | None,
        selection: Selection,
        form: Format,
        *,
        one_column: bool,
        bom: bool,
        raw: bool,
    ) -> None:
        self._scope = scope
        self._campaign = campaign
        self._campaign_id: str | None = None
        self._selection = selection
        self._form = form
        self._one_column = one_column
        self._bom = bom
        self._raw = raw

    async def run(self, settings: Settings, output: Path | None, *, clobber: bool) -> int:
        """Write it; how many records there were."""
        async with opened_store(settings) as store:
            if self._campaign is not None:
                await self._choose(store, self._campaign)
            file: AbstractContextManager[BinaryIO] = (
                open_binary_output("--output", output, private=True, clobber=clobber)  # personal data
                if output is not None
                else standard_output()
            )
            with file as target, meaning(_NOTHING_WRITTEN) if output is not None else nullcontext():
                return await self._write(store, await _directories(store, store), target)

    async def _choose(self, archive: CampaignArchive, text: str) -> None:
        chosen = await campaign_given(archive, self._scope, text)
        self._campaign_id = chosen.campaign_id
        if chosen.namesakes:
            typer.echo(
                f"{chosen.campaign_id} is meant. Deleted campaigns had this name too, and are not in this export: "
                f"{', '.join(chosen.namesakes)}.",
                err=True,
            )

    async def _write(self, records: ContactRecords, directories: Mapping[str, Directory], target: BinaryIO) -> int:
        columns = await self._columns(records)
        number = 0
        left_out: list[int] = []
        with writing(self._form, target, Table(columns.names), bom=self._bom, raw=self._raw) as writer:
            async for contact in self._contacts(records, columns.last, left_out.append):
                if self._selection.has(contact):
                    writer.write(to_record(contact, directories.get(contact.instance_id), self._scope))
                    number += 1
        if left_out:
            typer.echo(
                f"left out because they are damaged: {counted(sum(left_out), 'contact')} "
                "(see `trunkcall db quarantine`)",
                err=True,
            )
        return number

    async def _columns(self, records: ContactRecords) -> _Columns:
        """The names of attributes that have to be columns: it takes a pass of its own to know them before the first row
        is written. Contacts that come after it have no part in this export, for they may bring other names."""
        if self._form is Format.JSONL or self._one_column:
            return _Columns(None, None)
        names = AttributeNames()
        last: str | None = None
        async for contact in self._contacts(records, None):
            last = contact.contact_id
            if self._selection.may_have(contact):
                names.see(contact.all_attributes)
        return _Columns(names.names, last)

    async def _contacts(
        self, records: ContactRecords, last: str | None, on_left_out: Callable[[int], None] | None = None
    ) -> AsyncIterator[ContactRecord]:
        """The campaign's contacts, or all of them, up to the one of this id."""
        async for chunk in records.contacts(campaign_id=self._campaign_id, on_left_out=on_left_out):
            for contact in chunk:
                yield contact
                if contact.contact_id == last:
                    return


async def _directories(instances: InstanceArchive, history: FactHistory) -> Mapping[str, Directory]:
    """All that there ever was around the campaigns: contacts of an agent who is gone have the name all the same."""
    found = {}
    for instance in await instances.every_instance():
        facts = await history.facts_changed(instance.instance_id, after_version=0)
        found[instance.instance_id] = Directory.of(instance, [each.fact for each in facts])
    return found
