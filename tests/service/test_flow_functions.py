"""Campaigns whose flows ask functions. If these fail, a service is told what is not so, its answer is lost or taken for
another's, or somebody hears that they are not called again and is."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from flows.support import EXAMPLES, asks, flow, notes
from gating import test_key as key_of
from service.offices import NobodyDials
from service.support import SCOPE, House, dialing
from service.test_flow_campaigns import open_with
from trunkcall.domain.contact import ContactRecord, Disposition
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.domain.saying import Saying
from trunkcall.engine.events import KeyPressed
from trunkcall.service.built_in_functions import BuiltInFunctions, OptOut
from trunkcall.service.centre import Centre
from trunkcall.service.do_not_call import DoNotCall
from trunkcall.service.functions import DO_NOT_CALL, Done, FunctionTotals, NoFunctions, Question

pytestmark = pytest.mark.virtual_time

(CALL_ME_BACK,) = (path.read_text("utf-8") for path in EXAMPLES if path.stem == "call-me-back")
WHO = {"who": "$.CustomerEndpoint.Address"}
LOOK_UP = flow(
    notes("order", "order", "42", then="ask"),
    asks("look-up", within_s=1, then="tier", otherwise="unknown", LambdaInvocationAttributes=WHO),
    notes("tier", "tier", "$.External.tier"),
    notes("unknown", "tier", "unknown"),
)


class Service:
    """A function that answers after so long, by the instance's clock; None: never."""

    def __init__(self, house: House, after: Duration | None) -> None:
        self.house, self.after = house, after
        self.asked: list[tuple[str, Question, Duration]] = []

    def ask(self, arn: str, question: Question, within: Duration, done: Done) -> None:
        self.asked.append((arn, question, within))
        if self.after is not None:
            clock = self.house.clock
            clock.call_at(clock.now() + self.after, lambda: done({"tier": f"gold of {question.contact_id}"}))


def answered(records: list[ContactRecord]) -> list[ContactRecord]:
    return [record for record in records if record.flow_trail]


async def test_a_function_is_told_of_the_contact_and_its_answer_is_the_contacts() -> None:
    house = House.in_memory()
    service = house.functions = Service(house, after=SECOND // 2)
    await open_with(house, LOOK_UP)
    async with dialing(house, house.owner()):
        await house.until_all_ended(30)
        records = answered(list(await house.records()))

    assert len(service.asked) == len(records) > 5
    arn, question, within = service.asked[0]
    assert (arn, within) == ("look-up", SECOND)
    assert (question.instance_id, question.campaign_id) == (house.instance_id, "spring")
    assert question.attributes == {"order": "42"}
    assert question.parameters == {"who": "+12125550100"}
    assert question.queue_name == "BasicQueue"
    assert all((record.flow_attributes or {}).get("tier") == f"gold of {record.contact_id}" for record in records)


@pytest.mark.parametrize("after", [None, SECOND * 3 // 2], ids=["never", "late"])
async def test_nobody_waits_longer_than_the_flow_says_and_no_late_answer_counts(after: Duration | None) -> None:
    house = House.in_memory()
    service = house.functions = Service(house, after=after)
    await open_with(house, LOOK_UP)
    async with dialing(house, house.owner()):
        await house.until_all_ended(30)
        records = answered(list(await house.records()))

    assert len(service.asked) == len(records) > 5
    assert {(record.flow_attributes or {}).get("tier") for record in records} == {"unknown"}


async def test_nobody_hears_that_they_are_called_no_more_before_it_is_so() -> None:
    # Given customers who press 9 once they have heard what it is for
    house = House.in_memory()
    await open_with(house, CALL_ME_BACK, requests=0)
    told: list[bool] = []
    opted_out: set[int] = set()

    class Ear(NobodyDials):
        def opted_out(self, instance_id: str, number_keys: Collection[int]) -> None:
            opted_out.update(number_keys)
            house.dialer.opted_out(number_keys)

    centre = Centre(house.kept, house.kept, SCOPE, lambda _: house.clock.now(), lambda: next(house.ids), Ear())
    lists = DoNotCall(centre, house.kept, house.kept.campaign, key_of, lambda _: house.clock.now(), Ear())
    house.functions = BuiltInFunctions(
        {DO_NOT_CALL: OptOut(lists, centre)}, NoFunctions(), FunctionTotals(), still=house.clock.standing_still
    )

    def heard(leg_id: str, play_id: str, saying: Saying) -> None:
        words = " ".join(part.value for part in saying.parts)
        if "press 9" in words:
            house.clock.call_at(house.clock.now() + SECOND, lambda: house.carrier.tell(KeyPressed(leg_id, "9")))
        elif "will not be called again" in words:
            told.append(key_of("+12125550100") in opted_out)

    house.carrier.listeners.append(heard)

    # When the campaign runs, in which all have one number
    await house.put(60)
    async with dialing(house, house.owner()):
        await house.until_all_ended(60)
        records = list(await house.records())

    # Then the first who says so is told so once it lasts, and nobody is dialed afterwards
    assert told
    assert all(told)
    assert any(record.disposition is Disposition.DO_NOT_CALL for record in records)
    (entry,) = await lists.get_do_not_call_entries(house.instance_id, "+12125550100")
    assert entry.origin.source == "contact flow Flow"
