"""What a calling policy says: whom an instance may dial, when, how often, and by which number.

Decides the rules that there are, and their ranges. It must not know how they are written, stored or applied. No rule
here is legal advice: whoever writes a policy says where each comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from trunkcall.domain.clearance import RollingLimit
from trunkcall.domain.instants import Duration

HOME = "home"
"""Among ``regions``: the country of the number that is shown."""


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of local time, in minutes from midnight, 0 to 1440. A window that ends no later than it begins ends on the
    next day; it belongs to the day on which it begins."""

    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class HoursRule:
    """When numbers under these prefixes may be dialed, by the called party's clock. All rules that match a number must
    allow; a number that no rule matches may not be dialed, where there are any rules."""

    prefixes: tuple[str, ...]
    """E.164 prefixes with their +; empty: all numbers."""
    windows: Mapping[int, tuple[Window, ...]] = field(default_factory=dict, hash=False)
    """By weekday, Monday is 0; a day that is missing is closed."""
    holidays: frozenset[date] = frozenset()
    """Local dates on which ``holiday_windows`` count instead."""
    holiday_windows: tuple[Window, ...] = ()
    _hash: int = field(init=False, repr=False, compare=False)
    """It is asked for with every number, and takes as long as the rule has prefixes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.prefixes, self.holidays, self.holiday_windows)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where calls may go. ``regions`` are ISO 3166-1 codes or ``HOME``; nothing is dialed where there are none.
    Prefixes narrow what regions allow. What is always refused is not said here."""

    regions: frozenset[str] = frozenset({HOME})
    refused_prefixes: tuple[str, ...] = ()


class CallerIdChoice(StrEnum):
    """Which number of a pool is shown."""

    EVENLY = "evenly"
    """The one that was shown least today."""
    AREA = "area"
    """The one that shares most digits with the number dialed, of equal ones evenly."""


@dataclass(frozen=True, slots=True)
class CallerIds:
    """By which number calls are made. Each must be one of the instance's own."""

    pool: tuple[str, ...] = ()
    """E.164; empty: the campaign's number, or its queue's."""
    choice: CallerIdChoice = CallerIdChoice.EVENLY
    of_region: bool = False
    """Whether it must be of the called party's country."""
    attempts_per_day: int | None = None
    """Of each number."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a minute to numbers under a prefix costs, in millionths of the currency. The longest prefix counts."""

    prefix: str
    per_minute: int


@dataclass(frozen=True, slots=True)
class Spending:
    """What may be spent in a day on numbers under each prefix of ``per_day``, in millionths of the currency; "" is all.
    An attempt is charged ``reserved`` until its end is known, and for good if it never is."""

    rates: tuple[Rate, ...]
    per_day: Mapping[str, int] = field(default_factory=dict, hash=False)
    reserved: Duration = 120_000_000
    currency: str = ""


@dataclass(frozen=True, slots=True)
class CallingLimits:
    """How often. None and empty are no limit."""

    attempts_per_s: float | None = None
    """Of the instance, over all trunks."""
    attempts_per_day: int | None = None
    """Of the instance, by the days of ``time_zone``."""
    number: tuple[RollingLimit, ...] = ()
    """Attempts to one number, over all campaigns."""
    number_gap: Duration = 0
    """Least time between two attempts to one number."""
    spending: Spending | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What people at numbers under these prefixes are told before they are recorded. Of the rules that match a number
    that with the longest prefix counts; an empty text is nothing."""

    prefixes: tuple[str, ...]
    """E.164 prefixes with their +; empty: all numbers."""
    text: str


@dataclass(frozen=True, slots=True)
class CallingRules:
    """All that a policy says."""

    destinations: Destinations | None
    """None allows any number that is possible: for carriers that reach nobody alone."""
    hours: tuple[HoursRule, ...] = ()
    caller_ids: CallerIds = CallerIds()
    limits: CallingLimits = CallingLimits()
    announcements: tuple[Announcement, ...] = ()
    time_zone: str = "UTC"
    """Whose days are counted by."""
    time_zone_attribute: str | None = None
    """The attribute of a dial request that names the called party's time zone."""
    source: str = ""
    """Where the rules come from, in a sentence."""
    as_of: date | None = None
    """As of when the source was read."""


NO_RULES = CallingRules(destinations=None)
"""The policy "none": nothing but halts and do-not-call lists holds a call back."""
