"""Do-not-call lists, as people keep them. If these fail, somebody who opted out is called because a file lacks them, or
a number that was forgotten is still written down beside its entry."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from service.offices import NOW, NobodyDials, Office
from trunkcall.domain.do_not_call import OPT_OUTS, DoNotCallList, ListKind, ListTrouble
from trunkcall.domain.errors import (
    ConflictError,
    EmptyImportError,
    InvalidInputError,
    NotFoundError,
    QuotaExceededError,
    TrunkcallError,
)
from trunkcall.domain.instants import DAY, HOUR, to_datetime
from trunkcall.service.calling.gate import Gate
from trunkcall.service.calling.number_key import NumberKey, key_mark, number_key
from trunkcall.service.do_not_call import MAX_LISTS, ChangedEntries, DoNotCall, ShownEntry, unmarked
from trunkcall.storage.ports.do_not_call import Origin

ANN, BOB, EVE = "+12065550101", "+12065550102", "+12065550103"
TODAY = to_datetime(NOW).date()
KEY_OF = partial(number_key, key=b"of this installation")


class Ear(NobodyDials):
    """Hears who has opted out."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, set[int]]] = []

    def opted_out(self, instance_id: str, number_keys: Collection[int]) -> None:
        self.heard.append((instance_id, set(number_keys)))


class Keeper:
    """Who keeps the lists of one office."""

    def __init__(self, office: Office, key_of: NumberKey = KEY_OF) -> None:
        self.office, self.ear = office, Ear()
        self.use = DoNotCall(office.centre, office.store, office.store.campaign, key_of, office.now_of, self.ear)
        self.of, self.key_of = office.default, key_of

    async def imports(
        self, *numbers: str, to: str = OPT_OUTS, as_of: date | None = None, replaces: bool = False
    ) -> int:
        number = await self.use.begin_do_not_call_import(self.of, to, source="file.csv", as_of=as_of, replaces=replaces)
        await self.use.append_do_not_call_import(self.of, number, numbers)
        while (progress := await self.use.finish_do_not_call_import(self.of, number)).left:
            pass
        return progress.entries

    async def lists_of(self, number: str) -> Sequence[str]:
        return [entry.list_name for entry in await self.use.get_do_not_call_entries(self.of, number)]

    async def lists(self) -> dict[str, tuple[DoNotCallList, ListTrouble | None]]:
        return {told.of.name: (told.of, told.trouble) for told in await self.use.list_do_not_call_lists(self.of)}


@pytest.fixture
async def keeper() -> Keeper:
    return Keeper(await Office().open())


async def test_who_opts_out_is_on_the_list_with_when_and_why_and_the_dialer_hears_of_it(keeper: Keeper) -> None:
    use = keeper.use
    assert await use.add_do_not_call_entries(
        keeper.of, [ANN, "+1-206-555-0102", ANN], source="letter of 2026-11-29", reason="asked"
    ) == ChangedEntries(2, 0)
    keeper.office.clock += HOUR
    assert await use.add_do_not_call_entries(keeper.of, [BOB, EVE], source="phone") == ChangedEntries(1, 1)
    first = ShownEntry(OPT_OUTS, Origin("letter of 2026-11-29", "asked", NOW))
    assert await use.get_do_not_call_entries(keeper.of, BOB) == [first]
    assert await use.get_do_not_call_entries(keeper.of, EVE) == [ShownEntry(OPT_OUTS, Origin("phone", "", NOW + HOUR))]
    assert keeper.ear.heard == [(keeper.of, {KEY_OF(ANN), KEY_OF(BOB)}), (keeper.of, {KEY_OF(BOB), KEY_OF(EVE)})]
    assert await use.remove_do_not_call_entries(keeper.of, [ANN, BOB, "+12065550109"]) == ChangedEntries(2, 1)
    assert (await keeper.lists_of(ANN), await keeper.lists_of(EVE)) == ([], [OPT_OUTS])


