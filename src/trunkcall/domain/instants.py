"""Instants and durations as integers, and their forms on the wire and in records.

Decides how time is represented: microseconds since the Unix epoch, UTC, as a plain int. It must not know which clock an
instant came from.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, TypeAlias

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z."""

Duration: TypeAlias = int
"""Microseconds."""

MILLISECOND: Duration = 1_000
SECOND: Duration = 1_000_000
MINUTE: Duration = 60 * SECOND
HOUR: Duration = 60 * MINUTE
DAY: Duration = 24 * HOUR

EARLIEST: Final[Instant] = -62_135_596_800 * SECOND
LATEST: Final[Instant] = 253_402_300_800 * SECOND - 1
"""The instants that a datetime can have."""


def seconds(value: float) -> Duration:
    """The duration of ``value`` seconds, rounded to the microsecond."""
    return round(value * SECOND)


def to_seconds(duration: Duration) -> float:
    """The duration in seconds."""
    return duration / SECOND


def is_instant(value: object) -> bool:
    """Whether this is an instant that a datetime can have: of the years 1 to 9999."""
    return type(value) is int and EARLIEST <= value <= LATEST


def to_datetime(at: Instant) -> datetime:
    """The instant as an aware datetime in UTC."""
    whole, part = divmod(at, SECOND)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=part)


def from_datetime(moment: datetime) -> Instant:
    """The instant of a datetime; one without a zone is taken as UTC, as the AWS SDKs do."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def to_record_time(at: Instant) -> str:
    """``yyyy-mm-ddThh:mm:ssZ``, the form that Amazon Connect contact records use."""
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_record_time_ms(at: Instant) -> str:
    """``yyyy-mm-ddThh:mm:ss.mmmZ``, the form of the greeting times in contact records."""
    moment = to_datetime(at)
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S')}.{moment.microsecond // 1000:03d}Z"
