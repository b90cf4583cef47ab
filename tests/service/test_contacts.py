"""Attributes that a program gives contacts while their flows go on. If these fail, a flow goes by what was known of
somebody before the call, or what was given is lost as soon as the flow sets something itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from service.flow_desk import END, action, content
from service.offices import NobodyDials
from service.support import SCOPE, House, dialing
from service.test_flow_campaigns import open_with
from trunkcall.domain.changes import Change, ContactDetected
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.service.centre import Centre
from trunkcall.service.contacts import Contacts

pytestmark = pytest.mark.virtual_time

COPIES = content(
    action("hello", "MessageParticipant", "copy", Text="Hello"),
    action("copy", "UpdateContactAttributes", "end", Attributes={"heard": "$.Attributes.said"}),
    END,
)


class TellsDialer(NobodyDials):
    """The house's dialer is told, as the supervisor has it."""

    def __init__(self, house: House) -> None:
        self._house = house

    def attributes_given(self, instance_id: str, contact_id: str, attributes: Mapping[str, str]) -> None:
        assert instance_id == self._house.instance_id
        self._house.dialer.attributes_given(contact_id, attributes)


@pytest.mark.parametrize("killed", [False, True], ids=["by the same dialer", "after the dialer was killed"])
async def test_a_flow_goes_on_with_what_a_program_gives_its_contact_meanwhile(killed: bool) -> None:
    # Given customers who are greeted, and a program that gives each an attribute when it is known who has answered
    house = House.in_memory()
    await open_with(house, COPIES, requests=20)
    ears = TellsDialer(house)
    centre = Centre(house.kept, house.kept, SCOPE, lambda _: house.clock.now(), lambda: next(house.ids), ears)
    contacts = Contacts(house.kept, centre, lambda _: house.clock.now(), ears)
    carry_out = house.store.carry_out
    given: dict[str, str] = {}

    async def carried_out(lease: Any, changes: Sequence[Change], clearances: Mapping[str, Any]) -> Any:
        result = await carry_out(lease, changes, clearances)
        answered = [each.contact_id for each in changes if isinstance(each, ContactDetected)]
        for contact_id in answered:
            said = given[contact_id] = f"by {contact_id}"
            await contacts.update_contact_attributes(house.instance_id, contact_id, {"said": said})
        if answered and killed and len(given) == 1:
            raise StoreUnavailableError
        return result

    house.store.carry_out = carried_out
    # When all are called
    async with dialing(house, house.owner()):
        await house.until_all_ended(20)
        records = await house.records()
    # Then the flow of everybody who has heard the greeting to its end has read it
    told = {each.contact_id: each.all_attributes for each in records if len(each.flow_trail) > 1}
    assert len(told) > 1
    assert told == {each: {"said": given[each], "heard": given[each]} for each in told}


async def test_a_flow_goes_on_with_what_is_given_while_another_dialer_takes_its_contact_over() -> None:
    # Given a dialer that is killed once six customers have answered
    house = House.in_memory()
    await open_with(house, COPIES, requests=20)
    ears = TellsDialer(house)
    centre = Centre(house.kept, house.kept, SCOPE, lambda _: house.clock.now(), lambda: next(house.ids), ears)
    contacts = Contacts(house.kept, centre, lambda _: house.clock.now(), ears)
    carry_out, start = house.store.carry_out, house.carrier.start
    answered: list[str] = []
    late: list[str] = []

    async def carried_out(lease: Any, changes: Sequence[Change], clearances: Mapping[str, Any]) -> Any:
        result = await carry_out(lease, changes, clearances)
        answered.extend(each.contact_id for each in changes if isinstance(each, ContactDetected))
        if len(answered) >= 6 and not late:
            late.extend(answered)
            raise StoreUnavailableError
        return result

    async def started(*arguments: Any, **named: Any) -> None:
        # When a program gives them something as the next dialer, which has read of them, finds its carrier
        for contact_id in tuple(late):
            if "heard" in await contacts.get_contact_attributes(house.instance_id, contact_id):
                late.remove(contact_id)
                continue
            await contacts.update_contact_attributes(house.instance_id, contact_id, {"said": "late"})
        await start(*arguments, **named)

    house.store.carry_out, house.carrier.start = carried_out, started  # type: ignore[method-assign]  # to be in between
    async with dialing(house, house.owner()):
        await house.until_all_ended(20)
        records = await house.records()
    # Then whoever of them hears the greeting to its end is in a flow that has read it
    heard = [
        each.all_attributes.get("heard") for each in records if each.contact_id in late and len(each.flow_trail) > 1
    ]
    assert heard
    assert set(heard) == {"late"}
