"""What is on do-not-call lists, in an SQLite file (``ports.do_not_call``).

Decides how much of an import is put on its list at a time: so much that nobody waits long for the writer.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final

from trunkcall.domain.do_not_call import DoNotCallList
from trunkcall.domain.instants import Instant
from trunkcall.storage.ports.do_not_call import ImportProgress, ListEntry, Origin
from trunkcall.storage.sqlite.directory import SQLiteDirectory
from trunkcall.storage.sqlite.operations import do_not_call as operations
from trunkcall.storage.sqlite.rows import to_json

_AT_ONCE: Final = 200
"""Up to so many numbers are looked up on the event loop's own thread."""
_PIECE_S: Final = 0.005
"""How long a piece of an import may take in the writer, but for its commit."""
_PIECES: Final = (200, 5_000)
"""The least and the most entries of a piece."""
_STEP_S: Final = 1.0
"""After which somebody who finishes an import is told how far it is."""


class SQLiteDoNotCall(SQLiteDirectory):
    """Entries of lists. The lists are facts, so that who changes what is on one changes a directory."""

    async def listed(
        self, instance_id: str, lists: Collection[int], number_keys: Collection[int]
    ) -> Mapping[int, Sequence[int]]:
        """Which of these are on which of the lists."""
        if not lists or not number_keys:
            return {}
        asked, wanted = to_json(list(lists)), to_json(list(number_keys))
        if len(number_keys) <= _AT_ONCE:
            found = self._database.rows("dnc_listed", instance_id=instance_id, lists=asked, number_keys=wanted)
        else:
            found = await self._database.long_read(
                "dnc_listed", instance_id=instance_id, lists=asked, number_keys=wanted
            )
        by_key: defaultdict[int, set[int]] = defaultdict(set)
        for row in found:
            by_key[row.number_key].add(row.list_number)
        return {key: sorted(numbers) for key, numbers in by_key.items()}

    async def add_entries(
        self, instance_id: str, list_number: int, number_keys: Collection[int], origin: Origin
    ) -> int:
        """Put these on the list, however full the disk is: they are few, and whoever they are is not to be dialed."""
        return await self._changing(
            self._database.mending.with_facts(
                partial(
                    operations.add_entries,
                    instance_id=instance_id,
                    list_number=list_number,
                    number_keys=number_keys,
                    origin=origin,
                )
            )
        )

    async def remove_entries(self, instance_id: str, list_number: int, number_keys: Collection[int]) -> int:
        """Take these off the list."""
        return await self._changing(
            self._database.mending.with_facts(
                partial(
                    operations.remove_entries,
                    instance_id=instance_id,
                    list_number=list_number,
                    number_keys=number_keys,
                )
            )
        )

    async def entries_of(self, instance_id: str, number_key: int) -> Sequence[ListEntry]:
        """On which lists the number is."""
        found = self._database.rows("dnc_entries_of", instance_id=instance_id, number_key=number_key)
        return [ListEntry(row.list_number, operations.origin_of(row)) for row in found]

    async def delete_list(self, instance_id: str, list_number: int, *, at: Instant, by: str) -> DoNotCallList:
        """Have the list bind nobody, however full the disk is."""
        return await self._changing(
            self._database.mending.with_facts(
                partial(operations.delete_list, instance_id=instance_id, list_number=list_number, at=at, by=by)
            )
        )

    async def begin_import(
        self, instance_id: str, list_number: int, origin: Origin, *, as_of: date | None, replaces: bool
    ) -> int:
        """Begin an import."""
        self._database.require_room()
        return await self._changing(
            self._database.mending.with_facts(
                partial(
                    operations.begin_import,
                    instance_id=instance_id,
                    list_number=list_number,
                    origin=origin,
                    as_of=as_of,
                    replaces=replaces,
                )
            )
        )

    async def append_to_import(self, instance_id: str, import_number: int, number_keys: Collection[int]) -> None:
        """Have these be of the import."""
        self._database.require_room()
        await self._database.write(
            partial(
                operations.stage, instance_id=instance_id, import_number=import_number, number_keys=list(number_keys)
            )
        )

    async def finish_import(self, instance_id: str, import_number: int) -> ImportProgress:
        """Put the next parts of the import on its list."""
        self._database.require_room()
        until_s = self._database.monotonic() + _STEP_S
        row = operations.open_import(self._database.row, instance_id, import_number)
        operations.require_numbers(self._database.row, row)
        progress = operations.progress_of(self._database.row, instance_id, row)
        while progress.left:
            part = progress.parts - progress.left
            await self._place(instance_id, import_number, part)
            progress = await self._changing(
                self._database.mending.with_facts(
                    partial(operations.end_part, instance_id=instance_id, import_number=import_number, part=part)
                )
            )
            if self._database.monotonic() >= until_s:
                break
        return progress

    async def _place(self, instance_id: str, import_number: int, part: int) -> None:
        staged = await self._database.long_read("staged_dnc_entries", import_number=import_number, part=part)
        in_order = operations.in_order([row.number_keys for row in staged])
        size = _PIECES[0]
        while keys := await asyncio.to_thread(next, in_order, None):
            begin = 0
            while begin < len(keys):
                took_s = await self._database.write(
                    partial(
                        operations.place,
                        instance_id=instance_id,
                        import_number=import_number,
                        number_keys=keys[begin : begin + size],
                        monotonic=self._database.monotonic,
                    )
                )
                begin += size
                least, most = _PIECES
                size = max(least, min(most, 2 * size, round(size * _PIECE_S / max(took_s, 1e-6))))

    async def sweep_entries(self) -> bool:
        """Erase some of what is on no list any more."""
        return await self._database.write(operations.sweep)
