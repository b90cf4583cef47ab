"""How a campaign is dialed, from what it says of itself and what the installation has for all that say nothing.

Decides which of the two counts for each of a campaign's settings for dialing, and which number its attempts show. It
must not know who dials.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.campaign import Campaign
from trunkcall.domain.dialing import DialingSettings
from trunkcall.domain.directory import Directory
from trunkcall.domain.instants import Duration
from trunkcall.domain.recording import records

DialingOf: TypeAlias = Callable[[Campaign], DialingSettings]
"""How a campaign is dialed, but for what facts around it say."""


@dataclass(frozen=True, slots=True)
class DialingDefaults:
    """What the installation's settings say for every campaign."""

    ring_timeout: Duration
    abandonment: AbandonmentLimits


def dialing_settings(campaign: Campaign, defaults: DialingDefaults) -> DialingSettings:
    """How the campaign is dialed, but for what facts around it say: the number that it shows, and the queue that its
    flow sets where it names none."""
    return DialingSettings(
        dialer_type=campaign.dialer.dialer_type,
        queue_id=campaign.outbound_call.queue_id,
        bandwidth_allocation=campaign.dialer.bandwidth_allocation or 0.0,
        dialing_capacity=campaign.dialer.dialing_capacity or 1.0,
        detects_machines=campaign.outbound_call.detects_machines,
        awaits_prompt=campaign.outbound_call.awaits_prompt,
        ring_timeout=defaults.ring_timeout,
        abandonment=defaults.abandonment,
        records=records(campaign.tags),
    )


def caller_id_of(campaign: Campaign, directory: Directory) -> str | None:
    """The number that the campaign's attempts show: its own, else its queue's. None leaves it to the trunk."""
    call = campaign.outbound_call
    queue = directory.queues.get(call.queue_id) if call.queue_id is not None else None
    return call.source_phone_number or (directory.outbound_caller_id_of(queue) if queue is not None else None)
