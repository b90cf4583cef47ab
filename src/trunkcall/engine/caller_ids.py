"""Which number of a campaign's pool an attempt shows.

Decides by how often each was shown in the day, over all campaigns. It must not know which numbers are like a called
one, when days begin, nor on which trunk an attempt goes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from trunkcall.domain.dialing import CallerIdPool
from trunkcall.domain.instants import DAY, Instant
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.contact import Contact

REMEMBERED: Final = 3 * DAY
"""How long counts are of use: days of several time zones, and attempts that may be taken back."""


class CallerIds:
    """How often the numbers of one instance were shown."""

    __slots__ = ("_days",)

    def __init__(self) -> None:
        self._days: dict[Instant, Counter[str]] = {}
        """By when the day began."""

    def restore(self, day_began_at: Instant, shown: Iterable[tuple[str, int]]) -> None:
        """So often they were shown in that day by all that is known."""
        self._days[day_began_at] = Counter(dict(shown))

    def left(self, pool: CallerIdPool, groups: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
        """Those of these numbers, in their groups, that may be shown once more in the pool's day."""
        most = pool.attempts_per_day
        if most is None:
            return groups
        shown = self._shown(pool)
        return [left for group in groups if (left := [number for number in group if shown[number] < most])]

    def choose(self, pool: CallerIdPool, groups: Sequence[Sequence[str]], trunk: Trunk) -> str:
        """Of the first group of which the trunk may show any number, the one that was shown least, the first of them
        where several were. There is one."""
        shown = self._shown(pool)
        may_show = ([number for number in group if trunk.may_show(number)] for group in groups)
        return min(next(filter(None, may_show)), key=shown.__getitem__)

    def show(self, contact: Contact, pool: CallerIdPool) -> None:
        """An attempt shows the contact its number."""
        assert contact.caller_id is not None
        contact.caller_id_day = pool.day_began_at
        self._shown(pool)[contact.caller_id] += 1

    def take_back(self, contact: Contact) -> None:
        """The contact's attempt was never made."""
        day = self._days.get(contact.caller_id_day) if contact.caller_id_day is not None else None
        if day is not None and contact.caller_id is not None and day[contact.caller_id]:
            day[contact.caller_id] -= 1

    def _shown(self, pool: CallerIdPool) -> Counter[str]:
        shown = self._days.get(pool.day_began_at)
        if shown is None:
            for began_at in [each for each in self._days if each < pool.day_began_at - REMEMBERED]:
                del self._days[began_at]
            shown = self._days[pool.day_began_at] = Counter()
        return shown
