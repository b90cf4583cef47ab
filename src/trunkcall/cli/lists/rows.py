"""What the parts of a lead list hand to one another.

Decides nothing: rows as they stand in a file, and what a list makes of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from trunkcall.domain.errors import TrunkcallError


class LeadListError(TrunkcallError):
    """The lead list cannot be read."""


class WrongEncodingError(LeadListError):
    """The lead list is not in the encoding that it was read in."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands in its file. ``line`` is where it begins, from 1; in a workbook, the number of its row."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that cannot be taken apart. ``cells`` is a guess, for the file of rejected rows; ``column`` is where the
    reading failed, in characters from 1."""

    line: int
    column: int
    cells: Sequence[str]
    reason: str


RawRow: TypeAlias = Row | BrokenRow


@dataclass(frozen=True, slots=True)
class Lead:
    """A row that can be submitted. ``cells`` is the row as it stands, for the file of rejected rows; ``place`` says
    where that is."""

    cells: Sequence[str]
    place: str
    client_token: str
    phone_number: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be submitted."""

    cells: Sequence[str]
    reason: str
    """With line and column; without a value."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A row whose request the same list has already."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An exported contact that is not to be tried again."""

    reason: str


ListItem: TypeAlias = Lead | BadRow | Duplicate | PassedOver
