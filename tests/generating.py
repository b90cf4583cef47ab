"""Requests that nobody would write by hand, drawn from the service model.

What a member may hold is read from botocore's model and nothing else. Personal data among what is drawn, where the
model says ``sensitive``, always contains one of ``CONFIDENTIAL``, so that a leak can be searched for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from hypothesis import strategies as st

from aws.support import PATTERNS, botocore_model, members_within
from trunkcall.aws.model import CAMPAIGNS_V1

SERVICE = CAMPAIGNS_V1

CONFIDENTIAL = ("2125550123", "7946095501", "kompromat")
"""The digits of two telephone numbers, and a word in every attribute."""

STATES = ("Initialized", "Running", "Paused", "Stopped")
KNOWN: Mapping[str, tuple[str, ...]] = {
    "CampaignId": (*(f"{{{state}}}" for state in STATES), "{Running-arn}", "00000000-0000-4000-8000-000000000000"),
    "Arn": ("{Initialized-arn}", "{Running-arn}", "arn:aws:connect-campaigns:us-east-1:000000000000:campaign/none"),
    "InstanceId": ("{instance}", "{instance}", "{instance}", "00000000-0000-4000-8000-000000000000"),
    "ContactFlowId": ("{contact-flow}",),
    "QueueId": ("{queue}",),
    "SourcePhoneNumber": ("{source-phone-number}",),
    # Of the contact centre.
    "ARN": ("{instance-arn}", "{queue-arn}", "{user-arn}", "arn:aws:connect:us-east-1:000000000000:instance/none"),
    "AgentStatusId": ("{agent-status}",),
    "Channel": ("VOICE",) * 12,
    "ContactFlowContent": ("{flow-content}",),
    "HoursOfOperationId": ("{hours}", "{hours-in-use}"),
    "HoursOfOperationOverrideId": ("{override}",),
    "InstanceAttributeValue": ("true", "false"),
    "PhoneNumberId": ("{number}",),
    "RoutingProfileId": ("{routing-profile}", "{routing-profile-in-use}"),
    "SecurityProfileId": ("{security-profile}",),
    "TimeZone": ("UTC", "Europe/Berlin"),
    "UserId": ("{user}",),
}
"""Names of things that exist, and what leads further than other values, by shape. What stands in braces is filled in
when the request is sent."""

Kind = Literal["valid", "nearly valid", "wild"]
Strategy: TypeAlias = st.SearchStrategy[Any]


@dataclass(frozen=True, slots=True)
class Mangle:
    """What is done to the bytes of a body."""

    name: str
    change: Callable[[bytes], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One request for an operation, before what exists is filled in. ``mangle`` is done to its body."""

    operation: str
    kind: Kind
    values: Mapping[str, Any]
    mangle: Mangle | None = None
    headers: tuple[tuple[str, str], ...] = ()
    more_query: str = ""
    service: str = SERVICE


@dataclass(frozen=True, slots=True)
class Sendable:
    """A request as it goes out, but for its signature."""

    method: str
    path: bytes
    query: bytes
    headers: tuple[tuple[str, str], ...]
    body: bytes


# --- Drawing -----------------------------------------------------------------------------------------------------


def valid_requests(operation: str, service: str = SERVICE) -> st.SearchStrategy[Drawn]:
    """Requests that the model allows, about things that mostly exist."""
    shape = _input_shape(operation, service)
    return st.builds(Drawn, st.just(operation), st.just("valid"), values(shape), service=st.just(service))


def nearly_valid_requests(operation: str, service: str = SERVICE) -> list[st.SearchStrategy[Drawn]]:
    """Requests in which exactly one constraint, or one type, is broken: a strategy for each that there is."""
    broken = _breaks_of_structure(_input_shape(operation, service), (), sensitive=False)
    kind, of = st.just("nearly valid"), st.just(service)
    return [st.builds(Drawn, st.just(operation), kind, wrong, service=of) for wrong in broken]


