"""A disk that fails on request, under a process of its own: the harness around ``diskfault.c``.

A fault is armed and lifted while the process runs. After the process was killed, ``cut_power`` makes of its files what
a power cut could have left of them: what was synced, and of the rest any part, torn at sectors of 512 bytes.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from random import Random

import pytest

SOURCE = Path(__file__).with_name("diskfault.c")
SECTOR = 512
UNLIMITED = 1 << 60

_NEW_MOUNT_NAMESPACE, _RECURSIVE, _PRIVATE = 0x20000, 0x4000, 1 << 18

_SYNC_ERRNO, _WRITE_ERRNO, _WRITE_BUDGET, _READ_ERRNO, _SYNCS, _FAILURES, _LIE = range(7)
_CONTROL = struct.Struct("q")
_HEAD = struct.Struct("IIqq")


class Did(IntEnum):
    """What the library records."""

    WRITE = 1
    TRUNCATE = 2
    SYNC = 3
    LOST = 4
    UNLINK = 5


def build(folder: Path) -> Path:
    """Compile the library. Skips the test, by name, where that is not possible; with CI=true that is a failure."""
    library = folder / "diskfault.so"
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    command = [
        "gcc",
        "-O1",
        "-Wall",
        "-Werror",
        "-shared",
        "-fPIC",
        "-o",
        str(library),
        str(SOURCE),
        "-ldl",
        "-lpthread",
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    disk = Disk(folder, library, "probe.db")
    program = f"import sqlite3; c = sqlite3.connect({str(folder / 'probe.db')!r}); c.execute('CREATE TABLE t (a)')"
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, **disk.environment})
    if not disk.syncs:
        missing("this Python's SQLite cannot be reached by LD_PRELOAD")
    return library


def missing(why: str) -> None:
    """Something that these tests need is not to be had."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    # Without root nothing installs a compiler.
    pytest.skip(why)


@dataclass
class _File:
    """One file as the disk has it, and what was asked of it since its last sync."""

    durable: bytearray
    pending: list[tuple[int, int, bytes]] = field(default_factory=list)

    def apply(self, offset: int, data: bytes) -> None:
        if len(self.durable) < offset:
            self.durable.extend(bytes(offset - len(self.durable)))
        self.durable[offset : offset + len(data)] = data

    def truncate(self, size: int) -> None:
        del self.durable[size:]
        self.durable.extend(bytes(size - len(self.durable)))

    def sync(self) -> None:
        for kind, offset, data in self.pending:
            if kind == Did.WRITE:
                self.apply(offset, data)
            else:
                self.truncate(offset)
        self.pending.clear()

    def lose(self, random: Random) -> None:
        """Of what is pending each piece may have reached the disk, in whole or in part; the rest never will."""
        for kind, offset, data in self.pending:
            whole = random.random()
            if whole < 0.35:
                continue
            if kind == Did.TRUNCATE:
                self.truncate(offset)
            elif whole < 0.7:
                self.apply(offset, data)
            else:
                self._tear(random, offset, data)
        self.pending.clear()

    def _tear(self, random: Random, offset: int, data: bytes) -> None:
        start = 0
        while start < len(data):
            end = min(len(data), start + SECTOR - (offset + start) % SECTOR)
            if random.random() < 0.5:
                self.apply(offset + start, data[start:end])
            start = end


