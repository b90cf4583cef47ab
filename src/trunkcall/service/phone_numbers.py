"""Use cases about an instance's numbers: search, claim, import, describe, list, release.

Decides which numbers can be claimed: with a simulated carrier those that are kept for fiction, with any other none, for
the numbers of one's own trunks are imported. It must not know who shows them, nor the wire's names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import phonenumbers

from trunkcall.domain.directory import CentreUse, Directory, Fact, FactRemoved
from trunkcall.domain.errors import ConflictError, InUseError, InvalidInputError, NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.identifiers import ResourceKind, built_in_id
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.service.centre import Centre, PageOf, Position, page_of
from trunkcall.service.fictional_numbers import DID, TOLL_FREE, fiction_of, fictional_numbers
from trunkcall.service.numbers import NotDialableError, to_e164
from trunkcall.storage.ports.directory import FactOwners, InstanceList

MAX_OFFERED = 500
"""By one search. Whoever wants others says how they begin."""
_NOT_OFFERED = (
    "Only with a simulated carrier are there numbers to claim. Those of your own trunks come by "
    "`trunkcall numbers import`."
)


class NumberStore(InstanceList, FactOwners, Protocol):
    """Where numbers are found whose instance is not said."""


@dataclass(frozen=True, slots=True)
class ToldNumber:
    """A number, its country (ISO 3166-1 alpha-2, empty if it has none), and whose it is."""

    number: PhoneNumber
    country_code: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class AvailableNumber:
    """A number that can be claimed, E.164."""

    phone_number: str
    country_code: str
    number_type: str


@dataclass(frozen=True, slots=True)
class ImportedNumbers:
    """What became of numbers that were to be imported: those that the instance has since, and those it had before."""

    new: Sequence[PhoneNumber]
    known: Sequence[PhoneNumber]


class PhoneNumbers:
    """Use cases about numbers. ``offers_fiction`` is whether numbers that are kept for fiction can be claimed. One
    process claims numbers in a store: two instances cannot get the same one, because they are claimed one by one."""

    def __init__(self, centre: Centre, store: NumberStore, *, offers_fiction: bool) -> None:
        self._centre = centre
        self._store = store
        self._offers_fiction = offers_fiction
        self._claiming = asyncio.Lock()

    async def search_available_phone_numbers(
        self,
        instance: str,
        *,
        country_code: str,
        number_type: str,
        prefix: str = "",
        after: Position | None = None,
        limit: int,
    ) -> PageOf[AvailableNumber]:
        """Numbers that can be claimed, in order, up to ``MAX_OFFERED`` over all pages; the same ones until they are
        claimed. Raises NotFoundError, InvalidInputError if none can be."""
        await self._centre.directory(instance)
        self._check_offered()
        claimed = {told.number.phone_number for told in await self._all()}
        before, last = after if after is not None else (0, "")
        numbers = fictional_numbers(country_code, number_type, _e164_prefix(prefix), last)
        available = (number for number in numbers if number not in claimed)
        offered = list(islice(available, min(limit, MAX_OFFERED - before)))
        total = before + len(offered)
        goes_on = total < MAX_OFFERED and next(available, None) is not None
        items = [AvailableNumber(number, country_code, number_type) for number in offered]
        return PageOf(items, (total, offered[-1]) if goes_on else None, total)

    async def claim_phone_number(
        self,
        instance: str,
        phone_number: str,
        *,
        description: str = "",
        tags: Mapping[str, str] | None = None,
        client_token: str | None = None,
    ) -> PhoneNumber:
        """Claim a number for the instance. Repeated with the same token it returns the number that was claimed first;
        with another number it raises ConflictError. Raises NotFoundError for a number that cannot be claimed, or by no
        one any more, InvalidInputError if none can be."""
        self._check_offered()
        async with self._claiming:
            directory = await self._centre.directory(instance)
            number_id = (
                built_in_id(directory.instance.instance_id, ResourceKind.PHONE_NUMBER, client_token)
                if client_token
                else self._centre.new_id()
            )
            known = directory.phone_numbers.get(number_id)
            if known is not None:
                if known.phone_number != phone_number:
                    raise ConflictError("Another number was claimed with this client token.")
                return known
            kept = fiction_of(phone_number)
            if kept is None or any(told.number.phone_number == phone_number for told in await self._all()):
                raise NotFoundError("This number is not available. Search for one that is.")
            country_code, number_type = kept
            number = PhoneNumber(number_id, phone_number, country_code, number_type, description, dict(tags or {}))
            await self._centre.change(instance, lambda _, __: [number])
            return number

    async def import_phone_numbers(self, instance: str, written: Sequence[str]) -> ImportedNumbers:
        """Have the instance own these numbers of its trunks, which it may then show. Raises NotFoundError,
        InvalidInputError if one cannot be dialed, or another instance has it; then none is imported."""
        numbers = list(dict.fromkeys(_importable(number, place) for place, number in enumerate(written, start=1)))
        async with self._claiming:
            instance_id = (await self._centre.directory(instance)).instance.instance_id
            elsewhere = {told.number.phone_number for told in await self._all() if told.instance_id != instance_id}
            if not elsewhere.isdisjoint(numbers):
                raise InvalidInputError("Another instance has one of these numbers.")
            ids = {number: self._centre.new_id() for number in numbers}

            def decide(directory: Directory, _: CentreUse) -> list[Fact]:
                return [
                    PhoneNumber(ids[number], number, country_of(number), _type_of(number))
                    for number in numbers
                    if not directory.has_number(number)
                ]

            after = await self._centre.change(instance, decide)
        there = {number.phone_number: number for number in after.phone_numbers.values()}
        imported = [there[number] for number in numbers]
        return ImportedNumbers(
            new=[each for each in imported if each.phone_number_id == ids[each.phone_number]],
            known=[each for each in imported if each.phone_number_id != ids[each.phone_number]],
        )

    async def describe_phone_number(self, number: str) -> ToldNumber:
        """The number, of whichever instance. Raises NotFoundError."""
        directory, found = await self._found(number)
        return _told(directory, found)

    async def list_phone_numbers(
        self,
        instance: str | None = None,
        *,
        country_codes: Collection[str] = (),
        number_types: Collection[str] = (),
        prefix: str = "",
        after: Position | None = None,
        limit: int,
    ) -> PageOf[ToldNumber]:
        """Numbers of the instance, or of all, in the order in which they were claimed, as far as they are of these
        countries and types, or any, and begin so. Raises NotFoundError."""
        numbers = await self._all() if instance is None else _all_told(await self._centre.directory(instance))
        found = [
            told
            for told in numbers
            if (not country_codes or told.country_code in country_codes)
            and (not number_types or told.number.number_type in number_types)
            and told.number.phone_number.startswith(_e164_prefix(prefix))
        ]
        return page_of(found, lambda told: told.number.phone_number_id, after, limit)

    async def release_phone_number(self, number: str) -> None:
        """Give the number back. Raises NotFoundError, InUseError while a queue or a campaign shows it."""
        directory, found = await self._found(number)

        def decide(directory: Directory, use: CentreUse) -> list[FactRemoved]:
            there = self._centre.one(
                directory, ResourceKind.PHONE_NUMBER, directory.phone_numbers, found.phone_number_id
            )
            for queue in directory.queues.values():
                if directory.outbound_caller_id_of(queue) == there.phone_number:
                    raise InUseError(
                        f"The queue {queue.queue_id} shows the number. Have all such queues show another one first."
                    )
            if there.phone_number in use.phone_numbers:
                raise InUseError("A campaign shows the number. Have all such campaigns show another one first.")
            return [self._centre.removal(directory, FactKind.PHONE_NUMBER, there.phone_number_id)]

        await self._centre.change(directory.instance.instance_id, decide)

    def _check_offered(self) -> None:
        if not self._offers_fiction:
            raise InvalidInputError(_NOT_OFFERED)

    async def _found(self, number: str) -> tuple[Directory, PhoneNumber]:
        number_id = self._centre.scope.resource_id("", ResourceKind.PHONE_NUMBER, number)
        instance_id = await self._store.find_instance_of(FactKind.PHONE_NUMBER, number_id) if number_id else None
        if instance_id is None or number_id is None:
            raise NotFoundError("No phone number with this id exists.")
        directory = await self._centre.directory(instance_id)
        return directory, self._centre.one(directory, ResourceKind.PHONE_NUMBER, directory.phone_numbers, number_id)

    async def _all(self) -> list[ToldNumber]:
        """The numbers of every instance, those of the oldest first."""
        directories = [await self._centre.directory(each.instance_id) for each in await self._store.instances()]
        return [told for directory in directories for told in _all_told(directory)]


def country_of(phone_number: str) -> str:
    """The country of a number in E.164 (ISO 3166-1 alpha-2), empty if it is of none or of several."""
    kept = fiction_of(phone_number)
    if kept is not None:
        return kept[0]
    return phonenumbers.region_code_for_number(phonenumbers.parse(phone_number)) or ""


def _type_of(phone_number: str) -> str:
    is_free = phonenumbers.number_type(phonenumbers.parse(phone_number)) == phonenumbers.PhoneNumberType.TOLL_FREE
    return TOLL_FREE if is_free else DID


def _importable(written: str, place: int) -> str:
    try:
        return to_e164(written)
    except NotDialableError:
        raise InvalidInputError(f"Number {place} of these cannot be dialed.") from None


def _e164_prefix(prefix: str) -> str:
    """The plus of a prefix may be left out."""
    return prefix if not prefix or prefix.startswith("+") else f"+{prefix}"


def _told(directory: Directory, number: PhoneNumber) -> ToldNumber:
    country = number.country_code or country_of(number.phone_number)
    return ToldNumber(number, country, directory.instance.instance_id)


def _all_told(directory: Directory) -> list[ToldNumber]:
    return [_told(directory, number) for number in directory.phone_numbers.values()]
