"""What every carrier must do with what is heard on a leg (``trunkcall.telephony.carrier``): prompts, music, keys, and
what is recorded. If these fail for an adapter, flows wait for ever for a message that is over, or play it twice; a
customer is left on hold; and nobody can say which talks were recorded.

Scenarios ask the far end for a behaviour and wait; they know no adapter.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.support import Behaviour, Line, agent_leg, answered, bridge, comes, ends, hang_up, in_session, told
from trunkcall.domain.instants import Instant
from trunkcall.domain.saying import Part, Saying, SpeechKind, plain
from trunkcall.engine.commands import (
    PlayTone,
    ReportLegs,
    StartRecording,
    StopPlaying,
    StopRecording,
)
from trunkcall.engine.events import (
    BeepHeard,
    CarrierFound,
    DetectionEnded,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegsBridged,
    LegsReported,
    LegsUnbridged,
    PlaybackEnded,
    PutOnHold,
    RecordingEnded,
    RecordingStarted,
    TakenOffHold,
)

TONE = ((880, 150),)
AT: Instant = 1_790_000_000_000_000
PROMPT = "Hello. This is a test, which takes some seconds to be said."


# --- prompts ----------------------------------------------------------------------------------------------------------


async def test_a_prompt_is_played_to_its_end(line: Line) -> None:
    await answered(line, "leg")
    line.carrier.play("leg", "play", plain(PROMPT))
    await line.wait(80)
    await comes(line, lambda: told(line, PlaybackEnded))
    assert told(line, PlaybackEnded) == [PlaybackEnded("leg", "play")]
    assert ends(line, "leg") == []


async def test_a_prompt_that_is_broken_off_is_over_and_not_told_twice(line: Line) -> None:
    await answered(line, "leg")
    line.carrier.play("leg", "play", plain(PROMPT))
    await line.wait(0.5)
    line.carrier.stop_playing(StopPlaying("leg", "another"))
    await line.wait(0.5)
    assert told(line, PlaybackEnded) == []
    line.carrier.stop_playing(StopPlaying("leg", "play"))
    await comes(line, lambda: told(line, PlaybackEnded))
    await line.wait(0.5)
    assert told(line, PlaybackEnded) == [PlaybackEnded("leg", "play", heard=False)], "nobody has heard all of it"
    line.carrier.stop_playing(StopPlaying("leg", "play"))
    await line.wait(80)
    assert len(told(line, PlaybackEnded)) == 1


async def test_prompts_are_played_one_after_the_other_and_each_ends_once(line: Line) -> None:
    await answered(line, "leg")
    for play_id in ("first", "left out", "last"):
        line.carrier.play("leg", play_id, plain(PROMPT))
    line.carrier.stop_playing(StopPlaying("leg", "left out"))
    await comes(line, lambda: told(line, PlaybackEnded))
    assert [each.play_id for each in told(line, PlaybackEnded)] == ["left out"]
    line.carrier.stop_playing(StopPlaying("leg", "first"))
    await comes(line, lambda: len(told(line, PlaybackEnded)) > 1)
    await line.wait(0.5)
    assert [each.play_id for each in told(line, PlaybackEnded)] == ["left out", "first"], "the last is heard now"
    await line.wait(80)
    await comes(line, lambda: len(told(line, PlaybackEnded)) > 2)
    assert [each.play_id for each in told(line, PlaybackEnded)] == ["left out", "first", "last"]


async def test_what_is_said_again_and_again_goes_on_until_it_is_stopped_and_ends_once(line: Line) -> None:
    await answered(line, "leg", Behaviour.ANSWERS_AND_IS_LEFT)
    line.carrier.play("leg", "music", replace(plain(PROMPT), again=True))
    line.carrier.play("leg", "next", plain(PROMPT))
    await line.wait(80)
    line.press("leg", "5")
    await comes(line, lambda: told(line, KeyPressed))
    line.carrier.report_legs(ReportLegs(1))
    await comes(line, lambda: told(line, LegsReported))
    assert told(line, PlaybackEnded) == []
    for _ in range(2):
        line.carrier.stop_playing(StopPlaying("leg", "music"))
    await comes(line, lambda: told(line, PlaybackEnded))
    assert told(line, PlaybackEnded) == [PlaybackEnded("leg", "music", heard=False)]
    await line.wait(80)
    await comes(line, lambda: len(told(line, PlaybackEnded)) > 1)
    assert told(line, PlaybackEnded)[1:] == [PlaybackEnded("leg", "next", heard=True)]


async def test_what_is_said_again_and_again_ends_with_its_leg(line: Line) -> None:
    await answered(line, "leg")
    line.carrier.play("leg", "music", replace(plain(PROMPT), again=True))
    await line.wait(0.5)
    hang_up(line, "leg")
    await comes(line, lambda: ends(line, "leg"))
    await line.wait(80)
    assert len(ends(line, "leg")) == 1
    assert told(line, PlaybackEnded) == []


async def test_parts_are_one_saying(line: Line) -> None:
    await answered(line, "leg", Behaviour.ANSWERS_AND_IS_LEFT)
    line.carrier.play("leg", "play", Saying(tuple(Part(SpeechKind.TEXT, each) for each in (PROMPT, PROMPT))))
    await line.wait(80)
    await comes(line, lambda: told(line, PlaybackEnded))
    assert told(line, PlaybackEnded) == [PlaybackEnded("leg", "play", heard=True)]


async def test_a_prompt_ends_with_its_leg(line: Line) -> None:
    await answered(line, "leg")
    line.carrier.play("leg", "play", plain(PROMPT))
    await line.wait(0.5)
    hang_up(line, "leg")
    await line.wait(80)
    await comes(line, lambda: ends(line, "leg"))
    assert len(ends(line, "leg")) == 1
    assert told(line, PlaybackEnded) == []


async def test_a_tone_is_over_by_itself_and_comes_after_what_is_played_already(line: Line) -> None:
    await answered(line, "leg")
    line.carrier.play("leg", "play", plain(PROMPT))
    line.carrier.play_tone(PlayTone("leg", "tone", TONE))
    await line.wait(0.5)
    assert told(line, PlaybackEnded) == []
    line.carrier.stop_playing(StopPlaying("leg", "play"))
    await comes(line, lambda: len(told(line, PlaybackEnded)) > 1)
    assert [each.play_id for each in told(line, PlaybackEnded)] == ["play", "tone"]
    assert ends(line, "leg") == []


async def test_an_agent_who_hears_something_is_joined_at_once_and_hears_a_tone(line: Line) -> None:
    await in_session(line)
    await answered(line, "customer")
    line.carrier.play("session", "play", plain(PROMPT))
    await line.wait(0.5)
    line.carrier.stop_playing(StopPlaying("session", "play"))
    bridge(line, "customer", "session")
    line.carrier.play_tone(PlayTone("session", "tone", TONE))
    await comes(line, lambda: told(line, LegsBridged) and len(told(line, PlaybackEnded)) > 1)
    assert told(line, LegsBridged) == [LegsBridged("customer", "session")]
    assert [each.play_id for each in told(line, PlaybackEnded)] == ["play", "tone"]


async def test_a_person_goes_before_what_is_said_and_what_comes_after_it_is_heard_in_the_talk(line: Line) -> None:
    await answered(line, "customer", Behaviour.ANSWERS_AND_IS_LEFT)
    line.carrier.play("customer", "music", replace(plain(PROMPT), again=True))
    line.carrier.originate_agent_leg(agent_leg("agent", "customer"))
    await comes(line, lambda: told(line, LegAnswered, "agent"))
    await line.wait(0.5)
    line.carrier.play("customer", "next", plain(PROMPT))
    bridge(line, "customer", "agent")
    await comes(line, lambda: told(line, LegsBridged) and told(line, PlaybackEnded))
    assert told(line, PlaybackEnded) == [PlaybackEnded("customer", "music", heard=False)]
    await line.wait(80)
    await comes(line, lambda: len(told(line, PlaybackEnded)) > 1)
    assert told(line, PlaybackEnded)[1:] == [PlaybackEnded("customer", "next", heard=True)]


async def test_a_prompt_to_nobody_does_no_harm(line: Line) -> None:
    line.carrier.play("stranger", "play", plain("Hello?"))
    line.carrier.stop_playing(StopPlaying("stranger", "play"))
    line.carrier.play_tone(PlayTone("stranger", "tone", TONE))
    await line.wait(80)
    assert told(line, LegEnded) == []
    assert told(line, PlaybackEnded) == []


# --- a hold -----------------------------------------------------------------------------------------------------------


async def talking(line: Line) -> None:
    await answered(line, "customer")
    line.carrier.originate_agent_leg(agent_leg("agent", "customer"))
    await comes(line, lambda: told(line, LegAnswered, "agent"))
    bridge(line, "customer", "agent")
    await comes(line, lambda: told(line, LegsBridged))


@pytest.mark.parametrize("party", ["customer", "agent"])
async def test_a_party_puts_the_other_on_hold_by_the_telephone_and_is_told_once(line: Line, party: str) -> None:
    await answered(line, "customer", Behaviour.ANSWERS_AND_IS_LEFT)
    line.carrier.originate_agent_leg(agent_leg("agent", "customer"))
    await comes(line, lambda: told(line, LegAnswered, "agent"))
    bridge(line, "customer", "agent")
    await comes(line, lambda: told(line, LegsBridged))
    for _ in range(2):
        line.put_on_hold(party)
        await comes(line, lambda: told(line, PutOnHold))
    assert told(line, PutOnHold) == [PutOnHold(party)]
    line.put_on_hold(party, back=True)
    await comes(line, lambda: told(line, TakenOffHold))
    assert told(line, TakenOffHold) == [TakenOffHold(party)]
    line.put_on_hold(party)
    await comes(line, lambda: len(told(line, PutOnHold)) == 2)
    assert told(line, LegsUnbridged) == []
    assert told(line, LegEnded) == []


@pytest.mark.parametrize("back", [False, True])
async def test_whoever_takes_over_is_told_which_telephones_have_put_somebody_on_hold(line: Line, back: bool) -> None:
    await in_session(line)
    line.put_on_hold("session")
    await comes(line, lambda: told(line, PutOnHold))
    if back:
        line.put_on_hold("session", back=True)
        await comes(line, lambda: told(line, TakenOffHold))
    await line.carrier.close()
    await line.start()
    (found,) = told(line, CarrierFound)
    assert [(leg.leg_id, leg.holds) for leg in found.legs] == [("session", not back)]


@pytest.mark.parametrize("party", ["customer", "agent"])
async def test_who_finds_a_talk_again_is_told_who_holds(line: Line, party: str) -> None:
    await answered(line, "customer", Behaviour.ANSWERS_AND_IS_LEFT)
    line.carrier.originate_agent_leg(agent_leg("agent", "customer"))
    await comes(line, lambda: told(line, LegAnswered, "agent"))
    bridge(line, "customer", "agent")
    await comes(line, lambda: told(line, LegsBridged))
    line.put_on_hold(party)
    await comes(line, lambda: told(line, PutOnHold))
    await line.start()
    await comes(line, lambda: told(line, CarrierFound))
    (found,) = told(line, CarrierFound)
    assert {leg.leg_id: leg.holds for leg in found.legs} == {"customer": party == "customer", "agent": party == "agent"}
    line.put_on_hold(party, back=True)
    await comes(line, lambda: told(line, TakenOffHold))
    assert told(line, TakenOffHold) == [TakenOffHold(party)]
    assert told(line, PutOnHold) == [], "it has not begun anew"


@pytest.mark.parametrize("party", ["customer", "agent"])
async def test_what_is_said_to_who_is_on_hold_ends_once_and_what_is_left_when_that_ends_can_be_broken_off(
    line: Line, party: str
) -> None:
    await answered(line, "customer", Behaviour.ANSWERS_AND_IS_LEFT)
    line.carrier.originate_agent_leg(agent_leg("agent", "customer"))
    await comes(line, lambda: told(line, LegAnswered, "agent"))
    bridge(line, "customer", "agent")
    await comes(line, lambda: told(line, LegsBridged))
    line.put_on_hold("agent" if party == "customer" else "customer")
    await comes(line, lambda: told(line, PutOnHold))
    line.carrier.play(party, "words", plain(PROMPT))
    line.carrier.play(party, "music", replace(plain(PROMPT), again=True))
    await line.wait(80)
    await comes(line, lambda: told(line, PlaybackEnded))
    assert told(line, PlaybackEnded) == [PlaybackEnded(party, "words", heard=True)]
    line.put_on_hold("agent" if party == "customer" else "customer", back=True)
    line.carrier.stop_playing(StopPlaying(party, "music"))
    await comes(line, lambda: told(line, TakenOffHold) and len(told(line, PlaybackEnded)) > 1)
    assert told(line, PlaybackEnded)[1:] == [PlaybackEnded(party, "music", heard=False)]
    assert told(line, LegsUnbridged) == []


async def test_an_agent_whose_telephone_is_on_hold_can_be_given_a_customer_and_comes_back(line: Line) -> None:
    await in_session(line)
    line.put_on_hold("session")
    await comes(line, lambda: told(line, PutOnHold))
    await answered(line, "customer", Behaviour.ANSWERS_AND_IS_LEFT)
    bridge(line, "customer", "session")
    await comes(line, lambda: told(line, LegsBridged))
    await line.wait(1)
    assert told(line, LegsBridged) == [LegsBridged("customer", "session")]
    assert told(line, TakenOffHold) == []
    line.put_on_hold("session", back=True)
    await comes(line, lambda: told(line, TakenOffHold))
    await line.wait(1)
    assert told(line, TakenOffHold) == [TakenOffHold("session")]
    line.carrier.report_legs(ReportLegs(1))
    await comes(line, lambda: told(line, LegsReported))
    (report,) = told(line, LegsReported)
    assert {leg.leg_id: leg.bridged_to for leg in report.legs} == {"customer": "session", "session": "customer"}


@pytest.mark.parametrize("who_leaves", ["customer", "agent"])
async def test_a_hold_ends_untold_with_a_leg(line: Line, who_leaves: str) -> None:
    await talking(line)
    line.put_on_hold("agent")
    await comes(line, lambda: told(line, PutOnHold))
    hang_up(line, who_leaves)
    await comes(line, lambda: ends(line, who_leaves))
    await line.wait(1)
    assert told(line, TakenOffHold) == []
    assert len(ends(line, who_leaves)) == 1


# --- keys, and machines' beeps ----------------------------------------------------------------------------------------


async def test_every_key_is_told_in_order_whoever_presses_it(line: Line) -> None:
    await talking(line)
    for leg_id, key in (("customer", "1"), ("customer", "1"), ("agent", "#"), ("customer", "*")):
        line.press(leg_id, key)
    await comes(line, lambda: len(told(line, KeyPressed)) > 3)
    await line.wait(1)
    pressed = [KeyPressed("customer", "1"), KeyPressed("customer", "1"), KeyPressed("customer", "*")]
    assert told(line, KeyPressed, "customer") == pressed
    assert told(line, KeyPressed, "agent") == [KeyPressed("agent", "#")]


async def test_a_key_during_a_prompt_does_not_end_it(line: Line) -> None:
    """Whether it does is the flow's to say."""
    await answered(line, "leg")
    line.carrier.play("leg", "play", plain(PROMPT))
    line.press("leg", "5")
    await comes(line, lambda: told(line, KeyPressed))
    assert told(line, KeyPressed) == [KeyPressed("leg", "5")]
    assert told(line, PlaybackEnded) == []


