"""What is said to people for whom no agent was found in time. If these fail, they hear nobody's name or another
number than called them, or the record does not say that they were told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.bench import CAMPAIGN, Bench
from service.offices import Office
from service.switch import Phone
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.contact import ContactState, Disposition
from trunkcall.domain.errors import InvalidInputError, SettingsError
from trunkcall.domain.instants import MINUTE, SECOND
from trunkcall.domain.leg import LegParty
from trunkcall.domain.queue import Queue
from trunkcall.domain.safe_harbour import TAG
from trunkcall.service.safe_harbour import safe_harbour_message, spoken
from trunkcall.settings import load_settings

TEXT = "This is {name}. Sorry, nobody is free. Call us back at {number}."


def campaign(**tags: str) -> Campaign:
    call = OutboundCallConfig("flow", "queue")
    dialer = DialerConfig(DialerType.PROGRESSIVE)
    return Campaign(CAMPAIGN, "arn", "instance-1", "Spring", dialer, call, CampaignState.RUNNING, 0, tags=tags)


def test_a_campaigns_own_text_counts_also_where_it_is_empty() -> None:
    assert safe_harbour_message(campaign(), default="Sorry.") == "Sorry."
    assert safe_harbour_message(campaign(**{TAG: " Goodbye. "}), default="Sorry.") == "Goodbye."
    assert safe_harbour_message(campaign(**{TAG: ""}), default="Sorry.") == ""


@pytest.mark.parametrize(
    ("queue", "number", "said"),
    [
        (
            Queue("queue", "Sales", outbound_caller_id_name="Example Ltd"),
            "+12065550100",
            "Example Ltd: +1 206-555-0100",
        ),
        (Queue("queue", "Sales"), "+12065550100", "Spring: +1 206-555-0100"),
        (None, None, "Spring: "),
        (None, "+999", "Spring: +999"),
    ],
)
def test_placeholders_stand_for_what_was_shown(queue: Queue | None, number: str | None, said: str) -> None:
    assert spoken("{name}: {number}", campaign(), queue, number) == said


def test_other_braces_are_said_as_they_stand() -> None:
    assert spoken("{} {0} {name.x} {{number}}", campaign(), None, "+999") == "{} {0} {name.x} {+999}"


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.open()
    return office


UNKNOWN = ["Hello {nmae}.", "Call {}.", "Call {0}.", "{Name} called.", "Call {{telephone}}.", "{name} {number} {queue}"]


@pytest.mark.parametrize("text", UNKNOWN)
async def test_a_placeholder_that_stands_for_nothing_is_refused_where_the_text_is_set(
    office: Office, text: str
) -> None:
    """It would be spoken as it stands, to those who have waited in vain already."""
    campaign_id = await office.new_campaign()
    arn = (await office.campaigns.describe_campaign(campaign_id)).arn
    with pytest.raises(InvalidInputError, match=r"nothing in braces but \{name\} and \{number\}"):
        await office.campaigns.tag_resource(arn, {TAG: text})
    with pytest.raises(InvalidInputError, match=r"The text of the tag trunkcall:safe-harbour-message must have"):
        await office.new_campaign("Summer", tags={TAG: text})
    with pytest.raises(SettingsError, match=r"--safe-harbour-message must have nothing in braces but \{name\}"):
        load_settings({"safe_harbour_message": text}, environment={})
    assert (await office.campaigns.describe_campaign(campaign_id)).tags == {}


@pytest.mark.parametrize("text", ["", TEXT, "Wir sind {name}. :-}", "{ {name} }"])
async def test_any_other_text_is_taken(office: Office, text: str) -> None:
    campaign_id = await office.new_campaign(tags={TAG: text})
    assert (await office.campaigns.describe_campaign(campaign_id)).tags == {TAG: text}
    assert load_settings({"safe_harbour_message": text}, environment={}).safe_harbour_message == text


async def test_an_old_text_hinders_nobody_who_tags_something_else(office: Office) -> None:
    campaign_id = await office.new_campaign()
    await office.store.edit_campaign(campaign_id, lambda found: replace(found, tags={TAG: UNKNOWN[0]}))
    arn = (await office.campaigns.describe_campaign(campaign_id)).arn
    await office.campaigns.tag_resource(arn, {"team": "north"})
    assert (await office.campaigns.describe_campaign(campaign_id)).tags == {TAG: UNKNOWN[0], "team": "north"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "trunkcall.db", dialer_type=DialerType.PROGRESSIVE, agents=1, detects=False)
    yield bench
    bench.close()


def is_answered_by_nobody(bench: Bench) -> Phone:
    """Somebody answers, and the agent has gone home meanwhile."""
    bench.everybody_comes()
    bench.accept(1, within=600 * MINUTE)
    bench.pass_time(2.0)
    (phone,) = bench.switch.phones_that(lambda phone: phone.party is LegParty.CUSTOMER)
    bench.presence.put_user_status(bench.agents[0], AgentStatus.OFFLINE)
    bench.switch.rings(phone)
    bench.switch.is_answered(phone)
    bench.settle()
    return phone


def tagged(bench: Bench, text: str) -> None:
    bench.run(bench.kept.edit_campaign(CAMPAIGN, lambda campaign: replace(campaign, tags={TAG: text})))
    bench.pass_time(2.0)


def test_whoever_waits_in_vain_is_told_so_and_the_record_says_when(bench: Bench) -> None:
    tagged(bench, TEXT)
    phone = is_answered_by_nobody(bench)
    bench.pass_time(1.0)
    assert phone.playing is None
    bench.pass_time(1.5, step=0.5)
    began_at = bench.now()
    assert phone.said.startswith("This is spring. Sorry, nobody is free. Call us back at +1 ")
    bench.presence.put_user_status(bench.agents[0], AgentStatus.AVAILABLE)
    bench.pass_time(3.0)
    assert [contact.state for contact in bench.live()] == [ContactState.SAFE_HARBOUR], "nobody interrupts it"
    bench.switch.has_played(phone)
    bench.settle()
    assert bench.switch.phones == {}
    (record,) = bench.records()
    assert (record.disposition, record.abandoned) == (Disposition.ABANDONED, True)
    assert record.safe_harbour_at is not None
    assert 0 <= began_at - record.safe_harbour_at <= SECOND
    assert bench.witness.wrong == []


def test_a_restarted_server_does_not_begin_the_message_again(bench: Bench) -> None:
    tagged(bench, TEXT)
    phone = is_answered_by_nobody(bench)
    bench.pass_time(3.0)
    play = phone.playing
    assert play is not None
    bench.restart()
    bench.pass_time(2.0)
    assert phone.playing == play
    bench.switch.has_played(phone)
    bench.settle()
    assert [record.disposition for record in bench.records()] == [Disposition.ABANDONED]


def test_a_campaign_without_a_text_has_people_wait_as_ever(bench: Bench) -> None:
    phone = is_answered_by_nobody(bench)
    bench.pass_time(5.0)
    assert phone.said == ""
    assert [contact.state for contact in bench.live()] == [ContactState.QUEUED]
