"""The port through which the engine steps contact flows.

Decides what the engine asks of a flow. Whoever is behind it looks at attributes, key presses and answers; what comes
back holds nothing of these, and is an input of the turn that a trace records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.flow import FlowEvent, FlowHook, FlowStep
from trunkcall.domain.instants import Instant
from trunkcall.domain.values import quickly_made


class Flows(Protocol):
    """The flows of one instance's campaigns. They answer at once, and raise nothing."""

    def started(
        self, contact_id: str, campaign_id: str, leg_id: str, *, detection: DetectionStatus | None, now: Instant
    ) -> FlowStep:
        """The first step of an answered contact. ``leg_id`` is its customer's leg; ``detection`` is None when detection
        was off."""

    def heard(self, contact_id: str, event: FlowEvent, now: Instant) -> FlowStep:
        """What comes of this; of what nobody waits for, nothing, with the same ``until``."""

    def taken_over(self, contact_id: str) -> FlowStep:
        """What the flow of a contact that another dialer has had has chosen for it: its hooks, its rank, and whether
        the talk is recorded. Nothing else is ordered."""

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
        """The contact's flow goes on where it was, after another dialer has had it, or nothing was heard of its leg for
        a while. ``playing`` is whether something is played to it, None where that is not known. What is still waited
        for ``said_at`` tells."""

    def beside(self, contact_id: str, campaign_id: str, leg_id: str, hook: FlowHook, now: Instant) -> FlowStep:
        """The first step of the flow that the contact has for this, in place of the one that it was in; without one, a
        step that is over. It is heard on the leg."""

    def broken_off(self, contact_id: str) -> None:
        """Nothing that happens is told to the contact's flow any more, but what has become of an Enqueue that it has
        ordered: that is told yet. Another may begin beside the contact."""

    def ended(self, contact_id: str) -> None:
        """The contact is over, whatever its flow was about to do."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """A contact's flow is to go on where it was. ``playing`` is whether something is played to the contact."""

    playing: bool | None


@quickly_made
@dataclass(frozen=True, slots=True)
class FlowStepped:
    """A contact's flow has decided this."""

    contact_id: str
    step: FlowStep
