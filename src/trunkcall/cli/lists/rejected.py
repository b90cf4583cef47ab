"""The file of rejected rows: each as it stood in the list, with the reason in a last column.

Decides where it is, and that one from an earlier load is replaced only by a load that came to its end.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trunkcall.cli.files import OutputError
from trunkcall.cli.lists.leads import REJECTED_SUFFIX
from trunkcall.cli.lists.source import Source

_NO_FOLDERS = (Path("/dev"), Path("/proc"))


def rejected_path(source: Source) -> Path:
    """Beside the list; in the working directory for what came through a pipe."""
    path = source.path.absolute()
    if any(folder in path.parents for folder in _NO_FOLDERS):
        return Path("stdin" + REJECTED_SUFFIX)
    name = source.name + REJECTED_SUFFIX
    return source.path.with_name(name) if source.is_file else Path(name)


class RejectedRows:
    """The rows of one load. A new file, which its owner alone may read, takes the place of ``path`` at the end. Raises
    OutputError if none can be made there."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self._names = list(names)
        try:
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        except OSError as error:
            raise OutputError(
                f"The file of rejected rows {path} cannot be written: {error.strerror}. Name another with --rejected."
            ) from error
        self._part = Path(name)
        self._file = os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer: Any = None

    def write(self, cells: Sequence[str], reason: str) -> None:
        """Add one row. Cells beyond the header's stand behind the reason."""
        if self._writer is None:
            self._writer = csv.writer(self._file)
            self._writer.writerow([*self._names, "rejection_reason" if "reason" in self._names else "reason"])
        width = len(self._names)
        padded = [*cells[:width], *[""] * (width - len(cells))]
        self._writer.writerow([*padded, reason, *cells[width:]])

    def close(self, *, complete: bool) -> Path | None:
        """Where the rows are, if there are any. A load that is not complete leaves an earlier file as it is."""
        try:
            self._file.close()
            if self._writer is None:
                if complete:
                    self.path.unlink(missing_ok=True)
                return None
            where = self.path
            if not complete and self.path.exists():
                where = self.path.with_name(self.path.name + ".part")
            os.replace(self._part, where)
            return where
        finally:
            self._part.unlink(missing_ok=True)
