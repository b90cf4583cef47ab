"""For whom what it needs is kept, where things that are scarce come to a campaign at different times.

A campaign that needs an agent and a line gets neither alone: if others take each agent at once, and others each line,
its turn may come at both clocks (competition.py) again and again, and never at both together. So one that was passed
over far too often has agents, lines and attempts per second kept for it as they come, until it has begun one attempt:
the last that it could use of each is nobody else's.

Decides for whom, and who leaves what to it. It must not know whose turn it is otherwise.
"""

from __future__ import annotations

from typing import Final

from trunkcall.domain.instants import MINUTE, SECOND, Duration, Instant
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.allotment import Allotments
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.competition import Competition
from trunkcall.engine.components import Components
from trunkcall.engine.roster import Roster
from trunkcall.engine.trunks import Trunks

TOO_OFTEN: Final = 2
"""How many times as many attempts of others as the clocks allow go before a campaign until things are kept for it."""
AGAIN_AFTER: Final[Duration] = SECOND
"""How long whoever left an attempt to another waits until it is looked at anew, unless something happens before."""
KEPT_FOR: Final[Duration] = 10 * MINUTE
"""How long things are kept for one campaign at the most: it may want nothing any more, and others wait."""


class Reservation:
    """What is kept for one campaign of an instance at a time."""

    __slots__ = (
        "_allotments",
        "_competition",
        "_components",
        "_roster",
        "_since",
        "_trunks",
        "campaign",
    )

    def __init__(
        self, competition: Competition, components: Components, allotments: Allotments, roster: Roster, trunks: Trunks
    ) -> None:
        self._competition = competition
        self._components = components
        self._allotments = allotments
        self._roster = roster
        self._trunks = trunks
        self.campaign: CampaignDialing | None = None
        """For whom; None if nothing is kept."""
        self._since: Instant = 0

    def consider(self, campaign: CampaignDialing, now: Instant) -> None:
        """Keep things for a campaign that is dialed one to one and has not got what it wanted, if others were dialed
        far too often before it, and for nobody else."""
        if (
            self.campaign is None
            and campaign.pacer.one_to_one
            and self._competition.waits_for_agents(campaign, TOO_OFTEN)
        ):
            self.campaign, self._since = campaign, now

    def end(self, campaign: CampaignDialing) -> None:
        """The campaign has begun an attempt, or cannot any more."""
        if self.campaign is campaign:
            self.campaign = None

    def keeps_from(self, campaign: CampaignDialing, trunk: Trunk, now: Instant) -> bool:
        """Whether a campaign leaves its attempt, on this trunk, to the one that things are kept for."""
        kept_for = self.campaign
        if kept_for is None or kept_for is campaign:
            return False
        if not kept_for.can_dial or now - self._since > KEPT_FOR:
            # Should it want an attempt all the same, it waits anew.
            self.campaign = kept_for.passed_over_since = None
            return False
        component = self._components.of(kept_for)
        if component is not None and self._components.of(campaign) is component and self._free_agents(kept_for) <= 1:
            return True
        if not trunk.may_show(kept_for.settings.caller_id):
            return False
        lines_free = self._trunks.lines_free_for(kept_for)
        return min(lines_free, self._trunks.attempts_allowed_for(kept_for, now)) <= 1

    def _free_agents(self, campaign: CampaignDialing) -> int:
        """Who are free for a campaign that is dialed one to one."""
        if campaign.agent_queue_id is None:
            return 0
        allotment = self._allotments.of(campaign)
        return allotment.free if allotment is not None else self._roster.queue(campaign.agent_queue_id).free
