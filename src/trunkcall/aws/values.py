"""Single values of a request: what is broken about them, and their conversion from JSON.

Decides the wording of violations and of wrong types, and which forms of numbers and timestamps are read. It must not
know shapes beyond the name of a scalar type.

Choices the model leaves open:
- a number with a zero fraction is an integer (JSON has one kind of number); true and "1" are not;
- a double must be a JSON number; "NaN" and "Infinity" are refused;
- a timestamp in iso8601 needs a date, a time and Z or an offset; digits beyond the microsecond are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

from trunkcall.aws.errors import ApiError, serialization_error, validation_error
from trunkcall.domain.instants import SECOND, Instant, from_datetime, to_datetime

Path: TypeAlias = "tuple[Path, str | int] | None"
"""Where a value stands, innermost last; None is the request. Rendered only when something is wrong with the value."""
Convert: TypeAlias = Callable[[Any, Path], Any]
"""A JSON value into a Python value; raises SerializationException when the JSON type is wrong."""

MAX_SHOWN = 256
"""Code points of a value that a message repeats; a longer one is left out."""
MAX_LISTED = 50
"""Violations that a message spells out. All are counted."""
NOT_NULL = "Member must not be null"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_INSTANT = from_datetime(datetime(1, 1, 1, tzinfo=UTC))
_LAST_INSTANT = from_datetime(datetime.max.replace(tzinfo=UTC))
_ISO8601 = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})", re.ASCII).fullmatch
_MAX_TIMESTAMP = len("2026-01-02T03:04:05.678901234+00:00")
_INTEGER_TEXT = re.compile(r"-?\d{1,19}", re.ASCII).fullmatch
_DECIMAL_TEXT = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?", re.ASCII).fullmatch


class Violations:
    """The broken constraints of one request. With ``strict``, a null in a list or map, and a union without exactly one
    member, are no broken constraints but something that can't be read."""

    __slots__ = ("_listed", "count", "strict")

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.count = 0
        self._listed: list[str] = []

    def add(self, path: Path, shown: str | None, constraint: str) -> None:
        """``shown`` is the value as the message may repeat it; None leaves it out."""
        self.count += 1
        if len(self._listed) < MAX_LISTED:
            value = "" if shown is None or len(shown) > MAX_SHOWN else f" '{shown}'"
            self._listed.append(f"Value{value} at '{render(path)}' failed to satisfy constraint: {constraint}")

    def add_missing(self, path: Path) -> None:
        self.count += 1
        if len(self._listed) < MAX_LISTED:
            self._listed.append(f"Value null at '{render(path)}' failed to satisfy constraint: {NOT_NULL}")

    def add_null(self, path: Path, expected: str) -> None:
        """Add a null in a list or map, or raise SerializationException for it."""
        if self.strict:
            raise wrong_type(path, None, expected)
        self.add_missing(path)

    def raise_any(self) -> None:
        """Raises ValidationException if anything was added."""
        if self.count:
            errors = "error" if self.count == 1 else "errors"
            more = "; …" if self.count > len(self._listed) else ""
            raise validation_error(f"{self.count} validation {errors} detected: {'; '.join(self._listed)}{more}")


def render(path: Path) -> str:
    """The path as AWS writes it: ``dialRequests.1.member.clientToken``, list positions from 1."""
    parts: list[str] = []
    while path is not None:
        path, step = path
        parts.append(step if isinstance(step, str) else f"{step}.member")
    return ".".join(reversed(parts))


def wrong_type(path: Path, value: object, expected: str) -> ApiError:
    """SerializationException that names types only: the value may be sensitive."""
    match value:
        case bool():
            found = "TRUE_VALUE" if value else "FALSE_VALUE"
        case str():
            found = "STRING_VALUE"
        case int() | float():
            found = "NUMBER_VALUE"
        case list():
            found = "START_ARRAY"
        case None:
            found = "NULL_VALUE"
        case _:
            found = "START_OBJECT"
    return serialization_error(f"{found} at '{render(path)}' can not be converted to {expected}")


def show(value: Any) -> str | None:
    """A scalar, or a list or map of scalars, as AWS prints it; None when it would be too long anyway."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case list():
            return None if len(value) > MAX_SHOWN else f"[{', '.join(show(item) or '' for item in value)}]"
        case dict():
            pairs = (f"{key}={show(item)}" for key, item in value.items())
            return None if len(value) > MAX_SHOWN else f"{{{', '.join(pairs)}}}"
        case _:
            return str(value)


def integer_converter(bits: int) -> Callable[[Any, Path], int]:
    """Converts to signed integers of this many bits; more is a wrong type."""
    least, most = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    expected = "Integer" if bits == 32 else "Long"

    def convert(value: Any, path: Path) -> int:
        if value.__class__ is float and value.is_integer():
            value = int(value)
        if value.__class__ is not int or not least <= value <= most:
            raise wrong_type(path, value, expected)
        return int(value)

    return convert


def to_float(value: Any, path: Path) -> float:
    """A double from any finite JSON number."""
    if value.__class__ is float:
        return float(value)
    try:
        if value.__class__ is int:
            return float(value)
    except OverflowError:
        pass
    raise wrong_type(path, value, "Double")


def to_boolean(value: Any, path: Path) -> bool:
    """true or false, and nothing that is only like them."""
    if value is True or value is False:
        return bool(value)
    raise wrong_type(path, value, "Boolean")


def from_iso8601(value: Any, path: Path) -> Instant:
    """An instant of the years 1 to 9999, in microseconds."""
    # The length bounds what the cache may hold.
    at = _instant(value) if value.__class__ is str and len(value) <= _MAX_TIMESTAMP else None
    if at is None:
        raise wrong_type(path, value, "Timestamp")
    return at


@lru_cache(maxsize=256)  # The requests of a batch mostly expire together.
def _instant(text: str) -> Instant | None:
    if _ISO8601(text) is None:
        return None
    try:
        since = datetime.fromisoformat(text) - _EPOCH
    except ValueError:
        return None
    at = (since.days * 86_400 + since.seconds) * SECOND + since.microseconds
    return at if _FIRST_INSTANT <= at <= _LAST_INSTANT else None


def from_unix_time(value: Any, path: Path) -> Instant:
    """An instant of the years 1 to 9999 from seconds since the epoch, rounded to the microsecond."""
    at = round(to_float(value, path) * SECOND)
    if not _FIRST_INSTANT <= at <= _LAST_INSTANT:
        raise wrong_type(path, value, "Timestamp")
    return at


def to_iso8601(at: Instant) -> str:
    """``2026-01-02T03:04:05Z``, with six digits of a fraction only when there is one, as the SDKs write it."""
    text = to_datetime(at).replace(tzinfo=None).isoformat()
    return f"{text}Z"


def read_boolean(text: str, path: Path) -> bool:
    """The boolean that a path label or query parameter spells."""
    if text not in {"true", "false"}:
        raise wrong_type(path, text, "Boolean")
    return text == "true"


def read_integer(text: str, path: Path) -> int:
    """The integer that a path label or query parameter spells."""
    if _INTEGER_TEXT(text) is None:
        raise wrong_type(path, text, "Integer")
    return int(text)


def read_decimal(text: str, path: Path) -> float:
    """The number that a path label or query parameter spells."""
    if _DECIMAL_TEXT(text) is None:
        raise wrong_type(path, text, "Double")
    return float(text)
