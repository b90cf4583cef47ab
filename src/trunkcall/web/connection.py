"""Limits of one connection, before there is a request: how many there may be, how large a head, how slow a sender.

Decides what uvicorn leaves open. It must not know what a request asks for; the body's limits are the gateway's.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS: Final = 4096
MOST_HEAD_BYTES: Final = 65_536
"""Of request line and headers together. SDKs send about one kilobyte; a presigned URL a few."""
MOST_HEADERS: Final = 100
HEAD_TIMEOUT_S: Final = 15.0
"""From the opening of a connection, or the first byte of a later request, to the end of its head."""
BODY_TIMEOUT_S: Final = 30.0
"""From the end of the head to the end of the body."""

_REASONS: Final = {408: "Request Timeout", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}


class _Cork:
    """A transport that sends what was written during one turn of the loop at once: uvicorn writes a response's head and
    body apart, and a system call costs more than all of the gateway's routing."""

    __slots__ = ("_loop", "_pieces", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces and not self._transport.is_closing():
            self._transport.write(b"".join(pieces))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._in_head = True
        self._in_body = False
        self._timer: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        # What uvicorn writes to is all that it needs of a transport.
        super().connection_made(cast("asyncio.Transport", _Cork(transport, self.loop)))
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(503)
            return
        self._timer = self.loop.call_later(HEAD_TIMEOUT_S, self._overdue)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # Most heads and bodies come in one piece, and need no timer.
        if self._in_head and self._head_bytes:
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(431)
            elif self._timer is None:
                self._timer = self.loop.call_later(HEAD_TIMEOUT_S, self._overdue)
        elif self._in_body and self._timer is None:
            self._timer = self.loop.call_later(BODY_TIMEOUT_S, self._overdue)

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        received, self._head_bytes = self._head_bytes, 0
        self._in_head = False
        self._in_body = True
        self._stop_timer()
        # What was received may hold a part of the body, so a large piece is looked at more closely.
        if len(self.headers) > MOST_HEADERS or (received > MOST_HEAD_BYTES and self._head_size() > MOST_HEAD_BYTES):
            self._refuse(431)
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._in_body:
            self._in_body = False
            self._stop_timer()
        if not self._refused:
            super().on_message_complete()

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _overdue(self) -> None:
        self._timer = None
        # A connection on which nothing was ever sent is closed without a word.
        self._refuse(408 if self._head_bytes or self._in_body else None)

    def _refuse(self, status: int | None) -> None:
        """Answer with a status, if any, and close: what follows on this connection is not read."""
        self._refused = True
        self._stop_timer()
        if self.transport.is_closing():
            return
        if status is not None:
            line = f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(line.encode("ascii"))
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
