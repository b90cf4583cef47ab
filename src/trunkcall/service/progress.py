"""How far campaigns are, and what the agents are doing: what a display that asks every second is told.

Decides where each figure comes from. What must outlive a restart is the store's: counts of contacts, live answers,
abandonments. What is only true now is the engine's: contacts in progress by state, agents, lines. It must not know who
looks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from trunkcall.domain.agent import AgentState, PhoneTrouble
from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.clock import NowOf
from trunkcall.domain.contact import ContactState
from trunkcall.domain.directory import Instance
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.instants import Instant
from trunkcall.engine.ledger import LedgerTotals
from trunkcall.engine.progress import DialingProgress, FloorProgress
from trunkcall.service.campaign_queue import queue_of
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.dialing_settings import DialingOf
from trunkcall.service.explain import Explanations, Reason
from trunkcall.storage.ports.contacts import CampaignSums, ContactCounts
from trunkcall.storage.ports.directory import Directories, InstanceList

EVER: Instant = 0


class LiveFigures(Protocol):
    """What is only true now."""

    def progress(self, instance_id: str, campaign_id: str) -> DialingProgress | None:
        """None while nobody dials here, and of a campaign that is not dialed."""

    def floor(self, instance_id: str, queue_id: str | None = None) -> FloorProgress | None:
        """The agents of the instance's queue, or all; None while nobody dials here."""

    def agent_states(self, instance_id: str) -> Mapping[str, AgentState] | None:
        """What each agent of the instance is doing, by id; None while nobody dials here."""

    def phone_troubles(self, instance_id: str) -> Mapping[str, PhoneTrouble]:
        """Of each agent of the instance whose phone was not reached, why, by id."""

    def attempts_by_minute(self, instance_id: str, campaign_id: str) -> Sequence[int]:
        """Attempts in each of the last minutes, oldest first; the last one goes on."""


@dataclass(frozen=True, slots=True)
class AgentsNow:
    """What each agent is doing, and of each whose phone was not reached, why; by id."""

    states: Mapping[str, AgentState]
    phones: Mapping[str, PhoneTrouble]


@dataclass(frozen=True, slots=True)
class CampaignProgress:
    """One campaign at one instant.

    ``in_state`` are contacts in progress by state, as far as the engine has them. ``live_answers`` and ``abandoned``
    are over the campaign's whole life, those of ``ledger`` over each window of the limit. In a list, ``ledger`` is
    empty for a campaign that is not dialed.
    """

    at: Instant
    campaign: Campaign
    counts: ContactCounts
    in_state: Mapping[ContactState, int]
    ledger: Sequence[LedgerTotals]
    target_ratio: float
    attempts_by_minute: Sequence[int]


@dataclass(frozen=True, slots=True)
class DetailedProgress:
    """The same with what is too dear for a list. ``reason`` is what decides first how it dials, for which all campaigns
    of its agents are looked at. ``floor`` are the agents of its queue; None for an agentless campaign, and while nobody
    dials."""

    progress: CampaignProgress
    live_answers: int
    abandoned: int
    reason: Reason
    floor: FloorProgress | None


@dataclass(frozen=True, slots=True)
class ProgressPage:
    """Some of a list, and from where to go on; ``after`` is None at its end. A page may have fewer campaigns than were
    asked for, or none, and still not be the last: it has those of the wanted states among so many."""

    campaigns: Sequence[CampaignProgress]
    after: tuple[Instant, str] | None


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """One instance at one instant. ``alias`` is empty if it has none; ``floor`` is None while nobody dials for it
    here."""

    at: Instant
    instance_id: str
    alias: str
    floor: FloorProgress | None


class Progresses:
    """The questions that there are."""

    def __init__(
        self,
        store: CampaignSums,
        campaigns: Campaigns,
        explanations: Explanations,
        live: LiveFigures,
        now_of: NowOf,
        dialing_of: DialingOf,
        instances: InstanceList,
        directories: Directories,
    ) -> None:
        self._store = store
        self._campaigns = campaigns
        self._explanations = explanations
        self._live = live
        self._now_of = now_of
        self._dialing_of = dialing_of
        self._instances = instances
        self._directories = directories

    async def get_campaign_progress(self, id_or_arn: str) -> DetailedProgress:
        """How far the campaign is. Raises NotFoundError."""
        campaign = await self._campaigns.describe_campaign(id_or_arn)
        counts = await self._store.contact_counts([campaign.campaign_id])
        progress = self._progress(campaign, counts)
        if not progress.ledger:
            progress = self._progress(campaign, counts, await self._stored_ledger(campaign))
        live_answers, abandoned = await self._store.ledger_sum(campaign.campaign_id, since=EVER)
        directory = await self._directories.directory(campaign.instance_id)
        queue_id = queue_of(campaign, directory) if directory is not None else None
        floor = self._live.floor(campaign.instance_id, queue_id) if campaign.dialer.needs_agents else None
        reason = await self._explanations.first_reason(campaign, progress.counts.waiting)
        return DetailedProgress(progress, live_answers, abandoned, reason, floor)

    async def list_campaign_progress(
        self, *, states: Collection[CampaignState], after: tuple[Instant, str] | None, limit: int
    ) -> ProgressPage:
        """How far each campaign is, in the order of their creation; only those in one of the states, if there are
        any."""
        page = await self._campaigns.list_campaigns(after=after, limit=limit)
        wanted = [campaign for campaign in page.campaigns if not states or campaign.state in states]
        counts = await self._store.contact_counts([campaign.campaign_id for campaign in wanted])
        return ProgressPage([self._progress(campaign, counts) for campaign in wanted], page.after)

    async def get_instance_status(self, instance_id: str) -> InstanceStatus:
        """What the instance's agents and lines are doing. Raises NotFoundError."""
        instance = await self._instance(instance_id)
        return InstanceStatus(self._now_of(instance_id), instance_id, instance.alias, self._live.floor(instance_id))

    async def get_agent_states(self, instance_id: str) -> AgentsNow | None:
        """What the instance's agents are doing; None while nobody dials for it here. Raises NotFoundError."""
        await self._instance(instance_id)
        states = self._live.agent_states(instance_id)
        return AgentsNow(states, self._live.phone_troubles(instance_id)) if states is not None else None

    async def _instance(self, instance_id: str) -> Instance:
        for instance in await self._instances.instances():
            if instance.instance_id == instance_id:
                return instance
        raise NotFoundError("No Connect instance with this id exists.")

    def _progress(
        self, campaign: Campaign, counts: Mapping[str, ContactCounts], ledger: Sequence[LedgerTotals] = ()
    ) -> CampaignProgress:
        instance_id, campaign_id = campaign.instance_id, campaign.campaign_id
        own = counts.get(campaign_id, ContactCounts())
        dialing = self._live.progress(instance_id, campaign_id)
        return CampaignProgress(
            at=self._now_of(instance_id),
            campaign=campaign,
            counts=own,
            in_state=dialing.in_state if dialing is not None else {},
            ledger=dialing.ledger if dialing is not None else ledger,
            target_ratio=self._dialing_of(campaign).abandonment.target_ratio,
            attempts_by_minute=self._live.attempts_by_minute(instance_id, campaign_id),
        )

    async def _stored_ledger(self, campaign: Campaign) -> Sequence[LedgerTotals]:
        now = self._now_of(campaign.instance_id)
        return [
            LedgerTotals(window, *await self._store.ledger_sum(campaign.campaign_id, since=window.begins(now)))
            for window in self._dialing_of(campaign).abandonment.windows
        ]
