"""A leg as a channel of Asterisk, and what is remembered of it.

Decides how ids are told apart on a switch that others use too, and what of a leg outlives the dialer: it lies in
variables of its channel. It must not know what is asked of a leg.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.domain.saying import Saying
from trunkcall.domain.tones import Tone
from trunkcall.telephony.ari.detection import is_over, result_of
from trunkcall.telephony.ari.model import Bridge, Channel
from trunkcall.telephony.ari.wire import Request

LEG: Final = "TRUNKCALL_LEG"
KIND: Final = "TRUNKCALL_KIND"
RING: Final = "TRUNKCALL_RING"
DETECTED: Final = "TRUNKCALL_DETECTED"
PEER: Final = "TRUNKCALL_PEER"
"""The name of the channel that ends with this one where no dialer is there to end it."""
ON_HOLD: Final = "CHANNEL(rtp,hold)"
"""1 where the party of a channel has put the other on hold, 0 where not; Asterisk knows by itself."""
SHOWN_VARIABLES: Final = (LEG, KIND, RING, DETECTED)
"""What Asterisk is to tell with every channel (``channelvars`` of its ari.conf)."""


_MACHINE: Final = DetectionStatus.VOICEMAIL_NO_BEEP


class LegKind(StrEnum):
    """Whose leg it is, and for how long: also where its channel begins in the dialplan."""

    CUSTOMER = "customer"
    DETECTED_CUSTOMER = "detect"
    AWAITED_CUSTOMER = "detect-await"
    AGENT = "agent"
    SESSION = "session"

    @property
    def is_customers(self) -> bool:
        return self not in (LegKind.AGENT, LegKind.SESSION)

    @property
    def is_detected(self) -> bool:
        return self in (LegKind.DETECTED_CUSTOMER, LegKind.AWAITED_CUSTOMER)


@dataclass(slots=True)
class AriLeg:
    """One leg. ``waiting`` are requests that Asterisk takes only once the channel is ours to command."""

    leg_id: str
    kind: LegKind
    ring_timeout: Duration
    state: LegState = LegState.ORIGINATING
    channel_name: str = ""
    rang: bool = False
    answered: bool = False
    """Whether that was told."""
    is_ours: bool = False
    """Whether its channel is in our application."""
    cause: HangupCause | None = None
    """Why we have ended it."""
    detection: DetectionStatus | None = None
    awaits_greeting: bool = False
    """Whether it is a machine's, and is listened to until it records."""
    peer: str | None = None
    """With which leg it is joined, or about to be."""
    bridged: bool = False
    """Whether both are there."""
    parting: bool = False
    bridge_id: str | None = None
    """Where its channel is."""
    holds: bool | None = False
    """Whether its party has put the other on hold; None where nobody knows it since the leg was found."""
    prompts: deque[tuple[str, Saying | Tone]] = field(default_factory=deque)
    """Ids, and texts or tones, the one that is played first."""
    tones: int = 0
    """How many of the tones were begun."""
    hears_silence: bool = False
    """Whether silence is sent to it."""
    music_is_silent: bool = False
    """Whether silence is sent to it in place of the music that it would hear on hold."""
    recordings: list[str] = field(default_factory=list)
    """Ids of those that are not over."""
    waiting: list[Request] = field(default_factory=list)
    adopted: bool = False
    key_told_at: str | None = None
    """When the last key was pressed, as Asterisk writes it."""
    times_alone: int = 0
    """How often it has begun to have nobody to speak to."""