def wild_requests(operation: str, service: str = SERVICE) -> st.SearchStrategy[Drawn]:
    """Requests with anything at any place, and bodies that are no JSON."""
    content_type = st.sampled_from(["application/json", "application/x-amz-json-1.1", "text/plain", "", "\x80/json;;"])
    return st.builds(
        Drawn,
        st.just(operation),
        st.just("wild"),
        wild_values(_input_shape(operation, service)),
        st.none() | mangles(),
        content_type.map(lambda value: (("content-type", value),) if value else ()),
        st.sampled_from(["", "", "x=1", "id=other&&=&%20", "tagKeys=a&tagKeys=%zz", "%ff=%00", "X-Amz-Date=never"]),
        st.just(service),
    )


def values(
    shape: Any, *, sensitive: bool = False, outside: str | None = None, around: tuple[str, ...] = ()
) -> Strategy:
    """JSON values that break no constraint of the shape, without what would hold one of those ``around`` it."""
    sensitive = sensitive or _is_sensitive(shape)
    metadata = shape.metadata
    inside = (*around, shape.name)
    match shape.type_name:
        case "structure" if getattr(shape, "is_tagged_union", False):
            return st.one_of(*(st.fixed_dictionaries({name: values(m)}) for name, m in shape.members.items()))
        case "structure":
            drawn = {
                name: values(member, sensitive=sensitive, outside=member.serialization.get("location"), around=inside)
                for name, member in members_within(shape, around).items()
            }
            required = {name: strategy for name, strategy in drawn.items() if name in shape.required_members}
            optional = {name: strategy for name, strategy in drawn.items() if name not in required}
            return st.fixed_dictionaries(required, optional=optional)
        case "list":
            # No parameter in the query can't be told from an empty list, and counts as absent.
            least = max(metadata.get("min", 0), outside == "querystring")
            return st.lists(
                values(shape.member, sensitive=sensitive, around=inside),
                min_size=least,
                max_size=min(metadata.get("max", 4), 4),
            )
        case "map":
            return st.dictionaries(
                values(shape.key, sensitive=sensitive),
                values(shape.value, sensitive=sensitive),
                min_size=metadata.get("min", 0),
                max_size=3,
            )
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(metadata.get("min", -(2**31)), metadata.get("max", 2**31 - 1))
        case "long":
            return st.integers(metadata.get("min", -(2**63)), metadata.get("max", 2**63 - 1))
        case "double":
            return st.floats(metadata.get("min", 0), metadata.get("max", 1e9), allow_nan=False)
        case "timestamp":
            return _timestamps()
        case "string":
            return _strings(shape, sensitive, in_path=outside == "uri")
        case other:
            raise AssertionError(other)


