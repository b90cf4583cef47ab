"""Policy documents that are not: what is said of them, and where the mistake is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trunkcall.aws.iam import MAX_CHARACTERS, InvalidPolicyError, parse_policy
from trunkcall.domain.errors import TrunkcallError

GOOD = {"Effect": "Allow", "Action": "connect-campaigns:*", "Resource": "*"}


def document(*statements: Any, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


def when(condition: Any) -> dict[str, Any]:
    return document({**GOOD, "Condition": condition})


@pytest.mark.parametrize(
    "good",
    [
        document(GOOD),
        document(GOOD, Id="everything"),
        {"Statement": GOOD},
        {"Version": "2008-10-17", "Statement": [GOOD]},
        document({**GOOD, "Sid": ""}, {**GOOD, "Sid": "Two"}, GOOD, GOOD),
        document({**GOOD, "Action": ["s3:Get*", "a4b:X?"], "Resource": ["arn:aws:s3:::bucket/*", "*"]}),
        document({**GOOD, "Resource": "arn:aws:connect-campaigns:*"}),
        when({}),
        when({"StringEquals": {"aws:ResourceTag/a": "b"}, "Null": {"aws:TagKeys": ["true"]}}),
    ],
)
def test_a_good_document_is_read(good: Any) -> None:
    parse_policy(json.dumps(good))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ([], "The policy must be a JSON object."),
        (document(GOOD, Statements=[]), "The policy has Statements, which is no element"),
        ({"version": "2012-10-17", "Statement": GOOD}, "The policy has version, which is no element"),
        ({"Version": "2012-10-18", "Statement": GOOD}, 'Version must be "2012-10-17"'),
        ({"Version": 20121017, "Statement": GOOD}, 'Version must be "2012-10-17"'),
        ({"Version": ["2012-10-17"], "Statement": GOOD}, 'Version must be "2012-10-17"'),
        (document(GOOD, Id=1), "Id must be a string."),
        ({"Version": "2012-10-17"}, "Statement must be one statement or a list"),
        (document(), "Statement must be one statement or a list"),
        ({"Version": "2012-10-17", "Statement": "Allow"}, "Statement must be one statement or a list"),
        (document(GOOD, "Allow"), "Statement[1] must be a JSON object."),
        (document({**GOOD, "Sid": "a b"}), "Statement[0].Sid must be letters and digits"),
        (document({**GOOD, "Sid": "A"}, {**GOOD, "Sid": "A"}), "Statement[1].Sid is A, as another statement's."),
        (document({**GOOD, "Principal": "*"}), "Statement[0] has Principal. Leave it out"),
        (document({**GOOD, "Actions": "*"}), "Statement[0] has Actions, which is no element"),
        (document(without("Effect")), 'Statement[0].Effect must be "Allow" or "Deny", not null.'),
        (document({**GOOD, "Effect": "allow"}), 'Statement[0].Effect must be "Allow" or "Deny", not "allow".'),
        (document({**GOOD, "Effect": ["Allow"]}), 'Statement[0].Effect must be "Allow" or "Deny", not ["Allow"].'),
        (document(without("Action")), "Statement[0] must have either Action or NotAction"),
        (document({**GOOD, "NotAction": "a:B"}), "Statement[0] must have either Action or NotAction"),
        (document({**GOOD, "Action": []}), "Statement[0].Action must be a string or a list of strings"),
        (document({**GOOD, "Action": [1]}), "Statement[0].Action must be a string or a list of strings"),
        (document({**GOOD, "Action": "DescribeCampaign"}), 'Statement[0].Action has "DescribeCampaign". An action is'),
        (document({**GOOD, "Action": "connect-*:X"}), 'Statement[0].Action has "connect-*:X". An action is'),
        (document({**GOOD, "Action": "connect-campaigns:"}), "An action is a service and a name"),
        (document(without("Resource")), "Statement[0] must have either Resource or NotResource"),
        (document({**GOOD, "Resource": "campaign/*"}), 'Statement[0].Resource has "campaign/*". A resource is an ARN'),
        (document({**GOOD, "Resource": "arn:aws:s3"}), "A resource is an ARN"),
        (document({**GOOD, "Resource": "arn:aws:*:${aws:username}"}), "has a policy variable"),
        (when([]), "Statement[0].Condition must be a JSON object."),
        (when({"NumericEquals": {"aws:TagKeys": "1"}}), "has the operator NumericEquals, which Trunkcall does not"),
        (when({"stringEquals": {"aws:TagKeys": "1"}}), "has the operator stringEquals"),
        (when({"ForSomeValues:StringEquals": {}}), "has the operator ForSomeValues:StringEquals"),
        (when({"NullIfExists": {"aws:TagKeys": "true"}}), "has the operator NullIfExists"),
        (when({"ForAllValues:Null": {"aws:TagKeys": "true"}}), "has the operator ForAllValues:Null"),
        (when({":StringEquals": {}}), "has the operator :StringEquals"),
        (when({"StringEquals": {}}), "Statement[0].Condition.StringEquals compares nothing."),
        (when({"StringEquals": "red"}), "Statement[0].Condition.StringEquals must be a JSON object."),
        (when({"StringEquals": {"aws:SourceIp": "1"}}), "StringEquals.aws:SourceIp is no condition key that Trunkcall"),
        (when({"StringEquals": {"aws:ResourceTag/": "1"}}), "is no condition key"),
        (when({"StringEquals": {"aws:ResourceTag/a": []}}), "must be a string or a list of strings, one at least."),
        (when({"StringEquals": {"aws:ResourceTag/a": 1}}), "must be a string or a list of strings, one at least."),
        (when({"StringEquals": {"aws:ResourceTag/a": "${aws:username}"}}), "has a policy variable, ${aws:username}."),
        (when({"StringEquals": {"aws:ResourceTag/${x}": "a"}}), "has a policy variable"),
        (when({"StringEquals": {"aws:TagKeys": "team"}}), "ForAllValues:StringEquals or ForAnyValue:StringEquals."),
        (when({"Null": {"aws:TagKeys": "yes"}}), 'must be "true" (the key is missing) or "false"'),
        (when({"Null": {"aws:TagKeys": []}}), 'must be "true" (the key is missing) or "false"'),
        (when({"Null": {"aws:username": "true"}}), "is no condition key that Trunkcall knows"),
    ],
)
def test_a_mistake_is_named_with_its_place(bad: Any, said: str) -> None:
    with pytest.raises(InvalidPolicyError) as raised:
        parse_policy(json.dumps(bad))
    assert said in raised.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not valid JSON: Expecting value at line 1, column 1."),
        ('{\n "Version" "2012-10-17"}', "at line 2, column 12."),
        ("[" * 5000, "not valid JSON"),
        ('{"Statement": ' + "9" * 5000 + "}", "not valid JSON"),
        ('{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}', "has Effect twice"),
        ('{"Statement": NaN}', "Statement must be one statement"),
    ],
)
def test_what_is_not_json_is_told_apart(text: str, said: str) -> None:
    with pytest.raises(InvalidPolicyError, match=r"^The policy|^Statement") as raised:
        parse_policy(text)
    assert said in raised.value.message


def test_a_document_may_be_as_long_as_a_managed_policy() -> None:
    around = len(json.dumps({"Statement": {**GOOD, "Sid": ""}}, separators=(",", ":")))
    longest = {"Statement": {**GOOD, "Sid": "x" * (MAX_CHARACTERS - around)}}
    parse_policy(json.dumps(longest, indent=8))
    longest["Statement"]["Sid"] += "x"
    with pytest.raises(InvalidPolicyError, match="6,144 characters, white space not counted"):
        parse_policy(json.dumps(longest))
    with pytest.raises(InvalidPolicyError, match="6,144"):
        parse_policy(" " * 200_000 + json.dumps({"Statement": GOOD}))


def test_the_error_reads_as_a_sentence_without_a_message() -> None:
    assert isinstance(InvalidPolicyError(), TrunkcallError)
    assert InvalidPolicyError().message == "This is not an IAM policy document that Trunkcall understands."
