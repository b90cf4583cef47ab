"""When what was recorded is deleted, on virtual time over a store in memory. If these fail, somebody who was forgotten
can still be heard, or recordings go that were to be kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from service.support import House, dialing
from storage.support import directory
from trunkcall.domain.contact import ContactRecord
from trunkcall.domain.instants import DAY, Instant
from trunkcall.domain.recording import ON, TAG, location_of
from trunkcall.service.privacy import Privacy
from trunkcall.service.recording_retention import RecordingRetention, RecordingsLeftError
from trunkcall.storage.recording_files import RecordingFiles

pytestmark = pytest.mark.virtual_time

NUMBER = "+12125550100"


class Kept:
    """Ten talks that have ended, with a file for each recording."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.folder = folder
        self.files = RecordingFiles(folder, bytes(32))
        self.now = house.clock.now()

    def retention(self, days: int | None = None) -> RecordingRetention:
        store = self.house.kept
        return RecordingRetention(store, self.files, store, lambda _: self.now, days=days)

    def privacy(self) -> Privacy:
        store = self.house.kept
        return Privacy(store, store, lambda _: self.now, recordings=self.retention())

    def on_disk(self) -> int:
        return len(list(self.folder.rglob("*.tcr")))

    def in_the_way(self) -> Path:
        """The place of one file, where there is what nobody can delete as a file."""
        path = next(path for path in self.folder.rglob("*.tcr") if path.is_file())
        path.unlink()
        path.mkdir()
        return path

    async def records(self) -> list[ContactRecord]:
        return [record for record in await self.house.records() if record.recordings]

    async def deleted(self) -> set[Instant | None]:
        return {record.recordings_deleted_at for record in await self.records()}


@pytest.fixture
async def kept(tmp_path: Path) -> Kept:
    house = House.in_memory()
    await house.open(agents=10, requests=10)
    await house.kept.edit_campaign("spring", lambda campaign: replace(campaign, tags={TAG: ON}))
    async with dialing(house, house.owner()):
        await house.until_all_ended(10)
    kept = Kept(house, tmp_path)
    for record in await kept.records():
        for recording in record.recordings:
            Path(kept.files.begin(recording).path).write_bytes(b"a talk")
    assert kept.on_disk() > 2
    return kept


async def test_recordings_go_after_their_days_and_the_records_say_so(kept: Kept) -> None:
    kept.now += 89 * DAY
    assert await kept.retention(90).delete_due() == 0
    kept.now += 2 * DAY
    number = kept.on_disk()
    assert await kept.retention(90).delete_due() == number
    assert kept.on_disk() == 0
    assert await kept.deleted() == {kept.now}
    assert {record.phone_number for record in await kept.records()} == {NUMBER}, "the rest of the record is kept"
    assert await kept.retention(90).delete_due() == 0


async def test_without_days_they_are_kept(kept: Kept) -> None:
    kept.now += 10_000 * DAY
    assert await kept.retention().delete_due() == 0
    assert kept.on_disk() > 2


async def test_whoever_is_forgotten_is_heard_no_more(kept: Kept) -> None:
    assert await kept.privacy().forget(NUMBER) == 10
    assert kept.on_disk() == 0
    assert await kept.deleted() == {kept.now}


async def test_with_personal_data_goes_what_was_recorded(kept: Kept) -> None:
    """Whoever erased it may have been a command beside the server, or have died halfway."""
    await kept.house.kept.forget_number(NUMBER, at=kept.now)
    assert kept.on_disk() > 2
    assert await kept.retention().delete_due() > 2
    assert kept.on_disk() == 0
    assert await kept.deleted() == {kept.now}


async def test_a_file_that_no_record_has_goes_with_the_others_of_its_day(kept: Kept) -> None:
    """Of a contact that the disk has changed."""
    recording = (await kept.records())[0].recordings[0]
    stray = kept.folder / location_of(replace(recording, recording_id="damaged.1"))
    stray.write_bytes(b"a talk")
    kept.now += 93 * DAY
    await kept.retention(90).delete_due()
    assert not stray.exists()
    assert kept.on_disk() == 0


async def test_by_the_clock_of_another_instance_nothing_is_deleted(kept: Kept) -> None:
    """Instances may go at speeds of their own, and all keep files in one folder."""
    await kept.house.kept.create_instance(directory("ahead"))
    store, now = kept.house.kept, {"ahead": kept.now + 400 * DAY}
    retention = RecordingRetention(store, kept.files, store, lambda each: now.get(each, kept.now), days=90)
    assert await retention.delete_due() == 0
    assert kept.on_disk() > 2


async def test_what_cannot_be_deleted_is_said_and_keeps_nothing_else_from_being_deleted(kept: Kept) -> None:
    path = kept.in_the_way()
    kept.now += 91 * DAY
    with pytest.raises(RecordingsLeftError, match="cannot be deleted"):
        await kept.retention(90).delete_due()
    assert kept.on_disk() == 1
    assert await kept.deleted() == {None, kept.now}, "of the one that is left it is not said that it is gone"
    path.rmdir()
    path.write_bytes(b"a talk")
    assert await kept.retention(90).delete_due() == 1
    assert await kept.deleted() == {kept.now}


async def test_however_many_cannot_be_deleted_the_others_are(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkcall.service.recording_retention.DELETED_AT_ONCE", 1)
    for _ in range(2):
        kept.in_the_way()
    kept.now += 91 * DAY
    with pytest.raises(RecordingsLeftError):
        await kept.retention(90).delete_due()
    assert [record.recordings_deleted_at for record in await kept.records()].count(None) == 2


async def test_a_number_is_forgotten_also_where_a_recording_cannot_be_deleted(kept: Kept) -> None:
    path = kept.in_the_way()
    with pytest.raises(RecordingsLeftError, match="The number was forgotten"):
        await kept.privacy().forget(NUMBER)
    assert NUMBER not in {record.phone_number for record in await kept.records()}
    assert kept.on_disk() == 1
    path.rmdir()
    path.write_bytes(b"a talk")
    assert await kept.retention().delete_due() == 1, "it is tried again"
