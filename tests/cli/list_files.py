"""Small lists as spreadsheets, CRMs and people write them, each with what exactly becomes of every row.

All of it is invented; the numbers are of ranges that are reserved for fiction (+1 202 555 01XX, +44 20 7946 0XXX,
+44 7700 900XXX, +49 30 23125 XXX, +33 1 99 00 XX XX, +61 2 5550 XXXX, +61 491 570 1XX). As a program it writes the
files into a folder, to be opened by hand: ``PYTHONPATH=tests .venv/bin/python tests/cli/list_files.py FOLDER``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from openpyxl import Workbook

from trunkcall.cli.lists.leads import Duplicates, Reading

A, B, C, D = "+12025550101", "+12025550102", "+12025550103", "+12025550104"
NO_PREFIX = "the number must begin with + and the country calling code, or be read with --country"
UNCLOSED = "a quote begins a cell here and is not closed as it should be"
STRAY = "a quote within a cell that does not begin with one; quote the cell, and double it"
FOLLOWED = "something follows the quote that closes a cell; a quote within is doubled"
EXTENSION = "the number has an extension, which cannot be dialed"
TWO = "the cell seems to hold more than one number: give each a row of its own"
EXPONENT = (
    "the number is written with an exponent, so its last digits are lost: have the spreadsheet format the column as "
    "text, and export it again"
)

Accepted = tuple[str, Mapping[str, str]]


@dataclass(frozen=True)
class ListFile:
    """A file, how it is read, and what becomes of it. ``error`` is what the whole list is refused with, if it is."""

    name: str
    content: bytes
    accepted: Sequence[Accepted] = ()
    rejected: Sequence[str] = ()
    duplicates: int = 0
    error: str = ""
    reading: Reading = field(default_factory=Reading)


def numbers(*phone_numbers: str) -> list[Accepted]:
    """Accepted rows without attributes."""
    return [(number, {}) for number in phone_numbers]


def named(**rows: str) -> list[Accepted]:
    """Accepted rows with one attribute, the name."""
    return [(number, {"name": name}) for name, number in rows.items()]


def phone_reasons(*reasons: str, first: int = 2) -> list[str]:
    """Reasons for the number, line by line; "" for a line that is accepted."""
    return [f"line {line}, column 1 (phone): {reason}" for line, reason in enumerate(reasons, first) if reason]


def workbook(
    *rows: Sequence[Any], title: str = "Leads", more: Mapping[str, Sequence[Sequence[Any]]] | None = None
) -> bytes:
    """An XLSX file with a sheet of these rows, and more sheets behind it."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for name, others in (more or {}).items():
        other = book.create_sheet(name)
        for row in others:
            other.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def archive(*members: str) -> bytes:
    """A ZIP file with empty members of these names."""
    file = BytesIO()
    with ZipFile(file, "w") as packed:
        for member in members:
            packed.writestr(member, "")
    return file.getvalue()


US, GB, DE, FR, AU = (Reading(country=country) for country in ("US", "GB", "DE", "FR", "AU"))

