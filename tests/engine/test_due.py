"""When contacts are due: who is dialed at once, who later, and in what order. If these fail, somebody is dialed before
the time, or a list rests although its contacts are due.

The last test has a store and an engine in any order of things: accepted, due, moved, expired, swept, refused, voided,
and answers to refills that come late. Nobody who is due may stay unasked for.
"""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.floor import Floor
from engine.invariants import History
from engine.support import SPRING, Command
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import AttemptBegun, ContactExpired, Refusal
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import DAY, HOUR, MINUTE, SECOND, Instant
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import RefillWindow
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.decision import Decision
from trunkcall.engine.events import ContactsOffered, ContactsSwept, OfferedContact, OriginateVoided

SMALL = EngineConfig(window_size=4)


def dial_on(floor: Floor) -> None:
    """Whoever is dialed is busy, until nobody is dialed any more."""
    while floor.in_progress:
        floor.hangs_up(floor.in_progress[0], HangupCause.BUSY)


def test_who_is_due_later_is_dialed_when_the_time_has_come_and_not_before() -> None:
    floor = Floor(agents=1)
    floor.campaign()
    floor.accept(due_in=HOUR, expires_in=DAY)
    floor.wait(3599.999)
    assert floor.dialed == []
    floor.wait(0.001)
    assert floor.dialed == ["spring-1"]


def test_ten_who_are_due_do_not_wait_for_many_who_are_not() -> None:
    floor = Floor(agents=10, config=SMALL)
    floor.campaign()
    floor.accept(requests=100, due_in=DAY, expires_in=2 * DAY)
    floor.accept(requests=10)
    dial_on(floor)
    assert floor.dialed == [f"spring-{number}" for number in range(101, 111)]
    assert floor.snapshot().in_window == 0, "nobody takes a place who is not due"


def test_contacts_are_dialed_by_when_they_are_due_and_then_by_acceptance() -> None:
    floor = Floor(config=SMALL)
    floor.campaign()
    for due_in in (20, 10, 20, 10, 30, 10):
        floor.accept(due_in=due_in * SECOND)
    floor.accept()
    floor.wait(60)
    floor.agent("ann")
    dial_on(floor)
    assert floor.dialed == [f"spring-{number}" for number in (7, 2, 4, 6, 1, 3, 5)]


def test_each_instant_at_which_somebody_is_due_is_seen() -> None:
    floor = Floor(agents=1)
    floor.campaign()
    for due_in in (30, 10, 20):
        floor.accept(due_in=due_in * SECOND)
    for seconds, dialed in ((10, "spring-2"), (10, "spring-3"), (10, "spring-1")):
        floor.wait(seconds)
        dial_on(floor)
        assert floor.dialed[-1] == dialed
    assert floor.dialed == ["spring-2", "spring-3", "spring-1"]


def test_who_is_moved_earlier_is_dialed_at_once() -> None:
    floor = Floor(agents=1)
    floor.campaign()
    floor.accept(requests=3, due_in=DAY, expires_in=2 * DAY)
    floor.move("spring-2", due_at=0)
    assert floor.dialed == ["spring-2"]


def test_who_is_moved_to_the_front_comes_before_all_whom_the_engine_holds() -> None:
    floor = Floor(config=SMALL)
    floor.campaign()
    floor.accept(requests=8, due_in=SECOND)
    floor.wait(1)
    assert floor.snapshot().in_window == 4
    floor.move("spring-8", due_at=0)
    floor.agent("ann")
    dial_on(floor)
    assert floor.dialed == ["spring-8", *(f"spring-{number}" for number in range(1, 8))]


def test_a_move_while_the_store_answers_is_not_overlooked() -> None:
    floor = Floor(config=SMALL)
    floor.campaign()
    floor.answers_refills = False
    floor.accept(requests=4)
    late = floor.answer_to(floor.refills.pop(0))
    floor.move("spring-1", due_at=floor.now + MINUTE)
    floor.tell(late)
    floor.answers_refills = True
    floor.answer_refill()
    floor.agent("ann")
    dial_on(floor)
    assert floor.dialed == ["spring-2", "spring-3", "spring-4"]
    floor.wait(60)
    assert floor.dialed[-1] == "spring-1"


def test_an_attempt_that_is_not_due_is_made_when_it_is_and_keeps_no_place() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    floor.refuse("spring-1", Refusal.NOT_DUE, due_in=10 * SECOND)
    assert floor.dialed == ["spring-1", "spring-2"]
    assert floor.snapshot().attempts == 1
    dial_on(floor)
    assert floor.snapshot().in_window == 0
    floor.wait(9.999)
    assert len(floor.dialed) == 2
    floor.wait(0.001)
    assert floor.dialed[2:] == ["spring-1"]


