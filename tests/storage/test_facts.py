"""What every store promises of an instance's facts: queues, flows, numbers, routing profiles, agents and so on.

A dialer reads what has changed by version. What is missed is dialed by as it was before, until the next restart.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from storage.support import LATER, NOW, directory
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import KEPT, Directory, Fact, VersionedFact
from trunkcall.domain.do_not_call import DoNotCallList, ListKind
from trunkcall.domain.errors import ConflictError, NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.hours_of_operation import Day, HoursOfOperation, HoursOverride, OpenHours
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, ServedQueue, alike
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import Agent, PhoneConfig
from trunkcall.domain.user_status import UserStatus, UserStatusType
from trunkcall.storage.store import Store

INSTANCE = "instance-1"
ANN = Agent("a1", "ann", "r1")
BOB = Agent("a2", "bob", "r1")


async def read(store: Store, instance_id: str = INSTANCE) -> Directory:
    found = await store.directory(instance_id)
    assert found is not None
    return found


async def version_now(store: Store) -> int:
    return max(each.version for each in await store.facts_changed(INSTANCE, after_version=0))


def facts(changes: Iterable[VersionedFact]) -> list[Fact]:
    return [each.fact for each in changes]


@pytest.mark.parametrize(
    "fact",
    [
        Queue("q9", "Renewals", "+12065550109"),
        Queue("q9", "Renewals"),
        ContactFlow("f9", "Farewell"),
        PhoneNumber("p9", "+12065550109"),
        RoutingProfile("r9", "Nobody", ()),
        RoutingProfile("r9", "Some", alike(("q2", "nowhere"))),
        Agent("a9", "zoë", "r9"),
        Queue(
            "q9",
            "Renewals",
            description="Policies that end",
            hours_of_operation_id="h1",
            enabled=False,
            max_contacts=12,
            outbound_caller_id_name="Renewals",
            outbound_caller_id_number_id="p1",
            outbound_flow_id="f1",
            tags={"team": "north"},
        ),
        ContactFlow("f9", "Farewell", "CUSTOMER_QUEUE", "Says goodbye", False, False, "{}", {"team": "north"}),
        PhoneNumber("p9", "+12065550109", "US", "TOLL_FREE", "Renewals", {"team": "north"}),
        RoutingProfile(
            "r9",
            "Some",
            (ServedQueue("q2", 3, 20), ServedQueue("q1")),
            "Renewals first",
            "q2",
            0,
            "TIME_SINCE_LAST_INBOUND",
            {"team": "north"},
        ),
        Agent(
            "a9",
            "zoë",
            "r9",
            "Zoë",
            "Example",
            "zoe@example.com",
            ("s1", "s2"),
            PhoneConfig("DESK_PHONE", False, 45, "+12065550109", True),
            {"team": "north"},
        ),
        CallingPolicy("default", 1, "", None, 5),
        CallingPolicy("default", 2, "[limits]", "prefix,per_minute", 6),
        DoNotCallList(1, "opt-outs"),
        DoNotCallList(9, "old#9", description="Of the north", edit_number=4, deleted_at=LATER, deleted_by="AKIA"),
        DoNotCallList(9, "register", key_mark=2**63 - 1),
        DoNotCallList(9, "register", ListKind.REGISTRY, ("c1", "c2"), 31, date(2026, 11, 1), 3, 0, True),
        Prompt("p9", "closing", "p9-1"),
        Prompt("p9", "closing", "p9-2", 8_000, "Good bye", {"team": "north"}),
        UserStatus("s9", "Lunch"),
        UserStatus("s9", "Lunch", "At noon", UserStatusType.OFFLINE, 4, False, {"team": "north"}),
        HoursOfOperation("h9", "Never", "UTC", ()),
        HoursOfOperation(
            "h9",
            "Weekdays",
            "Europe/Berlin",
            (OpenHours(Day.MONDAY, 480, 1080), OpenHours(Day.FRIDAY, 1320, 120)),
            "Night of Friday too",
            (HoursOverride("o1", "Easter", "Closed", (), "2026-04-05", "2026-04-06"),),
            {"team": "north"},
        ),
        Trunk("t9"),
        Trunk("t9", "switch-2.example", 120, 2.5, ("+12065550109", "+12065550108")),
    ],
    ids=lambda fact: f"{fact.kind}",
)
async def test_a_fact_of_any_kind_is_read_back_as_it_was_put(store: Store, fact: Fact) -> None:
    await store.create_instance(directory())
    before = await version_now(store)
    await store.put_facts(INSTANCE, [fact])
    (change,) = await store.facts_changed(INSTANCE, after_version=before)
    assert (change.fact, change.deleted_at) == (fact, None)
    assert fact in (await read(store)).facts
    if fact.kind in KEPT:
        with pytest.raises(ConflictError, match="never removed"):
            await store.remove_facts(INSTANCE, fact.kind, [fact.fact_id], at=LATER)
        assert fact in (await read(store)).facts, "what holds calls back goes by no mistake"
        return
    assert await store.remove_facts(INSTANCE, fact.kind, [fact.fact_id], at=LATER) == 1
    (removed,) = await store.facts_changed(INSTANCE, after_version=change.version)
    assert removed == VersionedFact(fact, removed.version, LATER), "told as it was"
    assert fact not in (await read(store)).facts


async def test_what_an_instance_began_with_is_told_to_a_dialer_that_knows_nothing(store: Store) -> None:
    await store.create_instance(directory())
    changes = await store.facts_changed(INSTANCE, after_version=0)
    assert sorted(facts(changes), key=repr) == sorted(directory().facts, key=repr)
    versions = [each.version for each in changes]
    assert versions == sorted(set(versions)), "each has one of its own"
    assert Directory.of(directory().instance, []).after(changes) == directory()


async def test_every_change_is_told_once_and_in_its_order(store: Store) -> None:
    await store.create_instance(directory())
    before = await version_now(store)
    await store.put_facts(INSTANCE, [BOB])
    moved = Agent("a1", "ann", "r2")
    await store.put_facts(INSTANCE, [moved])
    await store.remove_facts(INSTANCE, FactKind.QUEUE, ["q1"], at=LATER)
    changes = await store.facts_changed(INSTANCE, after_version=before)
    assert facts(changes) == [BOB, moved, Queue("q1", "Support")]
    assert await store.facts_changed(INSTANCE, after_version=changes[0].version) == changes[1:]
    assert await store.facts_changed(INSTANCE, after_version=changes[-1].version) == []


async def test_what_is_so_already_is_no_change(store: Store) -> None:
    await store.create_instance(directory())
    before = await version_now(store)
    await store.put_facts(INSTANCE, directory().facts)
    assert await store.facts_changed(INSTANCE, after_version=before) == []
    await store.put_facts(INSTANCE, [*directory().facts, BOB])
    assert facts(await store.facts_changed(INSTANCE, after_version=before)) == [BOB], "it alone"


async def test_who_was_removed_comes_back_with_a_new_version(store: Store) -> None:
    await store.create_instance(directory())
    await store.put_facts(INSTANCE, [BOB])
    assert await store.remove_facts(INSTANCE, FactKind.AGENT, ["a1", "a1"], at=LATER) == 1
    assert await store.remove_facts(INSTANCE, FactKind.AGENT, ["a1", "nobody"], at=LATER) == 0
    before = await version_now(store)
    await store.put_facts(INSTANCE, [ANN])
    (change,) = await store.facts_changed(INSTANCE, after_version=before)
    assert (change.fact, change.deleted_at) == (ANN, None)
    assert list((await read(store)).agents) == ["a1", "a2"], "in the order of creation"


async def test_one_name_stands_for_one_of_a_kind(store: Store) -> None:
    await store.create_instance(directory())
    before = await read(store)
    batches: list[list[Fact]] = [
        [Agent("a2", "ann", "r1")],
        [BOB, Agent("a3", "bob", "r1")],
        [BOB, PhoneNumber("p2", "+12065550100")],
    ]
    for batch in batches:
        with pytest.raises(ConflictError, match="The name is taken by another") as refused:
            await store.put_facts(INSTANCE, batch)
        assert not any(fact.name in refused.value.message for fact in batch), "people and numbers are not named"
    assert await read(store) == before, "all of a batch, or nothing"
    await store.put_facts(INSTANCE, [Queue("q3", "ann"), Agent("a2", "Sales", "r1")])
    await store.create_instance(directory("instance-2"))


async def test_names_may_be_exchanged_and_taken_from_who_is_gone(store: Store) -> None:
    await store.create_instance(directory())
    await store.put_facts(INSTANCE, [BOB])
    await store.put_facts(INSTANCE, [Agent("a1", "bob", "r1"), Agent("a2", "ann", "r1")])
    await store.remove_facts(INSTANCE, FactKind.AGENT, ["a2"], at=LATER)
    await store.put_facts(INSTANCE, [Agent("a3", "ann", "r1")])
    with pytest.raises(ConflictError):
        await store.put_facts(INSTANCE, [Agent("a2", "ann", "r1")])
    assert {each.username for each in (await read(store)).agents.values()} == {"ann", "bob"}


async def test_facts_belong_to_an_instance_that_exists(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await store.put_facts("nowhere", [ANN])
    with pytest.raises(NotFoundError):
        await store.remove_facts("nowhere", FactKind.AGENT, ["a1"], at=NOW)
    assert await store.facts_changed("nowhere", after_version=0) == []
    await store.create_instance(directory())
    await store.create_instance(directory("instance-2"))
    await store.remove_facts("instance-2", FactKind.AGENT, ["a1"], at=NOW)
    assert await read(store) == directory()


async def test_a_change_is_in_the_directory_at_once(store: Store) -> None:
    await store.create_instance(directory())
    assert await read(store) == directory()
    await store.put_facts(INSTANCE, [BOB])
    assert (await read(store)).agents == {"a1": ANN, "a2": BOB}
    await store.set_retention(INSTANCE, 30)
    assert (await read(store)).instance.retention_days == 30
