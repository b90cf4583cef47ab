"""Somebody who speaks SIP word for word, as a test has him do it: also what no phone would say."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from telephony.asterisk.namespace import must_be_closed
from telephony.asterisk.place import SIP_PORT

WAIT_S = 10.0
ANSWER_S = 3.0
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer. ``vias`` are all of its Via headers."""

    first: str
    headers: Mapping[str, str]
    vias: tuple[str, ...]
    sender: tuple[str, int]

    @property
    def method(self) -> str:
        return self.first.split()[0]

    @property
    def code(self) -> int:
        """Of an answer."""
        return int(self.first.split()[1])

    @property
    def contact(self) -> str:
        found = re.search(r"<([^>]+)>", self.headers["contact"])
        assert found is not None
        return found[1]


class Peer:
    """One address."""

    def __init__(self, address: str) -> None:
        must_be_closed()
        self.address = address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, SIP_PORT))

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *raised: object) -> None:
        self._socket.close()

    def hears(self, wait_s: float) -> Message | None:
        """What comes next; None if nothing does."""
        self._socket.settimeout(wait_s)
        try:
            data, sender = self._socket.recvfrom(65536)
        except (TimeoutError, BlockingIOError):
            return None
        first, *lines = data.decode().partition("\r\n\r\n")[0].split("\r\n")
        pairs = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        headers = dict(reversed(pairs))
        return Message(first, headers, tuple(value for name, value in pairs if name == "via"), sender)

    def waits_for(self, method: str) -> Message:
        """The next request of this kind."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            message = self.hears(until - time.monotonic())
            if message is not None and message.method == method:
                return message
        raise AssertionError(f"no {method} came")

    def answers(self, request: Message, code: int, contact: str = "", *, with_sound: bool = False) -> None:
        body = ""
        if with_sound:
            body = (
                f"v=0\r\no=- 1 1 IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\nt=0 0\r\n"
                "m=audio 30000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
            )
        lines = [
            f"SIP/2.0 {code} So",
            *(f"Via: {via}" for via in request.vias),
            f"From: {request.headers['from']}",
            f"To: {request.headers['to']};tag=peer",
            f"Call-ID: {request.headers['call-id']}",
            f"CSeq: {request.headers['cseq']}",
            f"Contact: <{contact or f'sip:{self.address}:{SIP_PORT}'}>",
        ]
        self._send(lines, body, request.sender)

    def asks(
        self, method: str, uri: str, switch: str, *, call: Message | None = None, user: str = "somebody", more: str = ""
    ) -> int | None:
        """Send a request, within a call that was answered or one of its own; what it is answered at last, None if
        nothing."""
        number = next(_numbers)
        if call is None:
            call_id, sender, receiver = f"call-{number}", f"<sip:{user}@{switch}>;tag=peer", f"<{uri}>"
        else:
            call_id, receiver = call.headers["call-id"], call.headers["from"]
            sender = f"{call.headers['to']};tag=peer"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address}:{SIP_PORT};branch=z9hG4bK-peer-{number}",
            f"From: {sender}",
            f"To: {receiver}",
            f"Call-ID: {call_id}",
            f"CSeq: {number} {method}",
            "Max-Forwards: 70",
            f"Contact: <sip:{user}@{self.address}:{SIP_PORT}>",
            *more.splitlines(),
        ]
        body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"
        self._send(lines, body if method == "INVITE" else "", (switch, SIP_PORT))
        until = time.monotonic() + ANSWER_S
        while (message := self.hears(max(0.0, until - time.monotonic()))) is not None:
            is_answer = message.method == "SIP/2.0" and message.headers["call-id"] == call_id
            if is_answer and message.code >= 200 and message.headers["cseq"].endswith(method):
                return message.code
        return None

    def _send(self, lines: list[str], body: str, to: tuple[str, int]) -> None:
        kind = ["Content-Type: application/sdp"] if body else []
        text = "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}"])
        self._socket.sendto(f"{text}\r\n\r\n{body}".encode(), to)
