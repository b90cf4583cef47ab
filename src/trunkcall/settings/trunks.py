"""The tables ``[[trunks]]`` of the TOML file: one for each trunk of the default instance.

Decides their keys, defaults, ranges and help texts. It must not know what a trunk is used for, nor which numbers there
are: whether one can be a number at all is told where it is made the instance's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from trunkcall.domain.errors import SettingsError
from trunkcall.domain.trunk import MIN_ATTEMPTS_PER_S, NumberFormat, Trunk
from trunkcall.settings.setting import Setting, Value, one_of, within, zero_or_within
from trunkcall.settings.sip import SIP, SipTrunk, read_sip
from trunkcall.settings.tables import check_keys, tables_of, values_of

TRUNKS = "trunks"
"""The name of the tables."""
CALLER_NUMBERS = "caller_numbers"
REGIONS = "regions"


@dataclass(frozen=True, slots=True)
class TrunkTable:
    """One table. Of the simulated carrier: its switch fails after so many seconds of instance time, and is back after
    so many; again and again. None: it does not fail, or does not come back. Of a real one: how Asterisk reaches it;
    None: somebody else sees to that."""

    trunk: Trunk
    fails_after_s: float | None = None
    fails_for_s: float | None = None
    sip: SipTrunk | None = None


def _named(pattern: str, what: str) -> Callable[[Value], str | None]:
    def check(value: Value) -> str | None:
        return None if re.fullmatch(pattern, str(value)) is not None else f"must be {what}"

    return check


def _host(value: Value) -> str | None:
    # It would leave the server at another address than the one that is meant, without a word.
    if value == "0.0.0.0":  # noqa: S104 - nobody binds to it
        listens = f"is where a server listens: that setting stands above the first [[{TRUNKS}]]"
        return f"{listens}. Here it must be the name of a switch"
    return _SWITCH(value)


_ANY = Trunk("any")
_ID = _named(r"[a-z0-9-]{1,64}", "the name of a trunk: 1 to 64 small letters, digits and hyphens")
_SWITCH = _named(r"[a-z0-9.-]{1,253}", "the name of a switch: small letters, digits, dots and hyphens")
_COUNTRY = _named(r"([A-Z]{2})?", "a country by the two capital letters of ISO 3166-1, such as US")
_SECONDS = zero_or_within(1, 31_536_000)

TRUNK_KEYS: tuple[Setting, ...] = (
    Setting("trunk_id", str, "", "Its name, which records and metrics show: small letters, digits and hyphens.", _ID),
    Setting("host", str, _ANY.host, "The switch that it is on. A switch fails with all trunks that are on it.", _host),
    Setting(
        "channels",
        int,
        _ANY.channels,
        "How many lines it has, for customers and for agents who are called by number.",
        within(1, 1_000_000),
    ),
    Setting(
        "attempts_per_s",
        float,
        _ANY.attempts_per_s,
        "Most attempts per second of instance time, with a burst of one second's.",
        within(MIN_ATTEMPTS_PER_S, 100_000),
    ),
    Setting(
        "number_format",
        str,
        _ANY.number_format.value,
        "How it wants the numbers that are dialed: `e164`: with + and calling code; `digits`: the same without +; "
        "`national`: as one dials within its `country`, ten digits in North America, with the 0 of Britain or Germany, "
        "other countries after 011 or 00.",
        one_of(*NumberFormat),
    ),
    Setting(
        "country",
        str,
        _ANY.country,
        "The country that it dials in, ISO 3166-1: its emergency numbers are not dialed. Needed unless `number_format` "
        "is `e164`.",
        _COUNTRY,
    ),
    Setting(
        "fails_after_s", float, 0.0, "Simulated carrier only: its switch fails after so long; 0: it does not.", _SECONDS
    ),
    Setting(
        "fails_for_s",
        float,
        0.0,
        "Simulated carrier only: it is back after so long, and fails again; 0: never.",
        _SECONDS,
    ),
)
"""The keys of a table that hold one value. ``caller_numbers`` and ``regions`` hold lists besides, ``sip`` a table."""
CALLER_NUMBERS_HELP = "A list of numbers, E.164, that it may present; default: any of the instance's."
REGIONS_HELP = (
    "A list of the regions, ISO 3166-1, whose numbers may be dialed on it. Without any it dials nothing under a "
    "calling policy that has destinations."
)


def read_trunks(given: Any, file: str, settings: Collection[str]) -> tuple[TrunkTable, ...]:
    """The trunks that a file names, in its order; none if it names none. ``settings`` are the names of those that stand
    above the tables. Raises SettingsError that says which table, which key and what would be right."""
    found: dict[str, TrunkTable] = {}
    for place, table in tables_of(given, TRUNKS, file):
        read = _read(table, place, settings)
        if read.trunk.trunk_id in found:
            raise SettingsError(f"trunk_id of {place} is another trunk's already. Give each trunk a name of its own.")
        found[read.trunk.trunk_id] = read
    _check_hosts(found.values(), file)
    return tuple(found.values())


def _read(table: dict[str, Any], place: str, settings: Collection[str]) -> TrunkTable:
    known = [*(key.name for key in TRUNK_KEYS), CALLER_NUMBERS, REGIONS, SIP]
    check_keys(table, known, place, TRUNKS, settings)
    if "trunk_id" not in table:
        raise SettingsError(f"{place} has no trunk_id. Name the trunk: small letters, digits and hyphens.")
    values = values_of(table, TRUNK_KEYS, place)
    fails_after_s, fails_for_s = values.pop("fails_after_s") or None, values.pop("fails_for_s") or None
    if fails_for_s is not None and fails_after_s is None:
        raise SettingsError(f"fails_for_s of {place} needs fails_after_s: after how long its switch fails.")
    number_format = NumberFormat(values.pop("number_format"))
    if number_format is not NumberFormat.E164 and not values["country"]:
        raise SettingsError(f"number_format of {place} needs country: where those digits are dialed.")
    numbers = _texts(table, CALLER_NUMBERS, place, 'numbers in E.164, such as ["+12025550100"]')
    regions = _texts(table, REGIONS, place, 'regions, such as ["US", "CA"]')
    if not all(re.fullmatch(r"[A-Z]{2}", region) for region in regions):
        raise SettingsError(f"{REGIONS} of {place} must be of ISO 3166-1, two capital letters each.")
    trunk = Trunk(**values, caller_numbers=numbers, number_format=number_format, regions=regions)
    return TrunkTable(trunk, fails_after_s, fails_for_s, read_sip(table.get(SIP), place))


def _texts(table: dict[str, Any], key: str, place: str, what: str) -> tuple[str, ...]:
    given = table.get(key, [])
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return tuple(dict.fromkeys(given))
    raise SettingsError(f"{key} of {place} must be a list of {what}.")


def _check_hosts(tables: Iterable[TrunkTable], file: str) -> None:
    """A switch fails with all its trunks, so whatever they say of that is the same."""
    failures: dict[str, tuple[float | None, float | None]] = {}
    for table in tables:
        if table.fails_after_s is not None:
            says = table.fails_after_s, table.fails_for_s
            if failures.setdefault(table.trunk.host, says) != says:
                raise SettingsError(
                    f"The trunks on the host {table.trunk.host} in {file} do not agree when it fails. Say "
                    "fails_after_s and fails_for_s at one of them, or the same at each."
                )
