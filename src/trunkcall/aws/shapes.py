"""Input shapes of a service model, compiled to closures: JSON values into checked Python values.

Decides what a wrong type is (SerializationException, at once) and what a broken constraint is (collected, so that one
answer names them all). It must not know HTTP or which operation a shape belongs to.

Choices the model leaves open:
- null in a structure is absent; null in a list or as a value of a map breaks `Member must not be null`, and a union
  must have exactly one member that it knows, whatever else is there; who is strict can't read either (``Violations``);
- one violation is reported for one value: its length first, its pattern only if the length is right;
- the scalars in a list or map are reported once, at the list or map, with all constraints of their shape, as AWS does;
- what is in a list or map of a wrong length isn't looked at, which bounds the work and the answer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from trunkcall.aws.errors import serialization_error
from trunkcall.aws.values import (
    NOT_NULL,
    Convert,
    Path,
    Violations,
    from_iso8601,
    from_unix_time,
    integer_converter,
    read_boolean,
    read_decimal,
    read_integer,
    render,
    show,
    to_boolean,
    to_float,
    wrong_type,
)

Decode: TypeAlias = Callable[[Any, Path, Violations], Any]
Holds: TypeAlias = Callable[[Any], object]
"""Whether a constraint holds: truthy if so."""
PatternOf: TypeAlias = Callable[[Any], tuple[str, Holds] | None]
"""The pattern of a string shape: as the model words it, and as it is matched."""

_CONTAINERS = frozenset({"structure", "list", "map"})
# Attributes and tags have the same few keys over and over; those that were found good are remembered, so many at most.
_REMEMBERED_KEYS = 1024
_REMEMBERED_LENGTH = 64
_INTEGER_BITS = {"integer": 32, "long": 64}


class ModelError(Exception):
    """The service model asks for something that this compiler does not know."""


@dataclass(frozen=True, slots=True)
class _Scalar:
    """``convert`` checks the JSON type; ``accepts`` all constraints at once; ``constraints`` tells which is broken."""

    convert: Convert | None
    """None: a string, which needs no conversion."""
    accepts: Holds | None
    """None: there is nothing to break."""
    constraints: tuple[tuple[str, Holds], ...]

    @property
    def worded(self) -> str:
        return ", ".join([*(text for text, _ in self.constraints), NOT_NULL])


class InputCompiler:
    """Compiles the input shapes of one service. ``pattern_of`` gives a string shape's pattern, patched if need be.

    What it makes holds no shape: a shape holds its whole model, which for some services are megabytes.
    """

    def __init__(self, pattern_of: PatternOf) -> None:
        self._pattern_of = pattern_of
        self._memo: dict[tuple[str, bool], Decode] = {}

    def compile(self, shape: Any, *, sensitive: bool = False) -> Decode:
        """The decoder of a shape. ``sensitive``: something around it is, so its values are never repeated."""
        sensitive = sensitive or bool(shape.metadata.get("sensitive"))
        key = (shape.name, sensitive)
        if key not in self._memo:
            # A shape may contain itself: until its decoder exists, its members look it up when they run.
            self._memo[key] = lambda value, path, violations: self._memo[key](value, path, violations)
            self._memo[key] = self._compile(shape, sensitive)
        return self._memo[key]

    def _compile(self, shape: Any, sensitive: bool) -> Decode:
        match shape.type_name:
            case "structure":
                return self._structure(shape, sensitive)
            case "list":
                return self._list(shape, sensitive)
            case "map":
                return self._map(shape, sensitive)
            case _:
                return _decode_scalar(self._scalar(shape), sensitive)

    def _structure(self, shape: Any, sensitive: bool) -> Decode:
        if shape.metadata.get("document") or shape.metadata.get("eventstream"):
            raise ModelError(f"{shape.name} is a document or an event stream")
        shape_name = shape.name
        members = tuple(
            (
                name,
                key_in_values(name, member),
                name in shape.required_members,
                self.compile(member, sensitive=sensitive),
            )
            for name, member in shape.members.items()
        )

        def decode(value: Any, path: Path, violations: Violations) -> Any:
            if value.__class__ is not dict:
                raise wrong_type(path, value, shape_name)
            result = {}
            get = value.get
            for name, wire, required, decode_member in members:
                item = get(wire)
                if item is not None:
                    result[name] = decode_member(item, (path, name), violations)
                elif required:
                    violations.add_missing((path, name))
            return result

        if not getattr(shape, "is_tagged_union", False):
            return decode
        one_of = f"Member must have exactly one of [{', '.join(shape.members)}] set"

        def decode_union(value: Any, path: Path, violations: Violations) -> Any:
            result = decode(value, path, violations)
            if violations.strict:
                # Smithy lets a name of the type stand beside the member.
                given = sum(item is not None for name, item in value.items() if name != "__type")
                if given != 1 or len(result) != 1:
                    raise serialization_error(f"What stands at '{render(path)}' is no union: {one_of}.")
            if len(result) != 1:
                violations.add(path, None, one_of)
            return result

        return decode_union

    def _list(self, shape: Any, sensitive: bool) -> Decode:
        if shape.member.type_name not in _CONTAINERS:
            return self._list_of_scalars(shape, sensitive)
        broken = _broken_length(shape)
        shape_name, item_name = shape.name, shape.member.name
        decode_item = self.compile(shape.member, sensitive=sensitive)

        def decode(value: Any, path: Path, violations: Violations) -> Any:
            if value.__class__ is not list:
                raise wrong_type(path, value, shape_name)
            if broken is not None and (constraint := broken(value)):
                violations.add(path, None, constraint)
                return value
            result = []
            for position, item in enumerate(value, 1):
                if item is None:
                    violations.add_null((path, position), item_name)
                else:
                    result.append(decode_item(item, (path, position), violations))
            return result

        return decode

    def _list_of_scalars(self, shape: Any, sensitive: bool) -> Decode:
        broken = _broken_length(shape)
        shape_name, item_name = shape.name, shape.member.name
        scalar = self._scalar(shape.member)
        convert, accepts = scalar.convert or _to_string, scalar.accepts
        item_constraint = f"Member must satisfy constraint: [{scalar.worded}]"
        shows = not (sensitive or shape.member.metadata.get("sensitive"))

        def decode(value: Any, path: Path, violations: Violations) -> Any:
            if value.__class__ is not list:
                raise wrong_type(path, value, shape_name)
            if broken is not None and (constraint := broken(value)):
                violations.add(path, show(value) if shows else None, constraint)
                return value
            result = [None if item is None else convert(item, (path, n)) for n, item in enumerate(value, 1)]
            if not all(item is not None and (accepts is None or accepts(item)) for item in result):
                if violations.strict and None in result:
                    raise wrong_type((path, result.index(None) + 1), None, item_name)
                violations.add(path, show(value) if shows else None, item_constraint)
            return result

        return decode

    def _map(self, shape: Any, sensitive: bool) -> Decode:
        broken = _broken_length(shape)
        shape_name, item_name = shape.name, shape.value.name
        key = self._scalar(shape.key)
        key_accepts = key.accepts
        key_constraint = f"Map keys must satisfy constraint: [{key.worded}]"
        if shape.value.type_name in _CONTAINERS:
            return self._map_of_containers(shape, sensitive, broken, key_accepts, key_constraint)
        scalar = self._scalar(shape.value)
        convert, accepts = scalar.convert, scalar.accepts
        accepted_keys: set[str] = set()
        value_constraint = f"Map value must satisfy constraint: [{scalar.worded}]"
        shows = not (sensitive or shape.key.metadata.get("sensitive") or shape.value.metadata.get("sensitive"))

        def decode(value: Any, path: Path, violations: Violations) -> Any:
            if value.__class__ is not dict:
                raise wrong_type(path, value, shape_name)
            if broken is not None and (constraint := broken(value)):
                violations.add(path, show(value) if shows else None, constraint)
                return value
            keys_hold = values_hold = True
            result = {}
            for name, item in value.items():
                if name not in accepted_keys:
                    if key_accepts is not None and not key_accepts(name):
                        keys_hold = False
                    elif len(name) <= _REMEMBERED_LENGTH and len(accepted_keys) < _REMEMBERED_KEYS:
                        accepted_keys.add(name)
                if item is None:
                    if violations.strict:
                        raise wrong_type(path, None, item_name)
                    values_hold = False
                    continue
                if convert is not None:
                    item = convert(item, path)
                elif item.__class__ is not str:
                    raise wrong_type(path, item, "String")
                if accepts is not None and not accepts(item):
                    values_hold = False
                result[name] = item
            if not keys_hold:
                violations.add(path, show(value) if shows else None, key_constraint)
            if not values_hold:
                violations.add(path, show(value) if shows else None, value_constraint)
            return result

        return decode

    def _map_of_containers(
        self,
        shape: Any,
        sensitive: bool,
        broken: Callable[[Any], str | None] | None,
        key_accepts: Holds | None,
        key_constraint: str,
    ) -> Decode:
        shape_name, item_name = shape.name, shape.value.name
        decode_item = self.compile(shape.value, sensitive=sensitive)

        def decode(value: Any, path: Path, violations: Violations) -> Any:
            if value.__class__ is not dict:
                raise wrong_type(path, value, shape_name)
            if broken is not None and (constraint := broken(value)):
                violations.add(path, None, constraint)
                return value
            result = {}
            for position, (name, item) in enumerate(value.items(), 1):
                # A key that breaks its constraints, or that is sensitive, has no place in a path.
                holds = key_accepts is None or key_accepts(name)
                step = f"{name}.member" if holds and not sensitive else position
                if not holds:
                    violations.add(path, None, key_constraint)
                if item is None:
                    violations.add_null((path, step), item_name)
                else:
                    result[name] = decode_item(item, (path, step), violations)
            return result

        return decode

    def _scalar(self, shape: Any) -> _Scalar:
        metadata = shape.metadata
        match shape.type_name:
            case "string":
                return self._string(shape)
            case "integer" | "long":
                return _with_range(integer_converter(_INTEGER_BITS[shape.type_name]), metadata)
            case "double" | "float":
                return _with_range(to_float, metadata)
            case "boolean":
                return _Scalar(to_boolean, None, ())
            case "timestamp":
                match timestamp_format(shape):
                    case "iso8601":
                        return _Scalar(from_iso8601, None, ())
                    case "unixtimestamp":
                        return _Scalar(from_unix_time, None, ())
                    case other:
                        raise ModelError(f"{shape.name} is a timestamp of the format {other}")
            case other:
                raise ModelError(f"{shape.name} is of the type {other}")

    def _string(self, shape: Any) -> _Scalar:
        metadata = shape.metadata
        constraints: list[tuple[str, Holds]] = []
        least, most = metadata.get("min", 0), metadata.get("max", sys.maxsize)
        if "max" in metadata:
            constraints.append((_at_most("length", most), lambda value: len(value) <= most))
        if least:
            constraints.append((_at_least("length", least), lambda value: len(value) >= least))
        if shape.enum:
            allowed = frozenset(shape.enum)
            wording = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
            constraints.append((wording, allowed.__contains__))
        pattern = self._pattern_of(shape)
        if pattern is not None:
            wording = f"Member must satisfy regular expression pattern: {pattern[0]}"
            # The commonest pattern of all, for a sixth of what the regular expression costs.
            if pattern[0] == ".*" and not shape.enum:
                constraints.append((wording, lambda value: "\n" not in value))
                return _Scalar(
                    None, lambda value: least <= len(value) <= most and "\n" not in value, tuple(constraints)
                )
            matches = pattern[1]
            constraints.append((wording, matches))
        if shape.enum:
            return _Scalar(None, _all_of(constraints), tuple(constraints))
        if pattern is not None:
            return _Scalar(None, lambda value: least <= len(value) <= most and matches(value), tuple(constraints))
        return _Scalar(None, (lambda value: least <= len(value) <= most) if constraints else None, tuple(constraints))


def wire_name(name: str, shape: Any) -> str:
    """What a member is called in JSON, in the query, in the path or as a header."""
    return str(shape.serialization.get("name", name))


def key_in_values(name: str, shape: Any) -> str:
    """Under which key a structure's decoder finds a member: its name in JSON, or its own if it is not in the body."""
    return name if "location" in shape.serialization else wire_name(name, shape)


