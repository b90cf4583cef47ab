"""Traces of an engine. If these fail, what a dialer did cannot be done again at a desk, or a trace that is not whole
passes for one that is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from io import BytesIO
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.floor import Floor, connected
from engine.support import up
from trunkcall.domain.abandonment import AbandonmentLimits, CalendarMonth, RollingWindow
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import Change, FlowProgressed
from trunkcall.domain.flow import Enqueue
from trunkcall.domain.instants import HOUR, SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.campaigns import pacer_for
from trunkcall.engine.commands import Deed, HangUp
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.encoding import TYPE, EncodingError, decode, encode, parse
from trunkcall.engine.events import Event
from trunkcall.engine.flow import FlowStepped
from trunkcall.engine.pacing.base import Pacer
from trunkcall.engine.pacing.progressive import ProgressivePacer
from trunkcall.engine.trace import VERSION, Counts, Replay, TraceError, TraceReader, TraceWriter, replay

# What flows keep of people is committed with an engine's changes, and is none of them.
TRACED_CHANGES = [kind for kind in get_args(Change) if kind is not FlowProgressed]
KINDS = [*get_args(Event), *TRACED_CHANGES, *get_args(Deed), FlowStepped]
CONFIG = EngineConfig(trunks=(Trunk("default", channels=6, attempts_per_s=20),))


def any_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any value of the class; its numbers are such that they can be compared."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: _any_part(hints[field.name]) for field in fields(kind)})


def _any_part(hint: type[Any]) -> st.SearchStrategy[Any]:
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if hint == float | None:
        return st.none() | _any_part(float)
    if get_origin(hint) is tuple and is_dataclass(get_args(hint)[0]):
        return st.lists(any_of(get_args(hint)[0]), max_size=3).map(tuple)
    return any_of(hint) if is_dataclass(hint) else st.from_type(hint)


def lines_of(floor: Floor) -> list[bytes]:
    """The trace of what a floor's engine was told."""
    lines: list[str] = []
    writer = TraceWriter(lines.append)
    writer.begin(floor.engine.config, {"seed": 7})
    for turn in floor.trace:
        writer.enter(*turn)
    writer.end()
    return [line.encode() for line in lines]


def lines_of_turns(reader: TraceReader) -> list[bytes]:
    """What was read, written down again."""
    lines: list[str] = []
    writer = TraceWriter(lines.append)
    writer.begin(reader.config, reader.about)
    for turn in reader.turns():
        writer.enter(turn.events, turn.now, turn.decision)
    writer.end()
    return [line.encode() for line in lines]


def replay_of(lines: Iterable[bytes]) -> Replay:
    reader = TraceReader(lines)
    return replay(reader.turns(), reader.config, pacer_for)


def a_day() -> Floor:
    """Three contacts: one is talked to, one abandoned, one busy."""
    floor = Floor(agents=1, config=CONFIG)
    floor.campaign(dialer=DialerType.PREDICTIVE, requests=5)
    connected(floor, floor.dialed[0])
    floor.campaign("notes", dialer=DialerType.AGENTLESS, requests=2)
    floor.wait(3)
    floor.hangs_up(floor.dialed[-1], HangupCause.BUSY)
    floor.hangs_up(floor.dialed[0])
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.wait(60)
    return floor


# --- values -----------------------------------------------------------------------------------------------------------


def test_no_two_events_changes_or_deeds_have_the_same_name_and_none_has_a_field_in_the_place_of_it() -> None:
    assert len({kind.__name__ for kind in KINDS}) == len(KINDS) > 35
    assert all(field.name != TYPE for kind in KINDS for field in fields(kind))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_event_change_and_deed_comes_back_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(any_of(kind))
    line = encode(value)
    assert "\n" not in line
    back = decode(Event | Change | Deed | FlowStepped, parse(line.encode()))
    assert back == value
    assert type(back) is kind
    assert encode(back) == line


@given(config=any_of(EngineConfig))
@settings(max_examples=40, deadline=None)
def test_settings_come_back_as_they_were(config: EngineConfig) -> None:
    assert decode(EngineConfig, parse(encode(config).encode())) == config


@pytest.mark.parametrize(
    ("plain", "why"),
    [
        ({"type": "LegEnded", "leg_id": 1, "cause": "Normal"}, "leg_id: must be a text, not 1"),
        ({"type": "LegEnded", "leg_id": "a", "cause": "Bored"}, 'cause: must be one of Normal, .*, not "Bored"'),
        ({"type": "LegEnded", "leg_id": "a"}, "must be a LegEnded with leg_id, cause, not"),
        ({"type": "LegEnded", "leg_id": "a", "why": "Normal"}, "LegEnded has no cause"),
        ({"type": "LegVanished"}, 'must be one of CampaignChanged, .*, not "LegVanished"'),
        ({"leg_id": "a"}, "must be an object with a type"),
        ({"type": "CarrierFound", "legs": "all", "host": None}, 'legs: must be a list, not "all"'),
        ({"type": "LedgerRestored", "campaign_id": "a", "minutes": [[1, 2]]}, r"minutes: must be a list of 3, not \[1"),
        (
            {"type": "ContactsOffered", "campaign_id": "a", "contacts": [], "next_due_at": True},
            "next_due_at: must be a wh",
        ),
        (True, "must be an object with a type, not true"),
    ],
)
def test_what_is_no_event_is_refused_in_words(plain: object, why: str) -> None:
    with pytest.raises(EncodingError, match=why):
        decode(Event, plain)


