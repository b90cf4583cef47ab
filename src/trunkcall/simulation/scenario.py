"""A shift to be simulated: its world, its agents, its limits.

Decides names, units, defaults and ranges of a scenario's parameters, and how a TOML file or ``--set`` gives them. It
must not know how a shift is run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from trunkcall.domain.campaign import DialerType
from trunkcall.domain.errors import SettingsError
from trunkcall.simulation.world import World

BASELINES: Final = (
    "fixed_ratio",
    "issabel",
    "optimal",
    "samuelson",
    "vicidial_average",
    "vicidial_hard_limit",
    "vicidial_tapered",
)
"""Pacing methods of others, to compare with."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Parameters beside those of the world. Hours are of the shift; ratios are shares."""

    world: World = field(default_factory=World)
    agents: int = 20
    hours: float = 8.0
    pacer: str = "predictive"
    """How the campaign dials: as one of the dialer's own types, or as one of ``BASELINES``."""
    lines_per_agent: float = 1.2
    """Of the baseline fixed_ratio: lines for each agent at work, those of agents who talk included."""
    vicidial_maximum_level: float = 3.0
    """Of the baselines vicidial_…: the most lines for each agent."""
    drift: float = 0.0
    """Amplitude of a sine on the human ratio, relative to it. The dialer is not told."""
    drift_period_h: float = 4.0
    step_at_h: float = 0.0
    """When the human ratio changes by ``step_factor`` for the rest of the shift; 0 is never."""
    step_factor: float = 1.0
    false_machine_ratio: float = 0.0
    """Of the people who answer, how many detection takes for machines: lost, and counted as such."""
    false_human_ratio: float = 0.0
    """Of the machines, how many detection takes for people."""
    carrier_delay_s: float = 0.0
    """How late the carrier's reports arrive, on average (exponential)."""
    burst_every_h: float = 0.0
    """How often the carrier fails for a while; 0 is never."""
    burst_length_s: float = 60.0
    burst_share: float = 1.0
    """Of the attempts during such a burst, how many fail at once."""
    late_agents: int = 0
    """How many of the agents come ``late_by_h`` after the shift has begun."""
    late_by_h: float = 1.0
    leaving_agents: int = 0
    """How many of the agents go home ``leave_at_h`` into the shift."""
    leave_at_h: float = 6.0
    break_every_h: float = 0.0
    """How long an agent works between breaks, on average; 0 is without breaks."""
    break_length_s: float = 600.0
    list_size: int = 0
    """Dial requests there are; 0 is more than can be dialed."""
    channels: int = 1000
    attempts_per_s: float = 50.0
    abandonment_target_ratio: float = 0.03
    ledger: bool = True
    """Whether the ledger binds the pacer."""


_WORLD: Final = {f.name: f for f in fields(World)}
_OWN: Final = {f.name: f for f in fields(Scenario) if f.name != "world"}
_POSITIVE: Final = frozenset({"hours", "channels", "attempts_per_s", "drift_period_h"})


def with_values(scenario: Scenario, values: Mapping[str, object], source: str) -> Scenario:
    """The scenario with some parameters changed. Raises SettingsError that says which one and what would be right."""
    own: dict[str, Any] = {}
    world: dict[str, Any] = {}
    for name, value in values.items():
        if name in _OWN:
            own[name] = _convert(name, value, getattr(scenario, name), source)
        elif name in _WORLD:
            world[name] = _convert(name, value, getattr(scenario.world, name), source)
        else:
            known = ", ".join(sorted([*_OWN, *_WORLD]))
            raise SettingsError(f"{source} has {name}, which is no parameter of a scenario. There are: {known}.")
    changed = replace(scenario, world=replace(scenario.world, **world), **own)
    _check(changed, source)
    return changed


def read_scenario(path: Path) -> Scenario:
    """A scenario from a TOML file of parameters by their names. Raises SettingsError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The scenario {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The scenario {path} is not TOML: {error}.") from error
    return with_values(Scenario(), table, str(path))


def assignments(texts: Sequence[str]) -> dict[str, object]:
    """``key=value`` texts as a mapping. Raises SettingsError."""
    values: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"--set takes key=value, not {text!r}.")
        values[name.strip()] = value.strip()
    return values


def _convert(name: str, given: object, like: object, source: str) -> object:
    try:
        match like:
            case bool():
                if isinstance(given, str):
                    given = {"true": True, "on": True, "false": False, "off": False}[given.lower()]
                if isinstance(given, bool):
                    return given
            case int() if not isinstance(given, bool):
                return int(str(given))
            case float() if not isinstance(given, bool):
                return float(str(given))
            case str() if isinstance(given, str):
                return given
            case tuple():
                parts: list[Any] = given.split(",") if isinstance(given, str) else list(given)  # type: ignore[call-overload]  # or TypeError
                low, high = (float(part) for part in parts)
                return low, high
            case _:
                pass
    except (ValueError, KeyError, TypeError):
        pass
    kind = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", tuple: "two numbers"}
    raise SettingsError(f"{name} in {source} must be {kind[type(like)]}, not {given!r}.")


def _check(scenario: Scenario, source: str) -> None:
    for holder in (scenario, scenario.world):
        for f in fields(holder):
            value = getattr(holder, f.name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                least = 0.0
                if value != value or value < least or (f.name in _POSITIVE and value == 0):
                    raise SettingsError(
                        f"{f.name} in {source} must be {'above' if f.name in _POSITIVE else 'at least'} 0."
                    )
                if f.name.endswith(("_ratio", "_share")) and value > 1:
                    raise SettingsError(f"{f.name} in {source} is a share: at most 1.")
    world = scenario.world
    if world.human_ratio + world.machine_ratio + world.failure_ratio > 1 + 1e-9:
        raise SettingsError(f"human_ratio, machine_ratio and failure_ratio in {source} are shares of one whole.")
    if scenario.pacer not in {*DialerType, *BASELINES}:
        baselines = ", ".join(BASELINES)
        raise SettingsError(
            f"pacer in {source} must be predictive, progressive or agentless, or to compare with one of {baselines}."
        )
