"""Who is put through to whom, judged by what an engine tells of everybody: by priority, then whoever has been available
or has waited longest, and nobody before the delay is over.

If this fails, some agents have all the contacts and others none, or customers wait for whom an agent was free.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from trunkcall.domain.agent import AgentState
from trunkcall.domain.changes import ContactConnecting, ContactQueued
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.engine.decision import Decision
from trunkcall.engine.details import AgentDetails, EngineDetails


@dataclass
class Routing:
    """What was seen so far of one engine."""

    queued_at: dict[str, Instant] = field(default_factory=dict)

    def check(
        self,
        before: EngineDetails | None,
        details: EngineDetails,
        decision: Decision,
        reached: frozenset[str],
        now: Instant,
    ) -> None:
        """All is as in ``details`` after a turn. Choices are judged if one event has happened at the most, and all was
        as in ``before`` until then. Who is on a host that does not answer (``reached`` are the others) cannot be put
        through."""
        for change in decision.changes:
            if isinstance(change, ContactQueued):
                self.queued_at[change.contact_id] = change.at
            if isinstance(change, ContactConnecting) and before is not None:
                self._check_choice(before, details, change)
        self._check_nobody_waits(details, reached, now)

    def _check_choice(self, before: EngineDetails, details: EngineDetails, change: ContactConnecting) -> None:
        contact = details.contacts.get(change.contact_id)
        if contact is None:
            return
        chosen, campaign = details.agents[change.agent_id], details.campaigns[contact.campaign_id]
        served = _served(chosen, contact.queue_id)
        if served is None or not chosen.heard:
            return
        alone = not any(each.needs_agents and each is not campaign for each in details.campaigns.values())
        waited = change.at - self.queued_at[change.contact_id]
        assert waited >= served.delay_s * SECOND, "an agent who is a help has taken somebody too early"
        since = before.agents[change.agent_id].available_since
        for other in _available_all_the_time(before, details):
            theirs = _served(other, contact.queue_id)
            if theirs is None or other.agent_id == change.agent_id or waited < theirs.delay_s * SECOND:
                continue
            longer = (theirs.priority, other.available_since) < (served.priority, since)
            if other.served == chosen.served:
                assert not longer, "somebody like this agent has been available longer, and was passed over"
            if campaign.one_to_one or other.kept_for is not None or before.agents[other.agent_id].kept_for is not None:
                continue
            assert theirs.priority >= served.priority, "somebody was passed over for whom the queue comes first"
            # Where others have a claim to agents, those on whom fewest have come first.
            if alone or set(other.queue_ids) <= set(chosen.queue_ids):
                assert not longer, "somebody was passed over who has been available longer"

    def _check_nobody_waits(self, details: EngineDetails, reached: frozenset[str], now: Instant) -> None:
        """For an agent who is free and may take them."""
        free = [a for a in details.agents.values() if _is_available(a) and a.kept_for is None]
        for contact_id in reached:
            contact = details.contacts[contact_id]
            if contact.state is not ContactState.QUEUED:
                continue
            queue_id = contact.queue_id
            delays = [served.delay_s for agent in free if (served := _served(agent, queue_id)) is not None]
            waited = now - self.queued_at[contact_id]
            assert not any(waited >= delay_s * SECOND for delay_s in delays), "somebody waits whom an agent could take"


def _is_available(agent: AgentDetails) -> bool:
    has_phone = agent.session_up or not agent.persistent
    return agent.state is AgentState.AVAILABLE and agent.heard and has_phone and not agent.leaving


def _available_all_the_time(before: EngineDetails, details: EngineDetails) -> Iterable[AgentDetails]:
    """Those who were available before the event and are so after it, and serve what they served."""
    for agent in details.agents.values():
        was = before.agents.get(agent.agent_id)
        if was is None or not _is_available(was) or not _is_available(agent):
            continue
        if (was.served, was.available_since) == (agent.served, agent.available_since):
            yield agent


def _served(agent: AgentDetails, queue_id: str | None) -> ServedQueue | None:
    return next((each for each in agent.served if each.queue_id == queue_id), None)
