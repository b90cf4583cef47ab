"""Timers of the engine. If these fail, somebody is hung up on for a limit that was meant for what was before, or the
engine is woken for nothing."""

from __future__ import annotations

from engine.floor import Floor
from trunkcall.domain.changes import ContactAbandoned, ContactEnded
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.timers import TimerKind, Timers

LIMIT, OVERDUE = TimerKind.QUEUE_LIMIT, TimerKind.HANG_UP_OVERDUE


def due(timers: Timers, now: int) -> list[str]:
    """The keys of all that is due, in order."""
    keys = []
    while (found := timers.pop_due(now)) is not None:
        keys.append(found[1])
    return keys


def test_timers_are_due_by_their_instants_then_as_they_were_set() -> None:
    timers = Timers()
    for at, key in ((3, "late"), (2, "first"), (2, "second"), (9, "never")):
        timers.set(at, LIMIT, key)
    assert timers.next_at() == 2
    assert due(timers, 3) == ["first", "second", "late"]
    assert timers.next_at() == 9


def test_a_timer_set_anew_is_due_once() -> None:
    timers = Timers()
    timers.set(5, LIMIT, "contact")
    timers.set(2, LIMIT, "contact")
    assert timers.at(LIMIT, "contact") == 2
    assert due(timers, 9) == ["contact"]
    timers.set(5, LIMIT, "contact")
    timers.set(7, LIMIT, "contact")
    assert due(timers, 6) == []
    assert timers.next_at() == 7


def test_what_is_stopped_wakes_nobody() -> None:
    timers = Timers()
    timers.set(1, LIMIT, "contact")
    timers.set(2, OVERDUE, "contact")
    timers.set(3, LIMIT, "other")
    timers.stop(LIMIT, "contact")
    assert (timers.at(LIMIT, "contact"), timers.next_at()) == (None, 2)
    timers.stop_all("contact")
    timers.stop_all("nobody")
    assert timers.next_at() == 3
    assert due(timers, 9) == ["other"]
    assert timers.next_at() is None


def test_many_stopped_timers_leave_the_others_as_they_were() -> None:
    timers = Timers()
    for number in range(1000):
        timers.set(1000 - number, LIMIT, f"contact-{number}")
    for number in range(1000):
        if number % 10:
            timers.stop_all(f"contact-{number}")
    assert due(timers, 1000) == [f"contact-{number}" for number in range(990, -1, -10)]


def test_of_two_timers_that_are_due_the_first_may_end_what_the_second_is_for() -> None:
    """The process was asleep: the queue's limit has passed, and after that the one for an abandonment."""
    floor = Floor(agents=1, config=EngineConfig(queue_limit=1 * SECOND))
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.agent_hangs_up("spring-1", HangupCause.NO_ANSWER)
    floor.now += 60 * SECOND
    floor.turn()
    assert len(floor.asked(ContactEnded)) == 1
    assert len(floor.asked(ContactAbandoned)) == 1


def test_a_call_that_has_gone_on_wakes_nobody_for_what_was_before() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True)
    dialed_at = floor.now
    floor.answers("spring-1")
    floor.detected("spring-1", DetectionStatus.HUMAN_ANSWERED)
    floor.agent_picks_up("spring-1")
    wakes_at = floor.engine.next_timer()
    assert wakes_at is None or wakes_at > dialed_at + 60 * SECOND, "the engine is woken for a call that is well"