FORMS = (
    # How cells, lines and characters are written.
    ListFile("plain.csv", f"phone,name\n{A},Ann\n{B},Bob\n".encode(), named(Ann=A, Bob=B)),
    ListFile("crlf.csv", f"phone,name\r\n{A},Ann\r\n{B},Bob\r\n".encode(), named(Ann=A, Bob=B)),
    ListFile("old-mac.csv", f"phone,name\r{A},Ann\r{B},Bob\r".encode(), named(Ann=A, Bob=B)),
    ListFile("mixed-line-ends.csv", f"phone,name\r\n{A},Ann\n{B},Bob\r{C},Cy".encode(), named(Ann=A, Bob=B, Cy=C)),
    ListFile("ended-as-on-dos.csv", f"phone,name\r\n{A},Ann\r\n\x1a".encode(), named(Ann=A)),
    ListFile("filled-up.csv", f"phone,name\n{A},Ann\n".encode() + bytes(9), named(Ann=A)),
    ListFile(
        "html-called-excel.xls", b'\xef\xbb\xbf\n<html lang="en"><table><tr><td>phone', error="is HTML or XML. Open"
    ),
    ListFile("spreadsheet-2003.xml", b'<?xml version="1.0"?><Workbook>', error="is HTML or XML. Open it with a"),
    ListFile("contacts.vcf", b"BEGIN:VCARD\r\nVERSION:3.0\r\n", error="is a vCard. Open it with a"),
    ListFile("export.jsonl", b'{"ContactId":"1"}\n', error="is JSON. Open it with a"),
    ListFile("no-last-line-end.csv", f"phone,name\n{A},Ann".encode(), named(Ann=A)),
    ListFile("blank-lines.csv", f"\n\nphone,name\n\n{A},Ann\n,\n  \n{B},Bob\n\n".encode(), named(Ann=A, Bob=B)),
    ListFile("excel-utf8.csv", f"\ufeffphone,name\r\n{A},Zoë\r\n".encode(), named(Zoë=A)),
    ListFile("excel-unicode-text.txt", f"\ufeffphone\tname\r\n{A}\tZoë\r\n".encode("utf-16-le"), named(Zoë=A)),
    ListFile("utf-16-be.csv", f"\ufeffphone,name\n{A},Zoë\n".encode("utf-16-be"), named(Zoë=A)),
    ListFile("utf-32.csv", f"phone,name\n{A},Zoë\n".encode("utf-32"), named(Zoë=A)),
    ListFile(
        "utf-16-without-mark.csv",
        f"phone,name\n{A},Zoë\n".encode("utf-16-le"),
        named(Zoë=A),
        reading=Reading(encoding="utf-16-le"),
    ),
    ListFile(
        "utf-16-not-told.csv",
        f"phone,name\n{A},Zoë\n".encode("utf-16-le"),
        error="it seems to be UTF-16. Give --encoding",
    ),
    ListFile(
        "windows.csv",
        f"phone;name\r\n{A};Zoë “Z”\r\n".encode("cp1252"),
        [(A, {"name": "Zoë “Z”"})],
        reading=Reading(encoding="cp1252"),
    ),
    ListFile(
        "windows-not-told.csv", f"phone,name\n{A},Ann\n{B},Zoë\n".encode("cp1252"), error="is not UTF-8 at line 3"
    ),
    ListFile(
        "latin-1.csv", f"phone,name\n{A},Zoë\n".encode("latin-1"), named(Zoë=A), reading=Reading(encoding="iso8859-1")
    ),
    ListFile("semicolons.csv", f"phone;name\n{A};Ann, Dr.\n".encode(), [(A, {"name": "Ann, Dr."})]),
    ListFile("sep.csv", f"sep=;\r\nphone;name\r\n{A};Ann\r\n".encode(), named(Ann=A)),
    ListFile("sep-quoted.csv", f'"sep=|"\nphone|name\n{A}|Ann\n'.encode(), named(Ann=A)),
    ListFile("tabs.tsv", f"phone\tname\n{A}\tAnn\n".encode(), named(Ann=A)),
    ListFile("bars.txt", f"phone|name\n{A}|Ann\n".encode(), named(Ann=A)),
    ListFile("comma-in-a-quoted-header.csv", f'phone;"name, full"\n{A};Ann\n'.encode(), [(A, {"name_full": "Ann"})]),
    ListFile(
        "quoted.csv", f'"phone","name"\n"{A}","Ann ""A"" Lee, Dr."\n'.encode(), [(A, {"name": 'Ann "A" Lee, Dr.'})]
    ),
    ListFile("quoted-after-spaces.csv", f'phone, name\n{A}, "Lee, Ann"\n'.encode(), [(A, {"name": "Lee, Ann"})]),
    ListFile("formulas-as-text.csv", f'phone,zip\n="{A}",="01234"\n'.encode(), [(A, {"zip": "01234"})]),
    ListFile("one-column.csv", f"phone\n{A}\n{B}\n".encode(), numbers(A, B)),
    ListFile("trailing-commas.csv", f"phone,name,,\n{A},Ann,,\n".encode(), named(Ann=A)),
    ListFile("empty.csv", b"", error="is empty: it has no header line"),
    ListFile("only-a-header.csv", b"phone,name\n"),
    ListFile("short-rows.csv", f"phone,name,town\n{A}\n{B},Bob\n".encode(), [(A, {}), *named(Bob=B)]),
    ListFile(
        "long-row.csv",
        f"phone,name\n{A},Lee, Ann\n{B},Bob\n".encode(),
        named(Bob=B),
        ["line 2: the row has 3 cells, the header 2"],
    ),
)

