"""What agents hear on the telephone beside talks. If these fail, whoever works by keys alone does not know what has
become of them, or a customer waits for the end of a message that is for the agent."""

from __future__ import annotations

from engine.floor import Floor
from engine.sessions import on_the_line, talking
from engine.support import SALES
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.confirmations import NOTHING_RECORDED, RECORDED_AGAIN, TONES, Confirmation, Told
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.tones import Tone
from trunkcall.engine.commands import BridgeLegs, Confirm, HangUp, OriginateSessionLeg, PlayTone, StopPlaying
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import LegEnded, LegsBridged, PlaybackEnded

TONE = ((880, 150),)
TELLS = EngineConfig(confirms=True, answer_tone=TONE)


def told(floor: Floor) -> list[Told]:
    return [each.told for each in floor.asked(Confirm)]


def is_told(floor: Floor, confirmation: Confirmation) -> str:
    """What is told last is this: the id of its play."""
    last = floor.asked(Confirm)[-1]
    assert last.told.confirmation is confirmation
    return last.play_id


# --- a live answer ----------------------------------------------------------------------------------------------------


def test_an_agent_in_a_session_hears_a_tone_as_a_live_answer_is_joined() -> None:
    floor, customer, session = talking(TELLS)
    (tone,) = floor.asked(PlayTone)
    assert (tone.leg_id, tone.tone) == (session, TONE)
    at = floor.log.index(BridgeLegs(customer, session))
    assert floor.log.index(tone) > at, "nobody waits for it"


def test_an_agent_whose_phone_rings_for_each_contact_hears_none() -> None:
    floor = Floor(agents=1, config=TELLS)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.agent_picks_up("spring-1")
    assert floor.asked(PlayTone) == []


def test_what_an_agent_is_told_is_broken_off_for_a_live_answer() -> None:
    floor = on_the_line("ann", requests=1, config=TELLS)
    play = is_told(floor, Confirmation.AVAILABLE)
    floor.answers("spring-1")
    session = floor.session("ann")
    stopped, joined = StopPlaying(session, play), BridgeLegs(floor.leg("spring-1"), session)
    assert floor.log.index(stopped) < floor.log.index(joined)


def test_what_an_agent_has_heard_is_not_broken_off() -> None:
    floor = on_the_line("ann", requests=1, config=TELLS)
    floor.tell(PlaybackEnded(floor.session("ann"), is_told(floor, Confirmation.AVAILABLE)))
    floor.answers("spring-1")
    assert floor.asked(StopPlaying) == []


# --- what the agent is now --------------------------------------------------------------------------------------------


def test_an_agent_is_told_of_each_status_and_of_the_work_after_a_contact() -> None:
    floor = Floor(config=TELLS)
    floor.agent("ann", persistent=True)
    floor.session_comes_up("ann")
    floor.serves("ann", SALES, work_limit=180 * SECOND, persistent=True)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.agent_picks_up("spring-1")
    floor.hangs_up("spring-1")
    floor.presses(floor.session("ann"), "*2")
    floor.presses(floor.session("ann"), "*1")
    assert told(floor) == [
        Told(Confirmation.AVAILABLE),
        Told(Confirmation.WORK, work_s=180),
        Told(Confirmation.BREAK),
        Told(Confirmation.AVAILABLE),
    ]


def test_the_end_of_the_time_for_the_work_is_told() -> None:
    floor, _, session = talking(TELLS)
    floor.serves("ann", SALES, work_limit=180 * SECOND, persistent=True)
    floor.presses(session, "**")
    floor.wait(181)
    assert is_told(floor, Confirmation.AVAILABLE)


def test_nothing_is_told_in_a_talk() -> None:
    floor, _, session = talking(TELLS)
    before = told(floor)
    floor.presses(session, "*2")
    floor.presses(session, "*0")
    floor.presses(session, "5")
    assert told(floor) == before


def test_nothing_is_told_while_a_customer_is_being_joined() -> None:
    floor = on_the_line("ann", requests=1, config=TELLS)
    floor.answers("spring-1")
    before = told(floor)
    floor.presses(floor.session("ann"), "**")
    floor.presses(floor.session("ann"), "*5")
    assert told(floor) == before, "neither is possible yet, and the customer is there"


def test_whoever_goes_home_hears_so_before_the_line_is_dropped() -> None:
    floor = on_the_line("ann", config=TELLS)
    session = floor.session("ann")
    floor.presses(session, "*0")
    play = is_told(floor, Confirmation.LOGGED_OUT)
    assert HangUp(session) not in floor.log
    floor.tell(PlaybackEnded(session, play))
    assert HangUp(session) in floor.log


def test_the_line_is_dropped_where_nobody_says_that_the_word_was_heard() -> None:
    floor = on_the_line("ann", config=TELLS)
    session = floor.session("ann")
    floor.presses(session, "*0")
    floor.wait(10)
    assert HangUp(session) in floor.log


def test_whoever_goes_home_and_comes_back_at_once_keeps_the_session() -> None:
    floor = on_the_line("ann", config=TELLS)
    session = floor.session("ann")
    floor.presses(session, "*0")
    floor.sets("ann", AgentStatus.AVAILABLE)
    floor.wait(60)
    assert HangUp(session) not in floor.log
    assert floor.state_of("ann") is AgentState.AVAILABLE


