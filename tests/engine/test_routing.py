"""Which agent takes which contact, by queues' priorities and delays. If these fail, specialists sit idle while others
do their work, customers wait beside an agent who could help, or phones ring for agents who are only a help."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from engine.floor import Floor
from engine.support import SALES, new_engine, up
from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import ContactConnecting
from trunkcall.domain.contact import ContactState
from trunkcall.domain.dialing import DialingSettings
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.engine.campaigns import pacer_for
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CarrierFound, CarrierLost
from trunkcall.engine.pacing.base import LearnsNothing, Pacer, PacingView

SERVICE = "service"
UNBOUND = AbandonmentLimits(binding=False)


class AllAtOnce(LearnsNothing):
    """Dials whoever there is as soon as anybody is at work: live answers come as a test has them, for whoever is
    there."""

    one_to_one = False
    needs_agents = True

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        return 20 if view.staffed_agents else 0


def one_to_one_or_all_at_once(settings: DialingSettings) -> Pacer:
    return AllAtOnce() if settings.dialer_type is DialerType.PREDICTIVE else pacer_for(settings)


def crowd(*, alone: bool = False) -> Floor:
    """A campaign whose customers all have a phone that rings, and another of another queue unless it is ``alone``."""
    floor = Floor()
    floor.engine = new_engine(EngineConfig(), flows=floor.flows, pacer_for=lambda settings: AllAtOnce())
    floor.campaign("spring", limits=UNBOUND, requests=20)
    if not alone:
        floor.campaign("autumn", queue=SERVICE, limits=UNBOUND, requests=20)
    return floor


def two_at_work() -> Floor:
    """Ann and Bea serve one queue, and Ann has been available longer."""
    floor = crowd()
    floor.agent("ann", SALES)
    floor.wait(1)
    floor.agent("bea", SALES)
    return floor


def answer(floor: Floor, campaign: str = "spring") -> str:
    """The next customer whose phone rings answers; the contact."""
    details = floor.engine.details()
    contact = next(
        each.contact_id
        for each in details.contacts.values()
        if each.campaign_id == campaign and each.state is ContactState.DIALING
    )
    floor.answers(contact)
    return contact


def taken_by(floor: Floor, contact: str) -> str | None:
    """Who was put through to the contact."""
    return next((each.agent_id for each in floor.asked(ContactConnecting) if each.contact_id == contact), None)


# --- which agent ------------------------------------------------------------------------------------------------------


def test_a_contact_goes_to_whoever_has_been_available_longest_however_many_queues_that_one_serves() -> None:
    floor = crowd(alone=True)
    floor.agent("ann", SALES, SERVICE)
    floor.wait(1)
    floor.agent("bea", SALES)
    first, second = answer(floor), answer(floor)
    assert (taken_by(floor, first), taken_by(floor, second)) == ("ann", "bea")


def test_where_others_count_on_agents_as_well_these_are_spared_while_there_is_somebody_else() -> None:
    floor = crowd()
    floor.agent("ann", SALES, SERVICE)
    floor.wait(1)
    floor.agent("bea", SALES)
    first, second = answer(floor), answer(floor)
    assert (taken_by(floor, first), taken_by(floor, second)) == ("bea", "ann")


def test_agents_for_whom_the_queue_comes_first_take_its_contacts_before_those_who_wait_longer() -> None:
    floor = crowd()
    floor.agent("ann", ServedQueue(SALES, 2), ServedQueue(SERVICE, 1))
    floor.wait(60)
    floor.agent("bea", ServedQueue(SALES, 1))
    first, second = answer(floor), answer(floor)
    assert (taken_by(floor, first), taken_by(floor, second)) == ("bea", "ann")


def test_another_profile_keeps_an_agents_place_among_those_who_wait() -> None:
    floor = crowd(alone=True)
    floor.agent("ann", SERVICE)
    floor.wait(1)
    floor.agent("bea", SALES)
    floor.serves("ann", SALES, SERVICE)
    assert taken_by(floor, answer(floor)) == "ann"


def test_whoever_takes_a_break_is_behind_the_others_after_it() -> None:
    floor = crowd()
    floor.agent("ann", SALES)
    floor.agent("bea", SALES)
    floor.sets("ann", AgentStatus.BREAK)
    floor.wait(1)
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert taken_by(floor, answer(floor)) == "bea"


def test_whoever_says_again_to_be_available_keeps_the_place() -> None:
    floor = two_at_work()
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert taken_by(floor, answer(floor)) == "ann"


def test_an_agent_whose_customer_has_left_before_the_two_talked_is_still_the_next() -> None:
    floor = two_at_work()
    gone = answer(floor)
    floor.hangs_up(gone)
    assert taken_by(floor, gone) == taken_by(floor, answer(floor)) == "ann"


def test_a_customer_whose_agents_leg_was_lost_is_not_put_through_to_the_same_one_while_others_are_there() -> None:
    floor = two_at_work()
    contact = answer(floor)
    floor.agent_hangs_up(contact, HangupCause.LOST)
    assert floor.agent_of(contact) == "bea"
    assert floor.state_of("ann") is AgentState.AVAILABLE


@pytest.mark.parametrize("loses_requests", [False, True])
def test_one_to_one_the_longest_available_takes_the_answer_and_another_is_kept_for_the_phone_that_rings(
    loses_requests: bool,
) -> None:
    floor = Floor()
    floor.agent("ann")
    floor.wait(1)
    floor.agent("bea")
    floor.campaign(requests=2)
    assert (floor.kept_agent("spring-1"), floor.kept_agent("spring-2")) == ("ann", "bea")
    if loses_requests:
        floor.hangs_up("spring-1", HangupCause.BUSY)
    floor.answers("spring-2")
    assert floor.agent_of("spring-2") == "ann"
    if loses_requests:
        assert floor.snapshot().free_agents == 1
    else:
        assert floor.kept_agent("spring-1") == "bea"


def test_whoever_is_kept_for_a_phone_that_rings_takes_another_campaigns_answer_where_one_like_them_is_free() -> None:
    """Nobody stays without a contact because of a phone that nobody may answer."""
    floor = Floor()
    floor.engine = new_engine(EngineConfig(), flows=floor.flows, pacer_for=one_to_one_or_all_at_once)
    floor.agent("ann")
    floor.campaign("spring", requests=1)
    floor.wait(1)
    floor.campaign("autumn", dialer=DialerType.PREDICTIVE, limits=UNBOUND, requests=1)
    floor.agent("bea")
    assert floor.kept_agent("spring-1") == "ann"
    contact = answer(floor, "autumn")
    assert floor.agent_of(contact) == "ann"
    assert floor.kept_agent("spring-1") == "bea"


def test_one_to_one_nobody_loses_an_agent_whom_no_other_can_replace() -> None:
    """Ann has been available longest, but is kept for a queue that Bea does not serve."""
    floor = Floor()
    floor.agent("ann", SALES, SERVICE)
    floor.campaign("autumn", queue=SERVICE, requests=1)
    floor.wait(1)
    floor.agent("bea", SALES)
    floor.campaign("spring", requests=1)
    floor.answers("spring-2")
    assert floor.agent_of("spring-2") == "bea"
    floor.answers("autumn-1")
    assert floor.agent_of("autumn-1") == "ann"


def test_one_to_one_whoever_serves_the_fewest_queues_is_kept_first_unless_priorities_say_otherwise() -> None:
    for first in (1, 2):
        floor = Floor()
        floor.agent("ann", SALES, SERVICE)
        floor.agent("bea", ServedQueue(SALES, first))
        floor.campaign(requests=1)
        assert floor.kept_agent("spring-1") == ("bea" if first == 1 else "ann")


# --- which contact ----------------------------------------------------------------------------------------------------


def waiting(floor: Floor) -> tuple[str, str]:
    """Somebody waits in the queue for sales, and since later somebody in that for service."""
    floor.agent("ann", SALES)
    floor.agent("bea", SERVICE)
    floor.wait(1)
    for agent in ("ann", "bea"):
        floor.sets(agent, AgentStatus.BREAK)
    sales = answer(floor)
    floor.wait(1)
    return sales, answer(floor, "autumn")


def test_an_agent_who_becomes_free_takes_whoever_has_waited_longest_where_queues_are_alike() -> None:
    floor = crowd()
    sales, service = waiting(floor)
    floor.agent("cid", SERVICE, SALES)
    assert (taken_by(floor, sales), taken_by(floor, service)) == ("cid", None)


def test_an_agent_who_becomes_free_takes_contacts_of_the_queue_that_comes_first() -> None:
    floor = crowd()
    sales, service = waiting(floor)
    floor.agent("cid", ServedQueue(SALES, 3), ServedQueue(SERVICE, 2))
    assert (taken_by(floor, sales), taken_by(floor, service)) == (None, "cid")


def test_an_agent_who_becomes_free_is_kept_for_the_dial_without_one_whose_queue_comes_first() -> None:
    floor = Floor()
    floor.agent("ann", SALES)
    floor.agent("bea", SERVICE)
    floor.campaign("spring", requests=1)
    floor.campaign("autumn", queue=SERVICE, requests=1)
    for agent in ("ann", "bea"):
        floor.sets(agent, AgentStatus.BREAK)
    floor.agent("cid", ServedQueue(SALES, 3), ServedQueue(SERVICE, 2))
    assert floor.kept_agent("autumn-2") == "cid"
    assert floor.kept_agent("spring-1") is None


# --- agents who help after a delay ------------------------------------------------------------------------------------


def one_who_waits(*delays_s: int) -> tuple[Floor, str]:
    """Ann, of sales, is on a break; others would help after a while. Somebody has just answered."""
    floor = crowd()
    floor.agent("ann", SALES)
    floor.wait(1)
    floor.sets("ann", AgentStatus.BREAK)
    for number, delay_s in enumerate(delays_s, 1):
        floor.agent(f"helper-{number}", ServedQueue(SALES, delay_s=delay_s))
    return floor, answer(floor)


def one_who_is_put_through(delay_s: int) -> tuple[Floor, str]:
    """Ann's phone rings for somebody who has just answered; Dan would help after a while."""
    floor = crowd()
    floor.agent("ann", SALES)
    floor.agent("dan", ServedQueue(SALES, delay_s=delay_s))
    return floor, answer(floor)


