"""The ASGI application that carries the API: bytes in, bytes out, and everything between in order.

Decides limits, request ids and which step follows which: route, authenticate, admit, decode, handle, encode. It must
not know what an operation does, or how a signature or a shape is checked.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from random import getrandbits
from typing import Any, TypeAlias

import structlog

from trunkcall.aws import sigv4
from trunkcall.aws.errors import REQUEST_TIMEOUT, REQUEST_TOO_LARGE, ApiError, internal_error, not_offered, to_api_error
from trunkcall.aws.model import Operation, Service
from trunkcall.aws.protocol import (
    Encoded,
    HttpRequest,
    HttpResponse,
    RequestContext,
    error_response,
    fold_headers,
    parse_request,
    success_response,
)
from trunkcall.aws.router import Match, Router
from trunkcall.domain.clock import Seconds
from trunkcall.domain.instants import Instant
from trunkcall.web import front
from trunkcall.web.audit import AuditEntry
from trunkcall.web.bodies import HURRY_S, Bodies, Body, neighbourhood, overcrowded

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

Handler: TypeAlias = Callable[[RequestContext, dict[str, Any]], Awaitable[Mapping[str, Any] | Encoded | None]]
"""One operation: the decoded input in, the result by the model's member names out. Raises ApiError or domain errors."""
Authenticate: TypeAlias = Callable[[str], Awaitable[str | None]]
"""The secret of an access key id; None if there is no such key or it was revoked."""
Admit: TypeAlias = Callable[[RequestContext], Awaitable[None]]
"""Raises ApiError for a caller who may not, or not now: policies and throttles. Runs before the input is decoded."""
Authorize: TypeAlias = Callable[[RequestContext, dict[str, Any]], Awaitable[None]]
"""Raises ApiError for a caller whose policies do not allow what the decoded input asks for."""
OnRequest: TypeAlias = Callable[[Operation | None, int, float], None]
"""Told of every answered API request: the operation if it is known, the status, and the seconds that it took."""
Page: TypeAlias = Callable[[], Awaitable[HttpResponse]]
"""Something else on this port, for GET without a signature: health, metrics."""
Hook: TypeAlias = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)
_REQUEST_ID = b"x-amzn-requestid"
MAX_AUDITED = 512
"""Characters of a path that may be written into the audit log; no ARN has more."""


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


def _new_request_id() -> str:
    """Looks like a UUID of version 4, at a fifth of its price. Nobody is meant to be unable to guess it."""
    digits = f"{getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


class _ClientGone(Exception):
    """The client hung up before its request was complete; there is nobody to answer."""


