"""Attempts of each campaign by the minute, over the last hour of this process.

Decides how far back it goes and what is forgotten. It must not know who looks at it: it is no record, and a restart
begins anew.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from trunkcall.domain.instants import MINUTE, Instant

MINUTES_KEPT = 60


@dataclass(slots=True)
class _Minutes:
    since: Instant
    """The minute of the first attempt that was seen."""
    counts: deque[list[int]] = field(default_factory=lambda: deque(maxlen=MINUTES_KEPT))
    """Minutes with attempts, each with its number, oldest first."""


class AttemptHistory:
    """See the module. Instants are the instance's, and do not decrease by more than a turn of the dialer."""

    def __init__(self) -> None:
        self._campaigns: dict[str, _Minutes] = {}
        self._minute: Instant = 0

    def count(self, campaign_id: str, at: Instant, attempts: int = 1) -> None:
        """Enter attempts, or take away (``attempts`` < 0) those that turned out to be void."""
        minute = at - at % MINUTE
        if minute > self._minute:
            self._minute = minute
            self._forget(minute)
        minutes = self._campaigns.get(campaign_id)
        if minutes is None:
            minutes = self._campaigns[campaign_id] = _Minutes(minute)
        counts = minutes.counts
        if not counts or counts[-1][0] < minute:
            counts.append([minute, 0])
        counts[-1][1] += attempts

    def by_minute(self, campaign_id: str, now: Instant) -> tuple[int, ...]:
        """Attempts in each of the last MINUTES_KEPT minutes, oldest first; the last is the one that goes on. It begins
        with the first attempt's minute if that is later, and is empty before there is one."""
        minutes = self._campaigns.get(campaign_id)
        if minutes is None:
            return ()
        last = max(now - now % MINUTE, minutes.counts[-1][0])
        first = max(minutes.since, last - (MINUTES_KEPT - 1) * MINUTE)
        counts = {minute: max(attempts, 0) for minute, attempts in minutes.counts}
        return tuple(counts.get(minute, 0) for minute in range(first, last + MINUTE, MINUTE))

    def _forget(self, minute: Instant) -> None:
        """Let go of campaigns that have not dialed for as long as is kept."""
        horizon = minute - MINUTES_KEPT * MINUTE
        for campaign_id in [key for key, minutes in self._campaigns.items() if minutes.counts[-1][0] <= horizon]:
            del self._campaigns[campaign_id]
