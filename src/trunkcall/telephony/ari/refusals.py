"""What Asterisk has refused although nobody waits for the answer, in the log.

Decides in which words, and that each kind is told once a minute at most: a switch with too much to do refuses hundreds
of requests a second. No phone number may get there, so no id is told, and of Asterisk's words none that have a digit.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from trunkcall.domain.clock import Seconds
from trunkcall.domain.seldom import Seldom
from trunkcall.telephony.ari.wire import CONFLICT, NOT_FOUND, UNSENT, Answer, AriWireError, Request

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Error:
    message: str


class Refusals:
    """Those of one connection."""

    def __init__(self, monotonic: Seconds = time.monotonic) -> None:
        self._seldom: Seldom[tuple[str, int]] = Seldom(monotonic)

    def answered(self, request: Request, answer: Answer) -> None:
        """A request was answered. What has gone meanwhile, or is so already, is no refusal."""
        if answer.is_ok or answer is UNSENT or answer.status in (NOT_FOUND, CONFLICT):
            return
        kind = f"{request.method} {_without_id(request.path)}", answer.status
        times = self._seldom.happened(kind)
        if times:
            told = {"asked": kind[0], "status": answer.status, "why": _words(answer), "times": times}
            log.warning("the switch has refused something", extra=told)


def _without_id(path: str) -> str:
    """As bridges/*/addChannel: what is asked for, and not of which."""
    resource, _, *deed = path.split("/")[:3]
    return "/".join((resource, "*", *deed))


def _words(answer: Answer) -> str:
    try:
        words = answer.holds(_Error).message
    except AriWireError:
        return ""
    return "" if any(each.isdigit() for each in words) else words
