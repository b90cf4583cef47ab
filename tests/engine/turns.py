"""The turns of an engine in a test's hands, with time and the store around it.

Whatever is told with it checks the invariants after every turn. It must not know in which words stories are told
(``engine.floor``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import TypeAlias, TypeVar

from engine.invariants import History, check, check_begun, check_room, reached_by_the_carrier
from engine.memory import Memory
from engine.routing import Routing
from engine.support import LIMITS, NOW, SALES, SPRING, Command, ScriptedFlows, dialing, everything, new_engine
from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import AttemptBegun, AttemptVoided, ContactExpired, ContactHeld, Refusal
from trunkcall.domain.contact import ContactState
from trunkcall.domain.dialing import CallerIdPool
from trunkcall.domain.instants import HOUR, MINUTE, SECOND, Duration, Instant, seconds
from trunkcall.domain.leg import HangupCause, LiveLeg
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import (
    BridgeLegs,
    ChooseStatus,
    Confirm,
    HangUp,
    PlayMessage,
    RefillWindow,
    SpeakSafeHarbour,
    StopPlaying,
)
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.confirmations import OVER_WITHIN
from trunkcall.engine.decision import Decision
from trunkcall.engine.details import EngineDetails
from trunkcall.engine.events import (
    AgentPhoneLost,
    AgentRegistered,
    AgentStatusSet,
    AgentUnheard,
    AttemptRefused,
    CampaignChanged,
    CarrierFound,
    CarrierLost,
    ContactsOffered,
    ContactsRestored,
    DueChanged,
    Event,
    LegEnded,
    OfferedContact,
    PlaybackEnded,
    QueueLimited,
    RequestsAccepted,
    SessionsRestored,
    TrunksChanged,
)

C = TypeVar("C")
CallerIdGroups: TypeAlias = tuple[tuple[str, ...], ...]


class Turns:
    """Those of one instance's engine. ``answers_refills`` and ``confirms_hang_ups`` say what the world does by itself,
    ``flows`` what a contact goes through."""

    def __init__(self, config: EngineConfig | None = None) -> None:
        self.flows = ScriptedFlows()
        self.engine = new_engine(config or EngineConfig(), flows=self.flows)
        self.now = NOW
        self.log: list[Command] = []
        self.trace: list[tuple[tuple[tuple[Event, Instant], ...], Instant, Decision]] = []
        """Every turn of the engine: what it was told, when it was, and what it decided."""
        self.untold: list[tuple[Event, Instant]] = []
        """What has happened and the engine does not know yet."""
        self.refused: list[str] = []
        """Why events were refused."""
        self.history = History()
        self._routing = Routing()
        self._before: EngineDetails | None = None
        self.memory = Memory()
        self.agents: dict[str, tuple[str, ...]] = {}
        """The queues that each serves."""
        self._registered: dict[str, AgentRegistered] = {}
        self.persistent: set[str] = set()
        """Agents whose legs are to stay up."""
        self.silent: set[str] = set()
        self.without_phone: set[str] = set()
        self.limits: dict[str, int] = {}
        """How many may wait at once in queues that have a limit."""
        self.trunks: tuple[Trunk, ...] = ()
        """What the engine was told of trunks, if anything."""
        self.lives = 1
        """How many dialers there have been."""
        self.answers_refills = True
        self.may_refuse = False
        """Whether the engine may refuse what it is told."""
        self.confirms_hang_ups = True
        self.more = False
        """Whether more has happened already than was told."""
        self.refills: list[RefillWindow] = []
        self.store: defaultdict[str, dict[str, OfferedContact]] = defaultdict(dict)
        self.accepted: dict[str, OfferedContact] = {}
        self.heard: dict[str, str] = {}
        """By leg: what was last to be played to it."""
        self.hearing: dict[str, tuple[str, Instant]] = {}
        """What agents are being told on their legs, and since when, for all that this engine knows."""
        self._sequence = count(1)
        self.campaigns: dict[str, CampaignChanged] = {}

    # --- time and what the engine is told -------------------------------------------------------------------------

    def tell(self, event: Event) -> list[Command]:
        """Something has happened: the engine hears of it at once, or with all that has happened, and says what is to be
        done."""
        self.untold.append((event, self.now))
        return [] if self.more else self.turn()

    def turn(self) -> list[Command]:
        """The engine hears of what it does not know yet, and does what is due."""
        events, self.untold = tuple(self.untold), []
        for event, _ in events:
            if isinstance(event, PlaybackEnded) and self.hearing.get(event.leg_id, (None, 0))[0] == event.play_id:
                del self.hearing[event.leg_id]
        heard_out = self._hear_a_message([event for event, _ in events if isinstance(event, PlaybackEnded)])
        decision = self.engine.turn(events, self.now)
        self._flows_went_on(heard_out, decision)
        self.enter(events, decision)
        return everything(decision)

    def _hear_a_message(self, ended: list[PlaybackEnded]) -> list[str]:
        """The contacts that do, and whose message is over."""
        legs = [event.leg_id for event in ended if self.heard.get(event.leg_id) == event.play_id]
        if not legs:
            return []
        for leg_id in set(legs):
            del self.heard[leg_id]
        details = self.engine.details()
        contacts = [details.contacts[leg.contact_id] for leg in map(details.legs.get, legs) if leg and leg.contact_id]
        return [c.contact_id for c in contacts if c.state is ContactState.IN_FLOW and c.flow_begun]

    def _flows_went_on(self, contacts: list[str], decision: Decision) -> None:
        """Whoever has heard all of a message is not left to silence."""
        for contact_id in contacts:
            contact = self.engine.details().contacts.get(contact_id)
            asked = any(step.contact_id == contact_id for step in decision.steps)
            assert asked or contact is None or contact.state is not ContactState.IN_FLOW, (
                "a flow was not asked to go on"
            )

    def refusal_of(self, event: Event) -> str:
        """Why the engine refuses an event."""
        self.may_refuse = True
        self.tell(event)
        self.may_refuse = False
        return self.refused[-1]

    @contextmanager
    def backlog(self) -> Iterator[None]:
        """All that happens meanwhile is told as one backlog."""
        self.more = True
        try:
            yield
        finally:
            self.more = False
        self.turn()

    def wait(self, seconds_: float) -> None:
        """Let time pass; timers are called when they are due."""
        until = self.now + seconds(seconds_)
        while (due := self.engine.next_timer()) is not None and due <= until:
            self.now = max(self.now, due)
            self.turn()
        self.now = until

    def enter(self, events: tuple[tuple[Event, Instant], ...], decision: Decision) -> None:
        self.trace.append((events, self.now, decision))
        self.refused += [why for _, _, why in decision.refused]
        assert self.may_refuse or not decision.refused, self.refused[-1]
        commands = everything(decision)
        self.log.extend(commands)
        self.history.enter(decision)
        details = self.engine.details()
        check(self.engine, details)
        trunks = self.engine.floor().trunks
        check_begun(trunks, details, decision)
        before = self._before if len(events) <= 1 else None
        if before is not None:
            check_room(before, details, decision, self.limits)
        reached = reached_by_the_carrier(details, trunks)
        self._routing.check(before, details, decision, reached, self.now)
        self._before = details
        for command in commands:
            self.memory.enter(command, self.accepted)
        for command in commands:
            self._react(command)

    def has_trunks(self, *trunks: Trunk) -> None:
        """The instance has these trunks from here."""
        self.trunks = trunks
        self.tell(TrunksChanged(trunks))

    def may_wait(self, most: int | None, queue: str = SALES) -> None:
        """So many may wait in the queue at once from here, None is as many as there are."""
        if most is None:
            self.limits.pop(queue, None)
        else:
            self.limits[queue] = most
        self.tell(QueueLimited(queue, most))

    def restart(self, *legs: LiveLeg, hosts: Sequence[str] = (), after_s: float = 0) -> None:
        """The dialer dies. Another takes over what the store remembers, and so long after that the carrier tells it of
        these legs: all at once, or of each of these hosts."""
        self.lives += 1
        on = {leg.leg_id: leg.host for leg in self.engine.details().legs.values()}
        self.engine = new_engine(self.engine.config, self.prefix, flows=self.flows)
        self.trace.clear()
        self.heard.clear()
        self.hearing.clear()
        self._before = None
        self.untold.clear()
        self.refills.clear()
        self.tell(CarrierLost())
        for name in self.agents:
            self.tell(replace(self._registered[name], persistent=name in self.persistent))
        for queue_id, most in self.limits.items():
            self.tell(QueueLimited(queue_id, most))
        for name in sorted(self.silent):
            self.tell(AgentUnheard(name))
        busy = {contact.campaign_id for contact in self.memory.live.values()}
        for settings in self.campaigns.values():
            self.tell(replace(settings, in_progress=settings.campaign_id in busy))
        if self.trunks:
            self.tell(TrunksChanged(self.trunks))
        self.tell(ContactsRestored(tuple(self.memory.live.values())))
        if self.memory.sessions:
            self.tell(SessionsRestored(tuple(self.memory.sessions.values())))
        if after_s:
            self.wait(after_s)
        if not hosts:
            self.tell(CarrierFound(legs))
        for host in hosts:
            self.tell(CarrierFound(tuple(leg for leg in legs if on[leg.leg_id] == host), host))
        for name in sorted(self.without_phone):
            self.tell(AgentPhoneLost(name))

    @property
    def prefix(self) -> str:
        """Of the legs of the present dialer."""
        return "leg" if self.lives == 1 else f"leg-{self.lives}"

    def _react(self, command: Command) -> None:
        match command:
            case AttemptBegun():
                offered = self.store[command.campaign_id].pop(command.contact_id)
                assert offered.expires_at > command.at, "an expired request was dialed"
                assert offered.due_at <= command.at, "a request was dialed before it was due"
            case ContactExpired():
                self.store[command.campaign_id].pop(command.contact_id, None)
            case ContactHeld():
                held = replace(self.accepted[command.contact_id], due_at=command.hold.until)
                self.store[command.campaign_id][command.contact_id] = self.accepted[command.contact_id] = held
            case AttemptVoided():
                self.store[command.campaign_id][command.contact_id] = self.accepted[command.contact_id]
            case RefillWindow():
                self.refills.append(command)
                if self.answers_refills:
                    self.answer_refill()
            case ChooseStatus() if command.agent_id in self.engine.details().agents:
                self.tell(AgentStatusSet(command.agent_id, command.status))
            case Confirm():
                self.hearing[command.leg_id] = command.play_id, self.now
            case StopPlaying():
                if self.hearing.get(command.leg_id, (None, 0))[0] == command.play_id:
                    del self.hearing[command.leg_id]
                if self.heard.get(command.leg_id) == command.play_id:
                    del self.heard[command.leg_id]
            case BridgeLegs():
                of_what, since = self.hearing.pop(command.agent_leg_id, (None, 0))
                assert not of_what or self.now - since >= OVER_WITHIN, "a customer waits for what an agent is told"
            case PlayMessage() | SpeakSafeHarbour():
                self.heard[command.leg_id] = command.play_id
            case HangUp() if self.confirms_hang_ups:
                self.tell(LegEnded(command.leg_id, HangupCause.HUNG_UP_BY_US))
            case _:
                pass

    # --- the store ------------------------------------------------------------------------------------------------

    def campaign(
        self,
        name: str = SPRING,
        *,
        dialer: DialerType = DialerType.PROGRESSIVE,
        state: CampaignState = CampaignState.RUNNING,
        queue: str | None = SALES,
        weight: float = 1.0,
        capacity: float = 1.0,
        detects: bool = False,
        ring_timeout: Duration = 30 * SECOND,
        limits: AbandonmentLimits = LIMITS,
        caller_id: str | None = None,
        caller_ids: CallerIdPool | None = None,
        safe_harbour: bool = False,
        records: bool = False,
        announces: bool = False,
        requests: int = 0,
    ) -> None:
        """A campaign is new or has changed, and has so many dial requests more."""
        queue = None if dialer is DialerType.AGENTLESS else queue
        settings = CampaignChanged(
            name,
            state,
            dialing(
                dialer,
                queue,
                weight=weight,
                capacity=capacity,
                detects=detects,
                ring_timeout=ring_timeout,
                limits=limits,
                caller_id=caller_id,
                caller_ids=caller_ids,
                safe_harbour=safe_harbour,
                records=records,
                announces=announces,
            ),
        )
        self.campaigns[name] = settings
        if requests:
            self.accept(name, requests)
        self.tell(settings)

    def accept(
        self,
        campaign: str = SPRING,
        requests: int = 1,
        *,
        expires_in: Duration = HOUR,
        due_in: Duration | None = None,
        caller_ids: CallerIdGroups | None = None,
        trunks: tuple[str, ...] | None = None,
    ) -> list[str]:
        """The store accepts dial requests, due at once or later; the engine hears of it if it knows the campaign. They
        may be shown any number of its pool, and be dialed on any trunk, unless something else is said."""
        if caller_ids is None:
            pool = self.campaigns[campaign].dialing.caller_ids if campaign in self.campaigns else None
            caller_ids = (pool.numbers,) if pool is not None else ()
        due_at = 0 if due_in is None else self.now + due_in
        names = []
        for _ in range(requests):
            sequence = next(self._sequence)
            name = f"{campaign}-{sequence}"
            offered = OfferedContact(name, sequence, self.now + expires_in, due_at, None, caller_ids, trunks)
            self.store[campaign][name] = self.accepted[name] = offered
            names.append(name)
        self.tell(RequestsAccepted(campaign))
        return names

    def answer_refill(self) -> None:
        """The store answers the oldest question for waiting contacts, with what it holds now."""
        refill = self.refills.pop(0)
        self.tell(self.answer_to(refill))

    def answer_to(self, refill: RefillWindow) -> ContactsOffered:
        """What the store has to offer at present."""
        waiting = sorted(self.store[refill.campaign_id].values(), key=lambda each: (each.due_at, each.sequence))
        due = [each for each in waiting if each.due_at <= self.now and each.sequence not in refill.held]
        later = [each.due_at for each in waiting if each.due_at > self.now]
        return ContactsOffered(refill.campaign_id, tuple(due[: refill.limit]), min(later, default=None))

    def move(self, contact: str, *, due_at: Instant) -> None:
        """The store has a waiting contact be due at another instant, and the engine hears of it."""
        campaign = contact.rsplit("-", 1)[0]
        if contact in self.store[campaign]:
            self.accepted[contact] = replace(self.accepted[contact], due_at=due_at)
            self.store[campaign][contact] = self.accepted[contact]
            self.tell(DueChanged(campaign))

    def refuse(self, contact: str, refusal: Refusal, *, due_in: Duration = MINUTE) -> None:
        """The store refuses an attempt; one that is not due is after ``due_in``."""
        self.history.refused(contact)
        self.memory.live.pop(contact, None)
        not_before = None
        if later := refusal in (Refusal.NOT_DUE, Refusal.HELD):
            not_before = self.now + due_in
            self.accepted[contact] = replace(self.accepted[contact], due_at=not_before)
        if later or refusal.waits_in_window:
            self.store[contact.rsplit("-", 1)[0]][contact] = self.accepted[contact]
        # Before whatever has happened during the commit.
        self.untold.insert(0, (AttemptRefused(contact, refusal, not_before), self.now))
        if not self.more:
            self.turn()
