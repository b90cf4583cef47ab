"""The alerts fire when they should: their metrics are exported, and their expressions hold when they are meant to.

A small evaluator stands in for Prometheus. It knows comparisons with a number or with a multiple of another metric,
joined by `and on (campaign_id)`: all that the rules about the dialer use. Rates are left to Prometheus.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from itertools import count

import pytest
from prometheus_client.parser import text_string_to_metric_families

from docs.support import ROOT, read
from engine.support import dialing
from trunkcall.aws.model import CAMPAIGNS_V1, load_service
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import Change
from trunkcall.domain.instants import HOUR, SECOND, Duration, Instant
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.engine.commands import BridgeLegs, Deed, Originate, OriginateAgentLeg, RefillWindow
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import (
    AgentRegistered,
    AgentStatusSet,
    AgentUnheard,
    CampaignChanged,
    CarrierLost,
    ContactsOffered,
    Event,
    LegAnswered,
    LegEnded,
    LegsBridged,
    OfferedContact,
)
from trunkcall.engine.snapshot import EngineSnapshot
from trunkcall.engine.trunks import FAILURES
from trunkcall.flows.builtin import BuiltinFlow
from trunkcall.service.functions import FunctionTotals, Outcome
from trunkcall.service.totals import DialerTotals, SubmittedTotals
from trunkcall.web.metrics import InstanceView, Metrics
from trunkcall.web.rationed import LONGEST_REST_S

ALERTS = "examples/prometheus/alerts.yml"
RULE = re.compile(r"^      - alert: (\w+)\n        expr: (.+)\n        for: (\w+)$", re.MULTILINE)
RULES = {name: expression for name, expression, _ in RULE.findall(read(ALERTS))}
METRIC = re.compile(r"\btrunkcall_\w+")

Series = tuple[dict[str, str], float]


@dataclass
class Situation:
    """A real engine with one campaign, driven by hand, and the metrics of it."""

    dialer_type: DialerType = DialerType.PROGRESSIVE
    now: Instant = 1_800_000_000 * SECOND
    totals: DialerTotals = field(default_factory=DialerTotals)
    dials: bool = True
    """Whether there is an engine at work."""
    functions: FunctionTotals = field(default_factory=FunctionTotals)
    quarantined: int = 0
    halted_at: Instant | None = None
    closed_campaigns: int = 0

    def __post_init__(self) -> None:
        ids = count(1)
        self.engine = Engine(EngineConfig(), new_id=lambda: f"leg-{next(ids)}", flows=BuiltinFlow())
        self.behind_s = 0.4
        self.scraped_at_s = 100.0
        self.metrics = Metrics(
            lambda: [InstanceView("instance-1", self, self.behind_s)],
            SubmittedTotals(),
            self.functions,
            monotonic=lambda: self.scraped_at_s,
        )
        self.commands: list[Change | Deed] = []
        self.happens(AgentRegistered("agent-1", (ServedQueue("queue-1"),)))

    def snapshot(self) -> EngineSnapshot | None:
        return self.engine.snapshot(self.now) if self.dials else None

    def happens(self, event: Event) -> list[Change | Deed]:
        decision = self.engine.turn([(event, self.now)], self.now)
        return [*decision.changes, *decision.deeds_to_do(refused=())]

    def passes(self, time: Duration) -> None:
        until = self.now + time
        while (at := self.engine.next_timer()) is not None and at <= until:
            self.now = max(self.now, at)
            self.engine.turn([], self.now)
        self.now = until

    def runs(self, contacts: int) -> list[Change | Deed]:
        """The campaign is Running, with so many contacts waiting; returns what was done."""
        self.happens(CampaignChanged("campaign-1", CampaignState.RUNNING, dialing(self.dialer_type, "queue-1")))
        offered = tuple(OfferedContact(f"contact-{i}", i, self.now + 8 * HOUR) for i in range(1, contacts + 1))
        return self.happens(ContactsOffered("campaign-1", offered, next_due_at=None))

    async def series(self) -> dict[str, list[Series]]:
        """What Prometheus would scrape, so long after it did last that no page is an old one."""
        self.scraped_at_s += LONGEST_REST_S
        found: dict[str, list[Series]] = {}
        for family in text_string_to_metric_families((await self.metrics.page()).body.decode()):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    async def firing(self) -> set[str]:
        """The alerts whose expressions hold, of those that the evaluator knows."""
        series = await self.series()
        return {name for name in EVALUATED if evaluate(RULES[name], series)}


OPERATORS = {"==": operator.eq, ">=": operator.ge, ">": operator.gt}
NUMBER = re.compile(r"(\w+) (==|>=|>) ([\d.]+)")
MULTIPLE = re.compile(r"(\w+) (==|>=|>) on \(campaign_id\) group_left \(\) \(([\d.]+) \* (\w+)\)")
EVALUATED = sorted(RULES.keys() - {"TrunkcallDown", "TrunkcallApiErrors", "TrunkcallCarrierWordsLost"})


def evaluate(expression: str, series: dict[str, list[Series]]) -> list[dict[str, str]]:
    """Labels of the series for which the expression holds."""
    first, *others = [holding(part, series) for part in expression.split(" and on (campaign_id) ")]
    keys = [{labels["campaign_id"] for labels in other} for other in others]
    return [labels for labels in first if all(labels["campaign_id"] in ids for ids in keys)]


def holding(comparison: str, series: dict[str, list[Series]]) -> list[dict[str, str]]:
    if (match := NUMBER.fullmatch(comparison)) is not None:
        name, symbol, limit = match.groups()
        return [labels for labels, value in series.get(name, []) if OPERATORS[symbol](value, float(limit))]
    match = MULTIPLE.fullmatch(comparison)
    assert match is not None, f"the evaluator does not know {comparison}"
    name, symbol, factor, other = match.groups()
    limits = {labels["campaign_id"]: float(factor) * value for labels, value in series.get(other, [])}
    return [
        labels
        for labels, value in series.get(name, [])
        if labels["campaign_id"] in limits and OPERATORS[symbol](value, limits[labels["campaign_id"]])
    ]


def test_the_file_has_the_rules_that_the_page_describes() -> None:
    page = read("docs/how-to/alert-with-prometheus.md")
    assert (ROOT / ALERTS).read_text(encoding="utf-8").count("- alert:") == len(RULES)
    assert re.findall(r"^\| `(Trunkcall\w+)` \|", page, re.MULTILINE) == [
        "TrunkcallDown",
        "TrunkcallNotDialing",
        "TrunkcallHalted",
        "TrunkcallGateClosed",
        "TrunkcallCarrierDown",
        "TrunkcallTrunkFailing",
        "TrunkcallCarrierWordsLost",
        "TrunkcallDialingStalled",
        "TrunkcallNobodyStaffed",
        "TrunkcallAbandonmentNearLimit",
        "TrunkcallClockBehind",
        "TrunkcallContactsQuarantined",
        "TrunkcallFunctionSpared",
        "TrunkcallApiErrors",
    ]
    assert set(re.findall(r"`(Trunkcall\w+)`", page)) == RULES.keys()


async def exported() -> set[str]:
    """Every series name of a server that has answered a request and dialed."""
    situation = Situation()
    situation.runs(contacts=1)
    situation.metrics.on_request(load_service(CAMPAIGNS_V1).operations["StartCampaign"], 200, 0.01)
    text = (await situation.metrics.page()).body.decode()
    families = list(text_string_to_metric_families(text))
    declared = {f"{f.name}_total" if f.type == "counter" else f.name for f in families}
    return {name for name in declared if not name.endswith("_created")}


@pytest.mark.parametrize("alert", sorted(RULES))
async def test_every_metric_of_a_rule_is_exported(alert: str) -> None:
    metrics = set(METRIC.findall(RULES[alert]))
    assert metrics <= await exported()
    assert metrics or alert == "TrunkcallDown"


async def test_every_metric_is_documented_and_every_documented_one_is_exported() -> None:
    documented = set(re.findall(r"^\| `(trunkcall_\w+)` \|", read("docs/reference/metrics.md"), re.MULTILINE))
    assert documented == await exported()


async def test_nothing_fires_while_a_campaign_dials() -> None:
    situation = Situation()
    situation.happens(AgentStatusSet("agent-1", AgentStatus.AVAILABLE))
    situation.runs(contacts=10)
    situation.passes(20 * SECOND)
    assert await situation.firing() == set()


async def test_a_clock_that_is_behind_fires() -> None:
    situation = Situation()
    situation.behind_s = 161.0
    assert await situation.firing() == {"TrunkcallClockBehind"}


async def test_a_contact_that_is_set_aside_fires() -> None:
    assert await Situation(quarantined=1).firing() == {"TrunkcallContactsQuarantined"}


async def test_a_function_that_does_not_answer_fires_until_it_does() -> None:
    situation = Situation()
    situation.functions.count("look-up", Outcome.LATE, 3.0)
    assert await situation.firing() == set()
    situation.functions.spared.add("look-up")
    assert await situation.firing() == {"TrunkcallFunctionSpared"}


async def test_an_instance_that_was_halted_and_forgotten_fires() -> None:
    assert await Situation(halted_at=1).firing() == {"TrunkcallHalted"}
    gone = Situation(halted_at=1, dials=False)
    assert await gone.firing() == {"TrunkcallHalted", "TrunkcallNotDialing"}, "a halt outlives the engine"


async def test_rules_that_cannot_be_gone_by_fire() -> None:
    """Nobody is dialed, and the floor is idle."""
    assert await Situation(closed_campaigns=2).firing() == {"TrunkcallGateClosed"}


async def test_a_dialer_that_is_gone_fires() -> None:
    situation = Situation(dials=False)
    assert await situation.firing() == {"TrunkcallNotDialing"}


async def test_a_lost_carrier_fires_and_then_the_stall_that_it_causes() -> None:
    situation = Situation()
    situation.happens(AgentStatusSet("agent-1", AgentStatus.AVAILABLE))
    situation.happens(CarrierLost())
    situation.runs(contacts=10)
    assert await situation.firing() == {"TrunkcallCarrierDown"}
    situation.passes(61 * SECOND)
    assert await situation.firing() == {"TrunkcallCarrierDown", "TrunkcallDialingStalled"}


async def test_a_trunk_that_leads_nowhere_fires() -> None:
    situation = Situation()
    situation.happens(AgentStatusSet("agent-1", AgentStatus.AVAILABLE))
    situation.runs(contacts=10)
    for _ in range(FAILURES):
        (leg_id,) = situation.engine.details().legs
        situation.happens(LegEnded(leg_id, HangupCause.CONGESTION))
    assert await situation.firing() == {"TrunkcallTrunkFailing"}


async def test_a_running_campaign_without_staff_fires_at_once_and_stalls_after_a_minute() -> None:
    situation = Situation()
    situation.runs(contacts=10)
    assert await situation.firing() == {"TrunkcallNobodyStaffed"}
    situation.passes(61 * SECOND)
    assert await situation.firing() == {"TrunkcallNobodyStaffed", "TrunkcallDialingStalled"}


async def test_a_running_campaign_whose_agents_are_all_unheard_fires_as_one_without_staff() -> None:
    """Its desktops have died: nobody said goodbye, and nothing is dialed."""
    situation = Situation()
    situation.happens(AgentStatusSet("agent-1", AgentStatus.AVAILABLE))
    situation.happens(AgentUnheard("agent-1"))
    situation.runs(contacts=10)
    assert await situation.firing() == {"TrunkcallNobodyStaffed"}
    situation.passes(61 * SECOND)
    assert await situation.firing() == {"TrunkcallNobodyStaffed", "TrunkcallDialingStalled"}
    ((_, unheard),) = (await situation.series())["trunkcall_agents_unheard"]
    assert unheard == 1


async def test_an_agentless_campaign_needs_no_staff() -> None:
    situation = Situation(dialer_type=DialerType.AGENTLESS)
    situation.runs(contacts=1)
    assert await situation.firing() == set()


async def test_a_campaign_whose_agents_are_all_busy_does_not_stall() -> None:
    situation = Situation()
    situation.happens(AgentStatusSet("agent-1", AgentStatus.AVAILABLE))
    talks(situation, situation.runs(contacts=10))
    situation.passes(600 * SECOND)
    assert await situation.firing() == set()


@pytest.mark.parametrize(
    ("live_answers", "abandoned", "fires"),
    [
        (49, 2, False),  # 4 % of too few
        (60, 1, False),  # 1.7 % is below 80 % of 3 %
        (60, 2, True),  # 3.3 %
    ],
)
async def test_abandonment_fires_near_its_limit_once_there_are_enough_live_answers(
    live_answers: int, abandoned: int, fires: bool
) -> None:
    situation = Situation()
    situation.happens(AgentStatusSet("agent-1", AgentStatus.AVAILABLE))
    commands = situation.runs(contacts=live_answers + 1)
    for number in range(live_answers):
        commands = is_abandoned(situation, commands) if number < abandoned else is_served(situation, commands)
    series = await situation.series()
    (live,) = series["trunkcall_live_answers_total"]
    (lost,) = series["trunkcall_abandoned_total"]
    assert (live[1], lost[1]) == (live_answers, abandoned)
    assert (await situation.firing() == {"TrunkcallAbandonmentNearLimit"}) is fires


def the_originate(commands: list[Change | Deed]) -> Originate:
    (originate,) = [command for command in commands if isinstance(command, Originate)]
    return originate


def talks(situation: Situation, commands: list[Change | Deed]) -> str:
    """A person answers the attempt just begun and is bridged; returns the customer's leg."""
    leg_id = the_originate(commands).leg_id
    for command in situation.happens(LegAnswered(leg_id)):
        if isinstance(command, OriginateAgentLeg):
            for bridge in situation.happens(LegAnswered(command.leg_id)):
                if isinstance(bridge, BridgeLegs):
                    situation.happens(LegsBridged(leg_id, command.leg_id))
    return leg_id


def is_served(situation: Situation, commands: list[Change | Deed]) -> list[Change | Deed]:
    leg_id = talks(situation, commands)
    situation.happens(LegEnded(leg_id, HangupCause.NORMAL))
    return next_attempt(situation)


def is_abandoned(situation: Situation, commands: list[Change | Deed]) -> list[Change | Deed]:
    """The agent takes a break while the phone rings; the person who answers waits for three seconds."""
    leg_id = the_originate(commands).leg_id
    situation.happens(AgentStatusSet("agent-1", AgentStatus.BREAK))
    situation.happens(LegAnswered(leg_id))
    situation.passes(3 * SECOND)
    situation.happens(LegEnded(leg_id, HangupCause.NORMAL))
    return next_attempt(situation)


def next_attempt(situation: Situation) -> list[Change | Deed]:
    situation.now += SECOND
    commands = situation.happens(AgentStatusSet("agent-1", AgentStatus.AVAILABLE))
    return [command for command in commands if not isinstance(command, RefillWindow)]
