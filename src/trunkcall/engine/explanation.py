"""Why a campaign dials as it does at one instant, in numbers.

Decides which facts of the engine bear on it. It must not change anything, nor find words for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkcall.domain.campaign import DialerType
from trunkcall.domain.instants import Duration, Instant
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.competition import PassedOver
from trunkcall.engine.dialing import CampaignView
from trunkcall.engine.ledger import LedgerTotals
from trunkcall.engine.pacing.base import Forecast
from trunkcall.engine.snapshot import TrunkSnapshot, snapshots_of
from trunkcall.engine.state import EngineState


@dataclass(frozen=True, slots=True)
class DialingExplanation:
    """What one campaign's dialing depends on."""

    dialer_type: DialerType
    one_to_one: bool
    needs_agents: bool
    refused: bool
    """The store refused an attempt because the campaign was not Running any more."""
    suspended: bool
    """Nothing is dialed until the store has kept what happened."""
    trunks: tuple[TrunkSnapshot, ...]
    """Those that it may use. What is said of lines and of attempts per second is of these."""
    window: int
    """Waiting contacts that the engine holds; the store may have more."""
    window_complete: bool
    """Whether the store has no more that are due."""
    next_due_in: Duration | None
    """How long until the first is due of those that the store has besides; None if there are none."""
    agents: int
    """Who serve its queue, at work or not, and take its contacts at once."""
    helpers: int
    """Who serve it with a delay: nobody is dialed for them."""
    free_agents: int
    staffed_agents: int
    others_agents: int
    """At work for its queue as well, but at the moment those of others who dial for them."""
    unheard_agents: int
    """Staffed as well, but nothing is heard of them."""
    failed_phones: int
    """Who serve its queue and want to work, and have a phone that failed."""
    share: float
    waits_for_others: bool
    """It waits until others that look ahead for the same agents have had their share."""
    gets_what_is_left: bool
    """It has no weight among others that dial for its agents."""
    passed_over_since: Instant | None
    """Since when it has wanted an attempt that it did not get; None if it got one since, or cannot dial."""
    passed_over: PassedOver
    kept_for: bool
    """What it needs is kept for it as it comes (reservation.py)."""
    in_flight: int
    waiting: int
    queue_full: bool
    """As many wait in its queue as may: a live answer who finds no agent does not get into it."""
    lines: int
    """That the campaign holds."""
    lines_in_use: int
    channels: int
    attempts_per_s: float
    instance_attempts_per_s: float | None
    """Of all campaigns on all trunks; None is no limit but that of the trunks."""
    next_attempt_in: Duration
    """How long the attempts per second of those that are up, and of the instance, hold the next one back."""
    lines_per_agent: float
    ledger: tuple[LedgerTotals, ...]
    ledger_binding: bool
    target_ratio: float
    headroom: float
    forecast: Forecast | None


def explain(state: EngineState, campaign_id: str, now: Instant) -> DialingExplanation | None:
    """The facts as of ``now``; None of a campaign that the engine does not know."""
    campaign = state.campaigns.get(campaign_id)
    if campaign is None:
        return None
    queue = state.roster.queue(campaign.settings.queue_id) if campaign.settings.queue_id is not None else None
    view = CampaignView(state, campaign, now)
    trunks = state.trunks.of(campaign)
    queue_id = campaign.settings.queue_id
    limits = campaign.settings.abandonment
    competition = state.competition
    return DialingExplanation(
        dialer_type=campaign.settings.dialer_type,
        one_to_one=campaign.pacer.one_to_one,
        needs_agents=campaign.pacer.needs_agents,
        refused=campaign.blocked,
        suspended=state.suspended,
        trunks=snapshots_of(trunks, now),
        window=len(campaign.window),
        window_complete=campaign.window.exhausted,
        next_due_in=None if campaign.window.next_due_at is None else max(0, campaign.window.next_due_at - now),
        agents=queue.agents if queue is not None else 0,
        helpers=sum(pool.agents for _, pool in queue.helpers) if queue is not None else 0,
        free_agents=view.free_agents,
        staffed_agents=view.staffed_agents,
        others_agents=max(0, queue.staffed - view.staffed_agents) if queue is not None else 0,
        unheard_agents=state.roster.unheard(queue_id) if queue_id is not None else 0,
        failed_phones=state.roster.failed(queue_id) if queue_id is not None else 0,
        share=_share_of(state, campaign),
        waits_for_others=competition.must_wait(campaign, now),
        gets_what_is_left=competition.gets_what_is_left(campaign),
        passed_over_since=campaign.passed_over_since,
        passed_over=competition.passed_over(campaign, competition.least_hold_s()),
        kept_for=state.reservation.campaign is campaign,
        in_flight=view.lines_in_flight,
        waiting=view.waiting,
        queue_full=queue_id is not None and state.roster.is_full(queue_id),
        lines=state.registry.of(campaign).lines,
        lines_in_use=sum(use.lines for use in trunks),
        channels=sum(use.trunk.channels for use in trunks),
        attempts_per_s=sum(use.trunk.attempts_per_s for use in trunks),
        instance_attempts_per_s=state.trunks.limited_to,
        next_attempt_in=max(
            state.trunks.allowed_at(now) - now,
            min((use.rate.allows_at() for use in trunks if use.up), default=now) - now,
        ),
        lines_per_agent=state.config.lines_per_agent,
        ledger=campaign.ledger.totals(now),
        ledger_binding=limits.binding,
        target_ratio=limits.target_ratio,
        headroom=view.standing.headroom,
        forecast=campaign.pacer.forecast(view, now),
    )


def _share_of(state: EngineState, campaign: CampaignDialing) -> float:
    """Of the agents of its queue, how many are the campaign's by the weights of all that count on them and have
    somebody to dial; a ratio."""
    group = state.components.group_of(campaign)
    counting = [c for c in group.claimants if c.can_dial] if group is not None else []
    own = campaign.weight / sum(c.weight for c in counting) if campaign in counting else 1.0
    allotment = state.allotments.of(campaign)
    queue_id = campaign.agent_queue_id
    staffed = state.roster.queue(queue_id).staffed if queue_id is not None else 0
    return own * allotment.fair / staffed if allotment is not None and staffed else own
