"""A connection to Asterisk: one websocket, on which it tells its events and answers requests.

Decides when the switch counts as lost, and why, in words that an operator can act on; and what is certain of a request
then: one that was not written has not left, and what came of any other nobody knows. It must not know legs.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import aiohttp

from trunkcall.domain.errors import SettingsError, TrunkcallError
from trunkcall.telephony.ari import wire
from trunkcall.telephony.ari.model import ApplicationReplaced, Event, RESTResponse, Variable
from trunkcall.telephony.ari.refusals import Refusals
from trunkcall.telephony.ari.wire import UNSENT, Answer, AriWireError, Request

log = logging.getLogger(__name__)

OnAnswer: TypeAlias = Callable[[Answer], None]

OPEN_S: Final = 5.0
"""A switch that has not let us in by then is lost."""
SILENCE_S: Final = 5.0
"""So is one that has told nothing for so long: it hangs, we have slept, or it answers and tells us nothing. The last
comes of an application that is back just as Asterisk lets go of its former connection, and of the new one with it."""
PINGS: Final = 3
"""How often it is asked to tell something in that time."""
MAX_BYTES: Final = 32 * 1024 * 1024
"""Of a frame: a list of ten thousand channels has room."""
MAX_ASKED: Final = 20_000
"""Requests without an answer, beyond which nothing is sent."""
UNWANTED: Final = ("ChannelVarset", "ChannelDialplan", "ChannelCallerId", "ChannelConnectedLine", "EndpointStateChange")
"""Events that nobody needs: most of all that there are."""

_NO_ARI: Final = "There is no ARI at ari_url: it is to be enabled in Asterisk's ari.conf and http.conf."
_NOT_LET_IN: Final = "Asterisk does not take ari_user and ari_password: they are those of a user in its ari.conf."
_DEAF: Final = "Asterisk answers, and tells nothing of what happens."
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_FAILURES: Final = (aiohttp.ClientError, OSError, TimeoutError)
_PING: Final = "events/user/ping"


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
    """One connection for one application. ``on_event`` is told every event in its order, while it is open."""

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
        self._outbox: deque[tuple[str, str]] = deque()
        """Ids and frames that are not written yet."""
        self._to_write = asyncio.Event()
        self._asked: dict[str, OnAnswer] = {}
        self._refusals = Refusals()
        self._ids = count(1)
        self._told_s = self._answered_s = 0.0
        """When it has told, and answered, something last."""
        self._tells = asyncio.Event()
        """Set once it has told something."""
        self._lost: asyncio.Future[str] | None = None
        """Why, once it is."""

    @property
    def is_open(self) -> bool:
        """Whether it tells what happens. Whoever has heard nothing for too long, because it hangs or we have slept, may
        have been replaced by another dialer meanwhile: nothing is asked on the strength of what was known before."""
        if self._lost is None or self._lost.done():
            return False
        if asyncio.get_running_loop().time() - self._told_s > self._silence_s:
            self._lose_silent()
            return False
        return True

    async def lost(self) -> str:
        """Wait until the connection is lost; why it is."""
        assert self._lost is not None
        return await asyncio.shield(self._lost)

    async def variable(self, name: str) -> str:
        """A global variable's value, empty where there is none. Neither this nor ``set_variable`` needs an open
        connection; both raise SwitchError."""
        try:
            return Answer(200, await self._ask_http("GET", {"variable": name})).holds(Variable).value
        except AriWireError:
            raise SwitchError(_NO_ARI) from None

    async def set_variable(self, name: str, value: str) -> None:
        """Give a global variable this value."""
        await self._ask_http("POST", {"variable": name, "value": value})

    async def _ask_http(self, method: str, query: dict[str, str]) -> str:
        address = f"{self._url}/ari/asterisk/variable"
        try:
            async with self._session_of().request(method, address, params=query, raise_for_status=True) as answer:
                return (await answer.read()).decode("utf-8", "replace")
        except _FAILURES as error:
            raise SwitchError(_why(error)) from error

    async def open(self) -> None:
        """Connect. Raises SwitchError, which says why it cannot be done."""
        address = f"ws{self._url.removeprefix('http')}/ari/events"
        try:
            async with asyncio.timeout(OPEN_S):
                self._socket = await self._session_of().ws_connect(
                    address, params={"app": self._app, "subscribeAll": "false"}, max_msg_size=MAX_BYTES
                )
        except _FAILURES as error:
            raise SwitchError(_why(error)) from error
        loop = asyncio.get_running_loop()
        self._told_s = self._answered_s = loop.time()
        self._lost = loop.create_future()
        self._tasks = [
            asyncio.create_task(self._read(self._socket), name="switch's events"),
            asyncio.create_task(self._write(self._socket), name="requests to the switch"),
            asyncio.create_task(self._watch(), name="switch's silence"),
        ]
        await self.ask(Request("PUT", f"applications/{self._app}/eventFilter", body=wire.filter_out(UNWANTED)))
        await self._until_told()

    async def _until_told(self) -> None:
        """Wait for the first thing that it tells. Raises SwitchError where there is none."""
        assert self._lost is not None
        tells = asyncio.create_task(self._tells.wait())
        await asyncio.wait((tells, self._lost), timeout=self._silence_s, return_when=asyncio.FIRST_COMPLETED)
        tells.cancel()
        if not self._tells.is_set():
            self._lose_silent()
            raise SwitchError(self._lost.result())

    async def close(self) -> None:
        """Let go of it. Requests that have not left are answered so; of the others nothing is told. May be called
        twice, and before ``open``."""
        self._lose("The connection was closed.")
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        unsent = [self._asked.pop(request_id, None) for request_id, _ in self._outbox]
        self._outbox.clear()
        self._asked.clear()
        for on_answer in unsent:
            if on_answer is not None:
                on_answer(UNSENT)
        socket, self._socket = self._socket, None
        session, self._session = self._session, None
        if socket is not None:
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await socket.close()
        if session is not None:
            await session.close()

    def send(self, request: Request, on_answer: OnAnswer | None = None) -> bool:
        """Ask for something. False if it has provably not left. Where the connection is lost before the answer,
        ``on_answer`` is told UNSENT if it has not left, and nothing otherwise: nobody knows what came of it."""
        if not self.is_open or len(self._asked) >= MAX_ASKED:
            return False
        request_id = str(next(self._ids))
        self._asked[request_id] = on_answer or partial(self._refusals.answered, request)
        self._outbox.append((request_id, wire.encode(request, request_id)))
        self._to_write.set()
        return True

    async def ask(self, request: Request) -> Answer:
        """The answer. Raises SwitchError where there is none."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if not self.send(request, lambda answer: None if answered.done() else answered.set_result(answer)):
            raise SwitchError
        assert self._lost is not None
        await asyncio.wait((answered, self._lost), timeout=self._silence_s, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            self._lose("Asterisk does not answer.")
            raise SwitchError(self._lost.result())
        return answered.result()

    def _session_of(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {"Authorization": aiohttp.encode_basic_auth(self._user, self._password)}
            self._session = aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=OPEN_S))
        return self._session

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        try:
            async for message in socket:
                if not self.is_open:
                    return
                self._answered_s = loop.time()
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(message.data)
        except Exception as error:
            # What is wrong with one frame's meaning is found here: a connection that nobody reads is none.
            log.exception("an event of the switch could not be dealt with", extra={"error": type(error).__name__})
        finally:
            self._lose("Asterisk has closed the connection.")

    def _take(self, text: str) -> None:
        try:
            event = wire.decode(text)
            if not isinstance(event, RESTResponse):
                self._hear()
        except AriWireError:
            log.warning("the switch has said something that nobody understands", extra={"length": len(text)})
            return
        match event:
            case None:
                pass
            case ApplicationReplaced():
                self._lose("Another dialer has taken over.")
            case RESTResponse():
                request_id, answer = wire.answer_of(event)
                if answer.status == _UNAUTHORIZED:
                    # The password was changed: whatever is asked of this connection is refused from now on.
                    self._lose(_NOT_LET_IN)
                    return
                on_answer = self._asked.pop(request_id, None)
                if on_answer is not None:
                    on_answer(answer)
            case _:
                self._on_event(event)

    async def _write(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            while True:
                await self._to_write.wait()
                self._to_write.clear()
                while self._outbox and self.is_open:
                    # From here on nobody knows whether it has left.
                    _, frame = self._outbox.popleft()
                    await socket.send_str(frame)
        except (aiohttp.ClientError, OSError) as error:
            self._lose(_why(error))

    def _hear(self) -> None:
        self._told_s = asyncio.get_running_loop().time()
        self._tells.set()

    async def _watch(self) -> None:
        """Have it tell something now and then: its sockets may be open while it hangs, and while it answers and tells
        us nothing."""
        while self.is_open:
            self.send(Request("POST", _PING, {"application": self._app}), self._pinged)
            await asyncio.sleep(self._silence_s / PINGS)

    def _pinged(self, answer: Answer) -> None:
        if answer.status == _FORBIDDEN:
            # To a user who may only read: who asks for anything is told so.
            self._hear()

    def _lose_silent(self) -> None:
        answers = self._answered_s - self._told_s > self._silence_s / PINGS
        self._lose(_DEAF if answers else "Asterisk does not answer.")

    def _lose(self, why: str) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(why)


def _why(error: BaseException) -> str:
    match error:
        case aiohttp.ClientResponseError(status=403):
            return "The user of ari_user may only read: it is to have read_only = no in Asterisk's ari.conf."
        case aiohttp.ClientResponseError(status=401):
            return _NOT_LET_IN
        case aiohttp.ClientResponseError(status=404):
            return _NO_ARI
        case aiohttp.ClientResponseError(status=503):
            return "Asterisk has not started up yet."
        case aiohttp.ClientResponseError():
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
