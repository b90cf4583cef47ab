"""Campaigns and trunks to be explained, each well until a story says what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from gating import no_policy
from trunkcall.domain.abandonment import RollingWindow
from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.clearance import Hold
from trunkcall.domain.contact import (
    ContactRecord,
    QuarantinedContact,
)
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.errors import ContactDamagedError, NotFoundError
from trunkcall.domain.instants import DAY, SECOND, Instant
from trunkcall.domain.queue import Queue
from trunkcall.engine.competition import PassedOver, Scarce
from trunkcall.engine.explanation import DialingExplanation
from trunkcall.engine.ledger import LedgerTotals
from trunkcall.engine.pacing.base import Forecast
from trunkcall.engine.snapshot import TrunkSnapshot
from trunkcall.service.calling.gates import Gates
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.explain import Explanations

NOW = 1_790_000_000_000_000
CAMPAIGN = Campaign(
    campaign_id="spring",
    arn="arn:aws:connect-campaigns:us-east-1:000000000000:campaign/spring",
    instance_id="instance",
    name="Spring",
    dialer=DialerConfig(DialerType.PREDICTIVE, 1.0, 1.0),
    outbound_call=OutboundCallConfig("flow", "queue", None, None),
    state=CampaignState.RUNNING,
    created_at=NOW,
    tags={},
)
QUEUE = Queue("queue", "Sales")
FORECAST = Forecast(0.25, 12 * SECOND, 2.4, 1.5, 0.03, 1.0, math.inf, 0.03)
NORTH = TrunkSnapshot(
    "north", "sbc-1", up=True, held=False, lines=25, channels=30, attempts_per_s=50.0, caller_numbers=()
)
SOUTH = replace(NORTH, trunk_id="south", host="sbc-2", lines=0, channels=20)
WEST = replace(SOUTH, trunk_id="west")
WELL = DialingExplanation(
    dialer_type=DialerType.PREDICTIVE,
    one_to_one=False,
    needs_agents=True,
    refused=False,
    suspended=False,
    trunks=(NORTH,),
    window=500,
    window_complete=True,
    next_due_in=None,
    agents=24,
    helpers=0,
    free_agents=1,
    staffed_agents=20,
    others_agents=0,
    unheard_agents=0,
    failed_phones=0,
    share=1.0,
    waits_for_others=False,
    gets_what_is_left=False,
    passed_over_since=None,
    passed_over=PassedOver(0, 100, Scarce.AGENTS),
    kept_for=False,
    in_flight=6,
    waiting=0,
    queue_full=False,
    lines=20,
    lines_in_use=25,
    channels=30,
    attempts_per_s=50.0,
    instance_attempts_per_s=None,
    next_attempt_in=0,
    lines_per_agent=10.0,
    ledger=(LedgerTotals(RollingWindow(DAY), 1034, 12), LedgerTotals(RollingWindow(30 * DAY), 5000, 100)),
    ledger_binding=True,
    target_ratio=0.03,
    headroom=19.02,
    forecast=FORECAST,
)


def down(trunk: TrunkSnapshot) -> TrunkSnapshot:
    return replace(trunk, up=False)


def held(trunk: TrunkSnapshot) -> TrunkSnapshot:
    return replace(trunk, held=True)


def failing(trunk: TrunkSnapshot) -> TrunkSnapshot:
    return replace(trunk, failing=True, failures=6, pause=10 * SECOND, tried_in=10 * SECOND)


def full(trunk: TrunkSnapshot) -> TrunkSnapshot:
    return replace(trunk, lines=trunk.channels)


ONE_TO_ONE = replace(WELL, dialer_type=DialerType.PROGRESSIVE, one_to_one=True, forecast=None)


@dataclass
class House:
    """Store, campaigns and dialer, as far as an explanation asks them."""

    campaign: Campaign = CAMPAIGN
    facts: DialingExplanation | None = WELL
    backlog: int = 500
    contacts: dict[str, ContactRecord] = field(default_factory=dict)
    before: int = 0
    set_aside: list[QuarantinedContact] = field(default_factory=list)
    unreadable: frozenset[str] = frozenset()
    now: Instant = NOW
    queue: Queue = QUEUE
    outbound: bool = True
    halted: str | None = None
    hold: Hold | None = None
    trouble: str | None = None
    """Of the carrier."""

    async def directory(self, instance_id: str) -> Directory:
        instance = Instance(instance_id, "north", NOW, onboarded=True, outbound_calls=self.outbound)
        if self.halted is not None:
            instance = replace(instance, halted_at=NOW, halt_reason=self.halted)
        return Directory(instance, {self.queue.queue_id: self.queue})

    async def describe_campaign(self, id_or_arn: str) -> Campaign:
        if id_or_arn != self.campaign.campaign_id:
            raise NotFoundError("No campaign with this id exists.")
        return self.campaign

    async def waiting_count(self, campaign_id: str) -> int:
        return self.backlog

    async def contact(self, contact_id: str) -> ContactRecord | None:
        if contact_id in self.unreadable:
            raise ContactDamagedError
        return self.contacts.get(contact_id)

    async def first_hold(self, campaign_id: str) -> Hold | None:
        return self.hold

    async def quarantined(self, campaign_id: str | None = None) -> Sequence[QuarantinedContact]:
        return self.set_aside

    async def waiting_before(self, contact_id: str) -> int:
        return self.before

    def explanation(self, instance_id: str, campaign_id: str) -> DialingExplanation | None:
        return self.facts

    def carrier_trouble(self, instance_id: str) -> str | None:
        return self.trouble

    def now_of(self, instance_id: str) -> Instant:
        return self.now

    def explanations(self) -> Explanations:
        house: Any = self
        return Explanations(
            house, house, cast(Campaigns, house), house, house, Gates(house, no_policy), house.now_of, 15.0
        )

    async def reasons(self) -> Sequence[tuple[str, str]]:
        found = await self.explanations().get_campaign_explanation("spring")
        return [(reason.code, reason.text) for reason in found.reasons]
