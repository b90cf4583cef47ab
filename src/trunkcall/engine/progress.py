"""How far one campaign is, and what the agents are doing, at one instant.

Decides what a display that asks every second may cost: one campaign's contacts in progress, one queue's agents, never
the whole engine. It must not change anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trunkcall.domain.agent import STAFFED_STATES, AgentState, PhoneTrouble
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import Instant
from trunkcall.engine.ledger import LedgerTotals
from trunkcall.engine.snapshot import TrunkSnapshot, snapshots_of
from trunkcall.engine.state import EngineState


@dataclass(frozen=True, slots=True)
class DialingProgress:
    """One campaign: its contacts in progress by state, and its ledger by window."""

    in_state: Mapping[ContactState, int]
    ledger: tuple[LedgerTotals, ...]


@dataclass(frozen=True, slots=True)
class FloorProgress:
    """Agents by state, and the trunks. ``unheard_agents`` are those of the staffed of whom nothing is heard."""

    agents: Mapping[AgentState, int]
    unheard_agents: int
    lines_in_use: int
    lines: int
    carrier_up: bool
    """Whether every trunk is."""
    trunks: tuple[TrunkSnapshot, ...]

    @property
    def staffed_agents(self) -> int:
        """Agents at work, heard of or not."""
        return sum(self.agents[state] for state in STAFFED_STATES)


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """One queue, as Amazon Connect counts: ``available`` agents could take a contact, ``staffed`` are at work,
    ``online`` are not logged out. ``waiting_since`` tells since when the contact waits that waits longest, None where
    none does: it alone looks at all of them, and a flow may ask hundreds of times in one turn."""

    available: int
    staffed: int
    online: int
    waiting: int
    waiting_since: Callable[[], Instant | None]


def queue_figures(state: EngineState, queue_id: str) -> QueueFigures:
    """The queue's; all 0 of one that nobody has spoken of."""
    queue = state.roster.queues.get(queue_id)
    if queue is None:
        return QueueFigures(0, 0, 0, 0, lambda: None)

    def waiting_since() -> Instant | None:
        return min((contact.live_at for contact in queue.waiting.values()), default=None)

    return QueueFigures(queue.free, queue.staffed, queue.online, len(queue.waiting), waiting_since)


def dialing_progress(state: EngineState, campaign_id: str, now: Instant) -> DialingProgress | None:
    """The campaign as of ``now``; None of one that the engine does not know."""
    campaign = state.campaigns.get(campaign_id)
    if campaign is None:
        return None
    in_state: dict[ContactState, int] = {}
    for contact in state.registry.of(campaign).in_progress.values():
        in_state[contact.state] = in_state.get(contact.state, 0) + 1
    return DialingProgress(in_state, campaign.ledger.totals(now))


def agent_states(state: EngineState) -> Mapping[str, AgentState]:
    """What each agent is doing, by id."""
    return {agent_id: agent.state for agent_id, agent in state.roster.agents.items()}


def floor_progress(state: EngineState, queue_id: str | None, now: Instant) -> FloorProgress:
    """The agents who serve the queue; all there are without one."""
    agents = dict.fromkeys(AgentState, 0)
    unheard = 0
    for agent in state.roster.agents.values():
        if queue_id is None or queue_id in agent.queue_ids:
            agents[agent.state] += 1
            unheard += agent.state in STAFFED_STATES and not agent.heard
    trunks = state.trunks
    return FloorProgress(
        agents, unheard, trunks.lines, trunks.channels, trunks.all_up, snapshots_of(trunks.in_use, now)
    )


def phone_troubles(state: EngineState) -> Mapping[str, PhoneTrouble]:
    """Why the phones of these agents were not reached, by id."""
    found = {}
    for agent_id, agent in state.roster.agents.items():
        trouble = PhoneTrouble.GONE if agent.phone_lost else agent.phone_trouble
        if trouble is not None:
            found[agent_id] = trouble
    return found
