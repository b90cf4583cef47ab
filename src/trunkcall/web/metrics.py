"""Prometheus metrics of the dialer and of the API.

Decides names, labels and help texts, which alerts and dashboards rely on (docs/reference/metrics.md), and how many
campaigns have series of their own. What is shown is gathered when it is scraped, and written in a thread; nothing here
is on the path of a call.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
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
from trunkcall.domain.clock import Seconds
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import SECOND, Duration, Instant, to_seconds
from trunkcall.domain.leg import LegDifference
from trunkcall.engine.snapshot import CampaignSnapshot, EngineSnapshot
from trunkcall.service.totals import FORGOTTEN, DialerTotals
from trunkcall.web.rationed import RationedPage

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

STALLED_AFTER: Duration = 60 * SECOND
"""A Running campaign with requests waiting that begins no attempt for so long, of instance time, is stalled."""

MAX_CAMPAIGNS = 1000
"""Campaigns that have series of their own: Running ones first, then those that dialed last."""
FORGET_AFTER_S = 600.0
"""How long after the engine has let go of a campaign its totals have series of their own."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class DialerView(Protocol):
    """What metrics read of a dialer."""

    @property
    def totals(self) -> DialerTotals: ...

    @property
    def quarantined(self) -> int: ...

    def snapshot(self) -> EngineSnapshot | None: ...


@dataclass(frozen=True, slots=True)
class _Scrape:
    """What is shown, as of one instant."""

    instance_id: str
    snapshot: EngineSnapshot | None
    totals: DialerTotals
    requests: _Requests
    left_out: int
    page_s: float
    clock_behind_s: float | None
    quarantined: int


class Metrics:
    """The metrics of one server. ``clock_behind_s`` is how far the instance's clock is behind the wall clock, in
    seconds; None where it does not go along with it."""

    def __init__(
        self,
        dialer: DialerView,
        instance_id: str,
        *,
        clock_behind_s: Callable[[], float] | None = None,
        monotonic: Seconds = time.monotonic,
    ) -> None:
        self._dialer = dialer
        self._instance_id = instance_id
        self._requests = _Requests()
        self._clock_behind_s = clock_behind_s
        self._monotonic = monotonic
        self._gone_at_s: dict[str, float] = {}
        """Campaigns that have totals and that the engine does not know, and since when that is so."""
        self._rationed = RationedPage(self._take, _render, monotonic=monotonic)
        self.on_request = self._requests.on_request

    async def page(self) -> HttpResponse:
        """GET /metrics."""
        return HttpResponse(200, (("content-type", CONTENT_TYPE),), await self._rationed.get())

    def _take(self) -> _Scrape:
        snapshot = self._dialer.snapshot()
        if snapshot is not None:
            self._forget_gone({campaign.campaign_id for campaign in snapshot.campaigns})
        snapshot, totals, left_out = _max_telling(snapshot, self._dialer.totals.taken())
        return _Scrape(
            self._instance_id,
            snapshot,
            totals,
            self._requests.taken(),
            left_out,
            self._rationed.cost_s,
            self._clock_behind_s() if self._clock_behind_s is not None else None,
            self._dialer.quarantined,
        )

    def _forget_gone(self, known: set[str]) -> None:
        totals, now_s = self._dialer.totals, self._monotonic()
        counted = {*totals.attempts, *(campaign_id for campaign_id, _ in totals.ended)}
        gone = counted - known - {FORGOTTEN}
        self._gone_at_s = {campaign_id: self._gone_at_s.get(campaign_id, now_s) for campaign_id in gone}
        for campaign_id, since_s in self._gone_at_s.items():
            if now_s - since_s >= FORGET_AFTER_S:
                totals.forget(campaign_id)


def _max_telling(
    snapshot: EngineSnapshot | None, totals: DialerTotals
) -> tuple[EngineSnapshot | None, DialerTotals, int]:
    """What is left when all campaigns but MAX_CAMPAIGNS are left out, and how many those are."""
    campaigns = snapshot.campaigns if snapshot is not None else ()
    counted = {*totals.attempts, *(campaign_id for campaign_id, _ in totals.ended)}
    shown = [campaign.campaign_id for campaign in sorted(campaigns, key=_telling, reverse=True)]
    shown += counted.difference(shown, (FORGOTTEN,))
    left_out = set(shown[MAX_CAMPAIGNS:])
    if not left_out:
        return snapshot, totals, 0
    if snapshot is not None:
        snapshot = replace(snapshot, campaigns=tuple(c for c in campaigns if c.campaign_id not in left_out))
    totals = replace(
        totals,
        attempts=Counter({key: number for key, number in totals.attempts.items() if key not in left_out}),
        voided=Counter({key: number for key, number in totals.voided.items() if key not in left_out}),
        ended=Counter({key: number for key, number in totals.ended.items() if key[0] not in left_out}),
    )
    return snapshot, totals, len(left_out)


def _telling(campaign: CampaignSnapshot) -> tuple[bool, Instant]:
    return campaign.state is CampaignState.RUNNING, campaign.last_attempt_at or 0


def _render(scrape: _Scrape) -> bytes:
    registry = CollectorRegistry()
    registry.register(_DialerCollector(scrape))
    registry.register(_RequestCollector(scrape.requests))
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


