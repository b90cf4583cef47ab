"""Which number of a pool an attempt shows. If these fail, one number is shown until carriers label it as spam while
others rest, more people see it in a day than the policy says, or a list rests although numbers are left.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import ClassVar

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.floor import Floor
from engine.support import NOW, SPRING
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import AttemptBegun, ContactHeld, Refusal
from trunkcall.domain.clearance import HoldReason
from trunkcall.domain.dialing import CallerIdPool
from trunkcall.domain.instants import DAY, HOUR, Instant
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import Originate
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.encoding import decode, encode, parse
from trunkcall.engine.events import CallerIdsRestored, DueChanged, Event, OriginateVoided

NOTICES = DialerType.AGENTLESS
MIAMI, TAMPA, DENVER = "+13055550100", "+18135550100", "+13035550100"
LONDON = "+442079460100"
WIDE = EngineConfig(trunks=(Trunk("wide", attempts_per_s=1000.0),))
WEEK = 7 * DAY


def pool(*numbers: str, a_day: int | None = None, day: int = 0) -> CallerIdPool:
    """The first day began an hour ago."""
    began_at = NOW - HOUR + day * DAY
    return CallerIdPool(numbers, a_day, began_at, began_at + DAY)


def shown(floor: Floor) -> list[str | None]:
    """The number that each attempt has shown, in their order."""
    return [attempt.caller_id for attempt in floor.asked(AttemptBegun)]


def held(floor: Floor) -> list[str]:
    return [change.contact_id for change in floor.asked(ContactHeld)]


def test_numbers_are_shown_evenly_and_record_and_carrier_agree() -> None:
    floor = Floor(config=WIDE)
    floor.campaign(dialer=NOTICES, caller_ids=pool(MIAMI, TAMPA, DENVER))
    floor.accept(requests=9)
    assert Counter(shown(floor)) == {MIAMI: 3, TAMPA: 3, DENVER: 3}
    assert shown(floor) == [deed.caller_id for deed in floor.asked(Originate)]


def test_campaigns_with_the_same_pool_count_together() -> None:
    floor = Floor(config=WIDE)
    for name in ("spring", "autumn"):
        floor.campaign(name, dialer=NOTICES, caller_ids=pool(MIAMI, TAMPA, a_day=3))
        floor.accept(name, requests=5, expires_in=WEEK)
    assert Counter(shown(floor)) == {MIAMI: 3, TAMPA: 3}
    assert len(held(floor)) == 4


def test_whoever_no_number_is_left_for_waits_for_the_next_day_and_keeps_nobody_back() -> None:
    floor = Floor(config=WIDE)
    floor.campaign("plain", dialer=NOTICES)
    floor.campaign(dialer=NOTICES, caller_ids=pool(MIAMI, TAMPA, DENVER, a_day=1))
    floor.accept(requests=4, caller_ids=((MIAMI,),), expires_in=WEEK)
    first, *rest = floor.dialed, *held(floor)
    assert (first, rest) == (["spring-1"], ["spring-2", "spring-3", "spring-4"])
    assert {change.hold.reason for change in floor.asked(ContactHeld)} == {HoldReason.CALLER_ID_LIMIT}
    assert {change.hold.until for change in floor.asked(ContactHeld)} == {NOW + 23 * HOUR}
    floor.accept(requests=2, caller_ids=((TAMPA, DENVER),), expires_in=WEEK)
    floor.accept("plain", requests=2, expires_in=WEEK)
    assert floor.dialed[1:] == ["spring-5", "spring-6", "plain-7", "plain-8"]
    floor.wait(23 * 3600)
    assert len(floor.dialed) == 5, "by the new day nothing is known of the numbers yet"
    floor.campaign(dialer=NOTICES, caller_ids=pool(MIAMI, TAMPA, DENVER, a_day=1, day=1))
    assert floor.dialed[5:] == ["spring-2"], "one more, on the new day"


def test_the_number_most_like_the_called_one_is_shown_as_long_as_it_may_be() -> None:
    floor = Floor(config=WIDE)
    floor.campaign(dialer=NOTICES, caller_ids=pool(MIAMI, TAMPA, DENVER, a_day=2))
    floor.accept(requests=5, caller_ids=((DENVER,), (MIAMI, TAMPA)))
    assert shown(floor) == [DENVER, DENVER, MIAMI, TAMPA, MIAMI]


def test_an_attempt_that_never_was_gives_its_number_back() -> None:
    floor = Floor(config=WIDE)
    floor.campaign(dialer=NOTICES, caller_ids=pool(MIAMI, a_day=1))
    floor.accept(requests=1)
    floor.tell(OriginateVoided(floor.leg("spring-1")))
    floor.wait(10)
    assert shown(floor) == [MIAMI, MIAMI]
    floor.refuse("spring-1", Refusal.HELD)
    floor.accept(requests=1)
    assert floor.dialed[2:] == ["spring-2"]
    floor.accept(requests=1)
    assert held(floor) == ["spring-3"]


def test_a_new_dialer_goes_on_with_what_the_day_has_had() -> None:
    floor = Floor(config=WIDE)
    floor.campaign(dialer=NOTICES, state=CampaignState.PAUSED, caller_ids=pool(MIAMI, TAMPA, DENVER, a_day=4))
    floor.accept(requests=9)
    floor.tell(CallerIdsRestored(NOW - HOUR, ((MIAMI, 4), (TAMPA, 2))))
    floor.campaign(dialer=NOTICES, caller_ids=pool(MIAMI, TAMPA, DENVER, a_day=4))
    assert Counter(shown(floor)) == {DENVER: 4, TAMPA: 2}
    assert len(held(floor)) == 3


def test_a_number_is_shown_on_a_trunk_that_may_show_it_alone() -> None:
    us = Trunk("us", channels=2, attempts_per_s=1000.0, caller_numbers=(MIAMI, TAMPA))
    gb = Trunk("gb", channels=2, attempts_per_s=1000.0, caller_numbers=(LONDON,))
    floor = Floor(config=EngineConfig(trunks=(us, gb)))
    floor.campaign(dialer=NOTICES, caller_ids=pool(MIAMI, TAMPA, LONDON))
    floor.accept(requests=4, caller_ids=((MIAMI, TAMPA),))
    floor.accept(requests=3, caller_ids=((LONDON,),))
    on = [(attempt.contact_id, attempt.trunk_id, attempt.caller_id) for attempt in floor.asked(AttemptBegun)]
    assert on == [
        ("spring-1", "us", MIAMI),
        ("spring-2", "us", TAMPA),
        ("spring-5", "gb", LONDON),
        ("spring-6", "gb", LONDON),
    ], "those of the other trunk wait for no line of this one"
    floor.hangs_up("spring-1", HangupCause.BUSY)
    floor.hangs_up("spring-5", HangupCause.BUSY)
    assert floor.dialed[4:] == ["spring-3", "spring-7"]


def test_whoever_was_offered_for_other_numbers_is_not_shown_one_of_them() -> None:
    """A number was given back while its calls waited."""
    floor = Floor()
    floor.answers_refills = False
    floor.campaign(caller_ids=pool(MIAMI, TAMPA))
    floor.accept(requests=1)
    floor.answer_refill()
    floor.campaign(caller_ids=pool(TAMPA))
    floor.agent("ann")
    assert floor.dialed == []
    floor.store[SPRING]["spring-1"] = replace(floor.accepted["spring-1"], caller_ids=((TAMPA,),))
    floor.tell(DueChanged(SPRING))
    while floor.refills:
        floor.answer_refill()
    assert shown(floor) == [TAMPA]


def test_what_is_told_of_pools_is_read_from_a_trace_as_it_was_written() -> None:
    floor = Floor(config=WIDE)
    floor.campaign(dialer=NOTICES, caller_ids=pool(MIAMI, TAMPA, a_day=1))
    floor.accept(requests=3, caller_ids=((TAMPA,), (MIAMI,)))
    floor.tell(CallerIdsRestored(NOW - HOUR, ((MIAMI, 4), (TAMPA, 2))))
    for events, _, decision in floor.trace:
        told = tuple(event for event, _ in events)
        assert decode(tuple[Event, ...], parse(encode(told).encode())) == told
        assert encode(decision.changes)


class PoolsWhateverHappens(RuleBasedStateMachine):
    """Two campaigns with pools that overlap, and a store, a carrier and days that do what they like."""

    POOLS: ClassVar = {"spring": (MIAMI, TAMPA, DENVER), "autumn": (TAMPA, LONDON)}

    @initialize(a_day=st.integers(1, 4))
    def begin(self, a_day: int) -> None:
        self.floor = Floor(config=EngineConfig(trunks=(Trunk("wide", channels=4, attempts_per_s=1000.0),)))
        self.a_day = a_day
        self.day = 0
        self.counted: defaultdict[Instant, Counter[str | None]] = defaultdict(Counter)
        self.seen = 0
        self.counts: dict[str, tuple[Instant, str | None]] = {}
        self._tell()

    @property
    def began_at(self) -> Instant:
        return pool(day=self.day).day_began_at

    def _tell(self) -> None:
        for name, numbers in self.POOLS.items():
            self.floor.campaign(name, dialer=NOTICES, caller_ids=pool(*numbers, a_day=self.a_day, day=self.day))
            self._look()

    def _look(self) -> None:
        """Each attempt since the last look showed the number that was shown least of those that it might show."""
        begun = self.floor.asked(AttemptBegun)
        counted = self.counted[self.began_at]
        for attempt in begun[self.seen :]:
            numbers = self.POOLS[attempt.campaign_id]
            assert counted[attempt.caller_id] == min(counted[number] for number in numbers), "it is not even"
            counted[attempt.caller_id] += 1
            assert counted[attempt.caller_id] <= self.a_day, "more people see it than may"
            self.counts[attempt.contact_id] = self.began_at, attempt.caller_id
        self.seen = len(begun)

    def _gives_back(self, contact_id: str) -> None:
        began_at, number = self.counts.pop(contact_id)
        self.counted[began_at][number] -= 1

    @rule(name=st.sampled_from(sorted(POOLS)), requests=st.integers(1, 6))
    def accepts(self, name: str, requests: int) -> None:
        self.floor.accept(name, requests, expires_in=1000 * DAY)
        self._look()

    @precondition(lambda self: self.floor.in_progress)
    @rule(data=st.data(), cause=st.sampled_from([HangupCause.BUSY, HangupCause.NO_ANSWER]))
    def hangs_up(self, data: st.DataObject, cause: HangupCause) -> None:
        self.floor.hangs_up(data.draw(st.sampled_from(sorted(self.floor.in_progress))), cause)
        self._look()

    @precondition(lambda self: self.floor.in_progress)
    @rule(data=st.data())
    def never_leaves(self, data: st.DataObject) -> None:
        contact = data.draw(st.sampled_from(sorted(self.floor.in_progress)))
        if contact in self.floor.engine.details().contacts and contact in self.counts:
            self._gives_back(contact)
            self.floor.tell(OriginateVoided(self.floor.leg(contact)))
            self._look()

    @rule(hours=st.integers(1, 5))
    def time_passes(self, hours: int) -> None:
        for _ in range(hours):
            self.floor.wait(3600)
            self._look()
            if self.floor.now >= pool(day=self.day).day_ends_at:
                self.day += 1
                self._tell()

    @rule()
    def another_dialer(self) -> None:
        """The store knows what the day has had; legs that the carrier does not have are lost, and count."""
        floor = self.floor
        floor.campaigns = {name: replace(each, state=CampaignState.PAUSED) for name, each in floor.campaigns.items()}
        floor.restart()
        self.counts.clear()
        had = self.counted[self.began_at]
        floor.tell(CallerIdsRestored(self.began_at, tuple((str(number), count) for number, count in had.items())))
        self._tell()

    @invariant()
    def nobody_is_held_who_has_a_number(self) -> None:
        if not hasattr(self, "floor"):
            return
        counted = self.counted[self.began_at]
        for change in self.floor.asked(ContactHeld):
            assert change.hold.until <= pool(day=self.day).day_ends_at
        for name, numbers in self.POOLS.items():
            full = all(counted[number] >= self.a_day for number in numbers)
            dials = any(each.due_at <= self.floor.now for each in self.floor.store[name].values())
            lines_left = len(self.floor.in_progress) < 4
            assert full or not dials or not lines_left or self._backs_off(), "a list rests"

    def _backs_off(self) -> bool:
        """A trunk rests for a moment after an attempt that did not leave."""
        timer_at = self.floor.engine.next_timer()
        return timer_at is not None and timer_at <= self.floor.now + HOUR

    def teardown(self) -> None:
        """Everybody gets a call in the end."""
        if not hasattr(self, "floor"):
            return
        for _ in range(1000):
            if not any(self.floor.store.values()) and not self.floor.in_progress:
                return
            while self.floor.in_progress:
                self.floor.hangs_up(self.floor.in_progress[0], HangupCause.BUSY)
                self._look()
            self.time_passes(1)
        raise AssertionError("somebody waits for ever")


TestPoolsWhateverHappens = PoolsWhateverHappens.TestCase
TestPoolsWhateverHappens.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