async def test_a_machine_that_is_not_waited_for_beeps_once_at_most_and_after_it_was_recognised(line: Line) -> None:
    """A carrier that cannot hear it says nothing."""
    line.dial(Behaviour.ANSWERS_AS_A_MACHINE, "leg", detect=True)
    await line.wait(90)
    await comes(line, lambda: told(line, DetectionEnded))
    beeps = told(line, BeepHeard, "leg")
    assert len(beeps) <= 1
    (detected,) = told(line, DetectionEnded, "leg")
    assert all(line.events.index(beep) > line.events.index(detected) for beep in beeps)


async def test_no_beep_is_listened_for_unasked(line: Line) -> None:
    await answered(line, "leg", Behaviour.ANSWERS_AS_A_MACHINE)
    await line.wait(90)
    assert told(line, BeepHeard) == []


# --- recordings -------------------------------------------------------------------------------------------------------


async def test_a_recording_runs_until_it_is_ended_and_is_told_once(line: Line) -> None:
    await talking(line)
    for _ in range(2):
        line.carrier.start_recording(StartRecording("customer", "recording", AT))
    line.carrier.start_recording(StartRecording("customer", "beside", AT))
    await comes(line, lambda: len(told(line, RecordingStarted)) > 1)
    await line.wait(1)
    began = {event.recording_id for event in told(line, RecordingStarted)}
    assert began == {"recording", "beside"}
    assert len(told(line, RecordingStarted)) == 2
    line.carrier.report_legs(ReportLegs(1))
    await comes(line, lambda: told(line, LegsReported))
    (report,) = told(line, LegsReported)
    assert {leg.leg_id: leg.recordings for leg in report.legs} in (
        {"customer": ("recording", "beside"), "agent": ()},
        {"customer": None, "agent": None},
    )
    for _ in range(2):
        line.carrier.stop_recording(StopRecording("recording"))
    await comes(line, lambda: told(line, RecordingEnded))
    await line.wait(1)
    assert told(line, RecordingEnded) == [RecordingEnded("recording")]
    assert told(line, LegEnded) == []


async def test_a_recording_ends_with_its_leg(line: Line) -> None:
    await talking(line)
    line.carrier.start_recording(StartRecording("customer", "recording", AT))
    await comes(line, lambda: told(line, RecordingStarted))
    hang_up(line, "agent")
    await comes(line, lambda: ends(line, "agent"))
    await line.wait(1)
    assert told(line, RecordingEnded) == [], "it is the customer's"
    hang_up(line, "customer")
    await comes(line, lambda: told(line, RecordingEnded))
    await line.wait(1)
    assert told(line, RecordingEnded) == [RecordingEnded("recording")]
    line.carrier.stop_recording(StopRecording("recording"))
    await line.wait(1)
    assert len(told(line, RecordingEnded)) == 1


async def test_what_was_never_recorded_cannot_be_ended(line: Line) -> None:
    await answered(line, "leg")
    line.carrier.stop_recording(StopRecording("never begun"))
    await line.wait(1)
    assert told(line, RecordingStarted) == []
    assert told(line, RecordingEnded) == []
