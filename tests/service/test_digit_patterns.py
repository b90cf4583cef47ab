"""Patterns of numbering plans tell how many digits they look at.

If this fails, what is known of one number is taken for another's: a premium number passes for its neighbour.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.service.calling.digit_patterns import Pattern

PARTS = st.recursive(
    st.sampled_from([r"\d", "[2-9]", "[013-57]", "0", "7", "12"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda ways: f"(?:{'|'.join(ways)})"),
        inner.map(lambda part: f"(?:{part})?"),
        st.tuples(inner, st.integers(0, 2), st.integers(0, 2)).map(
            lambda given: f"(?:{given[0]}){{{given[1]},{given[1] + given[2]}}}"
        ),
        inner.map(lambda part: f"({part}){{2}}"),
    ),
    max_leaves=6,
)
DIGITS = st.text("0123456789", min_size=0, max_size=7)


@given(PARTS, DIGITS, st.booleans())
def test_a_pattern_says_what_a_regular_expression_says_and_no_sooner(
    written: str, number: str, beginning: bool
) -> None:
    pattern = Pattern(written, beginning=beginning)
    expression = re.compile(written)
    matches = bool(expression.match(number) if beginning else expression.fullmatch(number))
    state, told = 0, []
    for place, digit in enumerate(number):
        told.append(pattern.outcome(state, len(number) - place))
        state = pattern.after(state, digit)
    assert pattern.outcome(state, 0) is matches
    assert all(each in (None, matches) for each in told), "what it says early it does not take back"


@pytest.mark.parametrize(
    ("written", "number", "digits"),
    [(r"[2-9]\d{2}[2-9]\d{6}", "2125550100", 4), (r"7\d{3}|8\d{3}", "7123", 1), (r"\d{4}", "7123", 0)],
)
def test_it_decides_as_soon_as_it_can(written: str, number: str, digits: int) -> None:
    pattern = Pattern(written)
    state = 0
    for place, digit in enumerate(number):
        decided = pattern.outcome(state, len(number) - place) is not None
        assert decided == (place >= digits)
        state = pattern.after(state, digit)


@pytest.mark.parametrize("written", ["(", ")", "(?:1|2", "1+", "a", "?", "(?=1)", "{2}"])
def test_what_is_not_known_is_said(written: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        Pattern(written)
