"""A connection to Asterisk: one websocket, on which it tells its events and answers requests.

Decides when the switch counts as lost, and why, in words that an operator can act on. It must not know legs.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import aiohttp

from trunkcall.domain.errors import SettingsError, TrunkcallError
from trunkcall.telephony.ari import wire
from trunkcall.telephony.ari.model import Event, RESTResponse
from trunkcall.telephony.ari.wire import Answer, AriWireError, Request

log = logging.getLogger(__name__)

OnAnswer: TypeAlias = Callable[[Answer], None]

OPEN_S: Final = 5.0
"""A switch that has not let us in by then is lost."""
SILENCE_S: Final = 5.0
"""So is one that does not answer a request for so long."""
PING_S: Final = 1.5
MAX_BYTES: Final = 32 * 1024 * 1024
"""Of a frame: a list of ten thousand channels has room."""
MAX_ASKED: Final = 20_000
"""Requests without an answer, beyond which nothing is sent."""
UNWANTED: Final = ("ChannelVarset", "ChannelDialplan", "ChannelCallerId", "ChannelConnectedLine", "EndpointStateChange")
"""Events that nobody needs: most of all that there are."""

_PING: Final = Request("GET", "asterisk/ping")


class SwitchError(TrunkcallError):
    """The switch cannot be reached."""


def parse_ari_url(url: str) -> str:
    """The address of Asterisk's HTTP server, as http://127.0.0.1:8088. Raises SettingsError."""
    parts = urlsplit(url)
    try:
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or parts.query or parts.fragment:
        raise SettingsError("ari_url must be the address of Asterisk's HTTP server, such as http://127.0.0.1:8088.")
    return url.rstrip("/").removesuffix("/ari")


class Switch:
    """One connection for one application. ``on_event`` is told every event in its order, until ``close``."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        app: str,
        *,
        on_event: Callable[[Event], None],
        silence_s: float = SILENCE_S,
    ) -> None:
        self._url = url
        self._user = user
        self._password = password
        self._app = app
        self._on_event = on_event
        self._silence_s = silence_s
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._asked: dict[str, OnAnswer | None] = {}
        self._ids = count(1)
        self._heard_s = 0.0
        self._lost: asyncio.Future[str] | None = None
        """Why, once it is."""

    @property
    def is_open(self) -> bool:
        is_lost = self._lost is None or self._lost.done()
        return self._socket is not None and not self._socket.closed and not is_lost

    async def lost(self) -> str:
        """Wait until the connection is lost; why it is."""
        assert self._lost is not None
        return await asyncio.shield(self._lost)

    async def open(self) -> None:
        """Connect. Raises SwitchError, which says why it cannot be done."""
        headers = {"Authorization": aiohttp.encode_basic_auth(self._user, self._password)}
        self._session = aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=OPEN_S))
        address = f"ws{self._url.removeprefix('http')}/ari/events"
        try:
            async with asyncio.timeout(OPEN_S):
                self._socket = await self._session.ws_connect(
                    address,
                    params={"app": self._app, "subscribeAll": "false"},
                    max_msg_size=MAX_BYTES,
                    autoping=True,
                )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            await self.close()
            raise SwitchError(_why(error)) from error
        loop = asyncio.get_running_loop()
        self._heard_s, self._lost = loop.time(), loop.create_future()
        self._tasks = [
            asyncio.create_task(self._read(self._socket), name="switch's events"),
            asyncio.create_task(self._write(self._socket), name="requests to the switch"),
            asyncio.create_task(self._watch(), name="switch's silence"),
        ]
        await self.ask(Request("PUT", f"applications/{self._app}/eventFilter", body=wire.filter_out(UNWANTED)))

    async def close(self) -> None:
        """Let go of it. Requests that have no answer get none. May be called twice."""
        tasks, self._tasks = self._tasks, []
        self._asked.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        socket, self._socket = self._socket, None
        session, self._session = self._session, None
        if socket is not None:
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await socket.close()
        if session is not None:
            await session.close()

    def send(self, request: Request, on_answer: OnAnswer | None = None) -> bool:
        """Ask for something. False if it has provably not left. Where the connection is lost before the answer nothing
        is told: nobody knows what came of it."""
        if not self.is_open or len(self._asked) >= MAX_ASKED:
            return False
        request_id = str(next(self._ids))
        self._asked[request_id] = on_answer
        self._outbox.put_nowait(wire.encode(request, request_id))
        return True

    async def ask(self, request: Request) -> Answer:
        """The answer. Raises SwitchError where there is none."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if not self.send(request, lambda answer: None if answered.done() else answered.set_result(answer)):
            raise SwitchError
        try:
            async with asyncio.timeout(self._silence_s):
                return await answered
        except TimeoutError:
            raise SwitchError("Asterisk does not answer.") from None

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        async for message in socket:
            self._heard_s = loop.time()
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            try:
                event = wire.decode(message.data)
            except AriWireError:
                log.warning("the switch has said something that nobody understands")
                continue
            if isinstance(event, RESTResponse):
                request_id, answer = wire.answer_of(event)
                on_answer = self._asked.pop(request_id, None)
                if on_answer is not None:
                    on_answer(answer)
            elif event is not None:
                self._on_event(event)
        self._lose("Asterisk has closed the connection.")

    async def _write(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            while True:
                await socket.send_str(await self._outbox.get())
        except (aiohttp.ClientError, OSError) as error:
            self._lose(_why(error))

    async def _watch(self) -> None:
        """Ask now and then whether it still does what it is asked: its sockets may be open while it hangs."""
        loop = asyncio.get_running_loop()
        while True:
            self.send(_PING)
            await asyncio.sleep(PING_S)
            if loop.time() - self._heard_s > self._silence_s:
                self._lose("Asterisk does not answer.")
                return

    def _lose(self, why: str) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(why)


def _why(error: BaseException) -> str:
    match error:
        case aiohttp.WSServerHandshakeError(status=401):
            return "Asterisk does not take ari_user and ari_password: they are those of a user in its ari.conf."
        case aiohttp.WSServerHandshakeError(status=404):
            return "There is no ARI at ari_url: it is to be enabled in Asterisk's ari.conf and http.conf."
        case aiohttp.WSServerHandshakeError(status=503):
            return "Asterisk has not started up yet."
        case aiohttp.WSServerHandshakeError():
            return f"What is at ari_url does not speak ARI: it answered {error.status}."
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "The certificate of Asterisk's HTTPS server is not to be trusted, or it speaks no TLS."
        case aiohttp.ClientConnectorError():
            # What asyncio makes of it has the address in it, and no sentence.
            number = error.os_error.errno
            return f"Asterisk cannot be reached at ari_url: {os.strerror(number) if number else 'no connection'}."
        case TimeoutError():
            return "Asterisk does not answer."
        case _:
            return "The connection to Asterisk was lost."
