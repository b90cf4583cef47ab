"""A damaged count, ledger or campaign among others: what it concerns is wrong or out of use, and nobody else waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from storage.damage import change_fact_alone, change_table
from storage.support import LATER, NOW, accept, begin, campaign, dial_request, dispositions, due, put, stand_up
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import ContactEnded, LedgerCounted, Refusal, SessionBegun, SessionEnded
from trunkcall.domain.clearance import Clearance, DayLimit, HoldReason
from trunkcall.domain.contact import DisconnectReason, Disposition
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.do_not_call import DoNotCallList, ListKind, ListTrouble, binding_lists
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import HOUR
from trunkcall.domain.leg import LiveSession
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import Agent
from trunkcall.storage.ports.do_not_call import Origin
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.ports.presence import ChosenStatus
from trunkcall.storage.sqlite.store import SQLiteStore

BAD, GOOD = "campaign-1", "good"
BUSY = Disposition.BUSY, DisconnectReason.TELECOM_BUSY


async def two_campaigns(path: Path, damage: Callable[[], None]) -> tuple[SQLiteStore, Lease]:
    """Each with one contact that is in progress and one that waits, and a disk that changes the first one's rows."""
    store = SQLiteStore(path)
    await store.open()
    lease = await stand_up(store, BAD)
    await store.create_campaign(campaign(GOOD))
    for campaign_id in (BAD, GOOD):
        await store.change_campaign_state(campaign_id, allowed_from=list(CampaignState), to=CampaignState.RUNNING)
        ended, talking = [await accept(store, campaign_id=campaign_id) for _ in range(2)]
        await store.commit(lease, [begin(each, campaign_id=campaign_id) for each in (ended, talking)])
        counted = LedgerCounted(campaign_id, live_answers=1, abandoned=0, at=NOW)
        await store.commit(lease, [ContactEnded(ended, campaign_id, NOW, *BUSY), counted])
        await put(store, dial_request(f"{campaign_id}-waits"), campaign_id=campaign_id)
    await store.close()
    damage()
    store = SQLiteStore(path)
    await store.open()
    new = await store.acquire_lease("instance-1", "dialer-2", HOUR, sole=True)
    assert new is not None
    return store, new


NO_NUMBER = [pytest.param(None, id="none"), pytest.param("x", id="text"), pytest.param(1.5, id="fraction")]


@pytest.mark.parametrize("value", [*NO_NUMBER, pytest.param(0, id="too-few")])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("backlog", "waiting"),
        ("backlog", "accepted"),
        ("disposition_count", "contacts"),
        ("ledger", "live_answers"),
        ("ledger", "abandoned"),
    ],
)
async def test_a_damaged_count_refuses_nothing(tmp_path: Path, table: str, column: str, value: Any) -> None:
    path = tmp_path / "trunkcall.db"
    store, lease = await two_campaigns(path, lambda: change_table(path, table, column, value))
    for campaign_id in (BAD, GOOD):
        (waits,) = await due(store, campaign_id, limit=10)
        counted = LedgerCounted(campaign_id, live_answers=1, abandoned=0, at=NOW)
        result = await store.commit(lease, [begin(waits.contact_id, campaign_id=campaign_id), counted])
        assert not result.refused
    live = await store.live_contacts("instance-1")
    assert len(live) == 4
    await store.commit(lease, [ContactEnded(each.contact_id, each.campaign_id, NOW, *BUSY) for each in live])
    await accept(store, campaign_id=BAD)
    assert await store.waiting_count(GOOD) == 0
    assert (await store.contact_counts([BAD, GOOD]))[GOOD].dispositions == {Disposition.BUSY: 3}
    assert await dispositions(store, GOOD) == {Disposition.BUSY: 3}
    for campaign_id in (BAD, GOOD):
        minutes = await store.ledger(campaign_id, since=0)
        assert all(type(minute.live_answers) is int for minute in minutes)
    await store.close()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("day_count", "count", "x"),
        ("day_count", "count", 1.5),
        ("day_count", "spend", None),
        ("day_count", "spend", "x"),
        ("number_attempt", "at", "x"),
    ],
)
async def test_by_a_damaged_count_of_a_limit_nobody_is_dialed_too_often(
    tmp_path: Path, table: str, column: str, value: Any
) -> None:
    """And whom no limit is for is dialed as ever."""
    path = tmp_path / "trunkcall.db"
    store = SQLiteStore(path)
    await store.open()
    lease = await stand_up(store)
    day = DayLimit("", NOW, NOW + HOUR, 100, HoldReason.DAY_LIMIT)
    spending = DayLimit("", NOW, NOW + HOUR, 100, HoldReason.SPEND_LIMIT)
    limited = Clearance(0, 7, number_gap=HOUR, day_limits=(day,), spend=1, spend_limits=(spending,))
    first = await accept(store)
    await store.commit(lease, [begin(first)], {first: limited})
    await store.close()
    change_table(path, table, column, value)
    store = SQLiteStore(path)
    await store.open()
    new = await store.acquire_lease("instance-1", "dialer-2", HOUR, sole=True)
    assert new is not None
    later = NOW + 2 * HOUR
    second, third = await accept(store), await accept(store)
    cleared = {second: limited, third: Clearance(0, 8)}
    for at in (later, later + 1):
        await store.purge_counts(new, before=NOW, limit=10)
        result = await store.commit(new, [begin(second, at=at), begin(third, at=at)], cleared)
        assert result.refused.get(second) in (Refusal.HELD, Refusal.NOT_DUE)
        assert result.refused.get(third) in (None, Refusal.NOT_WAITING)
    await store.commit(new, [ContactEnded(first, BAD, later, *BUSY)])
    assert (await store.contact_counts([BAD]))[BAD].in_progress == 1
    await store.close()


