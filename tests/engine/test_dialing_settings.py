"""Settings for dialing that are a campaign's own. If these fail, one campaign is dialed by the limits of another: its
phones ring too long, or it abandons more people than its own law allows."""

from __future__ import annotations

from datetime import datetime

import pytest

from engine.floor import Floor
from engine.support import NOW, SALES
from trunkcall.domain.abandonment import AbandonmentClock, AbandonmentLimits, CalendarMonth, RollingWindow
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import DAY, HOUR, MINUTE, SECOND, from_datetime
from trunkcall.domain.leg import LegState, LiveLeg
from trunkcall.engine.commands import Originate
from trunkcall.engine.events import CarrierFound, CarrierLost, LedgerRestored
from trunkcall.engine.ledger import LedgerTotals

START = NOW - NOW % MINUTE
STRICT = AbandonmentLimits()
"""As in the United States: 3 % per day, and per 30 days."""
LENIENT = AbandonmentLimits(target_ratio=0.05, windows=(CalendarMonth("Europe/Berlin"),))


def ring_timeouts(floor: Floor) -> dict[str, int]:
    """How long each contact's phone may ring, in seconds, as the carrier was told."""
    return {deed.contact_id: deed.ring_timeout // SECOND for deed in floor.asked(Originate)}


def figures(totals: tuple[LedgerTotals, ...]) -> dict[str, tuple[int, int]]:
    """Live answers and abandonments in each window."""
    return {total.window.name: (total.live_answers, total.abandoned) for total in totals}


# --- two campaigns ----------------------------------------------------------------------------------------------------


def test_each_campaigns_phones_ring_as_long_as_its_own_time_out_and_are_given_up_after_that() -> None:
    floor = Floor(agents=2)
    floor.campaign("spring", ring_timeout=20 * SECOND, requests=1)
    floor.campaign("autumn", ring_timeout=60 * SECOND, requests=1)
    assert ring_timeouts(floor) == {"spring-1": 20, "autumn-2": 60}
    floor.wait(20 + 15 - 1)
    assert floor.in_progress == ["spring-1", "autumn-2"], "the carrier may be late by so much"
    floor.wait(2)
    assert floor.in_progress == ["autumn-2"]
    floor.wait(40)
    assert floor.in_progress == []


def test_each_campaign_has_its_own_clock_and_threshold() -> None:
    """Detection takes 3 s, and nobody comes: by the clock of the answer that is an abandonment at once."""
    from_answer = AbandonmentLimits(clock=AbandonmentClock.CONNECTED_TO_SYSTEM)
    patient = AbandonmentLimits(threshold=5 * SECOND)
    floor = Floor(agents=2)
    floor.campaign("spring", detects=True, limits=from_answer, requests=1)
    floor.campaign("autumn", detects=True, limits=patient, requests=1)
    for agent in ("agent-1", "agent-2"):
        floor.sets(agent, AgentStatus.OFFLINE)
    for contact in ("spring-1", "autumn-2"):
        floor.answers(contact)
    floor.wait(3)
    for contact in ("spring-1", "autumn-2"):
        floor.detected(contact, DetectionStatus.HUMAN_ANSWERED)
    floor.wait(0.1)
    assert (floor.snapshot("spring").abandoned, floor.snapshot("autumn").abandoned) == (1, 0)
    floor.wait(4.8)
    assert floor.snapshot("autumn").abandoned == 0
    floor.wait(0.2)
    assert floor.snapshot("autumn").abandoned == 1


def test_what_was_taken_over_is_held_to_the_limits_of_its_own_campaign() -> None:
    patient = AbandonmentLimits(threshold=10 * SECOND)
    floor = Floor(agents=2)
    floor.campaign("spring", requests=1)
    floor.campaign("autumn", limits=patient, ring_timeout=60 * SECOND, requests=2)
    for agent in ("agent-1", "agent-2"):
        floor.sets(agent, AgentStatus.OFFLINE)
    for contact in ("spring-1", "autumn-2"):
        floor.answers(contact)
    floor.restart(*(LiveLeg(floor.leg(contact), LegState.UP) for contact in ("spring-1", "autumn-2")))
    floor.wait(9)
    assert (floor.snapshot("spring").abandoned, floor.snapshot("autumn").abandoned) == (1, 0)
    floor.wait(1)
    assert floor.snapshot("autumn").abandoned == 1


def test_each_campaign_keeps_its_ledger_over_its_own_windows_and_to_its_own_target() -> None:
    floor = Floor()
    floor.now = from_datetime(datetime.fromisoformat("2026-11-02T12:00+01:00"))
    yesterday, in_october = floor.now - DAY + HOUR, floor.now - 3 * DAY
    for name, limits in (("spring", STRICT), ("autumn", LENIENT)):
        floor.campaign(name, limits=limits)
        floor.tell(LedgerRestored(name, ((in_october, 500, 30), (yesterday, 1000, 20))))
    assert figures(floor.snapshot("spring").ledger) == {"24h": (1000, 20), "30d": (1500, 50)}
    assert floor.snapshot("spring").ledger_headroom == pytest.approx(0.03 * 1500 - 50)
    assert figures(floor.snapshot("autumn").ledger) == {"month": (1000, 20)}
    assert floor.snapshot("autumn").ledger_headroom == pytest.approx(0.05 * 1000 - 20)
    assert [floor.snapshot(name).ledger_target_ratio for name in ("spring", "autumn")] == [0.03, 0.05]
    facts = floor.engine.explain("autumn", floor.now)
    assert facts is not None
    assert (facts.target_ratio, figures(facts.ledger)) == (0.05, {"month": (1000, 20)})


def test_of_two_campaigns_with_the_same_abandonments_only_the_one_with_the_lower_target_dials_one_to_one() -> None:
    """Four in a hundred: more than 3 %, less than 5 %."""
    floors = {}
    for limits in (STRICT, LENIENT):
        floor = Floor(agents=5)
        floor.campaign(dialer=DialerType.PREDICTIVE, limits=limits)
        floor.tell(LedgerRestored("spring", ((START - HOUR, 10_000, 400),)))
        facts = floor.engine.explain("spring", floor.now)
        assert facts is not None
        floors[limits] = facts.headroom > 0
    assert floors == {STRICT: False, LENIENT: True}


def test_campaigns_of_the_same_agents_have_their_shares_though_their_limits_differ() -> None:
    floor = Floor(agents=4)
    floor.campaign("spring", dialer=DialerType.PREDICTIVE, weight=0.5, limits=STRICT, requests=50)
    floor.campaign("autumn", dialer=DialerType.PREDICTIVE, weight=0.5, limits=LENIENT, requests=50)
    floor.campaign("winter", weight=1.0, limits=LENIENT, queue=SALES, requests=50)
    facts = {name: floor.engine.explain(name, floor.now) for name in ("spring", "autumn", "winter")}
    assert [fact.share for fact in facts.values() if fact is not None] == pytest.approx([0.25, 0.25, 0.5])
    assert [fact.staffed_agents for fact in facts.values() if fact is not None] == [2, 2, 2]


# --- changes while it runs --------------------------------------------------------------------------------------------


def test_a_new_time_out_is_for_attempts_to_come_and_phones_that_ring_keep_theirs() -> None:
    floor = Floor(agents=2)
    floor.campaign(ring_timeout=60 * SECOND, requests=1)
    floor.wait(10)
    floor.campaign(ring_timeout=20 * SECOND)
    floor.accept()
    assert ring_timeouts(floor) == {"spring-1": 60, "spring-2": 20}
    floor.wait(36)
    assert floor.in_progress == ["spring-1"]
    floor.wait(28)
    assert floor.in_progress == ["spring-1"]
    floor.wait(2)
    assert floor.in_progress == []


def test_a_phone_that_rings_keeps_its_time_out_though_the_carrier_was_lost_meanwhile() -> None:
    floor = Floor(agents=1)
    floor.campaign(ring_timeout=60 * SECOND, requests=1)
    floor.campaign(ring_timeout=20 * SECOND)
    floor.tell(CarrierLost())
    floor.wait(80)
    floor.tell(CarrierFound((LiveLeg(floor.leg("spring-1"), LegState.RINGING),)))
    floor.wait(60 + 15 - 1)
    assert floor.in_progress == ["spring-1"], "as far as anybody knows it has only begun to ring"
    floor.wait(2)
    assert floor.in_progress == []


def test_a_new_target_counts_at_once_with_all_that_was_counted_before() -> None:
    floor = Floor()
    floor.campaign(limits=AbandonmentLimits(target_ratio=0.05))
    floor.tell(LedgerRestored("spring", ((START - HOUR, 1000, 40),)))
    assert floor.snapshot().ledger_headroom == pytest.approx(10.0)
    floor.campaign(limits=AbandonmentLimits(target_ratio=0.03))
    assert floor.snapshot().ledger_headroom == pytest.approx(-10.0)
    assert figures(floor.snapshot().ledger) == {"24h": (1000, 40), "30d": (1000, 40)}


def test_other_windows_begin_with_what_is_remembered_and_the_store_tells_the_rest_once() -> None:
    long, short = (
        AbandonmentLimits(windows=(RollingWindow(30 * DAY),)),
        AbandonmentLimits(windows=(RollingWindow(DAY),)),
    )
    stored = ((START - 20 * DAY, 900, 30), (START - HOUR, 100, 1))
    floor = Floor()
    floor.campaign(limits=long)
    floor.tell(LedgerRestored("spring", stored))
    floor.campaign(limits=short)
    assert figures(floor.snapshot().ledger) == {"24h": (100, 1)}
    floor.campaign(limits=long)
    assert figures(floor.snapshot().ledger) == {"30d": (100, 1)}, "what had left the shorter window is forgotten"
    floor.tell(LedgerRestored("spring", stored))
    assert figures(floor.snapshot().ledger) == {"30d": (1000, 31)}, "and comes back, the rest not twice"


def test_what_is_counted_while_the_store_is_asked_is_kept() -> None:
    floor = Floor(agents=1)
    floor.campaign(limits=AbandonmentLimits(windows=(RollingWindow(DAY),)), requests=1)
    with floor.backlog():
        floor.campaign(limits=AbandonmentLimits(windows=(RollingWindow(30 * DAY),)))
        floor.answers("spring-1")
        floor.tell(LedgerRestored("spring", ((START - 2 * DAY, 50, 2),)))
    assert figures(floor.snapshot().ledger) == {"30d": (51, 2)}
