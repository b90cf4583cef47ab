"""What a ledger keeps. If these fail, a server that nobody asks about its campaigns grows until it is stopped."""

from __future__ import annotations

import tracemalloc

from engine.support import NOW
from trunkcall.domain.abandonment import AbandonmentLimits, RollingWindow
from trunkcall.domain.instants import HOUR, MINUTE
from trunkcall.engine.ledger import Ledger

START = NOW - NOW % MINUTE


def bytes_of(minutes: int) -> int:
    """What a ledger of an hour holds after so many minutes with a live answer each, and nobody who asked."""
    tracemalloc.start()
    try:
        ledger = Ledger(AbandonmentLimits(windows=(RollingWindow(HOUR),)))
        for minute in range(minutes):
            ledger.count(START + minute * MINUTE, live_answers=1)
        held, _ = tracemalloc.get_traced_memory()
        del ledger
    finally:
        tracemalloc.stop()
    return held


def test_a_ledger_that_nobody_asks_keeps_no_more_than_its_windows() -> None:
    assert bytes_of(minutes=6_000) < 2 * bytes_of(minutes=120)


def test_what_an_instant_of_a_minute_before_asks_for_is_still_there() -> None:
    ledger = Ledger(AbandonmentLimits(windows=(RollingWindow(HOUR),)))
    ledger.count(START, live_answers=1)
    ledger.count(START + HOUR + MINUTE, live_answers=1)
    assert ledger.totals(START + HOUR + 1)[0].live_answers == 2
    assert ledger.totals(START + HOUR + MINUTE)[0].live_answers == 1
