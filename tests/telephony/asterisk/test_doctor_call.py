"""`trunkcall doctor` beside a server that dials over a real switch: it tells of agents' phones, and with `--call` has
the server make one call and tells what became of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from commands import COMMANDS
from serving import Serving
from telephony.asterisk.centre import TRUNK, Centre, Site
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Manner, Phone
from telephony.asterisk.place import Which, place_of_this_worker

pytestmark = [
    inside,
    pytest.mark.xdist_group("doctor's calls"),
]

SHOWN = "+12025550100"
AGENT, NEW_AGENT = "anna", "bert"
ANSWERS, BUSY, LEAVES = "+12065550101", "+12065550102", "+12065550103"
MANNERS = {
    ANSWERS: Manner(answers_after_s=0.2),
    BUSY: Manner(code=486),
    LEAVES: Manner(answers_after_s=0.2, leaves_after_s=0.3),
}


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, Phone]]:
    with ExitStack() as stack:
        # The switch of other tests goes on between them.
        site = Site.of(place_of_this_worker(Which.DOCTORS_CALLS), (AGENT,), stack)
        customers = site.customers(MANNERS)
        server = site.serve(tmp_path_factory.mktemp("calls") / "server", speech_command="true {file}")
        server.wait_until(lambda: server.metric("trunkcall_dialer_up"))
        yield server, customers


def call(server: Serving, number: str, *options: str) -> subprocess.CompletedProcess[str]:
    return COMMANDS.run("doctor", "--data-dir", str(server.data_dir), "--call", number, "--yes", *options)


def steps(ran: subprocess.CompletedProcess[str]) -> list[str]:
    assert ran.stderr == ""
    return [each["step"] for each in json.loads(ran.stdout)["steps"]]


def invites(customers: Phone, number: str) -> list[dict[str, str]]:
    return [each for each in customers.invites if number in each["to"]]


def test_whoever_answers_is_called_once_and_each_step_is_told(street: tuple[Serving, Phone]) -> None:
    server, customers = street
    ran = call(server, LEAVES, "--show", SHOWN, "--json")

    assert steps(ran) == ["dialed", "rang", "answered", "ended"]
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["answered"] is True
    (invite,) = invites(customers, LEAVES)
    assert SHOWN.lstrip("+") in invite["from"]
    (record,) = [each for each in server.export() if each["CustomerEndpoint"]["Address"] == LEAVES]
    assert record["Trunk"] == TRUNK
    # The campaign that it was made by is gone.
    assert server.client().list_campaigns()["campaignSummaryList"] == []


def test_a_busy_number_is_told_in_words(street: tuple[Serving, Phone]) -> None:
    server, customers = street
    ran = call(server, BUSY, "--show", SHOWN)

    assert ran.returncode == 1
    assert f"Dialed on the trunk {TRUNK}, showing {SHOWN}." in ran.stdout
    assert "busy (SIP 486 or 600)" in ran.stdout
    assert len(invites(customers, BUSY)) == 1


def test_nobody_is_called_past_the_policy_nor_past_a_halt(street: tuple[Serving, Phone]) -> None:
    server, customers = street
    elsewhere = call(server, "+442079460123", "--show", SHOWN)
    COMMANDS.run("halt", "--data-dir", str(server.data_dir), "--reason", "a drill")
    halted = call(server, ANSWERS, "--show", SHOWN)
    COMMANDS.run("resume", "--data-dir", str(server.data_dir))

    assert elsewhere.returncode == halted.returncode == 1
    assert "policy" in elsewhere.stderr
    assert "All calls of its instance are halted" in halted.stderr
    assert "a drill" in halted.stderr
    assert not invites(customers, "442079460123")
    assert not invites(customers, ANSWERS)


def test_agents_without_a_phone_at_the_switch_are_told(street: tuple[Serving, Phone]) -> None:
    server, _ = street
    Centre(server, (AGENT, NEW_AGENT)).hire()
    given = ("carrier", "ari-url", "ari-user", "ari-password-file", "config")
    options = [part for name in given for part in (f"--{name}", server.options[name])]
    ran = COMMANDS.run("doctor", "--data-dir", str(server.data_dir), *options, "--json")

    (found,) = [each for each in json.loads(ran.stdout)["findings"] if each["subject"] == "agents' phones"]
    assert found["level"] == "warning"
    assert f"1 of 2 agents have no phone at Asterisk, so nobody is put through to them: {NEW_AGENT}." in found["text"]
