"""The ledger of live answers and abandonments. If these fail, a call centre breaks the law without knowing it."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.floor import Floor
from engine.support import NOW, SPRING, dialing, everything, new_engine, registered
from trunkcall.domain.abandonment import (
    AbandonmentClock,
    AbandonmentLimits,
    AbandonmentWindow,
    CalendarMonth,
    RollingWindow,
    clock_start,
)
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import LedgerCounted
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import DAY, HOUR, MINUTE, Duration, Instant, from_datetime
from trunkcall.engine.commands import Originate
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import (
    AgentStatusSet,
    CampaignChanged,
    ContactsOffered,
    LedgerRestored,
    OfferedContact,
)
from trunkcall.engine.ledger import MAX_SCALE, RESERVE, Ledger, Standing
from trunkcall.engine.pacing.base import LearnsNothing, PacingView

START = NOW - NOW % MINUTE


def test_headroom_is_what_the_tightest_window_leaves() -> None:
    ledger = Ledger(AbandonmentLimits(windows=(RollingWindow(HOUR), RollingWindow(DAY))))
    ledger.count(START, live_answers=1000)
    later = START + 2 * HOUR
    ledger.count(later, live_answers=100, abandoned=4)
    hour, day = ledger.totals(later)
    assert (hour.live_answers, hour.abandoned, hour.abandonment_ratio) == (100, 4, 0.04)
    assert (day.live_answers, day.abandoned) == (1100, 4)
    assert ledger.standing(later).headroom == 0.03 * 100 - 4


@pytest.mark.parametrize(
    ("clock", "told", "untold"),
    [
        (AbandonmentClock.CONNECTED_TO_SYSTEM, 100, 100),
        (AbandonmentClock.GREETING_START, 200, 100),
        (AbandonmentClock.GREETING_END, 300, 400),
    ],
)
def test_the_clock_of_a_live_answer_starts_where_the_house_wants_it(
    clock: AbandonmentClock, told: int, untold: int
) -> None:
    assert clock_start(clock, 100, 200, 300, 400) == told
    assert clock_start(clock, 100, None, None, 400) == untold


@pytest.mark.parametrize(("clock", "abandoned"), [("connected_to_system", 1), ("greeting_end", 0)])
def test_by_the_clock_of_the_answer_the_time_of_detection_counts(clock: str, abandoned: int) -> None:
    floor = Floor(agents=1)
    floor.campaign(detects=True, limits=AbandonmentLimits(clock=AbandonmentClock(clock)), requests=1)
    (contact,) = floor.dialed
    floor.answers(contact)
    floor.wait(3)
    floor.detected(contact, DetectionStatus.HUMAN_ANSWERED)
    floor.wait(1)
    assert floor.snapshot().abandoned == abandoned


class Reckless(LearnsNothing):
    """A pacer that always wants more."""

    one_to_one = False
    needs_agents = True

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        return 1000


def attempts_of_a_reckless_pacer(limits: AbandonmentLimits, *counts: tuple[int, int]) -> int:
    """How many attempts it begins for five free agents, after such live answers and abandonments."""
    engine = new_engine(EngineConfig(lines_per_agent=4.0), pacer_for=lambda settings: Reckless())
    for number in range(5):
        engine.turn([(registered(f"agent-{number}", "sales"), NOW)], NOW)
        engine.turn([(AgentStatusSet(f"agent-{number}", AgentStatus.AVAILABLE), NOW)], NOW)
    campaign = CampaignChanged(SPRING, CampaignState.RUNNING, dialing(DialerType.PREDICTIVE, limits=limits))
    engine.turn([(campaign, NOW)], NOW)
    entries = tuple((START, live_answers, abandoned) for live_answers, abandoned in counts)
    engine.turn([(LedgerRestored(SPRING, entries), NOW)], NOW)
    offered = tuple(OfferedContact(f"contact-{n}", n + 1, NOW + HOUR) for n in range(100))
    commands = everything(engine.turn([(ContactsOffered(SPRING, offered, next_due_at=None), NOW)], NOW))
    return sum(isinstance(command, Originate) for command in commands)


def test_without_headroom_no_pacer_dials_more_than_one_to_one() -> None:
    assert attempts_of_a_reckless_pacer(AbandonmentLimits(), (100, 4)) == 5
    assert attempts_of_a_reckless_pacer(AbandonmentLimits()) == 5, "there is no credit in advance"


def test_with_headroom_a_pacer_has_so_many_lines_for_each_agent_and_no_more() -> None:
    assert attempts_of_a_reckless_pacer(AbandonmentLimits(), (1000, 4)) == 20
    assert attempts_of_a_reckless_pacer(AbandonmentLimits(binding=False), (100, 50)) == 20


def test_an_empty_ledger_has_neither_a_ratio_nor_headroom() -> None:
    ledger = Ledger(AbandonmentLimits())
    assert ledger.standing(START) == Standing(headroom=0.0, allowance=0.0, target_ratio=0.03)
    assert [totals.abandonment_ratio for totals in ledger.totals(START)] == [0.0, 0.0]


def test_a_minute_leaves_a_window_once_it_lies_wholly_outside() -> None:
    ledger = Ledger(AbandonmentLimits(windows=(RollingWindow(HOUR),)))
    ledger.count(START + 10, live_answers=1, abandoned=1)
    assert ledger.totals(START + HOUR + MINUTE - 1)[0].abandoned == 1
    assert ledger.totals(START + HOUR + MINUTE)[0].abandoned == 0


def test_a_calendar_month_begins_anew_with_its_first_instant() -> None:
    """By the clocks of Berlin, which are put back within October."""
    ledger = Ledger(AbandonmentLimits(windows=(CalendarMonth("Europe/Berlin"),)))
    first, last = (from_datetime(datetime.fromisoformat(t)) for t in ("2026-09-30T22:00Z", "2026-10-31T22:59Z"))
    ledger.count(first, live_answers=10, abandoned=1)
    ledger.count(last, live_answers=10, abandoned=1)
    (month,) = ledger.totals(last + MINUTE - 1)
    assert (month.live_answers, month.abandoned) == (20, 2), "31 days and an hour"
    (month,) = ledger.totals(last + MINUTE)
    assert (month.live_answers, month.abandoned) == (0, 0)


def test_the_ledger_is_needed_from_as_far_back_as_its_longest_window() -> None:
    """A calendar month can be longer than thirty days."""
    at = from_datetime(datetime.fromisoformat("2026-10-31T12:00Z"))
    begins = AbandonmentLimits(windows=(RollingWindow(30 * DAY), CalendarMonth("UTC"))).begins(at)
    assert begins == from_datetime(datetime.fromisoformat("2026-10-01T00:00Z"))
    assert AbandonmentLimits().begins(at) == at - 30 * DAY


def test_the_risk_that_is_left_falls_with_the_headroom_and_well_before_it_is_gone() -> None:
    """Abandonments come in clusters: whoever brakes only at the limit is carried over it."""
    allowance = 100.0
    setpoint = Standing(0.0, allowance, 0.03).setpoint(20)
    scales = [
        Standing(headroom, allowance, 0.03).risk_scale(0.0, 20)
        for headroom in (-1.0, 0.0, RESERVE, 0.5 * setpoint, setpoint)
    ]
    assert scales[:3] == [0.0, 0.0, 0.0], "the reserve is not counted on"
    assert 0.0 < scales[3] < scales[4] < 1.0
    assert Standing(RESERVE + setpoint, allowance, 0.03).risk_scale(0.0, 20) == pytest.approx(1.0)
    assert Standing(1000.0, allowance, 0.03).risk_scale(0.0, 20) == MAX_SCALE


def test_what_is_expected_of_attempts_in_flight_is_taken_off() -> None:
    """Those who are about to find nobody would otherwise be spent twice."""
    assert Standing(12.0, 100.0, 0.03).risk_scale(2.5, 20) == Standing(9.5, 100.0, 0.03).risk_scale(0.0, 20)


def test_no_credit_is_given_in_advance_but_where_the_ledger_does_not_bind() -> None:
    assert Standing(0.0, 100.0, 0.03).risk_scale(0.0, 20) == 0.0
    assert Standing(0.0, 100.0, 0.03, binding=False).risk_scale(0.0, 20) == 1.0
    assert Standing(0.0, 0.0, 0.03).spent
    assert not Standing(0.1, 100.0, 0.03).spent
    assert not Standing(-1.0, 100.0, 0.03, binding=False).spent


@given(
    headroom=st.floats(-50, 50),
    more=st.floats(0, 50),
    allowance=st.floats(0, 10_000),
    expected=st.floats(0, 20),
    agents=st.integers(0, 1000),
)
def test_more_headroom_never_leaves_less_risk(
    headroom: float, more: float, allowance: float, expected: float, agents: int
) -> None:
    less = Standing(headroom, allowance, 0.03).risk_scale(expected, agents)
    assert 0.0 <= less <= Standing(headroom + more, allowance, 0.03).risk_scale(expected, agents) <= MAX_SCALE


entries_of = st.lists(st.tuples(st.integers(0, 20 * MINUTE), st.integers(0, 3), st.integers(0, 3)), max_size=60)
NOVEMBER = from_datetime(datetime.fromisoformat("2026-11-01T00:00+01:00"))
"""When it begins in Berlin."""


@given(entries_of, st.lists(st.integers(1, 48), min_size=1, max_size=4), st.integers(0, 10 * HOUR))
def test_every_window_is_the_sum_of_what_was_counted_in_it(
    entries: list[tuple[int, int, int]], hours: list[int], left_of_october: Duration
) -> None:
    month = CalendarMonth("Europe/Berlin")
    windows: tuple[AbandonmentWindow, ...] = (*(RollingWindow(h * HOUR) for h in hours), month)
    ledger, at, counted = Ledger(AbandonmentLimits(windows=windows)), NOVEMBER - left_of_october, []
    for step, live_answers, abandoned in entries:
        at += step
        ledger.count(at, live_answers=live_answers, abandoned=abandoned)
        counted.append((at - at % MINUTE, live_answers, abandoned))
        expected = []
        for window in windows:
            inside = [entry for entry in counted if entry[0] + MINUTE > window.begins(at)]
            expected.append((sum(entry[1] for entry in inside), sum(entry[2] for entry in inside)))
        assert [(t.live_answers, t.abandoned) for t in ledger.totals(at)] == expected
        assert ledger.standing(at).headroom == min(0.03 * lives - lost for lives, lost in expected)


ANY_WINDOWS: st.SearchStrategy[tuple[AbandonmentWindow, ...]] = st.lists(
    st.integers(1, 48).map(lambda hours: RollingWindow(hours * HOUR)) | st.just(CalendarMonth("Europe/Berlin")),
    min_size=1,
    max_size=3,
).map(tuple)


@given(entries_of, st.lists(ANY_WINDOWS, min_size=60, max_size=60), st.integers(0, 10 * HOUR))
def test_whatever_windows_are_taken_for_others_the_store_makes_every_one_whole(
    entries: list[tuple[int, int, int]], windows: list[tuple[AbandonmentWindow, ...]], left_of_october: Duration
) -> None:
    at, stored = NOVEMBER - left_of_october, dict[Instant, tuple[Instant, int, int]]()
    ledger = Ledger(AbandonmentLimits(windows=windows[0]))
    for (step, live_answers, abandoned), others in zip(entries, windows, strict=False):
        at += step
        minute = at - at % MINUTE
        ledger.count(at, live_answers=live_answers, abandoned=abandoned)
        _, lives, lost = stored.get(minute, (minute, 0, 0))
        stored[minute] = (minute, lives + live_answers, lost + abandoned)
        limits = AbandonmentLimits(windows=others)
        ledger.change(limits, at)
        since = limits.begins(at)
        ledger.restore([entry for entry in stored.values() if entry[0] + MINUTE > since], at)
        anew = Ledger(limits)
        anew.restore(list(stored.values()), at)
        assert ledger.totals(at) == anew.totals(at)


def test_what_the_store_remembers_counts_as_if_this_engine_had_seen_it() -> None:
    floor = Floor()
    floor.campaign()
    floor.tell(LedgerRestored(SPRING, ((START - 2 * DAY, 900, 30), (START - HOUR, 100, 1))))
    day, month = floor.snapshot().ledger
    assert (day.live_answers, day.abandoned) == (100, 1)
    assert (month.live_answers, month.abandoned) == (1000, 31)
    assert floor.snapshot().ledger_headroom == 0.03 * 1000 - 31


def test_every_live_answer_and_every_abandonment_is_counted_once_and_made_durable() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    for agent in ("agent-1", "agent-2"):
        floor.sets(agent, AgentStatus.OFFLINE)
    floor.answers("spring-1")
    floor.answers("spring-2")
    floor.wait(2)
    floor.hangs_up("spring-1")
    floor.hangs_up("spring-2")
    durable = floor.asked(LedgerCounted)
    assert (sum(c.live_answers for c in durable), sum(c.abandoned for c in durable)) == (2, 2)
    assert [(t.live_answers, t.abandoned) for t in floor.snapshot().ledger] == [(2, 2), (2, 2)]
