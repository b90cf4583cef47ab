"""The flow of simulated shifts: a live answer goes to the queue, or hears a message where there is none; a machine is
hung up on.

Decides each step of an answered contact, and the text of its message. It must not know who carries the steps out.
"""

from __future__ import annotations

from typing import Final

from trunkcall.domain.contact import LIVE_DETECTIONS, DetectionStatus
from trunkcall.domain.flow import Disconnect, Enqueue, FlowEvent, FlowHook, FlowStep, Say, Taken
from trunkcall.domain.instants import Instant
from trunkcall.flows.language import ERROR, QUEUE_FULL

FLOW_ID: Final = "builtin"

MESSAGE: Final = (
    "Hello. This is an automated message. We have tried to reach you and will try again. "
    "If you do not wish to be called, please tell us. Goodbye."
)

_TRANSFER: Final = "TransferContactToQueue"
_MESSAGE: Final = "MessageParticipant"
_END: Final = Taken(FLOW_ID, "end", "DisconnectParticipant", None)

_MACHINE: Final = FlowStep((Disconnect(),), (_END,), is_over=True)
_QUEUE: Final = FlowStep((Enqueue(),))
_NOTHING: Final = FlowStep()
_OVER: Final = FlowStep(is_over=True)
_AFTER: Final = {
    FlowEvent.QUEUED: FlowStep((), (Taken(FLOW_ID, "queue", _TRANSFER, None),), is_over=True),
    FlowEvent.QUEUE_FULL: FlowStep(
        (Disconnect(),), (Taken(FLOW_ID, "queue", _TRANSFER, QUEUE_FULL), _END), is_over=True
    ),
    FlowEvent.NOT_QUEUED: FlowStep((Say(FLOW_ID, "message"),), (Taken(FLOW_ID, "queue", _TRANSFER, ERROR),)),
    FlowEvent.SAID: FlowStep((Disconnect(),), (Taken(FLOW_ID, "message", _MESSAGE, ""), _END), is_over=True),
    FlowEvent.NOT_SAID: FlowStep((Disconnect(),), (Taken(FLOW_ID, "message", _MESSAGE, ERROR), _END), is_over=True),
}
"""What comes of what happens. The event alone says where the contact is."""
_TEXTS: Final = {"message": MESSAGE}
"""What is said, by action."""


class BuiltinFlow:
    """The flow of every campaign of a simulated shift."""

    def started(
        self, contact_id: str, campaign_id: str, leg_id: str, *, detection: DetectionStatus | None, now: Instant
    ) -> FlowStep:
        """The first step. ``detection`` is None when detection was off, which counts as a live answer."""
        return _QUEUE if detection in LIVE_DETECTIONS else _MACHINE

    def heard(self, contact_id: str, event: FlowEvent, now: Instant) -> FlowStep:
        """The next one."""
        return _AFTER.get(event, _NOTHING)

    def taken_over(self, contact_id: str) -> FlowStep:
        """It chooses nothing."""
        return _NOTHING

    def resumed(
        self,
        contact_id: str,
        campaign_id: str,
        leg_id: str,
        *,
        detection: DetectionStatus | None,
        playing: bool | None,
        now: Instant,
    ) -> FlowStep:
        """It begins anew: nothing is kept of it."""
        return self.started(contact_id, campaign_id, leg_id, detection=detection, now=now)

    def beside(self, contact_id: str, campaign_id: str, leg_id: str, hook: FlowHook, now: Instant) -> FlowStep:
        """There is none."""
        return _OVER

    def broken_off(self, contact_id: str) -> None:
        """Nothing is kept of it."""

    def ended(self, contact_id: str) -> None:
        """Nothing is kept of it."""

    def text(self, action_id: str) -> str:
        """What the action says. Raises KeyError for one that says nothing."""
        return _TEXTS[action_id]
