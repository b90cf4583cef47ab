"""Several trunks on several switches. If these fail, an instance with two trunks dials as if it had one: over one that
is full or down, with a number that is not its own, or over none because one of them has refused an attempt."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from engine.floor import Floor
from engine.support import SPRING
from engine.trunked import NORTH, NOTICES, OURS, SOUTH, THEIRS, floor_with, lines, on, over
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import AttemptBegun, ContactEnded
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import Originate
from trunkcall.engine.events import CarrierFound, CarrierLost, OriginateVoided
from trunkcall.engine.snapshot import TrunkSnapshot
from trunkcall.engine.trunks import FAILURES

# --- which one --------------------------------------------------------------------------------------------------------


def test_an_attempt_goes_out_on_the_trunk_that_is_least_used_for_its_channels() -> None:
    floor = floor_with(NORTH, SOUTH)
    floor.campaign(dialer=NOTICES, requests=9)
    assert over(floor) == ["north", "south", "north", "north", "south", "north"]
    assert lines(floor) == {"north": 4, "south": 2}
    floor.hangs_up(on(floor, "south")[0])
    assert over(floor)[6:] == ["south"], "the line that came free is that trunk's"


def test_each_trunk_has_a_rate_of_its_own() -> None:
    floor = floor_with(Trunk("fast", attempts_per_s=5.0), Trunk("slow", attempts_per_s=0.5))
    floor.campaign(dialer=NOTICES, requests=100)
    floor.wait(9.9)
    counts = Counter(over(floor))
    assert counts["slow"] == 5
    assert 50 <= counts["fast"] <= 55, "a second's worth in a burst"


def test_a_trunk_that_was_taken_away_for_a_moment_takes_no_more_attempts_for_that() -> None:
    slow, other = Trunk("slow", attempts_per_s=0.5), Trunk("other", channels=1)
    floor = floor_with(slow)
    floor.campaign(dialer=NOTICES, requests=100)
    for contact_id in list(floor.dialed):
        floor.hangs_up(contact_id)
    for _ in range(5):
        floor.has_trunks(other)
        floor.wait(0.1)
        floor.has_trunks(slow, other)
    assert Counter(over(floor))["slow"] == 1, "its provider would refuse a second one in two seconds"
    floor.wait(9.4)
    assert Counter(over(floor))["slow"] == 5


def test_the_number_that_is_shown_is_the_campaigns_or_else_the_trunks_first() -> None:
    floor = floor_with(
        Trunk("any"), Trunk("ours", caller_numbers=(OURS,)), Trunk("theirs", caller_numbers=(THEIRS, OURS))
    )
    floor.campaign("named", dialer=NOTICES, caller_id=THEIRS, requests=4)
    floor.campaign("plain", dialer=NOTICES, requests=6)
    shown = {(deed.campaign_id, deed.trunk_id, deed.caller_id) for deed in floor.asked(Originate)}
    assert shown == {
        ("named", "any", THEIRS),
        ("named", "theirs", THEIRS),
        ("plain", "any", None),
        ("plain", "ours", OURS),
        ("plain", "theirs", THEIRS),
    }
    attempts = {(a.campaign_id, a.trunk_id, a.caller_id) for a in floor.asked(AttemptBegun)}
    assert attempts == shown, "the record says what the customer saw"


@pytest.mark.parametrize("dialer", [DialerType.AGENTLESS, DialerType.PROGRESSIVE])
def test_a_campaign_whose_number_no_trunk_may_show_takes_nothing_from_the_others(dialer: DialerType) -> None:
    floor = floor_with(Trunk("ours", channels=1, caller_numbers=(OURS,)), agents=2)
    floor.campaign("alien", dialer=dialer, caller_id=THEIRS, requests=5)
    assert floor.dialed == []
    floor.campaign("known", dialer=dialer, caller_id=OURS, requests=3)
    for number in (1, 2, 3):
        assert len(floor.dialed) == number
        floor.hangs_up(floor.dialed[-1])
    assert {name.rpartition("-")[0] for name in floor.dialed} == {"known"}
    floor.has_trunks(Trunk("ours", channels=1, caller_numbers=(OURS, THEIRS)))
    assert floor.dialed[3:] == ["alien-1"], "as soon as one may"


# --- contacts that may leave on some alone ----------------------------------------------------------------------------

WEST = Trunk("west", "near", channels=2, attempts_per_s=1000.0)
EAST = Trunk("east", "far", channels=2, attempts_per_s=1000.0)


def test_whoever_may_leave_on_some_trunks_alone_is_dialed_on_one_of_them() -> None:
    floor = floor_with(WEST, EAST)
    floor.campaign(dialer=NOTICES)
    for number in range(4):
        floor.accept(trunks=("east", "gone") if number % 2 else ("west",))
    assert (on(floor, "west"), on(floor, "east")) == (["spring-1", "spring-3"], ["spring-2", "spring-4"])


def test_whoever_may_leave_on_two_waits_for_neither() -> None:
    floor = floor_with(WEST, EAST, NORTH)
    floor.campaign(dialer=NOTICES)
    floor.accept(requests=5, trunks=("west", "east"))
    assert Counter(over(floor)) == {"west": 2, "east": 2}
    floor.hangs_up(on(floor, "east")[0])
    assert over(floor)[4:] == ["east"]


@pytest.mark.parametrize("dialer", [DialerType.AGENTLESS, DialerType.PROGRESSIVE])
def test_a_full_trunk_holds_up_none_of_those_who_leave_on_another(dialer: DialerType) -> None:
    floor = floor_with(WEST, EAST, agents=9)
    floor.campaign(dialer=dialer)
    floor.accept(requests=200, trunks=("west",))
    floor.accept(requests=3, trunks=("east",))
    assert on(floor, "west") == ["spring-1", "spring-2"]
    assert on(floor, "east") == ["spring-201", "spring-202"]
    floor.hangs_up("spring-201", HangupCause.BUSY)
    floor.hangs_up("spring-2", HangupCause.BUSY)
    assert floor.dialed[4:] == ["spring-203", "spring-3"], "in their order, on each"


@pytest.mark.parametrize("dialer", [DialerType.AGENTLESS, DialerType.PROGRESSIVE])
def test_a_trunk_that_is_down_holds_up_nobody_else_and_those_for_it_are_dialed_when_it_is_back(
    dialer: DialerType,
) -> None:
    floor = floor_with(WEST, EAST, agents=9)
    floor.tell(CarrierLost("near"))
    floor.campaign(dialer=dialer)
    floor.accept(requests=200, trunks=("west",))
    floor.accept(requests=2, trunks=("east",))
    assert floor.dialed == ["spring-201", "spring-202"]
    floor.tell(CarrierFound((), "near"))
    assert floor.dialed[2:] == ["spring-1", "spring-2"]


def test_an_attempt_that_did_not_leave_has_its_place_on_its_trunk() -> None:
    floor = floor_with(WEST, EAST)
    floor.campaign(dialer=NOTICES)
    floor.accept(requests=4, trunks=("west",))
    floor.accept(requests=4, trunks=("east",))
    floor.tell(OriginateVoided(floor.leg("spring-1")))
    floor.wait(5)
    assert on(floor, "west") == ["spring-1", "spring-2", "spring-1"]


@pytest.mark.parametrize("dialer", [DialerType.PREDICTIVE, DialerType.PROGRESSIVE])
@pytest.mark.parametrize("down", [True, False])
def test_a_campaign_whose_people_can_leave_nowhere_keeps_no_agents_from_others(dialer: DialerType, down: bool) -> None:
    """Its trunk is down, or full of another's calls."""
    floor = floor_with(WEST, EAST, agents=4)
    if down:
        floor.tell(CarrierLost("near"))
    else:
        floor.campaign("notices", dialer=NOTICES)
        floor.accept("notices", requests=2, trunks=("west",))
    before = len(floor.dialed)
    floor.campaign("western", dialer=dialer)
    floor.accept("western", requests=100, trunks=("west",))
    floor.campaign("eastern", dialer=dialer)
    floor.accept("eastern", requests=100, trunks=("east",))
    for _ in range(20):
        floor.wait(1)
        for contact in on(floor, "east"):
            if contact in floor.in_progress:
                floor.hangs_up(contact, HangupCause.BUSY)
    dialed = floor.dialed[before:]
    assert len(dialed) >= 20, "the other campaign goes on"
    assert all(name.startswith("eastern") for name in dialed)


