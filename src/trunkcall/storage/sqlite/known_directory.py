"""A directory as it was read from an SQLite store.

Decides what has to be known of one so that no more than what has changed since need be read. It must not know for how
long it is good without looking.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkcall.domain.directory import Directory


@dataclass(frozen=True, slots=True)
class KnownDirectory:
    """A directory with all changes of facts up to a version, and with facts up to a place in the order of creation."""

    directory: Directory
    version: int
    last_place: int
