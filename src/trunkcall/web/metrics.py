"""Prometheus metrics of the dialer and of the API.

Decides names, labels and help texts, which alerts and dashboards rely on (docs/reference/metrics.md), and how many
campaigns have series of their own. What is shown is gathered when it is scraped, and written in a thread; nothing here
is on the path of a call.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from trunkcall.aws.model import Operation
from trunkcall.aws.protocol import HttpResponse
from trunkcall.domain.agent import STAFFED_STATES, AgentState
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.clearance import HoldReason, Prohibition
from trunkcall.domain.clock import Seconds
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import SECOND, Duration, Instant, to_seconds
from trunkcall.domain.leg import LegDifference
from trunkcall.engine.snapshot import CampaignSnapshot, EngineSnapshot, TrunkSnapshot
from trunkcall.service.functions import FunctionTotals
from trunkcall.service.totals import FORGOTTEN, DialerTotals, SubmittedTotals
from trunkcall.web.rationed import RationedPage

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

STALLED_AFTER: Duration = 60 * SECOND
"""A Running campaign with requests waiting that begins no attempt for so long, of instance time, is stalled."""

MAX_CAMPAIGNS = 1000
"""Campaigns that have series of their own: Running ones first, then those that dialed last."""
FORGET_AFTER_S = 600.0
"""How long after the engine has let go of a campaign its totals have series of their own."""

INSTANCE = ("instance_id",)
CAMPAIGN = ("instance_id", "campaign_id")
"""Labels of what is an instance's, and of what is a campaign's."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class DialerView(Protocol):
    """What metrics read of a dialer."""

    @property
    def totals(self) -> DialerTotals: ...

    @property
    def quarantined(self) -> int: ...

    @property
    def halted_at(self) -> Instant | None: ...

    @property
    def closed_campaigns(self) -> int: ...

    def snapshot(self) -> EngineSnapshot | None: ...


