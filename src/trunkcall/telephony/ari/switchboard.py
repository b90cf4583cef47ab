"""What is asked of Asterisk for each deed, and what its events mean for legs.

Decides the life of a leg on the switch: one POST /channels each, ever; the dialplan answers, detects and hands the
channel over; what is told of it and when. It does no I/O and knows no clock: requests, events and timers go through
what it is given. It must not know whether the switch can be reached, nor how dial strings are made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import SECOND, Duration, Instant, to_seconds
from trunkcall.domain.leg import HangupCause, LegState
from trunkcall.domain.saying import Saying
from trunkcall.domain.tones import Tone
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    Originate,
    OriginateAgentLeg,
    OriginateSessionLeg,
    StartRecording,
    StopPlaying,
    UnbridgeLegs,
)
from trunkcall.engine.events import (
    BeepHeard,
    CarrierEvent,
    DetectionEnded,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsUnbridged,
    OriginateVoided,
    PutOnHold,
    RecordingEnded,
    TakenOffHold,
)
from trunkcall.telephony.ari import model
from trunkcall.telephony.ari.causes import RANG, cause_of
from trunkcall.telephony.ari.comfort import Comfort
from trunkcall.telephony.ari.detection import detection_ended, greeting_silent, heard
from trunkcall.telephony.ari.dialplan import CONTEXT, SILENCE
from trunkcall.telephony.ari.ears import Ears
from trunkcall.telephony.ari.hold_music import HoldMusic
from trunkcall.telephony.ari.legs import DETECTED, KIND, LEG, PEER, RING, AriLeg, LegKind, Names
from trunkcall.telephony.ari.prompts import Prompts, Speak
from trunkcall.telephony.ari.recordings import NewFileOf, Recorders
from trunkcall.telephony.ari.sound_check import SoundCheck
from trunkcall.telephony.ari.streams import Send, Sounds, Streams
from trunkcall.telephony.ari.tones import Tones
from trunkcall.telephony.ari.wire import CONFLICT, NOT_FOUND, UNSENT, Answer, Request

log = logging.getLogger(__name__)

Later: TypeAlias = Callable[[Duration, Callable[[], None]], None]

ALONE: Final[Duration] = 5 * SECOND
"""How long an answered leg stays up that nobody speaks to and no dialer puts off."""
PUT_OFF_EVERY: Final[Duration] = 2 * SECOND
PREPARED: Final[Duration] = SECOND // 2
"""Whoever has had nobody to speak to for so long may have to be told so soon: sound is made ready."""
APP: Final = "TRUNKCALL_APP"
AMD: Final = "TRUNKCALL_AMD"
_TIMEOUT: Final = "TIMEOUT(absolute)"
MACHINES: Final = frozenset({DetectionStatus.VOICEMAIL_BEEP, DetectionStatus.VOICEMAIL_NO_BEEP})
_UNANSWERED: Final = frozenset({HangupCause.RING_TIMEOUT, HangupCause.UNREACHABLE})
"""What we end a leg for that nobody has answered."""


class Switchboard:
    """The legs of one application. ``send``, ``tell``, ``later`` and ``sounds`` are what it acts through; ``speak``
    finds or makes the sounds of what is said. A leg of which nothing at all is heard within ``sound_within`` of its
    answer is ended; 0 is none."""

    def __init__(
        self,
        app: str,
        *,
        send: Send,
        tell: Callable[[CarrierEvent], None],
        later: Later,
        now: Callable[[], Instant],
        speak: Speak,
        sounds: Sounds,
        sound_within: Duration = 0,
        new_file: NewFileOf,
        keep_free: int,
    ) -> None:
        self._app = app
        self.names = Names(app)
        self.legs: dict[str, AriLeg] = {}
        self.tones = Tones(self.names, send=send, later=later)
        self._send = send = self.tones.send
        self._tell = tell
        self._later = later
        self._now = now
        self.streams = Streams(self.names, app, send=send, command=self._command, later=later, sounds=sounds)
        self._comfort = Comfort(self.names, self.legs, send=send, later=later)
        self._music = HoldMusic(self.names, self.legs, send=send)
        self.prompts = Prompts(
            self.legs,
            self.streams,
            tell=tell,
            later=later,
            speak=speak,
            tones=self.tones,
            comfort=self._comfort,
            music=self._music,
        )
        self.recorders = Recorders(self.legs, self.streams, tell=tell, new_file=new_file, keep_free=keep_free)
        self._ears = Ears(
            self.legs,
            self.streams,
            now=now,
            beeped=self._beeped,
            later=later,
            detected=self._detected,
            unheard=self._await_silence,
        )
        self._check = SoundCheck(self.names, self.legs, sound_within, send=send, later=later, unheard=self._is_unheard)

    def adopt(
        self, legs: Mapping[str, AriLeg], channels: Iterable[model.Channel], bridges: Iterable[model.Bridge]
    ) -> None:
        """These are the legs that there are, and no others. Bridges where nobody is any more are removed, and streams:
        whoever played to them has gone."""
        for channel in channels:
            if self.names.stream(channel.id) is not None:
                self._end_channel(channel.id)
        for bridge in bridges:
            if self.names.leg(bridge.id) is not None and (not bridge.channels or self.names.is_ear(bridge.id)):
                self._send(Request("DELETE", f"bridges/{bridge.id}"), None)
        self.forget()
        self.legs.update(legs)
        for leg in legs.values():
            if not leg.kind.is_customers:
                self._watch(leg)
            if leg.is_ours and not leg.kind.is_customers:
                self.tones.end_left(leg)
            if leg.is_ours:
                self._comfort.end_left(leg)
                self._music.begin(leg)
            if leg.answered:
                # Whoever was to look whether it is heard has gone.
                self._check.begin(leg)
            if leg.state is LegState.RINGING:
                self._later(leg.ring_timeout, partial(self._ring_over, leg))
            elif leg.state is LegState.ORIGINATING:
                self._later(leg.ring_timeout, partial(self._never_rang, leg))
            elif leg.is_ours and not leg.bridged:
                if leg.awaits_greeting:
                    self._ears.await_greeting(leg)
                elif leg.kind is LegKind.DETECTED_CUSTOMER and leg.detection is DetectionStatus.VOICEMAIL_NO_BEEP:
                    self._ears.await_beep(leg)
                self._begin_alone(leg)

    def forget(self) -> None:
        """Nothing is known of any leg any more."""
        self.streams.forget()
        self.prompts.forget()
        self.recorders.forget()
        self.legs.clear()

    # --- deeds --------------------------------------------------------------------------------------------------------

    def start_recording(self, command: StartRecording) -> None:
        """Record a leg that is up."""
        leg = self.legs.get(command.leg_id)
        if leg is not None and leg.answered:
            self.recorders.start(leg, command)

    def play(self, leg_id: str, play_id: str, what: Saying | Tone) -> None:
        """Say something to a leg that is up, or play a tone, after what is played already."""
        leg = self.legs.get(leg_id)
        if leg is not None and leg.answered:
            self.prompts.play(leg, play_id, what)

    def stop_playing(self, command: StopPlaying) -> None:
        """Break off a prompt, or leave it out."""
        leg = self.legs.get(command.leg_id)
        if leg is not None and leg.answered:
            self.prompts.stop(leg, command)

    def originate(self, command: Originate, dial_string: str, amd: str = "") -> None:
        """Dial a customer, once. ``amd`` are arguments of AMD(); without any it goes by its amd.conf."""
        kind = LegKind.CUSTOMER
        if command.detect_machines:
            kind = LegKind.AWAITED_CUSTOMER if command.await_prompt else LegKind.DETECTED_CUSTOMER
        leg = AriLeg(command.leg_id, kind, command.ring_timeout)
        self._originate(leg, dial_string, command.caller_id, {AMD: amd} if amd else {})

    def originate_agent_leg(
        self,
        command: OriginateAgentLeg | OriginateSessionLeg,
        dial_string: str,
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Ring an agent's phone, once. ``extra`` are variables for its channel."""
        kind = LegKind.AGENT if isinstance(command, OriginateAgentLeg) else LegKind.SESSION
        leg = AriLeg(command.leg_id, kind, command.ring_timeout)
        self._originate(leg, dial_string, None, extra)
        if self.legs.get(command.leg_id) is leg:
            self._watch(leg)

    def _watch(self, leg: AriLeg) -> None:
        """Be told of an agent's leg to its end. The endpoint of a phone goes with an agent who is removed in a talk,
        and with it all that is told of its calls."""
        source = {"eventSource": f"channel:{self.names.channel(leg.leg_id)}"}
        self._send(Request("POST", f"applications/{self._app}/subscription", source), None)

    def unreachable(self, leg_id: str) -> None:
        """An agent has no phone that could be rung."""
        if leg_id not in self.legs:
            self._tell(LegEnded(leg_id, HangupCause.UNREACHABLE))

    def _originate(self, leg: AriLeg, dial_string: str, caller_id: str | None, extra: Mapping[str, str]) -> None:
        if leg.leg_id in self.legs:
            return
        self.legs[leg.leg_id] = leg
        ring_s = to_seconds(leg.ring_timeout)
        variables = {APP: self._app, LEG: leg.leg_id, KIND: str(leg.kind), RING: f"{ring_s:g}", **extra}
        query = {
            "endpoint": dial_string,
            "context": CONTEXT,
            "extension": str(leg.kind),
            "priority": "1",
            "channelId": self.names.channel(leg.leg_id),
            # The switch's own end of it, where the dialer is gone.
            "timeout": str(max(1, round(2 * ring_s + 5))),
        }
        if caller_id is not None:
            query["callerId"] = caller_id
        request = Request("POST", "channels", query, {"variables": variables})
        if not self._send(request, partial(self._originated, leg)):
            self._void(leg)
            return
        self._later(leg.ring_timeout, partial(self._never_rang, leg))

    def _originated(self, leg: AriLeg, answer: Answer) -> None:
        if answer.is_ok or answer.status == CONFLICT or self.legs.get(leg.leg_id) is not leg:
            return
        if answer is UNSENT:
            self._void(leg)
            return
        log.warning("the switch did not make a leg", extra={"leg": leg.leg_id, "status": answer.status})
        if leg.kind.is_customers:
            # Whoever was dialed after all is not to be dialed again, so the switch is asked whether it knows the leg.
            request = Request("GET", f"channels/{self.names.channel(leg.leg_id)}")
            self._send(request, partial(self._looked_for, leg))
        else:
            self._end(leg, leg.cause or HangupCause.UNREACHABLE)

    def _looked_for(self, leg: AriLeg, answer: Answer) -> None:
        if answer.status == NOT_FOUND and self.legs.get(leg.leg_id) is leg:
            self._void(leg, refused=True)

    def _void(self, leg: AriLeg, *, refused: bool = False) -> None:
        del self.legs[leg.leg_id]
        self._tell(OriginateVoided(leg.leg_id, refused))

    def hang_up(self, command: HangUp) -> None:
        """End a leg; also one that nobody here knows, as its originate may have come late."""
        leg = self.legs.get(command.leg_id)
        if leg is not None:
            self._hang_up(leg, HangupCause.HUNG_UP_BY_US)
        else:
            self._end_channel(self.names.channel(command.leg_id))

    def _end_channel(self, channel_id: str, on_answer: Callable[[Answer], None] | None = None) -> None:
        self._send(Request("DELETE", f"channels/{channel_id}"), on_answer)

    def _hang_up(self, leg: AriLeg, cause: HangupCause) -> None:
        if leg.cause is None:
            leg.cause = cause
            self._end_channel(self.names.channel(leg.leg_id), partial(self._hung_up, leg))

    def _hung_up(self, leg: AriLeg, answer: Answer) -> None:
        """Where there is no such channel its end was not heard of."""
        if answer.status == NOT_FOUND and self.legs.get(leg.leg_id) is leg:
            self._end(leg, leg.cause or HangupCause.LOST)

    def bridge(self, command: BridgeLegs) -> None:
        """Join two legs."""
        customer, agent = self.legs.get(command.customer_leg_id), self.legs.get(command.agent_leg_id)
        if customer is None or agent is None or not (_is_free(customer) and _is_free(agent)):
            return
        customer.peer, agent.peer = agent.leg_id, customer.leg_id
        for leg in (customer, agent):
            self.prompts.moves(leg)
        talk = self.names.talk(agent.leg_id)
        self._send(Request("POST", f"bridges/{talk}", {"type": "mixing"}), None)
        # Asterisk does these one after the other, and this dialer may die between any two: then whoever has been joined
        # ends with the other, and whoever has not been joined when nobody puts that off any more.
        for leg, peer in ((customer, agent), (agent, customer)):
            if peer.kind is not LegKind.SESSION:
                self._set(leg, PEER, peer.channel_name)
        for leg in (customer, agent):
            if leg.bridge_id != talk:
                query = {"channel": self.names.channel(leg.leg_id)}
                self._command(leg, Request("POST", f"bridges/{talk}/addChannel", query))
        for leg in (customer, agent):
            self._set(leg, _TIMEOUT, "0")

    def _joined(self, leg: AriLeg, peer: AriLeg) -> None:
        leg.bridged = peer.bridged = True
        for each in (leg, peer):
            self._music.begin(each)
        customer, agent = (leg, peer) if leg.kind.is_customers else (peer, leg)
        self._tell(LegsBridged(customer.leg_id, agent.leg_id))

    def unbridge(self, command: UnbridgeLegs) -> None:
        """Part two legs."""
        customer, agent = self.legs.get(command.customer_leg_id), self.legs.get(command.agent_leg_id)
        if customer is None or agent is None or customer.peer != agent.leg_id or not customer.bridged:
            return
        customer.parting = True
        query = {"channel": self.names.channel(customer.leg_id)}
        self._command(customer, Request("POST", f"bridges/{self.names.talk(agent.leg_id)}/removeChannel", query))

    # --- what is asked of one channel ---------------------------------------------------------------------------------

    def _command(self, leg: AriLeg, request: Request) -> None:
        """Ask it once the channel is ours: before that Asterisk refuses it."""
        if leg.is_ours:
            self._send(request, None)
        else:
            leg.waiting.append(request)

    def _set(self, leg: AriLeg, variable: str, value: str) -> None:
        query = {"variable": variable, "value": value}
        self._command(leg, Request("POST", f"channels/{self.names.channel(leg.leg_id)}/variable", query))

    def _begin_alone(self, leg: AriLeg) -> None:
        """Keep a leg up that nobody speaks to, for as long as this dialer is there."""
        leg.times_alone += 1
        self._put_off(leg, leg.times_alone)
        self._comfort.begin(leg)
        self.prompts.alone(leg)

    def _put_off(self, leg: AriLeg, time_alone: int) -> None:
        is_alone = leg.peer is None and leg.times_alone == time_alone
        if self.legs.get(leg.leg_id) is leg and is_alone and leg.kind is not LegKind.SESSION:
            self._set(leg, _TIMEOUT, str(round(to_seconds(ALONE))))
            self._later(PUT_OFF_EVERY, partial(self._put_off, leg, time_alone))

    # --- events -------------------------------------------------------------------------------------------------------

    def take(self, event: model.Event) -> None:
        """What the switch has told. Whatever is no leg's of ours, or is told late or twice, changes nothing."""
        channel = getattr(event, "channel", None) or getattr(event, "peer", None)
        if isinstance(channel, model.Channel) and self.streams.take(channel.id, event):
            return
        match event:
            case model.Dial(peer=channel, forwarded=model.Channel(id=elsewhere)):
                self._about(channel, partial(self._sent_on, elsewhere=elsewhere))
            case model.Dial(peer=channel, dialstatus=status) if status in RANG:
                self._begins(channel, self._rang)
            case model.ChannelStateChange(channel=channel):
                if channel.state == "Ringing":
                    self._begins(channel, self._rang)
                elif channel.state == "Up":
                    self._begins(channel, self._up)
            case model.StasisStart(args=("over", *_)):
                # It has gone already, which is told by itself.
                pass
            case model.StasisStart(channel=channel, args=arguments):
                self._begins(channel, partial(self._is_ours, arguments=arguments))
            case model.StasisEnd(channel=channel):
                self._about(channel, self._is_not_ours)
            case model.ChannelEnteredBridge(channel=channel, bridge=bridge) if channel is not None:
                self._about(channel, partial(self._entered, bridge_id=bridge.id))
            case model.ChannelLeftBridge(channel=channel, bridge=bridge):
                self._about(channel, partial(self._left, bridge_id=bridge.id))
            case model.ChannelDtmfReceived(channel=channel, digit=key, timestamp=told_at):
                self._about(channel, partial(self._pressed, key=key, told_at=told_at))
            case model.ChannelHold(channel=channel):
                self._about(channel, partial(self._holds, begun=True))
            case model.ChannelUnhold(channel=channel):
                self._about(channel, partial(self._holds, begun=False))
            case model.ChannelDestroyed(channel=channel):
                self._about(channel, partial(self._gone, event=event))
            case _:
                pass

    def _about(self, channel: model.Channel, then: Callable[[AriLeg], None]) -> None:
        leg_id = self.names.leg(channel.id)
        leg = self.legs.get(leg_id) if leg_id is not None else None
        if leg is not None:
            leg.channel_name = channel.name
            then(leg)

    def _begins(self, channel: model.Channel, then: Callable[[AriLeg], None]) -> None:
        """It rings, or is up. A channel that nobody here knows comes of an originate that was given up: nobody may be
        left listening to nothing."""
        leg_id = self.names.leg(channel.id)
        if leg_id is not None and leg_id not in self.legs:
            self._end_channel(channel.id)
        self._about(channel, then)

    def _sent_on(self, leg: AriLeg, elsewhere: str) -> None:
        """Its party says whom to call instead (302), and Asterisk, which no setting keeps from it, calls them already:
        nobody has let that be dialed."""
        log.warning("whom a call was sent on to is not called", extra={"leg": leg.leg_id})
        # Which of the two ends first decides what Asterisk says of the one that has declined.
        leg.cause = leg.cause or HangupCause.REJECTED
        self._end_channel(elsewhere)

    def _rang(self, leg: AriLeg) -> None:
        if leg.state is LegState.ORIGINATING:
            leg.state, leg.rang = LegState.RINGING, True
            self._tell(LegRang(leg.leg_id))
            self._later(leg.ring_timeout, partial(self._ring_over, leg))

    def _ring_over(self, leg: AriLeg) -> None:
        if self.legs.get(leg.leg_id) is leg and leg.state is LegState.RINGING:
            self._hang_up(leg, HangupCause.RING_TIMEOUT)

    def _never_rang(self, leg: AriLeg) -> None:
        if self.legs.get(leg.leg_id) is leg and leg.state is LegState.ORIGINATING:
            self._hang_up(leg, HangupCause.UNREACHABLE)

    def _up(self, leg: AriLeg) -> None:
        leg.state = LegState.UP
        # Until the channel is ours nothing can be asked of it: only detection is waited for meanwhile.
        if leg.kind.is_detected:
            self._answered(leg)

    def _answered(self, leg: AriLeg) -> None:
        if not leg.answered:
            leg.answered = True
            self._tell(LegAnswered(leg.leg_id))
            self._check.begin(leg)

    def _is_unheard(self, leg: AriLeg) -> None:
        log.warning("no sound comes from whoever has answered", extra={"leg": leg.leg_id, "kind": str(leg.kind)})
        self._hang_up(leg, HangupCause.NO_SOUND)

    def _is_ours(self, leg: AriLeg, arguments: tuple[str, ...]) -> None:
        leg.state, leg.is_ours = LegState.UP, True
        self._answered(leg)
        match arguments:
            case ["detected", status, cause, *_] if leg.detection is None and not leg.awaits_greeting:
                self._amd_ended(leg, detection_ended(leg.leg_id, status, cause, self._now()))
            case ["silent", *_] if leg.detection is None:
                self._detected(leg, greeting_silent(leg.leg_id, self._now()))
            case _:
                pass
        waiting, leg.waiting = leg.waiting, []
        for request in waiting:
            self._send(request, None)
        self._begin_alone(leg)
        if leg.kind.is_customers:
            self._later(PREPARED, partial(self.prompts.prepare, leg))

    def _amd_ended(self, leg: AriLeg, ended: DetectionEnded) -> None:
        is_machine = ended.detection is DetectionStatus.VOICEMAIL_NO_BEEP
        if is_machine and leg.kind is LegKind.AWAITED_CUSTOMER:
            self._ears.await_greeting(leg)
            return
        self._detected(leg, ended)
        if is_machine:
            self._ears.await_beep(leg)

    def _detected(self, leg: AriLeg, ended: DetectionEnded) -> None:
        leg.detection = ended.detection
        if leg.kind is LegKind.AWAITED_CUSTOMER and leg.detection in MACHINES:
            self._set(leg, DETECTED, heard(beeped=leg.detection is DetectionStatus.VOICEMAIL_BEEP))
        self._tell(ended)

    def _beeped(self, leg: AriLeg) -> None:
        self._set(leg, DETECTED, heard(beeped=True))
        self._tell(BeepHeard(leg.leg_id))

    def _await_silence(self, leg: AriLeg) -> None:
        """Nobody can listen to a machine whose greeting is waited for: the dialplan waits for silence."""
        leg.times_alone += 1
        path = f"channels/{self.names.channel(leg.leg_id)}/continue"
        self._send(Request("POST", path, {"context": CONTEXT, "extension": SILENCE, "priority": "1"}), None)

    def _is_not_ours(self, leg: AriLeg) -> None:
        leg.is_ours = False

    def _entered(self, leg: AriLeg, bridge_id: str) -> None:
        leg.bridge_id = bridge_id
        peer = self.legs.get(leg.peer) if leg.peer is not None else None
        if peer is not None and not leg.bridged and peer.bridge_id == bridge_id:
            self._joined(leg, peer)

    def _left(self, leg: AriLeg, bridge_id: str) -> None:
        if leg.bridge_id == bridge_id:
            leg.bridge_id = None
        if leg.parting and leg.peer is not None and bridge_id == self.names.talk(leg.peer):
            self._parted(leg, self.legs[leg.peer])

    def _parted(self, customer: AriLeg, agent: AriLeg) -> None:
        self._part(customer)
        self._tell(LegsUnbridged(customer.leg_id, agent.leg_id))

    def _part(self, leg: AriLeg) -> None:
        """It is joined with nobody any more, and so is the one that it was joined with."""
        peer = self.legs.get(leg.peer) if leg.peer is not None else None
        for each in (leg, peer):
            if each is not None:
                each.peer, each.bridged, each.parting = None, False, False
        for each, other in ((leg, peer), (peer, leg)):
            if each is not None and each.is_ours:
                if other is not None and other.holds:
                    self._music.end(each)
                self._set(each, PEER, "")
                self._begin_alone(each)

    def _pressed(self, leg: AriLeg, key: str, told_at: str | None) -> None:
        # A channel's events come once for the channel and once for its endpoint, word for word.
        if leg.answered and (told_at is None or told_at != leg.key_told_at):
            leg.key_told_at = told_at
            self._tell(KeyPressed(leg.leg_id, key))

    def _holds(self, leg: AriLeg, *, begun: bool) -> None:
        # This comes twice as well.
        if leg.answered and leg.holds is not begun:
            leg.holds = begun
            if leg.peer is not None and (peer := self.legs.get(leg.peer)) is not None:
                if begun:
                    self._music.look(peer)
                else:
                    self._music.end(peer)
            self._tell(PutOnHold(leg.leg_id) if begun else TakenOffHold(leg.leg_id))

    def _gone(self, leg: AriLeg, event: model.ChannelDestroyed) -> None:
        answered = leg.state is LegState.UP
        cause = leg.cause or cause_of(event.cause, event.tech_cause, rang=leg.rang, answered=answered)
        if answered and cause in _UNANSWERED:
            # The answer has crossed the end of the ringing.
            cause = HangupCause.HUNG_UP_BY_US
        self._end(leg, cause)

    def _end(self, leg: AriLeg, cause: HangupCause) -> None:
        del self.legs[leg.leg_id]
        leg.is_ours = False
        had_peer = leg.peer is not None
        if had_peer:
            self._part(leg)
        if leg.state is LegState.UP:
            # Whoever hung up between the answer and its handing over has answered.
            self._answered(leg)
        for recording_id in leg.recordings:
            self._tell(RecordingEnded(recording_id))
        leg.recordings.clear()
        if not leg.kind.is_customers:
            self._send(Request("DELETE", f"bridges/{self.names.talk(leg.leg_id)}"), None)
        self.prompts.ended(leg)
        self.streams.ended(leg)
        self._tell(LegEnded(leg.leg_id, cause))


def _is_free(leg: AriLeg) -> bool:
    return leg.answered and leg.peer is None
