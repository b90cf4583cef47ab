"""The file of rejected rows: each as it stood in the list, with the reason in a last column.

Decides where it is, and that one from an earlier load is replaced only by a load that came to its end.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from trunkcall.cli.files import OutputError, open_output
from trunkcall.cli.lists.leads import REASON_COLUMNS, REJECTED_SUFFIX
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
    """The rows of one load, as a context. The file, which its owner alone may read, is made with the first row; an
    earlier one is replaced, or removed if no row is rejected any more, when the context ends without an error. After an
    error what was written is beside it, as FILE.cut. ``bom`` has it begin with a byte order mark, by which it is read
    right by spreadsheets, and by a load that names the encoding of the list that it is from. Raises OutputError."""

    def __init__(self, path: Path, names: Sequence[str], *, bom: bool = False) -> None:
        self.path = path
        self.any = False
        self._names = list(names)
        self._bom = bom
        self._stack = ExitStack()
        self._writer: Any = None
        if path.is_dir() or not (_is_stream(path) or _takes_files(Path(os.path.realpath(path)).parent)):
            raise OutputError(f"The file of rejected rows {path} cannot be written. Name another one with --rejected.")

    def __enter__(self) -> RejectedRows:
        return self

    def write(self, cells: Sequence[str], reason: str) -> None:
        """Add one row. Cells beyond the header's stand behind the reason."""
        if self._writer is None:
            file = self._stack.enter_context(open_output("--rejected", self.path, private=True, keep_cut=True))
            if self._bom:
                file.write("\ufeff")
            self._writer = csv.writer(file)
            self._writer.writerow([*self._names, REASON_COLUMNS["reason" in self._names]])
            self.any = True
        width = len(self._names)
        padded = [*cells[:width], *[""] * (width - len(cells))]
        row = [*padded, reason, *cells[width:]]
        self._writer.writerow([cell.encode("utf-8", "backslashreplace").decode() for cell in row])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if kind is None and not self.any and self.path.is_file() and not self.path.is_symlink():
            self.path.unlink()


def _is_stream(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _takes_files(folder: Path) -> bool:
    """Also a file that is there is written beside its place first."""
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
