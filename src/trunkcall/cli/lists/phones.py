"""Numbers as people write them, into E.164.

Decides what is certain: layout, invisible characters and spreadsheets' traces are taken off; whatever could be read in
two ways is refused, in words that do not repeat the number. Which numbers exist at all is ``service.numbers``' to say.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from trunkcall.domain.errors import InvalidInputError
from trunkcall.domain.fields import Field
from trunkcall.service.numbers import NotDialableError, to_e164

_PLAIN = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
_NO_PREFIX = "the number must begin with + and the country calling code, or be read with --country"
_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s*[eE]\s*[+-]?\d+").fullmatch
_DECIMAL = re.compile(r"(\+?\d{7,})[.,]0{1,2}").fullmatch
_EXTENSION = re.compile(
    r"(?<![^\W\d_])(?:ext(?:ension|n)?|x(?=\.?\s*\d)|durchwahl|dw|poste|interno|anexo|ramal|доб|вн)(?![^\W\d_])|#(?=\s*\d)",
    re.IGNORECASE,
).search
_TWO = re.compile(r"[,;|&\n]|\b(?:or|and|oder|und|ou|et|o|y|и)\b|\d.*\+", re.IGNORECASE | re.DOTALL).search
_ALLOWED = re.compile(r"\+?[0-9 ()./-]+").fullmatch
_TRUNK_ZERO = re.compile(r"(\+[ ]?[1-9][0-9]{0,2})[ .-]*\(0\)").match
_LONGEST_CALLING_CODE = 3
_SHORTEST_ALONE = 7
"""Digits that could be a number of their own."""
LONGER_THAN_A_DATE = 9
"""Digits that are no date: 2026-11-29 has eight."""
_LONGEST_BEFORE = 9
"""Digits before a slash that are an area code, with what is before it (0049 33701/…)."""
_SHORTEST_PART = 4
"""Digits after the last slash: fewer are another ending, as in 123456/57."""

_SCHEME = re.compile(r"=|(?:tel|callto|p)\s*:", re.IGNORECASE).match
"""Before the number: a formula (``="…"``), a URI, and what lead forms of social networks export."""
_QUOTES = "'’‘`´\""
_DASHES = "-‐‑‒–—―−－"
_LOOKALIKES = str.maketrans(
    {"＋": "+", "﹢": "+", "（": "(", "）": ")", "．": ".", "／": "/", "⁄": "/", "·": ".", "•": "."}
)


def country_of(text: str) -> str:
    """A country of ``--country``: its two letters (ISO 3166). Raises InvalidInputError, which says what would be
    right."""
    region = text.strip().upper()
    if region in phonenumbers.SUPPORTED_REGIONS:
        return region
    code = region.lstrip("+0")
    if code.isascii() and code.isdigit() and (regions := COUNTRY_CODE_TO_REGION_CODE.get(int(code))):
        hint = f" +{code} is {regions[0]}."
    elif region == "UK":
        hint = " The United Kingdom is GB."
    else:
        hint = ""
    raise InvalidInputError(f"{text!r} is no country: give its two letters, such as US, GB or DE.{hint}")


def read_number(written: str, country: str | None = None) -> str:
    """The number in E.164. ``country`` is whose national formats are understood (see ``country_of``). Raises
    NotDialableError, with a reason that does not repeat the number."""
    number = written if _PLAIN(written) is not None else _international(_cleaned(written), country)
    _refuse_trunk_zero(number)
    try:
        return to_e164(number)
    except NotDialableError as error:
        raise NotDialableError(error.worded({Field.PHONE_NUMBER: "the number"})) from None


def seems_number(text: str, least: int = _SHORTEST_ALONE) -> bool:
    """Whether a cell is written like a phone number, of at least so many digits: what tells data from a header."""
    try:
        cleaned = _cleaned(text)
    except NotDialableError:
        return False
    return sum(character.isdigit() for character in cleaned) >= least


def _cleaned(written: str) -> str:
    """Without layout that means nothing: ASCII digits, spaces, and the signs that numbers are written with."""
    text = "".join(_plain(character) for character in written.translate(_LOOKALIKES)).strip().strip(_QUOTES).strip()
    if (scheme := _SCHEME(text)) is not None:
        text = text[scheme.end() :].strip(_QUOTES + " ")
    if not text:
        raise NotDialableError("the number is missing")
    if _EXPONENT(text) is not None:
        raise NotDialableError(
            "the number is written with an exponent, so its last digits are lost: have the spreadsheet format the "
            "column as text, and export it again"
        )
    if (decimal := _DECIMAL(text)) is not None:
        text = decimal[1]
    if _EXTENSION(text) is not None:
        raise NotDialableError("the number has an extension, which cannot be dialed")
    if _TWO(text) is not None:
        raise NotDialableError("the cell seems to hold more than one number: give each a row of its own")
    if text.startswith("(+"):
        text = text[1:].replace(")", "", 1)
    if _ALLOWED(text) is None:
        what = "letters" if any(character.isalpha() for character in text) else "characters that belong in no number"
        raise NotDialableError(f"the number has {what}")
    _refuse_unclear_slash(text)
    return text


def _plain(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else " " if character in "\t\r" else character
    if character in _DASHES:
        return "-"
    category = unicodedata.category(character)
    match category:
        case "Cf" | "Mn":
            return ""
        case "Zs":
            return " "
        case "Nd":
            return str(unicodedata.decimal(character))
        case _:
            return character


def _refuse_unclear_slash(text: str) -> None:
    parts = text.split("/")
    if len(parts) == 1:
        return
    digits = [sum(character.isdigit() for character in part) for part in parts]
    before = sum(digits[:-1])
    if digits[-1] < _SHORTEST_PART or before > _LONGEST_BEFORE or (before >= _SHORTEST_ALONE <= digits[-1]):
        raise NotDialableError("the cell seems to hold more than one number, joined by a slash: write one of them")


def _international(text: str, country: str | None) -> str:
    """With + and calling code, of digits only."""
    if (zero := _TRUNK_ZERO(text)) is not None:
        text = _without_trunk_zero(text, zero[1].replace(" ", "")[1:])
    digits = "".join(character for character in text if character.isdigit())
    if text.startswith("+"):
        if "(0)" in text:
            raise NotDialableError('the number has a "(0)" that does not follow its country calling code')
        return "+" + digits
    if country is None:
        raise NotDialableError(_NO_PREFIX)
    metadata = PhoneMetadata.metadata_for_region(country)
    assert metadata is not None, "country_of has checked it"
    abroad = re.match(metadata.international_prefix or "$^", digits)
    if abroad is not None and abroad.end() < len(digits) and digits[abroad.end()] != "0":
        return "+" + digits[abroad.end() :]
    try:
        parsed = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        raise NotDialableError(f"the number is none of {country}") from None
    if phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise NotDialableError(f"the number has a number of digits that is impossible in {country}")
    trunk = metadata.national_prefix
    if trunk and not digits.startswith(trunk) and not phonenumbers.is_valid_number(parsed):
        # Its first zero may be lost, or it is of one town alone.
        raise NotDialableError(
            f"the number is none of {country} as it stands: is its first {trunk}, or its area code, missing?"
        )
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _without_trunk_zero(text: str, code: str) -> str:
    """Without the "(0)" after a calling code, which says: to be left out from abroad. Where numbers begin with 0 it may
    say the contrary."""
    if not code.isdigit() or int(code) not in COUNTRY_CODE_TO_REGION_CODE:
        return text
    if _zero_may_lead(code):
        raise NotDialableError(
            f'the number has "(0)" after +{code}, which may mean with or without the 0: write either'
        )
    return text.replace("(0)", "", 1)


def _refuse_trunk_zero(number: str) -> None:
    if "0" not in number[2 : 2 + _LONGEST_CALLING_CODE]:
        return
    for length in range(1, _LONGEST_CALLING_CODE + 1):
        code, national = number[1 : 1 + length], number[1 + length :]
        if code.isdigit() and int(code) in COUNTRY_CODE_TO_REGION_CODE:
            if national.startswith("0") and not _is_national(code, national):
                raise NotDialableError(
                    f"the number has a 0 after its country calling code: from abroad, +{code} is dialed without it"
                )
            return


def _is_national(code: str, national: str) -> bool:
    return any(pattern.fullmatch(national) for pattern in _national_patterns(code))


@cache
def _national_patterns(code: str) -> tuple[re.Pattern[str], ...]:
    """The numbers of every country and territory under a calling code."""
    patterns = []
    for region in COUNTRY_CODE_TO_REGION_CODE[int(code)]:
        metadata = (
            PhoneMetadata.metadata_for_nongeo_region(int(code))
            if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY
            else PhoneMetadata.metadata_for_region(region)
        )
        general = metadata.general_desc if metadata is not None else None
        if general is not None and general.national_number_pattern:
            patterns.append(re.compile(general.national_number_pattern))
    return tuple(patterns)


@cache
def _zero_may_lead(code: str) -> bool:
    """Whether ordinary subscribers' numbers under the code begin with 0, as Italy's do."""
    example = (
        phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.FIXED_LINE)
        for region in COUNTRY_CODE_TO_REGION_CODE[int(code)]
    )
    return any(number is not None and bool(number.italian_leading_zero) for number in example)
