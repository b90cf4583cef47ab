"""A dialer that is killed in any step of a flow: the next one has the contact go on there. If these fail, people hear a
message again of which they have heard most, or are left on the line."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from service.flow_desk import ASK, END, QUEUED, SET, WELCOME, action, content, leading, pressing
from service.support import House, Witness, dialing
from service.test_flow_campaigns import open_with
from service.test_flow_functions import Service
from trunkcall.domain.changes import Change, FlowProgressed
from trunkcall.domain.contact import ContactState, Disposition
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.saying import CHARACTERS_PER_S, Saying
from trunkcall.engine.commands import HangUp, StopPlaying
from trunkcall.engine.events import CarrierEvent, CarrierFound, KeyPressed
from trunkcall.simulation.world import World
from trunkcall.telephony.carrier import CarrierSink

pytestmark = pytest.mark.virtual_time

WALK = content(
    action("welcome", "MessageParticipant", "keys", Text=WELCOME),
    pressing("keys", "set", "Press one, please, if you would like to speak to somebody who can help you."),
    leading("wait", SET),
    {
        **action("wait", "Wait", None, TimeLimitSeconds="3"),
        "Transitions": {
            "Errors": [{"NextAction": "ask", "ErrorType": "NoMatchingError"}],
            "Conditions": [{"NextAction": "ask", "Condition": {"Operator": "Equals", "Operands": ["WaitCompleted"]}}],
        },
    },
    leading("go", ASK),
    QUEUED,
    END,
)
"""A message, a key, attributes, a time, a function, the queue: all in which a contact stands."""
STANDS = 12
"""More commits of flows than one contact has."""


class Ears:
    """What customers hear: of each leg each text, and since when. They press a key two seconds into a question."""

    def __init__(self, house: House) -> None:
        self.heard_twice: list[str] = []
        """What was begun again although more than half of it had been played."""
        begun: dict[tuple[str, str], Instant] = {}

        def begins(leg_id: str, play_id: str, saying: Saying) -> None:
            text, now = saying.parts[0].value, house.clock.now()
            half = round(len(text) / CHARACTERS_PER_S / 2 * SECOND)
            if now - begun.get((leg_id, text), now) > half:
                self.heard_twice.append(text)
            begun[leg_id, text] = now
            if text.startswith("Press one"):
                house.clock.call_at(now + 2 * SECOND, lambda: house.carrier.tell(KeyPressed(leg_id, "1")))

        house.carrier.listeners.append(begins)


class Forgetful(Witness):
    """A carrier that is like a switch, which cannot tell what its legs hear after another dialer."""

    def __init__(self, house: House) -> None:
        super().__init__(house.clock, world=World(), seed=1, on_agent_done=house.agent_done)
        self._house_clock = house.clock
        self._heard: dict[str, str] = {}
        self.listeners.append(lambda leg_id, play_id, saying: self._heard.update({leg_id: play_id}))

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        def tell(event: CarrierEvent) -> None:
            if isinstance(event, CarrierFound):
                # It takes a moment until one is asked what it has.
                event = replace(event, legs=tuple(replace(leg, playing=None) for leg in event.legs))
                self._house_clock.call_at(self._house_clock.now() + SECOND, partial(sink, event))
            else:
                sink(event)

        await super().start(tell, token=token)

    def end_what_is_heard(self) -> None:
        for leg_id, play_id in self._heard.items():
            self.stop_playing(StopPlaying(leg_id, play_id))


async def test_on_a_switch_a_message_that_ended_with_its_dialer_at_once_is_said_anew_however_long_nobody_dialed() -> (
    None
):
    """The store fails for a while: one dialer after the other comes and goes, and has nothing said."""
    house = House.in_memory()
    house.carrier = forgetful = Forgetful(house)
    await open_with(house, WALK, requests=6)
    welcomed: defaultdict[str, list[Instant]] = defaultdict(list)
    fails_until: Instant | None = None
    carry_out = house.store.carry_out

    def listen(leg_id: str, play_id: str, saying: Saying) -> None:
        if saying.parts[0].value.startswith("Hello"):
            welcomed[leg_id].append(house.clock.now())
            if fails_until is None:
                house.clock.call_at(house.clock.now() + SECOND // 5, fail)

    def fail() -> None:
        nonlocal fails_until
        if fails_until is None:
            fails_until = house.clock.now() + 5 * SECOND
            forgetful.end_what_is_heard()

    async def failing(lease: Any, changes: Sequence[Change], clearances: Mapping[str, Any]) -> Any:
        if fails_until is not None and house.clock.now() < fails_until:
            raise StoreUnavailableError
        return await carry_out(lease, changes, clearances)

    house.carrier.listeners.append(listen)
    house.store.carry_out = failing
    async with dialing(house, house.owner()):
        await house.until_all_ended(6)
    first, *others = welcomed.values()
    assert len(first) == 2
    assert {len(each) for each in others} == {1}


@pytest.mark.parametrize(
    ("written", "away_s"),
    [(False, 0), (True, 5)],
    ids=["before it is written, for a moment", "after it is written, for most of a message"],
)
@pytest.mark.parametrize("stand", range(STANDS))
async def test_a_contact_goes_on_where_it_was_when_its_dialer_was_killed(
    stand: int, written: bool, away_s: int
) -> None:
    """The dialer ends at one commit of a flow, and nobody dials for a while. The carrier's legs outlive it, and the
    next dialer has the store."""
    house = House.in_memory()
    await open_with(house, WALK, requests=6)
    ears = Ears(house)
    commits = 0
    killed_at: Instant | None = None
    carry_out = house.store.carry_out

    async def kill(lease: Any, changes: Sequence[Change], clearances: Mapping[str, Any]) -> Any:
        nonlocal commits, killed_at
        if killed_at is not None and house.clock.now() < killed_at + away_s * SECOND:
            raise StoreUnavailableError
        of_flows = any(isinstance(change, FlowProgressed) for change in changes)
        dies = of_flows and commits == stand and killed_at is None
        commits += of_flows
        if dies:
            killed_at = house.clock.now()
        result = await carry_out(lease, changes, clearances) if written or not dies else None
        if dies:
            raise StoreUnavailableError
        return result

    house.store.carry_out = kill
    async with dialing(house, house.owner()):
        await house.until_all_ended(6)
        records = await house.records()
    assert killed_at is not None
    assert {record.state for record in records} == {ContactState.ENDED}
    assert all(record.disposition is not None and record.disconnect_reason is not None for record in records)
    assert ears.heard_twice == []
    reached = [record for record in records if record.disposition is Disposition.CONNECTED_TO_AGENT]
    assert reached, "who was in a flow has come to an agent"
    ways = [[each.action_id for each in record.flow_trail] for record in reached]
    assert {json.dumps(way) for way in ways} == {json.dumps(["welcome", "keys", "set", "wait", "ask", "go"])}
    assert all(record.flow_attributes == {"wish": "agent"} for record in reached)


async def test_what_a_customer_wanted_is_asked_for_though_dialer_and_customer_are_gone_by_then() -> None:
    # Given customers who press a key by which a function is asked, the first of whom hangs up while nobody dials
    house = House.in_memory()
    service = Service(house, SECOND)
    house.functions = service
    await open_with(house, content(pressing("keys", "ask", "Press one, please."), ASK, END), requests=20)
    Ears(house)
    carry_out, gone = house.store.carry_out, list[str]()

    async def kill(lease: Any, changes: Sequence[Change], clearances: Mapping[str, Any]) -> Any:
        result = await carry_out(lease, changes, clearances)
        pressed = [each for each in changes if isinstance(each, FlowProgressed) and '"ANSWER"' in (each.progress or "")]
        if pressed and not gone:
            gone.append(pressed[0].contact_id)
            for each in await house.kept.live_contacts(house.instance_id):
                if each.contact_id in gone:
                    house.carrier.hang_up(HangUp(each.leg_id))
            raise StoreUnavailableError
        return result

    house.store.carry_out = kill
    # When its dialer is killed before it has asked, and another dials
    async with dialing(house, house.owner()):
        await house.until_all_ended(20)
    # Then it is asked all the same, and once
    assert gone
    asked = [question.contact_id for _, question, _ in service.asked]
    assert asked.count(gone[0]) == 1
