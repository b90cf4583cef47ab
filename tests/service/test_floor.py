"""Simulated agents, as a carrier tells of them: one who is forgotten in a contact takes no other, for ever."""

from __future__ import annotations

import asyncio

import pytest

from service.support import House, dialing
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import SECOND
from trunkcall.engine.events import AgentHeard, AgentStatusSet, AgentUnheard, CarrierEvent, LegsBridged
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.presence import Presence, PresenceEvent

pytestmark = pytest.mark.virtual_time


def floor_of(*agent_ids: str) -> tuple[SimulatedFloor, list[PresenceEvent]]:
    presence = Presence()
    presence.know(frozenset(agent_ids))
    floor = SimulatedFloor(presence)
    floor.staff(agent_ids)
    said: list[PresenceEvent] = []
    presence.listen(said.append)
    return floor, said


def test_agents_whose_last_word_was_lost_are_available_again_and_those_who_talk_are_left_alone() -> None:
    floor, said = floor_of("ann", "ben", "cleo")
    floor.busy(["ben"])
    assert said == [AgentStatusSet("ann", AgentStatus.AVAILABLE), AgentStatusSet("cleo", AgentStatus.AVAILABLE)]


def test_an_agent_of_whom_this_server_knows_nothing_does_no_harm() -> None:
    """A carrier apart outlives the store that its agents were of."""
    floor, said = floor_of("ann")
    floor.agent_done("somebody else's")
    floor.busy(["somebody else's"])
    assert said == [AgentStatusSet("ann", AgentStatus.AVAILABLE)]


def test_a_word_that_came_too_early_to_be_heeded_is_said_again() -> None:
    floor, said = floor_of("ann", "ben")
    floor.agent_done("ann")
    for _ in range(2):
        floor.busy(["ben"])
    assert said == [AgentStatusSet("ann", AgentStatus.AVAILABLE)] * 3


def test_agents_who_are_people_are_left_to_speak_for_themselves() -> None:
    """One who was added to an instance and has not come yet would be dialed for, and one who writes a note after a talk
    would be put through to the next."""
    presence = Presence(max_age_s=15.0)
    presence.know(frozenset({"ann", "ben"}))
    floor = SimulatedFloor(presence)
    floor.staff(["ann"])
    said: list[PresenceEvent] = []
    presence.listen(said.append)
    floor.busy([])
    floor.agent_done("ben")
    assert said == [AgentStatusSet("ann", AgentStatus.AVAILABLE)]


async def states(house: House) -> set[ContactState]:
    return {contact.state for contact in await house.kept.live_contacts(house.instance_id)}


class Desk:
    """Two agents, on a clock in the test's hands."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.presence = Presence(max_age_s=15.0, monotonic=lambda: self.now_s)
        self.presence.know(frozenset({"ann", "ben"}))
        self.floor = SimulatedFloor(self.presence)
        self.floor.staff(["ann", "ben"])
        self.said: list[PresenceEvent] = []
        self.presence.listen(self.said.append)


async def test_agents_of_this_process_are_there_without_doing_anything() -> None:
    desk = Desk()
    telling = asyncio.create_task(desk.floor.run(lambda: ["ann", "ben"]))
    for _ in range(3):
        desk.now_s += 10.0
        await asyncio.sleep(10.0)
        desk.presence.look()
    assert desk.said == []
    telling.cancel()


async def test_an_agent_whose_talk_ended_with_a_killed_process_takes_further_contacts() -> None:
    """The world in which the work after it would have been done is gone too."""
    house = House.in_memory()
    await house.open(agents=1, requests=12)
    async with dialing(house):
        killed = asyncio.create_task(house.owner().run())
        while ContactState.CONNECTED not in await states(house):
            await asyncio.sleep(1.0)
        killed.cancel()
        await asyncio.gather(killed, return_exceptions=True)
        house.agent_done = lambda agent_id: None
        house.carrier = house.new_carrier()
        telling = asyncio.create_task(house.floor.run(lambda: house.carrier.busy_agents))
        anew = asyncio.create_task(house.owner().run())
        await house.until_all_ended(12)
        records = await house.records()
        for task in (telling, anew):
            task.cancel()
        await asyncio.gather(telling, anew, return_exceptions=True)
    assert len([record for record in records if record.agent_id]) > 2


def test_agents_elsewhere_are_there_as_long_as_something_is_heard_of_them() -> None:
    """When their carrier is gone, they are too; and when it comes back, so are those who are in a contact."""
    desk = Desk()
    for _ in range(3):
        desk.now_s += 10.0
        desk.floor.busy(["ann", "ben"])
        desk.presence.look()
    assert desk.said == []
    desk.now_s += 16.0
    desk.presence.look()
    assert desk.said == [AgentUnheard("ann"), AgentUnheard("ben")]
    desk.said.clear()
    desk.floor.busy(["ben"])
    assert desk.said == [AgentHeard("ann"), AgentHeard("ben"), AgentStatusSet("ann", AgentStatus.AVAILABLE)]


async def test_an_agent_who_is_done_before_anybody_knows_that_the_talk_is_over_takes_further_contacts() -> None:
    """Nothing keeps the words of agents elsewhere in step with those of their phones."""
    house = House.in_memory()
    await house.open(agents=1, requests=20)

    def too_early(event: CarrierEvent) -> bool:
        if isinstance(event, LegsBridged):
            for agent_id in house.carrier.busy_agents:
                house.floor.agent_done(agent_id)
        return False

    def tell_again() -> None:
        house.floor.busy(house.carrier.busy_agents)
        house.clock.call_at(house.clock.now() + 10 * SECOND, tell_again)

    house.carrier.loses = too_early
    house.agent_done = lambda agent_id: None
    house.clock.call_at(house.clock.now(), tell_again)
    async with dialing(house, house.owner()):
        await house.until_all_ended(20)
        records = await house.records()
    assert len([record for record in records if record.agent_id]) > 1


def test_an_agent_who_is_none_any_more_does_not_keep_the_others_from_being_there() -> None:
    desk = Desk()
    desk.presence.know(frozenset({"ben"}))
    desk.floor.busy([])
    assert desk.said == [AgentStatusSet("ben", AgentStatus.AVAILABLE)]
    desk.said.clear()
    desk.presence.know(frozenset({"ann", "ben"}))
    desk.floor.busy(["ben"])
    assert desk.said == [AgentUnheard("ann"), AgentHeard("ann"), AgentStatusSet("ann", AgentStatus.AVAILABLE)]


def test_a_simulated_agent_who_is_given_a_break_keeps_it_until_somebody_ends_it() -> None:
    """A developer who sets a status would see it undone within a second."""
    desk = Desk()
    desk.presence.put_user_status("ann", AgentStatus.BREAK)
    desk.floor.agent_done("ann")
    desk.floor.busy(["ben"])
    assert set(desk.said) == {AgentStatusSet("ann", AgentStatus.BREAK)}
    desk.presence.put_user_status("ann", AgentStatus.AVAILABLE)
    desk.floor.busy(["ben"])
    assert desk.said[-1] == AgentStatusSet("ann", AgentStatus.AVAILABLE)
