"""Bytes that no client of good will sends. Whatever arrives, the others go on being served: a port that one broken
proxy, one port scanner or one angry person can silence is no place for a contact centre's calls.

After each test the server must answer /health and a signed call, and have logged nothing: what anybody can send all day
long would fill the disk that the store is on.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from aws.support import botocore_model
from serving import Serving, serving
from wire import Heard, Signer, Wire, raw_request

MODEL = botocore_model("connectcampaigns")
UNKNOWN = "00000000-0000-4000-8000-000000000000"
UNKNOWN_ARN = f"arn:aws:connect-campaigns:us-east-1:000000000000:campaign/{UNKNOWN}"
LARGEST_BODY = 1_048_576


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("hostile") / "data", agents=0) as running:
        yield running


@pytest.fixture(scope="module")
def signer(server: Serving) -> Signer:
    return Signer.of(server.environment)


@pytest.fixture
def wire(server: Serving) -> Iterator[Wire]:
    with Wire(server.url) as connection:
        yield connection


@pytest.fixture(autouse=True)
def _the_others_are_still_served(server: Serving, signer: Signer) -> Iterator[None]:
    before = server.log_path.stat().st_size
    yield
    still_serves(server, signer)
    with server.log_path.open() as log:
        log.seek(before)
        written = log.read()
    assert written == "", written[-4000:]


def still_serves(server: Serving, signer: Signer) -> None:
    assert json.loads(server.get("/health"))["status"] == "ok"
    with Wire(server.url) as another:
        heard = another.ask(signer.request("POST", "/campaigns-summary", b"{}"))
        assert heard.status == 200, heard


def unsigned(method: str, target: bytes, body: bytes = b"", **headers: str) -> bytes:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return raw_request(method, target, (("host", "localhost"), *named), body)


def refused(heard: Heard, status: int, code: str | None) -> None:
    """An error of the API, as SDKs read it."""
    assert (heard.status, heard.code) == (status, code), heard
    assert json.loads(heard.body)["message"]
    assert heard.headers["x-amzn-requestid"]


class TestFraming:
    """How long a body is may be said in one way only: two readings are two requests, and one of them is smuggled in."""

    @pytest.mark.parametrize(
        "framing",
        [
            (("content-length", "-1"),),
            (("content-length", "2x"),),
            (("content-length", "0x2"),),
            (("content-length", "+2"),),
            (("content-length", "2.0"),),
            (("content-length", ""),),
            (("content-length", "99999999999999999999999999"),),
            (("content-length", "2"), ("content-length", "3")),
            (("content-length", "2"), ("content-length", "2")),
            (("content-length", "2, 2"),),
            (("content-length", "2"), ("transfer-encoding", "chunked")),
            (("transfer-encoding", "chunked"), ("content-length", "2")),
            (("transfer-encoding", "chunked, identity"),),
            (("transfer-encoding", "xchunked"),),
            (("content-length ", "2"),),
            (("transfer-encoding", "chunked"), ("transfer-encoding", "identity")),
        ],
        ids=str,
    )
    def test_a_length_that_can_be_read_in_two_ways_is_refused(
        self, wire: Wire, signer: Signer, framing: tuple[tuple[str, str], ...]
    ) -> None:
        smuggled = signer.request("POST", "/campaigns-summary", b"{}")
        wire.send(signer.request("POST", "/campaigns-summary", b"{}", framing=framing) + smuggled)
        heard = wire.hear()
        assert (heard.status, heard.code) == (400, "MalformedHttpRequestException"), heard
        assert wire.rest() == b""

    def test_a_body_shorter_than_declared_is_waited_for_and_not_answered(self, wire: Wire, signer: Signer) -> None:
        wire.send(signer.request("POST", "/campaigns-summary", b"{}", framing=(("content-length", "20"),)))
        wire.finish()
        assert wire.rest() == b""

    def test_what_follows_a_body_longer_than_declared_is_another_request(self, wire: Wire, signer: Signer) -> None:
        body = b'{"maxResults":1}'
        framing = (("content-length", str(len(body))),)
        assert wire.ask(signer.request("POST", "/campaigns-summary", body, framing=framing)).status == 200
        wire.send(b"the rest\r\n\r\n")
        assert wire.hear().status == 400
        assert wire.rest() == b""

    @pytest.mark.parametrize(
        "chunks",
        [
            b"zz\r\n{}\r\n0\r\n\r\n",
            b"-2\r\n{}\r\n0\r\n\r\n",
            b"2\r\n{}0\r\n\r\n",
            b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
            b"2 \r\r\n{}\r\n0\r\n\r\n",
            b"\r\n",
        ],
        ids=["no number", "negative", "no end", "too large a number", "a stray return", "nothing"],
    )
    def test_chunks_that_are_none(self, wire: Wire, signer: Signer, chunks: bytes) -> None:
        framing = (("transfer-encoding", "chunked"),)
        wire.send(signer.request("POST", "/campaigns-summary", chunks, signs=b"{}", framing=framing))
        assert wire.hear().status == 400
        assert wire.rest() == b""

    def test_chunks_that_are_some_are_understood(self, wire: Wire, signer: Signer) -> None:
        body = b'{"maxResults":1}'
        chunks = b"".join(b"1;extension=x\r\n%c\r\n" % byte for byte in body) + b"0\r\ntrailer: x\r\n\r\n"
        framing = (("transfer-encoding", "chunked"),)
        request = signer.request("POST", "/campaigns-summary", chunks, signs=body, framing=framing)
        assert wire.ask(request).status == 200
        assert wire.ask(signer.request("POST", "/campaigns-summary", b"{}")).status == 200

    def test_thousands_of_chunks_of_a_byte_are_refused(self, wire: Wire, signer: Signer) -> None:
        framing = (("transfer-encoding", "chunked"),)
        wire.send(signer.request("POST", "/campaigns-summary", framing=framing) + b"1\r\n{\r\n" * 5_000)
        heard = wire.hear()
        assert (heard.status, heard.code) == (413, "RequestEntityTooLargeException")
        assert b"chunks" in heard.body

    def test_a_chunk_of_a_byte_now_and_then_is_taken(self, wire: Wire, signer: Signer) -> None:
        body = b"{" + b" " * 600 + b"}"
        framing = (("transfer-encoding", "chunked"),)
        wire.send(signer.request("POST", "/campaigns-summary", framing=framing, signs=body))
        for at in range(0, len(body), 100):
            wire.send(b"".join(b"1\r\n%c\r\n" % byte for byte in body[at : at + 100]))
            time.sleep(0.02)
        wire.send(b"0\r\n\r\n")
        assert wire.hear().status == 200

    def test_what_stands_behind_a_body_is_no_header(self, wire: Wire, signer: Signer) -> None:
        """A proxy in front looks at headers, and lets trailers pass."""
        chunks = b"2\r\n{}\r\n0\r\nhost: other\r\nauthorization: other\r\nx-amz-date: other\r\n\r\n"
        framing = (("transfer-encoding", "chunked"),)
        for _ in range(20):
            request = signer.request("POST", "/campaigns-summary", chunks, signs=b"{}", framing=framing)
            assert wire.ask(request).status == 200

    @pytest.mark.parametrize("chunks", [b"2\r\n{}\r\n0\r\nx: ", b"2;x="], ids=["trailer", "extension"])
    def test_what_is_sent_beside_the_body_is_not_held(
        self, server: Serving, wire: Wire, signer: Signer, chunks: bytes
    ) -> None:
        before = resident_kib(server)
        framing = (("transfer-encoding", "chunked"),)
        wire.send(signer.request("POST", "/campaigns-summary", chunks, signs=b"{}", framing=framing))
        for _ in range(200):
            with suppress(ConnectionError):
                wire.send(b"a" * 250_000)
        assert wire.hear().status == 431
        assert resident_kib(server) - before < 20_000

    def test_before_what_is_no_request_the_answers_that_are_owed_are_given(self, wire: Wire, signer: Signer) -> None:
        """Who has asked for something and is not told what came of it would ask again."""
        wire.send(signer.request("POST", "/campaigns-summary", b"{}") * 2 + b"\x00garbage\r\n\r\n")
        assert [wire.hear().status for _ in range(2)] == [200, 200]
        assert wire.rest() == b""


class TestLargeBodies:
    def test_the_largest_that_is_allowed(self, wire: Wire, signer: Signer) -> None:
        body = b"{" + b" " * (LARGEST_BODY - 2) + b"}"
        assert wire.ask(signer.request("POST", "/campaigns-summary", body)).status == 200

    def test_one_declared_too_large_is_refused_before_it_is_sent(self, wire: Wire, signer: Signer) -> None:
        framing = (("content-length", str(LARGEST_BODY + 1)),)
        wire.send(signer.request("POST", "/campaigns-summary", b"", framing=framing))
        refused(wire.hear(), 413, "RequestEntityTooLargeException")
        assert wire.rest() == b""

    @pytest.mark.parametrize("size", [LARGEST_BODY + 1, 8 * LARGEST_BODY], ids=["by one", "by far"])
    def test_a_client_that_sends_it_all_before_it_listens_hears_why(
        self, server: Serving, signer: Signer, size: int
    ) -> None:
        """As every SDK does. A connection reset in its place would be retried, with the same list, for ever."""
        request = signer.request("POST", "/campaigns-summary", b"{" + b" " * (size - 2) + b"}")
        for _ in range(5):
            with Wire(server.url) as wire:
                wire.send(request)
                refused(wire.hear(), 413, "RequestEntityTooLargeException")

    def test_one_that_never_ends_is_not_held(self, server: Serving, wire: Wire, signer: Signer) -> None:
        before = resident_kib(server)
        framing = (("transfer-encoding", "chunked"),)
        wire.send(signer.request("POST", "/campaigns-summary", b"", framing=framing))
        chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
        for _ in range(2_000):
            try:
                wire.send(chunk)
            except ConnectionError:
                break
        assert resident_kib(server) - before < 20_000

    @pytest.mark.parametrize(
        "body",
        [
            b"[" * LARGEST_BODY,
            b"[" * 100_000 + b"]" * 100_000,
            b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
            b'{"filters":' * 50_000,
        ],
        ids=["open lists", "lists", "objects", "a member"],
    )
    def test_deep_json_is_refused_and_does_not_end_the_server(self, wire: Wire, signer: Signer, body: bytes) -> None:
        refused(wire.ask(signer.request("POST", "/campaigns-summary", body)), 400, "SerializationException")


class TestJson:
    @pytest.mark.parametrize(
        "body",
        [
            b"\xef\xbb\xbf{}",
            "{}".encode("utf-16"),
            gzip.compress(b"{}"),
            b'{"maxResults":NaN}',
            b'{"maxResults":-Infinity}',
            b'{"maxResults":1e400}',
            b'{"maxResults":1e300}',
            b'{"maxResults":' + b"1" * 5_000 + b"}",
            b'{"maxResults":0.' + b"1" * 500_000 + b"}",
            b'{"nextToken":"\\ud800"}',
            b'{"nextToken":"\\udc00\\ud800"}',
            b'{"nextToken":"\xed\xa0\x80"}',
            b'{"\\ud800":1}',
            b"{}\x00",
            b"{}{}",
            b'"{}"',
        ],
        ids=[
            *(
                "byte order mark",
                "UTF-16",
                "gzip",
                "NaN",
                "infinity",
                "1e400",
                "1e300",
                "5,000 digits",
                "long fraction",
            ),
            *("half a pair", "a pair reversed", "half a pair in UTF-8", "half a pair in a name", "NUL", "two", "text"),
        ],
    )
    def test_what_is_not_json_or_no_number_is_told_so(self, wire: Wire, signer: Signer, body: bytes) -> None:
        refused(wire.ask(signer.request("POST", "/campaigns-summary", body)), 400, "SerializationException")

    def test_of_a_repeated_name_the_last_counts(self, wire: Wire, signer: Signer) -> None:
        first, last = b'{"maxResults":1,"maxResults":0}', b'{"maxResults":0,"maxResults":1}'
        refused(wire.ask(signer.request("POST", "/campaigns-summary", first)), 400, "ValidationException")
        assert wire.ask(signer.request("POST", "/campaigns-summary", last)).status == 200

    def test_a_compressed_body_is_refused_and_not_unpacked(self, wire: Wire, signer: Signer) -> None:
        """A megabyte of it could become a gigabyte."""
        body = gzip.compress(b'{"nextToken":"' + b" " * 100_000_000 + b'"}')
        request = signer.request("POST", "/campaigns-summary", body, (("content-encoding", "gzip"),))
        refused(wire.ask(request), 400, "SerializationException")


class TestHeads:
    @pytest.mark.parametrize(
        "headers",
        [
            (("x-large", "a" * 100_000),),
            tuple((f"x-{number}", "a" * 1_000) for number in range(90)),
            tuple((f"x-{number}", "a") for number in range(500)),
            (("x" * 100_000, "a"),),
        ],
        ids=["large", "large together", "many", "a long name"],
    )
    def test_headers_that_are_too_large_are_refused(
        self, wire: Wire, signer: Signer, headers: tuple[tuple[str, str], ...]
    ) -> None:
        wire.send(signer.request("POST", "/campaigns-summary", b"{}", headers))
        assert wire.hear().status == 431
        assert wire.rest() == b""

    def test_nothing_behind_a_refused_head_is_carried_out(self, server: Serving, wire: Wire, signer: Signer) -> None:
        """Who was told no must be able to believe it."""
        client: Any = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments("Behind a refused head"))["id"]
        headers = tuple((f"x-{number}", "a") for number in range(500))
        second = signer.request("POST", f"/campaigns/{campaign_id}/start")
        wire.send(signer.request("POST", "/campaigns-summary", b"{}", headers) + second)
        assert wire.hear().status == 431
        assert wire.rest() == b""
        time.sleep(0.3)
        assert client.get_campaign_state(id=campaign_id)["state"] == "Initialized"

    def test_a_path_that_is_too_large_is_refused(self, wire: Wire) -> None:
        wire.send(unsigned("GET", b"/" + b"a" * 100_000))
        assert wire.hear().status == 431
        assert wire.rest() == b""

    def test_headers_just_small_enough_are_taken(self, wire: Wire, signer: Signer) -> None:
        headers = tuple((f"x-{number}", "a" * 600) for number in range(90))
        assert wire.ask(signer.request("POST", "/campaigns-summary", b"{}", headers)).status == 200

    @pytest.mark.parametrize(
        "data",
        [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
            b"\x00" * 4_096,
            bytes(range(256)) * 8,
            b"\r\n\r\n\r\n\r\nhello\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET /health HTTP/9.9\r\n\r\n",
            b"GET /health HTTP/1.1\r\nhost localhost\r\n\r\n",
            b"GET /health HTTP/1.1\r\n folded: first\r\n\r\n",
            b"GET /health HTTP/1.1\r\nx: a\x00b\r\n\r\n",
            b"A" * 50_000 + b" / HTTP/1.1\r\n\r\n",
            b"GET /health HTTP/1.1\nx: a\n\n",
            b"GET /he\x00alth HTTP/1.1\r\n\r\n",
            b"GET /\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"BREW /pot HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"\x05\x01\x00" + b"*2\r\n$4\r\nINFO\r\n",
        ],
        ids=[
            *("TLS", "NULs", "every byte", "hello", "HTTP/2", "HTTP/9.9", "no colon", "folded"),
            *("NUL in a header", "a long method", "line feeds alone", "NUL in the path", "bytes in the path"),
            *("a method of its own", "SOCKS"),
        ],
    )
    def test_what_is_not_http_is_told_so_or_hung_up_on(self, wire: Wire, data: bytes) -> None:
        wire.send(data)
        wire.finish()
        assert wire.rest()[:13] in {b"", b"HTTP/1.1 400 ", b"HTTP/1.1 403 "}


class TestMethodsAndTargets:
    @pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PATCH", "PROPFIND", "HEAD"])
    def test_a_method_that_nothing_has(self, wire: Wire, signer: Signer, method: str) -> None:
        wire.send(signer.request(method, "/campaigns-summary"))
        heard = wire.hear(to_head=method == "HEAD")
        assert (heard.status, heard.code) == (404, "UnknownOperationException")
        assert b"Credential" not in heard.body
        assert wire.ask(signer.request("POST", "/campaigns-summary", b"{}")).status == 200

    @pytest.mark.parametrize(
        "head",
        [
            b"CONNECT localhost:443 HTTP/1.1\r\nhost: localhost:443\r\n\r\n",
            b"CONNECT /campaigns HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"GET http://localhost HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"GET example.com/campaigns HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"GET http://[::1/campaigns HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"GET ?x=1 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        ],
        ids=["CONNECT", "CONNECT to a path", "asterisk", "no path", "no scheme", "bad host", "query alone"],
    )
    def test_targets_that_are_no_path(self, wire: Wire, head: bytes) -> None:
        wire.send(head + b"SSH-2.0-tunnelled\r\n")
        wire.finish()
        answer = wire.rest()
        assert answer[:13] in {b"", b"HTTP/1.1 400 ", b"HTTP/1.1 403 ", b"HTTP/1.1 404 "}, answer
        assert b"SSH" not in answer

    def test_an_upgrade_is_not_followed(self, wire: Wire) -> None:
        for protocol in ("websocket", "h2c", "tls/1.0"):
            wire.send(unsigned("GET", b"/health", connection="upgrade", upgrade=protocol, sec_websocket_key="x"))
            assert wire.hear().status == 200
            wire.close()

    def test_a_target_in_absolute_form_is_the_path_in_it(self, wire: Wire, signer: Signer) -> None:
        """As a client sends it through a proxy."""
        assert wire.ask(unsigned("GET", b"http://elsewhere.example/health")).status == 200
        assert wire.ask(unsigned("GET", b"http://elsewhere.example/campaigns/x")).status == 403

    @pytest.mark.parametrize(
        ("target", "status", "code"),
        [
            ("/campaigns/%zz", 400, "SerializationException"),
            ("/campaigns/%", 400, "SerializationException"),
            ("/campaigns/%e2%82", 400, "SerializationException"),
            ("/campaigns/%ed%a0%80", 400, "SerializationException"),
            ("/campaigns/%c0%af", 400, "SerializationException"),
            ("/campaigns/%00", 404, "ResourceNotFoundException"),
            ("/campaigns/%2e%2e", 404, "ResourceNotFoundException"),
            ("/campaigns/%2e%2e%2fhealth", 404, "ResourceNotFoundException"),
            ("/campaigns/..", 404, "UnknownOperationException"),
            ("/campaigns/../health", 404, "UnknownOperationException"),
            ("/campaigns/./x", 404, "UnknownOperationException"),
            ("/campaigns/", 400, "ValidationException"),
            ("//campaigns", 404, "UnknownOperationException"),
            ("//campaigns/x", 404, "UnknownOperationException"),
            ("/campaigns//x", 404, "UnknownOperationException"),
            ("/campaigns/x/", 404, "UnknownOperationException"),
            ("/", 404, "UnknownOperationException"),
            ("/CAMPAIGNS/x", 404, "UnknownOperationException"),
            ("/campaigns/x;y=z", 404, "ResourceNotFoundException"),
            ("/campaigns/x%20y", 400, "ValidationException"),
            (f"/campaigns/{'x' * 257}", 400, "ValidationException"),
            (f"/campaigns/{'x' * 30_000}", 400, "ValidationException"),
            ("/campaigns/x?&&=&&a=b=c&id=y", 404, "ResourceNotFoundException"),
            ("/campaigns/x?%zz=%", 400, "SerializationException"),
            ("/campaigns/x?", 404, "ResourceNotFoundException"),
            (f"/campaigns/x?{'a=b&' * 10_000}", 404, "ResourceNotFoundException"),
            (f"/campaigns/{quote(UNKNOWN_ARN, safe='')}", 404, "ResourceNotFoundException"),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_strange_paths(self, wire: Wire, signer: Signer, target: str, status: int, code: str) -> None:
        """Each means one thing, to the signature as to the operation."""
        refused(wire.ask(signer.request("GET", target)), status, code)

    def test_pages_are_found_by_their_own_path_alone(self, wire: Wire) -> None:
        for path in (b"//health", b"/health/", b"/./health", b"/%68ealth", b"/health/..", b"/metrics%00"):
            assert wire.ask(unsigned("GET", path)).status in {400, 403, 404}, path
        assert wire.ask(unsigned("GET", b"/health?x=%zz&&")).status == 200


class TestConnections:
    @pytest.mark.parametrize("more", [b"", b"connection: keep-alive\r\n"], ids=["plain", "keep-alive"])
    def test_a_proxy_that_speaks_http_1_0_can_be_in_front(self, wire: Wire, signer: Signer, more: bytes) -> None:
        request = signer.request("POST", "/campaigns-summary", b"{}")
        wire.send(request.replace(b"HTTP/1.1\r\n", b"HTTP/1.0\r\n" + more))
        assert wire.hear().status == 200
        assert wire.rest() == b""

    def test_more_requests_in_one_breath_than_anybody_sends_are_not_held(self, wire: Wire) -> None:
        """Each takes a hundred times the memory of the bytes that it was sent in."""
        number = 5_000
        wire.send(b"GET /health HTTP/1.1\r\n\r\n" * number)
        answered = wire.rest().count(b"HTTP/1.1 200 OK\r\n")
        assert 100 < answered < number

    def test_pipelined_requests_are_answered_in_their_order(self, wire: Wire, signer: Signer) -> None:
        requests = [
            signer.request("POST", "/campaigns-summary", b'{"maxResults":1}'),
            signer.request("GET", f"/campaigns/{UNKNOWN}"),
            unsigned("GET", b"/health"),
            signer.request("POST", "/campaigns-summary", b'{"maxResults":0}'),
            unsigned("GET", b"/campaigns/x"),
        ]
        wire.send(b"".join(requests) * 20)
        heard = [wire.hear().status for _ in range(len(requests) * 20)]
        assert heard == [200, 404, 200, 400, 403] * 20

    def test_a_request_may_arrive_byte_by_byte(self, wire: Wire, signer: Signer) -> None:
        request = signer.request("POST", "/campaigns-summary", b'{"maxResults":1}')
        for at in range(len(request)):
            wire.send(request[at : at + 1])
        assert wire.hear().status == 200

    def test_clients_that_hang_up_are_forgotten(self, server: Serving, signer: Signer) -> None:
        whole = signer.request("POST", "/campaigns-summary", b"{" + b" " * 10_000 + b"}")
        for at in (1, 20, 200, len(whole) - 5_000, len(whole) - 1, len(whole)):
            for abruptly in (False, True):
                with Wire(server.url) as wire:
                    wire.send(whole[:at])
                    if abruptly:
                        wire.reset()

    @pytest.mark.parametrize("path", [b"/health", b"/metrics", b"/campaigns/x"])
    def test_one_that_asks_a_hundred_thousand_times_and_reads_nothing_does_not_fill_the_memory(
        self, server: Serving, path: bytes
    ) -> None:
        """No signature is needed to ask."""
        before = resident_kib(server)
        requests = unsigned("GET", path) * 100
        with Wire(server.url, timeout_s=2.0) as wire:
            for _ in range(2_000):
                try:
                    wire.send(requests)
                except (TimeoutError, ConnectionError):
                    break
            assert resident_kib(server) - before < 50_000

    def test_the_same_with_bodies_that_are_read(self, server: Serving, signer: Signer) -> None:
        """The body is read before the signature can be checked."""
        before = resident_kib(server)
        stranger = Signer(signer.access_key_id, "guess", signer.region, signer.host)
        requests = stranger.request("POST", "/campaigns-summary", b"{}") * 100
        with Wire(server.url, timeout_s=2.0) as wire:
            for _ in range(1_000):
                try:
                    wire.send(requests)
                except (TimeoutError, ConnectionError):
                    break
            assert resident_kib(server) - before < 50_000

    def test_a_client_may_keep_its_connection(self, wire: Wire, signer: Signer) -> None:
        for _ in range(500):
            assert wire.ask(signer.request("POST", "/campaigns-summary", b"{}")).status == 200


class TestStrangers:
    @pytest.mark.parametrize("name", sorted(MODEL.operation_names))
    def test_no_operation_is_anybodys(self, wire: Wire, name: str) -> None:
        http = MODEL.operation_model(name).http
        path = http["requestUri"]
        for label in ("id", "arn", "connectInstanceId"):
            path = path.replace(f"{{{label}}}", UNKNOWN)
        heard = wire.ask(unsigned(http["method"], path.encode(), b"{}", content_length="2"))
        refused(heard, 403, "MissingAuthenticationTokenException")
        assert UNKNOWN.encode() not in heard.body

    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Basic YWRtaW46YWRtaW4=",
            "Bearer token",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=" + "0" * 64,
            "AWS4-HMAC-SHA256 Credential=\xff/20300102/us-east-1/connect-campaigns/aws4_request, SignedHeaders=host, "
            "Signature=" + "0" * 64,
            "AWS4-HMAC-SHA256 " + "Credential=" * 5_000,
            "AWS4-HMAC-SHA256 Credential=" + "/" * 50_000,
            "AWS4-ECDSA-P256-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=0",
        ],
        ids=lambda value: value[:60],
    )
    def test_authorizations_that_are_none(self, wire: Wire, authorization: str) -> None:
        headers = (("host", "localhost"), ("x-amz-date", "20300102T000000Z"), ("authorization", authorization))
        heard = wire.ask(raw_request("GET", b"/campaigns/x", headers))
        assert heard.status in {400, 403}, heard
        assert heard.code in {
            "IncompleteSignatureException",
            "InvalidSignatureException",
            "MissingAuthenticationTokenException",
            "UnrecognizedClientException",
        }

    def test_a_body_exchanged_on_the_way_is_refused(self, wire: Wire, signer: Signer) -> None:
        other = signer.request("POST", "/campaigns-summary", b'{"maxResults":2}', signs=b'{"maxResults":1}')
        refused(wire.ask(other), 403, "InvalidSignatureException")

    def test_a_request_of_yesterday_is_refused(self, wire: Wire, signer: Signer) -> None:
        for at in (datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(minutes=10)):
            request = signer.request("POST", "/campaigns-summary", b"{}", at=at)
            refused(wire.ask(request), 403, "InvalidSignatureException")

    def test_a_presigned_address_works_until_it_expires(self, server: Serving, wire: Wire, signer: Signer) -> None:
        client: Any = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments("Presigned"))["id"]
        host = (("host", signer.host),)

        def ask(target: bytes) -> Heard:
            return wire.ask(raw_request("GET", target, host))

        path = f"/campaigns/{campaign_id}/state"
        good = signer.presigned("GET", path, expires_s=60)
        assert json.loads(ask(good).body) == {"state": "Initialized"}
        an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
        assert ask(signer.presigned("GET", path, expires_s=7200, at=an_hour_ago)).status == 200
        expired = signer.presigned("GET", path, expires_s=60, at=an_hour_ago)
        refused(ask(expired), 403, "InvalidSignatureException")
        refused(ask(expired.replace(b"Expires=60", b"Expires=7200")), 403, "InvalidSignatureException")
        refused(ask(good.replace(b"/state", b"")), 403, "InvalidSignatureException")
        refused(ask(good + b"&more=1"), 403, "InvalidSignatureException")
        refused(ask(signer.presigned("GET", path, expires_s=10_000_000)), 400, "IncompleteSignatureException")

    def test_a_body_is_not_read_for_a_key_that_does_not_exist(self, wire: Wire, signer: Signer) -> None:
        """Who knows no key can't make the server hold a megabyte a connection."""
        stranger = Signer("AKIAUNKNOWNUNKNOWN00", "any", signer.region, signer.host)
        wire.send(stranger.request("POST", "/campaigns-summary", framing=(("content-length", "1000000"),)))
        refused(wire.hear(), 403, "UnrecognizedClientException")

    def test_strangers_can_not_fill_the_audit_log(self, server: Serving, wire: Wire, signer: Signer) -> None:
        """A request that nobody has signed costs its sender nothing, so it must not cost the disk anything. They are
        counted, for whoever watches."""
        audit_log = server.data_dir / "audit.jsonl"
        path = f"/campaigns/{'x' * 50_000}/start"
        time.sleep(0.3)
        before, counted = audit_log.stat().st_size, server.metric("trunkcall_api_requests_total")
        for access_key_id in ("AKIAUNKNOWNUNKNOWN00", signer.access_key_id):
            stranger = Signer(access_key_id, "guess", signer.region, signer.host)
            for _ in range(10):
                assert wire.ask(stranger.request("POST", path)).status == 403
        time.sleep(0.3)
        assert audit_log.stat().st_size == before
        assert server.metric("trunkcall_api_requests_total") == counted + 20


def resident_kib(server: Serving) -> int:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
