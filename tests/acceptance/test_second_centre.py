"""A second contact centre that a script builds with nothing but boto3, and that dials beside the first. If this fails,
whoever sets one up by the API finds contacts with the wrong agents, or in the records of the wrong centre."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving import Serving, dial_request, put_all, serving

DAY = {"StartTime": {"Hours": 0, "Minutes": 0}, "EndTime": {"Hours": 0, "Minutes": 0}}
VOICE = [{"Channel": "VOICE", "Concurrency": 1}]
REQUESTS = 250
"""Of each campaign."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    path: Path = tmp_path_factory.mktemp("second") / "data"
    with serving(path, speed=300, agents=10, agent_state_max_age_s=0) as running:
        yield running


class SecondCentre:
    """What the script makes: two queues, each with a number, a campaign and five agents who serve it first and the
    other one second."""

    def __init__(self, server: Serving) -> None:
        self.connect, self.campaigns = server.client("connect"), server.client()
        made = self.connect.create_instance(
            IdentityManagementType="CONNECT_MANAGED",
            InstanceAlias="second",
            InboundCallsEnabled=False,
            OutboundCallsEnabled=True,
        )
        self.arn, self.within = made["Arn"], {"InstanceId": made["Id"]}
        self._onboard(server)
        self.hours = self.connect.create_hours_of_operation(
            **self.within, Name="Always", TimeZone="Europe/London", Config=[{"Day": "MONDAY", **DAY}]
        )["HoursOfOperationId"]
        self.queues = {name: self._queue(name) for name in ("Sales", "Service")}
        self.numbers: dict[str, str] = {}
        for name, queue in self.queues.items():
            self.numbers[name] = self._show_a_number(queue)
        self.first_of = {self._user(name, number): name for name in self.queues for number in range(5)}

    def _onboard(self, server: Serving) -> None:
        named = {"connectInstanceId": self.within["InstanceId"]}
        self.campaigns.start_instance_onboarding_job(**named, encryptionConfig={"enabled": False})

        def is_onboarded() -> bool:
            job = self.campaigns.get_instance_onboarding_job_status(**named)["connectInstanceOnboardingJobStatus"]
            return bool(job["status"] == "SUCCEEDED")

        server.wait_until(is_onboarded)

    def _queue(self, name: str) -> str:
        made = self.connect.create_queue(**self.within, Name=name, HoursOfOperationId=self.hours)
        return str(made["QueueId"])

    def _show_a_number(self, queue: str) -> str:
        asked = {"PhoneNumberCountryCode": "GB", "PhoneNumberType": "DID"}
        (offered, *_) = self.connect.search_available_phone_numbers(**self.within, **asked)["AvailableNumbersList"]
        number = str(offered["PhoneNumber"])
        claimed = self.connect.claim_phone_number(**self.within, PhoneNumber=number)["PhoneNumberId"]
        self.connect.update_queue_outbound_caller_config(
            **self.within, QueueId=queue, OutboundCallerConfig={"OutboundCallerIdNumberId": claimed}
        )
        return number

    def _user(self, first: str, number: int) -> str:
        """An agent who serves this queue first; the id."""
        served = sorted(self.queues, key=lambda name: name != first)
        profiles = self.connect.list_routing_profiles(**self.within)["RoutingProfileSummaryList"]
        profile = next((each["Id"] for each in profiles if each["Name"] == first), None)
        if profile is None:
            profile = self.connect.create_routing_profile(
                **self.within,
                Name=first,
                Description=f"{first} first",
                DefaultOutboundQueueId=self.queues[first],
                MediaConcurrencies=VOICE,
                QueueConfigs=[
                    {
                        "QueueReference": {"QueueId": self.queues[name], "Channel": "VOICE"},
                        "Priority": place,
                        "Delay": 0,
                    }
                    for place, name in enumerate(served, start=1)
                ],
            )["RoutingProfileId"]
        security = self.connect.list_security_profiles(**self.within)["SecurityProfileSummaryList"]
        user = self.connect.create_user(
            **self.within,
            Username=f"{first.lower()}-{number}",
            Password="Only4TheExample",
            SecurityProfileIds=[each["Id"] for each in security if each["Name"] == "Agent"],
            RoutingProfileId=profile,
            PhoneConfig={"PhoneType": "SOFT_PHONE", "AfterContactWorkTimeLimit": 20},
        )["UserId"]
        statuses = self.connect.list_agent_statuses(**self.within)["AgentStatusSummaryList"]
        available = next(each["Id"] for each in statuses if each["Type"] == "ROUTABLE")
        self.connect.put_user_status(**self.within, UserId=user, AgentStatusId=available)
        return str(user)

    def campaign(self, server: Serving, name: str) -> str:
        flow, *_ = self.connect.list_contact_flows(**self.within)["ContactFlowSummaryList"]
        call = {"connectContactFlowId": flow["Id"], "connectQueueId": self.queues[name]}
        place = {"connectInstanceId": self.within["InstanceId"], "outboundCallConfig": call}
        campaign_id = str(self.campaigns.create_campaign(**server.campaign_arguments(name, **place))["id"])
        self.campaigns.start_campaign(id=campaign_id)
        return campaign_id


def test_each_contact_is_its_own_centres_queues_and_agents(server: Serving) -> None:
    client = server.client()
    second = SecondCentre(server)
    own = client.create_campaign(**server.campaign_arguments("Of the first"))["id"]
    client.start_campaign(id=own)
    accepted = put_all(client, own, [dial_request(f"first-{n}", n) for n in range(REQUESTS)])
    campaigns = {second.campaign(server, name): name for name in second.queues}
    for campaign_id, name in campaigns.items():
        accepted |= put_all(client, campaign_id, [dial_request(f"{name}-{n}", n) for n in range(REQUESTS)])
    assert len(accepted) == 3 * REQUESTS
    server.wait_until(lambda: server.metric("trunkcall_contacts_ended_total") >= 3 * REQUESTS, timeout_s=120)

    records = {record["ContactId"]: record for record in server.export()}
    assert records.keys() == set(accepted.values())
    first_arn = second.arn.replace(second.within["InstanceId"], server.environment["TRUNKCALL_INSTANCE_ID"])
    talked: dict[str, set[str]] = {}
    begun: dict[str, list[str]] = {}
    for record in records.values():
        assert record["DisconnectTimestamp"]
        # None: a campaign of the first centre.
        of_queue = campaigns.get(record["Campaign"]["CampaignId"])
        centre = first_arn if of_queue is None else second.arn
        begun.setdefault(centre, []).append(record["InitiationTimestamp"])
        assert record["InstanceARN"] == centre
        if of_queue is not None and record["Attempts"]:
            assert record["SystemEndpoint"]["Address"] == second.numbers[of_queue]
        if record["Queue"] is not None:
            assert record["Queue"]["Name"] == (of_queue or "BasicQueue")
            assert record["Queue"]["ARN"].startswith(f"{centre}/queue/")
        if record["Agent"] is not None:
            assert record["Agent"]["ARN"].startswith(f"{centre}/agent/")
            talked.setdefault(of_queue or "", set()).add(record["Agent"]["ARN"].rpartition("/")[2])
    for name in second.queues:
        assert talked[name] <= second.first_of.keys()
        assert talked[name] >= {agent for agent, first in second.first_of.items() if first == name}
    assert not talked[""] & second.first_of.keys()
    assert max(min(times) for times in begun.values()) < min(max(times) for times in begun.values()), (
        "one after another"
    )
