"""What is found and heard of recordings where a disk has damaged some. If these fail, one bad sector takes all that was
said before it, or every other talk, from whoever has to prove something; or what was to be deleted is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.offices import SCOPE, NobodyDials
from storage.damage import change_rows_alone
from storage.support import NOW, directory, stand_up
from storage.test_conformance_recordings import ANN, talked
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.instants import DAY
from trunkcall.domain.recording import Recording, RecordingWish
from trunkcall.domain.recording_file import RATE, ChunkSealer, RecordingDamagedError, RecordingUnreadableError
from trunkcall.service import recording_retention
from trunkcall.service.centre import Centre
from trunkcall.service.recording_retention import RecordingRetention
from trunkcall.service.recordings import Recordings
from trunkcall.storage.recording_files import RecordingFiles
from trunkcall.storage.sqlite.store import SQLiteStore

SECONDS = 40


class Nobody(NobodyDials):
    """Nobody dials, so nothing goes on."""

    async def recording_wished(self, instance_id: str, contact_id: str, wish: RecordingWish) -> bool:
        return False


class Archive:
    """Four talks that have ended, each of forty seconds."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "store.db"
        self.files = RecordingFiles(folder, bytes(32))
        self.store = SQLiteStore(self._path, clock=lambda: NOW)
        self.contacts: list[str] = []

    async def open(self) -> Archive:
        await self.store.open()
        lease = await stand_up(self.store)
        self.contacts = [await talked(self.store, lease, ANN, ended_at=NOW + 20 + n) for n in range(4)]
        for contact_id in self.contacts:
            await self._put_sound(contact_id)
        return self

    async def file_of(self, contact_id: str) -> Path:
        return Path(self.files.begin(await self.recording_of(contact_id)).path)

    async def recording_of(self, contact_id: str) -> Recording:
        found = await self.store.contact(contact_id)
        assert found is not None
        return found.recordings[0]

    async def _put_sound(self, contact_id: str) -> None:
        new = self.files.begin(await self.recording_of(contact_id))
        sealer = ChunkSealer(AESGCM(new.key), new.head)
        said = [sealer.sealed(bytes([n]) * RATE, b"\xff" * RATE) for n in range(SECONDS)]
        Path(new.path).write_bytes(b"".join([new.head, *said, sealer.sealed(b"", b"", last=True)]))

    def recordings(self) -> Recordings:
        centre = Centre(self.store, self.store, SCOPE, lambda _: NOW, lambda: "id", Nobody())
        return Recordings(self.store, self.files, centre, Nobody())

    async def damage(self, contact_id: str) -> None:
        """The disk changes what is known of the recordings of a contact."""
        await self.store.close()
        change_rows_alone(self._path, [(contact_id, "recordings", "x")])
        await self.store.open()


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    archive = await Archive(tmp_path).open()
    yield archive
    await archive.store.close()


async def test_a_list_goes_on_behind_what_cannot_be_read(archive: Archive) -> None:
    damaged, *others = archive.contacts
    await archive.damage(damaged)
    found, after = [], None
    while True:
        page = await archive.recordings().list_recordings("instance-1", after=after, limit=2)
        found += [each.contact_id for each in page.recordings]
        if (after := page.after) is None:
            break
    assert found == others


async def test_what_is_kept_no_longer_is_deleted_behind_what_cannot_be_read(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_retention, "DELETED_AT_ONCE", 2)
    await archive.damage(archive.contacts[0])
    store = archive.store
    retention = RecordingRetention(store, archive.files, store, lambda _: NOW + 2 * DAY, days=1)
    assert await retention.delete_due() == 3
    assert await store.recorded("instance-1", limit=9) == []


async def test_all_that_was_said_before_the_damage_is_heard(archive: Archive) -> None:
    contact_id = archive.contacts[0]
    path, recording_id = await archive.file_of(contact_id), f"{contact_id}.1"
    octets = bytearray(path.read_bytes())
    octets[len(octets) * 9 // 10] ^= 1
    path.write_bytes(octets)
    first = await archive.recordings().sound("instance-1", recording_id)
    second = await archive.recordings().sound("instance-1", recording_id, first.after)
    said = (first.interleaved + second.interleaved)[::2]
    heard_s = len(said) // RATE
    assert said == b"".join(bytes([n]) * RATE for n in range(heard_s))
    assert 30 < heard_s < SECONDS
    with pytest.raises(RecordingDamagedError):
        await archive.recordings().sound("instance-1", recording_id, second.after)


async def test_a_file_of_which_a_power_cut_left_zeros_is_heard_up_to_these(archive: Archive) -> None:
    contact_id = archive.contacts[0]
    path = await archive.file_of(contact_id)
    octets = path.read_bytes()
    cut = len(octets) * 9 // 10
    path.write_bytes(octets[:cut] + bytes(len(octets) - cut))
    sound = await archive.recordings().sound("instance-1", f"{contact_id}.1")
    assert len(sound.interleaved) == 2 * 30 * RATE
    [listed] = await archive.recordings().recordings_of("instance-1", contact_id)
    assert (listed.samples, listed.damaged) == (None, True)


async def test_recordings_are_listed_beside_one_that_nobody_may_read(archive: Archive) -> None:
    contact_id = archive.contacts[0]
    path = await archive.file_of(contact_id)
    path.unlink()
    path.mkdir()
    page = await archive.recordings().list_recordings("instance-1", limit=9)
    assert [(each.contact_id, each.damaged) for each in page.recordings] == [
        (each, each == contact_id) for each in archive.contacts
    ]
    with pytest.raises(RecordingUnreadableError, match="cannot be read"):
        await archive.recordings().sound("instance-1", f"{contact_id}.1")


async def test_where_the_folder_of_recordings_is_none_there_is_no_sound(archive: Archive) -> None:
    folder = (await archive.file_of(archive.contacts[0])).parents[1]
    folder.rename(folder.with_name("moved"))
    folder.write_text("a file")
    page = await archive.recordings().list_recordings("instance-1", limit=9)
    assert {(each.samples, each.damaged) for each in page.recordings} == {(None, False)}
    with pytest.raises(NotFoundError):
        await archive.recordings().sound("instance-1", f"{archive.contacts[0]}.1")


async def test_what_was_deleted_is_not_heard_again_where_a_backup_brings_its_file_back(archive: Archive) -> None:
    contact_id = archive.contacts[0]
    path = await archive.file_of(contact_id)
    backup = path.read_bytes()
    retention = RecordingRetention(archive.store, archive.files, archive.store, lambda _: NOW + 2 * DAY, days=1)
    assert await retention.delete_due()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(backup)
    assert await archive.recordings().recordings_of("instance-1", contact_id) == []
    with pytest.raises(NotFoundError, match="no recording with this id"):
        await archive.recordings().sound("instance-1", f"{contact_id}.1")


async def test_by_way_of_another_instance_nothing_is_listed_heard_or_asked_for(archive: Archive) -> None:
    """Whoever may listen to the talks of one instance may not to those of all."""
    await archive.store.create_instance(directory("instance-2"))
    contact_id = archive.contacts[0]
    with pytest.raises(NotFoundError):
        await archive.recordings().sound("instance-2", f"{contact_id}.1")
    with pytest.raises(NotFoundError):
        await archive.recordings().recordings_of("instance-2", contact_id)
    with pytest.raises(NotFoundError):
        await archive.recordings().ask("instance-2", contact_id, RecordingWish.STOP)
    assert (await archive.recordings().list_recordings("instance-2", limit=9)).recordings == []
