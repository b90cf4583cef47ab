"""The phones that the server's simulated carrier and simulated shifts share. If these fail, the demo shows a contact
centre that ``simulate`` does not promise, and either breaks the contract that the engine is built on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.contract import breaches
from telephony.support import ManualClock
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import SECOND, Duration, seconds
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.domain.saying import Saying, plain
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    Originate,
    OriginateAgentLeg,
    OriginateSessionLeg,
    StopPlaying,
    UnbridgeLegs,
)
from trunkcall.engine.events import (
    BeepHeard,
    DetectionEnded,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsUnbridged,
    PlaybackEnded,
)
from trunkcall.simulation.legs import LegDeed, SimulatedLeg
from trunkcall.simulation.phones import RINGS_AFTER, Phones
from trunkcall.simulation.world import Fate, Outcome, World, fate_of
from trunkcall.telephony.carrier import Destination
from trunkcall.telephony.simulated import SimulatedCarrier

RING_TIMEOUT: Duration = 30 * SECOND


def fate(outcome: Outcome = Outcome.HUMAN, **changes: Any) -> Fate:
    """Answers after 12 s, is recognised at once, talks for a minute; half a minute's work comes after it."""
    values: dict[str, Any] = {
        "ring": 12 * SECOND,
        "detection": DetectionStatus.HUMAN_ANSWERED,
        "detection_time": 0,
        "prompt": 0,
        "patience": 2 * SECOND,
        "talk": 60 * SECOND,
        "wrap": 30 * SECOND,
        "agent_hangs_up": False,
    }
    return Fate(outcome, **values | changes)


MACHINE = {
    "detection": DetectionStatus.VOICEMAIL_BEEP, "detection_time": 2 * SECOND, "prompt": 10 * SECOND
}  # fmt: skip


class Stage:
    """Phones on a clock in the test's hands, and all that was heard of them: seconds since the beginning, and what."""

    def __init__(self, late: Callable[[], Duration] = lambda: 0, chances: Mapping[str, float] | None = None) -> None:
        self.clock = ManualClock()
        self._began_at = self.clock.now()
        self._late = late
        self.heard: list[tuple[float, Any]] = []
        self.phones = Phones(
            tell=self._hear,
            later=self._later,
            reported_later=lambda after, deed, leg: self._later(after + self._late(), deed, leg),
            agent_done=lambda agent_id: self._hear(("done", agent_id)),
            customer_keys=chances or {},
        )

    def _hear(self, what: object) -> None:
        self.heard.append(((self.clock.now() - self._began_at) / SECOND, what))

    def _later(self, after: Duration, deed: LegDeed, leg: SimulatedLeg) -> None:
        self.clock.call_at(self.clock.now() + after, lambda: deed(leg))

    def dial(
        self,
        fate: Fate,
        leg_id: str = "customer",
        *,
        detect: bool = False,
        prompt: bool = False,
        congested: bool = False,
    ) -> None:
        command = Originate(
            leg_id, f"contact of {leg_id}", "campaign", RING_TIMEOUT, detect, prompt, "default", "local", None
        )
        self.phones.originate(command, fate, congested=congested)

    def connect(self, agent_id: str = "anna", leg_id: str = "agent", customer: str = "customer") -> None:
        self.phones.originate_agent_leg(OriginateAgentLeg(leg_id, agent_id, customer, 20 * SECOND))
        self.phones.bridge(BridgeLegs(customer, leg_id))

    def wait(self, until_s: float) -> None:
        """Until so long after the beginning, all that is due then included."""
        self.clock.pass_time(until_s - (self.clock.now() - self._began_at) / SECOND)


# --- customers --------------------------------------------------------------------------------------------------------


def test_a_person_rings_answers_is_recognised_and_hangs_up_on_silence() -> None:
    stage = Stage()
    stage.dial(fate(detection_time=SECOND), detect=True)
    stage.wait(60)
    assert stage.heard == [
        (0.5, LegRang("customer")),
        (12, LegAnswered("customer")),
        (13, DetectionEnded("customer", DetectionStatus.HUMAN_ANSWERED)),
        (14, LegEnded("customer", HangupCause.NORMAL)),
    ]


