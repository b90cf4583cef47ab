"""Agents who have a telephone and nothing else. If these fail, whoever works by keys alone cannot get rid of a
customer, is given the next one while still at work, or has a sale in the record of somebody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.floor import Floor
from engine.sessions import on_the_line, talking
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.agent_keys import AgentKeys, KeyMeaning
from trunkcall.domain.changes import AfterContactWorkEnded, AgentDispositionChosen
from trunkcall.domain.contact import DisconnectReason, Disposition
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.commands import ChooseStatus, HangUp, OriginateSessionLeg
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CodeDialed, KeyPressed, LegEnded, LegsBridged

WORDS = EngineConfig(keys=replace(AgentKeys(), dispositions=(("1", "Sale"), ("2", "Call back"))))


def working(config: EngineConfig | None = None) -> tuple[Floor, str]:
    """Ann has talked to somebody who has hung up: the floor, and the leg of her session."""
    floor, customer, session = talking(config)
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    assert floor.state_of("ann") is AgentState.AFTER_CONTACT_WORK
    return floor, session


def ignored(floor: Floor) -> int:
    return floor.engine.snapshot(floor.now).keys_ignored


def chosen(floor: Floor) -> list[tuple[str, str]]:
    return [(change.contact_id, change.disposition) for change in floor.asked(AgentDispositionChosen)]


# --- a contact, and the work after it ---------------------------------------------------------------------------------


def test_an_agent_ends_the_contact_and_keeps_the_session() -> None:
    floor, customer, session = talking()
    floor.presses(session, "**")
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (
        Disposition.CONNECTED_TO_AGENT,
        DisconnectReason.AGENT_DISCONNECT,
    )
    assert HangUp(customer) in floor.log
    assert HangUp(session) not in floor.log
    assert floor.state_of("ann") is AgentState.AFTER_CONTACT_WORK
    assert ignored(floor) == 0


def test_dead_air_ends_the_contact_and_stands_in_its_record() -> None:
    floor, customer, session = talking(WORDS)
    floor.presses(session, "*9")
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.AGENT_DISCONNECT
    assert HangUp(customer) in floor.log
    assert floor.state_of("ann") is AgentState.AFTER_CONTACT_WORK
    assert chosen(floor) == [("spring-1", "Dead air")]
    floor.presses(session, "*9")
    assert chosen(floor) == [("spring-1", "Dead air")], "there is no other contact"
    floor.presses(session, "2")
    assert chosen(floor)[-1] == ("spring-1", "Call back"), "whoever has mistaken it can say so"


def test_an_agent_who_is_rung_for_each_contact_ends_one_too() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.agent_picks_up("spring-1")
    floor.presses(floor.agent_leg("spring-1"), "**")
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.AGENT_DISCONNECT
    assert HangUp(floor.agent_leg("spring-1")) in floor.log


def test_a_shift_by_keys_alone_has_each_disposition_in_its_own_record() -> None:
    floor, _, session = talking(WORDS)
    floor.accept(requests=1)
    floor.presses(session, "**1#")
    assert floor.state_of("ann") is AgentState.AVAILABLE
    floor.answers("spring-2")
    floor.tell(LegsBridged(floor.leg("spring-2"), session))
    floor.presses(session, "**2#")
    assert chosen(floor) == [("spring-1", "Sale"), ("spring-2", "Call back")]
    assert [ended.contact_id for ended in floor.asked(AfterContactWorkEnded)] == ["spring-1", "spring-2"]
    assert len(floor.asked(OriginateSessionLeg)) == 1
    assert ignored(floor) == 0


def test_the_latest_disposition_counts_and_without_words_it_is_the_digit() -> None:
    floor, session = working()
    floor.presses(session, "47")
    assert chosen(floor) == [("spring-1", "4"), ("spring-1", "7")]


def test_a_digit_in_a_talk_is_for_the_menu_of_the_customer() -> None:
    floor, _, session = talking()
    floor.presses(session, "1#4")
    assert chosen(floor) == []
    assert floor.state_of("ann") is AgentState.CONNECTED
    assert ignored(floor) == 0, "it is no mistake"


def test_a_digit_after_the_work_is_of_no_contact() -> None:
    floor, session = working()
    floor.presses(session, "#")
    floor.presses(session, "1")
    assert chosen(floor) == []
    assert ignored(floor) == 1


def test_a_digit_without_a_word_where_others_have_one_says_nothing() -> None:
    floor, session = working(WORDS)
    floor.presses(session, "3")
    assert chosen(floor) == []
    assert ignored(floor) == 1


def test_the_end_of_the_work_leads_to_what_was_chosen_in_the_talk() -> None:
    floor, customer, session = talking()
    floor.presses(session, "*2")
    assert floor.state_of("ann") is AgentState.CONNECTED
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    assert floor.state_of("ann") is AgentState.AFTER_CONTACT_WORK
    floor.presses(session, "#")
    assert floor.state_of("ann") is AgentState.ON_BREAK


# --- coming and going -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "status", "state"),
    [
        ("*1", AgentStatus.AVAILABLE, AgentState.AVAILABLE),
        ("*2", AgentStatus.BREAK, AgentState.ON_BREAK),
        ("*0", AgentStatus.OFFLINE, AgentState.OFFLINE),
    ],
)
def test_a_code_chooses_a_status_and_whoever_keeps_them_is_told(
    keys: str, status: AgentStatus, state: AgentState
) -> None:
    floor, session = working()
    floor.presses(session, keys)
    assert floor.asked(ChooseStatus) == [ChooseStatus("ann", status)]
    assert floor.state_of("ann") is state
    assert (HangUp(session) in floor.log) is (state is AgentState.OFFLINE), "who goes home has no session"


def test_an_agent_comes_back_from_a_break_and_is_dialed_for() -> None:
    floor = on_the_line("ann")
    floor.presses(floor.session("ann"), "*2")
    floor.accept(requests=1)
    assert floor.dialed == []
    floor.presses(floor.session("ann"), "*1")
    assert floor.dialed == ["spring-1"]


def test_whoever_hangs_up_the_phone_goes_home_and_is_not_rung_again() -> None:
    floor = on_the_line("ann")
    floor.tell(LegEnded(floor.session("ann"), HangupCause.NORMAL))
    assert floor.asked(ChooseStatus) == [ChooseStatus("ann", AgentStatus.OFFLINE)]
    assert floor.state_of("ann") is AgentState.OFFLINE
    floor.wait(120)
    assert len(floor.asked(OriginateSessionLeg)) == 1
    assert floor.engine.next_timer() is None


def test_whoever_hangs_up_the_phone_in_a_talk_ends_it_and_goes_home() -> None:
    floor, customer, session = talking()
    floor.tell(LegEnded(session, HangupCause.NORMAL))
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.AGENT_DISCONNECT
    assert HangUp(customer) in floor.log
    assert floor.state_of("ann") is AgentState.OFFLINE


def test_whoever_hangs_up_after_one_contact_is_at_work_as_before() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.agent_picks_up("spring-1")
    floor.agent_hangs_up("spring-1")
    assert floor.asked(ChooseStatus) == []
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK


# --- what means nothing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", ["**", "#", "5", "*5", "*#"])
def test_what_is_not_possible_changes_nothing_and_is_counted(keys: str) -> None:
    floor = on_the_line("ann")
    before = len(floor.log)
    floor.presses(floor.session("ann"), keys)
    assert floor.log[before:] == []
    assert floor.state_of("ann") is AgentState.AVAILABLE
    assert ignored(floor) == 1


def test_keys_of_a_code_belong_together_for_three_seconds() -> None:
    floor, _, session = talking()
    floor.presses(session, "*")
    floor.wait(3.1)
    floor.presses(session, "*")
    assert floor.in_progress == ["spring-1"]
    floor.wait(2.9)
    floor.presses(session, "*")
    assert floor.in_progress == []


def test_after_a_code_that_there_is_not_the_next_one_counts() -> None:
    floor, _, session = talking()
    floor.presses(session, "*5**")
    assert floor.in_progress == []


def test_keys_of_customers_and_of_legs_that_are_not_there_are_nobodys() -> None:
    floor, customer, _ = talking()
    before = len(floor.log)
    floor.presses(customer, "**")
    floor.presses("stranger", "**")
    assert floor.log[before:] == []
    assert ignored(floor) == 0


def test_a_key_on_a_phone_that_still_rings_is_nobodys() -> None:
    floor = Floor()
    floor.agent("ann", persistent=True)
    floor.presses(floor.session("ann"), "*0")
    assert floor.asked(ChooseStatus) == []


def test_keys_mean_what_the_settings_say() -> None:
    keys = AgentKeys((("A", KeyMeaning.END_CONTACT), ("#0", KeyMeaning.LOG_OUT)), (("9", "Wrong number"),))
    floor, _, session = talking(EngineConfig(keys=keys))
    floor.presses(session, "**")
    assert floor.in_progress == ["spring-1"]
    floor.presses(session, "A9#0")
    assert chosen(floor) == [("spring-1", "Wrong number")]
    assert floor.state_of("ann") is AgentState.OFFLINE


def test_of_one_turn_the_customer_who_hangs_up_first_is_not_hung_up_on() -> None:
    floor, customer, session = talking()
    with floor.backlog():
        floor.tell(KeyPressed(session, "*"))
        floor.tell(LegEnded(customer, HangupCause.NORMAL))
        floor.tell(KeyPressed(session, "*"))
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.CUSTOMER_DISCONNECT
    assert HangUp(customer) not in floor.log
    assert ignored(floor) == 1


def test_a_late_second_key_ends_no_other_talk() -> None:
    floor, customer, session = talking()
    floor.accept(requests=1)
    floor.serves("ann", "sales", work_limit=SECOND, persistent=True)
    floor.presses(session, "*")
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    floor.wait(1)
    floor.answers("spring-2")
    floor.tell(LegsBridged(floor.leg("spring-2"), session))
    floor.presses(session, "*")
    assert floor.in_progress == ["spring-2"], "the first was pressed for somebody else"


# --- without a leg ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "state"),
    [("*1", AgentState.AVAILABLE), ("*2", AgentState.ON_BREAK), ("*0", AgentState.OFFLINE)],
)
def test_a_status_is_chosen_by_dialing_its_code(keys: str, state: AgentState) -> None:
    floor = Floor()
    floor.agent("ann", status=AgentStatus.BREAK if keys != "*2" else AgentStatus.OFFLINE)
    floor.tell(CodeDialed("ann", keys))
    assert floor.state_of("ann") is state
    assert ignored(floor) == 0


def test_what_is_not_a_status_is_not_chosen_by_dialing_and_is_counted() -> None:
    floor, customer, _ = talking()
    for keys in ("**", "#", "*4", "7", "*999"):
        floor.tell(CodeDialed("ann", keys))
    floor.tell(CodeDialed("nobody", "*1"))
    assert HangUp(customer) not in floor.log
    assert floor.asked(ChooseStatus) == []
    assert ignored(floor) == 6


def test_an_agent_who_dials_in_gets_a_session_and_one_who_is_up_already_no_second() -> None:
    floor = Floor()
    floor.agent("ann", persistent=True, status=AgentStatus.OFFLINE)
    floor.tell(CodeDialed("ann", "*1"))
    floor.session_comes_up("ann")
    floor.tell(CodeDialed("ann", "*1"))
    assert len(floor.asked(OriginateSessionLeg)) == 1
