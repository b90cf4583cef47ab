"""Facts to and from the JSON documents that an SQLite store keeps of them.

Decides what the document of each kind holds: all that id and name do not say. A member that is not there, because an
older version wrote the document, has its default, and one that a newer version has put in is passed over. What cannot
be read of a document is as good as not there, and concerns that fact alone; where that could have somebody dialed, or
given a contact, who should not be, it is read so that nobody is. It must not know rows or who reads facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any, TypeVar, assert_never

import msgspec

from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Fact
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.hours_of_operation import Day, HoursOfOperation, HoursOverride, OpenHours
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, ServedQueue, alike
from trunkcall.domain.trunk import MIN_ATTEMPTS_PER_S, Trunk
from trunkcall.domain.user import Agent, PhoneConfig
from trunkcall.domain.user_status import UserStatus, UserStatusType

E = TypeVar("E", bound=StrEnum)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode

_NAMED = {
    FactKind.QUEUE: ("queue_id", "name"),
    FactKind.CONTACT_FLOW: ("contact_flow_id", "name"),
    FactKind.PHONE_NUMBER: ("phone_number_id", "phone_number"),
    FactKind.ROUTING_PROFILE: ("routing_profile_id", "name"),
    FactKind.AGENT: ("agent_id", "username"),
    FactKind.TRUNK: ("trunk_id",),
    FactKind.HOURS_OF_OPERATION: ("hours_of_operation_id", "name"),
    FactKind.AGENT_STATUS: ("status_id", "name"),
}
"""What of each kind has columns of its own: id, and name."""


def document_of(fact: Fact) -> str:
    """What id and name do not say of the fact, as a JSON object: each field by its name."""
    members = asdict(fact)
    for name in _NAMED[fact.kind]:
        del members[name]
    return _encode(members).decode()


def fact_of(kind: FactKind, fact_id: str, name: str, document: Any) -> Fact:
    """The fact of this id and name, whatever its document holds."""
    members = _members(document)
    match kind:
        case FactKind.QUEUE:
            return _queue(fact_id, name, members)
        case FactKind.CONTACT_FLOW:
            return _contact_flow(fact_id, name, members)
        case FactKind.PHONE_NUMBER:
            return PhoneNumber(
                fact_id,
                name,
                _text(members, "country_code"),
                _text(members, "number_type", "DID"),
                _text(members, "description"),
                _tags(members),
            )
        case FactKind.ROUTING_PROFILE:
            return _routing_profile(fact_id, name, members)
        case FactKind.AGENT:
            return _agent(fact_id, name, members)
        case FactKind.TRUNK:
            return _trunk(fact_id, members)
        case FactKind.HOURS_OF_OPERATION:
            return _hours_of_operation(fact_id, name, members)
        case FactKind.AGENT_STATUS:
            return _user_status(fact_id, name, members)
        case _:
            assert_never(kind)


# --- kinds --------------------------------------------------------------------------------------------------------


def _queue(queue_id: str, name: str, members: Mapping[str, Any]) -> Queue:
    return Queue(
        queue_id,
        name,
        # A number that cannot be read is shown to nobody.
        _optional_text(members, "outbound_caller_id"),
        _text(members, "description"),
        _optional_text(members, "hours_of_operation_id"),
        _flag(members, "enabled", default=True),
        _optional_whole(members, "max_contacts"),
        _optional_text(members, "outbound_caller_id_name"),
        _optional_text(members, "outbound_caller_id_number_id"),
        _optional_text(members, "outbound_flow_id"),
        _tags(members),
    )


def _contact_flow(contact_flow_id: str, name: str, members: Mapping[str, Any]) -> ContactFlow:
    return ContactFlow(
        contact_flow_id,
        name,
        _text(members, "flow_type", "CONTACT_FLOW"),
        _text(members, "description"),
        _flag(members, "active", default=True),
        _flag(members, "published", default=True),
        _optional_text(members, "content"),
        _tags(members),
    )


def _routing_profile(routing_profile_id: str, name: str, members: Mapping[str, Any]) -> RoutingProfile:
    return RoutingProfile(
        routing_profile_id,
        name,
        _served_queues(members),
        _text(members, "description"),
        _optional_text(members, "default_outbound_queue_id"),
        _whole(members, "voice_concurrency", 1),
        _text(members, "agent_availability_timer", "TIME_SINCE_LAST_ACTIVITY"),
        _tags(members),
    )


def _served_queues(members: Mapping[str, Any]) -> tuple[ServedQueue, ...]:
    """A damaged profile serves no queue: its agents get no contact, the others do."""
    if "queues" not in members:
        return alike(_texts(members, "queue_ids"))
    served: list[ServedQueue] = []
    for each in _objects(members, "queues"):
        queue_id, priority, delay_s = each.get("queue_id"), each.get("priority"), each.get("delay_s")
        if type(queue_id) is not str or type(priority) is not int or type(delay_s) is not int:
            return ()
        if priority < 1 or delay_s < 0:
            return ()
        served.append(ServedQueue(queue_id, priority, delay_s))
    return tuple(served)


def _agent(agent_id: str, username: str, members: Mapping[str, Any]) -> Agent:
    phone = members.get("phone")
    return Agent(
        agent_id,
        username,
        _text(members, "routing_profile_id"),
        _text(members, "first_name"),
        _text(members, "last_name"),
        _text(members, "email"),
        _texts(members, "security_profile_ids"),
        _phone_config(phone) if isinstance(phone, dict) else PhoneConfig(),
        _tags(members),
    )


def _phone_config(members: Mapping[str, Any]) -> PhoneConfig:
    return PhoneConfig(
        _text(members, "phone_type", "SOFT_PHONE"),
        _flag(members, "auto_accept", default=True),
        _whole(members, "after_contact_work_limit_s", 0),
        _optional_text(members, "desk_phone_number"),
        _flag(members, "persistent_connection", default=False),
    )


def _trunk(trunk_id: str, members: Mapping[str, Any]) -> Trunk:
    host, channels = members.get("host"), members.get("channels")
    rate, numbers = members.get("attempts_per_s"), members.get("caller_numbers")
    if (
        type(host) is not str
        or type(channels) is not int
        or not isinstance(rate, int | float)
        or not (channels >= 0 and rate >= MIN_ATTEMPTS_PER_S)
        or not isinstance(numbers, list)
        or not all(type(number) is str for number in numbers)
    ):
        # Over a damaged one nobody is dialed: it might present what it may not, or dial faster than its switch bears.
        return Trunk(trunk_id, channels=0)
    return Trunk(trunk_id, host, channels, float(rate), tuple(numbers))


def _hours_of_operation(hours_id: str, name: str, members: Mapping[str, Any]) -> HoursOfOperation:
    overrides = (
        HoursOverride(
            _text(each, "override_id"),
            _text(each, "name"),
            _text(each, "description"),
            _open_hours(each),
            _text(each, "effective_from"),
            _text(each, "effective_till"),
        )
        for each in _objects(members, "overrides")
    )
    return HoursOfOperation(
        hours_id,
        name,
        _text(members, "time_zone", "UTC"),
        _open_hours(members),
        _text(members, "description"),
        tuple(overrides),
        _tags(members),
    )


def _open_hours(members: Mapping[str, Any]) -> tuple[OpenHours, ...]:
    """Damaged hours are closed."""
    found: list[OpenHours] = []
    for each in _objects(members, "config"):
        day, start, end = _one_of(Day, each, "day"), each.get("start_minute"), each.get("end_minute")
        if day is None or type(start) is not int or type(end) is not int:
            return ()
        found.append(OpenHours(day, start, end))
    return tuple(found)


def _user_status(status_id: str, name: str, members: Mapping[str, Any]) -> UserStatus:
    return UserStatus(
        status_id,
        name,
        _text(members, "description"),
        # With a damaged one nobody gets a contact.
        _one_of(UserStatusType, members, "status_type") or UserStatusType.CUSTOM,
        _optional_whole(members, "display_order"),
        _flag(members, "enabled", default=True),
        _tags(members),
    )


# --- members ------------------------------------------------------------------------------------------------------


def _members(document: Any) -> Mapping[str, Any]:
    try:
        return _decode(document)
    except (ValueError, TypeError, msgspec.MsgspecError):
        return {}


def _text(members: Mapping[str, Any], name: str, default: str = "") -> str:
    value = members.get(name)
    return value if type(value) is str else default


def _optional_text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    return value if type(value) is str else None


def _texts(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = members.get(name)
    return tuple(values) if isinstance(values, list) and all(type(value) is str for value in values) else ()


def _objects(members: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    values = members.get(name)
    return values if isinstance(values, list) and all(isinstance(value, dict) for value in values) else []


def _flag(members: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = members.get(name)
    return value if type(value) is bool else default


def _whole(members: Mapping[str, Any], name: str, default: int) -> int:
    value = members.get(name)
    return value if type(value) is int and value >= 0 else default


def _optional_whole(members: Mapping[str, Any], name: str) -> int | None:
    value = members.get(name)
    return value if type(value) is int and value >= 0 else None


def _one_of(kind: type[E], members: Mapping[str, Any], name: str) -> E | None:
    try:
        return kind(_text(members, name))
    except ValueError:
        return None


def _tags(members: Mapping[str, Any]) -> Mapping[str, str]:
    tags = members.get("tags")
    return tags if isinstance(tags, dict) and all(type(value) is str for value in tags.values()) else {}
