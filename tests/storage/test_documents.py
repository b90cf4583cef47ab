"""What a store's document of a fact says, whoever has written it: this version, an older one, or the disk.

If this fails, an upgrade loses what was set up before it, or one damaged agent keeps a thousand others from being read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Fact
from trunkcall.domain.do_not_call import DoNotCallList, ListKind, ListTrouble
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.hours_of_operation import Day, HoursOfOperation, HoursOverride, OpenHours
from trunkcall.domain.instants import DAY, from_datetime
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, ServedQueue, alike
from trunkcall.domain.trunk import NumberFormat, Trunk
from trunkcall.domain.user import Agent, PhoneConfig
from trunkcall.domain.user_status import UserStatus, UserStatusType
from trunkcall.storage.sqlite.documents import document_of, fact_of

TAGS = {"team": "north"}
HOURS = HoursOfOperation(
    "id",
    "name",
    "Europe/Berlin",
    (OpenHours(Day.MONDAY, 480, 1080),),
    "Weekdays",
    (HoursOverride("o1", "Easter", "Short", (OpenHours(Day.SUNDAY, 600, 720),), "2026-04-05", "2026-04-06"),),
    TAGS,
)
FACTS: list[Fact] = [
    Queue("id", "name", "+12065550100", "For sale", "h1", False, 12, "Sales", "p1", "f1", TAGS),
    ContactFlow("id", "name", "CUSTOMER_QUEUE", "Greets", True, True, "{}", TAGS, draft="[]"),
    PhoneNumber("id", "name", "US", "TOLL_FREE", "Sales", TAGS),
    RoutingProfile("id", "name", (ServedQueue("q1", 2, 5),), "All", "q1", 1, "TIME_SINCE_LAST_INBOUND", TAGS),
    Agent("id", "name", "r1", "Ann", "Example", "a@example.com", ("s1",), PhoneConfig("DESK_PHONE", True, 30), TAGS),
    Trunk("id", "sbc-1", 30, 5.0, ("+12065550100",), NumberFormat.NATIONAL, "GB", ("GB", "IE")),
    HOURS,
    UserStatus("id", "name", "Noon", UserStatusType.ROUTABLE, 4, True, TAGS),
    CallingPolicy("id", 0, "[limits]", "prefix,per_minute", 5),
    DoNotCallList(0, "name", ListKind.REGISTRY, ("c1",), 31, date(2026, 11, 1), 3, 7, True),
    Prompt("id", "name", "id-1", 8_000, "Good bye", TAGS),
]
BY_OLDER_VERSIONS: list[tuple[Fact, str]] = [
    (Queue("id", "name", "+12065550100"), '{"outbound_caller_id": "+12065550100"}'),
    (Queue("id", "name"), '{"outbound_caller_id": null}'),
    (ContactFlow("id", "name"), "{}"),
    (PhoneNumber("id", "name"), "{}"),
    (RoutingProfile("id", "name", alike(["q2", "q1"])), '{"queue_ids": ["q2", "q1"]}'),
    (
        Trunk("id", "sbc-1", 30, 5.0, ("+12065550100",)),
        '{"host": "sbc-1", "channels": 30, "attempts_per_s": 5.0, "caller_numbers": ["+12065550100"]}',
    ),
    (Agent("id", "name", "r1"), '{"routing_profile_id": "r1"}'),
]
NONSENSE: list[Any] = [None, 7, -1, 1.5, "x", True, [], [7], ["x"], [None], {}, {"x": 7}, [{}], [{"queue_id": "q1"}]]


def read(fact: Fact, document: Any) -> Any:
    return fact_of(fact.kind, "id", "name", document)


def of_kind(fact: Fact) -> str:
    return fact.kind.value


def test_every_kind_is_here() -> None:
    assert {fact.kind for fact in FACTS} == set(FactKind)


@pytest.mark.parametrize("fact", FACTS, ids=of_kind)
def test_a_fact_is_read_as_it_was_written(fact: Fact) -> None:
    assert read(fact, document_of(fact)) == fact


@pytest.mark.parametrize("fact", [fact for fact in FACTS if hasattr(fact, "changed_at")], ids=of_kind)
def test_when_it_was_changed_is_read_as_it_was_written(fact: Any) -> None:
    """Apart from the rest: a fact with another time is the same fact."""
    at = from_datetime(datetime(2026, 3, 2, tzinfo=UTC))
    assert read(fact, document_of(replace(fact, changed_at=at))).changed_at == at
    assert read(fact, document_of(fact)).changed_at is None
    for nonsense in (-(2**62), 2**62, "yesterday", True):
        assert read(fact, document_of(replace(fact, changed_at=nonsense))).changed_at is None


@pytest.mark.parametrize(("fact", "document"), BY_OLDER_VERSIONS)
def test_what_an_older_version_has_written_has_defaults_for_the_rest(fact: Fact, document: str) -> None:
    assert read(fact, document) == fact


@pytest.mark.parametrize("fact", FACTS, ids=of_kind)
def test_what_a_newer_version_has_added_is_passed_over(fact: Fact) -> None:
    members = msgspec.json.decode(document_of(fact), type=dict[str, Any])
    assert read(fact, msgspec.json.encode({**members, "mood": {"of": ["the day"]}}).decode()) == fact


def places(members: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a document there is something."""
    each = members.items() if isinstance(members, dict) else enumerate(members) if isinstance(members, list) else ()
    for key, value in each:
        yield (*path, key)
        yield from places(value, (*path, key))