class Disk:
    """Faults for files whose path contains ``match``. Give ``environment`` to the process."""

    def __init__(self, folder: Path, library: Path, match: str) -> None:
        self._record = folder / "diskfault.record"
        path = folder / "diskfault.control"
        path.write_bytes(bytes(7 * _CONTROL.size))
        with path.open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), 0)
        self._match = match
        self._known: dict[Path, bytes] = {}
        self.environment = {
            "LD_PRELOAD": str(library),
            "DISKFAULT_MATCH": match,
            "DISKFAULT_CONTROL": str(path),
            "DISKFAULT_RECORD": str(self._record),
        }

    def fail_syncs(self, number: int) -> None:
        """fsync and fdatasync fail with this errno."""
        self._set(_SYNC_ERRNO, number)

    def fail_writes(self, number: int, *, after: int = 0) -> None:
        """Writes fail with this errno once so many bytes were written; the one that exceeds them is torn."""
        self._set(_WRITE_BUDGET, after)
        self._set(_WRITE_ERRNO, number)

    def fail_reads(self, number: int) -> None:
        """Reads fail with this errno."""
        self._set(_READ_ERRNO, number)

    def lie(self) -> None:
        """Syncs say that all is well, and do nothing."""
        self._set(_LIE, 1)

    def heal(self) -> None:
        """The disk is well again."""
        for index in (_SYNC_ERRNO, _WRITE_ERRNO, _READ_ERRNO, _LIE):
            self._set(index, 0)

    @property
    def syncs(self) -> int:
        return self._get(_SYNCS)

    @property
    def failures(self) -> int:
        return self._get(_FAILURES)

    def begin(self, folder: Path) -> None:
        """Take what is in the folder for durable, and forget what was recorded before."""
        for record in self._record_files():
            record.unlink()
        self._known = {path: path.read_bytes() for path in folder.iterdir() if self._match in path.name}

    @property
    def moment(self) -> int:
        """How much was done until now."""
        return sum(1 for _ in self._records())

    def cut_power(self, random: Random, *, after: int | None = None) -> None:
        """Leave of the files what a disk may have had of them when the process was killed, or, after a given moment, at
        any time from then on. Begins a new record."""
        records = list(self._records())
        if after is not None:
            del records[random.randint(after, len(records)) :]
        files = {path: _File(bytearray(content)) for path, content in self._known.items()}
        for kind, path, offset, data in records:
            file = files.setdefault(path, _File(bytearray()))
            match kind:
                case Did.SYNC:
                    file.sync()
                case Did.LOST:
                    file.lose(random)
                case Did.UNLINK:
                    files.pop(path, None)
                    path.unlink(missing_ok=True)
                case _:
                    file.pending.append((kind, offset, data))
        folder = None
        for path, file in files.items():
            folder = path.parent
            file.lose(random)
            path.write_bytes(file.durable)
        assert folder is not None, "nothing was written"
        for index in folder.glob(f"*{self._match}*-shm"):
            index.unlink()
        self.begin(folder)

    def _records(self) -> Iterator[tuple[int, Path, int, bytes]]:
        for record in self._record_files():
            content = record.read_bytes()
            at = 0
            while at + _HEAD.size <= len(content):
                kind, path_length, offset, length = _HEAD.unpack_from(content, at)
                at += _HEAD.size
                path = Path(os.fsdecode(content[at : at + path_length]))
                at += path_length
                data = content[at : at + length]
                at += length
                if at > len(content):
                    # The process was killed while it recorded this, before it did it.
                    break
                yield kind, path, offset, data

    def _record_files(self) -> list[Path]:
        """One for each process, in the order of their starts."""
        return sorted(self._record.parent.glob(self._record.name + ".*"))

    def _set(self, index: int, value: int) -> None:
        _CONTROL.pack_into(self._control, index * _CONTROL.size, value)

    def _get(self, index: int) -> int:
        return int(_CONTROL.unpack_from(self._control, index * _CONTROL.size)[0])


def keep_mounts_to_ourselves() -> None:
    """Have nobody else see what this process mounts, or any that it starts from now on, and have it go with them
    however they end: a disk that is left over is in the way of whoever removes a run's folders. Where that is forbidden
    nothing can be mounted either."""
    libc = ctypes.CDLL(None)
    if libc.unshare(_NEW_MOUNT_NAMESPACE) == 0 and libc.mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None) != 0:
        raise OSError("what is mounted here would be mounted everywhere")


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A real file system of this size. Skips the test where none can be mounted."""
    _mount(folder, "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "trunkcall-test")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def breaking_disk(folder: Path) -> Iterator[Path]:
    """A real file system that the kernel makes read-only when something is written to the file which is yielded. Skips
    the test where there is none."""
    image = folder.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(32_000_000)
    if shutil.which("mkfs.ext4") is None:
        missing("mkfs.ext4 is not installed")
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    _mount(folder, "-o", "loop,errors=remount-ro", str(image))
    try:
        source = subprocess.run(
            ["findmnt", "-n", "-o", "SOURCE", str(folder)], check=True, capture_output=True, text=True
        ).stdout
        trigger = Path("/sys/fs/ext4", Path(source.strip()).name, "trigger_fs_error")
        if not os.access(trigger, os.W_OK):
            # A matter of how the kernel was built: nothing that a set-up could install.
            pytest.skip("the kernel breaks no file system on request")
        yield trigger
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(folder: Path, *options: str) -> None:
    if os.geteuid() != 0:
        # CI is root; a developer may not be.
        pytest.skip("only root can mount a disk")
    folder.mkdir()
    mounted = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        # Many containers forbid it, to root too: nothing that a set-up could install.
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
