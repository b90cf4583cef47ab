"""Agents' sessions between a dialer, its store and a switch whose legs outlive it.

What a user would lose otherwise: each restart of the server hangs up every agent who waits for the next customer, or
each customer waits until a phone was rung.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.bench import Bench
from service.switch import Phone
from service.witness import Fate
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.confirmations import PHRASES, TONES, Confirmation
from trunkcall.domain.contact import ContactState, DisconnectReason
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import MINUTE
from trunkcall.domain.leg import HangupCause, LegParty, LegState
from trunkcall.domain.user_status import built_in_statuses
from trunkcall.engine.config import EngineConfig

AGENTS = 3


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(
        tmp_path / "trunkcall.db",
        dialer_type=DialerType.PROGRESSIVE,
        agents=AGENTS,
        detects=False,
        persistent=True,
    )
    yield bench
    bench.close()


def agents(bench: Bench) -> list[Phone]:
    return bench.switch.phones_that(lambda phone: phone.party is LegParty.AGENT)


def customers(bench: Bench) -> list[Phone]:
    return bench.switch.phones_that(lambda phone: phone.party is LegParty.CUSTOMER)


def come_in(bench: Bench) -> set[str]:
    """Everybody comes and takes the call: the legs."""
    bench.everybody_comes()
    bench.settle()
    for phone in agents(bench):
        bench.switch.is_answered(phone)
    bench.settle()
    return {phone.leg_id for phone in agents(bench)}


def answers(bench: Bench) -> Phone:
    """The next customer who is dialed answers."""
    bench.pass_time(1.0)
    customer = next(phone for phone in customers(bench) if phone.state is LegState.ORIGINATING)
    bench.switch.rings(customer)
    bench.switch.is_answered(customer)
    bench.settle()
    return customer


def test_the_store_has_a_session_before_the_phone_rings_and_until_it_is_hung_up(bench: Bench) -> None:
    sessions = come_in(bench)
    assert {session.leg_id for session in bench.sessions()} == sessions
    assert len(sessions) == AGENTS
    bench.presence.put_user_status(bench.agents[0], AgentStatus.OFFLINE)
    bench.settle()
    assert len(agents(bench)) == len(bench.sessions()) == AGENTS - 1
    assert not bench.witness.wrong


def test_a_live_answer_is_in_the_session_at_the_instant_at_which_it_is_there(bench: Bench) -> None:
    sessions = come_in(bench)
    bench.accept(1, within=60 * MINUTE)
    customer = answers(bench)
    assert customer.bridged_to in sessions
    (record,) = bench.records()
    assert record.state is ContactState.CONNECTED
    assert record.connected_to_agent_at == record.answered_at


def test_a_dialer_that_begins_anew_has_talks_and_sessions_go_on(bench: Bench) -> None:
    sessions = come_in(bench)
    bench.accept(AGENTS, within=60 * MINUTE)
    talker = answers(bench)
    bench.restart_server()
    assert {phone.leg_id for phone in agents(bench)} == sessions, "no phone was hung up, and none rung"
    bench.everybody_comes()
    talking, idle = talker.bridged_to, sessions - {talker.bridged_to}
    assert answers(bench).bridged_to in idle
    bench.switch.hangs_up(talker, HangupCause.NORMAL)
    bench.settle()
    bench.everybody_comes()
    bench.settle()
    answers(bench)
    assert len({phone.bridged_to for phone in customers(bench)} & sessions) == 2
    assert talking in {session.leg_id for session in bench.sessions()}, "the session outlives the talk"
    assert {session.leg_id for session in bench.sessions()} == sessions
    assert not bench.witness.wrong


def test_a_switch_that_lost_them_gets_new_ones_for_whoever_is_there(bench: Bench) -> None:
    former = come_in(bench)
    bench.switch.breaks(noticed=True)
    bench.settle()
    bench.switch.phones.clear()
    bench.switch.is_found()
    bench.settle()
    assert len(agents(bench)) == AGENTS
    assert not former & {phone.leg_id for phone in agents(bench)}
    assert {session.leg_id for session in bench.sessions()} == {phone.leg_id for phone in agents(bench)}


def test_an_agent_ends_the_contact_on_the_phone_and_takes_the_next(bench: Bench) -> None:
    come_in(bench)
    bench.accept(1, within=60 * MINUTE)
    customer = answers(bench)
    (agent,) = bench.switch.phones_that(lambda phone: phone.bridged_to == customer.leg_id)
    bench.switch.ends_contact(agent)
    bench.settle()
    (record,) = bench.records()
    assert record.disconnect_reason is DisconnectReason.AGENT_DISCONNECT
    assert not customers(bench), "somebody listens to nothing"
    assert len(agents(bench)) == AGENTS


def test_a_connection_becomes_persistent_and_is_not_while_the_dialer_runs(bench: Bench) -> None:
    sessions = come_in(bench)
    directory = bench.run(bench.kept.directory(bench.instance_id))
    assert directory is not None
    ann = directory.agents[bench.agents[0]]
    each_time = replace(ann, phone=replace(ann.phone, persistent_connection=False))
    bench.run(bench.kept.put_facts(bench.instance_id, [each_time]))
    bench.pass_time(3.0)
    left = {phone.leg_id for phone in agents(bench)}
    assert left < sessions
    assert len(left) == AGENTS - 1
    bench.run(bench.kept.put_facts(bench.instance_id, [ann]))
    bench.pass_time(3.0)
    assert len(agents(bench)) == AGENTS


def whose(bench: Bench, phone: Phone) -> str:
    """The agent whose session this is."""
    return next(session.agent_id for session in bench.sessions() if session.leg_id == phone.leg_id)


def kept_status(bench: Bench, agent_id: str) -> str:
    """The name of the status that the store has of the agent."""
    statuses = built_in_statuses(bench.instance_id)
    presences = bench.run(bench.kept.presences(bench.instance_id))
    return next(statuses[each.status_id].name for each in presences if each.agent_id == agent_id)


@pytest.mark.parametrize("in_words", [True, False])
def test_an_agent_is_told_in_words_or_by_tones_and_goes_home_when_that_was_heard(
    tmp_path: Path, in_words: bool
) -> None:
    bench = Bench(
        tmp_path / "trunkcall.db",
        dialer_type=DialerType.PROGRESSIVE,
        agents=1,
        detects=False,
        persistent=True,
        config=EngineConfig(confirms=True, answer_tone=((880, 150),)),
        phrases={**PHRASES, "noted": "Ergebnis {disposition}."} if in_words else None,
    )
    come_in(bench)
    bench.accept(1, within=60 * MINUTE)
    customer = answers(bench)
    agent = bench.switch.phones[customer.bridged_to or ""]
    tone = agent.tones[-1]
    assert tone == ((880, 150),)
    bench.switch.presses(agent, "**7")
    bench.settle()
    if in_words:
        assert (agent.said, agent.tones[-1]) == ("Ergebnis 7.", tone)
    else:
        assert (agent.said, agent.tones[-1]) == ("", TONES[Confirmation.NOTED])
    bench.switch.presses(agent, "*0")
    bench.settle()
    if in_words:
        assert agent.said == "Logged out."
        assert agents(bench) == [agent]
        bench.switch.has_played(agent)
        bench.settle()
    assert agents(bench) == []
    assert bench.records()[0].agent_disposition == "7"
    assert not bench.witness.wrong
    bench.close()


def test_an_agent_works_by_keys_alone_and_the_record_has_the_disposition(bench: Bench) -> None:
    come_in(bench)
    bench.accept(2, within=60 * MINUTE)
    for _ in range(2):
        customer = answers(bench)
        agent = bench.switch.phones[customer.bridged_to or ""]
        bench.switch.presses(agent, "**")
        bench.settle()
        assert customer.leg_id not in bench.switch.phones
        bench.switch.presses(agent, "7#")
        bench.settle()
    records = bench.records()
    assert [record.agent_disposition for record in records] == ["7", "7"]
    assert [record.disconnect_reason for record in records] == [DisconnectReason.AGENT_DISCONNECT] * 2
    assert all(record.after_contact_work_ended_at is not None for record in records)
    assert len(agents(bench)) == AGENTS, "no phone was rung again, and none hung up"
    assert not bench.witness.wrong


def test_a_break_that_an_agent_takes_by_keys_lasts_when_the_server_is_begun_anew(bench: Bench) -> None:
    come_in(bench)
    agent = agents(bench)[0]
    agent_id = whose(bench, agent)
    bench.switch.presses(agent, "*2")
    bench.settle()
    assert bench.presence.chosen(agent_id) is AgentStatus.BREAK, "whoever asks for it is told"
    assert kept_status(bench, agent_id) == "Break"
    bench.restart_server()
    engine = bench.current.engine
    assert engine is not None
    assert engine.agent_states()[agent_id] is AgentState.ON_BREAK
    bench.switch.presses(agent, "*1")
    bench.settle()
    assert engine.agent_states()[agent_id] is AgentState.AVAILABLE
    assert kept_status(bench, agent_id) == "Available"


def test_whoever_hangs_up_the_phone_is_offline_and_is_not_rung_when_the_server_is_begun_anew(bench: Bench) -> None:
    come_in(bench)
    agent = agents(bench)[0]
    agent_id = whose(bench, agent)
    bench.switch.hangs_up(agent, HangupCause.NORMAL)
    bench.settle()
    assert kept_status(bench, agent_id) == "Offline"
    bench.restart_server()
    bench.pass_time(5.0)
    assert len(agents(bench)) == AGENTS - 1


def test_a_status_that_is_chosen_while_the_hang_up_is_written_is_the_latest_word(bench: Bench) -> None:
    come_in(bench)
    agent = agents(bench)[0]
    agent_id = whose(bench, agent)
    bench.store.hold(Fate.BEFORE)
    bench.switch.hangs_up(agent, HangupCause.NORMAL)
    bench.settle()
    bench.presence.put_user_status(agent_id, AgentStatus.AVAILABLE)
    bench.store.go_on()
    bench.settle()
    assert bench.presence.chosen(agent_id) is AgentStatus.AVAILABLE
    assert len(agents(bench)) == AGENTS, "the phone is rung again at once"


def test_an_agent_who_is_removed_and_goes_home_by_keys_ends_no_dialer(bench: Bench) -> None:
    come_in(bench)
    agent = agents(bench)[0]
    agent_id = whose(bench, agent)
    bench.run(bench.kept.remove_facts(bench.instance_id, FactKind.AGENT, [agent_id], at=bench.now()))
    bench.switch.presses(agent, "*0")
    bench.pass_time(3.0)
    assert len(agents(bench)) == AGENTS - 1
    bench.accept(1, within=60 * MINUTE)
    assert answers(bench).bridged_to is not None
