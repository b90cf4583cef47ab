"""What is particular to the simulated carrier: the people in it, and the journal. If these fail, the demo shows a call
centre that does not exist, or the crash tests lose their witness."""

from __future__ import annotations

import json
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from telephony.support import ManualClock, agent_leg, originate
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.saying import plain
from trunkcall.engine.commands import BridgeLegs, HangUp
from trunkcall.engine.events import (
    CarrierEvent,
    DetectionEnded,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegRang,
    OriginateVoided,
    PlaybackEnded,
)
from trunkcall.simulation.world import Fate, World, fate_of
from trunkcall.telephony.carrier import Destination
from trunkcall.telephony.journal import OriginateJournal
from trunkcall.telephony.simulated import SimulatedCarrier

HUMANS = World(human_ratio=1.0, machine_ratio=0.0, failure_ratio=0.0)
MACHINES = World(human_ratio=0.0, machine_ratio=1.0, failure_ratio=0.0)


@dataclass
class Scene:
    """One simulated carrier, started."""

    world: World
    journal: Path | None = None
    clock: ManualClock = field(default_factory=ManualClock)
    events: list[CarrierEvent] = field(default_factory=list)
    done: list[tuple[str, int]] = field(default_factory=list)

    async def open(self) -> SimulatedCarrier:
        carrier = SimulatedCarrier(
            self.clock,
            world=self.world,
            seed=1,
            on_agent_done=lambda agent_id: self.done.append((agent_id, self.clock.now())),
            journal_path=self.journal,
        )
        await carrier.start(self.events.append, token=1)
        return carrier

    def fate(self) -> Fate:
        return fate_of(self.world, 1, "token")


def to_somebody() -> Destination:
    return Destination("+12065550199", "token")


async def test_a_person_who_hears_nothing_hangs_up_when_patience_ends() -> None:
    scene = Scene(HUMANS)
    carrier = await scene.open()
    carrier.originate(originate("leg"), to_somebody())
    scene.clock.pass_time(scene.fate().ring / SECOND + 1.999)
    assert not any(isinstance(event, LegEnded) for event in scene.events)
    scene.clock.pass_time(0.002)
    assert scene.events[-1] == LegEnded("leg", HangupCause.NORMAL)


@pytest.mark.parametrize("agent_ends", [True, False])
async def test_a_talk_ends_after_its_time_and_the_agent_is_done_after_the_wrap_up(agent_ends: bool) -> None:
    scene = Scene(World(human_ratio=1.0, machine_ratio=0.0, agent_hangs_up_share=float(agent_ends)))
    carrier = await scene.open()
    carrier.originate(originate("customer"), to_somebody())
    scene.clock.pass_time(scene.fate().ring / SECOND)
    carrier.originate_agent_leg(agent_leg("agent", "customer"))
    carrier.bridge(BridgeLegs("customer", "agent"))
    scene.clock.pass_time(scene.fate().talk / SECOND)
    left, stays = ("agent", "customer") if agent_ends else ("customer", "agent")
    assert scene.events[-1] == LegEnded(left, HangupCause.NORMAL)
    carrier.hang_up(HangUp(stays))
    ended_at = scene.clock.now()
    scene.clock.pass_time(scene.fate().wrap / SECOND)
    assert scene.done == [("agent-1", ended_at + scene.fate().wrap)]


async def test_an_agent_whose_customer_left_before_they_were_joined_has_nothing_to_wrap_up() -> None:
    scene = Scene(HUMANS)
    carrier = await scene.open()
    carrier.originate(originate("customer"), to_somebody())
    scene.clock.pass_time(scene.fate().ring / SECOND)
    carrier.originate_agent_leg(agent_leg("agent", "customer"))
    carrier.hang_up(HangUp("customer"))
    carrier.hang_up(HangUp("agent"))
    scene.clock.pass_time(3600)
    assert scene.done == []


@pytest.mark.parametrize("await_prompt", [True, False])
async def test_a_machines_prompt_is_waited_for_only_when_asked(await_prompt: bool) -> None:
    scene = Scene(MACHINES)
    carrier = await scene.open()
    fate = scene.fate()
    carrier.originate(replace(originate("leg", detect=True), await_prompt=await_prompt), to_somebody())
    wait = fate.ring + fate.detection_time + (fate.prompt if await_prompt else 0)
    scene.clock.pass_time((wait - 1) / SECOND)
    assert not any(isinstance(event, DetectionEnded) for event in scene.events)
    scene.clock.pass_time(1 / SECOND)
    assert scene.events[-1] == DetectionEnded("leg", fate.detection)


async def test_a_phone_that_is_picked_up_before_it_was_heard_ringing_does_not_ring_afterwards() -> None:
    scene = Scene(World(human_ratio=1.0, machine_ratio=0.0, human_ring_range_s=(0.1, 0.1)))
    carrier = await scene.open()
    carrier.originate(originate("leg"), to_somebody())
    scene.clock.pass_time(1)
    assert LegAnswered("leg") in scene.events
    assert LegRang("leg") not in scene.events


