"""Exports as spreadsheets, programs and people take them. A user would lose a former export, a row, a column, or what a
cell said."""

from __future__ import annotations

import asyncio
import codecs
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from serving import settings_of
from storage.support import NOW, begin, campaign, directory, put
from trunkcall.aws.contact_records import COLUMNS
from trunkcall.cli import export, formats, record_tables
from trunkcall.cli.app import main
from trunkcall.compose import store as store_of_installation
from trunkcall.compose.store import open_store
from trunkcall.domain.changes import (
    Change,
    ContactAnswered,
    ContactConnected,
    ContactConnecting,
    ContactDetected,
    ContactEnded,
    ContactQueued,
    FlowProgressed,
)
from trunkcall.domain.contact import ContactRecord, DetectionStatus, DialRequest, DisconnectReason, Disposition
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import DAY, HOUR, MINUTE, SECOND, to_datetime
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.store import Store

TODAY = to_datetime(NOW)
YEARS = 365 * DAY

Fill = Callable[[Callable[[Store], Awaitable[None]]], None]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def fill(data_dir: Path) -> Fill:
    """Do something with the store of the data directory."""

    def run(deed: Callable[[Store], Awaitable[None]]) -> None:
        async def opened() -> None:
            store = open_store(settings_of(data_dir))
            await store.open()
            try:
                await deed(store)
            finally:
                await store.close()

        asyncio.run(opened())

    return run


class Exports:
    """Exports of one data directory."""

    def __init__(self, data_dir: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = data_dir.parent
        self._arguments = ["export", "contacts", "--data-dir", str(data_dir)]
        self._capfd = capfd

    def run(self, *arguments: object) -> tuple[int, str]:
        """The exit code, and what was said."""
        with pytest.raises(SystemExit) as ended:
            main([*self._arguments, *map(str, arguments)])
        assert isinstance(ended.value.code, int)
        return ended.value.code, self._capfd.readouterr().err

    def to(self, name: str, *arguments: object) -> Path:
        path = self.folder / name
        code, said = self.run("--output", path, *arguments)
        assert code == 0, said
        return path

    def tokens(self, *arguments: object) -> list[str]:
        """Client tokens of the exported contacts."""
        return [json.loads(line)["ClientToken"] for line in self.to("some.jsonl", *arguments).read_text().splitlines()]

    def table(self, *arguments: object) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.to("table.csv", *arguments).read_bytes().decode(), newline="")))

    def refused(self, *arguments: object, code: int = 1) -> str:
        ended, said = self.run(*arguments)
        assert ended == code, said
        return " ".join(said.split())


@pytest.fixture
def exports(data_dir: Path, capfd: pytest.CaptureFixture[str]) -> Exports:
    return Exports(data_dir, capfd)


def meanwhile(monkeypatch: pytest.MonkeyPatch, deed: Callable[[Store], Awaitable[None]]) -> None:
    """A server does this, once, after an export has gone through all contacts for the first time."""
    deeds = [deed]

    class Shared(SQLiteStore):
        async def contacts(self, **asked: Any) -> AsyncIterator[Sequence[ContactRecord]]:
            async for chunk in super().contacts(**asked):
                yield chunk
            while deeds:
                await deeds.pop()(self)

    monkeypatch.setattr(
        store_of_installation, "open_store", lambda settings: Shared(settings.data_dir / "trunkcall.db")
    )


def request(token: str, attributes: Mapping[str, str]) -> DialRequest:
    return DialRequest(f"contact-{token}", token, "+12065550123", NOW + YEARS, attributes)


def contacts_with(*attributes: Mapping[str, str]) -> Callable[[Store], Awaitable[None]]:
    async def deed(store: Store) -> None:
        await store.create_instance(directory())
        await store.create_campaign(campaign())
        await put(store, *(request(str(number), each) for number, each in enumerate(attributes)))

    return deed


