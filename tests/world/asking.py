"""Asks the store what it holds, without waiting."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar, cast

T = TypeVar("T")


def at_once(reading: Coroutine[Any, Any, T]) -> T:
    """What the store in memory answers: it never waits."""
    try:
        reading.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    raise AssertionError("the store had to wait")
