"""Reading request bodies within the limits.

Decides how large a body may be, how long it may take, and what is told to whom it is not taken from. Who may send one
while there are many, and who gives way, is decided in ``bodies``. It must not know what a body is for.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from trunkcall.aws.errors import REQUEST_TIMEOUT, REQUEST_TOO_LARGE, ApiError
from trunkcall.aws.protocol import HttpRequest
from trunkcall.web.asgi import ClientGone, Receive
from trunkcall.web.bodies import HURRY_S, Bodies, Body, neighbourhood, overcrowded


@dataclass(frozen=True, slots=True)
class Limits:
    """``body_bytes`` is the most a body may have; ``body_timeout_s`` how long it may take to arrive, None where
    the server beneath sees to it. ``bodies_bytes`` is the most that all bodies may have together, never less than four
    of the largest; ``unfinished_bodies`` how many may be awaited. One access key may have half of both, and so may one
    address."""

    body_bytes: int = 1_048_576
    body_timeout_s: float | None = 30.0
    bodies_bytes: int = 64 * 1_048_576
    unfinished_bodies: int = 2_048


class Uploads:
    """The request bodies of one server, whichever application they are for. A body is entered, read, and left when its
    request is answered."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bodies = Bodies(max(limits.bodies_bytes, 4 * limits.body_bytes), limits.unfinished_bodies)

    def enter(self, request: HttpRequest, key: str, source: str | None) -> Body | None:
        """Make room for the request's body; None if it has none. ``key`` is the access key that is named, empty for
        who names none. Raises ApiError."""
        if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
            return None
        limit = self._limits.body_bytes
        declared = request.headers.get("content-length", "0")
        size = int(declared[:20]) if declared.isdecimal() else 0
        if size > limit:
            raise _too_large(limit)
        task = asyncio.current_task()
        assert task is not None
        # As asyncio.timeout does it, at a tenth of its price.
        return self._bodies.enter(key, neighbourhood(source), size, task.cancel)

    async def read(self, body: Body, receive: Receive) -> bytes:
        """All of it. Raises ApiError, and ClientGone."""
        timeout_s = HURRY_S if body.hurried else self._limits.body_timeout_s
        try:
            if timeout_s is None:
                return await self._receive_all(body, receive)
            async with asyncio.timeout(timeout_s):
                return await self._receive_all(body, receive)
        except TimeoutError:
            if body.hurried:
                raise overcrowded() from None
            raise ApiError(REQUEST_TIMEOUT, "The request body did not arrive in time.") from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if body.given_up and task is not None and not task.uncancel():
                raise overcrowded() from None
            raise

    def leave(self, body: Body) -> None:
        """Nothing of it is held any more."""
        self._bodies.leave(body)

    async def _receive_all(self, body: Body, receive: Receive) -> bytes:
        limit = self._limits.body_bytes
        received: bytes | bytearray = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk = message.get("body", b"")
            if not received:
                received = chunk
            elif chunk:
                if not isinstance(received, bytearray):
                    received = bytearray(received)
                received += chunk
            if len(received) > limit:
                raise _too_large(limit)
            if not message.get("more_body", False):
                self._bodies.arrived(body)
                return bytes(received)
            self._bodies.grow(body, len(received))


def _too_large(limit: int) -> ApiError:
    return ApiError(REQUEST_TOO_LARGE, f"The request body is larger than {limit} bytes.")
