"""The trunks of a scenario: its ``[[trunk]]`` tables.

Decides names, defaults and ranges of their parameters, and which trunks there are where there is no table. It must not
know how a shift is run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import seconds
from trunkcall.domain.trunk import Trunk
from trunkcall.simulation.failures import Failure
from trunkcall.simulation.parameters import check_ranges, convert, unknown


@dataclass(frozen=True, slots=True)
class ScenarioTrunk:
    """One table."""

    trunk_id: str
    """Its name: 1 to 64 of a-z, 0-9 and the hyphen."""
    host: str = "local"
    """The switch that it is on, with all other trunks that say the same."""
    channels: int = 1000
    """How many lines it has."""
    attempts_per_s: float = 50.0
    """How many attempts a second it takes, at least 0.01, with a burst of one second's."""
    caller_numbers: tuple[str, ...] = ()
    """Numbers that it may show. A scenario's campaigns leave that to the trunk."""
    fails_after_s: float = 0.0
    """How long its host is up before it fails; 0 is without failures. Trunks of one host say the same, or all but one
    nothing."""
    fails_for_s: float = 0.0
    """How long the host is away then, before it is found and is up anew; 0 is for the rest of the shift."""

    @property
    def trunk(self) -> Trunk:
        """What the engine knows of it."""
        return Trunk(self.trunk_id, self.host, self.channels, self.attempts_per_s, self.caller_numbers)


_LIKE: Final = ScenarioTrunk("like")
_NAMES: Final = tuple(field.name for field in fields(ScenarioTrunk))


def trunks_of(
    tables: Sequence[ScenarioTrunk], *, channels: int, attempts_per_s: float
) -> tuple[tuple[Trunk, ...], Mapping[str, Failure | None]]:
    """The trunks of a shift, and its hosts with when they fail. Where there is no table there is one trunk, of so many
    channels and attempts per second."""
    trunks = tuple(table.trunk for table in tables)
    trunks = trunks or (Trunk("default", channels=channels, attempts_per_s=attempts_per_s),)
    failures: dict[str, Failure | None] = {trunk.host: None for trunk in trunks}
    for table in tables:
        if table.fails_after_s:
            lasts = seconds(table.fails_for_s) if table.fails_for_s else None
            failures[table.host] = Failure(seconds(table.fails_after_s), lasts)
    return trunks, failures


def read_trunk(table: Mapping[str, object], source: str) -> ScenarioTrunk:
    """One table. Raises SettingsError that says what is wrong with it."""
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in _NAMES:
            raise unknown(name, source, "trunk", _NAMES)
        if name == "caller_numbers":
            values[name] = _numbers(value, source)
        else:
            values[name] = convert(name, value, getattr(_LIKE, name), source)
    trunk = ScenarioTrunk(**{"trunk_id": ""} | values)
    if re.fullmatch(r"[a-z0-9-]{1,64}", trunk.trunk_id) is None:
        raise SettingsError(f"trunk_id in {source} must be 1 to 64 of a-z, 0-9 and the hyphen, not {trunk.trunk_id!r}.")
    check_ranges(trunk, source)
    if trunk.fails_for_s and not trunk.fails_after_s:
        raise SettingsError(f"fails_for_s in {source} needs fails_after_s: after how long the host fails.")
    return trunk


def check_trunks(trunks: Sequence[ScenarioTrunk], source: str) -> None:
    """What is to be so of all of them together. Raises SettingsError."""
    ids: set[str] = set()
    failures: dict[str, tuple[float, float]] = {}
    for number, trunk in enumerate(trunks, 1):
        place = f"trunk {number} of {source}"
        if trunk.trunk_id in ids:
            raise SettingsError(f"{place} has the trunk_id {trunk.trunk_id!r}, which another has. Each needs its own.")
        ids.add(trunk.trunk_id)
        if trunk.fails_after_s:
            says = trunk.fails_after_s, trunk.fails_for_s
            if failures.setdefault(trunk.host, says) != says:
                raise SettingsError(f"{place} says otherwise than another when the host {trunk.host!r} fails.")


def values_of_trunk(trunk: ScenarioTrunk) -> dict[str, object]:
    """Every parameter by its name, as ``read_trunk`` takes them."""
    values = {name: getattr(trunk, name) for name in _NAMES}
    return values | {"caller_numbers": list(trunk.caller_numbers)}


def _numbers(given: object, source: str) -> tuple[str, ...]:
    if isinstance(given, list) and all(isinstance(number, str) for number in given):
        return tuple(given)
    raise SettingsError(f'caller_numbers in {source} must be a list of numbers, such as ["+12025550100"].')
