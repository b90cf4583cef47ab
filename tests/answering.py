"""What holds for every answer to a request that was drawn by chance: its client understands it, and it tells nobody's
personal data."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError
from botocore.parsers import RestJSONParser
from botocore.validate import ParamValidator

from generating import CONFIDENTIAL
from wire import Heard

COMMON = {
    "AccessDeniedException": 403,
    "IncompleteSignatureException": 400,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "RequestEntityTooLargeException": 413,
    "SerializationException": 400,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
}
"""What any operation may answer without its model saying so, as any service of AWS may."""


def check_answer(operation: Any, heard: Heard, *, tells_personal_data: bool = False) -> None:
    """What holds for an answer of the operation. ``tells_personal_data``: outputs may hold some, but no error."""
    assert heard.status < 500, heard
    assert len(heard.headers["x-amzn-requestid"]) == 36
    failed = heard.status >= 400
    everything = json.dumps(dict(heard.headers)).encode()
    if failed or not tells_personal_data:
        everything += heard.body
    assert b"Traceback" not in everything
    leaked = [marked for marked in CONFIDENTIAL if marked.encode() in everything]
    assert not leaked, f"{leaked} is repeated to the sender: {heard}"
    if failed:
        check_error(operation, heard)
    else:
        check_success(operation, heard)


def check_error(operation: Any, heard: Heard) -> ClientError:
    """An error that botocore understands, with a code and a status that the operation declares or every service has."""
    body = json.loads(heard.body)
    assert isinstance(body.get("message", body.get("Message")), str)
    parsed = parse(operation, heard)
    error = ClientError(parsed, operation.name)
    code = parsed["Error"]["Code"]
    assert code == heard.code
    assert parsed["Error"]["Message"]
    declared = {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in operation.error_shapes}
    assert code in declared or code in COMMON, f"{operation.name} does not declare {code}"
    assert heard.status == declared.get(code, COMMON.get(code))
    return error


def check_success(operation: Any, heard: Heard) -> None:
    """An output that is what the model says."""
    assert heard.status == operation.http.get("responseCode", 200)
    if operation.output_shape is None:
        assert heard.body == b""
        return
    output = parse(operation, heard)
    output.pop("ResponseMetadata")
    report = ParamValidator().validate(output, operation.output_shape)
    assert not report.has_errors(), report.generate_report()


def parse(operation: Any, heard: Heard) -> Any:
    """What botocore makes of an answer."""
    response = {"status_code": heard.status, "headers": dict(heard.headers), "body": heard.body}
    return RestJSONParser().parse(response, operation.output_shape)


def around(text: str, marked: str) -> str:
    """Where something stands in a log."""
    at = text.find(marked)
    return text[max(0, at - 300) : at + 300]
