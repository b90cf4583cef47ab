"""What the columns of a list mean: which has the number, and by which key a flow finds each other one.

Decides by names first and by what is in the columns only where names say nothing; where several could be meant, nobody
is dialed. It must not know how a number is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from anyascii import anyascii

from trunkcall.cli.lists.phone_names import PHONE_NAMES, bare
from trunkcall.cli.lists.rows import LeadListError
from trunkcall.domain.errors import did_you_mean

IDENTITY_COLUMN = "client_token"
PHONE_COLUMN = "phone"
MAX_NAME = 60
"""Characters of a column's name that are shown in a reason."""
LOOKED_AT = 100
"""Rows whose cells are looked at where no name tells the number's column."""

_NOT_OF_A_KEY = re.compile(r"[^a-zA-Z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column is. ``keys`` has an attribute's key for each; None for what is no attribute."""

    names: Sequence[str]
    phone: int
    token: int | None
    keys: Sequence[str | None]
    notes: Sequence[str]
    """What was guessed or renamed, in sentences."""

    def label(self, at: int) -> str:
        """How a column is named in a reason."""
        name = "".join(character for character in self.names[at] if character.isprintable())
        name = name if len(name) <= MAX_NAME else name[:MAX_NAME] + "…"
        return f"column {at + 1}" if not name else f"column {at + 1} ({name})"


def read_columns(
    cells: Sequence[str],
    phone_column: str | None,
    ways: Sequence[Callable[[str], bool]],
    looks: Callable[[str], bool],
    rows: Callable[[], Sequence[Sequence[str]]],
) -> Columns:
    """What the columns of this header are. ``phone_column`` is the name that was given, if one was; ``ways`` say
    whether a cell can be dialed, the surest first, ``looks`` whether it is written like a number at all; ``rows`` has
    the first rows, and is asked only if names do not tell. Raises LeadListError."""
    names = [" ".join(unicodedata.normalize("NFC", cell).split()) for cell in cells]
    _refuse_repeated(names)
    notes: list[str] = []
    phone = _phone_column(names, phone_column, ways, looks, rows, notes)
    token = next((at for at, name in enumerate(names) if name.casefold() == IDENTITY_COLUMN), None)
    keys = _keys(names, {phone, token})
    for at, (name, key) in enumerate(zip(names, keys, strict=True)):
        if key is not None and key != name:
            what = f"The column {name!r}" if name else f"Column {at + 1}, which has no name,"
            notes.append(f"{what} becomes the attribute {key}.")
    return Columns(names, phone, token, keys, notes)


def _refuse_repeated(names: Sequence[str]) -> None:
    places: dict[str, list[int]] = {}
    special = (PHONE_COLUMN, IDENTITY_COLUMN)
    for at, name in enumerate(names, 1):
        if name:
            folded = name.casefold()
            places.setdefault(folded if folded in special else name, []).append(at)
    for name, where in places.items():
        if len(where) > 1:
            raise LeadListError(
                f"The list has the column {name!r} {len(where)} times: columns {', '.join(map(str, where))}. Rename or "
                "delete all but one: which of them is meant cannot be told."
            )


def _phone_column(
    names: Sequence[str],
    wanted: str | None,
    ways: Sequence[Callable[[str], bool]],
    looks: Callable[[str], bool],
    rows: Callable[[], Sequence[Sequence[str]]],
    notes: list[str],
) -> int:
    if wanted is not None:
        return _named(names, wanted)
    if PHONE_COLUMN in (folded := [name.casefold() for name in names]):
        return folded.index(PHONE_COLUMN)
    found = [at for at, name in enumerate(names) if bare(name) in PHONE_NAMES]
    why = "by its name"
    if len(found) != 1:
        first = rows()
        filled = {
            at: [row[at] for row in first if at < len(row) and row[at].strip()] for at in (found or range(len(names)))
        }
        # Of several that are called so, the one whose numbers are written best need not be the one that is meant.
        asked = [looks] if found else ways
        by_way = ([at for at, cells in filled.items() if _mostly(is_number, cells)] for is_number in asked)
        good = next(filter(None, by_way), None)
        if good is not None:
            found, why = good, "by what is in it"
    if not found:
        raise LeadListError(
            f"No column of the list is known to hold phone numbers. Name it with --phone-column. {_columns(names)}"
        )
    if len(found) > 1:
        candidates = ", ".join(_quoted(names, at) for at in found)
        raise LeadListError(
            f"Several columns of the list could hold the number to dial: {candidates}. Name one with --phone-column."
        )
    notes.append(f"The numbers are in {_quoted(names, found[0])}, {why}. --phone-column names another.")
    return found[0]


def _mostly(holds: Callable[[str], bool], cells: Sequence[str]) -> bool:
    return bool(cells) and sum(map(holds, cells)) * 5 >= len(cells) * 4


def _named(names: Sequence[str], wanted: str) -> int:
    for same in (str, str.casefold, bare):
        found = [at for at, name in enumerate(names) if same(name) == same(" ".join(wanted.split())) and name]
        if len(found) == 1:
            return found[0]
        if found:
            raise LeadListError(f"Several columns are called {wanted!r} but for case, accents and signs. Rename one.")
    meant = did_you_mean(wanted, [name for name in names if name])
    raise LeadListError(
        f"The list has no column {wanted!r}.{meant} {_columns(names)} Name the right one with --phone-column."
    )


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(_quoted(names, at) for at in range(len(names)) if names[at])
    return f"Its columns are: {shown or 'none'}."


def _quoted(names: Sequence[str], at: int) -> str:
    return repr(names[at]) if names[at] else f"column {at + 1}"


def _keys(names: Sequence[str], no_attributes: set[int | None]) -> list[str | None]:
    """A key of its own for each attribute, whatever the order of the columns. A name that may be a key is its own; of
    others that would get the same key the first by alphabet gets it, the next one ``_2`` behind it, and so on."""
    keys: list[str | None] = [None] * len(names)
    taken: set[str] = set()
    others: list[tuple[str, int]] = []
    for at, name in enumerate(names):
        if at in no_attributes:
            continue
        if name and not _NOT_OF_A_KEY.search(name):
            keys[at] = name
            taken.add(name)
        else:
            others.append((name, at))
    for name, at in sorted(others):
        base = _NOT_OF_A_KEY.sub("_", anyascii(name)) if name else f"column_{at + 1}"
        if not base.strip("_-"):
            base = "column"
        key, number = base, 1
        while key in taken:
            number += 1
            key = f"{base}_{number}"
        keys[at] = key
        taken.add(key)
    return keys