def test_an_agent_with_a_delay_takes_whoever_has_waited_so_long() -> None:
    floor, contact = one_who_waits(5)
    floor.wait(4)
    assert taken_by(floor, contact) is None
    floor.wait(1)
    assert taken_by(floor, contact) == "helper-1"


def test_agents_with_longer_delays_follow() -> None:
    floor, contact = one_who_waits(9, 3, 6)
    floor.sets("helper-2", AgentStatus.BREAK)
    floor.wait(5)
    assert taken_by(floor, contact) is None
    floor.wait(1)
    assert taken_by(floor, contact) == "helper-3"


def test_an_agent_with_a_delay_who_becomes_free_takes_whoever_has_waited_long_enough_and_nobody_else() -> None:
    floor, contact = one_who_waits(5)
    floor.sets("helper-1", AgentStatus.BREAK)
    floor.wait(4)
    floor.sets("helper-1", AgentStatus.AVAILABLE)
    assert taken_by(floor, contact) is None
    floor.sets("helper-1", AgentStatus.BREAK)
    floor.wait(2)
    floor.sets("helper-1", AgentStatus.AVAILABLE)
    assert taken_by(floor, contact) == "helper-1"


@pytest.mark.parametrize("delay_s", [3, 1])
def test_an_agent_who_comes_to_help_while_somebody_waits_does_so_in_time(delay_s: int) -> None:
    floor, contact = one_who_waits()
    floor.wait(2)
    floor.agent("dan", ServedQueue(SALES, delay_s=delay_s))
    floor.wait(max(0, delay_s - 2))
    assert taken_by(floor, contact) == "dan"


