"""SQLite's adapter of the port of whoever looks after a store.

Decides nothing but which file is meant.
"""

from __future__ import annotations

from pathlib import Path

from trunkcall.storage.ports.maintenance import Restored, StoreReport
from trunkcall.storage.sqlite.backup import back_up, restore
from trunkcall.storage.sqlite.check import check_store
from trunkcall.storage.sqlite.store import SQLiteStore


class SQLiteMaintenance:
    """Looks after the store in this file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self, *, unused: bool) -> StoreReport:
        return check_store(self._path, unused=unused)

    def back_up(self, target: Path, *, unused: bool, force: bool) -> StoreReport:
        return back_up(self._path, target, unused=unused, force=force)

    def restore(self, backup: Path, *, name_of_former: str, pause: bool) -> Restored:
        return restore(self._path, backup, name_of_former=name_of_former, pause=pause)

    async def migrate(self) -> None:
        await SQLiteStore(self._path, sole=True).migrate()
