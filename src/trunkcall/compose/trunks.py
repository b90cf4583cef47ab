"""The trunks that the settings name, as facts of the default instance.

Decides which trunks and numbers a start adds, changes and removes. It must not know who dials over them.
"""

from __future__ import annotations

from dataclasses import replace

from trunkcall.domain.directory import Directory
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.fields import Field
from trunkcall.domain.instants import Instant
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.trunk import Trunk
from trunkcall.service.calling.numbering import is_region
from trunkcall.service.numbers import NotDialableError, to_e164
from trunkcall.settings import Settings
from trunkcall.storage.store import Store


def default_trunk(settings: Settings) -> Trunk:
    """The trunk of an instance that has none of its own."""
    return Trunk("default", channels=settings.channels, attempts_per_s=settings.attempts_per_s)


def named_trunks(settings: Settings) -> tuple[Trunk, ...]:
    """The default instance's trunks, their numbers in E.164. Raises SettingsError."""
    trunks = tuple(_with_numbers(_in_countries(table.trunk)) for table in settings.trunks)
    return trunks or (default_trunk(settings),)


async def put_trunks(store: Store, directory: Directory, trunks: tuple[Trunk, ...], *, at: Instant) -> None:
    """Have the instance have these trunks and no others, and their numbers among its own."""
    instance_id = directory.instance.instance_id
    numbers = dict.fromkeys(number for trunk in trunks for number in trunk.caller_numbers)
    new = [PhoneNumber(number, number) for number in numbers if not directory.has_number(number)]
    await store.put_facts(instance_id, [*new, *trunks])
    gone = directory.trunks.keys() - {trunk.trunk_id for trunk in trunks}
    await store.remove_facts(instance_id, FactKind.TRUNK, gone, at=at)


def _in_countries(trunk: Trunk) -> Trunk:
    for key, countries in {"country": [trunk.country] if trunk.country else [], "regions": trunk.regions}.items():
        unknown = [country for country in countries if not is_region(country)]
        if unknown:
            raise SettingsError(
                f"{key} of the trunk {trunk.trunk_id} has {unknown[0]}, which has no telephone numbers."
            )
    return trunk


def _with_numbers(trunk: Trunk) -> Trunk:
    numbers = []
    for place, number in enumerate(trunk.caller_numbers, start=1):
        try:
            numbers.append(to_e164(number))
        except NotDialableError as error:
            which = f"Number {place} of caller_numbers of the trunk {trunk.trunk_id}"
            raise SettingsError(f"{error.worded({Field.PHONE_NUMBER: which})}.") from error
    return replace(trunk, caller_numbers=tuple(dict.fromkeys(numbers)))