def test_a_contact_whose_agent_did_not_come_has_waited_all_the_time() -> None:
    floor, contact = one_who_is_put_through(3)
    floor.wait(4)
    floor.agent_hangs_up(contact, HangupCause.BUSY)
    assert floor.agent_of(contact) == "dan"


def test_a_contact_whose_agent_did_not_come_is_helped_no_earlier_than_others() -> None:
    floor, contact = one_who_is_put_through(3)
    floor.wait(2.5)
    floor.agent_hangs_up(contact, HangupCause.BUSY)
    assert floor.agent_of(contact) == "ann"
    floor.wait(0.5)
    assert floor.agent_of(contact) == "dan"


def test_after_the_delay_priorities_decide_between_those_who_help_and_those_who_need_not_wait() -> None:
    floor = crowd()
    floor.agent("ann", ServedQueue(SALES, 2))
    floor.agent("dan", ServedQueue(SALES, 1, delay_s=3))
    contact = answer(floor)
    floor.agent("bea", ServedQueue(SALES, 2))
    floor.wait(4)
    floor.agent_hangs_up(contact, HangupCause.BUSY)
    assert floor.agent_of(contact) == "dan"


@pytest.mark.parametrize("dialer", [DialerType.PROGRESSIVE, DialerType.PREDICTIVE])
def test_nobody_is_dialed_for_agents_who_only_help(dialer: DialerType) -> None:
    floor = Floor()
    floor.agent("dan", ServedQueue(SALES, delay_s=5), ServedQueue(SERVICE))
    floor.campaign(dialer=dialer, requests=5)
    floor.wait(60)
    assert floor.dialed == []
    assert floor.snapshot().staffed_agents == 0
    floor.campaign("autumn", queue=SERVICE, requests=1)
    assert floor.dialed == ["autumn-6"]


