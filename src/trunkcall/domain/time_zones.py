"""Which time zones there are, by their IANA names.

Decides what is a zone's name and what is not, whatever files a machine keeps beside its zones: ``localtime`` is a clock
of the machine, and another one of the next. It must not know who goes by a zone.
"""

from __future__ import annotations

from functools import cache
from typing import Final
from zoneinfo import available_timezones

_OF_THE_MACHINE: Final = ("localtime", "posixrules", "Factory", "posix/", "right/")
"""How files begin that a machine has beside its time zones: another machine has others by these names, or none."""


@cache
def time_zones() -> frozenset[str]:
    """The names that the time zone database has on this machine, links included."""
    return frozenset(name for name in available_timezones() if not name.startswith(_OF_THE_MACHINE))
