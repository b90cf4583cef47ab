"""What is said to Asterisk and what it says: JSON to values and back.

Decides the form of requests and events on the events websocket, over which requests go as well: Asterisk does those of
one connection in their order. It does no I/O, and must not know what a request is for. Nothing of a frame may be
logged: it may hold phone numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from trunkcall.domain.errors import TrunkcallError
from trunkcall.telephony.ari.model import EVENTS, Event, RESTResponse

T = TypeVar("T")

OK: Final = range(200, 300)
NOT_FOUND: Final = 404
CONFLICT: Final = 409


class AriWireError(TrunkcallError):
    """What arrived is nothing that Asterisk says. It is passed over."""


@dataclass(frozen=True, slots=True)
class Request:
    """One operation. ``path`` is that of its resource, below /ari, without a query."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What Asterisk has answered a request. That it has answered does not say that the deed is done."""

    status: int
    body: str = field(default="", repr=False)

    @property
    def is_ok(self) -> bool:
        return self.status in OK

    def holds(self, kind: type[T]) -> T:
        """The body, as a value of this type. Raises AriWireError."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise AriWireError from None


UNSENT: Final = Answer(0)
"""Of a request that has provably not left: nothing came of it."""


def encode(request: Request, request_id: str) -> str:
    """The request as a frame of the websocket."""
    frame: dict[str, object] = {
        "type": "RESTRequest",
        "transaction_id": request_id,
        "request_id": request_id,
        "method": request.method,
        "uri": request.path.removeprefix("/"),
        "query_strings": [{"name": name, "value": value} for name, value in request.query.items()],
    }
    if request.body is not None:
        frame |= {"content_type": "application/json", "message_body": msgspec.json.encode(request.body).decode()}
    return msgspec.json.encode(frame).decode()


@dataclass(frozen=True, slots=True)
class _Typed:
    type: str


_type_of = msgspec.json.Decoder(_Typed).decode
_events: Final = {name: msgspec.json.Decoder(kind) for name, kind in EVENTS.items()}


def decode(text: str) -> Event | None:
    """The event that this frame is; None where it is one that nobody here needs. Raises AriWireError."""
    try:
        decoder = _events.get(_type_of(text).type)
        return decoder.decode(text) if decoder is not None else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise AriWireError from None


def answer_of(response: RESTResponse) -> tuple[str, Answer]:
    """Which request is answered, and what."""
    return response.request_id, Answer(response.status_code, response.message_body or "")


def filter_out(names: Sequence[str]) -> Mapping[str, object]:
    """The body of a filter that leaves these events out. One that names what is wanted would leave out answers too."""
    return {"disallowed": [{"type": name} for name in names]}
