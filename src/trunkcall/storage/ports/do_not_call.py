"""The numbers on do-not-call lists.

Decides what is kept of them: a keyed hash of each number, and who has had it put there, when and why. A number itself
is in no argument here. The lists themselves are facts of the instance; whatever changes what is on one gives it the
next version in the same transaction. See ``storage.ports`` for what is promised.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from trunkcall.domain.do_not_call import DoNotCallList
from trunkcall.domain.instants import Instant


@dataclass(frozen=True, slots=True)
class Origin:
    """Where entries come from. No text of it holds a number."""

    source: str
    reason: str
    at: Instant


@dataclass(frozen=True, slots=True)
class ListEntry:
    """That a number is on a list."""

    list_number: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: ``left`` of ``parts`` are yet to be put on the list. It has ended when none is left."""

    parts: int
    left: int
    entries: int
    """On the list, as of now."""


class ListedNumbers(Protocol):
    """Which numbers are on lists. Number keys are from -2**63 to 2**63 - 1."""

    async def listed(
        self, instance_id: str, lists: Collection[int], number_keys: Collection[int]
    ) -> Mapping[int, Sequence[int]]:
        """Of these number keys those that are on some of these lists, each with the numbers of the lists, sorted. It
        takes as long for long lists as for short ones."""


class ListEntries(Protocol):
    """What is on the lists of an instance, and how that changes.

    An import is what a client begins, sends in pieces and finishes. Until it is being finished the list is as it was.
    What takes the place of all that was on the list does so at one moment; what is added to it binds as it is put
    there. It is put there in pieces of some milliseconds, so that nobody waits for it; whoever is cut short finishes it
    again, or begins another: of each list the last import that was begun can be finished, and no other.
    """

    async def add_entries(
        self, instance_id: str, list_number: int, number_keys: Collection[int], origin: Origin
    ) -> int:
        """Put these on the list, all at once; how many were not. One that is there keeps its origin. What is to take
        the place of the list's entries has them too. Raises NotFoundError without the list."""

    async def remove_entries(self, instance_id: str, list_number: int, number_keys: Collection[int]) -> int:
        """Take these off the list, all at once; how many there were. Raises NotFoundError without the list."""

    async def entries_of(self, instance_id: str, number_key: int) -> Sequence[ListEntry]:
        """On which lists the number is, by their numbers."""

    async def delete_list(self, instance_id: str, list_number: int, *, at: Instant, by: str) -> DoNotCallList:
        """Have the list bind nobody from this instant on, by the word of this access key; the list as it is then. Its
        name is free, its number is not, and nothing is on it: what was is erased by the sweep. No import of it can go
        on. Raises NotFoundError without the list, or after it was deleted."""

    async def begin_import(
        self, instance_id: str, list_number: int, origin: Origin, *, as_of: date | None, replaces: bool
    ) -> int:
        """Begin an import; its number. Raises NotFoundError without the list."""

    async def append_to_import(self, instance_id: str, import_number: int, number_keys: Collection[int]) -> None:
        """Have these be of the import. Whoever repeats it does no harm. Raises ConflictError if the import is not the
        last of its list, or being finished; StoreFullError while nothing new is taken."""

    async def finish_import(self, instance_id: str, import_number: int) -> ImportProgress:
        """Put the next part of the import on its list; after the last the list has its date, if the import has one.
        Asked again after it has ended, it says the same. Raises EmptyImportError if there is no number in it, and it
        has a date or takes the place of what is on the list; ConflictError if the import is not the last of its list;
        StoreFullError while nothing new is taken."""

    async def sweep_entries(self) -> bool:
        """Erase some of what is on no list any more; whether there is more of it."""
