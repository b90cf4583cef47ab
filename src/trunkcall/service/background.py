"""Work beside the requests that has to go on for as long as the server runs.

Decides that a failure ends one run of it and not the work: a disk that was full for an hour must not be the end of
retention. It must not know what the work is.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from trunkcall.domain.errors import StoreUnavailableError

log = logging.getLogger(__name__)

RETRY_AFTER_S: Final = 5.0
WELL_AFTER_S: Final = 10.0
"""A run that has gone on for so long is taken for one that does not fail as the last one did."""
LOG_EVERY_S: Final = 60.0


class Background:
    """Works that are run again whenever they fail."""

    def __init__(self, *, retry_after_s: float = RETRY_AFTER_S, well_after_s: float = WELL_AFTER_S) -> None:
        self._retry_after_s = retry_after_s
        self._well_after_s = well_after_s
        self._failing: dict[str, str] = {}

    @property
    def trouble(self) -> str | None:
        """Which works fail, in words for /health; None while none does."""
        return "; ".join(self._failing.values()) or None

    async def keep_running(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Run it again whenever it fails, until cancelled. What the store says of itself is not said a second time."""
        loop = asyncio.get_running_loop()
        log_at_s = 0.0
        while True:
            well = loop.call_later(self._well_after_s, self._failing.pop, name, None)
            try:
                await work()
            except Exception as error:  # whatever it was, the next run reads the store anew
                if not isinstance(error, StoreUnavailableError):
                    why = type(error).__name__
                    self._failing[name] = f"{name} fails and is begun again and again ({why})"
                    if time.monotonic() >= log_at_s:
                        log_at_s = time.monotonic() + LOG_EVERY_S
                        log.error(  # noqa: TRY400 - a traceback would show values
                            "background work failed and is begun again", extra={"work": name, "why": why}
                        )
            finally:
                well.cancel()
            await asyncio.sleep(self._retry_after_s)
