"""The dialplan says which version it is of, so that `trunkcall doctor` can tell one that Asterisk has from another."""

from __future__ import annotations

import re

from trunkcall.telephony.ari.dialplan import dialplan, version_in, version_of
from trunkcall.telephony.ari.legs import LegKind


def test_a_dialplan_that_was_changed_says_that_it_is_of_another_version() -> None:
    text = dialplan()
    right = version_of(text)
    assert version_in(text) == right, f"in dialplan.conf write TRUNKCALL_DIALPLAN={right}"
    assert version_of(text.replace("TIMEOUT(absolute)=5", "TIMEOUT(absolute)=6")) != right
    assert version_of(text + "\n; another remark\n") == right


def test_every_kind_of_leg_has_its_extension() -> None:
    extensions = set(re.findall(r"^exten => ([\w-]+),1,", dialplan(), re.MULTILINE))
    assert extensions >= set(LegKind)
