"""Somebody who speaks SIP word for word, as a test has him do it: also what no phone would say."""

from __future__ import annotations

import hashlib
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from telephony.asterisk.namespace import must_be_closed
from telephony.asterisk.place import SIP_PORT

WAIT_S = 60.0
"""For what is to come: nobody waits so long where all is well, however busy the machine is."""
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

    def answers(
        self, request: Message, code: int, contact: str = "", *, with_sound: bool = False, more: str = ""
    ) -> None:
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
            *more.splitlines(),
        ]
        self._send(lines, body, request.sender)

    def asks(
        self, method: str, uri: str, switch: str, *, call: Message | None = None, user: str = "somebody", more: str = ""
    ) -> int | None:
        """Send a request, within a call that was answered or one of its own; the code of its answer, None if there is
        none."""
        answer = self.told(method, uri, switch, call=call, user=user, more=more)
        return answer.code if answer is not None else None

    def registers(self, user: str, password: str, switch: str) -> int | None:
        """As a phone does; what that comes to."""
        uri = f"sip:{switch}"
        challenge = self.told("REGISTER", uri, switch, user=user)
        assert challenge is not None
        header = challenge.headers.get("www-authenticate")
        if header is None:
            return challenge.code
        response = digest(header, user, password, "REGISTER", uri)
        more = f"Authorization: {response}\r\nExpires: 60"
        return self.asks("REGISTER", uri, switch, user=user, more=more)

    def told(
        self, method: str, uri: str, switch: str, *, call: Message | None = None, user: str = "somebody", more: str = ""
    ) -> Message | None:
        """Send a request; its answer."""
        number = next(_numbers)
        if call is None:
            called = f"sip:{user}@{switch}" if method == "REGISTER" else uri
            call_id, sender, receiver = f"call-{number}", f"<sip:{user}@{switch}>;tag=peer", f"<{called}>"
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
        until = time.monotonic() + WAIT_S
        while (message := self.hears(max(0.0, until - time.monotonic()))) is not None:
            is_answer = message.method == "SIP/2.0" and message.headers["call-id"] == call_id
            if is_answer and message.code >= 200 and message.headers["cseq"].endswith(method):
                return message
        return None

    def _send(self, lines: list[str], body: str, to: tuple[str, int]) -> None:
        kind = ["Content-Type: application/sdp"] if body else []
        text = "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}"])
        self._socket.sendto(f"{text}\r\n\r\n{body}".encode(), to)


def digest(
    challenge: str, user: str, password: str, method: str, uri: str, own: str = "of-a-peer", count: str = "00000001"
) -> str:
    """What a challenge is answered with (RFC 2617)."""
    asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.partition(" ")[2]))

    def md5(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()

    secret, what = md5(user, asked["realm"], password), md5(method, uri)
    response = md5(secret, asked["nonce"], count, own, "auth", what)
    values = {"username": user, "realm": asked["realm"], "nonce": asked["nonce"], "uri": uri, "response": response}
    texts = [f'{name}="{value}"' for name, value in {**values, "cnonce": own, "opaque": asked["opaque"]}.items()]
    return f"Digest {', '.join(texts)}, qop=auth, nc={count}, algorithm=MD5"
