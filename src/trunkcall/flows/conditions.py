"""Whether a condition of a flow holds.

Decides how a result is compared. Texts are compared letter by letter, upper and lower case apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import Final

from trunkcall.flows.document import Condition

_TEXTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "Equals": str.__eq__,
    "TextStartsWith": str.startswith,
    "TextEndsWith": str.endswith,
    "TextContains": str.__contains__,
}
_NUMBERS: Final[dict[str, Callable[[float, float], bool]]] = {
    "NumberGreaterThan": gt,
    "NumberGreaterOrEqualTo": ge,
    "NumberLessThan": lt,
    "NumberLessOrEqualTo": le,
}


def holds(condition: Condition, result: str, filled: Callable[[str], str | None]) -> bool:
    """Whether the result is such; ``filled`` replaces references in an operand. One with conditions in it never is."""
    if condition.within or len(condition.operands) != 1 or (operand := filled(condition.operands[0])) is None:
        return False
    if condition.operator in _TEXTS:
        return _TEXTS[condition.operator](result, operand)
    one, other = _number(result), _number(operand)
    if one is None or other is None:
        return False
    return _NUMBERS[condition.operator](one, other)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
