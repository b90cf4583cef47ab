"""The words of ASGI 3, as far as they are used here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

CUT: Final = "trunkcall.cut"
"""The extension of a scope by which an application closes the connection in the midst of its answer: ``now`` is called
for it. ASGI has no word for that."""


class ClientGone(Exception):
    """The client hung up before its request was complete; there is nobody to answer."""


def source_of(scope: Scope) -> str | None:
    """The client's IP address; None if the server does not know it."""
    client = scope.get("client")
    return str(client[0]) if client else None