# --- one that takes no attempt ----------------------------------------------------------------------------------------


def test_a_trunk_that_did_not_take_an_attempt_is_held_back_and_the_others_are_not() -> None:
    floor = floor_with(NORTH, SOUTH)
    floor.campaign(dialer=NOTICES, requests=1)
    floor.tell(OriginateVoided(floor.leg(f"{SPRING}-1")))
    assert over(floor) == ["north", "south"], "the contact goes out elsewhere at once"
    floor.accept(requests=3)
    floor.wait(0.9)
    assert over(floor)[2:] == ["south"], "which is full then"
    floor.wait(0.2)
    assert over(floor)[3:] == ["north", "north"]


def test_the_only_trunk_is_dialed_on_again_although_nothing_else_happens() -> None:
    floor = floor_with(NORTH)
    floor.campaign(dialer=NOTICES, requests=1)
    floor.tell(OriginateVoided(floor.leg(f"{SPRING}-1")))
    assert len(over(floor)) == 1
    floor.wait(1)
    assert len(over(floor)) == 2


# --- one that leads nowhere -------------------------------------------------------------------------------------------


def fails(floor: Floor, number: int = 1, cause: HangupCause = HangupCause.CONGESTION, trunk_id: str = "north") -> None:
    """So many attempts on the trunk come to nothing, one after the other."""
    for _ in range(number):
        contact_id = next(each for each in on(floor, trunk_id) if each in floor.in_progress)
        floor.hangs_up(contact_id, cause)


