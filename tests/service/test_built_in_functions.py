"""What a customer asks of the dialer itself, by a key. If these fail, somebody who was told that they are not called
again is called again, or nobody calls back whoever was promised it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pytest

from functions.endpoints import QUESTION, answer_of
from gating import screening
from gating import test_key as key_of
from service.offices import NOW, NobodyDials, Office
from service.support import dialing_of
from trunkcall.domain.campaign import DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.do_not_call import OPT_OUTS
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.instants import HOUR, MINUTE, Duration
from trunkcall.service.built_in_functions import BuiltInFunctions, CallBack, OptOut
from trunkcall.service.dial_requests import DialRequests
from trunkcall.service.do_not_call import DoNotCall
from trunkcall.service.functions import CALL_BACK, DO_NOT_CALL, Answer, Done, FunctionTotals, Outcome, Question
from trunkcall.service.totals import SubmittedTotals

ANN = QUESTION.customer_number


class Others:
    """Functions elsewhere."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, arn: str, question: Question, within: Duration, done: Done) -> None:
        self.asked.append(arn)
        asyncio.get_running_loop().call_soon(done, {"from": "elsewhere"})


class Desk(NobodyDials):
    """An office whose customers press keys."""

    def __init__(self, office: Office) -> None:
        self.office, self.others, self.totals = office, Others(), FunctionTotals()
        self.opted: list[Collection[int]] = []
        self.still = 0
        self.stood_still: list[bool] = []
        self.lists = DoNotCall(office.centre, office.store, office.store.campaign, key_of, office.now_of, self)
        self.requests = DialRequests(
            office.store,
            office.campaigns,
            office.now_of,
            office.new_id,
            self,
            screening(office.store, dialing_of),
            SubmittedTotals(),
            max_waiting=10,
        )
        self.functions = BuiltInFunctions(
            {
                DO_NOT_CALL: OptOut(self.lists, office.centre),
                CALL_BACK: CallBack(office.campaigns, self.requests, office.now_of),
            },
            self.others,
            self.totals,
            still=self.standing_still,
        )

    def opted_out(self, instance_id: str, number_keys: Collection[int]) -> None:
        self.opted.append(number_keys)
        self.stood_still.append(self.still > 0)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        self.still += 1
        yield
        self.still -= 1

    async def campaign(self, name: str, dialer: DialerConfig, *, starts: bool = True) -> str:
        call = OutboundCallConfig(next(iter(self.office.first.contact_flows)), next(iter(self.office.first.queues)))
        made = await self.office.campaigns.create_campaign(
            name=name, instance_id=self.office.default, dialer=dialer, outbound_call=call, tags={}
        )
        if starts:
            await self.office.campaigns.start_campaign(made.campaign_id)
        return made.campaign_id

    def question(self, campaign_id: str = "", **parameters: str) -> Question:
        flow_id = next(iter(self.office.first.contact_flows))
        return replace(
            QUESTION, instance_id=self.office.default, campaign_id=campaign_id, flow_id=flow_id, parameters=parameters
        )

    async def pressed(self, function: str, question: Question) -> Answer | None:
        return await answer_of(self.functions, function, question)

    def outcomes(self) -> Mapping[tuple[str, Outcome], int]:
        return dict(self.totals.asked)


WITHOUT_AGENTS = DialerConfig(DialerType.AGENTLESS, 1.0)
WITH_AGENTS = DialerConfig(DialerType.PROGRESSIVE, 1.0)


@pytest.fixture
async def desk() -> Desk:
    return Desk(await Office().open())


async def test_whoever_does_not_want_to_be_called_again_is_on_the_list_before_the_flow_goes_on(desk: Desk) -> None:
    found: list[bool] = []

    def goes_on(answer: Answer | None) -> None:
        assert answer == {"list": OPT_OUTS}
        found.append(bool(desk.opted))

    desk.functions.ask(DO_NOT_CALL, desk.question(), 8_000_000, goes_on)
    while not found:
        await asyncio.sleep(0)

    (entry,) = await desk.lists.get_do_not_call_entries(desk.office.default, ANN)
    flow = next(iter(desk.office.first.contact_flows.values()))
    assert (entry.list_name, entry.origin.source) == (OPT_OUTS, f"contact flow {flow.name}")
    assert found == [True]
    assert desk.opted == [[key_of(ANN)]]


async def test_a_flow_whose_name_may_not_be_kept_is_not_named(desk: Desk) -> None:
    flow = next(iter(desk.office.first.contact_flows.values()))
    await desk.office.store.put_facts(desk.office.default, [replace(flow, name="Call +1 206 555 0101")])
    assert await desk.pressed(DO_NOT_CALL, desk.question()) == {"list": OPT_OUTS}
    (entry,) = await desk.lists.get_do_not_call_entries(desk.office.default, ANN)
    assert entry.origin.source == "contact flow"


