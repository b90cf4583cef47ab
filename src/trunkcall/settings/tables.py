"""Tables of the TOML file that there may be several of, each under a line ``[[name]]`` of its own.

Decides in which words it is told what is wrong with one. It must not know what a table is about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from trunkcall.domain.errors import SettingsError, did_you_mean
from trunkcall.settings.setting import Setting, convert


def tables_of(given: Any, name: str, file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each, after where it stands, in words; none if a file has none. Raises SettingsError."""
    if given is None:
        return
    if not isinstance(given, list) or not all(isinstance(table, dict) for table in given):
        raise SettingsError(f"{name} in {file} must be tables, each under a line [[{name}]] of its own.")
    for number, table in enumerate(given, start=1):
        yield f"[[{name}]] number {number} in {file}", table


def check_keys(
    table: Collection[str], known: Collection[str], place: str, name: str, settings: Collection[str]
) -> None:
    """Raise SettingsError if it has others. ``settings`` are the names of those that stand above the tables."""
    unknown = sorted(set(table).difference(known))
    if unknown:
        misplaced = unknown[0] in settings
        hint = f" Settings stand above the first [[{name}]]." if misplaced else did_you_mean(unknown[0], known)
        raise SettingsError(f"{place} has {', '.join(unknown)}.{hint} Known keys are {', '.join(known)}.")


def values_of(table: dict[str, Any], keys: Iterable[Setting], place: str) -> dict[str, Any]:
    """The value of each key, or its default. Raises SettingsError."""
    return {
        key.name: convert(key, table[key.name], f"{key.name} of {place}") if key.name in table else key.default
        for key in keys
    }
