"""A campaign over a real switch, as a contact centre runs one: boto3 on one side, telephones on the other.

If this fails, what Trunkcall says of a shift is not what the people at the other end have gone through.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from telephony.asterisk.centre import Centre, Site, calls, greets, numbers, own_tone, speaks
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Manner
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.tones import tones_in

AGENTS = tuple(f"agent-{n:02d}" for n in range(1, 11))
TALK_S = 4.0
DETECTION = {"trunkcall:detection": "greeting=300"}
ANSWER_HZ = 880
"""What agents in a session hear as a live answer is joined: the setting answer_tone."""
"""People here greet for half as long. A machine is known by what it says first, before a busy one may pause."""
KINDS = {
    "connected_to_agent": 75,
    "voicemail": 90,
    "busy": 67,
    "invalid_number": 50,
    "no_answer": 14,
    "network_failure": 2,
    "rings for ever": 2,
}
"""What becomes of 300 people, where agents are there for all who answer."""


@dataclass(frozen=True)
class Person:
    """Somebody who is called, and what Trunkcall ought to say of them."""

    number: str
    hertz: int
    kind: str

    @property
    def manner(self) -> Manner:
        match self.kind:
            case "connected_to_agent":
                rings_s = 0.2 + 1.8 * (self.hertz % 20) / 20
                return Manner(answers_after_s=rings_s, says=greets(self.hertz), goes_on=speaks(self.hertz))
            case "voicemail":
                return Manner(answers_after_s=1.0, goes_on=speaks(self.hertz))
            case "busy":
                return Manner(code=486)
            case "invalid_number":
                return Manner(code=404)
            case "no_answer":
                return Manner(code=480, code_after_s=2.0)
            case "network_failure":
                return Manner(dead=True)
            case _:
                return Manner(answers_after_s=None)


def people() -> list[Person]:
    """Mixed; those who take longest are not the last."""
    order: list[str] = []
    left = Counter(KINDS)
    while left:
        # The kind of which most is left, by its share.
        kind = max(left, key=lambda each: (left[each] / KINDS[each], KINDS[each]))
        order.append(kind)
        left[kind] -= 1
        left = +left
    return [
        Person(number, own_tone(n), kind)
        for n, (number, kind) in enumerate(zip(numbers(len(order)), order, strict=True))
    ]


@pytest.mark.long
@pytest.mark.timeout(300)
@inside
def test_what_is_on_record_of_300_people_is_what_has_befallen_them(tmp_path: Path) -> None:
    called = people()
    tone_of_agent = {name: own_tone(1000 + 20 * n) for n, name in enumerate(AGENTS)}
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), AGENTS, stack)
        customers = site.customers({person.number: person.manner for person in called})
        phones = site.agents(
            {
                name: Manner(answers_after_s=0.05, goes_on=speaks(hertz), leaves_after_s=TALK_S)
                for name, hertz in tone_of_agent.items()
            }
        )
        centre = Centre(site.serve(tmp_path / "centre"), phones)
        centre.hire()
        with centre.confirming():
            campaign_id = centre.call(
                [person.number for person in called],
                dialerConfig={"predictiveDialerConfig": {"bandwidthAllocation": 1.0}},
                tags=DETECTION,
            )
            records = centre.until_all_ended(campaign_id)

        # Every attempt is one call, and everybody has had one.
        received = {dialog.number: dialog for dialog in calls(customers)}
        assert Counter(invite["call-id"] for invite in customers.invites).most_common(1)[0][1] == 1
        assert len(customers.invites) == len(received) == len(called) == len(records)

        # What is on record is what has befallen them.
        heard = {number: tones_in(bytes(dialog.heard)) for number, dialog in received.items()}
        for person in called:
            says = records[person.number]["Disposition"]
            match person.kind:
                case "connected_to_agent":
                    reached = bool(heard[person.number])
                    assert says == ("connected_to_agent" if reached else "abandoned"), person
                case "rings for ever":
                    assert says == "no_answer", person
                case kind:
                    assert says == kind, person

        # Each talk was one of two people, who have heard each other and nobody else.
        talks = Counter(
            hertz for name in AGENTS for each in calls(phones[name]) for hertz in tones_in(bytes(each.heard))
        )
        for person in called:
            record = records[person.number]
            if record["Disposition"] == "connected_to_agent":
                assert heard[person.number] == {tone_of_agent[record["Agent"]["Username"]]}
                assert talks.pop(person.hertz) == 1
            else:
                assert heard[person.number] == set()
        assert not talks, "agents have heard people who are not on record as connected"
        centre.server.wait_until(lambda: all(each.over for name in AGENTS for each in calls(phones[name])))


@pytest.mark.long
@inside
def test_agents_who_stay_on_the_line_hear_one_customer_after_the_other(tmp_path: Path) -> None:
    """Their telephones ring once in a shift, and nobody is heard by whoever comes next."""
    called = numbers(6)
    # Far apart: half a second may hold the end of one customer and the beginning of the next.
    hertz = {number: own_tone(10 * n) for n, number in enumerate(called)}
    agent_hertz = {name: own_tone(500 + 20 * n) for n, name in enumerate(AGENTS[:2])}
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), AGENTS[:2], stack)
        customers = site.customers(
            {
                number: Manner(
                    answers_after_s=0.2, says=greets(hertz[number]), goes_on=speaks(hertz[number]), leaves_after_s=4.5
                )
                for number in called
            }
        )
        phones = site.agents(
            {name: Manner(answers_after_s=0.1, goes_on=speaks(agent_hertz[name])) for name in agent_hertz}
        )
        centre = Centre(site.serve(tmp_path / "centre"), phones)
        centre.hire(persistent=True)
        with centre.confirming():
            records = centre.until_all_ended(centre.call(called))
        shifts = {name: calls(phones[name]) for name in phones}
        assert [len(shift) for shift in shifts.values()] == [1, 1]
        received = {dialog.number: dialog for dialog in calls(customers)}
        heard_by: dict[str, set[int]] = {name: set() for name in phones}
        for number in called:
            assert records[number]["Disposition"] == "connected_to_agent"
            name = records[number]["Agent"]["Username"]
            assert tones_in(bytes(received[number].heard)) == {agent_hertz[name]}
            heard_by[name].add(hertz[number])
        for name, (shift,) in shifts.items():
            assert tones_in(bytes(shift.heard)) - {ANSWER_HZ} == heard_by[name]
            assert not shift.over, "the shift goes on"


@pytest.mark.long
@inside
def test_who_has_answered_and_is_reached_by_nobody_is_abandoned_and_let_go(tmp_path: Path) -> None:
    called = numbers(3)
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), AGENTS[:3], stack)
        customers = site.customers(dict.fromkeys(called, Manner(answers_after_s=0.2, says=greets(440))))
        phones = site.agents(dict.fromkeys(AGENTS[:3], Manner(answers_after_s=None)))
        centre = Centre(site.serve(tmp_path / "centre"), phones)
        centre.hire()
        with centre.confirming():
            records = centre.until_all_ended(centre.call(called))
        assert {record["Disposition"] for record in records.values()} == {"abandoned"}
        assert all(record["Abandoned"] for record in records.values())
        assert len(customers.invites) == 3
        centre.server.wait_until(lambda: all(dialog.over for dialog in calls(customers)))
        assert not any(dialog.left for dialog in calls(customers)), "they would wait for ever in silence"
        rung = sum(len(calls(phones[name])) for name in AGENTS[:3])
        assert rung == 3, "each of them was to have an agent"