QUOTES = (
    # What must cost its own row alone.
    ListFile(
        "unclosed-quote.csv",
        f'phone,name\n{A},Ann\n{B},"Bob\n{C},Cy\n{D},Di\n'.encode(),
        named(Ann=A, Cy=C, Di=D),
        [f"line 3, character 14: {UNCLOSED}"],
    ),
    ListFile(
        "two-stray-quotes.csv",
        f'phone,name,town\n{A},"Ann,X\n{B},Bob,Y\n{C},Cy",Z\n{D},Di,W\n'.encode(),
        [(B, {"name": "Bob", "town": "Y"}), (D, {"name": "Di", "town": "W"})],
        [f"line 2, character 14: {UNCLOSED}", f"line 4, character 16: {STRAY}"],
    ),
    ListFile(
        "quote-before-a-quoted-cell.csv",
        f'phone,name\n{A},"Ann\n{B},"Bob, Jr."\n'.encode(),
        [(B, {"name": "Bob, Jr."})],
        [f"line 2, character 14: {UNCLOSED}"],
    ),
    ListFile(
        "inches.csv",
        f'phone,item\n{A},12" pipe\n{B},pipe\n'.encode(),
        [(B, {"item": "pipe"})],
        [f"line 2, character 16: {STRAY}"],
    ),
    ListFile(
        "text-after-quote.csv",
        f'phone,name\n{A},"Ann" Lee\n{B},Bob\n'.encode(),
        named(Bob=B),
        [f"line 2, character 20: {FOLLOWED}"],
    ),
    ListFile(
        "address-over-lines.csv",
        f'phone,address\n{A},"1 Main St\nApt 2"\n{B},2 Main St\n'.encode(),
        [(B, {"address": "2 Main St"})],
        ["line 2, column 2 (address): a line break cannot be sent (character 10 of the cell)"],
    ),
    ListFile(
        "control-characters.csv",
        f"phone,name\n{A},An\x00n\n{B},Bo\x1bb\n{C},C\x85y\n{D},Di\ti\n".encode(),
        [(D, {"name": "Di\ti"})],
        [
            "line 2, column 2 (name): a control character cannot be sent (character 3 of the cell)",
            "line 3, column 2 (name): a control character cannot be sent (character 3 of the cell)",
            "line 4, column 2 (name): a line break cannot be sent (character 2 of the cell)",
        ],
    ),
    ListFile(
        "forty-thousand-characters.csv",
        f"phone,notes,name\n{A},{'x' * 40_000},Ann\n{B},,Bob\n".encode(),
        named(Bob=B),
        [
            "line 2, column 2 (notes): the cell has 40,000 characters, and the row 40,012 bytes of attributes: a "
            "contact may have 32,768"
        ],
    ),
    ListFile(
        "a-line-of-two-megabytes.csv",
        f"phone,name\n{A},{'x' * 2_000_000}\n{B},Bob\n".encode(),
        named(Bob=B),
        ["line 2, character 1: the line is longer than 1,048,576 characters"],
    ),
)

