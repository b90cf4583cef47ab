"""What is on do-not-call lists, in memory (``ports.do_not_call``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from trunkcall.domain.do_not_call import DoNotCallList, last_edit
from trunkcall.domain.errors import ConflictError, EmptyImportError, NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant
from trunkcall.storage.memory.state import Import, Part
from trunkcall.storage.ports.do_not_call import ImportProgress, ListEntry, Origin


class DoNotCallInMemory(Part):
    """Entries of lists, by instance and list number."""

    async def listed(
        self, instance_id: str, lists: Collection[int], number_keys: Collection[int]
    ) -> Mapping[int, Sequence[int]]:
        found = {
            key: [number for number in sorted(set(lists)) if self._state.is_listed(instance_id, number, key)]
            for key in number_keys
        }
        return {key: numbers for key, numbers in found.items() if numbers}

    async def add_entries(
        self, instance_id: str, list_number: int, number_keys: Collection[int], origin: Origin
    ) -> int:
        fact = self._list(instance_id, list_number)
        there = self._state.listed_numbers[instance_id, list_number]
        new = {key: origin for key in number_keys if key not in there}
        there |= new
        last = self._last(instance_id, list_number)
        if last is not None:
            last.added |= {key: origin for key in number_keys if key not in last.added}
        self._put(fact, instance_id, version=fact.version + 1)
        return len(new)

    async def remove_entries(self, instance_id: str, list_number: int, number_keys: Collection[int]) -> int:
        fact = self._list(instance_id, list_number)
        there = self._state.listed_numbers[instance_id, list_number]
        last = self._last(instance_id, list_number)
        if last is not None:
            last.added = {key: origin for key, origin in last.added.items() if key not in set(number_keys)}
        gone = [there.pop(key) for key in set(number_keys) if key in there]
        if gone:
            self._put(fact, instance_id, version=fact.version + 1)
        return len(gone)

    async def entries_of(self, instance_id: str, number_key: int) -> Sequence[ListEntry]:
        found = (
            ListEntry(number, entries[number_key])
            for (of, number), entries in self._state.listed_numbers.items()
            if of == instance_id and number_key in entries
        )
        return sorted(found, key=lambda entry: entry.list_number)

    async def delete_list(self, instance_id: str, list_number: int, *, at: Instant, by: str) -> DoNotCallList:
        fact = self._list(instance_id, list_number)
        lists = self._state.there(instance_id).do_not_call_lists.values()
        deleted = fact.deleted(at=at, by=by, edit_number=last_edit(lists) + 1)
        self._state.listed_numbers.pop((instance_id, list_number), None)
        self._state.put_facts(instance_id, [deleted], deleted_at=None)
        return deleted

    async def begin_import(
        self, instance_id: str, list_number: int, origin: Origin, *, as_of: date | None, replaces: bool
    ) -> int:
        fact = self._list(instance_id, list_number)
        number = len(self._state.imports) + 1
        self._state.imports[number] = Import((instance_id, list_number), origin, as_of, replaces)
        if fact.version == 0 and not fact.filling:
            self._put(fact, instance_id, filling=True)
        return number

    async def append_to_import(self, instance_id: str, import_number: int, number_keys: Collection[int]) -> None:
        going = self._import(instance_id, import_number)
        if going.has_ended:
            raise ConflictError("This import is being finished, so it takes no more numbers. Begin another.")
        going.keys |= set(number_keys)

    async def finish_import(self, instance_id: str, import_number: int) -> ImportProgress:
        going = self._import(instance_id, import_number)
        if not going.has_ended:
            if not going.keys and (going.as_of is not None or going.replaces):
                raise EmptyImportError
            going.has_ended = True
            fact = self._list(*going.of)
            new = dict.fromkeys(going.keys, going.origin)
            there = self._state.listed_numbers[going.of]
            self._state.listed_numbers[going.of] = new | (going.added if going.replaces else there)
            self._put(fact, instance_id, version=fact.version + 1, as_of=going.as_of or fact.as_of, filling=False)
        return ImportProgress(1, 0, len(self._state.listed_numbers[going.of]))

    async def sweep_entries(self) -> bool:
        return False

    def _list(self, instance_id: str, list_number: int) -> DoNotCallList:
        fact = self._state.there(instance_id).of_kind(FactKind.DO_NOT_CALL_LIST).get(str(list_number))
        if not isinstance(fact, DoNotCallList) or fact.deleted_at is not None:
            raise NotFoundError("There is no such do-not-call list.")
        return fact

    def _import(self, instance_id: str, import_number: int) -> Import:
        going = self._state.imports.get(import_number)
        of_instance = None if going is None else self._state.there(instance_id).do_not_call_lists.get(str(going.of[1]))
        is_there = of_instance is not None and of_instance.deleted_at is None
        if going is None or not is_there or going.of[0] != instance_id or going is not self._last_begun(*going.of):
            raise ConflictError("This is not the last import that was begun of its list. Begin it again.")
        return going

    def _last_begun(self, instance_id: str, list_number: int) -> Import | None:
        of_list = [each for each in self._state.imports.values() if each.of == (instance_id, list_number)]
        return of_list[-1] if of_list else None

    def _last(self, instance_id: str, list_number: int) -> Import | None:
        last = self._last_begun(instance_id, list_number)
        return None if last is None or last.has_ended else last

    def _put(self, fact: DoNotCallList, instance_id: str, **changes: Any) -> None:
        entries = len(self._state.listed_numbers[instance_id, fact.list_number])
        self._state.put_facts(instance_id, [replace(fact, entries=entries, **changes)], deleted_at=None)
