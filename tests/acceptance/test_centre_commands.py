"""`trunkcall queues`, `agents`, `numbers` and `connect` against a real server. If these fail, somebody who does not
program has no contact centre beyond the one that the first start made."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from serving import Serving

Done = CompletedProcess[str]


def run(server: Serving, *arguments: str, check: bool = True) -> Done:
    return server.trunkcall(*arguments, "--data-dir", str(server.data_dir), check=check)


def listed(server: Serving, group: str, *arguments: str) -> dict[str, dict[str, Any]]:
    """What a group lists for programs, by name."""
    found = json.loads(run(server, group, "list", "--json", *arguments).stdout)
    return {each["number" if group == "numbers" else "name"]: each for each in found}


def refused(done: Done, *words: str) -> None:
    """It failed with one sentence, which has these words."""
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    for word in words:
        assert word in done.stderr


@pytest.fixture(scope="module")
def reminders(server: Serving) -> str:
    """Another instance of the server's, which nobody dials for."""
    made = server.client("connect").create_instance(
        IdentityManagementType="CONNECT_MANAGED",
        InstanceAlias="reminders",
        InboundCallsEnabled=False,
        OutboundCallsEnabled=True,
    )
    return str(made["Id"])


class TestQueues:
    def test_a_queue_is_made_with_its_number_and_those_who_serve_it(self, server: Serving) -> None:
        number = json.loads(run(server, "numbers", "add", "--country", "GB", "--json").stdout)["number"]
        arguments = ["--number", f"{number[:3]} {number[3:]}", "--profile", "basic routing profile"]
        assert "Basic Routing Profile" in run(server, "queues", "add", "Shown", *arguments).stdout
        queue = listed(server, "queues")["Shown"]
        assert (queue["number"], queue["hours"], queue["enabled"]) == (number, "Basic Hours", True)
        assert queue["routing_profiles"] == ["Basic Routing Profile"]
        assert listed(server, "numbers")[number]["queues"] == ["Shown"]
        table = run(server, "queues", "list").stdout
        assert number in next(line for line in table.splitlines() if line.startswith("Shown "))
        refused(run(server, "numbers", "remove", number, "--yes", check=False), "shows the number")
        refused(run(server, "queues", "remove", "Shown", "--yes", check=False), "called 'Basic Routing Profile'")

    def test_a_queue_is_changed_while_it_is_there(self, server: Serving) -> None:
        """Else an operator stops a queue in the middle of a shift by writing a file."""
        run(server, "numbers", "add", "+12125550150")
        run(server, "queues", "add", "Changed")
        done = run(server, "queues", "change", "changed", "--disabled", "--number", "+1 212 555 0150")
        assert done.stdout == "Changed shows +12125550150, is disabled: nobody is dialed for it.\n"
        queue = listed(server, "queues")["Changed"]
        assert (queue["enabled"], queue["number"]) == (False, "+12125550150")
        run(server, "queues", "change", "Changed", "--enabled", "--hours", "basic hours")
        queue = listed(server, "queues")["Changed"]
        assert (queue["enabled"], queue["number"]) == (True, "+12125550150"), "what is not named stays"
        asked = run(server, "queues", "change", "Changed", check=False)
        assert (asked.returncode, "--disabled" in asked.stderr) == (2, True)

    def test_a_queue_that_nobody_has_goes_once_that_is_agreed_to(self, server: Serving) -> None:
        run(server, "queues", "add", "Gone")
        asked = run(server, "queues", "remove", "Gone", check=False)
        assert asked.returncode == 2
        assert "--yes" in asked.stderr
        assert "Gone" in listed(server, "queues")
        told = run(server, "queues", "remove", "gone", "Gone", "--yes")
        assert told.stdout == "Gone was removed.\n", "who is named twice goes once"
        assert "Gone" not in listed(server, "queues")

    def test_a_name_commands_no_terminal(self, server: Serving) -> None:
        made = run(server, "queues", "add", "Odd\x1b[2J")
        assert made.stdout.startswith("Odd\ufffd[2J was made.")
        assert "\x1b" not in run(server, "queues", "remove", "Odd\x1b[2J", "--yes").stdout

    def test_who_serves_a_queue_only_after_a_delay_is_told_apart(self, server: Serving) -> None:
        """Nobody is dialed for them, so a queue that such agents alone serve is one that nobody dials for."""
        run(server, "queues", "add", "Helped")
        instance = {"InstanceId": server.environment["TRUNKCALL_INSTANCE_ID"]}
        queue_id = listed(server, "queues")["Helped"]["id"]
        served = {"QueueReference": {"QueueId": queue_id, "Channel": "VOICE"}, "Priority": 1, "Delay": 20}
        server.client("connect").create_routing_profile(
            **instance,
            Name="Helpers",
            Description="Help out",
            DefaultOutboundQueueId=queue_id,
            MediaConcurrencies=[{"Channel": "VOICE", "Concurrency": 1}],
            QueueConfigs=[served],
        )
        run(server, "agents", "add", "jon", "--profile", "Helpers")
        assert "Helpers (after 20 s)" in run(server, "queues", "list").stdout
        assert "Helped (after 20 s)" in run(server, "agents", "list").stdout
        assert listed(server, "queues")["Helped"]["delays"] == {"Helpers": 20}
        assert listed(server, "agents")["jon"]["queues"] == ["Helped"]
        run(server, "agents", "remove", "jon", "--yes")

    def test_who_mistypes_is_told_what_there_is(self, server: Serving) -> None:
        refused(
            run(server, "queues", "remove", "BasicQueu", "--yes", check=False), "no queue 'BasicQueu'", "BasicQueue"
        )
        refused(run(server, "queues", "add", "Never", "--profile", "Nobody's", check=False), "Basic Routing Profile")
        assert "Never" not in listed(server, "queues")
        refused(run(server, "queues", "list", "--instance", "reminder", check=False), "no instance 'reminder'")