COLUMNS = (
    # What columns are called.
    ListFile("upper-case.csv", f"PHONE,Name\n{A},Ann\n".encode(), [(A, {"Name": "Ann"})]),
    ListFile("german.csv", f"Vorname;Rufnummer\nAnn;{A}\n".encode(), [(A, {"Vorname": "Ann"})]),
    ListFile("spanish.csv", f"Nombre,Número de teléfono\nAnn,{A}\n".encode(), [(A, {"Nombre": "Ann"})]),
    ListFile("russian.csv", f"Имя;Город;Телефон\nАнна;Тверь;{A}\n".encode(), [(A, {"Imya": "Анна", "Gorod": "Тверь"})]),
    ListFile("chinese.csv", f"姓名,电话号码\n安,{A}\n".encode(), [(A, {"XingMing": "安"})]),
    ListFile(
        "colliding-keys.csv",
        f"phone,a b,a/b,a_b\n{A},1,2,3\n".encode(),
        [(A, {"a_b": "3", "a_b_2": "1", "a_b_3": "2"})],
    ),
    ListFile(
        "colliding-keys-sorted-anew.csv",
        f"a/b,a_b,phone,a b\n2,3,{A},1\n".encode(),
        [(A, {"a_b": "3", "a_b_2": "1", "a_b_3": "2"})],
    ),
    ListFile(
        "a-column-without-a-name.csv", f"phone,,name\n{A},x,Ann\n".encode(), [(A, {"column_2": "x", "name": "Ann"})]
    ),
    ListFile(
        "account-numbers-of-ten-digits.csv",
        f"account,contact\n2025550150,{A}\n2025550151,{B}\n".encode(),
        [(A, {"account": "2025550150"}), (B, {"account": "2025550151"})],
        reading=US,
    ),
    ListFile(
        "nothing-at-the-headers-end.csv",
        f"phone,name,,\n{A},Ann,,\n{B},Bob\n{C},Cy,x,\n".encode(),
        named(Ann=A, Bob=B),
        ["line 4: the row has 4 cells, the header 2"],
    ),
    ListFile("dates-as-names.csv", f"phone,2026-11-28\n{A},yes\n".encode(), [(A, {"2026-11-28": "yes"})]),
    ListFile("named-by-nothing.csv", f"id,contact\n7,{A}\n8,{B}\n".encode(), [(A, {"id": "7"}), (B, {"id": "8"})]),
    ListFile(
        "two-phones.csv",
        f"name,mobile,home phone\nAnn,{A},{B}\n".encode(),
        error="Several columns of the list could hold the number to dial: 'mobile', 'home phone'.",
    ),
    ListFile("two-phones-one-empty.csv", f"name,mobile,home phone\nAnn,,{B}\n".encode(), [(B, {"name": "Ann"})]),
    ListFile(
        "two-phones-named.csv",
        f"name,mobile,home phone\nAnn,{A},{B}\n".encode(),
        [(A, {"name": "Ann", "home_phone": B})],
        reading=Reading(phone_column="Mobile"),
    ),
    ListFile(
        "the-same-column-twice.csv",
        f"phone,name,Phone\n{A},Ann,{B}\n".encode(),
        error="The list has the column 'phone' 2 times: columns 1, 3.",
    ),
    ListFile("no-phone.csv", b"name,town\nAnn,Tver\n", error="No column of the list is known to hold phone numbers."),
    ListFile("no-header.csv", f"{A},Ann\n{B},Bob\n".encode(), error="its first row has a phone number in column 1"),
    ListFile(
        "no-header-told.csv",
        f"Ann,{A}\nBob,{B}\n".encode(),
        [(A, {"column_1": "Ann"}), (B, {"column_1": "Bob"})],
        reading=Reading(header=False),
    ),
    ListFile(
        "two-phones-of-which-one-has-a-plus.csv",
        f"phone number,mobile\n(202) 555-0150,{A}\n".encode(),
        error="Several columns of the list could hold the number to dial: 'phone number', 'mobile'.",
        reading=US,
    ),
    ListFile(
        "two-phones-none-read-without-a-country.csv",
        f"phone number,mobile\n(202) 555-0150,{A}\n".encode(),
        error="Several columns of the list could hold the number to dial: 'phone number', 'mobile'.",
    ),
    ListFile("crm.leads.rejected.csv", f"phone,name,reason\n{A},Ann,line 2: it was bad\n".encode(), named(Ann=A)),
    ListFile(
        "its-own-reason.rejected.csv",
        f"phone,reason,rejection_reason\n{A},moved,line 2: it was bad\n".encode(),
        [(A, {"reason": "moved"})],
    ),
    ListFile("reason-deleted.rejected.csv", f"phone,name\n{A},Ann\n".encode(), named(Ann=A)),
    ListFile(
        "not-corrected.rejected.csv",
        f'phone,name,reason\n{A},Doe,"line 2: the row has 3 cells, the header 2",Ann\n{B},Bob,,\n'.encode(),
        named(Bob=B),
        ["line 2: the row has 3 cells, the header 2"],
    ),
)

