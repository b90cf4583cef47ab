"""A server whose campaign's flow asks a service by HTTPS, and takes the word of customers. If these fail, what the
settings say of a function does not get to whoever asks it, or a record does not hold what a customer has asked for."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.support import asks, flow, notes
from functions.endpoints import Authority, Service, says
from serving import Serving, dial_request, put_all, serving

SECRET = "whsec_" + "MTIz" * 8
ARN = "arn:aws:lambda:eu-west-2:111122223333:function:look-up"
LOOK_UP = flow(
    asks(ARN, within_s=8, then="tier", ResponseValidation={"ResponseType": "STRING_MAP"}),
    notes("tier", "tier", "$.External.tier"),
)


@contextmanager
def open_for_business(service: Service) -> Iterator[None]:
    """The service answers in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(service.open(), loop).result(30)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(service.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def asking(
    tmp_path: Path, service: Service, ca_file: Path, *, speed: float, requests: int
) -> Iterator[tuple[Serving, str]]:
    """A server whose settings have the service, and its campaign, which calls so many; its id."""
    (tmp_path / "secret").write_text(SECRET)
    config = tmp_path / "trunkcall.toml"
    config.write_text(
        f'[[functions]]\nfunction = "look-up"\nurl = "{service.url}"\n'
        f'secret_file = "{tmp_path / "secret"}"\nca_file = "{ca_file}"\n'
    )
    with serving(tmp_path / "data", config=config, speed=speed, agents=0) as server:
        client, given = server.client(), server.environment
        made = server.client("connect").create_contact_flow(
            InstanceId=given["TRUNKCALL_INSTANCE_ID"], Name="Look up", Type="CONTACT_FLOW", Content=LOOK_UP
        )
        arguments = server.campaign_arguments(
            dialerConfig={"agentlessDialerConfig": {}},
            outboundCallConfig={
                "connectContactFlowId": made["ContactFlowId"],
                "connectSourcePhoneNumber": given["TRUNKCALL_SOURCE_PHONE_NUMBER"],
                "answerMachineDetectionConfig": {"enableAnswerMachineDetection": False},
            },
        )
        campaign_id = client.create_campaign(**arguments)["id"]
        client.start_campaign(id=campaign_id)
        put_all(client, campaign_id, [dial_request(f"t-{n}", n, number=str(n)) for n in range(requests)])
        yield server, campaign_id


@pytest.mark.long
def test_a_campaign_asks_a_service_whose_answer_is_in_the_records(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    service = Service(authority.server_context())
    # Three times as fast as the wall clock, eight seconds are more than two for the service.
    with (
        open_for_business(service),
        asking(tmp_path, service, authority.ca_file, speed=3, requests=12) as (server, campaign_id),
    ):
        server.wait_until(lambda: all(each["Disposition"] for each in server.export("--campaign", campaign_id)))
        records = server.export("--campaign", campaign_id)
        asked = server.metric("trunkcall_function_calls_total")

    answered = [each for each in records if each["Attributes"].get("tier") == "gold"]
    assert asked >= len(answered) > 0
    told = json.loads(service.asked[0][1])
    (record,) = (each for each in records if each["ContactId"] == told["Details"]["ContactData"]["ContactId"])
    assert told["Details"]["ContactData"]["CustomerEndpoint"] == record["CustomerEndpoint"]
    assert told["Details"]["ContactData"]["InstanceARN"] == record["InstanceARN"]


@pytest.mark.long
def test_a_service_that_does_not_answer_is_told_of_where_people_look(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    service = Service(authority.server_context(), [says(status=503)])
    with (
        open_for_business(service),
        asking(tmp_path, service, authority.ca_file, speed=10, requests=60) as (server, _),
    ):
        server.wait_until(lambda: server.metric("trunkcall_function_spared") == 1)
        told = json.loads(server.get("/health"))
    assert told["status"] == "upkeep failing"
    assert "the function look-up does not answer" in told["trouble"]
    assert "a function does not answer and is spared" in server.log_path.read_text()
