"""Facts to and from the JSON documents that an SQLite store keeps of them.

Decides what the document of each kind holds: all that id and name do not say. A member that is not there, because an
older version wrote the document, has its default, and one that a newer version has put in is passed over. What cannot
be read of a document is as good as not there, and concerns that fact alone; where that could have somebody dialed, or
given a contact, who should not be, it is read so that nobody is. It must not know rows or who reads facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, assert_never

import msgspec

from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Fact
from trunkcall.domain.do_not_call import DoNotCallList, ListKind
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.hours_of_operation import Day, HoursOfOperation, HoursOverride, OpenHours
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, ServedQueue, alike
from trunkcall.domain.trunk import MIN_ATTEMPTS_PER_S, NumberFormat, Trunk
from trunkcall.domain.user import Agent, PhoneConfig
from trunkcall.domain.user_status import UserStatus, UserStatusType
from trunkcall.storage.sqlite.members import (
    flag,
    members_of,
    objects,
    one_of,
    optional_instant,
    optional_text,
    optional_whole,
    text,
    text_map,
    texts,
    whole,
)

_encode = msgspec.json.Encoder().encode

_NAMED = {
    FactKind.QUEUE: ("queue_id", "name"),
    FactKind.CONTACT_FLOW: ("contact_flow_id", "name"),
    FactKind.PHONE_NUMBER: ("phone_number_id", "phone_number"),
    FactKind.ROUTING_PROFILE: ("routing_profile_id", "name"),
    FactKind.AGENT: ("agent_id", "username"),
    FactKind.TRUNK: ("trunk_id",),
    FactKind.HOURS_OF_OPERATION: ("hours_of_operation_id", "name"),
    FactKind.AGENT_STATUS: ("status_id", "name"),
    FactKind.CALLING_POLICY: ("policy_name", "number"),
    FactKind.DO_NOT_CALL_LIST: ("list_number", "name"),
    FactKind.PROMPT: ("prompt_id", "name"),
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
    members = members_of(document)
    match kind:
        case FactKind.QUEUE:
            return _queue(fact_id, name, members)
        case FactKind.CONTACT_FLOW:
            return _contact_flow(fact_id, name, members)
        case FactKind.PHONE_NUMBER:
            return PhoneNumber(
                fact_id,
                name,
                text(members, "country_code"),
                text(members, "number_type", "DID"),
                text(members, "description"),
                text_map(members, "tags"),
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
        case FactKind.CALLING_POLICY:
            return _calling_policy(fact_id, members)
        case FactKind.DO_NOT_CALL_LIST:
            return _do_not_call_list(fact_id, name, members)
        case FactKind.PROMPT:
            return Prompt(
                fact_id,
                name,
                text(members, "sound"),
                whole(members, "octets", 0),
                text(members, "description"),
                text_map(members, "tags"),
                optional_instant(members, "changed_at"),
            )
        case _:
            assert_never(kind)


# --- kinds --------------------------------------------------------------------------------------------------------


def _queue(queue_id: str, name: str, members: Mapping[str, Any]) -> Queue:
    return Queue(
        queue_id,
        name,
        # A number that cannot be read is shown to nobody.
        optional_text(members, "outbound_caller_id"),
        text(members, "description"),
        optional_text(members, "hours_of_operation_id"),
        flag(members, "enabled", default=True),
        optional_whole(members, "max_contacts"),
        optional_text(members, "outbound_caller_id_name"),
        optional_text(members, "outbound_caller_id_number_id"),
        optional_text(members, "outbound_flow_id"),
        text_map(members, "tags"),
        optional_instant(members, "changed_at"),
    )


def _contact_flow(contact_flow_id: str, name: str, members: Mapping[str, Any]) -> ContactFlow:
    return ContactFlow(
        contact_flow_id,
        name,
        text(members, "flow_type", "CONTACT_FLOW"),
        text(members, "description"),
        flag(members, "active", default=True),
        flag(members, "published", default=True),
        optional_text(members, "content"),
        text_map(members, "tags"),
        optional_instant(members, "changed_at"),
        optional_text(members, "draft"),
    )


def _routing_profile(routing_profile_id: str, name: str, members: Mapping[str, Any]) -> RoutingProfile:
    return RoutingProfile(
        routing_profile_id,
        name,
        _served_queues(members),
        text(members, "description"),
        optional_text(members, "default_outbound_queue_id"),
        whole(members, "voice_concurrency", 1),
        text(members, "agent_availability_timer", "TIME_SINCE_LAST_ACTIVITY"),
        text_map(members, "tags"),
        optional_instant(members, "changed_at"),
    )


def _served_queues(members: Mapping[str, Any]) -> tuple[ServedQueue, ...]:
    """A damaged profile serves no queue: its agents get no contact, the others do."""
    if "queues" not in members:
        return alike(texts(members, "queue_ids"))
    served: list[ServedQueue] = []
    for each in objects(members, "queues"):
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
        text(members, "routing_profile_id"),
        text(members, "first_name"),
        text(members, "last_name"),
        text(members, "email"),
        texts(members, "security_profile_ids"),
        _phone_config(phone) if isinstance(phone, dict) else PhoneConfig(),
        text_map(members, "tags"),
        optional_instant(members, "changed_at"),
    )


def _phone_config(members: Mapping[str, Any]) -> PhoneConfig:
    return PhoneConfig(
        text(members, "phone_type", "SOFT_PHONE"),
        flag(members, "auto_accept", default=True),
        whole(members, "after_contact_work_limit_s", 0),
        optional_text(members, "desk_phone_number"),
        flag(members, "persistent_connection", default=False),
    )


def _trunk(trunk_id: str, members: Mapping[str, Any]) -> Trunk:
    host, channels = members.get("host"), members.get("channels")
    rate, numbers = members.get("attempts_per_s"), members.get("caller_numbers")
    country, regions = members.get("country", ""), members.get("regions", [])
    number_format = one_of(NumberFormat, {"number_format": NumberFormat.E164.value, **members}, "number_format")
    if (
        type(host) is not str
        or type(channels) is not int
        or not isinstance(rate, int | float)
        or not (channels >= 0 and rate >= MIN_ATTEMPTS_PER_S)
        or not isinstance(numbers, list)
        or not all(type(number) is str for number in numbers)
        or number_format is None
        or type(country) is not str
        or not isinstance(regions, list)
        or not all(type(region) is str for region in regions)
    ):
        # Over a damaged one nobody is dialed: it might present what it may not, send what reaches somebody else, or
        # dial faster than its switch bears.
        return Trunk(trunk_id, channels=0)
    return Trunk(trunk_id, host, channels, float(rate), tuple(numbers), number_format, country, tuple(regions))


def _hours_of_operation(hours_id: str, name: str, members: Mapping[str, Any]) -> HoursOfOperation:
    overrides = (
        HoursOverride(
            text(each, "override_id"),
            text(each, "name"),
            text(each, "description"),
            _open_hours(each),
            text(each, "effective_from"),
            text(each, "effective_till"),
        )
        for each in objects(members, "overrides")
    )
    return HoursOfOperation(
        hours_id,
        name,
        text(members, "time_zone", "UTC"),
        _open_hours(members),
        text(members, "description"),
        tuple(overrides),
        text_map(members, "tags"),
        optional_instant(members, "changed_at"),
    )


def _open_hours(members: Mapping[str, Any]) -> tuple[OpenHours, ...]:
    """Damaged hours are closed."""
    found: list[OpenHours] = []
    for each in objects(members, "config"):
        day, start, end = one_of(Day, each, "day"), each.get("start_minute"), each.get("end_minute")
        if day is None or type(start) is not int or type(end) is not int:
            return ()
        found.append(OpenHours(day, start, end))
    return tuple(found)


def _user_status(status_id: str, name: str, members: Mapping[str, Any]) -> UserStatus:
    return UserStatus(
        status_id,
        name,
        text(members, "description"),
        # With a damaged one nobody gets a contact.
        one_of(UserStatusType, members, "status_type") or UserStatusType.CUSTOM,
        optional_whole(members, "display_order"),
        flag(members, "enabled", default=True),
        text_map(members, "tags"),
        optional_instant(members, "changed_at"),
    )


def _calling_policy(fact_id: str, members: Mapping[str, Any]) -> CallingPolicy:
    """By a damaged one nobody is dialed, nor by an older one in its place. Rates that are empty cannot be read."""
    name, _, number = fact_id.rpartition("@")
    known = bool(name) and _is_number(number)
    return CallingPolicy(
        name if known else fact_id,
        int(number) if known else 0,
        optional_text(members, "text"),
        optional_text(members, "rates") if members.get("rates") is None else text(members, "rates"),
        whole(members, "set_at", 0),
    )


def _do_not_call_list(fact_id: str, name: str, members: Mapping[str, Any]) -> DoNotCallList:
    """Of a damaged one each member is read so that it binds more campaigns, and can be gone by for less long."""
    age = members.get("max_age_days")
    return DoNotCallList(
        int(fact_id) if _is_number(fact_id) else 0,
        name,
        one_of(ListKind, members, "list_kind"),
        texts(members, "campaign_ids"),
        age if age is None else whole(members, "max_age_days", 0),
        _date_of(members),
        whole(members, "version", 0),
        whole(members, "entries", 0),
        members.get("filling") is not False,
        text(members, "description"),
        whole(members, "edit_number", 0),
        optional_instant(members, "deleted_at"),
        text(members, "deleted_by"),
        # One that cannot be read is no key's.
        None if members.get("key_mark") is None else whole(members, "key_mark", -1),
    )


def _is_number(written: str) -> bool:
    """Whether it is one that counts from 1, as it is written."""
    return written.isascii() and written.isdigit() and not written.startswith("0")


def _date_of(members: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat(text(members, "as_of"))
    except ValueError:
        return None
