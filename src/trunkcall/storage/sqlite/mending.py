"""What is done where SQLite refuses to change a contact or a fact, because of its row or of what an index has of it.

Decides whom that may stop: that contact alone, which is set aside, so that what was asked for is done with all others;
or, where it is the damaged contact that is to be changed, or a fact, nobody, since the indexes are made anew. It must
not know what is to be done.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from trunkcall.domain.errors import RowRefusedError, StoreDamagedError
from trunkcall.storage.sqlite.faults import Troubles
from trunkcall.storage.sqlite.operations.facts import with_new_indexes
from trunkcall.storage.sqlite.operations.quarantine import Found, reindexing, set_aside
from trunkcall.storage.sqlite.writer import Operation

T = TypeVar("T")

log = logging.getLogger(__name__)


class _Write(Protocol):
    def __call__(self, operation: Operation[T], /) -> Awaitable[T]: ...


class Mending:
    """Goes around what is damaged in one store. ``write`` carries an operation out."""

    def __init__(self, write: _Write, troubles: Troubles) -> None:
        self._write = write
        self._troubles = troubles
        self._reindexed = False
        """Whether the indexes were made anew in vain."""

    async def set_aside(self, damaged: Sequence[Found]) -> None:
        """Note these contacts."""
        await self._write(partial(set_aside, found=damaged))
        _tell(len(damaged))

    async def without_damaged(self, operation: Operation[T], set_aside_refused: Operation[int]) -> T:
        """Carry out an operation on many contacts. If SQLite refuses to change one, it is set aside, and all is done
        again without it. ``set_aside_refused`` finds those, and says how many they are."""
        was_damaged = self._troubles.damaged
        try:
            return await self._write(operation)
        except (StoreDamagedError, RowRefusedError):
            number = await self._write(set_aside_refused)
            if not number:
                raise
            _tell(number)
        done = await self._write(operation)
        if not was_damaged:
            self._troubles.damage_mended()
        return done

    async def with_facts(self, operation: Operation[T]) -> T:
        """Change facts. If SQLite refuses, because an index has one of them elsewhere, it is done with new indexes."""
        was_damaged = self._troubles.damaged
        try:
            return await self._write(operation)
        except (StoreDamagedError, RowRefusedError):
            changed = await self._write(partial(with_new_indexes, operation=operation))
        log.warning("the indexes of facts were made anew: some had one at another place than itself")
        if not was_damaged:
            self._troubles.damage_mended()
        return changed

    async def with_damaged(self, operation: Operation[T]) -> T:
        """Change rows that may be damaged. If SQLite refuses, because an index has one of them elsewhere, it is done
        with the indexes made anew; of a large store that takes seconds, so not again if it was of no use."""
        was_damaged = self._troubles.damaged
        try:
            return await self._write(operation)
        except StoreDamagedError:
            if self._reindexed:
                raise
            self._reindexed = True
            changed = await self._write(partial(reindexing, operation=operation))
            log.warning("the indexes of contacts were made anew: some had a contact at another place than itself")
            self._reindexed = False
            if not was_damaged:
                self._troubles.damage_mended()
            return changed


def _tell(number: int) -> None:
    log.error("contacts are damaged and set aside: see `trunkcall db quarantine`", extra={"number": number})
