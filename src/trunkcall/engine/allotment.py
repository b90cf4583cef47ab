"""Whose an agent is, where campaigns that do not count together could use the same agents.

Campaigns that look ahead for the very same agents dial together, as one campaign would (shares.py), and so do those
that are dialed one to one: each such *group* counts on agents as one. Two groups must not count on the same agents: one
to one every agent who becomes free is kept at once, and where queues share only some agents nobody can tell which of
them the other's next live answer takes. So each group is allotted agents of its own.

Decides those allotments, by weight. Agents whom the same groups can use are a *pool*; pools that few groups can use are
divided first, each among the groups that have fewest agents for their weight (max-min fairness, as with lines:
capacity.py). An agent who cannot be halved goes to each in turn, to whoever has begun fewer attempts for its weight. It
must not know what anybody does with its agents. docs/explanation/sharing.md has an example.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.capacity import water_fill
from trunkcall.engine.roster import Agent, Roster
from trunkcall.engine.state import EngineState

ROUND: Final = 30.0
"""Attempts, of all the campaigns together, after which each group has had an agent who is not wholly anybody's for a
turn: until it had begun its part of them by weight, 15 with half of all weight."""
EPSILON: Final = 1e-9
"""Agents by which a sum of fractions may miss a whole number."""


@dataclass(frozen=True, slots=True)
class CampaignGroup:
    """Campaigns that count on agents together: those of these queues, which have the very same agents, that look ahead,
    or those that do not."""

    queues: frozenset[str]
    look_ahead: bool

    def has(self, campaign: CampaignDialing) -> bool:
        """Whether the campaign is of the group."""
        return campaign.agent_queue_id in self.queues and campaign.looks_ahead is self.look_ahead


@dataclass(frozen=True, slots=True)
class Allotment:
    """The agents of one group."""

    group: CampaignGroup
    agents: int
    fair: float
    """How many they would be if agents could be halved."""
    free: tuple[Agent, ...]
    """Those who are free and may be counted on, or as good as these: whoever few groups can use first."""


@dataclass(slots=True)
class _Tally:
    """Of one group: its weight, the rounds it has had, and its agents as far as pools have been divided."""

    weight: float = 0.0
    rounds: float = math.inf
    agents: float = 0.0


@dataclass(slots=True)
class _Pool:
    """Agents whom the same groups can use."""

    groups: tuple[CampaignGroup, ...]
    agents: list[Agent] = field(default_factory=list)


def claims_agents(state: EngineState, campaign: CampaignDialing) -> bool:
    """Whether the campaign has a claim to agents: it has somebody to dial, or live answers may come of what it has
    dialed."""
    return campaign.can_dial or (campaign.looks_ahead and len(state.registry.of(campaign).in_flight) > 0)


def allotment_of(state: EngineState, campaign: CampaignDialing) -> Allotment | None:
    """The agents of the campaign's group; None where no other group can use them."""
    claimants = [c for c in state.campaigns.values() if c.agent_queue_id is not None and claims_agents(state, c)]
    if len(claimants) < 2 or campaign not in claimants or not any(c.looks_ahead for c in claimants):
        return None
    groups = {
        c.campaign_id: CampaignGroup(state.roster.overlap(c.agent_queue_id).same_agents, c.looks_ahead)
        for c in claimants
        if c.agent_queue_id is not None
    }
    own, different = groups[campaign.campaign_id], tuple(dict.fromkeys(groups.values()))
    if len(different) == 1:
        return None
    pools = _pools(state.roster, different)
    if not any(own in pool.groups and len(pool.groups) > 1 for pool in pools):
        return None
    tallies = _tallies(claimants, groups)
    number, free = 0, list[Agent]()
    for pool in pools:
        whole, by_turns = _divide(pool, tallies)
        if own in pool.groups:
            number += whole[own]
            free += _free(state, pool, whole, tallies, own, disputed=own in by_turns)
    return Allotment(own, number, tallies[own].agents, tuple(free))


def _pools(roster: Roster, groups: tuple[CampaignGroup, ...]) -> list[_Pool]:
    """The agents at work, those whom few groups can use first."""
    pools: dict[tuple[CampaignGroup, ...], _Pool] = {}
    for agent in roster.agents.values():
        if agent.is_at_work:
            using = tuple(group for group in groups if not group.queues.isdisjoint(agent.queue_ids))
            pools.setdefault(using, _Pool(using)).agents.append(agent)
    return sorted(pools.values(), key=lambda pool: len(pool.groups))


def _tallies(claimants: list[CampaignDialing], groups: dict[str, CampaignGroup]) -> dict[CampaignGroup, _Tally]:
    total_weight = sum(c.weight for c in claimants)
    tallies: dict[CampaignGroup, _Tally] = {}
    for campaign in claimants:
        tally = tallies.setdefault(groups[campaign.campaign_id], _Tally())
        tally.weight += campaign.weight
        tally.rounds = min(tally.rounds, math.floor(campaign.attempts_per_weight * total_weight / ROUND))
    return tallies


def _divide(
    pool: _Pool, tallies: dict[CampaignGroup, _Tally]
) -> tuple[dict[CampaignGroup, int], frozenset[CampaignGroup]]:
    """How many of the pool's agents are whose, and for which groups one of them is so by turns."""
    number = len(pool.agents)
    held = {group: tallies[group].agents for group in pool.groups}
    wanted = dict.fromkeys(pool.groups, float(number))
    fair = water_fill(number, held, wanted, {group: tallies[group].weight for group in pool.groups})
    whole = {group: math.floor(agents + EPSILON) for group, agents in fair.items()}
    for group, agents in fair.items():
        tallies[group].agents += agents
    fractional = sorted((g for g in fair if fair[g] > whole[g] + EPSILON), key=lambda g: tallies[g].rounds)
    by_turns = fractional[: max(0, number - sum(whole.values()))]
    for group in by_turns:
        whole[group] += 1
    return whole, frozenset(by_turns)


def _free(
    state: EngineState,
    pool: _Pool,
    whole: dict[CampaignGroup, int],
    tallies: dict[CampaignGroup, _Tally],
    own: CampaignGroup,
    *,
    disputed: bool,
) -> list[Agent]:
    """The pool's free agents on whom a group may count: what it has still to get, whoever has had fewest rounds first.
    One to one the agent that is its own by turns (``disputed``) is not taken from attempts that are in flight."""
    free = [agent for agent in pool.agents if agent.is_free]
    left = len(free)
    for group in sorted(pool.groups, key=lambda g: tallies[g].rounds):
        due = min(max(whole[group] - _kept(pool, group), 0), left)
        if group == own:
            if disputed and not own.look_ahead and len(free) <= _in_flight_ahead(state, pool):
                due -= 1
            return free[: max(due, 0)]
        left -= due
    return []


def _kept(pool: _Pool, group: CampaignGroup) -> int:
    """Agents who are kept for attempts of a group, or in its contacts."""
    contacts = (agent.reserved_for or agent.contact for agent in pool.agents)
    return sum(contact is not None and group.has(contact.campaign) for contact in contacts)


def _in_flight_ahead(state: EngineState, pool: _Pool) -> int:
    """Attempts in flight of the campaigns that look ahead for the pool."""
    looking_ahead = [group for group in pool.groups if group.look_ahead]
    return sum(
        len(state.registry.of(c).in_flight)
        for c in state.campaigns.values()
        if any(group.has(c) for group in looking_ahead)
    )
