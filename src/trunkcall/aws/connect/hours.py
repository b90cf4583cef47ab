"""The operations of ``connect`` on hours of operation and their overrides, between the model's names and use cases.

Decides only how members of requests and responses correspond to the domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trunkcall.aws.connect.common import Pages, arn_in, modified
from trunkcall.aws.errors import validation_error
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.hours_of_operation import Day, HoursOfOperation, HoursOverride, OpenHours
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.service.hours import EffectiveHours, Hours

STANDARD = "STANDARD"


class HoursOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, hours: Hours, pages: Pages, scope: Scope) -> None:
        self._hours = hours
        self._pages = pages
        self._scope = scope

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "CreateHoursOfOperation": self.create_hours_of_operation,
            "DescribeHoursOfOperation": self.describe_hours_of_operation,
            "ListHoursOfOperations": self.list_hours_of_operations,
            "UpdateHoursOfOperation": self.update_hours_of_operation,
            "DeleteHoursOfOperation": self.delete_hours_of_operation,
            "CreateHoursOfOperationOverride": self.create_hours_of_operation_override,
            "DescribeHoursOfOperationOverride": self.describe_hours_of_operation_override,
            "ListHoursOfOperationOverrides": self.list_hours_of_operation_overrides,
            "UpdateHoursOfOperationOverride": self.update_hours_of_operation_override,
            "DeleteHoursOfOperationOverride": self.delete_hours_of_operation_override,
            "GetEffectiveHoursOfOperations": self.get_effective_hours_of_operations,
        }

    async def create_hours_of_operation(self, context: RequestContext, request: Json) -> Json:
        if request.get("ParentHoursOfOperationConfigs"):
            raise validation_error(
                "Hours of operation without parents are offered alone. Leave ParentHoursOfOperationConfigs out, and "
                "create the overrides of the parent for these hours as well."
            )
        hours = await self._hours.create_hours_of_operation(
            request["InstanceId"],
            name=request["Name"],
            time_zone=request["TimeZone"],
            config=_open_hours(request["Config"]),
            description=request.get("Description", ""),
            tags=request.get("Tags", {}),
        )
        return {"HoursOfOperationId": hours.hours_of_operation_id, "HoursOfOperationArn": self._arn(request, hours)}

    async def describe_hours_of_operation(self, context: RequestContext, request: Json) -> Json:
        hours = await self._hours.describe_hours_of_operation(request["InstanceId"], request["HoursOfOperationId"])
        return {
            "HoursOfOperation": {
                "HoursOfOperationId": hours.hours_of_operation_id,
                "HoursOfOperationArn": self._arn(request, hours),
                "Name": hours.name,
                "Description": hours.description or None,
                "TimeZone": hours.time_zone,
                "Config": _config(hours.config),
                "Tags": hours.tags,
                **modified(self._scope, hours),
            }
        }

    async def list_hours_of_operations(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        page = await self._hours.list_hours_of_operations(request["InstanceId"], after=after, limit=limit)
        return {
            "HoursOfOperationSummaryList": [
                {
                    "Id": hours.hours_of_operation_id,
                    "Arn": self._arn(request, hours),
                    "Name": hours.name,
                    **modified(self._scope, hours),
                }
                for hours in page.items
            ],
            "NextToken": self._pages.token(context, request, page.after),
        }

    async def update_hours_of_operation(self, context: RequestContext, request: Json) -> None:
        config = request.get("Config")
        await self._hours.update_hours_of_operation(
            request["InstanceId"],
            request["HoursOfOperationId"],
            name=request.get("Name"),
            description=request.get("Description"),
            time_zone=request.get("TimeZone"),
            config=None if config is None else _open_hours(config),
        )

    async def delete_hours_of_operation(self, context: RequestContext, request: Json) -> None:
        await self._hours.delete_hours_of_operation(request["InstanceId"], request["HoursOfOperationId"])

    # --- overrides ----------------------------------------------------------------------------------------------------

    async def create_hours_of_operation_override(self, context: RequestContext, request: Json) -> Json:
        _refuse_recurrence(request)
        override = await self._hours.create_hours_of_operation_override(
            request["InstanceId"],
            request["HoursOfOperationId"],
            name=request["Name"],
            description=request.get("Description", ""),
            config=_open_hours(request["Config"]),
            effective_from=request["EffectiveFrom"],
            effective_till=request["EffectiveTill"],
        )
        return {"HoursOfOperationOverrideId": override.override_id}

    async def describe_hours_of_operation_override(self, context: RequestContext, request: Json) -> Json:
        hours, override = await self._hours.describe_hours_of_operation_override(
            request["InstanceId"], request["HoursOfOperationId"], request["HoursOfOperationOverrideId"]
        )
        return {"HoursOfOperationOverride": self._override(request, hours, override)}

    async def list_hours_of_operation_overrides(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        hours, page = await self._hours.list_hours_of_operation_overrides(
            request["InstanceId"],
            request["HoursOfOperationId"],
            after=after,
            limit=limit,
        )
        return {
            "HoursOfOperationOverrideList": [self._override(request, hours, override) for override in page.items],
            "NextToken": self._pages.token(context, request, page.after),
            **modified(self._scope, hours),
        }

    async def update_hours_of_operation_override(self, context: RequestContext, request: Json) -> None:
        _refuse_recurrence(request)
        config = request.get("Config")
        await self._hours.update_hours_of_operation_override(
            request["InstanceId"],
            request["HoursOfOperationId"],
            request["HoursOfOperationOverrideId"],
            name=request.get("Name"),
            description=request.get("Description"),
            config=None if config is None else _open_hours(config),
            effective_from=request.get("EffectiveFrom"),
            effective_till=request.get("EffectiveTill"),
        )

    async def delete_hours_of_operation_override(self, context: RequestContext, request: Json) -> None:
        await self._hours.delete_hours_of_operation_override(
            request["InstanceId"], request["HoursOfOperationId"], request["HoursOfOperationOverrideId"]
        )

    async def get_effective_hours_of_operations(self, context: RequestContext, request: Json) -> Json:
        hours, days = await self._hours.get_effective_hours_of_operations(
            request["InstanceId"], request["HoursOfOperationId"], first=request["FromDate"], last=request["ToDate"]
        )
        return {
            "EffectiveHoursOfOperationList": [
                {"Date": each.day.isoformat(), "OperationalHours": [_from_until(hours) for hours in each.config]}
                for each in days
            ],
            "EffectiveOverrideHoursList": [
                {"Date": each.day.isoformat(), "OverrideHours": _override_hours(each)}
                for each in days
                if each.overrides
            ],
            "TimeZone": hours.time_zone,
        }

    def _override(self, request: Json, hours: HoursOfOperation, override: HoursOverride) -> dict[str, Any]:
        return {
            "HoursOfOperationOverrideId": override.override_id,
            "HoursOfOperationId": hours.hours_of_operation_id,
            "HoursOfOperationArn": self._arn(request, hours),
            "Name": override.name,
            "Description": override.description or None,
            "Config": _config(override.config),
            "EffectiveFrom": override.effective_from,
            "EffectiveTill": override.effective_till,
            "OverrideType": STANDARD,
        }

    def _arn(self, request: Json, hours: HoursOfOperation) -> str:
        return arn_in(self._scope, request, ResourceKind.HOURS_OF_OPERATION, hours.hours_of_operation_id)


def _refuse_recurrence(request: Json) -> None:
    if "RecurrenceConfig" in request or request.get("OverrideType", STANDARD) != STANDARD:
        raise validation_error(
            "Recurring events are not offered: OverrideType must be STANDARD, and RecurrenceConfig be left out. "
            "Create an override for each time."
        )


def _open_hours(config: Iterable[Json]) -> list[OpenHours]:
    found = []
    for number, each in enumerate(config, 1):
        # The model has them optional in overrides, which without them would say nothing.
        for member in ("Day", "StartTime", "EndTime"):
            if member not in each:
                raise validation_error(f"Config.{number}.member.{member} is required.")
        found.append(OpenHours(Day(each["Day"]), _minute(each["StartTime"]), _minute(each["EndTime"])))
    return found


def _minute(time: Json) -> int:
    minute: int = time["Hours"] * 60 + time["Minutes"]
    return minute


def _time(minute: int) -> Json:
    return {"Hours": minute // 60, "Minutes": minute % 60}


def _config(config: Iterable[OpenHours]) -> list[Json]:
    return [
        {"Day": each.day, "StartTime": _time(each.start_minute), "EndTime": _time(each.end_minute)} for each in config
    ]


def _from_until(hours: OpenHours) -> Json:
    return {"Start": _time(hours.start_minute), "End": _time(hours.end_minute)}


def _override_hours(each: EffectiveHours) -> Sequence[Json]:
    """The hours of each override of a date; one that has none then is closed all day."""
    told: list[Json] = []
    for override in each.overrides:
        hours = [opened for opened in override.config if opened.day is each.weekday]
        told += [
            {**_from_until(opened), "OverrideName": override.name, "OperationalStatus": "OPEN"} for opened in hours
        ]
        if not hours:
            told.append(
                {"Start": _time(0), "End": _time(0), "OverrideName": override.name, "OperationalStatus": "CLOSED"}
            )
    return told
