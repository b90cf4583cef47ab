"""Trunks that the settings name are the default instance's from the next start on, and no others are.

If this fails, somebody goes on dialing over a trunk whose contract was ended, or shows a number that nobody has.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.support import directory
from trunkcall.compose.trunks import named_trunks, put_trunks
from trunkcall.domain.directory import Directory
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.trunk import Trunk
from trunkcall.settings import Settings, load_settings
from trunkcall.storage.memory import MemoryStore

SPARE = "+12065550177"


def settings(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "trunkcall.toml"
    path.write_text(text)
    return load_settings(environment={}, config_file=path)


async def started(store: MemoryStore, settings: Settings) -> Directory:
    """What is around the campaigns after a start with these settings."""
    before = await store.directory("instance-1")
    assert before is not None
    await put_trunks(store, before, named_trunks(settings), at=1)
    after = await store.directory("instance-1")
    assert after is not None
    return after


async def test_each_start_has_the_trunks_of_its_settings(tmp_path: Path) -> None:
    store = MemoryStore(lambda: 0)
    await store.create_instance(directory())
    plain = settings(tmp_path, "channels = 30\nattempts_per_s = 5")
    assert (await started(store, plain)).trunks == {"default": Trunk("default", "local", 30, 5.0)}
    two = settings(
        tmp_path,
        "[[trunks]]\ntrunk_id = 'north'\nhost = 'sbc-1'\nchannels = 10\n"
        f"caller_numbers = ['+1-206-555-0100', '{SPARE}', '+12065550100']\n[[trunks]]\ntrunk_id = 'south'\n",
    )
    found = await started(store, two)
    north = Trunk("north", "sbc-1", 10, caller_numbers=("+12065550100", SPARE))
    assert found.trunks == {"north": north, "south": Trunk("south")}
    assert [each.phone_number for each in found.phone_numbers.values()] == ["+12065550100", SPARE], "each once"
    changes = await store.facts_changed("instance-1", after_version=0)
    assert (await started(store, two)).trunks == found.trunks
    assert await store.facts_changed("instance-1", after_version=changes[-1].version) == [], "what is so is no change"
    fewer = settings(tmp_path, "[[trunks]]\ntrunk_id = 'south'\nchannels = 5\n")
    assert (await started(store, fewer)).trunks == {"south": Trunk("south", channels=5)}
    assert list((await started(store, plain)).trunks) == ["default"]


async def test_what_else_there_is_is_left_alone(tmp_path: Path) -> None:
    store = MemoryStore(lambda: 0)
    await store.create_instance(directory())
    await store.create_instance(directory("instance-2"))
    found = await started(store, settings(tmp_path, "[[trunks]]\ntrunk_id = 'north'\n"))
    assert found.facts == (*directory().facts, Trunk("north"))
    elsewhere = await store.directory("instance-2")
    assert elsewhere is not None
    assert not elsewhere.trunks


@pytest.mark.parametrize(
    ("number", "complaint"),
    [
        ("12065550100", r"Number 2 of caller_numbers of the trunk north must begin with \+"),
        ("+1206555", "has a number of digits that is impossible in its country"),
        ("+1206x550100", "must have digits only"),
        ("", "must begin with"),
    ],
)
def test_a_number_that_cannot_be_one_is_told_by_its_place(tmp_path: Path, number: str, complaint: str) -> None:
    named = settings(tmp_path, f"[[trunks]]\ntrunk_id = 'north'\ncaller_numbers = ['{SPARE}', '{number}']\n")
    with pytest.raises(SettingsError, match=complaint) as caught:
        named_trunks(named)
    assert not number or number not in str(caught.value), "no error holds a number"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("country = 'UK'", "country of the trunk north has UK, which has no telephone numbers"),
        ("regions = ['GB', 'EU']", "regions of the trunk north has EU"),
    ],
)
def test_a_country_that_is_none_is_told(tmp_path: Path, line: str, complaint: str) -> None:
    """Else its emergency numbers would be nobody's, or the trunk would dial nothing, without a word."""
    named = settings(tmp_path, f"[[trunks]]\ntrunk_id = 'north'\n{line}\n")
    with pytest.raises(SettingsError, match=complaint):
        named_trunks(named)
