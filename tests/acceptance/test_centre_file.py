"""`trunkcall connect apply` against a real server. If it fails, a contact centre is not what its file says, or somebody
loses what the file did not speak of."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from serving import Serving
from trunkcall.flows.content import DEFAULT_FLOWS

Done = CompletedProcess[str]

CENTRE = """
[instance]
alias = "{alias}"
inbound_calls = false

[[statuses]]
name = "Lunch"

[[hours]]
name = "Office hours"
time_zone = "Europe/Berlin"
open = ["monday-friday 09:00-17:00"]

[[numbers]]
number = "{number}"

[[flows]]
name = "Reminder"
content = "reminder.json"

[[queues]]
name = "Reminders"
hours = "Office hours"
number = "{number}"
flow = "Reminder"

[[queues]]
name = "Help"
hours = "Basic Hours"
enabled = false

[[routing_profiles]]
name = "Reminders first"
queues = ["Reminders", {{ queue = "BasicQueue", priority = 2, delay = 20 }}]

[[agents]]
name = "ada"
routing_profile = "Reminders first"
first_name = "Ada"
after_contact_work = 30
"""


@pytest.fixture(scope="module")
def flow(server: Serving) -> str:
    connect, instance = server.client("connect"), server.environment["TRUNKCALL_INSTANCE_ID"]
    found = connect.describe_contact_flow(
        InstanceId=instance, ContactFlowId=server.environment["TRUNKCALL_CONTACT_FLOW_ID"]
    )
    return str(found["ContactFlow"]["Content"])


def written(folder: Path, flow: str, alias: str, number: str, *changes: tuple[str, str]) -> Path:
    """The file, with one text in it in place of another."""
    text = CENTRE.format(alias=alias, number=number)
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (folder / "reminder.json").write_text(flow, encoding="utf-8")
    path = folder / "centre.toml"
    path.write_text(text, encoding="utf-8")
    return path


def apply(server: Serving, file: Path, *arguments: str, check: bool = True) -> Done:
    return server.trunkcall("connect", "apply", str(file), *arguments, "--data-dir", str(server.data_dir), check=check)


def listed(server: Serving, group: str, alias: str) -> dict[str, dict[str, Any]]:
    done = server.trunkcall(group, "list", "--json", "--instance", alias, "--data-dir", str(server.data_dir))
    return {each["number" if group == "numbers" else "name"]: each for each in json.loads(done.stdout)}


def test_an_instance_is_made_as_its_file_says_and_then_nothing_is_to_be_changed(
    server: Serving, tmp_path: Path, flow: str
) -> None:
    file = written(tmp_path, flow, "first", "+4930901801")
    preview = apply(server, file, "--dry-run").stdout.splitlines()
    assert preview[0] == "+ instance first"
    assert "+ queue Reminders" in preview
    asked = apply(server, file, check=False)
    assert asked.returncode == 2
    assert "makes the instance first" in asked.stderr
    assert "first" not in [
        each.get("InstanceAlias") for each in server.client("connect").list_instances()["InstanceSummaryList"]
    ], "nobody agreed to it"

    assert apply(server, file, "--yes").stdout.splitlines() == preview
    queues = listed(server, "queues", "first")
    assert (queues["Reminders"]["number"], queues["Reminders"]["hours"]) == ("+4930901801", "Office hours")
    assert [queues[name]["enabled"] for name in ("BasicQueue", "Reminders", "Help")] == [True, True, False]
    assert listed(server, "agents", "first")["ada"]["queues"] == ["Reminders", "BasicQueue"]
    server.wait_until(lambda: listed(server, "agents", "first")["ada"]["state"] is not None)

    assert apply(server, file).stdout == "Nothing is to be changed.\n"
    assert json.loads(apply(server, file, "--json", "--prune", "--dry-run").stdout)["changes"], "Basic things would go"


def test_what_differs_is_changed_and_the_rest_is_left_alone(server: Serving, tmp_path: Path, flow: str) -> None:
    apply(server, written(tmp_path, flow, "second", "+4930901802"), "--yes")
    file = written(
        tmp_path,
        flow,
        "second",
        "+4930901802",
        ("inbound_calls = false", "outbound_calls = false"),
        ("09:00-17:00", "08:00-12:00"),
        ("enabled = false", "description = 'Who asks'\nmax_contacts = 0"),
        ("priority = 2, delay = 20", "priority = 3"),
        ("after_contact_work = 30", "after_contact_work = 0"),
        ('name = "Lunch"', 'name = "Lunch"\ndescription = "At noon"'),
        ('flow = "Reminder"', 'flow = "Default outbound flow"'),
    )
    told = apply(server, file).stdout.splitlines()
    assert told == [
        "~ instance second: outbound_calls",
        "~ status Lunch: description",
        "~ hours Office hours: open",
        "~ queue Reminders: flow",
        "~ queue Help: description, max_contacts",
        "~ routing profile Reminders first: queues",
        "~ agent ada: after_contact_work",
    ]
    assert apply(server, file).stdout == "Nothing is to be changed.\n"
    queues = listed(server, "queues", "second")
    assert queues["Reminders"]["number"] == "+4930901802", "it is set together with the flow"
    assert not queues["Help"]["enabled"], "the file does not say it any more"
    user = server.client("connect").search_users(InstanceId=_instance(server, "second"))["Users"][0]
    assert user["IdentityInfo"]["FirstName"] == "Ada"


def test_holidays_are_those_of_the_file(server: Serving, tmp_path: Path, flow: str) -> None:
    """Who asks when the centre is open is told so, and nothing of last year's."""

    def holidays(*written_as: str) -> tuple[str, str]:
        return 'open = ["monday-friday', f'overrides = [{", ".join(written_as)}]\nopen = ["monday-friday'

    christmas = '{ name = "Christmas", from = 2026-12-24, until = 2026-12-26, open = [] }'
    eve = '{ name = "Eve", from = 2026-12-31, open = ["thursday 09:00-12:00"] }'
    apply(server, written(tmp_path, flow, "feasts", "+4930901809", holidays(christmas, eve)), "--yes")
    connect, office = server.client("connect"), {"InstanceId": _instance(server, "feasts")}
    hours = connect.list_hours_of_operations(**office)["HoursOfOperationSummaryList"][-1]
    assert hours["Name"] == "Office hours"
    of_hours = {**office, "HoursOfOperationId": hours["Id"]}

    def overrides() -> dict[str, Any]:
        listed = connect.list_hours_of_operation_overrides(**of_hours)["HoursOfOperationOverrideList"]
        return {each["Name"]: (each["EffectiveFrom"], each["EffectiveTill"], len(each["Config"])) for each in listed}

    assert overrides() == {"Christmas": ("2026-12-24", "2026-12-26", 0), "Eve": ("2026-12-31", "2026-12-31", 1)}
    assert apply(server, tmp_path / "centre.toml").stdout == "Nothing is to be changed.\n"

    longer, easter = christmas.replace("26,", "27,"), '{ name = "Easter", from = 2027-03-26, open = [] }'
    file = written(tmp_path, flow, "feasts", "+4930901809", holidays(longer, easter))
    assert apply(server, file).stdout == "~ hours Office hours: overrides\n"
    assert overrides() == {"Christmas": ("2026-12-24", "2026-12-27", 0), "Easter": ("2027-03-26", "2027-03-26", 0)}
    assert apply(server, file).stdout == "Nothing is to be changed.\n"
    assert apply(server, written(tmp_path, flow, "feasts", "+4930901809")).stdout == "Nothing is to be changed.\n"
    assert len(overrides()) == 2, "the file does not speak of them"
    apply(server, written(tmp_path, flow, "feasts", "+4930901809", holidays()))
    assert overrides() == {}