def test_who_is_recognised_at_once_is_so_before_losing_patience() -> None:
    stage = Stage()
    stage.dial(fate(patience=0), detect=True)
    stage.wait(60)
    assert [type(what) for _, what in stage.heard] == [LegRang, LegAnswered, DetectionEnded, LegEnded]


@pytest.mark.parametrize(("prompt", "at_s"), [(False, 14), (True, 24)])
def test_a_machine_stays_and_its_prompt_is_waited_for_only_where_that_is_asked_for(prompt: bool, at_s: float) -> None:
    stage = Stage()
    stage.dial(fate(Outcome.MACHINE, **MACHINE), detect=True, prompt=prompt)
    stage.wait(600)
    assert stage.heard[2] == (at_s, DetectionEnded("customer", DetectionStatus.VOICEMAIL_BEEP))


def test_a_beep_is_heard_at_the_end_of_the_prompt_where_detection_has_not_waited_for_it() -> None:
    stage = Stage()
    stage.dial(fate(Outcome.MACHINE, **MACHINE), "beeps", detect=True)
    stage.dial(fate(Outcome.MACHINE, **MACHINE), "waited for", detect=True, prompt=True)
    silent = {**MACHINE, "detection": DetectionStatus.VOICEMAIL_NO_BEEP}
    stage.dial(fate(Outcome.MACHINE, **silent), "silent", detect=True)
    stage.wait(600)
    assert [(at_s, what) for at_s, what in stage.heard if isinstance(what, BeepHeard)] == [(24, BeepHeard("beeps"))]


def test_without_detection_nobody_says_who_has_answered() -> None:
    stage = Stage()
    stage.dial(fate(Outcome.MACHINE, **MACHINE), detect=False, prompt=True)
    stage.wait(600)
    assert stage.heard == [(0.5, LegRang("customer")), (12, LegAnswered("customer"))]


@pytest.mark.parametrize(
    ("meets", "end", "rings"),
    [
        (fate(Outcome.BUSY, ring=3 * SECOND), (3, HangupCause.BUSY), False),
        (fate(Outcome.INVALID, ring=3 * SECOND), (3, HangupCause.INVALID_NUMBER), False),
        (fate(Outcome.NO_ANSWER, ring=28 * SECOND), (28, HangupCause.NO_ANSWER), True),
        (fate(Outcome.NO_ANSWER, ring=31 * SECOND), (30.5, HangupCause.RING_TIMEOUT), True),
        (fate(ring=31 * SECOND), (30.5, HangupCause.RING_TIMEOUT), True),
    ],
)
def test_whoever_does_not_answer_in_time_is_told_by_why(
    meets: Fate, end: tuple[float, HangupCause], rings: bool
) -> None:
    stage = Stage()
    stage.dial(meets)
    stage.wait(60)
    at_s, cause = end
    assert stage.heard[-1] == (at_s, LegEnded("customer", cause))
    assert stage.heard[:-1] == ([(0.5, LegRang("customer"))] if rings else [])


def test_who_answers_at_the_last_instant_has_answered() -> None:
    """A phone may ring for as long as was asked for, from its first ringing."""
    stage = Stage()
    stage.dial(fate(ring=RINGS_AFTER + RING_TIMEOUT))
    stage.wait(30.5)
    assert stage.heard[-1] == (30.5, LegAnswered("customer"))


def test_where_the_network_has_no_circuit_nothing_rings() -> None:
    stage = Stage()
    stage.dial(fate(), congested=True)
    stage.wait(60)
    assert stage.heard == [(0.5, LegEnded("customer", HangupCause.CONGESTION))]


def test_a_late_network_reports_late_and_patience_begins_with_its_report() -> None:
    stage = Stage(late=lambda: 3 * SECOND)
    stage.dial(fate(), detect=True)
    stage.dial(fate(Outcome.BUSY, ring=SECOND), "other")
    stage.wait(60)
    assert [at_s for at_s, what in stage.heard if not isinstance(what, LegRang)] == [4, 15, 15, 17]


