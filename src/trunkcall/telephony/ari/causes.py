"""Why a leg ended, by what Asterisk says of it.

Decides what SIP's final answers and Q.850 causes come to (RFC 3261 21, RFC 8197, RFC 8224, RFC 8688; ITU-T Q.850), as
docs/reference/sip-answers.md has it. It must not know who asked for an end. A 603 of analytics on the way and one of
the callee look alike, so they are one; of a Reason header in a final answer Asterisk tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trunkcall.domain.leg import HangupCause

_BY_SIP: Final[Mapping[int, HangupCause]] = (
    dict.fromkeys((486, 600), HangupCause.BUSY)
    | dict.fromkeys((404, 410, 484, 485, 604), HangupCause.INVALID_NUMBER)
    | dict.fromkeys((480,), HangupCause.NO_ANSWER)
    | dict.fromkeys((403, 428, 433, 436, 437, 438, 603, 607, 608), HangupCause.REJECTED)
    # Whoever says whom to call instead takes no call: nobody else is ever called.
    | dict.fromkeys(range(300, 400), HangupCause.REJECTED)
    | dict.fromkeys((503, 504), HangupCause.CONGESTION)
)
_GIVEN_UP: Final = frozenset({408, 487})
"""Somebody on the way has waited long enough: for an answer where it rang, else for any sign of life."""
_BY_Q850: Final[Mapping[int, HangupCause]] = (
    dict.fromkeys((17,), HangupCause.BUSY)
    | dict.fromkeys((1, 22, 28), HangupCause.INVALID_NUMBER)
    | dict.fromkeys((18, 19, 20), HangupCause.NO_ANSWER)
    | dict.fromkeys((21,), HangupCause.REJECTED)
    | dict.fromkeys((34, 38, 42, 44), HangupCause.CONGESTION)
)
_CUT: Final = frozenset({3, 18, 27, 34, 38, 41, 42, 44, 47, 58, 102})
"""Causes after the answer that no party has who hangs up: the network has failed, media has not come for too long (44),
or no codec is common any more (58)."""
_NO_ANSWER_TO_US: Final = frozenset({406, 408, 481, 488, 606})
"""What ends an answered leg that did not go on: its party no longer knows it, or does not answer."""
RANG: Final = frozenset({"RINGING", "PROGRESS"})
"""What a Dial event says once the far end rings: 180, or 183 with the network's own ringing."""


def cause_of(cause: int, sip: int | None, *, rang: bool, answered: bool) -> HangupCause:
    """Why a leg ended that nobody here has ended: by its Q.850 cause, and SIP's final answer where there was one."""
    if answered:
        return HangupCause.FAILED if cause in _CUT or sip in _NO_ANSWER_TO_US else HangupCause.NORMAL
    if sip in _GIVEN_UP:
        return HangupCause.NO_ANSWER if rang else HangupCause.UNREACHABLE
    if sip:
        return _BY_SIP.get(sip, HangupCause.FAILED)
    found = _BY_Q850.get(cause, HangupCause.FAILED)
    return HangupCause.UNREACHABLE if found is HangupCause.NO_ANSWER and not rang else found
