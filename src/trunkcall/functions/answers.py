"""What a function's answer may look like.

Decides which bodies are an answer: JSON objects of bounded size and depth, such as can be kept with a contact. It must
not know what is done with one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from trunkcall.service.functions import Answer

MAX_DEPTH: Final = 32
"""Of lists and objects within one another."""


def answer_in(body: bytes) -> Answer | None:
    """The values in a body; None if it is no answer. Where it is empty, or null, there are no values: so answers a
    function that has nothing to say."""
    if not body.strip():
        return {}
    try:
        values = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
        # What is written with escapes may be no text at all.
        json.dumps(values, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    if values is None:
        return {}
    return values if isinstance(values, Mapping) and not _is_deeper(values, MAX_DEPTH) else None


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
    return bool(level)
