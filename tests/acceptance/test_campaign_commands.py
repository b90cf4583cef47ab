"""`trunkcall campaign` and `trunkcall status` against a real server. If these fail, an operator without programming has
no campaign, or believes something of one that is not so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from flows.support import flow
from serving import ENDPOINTS, ROOT, Serving, dial_request, put_all, serving

Done = CompletedProcess[str]


def campaign(server: Serving, *arguments: str, check: bool = True, **environment: str) -> Done:
    return server.trunkcall("campaign", *arguments, "--data-dir", str(server.data_dir), check=check, **environment)


def shown(server: Serving, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(campaign(server, "show", name, "--json").stdout)
    return found


@pytest.fixture
def name(server: Serving, request: pytest.FixtureRequest) -> Iterator[str]:
    """A campaign of the test's own, made by the command; gone when the test is over."""
    name = request.node.name[:80]
    campaign(server, "create", name)
    yield name
    campaign(server, "delete", name, "--yes", check=False)


def refused(done: Done, *words: str) -> None:
    """It failed with one sentence, which has these words."""
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    for word in words:
        assert word in done.stderr


def test_a_campaign_gets_what_a_contact_centre_wants_when_nobody_says_otherwise(server: Serving, name: str) -> None:
    given = server.environment
    found = shown(server, name)
    assert (found["state"], found["dialer"], found["detects_machines"]) == ("Initialized", "progressive", True)
    assert (found["queue_id"], found["contact_flow_id"]) == (
        given["TRUNKCALL_QUEUE_ID"],
        given["TRUNKCALL_CONTACT_FLOW_ID"],
    )
    assert (found["bandwidth"], found["capacity"], found["awaits_prompt"], found["tags"]) == (1.0, 1.0, False, {})
    assert found["source_number"] is None, "the queue's is shown"


def test_a_campaign_gets_another_flow_while_it_runs(server: Serving, name: str) -> None:
    flows = json.loads(server.trunkcall("flow", "list", "--json", "--data-dir", str(server.data_dir)).stdout)
    ids = {each["name"]: each["id"] for each in flows}
    campaign(server, "start", name)
    done = campaign(server, "change", name, "--flow", "default voicemail flow")
    assert done.stdout == f"{name} has the flow Default voicemail flow: who answers from here on goes through it.\n"
    assert shown(server, name)["contact_flow_id"] == ids["Default voicemail flow"]
    campaign(server, "change", name, "--flow", ids["Default outbound flow"])
    assert shown(server, name)["contact_flow_id"] == ids["Default outbound flow"]
    refused(campaign(server, "change", name, "--flow", "Nowhere", check=False), "There is no flow 'Nowhere'")
    connect, instance = server.client("connect"), server.environment["TRUNKCALL_INSTANCE_ID"]
    connect.create_contact_flow(InstanceId=instance, Name="Nowhere hold", Type="CUSTOMER_HOLD", Content=flow())
    missed = campaign(server, "change", name, "--flow", "Nowhere hol", check=False)
    refused(missed, "There is no flow 'Nowhere hol'")
    assert "Nowhere hold" not in missed.stderr, "no campaign may have it"
    wrong = campaign(server, "change", name, "--flow", "Nowhere hold", check=False)
    refused(wrong, "is of the type CUSTOMER_HOLD", "needs one of the type CONTACT_FLOW")
    gone = campaign(server, "change", name, "--flow", "019ae2f0-6f3c-4e11-b1f4-2f1c5f2e8a10", check=False)
    refused(gone, "ResourceNotFoundException")
    assert "campaign list" not in gone.stderr, "no campaign is missing"
    assert shown(server, name)["contact_flow_id"] == ids["Default outbound flow"]


