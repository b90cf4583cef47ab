"""Use cases about hours of operation and their overrides: create, describe, list, change, delete; and which are in
effect on a date.

Decides which hours and dates there can be, and when hours may go. It must not know what follows from being closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from trunkcall.domain.calling_hours import shown_at
from trunkcall.domain.directory import CentreUse, Directory, Fact, FactRemoved
from trunkcall.domain.errors import ConflictError, InUseError, InvalidInputError, NotFoundError, QuotaExceededError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.fields import Field
from trunkcall.domain.hours_of_operation import Day, HoursOfOperation, HoursOverride, OpenHours
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.instants import Instant
from trunkcall.domain.time_zones import time_zones
from trunkcall.service.centre import Centre, PageOf, Position, page_of

MAX_OVERRIDES: Final = 50
"""Of one hours of operation, as in Amazon Connect."""
MAX_DATES: Final = 366
"""Days whose hours may be asked for at once."""

_DAYS = tuple(Day)


@dataclass(frozen=True, slots=True)
class EffectiveHours:
    """When it is open on one date, and which of its overrides say so: none if the ordinary week does."""

    day: date
    config: tuple[OpenHours, ...]
    overrides: tuple[HoursOverride, ...]

    @property
    def weekday(self) -> Day:
        return _DAYS[self.day.weekday()]


class Hours:
    """Hours of operation of instances."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    async def create_hours_of_operation(
        self,
        instance: str,
        *,
        name: str,
        time_zone: str,
        config: Sequence[OpenHours],
        description: str,
        tags: Mapping[str, str],
    ) -> HoursOfOperation:
        """Create hours. Raises NotFoundError without the instance, ConflictError if the name is taken,
        InvalidInputError for a time zone that does not exist."""
        _check_time_zone(time_zone)
        hours = HoursOfOperation(
            self._centre.new_id(), name, time_zone, tuple(config), description=description, tags=dict(tags)
        )
        await self._centre.change(instance, lambda *_: [hours])
        return hours

    async def describe_hours_of_operation(self, instance: str, hours: str) -> HoursOfOperation:
        """The hours. Raises NotFoundError."""
        return self._find(await self._centre.directory(instance), hours)

    async def list_hours_of_operations(
        self, instance: str, *, after: Position | None = None, limit: int
    ) -> PageOf[HoursOfOperation]:
        """All hours of the instance in the order of creation. Raises NotFoundError."""
        listed = tuple((await self._centre.directory(instance)).hours_of_operation.values())
        return page_of(listed, lambda hours: hours.hours_of_operation_id, after, limit)

    async def update_hours_of_operation(
        self,
        instance: str,
        hours: str,
        *,
        name: str | None = None,
        description: str | None = None,
        time_zone: str | None = None,
        config: Sequence[OpenHours] | None = None,
    ) -> None:
        """Change what is given and leave the rest. Raises what ``create_hours_of_operation`` does."""
        if time_zone is not None:
            _check_time_zone(time_zone)
        await self._edit(
            instance,
            hours,
            lambda found: replace(
                found,
                name=name if name is not None else found.name,
                description=description if description is not None else found.description,
                time_zone=time_zone if time_zone is not None else found.time_zone,
                config=tuple(config) if config is not None else found.config,
            ),
        )

    async def delete_hours_of_operation(self, instance: str, hours: str) -> None:
        """Delete the hours with their overrides. Raises NotFoundError, InUseError while a queue has them."""

        def decide(directory: Directory, use: CentreUse) -> Sequence[FactRemoved]:
            hours_id = self._find(directory, hours).hours_of_operation_id
            queues = [queue for queue in directory.queues.values() if queue.hours_of_operation_id == hours_id]
            if queues:
                raise InUseError(f"The queue {queues[0].queue_id} has these hours of operation. Give it others first.")
            return [self._centre.removal(directory, FactKind.HOURS_OF_OPERATION, hours_id)]

        await self._centre.change(instance, decide)

    # --- overrides ----------------------------------------------------------------------------------------------------

    async def create_hours_of_operation_override(
        self,
        instance: str,
        hours: str,
        *,
        name: str,
        description: str,
        config: Sequence[OpenHours],
        effective_from: str,
        effective_till: str,
    ) -> HoursOverride:
        """Create an override of the hours. Raises NotFoundError, ConflictError if another of theirs has the name,
        InvalidInputError for dates that do not exist or end before they begin, QuotaExceededError if there are as many
        as may be."""
        override = HoursOverride(
            self._centre.new_id(), name, description, tuple(config), effective_from, effective_till
        )
        _check_dates(override)

        def edit(found: HoursOfOperation) -> HoursOfOperation:
            if len(found.overrides) >= MAX_OVERRIDES:
                raise QuotaExceededError(f"Hours of operation can have {MAX_OVERRIDES} overrides at most.")
            return replace(found, overrides=(*found.overrides, override))

        await self._edit(instance, hours, edit)
        return override

    async def describe_hours_of_operation_override(
        self, instance: str, hours: str, override_id: str
    ) -> tuple[HoursOfOperation, HoursOverride]:
        """The override, and the hours that it is of. Raises NotFoundError."""
        found = await self.describe_hours_of_operation(instance, hours)
        return found, _override(found, override_id)

    async def list_hours_of_operation_overrides(
        self, instance: str, hours: str, *, after: Position | None = None, limit: int
    ) -> tuple[HoursOfOperation, PageOf[HoursOverride]]:
        """The hours, and their overrides in the order of creation. Raises NotFoundError."""
        found = await self.describe_hours_of_operation(instance, hours)
        return found, page_of(found.overrides, lambda override: override.override_id, after, limit)

    async def update_hours_of_operation_override(
        self,
        instance: str,
        hours: str,
        override_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        config: Sequence[OpenHours] | None = None,
        effective_from: str | None = None,
        effective_till: str | None = None,
    ) -> None:
        """Change what is given and leave the rest. Raises what ``create_hours_of_operation_override`` does."""

        def edit(found: HoursOfOperation) -> HoursOfOperation:
            before = _override(found, override_id)
            changed = replace(
                before,
                name=name if name is not None else before.name,
                description=description if description is not None else before.description,
                config=tuple(config) if config is not None else before.config,
                effective_from=effective_from if effective_from is not None else before.effective_from,
                effective_till=effective_till if effective_till is not None else before.effective_till,
            )
            _check_dates(changed)
            return replace(found, overrides=tuple(changed if each is before else each for each in found.overrides))

        await self._edit(instance, hours, edit)

    async def delete_hours_of_operation_override(self, instance: str, hours: str, override_id: str) -> None:
        """Delete the override. Raises NotFoundError."""

        def edit(found: HoursOfOperation) -> HoursOfOperation:
            gone = _override(found, override_id)
            return replace(found, overrides=tuple(each for each in found.overrides if each is not gone))

        await self._edit(instance, hours, edit)

    async def get_effective_hours_of_operations(
        self, instance: str, hours: str, *, first: str, last: str
    ) -> tuple[HoursOfOperation, Sequence[EffectiveHours]]:
        """The hours, and when they are open on each date from the first to the last. Raises NotFoundError,
        InvalidInputError for dates that do not exist, are in the wrong order or too many."""
        found = await self.describe_hours_of_operation(instance, hours)
        begin, end = _date(first, Field.FIRST_DATE), _date(last, Field.LAST_DATE)
        if not begin <= end or (end - begin).days >= MAX_DATES:
            raise InvalidInputError(
                f"{{}} must be {{}} or one of the {MAX_DATES - 1} days after it.", Field.LAST_DATE, Field.FIRST_DATE
            )
        days = (begin + timedelta(days=number) for number in range((end - begin).days + 1))
        return found, [effective_hours(found, day) for day in days]

    async def _edit(self, instance: str, hours: str, edit: Callable[[HoursOfOperation], HoursOfOperation]) -> None:
        def decide(directory: Directory, use: CentreUse) -> Sequence[Fact]:
            changed = edit(self._find(directory, hours))
            names = {override.name for override in changed.overrides}
            if len(names) < len(changed.overrides):
                raise ConflictError("Another override of these hours of operation has this name.")
            return [changed]

        await self._centre.change(instance, decide)

    def _find(self, directory: Directory, hours: str) -> HoursOfOperation:
        return self._centre.one(directory, ResourceKind.HOURS_OF_OPERATION, directory.hours_of_operation, hours)


