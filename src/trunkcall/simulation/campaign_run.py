"""One campaign during a shift: whom its attempts meet as the hours pass, what is left of its list, its sums.

Decides how drift, steps and mistakes of detection change the world of a campaign. It must not know engines, heaps or
other campaigns.
"""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import HOUR, SECOND, Duration, Instant
from trunkcall.simulation.campaign import Campaign
from trunkcall.simulation.results import CampaignShift
from trunkcall.simulation.world import Fate, Fates, Outcome, World

LOOK_EVERY: Duration = 30 * SECOND
"""How often a world that changes is looked at anew."""


class CampaignRun:
    """A campaign in a shift that begins at ``start``. Durations are sums, in microseconds."""

    __slots__ = (
        "_fates",
        "_offered",
        "_start",
        "_world_until",
        "abandoned",
        "attempts",
        "campaign",
        "connected",
        "false_machines",
        "handling",
        "line_time",
        "live_answers",
    )

    def __init__(self, campaign: Campaign, start: Instant) -> None:
        self.campaign = campaign
        self._start = start
        self._fates = Fates(campaign.world)
        self._world_until: Instant = start
        self._offered = 0
        self.attempts = self.live_answers = self.abandoned = self.false_machines = self.connected = 0
        self.handling: Duration = 0
        self.line_time: Duration = 0

    def draw(self, now: Instant, random: Random) -> Fate:
        """The fate of an attempt that is begun now."""
        campaign = self.campaign
        if (campaign.drift or campaign.step_at_h) and now >= self._world_until:
            self._fates = Fates(self._world_at(now))
            self._world_until = now + LOOK_EVERY
        fate = self._fates.draw(random)
        mistaken = random.random()
        if mistaken < campaign.false_machine_ratio and fate.outcome is Outcome.HUMAN:
            return replace(fate, detection=DetectionStatus.VOICEMAIL_NO_BEEP)
        if mistaken < campaign.false_human_ratio and fate.outcome is Outcome.MACHINE:
            return replace(fate, detection=DetectionStatus.HUMAN_ANSWERED)
        return fate

    def take(self, most: int) -> int:
        """How many dial requests more the list gives, of so many that are asked for."""
        size = self.campaign.list_size
        taken = min(most, size - self._offered) if size else most
        self._offered += taken
        return taken

    def result(self, shift: Duration, all_handling: Duration) -> CampaignShift:
        """What came of it, in a shift so long with so much handling over all campaigns."""
        return CampaignShift(
            name=self.campaign.name,
            pacer=self.campaign.pacer,
            attempts=self.attempts,
            live_answers=self.live_answers,
            abandoned=self.abandoned,
            false_machines=self.false_machines,
            connected=self.connected,
            handling_share=self.handling / all_handling if all_handling else 0.0,
            mean_lines=self.line_time / shift,
        )

    def _world_at(self, now: Instant) -> World:
        campaign = self.campaign
        hours = (now - self._start) / HOUR
        ratio = campaign.world.human_ratio
        ratio *= 1.0 + campaign.drift * math.sin(2.0 * math.pi * hours / campaign.drift_period_h)
        if campaign.step_at_h and hours >= campaign.step_at_h:
            ratio *= campaign.step_factor
        most = 1.0 - campaign.world.machine_ratio - campaign.world.failure_ratio
        return replace(campaign.world, human_ratio=min(max(ratio, 0.0), most))
