"""Simulated agents, as a carrier tells of them: one who is forgotten in a contact takes no other, for ever."""

from __future__ import annotations

import asyncio

import pytest

from trunkcall.domain.agent import AgentStatus
from trunkcall.engine.events import AgentHeard, AgentStatusSet, AgentUnheard
from trunkcall.service import floor as floor_module
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.presence import Presence, PresenceEvent


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


async def test_agents_are_there_as_long_as_their_phones_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to do anything for simulated agents to be dialed for; when their carrier is gone, they are too."""
    monkeypatch.setattr(floor_module, "CONFIRM_EVERY_S", 0.001)
    now_s, works = 0.0, True
    presence = Presence(max_age_s=15.0, monotonic=lambda: now_s)
    presence.know(frozenset({"ann", "ben"}))
    floor = SimulatedFloor(presence, phones_work=lambda: works)
    floor.staff(["ann", "ben"])
    said: list[PresenceEvent] = []
    presence.listen(said.append)
    confirming = asyncio.create_task(floor.run())
    for _ in range(3):
        now_s += 10.0
        await asyncio.sleep(0.02)
        presence.look()
    assert said == []
    works = False
    await asyncio.sleep(0.02)
    now_s = 60.0
    await asyncio.sleep(0.02)
    presence.look()
    assert said == [AgentUnheard("ann"), AgentUnheard("ben")]
    confirming.cancel()


def test_agents_in_a_contact_are_there_too_when_their_carrier_comes_back() -> None:
    now_s = 0.0
    presence = Presence(max_age_s=15.0, monotonic=lambda: now_s)
    presence.know(frozenset({"ann", "ben"}))
    floor = SimulatedFloor(presence)
    floor.staff(["ann", "ben"])
    now_s = 60.0
    presence.look()
    said: list[PresenceEvent] = []
    presence.listen(said.append)
    floor.busy(["ben"])
    assert said == [AgentHeard("ann"), AgentHeard("ben"), AgentStatusSet("ann", AgentStatus.AVAILABLE)]
