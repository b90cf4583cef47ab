"""What there is in an instance, in the words of the file that says what it should look like.

Decides how members of the API correspond to keys of the file. It is an ordinary client of the API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trunkcall.cli.centre import Centre, Named
from trunkcall.cli.centre_file import DAYS, CentreFile, Override
from trunkcall.flows.content import DEFAULT_FLOWS

State = dict[str, dict[str, "Thing"]]
"""What there is, by kind and name."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that there is. ``values`` are by the keys of the file, for things that the file speaks of."""

    id: str
    values: Mapping[str, Any] = field(default_factory=dict)


def new_instance() -> State:
    """What every new instance has, so that it is known before there is one."""
    known: dict[str, dict[str, dict[str, Any]]] = {
        "statuses": {
            name: {"enabled": True, "order": place}
            for place, name in enumerate(("Available", "Offline", "Break"), start=1)
        },
        "hours": {
            "Basic Hours": {
                "time_zone": "UTC",
                "open": frozenset((day, 0, 0) for day in DAYS),
                "overrides": frozenset(),
            }
        },
        "numbers": {},
        "flows": {name: {"content": content} for name, content in DEFAULT_FLOWS.items()},
        "queues": {"BasicQueue": {"hours": "Basic Hours", "enabled": True}},
        "routing_profiles": {"Basic Routing Profile": {"queues": frozenset({("BasicQueue", 1, 0)})}},
        "agents": {},
        "security_profiles": {name: {} for name in ("Admin", "Agent", "CallCenterManager", "QualityAnalyst")},
    }
    return {
        kind: {name: Thing("", {"name": name, **values}) for name, values in those.items()}
        for kind, those in known.items()
    }


def read_state(centre: Centre, file: CentreFile) -> State:
    """What there is; of what the file speaks of, all that it may say of it. Raises what the client does."""
    listed = {
        "statuses": centre.statuses(),
        "hours": centre.hours(),
        "numbers": centre.numbers(),
        "flows": centre.flows(),
        "queues": centre.queues(),
        "routing_profiles": centre.routing_profiles(),
        "agents": centre.users(),
        "security_profiles": centre.security_profiles(),
    }
    names = {each.id: each.name for those in listed.values() for each in those}
    return {
        kind: {
            each.name: Thing(each.id, _values(centre, kind, each, names) if _speaks_of(file, kind, each) else {})
            for each in those
        }
        for kind, those in listed.items()
    }


def _speaks_of(file: CentreFile, kind: str, thing: Named) -> bool:
    return thing.name in file.things.get(kind, {})


def _values(centre: Centre, kind: str, thing: Named, names: Mapping[str, str]) -> dict[str, Any]:
    client, instance = centre.client, {"InstanceId": centre.instance_id}
    match kind:
        case "statuses":
            found = client.describe_agent_status(**instance, AgentStatusId=thing.id)["AgentStatus"]
            values = {"enabled": found["State"] == "ENABLED", "order": found.get("DisplayOrder")}
        case "hours":
            found = client.describe_hours_of_operation(**instance, HoursOfOperationId=thing.id)["HoursOfOperation"]
            overrides = frozenset(
                Override(each["Name"], each["EffectiveFrom"], each["EffectiveTill"], _open(each["Config"]))
                for each in centre.overrides(thing.id)
            )
            values = {"time_zone": found["TimeZone"], "open": _open(found["Config"]), "overrides": overrides}
        case "numbers":
            return {"number": thing.name}
        case "flows":
            try:
                found = client.describe_contact_flow(**instance, ContactFlowId=thing.id)["ContactFlow"]
            except client.exceptions.ContactFlowNotPublishedException:
                # One that is only saved is no flow for a campaign: its content is as good as none.
                found = {"Content": ""}
            values = {"content": found["Content"]}
        case "queues":
            found = client.describe_queue(**instance, QueueId=thing.id)["Queue"]
            caller = found.get("OutboundCallerConfig", {})
            values = {
                "hours": names.get(found.get("HoursOfOperationId", "")),
                "number": names.get(caller.get("OutboundCallerIdNumberId", "")),
                "flow": names.get(caller.get("OutboundFlowId", "")),
                "max_contacts": found.get("MaxContacts"),
                "enabled": found["Status"] == "ENABLED",
            }
        case "routing_profiles":
            found = client.describe_routing_profile(**instance, RoutingProfileId=thing.id)["RoutingProfile"]
            served = centre.queues_of_profile(thing.id)
            values = {
                "queues": frozenset((each["QueueName"], each["Priority"], each["Delay"]) for each in served),
                "default_queue": names.get(found.get("DefaultOutboundQueueId", "")),
            }
        case _:
            return _agent(client.describe_user(**instance, UserId=thing.id)["User"], names)
    return {**values, "name": thing.name, "description": found.get("Description")}


def _agent(found: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    who, phone = found.get("IdentityInfo", {}), found["PhoneConfig"]
    return {
        "name": found["Username"],
        "routing_profile": names.get(found["RoutingProfileId"]),
        "security_profiles": frozenset(names.get(each, each) for each in found["SecurityProfileIds"]),
        "first_name": who.get("FirstName"),
        "last_name": who.get("LastName"),
        "email": who.get("Email"),
        "after_contact_work": phone["AfterContactWorkTimeLimit"],
        "auto_accept": phone["AutoAccept"],
        "persistent_connection": phone.get("PersistentConnection", False),
        "desk_phone": phone.get("DeskPhoneNumber"),
    }


def _open(config: Sequence[Mapping[str, Any]]) -> frozenset[tuple[str, int, int]]:
    return frozenset((each["Day"], _minute(each["StartTime"]), _minute(each["EndTime"])) for each in config)


def _minute(time: Mapping[str, int]) -> int:
    return time["Hours"] * 60 + time["Minutes"]
