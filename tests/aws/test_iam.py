"""Policies and what they allow, statement by statement, as the IAM user guide has it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trunkcall.aws.iam import (
    ALL_ACTIONS_POLICY,
    AuthorizationRequest,
    allowed,
    allows_any,
    parse_policy,
    settled,
    summary,
    uses_resource_tags,
)

PREFIX = "arn:aws:connect-campaigns:us-east-1:000000000000:campaign/"
SPRING = PREFIX + "spring"
AUTUMN = PREFIX + "autumn"

ALLOW, DENY, SILENT = "allowed", "explicitly denied", "not allowed"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(action: Any = "connect-campaigns:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "connect-campaigns:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return statement(action, resource, **more) | {"Effect": "Deny"}


def answer(document: str, action: str = "DescribeCampaign", *resources: str, **tags: Any) -> str:
    request = AuthorizationRequest(f"connect-campaigns:{action}", resources or (SPRING,), **tags)
    decision = allowed(parse_policy(document), request)
    assert not (decision.allowed and decision.explicit_deny)
    return ALLOW if decision.allowed else DENY if decision.explicit_deny else SILENT


class TestActions:
    @pytest.mark.parametrize(
        ("given", "action", "expected"),
        [
            ("connect-campaigns:DescribeCampaign", "DescribeCampaign", ALLOW),
            ("connect-campaigns:DescribeCampaign", "DeleteCampaign", SILENT),
            ("connect-campaigns:DescribeCampaign", "DescribeCampaigns", SILENT),
            ("connect-campaigns:describecampaign", "DescribeCampaign", ALLOW),
            ("CONNECT-CAMPAIGNS:DescribeCampaign", "DescribeCampaign", ALLOW),
            ("connect-campaigns:*", "DescribeCampaign", ALLOW),
            ("connect-campaigns:*Campaign", "DescribeCampaign", ALLOW),
            ("connect-campaigns:*Campaign", "GetCampaignState", SILENT),
            ("connect-campaigns:Get*State*", "GetCampaignStateBatch", ALLOW),
            ("connect-campaigns:St?rtCampaign", "StartCampaign", ALLOW),
            ("connect-campaigns:Sto?Campaign", "StopCampaign", ALLOW),
            ("connect-campaigns:Stop?Campaign", "StopCampaign", SILENT),
            ("*", "DescribeCampaign", ALLOW),
            ("*:*", "DescribeCampaign", ALLOW),
            ("connect:*", "DescribeCampaign", SILENT),
            ("s3:GetObject", "DescribeCampaign", SILENT),
            (["s3:*", "connect-campaigns:Describe*"], "DescribeCampaign", ALLOW),
        ],
    )
    def test_a_pattern_allows_the_actions_that_it_means(self, given: Any, action: str, expected: str) -> None:
        assert answer(policy(statement(given)), action) == expected

    def test_not_action_means_every_other(self) -> None:
        document = policy({"Effect": "Allow", "NotAction": ["connect-campaigns:Delete*"], "Resource": "*"})
        assert answer(document, "StartCampaign") == ALLOW
        assert answer(document, "DeleteCampaign") == SILENT

    def test_deny_with_not_action_leaves_nothing_else(self) -> None:
        document = policy(statement(), {"Effect": "Deny", "NotAction": "connect-campaigns:Get*", "Resource": "*"})
        assert answer(document, "GetCampaignState") == ALLOW
        assert answer(document, "StartCampaign") == DENY


class TestResources:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("*", ALLOW),
            (SPRING, ALLOW),
            (AUTUMN, SILENT),
            (PREFIX + "SPRING", SILENT),
            (PREFIX + "*", ALLOW),
            (PREFIX + "spr?ng", ALLOW),
            (PREFIX + "S*", SILENT),
            ("arn:aws:connect-campaigns:*:*:campaign/*", ALLOW),
            ("arn:aws:connect-campaigns:eu-*:*:campaign/*", SILENT),
            ("arn:aws:connect-campaigns:*", ALLOW),
            ("arn:aws:connect-campaigns:*:111111111111:*", SILENT),
            ("arn:aws:connect:us-east-1:000000000000:instance/*", SILENT),
            ([AUTUMN, SPRING], ALLOW),
        ],
    )
    def test_a_pattern_covers_the_resources_that_it_means(self, given: Any, expected: str) -> None:
        assert answer(policy(statement(resource=given))) == expected

    def test_not_resource_means_every_other(self) -> None:
        document = policy({"Effect": "Allow", "Action": "*", "NotResource": AUTUMN})
        assert answer(document, "StopCampaign", SPRING) == ALLOW
        assert answer(document, "StopCampaign", AUTUMN) == SILENT

    def test_an_operation_without_a_resource_needs_the_star(self) -> None:
        assert answer(policy(statement(resource=PREFIX + "*")), "ListCampaigns", "*") == SILENT
        assert answer(policy(statement()), "ListCampaigns", "*") == ALLOW

    def test_every_resource_must_be_allowed(self) -> None:
        document = policy(statement(resource=SPRING))
        assert answer(document, "GetCampaignStateBatch", SPRING, SPRING) == ALLOW
        assert answer(document, "GetCampaignStateBatch", SPRING, AUTUMN) == SILENT
        both = policy(statement(resource=SPRING), statement(resource=AUTUMN))
        assert answer(both, "GetCampaignStateBatch", SPRING, AUTUMN) == ALLOW

    def test_the_answer_names_the_resource_that_it_is_for(self) -> None:
        request = AuthorizationRequest("connect-campaigns:GetCampaignStateBatch", (SPRING, AUTUMN))
        assert allowed(parse_policy(policy(statement(resource=SPRING))), request).resource == AUTUMN
        assert allowed(parse_policy(policy(statement(), deny(resource=AUTUMN))), request).resource == AUTUMN

    def test_no_resource_is_the_star_and_not_nothing(self) -> None:
        request = AuthorizationRequest("connect-campaigns:ListCampaigns", ())
        assert not allowed(parse_policy(policy(statement(resource=SPRING))), request).allowed


class TestDeny:
    def test_nothing_is_allowed_that_nothing_allows(self) -> None:
        assert answer(policy(statement("connect:*"))) == SILENT

    @pytest.mark.parametrize("reverse", [False, True])
    def test_an_explicit_deny_wins_whatever_the_order(self, reverse: bool) -> None:
        statements = [statement(), deny("connect-campaigns:Delete*")]
        document = policy(*(reversed(statements) if reverse else statements))
        assert answer(document, "DeleteCampaign") == DENY
        assert answer(document, "StopCampaign") == ALLOW

    def test_a_deny_bites_only_where_its_conditions_hold(self) -> None:
        document = policy(statement(), deny(Condition={"StringEquals": {"aws:ResourceTag/team": "red"}}))
        assert answer(document, resource_tags={"team": "red"}) == DENY
        assert answer(document, resource_tags={"team": "blue"}) == ALLOW
        assert answer(document) == ALLOW


RED, BLUE, BARE = {"team": "red"}, {"team": "blue"}, dict[str, str]()


class TestConditions:
    @pytest.mark.parametrize(
        ("operator", "value", "red", "blue", "missing"),
        [
            ("StringEquals", "red", True, False, False),
            ("StringEquals", ["red", "blue"], True, True, False),
            ("StringEquals", "r*", False, False, False),
            ("StringEquals", "RED", False, False, False),
            ("StringNotEquals", "red", False, True, True),
            ("StringNotEquals", ["red", "blue"], False, False, True),
            ("StringEqualsIgnoreCase", "RED", True, False, False),
            ("StringNotEqualsIgnoreCase", "RED", False, True, True),
            ("StringLike", "r?d", True, False, False),
            ("StringLike", ["*e*"], True, True, False),
            ("StringLike", "R*", False, False, False),
            ("StringLike", "*", True, True, False),
            ("StringNotLike", "r*", False, True, True),
            ("StringEqualsIfExists", "red", True, False, True),
            ("StringNotEqualsIfExists", "red", False, True, True),
            ("StringLikeIfExists", "r*", True, False, True),
            ("StringNotLikeIfExists", "r*", False, True, True),
            ("StringEqualsIgnoreCaseIfExists", "RED", True, False, True),
            ("Null", "true", False, False, True),
            ("Null", "false", True, True, False),
            ("Null", False, True, True, False),
            ("Null", ["true", "false"], True, True, True),
        ],
    )
    @pytest.mark.parametrize("of", ["RequestTag", "ResourceTag"])
    def test_a_tag_is_compared(self, of: str, operator: str, value: Any, red: bool, blue: bool, missing: bool) -> None:
        document = policy(statement(Condition={operator: {f"aws:{of}/team": value}}))
        answers = [
            (answer(document, request_tags=tags) if of == "RequestTag" else answer(document, resource_tags=tags))
            for tags in (RED, BLUE, BARE)
        ]
        assert [each == ALLOW for each in answers] == [red, blue, missing]

    @pytest.mark.parametrize(
        ("operator", "one", "both", "other", "mixed", "none"),
        [
            # The policy names owner and team; the request brings …
            ("ForAllValues:StringEquals", True, True, False, False, True),
            ("ForAnyValue:StringEquals", True, True, False, True, False),
            ("ForAllValues:StringNotEquals", False, False, True, False, True),
            ("ForAnyValue:StringNotEquals", False, False, True, True, False),
            ("ForAllValues:StringLike", True, True, False, False, True),
            ("ForAllValues:StringEqualsIfExists", True, True, False, False, True),
            ("ForAnyValue:StringEqualsIfExists", True, True, False, True, False),
        ],
    )
    def test_tag_keys_are_compared_as_a_set(
        self, operator: str, one: bool, both: bool, other: bool, mixed: bool, none: bool
    ) -> None:
        document = policy(statement(Condition={operator: {"aws:TagKeys": ["owner", "team"]}}))
        brought = [("team",), ("owner", "team"), ("cost",), ("team", "cost"), ()]
        assert [answer(document, tag_keys=keys) == ALLOW for keys in brought] == [one, both, other, mixed, none]

    def test_null_tells_whether_a_request_brings_tags_at_all(self) -> None:
        """What the guide advises beside ForAllValues."""
        document = policy(
            statement(
                Condition={"ForAllValues:StringEquals": {"aws:TagKeys": "team"}, "Null": {"aws:TagKeys": "false"}}
            )
        )
        assert answer(document, tag_keys=("team",)) == ALLOW
        assert answer(document, tag_keys=()) == SILENT

    def test_all_operators_and_all_keys_must_hold(self) -> None:
        document = policy(
            statement(
                Condition={
                    "StringEquals": {"aws:ResourceTag/team": "red", "aws:ResourceTag/env": "prod"},
                    "StringNotEquals": {"aws:RequestTag/team": "blue"},
                }
            )
        )
        both = {"team": "red", "env": "prod"}
        assert answer(document, resource_tags=both) == ALLOW
        assert answer(document, resource_tags=RED) == SILENT
        assert answer(document, resource_tags=both, request_tags=BLUE) == SILENT

    def test_an_empty_value_is_a_value(self) -> None:
        document = policy(statement(Condition={"Null": {"aws:ResourceTag/team": "false"}}))
        assert answer(document, resource_tags={"team": ""}) == ALLOW

    @pytest.mark.parametrize("key", ["aws:ResourceTag/Team", "AWS:RESOURCETAG/team", "aws:resourcetag/TEAM"])
    def test_the_case_of_a_key_does_not_matter(self, key: str) -> None:
        assert answer(policy(statement(Condition={"StringEquals": {key: "red"}})), resource_tags=RED) == ALLOW

    def test_of_tags_that_differ_in_case_alone_the_exact_one_counts(self) -> None:
        document = policy(deny(Condition={"StringEquals": {"aws:ResourceTag/team": "red"}}), statement())
        assert answer(document, resource_tags={"Team": "blue", "team": "red"}) == DENY
        assert answer(document, resource_tags={"TEAM": "red", "Team": "blue"}) == DENY

    def test_a_tag_key_may_hold_slashes_and_colons(self) -> None:
        document = policy(statement(Condition={"StringEquals": {"aws:ResourceTag/a/b:c": "red"}}))
        assert answer(document, resource_tags={"a/b:c": "red"}) == ALLOW


class TestSamplesOfTheDocumentation:
    """The sample policies of the Amazon Connect administrator guide for outbound campaigns."""

    READ_ONLY = policy(
        statement(
            [
                "connect-campaigns:DescribeCampaign",
                "connect-campaigns:GetCampaignState",
                "connect-campaigns:GetCampaignStateBatch",
                "connect-campaigns:ListCampaigns",
            ],
            Sid="AllowConnectCampaignsReadOnlyOperations",
        )
    )
    INSTANCE = "arn:aws:connect:us-east-1:000000000000:instance/1"

    def test_read_only_reads_and_does_not_write(self) -> None:
        assert answer(self.READ_ONLY, "ListCampaigns", "*") == ALLOW
        assert answer(self.READ_ONLY, "DescribeCampaign") == ALLOW
        for action in ("CreateCampaign", "StartCampaign", "PutDialRequestBatch", "TagResource"):
            assert answer(self.READ_ONLY, action) == SILENT

    def test_by_the_owner_tag(self) -> None:
        document = policy(
            statement(
                ["connect-campaigns:DescribeCampaign", "connect-campaigns:GetCampaignState"],
                Condition={"StringEquals": {"aws:ResourceTag/owner": self.INSTANCE}},
            )
        )
        assert answer(document, resource_tags={"owner": self.INSTANCE}) == ALLOW
        assert answer(document, resource_tags={"owner": "another"}) == SILENT

    def test_actions_that_no_longer_exist_do_no_harm(self) -> None:
        assert answer(policy(statement(["connect-campaigns:UpdateDialerConfig", "connect-campaigns:Get*"]))) == SILENT


class TestShortCuts:
    def test_the_policy_of_the_first_key_is_settled_for_every_action(self) -> None:
        decision = settled(parse_policy(ALL_ACTIONS_POLICY), "connect-campaigns:PutDialRequestBatch")
        assert decision is not None
        assert decision.allowed

    def test_what_depends_on_the_request_is_not_settled(self) -> None:
        action = "connect-campaigns:DeleteCampaign"
        conditional = statement(Condition={"Null": {"aws:RequestTag/x": "true"}})
        for document in (
            policy(statement(resource=SPRING)),
            policy(conditional),
            policy(statement(), deny(resource=SPRING)),
            policy(statement(), deny(Condition={"Null": {"aws:RequestTag/x": "false"}})),
        ):
            assert settled(parse_policy(document), action) is None

    def test_tags_of_the_resource_are_asked_for_only_where_they_count(self) -> None:
        tagged = deny("connect-campaigns:Delete*", Condition={"StringEquals": {"aws:ResourceTag/team": "red"}})
        compiled = parse_policy(policy(statement(), tagged))
        assert uses_resource_tags(compiled, "connect-campaigns:DeleteCampaign")
        assert not uses_resource_tags(compiled, "connect-campaigns:StopCampaign")
        always = parse_policy(policy(tagged, deny()))
        assert not uses_resource_tags(always, "connect-campaigns:DeleteCampaign")

    def test_a_policy_is_read_once(self) -> None:
        assert parse_policy(ALL_ACTIONS_POLICY) is parse_policy(str(ALL_ACTIONS_POLICY))


def test_a_summary_says_what_a_policy_does() -> None:
    assert summary(parse_policy(ALL_ACTIONS_POLICY)) == "Allow connect-campaigns:*, connect:* on *"
    document = policy(
        statement(["a:A", "a:B", "a:C", "a:D"], SPRING, Condition={"Null": {"aws:TagKeys": "true"}}),
        {"Effect": "Deny", "NotAction": "a:A", "NotResource": [SPRING, AUTUMN]},
    )
    assert summary(parse_policy(document)) == (
        f"Allow a:A, a:B and 2 more on {SPRING} under conditions; Deny all but a:A on all but {SPRING}, {AUTUMN}"
    )


@pytest.mark.parametrize(
    ("document", "of_use"),
    [
        (policy(statement("s3:*")), False),
        (policy(deny()), False),
        (policy(statement(["s3:*", "connect-campaigns:Get*"]), deny()), True),
        (policy({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}), True),
        (ALL_ACTIONS_POLICY, True),
    ],
)
def test_a_policy_that_allows_nothing_of_ours_can_be_told(document: str, of_use: bool) -> None:
    assert allows_any(parse_policy(document), ["connect-campaigns:GetCampaignState"]) is of_use
