"""After a hundred legs of all fates nothing of them is left, neither at a real switch nor in the carrier. If this
fails, a switch that dials all day comes to a halt."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from telephony.asterisk.bench import AGENT, TRUNK, Bench, bench
from telephony.asterisk.far_end import Call
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import tone
from telephony.asterisk.tapes import AT
from telephony.support import WAIT_S, until
from trunkcall.domain.saying import plain
from trunkcall.engine.commands import BridgeLegs, StartRecording
from trunkcall.engine.events import LegAnswered, LegEnded, LegRang, RecordingStarted

pytestmark = inside

RTP = range(20000, 30000)
FATES = ("busy", "invalid", "rings", "cancelled", "dead", "elsewhere", "leaves", "is left", "heard", "joined")
LEGS = 100
SIP_GIVES_UP_S = 32
"""After so long an INVITE that nobody answers is given up (RFC 3261, timer B), and what it holds is let go."""
BRIEFLY_S, LONG_S = 25.0, 200.0
"""How long telephones may ring: until all are dialed, and longer than the story."""


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made


def rtp_ports(process_id: int) -> list[int]:
    """The ports of media that a process has open."""
    inodes = set()
    for entry in Path(f"/proc/{process_id}/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink()))
        except FileNotFoundError:
            continue
        if found is not None:
            inodes.add(found[1])
    lines = [
        line.split()
        for name in ("udp", "udp6")
        for line in Path(f"/proc/{process_id}/net/{name}").read_text(encoding="ascii").splitlines()[1:]
    ]
    ports = [int(fields[1].rpartition(":")[2], 16) for fields in lines if fields[9] in inodes]
    return [port for port in ports if port in RTP]


async def meet(at: Bench, call: Call, leg_id: str, fate: str) -> None:
    """Bring a leg to its end."""
    if fate in ("leaves", "is left", "heard", "joined"):
        await call.speaks(tone(440, 0.3))
        await call.picks_up()
        await at.tells(LegAnswered, leg_id)
    match fate:
        case "busy":
            call.say(486)
        case "invalid":
            call.say(404)
        case "rings":
            call.say(180)
        case "cancelled":
            call.say(180)
            await at.tells(LegRang, leg_id)
            at.hang_up(leg_id)
        case "dead":
            call.silent = True
        case "elsewhere":
            call.say(302, headers=[f"Contact: <sip:+12065550177@{at.ends[AGENT].address}>"])
        case "leaves":
            await call.asks("BYE")
        case "is left":
            at.hang_up(leg_id)
        case "heard":
            at.carrier.play(leg_id, f"{leg_id}-prompt", plain("a text"))
            at.carrier.start_recording(StartRecording(leg_id, f"{leg_id}-recording", AT))
            await until(lambda: RecordingStarted(f"{leg_id}-recording") in at.events)
            await asyncio.sleep(0.3)
            await call.asks("BYE")
        case "joined":
            at.ring_agent(f"{leg_id}-agent", leg_id)
            await at.tells(LegAnswered, f"{leg_id}-agent")
            at.carrier.bridge(BridgeLegs(leg_id, f"{leg_id}-agent"))
            await asyncio.sleep(0.3)
            await call.asks("BYE")
            at.hang_up(f"{leg_id}-agent")
            await at.tells(LegEnded, f"{leg_id}-agent")
        case other:
            raise AssertionError(other)
    await at.tells(LegEnded, leg_id)
    call.falls_silent()


@pytest.mark.long
async def test_after_a_hundred_legs_of_all_fates_nothing_is_left(at: Bench) -> None:
    def pick_up(call: Call) -> None:
        call.say(200, body=call.sdp())

    at.ends[AGENT].on_call = pick_up
    fates = {f"+1{206 + which // 50}5550{100 + which % 50}": FATES[which % len(FATES)] for which in range(LEGS)}
    leg_of = {}
    for which, (number, fate) in enumerate(fates.items()):
        leg_of[number] = f"leg{which}"
        ring_s = BRIEFLY_S if fate in ("rings", "dead") else LONG_S
        at.dial(f"leg{which}", number=number, ring_s=ring_s, detect=fate in ("leaves", "is left"))
    calls = [await at.ends[TRUNK].called() for _ in fates]
    assert await at.live_legs() == set(leg_of.values())
    assert len(rtp_ports(at.switch.process_id)) >= LEGS, "or there is nothing to be left"
    await asyncio.gather(*(meet(at, call, leg_of[call.invite.user], fates[call.invite.user]) for call in calls))
    ended = [event.leg_id for event in at.events if isinstance(event, LegEnded)]
    assert len(ended) == len(set(ended)) == LEGS + list(fates.values()).count("joined")
    await at.is_rid_of()
    assert await at.live_legs() == set()
    async with asyncio.timeout(SIP_GIVES_UP_S + WAIT_S):
        while rtp_ports(at.switch.process_id):
            await asyncio.sleep(0.2)
    assert at.tapes.number == list(fates.values()).count("heard"), "what was recorded is kept"