async def three_days(store: Store) -> None:
    """Three campaigns, two of them deleted, and two contacts of each; one of each two was dialed, a day after the one
    of the campaign before."""
    await store.create_instance(directory())
    lease = await store.acquire_lease("instance-1", "dialer-1", MINUTE)
    assert lease is not None
    ends = (Disposition.BUSY, Disposition.VOICEMAIL, Disposition.NO_ANSWER)
    for number, (name, end) in enumerate(zip(("Spring", "Spring", "Autumn"), ends, strict=True)):
        campaign_id = f"campaign-{number}"
        await store.create_campaign(campaign(campaign_id, name=name, created_at=NOW + number))
        await put(store, request(f"{number}-dialed", {}), request(f"{number}-waits", {}), campaign_id=campaign_id)
        contact_id, at = f"contact-{number}-dialed", NOW + number * DAY
        ended = ContactEnded(contact_id, campaign_id, at + SECOND, end, DisconnectReason.TELECOM_UNANSWERED)
        await store.commit(lease, [begin(contact_id, campaign_id=campaign_id, at=at), ended])
        if number != 1:
            await store.delete_campaign(campaign_id, at=NOW + 3 * DAY)


async def a_talk(store: Store) -> None:
    """Ann has talked to somebody of the queue Support, and both have been removed since."""
    await store.create_instance(directory())
    await store.create_campaign(campaign())
    await put(store, request("talked", {}))
    lease = await store.acquire_lease("instance-1", "dialer-1", MINUTE)
    assert lease is not None
    name, talked = "contact-talked", (Disposition.CONNECTED_TO_AGENT, DisconnectReason.CUSTOMER_DISCONNECT)
    changes: list[Change] = [
        begin(name),
        ContactAnswered(name, NOW, None),
        ContactDetected(name, NOW, DetectionStatus.HUMAN_ANSWERED),
        ContactQueued(name, "q1", NOW),
        ContactConnecting(name, "a1", "agent-leg", NOW),
        ContactConnected(name, "a1", NOW),
        ContactEnded(name, "campaign-1", NOW + MINUTE, *talked),
    ]
    await store.commit(lease, changes)
    await store.remove_facts("instance-1", FactKind.AGENT, ["a1"], at=NOW + HOUR)
    await store.remove_facts("instance-1", FactKind.QUEUE, ["q1"], at=NOW + HOUR)


def test_whoever_was_removed_since_is_named_in_what_happened_before(exports: Exports, fill: Fill) -> None:
    fill(a_talk)
    record = json.loads(exports.to("talk.jsonl").read_text())
    assert (record["Agent"]["Username"], record["Queue"]["Name"]) == ("ann", "Support")


async def and_is_deleted(store: Store) -> None:
    """With the instance as it was after the talk."""
    await a_talk(store)
    await store.delete_campaign("campaign-1", at=NOW + HOUR)
    await store.offboard("instance-1")
    await store.delete_instance("instance-1", at=NOW + HOUR)


def test_what_happened_in_an_instance_that_was_deleted_is_told_as_before(exports: Exports, fill: Fill) -> None:
    fill(and_is_deleted)
    record = json.loads(exports.to("talk.jsonl", "--campaign", "name of campaign-1").read_text())
    assert (record["Agent"]["Username"], record["Queue"]["Name"]) == ("ann", "Support")