# --- talks and messages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent_hangs_up", "leaves", "stays"), [(True, "agent", "customer"), (False, "customer", "agent")]
)
def test_a_talk_lasts_and_one_of_the_two_ends_it(agent_hangs_up: bool, leaves: str, stays: str) -> None:
    stage = Stage()
    stage.dial(fate(agent_hangs_up=agent_hangs_up))
    stage.wait(13)
    stage.connect()
    stage.wait(600)
    assert stage.heard[2:] == [
        (13, LegAnswered("agent")),
        (13, LegsBridged("customer", "agent")),
        (73, LegEnded(leaves, HangupCause.NORMAL)),
        *([(103, ("done", "anna"))] if agent_hangs_up else []),
    ]
    assert [leg.leg_id for leg in stage.phones.live()] == [stays]


def test_a_message_keeps_a_person_on_the_line_and_ends_by_its_length() -> None:
    stage = Stage()
    stage.dial(fate())
    stage.wait(13)
    stage.phones.play("customer", "play", plain("x" * 150))
    assert [leg.playing for leg in stage.phones.live()] == [True]
    stage.wait(600)
    assert stage.heard[2:] == [(23, PlaybackEnded("customer", "play"))]
    assert stage.phones.live() == (LiveLeg("customer", LegState.UP, playing=False, holds=False, recordings=()),)


def test_nobody_can_be_joined_who_is_not_there_yet_or_talks_already() -> None:
    stage = Stage()
    stage.dial(fate())
    stage.wait(1)
    stage.connect(leg_id="early")
    stage.wait(13)
    stage.connect()
    stage.connect("bert", "second")
    assert [what for _, what in stage.heard if isinstance(what, LegsBridged)] == [LegsBridged("customer", "agent")]


def test_an_agent_who_is_rung_for_somebody_gone_is_told_so() -> None:
    stage = Stage()
    stage.connect()
    assert stage.heard == [(0, LegEnded("agent", HangupCause.UNREACHABLE))]


# --- the work after a contact -----------------------------------------------------------------------------------------


def test_an_agent_is_busy_from_the_first_word_to_the_end_of_the_work_afterwards() -> None:
    stage = Stage()
    stage.dial(fate())
    stage.wait(13)
    stage.phones.originate_agent_leg(OriginateAgentLeg("agent", "anna", "customer", 20 * SECOND))
    assert not stage.phones.busy_agents
    stage.phones.bridge(BridgeLegs("customer", "agent"))
    assert set(stage.phones.busy_agents) == {"anna"}
    stage.phones.hang_up(HangUp("agent"))
    stage.wait(42.9)
    assert set(stage.phones.busy_agents) == {"anna"}
    stage.wait(43)
    assert stage.heard[-1] == (43, ("done", "anna"))
    assert not stage.phones.busy_agents


def test_an_agent_who_was_never_joined_has_nothing_to_work_on() -> None:
    stage = Stage()
    stage.dial(fate())
    stage.wait(13)
    stage.phones.originate_agent_leg(OriginateAgentLeg("agent", "anna", "customer", 20 * SECOND))
    stage.phones.hang_up(HangUp("agent"))
    assert not stage.phones.busy_agents
    stage.wait(600)
    assert ("done", "anna") not in [what for _, what in stage.heard]


@pytest.mark.parametrize("joined", [True, False])
def test_work_that_a_break_has_cut_does_not_end_in_the_middle_of_the_next_contact(joined: bool) -> None:
    stage = Stage()
    for leg_id in ("customer", "next"):
        stage.dial(fate(talk=100 * SECOND), leg_id)
    stage.wait(12)
    stage.connect()
    stage.phones.hang_up(HangUp("agent"))
    stage.wait(13)
    stage.phones.originate_agent_leg(OriginateAgentLeg("again", "anna", "next", 20 * SECOND))
    assert not stage.phones.busy_agents, "whoever is rung has left the work behind"
    if joined:
        stage.phones.bridge(BridgeLegs("next", "again"))
    stage.wait(600)
    stage.phones.hang_up(HangUp("again"))
    stage.wait(1000)
    done = [(at_s, what) for at_s, what in stage.heard if isinstance(what, tuple)]
    assert done == ([(630, ("done", "anna"))] if joined else [])


