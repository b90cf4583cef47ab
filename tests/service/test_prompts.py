"""Prompts of a contact centre. If these fail, a message is lost that somebody has recorded, or stays on the disk of
those who have deleted it."""

from __future__ import annotations

import pytest

from service.offices import Office
from trunkcall.domain.errors import ConflictError, InvalidInputError, NotFoundError, QuotaExceededError
from trunkcall.domain.prompt import OCTETS_PER_S, named, prompt_named
from trunkcall.service.prompts import MAX_PROMPTS, MAX_S, Prompts
from trunkcall.service.searching import nothing


class Kept:
    """Sounds in memory."""

    def __init__(self) -> None:
        self.sounds: dict[str, bytes] = {}

    async def keep(self, sound: str, octets: bytes) -> None:
        self.sounds[sound] = octets

    async def drop(self, sound: str) -> None:
        self.sounds.pop(sound, None)


async def opened() -> tuple[Office, Prompts, Kept]:
    office, kept = await Office().open(), Kept()
    return office, Prompts(office.centre, kept), kept


async def test_a_prompt_is_put_found_renamed_and_deleted_with_its_sound() -> None:
    office, prompts, kept = await opened()
    made = await prompts.put_prompt(office.default, name="closing", octets=b"\xff" * 4_000, description="Bye")
    assert (made.length_s, kept.sounds) == (0.5, {made.sound: b"\xff" * 4_000})
    await prompts.update_prompt(office.default, made.prompt_id, name="good bye")
    found = await prompts.describe_prompt(office.default, made.prompt_id)
    assert (found.name, found.description, found.sound) == ("good bye", "Bye", made.sound)
    assert [each.name for each in (await prompts.list_prompts(office.default, limit=10)).items] == ["good bye"]
    assert (await prompts.search_prompts(office.default, nothing, limit=10)).items == []
    await prompts.delete_prompt(office.default, made.prompt_id)
    assert kept.sounds == {}
    with pytest.raises(NotFoundError):
        await prompts.describe_prompt(office.default, made.prompt_id)


async def test_another_sound_of_the_same_name_takes_the_place_of_the_first() -> None:
    office, prompts, kept = await opened()
    first = await prompts.put_prompt(office.default, name="closing", octets=b"1" * 800, description="Bye")
    second = await prompts.put_prompt(office.default, name="closing", octets=b"2" * 800)
    assert second.prompt_id == first.prompt_id
    assert second.description == "Bye"
    assert kept.sounds == {second.sound: b"2" * 800}


@pytest.mark.parametrize("octets", [b"", b"1" * (MAX_S * OCTETS_PER_S + 1)])
async def test_a_sound_that_is_none_or_too_long_is_refused_and_not_kept(octets: bytes) -> None:
    office, prompts, kept = await opened()
    with pytest.raises(InvalidInputError):
        await prompts.put_prompt(office.default, name="closing", octets=octets)
    assert kept.sounds == {}


async def test_what_cannot_be_put_leaves_no_sound_behind() -> None:
    office, prompts, kept = await opened()
    with pytest.raises(NotFoundError):
        await prompts.put_prompt("nowhere", name="closing", octets=b"1")
    with pytest.raises(InvalidInputError):
        await prompts.put_prompt(office.default, name="prompt:closing", octets=b"1")
    for number in range(MAX_PROMPTS):
        await prompts.put_prompt(office.default, name=f"prompt {number}", octets=b"1")
    with pytest.raises(QuotaExceededError):
        await prompts.put_prompt(office.default, name="one more", octets=b"1")
    assert len(kept.sounds) == MAX_PROMPTS


@pytest.mark.parametrize("name", [" ", "closing ", "\nclosing", "prompt:closing"])
async def test_no_prompt_has_a_name_by_which_no_text_can_mean_it(name: str) -> None:
    office, prompts, kept = await opened()
    with pytest.raises(InvalidInputError):
        await prompts.put_prompt(office.default, name=name, octets=b"1")
    assert kept.sounds == {}
    made = await prompts.put_prompt(office.default, name="closing", octets=b"1")
    with pytest.raises(InvalidInputError):
        await prompts.update_prompt(office.default, made.prompt_id, name=name)


async def test_two_prompts_have_two_names() -> None:
    office, prompts, _ = await opened()
    await prompts.put_prompt(office.default, name="one", octets=b"1")
    other = await prompts.put_prompt(office.default, name="other", octets=b"1")
    with pytest.raises(ConflictError):
        await prompts.update_prompt(office.default, other.prompt_id, name="one")


async def test_a_text_that_names_a_prompt_stands_for_it_and_all_others_are_spoken() -> None:
    office, prompts, _ = await opened()
    made = await prompts.put_prompt(office.default, name="closing", octets=b"1")
    there = (await office.directory()).prompts
    for text in ("prompt:closing", " prompt: closing\n", f"prompt:{made.prompt_id}"):
        name = named(text)
        assert name is not None
        assert prompt_named(there, name) == prompt_named(there, text.strip()) == made
    assert named("We are prompt: here we go.") is None
    assert prompt_named(there, "opening") is None