def trunk(floor: Floor, trunk_id: str = "north") -> TrunkSnapshot:
    return next(each for each in floor.engine.snapshot(floor.now).trunks if each.trunk_id == trunk_id)


@pytest.mark.parametrize("cause", [HangupCause.CONGESTION, HangupCause.UNREACHABLE, HangupCause.FAILED])
def test_a_trunk_on_which_attempts_come_to_nothing_is_tried_by_one_after_pauses_that_grow(cause: HangupCause) -> None:
    floor = floor_with(Trunk("north", channels=1, attempts_per_s=1000.0))
    floor.campaign(dialer=NOTICES, requests=100)
    fails(floor, FAILURES, cause)
    tried_after_s = []
    for _ in range(9):
        began, attempts = floor.now, len(over(floor))
        assert trunk(floor).failing
        while len(over(floor)) == attempts:
            floor.wait(0.5)
        tried_after_s.append((floor.now - began) / SECOND)
        floor.wait(1)
        assert len(over(floor)) == attempts + 1, "one is tried, and no other until it is known what becomes of it"
        fails(floor, 1, cause)
    assert tried_after_s == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert floor.engine.failing_trunks() == 1


def test_fewer_are_no_reason_nor_are_many_between_which_somebody_was_there() -> None:
    floor = floor_with(Trunk("north", channels=1, attempts_per_s=1000.0))
    floor.campaign(dialer=NOTICES, requests=100)
    for sign in (HangupCause.BUSY, HangupCause.INVALID_NUMBER, HangupCause.NO_ANSWER):
        fails(floor, FAILURES - 1)
        floor.hangs_up(floor.dialed[-1], sign)
        assert not trunk(floor).failing
    fails(floor, FAILURES - 1)
    floor.rings(floor.dialed[-1])
    floor.hangs_up(floor.dialed[-1], HangupCause.RING_TIMEOUT)
    fails(floor, FAILURES - 1)
    floor.answers(floor.dialed[-1])
    floor.hangs_up(floor.dialed[-1])
    assert trunk(floor).failures == 0
    fails(floor, FAILURES - 1)
    assert floor.engine.failing_trunks() == 0


@pytest.mark.parametrize("sign", ["rings", "answers", "is busy"])
def test_with_the_first_sign_of_somebody_it_takes_attempts_as_before(sign: str) -> None:
    floor = floor_with(NORTH)
    floor.campaign(dialer=NOTICES, requests=100)
    fails(floor, FAILURES)
    floor.wait(1)
    while floor.in_progress:
        fails(floor)
    floor.wait(5)
    (trial,) = floor.in_progress
    match sign:
        case "rings":
            floor.rings(trial)
        case "answers":
            floor.answers(trial)
        case _:
            floor.hangs_up(trial, HangupCause.BUSY)
    assert not trunk(floor).failing
    assert lines(floor) == {"north": 4}, "at once, on every line"
    fails(floor, FAILURES + 1)
    assert trunk(floor).pause == 5 * SECOND, "the next time it is a short pause again"


def test_what_was_dialed_before_a_pause_makes_it_no_longer() -> None:
    floor = floor_with(Trunk("north", channels=20, attempts_per_s=1000.0))
    floor.campaign(dialer=NOTICES, requests=100)
    fails(floor, 20)
    assert trunk(floor).pause == 5 * SECOND
    floor.wait(4.9)
    assert len(over(floor)) == 20 + FAILURES - 1


