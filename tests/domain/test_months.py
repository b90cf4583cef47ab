"""When calendar months begin. If these fail, a month's abandonments are counted into its neighbour."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.domain.instants import DAY, MINUTE, SECOND, Instant, from_datetime, to_datetime
from trunkcall.domain.months import month_begins

ZONES = sorted(zone for zone in available_timezones() if "/" in zone)


def instant(text: str) -> Instant:
    return from_datetime(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("zone", "at", "begins"),
    [
        ("Etc/UTC", "2026-10-31T23:59:59Z", "2026-10-01T00:00Z"),
        ("Etc/UTC", "2026-11-01T00:00:00Z", "2026-11-01T00:00Z"),
        ("Europe/Berlin", "2026-03-31T21:59:59Z", "2026-02-28T23:00Z"),
        ("Europe/Berlin", "2026-03-31T22:00:00Z", "2026-03-31T22:00Z"),
        ("Europe/Berlin", "2026-10-31T22:59:59Z", "2026-09-30T22:00Z"),
        ("America/New_York", "2026-11-01T03:59:59Z", "2026-10-01T04:00Z"),
        ("America/New_York", "2026-11-15T00:00:00Z", "2026-11-01T04:00Z"),
        # Midnight of the first was not there: clocks were put forward to one.
        ("America/Asuncion", "2017-10-01T04:00:00Z", "2017-10-01T04:00Z"),
        ("America/Asuncion", "2017-10-01T03:59:59Z", "2017-09-01T04:00Z"),
        ("Asia/Kathmandu", "2028-02-29T18:14:59Z", "2028-01-31T18:15Z"),
    ],
)
def test_a_month_begins_at_midnight_by_the_clocks_of_its_zone(zone: str, at: str, begins: str) -> None:
    assert to_datetime(month_begins(instant(at), zone)) == to_datetime(instant(begins))


@given(
    zone=st.sampled_from(ZONES),
    at=st.integers(instant("1975-01-01T00:00Z") // SECOND, instant("2037-01-01T00:00Z") // SECOND),
)
def test_a_month_has_begun_and_is_no_longer_than_a_month(zone: str, at: int) -> None:
    begun = month_begins(at * SECOND, zone)
    assert 0 <= at * SECOND - begun < 31 * DAY + 120 * MINUTE
    # Whoever asks at its first instant is told the same.
    assert month_begins(begun, zone) == begun
