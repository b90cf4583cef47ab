"""Signature Version 4: whether a request was signed with the secret of the access key that it names.

Decides which signatures are valid, in pure functions. It must not know where secrets are kept, or what a caller may do.

The order of use: ``parse_credentials``, then fetch the secret of ``access_key_id``, then ``verify``.

Choices: header and presigned signatures of the HMAC scheme only; the payload must be signed; five minutes of clock
skew, as most AWS services allow; session tokens are refused, since there is no service that could have handed one out.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes

from botocore.utils import normalize_url_path

from trunkcall.aws.errors import UNSIGNED, ApiError
from trunkcall.aws.protocol import HttpRequest
from trunkcall.domain.instants import MINUTE, SECOND, Instant, from_datetime, to_datetime

CLOCK_SKEW = 5 * MINUTE
MAX_PRESIGNED_S = 604_800

_ALGORITHM = "AWS4-HMAC-SHA256"
_TERMINATOR = "aws4_request"
_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z", re.ASCII).fullmatch
_AUTHORIZATION = re.compile(
    rf"{_ALGORITHM} Credential=([^\s,=]+), ?SignedHeaders=([^\s,=]+), ?Signature=([^\s,=]+)"
).fullmatch
_SIGNATURE = re.compile(r"[0-9a-f]{64}").fullmatch
_HEADER_NAMES = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+(?:;[a-z0-9!#$%&'*+.^_`|~-]+)*").fullmatch
_SECONDS = re.compile(r"\d{1,7}", re.ASCII).fullmatch
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request says about its signature, read but not believed.

    ``date`` to ``terminator`` are the credential scope. ``timestamp`` is ``yyyymmddThhmmssZ`` and ``signed_at`` the
    same instant. ``expires_s`` is set for a presigned request: the seconds for which it is valid.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    signed_at: Instant
    expires_s: int | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed a request, and for which service (its signing name)."""

    access_key_id: str
    service: str


def unknown_client() -> ApiError:
    """The access key does not exist. The same for a revoked one."""
    return ApiError("UnrecognizedClientException", "The security token included in the request is invalid.")


def parse_credentials(request: HttpRequest) -> Credentials:
    """Read who claims to have signed the request, from its Authorization header or else its query.

    Raises MissingAuthenticationTokenException for an unsigned request, IncompleteSignatureException for one that can't
    be read, UnrecognizedClientException for a session token.
    """
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return _from_header(authorization, request.headers)
    parameters = _query_parameters(request.raw_query) if b"X-Amz-" in request.raw_query else {}
    if "X-Amz-Algorithm" in parameters or "X-Amz-Signature" in parameters:
        return _from_query(parameters)
    raise ApiError(UNSIGNED, "Missing Authentication Token")


def check_scope(credentials: Credentials, *, region: str, services: Collection[str]) -> None:
    """Check that the credential scope is ours. Raises InvalidSignatureException in the words of AWS, and ours
    for what a client can do about it."""
    if credentials.region != region:
        raise _invalid(
            f"Credential should be scoped to a valid region, not '{credentials.region}'. This server's is '{region}'."
        )
    if credentials.service not in services:
        expected = "', '".join(sorted(services))
        raise _invalid(f"Credential should be scoped to correct service: '{expected}'.")
    if credentials.terminator != _TERMINATOR:
        raise _invalid(
            f"Credential should be scoped with a valid terminator: '{_TERMINATOR}', not '{credentials.terminator}'."
        )
    if credentials.date != credentials.timestamp[:8]:
        raise _invalid(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{credentials.date}' != '{credentials.timestamp[:8]}', from '{credentials.timestamp}'."
        )


def verify(
    request: HttpRequest,
    credentials: Credentials,
    secret: str,
    *,
    now: Instant,
    region: str,
    services: Collection[str],
) -> Identity:
    """Check scope, time and signature of a request with the secret of its access key; ``now`` is the wall clock.

    Raises InvalidSignatureException.
    """
    check_scope(credentials, region=region, services=services)
    _check_time(credentials, now)
    _check_signed_headers(credentials, request.headers)
    payload_hash = sha256(request.body).hexdigest()
    _check_payload(request.headers.get("x-amz-content-sha256"), payload_hash)
    scope = f"{credentials.date}/{credentials.region}/{credentials.service}/{credentials.terminator}"
    canonical = canonical_request(request, credentials, payload_hash)
    to_sign = f"{_ALGORITHM}\n{credentials.timestamp}\n{scope}\n{sha256(canonical).hexdigest()}"
    key = _signing_key(secret, credentials.date, credentials.region, credentials.service)
    if not hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex(), credentials.signature):
        raise _invalid(_MISMATCH)
    return Identity(credentials.access_key_id, credentials.service)


