"""Answers that are sent while they are made, piece by piece.

Decides how many there may be, how long one may take, and how it ends. An answer that is not whole never ends as one
that is: the connection is closed in its midst. It must not know what is streamed.

A piece is asked for when the one before it has left, so a client who takes them slowly slows their maker down, and
nothing piles up. Who takes nothing for too long is hung up on by the connection (``connection``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from trunkcall.aws.errors import MALFORMED_REQUEST, UNAVAILABLE, ApiError
from trunkcall.aws.protocol import HttpResponse
from trunkcall.web.answers import head_of, log_failure, send_answer
from trunkcall.web.asgi import CUT, ClientGone, Message, Receive, Scope, Send, source_of
from trunkcall.web.bodies import RETRY_AFTER_S, neighbourhood

LONGEST_S: Final = 3600.0
"""A client that wants more asks again."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer that is made while it is sent. ``headers`` hold neither length nor request id. ``chunks`` is closed
    when it ends, however it ends: what it holds it lets go in its ``finally``. ``longest_s`` is how long it may take in
    all. Whether a client is gone is found out while its connection is read, which it is not when it has sent its next
    request already, or when something is sent to it. So a stream that has nothing to say says something now and
    then."""

    status: int
    headers: tuple[tuple[str, str], ...]
    chunks: AsyncGenerator[bytes, None]
    longest_s: float = LONGEST_S


class Streams:
    """The streamed answers of one server: ``most`` at once, of which one address may have half."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sending: dict[asyncio.Task[None], str] = {}
        """Whose they are, by what sends them."""
        self._stopping = False

    async def send(self, answer: Streamed, request_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, until it is whole, the client is gone, or its time is up. Raises ApiError where it is not even
        begun."""
        if scope["method"] == "HEAD":
            await answer.chunks.aclose()
            await send_answer(HttpResponse(answer.status, answer.headers, b""), request_id, send, head=True)
            return
        address = neighbourhood(source_of(scope))
        try:
            self._admit(address, scope)
        except ApiError:
            await answer.chunks.aclose()
            raise
        sending = asyncio.create_task(_send_all(answer, request_id, send))
        listening = asyncio.create_task(_until_gone(receive))
        self._sending[sending] = address
        try:
            await asyncio.wait({sending, listening}, timeout=answer.longest_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._sending[sending]
            sending.cancel()
            listening.cancel()
        (outcome,) = await asyncio.gather(sending, return_exceptions=True)
        if outcome is None:
            return
        if isinstance(outcome, Exception) and not isinstance(outcome, ClientGone):
            log_failure(outcome, None, request_id)
        _cut(scope)

    def stop(self) -> None:
        """The server stops: end those that are being sent, and begin no more."""
        self._stopping = True
        for sending in self._sending:
            sending.cancel()

    def _admit(self, address: str, scope: Scope) -> None:
        if scope["http_version"] == "1.0":
            # It has no way to tell an answer that is whole from one that is not.
            raise ApiError(MALFORMED_REQUEST, "This answer is streamed, which takes HTTP/1.1.", status=505)
        mine = sum(other == address for other in self._sending.values())
        if self._stopping or len(self._sending) >= self._most or 2 * mine >= self._most:
            raise ApiError(
                UNAVAILABLE,
                "Too many answers are being streamed by this server. Try again shortly.",
                status=503,
                retry_after_s=RETRY_AFTER_S,
            )


async def _send_all(answer: Streamed, request_id: str, send: Send) -> None:
    async with aclosing(answer.chunks):
        await _send(
            send,
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": head_of(answer.headers, request_id),
            },
        )
        async for chunk in answer.chunks:
            await _send(send, {"type": "http.response.body", "body": chunk, "more_body": True})
            # It leaves when the loop turns. Only then does the connection know whether the client takes more.
            await asyncio.sleep(0)
    await _send(send, {"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send: Send, message: Message) -> None:
    try:
        await send(message)
    except OSError:
        # As servers of ASGI 2.4 say it.
        raise ClientGone from None


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _cut(scope: Scope) -> None:
    """Close the connection in the midst of the answer. Other servers than ours do so when an application returns."""
    cut = scope.get("extensions", {}).get(CUT)
    if cut is not None:
        cut["now"]()
