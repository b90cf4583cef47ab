"""The data directory of an installation: its lock, its keys, and the AWS shared files of the first start.

Decides file names and modes, and that nobody else serves what is in it. It must not know what is in the store.
"""

from __future__ import annotations

import configparser
import fcntl
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import Instant

LOCK = "lock"
STORE = "trunkcall.db"
KEY_FILE = "secret.key"
CREDENTIALS = "credentials"
CONFIG = "config"
ENDPOINT = "endpoint"
CARRIER_ENDPOINT = "carrier-endpoint"
AUDIT_LOG = "audit.jsonl"
PHONE_PASSWORDS = "phone-passwords"
INSTANCE_ID = "trunkcall_instance_id"
"""The key in ``config`` of the default instance's id."""
_OWN = frozenset({LOCK, KEY_FILE, CREDENTIALS, CONFIG, ENDPOINT, CARRIER_ENDPOINT, AUDIT_LOG, PHONE_PASSWORDS})


class DataDirInUseError(TrunkcallError):
    """Another Trunkcall serves this data directory. Stop it first, or choose another directory."""


class DataDirMissingError(TrunkcallError):
    """There is no Trunkcall data directory at this place. `trunkcall serve` makes one, `--data-dir` names another."""


class DataDirUnusableError(TrunkcallError):
    """The data directory cannot be used. Name a directory that this user may write to."""