class Names:
    """The ids of one application's channels and bridges."""

    def __init__(self, app: str) -> None:
        self._prefix = f"{app}."

    def channel(self, leg_id: str) -> str:
        return self._prefix + leg_id

    def leg(self, channel_id: str) -> str | None:
        """None for a channel that is not ours."""
        return channel_id.removeprefix(self._prefix) if channel_id.startswith(self._prefix) else None

    def talk(self, agent_leg_id: str) -> str:
        """The bridge of an agent's leg: one customer after the other is put there."""
        return f"{self._prefix}{agent_leg_id}.talk"

    def sound(self, stream_id: str) -> str:
        """The channel by which sound comes to a leg and from it (``streams``)."""
        return f"{self._prefix}{stream_id}.sound"

    def snoop(self, stream_id: str) -> str:
        """The channel that listens in on a leg, or whispers to it, on behalf of a stream."""
        return f"{self._prefix}{stream_id}.snoop"

    def ear(self, stream_id: str) -> str:
        """The bridge of a stream."""
        return f"{self._prefix}{stream_id}.ear"

    def is_ear(self, bridge_id: str) -> bool:
        """Whether a bridge is a stream's."""
        return (self.leg(bridge_id) or "").endswith(".ear")

    def stream(self, channel_id: str) -> str | None:
        """Whose stream's channel this is."""
        name, _, kind = (self.leg(channel_id) or "").rpartition(".")
        return name if kind in ("sound", "snoop") else None

    def tone(self, leg_id: str, number: int) -> str:
        """The playback of a leg's tone. There are two names, which take turns: what a former dialer has left can be
        ended by them."""
        return f"{self._prefix}{leg_id}.tone{number % 2}"


def adopted(names: Names, channels: Iterable[Channel], bridges: Iterable[Bridge]) -> dict[str, AriLeg]:
    """The legs that Asterisk has, by their ids."""
    legs: dict[str, AriLeg] = {}
    for channel in channels:
        leg_id, variables = names.leg(channel.id), channel.channelvars or {}
        if leg_id is None or variables.get(KIND) not in set(LegKind):
            continue
        leg = AriLeg(leg_id, LegKind(variables[KIND]), _ring_of(variables), adopted=True)
        leg.state, leg.channel_name = _state_of(channel.state), channel.name
        leg.rang = leg.state is LegState.RINGING
        leg.answered = leg.state is LegState.UP
        leg.is_ours = channel.dialplan.app_name == "Stasis"
        leg.holds = None
        told = str(variables.get(DETECTED) or "")
        leg.detection = _detected(told)
        if leg.kind is LegKind.AWAITED_CUSTOMER and leg.detection is _MACHINE and not is_over(told.partition("-")[2]):
            # It is known to be a machine's, and not to record.
            leg.detection, leg.awaits_greeting = None, leg.is_ours
        legs[leg_id] = leg
    for bridge in bridges:
        inside = [legs[leg_id] for each in bridge.channels if (leg_id := names.leg(each)) in legs]
        for leg in inside:
            leg.bridge_id = bridge.id
        if bridge.id.endswith(".talk"):
            _join(inside)
    return legs


def _join(inside: list[AriLeg]) -> None:
    if len(inside) == 2:
        one, other = inside
        one.peer, other.peer = other.leg_id, one.leg_id
        one.bridged = other.bridged = True


def unheard(told: str) -> dict[str, LiveLeg]:
    """Legs that were answered while no dialer was there, and have ended, as the dialplan has written them down."""
    legs: dict[str, LiveLeg] = {}
    for entry in told.split():
        leg_id, _, detected = entry.partition("/")
        legs[leg_id] = LiveLeg(leg_id, LegState.UP, detection=_detected(detected))
    return legs


def _detected(told: str) -> DetectionStatus | None:
    """AMDSTATUS and AMDCAUSE, with a hyphen between them."""
    status, _, cause = told.partition("-")
    return result_of(status, cause) if status else None


def live(leg: AriLeg) -> LiveLeg:
    """How Asterisk has it."""
    return LiveLeg(
        leg.leg_id,
        leg.state,
        leg.peer if leg.bridged else None,
        leg.detection,
        playing=None if leg.adopted else bool(leg.prompts),
        holds=leg.holds,
        # Of a leg that was found, too: what somebody had recorded of it before has ended with the streams for it.
        recordings=tuple(leg.recordings),
    )


def _state_of(state: str) -> LegState:
    match state:
        case "Up":
            return LegState.UP
        case "Ringing" | "Ring":
            return LegState.RINGING
        case _:
            return LegState.ORIGINATING


def _ring_of(variables: Mapping[str, object]) -> Duration:
    try:
        return round(float(str(variables.get(RING))) * SECOND)
    except (ValueError, OverflowError):
        return 30 * SECOND
