"""What an engine is told about its instance.

Decides names, units and defaults of the engine's settings. It must not know where a value came from, nor anything that
may differ from campaign to campaign (``domain.dialing``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trunkcall.domain.agent_keys import AgentKeys
from trunkcall.domain.instants import HOUR, SECOND, Duration
from trunkcall.domain.tones import Tone
from trunkcall.domain.trunk import Trunk


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Settings of one engine. Durations are microseconds."""

    agent_ring_timeout: Duration = 20 * SECOND
    originate_grace: Duration = 15 * SECOND
    """How long after the ring timeout a carrier may stay silent about a leg before the attempt counts as failed."""
    detection_timeout: Duration = 45 * SECOND
    """How long answering machine detection may take before an answer counts as undecided."""
    hang_up_grace: Duration = 60 * SECOND
    """How long a leg that was told to end may hold its line without the carrier confirming."""
    queue_limit: Duration = 20 * SECOND
    """How long a live answer may wait in any queue at all before it is hung up."""
    safe_harbour_limit: Duration = 120 * SECOND
    """How long a safe-harbour message may take before its contact is hung up."""
    void_backoff: Duration = 1 * SECOND
    """How long nobody is dialed on a trunk after an originate that the carrier did not take there."""
    campaign_memory: Duration = HOUR
    """How long the sums of a campaign that is over can still be read."""
    window_size: int = 2000
    """Most waiting contacts of one campaign that the engine holds."""
    trunks: tuple[Trunk, ...] = (Trunk("default"),)
    """The trunks that there are."""
    lines_per_agent: float = 10.0
    """Most lines of a campaign for each agent of its queue at work, whatever its pacer wants: a fuse, the same for all,
    since others lose their lines to one who has more. Where one attempt in fifty is a live answer, agents who are
    always busy take eight."""
    keys: AgentKeys = field(default_factory=AgentKeys)
    """What agents can do by keys of the telephone."""
    confirms: bool = False
    """Whether agents are told on the legs of their sessions what they are, and what has become of keys; and in a talk
    whether it is recorded."""
    answer_tone: Tone = ()
    """What an agent hears on the leg of a session as a live answer is joined; empty for nothing."""
