"""Files that a command writes: opened before its work is begun, and in their place once it is done.

Decides that a name which cannot be written is told with its option before anything was dialed or simulated for it, and
that a command which fails leaves a former file as it was: the new one is written beside it and takes its name at the
end. What is no regular file (a pipe, a terminal, ``/dev/stdout``) has nothing to lose and is written as it goes.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

from trunkcall.cli.interrupts import held_back
from trunkcall.domain.errors import TrunkcallError
from trunkcall.storage.data_dir import DataDir

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_WHERE = "Name a file in a directory that exists."
_KEPT = "Nothing was changed: a former file of that name is as it was."
_MAX_LINKS = 40
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""How file systems say that they have no hard links."""


class OutputError(TrunkcallError):
    """The file cannot be written. Name one in a directory that exists."""


def refuse_own_files(option: str, path: Path, data_dir: DataDir) -> None:
    """Raises OutputError for a name that is the store's, its key's, or another's of which the server lives."""
    if data_dir.has_as_its_own(path):
        raise OutputError(f"{option} {path} is a file of the data directory itself. Name another.")


class _Raw(io.FileIO):
    """A file whose faults are told by the name that the user gave, if there is one. A stream cannot be sought, whatever
    is behind it: a program that went back in it would overwrite what others wrote."""

    def __init__(self, descriptor: int, name: str | None, *, stream: bool) -> None:
        super().__init__(descriptor, "wb")
        self._name = name
        self._stream = stream

    def write(self, data: ReadableBuffer) -> int:
        """Raises OutputError; BrokenPipeError, and without a name OSError."""
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            if self._name is None:
                raise
            kept = "" if self._stream else f" {_KEPT}"
            raise OutputError(f"{self._name} cannot be written: {error.strerror}.{kept}") from error

    def seekable(self) -> bool:
        return not self._stream

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if self._stream:
            raise io.UnsupportedOperation("seek")
        return super().seek(offset, whence)

    def tell(self) -> int:
        if self._stream:
            raise io.UnsupportedOperation("tell")
        return super().tell()


@contextmanager
def open_output(
    option: str, path: Path, *, private: bool = False, clobber: bool = True, keep_cut: bool = False
) -> Iterator[TextIO]:
    """As ``open_binary_output``, for text in UTF-8 whose line ends are left alone."""
    with open_binary_output(option, path, private=private, clobber=clobber, keep_cut=keep_cut) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        try:
            yield text
            text.flush()
        except BaseException:
            with suppress(Exception):
                text.detach()
            raise
        text.detach()


