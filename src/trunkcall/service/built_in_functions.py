"""Functions of contact flows that are answered here: what a customer asks of the dialer itself, by a key.

Decides what they do and answer: nobody is told that something is done before it is durable. It must not know how other
functions are reached.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final, TypeAlias

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.clock import NowOf, Seconds
from trunkcall.domain.do_not_call import OPT_OUTS
from trunkcall.domain.errors import InvalidInputError, NotFoundError
from trunkcall.domain.function_name import OWN_PREFIX, function_name
from trunkcall.domain.instants import HOUR, MINUTE, Duration
from trunkcall.flows.values import whole_number
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.centre import Centre
from trunkcall.service.dial_requests import AcceptedItem, DialRequestItem, DialRequests
from trunkcall.service.do_not_call import DoNotCall
from trunkcall.service.functions import (
    UNKNOWN,
    Answer,
    Done,
    Functions,
    FunctionTotals,
    Outcome,
    Question,
)
from trunkcall.service.remarks import check_remark

log = logging.getLogger(__name__)

Act: TypeAlias = Callable[[Question], Awaitable[Answer]]
"""What a function does. Raises TrunkcallError where it cannot be done."""

CALL_BACK_OF: Final = "call_back_of"
"""The attribute of a call back that names the contact in which it was asked for."""
_CAMPAIGNS_AT_ONCE: Final = 100
_MAX_NAME: Final = 150
_MAX_MINUTES: Final = 7 * 24 * 60
_MAX_HOURS: Final = 7 * 24
_SOON: Final = 1
"""Minutes: whoever asked has hung up by then."""
_FOR: Final = 24
"""Hours."""


class BuiltInFunctions:
    """They, and ``others`` for all that is none of them. What they do is done even where the flow waits for it no more.
    Meanwhile ``still`` has the instance's clock stand still, if it paces itself: at a hundred times the speed a disk
    would be slower than a flow waits."""

    def __init__(
        self,
        acts: Mapping[str, Act],
        others: Functions,
        totals: FunctionTotals,
        *,
        still: Callable[[], AbstractContextManager[None]],
        monotonic: Seconds = time.monotonic,
    ) -> None:
        self._acts = acts
        self._others = others
        self._totals = totals
        self._still = still
        self._monotonic = monotonic
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, arn: str, question: Question, within: Duration, done: Done) -> None:
        """Ask one of them by its name, or one of the others."""
        name = function_name(arn)
        act = self._acts.get(name)
        if act is not None:
            task = asyncio.get_running_loop().create_task(self._acted(name, act, question, done))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif name.startswith(OWN_PREFIX):
            log.warning("a flow asks a function that is not built in", extra={"flow_id": question.flow_id})
            self._totals.count(UNKNOWN, Outcome.UNKNOWN)
            asyncio.get_running_loop().call_soon(done, None)
        else:
            self._others.ask(arn, question, within, done)

    async def _acted(self, name: str, act: Act, question: Question, done: Done) -> None:
        began_s = self._monotonic()
        answer: Answer | None = None
        outcome = Outcome.FAILED
        try:
            with self._still():
                answer, outcome = await act(question), Outcome.ANSWERED
        except Exception as error:  # somebody waits for a word of it, whatever it was
            if isinstance(error, InvalidInputError | NotFoundError):
                outcome = Outcome.REFUSED
            log.warning(
                "a built-in function could not do what a customer asked",
                extra={"function": name, "contact_id": question.contact_id, "why": type(error).__name__},
            )
        self._totals.count(name, outcome, self._monotonic() - began_s)
        done(answer)


class OptOut:
    """Puts the customer's number on the instance's list of opt-outs, for good."""

    def __init__(self, lists: DoNotCall, centre: Centre) -> None:
        self._lists = lists
        self._centre = centre

    async def __call__(self, question: Question) -> Answer:
        """Nobody of the instance dials the number from when this returns. Raises TrunkcallError."""
        await self._lists.add_do_not_call_entries(
            question.instance_id,
            [question.customer_number],
            source=await self._source(question),
            reason="asked not to be called",
        )
        return {"list": OPT_OUTS}

    async def _source(self, question: Question) -> str:
        """The flow, by its name, if that can be written down."""
        directory = await self._centre.directory(question.instance_id)
        flow = directory.contact_flows.get(question.flow_id)
        source = "contact flow"
        try:
            if flow is not None:
                check_remark(flow.name, "name of a flow", most=_MAX_NAME, no_number="it stays with an entry")
                source = f"{source} {flow.name}"
        except InvalidInputError:
            pass
        return source


class CallBack:
    """Makes a dial request for the customer, of a campaign with agents: the one that is named, or the contact's own.
    It is dialed as any other, when the rules allow it, and not after its time."""

    def __init__(self, campaigns: Campaigns, requests: DialRequests, now_of: NowOf) -> None:
        self._campaigns = campaigns
        self._requests = requests
        self._now_of = now_of

    async def __call__(self, question: Question) -> Answer:
        """The request is durable when this returns; whoever asks twice in a contact gets one. Raises TrunkcallError,
        InvalidInputError for a campaign without agents, or where the request is refused."""
        campaign = await self._campaign(question)
        if not campaign.dialer.needs_agents:
            raise InvalidInputError("A campaign without agents calls nobody back.")
        now = self._now_of(question.instance_id)
        due_at = now + _whole(question, "minutes", _SOON, _MAX_MINUTES) * MINUTE
        (result,) = await self._requests.put_dial_request_batch(
            campaign.campaign_id,
            [
                DialRequestItem(
                    f"call-back-{question.contact_id}",
                    question.customer_number,
                    due_at + _whole(question, "hours", _FOR, _MAX_HOURS) * HOUR,
                    {**question.attributes, CALL_BACK_OF: question.contact_id},
                    due_at,
                )
            ],
        )
        if not isinstance(result, AcceptedItem):
            raise result.refusal
        return {"campaign": campaign.name, "contact": result.contact_id}

    async def _campaign(self, question: Question) -> Campaign:
        named = question.parameters.get("campaign")
        if not named:
            return await self._campaigns.describe_campaign(question.campaign_id)
        after = None
        while True:
            page = await self._campaigns.list_campaigns(
                instance_id=question.instance_id, after=after, limit=_CAMPAIGNS_AT_ONCE
            )
            for each in page.campaigns:
                if named in (each.campaign_id, each.name, each.arn):
                    return each
            after = page.after
            if after is None:
                raise NotFoundError("The instance has no such campaign.")


def _whole(question: Question, name: str, default: int, most: int) -> int:
    """A parameter that is a whole number from 1. Raises InvalidInputError."""
    given = question.parameters.get(name, "")
    if not given:
        return default
    number = whole_number(given, 1, most)
    if number is None:
        raise InvalidInputError(f"The parameter {name} must be a whole number from 1 to {most}.")
    return number