def test_how_long_its_contacts_are_kept_can_still_be_said(
    exports: Exports, fill: Fill, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(and_is_deleted)
    with pytest.raises(SystemExit):
        main(["retention", "--days", "30", "--data-dir", str(exports.folder / "data")])
    assert capfd.readouterr().out == "instance-1: 30 days\n"


def test_a_dash_is_standard_output(
    exports: Exports, fill: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(three_days)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["export", "contacts", "--data-dir", str(exports.folder / "data"), "--output", "-"])
    assert len(capfd.readouterr().out.splitlines()) == 6
    assert not (tmp_path / "-").exists()


class TestAFailingExport:
    @pytest.fixture(autouse=True)
    def _filled(self, fill: Fill) -> None:
        fill(three_days)

    @pytest.mark.parametrize("name", ["circle", "circle/day.csv"])
    def test_links_in_a_circle_are_told(self, exports: Exports, tmp_path: Path, name: str) -> None:
        (tmp_path / "circle").symlink_to("circle")
        assert "Too many levels of symbolic links" in exports.refused("--output", tmp_path / name)

    @pytest.mark.parametrize(
        "mistake",
        [["--campaign", "Sprnig"], ["--disposition", "bsy"], ["--since", "yesterday"], ["--bom", "--format", "xlsx"]],
    )
    def test_leaves_the_former_file(self, exports: Exports, mistake: Sequence[str]) -> None:
        path = exports.to("day.csv")
        before = path.read_bytes()
        assert exports.run("--output", path, *mistake)[0] in (1, 2)
        assert path.read_bytes() == before
        assert [path.name for path in exports.folder.iterdir() if "day" in path.name] == ["day.csv"]

    @pytest.mark.parametrize("name", ["day.jsonl", "day.csv", "day.xlsx", "day.parquet"])
    def test_leaves_it_also_if_it_fails_midway(
        self, exports: Exports, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        path = exports.to(name)
        before = path.read_bytes()

        def damaged(*_: object) -> Any:
            raise KeyboardInterrupt

        (exports.folder / "temporary").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(exports.folder / "temporary"))
        monkeypatch.setattr(export, "to_record", damaged)
        code, said = exports.run("--output", path)
        assert (code, said) == (130, "trunkcall: Interrupted. Nothing was written: a former file is as it was.\n")
        assert path.read_bytes() == before
        assert [path.name for path in exports.folder.iterdir() if "day" in path.name] == [name]
        assert not list((exports.folder / "temporary").iterdir())

    @pytest.mark.parametrize("form", list(formats.Format))
    def test_says_that_the_disk_is_full(self, exports: Exports, form: formats.Format) -> None:
        said = exports.refused("--output", "/dev/full", "--format", form)
        assert said == "trunkcall: --output /dev/full cannot be written: No space left on device."

    def test_says_that_there_is_no_room_for_temporary_files(
        self, exports: Exports, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A sheet is among them before it is in the workbook."""
        with monkeypatch.context() as crowded:
            crowded.setattr(tempfile, "tempdir", str(exports.folder / "none"))
            said = exports.refused("--output", exports.folder / "day.xlsx")
        assert "folder for temporary files: No such file or directory. Name another in the variable TMPDIR" in said

    def test_does_not_touch_a_file_that_shall_stay(self, exports: Exports) -> None:
        path = exports.to("day.csv", "--no-clobber")
        assert "there is a file of that name" in exports.refused("--output", path, "--no-clobber")
        assert "it is for a file that --output names" in exports.refused("--no-clobber", code=2)

    @pytest.mark.parametrize("name", ["trunkcall.db", "trunkcall.db-wal", "secret.key", "credentials"])
    def test_does_not_take_the_place_of_the_store_itself(self, exports: Exports, data_dir: Path, name: str) -> None:
        (exports.folder / "link").symlink_to(data_dir / name)
        before = (data_dir / "trunkcall.db").read_bytes()
        for path in (data_dir / name, exports.folder / "link"):
            assert f"{path} is a file of the data directory itself" in exports.refused("--output", path)
        assert (data_dir / "trunkcall.db").read_bytes() == before


class TestSelection:
    @pytest.fixture(autouse=True)
    def _filled(self, fill: Fill) -> None:
        fill(three_days)

    def test_a_campaign_is_named_by_its_name_also_when_it_is_deleted(self, exports: Exports) -> None:
        for name in (
            "Autumn",
            "autumn",
            "campaign-2",
            "arn:aws:connect-campaigns:us-east-1:000000000000:campaign/campaign-2",
        ):
            assert exports.tokens("--campaign", name) == ["2-dialed", "2-waits"]

    def test_of_two_of_a_name_the_one_that_there_is_is_meant_and_the_other_told(self, exports: Exports) -> None:
        path = exports.folder / "spring.jsonl"
        _, said = exports.run("--campaign", "Spring", "--output", path)
        assert [json.loads(line)["ClientToken"] for line in path.read_text().splitlines()] == ["1-dialed", "1-waits"]
        assert "Deleted campaigns had this name too, and are not in this export: campaign-0." in said
        assert exports.tokens("--campaign", "campaign-0") == ["0-dialed", "0-waits"]

    def test_of_two_that_are_deleted_both_are_told(self, exports: Exports, fill: Fill) -> None:
        async def delete(store: Store) -> None:
            await store.delete_campaign("campaign-1", at=NOW + 4 * DAY)

        fill(delete)
        said = exports.refused("--campaign", "Spring")
        assert "2 campaigns are or were called 'Spring'. Name one by its id: campaign-0 (created" in said
        assert f"deleted {(to_datetime(NOW + 4 * DAY)):%Y-%m-%dT%H:%M:%SZ})." in said

    def test_a_name_that_comes_close_is_offered(self, exports: Exports) -> None:
        assert "There is no campaign 'Autum'" in (said := exports.refused("--campaign", "Autum"))
        assert said.endswith("Did you mean 'Autumn'?")

    def test_dispositions_are_taken_as_people_write_them(self, exports: Exports) -> None:
        chosen = exports.tokens("--disposition", "busy", "--disposition", "No-Answer")
        assert chosen == ["0-dialed", "2-dialed"]
        said = exports.refused("--disposition", "voicemial", code=2)
        assert "there is no disposition 'voicemial'. Did you mean 'voicemail'?" in said
        assert "network_failure" in said

    def test_a_time_is_of_the_dialing_and_until_then_of_the_acceptance(self, exports: Exports) -> None:
        second = to_datetime(NOW + DAY)
        assert exports.tokens("--since", second.isoformat()) == ["1-dialed", "2-dialed"]
        assert exports.tokens("--since", second.isoformat(), "--until", (second.date()).isoformat()) == ["1-dialed"]
        waiting = exports.tokens("--until", second.isoformat())
        assert waiting == ["0-dialed", "0-waits", "1-waits", "2-waits"]

    def test_a_time_may_have_any_zone_and_a_date_is_the_whole_day(self, exports: Exports) -> None:
        second = to_datetime(NOW + DAY)
        elsewhere = second.astimezone(datetime.fromisoformat("2026-01-01T00:00+05:30").tzinfo)
        assert exports.tokens("--since", elsewhere.isoformat()) == ["1-dialed", "2-dialed"]
        assert exports.tokens("--since", second.strftime("%Y-%m-%dT%H:%M:%SZ")) == ["1-dialed", "2-dialed"]
        assert exports.tokens("--since", second.date(), "--until", second.date()) == ["1-dialed"]
        assert exports.tokens("--until", "9999-12-31", "--since", "0001-01-01") != []

    @pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "12:00", ""])
    def test_what_is_no_time_is_told(self, exports: Exports, text: str) -> None:
        assert "is no time. Write a date, 2026-11-30" in exports.refused("--since", text, code=2)

    def test_nothing_between_two_times_is_a_mistake(self, exports: Exports) -> None:
        assert "--until" in exports.refused("--since", "2026-11-30", "--until", "2026-11-29", code=2)

    def test_it_is_said_how_many_there_were(self, exports: Exports) -> None:
        path = exports.folder / "day.jsonl"
        assert exports.run("--output", path)[1] == f"6 contact records written to {path}\n"
        assert exports.run("--disposition", "busy")[1] == "1 contact record\n"


class TestColumns:
    def test_each_attribute_has_one_in_the_order_of_the_list(self, exports: Exports, fill: Fill) -> None:
        """`load` leaves out cells that are empty: a name that the first row lacks stands where the others have it."""
        fill(
            contacts_with(
                {"first": "Ann", "zip": "1"}, {"first": "Bo", "city": "B", "zip": "2"}, {"title": "Dr", "first": "C"}
            )
        )
        rows = exports.table()
        names = ["Attributes.title", "Attributes.first", "Attributes.city", "Attributes.zip"]
        assert list(rows[0]) == [*COLUMNS, *names]
        assert [[row[name] for name in names] for row in rows] == [
            ["", "Ann", "", "1"],
            ["", "Bo", "B", "2"],
            ["Dr", "C", "", ""],
        ]

    def test_those_that_a_flow_has_set_have_one(self, exports: Exports, fill: Fill) -> None:
        async def wishes(store: Store) -> None:
            await contacts_with({"first": "Ann", "plan": "A"}, {"first": "Bo", "plan": "A"})(store)
            lease = await store.acquire_lease("instance-1", "dialer-1", MINUTE)
            assert lease is not None
            wished = FlowProgressed("contact-1", NOW, None, (), {"call_back": "wanted", "plan": "B"})
            await store.commit(lease, [begin("contact-1"), ContactAnswered("contact-1", NOW, None), wished])

        fill(wishes)
        names = ["Attributes.first", "Attributes.plan", "Attributes.call_back"]
        rows = exports.table()
        assert list(rows[0]) == [*COLUMNS, *names]
        assert [[row[name] for name in names] for row in rows] == [["Ann", "A", ""], ["Bo", "B", "wanted"]]

    def test_no_attribute_takes_the_place_of_another_column(self, exports: Exports, fill: Fill) -> None:
        fill(contacts_with({"ContactId": "mine", "Agent.Username": "mine", "": "nameless"}))
        (row,) = exports.table()
        assert (row["ContactId"], row["Attributes.ContactId"]) == ("contact-0", "mine")
        assert (row["Agent.Username"], row["Attributes.Agent.Username"], row["Attributes."]) == ("", "mine", "nameless")

    def test_only_attributes_of_what_is_exported_have_one(self, exports: Exports, fill: Fill) -> None:
        async def two(store: Store) -> None:
            await contacts_with({"a": "1"})(store)
            await store.create_campaign(campaign("campaign-2"))
            await put(store, request("other", {"b": "2"}), campaign_id="campaign-2")

        fill(two)
        (row,) = exports.table("--campaign", "campaign-2")
        assert [name for name in row if name.startswith("Attributes")] == ["Attributes.b"]

    def test_one_for_all_is_there_for_the_asking(self, exports: Exports, fill: Fill) -> None:
        fill(contacts_with({"b": "1", "a": "é\n"}))
        (row,) = exports.table("--attributes", "json")
        assert list(row) == [*COLUMNS, "Attributes"]
        assert json.loads(row["Attributes"]) == {"b": "1", "a": "é\n"}

    def test_too_many_are_refused_in_words(self, exports: Exports, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(record_tables, "MAX_ATTRIBUTES", 3)
        fill(contacts_with({"a": "", "b": ""}, {"c": "", "d": ""}))
        assert "more than 3 different attributes" in exports.refused("--format", "csv")
        assert len(exports.table("--attributes", "json")) == 2

    def test_contacts_that_come_meanwhile_have_no_part_in_it(
        self, exports: Exports, fill: Fill, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Their attributes may be others, and the header is written."""
        fill(contacts_with({"a": "1"}))

        async def another_comes(store: Store) -> None:
            await put(store, request("late", {"b": "2"}))

        meanwhile(monkeypatch, another_comes)
        assert [row["ClientToken"] for row in exports.table()] == ["0"]
        assert [row["ClientToken"] for row in exports.table()] == ["0", "late"]

    def test_a_contact_that_ends_meanwhile_as_is_asked_for_has_its_columns(
        self, exports: Exports, fill: Fill, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(contacts_with({"a": "1"}))

        async def it_ends(store: Store) -> None:
            lease = await store.acquire_lease("instance-1", "dialer-1", MINUTE)
            assert lease is not None
            why = DisconnectReason.TELECOM_UNANSWERED
            ended = ContactEnded("contact-0", "campaign-1", NOW + SECOND, Disposition.BUSY, why)
            await store.commit(lease, [begin("contact-0", at=NOW), ended])

        meanwhile(monkeypatch, it_ends)
        assert [row["Attributes.a"] for row in exports.table("--disposition", "busy")] == ["1"]

    def test_an_empty_store_is_a_header(self, exports: Exports, fill: Fill) -> None:
        fill(contacts_with())
        assert exports.to("none.csv").read_bytes().decode() == ",".join(COLUMNS) + "\r\n"
        assert exports.to("none.jsonl").read_text() == ""
        assert pyarrow.parquet.read_table(exports.to("none.parquet")).num_rows == 0


NASTY = {
    "formula": "=HYPERLINK(1)",
    "at": "@sum",
    "minus": "-2+3",
    "tab": "\t=1",
    "number": "-2.5",
    "phone": "+12065550123",
    "quoted": "'=1",
    "plain": "it's = fine",
    "control": "a\x01b_x0041_\r\n",
    "error": "#N/A",
    "wide": "＝1",
}


class TestCells:
    def test_no_cell_of_csv_is_a_formula_and_each_can_be_had_back(self, exports: Exports, fill: Fill) -> None:
        fill(contacts_with(NASTY))
        (row,) = exports.table()
        cells = {name: row[f"Attributes.{name}"] for name in NASTY}
        apostrophe = {name for name in NASTY if cells[name] == "'" + NASTY[name]}
        assert apostrophe == {"formula", "at", "minus", "tab", "quoted", "wide"}
        assert all(cells[name] == NASTY[name] for name in NASTY.keys() - apostrophe)
        assert row["CustomerEndpoint.Address"] == "+12065550123"

    def test_cells_of_csv_are_as_they_are_where_that_is_asked(self, exports: Exports, fill: Fill) -> None:
        fill(contacts_with(NASTY))
        (row,) = exports.table("--raw")
        assert {name: row[f"Attributes.{name}"] for name in NASTY} == NASTY

    def test_cells_of_a_workbook_are_texts_and_numbers_and_times(self, exports: Exports, fill: Fill) -> None:
        async def dialed(store: Store) -> None:
            await contacts_with(NASTY)(store)
            lease = await store.acquire_lease("instance-1", "dialer-1", MINUTE)
            assert lease is not None
            await store.commit(lease, [begin("contact-0", at=NOW + HOUR)])

        fill(dialed)
        sheet = openpyxl.load_workbook(exports.to("day.xlsx")).active
        assert sheet is not None
        header, values = sheet.iter_rows()
        row = {str(name.value): cell for name, cell in zip(header, values, strict=True)}
        for name in NASTY.keys() - {"control"}:
            cell = row[f"Attributes.{name}"]
            assert (cell.value, cell.data_type) == (NASTY[name], "s")
        # Excel shows these as what they stand for.
        assert row["Attributes.control"].value == "a_x0001_b_x005F_x0041__x000D_\n"
        assert row["AttemptTimestamp"].value == to_datetime(NOW + HOUR).replace(tzinfo=None)
        assert row["Attempts"].value == 1
        assert row["Abandoned"].value is False
        assert row["DisconnectTimestamp"].value is None

    def test_a_cell_that_no_workbook_takes_is_told(self, exports: Exports, fill: Fill) -> None:
        """The library would cut it, and say nothing."""
        fill(contacts_with({"long": "📞" * 16_400}))
        said = exports.refused("--format", "xlsx", "--output", exports.folder / "day.xlsx")
        assert "A cell of column Attributes.long has more than 32,767 characters" in said
        assert not (exports.folder / "day.xlsx").exists()

    def test_parquet_has_types(self, exports: Exports, fill: Fill) -> None:
        fill(contacts_with(NASTY, {}))
        table = pyarrow.parquet.read_table(exports.to("day.parquet"))
        first, second = table.to_pylist()
        assert first["ExpirationTimestamp"] == to_datetime(NOW + YEARS)
        assert table.schema.field("ExpirationTimestamp").type == pyarrow.timestamp("ms", tz="UTC")
        assert table.schema.field("Attempts").type == pyarrow.int64()
        assert {name: first[f"Attributes.{name}"] for name in NASTY} == NASTY
        assert second["Attributes.formula"] is None


class TestForms:
    def test_a_file_is_for_its_owner_alone(self, exports: Exports, fill: Fill) -> None:
        fill(contacts_with({"a": "1"}))
        for name in ("a.jsonl", "a.csv", "a.xlsx", "a.parquet"):
            assert exports.to(name).stat().st_mode & 0o777 == 0o600

    def test_the_name_tells_the_form_unless_another_is_asked(self, exports: Exports, fill: Fill) -> None:
        fill(contacts_with({"a": "1"}))
        assert exports.to("a.CSV").read_text().startswith("ContactId,")
        assert exports.to("a.xlsx").read_bytes().startswith(b"PK")
        assert exports.to("a.parquet").read_bytes().startswith(b"PAR1")
        for options in (["a.txt"], ["a.csv", "--format", "jsonl"]):
            assert json.loads(exports.to(*options).read_text())["ContactId"] == "contact-0"

    def test_a_byte_order_mark_is_there_for_the_asking(self, exports: Exports, fill: Fill) -> None:
        fill(contacts_with({"naïve": "é"}))
        data = exports.to("a.csv", "--bom").read_bytes()
        assert data.startswith(codecs.BOM_UTF8 + b"ContactId,")
        assert "Attributes.naïve" in data.decode()
        assert "it is for CSV" in exports.refused("--bom", code=2)

    def test_a_full_sheet_is_followed_by_another(
        self, exports: Exports, fill: Fill, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(formats, "MAX_SHEET_ROWS", 3)
        fill(contacts_with(*({"n": str(number)} for number in range(5))))
        book = openpyxl.load_workbook(exports.to("day.xlsx"))
        assert book.sheetnames == ["Contacts", "Contacts 2", "Contacts 3"]
        columns = [[row[-1] for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets]
        assert columns == [["Attributes.n", "0", "1"], ["Attributes.n", "2", "3"], ["Attributes.n", "4"]]

    def test_rows_of_parquet_are_written_in_groups(
        self, exports: Exports, fill: Fill, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(formats, "ROWS_OF_A_GROUP", 2)
        fill(contacts_with(*({"n": str(number)} for number in range(5))))
        path = exports.to("day.parquet")
        assert pyarrow.parquet.ParquetFile(path).num_row_groups == 3
        assert pyarrow.parquet.read_table(path)["Attributes.n"].to_pylist() == list("01234")

    @pytest.mark.parametrize(("form", "library"), [("xlsx", "openpyxl"), ("parquet", "pyarrow")])
    def test_a_library_that_is_not_installed_is_told(
        self, exports: Exports, fill: Fill, monkeypatch: pytest.MonkeyPatch, form: str, library: str
    ) -> None:
        fill(contacts_with({}))
        path = exports.folder / f"day.{form}"
        path.write_text("old")
        monkeypatch.setitem(sys.modules, library, None)
        said = exports.refused("--output", path)
        assert f"--format {form} needs {library}, which is not installed: pip install 'trunkcall[{form}]'." in said
        assert path.read_text() == "old"

    @pytest.mark.parametrize("form", list(formats.Format))
    def test_a_pipe_gets_the_same_as_a_file(self, exports: Exports, fill: Fill, form: formats.Format) -> None:
        fill(contacts_with(NASTY))
        program = [sys.executable, "-m", "trunkcall", "export", "contacts", "--format", form]
        environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        done = subprocess.run(
            [*program, "--data-dir", exports.folder / "data"], capture_output=True, env=environment, check=True
        )
        assert done.stderr == b"1 contact record\n"
        whole = exports.to("day", "--format", form).read_bytes()
        if form is formats.Format.XLSX:  # it holds the time at which it was made
            piped = openpyxl.load_workbook(io.BytesIO(done.stdout)).active
            filed = openpyxl.load_workbook(io.BytesIO(whole)).active
            assert piped is not None
            assert filed is not None
            assert list(piped.values) == list(filed.values)
        else:
            assert done.stdout == whole
