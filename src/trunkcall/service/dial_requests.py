"""The use case of submitting dial requests.

Decides which items of a batch may be dialed at all, and answers each in the order of the request. A constraint of the
wire has been checked before; what the wire's model cannot say is checked here, item by item, and what the calling gate
does not allow is refused, or waits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.clock import NowOf
from trunkcall.domain.contact import DialRequest
from trunkcall.domain.errors import InvalidInputError, QuotaExceededError
from trunkcall.domain.fields import Field
from trunkcall.domain.identifiers import NewId
from trunkcall.domain.instants import Instant, to_datetime
from trunkcall.service.calling.screening import NotAllowedError, Passed, Person, Screening
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.numbers import NotDialableError, to_e164
from trunkcall.service.totals import SubmittedTotals
from trunkcall.service.wakeups import Wakeups
from trunkcall.storage.ports.contacts import DialRequestStore

MAX_ATTRIBUTE_BYTES = 32_768
"""Of all attribute keys and values of a contact, in UTF-8 (Amazon Connect API reference)."""


@dataclass(frozen=True, slots=True)
class DialRequestItem:
    """One item as submitted. It is not dialed before ``due_at``; 0 is at once."""

    client_token: str
    phone_number: str
    expires_at: Instant
    attributes: Mapping[str, str]
    due_at: Instant = 0


@dataclass(frozen=True, slots=True)
class AcceptedItem:
    """The item is a contact now, or, if ``known``, was one already under the same client token."""

    client_token: str
    contact_id: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """The item is not a contact, and why. The message is part of a sentence, for its sender."""

    client_token: str
    refusal: InvalidInputError | QuotaExceededError


ItemResult: TypeAlias = AcceptedItem | RefusedItem


class DialRequests:
    """Accepts dial requests."""

    def __init__(
        self,
        store: DialRequestStore,
        campaigns: Campaigns,
        now_of: NowOf,
        new_contact_id: NewId,
        wakeups: Wakeups,
        screening: Screening,
        totals: SubmittedTotals,
        *,
        max_waiting: int,
    ) -> None:
        self._store = store
        self._campaigns = campaigns
        self._now_of = now_of
        self._new_contact_id = new_contact_id
        self._wakeups = wakeups
        self._screening = screening
        self._totals = totals
        self._max_waiting = max_waiting

    async def put_dial_request_batch(self, id_or_arn: str, items: Sequence[DialRequestItem]) -> list[ItemResult]:
        """Accept what can be accepted; the results are in the order of the items.

        When it returns, accepted items survive any crash. Raises NotFoundError, and InvalidCampaignStateError unless
        the campaign is Running.
        """
        campaign = await self._campaigns.describe_campaign(id_or_arn)
        now = self._now_of(campaign.instance_id)
        checked = await self._screened(campaign, [self._check(item, now) for item in items], now)
        requests = [request for request in checked if isinstance(request, DialRequest)]
        stored = await self._store.put_dial_requests(
            campaign.campaign_id, requests, at=now, max_waiting=self._max_waiting
        )
        accepted = iter(stored.accepted)
        results: list[ItemResult] = []
        for item, outcome in zip(items, checked, strict=True):
            if isinstance(outcome, RefusedItem):
                if isinstance(outcome.refusal, NotAllowedError):
                    self._totals.forbidden[campaign.instance_id, outcome.refusal.prohibition] += 1
                results.append(outcome)
                continue
            held = next(accepted)
            if outcome.hold is not None and held is not None and not held.repeated:
                self._totals.held[campaign.instance_id, outcome.hold.reason] += 1
            if held is None:
                full = f"the campaign holds {self._max_waiting} waiting requests; wait and submit it again"
                results.append(RefusedItem(item.client_token, QuotaExceededError(full)))
            else:
                results.append(AcceptedItem(item.client_token, held.contact_id, held.repeated))
        if any(held is not None and not held.repeated for held in stored.accepted):
            self._wakeups.requests_accepted(campaign.instance_id, campaign.campaign_id)
        return results

    async def change_due(self, id_or_arn: str, contact_ids: Collection[str], due_at: Instant) -> int:
        """Have those of these dial requests that wait be due at this instant, 0 for at once; how many do. The dialer
        goes by it at once. Raises NotFoundError."""
        campaign = await self._campaigns.describe_campaign(id_or_arn)
        moved = await self._store.change_due(campaign.campaign_id, contact_ids, due_at=due_at)
        if moved:
            self._wakeups.due_changed(campaign.instance_id, campaign.campaign_id)
        return moved

    async def _screened(
        self, campaign: Campaign, checked: Sequence[DialRequest | RefusedItem], now: Instant
    ) -> list[DialRequest | RefusedItem]:
        """What the calling gate says of those that may be dialed otherwise."""
        people = [Person(each.phone_number, each.attributes) for each in checked if isinstance(each, DialRequest)]
        found = iter(await self._screening.screen(campaign, people, now))
        screened: list[DialRequest | RefusedItem] = []
        for each in checked:
            if isinstance(each, RefusedItem):
                screened.append(each)
                continue
            match next(found):
                case Passed(None, None):
                    screened.append(each)
                case Passed(time_zone, hold):
                    screened.append(replace(each, time_zone=time_zone, hold=hold))
                case refusal:
                    screened.append(RefusedItem(each.client_token or "", refusal))
        return screened

    def _check(self, item: DialRequestItem, now: Instant) -> DialRequest | RefusedItem:
        refusal: InvalidInputError | None = None
        number = item.phone_number
        try:
            number = to_e164(number)
        except NotDialableError as error:
            refusal = error.with_traceback(None)  # it would hold on to this frame
        if not item.client_token:
            refusal = InvalidInputError("{} is empty", Field.CLIENT_TOKEN)
        elif item.expires_at <= now:
            refusal = InvalidInputError(f"{{}} has passed: the instance's time is {_written(now)}", Field.EXPIRES_AT)
        elif item.attributes and bytes_of(item.attributes) > MAX_ATTRIBUTE_BYTES:
            refusal = InvalidInputError(f"attributes are larger than {MAX_ATTRIBUTE_BYTES} bytes")
        if refusal is not None:
            return RefusedItem(item.client_token, refusal)
        contact_id = self._new_contact_id()
        return DialRequest(contact_id, item.client_token, number, item.expires_at, item.attributes, item.due_at)


def _written(at: Instant) -> str:
    return to_datetime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bytes_of(attributes: Mapping[str, str]) -> int:
    """How large attributes are, in bytes of UTF-8; fewer where they are far from ``MAX_ATTRIBUTE_BYTES``."""
    characters = sum(len(key) + len(value) for key, value in attributes.items())
    if characters * 4 <= MAX_ATTRIBUTE_BYTES:
        return characters
    return sum(len(key.encode()) + len(value.encode()) for key, value in attributes.items())
