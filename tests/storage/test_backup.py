"""Copies of a store, and putting one back.

What a user would lose otherwise: a backup that turns out to be half a store when it is needed, the former store under a
restored one, or the peace of people who are called again because a backup does not know that they were.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from storage.support import NOW, accept, begin, campaign, dial_request, due, put, records, stand_up
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.errors import SchemaMismatchError, StoreDamagedError, StoreError, StoreUnavailableError
from trunkcall.domain.instants import MINUTE
from trunkcall.storage.ports.maintenance import BackupExistsError, BackupPlaceError, Restored, StoreInUseError
from trunkcall.storage.sqlite import backup as sqlite_backup
from trunkcall.storage.sqlite import schema
from trunkcall.storage.sqlite.backup import back_up, restore
from trunkcall.storage.sqlite.check import check_store
from trunkcall.storage.sqlite.store import SQLiteStore

CAMPAIGN = "campaign-1"
FORMER = "former.db"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "trunkcall.db"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup.db"


def restored(path: Path, backup: Path, *, pause: bool = True) -> Restored:
    return restore(path, backup, name_of_former=FORMER, pause=pause)


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


async def opened(path: Path) -> SQLiteStore:
    store = SQLiteStore(path)
    await store.open()
    return store


async def left_behind(path: Path) -> set[str]:
    """The files of a store as a killed process leaves them, its last commit in the log alone; who waits in it."""
    apart = path.parent.parent / "running"
    store = await opened(apart / path.name)
    await stand_up(store)
    accepted = {await accept(store) for _ in range(3)}
    for file in apart.iterdir():
        shutil.copy(file, path.parent / file.name)
    await store.close()
    return accepted


class TestBackup:
    async def test_it_is_made_while_the_store_is_written_and_is_whole(self, path: Path, backup: Path) -> None:
        store = await opened(path)
        await stand_up(store)
        before = {await accept(store) for _ in range(50)}
        done = asyncio.Event()

        async def go_on() -> int:
            batches = 0
            while not done.is_set():
                await put(store, *(dial_request() for _ in range(20)))
                batches += 1
            return batches

        writing = asyncio.create_task(go_on())
        await asyncio.to_thread(back_up, path, backup, unused=False, force=False)
        done.set()
        assert await writing > 0, "the store was written meanwhile"
        await store.close()
        assert check_store(backup, unused=True).sound
        copy = await opened(backup)
        assert before <= (await records(copy)).keys()
        await copy.close()

    async def test_it_stands_for_itself_and_is_for_its_owner_only(self, path: Path, backup: Path) -> None:
        store = await opened(path)
        await stand_up(store)
        back_up(path, backup, unused=False, force=False)
        assert names(backup.parent) == {"data", "backup.db"}
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        await store.close()

    async def test_it_has_what_only_the_log_of_a_killed_server_holds(self, path: Path, backup: Path) -> None:
        path.parent.mkdir()
        accepted = await left_behind(path)
        back_up(path, backup, unused=True, force=False)
        copy = await opened(backup)
        assert (await records(copy)).keys() == accepted
        await copy.close()

    async def test_a_file_is_overwritten_only_when_asked(self, path: Path, backup: Path) -> None:
        await (await opened(path)).close()
        backup.write_text("something precious")
        with pytest.raises(BackupExistsError, match="--force"):
            back_up(path, backup, unused=True, force=False)
        assert backup.read_text() == "something precious"
        back_up(path, backup, unused=True, force=True)
        assert check_store(backup, unused=True).sound
        with pytest.raises(BackupExistsError, match="the store itself"):
            back_up(path, path, unused=True, force=True)

    async def test_a_damaged_store_gives_no_backup_that_looks_like_one(self, path: Path, backup: Path) -> None:
        store = await opened(path)
        await stand_up(store)
        await store.close()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE backlog SET waiting = 9")
            connection.commit()
        with pytest.raises(StoreDamagedError, match="was not copied"):
            back_up(path, backup, unused=True, force=False)
        assert names(backup.parent) == {"data"}

    async def test_a_damaged_contact_is_no_reason_to_have_no_backup(self, path: Path, backup: Path) -> None:
        store = await opened(path)
        await stand_up(store)
        accepted = [await accept(store) for _ in range(3)]
        await store.close()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE contact SET phone_number = '+12065559999' WHERE sequence = 2")
            connection.commit()
        report = back_up(path, backup, unused=True, force=False)
        assert [contact.contact_id for contact in report.damaged] == accepted[1:2]
        done = restored(path, backup)
        assert len(done.report.damaged) == 1
        store = await opened(path)
        found = await due(store, CAMPAIGN, limit=10)
        assert [contact.contact_id for contact in found] == [accepted[0], accepted[2]]
        await store.close()

    async def test_a_place_that_cannot_be_written_is_named(self, path: Path) -> None:
        await (await opened(path)).close()
        with pytest.raises(StoreUnavailableError, match="cannot be written"):
            back_up(path, Path("/proc/backup.db"), unused=True, force=False)

    async def test_a_link_stays_one(self, path: Path, backup: Path) -> None:
        await (await opened(path)).close()
        backup.symlink_to(backup.with_name("elsewhere.db"))
        for force in (False, True):
            back_up(path, backup, unused=False, force=force)
            assert backup.is_symlink()
            assert check_store(backup, unused=True).sound

    async def test_what_is_no_file_is_not_replaced(self, path: Path, tmp_path: Path) -> None:
        """Root would have no /dev/null any more."""
        await (await opened(path)).close()
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(BackupPlaceError, match="is no regular file"):
            back_up(path, tmp_path / "pipe", unused=False, force=True)
        assert (tmp_path / "pipe").is_fifo()


class TestRestore:
    async def test_what_the_backup_held_is_back_and_nobody_is_dialed_by_it(self, path: Path, backup: Path) -> None:
        store = await opened(path)
        lease = await stand_up(store)
        first, second = await accept(store), await accept(store)
        await store.create_campaign(campaign("stopped", state=CampaignState.STOPPED))
        back_up(path, backup, unused=False, force=False)
        await store.commit(lease, [begin(first)])
        lost = await accept(store)
        version = max(c.version for c in await store.campaigns_changed("instance-1", after_version=0))
        await store.close()

        done = restored(path, backup)

        assert (done.paused, done.waiting) == (1, 2)
        store = await opened(path)
        assert (await records(store)).keys() == {first, second}
        for name, state in ((CAMPAIGN, CampaignState.PAUSED), ("stopped", CampaignState.STOPPED)):
            found = await store.campaign(name)
            assert found is not None
            assert found.state is state
        changed = await store.campaigns_changed("instance-1", after_version=version)
        assert [c.campaign_id for c in changed] == [CAMPAIGN], "a dialer hears of it"
        again = await store.acquire_lease("instance-1", "dialer-2", MINUTE)
        assert again is not None
        assert again.token > lease.token, "a carrier takes the new dialer for the newer one"
        await store.close()
        former = await opened(path.with_name(FORMER))
        assert lost in await records(former)
        await former.close()

    async def test_campaigns_may_be_left_running(self, path: Path, backup: Path) -> None:
        store = await opened(path)
        await stand_up(store)
        await accept(store)
        await store.close()
        back_up(path, backup, unused=True, force=False)
        assert restored(path, backup, pause=False).paused == 0
        store = await opened(path)
        found = await store.campaign(CAMPAIGN)
        assert found is not None
        assert found.state is CampaignState.RUNNING
        await store.close()

    async def test_the_log_of_a_killed_server_is_not_applied_to_the_restored_store(
        self, path: Path, backup: Path, tmp_path: Path
    ) -> None:
        other = await opened(tmp_path / "other.db")
        await stand_up(other)
        await other.close()
        back_up(tmp_path / "other.db", backup, unused=True, force=False)
        path.parent.mkdir()
        accepted = await left_behind(path)
        restored(path, backup)
        assert names(path.parent) == {path.name, FORMER}
        store = await opened(path)
        assert await records(store) == {}
        await store.close()
        assert check_store(path, unused=True).sound
        former = await opened(path.with_name(FORMER))
        assert (await records(former)).keys() == accepted, "the former store is whole"
        await former.close()

    async def test_a_store_whose_log_cannot_be_written_back_is_kept_with_it(
        self, path: Path, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def failing(*arguments: object, **named: object) -> sqlite3.Connection:
            raise sqlite3.DatabaseError("disk I/O error")

        other = await opened(tmp_path / "other.db")
        await other.close()
        back_up(tmp_path / "other.db", backup, unused=True, force=False)
        path.parent.mkdir()
        accepted = await left_behind(path)
        monkeypatch.setattr(sqlite_backup, "connect", failing)
        restored(path, backup)
        assert names(path.parent) == {path.name, FORMER, FORMER + "-wal"}
        assert check_store(path, unused=True).sound
        former = await opened(path.with_name(FORMER))
        assert (await records(former)).keys() == accepted
        await former.close()

    async def test_a_store_that_is_none_any_more_is_kept_as_it_is(self, path: Path, backup: Path) -> None:
        await (await opened(path)).close()
        back_up(path, backup, unused=True, force=False)
        path.write_bytes(b"x" * 100_000)
        restored(path, backup)
        assert path.with_name(FORMER).read_bytes() == b"x" * 100_000
        assert check_store(path, unused=True).sound

    async def test_a_store_that_somebody_has_open_stays(self, path: Path, backup: Path) -> None:
        store = await opened(path)
        await stand_up(store)
        back_up(path, backup, unused=False, force=False)
        contact_id = await accept(store)
        with pytest.raises(StoreInUseError):
            restored(path, backup)
        assert contact_id in await records(store)
        await accept(store)
        await store.close()

    async def test_into_an_empty_directory(self, path: Path, backup: Path, tmp_path: Path) -> None:
        await (await opened(tmp_path / "other.db")).close()
        back_up(tmp_path / "other.db", backup, unused=True, force=False)
        path.parent.mkdir()
        assert restored(path, backup).aside is None
        assert names(path.parent) == {path.name}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    async def test_what_is_no_sound_backup_changes_nothing(self, path: Path, backup: Path) -> None:
        store = await opened(path)
        await stand_up(store)
        await store.close()
        back_up(path, backup, unused=True, force=False)
        before = path.read_bytes()
        good = backup.read_bytes()
        half, text, newer = good[: len(good) // 2], b"name,phone\n" * 1000, bytearray(good)
        newer[60:64] = (99).to_bytes(4)
        for content in (b"", half, text, bytes(newer)):
            backup.write_bytes(content)
            with pytest.raises(StoreError) as refused:
                restored(path, backup)
            assert refused.value.message
        assert isinstance(refused.value, SchemaMismatchError)
        assert "Upgrade Trunkcall" in refused.value.message
        with pytest.raises(StoreUnavailableError, match="no file"):
            restored(path, backup.with_name("nothing.db"))
        with pytest.raises(StoreInUseError, match="the store itself"):
            restored(path, path)
        assert path.read_bytes() == before
        assert names(path.parent) == {path.name}

    async def test_a_backup_of_an_older_version_is_migrated_after(self, path: Path, backup: Path) -> None:
        with closing(sqlite3.connect(backup, isolation_level=None)) as connection:
            connection.executescript(schema.MIGRATIONS[0])
            connection.execute(
                "INSERT INTO instance (instance_id, alias, created_at, onboarded) VALUES ('i', 'a', 0, 1)"
            )
            connection.execute(
                "INSERT INTO campaign (campaign_id, arn, instance_id, name, dialer_type, contact_flow_id, state, "
                "created_at, tags, version) VALUES ('c', 'arn', 'i', 'n', 'progressive', 'f', 'Running', 0, '{}', 0)"
            )
            connection.execute(
                "INSERT INTO contact (sequence, contact_id, campaign_key, client_token, phone_number, attributes, "
                f"accepted_at, expires_at, updated_at) VALUES (1, 'x', 1, 't', '+12065550100', '{{}}', {NOW}, {NOW}, 0)"
            )
            connection.execute(
                "INSERT INTO contact (sequence, contact_id, campaign_key, client_token, phone_number, attributes, "
                f"accepted_at, expires_at, updated_at) VALUES (2, 'y', 1, 'u', '+1206555010x', '{{', {NOW}, {NOW}, 0)"
            )
            connection.execute("UPDATE backlog SET accepted = 2, waiting = 2")
            connection.execute("UPDATE counter SET value = 2 WHERE name = 'contact_sequence'")
            connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            connection.execute("PRAGMA user_version = 1")
        path.parent.mkdir()
        done = restored(path, backup)
        assert done.report.outdated
        assert [contact.contact_id for contact in done.report.damaged] == ["y"]
        assert (done.paused, done.waiting) == (1, 2)
        with pytest.raises(SchemaMismatchError, match="db migrate"):
            await opened(path)
        await SQLiteStore(path).migrate()
        store = await opened(path)
        (record,) = (await records(store)).values()
        assert record.phone_number == "+12065550100", "what no seal was made for is taken as it is"
        assert await store.quarantine_damaged() == 1
        assert await store.end_quarantined(None, at=NOW) == 1
        assert len(await records(store)) == 2
        await store.close()
        report = check_store(path, unused=True)
        assert report.sound
        assert report.damaged == ()
