"""The carrier over a real Asterisk, with far ends at its trunks that a story leads.

Decides which trunks there are, and how they are set up. It must not know what is said on them.
"""

from __future__ import annotations

import asyncio
import atexit
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache, partial
from itertools import count
from typing import TypeVar

from telephony.asterisk.ari import ask
from telephony.asterisk.configuration import PASSWORD, USER, small
from telephony.asterisk.far_end import Call, FarEnd
from telephony.asterisk.line import TestAddresses, prompt
from telephony.asterisk.place import Place, Which, place_of_this_worker
from telephony.asterisk.sounds import SoundsOnDemand
from telephony.asterisk.switch import Asterisk
from telephony.asterisk.tapes import Tapes
from telephony.support import WAIT_S, until
from trunkcall.domain.instants import Instant, seconds
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.saying import Saying
from trunkcall.engine.commands import HangUp, Originate, OriginateAgentLeg, ReportLegs
from trunkcall.engine.events import CarrierEvent, LegEnded, LegsReported
from trunkcall.telephony.ari.carrier import AriCarrier
from trunkcall.telephony.ari.client import Switch, parse_ari_url
from trunkcall.telephony.ari.phones import Phones
from trunkcall.telephony.ari.prompts import Sounds
from trunkcall.telephony.carrier import Destination

T = TypeVar("T")

TRUNK, WITH_PASSWORD, IMPATIENT, AGENT = "trunk", "with-password", "impatient", "agent"
"""A trunk; one with an account; one whose media may not be gone for long; an agent's phone."""
SILENT_S = 2
"""After so long without media a leg of the impatient trunk ends."""
CALLER_ID = "+12065550100"
NUMBER = "+12065550199"
RING_S = 60.0


@cache
def place() -> Place:
    """Beside those of the worker's other switches."""
    return place_of_this_worker(Which.BENCH)


@cache
def addresses() -> dict[str, str]:
    return {name: place().address() for name in (TRUNK, WITH_PASSWORD, IMPATIENT, AGENT)}


@cache
def asterisk() -> Asterisk:
    """The switch of this worker: one for all stories, each of which has an application of its own."""
    files = small(place(), addresses(), auth={WITH_PASSWORD: ("account", "a password")})
    before, impatient, after = files["pjsip.conf"].partition(f"[{IMPATIENT}]")
    files["pjsip.conf"] = before + impatient + after.replace("rtp_timeout = 60", f"rtp_timeout = {SILENT_S}", 1)
    # Most far ends here say nothing for as long as they like.
    files["pjsip.conf"] = files["pjsip.conf"].replace("rtp_timeout = 60", "rtp_timeout = 0")
    switch = Asterisk(place(), files)
    atexit.register(switch.close)
    switch.start()
    return switch


_apps = count(1)


class Bench:
    """A carrier, its switch, and a far end at each trunk. Most far ends here say nothing for as long as they like:
    ``sound_within_s`` is 0 unless a story is about that."""

    def __init__(self, *, sound_within_s: float = 0.0) -> None:
        self.switch = asterisk()
        self.ends = {name: FarEnd(address) for name, address in addresses().items()}
        self.events: list[CarrierEvent] = []
        self.app = f"trunkcall_bench{next(_apps)}"
        self.sounds = SoundsOnDemand(parse_ari_url(place().ari_url))
        self.tapes = Tapes()
        self.carrier = AriCarrier(
            self.app,
            partial(Switch, parse_ari_url(place().ari_url), USER, PASSWORD),
            TestAddresses(),
            now=_now,
            speak=_say,
            sounds=self.sounds,
            phones=Phones(self.app, dict),
            sound_within=seconds(sound_within_s),
            new_file=self.tapes.new_file,
        )
        self._questions = count(1)

    def dial(
        self,
        leg_id: str = "leg",
        trunk: str = TRUNK,
        *,
        caller_id: str | None = CALLER_ID,
        number: str = NUMBER,
        ring_s: float = RING_S,
        detect: bool = False,
        awaits: bool = False,
        figures: Mapping[str, int] | None = None,
    ) -> None:
        command = Originate(
            *(leg_id, f"contact of {leg_id}", "campaign", seconds(ring_s), detect, awaits, trunk, "local", caller_id)
        )
        self.carrier.originate(command, Destination(number, leg_id, figures or {}))

    async def dialed(self, leg_id: str = "leg", trunk: str = TRUNK, *, ring_s: float = RING_S) -> Call:
        """Dial, and be called."""
        self.dial(leg_id, trunk, ring_s=ring_s)
        return await self.ends[trunk].called()

    def hang_up(self, leg_id: str = "leg") -> None:
        self.carrier.hang_up(HangUp(leg_id))

    def ring_agent(self, leg_id: str, customer: str = "leg") -> None:
        self.carrier.originate_agent_leg(OriginateAgentLeg(leg_id, AGENT, customer, seconds(RING_S)))

    def now(self) -> Instant:
        """By the carrier's clock."""
        return _now()

    def told(self, kind: type[T], leg_id: str = "leg") -> list[T]:
        return [each for each in self.events if isinstance(each, kind) and getattr(each, "leg_id", leg_id) == leg_id]

    async def tells(self, kind: type[T], leg_id: str = "leg") -> T:
        """Wait for the first of this kind about a leg."""
        try:
            await until(lambda: self.told(kind, leg_id))
        except TimeoutError:
            raise AssertionError(f"no {kind.__name__} of {leg_id}; told were {self.events}") from None
        return self.told(kind, leg_id)[0]

    async def ends_once(self, leg_id: str = "leg") -> HangupCause:
        """Wait for a leg's end and until nothing is left of it at the switch; why it has ended."""
        cause = (await self.tells(LegEnded, leg_id)).cause
        await self.is_rid_of(f"{self.app}.{leg_id}")
        assert len(self.told(LegEnded, leg_id)) == 1
        return cause

    async def is_rid_of(self, name: str = "") -> None:
        """Wait until the switch has no channel and no bridge whose id begins so."""
        for what in ("channels", "bridges"):
            left: list[dict[str, object]] = []
            try:
                async with asyncio.timeout(WAIT_S):
                    while left := [each for each in await self.ask(what) if str(each["id"]).startswith(name)]:
                        await asyncio.sleep(0.02)
            except TimeoutError:
                raise AssertionError(f"left are {left}") from None

    async def ask(self, path: str) -> list[dict[str, object]]:
        """What the switch itself says."""
        found: list[dict[str, object]] = await asyncio.to_thread(ask, place(), "GET", path)
        return found

    async def live_legs(self) -> set[str]:
        """Which legs the carrier says that there are."""
        question = next(self._questions)
        self.carrier.report_legs(ReportLegs(question))

        def answers() -> list[LegsReported]:
            return [each for each in self.events if isinstance(each, LegsReported) and each.question == question]

        await until(answers)
        return {each.leg_id for each in answers()[0].legs}


@asynccontextmanager
async def bench(*, sound_within_s: float = 0.0) -> AsyncIterator[Bench]:
    made = Bench(sound_within_s=sound_within_s)
    for end in made.ends.values():
        await end.open()
    await made.carrier.start(made.events.append, token=1)
    try:
        yield made
    finally:
        await made.carrier.close()
        await made.sounds.close()
        for end in made.ends.values():
            end.close()


def _say(saying: Saying, then: Callable[[Sounds | None], None]) -> None:
    then((prompt(),) * len(saying.parts))


def _now() -> Instant:
    return time.time_ns() // 1000
