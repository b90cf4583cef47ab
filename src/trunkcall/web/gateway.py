"""The ASGI application that carries the API: bytes in, bytes out, and everything between in order.

Decides which step follows which: route, authenticate, admit, decode, handle, encode. It must
not know what an operation does, or how a signature or a shape is checked.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from trunkcall.aws import sigv4
from trunkcall.aws.campaigns_v1 import REFUSED_ITEMS_HEADER
from trunkcall.aws.errors import not_offered
from trunkcall.aws.model import Operation, Service
from trunkcall.aws.protocol import (
    Handler,
    HttpRequest,
    HttpResponse,
    RequestContext,
    fold_headers,
    parse_request,
    success_response,
)
from trunkcall.aws.router import Match, Router
from trunkcall.aws.subjects import made, named
from trunkcall.domain.clock import Seconds
from trunkcall.domain.instants import Instant
from trunkcall.web import front
from trunkcall.web.answers import failure, new_request_id, send_answer
from trunkcall.web.asgi import ClientGone, Receive, Scope, Send, source_of
from trunkcall.web.audit import AuditEntry
from trunkcall.web.bodies import Body
from trunkcall.web.uploads import Limits, Uploads

Authenticate: TypeAlias = Callable[[str], Awaitable[str | None]]
"""The secret of an access key id; None if there is no such key or it was revoked."""
Admit: TypeAlias = Callable[[RequestContext], Awaitable[None]]
"""Raises ApiError for a caller who may not, or not now: policies and throttles. Runs before the input is decoded."""
Authorize: TypeAlias = Callable[[RequestContext, dict[str, Any]], Awaitable[None]]
"""Raises ApiError for a caller whose policies do not allow what the decoded input asks for."""
OnRequest: TypeAlias = Callable[[Operation | None, int, float], None]
"""Told of every answered API request: the operation if it is one that is offered, the status, and the seconds that it
took. Who watches keeps a row for each operation, and there are hundreds that are not offered."""

MAX_AUDITED = 512
"""Characters of a resource that may be written into the audit log; no ARN has more."""


class Gateway:
    """ASGI 3 application over compiled services, for requests alone.

    ``handlers`` are by service name, then operation name; an operation without one answers NotImplementedException.
    ``region`` is the Region that signatures must name; ``clock`` the wall clock; ``uploads`` the bodies of all that is
    served beside it. With ``strict``, requests are read as Smithy's tests of the protocol ask for. Raises ValueError
    for a handler of an operation that no service has.
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
        uploads: Uploads | None = None,
        on_request: OnRequest | None = None,
        authorize: Authorize | None = None,
        audit: Callable[[AuditEntry], None] | None = None,
        strict: bool = False,
        new_request_id: Callable[[], str] = new_request_id,
        monotonic: Seconds = time.perf_counter,
    ) -> None:
        self._router = Router(services)
        self._handlers = _flatten(services, handlers)
        self._region = region
        self._authenticate = authenticate
        self._clock = clock
        self._admit = admit
        self._uploads = uploads or Uploads(Limits())
        self._on_request = on_request
        self._authorize = authorize
        self._audit = audit
        self._strict = strict
        self._new_request_id = new_request_id
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = self._new_request_id()
        started = self._monotonic()
        match: Match | None = None
        context: RequestContext | None = None
        body: Body | None = None
        request = HttpRequest(scope["method"], scope["raw_path"], scope["query_string"], fold_headers(scope["headers"]))
        try:
            credentials = sigv4.parse_credentials(request)
            sigv4.check_scope(credentials, region=self._region, services=self._router.signing_names)
            match = self._router.match(credentials.service, request.method, request.raw_path)
            source = source_of(scope)
            secret = await self._secret(credentials)
            body = self._uploads.enter(request, credentials.access_key_id, source)
            if body is not None:
                request = HttpRequest(
                    request.method,
                    request.raw_path,
                    request.raw_query,
                    request.headers,
                    await self._uploads.read(body, receive),
                )
            self._verify(request, credentials, secret)
            context = RequestContext(request_id, credentials.access_key_id, source, match.operation, match.labels)
            response = await self._answer(context, request)
        except ClientGone:
            return
        except Exception as error:  # Whatever it is, the client gets an answer.
            response = failure(error, match.operation if match else None, request_id)
            if match is None and front.asks_in_vain(request, error):
                response = front.in_words(response)
        finally:
            if body is not None:
                self._uploads.leave(body)
        if self._on_request is not None:
            self._on_request(self._offered(match), response.status, self._monotonic() - started)
        # What a stranger sends costs him nothing, so it is counted above and is no line on the disk.
        if context is not None and self._audit is not None and context.operation.mutates:
            self._audit(_audit_entry(context, response))
        await send_answer(response, request_id, send, head=request.method == "HEAD")

    def _offered(self, match: Match | None) -> Operation | None:
        if match is None or (match.operation.service, match.operation.name) not in self._handlers:
            return None
        return match.operation

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
        decoded = parse_request(operation, context.labels, request, strict=self._strict)
        if not context.labels:
            context.subjects.extend(named(decoded))
        if self._authorize is not None:
            await self._authorize(context, decoded)
        result = await handler(context, decoded)
        if operation.makes and isinstance(result, Mapping):
            context.subjects[:] = made(result)
        response = success_response(operation, result)
        if context.response_headers:
            headers_of_handler = tuple(context.response_headers.items())
            response = HttpResponse(response.status, response.headers + headers_of_handler, response.body)
        return response


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
        "/".join((*context.labels.values(), *context.subjects))[:MAX_AUDITED],
        response.status,
        error,
        next((value for name, value in response.headers if name == REFUSED_ITEMS_HEADER), None),
    )
