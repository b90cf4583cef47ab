"""The command line: the server, and ordinary clients of its API."""

from __future__ import annotations

from trunkcall.cli.app import main

__all__ = ["main"]
