"""kill -9 of the server in every step of a flow. If this fails, a contact is left on the line, begins its flow anew, or
nobody can tell what became of it.

The carrier outlives the server, and plays on.
"""

from __future__ import annotations

import itertools
import signal
from pathlib import Path
from typing import Any

import pytest

from faults.carrying import carrying, check
from faults.rigged_server import FLOW_POINTS
from faults.test_crashes import RIGGED
from flows.support import ERROR, action, asks, flow, message, notes
from serving import Serving, dial_request, put_all

pytestmark = pytest.mark.long

STEPS = ["welcome", "menu", "wish", "wait", "ask", "target", "queue"]
CRASHES = [*[f"{point}:1" for point in FLOW_POINTS] * 2, "kept:2"]
"""When the servers die, one after the other: before each commit of a flow and after it. Who waits for a function has it
asked anew by a commit of its own: only by the second it has answered."""
ANSWERED = "a-1"
"""Whoever has this token answers."""


def walk(queue_id: str) -> str:
    """All in which a contact stands: a message, a question, a time, a function, the queue."""
    return flow(
        message("welcome", "Hello, this is a message.", then="menu", error="end"),
        action(
            "menu",
            "GetParticipantInput",
            {"Text": "Not to speak with us, press one.", "InputTimeLimitSeconds": "4", "StoreInput": "False"},
            then="end",
            errors={"InputTimeLimitExceeded": "wish", "NoMatchingCondition": "end", ERROR: "end"},
            when={"1": "end"},
        ),
        notes("wish", "wish", "agent", then="wait"),
        action("wait", "Wait", {"TimeLimitSeconds": "4"}, when={"WaitCompleted": "ask"}, errors={ERROR: "end"}),
        asks("nobody", within_s=1, then="target", otherwise="target"),
        action("target", "UpdateContactTargetQueue", {"QueueId": queue_id}, then="queue", errors={ERROR: "end"}),
        action("queue", "TransferContactToQueue", then="end", errors=dict.fromkeys(("QueueAtCapacity", ERROR), "end")),
    )


def is_over(server: Serving) -> bool:
    return all(record["Disposition"] for record in server.export())


def died(server: Serving) -> bool:
    assert server.process is not None
    return server.process.poll() == -signal.SIGKILL


@pytest.mark.timeout(300)
def test_kill_9_in_every_step_of_a_flow(tmp_path: Path) -> None:
    with carrying(tmp_path, speed=4) as (carrier, server):
        given: dict[str, Any] = server.environment
        instance = {"InstanceId": given["TRUNKCALL_INSTANCE_ID"]}
        made = server.client("connect").create_contact_flow(
            **instance, Name="Walk", Type="CONTACT_FLOW", Content=walk(given["TRUNKCALL_QUEUE_ID"])
        )
        arguments = server.campaign_arguments()
        arguments["outboundCallConfig"] = {
            **arguments["outboundCallConfig"],
            "connectContactFlowId": made["ContactFlowId"],
            "answerMachineDetectionConfig": {"enableAnswerMachineDetection": False},
        }
        client = server.pinned().client()
        campaign_id = client.create_campaign(**arguments)["id"]
        client.start_campaign(id=campaign_id)
        server.program = (str(RIGGED),)
        # Nobody is to be dialed by a server that is killed at any moment: it may have no time to ask the carrier.
        server.kill()
        crashes, to_come = 0, itertools.cycle(CRASHES)
        server.start(RIG_CRASH=next(to_come))
        ids = put_all(client, campaign_id, [dial_request(ANSWERED, 1)])
        while True:
            server.wait_until(lambda: died(server) or is_over(server), timeout_s=90)
            if not died(server):
                break
            crashes += 1
            server.spawn(RIG_CRASH=next(to_come))
        check(server, ids, carrier.originates())
        (record,) = server.export()
        assert [each["ActionId"] for each in record["Flow"]] == STEPS
        assert record["Attributes"]["wish"] == "agent"
        assert crashes >= 4
        assert "Traceback" not in server.log_path.read_text()
