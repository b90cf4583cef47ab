"""Campaigns with flows of any wiring, and people who press and hang up as they like. If these fail, somebody's flow
leaves people on the line, stops the dialer, or what it did cannot be done again at a desk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.support import ERROR, action, flow
from flows.wiring import documents
from service.support import House, Witness, dialing
from trunkcall.domain.campaign import DialerConfig, DialerType
from trunkcall.domain.contact import ContactState
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.flow import FlowHook
from trunkcall.domain.instants import HOUR, MINUTE, SECOND, Duration, Instant
from trunkcall.domain.queue import Queue
from trunkcall.engine.campaigns import pacer_for
from trunkcall.engine.commands import HangUp, Originate, ReportLegs
from trunkcall.engine.decision import Decision
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import BeepHeard, CarrierEvent, Event, KeyPressed, LegAnswered, LegsBridged, LegsReported
from trunkcall.engine.trace import Turn, replay
from trunkcall.flows.checking import check
from trunkcall.flows.language import KEYS, QUEUE_FULL
from trunkcall.service.functions import Done, Question
from trunkcall.simulation.world import World
from trunkcall.storage.ports.ownership import CommitResult
from trunkcall.telephony.carrier import Destination
from trunkcall.telephony.simulated import ONE_HOST
from virtual_time import VirtualLoop

(HOST,) = ONE_HOST
UNSERVED = "q-1"
"""A queue that no agent serves, which flows of any wiring name too."""
QUESTION = -1
"""One that no dialer asks."""
REQUESTS = 3
LISTENS: Duration = 3 * MINUTE
"""How long people bear any flow."""
LONGEST: Duration = 10 * MINUTE
"""With ringing, waiting and a talk besides."""
PEOPLE = World(
    human_ratio=0.7, machine_ratio=0.3, failure_ratio=0.0, talk_mean_s=20.0, wrap_mean_s=2.0, patience_s=180.0
)
PATIENT = World(human_ratio=1.0, machine_ratio=0.0, failure_ratio=0.0, patience_s=36_000.0)


_HOOKS = tuple(FlowHook)


def beside(queue: str) -> str:
    """Leads to an agent, if anybody serves the queue, with the other flow for all that there may be one for."""
    errors = {ERROR: "queue"}
    return flow(
        *(
            action(
                f"{place}",
                "UpdateContactEventHooks",
                {"EventHooks": {str(hook): "other"}},
                then=f"{place + 1}",
                errors={ERROR: "end"},
            )
            for place, hook in enumerate(_HOOKS)
        ),
        action(f"{len(_HOOKS)}", "UpdateContactTargetQueue", {"QueueId": queue}, then="queue", errors=errors),
        action("queue", "TransferContactToQueue", then="end", errors={ERROR: "end", QUEUE_FULL: "end"}),
    )


def saying_first(content: str) -> str:
    """The flow, which first of all says something: most that are drawn are over before anybody hears of them."""
    document = json.loads(content)
    first = action("first", "MessageParticipant", {"Text": "Hello."}, then="a", errors={ERROR: "b"})
    return json.dumps({**document, "StartAction": "first", "Actions": [first, *document["Actions"]]})


class Whims(Witness):
    """Whoever answers presses keys when they like, is heard to beep, and may hang up; and those who talk put each other
    on hold."""

    def __init__(self, clock: Any, *, random: Random, **arguments: Any) -> None:
        super().__init__(clock, **arguments)
        self._random = random
        self._customers: set[str] = set()
        self.told: list[LegsReported] = []
        self.fails = self.is_lost = False
        self.loses = self._heed

    def originate(self, command: Originate, destination: Destination) -> None:
        self._customers.add(command.leg_id)
        super().originate(command, destination)
        # Of whom it is not told that they have answered, as the switch was lost, leave as well.
        self._clock.call_at(self._clock.now() + 2 * LISTENS, partial(self._leave, command.leg_id))

    def _heed(self, event: CarrierEvent) -> bool:
        match event:
            case LegsReported():
                self.told.append(event)
            case LegAnswered() if event.leg_id in self._customers:
                self._have_whims(event.leg_id)
            case LegsBridged():
                for leg_id in (event.customer_leg_id, event.agent_leg_id):
                    self._hold_at_times(leg_id)
            case _:
                pass
        return False

    def _hold_at_times(self, leg_id: str) -> None:
        draw, after = self._random, 0
        for back in (False, True) * draw.randrange(3):
            after += draw.choice([0, SECOND, 5 * SECOND])
            self._clock.call_at(self._clock.now() + after, partial(self.put_on_hold, leg_id, back=back))

    def _have_whims(self, leg_id: str) -> None:
        draw, after = self._random, 0
        for _ in range(draw.randrange(12)):
            after += draw.choice([0, SECOND // 2, 2 * SECOND, 7 * SECOND, 60 * SECOND])
            said = BeepHeard(leg_id) if draw.random() < 0.1 else KeyPressed(leg_id, draw.choice(KEYS))
            self._clock.call_at(self._clock.now() + after, partial(self.tell, said))
        leaves_at = self._clock.now() + (min(after, LISTENS) if draw.random() < 0.3 else LISTENS)
        self._clock.call_at(leaves_at, partial(self._leave, leg_id))

    def _leave(self, leg_id: str) -> None:
        if self.is_lost:
            self._clock.call_at(self._clock.now() + SECOND, partial(self._leave, leg_id))
        else:
            self.hang_up(HangUp(leg_id))

    def be_lost_at_times(self) -> None:
        """It cannot be reached for a while, again and again, as long as it is to be so."""
        draw = self._random

        def change() -> None:
            if self.is_lost:
                self.find(HOST)
            elif self.fails:
                self.fail(HOST)
            self.is_lost = not self.is_lost and self.fails
            after = draw.choice([SECOND, 4 * SECOND, 20 * SECOND] if self.is_lost else [2 * SECOND, 40 * SECOND])
            self._clock.call_at(self._clock.now() + after, change)

        self.fails = True
        self._clock.call_at(self._clock.now() + 3 * SECOND, change)


def fail_at_times(house: House, random: Random) -> None:
    """Of the commits some fail, before anything is written or when everything is: another engine takes over then."""
    commit = house.kept.commit

    async def carried_out(*given: Any) -> CommitResult:
        fails = random.random()
        if fails < 0.05:
            raise StoreUnavailableError
        result = await commit(*given)
        if fails < 0.1:
            raise StoreUnavailableError
        return result

    house.store.carry_out = carried_out


class Services:
    """Functions that answer when they like, what flows may look at or not, or never."""

    def __init__(self, house: House, random: Random) -> None:
        self._house = house
        self._random = random

    def ask(self, arn: str, question: Question, within: Duration, done: Done) -> None:
        answer = self._random.choice([None, {}, {"a": "x"}, {"a": {"b": "c"}}])
        after = self._random.choice([0, SECOND, 5 * SECOND, None])
        if after is not None:
            self._house.clock.call_at(self._house.clock.now() + after, lambda: done(answer))


async def dialed(
    content: str, seed: int, *, detects: bool, fails: bool, own: str | None = None, lost: bool = False
) -> list[Any]:
    """Campaigns run ``own``, which may lead to the flow with this content; None: that one itself."""
    house = House.in_memory()
    if fails:
        fail_at_times(house, Random(seed))
    house.functions = Services(house, Random(seed))
    ends = house.carrier = Whims(
        house.clock,
        world=PEOPLE,
        seed=seed,
        on_agent_done=lambda agent_id: house.agent_done(agent_id),
        random=Random(seed),
    )
    if lost:
        ends.be_lost_at_times()
    await house.open(agents=2, requests=0, detects=detects)
    flow_id = next(iter(house.directory.contact_flows))
    flows = [ContactFlow(flow_id, "Any", content=own or content), ContactFlow("other", "Other", content=content)]
    await house.kept.put_facts(house.instance_id, [*flows, Queue(UNSERVED, "Nobody's")])
    await house.put(REQUESTS)
    async with dialing(house, house.owner()):
        await house.until_all_ended(REQUESTS)
        house.store.carry_out = house.kept.commit
        ends.fails = False
        await asyncio.sleep(90)
        ends.report_legs(ReportLegs(QUESTION))
        await asyncio.sleep(1)
        (told,) = [each for each in ends.told if each.question == QUESTION]
        assert told.legs == (), "nobody is left on the line"
        return await house.records()


@settings(max_examples=25)
@given(documents(), st.integers(0, 1000), st.booleans(), st.booleans())
def test_whatever_a_flow_does_everybody_is_let_go_and_it_can_be_replayed(
    content: str, seed: int, detects: bool, fails: bool
) -> None:
    ends_and_replays(partial(dialed, content, seed, detects=detects, fails=fails))


@settings(max_examples=25)
@given(documents(), st.integers(0, 1000), st.sampled_from(["gone", UNSERVED]), st.booleans(), st.booleans())
def test_whatever_a_flow_beside_does_in_queues_whispers_and_holds_everybody_is_let_go(
    content: str, seed: int, queue: str, fails: bool, lost: bool
) -> None:
    own = beside(queue)
    assert not check(own).problems
    ends_and_replays(partial(dialed, saying_first(content), seed, detects=False, fails=fails, own=own, lost=lost))


def ends_and_replays(campaign: Callable[[], Coroutine[Any, Any, list[Any]]]) -> None:
    turns: dict[Engine, list[Turn]] = {}

    def kept(engine: Engine, events: Iterable[tuple[Event, Instant]], now: Instant) -> Decision:
        told = tuple(events)
        decision = turn(engine, told, now)
        of_engine = turns.setdefault(engine, [])
        of_engine.append(Turn(len(of_engine) + 1, told, now, decision))
        return decision

    turn = Engine.turn
    with pytest.MonkeyPatch.context() as patched, asyncio.Runner(loop_factory=VirtualLoop) as runner:
        patched.setattr(Engine, "turn", kept)
        records = runner.run(campaign())
    assert {record.state for record in records} == {ContactState.ENDED}
    assert len(records) == REQUESTS
    assert all(record.ended_at - record.attempted_at <= LONGEST for record in records)
    for engine, of_engine in turns.items():
        assert replay(of_engine, engine.config, pacer_for).difference is None


@pytest.mark.virtual_time
async def test_whoever_bears_a_flow_that_goes_round_is_let_go_after_three_hours() -> None:
    house = House.in_memory()
    await house.open(agents=0, requests=0, dialer=DialerConfig(DialerType.AGENTLESS))
    flow_id = next(iter(house.directory.contact_flows))
    waits = action("waits", "Wait", {"TimeLimitSeconds": "600"}, when={"WaitCompleted": "waits"}, errors={ERROR: "end"})
    await house.kept.put_facts(house.instance_id, [ContactFlow(flow_id, "Round", content=flow(waits))])
    house.carrier = Witness(house.clock, world=PATIENT, seed=1)
    await house.put(1)
    async with dialing(house, house.owner()):
        await house.until_all_ended(1)
        (record,) = await house.records()
    assert record.answered_at is not None
    assert 3 * HOUR <= record.ended_at - record.answered_at <= 3 * HOUR + MINUTE