class TestAgents:
    def test_agents_of_a_queue_serve_it_alone_and_are_there_at_once(self, server: Serving) -> None:
        run(server, "queues", "add", "Sales")
        run(server, "agents", "add", "ada", "bea", "--queue", "Sales", "--available")
        run(server, "agents", "add", "cleo", "--queue", "Sales", "--after-contact-work", "30")
        agents = listed(server, "agents")
        assert [agents[name]["queues"] for name in ("ada", "bea", "cleo")] == [["Sales"]] * 3
        assert len({agents[name]["routing_profile"] for name in ("ada", "bea", "cleo")}) == 1, "one profile does"
        server.wait_until(lambda: listed(server, "agents")["ada"]["state"] == "Available")
        table = run(server, "agents", "list").stdout
        assert next(line for line in table.splitlines() if line.startswith("bea ")).split()[1:3] == [
            "available",
            "Sales",
        ]
        run(server, "agents", "remove", "ada", "bea", "cleo", "--yes")
        assert listed(server, "agents").keys().isdisjoint({"ada", "bea", "cleo"})

    def test_agents_are_brought_to_work_and_to_another_profile_and_kept_there(self, server: Serving) -> None:
        """Else whoever does not program has agents who are offline for good, or unheard after 15 s."""
        run(server, "queues", "add", "Care")
        told = run(server, "agents", "add", "gus", "--available", "--queue", "BasicQueue").stderr
        assert "--persistent-connection" in told
        run(server, "agents", "add", "hal", "--queue", "Care")
        care = listed(server, "agents")["hal"]["routing_profile"]
        phone = ["--persistent-connection", "--after-contact-work", "5"]
        done = run(server, "agents", "change", "gus", "hal", "--profile", care, *phone, "--status", "available")
        assert done.stdout.splitlines()[1] == (
            f"hal has the routing profile {care}, works after a contact 5 s at most, stays on the line, is to be "
            "Available."
        )
        server.wait_until(lambda: listed(server, "agents")["hal"]["state"] == "Available")
        assert listed(server, "agents")["gus"]["queues"] == ["Care"]
        connect = server.client("connect")
        instance = {"InstanceId": server.environment["TRUNKCALL_INSTANCE_ID"]}
        user = {**instance, "UserId": listed(server, "agents")["gus"]["id"]}
        config = connect.describe_user(**user)["User"]["PhoneConfig"]
        assert (config["PersistentConnection"], config["AfterContactWorkTimeLimit"]) == (True, 5)
        assert config["AutoAccept"], "what is not named stays"
        run(server, "agents", "change", "gus", "hal", "--status", "Break")
        server.wait_until(lambda: listed(server, "agents")["hal"]["state"] == "OnBreak")
        run(server, "agents", "remove", "gus", "hal", "--yes")

    def test_all_agents_of_an_instance_are_changed_at_once_if_that_is_said(
        self, server: Serving, reminders: str
    ) -> None:
        run(server, "agents", "add", "ida", "--instance", reminders)
        away = ["--instance", reminders]
        profile = listed(server, "agents", *away)["ida"]["routing_profile"]
        assert "ida" in run(server, "agents", "change", "--all", "--profile", profile, *away).stdout
        for wrong in (["--all"], ["--status", "Break"], ["ida", "--all", "--status", "Break"]):
            assert run(server, "agents", "change", *wrong, *away, check=False).returncode == 2
        refused(run(server, "agents", "change", "ida", "--status", "Luncheon", *away, check=False), "Available")
        refused(run(server, "agents", "change", "ide", "--status", "Break", *away, check=False), "'ida'")

    def test_agents_of_an_instance_that_is_not_dialed_for_have_no_state(self, server: Serving, reminders: str) -> None:
        """By alias and by id it is the same instance; its only profile is meant where none is named."""
        run(server, "agents", "add", "dora", "--instance", "Reminders")
        agent = listed(server, "agents", "--instance", reminders)["dora"]
        assert (agent["state"], agent["queues"]) == (None, ["BasicQueue"])
        assert "dora" not in listed(server, "agents")

    def test_agents_of_a_queue_get_their_profile_though_another_has_its_name(self, server: Serving) -> None:
        run(server, "queues", "add", "Help")
        run(server, "agents", "add", "nell", "--queue", "Help")
        run(server, "queues", "add", "Returns", "--profile", "Help")
        told = run(server, "agents", "add", "otto", "--queue", "Help").stdout
        assert told == "otto was made, with Help (2), and is offline.\n"
        agents = listed(server, "agents")
        assert (agents["nell"]["queues"], agents["otto"]["queues"]) == (["Help", "Returns"], ["Help"])
        run(server, "agents", "remove", "nell", "otto", "--yes")

    def test_who_cannot_be_available_is_said_to_be_there_all_the_same(self, server: Serving, reminders: str) -> None:
        """Else whoever tries again is told that the name is taken, and does not know by whom."""
        done = run(server, "agents", "add", "paul", "--available", "--instance", reminders, check=False)
        refused(done, "paul was made, and is offline.", "Nobody dials for the instance")
        run(server, "agents", "remove", "paul", "--yes", "--instance", reminders)

    def test_a_taken_name_is_said_to_be_taken(self, server: Serving) -> None:
        taken = next(iter(listed(server, "agents")))
        refused(run(server, "agents", "add", taken, "--profile", "Basic Routing Profile", check=False), "name is taken")


