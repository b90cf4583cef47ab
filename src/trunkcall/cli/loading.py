"""Submitting a list to a campaign, through the API.

Decides batches, what is submitted again and for how long, and what is counted. It is an ordinary client: what it can
do, any client can. It must not know what a list looks like.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from trunkcall.aws.campaigns_v1 import KNOWN_ITEMS_HEADER, REFUSED_ITEMS_HEADER, REFUSED_ITEMS_JSON_HEADER
from trunkcall.cli.api_errors import WRONG_STATE, ApiRefusedError, in_words
from trunkcall.cli.lists.rows import BadRow, Duplicate, Lead, ListItem, PassedOver
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import Duration, Instant, to_datetime
from trunkcall.domain.transitions import OVER

BATCH = 25
"""Most dial requests of one PutDialRequestBatch (the service model's limit)."""
MAX_BATCH_BYTES = 900_000
"""Of attributes, as JSON: below what the server takes as a request's body."""

MAX_WAIT_S = 30.0
MAX_THROTTLED = 20
"""Times in a row that a batch is submitted once more because too many requests come in."""

_WHOLE_REFUSED = frozenset({"ValidationException", "SerializationException"})
_TOO_LARGE = 413
_THROTTLED = "ThrottlingException"


class LoadError(TrunkcallError):
    """The list could not be loaded to its end."""


@dataclass(slots=True)
class LoadResult:
    """What became of a list's rows."""

    accepted: int = 0
    known: int = 0
    """Rows that the campaign had a request for already."""
    duplicates: int = 0
    """Rows that ask for the same as an earlier row of the list."""
    rejected: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    """Contacts of an export that are not to be tried again, by why."""
    throttled: int = 0
    """How often a request had to be submitted again because the campaign held too many."""

    @property
    def rows(self) -> int:
        """All of them."""
        return self.accepted + self.known + self.duplicates + self.rejected + self.passed_over.total()


@dataclass(slots=True)
class Loader:
    """Submits leads in batches. ``reject`` is told of each row that was not accepted, with the reason."""

    client: Any
    campaign_id: str
    now: Callable[[], Instant]
    expires_in: Duration
    reject: Callable[[Sequence[str], str], None]
    endpoint_url: str = ""
    result: LoadResult = field(default_factory=LoadResult)
    sleep: Callable[[float], None] = time.sleep
    batch: int = BATCH
    """Most items of one request."""

    def load(self, items: Iterable[ListItem]) -> Iterator[LoadResult]:
        """Submit everything; yields the result so far after each batch. Raises LoadError or ApiRefusedError when the
        API refuses the whole, ServerUnreachableError when nobody answers for about a minute."""
        batch: list[Lead] = []
        size = 0
        for item in items:
            match item:
                case BadRow():
                    self._reject(item.cells, item.reason)
                    continue
                case Duplicate():
                    self.result.duplicates += 1
                    continue
                case PassedOver():
                    self.result.passed_over[item.reason] += 1
                    continue
                case Lead():
                    pass
            lead_size = len(json.dumps(dict(item.attributes)))
            if batch and (len(batch) == self.batch or size + lead_size > MAX_BATCH_BYTES):
                self._submit(batch)
                yield self.result
                batch, size = [], 0
            batch.append(item)
            size += lead_size
        if batch:
            self._submit(batch)
        yield self.result

    def _submit(self, batch: list[Lead]) -> None:
        wait_s = 0.5
        while batch:
            try:
                answer = self._put(batch)
            except ApiRefusedError as error:
                if error.code not in _WHOLE_REFUSED and _status(error) != _TOO_LARGE:
                    raise
                self._submit_apart(batch, error)
                return
            again = self._settle(batch, answer)
            if again:
                # The campaign holds as many requests as it may: only dialing them makes room.
                self.result.throttled += len(again)
                self.sleep(wait_s)
                wait_s = min(wait_s * 2, MAX_WAIT_S)
            batch = again

    def _submit_apart(self, batch: list[Lead], error: ApiRefusedError) -> None:
        """The API refused all of them for the sake of one: find it, and have the others dialed."""
        if len(batch) > 1:
            half = len(batch) // 2
            self._submit(batch[:half])
            self._submit(batch[half:])
            return
        self._reject(batch[0].cells, f"{batch[0].place}: {error.message}")
        if self.result.rejected >= BATCH and not (self.result.accepted or self.result.known):
            raise LoadError(f"Every row so far was refused, the last one so: {error.message}")

    def _settle(self, batch: list[Lead], answer: dict[str, Any]) -> list[Lead]:
        """Count what became of each; returns those to submit again."""
        by_token = {lead.client_token: (number, lead) for number, lead in enumerate(batch, 1)}
        known = _known(answer)
        accepted = len(answer["successfulRequests"])
        self.result.accepted += accepted - len(known)
        self.result.known += len(known)
        again: list[Lead] = []
        reasons = reasons_of(answer)
        for item in answer["failedRequests"]:
            number, lead = by_token[item["clientToken"]]
            if item["failureCode"] == "RequestThrottled":
                again.append(lead)
            else:
                reason = reasons.get(number, "no reason given")
                self._reject(lead.cells, f"{lead.place}: the server answered {item['failureCode']}: {reason}")
        return again

    def _put(self, batch: list[Lead]) -> dict[str, Any]:
        expires = to_datetime(self.now() + self.expires_in)
        requests = [
            {
                "clientToken": lead.client_token,
                "phoneNumber": lead.phone_number,
                "expirationTime": expires,
                "attributes": dict(lead.attributes),
            }
            for lead in batch
        ]
        throttled = 0
        while True:
            try:
                with in_words(self.endpoint_url, _hint):
                    answer: dict[str, Any] = self.client.put_dial_request_batch(
                        id=self.campaign_id, dialRequests=requests
                    )
                    return answer
            except ApiRefusedError as error:
                throttled += 1
                if error.code != _THROTTLED or throttled > MAX_THROTTLED:
                    raise
                self.sleep(MAX_WAIT_S)

    def _reject(self, cells: Sequence[str], reason: str) -> None:
        self.result.rejected += 1
        self.reject(cells, reason)


def _hint(error: ClientError) -> str | None:
    if error.response["Error"]["Code"] != WRONG_STATE:
        return None
    state = error.response.get("state")
    if state in OVER:
        return f"A {state} campaign does not go on: create another one, and load the list into that."
    return "Start or resume the campaign, then load the list again: rows accepted before are not dialed twice."


def _status(error: ApiRefusedError) -> int:
    return int(error.answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _headers(answer: dict[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
    return headers


def _known(answer: dict[str, Any]) -> set[int]:
    """Accepted items that the campaign had already, by their number. Amazon's own service does not say."""
    numbers = _headers(answer).get(KNOWN_ITEMS_HEADER, "").split(",")
    return {int(number) for number in numbers if number.strip().isdigit()}


def reasons_of(answer: dict[str, Any]) -> dict[int, str]:
    """Why items were refused, by their number in the batch. Amazon's own service does not say."""
    headers = _headers(answer)
    if REFUSED_ITEMS_JSON_HEADER in headers:
        return {item["item"]: item["reason"] for item in json.loads(headers[REFUSED_ITEMS_JSON_HEADER])}
    pairs = (part.split(": ", 1) for part in headers.get(REFUSED_ITEMS_HEADER, "").split("; ") if ": " in part)
    return {int(number): reason for number, reason in pairs if number.isdigit()}
