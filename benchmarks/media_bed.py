"""Legs that hear a prompt, are recorded, or both: by Trunkcall's carrier, by a bare ARI loop, and by nothing at all.

Decides how each of them is brought about on one real Asterisk, and what is noted of it. What is asked of the figures
is for each benchmark to say. Whoever is called says a tone meanwhile, as long as the prompt, where that is to be so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import re
import socket
import struct
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import aiohttp

from street import Packets, Street, StreetPhone
from telephony.asterisk.configuration import PASSWORD, USER, small
from telephony.asterisk.line import TestAddresses
from telephony.asterisk.namespace import INSIDE
from telephony.asterisk.phone import FRAME, FRAME_S
from telephony.asterisk.place import Place
from telephony.asterisk.switch import Asterisk
from telephony.asterisk.tapes import AT, Tapes
from telephony.asterisk.tones import a_tone, seconds_of
from trunkcall.domain.instants import SECOND
from trunkcall.domain.saying import plain
from trunkcall.engine.commands import HangUp, Originate, StartRecording, StopRecording
from trunkcall.engine.events import (
    CarrierEvent,
    LegAnswered,
    LegEnded,
    PlaybackEnded,
    RecordingEnded,
    RecordingStarted,
)
from trunkcall.telephony.ari.addresses import Addresses
from trunkcall.telephony.ari.carrier import AriCarrier
from trunkcall.telephony.ari.client import Switch, parse_ari_url
from trunkcall.telephony.ari.phones import Phones
from trunkcall.telephony.carrier import Destination
from trunkcall.telephony.sound.client import SoundProcess

TESTS: Final = Path(__file__).parent.parent / "tests"
TRUNK: Final = "trunk"
CALLER_ID: Final = "+12065550100"
PROMPT_HZ, SAID_HZ = 1000, 600
LATE_MS, SOON_MS = 40.0, 100.0
MOST_CALLS: Final = 500
EACH_S: Final = 0.01
"""Between two words to a switch."""
ENDS_S: Final = 30.0
WAITED_S: Final = 2.0
"""As long as a live answer waits for an agent, before it hears the safe-harbour message."""
GAP_FRAMES: Final = 2
"""Of what was said so much need not be on a recording: where it begins and ends."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What is done with each leg."""

    prompt: bool = True
    record: bool = False
    speaks: bool = False
    """Whether its party says something meanwhile."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What came of it. ``lag_ms`` is how late the loop beside it was woken up, in 99 of 100 times."""

    late_ms: list[float] = field(default_factory=list)
    """Of each stream, how late its latest frame was."""
    soon_ms: list[float] = field(default_factory=list)
    """Of each stream, from the word to the first sound."""
    lost_s: list[float] = field(default_factory=list)
    """Of each recording, how much of what was said is not on it."""
    lag_ms: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    """Of a core, by process."""

    @property
    def on_time(self) -> float:
        """Of all streams, in how many no frame was late."""
        return _share(self.late_ms, LATE_MS)

    @property
    def soon(self) -> float:
        return _share(self.soon_ms, SOON_MS)

    @property
    def whole(self) -> float:
        """Of all recordings, how many lack nothing."""
        return _share(self.lost_s, GAP_FRAMES * FRAME_S + 1e-9)


def _share(values: Sequence[float], bar: float) -> float:
    return sum(each <= bar for each in values) / max(1, len(values))


def late_ms(packets: Packets) -> float:
    """How late the latest frame was, where each is due 20 ms after the one before, and the first when it came."""
    if not packets:
        return math.inf
    first = packets[0][0]
    return max((at - first) / 1e6 - n * FRAME_S * 1000 for n, (at, _) in enumerate(packets))


