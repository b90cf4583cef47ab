"""The engine's surface: an event in, commands out; a timer due, commands out.

Decides nothing by itself: it hands each event to the part that does, then asks ``Dialing`` what to originate. Input
that cannot be is refused with an exception and changes nothing.
"""

from __future__ import annotations

from typing import assert_never

from trunkcall.domain.identifiers import NewId
from trunkcall.domain.instants import Instant
from trunkcall.engine.adoption import Adoption
from trunkcall.engine.campaigns import OVER, CampaignDialing, PacerFor, pacer_for
from trunkcall.engine.commands import Command
from trunkcall.engine.comparison import Comparison
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.dialing import Dialing
from trunkcall.engine.events import (
    AgentHeard,
    AgentRegistered,
    AgentStatusSet,
    AgentUnheard,
    AttemptRefused,
    CampaignChanged,
    CarrierFound,
    CarrierLost,
    ComparisonRequested,
    ContactsOffered,
    ContactsRestored,
    ContactsSwept,
    ContactTransferredToQueue,
    DetectionEnded,
    DialingSuspended,
    Event,
    FlowDisconnected,
    LedgerRestored,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
    OriginateVoided,
    RequestsAccepted,
)
from trunkcall.engine.explanation import DialingExplanation, explain
from trunkcall.engine.life import ContactLife
from trunkcall.engine.progress import DialingProgress, FloorProgress, dialing_progress, floor_progress
from trunkcall.engine.snapshot import EngineSnapshot, take_snapshot
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind


