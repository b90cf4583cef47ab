"""A far end that does what a story says, message by message (RFC 3261): where a ``Phone`` has manners, this has none.

It answers by itself what every far end answers at once: BYE, CANCEL and OPTIONS, and a repeated INVITE as it was
answered before, unless it is ``silent``. Everything else is the story's to say.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from telephony.asterisk.namespace import must_be_closed
from telephony.asterisk.phone import EVENTS, FRAME, FRAME_S, PCMU, REPEATS_S, RTP_HEAD, is_for
from telephony.asterisk.place import SIP_PORT
from telephony.support import WAIT_S, until

PCMA, G729 = 8, 18
AHEAD_EVERY_S = 0.002
_TAGS = count(1)
_BRANCHES = count(1)


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer. Names of headers are small."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @property
    def what(self) -> str:
        """The method of a request, or the code of an answer."""
        words = self.first.split()
        return words[1] if words[0].startswith("SIP/") else words[0]

    def every(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]

    def header(self, name: str) -> str:
        """Its first header of this name; empty if it has none."""
        return next(iter(self.every(name)), "")

    @property
    def user(self) -> str:
        """The user part of what was dialed."""
        found = re.match(r"\S+ sips?:([^@]+)@", self.first)
        return found[1] if found is not None else ""


def parse(data: bytes) -> Message:
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    split = [line.partition(":") for line in lines]
    return Message(first, tuple((name.strip().lower(), value.strip()) for name, _, value in split), body)


def user_of(address: str) -> str:
    """Of <sip:USER@HOST>."""
    found = re.search(r"sips?:([^@;>]+)@", address)
    return found[1] if found is not None else ""


@dataclass(eq=False, slots=True)
class Call:
    """One call to a far end. ``heard`` is all that has arrived, in its order."""

    end: FarEnd
    invite: Message
    heard: list[Message] = field(default_factory=list)
    tag: str = field(default_factory=lambda: f"far{next(_TAGS)}")
    silent: bool = False
    """It has vanished: nothing that arrives is answered."""
    port: int = 0
    """Where it takes media."""
    packets: int = 0
    """How many of the other side's media have arrived there since it ``speaks``."""
    spoke_from_s: float = 0.0
    """When it began to speak, by the loop's time."""
    sound: list[tuple[float, bytes]] = field(default_factory=list)
    """What it hears where it speaks itself: when, by the loop's time, and the octets."""
    _last: tuple[list[str], str] | None = None
    """What it has answered the INVITE last."""
    _cseq: int = 100
    _taken: int = 0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _media: asyncio.DatagramTransport | None = None

    # --- what it says -------------------------------------------------------------------------------------------------

    def say(self, code: int, why: str = "Word", *, body: str = "", headers: Sequence[str] = (), tag: str = "") -> None:
        """Answer the INVITE; where that is no, until it is heard."""
        self.answer(self.invite, code, why, body=body, headers=headers, tag=tag)
        if code >= 300 and self._last is not None:
            self._tasks.append(asyncio.create_task(self._repeat(*self._last, heard=self.count("ACK"))))

    def answer(
        self,
        request: Message,
        code: int,
        why: str = "Word",
        *,
        body: str = "",
        headers: Sequence[str] = (),
        tag: str = "",
    ) -> None:
        to = request.header("to")
        if "tag=" not in to and code != 100:
            to = f"{to};tag={tag or self.tag}"
        lines = [
            f"SIP/2.0 {code} {why}",
            *(f"Via: {each}" for each in request.every("via")),
            *(f"Record-Route: {each}" for each in request.every("record-route")),
            f"From: {request.header('from')}",
            f"To: {to}",
            f"Call-ID: {request.header('call-id')}",
            f"CSeq: {request.header('cseq')}",
            *headers,
        ]
        if not any(line.startswith("Contact:") for line in lines):
            lines.append(f"Contact: <sip:{self.end.address}:{SIP_PORT}>")
        if request is self.invite:
            self._last = (lines, body)
        self.end.send(lines, body)

    @property
    def is_open(self) -> bool:
        """Whether its INVITE has no final answer yet."""
        return self._last is None or self._last[0][0].split()[1] < "200"

    def again(self, request: Message) -> bool:
        """Whether this is the INVITE once more: then what was answered last is as well."""
        is_again = request.what == "INVITE" and request.header("cseq") == self.invite.header("cseq")
        if is_again and self._last is not None and not self.silent:
            self.end.send(*self._last)
        return is_again

    def ask(
        self, method: str, *, body: str = "", headers: Sequence[str] = (), cseq: int | None = None
    ) -> tuple[list[str], str]:
        """A request of its own within the call, which is returned. An ACK is for the ``cseq`` of its INVITE."""
        if cseq is None:
            self._cseq += 1
        contact = re.search(r"<([^>]+)>", self.invite.header("contact"))
        assert contact is not None
        lines = [
            f"{method} {contact[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.end.address}:{SIP_PORT};branch=z9hG4bKfar{next(_BRANCHES)}",
            f"From: {self.invite.header('to')};tag={self.tag}",
            f"To: {self.invite.header('from')}",
            f"Call-ID: {self.invite.header('call-id')}",
            f"CSeq: {self._cseq if cseq is None else cseq} {method}",
            f"Contact: <sip:{self.end.address}:{SIP_PORT}>",
            "Max-Forwards: 70",
            *headers,
        ]
        self.end.send(lines, body)
        return lines, body

    async def asks(self, method: str, *, body: str = "", headers: Sequence[str] = ()) -> Message:
        """The final answer to a request of its own; that to an INVITE is acknowledged."""
        asked = self.ask(method, body=body, headers=headers)
        repeats = asyncio.create_task(self._repeat(*asked))
        cseq = self._cseq
        try:
            said = await self.hears(lambda each: each.what >= "200" and each.header("cseq") == f"{cseq} {method}")
        finally:
            repeats.cancel()
        if method == "INVITE":
            self.ask("ACK", cseq=cseq)
        return said

    async def _repeat(self, lines: list[str], body: str, *, heard: int | None = None) -> None:
        """Say it again and again, until more ACKs were heard if there were some before."""
        for after_s in REPEATS_S:
            await asyncio.sleep(after_s)
            if heard is not None and self.count("ACK") > heard:
                return
            self.end.send(lines, body)

    async def picks_up(self, *, headers: Sequence[str] = (), body: str = "") -> None:
        """Ring, answer, and wait for the ACK."""
        self.say(180, "Ringing")
        body = body or self.sdp()
        for _ in range(10):
            self.say(200, "OK", body=body, headers=headers)
            with suppress(AssertionError):
                await self.hears("ACK", within_s=1.0)
                return
        raise AssertionError("no ACK")

    def sdp(
        self,
        *codecs: int,
        direction: str = "sendrecv",
        media: str = "audio",
        version: int = 1,
        events: bool = True,
    ) -> str:
        """What it offers or takes; PCMU where nothing is said. ``events`` are keys that are pressed."""
        if not self.port:
            self.port = self.end.next_port()
        kinds = " ".join(str(each) for each in (*(codecs or (PCMU,)), *([EVENTS] if events else [])))
        line = f"m=audio {self.port} RTP/AVP {kinds}\r\na={direction}\r\n"
        if events:
            line += f"a=rtpmap:{EVENTS} telephone-event/8000\r\n"
        if media == "image":
            line = f"m=image {self.port} udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
        host = self.end.address
        return f"v=0\r\no=- 1 {version} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n{line}"

    # --- what it hears ------------------------------------------------------------------------------------------------

    async def hears(self, what: str | Callable[[Message], bool], *, within_s: float = WAIT_S) -> Message:
        """The next message of this kind, which is waited for; earlier ones of other kinds are passed over."""

        def fits(message: Message) -> bool:
            return message.what == what if isinstance(what, str) else what(message)

        def found() -> Message | None:
            for at in range(self._taken, len(self.heard)):
                if fits(self.heard[at]):
                    self._taken = at + 1
                    return self.heard[at]
            return None

        try:
            async with asyncio.timeout(within_s):
                while (message := found()) is None:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"no {what}; heard were {[each.first for each in self.heard]}") from None
        return message

    def count(self, what: str) -> int:
        """How many of this kind have arrived, repetitions too."""
        return sum(each.what == what for each in self.heard)

    # --- its media ----------------------------------------------------------------------------------------------------

    async def speaks(self, says: bytes = b"", *, ahead_s: float = 0.0) -> None:
        """Send media from now on, what is to be said and then silence, until ``falls_silent``. So much of it is sent
        ahead of its time: Asterisk takes it as it comes, and a busy machine leaves no gaps in it."""
        loop = asyncio.get_running_loop()
        self.port = self.port or self.end.next_port()
        self._media, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(self), local_addr=(self.end.address, self.port)
        )
        self._tasks.append(asyncio.create_task(self._speak(self._media, says, ahead_s)))

    async def _speak(self, media: asyncio.DatagramTransport, says: bytes, ahead_s: float) -> None:
        loop = asyncio.get_running_loop()
        host, port = (re.search(form, self.invite.body, re.M) for form in (r"^c=IN IP4 (\S+)", r"^m=audio (\d+)"))
        assert host is not None
        assert port is not None
        to, began_s = (host[1], int(port[1])), loop.time()
        self.spoke_from_s = began_s
        for at in count():
            head = b"\x80\x00" + (at & 0xFFFF).to_bytes(2) + (at * FRAME & 0xFFFFFFFF).to_bytes(4) + b"\0\0\x12\x34"
            media.sendto(head + says[at * FRAME : (at + 1) * FRAME].ljust(FRAME, b"\xff"), to)
            # A socket holds some hundred datagrams.
            least_s = AHEAD_EVERY_S if at * FRAME_S < ahead_s else 0.0
            await asyncio.sleep(max(least_s, began_s - ahead_s + (at + 1) * FRAME_S - loop.time()))

    def falls_silent(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._media is not None:
            self._media.close()

    def vanishes(self) -> None:
        """Its power has failed."""
        self.silent = True
        self.falls_silent()


class _Ear(asyncio.DatagramProtocol):
    """Where the media of one call arrives."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._call.packets += 1
        if len(data) > RTP_HEAD and data[1] & 0x7F == PCMU:
            self._call.sound.append((asyncio.get_running_loop().time(), data[RTP_HEAD:]))


class FarEnd(asyncio.DatagramProtocol):
    """One address that is called."""

    def __init__(self, address: str) -> None:
        must_be_closed()
        self.address = address
        self.calls: list[Call] = []
        self.on_call: Callable[[Call], object] = lambda call: None
        """Told of every call, at once."""
        self._by_id: dict[str, Call] = {}
        self._ports = iter(range(30000, 39998, 2))
        self._peer = ("", 0)
        self._given = 0

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.address, SIP_PORT))

    def close(self) -> None:
        for call in self.calls:
            if call.is_open:
                # Or its INVITE would come again, to whoever is at this address then.
                call.say(480)
            call.falls_silent()
        self._transport.close()

    def next_port(self) -> int:
        return next(self._ports)

    async def called(self) -> Call:
        """The next call, which is waited for."""
        try:
            await until(lambda: len(self.calls) > self._given)
        except TimeoutError:
            raise AssertionError("nobody calls") from None
        self._given += 1
        return self.calls[self._given - 1]

    def send(self, lines: Sequence[str], body: str) -> None:
        head = [*lines, *(["Content-Type: application/sdp"] if body else []), f"Content-Length: {len(body)}"]
        self._transport.sendto(("\r\n".join(head) + "\r\n\r\n" + body).encode(), self._peer)

    def throw(self, data: bytes) -> None:
        """Send what is no SIP to whoever has called."""
        self._transport.sendto(data, self._peer)

    async def calls_us(self, host: str, number: str) -> Message:
        """What the switch answers a call that comes in."""
        self._peer = (host, SIP_PORT)
        call_id = f"in{next(_TAGS)}"
        invite = Message(
            f"INVITE sip:{number}@{host} SIP/2.0",
            (
                ("via", f"SIP/2.0/UDP {self.address}:{SIP_PORT};branch=z9hG4bK{call_id}"),
                ("from", f"<sip:{number}@{self.address}>;tag={call_id}"),
                ("to", f"<sip:{number}@{host}>"),
                ("call-id", call_id),
                ("cseq", "1 INVITE"),
                ("contact", f"<sip:{self.address}:{SIP_PORT}>"),
                ("max-forwards", "70"),
            ),
        )
        call = self._by_id[call_id] = Call(self, invite)
        self.send([invite.first, *(f"{name}: {value}" for name, value in invite.headers)], call.sdp())
        said = await call.hears(lambda message: message.what >= "200")
        to = [f"{name}: {said.header('to') if name == 'to' else value}" for name, value in invite.headers]
        ack = [line.replace("1 INVITE", "1 ACK") for line in to]
        self.send([f"ACK sip:{number}@{host} SIP/2.0", *ack], "")
        return said

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._peer = addr
        message = parse(data)
        call_id = message.header("call-id")
        call = self._by_id.get(call_id)
        if call is None:
            call = Call(self, message)
            if message.what == "OPTIONS":
                call.answer(message, 200, "OK")
            elif message.what == "INVITE" and ("tag=" in message.header("to") or not is_for(self, call_id)):
                # Of a call to whoever was at this address before.
                call.answer(message, 481, "Call/Transaction Does Not Exist")
            elif message.what == "INVITE":
                self._by_id[call_id] = call
                self.calls.append(call)
                self.on_call(call)
            return
        if call.again(message):
            return
        call.heard.append(message)
        if call.silent:
            return
        match message.what:
            case "BYE":
                call.answer(message, 200, "OK")
            case "CANCEL":
                call.answer(message, 200, "OK")
                call.say(487, "Request Terminated")
            case _:
                pass
