"""Numbers that may be dialed: the quick check agrees with the phonenumbers library, whose lengths it uses."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.service.numbers import NotDialableError, to_e164

CALLING_CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def possible(number: str) -> bool:
    try:
        to_e164(number)
    except NotDialableError:
        return False
    return True


@given(st.sampled_from(CALLING_CODES), st.text("123456789", min_size=1, max_size=1), st.text("0123456789", max_size=14))
def test_it_agrees_with_the_library(calling_code: int, first: str, rest: str) -> None:
    national = first + rest
    parsed = phonenumbers.PhoneNumber(country_code=calling_code, national_number=int(national))
    verdict = phonenumbers.is_possible_number_with_reason(parsed)
    expected = verdict == phonenumbers.ValidationResult.IS_POSSIBLE and len(str(calling_code)) + len(national) <= 15
    assert possible(f"+{calling_code}{national}") == expected


@pytest.mark.parametrize("example", ["+12125550100", "+442079460000", "+61255500100", "+80012345678"])
def test_numbers_of_the_world_pass(example: str) -> None:
    assert to_e164(example) == example


def test_hyphens_are_taken_out() -> None:
    assert to_e164("+1-212-555-0100") == "+12125550100"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("12125550100", "begin with +"),
        ("", "begin with +"),
        ("+", "digits only"),
        ("+12125550", "impossible in its country"),
        ("+999123456", "no country calling code"),
        ("+0123456789", "no country calling code"),
        ("+1212555010x", "digits only"),
        ("+1+2125550100", "digits only"),
        ("+١٢١٢٥٥٥٠١٠٠", "digits only"),
        ("+1234567890123456", "more than 15"),
    ],
)
def test_what_is_wrong_is_said_without_repeating_the_number(number: str, reason: str) -> None:
    with pytest.raises(NotDialableError, match=reason.replace("+", r"\+")) as raised:
        to_e164(number)
    assert len(number) < 3 or number not in str(raised.value)
