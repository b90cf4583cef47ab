"""`trunkcall db`: upkeep of the embedded store.

Decides what each command says, and which of them may run beside a server. It must not know how a store is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from trunkcall.cli.files import refuse_own_files
from trunkcall.cli.help import examples
from trunkcall.cli.interrupts import meaning
from trunkcall.cli.options import with_settings
from trunkcall.cli.quarantine import TOLD, quarantine
from trunkcall.cli.tables import counted
from trunkcall.compose.sounds import prompt_files, prompt_files_beside
from trunkcall.compose.store import data_dir_of, maintenance_of_store
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import KEY_FILE, DataDir, DataDirInUseError, DataDirUnusableError
from trunkcall.storage.disk import MEGABYTE
from trunkcall.storage.ports.maintenance import StoreMaintenance, StoreReport

app = typer.Typer(help="Look after the embedded store.", no_args_is_help=True)

MAX_LISTED = 20
MIGRATE = "run `trunkcall db migrate` before the next start"


@app.callback()
def _db() -> None:
    """Look after the embedded store."""


def check(settings: Settings) -> None:
    """Look for damage. Changes nothing, and works beside a running server. Damaged contacts are listed; they concern
    themselves alone."""
    data_dir = data_dir_of(settings)
    data_dir.check()
    with _held_if_free(data_dir) as unused:
        report = _maintenance(settings).check(unused=unused)
    for name, faults in report.faults.items():
        typer.echo(f"{name:<14}{'ok' if not faults else ''}".rstrip())
        for fault in faults:
            typer.echo(f"  {fault}")
    for contact in report.damaged[:MAX_LISTED]:
        typer.echo(f"  contact {contact.contact_id} of campaign {contact.campaign_id}: {TOLD[contact.damage]}")
    if len(report.damaged) > MAX_LISTED:
        typer.echo(f"  and {len(report.damaged) - MAX_LISTED:,} more contacts")
    typer.echo(f"{'version':<14}{report.version}{f', older than this Trunkcall: {MIGRATE}' if report.outdated else ''}")
    typer.echo(f"{'size':<14}{report.size / MEGABYTE:,.1f} MB, {counted(report.contacts, 'contact')}")
    typer.echo(f"{'disk':<14}{report.free / MEGABYTE:,.0f} MB free")
    if not report.sound:
        typer.echo("The store is damaged. Stop the server and restore a backup: `trunkcall db restore FILE`.")
    if report.outdated or not report.sound:
        raise typer.Exit(1)
    typer.echo(_but_for(report) or "The store is sound.")


def _but_for(report: StoreReport) -> str | None:
    number = len(report.damaged)
    if not number:
        return None
    contacts = "1 damaged contact, which is" if number == 1 else f"{number:,} damaged contacts, which are"
    return f"The store is sound but for {contacts} set aside: `trunkcall db quarantine` shows and ends them."


def backup(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file of this name.")] = False,
) -> None:
    """Copy the store to a file, also beside a running server, and the sounds of prompts to a folder beside that. The
    secret key and recordings are in neither."""
    data_dir = data_dir_of(settings)
    data_dir.check()
    refuse_own_files("FILE", file, data_dir)
    with meaning("No backup was made."), _held_if_free(data_dir) as unused:
        report = _maintenance(settings).back_up(file, unused=unused, force=force)
        # A prompt that has come since is of no use there, and does no harm.
        sounds = prompt_files(settings).copy_to(prompt_files_beside(file))
    typer.echo(
        f"{file} holds the store as of now, checked: {counted(report.contacts, 'contact')}, "
        f"{report.size / MEGABYTE:,.1f} MB"
    )
    if (but_for := _but_for(report)) is not None:
        typer.echo(but_for)
    if sounds:
        typer.echo(f"{file}.prompts holds {counted(sounds, 'sound')} of prompts: keep it beside that file")
    typer.echo(f"{_secret_key(settings)} is not in it. Keep a copy elsewhere: access keys are of no use without it.")


def restore(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file made by `trunkcall db backup`.")],
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Leave campaigns Running: what was dialed since is dialed again.")
    ] = False,
) -> None:
    """Put a backup in the store's place and pause its campaigns. Sounds of prompts that were copied with it are put
    back as well. No server may be running."""
    data_dir = data_dir_of(settings)
    data_dir.open()
    try:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        name = f"{data_dir.store_path.name}.before-restore-{stamp}"
        with meaning("The store is the former one or the restored one, whole in either case."):
            done = _maintenance(settings).restore(file, name_of_former=name, pause=not keep_running)
            sounds = prompt_files_beside(file).copy_to(prompt_files(settings))
    finally:
        data_dir.close()
    typer.echo(f"{data_dir.store_path} is {file} now: {counted(done.report.contacts, 'contact')}")
    if (but_for := _but_for(done.report)) is not None:
        typer.echo(but_for)
    if sounds:
        typer.echo(f"sounds of prompts: {sounds}, of {file}.prompts")
    if done.aside is not None:
        typer.echo(f"the former store is {done.aside}")
    typer.echo(f"campaigns paused: {done.paused}; requests waiting: {done.waiting:,}")
    typer.echo(
        "What was dialed and accepted since the backup is not known to it. A waiting request may have been dialed "
        "since; one that is Running dials it again."
        if keep_running
        else "What was dialed and accepted since the backup is not known to it. A waiting request may have been dialed "
        "since: resume a campaign only if dialing it again is right."
    )
    if done.report.outdated:
        typer.echo(f"its schema is an older version's: {MIGRATE}")
    if not _secret_key(settings).exists():
        typer.echo(
            f"there is no {_secret_key(settings)}: put the one of the backup's server there before the next start"
        )


def migrate(settings: Settings) -> None:
    """Bring the store to this version's schema. No server may be running."""
    data_dir = data_dir_of(settings)
    data_dir.check()
    data_dir.open()
    try:
        with meaning("The store is whole; run `trunkcall db migrate` again."):
            asyncio.run(_maintenance(settings).migrate())
    finally:
        data_dir.close()
    typer.echo("the store has this version's schema")


