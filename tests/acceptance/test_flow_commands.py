"""`trunkcall flow` with a server: flows are listed, shown, published and removed. If these fail, whoever changes a
sentence of a flow has people hear the former one, or another."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from flows.support import ERROR, EXAMPLES, action, flow
from serving import Serving
from trunkcall.flows.content import DEFAULT_FLOWS, OUTBOUND, VOICEMAIL


@pytest.fixture
def flows(server: Serving) -> Flows:
    return Flows(server)


class Flows:
    """The commands."""

    def __init__(self, server: Serving) -> None:
        self._server = server

    def __call__(self, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        data_dir = ("--data-dir", str(self._server.data_dir))
        return self._server.trunkcall("flow", *map(str, arguments), *data_dir, check=check)

    @property
    def names(self) -> list[str]:
        return [each["name"] for each in json.loads(self("list", "--json").stdout)]


def test_a_sentence_of_a_flow_is_changed(flows: Flows, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    flows("show", VOICEMAIL, "--output", mine)
    assert mine.read_text("utf-8") == DEFAULT_FLOWS[VOICEMAIL]
    changed = mine.read_text("utf-8").replace("Hello. We have", "Good morning. We have")
    mine.write_text(changed, "utf-8")
    assert "was changed" in flows("publish", mine, "--name", VOICEMAIL).stdout
    assert flows("show", VOICEMAIL).stdout == changed
    assert flows("show", OUTBOUND).stdout == DEFAULT_FLOWS[OUTBOUND], "the others are as they were"


def test_a_flow_is_published_under_the_name_of_its_file_and_removed(flows: Flows, tmp_path: Path) -> None:
    file = tmp_path / "Reminder of May.json"
    file.write_text(flow(), "utf-8")
    told = flows("publish", file).stdout
    assert "--flow 'Reminder of May'" in told
    assert "Reminder of May" in flows("list").stdout
    again = json.loads(flows("publish", file, "--json").stdout)
    assert (again["name"], again["created"]) == ("Reminder of May", False)
    refused = flows("publish", file, "--type", "CUSTOMER_HOLD", check=False)
    assert refused.returncode != 0
    assert "of the type CONTACT_FLOW" in refused.stderr
    flows("remove", "Reminder of May", "--yes")
    assert "Reminder of May" not in flows.names


def test_a_flow_that_no_campaign_may_have_is_told_by_what_flows_name_it(flows: Flows, tmp_path: Path) -> None:
    file = tmp_path / "Hold.json"
    file.write_text(flow(), "utf-8")
    told = flows("publish", file, "--type", "CUSTOMER_HOLD").stdout
    (flow_id,) = (each["id"] for each in json.loads(flows("list", "--json").stdout) if each["name"] == "Hold")
    assert told == f"Hold was published, of the type CUSTOMER_HOLD. Flows name it by its id: {flow_id}\n"
    told = flows("publish", file).stdout
    assert told == "Hold was changed: contacts whose flow has chosen it go by it from now on.\n"


def test_an_export_has_the_type_that_it_had_where_it_comes_from(flows: Flows) -> None:
    (queue,) = (each for each in EXAMPLES if each.stem == "customer-queue")
    assert "of the type CUSTOMER_QUEUE" in flows("publish", queue, "--name", "While they wait").stdout
    assert "in no flow of the type" not in flows("publish", queue, "--name", "While they wait").stderr
    of_agents = flows("publish", queue, "--name", "While agents wait", "--type", "AGENT_HOLD")
    assert "of the type AGENT_HOLD" in of_agents.stdout


def test_what_cannot_be_published_is_told_before_anybody_is_asked(flows: Flows, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(flow().replace("DisconnectParticipant", "HangUp"), "utf-8")
    refused = flows("publish", wrong, check=False)
    assert refused.returncode != 0
    assert "no action of the flow language" in refused.stderr
    assert "wrong" not in flows.names


def test_what_is_worth_knowing_of_a_flow_is_told_as_it_is_published(flows: Flows, tmp_path: Path) -> None:
    file = tmp_path / "doubtful.json"
    say = action("say", "MessageParticipant", {"SSML": "Hello & good day"}, then="play")
    play = action("play", "MessageParticipant", {"PromptId": "welcome"}, then="end")
    file.write_text(flow(say, play), "utf-8")
    told = flows("publish", file).stderr
    assert "say: Actions[0].Parameters.SSML is no SSML" in told
    assert "Not in this instance: prompt 'welcome'." in told
    assert "doubtful" in flows.names
    never = action("go", "TransferContactToQueue", then="end", errors={"QueueAtCapacity": "end", ERROR: "end"})
    file.write_text(flow(never), "utf-8")
    assert "in no flow of the type CUSTOMER_QUEUE" not in flows("publish", file).stderr
    assert (
        "in no flow of the type CUSTOMER_QUEUE"
        in flows("publish", file, "--type", "CUSTOMER_QUEUE", "--name", "w").stderr
    )


def test_a_flow_that_is_only_saved_is_shown_and_published(server: Serving, flows: Flows, tmp_path: Path) -> None:
    connect, instance = server.client("connect"), server.environment["TRUNKCALL_INSTANCE_ID"]
    connect.create_contact_flow(InstanceId=instance, Name="Later", Type="CONTACT_FLOW", Content=flow(), Status="SAVED")
    assert flows("show", "later").stdout.strip() == flow()
    assert "saved" in flows("list").stdout
    file = tmp_path / "Later.json"
    file.write_text(flow(), "utf-8")
    flows("publish", file)
    assert all(each["published"] for each in json.loads(flows("list", "--json").stdout))


def test_an_export_puts_people_into_the_queue_of_the_same_name(server: Serving, flows: Flows, tmp_path: Path) -> None:
    queue = {"QueueId": "arn:aws:connect:eu-west-2:111122223333:instance/there/queue/9"}
    errors = [{"ErrorType": "NoMatchingError", "NextAction": "end"}]
    document = json.loads(flow())
    document["Actions"].insert(
        0,
        {
            "Identifier": "choose",
            "Type": "UpdateContactTargetQueue",
            "Parameters": queue,
            "Transitions": {"NextAction": "end", "Errors": errors},
        },
    )
    document["StartAction"] = "choose"
    document["Metadata"] = {"ActionMetadata": {"choose": {"parameters": {"QueueId": {"displayName": "BasicQueue"}}}}}
    file = tmp_path / "Exported.json"
    file.write_text(json.dumps(document), "utf-8")
    assert "queue 'BasicQueue'" in flows("publish", file).stderr
    published = json.loads(flows("show", "Exported").stdout)
    assert published["Actions"][0]["Parameters"] == {"QueueId": server.environment["TRUNKCALL_QUEUE_ID"]}