@pytest.mark.parametrize("value", ["x", 1.5, -1, 1 << 62])
async def test_a_minute_that_there_never_was_is_left_out_of_the_ledger(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "trunkcall.db"
    store, _ = await two_campaigns(path, lambda: change_table(path, "ledger", "minute_at", value))
    assert await store.ledger(BAD, since=0) == []
    assert len(await store.ledger(GOOD, since=0)) == 1
    await store.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("bandwidth_allocation", "x"),
        ("bandwidth_allocation", 1e9),
        ("bandwidth_allocation", -0.5),
        ("dialing_capacity", 2.0),
        ("queue_id", 7),
        ("name", 1.5),
        ("source_phone_number", 7),
        ("detection_enabled", "x"),
        ("version", "x"),
    ],
)
async def test_a_damaged_campaign_is_not_dialed_and_another_is_heard_of(
    tmp_path: Path, column: str, value: Any
) -> None:
    path = tmp_path / "trunkcall.db"
    store, lease = await two_campaigns(path, lambda: change_table(path, "campaign", column, value))
    found = await store.campaigns_changed("instance-1", after_version=0)
    assert [each.campaign_id for each in found] == [GOOD]
    await store.change_campaign_state(GOOD, allowed_from=list(CampaignState), to=CampaignState.PAUSED)
    (paused,) = await store.campaigns_changed("instance-1", after_version=found[-1].version)
    assert paused.state is CampaignState.PAUSED
    swept = await store.expire_waiting(lease, now=LATER, limit=100)
    assert {each.campaign_id for each in swept} == {BAD, GOOD}
    await store.close()


