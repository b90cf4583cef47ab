"""No test knows what the product keeps to itself.

If this fails, a story holds fast how something is done instead of what comes of it: it breaks when nothing is wrong,
and says nothing of what a user would lose.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

ALLOWED = {
    "os._exit": "Python has no public way to end a process at once",
    "item._fixtureinfo": "pytest has no public way to ask which fixtures a test uses",
}
"""Private names of others that tests use, and why."""

OWN = ("self", "cls", "super()")
"""Where a private name is a test's own, but for classes that are derived from one of the product's."""


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def private_names(source: str) -> Iterator[str]:
    """Private names of others that this test file uses: attributes of what is not its own, names that it imports or
    patches, and what it takes or replaces of a class of the product from which it derives its own."""
    tree = ast.parse(source)
    of_product = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "trunkcall"
        for alias in node.names
    }
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=owner, attr=name) if is_private(name) and ast.unparse(owner) not in OWN:
                yield ast.unparse(node)
            case ast.ImportFrom(module=module, names=names):
                yield from (f"{module}.{alias.name}" for alias in names if is_private(alias.name))
            case ast.Call(args=[owner, ast.Constant(value=str(name)), *_]) if is_private(name):
                yield f"{ast.unparse(owner)}.{name}"
            case ast.Call(args=[ast.Constant(value=str(path)), *_]) if path.startswith("trunkcall."):
                yield from (path for name in path.split(".") if is_private(name))
            case ast.ClassDef(bases=bases) if any(ast.unparse(base).split(".")[0] in of_product for base in bases):
                yield from inherited(node)
            case _:
                pass


def inherited(derived: ast.ClassDef) -> Iterator[str]:
    """Private methods of a derived class, which may be those of its base, and private attributes it does not set."""
    own = {node.name for node in derived.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    yield from (f"{derived.name}.{name}" for name in own if is_private(name))
    used: dict[str, set[type[ast.expr_context]]] = {}
    for node in ast.walk(derived):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in OWN and is_private(node.attr):
            used.setdefault(node.attr, set()).add(type(node.ctx))
    yield from (f"{derived.name}.{name}" for name, how in used.items() if ast.Store not in how and name not in own)


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_a_test_uses_no_private_name_of_the_product(path: Path) -> None:
    found = set(private_names(path.read_text(encoding="utf-8"))) - ALLOWED.keys()
    assert not found, "tell it as what a user sees; what an engine does is in Engine.snapshot and Engine.details"


def test_every_name_that_is_allowed_is_used() -> None:
    used = {name for path in TESTS.rglob("*.py") for name in private_names(path.read_text(encoding="utf-8"))}
    assert used >= ALLOWED.keys()


PRODUCT = "from trunkcall.simulation.simulator import Simulator\n"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("engine._state.contacts", ["engine._state"]),
        ("make()._state", ["make()._state"]),
        ("self._mine", []),
        ("self.engine._state", ["self.engine._state"]),
        ("thing.__class__", []),
        ("from trunkcall.cli.export import _Export", ["trunkcall.cli.export._Export"]),
        ("monkeypatch.setattr(carrier, '_sink', stumble)", ["carrier._sink"]),
        ("monkeypatch.setattr('trunkcall.cli.export._Export', other)", ["trunkcall.cli.export._Export"]),
        (PRODUCT + "class Floor(Simulator):\n    def _draw(self): ...", ["Floor._draw"]),
        (PRODUCT + "class Floor(Simulator):\n    def draw(self):\n        return self._random", ["Floor._random"]),
        (PRODUCT + "class Floor(Simulator):\n    def draw(self):\n        self._own = 1\n        return self._own", []),
    ],
)
def test_this_check_finds_what_it_is_to_find(source: str, found: list[str]) -> None:
    assert list(private_names(source)) == found
