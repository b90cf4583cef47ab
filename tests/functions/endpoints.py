"""Functions as their owners have them: an HTTPS server with a certificate of a CA of the test's own, which keeps what
it was asked and answers as it was told."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from trunkcall.domain.instants import SECOND, Duration
from trunkcall.service.functions import Answer, Functions, Question

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]

QUESTION = Question(
    instance_id="north",
    campaign_id="spring",
    contact_id="0190-contact",
    flow_id="reminder",
    customer_number="+12065550101",
    shown_number="+12065550199",
    attributes={"name": "Ann"},
    parameters={"order": "42"},
    queue_id="sales",
    queue_name="Sales",
)


class Authority:
    """A CA, which vouches for servers on 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of a test")])
        certificate = self._signed(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0))
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server_context(self) -> ssl.SSLContext:
        """What a server on 127.0.0.1 shows."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        certificate = self._signed(name, key, x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]))
        file = self._folder / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def trusted(self) -> ssl.SSLContext:
        """What a client goes by who trusts this CA alone."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).add_extension(extension, critical=False)
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        return builder.sign(self._key, hashes.SHA256())


def says(answer: Any = None, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with this JSON."""
    body = json.dumps(answer).encode()
    return says_bytes(body, status=status, headers=headers)


def says_bytes(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with this body."""

    async def reply(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers=headers)

    return reply


async def says_nothing(request: web.Request) -> web.StreamResponse:
    """No reply, for as long as anybody waits."""
    await asyncio.Event().wait()
    raise AssertionError


@dataclass(slots=True)
class Service:
    """The server. ``replies`` are given one after the other, the last one from then on."""

    context: ssl.SSLContext | None
    replies: list[Reply] = field(default_factory=lambda: [says({"tier": "gold"})])
    asked: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    """Headers and body of each request."""
    port: int = 0
    runner: web.AppRunner | None = None

    async def open(self) -> Service:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port, ssl_context=self.context)
        await site.start()
        self.port = self.runner.addresses[0][1]
        return self

    async def close(self) -> None:
        assert self.runner is not None
        await self.runner.cleanup()

    @property
    def url(self) -> str:
        return f"{'https' if self.context is not None else 'http'}://127.0.0.1:{self.port}/look-up"

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return await reply(request)


async def answer_of(
    functions: Functions, arn: str = "look-up", question: Question = QUESTION, within: Duration = 8 * SECOND
) -> Answer | None:
    """What a flow goes on by."""
    answered: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
    functions.ask(arn, question, within, answered.set_result)
    assert not answered.done(), "it is told after it was asked"
    return await answered