def test_a_refusal_is_remembered_while_the_store_answers() -> None:
    """The answer may have been read before the contact was due later."""
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers_refills = False
    floor.accept(requests=1, expires_in=DAY, due_in=HOUR)
    late = floor.answer_to(floor.refills.pop(0))
    floor.refuse("spring-1", Refusal.NOT_DUE, due_in=10 * SECOND)
    floor.tell(late)
    floor.answers_refills = True
    floor.wait(10)
    assert floor.dialed == ["spring-1", "spring-1"]


def test_who_is_in_progress_is_taken_from_no_offer() -> None:
    """However late the store's answer is: nobody is dialed twice because of it."""
    floor = Floor(agents=2)
    floor.campaign(requests=1)
    offered = floor.accepted["spring-1"]
    floor.tell(ContactsOffered(SPRING, (offered, replace(offered)), None))
    assert floor.snapshot().in_window == 0
    assert floor.dialed == ["spring-1"]


def test_who_is_held_already_is_held_once() -> None:
    floor = Floor()
    floor.campaign(requests=1)
    offered = floor.accepted["spring-1"]
    floor.tell(ContactsOffered(SPRING, (replace(offered, due_at=floor.now), offered), None))
    assert floor.snapshot().in_window == 1


def test_the_store_is_told_whom_the_engine_holds() -> None:
    floor = Floor(agents=1, config=SMALL)
    floor.campaign(requests=4)
    floor.hangs_up("spring-1", HangupCause.BUSY)
    assert floor.asked(RefillWindow)[-1] == RefillWindow(SPRING, 2, (3, 4))


def test_a_void_attempt_has_its_place_among_those_who_are_due_later() -> None:
    floor = Floor(agents=1, config=SMALL)
    floor.campaign()
    floor.accept(requests=3, due_in=SECOND)
    floor.wait(1)
    floor.tell(OriginateVoided(floor.leg("spring-1")))
    floor.accept(requests=1)
    floor.wait(1)
    assert floor.dialed == ["spring-1", "spring-1"]


def test_a_paused_campaign_dials_who_was_due_meanwhile_when_it_goes_on() -> None:
    floor = Floor(agents=1)
    floor.campaign()
    floor.accept(due_in=MINUTE)
    floor.campaign(state=CampaignState.PAUSED)
    floor.wait(120)
    assert floor.dialed == []
    floor.campaign(state=CampaignState.RUNNING)
    assert floor.dialed == ["spring-1"]


def test_a_stopped_campaign_waits_for_no_instant() -> None:
    floor = Floor(agents=1)
    floor.campaign()
    floor.accept(due_in=MINUTE)
    floor.campaign(state=CampaignState.STOPPED)
    asked = len(floor.asked(RefillWindow))
    floor.wait(120)
    assert len(floor.asked(RefillWindow)) == asked
    assert floor.dialed == []


# --- whatever happens -------------------------------------------------------------------------------------------------

LIMITS = EngineConfig(window_size=6, trunks=(Trunk("default", channels=3, attempts_per_s=1000.0),))
instants = st.sampled_from([None, -5, 0, 1, 5, 30])
numbers = st.integers(0, 40)


class LateHistory(History):
    """Of a store that may offer anew who is over meanwhile: it passes over their expiry, and will refuse an attempt."""

    def enter(self, decision: Decision) -> None:
        over = {contact_id for contact_id, state in self.states.items() if state is ContactState.ENDED}
        changes = []
        for change in decision.changes:
            match change:
                case ContactExpired(contact_id) if contact_id in over:
                    continue
                case ContactExpired(contact_id):
                    over.add(contact_id)
                case AttemptBegun(contact_id) if contact_id in over:
                    self.states[contact_id] = ContactState.WAITING
                case _:
                    pass
            changes.append(change)
        super().enter(Decision(tuple(changes), decision.deeds, decision.steps, decision.refused))


class LateStore(Floor):
    """A store whose answers are read before they are told, so that it has to refuse what is not so any more."""

    def __init__(self, *, config: EngineConfig) -> None:
        super().__init__(config=config)
        self.history = LateHistory()

    def _react(self, command: Command) -> None:
        if isinstance(command, AttemptBegun):
            waiting = self.store[command.campaign_id].get(command.contact_id)
            if waiting is None:
                self.refuse(command.contact_id, Refusal.NOT_WAITING)
                return
            if waiting.due_at > command.at:
                self.refuse(command.contact_id, Refusal.NOT_DUE, due_in=waiting.due_at - self.now)
                return
        super()._react(command)


