"""What is answered of an instance, whether anybody dials for it or not. If these fail, a page or a use case breaks each
time a dialer is begun anew, or a server that is told to stop cuts people off."""

from __future__ import annotations

import asyncio

import pytest

from service.support import House, dialing
from trunkcall.domain.agent import AgentState, PhoneTrouble
from trunkcall.domain.contact import ContactState, Disposition
from trunkcall.engine.commands import HangUp
from trunkcall.engine.events import AgentPhoneLost
from trunkcall.service.current import CurrentDialer

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def house() -> House:
    return House.in_memory()


def in_progress(house: House) -> int:
    snapshot = house.dialer.snapshot()
    return snapshot.contacts_in_progress if snapshot is not None else 0


async def until_in_progress(house: House, number: int) -> None:
    async with asyncio.timeout(10):
        while in_progress(house) < number:
            await asyncio.sleep(0.001)


async def test_while_nobody_dials_every_question_has_an_answer(house: House) -> None:
    await house.open(requests=0)
    nobody = house.dialer
    assert nobody.snapshot() is None
    assert nobody.explanation("spring") is None
    assert nobody.progress("spring") is None
    assert nobody.floor() is None
    assert sum(nobody.attempts_by_minute("spring")) == 0
    assert (nobody.failed_phones, nobody.phone_troubles()) == (0, {})
    nobody.campaigns_changed()
    nobody.requests_accepted("spring")
    await nobody.suspend()
    await nobody.close_out()
    assert await nobody.drained(0.0)
    await house.kept.close()


async def test_agents_who_want_to_work_and_whose_phones_have_failed_are_counted(house: House) -> None:
    await house.open(requests=0)
    async with dialing(house, house.owner()), asyncio.timeout(10):
        while list((house.dialer.agent_states() or {}).values()).count(AgentState.AVAILABLE) < 5:
            await asyncio.sleep(0.001)
        agent_id = next(iter(house.dialer.agent_states() or {}))
        house.carrier.tell(AgentPhoneLost(agent_id))
        while not house.dialer.failed_phones:
            await asyncio.sleep(0.001)
        assert house.dialer.failed_phones == 1
        assert house.dialer.phone_troubles() == {agent_id: PhoneTrouble.GONE}


async def test_what_was_done_is_still_known_when_nobody_dials_any_more(house: House) -> None:
    await house.open()
    async with dialing(house, house.owner()):
        await house.until_all_ended(60)
        assert house.dialer.snapshot() is not None
    assert house.dialer.snapshot() is None
    assert house.dialer.totals.attempts == {"spring": 60}
    assert sum(house.dialer.attempts_by_minute("spring")) <= 60


async def test_a_dialer_that_is_suspended_begins_nothing_and_lets_people_talk_to_the_end(house: House) -> None:
    await house.open(requests=200)
    async with dialing(house, house.owner()):
        await until_in_progress(house, 3)
        await house.dialer.suspend()
        made = sum(house.carrier.originates.values())
        assert await house.dialer.drained(3600.0)
        assert in_progress(house) == 0
        assert sum(house.carrier.originates.values()) == made < 200
        assert not any(record.disposition is Disposition.ATTEMPT_FAILED for record in await house.records())


async def test_what_is_still_in_progress_when_the_server_must_stop_is_ended_in_its_records(house: House) -> None:
    await house.open(requests=200)
    async with dialing(house, house.owner()):
        await until_in_progress(house, 3)
        await house.dialer.suspend()
        await house.dialer.close_out()
        assert in_progress(house) == 0
        states = {record.state for record in await house.records()}
        assert states <= {ContactState.WAITING, ContactState.ENDED}


async def test_a_server_that_stops_waits_for_phones_until_they_ring_no_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it is gone before its carrier has been told of all of them."""
    await house.open(requests=200)
    house.dialer = CurrentDialer(house.clock, legs_survive=True, monotonic=house.monotonic)
    loop, hang_up = asyncio.get_running_loop(), house.carrier.hang_up
    asked: list[tuple[float, str]] = []

    def takes_a_second(command: HangUp) -> None:
        asked.append((loop.time(), command.leg_id))
        loop.call_later(1.0, hang_up, command)

    monkeypatch.setattr(house.carrier, "hang_up", takes_a_second)
    async with dialing(house, house.owner()):
        await until_in_progress(house, 3)
        await house.dialer.suspend()
        stopped_s = loop.time()
        await house.dialer.close_out()
        rang = {leg_id for at_s, leg_id in asked if at_s == stopped_s}
        assert rang
        assert rang <= house.carrier.hung_up


async def test_a_server_that_stops_lets_nobodys_phone_ring_on_although_talks_outlive_it(house: House) -> None:
    await house.open(requests=200)
    house.dialer = CurrentDialer(house.clock, legs_survive=True, monotonic=house.monotonic)
    async with dialing(house, house.owner()):
        await until_in_progress(house, 3)
        await house.dialer.suspend()
        dialing_now = {each.contact_id for each in await house.records() if each.state is ContactState.DIALING}
        answered = in_progress(house) - len(dialing_now)
        assert dialing_now
        await house.dialer.close_out()
        ended = {each.contact_id for each in await house.records() if each.disposition is Disposition.ATTEMPT_FAILED}
        assert ended == dialing_now
        assert len(house.carrier.hung_up) >= len(dialing_now)
        assert in_progress(house) == answered
