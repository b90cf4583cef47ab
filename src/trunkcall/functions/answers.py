"""What a function's answer may look like.

Decides which bodies are an answer: JSON objects of bounded size and depth, such as can be kept with a contact. It must
not know what is done with one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trunkcall.domain.json_text import UnusableJsonError, read_json
from trunkcall.service.functions import Answer

MAX_DEPTH: Final = 32
"""Of lists and objects within one another."""


def answer_in(body: bytes) -> Answer | None:
    """The values in a body; None if it is no answer. Where it is empty, or null, there are no values: so answers a
    function that has nothing to say."""
    if not body.strip():
        return {}
    try:
        values = read_json(body.decode("utf-8-sig"), MAX_DEPTH)
    except (UnicodeDecodeError, UnusableJsonError):
        return None
    if values is None:
        return {}
    return values if isinstance(values, Mapping) else None
