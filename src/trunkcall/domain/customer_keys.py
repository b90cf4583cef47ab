"""What simulated customers press on their telephones once they have heard a message.

Decides how likely which keys are, and how that is written in a setting. It must not know what a message asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from trunkcall.domain.agent_keys import KEYS

Chances: TypeAlias = Mapping[str, float]
"""Keys that are pressed one after the other, and of all messages after how many, from 0 to 1. After those that are left
nothing is pressed."""
MAX_KEYS: Final = 20


def parse_chances(text: str) -> Chances:
    """As 1=0.2,9=0.05,4711#=0.1. Raises ValueError, whose message says what would be right."""
    chances: dict[str, float] = {}
    for each in filter(None, (part.strip() for part in text.split(","))):
        keys, equals, share = (part.strip() for part in each.partition("="))
        if not equals:
            raise ValueError("must look like 1=0.2,9=0.05")
        if not 0 < len(keys) <= MAX_KEYS or set(keys) - set(KEYS):
            raise ValueError(f"must name 1 to {MAX_KEYS} keys of 0 to 9, A to D, * and #, each choice once")
        if keys in chances:
            raise ValueError(f"must have {keys} once")
        chances[keys] = _share(share)
    if sum(chances.values()) > 1 + 1e-9:
        raise ValueError("must have shares that add up to 1 at most")
    return chances


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError("must have a share from 0 to 1 for each")
    return share


def pressed(chances: Chances, drawn: float) -> str:
    """What is pressed by whom this number from 0 to 1 was drawn for; empty for nothing."""
    for keys, share in chances.items():
        if drawn < share:
            return keys
        drawn -= share
    return ""
