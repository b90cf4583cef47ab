"""The port through which the engine steps contact flows.

Decides what the engine asks of a flow. Whoever is behind it may look at attributes and key presses; what comes back
names no more than flow, action and branch, and is an input of the turn that a trace records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.flow import FlowStep
from trunkcall.domain.values import quickly_made


class Flows(Protocol):
    """The flows of one instance's campaigns. They answer at once, and raise nothing."""

    def started(
        self, contact_id: str, campaign_id: str, *, detection: DetectionStatus | None, has_queue: bool
    ) -> FlowStep:
        """The first step of an answered contact. ``detection`` is None when detection was off; ``has_queue`` says that
        the campaign has agents to whom a live answer can be put through."""

    def message_ended(self, contact_id: str, campaign_id: str, step: FlowStep) -> FlowStep:
        """The step after ``step``, whose message has been played to its end or could not be played."""


@quickly_made
@dataclass(frozen=True, slots=True)
class FlowStepped:
    """A contact's flow has come to this step."""

    contact_id: str
    step: FlowStep