async def test_no_text_about_an_entry_holds_a_number(keeper: Keeper) -> None:
    """It would stay when the number is forgotten."""
    use = keeper.use
    for text in (ANN, "call from (206) 555-0101", "2065550101", "of 20261130 by 206 555 0101", "a\nb", "x" * 201):
        with pytest.raises(InvalidInputError) as refused:
            await use.add_do_not_call_entries(keeper.of, [BOB], source=text)
        assert "555" not in refused.value.message
        with pytest.raises(InvalidInputError):
            await use.add_do_not_call_entries(keeper.of, [BOB], source="x", reason=text)
        with pytest.raises(InvalidInputError):
            await use.begin_do_not_call_import(keeper.of, source=text)
    assert await keeper.lists_of(BOB) == []
    for text in ("letter of 2026-11-29", "dnc_20261129.csv", "29 people, batch 118", "2026.11.29"):
        await use.add_do_not_call_entries(keeper.of, [BOB], source=text, reason=text)


async def test_what_is_no_number_changes_nothing_and_is_told_by_its_place(keeper: Keeper) -> None:
    use = keeper.use
    number = await use.begin_do_not_call_import(keeper.of, source="x")
    for wrong in ("12065550101", "+1206555", "nobody", ""):
        with pytest.raises(InvalidInputError, match=r"^Number 2 of these"):
            await use.add_do_not_call_entries(keeper.of, [ANN, wrong], source="x")
        with pytest.raises(InvalidInputError, match=r"^Number 2 of these"):
            await use.append_do_not_call_import(keeper.of, number, [ANN, wrong])
        with pytest.raises(InvalidInputError):
            await use.get_do_not_call_entries(keeper.of, wrong)
    while (progress := await use.finish_do_not_call_import(keeper.of, number)).left:
        pass
    assert progress.entries == 0


async def test_a_registers_file_takes_the_place_of_the_last_one_until_it_is_too_old(keeper: Keeper) -> None:
    made = await keeper.use.create_do_not_call_list(keeper.of, "register", ListKind.REGISTRY)
    assert (made.list_number, made.max_age_days) == (1, 31)
    assert (await keeper.lists())["register"][1] is ListTrouble.NEVER_FILLED
    assert await keeper.imports(ANN, BOB, to="register", as_of=TODAY, replaces=True) == 2
    assert await keeper.imports(BOB, EVE, EVE, to="register", as_of=TODAY, replaces=True) == 2
    assert (await keeper.lists_of(ANN), await keeper.lists_of(EVE)) == ([], ["register"])
    assert (await keeper.lists())["register"][1] is None
    keeper.office.clock += 32 * DAY
    told, trouble = (await keeper.lists())["register"]
    assert (told.as_of, told.entries, trouble) == (TODAY, 2, ListTrouble.TOO_OLD)


async def test_a_registers_file_says_as_of_when_it_is(keeper: Keeper) -> None:
    """An old one would pass for one of today."""
    await keeper.use.create_do_not_call_list(keeper.of, "register", ListKind.REGISTRY, max_age_days=7)
    with pytest.raises(InvalidInputError, match="needs its date"):
        await keeper.imports(ANN, to="register")
    with pytest.raises(InvalidInputError, match="future"):
        await keeper.imports(ANN, to="register", as_of=date(TODAY.year + 1, 1, 1))


async def test_nobody_who_opted_out_goes_because_a_file_lacks_them(keeper: Keeper) -> None:
    assert await keeper.imports(ANN) == 1
    with pytest.raises(InvalidInputError, match="Nobody who opted out"):
        await keeper.imports(BOB, replaces=True)
    assert await keeper.imports(BOB) == 2


async def test_lists_have_numbers_names_and_whom_they_bind(keeper: Keeper) -> None:
    use = keeper.use
    await use.add_do_not_call_entries(keeper.of, [ANN], source="x")
    c1, c2 = await keeper.office.new_campaign("One"), await keeper.office.new_campaign("Two")
    spring = await use.create_do_not_call_list(keeper.of, "spring", campaign_ids=[c1, c2, c1])
    assert (spring.list_number, spring.campaign_ids, spring.max_age_days) == (2, (c1, c2), None)
    with pytest.raises(ConflictError):
        await use.create_do_not_call_list(keeper.of, "spring")
    for name in ("", "Spring", "-x", "a" * 65, "a b"):
        with pytest.raises(InvalidInputError, match="small letters"):
            await use.create_do_not_call_list(keeper.of, name)
    for kind, days in ((ListKind.OPT_OUTS, 31), (ListKind.REGISTRY, 0), (ListKind.REGISTRY, 9_999)):
        with pytest.raises(InvalidInputError, match="age"):
            await use.create_do_not_call_list(keeper.of, "other", kind, max_age_days=days)
    assert list(await keeper.lists()) == [OPT_OUTS, "spring"]
    for place in range(MAX_LISTS - 2):
        await use.create_do_not_call_list(keeper.of, f"list-{place}")
    with pytest.raises(QuotaExceededError):
        await use.create_do_not_call_list(keeper.of, "one-more")


