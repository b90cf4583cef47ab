"""The carrier in a test's hands: legs do what the test says, words come late or never, and a link breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.leg import HangupCause, LegParty, LegState, LiveLeg
from trunkcall.domain.saying import Saying
from trunkcall.domain.tones import Tone
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    Originate,
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
from trunkcall.engine.events import (
    CarrierEvent,
    CarrierFound,
    CarrierLost,
    DetectionEnded,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
    LegsUnbridged,
    OriginateVoided,
    PlaybackEnded,
    RecordingEnded,
    RecordingStarted,
)
from trunkcall.telephony.carrier import CarrierSink, Destination


@dataclass
class Phone:
    """One leg, as it is."""

    leg_id: str
    party: LegParty
    detects: bool = False
    figures: Mapping[str, int] = field(default_factory=dict)
    """By which machines are to be told from people."""
    state: LegState = LegState.ORIGINATING
    detection: DetectionStatus | None = None
    bridged_to: str | None = None
    playing: str | None = None
    """What is played to it, by its id."""
    said: str = ""
    """What was last said to it."""
    tones: list[Tone] = field(default_factory=list)
    """What it has heard of them."""
    recordings: tuple[str, ...] = ()

    @property
    def live(self) -> LiveLeg:
        return LiveLeg(
            self.leg_id,
            self.state,
            self.bridged_to,
            self.detection,
            self.playing is not None,
            recordings=self.recordings,
        )


class Switch:
    """A Carrier whose legs outlive its sessions."""

    def __init__(self) -> None:
        self.phones: dict[str, Phone] = {}
        self.broken = False
        """Whether nothing gets to the switch, nor from it."""
        self.slow = False
        """Whether its words are late."""
        self.loses = 0
        """So many of its next words never arrive."""
        self.tells_time: Callable[[], None] = lambda: None
        """What its adapter does when a session begins, before anything is told of legs."""
        self.suspended: set[str] = set()
        """Recordings that have silence at present."""
        self._late: list[CarrierEvent] = []
        self._sink: CarrierSink | None = None
        self._lost = False

    # --- what the test does -------------------------------------------------------------------------------------------

    def phones_that(self, do: Callable[[Phone], bool]) -> list[Phone]:
        return [phone for phone in self.phones.values() if do(phone)]

    def rings(self, phone: Phone) -> None:
        phone.state = LegState.RINGING
        self._say(LegRang(phone.leg_id))

    def is_answered(self, phone: Phone) -> None:
        phone.state = LegState.UP
        self._say(LegAnswered(phone.leg_id))

    def detects(self, phone: Phone, detection: DetectionStatus) -> None:
        phone.detection = detection
        self._say(DetectionEnded(phone.leg_id, detection))

    def has_played(self, phone: Phone) -> None:
        play_id, phone.playing = phone.playing, None
        assert play_id is not None, "nothing is played to it"
        self._say(PlaybackEnded(phone.leg_id, play_id))

    def ends_contact(self, phone: Phone) -> None:
        """An agent in a session is done with the customer."""
        assert phone.bridged_to is not None, "there is none"
        self.unbridge(UnbridgeLegs(phone.bridged_to, phone.leg_id))

    def presses(self, phone: Phone, keys: str) -> None:
        for key in keys:
            self._say(KeyPressed(phone.leg_id, key))

    def hangs_up(self, phone: Phone, cause: HangupCause) -> None:
        del self.phones[phone.leg_id]
        for recording_id in phone.recordings:
            self._say(RecordingEnded(recording_id))
        for other in self.phones.values():
            if other.bridged_to == phone.leg_id:
                other.bridged_to = None
        self._say(LegEnded(phone.leg_id, cause))

    def late_words_arrive(self) -> None:
        self.slow = False
        late, self._late = self._late, []
        for event in late:
            self._say(event)

    def breaks(self, *, noticed: bool) -> None:
        self.broken = True
        self._late.clear()
        if noticed:
            self._lose()

    def is_found(self) -> None:
        """The link is there again; that it was not is known by then."""
        self._lose()
        self.broken = self._lost = False
        self._say_at_once(self._found())

    def _found(self) -> CarrierFound:
        return CarrierFound(tuple(phone.live for phone in self.phones.values()))

    def _lose(self) -> None:
        if not self._lost:
            self._lost = True
            self._late.clear()
            self._say_at_once(CarrierLost())

    def _say(self, event: CarrierEvent) -> None:
        if self.broken:
            return
        if self.loses:
            self.loses -= 1
        elif self.slow:
            self._late.append(event)
        else:
            self._say_at_once(event)

    def _say_at_once(self, event: CarrierEvent) -> None:
        if self._sink is not None:
            self._sink(event)

    # --- Carrier ------------------------------------------------------------------------------------------------------

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        self._late.clear()
        self._sink, self._lost = sink, self.broken
        self.tells_time()
        sink(CarrierLost() if self.broken else self._found())

    async def close(self) -> None:
        self._sink = None

    def originate(self, command: Originate, destination: Destination) -> None:
        self._make(Phone(command.leg_id, LegParty.CUSTOMER, command.detect_machines, destination.detection))

    def originate_agent_leg(self, command: OriginateAgentLeg) -> None:
        self._make(Phone(command.leg_id, LegParty.AGENT))

    def originate_session_leg(self, command: OriginateSessionLeg) -> None:
        self._make(Phone(command.leg_id, LegParty.AGENT))

    def _make(self, phone: Phone) -> None:
        if self._lost:
            self._say_at_once(OriginateVoided(phone.leg_id))
        elif not self.broken:
            self.phones[phone.leg_id] = phone

    def bridge(self, command: BridgeLegs) -> None:
        customer, agent = (self.phones.get(leg_id) for leg_id in (command.customer_leg_id, command.agent_leg_id))
        if not self.broken and customer is not None and agent is not None:
            customer.bridged_to, agent.bridged_to = agent.leg_id, customer.leg_id
            self._say(LegsBridged(customer.leg_id, agent.leg_id))

    def unbridge(self, command: UnbridgeLegs) -> None:
        customer, agent = self._reached(command.customer_leg_id), self._reached(command.agent_leg_id)
        if customer is not None and agent is not None and customer.bridged_to == agent.leg_id:
            customer.bridged_to = agent.bridged_to = None
            self._say(LegsUnbridged(customer.leg_id, agent.leg_id))

    def play(self, leg_id: str, play_id: str, saying: Saying) -> None:
        phone = self._reached(leg_id)
        if phone is not None:
            phone.playing, phone.said = play_id, " ".join(part.value for part in saying.parts)

    def play_tone(self, command: PlayTone) -> None:
        phone = self._reached(command.leg_id)
        if phone is not None:
            phone.tones.append(command.tone)
            self._say(PlaybackEnded(command.leg_id, command.play_id))

    def stop_playing(self, command: StopPlaying) -> None:
        phone = self._reached(command.leg_id)
        if phone is not None and phone.playing == command.play_id:
            self.has_played(phone)

    def start_recording(self, command: StartRecording) -> None:
        phone = self._reached(command.leg_id)
        if phone is not None and command.recording_id not in phone.recordings:
            phone.recordings += (command.recording_id,)
            self._say(RecordingStarted(command.recording_id))

    def suspend_recording(self, command: SuspendRecording) -> None:
        self.suspended.add(command.recording_id)

    def resume_recording(self, command: ResumeRecording) -> None:
        self.suspended.discard(command.recording_id)

    def stop_recording(self, command: StopRecording) -> None:
        for phone in () if self.broken else self.phones.values():
            if command.recording_id in phone.recordings:
                phone.recordings = tuple(each for each in phone.recordings if each != command.recording_id)
                self._say(RecordingEnded(command.recording_id))

    def _reached(self, leg_id: str) -> Phone | None:
        return None if self.broken else self.phones.get(leg_id)

    def hang_up(self, command: HangUp) -> None:
        phone = self.phones.get(command.leg_id)
        if not self.broken and phone is not None:
            self.hangs_up(phone, HangupCause.HUNG_UP_BY_US)

    def report_legs(self, command: ReportLegs) -> None:
        self._say(LegsReported(command.question, self._found().legs))
