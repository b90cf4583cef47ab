"""Statuses that agents have chosen, over restarts of the server. If these fail, a whole floor sits idle after a restart
until everybody has chosen a status again, or somebody who is at lunch is dialed for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from service.support import House
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.errors import NotFoundError, StoreUnavailableError
from trunkcall.domain.instants import Instant
from trunkcall.domain.user import PhoneConfig
from trunkcall.domain.user_status import UserStatus, UserStatusType
from trunkcall.engine.events import AgentHeard, AgentStatusSet, AgentUnheard
from trunkcall.service.chosen_statuses import ChosenStatuses
from trunkcall.service.installation import simulated_agents
from trunkcall.service.presence import Presence
from trunkcall.storage.ports.presence import ChosenStatus

pytestmark = pytest.mark.virtual_time


class Kept:
    """What a store keeps. ``fails`` says whether it does so, ``while_read`` what happens before a reader has it."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.written = 0
        self.fails = False
        self.while_read: Callable[[], Awaitable[object]] | None = None

    async def put_presence(self, instance_id: str, agent_id: str, status_id: str, *, at: Instant) -> None:
        if self.fails:
            raise StoreUnavailableError
        self.rows[agent_id] = status_id
        self.written += 1

    async def presences(self, instance_id: str) -> list[ChosenStatus]:
        found = [ChosenStatus(agent_id, status_id, 0) for agent_id, status_id in self.rows.items()]
        if self.while_read is not None:
            await self.while_read()
        return found


async def opened(kept: Kept, house: House, max_age_s: float = 0.0) -> tuple[ChosenStatuses, Presence]:
    """A server begins that knows two agents."""
    presence = Presence(max_age_s=max_age_s)
    presence.know(frozenset({"ann", "ben"}))
    chosen = ChosenStatuses(house.instance_id, kept, presence, house.clock)
    await chosen.restore(house.directory)
    return chosen, presence


@pytest.fixture
async def house() -> House:
    house = House.in_memory()
    await house.open(agents=1, requests=0)
    return house


def status_of(house: House, name: str) -> UserStatus:
    return next(status for status in house.directory.user_statuses.values() if status.name == name)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("Available", AgentStatus.AVAILABLE), ("Break", AgentStatus.BREAK), ("Offline", AgentStatus.OFFLINE)],
)
async def test_whoever_has_chosen_a_status_has_it_after_a_restart(house: House, name: str, wanted: AgentStatus) -> None:
    kept = Kept()
    chosen, _ = await opened(kept, house)
    await chosen.choose("ann", status_of(house, name))
    _, presence = await opened(kept, house)
    assert presence.listen(None) == (AgentStatusSet("ann", wanted),)


async def test_but_is_there_only_once_heard_of(house: House) -> None:
    kept = Kept()
    chosen, _ = await opened(kept, house, max_age_s=15.0)
    await chosen.choose("ann", status_of(house, "Available"))
    _, presence = await opened(kept, house, max_age_s=15.0)
    said: list[Any] = []
    assert presence.listen(said.append) == (
        AgentUnheard("ann"),
        AgentUnheard("ben"),
        AgentStatusSet("ann", AgentStatus.AVAILABLE),
    )
    presence.confirm(["ann"])
    assert said == [AgentHeard("ann")]


async def test_a_status_that_is_said_again_and_again_is_written_once(house: House) -> None:
    """Desktops repeat it every few seconds, all day, for thousands of agents."""
    kept = Kept()
    chosen, _ = await opened(kept, house)
    for _ in range(5):
        await chosen.choose("ann", status_of(house, "Available"))
    assert kept.written == 1
    await chosen.choose("ann", status_of(house, "Break"))
    assert kept.written == 2
    anew, _ = await opened(kept, house)
    await anew.choose("ann", status_of(house, "Break"))
    assert kept.written == 2


async def test_a_status_of_the_instances_own_is_told_from_another_that_means_the_same_to_routing(house: House) -> None:
    kept = Kept()
    chosen, _ = await opened(kept, house)
    await chosen.choose("ann", status_of(house, "Break"))
    await chosen.choose("ann", UserStatus("lunch", "Lunch", status_type=UserStatusType.CUSTOM))
    assert kept.rows == {"ann": "lunch"}


async def test_a_status_that_could_not_be_kept_is_written_when_it_is_chosen_again(house: House) -> None:
    kept = Kept()
    chosen, _ = await opened(kept, house)
    kept.fails = True
    with pytest.raises(StoreUnavailableError):
        await chosen.choose("ann", status_of(house, "Break"))
    kept.fails = False
    await chosen.choose("ann", status_of(house, "Break"))
    assert kept.rows == {"ann": status_of(house, "Break").status_id}


async def test_a_status_that_is_no_more_is_nobodys(house: House) -> None:
    kept = Kept()
    kept.rows["ann"] = "a status of another time"
    _, presence = await opened(kept, house)
    assert presence.listen(None) == ()


async def test_nobody_chooses_for_an_agent_who_is_none(house: House) -> None:
    kept = Kept()
    chosen, _ = await opened(kept, house)
    with pytest.raises(NotFoundError):
        await chosen.choose("nobody", status_of(house, "Break"))
    assert kept.written == 0


async def test_whoever_chooses_a_status_while_those_of_before_are_read_has_chosen_last(house: House) -> None:
    kept = Kept()
    kept.rows["ann"] = status_of(house, "Break").status_id
    presence = Presence()
    presence.know(frozenset({"ann"}))
    chosen = ChosenStatuses(house.instance_id, kept, presence, house.clock)
    kept.while_read = lambda: chosen.choose("ann", status_of(house, "Offline"))
    await chosen.restore(house.directory)
    assert presence.listen(None) == (AgentStatusSet("ann", AgentStatus.OFFLINE),)


async def test_what_was_chosen_during_a_talk_counts_after_it_though_the_server_was_killed_meanwhile() -> None:
    house = House.in_memory()
    await house.open(agents=1, requests=3)
    (agent,) = simulated_agents(house.directory, 1)
    agent = replace(agent, phone=PhoneConfig(after_contact_work_limit_s=5))
    await house.kept.put_facts(house.instance_id, [agent])
    house.silent_agents()

    async def until(wanted: AgentState) -> None:
        async with asyncio.timeout(3600):
            while (snapshot := house.dialer.snapshot()) is None or not snapshot.agents[wanted]:
                await asyncio.sleep(0.1)

    clock, owner = asyncio.create_task(house.clock.run()), house.owner()
    killed = asyncio.create_task(owner.run())
    await until(AgentState.CONNECTED)
    await owner.put_user_status(agent.agent_id, status_of(house, "Offline"))
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    house.presence = type(house.presence)(max_age_s=0.0)
    anew = asyncio.create_task(house.owner().run())
    await until(AgentState.AFTER_CONTACT_WORK)
    await until(AgentState.OFFLINE)
    for task in (anew, clock):
        task.cancel()
    await asyncio.gather(anew, clock, return_exceptions=True)