async def test_a_list_is_for_campaigns_that_there_are(keeper: Keeper) -> None:
    """For another one it would bind nobody, and nobody would know."""
    office = keeper.office
    ours, gone, elsewhere = [await office.new_campaign(name) for name in ("Ours", "Gone", "Elsewhere")]
    await office.store.delete_campaign(gone, at=NOW)
    other = (await office.new_instance()).instance_id
    for unknown in ("nowhere", gone):
        with pytest.raises(NotFoundError, match=r"^Campaign 2 of those that the list is to bind"):
            await keeper.use.create_do_not_call_list(keeper.of, "spring", campaign_ids=[ours, unknown])
    with pytest.raises(NotFoundError):
        await keeper.use.create_do_not_call_list(other, "spring", campaign_ids=[elsewhere])
    assert await keeper.lists() == {}


async def test_the_list_of_opt_outs_binds_all_campaigns_and_no_file_replaces_it(keeper: Keeper) -> None:
    campaign_id = await keeper.office.new_campaign()
    with pytest.raises(InvalidInputError, match="binds all campaigns"):
        await keeper.use.create_do_not_call_list(keeper.of, OPT_OUTS, campaign_ids=[campaign_id])
    with pytest.raises(InvalidInputError, match="binds all campaigns"):
        await keeper.use.create_do_not_call_list(keeper.of, OPT_OUTS, ListKind.REGISTRY)
    assert (await keeper.use.create_do_not_call_list(keeper.of, OPT_OUTS)).binds(campaign_id)


async def test_an_empty_file_makes_no_register_look_new(keeper: Keeper) -> None:
    """A download that has failed: all would be called who are on the register."""
    await keeper.use.create_do_not_call_list(keeper.of, "register", ListKind.REGISTRY)
    with pytest.raises(EmptyImportError):
        await keeper.imports(to="register", as_of=TODAY, replaces=True)
    assert (await keeper.lists())["register"][1] is ListTrouble.NEVER_FILLED
    await keeper.imports(ANN, to="register", as_of=TODAY, replaces=True)
    before = await keeper.lists()
    keeper.office.clock += DAY
    for replaces in (True, False):
        with pytest.raises(EmptyImportError, match="no number in this import"):
            await keeper.imports(to="register", as_of=TODAY + timedelta(days=1), replaces=replaces)
    assert (await keeper.lists(), await keeper.lists_of(ANN)) == (before, ["register"])


async def test_a_list_is_given_another_name_age_or_whom_it_binds(keeper: Keeper) -> None:
    use, one, two = keeper.use, await keeper.office.new_campaign("One"), await keeper.office.new_campaign("Two")
    await use.create_do_not_call_list(keeper.of, "register", ListKind.REGISTRY, campaign_ids=[one])
    await keeper.imports(ANN, to="register", as_of=TODAY)
    keeper.office.clock += 3 * DAY
    before = (await keeper.lists())["register"][0]
    told = await use.update_do_not_call_list(
        keeper.of, "register", name="of-the-north", description="Each month", max_age_days=2, campaign_ids=[two, two]
    )
    after = told.of
    assert (after.name, after.description, after.max_age_days, after.campaign_ids) == (
        "of-the-north",
        "Each month",
        2,
        (two,),
    )
    assert (after.list_number, after.version, after.entries) == (before.list_number, before.version, 1)
    assert told.trouble is ListTrouble.TOO_OLD
    assert after.edit_number > before.edit_number, "attempts that were cleared before are looked at again"
    again = (await use.update_do_not_call_list(keeper.of, "of-the-north", description="", campaign_ids=[])).of
    assert (again.description, again.campaign_ids, again.max_age_days) == ("", (), 2)
    renamed = (await use.update_do_not_call_list(keeper.of, "of-the-north", name="register")).of
    assert renamed.edit_number == again.edit_number, "it binds as before"
    assert await keeper.lists_of(ANN) == ["register"]


