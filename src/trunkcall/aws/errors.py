"""Errors as a client of the API sees them.

Decides which error code stands for which error of the domain, also for operations whose model lacks it, and the status
of codes that no service model has. It must not know how an error is written to the wire.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from types import MappingProxyType

from trunkcall.aws.members import MEMBERS
from trunkcall.domain.errors import (
    ConflictError,
    InUseError,
    InvalidCampaignStateError,
    InvalidInputError,
    InvalidStateError,
    NotFoundError,
    QuotaExceededError,
    StoreDamagedError,
    StoreFullError,
    StoreUnavailableError,
    TrunkcallError,
)

INTERNAL_MESSAGE = "The request could not be processed because of an internal failure. Try again shortly."

RETRY_STORE_S = 5
RETRY_FULL_S = 30
RETRY_DAMAGED_S = 60

MALFORMED_REQUEST = "MalformedHttpRequestException"
REQUEST_TIMEOUT = "RequestTimeoutException"
REQUEST_TOO_LARGE = "RequestEntityTooLargeException"
UNAVAILABLE = "ServiceUnavailable"
UNSIGNED = "MissingAuthenticationTokenException"

# No code of ours but the internal failure uses 500, 502, 503 or 504: every SDK retries those, and what is refused for
# good must not be asked again. 501 is the one status of the 500s that no SDK retries.
COMMON_STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "AccessDeniedException": 403,
        "IncompleteSignatureException": 400,
        "InternalServerException": 500,
        "InvalidSignatureException": 403,
        UNSIGNED: 403,
        "NotAcceptableException": 406,
        "NotImplementedException": 501,
        REQUEST_TOO_LARGE: 413,
        # A timed-out upload is worth another try; the SDKs give it their usual few attempts.
        REQUEST_TIMEOUT: 408,
        "SerializationException": 400,
        "ThrottlingException": 429,
        "UnknownOperationException": 404,
        "UnrecognizedClientException": 403,
        "UnsupportedMediaTypeException": 415,
        "ValidationException": 400,
    }
)
"""Status by code, for errors that arise before an operation is known or that its model does not have."""

ALTERNATIVES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ValidationException": ("InvalidParameterException", "InvalidRequestException"),
        "ConflictException": (
            "ResourceConflictException",
            "DuplicateResourceException",
            "IdempotencyException",
            "InvalidRequestException",
            "InvalidParameterException",
        ),
        "InternalServerException": ("InternalServiceException",),
        "InvalidStateException": ("InvalidRequestException",),
        "ResourceInUseException": ("InvalidRequestException", "InvalidParameterException"),
        "ResourceNotFoundException": ("InvalidParameterException", "InvalidRequestException"),
        "ServiceQuotaExceededException": (
            "LimitExceededException",
            "ConflictException",
            "InvalidRequestException",
            "InvalidParameterException",
        ),
    }
)
"""What else the same error may be called, the nearest first: by other service models (``connect``), and by operations
whose model declares no error of its own for it, as StartCampaign's does for a quota."""


class ApiError(Exception):
    """An error that is answered to the client.

    ``code`` is the name of an error shape or of a common AWS error. ``status`` overrides the model's. ``members`` are
    further members of the error's body; those that the model lacks are not sent. ``retry_after_s`` tells when another
    try may be worth while. ``message`` is sent as it is, so it never holds a secret, a phone number or an attribute.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        members: Mapping[str, object] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.members: Mapping[str, object] = members or {}
        self.retry_after_s = retry_after_s


def code_in_model(code: str, *, declared: Container[str], known: Container[str]) -> str:
    """What an operation calls an error: by the first name that it declares, else that its service knows, else as it
    is."""
    names = (code, *ALTERNATIVES.get(code, ()))
    return next((name for errors in (declared, known) for name in names if name in errors), code)


def serialization_error(message: str) -> ApiError:
    """What was sent can't be read: not JSON, or a value of the wrong JSON type."""
    return ApiError("SerializationException", message)


def validation_error(message: str) -> ApiError:
    """What was sent can be read and breaks a constraint."""
    return ApiError("ValidationException", message)


def unknown_operation() -> ApiError:
    """No operation has this method and path."""
    return ApiError("UnknownOperationException", "No operation of this service has this method and path.")


def not_offered(operation_name: str) -> ApiError:
    """The operation exists in the API, and Trunkcall doesn't have it yet."""
    return ApiError("NotImplementedException", f"Trunkcall does not offer {operation_name} yet.")


def internal_error() -> ApiError:
    """Something broke on our side. The message says nothing of what."""
    return ApiError("InternalServerException", INTERNAL_MESSAGE)


def to_api_error(error: Exception) -> ApiError | None:
    """The error that a client gets to see for an error of the domain.

    None when it is none of the client's business: the answer is then ``internal_error()``, and the cause is logged.
    A lost lease is one; SDKs try again by themselves. A store that fails is not: the client reads why and when to come
    back, and the store has told the log, once and not for every request.
    """
    match error:
        case ApiError():
            return error
        case NotFoundError():
            return ApiError("ResourceNotFoundException", error.worded(MEMBERS))
        case ConflictError():
            return ApiError("ConflictException", error.worded(MEMBERS))
        case InUseError():
            return ApiError("ResourceInUseException", error.worded(MEMBERS))
        case InvalidCampaignStateError():
            return ApiError("InvalidCampaignStateException", error.worded(MEMBERS), members={"state": str(error.state)})
        case InvalidStateError():
            return ApiError("InvalidStateException", error.worded(MEMBERS))
        case InvalidInputError():
            return ApiError("ValidationException", error.worded(MEMBERS))
        case QuotaExceededError():
            return ApiError("ServiceQuotaExceededException", error.worded(MEMBERS))
        case StoreFullError():
            return ApiError("InternalServerException", error.worded(MEMBERS), retry_after_s=RETRY_FULL_S)
        case StoreDamagedError():
            return ApiError("InternalServerException", error.worded(MEMBERS), retry_after_s=RETRY_DAMAGED_S)
        case StoreUnavailableError():
            return ApiError("InternalServerException", error.worded(MEMBERS), retry_after_s=RETRY_STORE_S)
        case _:
            return None


def failure_code(refusal: TrunkcallError) -> str:
    """Why an item of a batch was not accepted while others were."""
    return "RequestThrottled" if isinstance(refusal, QuotaExceededError) else "InvalidInput"
