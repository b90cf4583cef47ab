"""Customers on hold in a campaign whose flow has something for that. If these fail, they hear nothing of it, or hear it
on when the agent is back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import trunkcall
from service.flow_desk import END, QUEUED, action, content
from service.support import House, Witness, dialing
from trunkcall.domain.changes import Change
from trunkcall.domain.contact import Disposition
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.saying import Saying
from trunkcall.engine.commands import BridgeLegs, StopPlaying
from trunkcall.simulation.world import World

pytestmark = pytest.mark.virtual_time

EXAMPLE = Path(trunkcall.__file__).parents[2] / "examples" / "flows" / "hold-message.json"
CHOOSES = content(action("hold", "UpdateContactEventHooks", "go", EventHooks={"CustomerHold": "on-hold"}), QUEUED, END)
FIRST, SORRY = (each["Parameters"]["Messages"][0]["SSML"] for each in json.loads(EXAMPLE.read_text("utf-8"))["Actions"])
HELD_AT_S, BACK_AT_S = 10, 60


class Telephones(Witness):
    """Everybody answers and talks for minutes. Ten seconds into a talk the agent puts the customer on hold, and is back
    fifty seconds later. It is remembered what is said to whom from when on, and until when."""

    def __init__(self, house: House) -> None:
        world = World(human_ratio=1.0, machine_ratio=0.0, failure_ratio=0.0, talk_mean_s=150.0, talk_variation=0.01)
        super().__init__(house.clock, world=world, seed=1, on_agent_done=lambda agent_id: house.agent_done(agent_id))
        self._clock_of = house.clock
        self.joined_at: dict[str, Instant] = {}
        self.heard: dict[str, list[list[Any]]] = {}
        """By leg, each text, and how many seconds into the talk it began and was broken off."""

    def bridge(self, command: BridgeLegs) -> None:
        super().bridge(command)
        now = self._clock_of.now()
        self.joined_at[command.customer_leg_id] = now
        for after_s, back in ((HELD_AT_S, False), (BACK_AT_S, True)):
            self._clock_of.call_at(now + after_s * SECOND, partial(self.put_on_hold, command.agent_leg_id, back=back))

    def play(self, leg_id: str, play_id: str, saying: Saying) -> None:
        super().play(leg_id, play_id, saying)
        self.heard.setdefault(leg_id, []).append([saying.parts[0].value, self._s_into(leg_id), None, play_id])

    def stop_playing(self, command: StopPlaying) -> None:
        super().stop_playing(command)
        for each in self.heard.get(command.leg_id, []):
            if each[-1] == command.play_id:
                each[2] = self._s_into(command.leg_id)

    def _s_into(self, leg_id: str) -> int:
        return round((self._clock_of.now() - self.joined_at[leg_id]) / SECOND)

    def words(self) -> list[list[tuple[str, int, int | None]]]:
        """Of each customer who heard anything."""
        return [[(text, begun_s, over_s) for text, begun_s, over_s, _ in said] for said in self.heard.values()]


async def with_holds() -> tuple[House, Telephones]:
    """A campaign whose flow chooses the example for holds, and its telephones."""
    house = House.in_memory()
    house.carrier = telephones = Telephones(house)
    await house.open(agents=2, requests=0)
    flow_id = next(iter(house.directory.contact_flows))
    flows = [
        ContactFlow(flow_id, "Flow", content=CHOOSES),
        ContactFlow("on-hold", "On hold", "CUSTOMER_HOLD", content=EXAMPLE.read_text("utf-8")),
    ]
    await house.kept.put_facts(house.instance_id, flows)
    await house.put(4)
    return house, telephones


async def test_customers_on_hold_hear_the_flow_of_the_campaign_until_the_agent_is_back() -> None:
    house, telephones = await with_holds()
    async with dialing(house, house.owner()):
        await house.until_all_ended(4)
        records = await house.records()
    sorry_s = HELD_AT_S + 30
    assert telephones.words() == [[(FIRST, HELD_AT_S, sorry_s), (SORRY, sorry_s, BACK_AT_S)]] * 4
    assert {record.disposition for record in records} == {Disposition.CONNECTED_TO_AGENT}
    for record in records:
        ((begun_at, ended_at),) = record.customer_holds
        assert round((ended_at - begun_at) / SECOND) == BACK_AT_S - HELD_AT_S
        assert [each.action_id for each in record.flow_trail] == ["hold", "go", "first"]


async def test_who_is_on_hold_as_the_dialer_is_killed_hears_the_flow_anew_until_the_agent_is_back() -> None:
    house, telephones = await with_holds()
    killed = False
    carry_out = house.store.carry_out

    async def kill(lease: Any, changes: Sequence[Change], clearances: Mapping[str, Any]) -> Any:
        nonlocal killed
        result = await carry_out(lease, changes, clearances)
        if telephones.heard and not killed:
            killed = True
            raise StoreUnavailableError
        return result

    house.store.carry_out = kill
    async with dialing(house, house.owner()):
        await house.until_all_ended(4)
        records = await house.records()
    assert killed
    ways = telephones.words()
    assert any([text for text, *_ in way].count(FIRST) > 1 for way in ways), "it begins anew"
    assert all(way[-1][2] == BACK_AT_S for way in ways), "nobody hears it in the talk"
    assert {len(record.customer_holds) for record in records} == {1}
    assert {record.disposition for record in records} == {Disposition.CONNECTED_TO_AGENT}
