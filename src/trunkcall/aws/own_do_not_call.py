"""The operations of Trunkcall's own service that are about do-not-call lists, one small function each.

Decides only how members of requests and responses correspond to the use cases.
"""

from __future__ import annotations

from datetime import date

from trunkcall.aws.errors import validation_error
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.do_not_call import DoNotCallList, ListKind, ListTrouble
from trunkcall.service.do_not_call import DoNotCall


class DoNotCallOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, lists: DoNotCall) -> None:
        self._lists = lists

    def handlers(self) -> dict[str, Handler]:
        """Every operation, by its name in the model."""
        return {
            "AddDoNotCallEntries": self.add_do_not_call_entries,
            "AppendDoNotCallImport": self.append_do_not_call_import,
            "BeginDoNotCallImport": self.begin_do_not_call_import,
            "CreateDoNotCallList": self.create_do_not_call_list,
            "DeleteDoNotCallList": self.delete_do_not_call_list,
            "FinishDoNotCallImport": self.finish_do_not_call_import,
            "GetDoNotCallEntries": self.get_do_not_call_entries,
            "ListDoNotCallLists": self.list_do_not_call_lists,
            "RemoveDoNotCallEntries": self.remove_do_not_call_entries,
            "UpdateDoNotCallList": self.update_do_not_call_list,
        }

    async def create_do_not_call_list(self, context: RequestContext, request: Json) -> Json:
        made = await self._lists.create_do_not_call_list(
            request["connectInstanceId"],
            request["name"],
            ListKind(request.get("kind") or ListKind.OPT_OUTS),
            campaign_ids=request.get("campaignIds") or (),
            max_age_days=request.get("maxAgeDays"),
        )
        return {"list": _list(made, None)}

    async def list_do_not_call_lists(self, context: RequestContext, request: Json) -> Json:
        found = await self._lists.list_do_not_call_lists(
            request["connectInstanceId"], deleted=request.get("deleted") or False
        )
        return {"lists": [_list(told.of, told.trouble) for told in found]}

    async def update_do_not_call_list(self, context: RequestContext, request: Json) -> Json:
        told = await self._lists.update_do_not_call_list(
            request["connectInstanceId"],
            request["listName"],
            name=request.get("name"),
            description=request.get("description"),
            max_age_days=request.get("maxAgeDays"),
            campaign_ids=request.get("campaignIds"),
        )
        return {"list": _list(told.of, told.trouble)}

    async def delete_do_not_call_list(self, context: RequestContext, request: Json) -> Json:
        deleted = await self._lists.delete_do_not_call_list(
            request["connectInstanceId"], request["listName"], by=context.access_key_id
        )
        return {"list": _list(deleted, None)}

    async def add_do_not_call_entries(self, context: RequestContext, request: Json) -> Json:
        done = await self._lists.add_do_not_call_entries(
            request["connectInstanceId"],
            request["phoneNumbers"],
            list_name=request["listName"],
            source=request["source"],
            reason=request.get("reason") or "",
        )
        return {"added": done.changed, "known": done.unchanged}

    async def remove_do_not_call_entries(self, context: RequestContext, request: Json) -> Json:
        done = await self._lists.remove_do_not_call_entries(
            request["connectInstanceId"], request["phoneNumbers"], list_name=request["listName"]
        )
        return {"removed": done.changed, "unknown": done.unchanged}

    async def get_do_not_call_entries(self, context: RequestContext, request: Json) -> Json:
        found = await self._lists.get_do_not_call_entries(request["connectInstanceId"], request["phoneNumber"])
        return {
            "entries": [
                {
                    "listName": entry.list_name,
                    "since": entry.origin.at,
                    "source": entry.origin.source,
                    "reason": entry.origin.reason,
                }
                for entry in found
            ]
        }

    async def begin_do_not_call_import(self, context: RequestContext, request: Json) -> Json:
        number = await self._lists.begin_do_not_call_import(
            request["connectInstanceId"],
            request["listName"],
            source=request["source"],
            reason=request.get("reason") or "",
            as_of=_date(request.get("asOf")),
            replaces=request.get("replaces") or False,
        )
        return {"importNumber": number}

    async def append_do_not_call_import(self, context: RequestContext, request: Json) -> None:
        await self._lists.append_do_not_call_import(
            request["connectInstanceId"], request["importNumber"], request["phoneNumbers"]
        )

    async def finish_do_not_call_import(self, context: RequestContext, request: Json) -> Json:
        found = await self._lists.finish_do_not_call_import(request["connectInstanceId"], request["importNumber"])
        return {"parts": found.parts, "left": found.left, "entries": found.entries}


def _date(written: str | None) -> date | None:
    try:
        return None if written is None else date.fromisoformat(written)
    except ValueError:
        raise validation_error("asOf must be a date as 2026-11-30.") from None


def _list(found: DoNotCallList, trouble: ListTrouble | None) -> Json:
    return {
        "name": found.name,
        "number": found.list_number,
        "kind": found.list_kind,
        "campaignIds": list(found.campaign_ids),
        "maxAgeDays": found.max_age_days,
        "asOf": None if found.as_of is None else found.as_of.isoformat(),
        "version": found.version,
        "entries": found.entries,
        "trouble": trouble,
        "description": found.description or None,
        "deletedTime": found.deleted_at,
        "deletedBy": found.deleted_by or None,
    }
