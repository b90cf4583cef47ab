"""For whom agents are kept, where things that are scarce come to a campaign at different times.

A campaign that needs an agent and a line gets neither alone: if others take each agent at once, and others each line,
its turn may come at both clocks (competition.py) again and again, and never at both together. One that looks ahead may
find agents to count on only while no line is free, and an agent may be by turns (allotment.py) whose campaigns have no
line. So for one before which others are dialed far too often agents are kept until it has begun an attempt: the agent
who is by turns, and its last agent who is free. As it goes on to want an attempt then, the clocks give it a line.

Decides for whom, and who leaves what to it. It must not know whose turn it is otherwise.
"""

from __future__ import annotations

from typing import Final

from trunkcall.domain.instants import HOUR, MINUTE, SECOND, Duration, Instant
from trunkcall.engine.allotment import Allotments
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.competition import Competition
from trunkcall.engine.roster import Roster

TOO_OFTEN: Final = 2
"""How many times as many attempts of others as the clocks allow go before a campaign until agents are kept for it."""
LOOK_EVERY: Final[Duration] = 5 * SECOND
"""How often it is looked who waits."""
AGAIN_AFTER: Final[Duration] = SECOND
"""How long whoever left an attempt to another waits until it is looked at anew, unless something happens before."""
IDLE_FOR: Final[Duration] = 10 * MINUTE
"""How long a free agent is kept for one campaign at the most: it may get no line, or want nothing any more. Should it
want an attempt all the same, it waits anew."""
KEPT_FOR: Final[Duration] = HOUR
"""How long agents are kept for one campaign at the most, whether one is free or not: its agents may all talk for
hours, and others wait as well."""


class Reservation:
    """The agents who are kept for one campaign of an instance at a time."""

    __slots__ = (
        "_allotments",
        "_competition",
        "_idle_since",
        "_roster",
        "_since",
        "_waiting",
        "campaign",
        "next_look_at",
    )

    def __init__(self, competition: Competition, allotments: Allotments, roster: Roster) -> None:
        self._competition = competition
        self._allotments = allotments
        self._roster = roster
        self.campaign: CampaignDialing | None = None
        """For whom; None if nothing is kept."""
        self._since: Instant = 0
        self._idle_since: Instant = 0
        """The same, or when none of its agents was last free."""
        self._waiting: dict[CampaignDialing, Instant] = {}
        """Since when others have been dialed before each that could be."""
        self.next_look_at: Instant = 0
        """When it is to be looked who waits."""

    def look(self, now: Instant) -> None:
        """Keep nothing any more for who cannot use it, or for whom things were kept for too long; if nothing is kept,
        do so for one before which others are dialed too often."""
        if self.campaign is not None:
            self._look_whether_still(self.campaign, now)
        if now >= self.next_look_at and not self._competition.alone:
            self.next_look_at = now + LOOK_EVERY
            self._look_who_waits(now)

    def _look_whether_still(self, campaign: CampaignDialing, now: Instant) -> None:
        if self._allotments.free_for(campaign) <= 0:
            self._idle_since = now
        too_long = now - self._idle_since > IDLE_FOR or now - self._since > KEPT_FOR
        if too_long or not self._may_have_one(campaign):
            self.end(campaign)

    def _look_who_waits(self, now: Instant) -> None:
        """O(campaigns)."""
        before, self._waiting = self._waiting, {}
        for campaign in self._competition.competing_for_agents():
            if self._may_have_one(campaign):
                since = before.get(campaign)
                if since is None:
                    self._competition.counts(campaign)
                self._waiting[campaign] = now if since is None else since
        self._allotments.pass_on(self._waiting, now - LOOK_EVERY)
        if self.campaign is None and self._waiting:
            due = [campaign for campaign in self._waiting if self._too_often(campaign)]
            if due:
                self.campaign = min(due, key=lambda campaign: (self._waiting[campaign], campaign.number))
                self._since = self._idle_since = now
                self._allotments.favour(self.campaign)

    def _too_often(self, campaign: CampaignDialing) -> bool:
        """Whether others were dialed for its agents far more often than they may be before it is. Time does not count:
        where few attempts are begun by all, a campaign of little weight waits for long."""
        at_most = self._competition.at_most(campaign)
        return at_most is not None and self._competition.counted(campaign) > TOO_OFTEN * at_most

    def _may_have_one(self, campaign: CampaignDialing) -> bool:
        """Whether it has a weight and somebody to dial, and an agent is at work for it."""
        queue_id = campaign.agent_queue_id
        if queue_id is None or not campaign.claim:
            return False
        return campaign.can_dial and self._roster.queue(queue_id).staffed > 0

    def end(self, campaign: CampaignDialing) -> None:
        """The campaign has begun an attempt, or waits anew, or is gone."""
        self._waiting.pop(campaign, None)
        if self.campaign is campaign:
            self.campaign = None
            self._allotments.favour(None)

    def decline(self, campaign: CampaignDialing) -> None:
        """The campaign was asked, and wants no attempt: none, either, for an agent that is free."""
        if self.campaign is campaign and self._allotments.free_for(campaign) > 0:
            self.end(campaign)

    def keeps_from(self, campaign: CampaignDialing) -> bool:
        """Whether a campaign leaves its attempt to the one that agents are kept for."""
        kept_for = self.campaign
        if kept_for is None or kept_for is campaign or self._allotments.free_for(kept_for) > 1:
            return False
        return self._would_take_agent_of(kept_for, campaign)

    def _would_take_agent_of(self, kept_for: CampaignDialing, campaign: CampaignDialing) -> bool:
        """Whether the campaign's next live answer may take an agent whom the other could have."""
        own, other = kept_for.agent_queue_id, campaign.agent_queue_id
        if own is None or other is None:
            return False
        if campaign.looks_ahead and own in self._roster.overlap(other).some_agents:
            elsewhere = sum([len(pool.free) for pool in self._roster.queue(other).pools if own not in pool.queue_ids])
            return elsewhere <= self._allotments.in_flight_of_group(campaign)
        agent = self._allotments.first_free_for(campaign)
        return own in (agent.queue_ids if agent is not None else self._roster.overlap(other).some_agents)
