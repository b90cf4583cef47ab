"""The audit log: a line for each request of an access key that may change something. Who, what, from where, with what
result.

Decides the line's form, and that a line reaches the file within ``FLUSH_AFTER_S``: a request does not wait for it. It
holds ids and codes only, never a request's contents. Whose signature was accepted is decided elsewhere: what is
entered here was done, or attempted, by the key that it names.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from datetime import datetime
from pathlib import Path

import msgspec

from trunkcall.domain.clock import Seconds
from trunkcall.domain.seldom import Seldom

log = logging.getLogger(__name__)

FLUSH_AFTER_S = 0.1
RETRY_AFTER_S = 1.0
MAX_UNWRITTEN_BYTES = 8_000_000
"""Kept for a disk that is full. What comes after is lost: a server that runs out of memory would lose more."""


class AuditEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. Fields are put into their written form when the line is, many at a time."""

    at: datetime
    request_id: str
    access_key_id: str
    source_address: str | None
    operation: str
    resource: str
    status: int
    error: str | None
    refused_items: str | None = None
    """Why items of a batch were refused, as the answer's header tells it; a line without any has no such member."""


class AuditLog:
    """Appends to a file of mode 0600."""

    def __init__(self, path: Path, *, monotonic: Seconds = time.monotonic) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._entries: list[AuditEntry] = []
        self._timer: asyncio.TimerHandle | None = None
        self._encode_lines = msgspec.json.Encoder().encode_lines
        self._open = True
        self._unwritten = b""
        """What a full disk did not take: lines, the first of which may have been begun."""
        self._seldom: Seldom[None] = Seldom(monotonic)

    def write(self, entry: AuditEntry) -> None:
        """Enter a line."""
        self._entries.append(entry)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_AFTER_S, self._flush)

    def close(self) -> None:
        """Write what is left. May be called twice."""
        if self._open:
            self._open = False
            self._flush()
            os.close(self._file)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        entries, self._entries = self._entries, []
        lines = self._unwritten + self._encode_lines(entries)
        if not lines:
            return
        written = 0
        try:
            written = os.write(self._file, lines)
        except OSError as error:
            self._failed(error)
        self._unwritten = lines[written:]
        if len(self._unwritten) > MAX_UNWRITTEN_BYTES:
            self._unwritten = self._unwritten[: self._unwritten.rfind(b"\n", 0, MAX_UNWRITTEN_BYTES) + 1]
        if self._unwritten and self._open:
            self._timer = asyncio.get_running_loop().call_later(RETRY_AFTER_S, self._flush)

    def _failed(self, error: OSError) -> None:
        """Tell the log, once a minute. Requests go on: what the log still takes tells of them."""
        if self._seldom.happened(None):
            log.error("the audit log cannot be written", extra={"why": os.strerror(error.errno or 0)})
