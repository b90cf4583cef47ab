"""The carrier over a real Asterisk, as the conformance suite has it.

A second of a scenario is a twentieth of one here, and no wait is longer than some seconds: far ends behave accordingly.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import cache, partial
from itertools import count
from pathlib import Path

from telephony.asterisk.configuration import PASSWORD, USER, small
from telephony.asterisk.phone import Manner, Phone, tone
from telephony.asterisk.place import place_of_this_worker
from telephony.asterisk.sounds import SoundsOnDemand
from telephony.asterisk.switch import Asterisk
from telephony.asterisk.tapes import Tapes
from telephony.asterisk.tones import a_tone
from telephony.support import Behaviour, originate
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.saying import Saying
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import Originate
from trunkcall.engine.events import CarrierEvent
from trunkcall.telephony.ari.addresses import Address, Addresses
from trunkcall.telephony.ari.carrier import AriCarrier
from trunkcall.telephony.ari.client import Switch, parse_ari_url
from trunkcall.telephony.ari.phones import Phones
from trunkcall.telephony.ari.prompts import Sounds, Speak
from trunkcall.telephony.carrier import Destination

SCALE = 20.0
MIN_WAIT_S, MAX_WAIT_S = 0.4, 3.0
SLICE_S = 0.01
MORE_RING = 3 * SECOND // 2
"""So that who waits for less than the ring time-out has done so before, however busy the machine is."""
SHORT_S = 0.5
"""Seconds of a scenario that give far ends the time to answer."""
NUMBER = "+12065550199"
AGENTS = ("agent-1", "agent-2")
MUSIC_HZ = 800
"""What is heard on hold."""
# A busy machine makes gaps in what is said, and has a test wait before it does something meanwhile.
AMD = """initial_silence = 2000
greeting = 1500
after_greeting_silence = 800
total_analysis_time = 5000
min_word_length = 60
between_words_silence = 50
maximum_number_of_words = 5
silence_threshold = 256
"""
MANNERS = {
    Behaviour.ANSWERS_AS_A_HUMAN: Manner(answers_after_s=0.3, says=tone(440, 0.15), leaves_after_s=8.0),
    Behaviour.ANSWERS_AND_IS_LEFT: Manner(answers_after_s=0.3, says=tone(440, 0.15)),
    Behaviour.ANSWERS_AS_A_MACHINE: Manner(answers_after_s=0.3, says=tone(440, 3.0)),
    Behaviour.BUSY: Manner(code=486),
    Behaviour.INVALID: Manner(code=404),
    Behaviour.RINGS_FOR_EVER: Manner(answers_after_s=None),
}


class TestAddresses(Addresses):
    """A trunk for each behaviour, and agents' phones."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__(lambda number, trunk: number, Trunk("default"), lambda trunk_id: trunk_id)

    def customer(self, trunk_id: str, phone_number: str) -> Address | None:
        return Address(trunk_id, f"PJSIP/{phone_number}@{trunk_id}")

    def agent(self, agent_id: str) -> Address | None:
        return Address(agent_id, f"PJSIP/{agent_id}")


@cache
def addresses() -> dict[str, str]:
    """Where each far end of this worker is."""
    place = place_of_this_worker()
    return {name: place.address() for name in (*(each.name.lower() for each in Behaviour), *AGENTS)}


@cache
def music() -> Path:
    """The folder of what is heard on hold."""
    folder = Path(tempfile.mkdtemp(prefix="trunkcall-music-"))
    atexit.register(shutil.rmtree, folder)
    a_tone(folder / "music.wav", MUSIC_HZ, 5.0).chmod(0o644)
    folder.chmod(0o755)
    return folder


@cache
def asterisk() -> Asterisk:
    """The switch of this worker: one for all of its tests, each of which has an application of its own."""
    place = place_of_this_worker()
    where = addresses()
    trunks = {name: address for name, address in where.items() if name not in AGENTS}
    files = small(place, trunks, phones={name: where[name] for name in AGENTS})
    files["amd.conf"] = f"[general]\n{AMD}"
    files["musiconhold.conf"] = f"[default]\nmode = files\ndirectory = {music()}\n"
    switch = Asterisk(place, files)
    atexit.register(switch.close)
    switch.start()
    return switch


