"""When a campaign will have dialed all that waits, at the rate of its last minutes.

Decides which minutes count, and what is said where nothing can be known. It must not know how it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from trunkcall.cli.figures import Figures

MINUTES = 10
"""Of the past that count: pacing has settled by then, and a list does not change within them as it does in a day."""
HISTORY = 60
"""Minutes that the server tells of; it tells of fewer while the campaign has not dialed for as long."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """``left`` and ``end_at`` are of the instance's clock; both are None where nothing can be known, for the reason
    ``why``."""

    left: timedelta | None = None
    end_at: datetime | None = None
    why: str = ""


def attempts_per_minute(figures: Figures) -> float | None:
    """Over the last whole minutes, MINUTES at most; None before there is one."""
    whole = figures.attempts_by_minute[:-1]
    if len(figures.attempts_by_minute) < HISTORY and len(whole) > 1:
        # The first attempt came somewhere within its minute.
        whole = whole[1:]
    whole = whole[-MINUTES:]
    return sum(whole) / len(whole) if whole else None


def estimated_end(figures: Figures) -> Estimate:
    """When nothing will wait any more, if all goes on as it does."""
    if figures.state != "Running":
        return Estimate(why=f"it is {figures.state}")
    if not figures.waiting:
        return Estimate(why="nothing waits to be dialed")
    rate = attempts_per_minute(figures)
    if rate is None:
        return Estimate(why="not known before it has dialed for a minute")
    if not rate:
        return Estimate(why="nothing was dialed in the last minutes")
    try:
        left = timedelta(minutes=figures.waiting / rate)
        return Estimate(left, figures.instance_time + left)
    except OverflowError:
        return Estimate(why="not within the life of anybody here")


def in_words(left: timedelta) -> str:
    """``under a minute``, ``12 min``, ``2 h 5 min``, ``3 d 4 h``."""
    minutes = round(left.total_seconds() / 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days:,} d {hours} h" if hours else f"{days:,} d"