# --- sessions ---------------------------------------------------------------------------------------------------------


def begin_session(stage: Stage, *, drops_after: Duration | None = None) -> None:
    stage.phones.originate_session_leg(
        OriginateSessionLeg("session", "anna", "local", 20 * SECOND), drops_after=drops_after
    )


@pytest.mark.parametrize("agent_hangs_up", [True, False])
def test_in_a_session_the_work_begins_with_the_end_of_the_contact(agent_hangs_up: bool) -> None:
    stage = Stage()
    begin_session(stage)
    assert not stage.phones.busy_agents
    stage.dial(fate(agent_hangs_up=agent_hangs_up))
    stage.wait(13)
    stage.phones.bridge(BridgeLegs("customer", "session"))
    assert set(stage.phones.busy_agents) == {"anna"}
    stage.wait(600)
    over = LegsUnbridged("customer", "session") if agent_hangs_up else LegEnded("customer", HangupCause.NORMAL)
    assert stage.heard[-2:] == [(73, over), (103, ("done", "anna"))]
    assert not stage.phones.busy_agents
    assert "session" in [leg.leg_id for leg in stage.phones.live()]


def test_work_that_the_next_contact_of_a_session_has_cut_does_not_end_in_the_middle_of_it() -> None:
    stage = Stage()
    begin_session(stage)
    for leg_id in ("customer", "next"):
        stage.dial(fate(talk=100 * SECOND), leg_id)
    stage.wait(12)
    stage.phones.bridge(BridgeLegs("customer", "session"))
    stage.phones.hang_up(HangUp("customer"))
    stage.wait(13)
    stage.phones.bridge(BridgeLegs("next", "session"))
    stage.wait(100)
    assert set(stage.phones.busy_agents) == {"anna"}
    stage.wait(1000)
    done = [(at_s, what) for at_s, what in stage.heard if isinstance(what, tuple)]
    assert done == [(143, ("done", "anna"))]


def test_a_talk_that_was_parted_is_not_parted_again_when_it_would_have_been_over() -> None:
    stage = Stage()
    begin_session(stage)
    for leg_id in ("customer", "next"):
        stage.dial(fate(talk=100 * SECOND, agent_hangs_up=True), leg_id)
    stage.wait(12)
    stage.phones.bridge(BridgeLegs("customer", "session"))
    stage.phones.unbridge(UnbridgeLegs("customer", "session"))
    stage.wait(13)
    stage.phones.bridge(BridgeLegs("next", "session"))
    stage.wait(600)
    parted = [(at_s, what) for at_s, what in stage.heard if isinstance(what, LegsUnbridged)]
    assert parted == [(12, LegsUnbridged("customer", "session")), (113, LegsUnbridged("next", "session"))]


def test_a_session_that_the_network_loses_ends_whatever_the_agent_does() -> None:
    stage = Stage()
    begin_session(stage, drops_after=20 * SECOND)
    stage.dial(fate())
    stage.wait(13)
    stage.phones.bridge(BridgeLegs("customer", "session"))
    stage.wait(60)
    assert stage.heard[-2:] == [(20, LegEnded("session", HangupCause.FAILED)), (50, ("done", "anna"))]
    assert [leg.bridged_to for leg in stage.phones.live()] == [None], "the customer is there yet, and alone"


# --- the contract -----------------------------------------------------------------------------------------------------

WORLD = World(
    human_ratio=0.6, machine_ratio=0.2, failure_ratio=0.1, human_ring_range_s=(0.1, 40.0), human_ring_shape=1.0,
    human_ring_scale_s=2.0, machine_ring_mean_s=2.0, machine_ring_range_s=(0.0, 40.0), no_answer_s=31.0,
    human_detection_s=1.0, patience_s=5.0, talk_mean_s=5.0, wrap_mean_s=5.0,
)  # fmt: skip
SEED = 1