def test_what_was_asked_for_is_what_is_made(server: Serving) -> None:
    options = ["--dialer", "predictive", "--bandwidth", "0.5", "--capacity", "0.2", "--no-detect-machines"]
    options += ["--source-number", server.environment["TRUNKCALL_SOURCE_PHONE_NUMBER"], "--tag", "team=sales=north"]
    made = json.loads(campaign(server, "create", "Asked for", *options, "--start", "--json").stdout)
    assert made.keys() == {"id", "arn", "name", "state", "created"}
    assert (made["state"], made["created"]) == ("Running", True)
    found = shown(server, "asked for")
    assert found["id"] == made["id"]
    assert (found["dialer"], found["bandwidth"], found["capacity"]) == ("predictive", 0.5, 0.2)
    assert (found["detects_machines"], found["tags"]) == (False, {"team": "sales=north"})
    assert found["source_number"] == server.environment["TRUNKCALL_SOURCE_PHONE_NUMBER"]


def test_an_agentless_campaign_has_no_queue_and_shows_the_number_of_the_installation(server: Serving) -> None:
    campaign(server, "create", "No agents", "--dialer", "agentless")
    found = shown(server, "No agents")
    assert (found["queue_id"], found["bandwidth"]) == (None, None)
    assert found["source_number"] == server.environment["TRUNKCALL_SOURCE_PHONE_NUMBER"]
    assert "floor" not in found


def test_a_campaign_of_another_instance_is_made_by_names(server: Serving) -> None:
    """Else whoever has made an instance by a file has to look for ids before it dials."""
    data_dir = ["--data-dir", str(server.data_dir)]
    connect = server.client("connect")
    away = connect.create_instance(
        IdentityManagementType="CONNECT_MANAGED",
        InstanceAlias="Away",
        InboundCallsEnabled=False,
        OutboundCallsEnabled=True,
    )["Id"]
    client = server.client()
    client.start_instance_onboarding_job(connectInstanceId=away, encryptionConfig={"enabled": False})
    server.wait_until(
        lambda: (
            client.get_instance_onboarding_job_status(connectInstanceId=away)["connectInstanceOnboardingJobStatus"][
                "status"
            ]
            == "SUCCEEDED"
        )
    )
    campaign(server, "create", "Only queue", "--instance", "away")
    server.trunkcall("queues", "add", "Sales", "--instance", "away", *data_dir)
    refused(campaign(server, "create", "Which", "--instance", away, check=False), "--queue", "BasicQueue, Sales")
    refused(campaign(server, "create", "Which", "--instance", "away", "--queue", "Sale", check=False), "'Sales'")
    refused(campaign(server, "create", "Which", "--instance", "awry", check=False), "no instance 'awry'")
    agentless = ["--instance", "away", "--dialer", "agentless"]
    refused(campaign(server, "create", "Which", *agentless, check=False), "--source-number")
    server.trunkcall("numbers", "add", "+12125550170", "--instance", "away", *data_dir)
    campaign(server, "create", "Only number", *agentless)
    assert shown(server, "Only number")["source_number"] == "+12125550170"
    campaign(server, "create", "Named", "--instance", "AWAY", "--queue", "sales", "--flow", "default outbound flow")
    queues = {each["Name"]: each["Id"] for each in connect.list_queues(InstanceId=away)["QueueSummaryList"]}
    flow, *_ = (each["Id"] for each in connect.list_contact_flows(InstanceId=away)["ContactFlowSummaryList"])
    for name, queue in (("Only queue", "BasicQueue"), ("Named", "Sales")):
        found = shown(server, name)
        assert found["instance_id"] == away
        assert (found["queue_id"], found["contact_flow_id"]) == (queues[queue], flow)
    told = campaign(server, "show", "Named").stdout
    assert f"Away ({away})" in told
    assert f"Sales ({queues['Sales']})" in told
    assert "Away " in server.trunkcall("status", *data_dir, check=False).stdout
    for name in ("Only queue", "Only number", "Named"):
        campaign(server, "delete", name, "--yes")
    # The others find the server with the one instance that it was made with.
    client.delete_connect_instance_config(connectInstanceId=away)
    connect.delete_instance(InstanceId=away)