def timestamp_format(shape: Any, default: str = "unixtimestamp") -> str:
    """``default`` is the protocol's: unixtimestamp in a body, iso8601 in a query or path, rfc822 in a header."""
    return str(shape.serialization.get("timestampFormat", default)).lower()


def text_reader(shape: Any) -> Convert | None:
    """Turns the text of a path label, query parameter or header into the JSON value that the shape's decoder takes.

    None when it takes the text as it is.
    """
    match shape.type_name:
        case "string":
            return None
        case "timestamp" if timestamp_format(shape, "") == "iso8601":
            return None
        case "integer" | "long":
            return read_integer
        case "double" | "float":
            return read_decimal
        case "boolean":
            return read_boolean
        case other:
            raise ModelError(f"{shape.name} is of the type {other}, outside of the body")


def _to_string(value: Any, path: Path) -> str:
    if value.__class__ is not str:
        raise wrong_type(path, value, "String")
    return str(value)


def _decode_scalar(scalar: _Scalar, sensitive: bool) -> Decode:
    convert, accepts, constraints = scalar.convert, scalar.accepts, scalar.constraints

    def decode(value: Any, path: Path, violations: Violations) -> Any:
        if convert is not None:
            value = convert(value, path)
        elif value.__class__ is not str:
            raise wrong_type(path, value, "String")
        if accepts is not None and not accepts(value):
            broken = next(text for text, holds in constraints if not holds(value))
            violations.add(path, None if sensitive else show(value), broken)
        return value

    return decode


