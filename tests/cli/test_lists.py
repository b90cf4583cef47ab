"""Lists as people have them: what becomes of every row, whatever the file."""

from __future__ import annotations

import csv
import json
import os
import tracemalloc
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cli.list_files import LIST_FILES, ListFile, workbook
from trunkcall.cli.files import OutputError
from trunkcall.cli.lists.delimited import DelimitedRows
from trunkcall.cli.lists.leads import Duplicates, LeadList, Reading
from trunkcall.cli.lists.phones import country_of, read_number
from trunkcall.cli.lists.rejected import RejectedRows
from trunkcall.cli.lists.retries import RetryList
from trunkcall.cli.lists.rows import BadRow, Duplicate, Lead, LeadListError, PassedOver
from trunkcall.cli.lists.source import Source, lines
from trunkcall.cli.lists.tokens import Tokens
from trunkcall.domain.errors import InvalidInputError
from trunkcall.service.numbers import NotDialableError, to_e164

TOKENS = Tokens("campaign-1")
ANN = "+12025550101"


def test_there_are_files_of_many_kinds() -> None:
    assert len({file.name for file in LIST_FILES}) == len(LIST_FILES) >= 60


@pytest.mark.parametrize("file", LIST_FILES, ids=lambda file: file.name)
def test_every_row_of_a_list_becomes_what_it_should(file: ListFile, tmp_path: Path) -> None:
    path = tmp_path / file.name
    path.write_bytes(file.content)
    if file.error:
        with pytest.raises(LeadListError) as refused:
            list(LeadList(path, file.reading).items(TOKENS))
        assert file.error in refused.value.message
        return
    items = list(LeadList(path, file.reading).items(TOKENS))
    assert [item.reason for item in items if isinstance(item, BadRow)] == list(file.rejected)
    assert [(item.phone_number, item.attributes) for item in items if isinstance(item, Lead)] == list(file.accepted)
    assert sum(isinstance(item, Duplicate) for item in items) == file.duplicates


