"""Whose an agent is, where campaigns that do not count together could use the same agents.

Campaigns that look ahead for the very same agents dial together, as one campaign would, and so do those that are dialed
one to one: each such *group* counts on agents as one. Two groups must not count on the same agents: one to one every
agent who becomes free is kept at once, and where queues share only some agents nobody can tell which of them the
other's next live answer takes. So each group is allotted agents of its own.

Decides those allotments, by weight. Pools of agents whom the same groups can use are divided as one; those that few
groups can use first, each among the groups that have fewest agents for their weight (max-min fairness: capacity.py).
An agent who cannot be halved goes to each in turn, to whoever has had fewer rounds; a group that leaves such an agent
idle, as it has no line, passes its turn until the next attempt. A component is divided anew when that could come to
something else. It must not know what anybody does with its agents. docs/explanation/sharing.md has
an example.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from trunkcall.domain.instants import Instant
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.capacity import water_fill
from trunkcall.engine.components import CampaignGroup, Component, Components
from trunkcall.engine.pools import Agent, Pool, first_by_priority
from trunkcall.engine.registry import Registry
from trunkcall.engine.roster import Roster

ROUND: Final = 30.0
"""Attempts, of all the campaigns together, after which each group has had an agent who is not wholly anybody's for a
turn: until it had begun its part of them by weight, 15 with half of all weight."""
EPSILON: Final = 1e-9
"""Agents by which a sum of fractions may miss a whole number."""


@dataclass(frozen=True, slots=True)
class Allotment:
    """The agents of one group."""

    group: CampaignGroup
    agents: int
    fair: float
    """How many they would be if agents could be halved."""
    free: int
    """Those who are free and may be counted on, or as good as these."""
    first_free: Agent | None
    """The first of them: whoever few groups can use, of these for whom the campaign's queue comes first, and of these
    who has been available longest."""


@dataclass(slots=True)
class _Tally:
    """Of one group: its weight, the rounds it has had, how often it passed, and its agents as far as pools have been
    divided."""

    weight: float
    rounds: float
    passed: int = 0
    """-1 of one that is favoured."""
    agents: float = 0.0


@dataclass(slots=True)
class _Part:
    """Pools whose agents the same groups can use, those who had fewest rounds first; how many agents are whose, and for
    which groups one of them is so by turns."""

    groups: Sequence[CampaignGroup]
    pools: Sequence[Pool]
    whole: dict[CampaignGroup, int]
    by_turns: frozenset[CampaignGroup]


@dataclass(slots=True)
class _Division:
    """How the agents of a component are divided, as of one ``version``; the parts that few groups can use first."""

    version: int
    total_weight: float
    tallies: dict[CampaignGroup, _Tally]
    parts: list[_Part]


class Allotments:
    """The allotments of one instance."""

    __slots__ = ("_components", "_divisions", "_favoured", "_registry", "_roster")

    def __init__(self, roster: Roster, registry: Registry, components: Components) -> None:
        self._roster = roster
        self._registry = registry
        self._components = components
        self._divisions: WeakKeyDictionary[Component, _Division] = WeakKeyDictionary()
        self._favoured: CampaignDialing | None = None

    def favour(self, campaign: CampaignDialing | None) -> None:
        """Who is by turns is this campaign's group's first; None goes by rounds alone."""
        for each in (self._favoured, campaign):
            component = self._components.of(each) if each is not None else None
            if component is not None and component.contested:
                self._components.alter(component)
        self._favoured = campaign

    def of(self, campaign: CampaignDialing) -> Allotment | None:
        """The agents of the campaign's group; None where no other group can use them."""
        component = self._components.of(campaign) if self._components.contested else None
        if component is None or not component.contested:
            return None
        own = self._components.group_of(campaign)
        queue_id = campaign.agent_queue_id
        if own is None or queue_id is None or not own.has(campaign):
            return None
        division = self._division(component)
        parts = [part for part in division.parts if own in part.whole]
        if all(len(part.groups) == 1 for part in parts):
            return None
        number, free, first = 0, 0, None
        for part in parts:
            number += part.whole[own]
            of_part = self._free(part, own)
            if of_part and first is None:
                first = first_by_priority(part.pools, queue_id)
            free += of_part
        return Allotment(own, number, division.tallies[own].agents, free, first)

    def free_for(self, campaign: CampaignDialing) -> int:
        """How many agents are free whom the campaign may count on; 0 of one that needs none. Of one that looks ahead
        those are not who will be taken by what its group has in flight."""
        if campaign.agent_queue_id is None:
            return 0
        allotment = self.of(campaign)
        free = allotment.free if allotment is not None else self._roster.queue(campaign.agent_queue_id).free
        return free - self.in_flight_of_group(campaign) if campaign.looks_ahead else free

    def first_free_for(self, campaign: CampaignDialing) -> Agent | None:
        """The first of these."""
        if campaign.agent_queue_id is None:
            return None
        allotment = self.of(campaign)
        return (
            allotment.first_free
            if allotment is not None
            else self._roster.queue(campaign.agent_queue_id).first_to_keep()
        )

    def in_flight_of_group(self, campaign: CampaignDialing) -> int:
        """Attempts in flight of all that look ahead for the very agents of this campaign."""
        return self._in_flight(self._components.looking_ahead_with(campaign))

    def count_attempt(self, campaign: CampaignDialing) -> None:
        """The campaign has begun an attempt: an agent who is its group's by turns may be another's now."""
        component = self._components.of(campaign)
        if component is not None and component.passed:
            component.passed.clear()
            self._components.alter(component)
        elif component is not None and component.contested:
            division, own = self._division(component), self._components.group_of(campaign)
            if (
                own in division.tallies
                and _rounds(component, own, division.total_weight) != division.tallies[own].rounds
            ):
                self._components.alter(component)

    def pass_on(self, campaigns: Iterable[CampaignDialing], since: Instant) -> None:
        """Whoever is by turns a group's that has begun no attempt since then, though one is free for it, is the next
        group's: it may have no line. Of those that these campaigns could have."""
        components = dict.fromkeys([self._components.of(campaign) for campaign in campaigns])
        for component in components:
            if component is not None and component.contested:
                passing = [
                    group
                    for part in self._division(component).parts
                    if any(pool.free for pool in part.pools)
                    for group in part.by_turns
                    if _taken(part, group) < part.whole[group] and self._rests(group, since)
                ]
                if passing:
                    component.passed.update(passing)
                    self._components.alter(component)

    def _rests(self, group: CampaignGroup, since: Instant) -> bool:
        """Whether nothing of the group is in flight, and it has begun no attempt since then."""
        last = [campaign.last_attempt_at for campaign in group.claimants]
        return not self._in_flight(group.claimants) and all(at is None or at < since for at in last)

    def _division(self, component: Component) -> _Division:
        division = self._divisions.get(component)
        if division is None or division.version != component.version:
            division = self._divisions[component] = self._divide(component)
        return division

    def _divide(self, component: Component) -> _Division:
        total_weight = sum([c.weight for group in component.claiming for c in group.claimants])
        tallies = {
            group: _Tally(sum([c.weight for c in group.claimants]), _rounds(component, group, total_weight))
            for group in component.claiming
        }
        for group, times in component.passed.items():
            if group in tallies:
                tallies[group].passed = times
        favoured = self._components.group_of(self._favoured) if self._favoured is not None else None
        if favoured in tallies:
            tallies[favoured].passed = -1
        shared: dict[tuple[CampaignGroup, ...], list[Pool]] = {}
        for pool in self._roster.pools_of(component.queues):
            using = tuple([group for group in component.claiming if not group.queues.isdisjoint(pool.queue_ids)])
            if using and pool.staffed:
                shared.setdefault(using, []).append(pool)
        parts = [_part(groups, shared[groups], tallies) for groups in sorted(shared, key=len)]
        return _Division(component.version, total_weight, tallies, parts)

    def _free(self, part: _Part, own: CampaignGroup) -> int:
        """On how many of the part's free agents a group may count: what it has still to get, whoever has had fewest
        rounds first. One to one the agent that is its own by turns is not taken from attempts that are in flight."""
        free = left = sum([len(pool.free) for pool in part.pools])
        for group in part.groups if free else ():
            due = min(max(part.whole[group] - _taken(part, group), 0), left)
            if group is own:
                disputed = own in part.by_turns and not own.look_ahead
                if disputed and free <= self._in_flight_ahead(part, own):
                    due -= 1
                return max(due, 0)
            left -= due
        return 0

    def _in_flight_ahead(self, part: _Part, own: CampaignGroup) -> int:
        """Attempts in flight of the campaigns that look ahead for the part, for which no agent is free whom the group
        cannot use."""
        number = 0
        for group in part.groups:
            if group.look_ahead:
                pools = self._roster.pools_of(group.queues)
                elsewhere = sum([len(pool.free) for pool in pools if own.queues.isdisjoint(pool.queue_ids)])
                number += max(0, self._in_flight(group.claimants) - elsewhere)
        return number

    def _in_flight(self, campaigns: Sequence[CampaignDialing]) -> int:
        return sum([len(self._registry.of(campaign).in_flight) for campaign in campaigns])


