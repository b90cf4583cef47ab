"""`trunkcall export`: contact records out of the store, while the server runs or not.

Decides files and formats. It must not know a record's fields.
"""

from __future__ import annotations

import asyncio
import csv
import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

import msgspec
import typer

from trunkcall.cli.files import open_output
from trunkcall.cli.help import examples
from trunkcall.cli.options import with_settings
from trunkcall.compose import open_store
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.identifiers import Scope
from trunkcall.service.records import COLUMNS, Record, to_record
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import DataDir

app = typer.Typer(help="Write records to a file.", no_args_is_help=True)


class Format(StrEnum):
    """Forms of an export."""

    JSONL = "jsonl"
    CSV = "csv"


@app.callback()
def _export() -> None:
    """Write records to a file."""


def contacts(
    settings: Settings,
    campaign: Annotated[str | None, typer.Option(help="Only this campaign, by id or ARN.")] = None,
    form: Annotated[Format, typer.Option("--format", help="jsonl or csv.")] = Format.JSONL,
    output: Annotated[Path | None, typer.Option(help="File to write; standard output if left out.")] = None,
) -> None:
    """Write every contact record, in order of acceptance."""
    data_dir = DataDir(settings.data_dir)
    data_dir.check()
    with ExitStack() as stack:
        target: TextIO = sys.stdout
        if output is not None:
            # Personal data: nobody else's to read.
            target = stack.enter_context(open_output("--output", output, mode=0o600))
        number = asyncio.run(_write(data_dir, settings, campaign, form, target))
    if output is not None:
        typer.echo(f"{number} contact records written to {output}", err=True)


app.command(
    "contacts",
    epilog=examples(
        "trunkcall export contacts --output contacts.jsonl",
        "trunkcall export contacts --campaign Spring --format csv --output contacts.csv",
    ),
)(with_settings("data_dir", "region", "account_id")(contacts))


async def _write(data_dir: DataDir, settings: Settings, campaign: str | None, form: Format, target: TextIO) -> int:
    scope = Scope("aws", settings.region, settings.account_id)
    campaign_id = (scope.campaign_id(campaign) or campaign) if campaign is not None else None
    writer = csv.writer(target)
    if form is Format.CSV:
        writer.writerow(COLUMNS)
    number = 0
    store = open_store(data_dir.store_path)
    await store.open()
    try:
        if campaign_id is not None and not await store.has_campaign(campaign_id):
            raise NotFoundError(f"There is no campaign {campaign} in this store, and never was one.")
        directories = {i.instance_id: await store.directory(i.instance_id) for i in await store.instances()}
        async for chunk in store.contacts(campaign_id=campaign_id):
            for contact in chunk:
                record = to_record(contact, directories.get(contact.instance_id), scope)
                if form is Format.CSV:
                    writer.writerow([_cell(record, column) for column in COLUMNS])
                else:
                    target.write(msgspec.json.encode(record).decode() + "\n")
                number += 1
    finally:
        await store.close()
    return number


def _cell(record: Record, column: str) -> Any:
    value: Any = record
    for name in column.split("."):
        value = value.get(name) if value is not None else None
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return value