def test_true_is_no_number() -> None:
    with pytest.raises(EncodingError, match="limit: must be a whole number, not true"):
        decode(Deed, {"type": "RefillWindow", "campaign_id": "a", "limit": True, "held": []})


# --- whole traces -----------------------------------------------------------------------------------------------------


def test_a_trace_replays_to_the_same_decisions() -> None:
    floor = a_day()
    lines = lines_of(floor)
    decisions = [decision for _, _, decision in floor.trace]
    counts = Counts(len(decisions), sum(len(d.changes) for d in decisions), sum(len(d.deeds) for d in decisions))
    assert replay_of(lines) == Replay(counts, None)
    assert len(lines) == len(floor.trace) + 2, "a header, a line for each turn, and the end"
    assert TraceReader(lines).about == {"seed": 7}


def test_a_trace_of_a_dialer_that_took_over_replays_with_the_ids_that_were_given_then() -> None:
    floor = a_day()
    floor.restart()
    floor.wait(30)
    assert replay_of(lines_of(floor)).difference is None


def test_a_trace_replays_though_the_store_did_not_hold_the_leg_of_an_agent_who_was_taken_over() -> None:
    floor = Floor(agents=3)
    floor.campaign(requests=3)
    floor.answers("spring-1")
    floor.memory.live["spring-1"] = replace(floor.memory.live["spring-1"], agent_leg_id=None)
    floor.restart(*up(floor.leg("spring-1")))
    assert replay_of(lines_of(floor)).difference is None


def test_a_trace_of_campaigns_with_limits_of_their_own_replays_byte_for_byte() -> None:
    by_month = AbandonmentLimits(
        target_ratio=0.05, windows=(RollingWindow(2 * HOUR), CalendarMonth("America/New_York")), binding=False
    )
    floor = Floor(agents=2)
    floor.campaign(dialer=DialerType.PREDICTIVE, limits=by_month, ring_timeout=20 * SECOND, requests=3)
    floor.campaign("autumn", ring_timeout=60 * SECOND, requests=3)
    connected(floor, floor.dialed[0])
    floor.campaign(dialer=DialerType.PREDICTIVE, limits=AbandonmentLimits())
    floor.wait(90)
    lines = lines_of(floor)
    assert replay_of(lines).difference is None
    again = lines_of_turns(TraceReader(lines))
    assert again == lines


def test_a_time_zone_that_nobody_knows_is_a_difference_and_no_crash() -> None:
    floor = Floor(agents=1)
    by_month = AbandonmentLimits(windows=(CalendarMonth("Europe/Berlin"),))
    floor.campaign(dialer=DialerType.PREDICTIVE, limits=by_month, requests=1)
    lines = [line.replace(b"Europe/Berlin", b"Europe/Bonn") for line in lines_of(floor)]
    difference = replay_of(lines).difference
    assert difference is not None
    assert "Europe/Bonn" in difference.reason


def test_the_first_decision_that_differs_is_found_and_both_versions_are_told() -> None:
    lines = lines_of(a_day())
    number = next(n for n, line in enumerate(lines) if b'"HangUp"' in line)
    turn = json.loads(lines[number])
    turn["deeds"] = [[deed, contact] for deed, contact in turn["deeds"] if deed["type"] != "HangUp"]
    changed = [*lines[:number], json.dumps(turn).encode() + b"\n", *lines[number + 1 :]]
    difference = replay_of(changed).difference
    assert difference is not None
    assert difference.turn.line == number + 1
    assert difference.replayed is not None
    (missing,) = set(difference.replayed.deeds) - set(difference.turn.decision.deeds)
    assert isinstance(missing[0], HangUp)


def test_a_change_that_differs_in_one_field_is_a_difference() -> None:
    lines = lines_of(a_day())
    number = next(n for n, line in enumerate(lines) if b'"disposition":"busy"' in line)
    lines[number] = lines[number].replace(b'"disposition":"busy"', b'"disposition":"fax"')
    difference = replay_of(lines).difference
    assert difference is not None
    assert difference.turn.line == number + 1


def test_another_pacer_is_a_difference() -> None:
    def one_to_one(*_: object) -> Pacer:
        return ProgressivePacer()

    reader = TraceReader(lines_of(a_day()))
    assert replay(reader.turns(), reader.config, one_to_one).difference is not None


