"""How what is on do-not-call lists is changed in an SQLite store, and asked inside a transaction.

Decides which entries count: those of a list's edition. An import that takes the place of all that was on a list is an
edition of its own, and becomes the list's at one moment. It must not know threads, nor how long is too long.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from trunkcall.domain.do_not_call import DoNotCallList, last_edit
from trunkcall.domain.errors import ConflictError, EmptyImportError, NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant
from trunkcall.storage.ports.do_not_call import ImportProgress, Origin
from trunkcall.storage.sqlite.operations.facts import facts_from_rows, facts_of_ids, put_facts
from trunkcall.storage.sqlite.rows import readable, to_json, whole
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.transaction import WriteTransaction

PARTS: Final = 16
"""An import is sorted by parts of the range of keys: entries that come anyhow would each change a page of their own."""
_SHIFT: Final = 60
"""Bits of a key below those that tell its part."""
_SORTED_AT_ONCE: Final = 8_192
"""Sorting holds the interpreter's lock: some milliseconds for so many."""
_SWEPT_AT_ONCE: Final = 5_000
"""Entries that are looked at: those of an edition are among all others."""
_LEAST_KEY: Final = -(1 << 63)
_GREATEST_KEY: Final = (1 << 63) - 1


@dataclass(slots=True)
class _Lists:
    """The row of a list. ``edition`` 0 has no entries."""

    edition: int = 0
    last_import: int | None = None
    entries: int = 0


# --- asking -----------------------------------------------------------------------------------------------------------


def listed(
    transaction: WriteTransaction, instance_id: str, lists: Collection[int], number_keys: Collection[int]
) -> frozenset[tuple[int, int]]:
    """Which of these numbers are on which of these lists at this moment: list numbers and number keys."""
    rows = transaction.rows(
        "dnc_listed", instance_id=instance_id, lists=to_json(list(lists)), number_keys=to_json(list(number_keys))
    )
    return frozenset((row.list_number, row.number_key) for row in rows)


def lists_of(transaction: WriteTransaction, instance_id: str) -> list[DoNotCallList]:
    """The lists of an instance as they are known, deleted ones included, without a look at what is on them."""
    rows = transaction.rows("do_not_call_lists", instance_id=instance_id, kind=FactKind.DO_NOT_CALL_LIST.value)
    return [each.fact for each in facts_from_rows(rows) if isinstance(each.fact, DoNotCallList)]


# --- some at a time ---------------------------------------------------------------------------------------------------


def add_entries(
    transaction: WriteTransaction, instance_id: str, list_number: int, number_keys: Collection[int], origin: Origin
) -> int:
    fact, held = _there(transaction, instance_id, list_number)
    keys = to_json(sorted(set(number_keys)))
    number = _insert_import(transaction, instance_id, list_number, origin, None, parts=0)
    held.edition = held.edition or number
    transaction.execute("set_dnc_import", import_number=number, edition=held.edition, placed=0, entries=0)
    new = _put_entries(transaction, held.edition, keys, number)
    for row in _replacing(transaction, instance_id, held):
        also = _put_entries(transaction, row.edition, keys, number)
        _count_import(transaction, row, also)
    _put(transaction, instance_id, fact, held, new)
    return new


def remove_entries(
    transaction: WriteTransaction, instance_id: str, list_number: int, number_keys: Collection[int]
) -> int:
    fact, held = _there(transaction, instance_id, list_number)
    keys = to_json(list(number_keys))
    gone = transaction.execute("remove_dnc_entries", edition=held.edition, number_keys=keys)
    for row in _replacing(transaction, instance_id, held):
        also = transaction.execute("remove_dnc_entries", edition=row.edition, number_keys=keys)
        _count_import(transaction, row, -also)
    if gone:
        _put(transaction, instance_id, fact, held, -gone)
    return gone


def delete_list(
    transaction: WriteTransaction, instance_id: str, list_number: int, at: Instant, by: str
) -> DoNotCallList:
    """Nothing is erased here: what is on no list is swept."""
    fact, _ = _there(transaction, instance_id, list_number, lost=True)
    edit_number = last_edit(lists_of(transaction, instance_id)) + 1
    deleted = fact.deleted(at=at, by=by, edit_number=edit_number)
    transaction.execute("remove_dnc_list", instance_id=instance_id, list_number=list_number)
    put_facts(transaction, instance_id, [deleted])
    return deleted


# --- imports ----------------------------------------------------------------------------------------------------------


