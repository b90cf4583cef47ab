"""The life of a store itself, for whoever builds an installation and for /health.

Decides nothing of what it holds.
"""

from __future__ import annotations

from typing import Protocol


class StoreLife(Protocol):
    """How a store begins, ends, and tells that it is in trouble."""

    async def open(self) -> None:
        """Create or check the schema. Raises SchemaMismatchError when it is newer or needs a migration."""

    async def close(self) -> None:
        """Finish what was begun and let go of every handle. May be called twice."""

    @property
    def trouble(self) -> str | None:
        """Why it cannot be written or read at the moment, in words for /health; None while all is well."""

    @property
    def refusal(self) -> str | None:
        """Why nothing new is taken, in words for /health; None while it is."""
