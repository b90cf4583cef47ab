"""What is to be done: the engine's outputs, in the imperative.

Decides the vocabulary in which the engine asks for deeds. It must not know who carries them out, nor when: that a deed
waits for the changes it depends on is ``decision``'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.confirmations import Told
from trunkcall.domain.instants import Duration, Instant
from trunkcall.domain.leg import LegDifference
from trunkcall.domain.tones import Tone
from trunkcall.domain.values import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True)
class Originate:
    """Dial a contact's number once. Depends on the AttemptBegun of the same leg."""

    leg_id: str
    contact_id: str
    campaign_id: str
    ring_timeout: Duration
    """Counts from the first ringing."""
    detect_machines: bool
    await_prompt: bool
    trunk_id: str
    host: str
    """The switch that the trunk is on."""
    caller_id: str | None
    """The number to be shown, E.164; None where nobody has said which."""


@quickly_made
@dataclass(frozen=True, slots=True)
class OriginateAgentLeg:
    """Ring an agent's phone for a contact, from the host that the customer's leg is on."""

    leg_id: str
    agent_id: str
    customer_leg_id: str
    ring_timeout: Duration


@dataclass(frozen=True, slots=True)
class OriginateSessionLeg:
    """Ring an agent's phone once, and keep its leg up for one contact after the other, all of them on this host. There
    is no customer yet."""

    leg_id: str
    agent_id: str
    host: str
    ring_timeout: Duration


@quickly_made
@dataclass(frozen=True, slots=True)
class BridgeLegs:
    """Let customer and agent hear each other."""

    customer_leg_id: str
    agent_leg_id: str


@quickly_made
@dataclass(frozen=True, slots=True)
class UnbridgeLegs:
    """Let customer and agent not hear each other any more. Both legs stay up."""

    customer_leg_id: str
    agent_leg_id: str


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Record what is said and heard on a leg, under this id. ``asked_at`` is of the instance's clock."""

    leg_id: str
    recording_id: str
    asked_at: Instant


@dataclass(frozen=True, slots=True)
class SuspendRecording:
    """Record silence until ResumeRecording."""

    recording_id: str


@dataclass(frozen=True, slots=True)
class ResumeRecording:
    """Record again what is said and heard."""

    recording_id: str


@dataclass(frozen=True, slots=True)
class StopRecording:
    """End a recording; what was recorded is kept."""

    recording_id: str


@quickly_made
@dataclass(frozen=True, slots=True)
class PlayMessage:
    """Play to a contact what this action of its flow says. The text is found where the contact's data is."""

    leg_id: str
    play_id: str
    contact_id: str
    flow_id: str
    action_id: str


@dataclass(frozen=True, slots=True)
class AskFunction:
    """Ask the function that the contact's flow has come to. What, and of whom, whoever runs the flow knows."""

    contact_id: str


@dataclass(frozen=True, slots=True)
class SpeakSafeHarbour:
    """Play to a contact whom no agent has reached what its campaign has to say then."""

    leg_id: str
    play_id: str
    contact_id: str
    campaign_id: str
    caller_id: str | None
    """The number that it was shown, E.164; None where nobody knows it."""


@quickly_made
@dataclass(frozen=True, slots=True)
class PlayTone:
    """Have the party of a leg hear a tone, also in a talk: nobody else hears it, and for as long as it takes the party
    hears nothing else."""

    leg_id: str
    play_id: str
    tone: Tone


@quickly_made
@dataclass(frozen=True, slots=True)
class Confirm:
    """Tell an agent something on a leg that is joined with nobody. The words, or the tone, are found where they are
    configured."""

    leg_id: str
    play_id: str
    told: Told


@dataclass(frozen=True, slots=True)
class AnnounceRecording:
    """Play to one of those who talk what the calling policy wants to be said before they are recorded."""

    leg_id: str
    play_id: str
    contact_id: str
    campaign_id: str


@dataclass(frozen=True, slots=True)
class StopPlaying:
    """Break off what is being played to a leg."""

    leg_id: str
    play_id: str


@quickly_made
@dataclass(frozen=True, slots=True)
class HangUp:
    """End a leg."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class ReportLegs:
    """Tell which legs there are, of each host that answers. The answers have the number of the question."""

    question: int


@dataclass(frozen=True, slots=True)
class NoteDifference:
    """Let people know that the carrier had this leg otherwise, and that the engine has acted on it."""

    leg_id: str
    difference: LegDifference


@dataclass(frozen=True, slots=True)
class ChooseStatus:
    """Have the agent want this status, who has chosen it on the telephone, as if it were asked for in any other way:
    it is kept, and told by AgentStatusSet."""

    agent_id: str
    status: AgentStatus


@dataclass(frozen=True, slots=True)
class RefillWindow:
    """Offer up to ``limit`` waiting contacts of the campaign that are due and not ``held``. The engine holds those of
    these sequences."""

    campaign_id: str
    limit: int
    held: tuple[int, ...]


CarrierDeed: TypeAlias = (
    Originate
    | OriginateAgentLeg
    | OriginateSessionLeg
    | BridgeLegs
    | UnbridgeLegs
    | StartRecording
    | SuspendRecording
    | ResumeRecording
    | StopRecording
    | PlayMessage
    | SpeakSafeHarbour
    | AnnounceRecording
    | PlayTone
    | Confirm
    | StopPlaying
    | HangUp
    | ReportLegs
)
Deed: TypeAlias = CarrierDeed | AskFunction | ChooseStatus | NoteDifference | RefillWindow