NUMBERS = (
    # How numbers are written.
    ListFile(
        "layout.csv",
        (
            "phone\n+1 (202) 555-0101\n+1.202.555.0102\n+1\u00a0202\u2009555\u200b0103\u200e\n"
            "'+12025550104\n"
            "tel:+1-202-555-0105\n＋１２０２５５５０１０６\n+١٢٠٢٥٥٥٠١٠٧\n(+1) 202 555 0108\n"
            "p:+12025550109\n+1\u2011202\u2013555\u22120110\n"
        ).encode(),
        numbers(*(f"+120255501{n:02}" for n in range(1, 11))),
    ),
    ListFile(
        "american.csv",
        b"phone\n(202) 555-0101\n202.555.0102\n1-202-555-0103\n2025550104.0\n01149302312500\n",
        numbers(A, B, C, D, "+49302312500"),
        reading=US,
    ),
    ListFile(
        "american-not-told.csv", b"phone\n(202) 555-0101\n001 202 555 0102\n", (), phone_reasons(NO_PREFIX, NO_PREFIX)
    ),
    ListFile(
        "british.csv",
        b"phone\n020 7946 0101\n(020) 7946 0102\n07700 900103\n7700900104\n0044 7700 900105\n+44 (0)20 7946 0106\n",
        numbers("+442079460101", "+442079460102", "+447700900103", "+447700900105", "+442079460106"),
        ["line 5, column 1 (phone): the number is none of GB as it stands: is its first 0, or its area code, missing?"],
        reading=GB,
    ),
    ListFile(
        "german-numbers.csv",
        b"phone\n030/23125 001\n030 23125-002\n0049 30 23125003\n"
        b"+49 030 23125004\n0049 030 23125005\n030 23125006/07\n",
        numbers("+493023125001", "+493023125002", "+493023125003"),
        phone_reasons(
            "",
            "",
            "",
            *["the number has a 0 after its country calling code: from abroad, +49 is dialed without it"] * 2,
            "the cell seems to hold more than one number, joined by a slash: write one of them",
        ),
        reading=DE,
    ),
    ListFile(
        "french.csv",
        b"phone\n01 99 00 01 01\n+33 (0)1 99 00 01 02\n",
        numbers("+33199000101", "+33199000102"),
        reading=FR,
    ),
    ListFile(
        "australian.csv",
        b"phone\n(02) 5550 0101\n0491 570 156\n0011 1 202 555 0101\n",
        numbers("+61255500101", "+61491570156", A),
        reading=AU,
    ),
    ListFile(
        "spreadsheet-damage.csv",
        b'phone\n1.2E+10\n"1,20256E+10"\n+12025550101.0\n#N/A\n',
        numbers(A),
        phone_reasons(EXPONENT, EXPONENT, "", "the number has letters"),
    ),
    ListFile(
        "extensions.csv",
        b"phone\n+1 202 555 0101 ext. 5\n+12025550102x5\n+12025550103 #5\ntel:+12025550104;ext=5\n",
        (),
        phone_reasons(*[EXTENSION] * 4),
    ),
    ListFile(
        "two-numbers.csv",
        f'phone\n"{A}, {B}"\n{A} / {B}\n{A} or {B}\n{A};{B}\n'.encode(),
        (),
        phone_reasons(*[TWO] * 4),
        reading=Reading(phone_column="phone"),
    ),
    ListFile(
        "nonsense.csv",
        b"phone,name\nunknown,Ann\n,Bob\n+1202555,Cy\n+999123456,Di\n" + f"1-800-FLOWERS,Ed\n{A},Flo\n".encode(),
        named(Flo=A),
        phone_reasons(
            "the number has letters",
            "the number is missing",
            "the number has a number of digits that is impossible in its country",
            "the number begins with no country calling code that exists",
            "the number has letters",
        ),
    ),
)

