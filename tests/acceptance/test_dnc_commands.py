"""`trunkcall dnc` against a real server. If these fail, whoever is asked not to call somebody again cannot see to it,
or a register's file is on the list by half."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from botocore.exceptions import ClientError

from serving import Serving, dial_request
from trunkcall.cli.client import Connection, trunkcall_client

ANN, BOB, EVE = "+12065550101", "+12065550102", "+12065550103"


def own_client(server: Serving) -> Any:
    given = server.environment
    return trunkcall_client(
        Connection(server.url, given["AWS_REGION"], given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
    )


def run(server: Serving, *arguments: str, check: bool = True) -> CompletedProcess[str]:
    return server.trunkcall("dnc", *arguments, "--data-dir", str(server.data_dir), check=check)


def lists_of(server: Serving, number: str) -> list[str]:
    return [each["listName"] for each in json.loads(run(server, "show", number, "--json").stdout)]


def told_of(server: Serving, name: str) -> dict[str, object]:
    return next(each for each in json.loads(run(server, "lists", "--json").stdout) if each["name"] == name)


def test_somebody_is_put_on_the_list_of_opt_outs_shown_and_taken_off(server: Serving, tmp_path: Path) -> None:
    more = tmp_path / "stop.txt"
    more.write_text("(206) 555-0102  # Bob\n\n", encoding="utf-8")
    done = run(server, "add", ANN, str(more), "--country", "US", "--source", "phone", "--reason", "asked us")
    assert done.stdout == "2 numbers put on opt-outs, 0 on it before.\n"
    shown = run(server, "show", ANN).stdout
    assert "opt-outs" in shown
    assert "phone" in shown
    assert "asked us" in shown
    assert run(server, "show", EVE).stdout == "It is on no list.\n"
    assert "opt-outs" in run(server, "lists").stdout
    refused = run(server, "remove", ANN, check=False)
    assert (refused.returncode, lists_of(server, ANN)) == (2, ["opt-outs"]), "nobody is dialed again unasked"
    assert run(server, "remove", ANN, EVE, "--yes").stdout == "1 number taken off opt-outs, 1 not on it.\n"
    assert (lists_of(server, ANN), lists_of(server, BOB)) == ([], ["opt-outs"])
    audit = server.data_dir / "audit.jsonl"
    server.wait_until(lambda: '"operation":"RemoveDoNotCallEntries"' in audit.read_text(encoding="utf-8"))
    assert "5550101" not in audit.read_text(encoding="utf-8")


def test_a_registers_file_is_imported_and_the_next_takes_its_place(server: Serving, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text("name,phone\nAnn,206-555-0101\nNobody,12\nBob,+12065550102\n", encoding="utf-8")
    month = ("--list", "register", "--country", "US", "--as-of", server.instance_time().date().isoformat(), "--replace")
    done = run(server, "import", str(file), *month, check=False)
    assert (done.returncode, done.stdout) == (3, "2 numbers taken, 1 rejected; 2 numbers on register.\n")
    assert "rejected: line 3, column 2 (phone):" in done.stderr
    assert "12" not in done.stderr.split("rejected: ")[1].split(":", 1)[1]
    told = told_of(server, "register")
    assert (told["kind"], told["maxAgeDays"], told["entries"]) == ("registry", 31, 2)
    assert "trouble" not in told
    file.write_text("phone\n" + "".join(f"+1206555{n:04}\n" for n in range(1000, 9000)), encoding="utf-8")
    assert run(server, "import", str(file), *month).stdout.endswith("8,000 numbers on register.\n")
    assert (lists_of(server, ANN), lists_of(server, "+12065554444")) == ([], ["register"])
    file.write_text("phone\n", encoding="utf-8")
    empty = run(server, "import", str(file), *month, check=False)
    assert empty.returncode == 1, "an empty one does not"
    assert "There is no number in this import" in empty.stderr
    assert told_of(server, "register")["entries"] == 8000


def test_a_file_is_added_to_those_who_opted_out(server: Serving, tmp_path: Path) -> None:
    file = tmp_path / "stop.csv"
    file.write_text(f"phone\n{EVE}\n{EVE}\n", encoding="utf-8")
    for _ in range(2):
        assert "2 numbers taken, 0 rejected" in run(server, "import", str(file)).stdout
        assert lists_of(server, EVE) == ["opt-outs"]
    refused = run(server, "import", str(file), "--replace", check=False)
    assert refused.returncode == 1
    assert "Nobody who opted out goes" in refused.stderr
    with_number = run(server, "add", ANN, "--reason", f"is the partner of {BOB}", check=False)
    assert with_number.returncode == 1
    assert BOB not in with_number.stderr


def test_a_list_is_changed_and_deleted_by_whoever_agrees_to_what_that_means(server: Serving, tmp_path: Path) -> None:
    client = server.client()
    campaign_id = client.create_campaign(**server.campaign_arguments("Bound"))["id"]
    file = tmp_path / "north.csv"
    file.write_text(f"phone\n{ANN}\n", encoding="utf-8")
    run(server, "import", str(file), "--list", "north", "--as-of", server.instance_time().date().isoformat())
    done = run(server, "edit", "north", "--campaign", "Bound", "--max-age-days", "7", "--description", "Each week")
    assert done.stdout == "north binds 1 campaign. Good.\n"
    told = told_of(server, "north")
    assert (told["campaignIds"], told["maxAgeDays"], told["description"]) == ([campaign_id], 7, "Each week")
    assert run(server, "edit", "north", "--all-campaigns").stdout == "north binds all campaigns. Good.\n"
    unknown = run(server, "edit", "north", "--campaign", "Nowhere", check=False)
    assert unknown.returncode == 1
    assert run(server, "edit", "north", check=False).returncode == 2, "nothing is to be changed"
    refused = run(server, "delete", "north", check=False)
    assert refused.returncode == 2
    assert "1 number may be dialed again by all campaigns" in " ".join(refused.stderr.replace("│", " ").split())
    assert lists_of(server, ANN) == ["north"]
    number = told["number"]
    deleted = run(server, "delete", "north", "--yes").stdout
    assert deleted == f"north is deleted. Records that name it call it north#{number}.\n"
    assert lists_of(server, ANN) == []
    told = next(each for each in json.loads(run(server, "lists", "--deleted", "--json").stdout))
    assert (told["name"], told["deletedBy"]) == (f"north#{number}", server.environment["AWS_ACCESS_KEY_ID"])
    assert f"north#{number}" in run(server, "lists", "--deleted").stdout
    assert run(server, "delete", "north", "--yes", check=False).returncode == 1
    audit = server.data_dir / "audit.jsonl"
    server.wait_until(lambda: '"operation":"DeleteDoNotCallList"' in audit.read_text(encoding="utf-8"))


def test_a_list_whose_campaigns_are_gone_is_said_to_bind_nobody(server: Serving, tmp_path: Path) -> None:
    """Another campaign of the same name is another campaign, and who believes it bound calls who is on the list."""
    client = server.client()
    bound, other = [client.create_campaign(**server.campaign_arguments(name))["id"] for name in ("Once", "Other")]
    file = tmp_path / "once.csv"
    file.write_text(f"phone\n{EVE}\n", encoding="utf-8")
    run(server, "import", str(file), "--list", "once", "--campaign", "Once", "--campaign", "Other")
    for gone, told in ((other, "1 campaign, 1 gone"), (bound, "nobody: all gone")):
        client.delete_campaign(id=gone)
        assert told in run(server, "lists").stdout
    again = client.create_campaign(**server.campaign_arguments("Once"))["id"]
    assert "nobody: all gone" in run(server, "lists").stdout
    run(server, "edit", "once", "--campaign", "Once")
    assert "gone" not in run(server, "lists").stdout
    client.delete_campaign(id=again)
    run(server, "delete", "once", "--yes")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["add", "12"], 1),
        (["add", ANN, "--list", "nowhere"], 1),
        (["import", "nowhere.csv"], 1),
        (["show", "x"], 1),
    ],
)
def test_what_cannot_be_is_one_sentence(server: Serving, arguments: list[str], code: int) -> None:
    done = run(server, *arguments, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_list_for_a_campaign_that_there_is_not_is_refused_and_it_is_said_what_would_be_right(server: Serving) -> None:
    with pytest.raises(ClientError) as refused:
        own_client(server).create_do_not_call_list(
            connectInstanceId=server.environment["TRUNKCALL_INSTANCE_ID"],
            name="astray",
            campaignIds=["11111111-2222-3333-4444-555555555555"],
        )
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert "Name each by its id, or none" in refused.value.response["Error"]["Message"]
    assert "astray" not in run(server, "lists", "--json").stdout


def test_nobody_on_a_list_is_taken_for_a_campaign_nor_dialed_by_one(server: Serving) -> None:
    client = server.client()
    campaign_id = client.create_campaign(**server.campaign_arguments("Listed"))["id"]
    client.start_campaign(id=campaign_id)
    run(server, "add", "+12065550177")
    requests = [dial_request(token, digits) for token, digits in (("listed", 177), ("other", 178))]
    requests[0]["phoneNumber"] = "+12065550177"
    answer = client.put_dial_request_batch(id=campaign_id, dialRequests=requests)
    assert [each["clientToken"] for each in answer["successfulRequests"]] == ["other"]
    assert [(each["clientToken"], each["failureCode"]) for each in answer["failedRequests"]] == [
        ("listed", "InvalidInput")
    ]
    client.delete_campaign(id=campaign_id)
