"""Starvation is seen by a measure of its own, apart from what decides whose turn it is. If these fail, a fault of the
engine lets a campaign stand still beside others, and no page, alert or command says so; or all of them cry wolf.

The clocks of the engine are made unfair here: one campaign is always first as long as it wants anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.street import AGENTLESS, PREDICTIVE, PROGRESSIVE, Street
from service.explaining import House
from trunkcall.domain.campaign import DialerType
from trunkcall.engine import reservation
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.competition import Scarce
from trunkcall.engine.fairness import FairClock
from trunkcall.engine.snapshot import EngineSnapshot
from trunkcall.service.totals import DialerTotals, SubmittedTotals
from trunkcall.web.health import Health
from trunkcall.web.metrics import InstanceView, Metrics

FAVOURITE = "argon"


@pytest.fixture
def unfair(monkeypatch: pytest.MonkeyPatch) -> None:
    fair = FairClock.first

    def first(clock: FairClock[CampaignDialing]) -> CampaignDialing | None:
        favourite = (each for each in clock if each.campaign_id == FAVOURITE and each.wants)
        return next(favourite, None) or fair(clock)

    monkeypatch.setattr(FairClock, "first", first)
    # What is kept for whoever waits would make good for that.
    monkeypatch.setattr(reservation, "TOO_OFTEN", 10**9)


class Displays:
    """What people look at, of a street."""

    instance_id = "instance-1"
    quarantined = 0
    trouble = upkeep_trouble = None

    def __init__(self, street: Street) -> None:
        self.street = street
        self.totals = DialerTotals()

    @property
    def clock(self) -> Displays:
        return self

    @property
    def dialer(self) -> Displays:
        return self

    @property
    def halted_at(self) -> None:
        return None

    @property
    def failing_trunks(self) -> int:
        return 0

    @property
    def failed_phones(self) -> int:
        return 0

    @property
    def closed_campaigns(self) -> int:
        return 0

    @property
    def starved(self) -> int:
        return self.street.engine.starved()

    def now(self) -> int:
        return self.street.now

    def behind_s(self) -> float:
        return 0.0

    def snapshot(self) -> EngineSnapshot | None:
        return self.street.engine.snapshot(self.street.now)

    async def stalled(self) -> set[str]:
        page = (await Metrics(lambda: [InstanceView(self.instance_id, self)], SubmittedTotals()).page()).body.decode()
        return {
            sample.labels["campaign_id"]
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name == "trunkcall_campaign_dialing_stalled" and sample.value
        }

    async def health(self) -> dict[str, Any]:
        page = Health(self.instance_id, lambda: [self], lambda _: self.street.now, 1.0).page()
        return cast(dict[str, Any], msgspec.json.decode((await page).body))

    async def reasons(self, campaign: str) -> dict[str, str]:
        house = House(facts=self.street.engine.explain(campaign, self.street.now))
        house.now = self.street.now
        return dict(await house.reasons())


def town_of(scarce: Scarce, dialer: DialerType, weights: Sequence[float]) -> Street:
    """Campaigns that compete for one thing, of which there is too little."""
    lines, per_s = {Scarce.LINES: (1, 1e6), Scarce.ATTEMPTS: (1000, 2.0), Scarce.AGENTS: (1000, 1e6)}[scarce]
    street = Street(lines=lines, per_s=per_s, rings=(4, 6))
    street.agents(1 if scarce is Scarce.AGENTS else 30)
    for name, weight in zip((FAVOURITE, "zinc", "iron"), weights, strict=False):
        street.campaign(name, dialer, weight=weight)
    return street


CASES = [
    (Scarce.AGENTS, PROGRESSIVE),
    (Scarce.LINES, AGENTLESS),
    (Scarce.ATTEMPTS, AGENTLESS),
]


@pytest.mark.usefixtures("unfair")
@pytest.mark.parametrize(("scarce", "dialer"), CASES)
async def test_a_campaign_that_is_never_served_is_seen_on_every_display(scarce: Scarce, dialer: DialerType) -> None:
    street = town_of(scarce, dialer, [1.0, 1.0])
    street.passes(1200)
    assert street.begun["zinc"] <= 1, "the engine is as unfair as it should be here"
    displays = Displays(street)
    assert await displays.stalled() == {"zinc"}
    health = await displays.health()
    assert (health["status"], health["instances"][0]["status"]) == ("campaigns starved", "campaigns starved")
    assert health["trouble"].startswith("1 campaign has requests waiting, and others are dialed before it")
    assert "zinc" not in str(health), "whoever asks for the health of a server need not know its campaigns"
    text = (await displays.reasons("zinc"))["STARVED"]
    passed_over = street.snapshot("zinc").passed_over
    assert "for 20 min" in text
    assert f"{passed_over.times:,} attempts of others went before it" in text
    assert f"at most {passed_over.at_most:,} may" in text
    assert f"compete for {scarce.value}." in text
    assert "STARVED" not in await displays.reasons(FAVOURITE)


@pytest.mark.usefixtures("unfair")
async def test_whoever_has_no_weight_is_not_starved_and_it_is_said_what_it_gets() -> None:
    street = town_of(Scarce.AGENTS, PROGRESSIVE, [1.0, 0.0])
    street.passes(1200)
    displays = Displays(street)
    assert await displays.stalled() == set()
    assert (await displays.health())["status"] == "ok"
    assert {"NO_WEIGHT", "STARVED"} & set(await displays.reasons("zinc")) == {"NO_WEIGHT"}


@pytest.mark.parametrize(("scarce", "dialer"), [*CASES, (Scarce.AGENTS, PREDICTIVE)])
@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.0, 0.01), (1.0, 0.5, 0.0)])
async def test_where_turns_are_fair_nobody_is_called_starved(
    scarce: Scarce, dialer: DialerType, weights: tuple[float, ...]
) -> None:
    street = town_of(scarce, dialer, weights)
    displays = Displays(street)
    for _ in range(10):
        street.passes(60)
        assert (await displays.health())["status"] == "ok"
        assert not any(campaign.passed_over.too_often for campaign in street.engine.snapshot(street.now).campaigns)
    for name in (FAVOURITE, "zinc"):
        assert "STARVED" not in await displays.reasons(name)
