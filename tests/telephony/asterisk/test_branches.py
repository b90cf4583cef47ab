"""Every branch of a flow, with a far end whose SIP is not ours. If this fails, records do not tell what people have
pressed, keys are lost that telephones send beside the sound, or machines are asked to press some.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from flows.branches import AGENT, MACHINE, MENU, NOTE
from telephony.asterisk.branches import branch_of, by_info, name_of, work
from telephony.asterisk.inside import inside
from telephony.asterisk.place import Which, place_of_this_worker

PEOPLE = 60
AGENTS = 20
TALK_MS = 2500
"""Longer than a busy machine takes to join two: whoever hangs up before has been called in vain."""


@pytest.mark.long
@pytest.mark.timeout(300)
@inside
def test_the_branches_that_people_choose_by_keys_stand_in_their_records(tmp_path: Path) -> None:
    shift = work(place_of_this_worker(Which.CENTRE), tmp_path, many=PEOPLE, agents=AGENTS, talk_ms=TALK_MS)
    chosen = {number: branch_of(record) for number, record in shift.records.items()}
    assert chosen == {number: kind.branch for number, kind in shift.called.items()}
    for number, record in shift.records.items():
        kind = shift.called[number]
        asked = [each["Branch"] for each in record["Flow"] if each["ActionId"] == MENU]
        assert len(asked) == (kind.branch != MACHINE), number
        assert record["Attributes"].get("wish") == ("written" if kind.branch == NOTE else None)
        assert (record["Disposition"] == "voicemail") is (kind.branch == MACHINE)
    pressed = Counter(name_of(kind.key, info=by_info(number)) for number, kind in shift.called.items() if kind.key)
    assert {name: shift.customers[name] for name in pressed} == pressed
    assert shift.customers["machines"] == sum(branch == MACHINE for branch in chosen.values())
    talks = [number for number, record in shift.records.items() if record["Disposition"] == "connected_to_agent"]
    assert all(chosen[number] == AGENT for number in talks)
    assert shift.agents["talks"] == len(talks)
