"""Throttles and quotas: Amazon's numbers, and that no window of time ever sees more than they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.support import SERVICES, load
from trunkcall.aws.errors import ApiError
from trunkcall.aws.throttle import QUOTAS, RATES, Rate, Rates, Throttle

NOW_S = 1_000_000.0


def taken(throttle: Throttle, operation: str, now_s: float, tries: int = 200) -> int:
    """How many of so many requests at once are let in."""
    count = 0
    for _ in range(tries):
        try:
            throttle.take(operation, now_s)
        except ApiError as error:
            if (error.code, error.message) != ("ThrottlingException", "Rate exceeded"):
                raise
        else:
            count += 1
    return count


def retry_after_s(throttle: Throttle, now_s: float) -> int | None:
    """What one more request is told; None if it is let in."""
    try:
        throttle.take("X", now_s)
    except ApiError as error:
        return error.retry_after_s
    return None


@pytest.mark.parametrize(
    ("operation", "per_s", "burst"),
    [
        ("CreateCampaign", 1, 2),
        ("DeleteCampaign", 1, 2),
        ("StartCampaign", 1, 2),
        ("PauseCampaign", 1, 2),
        ("ResumeCampaign", 1, 2),
        ("StopCampaign", 1, 2),
        ("UpdateCampaignDialerConfig", 1, 2),
        ("UpdateCampaignName", 1, 2),
        ("UpdateCampaignOutboundCallConfig", 1, 2),
        ("ListTagsForResource", 1, 2),
        ("TagResource", 1, 2),
        ("UntagResource", 1, 2),
        ("GetCampaignState", 5, 10),
        ("GetCampaignStateBatch", 5, 10),
        ("ListCampaigns", 5, 10),
        ("PutDialRequestBatch", 10, 10),
        ("PutOutboundRequestBatch", 10, 10),
        ("PutProfileOutboundRequestBatch", 10, 10),
        ("DescribeCampaign", 25, 35),
        ("StartInstanceOnboardingJob", 2, 5),
        ("GetConnectInstanceConfig", 2, 5),
        ("connect:CreateQueue", 2, 5),
        ("connect:PutUserStatus", 2, 5),
        ("connect:TagResource", 2, 5),
    ],
)
def test_amazons_numbers(operation: str, per_s: int, burst: int) -> None:
    throttle = Throttle(RATES["aws"])
    action = operation if ":" in operation else f"connect-campaigns:{operation}"
    assert taken(throttle, action, NOW_S) == burst
    assert taken(throttle, action, NOW_S + 1) == min(per_s, burst)
    assert taken(throttle, action, NOW_S + 1 + 0.5 / per_s) == 0
    assert taken(throttle, action, NOW_S + 1000) == burst


def test_every_operation_that_has_a_rate_exists() -> None:
    existing = {f"connect-campaigns:{name}" for service in SERVICES for name in load(service).operations}
    assert set(RATES["aws"].actions) <= existing


def test_an_operation_does_not_use_up_another() -> None:
    throttle = Throttle(RATES["aws"])
    assert taken(throttle, "connect-campaigns:StartCampaign", NOW_S) == 2
    assert taken(throttle, "connect-campaigns:StopCampaign", NOW_S) == 2


def test_what_is_refused_costs_nothing() -> None:
    throttle = Throttle(Rates(Rate(1, 1)))
    assert taken(throttle, "X", NOW_S) == 1
    assert taken(throttle, "X", NOW_S + 0.9, tries=1000) == 0
    assert taken(throttle, "X", NOW_S + 1) == 1


def test_by_default_nobody_is_held_up() -> None:
    throttle = Throttle(RATES["default"])
    for step in range(20_000):
        throttle.take("PutDialRequestBatch", NOW_S + step / 50_000)


def test_a_clock_that_stands_still_lets_the_burst_in_and_no_more() -> None:
    assert taken(Throttle(Rates(Rate(0.1, 7))), "X", 0.0) == 7


def test_quotas() -> None:
    assert (QUOTAS["aws"].instances, QUOTAS["default"].instances) == (2, 1_000)
    assert (QUOTAS["aws"].campaigns_per_instance, QUOTAS["aws"].active_campaigns_per_instance) == (500, 50)
    assert QUOTAS["default"].campaigns_per_instance == QUOTAS["default"].active_campaigns_per_instance == 100_000
    assert set(QUOTAS) == set(RATES) == {"aws", "default"}


RATE = st.builds(Rate, st.sampled_from([0.5, 1, 3, 7, 25, 1000]), st.integers(1, 20))
WAITS_S = st.lists(st.one_of(st.just(0.0), st.floats(0, 2), st.sampled_from([0.04, 1 / 3, 1.0])), max_size=80)


@given(RATE, WAITS_S, st.sampled_from([0.0, 12_345.678, 5e7]))
def test_no_window_sees_more_than_the_burst_and_what_came_back_since(
    rate: Rate, waits_s: list[float], start_s: float
) -> None:
    throttle, now_s, let_in = Throttle(Rates(rate)), start_s, list[float]()
    for wait_s in waits_s:
        now_s += wait_s
        let_in += [now_s] * taken(throttle, "X", now_s, tries=3)
    for first, begin_s in enumerate(let_in):
        for last in range(first, len(let_in)):
            # A thousandth of a token is given away, so that rounding never costs one.
            assert last - first + 1 <= rate.burst + rate.per_s * (let_in[last] - begin_s) + 0.002


@given(RATE, st.integers(1, 40), st.sampled_from([0.0, 12_345.678, 5e7]))
def test_who_keeps_to_the_rate_is_never_refused(rate: Rate, requests: int, start_s: float) -> None:
    throttle = Throttle(Rates(rate))
    for number in range(requests):
        throttle.take("X", start_s + number / rate.per_s)


@given(RATE, WAITS_S)
def test_who_waits_as_long_as_a_refusal_says_is_let_in(rate: Rate, waits_s: list[float]) -> None:
    throttle, now_s = Throttle(Rates(rate)), 0.0
    for wait_s in waits_s:
        now_s += wait_s
        told_s = retry_after_s(throttle, now_s)
        if told_s is not None:
            assert 1 <= told_s <= 1 / rate.per_s + 1
            now_s += told_s
            throttle.take("X", now_s)


@given(RATE, st.floats(0, 100))
def test_a_rest_brings_back_what_the_rate_says(rate: Rate, rest_s: float) -> None:
    throttle = Throttle(Rates(rate))
    assert taken(throttle, "X", 0.0, tries=rate.burst) == rate.burst
    back = taken(throttle, "X", rest_s, tries=rate.burst + 1)
    assert abs(back - min(rate.burst, int(rest_s * rate.per_s))) <= 1
