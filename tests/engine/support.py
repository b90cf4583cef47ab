"""What makes an engine in a test, and what it is told before a story begins: settings, agents, a flow that is known."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TypeAlias

from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import Change
from trunkcall.domain.contact import LIVE_DETECTIONS, DetectionStatus
from trunkcall.domain.dialing import CallerIdPool, DialingSettings
from trunkcall.domain.flow import Disconnect, Enqueue, FlowEvent, FlowHook, FlowOrder, FlowStep, Hooks, Say
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.leg import LegState, LiveLeg
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.engine.campaigns import PacerFor, pacer_for
from trunkcall.engine.commands import Deed
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.decision import Decision
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import AgentRegistered
from trunkcall.engine.flow import Flows

NOW: Instant = 1_790_000_000_000_000
SALES = "sales"
SPRING = "spring"
LIMITS = AbandonmentLimits()
"""What a campaign is held to of which a test says nothing else."""

Command: TypeAlias = Change | Deed


def up(*leg_ids: str) -> tuple[LiveLeg, ...]:
    """Legs as a carrier has them whose parties are on the line."""
    return tuple(LiveLeg(leg_id, LegState.UP) for leg_id in leg_ids)


def bridged(customer: str, agent: str) -> tuple[LiveLeg, LiveLeg]:
    """The legs of a talk that goes on."""
    return LiveLeg(customer, LegState.UP, agent), LiveLeg(agent, LegState.UP, customer)


def registered(
    agent_id: str,
    *queues: str | ServedQueue,
    work_limit: Duration = 0,
    persistent: bool = False,
    by_number: bool = False,
) -> AgentRegistered:
    """An agent who serves these queues, as they are or all alike."""
    served = tuple(ServedQueue(queue) if isinstance(queue, str) else queue for queue in queues)
    return AgentRegistered(agent_id, served, work_limit, persistent, by_number)


def everything(decision: Decision) -> list[Command]:
    """Changes, then deeds, none of which the store has refused."""
    return [*decision.changes, *decision.deeds_to_do(refused=())]


def dialing(
    dialer: DialerType = DialerType.PROGRESSIVE,
    queue: str | None = SALES,
    *,
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
) -> DialingSettings:
    """A campaign's settings for dialing, of which a test says what matters to it."""
    return DialingSettings(
        dialer_type=dialer,
        queue_id=queue,
        bandwidth_allocation=weight,
        dialing_capacity=capacity,
        detects_machines=detects,
        awaits_prompt=False,
        ring_timeout=ring_timeout,
        abandonment=limits,
        caller_id=caller_id,
        caller_ids=caller_ids,
        safe_harbour=safe_harbour,
        records=records,
        announces_recording=announces,
    )


MESSAGE = Say("scripted", "message")
WAITS: Duration = 5 * SECOND
MOST = 40


