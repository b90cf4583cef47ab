"""The one built-in flow: a live answer goes to the queue, or hears a message where there is none; a machine is hung up
on.

Decides the next step of an answered contact, and the text of its message. It must not know who carries the step out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trunkcall.domain.contact import LIVE_DETECTIONS, DetectionStatus
from trunkcall.domain.flow import FlowAction, FlowStep

FLOW_ID: Final = "builtin"

MESSAGE: Final = (
    "Hello. This is an automated message. We have tried to reach you and will try again. "
    "If you do not wish to be called, please tell us. Goodbye."
)

END: Final = FlowStep(FLOW_ID, "end", FlowAction.DISCONNECT_PARTICIPANT)
QUEUE: Final = FlowStep(FLOW_ID, "queue", FlowAction.TRANSFER_CONTACT_TO_QUEUE)
PLAY: Final = FlowStep(FLOW_ID, "message", FlowAction.MESSAGE_PARTICIPANT)
PLAYED: Final = replace(END, branch="played")

_TEXTS: Final = {PLAY.action_id: MESSAGE}
"""What is said, by action."""


class BuiltinFlow:
    """The flow of every campaign."""

    def started(
        self, contact_id: str, campaign_id: str, *, detection: DetectionStatus | None, has_queue: bool
    ) -> FlowStep:
        """The first step. ``detection`` is None when detection was off, which counts as a live answer. ``has_queue`` is
        false where no agents are waited for (agentless)."""
        if detection not in LIVE_DETECTIONS:
            return END
        return QUEUE if has_queue else PLAY

    def message_ended(self, contact_id: str, campaign_id: str, step: FlowStep) -> FlowStep:
        """The step after the message."""
        return PLAYED

    def text(self, action_id: str) -> str:
        """What the action says. Raises KeyError for one that says nothing."""
        return _TEXTS[action_id]
