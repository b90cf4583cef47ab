"""What one setting is: its name, kind, default and range, and how a value given for it is read.

Decides the words in which a value is refused. It must not know which settings there are.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from trunkcall.domain.errors import SettingsError

Value: TypeAlias = str | int | float | Path


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. ``check`` returns what is wrong with a value, or None. A secret one has no flag, which the list of
    processes would show, and its value is in no message."""

    name: str
    kind: type[str] | type[int] | type[float] | type[Path]
    default: Value
    help: str
    check: Callable[[Value], str | None] = lambda value: None
    secret: bool = False

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return "TRUNKCALL_" + self.name.upper()


def within(least: float, most: float) -> Callable[[Value], str | None]:
    def check(value: Value) -> str | None:
        assert isinstance(value, int | float)
        return None if least <= value <= most else f"must be from {least:g} to {most:g}"

    return check


def zero_or_within(least: float, most: float) -> Callable[[Value], str | None]:
    in_range = within(least, most)

    def check(value: Value) -> str | None:
        return None if value == 0 or in_range(value) is None else f"must be 0, or from {least:g} to {most:g}"

    return check


def one_of(*choices: str) -> Callable[[Value], str | None]:
    def check(value: Value) -> str | None:
        return None if value in choices else f"must be one of {', '.join(choices)}"

    return check


def convert(setting: Setting, given: object, source: str) -> Value:
    """The value that a source gives. Raises SettingsError, which names the source and says what would be right."""
    kind = {str: "a text", int: "a whole number", float: "a number", Path: "a path"}[setting.kind]
    value: Value | None = None
    # TOML's booleans, dates and tables are no values of ours, whatever their texts look like.
    if isinstance(given, str | int | float | Path) and not isinstance(given, bool):
        with suppress(ValueError):
            value = setting.kind(str(given))
    if value is None:
        raise SettingsError(f"{source} must be {kind}{_given(setting, given)}.")
    problem = setting.check(value)
    if problem is not None:
        raise SettingsError(f"{source} {problem}{_given(setting, given)}.")
    return value


def _given(setting: Setting, given: object) -> str:
    # In an address, what stands before an @ may be a password.
    return "" if setting.secret or "@" in str(given) else f", not {given!r}"
