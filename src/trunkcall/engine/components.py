"""Which campaigns can want the same agents, and which of them do: what shares and allotments are made of.

A *component* is queues that agents connect: whoever serves two of them connects these, and any two of it are connected
by such steps. No campaign of one can have an agent of another. Within a component campaigns that count on agents
together are a *group* (docs/explanation/sharing.md). Who has a claim follows from what campaigns and agents do; it is
kept as that happens, and never looked for among all campaigns.

Decides who competes with whom. It must not know how many agents anybody gets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from typing import Final

from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.fairness import FairClock
from trunkcall.engine.pools import Pool
from trunkcall.engine.registry import Registry
from trunkcall.engine.roster import Roster

MEMORY: Final = 30.0
"""Attempts that are remembered of what campaigns have had of agents: enough for every one of them to find a moment at
which its own ledger lets it dial, too few to be noticed in its share."""


class CampaignGroup:
    """Campaigns that count on agents together: those of these queues, which have the very same agents, that look ahead,
    or those that do not."""

    __slots__ = ("_by_number", "_claimants", "look_ahead", "queues")

    def __init__(self, queues: frozenset[str], *, look_ahead: bool) -> None:
        self.queues = queues
        self.look_ahead = look_ahead
        self._by_number: dict[int, CampaignDialing] = {}
        self._claimants: tuple[CampaignDialing, ...] | None = ()

    @property
    def claimants(self) -> tuple[CampaignDialing, ...]:
        """Those that have a claim to agents, in the order in which campaigns became known."""
        if self._claimants is None:
            self._claimants = tuple(in_order(self._by_number.values()))
        return self._claimants

    def has(self, campaign: CampaignDialing) -> bool:
        """Whether the campaign is one of them."""
        return campaign.number in self._by_number

    def claim(self, campaign: CampaignDialing, *, claims: bool) -> bool:
        """The campaign has a claim from here, or none. Returns whether that is a change."""
        if claims == (campaign.number in self._by_number):
            return False
        if claims:
            self._by_number[campaign.number] = campaign
        else:
            del self._by_number[campaign.number]
        self._claimants = None
        return True


class Component:
    """Queues that agents connect, and the campaigns that dial for them."""

    __slots__ = (
        "__weakref__",
        "_groups",
        "campaigns",
        "claiming",
        "clock",
        "contested",
        "one_to_one",
        "passed",
        "queues",
        "version",
    )

    def __init__(self, queues: frozenset[str]) -> None:
        self.queues = queues
        self.campaigns: dict[str, CampaignDialing] = {}
        self.clock = FairClock[CampaignDialing](MEMORY)
        """Whose turn it is to have an agent."""
        self._groups: dict[tuple[frozenset[str], bool], CampaignGroup] = {}
        self.claiming: tuple[CampaignGroup, ...] = ()
        """The groups that have a claim to agents, in the order in which campaigns became known."""
        self.contested = False
        """Whether several groups have, and one of them looks ahead: agents must be allotted. Those that are dialed one
        to one take whoever is free."""
        self.one_to_one = False
        """Whether one of them is dialed one to one."""
        self.version = 0
        """Raised whenever agents are to be allotted anew."""
        self.passed: Counter[CampaignGroup] = Counter()
        """How often each group has left an agent who was its own by turns to the next, since the last attempt."""

    def group(self, queues: frozenset[str], *, look_ahead: bool) -> CampaignGroup:
        """The group of campaigns of these queues."""
        group = self._groups.get((queues, look_ahead))
        if group is None:
            group = self._groups[queues, look_ahead] = CampaignGroup(queues, look_ahead=look_ahead)
        return group

    def claims(self, pool: Pool) -> int:
        """How many groups that have a claim could use agents of the pool."""
        return sum([not group.queues.isdisjoint(pool.queue_ids) for group in self.claiming])

    def look(self) -> None:
        """Look which groups have a claim."""
        claiming = [group for group in self._groups.values() if group.claimants]
        self.claiming = tuple(sorted(claiming, key=lambda group: group.claimants[0].number))
        self.one_to_one = not all(group.look_ahead for group in claiming)
        self.contested = len(claiming) > 1 and any(group.look_ahead for group in claiming)


class Components:
    """The components of one instance."""

    __slots__ = ("_group_of", "_of_campaign", "_of_queue", "_registry", "_roster", "altered", "contested", "one_to_one")

    def __init__(self, roster: Roster, registry: Registry) -> None:
        self._roster = roster
        self._registry = registry
        self._of_queue: dict[str, Component] = {}
        """Of queues that campaigns dial for, and of those connected with them."""
        self._of_campaign: dict[str, Component] = {}
        self._group_of: dict[str, CampaignGroup] = {}
        self.altered: dict[Component, None] = {}
        """Those whose agents are to be allotted anew, or need not be any more, since whoever is concerned has looked
        and cleared it."""
        self.contested = 0
        """How many of them are."""
        self.one_to_one = 0
        """How many of them have a group that is dialed one to one, and claims agents."""

    # --- who competes with whom ---------------------------------------------------------------------------------------

    def of(self, campaign: CampaignDialing) -> Component | None:
        """The campaign's; None of one that competes for no agents."""
        if self._roster.regrouped:
            self._regroup()
        return self._of_campaign.get(campaign.campaign_id)

    def group_of(self, campaign: CampaignDialing) -> CampaignGroup | None:
        """The campaign's; None of one that competes for no agents."""
        if self._roster.regrouped:
            self._regroup()
        return self._group_of.get(campaign.campaign_id)

    def claims_beside(self, campaign: CampaignDialing) -> Callable[[Pool], int] | None:
        """How many claims there are on a pool; None where no others count on agents whom the campaign could take."""
        component = self.of(campaign) if self.contested else None
        return component.claims if component is not None and component.contested else None

    def looking_ahead_with(self, campaign: CampaignDialing) -> tuple[CampaignDialing, ...]:
        """The campaigns with a claim that look ahead for the very agents of this one."""
        component, group = self.of(campaign), self.group_of(campaign)
        if component is None or group is None:
            return ()
        return component.group(group.queues, look_ahead=True).claimants

    def one_to_one_of(self, pool: Pool) -> list[CampaignDialing]:
        """The campaigns with a claim that dial one to one for agents of the pool."""
        if self._roster.regrouped:
            self._regroup()
        groups: dict[CampaignGroup, None] = {}
        for queue_id in pool.queue_ids:
            component = self._of_queue.get(queue_id)
            if component is not None and component.one_to_one:
                groups[component.group(self._roster.overlap(queue_id).same_agents, look_ahead=False)] = None
        return [campaign for group in groups for campaign in group.claimants]

    # --- what changes that --------------------------------------------------------------------------------------------

    def place(self, campaign: CampaignDialing) -> None:
        """The campaign is new, or has other settings: it may dial for other agents, in another way, or have another
        weight."""
        before = self.of(campaign)
        if before is not None:
            self._take_out(campaign, before)
        queue_id = campaign.agent_queue_id
        if before is not None and queue_id not in before.queues:
            before.clock.forget(campaign)
        if queue_id is None:
            return
        component = self._of_queue.get(queue_id)
        if component is None:
            component = Component(self._roster.connected(queue_id))
            for connected_id in component.queues:
                self._of_queue[connected_id] = component
        component.campaigns[campaign.campaign_id] = campaign
        self._of_campaign[campaign.campaign_id] = component
        queues = self._roster.overlap(queue_id).same_agents
        self._group_of[campaign.campaign_id] = component.group(queues, look_ahead=campaign.looks_ahead)
        if campaign.can_dial:
            component.clock.join(campaign, campaign.claim)
            if campaign.queued:
                component.clock.want(campaign)
        self.look_at(campaign)

    def look_at(self, campaign: CampaignDialing) -> None:
        """Whether the campaign has a claim to agents may have changed: it has one as long as it has somebody to dial,
        or live answers may come of what it has dialed."""
        component = self.of(campaign)
        if component is None:
            return
        can_dial = campaign.can_dial
        if can_dial is not (campaign in component.clock):
            if can_dial:
                component.clock.join(campaign, campaign.claim)
            else:
                component.clock.leave(campaign)
        claims = can_dial or (campaign.looks_ahead and len(self._registry.of(campaign).in_flight) > 0)
        if self._group_of[campaign.campaign_id].claim(campaign, claims=claims):
            self.alter(component)

    def remove(self, campaign: CampaignDialing) -> None:
        """The campaign is forgotten, or goes elsewhere."""
        component = self.of(campaign)
        if component is not None:
            self._take_out(campaign, component)
            component.clock.forget(campaign)

    def _take_out(self, campaign: CampaignDialing, component: Component) -> None:
        del self._of_campaign[campaign.campaign_id], component.campaigns[campaign.campaign_id]
        if self._group_of.pop(campaign.campaign_id).claim(campaign, claims=False):
            self.alter(component)
        if not component.campaigns:
            for queue_id in component.queues:
                del self._of_queue[queue_id]

    def restaffed(self, pool: Pool) -> None:
        """More or fewer agents of the pool are at work."""
        component = self._of_queue.get(pool.queue_ids[0]) if pool.queue_ids else None
        if component is not None and component.contested:
            self.alter(component)

    def alter(self, component: Component) -> None:
        """The agents of the component are to be allotted anew."""
        before, had_one_to_one = component.contested, component.one_to_one
        component.version += 1
        component.look()
        self.contested += component.contested - before
        self.one_to_one += component.one_to_one - had_one_to_one
        if before or component.contested:
            self.altered[component] = None

    def _regroup(self) -> None:
        """Make anew the components whose queues are served together otherwise than they were. Whose turn it is stays:
        where agents are given other queues again and again, nobody would come to its turn otherwise."""
        found = [self._of_queue.get(queue_id) for queue_id in sorted(self._roster.regrouped)]
        self._roster.regrouped.clear()
        campaigns: list[CampaignDialing] = []
        clocks: dict[str, FairClock[CampaignDialing]] = {}
        for component in dict.fromkeys(found):
            if component is not None:
                campaigns += component.campaigns.values()
                clocks |= dict.fromkeys(component.campaigns, component.clock)
                self.contested -= component.contested
                self.one_to_one -= component.one_to_one
                for queue_id in component.queues:
                    del self._of_queue[queue_id]
        for campaign in campaigns:
            del self._of_campaign[campaign.campaign_id], self._group_of[campaign.campaign_id]
        for campaign in in_order(campaigns):
            self.place(campaign)
        for campaign in campaigns:
            self._of_campaign[campaign.campaign_id].clock.inherit(campaign, clocks[campaign.campaign_id])
        # Whoever could not have an agent may.
        self.altered.update(dict.fromkeys(self._of_campaign[c.campaign_id] for c in campaigns))


def in_order(campaigns: Collection[CampaignDialing]) -> list[CampaignDialing]:
    """As they became known."""
    return sorted(campaigns, key=number_of)


def number_of(campaign: CampaignDialing) -> int:
    """The how manieth that became known it is."""
    return campaign.number
