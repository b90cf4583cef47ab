"""Legs: one channel to one party, and why it ended.

Decides the vocabulary between the engine and every carrier. It must not know SIP, Asterisk or the simulator.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trunkcall.domain.contact import DetectionStatus


class LegState(StrEnum):
    """The life of a leg as the carrier reports it."""

    ORIGINATING = "Originating"
    RINGING = "Ringing"
    UP = "Up"
    ENDED = "Ended"


class LegParty(StrEnum):
    """Whom a leg reaches."""

    CUSTOMER = "Customer"
    AGENT = "Agent"


class HangupCause(StrEnum):
    """Why a leg ended, told apart as far as a carrier can.

    Adapters map their own codes (SIP, Q.850) to these.
    """

    NORMAL = "Normal"
    """The far party hung up after it had answered."""
    HUNG_UP_BY_US = "HungUpByUs"
    """The dialer asked for it."""
    BUSY = "Busy"
    INVALID_NUMBER = "InvalidNumber"
    NO_ANSWER = "NoAnswer"
    """Nobody answered, and the network ended it: it rang, or the network says that the party is not to be had."""
    RING_TIMEOUT = "RingTimeout"
    """It rang and nobody answered within the ring timeout that we asked for."""
    REJECTED = "Rejected"
    """Declined, blocked on the way, or said to be had elsewhere (SIP 403, 603, 607, 608; 3xx)."""
    CONGESTION = "Congestion"
    """The network had no circuit."""
    UNREACHABLE = "Unreachable"
    """No sign of ringing at all: a dead host or an unregistered endpoint."""
    FAILED = "Failed"
    """Anything else that went wrong at the carrier."""
    NO_SOUND = "NoSound"
    """It was answered, and no sound at all has come from there: not even silence."""
    LOST = "Lost"
    """The carrier no longer knows the leg: it was lost in a failure."""


class LegDifference(StrEnum):
    """In what the carrier's legs differ from those that the dialer knows, when a word of the carrier was lost."""

    MISSING = "Missing"
    """The carrier does not have it any more."""
    UNKNOWN = "Unknown"
    """The carrier has it, and nobody here knows it."""
    RANG = "Rang"
    ANSWERED = "Answered"
    DETECTED = "Detected"
    """Answering machine detection has ended."""
    BRIDGED = "Bridged"
    UNBRIDGED = "Unbridged"
    """The agent has ended the contact and kept the leg."""
    PLAYED = "Played"
    """Its message is over, or was never played."""


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """A leg as the carrier has it at this moment. ``bridged_to`` is the leg that it is joined with, None with nobody;
    ``detection`` is what answering machine detection has come to, None where it was not asked for or has not ended.
    ``playing`` tells whether a prompt is being played to it, ``holds`` whether its party has put the other on hold,
    ``recordings`` which go on; None where the carrier cannot tell. One that cannot tell of ``playing`` plays nothing on
    without its dialer."""

    leg_id: str
    state: LegState
    bridged_to: str | None = None
    detection: DetectionStatus | None = None
    playing: bool | None = None
    holds: bool | None = None
    recordings: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class LiveSession:
    """An agent's leg that is to stay up from one contact to the next, as the store remembers it."""

    agent_id: str
    leg_id: str
    host: str
