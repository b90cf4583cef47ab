"""Which records a person asks for: of which campaign, of which time, that ended how.

Decides what names, times and dispositions mean, and what is said to one who mistyped them. It must not know how records
are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import typer

from trunkcall.aws.contact_records import initiated_at
from trunkcall.domain.campaign import Campaign
from trunkcall.domain.contact import ContactRecord, Disposition
from trunkcall.domain.errors import NotFoundError, TrunkcallError, did_you_mean
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.instants import DAY, Instant, from_datetime, to_record_time
from trunkcall.storage.ports.campaigns import CampaignArchive

_MAX_NAMED = 8


class AmbiguousNameError(TrunkcallError):
    """Several campaigns have this name. Name one by its id."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked of a record. ``since`` and ``until`` are of the instant when it was dialed (until then, accepted):
    from the one, up to but without the other. Without ``dispositions`` any will do, none too."""

    since: Instant | None = None
    until: Instant | None = None
    dispositions: frozenset[Disposition] = frozenset()

    def has(self, contact: ContactRecord) -> bool:
        at = initiated_at(contact)
        return (
            (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
            and (not self.dispositions or contact.disposition in self.dispositions)
        )

    def may_have(self, contact: ContactRecord) -> bool:
        """Whether it has the contact now, or perhaps in a moment: what has not ended goes on meanwhile."""
        return contact.disposition is None or self.has(contact)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The campaign that was meant. ``namesakes`` are deleted campaigns that had the same name."""

    campaign_id: str
    namesakes: Sequence[str] = ()


def time_given(option: str, text: str | None, *, end: bool = False) -> Instant | None:
    """The instant that an option's ISO 8601 text means. Without a zone it is UTC, as records are. A date is the
    beginning of its day, or where ``end`` is wanted, the end of it. Raises BadParameter."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        pass
    else:
        midnight = from_datetime(datetime.combine(day, time()))
        return midnight + DAY if end else midnight
    try:
        return from_datetime(datetime.fromisoformat(text))
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no time. Write a date, 2026-11-30, or a time, 2026-11-30T08:00 (UTC) or "
            "2026-11-30T08:00+01:00.",
            param_hint=option,
        ) from None


def disposition_given(option: str, text: str) -> Disposition:
    """The disposition of this name, written in any case, with - or _. Raises BadParameter."""
    name = text.strip().lower().replace("-", "_").replace(" ", "_")
    names = [disposition.value for disposition in Disposition]
    if name in names:
        return Disposition(name)
    raise typer.BadParameter(
        f"there is no disposition {text!r}.{did_you_mean(name, names)} There are {', '.join(names)}.", param_hint=option
    )


async def campaign_given(archive: CampaignArchive, scope: Scope, text: str) -> Chosen:
    """The campaign that a person means by its id, its ARN or its name, deleted or not. Names are compared exactly, then
    without regard to case. A campaign that there is goes before those that were deleted. Raises NotFoundError,
    AmbiguousNameError."""
    campaign_id = scope.campaign_id(text)
    if campaign_id is not None and await archive.has_campaign(campaign_id):
        return Chosen(campaign_id)
    campaigns = await archive.every_campaign()
    for same in (str, str.casefold):
        found = [campaign for campaign in campaigns if same(campaign.name) == same(text)]
        there = [campaign.campaign_id for campaign in found if campaign.deleted_at is None]
        gone = [campaign.campaign_id for campaign in found if campaign.deleted_at is not None]
        if len(there) == 1:
            return Chosen(there[0], gone)
        if len(found) == 1:
            return Chosen(gone[0])
        if found:
            named = "; ".join(map(_told, found[-_MAX_NAMED:]))
            more = f"; and {len(found) - _MAX_NAMED} before" if len(found) > _MAX_NAMED else ""
            raise AmbiguousNameError(
                f"{len(found)} campaigns are or were called {text!r}. Name one by its id: {named}{more}."
            )
    hint = did_you_mean(text, [campaign.name for campaign in campaigns])
    raise NotFoundError(f"There is no campaign {text!r} in this store, and never was one with a contact.{hint}")


def _told(campaign: Campaign) -> str:
    deleted = f", deleted {to_record_time(campaign.deleted_at)}" if campaign.deleted_at is not None else ""
    return f"{campaign.campaign_id} (created {to_record_time(campaign.created_at)}{deleted})"