@dataclass(frozen=True, slots=True)
class InstanceView:
    """What metrics read of an instance that is dialed for. ``clock_behind_s`` is how far its clock is behind the wall
    clock, in seconds; None where it does not go along with it."""

    instance_id: str
    dialer: DialerView
    clock_behind_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is shown of an instance, as of one instant."""

    instance_id: str
    snapshot: EngineSnapshot | None
    totals: DialerTotals
    clock_behind_s: float | None
    quarantined: int
    is_halted: bool
    closed_campaigns: int


@dataclass(frozen=True, slots=True)
class _Scrape:
    """What is shown, as of one instant."""

    instances: Sequence[_Shown]
    submitted: SubmittedTotals
    functions: FunctionTotals
    requests: _Requests
    left_out: int
    page_s: float


class Metrics:
    """The metrics of one server, which dials for these instances."""

    def __init__(
        self,
        instances: Callable[[], Sequence[InstanceView]],
        submitted: SubmittedTotals,
        functions: FunctionTotals | None = None,
        *,
        monotonic: Seconds = time.monotonic,
    ) -> None:
        self._instances = instances
        self._submitted = submitted
        self._functions = functions or FunctionTotals()
        self._requests = _Requests()
        self._monotonic = monotonic
        self._gone_at_s: dict[str, dict[str, float]] = {}
        """By instance: campaigns that have totals and that the engine does not know, and since when that is so."""
        self._rationed = RationedPage(self._take, _render, monotonic=monotonic)
        self.on_request = self._requests.on_request

    async def page(self) -> HttpResponse:
        """GET /metrics."""
        return HttpResponse(200, (("content-type", CONTENT_TYPE),), await self._rationed.get())

    def _take(self) -> _Scrape:
        instances = self._instances()
        self._gone_at_s = {each.instance_id: self._gone_at_s.get(each.instance_id, {}) for each in instances}
        shown, left_out = _max_telling([self._shown(each) for each in instances])
        return _Scrape(
            shown,
            self._submitted.taken(),
            self._functions.taken(),
            self._requests.taken(),
            left_out,
            self._rationed.cost_s,
        )

    def _shown(self, instance: InstanceView) -> _Shown:
        dialer = instance.dialer
        snapshot = dialer.snapshot()
        if snapshot is not None:
            self._forget_gone(instance, {campaign.campaign_id for campaign in snapshot.campaigns})
        totals = dialer.totals.taken()
        return _Shown(
            instance.instance_id,
            snapshot,
            totals,
            instance.clock_behind_s,
            dialer.quarantined,
            dialer.halted_at is not None,
            dialer.closed_campaigns,
        )

    def _forget_gone(self, instance: InstanceView, known: set[str]) -> None:
        totals, now_s = instance.dialer.totals, self._monotonic()
        before = self._gone_at_s[instance.instance_id]
        gone = {campaign_id: before.get(campaign_id, now_s) for campaign_id in _counted(totals) - known}
        self._gone_at_s[instance.instance_id] = gone
        for campaign_id, since_s in gone.items():
            if now_s - since_s >= FORGET_AFTER_S:
                totals.forget(campaign_id)


def _counted(totals: DialerTotals) -> set[str]:
    return {*totals.attempts, *(campaign_id for campaign_id, _ in totals.ended)} - {FORGOTTEN}


def _max_telling(instances: Sequence[_Shown]) -> tuple[Sequence[_Shown], int]:
    """What is left when all campaigns but MAX_CAMPAIGNS are left out, and how many those are."""
    campaigns = [campaign for each in instances if each.snapshot is not None for campaign in each.snapshot.campaigns]
    shown = [campaign.campaign_id for campaign in sorted(campaigns, key=_telling, reverse=True)]
    shown += set[str]().union(*(_counted(each.totals) for each in instances)).difference(shown)
    left_out = set(shown[MAX_CAMPAIGNS:])
    return [_without(left_out, each) for each in instances] if left_out else instances, len(left_out)


def _without(left_out: set[str], instance: _Shown) -> _Shown:
    snapshot, totals = instance.snapshot, instance.totals
    if snapshot is not None:
        snapshot = replace(snapshot, campaigns=tuple(c for c in snapshot.campaigns if c.campaign_id not in left_out))
    totals = replace(
        totals,
        attempts=Counter({key: number for key, number in totals.attempts.items() if key not in left_out}),
        voided=Counter({key: number for key, number in totals.voided.items() if key not in left_out}),
        ended=Counter({key: number for key, number in totals.ended.items() if key[0] not in left_out}),
    )
    return replace(instance, snapshot=snapshot, totals=totals)


def _telling(campaign: CampaignSnapshot) -> tuple[bool, Instant]:
    return campaign.state is CampaignState.RUNNING, campaign.last_attempt_at or 0


def _render(scrape: _Scrape) -> bytes:
    registry = CollectorRegistry()
    registry.register(_DialerCollector(scrape))
    registry.register(_RequestCollector(scrape.requests))
    registry.register(_FunctionCollector(scrape.functions))
    return generate_latest(registry)


class _Requests:
    """API requests. Entering one is on the path of every request, so it is an addition to a list; the library's own
    counters take locks that a single thread has no use for."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, int]] = Counter()
        self.times: dict[str, list[float]] = {}

    def taken(self) -> _Requests:
        """What was entered until now."""
        taken = _Requests()
        taken.counts = self.counts.copy()
        taken.times = {name: times.copy() for name, times in self.times.items()}
        return taken

    def on_request(self, operation: Operation | None, status: int, seconds: float) -> None:
        """Enter one answered request."""
        name = operation.name if operation is not None else "unknown"
        self.counts[name, status] += 1
        times = self.times.get(name)
        if times is None:
            # A count for each bucket, one for what is above all of them, and the sum of seconds.
            times = self.times[name] = [0.0] * (len(BUCKETS_S) + 2)
        times[bisect_left(BUCKETS_S, seconds)] += 1
        times[-1] += seconds


