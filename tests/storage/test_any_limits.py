"""Whatever is dialed, voided and ended in whatever order, no limit is passed: a regulator counts attempts, not reasons.

What is counted here is what was dialed, from the story alone; the stores count in their own ways.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from storage.support import NOW, begin, dial_request, put, record_of, stand_up
from trunkcall.domain.changes import AttemptVoided, Change, ContactAnswered, ContactEnded, Refusal
from trunkcall.domain.clearance import Clearance, DayLimit, HoldReason, RollingLimit
from trunkcall.domain.contact import ContactState, DisconnectReason, Disposition
from trunkcall.domain.instants import DAY, HOUR, MINUTE, Duration, Instant
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.store import Store

CAMPAIGN = "campaign-1"
LIMITS = (RollingLimit(2, HOUR), RollingLimit(3, 3 * HOUR))
GAP: Duration = 10 * MINUTE
OF_DAY, OF_NUMBER_SHOWN, SPENT, RESERVED, PER_MINUTE = 9, 8, 120, 20, 7

DURATIONS = st.sampled_from([0, 0, 1, MINUTE, GAP - 1, GAP, HOUR - GAP, HOUR, 3 * HOUR])


@dataclass(slots=True)
class Attempt:
    """One that was made, and what it has cost so far."""

    number_key: int
    at: Instant
    cost: int = RESERVED


def day_of(at: Instant) -> Instant:
    return at - at % DAY


def clearance_of(number_key: int, at: Instant) -> Clearance:
    day = day_of(at)

    def limit(key: str, most: int, reason: HoldReason) -> DayLimit:
        return DayLimit(key, day, day + DAY, most, reason)

    return Clearance(
        0,
        number_key,
        number_limits=LIMITS,
        number_gap=GAP,
        day_limits=(
            limit("", OF_DAY, HoldReason.DAY_LIMIT),
            limit("+12065550100", OF_NUMBER_SHOWN, HoldReason.CALLER_ID_LIMIT),
        ),
        per_minute=PER_MINUTE,
        spend=RESERVED,
        spend_limits=(limit("", SPENT, HoldReason.SPEND_LIMIT),),
    )


class Limits(RuleBasedStateMachine):
    """A dialer that dials whenever it may, and an account of what it has done."""

    memory = False

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.now = NOW
        path = Path(self.folder.name) / "trunkcall.db"
        self.store: Store = MemoryStore(lambda: NOW) if self.memory else SQLiteStore(path, clock=lambda: NOW)
        self.made: dict[str, Attempt] = {}
        """Attempts by contact id, in the order in which they were made; none that was void."""
        self.over: set[str] = set()

    @initialize()
    def open(self) -> None:
        self.runner.run(self.store.open())
        self.lease = self.runner.run(stand_up(self.store))

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    @rule(number_keys=st.lists(st.integers(-1, 1), min_size=1, max_size=3), after=DURATIONS)
    def dial(self, number_keys: list[int], after: Duration) -> None:
        self.now += after
        requests = [dial_request(expires_at=NOW + 100 * DAY) for _ in number_keys]
        self.runner.run(put(self.store, *requests))
        ids = [request.contact_id for request in requests]
        cleared = {each: clearance_of(number_key, self.now) for each, number_key in zip(ids, number_keys, strict=True)}
        commit = self.store.commit(self.lease, [begin(each, at=self.now) for each in ids], cleared)
        result = self.runner.run(commit)
        for contact_id, number_key in zip(ids, number_keys, strict=True):
            why = self.in_the_way(number_key)
            refused = result.refused.get(contact_id)
            assert (refused is Refusal.HELD) == bool(why), f"{refused} by {why}"
            if why:
                until = max(why.values())
                assert result.not_before[contact_id] == until, f"held until {until} by {why}"
                hold = self.runner.run(record_of(self.store, contact_id)).hold
                assert hold is not None
                assert why.get(hold.reason) == hold.until == until, "and the record says by what"
            else:
                self.made[contact_id] = Attempt(number_key, self.now)

    def in_the_way(self, number_key: int) -> dict[HoldReason, Instant]:
        """Which limits have no room for one attempt more at this time, and when they have: told by trying each of the
        windows that would hold it."""
        why: dict[HoldReason, Instant] = {}
        to_number = [each.at for each in self.made.values() if each.number_key == number_key]
        if to_number and self.now - max(to_number) < GAP:
            why[HoldReason.NUMBER_GAP] = max(to_number) + GAP
        for limit in LIMITS:
            held_until = [
                ended
                for ended in (at + limit.within for at in to_number)
                if ended > self.now and sum(each >= ended - limit.within for each in to_number) >= limit.most
            ]
            if held_until:
                until = max(held_until)
                why[HoldReason.NUMBER_LIMIT] = max(until, why.get(HoldReason.NUMBER_LIMIT, 0))
        today = [each for each in self.made.values() if day_of(each.at) == day_of(self.now)]
        tomorrow = day_of(self.now) + DAY
        if len(today) >= OF_DAY:
            why[HoldReason.DAY_LIMIT] = tomorrow
        if len(today) >= OF_NUMBER_SHOWN:
            why[HoldReason.CALLER_ID_LIMIT] = tomorrow
        if sum(each.cost for each in today) + RESERVED > SPENT:
            why[HoldReason.SPEND_LIMIT] = tomorrow
        return why

    def in_progress(self, which: int) -> str | None:
        found = [contact_id for contact_id in self.made if contact_id not in self.over]
        return found[which % len(found)] if found else None

    @rule(which=st.integers(0, 9))
    def the_originate_never_left(self, which: int) -> None:
        contact_id = self.in_progress(which)
        if contact_id is not None:
            self.tell(AttemptVoided(contact_id, CAMPAIGN, self.now))
            del self.made[contact_id]
            assert self.runner.run(record_of(self.store, contact_id)).state is ContactState.WAITING

    @rule(which=st.integers(0, 9), lasts=st.none() | DURATIONS, known=st.booleans())
    def a_call_ends(self, which: int, lasts: Duration | None, known: bool) -> None:
        """Answered and after a time, or unanswered."""
        contact_id = self.in_progress(which)
        if contact_id is None:
            return
        if lasts is not None:
            self.tell(ContactAnswered(contact_id, self.now, None))
            self.now += lasts
        disposition = Disposition.CUSTOMER_HUNG_UP if known else Disposition.ATTEMPT_FAILED
        self.tell(ContactEnded(contact_id, CAMPAIGN, self.now, disposition, DisconnectReason.OTHER))
        self.over.add(contact_id)
        if known:
            self.made[contact_id].cost = PER_MINUTE * len(range(0, lasts or 0, MINUTE))

    def tell(self, change: Change) -> None:
        self.runner.run(self.store.commit(self.lease, [change]))

    @rule()
    def what_nothing_counts_any_more_is_forgotten(self) -> None:
        before = self.now - max(limit.within for limit in LIMITS)
        self.runner.run(self.store.purge_counts(self.lease, before=before, limit=2))

    @rule()
    def the_days_are_accounted_for(self) -> None:
        told = self.runner.run(self.store.day_counts("instance-1", since=day_of(self.now)))
        today = [each for each in self.made.values() if day_of(each.at) == day_of(self.now)]
        attempts = {each.reason: each.attempts for each in told}
        assert attempts.get(HoldReason.DAY_LIMIT, 0) == len(today)
        spent = [each.spend for each in told if each.reason is HoldReason.SPEND_LIMIT]
        assert sum(spent) == sum(each.cost for each in today)


class LimitsInMemory(Limits):
    memory = True


TestLimits = Limits.TestCase
TestLimits.settings = settings(
    max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLimitsInMemory = LimitsInMemory.TestCase
TestLimitsInMemory.settings = TestLimits.settings
