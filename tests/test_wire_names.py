"""camelCase, and the names that Amazon has for fields of records and for errors, live in ``aws/`` alone.

If this fails, a part that must not know the wire has learnt a name of it: another version of the API, which calls the
same thing otherwise, would have to be told there too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
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
    "cli.explain",
    "cli.figures",
    "cli.load",
    "cli.loading",
    "cli.naming",
    "cli.numbers",
    "cli.status",
    "cli.trunks",
    "cli.watch",
}
"""Ordinary clients of the API, by way of boto3 as anybody's are: they speak its language."""

EXCEPTIONS: Mapping[str, set[str]] = {"simulation.plot": {"viewBox"}}
"""Words of another language than the API's, here SVG's."""

CAMEL_CASE = re.compile(r"\b[a-z][a-z0-9]+(?:[A-Z][a-z0-9]+)+\b")
WORD = re.compile(r"\w+")


def amazons_names() -> set[str]:
    fields = {part for column in COLUMNS for part in column.split(".")}
    errors = {name for service in (CAMPAIGNS_V1, TRUNKCALL) for name in load_service(service).errors}
    return {name for name in fields | errors | COMMON_STATUSES.keys() if re.search(r"[a-z][A-Z]", name)}


AMAZONS = amazons_names()


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
        for word in (*CAMEL_CASE.findall(text), *AMAZONS.intersection(WORD.findall(text)))
    }


def modules() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if not name.startswith("aws."):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


MODULES = dict(modules())


@pytest.mark.parametrize("module", [name for name in MODULES if name not in CLIENTS])
def test_a_module_outside_of_aws_has_no_name_of_the_wire(module: str) -> None:
    assert wire_names(MODULES[module]) == EXCEPTIONS.get(module, set())


@pytest.mark.parametrize("module", sorted(CLIENTS))
def test_who_is_let_off_has_need_of_it(module: str) -> None:
    assert wire_names(MODULES[module])


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
