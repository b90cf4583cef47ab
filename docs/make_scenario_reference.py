"""Writes the tables of docs/reference/scenarios.md from the dataclasses of scenarios and the texts below their fields.

Run it after a change of ``trunkcall.simulation``: ``.venv/bin/python docs/make_scenario_reference.py``. A test compares
the page with what this makes.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from textwrap import dedent
from typing import Any

from generated import write

from trunkcall.simulation.campaign import Campaign
from trunkcall.simulation.scenario import NOT_PARAMETERS, Scenario, Team
from trunkcall.simulation.trunks import ScenarioTrunk
from trunkcall.simulation.world import World

PAGE = Path(__file__).parent / "reference" / "scenarios.md"

SECTIONS: tuple[tuple[str, type[Any]], ...] = (
    ("The shift", Scenario),
    ("Campaigns", Campaign),
    ("The world of a campaign", World),
    ("Teams", Team),
    ("Trunks", ScenarioTrunk),
)


def descriptions(kind: type[Any]) -> dict[str, str]:
    """What the text below each field of a dataclass says."""
    (definition,) = ast.parse(dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for node, below in zip(definition.body, definition.body[1:], strict=False):
        match node, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
            case _:
                pass
    return found


def parameters(kind: type[Any]) -> Iterator[Field[Any]]:
    """The fields that a scenario file can give."""
    return (field for field in fields(kind) if field.name not in NOT_PARAMETERS)


def default_of(field: Field[Any]) -> str:
    """The default as a file would have it."""
    match field.default:
        case _ if field.default is MISSING:
            return "none"
        case bool():
            return f"`{str(field.default).lower()}`"
        case float():
            return f"`{field.default:g}`"
        case ():
            return "`[]`"
        case (float() as low, float() as high):
            return f"`[{low:g}, {high:g}]`"
        case _:
            return f"`{field.default}`"


def section(heading: str, kind: type[Any]) -> str:
    """One dataclass as a table. Raises KeyError for a parameter that nothing is said of."""
    texts = descriptions(kind)
    rows = [f"| `{field.name}` | {default_of(field)} | {texts[field.name]} |" for field in parameters(kind)]
    return "\n".join([f"## {heading}", "", "| parameter | default | meaning |", "|---|---|---|", *rows])


def generate() -> str:
    """Every parameter, in the order of the dataclasses."""
    return "\n\n".join(section(heading, kind) for heading, kind in SECTIONS)


if __name__ == "__main__":
    write(PAGE, generate())
