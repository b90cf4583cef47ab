"""Properties that every policy has, and wildcards against a slow matcher that is plainly right."""

from __future__ import annotations

import json
import time
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from trunkcall.aws.iam import AuthorizationRequest, Decision, allowed, parse_policy, settled, uses_resource_tags
from trunkcall.aws.iam_conditions import wildcard

ACTIONS = ("connect-campaigns:CreateCampaign", "connect-campaigns:DescribeCampaign", "connect-campaigns:TagResource")
ARNS = tuple(f"arn:aws:connect-campaigns:us-east-1:0:campaign/{name}" for name in ("a", "ab", "b"))
TAGS = st.dictionaries(st.sampled_from(["team", "Team", "env"]), st.sampled_from(["", "red", "blue"]), max_size=3)

EFFECTS = st.sampled_from(["Allow", "Deny"])
ACTION_PATTERNS = st.sampled_from(["*", "connect-campaigns:*", "connect-campaigns:Describe*", "s3:*", *ACTIONS])
RESOURCE_PATTERNS = st.sampled_from(["*", "arn:aws:connect-campaigns:*:campaign/a*", "arn:aws:s3:::x", *ARNS])
VALUES = st.lists(st.sampled_from(["red", "r*", "", "team", "*"]), min_size=1, max_size=2)
COMPARISONS = st.sampled_from(
    ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringEqualsIfExists"]
)
TAG_CONDITIONS = st.dictionaries(
    COMPARISONS,
    st.dictionaries(st.sampled_from(["aws:RequestTag/team", "aws:ResourceTag/team"]), VALUES, min_size=1),
    max_size=2,
)
KEY_CONDITIONS = st.dictionaries(
    st.builds("{}:{}".format, st.sampled_from(["ForAllValues", "ForAnyValue"]), COMPARISONS),
    st.fixed_dictionaries({"aws:TagKeys": VALUES}),
    max_size=1,
)


@st.composite
def statements(draw: st.DrawFn, effect: st.SearchStrategy[str] | None = None) -> dict[str, Any]:
    action = draw(st.sampled_from(["Action", "NotAction"]))
    resource = draw(st.sampled_from(["Resource", "NotResource"]))
    return {
        "Effect": draw(EFFECTS if effect is None else effect),
        action: draw(st.lists(ACTION_PATTERNS, min_size=1, max_size=2)),
        resource: draw(st.lists(RESOURCE_PATTERNS, min_size=1, max_size=2)),
        "Condition": draw(st.one_of(st.just({}), TAG_CONDITIONS, KEY_CONDITIONS)),
    }


REQUESTS = st.builds(
    AuthorizationRequest,
    action=st.sampled_from(ACTIONS),
    resources=st.lists(st.sampled_from([*ARNS, "*"]), min_size=1, max_size=3).map(tuple),
    request_tags=TAGS,
    resource_tags=TAGS,
    tag_keys=st.lists(st.sampled_from(["team", "env"]), max_size=2),
)


def decide(given: list[dict[str, Any]], request: AuthorizationRequest) -> Decision:
    return allowed(parse_policy(json.dumps({"Statement": given})), request)


def verdict(given: list[dict[str, Any]], request: AuthorizationRequest) -> tuple[bool, bool]:
    decision = decide(given, request)
    return decision.allowed, decision.explicit_deny


@given(st.lists(statements(), min_size=1, max_size=4), REQUESTS, st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_matter(given: Any, request: AuthorizationRequest, random: Any) -> None:
    shuffled = list(given)
    random.shuffle(shuffled)
    assert verdict(shuffled, request) == verdict(given, request)


@given(st.lists(statements(), min_size=1, max_size=3), statements(st.just("Deny")), REQUESTS)
def test_a_further_deny_never_allows_more(given: Any, deny: Any, request: AuthorizationRequest) -> None:
    before, after = decide(given, request), decide([*given, deny], request)
    assert before.allowed or not after.allowed
    assert after.explicit_deny or not before.explicit_deny


@given(st.lists(statements(), min_size=1, max_size=3), statements(st.just("Deny")), REQUESTS)
def test_what_one_deny_denies_no_allow_brings_back(given: Any, deny: Any, request: AuthorizationRequest) -> None:
    if decide([deny], request).explicit_deny:
        assert verdict([*given, deny], request) == (False, True)


@given(st.lists(statements(st.just("Deny")), min_size=1, max_size=4), REQUESTS)
def test_without_an_allow_nothing_is_allowed(given: Any, request: AuthorizationRequest) -> None:
    assert not decide(given, request).allowed


@given(st.lists(statements(), min_size=1, max_size=3), statements(st.just("Allow")), REQUESTS)
def test_a_further_allow_never_takes_away(given: Any, allow: Any, request: AuthorizationRequest) -> None:
    before = decide(given, request)
    assert decide([*given, allow], request).allowed or not before.allowed


@given(st.lists(statements(), min_size=1, max_size=4), REQUESTS)
def test_one_resource_more_never_allows_more(given: Any, request: AuthorizationRequest) -> None:
    apart = [
        decide(
            given,
            AuthorizationRequest(
                request.action, (resource,), request.request_tags, request.resource_tags, request.tag_keys
            ),
        ).allowed
        for resource in request.resources
    ]
    assert decide(given, request).allowed is all(apart)


@given(st.lists(statements(), min_size=1, max_size=4), REQUESTS, TAGS)
def test_the_short_cuts_are_right(given: Any, request: AuthorizationRequest, other: dict[str, str]) -> None:
    policy = parse_policy(json.dumps({"Statement": given}))
    short = settled(policy, request.action)
    if short is not None:
        changed = AuthorizationRequest(request.action, ("arn:aws:a:b:c:d",), other, other, ())
        assert verdict(given, changed) == (short.allowed, short.explicit_deny)
    if not uses_resource_tags(policy, request.action):
        changed = AuthorizationRequest(request.action, request.resources, request.request_tags, other, request.tag_keys)
        assert decide(given, changed) == decide(given, request)


def slowly(pattern: str, text: str) -> bool:
    """Wildcards by trying everything."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(slowly(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and slowly(pattern[1:], text[1:])


@given(st.text("ab*?.[\n", max_size=8), st.text("ab.[\n", max_size=8))
@example("", "")
@example("*", "")
@example("?*", "")
@example("ab*b", "ab")
@example("*ab*ab", "ab")
@example("a*?b*", "ab")
def test_wildcards_match_as_if_everything_were_tried(pattern: str, text: str) -> None:
    assert wildcard(pattern)(text) is slowly(pattern, text)


def test_no_pattern_is_slow() -> None:
    matches = wildcard("*a" * 100 + "b")
    started = time.process_time()
    assert not matches("a" * 2000)
    assert time.process_time() - started < 0.2
