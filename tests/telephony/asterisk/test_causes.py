"""What a record says, for every answer that a carrier gives at the other end of a real switch. If these fail, lists are
cleaned of numbers that are good, and those that are not are called again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from telephony.asterisk.answers import Answer, after_answer, final_answers, recorded, recorded_after, without_answer
from telephony.asterisk.bench import AGENT, TRUNK, WITH_PASSWORD, Bench, bench
from telephony.asterisk.far_end import Call
from telephony.asterisk.inside import inside
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.events import LegAnswered, LegEnded, LegRang

pytestmark = inside

CHALLENGE = 'WWW-Authenticate: Digest realm="carrier", nonce="{}", algorithm=MD5, qop="auth"'


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made


@pytest.mark.parametrize("answer", final_answers(), ids=str)
async def test_every_answer_of_the_table_is_recorded_as_it_says(at: Bench, answer: Answer) -> None:
    call = await at.dialed()
    if answer.rang:
        call.say(180)
        await at.tells(LegRang)
    call.say(answer.code)
    assert recorded(await at.ends_once()) == (answer.disposition, answer.reason)
    assert [bool(at.told(kind)) for kind in (LegRang, LegAnswered)] == [answer.rang, False]


async def test_what_a_carrier_says_in_a_reason_header_changes_nothing(at: Bench) -> None:
    """Asterisk does not tell it. If this fails it does now, and the table can be finer."""
    call = await at.dialed()
    call.say(480, headers=['Reason: Q.850;cause=17;text="User busy"'])
    assert await at.ends_once() is HangupCause.NO_ANSWER


async def rings(at: Bench, call: Call) -> None:
    call.say(180)


async def plays(at: Bench, call: Call) -> None:
    await call.speaks()
    call.say(183, body=call.sdp())


async def only_tries(at: Bench, call: Call) -> None:
    call.say(100)


async def says_nothing(at: Bench, call: Call) -> None:
    call.silent = True


async def challenges(at: Bench, call: Call) -> None:
    call.say(401, headers=[CHALLENGE.format("first")])
    again = await call.hears("INVITE")
    assert 'username="account"' in again.header("authorization")
    call.answer(again, 401, headers=[CHALLENGE.format("second")])


UNANSWERED: dict[str, Callable[[Bench, Call], Awaitable[None]]] = {
    "rings, and goes on ringing for the whole ring time-out": rings,
    "early media (183), and nothing else for the whole ring time-out": plays,
    "no ringing (100 alone) for the whole ring time-out": only_tries,
    "no response at all": says_nothing,
    "asks for a password again, however often it gets one": challenges,
}


def test_every_row_without_an_answer_is_tried() -> None:
    assert list(without_answer()) == list(UNANSWERED)


@pytest.mark.parametrize("what", UNANSWERED)
async def test_whoever_gives_no_answer_is_recorded_as_the_table_says(at: Bench, what: str) -> None:
    call = await at.dialed(trunk=WITH_PASSWORD, ring_s=4.0)
    await UNANSWERED[what](at, call)
    assert recorded(await at.ends_once()) == without_answer()[what]
    assert at.told(LegAnswered) == []


async def test_a_phone_that_rings_late_rings_for_the_whole_time_out_and_then_is_cancelled(at: Bench) -> None:
    call = await at.dialed(ring_s=5.0)
    call.say(100)
    await asyncio.sleep(1.0)
    began_s = time.monotonic()
    call.say(183, body=call.sdp())
    await asyncio.sleep(4.0)
    again_s = time.monotonic()
    call.say(180)
    await call.hears("CANCEL")
    ended_s = time.monotonic()
    assert ended_s - began_s > 4.9, "it counts from the first sign of ringing"
    assert ended_s - again_s < 4.9, "and not anew from the next"
    assert await at.ends_once() is HangupCause.RING_TIMEOUT
    assert len(at.told(LegRang)) == 1


async def test_nobody_is_called_instead(at: Bench) -> None:
    """Neither where the carrier says, nor over another trunk, nor at an agent's phone."""
    others = [at.ends[name] for name in (WITH_PASSWORD, AGENT)]
    call = await at.dialed()
    call.say(180)
    instead = ", ".join(f"<sip:+12065550177@{end.address}>" for end in others)
    call.say(302, headers=[f"Contact: {instead}"])
    assert await at.ends_once() is HangupCause.REJECTED
    await asyncio.sleep(0.3)
    assert [end.calls for end in others] == [[], []]
    assert len(at.ends[TRUNK].calls) == 1


@pytest.mark.parametrize("sends_on", [TRUNK, AGENT])
async def test_whom_asterisk_calls_instead_is_let_alone_at_once(at: Bench, sends_on: str) -> None:
    """Asterisk follows what looks like a dial string of its own, also where an agent's phone says so."""
    at.ends[WITH_PASSWORD].on_call = lambda call: call.say(180)
    if sends_on == TRUNK:
        at.dial()
    else:
        at.ring_agent("leg")
    call = await at.ends[sends_on].called()
    call.say(302, headers=[f"Contact: <sip:PJSIP%2F+12065550177%40{WITH_PASSWORD}@{at.ends[AGENT].address}>"])
    await at.tells(LegEnded)
    await at.is_rid_of()
    for instead in at.ends[WITH_PASSWORD].calls:
        await instead.hears("CANCEL")
    assert at.told(LegAnswered) == []


async def test_a_password_is_given_to_a_trunk_that_has_one_and_the_call_goes_on_as_one(at: Bench) -> None:
    call = await at.dialed(trunk=WITH_PASSWORD)
    call.say(401, headers=[CHALLENGE.format("first")])
    call.invite = await call.hears("INVITE")
    await call.picks_up()
    await at.tells(LegAnswered)
    await call.asks("BYE")
    assert await at.ends_once() is HangupCause.NORMAL
    assert len(at.ends[WITH_PASSWORD].calls) == 1


@pytest.mark.parametrize(
    ("what", "cause", "reason"),
    [
        ("the party hangs up (BYE)", HangupCause.NORMAL, ""),
        ("the party hangs up (BYE)", HangupCause.NORMAL, "Q.850;cause=16"),
        ("the party hangs up (BYE)", HangupCause.NORMAL, "Q.850;cause=31"),
        (
            "the network breaks off, and says so (BYE with `Reason: Q.850;cause=38`)",
            HangupCause.FAILED,
            "Q.850;cause=38",
        ),
    ],
)
async def test_a_party_that_hangs_up_is_told_from_a_network_that_breaks_off(
    at: Bench, what: str, cause: HangupCause, reason: str
) -> None:
    call = await at.dialed()
    await call.picks_up()
    await at.tells(LegAnswered)
    await call.asks("BYE", headers=[f"Reason: {reason}"] if reason else [])
    assert await at.ends_once() is cause
    assert recorded_after(cause) == after_answer()[what]
