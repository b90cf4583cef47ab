"""The connection to Asterisk where it breaks, hangs, or says what nobody understands. If these fail, a dialer waits for
ever for a switch that is gone, says of a request that it has not left when it may have, or goes on as the owner of
calls that are another's."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from telephony.ari_server import PASSWORD, USER, AriServer
from telephony.support import until
from trunkcall.domain.seldom import TELL_EVERY_S
from trunkcall.telephony.ari.client import Switch, SwitchError
from trunkcall.telephony.ari.model import ChannelDestroyed, Event
from trunkcall.telephony.ari.refusals import Refusals
from trunkcall.telephony.ari.wire import UNSENT, Answer, AriWireError, Request, decode

SILENCE_S = 1.0
HANG_UP = Request("DELETE", "channels/one")
DESTROYED = (
    '{"type":"ChannelDestroyed","cause":16,"cause_txt":"Normal Clearing","application":"app","asterisk_id":"x",'
    '"timestamp":"2026-11-30T09:31:50.914+0000","channel":{"id":"app.leg","name":"PJSIP/trunk-00000001","state":"Up",'
    '"protocol_id":"1","caller":{"name":"","number":""},"connected":{"name":"","number":""},"accountcode":"",'
    '"dialplan":{"context":"c","exten":"s","priority":1,"app_name":"","app_data":""},"creationtime":'
    '"2026-11-30T09:31:50.914+0000","language":"en"}}'
)


class Connected:
    """A connection, and what it told."""

    def __init__(self, server: AriServer, silence_s: float = 5.0, password: str = PASSWORD) -> None:
        self.events: list[Event] = []
        self.answers: list[Answer] = []
        self.switch = Switch(server.url, USER, password, "app", on_event=self.events.append, silence_s=silence_s)

    async def lost(self) -> str:
        async with asyncio.timeout(20):
            return await self.switch.lost()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[AriServer]:
    made = AriServer()
    await made.open()
    yield made
    await made.close()


@pytest_asyncio.fixture
async def connect(server: AriServer) -> AsyncIterator[Callable[..., Connected]]:
    made: list[Connected] = []

    def new(silence_s: float = 5.0, password: str = PASSWORD) -> Connected:
        made.append(Connected(server, silence_s, password))
        return made[-1]

    yield new
    for each in made:
        await each.switch.close()


Connect = Callable[..., Connected]


async def test_a_request_is_answered_once_also_if_the_switch_repeats_itself(
    server: AriServer, connect: Connect
) -> None:
    connected = connect()
    await connected.switch.open()
    server.answers = False
    assert connected.switch.send(HANG_UP, connected.answers.append)
    await until(lambda: server.asked_for("channels/one"))
    (asked,) = server.asked_for("channels/one")
    await server.answer(asked, 404, "no")
    await server.answer(asked, 200)
    await server.answer({**asked, "request_id": "999"}, 200)
    await server.say(DESTROYED)
    await until(lambda: connected.events)
    assert connected.answers == [Answer(404, "no")]


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"type":7}',
        '{"type":"Dial"}',
        '{"type":"NewInAsterisk23","channel":[]}',
        DESTROYED[:-30],
    ],
)
async def test_what_nobody_understands_is_passed_over_and_not_logged(
    server: AriServer, connect: Connect, caplog: pytest.LogCaptureFixture, garbage: str
) -> None:
    connected = connect()
    await connected.switch.open()
    with caplog.at_level(logging.DEBUG, "trunkcall"):
        await server.say(garbage)
        await server.say(b"\xff\x00")
        await server.say(DESTROYED)
        await until(lambda: connected.events)
    (event,) = connected.events
    assert isinstance(event, ChannelDestroyed)
    assert connected.switch.is_open
    assert not [record for record in caplog.records if len(garbage) > 3 and garbage in f"{record.__dict__}"]


async def test_an_event_that_nobody_can_deal_with_costs_the_connection_and_does_not_leave_it_deaf(
    server: AriServer,
) -> None:
    def fails(event: Event) -> None:
        raise RuntimeError

    switch = Switch(server.url, USER, PASSWORD, "app", on_event=fails)
    await switch.open()
    await server.say(DESTROYED)
    async with asyncio.timeout(20):
        await switch.lost()
    await switch.close()


async def test_a_switch_that_does_not_take_the_password_any_more_is_lost(server: AriServer, connect: Connect) -> None:
    """Its events go on, and it answers: with a refusal of everything."""
    connected = connect()
    await connected.switch.open()
    server.answers = False
    assert connected.switch.send(HANG_UP, connected.answers.append)
    await until(lambda: server.asked_for("channels/one"))
    await server.answer(server.asked_for("channels/one")[0], 401)
    async with asyncio.timeout(20):
        assert "does not take ari_user and ari_password" in await connected.switch.lost()


async def test_what_is_refused_is_told_with_its_reason_and_without_whom_it_was_about(
    server: AriServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    connected = connect()
    await connected.switch.open()
    server.answers = False
    uri = "channels/app.leg/silence"
    assert all(connected.switch.send(Request("POST", uri)) for _ in range(2))
    await until(lambda: len(server.asked_for(uri)) == 2)
    for asked in server.asked_for(uri):
        await server.answer(asked, 500, '{"message": "Allocation failed"}')
    await server.say(DESTROYED)
    await until(lambda: connected.events)
    (told,) = refusals_in(caplog)
    assert told == ("POST channels/*/silence", 500, "Allocation failed", 1)


def test_a_switch_that_refuses_again_and_again_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    now_s = 0.0
    refusals = Refusals(lambda: now_s)
    join, leave = Request("POST", "bridges/a/addChannel"), Request("DELETE", "bridges/a")
    for _ in range(300):
        refusals.answered(join, Answer(422, '{"message": "Channel not in Stasis application"}'))
    refusals.answered(leave, Answer(500, '{"message": "PJSIP/+12065550199 is busy"}'))
    refusals.answered(leave, Answer(404, '{"message": "Bridge not found"}'))
    now_s = TELL_EVERY_S
    refusals.answered(join, Answer(422, "no JSON"))
    assert refusals_in(caplog) == [
        ("POST bridges/*/addChannel", 422, "Channel not in Stasis application", 1),
        ("DELETE bridges/*", 500, "", 1),
        ("POST bridges/*/addChannel", 422, "", 300),
    ]


def refusals_in(caplog: pytest.LogCaptureFixture) -> list[tuple[object, ...]]:
    """What was asked, the status, Asterisk's words, and how many times, of each line of the log about them."""
    told = [vars(record) for record in caplog.records if record.msg == "the switch has refused something"]
    return [(each["asked"], each["status"], each["why"], each["times"]) for each in told]