class TestWhateverIsInAFile:
    """A list cannot be lost: whatever bytes come, each row is accounted for or the list is refused in words."""

    @given(st.binary(max_size=400))
    @example(b"phone\n" + b'"' * 99)
    @example(b"PK\x03\x04" + bytes(60))
    @example(b'sep=\n,"')
    def test_bytes_are_a_list_or_refused_in_words(
        self, tmp_path_factory: pytest.TempPathFactory, content: bytes
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "bytes.csv"
        path.write_bytes(content)
        for prefix in (b"", b"phone,name\n"):
            path.write_bytes(prefix + content)
            with suppress(LeadListError):
                list(LeadList(path).items(TOKENS))

    @given(st.lists(st.text(alphabet='ab1+,";\t \x00é', max_size=30), max_size=30))
    def test_every_line_belongs_to_one_row(self, tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
        """Lines are accepted, rejected or duplicates; a quote takes along none but what is in its cell."""
        path = tmp_path_factory.getbasetemp() / "lines.csv"
        path.write_text("\n".join(["name,phone", *texts, f"x,{ANN}"]), encoding="utf-8")
        rows = list(DelimitedRows(lines(Source(path), None)))
        taken = [sum(cell.count("\n") for cell in row.cells) + 1 for row in rows]
        begun = [row.line for row in rows]
        assert begun == [1, *[1 + sum(taken[:at]) for at in range(1, len(taken))]]
        assert begun[-1] + taken[-1] - 1 == len(texts) + 2

    @given(
        st.lists(
            st.lists(st.text(alphabet='ab ",;\n\t=é', max_size=6), min_size=2, max_size=2), min_size=1, max_size=6
        ),
        st.sampled_from(",;\t|"),
        st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    )
    def test_a_list_that_is_well_written_is_read_as_it_was_meant(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        rows: list[list[str]],
        delimiter: str,
        quoting: Literal[0, 1],
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "written.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter, quoting=quoting)
            writer.writerows([["phone", "a", "b"], *([f"+1202555010{at}", *row] for at, row in enumerate(rows))])
        for row, item in zip(rows, LeadList(path).items(TOKENS), strict=True):
            meant = {name: cell for name, cell in zip("ab", row, strict=True) if cell.strip()}
            if any("\n" in cell for cell in meant.values()):
                assert isinstance(item, BadRow)
                assert "a line break cannot be sent" in item.reason
            else:
                assert isinstance(item, Lead)
                assert item.attributes == meant

    @given(st.data())
    def test_the_order_of_rows_and_columns_changes_no_token(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        people = data.draw(st.lists(st.integers(100, 199), min_size=1, max_size=20))
        duplicates = data.draw(st.sampled_from(Duplicates))
        rows = [{"phone": f"+12025550{number}", "имя": f"n{at}", "город": "x"} for at, number in enumerate(people)]
        requests = []
        for _ in range(2):
            rows, names = data.draw(st.permutations(rows)), data.draw(st.permutations(["phone", "имя", "город"]))
            path = tmp_path_factory.getbasetemp() / "sorted.csv"
            path.write_text("\n".join(",".join(row[name] for name in names) for row in [{n: n for n in names}, *rows]))
            items = list(LeadList(path, Reading(duplicates=duplicates)).items(TOKENS))
            leads = [item for item in items if isinstance(item, Lead)]
            requests.append({(lead.client_token, lead.phone_number, *sorted(lead.attributes)) for lead in leads})
            assert len(items) == len(rows)
            assert len({lead.client_token for lead in leads}) == len(leads)
        assert requests[0] == requests[1]


class TestNumbers:
    @pytest.mark.parametrize(
        ("written", "country", "number"),
        [
            ("+44 (0)7700 900123", None, "+447700900123"),
            ("(+44) 7700 900123", None, "+447700900123"),
            ("+39 06 00000001", None, "+390600000001"),
            ("+378 0549 000001", None, "+3780549000001"),
            ("0039 06 00000001", "DE", "+390600000001"),
            ("TEL: +1.202.555.0101", None, "+12025550101"),
            ('="+12025550101"', None, "+12025550101"),
            ("8 (495) 000-00-01", "RU", "+74950000001"),
        ],
    )
    def test_what_is_certain_is_read(self, written: str, country: str | None, number: str) -> None:
        assert read_number(written, country) == number

    @pytest.mark.parametrize(
        ("written", "country", "reason"),
        [
            ("+39 (0)6 00000001", None, r"with or without the 0"),
            ("+49 (030) 23125001", None, r"0 after its country calling code: from abroad, \+49"),
            ("+4930 (0) 23125001", None, "does not follow its country calling code"),
            ("555-0101", "US", "impossible in US"),
            ("+1 202 555 0101 / 0102", None, "more than one number"),
            ("+49 30 23125001 / 5002", None, "more than one number"),
            ("2025550101 2025550102", "US", "none of US"),
            ("+1202555010¹", None, "characters that belong in no number"),
            ("++12025550101", None, "belong in no number"),
            ("sip:ann@example.com", None, "letters"),
        ],
    )
    def test_what_could_be_read_in_two_ways_is_refused(self, written: str, country: str | None, reason: str) -> None:
        with pytest.raises(NotDialableError, match=reason) as refused:
            read_number(written, country)
        assert "5550101" not in str(refused.value)

    @given(st.text(alphabet="+0123456789 ()-./xA\u200f٠", max_size=24), st.sampled_from([None, "US", "DE", "IT"]))
    def test_whatever_is_written_is_e164_or_refused(self, written: str, country: str | None) -> None:
        with suppress(NotDialableError):
            assert to_e164(read_number(written, country)) == read_number(written, country)

    @pytest.mark.parametrize(
        ("text", "said"), [("UK", "is GB"), ("+49", "is DE"), ("germany", "two letters"), ("", "two letters")]
    )
    def test_what_is_no_country_is_said_with_what_would_be_right(self, text: str, said: str) -> None:
        with pytest.raises(InvalidInputError, match=said):
            country_of(text)


class TestRetrying:
    def record(self, contact_id: str, disposition: str | None, number: str | None = ANN) -> str:
        endpoint = {"Address": number}
        return json.dumps(
            {
                "ContactId": contact_id,
                "Disposition": disposition,
                "CustomerEndpoint": endpoint,
                "Attributes": {"n": "1"},
            }
        )

    def test_who_is_passed_over_is_told_by_why(self, tmp_path: Path) -> None:
        path = tmp_path / "export.jsonl"
        records = [
            self.record("a", "busy"),
            self.record("a", "busy"),
            self.record("b", None),
            self.record("c", "connected_to_agent"),
            self.record("d", "invalid_number"),
            self.record("e", "no_answer", ""),
            "{}",
        ]
        path.write_text("\n".join(records))
        lead, duplicate, *others = RetryList(path).items(TOKENS)
        assert isinstance(lead, Lead)
        assert (lead.phone_number, lead.attributes) == (ANN, {"n": "1"})
        assert duplicate == Duplicate()
        assert others == [
            PassedOver("not over yet"),
            PassedOver("ended as connected_to_agent"),
            PassedOver("the number is invalid"),
            PassedOver("the number was erased"),
            BadRow((), "line 7: it is no contact record"),
        ]

    def test_what_is_no_export_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "leads.csv").write_text(f"phone\n{ANN}\n")
        with pytest.raises(LeadListError, match=r"Line 1 of .* is no contact record"):
            list(RetryList(tmp_path / "leads.csv").items(TOKENS))


def test_a_list_of_any_length_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w") as file:
        file.write("phone,name\n")
        file.writelines(f"+1212{2_000_000 + n},{'x' * 200}\n" for n in range(20_000))
    items = LeadList(path).items(TOKENS)
    tracemalloc.start()
    assert sum(isinstance(item, Lead) for item in items) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000 * 150 + 2_000_000


def test_a_line_of_any_length_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "one-line.csv"
    with path.open("w") as file:
        file.write("phone,name\n+12025550101,")
        file.writelines("x" * 1_000_000 for _ in range(40))
        file.write(f"\n{ANN},Ann\n")
    tracemalloc.start()
    long, ann = LeadList(path).items(TOKENS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(long, BadRow)
    assert "longer than 1,048,576 characters" in long.reason
    assert isinstance(ann, Lead)
    assert peak < 8_000_000


def test_a_campaign_knows_people_by_its_id_however_that_is_written() -> None:
    campaign_id = "2b7e1516-28ae-4d2a-abf7-158809cf4f3c"
    assert Tokens(campaign_id).of_number(ANN) == Tokens(campaign_id.upper()).of_number(ANN)


def test_what_a_workbook_says_of_its_size_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "wrong.xlsx"
    with (
        zipfile.ZipFile(BytesIO(workbook(("phone", "name"), (ANN, "Ann")))) as whole,
        zipfile.ZipFile(path, "w") as wrong,
    ):
        for name in whole.namelist():
            wrong.writestr(name, whole.read(name).replace(b'<dimension ref="A1:B2"', b'<dimension ref="A1:A1"'))
    (ann,) = LeadList(path).items(TOKENS)
    assert isinstance(ann, Lead)
    assert ann.attributes == {"name": "Ann"}


@pytest.mark.parametrize(
    ("limit", "of", "reason"), [("MAX_ROWS", 2, "more than 2 rows"), ("MAX_BYTES", 1 << 10, "more than 0 MiB")]
)
def test_a_workbook_larger_than_any_may_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, of: int, reason: str
) -> None:
    monkeypatch.setattr(f"trunkcall.cli.lists.workbook.{limit}", of)
    path = tmp_path / "leads.xlsx"
    path.write_bytes(workbook(("phone",), (ANN,), ("+12025550102",)))
    with pytest.raises(LeadListError, match=reason):
        list(LeadList(path).items(TOKENS))


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_takes_no_rejected_rows_is_told_before_a_list_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    """A file that is there is no help: the new one is written beside it first."""
    path = tmp_path / "leads.csv.rejected.csv"
    if there:
        path.touch()
    monkeypatch.setattr(os, "access", lambda place, _: Path(place) != tmp_path)
    with pytest.raises(OutputError, match="Name another one with --rejected"):
        RejectedRows(path, ["phone"])
    RejectedRows(Path("/dev/null"), ["phone"])


def test_a_workbook_says_what_is_to_be_installed_to_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkcall.cli.lists.workbook.find_spec", lambda _: None)
    (tmp_path / "leads.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(LeadListError, match=r"pip install 'trunkcall\[xlsx\]'"):
        LeadList(tmp_path / "leads.xlsx")


def test_a_workbook_that_unpacks_to_more_than_a_machine_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sharedStrings.xml", "w") as member,
    ):
        for _ in range(600):
            member.write(bytes(1 << 20))
    with pytest.raises(LeadListError, match="too large unpacked"):
        LeadList(path)
