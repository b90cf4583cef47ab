"""The operations of ``connect`` on phone numbers, between the model's names and use cases.

Decides only how members of requests and responses correspond to the domain. Numbers belong to instances alone: there
are no traffic distribution groups.
"""

from __future__ import annotations

from typing import Final

from trunkcall.aws.connect.common import Pages
from trunkcall.aws.errors import validation_error
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.service.phone_numbers import PhoneNumbers, ToldNumber

MAX_AVAILABLE: Final = 10


class PhoneNumberOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, numbers: PhoneNumbers, pages: Pages, scope: Scope) -> None:
        self._numbers = numbers
        self._pages = pages
        self._scope = scope

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "SearchAvailablePhoneNumbers": self.search_available_phone_numbers,
            "ClaimPhoneNumber": self.claim_phone_number,
            "DescribePhoneNumber": self.describe_phone_number,
            "ListPhoneNumbersV2": self.list_phone_numbers_v2,
            "ReleasePhoneNumber": self.release_phone_number,
        }

    async def search_available_phone_numbers(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request, MAX_AVAILABLE)
        page = await self._numbers.search_available_phone_numbers(
            self._instance(request),
            country_code=request["PhoneNumberCountryCode"],
            number_type=request["PhoneNumberType"],
            prefix=request.get("PhoneNumberPrefix", ""),
            after=after,
            limit=limit,
        )
        return {
            "AvailableNumbersList": [
                {
                    "PhoneNumber": number.phone_number,
                    "PhoneNumberCountryCode": number.country_code,
                    "PhoneNumberType": number.number_type,
                }
                for number in page.items
            ],
            "NextToken": self._pages.token(context, request, page.after),
        }

    async def claim_phone_number(self, context: RequestContext, request: Json) -> Json:
        number = await self._numbers.claim_phone_number(
            self._instance(request),
            request["PhoneNumber"],
            description=request.get("PhoneNumberDescription", ""),
            tags=request.get("Tags", {}),
            client_token=request.get("ClientToken"),
        )
        return {"PhoneNumberId": number.phone_number_id, "PhoneNumberArn": self._arn(number)}

    async def describe_phone_number(self, context: RequestContext, request: Json) -> Json:
        told = await self._numbers.describe_phone_number(request["PhoneNumberId"])
        return {
            "ClaimedPhoneNumberSummary": {
                **self._told(told),
                "Tags": told.number.tags,
                "PhoneNumberStatus": {"Status": "CLAIMED"},
            }
        }

    async def list_phone_numbers_v2(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        is_named = request.get("TargetArn") is not None or request.get("InstanceId") is not None
        page = await self._numbers.list_phone_numbers(
            self._instance(request) if is_named else None,
            country_codes=request.get("PhoneNumberCountryCodes", ()),
            number_types=request.get("PhoneNumberTypes", ()),
            prefix=request.get("PhoneNumberPrefix", ""),
            after=after,
            limit=limit,
        )
        return {
            "ListPhoneNumbersSummaryList": [self._told(told) for told in page.items],
            "NextToken": self._pages.token(context, request, page.after),
        }

    async def release_phone_number(self, context: RequestContext, request: Json) -> None:
        await self._numbers.release_phone_number(request["PhoneNumberId"])

    def _instance(self, request: Json) -> str:
        """The instance that one of two members names."""
        target, instance_id = request.get("TargetArn"), request.get("InstanceId")
        if target is None and instance_id is None:
            raise validation_error("A TargetArn or an InstanceId is required.")
        if target is not None and instance_id is not None:
            raise validation_error("A TargetArn and an InstanceId must not both be given.")
        return str(instance_id if target is None else target)

    def _arn(self, number: PhoneNumber) -> str:
        return self._scope.arn("", ResourceKind.PHONE_NUMBER, number.phone_number_id)

    def _told(self, told: ToldNumber) -> Json:
        number = told.number
        return {
            "PhoneNumberId": number.phone_number_id,
            "PhoneNumberArn": self._arn(number),
            "PhoneNumber": number.phone_number,
            "PhoneNumberCountryCode": told.country_code or None,
            "PhoneNumberType": number.number_type,
            "PhoneNumberDescription": number.description or None,
            "TargetArn": self._scope.instance_arn(told.instance_id),
            "InstanceId": told.instance_id,
        }
