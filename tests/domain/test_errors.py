"""What is said when something goes wrong. If these fail, an operator's log has lines that belong to nothing."""

from __future__ import annotations

from trunkcall.domain.errors import LeaseExpiredError


def test_an_error_is_one_line_however_long() -> None:
    assert len(LeaseExpiredError().message) > 100
    assert "\n" not in LeaseExpiredError().message
