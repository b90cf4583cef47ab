"""The state tables of campaign, contact, leg and agent, as data.

Rules for editors of this file: everything that decides a next state is here and nowhere else; a table says what may
happen, never what is done about it; the diagrams in docs/ are drawn from these tables, and stores guard by them what
they are told to change.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeAlias, TypeVar

from trunkcall.domain.agent import AgentState
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    AgentDispositionChosen,
    AttemptBegun,
    AttemptVoided,
    ContactAbandoned,
    ContactAnswered,
    ContactConnected,
    ContactConnecting,
    ContactDetected,
    ContactEnded,
    ContactExpired,
    ContactForbidden,
    ContactHeld,
    ContactQueued,
    ContactRecorded,
    ContactRequeued,
    CustomerPutOnHold,
    CustomerTakenOffHold,
    FlowProgressed,
    SafeHarbourBegun,
)
from trunkcall.domain.contact import ContactState
from trunkcall.domain.errors import IllegalTransitionError
from trunkcall.domain.leg import LegState

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)
Table: TypeAlias = Mapping[S, Mapping[E, S]]


class CampaignEvent(StrEnum):
    """What the API asks of a campaign."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    FAIL = "fail"


class ContactEvent(StrEnum):
    """What befalls a contact."""

    ATTEMPT = "attempt"
    EXPIRE = "expire"
    FORBID = "forbid"
    VOID = "void"
    ANSWER = "answer"
    DETECT = "detect"
    QUEUE = "queue"
    ASSIGN = "assign"
    REQUEUE = "requeue"
    BRIDGE = "bridge"
    SAFE_HARBOUR = "safe harbour"
    END = "end"


class AgentEvent(StrEnum):
    """What an agent does, or what is done with an agent."""

    COME = "come"
    TAKE_BREAK = "take break"
    LEAVE = "leave"
    ASSIGN = "assign"
    BRIDGE = "bridge"
    MISS = "miss"
    FAIL = "fail"
    VOID = "void"
    RELEASE = "release"
    CUSTOMER_LEFT = "customer left"


class LegEvent(StrEnum):
    """What a carrier reports of a leg."""

    RING = "ring"
    ANSWER = "answer"
    END = "end"


CAMPAIGN: Table[CampaignState, CampaignEvent] = {
    CampaignState.INITIALIZED: {CampaignEvent.START: CampaignState.RUNNING},
    CampaignState.RUNNING: {
        CampaignEvent.PAUSE: CampaignState.PAUSED,
        CampaignEvent.STOP: CampaignState.STOPPED,
        CampaignEvent.FAIL: CampaignState.FAILED,
    },
    CampaignState.PAUSED: {
        CampaignEvent.RESUME: CampaignState.RUNNING,
        CampaignEvent.STOP: CampaignState.STOPPED,
        CampaignEvent.FAIL: CampaignState.FAILED,
    },
    CampaignState.STOPPED: {},
    CampaignState.FAILED: {},
}

CONTACT: Table[ContactState, ContactEvent] = {
    ContactState.WAITING: {
        ContactEvent.ATTEMPT: ContactState.DIALING,
        ContactEvent.EXPIRE: ContactState.ENDED,
        ContactEvent.FORBID: ContactState.ENDED,
    },
    ContactState.DIALING: {
        ContactEvent.VOID: ContactState.WAITING,
        ContactEvent.ANSWER: ContactState.ANSWERED,
        ContactEvent.END: ContactState.ENDED,
    },
    ContactState.ANSWERED: {ContactEvent.DETECT: ContactState.IN_FLOW, ContactEvent.END: ContactState.ENDED},
    ContactState.IN_FLOW: {
        ContactEvent.QUEUE: ContactState.QUEUED,
        ContactEvent.SAFE_HARBOUR: ContactState.SAFE_HARBOUR,
        ContactEvent.END: ContactState.ENDED,
    },
    ContactState.QUEUED: {
        ContactEvent.QUEUE: ContactState.QUEUED,
        ContactEvent.ASSIGN: ContactState.CONNECTING,
        ContactEvent.SAFE_HARBOUR: ContactState.SAFE_HARBOUR,
        ContactEvent.END: ContactState.ENDED,
    },
    ContactState.CONNECTING: {
        ContactEvent.REQUEUE: ContactState.QUEUED,
        ContactEvent.BRIDGE: ContactState.CONNECTED,
        ContactEvent.END: ContactState.ENDED,
    },
    ContactState.CONNECTED: {ContactEvent.END: ContactState.ENDED},
    ContactState.SAFE_HARBOUR: {ContactEvent.END: ContactState.ENDED},
    ContactState.ENDED: {},
}

