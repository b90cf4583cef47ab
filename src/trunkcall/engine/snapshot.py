"""What an engine is doing at one instant, as values that outlive it.

Decides what metrics, explanations and progress displays can be told. It must not change anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trunkcall.domain.agent import STAFFED_STATES, AgentState
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.contact import ContactState, Disposition
from trunkcall.domain.instants import Duration, Instant
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.competition import PassedOver
from trunkcall.engine.ledger import LedgerTotals
from trunkcall.engine.state import EngineState
from trunkcall.engine.trunks import TrunkUse


@dataclass(frozen=True, slots=True)
class CampaignSnapshot:
    """One campaign. ``in_window`` waiting contacts are known to the engine; the store may hold more. Agents of whom
    nothing is heard, or who are leaving, are neither free nor staffed."""

    campaign_id: str
    state: CampaignState
    dialer_type: DialerType
    in_window: int
    in_flight: int
    in_state: Mapping[ContactState, int]
    free_agents: int
    staffed_agents: int
    needs_agents: bool
    attempts: int
    answered: int
    live_answers: int
    connected: int
    abandoned: int
    dispositions: Mapping[Disposition, int]
    ledger: tuple[LedgerTotals, ...]
    ledger_target_ratio: float
    ledger_headroom: float
    running_since: Instant
    last_attempt_at: Instant | None
    passed_over_since: Instant | None
    """Since when it has wanted an attempt that it did not get; None if it got one since, or cannot dial."""
    passed_over: PassedOver


@dataclass(frozen=True, slots=True)
class TrunkSnapshot:
    """One trunk. ``held`` says that it did not take an attempt a moment ago, and takes none yet. ``failing`` says that
    it leads nowhere: of late ``failures`` attempts came to nothing, and one goes out on it each ``pause``, the next in
    ``tried_in``; 0 if that is out."""

    trunk_id: str
    host: str
    up: bool
    held: bool
    lines: int
    channels: int
    attempts_per_s: float
    caller_numbers: tuple[str, ...]
    failing: bool = False
    failures: int = 0
    pause: Duration = 0
    tried_in: Duration = 0


@dataclass(frozen=True, slots=True)
class EngineSnapshot:
    """One instance. Durations are sums over its agents, those who are gone included, microseconds. ``agents`` are all
    there are, by state; ``unheard_agents`` those of them who are staffed and of whom nothing is heard. ``lines`` and
    ``channels`` are sums over trunks, lines on former ones included; ``carrier_up`` says that all of them are up."""

    at: Instant
    campaigns: tuple[CampaignSnapshot, ...]
    agents: Mapping[AgentState, int]
    unheard_agents: int
    staffed: Duration
    handling: Duration
    lines: int
    channels: int
    carrier_up: bool
    trunks: tuple[TrunkSnapshot, ...]
    keys_ignored: int
    """How often agents have pressed keys that mean nothing, or what was not possible."""

    @property
    def contacts_in_progress(self) -> int:
        """Contacts that were attempted and have not ended, over all campaigns."""
        return sum(sum(campaign.in_state.values()) for campaign in self.campaigns)

    @property
    def occupancy_ratio(self) -> float:
        """Handling over staffed agent time; 0 before anybody was staffed."""
        return self.handling / self.staffed if self.staffed else 0.0


def take_snapshot(state: EngineState, now: Instant) -> EngineSnapshot:
    """The engine's state as of ``now``."""
    agents = state.roster.agents.values()
    least_hold_s = state.competition.least_hold_s()
    return EngineSnapshot(
        at=now,
        campaigns=tuple(_campaign(state, campaign, least_hold_s, now) for campaign in state.campaigns.values()),
        agents=state.roster.in_state(),
        unheard_agents=sum(1 for agent in agents if agent.state in STAFFED_STATES and not agent.heard),
        staffed=state.roster.staffed_by(now),
        handling=state.roster.handling_by(now),
        lines=state.trunks.lines,
        channels=state.trunks.channels,
        carrier_up=state.trunks.all_up,
        trunks=snapshots_of(state.trunks.in_use, now),
        keys_ignored=state.keys_ignored,
    )


def snapshots_of(trunks: Iterable[TrunkUse], now: Instant) -> tuple[TrunkSnapshot, ...]:
    """These trunks as of ``now``."""
    return tuple(
        TrunkSnapshot(
            trunk_id=use.trunk.trunk_id,
            host=use.trunk.host,
            up=use.up,
            held=now < use.held_until,
            lines=use.lines,
            channels=use.trunk.channels,
            attempts_per_s=use.trunk.attempts_per_s,
            caller_numbers=use.trunk.caller_numbers,
            failing=use.is_failing,
            failures=use.failures,
            pause=use.pause,
            tried_in=max(0, use.held_until - now) if use.is_failing else 0,
        )
        for use in trunks
    )


def _campaign(state: EngineState, campaign: CampaignDialing, least_hold_s: float, now: Instant) -> CampaignSnapshot:
    in_state = dict.fromkeys(ContactState, 0)
    contacts = state.registry.of(campaign)
    for contact in contacts.in_progress.values():
        in_state[contact.state] += 1
    queue_id = campaign.settings.queue_id
    statistics = campaign.statistics
    return CampaignSnapshot(
        campaign_id=campaign.campaign_id,
        state=campaign.state,
        dialer_type=campaign.settings.dialer_type,
        in_window=len(campaign.window),
        in_flight=len(contacts.in_flight),
        in_state=in_state,
        free_agents=state.roster.queue(queue_id).free if queue_id is not None else 0,
        staffed_agents=state.roster.queue(queue_id).staffed if queue_id is not None else 0,
        needs_agents=campaign.pacer.needs_agents,
        attempts=statistics.attempts,
        answered=statistics.answered,
        live_answers=statistics.live_answers,
        connected=statistics.connected,
        abandoned=statistics.abandoned,
        dispositions=dict(statistics.dispositions),
        ledger=campaign.ledger.totals(now),
        ledger_target_ratio=campaign.settings.abandonment.target_ratio,
        ledger_headroom=campaign.ledger.standing(now).headroom,
        running_since=campaign.running_since,
        last_attempt_at=campaign.last_attempt_at,
        passed_over_since=campaign.passed_over_since,
        passed_over=state.competition.passed_over(campaign, least_hold_s),
    )
