"""Limits of one connection, before there is a request: how many there may be, how large a head, how slow a client.

Decides what uvicorn leaves open: what is refused and in which words, who is hung up on, and when. Nothing that a client
does is worth a line in the log, since anybody can do it all day. It must not know what a request asks for; the body's
limits are the gateway's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sized
from typing import Any, ClassVar, Final, cast

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from trunkcall.aws.errors import MALFORMED_REQUEST, REQUEST_TIMEOUT, REQUEST_TOO_LARGE, UNAVAILABLE
from trunkcall.web.asgi import CUT
from trunkcall.web.bodies import READ_BYTES, RETRY_AFTER_S, neighbourhood

_REFUSALS: Final = {
    400: ("Bad Request", MALFORMED_REQUEST, "This is no request of HTTP/1.1."),
    408: ("Request Timeout", REQUEST_TIMEOUT, "The request did not arrive in time."),
    413: (
        "Content Too Large",
        REQUEST_TOO_LARGE,
        "The request's body comes in chunks that are too small.",
    ),
    431: (
        "Request Header Fields Too Large",
        REQUEST_TOO_LARGE,
        "The request's headers are too large or too many.",
    ),
    503: ("Service Unavailable", UNAVAILABLE, "All connections are in use. Try again shortly."),
}
"""Reason, code and message by status."""

LOOK_AGAIN_S: Final = 1.0
"""Where a client whose time is up cannot be told from one who waits for the server."""
LARGE_PIECE: Final = 65_536
"""Bytes of an answer that are not copied once more to be sent together with its head."""


class _Cork:
    """A transport that sends what was written during one turn of the loop at once: uvicorn writes a response's head and
    body apart, and a system call costs more than all of the gateway's routing.

    A client that is still sending when the connection is closed would lose the answer to a reset, so it is listened to
    until it has finished or ``patience_s`` are over. A client that does not take what was sent gets no longer either.
    """

    __slots__ = ("_abort", "_loop", "_patience_s", "_pieces", "_transport", "closed", "unread")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, patience_s: float) -> None:
        self._transport = transport
        self._loop = loop
        self._patience_s = patience_s
        self._pieces: list[bytes] = []
        self._abort: asyncio.TimerHandle | None = None
        self.closed = False
        """Nothing more is sent, and what arrives is not looked at."""
        self.unread = False
        """A request began to arrive that has not arrived as a whole."""

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        self._flush()
        if self.closed:
            self._transport.close()
            return
        self.closed = True
        if self.unread and not self._transport.is_closing():
            self._transport.write_eof()
            self._transport.resume_reading()
        else:
            self._transport.close()
        if self.unread or self._transport.get_write_buffer_size():
            self._abort = self._loop.call_later(self._patience_s, self._transport.abort)

    def abort(self) -> None:
        self.closed = True
        self._transport.abort()

    def lost(self) -> None:
        """The connection is no more."""
        self.closed = True
        if self._abort is not None:
            self._abort.cancel()

    def is_closing(self) -> bool:
        return self.closed or self._transport.is_closing()

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if not pieces or self.closed or self._transport.is_closing():
            return
        if len(pieces[-1]) > LARGE_PIECE:
            # A page that many clients get is held once, however slowly they take it.
            self._transport.writelines(pieces)
        else:
            self._transport.write(b"".join(pieces))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Flow(FlowControl):
    """Reads nothing while requests that were read wait for their turn: uvicorn would read on after each response, so
    that a client who asks faster than it is answered would fill the memory."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if self.read_paused and not self._waiting:
            super().resume_reading()