class Backlog(RuleBasedStateMachine):
    """An agentless campaign: lines are all that it needs, so only the window can hold it back."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = LateStore(config=LIMITS)
        self.reads: list[ContactsOffered] = []
        """What the store has read and not told yet."""

    @initialize()
    def open(self) -> None:
        self.floor.answers_refills = False
        self.floor.campaign(dialer=DialerType.AGENTLESS)

    def at(self, seconds: int | None) -> Instant:
        return 0 if seconds is None else self.floor.now + seconds * SECOND

    def a_waiting(self, number: int) -> OfferedContact | None:
        waiting = list(self.floor.store[SPRING].values())
        return waiting[number % len(waiting)] if waiting else None

    def a_dialed(self, number: int) -> str | None:
        dialed = self.floor.in_progress
        return dialed[number % len(dialed)] if dialed else None

    # --- the store --------------------------------------------------------------------------------------------------

    @rule(requests=st.integers(1, 9), due_in=instants, expires_in=st.sampled_from([2, 20, 3600]))
    def requests_are_accepted(self, requests: int, due_in: int | None, expires_in: int) -> None:
        due = None if due_in is None else due_in * SECOND
        self.floor.accept(requests=requests, due_in=due, expires_in=expires_in * SECOND)

    @rule(number=numbers, due_in=instants)
    def a_contact_is_moved(self, number: int, due_in: int | None) -> None:
        contact = self.a_waiting(number)
        if contact is not None:
            self.floor.move(contact.contact_id, due_at=self.at(due_in))

    @rule(number=numbers)
    def a_contact_is_swept(self, number: int) -> None:
        contact = self.a_waiting(number)
        if contact is not None:
            del self.floor.store[SPRING][contact.contact_id]
            self.floor.tell(ContactsSwept(SPRING, (contact.contact_id,)))

    @rule(number=numbers, refusal=st.sampled_from(list(Refusal)), due_in=st.sampled_from([0, 1, 30]))
    def an_attempt_is_refused(self, number: int, refusal: Refusal, due_in: int) -> None:
        contact = self.a_dialed(number)
        if contact is not None:
            self.floor.refuse(contact, refusal, due_in=due_in * SECOND)
        if refusal.waits_in_window:
            # Nothing is dialed for the campaign until it is told anew.
            self.floor.campaign(dialer=DialerType.AGENTLESS, state=CampaignState.PAUSED)
            self.floor.campaign(dialer=DialerType.AGENTLESS)

    @precondition(lambda self: self.floor.refills)
    @rule()
    def the_store_is_read(self) -> None:
        self.reads.append(self.floor.answer_to(self.floor.refills.pop(0)))

    @precondition(lambda self: self.reads)
    @rule()
    def what_was_read_is_told(self) -> None:
        self.floor.tell(self.reads.pop(0))

    # --- the carrier and time ---------------------------------------------------------------------------------------

    @rule(number=numbers)
    def a_phone_is_busy(self, number: int) -> None:
        contact = self.a_dialed(number)
        if contact is not None:
            self.floor.hangs_up(contact, HangupCause.BUSY)

    @rule(number=numbers)
    def an_originate_never_left(self, number: int) -> None:
        contact = self.a_dialed(number)
        if contact is not None:
            self.floor.tell(OriginateVoided(self.floor.leg(contact)))

    @rule(seconds=st.sampled_from([0.5, 1, 2, 10]))
    def time_passes(self, seconds: float) -> None:
        self.floor.wait(seconds)

    # --- what must be so --------------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_held_who_is_in_progress(self) -> None:
        held = self.floor.engine.next_contacts(SPRING)
        assert len(set(held)) == len(held)
        assert not set(held) & set(self.floor.in_progress)

    def teardown(self) -> None:
        """Once the store answers, everybody who is due is dialed, and the others as they are due."""
        floor = self.floor
        for read in self.reads:
            floor.tell(read)
        floor.answers_refills = True
        while floor.refills:
            floor.answer_refill()
        for _ in range(40):
            dial_on(floor)
            floor.wait(2)
        due = [each for each in floor.store[SPRING].values() if each.due_at <= floor.now < each.expires_at]
        assert not due, "somebody is due and nobody asks for them"


Backlog.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestNobodyWhoIsDueIsForgotten = Backlog.TestCase