def test_a_restart_does_not_make_those_who_wait_wait_anew() -> None:
    floor, contact = one_who_waits(5)
    floor.wait(3)
    legs = [leg.leg_id for leg in floor.engine.details().legs.values()]
    floor.restart(*up(*legs))
    floor.sets("helper-1", AgentStatus.AVAILABLE)
    floor.wait(1)
    assert taken_by(floor, contact) is None
    floor.wait(1)
    assert taken_by(floor, contact) == "helper-1"


def test_whoever_waited_while_the_carrier_was_lost_is_helped_once_it_is_found() -> None:
    floor, contact = one_who_waits(5)
    floor.tell(CarrierLost())
    floor.wait(10)
    assert taken_by(floor, contact) is None
    details = floor.engine.details()
    floor.tell(CarrierFound(up(details.contacts[contact].leg_id)))
    assert taken_by(floor, contact) == "helper-1"


def test_whoever_hears_the_message_instead_is_helped_no_more() -> None:
    floor, _ = one_who_waits(5)
    floor.campaign("spring", limits=UNBOUND, safe_harbour=True)
    contact = answer(floor)
    floor.wait(10)
    assert taken_by(floor, contact) is None


def test_a_helper_is_back_for_the_queues_of_their_own_after_it() -> None:
    floor = crowd()
    floor.agent("ann", SALES)
    floor.sets("ann", AgentStatus.BREAK)
    floor.agent("dan", ServedQueue(SALES, delay_s=5), ServedQueue(SERVICE))
    contact = answer(floor)
    floor.wait(5)
    floor.agent_picks_up(contact)
    floor.hangs_up(contact)
    floor.sets("dan", AgentStatus.AVAILABLE)
    assert taken_by(floor, answer(floor, "autumn")) == "dan"


def test_a_queue_that_only_helpers_serve_is_forgotten_with_the_last_of_them() -> None:
    floor = Floor()
    floor.agent("dan", ServedQueue(SALES, delay_s=5))
    assert set(floor.engine.details().queues) == {SALES}
    floor.serves("dan", ServedQueue(SERVICE, delay_s=5))
    assert set(floor.engine.details().queues) == {SERVICE}
    floor.removes("dan")
    assert not floor.engine.details().queues


# --- whatever happens -------------------------------------------------------------------------------------------------