def test_an_event_that_is_refused_though_the_trace_says_nothing_of_it_is_a_difference() -> None:
    lines = lines_of(a_day())
    event = b'{"type":"AgentStatusSet","agent_id":"nobody","status":"Break"}'
    stranger = TURN.replace(b'"events":[]', b'"events":[[' + event + b",1]]")
    difference = replay_of([*lines[:4], stranger, *lines[4:]]).difference
    assert difference is not None
    assert difference.replayed is not None
    assert difference.turn.line == 5
    assert "no such agent" in difference.replayed.refused[0].reason


def test_what_a_flow_decided_is_replayed_from_the_trace_alone() -> None:
    floor = Floor(agents=1, config=CONFIG)
    floor.flows.talks_first = True
    floor.campaign(requests=2)
    floor.answers("spring-1")
    floor.flows.then = Enqueue()
    floor.message_ends("spring-1")
    lines = lines_of(floor)
    assert replay_of(lines).difference is None
    other = [re.sub(rb'{"type":"Enqueue"[^}]*}', b'{"type":"Disconnect"}', line) for line in lines]
    assert replay_of(other).difference is not None, "a step is an input: another one leads elsewhere"


def test_a_flow_that_the_trace_does_not_know_of_is_a_difference_with_a_reason() -> None:
    lines = lines_of(a_day())
    number = next(n for n, line in enumerate(lines) if b'"FlowStepped"' in line)
    turn = json.loads(lines[number])
    turn["steps"] = []
    changed = [*lines[:number], json.dumps(turn).encode() + b"\n", *lines[number + 1 :]]
    difference = replay_of(changed).difference
    assert difference is not None
    assert (difference.turn.line, difference.replayed) == (number + 1, None)
    assert "a step that the trace does not have" in difference.reason


WHOLE = lines_of(a_day())
HEADER = WHOLE[0]
TURN = b'{"now":1,"events":[],"steps":[],"changes":[],"deeds":[],"refused":[]}\n'
END = b'{"end":{"turns":1,"changes":0,"deeds":0}}\n'


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "line 1: this is not a trace"),
        ([b"agents = 20\n"], "line 1: this is not a trace"),
        ([b"[1]\n"], "line 1: this is not a trace"),
        ([b"\xff\xfe\x00"], "line 1: this is not a trace"),
        (
            [HEADER.replace(b'"version":%d' % VERSION, b'"version":3')],
            f"line 1: the trace has version 3; this Trunkcall reads {VERSION}",
        ),
        (
            [HEADER.replace(b'"channels":6', b'"channels":"x"')],
            "line 1: config: trunks: channels: must be a whole number",
        ),
        ([HEADER.replace(b'"attempts_per_s":20', b'"attempts_per_s":0')], "line 1: config: no engine"),
        ([HEADER], "line 2: the trace is cut"),
        ([HEADER, TURN], "line 3: the trace is cut"),
        ([HEADER, TURN[:-9]], "line 2: the trace is cut within this line"),
        ([HEADER, TURN[:-1]], "line 2: the trace is cut within this line"),
        ([HEADER, TURN[9:]], "line 2: the trace is damaged: not JSON"),
        ([HEADER, b"[" * 100_000 + b"\n"], "line 2: the trace is damaged: not JSON"),
        ([HEADER, b"7\n"], "line 2: the trace is damaged: not an object"),
        ([HEADER, TURN.replace(b"now", b"then")], "line 2: the trace is damaged: a turn has now, events, steps"),
        ([HEADER, TURN.replace(b"1", b'"noon"')], 'line 2: .*: now: must be a whole number, not "noon"'),
        ([HEADER, TURN.replace(b"1", b"NaN")], "line 2: the trace is damaged: not JSON"),
        ([HEADER, TURN.replace(b'deeds":[]', b'deeds":[0]')], "line 2: .*: deeds: must be a list of 2, not 0"),
        (
            [HEADER, TURN, TURN, END],
            'line 4: .* above there is {"turns":2,"changes":0,"deeds":0}: lines are missing or were added',
        ),
        ([HEADER, TURN, END, TURN], "line 4: the trace goes on after its end"),
        ([HEADER, TURN, END.replace(b"1", b"[]")], "line 3: "),
    ],
)
def test_what_is_not_a_whole_trace_is_refused_with_its_line(lines: list[bytes], why: str) -> None:
    with pytest.raises(TraceError, match=why):
        replay_of(lines)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_damage_leads_to_anything_but_a_difference_or_a_refusal(data: st.DataObject) -> None:
    whole = b"".join(WHOLE)
    at = data.draw(st.integers(0, len(whole) - 1))
    with_damage = data.draw(
        st.sampled_from([whole[:at], whole[:at] + whole[at + 1 :], whole[:at] + b"0" + whole[at + 1 :]])
        | st.binary(max_size=4).map(lambda other: whole[:at] + other + whole[at + 4 :])
    )
    outcome = outcome_of(with_damage)
    if isinstance(outcome, TraceError):
        assert outcome.message.startswith("line ")
    elif outcome.difference is None:
        assert outcome.agreed.turns == len(WHOLE) - 2, "turns were lost and nobody was told"


def outcome_of(file: bytes) -> Replay | TraceError:
    try:
        return replay_of(BytesIO(file))
    except TraceError as error:
        return error
