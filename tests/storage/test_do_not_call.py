"""What every store promises of the numbers on do-not-call lists.

If one of these fails, somebody is called who has asked not to be, or an import that was cut short has taken people off
a list.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

import pytest

from storage.support import LATER, NOW, accept, begin, campaign, directory, dispositions
from trunkcall.domain.changes import Refusal
from trunkcall.domain.clearance import Clearance, Prohibition
from trunkcall.domain.contact import Disposition
from trunkcall.domain.directory import Directory
from trunkcall.domain.do_not_call import OPT_OUTS, DoNotCallList, ListKind, last_edit
from trunkcall.domain.errors import ConflictError, EmptyImportError, NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import MINUTE
from trunkcall.storage.ports.do_not_call import ImportProgress, ListEntry, Origin
from trunkcall.storage.store import Store

INSTANCE = "instance-1"
OURS, REGISTER = DoNotCallList(1, OPT_OUTS), DoNotCallList(2, "register", ListKind.REGISTRY, max_age_days=31)
LETTER, PHONE = Origin("letter", "asked in writing", NOW), Origin("phone", "", LATER)
FILE = Origin("november.csv", "the register's file", NOW)
LEAST, MOST = -(2**63), 2**63 - 1
AS_OF = date(2026, 11, 1)


async def stand_up(store: Store) -> None:
    await store.create_instance(directory())
    await store.create_instance(directory("instance-2"))
    await store.put_facts(INSTANCE, [OURS, REGISTER])
    await store.put_facts("instance-2", [OURS])


async def lists_of(store: Store, instance_id: str = INSTANCE) -> Sequence[DoNotCallList]:
    found = await store.directory(instance_id)
    assert isinstance(found, Directory)
    return list(found.do_not_call_lists.values())


async def on_lists(store: Store, keys: Iterable[int], lists: Sequence[int] = (1, 2)) -> dict[int, list[int]]:
    return {key: list(numbers) for key, numbers in (await store.listed(INSTANCE, lists, list(keys))).items()}


async def finish(store: Store, number: int) -> ImportProgress:
    while True:
        progress = await store.finish_import(INSTANCE, number)
        if not progress.left:
            return progress


async def imported(
    store: Store, keys: Iterable[int], list_number: int = 2, *, replaces: bool = True, as_of: date | None = AS_OF
) -> ImportProgress:
    number = await store.begin_import(INSTANCE, list_number, FILE, as_of=as_of, replaces=replaces)
    await store.append_to_import(INSTANCE, number, list(keys))
    return await finish(store, number)


async def test_whoever_is_put_on_a_list_is_found_on_it_and_on_no_other(store: Store) -> None:
    await stand_up(store)
    keys = [LEAST, -1, 0, 1, MOST]
    assert await store.add_entries(INSTANCE, 1, keys, LETTER) == 5
    assert await on_lists(store, [*keys, 2, LEAST + 1]) == {key: [1] for key in keys}
    assert await on_lists(store, keys, [2]) == {}
    assert await on_lists(store, keys, []) == await on_lists(store, []) == {}
    assert await store.listed("instance-2", [1, 2], keys) == {}, "lists are of their instance"
    await store.add_entries(INSTANCE, 2, [MOST], LETTER)
    assert await on_lists(store, [MOST, 0], [2, 1, 2]) == {MOST: [1, 2], 0: [1]}
    assert len(await on_lists(store, range(1000))) == 2, "many at a time too"


async def test_an_entry_keeps_who_put_it_there_first_and_when(store: Store) -> None:
    await stand_up(store)
    await store.add_entries(INSTANCE, 1, [7], LETTER)
    assert await store.add_entries(INSTANCE, 1, [7, 8, 8], PHONE) == 1
    await store.add_entries(INSTANCE, 2, [7], PHONE)
    assert await store.entries_of(INSTANCE, 7) == [ListEntry(1, LETTER), ListEntry(2, PHONE)]
    assert await store.entries_of(INSTANCE, 8) == [ListEntry(1, PHONE)]
    assert await store.entries_of(INSTANCE, 9) == await store.entries_of("instance-2", 7) == []


async def test_who_is_taken_off_is_not_on_the_list(store: Store) -> None:
    await stand_up(store)
    await store.add_entries(INSTANCE, 1, [7, 8], LETTER)
    await store.add_entries(INSTANCE, 2, [7], LETTER)
    assert await store.remove_entries(INSTANCE, 1, [7, 7, 9]) == 1
    assert await on_lists(store, [7, 8]) == {7: [2], 8: [1]}
    assert await store.remove_entries(INSTANCE, 1, [7]) == 0
    assert await store.add_entries(INSTANCE, 1, [7], PHONE) == 1
    assert (await store.entries_of(INSTANCE, 7))[0] == ListEntry(1, PHONE)


async def test_a_list_tells_each_change_by_its_version_and_how_many_are_on_it(store: Store) -> None:
    await stand_up(store)
    told = [(await lists_of(store))[0]]

    async def look() -> None:
        told.append((await lists_of(store))[0])

    await store.add_entries(INSTANCE, 1, [7, 8], LETTER)
    await look()
    await store.remove_entries(INSTANCE, 1, [7])
    await look()
    await imported(store, [8, 9, 10], 1, replaces=False, as_of=None)
    await look()
    assert [each.entries for each in told] == [0, 2, 1, 3]
    versions = [each.version for each in told]
    assert versions == sorted(set(versions)), "a record says by which it was dialed"
    await store.remove_entries(INSTANCE, 1, [7])
    await look()
    assert told[-1] == told[-2], "nobody was on it"
    changes = await store.facts_changed(INSTANCE, after_version=0)
    assert {each.fact for each in changes if each.fact.kind is FactKind.DO_NOT_CALL_LIST} == set(await lists_of(store))


async def test_there_must_be_such_a_list(store: Store) -> None:
    await stand_up(store)
    for list_number in (3, 0, -1):
        with pytest.raises(NotFoundError):
            await store.add_entries(INSTANCE, list_number, [7], LETTER)
        with pytest.raises(NotFoundError):
            await store.remove_entries(INSTANCE, list_number, [7])
        with pytest.raises(NotFoundError):
            await store.begin_import(INSTANCE, list_number, FILE, as_of=None, replaces=False)
    with pytest.raises(NotFoundError):
        await store.add_entries("nowhere", 1, [7], LETTER)
    with pytest.raises(NotFoundError):
        await store.add_entries("instance-2", 2, [7], LETTER)


async def test_a_file_takes_the_place_of_the_last_one_at_one_moment(store: Store) -> None:
    await stand_up(store)
    assert (await imported(store, [1, 2, 3])).entries == 3
    number = await store.begin_import(INSTANCE, 2, FILE, as_of=date(2026, 12, 1), replaces=True)
    await store.append_to_import(INSTANCE, number, [3, 4])
    await store.append_to_import(INSTANCE, number, [5, 4])
    assert sorted(await on_lists(store, range(9))) == [1, 2, 3], "until it is finished"
    before = (await lists_of(store))[1]
    assert (before.as_of, before.entries) == (AS_OF, 3)
    assert (await finish(store, number)).entries == 3
    assert sorted(await on_lists(store, range(9))) == [3, 4, 5]
    after = (await lists_of(store))[1]
    assert (after.as_of, after.entries) == (date(2026, 12, 1), 3)
    assert after.version > before.version
    assert await finish(store, number) == await finish(store, number), "asked again, it says the same"
    assert (await lists_of(store))[1] == after


async def test_an_import_that_was_cut_short_leaves_the_list_as_it_was(store: Store) -> None:
    await stand_up(store)
    for list_number, replaces in ((1, False), (2, True)):
        await imported(store, [1, 2, 3], list_number, replaces=replaces)
        before = await lists_of(store)
        lost = await store.begin_import(INSTANCE, list_number, FILE, as_of=AS_OF, replaces=replaces)
        await store.append_to_import(INSTANCE, lost, [3, 4])
        assert sorted(await on_lists(store, range(9), [list_number])) == [1, 2, 3]
        assert await lists_of(store) == before
        assert (await imported(store, [3, 5], list_number, replaces=replaces)).left == 0, "another is begun"
        there = [3, 5] if replaces else [1, 2, 3, 5]
        for _ in range(2):
            with pytest.raises(ConflictError):
                await store.append_to_import(INSTANCE, lost, [6])
            with pytest.raises(ConflictError):
                await store.finish_import(INSTANCE, lost)
        while await store.sweep_entries():
            pass
        assert sorted(await on_lists(store, range(9), [list_number])) == there, "nor does what is left of it come back"


@pytest.mark.parametrize(("as_of", "replaces"), [(AS_OF, True), (AS_OF, False), (None, True)])
async def test_an_import_without_a_number_neither_empties_a_list_nor_makes_it_look_new(
    store: Store, as_of: date | None, replaces: bool
) -> None:
    await stand_up(store)
    for before in ([], [7]):
        if before:
            await imported(store, before, as_of=date(2026, 10, 1))
        was = await lists_of(store)
        number = await store.begin_import(INSTANCE, 2, FILE, as_of=as_of, replaces=replaces)
        await store.append_to_import(INSTANCE, number, [])
        for _ in range(2):
            with pytest.raises(EmptyImportError):
                await store.finish_import(INSTANCE, number)
        now = await lists_of(store)
        assert [(each.version, each.as_of) for each in now] == [(each.version, each.as_of) for each in was]
        assert sorted(await on_lists(store, range(9))) == before
    await store.append_to_import(INSTANCE, number, [8])
    await finish(store, number)
    assert 8 in await on_lists(store, range(9)), "it can go on once there is one"


async def test_where_there_is_nothing_to_erase_that_is_soon_known(store: Store) -> None:
    assert not await store.sweep_entries()
    await stand_up(store)
    number = await store.begin_import(INSTANCE, 1, FILE, as_of=None, replaces=False)
    await store.append_to_import(INSTANCE, number, [7])
    await store.add_entries(INSTANCE, 2, [8], LETTER)
    assert not await store.sweep_entries()
    await finish(store, number)
    assert sorted(await on_lists(store, range(9))) == [7, 8]


async def test_an_import_is_of_its_instance(store: Store) -> None:
    await stand_up(store)
    number = await store.begin_import(INSTANCE, 1, FILE, as_of=None, replaces=False)
    for unknown, instance_id in ((number, "instance-2"), (number + 1, INSTANCE), (0, INSTANCE)):
        with pytest.raises(ConflictError):
            await store.append_to_import(instance_id, unknown, [7])
        with pytest.raises(ConflictError):
            await store.finish_import(instance_id, unknown)


async def test_who_opts_out_during_an_import_is_not_lost_by_it(store: Store) -> None:
    await stand_up(store)
    await imported(store, [1, 2])
    number = await store.begin_import(INSTANCE, 2, FILE, as_of=AS_OF, replaces=True)
    await store.append_to_import(INSTANCE, number, [2, 3])
    await store.add_entries(INSTANCE, 2, [3, 7, 8], LETTER)
    await store.remove_entries(INSTANCE, 2, [8])
    assert (await finish(store, number)).entries == 3
    assert sorted(await on_lists(store, range(9))) == [2, 3, 7]
    assert await store.entries_of(INSTANCE, 3) == [ListEntry(2, LETTER)]
    assert (await lists_of(store))[1].entries == 3


async def test_numbers_are_added_to_those_that_are_there_and_repeating_it_does_no_harm(store: Store) -> None:
    await stand_up(store)
    await store.add_entries(INSTANCE, 1, [1, 2], LETTER)
    for _ in range(2):
        assert (await imported(store, [2, 3, 3, 4], 1, replaces=False, as_of=None)).entries == 4
    assert sorted(await on_lists(store, range(9))) == [1, 2, 3, 4]
    assert await store.entries_of(INSTANCE, 2) == [ListEntry(1, LETTER)]
    assert await store.entries_of(INSTANCE, 3) == [ListEntry(1, FILE)]


async def test_a_list_is_being_filled_until_its_first_import_has_ended(store: Store) -> None:
    """What is on it is not known until then, and nobody is dialed by it."""
    await stand_up(store)
    number = await store.begin_import(INSTANCE, 1, FILE, as_of=None, replaces=False)
    assert (await lists_of(store))[0].filling
    await store.append_to_import(INSTANCE, number, [7])
    await finish(store, number)
    await store.begin_import(INSTANCE, 1, FILE, as_of=None, replaces=False)
    assert not (await lists_of(store))[0].filling


async def test_nothing_more_is_taken_by_an_import_that_has_ended(store: Store) -> None:
    await stand_up(store)
    number = await store.begin_import(INSTANCE, 1, FILE, as_of=None, replaces=False)
    assert (await finish(store, number)).entries == 0, "of an empty file"
    with pytest.raises(ConflictError):
        await store.append_to_import(INSTANCE, number, [7])


@pytest.mark.parametrize("replaces", [True, False])
async def test_of_a_long_file_everybody_is_on_the_list(store: Store, replaces: bool) -> None:
    await stand_up(store)
    chance = random.Random(18)
    keys = [chance.randint(LEAST, MOST) for _ in range(70_000)] + list(range(2_000))
    chance.shuffle(keys)
    number = await store.begin_import(INSTANCE, 2, FILE, as_of=AS_OF, replaces=replaces)
    for start in range(0, len(keys), 2_500):
        await store.append_to_import(INSTANCE, number, keys[start : start + 2_500])
    assert (await finish(store, number)).entries == 72_000
    assert len(await on_lists(store, keys)) == 72_000
    assert await on_lists(store, range(2_000, 3_000)) == {}
    if replaces:
        await imported(store, [7])
        while await store.sweep_entries():
            pass
        assert await on_lists(store, [7, *keys]) == {7: [2]}


async def test_who_is_put_on_a_list_is_not_dialed_any_more_however_late_that_was(store: Store) -> None:
    """The transaction that begins the attempt looks, so nothing that was read before counts."""
    await stand_up(store)
    await store.create_campaign(campaign())
    lease = await store.acquire_lease(INSTANCE, "dialer-1", MINUTE)
    assert lease is not None
    ann, bob = await accept(store), await accept(store)
    cleared = {ann: Clearance(0, 7, lists=(1, 2)), bob: Clearance(0, 7, lists=(1,))}
    await store.add_entries(INSTANCE, 2, [7], LETTER)
    result = await store.commit(lease, [begin(ann), begin(bob)], cleared)
    assert result.refused == {ann: Refusal.DO_NOT_CALL}, "the other is bound by another list alone"
    assert result.verdicts == {ann: Prohibition.DO_NOT_CALL}
    assert await dispositions(store) == {None: 1, Disposition.DO_NOT_CALL: 1}
    eve = await accept(store)
    await store.remove_entries(INSTANCE, 2, [7])
    assert not (await store.commit(lease, [begin(eve)], {eve: Clearance(0, 7, lists=(1, 2))})).refused


async def test_nobody_is_dialed_who_was_cleared_before_a_list_was_made(store: Store) -> None:
    """Whether it binds the campaign, and who is on it, whoever cleared the attempt did not know."""
    await stand_up(store)
    await store.create_campaign(campaign())
    lease = await store.acquire_lease(INSTANCE, "dialer-1", MINUTE)
    assert lease is not None
    ann = await accept(store)
    last = last_edit(await lists_of(store))
    before, as_of_now = (Clearance(0, 7, lists=(1,), last_list_edit=each) for each in (last - 1, last))
    assert (await store.commit(lease, [begin(ann)], {ann: before})).refused == {ann: Refusal.POLICY_CHANGED}
    assert not (await store.commit(lease, [begin(ann)], {ann: as_of_now})).refused


async def test_nobody_is_dialed_who_was_cleared_before_a_list_bound_the_campaign(store: Store) -> None:
    await stand_up(store)
    await store.put_facts(INSTANCE, [of_another := replace(REGISTER, campaign_ids=("another",))])
    await store.create_campaign(campaign())
    lease = await store.acquire_lease(INSTANCE, "dialer-1", MINUTE)
    assert lease is not None
    ann = await accept(store)
    before = Clearance(0, 7, lists=(1,), last_list_edit=last_edit(await lists_of(store)))
    edited = replace(of_another, campaign_ids=(), edit_number=last_edit(await lists_of(store)) + 1)
    await store.put_facts(INSTANCE, [edited])
    assert (await store.commit(lease, [begin(ann)], {ann: before})).refused == {ann: Refusal.POLICY_CHANGED}
    as_of_now = replace(before, lists=(1, 2), last_list_edit=last_edit(await lists_of(store)))
    assert not (await store.commit(lease, [begin(ann)], {ann: as_of_now})).refused


async def test_a_list_that_was_deleted_binds_nobody_and_is_known_to_have_been_there(store: Store) -> None:
    await stand_up(store)
    await imported(store, [7, 8])
    await store.add_entries(INSTANCE, 1, [7], LETTER)
    before = (await lists_of(store))[1]
    deleted = await store.delete_list(INSTANCE, 2, at=LATER, by="AKIA")
    assert await lists_of(store) == [(await lists_of(store))[0], deleted]
    assert (deleted.name, deleted.deleted_at, deleted.deleted_by) == ("register#2", LATER, "AKIA")
    assert (deleted.version, deleted.as_of, deleted.entries) == (before.version, AS_OF, 0), "as records tell of it"
    assert not deleted.binds("campaign-1")
    assert await on_lists(store, [7, 8]) == {7: [1]}
    assert await store.entries_of(INSTANCE, 8) == []
    while await store.sweep_entries():
        pass
    assert await on_lists(store, [7, 8]) == {7: [1]}, "of other lists nothing is erased"
    await store.put_facts(INSTANCE, [DoNotCallList(3, "register", ListKind.REGISTRY)])
    await imported(store, [9], 3)
    assert await on_lists(store, [7, 8, 9], [1, 2, 3]) == {7: [1], 9: [3]}, "its name is free"


async def test_nothing_is_done_any_more_with_a_list_that_was_deleted(store: Store) -> None:
    await stand_up(store)
    number = await store.begin_import(INSTANCE, 2, FILE, as_of=AS_OF, replaces=True)
    await store.append_to_import(INSTANCE, number, [7])
    await store.delete_list(INSTANCE, 2, at=LATER, by="AKIA")
    for refused in (
        store.delete_list(INSTANCE, 2, at=LATER, by="AKIA"),
        store.add_entries(INSTANCE, 2, [7], LETTER),
        store.remove_entries(INSTANCE, 2, [7]),
        store.begin_import(INSTANCE, 2, FILE, as_of=AS_OF, replaces=True),
        store.delete_list(INSTANCE, 9, at=LATER, by="AKIA"),
        store.delete_list("nowhere", 1, at=LATER, by="AKIA"),
    ):
        with pytest.raises(NotFoundError):
            await refused
    with pytest.raises(ConflictError):
        await store.append_to_import(INSTANCE, number, [8])
    with pytest.raises(ConflictError):
        await store.finish_import(INSTANCE, number)
    assert await on_lists(store, [7, 8]) == {}


async def test_whoever_was_cleared_before_a_list_was_deleted_is_looked_at_again(store: Store) -> None:
    await stand_up(store)
    await store.create_campaign(campaign())
    lease = await store.acquire_lease(INSTANCE, "dialer-1", MINUTE)
    assert lease is not None
    edit = last_edit(await lists_of(store))
    await store.delete_list(INSTANCE, 2, at=LATER, by="AKIA")
    assert last_edit(await lists_of(store)) > edit
    ann = await accept(store)
    cleared = Clearance(0, 7, lists=(1, 2), last_list_edit=edit)
    assert (await store.commit(lease, [begin(ann)], {ann: cleared})).refused == {ann: Refusal.POLICY_CHANGED}
