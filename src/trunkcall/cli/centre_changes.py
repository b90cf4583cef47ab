"""What has to be changed so that an instance looks like a file, and how.

Decides what is made, changed and removed, in which order, and what the file may name. It is an ordinary client of the
API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trunkcall.cli.agents import password_of
from trunkcall.cli.centre import Centre
from trunkcall.cli.centre_file import TABLES, CentreFile, CentreFileError, Override
from trunkcall.cli.centre_state import State
from trunkcall.cli.client import trunkcall_client
from trunkcall.domain.errors import did_you_mean

MADE, CHANGED, REMOVED = "+", "~", "-"
NOUNS = {
    "statuses": "status",
    "hours": "hours",
    "numbers": "number",
    "flows": "flow",
    "queues": "queue",
    "routing_profiles": "routing profile",
    "agents": "agent",
    "security_profiles": "security profile",
}
_STAYS = frozenset({"statuses"})
"""Kinds that have no operation by which one goes."""
_AT_ONCE = 10
"""Queues of a routing profile in one request."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is made, changed or removed; ``keys`` are those that are set."""

    sign: str
    kind: str
    name: str
    keys: Mapping[str, Any]


def check_names(file: CentreFile, state: State) -> None:
    """Raises CentreFileError if the file names something that is neither in it nor in the instance."""
    for kind, name, place in _named_in(file):
        there = {*state[kind], *file.things.get(kind, {})}
        if name not in there:
            raise CentreFileError(
                f"{place}: there is no {NOUNS[kind]} {name!r}, here or in the instance.{did_you_mean(name, there)}"
            )
    for name, wanted in file.things.get("routing_profiles", {}).items():
        if not (name in state["routing_profiles"] or state["queues"] or file.things.get("queues")):
            raise CentreFileError(f"{wanted.places['']} needs a queue, and there is none, here or in the instance.")


def _named_in(file: CentreFile) -> Iterator[tuple[str, str, str]]:
    """What tables of the file name: its kind and its name, and the place where it stands."""
    for kind, wanted in ((kind, each) for kind, those in file.things.items() for each in those.values()):
        for key, value in wanted.values.items():
            named = TABLES[kind][key].names
            if named is not None:
                yield from ((named, name, wanted.places[key]) for name in _names_in(value))


def _names_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return sorted(each if isinstance(each, str) else each[0] for each in value)


def changes_of(file: CentreFile, state: State, *, prune: bool) -> list[Change]:
    """What has to be changed, in the order in which it is to be done. With ``prune``, whatever the file does not name
    of a kind that it speaks of is removed; what another of its tables names stays."""
    named = {(kind, name) for kind, name, _ in _named_in(file)}
    found = []
    for kind in TABLES:
        for name, wanted in file.things.get(kind, {}).items():
            there = state[kind].get(name)
            if there is None:
                found.append(Change(MADE, kind, name, wanted.values))
                continue
            other = {key: value for key, value in wanted.values.items() if not _same(there.values.get(key), value, key)}
            if other:
                found.append(Change(CHANGED, kind, name, other))
    for kind in reversed(tuple(TABLES)) if prune else ():
        if kind in file.things and kind not in _STAYS:
            stay = {name for name in state[kind] if name in file.things[kind] or (kind, name) in named}
            if kind == "flows":
                stay |= _flows_in_contents(file, state)
            found += [Change(REMOVED, kind, name, {}) for name in state[kind] if name not in stay]
    return found


def _flows_in_contents(file: CentreFile, state: State) -> set[str]:
    """The flows that flows of the file name by their ids, to go on to or for a hook."""
    contents = [each.values["content"] for each in file.things["flows"].values()]
    return {name for name, flow in state["flows"].items() if flow.id and any(flow.id in each for each in contents)}


def _same(there: Any, wanted: Any, key: str) -> bool:
    if key == "content" and there:
        return bool(json.loads(there.removeprefix("\ufeff")) == json.loads(wanted))
    return bool(there == wanted)


