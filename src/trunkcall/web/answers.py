"""Answers on their way out: their ids, their headers, and what a failure of ours is answered and logged with.

Decides what every answer on this port has, whichever application made it. It must not know what is answered.
"""

from __future__ import annotations

import traceback
from functools import lru_cache
from random import getrandbits

import structlog

from trunkcall.aws.errors import internal_error, to_api_error
from trunkcall.aws.model import Operation
from trunkcall.aws.protocol import HttpResponse, error_response
from trunkcall.web.asgi import Send

_log = structlog.get_logger(__name__)
REQUEST_ID = b"x-amzn-requestid"


def new_request_id() -> str:
    """Looks like a UUID of version 4, at a fifth of its price. Nobody is meant to be unable to guess it."""
    digits = f"{getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def failure(error: Exception, operation: Operation | None, request_id: str) -> HttpResponse:
    """What a client is told of an error. One that is none of the client's business is logged."""
    answer = to_api_error(error)
    if answer is None:
        answer = internal_error()
        log_failure(error, operation, request_id)
    try:
        return error_response(operation, answer)
    except Exception:  # A member of the error that JSON can't hold must not cost the answer.
        return error_response(operation, internal_error())


def log_failure(error: Exception, operation: Operation | None, request_id: str) -> None:
    """Neither the error's message nor a frame's variables: both may hold phone numbers, attributes or secrets."""
    _log.error(
        "request failed",
        request_id=request_id,
        operation=operation.name if operation is not None else None,
        error=type(error).__qualname__,
        frames=_frames(error),
    )


async def send_answer(response: HttpResponse, request_id: str, send: Send, *, head: bool) -> None:
    """Send all of it. ``head`` is for a request that asks for the head alone."""
    headers = [(b"content-length", b"%d" % len(response.body)), *head_of(response.headers, request_id)]
    if response.status == 204:
        del headers[0]
    if response.status in {408, 413, 503}:
        # What is left of the body was not read and would be taken for the next request.
        headers.append((b"connection", b"close"))
    try:
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else response.body})
    except OSError:
        # The client went away while it was answered (ASGI 2.4). What was done is done; it will ask again.
        return


def head_of(headers: tuple[tuple[str, str], ...], request_id: str) -> list[tuple[bytes, bytes]]:
    """An answer's headers, but those that say how long it is."""
    return [(REQUEST_ID, request_id.encode("latin-1")), *_encoded(headers)]


@lru_cache(maxsize=256)
def _encoded(headers: tuple[tuple[str, str], ...]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _frames(error: Exception) -> list[str]:
    """Where it happened, innermost last, through the chain of causes, oldest first: files, lines, functions."""
    frames: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        here = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(cause.__traceback__)]
        frames = [*here, type(cause).__qualname__, *frames]
        cause = cause.__cause__ or cause.__context__
    return frames