def wild_values(shape: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs of an operation with anything at any place, and members that do not exist."""
    members = {
        name: st.one_of(
            values(member, outside=member.serialization.get("location")),
            _wild(member, (shape.name,), sensitive=False)
            if not member.serialization.get("location")
            else _wild_texts(member),
        )
        for name, member in shape.members.items()
    }
    in_path = {name: s for name, s in members.items() if shape.members[name].serialization.get("location") == "uri"}
    elsewhere = {name: strategy for name, strategy in members.items() if name not in in_path}
    unknown = st.dictionaries(st.text(max_size=8), anything(), max_size=2)
    known = st.fixed_dictionaries(in_path, optional=elsewhere)
    return st.builds(lambda extra, given: {**extra, **given}, unknown, known)


def anything(*, sensitive: bool = False) -> Strategy:
    """Any JSON value, lone surrogates and numbers of any size included."""
    if sensitive:
        leaf: Strategy = st.sampled_from(
            [CONFIDENTIAL[2], f"{CONFIDENTIAL[2]}\ud800", f"{CONFIDENTIAL[2]}\x00", int(CONFIDENTIAL[0]), True, None]
        )
        names: st.SearchStrategy[str] = st.just(CONFIDENTIAL[2])
    else:
        leaf = st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(2**70), 2**70),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(st.characters(), max_size=12),
            st.sampled_from(["\ud800", "\udc00\ud800", "\x00", "\u202e", "\ufeff", "x" * 70_000, "../..", "${jndi:x}"]),
        )
        names = st.text(max_size=6)
    return st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=2), max_leaves=5
    )


def mangles() -> st.SearchStrategy[Mangle]:
    """Bodies that are not, or not quite, the JSON that they were."""
    return st.sampled_from(_MANGLES)


_MANGLES = (
    Mangle("no body", lambda body: b""),
    Mangle("not JSON", lambda body: b"id=1&name=x"),
    Mangle(
        "XML", lambda body: b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"
    ),
    Mangle("cut short", lambda body: body[: len(body) // 2]),
    Mangle("something after it", lambda body: body + body),
    Mangle("a byte order mark", lambda body: b"\xef\xbb\xbf" + body),
    Mangle("UTF-16", lambda body: body.decode().encode("utf-16")),
    Mangle("not UTF-8", lambda body: body.replace(b'"', b'"\xff', 1)),
    Mangle("a raw control character", lambda body: body.replace(b'"', b'"\n\x00', 1)),
    Mangle("a list", lambda body: b"[" + body + b"]"),
    Mangle("a string", lambda body: json.dumps(body.decode()).encode()),
    Mangle("null", lambda body: b"null"),
    Mangle("a number", lambda body: b"-0"),
    Mangle("white space", lambda body: b" \t\r\n"),
    Mangle("NaN", lambda body: _with_member(body, b'"nextToken":NaN')),
    Mangle("infinities", lambda body: _with_member(body, b'"maxResults":-Infinity,"name":Infinity')),
    Mangle("numbers beyond a double", lambda body: _with_member(body, b'"maxResults":1e999,"name":' + b"9" * 400)),
    Mangle("members twice", lambda body: body[:-1] + b"," + body[1:] if len(body) > 2 else b'{"a":1,"a":2}'),
    Mangle("a member twice, by escapes", lambda body: _with_member(body, b'"name":"a","n\\u0061me":"b","id":"c"')),
    Mangle("half a surrogate pair", lambda body: _with_member(body, b'"name":"\\ud800","filters":"\\udc00"')),
    Mangle("a broken escape", lambda body: _with_member(body, b'"name":"\\u00"')),
    Mangle("deep lists", lambda body: _with_member(body, b'"tags":' + b"[" * 5_000 + b"]" * 5_000)),
    Mangle("deep objects", lambda body: _with_member(body, b'"tags":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000)),
    Mangle("deep and open", lambda body: b"[" * 50_000),
    Mangle("comments", lambda body: b"/* hello */" + body),
    Mangle("single quotes", lambda body: body.replace(b'"', b"'")),
    Mangle("a long name", lambda body: _with_member(body, b'"' + b"k" * 60_000 + b'":1')),
    Mangle("many members", lambda body: _with_member(body, b",".join(b'"m%d":%d' % (n, n) for n in range(5_000)))),
)


def _with_member(body: bytes, member: bytes) -> bytes:
    return b"{" + member + (b"," + body[1:] if len(body) > 2 else b"}")


def _input_shape(operation: str, service: str) -> Any:
    return botocore_model(service).operation_model(operation).input_shape


def _is_sensitive(shape: Any) -> bool:
    return bool(shape.metadata.get("sensitive"))


def _timestamps() -> st.SearchStrategy[str]:
    at = st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1))  # noqa: DTZ001 - the zone is written as text
    soon = st.integers(1, 10_000).map(lambda days: (datetime.now(UTC) + timedelta(days=days)).replace(tzinfo=None))
    return st.builds(
        lambda moment, zone: moment.isoformat() + zone, soon | at, st.sampled_from(["Z", "+05:30", "-11:00"])
    )


def _strings(shape: Any, sensitive: bool, *, in_path: bool) -> st.SearchStrategy[str]:
    if shape.enum:
        return st.sampled_from([*shape.enum, *KNOWN.get(shape.name, ())])
    if sensitive:
        return _confidential(shape)
    least, most = shape.metadata.get("min", 0), min(shape.metadata.get("max", 40), 40)
    pattern = shape.metadata.get("pattern")
    if pattern is None:
        # An empty label of a path is absent, and dots are another path.
        arbitrary = st.text(min_size=max(least, in_path), max_size=most)
        arbitrary = arbitrary.filter(lambda value: value not in {".", ".."}) if in_path else arbitrary
    elif pattern == r"[\S]*":
        text = st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=max(least, 1), max_size=most)
        arbitrary = text.filter(lambda value: value not in {".", ".."} and "{" not in value)
    else:
        example = PATTERNS[pattern]
        shortest = max(least, len(example.prefix) + len(example.suffix) + bool(example.fill))
        arbitrary = st.integers(shortest, max(shortest, most)).map(example.of_length)
    known = KNOWN.get(shape.name)
    if known is None:
        return arbitrary
    # Mostly something that is there: an operation that names five things succeeds only where all of them are.
    # Not by ``one_of``, which takes equal strategies for one.
    return st.integers(0, 5).flatmap(lambda number: st.sampled_from(known) if number else arbitrary)


def _confidential(shape: Any) -> st.SearchStrategy[str]:
    """Personal data that breaks no constraint."""
    pattern = shape.metadata.get("pattern")
    if pattern is None and shape.metadata.get("max", 60) > 20:
        return st.text(max_size=12).map(lambda text: CONFIDENTIAL[2] + text)
    if "+[1-9]" in (pattern or ""):
        return st.sampled_from(["+1" + CONFIDENTIAL[0], "+44" + CONFIDENTIAL[1]])
    if shape.name in {"DirectoryAlias", "Password"}:
        return st.integers(0, 99).map(lambda number: f"{CONFIDENTIAL[2]}-A{number}")
    if pattern == r"[\d\-+]*":
        return st.sampled_from(
            ["+1" + CONFIDENTIAL[0], "+44" + CONFIDENTIAL[1], CONFIDENTIAL[0], "+-" + CONFIDENTIAL[1]]
        )
    if pattern == ".*":
        return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=12).map(
            lambda text: CONFIDENTIAL[2] + text
        )
    if pattern == r"[a-zA-Z0-9\-_]+":
        return st.integers(0, 99).map(lambda number: f"{CONFIDENTIAL[2]}-{number}")
    raise AssertionError(f"{shape.name} is sensitive; what would be a marked value of it?")


# --- One thing wrong ---------------------------------------------------------------------------------------------


def _breaks(
    shape: Any, around: tuple[str, ...], *, sensitive: bool = False, outside: str | None = None
) -> list[Strategy]:
    """A strategy for each thing that can be wrong. None where a shape has no constraints and its text stands outside of
    the body, where there are no types. ``around`` are the shapes in which it stands."""
    sensitive = sensitive or _is_sensitive(shape)
    match shape.type_name:
        case "structure" if getattr(shape, "is_tagged_union", False):
            found = _breaks_of_union(shape, around, sensitive)
        case "structure":
            found = _breaks_of_structure(shape, around, sensitive)
        case "list":
            found = _breaks_of_list(shape, around, sensitive, outside)
        case "map":
            found = _breaks_of_map(shape, around, sensitive)
        case "string":
            found = _breaks_of_string(shape, sensitive)
        case "integer" | "long" | "double":
            found = _breaks_of_number(shape)
        case "boolean" | "timestamp":
            found = []
        case other:
            raise AssertionError(other)
    return found if outside else found + _wrong_types(shape, sensitive)


def _breaks_of_structure(shape: Any, around: tuple[str, ...], sensitive: bool) -> list[Strategy]:
    whole = values(shape, sensitive=sensitive, around=around)
    found: list[Strategy] = []
    for name, member in members_within(shape, around).items():
        outside = member.serialization.get("location")
        inner = _breaks(member, (*around, shape.name), sensitive=sensitive, outside=outside)
        if name in shape.required_members and outside is None:
            found.append(whole.map(partial(_without, name)))
            inner.append(st.none())
        found += [st.builds(partial(_replaced, name), whole, wrong) for wrong in inner]
    return found


def _breaks_of_union(shape: Any, around: tuple[str, ...], sensitive: bool) -> list[Strategy]:
    found: list[Strategy] = [st.just({}), st.just(dict.fromkeys(shape.members))]
    found.append(st.fixed_dictionaries({name: values(m) for name, m in list(shape.members.items())[:2]}))
    for name, member in shape.members.items():
        inner = _breaks(member, (*around, shape.name), sensitive=sensitive)
        found += [st.fixed_dictionaries({name: wrong}) for wrong in inner]
    return found


def _breaks_of_list(shape: Any, around: tuple[str, ...], sensitive: bool, outside: str | None) -> list[Strategy]:
    item = values(shape.member, sensitive=sensitive, around=around)
    found: list[Strategy] = []
    most, least = shape.metadata.get("max"), shape.metadata.get("min", 0)
    if most is not None:
        found.append(item.map(lambda value: [value] * (most + 1)))
    if least and outside is None:
        found.append(st.just([]))
    inner = _breaks(shape.member, around, sensitive=sensitive, outside=outside)
    if outside is None:
        inner.append(st.none())
    return [*found, *(st.builds(_appended, st.lists(item, max_size=2), wrong) for wrong in inner)]


def _breaks_of_map(shape: Any, around: tuple[str, ...], sensitive: bool) -> list[Strategy]:
    key, value = values(shape.key, sensitive=sensitive), values(shape.value, sensitive=sensitive)
    # The type of a key can't be wrong.
    found: list[Strategy] = [
        st.dictionaries(wrong, value, min_size=1, max_size=1) for wrong in _breaks_of_string(shape.key, sensitive)
    ]
    inner = [*_breaks(shape.value, around, sensitive=sensitive), st.none()]
    return [*found, *(st.dictionaries(key, wrong, min_size=1, max_size=1) for wrong in inner)]


def _breaks_of_string(shape: Any, sensitive: bool) -> list[Strategy]:
    if shape.enum:
        return [st.sampled_from(["", "nothing", shape.enum[0].lower(), shape.enum[0] + " "])]
    mark = (CONFIDENTIAL[0] if "\\d" in shape.metadata.get("pattern", "") else CONFIDENTIAL[2]) if sensitive else ""
    found: list[Strategy] = []
    most, least, pattern = (shape.metadata.get(name) for name in ("max", "min", "pattern"))
    if most is not None:
        found.append(st.sampled_from([1, 2, 500]).map(lambda more: mark + "7" * (most + more - len(mark))))
    if least:
        found.append(st.integers(1, least - 1).map(lambda length: "7" * length) if least > 1 else st.just(""))
    if pattern is not None:
        # A newline at the very end is what `$` would let pass.
        head = "" if pattern.lstrip("^").startswith(("arn", "(?!")) else mark
        ends = [PATTERNS[pattern].broken, "\n", "a b\n", "\u0085 \n", "\u2003\n"]
        if "\\r\\n" in pattern or ends[0] is None:  # where a newline breaks nothing
            ends = ends[:1]
        texts = [head + end for end in ends if end is not None and len(head + end) >= (least or 0)]
        if texts:
            found.append(st.sampled_from(texts))
    return found


def _breaks_of_number(shape: Any) -> list[Strategy]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    step = 1e-9 if shape.type_name == "double" else 1
    found: list[Strategy] = []
    if most is not None:
        found.append(st.sampled_from([most + step, most * 1000 + 1, 2**31 - 1]))
    if least is not None:
        found.append(st.sampled_from([least - step, -(2**31)]))
    return found


def _wrong_types(shape: Any, sensitive: bool) -> list[Strategy]:
    mark = CONFIDENTIAL[2] if sensitive else "x"
    wrong: dict[str, list[Any]] = {
        "structure": [[], mark, 0, True],
        "list": [{}, {mark: mark}, mark, 0, True],
        "map": [[mark], mark, 0, True],
        "string": [int(CONFIDENTIAL[0]) if sensitive else 1, 0.5, True, [mark], {mark: mark}],
        "integer": [mark, True, [], {}, 1.5, 2**31, 2**70],
        "long": [mark, True, [], {}, 1.5, 2**63, 2**70],
        "double": [mark, "0.5", True, [], {}, 10**400],
        "boolean": [mark, "true", 1, 0, []],
        "timestamp": [mark, 1893553445, True, "2030-01-02", "2030-13-01T00:00:00Z", "2030-01-02T03:04:05", {}, "NaN"],
    }
    found = wrong[shape.type_name]
    # Of personal data each of them is tried, as each could be repeated to the sender in a way of its own.
    return [st.just(value) for value in found] if sensitive else [st.sampled_from(found)]


def _without(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {other: item for other, item in value.items() if other != name}


def _replaced(name: str, whole: Mapping[str, Any], value: Any) -> dict[str, Any]:
    return {**whole, name: value}


def _appended(items: list[Any], item: Any) -> list[Any]:
    return [*items, item]


# --- Anything anywhere -------------------------------------------------------------------------------------------


def _wild(shape: Any, around: tuple[str, ...], *, sensitive: bool) -> Strategy:
    sensitive = sensitive or _is_sensitive(shape)
    arbitrary = anything(sensitive=sensitive)
    good = values(shape, sensitive=sensitive, around=around)
    inside = (*around, shape.name)
    match shape.type_name:
        case "structure":
            members = {
                name: values(member, sensitive=sensitive, around=inside) | _wild(member, inside, sensitive=sensitive)
                for name, member in members_within(shape, around).items()
            }
            return st.fixed_dictionaries({}, optional=members) | arbitrary
        case "list":
            return st.lists(_wild(shape.member, around, sensitive=sensitive), max_size=4) | arbitrary
        case "map":
            keys = st.text(max_size=5).map(lambda text: CONFIDENTIAL[2] + text if sensitive else text)
            return st.dictionaries(keys, _wild(shape.value, around, sensitive=sensitive), max_size=3) | arbitrary
        case _:
            return good | arbitrary


def _wild_texts(shape: Any) -> Strategy:
    """For the path and the query, where everything is text; ``raw:`` goes out without escapes being made of it."""
    texts = st.one_of(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}"), max_size=12),
        st.sampled_from(
            [
                *(
                    "",
                    ".",
                    "..",
                    "/",
                    "//",
                    "a/b",
                    "\x00",
                    "%",
                    "?",
                    "#",
                    ";",
                    "x" * 3_000,
                    "{",
                    "é",
                    "\U0001f4de",
                    "\n",
                ),
                *(
                    "raw:%",
                    "raw:%zz",
                    "raw:%ff%fe",
                    "raw:%2e%2e",
                    "raw:%2E",
                    "raw:%00",
                    "raw:%c0%af",
                    "raw:+",
                    "raw:%u00e9",
                ),
                *("raw:a//b", "raw:./x", "raw:../campaigns", "raw:;a=b", "raw:%ed%a0%80", "raw:%25", "raw:%2525"),
            ]
        ),
    )
    return st.lists(texts, max_size=3) if shape.type_name == "list" else texts


# --- Sending -----------------------------------------------------------------------------------------------------


def sendable(drawn: Drawn, existing: Mapping[str, str]) -> Sendable:
    """The request, with the names of what exists in place of those in braces."""
    model = botocore_model(drawn.service).operation_model(drawn.operation)
    path, query, body = model.http["requestUri"], [], {}
    members = model.input_shape.members
    for name, value in drawn.values.items():
        value = _filled(value, existing)
        serialization = members[name].serialization if name in members else {}
        match serialization.get("location"):
            case "uri":
                path = path.replace(f"{{{serialization['name']}}}", _escaped(value))
            case "querystring":
                texts = value if isinstance(value, list) else [value]
                query += [f"{serialization['name']}={_escaped(text)}" for text in texts]
            case _:
                body[serialization.get("name", name)] = value
    if drawn.more_query:
        query.append(drawn.more_query)
    has_body = any("location" not in member.serialization for member in members.values())
    encoded = json.dumps(body).encode() if body or has_body else b""
    if drawn.mangle is not None:
        encoded = drawn.mangle.change(encoded or b"{}")
    headers = drawn.headers or ((("content-type", "application/json"),) if encoded else ())
    return Sendable(model.http["method"], path.encode(), "&".join(query).encode(), headers, encoded)


def _filled(value: Any, existing: Mapping[str, str]) -> Any:
    match value:
        case str():
            return existing.get(value, value)
        case list():
            return [_filled(item, existing) for item in value]
        case dict():
            return {name: _filled(item, existing) for name, item in value.items()}
        case _:
            return value


def _escaped(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.removeprefix("raw:") if text.startswith("raw:") else quote(text, safe="")