def test_what_a_file_does_not_name_goes_if_that_is_asked_for(server: Serving, tmp_path: Path, flow: str) -> None:
    apply(server, written(tmp_path, flow, "third", "+4930901803"), "--yes")
    file = tmp_path / "centre.toml"
    file.write_text(
        '[instance]\nalias = "third"\n[[queues]]\nname = "BasicQueue"\nhours = "Basic Hours"\n[[routing_profiles]]\n'
        'name = "Basic Routing Profile"\nqueues = ["BasicQueue"]\n[[agents]]\nname = "bea"\n'
        'routing_profile = "Basic Routing Profile"\n',
        encoding="utf-8",
    )
    assert apply(server, file, "--dry-run").stdout == "+ agent bea\n"
    asked = apply(server, file, "--prune", check=False)
    assert "removes 4 things" in asked.stderr
    told = apply(server, file, "--prune", "--yes").stdout.splitlines()
    assert told == [
        "+ agent bea",
        "- agent ada",
        "- routing profile Reminders first",
        "- queue Reminders",
        "- queue Help",
    ]
    assert listed(server, "queues", "third").keys() == {"BasicQueue"}
    assert listed(server, "numbers", "third").keys() == {"+4930901803"}, "the file does not speak of numbers"


def test_a_queue_that_got_another_name_is_served_by_that_name_alone(server: Serving, tmp_path: Path) -> None:
    """A routing profile holds on to the queue that was its default."""
    file = tmp_path / "centre.toml"
    text = (
        '[instance]\nalias = "renamed"\n[[queues]]\nname = "Surveys"\nhours = "Basic Hours"\n[[routing_profiles]]\n'
        'name = "Surveyors"\nqueues = ["Surveys"]\n[[routing_profiles]]\nname = "Guests"\nqueues = []\n'
    )
    file.write_text(text, encoding="utf-8")
    apply(server, file, "--yes", "--prune")
    assert listed(server, "queues", "renamed").keys() == {"Surveys"}
    file.write_text(text.replace("Surveys", "Polls"), encoding="utf-8")
    told = apply(server, file, "--yes", "--prune").stdout.splitlines()
    assert told == ["+ queue Polls", "~ routing profile Surveyors: queues", "- queue Surveys"]
    assert listed(server, "queues", "renamed")["Polls"]["routing_profiles"] == ["Surveyors"]
    assert apply(server, file, "--prune").stdout == "Nothing is to be changed.\n"


