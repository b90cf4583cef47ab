"""The port of whoever looks after a store: is it sound, copy it, put a copy back, bring it up to date.

Decides what may be asked and what is answered. It must not know how a store is kept, nor who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from trunkcall.domain.contact import Damage
from trunkcall.domain.errors import StoreError


class BackupExistsError(StoreError):
    """There is a file of this name already. Choose another, or overwrite it with --force."""


class BackupPlaceError(StoreError):
    """A backup cannot be there. Name a file in a directory that exists."""


class StoreInUseError(StoreError):
    """Another process has the store open. Wait until it has ended."""


@dataclass(frozen=True, slots=True)
class DamagedContact:
    """A contact that is not what was written. Nothing else suffers from it, so the store is sound all the same."""

    contact_id: str
    campaign_id: str
    damage: Damage


@dataclass(slots=True)
class StoreReport:
    """What was found. ``outdated`` tells that the schema is an older version's, which is no fault."""

    version: int = 0
    contacts: int = 0
    size: int = 0
    free: int = 0
    outdated: bool = False
    faults: dict[str, Sequence[str]] = field(default_factory=dict)
    """By what was looked at; nothing where all is well."""
    damaged: Sequence[DamagedContact] = ()

    @property
    def sound(self) -> bool:
        return not any(self.faults.values())


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restored store holds. ``aside`` is where the former one is now, if there was one."""

    report: StoreReport
    paused: int
    waiting: int
    aside: Path | None


class StoreMaintenance(Protocol):
    """Looks after the store of one installation. ``unused`` says that no server has it open."""

    def check(self, *, unused: bool) -> StoreReport:
        """Look for faults; changes nothing. Raises SchemaMismatchError for a newer store and for what is none,
        StoreUnavailableError for what cannot be opened."""

    def back_up(self, target: Path, *, unused: bool, force: bool) -> StoreReport:
        """Copy the store as of now to a file, checked, beside a running server or not.

        Raises BackupPlaceError, BackupExistsError unless it may be overwritten (``force``), StoreDamagedError, and what
        ``check`` raises.
        """

    def restore(self, backup: Path, *, name_of_former: str, pause: bool) -> Restored:
        """Put a backup in the store's place and pause its campaigns, if so asked. No server may have it open, and none
        may begin to.

        Whenever it is cut short, one of the two is whole and in place. Raises StoreInUseError, StoreDamagedError, and
        what ``check`` raises.
        """

    async def migrate(self) -> None:
        """Bring the store to this version's schema. No process may have it open meanwhile. Raises SchemaMismatchError
        for a newer one."""
