"""What the clearances of attempts meet in memory, and what is counted of them.

Decides whether an attempt may begin by what calling limits have counted. It must not know contacts, nor how long a
limit holds back (``domain.calling_limits``).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from trunkcall.domain.calling_limits import DayCount, cost, counted_back, held_by
from trunkcall.domain.changes import Refusal
from trunkcall.domain.clearance import Clearance, DayLimit, Hold, HoldReason, Prohibition
from trunkcall.domain.directory import Directory
from trunkcall.domain.do_not_call import last_edit
from trunkcall.domain.instants import DAY, Instant

Verdict: TypeAlias = Refusal | Hold | Prohibition
Day: TypeAlias = tuple[HoldReason, str, Instant]
Attempt: TypeAlias = tuple[Instant, str]
"""When, and of which contact."""


@dataclass(slots=True)
class Counts:
    """What is counted for one instance."""

    attempts: dict[int, list[Attempt]] = field(default_factory=dict)
    """By number key, in the order of time."""
    days: Counter[Day] = field(default_factory=Counter)
    spend: Counter[Day] = field(default_factory=Counter)

    def day_counts(self, since: Instant) -> list[DayCount]:
        days = {day for day in (*self.days, *self.spend) if day[2] >= since and (self.days[day] or self.spend[day])}
        by_day = sorted(days, key=lambda day: (day[2], day[0], day[1]))
        return [DayCount(*day, self.days[day], self.spend[day]) for day in by_day]

    def forget(self, number_keys: Collection[int | None]) -> None:
        for number_key in number_keys:
            if number_key is not None:
                self.attempts.pop(number_key, None)

    def purge(self, before: Instant) -> None:
        for number_key, attempts in list(self.attempts.items()):
            del attempts[: bisect_left(attempts, (before, ""))]
            if not attempts:
                del self.attempts[number_key]
        for day in [day for day in self.days if day[2] < before - 2 * DAY]:
            del self.days[day]
        for day in [day for day in self.spend if day[2] < before - 2 * DAY]:
            del self.spend[day]


class Clearing:
    """Looks at the attempts of one commit, and counts them when it is done."""

    def __init__(self, directory: Directory, counts: Counts, is_listed: Callable[[int, int], bool]) -> None:
        """``is_listed`` tells of a do-not-call list's number and a number key whether one is on the other."""
        self._directory = directory
        self._counts = counts
        self._is_listed = is_listed
        self._begun: dict[int, list[Attempt]] = {}
        self._voided: list[tuple[int, Attempt]] = []
        self._days: Counter[Day] = Counter()
        self._spend: Counter[Day] = Counter()

    def verdict(self, clearance: Clearance | None, campaign_version: int, at: Instant) -> Verdict | None:
        """Why an attempt may not begin for a campaign of this version; None if it may. Without a clearance that is for
        halts to say."""
        if not self._directory.instance.may_originate:
            return Refusal.HALTED
        if clearance is None:
            return None
        policies = self._directory.calling_policies.values()
        if clearance.policy_version != max((policy.number for policy in policies), default=0):
            return Refusal.POLICY_CHANGED
        if clearance.campaign_version not in (None, campaign_version):
            return Refusal.POLICY_CHANGED
        lists = self._directory.do_not_call_lists.values()
        if clearance.last_list_edit not in (None, last_edit(lists)):
            return Refusal.POLICY_CHANGED
        if self._listed(clearance):
            return Prohibition.DO_NOT_CALL
        return clearance.forbidden or held_by(clearance, at, self._attempts(clearance, at), self._count)

    def begun(self, contact_id: str, clearance: Clearance, at: Instant) -> None:
        """Count an attempt."""
        insort(self._begun.setdefault(clearance.number_key, []), (at, contact_id))
        self.made(clearance)

    def made(self, clearance: Clearance) -> None:
        """Count a call to somebody who is not dialed for a campaign, such as an agent."""
        self._charge(clearance, 1, clearance.spend)

    def voided(self, contact_id: str, clearance: Clearance, at: Instant) -> None:
        """Take back what was counted of an attempt at this instant."""
        attempt = at, contact_id
        begun = self._begun.get(clearance.number_key, [])
        if attempt in begun:
            begun.remove(attempt)
        else:
            self._voided.append((clearance.number_key, attempt))
        self._charge(clearance, -1, -clearance.spend)

    def ended(self, clearance: Clearance, answered_at: Instant | None, at: Instant) -> int:
        """Charge what the call has cost in place of what was reserved; how much that is."""
        spent = cost(clearance.per_minute, answered_at, at)
        for day in _days(clearance.spend_limits):
            self._days[day] += 0
            self._spend[day] += spent - clearance.spend
        return spent

    def done(self) -> None:
        """Make what was counted count."""
        for number_key, begun in self._begun.items():
            for attempt in begun:
                insort(self._counts.attempts.setdefault(number_key, []), attempt)
        for number_key, attempt in self._voided:
            attempts = self._counts.attempts.get(number_key, [])
            if attempt in attempts:
                attempts.remove(attempt)
        self._counts.days.update(self._days)
        self._counts.spend.update(self._spend)

    def _charge(self, clearance: Clearance, attempts: int, spend: int) -> None:
        for day in _days(clearance.day_limits):
            self._days[day] += attempts
        for day in _days(clearance.spend_limits):
            self._days[day] += attempts
            self._spend[day] += spend

    def _listed(self, clearance: Clearance) -> bool:
        """Whether the number is on one of the do-not-call lists that bind."""
        return any(self._is_listed(list_number, clearance.number_key) for list_number in clearance.lists)

    def _attempts(self, clearance: Clearance, at: Instant) -> list[Instant]:
        before, most = counted_back(clearance)
        there = set(self._counts.attempts.get(clearance.number_key, ()))
        there -= {attempt for number_key, attempt in self._voided if number_key == clearance.number_key}
        found = sorted([*there, *self._begun.get(clearance.number_key, ())], reverse=True)
        return [made_at for made_at, _ in found if made_at > at - before][:most]

    def _count(self, limit: DayLimit) -> DayCount:
        days, spend = self._counts.days + self._days, self._counts.spend + self._spend
        counted = [
            day for day in {*days, *spend} if day[:2] == (limit.reason, limit.key) and limit.counts_day_of(day[2])
        ]
        (day,) = _days([limit])
        return DayCount(*day, sum(days[each] for each in counted), sum(spend[each] for each in counted))


def _days(limits: Iterable[DayLimit]) -> list[Day]:
    return [(limit.reason, limit.key, limit.began_at) for limit in limits]