class TestNumbers:
    def test_numbers_of_ones_trunks_are_imported_once(self, server: Serving, tmp_path: Path) -> None:
        file = tmp_path / "numbers.txt"
        file.write_text("# Berlin\n+49 30 901820\n\n030 901821  # the second\n", encoding="utf-8")
        told = run(server, "numbers", "import", str(file), "--country", "DE")
        assert told.stdout.splitlines() == ["new    +4930901820", "new    +4930901821"]
        told = run(server, "numbers", "import", "+4930901821", "+4930901822", "+4930901821")
        assert told.stdout.splitlines() == ["new    +4930901822", "known  +4930901821"]
        assert told.stderr == "1 number imported, 1 known before.\n"
        numbers = listed(server, "numbers")
        assert numbers["+4930901820"]["country"] == "DE"
        run(server, "numbers", "remove", "+4930901820", "+4930901821", "+49 30 901820", "+4930901822", "--yes")
        assert not [number for number in listed(server, "numbers") if number.startswith("+4930")]

    def test_one_wrong_number_imports_none_and_its_place_is_told(self, server: Serving, tmp_path: Path) -> None:
        file = tmp_path / "numbers.txt"
        file.write_text("+442079460123\n+4912\n", encoding="utf-8")
        refused(run(server, "numbers", "import", str(file), check=False), f"{file}, line 2")
        refused(run(server, "numbers", "import", "+442079460123", "030 901820", check=False), "Number 2")
        refused(run(server, "numbers", "import", "numbers.text", check=False), "neither a number nor a file")
        assert "+442079460123" not in listed(server, "numbers")

    def test_a_number_has_one_instance(self, server: Serving, reminders: str) -> None:
        run(server, "numbers", "import", "+4930901830")
        refused(
            run(server, "numbers", "import", "+4930901830", "--instance", reminders, check=False), "nother instance"
        )

    def test_who_imports_many_is_told_how_many_there_are_if_one_is_refused(
        self, server: Serving, reminders: str, tmp_path: Path
    ) -> None:
        """They go by thousands, and one that another instance has refuses only its own."""
        run(server, "numbers", "import", "+4930901840")
        file = tmp_path / "numbers.txt"
        file.write_text("".join(f"+442079461{each:03}\n" for each in range(1000)) + "+4930901840\n", encoding="utf-8")
        done = run(server, "numbers", "import", str(file), "--instance", reminders, check=False)
        refused(done, "nother instance", "The first 1,000 of 1,001 numbers are the instance's.")
        assert len(listed(server, "numbers", "--instance", reminders)) == 1000

    def test_who_may_not_import_does_not_and_who_does_is_written_down(self, server: Serving, tmp_path: Path) -> None:
        allowed = {"Effect": "Allow", "Action": ["connect:*", "connect-campaigns:Get*"], "Resource": "*"}
        policy = tmp_path / "policy.json"
        policy.write_text(json.dumps({"Statement": [allowed]}), encoding="utf-8")
        key = json.loads(run(server, "keys", "create", "--policy", str(policy), "--json").stdout)
        own = server.environment | {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        data_dir = ["--data-dir", str(server.data_dir)]
        done = server.trunkcall("numbers", "import", "+4930901850", *data_dir, check=False, **own)
        refused(done, "AccessDeniedException", "connect-campaigns:ImportPhoneNumbers")
        run(server, "numbers", "import", "+4930901850")
        audit = server.data_dir / "audit.jsonl"
        server.wait_until(lambda: '"operation":"ImportPhoneNumbers"' in audit.read_text(encoding="utf-8"))
        assert "4930901850" not in audit.read_text(encoding="utf-8")

    def test_a_number_is_claimed_by_itself_or_by_its_country(self, server: Serving) -> None:
        run(server, "numbers", "add", "+1 212 555 0142")
        free = json.loads(run(server, "numbers", "add", "--country", "US", "--toll-free", "--json").stdout)
        numbers = listed(server, "numbers")
        assert (numbers["+12125550142"]["type"], numbers[free["number"]]["type"]) == ("DID", "TOLL_FREE")
        assert run(server, "numbers", "add", check=False).returncode == 2
        refused(run(server, "numbers", "add", "+4930901899", check=False), "not available")


class TestInstances:
    def test_the_server_says_which_there_are_and_which_it_dials_for(self, server: Serving, reminders: str) -> None:
        there = {each["alias"]: each for each in json.loads(run(server, "connect", "list", "--json").stdout)}
        assert there["reminders"]["id"] == reminders
        assert [there[alias]["dialed_for"] for alias in ("default", "reminders")] == [True, False]
        assert [there[alias]["default"] for alias in ("default", "reminders")] == [True, False]
        table = run(server, "connect", "list").stdout.splitlines()
        assert table[2].split()[:2] == ["reminders", "no"]

    def test_one_goes_once_its_campaigns_have_and_that_is_agreed_to(self, server: Serving, tmp_path: Path) -> None:
        """Else a contact centre that was made by a file is there for good."""
        file = tmp_path / "centre.toml"
        file.write_text('[instance]\nalias = "short-lived"\n', encoding="utf-8")
        run(server, "connect", "apply", str(file), "--yes")
        created = run(server, "campaign", "create", "In the way", "--instance", "Short-lived").stdout
        assert "was created" in created
        refused(run(server, "connect", "remove", "short-lived", "--yes", check=False), "1 campaign", "In the way")
        run(server, "campaign", "delete", "In the way", "--yes")
        assert run(server, "connect", "remove", "short-lived", check=False).returncode == 2
        assert "short-lived" in run(server, "connect", "list").stdout
        run(server, "connect", "remove", "short-lived", "--yes")
        assert "short-lived" not in run(server, "connect", "list").stdout

    def test_the_servers_own_stays_onboarded(self, server: Serving) -> None:
        refused(run(server, "connect", "remove", "default", "--yes", check=False), "cannot be removed")
        there = json.loads(run(server, "connect", "list", "--json").stdout)
        assert there[0]["dialed_for"]
