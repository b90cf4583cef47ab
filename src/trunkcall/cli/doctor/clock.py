"""Whether this machine's clock is set by another one, as far as the kernel knows.

Calling hours go by it, and nobody notices a clock that drifts.
"""

from __future__ import annotations

import ctypes
from typing import Final

from trunkcall.telephony.finding import Finding, ok, warning

_SUBJECT: Final = "clock"
_TIMEX_BYTES: Final = 512
"""More than struct timex takes on any machine; all zero, it asks and sets nothing."""
_UNSYNCHRONIZED: Final = 5
"""TIME_ERROR: nothing has set the clock, or not for long (adjtimex(2))."""


def clock() -> Finding:
    """What the kernel says of it."""
    return told_of(_state())


def told_of(state: int | None) -> Finding:
    """What a state of adjtimex(2) comes to; None where the kernel tells none."""
    if state is None:
        return warning(_SUBJECT, "Nobody can tell here whether something sets this machine's clock. See that NTP does.")
    if state == _UNSYNCHRONIZED:
        return warning(
            _SUBJECT,
            "Nothing sets this machine's clock, by which calling hours are kept. Install an NTP client, such as "
            "chrony or systemd-timesyncd; in a container, on its host.",
        )
    return ok(_SUBJECT, "It is set by NTP.")


def _state() -> int | None:
    try:
        asked = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    state = asked(ctypes.create_string_buffer(_TIMEX_BYTES))
    return state if isinstance(state, int) and state >= 0 else None
