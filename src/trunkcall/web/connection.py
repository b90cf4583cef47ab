"""Limits of one connection, before there is a request: how many there may be, how large a head, how slow a sender.

Decides what uvicorn leaves open. It must not know what a request asks for; the body's limits are the gateway's.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS: Final = 4096
MOST_HEAD_BYTES: Final = 65_536
"""Of request line and headers together. SDKs send about one kilobyte; a presigned URL a few."""
MOST_HEADERS: Final = 100
HEAD_TIMEOUT_S: Final = 15.0
"""From the opening of a connection, or the first byte of a later request, to the end of its head."""

_REASONS: Final = {408: "Request Timeout", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._in_head = True
        self._head_timer: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(503)
            return
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._head_overdue)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # A head that came with its body in one piece is measured when it is complete.
        if self._in_head and self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(431)

    def on_message_begin(self) -> None:
        self._in_head = True
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._head_overdue)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._stop_timer()
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MOST_HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            self._refuse(431)
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            super().on_message_complete()

    def _head_overdue(self) -> None:
        self._head_timer = None
        # A connection on which nothing was ever sent is closed without a word.
        self._refuse(408 if self._head_bytes else None)

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
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
