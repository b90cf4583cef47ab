"""A carrier as a process of its own: the carrier's channel, from its side.

Decides what a dialer is told when it comes. Legs go on while nobody is served, and what they do meanwhile is in the
next Welcome. It must not know what kind of carrier it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from trunkcall.domain.instants import Instant
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    OriginateAgentLeg,
    OriginateSessionLeg,
    PlayTone,
    ReportLegs,
    ResumeRecording,
    StartRecording,
    StopPlaying,
    StopRecording,
    SuspendRecording,
    UnbridgeLegs,
)
from trunkcall.engine.events import CarrierEvent, CarrierFound, CarrierLost
from trunkcall.telephony import carrier_wire as wire
from trunkcall.telephony.carrier import Carrier
from trunkcall.telephony.host import Session
from trunkcall.telephony.session import Ping


class CarrierChannel:
    """Serves one carrier. ``now`` is its time."""

    def __init__(self, carrier: Carrier, *, now: Callable[[], Instant]) -> None:
        self._carrier = carrier
        self._now = now
        self._session: Session | None = None
        self._hosts: dict[str | None, wire.HostLegs] = {}
        """The carrier's hosts, as it last told of each; none while it is lost as a whole."""

    async def begin(self, session: Session, *, token: int) -> None:
        # What happens before the Welcome is in it.
        self._session = None
        await self._carrier.start(self._told, token=token)
        if session.over:
            return
        if not self._hosts:
            session.end()
            return
        self._session = session
        session.send(wire.Welcome(self._now(), tuple(self._hosts.values())))

    def take(self, line: bytes) -> None:
        frame = wire.decode_from_dialer(line)
        match frame:
            case wire.Dial():
                self._carrier.originate(frame.command, frame.destination)
            case OriginateAgentLeg():
                self._carrier.originate_agent_leg(frame)
            case OriginateSessionLeg():
                self._carrier.originate_session_leg(frame)
            case BridgeLegs():
                self._carrier.bridge(frame)
            case UnbridgeLegs():
                self._carrier.unbridge(frame)
            case wire.Play():
                self._carrier.play(frame.leg_id, frame.play_id, frame.saying)
            case PlayTone():
                self._carrier.play_tone(frame)
            case StopPlaying():
                self._carrier.stop_playing(frame)
            case StartRecording():
                self._carrier.start_recording(frame)
            case SuspendRecording():
                self._carrier.suspend_recording(frame)
            case ResumeRecording():
                self._carrier.resume_recording(frame)
            case StopRecording():
                self._carrier.stop_recording(frame)
            case HangUp():
                self._carrier.hang_up(frame)
            case ReportLegs():
                self._carrier.report_legs(frame)
            case Ping():
                self._tell(wire.Pong())
            case _:
                assert_never(frame)

    def _told(self, event: CarrierEvent) -> None:
        match event:
            case CarrierFound(host=None):
                self._hosts = {None: wire.HostLegs(None, event.legs)}
            case CarrierLost(host=None):
                # What it lost it tells when it is found; until then the dialer is told nothing, and asked to wait.
                self._hosts.clear()
                if self._session is not None:
                    self._session.end()
            case CarrierFound():
                self._hosts[event.host] = wire.HostLegs(event.host, event.legs)
                self._tell(event)
            case CarrierLost():
                self._hosts[event.host] = wire.HostLegs(event.host, None)
                self._tell(event)
            case _:
                self._tell(event)

    def _tell(self, frame: wire.FromCarrier) -> None:
        if self._session is not None:
            self._session.send(frame)
