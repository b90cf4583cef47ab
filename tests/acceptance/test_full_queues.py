"""A queue in which nobody may wait, over the API. If these fail, whoever has set a limit has people wait all the same,
or cannot tell from their records why they were hung up on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from serving import Serving, dial_request, put_all, serving

ROUNDS = 20
"""How often the agents leave while phones ring, until somebody has answered meanwhile: it is a few times at most."""


class Shift:
    """A campaign whose agents come and go."""

    def __init__(self, server: Serving) -> None:
        self.server, self._client, self.connect = server, server.client(), server.client("connect")
        given = server.environment
        self.instance = {"InstanceId": given["TRUNKCALL_INSTANCE_ID"]}
        self.queue = {**self.instance, "QueueId": given["TRUNKCALL_QUEUE_ID"]}
        self._agents = [each["Id"] for each in self.connect.list_users(**self.instance)["UserSummaryList"]]
        statuses = self.connect.list_agent_statuses(**self.instance)["AgentStatusSummaryList"]
        self._statuses = {each["Type"]: each["Id"] for each in statuses}
        self.campaign_id = self._client.create_campaign(**server.campaign_arguments())["id"]
        self._client.start_campaign(id=self.campaign_id)
        put_all(self._client, self.campaign_id, [dial_request(f"lead-{number}", number) for number in range(900)])

    def set_all(self, status: str) -> None:
        for agent in self._agents:
            self.connect.put_user_status(**self.instance, UserId=agent, AgentStatusId=self._statuses[status])

    def abandoned(self) -> dict[str, dict[str, Any]]:
        records = self.server.export("--campaign", self.campaign_id)
        return {record["ContactId"]: record for record in records if record["Disposition"] == "abandoned"}

    def leave_somebody_alone(self) -> list[dict[str, Any]]:
        """The agents leave while phones ring: the records of those who answer, and find nobody."""
        before = self.abandoned()
        self.set_all("ROUTABLE")
        self.server.wait_until(lambda: self.server.metric("trunkcall_campaign_in_flight") >= len(self._agents) // 2)
        self.set_all("OFFLINE")
        self.server.wait_until(lambda: self.server.metric("trunkcall_campaign_in_flight") == 0)
        return [record for contact_id, record in self.abandoned().items() if contact_id not in before]


def until(left_alone: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The first who were."""
    found = (left_alone() for _ in range(ROUNDS))
    return next(filter(None, found))


def test_where_nobody_may_wait_whoever_finds_no_agent_was_in_no_queue_and_it_is_told(tmp_path: Path) -> None:
    with serving(tmp_path / "data", speed=60, agents=8) as server:
        shift = Shift(server)
        shift.connect.update_queue_max_contacts(**shift.queue, MaxContacts=0)
        explain = ("explain", "--campaign", shift.campaign_id, "--data-dir", str(server.data_dir))
        server.wait_until(lambda: "[QUEUE_FULL]" in server.trunkcall(*explain).stdout)
        # Whoever an agent was rung for in vain was in the queue.
        turned_away = until(lambda: [record for record in shift.leave_somebody_alone() if record["Queue"] is None])
        for record in turned_away:
            assert (record["Abandoned"], record["DisconnectReason"]) == (True, "CONTACT_FLOW_DISCONNECT")
            assert record["Agent"] is None
            assert record["AnsweringMachineDetectionStatus"] == "HUMAN_ANSWERED"
            assert "its queue was full" in server.trunkcall(*explain, "--dial-request", record["ContactId"]).stdout

        shift.connect.update_queue_max_contacts(**shift.queue)
        server.wait_until(lambda: "[QUEUE_FULL]" not in server.trunkcall(*explain).stdout)
        for record in until(shift.leave_somebody_alone):
            assert record["Queue"]["Name"] == "BasicQueue", "as many as there are wait again"
