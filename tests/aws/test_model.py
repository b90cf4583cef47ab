"""What is compiled from a service model, and what is refused."""

from __future__ import annotations

import gc
import re
import time
import unicodedata
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ShapeResolver

from aws.support import EVERY_SERVICE, PATTERNS, SERVICES, botocore_model, load
from trunkcall.aws.corrections import PATCHES, PERSONAL
from trunkcall.aws.model import CAMPAIGNS_V1, CAMPAIGNS_V2, compile_pattern, load_service
from trunkcall.aws.shapes import ModelError


def patterned(service: str) -> dict[str, str]:
    """The patterns of all shapes that a request of the service may have, by the shapes' names."""
    found: dict[str, str] = {}
    seen: set[str] = set()

    def look_at(shape: Any) -> None:
        if shape.name in seen:
            return
        seen.add(shape.name)
        if "pattern" in shape.metadata:
            found[shape.name] = shape.metadata["pattern"]
        match shape.type_name:
            case "structure":
                for member in shape.members.values():
                    look_at(member)
            case "list":
                look_at(shape.member)
            case "map":
                look_at(shape.key)
                look_at(shape.value)
            case _:
                pass

    for name in load(service).operations:
        if (shape := botocore_model(service).operation_model(name).input_shape) is not None:
            look_at(shape)
    return found


EVERY_PATTERN = [(service, *pair) for service in EVERY_SERVICE for pair in patterned(service).items()]
# Repetitions of everything that patterns of ARNs, addresses, names and durations repeat.
HOSTILE = [
    *(
        "a",
        "1",
        "+",
        "-",
        "/",
        ":",
        ".",
        "@",
        " ",
        "\\",
        "_a",
        "a/",
        "a:",
        "a.",
        "a@",
        "@a.",
        "a@a.",
        "1D",
        "T1H",
        "aws:",
    ),
    "arn:aws:connect-campaigns:us-east-1:123456789012:a/",
]


def test_both_versions_of_the_campaigns_compile_as_a_whole() -> None:
    assert len(load(CAMPAIGNS_V1).operations) == 22
    assert len(load(CAMPAIGNS_V2).operations) == 37
    assert {load(name).signing_name for name in SERVICES} == {"connect-campaigns"}


def test_an_operation_knows_what_a_server_needs() -> None:
    put = load(CAMPAIGNS_V1).operations["PutDialRequestBatch"]

    assert (put.method, put.uri, put.success_status) == ("PUT", "/campaigns/{id}/dial-requests", 200)
    assert put.python_name == "put_dial_request_batch"
    assert put.sensitive_members == {"phoneNumber", "attributes"}
    assert "InvalidCampaignStateException" in put.declared_errors
    assert put.errors["ServiceQuotaExceededException"].status == 402


def test_part_of_another_service_compiles_by_the_same_machinery() -> None:
    connect = load_service("connect", only=["CreateQueue", "PutUserStatus", "ListQueues", "SearchUsers"])

    assert connect.signing_name == "connect"
    assert set(connect.operations) == {"CreateQueue", "PutUserStatus", "ListQueues", "SearchUsers"}
    assert len(connect.others) + 4 == len(botocore_model("connect").operation_names)


def test_a_server_does_not_keep_the_models_that_it_has_read() -> None:
    """That of the contact centre is megabytes, for as long as the server runs."""

    def models() -> int:
        gc.collect()
        return sum(isinstance(each, ShapeResolver) for each in gc.get_objects())

    before = models()
    service = load_service("connect", only=["CreateUser", "SearchQueues", "TagResource", "DescribeQueue"])

    assert service.operations
    assert models() == before


def test_a_service_of_another_protocol_is_refused() -> None:
    with pytest.raises(ModelError, match="does not speak rest-json"):
        load_service("dynamodb")


def test_an_operation_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ModelError, match="no operation MakeCoffee"):
        load_service(CAMPAIGNS_V1, only=["MakeCoffee"])


def test_a_pattern_that_python_can_not_read_is_refused_at_start() -> None:
    with pytest.raises(ModelError, match="can't be read"):
        compile_pattern(CAMPAIGNS_V1, "Name", r"\p{L}+")


def test_a_patch_is_refused_when_the_model_has_changed() -> None:
    with pytest.raises(ModelError, match="must be reviewed"):
        compile_pattern(CAMPAIGNS_V2, "Arn", "arn:.*")