_apps = count(1)
PROMPT_S = 4.0


@cache
def prompt() -> Path:
    """A sound that takes some seconds to be said."""
    folder = Path(tempfile.mkdtemp(prefix="trunkcall-prompts-"))
    atexit.register(shutil.rmtree, folder)
    return a_tone(folder / "prompt.wav", 700, PROMPT_S)


def _say(saying: Saying, then: Callable[[Sounds | None], None]) -> None:
    then((prompt(),) * len(saying.parts))


class AsteriskLine:
    """A carrier, the switch, and phones at the other end."""

    def __init__(self, speak: Speak = _say) -> None:
        self.switch = asterisk()
        self.phones = {
            **{each.name.lower(): Phone(addresses()[each.name.lower()], manner) for each, manner in MANNERS.items()},
            **{name: Phone(addresses()[name], Manner(answers_after_s=0.02, rings=False)) for name in AGENTS},
        }
        self._behaviour: dict[str, str] = {}
        self.token = 0
        self.events: list[CarrierEvent] = []
        self.sounds = SoundsOnDemand(parse_ari_url(place_of_this_worker().ari_url))
        self.app = f"trunkcall_{next(_apps)}"
        self.tapes = Tapes()
        self.carrier = AriCarrier(
            self.app,
            partial(Switch, parse_ari_url(place_of_this_worker().ari_url), USER, PASSWORD),
            TestAddresses(),
            now=_now,
            speak=speak,
            sounds=self.sounds,
            phones=Phones("nobody's", dict),
            new_file=self.tapes.new_file,
        )
        self._open = False

    async def start(self) -> None:
        if not self._open:
            self._open = True
            for phone in self.phones.values():
                await phone.open()
        self.events = []
        self.token += 1
        await self.carrier.start(self.events.append, token=self.token)

    def dial(self, behaviour: Behaviour, leg_id: str, *, detect: bool = False, host: str = "local") -> None:
        command = originate(leg_id, detect=detect, host=host)
        self._behaviour[leg_id] = behaviour.name.lower()
        self.carrier.originate(
            Originate(
                leg_id,
                command.contact_id,
                command.campaign_id,
                round(command.ring_timeout / SCALE) + MORE_RING,
                detect,
                False,
                behaviour.name.lower(),
                host,
                "+12065550100",
            ),
            Destination(NUMBER, leg_id),
        )

    def press(self, leg_id: str, key: str) -> None:
        self.phones[self._behaviour.get(leg_id, AGENTS[0])].press(key)

    def put_on_hold(self, leg_id: str, *, back: bool = False) -> None:
        self.phones[self._behaviour.get(leg_id, AGENTS[0])].hold("sendrecv" if back else "sendonly")

    def fail(self, host: str) -> None:
        raise NotImplementedError

    def find(self, host: str) -> None:
        raise NotImplementedError

    async def wait(self, seconds: float) -> None:
        while any(phone.presses for phone in self.phones.values()):
            await asyncio.sleep(0.02)
        least_s = MIN_WAIT_S if seconds >= SHORT_S else MIN_WAIT_S / 5
        if seconds / SCALE > least_s:
            await asyncio.sleep(min(seconds / SCALE, MAX_WAIT_S))
            return
        # Many short waits: on a machine that makes us wait, which makes the switch wait as well, they take longer.
        for _ in range(round(least_s / SLICE_S)):
            await asyncio.sleep(SLICE_S)

    @staticmethod
    def now() -> Instant:
        """The wall clock's time, by which the carrier goes."""
        return _now()

    async def close(self) -> None:
        await self.carrier.close()
        await self.sounds.close()
        for phone in self.phones.values():
            phone.close()


def _now() -> Instant:
    return time.time_ns() // 1000
