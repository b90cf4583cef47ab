"""What /health says, and which of several troubles comes first."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import pytest

from trunkcall.domain.instants import SECOND, Instant
from trunkcall.web.health import Health

NOW: Instant = 1_800_000_000 * SECOND


@dataclass
class Told:
    """An instance as it is told of, and its clock and dialer."""

    instance_id: str = "instance-1"
    behind: float = 0.0
    trouble: str | None = None
    upkeep_trouble: str | None = None
    quarantined: int = 0
    starved: int = 0
    failing_trunks: int = 0
    failed_phones: int = 0
    halted_at: Instant | None = None
    closed_campaigns: int = 0

    @property
    def clock(self) -> Self:
        return self

    @property
    def dialer(self) -> Self:
        return self

    def now(self) -> Instant:
        return NOW

    def behind_s(self) -> float:
        return self.behind


async def page_of(*instances: Told, speed: float = 1.0, **parts: Callable[[], str | None]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(
        (await Health("instance-1", lambda: instances, lambda instance_id: NOW, speed, **parts).page()).body
    )
    return told


async def page(behind_s: float, *, speed: float = 1.0, dialing: str | None = None) -> dict[str, Any]:
    return await page_of(Told(behind=behind_s, trouble=dialing), speed=speed)


@pytest.mark.parametrize(
    ("behind_s", "status", "words"),
    [
        (0.04, "ok", None),
        (9.9, "ok", None),
        (161.4, "clock off", "The instance's clock is 161 s behind the wall clock"),
        (-3600.0, "clock off", "The instance's clock is 3600 s ahead of the wall clock"),
    ],
)
async def test_a_clock_that_is_off_is_told(behind_s: float, status: str, words: str | None) -> None:
    told = await page(behind_s)
    assert (told["status"], told["clock_behind_s"]) == (status, round(behind_s, 1))
    assert told["trouble"] is None if words is None else told["trouble"].startswith(words)


async def test_at_another_speed_it_is_told_and_is_no_trouble() -> None:
    told = await page(5000.0, speed=600.0)
    assert (told["status"], told["trouble"], told["clock_behind_s"]) == ("ok", None, 5000.0)


async def test_why_nothing_is_dialed_comes_before_the_clock() -> None:
    told = await page(161.0, dialing="the carrier does not answer")
    assert (told["status"], told["trouble"]) == ("not dialing", "the carrier does not answer")


async def test_it_is_told_how_many_trunks_lead_nowhere_and_nothing_of_which() -> None:
    told = await page_of(Told(failing_trunks=1))
    assert told["status"] == told["instances"][0]["status"] == "trunks failing"
    assert told["trouble"].startswith("1 trunk leads nowhere: attempts come to nothing, one after the other, so it is")
    assert (await page_of(Told(failing_trunks=2)))["trouble"].startswith("2 trunks lead nowhere")
    assert (await page_of(Told(failing_trunks=1, trouble="it cannot dial")))["status"] == "not dialing"


async def test_it_is_told_how_many_agents_are_not_reached_and_nothing_of_whom() -> None:
    told = await page_of(Told(failed_phones=1))
    assert told["status"] == told["instances"][0]["status"] == "phones failing"
    assert told["trouble"].startswith("1 agent wants to work and is not reached by phone: `trunkcall agents list`")
    assert (await page_of(Told(failed_phones=2)))["trouble"].startswith("2 agents want to work and are not reached")
    assert (await page_of(Told(failed_phones=1, trouble="it cannot dial")))["status"] == "not dialing"


async def test_it_is_told_how_many_campaigns_are_starved_and_nothing_of_which() -> None:
    told = await page_of(Told(starved=2))
    assert told["status"] == told["instances"][0]["status"] == "campaigns starved"
    assert told["trouble"].startswith("2 campaigns have requests waiting, and others are dialed before them")
    assert (await page_of(Told(starved=1)))["trouble"].startswith("1 campaign has requests waiting, and others")
    assert (await page_of(Told(starved=1, trouble="it cannot dial")))["status"] == "not dialing"


async def test_whoever_halts_everything_sees_that_it_is_halted_and_not_why() -> None:
    told = await page_of(Told(halted_at=NOW - 60 * SECOND))
    assert told["status"] == told["instances"][0]["status"] == "halted"
    assert told["trouble"].startswith("All calls are halted since 2027-01-15T07:59:00Z until `trunkcall resume`")
    assert (await page_of(Told(halted_at=NOW, trouble="the carrier is away")))["status"] == "not dialing"


async def test_it_is_told_for_how_many_campaigns_the_rules_cannot_be_gone_by_and_nothing_of_which() -> None:
    told = await page_of(Told(closed_campaigns=1), Told("instance-2", closed_campaigns=2, starved=1))
    assert [each["status"] for each in told["instances"]] == ["gate closed", "gate closed"]
    assert told["trouble"].startswith("Nobody may be dialed for 1 campaign: a calling policy, a do-not-call list or")
    assert "for 2 campaigns:" in told["instances"][1]["trouble"]


async def test_of_several_instances_the_worst_is_told_and_by_its_name() -> None:
    """Else an operator looks for what is wrong in an instance that is well."""
    other = Told("instance-2", trouble="the carrier does not answer", quarantined=3)
    told = await page_of(other, Told(behind=161.0))
    assert (told["status"], told["trouble"]) == ("not dialing", "instance instance-2: the carrier does not answer")
    assert (told["instance_id"], told["clock_behind_s"], told["quarantined"]) == ("instance-1", 161.0, 0)
    assert [(each["instance_id"], each["status"], each["quarantined"]) for each in told["instances"]] == [
        ("instance-1", "clock off", 0),
        ("instance-2", "not dialing", 3),
    ]


async def test_what_is_wrong_with_the_whole_server_is_told_of_no_instance() -> None:
    told = await page_of(Told(), store_trouble=lambda: "the disk is full")
    assert (told["status"], told["trouble"]) == ("store failing", "the disk is full")
    assert [(each["status"], each["trouble"]) for each in told["instances"]] == [("ok", None)]


async def test_the_words_of_the_store_come_first_where_it_is_why_nothing_is_dialed() -> None:
    told = await page_of(Told(trouble="the store fails"), store_trouble=lambda: "the disk is full")
    assert (told["status"], told["trouble"]) == ("not dialing", "the disk is full")


async def test_a_default_instance_that_is_not_dialed_for_is_told_of_all_the_same() -> None:
    """It is not onboarded. Commands take from the page what time it is."""
    told = await page_of(Told("instance-2"))
    assert (told["status"], told["instance_id"]) == ("ok", "instance-1")
    assert told["instance_time"] == told["instances"][0]["instance_time"]
    assert [each["instance_id"] for each in told["instances"]] == ["instance-2"]