class Applying:
    """Makes changes, one by one. What is made can be named by the next."""

    def __init__(self, centre: Centre, state: State, file: CentreFile) -> None:
        self._centre = centre
        self._client = centre.client
        self._instance = {"InstanceId": centre.instance_id}
        self._state = state
        self._file = file
        self._ids = {(kind, name): thing.id for kind, those in state.items() for name, thing in those.items()}

    def apply(self, change: Change) -> None:
        """Make one change. Raises what the client does."""
        match change.sign:
            case "+":
                self._ids[change.kind, change.name] = self._make(change.kind, change.name, change.keys)
            case "~":
                self._change(change.kind, self._ids[change.kind, change.name], change)
            case _:
                if change.kind == "queues":
                    self._part_with(change.name)
                self._remove(change.kind, self._ids[change.kind, change.name])

    def _id(self, kind: str, name: str) -> str:
        return self._ids[kind, name]

    def _make(self, kind: str, name: str, keys: Mapping[str, Any]) -> str:
        client = self._client
        named = {**self._instance, "Name": name, **_given(keys, Description="description")}
        match kind:
            case "statuses":
                state = "ENABLED" if keys.get("enabled", True) else "DISABLED"
                order = _given(keys, DisplayOrder="order")
                made = client.create_agent_status(**named, State=state, **order)["AgentStatusId"]
            case "hours":
                made = client.create_hours_of_operation(
                    **named, TimeZone=keys["time_zone"], Config=_config(keys["open"])
                )["HoursOfOperationId"]
                self._change_overrides(made, keys.get("overrides", frozenset()))
            case "numbers":
                own = trunkcall_client(self._centre.where)
                answer = own.import_phone_numbers(connectInstanceId=self._centre.instance_id, phoneNumbers=[name])
                made = (*answer["imported"], *answer["known"])[0]["phoneNumberId"]
            case "flows":
                flow = {"Type": "CONTACT_FLOW", "Content": keys["content"]}
                made = client.create_contact_flow(**named, **flow)["ContactFlowId"]
            case "queues":
                made = client.create_queue(
                    **named,
                    HoursOfOperationId=self._id("hours", keys["hours"]),
                    OutboundCallerConfig=self._caller(keys),
                    **_given(keys, MaxContacts="max_contacts"),
                )["QueueId"]
                if not keys.get("enabled", True):
                    client.update_queue_status(**self._instance, QueueId=made, Status="DISABLED")
            case "routing_profiles":
                made = self._make_profile(name, keys)
            case _:
                made = client.create_user(
                    **self._instance,
                    Username=name,
                    RoutingProfileId=self._id("routing_profiles", keys["routing_profile"]),
                    SecurityProfileIds=self._security(keys.get("security_profiles", {"Agent"})),
                    IdentityInfo=_identity(keys),
                    PhoneConfig=_phone({"auto_accept": True, **keys}),
                    **password_of(self._centre),
                )["UserId"]
        return str(made)

    def _make_profile(self, name: str, keys: Mapping[str, Any]) -> str:
        queues = self._served(keys["queues"])
        made: str = self._client.create_routing_profile(
            **self._instance,
            Name=name,
            Description=keys.get("description", name),
            DefaultOutboundQueueId=self._id("queues", self._default_queue(keys["queues"])),
            MediaConcurrencies=[{"Channel": "VOICE", "Concurrency": 1}],
            **({"QueueConfigs": queues[:_AT_ONCE]} if queues else {}),
        )["RoutingProfileId"]
        self._associate(made, queues[_AT_ONCE:])
        return made

    def _default_queue(self, served: frozenset[tuple[str, int, int]]) -> str:
        """The queue that a profile has as its default outbound queue: the first of those that it serves, or else any
        that stays."""
        first = [name for name, *_ in sorted(served, key=lambda each: (each[1], each[2], each[0]))]
        return (first + list(self._file.things.get("queues", ())) + list(self._state["queues"]))[0]

    def _part_with(self, queue: str) -> None:
        """Give profiles of the file another default outbound queue than one that goes."""
        for name, wanted in self._file.things.get("routing_profiles", {}).items():
            there = self._state["routing_profiles"].get(name)
            if there is not None and there.values["default_queue"] == queue:
                self._client.update_routing_profile_default_outbound_queue(
                    **self._instance,
                    RoutingProfileId=there.id,
                    DefaultOutboundQueueId=self._id("queues", self._default_queue(wanted.values["queues"])),
                )

    def _change(self, kind: str, thing_id: str, change: Change) -> None:
        client, instance, keys = self._client, self._instance, change.keys
        now = {**self._state[kind][change.name].values, **keys}
        description = _given(keys, Description="description")
        match kind:
            case "statuses":
                state = {"State": "ENABLED" if keys["enabled"] else "DISABLED"} if "enabled" in keys else {}
                order = _given(keys, DisplayOrder="order")
                client.update_agent_status(**instance, AgentStatusId=thing_id, **description, **state, **order)
            case "hours":
                config = {"Config": _config(keys["open"])} if "open" in keys else {}
                other = {**description, **_given(keys, TimeZone="time_zone"), **config}
                if other:
                    client.update_hours_of_operation(**instance, HoursOfOperationId=thing_id, **other)
                if "overrides" in keys:
                    self._change_overrides(thing_id, keys["overrides"])
            case "flows":
                flow = {**instance, "ContactFlowId": thing_id}
                if description:
                    client.update_contact_flow_name(**flow, **description)
                if "content" in keys:
                    client.update_contact_flow_content(**flow, Content=keys["content"])
            case "queues":
                self._change_queue({**instance, "QueueId": thing_id}, keys, now)
            case "routing_profiles":
                if description:
                    client.update_routing_profile_name(**instance, RoutingProfileId=thing_id, **description)
                if "queues" in keys:
                    self._change_served(thing_id, self._state[kind][change.name].values["queues"], keys["queues"])
            case "agents":
                self._change_agent({**instance, "UserId": thing_id}, keys, now)
            case _:
                raise AssertionError(f"{kind} have nothing that could be changed")

    def _change_overrides(self, hours_id: str, wanted: frozenset[Override]) -> None:
        client, hours = self._client, {**self._instance, "HoursOfOperationId": hours_id}
        there = {each["Name"]: each["HoursOfOperationOverrideId"] for each in self._centre.overrides(hours_id)}
        # First those that go: there can be only so many.
        for name in there.keys() - {each.name for each in wanted}:
            client.delete_hours_of_operation_override(**hours, HoursOfOperationOverrideId=there[name])
        for each in sorted(wanted, key=lambda override: (override.first, override.name)):
            told = {"EffectiveFrom": each.first, "EffectiveTill": each.last, "Config": _config(each.open)}
            if each.name in there:
                client.update_hours_of_operation_override(**hours, HoursOfOperationOverrideId=there[each.name], **told)
            else:
                client.create_hours_of_operation_override(**hours, Name=each.name, **told)

    def _change_queue(self, queue: dict[str, str], keys: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        client = self._client
        if "description" in keys:
            client.update_queue_name(**queue, Description=keys["description"])
        if "hours" in keys:
            client.update_queue_hours_of_operation(**queue, HoursOfOperationId=self._id("hours", keys["hours"]))
        if "number" in keys or "flow" in keys:
            config = client.describe_queue(**queue)["Queue"].get("OutboundCallerConfig", {})
            client.update_queue_outbound_caller_config(**queue, OutboundCallerConfig={**config, **self._caller(now)})
        if "max_contacts" in keys:
            client.update_queue_max_contacts(**queue, MaxContacts=keys["max_contacts"])
        if "enabled" in keys:
            client.update_queue_status(**queue, Status="ENABLED" if keys["enabled"] else "DISABLED")

    def _change_served(self, profile_id: str, there: frozenset[Any], wanted: frozenset[Any]) -> None:
        names = {served[0] for served in wanted}
        gone = sorted(served[0] for served in there if served[0] not in names)
        self._associate(profile_id, self._served(wanted - there))
        for first in range(0, len(gone), _AT_ONCE):
            self._client.disassociate_routing_profile_queues(
                **self._instance,
                RoutingProfileId=profile_id,
                QueueReferences=[
                    {"QueueId": self._id("queues", name), "Channel": "VOICE"} for name in gone[first : first + _AT_ONCE]
                ],
            )

    def _change_agent(self, user: dict[str, str], keys: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        client = self._client
        if "routing_profile" in keys:
            profile_id = self._id("routing_profiles", keys["routing_profile"])
            client.update_user_routing_profile(**user, RoutingProfileId=profile_id)
        if "security_profiles" in keys:
            client.update_user_security_profiles(**user, SecurityProfileIds=self._security(keys["security_profiles"]))
        if keys.keys() & {"first_name", "last_name", "email"}:
            client.update_user_identity_info(**user, IdentityInfo=_identity(now))
        if keys.keys() & {"after_contact_work", "auto_accept", "persistent_connection"}:
            client.update_user_phone_config(**user, PhoneConfig=_phone(now))

    def _remove(self, kind: str, thing_id: str) -> None:
        client, instance = self._client, self._instance
        match kind:
            case "hours":
                client.delete_hours_of_operation(**instance, HoursOfOperationId=thing_id)
            case "numbers":
                client.release_phone_number(PhoneNumberId=thing_id)
            case "flows":
                client.delete_contact_flow(**instance, ContactFlowId=thing_id)
            case "queues":
                client.delete_queue(**instance, QueueId=thing_id)
            case "routing_profiles":
                client.delete_routing_profile(**instance, RoutingProfileId=thing_id)
            case _:
                client.delete_user(**instance, UserId=thing_id)

    def _associate(self, profile_id: str, queues: list[dict[str, Any]]) -> None:
        for first in range(0, len(queues), _AT_ONCE):
            self._client.associate_routing_profile_queues(
                **self._instance, RoutingProfileId=profile_id, QueueConfigs=queues[first : first + _AT_ONCE]
            )

    def _served(self, queues: frozenset[Any]) -> list[dict[str, Any]]:
        return [
            {
                "QueueReference": {"QueueId": self._id("queues", name), "Channel": "VOICE"},
                "Priority": priority,
                "Delay": delay,
            }
            for name, priority, delay in sorted(queues, key=lambda served: (served[1], served[0]))
        ]

    def _security(self, names: Any) -> list[str]:
        return [self._id("security_profiles", name) for name in sorted(names)]

    def _caller(self, keys: Mapping[str, Any]) -> dict[str, str]:
        found = {}
        if keys.get("number"):
            found["OutboundCallerIdNumberId"] = self._id("numbers", keys["number"])
        if keys.get("flow"):
            found["OutboundFlowId"] = self._id("flows", keys["flow"])
        return found


def _given(keys: Mapping[str, Any], **members: str) -> dict[str, Any]:
    """Members of the API with the keys' values, as far as they are given."""
    return {member: keys[key] for member, key in members.items() if key in keys}


def _identity(keys: Mapping[str, Any]) -> dict[str, str]:
    members = {"FirstName": "first_name", "LastName": "last_name", "Email": "email"}
    return {member: keys[key] for member, key in members.items() if keys.get(key)}


def _phone(keys: Mapping[str, Any]) -> dict[str, Any]:
    desk = keys.get("desk_phone")
    return {
        "PhoneType": "DESK_PHONE" if desk else "SOFT_PHONE",
        "AutoAccept": keys["auto_accept"],
        "AfterContactWorkTimeLimit": keys.get("after_contact_work", 0),
        "PersistentConnection": keys.get("persistent_connection", False),
        **({"DeskPhoneNumber": desk} if desk else {}),
    }


def _config(hours: frozenset[tuple[str, int, int]]) -> list[dict[str, Any]]:
    return [
        {
            "Day": day,
            "StartTime": {"Hours": start // 60, "Minutes": start % 60},
            "EndTime": {"Hours": end // 60, "Minutes": end % 60},
        }
        for day, start, end in sorted(hours)
    ]