async def test_time_stands_still_until_it_is_done(desk: Desk) -> None:
    await desk.pressed(DO_NOT_CALL, desk.question())
    assert desk.stood_still == [True]
    assert desk.still == 0


async def test_by_an_arn_it_is_the_same_function(desk: Desk) -> None:
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{DO_NOT_CALL}"
    assert await desk.pressed(arn, desk.question()) == {"list": OPT_OUTS}


async def test_where_nothing_can_be_written_nobody_is_told_that_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(*_: object) -> int:
        raise StoreUnavailableError

    monkeypatch.setattr(desk.office.store, "add_entries", fails)
    assert await desk.pressed(DO_NOT_CALL, desk.question()) is None
    assert desk.outcomes() == {(DO_NOT_CALL, Outcome.FAILED): 1}
    assert ANN not in caplog.text


async def test_whoever_asks_to_be_called_back_is_called_by_an_agent_of_the_campaign_that_the_flow_names(
    desk: Desk,
) -> None:
    reminders = await desk.campaign("Reminders", WITHOUT_AGENTS)
    backs = await desk.campaign("Call backs", WITH_AGENTS)

    answer = await desk.pressed(CALL_BACK, desk.question(reminders, campaign="Call backs", minutes="30", hours="4"))

    assert answer is not None
    (record,) = [record async for chunk in desk.office.store.contacts() for record in chunk]
    assert answer == {"campaign": "Call backs", "contact": record.contact_id}
    assert (record.campaign_id, record.phone_number) == (backs, ANN)
    assert record.attributes == {"name": "Ann", "call_back_of": QUESTION.contact_id}
    assert (record.due_at, record.expires_at) == (NOW + 30 * MINUTE, NOW + 30 * MINUTE + 4 * HOUR)


async def test_a_flow_names_the_campaign_by_its_name_its_id_or_its_arn(desk: Desk) -> None:
    reminders = await desk.campaign("Reminders", WITHOUT_AGENTS)
    backs = await desk.office.campaigns.describe_campaign(await desk.campaign("Call backs", WITH_AGENTS))
    for named in (backs.name, backs.campaign_id, backs.arn):
        answer = await desk.pressed(CALL_BACK, desk.question(reminders, campaign=named))
        assert answer is not None
        assert answer["campaign"] == "Call backs"


async def test_the_campaign_that_calls_back_may_be_any_of_many(desk: Desk) -> None:
    for number in range(150):
        await desk.campaign(f"Reminders {number}", WITHOUT_AGENTS, starts=False)
    backs = await desk.campaign("Call backs", WITH_AGENTS)
    for question in (desk.question(campaign="Call backs"), desk.question(campaign=backs), desk.question(backs)):
        answer = await desk.pressed(CALL_BACK, question)
        assert answer is not None
        assert answer["campaign"] == "Call backs"


async def test_who_asks_twice_is_called_back_once(desk: Desk) -> None:
    campaign_id = await desk.campaign("Call backs", WITH_AGENTS)
    first, second = [await desk.pressed(CALL_BACK, desk.question(campaign_id)) for _ in range(2)]
    assert first == second
    assert first is not None


@pytest.mark.parametrize(
    "parameters", [{"campaign": "None of ours"}, {"minutes": "0"}, {"minutes": "soon"}, {"hours": "1000"}]
)
async def test_what_cannot_be_promised_is_not(desk: Desk, parameters: dict[str, str]) -> None:
    campaign_id = await desk.campaign("Call backs", WITH_AGENTS)
    assert await desk.pressed(CALL_BACK, desk.question(campaign_id, **parameters)) is None
    assert desk.outcomes() == {(CALL_BACK, Outcome.REFUSED): 1}


async def test_nobody_is_called_back_by_a_machine(desk: Desk) -> None:
    campaign_id = await desk.campaign("Reminders", WITHOUT_AGENTS)
    assert await desk.pressed(CALL_BACK, desk.question(campaign_id)) is None


async def test_a_campaign_that_does_not_run_takes_no_call_back(desk: Desk) -> None:
    campaign_id = await desk.campaign("Call backs", WITH_AGENTS, starts=False)
    assert await desk.pressed(CALL_BACK, desk.question(campaign_id)) is None


async def test_whoever_opted_out_is_not_called_back_either(desk: Desk) -> None:
    campaign_id = await desk.campaign("Call backs", WITH_AGENTS)
    await desk.pressed(DO_NOT_CALL, desk.question(campaign_id))
    assert await desk.pressed(CALL_BACK, desk.question(campaign_id)) is None


async def test_all_others_are_asked_elsewhere_but_for_names_that_are_kept(desk: Desk) -> None:
    assert await desk.pressed("look-up", desk.question()) == {"from": "elsewhere"}
    assert await desk.pressed("trunkcall-sing", desk.question()) is None
    assert desk.others.asked == ["look-up"]