def _at_least(what: str, bound: float) -> str:
    return f"Member must have {what} greater than or equal to {bound}"


def _at_most(what: str, bound: float) -> str:
    return f"Member must have {what} less than or equal to {bound}"


def _all_of(constraints: list[tuple[str, Holds]]) -> Holds:
    holds = tuple(hold for _, hold in constraints)
    return holds[0] if len(holds) == 1 else lambda value: all(hold(value) for hold in holds)


def _broken_length(shape: Any) -> Callable[[Any], str | None] | None:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", sys.maxsize)
    if not least and most == sys.maxsize:
        return None
    too_many, too_few = _at_most("length", most), _at_least("length", least)

    def broken(value: Any) -> str | None:
        if len(value) > most:
            return too_many
        return too_few if len(value) < least else None

    return broken


def _with_range(convert: Convert, metadata: Mapping[str, Any]) -> _Scalar:
    constraints: list[tuple[str, Holds]] = []
    least, most = metadata.get("min", -sys.float_info.max), metadata.get("max", sys.float_info.max)
    if "max" in metadata:
        constraints.append((_at_most("value", metadata["max"]), lambda value: value <= most))
    if "min" in metadata:
        constraints.append((_at_least("value", metadata["min"]), lambda value: value >= least))
    return _Scalar(convert, (lambda value: least <= value <= most) if constraints else None, tuple(constraints))
