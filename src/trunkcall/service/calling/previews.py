"""The use case of asking what would become of a list before anybody submits it.

Decides what is told of each number. Nothing is kept, and nothing of what has to be counted is looked at: how often a
number was attempted, and what was spent, is known when it is dialed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from trunkcall.domain.clearance import Hold, LocalTime
from trunkcall.domain.clock import NowOf
from trunkcall.domain.errors import InvalidInputError
from trunkcall.domain.instants import Instant
from trunkcall.service.calling.gate import local_time_of
from trunkcall.service.calling.screening import NotAllowedError, Passed, Person, Screening
from trunkcall.service.calling.words import held
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.numbers import NotDialableError, to_e164

PIECE: Final = 25
"""Numbers that are looked at before others have their turn: of one that was never seen it takes about a tenth of a
millisecond to find its region and time zones."""
NO_NUMBER: Final = "no_number"
TIME_ZONE: Final = "time_zone"
"""Beside the prohibitions, why something is refused."""


@dataclass(frozen=True, slots=True)
class PreviewItem:
    """A number as it would be submitted, and with what attributes."""

    phone_number: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AcceptedPreview:
    """It would be accepted, and dialed at once or when the hold ends. ``local`` is by which clocks that is known,
    ``words`` tell of the hold."""

    local: LocalTime
    hold: Hold | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class RefusedPreview:
    """It would be refused. ``code`` stays the same from version to version."""

    code: str
    refusal: InvalidInputError


Previewed: TypeAlias = AcceptedPreview | RefusedPreview


@dataclass(frozen=True, slots=True)
class Preview:
    """In the order of the items, as of an instant. ``trouble`` says why nobody is dialed for the campaign whatever the
    number, in words; None if people are."""

    at: Instant
    items: Sequence[Previewed]
    trouble: str | None


class Previews:
    """Looks at lists."""

    def __init__(self, campaigns: Campaigns, screening: Screening, now_of: NowOf) -> None:
        self._campaigns = campaigns
        self._screening = screening
        self._now_of = now_of

    async def preview_dial_requests(self, id_or_arn: str, items: Sequence[PreviewItem]) -> Preview:
        """What would become of each if it were submitted at this moment. Raises NotFoundError."""
        campaign = await self._campaigns.describe_campaign(id_or_arn)
        now = self._now_of(campaign.instance_id)
        checked = [_checked(item) for item in items]
        people = [each for each in checked if isinstance(each, Person)]
        outcomes: list[Passed | InvalidInputError] = []
        for begin in range(0, len(people), PIECE):
            outcomes += await self._screening.screen(campaign, people[begin : begin + PIECE], now)
            await asyncio.sleep(0)
        screened = iter(zip(people, outcomes, strict=True))
        found = [each if isinstance(each, RefusedPreview) else _previewed(*next(screened), now) for each in checked]
        return Preview(now, found, await self._screening.trouble(campaign, now))


def _checked(item: PreviewItem) -> Person | RefusedPreview:
    try:
        return Person(to_e164(item.phone_number), item.attributes)
    except NotDialableError as error:
        return RefusedPreview(NO_NUMBER, error.with_traceback(None))


def _previewed(person: Person, outcome: Passed | InvalidInputError, now: Instant) -> Previewed:
    match outcome:
        case Passed(time_zone, hold):
            local = local_time_of(person.phone_number, time_zone)
            return AcceptedPreview(local, hold, f"{held(hold, now)}." if hold is not None else "")
        case NotAllowedError(prohibition=prohibition):
            return RefusedPreview(prohibition.value, outcome)
        case _:
            return RefusedPreview(TIME_ZONE, outcome)
