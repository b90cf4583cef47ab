"""Prometheus metrics of the dialer and of the API.

Decides names, labels and help texts, which alerts and dashboards rely on (docs/reference/metrics.md). Values are read
when they are scraped; nothing here is on the path of a call.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from trunkcall.aws.model import Operation
from trunkcall.aws.protocol import HttpResponse
from trunkcall.domain.agent import STAFFED_STATES, AgentState
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import SECOND, Duration, Instant, to_seconds
from trunkcall.domain.leg import LegDifference
from trunkcall.engine.snapshot import CampaignSnapshot, EngineSnapshot
from trunkcall.service.totals import DialerTotals

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

STALLED_AFTER: Duration = 60 * SECOND
"""A Running campaign with requests waiting that begins no attempt for so long, of instance time, is stalled."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class DialerView(Protocol):
    """What metrics read of a dialer."""

    @property
    def totals(self) -> DialerTotals: ...

    def snapshot(self) -> EngineSnapshot | None: ...


class Metrics:
    """The registry of one server."""

    def __init__(self, dialer: DialerView, instance_id: str) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_DialerCollector(dialer, instance_id))
        self._requests = _RequestCollector()
        self._registry.register(self._requests)
        self.on_request = self._requests.on_request

    async def page(self) -> HttpResponse:
        """GET /metrics."""
        return HttpResponse(200, (("content-type", CONTENT_TYPE),), generate_latest(self._registry))


class _RequestCollector(Collector):
    """API requests. Entering one is on the path of every request, so it is an addition to a list; the library's own
    counters take locks that a single thread has no use for."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()
        self._times: dict[str, list[float]] = {}

    def on_request(self, operation: Operation | None, status: int, seconds: float) -> None:
        """Enter one answered request."""
        name = operation.name if operation is not None else "unknown"
        self._counts[name, status] += 1
        times = self._times.get(name)
        if times is None:
            # A count for each bucket, one for what is above all of them, and the sum of seconds.
            times = self._times[name] = [0.0] * (len(BUCKETS_S) + 2)
        times[bisect_left(BUCKETS_S, seconds)] += 1
        times[-1] += seconds

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        requests = CounterMetricFamily(
            "trunkcall_api_requests", "API requests answered.", labels=["operation", "status"]
        )
        for (name, status), number in self._counts.items():
            requests.add_metric([name, str(status)], number)
        yield requests
        seconds = HistogramMetricFamily(
            "trunkcall_api_request_seconds", "Time to answer an API request.", labels=["operation"]
        )
        for name, (*counts, total) in self._times.items():
            bounds = [*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"]
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            seconds.add_metric([name], buckets, total)
        yield seconds


class _DialerCollector(Collector):
    def __init__(self, dialer: DialerView, instance_id: str) -> None:
        self._dialer = dialer
        self._instance_id = instance_id

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        instance = [self._instance_id]
        snapshot = self._dialer.snapshot()
        yield _gauge(
            "trunkcall_dialer_up", "1 while this process dials for the instance.", instance, snapshot is not None
        )
        yield from self._totals()
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
        totals = self._dialer.totals
        attempts = CounterMetricFamily("trunkcall_attempts", "Attempts begun.", labels=["campaign_id"])
        for campaign_id, number in totals.attempts.items():
            attempts.add_metric([campaign_id], number)
        yield attempts
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
