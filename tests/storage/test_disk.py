"""Room on the disk, and what is said and logged when a store fails."""

from __future__ import annotations

import errno
import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from storage.support import accept, begin, campaign, dial_request, put, stand_up
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.errors import StoreFullError, StoreUnavailableError
from trunkcall.storage import disk as disk_module
from trunkcall.storage.disk import MEGABYTE, Room
from trunkcall.storage.sqlite.faults import Fault, Troubles, fault_of
from trunkcall.storage.sqlite.store import SQLiteStore

CAMPAIGN = "campaign-1"


class Seconds:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Free:
    """A disk with so many bytes left, which counts how often it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free: int) -> None:
        self.free, self.asked = free, 0
        monkeypatch.setattr(disk_module, "free_bytes", self)

    def __call__(self, path: Path) -> int:
        self.asked += 1
        return self.free


class TestRoom:
    def test_the_disk_is_asked_once_a_second_however_many_requests_there_are(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        free, clock = Free(monkeypatch, 300 * MEGABYTE), Seconds()
        room = Room(tmp_path, 200 * MEGABYTE, clock)
        for _ in range(1000):
            room.require()
        assert free.asked == 1
        free.free = 100 * MEGABYTE
        room.require()
        clock.now_s += 1
        with pytest.raises(StoreFullError, match=r"less than 200 MB \(min_free_mb\)"):
            room.require()
        free.free = 300 * MEGABYTE
        clock.now_s += 1
        room.require()
        assert free.asked == 3

    def test_without_a_limit_the_disk_is_never_asked(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        free = Free(monkeypatch, 0)
        room = Room(tmp_path, 0)
        room.require()
        assert room.refusal is None
        assert free.asked == 0

    def test_the_log_hears_of_it_at_most_once_a_minute(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        free, clock = Free(monkeypatch, 0), Seconds()
        room = Room(tmp_path, MEGABYTE, clock)
        for second in range(120):
            free.free = second % 2 * 2 * MEGABYTE
            clock.now_s += 1
            _ = room.refusal
        assert len(caplog.records) <= 2 * 3, "that it is full, and that it is not"

    def test_a_disk_that_has_room_again_before_a_minute_is_over_is_told_too(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        free, clock = Free(monkeypatch, 0), Seconds()
        room = Room(tmp_path, MEGABYTE, clock)
        assert room.refusal is not None
        free.free = 2 * MEGABYTE
        clock.now_s += 5
        assert room.refusal is None
        assert [each.levelno for each in caplog.records] == [logging.WARNING, logging.INFO]

    async def test_nothing_new_is_taken_and_all_else_goes_on(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        free = Free(monkeypatch, 2 * MEGABYTE)
        monkeypatch.setattr(disk_module, "LOOK_EVERY_S", 0.0)
        store = SQLiteStore(tmp_path / "trunkcall.db", min_free=MEGABYTE)
        await store.open()
        lease = await stand_up(store)
        contact_id = await accept(store)
        free.free = 0
        assert store.refusal is not None
        for refused in (put(store, dial_request()), store.create_campaign(campaign("another"))):
            with pytest.raises(StoreFullError):
                await refused
        await store.commit(lease, [begin(contact_id)])
        await store.edit_campaign(CAMPAIGN, lambda c: c)
        await store.change_campaign_state(CAMPAIGN, allowed_from=[CampaignState.RUNNING], to=CampaignState.STOPPED)
        await store.delete_campaign(CAMPAIGN, at=1)
        assert store.trouble is None
        await store.close()


def sqlite_error(code: int, message: str = "") -> sqlite3.Error:
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


class TestFaults:
    @pytest.mark.parametrize(
        ("error", "fault"),
        [
            (sqlite_error(sqlite3.SQLITE_FULL), Fault.FULL),
            (sqlite_error(sqlite3.SQLITE_READONLY), Fault.READ_ONLY),
            (sqlite_error(sqlite3.SQLITE_IOERR_FSYNC), Fault.DISK_ERROR),
            (sqlite_error(sqlite3.SQLITE_IOERR_READ), Fault.DISK_ERROR),
            (sqlite_error(sqlite3.SQLITE_CORRUPT), Fault.DAMAGED),
            (sqlite_error(sqlite3.SQLITE_CORRUPT_INDEX), Fault.DAMAGED),
            (sqlite_error(sqlite3.SQLITE_NOTADB), Fault.DAMAGED),
            (sqlite_error(sqlite3.SQLITE_ERROR, "no such table: contact"), Fault.DAMAGED),
            (sqlite_error(sqlite3.SQLITE_ERROR, "near x"), Fault.UNKNOWN),
            (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), Fault.BUSY),
            (sqlite_error(sqlite3.SQLITE_CANTOPEN), Fault.UNREACHABLE),
            (sqlite3.OperationalError("Could not decode to UTF-8 column 'name' with text '\ufffd'"), Fault.DAMAGED),
            (UnicodeDecodeError("utf-8", b"\x9d", 0, 1, "invalid start byte"), Fault.DAMAGED),
            (MemoryError(), Fault.NO_MEMORY),
            (OSError(errno.ENOSPC, ""), Fault.FULL),
            (OSError(errno.EROFS, ""), Fault.READ_ONLY),
            (OSError(errno.EACCES, ""), Fault.UNREACHABLE),
        ],
    )
    def test_each_has_its_words(self, tmp_path: Path, error: Exception, fault: Fault) -> None:
        assert fault_of(error, tmp_path / "trunkcall.db") is fault

    def test_the_log_hears_of_each_kind_once_a_minute(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        clock = Seconds()
        troubles = Troubles(tmp_path / "trunkcall.db", clock)
        for _ in range(100):
            troubles.write_failed(sqlite_error(sqlite3.SQLITE_FULL, "secret"))
            troubles.read_failed(sqlite_error(sqlite3.SQLITE_IOERR))
            troubles.writes_work()
            troubles.reads_work()
        assert [record.getMessage() for record in caplog.records] == [
            "the store fails",
            "the store fails",
            "the store works again",
        ]
        assert "secret" not in str([vars(record) for record in caplog.records])
        clock.now_s += 60
        troubles.write_failed(sqlite_error(sqlite3.SQLITE_FULL))
        assert len(caplog.records) == 4
        assert troubles.words == "The disk is full."
        troubles.writes_work()
        assert troubles.words is None


@pytest.mark.parametrize("still", [False, True], ids=["once", "while it is opened again as well"])
async def test_a_read_that_fails_does_not_spoil_the_reads_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, still: bool
) -> None:
    failing: list[bool] = []
    made: list[sqlite3.Connection] = []

    class FailingConnection(sqlite3.Connection):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(self)

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if failing and ("campaign" in sql or still):
                raise sqlite_error(sqlite3.SQLITE_IOERR_READ, "disk I/O error")
            return super().execute(sql, *parameters)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **kw: connect(*a, factory=FailingConnection, **kw))
    store = SQLiteStore(tmp_path / "trunkcall.db")
    await store.open()
    await stand_up(store)
    before = len(made)
    failing.append(True)
    with pytest.raises(StoreUnavailableError, match="The disk reports errors"):
        await store.campaign(CAMPAIGN)
    assert store.trouble == "The disk reports errors."
    assert len(made) == before + 1, "what has met a fault is not trusted"
    failing.clear()
    assert await store.campaign(CAMPAIGN) is not None
    assert store.trouble is None
    await store.close()
