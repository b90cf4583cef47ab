"""What customer and agent say over a real switch is in a file, on a track each. If these fail, a talk is not on record,
a card number is, or the switch fills up with channels that listened in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from telephony.asterisk.inside import inside
from telephony.asterisk.line import AGENTS, MANNERS, AsteriskLine
from telephony.asterisk.phone import loudness, tone
from telephony.asterisk.tapes import AT
from telephony.asterisk.test_sound import Sounds, is_rid_of_all
from telephony.asterisk.tones import seconds_of
from telephony.support import Behaviour, agent_leg, answered, bridge, ends, hang_up, told, until
from trunkcall.engine.commands import (
    ReportLegs,
    ResumeRecording,
    StartRecording,
    StopRecording,
    SuspendRecording,
)
from trunkcall.engine.events import (
    CarrierFound,
    LegAnswered,
    LegEnded,
    LegsBridged,
    LegsReported,
    PutOnHold,
    RecordingEnded,
    RecordingStarted,
)

pytestmark = inside

CUSTOMER, AGENT = 600, 1300
RATE = 8000
SAID_S = 2.0
FRAMES = 1600
"""A fifth of a second."""


@pytest_asyncio.fixture
async def line(tmp_path: Path) -> AsyncIterator[AsteriskLine]:
    """Whoever is called speaks a low tone, the agent a high one, for as long as they are on the line."""
    made = AsteriskLine(Sounds(tmp_path).speak)
    customer, agent = made.phones["answers_and_is_left"], made.phones[AGENTS[0]]
    customer.manner = replace(MANNERS[Behaviour.ANSWERS_AND_IS_LEFT], says=b"", goes_on=tone(CUSTOMER, 1.0))
    agent.manner = replace(agent.manner, says=b"", goes_on=tone(AGENT, 1.0))
    await made.sounds.start()
    await made.start()
    yield made
    await made.close()


async def talking(line: AsteriskLine, name: str = "leg") -> None:
    await answered(line, name, Behaviour.ANSWERS_AND_IS_LEFT)
    line.carrier.originate_agent_leg(agent_leg(f"agent-of-{name}", name))
    await until(lambda: told(line, LegAnswered, f"agent-of-{name}"))
    bridge(line, name, f"agent-of-{name}")
    await until(lambda: any(each.customer_leg_id == name for each in told(line, LegsBridged)))


async def recorded(line: AsteriskLine, name: str = "leg") -> str:
    recording_id = f"{name}.1"
    line.carrier.start_recording(StartRecording(name, recording_id, AT))
    await until(lambda: RecordingStarted(recording_id) in line.events)
    return recording_id


async def ended(line: AsteriskLine, recording_id: str) -> None:
    await until(lambda: RecordingEnded(recording_id) in line.events)


def loud(track: bytes, hertz: int) -> list[bool]:
    """Whether the tone is heard in each fifth of a second."""
    return [loudness(track[at : at + FRAMES], hertz) > 0.2 for at in range(0, len(track) - FRAMES + 1, FRAMES)]


async def long_enough(line: AsteriskLine, recording_id: str, seconds: float) -> None:
    """Until there are so many seconds in the file."""
    async with asyncio.timeout(30):
        while length(line, recording_id) < seconds * RATE:
            await asyncio.sleep(0.1)


def length(line: AsteriskLine, recording_id: str) -> int:
    return len(line.tapes.heard(recording_id)[0])


async def says(line: AsteriskLine, recording_id: str, *tones: int, since: int = 0) -> None:
    """Until two seconds of each of these tones, the customer's and the agent's, are on their track behind so many
    samples: of what a busy machine's phones have not said there is nothing to be had, and they go on."""
    async with asyncio.timeout(60):
        while True:
            left, right, _ = line.tapes.heard(recording_id)
            tracks = {CUSTOMER: left[since:], AGENT: right[since:]}
            if all(seconds_of(hertz, tracks[hertz]) >= SAID_S for hertz in tones):
                return
            await asyncio.sleep(0.1)


async def test_customer_and_agent_are_heard_on_a_track_each(line: AsteriskLine) -> None:
    await talking(line)
    recording_id = await recorded(line)
    await says(line, recording_id, CUSTOMER, AGENT)
    line.carrier.stop_recording(StopRecording(recording_id))
    await ended(line, recording_id)
    left, right, whole = line.tapes.heard(recording_id)
    assert whole
    assert len(left) == len(right)
    assert not any(loud(left, AGENT))
    assert not any(loud(right, CUSTOMER))
    assert ends(line, "leg") == [], "they talk on"
    await is_rid_of_all(line, but=frozenset({"leg", "agent-of-leg", "agent-of-leg.talk"}))


