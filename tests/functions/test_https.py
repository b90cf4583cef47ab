"""Functions of flows by HTTPS. If these fail, customers wait for a service that does not answer, whoever is on the way
reads or forges what is known of them, or a flow goes on by what nobody has answered."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from aiohttp import web

from functions.endpoints import QUESTION, Authority, Reply, Service, answer_of, says, says_bytes, says_nothing
from trunkcall.aws.flow_event import flow_event
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.instants import MILLISECOND, SECOND
from trunkcall.domain.seldom import TELL_EVERY_S
from trunkcall.functions.breaker import FAILURES, SPARED_S
from trunkcall.functions.https import Endpoint, HttpsFunctions
from trunkcall.service.functions import MAX_ANSWER_BYTES, FunctionTotals, Outcome

ARN = "arn:aws:lambda:eu-west-2:123456789012:function:look-up"
KEY = b"a key of twenty-four octets or more"
SCOPE = Scope("aws", "us-east-1", "000000000000")
SHORT = 300 * MILLISECOND


@dataclass(slots=True)
class Caller:
    """Who asks, with a clock of its own for how long a function is spared."""

    functions: HttpsFunctions
    totals: FunctionTotals
    now_s: float = 0.0

    def outcomes(self) -> dict[Outcome, int]:
        return {outcome: number for (_, outcome), number in self.totals.asked.items()}


@dataclass(slots=True)
class Town:
    """A service, and callers of it."""

    service: Service
    authority: Authority
    callers: list[Caller] = field(default_factory=list)

    def caller(
        self,
        *,
        keys: Sequence[bytes] = (KEY,),
        at_once: int = 100,
        tls: ssl.SSLContext | None = None,
        to: str = "look-up",
    ) -> Caller:
        totals, messages = FunctionTotals(), count(1)
        endpoint = Endpoint(to, self.service.url, keys, tls or self.authority.trusted(), at_once)
        functions = HttpsFunctions(
            [endpoint],
            partial(flow_event, scope=SCOPE),
            totals,
            wall_s=lambda: 1_700_000_000.9,
            monotonic=lambda: caller.now_s,
            new_id=lambda: f"msg_{next(messages)}",
        )
        caller = Caller(functions, totals)
        self.callers.append(caller)
        return caller


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    authority = Authority(tmp_path)
    town = Town(await Service(authority.server_context()).open(), authority)
    yield town
    for caller in town.callers:
        await caller.functions.close()
    await town.service.close()


async def test_a_function_gets_the_event_that_amazon_connect_sends_to_lambda(town: Town) -> None:
    assert await answer_of(town.caller().functions) == {"tier": "gold"}

    ((headers, body),) = town.service.asked
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {
        "Details": {
            "ContactData": {
                "Attributes": {"name": "Ann"},
                "Channel": "VOICE",
                "ContactId": "0190-contact",
                "CustomerEndpoint": {"Address": "+12065550101", "Type": "TELEPHONE_NUMBER"},
                "CustomerId": None,
                "Description": None,
                "InitialContactId": "0190-contact",
                "InitiationMethod": "API",
                "InstanceARN": "arn:aws:connect:us-east-1:000000000000:instance/north",
                "LanguageCode": "en-US",
                "MediaStreams": {"Customer": {"Audio": None}},
                "Name": None,
                "PreviousContactId": "0190-contact",
                "Queue": {
                    "ARN": "arn:aws:connect:us-east-1:000000000000:instance/north/queue/sales",
                    "Name": "Sales",
                },
                "References": {},
                "SystemEndpoint": {"Address": "+12065550199", "Type": "TELEPHONE_NUMBER"},
            },
            "Parameters": {"order": "42"},
        },
        "Name": "ContactFlowEvent",
    }


async def test_who_has_the_secret_can_tell_that_the_event_is_ours(town: Town) -> None:
    await answer_of(town.caller(keys=(KEY, b"the key that takes its place")).functions)

    ((headers, body),) = town.service.asked
    content = b"msg_1.1700000000." + body
    told = [
        base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        for key in (KEY, b"the key that takes its place")
    ]
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1", "1700000000")
    assert headers["webhook-signature"] == f"v1,{told[0]} v1,{told[1]}"


@pytest.mark.parametrize("asked", ["look-up", ARN, f"{ARN}:LIVE", ARN.replace("eu-west-2", "us-east-1")])
async def test_a_bare_name_stands_for_every_arn_of_that_name(town: Town, asked: str) -> None:
    assert await answer_of(town.caller().functions, asked) == {"tier": "gold"}


async def test_an_arn_stands_for_itself_alone(town: Town) -> None:
    caller = town.caller(to=ARN)
    assert await answer_of(caller.functions, ARN) == {"tier": "gold"}
    assert await answer_of(caller.functions, ARN.replace("eu-west-2", "us-east-1")) is None
    assert caller.totals.asked["unknown", Outcome.UNKNOWN] == 1


async def test_nothing_is_sent_to_whoever_cannot_show_who_they_are_and_the_log_says_so(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caller = town.caller(tls=ssl.create_default_context())
    assert await answer_of(caller.functions) is None
    assert not town.service.asked
    assert [(each.getMessage(), vars(each)["why"]) for each in caplog.records if each.name.startswith("trunkcall")] == [
        ("a function cannot be reached", "its certificate is not trusted")
    ]


async def test_nobody_is_sent_elsewhere(town: Town) -> None:
    town.service.replies = [says(status=307, headers={"location": town.service.url}), says({"tier": "gold"})]
    caller = town.caller()
    assert await answer_of(caller.functions) is None
    assert len(town.service.asked) == 1
    assert caller.outcomes() == {Outcome.REFUSED: 1}


@pytest.mark.parametrize(
    "body",
    [
        b"tier=gold",
        b'["gold"]',
        b'"gold"',
        b"NaN",
        b'{"tier": Infinity}',
        b'{"tier": "\xff"}',
        b'{"tier": "\\ud800"}',
        b'{"tier": ' + b"[" * 33 + b"]" * 33 + b"}",
        b'{"tier": ' + b"[" * 15_000 + b"]" * 15_000 + b"}",
        b'{"tier": "' + b"g" * MAX_ANSWER_BYTES + b'"}',
    ],
    ids=[
        "no JSON",
        "a list",
        "a text",
        "no number",
        "infinite",
        "no UTF-8",
        "half a character",
        "deep",
        "deeper",
        "large",
    ],
)
async def test_what_a_flow_cannot_use_is_no_answer(town: Town, body: bytes) -> None:
    town.service.replies = [says_bytes(body)]
    caller = town.caller()
    assert await answer_of(caller.functions) is None
    assert caller.outcomes() == {Outcome.UNREADABLE: 1}


@pytest.mark.parametrize(
    ("body", "answer"), [(b"null", {}), (b" ", {}), (b'\xef\xbb\xbf{"tier": "gold"}', {"tier": "gold"})]
)
async def test_what_has_nothing_to_say_or_begins_with_a_mark_is_an_answer(
    town: Town, body: bytes, answer: dict[str, str]
) -> None:
    town.service.replies = [says_bytes(body)]
    assert await answer_of(town.caller().functions) == answer


async def test_an_answer_may_be_packed_with_nothing(town: Town) -> None:
    town.service.replies = [says_bytes(b"{}", headers={"content-encoding": "gzip"}), says_bytes(b"")]
    assert [await answer_of(town.caller().functions) for _ in range(2)] == [{}, {}]
    assert town.service.asked[0][0]["accept-encoding"] == "identity"


async def test_an_answer_may_be_as_large_as_amazon_has_it(town: Town) -> None:
    text = "g" * (MAX_ANSWER_BYTES - len(b'{"a": ""}'))
    town.service.replies = [says({"a": text})]
    assert await answer_of(town.caller().functions) == {"a": text}


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_failed_is_asked_again_as_the_same_message(town: Town, status: int) -> None:
    town.service.replies = [says(status=status), says({"tier": "gold"})]
    assert await answer_of(town.caller().functions) == {"tier": "gold"}
    assert [headers["webhook-id"] for headers, _ in town.service.asked] == ["msg_1", "msg_1"]


async def test_what_is_asked_again_after_a_crash_is_the_same_message(town: Town) -> None:
    """A function that changes something goes by that."""
    again = replace(QUESTION, asking="contact-1-5")
    for _ in ("before", "after"):
        await answer_of(town.caller().functions, question=again)
    assert [headers["webhook-id"] for headers, _ in town.service.asked] == ["contact-1-5"] * 2


async def test_what_was_refused_is_not_asked_again(town: Town) -> None:
    town.service.replies = [says(status=403), says({"tier": "gold"})]
    assert await answer_of(town.caller().functions) is None
    assert len(town.service.asked) == 1


async def test_nobody_waits_longer_than_the_flow_says(town: Town) -> None:
    town.service.replies = [says_nothing]
    caller = town.caller()
    assert await answer_of(caller.functions, within=SHORT) is None
    assert caller.outcomes() == {Outcome.LATE: 1}


async def test_trying_again_takes_no_more_time_than_there_is(town: Town) -> None:
    town.service.replies = [says(status=500)]
    caller = town.caller()
    assert await answer_of(caller.functions, within=SHORT) is None
    assert len(town.service.asked) < 4


async def test_a_function_that_answers_nobody_is_spared_and_tried_again(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a service that is down
    caplog.set_level(logging.INFO, "trunkcall")
    town.service.replies = [says_nothing]
    caller = town.caller()
    for _ in range(FAILURES):
        assert caller.functions.trouble is None
        await answer_of(caller.functions, within=MILLISECOND)
    asked = len(town.service.asked)

    # Then nobody waits for it, and it is said
    assert await answer_of(caller.functions) is None
    assert len(town.service.asked) == asked
    assert caller.outcomes()[Outcome.SPARED] == 1
    assert caller.functions.trouble == (
        "the function look-up does not answer (late): flows go on by their error branch"
    )
    assert caller.totals.taken().spared == {"look-up"}

    # When it is back, one finds out, and until then no other waits
    town.service.replies = [says({"tier": "gold"})]
    caller.now_s += SPARED_S
    first, second = await asyncio.gather(answer_of(caller.functions), answer_of(caller.functions))
    assert (first, second) == ({"tier": "gold"}, None)
    assert await answer_of(caller.functions) == {"tier": "gold"}
    assert caller.functions.trouble is None
    assert not caller.totals.spared
    assert [each.getMessage() for each in caplog.records] == [
        "a function does not answer and is spared",
        "a function answers again",
    ]


async def test_one_that_is_tried_in_vain_is_spared_for_as_long_again(town: Town) -> None:
    town.service.replies = [says_nothing]
    caller = town.caller()
    for _ in range(FAILURES):
        await answer_of(caller.functions, within=MILLISECOND)
    caller.now_s += SPARED_S
    await answer_of(caller.functions, within=MILLISECOND)

    town.service.replies = [says({"tier": "gold"})]
    caller.now_s += SPARED_S - 1
    assert await answer_of(caller.functions) is None
    caller.now_s += 1
    assert await answer_of(caller.functions) == {"tier": "gold"}


async def test_events_that_are_refused_are_no_reason_to_spare_it(town: Town) -> None:
    refusals: list[Reply] = [says(status=400)] * (2 * FAILURES)
    town.service.replies = [*refusals, says({"tier": "gold"})]
    caller = town.caller()
    for _ in refusals:
        assert await answer_of(caller.functions) is None
    assert await answer_of(caller.functions) == {"tier": "gold"}


async def test_no_more_wait_for_it_than_may(town: Town) -> None:
    town.service.replies = [says_nothing]
    caller = town.caller(at_once=2)
    waiting = [asyncio.create_task(answer_of(caller.functions, within=SECOND)) for _ in range(2)]
    await asyncio.sleep(0)
    assert await answer_of(caller.functions) is None
    assert caller.outcomes() == {Outcome.BUSY: 1}
    assert await asyncio.gather(*waiting) == [None, None]
    town.service.replies = [says({"tier": "gold"})]
    assert await answer_of(caller.functions) == {"tier": "gold"}, "nobody waits any more"


async def test_nobody_waits_until_another_has_been_answered(town: Town) -> None:
    both = asyncio.Barrier(2)

    async def reply(request: web.Request) -> web.StreamResponse:
        await both.wait()
        return await says({"tier": "gold"})(request)

    town.service.replies = [reply]
    functions = town.caller().functions
    answers = await asyncio.gather(*(answer_of(functions, within=30 * SECOND) for _ in range(2)))
    assert answers == [{"tier": "gold"}] * 2


async def test_nothing_of_a_customer_is_in_any_log(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    town.service.replies = [says({"secret": "of Ann"}), says_bytes(b"of Ann"), says(status=500)]
    caller = town.caller()
    for _ in range(FAILURES + 3):
        await answer_of(caller.functions, within=SHORT)
    await answer_of(caller.functions, "a-function-of-Ann")
    told = " ".join(
        f"{each.getMessage()} {each.__dict__}" for each in caplog.records if each.name.startswith("trunkcall")
    )
    assert "spared" in told
    assert "Ann" not in told
    assert QUESTION.customer_number not in told
    assert "Ann" not in repr(QUESTION)
    assert QUESTION.customer_number not in repr(replace(QUESTION, queue_id=None))


async def test_the_log_says_once_a_minute_why_no_flow_can_use_an_answer(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    for replies, why in (
        ([says(status=401)], "its status is 401"),
        ([says(["gold"])], "it is no JSON object"),
        ([says_bytes(b"{" + b" " * MAX_ANSWER_BYTES)], "it is larger than 32 KB"),
    ):
        # Given a service whose answers are of no use
        caplog.clear()
        town.service.replies = [*replies]
        caller = town.caller()

        # When flows ask it
        for _ in range(3):
            assert await answer_of(caller.functions) is None

        # Then it is said, once, and after a minute again
        assert [(each.getMessage(), vars(each)["why"]) for each in caplog.records] == [
            ("a function has answered what no flow can use", why)
        ]
        caller.now_s += TELL_EVERY_S
        await answer_of(caller.functions)
        assert len(caplog.records) == 2


async def test_a_function_that_there_is_not_is_told_of_once_a_minute(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caller = town.caller(to="another")
    for _ in range(3):
        assert await answer_of(caller.functions) is None
    assert [each.getMessage() for each in caplog.records] == ["a flow asks a function that the settings do not have"]
