"""Do-not-call lists as an instance has them: whom they bind, and whether they can be gone by.

Decides what is known of a list, but for the numbers on it, and when it is too old. It must not know how numbers are
kept or looked up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import ClassVar, Final

from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import DAY, Instant

OPT_OUTS: Final = "opt-outs"
"""The list of those who have asked the instance itself not to be called. It is made when it is first needed."""
REGISTRY_MAX_AGE_DAYS: Final = 31
"""16 CFR 310.4(b)(3)(iv): a registry's file is to be no older than 31 days on the day of the call."""
_EPOCH: Final = date(1970, 1, 1)


class ListKind(StrEnum):
    """Where the numbers of a list come from."""

    OPT_OUTS = "opt_outs"
    """People who asked not to be called. Numbers are added for good, and none goes because a file lacks it."""
    REGISTRY = "registry"
    """The file of a registry: each is as of a date, and may take the place of the last one."""


class ListTrouble(StrEnum):
    """Why a list cannot be gone by. Nobody is dialed whom it might bind."""

    TOO_OLD = "too_old"
    """Its file is older than it may be."""
    FROM_THE_FUTURE = "from_the_future"
    """Its file has a date that has yet to come: nobody knows how old it is."""
    NEVER_FILLED = "never_filled"
    """It is a registry's without a file or its date, or the first import into it has not ended."""
    OTHER_KEY = "other_key"
    """What stands for numbers on it was made with another key than the one that there is: nobody on it would be
    known."""
    DAMAGED = "damaged"
    """The disk has changed what is known of it, or has lost what was on it."""


@dataclass(frozen=True, slots=True)
class DoNotCallList:
    """A list of numbers that are not to be dialed. Each has a number of its own in the instance, from 1."""

    kind: ClassVar[FactKind] = FactKind.DO_NOT_CALL_LIST

    list_number: int
    name: str
    """1 to 64 small letters, digits and hyphens."""
    list_kind: ListKind | None = ListKind.OPT_OUTS
    """None where the disk has damaged what is known of the list, or has lost what was on it."""
    campaign_ids: tuple[str, ...] = ()
    """Whom it binds; empty: every campaign of the instance."""
    max_age_days: int | None = None
    """How many days after ``as_of`` it may be gone by; None: for ever."""
    as_of: date | None = None
    """Of the registry's file."""
    version: int = 0
    """Grows with each change of the numbers on it; 0: there was none yet."""
    entries: int = 0
    """How many numbers are on it."""
    filling: bool = False
    """Whether an import has begun since which none has ended."""
    description: str = ""
    edit_number: int = 0
    """Counts, over all lists of the instance, each that was made, deleted, or bound other campaigns."""
    deleted_at: Instant | None = None
    """It binds nobody since then, and its name is free. What is known of it stays, for records that name it."""
    deleted_by: str = ""
    """The access key."""
    key_mark: int | None = None
    """Tells the key that what is on it was made with from any other; None: nobody has noted it."""

    @property
    def fact_id(self) -> str:
        return str(self.list_number)

    @property
    def _is_damaged(self) -> bool:
        return self.list_kind is None or self.list_number < 1

    def binds(self, campaign_id: str) -> bool:
        """Whether the campaign may not dial who is on it."""
        if self._is_damaged:
            return True
        return self.deleted_at is None and (not self.campaign_ids or campaign_id in self.campaign_ids)

    def deleted(self, *, at: Instant, by: str, edit_number: int) -> DoNotCallList:
        """The list with nobody on it, for good, under a name that none can be given."""
        kind = self.list_kind or ListKind.OPT_OUTS
        name = f"{self.name}#{self.list_number}"
        left = replace(self, name=name, list_kind=kind, edit_number=edit_number, entries=0, filling=False)
        return replace(left, deleted_at=at, deleted_by=by)

    @property
    def good_until(self) -> Instant | None:
        """When it becomes too old, at the end of a day in UTC; None: never, or it has no date yet."""
        if self.max_age_days is None or self.as_of is None:
            return None
        return ((self.as_of - _EPOCH).days + self.max_age_days + 1) * DAY

    def is_of_key(self, key_mark: int | None) -> bool:
        """Whether who is on it can be known by the key of this mark, as far as anybody can tell."""
        return not self.entries or key_mark is None or self.key_mark in (None, key_mark)

    def trouble(self, now: Instant, key_mark: int | None = None) -> ListTrouble | None:
        """Why it cannot be gone by now, with the key of this mark; None if it can."""
        if self._is_damaged:
            return ListTrouble.DAMAGED
        if not self.is_of_key(key_mark):
            return ListTrouble.OTHER_KEY
        if self.version == 0 and (self.filling or self.list_kind is ListKind.REGISTRY):
            return ListTrouble.NEVER_FILLED
        if self.max_age_days is not None and self.as_of is None:
            return ListTrouble.NEVER_FILLED
        if self.max_age_days is not None and self.as_of is not None and (self.as_of - _EPOCH).days > now // DAY + 1:
            # By one day it may be ahead: somewhere that day has begun.
            return ListTrouble.FROM_THE_FUTURE
        good_until = self.good_until
        return ListTrouble.TOO_OLD if good_until is not None and now >= good_until else None


def last_edit(lists: Iterable[DoNotCallList]) -> int:
    """As of which making or change of an instance's lists it is known whom they bind; 0: there is none."""
    # Those that were never changed need not have a number of that.
    return max((max(each.edit_number, each.list_number) for each in lists), default=0)


@dataclass(frozen=True, slots=True)
class BindingLists:
    """The lists that bind a campaign, and those of them that cannot be gone by: while there are any, nobody is dialed
    for it."""

    numbers: tuple[int, ...] = ()
    versions: tuple[int, ...] = ()
    """The version of each."""
    unreadable: tuple[tuple[str, ListTrouble], ...] = ()
    """By name."""
    good_until: Instant | None = None
    """When the first of them becomes too old; None: none will."""


def binding_lists(
    lists: Iterable[DoNotCallList], campaign_id: str, now: Instant, key_mark: int | None = None
) -> BindingLists:
    """Which of an instance's lists bind a campaign, by their numbers, and what is wrong with them now."""
    binding = sorted((each for each in lists if each.binds(campaign_id)), key=lambda each: each.list_number)
    troubles = ((each.name, each.trouble(now, key_mark)) for each in binding)
    return BindingLists(
        tuple(each.list_number for each in binding),
        tuple(each.version for each in binding),
        tuple((name, trouble) for name, trouble in troubles if trouble is not None),
        min((each.good_until for each in binding if each.good_until is not None), default=None),
    )
