"""What flows look up at once. If these fail, a flow tells people wrong names and numbers, or goes the wrong way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from service.flow_desk import CAMPAIGN
from trunkcall.domain.campaign import OutboundCallConfig
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.hours_of_operation import Day, HoursOfOperation, OpenHours
from trunkcall.domain.instants import SECOND, Instant, from_datetime
from trunkcall.domain.queue import Queue
from trunkcall.engine.progress import QueueFigures
from trunkcall.flows.content import DEFAULT_CONTENT
from trunkcall.flows.references import Path
from trunkcall.service.flow_surroundings import FlowSurroundings, Person
from trunkcall.service.parsed_flows import ParsedFlows

MONDAY: Instant = from_datetime(datetime(2026, 11, 30, 10, 0, tzinfo=UTC))
CONNECT = "arn:aws:connect:us-east-1:123456789012:instance"
HOURS = HoursOfOperation("h1", "Mondays", "UTC", (OpenHours(Day.MONDAY, 9 * 60, 17 * 60),))
DIRECTORY = Directory(
    Instance("i1", "one", 0, onboarded=True),
    queues={
        "sales": Queue("sales", "Sales", "+12065550100", hours_of_operation_id="h1"),
        "other": Queue("other", "Others"),
    },
    hours_of_operation={"h1": HOURS},
)
PERSON = Person("c-1", CAMPAIGN, "+12125550123", "+12065550100")
FIGURES = QueueFigures(available=2, staffed=3, online=4, waiting=5, waiting_since=lambda: MONDAY - 90 * SECOND)


def around(
    person: Person = PERSON,
    now: Instant = MONDAY,
    *,
    figures: QueueFigures = FIGURES,
    chance: Callable[[], float] = lambda: 0.0,
) -> FlowSurroundings:
    asked = {"sales": figures, "other": QueueFigures(0, 0, 0, 0, lambda: None)}
    return FlowSurroundings(person, now, DIRECTORY, lambda flow_id: None, asked.__getitem__, chance)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("ContactId",), "c-1"),
        (("InitialContactId",), "c-1"),
        (("Channel",), "VOICE"),
        (("InitiationMethod",), "API"),
        (("AwsRegion",), "us-east-1"),
        (("InstanceARN",), f"{CONNECT}/i1"),
        (("CustomerEndpoint", "Address"), "+12125550123"),
        (("CustomerEndpoint", "Type"), "TELEPHONE_NUMBER"),
        (("CustomerCallbackNumber",), "+12125550123"),
        (("SystemEndpoint", "Address"), "+12065550100"),
        (("Queue", "Name"), "Sales"),
        (("Queue", "ARN"), f"{CONNECT}/i1/queue/sales"),
        (("Queue", "OutboundCallerId"), "+12065550100"),
        (("PreviousContactId",), None),
        (("Agent", "FirstName"), None),
        (("Queue", "Mood"), None),
    ],
)
def test_a_flow_finds_the_values_of_its_contact(path: Path, value: str | None) -> None:
    assert around().value(path, None) == value


def test_the_queue_is_the_campaigns_until_the_flow_chooses_another() -> None:
    assert around().value(("Queue", "Name"), "other") == "Others"
    assert around().metric("NumberOfContactsInQueue", "other") == 0
    agentless = replace(CAMPAIGN, outbound_call=OutboundCallConfig("f1", None, None, None))
    nowhere = around(replace(PERSON, campaign=agentless))
    assert nowhere.value(("Queue", "Name"), None) is None
    assert nowhere.metric("NumberOfAgentsStaffed", None) is None
    assert nowhere.is_open(None, None) is None


def test_who_was_forgotten_has_no_number_any_more() -> None:
    assert around(replace(PERSON, phone_number="")).value(("CustomerEndpoint", "Address"), None) is None


def test_a_queue_is_found_by_its_id_and_by_the_arn_of_any_account() -> None:
    """A flow that was exported elsewhere names what was there: what has the same id here is meant."""
    assert around().queue("other") == "other"
    assert around().queue("arn:aws:connect:eu-west-2:999999999999:instance/theirs/queue/other") == "other"
    assert around().queue("nobodys") is None


@pytest.mark.parametrize("hours_id", [None, "h1", f"{CONNECT}/i1/operating-hours/h1"])
def test_hours_are_those_that_are_named_or_else_the_queues(hours_id: str | None) -> None:
    assert around().is_open(hours_id, None) is True
    assert around(now=MONDAY + 8 * 3600 * SECOND).is_open(hours_id, None) is False
    assert around().is_open("nobodys", None) is None
    assert around().is_open(None, "other") is None, "a queue without hours"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NumberOfAgentsAvailable", 2),
        ("NumberOfAgentsStaffed", 3),
        ("NumberOfAgentsOnline", 4),
        ("NumberOfContactsInQueue", 5),
        ("OldestContactInQueueAgeSeconds", 90),
        ("NumberOfDoors", None),
    ],
)
def test_a_flow_is_told_what_its_queue_has(name: str, value: int | None) -> None:
    assert around().metric(name, None) == value


@pytest.mark.parametrize(
    ("keys", "country", "number"),
    [
        ("2125550123", "US", "+12125550123"),
        ("02079460018", "GB", "+442079460018"),
        ("12125550123", None, "+12125550123"),
        ("123", "US", None),
        ("*", "US", None),
        ("", None, None),
        ("2125550123", "XX", None),
    ],
)
def test_keys_are_read_as_a_number_of_their_country(keys: str, country: str | None, number: str | None) -> None:
    assert around().number(keys, country) == number


@pytest.mark.parametrize(("chance", "percent"), [(0.0, 1), (0.0099, 1), (0.5, 51), (1.0 - 2**-53, 100)])
def test_chance_is_a_number_from_1_to_100(chance: float, percent: int) -> None:
    assert around(chance=lambda: chance).percent() == percent


def test_a_flow_is_read_once_and_anew_where_its_content_is_another() -> None:
    parsed = ParsedFlows()
    flows = {"f1": ContactFlow("f1", "One"), "saved": ContactFlow("saved", "Two", published=False)}
    first = parsed.flow("f1", flows)
    assert first is not None
    assert first.start == "who answered", "one without content is the default one"
    assert parsed.flow("f1", dict(flows)) is first
    assert parsed.flow("saved", flows) is None, "nobody has published it"
    assert parsed.flow("nobodys", flows) is None
    other = {"f1": replace(flows["f1"], content=DEFAULT_CONTENT.replace("who answered", "who"))}
    assert getattr(parsed.flow("f1", other), "start", None) == "who"
    assert parsed.flow("f1", {"f1": replace(flows["f1"], content="{")}) is None, "it cannot be run"
    assert parsed.flow("f1", {}) is None
