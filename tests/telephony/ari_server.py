"""What the events websocket of a switch looks like from a dialer, in a test's hands: it says what no Asterisk would."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
from aiohttp import web

USER, PASSWORD = "trunkcall", "for tests alone"


class AriServer:
    """Answers every request, and tells of events that it is asked for, unless it is told not to."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        """Requests over the websocket, in their order."""
        self.answers = self.tells = True
        self.variable = ""
        self.connections = 0
        self.read_only = False
        self._socket: web.WebSocketResponse | None = None
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def open(self) -> None:
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_get("/ari/asterisk/variable", self._variable)
        app.router.add_post("/ari/asterisk/variable", self._set_variable)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        assert self._runner is not None
        await self._runner.cleanup()

    async def say(self, frame: str | bytes) -> None:
        """A frame, whatever is in it."""
        assert self._socket is not None
        await (self._socket.send_str(frame) if isinstance(frame, str) else self._socket.send_bytes(frame))

    async def respond(self, request: dict[str, Any]) -> None:
        """Do what is asked."""
        await self.answer(request)

    async def answer(self, request: dict[str, Any], status: int = 200, body: str = "") -> None:
        await self.say(
            json.dumps(
                {
                    "type": "RESTResponse",
                    "transaction_id": request["transaction_id"],
                    "request_id": request["request_id"],
                    "status_code": status,
                    "reason_phrase": "",
                    "uri": request["uri"],
                    "message_body": body,
                }
            )
        )

    def asked_for(self, uri: str) -> list[dict[str, Any]]:
        return [each for each in self.asked if each["uri"] == uri]

    async def _variable(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response({"value": self.variable})

    async def _set_variable(self, request: web.Request) -> web.Response:
        self._check(request)
        if self.read_only:
            raise web.HTTPForbidden
        self.variable = request.query["value"]
        return web.Response(status=204)

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        self._check(request)
        self.connections += 1
        self._socket = web.WebSocketResponse()
        await self._socket.prepare(request)
        async for message in self._socket:
            asked = json.loads(message.data)
            self.asked.append(asked)
            if self.answers:
                await self.respond(asked)
            if self.answers and self.tells and asked["uri"].startswith("events/user/"):
                await self.say('{"type":"ChannelUserevent"}')
        return self._socket

    def _check(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != aiohttp.encode_basic_auth(USER, PASSWORD):
            raise web.HTTPUnauthorized
