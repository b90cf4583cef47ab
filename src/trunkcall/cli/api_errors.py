"""What the API or the way to it answers when something is wrong, as one sentence and what to do about it.

Decides the words for everybody on the command line who asks the API; a caller adds what only it knows, by code. It must
not know what was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
)

from trunkcall.cli.client import WHICH_CAMPAIGNS, ServerUnreachableError
from trunkcall.domain.errors import TrunkcallError

NOT_FOUND = "ResourceNotFoundException"
WRONG_STATE = "InvalidCampaignStateException"

_STRANGER = 'The access key, its secret or the Region is not this server\'s: `eval "$(trunkcall env)"` sets all three.'

HINTS: Mapping[str, str] = MappingProxyType(
    {
        NOT_FOUND: WHICH_CAMPAIGNS,
        "AccessDeniedException": "`trunkcall keys create` makes a key with a policy that allows it.",
        "InvalidSignatureException": _STRANGER,
        "ThrottlingException": "Try again in a moment.",
        "UnrecognizedClientException": _STRANGER,
    }
)
"""What to do, by the code of the API."""


class ApiRefusedError(TrunkcallError):
    """The API did not do what was asked. ``code`` is the API's, ``answer`` all that it said."""

    def __init__(self, error: ClientError, hint: str) -> None:
        self.answer: Mapping[str, Any] = error.response
        said = self.answer["Error"]
        self.code: str = said["Code"]
        message = said.get("Message") or "it gave no reason"
        stop = "" if message.endswith((".", "!", "?")) else "."
        super().__init__(f"The API answered {self.code}: {message}{stop} {hint}".strip())


class ApiUnusableError(TrunkcallError):
    """The API cannot be asked."""


@contextmanager
def in_words(endpoint_url: str, hint: Callable[[ClientError], str | None] = lambda _: None) -> Iterator[None]:
    """Around whatever asks the API at this address: raises ServerUnreachableError, ApiRefusedError or ApiUnusableError
    in place of botocore's errors. ``hint`` may know better than HINTS what to do; None leaves it to them."""
    try:
        yield
    except ClientError as error:
        known = hint(error)
        raise ApiRefusedError(error, HINTS.get(error.response["Error"]["Code"], "") if known is None else known) from (
            error
        )
    except (EndpointConnectionError, HTTPClientError) as error:
        # Nobody listens, the connection broke, or the answer did not come in time.
        raise ServerUnreachableError(endpoint_url) from error
    except NoCredentialsError as error:
        raise ApiUnusableError('There are no credentials. `eval "$(trunkcall env)"` sets them.') from error
    except BotoCoreError as error:
        said = " ".join(str(error).split()).rstrip(".")
        raise ApiUnusableError(f"The API cannot be asked: {said}.") from error
