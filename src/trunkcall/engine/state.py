"""The engine's memory, shared by its parts.

Decides nothing.
"""

from __future__ import annotations

from collections import deque

from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.flow import FlowEvent, FlowHook
from trunkcall.domain.identifiers import NewId
from trunkcall.domain.instants import Instant
from trunkcall.engine.agenda import Agenda
from trunkcall.engine.allotment import Allotments
from trunkcall.engine.caller_ids import CallerIds
from trunkcall.engine.campaigns import CampaignDialing, PacerFor
from trunkcall.engine.commands import HangUp
from trunkcall.engine.competition import Competition
from trunkcall.engine.components import Components
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.contact import Contact, Leg
from trunkcall.engine.decision import Deciding
from trunkcall.engine.events import CampaignChanged
from trunkcall.engine.flow import Flows, Resumption
from trunkcall.engine.registry import Registry
from trunkcall.engine.reservation import Reservation
from trunkcall.engine.roster import Roster
from trunkcall.engine.timers import TimerKind, Timers
from trunkcall.engine.trunks import Trunks


class EngineState:
    """Everything that one engine remembers."""

    __slots__ = (
        "_campaigns_begun",
        "agenda",
        "allotments",
        "caller_ids",
        "campaigns",
        "competition",
        "components",
        "config",
        "flows",
        "flows_due",
        "held_back",
        "keys_ignored",
        "matching_due",
        "new_id",
        "out",
        "registry",
        "reservation",
        "roster",
        "suspended",
        "timers",
        "trunks",
    )

    def __init__(self, config: EngineConfig, new_id: NewId, flows: Flows) -> None:
        self.config = config
        self.new_id = new_id
        self.flows = flows
        self.flows_due: deque[tuple[Contact, FlowEvent | FlowHook | Resumption | None]] = deque()
        """Contacts whose flow is to go on in this turn, and what it is to be told; None where it is to begin."""
        self.campaigns: dict[str, CampaignDialing] = {}
        self._campaigns_begun = 0
        self.roster = Roster()
        self.timers = Timers()
        self.trunks = Trunks(config.trunks)
        self.caller_ids = CallerIds()
        self.registry = Registry(self.timers, self.trunks)
        self.components = Components(self.roster, self.registry)
        self.allotments = Allotments(self.roster, self.registry, self.components)
        self.competition = Competition(self.components, self.roster, self.trunks)
        self.agenda = Agenda(self.roster, self.registry, self.components, self.competition)
        self.reservation = Reservation(self.competition, self.allotments, self.roster)
        self.suspended = False
        self.keys_ignored = 0
        """How often agents have pressed what was not possible, or means nothing."""
        self.held_back = False
        """Whether somebody may wait and somebody be free who could have been brought together, had the carrier been
        there."""
        self.matching_due = False
        """Whether those who wait are to be brought together with free agents."""
        self.out = Deciding()
        """What the turn in progress has decided so far."""

    def forget_queues(self, *queue_ids: str | None) -> None:
        """Let go of these queues, as far as nobody serves them, waits in them or dials for them."""
        idle = [queue_id for queue_id in queue_ids if queue_id is not None and self.roster.is_idle(queue_id)]
        dialed_for = {campaign.settings.queue_id for campaign in self.campaigns.values()} if idle else ()
        for queue_id in idle:
            if queue_id not in dialed_for:
                self.roster.forget_queue(queue_id)

    def hang_up(self, leg: Leg, now: Instant) -> None:
        """The leg is to end; it is no contact's any more."""
        self.out.do(HangUp(leg.leg_id), self.registry.release_leg(leg))
        self.timers.set(now + self.config.hang_up_grace, TimerKind.HANG_UP_OVERDUE, leg.leg_id)

    def begin(self, changed: CampaignChanged, pacer_for: PacerFor, now: Instant) -> CampaignDialing:
        """Make a campaign known."""
        self._campaigns_begun += 1
        campaign = CampaignDialing(
            changed, self.config, pacer_for, now, number=self._campaigns_begun, touched=self.agenda.touched
        )
        self.campaigns[campaign.campaign_id] = campaign
        campaign.stranded = self.trunks.strands(campaign)
        self.components.place(campaign)
        return campaign

    def trunks_changed(self) -> None:
        """Trunks are others, or up or down: other campaigns may be dialed on them."""
        self.competition.trunks_changed()
        for campaign in self.campaigns.values():
            stranded = self.trunks.strands(campaign)
            if stranded is not campaign.stranded:
                campaign.stranded = stranded
                campaign.window.touch()

    def campaign(self, campaign_id: str) -> CampaignDialing:
        try:
            return self.campaigns[campaign_id]
        except KeyError:
            raise NotFoundError("this campaign was never made known to the engine; nothing was changed") from None