class Dialed(Protocol):
    """What can be dialed by a test that knows a carrier's deeds."""

    def originate(self, command: Originate, destination: Destination) -> None: ...
    def originate_agent_leg(self, command: OriginateAgentLeg) -> None: ...
    def originate_session_leg(self, command: OriginateSessionLeg) -> None: ...
    def bridge(self, command: BridgeLegs) -> None: ...
    def unbridge(self, command: UnbridgeLegs) -> None: ...
    def play(self, leg_id: str, play_id: str, saying: Saying) -> None: ...
    def stop_playing(self, command: StopPlaying) -> None: ...
    def hang_up(self, command: HangUp) -> None: ...


class LatePhones:
    """The phones themselves, behind a network that is late by chance and fails at times."""

    def __init__(self, clock: ManualClock, hear: Callable[[Any], None]) -> None:
        random = Random(SEED)
        self._random = random

        def later(after: Duration, deed: LegDeed, leg: SimulatedLeg) -> None:
            clock.call_at(clock.now() + after, lambda: deed(leg))

        def reported_later(after: Duration, deed: LegDeed, leg: SimulatedLeg) -> None:
            later(after + seconds(random.expovariate(0.5)), deed, leg)

        self.phones = Phones(
            tell=hear,
            later=later,
            reported_later=reported_later,
            agent_done=lambda agent_id: None,
        )
        self.originate_agent_leg = self.phones.originate_agent_leg
        self.originate_session_leg = self.phones.originate_session_leg
        self.bridge, self.unbridge, self.hang_up = self.phones.bridge, self.phones.unbridge, self.phones.hang_up
        self.play, self.stop_playing = self.phones.play, self.phones.stop_playing

    def originate(self, command: Originate, destination: Destination) -> None:
        fate = fate_of(WORLD, SEED, destination.client_token)
        self.phones.originate(command, fate, congested=self._random.random() < 0.1)


def carrier(clock: ManualClock, hear: Callable[[Any], None]) -> SimulatedCarrier:
    carrier = SimulatedCarrier(clock, world=WORLD, seed=SEED)
    asyncio.run(carrier.start(hear, token=1))
    return carrier


customers = st.integers(0, 3).map(lambda number: f"customer-{number}")
agents = st.integers(0, 3).map(lambda number: f"agent-{number}")
steps = st.one_of(
    st.tuples(st.just("originate"), customers, st.integers(0, 50), st.booleans(), st.booleans()),
    st.tuples(st.just("ring"), agents, customers),
    st.tuples(st.just("session"), agents),
    st.tuples(st.just("bridge"), customers, agents),
    st.tuples(st.just("unbridge"), customers, agents),
    st.tuples(st.just("stop"), customers, st.integers(0, 60)),
    st.tuples(st.just("play"), customers, st.integers(0, 200)),
    st.tuples(st.just("hang up"), customers | agents),
    st.tuples(st.just("wait"), st.floats(0.0, 3.0)),
)


@pytest.mark.parametrize("driver", [carrier, LatePhones])
@given(deeds=st.lists(steps, min_size=20, max_size=60))
def test_whatever_a_dialer_does_the_contract_is_kept(
    driver: Callable[[ManualClock, Callable[[Any], None]], Dialed], deeds: list[tuple[Any, ...]]
) -> None:
    clock, events = ManualClock(), list[Any]()
    dialed = driver(clock, events.append)
    detected: set[str] = set()
    asked: set[str] = set()

    def ended(leg_id: str) -> bool:
        """A dialer uses no leg's id twice."""
        return any(isinstance(event, LegEnded) and event.leg_id == leg_id for event in events)

    for number, deed in enumerate(deeds):
        match deed:
            case ("originate", leg_id, token, detect, prompt) if not ended(leg_id):
                if leg_id not in asked and detect:
                    detected.add(leg_id)
                asked.add(leg_id)
                command = Originate(
                    leg_id, "contact", "campaign", RING_TIMEOUT, detect, prompt, "default", "local", None
                )
                dialed.originate(command, Destination("+12065550199", f"token-{token}"))
            case ("ring", leg_id, customer) if not ended(leg_id):
                asked.add(leg_id)
                dialed.originate_agent_leg(OriginateAgentLeg(leg_id, "anna", customer, 20 * SECOND))
            case ("session", leg_id) if not ended(leg_id):
                asked.add(leg_id)
                dialed.originate_session_leg(OriginateSessionLeg(leg_id, "anna", "local", 20 * SECOND))
            case ("unbridge", customer, agent):
                dialed.unbridge(UnbridgeLegs(customer, agent))
            case ("stop", leg_id, play):
                dialed.stop_playing(StopPlaying(leg_id, f"play-{play}"))
            case ("bridge", customer, agent):
                dialed.bridge(BridgeLegs(customer, agent))
            case ("play", leg_id, length):
                dialed.play(leg_id, f"play-{number}", plain("x" * length))
            case ("hang up", leg_id):
                dialed.hang_up(HangUp(leg_id))
            case ("wait", length):
                clock.pass_time(length)
            case _:
                pass
    clock.pass_time(600)
    for leg_id in asked:
        dialed.hang_up(HangUp(leg_id))
    clock.pass_time(600)
    assert breaches(events, detected=frozenset(detected)) == []
    assert {event.leg_id for event in events if isinstance(event, LegEnded)} == asked, "each has ended"


