"""Work beside the requests that has to go on for as long as the server runs.

Decides that a failure ends one run of it and not the work: a disk that was full for an hour must not be the end of
retention. It must not know what the work is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from trunkcall.domain.clock import Seconds, Sleep
from trunkcall.domain.errors import StoreUnavailableError, TrunkcallError
from trunkcall.domain.seldom import Seldom
from trunkcall.service.cancelling import raise_if_cancelled
from trunkcall.service.clock import since_boot_s

log = logging.getLogger(__name__)

RETRY_AFTER_S: Final = 5.0
WELL_AFTER_S: Final = 10.0
"""A run that has gone on for so long is taken for one that does not fail as the last one did."""


@dataclass(slots=True)
class _Failure:
    words: str
    well_at_s: float | None = None
    """When the next run will be taken for one that does not fail; None until it begins."""


class Background:
    """Works that are run again whenever they fail."""

    def __init__(self, *, monotonic: Seconds = since_boot_s, sleep: Sleep = asyncio.sleep) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._failing: dict[str, _Failure] = {}
        self._seldom: Seldom[str] = Seldom(monotonic)

    @property
    def trouble(self) -> str | None:
        """Which works fail, in words for /health; None while none does."""
        now_s = self._monotonic()
        failing = (each for each in self._failing.values() if each.well_at_s is None or now_s < each.well_at_s)
        return "; ".join(each.words for each in failing) or None

    async def keep_running(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Run it again whenever it fails, until cancelled. What the store says of itself is not said a second time."""
        while True:
            if name in self._failing:
                self._failing[name].well_at_s = self._monotonic() + WELL_AFTER_S
            try:
                await work()
            except Exception as error:  # whatever it was, the next run reads the store anew
                if not isinstance(error, StoreUnavailableError):
                    # Messages of one's own have no values in them.
                    why = error.message if isinstance(error, TrunkcallError) else type(error).__name__
                    self._failing[name] = _Failure(f"{name} fails and is begun again and again ({why})")
                    if self._seldom.happened(name):
                        log.error(  # noqa: TRY400 - a traceback would show values
                            "background work failed and is begun again", extra={"work": name, "why": why}
                        )
            raise_if_cancelled()
            await self._sleep(RETRY_AFTER_S)
