"""What contact flows decide, and what they are told: the vocabulary between flows, the engine that steps them and the
traces that record the steps.

Decides what an order or an event may hold: names of the flow alone, and nothing that a customer has heard, said,
pressed or is known for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from trunkcall.domain.instants import Duration, Instant
from trunkcall.domain.values import quickly_made


class FlowHook(StrEnum):
    """When a flow runs beside the contact's own, as the flow language has it."""

    CUSTOMER_QUEUE = "CustomerQueue"
    """While the customer waits in a queue."""
    AGENT_WHISPER = "AgentWhisper"
    """Before the two are joined, to the agent alone."""
    CUSTOMER_WHISPER = "CustomerWhisper"
    """After that, to the customer alone."""
    CUSTOMER_HOLD = "CustomerHold"
    """While the agent's telephone has put the customer on hold."""
    AGENT_HOLD = "AgentHold"
    """While the customer's has put the agent on hold."""


# --- what is to be done ---------------------------------------------------------------------------------------------


@quickly_made
@dataclass(frozen=True, slots=True)
class Say:
    """Have the customer hear what this action of the flow says, and tell SAID or NOT_SAID."""

    flow_id: str
    action_id: str


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop saying what is being said; nobody waits for its end any more."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Enqueue:
    """Put the contact into this queue, None for its campaign's, and tell QUEUED, QUEUE_FULL or NOT_QUEUED. With
    ``moved`` it waits in another already."""

    queue_id: str | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Rank:
    """Give the contact this priority in its queue, the lower the sooner, or have it count as waiting so much longer."""

    priority: int | None = None
    adjustment: Duration | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Record these participants, ``Agent`` and ``Customer``, from the beginning of the talk; none: do not record it."""

    participants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the function that the flow has named, and tell ANSWERED or NOT_ANSWERED, unless nobody ``waits`` for it."""

    waits: bool = True


@dataclass(frozen=True, slots=True)
class Disconnect:
    """End the contact."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """The flow is over; the contact goes on as it was."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """For these the contact has a flow from here, and for no others."""

    hooks: tuple[FlowHook, ...]


FlowOrder: TypeAlias = Say | Hush | Enqueue | Rank | Record | Ask | Hooks | Disconnect | GoOn


# --- what a step has come to ----------------------------------------------------------------------------------------


@quickly_made
@dataclass(frozen=True, slots=True)
class Taken:
    """An action that was taken, by its type, and the branch by which it was left: a result, or the place of its
    condition; an error, '' for NextAction, None where nothing follows, or the contact was over. There is nothing of
    people in it."""

    flow_id: str
    action_id: str
    action: str
    branch: str | None


@quickly_made
@dataclass(frozen=True, slots=True)
class FlowStep:
    """What a flow has decided: ``orders`` to be carried out one after the other, and the actions that were ``taken``.
    It wants to be told TIMER at ``until``, if there is one, and anything that happens before, unless it ``is_over``.
    ``said_at`` is when what is still being said was begun, of a step that resumes a flow."""

    orders: tuple[FlowOrder, ...] = ()
    taken: tuple[Taken, ...] = ()
    until: Instant | None = None
    is_over: bool = False
    said_at: Instant | None = None


# --- what happens ---------------------------------------------------------------------------------------------------


class FlowEvent(StrEnum):
    """What a flow is told while it goes on."""

    SAID = "Said"
    """What it said last was heard to its end."""
    NOT_SAID = "NotSaid"
    """It could not be played to its end."""
    PRESSED = "Pressed"
    """The customer has pressed a key. Which one whoever runs the flow knows."""
    TIMER = "Timer"
    """The instant has come until which it wanted to wait."""
    QUEUED = "Queued"
    """The contact is in the queue, or an agent has it already."""
    QUEUE_FULL = "QueueFull"
    """The queue has no room for it."""
    NOT_QUEUED = "NotQueued"
    """There is no such queue."""
    ANSWERED = "Answered"
    """The function that was asked has answered. What, whoever runs the flow knows."""
    NOT_ANSWERED = "NotAnswered"
    """It has not, or not in a way that can be used."""
    BEEP = "Beep"
    """A machine has beeped while something is said to it: what was said before it has not recorded."""