async def test_a_recording_ends_with_the_call_and_is_whole(line: AsteriskLine) -> None:
    await talking(line)
    recording_id = await recorded(line)
    await long_enough(line, recording_id, 1)
    hang_up(line, "leg")
    await until(lambda: told(line, LegEnded, "leg"))
    assert RecordingEnded(recording_id) in line.events
    async with asyncio.timeout(10):
        while not line.tapes.heard(recording_id)[2]:
            await asyncio.sleep(0.1)
    hang_up(line, "agent-of-leg")
    await is_rid_of_all(line)


async def test_what_is_said_while_it_is_suspended_is_silence_on_both_tracks(line: AsteriskLine) -> None:
    await talking(line)
    recording_id = await recorded(line)
    await says(line, recording_id, CUSTOMER, AGENT)
    line.carrier.suspend_recording(SuspendRecording(recording_id))
    # What was on its way is a second of sound at most.
    suspended = length(line, recording_id) + 2 * RATE
    await long_enough(line, recording_id, suspended / RATE + 2)
    resumed = length(line, recording_id)
    line.carrier.resume_recording(ResumeRecording(recording_id))
    await says(line, recording_id, CUSTOMER, AGENT, since=resumed)
    line.carrier.stop_recording(StopRecording(recording_id))
    await ended(line, recording_id)
    left, right, _ = line.tapes.heard(recording_id)
    assert set(left[suspended:resumed]) == set(right[suspended:resumed]) == {0xFF}


async def test_nothing_is_heard_of_what_is_suspended_before_it_has_begun(line: AsteriskLine) -> None:
    await talking(line)
    recording_id = "leg.1"
    line.carrier.start_recording(StartRecording("leg", recording_id, AT))
    line.carrier.suspend_recording(SuspendRecording(recording_id))
    await until(lambda: RecordingStarted(recording_id) in line.events)
    await long_enough(line, recording_id, 2)
    left, right, _ = line.tapes.heard(recording_id)
    assert set(left) | set(right) == {0xFF}
    line.carrier.stop_recording(StopRecording(recording_id))
    await ended(line, recording_id)


async def test_whoever_is_on_hold_is_recorded_on(line: AsteriskLine) -> None:
    await talking(line)
    recording_id = await recorded(line)
    line.put_on_hold("agent-of-leg")
    await until(lambda: told(line, PutOnHold, "agent-of-leg"))
    held = length(line, recording_id) + 2 * RATE
    await says(line, recording_id, CUSTOMER, since=held)
    assert not any(loud(line.tapes.heard(recording_id)[1][held:], AGENT)), "whom nobody hears meanwhile"
    assert ends(line, "leg") == []


async def test_when_the_sound_process_dies_what_was_recorded_is_kept_and_a_new_part_can_be_made(
    line: AsteriskLine,
) -> None:
    await talking(line)
    recording_id = await recorded(line)
    await long_enough(line, recording_id, 2)
    await line.sounds.dies()
    await ended(line, recording_id)
    left, right, whole = line.tapes.heard(recording_id)
    assert not whole
    assert len(left) == len(right) >= 2 * RATE
    assert ends(line, "leg") == [], "they talk on"
    line.carrier.start_recording(StartRecording("leg", "leg.2", AT))
    await until(lambda: RecordingStarted("leg.2") in line.events)
    await says(line, "leg.2", CUSTOMER, AGENT)


async def test_whoever_finds_a_talk_again_is_told_what_is_recorded_of_it(line: AsteriskLine) -> None:
    await talking(line)
    first = await recorded(line)
    await line.carrier.close()
    await line.start()
    await until(lambda: any(isinstance(each, CarrierFound) for each in line.events))
    (found,) = (each for each in line.events if isinstance(each, CarrierFound))
    assert {leg.leg_id: leg.recordings for leg in found.legs} == {"leg": (), "agent-of-leg": ()}, f"{first} is over"

    line.carrier.start_recording(StartRecording("leg", "leg.2", AT))
    line.carrier.report_legs(ReportLegs(1))
    await until(lambda: RecordingStarted("leg.2") in line.events)
    line.carrier.report_legs(ReportLegs(2))
    await until(lambda: any(isinstance(each, LegsReported) and each.question == 2 for each in line.events))
    reports = [each for each in line.events if isinstance(each, LegsReported)]
    told = [leg.recordings for report in reports for leg in report.legs if leg.leg_id == "leg"]
    assert told == [("leg.2",), ("leg.2",)], "what is about to begin is not begun a second time"