def test_meanwhile_those_who_may_leave_on_another_trunk_do() -> None:
    floor = floor_with(NORTH, Trunk("south", "near", channels=50, attempts_per_s=1000.0))
    floor.campaign(dialer=NOTICES, requests=200)
    fails(floor, FAILURES)
    before = len(on(floor, "north"))
    for _ in range(30):
        floor.hangs_up(next(each for each in on(floor, "south") if each in floor.in_progress), HangupCause.BUSY)
    assert len(on(floor, "north")) == before
    assert len(on(floor, "south")) == 50 + 30
    assert [each.failing for each in floor.engine.snapshot(floor.now).trunks] == [True, False]


@pytest.mark.parametrize("dialer", [DialerType.PREDICTIVE, DialerType.PROGRESSIVE])
def test_a_campaign_whose_trunk_leads_nowhere_keeps_no_agents_from_others(dialer: DialerType) -> None:
    floor = floor_with(WEST, EAST, agents=4)
    floor.campaign("notices", dialer=NOTICES)
    floor.accept("notices", requests=FAILURES, trunks=("west",))
    fails(floor, FAILURES, trunk_id="west")
    before = len(floor.dialed)
    floor.campaign("western", dialer=dialer)
    floor.accept("western", requests=100, trunks=("west",))
    floor.campaign("eastern", dialer=dialer)
    floor.accept("eastern", requests=100, trunks=("east",))
    for _ in range(60):
        floor.wait(1)
        for contact in [each for each in floor.dialed if each in floor.in_progress]:
            on_west = contact in on(floor, "west")
            floor.hangs_up(contact, HangupCause.CONGESTION if on_west else HangupCause.BUSY)
    dialed = floor.dialed[before:]
    assert len([name for name in dialed if name.startswith("eastern")]) >= 60, "the other campaign goes on"
    assert len([name for name in dialed if name.startswith("western")]) == 3, "after 5, 10 and 20 s"


def test_attempts_that_its_switch_refuses_make_it_one_too_and_nobody_s_attempt_is_spent() -> None:
    """Asterisk knows that the endpoint is offline."""
    floor = floor_with(Trunk("north", channels=1, attempts_per_s=1000.0))
    floor.campaign(dialer=NOTICES, requests=1)
    times = []
    for _ in range(FAILURES + 2):
        while not floor.in_progress:
            floor.wait(0.5)
        times.append(floor.now)
        floor.tell(OriginateVoided(floor.leg(f"{SPRING}-1"), refused=True))
    assert [(late - early) / SECOND for early, late in pairwise(times)] == [1, 1, 1, 1, 5, 10]
    assert floor.asked(ContactEnded) == []


def test_originates_that_a_lost_switch_or_a_late_dialer_did_not_make_say_nothing_of_a_trunk() -> None:
    floor = floor_with(NORTH)
    floor.campaign(dialer=NOTICES, requests=4)
    for _ in range(2 * FAILURES):
        for contact_id in sorted(floor.in_progress):
            floor.tell(OriginateVoided(floor.leg(contact_id)))
        floor.wait(1)
    assert not trunk(floor).failing
    with floor.backlog():
        for contact_id in sorted(floor.in_progress):
            floor.tell(OriginateVoided(floor.leg(contact_id), refused=True))
    assert trunk(floor).failures == 1, "all were made before the first was refused"


def test_a_trial_of_which_nothing_is_learned_is_followed_by_another() -> None:
    floor = floor_with(Trunk("north", channels=1, attempts_per_s=1000.0))
    floor.campaign(dialer=NOTICES, requests=100)
    fails(floor, FAILURES)
    floor.wait(5)
    floor.hangs_up(floor.dialed[-1], HangupCause.LOST)
    assert len(over(floor)) == FAILURES + 2
    assert trunk(floor).pause == 5 * SECOND


def test_when_its_switch_is_found_again_it_is_tried_at_once() -> None:
    """Whoever has mended the switch would wait for minutes."""
    floor = floor_with(Trunk("north", "near", channels=1, attempts_per_s=1000.0))
    floor.campaign(dialer=NOTICES, requests=100)
    fails(floor, FAILURES)
    floor.wait(5)
    fails(floor)
    floor.tell(CarrierLost("near"))
    floor.tell(CarrierFound((), "near"))
    assert len(over(floor)) == FAILURES + 2
    assert trunk(floor).failing


def test_another_dialer_knows_nothing_of_it() -> None:
    floor = floor_with(Trunk("north", channels=1, attempts_per_s=1000.0))
    floor.campaign(dialer=NOTICES, requests=100)
    fails(floor, FAILURES)
    floor.restart()
    assert len(over(floor)) == FAILURES + 1, "what was wrong may have been mended"