class _DialerCollector(Collector):
    def __init__(self, scrape: _Scrape) -> None:
        self._scrape = scrape

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        instance = [self._scrape.instance_id]
        snapshot = self._scrape.snapshot
        yield _gauge(
            "trunkcall_dialer_up", "1 while this process dials for the instance.", instance, snapshot is not None
        )
        if self._scrape.clock_behind_s is not None:
            yield _gauge(
                "trunkcall_clock_behind_seconds",
                "How far the instance's clock is behind the wall clock; less than 0: ahead.",
                instance,
                self._scrape.clock_behind_s,
            )
        yield from self._totals()
        yield GaugeMetricFamily(
            "trunkcall_metrics_campaigns_left_out",
            f"Campaigns without series of their own: there are more than {MAX_CAMPAIGNS}.",
            value=self._scrape.left_out,
        )
        yield GaugeMetricFamily(
            "trunkcall_metrics_page_seconds", "Computing time of the page before this one.", value=self._scrape.page_s
        )
        yield _gauge(
            "trunkcall_contacts_quarantined", "Damaged contacts that are set aside.", instance, self._scrape.quarantined
        )
        if snapshot is None:
            return
        yield _gauge("trunkcall_carrier_up", "1 while the carrier answers.", instance, snapshot.carrier_up)
        yield _gauge("trunkcall_lines_in_use", "Customer legs that hold a line.", instance, snapshot.lines)
        yield _gauge("trunkcall_lines", "Lines that the trunks have.", instance, snapshot.channels)
        agents = GaugeMetricFamily("trunkcall_agents", "Agents by state.", labels=["instance_id", "state"])
        for state in AgentState:
            agents.add_metric([*instance, state], snapshot.agents[state])
        yield agents
        staffed = sum(snapshot.agents[state] for state in STAFFED_STATES)
        yield _gauge("trunkcall_agents_staffed", "Agents who are staffed.", instance, staffed)
        yield _gauge(
            "trunkcall_agents_unheard", "Staffed agents of whom nothing is heard.", instance, snapshot.unheard_agents
        )
        yield _counter("trunkcall_agent_staffed_seconds", "Staffed agent time.", instance, to_seconds(snapshot.staffed))
        yield _counter("trunkcall_agent_handling_seconds", "Handling time.", instance, to_seconds(snapshot.handling))
        yield from _campaigns(snapshot)

    def _totals(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        totals = self._scrape.totals
        attempts = CounterMetricFamily("trunkcall_attempts", "Attempts begun.", labels=["campaign_id"])
        for campaign_id, number in totals.attempts.items():
            attempts.add_metric([campaign_id], number)
        yield attempts
        voided = CounterMetricFamily(
            "trunkcall_attempts_voided", "Attempts of those that never left.", labels=["campaign_id"]
        )
        for campaign_id, number in totals.voided.items():
            voided.add_metric([campaign_id], number)
        yield voided
        ended = CounterMetricFamily(
            "trunkcall_contacts_ended", "Contacts ended, by how.", labels=["campaign_id", "disposition"]
        )
        for (campaign_id, disposition), number in totals.ended.items():
            ended.add_metric([campaign_id, disposition], number)
        yield ended
        differences = CounterMetricFamily(
            "trunkcall_leg_differences",
            "Legs that the carrier had otherwise, and that were settled.",
            labels=["difference"],
        )
        for difference in LegDifference:
            differences.add_metric([difference], totals.differences[difference])
        yield differences
        yield CounterMetricFamily("trunkcall_dialer_commits", "Commits of the dialer.", value=totals.commits)
        yield CounterMetricFamily("trunkcall_dialer_changes", "Changes in those commits.", value=totals.changes)


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
    ("trunkcall_campaign_dialing_stalled", "1 if Running and nothing is dialed.", lambda c, at: _stalled(c, at)),
)

_SUMS: tuple[tuple[str, str, Callable[[CampaignSnapshot], int]], ...] = (
    ("trunkcall_answered", "Attempts answered by anybody or anything.", lambda c: c.answered),
    ("trunkcall_live_answers", "Live answers.", lambda c: c.live_answers),
    ("trunkcall_connected_to_agent", "Live answers that reached an agent.", lambda c: c.connected),
    ("trunkcall_abandoned", "Live answers that no agent reached in time.", lambda c: c.abandoned),
)


def _campaigns(snapshot: EngineSnapshot) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
    for name, text, value in _PER_CAMPAIGN:
        family = GaugeMetricFamily(name, text, labels=["campaign_id"])
        for campaign in snapshot.campaigns:
            family.add_metric([campaign.campaign_id], float(value(campaign, snapshot.at)))
        yield family
    for name, text, count in _SUMS:
        counter = CounterMetricFamily(name, text, labels=["campaign_id"])
        for campaign in snapshot.campaigns:
            counter.add_metric([campaign.campaign_id], count(campaign))
        yield counter
    ratio = GaugeMetricFamily(
        "trunkcall_campaign_abandonment_ratio",
        "Abandonments over live answers in a window of time.",
        labels=["campaign_id", "window"],
    )
    for campaign in snapshot.campaigns:
        for totals in campaign.ledger:
            ratio.add_metric([campaign.campaign_id, totals.window.name], totals.abandonment_ratio)
    yield ratio


def _stalled(campaign: CampaignSnapshot, at: Instant) -> bool:
    """Agents who are all busy with contacts are no stall; nobody staffed, or nobody of whom anything is heard, is
    one."""
    if campaign.state is not CampaignState.RUNNING or not campaign.in_window:
        return False
    if campaign.needs_agents and campaign.staffed_agents and not campaign.free_agents:
        return False
    since = max(campaign.running_since, campaign.last_attempt_at or 0)
    return at - since > STALLED_AFTER


def _gauge(name: str, text: str, instance: list[str], value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["instance_id"])
    family.add_metric(instance, float(value))
    return family


def _counter(name: str, text: str, instance: list[str], value: float) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=["instance_id"])
    family.add_metric(instance, value)
    return family