AGENT: Table[AgentState, AgentEvent] = {
    AgentState.OFFLINE: {AgentEvent.COME: AgentState.AVAILABLE, AgentEvent.TAKE_BREAK: AgentState.ON_BREAK},
    AgentState.AVAILABLE: {
        AgentEvent.TAKE_BREAK: AgentState.ON_BREAK,
        AgentEvent.LEAVE: AgentState.OFFLINE,
        AgentEvent.ASSIGN: AgentState.CONNECTING,
        AgentEvent.FAIL: AgentState.ERROR,
    },
    AgentState.ON_BREAK: {AgentEvent.COME: AgentState.AVAILABLE, AgentEvent.LEAVE: AgentState.OFFLINE},
    AgentState.CONNECTING: {
        AgentEvent.BRIDGE: AgentState.CONNECTED,
        AgentEvent.MISS: AgentState.MISSED,
        AgentEvent.FAIL: AgentState.ERROR,
        AgentEvent.VOID: AgentState.AVAILABLE,
        AgentEvent.CUSTOMER_LEFT: AgentState.AVAILABLE,
    },
    AgentState.CONNECTED: {
        AgentEvent.RELEASE: AgentState.AFTER_CONTACT_WORK,
        AgentEvent.FAIL: AgentState.ERROR,
    },
    AgentState.AFTER_CONTACT_WORK: {
        AgentEvent.COME: AgentState.AVAILABLE,
        AgentEvent.TAKE_BREAK: AgentState.ON_BREAK,
        AgentEvent.LEAVE: AgentState.OFFLINE,
    },
    AgentState.MISSED: {
        AgentEvent.COME: AgentState.AVAILABLE,
        AgentEvent.TAKE_BREAK: AgentState.ON_BREAK,
        AgentEvent.LEAVE: AgentState.OFFLINE,
    },
    AgentState.ERROR: {
        AgentEvent.COME: AgentState.AVAILABLE,
        AgentEvent.TAKE_BREAK: AgentState.ON_BREAK,
        AgentEvent.LEAVE: AgentState.OFFLINE,
    },
}

LEG: Table[LegState, LegEvent] = {
    LegState.ORIGINATING: {
        LegEvent.RING: LegState.RINGING,
        LegEvent.ANSWER: LegState.UP,
        LegEvent.END: LegState.ENDED,
    },
    LegState.RINGING: {LegEvent.ANSWER: LegState.UP, LegEvent.END: LegState.ENDED},
    LegState.UP: {LegEvent.END: LegState.ENDED},
    LegState.ENDED: {},
}


def after(table: Table[S, E], state: S, event: E) -> S:
    """The state after the event. Raises IllegalTransitionError, naming both, if the table has no such step."""
    try:
        return table[state][event]
    except KeyError:
        raise IllegalTransitionError(f"{event!s} is not possible in state {state!s}; nothing was changed") from None


def sources(table: Table[S, E], event: E) -> frozenset[S]:
    """The states in which the event is possible."""
    return frozenset(state for state, steps in table.items() if event in steps)


def target(table: Table[S, E], event: E) -> S:
    """The state that the event leads to, from wherever it is possible."""
    (state,) = {steps[event] for steps in table.values() if event in steps}
    return state


def ends(table: Table[S, E]) -> frozenset[S]:
    """The states that nothing leads out of."""
    return frozenset(state for state, steps in table.items() if not steps)


OVER: Final = ends(CAMPAIGN)
"""States in which a campaign will never dial again."""
IN_PROGRESS: Final = sources(CONTACT, ContactEvent.END)
"""States of a contact that was dialed and has not ended."""
AWAITING_AN_AGENT: Final = frozenset({ContactState.QUEUED, ContactState.CONNECTING})
"""States in which a live answer was promised an agent, and none has come."""
WITH_AN_AGENT: Final = frozenset({ContactState.CONNECTING, ContactState.CONNECTED})
"""States in which an agent has a contact, or is rung for it."""
QUEUED_ONCE: Final = AWAITING_AN_AGENT | WITH_AN_AGENT
"""States in which it has been in its queue for certain."""
BEFORE_THE_QUEUE: Final = IN_PROGRESS - QUEUED_ONCE - {ContactState.SAFE_HARBOUR}
"""States of a contact in progress in which its flow is not done with it."""

STEPS: Final[Mapping[type[Any], ContactEvent]] = {
    AttemptBegun: ContactEvent.ATTEMPT,
    ContactExpired: ContactEvent.EXPIRE,
    ContactForbidden: ContactEvent.FORBID,
    AttemptVoided: ContactEvent.VOID,
    ContactAnswered: ContactEvent.ANSWER,
    ContactDetected: ContactEvent.DETECT,
    ContactQueued: ContactEvent.QUEUE,
    ContactConnecting: ContactEvent.ASSIGN,
    ContactRequeued: ContactEvent.REQUEUE,
    ContactConnected: ContactEvent.BRIDGE,
    SafeHarbourBegun: ContactEvent.SAFE_HARBOUR,
    ContactEnded: ContactEvent.END,
}
"""Changes that record an event of a contact, and with it the contact's next state."""

MARKS: Final[Mapping[type[Any], frozenset[ContactState]]] = {
    ContactHeld: frozenset({ContactState.WAITING}),
    ContactAbandoned: AWAITING_AN_AGENT | {ContactState.IN_FLOW},
    AfterContactWorkEnded: frozenset({ContactState.ENDED}),
    AgentDispositionChosen: frozenset({ContactState.ENDED}),
    ContactRecorded: frozenset({ContactState.CONNECTED}),
    CustomerPutOnHold: frozenset({ContactState.CONNECTED}),
    CustomerTakenOffHold: frozenset({ContactState.CONNECTED}),
    FlowProgressed: frozenset(ContactState) - {ContactState.WAITING, ContactState.DIALING},
}
"""Changes that note something of a contact and leave its state as it is, and the states in which each is possible."""
