"""rest-json: requests into input values, results and errors into responses.

Decides how bytes become an operation's input and how its outcome becomes bytes. It must not know which server carries
them, who calls, or what an operation does.

Choices: an empty body is `{}`, any other must be a JSON object, also where an operation has no use for it; an empty
path label is absent; of a repeated JSON key the last counts, as with AWS's parsers; of a repeated query parameter that
is no list, the first. What a request says of media types is looked at by who is strict alone, as are unions and nulls
where Smithy's tests of restJson1 ask for more than AWS's services do.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import msgspec

from trunkcall.aws.errors import COMMON_STATUSES, ApiError, code_in_model, serialization_error
from trunkcall.aws.model import Operation
from trunkcall.aws.router import decode_escapes
from trunkcall.aws.values import Violations

_decode_json = msgspec.json.Decoder().decode
_encode_json = msgspec.json.Encoder().encode
_JSON = ("content-type", "application/json")
_JSON_HEADERS = (_JSON,)
_KINDS = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it was sent. ``raw_path`` and ``raw_query`` are still percent-encoded; ``headers`` are by lower-case
    name, in latin-1, repeated ones joined with a comma, white space folded."""

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What is to be sent. ``headers`` hold neither length nor request id, which the server adds."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Who asks for what.

    ``request_id`` is the x-amzn-RequestId of the answer; ``source_address`` the client's IP address, None if the server
    does not know it; ``labels`` the decoded labels of the path. What a handler puts into ``response_headers`` is sent
    with the answer. ``subjects`` are what the audit log names beside the labels.
    """

    request_id: str
    access_key_id: str
    source_address: str | None
    operation: Operation
    labels: Mapping[str, str]
    response_headers: dict[str, str] = field(default_factory=dict)
    subjects: list[str] = field(default_factory=list)


def fold_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header pairs as a server gives them, in the form that ``HttpRequest`` has them."""
    folded: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), " ".join(raw_value.decode("latin-1").split())
        folded[name] = f"{folded[name]},{value}" if name in folded else value
    return folded


def parse_query(raw_query: bytes) -> dict[str, list[str]]:
    """Values by name, in their order. Raises SerializationException."""
    values: dict[str, list[str]] = {}
    for pair in raw_query.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            values.setdefault(decode_escapes(name), []).append(decode_escapes(value))
    return values


def parse_request(
    operation: Operation, labels: Mapping[str, str], request: HttpRequest, *, strict: bool = False
) -> dict[str, Any]:
    """The operation's input, checked against the model, keyed by its member names; instants in microseconds.

    Raises SerializationException for what can't be read, ValidationException that names every broken constraint. With
    ``strict``, UnsupportedMediaTypeException for a body that is not said to be JSON, and NotAcceptableException for who
    will not take JSON.
    """
    if strict:
        _check_media_types(request)
    violations = Violations(strict=strict)
    values = _parse_body(request.body)
    if operation.located:
        _add_located(values, operation, labels, request)
    try:
        result: dict[str, Any] = operation.decode(values, None, violations)
    except RecursionError:
        raise serialization_error("The request body is nested too deeply.") from None
    violations.raise_any()
    return result


@dataclass(frozen=True, slots=True)
class Encoded:
    """A result that was encoded before, by ``encode_result``."""

    body: bytes


Json: TypeAlias = Mapping[str, Any]
"""Values by the model's member names."""
Handler: TypeAlias = Callable[[RequestContext, dict[str, Any]], Awaitable[Json | Encoded | None]]
"""One operation: the decoded input in, the result by the model's member names out. Raises ApiError or domain errors."""


def encode_result(operation: Operation, result: Mapping[str, Any]) -> Encoded:
    """Encode a result to be sent more than once."""
    assert operation.encode is not None
    return Encoded(_encode_json(operation.encode(result)))


def success_response(operation: Operation, result: Mapping[str, Any] | Encoded | None) -> HttpResponse:
    """The answer to a request that succeeded. ``result`` is keyed by the model's member names; what the model lacks is
    not sent, None is absent.

    Raises KeyError when a member that the model requires is missing: a fault of the handler. An operation without an
    output answers an empty body.
    """
    if isinstance(result, Encoded):
        return HttpResponse(operation.success_status, _JSON_HEADERS, result.body)
    if operation.encode is None:
        return HttpResponse(operation.success_status, (), b"")
    return HttpResponse(operation.success_status, _JSON_HEADERS, _encode_json(operation.encode(result or {})))


def error_response(operation: Operation | None, error: ApiError) -> HttpResponse:
    """The answer to a request that failed; ``operation`` is None when it is not known.

    The code goes out in the header alone: every SDK reads it there first. The body holds modelled members only.
    """
    code, shape = error.code, None
    if operation is not None:
        code = code_in_model(code, declared=operation.declared_errors, known=operation.errors)
        shape = operation.errors.get(code)
    body: dict[str, object] = {"message": error.message}
    if shape is not None:
        body = {name: value for name, value in error.members.items() if name in shape.members}
        # `connect` calls it Message in most of its errors.
        body["Message" if "Message" in shape.members else "message"] = error.message
    status = error.status or (shape.status if shape is not None else COMMON_STATUSES.get(code, 400))
    headers: tuple[tuple[str, str], ...] = (_JSON, ("x-amzn-errortype", code))
    if error.retry_after_s is not None:
        headers += (("retry-after", str(error.retry_after_s)),)
    return HttpResponse(status, headers, _encode_json(body))


def _check_media_types(request: HttpRequest) -> None:
    if request.body and _media_type(request.headers.get("content-type", "")) != _JSON[1]:
        raise ApiError("UnsupportedMediaTypeException", f"The Content-Type of a request body must be {_JSON[1]}.")
    accepted = request.headers.get("accept")
    if accepted and not any(_takes_json(each) for each in accepted.split(",")):
        raise ApiError(
            "NotAcceptableException", f"Answers are {_JSON[1]}, which the Accept header does not let through."
        )


def _media_type(text: str) -> str:
    """Without its parameters."""
    return text.partition(";")[0].strip().lower()


def _takes_json(accepted: str) -> bool:
    parameters = accepted.lower().replace(" ", "").split(";")[1:]
    refused = any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters)
    return _media_type(accepted) in ("*/*", "application/*", _JSON[1]) and not refused


def _parse_body(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        value = _decode_json(body)
    except RecursionError:
        raise serialization_error("The request body is nested too deeply.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        # What msgspec says names positions and what it expected, never a value.
        raise serialization_error(f"The request body is not valid JSON: {error}") from None
    if value.__class__ is not dict:
        raise serialization_error(f"The request body must be a JSON object, not {_KINDS[value.__class__]}.")
    return cast("dict[str, Any]", value)


def _add_located(values: dict[str, Any], operation: Operation, labels: Mapping[str, str], request: HttpRequest) -> None:
    """Put the members that stand outside of the body in, in place of anything the body may have under their names."""
    query = parse_query(request.raw_query) if request.raw_query else {}
    for member in operation.located:
        path = (None, member.name)
        values.pop(member.name, None)
        match member.source:
            case "uri":
                texts = [labels[member.wire_name]] if labels[member.wire_name] else []
            case "querystring":
                texts = query.get(member.wire_name, [])
            case _:
                texts = [request.headers[member.wire_name]] if member.wire_name in request.headers else []
        if not texts:
            continue
        read = member.read
        read_values = texts if read is None else [read(text, path) for text in texts]
        values[member.name] = read_values if member.many else read_values[0]