def test_creating_again_is_safe_and_other_settings_are_refused(server: Serving, name: str) -> None:
    assert "was created" not in campaign(server, "create", name).stdout
    again = json.loads(campaign(server, "create", name, "--start", "--json").stdout)
    assert (again["created"], again["state"]) == (False, "Running")
    refused(campaign(server, "create", name, "--bandwidth", "0.3", check=False), "other settings", "campaign show")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--bandwidth", "2"], "--bandwidth"),
        (["--dialer", "manual"], "progressive"),
        (["--tag", "sales"], "KEY=VALUE"),
        (["--no-detect-machines", "--await-prompt"], "--detect-machines"),
        (["--dialer", "agentless", "--queue", "any"], "--queue"),
    ],
)
def test_settings_that_cannot_be_are_wrong_usage(server: Serving, arguments: list[str], words: str) -> None:
    done = campaign(server, "create", "Never", *arguments, check=False)
    assert done.returncode == 2
    assert words in done.stderr


@pytest.mark.parametrize("name", ["", " ", "2b7e1516-28ae-4d2a-abf7-158809cf4f3c"])
def test_a_name_by_which_nothing_could_be_found_is_wrong_usage(server: Serving, name: str) -> None:
    done = campaign(server, "create", name, check=False)
    assert done.returncode == 2
    assert "a campaign needs a name" in done.stderr


def test_a_campaign_called_like_an_option_is_told_as_a_shell_takes_it(server: Serving) -> None:
    def said(verb: str) -> str:
        done = server.trunkcall("campaign", verb, "--", "--all", check=False, TRUNKCALL_DATA_DIR=str(server.data_dir))
        return done.stdout + done.stderr

    assert "`trunkcall campaign start -- --all`" in said("create")
    assert "`trunkcall load FILE --campaign --all`" in said("start")
    assert "`trunkcall campaign resume -- --all`" in said("pause")
    assert "`trunkcall campaign resume -- --all`" in said("start")
    assert "`trunkcall export contacts --campaign --all`" in said("stop")


def test_a_server_on_this_machine_is_asked_directly_whatever_proxy_there_is(server: Serving, name: str) -> None:
    proxies = dict.fromkeys(("http_proxy", "ALL_PROXY"), "http://127.0.0.1:1")
    for command in (("campaign", "show", name), ("status",), ("campaign", "watch", name, "--once")):
        done = server.trunkcall(*command, "--data-dir", str(server.data_dir), check=False, **proxies)
        assert not done.stderr


def test_programs_are_told_of_a_campaign_that_there_is_not(server: Serving) -> None:
    done = campaign(server, "pause", "nowhere at all", "--json", check=False)
    assert done.returncode == 1
    (outcome,) = json.loads(done.stdout)
    assert outcome["error"].startswith("There is no campaign 'nowhere at all'.")
    assert (outcome["id"], outcome["state"], outcome["changed"]) == (None, None, False)


def test_a_server_that_does_not_answer_is_said_once_whatever_was_asked_of_it(server: Serving) -> None:
    nobody = server.environment | dict.fromkeys(ENDPOINTS, "http://127.0.0.1:1")
    refused(campaign(server, "pause", "Spring", "Autumn", check=False, **nobody), "No server answers at")


