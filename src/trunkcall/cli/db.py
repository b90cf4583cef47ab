"""`trunkcall db`: upkeep of the embedded store."""

from __future__ import annotations

import asyncio

import typer

from trunkcall.cli.options import with_settings
from trunkcall.compose import migrate_store
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import DataDir

app = typer.Typer(help="Look after the embedded store.", no_args_is_help=True)


@app.callback()
def _db() -> None:
    """Look after the embedded store."""


def migrate(settings: Settings) -> None:
    """Bring the store to this version's schema. No server may be running."""
    data_dir = DataDir(settings.data_dir)
    data_dir.check()
    data_dir.open()
    try:
        asyncio.run(migrate_store(data_dir.store_path))
    finally:
        data_dir.close()
    typer.echo("the store has this version's schema")


app.command("migrate")(with_settings("data_dir")(migrate))
