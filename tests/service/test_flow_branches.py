"""A campaign whose flow has a branch for everybody. If this fails, records do not tell what people have pressed, or
machines are asked and people are talked to as machines."""

from __future__ import annotations

from typing import Any

import pytest

from flows.branches import AGENT, BYE, MACHINE, MENU, NOTE, branches
from service.support import House, Witness, dialing
from trunkcall.domain.contact import ContactRecord, ContactState, DetectionStatus, Disposition
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.engine.commands import Originate
from trunkcall.engine.events import CarrierEvent, DetectionEnded, KeyPressed, LegAnswered, LegEnded
from trunkcall.simulation.world import World
from trunkcall.telephony.carrier import Destination

pytestmark = pytest.mark.virtual_time

REQUESTS = 500
KEYS = {"1": 0.3, "2": 0.25, "7": 0.15}
ANSWERED = World(human_ratio=0.6, machine_ratio=0.25)
"""Most are there."""
OF_KEY = {"1": AGENT, "2": NOTE, "7": BYE, None: BYE}
MACHINES = (DetectionStatus.VOICEMAIL_BEEP, DetectionStatus.VOICEMAIL_NO_BEEP)


class FarEnds(Witness):
    """People and machines who remember, by contact, what they have done."""

    def __init__(self, clock: Any, **arguments: Any) -> None:
        super().__init__(clock, **arguments)
        self.did: dict[str, list[CarrierEvent]] = {}
        self._of_leg: dict[str, str] = {}
        self.loses = self._remember

    def originate(self, command: Originate, destination: Destination) -> None:
        self._of_leg[command.leg_id] = command.contact_id
        self.did[command.contact_id] = []
        super().originate(command, destination)

    def _remember(self, event: CarrierEvent) -> bool:
        if isinstance(event, LegAnswered | DetectionEnded | KeyPressed | LegEnded) and event.leg_id in self._of_leg:
            self.did[self._of_leg[event.leg_id]].append(event)
        return False

    def branch(self, contact_id: str) -> str | None:
        """Where this one belongs by what they have done; None who has not answered."""
        did = self.did[contact_id]
        detection = next((each.detection for each in did if isinstance(each, DetectionEnded)), None)
        if detection is None:
            return None
        if detection in MACHINES:
            return MACHINE
        return OF_KEY[next((each.key for each in did if isinstance(each, KeyPressed)), None)]


def branch_on_record(record: ContactRecord) -> str | None:
    """Where the trail says that they were."""
    return next(
        (taken.action_id for taken in record.flow_trail if taken.action_id in {MACHINE, AGENT, NOTE, BYE}), None
    )


async def test_the_branches_of_500_stand_in_the_records_as_people_have_chosen_them() -> None:
    house = House.in_memory()
    ends = house.carrier = FarEnds(
        house.clock, world=ANSWERED, seed=1, on_agent_done=house.agent_done, customer_keys=KEYS
    )
    await house.open(agents=10, requests=0, detects=True)
    flow_id = next(iter(house.directory.contact_flows))
    await house.kept.put_facts(house.instance_id, [ContactFlow(flow_id, "Branches", content=branches())])
    await house.put(REQUESTS)
    async with dialing(house, house.owner()):
        await house.until_all_ended(REQUESTS)
        assert house.dialer.trouble is None
        records = await house.records()
    assert {record.state for record in records} == {ContactState.ENDED}
    told = {record.contact_id: branch_on_record(record) for record in records}
    assert told == {contact_id: ends.branch(contact_id) for contact_id in told}
    for record in records:
        assert (record.flow_attributes or {}).get("wish") == ("written" if told[record.contact_id] == NOTE else None)
        assert (MENU in {taken.action_id for taken in record.flow_trail}) == (
            told[record.contact_id] in {AGENT, NOTE, BYE}
        )
    assert {record.disposition for record in records if told[record.contact_id] == MACHINE} == {Disposition.VOICEMAIL}
