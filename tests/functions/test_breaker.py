"""When a function is spared. If these fail, customers wait for one that is not there, or nobody asks one that is."""

from __future__ import annotations

from trunkcall.functions.breaker import FAILURES, SPARED_S, Breaker


def test_failures_between_which_it_has_answered_are_no_reason_to_spare_a_function() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(FAILURES - 1):
            breaker.failed(0.0)
        assert breaker.lets_through(0.0)
        breaker.succeeded()


def test_whoever_asked_before_it_was_spared_does_not_have_it_spared_for_longer() -> None:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(0.0)
    breaker.failed(SPARED_S - 1)
    assert not breaker.lets_through(SPARED_S - 1)
    assert breaker.lets_through(SPARED_S)