def canonical_request(request: HttpRequest, credentials: Credentials, payload_hash: str) -> bytes:
    """The bytes whose hash is signed."""
    path = request.raw_path or b"/"
    if b"//" in path or b"/." in path:
        path = normalize_url_path(path.decode("latin-1")).encode("latin-1")
    names = credentials.signed_headers
    return "\n".join(
        (
            request.method,
            # The path as it was sent is encoded once more: every service but S3 does so.
            quote(path, safe="/~"),
            _canonical_query(request.raw_query) if request.raw_query else "",
            *(f"{name}:{request.headers.get(name, '')}" for name in names),
            "",
            ";".join(names),
            payload_hash,
        )
    ).encode("latin-1")


def _canonical_query(raw_query: bytes) -> str:
    pairs = []
    for pair in raw_query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if pair and name != b"X-Amz-Signature":
            pairs.append((_encode_again(name), _encode_again(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encode_again(raw: bytes) -> str:
    return quote(unquote_to_bytes(raw), safe="-_.~")


@lru_cache(maxsize=1024)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, _TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _check_time(credentials: Credentials, now: Instant) -> None:
    if credentials.signed_at > now + CLOCK_SKEW:
        raise _invalid(
            f"Signature not yet current: {credentials.timestamp} is still later than {_basic(now + CLOCK_SKEW)} "
            f"({_basic(now)} + {CLOCK_SKEW // MINUTE} min.)"
        )
    if credentials.expires_s is not None:
        expires_at = credentials.signed_at + credentials.expires_s * SECOND
        if expires_at < now:
            raise _invalid(f"Signature expired: {_basic(expires_at)} is now earlier than {_basic(now)}.")
    elif credentials.signed_at < now - CLOCK_SKEW:
        raise _invalid(
            f"Signature expired: {credentials.timestamp} is now earlier than {_basic(now - CLOCK_SKEW)} "
            f"({_basic(now)} - {CLOCK_SKEW // MINUTE} min.)"
        )


def _check_signed_headers(credentials: Credentials, headers: Mapping[str, str]) -> None:
    signed = credentials.signed_headers
    if "host" not in signed:
        raise _invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    for name in headers:
        if name.startswith("x-amz-") and name not in signed:
            raise _invalid(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    # The time is what ends a signature's life, so it may not be exchanged.
    if credentials.expires_s is None and "x-amz-date" not in headers and "date" not in signed:
        raise _invalid("'Date' must be a 'SignedHeader' in the AWS Authorization.")


def _check_payload(claimed: str | None, payload_hash: str) -> None:
    if claimed is None or claimed == payload_hash:
        return
    if claimed.startswith(("UNSIGNED-PAYLOAD", "STREAMING-")):
        raise _invalid("The payload must be signed as a whole; unsigned and streaming payloads are not accepted.")
    raise _invalid("The provided 'x-amz-content-sha256' header does not match what was computed.")


def _from_header(authorization: str, headers: Mapping[str, str]) -> Credentials:
    if "x-amz-security-token" in headers:
        raise _session_token()
    # The form in which every SDK writes it; any other is taken apart below.
    usual = _AUTHORIZATION(authorization)
    if usual is not None and (date := headers.get("x-amz-date")) is not None:
        credential, signed_headers, signature = usual.groups()
        return _credentials(credential, signed_headers, signature, date, None)
    scheme, _, rest = authorization.partition(" ")
    if scheme != _ALGORITHM:
        raise _incomplete(f"Unsupported authorization scheme: only {_ALGORITHM} is accepted.")
    parts: dict[str, str] = {}
    for part in rest.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or name in parts:
            raise _incomplete("The Authorization header is not a list of distinct key=value pairs.")
        parts[name] = value
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not parts.get(name)]
    timestamp = _header_timestamp(headers)
    if missing or timestamp is None:
        words = [f"Authorization header requires '{name}' parameter." for name in missing]
        if timestamp is None:
            words.append(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header in ISO-8601 "
                "'basic format'."
            )
        raise _incomplete(" ".join(words))
    return _credentials(parts["Credential"], parts["SignedHeaders"], parts["Signature"], timestamp, None)


def _from_query(parameters: Mapping[str, str]) -> Credentials:
    if "X-Amz-Security-Token" in parameters:
        raise _session_token()
    names = (
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
        "X-Amz-Date",
        "X-Amz-Expires",
    )
    missing = [name for name in names if not parameters.get(name)]
    if missing:
        raise _incomplete(" ".join(f"AWS query-string parameters must include '{name}'." for name in missing))
    if parameters["X-Amz-Algorithm"] != _ALGORITHM:
        raise _incomplete(f"Unsupported X-Amz-Algorithm: only {_ALGORITHM} is accepted.")
    expires = parameters["X-Amz-Expires"]
    if _SECONDS(expires) is None or not 1 <= int(expires) <= MAX_PRESIGNED_S:
        raise _incomplete(f"X-Amz-Expires must be a number of seconds from 1 to {MAX_PRESIGNED_S}.")
    return _credentials(
        parameters["X-Amz-Credential"],
        parameters["X-Amz-SignedHeaders"],
        parameters["X-Amz-Signature"],
        parameters["X-Amz-Date"],
        int(expires),
    )


def _credentials(
    credential: str, signed_headers: str, signature: str, timestamp: str, expires_s: int | None
) -> Credentials:
    elements, names = _take_apart(credential, signed_headers)
    if _SIGNATURE(signature) is None:
        raise _incomplete("Signature must be 64 lower-case hexadecimal digits.")
    access_key_id, date, region, service, terminator = elements
    return Credentials(
        access_key_id,
        date,
        region,
        service,
        terminator,
        names,
        signature,
        timestamp,
        _instant(timestamp),
        expires_s,
    )


@lru_cache(maxsize=1024)
def _take_apart(credential: str, signed_headers: str) -> tuple[list[str], tuple[str, ...]]:
    """Scope elements and header names; a client sends the same all day."""
    elements = credential.split("/")
    if len(elements) != 5 or not all(elements):
        # What was sent isn't repeated: somebody may have put a secret there.
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        )
    if _HEADER_NAMES(signed_headers) is None:
        raise _incomplete("SignedHeaders must be a list of lower-case header names, divided by semicolons.")
    return elements, tuple(signed_headers.split(";"))


def _header_timestamp(headers: Mapping[str, str]) -> str | None:
    if "x-amz-date" in headers:
        return headers["x-amz-date"]
    date = headers.get("date")
    if date is None or _TIMESTAMP(date) is not None:
        return date
    try:
        return _basic(from_datetime(parsedate_to_datetime(date)))
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=256)
def _instant(timestamp: str) -> Instant:
    if _TIMESTAMP(timestamp) is not None:
        try:
            # fromisoformat reads the basic format, in a twentieth of strptime's time.
            return from_datetime(datetime.fromisoformat(timestamp))
        except ValueError:
            pass
    raise _incomplete("Date must be in ISO-8601 'basic format': yyyymmddThhmmssZ.")


def _basic(at: Instant) -> str:
    return to_datetime(at).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _query_parameters(raw_query: bytes) -> dict[str, str]:
    """Leniently: what can't be decoded makes a signature that can't be read, or doesn't match."""
    parameters = {}
    for pair in raw_query.split(b"&"):
        name, _, value = pair.partition(b"=")
        parameters[unquote_to_bytes(name).decode("latin-1")] = unquote_to_bytes(value).decode("latin-1")
    return parameters


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidSignatureException", message)


def _incomplete(message: str) -> ApiError:
    return ApiError("IncompleteSignatureException", message)


def _session_token() -> ApiError:
    return ApiError(
        "UnrecognizedClientException",
        "The security token included in the request is invalid. Trunkcall has no temporary credentials: sign with an "
        "access key and its secret alone (is AWS_SESSION_TOKEN set?).",
    )
