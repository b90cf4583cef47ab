"""Agents on whom campaigns count that do not count together, and whose each of them is.

Campaigns that look ahead for the very same agents dial together, as one campaign would (pools.py), and so do those that
are dialed one to one. Two such parties must not count on the same agents: one to one every agent who becomes free is
kept at once, and where queues share only some agents nobody can tell which of them the other's next live answer takes.
So each party has its part of the agents.

Decides those parts, by weight: agents whom few parties can use are divided first, each among those who have fewest for
their weight (max-min fairness, as with lines: capacity.py). What is left of whole agents goes by turns to whoever has
begun fewer attempts for its weight. It must not know what anybody does with its part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.capacity import fill
from trunkcall.engine.roster import Agent, Roster
from trunkcall.engine.state import EngineState

TURN: Final = 30.0
"""Attempts, of all the campaigns together, for which an agent who is not wholly anybody's stays with one party."""
ALMOST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Party:
    """Campaigns that count on agents together: those of these queues, which have the very same agents, that look ahead,
    or those that do not."""

    queues: frozenset[str]
    ahead: bool

    def has(self, campaign: CampaignDialing) -> bool:
        """Whether the campaign is of the party."""
        return campaign.pool in self.queues and campaign.looks_ahead is self.ahead


@dataclass(frozen=True, slots=True)
class Part:
    """A party's agents."""

    party: Party
    agents: int
    fair: float
    """How many they would be if agents could be halved."""
    free: tuple[Agent, ...]
    """Those who are free and may be counted on, or as good as these: whoever serves few parties first."""


@dataclass(slots=True)
class _Claim:
    """What a party has, as far as agents have been divided."""

    weight: float = 0.0
    turn: float = math.inf
    agents: float = 0.0


@dataclass(slots=True)
class _Group:
    """Agents whom the same parties can use."""

    parties: tuple[Party, ...]
    agents: list[Agent] = field(default_factory=list)


def part_of(state: EngineState, campaign: CampaignDialing) -> Part | None:
    """The part of the campaign's party; None where no other party can use its agents."""
    contending = [c for c in state.campaigns.values() if c.pool is not None and c.contends]
    if len(contending) < 2 or campaign not in contending or not any(c.looks_ahead for c in contending):
        return None
    parties = {c.campaign_id: Party(state.roster.sharing(c.pool).all, c.looks_ahead) for c in contending if c.pool}
    own, different = parties[campaign.campaign_id], tuple(dict.fromkeys(parties.values()))
    if len(different) == 1:
        return None
    groups = _groups(state.roster, different)
    if not any(own in group.parties and len(group.parties) > 1 for group in groups):
        return None
    claims = _claims(contending, parties)
    number, free = 0, list[Agent]()
    for group in groups:
        whole, extra = _divide(group, claims)
        if own in group.parties:
            number += whole[own]
            free += _free(state, group, whole, claims, own, disputed=own in extra)
    return Part(own, number, claims[own].agents, tuple(free))


def _groups(roster: Roster, parties: tuple[Party, ...]) -> list[_Group]:
    """The agents at work, those whom few parties can use first."""
    groups: dict[tuple[Party, ...], _Group] = {}
    for agent in roster.agents.values():
        if agent.is_at_work:
            using = tuple(p for p in parties if not p.queues.isdisjoint(agent.queue_ids))
            groups.setdefault(using, _Group(using)).agents.append(agent)
    return sorted(groups.values(), key=lambda group: len(group.parties))


def _claims(contending: list[CampaignDialing], parties: dict[str, Party]) -> dict[Party, _Claim]:
    every = sum(c.weight for c in contending)
    claims: dict[Party, _Claim] = {}
    for campaign in contending:
        claim = claims.setdefault(parties[campaign.campaign_id], _Claim())
        claim.weight += campaign.weight
        claim.turn = min(claim.turn, math.floor(campaign.dealt * every / TURN))
    return claims


def _divide(group: _Group, claims: dict[Party, _Claim]) -> tuple[dict[Party, int], frozenset[Party]]:
    """How many of the group's agents are whose, and for which parties one of them is so by turns."""
    number = len(group.agents)
    held = {party: claims[party].agents for party in group.parties}
    wanted = dict.fromkeys(group.parties, float(number))
    fair = fill(number, held, wanted, {party: claims[party].weight for party in group.parties})
    whole = {party: math.floor(agents + ALMOST) for party, agents in fair.items()}
    for party, agents in fair.items():
        claims[party].agents += agents
    by_turns = sorted((p for p in fair if fair[p] > whole[p] + ALMOST), key=lambda p: claims[p].turn)
    extra = by_turns[: max(0, number - sum(whole.values()))]
    for party in extra:
        whole[party] += 1
    return whole, frozenset(extra)


def _free(
    state: EngineState,
    group: _Group,
    whole: dict[Party, int],
    claims: dict[Party, _Claim],
    own: Party,
    *,
    disputed: bool,
) -> list[Agent]:
    """The group's free agents on whom a party may count: what it has still to get, in the order of turns. One to one
    the agent that is its own by turns is not taken from attempts that are in flight."""
    free = [agent for agent in group.agents if agent.is_free]
    left = len(free)
    for party in sorted(group.parties, key=lambda p: claims[p].turn):
        due = min(max(whole[party] - _kept(group, party), 0), left)
        if party == own:
            if disputed and not own.ahead and len(free) <= _in_flight_ahead(state, group):
                due -= 1
            return free[: max(due, 0)]
        left -= due
    return []


def _kept(group: _Group, party: Party) -> int:
    """Agents who are kept for attempts of a party, or in its contacts."""
    contacts = (agent.reserved_for or agent.contact for agent in group.agents)
    return sum(contact is not None and party.has(contact.campaign) for contact in contacts)


def _in_flight_ahead(state: EngineState, group: _Group) -> int:
    ahead = [party for party in group.parties if party.ahead]
    return sum(len(c.in_flight) for c in state.campaigns.values() if any(party.has(c) for party in ahead))
