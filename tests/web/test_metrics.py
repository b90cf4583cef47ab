"""What a scrape costs, how fresh it is, and how many campaigns it tells of."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from itertools import count

from prometheus_client.parser import text_string_to_metric_families

from engine.support import dialing
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import AttemptBegun, AttemptVoided, ContactForbidden, ContactHeld, Refusal
from trunkcall.domain.clearance import Hold, HoldReason, Prohibition
from trunkcall.domain.contact import Disposition
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import CampaignChanged, CarrierLost, TrunksChanged
from trunkcall.engine.snapshot import EngineSnapshot
from trunkcall.flows.builtin import BuiltinFlow
from trunkcall.service.functions import FunctionTotals, Outcome
from trunkcall.service.totals import DialerTotals, SubmittedTotals
from trunkcall.storage.ports.ownership import CommitResult
from trunkcall.web.metrics import FORGET_AFTER_S, MAX_CAMPAIGNS, InstanceView, Metrics
from trunkcall.web.rationed import LONGEST_REST_S, PATIENCE_S, REST, RationedPage

NOW: Instant = 1_800_000_000 * SECOND


@dataclass
class Watched:
    """A page that shows how often it was gathered, at a price."""

    cost_s: float
    now_s: float = 100.0
    gathered: int = 0
    threads: set[int] = field(default_factory=set)
    cpu_s: float = 0.0
    fails: bool = False

    def __post_init__(self) -> None:
        self.page = RationedPage(self._take, self._render, monotonic=lambda: self.now_s, cpu=lambda: self.cpu_s)

    def _take(self) -> int:
        self.gathered += 1
        return self.gathered

    def _render(self, taken: int) -> bytes:
        self.threads.add(threading.get_ident())
        self.cpu_s += self.cost_s
        if self.fails:
            raise ZeroDivisionError
        return b"%d" % taken


async def test_a_cheap_page_is_of_the_moment_it_is_asked_for() -> None:
    watched = Watched(cost_s=0.0)
    assert [await watched.page.get() for _ in range(3)] == [b"1", b"2", b"3"]


async def test_a_costly_page_takes_a_tenth_of_the_time_and_never_the_event_loop() -> None:
    watched = Watched(cost_s=0.2)
    assert await watched.page.get() == b"1"
    watched.now_s += REST * 0.2 - PATIENCE_S - 0.01
    assert await watched.page.get() == b"1"
    watched.now_s += PATIENCE_S + 0.02
    assert await watched.page.get() == b"2"
    assert threading.get_ident() not in watched.threads


async def test_no_page_is_older_than_a_few_seconds() -> None:
    watched = Watched(cost_s=60.0)
    assert await watched.page.get() == b"1"
    watched.now_s += LONGEST_REST_S
    assert await watched.page.get() == b"2"


async def test_those_who_ask_together_get_one_page_that_is_of_that_moment() -> None:
    watched = Watched(cost_s=0.0)
    pages = await asyncio.gather(*(watched.page.get() for _ in range(500)))
    assert set(pages) == {b"1", b"2"}, "whoever asked after the first had begun gets the second"
    assert await watched.page.get() == b"3"


async def test_a_page_that_is_due_again_soon_is_waited_for() -> None:
    watched = Watched(cost_s=0.01)
    assert await watched.page.get() == b"1"
    began_s = time.monotonic()
    assert await watched.page.get() == b"2"
    assert time.monotonic() - began_s > REST * 0.01 * 0.9


async def test_a_page_that_cannot_be_made_is_no_old_one() -> None:
    watched = Watched(cost_s=0.0)
    assert await watched.page.get() == b"1"
    watched.fails = True
    answers = await asyncio.gather(*(watched.page.get() for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in answers] == [ZeroDivisionError] * 3


class House:
    """A real engine with campaigns, and the metrics of it."""

    def __init__(self) -> None:
        ids = count(1)
        self.engine = Engine(EngineConfig(), new_id=lambda: f"leg-{next(ids)}", flows=BuiltinFlow())
        self.totals = DialerTotals()
        self.now_s = 100.0
        self.submitted = SubmittedTotals()
        self.metrics = Metrics(lambda: [InstanceView("instance-1", self)], self.submitted, monotonic=lambda: self.now_s)

    @property
    def quarantined(self) -> int:
        return 0

    @property
    def halted_at(self) -> Instant | None:
        return None

    @property
    def closed_campaigns(self) -> int:
        return 0

    def snapshot(self) -> EngineSnapshot | None:
        return self.engine.snapshot(NOW)

    def has(self, campaign_id: str, state: CampaignState = CampaignState.RUNNING) -> None:
        changed = CampaignChanged(campaign_id, state, dialing(queue="queue-1"))
        self.engine.turn([(changed, NOW)], NOW)

    async def series(self, name: str, by: str = "campaign_id") -> dict[str, float]:
        """Values of a metric by campaign, or by another label, of a page that is not an old one."""
        self.now_s += LONGEST_REST_S
        page = (await self.metrics.page()).body.decode()
        sums: dict[str, float] = {}
        for sample in (sample for family in text_string_to_metric_families(page) for sample in family.samples):
            if sample.name == name:
                label = sample.labels.get(by, "")
                sums[label] = sums.get(label, 0.0) + sample.value
        return sums


async def test_each_series_says_of_which_instance_it_is() -> None:
    """Else two contact centres on one server are one sum."""
    north, south = House(), House()
    north.has("spring")
    south.has("autumn")
    for house, campaign_id in ((north, "spring"), (south, "autumn")):
        house.totals.attempts[campaign_id] = 1
        house.totals.commits = 1
    metrics = Metrics(lambda: [InstanceView("north", north), InstanceView("south", south, 1.5)], SubmittedTotals())
    page = (await metrics.page()).body.decode()
    families = list(text_string_to_metric_families(page))
    assert len({family.name for family in families}) == len(families), "Prometheus takes no page with a metric twice"
    instances: dict[str, set[tuple[str, str | None]]] = {}
    for sample in (sample for family in families for sample in family.samples):
        if "instance_id" in sample.labels:
            told = (sample.labels["instance_id"], sample.labels.get("campaign_id"))
            instances.setdefault(sample.name, set()).add(told)
    both: set[tuple[str, str | None]] = {("north", None), ("south", None)}
    assert instances["trunkcall_dialer_up"] == instances["trunkcall_dialer_commits_total"] == both
    assert instances["trunkcall_halted"] == instances["trunkcall_gate_closed_campaigns"] == both
    assert instances["trunkcall_lines"] == instances["trunkcall_agents"] == both
    assert instances["trunkcall_clock_behind_seconds"] == {("south", None)}
    campaigns: set[tuple[str, str | None]] = {("north", "spring"), ("south", "autumn")}
    assert instances["trunkcall_attempts_total"] == instances["trunkcall_campaign_running"] == campaigns


async def test_so_many_campaigns_have_series_and_it_is_said_how_many_have_none() -> None:
    house = House()
    for number in range(MAX_CAMPAIGNS + 200):
        house.has(f"paused-{number}", CampaignState.PAUSED)
        house.totals.attempts[f"paused-{number}"] = 1
    house.has("running")
    for number in range(100):
        house.totals.attempts[f"gone-{number}"] = 1
    told = await house.series("trunkcall_campaign_running")
    assert len(told) == MAX_CAMPAIGNS
    assert told["running"] == 1.0
    assert set(await house.series("trunkcall_attempts_total")) < set(told)
    assert await house.series("trunkcall_metrics_campaigns_left_out") == {"": 301.0}


async def test_a_campaign_that_is_long_gone_has_no_series_and_its_totals_stay_in_the_sum() -> None:
    house = House()
    house.has("here")
    for campaign_id in ("here", "gone"):
        house.totals.attempts[campaign_id] = 5
        house.totals.ended[campaign_id, Disposition.EXPIRED] = 3
    assert await house.series("trunkcall_attempts_total") == {"here": 5.0, "gone": 5.0}
    house.now_s += FORGET_AFTER_S
    assert await house.series("trunkcall_attempts_total") == {"here": 5.0, "forgotten": 5.0}
    assert await house.series("trunkcall_contacts_ended_total") == {"here": 3.0, "forgotten": 3.0}
    house.totals.attempts["gone"] = 2
    house.now_s += FORGET_AFTER_S
    assert sum((await house.series("trunkcall_attempts_total")).values()) == 12.0


async def test_an_engine_that_was_just_built_anew_forgets_nobody() -> None:
    house = House()
    house.totals.attempts["known-in-a-moment"] = 5
    house.now_s += FORGET_AFTER_S
    assert "known-in-a-moment" in await house.series("trunkcall_attempts_total")
    house.has("known-in-a-moment")
    house.now_s += FORGET_AFTER_S
    assert "known-in-a-moment" in await house.series("trunkcall_attempts_total")
    assert "known-in-a-moment" in await house.series("trunkcall_attempts_total")


async def test_an_attempt_that_never_left_is_counted_beside_the_others_and_not_taken_back() -> None:
    house = House()
    house.has("here")
    begun = AttemptBegun("contact-1", "here", "leg-1", NOW, "default", None)
    voided = AttemptVoided("contact-1", "here", NOW)
    house.totals.count([begun, voided, begun], CommitResult())
    assert await house.series("trunkcall_attempts_total") == {"here": 2.0}
    assert await house.series("trunkcall_attempts_voided_total") == {"here": 1.0}
    house.totals.forget("here")
    assert await house.series("trunkcall_attempts_total") == {"forgotten": 2.0}
    assert await house.series("trunkcall_attempts_voided_total") == {"forgotten": 1.0}


async def test_what_the_gate_holds_and_refuses_is_told_by_reason_from_the_first_on() -> None:
    """Whoever sees hundreds refused for their region within a minute has loaded the wrong list, or a key was stolen."""
    house = House()
    began = await house.series("trunkcall_gate_refused_total", "reason")
    assert began == dict.fromkeys(Prohibition, 0.0), "each is there, so that the first one is seen as a change"
    assert await house.series("trunkcall_gate_held_total", "reason") == dict.fromkeys(HoldReason, 0.0)
    held = ContactHeld("contact-1", "here", Hold(HoldReason.OUTSIDE_HOURS, NOW), NOW)
    forbidden = ContactForbidden("contact-2", "here", Prohibition.REGION, NOW)
    attempts = [AttemptBegun(f"contact-{n}", "here", f"leg-{n}", NOW, "default", None) for n in (3, 4, 5)]
    result = CommitResult(
        refused={"contact-3": Refusal.HELD, "contact-4": Refusal.DO_NOT_CALL, "contact-5": Refusal.HALTED},
        verdicts={"contact-3": HoldReason.NUMBER_GAP, "contact-4": Prohibition.DO_NOT_CALL},
    )
    house.totals.count([held, forbidden, *attempts], result)
    house.totals.count([held, forbidden], CommitResult(not_waiting=["contact-1", "contact-2"]))
    told = await house.series("trunkcall_gate_refused_total", "reason")
    assert {reason for reason, times in told.items() if times} == {Prohibition.REGION, Prohibition.DO_NOT_CALL}
    told = await house.series("trunkcall_gate_held_total", "reason")
    assert {reason: times for reason, times in told.items() if times} == {
        HoldReason.OUTSIDE_HOURS: 1.0,
        HoldReason.NUMBER_GAP: 1.0,
    }


async def test_what_the_gate_makes_of_requests_as_they_are_submitted_is_told_apart() -> None:
    house = House()
    house.submitted.held["instance-1", HoldReason.OUTSIDE_HOURS] = 3
    house.submitted.forbidden["instance-1", Prohibition.EMERGENCY] = 2
    house.submitted.forbidden["another", Prohibition.EMERGENCY] = 7
    assert await house.series("trunkcall_gate_held_total", "when") == {"submitted": 3.0, "dialed": 0.0}
    page = (await house.metrics.page()).body.decode()
    assert 'trunkcall_gate_held_total{instance_id="instance-1",reason="outside_hours",when="submitted"} 3.0' in page
    assert 'trunkcall_gate_held_total{instance_id="instance-1",reason="outside_hours",when="dialed"} 0.0' in page
    assert 'trunkcall_gate_refused_total{instance_id="instance-1",reason="emergency",when="submitted"} 2.0' in page


async def test_each_trunk_has_series_of_its_own_and_the_sums_stay() -> None:
    """Whoever watches one switch sees which trunk it is; alerts on the sums go on."""
    house = House()
    house.engine.turn([(TrunksChanged((Trunk("north", "sbc-1", 30), Trunk("south", "sbc-2", 20))), NOW)], NOW)
    assert await house.series("trunkcall_trunk_channels", "trunk_id") == {"north": 30.0, "south": 20.0}
    assert await house.series("trunkcall_trunk_lines", "trunk_id") == {"north": 0.0, "south": 0.0}
    assert await house.series("trunkcall_trunk_up", "trunk_id") == {"north": 1.0, "south": 1.0}
    assert await house.series("trunkcall_lines", "instance_id") == {"instance-1": 50.0}
    house.engine.turn([(CarrierLost("sbc-2"), NOW)], NOW)
    assert await house.series("trunkcall_trunk_up", "trunk_id") == {"north": 1.0, "south": 0.0}
    assert await house.series("trunkcall_carrier_up", "instance_id") == {"instance-1": 0.0}
    assert await house.series("trunkcall_trunk_failing", "trunk_id") == {"north": 0.0, "south": 0.0}


async def test_functions_that_do_not_answer_are_seen() -> None:
    totals = FunctionTotals()
    totals.count("look-up", Outcome.ANSWERED, 0.25)
    totals.count("look-up", Outcome.LATE, 3.0)
    totals.count("pay", Outcome.SPARED)
    totals.spared.add("pay")
    page = (await Metrics(list, SubmittedTotals(), totals).page()).body.decode()
    assert 'trunkcall_function_calls_total{function="look-up",outcome="late"} 1.0' in page
    assert 'trunkcall_function_seconds_total{function="look-up"} 3.25' in page
    assert 'trunkcall_function_spared{function="look-up"} 0.0' in page
    assert 'trunkcall_function_spared{function="pay"} 1.0' in page