def test_every_patch_is_still_needed() -> None:
    for service, name in PATCHES:
        assert botocore_model(service).shape_for(name).metadata["pattern"] == PATCHES[service, name].reviewed
    for service, name in PERSONAL:
        as_shipped = Loader().load_service_model(service, "service-2")["shapes"][name]
        assert not as_shipped.get("sensitive"), f"{service} says by itself that {name} is sensitive"


@pytest.mark.parametrize(("service", "name", "pattern"), EVERY_PATTERN)
def test_no_value_can_keep_a_pattern_busy(service: str, name: str, pattern: str) -> None:
    """A pattern is tried with no more than its shape's length; one slow request would stop all others."""
    matches = compile_pattern(service, name, pattern)
    length = botocore_model(service).shape_for(name).metadata.get("max", 20_000)
    starts = ("", PATTERNS[pattern].prefix, PATTERNS[pattern].of_length(30))
    for start in starts:
        for unit in HOSTILE:
            for end in ("", "!", "\n", "é", " "):
                value = (start + unit * (length // len(unit)))[: length - len(end)] + end
                started = time.thread_time()
                matches(value)
                assert time.thread_time() - started < 0.1, f"{unit!r} then {end!r}"


@pytest.mark.parametrize(
    ("key", "strings"),
    [
        (
            (CAMPAIGNS_V2, "Arn"),
            [
                f"arn:a:b:us-east-1:1:{tail}"
                for tail in ("", "a", "a/", "/", "a/b", "a//b", "a:b", "a/b:c", "a:", ":b", "a:b:c", "a\n", "é")
            ],
        ),
        (
            (CAMPAIGNS_V2, "EmailAddress"),
            ["", "a@b", "a@b.c", "x a@b.c y", "@b.c", "a@.c", "a@b.", "a@b.c.d@e.f", "a@@b.c", "a@b..c", "a@b.c\n"],
        ),
    ],
)
def test_a_patch_accepts_the_same_strings(key: tuple[str, str], strings: list[str]) -> None:
    patch = PATCHES[key]
    for string in strings:
        original = re.fullmatch(patch.reviewed, string, re.ASCII)
        assert bool(compile_pattern(*key, patch.reviewed)(string)) == bool(original), string


@pytest.mark.parametrize(
    ("name", "text", "accepted"),
    [
        ("TagKey", "Größe 1", True),
        ("TagKey", "a\u00a0b", True),
        ("TagKey", "数", True),
        ("TagKey", "½", True),
        ("TagKey", "aws:x", False),
        ("TagKey", "a#b", False),
        ("TagKey", "a\tb", False),
        ("CommonHumanReadableName", "Sonn- und Feiertage ½\u2028\t", True),
        ("CommonHumanReadableName", "x" * 128, False),
        ("CommonHumanReadableName", "", False),
        ("CommonHumanReadableName", "a\x00b", False),
        ("CommonHumanReadableName", "a\u200bb", False),
        ("CommonHumanReadableDescription", "x" * 250, True),
        ("CommonHumanReadableDescription", "x" * 251, False),
        ("Password", "Secret-12", True),
        ("Password", "/Secret-12/", True),
        ("Password", "secret-12", False),
        ("Password", "Secret 12", False),
        ("PhoneNumber", "+12025550123", True),
        ("PhoneNumber", "12025550123", False),
        ("PhoneNumber", "\\+12025550123", False),
        ("PhoneNumberPrefix", "+1", True),
        ("PhoneNumberPrefix", "202555", True),
        ("PhoneNumberPrefix", "\\+1", False),
    ],
)
def test_the_contact_centre_takes_what_its_model_means(name: str, text: str, accepted: bool) -> None:
    """The model has patterns that Python can't read, and some that no telephone number and no password could match."""
    pattern = PATCHES["connect", name].reviewed

    assert bool(compile_pattern("connect", name, pattern)(text)) == accepted


def test_a_character_is_other_exactly_where_unicode_says_so() -> None:
    """In the first plane, where names are written."""
    pattern = PATCHES["connect", "CommonHumanReadableName"].reviewed
    matches = compile_pattern("connect", "CommonHumanReadableName", pattern)

    wrong = [
        point
        for point in range(0x10000)
        if bool(matches(chr(point))) != (unicodedata.category(chr(point))[0] != "C" or chr(point) in "\r\n\t")
    ]
    assert wrong == []
