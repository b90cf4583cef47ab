"""What people in a flow hear when the dialer is killed. If this fails, they are told all over again what they have
listened to, are asked what they have answered, or wait for somebody who does not know that they are there.
"""

from __future__ import annotations

import shlex
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from flows.support import action, flow, notes
from telephony.asterisk.centre import Centre, Site, calls, numbers
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Dialog, Manner
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.tones import in_order

pytestmark = [
    inside,
    pytest.mark.long,
    pytest.mark.timeout(300),
]

MENU = (400,)
LONG = (500, 600, 700, 800, 900, 1000, 1100, 1200)
AFTER = (1500,)
WAITS = (1800,)
NOTICE = (2000, 2150, 2300, 2450, 2600, 2750)
HEARS = 16_000
"""Two seconds, in octets: by then whoever waits has heard that they do."""
FLOW = "CONTACT_FLOW_DISCONNECT"
TONES = (*MENU, *LONG, *AFTER, *WAITS, *NOTICE)
ENOUGH = LONG[5]
"""Whoever hears this has heard more than half."""
VOICE = """
import math, sys, wave
with wave.open(sys.argv[1], "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    for word in sys.stdin.read().split():
        hertz = float(word.strip("."))
        for n in range(8000):
            sample = round(16000 * math.sin(2 * math.pi * hertz * n / 8000))
            file.writeframesraw(sample.to_bytes(2, "little", signed=True))
"""
"""Speaks each word, a number, for a second as a tone of its pitch."""


def text(tones: tuple[int, ...]) -> str:
    """Of as many letters as would take so long to say."""
    return " ".join(f"{hertz}".ljust(14, ".") for hertz in tones)


def steps(queue_id: str, queue_flow_id: str) -> str:
    """1 leads to a queue that nobody serves, 2 to a long message, 3 to a note, 4 to a notice."""
    broken = {"NoMatchingError": "end"}
    return flow(
        action(
            "menu",
            "GetParticipantInput",
            {"Text": text(MENU), "InputTimeLimitSeconds": "120", "StoreInput": "False"},
            then="end",
            errors=dict.fromkeys(("InputTimeLimitExceeded", "NoMatchingCondition", "NoMatchingError"), "end"),
            when={"1": "hooks", "2": "long", "3": "note", "4": "notice"},
        ),
        action("long", "MessageParticipant", {"Text": text(LONG)}, then="after", errors=broken),
        notes("note", "wish", "written", then="after"),
        action("notice", "MessageParticipant", {"Text": text(NOTICE)}, then="after", errors=broken),
        action("after", "MessageParticipant", {"Text": text(AFTER)}, then="end", errors=broken),
        action(
            "hooks",
            "UpdateContactEventHooks",
            {"EventHooks": {"CustomerQueue": queue_flow_id}},
            then="target",
            errors=broken,
        ),
        action("target", "UpdateContactTargetQueue", {"QueueId": queue_id}, then="queue", errors=broken),
        action(
            "queue",
            "TransferContactToQueue",
            then="end",
            errors=dict.fromkeys(("QueueAtCapacity", "NoMatchingError"), "end"),
        ),
    )


def waiting() -> str:
    """Whoever waits hears the same again and again."""
    return flow(
        action(
            "waits",
            "MessageParticipantIteratively",
            {"Messages": [{"Text": text(WAITS)}]},
            errors={"NoMatchingError": "end"},
        ),
        action("end", "EndFlowExecution"),
    )


def heard(dialog: Dialog) -> list[int]:
    """The tones that somebody has heard, one after the other."""
    return in_order(bytes(dialog.heard), TONES)


def trail(record: dict[str, Any]) -> list[str]:
    return [each["ActionId"] for each in record["Flow"]]


