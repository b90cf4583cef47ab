"""A connection to the server on which anything can be sent, and signatures for it.

No HTTP client sends what an attacker or a broken proxy does.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, unquote_to_bytes, urlsplit

from botocore.utils import normalize_url_path

SIGNING_NAME = "connect-campaigns"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signature Version 4, written a second time: what the server takes for a signature is not asked of the server."""

    access_key_id: str
    secret: str = field(repr=False)
    region: str
    host: str
    service: str = SIGNING_NAME

    @staticmethod
    def of(environment: Mapping[str, str], service: str = SIGNING_NAME) -> Signer:
        """With what `trunkcall env` prints."""
        return Signer(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            environment["AWS_REGION"],
            urlsplit(environment["AWS_ENDPOINT_URL_CONNECTCAMPAIGNS"]).netloc,
            service,
        )

    def request(
        self,
        method: str,
        target: str | bytes,
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
        *,
        at: datetime | None = None,
        signs: bytes | None = None,
        framing: tuple[tuple[str, str], ...] | None = None,
    ) -> bytes:
        """The bytes of a signed request. ``signs`` is the body that is signed, if it is another than the one sent;
        ``framing`` replaces content-length."""
        raw = target.encode() if isinstance(target, str) else target
        timestamp = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        signed = {"host": self.host, "x-amz-date": timestamp}
        signature = self._signature(method, raw, signed, body if signs is None else signs, timestamp)
        authorization = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key_id}/{self._scope(timestamp)}, "
            f"SignedHeaders={';'.join(signed)}, Signature={signature}"
        )
        if framing is None:
            framing = (("content-length", str(len(body))),) if body or method in {"POST", "PUT"} else ()
        return raw_request(method, raw, (*signed.items(), ("authorization", authorization), *headers, *framing), body)

    def presigned(self, method: str, path: str, *, expires_s: int, at: datetime | None = None) -> bytes:
        """A target with its signature in the query."""
        timestamp = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        query = "&".join(
            (
                "X-Amz-Algorithm=AWS4-HMAC-SHA256",
                f"X-Amz-Credential={quote(f'{self.access_key_id}/{self._scope(timestamp)}', safe='')}",
                f"X-Amz-Date={timestamp}",
                f"X-Amz-Expires={expires_s}",
                "X-Amz-SignedHeaders=host",
            )
        )
        target = f"{path}?{query}".encode()
        signature = self._signature(method, target, {"host": self.host}, b"", timestamp)
        return target + f"&X-Amz-Signature={signature}".encode()

    def _scope(self, timestamp: str) -> str:
        return f"{timestamp[:8]}/{self.region}/{self.service}/aws4_request"

    def _signature(self, method: str, target: bytes, signed: Mapping[str, str], body: bytes, timestamp: str) -> str:
        raw_path, _, raw_query = target.partition(b"?")
        pairs = []
        for pair in raw_query.split(b"&"):
            if pair:
                name, _, value = pair.partition(b"=")
                pairs.append(tuple(quote(unquote_to_bytes(part), safe="-_.~") for part in (name, value)))
        canonical = "\n".join(
            (
                method,
                quote(normalize_url_path(raw_path.decode("latin-1")), safe="/~", encoding="latin-1"),
                "&".join(f"{name}={value}" for name, value in sorted(pairs)),
                *(f"{name}:{value}" for name, value in signed.items()),
                "",
                ";".join(signed),
                hashlib.sha256(body).hexdigest(),
            )
        )
        digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
        key = f"AWS4{self.secret}".encode()
        for part in self._scope(timestamp).split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        to_sign = f"AWS4-HMAC-SHA256\n{timestamp}\n{self._scope(timestamp)}\n{digest}"
        return hmac.digest(key, to_sign.encode(), "sha256").hex()


def raw_request(
    method: str, target: bytes, headers: tuple[tuple[str, str], ...] = (), body: bytes = b"", version: str = "HTTP/1.1"
) -> bytes:
    """The bytes of a request, whatever is in it."""
    lines = [method.encode() + b" " + target + b" " + version.encode()]
    lines += [f"{name}: {value}".encode("latin-1") for name, value in headers]
    return b"\r\n".join((*lines, b"", body))


@dataclass(frozen=True, slots=True)
class Heard:
    """A response, headers by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str | None:
        return self.headers.get("x-amzn-errortype")

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"


class ConnectionClosed(Exception):
    """The server closed the connection, with or without half of a response."""


class Wire:
    """One connection, on which anything can be sent. ``receives`` is how many bytes are taken that nobody hears."""

    def __init__(self, url: str, *, timeout_s: float = 20.0, receives: int | None = None) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._timeout_s = timeout_s
        self._receives = receives
        self._socket: socket.socket | None = None
        self._buffer = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        if self._socket is None:
            self._socket = socket.socket()
            if self._receives is not None:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receives)
            self._socket.settimeout(self._timeout_s)
            self._socket.connect(self._address)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(data)

    def hear(self, *, to_head: bool = False) -> Heard:
        """The next response. Raises ConnectionClosed, and TimeoutError if there is none for too long."""
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = 0 if to_head else int(headers["content-length"])
        while len(self._buffer) < length:
            self._receive()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Heard(int(status_line.split(" ")[1]), headers, body)

    def ask(self, request: bytes) -> Heard:
        """Send, and hear the answer; over a new connection if the last one was closed."""
        self.send(request)
        heard = self.hear()
        if heard.closes:
            self.close()
        return heard

    def rest(self) -> bytes:
        """Everything until the server closes the connection. Raises TimeoutError if it does not."""
        try:
            while True:
                self._receive()
        except ConnectionClosed:
            found, self._buffer = self._buffer, b""
            return found

    def available(self) -> bytes:
        """What has arrived already. Raises ConnectionClosed when that is the end."""
        assert self._socket is not None
        self._socket.settimeout(0.001)
        found = self._buffer
        self._buffer = b""
        try:
            self._receive()
        except TimeoutError:
            pass
        except ConnectionClosed:
            if not found:
                raise
        finally:
            self._socket.settimeout(self._timeout_s)
        found, self._buffer = found + self._buffer, b""
        return found

    def finish(self) -> None:
        """Say that nothing more will be sent, and go on listening."""
        assert self._socket is not None
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Hang up without a goodbye."""
        assert self._socket is not None
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._buffer = b""

    def _receive(self) -> None:
        assert self._socket is not None
        try:
            received = self._socket.recv(65_536)
        except (ConnectionResetError, BrokenPipeError):
            received = b""
        if not received:
            raise ConnectionClosed
        self._buffer += received
