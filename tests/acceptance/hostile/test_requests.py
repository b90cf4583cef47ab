"""Bytes that no client of good will sends: how a request is framed, its body, its head. Whatever arrives, the others go
on being served: a port that one broken proxy, one port scanner or one angry person can silence is no place for a
contact centre's calls.
"""

from __future__ import annotations

import gzip
import time
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest

from acceptance.hostile.support import UNKNOWN, refused, resident_kib, unsigned
from serving import Serving
from wire import Signer, Wire

UNKNOWN_ARN = f"arn:aws:connect-campaigns:us-east-1:000000000000:campaign/{UNKNOWN}"
LARGEST_BODY = 1_048_576


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
        """They are more than are taken at once, so even a busy server must have read the first of them."""
        body = b"{" + b" " * 298 + b"}"
        framing = (("transfer-encoding", "chunked"),)
        wire.send(signer.request("POST", "/campaigns-summary", framing=framing, signs=body))
        for at in range(0, len(body), 150):
            wire.send(b"".join(b"1\r\n%c\r\n" % byte for byte in body[at : at + 150]))
            time.sleep(0.5)
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
