"""What has happened in a world, in the order in which it did, and what of it must not have."""

from __future__ import annotations

from collections.abc import Callable

LAST = 80
"""How many of the last lines are told of a world in which something is wrong."""


class Story:
    """Told line by line: when, who, what. Nothing in it is an address, nor in an order that a hash decides."""

    def __init__(self, seed: int, seconds: Callable[[], float]) -> None:
        self._seed = seed
        self._seconds = seconds
        self.lines: list[str] = []
        self.wrong: list[str] = []
        self._ids: list[str] = []

    def tell(self, who: str, what: str) -> None:
        self.lines.append(f"{self._seconds():9.3f} {who:<8} {what}")

    def accuse(self, what: str, *concerning: str | None) -> None:
        """Something has happened that must not. ``concerning`` are the ids that it is about."""
        self.tell("WRONG", what)
        ids = [each for each in concerning if each]
        self.wrong.append(what if not ids else f"{what} ({', '.join(ids)})")
        self._ids += ids

    def __str__(self) -> str:
        """The story of what is wrong: whatever concerns it, the end, and how to have it again."""
        about = [line for line in self.lines[:-LAST] if any(each in line for each in self._ids)]
        left_out = len(self.lines) - len(about) - LAST
        return "\n".join(
            [
                *self.wrong[:3],
                f"pytest tests/world --world-seed {self._seed}",
                *about,
                *(
                    [f"… {left_out} lines more: python -m world.tell {self._seed}, in tests/, tells all"]
                    if left_out > 0
                    else []
                ),
                *self.lines[-LAST:],
            ]
        )