def begin_import(
    transaction: WriteTransaction,
    instance_id: str,
    list_number: int,
    origin: Origin,
    as_of: date | None,
    replaces: bool,
) -> int:
    fact, held = _there(transaction, instance_id, list_number)
    number = _insert_import(transaction, instance_id, list_number, origin, as_of, parts=PARTS)
    if not replaces:
        held.edition = held.edition or number
    edition = number if replaces else held.edition
    transaction.execute("set_dnc_import", import_number=number, edition=edition, placed=0, entries=0)
    held.last_import = number
    _put_row(transaction, instance_id, list_number, held)
    if fact.version == 0 and not fact.filling:
        put_facts(transaction, instance_id, [replace(fact, filling=True)])
    return number


def stage(transaction: WriteTransaction, instance_id: str, import_number: int, number_keys: Collection[int]) -> None:
    """Keep these until the import is finished, each part in order."""
    row = open_import(transaction.row, instance_id, import_number)
    if row.placed:
        raise ConflictError("This import is being finished, so it takes no more numbers. Begin another.")
    parts: defaultdict[int, list[int]] = defaultdict(list)
    for key in sorted(number_keys):
        parts[(key >> _SHIFT) + PARTS // 2].append(key)
    for part, keys in parts.items():
        piece = transaction.number("next_dnc_piece", import_number=import_number, part=part)
        transaction.execute(
            "stage_dnc_entries",
            import_number=import_number,
            part=part,
            piece=piece,
            number_keys=array("q", keys).tobytes(),
        )


def open_import(row_of: Callable[..., Row | None], instance_id: str, import_number: int) -> Row:
    """The row of an import that can go on, or has ended as the last of its list. Raises ConflictError of any other."""
    row = row_of("dnc_import", instance_id=instance_id, import_number=import_number)
    if row is not None:
        of_list = row_of("dnc_list", instance_id=instance_id, list_number=row.list_number)
        if of_list is not None and of_list.last_import == import_number:
            return row
    raise ConflictError("This is not the last import that was begun of its list. Begin it again.")


def require_numbers(row_of: Callable[..., Row | None], row: Row) -> None:
    """Raises EmptyImportError for an import without a number that would make its list look new, or empty it."""
    of_list = row_of("dnc_list", instance_id=row.instance_id, list_number=row.list_number)
    replaces = of_list is None or of_list.edition != row.edition
    if not row.placed and (row.as_of is not None or replaces):
        staged = row_of("first_dnc_staged", import_number=row.import_number)
        if staged is None:
            raise EmptyImportError


def in_order(pieces: Sequence[bytes]) -> Iterator[array[int]]:
    """The keys of sorted pieces in their order, some at a time. Those that are twice in it come twice."""
    arrays = [array("q", piece) for piece in pieces]
    total = sum(map(len, arrays))
    if not total:
        return
    low, high = min(keys[0] for keys in arrays), max(keys[-1] for keys in arrays)
    ranges = -(-total // _SORTED_AT_ONCE)
    begins = [0] * len(arrays)
    for each in range(1, ranges + 1):
        until = low + (high + 1 - low) * each // ranges
        found: list[int] = []
        for index, keys in enumerate(arrays):
            end = bisect_left(keys, until, begins[index])
            found.extend(keys[begins[index] : end])
            begins[index] = end
        found.sort()
        yield array("q", found)


def place(
    transaction: WriteTransaction,
    instance_id: str,
    import_number: int,
    number_keys: Sequence[int],
    monotonic: Callable[[], float],
) -> float:
    """Put a piece of an import into its edition; how many seconds that took."""
    began_s = monotonic()
    row = open_import(transaction.row, instance_id, import_number)
    new = _put_entries(transaction, row.edition, to_json(list(number_keys)), import_number)
    _count_import(transaction, row, new)
    of_list = transaction.row("dnc_list", instance_id=instance_id, list_number=row.list_number)
    assert of_list is not None
    if of_list.edition == row.edition:
        held = _Lists(of_list.edition, of_list.last_import, whole(of_list.entries) + new)
        _put_row(transaction, instance_id, row.list_number, held)
    return monotonic() - began_s


def end_part(transaction: WriteTransaction, instance_id: str, import_number: int, part: int) -> ImportProgress:
    """The import is on its list up to this part, or, after the last, the list is what it says."""
    row = open_import(transaction.row, instance_id, import_number)
    if row.placed == part:
        transaction.execute(
            "set_dnc_import", import_number=import_number, edition=row.edition, placed=part + 1, entries=row.entries
        )
        fact, held = _there(transaction, instance_id, row.list_number)
        ended = part + 1 == row.parts
        if ended and held.edition != row.edition:
            held.edition, held.entries = row.edition, whole(row.entries)
        if ended:
            as_of = date.fromisoformat(row.as_of) if type(row.as_of) is str else fact.as_of
            fact = replace(fact, as_of=as_of, filling=False)
        if ended or held.edition == row.edition:
            _put(transaction, instance_id, fact, held, 0)
        return ImportProgress(row.parts, row.parts - part - 1, held.entries)
    return progress_of(transaction.row, instance_id, row)


def progress_of(row_of: Callable[..., Row | None], instance_id: str, row: Row) -> ImportProgress:
    of_list = row_of("dnc_list", instance_id=instance_id, list_number=row.list_number)
    return ImportProgress(row.parts, row.parts - row.placed, 0 if of_list is None else whole(of_list.entries))


def sweep(transaction: WriteTransaction) -> bool:
    """Erase some of what is on no list and in no import that can go on; whether there was any."""
    staged = transaction.row("stale_dnc_import")
    if staged is not None:
        transaction.execute("sweep_dnc_staged", import_number=staged.number, limit=_SWEPT_AT_ONCE // 50)
        return True
    stale = transaction.row("stale_dnc_edition")
    if stale is None:
        return False
    first = stale.erased_before
    last = transaction.row("dnc_entries_from", first_key=first, limit=_SWEPT_AT_ONCE)
    last_key = None if last is None else last.last_key
    if last_key is not None:
        transaction.execute("sweep_dnc_entries", edition=stale.edition, first_key=first, last_key=last_key)
    if last_key is None or last_key == _GREATEST_KEY:
        transaction.execute("remove_dnc_edition", edition=stale.edition)
    else:
        transaction.execute("swept_dnc_edition", edition=stale.edition, erased_before=last_key + 1)
    return True


# --- rows -------------------------------------------------------------------------------------------------------------


def _there(
    transaction: WriteTransaction, instance_id: str, list_number: int, *, lost: bool = False
) -> tuple[DoNotCallList, _Lists]:
    """The list and its row; with ``lost`` one too of which the row alone is left."""
    transaction.require_instance(instance_id)
    found = facts_of_ids(transaction, instance_id, FactKind.DO_NOT_CALL_LIST, [str(list_number)])
    fact = found[0].fact if found else None
    row = transaction.row("dnc_list", instance_id=instance_id, list_number=list_number)
    if fact is None and lost and row is not None:
        fact = DoNotCallList(list_number, str(list_number), None)
    if not isinstance(fact, DoNotCallList) or fact.deleted_at is not None:
        raise NotFoundError("There is no such do-not-call list.")
    return fact, _Lists() if row is None else _Lists(row.edition, row.last_import, whole(row.entries))


def _put(transaction: WriteTransaction, instance_id: str, fact: DoNotCallList, held: _Lists, new: int) -> None:
    """Write both, with so many more entries and the next version."""
    held.entries = max(0, held.entries + new)
    _put_row(transaction, instance_id, fact.list_number, held)
    put_facts(transaction, instance_id, [replace(fact, version=fact.version + 1, entries=held.entries)])


def _put_row(transaction: WriteTransaction, instance_id: str, list_number: int, held: _Lists) -> None:
    transaction.execute(
        "put_dnc_list",
        instance_id=instance_id,
        list_number=list_number,
        edition=held.edition,
        last_import=held.last_import,
        entries=held.entries,
    )


def _put_entries(transaction: WriteTransaction, edition: int, number_keys: str, import_number: int) -> int:
    """Put these, a JSON array, into an edition; how many were not in it."""
    transaction.execute("put_dnc_edition", edition=edition, erased_before=_LEAST_KEY)
    return transaction.execute("put_dnc_entries", edition=edition, number_keys=number_keys, import_number=import_number)


def _insert_import(
    transaction: WriteTransaction, instance_id: str, list_number: int, origin: Origin, as_of: date | None, parts: int
) -> int:
    return transaction.number(
        "insert_dnc_import",
        instance_id=instance_id,
        list_number=list_number,
        source=origin.source,
        reason=origin.reason,
        at=origin.at,
        as_of=None if as_of is None else as_of.isoformat(),
        parts=parts,
    )


def _replacing(transaction: WriteTransaction, instance_id: str, held: _Lists) -> Iterator[Row]:
    """The import that is to take the place of what is on the list, if there is one and it has not yet."""
    if held.last_import is not None:
        row = transaction.row("dnc_import", instance_id=instance_id, import_number=held.last_import)
        if row is not None and row.edition != held.edition:
            yield row


def _count_import(transaction: WriteTransaction, row: Row, new: int) -> None:
    transaction.execute(
        "set_dnc_import",
        import_number=row.import_number,
        edition=row.edition,
        placed=row.placed,
        entries=max(0, whole(row.entries) + new),
    )


def origin_of(row: Row) -> Origin:
    """Where an entry comes from, as far as it can be read."""
    return Origin(readable(row.source), readable(row.reason), whole(row.at))
