"""The sound of far ends, in a process of its own: it says tones to a switch, and notes what comes back, and when.

Decides when a packet is due, and takes the kernel's time of each that comes. It must not know SIP, nor who is who. It
is told what to do by a JSON array on each line of its standard input:

- ``["open", ADDRESS, PORT, KEEP]``: take what comes there, and keep it if it is to be told;
- ``["say", ADDRESS, PORT, HOST, ITS_PORT, [[HERTZ, SECONDS], …]]``: say these tones one after the other, from there;
- ``["end"]``: tell what has come, a line for each port that keeps it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from heapq import heappop, heappush
from itertools import chain, repeat
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from telephony.asterisk.namespace import must_be_closed
from telephony.asterisk.phone import FRAME, FRAME_S, RTP_HEAD, Dialog, Manner, Phone, tone

Packets = list[tuple[int, bool]]
"""When each came (nanoseconds of the wall clock), and whether it was silence."""
Tones = Sequence[tuple[int, float]]
"""Hertz, whole multiples of 50, as a packet holds whole waves then; and for how many seconds each."""

QUIET: Final = frozenset({0xFF, 0x7F, 0xFE, 0x7E, 0xFD, 0x7D})
"""Octets that are silence, or next to it."""
SO_TIMESTAMPNS: Final = 35


class Street:
    """That process, for one stretch."""

    def __init__(self) -> None:
        must_be_closed()
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.process_id = self._process.pid

    def __enter__(self) -> Street:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.kill()
        self._process.communicate()

    def open(self, address: str, port: int, *, keep: bool = True) -> None:
        self._do("open", address, port, keep)

    def say(self, address: str, port: int, to: tuple[str, int], tones: Tones) -> None:
        self._do("say", address, port, *to, tones)

    def _do(self, *what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")

    def heard(self) -> dict[tuple[str, int], Packets]:
        """All of it, in order, from the first sound to the last of each port; the process ends."""
        told, _ = self._process.communicate('["end"]\n')
        trimmed = {}
        for line in told.splitlines():
            address, port, packets = json.loads(line)
            loud = [at for at, (_, silent) in enumerate(packets) if not silent]
            kept = packets[loud[0] : loud[-1] + 1] if loud else []
            trimmed[address, port] = [(at, silent) for at, silent in kept]
        return trimmed


class StreetPhone(Phone):
    """Answers at once, and leaves speaking and hearing to the street."""

    def __init__(self, address: str, street: Street, *, keep: bool = True) -> None:
        super().__init__(address, Manner())
        self._street = street
        self._keep = keep

    def say(self, dialog: Dialog, tones: Tones) -> None:
        self._street.say(self.address, dialog.port, dialog.media, tones)

    def called(self, number: str) -> Dialog:
        """The call to a number."""
        return next(each for each in self.dialogs.values() if each.number == number)

    async def _speak(self, dialog: Dialog, media: asyncio.DatagramTransport) -> None:
        await asyncio.Event().wait()

    async def _behave(self, dialog: Dialog) -> None:
        dialog.up = True
        self._street.open(self.address, dialog.port, keep=self._keep)
        self._say(dialog, 200, "OK", dialog.headers, dialog.via, sdp=True)


# --- the process ------------------------------------------------------------------------------------------------------


def live() -> None:
    gc.disable()
    poll = select.epoll()
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    sockets: dict[tuple[str, int], socket.socket] = {}
    ears: dict[int, tuple[socket.socket, Packets | None]] = {}
    packets: dict[tuple[str, int], Packets] = {}
    speeches: list[_Speech] = []
    due: list[tuple[float, int]] = []
    pending = b""
    while True:
        now_s = time.monotonic()
        while due and due[0][0] <= now_s:
            due_s, number = heappop(due)
            if speeches[number].goes_on():
                heappush(due, (due_s + FRAME_S, number))
        for descriptor, _ in poll.poll(max(0.0, due[0][0] - time.monotonic()) if due else -1):
            if descriptor in ears:
                _take(*ears[descriptor])
                continue
            read = os.read(descriptor, 1 << 20)
            if not read:
                return
            pending += read
            *lines, pending = pending.split(b"\n")
            for line in lines:
                match json.loads(line):
                    case ["open", str(address), int(port), bool(keep)]:
                        sockets[address, port] = made = _ear(address, port)
                        ears[made.fileno()] = made, packets.setdefault((address, port), []) if keep else None
                        poll.register(made, select.EPOLLIN)
                    case ["say", str(address), int(port), str(host), int(its_port), [*tones]]:
                        heappush(due, (time.monotonic(), len(speeches)))
                        speeches.append(_Speech(sockets[address, port], (host, its_port), tones, len(speeches)))
                    case _:
                        for (address, port), kept in packets.items():
                            print(json.dumps([address, port, kept]))
                        return


class _Speech:
    """What is said from one port."""

    def __init__(self, mouth: socket.socket, to: tuple[str, int], tones: Tones, source: int) -> None:
        self._mouth, self._to, self._source = mouth, to, source
        self._frames = chain.from_iterable(
            repeat(tone(hertz, FRAME_S), round(seconds / FRAME_S)) for hertz, seconds in tones
        )
        self._sent = 0

    def goes_on(self) -> bool:
        """Say a frame; whether there was one."""
        frame = next(self._frames, None)
        if frame is None:
            return False
        self._sent += 1
        time_ = self._sent * FRAME & 0xFFFFFFFF
        with suppress(BlockingIOError, ConnectionRefusedError):
            head = struct.pack("!BBHII", 0x80, 0, self._sent & 0xFFFF, time_, self._source)
            self._mouth.sendto(head + frame, self._to)
        return True


def _ear(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    made.bind((address, port))
    made.setblocking(False)
    return made


def _take(ear: socket.socket, kept: Packets | None) -> None:
    with suppress(BlockingIOError, ConnectionRefusedError):
        while True:
            data, ancillary, _, _ = ear.recvmsg(2048, 128)
            if kept is not None:
                seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
                kept.append((seconds * 1_000_000_000 + nanoseconds, not set(data[RTP_HEAD:]) - QUIET))


if __name__ == "__main__":
    live()
