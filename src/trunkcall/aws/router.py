"""From method and path to the operation that is meant.

Decides which operation of which service a request asks for, and the values of its path labels. It must not know whether
the caller may, or what the labels mean.

The signing name of the credential scope tells the services of one port apart: `/tags/{arn}` is an operation of several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from trunkcall.aws.errors import serialization_error, unknown_operation
from trunkcall.aws.model import Operation, Service

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})").search
_LABEL = re.compile(r"\{([A-Za-z0-9_]+)\}").fullmatch
_DOT_SEGMENTS = frozenset({b".", b".."})


@dataclass(frozen=True, slots=True)
class Match:
    """The operation that a request asks for, and its path labels, decoded, by their names in the template."""

    operation: Operation
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Route:
    operation: Operation
    literals: tuple[tuple[int, bytes], ...]
    labels: tuple[tuple[int, str], ...]


class Router:
    """Every operation of every given service, compiled or not, in one table: by signing name, method, first segment
    and their number.

    Raises ValueError when two operations of one signing name could be meant by the same request.
    """

    def __init__(self, services: Iterable[Service]) -> None:
        table: dict[tuple[str, str, bytes, int], list[_Route]] = {}
        for service in services:
            for operation in (*service.operations.values(), *service.others.values()):
                route, first, length = _route(operation)
                table.setdefault((service.signing_name, operation.method, first, length), []).append(route)
        for key, routes in table.items():
            # `/users/{id}/search` before `/users/{id}/{other}`.
            routes.sort(key=lambda route: len(route.labels))
            if len({route.literals for route in routes}) != len(routes):
                raise ValueError(f"{[route.operation.name for route in routes]} share {key}")
        self._table = {key: tuple(routes) for key, routes in table.items()}
        self.signing_names = frozenset(key[0] for key in table)

    def match(self, signing_name: str, method: str, raw_path: bytes) -> Match:
        """Find the operation. ``raw_path`` is the path as it was sent, still percent-encoded, without the query.

        Labels are decoded after splitting, so an ARN may hold `%2F`. Raises UnknownOperationException (404, as AWS's
        rest-json front ends answer, for a known path with another method as well); SerializationException for an
        escape that is none or isn't UTF-8. A trailing slash is an empty last segment, so it is part of the path. An
        empty label is found, and refused with the other constraints of the request.
        """
        segments = raw_path.split(b"/")[1:]
        routes = self._table.get((signing_name, method, segments[0] if segments else b"", len(segments)))
        # A signature covers the path without its dot segments: such a path could be signed for another operation.
        if routes is None or not _DOT_SEGMENTS.isdisjoint(segments):
            raise unknown_operation()
        for route in routes:
            if all(segments[at] == literal for at, literal in route.literals):
                return Match(route.operation, {name: decode_escapes(segments[at]) for at, name in route.labels})
        raise unknown_operation()


def decode_escapes(raw: bytes) -> str:
    """Percent-decode, strictly. A plus sign stays one (RFC 3986). Raises SerializationException."""
    if b"%" in raw:
        if _BAD_ESCAPE(raw) is not None:
            raise serialization_error("The request's address holds a percent sign without two hexadecimal digits.")
        raw = unquote_to_bytes(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise serialization_error("The request's address is not UTF-8.") from None


def _route(operation: Operation) -> tuple[_Route, bytes, int]:
    segments = operation.uri.split("/")[1:]
    literals: list[tuple[int, bytes]] = []
    labels: list[tuple[int, str]] = []
    for at, segment in enumerate(segments):
        label = _LABEL(segment)
        if label is not None:
            labels.append((at, label[1]))
        elif "{" in segment or "?" in segment:
            raise ValueError(f"{operation.name} has the path {operation.uri}, which the router can't read")
        else:
            literals.append((at, segment.encode()))
    if not literals or literals[0][0] != 0:
        raise ValueError(f"{operation.name} has a path that begins with a label")
    return _Route(operation, tuple(literals[1:]), tuple(labels)), literals[0][1], len(segments)