def test_what_a_new_instance_has_already_is_not_shown_as_a_change(server: Serving, tmp_path: Path) -> None:
    flows = "".join(f'[[flows]]\nname = "{name}"\ncontent = "{name}.json"\n' for name in DEFAULT_FLOWS)
    for name, content in DEFAULT_FLOWS.items():
        (tmp_path / f"{name}.json").write_text(content, encoding="utf-8")
    file = tmp_path / "centre.toml"
    week = '["monday-sunday 0:00-24:00"]'
    file.write_text(
        '[instance]\nalias = "basic"\n[[statuses]]\nname = "Break"\norder = 3\nenabled = true\n[[hours]]\n'
        f'name = "Basic Hours"\ntime_zone = "UTC"\nopen = {week}\n{flows}'
        '[[queues]]\nname = "BasicQueue"\nhours = "Basic Hours"\nenabled = true\n'
        '[[routing_profiles]]\nname = "Basic Routing Profile"\nqueues = ["BasicQueue"]\n',
        encoding="utf-8",
    )
    assert apply(server, file, "--dry-run", "--prune").stdout == "+ instance basic\n"
    assert apply(server, file, "--yes", "--prune").stderr == "1 change made.\n"
    assert apply(server, file, "--prune").stdout == "Nothing is to be changed.\n"


def test_a_flow_that_was_only_saved_is_published(server: Serving, tmp_path: Path, flow: str) -> None:
    file = written(tmp_path, flow, "saved", "+4930901807")
    apply(server, file, "--yes")
    connect, instance = server.client("connect"), {"InstanceId": _instance(server, "saved")}
    draft = {"Name": "Draft", "Type": "CONTACT_FLOW", "Content": flow, "Status": "SAVED"}
    made = connect.create_contact_flow(**instance, **draft)
    file.write_text(file.read_text() + '[[flows]]\nname = "Draft"\ncontent = "reminder.json"\n', encoding="utf-8")
    assert apply(server, file).stdout == "~ flow Draft: content\n"
    described = connect.describe_contact_flow(**instance, ContactFlowId=made["ContactFlowId"])
    assert described["ContactFlow"]["Status"] == "PUBLISHED"
    assert apply(server, file).stdout == "Nothing is to be changed.\n"


