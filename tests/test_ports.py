"""The ports of the store are as small as ARCHITECTURE.md says, and have the users that it names.

If this fails, somebody sees verbs of the store that are of no use to them, or the table has stopped being true: then
nobody can tell from it what a change of a verb touches.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Protocol

import pytest

import trunkcall
from trunkcall.storage import ports

ROOT = Path(trunkcall.__file__).parent
ARCHITECTURE = ROOT.parent.parent / "ARCHITECTURE.md"

PASSED_ON = {
    ("service.owner", "DialingStore"),
    ("service.owner", "GateStore"),
    ("service.dialer", "GateStore"),
    ("service.owner", "AgentPresences"),
    ("service.owner", "FactHistory"),
    ("cli.export", "CampaignArchive"),
}
"""Who is given a port to hand it on, and which."""


def all_ports() -> Iterator[tuple[str, type[Any]]]:
    for found in iter_modules(ports.__path__, f"{ports.__name__}."):
        for name, value in vars(import_module(found.name)).items():
            if inspect.isclass(value) and value.__module__ == found.name and Protocol in value.__bases__:
                yield name, value


PORTS = dict(all_ports())


def verbs(port: type[Any]) -> set[str]:
    return {name for base in port.__mro__ if base.__name__ in PORTS for name in vars(base) if not name.startswith("_")}


def asked_by(path: Path) -> tuple[set[str], set[str]]:
    """The ports that a module names, and every name that it reads of anything."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    named = {alias.name for node in imported if (node.module or "").startswith(ports.__name__) for alias in node.names}
    return named & PORTS.keys(), {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def modules_outside() -> Iterator[tuple[str, Path]]:
    """But for those of the composition root: they have the store as a whole."""
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if not name.startswith(("storage.", "compose.")):
            yield name, path


def users() -> dict[str, set[str]]:
    """Who names each port."""
    found: dict[str, set[str]] = {name: set() for name in PORTS}
    for module, path in modules_outside():
        for port in asked_by(path)[0]:
            found[port].add(module)
    return found


TABLE = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| [^|]+ \| ([^|]+) \|$", ARCHITECTURE.read_text(encoding="utf-8"), re.M)
TOLD: dict[str, set[str]] = {}
for _ports, _users in TABLE:
    _each = re.findall(r"`(\w+)`", _ports)
    if set(_each) <= PORTS.keys():
        _parts = _users.split(";") if len(_each) > 1 else [_users]
        TOLD |= {port: set(re.findall(r"`([\w.]+)`", part)) for port, part in zip(_each, _parts, strict=True)}


def test_the_table_names_every_port_and_who_uses_it() -> None:
    assert {port: told - {"compose"} for port, told in TOLD.items()} == users()


@pytest.mark.parametrize(("module", "path"), [*modules_outside()], ids=[name for name, _ in modules_outside()])
def test_no_user_sees_a_verb_that_it_does_not_call(module: str, path: Path) -> None:
    named, read = asked_by(path)
    own = {port for port in named if (module, port) not in PASSED_ON}
    unused = {port: sorted(verbs(PORTS[port]) - read) for port in own if verbs(PORTS[port]) - read}
    assert not unused, f"{module} is given more than it asks for"


def test_the_composition_root_calls_every_verb_of_the_ports_that_it_is_told_to_use() -> None:
    read = {name for path in (ROOT / "compose").glob("*.py") for name in asked_by(path)[1]}
    for port, told in TOLD.items():
        if "compose" in told:
            assert not verbs(PORTS[port]) - read, port


def test_no_user_takes_the_whole_store() -> None:
    for module, path in modules_outside():
        assert "trunkcall.storage.store" not in path.read_text(encoding="utf-8"), module
