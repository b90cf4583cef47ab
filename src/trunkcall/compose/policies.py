"""The calling policy that the settings name, and how the files of a policy are read.

Decides which policy counts where none was ever put, and that a carrier which reaches people does not start without one.
It must not know what a policy makes of a number.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Final

from trunkcall.domain.calling_policy import DEFAULT_POLICY, CallingPolicy
from trunkcall.domain.calling_rules import CallingRules
from trunkcall.domain.directory import Directory
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import Instant
from trunkcall.service.calling.policy_file import PolicyFileError, read_policy
from trunkcall.service.calling_policies import AnywhereError

SHIPPED: Final = ("cautious", "none")
"""Policies that come with Trunkcall. A file in the way of one has to be named with its folder: ./none."""
STANDARD_INPUT: Final = "-"


class WrongPolicyError(SettingsError):
    """The calling policy cannot be used."""


class NoPolicyError(SettingsError):
    """This carrier reaches people, and there is no calling policy, so the server does not start. Name a policy with
    --calling-policy FILE: `trunkcall policy check cautious` says what the one allows that comes with Trunkcall."""


def first_policy(directory: Directory, file: str, *, reaches_people: bool, at: Instant) -> CallingPolicy | None:
    """The policy to be put at the start, by the file's name: only where none was put before; else None. Raises
    WrongPolicyError, NoPolicyError."""
    if directory.calling_policy() is not None:
        return None
    if not file:
        if reaches_people:
            raise NoPolicyError
        return None
    text, rates = read_policy_files(file)
    if rules_in(file, text, rates).destinations is None and reaches_people:
        raise WrongPolicyError(f"{file}: {AnywhereError().message}")
    number = max((each.number for each in directory.calling_policies.values()), default=0) + 1
    return CallingPolicy(DEFAULT_POLICY, number, text, rates, at)


def counts_not(directory: Directory, file: str) -> bool:
    """Whether the settings name another policy than the one that counts, which was put before. Of a file that cannot be
    read nobody can tell."""
    put = directory.calling_policy()
    if put is None or put.text is None or not file or file == STANDARD_INPUT:
        return False
    try:
        return read_policy_files(file) != (put.text, put.rates)
    except WrongPolicyError:
        return False


def read_policy_files(file: str) -> tuple[str, str | None]:
    """The text of a policy, and that of the rates which it names. Raises WrongPolicyError."""
    if file == STANDARD_INPUT:
        text = _decoded(sys.stdin.buffer.read(), "standard input")
        return text, _rates(Path(), text)
    if file in SHIPPED:
        return (files("trunkcall.service.calling") / "policies" / f"{file}.toml").read_text("utf-8"), None
    path = Path(file)
    text = _text(path)
    return text, _rates(path.parent, text)


def rules_in(file: str, text: str, rates: str | None) -> CallingRules:
    """What the policy says. Raises WrongPolicyError with all that is wrong, by file, line and column."""
    try:
        return read_policy(text, rates)
    except PolicyFileError as error:
        name = "standard input" if file == STANDARD_INPUT else file
        told = "\n".join(f"{name}: {problem}" for problem in error.problems)
        raise WrongPolicyError(f"The policy cannot be used.\n{told}") from error


def _rates(folder: Path, text: str) -> str | None:
    try:
        named = tomllib.loads(text).get("spending", {}).get("rates")
    except (tomllib.TOMLDecodeError, RecursionError, AttributeError):
        return None
    return _text(folder / named) if isinstance(named, str) and named else None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WrongPolicyError(f"{path} cannot be read: {error.strerror}.") from error
    return _decoded(content, str(path))


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongPolicyError(f"{name} is not text in UTF-8.") from error
