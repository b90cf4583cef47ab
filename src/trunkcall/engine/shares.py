"""Campaigns that dial for the same agents: what share each has, and who waits for whom.

Decides shares where campaigns look ahead. One to one an attempt has its own agent, and attempts go by weight where
agents are free (dialing.py). Who looks ahead counts on the same agents as everybody else who does: each of them sees
all that is in flight for those agents, and whoever leads another by too many attempts for its weight waits. It must not
know how many attempts anybody wants, nor that some of the agents may be for others (allotment.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trunkcall.domain.instants import Instant
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.components import in_order
from trunkcall.engine.state import EngineState

MAX_LEAD: Final = 30.0
"""Attempts, of all the campaigns together, by which one may lead another: enough for every one of them to find a moment
at which its own ledger lets it dial, too few to be noticed in its share."""

MAKING_GOOD: Final = 100.0
"""Live answers that it may take until an overdrawn ledger is so no more, and others still wait for the campaign: by a
target of 3 % they make good for three abandonments."""


class Shares:
    """The shares of the campaigns of one engine."""

    __slots__ = ("_state", "_weights")

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._weights: dict[frozenset[str | None], dict[str, float]] = {}
        """By queues with the very same agents, as long as they have: the weights of those that could dial when it was
        last looked."""

    def count_attempt(self, campaign: CampaignDialing) -> None:
        """The campaign has begun an attempt."""
        campaign.attempts_per_weight += 1.0 / campaign.weight

    def must_wait(self, campaign: CampaignDialing, now: Instant) -> bool:
        """Whether the campaign waits for another that looks ahead too and has had less than its share. Nobody waits for
        one whose ledger is overdrawn by much: it would be dialed one to one for hours, and has no claim to what others
        dial meanwhile."""
        if not campaign.looks_ahead:
            return False
        queues = _same_agents(self._state, campaign)
        competing = campaigns_of(self._state, campaign)
        self._bring_level(queues, competing)
        looking_ahead = [c for c in competing if c.looks_ahead]
        if len(looking_ahead) < 2:
            return False
        most = max(c.attempts_per_weight for c in looking_ahead)
        least = most - MAX_LEAD / 2 / sum(c.weight for c in looking_ahead)
        for other in looking_ahead:
            standing = other.ledger.standing(now)
            if standing.binding and standing.headroom < -MAKING_GOOD * standing.target_ratio:
                other.attempts_per_weight = max(other.attempts_per_weight, least)
                self._divide_anew((other,))
        return lead_of(self._state, campaign) > MAX_LEAD

    def _divide_anew(self, campaigns: Sequence[CampaignDialing]) -> None:
        """Agents go by turns to whoever has begun fewest attempts for its weight."""
        component = self._state.components.of(campaigns[0]) if campaigns else None
        if component is not None and component.contested:
            self._state.components.alter(component)

    def _bring_level(self, queues: frozenset[str | None], competing: Sequence[CampaignDialing]) -> None:
        """Whoever had nothing to dial for a while, had another weight or dialed for other agents, has no claim to what
        others dialed; nor have others to what it dialed before."""
        if queues not in self._weights:
            # Before, other queues had the very same agents: should they have them again, that is nothing to go by.
            self._weights = {others: weights for others, weights in self._weights.items() if others.isdisjoint(queues)}
        before = self._weights.get(queues, {})
        weights = {c.campaign_id: c.weight for c in competing}
        if weights != before:
            self._weights[queues] = weights
            there = [c for c in competing if before.get(c.campaign_id) == c.weight]
            least = min((c.attempts_per_weight for c in there or competing), default=0.0)
            most = least + MAX_LEAD / sum(weights.values()) if weights else least
            for campaign in competing:
                if before.get(campaign.campaign_id) != campaign.weight:
                    campaign.attempts_per_weight = min(max(campaign.attempts_per_weight, least), most)
            self._divide_anew(competing)


def campaigns_of(state: EngineState, campaign: CampaignDialing) -> list[CampaignDialing]:
    """The campaigns that dial for the very agents of this one and have somebody to dial."""
    component, group = state.components.of(campaign), state.components.group_of(campaign)
    if component is None or group is None:
        return [campaign] if campaign.can_dial else []
    groups = [component.group(group.queues, look_ahead=ahead) for ahead in (False, True)]
    return in_order([c for each in groups for c in each.claimants if c.can_dial])


def _same_agents(state: EngineState, campaign: CampaignDialing) -> frozenset[str | None]:
    """The queues with the very agents of the campaign's; None among them stands for no queue."""
    queue_id = campaign.agent_queue_id
    return frozenset(state.roster.overlap(queue_id).same_agents) if queue_id is not None else frozenset((None,))


def lead_of(state: EngineState, campaign: CampaignDialing) -> float:
    """By how many attempts, of all the campaigns that look ahead for the same agents, one of them leads the one that
    has had least for its weight; 0 of any other."""
    looking_ahead = [c for c in campaigns_of(state, campaign) if c.looks_ahead]
    if campaign not in looking_ahead:
        return 0.0
    lead_per_weight = campaign.attempts_per_weight - min(c.attempts_per_weight for c in looking_ahead)
    return lead_per_weight * sum(c.weight for c in looking_ahead)


def share_of(state: EngineState, campaign: CampaignDialing) -> float:
    """Of the agents of its queue, how many are the campaign's by the weights of all that count on them and have
    somebody to dial; a ratio."""
    group = [c for c in campaigns_of(state, campaign) if c.looks_ahead is campaign.looks_ahead]
    own = campaign.weight / sum(c.weight for c in group) if campaign in group else 1.0
    allotment = state.allotments.of(campaign)
    queue_id = campaign.agent_queue_id
    staffed = state.roster.queue(queue_id).staffed if queue_id is not None else 0
    return own * allotment.fair / staffed if allotment is not None and staffed else own
