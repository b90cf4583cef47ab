"""A small client of ARI, with which the test bed looks at its own far ends. The product's is not used here, so that a
fault of the one does not hide a fault of the other."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from itertools import count
from typing import Any

from telephony.asterisk.place import ARI_PORT, Place
from telephony.asterisk.switch import AUTHORIZATION

WAIT_S = 60.0
_apps = count(1)
Told = dict[str, Any]


def ask(place: Place, method: str, path: str, body: dict[str, Any] | None = None, **query: object) -> Any:
    """Do one request of a switch; an answer that is not good raises."""
    url = f"{place.ari_url}/{path}?{urllib.parse.urlencode(query)}"
    headers = {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, headers=headers, data=data)
    with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class Ari:
    """One app's connection. It hears of channels on these endpoints. The app is one of its own where none is named: an
    app that is back before Asterisk has let go of its former connection may hear nothing."""

    def __init__(self, place: Place, endpoints: tuple[str, ...], app: str = "") -> None:
        self._place, self.app = place, app or f"bed{next(_apps)}"
        self.events: list[Told] = []
        self._socket = socket.create_connection((place.switch, ARI_PORT), timeout=WAIT_S)
        self._buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            (
                f"GET /ari/events?app={self.app} HTTP/1.1\r\nHost: {place.switch}\r\nAuthorization: {AUTHORIZATION}\r\n"
                f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                "Sec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        assert b" 101 " in head, head
        for endpoint in endpoints:
            self.ask("POST", f"applications/{self.app}/subscription", eventSource=f"endpoint:PJSIP/{endpoint}")

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, **query: object) -> Any:
        """Do one request; an answer that is not good raises."""
        return ask(self._place, method, path, body, **query)

    def dial(self, number: str, leg_id: str, *, endpoint: str = "trunk", extension: str = "customer") -> None:
        """Originate, as a dialer does."""
        self.ask(
            "POST",
            "channels",
            {"variables": {"TRUNKCALL_APP": self.app, "TRUNKCALL_LEG": leg_id}},
            endpoint=f"PJSIP/{number}@{endpoint}",
            context="trunkcall",
            extension=extension,
            priority=1,
            channelId=leg_id,
            callerId="+12065550100",
            timeout=60,
        )

    def hang_up(self, leg_id: str) -> None:
        self.ask("DELETE", f"channels/{leg_id}")

    def until(self, kind: str, leg_id: str, true: Callable[[Told], object] = lambda event: True) -> Told:
        """The first event of this kind about a leg of which something is true; it is waited for."""
        until = time.monotonic() + WAIT_S
        while True:
            for event in self.told(kind, leg_id):
                if true(event):
                    return event
            assert time.monotonic() < until, (
                f"no {kind} of {leg_id}; told were {[each['type'] for each in self.events]}"
            )
            self._read()

    def told(self, kind: str, leg_id: str) -> list[Told]:
        """What was told until now."""
        return [
            event
            for event in self.events
            if event["type"] == kind and (event.get("channel") or event.get("peer") or {}).get("id") == leg_id
        ]

    def until_nobody_is_there(self, prefix: str = "") -> None:
        """Wait until the switch has no channel whose id begins so: they go a moment after their end is told."""
        until = time.monotonic() + WAIT_S
        while left := [each for each in self.ask("GET", "channels") if each["id"].startswith(prefix)]:
            assert time.monotonic() < until, f"there are still {[each['name'] for each in left]}"
            time.sleep(0.02)

    def ended(self, leg_id: str) -> tuple[int, int]:
        """Wait for the end: its cause, and the SIP code."""
        event = self.until("ChannelDestroyed", leg_id)
        return event["cause"], event.get("tech_cause", 0)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Ari:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _fill(self) -> None:
        read = self._socket.recv(65536)
        assert read, "the switch closed the connection"
        self._buffer += read

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _read(self) -> None:
        """One frame. Asterisk's own are not masked."""
        first, second = self._take(2)
        size = second & 127
        if size > 125:
            form, wide = (">H", 2) if size == 126 else (">Q", 8)
            (size,) = struct.unpack(form, self._take(wide))
        payload = self._take(size)
        if first & 15 == 1:
            self.events.append(json.loads(payload))
