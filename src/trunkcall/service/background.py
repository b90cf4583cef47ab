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
LOG_EVERY_S: Final = 60.0


async def keep_running(work: Callable[[], Awaitable[None]], name: str) -> None:
    """Run it again whenever it fails, until cancelled. What the store says of itself is not logged a second time."""
    log_at_s = 0.0
    while True:
        try:
            await work()
        except Exception as error:  # whatever it was, the next run reads the store anew
            if not isinstance(error, StoreUnavailableError) and time.monotonic() >= log_at_s:
                log_at_s = time.monotonic() + LOG_EVERY_S
                log.error(  # noqa: TRY400 - a traceback would show values
                    "background work failed and is begun again", extra={"work": name, "why": type(error).__name__}
                )
        await asyncio.sleep(RETRY_AFTER_S)