def cpu_s(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Meter:
    """What processes take of a core, and how late a loop is woken up that wants to be each 10 ms."""

    def __init__(self, **processes: int) -> None:
        self._processes = processes
        self._before, self._began_s = self._now(), time.monotonic()
        self._late: list[float] = []
        self._task = asyncio.create_task(self._tick())

    def _now(self) -> dict[str, float]:
        return {name: cpu_s(each) for name, each in self._processes.items()}

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + 0.01
            await asyncio.sleep(0.01)
            self._late.append((loop.time() - due_s) * 1000)

    def read(self) -> tuple[float, dict[str, float]]:
        """Both, since it was made."""
        self._task.cancel()
        took_s = time.monotonic() - self._began_s
        cpu = {name: (each - self._before[name]) / took_s for name, each in self._now().items()}
        return sorted(self._late)[int(0.99 * len(self._late))] if self._late else 0.0, cpu


class Bed:
    """A switch, and trunks, each at an address of its own."""

    def __init__(self, stack: ExitStack, length_s: float, *, trunks: Sequence[str] = (TRUNK,)) -> None:
        self.length_s = length_s
        self.place = Place(1)
        self.addresses = {name: self.place.address() for name in trunks}
        self.address = self.addresses[trunks[0]]
        files = small(self.place, self.addresses)
        files["pjsip.conf"] = files["pjsip.conf"].replace("rtp_timeout = 60", "rtp_timeout = 0")
        self.switch = stack.enter_context(Asterisk(self.place, files))
        self.url = parse_ari_url(self.place.ari_url)
        self.file = a_tone(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "prompt.wav", PROMPT_HZ, length_s)
        self.on_switch = self.switch.folder / "prompt.wav"
        self.on_switch.write_bytes(self.file.read_bytes())
        self.on_switch.chmod(0o644)


def number_of(leg_id: str) -> str:
    """One that is kept for fiction, another for each of 500 legs."""
    n = int(re.sub("[^0-9]", "", leg_id))
    return f"+1{(206, 212, 312, 415, 512)[n // 100]}555{100 + n % 100:04d}"


def noted(phone: StreetPhone, street: Street, words: dict[str, int], lost_s: list[float], meter: Meter) -> Stretch:
    """What came of legs to which something was said, at these nanoseconds of the wall clock."""
    lag_ms, cpu = meter.read()
    heard = street.heard()
    streams = [(at, heard[phone.address, phone.called(number_of(leg_id)).port]) for leg_id, at in words.items()]
    soon = [(packets[0][0] - at) / 1e6 if packets else math.inf for at, packets in streams]
    return Stretch([late_ms(packets) for _, packets in streams], soon, lost_s, lag_ms, cpu)


class Carrier:
    """Trunkcall's carrier, its sound process, and files of recordings."""

    def __init__(self, bed: Bed, sounds: SoundProcess, addresses: Addresses) -> None:
        self.sounds = sounds
        self.events: list[CarrierEvent] = []
        self.tapes = Tapes()
        app = f"trunkcall_media{time.monotonic_ns()}"
        self.carrier = AriCarrier(
            app,
            partial(Switch, bed.url, USER, PASSWORD),
            addresses,
            now=lambda: time.time_ns() // 1000,
            speak=lambda saying, then: then((bed.file,)),
            sounds=sounds,
            phones=Phones(app, dict),
            new_file=self.tapes.new_file,
        )

    async def answered(self, legs: Sequence[str], trunk: str = TRUNK) -> None:
        """Have these legs be made."""
        for leg_id in legs:
            command = Originate(leg_id, leg_id, "campaign", 20 * SECOND, False, False, trunk, "local", CALLER_ID)
            self.carrier.originate(command, Destination(number_of(leg_id), leg_id))
            await asyncio.sleep(EACH_S)
        await until(lambda: self.told(LegAnswered) >= set(legs))

    async def recorded(self, legs: Sequence[str]) -> None:
        """Have these be recorded."""
        for leg_id in legs:
            self.carrier.start_recording(StartRecording(leg_id, leg_id, AT))
            await asyncio.sleep(EACH_S)
        await until(lambda: {e.recording_id for e in self.events if isinstance(e, RecordingStarted)} >= set(legs))

    async def recorded_no_more(self, legs: Sequence[str]) -> None:
        for leg_id in legs:
            self.carrier.stop_recording(StopRecording(leg_id))
        await until(lambda: {e.recording_id for e in self.events if isinstance(e, RecordingEnded)} >= set(legs))

    async def hung_up(self, legs: Sequence[str]) -> None:
        for leg_id in legs:
            self.carrier.hang_up(HangUp(leg_id))
        await until(lambda: self.told(LegEnded) >= set(legs))

    def meter(self, bed: Bed, street: Street) -> Meter:
        """Of all processes that have to do with the legs."""
        assert self.sounds.process_id is not None
        return Meter(
            asterisk=bed.switch.process_id,
            sound=self.sounds.process_id,
            dialer=os.getpid(),
            far_ends=street.process_id,
        )

    def told(self, kind: type[LegAnswered | LegEnded | PlaybackEnded]) -> set[str]:
        """Of which legs that was."""
        return {event.leg_id for event in self.events if isinstance(event, kind)}


@asynccontextmanager
async def far_ends(address: str, *, keep: bool = True) -> AsyncIterator[tuple[Street, StreetPhone]]:
    """Whoever is called at an address; ``keep`` is whether what they hear is to be told."""
    with Street() as street:
        phone = StreetPhone(address, street, keep=keep)
        await phone.open()
        try:
            yield street, phone
        finally:
            phone.close()


@asynccontextmanager
async def carrier_of(bed: Bed, addresses: Addresses | None = None) -> AsyncIterator[Carrier]:
    sounds = SoundProcess(bed.url, USER, PASSWORD)
    running = asyncio.create_task(sounds.run())
    await until(lambda: sounds.process_id is not None)
    made = Carrier(bed, sounds, addresses or TestAddresses())
    try:
        await made.carrier.start(made.events.append, token=1)
        yield made
    finally:
        await made.carrier.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def ours(bed: Bed, calls: int, doing: Doing) -> Stretch:
    """Legs of the carrier, and its sound process."""
    legs = [f"leg{n}" for n in range(calls)]
    async with far_ends(bed.address, keep=doing.prompt) as (street, phone), carrier_of(bed) as made:
        await made.answered(legs)
        if doing.record:
            await made.recorded(legs)
        await asyncio.sleep(WAITED_S)
        meter = made.meter(bed, street)
        words: dict[str, int] = {}
        for leg_id in legs:
            if doing.speaks:
                phone.say(phone.called(number_of(leg_id)), [(SAID_HZ, bed.length_s)])
            if doing.prompt:
                words[leg_id] = time.time_ns()
                made.carrier.play(leg_id, f"{leg_id}-play", plain("a prompt"))
            await asyncio.sleep(EACH_S)
        if doing.speaks:
            await asyncio.sleep(bed.length_s + 1.0)
        await until(lambda: made.told(PlaybackEnded) >= words.keys(), bed.length_s + ENDS_S)
        lost_s: list[float] = []
        if doing.record:
            await made.recorded_no_more(legs)
            lost_s = [bed.length_s - seconds_of(SAID_HZ, made.tapes.heard(leg_id)[0]) for leg_id in legs]
        unheard = sum(isinstance(event, PlaybackEnded) and not event.heard for event in made.events)
        stretch = noted(phone, street, words, lost_s, meter)
        await made.hung_up(legs)
        assert not unheard, f"{unheard} were not heard: {made.carrier.prompt_trouble}"
    return stretch


class BareLoop:
    """One application, and what it asks for and is told."""

    def __init__(self, bed: Bed, session: aiohttp.ClientSession) -> None:
        self._bed, self._session = bed, session
        self.app = f"bare{time.monotonic_ns()}"
        self.up: set[str] = set()
        self.over: set[str] = set()
        self.gone: set[str] = set()
        self._questions = count(1)

    async def ask(self, method: str, path: str, body: Any = None, **query: str) -> None:
        url = f"{self._bed.url}/ari/{path}"
        async with self._session.request(method, url, params=query, json=body) as answer:
            assert answer.status < 300, (path, answer.status, await answer.text())

    async def listen(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket_:
            event = json.loads(message.data)
            match event["type"]:
                case "StasisStart":
                    self.up.add(event["channel"]["id"])
                case "PlaybackFinished":
                    self.over.add(event["playback"]["id"])
                case "RecordingStarted":
                    self.up.add(event["recording"]["name"])
                case "RecordingFinished":
                    self.over.add(event["recording"]["name"])
                case "ChannelDestroyed":
                    self.gone.add(event["channel"]["id"])
                case _:
                    pass

    def channel(self, leg_id: str) -> str:
        return f"{self.app}.{leg_id}"

    async def dial(self, leg_id: str) -> None:
        await self.ask(
            "POST",
            "channels",
            {"variables": {"TRUNKCALL_APP": self.app}},
            endpoint=f"PJSIP/{number_of(leg_id)}@{TRUNK}",
            context="trunkcall",
            extension="session",
            priority="1",
            channelId=self.channel(leg_id),
            callerId=CALLER_ID,
        )

    async def record(self, legs: Sequence[str]) -> list[str]:
        """Two snoop channels of each, and a file of what each hears; the names of those of what is said."""
        names = [f"{self.channel(leg_id)}.{way}" for leg_id in legs for way in ("in", "out")]
        for name in names:
            channel, _, way = name.rpartition(".")
            await self.ask("POST", f"channels/{channel}/snoop", spy=way, app=self.app, snoopId=name)
        await until(lambda: self.up >= set(names))
        self.up -= set(names)
        for name in names:
            await self.ask("POST", f"channels/{name}/record", name=name, format="ulaw")
        await until(lambda: self.up >= set(names))
        return names

    async def record_no_more(self, names: Sequence[str]) -> dict[str, bytes]:
        for name in names:
            await self.ask("DELETE", f"channels/{name}")
        await until(lambda: self.over >= set(names))
        folder = self._bed.switch.folder / "spool" / "recording"
        found = {name: (folder / f"{name}.ulaw").read_bytes() for name in names}
        for name in names:
            (folder / f"{name}.ulaw").unlink()
        return found


async def bare_loop(bed: Bed, calls: int, doing: Doing) -> Stretch:
    """Legs that Asterisk plays a file to, and records, by itself."""
    headers = {"Authorization": aiohttp.encode_basic_auth(USER, PASSWORD)}
    legs = [f"leg{n}" for n in range(calls)]
    async with (
        far_ends(bed.address, keep=doing.prompt) as (street, phone),
        aiohttp.ClientSession(headers=headers) as session,
    ):
        bare = BareLoop(bed, session)
        socket_ = await session.ws_connect(f"{bed.url}/ari/events", params={"app": bare.app}, max_msg_size=0)
        listening = asyncio.create_task(bare.listen(socket_))
        await bare.ask("POST", f"applications/{bare.app}/subscription", eventSource=f"endpoint:PJSIP/{TRUNK}")
        for leg_id in legs:
            await bare.dial(leg_id)
            await asyncio.sleep(EACH_S)
        channels = {bare.channel(leg_id) for leg_id in legs}
        await until(lambda: bare.up >= channels)
        names = await bare.record(legs) if doing.record else []
        meter = Meter(asterisk=bed.switch.process_id, loop=os.getpid(), far_ends=street.process_id)
        words: dict[str, int] = {}
        for leg_id in legs:
            if doing.speaks:
                phone.say(phone.called(number_of(leg_id)), [(SAID_HZ, bed.length_s)])
            if doing.prompt:
                words[leg_id] = time.time_ns()
                media, channel = f"sound:{bed.on_switch.with_suffix('')}", bare.channel(leg_id)
                await bare.ask("POST", f"channels/{channel}/play", media=media, playbackId=channel)
            await asyncio.sleep(EACH_S)
        if doing.speaks:
            await asyncio.sleep(bed.length_s + 1.0)
        await until(lambda: bare.over >= (channels if doing.prompt else set()), bed.length_s + ENDS_S)
        files = await bare.record_no_more(names)
        said = [file for name, file in files.items() if name.endswith(".in")]
        stretch = noted(phone, street, words, [bed.length_s - seconds_of(SAID_HZ, file) for file in said], meter)
        for channel in channels:
            await bare.ask("DELETE", f"channels/{channel}")
        await until(lambda: bare.gone >= channels)
        listening.cancel()
        await socket_.close()
    return stretch


async def bare_sender(bed: Bed, calls: int) -> Stretch:
    """Packets to the street, sent by a loop that knows nothing else."""
    frames = round(bed.length_s / FRAME_S)
    loop = asyncio.get_running_loop()
    words: dict[int, int] = {}
    with Street() as street, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for port in range(30_000, 30_000 + 2 * calls, 2):
            street.open(bed.address, port)
        await asyncio.sleep(1.0)
        meter = Meter(sender=os.getpid())

        async def send(n: int) -> None:
            await asyncio.sleep(EACH_S * n)
            port = 30_000 + 2 * n
            words[port], first_s = time.time_ns(), loop.time()
            for at in range(frames):
                head = struct.pack("!BBHII", 0x80, 0, at & 0xFFFF, at * FRAME, port)
                out.sendto(head + b"\x10" * FRAME, (bed.address, port))
                await asyncio.sleep(max(0.0, first_s + (at + 1) * FRAME_S - loop.time()))

        await asyncio.gather(*(send(n) for n in range(calls)))
        lag_ms, cpu = meter.read()
        heard = street.heard()
    streams = [(at, heard[bed.address, port]) for port, at in words.items()]
    soon = [(packets[0][0] - at) / 1e6 if packets else math.inf for at, packets in streams]
    return Stretch([late_ms(packets) for _, packets in streams], soon, [], lag_ms, cpu)


async def until(true: Callable[[], object], timeout_s: float = ENDS_S) -> None:
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110 - whoever makes it true sets no event
            await asyncio.sleep(0.02)


def run_inside(parser: argparse.ArgumentParser, script: str) -> argparse.Namespace:
    """The arguments; in the closed namespace, where the script is run anew if it is not there yet."""
    arguments = parser.parse_args()
    if INSIDE not in os.environ:
        command = [sys.executable, "-m", "telephony.asterisk.namespace", sys.executable, script, *sys.argv[1:]]
        path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
        os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": path})
    return arguments