def set_up(centre: Centre) -> None:
    """A queue that nobody serves, and the campaigns' flow."""
    connect, within = centre.server.client("connect"), centre.instance
    (hours,) = connect.list_hours_of_operations(**within)["HoursOfOperationSummaryList"]
    queue = connect.create_queue(**within, Name="Nobody", HoursOfOperationId=hours["Id"])["QueueId"]
    waits = connect.create_contact_flow(**within, Name="Waits", Type="CUSTOMER_QUEUE", Content=waiting())
    connect.update_contact_flow_content(
        **within,
        ContactFlowId=centre.server.environment["TRUNKCALL_CONTACT_FLOW_ID"],
        Content=steps(queue, waits["ContactFlowId"]),
    )


def test_whoever_is_in_a_flow_when_the_dialer_is_killed_goes_on_in_it(tmp_path: Path) -> None:
    listener, asked, waiter, hurried = called = numbers(4)
    names = [f"agent-{n}" for n in range(4)]
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), names, stack)
        customers = site.customers(dict.fromkeys(called, Manner(answers_after_s=0.1)))
        site.agents(dict.fromkeys(names, Manner(answers_after_s=None)))
        voice = shlex.join([sys.executable, "-c", VOICE, "{file}"])
        centre = Centre(site.serve(tmp_path / "centre", speech_command=voice), names)
        server = centre.server
        set_up(centre)
        centre.hire()
        stack.enter_context(centre.confirming())
        arguments = server.campaign_arguments()["outboundCallConfig"]
        campaign = centre.call(
            called,
            outboundCallConfig={**arguments, "answerMachineDetectionConfig": {"enableAnswerMachineDetection": False}},
        )
        of: dict[str, Dialog] = {}

        def press(number: str, key: str) -> None:
            site.street.have(lambda: of[number].keys.append(key))

        def all_asked() -> bool:
            of.update({dialog.number: dialog for dialog in calls(customers)})
            return len(of) == 4 and all(MENU[0] in heard(dialog) for dialog in of.values())

        server.wait_until(all_asked)
        press(listener, "2")
        server.wait_until(lambda: LONG[2] in heard(of[listener]))
        press(waiter, "1")
        server.wait_until(lambda: ENOUGH in heard(of[listener]) and WAITS[0] in heard(of[waiter]))
        press(hurried, "4")
        server.wait_until(lambda: NOTICE[0] in heard(of[hurried]))
        server.kill()
        begun = heard(of[hurried])
        server.start()
        server.wait_until(lambda: of[listener].over)
        up = [number for number in (asked, waiter) if not of[number].over]
        before = len(of[waiter].heard)
        if asked in up:
            press(asked, "3")
        server.wait_until(lambda: waiter not in up or of[waiter].over or len(of[waiter].heard) >= before + HEARS)
        site.street.have(lambda: customers.hang_up([waiter]))
        records = centre.until_all_ended(campaign)
        server.wait_until(lambda: all(dialog.over for dialog in of.values()))

        assert len(customers.invites) == 4, "nobody is called twice"
        # A switch whose dialer is not there in time hangs up; the records say so then.
        assert all(record["DisconnectReason"] for record in records.values())
        assert heard(of[listener]).count(LONG[0]) == 1, "nobody hears again what they have listened to"
        if records[listener]["DisconnectReason"] == FLOW:
            assert trail(records[listener]) == ["menu", "long", "after", "end"]
            assert heard(of[listener])[-1:] == [*AFTER]
        if records[hurried]["DisconnectReason"] == FLOW and NOTICE[1] not in begun:
            assert heard(of[hurried])[-len(NOTICE) - 1 :] == [*NOTICE, *AFTER], "what was not heard is said, whole"
        assert heard(of[asked]).count(MENU[0]) == 1, "nobody is asked again what they may still answer"
        if asked in up:
            assert trail(records[asked]) == ["menu", "note", "after", "end"]
            assert records[asked]["Attributes"]["wish"] == "written"
            assert heard(of[asked])[-1:] == [*AFTER]
        if waiter in up:
            assert in_order(bytes(of[waiter].heard[before:]), TONES) == [*WAITS], "whoever waits hears so"
        assert "queue" in trail(records[waiter])
