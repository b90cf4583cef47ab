"""What the calling gate found, in words for whoever submits dial requests or asks why nobody is dialed.

Decides the words alone. None of them holds a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trunkcall.domain.calling_hours import shown_at
from trunkcall.domain.clearance import Evidence, Hold, HoldReason, LocalTime, Prohibition
from trunkcall.domain.instants import Instant, to_datetime

MOST_ZONES: Final = 4
"""Zones that are named; of more it is said how many there are."""

PROHIBITED: Final[Mapping[Prohibition, str]] = {
    Prohibition.INVALID: "{} is one that nobody can have, or that belongs to no country",
    Prohibition.REGION: "{} lies where the calling policy, or the trunks, let no call go",
    Prohibition.KIND: "{} is a premium, shared-cost, personal, satellite or short number",
    Prohibition.EMERGENCY: "{} would leave as digits that reach an emergency service",
    Prohibition.CALLER_ID: "{} may be shown none of the campaign's numbers, by the calling policy",
    Prohibition.NO_HOURS: "{} has no hours in the calling policy, or nobody knows its time zone",
    Prohibition.NO_RATE: "{} has no rate, and the calling policy limits spending",
    Prohibition.NO_POLICY: "{} cannot be dialed: there is no calling policy to go by",
    Prohibition.DO_NOT_CALL: "{} is on a do-not-call list",
}
"""Each speaks of the field of the number, and is a part of a sentence that is short enough for a header."""

LIMITED: Final[Mapping[HoldReason, str]] = {
    HoldReason.NUMBER_LIMIT: "Its number was attempted as often as it may be in a rolling time, over all campaigns",
    HoldReason.NUMBER_GAP: "The last attempt to its number, by whatever campaign, is too short a time ago",
    HoldReason.CALLER_ID_LIMIT: "The number that it would show has had its attempts of the day",
    HoldReason.DAY_LIMIT: "The instance has had its attempts of the day",
    HoldReason.SPEND_LIMIT: "What may be spent in a day on numbers like its own is spent",
}
"""Each is the beginning of a sentence."""

_NO_HOUR: Final = "It is outside its calling hours"
_KNOWN_BY: Final[Mapping[Evidence, str]] = {
    Evidence.ATTRIBUTE: "which the request names",
    Evidence.NUMBER: "where the number's exchange lies",
    Evidence.AREA: "all zones of the number's area, as its exchange is in no table",
    Evidence.COUNTRY: "all zones of the number's country, as the number tells no place",
}


def held(hold: Hold, now: Instant) -> str:
    """Why, and until when by the called party's clock and by UTC, in one or two sentences without a full stop at the
    end."""
    if hold.reason is not HoldReason.OUTSIDE_HOURS or hold.local is None:
        return f"{LIMITED.get(hold.reason, _NO_HOUR)}: it is not dialed before {in_utc(hold.until)}"
    zones = hold.local.zones
    return (
        f"{_NO_HOUR}: it is {by_the_wall(zones, now)} in {known_by(hold.local)}. It may be dialed from "
        f"{by_the_wall(zones, hold.until)} there on, {in_utc(hold.until)}"
    )


def held_then(hold: Hold) -> str:
    """Why it was held back, as the end of a sentence without a full stop."""
    if hold.reason is not HoldReason.OUTSIDE_HOURS or hold.local is None:
        told = LIMITED.get(hold.reason, _NO_HOUR)
        return told[:1].lower() + told[1:]
    return f"it was outside its calling hours in {known_by(hold.local)}"


def known_by(local: LocalTime) -> str:
    """The zones, and by what they are known."""
    return f"{named(local.zones)}, {_KNOWN_BY[local.evidence]}"


def named(zones: tuple[str, ...]) -> str:
    """Some zones by their names."""
    if len(zones) > MOST_ZONES:
        return f"{len(zones)} time zones from {zones[0]} to {zones[-1]}"
    return " and ".join(zones) if len(zones) <= 2 else f"{', '.join(zones[:-1])} and {zones[-1]}"


def by_the_wall(zones: tuple[str, ...], at: Instant) -> str:
    """What the clocks of these zones show at an instant, the first to be early or late; those that show the same once:
    ``08:12 to 09:12``."""
    shown = sorted({each.replace(tzinfo=None) for zone in zones if (each := shown_at(zone, at)) is not None})
    if not shown:
        return "an hour that nobody knows"
    first, last = shown[0], shown[-1]
    if first == last:
        return f"{first:%a %H:%M}"
    return f"{first:%a %H:%M} to {last:%a %H:%M}"


def in_utc(at: Instant) -> str:
    """An instant, to the minute."""
    return f"{to_datetime(at):%Y-%m-%d %H:%M} UTC"
