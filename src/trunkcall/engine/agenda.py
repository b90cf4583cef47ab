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
from trunkcall.engine.components import Component, Components, in_order
from trunkcall.engine.registry import Registry
from trunkcall.engine.roster import Pool, Roster
from trunkcall.engine.timers import NEVER

LOOKS_APART: Final[Duration] = SECOND // 1000
"""How long after a turn that has left looks for later the next is wanted."""
TURNS: Final = 16
"""Of the looks that are due at once one turn has so many-th part. A look takes as long as dozens of other turns, and
campaigns that were begun together would go on looking together for ever."""


class Agenda:
    """Who is to be asked, and whose window is to be seen to."""

    __slots__ = ("_components", "_due", "_eager", "_look_at", "_looks", "_registry", "_ripe", "_roster", "touched")

    def __init__(self, roster: Roster, registry: Registry, components: Components) -> None:
        self._roster = roster
        self._registry = registry
        self._components = components
        self.touched: list[CampaignDialing] = []
        """Campaigns whose window is to be seen to."""
        self._ripe: dict[int, CampaignDialing] = {}
        self._eager: dict[int, CampaignDialing] = {}
        self._looks: list[tuple[Instant, int, CampaignDialing]] = []
        """A heap, with some that are to be at another instant."""
        self._look_at: dict[int, Instant] = {}
        self._due: deque[CampaignDialing] = deque()
        """Whose look is due, longest first."""

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
        elif campaign.looks_ahead:
            self._eager[number] = campaign
        else:
            self._ripe[number] = campaign

    @property
    def anybody_ripe(self) -> bool:
        """Whether somebody is to be asked as soon as somebody can be dialed."""
        return bool(self._ripe)

    def next_look_at(self, now: Instant) -> Instant:
        """When the next look is to be had."""
        if self._due:
            return now + LOOKS_APART
        looks = self._looks
        while looks and self._look_at.get(looks[0][1]) != looks[0][0]:
            heappop(looks)
        return looks[0][0] if looks else NEVER

    def take(self, now: Instant, *, ripe: bool) -> list[CampaignDialing]:
        """Who is to be asked now, in the order in which they became known; those who do not look ahead only if somebody
        can be dialed (``ripe``). They are asked again once they are ``put``."""
        taken = {campaign.number: campaign for campaign in self._looks_due(now)}
        if self._eager:
            taken |= self._eager
            self._eager.clear()
        if ripe:
            taken |= self._ripe
            self._ripe.clear()
        return in_order([campaign for campaign in taken.values() if campaign.can_dial])

    def _looks_due(self, now: Instant) -> list[CampaignDialing]:
        """Those of the looks that are due which this turn has."""
        looks, due = self._looks, self._due
        while looks and looks[0][0] <= now:
            at, number, campaign = heappop(looks)
            if self._look_at.get(number) == at:
                due.append(campaign)
        taken = [due.popleft() for _ in range(-(-len(due) // TURNS))]
        for campaign in taken:
            self._look_at.pop(campaign.number, None)
        return taken

    def collect(self) -> None:
        """Take in what has been noted since the last turn."""
        for campaign in self.touched:
            self._components.look_at(campaign)
            self.put(campaign)
        if self._registry.eased:
            self._collect_attempts()
        if self._roster.restaffed:
            for pool in self._roster.restaffed:
                self._put_those_served_by(pool)
                self._components.restaffed(pool)
            self._roster.restaffed.clear()
        if self._roster.eased:
            for pool in self._roster.eased:
                self._put_those_served_by(pool)
            self._roster.eased.clear()
        if self._components.altered:
            for component in self._components.altered:
                self._put_all_of(component)
            self._components.altered.clear()

    def _collect_attempts(self) -> None:
        for campaign in self._registry.eased.values():
            self._components.look_at(campaign)
            self.put(campaign)
            component = self._components.of(campaign)
            if campaign.looks_ahead and component is not None and component.contested:
                self._put_all_of(component)
        self._registry.eased.clear()

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
