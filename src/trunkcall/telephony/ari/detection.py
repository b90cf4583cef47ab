"""What Asterisk's answering machine detection has come to, in the words of a contact record.

Decides the result's name, and when the greeting ended: an estimate, by the silence after it that was waited for. What
is heard of machines is for ``ears``. It must not know how a machine is told from a person. An answer of which nobody
could tell counts as a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.detection import FIGURES
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.engine.events import DetectionEnded

_RESULTS: Final = {
    "HUMAN": DetectionStatus.HUMAN_ANSWERED,
    "MACHINE": DetectionStatus.VOICEMAIL_NO_BEEP,
    "NOTSURE": DetectionStatus.AMD_UNRESOLVED,
}
_SILENCE: Final = "INITIALSILENCE"
_MACHINE: Final = "MACHINE"
_BEEP: Final = "BEEP"
_OVER: Final = "OVER"
"""Causes that are no AMD()'s: what a machine was heard to do after it, as it is noted for the next dialer."""
PROMPT_SILENCE: Final[Duration] = SECOND
"""Silence after which a machine's greeting is taken to be over where nobody can listen: what the dialplan waits for
(``WaitForSilence``)."""


def amd_arguments(figures: Mapping[str, int]) -> str:
    """What AMD() is to go by, in place of its amd.conf: an argument that is left out is that file's."""
    return ",".join(str(figures.get(name, "")) for name in FIGURES).rstrip(",")


def result_of(status: str, cause: str) -> DetectionStatus:
    """AMDSTATUS and AMDCAUSE as a result."""
    if status == _MACHINE and cause.startswith(_SILENCE):
        # Nobody has said anything: that is no machine's greeting.
        return DetectionStatus.AMD_UNRESOLVED_SILENCE
    if status == _MACHINE and cause == _BEEP:
        return DetectionStatus.VOICEMAIL_BEEP
    return _RESULTS.get(status, DetectionStatus.AMD_ERROR)


def heard(*, beeped: bool) -> str:
    """What is noted of a machine that has beeped, or whose greeting is over otherwise: a status and a cause."""
    return f"{_MACHINE}-{_BEEP if beeped else _OVER}"


def is_over(cause: str) -> bool:
    """Whether a machine's greeting was heard to be over."""
    return cause in (_BEEP, _OVER)


def detection_ended(leg_id: str, status: str, cause: str, at: Instant) -> DetectionEnded:
    """What is told of it at this instant."""
    result = result_of(status, cause)
    if result is DetectionStatus.HUMAN_ANSWERED:
        return DetectionEnded(leg_id, result, None, at - _silence_after(cause))
    return DetectionEnded(leg_id, result)


def greeting_silent(leg_id: str, at: Instant) -> DetectionEnded:
    """What is told at this instant of a machine that the dialplan has waited for."""
    return DetectionEnded(leg_id, DetectionStatus.VOICEMAIL_NO_BEEP, None, at - PROMPT_SILENCE)


def _silence_after(cause: str) -> Duration:
    """How long AMD() has heard nothing after a person's greeting, by its cause: HUMAN-800-800, in milliseconds."""
    name, _, figures = cause.partition("-")
    first = figures.partition("-")[0]
    return int(first) * SECOND // 1000 if name == "HUMAN" and first.isdecimal() and len(first) < 7 else 0