def _maintenance(settings: Settings) -> StoreMaintenance:
    return maintenance_of_store(settings)


def _secret_key(settings: Settings) -> Path:
    return Path(settings.secret_key_file) if settings.secret_key_file else settings.data_dir / KEY_FILE


@contextmanager
def _held_if_free(data_dir: DataDir) -> Iterator[bool]:
    """Keep servers from starting, and tell True, unless one is running or the directory cannot be written."""
    try:
        data_dir.open()
    except (DataDirInUseError, DataDirUnusableError):
        yield False
        return
    try:
        yield True
    finally:
        data_dir.close()


app.command("check", epilog=examples("trunkcall db check", "trunkcall db check --data-dir /var/lib/trunkcall"))(
    with_settings("data_dir", "store")(check)
)
app.command(
    "backup",
    epilog=examples("trunkcall db backup trunkcall-backup.db", "trunkcall db backup --force /backups/trunkcall.db"),
)(with_settings("data_dir", "store", "secret_key_file", "prompts_dir")(backup))
app.command("restore", epilog=examples("trunkcall db restore trunkcall-backup.db"))(
    with_settings("data_dir", "store", "secret_key_file", "prompts_dir")(restore)
)
app.command(
    "quarantine",
    epilog=examples(
        "trunkcall db quarantine",
        "trunkcall db quarantine --end all",
        "trunkcall db quarantine --end 0196a3c2-7c1f-7a55-9a0e-3d1f5b0c6e21 --erase",
    ),
)(with_settings("data_dir", "store")(quarantine))
app.command("migrate", epilog=examples("trunkcall db migrate"))(with_settings("data_dir", "store")(migrate))
