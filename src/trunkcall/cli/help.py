"""How a command's help looks beyond its options: the examples at its end, and the names of groups of options.

Decides their form, and nothing of what they say.
"""

from __future__ import annotations

CONNECTION = "Connection"
"""Options that tell where the server and its data directory are."""
OUTPUT = "Output"
"""Options that tell what is written, where and how."""


def examples(*lines: str) -> str:
    """The epilog of a command's ``--help``: commands that work as they stand."""
    return "\n".join(lines)


def lines_of(epilog: str | None) -> list[str]:
    """The examples that an epilog holds, one to a line."""
    return (epilog or "").splitlines()
