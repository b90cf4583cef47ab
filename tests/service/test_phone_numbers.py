"""Numbers are found, claimed and given back. If these fail, a simulated call shows a number that somebody has, two
centres show the same one, or one that is shown disappears."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Any

import pytest

from service.centres import NORTH, SOUTH, ContactCentre
from service.support import SCOPE
from trunkcall.domain.errors import ConflictError, InUseError, InvalidInputError, NotFoundError
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.service.fictional_numbers import DID, TOLL_FREE, fiction_of, fictional_numbers
from trunkcall.service.numbers import to_e164
from trunkcall.service.phone_numbers import MAX_OFFERED
from trunkcall.service.queues import OutboundCaller

NUMBER = "+12025550123"


class TestFiction:
    @pytest.mark.parametrize("country", ["US", "CA", "GB", "DE", "FR", "AU"])
    def test_the_numbers_of_a_country_are_possible_and_in_order(self, country: str) -> None:
        numbers = list(fictional_numbers(country, DID))
        assert len(numbers) >= 1000
        assert numbers == sorted(set(numbers))
        for number in numbers[::50]:
            assert to_e164(number) == number
            assert fiction_of(number) == (country, DID)

    def test_they_are_those_that_nobody_is_given(self) -> None:
        assert next(fictional_numbers("US", DID, "+1202")) == "+12025550100"
        assert list(fictional_numbers("US", DID, "+1202"))[-1] == "+12025550199"
        assert next(fictional_numbers("GB", DID, "+4420")) == "+442079460000"
        assert next(fictional_numbers("DE", DID, "+4930")) == "+493023125000"
        assert list(fictional_numbers("US", TOLL_FREE)) == ["+18005550199"]

    @pytest.mark.parametrize(
        "number", ["+12025550099", "+12025550200", "+12025551234", "+442079461000", "+15005550100"]
    )
    def test_a_number_that_somebody_may_have_is_none(self, number: str) -> None:
        assert fiction_of(number) is None

    @pytest.mark.parametrize(
        ("country", "prefix", "number"),
        [("FR", "+3319900", 10_000), ("FR", "+33199001", 1_000), ("FR", "+33199001234", 1), ("FR", "+331990012345", 0)],
    )
    def test_numbers_begin_as_they_are_asked_for(self, country: str, prefix: str, number: int) -> None:
        found = list(fictional_numbers(country, DID, prefix))
        assert len(found) == number
        assert all(each.startswith(prefix) for each in found)

    def test_where_a_search_goes_on_is_of_no_importance(self) -> None:
        numbers = list(islice(fictional_numbers("AU", DID), 20_000))
        for place in (0, 1, 9_999, 10_000, 19_998):
            assert next(fictional_numbers("AU", DID, after=numbers[place])) == numbers[place + 1]


class TestSearch:
    async def test_it_offers_the_same_until_they_are_claimed_by_any_centre(self) -> None:
        centre = await ContactCentre().opened()

        async def offered() -> list[str]:
            page = await centre.numbers.search_available_phone_numbers(
                NORTH, country_code="US", number_type=DID, prefix="+1202", limit=3
            )
            return [number.phone_number for number in page.items]

        first = await offered()
        assert first == ["+12025550100", "+12025550101", "+12025550102"] == await offered()
        await centre.numbers.claim_phone_number(NORTH, first[0])
        await centre.numbers.claim_phone_number(SOUTH, first[1])
        assert await offered() == ["+12025550102", "+12025550103", "+12025550104"]

    async def test_pages_end_with_the_last_number(self) -> None:
        centre = await ContactCentre().opened()
        seen: list[str] = []
        after = None
        while True:
            page = await centre.numbers.search_available_phone_numbers(
                NORTH, country_code="US", number_type=DID, prefix="1202555", after=after, limit=30
            )
            seen += [number.phone_number for number in page.items]
            if (after := page.after) is None:
                break
        assert seen == [f"+1202555{number:04d}" for number in range(100, 200)]

    async def test_whoever_reads_every_page_comes_to_an_end(self) -> None:
        centre = await ContactCentre().opened()
        pages, after = 0, None
        while True:
            page = await centre.numbers.search_available_phone_numbers(
                NORTH, country_code="US", number_type=DID, after=after, limit=10
            )
            assert len(page.items) == 10
            pages += 1
            if (after := page.after) is None:
                break
        assert pages == MAX_OFFERED / 10

    async def test_a_carrier_that_reaches_people_offers_none_and_says_whence_they_come(self) -> None:
        centre = await ContactCentre(offers_fiction=False).opened()
        with pytest.raises(InvalidInputError, match="trunkcall numbers import"):
            await centre.numbers.search_available_phone_numbers(NORTH, country_code="US", number_type=DID, limit=3)
        with pytest.raises(InvalidInputError, match="trunkcall numbers import"):
            await centre.numbers.claim_phone_number(NORTH, NUMBER)


class TestClaims:
    async def test_a_number_is_claimed_once(self) -> None:
        centre = await ContactCentre().opened()
        number = await centre.numbers.claim_phone_number(NORTH, NUMBER, description="Sales", tags={"team": "north"})
        told = await centre.numbers.describe_phone_number(number.phone_number_id)
        assert (told.number, told.country_code, told.instance_id) == (number, "US", NORTH)
        arn = SCOPE.arn("", ResourceKind.PHONE_NUMBER, number.phone_number_id)
        assert await centre.numbers.describe_phone_number(arn) == told
        for instance in (NORTH, SOUTH):
            with pytest.raises(NotFoundError, match="not available"):
                await centre.numbers.claim_phone_number(instance, NUMBER)

    async def test_of_all_who_claim_it_at_once_one_gets_it(self) -> None:
        centre = await ContactCentre().opened()
        claims = (centre.numbers.claim_phone_number(instance, NUMBER) for instance in (NORTH, SOUTH) * 3)
        claimed = await asyncio.gather(*claims, return_exceptions=True)
        assert sum(isinstance(each, NotFoundError) for each in claimed) == 5
        assert (await centre.numbers.list_phone_numbers(limit=10)).total == 1

    async def test_the_same_request_twice_claims_once(self) -> None:
        centre = await ContactCentre().opened()
        first = await centre.numbers.claim_phone_number(NORTH, NUMBER, client_token="token")
        assert await centre.numbers.claim_phone_number(NORTH, NUMBER, client_token="token") == first
        with pytest.raises(ConflictError):
            await centre.numbers.claim_phone_number(NORTH, "+12025550124", client_token="token")

    async def test_a_number_that_is_not_offered_cannot_be_claimed(self) -> None:
        centre = await ContactCentre().opened()
        with pytest.raises(NotFoundError):
            await centre.numbers.claim_phone_number(NORTH, "+12025551234")


class TestImport:
    async def test_numbers_of_ones_own_trunks_come_once(self) -> None:
        centre = await ContactCentre(offers_fiction=False).opened()
        first = await centre.numbers.import_phone_numbers(NORTH, ["+49-30-901820", "+18002255288"])
        assert [(each.phone_number, each.country_code, each.number_type) for each in first.new] == [
            ("+4930901820", "DE", DID),
            ("+18002255288", "US", TOLL_FREE),
        ]
        second = await centre.numbers.import_phone_numbers(NORTH, ["+4930901820", "+4930901821", "+4930901821"])
        assert [each.phone_number for each in second.new] == ["+4930901821"]
        assert second.known == first.new[:1]

    async def test_one_that_cannot_be_dialed_stops_all_and_is_not_repeated(self) -> None:
        centre = await ContactCentre().opened()
        with pytest.raises(InvalidInputError, match="Number 2") as refusal:
            await centre.numbers.import_phone_numbers(NORTH, ["+4930901820", "030901821"])
        assert "030901821" not in str(refusal.value)
        assert not (await centre.directory()).phone_numbers

    async def test_another_centres_number_is_not_imported(self) -> None:
        centre = await ContactCentre().opened()
        await centre.numbers.import_phone_numbers(SOUTH, ["+4930901820"])
        with pytest.raises(InvalidInputError, match="Another instance"):
            await centre.numbers.import_phone_numbers(NORTH, ["+4930901820"])


class TestRelease:
    async def test_a_number_that_is_shown_stays(self) -> None:
        centre = await ContactCentre().opened()
        number = await centre.numbers.claim_phone_number(NORTH, NUMBER)
        queue = await centre.queue(caller=OutboundCaller(number_id=number.phone_number_id))
        with pytest.raises(InUseError, match=f"The queue {queue.queue_id} shows the number"):
            await centre.numbers.release_phone_number(number.phone_number_id)
        await centre.queues.update_queue_outbound_caller_config(NORTH, queue.queue_id, OutboundCaller())
        campaign = await centre.campaign(shows=NUMBER)
        with pytest.raises(InUseError, match="campaign"):
            await centre.numbers.release_phone_number(number.phone_number_id)
        await centre.campaigns.delete_campaign(campaign.campaign_id)
        await centre.numbers.release_phone_number(number.phone_number_id)
        with pytest.raises(NotFoundError):
            await centre.numbers.describe_phone_number(number.phone_number_id)
        await centre.numbers.claim_phone_number(SOUTH, NUMBER)


class TestLists:
    async def test_they_are_told_by_centre_country_type_and_beginning(self) -> None:
        centre = await ContactCentre().opened()
        berlin = (await centre.numbers.claim_phone_number(NORTH, "+493023125000")).phone_number
        free = (await centre.numbers.claim_phone_number(NORTH, "+18005550199")).phone_number
        washington = (await centre.numbers.claim_phone_number(SOUTH, NUMBER)).phone_number

        async def listed(instance: str | None = None, **asked: Any) -> list[str]:
            page = await centre.numbers.list_phone_numbers(instance, limit=10, **asked)
            return [told.number.phone_number for told in page.items]

        assert await listed() == [berlin, free, washington]
        assert await listed(NORTH) == [berlin, free]
        assert await listed(country_codes=["US"]) == [free, washington]
        assert await listed(number_types=[TOLL_FREE]) == [free]
        assert await listed(prefix="+1202") == await listed(prefix="1202") == [washington]
