"""Where a contact stands in its flow, what may happen to it, and what is to be done: the vocabulary of ``running``.

Decides what is kept of a contact between two events. All of it is plain values, so that it can be made durable. Texts
and values of people are in it: it belongs with whoever may hold those, and in no trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import TypeAlias

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.flow import Disconnect, Enqueue, GoOn, Hush, Rank, Record, Taken
from trunkcall.domain.instants import Duration, Instant
from trunkcall.domain.values import quickly_made

# --- what is kept ---------------------------------------------------------------------------------------------------


class Purpose(Enum):
    """What a flow is for, which decides what becomes of the contact where it ends without saying so."""

    CONTACT = auto()
    """What an answered contact goes through: at its end the contact ends."""
    BESIDE = auto()
    """What somebody hears who waits, is on hold, or is about to be joined: at its end they go on as they were."""


class Ending(StrEnum):
    """How a flow came to its end."""

    DISCONNECTED = auto()
    """By DisconnectParticipant."""
    QUEUED = auto()
    """The contact is in a queue."""
    RETURNED = auto()
    """By EndFlowExecution, or an action after which nothing comes."""
    BROKEN = auto()
    """An action failed, and no branch leads on."""
    TOO_LONG = auto()
    """It took too many actions, or too much time."""
    HUNG_UP = auto()
    """The customer left."""


class Await(Enum):
    """What a contact stands still for."""

    MESSAGE = auto()
    MESSAGES = auto()
    KEYS = auto()
    TIME = auto()
    QUEUE = auto()
    ANSWER = auto()


class Speech(StrEnum):
    """How something that is said is given."""

    TEXT = "Text"
    SSML = "SSML"
    PROMPT = "PromptId"
    MEDIA = "Media"


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something to be said: the text, or what the sound is called."""

    speech: Speech
    value: str


@quickly_made
@dataclass(frozen=True, slots=True)
class Progress:
    """Where a contact stands. ``awaits`` is None before the beginning and after the end; ``ending`` tells these apart.
    ``until`` is the instant by which something is to happen at the latest: ``Timer`` is due then. ``loops`` are how
    often each Loop has gone round, ``actions`` how many were taken in all. ``priority`` and ``adjustment`` are those of
    ``Rank``, ``recorded`` is what ``Record`` has named. ``is_logged``: whether the flow wants what it does logged."""

    flow_id: str
    purpose: Purpose = Purpose.CONTACT
    began_at: Instant = 0
    action_id: str = ""
    awaits: Await | None = None
    until: Instant | None = None
    keys: str = ""
    actions: int = 0
    loops: Mapping[str, int] = field(default_factory=dict)
    detection: DetectionStatus | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    external: Mapping[str, object] = field(default_factory=dict)
    stored_input: str | None = None
    queue_id: str | None = None
    voice: Mapping[str, str] = field(default_factory=dict)
    hooks: Mapping[str, str] = field(default_factory=dict)
    priority: int | None = None
    adjustment: Duration | None = None
    recorded: tuple[str, ...] | None = None
    is_logged: bool = False
    ending: Ending | None = None


# --- what happens ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begun:
    """The contact is to go through its flow."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was ordered to be said last has come to its end. Of what was hushed nobody is told: whoever runs the flow
    tells one saying from another."""


@dataclass(frozen=True, slots=True)
class NotSaid:
    """What was to be said could not be."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """The customer has pressed a key: one of 0 to 9, * and #."""

    key: str


@dataclass(frozen=True, slots=True)
class Timer:
    """``until`` has come. One that comes early changes nothing."""


@dataclass(frozen=True, slots=True)
class Queued:
    """The contact is in the queue, or an agent has it already."""


@dataclass(frozen=True, slots=True)
class QueueFull:
    """The queue has no room for it."""


@dataclass(frozen=True, slots=True)
class NotQueued:
    """It cannot be put into the queue."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The service that was asked last has answered with these values; of one that was late nobody is told."""

    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """It has not answered, or not in a way that can be used."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The customer has left."""


Event: TypeAlias = (
    Begun | Said | NotSaid | Pressed | Timer | Queued | QueueFull | NotQueued | Answered | NotAnswered | HungUp
)


# --- what is to be done ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Say:
    """Say this, and tell ``Said`` or ``NotSaid``. ``voice`` are the parameters of the voice that was chosen."""

    prompt: Prompt
    voice: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SayAgainAndAgain:
    """Say these one after the other and begin anew, until ``Hush`` or the end. Tell ``NotSaid`` where that cannot be
    done."""

    prompts: tuple[Prompt, ...]
    voice: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GiveAttributes:
    """The contact has these attributes besides, or in place of those of the same names."""

    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a service, by its ARN, and tell ``Answered`` or ``NotAnswered`` within this time; unless ``waits``, nobody
    waits for it."""

    arn: str
    values: Mapping[str, str]
    within: Duration
    waits: bool = True


@dataclass(frozen=True, slots=True)
class CallOut:
    """Have the call go out, showing this number if there is one, and give it up after this time if there is one."""

    number: str | None
    within: Duration | None = None


Order: TypeAlias = (
    Say | SayAgainAndAgain | Hush | GiveAttributes | Enqueue | Rank | Record | Ask | CallOut | Disconnect | GoOn
)


def place_of(number: int) -> str:
    """What a condition is called in a trail, by its number, where what it compares with is nobody's business."""
    return f"Conditions[{number}]"


@quickly_made
@dataclass(frozen=True, slots=True)
class Step:
    """What an event has led to. ``trail`` is what is to be done, and what actions were left, in their order."""

    progress: Progress
    trail: tuple[Order | Taken, ...] = ()

    @property
    def orders(self) -> tuple[Order, ...]:
        """What is to be done."""
        return tuple(each for each in self.trail if not isinstance(each, Taken))

    @property
    def taken(self) -> tuple[Taken, ...]:
        """The actions that were left."""
        return tuple(each for each in self.trail if isinstance(each, Taken))
