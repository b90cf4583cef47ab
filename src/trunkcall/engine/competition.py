"""Whose attempt is next, where campaigns want more of them than there can be.

Three things are scarce, and each has a clock (fairness.py): the agents of a component and attempts per second are
shared in attempts, lines in the seconds for which a campaign holds one, on average of late. Every attempt is charged to
all three; the clock of what is scarcest at that moment says whose turn it is.

- Lines, and attempts per second: whoever has had least for its ``dialing_capacity``.
- Agents: of those in whose component that is, whoever has had fewest attempts for its ``bandwidth_allocation``. It uses
  the other's turn, which the other has paid for: so agents go by one weight while lines go by the other.

Campaigns that look ahead count on the same agents before these are free. Whoever leads one of the others by all that
the clock remembers waits.

Decides that alone. It must not know how many attempts a pacer wants, nor why. docs/explanation/sharing.md has the
bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.values import quickly_made
from trunkcall.engine.campaigns import FIRST_HOLDS, CampaignDialing
from trunkcall.engine.components import MEMORY, Components
from trunkcall.engine.contact import Leg, LineUse
from trunkcall.engine.fairness import FairClock
from trunkcall.engine.roster import Roster
from trunkcall.engine.trunks import Trunks

MAKING_GOOD: Final = 100.0
"""Live answers that it may take until an overdrawn ledger is so no more, and others still wait for the campaign: by a
target of 3 % they make good for three abandonments."""
LEAST_HOLD_S: Final = 0.1
"""What a line counts for that was held for less."""
REMEMBERED_HOLDS: Final = 100
"""Lines of a campaign that have come free, from which it is known how long it holds one."""


class Scarce(StrEnum):
    """What campaigns compete for."""

    AGENTS = "agents"
    LINES = "lines"
    ATTEMPTS = "attempts per second"


@dataclass(frozen=True, slots=True)
class PassedOver:
    """How often others went before a campaign that wanted an attempt, since its last one."""

    times: int
    at_most: int | None
    """How many times they may; None of a campaign without weight, or that does not compete: nothing is promised."""
    scarce: Scarce
    """What it was that others had."""

    @property
    def too_often(self) -> bool:
        """Whether the campaign is starved: however the others' weights may be, it should have had an attempt."""
        return self.at_most is not None and self.times > self.at_most


@quickly_made
@dataclass(frozen=True, slots=True)
class Turn:
    """The next attempt."""

    campaign: CampaignDialing
    paid_by: CampaignDialing
    """Whose turn it was at the lines, or at the attempts per second."""
    clock: FairClock[CampaignDialing]
    """Where it was so: one of those two."""
    scarce: bool
    """Whether somebody else has to wait for it there."""


