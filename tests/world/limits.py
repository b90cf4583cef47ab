"""Who sees that limits are kept: lines, attempts per second, agents of whom something was heard, abandonments.

It counts by itself what was written and what rings, and believes an engine only in who its agents are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.changes import AttemptBegun
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.engine.commands import Originate
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.details import CampaignDetails, EngineDetails
from trunkcall.engine.engine import Engine
from trunkcall.storage.memory import MemoryStore
from world.asking import at_once
from world.story import Story

HEARD_WITHIN_S = 31.0
"""An agent is dialed for who was heard of 15 s before somebody looked, which was 15 s before the originate."""
TARGET = AbandonmentLimits().target_ratio


class Limits:
    """Of one instance."""

    def __init__(self, store: MemoryStore, config: EngineConfig, story: Story) -> None:
        self._store = store
        self._story = story
        self._trunks = {trunk.trunk_id: trunk for trunk in config.trunks}
        self._begun_at: defaultdict[tuple[int, str], list[Instant]] = defaultdict(list)
        """Attempts by trunk, and by the token of whoever began them: each has its own clock."""

    def begins(self, token: int, change: AttemptBegun) -> None:
        """An attempt is written."""
        interval = SECOND / self._trunks[change.trunk_id].attempts_per_s
        before = self._begun_at[token, change.trunk_id]
        for number, at in enumerate(reversed(before), start=1):
            # At most a second's worth at once.
            if change.at - at < number * interval - max(0.0, SECOND - interval) - number:
                self._story.accuse("attempts are begun faster than they may be", change.contact_id)
                break
        before.append(change.at)

    def rings(self, command: Originate, lines: int) -> None:
        """An attempt has arrived at the phones, where its trunk has so many customers' legs with it."""
        trunk = self._trunks[command.trunk_id]
        if lines > trunk.channels:
            self._story.accuse(f"{lines} lines of {trunk.trunk_id} are in use", command.contact_id)
        if not trunk.may_show(command.caller_id) or command.host != trunk.host:
            self._story.accuse(f"{trunk.trunk_id} shows {command.caller_id} at {command.host}", command.contact_id)

    def hands_over(self, command: Originate, engine: Engine, heard_since_s: Mapping[str, float]) -> None:
        """An originate is handed to the carrier, by an engine that has decided it in its last turn. How long ago the
        last word of each agent was read is told by the server."""
        details = engine.details()
        campaign = details.campaigns[command.campaign_id]
        if campaign.needs_agents:
            self._is_for_somebody(command, details, campaign, heard_since_s)
        if campaign.needs_agents and not campaign.one_to_one:
            self._is_within_the_limit(command, details, campaign)

    def _is_for_somebody(
        self, command: Originate, details: EngineDetails, campaign: CampaignDetails, heard_since_s: Mapping[str, float]
    ) -> None:
        """Somebody serves the queue who was heard of or is in a session, and one to one it is the agent who is kept."""
        heard = {agent_id for agent_id, since_s in heard_since_s.items() if since_s < HEARD_WITHIN_S}
        heard |= {agent.agent_id for agent in details.agents.values() if agent.session_up}
        kept = details.contacts[command.contact_id].kept_agent_id
        if campaign.one_to_one and kept not in heard:
            self._story.accuse("somebody is dialed for an agent who may be gone", command.contact_id, kept)
        if not any(campaign.queue_id in details.agents[each].queue_ids for each in heard & details.agents.keys()):
            self._story.accuse("somebody is dialed for agents who may be gone", command.contact_id)

    def _is_within_the_limit(self, command: Originate, details: EngineDetails, campaign: CampaignDetails) -> None:
        """Where as many were abandoned as may be, no more phones ring than agents are free."""
        live_answers, abandoned = at_once(self._store.ledger_sum(command.campaign_id, since=0))
        free = len(details.queues[campaign.queue_id].free) if campaign.queue_id is not None else 0
        if abandoned >= TARGET * live_answers and len(campaign.in_flight) > free:
            self._story.accuse(
                f"{abandoned} of {live_answers} live answers were abandoned, and {len(campaign.in_flight)} phones ring "
                f"for {free} agents",
                command.contact_id,
            )
