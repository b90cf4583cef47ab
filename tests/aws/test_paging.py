"""nextToken: a list goes on where it ended, and for nobody else's list."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trunkcall.aws.errors import ApiError
from trunkcall.aws.paging import Paging

PAGING = Paging(b"k" * 32)


@given(st.integers(0, 2**62), st.text(max_size=256))
def test_a_token_holds_its_position(at: int, item_id: str) -> None:
    token = PAGING.token("ListCampaigns", "", (at, item_id))
    assert token is not None
    assert len(token) <= 1000 or len(item_id) > 60
    assert PAGING.position("ListCampaigns", "", token) == (at, item_id)


def test_the_end_has_no_token_and_the_beginning_needs_none() -> None:
    assert PAGING.token("ListCampaigns", "", None) is None
    assert PAGING.position("ListCampaigns", "", None) is None


@given(st.integers(0, 40), st.characters(codec="ascii"))
@example(7, "/").via("the same bytes in the other alphabet of Base64")
def test_a_changed_token_is_refused(place: int, character: str) -> None:
    token = PAGING.token("ListCampaigns", "i", (1, "x"))
    assert token is not None
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        with pytest.raises(ApiError, match="nextToken"):
            PAGING.position("ListCampaigns", "i", changed)


@pytest.mark.parametrize(
    ("key", "operation", "query"),
    [(b"other" * 8, "ListCampaigns", "i"), (b"k" * 32, "ListOthers", "i"), (b"k" * 32, "ListCampaigns", "j")],
)
def test_a_token_of_another_list_is_refused(key: bytes, operation: str, query: str) -> None:
    token = PAGING.token("ListCampaigns", "i", (1, "x"))
    with pytest.raises(ApiError):
        Paging(key).position(operation, query, token)
