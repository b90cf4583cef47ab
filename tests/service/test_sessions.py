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
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.contact import ContactState, DisconnectReason
from trunkcall.domain.instants import MINUTE
from trunkcall.domain.leg import HangupCause, LegParty, LegState

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
