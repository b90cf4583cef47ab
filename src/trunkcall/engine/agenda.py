"""Whose pacers are asked at the end of a turn.

A pacer that looks now and then is asked when its look is due. One that dials one to one is asked when something has
happened that may let it begin an attempt: somebody has become free, contacts are there, the campaign has changed, an
attempt has ended, or others have fewer claims to the agents. Everybody else would want nothing. A campaign that got
less than it wanted is asked again.

Decides that alone, from what the other parts of the engine have noted. It must not know how many attempts anybody
wants.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import Final

from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.competition import Competition
from trunkcall.engine.components import Component, Components, in_order
from trunkcall.engine.pools import Pool
from trunkcall.engine.registry import Registry
from trunkcall.engine.roster import Roster
from trunkcall.engine.timers import NEVER

LOOKS_OVER: Final[Duration] = SECOND
"""Over how long looks that are due at once are spread: a look takes as long as dozens of other turns, and campaigns
that were begun together would look together for ever, and take all attempts that the trunks allow in one moment."""
LEAST_APART: Final[Duration] = SECOND // 1000
MOST_APART: Final[Duration] = SECOND // 20
"""How long at the most after a turn that has left looks for later the next is wanted: as long as AFTER_OTHERS
(dialing.py). With looks for the same agents closer to each other these are less busy: benchmarks/several.py."""
TURNS: Final = 16
"""Of the looks that are due one turn has so many-th part, so that those that are late, as after a stall, catch up."""


class Agenda:
    """Who is to be asked, and whose window is to be seen to."""

    __slots__ = (
        "_competition",
        "_components",
        "_due",
        "_look_at",
        "_looks",
        "_registry",
        "_roster",
        "eager",
        "next_look_at",
        "ripe",
        "touched",
    )

    def __init__(self, roster: Roster, registry: Registry, components: Components, competition: Competition) -> None:
        self._roster = roster
        self._registry = registry
        self._components = components
        self._competition = competition
        self.touched: list[CampaignDialing] = []
        """Campaigns whose window is to be seen to."""
        self.ripe: dict[int, CampaignDialing] = {}
        """By number: who is to be asked as soon as somebody can be dialed."""
        self.eager: dict[int, CampaignDialing] = {}
        """By number: who looks ahead and is asked at every turn."""
        self._looks: list[tuple[Instant, int, CampaignDialing]] = []
        """A heap, with some that are to be at another instant."""
        self._look_at: dict[int, Instant] = {}
        self._due: deque[CampaignDialing] = deque()
        """Whose look is due, longest first."""
        self.next_look_at: Instant = NEVER
        """When the next look is to be had."""

    def put(self, campaign: CampaignDialing) -> None:
        """The campaign is to be asked: at its next look, or as soon as somebody can be dialed."""
        if not campaign.can_dial:
            return
        number = campaign.number
        if campaign.pacer.look_every:
            at = campaign.next_look_at
            if self._look_at.get(number) != at:
                self._look_at[number] = at
                heappush(self._looks, (at, number, campaign))
                if at < self.next_look_at:
                    self.next_look_at = at
        elif campaign.looks_ahead:
            self.eager[number] = campaign
        else:
            self.ripe[number] = campaign

    def take(self, now: Instant, *, ripe: bool) -> list[CampaignDialing]:
        """Who is to be asked now, in the order in which they became known; those who do not look ahead only if somebody
        can be dialed (``ripe``). They are asked again once they are ``put``."""
        taken = {campaign.number: campaign for campaign in self._looks_due(now)} if self.next_look_at <= now else {}
        if self.eager:
            taken |= self.eager
            self.eager.clear()
        if ripe:
            taken |= self.ripe
            self.ripe.clear()
        return in_order([campaign for campaign in taken.values() if campaign.can_dial])

    def _looks_due(self, now: Instant) -> list[CampaignDialing]:
        """Those of the looks that are due which this turn has."""
        looks, due = self._looks, self._due
        while looks and looks[0][0] <= now:
            at, number, campaign = heappop(looks)
            if self._look_at.get(number) == at:
                due.append(campaign)
        apart = min(max(LOOKS_OVER // len(self._look_at), LEAST_APART), MOST_APART) if due else 0
        taken = [due.popleft() for _ in range(-(-len(due) // TURNS))]
        for campaign in taken:
            self._look_at.pop(campaign.number, None)
        self.next_look_at = now + apart if due else looks[0][0] if looks else NEVER
        return taken

    def collect(self) -> None:
        """Take in what has been noted since the last turn."""
        for campaign in self.touched:
            self._competition.look_at(campaign)
            self.put(campaign)
        if self._registry.eased:
            for campaign in self._registry.eased.values():
                if not campaign.looks_ahead:
                    self.put(campaign)
                elif self._components.contested or len(self._registry.of(campaign).in_flight) <= 1:
                    self._collect_looking_ahead(campaign)
            self._registry.eased.clear()
        if self._roster.restaffed:
            for pool in self._roster.restaffed:
                self._put_those_served_by(pool)
                self._components.restaffed(pool)
            self._roster.restaffed.clear()
        if self._roster.eased:
            if self._components.one_to_one:
                for pool in self._roster.eased:
                    self._put_those_served_by(pool)
            self._roster.eased.clear()
        if self._components.altered:
            for component in self._components.altered:
                self._put_all_of(component)
            self._components.altered.clear()

    def _collect_looking_ahead(self, campaign: CampaignDialing) -> None:
        """Fewer attempts of the campaign are in flight than were, or the first of them is: agents who had to be left to
        them need not be any more."""
        self._components.look_at(campaign)
        component = self._components.of(campaign)
        if component is not None and component.contested:
            self._put_all_of(component)

    def _put_those_served_by(self, pool: Pool) -> None:
        """Those that dial one to one for agents of the pool."""
        for campaign in self._components.one_to_one_of(pool):
            self.put(campaign)

    def _put_all_of(self, component: Component) -> None:
        """Those that dial one to one for agents of the component."""
        for group in component.claiming:
            if not group.look_ahead:
                for campaign in group.claimants:
                    self.put(campaign)
