"""What an installation keeps on its disk: the store, what looks after it, and the key that secrets are encrypted with.

Decides which adapter of the store there is. It must not know what is served or dialed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from trunkcall.service.clock import steady_clock
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import KEY_FILE
from trunkcall.storage.disk import MEGABYTE
from trunkcall.storage.ports.maintenance import StoreMaintenance
from trunkcall.storage.secret_box import SecretBox, load_secret_key
from trunkcall.storage.sqlite.maintenance import SQLiteMaintenance
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.store import Store


def open_store(path: Path, *, min_free_mb: int = 0, sole: bool = False) -> Store:
    """The embedded store at this path. ``sole`` is for who holds the data directory."""
    return SQLiteStore(path, clock=steady_clock(), min_free=min_free_mb * MEGABYTE, sole=sole)


@asynccontextmanager
async def opened_store(path: Path) -> AsyncIterator[Store]:
    """The embedded store at this path, open meanwhile, beside a running server or not."""
    store = open_store(path)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def maintenance_of_store(path: Path) -> StoreMaintenance:
    """What looks after the embedded store at this path."""
    return SQLiteMaintenance(path)


def secret_box(settings: Settings) -> SecretBox:
    """What encrypts secrets. The key is made if there is none."""
    key_file = Path(settings.secret_key_file) if settings.secret_key_file else settings.data_dir / KEY_FILE
    return SecretBox(load_secret_key(key_file))
