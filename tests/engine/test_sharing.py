"""How agents, lines and attempts per second are shared. If these fail, one campaign starves another, lines idle while
somebody wants them, or the trunk's provider refuses attempts."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.floor import Floor, connected
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import AttemptBegun
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.capacity import RateLimit
from trunkcall.engine.commands import HangUp
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import LegEnded

AGENTLESS = DialerType.AGENTLESS
UNLIMITED = EngineConfig(trunks=(Trunk("default", channels=1000, attempts_per_s=1_000_000),))


def attempts_by_campaign(floor: Floor) -> Counter[str]:
    return Counter(attempt.campaign_id for attempt in floor.asked(AttemptBegun))


# --- agents -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("agents", "rounds"), [(1, 100), (2, 100), (10, 20)])
def test_campaigns_of_one_queue_share_its_agents_by_weight_however_few_there_are(agents: int, rounds: int) -> None:
    floor = Floor(agents=agents, config=UNLIMITED)
    floor.campaign("zinc", weight=0.75, requests=2000)
    floor.campaign("argon", weight=0.25, requests=2000)
    for _ in range(rounds):
        for contact in floor.in_progress:
            floor.hangs_up(contact, HangupCause.NO_ANSWER)
    shares = attempts_by_campaign(floor)
    # What was dialed before the second campaign began belongs to the first alone.
    assert shares["argon"] / (shares.total() - agents) == pytest.approx(0.25, abs=0.02)


def test_a_campaign_that_had_nothing_to_dial_does_not_make_up_for_it() -> None:
    floor = Floor(agents=1, config=UNLIMITED)
    floor.campaign("zinc", weight=0.5, requests=200)
    floor.campaign("argon", weight=0.5)
    for number in range(1, 101):
        floor.hangs_up(f"zinc-{number}", HangupCause.BUSY)
    floor.accept("argon", 100)
    for _ in range(40):
        (contact,) = floor.in_progress
        floor.hangs_up(contact, HangupCause.BUSY)
    assert Counter(name.split("-")[0] for name in floor.dialed[-40:])["argon"] == pytest.approx(20, abs=1)


def test_a_campaign_without_weight_is_dialed_only_when_the_others_have_nothing() -> None:
    floor = Floor(agents=1)
    floor.campaign("zinc", weight=0.5, requests=3)
    floor.campaign("argon", weight=0.0, requests=3)
    for _ in range(5):
        (contact,) = floor.in_progress
        floor.hangs_up(contact, HangupCause.BUSY)
    order = [name.split("-")[0] for name in floor.dialed]
    assert order[-2:] == ["argon", "argon"]
    assert Counter(order[:4])["argon"] <= 1


def test_a_lone_campaign_has_all_agents_whatever_its_weight() -> None:
    floor = Floor(agents=5)
    floor.campaign(weight=0.1, requests=10)
    assert len(floor.dialed) == 5


def test_an_agent_of_two_queues_is_dialed_for_once() -> None:
    floor = Floor()
    floor.agent("ann", "sales", "service")
    floor.campaign("zinc", requests=3)
    floor.campaign("argon", queue="service", requests=3)
    assert len(floor.dialed) == 1
    connected(floor, floor.dialed[0])
    assert len(floor.dialed) == 1
    floor.hangs_up(floor.dialed[0])
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert len(floor.dialed) == 2


# --- lines ------------------------------------------------------------------------------------------------------------


def trunk(channels: int, attempts_per_s: float = 1000.0) -> EngineConfig:
    return EngineConfig(trunks=(Trunk("default", channels=channels, attempts_per_s=attempts_per_s),))


def test_two_agentless_campaigns_share_the_lines_by_their_dialing_capacity() -> None:
    floor = Floor(config=trunk(30))
    floor.campaign("zinc", dialer=AGENTLESS, capacity=0.8, requests=400)
    floor.campaign("argon", dialer=AGENTLESS, capacity=0.4, requests=400)
    for _ in range(6):
        for contact in floor.in_progress:
            floor.wait(1)
            floor.hangs_up(contact, HangupCause.NO_ANSWER)
    held = {name: floor.snapshot(name).in_flight for name in ("zinc", "argon")}
    assert held == pytest.approx({"zinc": 20, "argon": 10}, abs=2)


def test_lines_that_one_campaign_does_not_want_go_to_the_other() -> None:
    floor = Floor(config=trunk(30))
    floor.campaign("zinc", dialer=AGENTLESS, capacity=1.0, requests=3)
    floor.campaign("argon", dialer=AGENTLESS, capacity=0.1, requests=200)
    assert floor.snapshot("argon").in_flight == 27


def test_lines_are_not_kept_for_a_campaign_that_has_nobody_left_to_dial() -> None:
    floor = Floor(agents=40, config=EngineConfig(trunks=(Trunk("default", channels=10, attempts_per_s=1000),)))
    floor.campaign("short", dialer=DialerType.PREDICTIVE)
    floor.campaign("notices", requests=2000, dialer=AGENTLESS)
    floor.accept("short", 30, expires_in=10 * SECOND)
    for _ in range(12):
        floor.wait(1)
    assert floor.snapshot("short").in_window == 0, "the rest has expired"
    for contact in floor.in_progress:
        floor.hangs_up(contact, HangupCause.NO_ANSWER)
    assert floor.snapshot("notices").in_flight == 10


def test_more_agents_than_lines_dial_no_more_than_there_are_lines() -> None:
    floor = Floor(agents=5, config=trunk(3))
    floor.campaign(requests=10)
    assert len(floor.dialed) == 3
    floor.hangs_up("spring-2", HangupCause.BUSY)
    assert len(floor.dialed) == 4


def test_a_line_is_held_until_the_carrier_confirms_its_end() -> None:
    floor = Floor(config=trunk(1))
    floor.confirms_hang_ups = False
    floor.campaign(dialer=AGENTLESS, requests=2)
    floor.wait(45)
    (hang_up,) = floor.asked(HangUp)
    assert floor.dialed == ["spring-1"]
    floor.tell(LegEnded(hang_up.leg_id, HangupCause.HUNG_UP_BY_US))
    assert floor.dialed == ["spring-1", "spring-2"]


# --- attempts per second ----------------------------------------------------------------------------------------------


def test_attempts_per_second_are_kept_and_the_engine_wakes_up_for_the_next() -> None:
    floor = Floor(config=trunk(1000, attempts_per_s=5))
    floor.campaign(dialer=AGENTLESS, requests=100)
    assert len(floor.dialed) == 5, "a second's worth at once"
    floor.wait(10)
    assert len(floor.dialed) == 55
    begun = [attempt.at for attempt in floor.asked(AttemptBegun)]
    assert all(later - earlier >= SECOND // 5 for earlier, later in pairwise(begun[4:]))


def test_the_rate_is_shared_by_campaigns_that_do_not_share_agents() -> None:
    floor = Floor(agents=20, config=trunk(1000, attempts_per_s=2))
    floor.campaign("zinc", dialer=AGENTLESS, requests=100)
    floor.campaign("argon", requests=100)
    floor.wait(9)
    assert attempts_by_campaign(floor) == pytest.approx({"zinc": 10, "argon": 10}, abs=2)


@given(per_s=st.floats(0.1, 500), steps=st.lists(st.integers(0, 3 * SECOND), max_size=60))
def test_a_rate_is_never_exceeded_by_more_than_a_seconds_worth(per_s: float, steps: list[int]) -> None:
    limit, now = RateLimit(per_s), SECOND
    spent: list[int] = []
    for step in steps:
        now += step
        while limit.allows_at() <= now and len(spent) < 2000:
            limit.spend(now)
            spent.append(now)
    interval = max(1, round(SECOND / per_s))
    burst = max(1, SECOND // interval)
    for index, at in enumerate(spent):
        within = index + 1
        assert within <= burst + (at - spent[0]) // interval + 1
