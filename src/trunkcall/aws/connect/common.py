"""What all operations of the contact centre have in common: lists that go on, ARNs, and what no operation here takes.

Decides how large a page is of which a client says nothing. It must not know what is listed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, Protocol

import msgspec

from trunkcall.aws.errors import validation_error
from trunkcall.aws.paging import Paging
from trunkcall.aws.protocol import Json, RequestContext
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.domain.instants import Instant
from trunkcall.service.centre import Position

USUAL_RESULTS: Final = 100
"""Of a page, as documented."""
VOICE: Final = "VOICE"
SAVED: Final = ":$SAVED"
"""After an id or ARN of a flow: what of it was saved last, be it published or not."""
LATEST: Final = ":$LATEST"
"""The same: what of it is published, as without any."""


class Pages:
    """Reads where a list is to go on, and tells where the next page begins. A token is good for the same question only:
    the same operation with the same members, but for how many results there are to be."""

    def __init__(self, paging: Paging) -> None:
        self._paging = paging

    def asked(self, context: RequestContext, request: Json, usual: int = USUAL_RESULTS) -> tuple[Position | None, int]:
        """From where, and how many. Raises ValidationException for a token of another list."""
        token = request.get("NextToken")
        after = self._paging.position(context.operation.name, _question(request), token, member="NextToken")
        return after, request.get("MaxResults") or usual

    def token(self, context: RequestContext, request: Json, after: Position | None) -> str | None:
        """Where it goes on; None at the end."""
        return self._paging.token(context.operation.name, _question(request), after)


def _question(request: Json) -> str:
    asked = {name: value for name, value in request.items() if name not in ("NextToken", "MaxResults")}
    return hashlib.sha256(msgspec.json.encode(asked, order="sorted")).hexdigest()[:32]


def arn_in(scope: Scope, request: Json, kind: ResourceKind, resource_id: str) -> str:
    """The ARN of something in the instance that the request names."""
    return scope.arn(scope.instance_id(request["InstanceId"]) or "", kind, resource_id)


class Changed(Protocol):
    """Something of which it is kept when it was changed last."""

    @property
    def changed_at(self) -> Instant | None: ...


def modified(scope: Scope, of: Changed) -> Json:
    """When and in which Region it was made or changed last; nothing of what nobody has made or changed."""
    return {} if of.changed_at is None else {"LastModifiedTime": of.changed_at, "LastModifiedRegion": scope.region}


def check_channels(channels: Iterable[str], member: str) -> None:
    """Raises ValidationException for a channel that is not offered, or one that is named twice."""
    named = list(channels)
    if any(channel != VOICE for channel in named):
        raise validation_error(f"{member} may name the channel {VOICE} alone: no other is offered.")
    if len(named) > 1:
        raise validation_error(f"{member} must name a channel once.")
