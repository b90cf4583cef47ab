"""What customers ask for by the keys of their telephones, in a flow, on a real switch. If these fail, people who do not
want to be called again are called again, or are told that they are not."""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from telephony.asterisk.centre import Centre, Site, calls, greets, numbers
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Dialog, Manner, Phone
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.tones import tones_in

pytestmark = inside

OFFER, DONE, NOTED, GOODBYE = 500, 700, 900, 1100
VOICE = f"""
import math, sys, wave
words = sys.stdin.read()
hertz, seconds = next(
    (
        each
        for part, each in {{
            "press 9": ({OFFER}, 5), "not be called again": ({DONE}, 1), "made a note": ({NOTED}, 1)
        }}.items()
        if part in words
    ),
    ({GOODBYE}, 1),
)
with wave.open(sys.argv[1], "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    for n in range(8000 * seconds):
        file.writeframesraw(round(16000 * math.sin(2 * math.pi * hertz * n / 8000)).to_bytes(2, "little", signed=True))
"""
"""Speaks in tones: one for each of the flow's messages."""


def call_of(customers: Phone, number: str) -> Dialog | None:
    """The call to this number; None before there is one."""
    return next((each for each in calls(customers) if each.number == number), None)


def heard(customers: Phone, number: str) -> set[int]:
    """What whoever has this number has heard until now."""
    call = call_of(customers, number)
    return tones_in(bytes(call.heard)) if call is not None else set()


def test_whoever_presses_nine_is_on_the_list_and_told_so_and_whoever_presses_one_is_noted(tmp_path: Path) -> None:
    called = numbers(4)
    by_key, by_info, wants_call_back, silent = called
    with ExitStack() as stack:
        # Given an agentless campaign with the flow that every instance has, and four people
        site = Site.of(place_of_this_worker(Which.CENTRE), (), stack)
        customers = site.customers(dict.fromkeys(called, Manner(answers_after_s=0.1, says=greets(440))))
        command = shlex.join([sys.executable, "-c", VOICE, "{file}"])
        centre = Centre(site.serve(tmp_path / "centre", speech_command=command), ())
        connect = centre.server.client("connect")
        flows = connect.list_contact_flows(**centre.instance)["ContactFlowSummaryList"]
        (flow_id,) = (each["Id"] for each in flows if each["Name"] == "Default agentless flow")
        campaign_id = centre.call(
            called,
            dialerConfig={"agentlessDialerConfig": {}},
            outboundCallConfig={
                "connectContactFlowId": flow_id,
                "connectSourcePhoneNumber": centre.server.environment["TRUNKCALL_SOURCE_PHONE_NUMBER"],
                "answerMachineDetectionConfig": {"enableAnswerMachineDetection": False},
            },
        )

        # When they press what they press, as soon as they hear what it is for
        for number, key, press in (
            (by_key, "9", customers.press),
            (by_info, "9", customers.press_by_info),
            (wants_call_back, "1", customers.press),
        ):
            centre.server.wait_until(lambda number=number: OFFER in heard(customers, number))
            site.street.have(partial(press, key, call_of(customers, number)))
        records = centre.until_all_ended(campaign_id)

        # Then the flow has kept what it says
        assert {number: heard(customers, number) for number in called} == {
            by_key: {OFFER, DONE},
            by_info: {OFFER, DONE},
            wants_call_back: {OFFER, NOTED},
            silent: {OFFER, GOODBYE},
        }
        data_dir = str(centre.server.data_dir)
        told = {n: centre.server.trunkcall("dnc", "show", n, "--data-dir", data_dir).stdout for n in called}
        assert [n for n in called if "contact flow Default agentless flow" in told[n]] == [by_key, by_info]
        assert records[wants_call_back]["Attributes"]["call_back"] == "wanted"
        assert records[silent]["Attributes"] == {}
        assert json.loads(centre.server.get("/health"))["status"] == "ok"
