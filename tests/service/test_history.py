"""Attempts by the minute. If these fail, a display shows a rhythm that was not, or the server never forgets."""

from __future__ import annotations

from trunkcall.domain.instants import HOUR, MINUTE, SECOND
from trunkcall.service.history import AttemptHistory

NOW = 1_790_000_040_000_000 - 1_790_000_040_000_000 % MINUTE


def test_attempts_are_counted_by_the_minute_and_the_last_minute_goes_on() -> None:
    history = AttemptHistory()
    for after in (0, 1, 59, 60, 200):
        history.count("spring", NOW + after * SECOND)
    assert history.by_minute("spring", NOW + 200 * SECOND) == (3, 1, 0, 1)
    assert history.by_minute("spring", NOW + 250 * SECOND) == (3, 1, 0, 1, 0), "a minute without attempts is one too"
    assert history.by_minute("autumn", NOW) == ()


def test_an_attempt_that_was_void_is_taken_back() -> None:
    history = AttemptHistory()
    history.count("spring", NOW, 2)
    history.count("spring", NOW + SECOND, -1)
    assert history.by_minute("spring", NOW) == (1,)


def test_an_hour_is_kept() -> None:
    history = AttemptHistory()
    for minute in range(90):
        history.count("spring", NOW + minute * MINUTE, minute + 1)
    assert history.by_minute("spring", NOW + 89 * MINUTE) == tuple(range(31, 91))


def test_a_campaign_that_has_not_dialed_for_an_hour_is_forgotten() -> None:
    history = AttemptHistory()
    history.count("spring", NOW)
    history.count("autumn", NOW + 2 * HOUR)
    assert history.by_minute("spring", NOW + 2 * HOUR) == ()
