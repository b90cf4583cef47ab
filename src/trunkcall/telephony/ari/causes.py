"""Why a leg ended, by what Asterisk says of it.

Decides what SIP's final answers and Q.850 causes come to (RFC 3261 21, RFC 8197, RFC 8688; ITU-T Q.850). It must not
know who asked for an end. A 603 of analytics on the way and one of the callee look alike, so they are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trunkcall.domain.leg import HangupCause

_BY_SIP: Final[Mapping[int, HangupCause]] = (
    dict.fromkeys((486, 600), HangupCause.BUSY)
    | dict.fromkeys((404, 410, 484, 485, 604), HangupCause.INVALID_NUMBER)
    | dict.fromkeys((408, 480, 487), HangupCause.NO_ANSWER)
    | dict.fromkeys((403, 603, 607, 608), HangupCause.REJECTED)
    | dict.fromkeys((503, 504), HangupCause.CONGESTION)
)
_BY_Q850: Final[Mapping[int, HangupCause]] = (
    dict.fromkeys((17,), HangupCause.BUSY)
    | dict.fromkeys((1, 22, 28), HangupCause.INVALID_NUMBER)
    | dict.fromkeys((18, 19, 20), HangupCause.NO_ANSWER)
    | dict.fromkeys((21,), HangupCause.REJECTED)
    | dict.fromkeys((34, 38, 42, 44), HangupCause.CONGESTION)
)
RANG: Final = frozenset({"RINGING", "PROGRESS"})
"""What a Dial event says once the far end rings: 180, or 183 with the network's own ringing."""


def cause_of(cause: int, sip: int | None, *, rang: bool, answered: bool) -> HangupCause:
    """Why a leg ended that nobody here has ended: by its Q.850 cause, and SIP's final answer where there was one."""
    if answered:
        return HangupCause.NORMAL
    found = _BY_SIP.get(sip, HangupCause.FAILED) if sip else _BY_Q850.get(cause, HangupCause.FAILED)
    if found is HangupCause.NO_ANSWER and not rang:
        return HangupCause.UNREACHABLE
    return found
