"""A carrier in a process of its own, and the dialer's session with it.

What a user would lose otherwise: the trunk to whoever can open a socket, calls to a dialer that was replaced, or the
conversations of a floor when the dialer is restarted.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.conftest import RemoteLine
from telephony.support import Behaviour, agent_leg, answered, ended, hang_up, originate, say, talk, told, until
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.detection import TAG, detection_of
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.domain.saying import Part, Saying, SpeechKind
from trunkcall.domain.tones import Tone
from trunkcall.engine.commands import HangUp, Originate
from trunkcall.engine.events import (
    CarrierEvent,
    CarrierFound,
    CarrierLost,
    LegEnded,
    LegRang,
    OriginateVoided,
    PlaybackEnded,
)
from trunkcall.telephony import carrier_wire, floor_wire, host, peer, session
from trunkcall.telephony.carrier import Destination
from trunkcall.telephony.host import ASLEEP_S
from trunkcall.telephony.peer import NotServedError, parse_url

HUMAN, RINGS = Behaviour.ANSWERS_AS_A_HUMAN, Behaviour.RINGS_FOR_EVER


def stand_still() -> None:
    """The whole loop, as in a process that was stopped for longer than goes unnoticed."""
    time.sleep(ASLEEP_S + 0.1)


async def test_what_became_of_legs_while_nobody_listened_is_told_when_somebody_does(remote: RemoteLine) -> None:
    remote.dial(HUMAN, "answered")
    remote.dial(RINGS, "rang out")
    remote.dial(Behaviour.ANSWERS_AS_A_MACHINE, "machine", detect=True)
    await remote.wait(1)
    await remote.carrier.close()
    await remote.wait(34)
    await remote.start()
    (found,) = remote.events
    assert isinstance(found, CarrierFound)
    legs = {leg.leg_id: (leg.state, leg.detection) for leg in found.legs}
    assert legs.keys() == {"answered", "machine"}
    assert legs["answered"] == (LegState.UP, None)
    assert legs["machine"][1] in (DetectionStatus.VOICEMAIL_BEEP, DetectionStatus.VOICEMAIL_NO_BEEP)


async def test_two_people_talk_on_while_their_dialer_is_replaced(remote: RemoteLine) -> None:
    await talk(remote)
    await remote.start()
    (found,) = remote.events
    assert isinstance(found, CarrierFound)
    assert {(leg.leg_id, leg.bridged_to) for leg in found.legs} == {("customer", "agent"), ("agent", "customer")}
    hang_up(remote, "customer")
    await remote.wait(1)
    assert told(remote, LegEnded, "customer") == [LegEnded("customer", HangupCause.HUNG_UP_BY_US)]


async def test_a_dialer_that_stumbles_over_an_event_takes_up_its_session_again(
    remote: RemoteLine, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[CarrierEvent] = []

    def stumble(event: CarrierEvent) -> None:
        events.append(event)
        if event == LegRang("leg"):
            raise RuntimeError("about +12065550199")

    await remote.carrier.start(stumble, token=remote.token)
    remote.dial(RINGS, "leg")
    await remote.wait(1)
    await until(lambda: len(events) == 4)
    kinds = [type(event) for event in events]
    assert kinds == [CarrierFound, LegRang, CarrierLost, CarrierFound]
    assert "unforeseen RuntimeError" in caplog.records[-1].__dict__["why"]
    assert "5550199" not in caplog.text
    await remote.wait(60)
    assert isinstance(events[-1], LegEnded)


async def test_a_carrier_that_vanishes_is_lost_and_what_is_asked_meanwhile_is_void(remote: RemoteLine) -> None:
    remote.vanish()
    await until(lambda: told(remote, CarrierLost))
    assert remote.carrier.trouble is not None
    remote.dial(HUMAN, "never")
    remote.carrier.originate_agent_leg(agent_leg("agent", "never"))
    assert told(remote, OriginateVoided) == [OriginateVoided("never"), OriginateVoided("agent")]
    await asyncio.sleep(0.5)
    await remote.listen()
    await until(lambda: len(told(remote, CarrierFound)) == 2)
    assert remote.events[-1] == CarrierFound(())
    assert len(told(remote, CarrierLost)) == 1, "one loss is told once"
    assert remote.carrier.trouble is None
    remote.dial(RINGS, "leg")
    await remote.wait(60)
    assert len(told(remote, LegEnded, "leg")) == 1


async def test_that_the_carrier_is_lost_is_told_before_what_came_to_nothing_by_it(
    remote: RemoteLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Agents whose phones could not ring would be sent on a break, one after the other."""
    monkeypatch.setattr(peer, "MAX_UNSENT_BYTES", -1)
    remote.carrier.originate_agent_leg(agent_leg("agent", "customer"))
    remote.carrier.originate_agent_leg(agent_leg("other", "customer"))
    assert remote.events[1:] == [CarrierLost(), OriginateVoided("agent"), OriginateVoided("other")]
    await asyncio.sleep(0.05)
    assert len(told(remote, CarrierLost)) == 1


