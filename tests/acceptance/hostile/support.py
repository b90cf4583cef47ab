"""What is sent that no client of good will sends, and what has to be heard of it."""

from __future__ import annotations

import json
from pathlib import Path

from serving import Serving
from wire import Heard, Signer, Wire, raw_request

UNKNOWN = "00000000-0000-4000-8000-000000000000"


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


def resident_kib(server: Serving) -> int:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
