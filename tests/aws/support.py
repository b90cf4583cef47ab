"""Compiled services, requests as botocore makes them, and values that fit a shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, create_request_object, prepare_request_dict
from botocore.credentials import Credentials
from botocore.serialize import create_serializer
from hypothesis import strategies as st

from aws.centre import TABLE
from trunkcall.aws.model import CAMPAIGNS_V1, CAMPAIGNS_V2, CONNECT, Operation, Service, load_service, service_model
from trunkcall.aws.protocol import HttpRequest, fold_headers, parse_request
from trunkcall.domain.instants import from_datetime

ACCESS_KEY_ID = "AKIDTRUNKCALL"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"
SIGNING_NAME = "connect-campaigns"
SERVICES = (CAMPAIGNS_V1, CAMPAIGNS_V2)
EVERY_SERVICE = (*SERVICES, CONNECT)
MOMENT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)

botocore_model = cache(service_model)


@cache
def load(name: str = CAMPAIGNS_V1) -> Service:
    """The service; of the contact centre, the operations that are offered."""
    return load_service(name, only=TABLE if name == CONNECT else None)


@dataclass(frozen=True, slots=True)
class PatternExample:
    """Strings for a pattern: prefix, any number of ``fill``, suffix match it; ``broken`` does not. It is None if
    everything does."""

    prefix: str
    fill: str
    suffix: str
    broken: str | None

    def of_length(self, length: int) -> str:
        return f"{self.prefix}{self.fill * (length - len(self.prefix) - len(self.suffix))}{self.suffix}"


# A pattern that is new to a model has no row here and fails the tests: somebody must look at it.
PATTERNS: Mapping[str, PatternExample] = {
    "arn:.*": PatternExample("arn:", "a", "", "urn:aws:connect-campaigns"),
    r"[\S]*": PatternExample("", "a", "", "a b"),
    r"[a-zA-Z0-9_\-.]*": PatternExample("", "a", "", "a/b"),
    r"[\d\-+]*": PatternExample("+", "1", "", "+1\u0663"),
    r"[a-zA-Z0-9\-_]+": PatternExample("", "k", "", "k.k"),
    ".*": PatternExample("", "v", "", "two\nlines"),
    "(?!aws:)[a-zA-Z+-=._:/]+": PatternExample("", "t", "", "aws:t"),
    (
        r"arn:[a-zA-Z0-9-]+:[a-zA-Z0-9-]+:[a-z]{2}-[a-z]+-\d{1,2}:[a-zA-Z0-9-]+:"
        r"[^:]+(?:/[^:]+)*(?:/[^:]+)?(?:\:[^:]+)?"
    ): PatternExample("arn:a:b:us-east-1:1:", "c", "", "arn:a:b:us-east-1:1:c:d:e"),
    "[-:/a-zA-Z0-9]+": PatternExample("", "a", "", "a_b"),
    r"[-_.a-zA-Z0-9]+": PatternExample("", "a", "", "a/b"),
    r".*[^\s@]+@[^\s@]+\.[^\s@]+.*": PatternExample("a@b.", "c", "", "a@b"),
    "PT([1-9]|1[0-9]|2[0-4])H": PatternExample("PT2", "4", "H", "PT25H"),
    r"\d{4}-\d{2}-\d{2}": PatternExample("2030-01-02", "", "", "2030-1-2"),
    (
        "P(?:([-+]?[0-9]+)D)?(T(?:([-+]?[0-9]+)H)?(?:([-+]?[0-9]+)M)?(?:([-+]?[0-9]+)(?:[.,]([0-9]{0,9}))?S)?)?"
    ): PatternExample("P1", "0", "D", "1D"),
    r"T\d{2}:\d{2}": PatternExample("T09:30", "", "", "9:30"),
    (
        r"arn:aws[a-zA-Z-]*:lambda:[a-z]{2}(-gov)?-[a-z]+-\d:\d{12}:function:([a-zA-Z0-9-_]+)(:([a-zA-Z0-9-_]+))?"
    ): PatternExample("arn:aws:lambda:us-east-1:123456789012:function:", "f", "", "arn:aws:lambda:us-east-1:1:f"),
    "[a-f0-9]{32}": PatternExample("0" * 32, "", "", "0" * 31),
    r"[a-zA-Z0-9_\-/]*": PatternExample("", "z", "", "z z"),
    # Of the contact centre.
    r"^(?!d-)([\da-zA-Z]+)([-]*[\da-zA-Z])*$": PatternExample("", "a", "", "d-a"),
    "^d-[0-9a-f]{10}$": PatternExample("d-0123456789", "", "", "d-012345678g"),
    r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$": PatternExample("", "ö", "", "aws:t"),
    r"^(?!aws:)[a-zA-Z+-=._:/]+$": PatternExample("", "t", "", "aws:t"),
    "^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$": PatternExample(
        "00000000-0000-4000-8000-000000000000", "", "", "0"
    ),
    r"^[\P{C}\r\n\t]{1,127}$": PatternExample("", "ö", "", "a\x00"),
    r"^[\P{C}\r\n\t]{1,250}$": PatternExample("", "ö", "", "a\x00"),
    r"^\d{4}-\d{2}-\d{2}$": PatternExample("2030-01-02", "", "", "2030-1-2"),
    r"\\+?[0-9]{1,11}": PatternExample("+12025550", "", "", "1-2"),
    r"\\+[1-9]\\d{1,14}$": PatternExample("+12025550100", "", "", "12025550100"),
    r"\+[1-9]\d{1,14}$": PatternExample("+12025550100", "", "", "12025550100"),
    "^[a-zA-Z0-9]{64}$": PatternExample("0" * 64, "", "", "-" * 64),
    "[a-z]{2}(-[a-z]+){1,2}(-[0-9])?": PatternExample("us-eas", "t", "-1", "US-EAST-1"),
    r"^[\W\S_]*": PatternExample("", "d", "", None),
    r"s3://\S+/.+|https://\\S+\\.s3\\.\\S+\\.amazonaws\\.com/\\S+": PatternExample("s3://b/", "k", "", "b/k"),
    r"/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64}$/": PatternExample("Secret-1", "x", "", "secret-1"),
}


def operations(service: str = CAMPAIGNS_V1) -> list[str]:
    return sorted(load(service).operations)


EVERY_OPERATION = [(service, name) for service in EVERY_SERVICE for name in operations(service)]


def operation(name: str, service: str = CAMPAIGNS_V1) -> Operation:
    compiled: Service = load(service)
    return compiled.operations[name]


def input_shape(name: str, service: str = CAMPAIGNS_V1) -> Any:
    return botocore_model(service).operation_model(name).input_shape


def decode(name: str, labels: Mapping[str, str], body: bytes, query: bytes = b"") -> dict[str, Any]:
    return parse_request(operation(name), labels, HttpRequest("POST", b"/", query, {}, body))


def serialize(service: str, name: str, params: Mapping[str, Any]) -> Any:
    """The request that botocore would send, not signed, without its checks of the parameters."""
    model = botocore_model(service).operation_model(name)
    serialized = create_serializer("rest-json", include_validation=False).serialize_to_request(params, model)
    prepare_request_dict(serialized, endpoint_url="http://localhost:4510", context={"timestamp": ""})
    return create_request_object(serialized)


def sign(request: Any, secret: str = SECRET, region: str = REGION, service: str = SIGNING_NAME) -> AWSPreparedRequest:
    SigV4Auth(Credentials(ACCESS_KEY_ID, secret), service, region).add_auth(request)
    return request.prepare()


def raw_headers(prepared: AWSPreparedRequest) -> list[tuple[bytes, bytes]]:
    """Its headers as a server would see them."""
    pairs = [(name.lower(), value) for name, value in prepared.headers.items()]
    headers = [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in pairs]
    return [(b"host", urlsplit(prepared.url).netloc.encode()), *headers]


def received(prepared: AWSPreparedRequest) -> HttpRequest:
    """The request as the wire layer gets it."""
    url = urlsplit(prepared.url)
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    return HttpRequest(
        prepared.method, url.path.encode(), url.query.encode(), fold_headers(raw_headers(prepared)), body
    )


def expected(value: Any) -> Any:
    """What the handler gets for what the caller of boto3 gave: instants in place of datetimes."""
    match value:
        case datetime():
            return from_datetime(value)
        case dict():
            return {key: expected(item) for key, item in value.items() if item is not None}
        case list():
            return [expected(item) for item in value]
        case _:
            return value


def members_within(shape: Any, around: tuple[str, ...]) -> dict[str, Any]:
    """The members of a structure, without those that hold another of it or of what is ``around`` it: conditions of a
    search hold conditions."""
    return {name: member for name, member in shape.members.items() if _held(member).name not in (*around, shape.name)}


def _held(shape: Any) -> Any:
    """What a list or a map is of, else the shape itself."""
    match shape.type_name:
        case "list":
            return shape.member
        case "map":
            return shape.value
        case _:
            return shape


def values(shape: Any, *, outside: str | None = None, around: tuple[str, ...] = ()) -> st.SearchStrategy[Any]:
    """Values that fit the shape, as the caller of boto3 gives them."""
    metadata = shape.metadata
    inside = (*around, shape.name)
    match shape.type_name:
        case "structure" if getattr(shape, "is_tagged_union", False):
            return st.one_of(
                *(st.fixed_dictionaries({name: values(m, around=inside)}) for name, m in shape.members.items())
            )
        case "structure":
            members = {
                name: values(member, outside=member.serialization.get("location"), around=inside)
                for name, member in members_within(shape, around).items()
            }
            required = {name: strategy for name, strategy in members.items() if name in shape.required_members}
            optional = {name: strategy for name, strategy in members.items() if name not in required}
            return st.fixed_dictionaries(required, optional=optional)
        case "list":
            most = min(metadata.get("max", 4), 4)
            # No parameter in the query can't be told from an empty list, and counts as absent.
            least = max(metadata.get("min", 0), outside == "querystring")
            return st.lists(values(shape.member, around=inside), min_size=least, max_size=most)
        case "map":
            return st.dictionaries(
                values(shape.key), values(shape.value, around=inside), min_size=metadata.get("min", 0), max_size=4
            )
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(metadata.get("min", -(2**31)), metadata.get("max", 2**31 - 1))
        case "long":
            return st.integers(metadata.get("min", -(2**63)), metadata.get("max", 2**63 - 1))
        case "double" | "float":
            return st.floats(metadata.get("min", 0), metadata.get("max", 1e9), allow_nan=False)
        case "timestamp" if shape.serialization.get("timestampFormat") is None:
            # Seconds as a number, which for a far year has no room for microseconds.
            milliseconds = st.integers(0, 4_000_000_000_000)
            return milliseconds.map(lambda number: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=number))
        case "timestamp":
            return st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
        case _:
            return _strings(shape, in_path=outside == "uri")


def _strings(shape: Any, *, in_path: bool) -> st.SearchStrategy[str]:
    if shape.enum:
        return st.sampled_from(shape.enum)
    least, most = shape.metadata.get("min", 0), min(shape.metadata.get("max", 60), 60)
    pattern = shape.metadata.get("pattern")
    if pattern is None:
        # Nothing can be sent for an empty label of a path, and a path of dots is another one.
        text = st.text(st.characters(exclude_categories=["Cs"]), min_size=max(least, in_path), max_size=most)
        return text.filter(lambda value: value not in {".", ".."}) if in_path else text
    if pattern == r"[\S]*":
        text = st.text(
            st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=1 if in_path else least, max_size=most
        )
        return text.filter(lambda value: value not in {".", ".."})
    if pattern == ".*":
        return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=most)
    example = PATTERNS[pattern]
    shortest = max(least, len(example.prefix) + len(example.suffix) + bool(example.fill), int(in_path))
    return st.integers(shortest, max(shortest, most)).map(example.of_length)
