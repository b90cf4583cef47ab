"""What the end of a leg stands for: the disposition and the reason that are recorded of a contact, and what befalls an
agent.

Decides nothing else; when a contact ends is for ``endings`` to say.
"""

from __future__ import annotations

from trunkcall.domain.agent import PhoneTrouble
from trunkcall.domain.contact import DetectionStatus, DisconnectReason, Disposition
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.transitions import AgentEvent
from trunkcall.engine.contact import Contact

D = Disposition
R = DisconnectReason

UNANSWERED: dict[HangupCause, tuple[Disposition, DisconnectReason, DetectionStatus | None]] = {
    HangupCause.NORMAL: (D.NO_ANSWER, R.TELECOM_UNANSWERED, DetectionStatus.AMD_UNANSWERED),
    HangupCause.HUNG_UP_BY_US: (D.ATTEMPT_FAILED, R.OUTBOUND_ATTEMPT_FAILED, DetectionStatus.AMD_NOT_APPLICABLE),
    HangupCause.BUSY: (D.BUSY, R.TELECOM_BUSY, DetectionStatus.SIT_TONE_BUSY),
    HangupCause.INVALID_NUMBER: (
        D.INVALID_NUMBER,
        R.TELECOM_NUMBER_INVALID,
        DetectionStatus.SIT_TONE_INVALID_NUMBER,
    ),
    HangupCause.NO_ANSWER: (D.NO_ANSWER, R.TELECOM_UNANSWERED, DetectionStatus.AMD_UNANSWERED),
    HangupCause.RING_TIMEOUT: (D.NO_ANSWER, R.TELECOM_TIMEOUT, DetectionStatus.AMD_UNANSWERED),
    HangupCause.REJECTED: (D.REJECTED, R.TELECOM_POTENTIAL_BLOCKING, DetectionStatus.AMD_NOT_APPLICABLE),
    HangupCause.CONGESTION: (D.NETWORK_FAILURE, R.TELECOM_PROBLEM, DetectionStatus.AMD_NOT_APPLICABLE),
    HangupCause.UNREACHABLE: (D.NETWORK_FAILURE, R.TELECOM_PROBLEM, DetectionStatus.AMD_NOT_APPLICABLE),
    HangupCause.FAILED: (D.NETWORK_FAILURE, R.TELECOM_PROBLEM, DetectionStatus.AMD_NOT_APPLICABLE),
    HangupCause.NO_SOUND: (D.NETWORK_FAILURE, R.TELECOM_PROBLEM, DetectionStatus.AMD_NOT_APPLICABLE),
    HangupCause.LOST: (D.ATTEMPT_FAILED, R.OUTBOUND_ATTEMPT_FAILED, DetectionStatus.AMD_NOT_APPLICABLE),
}
"""How a contact ends whose leg ended before anybody answered."""

ANSWERED = dict.fromkeys(HangupCause, R.CUSTOMER_DISCONNECT) | {
    HangupCause.HUNG_UP_BY_US: R.OTHER,
    HangupCause.CONGESTION: R.TELECOM_PROBLEM,
    HangupCause.UNREACHABLE: R.TELECOM_PROBLEM,
    HangupCause.FAILED: R.TELECOM_PROBLEM,
    HangupCause.NO_SOUND: R.TELECOM_PROBLEM,
    HangupCause.LOST: R.TELECOM_PROBLEM,
}
"""Why a contact ended whose leg ended after the answer."""

AGENT_TALKED = dict.fromkeys(HangupCause, R.AGENT_DISCONNECT) | {HangupCause.FAILED: R.TELECOM_PROBLEM}
"""Why a contact ended whose agent's leg ended in the talk: where it was cut, as for want of sound, no agent has."""

AGENT_UNREACHED = dict.fromkeys(HangupCause, AgentEvent.MISS) | {
    HangupCause.INVALID_NUMBER: AgentEvent.FAIL,
    HangupCause.CONGESTION: AgentEvent.FAIL,
    HangupCause.UNREACHABLE: AgentEvent.FAIL,
    HangupCause.FAILED: AgentEvent.FAIL,
    HangupCause.NO_SOUND: AgentEvent.FAIL,
    HangupCause.LOST: AgentEvent.VOID,
}
"""What befalls an agent whose leg ended before the two were joined: a phone that could not be rung has failed; of a leg
that the carrier lost nobody has missed anything."""

PHONE_TROUBLES = {
    HangupCause.BUSY: PhoneTrouble.REFUSES,
    HangupCause.REJECTED: PhoneTrouble.REFUSES,
    HangupCause.INVALID_NUMBER: PhoneTrouble.REFUSES,
    HangupCause.CONGESTION: PhoneTrouble.REFUSES,
    HangupCause.FAILED: PhoneTrouble.REFUSES,
    HangupCause.NO_ANSWER: PhoneTrouble.UNANSWERED,
    HangupCause.RING_TIMEOUT: PhoneTrouble.UNANSWERED,
    HangupCause.UNREACHABLE: PhoneTrouble.GONE,
}
"""What the end of a leg that an agent has not answered says of the phone. Other ends say nothing of it."""

LED_NOWHERE = frozenset({HangupCause.CONGESTION, HangupCause.UNREACHABLE, HangupCause.FAILED})
"""What a leg that never rang ends with where its trunk leads nowhere; one such leg may be a dead number as well."""

LED_SOMEWHERE = frozenset({HangupCause.NORMAL, HangupCause.BUSY, HangupCause.INVALID_NUMBER, HangupCause.NO_ANSWER})
"""What it ends with where somebody at the other end knows of the number. Who rejects it may do so for the sake of the
number or of the trunk: that says nothing."""

MACHINES = {
    DetectionStatus.VOICEMAIL_BEEP: D.VOICEMAIL,
    DetectionStatus.VOICEMAIL_NO_BEEP: D.VOICEMAIL,
    DetectionStatus.FAX_MACHINE_DETECTED: D.FAX,
    DetectionStatus.SIT_TONE_BUSY: D.BUSY,
    DetectionStatus.SIT_TONE_INVALID_NUMBER: D.INVALID_NUMBER,
    DetectionStatus.SIT_TONE_DETECTED: D.INVALID_NUMBER,
}
"""How a contact ends that was answered, but not by a person."""


def unreached(contact: Contact) -> Disposition:
    """Of a contact that no agent reached. A flow may put machines into the queue too; they are not abandoned."""
    if contact.live or contact.detection is None:
        return D.ABANDONED
    return MACHINES[contact.detection]


def left_undetected(cause: HangupCause) -> tuple[Disposition, DetectionStatus]:
    """Of a contact whose leg ended before it was known who is there. Where nothing is heard nobody can tell."""
    if cause is HangupCause.NO_SOUND:
        return D.NETWORK_FAILURE, DetectionStatus.AMD_ERROR
    return D.CUSTOMER_HUNG_UP, DetectionStatus.AMD_UNRESOLVED


def left_in_flow(contact: Contact, cause: HangupCause) -> Disposition:
    """Of a contact whose flow was at work when its leg ended. It is abandoned if its queue was full. A message that
    could not be played to its end was none."""
    if contact.detection in MACHINES:
        return MACHINES[contact.detection]
    if contact.abandoned:
        return D.ABANDONED
    if contact.flow_ended:
        return D.ATTEMPT_FAILED if contact.unheard else D.MESSAGE_PLAYED
    return D.NETWORK_FAILURE if cause is HangupCause.NO_SOUND else D.CUSTOMER_HUNG_UP
