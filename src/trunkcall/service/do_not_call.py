"""Use cases about do-not-call lists: make, tell, change and delete them, put numbers on them and take them off, import
files.

Decides what a list may be called and be filled with, and that no text about an entry holds a number. It must not know
how numbers are kept, nor what a list has refused.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, TypeAlias

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.clock import NowOf, Sleep
from trunkcall.domain.directory import CentreUse, Directory, Fact
from trunkcall.domain.do_not_call import (
    OPT_OUTS,
    REGISTRY_MAX_AGE_DAYS,
    DoNotCallList,
    ListKind,
    ListTrouble,
    last_edit,
)
from trunkcall.domain.errors import ConflictError, InvalidInputError, NotFoundError, QuotaExceededError
from trunkcall.domain.instants import to_datetime
from trunkcall.service.calling.number_key import NumberKey, key_mark
from trunkcall.service.centre import Centre
from trunkcall.service.numbers import NotDialableError, to_e164
from trunkcall.service.remarks import check_remark
from trunkcall.service.wakeups import Wakeups
from trunkcall.storage.ports.do_not_call import ImportProgress, ListEntries, Origin

MAX_LISTS: Final = 50
"""Of one instance: every attempt is looked for on all that bind its campaign."""
MAX_TEXT: Final = 200
MAX_AGE_DAYS: Final = 3_660
KEYS_AT_ONCE: Final = 250
"""Some milliseconds of work."""
SWEEP_EVERY_S: Final = 60.0
SWEEP_PAUSE_S: Final = 0.01
"""Between two pieces, for others that want to write."""

CampaignOf: TypeAlias = Callable[[str], Awaitable[Campaign | None]]
"""The campaign of an id; None if there is none or it was deleted."""

_OUT_OF_DAMAGE: Final = "Restore a backup, or delete it and import its file again."

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class ToldList:
    """A list, and why it cannot be gone by now; None if it can."""

    of: DoNotCallList
    trouble: ListTrouble | None


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """On which list a number is, and where that comes from."""

    list_name: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class ChangedEntries:
    """How many numbers were put on a list or taken off, and how many were so already."""

    changed: int
    unchanged: int


class DoNotCall:
    """The do-not-call lists of instances."""

    def __init__(
        self,
        centre: Centre,
        entries: ListEntries,
        campaign_of: CampaignOf,
        number_key: NumberKey,
        now_of: NowOf,
        wakeups: Wakeups,
    ) -> None:
        self._centre = centre
        self._entries = entries
        self._campaign_of = campaign_of
        self._number_key = number_key
        self._key_mark = key_mark(number_key)
        self._now_of = now_of
        self._wakeups = wakeups

    # --- lists --------------------------------------------------------------------------------------------------------

    async def create_do_not_call_list(
        self,
        instance: str,
        name: str,
        kind: ListKind = ListKind.OPT_OUTS,
        *,
        campaign_ids: Sequence[str] = (),
        max_age_days: int | None = None,
    ) -> DoNotCallList:
        """Make a list that binds these campaigns, or all. A registry's may be gone by for 31 days after its date unless
        something else is said. Raises NotFoundError without the instance or one of the campaigns, ConflictError if
        there is one of the name, QuotaExceededError, InvalidInputError."""
        _check(name=name, kind=kind, max_age_days=max_age_days, campaign_ids=campaign_ids)
        if kind is ListKind.REGISTRY and max_age_days is None:
            max_age_days = REGISTRY_MAX_AGE_DAYS
        await self._require_campaigns(instance, campaign_ids)
        made: list[DoNotCallList] = []

        def decide(directory: Directory, use: CentreUse) -> Sequence[Fact]:
            _require_free(directory, name)
            new = _next_list(directory, name, kind, tuple(dict.fromkeys(campaign_ids)), max_age_days)
            made[:] = [replace(new, key_mark=self._key_mark)]
            return tuple(made)

        await self._centre.change(instance, decide)
        return made[0]

    async def list_do_not_call_lists(self, instance: str, *, deleted: bool = False) -> Sequence[ToldList]:
        """All lists of the instance, in the order of their numbers; or those that were deleted. Raises
        NotFoundError."""
        directory = await self._centre.directory(instance)
        now = self._now_of(directory.instance.instance_id)
        lists = sorted(directory.do_not_call_lists.values(), key=lambda each: each.list_number)
        told = (each for each in lists if (each.deleted_at is not None) == deleted)
        return [ToldList(each, each.trouble(now, self._key_mark)) for each in told]

    async def update_do_not_call_list(
        self,
        instance: str,
        list_name: str,
        *,
        name: str | None = None,
        description: str | None = None,
        max_age_days: int | None = None,
        campaign_ids: Sequence[str] | None = None,
    ) -> ToldList:
        """Change what is given of a list; with no campaigns it binds all. It counts for all attempts that are not begun
        yet. Raises NotFoundError without the list or one of the campaigns; ConflictError if another
        has the name, or the disk has damaged the list; InvalidInputError."""
        if all(each is None for each in (name, description, max_age_days, campaign_ids)):
            raise InvalidInputError("Say what is to be changed of the list.")
        if description:
            no_number = "it stays when the number is forgotten"
            check_remark(description, "description of a list", most=MAX_TEXT, no_number=no_number)
        await self._require_campaigns(instance, campaign_ids or ())
        changed: list[DoNotCallList] = []

        def decide(directory: Directory, use: CentreUse) -> Sequence[Fact]:
            before = _require(directory, list_name)
            if before.list_kind is None:
                raise ConflictError(f"The disk has damaged the do-not-call list {list_name}. {_OUT_OF_DAMAGE}")
            _check(
                name=name, kind=before.list_kind, max_age_days=max_age_days, campaign_ids=campaign_ids or (), of=before
            )
            if name is not None and name != before.name:
                _require_free(directory, name)
            binds = before.campaign_ids if campaign_ids is None else tuple(dict.fromkeys(campaign_ids))
            bound_alike = binds == before.campaign_ids and max_age_days in (None, before.max_age_days)
            after = replace(
                before,
                name=before.name if name is None else name,
                description=before.description if description is None else description,
                max_age_days=before.max_age_days if max_age_days is None else max_age_days,
                campaign_ids=binds,
                edit_number=before.edit_number if bound_alike else _next_edit(directory),
            )
            changed[:] = [after]
            return tuple(changed)

        directory = await self._centre.change(instance, decide)
        now = self._now_of(directory.instance.instance_id)
        return ToldList(changed[0], changed[0].trouble(now, self._key_mark))

    async def delete_do_not_call_list(self, instance: str, list_name: str, *, by: str) -> DoNotCallList:
        """Have a list bind nobody any more, and erase what is on it; what is known of it stays, with who deleted it and
        when. ``by`` is an access key. Raises NotFoundError, InvalidInputError for that of opt-outs, unless the disk has
        damaged it, or it was filled with another key."""
        instance_id, found = await self._found(instance, list_name)
        is_sound = found.list_kind is not None and found.is_of_key(self._key_mark)
        if found.name == OPT_OUTS and is_sound:
            raise InvalidInputError(
                f"The list {OPT_OUTS} is never deleted: it is of those who said themselves that they are not to be "
                "called. Take numbers off it one by one, if they may be called again."
            )
        deleted = await self._entries.delete_list(instance_id, found.list_number, at=self._now_of(instance_id), by=by)
        self._wakeups.campaigns_changed(instance_id)
        return deleted

    # --- entries ------------------------------------------------------------------------------------------------------

    async def add_do_not_call_entries(
        self, instance: str, written: Sequence[str], *, list_name: str = OPT_OUTS, source: str, reason: str = ""
    ) -> ChangedEntries:
        """Put numbers on a list; the list of opt-outs is made when it is first needed. Nobody of them is dialed from
        when this returns. Raises NotFoundError, ConflictError if the list was filled with another key,
        InvalidInputError if one is no number; then none is put on it."""
        keys = await self._keys(written)
        instance_id, found = await self._found(instance, list_name, make=True)
        await self._mark(instance, found)
        new = await self._entries.add_entries(
            instance_id, found.list_number, keys, self._origin(instance_id, source, reason)
        )
        self._wakeups.opted_out(instance_id, keys)
        return ChangedEntries(new, len(keys) - new)

    async def remove_do_not_call_entries(
        self, instance: str, written: Sequence[str], *, list_name: str = OPT_OUTS
    ) -> ChangedEntries:
        """Take numbers off a list: they may be dialed again. Raises NotFoundError, InvalidInputError if one is no
        number; then none is taken off."""
        keys = await self._keys(written)
        instance_id, found = await self._found(instance, list_name)
        gone = await self._entries.remove_entries(instance_id, found.list_number, keys)
        self._wakeups.campaigns_changed(instance_id)
        return ChangedEntries(gone, len(keys) - gone)

    async def get_do_not_call_entries(self, instance: str, written: str) -> Sequence[ShownEntry]:
        """On which lists the number is. Raises NotFoundError, InvalidInputError."""
        (key,) = await self._keys([written])
        directory = await self._centre.directory(instance)
        names = {each.list_number: each.name for each in directory.do_not_call_lists.values()}
        found = await self._entries.entries_of(directory.instance.instance_id, key)
        return [ShownEntry(names.get(entry.list_number, str(entry.list_number)), entry.origin) for entry in found]

    # --- imports ------------------------------------------------------------------------------------------------------

    async def begin_do_not_call_import(
        self,
        instance: str,
        list_name: str = OPT_OUTS,
        *,
        source: str,
        reason: str = "",
        as_of: date | None = None,
        replaces: bool = False,
    ) -> int:
        """Begin an import; its number. Another of the list that was not finished counts for nothing from then on.
        Raises NotFoundError, InvalidInputError: a registry's file needs its date, and nothing takes the place of those
        who opted out."""
        instance_id, found = await self._found(instance, list_name, make=True)
        if found.list_kind is not ListKind.REGISTRY and replaces:
            raise InvalidInputError(
                "Nobody who opted out goes from a list because a file lacks them. Add to it, or use a registry's list."
            )
        if found.max_age_days is not None and as_of is None:
            raise InvalidInputError("The file of a registry needs its date: what it is as of.")
        if as_of is not None and as_of > to_datetime(self._now_of(instance_id)).date() + timedelta(days=1):
            raise InvalidInputError("The date of a file cannot lie in the future.")
        await self._mark(instance, found)
        return await self._entries.begin_import(
            instance_id,
            found.list_number,
            self._origin(instance_id, source, reason),
            as_of=as_of,
            replaces=replaces,
        )

    async def append_do_not_call_import(self, instance: str, import_number: int, written: Sequence[str]) -> None:
        """Have these numbers be of the import. Raises NotFoundError, ConflictError if it is not the last that was begun
        of its list, or being finished; InvalidInputError if one is no number; then none is."""
        keys = await self._keys(written)
        instance_id = (await self._centre.directory(instance)).instance.instance_id
        await self._entries.append_to_import(instance_id, import_number, keys)

    async def finish_do_not_call_import(self, instance: str, import_number: int) -> ImportProgress:
        """Put the next part of the import on its list: to be asked until nothing is left. Raises NotFoundError,
        EmptyImportError, ConflictError if it is not the last that was begun of its list."""
        instance_id = (await self._centre.directory(instance)).instance.instance_id
        progress = await self._entries.finish_import(instance_id, import_number)
        self._wakeups.campaigns_changed(instance_id)
        return progress

    # ------------------------------------------------------------------------------------------------------------------

    async def _mark(self, instance: str, found: DoNotCallList) -> None:
        """Note by which key the list is filled. Raises ConflictError if it was filled with another: some on it would be
        known, and some not."""
        if not found.is_of_key(self._key_mark):
            raise ConflictError(
                f"The do-not-call list {found.name} was filled with another secret key. Put that secret.key back, or "
                "delete the list and import its file again."
            )
        if found.key_mark != self._key_mark:

            def decide(directory: Directory, use: CentreUse) -> Sequence[Fact]:
                return unmarked(directory, self._key_mark, {found.list_number})

            await self._centre.change(instance, decide)

    async def _require_campaigns(self, instance: str, campaign_ids: Sequence[str]) -> None:
        """Raises NotFoundError for one that there is not: a list for it would bind nobody."""
        instance_id = (await self._centre.directory(instance)).instance.instance_id
        for place, campaign_id in enumerate(campaign_ids, start=1):
            campaign = await self._campaign_of(campaign_id)
            if campaign is None or campaign.instance_id != instance_id:
                raise NotFoundError(
                    f"Campaign {place} of those that the list is to bind is none of this instance, so nothing was "
                    "changed. Name each by its id, or none, and the list binds them all."
                )

    async def _keys(self, written: Sequence[str]) -> list[int]:
        """The keys of all these numbers, made so that others get their turn meanwhile. Raises InvalidInputError."""
        keys: dict[int, None] = {}
        for place, each in enumerate(written, start=1):
            keys[self._number_key(_number(each, place))] = None
            if place % KEYS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return list(keys)

    def _origin(self, instance_id: str, source: str, reason: str) -> Origin:
        for name, text in (("source", source), ("reason", reason)):
            called = f"{name} of an entry"
            check_remark(text, called, most=MAX_TEXT, no_number="it stays when the number is forgotten")
        return Origin(source, reason, self._now_of(instance_id))

    async def _found(self, instance: str, list_name: str, *, make: bool = False) -> tuple[str, DoNotCallList]:
        """The id of the instance, and its list of this name; that of opt-outs can be made."""
        directory = await self._centre.directory(instance)
        found = _of_name(directory, list_name)
        if found is None and make and list_name == OPT_OUTS:

            def decide(directory: Directory, use: CentreUse) -> Sequence[Fact]:
                there = _of_name(directory, OPT_OUTS)
                new = _next_list(directory, OPT_OUTS, ListKind.OPT_OUTS, (), None)
                return () if there is not None else (replace(new, key_mark=self._key_mark),)

            directory = await self._centre.change(instance, decide)
            found = _of_name(directory, list_name)
        return directory.instance.instance_id, _require(directory, list_name) if found is None else found


async def keep_swept(entries: ListEntries, sleep: Sleep = asyncio.sleep) -> None:
    """Erase what is on no list any more, a piece at a time, until cancelled."""
    while True:
        while await entries.sweep_entries():
            await sleep(SWEEP_PAUSE_S)
        await sleep(SWEEP_EVERY_S)


def unmarked(directory: Directory, mark: int, numbers: Container[int] | None = None) -> Sequence[DoNotCallList]:
    """Of these lists, or all, those of which nobody has noted the key, or on which nothing is, with this mark."""
    return [
        replace(each, key_mark=mark)
        for each in directory.do_not_call_lists.values()
        if (numbers is None or each.list_number in numbers) and each.list_kind is not None and each.deleted_at is None
        if each.key_mark is None or (each.key_mark != mark and not each.entries)
    ]


def _of_name(directory: Directory, name: str) -> DoNotCallList | None:
    lists = directory.do_not_call_lists.values()
    return next((each for each in lists if each.name == name and each.deleted_at is None), None)


def _require(directory: Directory, name: str) -> DoNotCallList:
    found = _of_name(directory, name)
    if found is None:
        raise NotFoundError("The instance has no such do-not-call list.")
    return found


def _require_free(directory: Directory, name: str) -> None:
    if _of_name(directory, name) is not None:
        raise ConflictError(f"The instance has a do-not-call list {name} already.")


def _check(
    *,
    name: str | None,
    kind: ListKind,
    max_age_days: int | None,
    campaign_ids: Sequence[str] = (),
    of: DoNotCallList | None = None,
) -> None:
    """Raises InvalidInputError for what no list may be, or the one that there is."""
    if name is not None and _NAME.fullmatch(name) is None:
        raise InvalidInputError("The name of a list has 1 to 64 small letters, digits and hyphens between them.")
    if max_age_days is not None and not (kind is ListKind.REGISTRY and 1 <= max_age_days <= MAX_AGE_DAYS):
        raise InvalidInputError(f"The files of a registry may have an age of 1 to {MAX_AGE_DAYS} days.")
    is_now = of.name if of is not None else name
    becomes = name if name is not None else is_now
    if (is_now == OPT_OUTS) != (becomes == OPT_OUTS):
        raise InvalidInputError(f"The list {OPT_OUTS} has this name for good, and no other has it.")
    if becomes == OPT_OUTS and (campaign_ids or kind is not ListKind.OPT_OUTS):
        raise InvalidInputError(f"The list {OPT_OUTS} binds all campaigns, by what people said. Name yours otherwise.")


def _next_edit(directory: Directory) -> int:
    return last_edit(directory.do_not_call_lists.values()) + 1


def _next_list(
    directory: Directory, name: str, kind: ListKind, campaign_ids: tuple[str, ...], max_age_days: int | None
) -> DoNotCallList:
    lists = directory.do_not_call_lists.values()
    if sum(each.deleted_at is None for each in lists) >= MAX_LISTS:
        raise QuotaExceededError(f"An instance has at most {MAX_LISTS} do-not-call lists.")
    number = max((each.list_number for each in lists), default=0) + 1
    return DoNotCallList(number, name, kind, campaign_ids, max_age_days, edit_number=_next_edit(directory))


def _number(written: str, place: int) -> str:
    try:
        return to_e164(written)
    except NotDialableError:
        raise InvalidInputError(f"Number {place} of these is none that can be dialed.") from None
