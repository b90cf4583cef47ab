"""Clients of no good will: they hang up, read nothing, ask without end, or claim to be somebody else. One of them must
not fill the memory or the disk, nor do in another's name what it may not.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acceptance.hostile.support import UNKNOWN, refused, resident_kib, unsigned
from aws.support import botocore_model
from serving import Serving
from wire import Heard, Signer, Wire, raw_request

MODEL = botocore_model("connectcampaigns")


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

        client: Any = server.client()

        def enter(name: str) -> str:
            """A line for who has a key. Lines are written in their order, so all before it are there as well."""
            campaign_id: str = client.create_campaign(**server.campaign_arguments(name))["id"]
            server.wait_until(lambda: campaign_id in audit_log.read_text())
            return campaign_id

        enter("Before the strangers")
        before, counted = audit_log.stat().st_size, server.metric("trunkcall_api_requests_total")
        for access_key_id in ("AKIAUNKNOWNUNKNOWN00", signer.access_key_id):
            stranger = Signer(access_key_id, "guess", signer.region, signer.host)
            for _ in range(10):
                assert wire.ask(stranger.request("POST", path)).status == 403
        assert server.metric("trunkcall_api_requests_total") == counted + 20
        last = enter("After the strangers")
        (line,) = audit_log.read_bytes()[before:].splitlines()
        assert last.encode() in line