class DataDir:
    """A data directory. ``open`` makes it, mode 0700, and locks it against a second server. ``store`` is the store's
    file where it is none of the directory's own; two directories may name one, so it is locked as well."""

    def __init__(self, path: Path, *, store: Path | None = None) -> None:
        self.path = path
        self.store_path = path / STORE if store is None else store
        self._locks: list[int] = []
        self.served_until: Instant | None = None
        """When whoever served it before was alive last, by its own clock. None before it is open."""

    def open(self) -> None:
        """Raises DataDirInUseError, DataDirUnusableError. The locks are the kernel's: they go with the process, however
        that ends."""
        self.make()
        own, of_store = _real(self.path / LOCK), _lock_of(self.store_path)
        self._lock(own, self._unusable, f"the data directory {self.path}", "directory")
        self.served_until = os.stat(self._locks[0]).st_mtime_ns // 1000
        if of_store != own:
            self._lock(of_store, self._store_unusable, f"the store {self.store_path}", "store")

    def _lock(
        self, place: Path, unusable: Callable[[OSError], DataDirUnusableError], what: str, what_else: str
    ) -> None:
        try:
            lock = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            self.close()
            raise unusable(error) from error
        self._locks.append(lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise DataDirInUseError(
                f"Another Trunkcall serves {what}. Stop it first, or choose another {what_else}."
            ) from error

    def sign_of_life(self, at: Instant) -> None:
        """Note that this process is alive at this instant. Nothing of it is asked of the disk before it likes: what
        outlives a process is enough."""
        os.utime(self._locks[0], ns=(at * 1000, at * 1000))

    def has_as_its_own(self, path: Path) -> bool:
        """Whether a file is one of those that the installation is made of, under whatever name it is given."""
        place, store = _real(path), _real(self.store_path)
        if place == _lock_of(store) or (place.parent == store.parent and place.name.startswith(store.name)):
            return True
        return place.parent == _real(self.path) and (place.name in _OWN or place.name.startswith(STORE))

    def make(self) -> None:
        """Make the directory unless it is there. Raises DataDirUnusableError."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> DataDirUnusableError:
        why = "It is a file" if isinstance(error, FileExistsError) else error.strerror
        return DataDirUnusableError(
            f"The data directory {self.path} cannot be used: {why}. Name one that this user may write to with "
            "--data-dir."
        )

    def _store_unusable(self, error: OSError) -> DataDirUnusableError:
        return DataDirUnusableError(
            f"The store {self.store_path} cannot be used: {error.strerror}. Name a file in a directory that this user "
            "may write to with --store."
        )

    def close(self) -> None:
        """Unlock. May be called twice."""
        while self._locks:
            os.close(self._locks.pop())

    def check(self) -> None:
        """Raises DataDirMissingError unless there is a store."""
        if self.store_path.exists():
            return
        if self.store_path != self.path / STORE:
            raise DataDirMissingError(f"There is no store {self.store_path}. `trunkcall serve` makes one.")
        raise self._missing()

    def _missing(self) -> DataDirMissingError:
        return DataDirMissingError(
            f"There is no Trunkcall data directory at {self.path}. `trunkcall serve` makes one, `--data-dir` names "
            "another."
        )

    @property
    def has_config(self) -> bool:
        """Whether the first start got as far as writing the AWS shared files; ``config`` is the last."""
        return (self.path / CONFIG).exists()

    @property
    def instance_id(self) -> str | None:
        """The default instance as of the last start; None before the first, and where ``config`` does not say."""
        parser = configparser.ConfigParser(interpolation=None)
        with suppress(configparser.Error, ValueError):
            parser.read(self.path / CONFIG, encoding="utf-8")
        return parser.get("default", INSTANCE_ID, fallback=None)

    def write_credentials(self, values: Mapping[str, str]) -> None:
        """Write the AWS shared file of this name, mode 0600, unless it exists: what it holds is the user's from then
        on."""
        if not (self.path / CREDENTIALS).exists():
            self._replace(CREDENTIALS, _profile(values))

    def write_config(self, values: Mapping[str, str]) -> None:
        """Write the AWS shared file of this name, mode 0600, in the place of a former one."""
        self._replace(CONFIG, _profile(values))

    def write_endpoint(self, url: str) -> None:
        """Remember where the server listens now."""
        self._replace(ENDPOINT, url + "\n")

    def write_carrier_endpoint(self, url: str) -> None:
        """Remember where the carrier process listens now."""
        self._replace(CARRIER_ENDPOINT, url + "\n")

    def phone_passwords(self) -> dict[str, str]:
        """By what agents' phones prove themselves, by the name of each; empty if none was written yet. Raises
        DataDirUnusableError."""
        try:
            text = (self.path / PHONE_PASSWORDS).read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise DataDirUnusableError(
                f"The passwords of agents' phones, {self.path / PHONE_PASSWORDS}, cannot be read: {error.strerror}."
            ) from error
        return dict(parts for line in text.splitlines() if len(parts := line.split()) == 2)

    def change_phone_passwords(self, passwords: Mapping[str, str]) -> None:
        """Write these, and keep those of others, mode 0600. Raises DataDirMissingError, DataDirUnusableError."""
        try:
            folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            raise self._missing() from None
        try:
            # Two who add agents at once lose none of them.
            fcntl.flock(folder, fcntl.LOCK_EX)
            both = {**self.phone_passwords(), **passwords}
            self._replace(PHONE_PASSWORDS, "".join(f"{name} {password}\n" for name, password in both.items()))
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            os.close(folder)

    def shared_files(self) -> dict[str, str]:
        """All that the shared files say of the default profile, and ``endpoint_url`` as of the last start. Raises
        DataDirMissingError unless a server has been here, wherever its store is."""
        if not self.has_config and not self.store_path.exists():
            raise self._missing()
        values: dict[str, str] = {}
        for name in (CREDENTIALS, CONFIG):
            parser = configparser.ConfigParser(interpolation=None)
            parser.read(self.path / name, encoding="utf-8")
            if parser.has_section("default"):
                values.update(parser["default"])
        endpoint = self.path / ENDPOINT
        if endpoint.exists():
            values["endpoint_url"] = endpoint.read_text(encoding="ascii").strip()
        return values

    def _replace(self, name: str, text: str) -> None:
        target = self.path / name
        part = target.with_suffix(".part")
        part.unlink(missing_ok=True)
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as written:
            written.write(text)
            written.flush()
            # A name for a file that is not on disk yet is one for an empty file after a power failure.
            os.fsync(file)
        with suppress(PermissionError):
            # What root writes, the server, which is somebody else, has to read.
            owner = self.path.stat()
            os.chown(part, owner.st_uid, owner.st_gid)
        part.replace(target)


def _real(path: Path) -> Path:
    """Links in a circle, of which Path.resolve makes an error, lead to themselves."""
    return Path(os.path.realpath(path))


def _lock_of(store: Path) -> Path:
    """What is held by whoever serves a store, whichever data directory it is served with."""
    place = _real(store)
    return place.with_name(LOCK if place.name == STORE else f"{place.name}.lock")


def _profile(values: Mapping[str, str]) -> str:
    return "\n".join(["[default]", *(f"{key} = {value}" for key, value in values.items())]) + "\n"
