"""What has happened: the engine's inputs, in the past tense.

Decides the vocabulary in which the store, the carrier, flows and agents tell the engine what they saw. It holds ids and
instants only, so a trace of events holds nothing personal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import Refusal
from trunkcall.domain.contact import DetectionStatus, LiveContact
from trunkcall.domain.dialing import DialingSettings
from trunkcall.domain.flow import FlowEvent
from trunkcall.domain.instants import Duration, Instant
from trunkcall.domain.leg import HangupCause, LiveLeg, LiveSession
from trunkcall.domain.recording import RecordingWish
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.values import quickly_made


@dataclass(frozen=True, slots=True)
class CampaignChanged:
    """A campaign is new to this engine, or its settings or state have changed. A deleted campaign is Stopped. One that
    is over is forgotten some time after its last contact has ended (``EngineConfig.campaign_memory``)."""

    campaign_id: str
    state: CampaignState
    dialing: DialingSettings
    in_progress: bool = False
    """Contacts of it are in progress, so it is to be known even though it may be over."""


@dataclass(frozen=True, slots=True)
class ContactsRestored:
    """These contacts were in progress when the instance's former dialer went away. What has become of their legs
    CarrierFound tells."""

    contacts: tuple[LiveContact, ...]


@dataclass(frozen=True, slots=True)
class SessionsRestored:
    """Agents had these sessions when the instance's former dialer went away; told after ContactsRestored, whose agents'
    legs may be among them. What has become of the legs CarrierFound tells."""

    sessions: tuple[LiveSession, ...]


@dataclass(frozen=True, slots=True)
class LedgerRestored:
    """What the store remembers of a campaign's ledger: (minute, live answers, abandonments), oldest first. Of what the
    engine remembers itself nothing is counted again, so it may also be told where a window has become longer."""

    campaign_id: str
    minutes: tuple[tuple[Instant, int, int], ...]


@dataclass(frozen=True, slots=True)
class CallerIdsRestored:
    """By how many attempts each of these numbers was shown in the day that began then, by all that the store
    remembers. It is told before anybody is dialed by that day."""

    day_began_at: Instant
    shown: tuple[tuple[str, int], ...]


Way: TypeAlias = tuple[tuple[str, ...] | None, tuple[tuple[str, ...], ...]]
"""Trunks on which a contact may be dialed, and numbers that it may be shown."""
ANYWHERE: Final[Way] = None, ()


@quickly_made
@dataclass(frozen=True, slots=True)
class OfferedContact:
    """A waiting contact that is due, as the engine sees it. ``due_at`` is 0 for one that was due at once. An attempt on
    it begins before ``until`` or not at all: after that the store is asked anew; None is no such instant.
    ``caller_ids`` are those numbers of its campaign's pool that it may be shown, in groups that are equally good, the
    best first; empty where there is no pool. ``trunks`` are the ids of those on which it may be dialed; None is any."""

    contact_id: str
    sequence: int
    expires_at: Instant
    due_at: Instant = 0
    until: Instant | None = None
    caller_ids: tuple[tuple[str, ...], ...] = ()
    trunks: tuple[str, ...] | None = None

    @property
    def way(self) -> Way:
        """By what it may leave: those who have the same leave on the same trunks."""
        return self.trunks, self.caller_ids


@dataclass(frozen=True, slots=True)
class ContactsOffered:
    """The answer to RefillWindow, in the order in which they are to be dialed. Fewer than were asked for are all that
    are due by now; ``next_due_at`` is when the first is due of those that are due later, None if there are none. Here
    and in the next three, a campaign that the engine does not know changes nothing: it may have been forgotten
    since."""

    campaign_id: str
    contacts: tuple[OfferedContact, ...]
    next_due_at: Instant | None


@dataclass(frozen=True, slots=True)
class RequestsAccepted:
    """The store holds waiting contacts of the campaign that it did not hold before."""

    campaign_id: str


@dataclass(frozen=True, slots=True)
class DueChanged:
    """Waiting contacts of the campaign are due at other instants than they were."""

    campaign_id: str


@dataclass(frozen=True, slots=True)
class ContactsSwept:
    """The store has ended these waiting contacts: expired, or their campaign is over."""

    campaign_id: str
    contact_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttemptRefused:
    """The store did not let an attempt be made; nothing was dialed. ``not_before`` is when a contact that was NOT_DUE
    is."""

    contact_id: str
    refusal: Refusal
    not_before: Instant | None = None


@dataclass(frozen=True, slots=True)
class ChangesLeftOut:
    """The store has set this contact aside, and changes nothing of it any more. One that the engine does not have in
    progress changes nothing."""

    contact_id: str


@dataclass(frozen=True, slots=True)
class ContactsOptedOut:
    """These people have asked not to be called: those of them whose phones still ring are hung up on. Whoever has
    answered is let alone, and whoever waits the store ends when the attempt is to begin."""

    contact_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgentRegistered:
    """An agent exists and serves these queues, each of them once. Known agents get the new queues; one who was removed
    and is not gone yet stays. Work after a contact ends after ``after_contact_work_limit``, with 0 when the agent says
    so. The leg of one who is ``persistent`` stays up between contacts; that of one who is called ``by_number`` takes a
    line of a trunk."""

    agent_id: str
    queues: tuple[ServedQueue, ...]
    after_contact_work_limit: Duration = 0
    persistent: bool = False
    by_number: bool = False


@dataclass(frozen=True, slots=True)
class QueueLimited:
    """From here so many contacts may wait in the queue at once, None is as many as there are. Who waits already goes on
    waiting."""

    queue_id: str
    max_contacts: int | None


@dataclass(frozen=True, slots=True)
class AgentRemoved:
    """An agent is no agent of the instance any more. One who is in a contact, or works on one, finishes it first."""

    agent_id: str


@quickly_made
@dataclass(frozen=True, slots=True)
class AgentStatusSet:
    """An agent has asked to be available, on a break or offline."""

    agent_id: str
    status: AgentStatus


@dataclass(frozen=True, slots=True)
class AgentUnheard:
    """Nothing has been heard of an agent for so long that the status is not to be relied on. Agents are taken to be
    heard of until this."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class AgentHeard:
    """An agent of whom nothing was heard is heard of again."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class OriginateVoided:
    """The carrier provably never got the originate: the leg does not and will not exist. ``refused`` says that its
    switch is there, and has not taken it: the trunk may lead nowhere."""

    leg_id: str
    refused: bool = False


@quickly_made
@dataclass(frozen=True, slots=True)
class LegRang:
    """The far end is ringing."""

    leg_id: str


@quickly_made
@dataclass(frozen=True, slots=True)
class LegAnswered:
    """The far end has answered."""

    leg_id: str


@quickly_made
@dataclass(frozen=True, slots=True)
class DetectionEnded:
    """Answering machine detection has come to a result on an answered leg."""

    leg_id: str
    detection: DetectionStatus
    greeting_started_at: Instant | None = None
    greeting_ended_at: Instant | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class LegsBridged:
    """Customer and agent hear each other."""

    customer_leg_id: str
    agent_leg_id: str


@quickly_made
@dataclass(frozen=True, slots=True)
class LegsUnbridged:
    """Customer and agent do not hear each other any more, and both legs are up: it was asked for, or the agent has
    ended the contact and keeps the leg."""

    customer_leg_id: str
    agent_leg_id: str


@quickly_made
@dataclass(frozen=True, slots=True)
class LegEnded:
    """The leg is gone."""

    leg_id: str
    cause: HangupCause


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """A message was played to its end, was broken off, or could not be played. ``heard`` is whether it was played to
    its end."""

    leg_id: str
    play_id: str
    heard: bool = True


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The party of a leg has pressed a key of the telephone: one of 0 to 9, A to D, * and #."""

    leg_id: str
    key: str


