"""`trunkcall forget` and `trunkcall retention`: erasing personal data from the store, while the server runs or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from trunkcall.cli.lists.phones import country_of, read_number
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import counted
from trunkcall.compose.sounds import forget_spoken
from trunkcall.compose.store import data_dir_of, opened_store
from trunkcall.domain.errors import InvalidInputError
from trunkcall.service.calling.number_key import PURPOSE, NumberKey, number_key
from trunkcall.service.numbers import NotDialableError
from trunkcall.service.privacy import MAX_DAYS, Privacy
from trunkcall.service.recording_retention import RecordingRetention
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import KEY_FILE
from trunkcall.storage.ports.directory import InstanceArchive
from trunkcall.storage.recording_files import RecordingFiles
from trunkcall.storage.secret_box import SecretBox, load_secret_key

T = TypeVar("T")


def forget(
    settings: Settings,
    number: Annotated[str, typer.Argument(help="The number, as `trunkcall load` takes it.")],
    country: Annotated[
        str | None, typer.Option(help="Country whose national numbers are understood: US, GB, DE.")
    ] = None,
) -> None:
    """Erase a number, its attributes and what was recorded of it from every request and record. The sounds of all texts
    that were spoken go with them; a count stays."""

    try:
        region = None if country is None else country_of(country)
    except InvalidInputError as error:
        raise typer.BadParameter(error.message) from error
    try:
        read = read_number(number, region)
    except NotDialableError as error:
        raise InvalidInputError(f"That is no number that could be kept here: {error}.") from error

    async def erase(privacy: Privacy, instances: InstanceArchive) -> int:
        return await privacy.forget(read)

    try:
        contacts = _with_privacy(settings, erase)
    finally:
        forget_spoken(settings)
    typer.echo(f"{counted(contacts, 'contact')} erased")
    typer.echo(
        "Take the number out of your lists too: a campaign that has forgotten it does not know it again.", err=True
    )


def retention(
    settings: Settings,
    days: Annotated[
        int | None, typer.Option(min=1, max=MAX_DAYS, help="Keep personal data of ended contacts so long.")
    ] = None,
    forever: Annotated[bool, typer.Option("--forever", help="Keep it for ever.")] = False,
    instance: Annotated[str | None, typer.Option(help="Instance id; all instances if left out.")] = None,
) -> None:
    """Show or set how long personal data of ended contacts is kept."""
    if days is not None and forever:
        raise typer.BadParameter("give either --days or --forever")

    async def show(privacy: Privacy, instances: InstanceArchive) -> list[str]:
        for one in await instances.every_instance():
            if instance in (None, one.instance_id) and (days is not None or forever):
                await privacy.set_retention(one.instance_id, days)
        return [
            f"{one.instance_id}: {'for ever' if one.retention_days is None else f'{one.retention_days} days'}"
            for one in await instances.every_instance()
            if instance in (None, one.instance_id)
        ]

    lines = _with_privacy(settings, show)
    if not lines:
        raise typer.BadParameter(f"there is no instance {instance}")
    for line in lines:
        typer.echo(line)


def _with_privacy(settings: Settings, deed: Callable[[Privacy, InstanceArchive], Awaitable[T]]) -> T:
    data_dir_of(settings).check()

    clock = WallPacedClock()

    async def run() -> T:
        async with opened_store(settings) as store:
            # To delete what was recorded takes no key.
            files = RecordingFiles(settings.data_dir, b"")
            privacy = Privacy(
                store,
                store,
                lambda _: clock.now(),
                number_key=_number_key_of(settings),
                recordings=RecordingRetention(store, files, store, lambda _: clock.now()),
            )
            return await deed(privacy, store)

    return asyncio.run(run())


def _number_key_of(settings: Settings) -> NumberKey | None:
    """As the server makes it; None where it has made no key file yet, and so no number's key."""
    path = Path(settings.secret_key_file) if settings.secret_key_file else settings.data_dir / KEY_FILE
    return partial(number_key, key=SecretBox(load_secret_key(path)).derive(PURPOSE)) if path.exists() else None


forget_command = with_settings("data_dir", "store", "prompts_dir")(forget)
retention_command = with_settings("data_dir", "store")(retention)