@pytest.mark.parametrize(
    "value", [7, b"x", b"\xff", "{", "[]", '{"outbound_caller_id": 7}', '{"outbound_caller_id": {}}']
)
async def test_a_damaged_number_of_a_queue_is_nobodys(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "trunkcall.db"
    store, _ = await two_campaigns(path, lambda: change_table(path, "fact", "document", value))
    directory = await store.directory("instance-1")
    assert directory is not None
    assert {queue.outbound_caller_id for queue in directory.queues.values()} == {None}
    await store.close()


@pytest.mark.parametrize(
    "value",
    [
        7,
        b"\xff",
        "{",
        "{}",
        '{"host": "local", "channels": "many", "attempts_per_s": 5.0, "caller_numbers": []}',
        '{"host": "local", "channels": 30, "attempts_per_s": 5.0, "caller_numbers": ["+12065550100", 7]}',
        '{"host": "local", "channels": 30, "attempts_per_s": 0, "caller_numbers": []}',
        '{"host": "local", "channels": -1, "attempts_per_s": 5.0, "caller_numbers": []}',
        '{"host": "sbc-1", "channels": 30, "attempts_per_s": 5.0, "caller_numbers": [], "number_format": "e165"}',
        '{"host": "sbc-1", "channels": 30, "attempts_per_s": 5.0, "caller_numbers": [], "country": 1}',
        '{"host": "sbc-1", "channels": 30, "attempts_per_s": 5.0, "caller_numbers": [], "regions": "US"}',
    ],
)
async def test_nobody_is_dialed_over_a_trunk_that_is_damaged(tmp_path: Path, value: Any) -> None:
    """It might show numbers that it may not, send digits that reach somebody else, or dial faster than its switch
    bears."""
    path = tmp_path / "trunkcall.db"
    store, _ = await two_campaigns(path, lambda: None)
    trunk = Trunk("north", "sbc-1", 30, 5.0, ("+12065550100",))
    await store.put_facts("instance-1", [trunk])
    await store.close()
    change_table(path, "fact", "document", value)
    await store.open()
    found = await store.directory("instance-1")
    assert found is not None
    assert found.trunks["north"].channels == 0
    await store.put_facts("instance-1", [trunk])
    found = await store.directory("instance-1")
    assert found is not None
    assert found.trunks["north"] == trunk, "as each start does that has it in its settings"
    await store.close()


WHEN = [7, 0, 1.5, b"\xff", "x"]
NOBODY_KNOWS = (("register", ListTrouble.DAMAGED),)


async def with_list(path: Path) -> None:
    """A register with a number on it, and a policy that takes the place of one that let more be dialed."""
    store = SQLiteStore(path)
    await store.open()
    await stand_up(store)
    await store.put_facts("instance-1", [DoNotCallList(1, "register", ListKind.REGISTRY, ("another",))])
    await store.add_entries("instance-1", 1, [7], Origin("file", "", NOW))
    await store.put_facts("instance-1", [CallingPolicy("default", 1, "lax"), CallingPolicy("default", 2, "strict")])
    await store.close()


async def as_the_dialer_reads(store: SQLiteStore) -> list[Directory]:
    """Whole, and change by change."""
    whole = await store.directory("instance-1")
    assert whole is not None
    changes = await store.facts_changed("instance-1", after_version=0)
    return [whole, Directory.of(whole.instance, []).after(changes)]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        *[("fact", "deleted_at", value) for value in WHEN],
        *[("fact", "version", value) for value in (1.5, b"\xff", "x")],
        *[("fact", "id", value) for value in (1.5, b"\xff", "x", "2", "01")],
        ("fact", "kind", "do_not_call_lisp"),
        *[("dnc_list", "edition", value) for value in (None, 0, 99, "x")],
        *[("dnc_edition", "edition", value) for value in (0, 99)],
    ],
)
async def test_by_a_list_that_the_disk_has_damaged_or_lost_nobody_is_dialed(
    tmp_path: Path, table: str, column: str, value: Any
) -> None:
    """It might bind any campaign, and as one that was deleted, or has nobody on it, it would bind none."""
    path = tmp_path / "trunkcall.db"
    await with_list(path)
    if table == "fact":
        change_fact_alone(path, "register", column, value)
    else:
        change_table(path, table, column, value)
    store = SQLiteStore(path)
    await store.open()
    for directory in await as_the_dialer_reads(store):
        lists = directory.do_not_call_lists.values()
        if column == "version" and [each.binds("another") for each in lists if each.list_kind is not None] == [True]:
            continue  # An index has told it as it was.
        found = binding_lists(lists, BAD, NOW).unreadable
        assert {trouble for _, trouble in found} == {ListTrouble.DAMAGED}
        assert found == NOBODY_KNOWS or column in ("id", "kind"), "it is told which one"
    if column not in ("id", "version"):
        await store.delete_list("instance-1", 1, at=NOW, by="AKIA")
        for directory in await as_the_dialer_reads(store):
            assert binding_lists(directory.do_not_call_lists.values(), BAD, NOW).unreadable == (), (
                "its end, as was said"
            )
    await store.close()


