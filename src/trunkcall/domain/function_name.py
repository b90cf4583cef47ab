"""What the functions of contact flows are called.

Decides which part of an ARN is the name, and how those that are built in are told from all others. It must not know
which functions there are.
"""

from __future__ import annotations

from typing import Final

OWN_PREFIX: Final = "trunkcall-"
"""How the names of built-in functions begin. Nobody else's do."""
_NAME_AT: Final = 6
"""Of the parts of a function's ARN: arn, partition, lambda, Region, account, function, its name, a version."""


def function_name(arn: str) -> str:
    """The name of a function by its ARN, without the version that an ARN may name, or the name itself."""
    parts = arn.split(":")
    return parts[_NAME_AT] if parts[0] == "arn" and len(parts) > _NAME_AT else arn