class Gateway:
    """ASGI 3 application over compiled services.

    ``handlers`` are by service name, then operation name; an operation without one answers NotImplementedException.
    ``region`` is the Region that signatures must name; ``clock`` the wall clock. ``pages`` are by path. ``startup`` and
    ``shutdown`` run with the server's lifespan. Raises ValueError for a handler of an operation that no service has.
    """

    def __init__(
        self,
        services: Sequence[Service],
        handlers: Mapping[str, Mapping[str, Handler]],
        *,
        region: str,
        authenticate: Authenticate,
        clock: Callable[[], Instant],
        admit: Admit | None = None,
        limits: Limits | None = None,
        on_request: OnRequest | None = None,
        authorize: Authorize | None = None,
        audit: Callable[[AuditEntry], None] | None = None,
        pages: Mapping[str, Page] | None = None,
        startup: Hook | None = None,
        shutdown: Hook | None = None,
        new_request_id: Callable[[], str] = _new_request_id,
        monotonic: Seconds = time.perf_counter,
    ) -> None:
        self._router = Router(services)
        self._handlers = _flatten(services, handlers)
        self._region = region
        self._authenticate = authenticate
        self._clock = clock
        self._admit = admit
        self._limits = limits or Limits()
        self._bodies = Bodies(
            max(self._limits.bodies_bytes, 4 * self._limits.body_bytes), self._limits.unfinished_bodies
        )
        self._on_request = on_request
        self._authorize = authorize
        self._audit = audit
        self._pages = {path.encode(): page for path, page in (pages or {}).items()}
        self._startup = startup
        self._shutdown = shutdown
        self._new_request_id = new_request_id
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._http(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)
            case "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1000})
            case other:
                raise ValueError(f"the gateway does not serve {other}")

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = self._new_request_id()
        page = self._pages.get(scope["raw_path"]) if scope["method"] in {"GET", "HEAD"} else None
        if page is not None:
            response = await self._page(page, request_id)
        elif scope["raw_path"] in front.PATHS and (shown := front.page_of(scope)) is not None:
            response = shown
        else:
            started = self._monotonic()
            match: Match | None = None
            context: RequestContext | None = None
            body: Body | None = None
            try:
                request = HttpRequest(
                    scope["method"], scope["raw_path"], scope["query_string"], fold_headers(scope["headers"])
                )
                credentials = sigv4.parse_credentials(request)
                sigv4.check_scope(credentials, region=self._region, services=self._router.signing_names)
                match = self._router.match(credentials.service, request.method, request.raw_path)
                source = _source(scope)
                secret = await self._secret(credentials)
                if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
                    body = self._enter(request, credentials, source)
                    request = HttpRequest(
                        request.method,
                        request.raw_path,
                        request.raw_query,
                        request.headers,
                        await self._read_body(body, receive),
                    )
                self._verify(request, credentials, secret)
                context = RequestContext(request_id, credentials.access_key_id, source, match.operation, match.labels)
                response = await self._answer(context, request)
            except _ClientGone:
                return
            except Exception as error:  # Whatever it is, the client gets an answer.
                response = self._failure(error, match.operation if match else None, request_id)
                if match is None and front.asks_in_vain(scope, error):
                    response = front.in_words(response)
            finally:
                if body is not None:
                    self._bodies.leave(body)
            if self._on_request is not None:
                self._on_request(match.operation if match else None, response.status, self._monotonic() - started)
            # What a stranger sends costs him nothing, so it is counted above and is no line on the disk.
            if context is not None and self._audit is not None and context.operation.mutates:
                self._audit(_audit_entry(context, response))
        await _send(response, request_id, send, head=scope["method"] == "HEAD")

    async def _secret(self, credentials: sigv4.Credentials) -> str:
        secret = await self._authenticate(credentials.access_key_id)
        if secret is None:
            raise sigv4.unknown_client()
        return secret

    def _verify(self, request: HttpRequest, credentials: sigv4.Credentials, secret: str) -> None:
        sigv4.verify(
            request,
            credentials,
            secret,
            now=self._clock(),
            region=self._region,
            services=self._router.signing_names,
        )

    async def _answer(self, context: RequestContext, request: HttpRequest) -> HttpResponse:
        operation = context.operation
        if self._admit is not None:
            await self._admit(context)
        handler = self._handlers.get((operation.service, operation.name))
        if handler is None:
            raise not_offered(operation.name)
        decoded = parse_request(operation, context.labels, request)
        if self._authorize is not None:
            await self._authorize(context, decoded)
        response = success_response(operation, await handler(context, decoded))
        if context.response_headers:
            headers_of_handler = tuple(context.response_headers.items())
            response = HttpResponse(response.status, response.headers + headers_of_handler, response.body)
        return response

    def _enter(self, request: HttpRequest, credentials: sigv4.Credentials, source: str | None) -> Body:
        """Make room for the request's body."""
        limit = self._limits.body_bytes
        declared = request.headers.get("content-length", "0")
        size = int(declared[:20]) if declared.isdecimal() else 0
        if size > limit:
            raise _too_large(limit)
        task = asyncio.current_task()
        assert task is not None
        # As asyncio.timeout does it, at a tenth of its price.
        return self._bodies.enter(credentials.access_key_id, neighbourhood(source), size, task.cancel)

    async def _read_body(self, body: Body, receive: Receive) -> bytes:
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

    async def _receive_all(self, body: Body, receive: Receive) -> bytes:
        limit = self._limits.body_bytes
        received: bytes | bytearray = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _ClientGone
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

    def _failure(self, error: Exception, operation: Operation | None, request_id: str) -> HttpResponse:
        answer = to_api_error(error)
        if answer is None:
            answer = internal_error()
            # Neither the message nor a frame's variables: both may hold phone numbers, attributes or secrets.
            _log.error(
                "request failed",
                request_id=request_id,
                operation=operation.name if operation is not None else None,
                error=type(error).__qualname__,
                frames=_frames(error),
            )
        try:
            return error_response(operation, answer)
        except Exception:  # A member of the error that JSON can't hold must not cost the answer.
            return error_response(operation, internal_error())

    async def _page(self, page: Page, request_id: str) -> HttpResponse:
        try:
            return await page()
        except Exception as error:
            return self._failure(error, None, request_id)

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
                    raise ValueError(f"the gateway does not serve {other}")


def _flatten(
    services: Sequence[Service], handlers: Mapping[str, Mapping[str, Handler]]
) -> dict[tuple[str, str], Handler]:
    known = {(service.name, operation) for service in services for operation in service.operations}
    flat = {(service, name): handler for service, named in handlers.items() for name, handler in named.items()}
    if strange := set(flat) - known:
        raise ValueError(f"handlers of operations that no service has: {sorted(strange)}")
    return flat


def _audit_entry(context: RequestContext, response: HttpResponse) -> AuditEntry:
    error: str | None = None
    if response.status >= 400:
        error = next((value for name, value in response.headers if name == "x-amzn-errortype"), None)
    return AuditEntry(
        datetime.now(UTC),
        context.request_id,
        context.access_key_id,
        context.source_address,
        context.operation.name,
        "/".join(context.labels.values())[:MAX_AUDITED],
        response.status,
        error,
    )


def _source(scope: Scope) -> str | None:
    client = scope.get("client")
    return str(client[0]) if client else None


def _too_large(limit: int) -> ApiError:
    return ApiError(REQUEST_TOO_LARGE, f"The request body is larger than {limit} bytes.")


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


@lru_cache(maxsize=256)
def _encoded(headers: tuple[tuple[str, str], ...]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


async def _send(response: HttpResponse, request_id: str, send: Send, *, head: bool) -> None:
    headers = [
        (b"content-length", b"%d" % len(response.body)),
        (_REQUEST_ID, request_id.encode("latin-1")),
        *_encoded(response.headers),
    ]
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
