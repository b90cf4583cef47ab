"""How much room the file system of a store has left, and from when on nothing new is taken.

Decides how often it is looked at, and in which words intake is refused. It must not know what is refused.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from trunkcall.domain.clock import Seconds
from trunkcall.domain.errors import StoreFullError
from trunkcall.domain.seldom import Seldom

log = logging.getLogger(__name__)

MEGABYTE: Final = 1_000_000
LOOK_EVERY_S: Final = 1.0


def free_bytes(path: Path) -> int:
    """What an ordinary user may still write to the file system of this path."""
    told = os.statvfs(path)
    return told.f_bavail * told.f_frsize


class Room:
    """Refuses what would make a store grow while less than ``min_free`` bytes are free; 0 never refuses. ``trouble``
    says what is wrong with writing, None while dialing can write: the refusal says which of the two it is."""

    def __init__(
        self,
        folder: Path,
        min_free: int,
        monotonic: Seconds = time.monotonic,
        trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._folder = folder
        self._trouble = trouble
        self._min_free = min_free
        self._monotonic = monotonic
        self._look_at_s = 0.0 if min_free else math.inf
        self._seldom: Seldom[bool] = Seldom(monotonic)
        self._refusal: str | None = None

    def require(self) -> None:
        """Raises StoreFullError. All that this costs most requests is a comparison."""
        if self._monotonic() >= self._look_at_s:
            self._look()
        if self._refusal is not None:
            raise StoreFullError(self.refusal)

    @property
    def refusal(self) -> str | None:
        """Why nothing new is taken, in words; None while it is."""
        if self._monotonic() >= self._look_at_s:
            self._look()
        if self._refusal is None:
            return None
        trouble = self._trouble()
        dialing = "dialing goes on for as long as it can write" if trouble is None else "nothing is dialed meanwhile"
        said = self._refusal if trouble is None else f"{self._refusal} {trouble}"
        return f"{said} Nothing that was accepted is lost, and {dialing}."

    def _look(self) -> None:
        now_s = self._monotonic()
        self._look_at_s = now_s + LOOK_EVERY_S
        try:
            free = free_bytes(self._folder)
        except OSError:
            # Whatever this is, the next write tells it better.
            return
        before = self._refusal
        self._refusal = None
        if free < self._min_free:
            self._refusal = (
                f"The disk of this server is nearly full: less than {self._min_free // MEGABYTE} MB (min_free_mb) are "
                "free, so nothing new is taken."
            )
        is_full = self._refusal is not None
        if (before is not None) != is_full and self._seldom.happened(is_full):
            if not is_full:
                log.info("the disk has room again: requests are taken")
            else:
                log.warning("the disk is nearly full: nothing new is taken", extra={"free_mb": free // MEGABYTE})
