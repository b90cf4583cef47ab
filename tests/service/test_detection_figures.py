"""The figures by which a campaign has machines told from people. If these fail, a switch goes by others than were set,
or a slip is heard of when hundreds were hung up on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.bench import CAMPAIGN, Bench
from service.offices import Office
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.detection import FIGURES, TAG, detection_of, parse_detection
from trunkcall.domain.errors import InvalidInputError
from trunkcall.domain.instants import MINUTE

GOOD = "greeting=2000, maximum_number_of_words=4"


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.open()
    return office


def test_every_figure_may_be_set_to_its_ends_and_all_of_them_in_one_tag() -> None:
    for which in (0, 1):
        text = " ".join(f"{name}={ends[which]}" for name, ends in FIGURES.items())
        assert parse_detection(text) == {name: ends[which] for name, ends in FIGURES.items()}
        assert len(text) <= 256, "a tag has no more"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("greting=2000", r"has 'greting'\. Did you mean 'greeting'\? Known are initial_silence, "),
        ("2000", "has '2000'"),
        ("greeting", "greeting in the tag trunkcall:detection must be a whole number from 100 to 10000"),
        ("greeting=", "written greeting=100"),
        ("greeting=1.5", "must be a whole number"),
        ("greeting=٢٠٠٠", "must be a whole number"),
        ("greeting=99", "from 100 to 10000"),
        ("total_analysis_time=60000", "from 500 to 10000"),
        ("greeting=2000 greeting=3000", "has greeting twice"),
    ],
)
async def test_a_slip_is_refused_where_the_tag_is_put(office: Office, text: str, complaint: str) -> None:
    campaign_id = await office.new_campaign()
    arn = (await office.campaigns.describe_campaign(campaign_id)).arn
    with pytest.raises(InvalidInputError, match=complaint):
        await office.campaigns.tag_resource(arn, {TAG: text})
    with pytest.raises(InvalidInputError, match=complaint):
        await office.new_campaign("Summer", tags={TAG: text})
    assert detection_of({TAG: text}) == {}, "one that was put before hinders no attempt"


async def test_what_can_be_gone_by_is_taken_and_so_is_nothing(office: Office) -> None:
    for text in (GOOD, ""):
        campaign_id = await office.new_campaign(f"with {text or 'nothing'}"[:12], tags={TAG: text})
        assert (await office.campaigns.describe_campaign(campaign_id)).tags == {TAG: text}


@pytest.fixture(params=[True, False], ids=["detecting", "not detecting"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    path = tmp_path / "trunkcall.db"
    bench = Bench(path, dialer_type=DialerType.PROGRESSIVE, agents=1, detects=request.param)
    yield bench
    bench.close()


def test_the_carrier_is_told_them_with_each_attempt_that_is_to_detect(bench: Bench) -> None:
    bench.run(bench.kept.edit_campaign(CAMPAIGN, lambda campaign: replace(campaign, tags={TAG: GOOD})))
    bench.pass_time(2.0)
    bench.everybody_comes()
    bench.accept(1, within=600 * MINUTE)
    bench.pass_time(2.0)
    (phone,) = bench.switch.phones_that(lambda phone: True)
    assert phone.figures == ({"greeting": 2000, "maximum_number_of_words": 4} if phone.detects else {})
