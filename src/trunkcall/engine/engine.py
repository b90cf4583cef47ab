"""The engine's surface: a turn takes all that has happened, and returns one decision.

Decides in what order the parts of the engine are asked: events and timers by their instants, each with the flows that
go on because of it, and when all that is known, ``Dialing`` what to originate. What any of it means the parts decide.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import assert_never

from trunkcall.domain.agent import AgentState, PhoneTrouble
from trunkcall.domain.errors import IllegalTransitionError, NotFoundError
from trunkcall.domain.identifiers import NewId
from trunkcall.domain.instants import Instant
from trunkcall.domain.recording import RecordingWish
from trunkcall.domain.transitions import OVER
from trunkcall.engine.adoption import Adoption
from trunkcall.engine.availability import Availability
from trunkcall.engine.beside import Beside
from trunkcall.engine.campaigns import PacerFor, pacer_for
from trunkcall.engine.comparison import Comparison
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.confirmations import Confirmations
from trunkcall.engine.decision import Decision, RefusedEvent
from trunkcall.engine.details import EngineDetails, take_details
from trunkcall.engine.dialing import Dialing
from trunkcall.engine.endings import Endings
from trunkcall.engine.events import (
    AgentHeard,
    AgentPhoneFound,
    AgentPhoneLost,
    AgentRegistered,
    AgentRemoved,
    AgentStatusSet,
    AgentUnheard,
    AttemptRefused,
    AttemptsLimited,
    BeepHeard,
    CallerIdsRestored,
    CampaignChanged,
    CarrierFound,
    CarrierLost,
    ChangesLeftOut,
    CodeDialed,
    ComparisonRequested,
    ContactsOffered,
    ContactsOptedOut,
    ContactsRestored,
    ContactsSwept,
    DetectionEnded,
    DialingSuspended,
    DueChanged,
    Event,
    FlowTold,
    KeyPressed,
    LedgerRestored,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
    LegsUnbridged,
    OriginateVoided,
    PlaybackEnded,
    PutOnHold,
    QueueLimited,
    RecordingEnded,
    RecordingStarted,
    RecordingWished,
    RequestsAccepted,
    RingingCalledOff,
    SessionsRestored,
    TakenOffHold,
    TrunksChanged,
)
from trunkcall.engine.explanation import DialingExplanation, explain
from trunkcall.engine.flow import Flows
from trunkcall.engine.flow_steps import FlowSteps
from trunkcall.engine.legs import LegReports
from trunkcall.engine.live_answers import LiveAnswers
from trunkcall.engine.matching import Matching
from trunkcall.engine.progress import (
    DialingProgress,
    FloorProgress,
    QueueFigures,
    agent_states,
    dialing_progress,
    floor_progress,
    phone_troubles,
    queue_figures,
)
from trunkcall.engine.recordings import Recordings
from trunkcall.engine.safe_harbour import SafeHarbour
from trunkcall.engine.sessions import Sessions
from trunkcall.engine.snapshot import EngineSnapshot, take_snapshot
from trunkcall.engine.state import EngineState
from trunkcall.engine.telephones import Telephones
from trunkcall.engine.timers import TimerKind
from trunkcall.engine.withdrawals import Withdrawals


class Engine:
    """The dialing engine of one instance.

    ``new_id`` makes leg ids; ``flows`` says what an answered contact goes through; ``pacer_for`` chooses how a campaign
    is paced, by its dialer type unless something else is to be compared. Instants are of the instance's clock. One
    earlier than an instant seen before counts as that one: a clock set back stops nothing and repeats nothing.
    """

    def __init__(self, config: EngineConfig, *, new_id: NewId, flows: Flows, pacer_for: PacerFor = pacer_for) -> None:
        self._pacer_for = pacer_for
        self._state = state = EngineState(config, new_id, flows)
        # Each calls those that it is given, and none of them knows it.
        self._confirmations = confirmations = Confirmations(state)
        self._sessions = sessions = Sessions(state, confirmations)
        self._beside = beside = Beside(state)
        self._matching = matching = Matching(state, sessions, confirmations, beside)
        self._availability = availability = Availability(state, sessions, matching)
        self._live_answers = live_answers = LiveAnswers(state)
        self._recordings = recordings = Recordings(state)
        self._endings = endings = Endings(state, sessions, matching, availability, live_answers, recordings, beside)
        self._safe_harbour = safe_harbour = SafeHarbour(state, endings, beside)
        self._flows = steps = FlowSteps(state, matching, live_answers, endings, safe_harbour, recordings, beside)
        self._legs = legs = LegReports(state, sessions, matching, live_answers, endings, steps, recordings, beside)
        self._telephones = Telephones(state, availability, endings, recordings, confirmations)
        self._withdrawals = Withdrawals(state, matching, legs)
        self._adoption = adoption = Adoption(state, sessions, matching, legs, steps, safe_harbour, recordings, beside)
        self._comparison = Comparison(state, availability, legs, steps, safe_harbour, adoption)
        self._dialing = Dialing(state)
        self._now: Instant = 0

    @property
    def config(self) -> EngineConfig:
        return self._state.config

    def turn(self, events: Iterable[tuple[Event, Instant]], now: Instant) -> Decision:
        """Take what has happened since the last turn, each event with its instant, do what is due by ``now``, and begin
        what attempts may begin. An event that cannot be changes nothing and is returned as refused; the others stand.

        Nothing of the decision may be done before its changes are durable. An engine whose changes could not be made so
        is not to be used any more, nor one whose turn has raised."""
        state = self._state
        refused: list[RefusedEvent] = []
        for event, at in events:
            if at > self._now:
                self._now = at
            at = self._now
            if state.timers.not_before < at:
                # What was due before an event happened comes before it.
                self._do_due(at - 1, at)
            try:
                self._apply(event, at)
            except (IllegalTransitionError, NotFoundError) as error:
                refused.append(RefusedEvent(event, at, error.message))
                continue
            if state.matching_due or state.flows_due:
                self._go_on(at)
        if now > self._now:
            self._now = now
        now = self._now
        if state.timers.not_before <= now:
            self._do_due(now, now)
        if state.roster.sessions_due:
            for agent in self._sessions.keep(now):
                self._availability.without_a_word(agent, now)
        self._dialing.plan(now)
        return state.out.decision(refused, state.registry.legs)

    def knows_campaign(self, campaign_id: str) -> bool:
        """Whether the engine still remembers the campaign."""
        return campaign_id in self._state.campaigns

    @property
    def leaving_agents(self) -> Collection[str]:
        """Agents who were removed and have a contact to finish."""
        return frozenset(self._state.roster.leaving)

    def next_timer(self) -> Instant | None:
        """When the next turn is wanted at the latest, None if nothing is awaited."""
        return self._state.timers.next_at()

    def snapshot(self, now: Instant) -> EngineSnapshot:
        """What the engine is doing, in sums, for metrics and for people. Changes nothing."""
        return take_snapshot(self._state, max(now, self._now))

    def starved(self) -> int:
        """How many campaigns others go before more often than the weights of all allow. Changes nothing."""
        return self._state.competition.starved()

    def failing_trunks(self) -> int:
        """How many trunks lead nowhere: one attempt goes out on each now and then. Changes nothing."""
        return self._state.trunks.failing

    def details(self) -> EngineDetails:
        """Who does what with whom: each contact in progress, leg, agent, queue and campaign. Changes nothing."""
        return take_details(self._state)

    def next_contacts(self, campaign_id: str) -> tuple[str, ...]:
        """The contacts that the engine holds and has not dialed yet, the next one first; none of a campaign that is not
        known. Changes nothing."""
        campaign = self._state.campaigns.get(campaign_id)
        return tuple(campaign.window) if campaign is not None else ()

    def explain(self, campaign_id: str, now: Instant) -> DialingExplanation | None:
        """Why the campaign dials as it does; None if it is not known. Decides and begins nothing."""
        return explain(self._state, campaign_id, max(now, self._now))

    def progress(self, campaign_id: str, now: Instant) -> DialingProgress | None:
        """How far the campaign is; None if it is not known. Changes nothing."""
        return dialing_progress(self._state, campaign_id, max(now, self._now))

    def recording_may_be(self, contact_id: str, wish: RecordingWish) -> bool:
        """Whether the recording of a contact in progress can be begun, ended, suspended or resumed. Changes nothing."""
        contact = self._state.registry.contacts.get(contact_id)
        return contact is not None and self._recordings.may_be(contact, wish)

    def floor(self, queue_id: str | None = None) -> FloorProgress:
        """What the agents of the queue are doing, or all there are; and the trunks."""
        return floor_progress(self._state, queue_id, self._now)

    def queue_figures(self, queue_id: str) -> QueueFigures:
        """What the queue has of agents and contacts, in the midst of a turn as well. Changes nothing."""
        return queue_figures(self._state, queue_id)

    def agent_states(self) -> Mapping[str, AgentState]:
        """What each agent is doing, by id."""
        return agent_states(self._state)

    def phone_troubles(self) -> Mapping[str, PhoneTrouble]:
        """Of each agent whose phone was not reached, why, by id."""
        return phone_troubles(self._state)

    def _do_due(self, until: Instant, now: Instant) -> None:
        """Do what was due by ``until``."""
        while (due := self._state.timers.pop_due(until)) is not None:
            self._fire(*due, now)
            self._go_on(now)

    def _go_on(self, now: Instant) -> None:
        """Let those go on who waited for what has just happened."""
        state = self._state
        if state.matching_due:
            self._matching.match(now)
        if state.flows_due:
            self._flows.step(now)

    def _apply(self, event: Event, now: Instant) -> None:
        state, legs, availability = self._state, self._legs, self._availability
        match event:
            # The most frequent first: each case is tried in turn.
            case LegEnded():
                legs.ended(event.leg_id, event.cause, now)
            case LegRang():
                legs.rang(event.leg_id, now)
            case LegAnswered():
                legs.answered(event.leg_id, now)
            case DetectionEnded():
                legs.detection_ended(event, now)
            case LegsBridged():
                legs.bridged(event, now)
            case AgentStatusSet():
                availability.status_set(state.roster.agent(event.agent_id), event.status, now)
            case AgentUnheard():
                availability.unheard(state.roster.agent(event.agent_id), now)
            case AgentHeard():
                availability.heard(state.roster.agent(event.agent_id), now)
            case PlaybackEnded():
                self._flows.message_ended(event.leg_id, event.play_id, heard=event.heard)
                self._safe_harbour.message_ended(event.leg_id, event.play_id, now, heard=event.heard)
                self._recordings.message_ended(event.leg_id, event.play_id, now, heard=event.heard)
                self._confirmations.ended(event.leg_id, event.play_id)
            case ContactsOffered():
                self._offered(event)
            case RequestsAccepted():
                self._accepted(event)
            case DueChanged():
                self._due_changed(event)
            case ContactsSwept():
                self._swept(event)
            case AttemptRefused():
                self._withdrawals.refused(event, now)
            case ChangesLeftOut():
                self._endings.left_out(event.contact_id, now)
            case ContactsOptedOut():
                for contact_id in event.contact_ids:
                    self._endings.opted_out(contact_id, now)
            case OriginateVoided():
                self._withdrawals.voided(event.leg_id, now, refused=event.refused)
            case CampaignChanged():
                self._campaign_changed(event, now)
            case LedgerRestored():
                state.campaign(event.campaign_id).ledger.restore(event.minutes, now)
            case CallerIdsRestored():
                state.caller_ids.restore(event.day_began_at, event.shown)
            case AgentRegistered():
                availability.registered(event, now)
            case AgentRemoved():
                availability.removed(state.roster.agent(event.agent_id), now)
            case QueueLimited():
                state.roster.limit_queue(event.queue_id, event.max_contacts)
            case TrunksChanged():
                state.trunks.change(event.trunks, now)
                state.trunks_changed()
                self._sessions.carrier_found()
            case AttemptsLimited():
                state.trunks.limit(event.per_s)
                state.trunks_changed()
            case CarrierLost():
                state.trunks.lose(event.host)
                state.trunks_changed()
                self._comparison.forget(event.host)
            case CarrierFound():
                self._comparison.forget(event.host)
                self._adoption.carrier_found(event.legs, event.host, now)
            case ContactsRestored():
                self._adoption.restore(event.contacts, now)
            case ComparisonRequested():
                self._comparison.ask()
            case LegsReported():
                self._comparison.reported(event, now)
            case DialingSuspended():
                state.suspended = True
            case RingingCalledOff():
                state.suspended = True
                self._sessions.call_off_ringing(now)
                self._endings.call_off_ringing(now)
            case LegsUnbridged():
                legs.unbridged(event, now)
            case SessionsRestored():
                self._sessions.restore(event.sessions, now)
            case AgentPhoneLost():
                if (agent := state.roster.agents.get(event.agent_id)) is not None:
                    availability.phone_lost(agent, now)
            case AgentPhoneFound():
                if (agent := state.roster.agents.get(event.agent_id)) is not None:
                    availability.phone_found(agent, now)
            case CodeDialed():
                self._telephones.dialed(event.agent_id, event.keys, now)
            case KeyPressed():
                self._telephones.pressed(event.leg_id, event.key, now)
            case PutOnHold():
                legs.put_on_hold(event.leg_id, now)
            case TakenOffHold():
                legs.taken_off_hold(event.leg_id, now)
            case RecordingStarted():
                self._recordings.started(event.recording_id, now)
            case RecordingEnded():
                self._recordings.ended(event.recording_id, now)
            case RecordingWished():
                contact = state.registry.contacts.get(event.contact_id)
                if contact is not None:
                    self._recordings.wished(contact, event.wish, now)
            case FlowTold():
                self._flows.told(event.contact_id, event.what)
            case BeepHeard():
                self._flows.beep_heard(event.leg_id)
            case _:
                assert_never(event)

    def _fire(self, kind: TimerKind, key: str, now: Instant) -> None:
        match kind:
            # The most frequent first: a case costs as much as a call.
            case TimerKind.PACE:
                self._dialing.pace_due()
            case TimerKind.ORIGINATE_OVERDUE:
                self._legs.originate_overdue(key, now)
            case TimerKind.DETECTION_OVERDUE:
                self._legs.detection_overdue(key, now)
            case TimerKind.AGENT_RING_OVERDUE:
                if not self._comparison.asks_first(key, now):
                    self._legs.agent_ring_overdue(key, now)
            case TimerKind.HANG_UP_OVERDUE:
                self._legs.hang_up_overdue(key, now)
            case TimerKind.NOT_FOUND:
                self._adoption.not_found(key, now)
            case TimerKind.SESSION_DUE:
                self._sessions.due(key)
            case TimerKind.CONFIRMATION_OVERDUE:
                self._confirmations.over(self._state.roster.agents[key])
            case TimerKind.ABANDONMENT:
                self._live_answers.abandonment_due(key, now)
                self._safe_harbour.threshold_passed(key, now)
            case TimerKind.SAFE_HARBOUR_LIMIT:
                self._safe_harbour.limit_due(key, now)
            case TimerKind.QUEUE_LIMIT:
                self._endings.queue_limit_due(key, now)
            case TimerKind.HELP:
                self._matching.help_due(key, now)
            case TimerKind.AFTER_CONTACT_WORK:
                self._availability.work_done(self._state.roster.agents[key], now)
            case TimerKind.FLOW:
                self._flows.timer_due(key)
            case TimerKind.WHISPERS:
                self._beside.whispers_due(self._state.registry.contact(key), now)
            case TimerKind.RECORDING:
                self._recordings.due(key, now)
            case TimerKind.EXPIRY:
                self._dialing.expire(self._state.campaigns[key], now)
            case TimerKind.DUE:
                self._state.campaigns[key].window.due_came()
            case TimerKind.FORGET_CAMPAIGN:
                self._forget_campaign(key, now)
            case _:
                assert_never(kind)

    # What the store tells of a campaign may come after the engine has forgotten it, so an unknown one is no error.

    def _offered(self, event: ContactsOffered) -> None:
        campaign = self._state.campaigns.get(event.campaign_id)
        if campaign is not None and not campaign.over:
            # Read before its attempt was begun, a contact in progress may seem to wait.
            campaign.window.offer(event.contacts, event.next_due_at, in_progress=self._state.registry.contacts)

    def _accepted(self, event: RequestsAccepted) -> None:
        campaign = self._state.campaigns.get(event.campaign_id)
        if campaign is not None and not campaign.over:
            campaign.window.more_due()

    def _due_changed(self, event: DueChanged) -> None:
        campaign = self._state.campaigns.get(event.campaign_id)
        if campaign is not None and not campaign.over:
            campaign.window.begin_anew()

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
                campaign = state.begin(event, self._pacer_for, now)
                if campaign.over:
                    state.timers.set(now + state.config.campaign_memory, TimerKind.FORGET_CAMPAIGN, event.campaign_id)
            return
        was_over, dialer_type, queue_id = campaign.over, campaign.settings.dialer_type, campaign.settings.queue_id
        side = campaign.side
        # What it was granted it wanted as it was.
        state.competition.want(campaign, 0)
        campaign.change(event, now)
        campaign.stranded = state.trunks.strands(campaign)
        state.components.place(campaign)
        if campaign.side != side:
            state.roster.count_taken_anew()
        if campaign.settings.dialer_type is not dialer_type:
            state.registry.dialed_otherwise(campaign)
        if campaign.settings.queue_id != queue_id:
            state.forget_queues(queue_id)
        if campaign.over and not was_over:
            state.timers.set(now + state.config.campaign_memory, TimerKind.FORGET_CAMPAIGN, event.campaign_id)

    def _forget_campaign(self, campaign_id: str, now: Instant) -> None:
        """Let go of a campaign that is over, once nobody is on the line for it any more."""
        state = self._state
        campaign = state.campaigns[campaign_id]
        if state.registry.of(campaign).in_progress:
            state.timers.set(now + state.config.campaign_memory, TimerKind.FORGET_CAMPAIGN, campaign_id)
        else:
            del state.campaigns[campaign_id]
            state.competition.forget(campaign)
            state.reservation.end(campaign)
            state.components.remove(campaign)
            state.registry.forget(campaign)
            state.forget_queues(campaign.settings.queue_id)