def test_who_may_only_stop_a_campaign_can(server: Serving, name: str, tmp_path: Path) -> None:
    campaign(server, "start", name)
    statement = {"Effect": "Allow", "Action": "connect-campaigns:StopCampaign", "Resource": "*"}
    (tmp_path / "stop.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    made = server.trunkcall(
        "keys", "create", "--policy", str(tmp_path / "stop.json"), "--json", "--data-dir", str(server.data_dir)
    )
    key = json.loads(made.stdout)
    only = server.environment | {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    campaign_id = shown(server, name)["id"]
    assert campaign(server, "stop", campaign_id, **only).stdout.startswith(f"{campaign_id} is Stopped. ")
    refused(
        campaign(server, "start", campaign_id, check=False, **only), "StartCampaign action. `trunkcall keys create`"
    )


def test_a_queue_that_does_not_exist_is_said_in_one_sentence(server: Serving) -> None:
    done = campaign(server, "create", "Never", "--queue", "nowhere", check=False)
    refused(done, "no queue 'nowhere'", "BasicQueue")
    nowhere = "2b7e1516-28ae-4d2a-abf7-158809cf4f3c"
    done = campaign(server, "create", "Never", "--queue", nowhere, check=False)
    refused(done, "No queue with this id", "`trunkcall env` shows")


def test_a_campaign_goes_through_its_life_by_its_name(server: Serving, name: str) -> None:
    for verb, state in (("start", "Running"), ("pause", "Paused"), ("resume", "Running"), ("stop", "Stopped")):
        assert campaign(server, verb, name).stdout.startswith(f"{name} is {state}. ")
        assert campaign(server, verb, name).stdout == f"{name} is {state} already.\n", "said twice, done once"
        assert shown(server, name)["state"] == state
    assert "Deleted" in campaign(server, "delete", name, "--yes").stdout
    refused(campaign(server, "show", name, check=False), "There is no campaign")


@pytest.mark.parametrize(
    ("before", "verb", "words"),
    [
        ([], "pause", "nothing to pause"),
        ([], "resume", "campaign start"),
        ([], "stop", "never started"),
        (["start", "pause"], "start", "campaign resume"),
        (["start", "stop"], "start", "create another"),
        (["start", "stop"], "pause", "create another"),
    ],
)
def test_a_step_from_the_wrong_state_says_what_to_do(
    server: Serving, name: str, before: list[str], verb: str, words: str
) -> None:
    for step in before:
        campaign(server, step, name)
    refused(campaign(server, verb, name, check=False), f"so it cannot be {verb}", words)


def test_one_campaign_that_cannot_be_changed_keeps_none_of_the_others_from_it(server: Serving, name: str) -> None:
    campaign(server, "create", "Another")
    done = campaign(server, "start", "nowhere at all", name, "Another", check=False)
    assert done.returncode == 1
    assert shown(server, name)["state"] == shown(server, "Another")["state"] == "Running"
    assert "There is no campaign 'nowhere at all'" in done.stderr
    outcomes = json.loads(campaign(server, "start", name, "nowhere at all", "--json", check=False).stdout)
    assert [(o["name"], o["state"], o["changed"]) for o in outcomes] == [
        (name, "Running", False),
        ("nowhere at all", None, False),
    ]
    assert outcomes[1]["error"]


def test_without_a_terminal_what_is_final_for_many_needs_a_word(server: Serving, name: str) -> None:
    for arguments in (["delete", name], ["stop", "--all"]):
        done = campaign(server, *arguments, check=False)
        assert done.returncode == 2
        assert "say --yes" in done.stderr
    assert shown(server, name)["state"] == "Initialized"
    for verb in ("pause", "resume", "stop"):
        assert campaign(server, verb, check=False).returncode == 2
        assert campaign(server, verb, name, "--all", check=False).returncode == 2


def test_all_at_once_takes_those_that_can(server: Serving, name: str) -> None:
    campaign(server, "start", name)
    campaign(server, "pause", "--all")
    assert shown(server, name)["state"] == "Paused"
    assert campaign(server, "pause", "--all").stdout == "No campaign is Running.\n"
    campaign(server, "resume", "--all")
    assert shown(server, name)["state"] == "Running"
    campaign(server, "stop", "--all", "--yes")
    assert json.loads(campaign(server, "list", "--state", "running", "--state", "paused", "--json").stdout) == []


def test_a_key_with_the_actions_that_the_page_names_runs_a_shift_and_no_more(server: Serving, tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/run-a-shift.md").read_text()
    named = re.findall(
        "`([^`]+)`", page.partition("A key that runs shifts and no more needs")[2].partition(" needs ")[0]
    )
    commands = ("Create", "Start", "Pause", "Resume", "Stop", "Delete")
    actions = [f"connect-campaigns:{command}Campaign" for command in commands]
    actions += [f"connect-campaigns:{name.rpartition(':')[2]}" for name in named if name != "create --tag"]
    (tmp_path / "policy.json").write_text(
        json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}})
    )
    (tmp_path / "leads.csv").write_text("phone\n+12025550100\n")
    directory = ("--data-dir", str(server.data_dir))
    made = server.trunkcall("keys", "create", "--json", "--policy", str(tmp_path / "policy.json"), *directory)
    key = json.loads(made.stdout)
    given = server.environment | {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    for command in (
        ("campaign", "create", "Shift", "--start"),
        ("load", str(tmp_path / "leads.csv"), "--campaign", "Shift"),
        *(("campaign", step, "Shift") for step in ("pause", "resume", "show")),
        ("campaign", "watch", "Shift", "--once"),
        ("campaign", "list"),
        ("campaign", "stop", "Shift"),
        ("campaign", "delete", "Shift", "--yes"),
    ):
        assert server.trunkcall(*command, check=False, **given).returncode == 0, command
    assert "not authorized" not in server.trunkcall("status", check=False, **given).stderr
    denied = server.trunkcall("campaign", "create", "Shift", "--tag", "a=b", check=False, **given)
    refused(denied, "connect-campaigns:TagResource action. `trunkcall keys create`")


def test_the_list_has_every_campaign_and_no_line_is_cut_in_a_pipe(tmp_path: Path) -> None:
    with serving(tmp_path / "data", agents=5) as server:
        empty = campaign(server, "list")
        assert (empty.stdout, "campaign create" in empty.stderr) == ("", True)
        client = server.client()
        long = "Spring appeal of the northern branch " * 3
        names = [f"{n} {long}".strip() for n in range(120)]
        ids = [client.create_campaign(**server.campaign_arguments(name))["id"] for name in names]
        client.start_campaign(id=ids[7])
        header, *lines = campaign(server, "list", COLUMNS="40").stdout.splitlines()
        assert header.split() == ["NAME", "STATE", "PENDING", "DIALER", "DIALING", "ATTEMPTS", "CONNECTED", "ID"]
        assert [line[: len(name)] for line, name in zip(lines, names, strict=True)] == names, "more than a page"
        assert [line.split()[-1] for line in lines] == ids
        assert "`trunkcall campaign list` shows all" in campaign(server, "list", "--state", "paused").stderr
        running = campaign(server, "list", "--state", "Running").stdout.splitlines()
        assert [line.split()[-1] for line in running[1:]] == [ids[7]]
        (found,) = json.loads(campaign(server, "list", "--state", "running", "--json").stdout)
        assert (found["id"], found["name"], found["state"], found["waiting"]) == (ids[7], names[7], "Running", 0)


def test_status_tells_of_the_server_its_agents_and_its_campaigns(server: Serving, client: Any, name: str) -> None:
    campaign(server, "start", name)
    requests = [dial_request(f"lead-{i}", i, server.in_instance_time(days=30)) for i in range(50)]
    put_all(client, shown(server, name)["id"], requests)
    done = server.trunkcall("status", "--data-dir", str(server.data_dir))
    assert [line.split()[0] for line in done.stdout.splitlines()[:4]] == ["server", "clock", "agents", "lines"]
    assert "20 at work" in done.stdout
    assert "600 times as fast" in done.stdout
    assert any(line.startswith(name) for line in done.stdout.splitlines())
    found = json.loads(server.trunkcall("status", "--json", "--data-dir", str(server.data_dir)).stdout)
    assert (found["ok"], found["troubles"], found["status"], found["speed"]) == (True, [], "ok", 600)
    assert [each["alias"] for each in found["instances"]] == ["default"]
    assert name in [figures["name"] for figures in found["campaigns"]]
    assert sum(found["floor"]["agents"].values()) == 20


def test_status_says_what_is_wrong_first_and_tells_scripts(tmp_path: Path) -> None:
    with serving(tmp_path / "data", agents=0, drain_s=0) as server:
        campaign(server, "create", "Spring", "--start")
        put_all(server.client(), shown(server, "Spring")["id"], [dial_request("one", 1)])

        def status(*arguments: str) -> Done:
            return server.trunkcall("status", *arguments, "--data-dir", str(server.data_dir), check=False)

        server.wait_until(lambda: status().returncode == 1)
        done = status()
        assert done.stdout.startswith("WRONG  Spring: Its queue has no agents")
        (trouble,) = json.loads(status("--json").stdout)["troubles"]
        assert trouble["code"] == "NO_AGENTS"
        server.stop()
        refused(status(), "No server answers", "trunkcall serve")
