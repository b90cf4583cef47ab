"""Which application answers: several share a port, and the API has all that no other takes."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from trunkcall.aws.protocol import HttpRequest, HttpResponse
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.web.mounts import Hook, Mount, Mounts, by_method
from trunkcall.web.pages import Page
from trunkcall.web.streams import Streams
from web.asgi import Call, lifespan


def named(name: str) -> Page:
    """An application that says who answers, and at which path."""

    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, (("name", name), ("path", request.raw_path.decode())), b"")

    return Page(answer, Streams(0))


def mounts(*others: Mount, startup: Hook | None = None, shutdown: Hook | None = None) -> Mounts:
    return Mounts(named("api"), others, startup=startup, shutdown=shutdown)


async def who(application: Mounts, path: bytes, method: str = "GET") -> str:
    found = await Call(method, path).to(application)
    assert found is not None
    assert found.headers["path"] == path.decode(), "an application sees the whole path, as it was sent"
    return found.headers["name"]


HOUSE = mounts(
    Mount("/", named("front")),
    Mount("/health", named("health")),
    Mount("/console", named("console"), beneath=True, takes=by_method("GET", "POST")),
    Mount("/console/help", named("help"), beneath=True),
    Mount("/console/health", named("health of the console")),
)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (b"/", "front"),
        (b"/health", "health"),
        (b"/console", "console"),
        (b"/console/", "console"),
        (b"/console/campaigns/1", "console"),
        (b"/console/help", "help"),
        (b"/console/help/", "help"),
        (b"/console/help/a/b", "help"),
        (b"/console/helpers", "console"),
        (b"/console/health", "health of the console"),
        (b"/console/health/", "console"),
        (b"/campaigns", "api"),
        (b"/consoles", "api"),
        (b"", "api"),
        (b"*", "api"),
    ],
)
async def test_the_longest_path_answers_and_the_api_takes_the_rest(path: bytes, name: str) -> None:
    assert await who(HOUSE, path) == name


@pytest.mark.parametrize(
    "path",
    [
        b"//health",
        b"/health/",
        b"/health/..",
        b"/./health",
        b"/x/../health",
        b"/HEALTH",
        b"/%68ealth",
        b"/health%2f",
        b"/health%00",
        b"/health;a",
        b"/%63onsole/",
        b"/Console/",
        b"//console/",
        b"/./console/",
    ],
)
async def test_a_path_that_differs_by_a_byte_is_another_path(path: bytes) -> None:
    """A proxy that keeps a page from the public compares bytes as well."""
    assert await who(HOUSE, path) == "api"


async def test_what_a_page_does_not_take_is_the_apis() -> None:
    """It refuses in the form that every SDK understands."""
    assert await who(HOUSE, b"/health", "HEAD") == "health"
    for method in ("POST", "PUT", "OPTIONS", "get"):
        assert await who(HOUSE, b"/health", method) == "api"
    assert await who(HOUSE, b"/console/help", "POST") == "console", "the next shorter path comes before the API"
    assert await who(HOUSE, b"/console/help", "DELETE") == "api"


@pytest.mark.parametrize("paths", [("health",), ("",), ("/health", "/health")])
def test_a_path_without_a_place_is_refused_at_start(paths: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="slash"):
        mounts(*(Mount(path, named("page")) for path in paths))


async def test_the_server_starts_and_stops_what_is_behind_it() -> None:
    done: list[str] = []

    async def startup() -> None:
        done.append("started")

    async def shutdown() -> None:
        done.append("stopped")

    to = mounts(startup=startup, shutdown=shutdown)

    heard = await lifespan(to, "lifespan.startup", "lifespan.shutdown")

    assert heard == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert done == ["started", "stopped"]


async def test_a_server_that_can_not_start_is_told_so() -> None:
    async def startup() -> None:
        raise StoreUnavailableError

    with capture_logs():
        assert await lifespan(mounts(startup=startup), "lifespan.startup") == ["lifespan.startup.failed"]