@contextmanager
def open_binary_output(
    option: str, path: Path, *, private: bool = False, clobber: bool = True, keep_cut: bool = False
) -> Iterator[BinaryIO]:
    """The file that an option names, to be written. It is there, whole and on disk, when the block ends without an
    error; otherwise a former file stays.

    A symbolic link stays one: the file that it leads to is replaced. A former file's mode is kept; ``private`` makes
    it 0600. Without ``clobber`` a file of that name, also one that has come meanwhile, is an error. ``keep_cut`` keeps
    what was written until an error, as FILE.cut, and says so. Raises OutputError.
    """
    place = _followed(option, path)
    if place is None:
        descriptor = _opened(option, path, path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        with _written(descriptor, f"{option} {path}") as file:
            yield file
        return
    former = _former(option, path, place, clobber=clobber)
    part = place.with_name(f".{place.name[:40]}.{secrets.token_hex(4)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = _opened(option, path, part, flags, 0o600 if private else 0o666)
    kept = False
    try:
        if former is not None and not private:
            os.fchmod(descriptor, stat.S_IMODE(former.st_mode))
        with _written(descriptor, f"{option} {path}", stream=False) as file:
            yield file
        with held_back():
            kept = True
            _put_in_place(option, path, part, place, clobber=clobber)
    except BaseException:
        if keep_cut and not kept:
            cut = place.with_name(place.name + ".cut")
            part.replace(cut)
            kept = True
            sys.stderr.write(f"What was written until then is in {cut}\n")
        raise
    finally:
        if not kept:
            part.unlink(missing_ok=True)


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Standard output as a stream of bytes, whatever the locale."""
    sys.stdout.flush()
    with _written(os.dup(sys.stdout.fileno()), None) as file:
        yield file


@contextmanager
def _written(descriptor: int, name: str | None, *, stream: bool = True) -> Iterator[BinaryIO]:
    """The open file; on disk when the block ends well, and closed in any case."""
    file = io.BufferedWriter(_Raw(descriptor, name, stream=stream))
    try:
        yield cast(BinaryIO, file)
        file.flush()
        if not stream:
            _synced(file.fileno(), name)
    finally:
        # After an error, what is left in the buffer may be as unwelcome as what was before it.
        with suppress(Exception):
            file.close()


def _synced(descriptor: int, name: str | None) -> None:
    """Some disks say only now that they are full."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise OutputError(f"{name} cannot be written: {error.strerror}. {_KEPT}") from error


def _followed(option: str, path: Path) -> Path | None:
    """The file that a name leads to, whether there is one or not; None for what is to be written as it goes: what is no
    regular file, and this process's own descriptors, under whatever name."""
    place = path.absolute()
    for _ in range(_MAX_LINKS):
        # Unlike Path.resolve, it leaves links in a circle for the system to tell.
        place = Path(os.path.realpath(place.parent)) / place.name
        if place.parts[:2] == ("/", "proc") or place.parent == Path("/dev/fd"):
            return None
        if not place.is_symlink():
            break
        place = place.parent / place.readlink()
    else:
        raise _unwritable(option, path, os.strerror(errno.ELOOP))
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        return place
    except OSError as error:
        raise _unwritable(option, path, error.strerror) from error
    if stat.S_ISDIR(mode):
        raise _unwritable(option, path, os.strerror(errno.EISDIR))
    return place if stat.S_ISREG(mode) else None


def _former(option: str, path: Path, place: Path, *, clobber: bool) -> os.stat_result | None:
    """The file that is to be replaced. Raises OutputError for one that must not be."""
    try:
        former = place.stat()
    except FileNotFoundError:
        return None
    if not clobber:
        raise _exists(option, path)
    if not os.access(place, os.W_OK):
        raise _unwritable(option, path, os.strerror(errno.EACCES))
    return former


def _opened(option: str, path: Path, name: Path, flags: int, mode: int = 0) -> int:
    try:
        return os.open(name, flags, mode)
    except PermissionError as error:
        raise OutputError(
            f"{option} {path} cannot be written: {error.strerror}, for it is written beside its place first. Name a "
            "file in a directory that you may write to."
        ) from error
    except OSError as error:
        raise _unwritable(option, path, error.strerror) from error


def _put_in_place(option: str, path: Path, part: Path, place: Path, *, clobber: bool) -> None:
    """Give the whole file its name. One that cannot get it is left where it is, and named: the work was done."""
    try:
        if clobber or not _linked(part, place):
            part.replace(place)
    except FileExistsError as error:
        raise OutputError(f"{_exists(option, path).message} It has come meanwhile; the new one is {part}.") from error
    except OSError as error:
        raise OutputError(
            f"{option} {path} cannot be put in its place: {error.strerror}. It was written whole, and is {part}."
        ) from error
    with suppress(OSError):
        directory = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _linked(part: Path, place: Path) -> bool:
    """Give it its name unless a file has that. False where the file system is unable to. Raises FileExistsError."""
    try:
        os.link(part, place)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if place.exists():
            raise FileExistsError from error
        return False
    part.unlink()
    return True


def _exists(option: str, path: Path) -> OutputError:
    return OutputError(f"{option} {path}: there is a file of that name. Name another, or leave out --no-clobber.")


def _unwritable(option: str, path: Path, reason: str | None) -> OutputError:
    return OutputError(f"{option} {path} cannot be written: {reason}. {_WHERE}")