class ScriptedFlows:
    """Live answers go to the queue, or hear a message where there is none; machines are hung up on. With
    ``talks_first`` everybody hears a message. What comes after a message is ``then``. ``answers`` go before: the orders
    that an event leads to, None being the beginning; where nothing is said last, the flow waits ``WAITS`` for another
    event. No contact takes more than ``most`` of these."""

    def __init__(self) -> None:
        self.talks_first = False
        self.then: FlowOrder = Disconnect()
        self.answers: dict[FlowEvent | None, tuple[FlowOrder, ...]] = {}
        self.heard_of: list[tuple[str, FlowEvent]] = []
        """What flows were told."""
        self.begun: list[tuple[str, DetectionStatus | None]] = []
        """Contacts whose flow was begun, with what detection had said."""
        self.over_after: FlowEvent | None = None
        """After this it is over, whatever it orders."""
        self.resumes: FlowStep | None = None
        """How it goes on for another dialer; None: from the beginning."""
        self.chosen: dict[str, tuple[FlowOrder, ...]] = {}
        """What another dialer is told that flows have chosen for contacts; of others it is these hooks."""
        self.resumed_with: list[tuple[str, bool | None]] = []
        """Contacts whose flow was to go on, and whether something was played to them."""
        self.hooks: dict[FlowHook, tuple[FlowOrder, ...]] = {}
        """How flows begin that contacts have beside their own."""
        self.beside_of: list[tuple[str, FlowHook, str]] = []
        """Contacts whose flows of these were begun, and on which legs."""
        self.broken_off_of: list[str] = []
        """Contacts of whose flows it was told that they go on no more."""
        self.ended_of: list[str] = []
        """Contacts of whose end the flows were told."""
        self._goes_on: set[str] = set()
        """Contacts whose flow goes on. Nobody has another begin meanwhile."""
        self._spoken_to: set[str] = set()
        self.most = MOST
        self._taken: Counter[str] = Counter()
        self._until: dict[str, Instant | None] = {}

    def started(
        self, contact_id: str, campaign_id: str, leg_id: str, *, detection: DetectionStatus | None, now: Instant
    ) -> FlowStep:
        self.begun.append((contact_id, detection))
        return self._noted(contact_id, self._started(contact_id, detection, now))

    def _started(self, contact_id: str, detection: DetectionStatus | None, now: Instant) -> FlowStep:
        self._spoken_to.discard(contact_id)
        if None in self.answers:
            return self._answer(contact_id, self.answers[None], now)
        if self.talks_first:
            return self._say(contact_id)
        return FlowStep((Enqueue(),)) if detection in LIVE_DETECTIONS else over()

    def heard(self, contact_id: str, event: FlowEvent, now: Instant) -> FlowStep:
        self.heard_of.append((contact_id, event))
        return self._noted(contact_id, self._heard(contact_id, event, now))

    def _heard(self, contact_id: str, event: FlowEvent, now: Instant) -> FlowStep:
        if event in self.answers and event is not FlowEvent.QUEUED:
            return self._answer(contact_id, self.answers[event], now, is_over=event is self.over_after)
        match event:
            case FlowEvent.SAID | FlowEvent.NOT_SAID:
                is_over = event is self.over_after
                return over() if self.then == Disconnect() else FlowStep((self.then,), is_over=is_over)
            case FlowEvent.NOT_QUEUED if contact_id not in self._spoken_to:
                return self._say(contact_id)
            case FlowEvent.NOT_QUEUED | FlowEvent.QUEUE_FULL | FlowEvent.TIMER:
                return over()
            case FlowEvent.QUEUED:
                return FlowStep(is_over=True)
            case _:
                return FlowStep(until=self._until.get(contact_id))

    def taken_over(self, contact_id: str) -> FlowStep:
        self._goes_on.discard(contact_id)
        if contact_id in self.chosen:
            return FlowStep(self.chosen[contact_id])
        return FlowStep((Hooks(tuple(self.hooks)),) if self.hooks else ())

    def resumed(
        self,
        contact_id: str,
        campaign_id: str,
        leg_id: str,
        *,
        detection: DetectionStatus | None,
        playing: bool | None,
        now: Instant,
    ) -> FlowStep:
        self.resumed_with.append((contact_id, playing))
        if self.resumes is not None:
            return self._noted(contact_id, self.resumes)
        return self.started(contact_id, campaign_id, leg_id, detection=detection, now=now)

    def beside(self, contact_id: str, campaign_id: str, leg_id: str, hook: FlowHook, now: Instant) -> FlowStep:
        assert contact_id not in self._goes_on, "there are never two at once"
        self.beside_of.append((contact_id, hook, leg_id))
        orders = self.hooks.get(hook)
        return self._noted(
            contact_id, FlowStep(is_over=True) if orders is None else self._answer(contact_id, orders, now)
        )

    def _noted(self, contact_id: str, step: FlowStep) -> FlowStep:
        if step.is_over:
            self._goes_on.discard(contact_id)
        else:
            self._goes_on.add(contact_id)
        return step

    def broken_off(self, contact_id: str) -> None:
        self._goes_on.discard(contact_id)
        self.broken_off_of.append(contact_id)

    def ended(self, contact_id: str) -> None:
        self._goes_on.discard(contact_id)
        self.ended_of.append(contact_id)

    def _answer(
        self, contact_id: str, orders: tuple[FlowOrder, ...], now: Instant, *, is_over: bool = False
    ) -> FlowStep:
        self._taken[contact_id] += 1
        if self._taken[contact_id] > self.most:
            return over()
        last = orders[-1] if orders else None
        self._until[contact_id] = None if isinstance(last, Say | Enqueue | Disconnect) else now + WAITS
        return FlowStep(orders, until=self._until[contact_id], is_over=is_over or isinstance(last, Disconnect))

    def _say(self, contact_id: str) -> FlowStep:
        self._spoken_to.add(contact_id)
        return FlowStep((MESSAGE,))


def over() -> FlowStep:
    """The flow ends the contact."""
    return FlowStep((Disconnect(),), is_over=True)


def new_engine(
    config: EngineConfig, prefix: str = "leg", *, flows: Flows | None = None, pacer_for: PacerFor = pacer_for
) -> Engine:
    """An engine whose leg ids are leg-1, leg-2, …"""
    numbers = count(1)
    return Engine(
        config, new_id=lambda: f"{prefix}-{next(numbers)}", flows=flows or ScriptedFlows(), pacer_for=pacer_for
    )