class Competition:
    """The campaigns of one instance that want attempts."""

    __slots__ = (
        "_attempts",
        "_components",
        "_hold_s",
        "_holds",
        "_lines",
        "_roster",
        "_trunks",
        "_unqueued",
        "alone",
        "wanted",
    )

    def __init__(self, components: Components, roster: Roster, trunks: Trunks) -> None:
        self._components = components
        self._roster = roster
        self._trunks = trunks
        self.wanted = 0
        """Attempts that are, by all campaigns."""
        self._hold_s = 0.0
        """For how long a line is held, of late."""
        self._holds = 0
        self.alone = True
        """Whether no two campaigns compete for anything."""
        self._unqueued: dict[str, CampaignDialing] = {}
        """Who has wanted something since it is alone."""
        self._lines = FairClock[CampaignDialing](MEMORY)
        self._attempts = FairClock[CampaignDialing](MEMORY)
        self.trunks_changed()

    def trunks_changed(self) -> None:
        """More attempts per second, or fewer, are within the rate: what campaigns have had of a second is
        remembered."""
        self._attempts.remember(min(MEMORY, self._trunks.attempts_per_s))

    # --- who competes -------------------------------------------------------------------------------------------------

    def look_at(self, campaign: CampaignDialing) -> None:
        """Whether the campaign competes, and by which weights, may have changed: it does while it has somebody to
        dial."""
        if campaign.stranded or campaign.window.restricted:
            campaign.stranded = self._trunks.strands(campaign)
        capacity = campaign.settings.dialing_capacity if campaign.can_dial else None
        if campaign.competes_by != capacity:
            campaign.competes_by = capacity
            if capacity is not None:
                if campaign.holds == FIRST_HOLDS and self._holds > FIRST_HOLDS:
                    # As others do, until it is known.
                    campaign.hold_s = self._hold_s
                self._lines.join(campaign, capacity)
                self._attempts.join(campaign, capacity)
            else:
                self.want(campaign, 0)
                campaign.passed_over_since = None
                self._lines.leave(campaign)
                self._attempts.leave(campaign)
            self._count()
        self._components.look_at(campaign)

    def forget(self, campaign: CampaignDialing) -> None:
        """The campaign is gone."""
        self.want(campaign, 0)
        self._lines.forget(campaign)
        self._attempts.forget(campaign)
        self._unqueued.pop(campaign.campaign_id, None)
        self._count()

    def _count(self) -> None:
        self.alone = len(self._attempts) < 2
        if not self.alone:
            for campaign in self._unqueued.values():
                self.want(campaign, campaign.wants)
            self._unqueued.clear()

    def want(self, campaign: CampaignDialing, number: int) -> None:
        """The campaign wants so many attempts, and no other number that it wanted before."""
        self.wanted += number - campaign.wants
        campaign.wants = number
        if (number > 0) is campaign.queued:
            return
        if self.alone and number > 0:
            # There is nobody to be fair to.
            self._unqueued[campaign.campaign_id] = campaign
            return
        campaign.queued = number > 0
        component = self._components.of(campaign)
        for clock in (self._lines, self._attempts, component.clock if component is not None else None):
            if clock is not None and number > 0:
                clock.want(campaign)
            elif clock is not None:
                clock.rest(campaign)

    def look(self, campaign: CampaignDialing, number: int) -> None:
        """A campaign has been asked how many attempts it wants."""
        self.want(campaign, number)
        if campaign.looks_ahead and campaign.queued:
            component = self._components.of(campaign)
            if component is not None:
                component.clock.want(campaign, batch=number)

    # --- whose turn it is ---------------------------------------------------------------------------------------------

    def next(self, now: Instant) -> Turn | None:
        """Whose attempt is next; None if nobody wants one."""
        clock = self._attempts
        if self.alone:
            only = next(iter(clock), None)
            return Turn(only, only, clock, False) if only is not None and only.wants > 0 else None
        first = clock.first()
        if first is None:
            return None
        lines_free = self._trunks.lines_free_for(first)
        attempts = self._trunks.attempts_allowed_for(first, now)
        scarce = self.wanted > min(lines_free, attempts)
        if scarce and lines_free <= attempts:
            clock = self._lines
            first = clock.first() or first
        component = self._components.of(first)
        if component is not None and (clock is self._attempts or self._agents_are_scarcer(first, lines_free)):
            return Turn(component.clock.first() or first, first, clock, scarce)
        return Turn(first, first, clock, scarce)

    def _agents_are_scarcer(self, campaign: CampaignDialing, lines_free: int) -> bool:
        """Whether the campaign's agents are scarcer than lines, or it may have them only if nobody else wants them."""
        if not campaign.claim:
            return True
        if campaign.looks_ahead or campaign.agent_queue_id is None:
            return False
        return self._roster.queue(campaign.agent_queue_id).free <= lines_free

    def begun(self, turn: Turn, leg: Leg, now: Instant) -> None:
        """The attempt has been begun, and holds this line."""
        campaign, paid_by = turn.campaign, turn.paid_by
        leg.line = LineUse(campaign, now)
        if not self.alone:
            by_lines = turn.clock is self._lines
            if by_lines:
                _charge(self._lines, paid_by, campaign.hold_s, decided=turn.scarce)
                self._attempts.charge(campaign)
            else:
                _charge(self._attempts, paid_by, 1.0, decided=turn.scarce)
                self._lines.charge(campaign, campaign.hold_s)
            if campaign is not paid_by:
                turn.clock.settle(campaign)
            component = self._components.of(campaign)
            if component is not None:
                _charge(component.clock, campaign, 1.0, decided=not by_lines or campaign is not paid_by)
        self.want(campaign, campaign.wants - 1)
        campaign.passed_over_since = None
        if campaign.wants:
            self.waits(campaign, now)

    def waits(self, campaign: CampaignDialing, now: Instant) -> None:
        """The campaign wants an attempt that it has not got."""
        if campaign.passed_over_since is None:
            campaign.passed_over_since = now

    def line_ended(self, leg: Leg, now: Instant) -> None:
        """The line that the leg held is free: it is known for how long."""
        if leg.line is not None:
            held_s = max((now - leg.line.since) / SECOND, LEAST_HOLD_S)
            campaign = leg.line.campaign
            campaign.holds = min(campaign.holds + 1, REMEMBERED_HOLDS)
            campaign.hold_s += (held_s - campaign.hold_s) / campaign.holds
            self._holds = min(self._holds + 1, REMEMBERED_HOLDS)
            self._hold_s += (held_s - self._hold_s) / self._holds
            if not self.alone:
                self._lines.remember(self._hold_s * min(MEMORY, self._trunks.channels))

    # --- where campaigns look ahead -----------------------------------------------------------------------------------

    def must_wait(self, campaign: CampaignDialing, now: Instant) -> bool:
        """Whether a campaign that looks ahead waits for others that do so for the very same agents. Nobody waits for
        one that wants nothing but its turn at the lines, nor for one whose ledger is overdrawn by much: that would be
        dialed one to one for hours."""
        if self.alone or not campaign.looks_ahead:
            return False
        component = self._components.of(campaign)
        if component is None or campaign not in component.clock:
            return False
        others = [c for c in self._components.looking_ahead_with(campaign) if c is not campaign]
        waited_for = [c for c in others if c.can_dial and not c.wants and not _overdrawn(c, now)]
        waited_for = self._in_the_way(campaign, waited_for, now)
        if any(c.claim for c in waited_for) and not campaign.claim:
            return True
        return component.clock.leads(campaign, [c for c in waited_for if bool(c.claim) is bool(campaign.claim)])

    def pending(self, campaign: CampaignDialing, now: Instant) -> int:
        """How many attempts others that look ahead for the very same agents want and have not got. Of several trunks
        some may take attempts and others not: whoever waits for one of the latter keeps nobody back."""
        if self.alone:
            return 0
        others = [c for c in self._components.looking_ahead_with(campaign) if c is not campaign and c.wants]
        if len(self._trunks.in_use) > 1:
            others = [c for c in others if self._trunks.choose(c, now) is not None]
        return sum([c.wants for c in others])

    def _in_the_way(
        self, campaign: CampaignDialing, others: list[CampaignDialing], now: Instant
    ) -> list[CampaignDialing]:
        """Of these others those that can be dialed on some trunk at this moment; all, if the campaign cannot either."""
        if not others or self._trunks.choose(campaign, now) is None:
            return others
        return [c for c in others if self._trunks.choose(c, now) is not None]

    # --- what can be told ---------------------------------------------------------------------------------------------

    def passed_over(self, campaign: CampaignDialing, least_hold_s: float) -> PassedOver:
        """How many attempts of others went before one that the campaign wanted, at the clock where that is nearest to
        too many. Nobody who competes holds a line for less than this on average."""
        component = self._components.of(campaign)
        told = [
            PassedOver(
                self._lines.passed_over(campaign), self._lines.at_most_so_far(campaign, least_hold_s), Scarce.LINES
            ),
            PassedOver(self._attempts.passed_over(campaign), self._attempts.at_most_so_far(campaign), Scarce.ATTEMPTS),
        ]
        if component is not None:
            clock = component.clock
            told.append(PassedOver(clock.passed_over(campaign), clock.at_most_so_far(campaign), Scarce.AGENTS))
            if not campaign.claim:
                return PassedOver(sum(each.times for each in told), None, Scarce.AGENTS)
        return max(told, key=lambda each: (each.times / each.at_most if each.at_most else 0.0, each.at_most or 0))

    def competing_for_agents(self) -> list[CampaignDialing]:
        """The campaigns that do so with others, in the order in which they began to compete."""
        component_of = self._components.of
        found = [(campaign, component_of(campaign)) for campaign in self._attempts]
        return [campaign for campaign, component in found if component is not None and len(component.campaigns) > 1]

    def counts(self, campaign: CampaignDialing) -> None:
        """From here it is counted how often others are dialed for the campaign's agents."""
        component = self._components.of(campaign)
        if component is not None:
            component.clock.wait(campaign)

    def counted(self, campaign: CampaignDialing) -> int:
        """How often they were. By ``passed_over`` the campaign has to be able to use an attempt at that moment; of an
        agent and a line, where both are scarce, it may never have had the other."""
        component = self._components.of(campaign)
        return component.clock.waited(campaign) if component is not None else 0

    def at_most(self, campaign: CampaignDialing) -> int | None:
        """How often others may go before it, by its weight at its agents or by that at all else, whichever is less;
        None of one without a weight, or that does not compete for agents."""
        component = self._components.of(campaign)
        for_agents = component.clock.at_most(campaign) if component is not None else None
        for_attempts = self._attempts.at_most(campaign)
        return max(for_agents, for_attempts) if for_agents is not None and for_attempts is not None else None

    def starved(self) -> int:
        """How many campaigns are passed over too often; O(campaigns)."""
        least_hold_s = self.least_hold_s()
        return sum(self.passed_over(campaign, least_hold_s).too_often for campaign in self._lines)

    def gets_what_is_left(self, campaign: CampaignDialing) -> bool:
        """Whether the campaign has no weight, and others that dial for its agents have."""
        component = self._components.of(campaign)
        return component is not None and not campaign.claim and any(c is not campaign for c in component.clock)

    def least_hold_s(self) -> float:
        """The least that a campaign which competes holds a line for, on average; O(campaigns)."""
        return min([campaign.hold_s for campaign in self._lines], default=1.0)


def _charge(clock: FairClock[CampaignDialing], campaign: CampaignDialing, cost: float, *, decided: bool) -> None:
    (clock.serve if decided else clock.charge)(campaign, cost)


def _overdrawn(campaign: CampaignDialing, now: Instant) -> bool:
    standing = campaign.ledger.standing(now)
    return standing.binding and standing.headroom < -MAKING_GOOD * standing.target_ratio