async def test_what_was_written_is_never_said_not_to_have_left(server: AriServer, connect: Connect) -> None:
    connected = connect()
    await connected.switch.open()
    server.answers = False
    assert connected.switch.send(HANG_UP, connected.answers.append)
    await until(lambda: server.asked_for("channels/one"))
    await connected.switch.close()
    assert connected.answers == []


async def test_what_was_not_written_yet_has_not_left_and_says_so(server: AriServer, connect: Connect) -> None:
    connected = connect()
    await connected.switch.open()
    assert connected.switch.send(HANG_UP, connected.answers.append)
    await connected.switch.close()
    assert connected.answers == [UNSENT]
    assert server.asked_for("channels/one") == []
    assert not connected.switch.send(HANG_UP, connected.answers.append)
    assert connected.answers == [UNSENT]


async def test_once_another_dialer_has_taken_over_nothing_is_sent(server: AriServer, connect: Connect) -> None:
    connected = connect()
    await connected.switch.open()
    await server.say('{"type":"ApplicationReplaced","application":"app"}')
    await server.say(DESTROYED)
    assert "taken over" in await connected.lost()
    assert not connected.switch.send(HANG_UP)
    await asyncio.sleep(0.05)
    assert connected.events == [], "they are the other dialer's"
    assert server.asked_for("channels/one") == []