AGENTS = ("ann", "bea", "cid", "dan", "eve", "fay")
priorities, delays_s = st.integers(1, 3), st.sampled_from([0, 0, 0, 1, 4])
sales, service = (st.builds(ServedQueue, st.just(queue), priorities, delays_s) for queue in (SALES, SERVICE))
profiles = st.tuples(sales) | st.tuples(service) | st.tuples(sales, service) | st.just(())


class Routed(RuleBasedStateMachine):
    """Customers who answer, agents who come and go and get other profiles. The floor judges every choice, and that
    nobody waits beside an agent who is free (``engine.routing``)."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = crowd()

    @initialize(ahead=st.booleans(), alone=st.booleans(), given=st.lists(profiles, min_size=3, max_size=6))
    def open(self, ahead: bool, alone: bool, given: list[tuple[ServedQueue, ...]]) -> None:
        self.floor = crowd(alone=alone) if ahead else Floor()
        if not ahead:
            self.floor.campaign("spring", requests=20)
            self.floor.campaign("autumn", queue=SERVICE, requests=20)
        for agent, queues in zip(AGENTS, given, strict=False):
            self.floor.serves(agent, *queues)
            self.floor.sets(agent, AgentStatus.AVAILABLE)
            self.floor.wait(0.5)

    def _contacts(self, *states: ContactState) -> list[str]:
        return [each.contact_id for each in self.floor.engine.details().contacts.values() if each.state in states]

    @rule(number=st.integers(0, 60))
    def somebody_answers(self, number: int) -> None:
        if dialing := self._contacts(ContactState.DIALING):
            self.floor.answers(dialing[number % len(dialing)])

    @rule()
    def agents_pick_up(self) -> None:
        for contact in self._contacts(ContactState.CONNECTING):
            self.floor.agent_picks_up(contact)

    @rule(
        number=st.integers(0, 5), cause=st.sampled_from([HangupCause.BUSY, HangupCause.LOST, HangupCause.UNREACHABLE])
    )
    def an_agent_does_not(self, number: int, cause: HangupCause) -> None:
        if connecting := self._contacts(ContactState.CONNECTING):
            self.floor.agent_hangs_up(connecting[number % len(connecting)], cause)

    @rule(number=st.integers(0, 5))
    def somebody_hangs_up(self, number: int) -> None:
        contacts = self._contacts(ContactState.QUEUED, ContactState.CONNECTING, ContactState.CONNECTED)
        if contacts:
            self.floor.hangs_up(contacts[number % len(contacts)])

    @rule(agent=st.sampled_from(AGENTS), status=st.sampled_from([*AgentStatus, AgentStatus.AVAILABLE]))
    def an_agent_wants(self, agent: str, status: AgentStatus) -> None:
        if agent in self.floor.engine.details().agents:
            self.floor.sets(agent, status)

    @rule()
    def all_are_done(self) -> None:
        for agent in self.floor.engine.details().agents.values():
            if agent.state in (AgentState.AFTER_CONTACT_WORK, AgentState.MISSED, AgentState.ERROR):
                self.floor.sets(agent.agent_id, AgentStatus.AVAILABLE)

    @rule(agent=st.sampled_from(AGENTS), queues=profiles, limit_s=st.sampled_from([0, 3]))
    def an_agent_gets_another_profile(self, agent: str, queues: tuple[ServedQueue, ...], limit_s: int) -> None:
        self.floor.serves(agent, *queues, work_limit=limit_s * SECOND)

    @rule(agent=st.sampled_from(AGENTS))
    def an_agent_is_removed(self, agent: str) -> None:
        if agent in self.floor.engine.details().agents:
            self.floor.removes(agent)

    @rule(agent=st.sampled_from(AGENTS), heard=st.booleans())
    def an_agent_is_heard_of_or_not(self, agent: str, heard: bool) -> None:
        if agent in self.floor.engine.details().agents:
            if heard:
                self.floor.is_heard(agent)
            else:
                self.floor.falls_silent(agent)

    @rule(seconds=st.sampled_from([0.1, 1.0, 1.0, 3.0]))
    def time_passes(self, seconds: float) -> None:
        self.floor.wait(seconds)


Routed.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestRouted = Routed.TestCase
