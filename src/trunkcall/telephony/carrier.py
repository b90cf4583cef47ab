"""The contract of every carrier. One conformance suite (tests/telephony/) runs over all of them.

Decides what the dialer may ask of a carrier and what a carrier must tell. It must not know SIP or any switch.

Rules:

- Leg ids are chosen by the dialer and never used twice. To originate under the id of a leg that is there already makes
  no second one.
- Methods hand the deed over and return at once. They do not raise: what came of it arrives as an event. A carrier acts
  on its switch's events, never on the answer to a request.
- Each leg ends with exactly one LegEnded, or OriginateVoided if the originate provably never left (connection refused;
  an error, and the switch knows no such leg). When it cannot tell, the leg was LOST, never void.
- LegRang is told when ringing was seen, at most once; a leg that ends without it never rang: that is how a dead host is
  told from nobody answering.
- A ring time-out counts from the first ringing: until it has passed no leg that rings is given up, unless that is asked
  for. A leg that has not rung for as long since its originate is UNREACHABLE.
- A leg originated with ``detect_machines`` gets one DetectionEnded after LegAnswered, unless it ends before. With
  ``await_prompt`` that is at the end of a machine's prompt, and says whether it beeped; without it BeepHeard is told
  when a machine beeps later, at most once, by a carrier that can hear it.
- A session's leg is an agent's that is rung once, without a customer, and stays up for one contact after the other.
- At most two legs are joined, a customer's and an agent's, and each with one other at a time: a bridge for each
  contact. When one of them ends the other stays up alone, and nothing but the end is told. LegsUnbridged is told, once,
  where both stay up: because it was asked for, or because the agent has ended the contact and keeps the leg.
- A party may put the other one on hold by its own telephone: PutOnHold, and TakenOffHold when it comes back, each told
  once. The other hears music meanwhile, also one who is joined only then, and what is said to it in place of the music.
  The legs stay joined; the end of a leg ends its hold untold. A dialer that finds legs is told which of them have the
  other on hold, in place of those words.
- What is said to a leg that is up, and tones, are played one after the other, in the order in which they were asked
  for; the parts of a saying without a gap, and one that is said ``again`` from its beginning until it is broken off.
  Each gets exactly one PlaybackEnded, unless its leg ends before: when it was played to its end, which it says, broken
  off, or could not be played. Nobody but the leg's party hears them, also where the leg is joined; and that joins
  nobody later. What a leg has heard part of is broken off when it is joined; what comes after that is heard then.
- A recording is of one leg that is up: what its party says and hears, on two tracks. It gets RecordingStarted once it
  runs, and exactly one RecordingEnded: when that is asked for, when its leg ends, when it fails, or at once where it
  cannot be made. While it is suspended both tracks have silence.
- KeyPressed is told for each key of the telephone that a party presses on a leg that is up, an agent's between two
  contacts too. What it means is the dialer's to say.
- AgentPhoneLost is told where it is known that an agent's phone would be rung in vain, and AgentPhoneFound where it
  would no more, by a carrier that hears of phones. For a dialer that begins none is lost.
- CodeDialed is told where an agent's own phone dials a code, by a carrier that knows phones by their passwords. No leg
  comes of it, and what else a phone dials leads nowhere.
- The ids of plays and recordings are chosen by the dialer and never used twice, like those of legs. What cannot be done
  to a leg as it is, or is so already, changes nothing and is not told.
- A carrier has one or more hosts, the switches that it reaches. An originate says on which one the leg is to be; the
  legs of a contact are all on one: an agent's leg is made where the customer's is.
- When a host cannot be reached: CarrierLost. When it can again: CarrierFound with every leg of ours there that is up or
  being made, and how far it has come, after which events go on. Events in between may be lost. Legs on other hosts are
  not concerned. What names no host is about all of them; so does a carrier speak that has one.
- Nothing that is asked of a host while it is lost is done later: an originate is void, whatever else comes to nothing.
- When it is asked for its legs: LegsReported with the question's number, of each host that can be reached, and the same
  of every leg as CarrierFound. It may be a moment older or newer than the events around it: the dialer acts on what two
  answers say, many seconds apart. A carrier that has no such list answers nothing. What it cannot tell of a leg is
  None.
- Legs outlive the dialer. A carrier that several dialers can reach serves the one that started with the greatest
  token, the fencing token of its lease; to the others it is lost, and what they ask for is not done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from trunkcall.domain.saying import Saying
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
from trunkcall.engine.events import CarrierEvent

CarrierSink: TypeAlias = Callable[[CarrierEvent], None]


@dataclass(frozen=True, slots=True)
class Destination:
    """Whom an attempt reaches: personal data that the engine does not see. The number is E.164. ``client_token`` is the
    contact's id where it has no token. ``detection`` has the figures that its campaign sets for whoever tells machines
    from people (``domain.detection``)."""

    phone_number: str = field(repr=False)
    client_token: str
    detection: Mapping[str, int] = field(default_factory=dict)


class Carrier(Protocol):
    """Makes, joins and ends legs."""

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        """Connect, and tell this sink, and no earlier one, every event from now on. The first events are, of each host,
        CarrierFound, or CarrierLost if it cannot be reached. May be called again, and again after ``close``."""

    async def close(self) -> None:
        """Let go of the switch, and tell nothing any more. Legs stay as they are. May be called twice."""

    def originate(self, command: Originate, destination: Destination) -> None:
        """Dial a customer."""

    def originate_agent_leg(self, command: OriginateAgentLeg) -> None:
        """Ring an agent's phone, on behalf of a customer's leg."""

    def originate_session_leg(self, command: OriginateSessionLeg) -> None:
        """Ring an agent's phone for a session."""

    def bridge(self, command: BridgeLegs) -> None:
        """Join two legs that are up, and with nobody else."""

    def unbridge(self, command: UnbridgeLegs) -> None:
        """Part two legs that are joined."""

    def play(self, leg_id: str, play_id: str, saying: Saying) -> None:
        """Say something to a leg that is up."""

    def play_tone(self, command: PlayTone) -> None:
        """Play a tone to a leg that is up."""

    def stop_playing(self, command: StopPlaying) -> None:
        """Break off a prompt or a tone that is played, or is to be."""

    def start_recording(self, command: StartRecording) -> None:
        """Record a leg that is up. A leg may have several recordings."""

    def suspend_recording(self, command: SuspendRecording) -> None:
        """Record silence."""

    def resume_recording(self, command: ResumeRecording) -> None:
        """Record again what is said and heard."""

    def stop_recording(self, command: StopRecording) -> None:
        """End a recording."""

    def hang_up(self, command: HangUp) -> None:
        """End a leg in whatever state it is. Nothing happens if there is none."""

    def report_legs(self, command: ReportLegs) -> None:
        """Tell which legs there are, by LegsReported. It is no loss of the carrier, and changes nothing."""
