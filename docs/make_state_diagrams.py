"""Draws the diagrams of docs/explanation/state-machines.md from the tables of the domain.

Run it after a change of ``trunkcall.domain.transitions``: ``.venv/bin/python docs/make_state_diagrams.py``. A test
compares the page with what this makes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from generated import write

from trunkcall.domain.transitions import AGENT, CAMPAIGN, CONTACT, LEG, Table

PAGE = Path(__file__).parent / "explanation" / "state-machines.md"


def diagram(table: Table[Any, Any]) -> str:
    """One table as a mermaid diagram. It begins at its first state; a state without steps is an end."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(table))}"]
    for state, steps in table.items():
        lines += [f"    {state} --> {after}: {event}" for event, after in steps.items()]
        if not steps:
            lines.append(f"    {state} --> [*]")
    return "\n".join([*lines, "```"])


def generate() -> str:
    """All four diagrams under their headings."""
    tables: dict[str, Table[Any, Any]] = {"Campaign": CAMPAIGN, "Contact": CONTACT, "Agent": AGENT, "Leg": LEG}
    return "\n\n".join(f"## {name}\n\n{diagram(table)}" for name, table in tables.items())


if __name__ == "__main__":
    write(PAGE, generate())
