"""For whom what it needs is kept, where things that are scarce come to a campaign at different times.

A campaign that needs an agent and a line gets neither alone: if others take each agent at once, and others each line,
its turn may come at both clocks (competition.py) again and again, and never at both together. So for one that was
passed over far too often these are kept as they come, until it has begun one attempt: its last free agent, and once it
has one the last line that it may use, and the last attempt within the rate. Others are dialed while its agents talk.

Decides for whom, and who leaves what to it. It must not know whose turn it is otherwise.
"""

from __future__ import annotations

from typing import Final

from trunkcall.domain.instants import MINUTE, SECOND, Duration, Instant
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.allotment import Allotments
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.competition import Competition
from trunkcall.engine.roster import Roster
from trunkcall.engine.trunks import Trunks

TOO_OFTEN: Final = 2
"""How many times as many attempts of others as the clocks allow go before a campaign until things are kept for it."""
AGAIN_AFTER: Final[Duration] = SECOND
"""How long whoever left an attempt to another waits until it is looked at anew, unless something happens before."""
KEPT_FOR: Final[Duration] = 10 * MINUTE
"""How long things are kept for one campaign at the most: it may want nothing any more, and others wait. Should it want
an attempt all the same, it is counted anew how often others go before it."""


class Reservation:
    """What is kept for one campaign of an instance at a time."""

    __slots__ = (
        "_allotments",
        "_competition",
        "_roster",
        "_since",
        "_trunks",
        "campaign",
    )

    def __init__(self, competition: Competition, allotments: Allotments, roster: Roster, trunks: Trunks) -> None:
        self._competition = competition
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

    def look(self, now: Instant) -> None:
        """Keep nothing any more for who cannot use it, or for whom things were kept for too long."""
        kept_for = self.campaign
        if kept_for is None or (self._may_have_one(kept_for) and now - self._since <= KEPT_FOR):
            return
        self._competition.waits_anew(kept_for)
        self.campaign = None

    def _may_have_one(self, campaign: CampaignDialing) -> bool:
        """Whether it has somebody to dial, one to one, and an agent is at work for it."""
        queue_id = campaign.agent_queue_id
        if queue_id is None or not campaign.pacer.one_to_one:
            return False
        return campaign.can_dial and self._roster.queue(queue_id).staffed > 0

    def end(self, campaign: CampaignDialing) -> None:
        """The campaign has begun an attempt, or is gone."""
        if self.campaign is campaign:
            self.campaign = None

    def keeps_from(self, campaign: CampaignDialing, trunk: Trunk, now: Instant) -> bool:
        """Whether a campaign leaves its attempt, on this trunk, to the one that things are kept for."""
        kept_for = self.campaign
        if kept_for is None or kept_for is campaign:
            return False
        free_agents = self._allotments.free_for(kept_for)
        if free_agents <= 1 and self._would_take_agent_of(kept_for, campaign):
            return True
        if not free_agents or not trunk.may_show(kept_for.settings.caller_id):
            return False
        return min(self._trunks.lines_free_for(kept_for), self._trunks.attempts_allowed_for(kept_for, now)) <= 1

    def _would_take_agent_of(self, kept_for: CampaignDialing, campaign: CampaignDialing) -> bool:
        """Whether the campaign's next live answer may take an agent whom the other could have."""
        own, other = kept_for.agent_queue_id, campaign.agent_queue_id
        if own is None or other is None:
            return False
        agent = self._allotments.first_free_for(campaign)
        return own in (agent.queue_ids if agent is not None else self._roster.overlap(other).some_agents)