async def test_a_carrier_that_does_not_answer_is_lost(remote: RemoteLine) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    remote.silence_s = 0.5
    dialer = remote.dialer(server.sockets[0].getsockname()[1])
    events: list[CarrierEvent] = []
    await dialer.start(events.append, token=1)
    assert events == [CarrierLost()]
    assert dialer.trouble == "the carrier does not answer"
    await dialer.close()
    server.close()
    await asyncio.sleep(0.01)


async def test_a_dialer_that_was_replaced_is_not_heeded_and_learns_why(remote: RemoteLine) -> None:
    other = remote.dialer(remote.way.port)
    events: list[CarrierEvent] = []
    await other.start(events.append, token=remote.token + 1)
    remote.dial(HUMAN, "too late")
    await until(lambda: told(remote, CarrierLost))
    await until(lambda: "taken over" in (remote.carrier.trouble or ""))
    await remote.wait(30)
    assert events == [CarrierFound(())], "what the former dialer asked for was not done"
    await other.close()


async def test_what_a_sleeping_carrier_was_asked_is_not_done_when_it_wakes(remote: RemoteLine) -> None:
    """Even if it reads before it notices that it has slept."""
    watch = asyncio.create_task(remote.host.watch())
    await asyncio.sleep(0.01)
    remote.dial(HUMAN, "stale")
    stand_still()
    await until(lambda: len(told(remote, CarrierFound)) == 2)
    assert remote.events[-1] == CarrierFound(())
    watch.cancel()


async def test_a_dialer_without_the_key_is_not_served_and_learns_why(remote: RemoteLine) -> None:
    dialer = remote.dialer(remote.way.port, key=b"x" * 32)
    events: list[CarrierEvent] = []
    await dialer.start(events.append, token=remote.token)
    assert events == [CarrierLost()]
    assert "does not hold the carrier's key" in (dialer.trouble or "")
    dialer.originate(originate("leg"), Destination("+12065550199", "t"))
    assert events[-1] == OriginateVoided("leg")
    await dialer.close()


async def test_a_dialer_that_needs_what_the_carrier_does_not_have_learns_it(remote: RemoteLine) -> None:
    """A real switch simulates no agents. Who counts on some must not wait for them without a word."""
    async with asyncio.timeout(10):
        with pytest.raises(NotServedError, match="what this carrier does not have"):
            async with remote.peer(remote.way.port).channel("agents of another kind", remote.token):
                pass
    assert remote.carrier.trouble is None


