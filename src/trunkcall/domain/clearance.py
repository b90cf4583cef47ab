"""What the gate found of one attempt, checked again and written in its transaction; and why a contact is held.

Decides what of the calling rules a store can check by itself, as plain values. It must not know how they are found out:
numbers, time zones and policies are not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trunkcall.domain.instants import Duration, Instant
from trunkcall.domain.values import quickly_made


class Evidence(StrEnum):
    """By what the time zones of the called party are known."""

    ATTRIBUTE = "attribute"
    """The request named it."""
    NUMBER = "number"
    """The number's exchange lies in them."""
    AREA = "area"
    """Its exchange is in no table: all zones of its area."""
    COUNTRY = "country"
    """Its area is in no table: all zones of its country."""


class HoldReason(StrEnum):
    """Why a contact waits that would be dialed otherwise."""

    OUTSIDE_HOURS = "outside_hours"
    NUMBER_LIMIT = "number_limit"
    """The number was attempted as often as it may be in a rolling time."""
    NUMBER_GAP = "number_gap"
    """The last attempt to the number is too short a time ago."""
    CALLER_ID_LIMIT = "caller_id_limit"
    """The numbers that it may show have had their attempts of the day."""
    DAY_LIMIT = "day_limit"
    """The instance has had its attempts of the day."""
    SPEND_LIMIT = "spend_limit"
    """What may be spent in a day on numbers like this is spent."""


class Prohibition(StrEnum):
    """Why a number is not dialed at all."""

    INVALID = "invalid"
    """Nobody can have the number, or it belongs to no region."""
    REGION = "region"
    """Its region is not one of those that the policy allows."""
    KIND = "kind"
    """Premium, shared-cost, personal, satellite or short."""
    EMERGENCY = "emergency"
    """The digits that would leave reach an emergency service."""
    CALLER_ID = "caller_id"
    """No number that the policy lets be shown is there to show."""
    NO_HOURS = "no_hours"
    """The policy gives no hours for it, or nobody knows by which clock they would be."""
    NO_RATE = "no_rate"
    """The policy limits spending, and its rates do not say what a call there costs."""
    NO_POLICY = "no_policy"
    """There is no policy that could be gone by."""
    DO_NOT_CALL = "do_not_call"
    """It is on a do-not-call list."""


@quickly_made
@dataclass(frozen=True, slots=True)
class LocalTime:
    """The called party's local time as the gate has used it. ``zones`` are IANA names, sorted: all had to allow."""

    zones: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Hold:
    """Why and until when a contact is held back. It is not dialed before ``until``; the local time is that by which it
    was held, None where the reason is not one of hours."""

    reason: HoldReason
    until: Instant
    local: LocalTime | None = None


@dataclass(frozen=True, slots=True)
class RollingLimit:
    """At most so many attempts within any ``within``."""

    most: int
    within: Duration


@dataclass(frozen=True, slots=True)
class DayLimit:
    """At most so many attempts, or so much, of what is counted under ``key``, between the beginning of a day and its
    end; None is no limit. ``day_before_at`` is when the day before it began: whatever was counted for a day that began
    later than that, by whatever clocks, was in this one too, or may have been. None counts the day alone."""

    key: str
    began_at: Instant
    ends_at: Instant
    most: int | None
    reason: HoldReason
    day_before_at: Instant | None = None

    def counts_day_of(self, began_at: Instant) -> bool:
        """Whether what was counted for a day that began then counts here."""
        if self.day_before_at is None:
            return began_at == self.began_at
        return self.day_before_at < began_at < self.ends_at


@quickly_made
@dataclass(frozen=True, slots=True)
class Clearance:
    """What an attempt's transaction checks and writes. ``policy_version`` is the number of the policy that was set last
    for the instance when it was cleared, of whatever name, 0 of none. ``number_key`` is the keyed hash of the number,
    from -2**63 to 2**63 - 1."""

    policy_version: int
    number_key: int
    local: LocalTime | None = None
    lists: tuple[int, ...] = ()
    """Numbers of the do-not-call lists that bind the contact's campaign."""
    list_versions: tuple[int, ...] = ()
    """The version of each, as the gate knew it: what was put on it since is looked at as well."""
    last_list_edit: int | None = None
    """As of which change of the instance's do-not-call lists it was cleared (``last_edit``), 0 of none; None is not
    looked at. Whether a list binds that was made or changed later, nobody knew."""
    campaign_version: int | None = None
    """The version of the contact's campaign when it was cleared, whose tags say by which policy it goes; None is not
    looked at."""
    number_limits: tuple[RollingLimit, ...] = ()
    number_gap: Duration = 0
    day_limits: tuple[DayLimit, ...] = ()
    spend_key: str = ""
    """The prefix of the rate that the attempt is charged by; empty without rates."""
    per_minute: int = 0
    """What each begun minute after the answer costs, in millionths of the currency."""
    spend: int = 0
    """What the attempt is charged until its end is known, in millionths of the currency."""
    spend_limits: tuple[DayLimit, ...] = ()
    """What may be spent on numbers like this one. It is charged to all of them."""
    hold: Hold | None = None
    """It must not be made before that ends."""
    forbidden: Prohibition | None = None
    """It must not be made at all."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """What the record of a contact keeps of the clearance of its attempt. ``policy_version`` and ``lists`` are 0 and
    empty of a contact that was forbidden before there was any."""

    policy_version: int = 0
    local: LocalTime | None = None
    lists: tuple[int, ...] = ()
    list_versions: tuple[int, ...] = ()
    spend: int = 0
    """What it was charged, in millionths of the currency; until it has ended, what is reserved."""
    forbidden: Prohibition | None = None
