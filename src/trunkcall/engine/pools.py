"""Campaigns that dial for the same agents: what is whose, and who waits for whom.

Decides shares where campaigns look ahead. One to one an attempt has its own agent, and attempts are dealt by weight
where agents are free (dialing.py). Who looks ahead counts on the same agents as everybody else who does: each of them
sees all that is in flight for those agents, and whoever is ahead of another by too many attempts for its weight waits.
It must not know how many attempts anybody wants, nor that some of the agents may be for others (allotment.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trunkcall.domain.instants import Instant
from trunkcall.engine.allotment import allotment_of
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
        """Whether the campaign waits for another that looks ahead too and has had less than its share. Nobody waits for
        one whose ledger is overdrawn by much: it would be dialed one to one for hours, and has no claim to what others
        dial meanwhile."""
        pools = _same_agents(self._state, campaign)
        contenders = contending(self._state, pools)
        self._welcome(pools, contenders)
        ahead = [c for c in contenders if c.looks_ahead]
        if len(ahead) < 2:
            return False
        min_claim = max(c.dealt for c in ahead) - LEAD / 2 / sum(c.weight for c in ahead)
        for contender in ahead:
            standing = contender.ledger.standing(now)
            if standing.binding and standing.headroom < -DEFICIT:
                contender.dealt = max(contender.dealt, min_claim)
        return lead_of(self._state, campaign) > LEAD

    def _welcome(self, pools: frozenset[str | None], contenders: Sequence[CampaignDialing]) -> None:
        """Whoever had nothing to dial for a while, or had another weight, has no claim to what others dialed; nor have
        others to what it dialed before."""
        before = self._contenders.get(pools, {})
        weights = {c.campaign_id: c.weight for c in contenders}
        if weights != before:
            self._contenders[pools] = weights
            there = [c for c in contenders if before.get(c.campaign_id) == c.weight]
            least = min((c.dealt for c in there or contenders), default=0.0)
            most = least + LEAD / sum(weights.values()) if weights else least
            for contender in contenders:
                if before.get(contender.campaign_id) != contender.weight:
                    contender.dealt = min(max(contender.dealt, least), most)


def contending(state: EngineState, pools: frozenset[str | None]) -> list[CampaignDialing]:
    """The campaigns that dial for these queues and have somebody to dial."""
    return [c for c in state.campaigns.values() if c.pool in pools and c.dials and len(c.window)]


def _same_agents(state: EngineState, campaign: CampaignDialing) -> frozenset[str | None]:
    """The queues with the very agents of the campaign's."""
    return frozenset(state.roster.sharing(campaign.pool).all) if campaign.pool is not None else frozenset((None,))


def lead_of(state: EngineState, campaign: CampaignDialing) -> float:
    """By how many attempts, of all the campaigns that look ahead for the same agents, one of them is ahead of the one
    that has had least for its weight; 0 of any other."""
    ahead = [c for c in contending(state, _same_agents(state, campaign)) if c.looks_ahead]
    if campaign not in ahead:
        return 0.0
    return (campaign.dealt - min(c.dealt for c in ahead)) * sum(c.weight for c in ahead)


def share_of(state: EngineState, campaign: CampaignDialing) -> float:
    """Of the agents of its queue, how many are the campaign's by the weights of all that count on them and have
    somebody to dial."""
    group = [c for c in contending(state, _same_agents(state, campaign)) if c.looks_ahead is campaign.looks_ahead]
    own = campaign.weight / sum(c.weight for c in group) if campaign in group else 1.0
    allotment = allotment_of(state, campaign)
    staffed = state.roster.queue(campaign.pool).staffed if campaign.pool is not None else 0
    return own * allotment.fair / staffed if allotment is not None and staffed else own
