"""The layers may import what the table in ARCHITECTURE.md says, and nothing else.

If this fails, a module has learnt something that it must not know, and the engine would no longer run the same in the
simulator as in the dialer.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import trunkcall

ROOT = Path(trunkcall.__file__).parent
STANDARD = frozenset(sys.stdlib_module_names)

IMPURE = frozenset(
    {"asyncio", "time", "socket", "sqlite3", "logging", "threading", "subprocess", "os", "secrets", "uuid"}
)

LAYERS = {
    "domain": set(),
    "engine": {"domain"},
    "flows": {"domain"},
    "amd": {"domain"},
    "simulation": {"engine", "flows", "domain"},
    "telephony": {"engine", "domain", "simulation", "amd"},
    "storage": {"domain"},
    "service": {"engine", "flows", "domain", "storage.ports", "telephony.carrier"},
    "aws": {"service", "domain"},
    "functions": {"domain", "service.functions"},
    "settings": {"domain"},
}
"""What of trunkcall each layer may import, besides itself. Layers that are not here (web, cli, compose) may import
everything."""

LIBRARIES: dict[str, set[str]] = {
    "domain": set(),
    "engine": {"numpy"},
    "flows": set(),
    "amd": {"numpy"},
    "simulation": {"numpy"},
    "telephony": {"msgspec"},
    "telephony.ari": {"aiohttp", "msgspec", "numpy"},
    "telephony.sound": {"aiohttp", "cryptography", "msgspec", "numpy", "soundfile", "uvloop"},
    "storage": {"cryptography", "msgspec"},
    "service": {"phonenumbers"},
    "aws": {"botocore", "msgspec"},
    "functions": {"aiohttp"},
    "settings": set(),
}

ADAPTERS = (
    "storage.sqlite",
    "storage.memory",
    "telephony.simulated",
    "telephony.remote_carrier",
    "telephony.remote_floor",
    "telephony.ari",
    "telephony.sound",
    "functions",
)
"""How the modules of concrete adapters begin: they are named by compose alone."""


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


MODULES = frozenset(f"trunkcall.{name}" for name, _ in modules())


def imports(path: Path) -> set[str]:
    """Every module that the file imports, in full; names imported from a package of ours count as its modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                found.update(alias.name for alias in node.names)
            case ast.ImportFrom():
                assert node.level == 0, f"{path} has a relative import"
                assert node.module is not None
                named = (f"{node.module}.{alias.name}" for alias in node.names)
                found.update(name if name in MODULES else node.module for name in named)
            case _:
                pass
    return found


def layer_of(module: str) -> str:
    return module.split(".")[0]


def libraries_of(module: str) -> set[str]:
    """Of the narrowest part of the table that it is in."""
    names = module.split(".")
    parts = (".".join(names[:n]) for n in range(len(names), 0, -1))
    return next(LIBRARIES[part] for part in parts if part in LIBRARIES)


CHECKED = [(name, path) for name, path in modules() if layer_of(name) in LAYERS]


@pytest.mark.parametrize(("module", "path"), CHECKED, ids=[name for name, _ in CHECKED])
def test_a_layer_imports_only_what_it_may_know(module: str, path: Path) -> None:
    layer = layer_of(module)
    for name in imports(path):
        top = name.split(".")[0]
        if top == "trunkcall":
            inner = name.removeprefix("trunkcall").lstrip(".")
            allowed = layer_of(inner) == layer or any(inner == a or inner.startswith(a + ".") for a in LAYERS[layer])
            assert allowed, f"{module} imports {name}"
        else:
            assert top in STANDARD or top in libraries_of(module), f"{module} imports the library {name}"


@pytest.mark.parametrize("layer", ["domain", "engine", "flows", "amd"])
def test_the_core_touches_neither_clock_nor_chance_nor_the_outside(layer: str) -> None:
    for name, path in modules():
        if layer_of(name) == layer:
            impure = {i.split(".")[0] for i in imports(path)} & IMPURE
            assert not (impure - ({"uuid"} if layer == "domain" else set())), f"{name} imports {impure}"


def test_only_the_composition_root_names_adapters() -> None:
    for name, path in modules():
        if layer_of(name) in {"compose", "storage", "telephony", "functions"}:
            continue
        named = {i for i in imports(path) if i.removeprefix("trunkcall.").startswith(ADAPTERS)}
        assert not named, f"{name} imports {named}"


def test_no_import_leads_back_to_where_it_began() -> None:
    """Imports within functions and for type checking count too: modules that need one another cannot be read, tested or
    changed one by one, however late Python finds out."""
    graph = {f"trunkcall.{name}": imports(path) & MODULES for name, path in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' → '.join(reversed(error.args[1]))}")


def test_modules_are_small_enough_to_read() -> None:
    for name, path in modules():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 600, f"{name} is two modules"
