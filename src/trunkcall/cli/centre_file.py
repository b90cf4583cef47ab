"""A file that says what a contact centre looks like, for `trunkcall connect apply`.

Decides its tables and keys, and what is wrong with one in words that name file, line, table and key. It must not know
what there is in an instance.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from trunkcall.cli.lists.phones import read_number
from trunkcall.domain.errors import TrunkcallError, did_you_mean
from trunkcall.domain.time_zones import time_zones
from trunkcall.flows.checking import problems_of
from trunkcall.service.numbers import NotDialableError

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_OPEN = re.compile(r"([a-z]+)(?:-([a-z]+))? +(\d\d?):(\d\d)-(\d\d?):(\d\d)", re.IGNORECASE)
_DAY_MINUTES = 24 * 60
_ALIAS = re.compile(r"[0-9A-Za-z]+(-*[0-9A-Za-z])*")


class CentreFileError(TrunkcallError):
    """The file does not say what a contact centre looks like."""


class _WrongError(Exception):
    """What is wrong with a value."""


Read: TypeAlias = Callable[[Any, Path], Any]
"""A value as it is compared, from what the file has and the folder that the file is in. Raises _WrongError."""


class Override(NamedTuple):
    """Hours that count on some dates, both inclusive, as ``yyyy-mm-dd``; without any it is closed then."""

    name: str
    first: str
    last: str
    open: frozenset[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table. ``names`` is the kind of what its value names, each of them if there are several."""

    read: Read
    required: bool = False
    names: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One table: ``values`` are those that it gives; ``places`` say where each stands, the table itself under ''."""

    name: str
    values: Mapping[str, Any]
    places: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CentreFile:
    """What the file says. ``things`` are by kind and name; a kind that is not in it is not spoken of."""

    instance: Wanted
    things: Mapping[str, Mapping[str, Wanted]] = field(default_factory=dict)


def _text(value: Any, _: Path) -> str:
    if not isinstance(value, str) or not value:
        raise _WrongError('must be a text in quotes, such as "Reminders"')
    return value


def _at_most(length: int) -> Read:
    def read(value: Any, folder: Path) -> str:
        text = _text(value, folder)
        if len(text) > length:
            raise _WrongError(f"has more than {length} characters")
        return text

    return read


def _alias(value: Any, folder: Path) -> str:
    text = _text(value, folder)
    if len(text) > 45 or text.startswith("d-") or _ALIAS.fullmatch(text) is None:
        raise _WrongError("must be up to 45 letters, digits and hyphens, and begin with neither a hyphen nor d-")
    return text


def _time_zone(value: Any, folder: Path) -> str:
    text, known = _text(value, folder), time_zones()
    if text not in known:
        raise _WrongError(f"is no time zone: {text!r}.{did_you_mean(text, known)}")
    return text


def _flag(value: Any, _: Path) -> bool:
    if not isinstance(value, bool):
        raise _WrongError("must be true or false")
    return value


def _whole(least: int, most: int) -> Read:
    def read(value: Any, _: Path) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _WrongError(f"must be a whole number from {least} to {most}")
        return value

    return read


def _number(value: Any, folder: Path) -> str:
    try:
        return read_number(_text(value, folder))
    except NotDialableError as error:
        raise _WrongError(f"cannot be dialed: {error}") from error


def _texts(value: Any, folder: Path) -> frozenset[str]:
    if not isinstance(value, list) or not value:
        raise _WrongError('must be a list of texts, such as ["Agent"]')
    return frozenset(_text(each, folder) for each in value)


def _content(value: Any, folder: Path) -> str:
    """The text of a file beside this one."""
    path = folder / _text(value, folder)
    try:
        text = path.read_text(encoding="utf-8-sig")
        json.loads(text)
    except OSError as error:
        raise _WrongError(f"cannot be read: {path}: {error.strerror}") from error
    except ValueError as error:
        raise _WrongError(f"is no JSON: {path}: {error}") from error
    except RecursionError as error:
        raise _WrongError(f"is nested too deeply: {path}") from error
    if problems := problems_of(text):
        raise _WrongError(f"cannot be published: {path}: {' '.join(problems)}")
    return text


def _open(value: Any, _: Path) -> frozenset[tuple[str, int, int]]:
    """Days, each with the minutes from which and until which it is open."""
    if not isinstance(value, list):
        raise _WrongError('must be a list such as ["monday-friday 09:00-17:00"]')
    found = set()
    for each in value:
        matched = _OPEN.fullmatch(each) if isinstance(each, str) else None
        if matched is None:
            raise _WrongError(f'has {each!r}, which is not such as "monday-friday 09:00-17:00"')
        first, last = _day(matched[1]), _day(matched[2] or matched[1])
        start, end = (int(matched[n]) * 60 + int(matched[n + 1]) for n in (3, 5))
        if int(matched[4]) > 59 or int(matched[6]) > 59 or start >= _DAY_MINUTES or end > _DAY_MINUTES or last < first:
            raise _WrongError(f"has {each!r}: there are no such hours")
        found |= {(day, start, end % _DAY_MINUTES) for day in DAYS[first : last + 1]}
    return frozenset(found)


def _day(name: str) -> int:
    if name.upper() not in DAYS:
        raise _WrongError(f"has {name!r}, which is no day.{did_you_mean(name, [day.lower() for day in DAYS])}")
    return DAYS.index(name.upper())


def _overrides(value: Any, folder: Path) -> frozenset[Override]:
    """Dates on which other hours count."""
    like = '[{ name = "Christmas", from = 2026-12-24, until = 2026-12-26, open = [] }]'
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _WrongError(f"must be a list such as {like}")
    found: dict[str, Override] = {}
    for each in value:
        for key in each.keys() - _OVERRIDE:
            raise _WrongError(f"has an unknown key {key!r}.{did_you_mean(key, _OVERRIDE)}")
        for key in ("name", "from", "open"):
            if key not in each:
                raise _WrongError(f"must have {key} in each part, as in {like}")
        try:
            name = _at_most(127)(each["name"], folder)
        except _WrongError as error:
            raise _WrongError(f"has a name that {error}") from error
        first, last = _date(name, each["from"]), _date(name, each.get("until", each["from"]))
        if last < first:
            raise _WrongError(f"of {name!r} ends before it begins")
        if name in found:
            raise _WrongError(f"has {name!r} twice")
        try:
            found[name] = Override(name, first, last, _open(each["open"], folder))
        except _WrongError as error:
            raise _WrongError(f"of {name!r}: open {error}") from error
    return frozenset(found.values())


def _date(name: str, value: Any) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _WrongError(f"of {name!r} must have dates such as 2026-12-24, without quotes")
    return value.isoformat()


def _served(value: Any, folder: Path) -> frozenset[tuple[str, int, int]]:
    """Queues, each with its priority and its delay in seconds."""
    if not isinstance(value, list):
        raise _WrongError('must be a list such as [{ queue = "Reminders", priority = 1, delay = 0 }]')
    found = {}
    for each in value:
        given = {"queue": each} if isinstance(each, str) else each
        if not isinstance(given, dict) or "queue" not in given:
            raise _WrongError('must name a queue in each part, such as { queue = "Reminders", priority = 1 }')
        for key in given.keys() - {"queue", "priority", "delay"}:
            raise _WrongError(f"has an unknown key {key!r}.{did_you_mean(key, ['queue', 'priority', 'delay'])}")
        name = _text(given["queue"], folder)
        if name in found:
            raise _WrongError(f"names {name!r} twice")
        try:
            priority = _whole(1, 99)(given.get("priority", 1), folder)
            delay = _whole(0, 9999)(given.get("delay", 0), folder)
        except _WrongError as error:
            raise _WrongError(f"of {name!r}: priority (1 to 99) or delay (0 to 9999) {error}") from error
        found[name] = (name, priority, delay)
    return frozenset(found.values())


_OVERRIDE = frozenset({"name", "from", "until", "open"})
_NAME = {"name": Key(_at_most(127), required=True), "description": Key(_at_most(250))}
INSTANCE: Mapping[str, Key] = MappingProxyType(
    {"alias": Key(_alias), "inbound_calls": Key(_flag), "outbound_calls": Key(_flag)}
)
TABLES: Mapping[str, Mapping[str, Key]] = MappingProxyType(
    {
        "statuses": {**_NAME, "enabled": Key(_flag), "order": Key(_whole(1, 50))},
        "hours": {
            **_NAME,
            "time_zone": Key(_time_zone, required=True),
            "open": Key(_open, required=True),
            "overrides": Key(_overrides),
        },
        "numbers": {"number": Key(_number, required=True)},
        "flows": {**_NAME, "content": Key(_content, required=True)},
        "queues": {
            **_NAME,
            "hours": Key(_text, required=True, names="hours"),
            "number": Key(_number, names="numbers"),
            "flow": Key(_text, names="flows"),
            "max_contacts": Key(_whole(0, 100_000)),
            "enabled": Key(_flag),
        },
        "routing_profiles": {**_NAME, "queues": Key(_served, required=True, names="queues")},
        "agents": {
            "name": Key(_at_most(100), required=True),
            "routing_profile": Key(_text, required=True, names="routing_profiles"),
            "security_profiles": Key(_texts, names="security_profiles"),
            "first_name": Key(_at_most(255)),
            "last_name": Key(_at_most(300)),
            "email": Key(_text),
            "after_contact_work": Key(_whole(0, 2_000_000)),
            "auto_accept": Key(_flag),
            "persistent_connection": Key(_flag),
        },
    }
)
"""The kinds of tables with their keys, in the order in which things are made: what is named comes before who names
it."""


def name_key(kind: str) -> str:
    """The key that tells two of a kind apart."""
    return "number" if kind == "numbers" else "name"


def read_centre_file(path: Path) -> CentreFile:
    """What the file says. Raises CentreFileError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = tomllib.loads(text)
    except OSError as error:
        raise CentreFileError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CentreFileError(f"{path} is not text in UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise CentreFileError(f"{path} is not TOML: {error}.") from error
    except ValueError as error:
        raise CentreFileError(f"{path} has a number with too many digits.") from error
    except RecursionError as error:
        raise CentreFileError(f"{path} is nested too deeply.") from error
    lines = text.splitlines()
    for key in table:
        if key != "instance" and key not in TABLES:
            known = did_you_mean(key, ["instance", *TABLES])
            raise CentreFileError(f"{path}{_line(lines, key)}: unknown table {key!r}.{known}")
    given = table.get("instance", {})
    if not isinstance(given, dict):
        raise CentreFileError(f"{path}: instance must be a table: [instance].")
    instance = _read("", given, INSTANCE, _Place(path, lines, "[instance]", _header(lines, "[instance]", 1)))
    return CentreFile(instance, {kind: _tables(path, lines, kind, table[kind]) for kind in TABLES if kind in table})


def _tables(path: Path, lines: list[str], kind: str, given: Any) -> Mapping[str, Wanted]:
    header = f"[[{kind}]]"
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise CentreFileError(f"{path}{_line(lines, kind)}: {kind} must be tables: {header}.")
    found: dict[str, Wanted] = {}
    for nth, each in enumerate(given, start=1):
        place = _Place(path, lines, header, _header(lines, header, nth))
        wanted = _read(name_key(kind), each, TABLES[kind], place)
        if wanted.name in found:
            raise CentreFileError(f"{place.of(name_key(kind))} is that of another table already.")
        found[wanted.name] = wanted
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a table stands. ``at`` is the line of its header, from 0; None if it has none of its own."""

    path: Path
    lines: list[str]
    header: str
    at: int | None

    def of(self, key: str) -> str:
        """Where a key of it stands, or the table itself."""
        at = self.at
        if at is not None and key:
            for number, line in enumerate(self.lines[at + 1 :], start=at + 1):
                if line.lstrip().startswith("["):
                    break
                if re.match(rf"\s*{re.escape(key)}\s*=", line):
                    at = number
                    break
        place = "" if at is None else f", line {at + 1}"
        return f"{self.path}{place}: {self.header} {key}".rstrip()


def _read(naming: str, given: Mapping[str, Any], keys: Mapping[str, Key], place: _Place) -> Wanted:
    for key in given:
        if key not in keys:
            raise CentreFileError(f"{place.of(key)} is an unknown key.{did_you_mean(key, keys)}")
    values = {}
    for key, what in keys.items():
        if key in given:
            try:
                values[key] = what.read(given[key], place.path.parent)
            except _WrongError as error:
                text = str(error)
                raise CentreFileError(f"{place.of(key)} {text}{'' if text.endswith(('.', '?')) else '.'}") from error
        elif what.required:
            raise CentreFileError(f"{place.of('')} has no {key}.")
    return Wanted(values.get(naming, ""), values, {key: place.of(key) for key in ("", *values)})


def _header(lines: list[str], header: str, nth: int) -> int | None:
    found = [number for number, line in enumerate(lines) if line.strip().startswith(header)]
    return found[nth - 1] if len(found) >= nth else None


def _line(lines: list[str], key: str) -> str:
    pattern = re.compile(rf"\s*(\[\[?\s*)?{re.escape(key)}\b")
    found = next((number for number, line in enumerate(lines, start=1) if pattern.match(line)), None)
    return "" if found is None else f", line {found}"