class Engine:
    """The dialing engine of one instance.

    ``new_id`` makes leg ids; ``pacer_for`` chooses how a campaign is paced, by its dialer type unless something else is
    to be compared. Every call takes the present instant of the instance's clock; one earlier than an instant
    seen before counts as that one, so that a clock set back stops nothing and repeats nothing.
    """

    def __init__(self, config: EngineConfig, *, new_id: NewId, pacer_for: PacerFor = pacer_for) -> None:
        self._pacer_for = pacer_for
        self._state = EngineState(config, new_id)
        self._life = ContactLife(self._state)
        self._adoption = Adoption(self._state, self._life)
        self._comparison = Comparison(self._state, self._life, self._adoption)
        self._dialing = Dialing(self._state)
        self._now: Instant = 0

    @property
    def config(self) -> EngineConfig:
        return self._state.config

    def handle(self, event: Event, now: Instant, *, more: bool = False) -> list[Command]:
        """Take one event. Raises IllegalTransitionError or NotFoundError, and changes nothing, if it cannot be.
        ``more`` says that more has happened already: no attempt is begun until ``handle_timer`` is called, or an event
        is told that says no more."""
        now = self._advance(now)
        self._apply(event, now)
        self._life.match(now)
        if not more:
            self._dialing.plan(now)
        return self._drain()

    def knows_campaign(self, campaign_id: str) -> bool:
        """Whether the engine still remembers the campaign."""
        return campaign_id in self._state.campaigns

    def next_timer(self) -> Instant | None:
        """When ``handle_timer`` wants to be called, None if nothing is awaited."""
        return self._state.timers.next_at(self._state.legs, self._state.contacts)

    def handle_timer(self, now: Instant) -> list[Command]:
        """Do what is due by ``now``, and begin what attempts may begin."""
        now = self._advance(now)
        while (due := self._state.timers.pop_due(now)) is not None:
            self._fire(*due, now)
        self._life.match(now)
        self._dialing.plan(now)
        return self._drain()

    def snapshot(self, now: Instant) -> EngineSnapshot:
        """What the engine is doing, for metrics and for people. Changes nothing."""
        return take_snapshot(self._state, max(now, self._now))

    def explain(self, campaign_id: str, now: Instant) -> DialingExplanation | None:
        """Why the campaign dials as it does; None if it is not known. Decides and begins nothing."""
        return explain(self._state, campaign_id, max(now, self._now))

    def progress(self, campaign_id: str, now: Instant) -> DialingProgress | None:
        """How far the campaign is; None if it is not known. Changes nothing."""
        return dialing_progress(self._state, campaign_id, max(now, self._now))

    def floor(self, queue_id: str | None = None) -> FloorProgress:
        """What the agents of the queue are doing, or all there are; and the trunk."""
        return floor_progress(self._state, queue_id)

    def _advance(self, now: Instant) -> Instant:
        if now > self._now:
            self._now = now
        return self._now

    def _drain(self) -> list[Command]:
        out, self._state.out = self._state.out, []
        return out

    def _apply(self, event: Event, now: Instant) -> None:
        state, life = self._state, self._life
        match event:
            case LegRang():
                life.rang(event.leg_id, now)
            case LegAnswered():
                life.answered(event.leg_id, now)
            case DetectionEnded():
                life.detection_ended(event, now)
            case LegsBridged():
                life.bridged(event, now)
            case LegEnded():
                life.ended(event.leg_id, event.cause, now)
            case AgentStatusSet():
                life.status_set(state.roster.agent(event.agent_id), event.status, now)
            case AgentUnheard():
                life.unheard(state.roster.agent(event.agent_id))
            case AgentHeard():
                life.heard(state.roster.agent(event.agent_id), now)
            case ContactTransferredToQueue():
                life.transferred_to_queue(event.contact_id, now)
            case FlowDisconnected():
                life.flow_disconnected(event.contact_id, now)
            case ContactsOffered():
                self._offered(event)
            case RequestsAccepted():
                self._accepted(event)
            case ContactsSwept():
                self._swept(event)
            case AttemptRefused():
                life.refused(event.contact_id, event.refusal, now)
            case OriginateVoided():
                life.voided(event.leg_id, now)
            case CampaignChanged():
                self._campaign_changed(event, now)
            case LedgerRestored():
                ledger = state.campaign(event.campaign_id).ledger
                for minute_at, live_answers, abandoned in event.minutes:
                    ledger.count(minute_at, live_answers=live_answers, abandoned=abandoned)
            case AgentRegistered():
                life.registered(event.agent_id, event.queue_ids, now)
            case CarrierLost():
                state.carrier_up = False
                self._comparison.forget()
            case CarrierFound():
                self._comparison.forget()
                self._adoption.carrier_found(event.legs, now)
            case ContactsRestored():
                self._adoption.restore(event.contacts, now)
            case ComparisonRequested():
                self._comparison.ask()
            case LegsReported():
                self._comparison.reported(event, now)
            case DialingSuspended():
                state.suspended = True
            case _:
                assert_never(event)

    def _fire(self, kind: TimerKind, key: str, now: Instant) -> None:
        match kind:
            case TimerKind.ORIGINATE_OVERDUE:
                self._life.originate_overdue(key, now)
            case TimerKind.DETECTION_OVERDUE:
                self._life.detection_overdue(key, now)
            case TimerKind.AGENT_RING_OVERDUE:
                if not self._comparison.asks_first(key, now):
                    self._life.agent_ring_overdue(key, now)
            case TimerKind.HANG_UP_OVERDUE:
                self._life.hang_up_overdue(key, now)
            case TimerKind.ABANDONMENT:
                self._life.abandonment_due(key, now)
            case TimerKind.QUEUE_LIMIT:
                self._life.queue_limit_due(key, now)
            case TimerKind.EXPIRY:
                campaign = self._state.campaigns.get(key)
                if campaign is not None:
                    self._dialing.expire(campaign, now)
            case TimerKind.PACE:
                self._dialing.pace_due()
            case TimerKind.FORGET_CAMPAIGN:
                self._forget_campaign(key, now)
            case _:
                assert_never(kind)

    # What the store tells of a campaign may come after the engine has forgotten it, so an unknown one is no error.

    def _offered(self, event: ContactsOffered) -> None:
        campaign = self._state.campaigns.get(event.campaign_id)
        if campaign is not None and not campaign.over:
            campaign.window.offer(event.contacts, exhausted=event.exhausted)

    def _accepted(self, event: RequestsAccepted) -> None:
        campaign = self._state.campaigns.get(event.campaign_id)
        if campaign is not None and not campaign.over:
            campaign.window.more_accepted()

    def _swept(self, event: ContactsSwept) -> None:
        campaign = self._state.campaigns.get(event.campaign_id)
        if campaign is not None:
            for contact_id in event.contact_ids:
                campaign.window.discard(contact_id)

    def _campaign_changed(self, event: CampaignChanged, now: Instant) -> None:
        state = self._state
        campaign = state.campaigns.get(event.campaign_id)
        if campaign is None:
            if event.state not in OVER or event.in_progress:
                campaign = CampaignDialing(event, state.config, self._pacer_for, now)
                state.campaigns[event.campaign_id] = campaign
                if campaign.over:
                    state.timers.set(now + state.config.campaign_memory, TimerKind.FORGET_CAMPAIGN, event.campaign_id)
            return
        was_over = campaign.over
        campaign.change(event, now)
        if campaign.over and not was_over:
            state.timers.set(now + state.config.campaign_memory, TimerKind.FORGET_CAMPAIGN, event.campaign_id)

    def _forget_campaign(self, campaign_id: str, now: Instant) -> None:
        """Let go of a campaign that is over, once nobody is on the line for it any more."""
        state = self._state
        if state.campaigns[campaign_id].contacts:
            state.timers.set(now + state.config.campaign_memory, TimerKind.FORGET_CAMPAIGN, campaign_id)
        else:
            del state.campaigns[campaign_id]
