"""Which do-not-call lists bind a campaign, and when one cannot be gone by.

If this fails, a campaign calls by a register of last year, or by a list that is still being filled.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from trunkcall.domain.do_not_call import (
    OPT_OUTS,
    REGISTRY_MAX_AGE_DAYS,
    BindingLists,
    DoNotCallList,
    ListKind,
    ListTrouble,
    binding_lists,
)
from trunkcall.domain.instants import DAY, from_datetime

AS_OF = date(2026, 11, 1)
NOON = from_datetime(datetime(2026, 11, 30, 12, tzinfo=UTC))
OURS = DoNotCallList(1, OPT_OUTS)
REGISTER = DoNotCallList(2, "register", ListKind.REGISTRY, (), REGISTRY_MAX_AGE_DAYS, AS_OF, version=1, entries=7)
OF_SPRING = DoNotCallList(3, "spring", campaign_ids=("spring", "summer"))


def test_a_list_binds_all_campaigns_or_those_that_it_names() -> None:
    assert binding_lists([OF_SPRING, REGISTER, OURS], "spring", NOON).numbers == (1, 2, 3)
    assert binding_lists([OF_SPRING, OURS], "autumn", NOON) == BindingLists((1,), (0,))
    assert binding_lists([], "spring", NOON) == BindingLists()


def test_a_list_that_was_deleted_binds_nobody_unless_it_is_damaged() -> None:
    deleted = OF_SPRING.deleted(at=NOON, by="AKIA", edit_number=4)
    assert binding_lists([deleted, OURS], "spring", NOON).numbers == (1,)
    assert binding_lists([replace(deleted, list_kind=None), OURS], "autumn", NOON).numbers == (1, 3)
    register = replace(REGISTER, list_kind=None).deleted(at=NOON, by="AKIA", edit_number=5)
    assert binding_lists([register, OURS], "spring", NOON + 99 * DAY).unreadable == (), "whatever it was"


def test_versions_are_told_and_when_the_first_list_becomes_too_old() -> None:
    older = replace(REGISTER, list_number=4, as_of=date(2026, 10, 30), version=6)
    found = binding_lists([older, REGISTER, OURS], "spring", NOON)
    assert (found.numbers, found.versions) == ((1, 2, 4), (0, 1, 6))
    assert found.good_until == from_datetime(datetime(2026, 12, 1, tzinfo=UTC))
    assert found.unreadable == ()


def test_a_register_is_good_for_31_days_and_not_for_32() -> None:
    last = from_datetime(datetime(2026, 12, 2, 23, 59, 59, tzinfo=UTC))
    assert AS_OF + timedelta(days=31) == date(2026, 12, 2)
    assert REGISTER.trouble(last) is None
    assert REGISTER.trouble(last + 1_000_000) is ListTrouble.TOO_OLD
    found = binding_lists([REGISTER, OURS], "spring", NOON + 31 * DAY)
    assert found.unreadable == (("register", ListTrouble.TOO_OLD),)
    assert replace(REGISTER, max_age_days=None).trouble(NOON + 9_999 * DAY) is None


def test_of_a_file_of_tomorrow_nobody_knows_how_old_it_is() -> None:
    """By a clock that was wrong, or a disk that changed its date, it would be new for years. Somewhere it may be a day
    later than here."""
    assert replace(REGISTER, as_of=date(2026, 12, 1)).trouble(NOON) is None
    for later in (date(2026, 12, 2), date(9999, 12, 31)):
        assert replace(REGISTER, as_of=later).trouble(NOON) is ListTrouble.FROM_THE_FUTURE
    assert replace(OURS, as_of=date(9999, 12, 31), version=1).trouble(NOON) is None, "whose age does not matter"


@pytest.mark.parametrize(
    ("unfit", "trouble"),
    [
        (replace(REGISTER, version=0, as_of=None), ListTrouble.NEVER_FILLED),
        (replace(REGISTER, as_of=None), ListTrouble.NEVER_FILLED),
        (replace(REGISTER, max_age_days=None, version=0), ListTrouble.NEVER_FILLED),
        (replace(OURS, filling=True), ListTrouble.NEVER_FILLED),
        (replace(OURS, list_kind=None), ListTrouble.DAMAGED),
        (replace(OURS, list_number=0), ListTrouble.DAMAGED),
        (replace(OF_SPRING, list_kind=None), ListTrouble.DAMAGED),
    ],
)
def test_by_what_nobody_knows_nobody_is_called(unfit: DoNotCallList, trouble: ListTrouble) -> None:
    assert binding_lists([unfit], "autumn", NOON).unreadable == ((unfit.name, trouble),)


def test_opt_outs_can_be_gone_by_before_there_are_any_and_while_more_are_imported() -> None:
    assert OURS.trouble(NOON) is None
    assert replace(OURS, version=3, filling=True).trouble(NOON) is None