async def test_a_list_is_changed_to_nothing_that_none_may_be(keeper: Keeper) -> None:
    use = keeper.use
    await use.create_do_not_call_list(keeper.of, OPT_OUTS)
    await use.create_do_not_call_list(keeper.of, "letters")
    await use.create_do_not_call_list(keeper.of, "register", ListKind.REGISTRY)
    campaign_id = await keeper.office.new_campaign()
    before = await keeper.lists()
    wrong: list[tuple[str, dict[str, Any], type[TrunkcallError]]] = [
        ("letters", {}, InvalidInputError),
        ("letters", {"name": "Letters!"}, InvalidInputError),
        ("letters", {"name": OPT_OUTS}, InvalidInputError),
        ("letters", {"name": "register"}, ConflictError),
        ("letters", {"max_age_days": 3}, InvalidInputError),
        ("letters", {"description": f"of {ANN}"}, InvalidInputError),
        ("letters", {"campaign_ids": [campaign_id, "nowhere"]}, NotFoundError),
        ("register", {"max_age_days": 0}, InvalidInputError),
        (OPT_OUTS, {"name": "other"}, InvalidInputError),
        (OPT_OUTS, {"campaign_ids": [campaign_id]}, InvalidInputError),
        ("nowhere", {"description": "x"}, NotFoundError),
    ]
    for name, changes, error in wrong:
        with pytest.raises(error):
            await use.update_do_not_call_list(keeper.of, name, **changes)
        assert await keeper.lists() == before


async def test_a_list_that_is_deleted_binds_nobody_and_it_is_written_down_who_did_it(keeper: Keeper) -> None:
    use = keeper.use
    await use.create_do_not_call_list(keeper.of, "letters")
    await use.add_do_not_call_entries(keeper.of, [ANN], list_name="letters", source="x")
    keeper.office.clock += HOUR
    deleted = await use.delete_do_not_call_list(keeper.of, "letters", by="AKIA")
    assert (deleted.name, deleted.deleted_at, deleted.deleted_by) == ("letters#1", NOW + HOUR, "AKIA")
    assert (await keeper.lists(), await keeper.lists_of(ANN)) == ({}, [])
    assert [told.of for told in await use.list_do_not_call_lists(keeper.of, deleted=True)] == [deleted]
    for name in ("letters", "letters#1"):
        with pytest.raises(NotFoundError):
            await use.delete_do_not_call_list(keeper.of, name, by="AKIA")
        with pytest.raises(NotFoundError):
            await use.add_do_not_call_entries(keeper.of, [ANN], list_name=name, source="x")
    new = await use.create_do_not_call_list(keeper.of, "letters")
    assert (new.list_number, new.entries) == (2, 0), "records that name the first one do not mean this"
    assert new.edit_number > deleted.edit_number


async def test_those_who_opted_out_are_not_deleted_by_one_word(keeper: Keeper) -> None:
    await keeper.imports(ANN)
    with pytest.raises(InvalidInputError, match="never deleted"):
        await keeper.use.delete_do_not_call_list(keeper.of, OPT_OUTS, by="AKIA")
    assert await keeper.lists_of(ANN) == [OPT_OUTS]


async def test_a_damaged_list_is_not_changed_but_may_be_deleted(keeper: Keeper) -> None:
    """Nobody is dialed by it, and nobody knows what it was."""
    await keeper.office.store.put_facts(keeper.of, [DoNotCallList(1, OPT_OUTS, None)])
    assert (await keeper.lists())[OPT_OUTS][1] is ListTrouble.DAMAGED
    with pytest.raises(ConflictError, match="Restore a backup, or delete it"):
        await keeper.use.update_do_not_call_list(keeper.of, OPT_OUTS, description="x")
    await keeper.use.delete_do_not_call_list(keeper.of, OPT_OUTS, by="AKIA")
    assert await keeper.imports(ANN) == 1
    assert (await keeper.lists())[OPT_OUTS][1] is None