def _rounds(component: Component, group: CampaignGroup, total_weight: float) -> float:
    """How many rounds the group has had; infinitely many if none of it has a weight: others come first."""
    rounds = min([component.clock.tag(campaign) for campaign in group.claimants]) * total_weight / ROUND
    return math.floor(rounds) if math.isfinite(rounds) else rounds


def _part(groups: tuple[CampaignGroup, ...], pools: Sequence[Pool], tallies: dict[CampaignGroup, _Tally]) -> _Part:
    """Divide pools that the same groups can use."""
    number = sum([pool.staffed for pool in pools])
    held = {group: tallies[group].agents for group in groups}
    fair = water_fill(number, held, {group: tallies[group].weight for group in groups})
    whole = {group: math.floor(agents + EPSILON) for group, agents in fair.items()}
    for group, agents in fair.items():
        tallies[group].agents += agents
    fewest_first = sorted(groups, key=lambda group: (tallies[group].passed, tallies[group].rounds))
    fractional = [group for group in fewest_first if fair[group] > whole[group] + EPSILON]
    by_turns = fractional[: max(0, number - sum(whole.values()))]
    for group in by_turns:
        whole[group] += 1
    return _Part(fewest_first, pools, whole, frozenset(by_turns))


def _taken(part: _Part, group: CampaignGroup) -> int:
    """Agents who are kept for attempts of a group, or in its contacts."""
    sides = [(queue_id, group.look_ahead) for queue_id in group.queues]
    return sum([pool.taken.get(side, 0) for pool in part.pools for side in sides])
