"""What a campaign is: its dialer, its outbound call settings, its state.

Decides the vocabulary of campaigns. It must not know how they are stored, validated on the wire or dialed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trunkcall.domain.instants import Instant


class CampaignState(StrEnum):
    """The states of an Amazon Connect campaign (v1)."""

    INITIALIZED = "Initialized"
    RUNNING = "Running"
    PAUSED = "Paused"
    STOPPED = "Stopped"
    FAILED = "Failed"


class DialerType(StrEnum):
    """How a campaign decides how many requests to dial at once."""

    PROGRESSIVE = "progressive"
    PREDICTIVE = "predictive"
    AGENTLESS = "agentless"


@dataclass(frozen=True, slots=True)
class DialerConfig:
    """The dialer of a campaign.

    ``bandwidth_allocation`` (0…1) is the campaign's weight among the campaigns of its queue; None for agentless.
    ``dialing_capacity`` (0.01…1) is the most of the instance's lines it may have while others compete; None means 1.
    """

    dialer_type: DialerType
    bandwidth_allocation: float | None = None
    dialing_capacity: float | None = None

    @property
    def needs_agents(self) -> bool:
        return self.dialer_type is not DialerType.AGENTLESS


@dataclass(frozen=True, slots=True)
class AnswerMachineDetectionConfig:
    """Whether answering machines are told from people, and whether a machine's prompt is waited for."""

    enabled: bool
    await_prompt: bool | None = None


@dataclass(frozen=True, slots=True)
class OutboundCallConfig:
    """What an answered contact meets: the flow, the queue, the number shown, and answering machine detection."""

    contact_flow_id: str
    queue_id: str | None = None
    source_phone_number: str | None = None
    answer_machine_detection: AnswerMachineDetectionConfig | None = None

    @property
    def detects_machines(self) -> bool:
        return self.answer_machine_detection is not None and self.answer_machine_detection.enabled

    @property
    def awaits_prompt(self) -> bool:
        return self.answer_machine_detection is not None and bool(self.answer_machine_detection.await_prompt)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One outbound campaign as the store holds it.

    ``version`` grows with every change to any campaign of the installation, so a reader can ask what changed since.
    ``deleted_at`` is set once the campaign was deleted; its contacts' records outlive it.
    """

    campaign_id: str
    arn: str
    instance_id: str
    name: str
    dialer: DialerConfig
    outbound_call: OutboundCallConfig
    state: CampaignState
    created_at: Instant
    tags: Mapping[str, str] = field(default_factory=dict)
    deleted_at: Instant | None = None
    version: int = 0

    @property
    def takes_requests(self) -> bool:
        return takes_requests(self.state, deleted=self.deleted_at is not None)

    @property
    def takes_queue_from_flow(self) -> bool:
        return takes_queue_from_flow(self.dialer, self.outbound_call)


def takes_queue_from_flow(dialer: DialerConfig, call: OutboundCallConfig) -> bool:
    """Whether a campaign dials for agents and names no queue: it has the one that its flow sets."""
    return dialer.needs_agents and call.queue_id is None


def takes_requests(state: CampaignState, *, deleted: bool) -> bool:
    """Whether a campaign takes dial requests, and attempts may begin."""
    return state is CampaignState.RUNNING and not deleted
