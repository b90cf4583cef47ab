"""What a contact flow decides at each of its steps.

Decides the vocabulary between flows, the engine that steps them and the traces that record the steps. A step names
things and holds nothing that a customer has said, pressed or is known for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FlowAction(StrEnum):
    """What an action of a flow does with the contact, as the flow language names it."""

    TRANSFER_CONTACT_TO_QUEUE = "TransferContactToQueue"
    """Put the contact into its campaign's queue."""
    MESSAGE_PARTICIPANT = "MessageParticipant"
    """Say something, then ask the flow again."""
    DISCONNECT_PARTICIPANT = "DisconnectParticipant"
    """End the contact."""


@dataclass(frozen=True, slots=True)
class FlowStep:
    """The action that a contact has come to: ``action_id`` is its name within the flow, ``action`` what it does, and
    ``branch`` by which way it was reached from the action before, None at the beginning."""

    flow_id: str
    action_id: str
    action: FlowAction
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """An action that was taken, and the branch by which it was left: a result, or the place of its condition; an error,
    '' for NextAction, None where nothing follows. There is nothing of people in it."""

    flow_id: str
    action_id: str
    type: str
    branch: str | None