@pytest.mark.parametrize("value", WHEN)
async def test_a_policy_that_the_disk_calls_deleted_counts_before_older_ones(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "trunkcall.db"
    await with_list(path)
    change_fact_alone(path, "default@2", "deleted_at", value)
    store = SQLiteStore(path)
    await store.open()
    lease = await store.acquire_lease("instance-1", "dialer-2", HOUR, sole=True)
    assert lease is not None
    for directory in await as_the_dialer_reads(store):
        assert directory.calling_policy() == CallingPolicy("default", 2, None), "and nobody is dialed by it"
    ann = await accept(store)
    result = await store.commit(lease, [begin(ann)], {ann: Clearance(1, 7)})
    assert result.refused == {ann: Refusal.POLICY_CHANGED}
    strict = CallingPolicy("default", 3, "strict")
    await store.put_facts("instance-1", [strict])
    for directory in await as_the_dialer_reads(store):
        assert directory.calling_policy() == strict, "as soon as another was set"
    await store.close()


async def instances_of(path: Path, column: str, value: Any) -> SQLiteStore:
    """A store with one instance that the disk changes, and another that comes after that."""
    store = SQLiteStore(path)
    await store.open()
    await store.create_instance(Directory(Instance("instance-1", "one", NOW, onboarded=True, tags={"team": "north"})))
    await store.close()
    change_table(path, "instance", column, value)
    await store.open()
    await store.create_instance(Directory(Instance("instance-2", "two", NOW, onboarded=True)))
    return store


@pytest.mark.parametrize("value", [None, 7, 1.5, b"\xff", "x", '{"tags": 7, "attributes": []}'])
async def test_a_damaged_document_of_an_instance_says_nothing(tmp_path: Path, value: Any) -> None:
    store = await instances_of(tmp_path / "trunkcall.db", "document", value)
    assert await store.instances() == [
        Instance("instance-1", "one", NOW, onboarded=True),
        Instance("instance-2", "two", NOW, onboarded=True),
    ]
    await store.close()


@pytest.mark.parametrize("value", [1.5, b"\xff", "x"])
async def test_an_instance_that_may_have_been_deleted_was(tmp_path: Path, value: Any) -> None:
    """Nobody is dialed for it. Its contacts are there all the same."""
    store = await instances_of(tmp_path / "trunkcall.db", "deleted_at", value)
    assert [each.instance_id for each in await store.instances()] == ["instance-2"]
    assert await store.directory("instance-1") is None
    assert [each.instance_id for each in await store.every_instance()] == ["instance-1", "instance-2"]
    await store.close()


@pytest.mark.parametrize("value", [None, 7, 1.5, b"\xff", "x"])
@pytest.mark.parametrize("column", ["status_id", "chosen_at"])
async def test_a_damaged_choice_of_an_agent_is_as_good_as_none(tmp_path: Path, column: str, value: Any) -> None:
    path = tmp_path / "trunkcall.db"
    store, _ = await two_campaigns(path, lambda: None)
    await store.put_presence("instance-1", "a1", "lunch", at=NOW)
    await store.close()
    change_table(path, "presence", column, value)
    await store.open()
    found = await store.presences("instance-1")
    assert [tuple(map(type, astuple(each))) for each in found] in ([], [(str, str, int)])
    await store.put_presence("instance-1", "a1", "available", at=LATER)
    assert ChosenStatus("a1", "available", LATER) in await store.presences("instance-1")
    await store.close()


@pytest.mark.parametrize("value", [None, 7, b"\xff", "x", ""])
@pytest.mark.parametrize("column", ["instance_id", "kind", "name", "version", "document", "deleted_at"])
async def test_a_damaged_agent_is_put_right_by_being_put_again(tmp_path: Path, column: str, value: Any) -> None:
    """As each start of a server with simulated agents does: it would not start at all."""
    path = tmp_path / "trunkcall.db"
    store, _ = await two_campaigns(path, lambda: change_fact_alone(path, "ann", column, value))
    moved = [Agent("a1", "ann", "r2"), Agent("a2", "bob", "r1")]
    for _ in range(2):
        await store.put_facts("instance-1", moved)
        found = await store.directory("instance-1")
        assert found is not None
        assert list(found.agents.values()) == moved
    assert store.trouble is None
    assert await store.remove_facts("instance-1", FactKind.AGENT, ["a1"], at=NOW) == 1
    await store.close()


@pytest.mark.parametrize("value", [7, 1.5, b"\xff"])
@pytest.mark.parametrize("column", ["agent_id", "leg_id", "host", "begun_at"])
async def test_a_damaged_session_stops_nobody(tmp_path: Path, column: str, value: Any) -> None:
    """Its leg is one that nobody knows; the agent gets another."""
    path = tmp_path / "trunkcall.db"
    store = SQLiteStore(path)
    await store.open()
    lease = await stand_up(store, BAD)
    await store.commit(lease, [SessionBegun("ann", "leg-1", "local", NOW)])
    await store.close()
    change_table(path, "session", column, value)
    store = SQLiteStore(path)
    await store.open()
    new = await store.acquire_lease("instance-1", "dialer-2", HOUR, sole=True)
    assert new is not None
    found = await store.live_sessions("instance-1")
    assert found in ([], [LiveSession("ann", "leg-1", "local")]), "nothing is told that was never written"
    await store.commit(new, [SessionEnded("ann", "leg-1", NOW), SessionBegun("ann", "leg-2", "local", NOW)])
    assert LiveSession("ann", "leg-2", "local") in await store.live_sessions("instance-1")
    await store.close()
