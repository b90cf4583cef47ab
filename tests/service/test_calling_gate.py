"""A dialer and the calling rules, shift by shift on virtual time, over a store in memory.

What a user would lose otherwise: somebody is rung at an hour, at a number or as often as the law or the one who pays
does not allow; or somebody who may be called waits behind thousands who may not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest

from gating import test_key as key_of
from service.support import House, dialing, hardly_ever
from trunkcall.domain.agent import AgentState
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.clearance import HoldReason
from trunkcall.domain.contact import ContactRecord, ContactState, DialRequest, DisconnectReason, Disposition
from trunkcall.domain.do_not_call import DoNotCallList
from trunkcall.domain.instants import DAY, HOUR, SECOND, to_datetime
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import PhoneConfig
from trunkcall.service.calling.gate import Gate
from trunkcall.service.installation import simulated_agents
from trunkcall.storage.ports.do_not_call import Origin

pytestmark = pytest.mark.virtual_time

NEW_YORK, LOS_ANGELES, LONDON = "+12125550100", "+12135550100", "+442079460123"
# Everything begins on a Monday at 14:13:20 UTC, when it is 10:13:20 in New York and 07:13:20 in Los Angeles.
ANYWHERE = '[destinations]\nregions = ["any"]\n'
MINUTE_S, HOUR_S = 60.0, 3600.0


def hours(window: str) -> str:
    return f'{ANYWHERE}[[hours]]\nevery_day = ["{window}"]\n'


@pytest.fixture
async def house() -> House:
    house = House.in_memory()
    house.gate_of = partial(Gate, number_key=key_of, reaches_people=False, trunks=(Trunk("default"),))
    return house


async def put_policy(house: House, text: str | None, number: int = 1, name: str = "default") -> None:
    await house.kept.put_facts(house.instance_id, [CallingPolicy(name, number, text, None, house.clock.now())])
    house.dialer.campaigns_changed()


async def tag(house: House, tags: dict[str, str]) -> None:
    await house.kept.edit_campaign("spring", lambda campaign: replace(campaign, tags=tags))


async def put_on_list(house: House, phone: str) -> None:
    """On the list of opt-outs, which is made for it."""
    await house.kept.put_facts(house.instance_id, [DoNotCallList(1, "opt-outs")])
    origin = Origin("a call", "", house.clock.now())
    await house.kept.add_entries(house.instance_id, 1, [key_of(phone)], origin)


async def accept(house: House, name: str, number: int, phone: str, *, expires_in: int = 3 * DAY) -> list[str]:
    """So many dial requests to one number; their ids."""
    now, ids = house.clock.now(), [f"{name}-{n}" for n in range(number)]
    requests = [DialRequest(each, each, phone, now + expires_in, {}) for each in ids]
    await house.kept.put_dial_requests("spring", requests, at=now, max_waiting=100_000)
    house.dialer.requests_accepted("spring")
    return ids


async def records(house: House) -> dict[str, ContactRecord]:
    return {record.contact_id: record for record in await house.records()}


def dialed(house: House) -> set[str]:
    return set(house.carrier.originates)


@asynccontextmanager
async def a_shift(house: House, policy: str | None = None, *, agents: int = 20) -> AsyncIterator[None]:
    """With nobody to dial yet."""
    await house.open(agents=agents, requests=0)
    if policy is not None:
        await put_policy(house, policy)
    async with dialing(house, house.owner()):
        yield


async def test_outside_the_hours_nobody_is_dialed_and_everybody_is_when_they_begin(house: House) -> None:
    async with a_shift(house, hours("12:00-20:00")):
        ids = await accept(house, "early", 5, NEW_YORK)
        await asyncio.sleep(1.7 * HOUR_S)
        assert not dialed(house)
        held = await records(house)
        for each in ids:
            hold = held[each].hold
            assert hold is not None
            assert hold.reason is HoldReason.OUTSIDE_HOURS
            assert to_datetime(hold.until).isoformat() == "2026-09-21T16:00:00+00:00", "noon in New York"
        await asyncio.sleep(0.3 * HOUR_S)
        assert dialed(house) == set(ids)
        assert all(to_datetime(each.attempted_at or 0).hour == 16 for each in (await records(house)).values())


async def test_thousands_outside_their_hours_hold_up_nobody(house: House) -> None:
    async with a_shift(house, hours("09:00-20:00")):
        await accept(house, "west", 5000, LOS_ANGELES)
        east = await accept(house, "east", 10, NEW_YORK)
        await asyncio.sleep(MINUTE_S)
        assert dialed(house) == set(east)


async def test_nobody_rings_beyond_the_end_of_the_hours_and_that_costs_no_attempt(house: House) -> None:
    """The window is full of people who might have been dialed, and the hours end."""
    async with a_shift(house, hours('09:00-10:20", "11:30-11:40'), agents=2):
        ids = await accept(house, "late", 200, NEW_YORK)
        await asyncio.sleep(HOUR_S)
        found = await records(house)
        left = [each for each in ids if found[each].state is ContactState.WAITING]
        assert left, "two agents do not get through the list in seven minutes"
        assert dialed(house) == set(ids) - set(left)
        last_ring = max(found[each].attempted_at or 0 for each in ids) + 30 * SECOND
        assert to_datetime(last_ring).isoformat() <= "2026-09-21T14:20:00+00:00"
        holds = [found[each].hold for each in left]
        assert all(hold is not None and hold.reason is HoldReason.OUTSIDE_HOURS for hold in holds)
        await asyncio.sleep(0.4 * HOUR_S)
        assert dialed(house) > set(ids) - set(left), "it goes on when they begin again"


async def test_narrower_hours_count_from_the_next_attempt(house: House) -> None:
    async with a_shift(house, hours("09:00-20:00"), agents=2):
        await accept(house, "some", 200, NEW_YORK)
        await asyncio.sleep(2 * MINUTE_S)
        assert dialed(house)
        await put_policy(house, hours("12:00-20:00"), 2)
        at = house.clock.now()
        await asyncio.sleep(HOUR_S)
        assert max(each.attempted_at or 0 for each in (await records(house)).values()) <= at


async def test_wider_hours_let_those_be_dialed_who_were_held(house: House) -> None:
    async with a_shift(house, hours("12:00-20:00")):
        ids = await accept(house, "some", 15, NEW_YORK)
        await asyncio.sleep(MINUTE_S)
        assert not dialed(house)
        await put_policy(house, hours("09:00-20:00"), 2)
        await asyncio.sleep(MINUTE_S)
        assert dialed(house) == set(ids)
        assert all(each.hold is None for each in (await records(house)).values())


async def test_a_policy_that_cannot_be_read_closes_and_the_next_one_opens(house: House) -> None:
    async with a_shift(house, hours("09:00-20:00"), agents=2):
        await accept(house, "some", 100, NEW_YORK)
        await asyncio.sleep(MINUTE_S)
        await put_policy(house, None, 2)
        at = house.clock.now()
        await asyncio.sleep(0.5 * HOUR_S)
        found = await records(house)
        assert 0 < max(each.attempted_at or 0 for each in found.values()) <= at
        assert Disposition.NOT_ALLOWED not in {each.disposition for each in found.values()}, "nobody is given up"
        await put_policy(house, hours("09:00-20:00"), 3)
        await asyncio.sleep(5 * MINUTE_S)
        assert max(each.attempted_at or 0 for each in (await records(house)).values()) > at


async def test_a_policy_that_is_set_again_counts_although_another_was_set_since(house: House) -> None:
    """A dialer that has not heard of it yet must not dial by the one before, whatever policies of other names there
    are."""
    await house.open(agents=5, requests=0)
    await put_policy(house, hours("09:00-20:00"), 1)
    await put_policy(house, hours("09:00-20:00"), 2, "night")
    async with dialing(house, house.owner(sleep=hardly_ever)):
        await asyncio.sleep(MINUTE_S)
        await house.kept.put_facts(house.instance_id, [CallingPolicy("default", 3, hours("12:00-20:00"))])
        await accept(house, "some", 5, NEW_YORK)
        await asyncio.sleep(HOUR_S)
        assert not dialed(house)


async def test_the_tag_of_a_campaign_names_its_policy(house: House) -> None:
    await house.open(agents=5, requests=0)
    await put_policy(house, hours("09:00-20:00"), 1)
    await put_policy(house, hours("12:00-20:00"), 2, "noon")
    await tag(house, {"trunkcall:policy": "noon"})
    async with dialing(house, house.owner()):
        ids = await accept(house, "some", 5, NEW_YORK)
        await asyncio.sleep(HOUR_S)
        assert not dialed(house)
        await tag(house, {})
        house.dialer.campaigns_changed()
        await asyncio.sleep(MINUTE_S)
        assert dialed(house) == set(ids)


async def test_a_number_is_called_as_often_as_it_may_be_whoever_wants_it(house: House) -> None:
    limit = '[limits]\nattempts_per_number = { most = 2, within = "1h" }\n'
    async with a_shift(house, ANYWHERE + limit):
        ids = await accept(house, "same", 5, NEW_YORK)
        other = await accept(house, "other", 1, LOS_ANGELES)
        await asyncio.sleep(0.5 * HOUR_S)
        found = await records(house)
        assert len(dialed(house) & set(ids)) == 2
        assert set(other) <= dialed(house)
        (first, _) = sorted(found[each].attempted_at or 0 for each in ids if found[each].attempted_at)
        holds = [found[each].hold for each in ids if found[each].state is ContactState.WAITING]
        assert [(each.reason, each.until) for each in holds if each is not None] == [
            (HoldReason.NUMBER_LIMIT, first + HOUR)
        ] * 3
        await asyncio.sleep(HOUR_S)
        assert len(dialed(house) & set(ids)) == 4, "and again an hour later"


async def test_another_campaign_calls_a_number_no_more_often(house: House) -> None:
    """Two departments have the same customer on their lists."""
    async with a_shift(house, ANYWHERE + '[limits]\nattempts_per_number = { most = 1, within = "24h" }\n'):
        spring = await house.kept.campaign("spring")
        assert spring is not None
        await house.kept.create_campaign(replace(spring, campaign_id="winter", arn="winter", name="Winter"))
        house.dialer.campaigns_changed()
        now = house.clock.now()
        await accept(house, "spring", 1, NEW_YORK)
        request = DialRequest("winter-0", "winter-0", NEW_YORK, now + DAY, {})
        await house.kept.put_dial_requests("winter", [request], at=now, max_waiting=10)
        house.dialer.requests_accepted("winter")
        await asyncio.sleep(0.2 * HOUR_S)
        assert len(dialed(house)) == 1
        (left,) = [each for each in (await records(house)).values() if each.state is ContactState.WAITING]
        assert left.hold is not None
        assert left.hold.reason is HoldReason.NUMBER_LIMIT


async def test_no_more_are_dialed_in_a_day_than_may_be(house: House) -> None:
    """It is a quarter to midnight where the days are counted."""
    async with a_shift(house, 'time_zone = "Australia/Darwin"\n' + ANYWHERE + "[limits]\nattempts_per_day = 7\n"):
        await accept(house, "some", 20, NEW_YORK)
        await asyncio.sleep(0.25 * HOUR_S)
        assert len(dialed(house)) == 7
        await asyncio.sleep(0.25 * HOUR_S)
        assert len(dialed(house)) == 14, "by then it is the next day"


async def test_a_policy_of_another_time_zone_lets_no_more_be_dialed_in_a_day(house: House) -> None:
    """Of which it is another part there: what was counted by the former clocks was dialed all the same."""
    limit = ANYWHERE + "[limits]\nattempts_per_day = 7\n"
    async with a_shift(house, 'time_zone = "UTC"\n' + limit):
        await accept(house, "some", 20, NEW_YORK)
        await asyncio.sleep(0.25 * HOUR_S)
        assert len(dialed(house)) == 7
        for number, zone in enumerate(("Asia/Kolkata", "America/New_York", "Pacific/Kiritimati", "UTC"), start=2):
            await put_policy(house, f'time_zone = "{zone}"\n' + limit, number)
            await asyncio.sleep(0.25 * HOUR_S)
            assert len(dialed(house)) == 7, zone
        await asyncio.sleep(24 * HOUR_S)
        assert len(dialed(house)) == 14, "by then it is the next day"


async def test_who_may_not_be_called_at_all_ends_as_not_allowed(house: House) -> None:
    async with a_shift(house, '[destinations]\nregions = ["US"]\n'):
        abroad = await accept(house, "abroad", 3, LONDON)
        home = await accept(house, "home", 3, NEW_YORK)
        await asyncio.sleep(HOUR_S)
        assert dialed(house) == set(home)
        found = await records(house)
        assert [found[each].disposition for each in abroad] == [Disposition.NOT_ALLOWED] * 3


async def test_a_do_not_call_list_binds_without_any_policy(house: House) -> None:
    await house.open(agents=5, requests=0)
    await put_on_list(house, NEW_YORK)
    async with dialing(house, house.owner()):
        listed = await accept(house, "listed", 3, NEW_YORK)
        others = await accept(house, "others", 3, LOS_ANGELES)
        await asyncio.sleep(HOUR_S)
        assert dialed(house) == set(others)
        found = await records(house)
        assert [found[each].disposition for each in listed] == [Disposition.DO_NOT_CALL] * 3


async def test_whoever_opts_out_is_rung_no_more(house: House) -> None:
    """Somebody else's call told it, while the phone rings: of those whose phones ring the one is hung up on, and nobody
    else."""
    async with a_shift(house):
        ids = await accept(house, "same", 3, NEW_YORK) + await accept(house, "other", 3, LOS_ANGELES)
        await asyncio.sleep(3.0)
        found = await records(house)
        ringing = [each for each in ids if found[each].state is ContactState.DIALING]
        out = [each for each in ringing if found[each].phone_number == NEW_YORK]
        assert out, "some of them ring"
        assert out != ringing, "and some others"
        await put_on_list(house, NEW_YORK)
        house.dialer.opted_out([key_of(NEW_YORK)])
        await asyncio.sleep(1.0)
        found = await records(house)
        assert {each: (found[each].disposition, found[each].disconnect_reason) for each in out} == dict.fromkeys(
            out, (Disposition.NO_ANSWER, DisconnectReason.TELECOM_TIMEOUT)
        )
        assert len(house.carrier.hung_up) == len(out)


async def test_an_opt_out_from_one_campaign_lets_another_go_on(house: House) -> None:
    async with a_shift(house):
        ids = await accept(house, "same", 3, NEW_YORK)
        await house.kept.put_facts(house.instance_id, [DoNotCallList(1, "winter", campaign_ids=("winter",))])
        origin = Origin("a call", "", house.clock.now())
        await house.kept.add_entries(house.instance_id, 1, [key_of(NEW_YORK)], origin)
        await asyncio.sleep(3.0)
        house.dialer.opted_out([key_of(NEW_YORK)])
        await asyncio.sleep(1.0)
        assert not house.carrier.hung_up
        assert dialed(house) == set(ids)


async def test_a_halt_lets_talks_go_on_and_nothing_begin_until_it_is_over(house: House) -> None:
    async with a_shift(house, agents=3):
        await accept(house, "some", 100, NEW_YORK)
        await asyncio.sleep(2 * MINUTE_S)
        found = await records(house)
        going_on = {each for each in found if found[each].state not in {ContactState.WAITING, ContactState.ENDED}}
        assert going_on
        await house.kept.halt_instance(house.instance_id, at=house.clock.now(), reason="a wrong list")
        house.dialer.allow_outbound_calls(False)
        before = dialed(house)
        await asyncio.sleep(0.5 * HOUR_S)
        assert dialed(house) == before
        found = await records(house)
        assert {found[each].state for each in going_on} == {ContactState.ENDED}
        assert Disposition.CONNECTED_TO_AGENT in {found[each].disposition for each in going_on}
        await house.kept.resume_instance(house.instance_id)
        house.dialer.allow_outbound_calls(True)
        await asyncio.sleep(MINUTE_S)
        assert dialed(house) > before


async def test_a_halt_that_no_dialer_has_heard_of_stops_the_next_attempt(house: House) -> None:
    """Whoever halts in another process, or while the server is down, is not waited for."""
    async with a_shift(house, agents=3):
        await accept(house, "some", 100, NEW_YORK)
        await asyncio.sleep(MINUTE_S)
        await house.kept.halt_instance(house.instance_id, at=house.clock.now(), reason="")
        before = dialed(house)
        await asyncio.sleep(0.2 * HOUR_S)
        assert dialed(house) == before


async def test_attempts_that_were_durable_when_the_halt_came_are_void(house: House) -> None:
    """Decided, written and not handed to the carrier yet: they wait again as if nothing had been."""
    async with a_shift(house, agents=3):
        house.store.after_attempts = lambda: house.dialer.allow_outbound_calls(False)
        ids = await accept(house, "some", 3, NEW_YORK)
        await asyncio.sleep(MINUTE_S)
        assert not dialed(house)
        found = await records(house)
        assert [(found[each].state, found[each].attempted_at) for each in ids] == [(ContactState.WAITING, None)] * 3


async def test_the_instance_keeps_to_its_attempts_per_second_over_all_trunks(house: House) -> None:
    async with a_shift(house, ANYWHERE + "[limits]\nattempts_per_second = 0.5\n"):
        await accept(house, "some", 20, NEW_YORK)
        await asyncio.sleep(10.0)
        assert len(dialed(house)) in (5, 6)
        reason = house.dialer.explanation("spring")
        assert reason is not None
        assert reason.instance_attempts_per_s == 0.5
        await put_policy(house, ANYWHERE, 2)
        await asyncio.sleep(10.0)
        assert len(dialed(house)) == 20


@pytest.mark.parametrize(("number", "rung"), [("+12125550111", True), (LONDON, False)])
async def test_an_agents_phone_abroad_is_rung_only_where_the_policy_allows(
    house: House, number: str, rung: bool
) -> None:
    await house.open(agents=1, requests=0)
    (agent,) = simulated_agents(house.directory, 1)
    phone = PhoneConfig("DESK_PHONE", desk_phone_number=number)
    await house.kept.put_facts(house.instance_id, [replace(agent, phone=phone)])
    await put_policy(house, '[destinations]\nregions = ["US"]\n')
    async with dialing(house, house.owner()):
        await accept(house, "some", 10, NEW_YORK)
        await asyncio.sleep(10 * MINUTE_S)
        talked = Disposition.CONNECTED_TO_AGENT in {each.disposition for each in (await records(house)).values()}
        assert talked is rung
        states = house.dialer.agent_states()
        assert states is not None
        assert (states[agent.agent_id] is AgentState.ERROR) is not rung