class _SmallReads(asyncio.BufferedProtocol):
    """Hands a protocol what arrives in small pieces. The event loop would read a quarter of a megabyte at once, of each
    connection, before anybody could say that it is too much."""

    _buffer: ClassVar = memoryview(bytearray(READ_BYTES))
    """One for all: what was read is handed on before anything else is."""

    def __init__(self, protocol: GuardedProtocol) -> None:
        self._protocol = protocol

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._protocol.data_received(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> None:
        self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()


class _Unheard(list[tuple[bytes, bytes]]):
    """Where trailers go: what stands behind a body is no header of the request, and nobody asks for it."""

    def append(self, _: tuple[bytes, bytes], /) -> None:
        return


_TRAILERS: Final = _Unheard()


class _RefusedError(Exception):
    """Stops the parser."""


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits."""

    max_connections: ClassVar[int] = 4096
    """Beyond it those who have been idle for the longest are hung up on; if nobody is idle, those whose body has been
    awaited for the longest, of an address with more than a quarter of all connections first; if there are none of
    them either, the new one is refused."""
    max_head_bytes: ClassVar[int] = 65_536
    """Of request line and headers together. SDKs send about one kilobyte; a presigned URL a few."""
    max_headers: ClassVar[int] = 100
    max_chunks: ClassVar[int] = 256
    """In one piece of what arrives. A body in chunks of a byte each costs as much as thousands of requests; those of
    SDKs have kilobytes."""
    max_pipelined: ClassVar[int] = 256
    """Requests that wait for the one before them. SDKs wait themselves."""
    head_timeout_s: ClassVar[float] = 15.0
    """From the opening of a connection, or the first byte of a later request, to the end of its head."""
    body_timeout_s: ClassVar[float] = 30.0
    """From the end of the head to the end of the body."""
    answer_timeout_s: ClassVar[float] = 30.0
    """For a client to take the answers that wait for it, and, once it was refused, to finish what it was sending."""
    idle_timeout_s: ClassVar[float] = 75.0
    """From an answer to the next request. Longer than SDKs and proxies keep a connection that they don't use."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.timeout_keep_alive = self.idle_timeout_s  # type: ignore[assignment]  # for call_later, like any other
        self._in_head = False
        self._in_body = False
        self._awaited_since_s = 0.0
        """When a body was found not to have arrived with its head."""
        self._received = 0
        """Bytes since the last head or part of a body. Those that came in one piece with it are not counted."""
        self._chunks = 0
        """Since something arrived last."""
        self._fault = 400
        self._extensions: dict[str, dict[object, object]] = {CUT: {"now": self._cut}}
        self._answering: RequestResponseCycle | None = None
        """The request that is being answered; ``cycle`` is the last one that was read."""
        self._timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self._cork = _Cork(transport, self.loop, self.answer_timeout_s)
        # What uvicorn writes to is all that it needs of a transport.
        super().connection_made(cast("asyncio.Transport", self._cork))
        self.flow = _Flow(transport, self.pipeline)
        transport.set_protocol(_SmallReads(self))
        if len(self.connections) > self.max_connections and not self._make_room():
            self._cork.write(_answer(503))
            self._cork.close()
        else:
            self._timer = self.loop.call_later(self.head_timeout_s, self._overdue)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._answer_timer is not None:
            self._answer_timer.cancel()
        self._cork.lost()
        self._tell_gone()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._answer_timer = self.loop.call_later(self.answer_timeout_s, self._cork.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._answer_timer is not None:
            self._answer_timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self._cork.closed:
            return
        self._received += len(data)
        self._chunks = 0
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # It is answered like any other request. What follows may be in another protocol.
            self._read_no_more()
            return
        except httptools.HttpParserError:
            self._refuse(self._fault)
            return
        # Most heads and bodies come in one piece, and need no timer.
        if self._in_head or self._in_body:
            self._wait_for_more()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def on_headers_complete(self) -> None:
        # What was received may hold a part of the body, so a large piece is looked at more closely.
        if len(self.headers) > self.max_headers or (
            self._received > self.max_head_bytes and self._head_size() > self.max_head_bytes
        ):
            self._fault = 431
            raise _RefusedError
        if len(self.pipeline) >= self.max_pipelined:
            raise _RefusedError
        self._in_head = False
        self._in_body = True
        self._received = 0
        if self._timer is not None:
            self._stop_timer()
            self._cork.unread = False
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        super().on_headers_complete()
        self.headers = _TRAILERS

    def on_body(self, body: bytes) -> None:
        self._received = 0
        self._chunks += 1
        if self._chunks > self.max_chunks:
            self._fault = 413
            raise _RefusedError
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        if self._timer is not None:
            self._stop_timer()
            self._cork.unread = False
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _cut(self) -> None:
        """Hang up in the midst of an answer, which by that is seen not to be whole."""
        self._tell_gone()
        self._cork.close()

    def _tell_gone(self) -> None:
        """Tell whoever answers that nobody listens: uvicorn tells the last request that was read."""
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def _wait_for_more(self) -> None:
        """A request has arrived in part."""
        self._cork.unread = True
        if self._in_body and self.cycle.body and not self.cycle.response_complete:
            # The gateway asks for more when it has taken this, if it wants any.
            self.flow.pause_reading()
        if self._received > self.max_head_bytes:
            # Of a head; or of trailers, which the parser holds like headers.
            self._refuse(431)
        elif self._timer is None:
            seconds = self.head_timeout_s if self._in_head else self.body_timeout_s
            self._awaited_since_s = self.loop.time()
            self._timer = self.loop.call_later(seconds, self._overdue)

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _overdue(self) -> None:
        if self.flow.read_paused:
            # It is not the client who is slow; or it sent something just now, and will not be lucky twice.
            self._timer = self.loop.call_later(min(self.body_timeout_s, LOOK_AGAIN_S), self._overdue)
            return
        # A connection on which nothing was ever sent is closed without a word.
        self._refuse(408 if self._in_head or self._in_body else None)

    def _refuse(self, status: int | None) -> None:
        """Answer what is arriving with a status, if any, and close. Where that would be taken for the answer to another
        request, nothing is said."""
        self._stop_timer()
        if self._cork.closed:
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not self._in_body and not cycle.response_complete:
            self._read_no_more()
            return
        if cycle is not None and self._in_body and (cycle.response_started or self.pipeline):
            status = None
        if status is not None:
            self._cork.write(_answer(status))
        self._cork.unread = status is not None
        self._cork.close()

    def _read_no_more(self) -> None:
        """The last request that was read is the last that is answered."""
        self.cycle.keep_alive = False
        self.flow.pause_reading()
        self._cork.unread = True

    def _make_room(self) -> bool:
        """Hang up on the sixteenth of all connections that has been idle for the longest, or whose body has been
        awaited for the longest: so many at once, because looking for them takes time."""
        others = [other for other in self.connections if isinstance(other, GuardedProtocol)]
        spare = [(until, id(other), other) for other in others if (until := other.idle_until()) is not None]
        if not spare:
            spare = [(since, id(other), other) for other in others if (since := other.awaited_since()) is not None]
            numbers = Counter(other.neighbourhood for _, _, other in spare)
            greedy = {name for name, number in numbers.items() if number > self.max_connections // 4}
            spare = [each for each in spare if each[2].neighbourhood in greedy] or spare
        spare.sort()
        for _, _, other in spare[: self.max_connections // 16 + 1]:
            self.connections.discard(other)
            other.hang_up()
        return bool(spare)

    @property
    def neighbourhood(self) -> str:
        """Whose connection it is, as far as anybody can tell."""
        return neighbourhood(self.client[0] if self.client is not None else None)

    def awaited_since(self) -> float | None:
        """Since when the body of the one request in progress is awaited; None if none is."""
        cycle: RequestResponseCycle | None = self.cycle
        if not self._in_body or self._timer is None or self.pipeline or cycle is None or cycle.response_started:
            return None
        return self._awaited_since_s

    def idle_until(self) -> float | None:
        """When it would be closed, if no request is in progress; None if one is."""
        if self._cork.closed:
            return 0.0
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            return None
        timer = self._timer or self.timeout_keep_alive_task
        return timer.when() if timer is not None else None

    def hang_up(self) -> None:
        """Close at once."""
        self._cork.abort()

    def shutdown(self) -> None:
        """The server stops: what has not arrived as a whole by now is not waited for."""
        if self._cork.closed or self._cork.unread:
            self.hang_up()
        else:
            super().shutdown()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _answer(status: int) -> bytes:
    """In the form of the API's errors: an SDK tells its user what it was."""
    reason, code, message = _REFUSALS[status]
    body = f'{{"message":"{message}"}}'
    retry = f"retry-after: {RETRY_AFTER_S}\r\n" if status == 503 else ""
    return (
        f"HTTP/1.1 {status} {reason}\r\nx-amzn-errortype: {code}\r\ncontent-type: application/json\r\n{retry}"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}"
    ).encode("ascii")
