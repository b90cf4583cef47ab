"""Somebody opens the server in a browser: what this is, where to go, and nothing that a browser can be misused for."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from serving import Serving, serving
from wire import Heard, Signer, Wire, raw_request

BROWSER = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
CURL = ("accept", "*/*")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("browsers") / "data", agents=0) as running:
        yield running


def ask(server: Serving, path: bytes, accept: tuple[str, str], method: str = "GET") -> Heard:
    with Wire(server.url) as wire:
        wire.send(raw_request(method, path, (("host", "localhost"), accept, ("connection", "close"))))
        return wire.hear(to_head=method == "HEAD")


class Page(HTMLParser):
    """The elements of a page, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


def test_a_person_is_told_what_it_is_and_where_to_go(server: Serving) -> None:
    heard = ask(server, b"/", BROWSER)
    assert (heard.status, heard.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = Page(heard.body.decode())
    assert "outbound-campaign dialer" in heard.body.decode()
    assert page.links == ["/health", "/metrics"]
    for link in page.links:
        assert ask(server, link.encode(), BROWSER).status == 200
    for command in re.findall(r"<code>trunkcall (\w+)</code>", heard.body.decode()):
        server.trunkcall(command, "--help")


def test_curl_gets_the_same_as_text(server: Serving) -> None:
    for accept in (CURL, ("x-none", "none")):
        heard = ask(server, b"/", accept)
        assert (heard.status, heard.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        text = heard.body.decode()
        assert "/health" in text
        assert "<" not in text
        assert max(map(len, text.splitlines())) <= 100


def test_a_head_has_no_body(server: Serving) -> None:
    heard = ask(server, b"/", BROWSER, "HEAD")
    assert heard.status == 200
    assert int(heard.headers["content-length"]) > 500


def test_a_browser_runs_nothing_and_loads_nothing(server: Serving) -> None:
    for path in (b"/", b"/campaigns/<script>alert(1)</script>"):
        heard = ask(server, path, BROWSER)
        policy = heard.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert heard.headers["x-content-type-options"] == "nosniff"
        html = heard.body.decode()
        style = html.partition("<style>")[2].partition("</style>")[0]
        assert b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
        page = Page(html)
        assert not page.elements & {"script", "img", "link", "iframe", "form", "object"}
        assert not {name for name in page.attributes if name.startswith("on") or name in {"style", "src"}}
        assert "alert" not in html


def test_the_icon_that_browsers_ask_for_is_no_refused_request(server: Serving) -> None:
    before = server.metric("trunkcall_api_requests_total")
    with Wire(server.url) as wire:
        accept = ("accept", "image/avif,image/webp,*/*;q=0.8")
        wire.send(raw_request("GET", b"/favicon.ico", (("host", "localhost"), accept, ("connection", "close"))))
        heard = wire.hear(to_head=True)
        assert (heard.status, wire.rest()) == (204, b"")
    assert "content-length" not in heard.headers
    assert server.metric("trunkcall_api_requests_total") == before


@pytest.mark.parametrize("path", [b"/campaigns", b"/no/such/path", b"/index.html", b"/admin/"])
def test_what_is_not_there_for_a_browser_is_refused_in_words(server: Serving, path: bytes) -> None:
    """The status and the code are those that every client gets."""
    seen = ask(server, path, BROWSER)
    assert (seen.status, seen.code) == (403, "MissingAuthenticationTokenException")
    assert "not signed" in seen.body.decode()
    assert Page(seen.body.decode()).links == ["/"]
    heard = ask(server, path, CURL)
    assert (heard.status, heard.code) == (seen.status, seen.code)
    assert json.loads(heard.body) == {"message": "Missing Authentication Token"}


def test_a_signed_request_for_them_is_one_of_the_api(server: Serving) -> None:
    signer = Signer.of(server.environment)
    with Wire(server.url) as wire:
        heard = wire.ask(signer.request("GET", "/", headers=(BROWSER,)))
    assert (heard.status, heard.code) == (404, "UnknownOperationException")
    assert "message" in json.loads(heard.body)
