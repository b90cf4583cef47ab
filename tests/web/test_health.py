"""What /health says, and which of several troubles comes first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trunkcall.domain.instants import SECOND, Instant
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.web.health import Health

NOW: Instant = 1_800_000_000 * SECOND


async def page(behind_s: float, *, speed: float = 1.0, dialing: str | None = None) -> dict[str, Any]:
    clock = WallPacedClock(speed=speed, wall=lambda: NOW * 1000, monotonic=lambda: 100.0)
    told: dict[str, Any] = json.loads(
        (await Health("instance-1", clock, speed, lambda: dialing, behind_s=lambda: behind_s).page()).body
    )
    return told


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
