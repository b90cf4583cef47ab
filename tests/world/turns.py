"""The first half of the liveness phase: nothing goes wrong, every campaign wants to dial all the time, and every one
that may begins attempts within the time that its weight gives it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random

from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.errors import NotFoundError, StoreUnavailableError
from trunkcall.domain.instants import SECOND
from world.asking import at_once
from world.clocks import MOST_APART_S
from world.servers import Servers
from world.site import Site
from world.story import Story

LOOK_EVERY_S = 5.0
WAITING = 6
"""How many contacts wait at least in every campaign, and are due."""
TURNS = 2
"""How many attempts each campaign has to begin before it is believed to have its turn."""
AT_ONCE_S = 180.0
"""What it may take until somebody dials again, and every leg is known again."""
MEMORY = 30
"""For how many attempts one may have to wait who was served before."""
KEPT_AFTER = 2
"""How many times as many attempts of others go before one until an agent is kept for it."""
SERVICE_S = 25.0
"""What an attempt keeps an agent or a line for: rings, talk and work after it."""


class Turns:
    """Of one instance."""

    def __init__(self, site: Site, servers: Servers, story: Story, random: Random) -> None:
        self._site = site
        self._servers = servers
        self._story = story
        self._random = random
        self._seen: dict[str, tuple[int, float]] = {}
        """Of each campaign how many attempts it had begun, and when it was last seen that they became more, or that it
        may not begin any."""
        self._had: dict[str, int] = {}
        """In how many looks each campaign had begun another attempt."""

    async def run(self) -> None:
        """Until everybody had a turn, or somebody did not have it in time."""
        loop = asyncio.get_running_loop()
        await self._raise_weights()
        while not self._story.wrong:
            campaigns = self._campaigns()
            for campaign in campaigns:
                await self._site.operator.have_it_run(campaign, campaign.state)
                if self._due(campaign.campaign_id) < WAITING:
                    await self._random.choice(self._site.clients).feed(campaign.campaign_id, WAITING)
            wanting = [campaign for campaign in campaigns if self._may_begin(campaign)]
            for campaign in campaigns:
                self._look(campaign, loop.time(), wanting)
            if all(self._had.get(campaign.campaign_id, 0) >= TURNS for campaign in wanting):
                return
            await asyncio.sleep(LOOK_EVERY_S)

    def _due(self, campaign_id: str) -> int:
        """How many wait and are due by anybody's clock; not all are counted where there are enough."""
        long_ago = self._site.now() - round(MOST_APART_S * SECOND)
        due = at_once(self._site.kept.due_contacts(campaign_id, now=long_ago, held=(), limit=WAITING))
        return len(due.contacts)

    async def _raise_weights(self) -> None:
        """Of some campaigns that had none."""
        for campaign in self._campaigns():
            if campaign.dialer.bandwidth_allocation == 0.0 and self._random.random() < 0.7:
                try:
                    dialer = replace(campaign.dialer, bandwidth_allocation=self._random.choice((0.2, 1.0)))
                    await self._site.operator.has_it_dial(self._random.choice(self._servers()), campaign, dialer)
                except (NotFoundError, StoreUnavailableError):
                    pass

    def _campaigns(self) -> list[Campaign]:
        """As they are, but for those that are over."""
        found = [at_once(self._site.kept.campaign(each.campaign_id)) for each in self._site.campaigns]
        return [each for each in found if each is not None and each.state is not CampaignState.STOPPED]

    def _look(self, campaign: Campaign, now_s: float, wanting: list[Campaign]) -> None:
        campaign_id = campaign.campaign_id
        begun = self._site.witness.begun[campaign_id]
        before, since_s = self._seen.get(campaign_id, (begun, now_s))
        if begun > before:
            self._had[campaign_id] = self._had.get(campaign_id, 0) + 1
        if begun > before or not self._may_begin(campaign):
            since_s = now_s
        self._seen[campaign_id] = begun, since_s
        within_s = self._within_s(campaign, wanting)
        if now_s - since_s > within_s:
            self._story.accuse(f"a campaign has no turn within {within_s:.0f} s", campaign_id)

    @staticmethod
    def _may_begin(campaign: Campaign) -> bool:
        """Whether it runs, and has a claim to what others want too."""
        if campaign.state is not CampaignState.RUNNING:
            return False
        return not campaign.dialer.needs_agents or _weight(campaign) > 0.0

    def _within_s(self, campaign: Campaign, wanting: list[Campaign]) -> float:
        """The attempts that others may begin before it does, and how long each of them keeps what is scarce. Where
        agents and trunks are scarce at once an agent is kept for it after that, once one has been for all who waited
        longer (docs/explanation/sharing.md)."""
        own_weight, own_capacity = _weight(campaign), _capacity(campaign)
        weights = sum(_weight(each) for each in wanting) / own_weight if own_weight else 0.0
        capacities = sum(_capacity(each) for each in wanting) / own_capacity
        others = MEMORY + max(MEMORY, weights, capacities) + len(wanting)
        at_a_time = min(self._site.channels, self._site.agents_of(campaign.outbound_call.queue_id))
        if campaign.dialer.needs_agents and self._site.is_narrow:
            others = KEPT_AFTER * others + len(wanting)
            at_a_time = 1
        return AT_ONCE_S + others * max(SERVICE_S / at_a_time, 1.0 / self._site.attempts_per_s)


def _weight(campaign: Campaign) -> float:
    return campaign.dialer.bandwidth_allocation or 0.0


def _capacity(campaign: Campaign) -> float:
    return campaign.dialer.dialing_capacity or 1.0
