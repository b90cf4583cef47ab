"""What an installation keeps: the store, what looks after it, and the key that secrets are encrypted with.

Decides which adapters of the store there are, and which of them the setting ``store`` means. It must not know what is
served or dialed.

The store in memory is none of them: keys, exports and upkeep are commands of their own, which would not find it. A
directory on a disk of memory gives the same, with all commands.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from trunkcall.domain.errors import SettingsError, did_you_mean
from trunkcall.service.clock import steady_clock
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import KEY_FILE, DataDir
from trunkcall.storage.disk import MEGABYTE
from trunkcall.storage.ports.maintenance import StoreMaintenance
from trunkcall.storage.secret_box import SecretBox, load_secret_key
from trunkcall.storage.sqlite.maintenance import SQLiteMaintenance
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.store import Store


@dataclass(frozen=True, slots=True)
class StoreAdapter:
    """A kind of store. ``forms`` are the values of the setting that mean it. ``data_dir`` is the data directory that
    goes with it. ``open`` makes the store, not opened yet; ``sole`` is for who holds the data directory.
    ``maintenance`` makes what looks after it. All of them raise SettingsError for a value that has another form."""

    forms: tuple[str, ...]
    data_dir: Callable[[Settings], DataDir]
    open: Callable[[Settings, bool], Store]
    maintenance: Callable[[Settings], StoreMaintenance]


def _sqlite_file(settings: Settings) -> Path | None:
    """None for the data directory's own."""
    if settings.store == "sqlite":
        return None
    scheme, _, path = settings.store.partition("://")
    if scheme != "sqlite" or not path.startswith("/") or path.endswith("/"):
        raise _unknown(settings.store, STORES)
    return Path(path)


def _sqlite_dir(settings: Settings) -> DataDir:
    return DataDir(settings.data_dir, store=_sqlite_file(settings))


def _sqlite(settings: Settings, sole: bool) -> Store:
    # What only looks in has no need of room on the disk.
    min_free = settings.min_free_mb * MEGABYTE if sole else 0
    return SQLiteStore(_sqlite_dir(settings).store_path, clock=steady_clock(), min_free=min_free, sole=sole)


STORES: Mapping[str, StoreAdapter] = MappingProxyType(
    {
        "sqlite": StoreAdapter(
            forms=("sqlite", "sqlite:///path/to/file"),
            data_dir=_sqlite_dir,
            open=_sqlite,
            maintenance=lambda settings: SQLiteMaintenance(_sqlite_dir(settings).store_path),
        ),
    }
)
"""By what the setting begins with."""


def data_dir_of(settings: Settings, stores: Mapping[str, StoreAdapter] = STORES) -> DataDir:
    """The data directory, which knows where its store is. Raises SettingsError."""
    return _adapter(settings, stores).data_dir(settings)


def open_store(settings: Settings, *, sole: bool = False, stores: Mapping[str, StoreAdapter] = STORES) -> Store:
    """The store that the settings name, not opened yet. ``sole`` is for who holds the data directory. Raises
    SettingsError."""
    return _adapter(settings, stores).open(settings, sole)


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """The store that the settings name, open meanwhile, beside a running server or not."""
    store = open_store(settings)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def maintenance_of_store(settings: Settings, stores: Mapping[str, StoreAdapter] = STORES) -> StoreMaintenance:
    """What looks after the store that the settings name."""
    return _adapter(settings, stores).maintenance(settings)


def _adapter(settings: Settings, stores: Mapping[str, StoreAdapter]) -> StoreAdapter:
    adapter = stores.get(settings.store.partition(":")[0])
    if adapter is None:
        raise _unknown(settings.store, stores)
    return adapter


def _unknown(store: str, stores: Mapping[str, StoreAdapter]) -> SettingsError:
    forms = [form for adapter in stores.values() for form in adapter.forms]
    return SettingsError(
        f"The setting store must be one of {', '.join(forms)}, not {store!r}.{did_you_mean(store, forms)}"
    )


def secret_box(settings: Settings) -> SecretBox:
    """What encrypts secrets. The key is made if there is none."""
    key_file = Path(settings.secret_key_file) if settings.secret_key_file else settings.data_dir / KEY_FILE
    return SecretBox(load_secret_key(key_file))
