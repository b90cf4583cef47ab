"""What a calling policy looks like in TOML.

Decides tables, keys, forms and ranges, and says of what is wrong where it stands and what would be right. It must not
know who writes a policy or what is made of it.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any, Final, TypeAlias, TypeVar

from phonenumbers import SUPPORTED_REGIONS

from trunkcall.domain.calling_rules import (
    HOME,
    Announcement,
    CallerIdChoice,
    CallerIds,
    CallingLimits,
    CallingRules,
    Destinations,
    HoursRule,
    Rate,
    Spending,
    Window,
)
from trunkcall.domain.clearance import RollingLimit
from trunkcall.domain.errors import InvalidInputError, did_you_mean
from trunkcall.domain.instants import DAY, HOUR, MINUTE, SECOND, Duration
from trunkcall.domain.time_zones import time_zones
from trunkcall.service.calling.toml_places import Path, Place, Places
from trunkcall.service.numbers import NotDialableError, to_e164

ANY: Final = "any"
"""The only one of ``regions`` where calls may go anywhere, which a simulated carrier alone may."""
MAX_BYTES: Final = 262_144
"""Of a policy, and of its rates each."""
MAX_SPOKEN: Final = 500
"""Characters of an announcement."""
MAX_ATTEMPTS: Final = 1_000_000_000
LONGEST: Final[Duration] = 366 * DAY
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SOME_DAYS: Final[Mapping[str, tuple[int, ...]]] = {
    "every_day": (0, 1, 2, 3, 4, 5, 6),
    "weekdays": (0, 1, 2, 3, 4),
    **{day: (number,) for number, day in enumerate(DAYS)},
}
"""In this order: a single day has the last word."""
_WINDOW: Final = re.compile(r"(\d\d?):(\d\d) *- *(\d\d?):(\d\d)")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?) *([smhd])")
_UNITS: Final = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_PREFIX: Final = re.compile(r"\+[1-9]\d{0,14}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a policy. ``place`` is None where it is not in the document: in the rates."""

    place: Place | None
    text: str

    def __str__(self) -> str:
        return self.text if self.place is None else f"{self.place}: {self.text}"


