"""The audit log: a line for each request that may change something. Who, what, from where, with what result.

Decides the line's form, and that a line reaches the file within ``FLUSH_AFTER_S``: a request does not wait for it. It
holds ids and codes only, never a request's contents.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

FLUSH_AFTER_S = 0.1


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line. ``access_key_id`` is only claimed where ``error`` says that the signature was not accepted."""

    at: str
    request_id: str
    access_key_id: str
    source_address: str | None
    operation: str
    resource: str
    status: int
    error: str | None


class AuditLog:
    """Appends to a file of mode 0600."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._encode = msgspec.json.Encoder().encode
        self._open = True

    def write(self, entry: AuditEntry) -> None:
        """Enter a line."""
        self._lines.append(self._encode(entry))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_AFTER_S, self._flush)

    def close(self) -> None:
        """Write what is left. May be called twice."""
        if self._open:
            self._flush()
            os.close(self._file)
            self._open = False

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if lines:
            os.write(self._file, b"\n".join(lines) + b"\n")