async def test_with_another_secret_key_nobody_is_dialed_by_lists_that_were_filled_before(keeper: Keeper) -> None:
    """Who is on them would not be known: all who opted out would be called."""
    await keeper.imports(ANN)
    await keeper.use.create_do_not_call_list(keeper.of, "empty")
    other = Keeper(keeper.office, partial(number_key, key=b"of another installation"))
    assert {name: trouble for name, (_, trouble) in (await other.lists()).items()} == {
        OPT_OUTS: ListTrouble.OTHER_KEY,
        "empty": None,
    }
    gate = Gate(await keeper.office.directory(), other.key_of, reaches_people=False)
    campaign = await keeper.office.store.campaign(await keeper.office.new_campaign())
    assert campaign is not None
    trouble = gate.trouble(campaign, keeper.office.clock)
    assert trouble is not None
    assert "opt-outs was filled with another secret key" in trouble
    assert Gate(await keeper.office.directory(), KEY_OF, reaches_people=False).trouble(campaign, NOW) is None
    for refused in (
        other.use.add_do_not_call_entries(other.of, [BOB], source="x"),
        other.use.begin_do_not_call_import(other.of, source="x"),
    ):
        with pytest.raises(ConflictError, match="another secret key"):
            await refused
    await other.use.add_do_not_call_entries(other.of, [BOB], list_name="empty", source="x")
    assert (await keeper.lists())["empty"][1] is ListTrouble.OTHER_KEY
    await other.use.delete_do_not_call_list(other.of, OPT_OUTS, by="AKIA")
    assert await other.imports(ANN) == 1
    assert {trouble for _, trouble in (await other.lists()).values()} == {None}


async def test_a_list_of_an_earlier_version_is_of_the_key_that_it_is_found_with(keeper: Keeper) -> None:
    await keeper.imports(ANN)
    filled = (await keeper.lists())[OPT_OUTS][0]
    await keeper.office.store.put_facts(keeper.of, [replace(filled, key_mark=None)])
    assert (await keeper.lists())[OPT_OUTS][1] is None
    (marked,) = unmarked(await keeper.office.directory(), key_mark(KEY_OF))
    assert marked == filled
    await keeper.office.store.put_facts(keeper.of, [marked])
    assert unmarked(await keeper.office.directory(), key_mark(KEY_OF)) == []
    assert unmarked(await keeper.office.directory(), key_mark(partial(number_key, key=b"other"))) == [], "it stays so"
    await keeper.office.store.put_facts(keeper.of, [replace(filled, key_mark=None)])
    await keeper.imports(BOB)
    assert (await keeper.lists())[OPT_OUTS][0].key_mark == key_mark(KEY_OF)


async def test_lists_and_instances_that_there_are_not(keeper: Keeper) -> None:
    use = keeper.use
    with pytest.raises(NotFoundError):
        await use.add_do_not_call_entries(keeper.of, [ANN], list_name="nowhere", source="x")
    with pytest.raises(NotFoundError):
        await use.remove_do_not_call_entries(keeper.of, [ANN])
    with pytest.raises(NotFoundError):
        await use.begin_do_not_call_import(keeper.of, "nowhere", source="x")
    with pytest.raises(NotFoundError):
        await use.add_do_not_call_entries("nowhere", [ANN], source="x")
    assert await use.list_do_not_call_lists(keeper.of) == []
    assert await use.get_do_not_call_entries(keeper.of, ANN) == []


def test_a_numbers_key_is_a_hash_that_nobody_makes_without_the_installations() -> None:
    """RFC 4231, test case 2: the first 64 bits."""
    of_rfc = number_key("what do ya want for nothing?", key=b"Jefe")
    assert of_rfc == int.from_bytes(bytes.fromhex("5bdcc146bf60754e"), "big")
    assert KEY_OF(ANN) == number_key(ANN, key=b"of this installation") != number_key(ANN, key=b"of another")
    keys = [KEY_OF(f"+1206555{n:04}") for n in range(1000)]
    assert len(set(keys)) == 1000
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert min(keys) < 0 < max(keys), "all of the range is used"