class PolicyFileError(InvalidInputError):
    """The calling policy cannot be used. All that is wrong with it is told."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(" ".join(str(problem) for problem in problems).replace("{", "{{").replace("}", "}}"))
        self.problems = problems


class _WrongError(Exception):
    """What is wrong with a value, as the end of a sentence; and where within the value."""

    def __init__(self, text: str, within: Path = ()) -> None:
        super().__init__(text)
        self.within = within


T = TypeVar("T")

Read: TypeAlias = Callable[[Any], Any]


def read_policy(text: str, rates: str | None = None) -> CallingRules:
    """What the policy says. ``rates`` is the CSV that its ``rates`` names, with the columns prefix and per_minute.
    Raises PolicyFileError with everything that is wrong."""
    if len(text.encode()) > MAX_BYTES or (rates is not None and len(rates.encode()) > MAX_BYTES):
        raise PolicyFileError((Problem(None, f"A policy and its rates have at most {MAX_BYTES} bytes each."),))
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyFileError((_not_toml(str(error)),)) from error
    except RecursionError as error:
        raise PolicyFileError((Problem(None, "Its brackets are nested far deeper than in any policy."),)) from error
    reader = _Reader(Places(text))
    rules = reader.rules(document, rates)
    if reader.problems:
        raise PolicyFileError(tuple(sorted(reader.problems, key=lambda each: each.place or Place(1 << 30, 1))))
    return rules


def _not_toml(said: str) -> Problem:
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", said)
    if found is None:
        return Problem(None, f"It is not TOML: {said}.")
    return Problem(Place(int(found[2]), int(found[3])), f"It is not TOML: {found[1]}.")


class _Reader:
    def __init__(self, places: Places) -> None:
        self._places = places
        self.problems: list[Problem] = []

    def rules(self, document: dict[str, Any], rates: str | None) -> CallingRules:
        top = self._keys((), document, _TOP)
        destinations = self._keys(("destinations",), self._table(document, "destinations"), _DESTINATIONS)
        caller_ids = self._keys(("caller_ids",), self._table(document, "caller_ids"), _CALLER_IDS)
        limits = self._keys(("limits",), self._table(document, "limits"), _LIMITS)
        return CallingRules(
            destinations=None if destinations.get("regions") == {ANY} else Destinations(**destinations),
            hours=tuple(self._hours(document)),
            caller_ids=CallerIds(**caller_ids),
            limits=CallingLimits(**limits, spending=self._spending(document, rates)),
            announcements=tuple(self._announcements(document)),
            **top,
        )

    def _hours(self, document: dict[str, Any]) -> Iterator[HoursRule]:
        given = document.get("hours", [])
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            self._wrong(("hours",), "must be tables, each under a line [[hours]] of its own.")
            return
        for number, each in enumerate(given):
            path: Path = ("hours", number)
            read = self._keys(path, each, _HOURS)
            windows: dict[int, tuple[Window, ...]] = {}
            for name, days in _SOME_DAYS.items():
                if (some := read.get(name)) is not None:
                    windows.update(dict.fromkeys(days, some))
            if not any(windows.values()) and all(name in read for name in _SOME_DAYS if name in each):
                self._wrong(path, 'has no hours at all. Give a day some: weekdays = "09:00-20:00".')
            yield HoursRule(
                prefixes=read.get("prefixes", ()),
                windows=windows,
                holidays=read.get("holidays", frozenset()),
                holiday_windows=read.get("on_holidays", ()),
            )

    def _announcements(self, document: dict[str, Any]) -> Iterator[Announcement]:
        given = document.get("announce_recording", [])
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            self._wrong(("announce_recording",), "must be tables, each under a line [[announce_recording]] of its own.")
            return
        for number, each in enumerate(given):
            path: Path = ("announce_recording", number)
            read = self._keys(path, each, _ANNOUNCE_RECORDING)
            if "text" not in each:
                self._wrong(
                    path, 'has no text. Say what is spoken: text = "This call is recorded.", or "" for nothing.'
                )
            yield Announcement(read.get("prefixes", ()), read.get("text", ""))

    def _spending(self, document: dict[str, Any], rates: str | None) -> Spending | None:
        if "spending" not in document:
            if rates is not None:
                self.problems.append(Problem(None, "Rates were given, and no table [spending] goes by them."))
            return None
        if not isinstance(document["spending"], dict):
            self._table(document, "spending")
            return None
        given = document["spending"]
        per_day_given = given.get("per_day")
        read = self._keys(("spending",), {key: each for key, each in given.items() if key != "per_day"}, _SPENDING)
        named = read.pop("rates", None)
        if not isinstance(per_day_given, dict) or not per_day_given:
            self._wrong(
                ("spending", "per_day"), 'per_day must be a table of what may be spent: { all = 500, "+44" = 50 }.'
            )
            per_day_given = {}
        per_day: dict[str, int] = {}
        for key, value in per_day_given.items():
            path: Path = ("spending", "per_day", key)
            if key != "all" and _PREFIX.fullmatch(key) is None:
                self._wrong_key(path, f'{key!r} is neither all nor a prefix such as "+44".')
                continue
            try:
                per_day["" if key == "all" else key] = _money(value)
            except _WrongError as error:
                self._wrong(path, f"{key} {error}.")
        if named is None and "rates" in given:
            return None
        if rates is None:
            self._wrong_key(
                ("spending", "rates"), 'spending needs the rates: a CSV file beside the policy, rates = "rates.csv".'
            )
            return None
        try:
            return Spending(rates=tuple(self._rates(rates)), per_day=per_day, **read)
        except csv.Error as error:
            self.problems.append(Problem(None, f"The rates are not CSV: {error}."))
            return None

    def _rates(self, text: str) -> Iterator[Rate]:
        rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
        header = [name.strip().lower() for name in next(rows, [])]
        if not {"prefix", "per_minute"} <= set(header):
            self.problems.append(Problem(None, "The rates must begin with a line that names prefix and per_minute."))
            return
        at, costs = header.index("prefix"), header.index("per_minute")
        seen: set[str] = set()
        problems = len(self.problems)
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            line = rows.line_num
            prefix = row[at].strip() if len(row) > at else ""
            if not prefix.startswith("+") and prefix.isdigit():
                prefix = f"+{prefix}"
            if _PREFIX.fullmatch(prefix) is None or prefix in seen:
                why = "has a prefix twice" if prefix in seen else "has no prefix such as +44"
                self.problems.append(Problem(None, f"Line {line} of the rates {why}."))
                continue
            seen.add(prefix)
            try:
                # What is rounded is never charged too little.
                yield Rate(prefix, _money(row[costs].strip() if len(row) > costs else "", ROUND_CEILING))
            except _WrongError as error:
                self.problems.append(Problem(None, f"Line {line} of the rates: per_minute {error}."))
        if not seen and len(self.problems) == problems:
            self.problems.append(Problem(None, "The rates have no line with a prefix, so nobody could be called."))

    # --- tables and keys ----------------------------------------------------------------------------------------------

    def _table(self, document: dict[str, Any], name: str) -> dict[str, Any]:
        given = document.get(name, {})
        if isinstance(given, dict):
            return given
        self._wrong((name,), f"must be a table: [{name}].")
        return {}

    def _keys(self, path: Path, given: Mapping[str, Any], keys: Mapping[str, tuple[str, Read]]) -> dict[str, Any]:
        """The values of a table, under the names of the fields that they go to."""
        values: dict[str, Any] = {}
        for key, value in given.items():
            if not path and key in _TABLES:
                continue
            if key not in keys:
                self._wrong_key((*path, key), f"{key} is no key here.{_meant(key, keys, path)}")
                continue
            field, read = keys[key]
            try:
                values[field] = read(value)
            except _WrongError as error:
                text = str(error)
                text = f"{key} {text}{'' if text.endswith(('.', '?')) else '.'}"
                self._wrong((*path, key, *error.within), text)
        return values

    def _wrong(self, path: Path, text: str) -> None:
        """A value is wrong, or lacks something."""
        name = next((str(each) for each in path if isinstance(each, str)), "")
        text = f"{name} {text}" if text.startswith(("must ", "has ")) else text
        self.problems.append(Problem(self._places.of_value(path), text))

    def _wrong_key(self, path: Path, text: str) -> None:
        self.problems.append(Problem(self._places.of_key(path), text))


# --- values ---------------------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _WrongError("must be a text in quotes")
    return value


def _spoken(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_SPOKEN or not value.isprintable():
        raise _WrongError(f"must be a text in quotes, on one line, of at most {MAX_SPOKEN} characters")
    return value.strip()


def _date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise _WrongError("must be a date without quotes, such as 2026-12-25")


def _zone(value: Any) -> str:
    text, known = _text(value), time_zones()
    if text not in known:
        raise _WrongError(f"names no time zone: {text!r}.{did_you_mean(text, known)}")
    return text


def _list(value: Any, read: Read) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _WrongError("must be a list in brackets")
    return tuple(dict.fromkeys(_within(number, read, each) for number, each in enumerate(value)))


def _some(values: tuple[T, ...]) -> tuple[T, ...]:
    """Of what is no limit when it is left out: an empty list may mean that, or the opposite."""
    if not values:
        raise _WrongError("must have something in it, or be left out")
    return values


def _within(key: str | int, read: Read, value: Any) -> Any:
    """What a value within another one says."""
    try:
        return read(value)
    except _WrongError as error:
        raise _WrongError(str(error), (key, *error.within)) from error


def _regions(value: Any) -> frozenset[str]:
    regions = frozenset(_list(value, _region))
    if ANY in regions and len(regions) > 1:
        raise _WrongError(f'has "{ANY}" beside others: it stands alone')
    return regions


def _region(value: Any) -> str:
    text = _text(value)
    if text not in (HOME, ANY) and text not in SUPPORTED_REGIONS:
        raise _WrongError(
            f'has {text!r}: each must be "{HOME}" or the two letters of a country (ISO 3166-1), such as "US"'
        )
    return text


def _prefix(value: Any) -> str:
    text = _text(value)
    if _PREFIX.fullmatch(text) is None:
        raise _WrongError(f'has {text!r}: each must be the beginning of a number, such as "+1305"')
    return text


def _number(value: Any) -> str:
    try:
        return to_e164(_text(value))
    except NotDialableError as error:
        raise _WrongError('must be numbers in E.164, such as "+12025550100"') from error


def _windows(value: Any) -> tuple[Window, ...]:
    if not isinstance(value, list):
        return (_window(value),)
    return tuple(_within(number, _window, each) for number, each in enumerate(value))


def _window(value: Any) -> Window:
    found = _WINDOW.fullmatch(value.strip()) if isinstance(value, str) else None
    hours = [int(part) for part in found.groups()] if found is not None else [99] * 4
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if max(hours[1], hours[3]) > 59 or start >= DAY // MINUTE or end > DAY // MINUTE or start == end:
        raise _WrongError('must be hours, such as "09:00-17:30", or a list of them; [] is closed')
    return Window(start, end)


def _duration(value: Any) -> Duration:
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    length = round(float(found[1]) * _UNITS[found[2]]) if found is not None else 0
    if not 0 < length <= LONGEST:
        raise _WrongError('must be a time of at most 366 days, such as "90s", "45m", "24h" or "7d"')
    return length


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_ATTEMPTS:
        raise _WrongError(f"must be a whole number from 1 to {MAX_ATTEMPTS:,}")
    return value


def _rate_per_s(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.01 <= value <= 100_000:
        raise _WrongError("must be a number from 0.01 to 100,000")
    return float(value)


def _money(value: Any, rounding: str = ROUND_FLOOR) -> int:
    """Millionths of the currency."""
    try:
        amount = Decimal("NaN") if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and 0 <= amount <= 1_000_000_000):
        raise _WrongError("must be an amount from 0 to 1,000,000,000, such as 0.0125")
    return int((amount * 1_000_000).to_integral_value(rounding))


def _currency(value: Any) -> str:
    if not isinstance(value, str) or _CURRENCY.fullmatch(value) is None:
        raise _WrongError('must be the three letters of a currency, such as "USD"')
    return value


def _choice(value: Any) -> CallerIdChoice:
    if value not in set(CallerIdChoice):
        raise _WrongError(f"must be one of {', '.join(CallerIdChoice)}, in quotes")
    return CallerIdChoice(value)


def _country(value: Any) -> bool:
    if value not in ("same", "any"):
        raise _WrongError('must be "same", for numbers of the called party\'s country alone, or "any"')
    return bool(value == "same")


def _rolling(value: Any) -> tuple[RollingLimit, ...]:
    if not isinstance(value, list):
        return (_one_rolling(value),)
    return _some(tuple(_within(number, _one_rolling, each) for number, each in enumerate(value)))


def _one_rolling(value: Any) -> RollingLimit:
    if not isinstance(value, dict) or value.keys() != {"most", "within"}:
        raise _WrongError('must be limits such as { most = 3, within = "24h" }, one or a list of them')
    return RollingLimit(_within("most", _whole, value["most"]), _within("within", _duration, value["within"]))


_TOP: Final[Mapping[str, tuple[str, Read]]] = {
    "source": ("source", _text),
    "as_of": ("as_of", _date),
    "time_zone": ("time_zone", _zone),
    "time_zone_attribute": ("time_zone_attribute", _text),
}
_DESTINATIONS: Final[Mapping[str, tuple[str, Read]]] = {
    "regions": ("regions", _regions),
    "refused_prefixes": ("refused_prefixes", lambda value: _list(value, _prefix)),
}
_HOURS: Final[Mapping[str, tuple[str, Read]]] = {
    "prefixes": ("prefixes", lambda value: _some(_list(value, _prefix))),
    **{name: (name, _windows) for name in _SOME_DAYS},
    "holidays": ("holidays", lambda value: frozenset(_list(value, _date))),
    "on_holidays": ("on_holidays", _windows),
}
_CALLER_IDS: Final[Mapping[str, tuple[str, Read]]] = {
    "pool": ("pool", lambda value: _some(_list(value, _number))),
    "choose": ("choice", _choice),
    "country": ("of_region", _country),
    "attempts_per_day": ("attempts_per_day", _whole),
}
_LIMITS: Final[Mapping[str, tuple[str, Read]]] = {
    "attempts_per_second": ("attempts_per_s", _rate_per_s),
    "attempts_per_day": ("attempts_per_day", _whole),
    "attempts_per_number": ("number", _rolling),
    "gap": ("number_gap", _duration),
}
_ANNOUNCE_RECORDING: Final[Mapping[str, tuple[str, Read]]] = {
    "prefixes": ("prefixes", lambda value: _some(_list(value, _prefix))),
    "text": ("text", _spoken),
}
_SPENDING: Final[Mapping[str, tuple[str, Read]]] = {
    "currency": ("currency", _currency),
    "rates": ("rates", _text),
    "reserve": ("reserved", _duration),
}
_TABLES: Final[Mapping[str, Mapping[str, tuple[str, Read]]]] = {
    "destinations": _DESTINATIONS,
    "hours": _HOURS,
    "caller_ids": _CALLER_IDS,
    "limits": _LIMITS,
    "spending": _SPENDING,
    "announce_recording": _ANNOUNCE_RECORDING,
}


_LISTS: Final = ("hours", "announce_recording")
"""Tables of which there may be many."""


def _meant(key: str, keys: Mapping[str, tuple[str, Read]], path: Path) -> str:
    """Where the key belongs, or which one was probably meant; empty if nobody knows."""
    homes = [f"[[{table}]]" if table in _LISTS else f"[{table}]" for table, known in _TABLES.items() if key in known]
    if homes:
        return f" It belongs under {' or '.join(homes)}."
    if key in _TOP:
        return " It belongs above all tables."
    return did_you_mean(key, [*keys, *(() if path else _TABLES)])
