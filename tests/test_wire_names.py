"""camelCase, and the names that Amazon has for fields of records and for errors, live in ``aws/`` alone.

If this fails, a part that must not know the wire has learnt a name of it: another version of the API, which calls the
same thing otherwise, would have to be told there too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import trunkcall
from trunkcall.aws.contact_records import COLUMNS
from trunkcall.aws.errors import COMMON_STATUSES
from trunkcall.aws.model import CAMPAIGNS_V1, TRUNKCALL, load_service

ROOT = Path(trunkcall.__file__).parent

CLIENTS = {
    "cli.agents",
    "cli.api_errors",
    "cli.campaign",
    "cli.centre_changes",
    "cli.completion",
    "cli.connect",
    "cli.demo",
    "cli.dnc",
    "cli.dnc_import",
    "cli.doctor.call",
    "cli.explain",
    "cli.figures",
    "cli.halt",
    "cli.instances",
    "cli.load",
    "cli.loading",
    "cli.naming",
    "cli.numbers",
    "cli.policy",
    "cli.previewing",
    "cli.prompts",
    "cli.recordings",
    "cli.status",
    "cli.trunks",
    "cli.watch",
}
"""Ordinary clients of the API, by way of boto3 as anybody's are: they speak its language."""

EXCEPTIONS: Mapping[str, set[str]] = {
    "cli.flow_names": {"displayName"},
    "flows.drawing": {"displayName", "markerHeight", "markerWidth", "viewBox"},
    "flows.language": {
        *("hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable"),
        *("toLocaleString", "toString", "valueOf"),
    },
    "flows.references": {"ContactId", "CustomerEndpoint", "SystemEndpoint"},
    "service.flow_surroundings": {"ContactId", "CustomerEndpoint", "SystemEndpoint"},
    "simulation.plot": {"viewBox"},
}
"""Words of another language than the API's: the flow language's, and SVG's."""

WIRES = ("aws.", "telephony.ari.")
"""What speaks to others: Amazon's language, and Asterisk's."""

CAMEL_CASE = re.compile(r"\b[a-z][a-z0-9]+(?:[A-Z][a-z0-9]+)+\b")
WORD = re.compile(r"\w+")


@cache
def amazons_names() -> frozenset[str]:
    fields = {part for column in COLUMNS for part in column.split(".")}
    errors = {name for service in (CAMPAIGNS_V1, TRUNKCALL) for name in load_service(service).errors}
    return frozenset(name for name in fields | errors | COMMON_STATUSES.keys() if re.search(r"[a-z][A-Z]", name))


def written(tree: ast.AST) -> Iterator[str]:
    """Every name that the module gives to something, and every text in it but docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield text
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.keyword(arg=str(name)):
                yield name
            case _:
                pass


def wire_names(tree: ast.AST) -> set[str]:
    return {
        word
        for text in written(tree)
        for word in (*CAMEL_CASE.findall(text), *amazons_names().intersection(WORD.findall(text)))
    }


PATHS = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted(ROOT.rglob("*.py"))}


def module(name: str) -> ast.AST:
    return ast.parse(PATHS[name].read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [name for name in PATHS if name not in CLIENTS and not name.startswith(WIRES)])
def test_a_module_outside_of_aws_has_no_name_of_the_wire(name: str) -> None:
    assert wire_names(module(name)) == EXCEPTIONS.get(name, set())


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_who_is_let_off_has_need_of_it(name: str) -> None:
    assert wire_names(module(name))


def test_names_of_the_wire_are_found_wherever_they_are_written() -> None:
    for source in (
        'x = {"dialRequestsWaiting": 1}',
        'x = f"{y} of connectQueueId"',
        "f(maxResults=1)",
        "def dialRequests(): ...",
        "def f(instanceId): ...",
        'x = record["ContactId"]',
        'x = "it raises ThrottlingException"',
    ):
        assert wire_names(ast.parse(source)), source
    for source in ('"""What clientToken is."""', "log = logging.getLogger()", 'x = "dial_requests"', 'x = "OnBreak"'):
        assert not wire_names(ast.parse(source)), source
