"""Asks functions by HTTPS: each is an address that takes a POST with the event and answers with JSON.

Decides how long somebody waits, what is tried again, how many wait at once, and what counts as an answer. Nothing of
event or answer gets into a log. It must not know what an event looks like, nor which flow asks.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import aiohttp

from trunkcall.domain.clock import Seconds
from trunkcall.domain.function_name import function_name
from trunkcall.domain.identifiers import NewId
from trunkcall.domain.instants import Duration, to_seconds
from trunkcall.domain.seldom import Seldom
from trunkcall.functions.breaker import Breaker
from trunkcall.functions.signing import signed
from trunkcall.service.functions import (
    MAX_ANSWER_BYTES,
    Answer,
    Done,
    FunctionTotals,
    NoFunctions,
    Outcome,
    Question,
    answer_in,
)

log = logging.getLogger(__name__)

RETRIES_AFTER_S: Final = (0.1, 0.3, 0.9)
"""Amazon Connect tries again up to three times, within the time limit, what was throttled or failed."""
_ELSEWHERE: Final = 300
_TOO_MANY: Final = 429
_FAILURE: Final = 500

EventOf: TypeAlias = Callable[[Question], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A function, by its ARN or its bare name, which any ARN of that name stands for; and where it is. ``keys`` sign
    what is sent; ``tls`` is None for plain http. No more than ``at_once`` wait for it."""

    function: str
    url: str
    keys: Sequence[bytes] = field(repr=False)
    tls: ssl.SSLContext | None = None
    at_once: int = 100


class _Line:
    """An endpoint, and how it goes with it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.breaker = Breaker()
        self.waiting = 0
        self.last: Outcome | None = None


_GONE: Final = frozenset({Outcome.LATE, Outcome.UNREACHABLE, Outcome.FAILED})
"""What speaks for a function that is not there. What refuses one event may take the next."""


class HttpsFunctions:
    """Functions by HTTPS. ``wall_s`` is the wall clock's time in seconds since the epoch, ``monotonic`` a clock that is
    never set back, ``new_id`` what names a message that is not asked again after a crash."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        event_of: EventOf,
        totals: FunctionTotals,
        *,
        wall_s: Seconds,
        monotonic: Seconds,
        new_id: NewId,
    ) -> None:
        self._lines = {each.function: _Line(each) for each in endpoints}
        self._event_of = event_of
        self._totals = totals
        self._wall_s = wall_s
        self._monotonic = monotonic
        self._new_id = new_id
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._seldom: Seldom[str] = Seldom(monotonic)
        self._no_others = NoFunctions(totals, monotonic)

    @property
    def trouble(self) -> str | None:
        """Which functions are spared, in words for /health; None while none is."""
        spared = [line for line in self._lines.values() if line.breaker.is_open]
        told = (
            f"the function {line.endpoint.function} does not answer ({line.last}): flows go on by their error branch"
            for line in spared
        )
        return "; ".join(told) or None

    def ask(self, arn: str, question: Question, within: Duration, done: Done) -> None:
        """Ask the function that an address was given for, by this ARN or by its name."""
        line = self._lines.get(arn) or self._lines.get(function_name(arn))
        if line is None:
            self._no_others.ask(arn, question, within, done)
            return
        if line.waiting >= line.endpoint.at_once:
            self._totals.count(line.endpoint.function, Outcome.BUSY)
        elif not line.breaker.lets_through(self._monotonic()):
            self._totals.count(line.endpoint.function, Outcome.SPARED)
        else:
            line.waiting += 1
            task = asyncio.get_running_loop().create_task(self._asked(line, question, to_seconds(within), done))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        asyncio.get_running_loop().call_soon(done, None)

    async def close(self) -> None:
        """Wait for none of them any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    # ------------------------------------------------------------------------------------------------------------------

    async def _asked(self, line: _Line, question: Question, within_s: float, done: Done) -> None:
        began_s = self._monotonic()
        answer: Answer | None = None
        try:
            async with asyncio.timeout(within_s):
                outcome, answer = await self._tried(line.endpoint, question)
        except TimeoutError:
            outcome = Outcome.LATE
        except Exception as error:  # somebody waits for a word of it, whatever it was
            log.error("a function could not be asked", extra={"why": type(error).__name__})  # noqa: TRY400 - a traceback would show values
            outcome = Outcome.UNREACHABLE
        finally:
            line.waiting -= 1
        self._enter(line, outcome, self._monotonic() - began_s)
        done(answer)

    def _enter(self, line: _Line, outcome: Outcome, waited_s: float) -> None:
        name, was_open = line.endpoint.function, line.breaker.is_open
        line.last = outcome
        self._totals.count(name, outcome, waited_s)
        if outcome in _GONE:
            line.breaker.failed(self._monotonic())
        else:
            line.breaker.succeeded()
        if line.breaker.is_open and not was_open:
            self._totals.spared.add(name)
            log.warning("a function does not answer and is spared", extra={"function": name, "outcome": outcome})
        elif was_open and not line.breaker.is_open:
            self._totals.spared.discard(name)
            log.info("a function answers again", extra={"function": name})

    async def _tried(self, endpoint: Endpoint, question: Question) -> tuple[Outcome, Answer | None]:
        """Until something else comes of it than a failure that may pass."""
        body = json.dumps(self._event_of(question), separators=(",", ":")).encode()
        message_id = question.asking or self._new_id()
        for pause_s in (*RETRIES_AFTER_S, None):
            outcome, answer = await self._sent(endpoint, message_id, body)
            if pause_s is None or outcome not in _GONE:
                break
            await asyncio.sleep(pause_s)
        return outcome, answer

    async def _sent(self, endpoint: Endpoint, message_id: str, body: bytes) -> tuple[Outcome, Answer | None]:
        headers = {
            "content-type": "application/json",
            # What is packed may be of any size once it is unpacked.
            "accept-encoding": "identity",
            **signed(message_id, int(self._wall_s()), body, endpoint.keys),
        }
        try:
            async with self._opened().post(
                endpoint.url, data=body, headers=headers, ssl=endpoint.tls or True, allow_redirects=False
            ) as response:
                if response.status == _TOO_MANY or response.status >= _FAILURE:
                    return Outcome.FAILED, None
                if response.status >= _ELSEWHERE:
                    self._of_no_use(endpoint, f"its status is {response.status}")
                    return Outcome.REFUSED, None
                found = await _body(response)
        except (aiohttp.ClientError, OSError) as error:
            is_not_trusted = isinstance(error, aiohttp.ClientConnectorCertificateError)
            why = "its certificate is not trusted" if is_not_trusted else "there is no connection"
            self._tell(endpoint, "a function cannot be reached", why)
            return Outcome.UNREACHABLE, None
        answer = answer_in(found) if found is not None else None
        if answer is None:
            self._of_no_use(endpoint, "it is no JSON object" if found is not None else "it is larger than 32 KB")
            return Outcome.UNREADABLE, None
        return Outcome.ANSWERED, answer

    def _of_no_use(self, endpoint: Endpoint, why: str) -> None:
        self._tell(endpoint, "a function has answered what no flow can use", why)

    def _tell(self, endpoint: Endpoint, what: str, why: str) -> None:
        """Tell the log, once a minute."""
        if self._seldom.happened(endpoint.function):
            log.warning(what, extra={"function": endpoint.function, "why": why})

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),
                headers={"user-agent": "trunkcall"},
            )
        return self._session


async def _body(response: aiohttp.ClientResponse) -> bytes | None:
    """All of it; None if it is larger than an answer may be."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            return None
    return bytes(body)
