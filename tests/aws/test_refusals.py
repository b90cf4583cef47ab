"""Why an item of a batch is refused, in a header. If these fail, whoever loads a list reads half of the reason, and
what would be right is in the other half."""

from __future__ import annotations

import pytest

from trunkcall.aws.campaigns_v1 import MAX_REASON
from trunkcall.aws.members import MEMBERS
from trunkcall.domain.clearance import Prohibition
from trunkcall.domain.errors import InvalidInputError
from trunkcall.service.calling.screening import NotAllowedError, UnknownTimeZoneError

REFUSALS = [*(NotAllowedError(each) for each in Prohibition), UnknownTimeZoneError()]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.message)
def test_what_the_calling_rules_say_is_told_whole(refusal: InvalidInputError) -> None:
    assert len(refusal.worded(MEMBERS)) <= MAX_REASON
