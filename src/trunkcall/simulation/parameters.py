"""Values of parameters: from what a file or a command line says to numbers within their ranges.

Decides conversions, ranges and the words of refusal. It must not know what a parameter is for, beyond its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from trunkcall.domain.errors import SettingsError, did_you_mean

POSITIVE: Final = frozenset(
    {
        "channels",
        "human_ring_scale_s",
        "human_ring_shape",
    }
)
"""Parameters that must not be 0."""
MIN: Final[Mapping[str, float]] = {
    "attempts_per_s": 0.01,
    "dialing_capacity": 0.01,
    "drift_period_h": 0.05,
    "hours": 0.001,
}
"""The least value, where it is not 0."""
MIN_IF_ANY: Final[Mapping[str, float]] = {"break_every_h": 0.01}
"""The least value beside 0, which stands for never: what comes more often than that leaves time for nothing else."""
MAX: Final[Mapping[str, float]] = {"agents": 10_000, "drift": 1, "hours": 366 * 24.0, "max_contacts": 100_000}
"""The greatest value, where it is less than that of any number. A shift of a year, or one of ten thousand agents, takes
hours to simulate."""
MAX_OF_ANY: Final = 1e9
"""What is beyond is a slip, and would not fit into an instant."""

_SHARES: Final = ("_ratio", "_share", "_allocation", "_capacity")
_KINDS: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "two numbers, such as 2,28",
}


def convert(name: str, given: object, like: object, source: str) -> object:
    """The value given, or its text, in the type of ``like``. Raises SettingsError."""
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
            case tuple() if isinstance(given, str | list | tuple):
                parts = given.strip(" []").split(",") if isinstance(given, str) else given
                low, high = (float(part) for part in parts)
                return low, high
            case _:
                pass
    except (ValueError, KeyError, TypeError):
        pass
    raise SettingsError(f"{name} in {source} must be {_KINDS[type(like)]}, not {given!r}.")


def check_ranges(holder: Any, source: str) -> None:
    """Look at every parameter of a dataclass. Raises SettingsError that says which is out of its range."""
    for f in fields(holder):
        value = getattr(holder, f.name)
        match value:
            case bool():
                pass
            case int() | float():
                _check_number(f.name, value, source)
            case (float() as low, float() as high):
                if not 0.0 <= low <= high <= MAX_OF_ANY:
                    what = f"{f.name} in {source} must be two numbers of at least 0, the lesser first"
                    raise SettingsError(f"{what}, not {low:g},{high:g}.")
            case _:
                pass


def _check_number(name: str, value: float, source: str) -> None:
    least, most, if_any = MIN.get(name, 0.0), MAX.get(name, MAX_OF_ANY), MIN_IF_ANY.get(name, 0.0)
    if not value >= least or (name in POSITIVE and not value):
        bound = "above 0" if name in POSITIVE else f"at least {least:g}"
        raise SettingsError(f"{name} in {source} must be {bound}, not {value:g}.")
    if name.endswith(_SHARES) and value > 1:
        raise SettingsError(f"{name} in {source} is a share: at most 1, not {value:g}.")
    if value > most:
        raise SettingsError(f"{name} in {source} must be at most {most:g}, not {value:g}.")
    if 0.0 < value < if_any:
        raise SettingsError(f"{name} in {source} must be 0, which is never, or at least {if_any:g}, not {value:g}.")


def unknown(name: str, source: str, of: str, known: Iterable[str]) -> SettingsError:
    """The error of a name that does not exist: it names the one that comes close, and lists those that there are."""
    known = sorted(known)
    return SettingsError(
        f"{source} has {name}, which is no parameter of a {of}.{did_you_mean(name, known)} "
        f"There are: {', '.join(known)}."
    )