def with_nonsense(members: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = members.copy()
    copy[path[0]] = with_nonsense(members[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("fact", FACTS, ids=of_kind)
def test_a_damaged_member_leaves_the_others_as_they_are(fact: Fact) -> None:
    members = msgspec.json.decode(document_of(fact), type=dict[str, Any])
    before = asdict(fact)
    for path in places(members):
        for value in NONSENSE:
            found = read(fact, msgspec.json.encode(with_nonsense(members, path, value)).decode())
            now = asdict(found)
            others = before.keys() - {path[0]} if not isinstance(fact, Trunk) else {"trunk_id"}
            assert {name: now[name] for name in others} == {name: before[name] for name in others}, (path, value)
            assert read(found, document_of(found)) == found, "and it can be written again"


@pytest.mark.parametrize("fact", FACTS, ids=of_kind)
@pytest.mark.parametrize("document", [None, 7, 1.5, b"\xff", "", "{", "[]", "7", "null"])
def test_of_a_document_that_is_none_nothing_is_believed(fact: Fact, document: Any) -> None:
    assert read(fact, document).name in ("name", "id")


def test_what_is_damaged_has_nobody_dialed_or_given_a_contact() -> None:
    profile = RoutingProfile("id", "name", (ServedQueue("q1"), ServedQueue("q2")))
    for queues in ([{"queue_id": "q1", "priority": 1, "delay_s": 0}, {"queue_id": 7}], [{"queue_id": "q1"}], 7):
        assert read(profile, msgspec.json.encode({"queues": queues}).decode()) == replace(profile, queues=())
    status = read(FACTS[7], '{"status_type": "ROUTABEL"}')
    assert isinstance(status, UserStatus)
    assert status.status_type is UserStatusType.CUSTOM
    for document in ('{"text": 7, "rates": null}', '{"rates": null}', "{"):
        policy = fact_of(FactKind.CALLING_POLICY, "default@3", "default@3", document)
        assert policy == CallingPolicy("default", 3, None), "it counts, and nobody is dialed by it"
    policy = fact_of(FactKind.CALLING_POLICY, "default@3", "default@3", '{"text": "", "rates": 7}')
    assert policy == CallingPolicy("default", 3, "", ""), "its rates are none"
    for document in ("{", "{}", '{"list_kind": "registre", "version": 3}'):
        dnc = fact_of(FactKind.DO_NOT_CALL_LIST, "3", "register", document)
        assert isinstance(dnc, DoNotCallList)
        assert (dnc.list_number, dnc.trouble(0)) == (3, ListTrouble.DAMAGED), "it counts, and nobody is dialed by it"
        assert dnc.binds("any")
    for member in ("max_age_days", "as_of", "version"):
        sound = {"list_kind": "registry", "max_age_days": 31, "as_of": "1970-01-01", "version": 3, "filling": False}
        for change, is_well in (({}, True), ({member: "x"}, False)):
            document = msgspec.json.encode({**sound, **change}).decode()
            dnc = fact_of(FactKind.DO_NOT_CALL_LIST, "3", "register", document)
            assert isinstance(dnc, DoNotCallList)
            assert (dnc.trouble(2 * DAY) is None) == is_well, member
    queue = read(FACTS[0], '{"enabled": "x"}')
    assert isinstance(queue, Queue)
    assert not queue.enabled
    hours = read(HOURS, '{"time_zone": "UTC", "config": [{"day": "MOONDAY", "start_minute": 0, "end_minute": 0}]}')
    assert isinstance(hours, HoursOfOperation)
    assert not hours.config
