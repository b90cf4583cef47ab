"""Which numbers may be dialed at all: E.164, and possible in the numbering plan of their country.

Decides the form and the length of a number. It must not know whether anybody has it, nor whether the law lets it be
called now. The lengths come from the phonenumbers library; asking the library itself about each number costs many times
as much, and a batch holds twenty-five.
"""

from __future__ import annotations

from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, REGION_CODE_FOR_NON_GEO_ENTITY, PhoneMetadata

from trunkcall.domain.errors import InvalidInputError
from trunkcall.domain.fields import Field

_LONGEST_CALLING_CODE = 3
_MAX_DIGITS = 15


class NotDialableError(InvalidInputError):
    """The number cannot be dialed."""


def to_e164(written: str) -> str:
    """The number in E.164: ``+`` and up to 15 digits, hyphens removed.

    Raises NotDialableError, with a reason that does not repeat the number.
    """
    number = written.replace("-", "") if "-" in written else written
    if not number.startswith("+"):
        raise NotDialableError("{} must begin with + and the country calling code (E.164)", Field.PHONE_NUMBER)
    digits = number[1:]
    if not (digits.isascii() and digits.isdigit()):
        raise NotDialableError("{} must have digits only after its +", Field.PHONE_NUMBER)
    if len(digits) > _MAX_DIGITS:
        raise NotDialableError("{} has more than 15 digits", Field.PHONE_NUMBER)
    for length in range(1, _LONGEST_CALLING_CODE + 1):
        possible = _possible_lengths(digits[:length])
        if possible is not None:
            if len(digits) - length not in possible:
                raise NotDialableError(
                    "{} has a number of digits that is impossible in its country", Field.PHONE_NUMBER
                )
            return number
    raise NotDialableError("{} begins with no country calling code that exists", Field.PHONE_NUMBER)


@cache
def _possible_lengths(calling_code: str) -> frozenset[int] | None:
    """Lengths of national significant numbers under a calling code; None if nobody has the code."""
    if not calling_code or calling_code[0] == "0":
        return None
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(calling_code))
    if regions is None:
        return None
    if regions[0] == REGION_CODE_FOR_NON_GEO_ENTITY:
        metadata = PhoneMetadata.metadata_for_nongeo_region(int(calling_code))
    else:
        metadata = PhoneMetadata.metadata_for_region(regions[0])
    general = metadata.general_desc if metadata is not None else None
    lengths = general.possible_length if general is not None else ()
    return frozenset(length for length in lengths if length > 0)