class _RequestCollector(Collector):
    def __init__(self, requests: _Requests) -> None:
        self._requests = requests

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        requests = CounterMetricFamily(
            "trunkcall_api_requests", "API requests answered.", labels=["operation", "status"]
        )
        for (name, status), number in self._requests.counts.items():
            requests.add_metric([name, str(status)], number)
        yield requests
        seconds = HistogramMetricFamily(
            "trunkcall_api_request_seconds", "Time to answer an API request.", labels=["operation"]
        )
        for name, (*counts, total) in self._requests.times.items():
            bounds = [*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"]
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            seconds.add_metric([name], buckets, total)
        yield seconds


class _FunctionCollector(Collector):
    def __init__(self, functions: FunctionTotals) -> None:
        self._functions = functions

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        asked = CounterMetricFamily(
            "trunkcall_function_calls", "Times that flows have asked a function.", labels=["function", "outcome"]
        )
        for (function, outcome), number in self._functions.asked.items():
            asked.add_metric([function, outcome], number)
        waited_s = CounterMetricFamily(
            "trunkcall_function_seconds", "Time that flows have waited for a function.", labels=["function"]
        )
        spared = GaugeMetricFamily(
            "trunkcall_function_spared", "1 while nobody waits for it, as it does not answer.", labels=["function"]
        )
        for function, waited in self._functions.waited_s.items():
            waited_s.add_metric([function], waited)
            spared.add_metric([function], function in self._functions.spared)
        yield from (asked, waited_s, spared)


class _DialerCollector(Collector):
    def __init__(self, scrape: _Scrape) -> None:
        self._scrape = scrape

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        instances = self._scrape.instances
        yield _gauge(
            "trunkcall_dialer_up",
            "1 while this process dials for the instance.",
            {each.instance_id: each.snapshot is not None for each in instances},
        )
        behind_s = {each.instance_id: each.clock_behind_s for each in instances if each.clock_behind_s is not None}
        if behind_s:
            yield _gauge(
                "trunkcall_clock_behind_seconds",
                "How far the instance's clock is behind the wall clock; less than 0: ahead.",
                behind_s,
            )
        yield from _totals({each.instance_id: each.totals for each in instances})
        yield GaugeMetricFamily(
            "trunkcall_metrics_campaigns_left_out",
            f"Campaigns without series of their own: there are more than {MAX_CAMPAIGNS}.",
            value=self._scrape.left_out,
        )
        yield GaugeMetricFamily(
            "trunkcall_metrics_page_seconds", "Computing time of the page before this one.", value=self._scrape.page_s
        )
        yield _gauge(
            "trunkcall_contacts_quarantined",
            "Damaged contacts that are set aside.",
            {each.instance_id: each.quarantined for each in instances},
        )
        yield _gauge(
            "trunkcall_halted",
            "1 while all calls of the instance are halted.",
            {each.instance_id: each.is_halted for each in instances},
        )
        yield _gauge(
            "trunkcall_gate_closed_campaigns",
            "Running campaigns whose calling policy, do-not-call lists or contact flow cannot be gone by.",
            {each.instance_id: each.closed_campaigns for each in instances},
        )
        yield from _gates({each.instance_id: each.totals for each in instances}, self._scrape.submitted)
        snapshots = {each.instance_id: each.snapshot for each in instances if each.snapshot is not None}
        if snapshots:
            yield from _engines(snapshots)
            yield from _trunks(snapshots)
            yield from _campaigns(snapshots)


def _totals(totals: Mapping[str, DialerTotals]) -> Iterator[CounterMetricFamily]:
    attempts = CounterMetricFamily("trunkcall_attempts", "Attempts begun.", labels=CAMPAIGN)
    voided = CounterMetricFamily("trunkcall_attempts_voided", "Attempts of those that never left.", labels=CAMPAIGN)
    ended = CounterMetricFamily(
        "trunkcall_contacts_ended", "Contacts ended, by how.", labels=[*CAMPAIGN, "disposition"]
    )
    differences = CounterMetricFamily(
        "trunkcall_leg_differences",
        "Legs that the carrier had otherwise, and that were settled.",
        labels=[*INSTANCE, "difference"],
    )
    flow_actions = CounterMetricFamily(
        "trunkcall_flow_actions",
        "Actions of flows that contacts have been through, by type and by how each was left.",
        labels=[*INSTANCE, "type", "branch"],
    )
    for instance_id, sums in totals.items():
        for campaign_id, number in sums.attempts.items():
            attempts.add_metric([instance_id, campaign_id], number)
        for campaign_id, number in sums.voided.items():
            voided.add_metric([instance_id, campaign_id], number)
        for (campaign_id, disposition), number in sums.ended.items():
            ended.add_metric([instance_id, campaign_id, disposition], number)
        for difference in LegDifference:
            differences.add_metric([instance_id, difference], sums.differences[difference])
        for (action, left), number in sums.flow_actions.items():
            flow_actions.add_metric([instance_id, action, left], number)
    yield from (attempts, voided, ended, differences, flow_actions)
    yield _counter("trunkcall_dialer_commits", "Commits of the dialer.", {key: s.commits for key, s in totals.items()})
    yield _counter(
        "trunkcall_dialer_changes", "Changes in those commits.", {key: sums.changes for key, sums in totals.items()}
    )


def _gates(totals: Mapping[str, DialerTotals], submitted: SubmittedTotals) -> Iterator[CounterMetricFamily]:
    """Every reason has a series from the start, so that the first time of one is seen as a change."""
    labels = [*INSTANCE, "when", "reason"]
    held = CounterMetricFamily("trunkcall_gate_held", "Times that the calling gate held a contact back.", labels=labels)
    refused = CounterMetricFamily("trunkcall_gate_refused", "Contacts that it let never be dialed.", labels=labels)
    for instance_id, sums in totals.items():
        for hold in HoldReason:
            held.add_metric([instance_id, "submitted", hold], submitted.held[instance_id, hold])
            held.add_metric([instance_id, "dialed", hold], sums.held[hold])
        for prohibition in Prohibition:
            refused.add_metric([instance_id, "submitted", prohibition], submitted.forbidden[instance_id, prohibition])
            refused.add_metric([instance_id, "dialed", prohibition], sums.forbidden[prohibition])
    yield from (held, refused)


_PER_INSTANCE: tuple[tuple[str, str, Callable[[EngineSnapshot], float]], ...] = (
    ("trunkcall_carrier_up", "1 while the carrier answers for every trunk.", lambda s: s.carrier_up),
    (
        "trunkcall_lines_in_use",
        "Legs that hold a line: customers', and those of agents who are called by number.",
        lambda s: s.lines,
    ),
    ("trunkcall_lines", "Lines that the trunks have.", lambda s: s.channels),
    ("trunkcall_agents_staffed", "Agents who are staffed.", lambda s: sum(s.agents[state] for state in STAFFED_STATES)),
    ("trunkcall_agents_unheard", "Staffed agents of whom nothing is heard.", lambda s: s.unheard_agents),
)

_TIMES: tuple[tuple[str, str, Callable[[EngineSnapshot], Duration]], ...] = (
    ("trunkcall_agent_staffed_seconds", "Staffed agent time.", lambda s: s.staffed),
    ("trunkcall_agent_handling_seconds", "Handling time.", lambda s: s.handling),
)


def _engines(snapshots: Mapping[str, EngineSnapshot]) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
    for name, text, value in _PER_INSTANCE:
        yield _gauge(name, text, {key: value(snapshot) for key, snapshot in snapshots.items()})
    agents = GaugeMetricFamily("trunkcall_agents", "Agents by state.", labels=[*INSTANCE, "state"])
    for instance_id, snapshot in snapshots.items():
        for state in AgentState:
            agents.add_metric([instance_id, state], snapshot.agents[state])
    yield agents
    for name, text, time_of in _TIMES:
        yield _counter(name, text, {key: to_seconds(time_of(snapshot)) for key, snapshot in snapshots.items()})
    yield _counter(
        "trunkcall_agent_keys_ignored",
        "Keys of agents that meant nothing, or what was not possible.",
        {key: snapshot.keys_ignored for key, snapshot in snapshots.items()},
    )


_PER_TRUNK: tuple[tuple[str, str, Callable[[TrunkSnapshot], float]], ...] = (
    ("trunkcall_trunk_up", "1 while the carrier answers for its host.", lambda trunk: trunk.up),
    ("trunkcall_trunk_failing", "1 while attempts on it come to nothing.", lambda trunk: trunk.failing),
    ("trunkcall_trunk_lines", "Legs that hold a line of it.", lambda trunk: trunk.lines),
    ("trunkcall_trunk_channels", "Lines that it has.", lambda trunk: trunk.channels),
)

_PER_CAMPAIGN: tuple[tuple[str, str, Callable[[CampaignSnapshot, Instant], float]], ...] = (
    ("trunkcall_campaign_running", "1 while Running.", lambda c, _: c.state is CampaignState.RUNNING),
    ("trunkcall_campaign_waiting_in_window", "Waiting contacts the engine holds.", lambda c, _: c.in_window),
    ("trunkcall_campaign_in_flight", "Attempts that no agent has taken yet.", lambda c, _: c.in_flight),
    ("trunkcall_campaign_queued", "Live answers waiting.", lambda c, _: c.in_state[ContactState.QUEUED]),
    ("trunkcall_campaign_connected", "With an agent now.", lambda c, _: c.in_state[ContactState.CONNECTED]),
    ("trunkcall_campaign_staffed_agents", "Staffed agents of its queue.", lambda c, _: c.staffed_agents),
    ("trunkcall_campaign_needs_agents", "0 for agentless.", lambda c, _: c.needs_agents),
    ("trunkcall_campaign_abandonment_target_ratio", "Its abandonment limit.", lambda c, _: c.ledger_target_ratio),
    ("trunkcall_campaign_ledger_headroom", "Abandonments left.", lambda c, _: c.ledger_headroom),
    (
        "trunkcall_campaign_dialing_stalled",
        "1 if Running and nothing is dialed, or others too often before.",
        lambda c, at: _stalled(c, at),
    ),
)

_SUMS: tuple[tuple[str, str, Callable[[CampaignSnapshot], int]], ...] = (
    ("trunkcall_answered", "Attempts answered by anybody or anything.", lambda c: c.answered),
    ("trunkcall_live_answers", "Live answers.", lambda c: c.live_answers),
    ("trunkcall_connected_to_agent", "Live answers that reached an agent.", lambda c: c.connected),
    ("trunkcall_abandoned", "Live answers that no agent reached in time.", lambda c: c.abandoned),
)


def _trunks(snapshots: Mapping[str, EngineSnapshot]) -> Iterator[GaugeMetricFamily]:
    for name, text, value in _PER_TRUNK:
        family = GaugeMetricFamily(name, text, labels=[*INSTANCE, "trunk_id"])
        for instance_id, snapshot in snapshots.items():
            for trunk in snapshot.trunks:
                family.add_metric([instance_id, trunk.trunk_id], float(value(trunk)))
        yield family


def _campaigns(snapshots: Mapping[str, EngineSnapshot]) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
    every = [(key, snapshot.at, campaign) for key, snapshot in snapshots.items() for campaign in snapshot.campaigns]
    for name, text, value in _PER_CAMPAIGN:
        family = GaugeMetricFamily(name, text, labels=CAMPAIGN)
        for instance_id, at, campaign in every:
            family.add_metric([instance_id, campaign.campaign_id], float(value(campaign, at)))
        yield family
    for name, text, count in _SUMS:
        counter = CounterMetricFamily(name, text, labels=CAMPAIGN)
        for instance_id, _, campaign in every:
            counter.add_metric([instance_id, campaign.campaign_id], count(campaign))
        yield counter
    ratio = GaugeMetricFamily(
        "trunkcall_campaign_abandonment_ratio",
        "Abandonments over live answers in a window of time.",
        labels=[*CAMPAIGN, "window"],
    )
    for instance_id, _, campaign in every:
        for totals in campaign.ledger:
            ratio.add_metric([instance_id, campaign.campaign_id, totals.window.name], totals.abandonment_ratio)
    yield ratio


def _stalled(campaign: CampaignSnapshot, at: Instant) -> bool:
    """Agents who are all busy with contacts are no stall, unless it is others who always have them; nobody staffed, or
    nobody of whom anything is heard, is one."""
    if campaign.passed_over.too_often:
        return True
    if campaign.state is not CampaignState.RUNNING or not campaign.in_window:
        return False
    if campaign.needs_agents and campaign.staffed_agents and not campaign.free_agents:
        return False
    since = max(campaign.running_since, campaign.last_attempt_at or 0)
    return at - since > STALLED_AFTER


def _gauge(name: str, text: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=INSTANCE)
    for instance_id, value in values.items():
        family.add_metric([instance_id], float(value))
    return family


def _counter(name: str, text: str, values: Mapping[str, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=INSTANCE)
    for instance_id, value in values.items():
        family.add_metric([instance_id], value)
    return family
