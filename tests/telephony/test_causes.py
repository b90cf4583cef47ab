"""What SIP's answers come to. If these fail, a record says of an attempt what has not happened."""

from __future__ import annotations

import pytest

from telephony.asterisk.answers import Answer, final_answers, recorded
from trunkcall.domain.leg import HangupCause
from trunkcall.telephony.ari.causes import cause_of


@pytest.mark.parametrize("answer", final_answers(), ids=str)
def test_every_answer_of_the_table_is_recorded_as_it_says(answer: Answer) -> None:
    cause = cause_of(127, answer.code, rang=answer.rang, answered=False)
    assert recorded(cause) == (answer.disposition, answer.reason)


def test_every_other_answer_is_a_failure() -> None:
    known = {answer.code for answer in final_answers()} | set(range(300, 400))
    others = set(range(300, 700)) - known
    assert {cause_of(127, code, rang=True, answered=False) for code in others} == {HangupCause.FAILED}


@pytest.mark.parametrize(
    ("cause", "rang", "expected"),
    [
        (17, False, HangupCause.BUSY),
        (1, False, HangupCause.INVALID_NUMBER),
        (19, True, HangupCause.NO_ANSWER),
        (19, False, HangupCause.UNREACHABLE),
        (21, True, HangupCause.REJECTED),
        (34, False, HangupCause.CONGESTION),
        (0, True, HangupCause.FAILED),
    ],
)
def test_where_there_was_no_answer_the_cause_counts(cause: int, rang: bool, expected: HangupCause) -> None:
    assert cause_of(cause, None, rang=rang, answered=False) is expected
