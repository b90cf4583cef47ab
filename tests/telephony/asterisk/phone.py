"""Far ends of a switch: phones that speak SIP and RTP as far as a test needs it (RFC 3261, 3550, 4733).

They do what they are told, when they are: answer, speak, press keys, hang up. Scenarios of SIPp cannot be told.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
import struct
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from telephony.asterisk.namespace import must_be_closed
from telephony.asterisk.place import SIP_PORT

FRAME_S = 0.02
FRAME = 160
KEY_FRAMES, GAP_S = 8, 0.2
"""How long a key is pressed, and how long none is."""
PCMU, EVENTS = 0, 101
RTP_HEAD = 12
MOST = 2048
"""Octets of a packet."""
KEYS = "0123456789*#ABCD"
UNHEARD_S = 10.0
"""After so long whoever has answered speaks although nobody has said that this was heard."""
REPEATS_S = (0.5, 1.0, 2.0, *[4.0] * 20)
"""When something is said again that nobody has heard (RFC 3261, timers E and G): a busy switch loses datagrams."""
_called: dict[str, object] = {}
"""Whom each call was for, by its id."""


def is_for(end: object, call_id: str) -> bool:
    """Whether an INVITE is for this far end: it may be one, repeated, for who was at its address before."""
    return _called.setdefault(call_id, end) is end


def ulaw(sample: float) -> int:
    """A sample from -1 to 1 as an octet (ITU-T G.711)."""
    value = min(32635, round(abs(sample) * 32635)) + 132
    exponent = value.bit_length() - 8
    octet = exponent << 4 | (value >> (exponent + 3)) & 0x0F
    return ~(octet | (0x80 if sample < 0 else 0)) & 0xFF


def linear(octet: int) -> float:
    """What ``ulaw`` has made an octet of, from -1 to 1."""
    octet = ~octet & 0xFF
    value = (((octet & 0x0F) << 3) + 132 << (octet >> 4 & 7)) - 132
    return (-value if octet & 0x80 else value) / 32767


def loudness(heard: bytes, hertz: float) -> float:
    """How loud a tone is in what was heard, 1 at full scale (Goertzel's algorithm)."""
    once = twice = 0.0
    factor = 2 * math.cos(2 * math.pi * hertz / 8000)
    for octet in heard:
        once, twice = linear(octet) + factor * once - twice, once
    return 2 * math.sqrt(max(0.0, once * once + twice * twice - factor * once * twice)) / max(1, len(heard))


def tone(hertz: float, length_s: float) -> bytes:
    return bytes(ulaw(0.5 * math.sin(2 * math.pi * hertz * n / 8000)) for n in range(round(length_s * 8000)))


def speech(length_s: float) -> bytes:
    """What is taken for it: syllables whose pitch goes up and down, and never stays."""
    made = bytearray()
    angle = 0.0
    for n in range(round(length_s * 8000)):
        at_s = n / 8000
        angle += 2 * math.pi * (260 + 90 * math.sin(2 * math.pi * 3.1 * at_s)) / 8000
        loud = 0.25 * max(0.0, math.sin(2 * math.pi * 2.2 * at_s)) ** 0.3
        made.append(ulaw(loud * (math.sin(angle) + 0.6 * math.sin(2 * angle) + 0.5 * math.sin(3 * angle)) / 1.5))
    return bytes(made)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a phone behaves. ``answers_after_s`` is None where it does not until it is told to; ``code`` is what it says
    instead, at once or after it has rung for ``code_after_s``. ``says`` is heard once it has answered, and ``goes_on``
    after that, again and again; ``leaves_after_s`` is when it hangs up. One that is ``mute`` sends no media, not even
    silence. One that is ``dead`` says nothing to anything."""

    answers_after_s: float | None = 0.1
    code: int | None = None
    code_after_s: float = 0.0
    rings: bool = True
    dead: bool = False
    says: bytes = b""
    goes_on: bytes = b""
    leaves_after_s: float | None = None
    mute: bool = False

    def speech(self, at: int) -> bytes:
        """What is said in a frame, silence where that is nothing."""
        begin = at * FRAME
        if self.goes_on and begin >= len(self.says):
            begin = (begin - len(self.says)) % len(self.goes_on)
            return (self.goes_on[begin:] + self.goes_on)[:FRAME]
        return self.says[begin : begin + FRAME].ljust(FRAME, b"\xff")


@dataclass(slots=True)
class Dialog:
    """One call to a phone."""

    call_id: str
    headers: dict[str, str]
    via: str
    media: tuple[str, int]
    peer: tuple[str, int]
    contact: str
    port: int
    """Where its media comes from."""
    number: str
    """Whom it was for."""
    manner: Manner
    up: bool = False
    answered_s: float | None = None
    over_s: float | None = None
    """When it was answered and when it was over, by the loop's time."""
    picked_up: asyncio.Event = field(default_factory=asyncio.Event)
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    repeats: asyncio.Task[None] | None = None
    """What was said last, again and again until it was heard."""
    left: bool = False
    """Whether it was this phone that hung up."""
    over: bool = False
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    asked: int = 0
    """How many requests of its own it has made."""
    direction: str = "sendrecv"
    """Which way it says that media may go."""
    keys: list[str] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    """What the other side has said, in the order in which it arrived."""
    heard_keys: dict[int, str] = field(default_factory=dict)
    """What keys it has pressed, by when each was."""
    directions: list[str] = field(default_factory=list)
    """Those of the INVITEs within the call that are not answered yet."""
    answers: dict[str, int] = field(default_factory=dict)
    """What each request of its own was answered with, by its CSeq."""

    def comes_from(self) -> str:
        return f"From: {self.headers['to']};tag=phone\r\nTo: {self.headers['from']}\r\nCall-ID: {self.call_id}"


class Ear(asyncio.DatagramProtocol):
    """Where the media of one call arrives."""

    def __init__(self, dialog: Dialog) -> None:
        self._dialog = dialog

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) > RTP_HEAD and data[1] & 0x7F == PCMU:
            self._dialog.heard += data[RTP_HEAD:]
        elif len(data) > RTP_HEAD and data[1] & 0x7F == EVENTS:
            (time,) = struct.unpack_from("!I", data, 4)
            self._dialog.heard_keys[time] = KEYS[data[RTP_HEAD]]

    def close(self, media: asyncio.DatagramTransport) -> None:
        """Hear what has arrived, and no more: a loop that was kept waiting reads of a call's end before its last words,
        of which it takes one packet at a time."""
        descriptor = media.get_extra_info("socket").fileno()
        with suppress(OSError):
            while True:
                self.datagram_received(os.read(descriptor, MOST), ("", 0))
        media.close()


