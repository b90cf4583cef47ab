"""Which application answers a request: several of them on one port, mounted by path.

Decides by the path as it was sent: nothing is decoded, shortened or folded, so what differs by a byte is another path.
Applications are given requests alone, with their whole paths; the server's lifespan, and what is no HTTP, end here. It
must not know what an application answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from trunkcall.web.asgi import Application, Receive, Scope, Send

Hook: TypeAlias = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


def by_method(*methods: str) -> Callable[[Scope], bool]:
    """For requests of these methods."""
    return lambda scope: scope["method"] in methods


reads = by_method("GET", "HEAD")
"""For requests that ask for something and change nothing."""


@dataclass(frozen=True, slots=True)
class Mount:
    """An application and its place: ``path`` alone, or with ``beneath`` that path and all below it, which begins with
    the path and a slash. What the application does not take (``takes``) goes on to the next shorter path, and in the
    end to the API."""

    path: str
    application: Application
    beneath: bool = False
    takes: Callable[[Scope], bool] = reads


class Mounts:
    """ASGI 3 application: the one with the longest path that fits answers, and ``api`` what no other takes, as SDKs put
    their paths at the root. ``startup`` and ``shutdown`` run with the server's lifespan. Raises ValueError for a path
    that does not begin with a slash, and for one that has two applications."""

    def __init__(
        self,
        api: Application,
        mounts: Iterable[Mount] = (),
        *,
        startup: Hook | None = None,
        shutdown: Hook | None = None,
    ) -> None:
        self._api = api
        self._at: dict[bytes, Mount] = {}
        beneath: list[tuple[bytes, Mount]] = []
        for mount in mounts:
            path = mount.path.encode("ascii")
            if not path.startswith(b"/") or path in self._at:
                raise ValueError(f"{mount.path} does not begin with a slash, or has an application already")
            self._at[path] = mount
            if mount.beneath:
                beneath.append((path.removesuffix(b"/") + b"/", mount))
        self._beneath = sorted(beneath, key=lambda each: len(each[0]), reverse=True)
        self._startup = startup
        self._shutdown = shutdown

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """What answers it. No coroutine, as each request would go through another one."""
        if scope["type"] != "http":
            return self._no_request(scope, receive, send)
        path: bytes = scope["raw_path"]
        mount = self._at.get(path)
        if mount is not None and mount.takes(scope):
            return mount.application(scope, receive, send)
        for beginning, mount in self._beneath:
            if path.startswith(beginning) and mount.takes(scope):
                return mount.application(scope, receive, send)
        return self._api(scope, receive, send)

    async def _no_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "lifespan":
                await self._lifespan(receive, send)
            case "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1000})
            case other:
                raise ValueError(f"nobody serves {other} here")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            match message["type"]:
                case "lifespan.startup":
                    if not await _run_hook(self._startup, "startup", send):
                        return
                case "lifespan.shutdown":
                    await _run_hook(self._shutdown, "shutdown", send)
                    return
                case other:
                    raise ValueError(f"nobody serves {other} here")


async def _run_hook(hook: Hook | None, phase: str, send: Send) -> bool:
    try:
        if hook is not None:
            await hook()
    except Exception as error:
        _log.exception("lifespan hook failed", phase=phase)
        await send({"type": f"lifespan.{phase}.failed", "message": f"{type(error).__qualname__}: {error}"})
        return False
    await send({"type": f"lifespan.{phase}.complete"})
    return True
