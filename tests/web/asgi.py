"""A caller of an ASGI application in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aws.support import raw_headers
from trunkcall.web.asgi import Application, Message


@dataclass(slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Call:
    """One request. ``chunks`` of the body arrive one by one; after them the client hangs up if ``hangs_up``, and stays
    silent if ``stalls``."""

    method: str
    path: bytes
    query: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ()
    chunks: Sequence[bytes] = (b"",)
    hangs_up: bool = False
    stalls: bool = False
    gone_at_answer: bool = False
    sent: list[Message] = field(default_factory=list)

    async def to(self, application: Application) -> Answer | None:
        waiting = list(self.chunks)

        async def receive() -> Message:
            if waiting:
                chunk = waiting.pop(0)
                more = bool(waiting) or self.hangs_up or self.stalls
                return {"type": "http.request", "body": chunk, "more_body": more}
            if self.stalls:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if self.gone_at_answer:
                raise OSError("the client is gone")
            self.sent.append(message)

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": self.method,
            "path": "not used",
            "raw_path": self.path,
            "query_string": self.query,
            "headers": list(self.headers),
            "client": ("192.0.2.7", 5060),
        }
        await application(scope, receive, send)
        if not self.sent:
            return None
        start, body = self.sent
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, body["body"])


def call(prepared: Any, **changes: Any) -> Call:
    """The call that a request signed by botocore is."""
    url = urlsplit(prepared.url)
    body = prepared.body or b""
    headers = raw_headers(prepared)
    given = {
        "method": prepared.method,
        "path": url.path.encode(),
        "query": url.query.encode(),
        "headers": headers,
        "chunks": (body if isinstance(body, bytes) else body.encode(),),
    }
    return Call(**{**given, **changes})


async def lifespan(application: Application, *types: str) -> list[str]:
    """What a server hears when it sends these lifespan events."""
    waiting, heard = list(types), []

    async def receive() -> Message:
        return {"type": waiting.pop(0)}

    async def send(message: Message) -> None:
        heard.append(message["type"])

    await application({"type": "lifespan"}, receive, send)
    return heard
