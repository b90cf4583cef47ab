"""What the gate knows of do-not-call lists. If these fail, a campaign dials by a register that is too old, or nobody is
told why it does not."""

from __future__ import annotations

from datetime import date

import pytest

from gating import no_policy
from storage.support import LATER, NOW, campaign
from storage.support import directory as centre
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.directory import Directory
from trunkcall.domain.do_not_call import OPT_OUTS, DoNotCallList, ListKind
from trunkcall.domain.instants import DAY, to_datetime

SPRING = campaign("spring")
TODAY = to_datetime(NOW).date()
OURS = DoNotCallList(1, OPT_OUTS)
REGISTER = DoNotCallList(2, "register", ListKind.REGISTRY, (), 31, TODAY, 4, 7)
OF_AUTUMN = DoNotCallList(3, "autumn-list", ListKind.REGISTRY, ("autumn",), 31)


def office(*lists: DoNotCallList) -> Directory:
    return Directory.of(centre().instance, lists)


def test_an_attempt_is_looked_for_on_the_lists_that_bind_its_campaign() -> None:
    gate = no_policy(office(REGISTER, OF_AUTUMN, OURS))
    cleared = gate.clear(SPRING, "+12065550101", None, 0, trunk_id="t", caller_id=None, at=NOW)
    assert cleared.lists == (1, 2)
    assert (cleared.number_key, gate.trouble(SPRING, NOW)) == (gate.number_key("+12065550101"), None)
    assert no_policy(office()).clear(SPRING, "+12065550101", None, 0, trunk_id="t", caller_id=None, at=NOW).lists == ()


@pytest.mark.parametrize(
    ("unfit", "words"),
    [
        (REGISTER, "register is too old"),
        (DoNotCallList(2, "register", ListKind.REGISTRY, (), 31), "register was never filled"),
        (DoNotCallList(2, "register", ListKind.REGISTRY, (), 31, date(1970, 1, 1), 4), "register is too old"),
        (
            DoNotCallList(2, "register", ListKind.REGISTRY, (), 31, date(9999, 1, 1), 4),
            "register is dated in the future",
        ),
        (DoNotCallList(2, "register", None), "damaged the do-not-call list register"),
    ],
)
def test_by_a_list_that_nobody_can_go_by_nobody_is_dialed_and_it_is_said_why(unfit: DoNotCallList, words: str) -> None:
    now = NOW + 40 * DAY
    gate = no_policy(office(OURS, unfit))
    trouble = gate.trouble(SPRING, now)
    assert trouble is not None
    assert words in trouble
    cleared = gate.clear(SPRING, "+12065550101", None, 0, trunk_id="t", caller_id=None, at=now)
    assert cleared.policy_version == -1, "no transaction lets such an attempt begin"


def test_whoever_is_bound_by_another_campaigns_list_is_held_up_by_none() -> None:
    gate = no_policy(office(OURS, OF_AUTUMN))
    assert gate.trouble(SPRING, LATER) is None
    assert gate.trouble(campaign("autumn"), LATER) is not None


def test_while_nobody_knows_which_policy_the_disk_has_damaged_nobody_is_dialed() -> None:
    """It may be the one that counts, and an older one in its place might allow what it forbids."""
    facts = [CallingPolicy("default", 1, '[destinations]\nregions = ["any"]'), CallingPolicy("?", 0, None)]
    trouble = no_policy(Directory.of(centre().instance, facts)).trouble(SPRING, NOW)
    assert trouble is not None
    assert "damaged a calling policy" in trouble
    assert no_policy(Directory.of(centre().instance, facts[:1])).trouble(SPRING, NOW) is None
