"""A contact flow over a real switch: it is heard, in all the ways in which something is said, and hears keys in both
ways in which telephones send them. If these fail, a menu is silence for whoever is called, or asks for what it never
hears."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from telephony.asterisk.centre import Centre, Site, greets, numbers
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Dialog, Manner, Phone
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.tones import a_tone, tones_in

pytestmark = inside

MENU, ONE, TWO = 1234, 568, 900
VOICE = """
import math, sys, wave
hertz = float(sys.stdin.read())
with wave.open(sys.argv[1], "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    for n in range(8000):
        file.writeframesraw(round(16000 * math.sin(2 * math.pi * hertz * n / 8000)).to_bytes(2, "little", signed=True))
"""
"""Speaks numbers: each is a tone of its pitch, for a second."""
FLOW: dict[str, Any] = {
    "Version": "2019-10-30",
    "StartAction": "menu",
    "Metadata": {},
    "Actions": [
        {
            "Identifier": "menu",
            "Type": "GetParticipantInput",
            "Parameters": {"Text": str(MENU), "InputTimeLimitSeconds": "6", "StoreInput": "False"},
            "Transitions": {
                "NextAction": "hang up",
                "Conditions": [
                    {"NextAction": to, "Condition": {"Operator": "Equals", "Operands": [key]}}
                    for key, to in (("1", "one"), ("2", "two"))
                ],
                "Errors": [
                    {"NextAction": "hang up", "ErrorType": why}
                    for why in ("InputTimeLimitExceeded", "NoMatchingCondition", "NoMatchingError")
                ],
            },
        },
        *(
            {
                "Identifier": name,
                "Type": "MessageParticipant",
                "Parameters": said,
                "Transitions": {
                    "NextAction": "hang up",
                    "Errors": [{"NextAction": "hang up", "ErrorType": "NoMatchingError"}],
                },
            }
            for name, said in (
                ("one", {"SSML": f"<speak>{ONE}<break time='200ms'/>{ONE}</speak>"}),
                ("two", {"PromptId": "closing"}),
            )
        ),
        {"Identifier": "hang up", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}},
    ],
}


@pytest.fixture
def called(tmp_path: Path) -> Iterator[tuple[Centre, Phone, Site]]:
    """A server that speaks in tones, and three who are called and say nothing but hello."""
    manner = Manner(answers_after_s=0.1, says=greets(440))
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), (), stack)
        customers = site.customers({}, others=manner)
        command = shlex.join([sys.executable, "-c", VOICE, "{file}"])
        yield Centre(site.serve(tmp_path / "centre", speech_command=command), ()), customers, site


def test_a_menu_is_heard_and_hears_keys_in_both_ways(called: tuple[Centre, Phone, Site], tmp_path: Path) -> None:
    centre, customers, site = called
    server = centre.server
    sound = a_tone(tmp_path / "closing.wav", TWO, 1.0)
    server.trunkcall("prompts", "add", str(sound), "--name", "closing", "--data-dir", str(server.data_dir))
    made = server.client("connect").create_contact_flow(
        **centre.instance, Name="Menu", Type="CONTACT_FLOW", Content=json.dumps(FLOW)
    )
    by_rtp, by_info, by_nothing = numbers(3)
    campaign_id = centre.call(
        [by_rtp, by_info, by_nothing],
        dialerConfig={"agentlessDialerConfig": {}},
        outboundCallConfig={
            **server.campaign_arguments()["outboundCallConfig"],
            "connectContactFlowId": made["ContactFlowId"],
            "answerMachineDetectionConfig": {"enableAnswerMachineDetection": False},
        },
    )

    def dialog(number: str) -> Dialog | None:
        return next((each for each in list(customers.dialogs.values()) if each.number.endswith(number[-4:])), None)

    def hears(number: str, tone: int) -> bool:
        to = dialog(number)
        return to is not None and tone in tones_in(bytes(to.heard))

    for number, press, key in ((by_rtp, customers.press, "1"), (by_info, customers.press_by_info, "2")):
        server.wait_until(partial(hears, number, MENU))
        site.street.have(partial(press, key, dialog(number)))

    records = centre.until_all_ended(campaign_id)
    heard = {number: {tone for tone in (MENU, ONE, TWO) if hears(number, tone)} for number in records}
    assert heard == {by_rtp: {MENU, ONE}, by_info: {MENU, TWO}, by_nothing: {MENU}}
    went = {number: [each["ActionId"] for each in record["Flow"]] for number, record in records.items()}
    assert went == {
        by_rtp: ["menu", "one", "hang up"],
        by_info: ["menu", "two", "hang up"],
        by_nothing: ["menu", "hang up"],
    }
    assert json.loads(server.get("/health"))["status"] == "ok"
