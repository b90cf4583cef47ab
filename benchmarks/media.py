"""What is heard of prompts that Trunkcall plays by Asterisk, and when, beside a bare sender and a bare loop in one run.

Asterisk and everybody who is called live in a network namespace with nothing but lo, which only root can make. A
process of its own receives all sound, with the kernel's time of each packet. By turns there hear a prompt each:

- so many legs of Trunkcall's carrier, whose sound process sends it;
- as many legs that a bare loop of ARI requests has play the same sound from a file that Asterisk reads itself;
- as many ports that a bare sender sends packets to, one each 20 ms, without any switch.

Told are how many streams had no frame later than 40 ms after its time, counted from the stream's first; how long it is
from the word to the first sound that is heard; how late a loop beside the carrier, such as the dialer's, is woken up;
and what each process takes of a core. Prints one JSON line a figure, and exits non-zero where a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import re
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import aiohttp

from api import say
from telephony.asterisk.configuration import PASSWORD, USER, small
from telephony.asterisk.line import TestAddresses
from telephony.asterisk.namespace import INSIDE
from telephony.asterisk.phone import Dialog, Manner, Phone
from telephony.asterisk.place import Place
from telephony.asterisk.switch import Asterisk
from telephony.asterisk.tapes import Tapes
from telephony.asterisk.tones import a_tone
from trunkcall.domain.instants import SECOND
from trunkcall.domain.saying import plain
from trunkcall.engine.commands import HangUp, Originate
from trunkcall.engine.events import CarrierEvent, LegAnswered, LegEnded, PlaybackEnded
from trunkcall.telephony.ari.carrier import AriCarrier
from trunkcall.telephony.ari.client import Switch, parse_ari_url
from trunkcall.telephony.ari.phones import Phones
from trunkcall.telephony.carrier import Destination
from trunkcall.telephony.sound.client import SoundProcess

TESTS: Final = Path(__file__).parent.parent / "tests"
TRUNK: Final = "trunk"
FIRST_PORT: Final = 30_000
FRAME_S, FRAME, RTP_HEAD = 0.02, 160, 12
LATE_MS, SOON_MS = 40.0, 100.0
SHARE_BAR: Final = 0.99
NUMBER: Final = "+12065550199"
QUIET: Final = frozenset({0xFF, 0x7F, 0xFE, 0x7E, 0xFD, 0x7D})
"""Octets that are silence, or next to it."""
CALLER_ID: Final = "+12065550100"
ENDS_S: Final = 30.0
WAITED_S: Final = 2.0
SO_TIMESTAMPNS: Final = 35


# --- who hears --------------------------------------------------------------------------------------------------------


def hear(address: str, ports: int) -> None:
    """Receive on so many ports until standard input ends; then print, for each, when each packet came (ns of the wall
    clock) and whether it was silence."""
    selector = selectors.DefaultSelector()
    heard: list[list[tuple[int, bool]]] = [[] for _ in range(ports)]
    for number in range(ports):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        one.bind((address, FIRST_PORT + 2 * number))
        one.setblocking(False)
        selector.register(one, selectors.EVENT_READ, heard[number])
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                print(json.dumps(heard))
                return
            assert isinstance(key.fileobj, socket.socket)
            with suppress(BlockingIOError):
                while True:
                    data, ancillary, _, _ = key.fileobj.recvmsg(2048, 128)
                    seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
                    silent = not set(data[RTP_HEAD:]) - QUIET
                    key.data.append((seconds * 1_000_000_000 + nanoseconds, silent))


class Ears:
    """The process that does so, for one stretch."""

    def __init__(self, address: str, ports: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--hear", address, str(ports)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def heard(self) -> list[list[tuple[int, bool]]]:
        """All of it, in order, from the first sound to the last of each port."""
        told, _ = self._process.communicate()
        trimmed = []
        for packets in json.loads(told):
            loud = [at for at, (_, silent) in enumerate(packets) if not silent]
            trimmed.append([tuple(each) for each in packets[loud[0] : loud[-1] + 1]] if loud else [])
        return trimmed


class SilentPhone(Phone):
    """Answers, and leaves hearing to the ears."""

    async def _speak(self, dialog: Dialog, media: asyncio.DatagramTransport) -> None:
        await asyncio.Event().wait()

    async def _behave(self, dialog: Dialog) -> None:
        dialog.up = True
        self._say(dialog, 200, "OK", dialog.headers, dialog.via, sdp=True)


# --- what is measured -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """What came of one turn. ``lag_ms`` is how late the loop beside it was woken up, in 99 of 100 times."""

    late_ms: list[float]
    """Of each stream, how late its latest frame was."""
    soon_ms: list[float]
    """Of each stream, from the word to the first sound."""
    lag_ms: float
    cpu: dict[str, float]
    """Of a core, by process."""

    @property
    def on_time(self) -> float:
        return sum(each <= LATE_MS for each in self.late_ms) / max(1, len(self.late_ms))

    @property
    def soon(self) -> float:
        return sum(each <= SOON_MS for each in self.soon_ms) / max(1, len(self.soon_ms))


def late_ms(packets: Sequence[tuple[int, bool]]) -> float:
    """How late the latest frame was, where each is due 20 ms after the one before, and the first when it came."""
    if not packets:
        return math.inf
    first = packets[0][0]
    return max((at - first) / 1e6 - n * FRAME_S * 1000 for n, (at, _) in enumerate(packets))


def cpu_s(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Lag:
    """How late a loop is woken up that wants to be each 10 ms."""

    def __init__(self) -> None:
        self._late: list[float] = []
        self._task = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + 0.01
            await asyncio.sleep(0.01)
            self._late.append((loop.time() - due_s) * 1000)

    def over(self) -> float:
        self._task.cancel()
        return sorted(self._late)[int(0.99 * len(self._late))] if self._late else 0.0


class Bed:
    """A switch, and a trunk that everybody is called by."""

    def __init__(self, stack: ExitStack, calls: int, length_s: float) -> None:
        self.calls, self.length_s = calls, length_s
        self.place = Place(1)
        self.address = self.place.address()
        files = small(self.place, {TRUNK: self.address})
        files["pjsip.conf"] = files["pjsip.conf"].replace("rtp_timeout = 60", "rtp_timeout = 0")
        self.switch = stack.enter_context(Asterisk(self.place, files))
        self.url = parse_ari_url(self.place.ari_url)
        self.file = a_tone(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "prompt.wav", 1000, length_s)
        self.on_switch = self.switch.folder / "prompt.wav"
        self.on_switch.write_bytes(self.file.read_bytes())
        self.on_switch.chmod(0o644)

    def stretch_of(
        self, ears: Ears, words: dict[int, int], lag: float, cpu: dict[str, float], *, trimmed: bool = True
    ) -> Stretch:
        heard = ears.heard()
        late = [late_ms(heard[port]) for port in sorted(words)]
        soon = [(heard[port][0][0] - at) / 1e6 if heard[port] else math.inf for port, at in sorted(words.items())]
        return Stretch(late, soon, lag, cpu)


def port_of(phone: Phone, leg_id: str) -> int:
    """Which of the ears hears a leg: its number is in whom it calls."""
    dialog = next(each for each in phone.dialogs.values() if each.number == number_of(leg_id))
    return (dialog.port - FIRST_PORT) // 2


def number_of(leg_id: str) -> str:
    """One that is kept for fiction, another for each of 500 legs."""
    n = int(re.sub("[^0-9]", "", leg_id))
    return f"+1{(206, 212, 312, 415, 512)[n // 100]}555{100 + n % 100:04d}"


async def ours(bed: Bed) -> Stretch:
    """Legs of the carrier, and its sound process."""
    ears = Ears(bed.address, bed.calls)
    phone = SilentPhone(bed.address, Manner())
    await phone.open()
    sounds = SoundProcess(bed.url, USER, PASSWORD)
    running = asyncio.create_task(sounds.run())
    await until(lambda: sounds.process_id is not None)
    events: list[tuple[float, CarrierEvent]] = []
    app = f"trunkcall_media{time.monotonic_ns()}"
    carrier = AriCarrier(
        app,
        partial(Switch, bed.url, USER, PASSWORD),
        TestAddresses(),
        now=lambda: time.time_ns() // 1000,
        speak=lambda saying, then: then((bed.file,)),
        sounds=sounds,
        phones=Phones(app, dict),
        new_file=Tapes().new_file,
    )
    await carrier.start(lambda event: events.append((time.time(), event)), token=1)
    legs = [f"leg{n}" for n in range(bed.calls)]
    for leg_id in legs:
        command = Originate(leg_id, leg_id, "campaign", 20 * SECOND, False, False, TRUNK, "local", CALLER_ID)
        carrier.originate(command, Destination(number_of(leg_id), leg_id))
        await asyncio.sleep(0.01)

    def told(kind: type[LegAnswered | LegEnded | PlaybackEnded]) -> set[str]:
        return {event.leg_id for _, event in events if isinstance(event, kind)}

    await until(lambda: told(LegAnswered) >= set(legs))
    # As long as a live answer waits for an agent, before it hears the safe-harbour message.
    await asyncio.sleep(WAITED_S)
    assert sounds.process_id is not None
    processes = {"asterisk": bed.switch.process_id, "sound": sounds.process_id, "dialer": os.getpid()}
    before, began_s = {name: cpu_s(each) for name, each in processes.items()}, time.monotonic()
    lag, words = Lag(), dict[int, int]()
    for leg_id in legs:
        words[port_of(phone, leg_id)] = time.time_ns()
        carrier.play(leg_id, f"{leg_id}-play", plain("a prompt"))
        await asyncio.sleep(0.01)
    await until(lambda: told(PlaybackEnded) >= set(legs), bed.length_s + ENDS_S)
    took_s = time.monotonic() - began_s
    cpu = {name: (cpu_s(each) - before[name]) / took_s for name, each in processes.items()}
    late_by = lag.over()
    unheard = sum(isinstance(event, PlaybackEnded) and not event.heard for _, event in events)
    assert not unheard, f"{unheard} were not heard: {carrier.prompt_trouble}"
    for leg_id in legs:
        carrier.hang_up(HangUp(leg_id))
    await until(lambda: told(LegEnded) >= set(legs))
    await carrier.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    phone.close()
    return bed.stretch_of(ears, words, late_by, cpu)


async def bare_loop(bed: Bed) -> Stretch:
    """Legs that Asterisk plays a file to by itself."""
    ears = Ears(bed.address, bed.calls)
    phone = SilentPhone(bed.address, Manner())
    await phone.open()
    app = f"bare{time.monotonic_ns()}"
    headers = {"Authorization": aiohttp.encode_basic_auth(USER, PASSWORD)}
    up: set[str] = set()
    over: set[str] = set()
    gone: set[str] = set()
    async with aiohttp.ClientSession(headers=headers) as session:

        async def ask(method: str, path: str, body: Any = None, **query: str) -> None:
            async with session.request(method, f"{bed.url}/ari/{path}", params=query, json=body) as answer:
                assert answer.status < 300, (path, answer.status, await answer.text())

        socket_ = await session.ws_connect(f"{bed.url}/ari/events", params={"app": app}, max_msg_size=0)

        async def listen() -> None:
            async for message in socket_:
                event = json.loads(message.data)
                match event["type"]:
                    case "StasisStart":
                        up.add(event["channel"]["id"].rpartition(".")[2])
                    case "PlaybackFinished":
                        over.add(event["playback"]["id"].rpartition(".")[2])
                    case "ChannelDestroyed":
                        gone.add(event["channel"]["id"].rpartition(".")[2])
                    case _:
                        pass

        listening = asyncio.create_task(listen())
        await ask("POST", f"applications/{app}/subscription", eventSource=f"endpoint:PJSIP/{TRUNK}")
        legs = [f"leg{n}" for n in range(bed.calls)]
        for leg_id in legs:
            await ask(
                "POST",
                "channels",
                {"variables": {"TRUNKCALL_APP": app}},
                endpoint=f"PJSIP/{number_of(leg_id)}@{TRUNK}",
                context="trunkcall",
                extension="session",
                priority="1",
                channelId=f"{app}.{leg_id}",
                callerId=CALLER_ID,
            )
            await asyncio.sleep(0.01)
        await until(lambda: up >= set(legs))
        before, began_s = cpu_s(bed.switch.process_id), time.monotonic()
        lag, words = Lag(), dict[int, int]()
        for leg_id in legs:
            words[port_of(phone, leg_id)] = time.time_ns()
            media = f"sound:{bed.on_switch.with_suffix('')}"
            await ask("POST", f"channels/{app}.{leg_id}/play", media=media, playbackId=f"{app}.{leg_id}")
            await asyncio.sleep(0.01)
        await until(lambda: over >= set(legs), bed.length_s + ENDS_S)
        cpu = {"asterisk": (cpu_s(bed.switch.process_id) - before) / (time.monotonic() - began_s)}
        late_by = lag.over()
        for leg_id in legs:
            await ask("DELETE", f"channels/{app}.{leg_id}")
        await until(lambda: gone >= set(legs))
        listening.cancel()
        await socket_.close()
    phone.close()
    return bed.stretch_of(ears, words, late_by, cpu)


async def bare_sender(bed: Bed) -> Stretch:
    """Packets to the ears, sent by a loop that knows nothing else."""
    ears = Ears(bed.address, bed.calls)
    frames = round(bed.length_s / FRAME_S)
    loop = asyncio.get_running_loop()
    words: dict[int, int] = {}
    lag, before, began_s = Lag(), cpu_s(os.getpid()), time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:

        async def send(port: int) -> None:
            await asyncio.sleep(0.01 * port)
            words[port], first_s = time.time_ns(), loop.time()
            for n in range(frames):
                head = struct.pack("!BBHII", 0x80, 0, n & 0xFFFF, n * FRAME, port)
                out.sendto(head + b"\x10" * FRAME, (bed.address, FIRST_PORT + 2 * port))
                await asyncio.sleep(max(0.0, first_s + (n + 1) * FRAME_S - loop.time()))

        await asyncio.gather(*(send(port) for port in range(bed.calls)))
    cpu = {"sender": (cpu_s(os.getpid()) - before) / (time.monotonic() - began_s)}
    return bed.stretch_of(ears, words, lag.over(), cpu)


async def idle(bed: Bed) -> float:
    """How late the loop is woken up while nothing is played."""
    lag = Lag()
    await asyncio.sleep(min(bed.length_s, 5.0))
    return lag.over()


async def until(true: Callable[[], object], timeout_s: float = ENDS_S) -> None:
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110 - whoever makes it true sets no event
            await asyncio.sleep(0.02)


# --- the figures ------------------------------------------------------------------------------------------------------


def measure(bed: Bed, rounds: int) -> bool:
    """All of them, by turns."""
    found: dict[str, list[Stretch]] = {"trunkcall": [], "bare_loop": [], "bare_sender": []}
    quiet = []
    for _ in range(rounds):
        quiet.append(asyncio.run(idle(bed)))
        found["trunkcall"].append(asyncio.run(ours(bed)))
        found["bare_loop"].append(asyncio.run(bare_loop(bed)))
        found["bare_sender"].append(asyncio.run(bare_sender(bed)))

    def median(of: Callable[[Stretch], float], digits: int) -> dict[str, float]:
        return {name: round(statistics.median(map(of, each)), digits) for name, each in found.items()}

    calls = {"calls": bed.calls, "rounds": rounds}
    on_time = median(lambda each: each.on_time, 3)
    say("streams without a frame later than 40 ms", **on_time, bar=SHARE_BAR, **calls)
    say("the latest frame of a stream, ms, the median stream", **median(_median_of("late_ms"), 1), **calls)
    soon = median(lambda each: each.soon, 3)
    say("prompts heard within 100 ms of the word", **soon, bar=SHARE_BAR, **calls)
    say("from the word to the sound, ms, the median", **median(_median_of("soon_ms"), 1), **calls)
    lag = median(lambda each: each.lag_ms, 2)
    say("a loop beside it is late, ms, the 99th of a hundred", **lag, idle=round(statistics.median(quiet), 2), **calls)
    for name, stretches in found.items():
        cpu = {
            process: round(statistics.median(each.cpu[process] for each in stretches), 3)
            for process in stretches[0].cpu
        }
        say(f"cores taken: {name}", **cpu, **calls)
    # A busy machine is late by itself: then what the bare ones reach is the bar.
    bar_late = min(SHARE_BAR, on_time["bare_sender"])
    bar_soon = min(SHARE_BAR, soon["bare_loop"])
    return on_time["trunkcall"] >= bar_late and soon["trunkcall"] >= bar_soon


def _median_of(name: str) -> Callable[[Stretch], float]:
    return lambda stretch: statistics.median(getattr(stretch, name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100, help="at a time, 500 at most")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the prompt")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hear", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.hear:
        hear(arguments.hear[0], int(arguments.hear[1]))
        return
    if INSIDE not in os.environ:
        command = [sys.executable, "-m", "telephony.asterisk.namespace", sys.executable, __file__, *sys.argv[1:]]
        path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
        os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": path})
    with ExitStack() as stack:
        sys.exit(not measure(Bed(stack, arguments.calls, arguments.seconds), arguments.rounds))


if __name__ == "__main__":
    main()
