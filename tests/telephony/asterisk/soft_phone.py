"""An agent's telephone that knows what was typed into it: it registers by that, and calls.

Decides what a telephone does to be known to a switch, word for word (RFC 3261, 2617); it takes calls as any other does.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import Any

from telephony.asterisk.peer import digest
from telephony.asterisk.phone import Manner, Phone
from telephony.asterisk.place import SIP_PORT

REPEATS_S = (0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0)
"""How long an answer is waited for, each time a request is said (RFC 3261, timers A and E): a busy switch loses
datagrams."""
_numbers = count(1)


class SoftPhone(Phone):
    """One telephone. ``account`` is what `trunkcall agents add --phone --json` has said of it. One that is off takes
    nothing and says nothing, as if its cable were pulled."""

    def __init__(self, address: str, account: Mapping[str, Any], manner: Manner | None = None) -> None:
        super().__init__(address, manner or Manner(answers_after_s=0.02, rings=False))
        self.user, self.password, self.switch = account["user_name"], account["password"], account["server"]
        self.reached_as = self.user
        """The user of the address that it says it is reached by, which is its own to choose."""
        self.is_off = False
        self.rung_at_s: list[float] = []
        """When each call came, by the loop's time."""
        self._answers: dict[str, asyncio.Queue[tuple[int, dict[str, str]]]] = {}

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.is_off:
            return
        if not data.startswith(b"SIP/2.0 "):
            before = len(self.invites)
            super().datagram_received(data, addr)
            if len(self.invites) > before:
                self.rung_at_s.append(asyncio.get_running_loop().time())
            return
        first, *lines = data.decode().partition("\r\n\r\n")[0].split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        waiting = self._answers.get(headers["call-id"])
        if waiting is not None:
            waiting.put_nowait((int(first.split()[1]), headers))
        else:
            super().datagram_received(data, addr)

    async def register(self, *, expires_s: int = 60) -> int:
        """What it comes to; 0 seconds is to sign off."""
        return await self._ask("REGISTER", f"sip:{self.switch}", f"Expires: {expires_s}")

    async def call(self, whom: str) -> int:
        """Call somebody; with what that ends, if it is not answered."""
        return await self._ask("INVITE", f"sip:{whom}@{self.switch}")

    async def _ask(self, method: str, uri: str, *more: str) -> int:
        call_id = f"soft-{next(_numbers)}"
        answers = self._answers[call_id] = asyncio.Queue()
        try:
            code, headers = await self._told(answers, call_id, 1, method, uri, *more)
            challenge = headers.get("www-authenticate")
            if code == 401 and challenge is not None:
                proof = digest(challenge, self.user, self.password, method, uri)
                code, headers = await self._told(answers, call_id, 2, method, uri, f"Authorization: {proof}", *more)
            return code
        finally:
            del self._answers[call_id]

    async def _told(
        self, answers: asyncio.Queue[tuple[int, dict[str, str]]], call_id: str, number: int, method: str, *what: str
    ) -> tuple[int, dict[str, str]]:
        """The final answer to a request."""
        uri, *more = what
        to = f"sip:{self.user}@{self.switch}" if method == "REGISTER" else uri
        body = ""
        if method == "INVITE":
            body = (
                f"v=0\r\no=- 1 1 IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\nt=0 0\r\n"
                "m=audio 29000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
            )
        via = f"Via: SIP/2.0/UDP {self.address}:{SIP_PORT};branch=z9hG4bK{call_id}.{number}"
        lines = [
            f"{method} {uri} SIP/2.0",
            via,
            f"From: <sip:{self.user}@{self.switch}>;tag={call_id}",
            f"To: <{to}>",
            f"Call-ID: {call_id}",
            f"CSeq: {number} {method}",
            "Max-Forwards: 70",
            f"Contact: <sip:{self.reached_as}@{self.address}:{SIP_PORT}>",
            *more,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        text = "\r\n".join(lines) + f"\r\n\r\n{body}"
        there = self.switch, SIP_PORT
        for patience_s in REPEATS_S:
            self._transport.sendto(text.encode(), there)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    code, headers = await self._final(answers, number)
                break
        else:
            raise AssertionError(f"the switch answers no {method} of {self.user}")
        if method == "INVITE":
            ack = [
                f"ACK {uri} SIP/2.0",
                via,
                f"From: <sip:{self.user}@{self.switch}>;tag={call_id}",
                f"To: {headers['to']}",
                f"Call-ID: {call_id}",
                f"CSeq: {number} ACK",
                "Max-Forwards: 70",
                "Content-Length: 0",
            ]
            self._transport.sendto(("\r\n".join(ack) + "\r\n\r\n").encode(), there)
        return code, headers

    async def _final(
        self, answers: asyncio.Queue[tuple[int, dict[str, str]]], number: int
    ) -> tuple[int, dict[str, str]]:
        while True:
            code, headers = await answers.get()
            # What a former request of the same call is still told is not meant.
            if code >= 200 and re.match(rf"{number} ", headers["cseq"]):
                return code, headers
