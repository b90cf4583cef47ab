"""The store on one machine: one SQLite file, one writer thread, reads beside it.

Decides nothing of its own: each port's verbs have a module here, which decides what is read and cached, and what each
changes is decided in ``operations``, a module for each subject. They share one ``database``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from trunkcall.domain.clock import Seconds
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.storage.sqlite.campaigns import SQLiteCampaigns
from trunkcall.storage.sqlite.contacts import SQLiteContacts
from trunkcall.storage.sqlite.database import Database
from trunkcall.storage.sqlite.do_not_call import SQLiteDoNotCall
from trunkcall.storage.sqlite.ownership import SQLiteOwnership
from trunkcall.storage.sqlite.presence import SQLitePresence
from trunkcall.storage.sqlite.privacy import SQLitePrivacy
from trunkcall.storage.sqlite.quarantine import SQLiteQuarantine
from trunkcall.storage.sqlite.recorded import SQLiteRecorded


def _wall_clock() -> Instant:
    return time.time_ns() // 1000


class SQLiteStore(
    SQLiteDoNotCall,
    SQLitePresence,
    SQLiteCampaigns,
    SQLiteContacts,
    SQLiteQuarantine,
    SQLitePrivacy,
    SQLiteRecorded,
    SQLiteOwnership,
):
    """A Store in an SQLite file, used by one event loop. ``clock`` is the time of leases.

    A lease that has run out by this clock is refused by ``commit`` and ``expire_waiting`` even while nobody else has
    acquired it; ``renew_lease`` revives it unless somebody has. While less than ``min_free`` bytes of the disk are
    free, nothing new is taken. ``sole`` says that no other server can have the file open, so that what a dead one has
    left is put in order first.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], Instant] = _wall_clock,
        monotonic: Seconds = time.monotonic,
        busy_timeout: Duration = 5 * SECOND,
        min_free: int = 0,
        sole: bool = False,
    ) -> None:
        super().__init__(
            Database(path, clock=clock, monotonic=monotonic, busy_timeout=busy_timeout, min_free=min_free, sole=sole)
        )

    async def open(self) -> None:
        """Create or check the schema. Raises SchemaMismatchError when it is newer, needs a migration or is not ours."""
        await self._database.open()

    async def migrate(self) -> None:
        """Bring the file to this version's schema. No process may have the store open meanwhile."""
        await self._database.migrate()

    async def close(self) -> None:
        """Finish what was begun and let go of every handle. May be called twice."""
        await self._database.close()

    @property
    def trouble(self) -> str | None:
        """Why the file cannot be written or read at the moment, in words; None while all is well."""
        return self._database.trouble

    @property
    def refusal(self) -> str | None:
        """Why nothing new is taken, in words; None while it is."""
        return self._database.refusal
