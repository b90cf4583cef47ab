"""A shift of agents whose telephones are none of ours: SIPp registers them, comes to work by a code, answers, and
presses keys, some by INFO and some within the sound. If this fails, a floor works with the telephones of these tests
alone.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import pytest

from telephony.asterisk.ari import ask
from telephony.asterisk.floor import floor_of
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Manner
from telephony.asterisk.place import SIP_PORT
from telephony.asterisk.sipp import Sipp, plays
from telephony.asterisk.sipp_phones import dials, registers, users, works

pytestmark = [
    inside,
    pytest.mark.long,
]

AGENTS, REQUESTS = 20, 200
WORDS = {"3": "No interest", "6": "Sale", "7": "Call back"}
"""By digits with which no code ends: whoever has a customer between two stars has begun no code with that customer."""
OWN_PORT = 5062
"""Where SIPp dials codes from; it is called elsewhere."""


@pytest.mark.timeout(300)
def test_20_agents_at_telephones_of_sipp_work_through_200_requests_by_codes_alone(tmp_path: Path) -> None:
    # The last digit of a name is what its owner says of every contact.
    said = {f"agent-{n:02d}-{digit}": WORDS[digit] for n, digit in zip(range(AGENTS), cycle(WORDS), strict=False)}
    dispositions = ",".join(f"{digit}={word}" for digit, word in WORDS.items())
    folder = tmp_path / "sipp"
    folder.mkdir()
    with ExitStack() as stack:
        # Telephones of SIPp send no sound but for keys.
        floor = floor_of(tmp_path, stack, Manner(), agent_dispositions=dispositions, sound_within_s=0)
        made = floor.agents("add", *said, "--phone", "--persistent-connection")
        who = users({each["phone"]["user_name"]: each["phone"]["password"] for each in made}, folder / "users.csv")
        address, switch = floor.site.place.address(), floor.site.place.switch

        def has_all_do(name: str, scenario: str, port: int = OWN_PORT) -> None:
            file = folder / f"{name}.xml"
            file.write_text(scenario, encoding="ascii")
            plays(file, who, address, port, switch, AGENTS)

        def known() -> set[str]:
            return {each["resource"] for each in ask(floor.site.place, "GET", "endpoints/PJSIP")}

        floor.server.wait_until(lambda: known() >= {each["phone"]["user_name"] for each in made})
        (folder / "works.xml").write_text(works(folder, WORDS), encoding="ascii")
        has_all_do("registers", registers(), SIP_PORT)
        sipp = stack.enter_context(Sipp(folder / "works.xml", address, folder))
        has_all_do("comes", dials("*1"))
        campaign_id = floor.call(REQUESTS)
        floor.centre.until_all_ended(campaign_id)
        floor.server.wait_until(lambda: {each["state"] for each in floor.agents("list")} == {"Available"})
        has_all_do("leaves", dials("*0"))
        floor.server.wait_until(lambda: {each["state"] for each in floor.agents("list")} == {"Offline"})

        records = floor.server.export("--campaign", campaign_id)
        assert Counter(each["Disposition"] for each in records) == {"connected_to_agent": REQUESTS}
        assert {each["DisconnectReason"] for each in records} == {"AGENT_DISCONNECT"}
        assert [each for each in records if each["AgentDisposition"] != said[each["Agent"]["Username"]]] == []
        assert {each["Agent"]["Username"] for each in records} == set(said)
        floor.server.wait_until(lambda: sipp.counted()["SuccessfulCall"] + sipp.counted()["FailedCall"] >= AGENTS)
        assert sipp.counted()["answered"] == AGENTS, "each telephone has rung once"
