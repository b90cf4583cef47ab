"""The text of a safe-harbour message: which placeholders it may have.

Decides nothing else. It must not know what they stand for, nor when it is said.
"""

from __future__ import annotations

import re
from typing import Final

TAG: Final = "trunkcall:safe-harbour-message"
"""The tag that holds a campaign's text. Empty, it has none, whatever the installation has."""
NAME: Final = "{name}"
NUMBER: Final = "{number}"

_IN_BRACES = re.compile(r"\{[^{}]*\}")


def placeholder_problem(message: str) -> str | None:
    """What is wrong with what the text has in braces, to be said after what the text is; None if nothing is. Whatever
    is no placeholder would be spoken as it stands."""
    if all(found in (NAME, NUMBER) for found in _IN_BRACES.findall(message)):
        return None
    return f"must have nothing in braces but {NAME} and {NUMBER}"