async def test_the_same_token_meets_the_same_fate_again() -> None:
    first, second = Scene(HUMANS), Scene(HUMANS)
    for scene in (first, second):
        carrier = await scene.open()
        carrier.originate(originate("leg"), to_somebody())
        scene.clock.pass_time(60)
    assert first.events == second.events


async def test_every_originate_is_witnessed_repeats_too_and_the_journal_is_nobody_elses_to_read(tmp_path: Path) -> None:
    path = tmp_path / "originates"
    scene = Scene(HUMANS, journal=path)
    carrier = await scene.open()
    carrier.originate(originate("leg"), to_somebody())
    carrier.originate(originate("leg"), to_somebody())
    await carrier.close()
    carrier.originate(originate("late"), to_somebody())
    entry, again = [json.loads(line) for line in path.read_text().splitlines()]
    assert entry == again == {"at": scene.clock.now(), "contact_id": "contact of leg", "leg_id": "leg"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@contextmanager
def no_more_room_after(size: int) -> Iterator[None]:
    """Files of this process cannot grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_nobody_is_dialed_while_the_journal_cannot_be_written_and_the_contact_waits_again(tmp_path: Path) -> None:
    # A list would be used up for nothing, or people called of whom the witness knows nothing.
    path = tmp_path / "originates"
    scene = Scene(HUMANS, journal=path)
    carrier = await scene.open()
    carrier.originate(originate("first"), to_somebody())
    with no_more_room_after(path.stat().st_size + 20):
        carrier.originate(originate("second"), to_somebody())
        carrier.originate(originate("third"), to_somebody())
    carrier.originate(originate("fourth"), to_somebody())
    scene.clock.pass_time(60)
    await carrier.close()
    assert [json.loads(line)["leg_id"] for line in path.read_text().splitlines()] == ["first", "fourth"]
    assert [event for event in scene.events if isinstance(event, LegAnswered | OriginateVoided)] == [
        OriginateVoided("second"),
        OriginateVoided("third"),
        LegAnswered("first"),
        LegAnswered("fourth"),
    ]


def test_a_journal_goes_on_where_another_process_left_off_and_is_not_written_once_closed(tmp_path: Path) -> None:
    path = tmp_path / "originates"
    for number in range(2):
        journal = OriginateJournal(path)
        journal.open()
        journal.write(number, f"contact-{number}", f"leg-{number}")
        journal.close()
        journal.close()
    assert [json.loads(line)["at"] for line in path.read_text().splitlines()] == [0, 1]
    with pytest.raises(ValueError, match="closed"):
        journal.write(2, "contact-2", "leg-2")


async def test_a_prompt_takes_as_long_as_its_sound_once_it_is_known_which_there_are() -> None:
    scene = Scene(replace(HUMANS, patience_s=60.0))
    carrier = await scene.open()
    carrier.originate(originate("leg"), to_somebody())
    scene.clock.pass_time(29)

    def takes(play_id: str) -> tuple[float, bool]:
        carrier.play("leg", play_id, plain("prompt:closing"))
        for tenths in range(100):
            ended = [each for each in scene.events if isinstance(each, PlaybackEnded) and each.play_id == play_id]
            if ended:
                return tenths / 10, ended[0].heard
            scene.clock.pass_time(0.1)
        raise AssertionError("it has not ended")

    assert takes("unknown") == (5.0, True)
    prompt = Prompt("p1", "closing", "p1-1", octets=24_000)
    carrier.know(Directory.of(Instance("i", "instance", 0, onboarded=True), [prompt]))
    assert takes("known") == (3.0, True)
    carrier.know(Directory.of(Instance("i", "instance", 0, onboarded=True), [replace(prompt, name="another")]))
    assert takes("gone") == (0.0, False)


async def test_what_a_customer_presses_after_a_message_depends_on_seed_and_client_token_alone() -> None:
    async def pressed() -> list[str]:
        events: list[CarrierEvent] = []
        clock = ManualClock()
        carrier = SimulatedCarrier(
            clock, world=replace(HUMANS, patience_s=60.0), seed=1, customer_keys={"1": 0.4, "47#": 0.2}
        )
        await carrier.start(events.append, token=1)
        for number in range(30):
            carrier.originate(originate(f"leg-{number}"), Destination("+12065550199", f"token-{number}"))
        clock.pass_time(29)
        for number in range(30):
            carrier.play(f"leg-{number}", f"play-{number}", plain("x" * 15))
        clock.pass_time(10)
        return sorted(f"{each.leg_id} {each.key}" for each in events if isinstance(each, KeyPressed))

    keys = await pressed()
    assert keys == await pressed()
    assert {each.rpartition(" ")[2] for each in keys} == set("147#")