@dataclass(frozen=True, slots=True)
class AgentPhoneLost:
    """An agent's phone cannot be rung: the switch has none, it is not registered, or it answers nothing. Phones are
    taken to be there until this. An agent who is not known changes nothing, here and in the next."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class AgentPhoneFound:
    """It can be rung again."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class CodeDialed:
    """An agent has dialed a code on the agent's own phone, which the switch knows by its password."""

    agent_id: str
    keys: str


@dataclass(frozen=True, slots=True)
class BeepHeard:
    """A machine has beeped on an answered leg: what is said from here on it records."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class PutOnHold:
    """The party of this leg has put the other on hold, by the telephone: the other hears music."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class TakenOffHold:
    """The party of this leg has come back to the other."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """What is said on a leg is being recorded."""

    recording_id: str


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """A recording is over: it was asked for, its leg has ended, or it could not be made."""

    recording_id: str


@dataclass(frozen=True, slots=True)
class RecordingWished:
    """Somebody has asked for this of the recording of a contact. What is not possible changes nothing."""

    contact_id: str
    wish: RecordingWish


@quickly_made
@dataclass(frozen=True, slots=True)
class FlowTold:
    """This has happened to a contact whose flow goes on. Of what there is to be known besides, the key or the answer,
    whoever runs the flow knows."""

    contact_id: str
    what: FlowEvent


@dataclass(frozen=True, slots=True)
class TrunksChanged:
    """These are the trunks of the instance, all of them. One that is no more takes no attempt; its legs go on."""

    trunks: tuple[Trunk, ...]


@dataclass(frozen=True, slots=True)
class AttemptsLimited:
    """From here so many attempts per second may be begun, on all trunks together; None is as many as the trunks take.
    It is greater than 0."""

    per_s: float | None


@dataclass(frozen=True, slots=True)
class CarrierLost:
    """The carrier does not answer for a host, or for any where none is named. What its legs do is unknown until
    CarrierFound; the legs on other hosts go on."""

    host: str | None = None


@dataclass(frozen=True, slots=True)
class CarrierFound:
    """The carrier answers again for a host, or for all where none is named, and has these legs of ours there."""

    legs: tuple[LiveLeg, ...]
    host: str | None = None


@dataclass(frozen=True, slots=True)
class ComparisonRequested:
    """It is time to compare our legs with those of the carrier."""


@dataclass(frozen=True, slots=True)
class LegsReported:
    """The answer to ReportLegs: every leg of ours that the carrier has, on a host or on all where none is named."""

    question: int
    legs: tuple[LiveLeg, ...]
    host: str | None = None


@dataclass(frozen=True, slots=True)
class DialingSuspended:
    """This process is about to stop: contacts in progress go on, no attempt is begun any more."""


@dataclass(frozen=True, slots=True)
class RingingCalledOff:
    """This process stops now, and legs outlive it: phones that ring are to ring no more, as nobody would be there for
    who answers. Talks, and whoever else has answered, are left to the next dialer."""


CarrierEvent: TypeAlias = (
    LegRang
    | LegAnswered
    | DetectionEnded
    | BeepHeard
    | KeyPressed
    | AgentPhoneLost
    | AgentPhoneFound
    | CodeDialed
    | LegsBridged
    | LegsUnbridged
    | PutOnHold
    | TakenOffHold
    | PlaybackEnded
    | RecordingStarted
    | RecordingEnded
    | LegEnded
    | LegsReported
    | OriginateVoided
    | CarrierLost
    | CarrierFound
)
"""What a carrier tells."""

Event: TypeAlias = (
    CampaignChanged
    | ContactsRestored
    | SessionsRestored
    | LedgerRestored
    | CallerIdsRestored
    | ContactsOffered
    | RequestsAccepted
    | DueChanged
    | ContactsSwept
    | AttemptRefused
    | ChangesLeftOut
    | ContactsOptedOut
    | AgentRegistered
    | QueueLimited
    | AgentRemoved
    | AgentStatusSet
    | AgentUnheard
    | AgentHeard
    | CarrierEvent
    | RecordingWished
    | FlowTold
    | TrunksChanged
    | AttemptsLimited
    | ComparisonRequested
    | DialingSuspended
    | RingingCalledOff
)
