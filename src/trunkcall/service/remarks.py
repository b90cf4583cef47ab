"""What may be written in remarks: why somebody does something, and where it comes from.

Decides that a remark is one line, and that it holds no phone number. It must not know what it is about.
"""

from __future__ import annotations

import re
from typing import Final

from trunkcall.domain.errors import InvalidInputError

_DATE: Final = re.compile(r"(?<!\d)(?:19|20)\d\d([-/. ]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)")
_NUMBER: Final = re.compile(r"\d(?:[\s().\-/+]*\d){6}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_remark(text: str, called: str, *, most: int, no_number: str, then: str = "") -> None:
    """Raises InvalidInputError if the remark has more characters than ``most`` or more than one line, or if it holds a
    phone number; dates are none. ``called`` is what it is to whoever wrote it, ``no_number`` why it may hold none, and
    ``then`` what follows from its being refused."""
    if len(text) > most or _CONTROL.search(text):
        raise InvalidInputError(f"The {called} has at most {most} characters of one line.{then}")
    if _NUMBER.search(_DATE.sub("", text)):
        raise InvalidInputError(f"The {called} may hold no phone number: {no_number}.{then}")
