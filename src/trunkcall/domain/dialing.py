"""A campaign's settings for dialing, as one value.

Decides what may differ from campaign to campaign in how it dials. Other campaigns of the same instance may have other
values, and each may change while it is dialed. It must not know where a value comes from, nor what is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.instants import SECOND, Duration, Instant


@dataclass(frozen=True, slots=True)
class CallerIdPool:
    """Numbers of which an attempt shows one, and the day that they are counted by. They are the instance's own."""

    numbers: tuple[str, ...]
    """E.164."""
    attempts_per_day: int | None
    """The most attempts that show one of them in the day, over all campaigns; None is as many as there are."""
    day_began_at: Instant
    day_ends_at: Instant
    """At this instant nothing is dialed by this value any more: there is another for the next day."""


@dataclass(frozen=True, slots=True)
class DialingSettings:
    """How one campaign dials. Durations are microseconds."""

    dialer_type: DialerType
    queue_id: str | None
    """Whose agents take its live answers; None without agents."""
    bandwidth_allocation: float
    """Its weight among the campaigns of its queue, 0 to 1."""
    dialing_capacity: float
    """Its weight for lines and attempts per second where they are scarce, 0.01 to 1."""
    detects_machines: bool
    """Whether answering machines are told from people."""
    awaits_prompt: bool
    """Whether the end of a machine's prompt is waited for."""
    ring_timeout: Duration = 30 * SECOND
    """How long a customer's phone rings. At least 15 s (16 CFR 310.4(b)(4)(ii)); Amazon's own default is 60 s."""
    caller_id: str | None = None
    """The number that its attempts show, E.164; None leaves it to the trunk. It is the instance's own: no customer's is
    ever known here."""
    caller_ids: CallerIdPool | None = None
    """In place of ``caller_id``, where a calling policy says which numbers are shown, or how often."""
    abandonment: AbandonmentLimits = field(default_factory=AbandonmentLimits)
    safe_harbour: bool = False
    """Whether a live answer whom no agent has reached within the threshold hears a message."""
    records: bool = False
    """Whether its talks are recorded."""
    announces_recording: bool = False
    """Whether there may be something to be said before: it is asked for of each contact."""
