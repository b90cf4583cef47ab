"""JSON that came from elsewhere.

Decides which of it can be used: what is JSON and text to the end, and is nested no deeper than somebody can follow. It
must not know what it means.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from trunkcall.domain.errors import TrunkcallError


class UnusableJsonError(TrunkcallError):
    """This is no JSON that can be used."""


def read_json(text: str, most_deep: int) -> Any:
    """What the text holds, in no more than ``most_deep`` objects and lists within one another. Raises
    UnusableJsonError, whose message says why and quotes nothing."""
    try:
        value = json.loads(text, parse_constant=_refuse)
        # What is written with escapes may be no text at all.
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise UnusableJsonError(f"{error.msg}, at line {error.lineno}, column {error.colno}.") from None
    except UnicodeEncodeError:
        raise UnusableJsonError("it has half of a character, as \\ud800 is without the other half.") from None
    except (ValueError, RecursionError):
        raise UnusableJsonError("it has a number that JSON has not, or is nested too deep.") from None
    if _is_deeper(value, most_deep):
        raise UnusableJsonError(f"it is nested too deep, in more than {most_deep} objects and lists.")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most + 1):
        level = [each for each in level if isinstance(each, dict | list)]
        if not level:
            return False
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return True
