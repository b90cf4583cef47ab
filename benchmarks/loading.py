"""The load generator of the API benchmarks: wrk, a C program, with requests signed beforehand.

Neither signing nor Python is on its path while it measures. Requests are raw HTTP in files, one file for each of its
threads.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CONNECTIONS = 64
THREADS = 2
SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Load:
    """What a run of the generator came to. Latencies are microseconds."""

    requests: int
    seconds: float
    failed: int
    p50_us: int
    p99_us: int

    @property
    def per_s(self) -> float:
        return self.requests / self.seconds


class Signer:
    """Makes raw, signed HTTP requests for one server."""

    def __init__(self, url: str, access_key_id: str, secret: str, region: str = "us-east-1") -> None:
        self.url = url
        self._auth = SigV4Auth(Credentials(access_key_id, secret), "connect-campaigns", region)

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        request = AWSRequest(method, self.url + path, data=body, headers={"Content-Type": "application/json"})
        self._auth.add_auth(request)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(self.url).netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def measure(url: str, requests: Iterable[bytes], *, seconds: int) -> Load:
    """Send the requests, over and over, on 64 connections."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        prefix = Path(folder) / "requests"
        with ExitStack() as stack:
            files = [stack.enter_context(Path(f"{prefix}.{number}").open("wb")) for number in range(THREADS)]
            for number, request in enumerate(requests):
                files[number % THREADS].write(b"%d\n" % len(request) + request)
        command = [wrk, "-t", str(THREADS), "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", str(SCRIPT), url]
        done = subprocess.run([*command, "--", str(prefix)], capture_output=True, text=True, check=True)
    return Load(**json.loads(done.stdout.splitlines()[-1]))
