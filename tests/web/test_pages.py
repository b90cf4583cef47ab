"""What a page is told of its request, and that whatever becomes of it, its client gets an answer."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

import pytest
from structlog.testing import capture_logs

from trunkcall.aws.protocol import HttpRequest, HttpResponse
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.web.pages import Page
from trunkcall.web.streams import Streamed, Streams
from trunkcall.web.uploads import Limits, Uploads
from web.asgi import Answer, Call

LENGTH = ((b"content-length", b"4"),)


class Recorder:
    """A page that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[HttpRequest] = []

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        return HttpResponse(200, (("content-type", "text/plain"),), b"well")


async def answer(page: Page, call: Call) -> Answer:
    found = await call.to(page)
    assert found is not None
    return found


async def test_a_page_sees_the_whole_request() -> None:
    seen = Recorder()
    page = Page(seen, Streams(0), uploads=Uploads(Limits()), new_request_id=lambda: "request-1")
    headers = ((b"X-Name", b"a  b"), (b"x-name", b"c"), *LENGTH)

    found = await answer(page, Call("POST", b"/console/%41", b"a=%20&b", headers, (b"bo", b"dy")))

    assert (found.status, found.body, found.headers["x-amzn-requestid"]) == (200, b"well", "request-1")
    (request,) = seen.asked
    assert (request.method, request.raw_path, request.raw_query) == ("POST", b"/console/%41", b"a=%20&b")
    assert (request.headers["x-name"], request.body) == ("a b,c", b"body")


async def test_a_body_that_nobody_wants_is_not_read() -> None:
    seen = Recorder()

    found = await answer(Page(seen, Streams(0)), Call("GET", b"/health", headers=LENGTH, chunks=(b"b",), stalls=True))

    assert (found.status, seen.asked[0].body) == (200, b"")


async def test_a_pages_bodies_have_the_limits_of_the_apis() -> None:
    """A page without a signature must not be the way around them."""
    seen = Recorder()

    def page(limits: Limits) -> Page:
        return Page(seen, Streams(0), uploads=Uploads(limits))

    large = ((b"content-length", b"101"),)
    small = Limits(body_bytes=100)
    assert (await answer(page(small), Call("POST", b"/", headers=large))).status == 413
    chunked = ((b"transfer-encoding", b"chunked"),)
    assert (await answer(page(small), Call("POST", b"/", headers=chunked, chunks=(b"x" * 60,) * 3))).status == 413
    late = await answer(page(Limits(body_timeout_s=0.01)), Call("POST", b"/", headers=LENGTH, stalls=True))
    assert (late.status, late.headers["connection"]) == (408, "close")
    assert await Call("POST", b"/", headers=LENGTH, chunks=(b"b",), hangs_up=True).to(page(small)) is None
    assert seen.asked == []


async def test_what_a_page_holds_is_given_back() -> None:
    """Else the room for bodies would shrink with every request until nobody's was taken."""
    page = Page(Recorder(), Streams(0), uploads=Uploads(Limits(body_bytes=100_000, bodies_bytes=400_000)))

    for _ in range(20):
        body = b"x" * 100_000
        call = Call("POST", b"/", headers=((b"content-length", b"100000"),), chunks=(body,))
        assert (await answer(page, call)).status == 200


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 503)])
async def test_what_a_stream_holds_is_given_back_although_nothing_is_sent(method: str, status: int) -> None:
    """A head alone is asked for, or there are too many streams already."""
    held = ["a connection"]

    async def chunks() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
        finally:
            held.clear()

    begun = chunks()
    await anext(begun)

    async def stream(request: HttpRequest) -> Streamed:
        return Streamed(200, (), begun)

    assert (await answer(Page(stream, Streams(0)), Call(method, b"/"))).status == status
    assert held == []


async def test_a_page_that_fails_says_so_and_the_log_does_not_say_what_it_was_about() -> None:
    async def broken(request: HttpRequest) -> HttpResponse:
        raise RuntimeError("+12065550100")

    async def away(request: HttpRequest) -> HttpResponse:
        raise StoreUnavailableError

    with capture_logs() as logs:
        found = await answer(Page(broken, Streams(0)), Call("GET", b"/metrics"))
    assert (found.status, found.headers["x-amzn-errortype"]) == (500, "InternalServerException")
    assert "message" in json.loads(found.body)
    assert "+12065550100" not in str(logs) + found.body.decode()
    assert logs[0]["error"] == "RuntimeError"
    assert b"store" in (await answer(Page(away, Streams(0)), Call("GET", b"/metrics"))).body


async def test_a_head_has_the_length_and_no_body() -> None:
    found = await answer(Page(Recorder(), Streams(0)), Call("HEAD", b"/health"))

    assert (found.status, found.headers["content-length"], found.body) == (200, "4", b"")
