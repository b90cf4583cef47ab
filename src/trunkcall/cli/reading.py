"""Options that tell how a lead list is to be read.

Decides what they are called, and that they are the same for every command that takes a list. It must not know what is
done with the list.
"""

from __future__ import annotations

from typing import Annotated

import typer

from trunkcall.cli.lists.leads import Duplicates, Reading
from trunkcall.cli.lists.phones import country_of
from trunkcall.cli.lists.source import encoding_of
from trunkcall.domain.errors import InvalidInputError

_READING = "Reading lists"

PhoneColumn = Annotated[
    str | None, typer.Option(help="Column with the number; guessed if left out.", rich_help_panel=_READING)
]
Country = Annotated[
    str | None,
    typer.Option(help="Country whose national numbers are understood: US, GB, DE.", rich_help_panel=_READING),
]
Encoding = Annotated[
    str | None, typer.Option(help="Encoding, if it is not UTF-8: cp1252, latin-1, utf-16.", rich_help_panel=_READING)
]
Sheet = Annotated[
    str | None, typer.Option(help="Sheet of a workbook; the first if left out.", rich_help_panel=_READING)
]
NoHeader = Annotated[bool, typer.Option("--no-header", help="The first row is a lead.", rich_help_panel=_READING)]


def reading(
    *,
    phone_column: str | None,
    country: str | None,
    encoding: str | None,
    sheet: str | None,
    no_header: bool,
    duplicates: Duplicates,
) -> Reading:
    """What the options say. Raises BadParameter for a country or an encoding that there is not."""
    try:
        return Reading(
            phone_column=phone_column,
            country=None if country is None else country_of(country),
            encoding=None if encoding is None else encoding_of(encoding),
            sheet=sheet,
            header=not no_header,
            duplicates=duplicates,
        )
    except InvalidInputError as error:
        raise typer.BadParameter(error.message) from error
