"""The one built-in flow: a live answer goes to the queue, or hears a message where there is none; a machine is hung up
on.

Decides the next step of an answered contact. It must not know who carries the step out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from trunkcall.domain.contact import LIVE_DETECTIONS, DetectionStatus

MESSAGE = (
    "Hello. This is an automated message. We have tried to reach you and will try again. "
    "If you do not wish to be called, please tell us. Goodbye."
)


@dataclass(frozen=True, slots=True)
class TransferContactToQueue:
    """Put the contact into its campaign's queue."""


@dataclass(frozen=True, slots=True)
class MessageParticipant:
    """Say this, then ask again."""

    text: str


@dataclass(frozen=True, slots=True)
class DisconnectParticipant:
    """End the contact."""


FlowStep: TypeAlias = TransferContactToQueue | MessageParticipant | DisconnectParticipant


@dataclass(frozen=True, slots=True)
class BuiltinFlow:
    """The built-in flow for one campaign. ``to_queue`` is false where no agents are waited for (agentless)."""

    to_queue: bool

    def started(self, detection: DetectionStatus | None) -> FlowStep:
        """The first step. ``detection`` is None when detection was off, which counts as a live answer."""
        if detection not in LIVE_DETECTIONS:
            return DisconnectParticipant()
        return TransferContactToQueue() if self.to_queue else MessageParticipant(MESSAGE)

    def message_ended(self) -> FlowStep:
        """The step after the message."""
        return DisconnectParticipant()