REPETITIONS = (
    # The same person once more.
    ListFile(
        "duplicates.csv",
        f"phone,name\n{A},Ann\n{B},Bob\n+1 202 555 0101,Ann Lee\n".encode(),
        named(Ann=A, Bob=B),
        duplicates=1,
    ),
    ListFile(
        "duplicates-kept.csv",
        f"phone,name\n{A},Ann\n{A},Al\n".encode(),
        named(Ann=A, Al=A),
        reading=Reading(duplicates=Duplicates.KEEP),
    ),
    ListFile(
        "own-tokens.csv",
        f"phone,client_token\n{A},t-1\n{A},t-2\n{A},t-1\n{B},t-1\n{C},bad token\n{D},\n".encode(),
        numbers(A, A, D),
        [
            "line 5, column 2 (client_token): the token is that of an earlier row with another number: the second one "
            "would never be dialed",
            "line 6, column 2 (client_token): a token may have letters, digits, _ - and . only, at most 200",
        ],
        duplicates=1,
    ),
)

WORKBOOKS = (
    ListFile(
        "numbers-as-numbers.xlsx",
        workbook(
            ("Phone", "Name", "Since", "Score", "Paid"),
            (2025550101.0, "Ann", datetime.fromisoformat("2026-03-01"), 1.5, True),
            (12025550102, "Bob", None, 7, None),
        ),
        [
            (A, {"Name": "Ann", "Since": "2026-03-01", "Score": "1.5", "Paid": "TRUE"}),
            (B, {"Name": "Bob", "Score": "7"}),
        ],
        reading=US,
    ),
    ListFile(
        "rows-of-a-workbook.xlsx",
        workbook((None, None), ("phone", "name"), (A, "Ann"), (None, None), ("555", "Bob"), (C, "C\ny")),
        named(Ann=A),
        [
            f"line 5, column 1 (phone): {NO_PREFIX}",
            "line 6, column 2 (name): a line break cannot be sent (character 2 of the cell)",
        ],
    ),
    ListFile(
        "second-sheet.xlsx",
        workbook(("About",), more={"Leads 2026": [("phone",), (A,)]}),
        numbers(A),
        reading=Reading(sheet="Leads 2026"),
    ),
    ListFile(
        "no-such-sheet.xlsx",
        workbook(("phone",)),
        error="has no sheet 'leeds'. Did you mean 'Leads'? Its sheets are: Leads.",
        reading=Reading(sheet="leeds"),
    ),
    ListFile(
        "sums.xlsx",
        workbook(("phone", "sum"), (A, 0.1 + 0.2), (B, 12.5)),
        [(A, {"sum": "0.3"}), (B, {"sum": "12.5"})],
    ),
    ListFile("open-document.ods", archive("content.xml"), error="is no XLSX but something else that is packed alike"),
    ListFile(
        "binary.xlsb",
        archive("[Content_Types].xml", "xl/workbook.bin"),
        error="is no XLSX but something else that is packed alike",
    ),
    ListFile("cut-off.xlsx", workbook(("phone",), (A,))[:900], error="is no workbook that can be read (BadZipFile)"),
    ListFile(
        "old-excel.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), error="an old Excel file (.xls). Save it as"
    ),
    ListFile("packed.csv.gz", b"\x1f\x8b\x08\x00" + bytes(20), error="compressed with gzip"),
)

LIST_FILES = (*FORMS, *QUOTES, *COLUMNS, *NUMBERS, *REPETITIONS, *WORKBOOKS)

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for file in LIST_FILES:
        (folder / file.name).write_bytes(file.content)