# --- what customers press ---------------------------------------------------------------------------------------------


def after_messages(chances: Mapping[str, float], mind: int, messages: int = 1, **fated: Any) -> Stage:
    """Somebody of this mind has heard so many messages, each of ten seconds."""
    stage = Stage(chances=chances)
    stage.dial(fate(mind=mind, **fated))
    for number in range(messages):
        stage.wait(13 + 20 * number)
        stage.phones.play("customer", f"play-{number}", plain("x" * 150))
    stage.wait(13 + 20 * messages)
    return stage


def keys(stage: Stage) -> list[tuple[float, str]]:
    return [(at, event.key) for at, event in stage.heard if isinstance(event, KeyPressed)]


def test_a_customer_who_presses_something_does_so_a_second_after_the_message_and_key_by_key() -> None:
    assert keys(after_messages({"47#": 1.0}, mind=1)) == [(24, "4"), (24.4, "7"), (24.8, "#")]
    assert keys(after_messages({"47#": 0.0}, mind=1)) == []


def test_nothing_is_pressed_during_a_message_nor_after_one_that_was_broken_off_or_goes_on() -> None:
    stage = Stage(chances={"1": 1.0})
    stage.dial(fate(mind=1))
    stage.wait(13)
    stage.phones.play("customer", "broken off", plain("x" * 150))
    stage.wait(15)
    stage.phones.stop_playing(StopPlaying("customer", "broken off"))
    stage.phones.play("customer", "music", replace(plain("x" * 15), again=True))
    stage.wait(60)
    assert keys(stage) == []


def test_nobody_presses_anything_who_talks_and_no_machine_does() -> None:
    stage = Stage(chances={"1": 1.0})
    stage.dial(fate(mind=1))
    stage.wait(13)
    stage.phones.play("customer", "play", plain("x" * 15))
    stage.phones.originate_agent_leg(OriginateAgentLeg("agent", "anna", "customer", 20 * SECOND))
    stage.wait(14.5)
    stage.phones.bridge(BridgeLegs("customer", "agent"))
    stage.wait(20)
    assert keys(stage) == []
    assert keys(after_messages({"1": 1.0}, mind=1, outcome=Outcome.MACHINE)) == []


def test_as_many_press_a_key_as_are_to_each_the_same_whenever_it_is_asked() -> None:
    chances = {"1": 0.3, "9": 0.1}
    all_keys = [[key for _, key in keys(after_messages(chances, mind, messages=2))] for mind in range(500)]
    assert all_keys == [[key for _, key in keys(after_messages(chances, mind, messages=2))] for mind in range(500)]
    pressed = Counter(key for each in all_keys for key in each)
    assert set(pressed) == {"1", "9"}
    assert 240 < pressed["1"] < 360, "of a thousand messages"
    assert 60 < pressed["9"] < 140
    assert any(len(set(each)) > 1 for each in all_keys), "what is pressed after the second message is another matter"
