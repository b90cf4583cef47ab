"""What is wrong with the files of an installation: the data directory, and those that hold secrets.

Decides who may read what. It opens and makes nothing: whoever asks may be another user than the server's.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from trunkcall.settings import SETTINGS, Settings
from trunkcall.storage.data_dir import DataDir
from trunkcall.telephony.finding import Finding, fault, ok, warning

_DIRECTORY: Final = "data directory"
_SECRETS: Final = "secrets"


def data_directory(data_dir: DataDir) -> Finding:
    """Whether it is there, and is this user's to use."""
    path, store = data_dir.path, data_dir.store_path
    if not path.exists():
        return warning(_DIRECTORY, f"There is no {path} yet: the first `trunkcall serve` makes it.")
    if not path.is_dir():
        return fault(_DIRECTORY, f"{path} is a file. Name a directory with --data-dir.")
    for place in (path, store):
        if place.exists() and not os.access(place, os.R_OK | os.W_OK):
            return fault(
                _DIRECTORY,
                f"This user (number {os.geteuid()}) may not read and write {place}. Run this as the user that the "
                "server runs as, and let that user own the directory and what is in it.",
            )
    if not store.exists():
        return warning(_DIRECTORY, f"{path} has no store yet: the first `trunkcall serve` makes it.")
    return ok(_DIRECTORY, f"{path} can be read and written.")


def secrets(settings: Settings, data_dir: DataDir) -> Finding:
    """Whether others than their owner, and those of its group, can read what nobody else must."""
    found = list(_open_to_others(settings, data_dir))
    if not found:
        return ok(_SECRETS, "No file that holds a secret can be read by everybody.")
    told = "; ".join(f"chmod {mode} {path}" for path, mode in found)
    return fault(_SECRETS, f"Every user of this machine can read keys or passwords. Run: {told}")


def _open_to_others(settings: Settings, data_dir: DataDir) -> Iterator[tuple[Path, str]]:
    if _others_may(data_dir.path, stat.S_IRWXO):
        yield data_dir.path, "700"
    files = [settings.secret_key_file, settings.ari_password_file]
    files += [table.sip.password_file for table in settings.trunks if table.sip is not None]
    if settings.file is not None and _holds_a_secret(settings.file):
        files.append(str(settings.file))
    for path in [Path(name) for name in files if name]:
        if _others_may(path, stat.S_IROTH | stat.S_IWOTH):
            yield path, "o-rwx"


def _holds_a_secret(file: Path) -> bool:
    try:
        table = tomllib.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError):
        return False
    return any(setting.secret and setting.name in table for setting in SETTINGS)


def _others_may(path: Path, what: int) -> bool:
    try:
        return bool(path.stat().st_mode & what)
    except OSError:
        return False
