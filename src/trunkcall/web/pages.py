"""Pages: what is on this port beside the API, for requests without a signature.

Decides what a page is told of its request, and how its answer goes out. It must not know what is on it, nor where it is
mounted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from trunkcall.aws.protocol import HttpRequest, HttpResponse, fold_headers
from trunkcall.web.answers import failure, new_request_id, send_answer
from trunkcall.web.asgi import ClientGone, Receive, Scope, Send, source_of
from trunkcall.web.streams import Streamed, Streams
from trunkcall.web.uploads import Uploads

Answer: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponse | Streamed]]
"""One page. It may raise ApiError or domain errors, which are answered as the API answers them."""

NO_KEY = ""
"""Whose bodies a page's are: all pages have the share of one access key."""


class Page:
    """ASGI 3 application of one page, for requests alone. ``uploads`` is for a page that wants the body, which
    has the limits of the API's; any other sees an empty one."""

    def __init__(
        self,
        answer: Answer,
        streams: Streams,
        *,
        uploads: Uploads | None = None,
        new_request_id: Callable[[], str] = new_request_id,
    ) -> None:
        self._answer = answer
        self._streams = streams
        self._uploads = uploads
        self._new_request_id = new_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = self._new_request_id()
        request = HttpRequest(scope["method"], scope["raw_path"], scope["query_string"], fold_headers(scope["headers"]))
        leave: Callable[[], None] | None = None
        try:
            if self._uploads is not None:
                body = self._uploads.enter(request, NO_KEY, source_of(scope))
                if body is not None:
                    leave = partial(self._uploads.leave, body)
                    request = replace(request, body=await self._uploads.read(body, receive))
            answer = await self._answer(request)
            if isinstance(answer, Streamed):
                await self._streams.send(answer, request_id, scope, receive, send)
                return
        except ClientGone:
            return
        except Exception as error:  # Whatever it is, the client gets an answer.
            answer = failure(error, None, request_id)
        finally:
            if leave is not None:
                leave()
        await send_answer(answer, request_id, send, head=request.method == "HEAD")
