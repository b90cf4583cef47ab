"""Which instance is the default one. If this fails, a start gives trunks and simulated agents to another instance than
the one before, and clients that go by the shared files create their campaigns there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from storage.support import directory
from trunkcall.compose.first_start import first_directory
from trunkcall.compose.store import data_dir_of, secret_box
from trunkcall.compose.telephony import base_clock
from trunkcall.domain.directory import AccessKey
from trunkcall.settings import load_settings
from trunkcall.storage.memory import MemoryStore

OURS, OTHER = "instance-1", "instance-0"
KEY = AccessKey("AKIA1", b"sealed", "{}", 0, revoked_at=1)


async def default_instance(store: MemoryStore, data_dir: Path) -> str:
    """The default instance of a start on this directory."""
    settings = load_settings({"data_dir": data_dir}, environment={})
    place = data_dir_of(settings)
    place.make()
    place.write_credentials({})
    found = await first_directory(
        store, settings, place, secret_box(settings), base_clock(settings), "http://localhost"
    )
    return found.instance.instance_id


@pytest.mark.parametrize(
    ("config", "default"),
    [
        (None, OURS),
        ("[default]\ntrunkcall_instance_id = of-another-store\n", OTHER),
        ("[default]\nregion = us-east-1\n", OTHER),
        ("no shared file of anybody's", OTHER),
        (b"\xff\xfe", OTHER),
    ],
)
async def test_the_default_instance_stays_the_one_of_the_first_start(
    tmp_path: Path, config: str | bytes | None, default: str
) -> None:
    store, data_dir = MemoryStore(lambda: 0), tmp_path / "data"
    await store.create_instance(directory(OURS))
    data_dir.mkdir()
    (data_dir / "config").write_text(f"[default]\ntrunkcall_instance_id = {OURS}\n")
    assert await default_instance(store, data_dir) == OURS
    before = directory(OTHER)
    await store.create_instance(replace(before, instance=replace(before.instance, created_at=-1)))
    if isinstance(config, bytes):
        (data_dir / "config").write_bytes(config)
    elif config is not None:
        (data_dir / "config").write_text(config)
    assert await default_instance(store, data_dir) == default, "the oldest, where nothing says which it is"
    assert await default_instance(store, data_dir) == default


async def test_where_the_default_instance_was_deleted_it_is_the_oldest_that_is_left(tmp_path: Path) -> None:
    store, data_dir = MemoryStore(lambda: 0), tmp_path / "data"
    for number, instance_id in enumerate((OURS, OTHER)):
        found = directory(instance_id)
        await store.create_instance(
            replace(found, instance=replace(found.instance, created_at=number, onboarded=False)), KEY
        )
    data_dir.mkdir()
    (data_dir / "config").write_text(f"[default]\ntrunkcall_instance_id = {OURS}\n")
    assert await default_instance(store, data_dir) == OURS
    await store.delete_instance(OURS, at=2)
    assert await default_instance(store, data_dir) == OTHER