def test_nobody_is_told_of_being_offline_who_has_not_said_a_word_to_a_new_dialer() -> None:
    floor = on_the_line("ann", config=TELLS)
    session = floor.session("ann")
    floor.sets("ann", AgentStatus.OFFLINE)
    before = len(floor.log)
    floor.session_comes_up("ann")
    assert [each for each in floor.log[before:] if isinstance(each, Confirm)] == []
    assert floor.session("ann") == session


# --- what is recorded of a talk ---------------------------------------------------------------------------------------


def in_a_talk(*, records: bool, config: EngineConfig = TELLS) -> tuple[Floor, str]:
    floor = on_the_line("ann", config=config)
    floor.campaign(records=records, requests=1)
    floor.answers("spring-1")
    session = floor.session("ann")
    floor.tell(LegsBridged(floor.leg("spring-1"), session))
    return floor, session


def hears_of(floor: Floor, keys: str) -> list[tuple[str, Tone]]:
    """On which leg which tones are heard as the agent presses these."""
    before = len(floor.asked(PlayTone))
    floor.presses(floor.session("ann"), keys)
    return [(each.leg_id, each.tone) for each in floor.asked(PlayTone)[before:]]


def test_an_agent_hears_in_the_talk_that_nothing_is_recorded_any_more_and_that_it_is_again() -> None:
    floor, session = in_a_talk(records=True)
    assert hears_of(floor, "*4") == [(session, NOTHING_RECORDED)]
    assert hears_of(floor, "*4") == [(session, NOTHING_RECORDED)], "whoever is not sure asks again"
    assert hears_of(floor, "*5") == [(session, RECORDED_AGAIN)]
    assert hears_of(floor, "*5") == [(session, RECORDED_AGAIN)]
    assert len({each.play_id for each in floor.asked(PlayTone)}) == len(floor.asked(PlayTone))


def test_of_a_talk_that_is_not_recorded_an_agent_hears_that_nothing_is() -> None:
    floor, session = in_a_talk(records=False)
    assert hears_of(floor, "*4") == [(session, NOTHING_RECORDED)]
    assert hears_of(floor, "*5") == [(session, TONES[Confirmation.NOT_POSSIBLE])]


def test_an_agent_whose_phone_rings_for_each_contact_hears_it_too() -> None:
    floor = Floor(agents=1, config=TELLS)
    floor.campaign(records=True, requests=1)
    floor.answers("spring-1")
    floor.agent_picks_up("spring-1")
    floor.presses(floor.agent_leg("spring-1"), "*4")
    assert [(each.leg_id, each.tone) for each in floor.asked(PlayTone)] == [
        (floor.agent_leg("spring-1"), NOTHING_RECORDED)
    ]


def test_where_confirmations_are_off_nothing_is_heard_of_it() -> None:
    floor, _ = in_a_talk(records=True, config=EngineConfig())
    assert hears_of(floor, "*4*5") == []


def test_what_an_agent_hears_by_tones_can_be_told_apart() -> None:
    heard = [*TONES.values(), NOTHING_RECORDED, RECORDED_AGAIN]
    assert len(set(heard)) == len(heard)


# --- what has become of keys ------------------------------------------------------------------------------------------


def test_what_was_noted_of_a_contact_is_told() -> None:
    floor, _, session = talking(TELLS)
    floor.presses(session, "**7")
    assert told(floor)[-1] == Told(Confirmation.NOTED, disposition="7")


def test_what_is_not_possible_is_told() -> None:
    floor = on_the_line("ann", config=TELLS)
    floor.presses(floor.session("ann"), "**")
    assert is_told(floor, Confirmation.NOT_POSSIBLE)


def test_a_status_that_is_chosen_again_is_told_again() -> None:
    floor = on_the_line("ann", config=TELLS)
    floor.presses(floor.session("ann"), "*1")
    assert told(floor) == [Told(Confirmation.AVAILABLE)] * 2


def test_the_latest_alone_is_heard() -> None:
    floor, _, session = talking(TELLS)
    floor.presses(session, "**7")
    noted = is_told(floor, Confirmation.NOTED)
    floor.presses(session, "#")
    assert is_told(floor, Confirmation.AVAILABLE)
    assert floor.asked(StopPlaying)[-1] == StopPlaying(session, noted)


def test_who_is_rung_anew_hears_what_there_is_to_be_heard() -> None:
    floor = on_the_line("ann", config=TELLS)
    floor.tell(LegEnded(floor.session("ann"), HangupCause.FAILED))
    floor.wait(1)
    assert len(floor.asked(OriginateSessionLeg)) == 2
    floor.session_comes_up("ann")
    assert told(floor) == [Told(Confirmation.AVAILABLE)] * 2


def test_an_installation_may_have_none_of_it() -> None:
    floor, _, session = talking()
    floor.presses(session, "**7#*2*0")
    assert floor.asked(Confirm) == []
    assert floor.asked(PlayTone) == []
    assert HangUp(session) in floor.log
