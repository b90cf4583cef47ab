"""Campaigns that dial for the agents of one queue: what is whose, and who waits for whom.

Decides shares where campaigns look ahead. One to one an attempt has its own agent, and attempts are dealt by weight
where agents are free (dialing.py). Who looks ahead counts on the same agents as everybody else who does, and where
somebody is dialed one to one beside that no agent would ever be left. So each of them sees all that is in flight for
those agents, and whoever is ahead of another by too many attempts for its weight waits. It must not know how many
attempts anybody wants.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trunkcall.domain.instants import Instant
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.state import EngineState

LEAD: Final = 30.0
"""Attempts, of all the campaigns together, by which one may be ahead of another: enough for every one of them to find a
moment at which its own ledger lets it dial, too few to be noticed in its share."""


DEFICIT: Final = 3.0
"""Abandonments by which a ledger may be overdrawn and others still wait for the campaign: a hundred live answers make
good for them."""


class Pools:
    """The shares of the campaigns of one engine."""

    __slots__ = ("_contenders", "_state")

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._contenders: dict[frozenset[str | None], dict[str, float]] = {}
        """The weights of those that wanted to dial when it was last looked."""

    def begun(self, campaign: CampaignDialing) -> None:
        """The campaign has begun an attempt."""
        campaign.dealt += 1.0 / campaign.weight

    def is_ahead(self, campaign: CampaignDialing, now: Instant) -> bool:
        """Whether the campaign waits for another that has had less than its share. Where all look ahead, nobody waits
        for one whose ledger is overdrawn by much: it would be dialed one to one for hours, and has no claim to what
        others dial meanwhile."""
        pools = _same_agents(self._state, campaign)
        contenders = contending(self._state, pools)
        self._welcome(pools, contenders)
        if len(contenders) < 2:
            return False
        if all(looks_ahead(c) for c in contenders):
            least_claim = max(c.dealt for c in contenders) - LEAD / 2 / sum(c.weight for c in contenders)
            for contender in contenders:
                standing = contender.ledger.standing(now)
                if standing.binding and standing.headroom < -DEFICIT:
                    contender.dealt = max(contender.dealt, least_claim)
        return lead_of(self._state, campaign) > LEAD

    def _welcome(self, pools: frozenset[str | None], contenders: Sequence[CampaignDialing]) -> None:
        """Whoever had nothing to dial for a while, or had another weight, has no claim to what others dialed."""
        before = self._contenders.get(pools, {})
        weights = {c.campaign_id: c.weight for c in contenders}
        if weights != before:
            self._contenders[pools] = weights
            there = [c.dealt for c in contenders if before.get(c.campaign_id) == c.weight]
            for contender in contenders:
                if there and before.get(contender.campaign_id) != contender.weight:
                    contender.dealt = max(contender.dealt, min(there))


def looks_ahead(campaign: CampaignDialing) -> bool:
    """Whether attempts of the campaign reserve no agents, and their live answers need them."""
    return campaign.pacer.needs_agents and not campaign.pacer.one_to_one


def contending(state: EngineState, pools: frozenset[str | None]) -> list[CampaignDialing]:
    """The campaigns that dial for these queues and have somebody to dial."""
    return [c for c in state.campaigns.values() if c.pool in pools and c.dials and len(c.window)]


def _same_agents(state: EngineState, campaign: CampaignDialing) -> frozenset[str | None]:
    """The queues with the very agents of the campaign's."""
    return frozenset(state.roster.sharing(campaign.pool).all) if campaign.pool is not None else frozenset((None,))


def lead_of(state: EngineState, campaign: CampaignDialing) -> float:
    """By how many attempts, of all the campaigns together, one is ahead of the one that has had least for its weight; 0
    where nobody looks ahead."""
    contenders = contending(state, _same_agents(state, campaign))
    if campaign not in contenders or not any(looks_ahead(c) for c in contenders):
        return 0.0
    return (campaign.dealt - min(c.dealt for c in contenders)) * sum(c.weight for c in contenders)


def share_of(state: EngineState, campaign: CampaignDialing) -> float:
    """The campaign's weight over those of all that dial for the same agents and have somebody to dial."""
    contenders = contending(state, frozenset((campaign.pool,)))
    return campaign.weight / sum(c.weight for c in contenders) if len(contenders) > 1 else 1.0


def share_of_those_who_look_ahead(state: EngineState, pool: str | None) -> float:
    """The weights of the campaigns that look ahead, over those of all. The rest is for those dialed one to one."""
    contenders = contending(state, frozenset((pool,)))
    ahead = sum(c.weight for c in contenders if looks_ahead(c))
    every = sum(c.weight for c in contenders)
    return ahead / every if 0.0 < ahead < every else 1.0
