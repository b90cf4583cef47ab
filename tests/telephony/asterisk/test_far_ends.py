"""Far ends as there are in the wild, at the other end of a real switch. If these fail, legs stay up that nobody has, or
one is told to have ended that goes on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from telephony.asterisk.answers import after_answer, recorded_after
from telephony.asterisk.bench import IMPATIENT, NUMBER, TRUNK, Bench, bench
from telephony.asterisk.far_end import G729, PCMA, Call, Message
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import PCMU
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.events import KeyPressed, LegAnswered, LegEnded, LegRang

pytestmark = inside

FAILED, NORMAL, BY_US = HangupCause.FAILED, HangupCause.NORMAL, HangupCause.HUNG_UP_BY_US


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made


async def answered(at: Bench, leg_id: str = "leg", trunk: str = TRUNK) -> Call:
    call = await at.dialed(leg_id, trunk)
    await call.picks_up()
    await at.tells(LegAnswered, leg_id)
    return call


async def goes_on_until_its_party_hangs_up(at: Bench, call: Call, leg_id: str = "leg") -> None:
    """Whatever has happened, the leg is up, and ends as every other."""
    assert leg_id in await at.live_legs()
    assert at.told(LegEnded, leg_id) == []
    await call.asks("BYE")
    assert await at.ends_once(leg_id) is NORMAL


def media(message: Message) -> tuple[str, str]:
    """The codec that an answer takes first, and in which direction it is for."""
    codec = re.search(r"^m=audio \d+ RTP/AVP (\d+)", message.body, re.M)
    direction = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)", message.body, re.M)
    return (codec[1] if codec else ""), (direction[1] if direction else "sendrecv")


# --- while a leg is up ------------------------------------------------------------------------------------------------


async def test_a_party_may_change_the_codec(at: Bench) -> None:
    call = await answered(at)
    said = await call.asks("INVITE", body=call.sdp(PCMA, version=2))
    assert (said.what, media(said)) == ("200", (str(PCMA), "sendrecv"))
    said = await call.asks("INVITE", body=call.sdp(PCMU, version=3))
    assert (said.what, media(said)) == ("200", (str(PCMU), "sendrecv"))
    await goes_on_until_its_party_hangs_up(at, call)


async def test_a_party_may_ask_what_there_is_and_choose(at: Bench) -> None:
    """A re-INVITE without an offer."""
    call = await answered(at)
    call.ask("INVITE")
    said = await call.hears("200")
    assert media(said) == (str(PCMU), "sendrecv")
    call.ask("ACK", body=call.sdp(version=2), cseq=int(said.header("cseq").split()[0]))
    await goes_on_until_its_party_hangs_up(at, call)


async def test_a_party_may_put_us_on_hold_and_come_back(at: Bench) -> None:
    call = await answered(at)
    for version, (asked, taken) in enumerate(
        [("sendonly", "recvonly"), ("inactive", "inactive"), ("sendrecv", "sendrecv")], start=2
    ):
        said = await call.asks("INVITE", body=call.sdp(direction=asked, version=version))
        assert (said.what, media(said)[1]) == ("200", taken)
    await goes_on_until_its_party_hangs_up(at, call)


async def test_fax_is_refused_and_the_call_goes_on(at: Bench) -> None:
    call = await answered(at)
    said = await call.asks("INVITE", body=call.sdp(media="image", version=2))
    assert said.what == "488"
    await goes_on_until_its_party_hangs_up(at, call)


async def test_a_party_that_wants_a_codec_that_nobody_has_ends_the_call(at: Bench) -> None:
    """Asterisk refuses it, and cannot go on with what there was before."""
    call = await answered(at)
    said = await call.asks("INVITE", body=call.sdp(G729, version=2))
    assert said.what >= "400"
    await call.hears("BYE")
    cause = await at.ends_once()
    assert recorded_after(cause) == after_answer()["no codec is common any more"]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("REFER", ["Refer-To: <sip:+12065550177@{other}>"]),
        ("REFER", ["Refer-To: <sip:+12065550177@{other}?Replaces=1>"]),
        ("OPTIONS", []),
    ],
)
async def test_whatever_a_party_asks_for_the_call_goes_on_and_nobody_is_called(
    at: Bench, method: str, headers: list[str]
) -> None:
    others = [end for name, end in at.ends.items() if name != TRUNK]
    call = await answered(at)
    said = await call.asks(method, headers=[each.format(other=others[0].address) for each in headers])
    assert method == "OPTIONS" or said.what >= "400"
    await goes_on_until_its_party_hangs_up(at, call)
    assert [end.calls for end in others] == [[]] * len(others)
    assert len(at.ends[TRUNK].calls) == 1


async def test_what_is_none_of_ours_changes_nothing_whether_it_is_answered_or_not(at: Bench) -> None:
    call = await answered(at)
    said = await call.asks("INFO", headers=["Content-Type: application/dtmf-relay"])
    assert said.what == "200"
    call.ask("INFO", headers=["Content-Type: application/media_control+xml"])
    call.ask("NOTIFY", headers=["Event: odd"])
    call.ask("FETCH")
    call.ask("MESSAGE")
    await asyncio.sleep(0.2)
    await goes_on_until_its_party_hangs_up(at, call)
    assert at.told(KeyPressed) == []


# --- while it is being made -------------------------------------------------------------------------------------------


async def test_a_carrier_that_wants_its_ringing_acknowledged_gets_that(at: Bench) -> None:
    call = await at.dialed()
    call.say(183, headers=["Require: 100rel", "RSeq: 1"], body=call.sdp())
    call.answer(await call.hears("PRACK"), 200)
    call.say(180, headers=["Require: 100rel", "RSeq: 2"])
    call.answer(await call.hears("PRACK"), 200)
    call.say(200)
    await call.hears("ACK")
    await at.tells(LegAnswered)
    await goes_on_until_its_party_hangs_up(at, call)
    assert len(at.told(LegRang)) == 1


async def test_a_carrier_that_wants_longer_sessions_gets_them_in_the_same_call(at: Bench) -> None:
    call = await at.dialed()
    call.say(422, headers=["Min-SE: 600"])
    again = await call.hears("INVITE")
    assert (again.header("session-expires"), again.header("min-se")) == ("600", "600")
    call.invite = again
    await call.picks_up(headers=["Session-Expires: 600;refresher=uas", "Require: timer"])
    await at.tells(LegAnswered)
    await goes_on_until_its_party_hangs_up(at, call)
    assert len(at.ends[TRUNK].calls) == 1, "one Call-ID: nobody is dialed twice"


async def test_a_party_that_wants_sessions_of_seconds_is_told_how_long_they_must_be(at: Bench) -> None:
    call = await answered(at)
    said = await call.asks("UPDATE", headers=["Session-Expires: 30;refresher=uac", "Supported: timer"])
    assert (said.what, said.header("min-se")) == ("422", "90")
    said = await call.asks("UPDATE", headers=["Session-Expires: 90;refresher=uac", "Supported: timer"])
    assert (said.what, said.header("session-expires")) == ("200", "90;refresher=uac")
    await goes_on_until_its_party_hangs_up(at, call)


async def test_several_phones_ring_and_one_answers(at: Bench) -> None:
    """The carrier forks: each branch has a tag of its own."""
    call = await at.dialed()
    call.say(180, tag="left")
    call.say(180, tag="right")
    call.say(183, tag="right", body=call.sdp())
    call.say(200, tag="right", body=call.sdp())
    call.tag = "right"
    assert "tag=right" in (await call.hears("ACK")).header("to")
    await at.tells(LegAnswered)
    await goes_on_until_its_party_hangs_up(at, call)
    assert len(at.told(LegRang)) == len(at.told(LegAnswered)) == 1


async def test_two_phones_answer_and_the_first_counts(at: Bench) -> None:
    """Asterisk sends the other one no BYE: its carrier has to."""
    call = await at.dialed()
    call.say(180)
    call.say(200, tag="left", body=call.sdp())
    call.say(200, tag="right", body=call.sdp())
    call.tag = "left"
    assert "tag=left" in (await call.hears("ACK")).header("to")
    await at.tells(LegAnswered)
    await goes_on_until_its_party_hangs_up(at, call)
    assert len(at.told(LegAnswered)) == 1


async def test_an_answer_that_is_repeated_is_acknowledged_again_and_told_once(at: Bench) -> None:
    call = await at.dialed()
    call.say(180)
    for _ in range(4):
        call.say(200, body=call.sdp())
        await call.hears("ACK")
    await at.tells(LegAnswered)
    await goes_on_until_its_party_hangs_up(at, call)
    assert len(at.told(LegAnswered)) == 1


async def test_long_and_odd_headers_are_borne(at: Bench) -> None:
    call = await at.dialed()
    name = "ü" * 300
    call.say(180, "R" * 900, headers=["X-Long: " + "y" * 2000, f'P-Asserted-Identity: "{name}" <sip:x@y>'])
    headers = ["X-Empty:", "Server: " + "s" * 1000, 'Warning: 399 a "\x01"', "Allow: INVITE", "x-odd : a;b=c,<d>"]
    call.say(200, "OK ü", headers=headers, body=call.sdp())
    await call.hears("ACK")
    await at.tells(LegAnswered)
    await call.asks("OPTIONS", headers=["X-Long: " + "y" * 3000])
    await goes_on_until_its_party_hangs_up(at, call)


@pytest.mark.parametrize(
    "garbage", [b"\x00" * 40, b"SIP/2.0 200\r\n\r\n", b"BYE\r\n", b"\r\n\r\n", b"INVITE sip:x SIP/2.0\r\n\r\n"]
)
async def test_what_is_no_sip_changes_nothing(at: Bench, garbage: bytes) -> None:
    call = await answered(at)
    call.end.throw(garbage)
    await goes_on_until_its_party_hangs_up(at, call)


async def test_an_answer_in_a_codec_that_nobody_has_ends_the_leg(at: Bench) -> None:
    call = await at.dialed()
    call.say(180)
    call.say(200, body=call.sdp(G729, events=False))
    await call.hears("BYE")
    cause = await at.ends_once()
    assert recorded_after(cause) == after_answer()["no codec is common any more"]


async def test_an_answer_that_takes_keys_and_no_sound_is_one(at: Bench) -> None:
    """Asterisk goes by the keys, and hears nothing: the leg is up until somebody hangs up."""
    call = await at.dialed()
    call.say(180)
    call.say(200, body=call.sdp(G729))
    await call.hears("ACK")
    await at.tells(LegAnswered)
    await goes_on_until_its_party_hangs_up(at, call)


# --- while it ends ----------------------------------------------------------------------------------------------------


async def test_a_party_that_hangs_up_as_we_do_ends_its_leg_once(at: Bench) -> None:
    for number in range(10):
        leg_id = f"leg-{number}"
        call = await answered(at, leg_id)
        call.ask("BYE")
        at.hang_up(leg_id)
        assert await at.ends_once(leg_id) in (NORMAL, BY_US)


async def test_a_party_that_answers_as_we_give_up_is_sent_away_and_the_leg_ends_once(at: Bench) -> None:
    call = await at.dialed()
    call.say(180)
    await at.tells(LegRang)
    call.silent = True
    at.hang_up()
    cancel = await call.hears("CANCEL")
    call.say(200, body=call.sdp())
    call.answer(cancel, 200)
    call.silent = False
    await call.hears("ACK")
    await call.hears("BYE")
    assert await at.ends_once() is BY_US


async def test_a_party_that_does_not_hear_that_we_give_up_or_hang_up_holds_no_leg(at: Bench) -> None:
    ringing = await at.dialed("ringing")
    ringing.say(180)
    await at.tells(LegRang, "ringing")
    up = await answered(at, "up")
    ringing.silent = up.silent = True
    at.hang_up("ringing")
    at.hang_up("up")
    await ringing.hears("CANCEL")
    await up.hears("BYE")
    assert [await at.ends_once(each) for each in ("ringing", "up")] == [BY_US, BY_US]


async def test_a_party_that_vanishes_ends_its_leg_once_it_is_not_heard_for_the_rtp_timeout(at: Bench) -> None:
    call = await at.dialed(trunk=IMPATIENT)
    await call.speaks()
    await call.picks_up()
    await at.tells(LegAnswered)
    call.vanishes()
    cause = await at.ends_once()
    assert recorded_after(cause) == after_answer()["no sound comes from the party for the RTP time-out of the trunk"]


async def test_a_party_that_is_never_heard_ends_its_leg_as_well(at: Bench) -> None:
    await answered(at, trunk=IMPATIENT)
    assert await at.ends_once() is FAILED


@pytest.mark.long
async def test_sessions_are_refreshed_by_whoever_is_to_and_those_that_are_not_end(at: Bench) -> None:
    """The shortest that there are, of 90 seconds: we refresh after half of that, and after two thirds one is over that
    its party was to refresh."""
    ours, lost, theirs, vanished = legs = ("ours", "lost", "theirs", "vanished")
    calls: dict[str, Call] = {}
    for leg_id in legs:
        calls[leg_id] = call = await at.dialed(leg_id)
        refresher = "uac" if leg_id in (ours, lost) else "uas"
        await call.picks_up(headers=[f"Session-Expires: 90;refresher={refresher}", "Require: timer"])
        await at.tells(LegAnswered, leg_id)

    def is_refresh(message: Message) -> bool:
        return message.what in ("INVITE", "UPDATE")

    async def refreshed(call: Call, code: int) -> None:
        request = await call.hears(is_refresh, within_s=90)
        assert "refresher=uac" in request.header("session-expires")
        body = call.sdp(version=2) if request.what == "INVITE" else ""
        call.answer(request, code, body=body, headers=["Session-Expires: 90;refresher=uac", "Require: timer"])

    async def refreshes(call: Call) -> None:
        await asyncio.sleep(40)
        said = await call.asks("UPDATE", headers=["Session-Expires: 90;refresher=uac", "Supported: timer"])
        assert said.what == "200"

    await asyncio.gather(refreshed(calls[ours], 200), refreshed(calls[lost], 481), refreshes(calls[theirs]))
    await calls[lost].hears("BYE")
    await calls[vanished].hears("BYE", within_s=90)
    for leg_id in (lost, vanished):
        cause = (await at.tells(LegEnded, leg_id)).cause
        expected = after_answer()[
            "the party no longer knows the call, or does not refresh it (session timer, RFC 4028)"
        ]
        assert recorded_after(cause) == expected, leg_id
    assert await at.live_legs() == {ours, theirs}
    for leg_id in (ours, theirs):
        await calls[leg_id].asks("BYE")
    assert [await at.ends_once(leg_id) for leg_id in (ours, theirs)] == [NORMAL, NORMAL]


async def test_somebody_who_calls_us_is_sent_away(at: Bench) -> None:
    """With a number, as an agent does, or as the trunk's carrier."""
    for name, end in at.ends.items():
        said = await end.calls_us(at.switch.place.switch, NUMBER)
        assert said.what >= "400", name
    assert await at.ask("channels") == []
    assert [len(end.calls) for end in at.ends.values()] == [0] * len(at.ends)