async def test_a_switch_that_hangs_is_lost(server: AriServer, connect: Connect) -> None:
    connected = connect(silence_s=SILENCE_S)
    await connected.switch.open()
    server.answers = False
    assert await connected.lost() == "Asterisk does not answer."


async def test_a_switch_that_answers_and_tells_nothing_is_lost_also_where_it_never_has(
    server: AriServer, connect: Connect
) -> None:
    connected = connect(silence_s=SILENCE_S)
    await connected.switch.open()
    server.tells = False
    assert await connected.lost() == "Asterisk answers, and tells nothing of what happens."
    with pytest.raises(SwitchError, match="tells nothing"):
        await connect(silence_s=SILENCE_S).switch.open()


async def test_a_dialer_that_slept_asks_for_nothing_when_it_wakes(server: AriServer, connect: Connect) -> None:
    connected = connect(silence_s=SILENCE_S)
    await connected.switch.open()
    await asyncio.sleep(0.1)
    assert connected.switch.send(Request("DELETE", "channels/before"), connected.answers.append)
    time.sleep(SILENCE_S + 0.2)  # noqa: ASYNC251 - the whole process sleeps
    assert not connected.switch.send(HANG_UP)
    await connected.lost()
    await connected.switch.close()
    assert connected.answers == [UNSENT]
    assert server.asked_for("channels/before") == server.asked_for("channels/one") == []


async def test_the_end_of_the_connection_ends_whoever_waits_for_an_answer(server: AriServer, connect: Connect) -> None:
    connected = connect()
    await connected.switch.open()
    server.answers = False
    waits = asyncio.create_task(connected.switch.ask(HANG_UP))
    await until(lambda: server.asked_for("channels/one"))
    await server.close()
    with pytest.raises(SwitchError, match="closed the connection"):
        await waits
    await server.open()


async def test_a_wrong_password_is_said_in_words_before_anything_is_taken(server: AriServer, connect: Connect) -> None:
    connected = connect(password="wrong")
    with pytest.raises(SwitchError, match="ari_user and ari_password"):
        await connected.switch.variable("app_token")
    with pytest.raises(SwitchError, match="ari_user and ari_password"):
        await connected.switch.open()
    assert server.connections == 0


async def test_a_user_who_may_only_read_is_said_in_words(server: AriServer, connect: Connect) -> None:
    connected = connect()
    await connected.switch.set_variable("app_token", "7")
    assert await connected.switch.variable("app_token") == "7"
    server.read_only = True
    with pytest.raises(SwitchError, match="read_only = no"):
        await connected.switch.set_variable("app_token", "8")


async def test_what_is_no_switch_is_said_in_words(server: AriServer) -> None:
    switch = Switch(f"{server.url}/elsewhere", USER, PASSWORD, "app", on_event=lambda event: None)
    with pytest.raises(SwitchError, match="no ARI at ari_url"):
        await switch.variable("app_token")
    await switch.close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = ("ChannelDestroyed", "StasisStart", "Dial", "RESTResponse", "ChannelDtmfReceived", "Nothing")


def decodes(text: str) -> None:
    with suppress(AriWireError):
        decode(text)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    decodes(text)


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(["channel", "peer", "args", "cause", "digit"]), JSON))
def test_no_json_breaks_the_reader(kind: str, members: dict[str, object]) -> None:
    decodes(json.dumps({"type": kind, **members}))


@given(st.integers(0, len(DESTROYED)), st.integers(0, 20))
def test_no_frame_that_lacks_a_part_breaks_the_reader(at: int, length: int) -> None:
    decodes(DESTROYED[:at])
    decodes(DESTROYED[:at] + DESTROYED[at + length :])
