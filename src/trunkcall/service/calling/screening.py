"""What becomes of people whose numbers are submitted, before anybody is dialed.

Decides who may be accepted, who waits for their hours, and who is refused and why. Everybody is looked at again when
dialed. It must not know how requests are submitted or kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.clearance import Hold, Prohibition
from trunkcall.domain.errors import InvalidInputError
from trunkcall.domain.fields import Field
from trunkcall.domain.instants import Instant
from trunkcall.domain.time_zones import time_zones
from trunkcall.domain.values import quickly_made
from trunkcall.service.calling.gate import Allowed, Forbidden, Gate, Held
from trunkcall.service.calling.gates import Gates
from trunkcall.service.calling.words import PROHIBITED
from trunkcall.service.dialing_settings import DialingOf
from trunkcall.storage.ports.do_not_call import ListedNumbers


class NotAllowedError(InvalidInputError):
    """The calling gate does not let the number be dialed. The message is part of a sentence, for its sender."""

    def __init__(self, prohibition: Prohibition) -> None:
        super().__init__(PROHIBITED[prohibition], Field.PHONE_NUMBER)
        self.prohibition = prohibition


class UnknownTimeZoneError(InvalidInputError):
    """an attribute names a time zone that there is not: write it as Europe/Berlin"""


@quickly_made
@dataclass(frozen=True, slots=True)
class Person:
    """Whose number, E.164, is submitted, with what attributes."""

    phone_number: str
    attributes: Mapping[str, str]


@quickly_made
@dataclass(frozen=True, slots=True)
class Passed:
    """May be dialed: at once, or once the hold has ended. ``time_zone`` is the one that the attributes name."""

    time_zone: str | None = None
    hold: Hold | None = None


class Screening:
    """Asks the gate of an instance, and its do-not-call lists."""

    def __init__(self, gates: Gates, listed: ListedNumbers, dialing_of: DialingOf) -> None:
        self._gates = gates
        self._listed = listed
        self._dialing_of = dialing_of

    async def screen(
        self, campaign: Campaign, people: Sequence[Person], now: Instant
    ) -> list[Passed | NotAllowedError | UnknownTimeZoneError]:
        """What becomes of each, in their order. While a policy or a list cannot be gone by nobody is dialed, and
        whoever is not refused by what can be read waits."""
        gate = await self._gates.gate(campaign.instance_id)
        if gate is None:
            return [Passed()] * len(people)
        listed = await self._who_is_listed(gate, campaign, people, now)
        ring = self._dialing_of(campaign).ring_timeout
        found: list[Passed | NotAllowedError | UnknownTimeZoneError] = []
        for person in people:
            time_zone = gate.time_zone_in(campaign, person.attributes)
            if person.phone_number in listed:
                found.append(NotAllowedError(Prohibition.DO_NOT_CALL))
            elif time_zone is not None and time_zone not in time_zones():
                found.append(UnknownTimeZoneError())
            else:
                match gate.look(campaign, person.phone_number, time_zone, ring, now):
                    case Allowed():
                        found.append(Passed(time_zone))
                    case Held(hold):
                        found.append(Passed(time_zone, hold))
                    case Forbidden(prohibition):
                        found.append(NotAllowedError(prohibition))
                    case other:
                        assert_never(other)
        return found

    async def trouble(self, campaign: Campaign, now: Instant) -> str | None:
        """Why nobody may be dialed for the campaign whatever the number, in words; None if people may be."""
        gate = await self._gates.gate(campaign.instance_id)
        return gate.trouble(campaign, now) if gate is not None else None

    async def _who_is_listed(
        self, gate: Gate, campaign: Campaign, people: Sequence[Person], now: Instant
    ) -> frozenset[str]:
        """The numbers that are on a list which binds the campaign."""
        lists = gate.lists(campaign, now).numbers
        if not lists:
            return frozenset()
        keys = {person.phone_number: gate.number_key(person.phone_number) for person in people}
        listed = await self._listed.listed(campaign.instance_id, lists, set(keys.values()))
        return frozenset(number for number, key in keys.items() if key in listed)