def test_a_file_that_has_not_changed_leaves_what_was_saved_beside_a_published_flow(
    server: Serving, tmp_path: Path, flow: str
) -> None:
    file = written(tmp_path, flow, "drafts", "+4930901808")
    apply(server, file, "--yes")
    connect, instance = server.client("connect"), {"InstanceId": _instance(server, "drafts")}
    flow_id = listed(server, "flow", "drafts")["Reminder"]["id"]
    connect.update_contact_flow_content(**instance, ContactFlowId=f"{flow_id}:$SAVED", Content="half of it")
    assert apply(server, file).stdout == "Nothing is to be changed.\n"
    saved = connect.describe_contact_flow(**instance, ContactFlowId=f"{flow_id}:$SAVED")["ContactFlow"]
    assert saved["Content"] == "half of it"


def test_what_only_another_table_names_is_not_removed(server: Serving, tmp_path: Path) -> None:
    """Else the queue would be in the way of its hours, and the file could never be applied."""
    file = tmp_path / "centre.toml"
    file.write_text(
        '[instance]\nalias = "sixth"\n[[hours]]\nname = "Office"\ntime_zone = "UTC"\nopen = []\n[[queues]]\n'
        'name = "Help"\nhours = "Basic Hours"\n[[routing_profiles]]\nname = "All"\nqueues = ["Help", "BasicQueue"]\n',
        encoding="utf-8",
    )
    told = apply(server, file, "--yes", "--prune").stdout.splitlines()
    assert [each for each in told if each.startswith("-")] == ["- routing profile Basic Routing Profile"]
    assert listed(server, "queues", "sixth")["Help"]["hours"] == "Basic Hours"
    assert apply(server, file, "--prune").stdout == "Nothing is to be changed.\n"


def test_a_routing_profile_where_there_is_no_queue_is_refused_in_words(server: Serving, tmp_path: Path) -> None:
    connect = server.client("connect")
    bare = {
        "InstanceId": connect.create_instance(
            IdentityManagementType="CONNECT_MANAGED",
            InstanceAlias="bare",
            InboundCallsEnabled=False,
            OutboundCallsEnabled=True,
        )["Id"]
    }
    (profile,) = connect.list_routing_profiles(**bare)["RoutingProfileSummaryList"]
    connect.delete_routing_profile(**bare, RoutingProfileId=profile["Id"])
    (queue,) = connect.list_queues(**bare)["QueueSummaryList"]
    connect.delete_queue(**bare, QueueId=queue["Id"])
    file = tmp_path / "centre.toml"
    file.write_text('[instance]\nalias = "bare"\n[[routing_profiles]]\nname = "Nobody"\nqueues = []\n')
    done = apply(server, file, "--yes", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "line 3: [[routing_profiles]] needs a queue, and there is none" in done.stderr


def test_a_file_that_names_what_there_is_not_changes_nothing(server: Serving, tmp_path: Path, flow: str) -> None:
    file = written(tmp_path, flow, "fourth", "+4930901804", ('hours = "Office hours"', 'hours = "Ofice hours"'))
    done = apply(server, file, "--yes", check=False)
    assert done.returncode == 1
    line = next(n for n, text in enumerate(file.read_text().splitlines(), start=1) if "Ofice" in text)
    assert f"{file}, line {line}: [[queues]] hours: there is no hours 'Ofice hours'" in done.stderr
    assert "Did you mean 'Office hours'?" in done.stderr
    with pytest.raises(StopIteration):
        _instance(server, "fourth")


def test_a_change_that_is_refused_says_how_far_it_came(server: Serving, tmp_path: Path) -> None:
    """A number belongs to one instance."""
    file = tmp_path / "centre.toml"
    number = server.environment["TRUNKCALL_SOURCE_PHONE_NUMBER"]
    file.write_text(f'[instance]\nalias = "fifth"\n[[statuses]]\nname = "Tea"\n[[numbers]]\nnumber = "{number}"\n')
    done = apply(server, file, "--yes", check=False)
    assert done.returncode == 1
    assert "Another instance has one of these numbers. 2 of 3 changes were made before it" in done.stderr
    assert apply(server, file, "--dry-run").stdout == f"+ number {number}\n"


def _instance(server: Serving, alias: str) -> str:
    listed = server.client("connect").list_instances()["InstanceSummaryList"]
    return next(str(each["Id"]) for each in listed if each.get("InstanceAlias") == alias)