CHANNELS = [carrier_wire.CHANNEL, floor_wire.CHANNEL]
HELLO, FLOOR_HELLO = (session.encode(session.Hello("", channel, "nonce", 99, "proof")) for channel in CHANNELS)
DIAL = session.encode(carrier_wire.Dial(originate("leg"), Destination("+12065550199", "t")))


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([b"GET / HTTP/1.1\r\n\r\n"], id="another protocol"),
        pytest.param([b"\x00\xff\n"], id="bytes"),
        pytest.param([b'["Hello", {"nonce": 1}]\n'], id="a field of the wrong type"),
        pytest.param([b"[" * 100_000 + b"\n"], id="depth"),
        pytest.param([b"x" * (session.MAX_BYTES_FROM_DIALER + 2)], id="a line without an end"),
        pytest.param([DIAL], id="an originate without a session"),
        pytest.param([HELLO, DIAL], id="an originate after a proof that is none"),
        pytest.param([FLOOR_HELLO, session.encode(session.Ping())], id="whoever asks for the agents"),
    ],
)
async def test_a_stranger_gets_nothing_done(
    remote: RemoteLine, lines: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    try:
        answer = await say(remote.way.port, *lines)
    except ConnectionError:
        answer = b""
    assert b"Accepted" not in answer
    assert b"Floor" not in answer
    await remote.wait(60)
    assert remote.events == [CarrierFound(())]
    assert "5550199" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_whoever_says_nothing_is_let_go(remote: RemoteLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "HANDSHAKE_S", 0.05)
    async with asyncio.timeout(10):
        assert await say(remote.way.port) == b""


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_dialer_that_falls_silent_or_does_not_listen_is_let_go(
    remote: RemoteLine, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    """One that is gone would be told of every leg for ever, and the carrier would remember it all."""
    other = remote.peer(remote.way.port)
    monkeypatch.setattr(host, "SILENCE_S", 0.05)
    async with other.channel(channel, remote.token + 1) as line:
        await line.read()
        await ended(line)
    monkeypatch.undo()
    async with other.channel(channel, remote.token + 1) as line:
        await line.read()
        monkeypatch.setattr(host, "MAX_UNSENT_BYTES", -1)
        line.send(session.Ping())
        await ended(line)


@pytest.mark.parametrize(
    ("channel", "frame"),
    [
        (floor_wire.CHANNEL, carrier_wire.Dial(originate("leg"), Destination("+12065550199", "t"))),
        (carrier_wire.CHANNEL, floor_wire.AgentDone("agent-1")),
        (carrier_wire.CHANNEL, session.Hello("", "carrier", "nonce", 99, "proof")),
    ],
)
async def test_a_dialer_that_says_what_is_not_of_the_channel_is_let_go(
    remote: RemoteLine, channel: str, frame: object
) -> None:
    async with remote.peer(remote.way.port).channel(channel, remote.token + 1) as line:
        await line.read()
        line.send(frame)
        await ended(line)
    await until(lambda: remote.carrier.trouble)
    await remote.start()
    await remote.wait(60)
    assert remote.events == [CarrierFound(())]


def test_a_campaigns_figures_reach_the_carrier_as_the_campaign_has_them() -> None:
    """They are of no type that JSON has by itself."""
    figures = detection_of({TAG: "greeting=2000 maximum_number_of_words=4"})
    said = carrier_wire.Dial(originate("leg"), Destination("+12065550199", "t", figures))
    heard = session.decode(session.encode(said), {"Dial": carrier_wire.Dial})
    assert heard.destination.detection == {"greeting": 2000, "maximum_number_of_words": 4}


async def test_a_carrier_that_is_an_impostor_is_told_nothing(remote: RemoteLine) -> None:
    """Whoever listens at the carrier's address and does not hold the key gets no phone number."""
    heard: list[bytes] = []

    async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(session.encode(session.Challenge(session.VERSION, "n")))
        heard.append(await reader.readline())
        writer.write(session.encode(session.Accepted("proof")) + session.encode(carrier_wire.Welcome(0, ())))
        with suppress(ConnectionError):
            heard.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(impostor, "127.0.0.1", 0)
    dialer = remote.dialer(server.sockets[0].getsockname()[1])
    events: list[CarrierEvent] = []
    await dialer.start(events.append, token=1)
    assert events == [CarrierLost()]
    assert "key" in (dialer.trouble or "")
    dialer.originate(originate("leg"), Destination("+12065550199", "t"))
    await dialer.close()
    server.close()
    await asyncio.sleep(0.01)
    assert b"+12065550199" not in b"".join(heard)


async def test_the_dialers_clock_is_told_the_carriers_time(remote: RemoteLine) -> None:
    await remote.wait(77)
    await remote.start()
    assert remote.told_time[-1] == remote.clock.now()


async def test_a_carrier_can_be_closed_while_it_is_lost(remote: RemoteLine) -> None:
    remote.vanish()
    await until(lambda: told(remote, CarrierLost))
    await remote.carrier.close()
    await remote.carrier.close()
    remote.dial(HUMAN, "leg")
    remote.carrier.hang_up(HangUp("leg"))
    assert told(remote, OriginateVoided) == []


@pytest.mark.parametrize("url", ["", "127.0.0.1:8751", "http://127.0.0.1:8751", "tcp://:1", "tcp://h:0", "tcp://h:x"])
def test_a_url_that_is_none_is_refused_in_words(url: str) -> None:
    with pytest.raises(SettingsError, match=r"tcp://127\.0\.0\.1:8751"):
        parse_url(url)


def test_urls() -> None:
    assert parse_url("tcp://127.0.0.1:8751") == ("127.0.0.1", 8751)
    assert parse_url("tcp://[::1]:1") == ("::1", 1)


texts = st.text(max_size=20)
live_legs = st.builds(
    LiveLeg,
    texts,
    st.sampled_from(LegState),
    st.none() | texts,
    st.none() | st.sampled_from(DetectionStatus),
    st.none() | st.booleans(),
)
whole = st.integers(-(2**63), 2**63 - 1)
VALUES: dict[object, st.SearchStrategy[object]] = {
    bool: st.booleans(),
    str: texts,
    str | None: st.none() | texts,
    int: whole,
    int | None: st.none() | whole,
    float: st.floats(allow_nan=False, allow_infinity=False),
    DetectionStatus: st.sampled_from(DetectionStatus),
    HangupCause: st.sampled_from(HangupCause),
    Originate: st.builds(
        Originate, texts, texts, texts, whole, st.booleans(), st.booleans(), texts, texts, st.none() | texts
    ),
    Destination: st.builds(Destination, texts, texts),
    tuple[LiveLeg, ...]: st.lists(live_legs, max_size=5).map(tuple),
    tuple[carrier_wire.HostLegs, ...]: st.lists(
        st.builds(carrier_wire.HostLegs, st.none() | texts, st.none() | st.lists(live_legs, max_size=5).map(tuple)),
        max_size=3,
    ).map(tuple),
    tuple[str, ...]: st.lists(texts, max_size=5).map(tuple),
    Saying: st.builds(
        Saying,
        st.lists(st.builds(Part, st.sampled_from(SpeechKind), texts), max_size=3).map(tuple),
        st.none() | texts,
        st.booleans(),
    ),
    Tone: st.lists(st.tuples(whole, whole), max_size=5).map(tuple),
}


def kinds_of(kinds: Any) -> tuple[type[Any], ...]:
    """The kinds in a union of frames, or the one kind that it is."""
    return get_args(kinds) or (kinds,)


def any_of(kinds: object) -> st.SearchStrategy[Any]:
    """Any frame of these kinds, with any values in its fields."""
    made = []
    for kind in kinds_of(kinds):
        hints = get_type_hints(kind)
        made.append(st.builds(kind, **{field.name: VALUES[hints[field.name]] for field in fields(kind)}))
    return st.one_of(made)


SPOKEN: list[tuple[object, Callable[[bytes], object]]] = [
    (session.Hello, session.decode_hello),
    (session.Accepted | session.Refused, session.decode_verdict),
    (carrier_wire.Welcome, carrier_wire.decode_welcome),
    (carrier_wire.FromDialer, carrier_wire.decode_from_dialer),
    (carrier_wire.FromCarrier, carrier_wire.decode_from_carrier),
    (floor_wire.Floor, floor_wire.decode_floor),
    (session.Ping, floor_wire.decode_from_server),
    (floor_wire.FromFloor, floor_wire.decode_from_floor),
]


@pytest.mark.parametrize(("kinds", "decode"), SPOKEN)
@given(data=st.data())
def test_what_is_said_arrives_as_it_was_said(
    kinds: object, decode: Callable[[bytes], object], data: st.DataObject
) -> None:
    frame = data.draw(any_of(kinds))
    line = session.encode(frame)
    assert line.count(b"\n") == 1
    assert decode(line) == frame


def test_a_carrier_of_another_version_is_none() -> None:
    assert session.decode_challenge(session.encode(session.Challenge(session.VERSION, "n"))).nonce == "n"
    with pytest.raises(session.WireError):
        session.decode_challenge(session.encode(session.Challenge(session.VERSION - 1, "n")))


anything = st.recursive(
    st.none() | st.booleans() | whole | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)
names = st.sampled_from([kind.__name__ for kinds, _ in SPOKEN for kind in kinds_of(kinds)])


@given(st.binary() | st.tuples(names, anything).map(lambda pair: json.dumps(pair).encode()))
def test_whatever_arrives_is_a_frame_or_refused(line: bytes) -> None:
    for _, decode in SPOKEN:
        with suppress(session.WireError):
            decode(line)


def test_a_session_can_begin_with_very_many_legs() -> None:
    leg = LiveLeg("0" * 32, LegState.ORIGINATING, "0" * 32, DetectionStatus.VOICEMAIL_NO_BEEP, playing=False)
    hosts = (carrier_wire.HostLegs(None, (leg,) * 100_000),)
    assert len(session.encode(carrier_wire.Welcome(0, hosts))) <= session.MAX_BYTES


async def test_what_is_too_long_to_be_handed_over_is_over_at_once(remote: RemoteLine) -> None:
    """Nobody waits for the end of what cannot be said."""
    await answered(remote, "leg")
    longer_than_a_line = Saying((Part(SpeechKind.TEXT, "x" * session.MAX_BYTES_FROM_DIALER),))
    remote.carrier.play("leg", "play", longer_than_a_line)
    assert told(remote, PlaybackEnded) == [PlaybackEnded("leg", "play", heard=False)]
    await remote.wait(1)
    assert told(remote, CarrierLost) == []
