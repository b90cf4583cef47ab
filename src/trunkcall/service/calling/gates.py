"""The gates of instances for whoever dials nobody: accepts dial requests, previews lists or explains.

Decides for how long a gate is kept: as long as the directory by which it goes is the one that the store has. It must
not know what a gate decides.
"""

from __future__ import annotations

from trunkcall.domain.directory import Directory
from trunkcall.service.calling.gate import Gate, GateOf
from trunkcall.storage.ports.directory import Directories


class Gates:
    """One gate for each instance that was asked about."""

    def __init__(self, directories: Directories, gate_of: GateOf) -> None:
        self._directories = directories
        self._gate_of = gate_of
        self._known: dict[str, tuple[Directory, Gate]] = {}

    async def gate(self, instance_id: str) -> Gate | None:
        """The instance's, by its facts as they are; None if there is no such instance."""
        directory = await self._directories.directory(instance_id)
        if directory is None:
            self._known.pop(instance_id, None)
            return None
        known = self._known.get(instance_id)
        if known is None or known[0] is not directory:
            known = self._known[instance_id] = directory, self._gate_of(directory)
        return known[1]