def effective_hours(hours: HoursOfOperation, day: date) -> EffectiveHours:
    """When it is open on a date: as the overrides say that are in effect then, all of them together, else as in an
    ordinary week. Hours that end on the next day count for the day on which they begin."""
    written, weekday = day.isoformat(), _DAYS[day.weekday()]
    overrides = tuple(each for each in hours.overrides if each.effective_from <= written <= each.effective_till)
    configs = [override.config for override in overrides] or [hours.config]
    config = tuple(each for config in configs for each in config if each.day is weekday)
    return EffectiveHours(day, config, overrides)


def is_open(hours: HoursOfOperation, at: Instant) -> bool | None:
    """Whether it is open at an instant, by the clocks of its time zone; None if this machine has no such zone."""
    shown = shown_at(hours.time_zone, at)
    if shown is None:
        return None
    minute, today = shown.hour * 60 + shown.minute, shown.date()
    for each in effective_hours(hours, today).config:
        if each.start_minute <= minute and (minute < each.end_minute or _is_overnight(each)):
            return True
    yesterday = effective_hours(hours, today - timedelta(days=1)).config
    return any(minute < each.end_minute and _is_overnight(each) for each in yesterday)


def _is_overnight(hours: OpenHours) -> bool:
    return hours.end_minute <= hours.start_minute


def _override(hours: HoursOfOperation, override_id: str) -> HoursOverride:
    found = next((each for each in hours.overrides if each.override_id == override_id), None)
    if found is None:
        raise NotFoundError("These hours of operation have no override with this id.")
    return found


def _check_time_zone(time_zone: str) -> None:
    if time_zone not in time_zones():
        raise InvalidInputError(
            "There is no such time zone. Time zones have names such as Europe/Berlin and America/New_York."
        )


def _check_dates(override: HoursOverride) -> None:
    begin = _date(override.effective_from, Field.EFFECTIVE_FROM)
    if _date(override.effective_till, Field.EFFECTIVE_TILL) < begin:
        raise InvalidInputError("{} must not be before {}.", Field.EFFECTIVE_TILL, Field.EFFECTIVE_FROM)


def _date(written: str, field: Field) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise InvalidInputError("{} must be a date of the calendar, written as 2026-12-24.", field) from None
