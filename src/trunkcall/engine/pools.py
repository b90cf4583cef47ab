"""Campaigns that dial for the same agents: what is whose, and who waits for whom.

Decides shares where campaigns look ahead. One to one an attempt has its own agent, and attempts are dealt by weight
where agents are free (dialing.py). Who looks ahead counts on the same agents as everybody else who does: each of them
sees all that is in flight for those agents, and whoever is ahead of another by too many attempts for its weight waits.
Where some look ahead and others are dialed one to one, the latter would take every agent who becomes free: so each kind
has its part of the agents. It must not know how many attempts anybody wants.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
        """Whether the campaign waits for another that looks ahead too and has had less than its share. Nobody waits for
        one whose ledger is overdrawn by much: it would be dialed one to one for hours, and has no claim to what others
        dial meanwhile."""
        pools = _same_agents(self._state, campaign)
        contenders = contending(self._state, pools)
        self._welcome(pools, contenders)
        ahead = [c for c in contenders if looks_ahead(c)]
        if len(ahead) < 2:
            return False
        least_claim = max(c.dealt for c in ahead) - LEAD / 2 / sum(c.weight for c in ahead)
        for contender in ahead:
            standing = contender.ledger.standing(now)
            if standing.binding and standing.headroom < -DEFICIT:
                contender.dealt = max(contender.dealt, least_claim)
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
    """By how many attempts, of all the campaigns that look ahead for the same agents, one of them is ahead of the one
    that has had least for its weight; 0 of any other."""
    ahead = [c for c in contending(state, _same_agents(state, campaign)) if looks_ahead(c)]
    if campaign not in ahead:
        return 0.0
    return (campaign.dealt - min(c.dealt for c in ahead)) * sum(c.weight for c in ahead)


def share_of(state: EngineState, campaign: CampaignDialing) -> float:
    """The campaign's weight over those of all that dial for the same agents and have somebody to dial."""
    contenders = contending(state, _same_agents(state, campaign))
    return campaign.weight / sum(c.weight for c in contenders) if len(contenders) > 1 else 1.0


@dataclass(frozen=True, slots=True)
class Partition:
    """The agents of queues for which some campaigns look ahead and others are dialed one to one, by their weights."""

    one_to_one: int
    """How many agents are for the campaigns dialed one to one; the others are for those that look ahead."""
    kept: int
    """How many of those are kept for an attempt, or in a contact, of such a campaign."""
    disputed: bool
    """Whether the last of them is not wholly theirs. By turns it is for the one kind and the other, whichever has begun
    fewer attempts for its weight, and it changes hands only when nobody counts on it."""

    @property
    def due(self) -> int:
        """Agents that those dialed one to one have still to get; negative if they have more than is theirs."""
        return self.one_to_one - self.kept


def partition(state: EngineState, pool: str | None) -> Partition | None:
    """How the agents of a queue, and of all that have the very same ones, are parted; None where campaigns of one kind
    alone have somebody to dial."""
    if pool is None:
        return None
    contenders = contending(state, state.roster.sharing(pool).all)
    ahead = [c for c in contenders if looks_ahead(c)]
    if not ahead or len(ahead) == len(contenders):
        return None
    beside = [c for c in contenders if not looks_ahead(c)]
    weights = sum(c.weight for c in beside)
    part = state.roster.queue(pool).staffed * weights / (weights + sum(c.weight for c in ahead))
    whole = math.floor(part + 1e-9)
    disputed = part > whole + 1e-9 and min(c.dealt for c in beside) <= min(c.dealt for c in ahead)
    of_contacts = (a.reserved_for or a.contact for a in state.roster.agents.values() if pool in a.queue_ids)
    kept = sum(contact is not None and contact.campaign.pacer.one_to_one for contact in of_contacts)
    return Partition(whole + disputed, kept, disputed)


def dialed_one_to_one_beside(state: EngineState, campaign: CampaignDialing) -> bool:
    """Whether a campaign is dialed one to one for some of this one's agents, and not for the others: then nobody can
    tell whose those are, and whoever looks ahead would find them gone."""
    if campaign.pool is None:
        return False
    sharing = state.roster.sharing(campaign.pool)
    return any(c.pacer.one_to_one for c in contending(state, sharing.some - sharing.all))


def unreserved(state: EngineState, pool: str) -> int:
    """Attempts in flight for agents of this queue, of campaigns that look ahead, for which no agent is kept."""
    some = state.roster.sharing(pool).some
    return sum(
        contact.reserved_agent_id is None
        for campaign in state.campaigns.values()
        if campaign.pool in some and looks_ahead(campaign)
        for contact in campaign.in_flight.values()
    )
