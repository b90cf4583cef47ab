"""Every constraint of a model, at every place where a request can break it, with a value just inside and just outside.

Nothing is listed by hand: a constraint that is new in a model makes new cases.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aws.support import PATTERNS, input_shape, members_within
from trunkcall.aws.protocol import HttpRequest


@dataclass(frozen=True, slots=True)
class Variant:
    """A value, and what is wrong with it: ``path`` and ``constraint`` (None: nothing), or a wrong JSON type."""

    value: Any
    path: str
    about: str
    constraint: str | None = None
    wrong_type: bool = False

    def inside(self, step: str, value: Any) -> Variant:
        path = f"{step}.{self.path}" if self.path else step
        return Variant(value, path, self.about, self.constraint, self.wrong_type)


@dataclass(frozen=True, slots=True)
class Case:
    service: str
    operation: str
    variant: Variant
    labels: Mapping[str, str]
    request: HttpRequest


def cases(service: str, operation: str) -> Iterator[Case]:
    shape = input_shape(operation, service)
    if shape is None:
        return
    for variant in variants(shape):
        if isinstance(variant.value, dict) and all(_can_be_sent(shape, variant)):
            labels, request = _sent(shape, variant.value)
            yield Case(service, operation, variant, labels, request)


def _can_be_sent(shape: Any, variant: Variant) -> Iterator[bool]:
    """Outside of the body there are no types, no null and nothing empty."""
    for name, member in shape.members.items():
        if member.serialization.get("location"):
            value = variant.value.get(name, "")
            texts = value if isinstance(value, list) else [value]
            yield all(isinstance(text, str | int) and text for text in texts)
            yield not (variant.wrong_type and variant.path == name)
            yield name in variant.value and bool(texts)


def _sent(shape: Any, value: Mapping[str, Any]) -> tuple[dict[str, str], HttpRequest]:
    labels, query, body = {}, [], {}
    for name, item in value.items():
        serialization = shape.members[name].serialization
        match serialization.get("location"):
            case "uri":
                labels[serialization["name"]] = item
            case "querystring":
                texts = item if isinstance(item, list) else [item]
                query += [f"{serialization['name']}={quote(str(text), safe='')}" for text in texts]
            case _:
                body[name] = item
    return labels, HttpRequest("POST", b"/", "&".join(query).encode(), {}, json.dumps(body).encode())


def good(shape: Any, around: tuple[str, ...] = ()) -> Any:
    """A value of the shape with nothing wrong, and with everything in it that can be."""
    return next(variants(shape, around)).value


def variants(shape: Any, around: tuple[str, ...] = ()) -> Iterator[Variant]:
    """``around`` are the shapes in which it stands."""
    match shape.type_name:
        case "structure":
            yield from _structure(shape, around)
        case "list":
            yield from _list(shape, around)
        case "map":
            yield from _map(shape, around)
        case "string":
            yield from _string(shape)
        case "boolean":
            yield Variant(True, "", "true")
            yield from _wrong_types("true", 1, [], {})
        case "timestamp":
            yield Variant("2030-01-02T03:04:05Z", "", "an instant")
            yield from _wrong_types(1893553445, "tomorrow", True, "2030-01-02", "2030-13-01T00:00:00Z")
        case "integer" | "long" | "double":
            yield from _number(shape)
        case other:
            raise AssertionError(other)


def _structure(shape: Any, around: tuple[str, ...]) -> Iterator[Variant]:
    within = (*around, shape.name)
    members = {name: list(variants(member, within)) for name, member in members_within(shape, around).items()}
    if getattr(shape, "is_tagged_union", False):
        for name, found in members.items():
            yield from (variant.inside(name, {name: variant.value}) for variant in found)
        one_of = f"Member must have exactly one of [{', '.join(members)}] set"
        yield Variant({}, "", "none", one_of)
        if len(members) > 1:
            yield Variant({name: found[0].value for name, found in members.items()}, "", "all", one_of)
    else:
        everything = {name: found[0].value for name, found in members.items()}
        yield Variant(everything, "", "everything")
        yield Variant({name: everything[name] for name in shape.required_members}, "", "only what is required")
        for name, found in members.items():
            yield from (variant.inside(name, {**everything, name: variant.value}) for variant in found)
            if name in shape.required_members:
                without = {other: value for other, value in everything.items() if other != name}
                yield Variant(without, name, "absent", "Member must not be null")
                yield Variant({**everything, name: None}, name, "null", "Member must not be null")
            else:
                yield Variant({**everything, name: None}, name, "null")
    yield from _wrong_types([], "text", 1)


def _list(shape: Any, around: tuple[str, ...]) -> Iterator[Variant]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    first = good(shape.member, around)
    yield Variant([first] * max(least, 1), "", "one")
    if most is not None:
        yield Variant([first] * most, "", f"{most} items")
        yield Variant([first] * (most + 1), "", f"{most + 1} items", _at_most("length", most))
    if least:
        yield Variant([first] * (least - 1), "", f"{least - 1} items", _at_least("length", least))
    container = shape.member.type_name in {"structure", "list", "map"}
    for variant in variants(shape.member, around):
        if container:
            yield variant.inside("1.member", [variant.value])
        elif variant.constraint is not None:
            yield Variant([variant.value], "", variant.about, "Member must satisfy constraint: [")
        else:
            yield Variant([variant.value], "", variant.about, wrong_type=variant.wrong_type)
    constraint = "Member must not be null" if container else "Member must satisfy constraint: ["
    yield Variant([None], "1.member" if container else "", "null item", constraint)
    yield from _wrong_types({}, "text", 1)


def _map(shape: Any, around: tuple[str, ...]) -> Iterator[Variant]:
    key, value = good(shape.key), good(shape.value, around)
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    yield Variant({key: value}, "", "one")
    if most is not None:
        many = {f"{key}{n}": value for n in range(most + 1)}
        yield Variant(many, "", f"{most + 1} entries", _at_most("length", most))
        yield Variant(dict(list(many.items())[1:]), "", f"{most} entries")
    yield Variant({}, "", "empty", _at_least("length", least) if least else None)
    for variant in variants(shape.key):
        if not variant.wrong_type:
            constraint = "Map keys must satisfy constraint: [" if variant.constraint else None
            yield Variant({variant.value: value}, "", f"key of {variant.about}", constraint)
    for variant in variants(shape.value, around):
        if shape.value.type_name in {"structure", "list", "map"}:
            yield variant.inside(f"{key}.member", {key: variant.value})
        else:
            constraint = "Map value must satisfy constraint: [" if variant.constraint else None
            yield Variant({key: variant.value}, "", f"value of {variant.about}", constraint, variant.wrong_type)
    yield from _wrong_types([], "text", 1)


def _string(shape: Any) -> Iterator[Variant]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    pattern = shape.metadata.get("pattern")
    if shape.enum:
        yield from (Variant(value, "", value) for value in shape.enum)
        yield Variant("nothing", "", "no member", f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    elif pattern is not None:
        example = PATTERNS[pattern]
        shortest = max(least, 1, len(example.prefix) + len(example.suffix) + bool(example.fill))
        yield Variant(example.of_length(shortest), "", f"{shortest} characters")
        if most is not None and example.fill and len(example.of_length(most)) == most:
            yield Variant(example.of_length(most), "", f"{most} characters")
        if example.broken is not None:
            yield Variant(
                example.broken, "", "a broken pattern", f"Member must satisfy regular expression pattern: {pattern}"
            )
    else:
        yield Variant("é" * max(least, 1), "", "a few characters")
        if most is not None:
            yield Variant("\U0001f600" * most, "", f"{most} characters")
    if most is not None and not shape.enum:
        yield Variant("x" * (most + 1), "", f"{most + 1} characters", _at_most("length", most))
    if least:
        yield Variant("x" * (least - 1), "", f"{least - 1} characters", _at_least("length", least))
    yield from _wrong_types(1, True, [], {})


def _number(shape: Any) -> Iterator[Variant]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    step = 1e-9 if shape.type_name == "double" else 1
    yield Variant(least if least is not None else 1, "", "the least")
    if most is not None:
        yield Variant(most, "", "the most")
        yield Variant(most + step, "", "more than the most", _at_most("value", most))
    if least is not None:
        yield Variant(least - step, "", "less than the least", _at_least("value", least))
    yield from _wrong_types("1", True, [], {})
    if shape.type_name != "double":
        yield from _wrong_types(1.5, 2**31 if shape.type_name == "integer" else 2**63)


def _wrong_types(*values: Any) -> Iterator[Variant]:
    for value in values:
        yield Variant(value, "", f"wrong type {json.dumps(value)}", wrong_type=True)


def _at_most(what: str, bound: Any) -> str:
    return f"Member must have {what} less than or equal to {bound}"


def _at_least(what: str, bound: Any) -> str:
    return f"Member must have {what} greater than or equal to {bound}"