def rtp(kind: int, sequence: int, time: int, payload: bytes) -> bytes:
    """A packet of a stream; ``time`` is in samples."""
    return struct.pack("!BBHII", 0x80, kind, sequence & 0xFFFF, time & 0xFFFFFFFF, 0x1234) + payload


def key_frames(key: str) -> list[bytes]:
    """What is told of a key, frame by frame (RFC 4733): its end three times."""
    ends = [0x80 if number >= KEY_FRAMES - 3 else 0 for number in range(KEY_FRAMES)]
    lasted = [FRAME * min(number + 1, KEY_FRAMES - 2) for number in range(KEY_FRAMES)]
    return [struct.pack("!BBH", KEYS.index(key), end | 10, each) for end, each in zip(ends, lasted, strict=True)]


class Phone(asyncio.DatagramProtocol):
    """One address that takes any number of calls, each number in a manner of its own where ``manners`` has one."""

    def __init__(self, address: str, manner: Manner, manners: Mapping[str, Manner] | None = None) -> None:
        must_be_closed()
        self.address = address
        self.manner = manner
        self.manners = manners or {}
        self.dialogs: dict[str, Dialog] = {}
        self.invites: list[dict[str, str]] = []
        """The headers of every call's first INVITE."""
        self._ports = iter(range(30000, 39998, 2))
        self._repeats: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.address, SIP_PORT))

    def close(self) -> None:
        """End every call, or the switch would go on with it, and ask whoever is at this address next about it."""
        self.hang_up()
        for dialog in self.dialogs.values():
            if not dialog.over:
                self._say(dialog, 480, "Temporarily Unavailable", dialog.headers, dialog.via)
            self._end(dialog)
        for repeats in self._repeats:
            repeats.cancel()
        self._transport.close()

    @property
    def presses(self) -> bool:
        """Whether there are keys that are yet to be pressed."""
        return any(dialog.keys for dialog in self.dialogs.values() if not dialog.over)

    @property
    def talk(self) -> Dialog:
        """The one that is up."""
        return next(each for each in reversed(self.dialogs.values()) if each.up and not each.over)

    def press(self, key: str, dialog: Dialog | None = None) -> None:
        """On this call, or the one that is up."""
        (dialog or self.talk).keys.append(key)

    def press_by_info(self, key: str, dialog: Dialog | None = None) -> None:
        """The same beside the sound (RFC 6086, and the body that is common for it)."""
        self._say_within("INFO", f"Signal={key}\r\nDuration=160\r\n", "application/dtmf-relay", dialog)

    def hold(self, direction: str = "sendonly") -> None:
        """Put the other side of the call that is up on hold (RFC 3264, 8.4), or take it back by ``sendrecv``."""
        dialog = self.talk
        dialog.directions.append(direction)
        if len(dialog.directions) == 1:
            self._invite_again(dialog)

    def _invite_again(self, dialog: Dialog) -> None:
        """One at a time: an INVITE before the former one's answer is refused (RFC 3261, 14.1)."""
        dialog.direction = dialog.directions[0]
        self._say_within("INVITE", self._sdp(dialog), "application/sdp", dialog)

    def _say_within(self, method: str, body: str, kind: str, dialog: Dialog | None = None) -> None:
        dialog = dialog or self.talk
        dialog.asked += 1
        self._request(dialog, method, dialog.asked, body, kind)

    def _request(self, dialog: Dialog, method: str, number: int, body: str = "", kind: str = "") -> None:
        lines = [
            f"{method} {dialog.contact} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address}:{SIP_PORT};branch=z9hG4bK{method}{number}{abs(hash(dialog.call_id))}",
            dialog.comes_from(),
            f"CSeq: {number} {method}",
            f"Contact: <sip:{self.address}:{SIP_PORT}>",
            "Max-Forwards: 70",
            *([f"Content-Type: {kind}"] if kind else []),
            f"Content-Length: {len(body)}",
        ]
        message = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
        if method == "ACK":
            self._transport.sendto(message, dialog.peer)
        else:
            self._tell(dialog, message)

    def pick_up(self, numbers: Collection[str] | None = None) -> None:
        """Answer every call that rings, of these numbers if some are named."""
        for dialog in self.dialogs.values():
            if numbers is None or dialog.number in numbers:
                dialog.picked_up.set()

    def hang_up(self, numbers: Collection[str] | None = None) -> None:
        """End every call that is up, of these numbers if some are named."""
        for dialog in self.dialogs.values():
            if dialog.up and not dialog.over and (numbers is None or dialog.number in numbers):
                self._hang_up(dialog)
                self._end(dialog)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers: dict[str, str] = {}
        vias: list[str] = []
        for line in lines:
            name, _, value = line.partition(":")
            if name.lower() == "via":
                vias.append(value.strip())
            headers.setdefault(name.lower(), value.strip())
        via = "".join(f"Via: {each}\r\n" for each in vias)
        method = first.split()[0]
        dialog = self.dialogs.get(headers["call-id"])
        if method == "SIP/2.0":
            if dialog is not None:
                self._answered(dialog, int(first.split()[1]), headers["cseq"])
        elif method == "ACK":
            if dialog is not None:
                dialog.acknowledged.set()
                if dialog.repeats is not None:
                    dialog.repeats.cancel()
        elif (
            method == "INVITE" and dialog is None and ("tag=" in headers["to"] or not is_for(self, headers["call-id"]))
        ):
            self._answer(addr, 481, "Call/Transaction Does Not Exist", headers, via)
        elif method == "INVITE" and dialog is None:
            self._called(headers, via, body, addr)
        elif method == "INVITE" and dialog is not None:
            if dialog.up:
                self._say(dialog, 200, "OK", headers, via, sdp=True)
        elif method == "BYE":
            if dialog is not None:
                self._end(dialog)
                if dialog.repeats is not None:
                    dialog.repeats.cancel()
            self._answer(addr, 200, "OK", headers, via)
        elif method == "CANCEL" and dialog is not None and not dialog.up and not dialog.manner.dead:
            self._answer(addr, 200, "OK", headers, via)
            self._say(dialog, 487, "Request Terminated", dialog.headers, dialog.via)
            self._end(dialog)
        elif method == "OPTIONS":
            self._answer(addr, 200, "OK", headers, via)

    def _called(self, headers: dict[str, str], via: str, body: str, addr: tuple[str, int]) -> None:
        self.invites.append(headers)
        host = re.search(r"^c=IN IP4 (\S+)", body, re.M)
        port = re.search(r"^m=audio (\d+)", body, re.M)
        contact = re.search(r"<([^>]+)>", headers.get("contact", ""))
        whom = re.search(r"sip:([^@>]+)@", headers["to"])
        number = whom[1] if whom is not None else ""
        assert host is not None
        assert port is not None
        media = host[1], int(port[1])
        reached = contact[1] if contact else ""
        manner = self.manners.get(number, self.manner)
        dialog = Dialog(headers["call-id"], headers, via, media, addr, reached, next(self._ports), number, manner)
        self.dialogs[dialog.call_id] = dialog
        dialog.tasks.append(asyncio.create_task(self._behave(dialog)))

    async def _behave(self, dialog: Dialog) -> None:
        manner = dialog.manner
        if manner.dead:
            return
        if manner.rings and (manner.code is None or manner.code_after_s):
            self._say(dialog, 180, "Ringing", dialog.headers, dialog.via)
        if manner.code is not None:
            await asyncio.sleep(manner.code_after_s)
            self._say(dialog, manner.code, "No", dialog.headers, dialog.via)
            self._end(dialog)
            return
        if manner.answers_after_s is None:
            await dialog.picked_up.wait()
        else:
            await asyncio.sleep(manner.answers_after_s)
        loop = asyncio.get_running_loop()
        dialog.up, dialog.answered_s = True, loop.time()
        where = self.address, dialog.port
        media, ear = await loop.create_datagram_endpoint(lambda: Ear(dialog), local_addr=where)
        try:
            self._say(dialog, 200, "OK", dialog.headers, dialog.via, sdp=True)
            with suppress(TimeoutError):
                # Nobody listens before.
                await asyncio.wait_for(dialog.acknowledged.wait(), UNHEARD_S)
            await self._speak(dialog, media)
        finally:
            ear.close(media)

    async def _speak(self, dialog: Dialog, media: asyncio.DatagramTransport) -> None:
        loop = asyncio.get_running_loop()
        began_s, at = loop.time(), 0
        quiet_until_s = 0.0
        leaves_s = dialog.manner.leaves_after_s
        while leaves_s is None or at * FRAME_S < leaves_s:
            if dialog.keys and loop.time() >= quiet_until_s:
                self._press(dialog, media, at, dialog.keys.pop(0))
                at += KEY_FRAMES
                # By the clock, not by frames: of two keys that arrive at once, as after a stall, Asterisk drops one.
                quiet_until_s = loop.time() + KEY_FRAMES * FRAME_S + GAP_S
            else:
                if not dialog.manner.mute:
                    self._rtp(dialog, media, PCMU, at, at * FRAME, dialog.manner.speech(at))
                at += 1
            await asyncio.sleep(max(0.0, began_s + at * FRAME_S - loop.time()))
        self._hang_up(dialog)

    def _press(self, dialog: Dialog, media: asyncio.DatagramTransport, at: int, key: str) -> None:
        """All of a key at once: a gap in it would make it two. By RFC 4733 the time is that of its beginning
        throughout."""
        for number, payload in enumerate(key_frames(key)):
            self._rtp(dialog, media, EVENTS, at + number, at * FRAME, payload)

    def _rtp(
        self,
        dialog: Dialog,
        media: asyncio.DatagramTransport,
        kind: int,
        sequence: int,
        time: int,
        payload: bytes,
    ) -> None:
        media.sendto(rtp(kind, sequence, time, payload), dialog.media)

    def _answered(self, dialog: Dialog, code: int, cseq: str) -> None:
        number, method = cseq.split()
        if code >= 200:
            is_said_again = cseq in dialog.answers
            dialog.answers[cseq] = code
            if method == "BYE":
                dialog.acknowledged.set()
            if dialog.repeats is not None:
                dialog.repeats.cancel()
            if method == "INVITE":
                self._request(dialog, "ACK", int(number))
                if not is_said_again:
                    dialog.directions.pop(0)
                    if dialog.directions:
                        self._invite_again(dialog)

    def _hang_up(self, dialog: Dialog) -> None:
        dialog.asked += 1
        self._request(dialog, "BYE", dialog.asked)
        dialog.left = True
        self._over(dialog)

    def _tell(self, dialog: Dialog, message: bytes) -> None:
        """Say something, until it is heard."""
        if dialog.repeats is not None:
            dialog.repeats.cancel()
        self._transport.sendto(message, dialog.peer)
        dialog.repeats = asyncio.create_task(self._repeat(dialog, message))
        self._repeats.add(dialog.repeats)
        dialog.repeats.add_done_callback(self._repeats.discard)

    async def _repeat(self, dialog: Dialog, message: bytes) -> None:
        for after_s in REPEATS_S:
            await asyncio.sleep(after_s)
            self._transport.sendto(message, dialog.peer)

    def _over(self, dialog: Dialog) -> None:
        if not dialog.over:
            dialog.over, dialog.over_s = True, asyncio.get_running_loop().time()

    def _end(self, dialog: Dialog) -> None:
        self._over(dialog)
        for task in dialog.tasks:
            if task is not asyncio.current_task():
                task.cancel()

    def _say(
        self,
        dialog: Dialog,
        code: int,
        why: str,
        headers: dict[str, str],
        via: str,
        *,
        sdp: bool = False,
        port: int = 0,
    ) -> None:
        message = self._message(code, why, headers, via, self._sdp(dialog) if sdp else "")
        if code >= 200:
            self._tell(dialog, message)
        else:
            self._transport.sendto(message, dialog.peer)

    def _sdp(self, dialog: Dialog) -> str:
        """What it offers, or answers with."""
        return (
            f"v=0\r\no=- 1 {dialog.asked + 1} IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\nt=0 0\r\n"
            f"m=audio {dialog.port} RTP/AVP {PCMU} {EVENTS}\r\na=rtpmap:{PCMU} PCMU/8000\r\n"
            f"a=rtpmap:{EVENTS} telephone-event/8000\r\na=fmtp:{EVENTS} 0-16\r\na=ptime:20\r\na={dialog.direction}\r\n"
        )

    def _answer(self, addr: tuple[str, int], code: int, why: str, headers: dict[str, str], via: str) -> None:
        self._transport.sendto(self._message(code, why, headers, via), addr)

    def _message(self, code: int, why: str, headers: dict[str, str], via: str, body: str = "") -> bytes:
        to = headers["to"] if "tag=" in headers["to"] else f"{headers['to']};tag=phone"
        text = (
            f"SIP/2.0 {code} {why}\r\n{via}From: {headers['from']}\r\nTo: {to}\r\nCall-ID: {headers['call-id']}\r\n"
            f"CSeq: {headers['cseq']}\r\nContact: <sip:{self.address}:{SIP_PORT}>\r\n"
        )
        if body:
            text += "Content-Type: application/sdp\r\n"
        return f"{text}Content-Length: {len(body)}\r\n\r\n{body}".encode()
