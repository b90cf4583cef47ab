"""A flow that customers hear on hold, over a real switch and a server that is killed meanwhile: told by tones. If this
fails, a customer hears the music with the words, both with the agent, or nobody any more."""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from flows.support import ERROR, action, flow
from telephony.asterisk.centre import Centre, Site, calls, numbers, own_tone
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Phone
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.test_crashes import agents, listens, talks
from telephony.asterisk.test_flow_on_the_line import VOICE
from telephony.asterisk.tones import seconds_of
from trunkcall.amd.g711 import RATE

pytestmark = [
    inside,
    pytest.mark.long,
    pytest.mark.timeout(300),
]

CUSTOMER, AGENT = own_tone(0), own_tone(50)
WORDS = 900


def test_a_customer_on_hold_hears_the_flow_also_of_the_next_dialer_and_then_the_agent(tmp_path: Path) -> None:
    [number] = numbers(1)
    names = agents(1)
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), names, stack)
        customers = site.customers({number: talks(CUSTOMER)})
        phones = site.agents({name: listens(AGENT) for name in names})
        command = shlex.join([sys.executable, "-c", VOICE, "{file}"])
        centre = Centre(site.serve(tmp_path / "centre", speech_command=command), phones)
        centre.hire()
        stack.enter_context(centre.confirming())
        server, phone = centre.server, phones[names[0]]
        campaign_id = centre.call([number], **with_a_hold_flow(centre))

        def goes_on(hertz: int) -> None:
            """The customer comes to hear this, and nothing else then: what was said before may still arrive for as long
            as a busy machine takes to stop it."""
            [other] = {WORDS, AGENT} - {hertz}
            at = len(heard(customers))

            def alone() -> bool:
                since = max(at, len(heard(customers)) - RATE)
                return heard_s(customers, hertz, since) > 0.5 and heard_s(customers, other, since) == 0.0

            server.wait_until(alone)

        goes_on(AGENT)
        for _ in range(2):
            site.street.have(phone.hold)
            goes_on(WORDS)
            site.street.have(lambda: phone.hold("sendrecv"))
            goes_on(AGENT)
        site.street.have(phone.hold)
        goes_on(WORDS)
        server.kill()
        at = len(heard(customers))
        server.start()
        server.wait_until(lambda: heard_s(customers, WORDS, at) > 2.0)
        goes_on(WORDS)
        site.street.have(lambda: phone.hold("sendrecv"))
        goes_on(AGENT)
        site.street.have(customers.hang_up)
        record = centre.until_all_ended(campaign_id, timeout_s=120)[number]
        assert record["Agent"]["NumberOfHolds"] == 3
        assert record["Disposition"] == "connected_to_agent"
        assert json.loads(server.get("/health"))["status"] == "ok"


def with_a_hold_flow(centre: Centre) -> dict[str, Any]:
    """A campaign of live answers whose flow has this said on hold again and again."""
    connect = centre.server.client("connect")
    says = action("says", "MessageParticipantIteratively", {"Messages": [{"Text": str(WORDS)}]})
    on_hold = connect.create_contact_flow(**centre.instance, Name="On hold", Type="CUSTOMER_HOLD", Content=flow(says))
    hooks = {"EventHooks": {"CustomerHold": on_hold["ContactFlowArn"]}}
    chooses = action("chooses", "UpdateContactEventHooks", hooks, then="queue", errors={ERROR: "end"})
    queue = action("queue", "TransferContactToQueue", then="end", errors={"QueueAtCapacity": "end", ERROR: "end"})
    made = connect.create_contact_flow(
        **centre.instance, Name="Hold", Type="CONTACT_FLOW", Content=flow(chooses, queue)
    )
    outbound = centre.server.campaign_arguments()["outboundCallConfig"]
    return {"outboundCallConfig": {**outbound, "connectContactFlowId": made["ContactFlowId"]}}


def heard(customers: Phone) -> bytes:
    return b"".join(bytes(each.heard) for each in calls(customers))


def heard_s(customers: Phone, hertz: int, since: int = 0) -> float:
    """For how long the customer has heard a tone, in seconds."""
    return seconds_of(hertz, heard(customers)[since:])
