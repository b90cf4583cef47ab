"""Which faults there are in a world, and how often."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from random import Random


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares are of verbs, words, originates; intervals are mean seconds between two faults, 0 for never."""

    store_fails: float = 0.0
    """Verbs of the store that fail, half of them after all is written."""
    store_is_slow: float = 0.0
    """Verbs that take up to ten seconds."""
    store_goes_every_s: float = 0.0
    """The store answers nobody for a while."""
    words_lost: float = 0.0
    words_repeated: float = 0.0
    words_late: float = 0.0
    """Words that are up to five seconds late, with all that follow of the same leg."""
    originates_voided: float = 0.0
    agents_miss: float = 0.0
    """Agents' legs that nobody takes."""
    legs_lost_every_s: float = 0.0
    hosts_fail_every_s: float = 0.0
    lines_break_every_s: float = 0.0
    servers_stop_every_s: float = 0.0
    servers_crash_every_s: float = 0.0
    servers_leave_every_s: float = 0.0
    """They are stopped in good order."""
    stops_at_commits: float = 0.0
    """Commits that are carried out while their server is stopped, so that it finds the answer when it goes on."""
    crashes_at_commits: float = 0.0
    """Commits in the middle of which their server crashes."""
    clocks_drift: float = 0.0
    """By how much of itself a clock's second may be too long or too short."""
    clocks_are_off: float = 0.0
    """Processes whose wall clock is set wrong."""

    @classmethod
    def drawn(cls, random: Random) -> Faults:
        """Each kind is there in every second world, so that some worlds have few and none hides another for ever."""
        most = cls(
            store_fails=0.01,
            store_is_slow=0.02,
            store_goes_every_s=120.0,
            words_lost=0.05,
            words_repeated=0.05,
            words_late=0.1,
            originates_voided=0.1,
            agents_miss=0.1,
            legs_lost_every_s=40.0,
            hosts_fail_every_s=60.0,
            lines_break_every_s=60.0,
            servers_stop_every_s=60.0,
            servers_crash_every_s=90.0,
            servers_leave_every_s=90.0,
            stops_at_commits=0.02,
            crashes_at_commits=0.01,
            clocks_drift=0.01,
            clocks_are_off=1.0,
        )
        off = {each.name: 0.0 for each in fields(cls) if random.random() < 0.5}
        return replace(most, **off)


NONE = Faults()
