"""Dataclasses of ids, instants and words as JSON, and back.

Decides the form: an object with the class's name as its ``type`` and every field by its name. What a field may hold
follows from its annotation, so nothing here knows any class by name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

from trunkcall.domain.errors import TrunkcallError

TYPE: Final = "type"
"""The key of a class's name. No field may have this name."""

Read: TypeAlias = Callable[[Any], Any]


class EncodingError(TrunkcallError):
    """This is not the JSON of any value that is expected here."""


def encode(value: object) -> str:
    """One line of JSON, in ASCII; the same value gives the same line. Raises EncodingError for a value that has more
    in it than dataclasses, tuples, texts and numbers."""
    return _encode(value)


def parse(line: bytes) -> object:
    """What a line of JSON holds. Raises EncodingError."""
    try:
        return json.loads(line.decode("ascii"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        # A UnicodeDecodeError is a ValueError, as is a number of too many digits.
        raise EncodingError("not JSON") from None


def _refuse(constant: str) -> object:
    """NaN and the infinities, which are no JSON."""
    raise ValueError(constant)


def _finite(text: str) -> float:
    """A number that JSON can have again: 1e999 would be infinite."""
    number = float(text)
    if math.isinf(number):
        raise EncodingError(f"no number may be as great as {text if len(text) <= 20 else text[:17] + '...'}")
    return number


def decode(kind: Any, plain: object) -> Any:
    """The value of this kind, a class or a union, from its parsed JSON. Raises EncodingError that says which field
    is wrong, and what would be right."""
    return _reader(kind)(plain)


def _members(value: Any) -> dict[str, object]:
    kind: Any = type(value)
    return {TYPE: kind.__name__, **{name: getattr(value, name) for name in _names(kind)}}


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_members).encode


@cache
def _names(kind: Any) -> tuple[str, ...]:
    if not is_dataclass(kind):
        raise EncodingError(f"a {kind.__name__} cannot be written as JSON")
    return tuple(field.name for field in fields(kind))


@cache
def _reader(kind: Any) -> Read:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _union(arguments)
    if origin is tuple:
        return _series(arguments[0]) if arguments[-1] is Ellipsis else _record(arguments)
    if is_dataclass(kind):
        return _choice((kind,))
    if isinstance(kind, type) and issubclass(kind, tuple):
        return _named(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _word(kind)
    if kind in _SCALARS:
        return _scalar(kind)
    raise EncodingError(f"a {kind} cannot be read from JSON")


def _union(kinds: tuple[Any, ...]) -> Read:
    """One of several classes by its name, or null, or one other kind."""
    classes = tuple(kind for kind in kinds if is_dataclass(kind))
    others = [kind for kind in kinds if not is_dataclass(kind) and kind is not NoneType]
    assert not (classes and others), "which of them is meant could not be told"
    read = _choice(classes) if classes else _reader(*others)
    if NoneType not in kinds:
        return read
    return lambda plain: None if plain is None else read(plain)


def _choice(kinds: tuple[Any, ...]) -> Read:
    classes = {kind.__name__: kind for kind in kinds}

    def read(plain: Any) -> Any:
        if not isinstance(plain, dict) or TYPE not in plain:
            raise _misfit("an object with a type", plain)
        name = plain[TYPE]
        if not isinstance(name, str) or name not in classes:
            raise _misfit(f"one of {', '.join(classes)}", name)
        return _members_of(classes[name])(plain)

    return read


@cache
def _members_of(kind: Any) -> Read:
    hints = get_type_hints(kind)
    readers = {name: _reader(hints[name]) for name in _names(kind)}

    def read(plain: dict[str, object]) -> Any:
        if len(plain) != len(readers) + 1:
            raise _misfit(f"a {kind.__name__} with {', '.join(readers) or 'nothing in it'}", plain)
        values = {}
        for name, of_field in readers.items():
            if name not in plain:
                raise EncodingError(f"{kind.__name__} has no {name}")
            try:
                values[name] = of_field(plain[name])
            except EncodingError as error:
                raise EncodingError(f"{name}: {error.message}") from None
        return kind(**values)

    return read


def _series(kind: Any) -> Read:
    of_each = _reader(kind)

    def read(plain: Any) -> Any:
        if not isinstance(plain, list):
            raise _misfit("a list", plain)
        return tuple(map(of_each, plain))

    return read


def _record(kinds: tuple[Any, ...]) -> Read:
    readers = [_reader(kind) for kind in kinds]

    def read(plain: Any) -> Any:
        if not isinstance(plain, list) or len(plain) != len(readers):
            raise _misfit(f"a list of {len(readers)}", plain)
        return tuple(of_part(part) for of_part, part in zip(readers, plain, strict=True))

    return read


def _named(kind: Any) -> Read:
    """A tuple whose places have names, written as a list."""
    read_record = _record(tuple(get_type_hints(kind).values()))
    return lambda plain: kind(*read_record(plain))


def _word(kind: type[StrEnum]) -> Read:
    words: dict[object, StrEnum] = {word.value: word for word in kind}

    def read(plain: Any) -> Any:
        if not isinstance(plain, str) or plain not in words:
            raise _misfit(f"one of {', '.join(kind)}", plain)
        return words[plain]

    return read


_SCALARS: Final = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _scalar(kind: Any) -> Read:
    takes: tuple[type, ...] = (int, float) if kind is float else (kind,)

    def read(plain: Any) -> Any:
        # True is an int to Python, but no number here.
        if type(plain) not in takes:
            raise _misfit(_SCALARS[kind], plain)
        try:
            return kind(plain)
        except OverflowError:
            raise _misfit("a number that is not as great as that", plain) from None

    return read


def _misfit(wanted: str, plain: object) -> EncodingError:
    given = json.dumps(plain)
    return EncodingError(f"must be {wanted}, not {given if len(given) <= 80 else given[:77] + '...'}")
