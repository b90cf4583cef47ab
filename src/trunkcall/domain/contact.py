"""Contacts: what becomes of a dial request once it is accepted.

Decides the vocabulary of contacts: states, dispositions, and the names that Amazon Connect's contact records use for
them. It must not know how a contact is dialed or stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trunkcall.domain.clearance import Cleared, Hold, Prohibition
from trunkcall.domain.customer_holds import CustomerHolds
from trunkcall.domain.flow import Taken
from trunkcall.domain.instants import Instant
from trunkcall.domain.recording import Recording
from trunkcall.domain.values import quickly_made


class ContactState(StrEnum):
    """Where a contact is in its life. The table of transitions is ``trunkcall.domain.transitions``."""

    WAITING = "Waiting"
    DIALING = "Dialing"
    ANSWERED = "Answered"
    IN_FLOW = "InFlow"
    QUEUED = "Queued"
    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    SAFE_HARBOUR = "SafeHarbour"
    """It hears the message for those whom no agent has reached in time."""
    ENDED = "Ended"


class DetectionStatus(StrEnum):
    """AnsweringMachineDetectionStatus of an Amazon Connect contact record."""

    HUMAN_ANSWERED = "HUMAN_ANSWERED"
    VOICEMAIL_BEEP = "VOICEMAIL_BEEP"
    VOICEMAIL_NO_BEEP = "VOICEMAIL_NO_BEEP"
    AMD_UNANSWERED = "AMD_UNANSWERED"
    AMD_UNRESOLVED = "AMD_UNRESOLVED"
    AMD_UNRESOLVED_SILENCE = "AMD_UNRESOLVED_SILENCE"
    AMD_NOT_APPLICABLE = "AMD_NOT_APPLICABLE"
    SIT_TONE_BUSY = "SIT_TONE_BUSY"
    SIT_TONE_INVALID_NUMBER = "SIT_TONE_INVALID_NUMBER"
    SIT_TONE_DETECTED = "SIT_TONE_DETECTED"
    FAX_MACHINE_DETECTED = "FAX_MACHINE_DETECTED"
    AMD_ERROR = "AMD_ERROR"


LIVE_DETECTIONS = frozenset(
    {
        None,
        DetectionStatus.HUMAN_ANSWERED,
        DetectionStatus.AMD_UNRESOLVED,
        DetectionStatus.AMD_UNRESOLVED_SILENCE,
        DetectionStatus.AMD_ERROR,
    }
)
"""Detection results that are treated as a live answer. None is an answer with detection off. An undecided answer is
treated as answered, as Amazon's best practices advise, and so is one whose detection failed; both count in the ledger:
somebody may be there."""


class DisconnectReason(StrEnum):
    """DisconnectReason of an Amazon Connect contact record."""

    TELECOM_BUSY = "TELECOM_BUSY"
    TELECOM_NUMBER_INVALID = "TELECOM_NUMBER_INVALID"
    TELECOM_POTENTIAL_BLOCKING = "TELECOM_POTENTIAL_BLOCKING"
    TELECOM_UNANSWERED = "TELECOM_UNANSWERED"
    TELECOM_TIMEOUT = "TELECOM_TIMEOUT"
    TELECOM_PROBLEM = "TELECOM_PROBLEM"
    CUSTOMER_DISCONNECT = "CUSTOMER_DISCONNECT"
    AGENT_DISCONNECT = "AGENT_DISCONNECT"
    CONTACT_FLOW_DISCONNECT = "CONTACT_FLOW_DISCONNECT"
    OTHER = "OTHER"
    OUTBOUND_DESTINATION_ENDPOINT_ERROR = "OUTBOUND_DESTINATION_ENDPOINT_ERROR"
    OUTBOUND_RESOURCE_ERROR = "OUTBOUND_RESOURCE_ERROR"
    OUTBOUND_ATTEMPT_FAILED = "OUTBOUND_ATTEMPT_FAILED"
    EXPIRED = "EXPIRED"


class Disposition(StrEnum):
    """How a contact ended, in the words of a contact centre. Every ended contact has exactly one."""

    CONNECTED_TO_AGENT = "connected_to_agent"
    ABANDONED = "abandoned"
    """A live answer that no agent reached within the limit."""
    MESSAGE_PLAYED = "message_played"
    """A live answer that the flow dealt with and ended, as agentless campaigns do."""
    CUSTOMER_HUNG_UP = "customer_hung_up"
    """Answered and hung up again before it was known to be a live answer, or during the flow's message."""
    VOICEMAIL = "voicemail"
    FAX = "fax"
    BUSY = "busy"
    INVALID_NUMBER = "invalid_number"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    NETWORK_FAILURE = "network_failure"
    ATTEMPT_FAILED = "attempt_failed"
    """The attempt's fate is unknown, or the dialer could not carry it out."""
    EXPIRED = "expired"
    """Never dialed: its expirationTime passed, or its campaign was stopped or deleted."""
    NOT_ALLOWED = "not_allowed"
    """Never dialed: the calling policy does not let the number be called, or by no number that there is to show."""
    DO_NOT_CALL = "do_not_call"
    """Never dialed: the number is on a do-not-call list."""


NEVER_DIALED = frozenset({Disposition.EXPIRED, Disposition.NOT_ALLOWED, Disposition.DO_NOT_CALL})
"""Dispositions of contacts that ended without an attempt."""


FORBIDDEN_REASON = DisconnectReason.OUTBOUND_DESTINATION_ENDPOINT_ERROR
"""Of contacts that the calling gate forbids: "current configuration doesn't allow this destination to be dialed"."""


def forbidden_as(prohibition: Prohibition) -> Disposition:
    """How a contact ends that the calling gate forbids."""
    return Disposition.DO_NOT_CALL if prohibition is Prohibition.DO_NOT_CALL else Disposition.NOT_ALLOWED


UNANSWERED_DISPOSITIONS = frozenset(
    {
        Disposition.BUSY,
        Disposition.NO_ANSWER,
        Disposition.REJECTED,
        Disposition.NETWORK_FAILURE,
        Disposition.ATTEMPT_FAILED,
        Disposition.EXPIRED,
    }
)
"""Dispositions after which it makes sense to submit the number again, with a new client token."""


@quickly_made
@dataclass(frozen=True, slots=True)
class DialRequest:
    """One item of PutDialRequestBatch that has passed every check, or a later attempt at the same person.

    ``phone_number`` is E.164. ``attributes`` are the caller's; both are personal data and never leave the store but for
    the carrier and the flow. It is not dialed before ``due_at``; 0 is at once, whatever an instance's clock says. A
    later attempt is a contact of its own: it has ``previous_contact_id`` and no client token, so it is always new.
    ``time_zone`` is the IANA name that the request gives for the called party, None where it gives none. With a
    ``hold`` it is not dialed before that ends either; ``due_at`` is when it would be due without.
    """

    contact_id: str
    client_token: str | None
    phone_number: str
    expires_at: Instant
    attributes: Mapping[str, str]
    due_at: Instant = 0
    previous_contact_id: str | None = None
    time_zone: str | None = None
    hold: Hold | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class WaitingContact:
    """A contact of the backlog, as the dialer takes it into its window. ``sequence`` is the order of acceptance; it is
    not dialed before ``due_at``. ``time_zone`` is that of its request."""

    contact_id: str
    campaign_id: str
    sequence: int
    expires_at: Instant
    client_token: str | None
    phone_number: str
    due_at: Instant = 0
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class LiveContact:
    """A contact that was in progress when its dialer went away. Nothing in it is personal. ``leg_id`` is the customer's
    leg; ``detection`` is None where it was off or has not ended."""

    contact_id: str
    campaign_id: str
    sequence: int
    expires_at: Instant
    state: ContactState
    leg_id: str
    attempted_at: Instant
    ring_started_at: Instant | None = None
    answered_at: Instant | None = None
    detection: DetectionStatus | None = None
    greeting_ended_at: Instant | None = None
    queued_at: Instant | None = None
    agent_id: str | None = None
    agent_leg_id: str | None = None
    abandoned: bool = False
    trunk_id: str | None = None
    """Over which it was dialed; None of an attempt of a version that did not note it."""
    safe_harbour_at: Instant | None = None
    """When its safe-harbour message began."""
    recordings: tuple[Recording, ...] = ()
    queue_id: str | None = None
    """In which it waits, or has waited last."""


@dataclass(frozen=True, slots=True)
class CalledContact:
    """What a flow may look up of a contact in progress, all of it personal. ``phone_number`` is empty once it was
    erased. ``flow_attributes`` are those that were set since, over the others; ``flow_progress`` is where it stands
    in its flow (``FlowProgressed``), None where it is in none; ``flow_actions`` is how many actions are on record."""

    contact_id: str
    campaign_id: str
    phone_number: str = field(repr=False)
    source_phone_number: str | None
    attributes: Mapping[str, str] = field(repr=False)
    flow_attributes: Mapping[str, str] | None = field(default=None, repr=False)
    flow_progress: str | None = field(default=None, repr=False)
    flow_actions: int = 0


class Damage(StrEnum):
    """Why a contact is set aside: it is never dialed, and not in exports, until somebody ends it."""

    NOT_AS_ACCEPTED = "NotAsAccepted"
    """Its id, client token, number, expiry or attributes are not those that were accepted."""
    UNREADABLE = "Unreadable"
    """It holds what was never written: an unknown state, attributes that are no JSON, a campaign that there never
    was."""
    MISPLACED = "Misplaced"
    """The store's indexes have it at another place than it says itself."""
    NOT_TAKEN_OVER = "NotTakenOver"
    """It was in progress when its dialer went away, in a way that no other dialer could take over."""


@dataclass(frozen=True, slots=True)
class QuarantinedContact:
    """A contact that is set aside. ``contact_id`` may be what is damaged; ``sequence`` names it for sure.
    ``campaign_id`` and ``state`` are None where nobody can tell."""

    sequence: int
    contact_id: str
    campaign_id: str | None
    damage: Damage
    state: ContactState | None
    waiting: bool
    """Whether it waited to be dialed."""


@quickly_made
@dataclass(frozen=True, slots=True)
class ContactRecord:
    """Everything that is known of one contact. Instants are None until the thing has happened."""

    contact_id: str
    campaign_id: str
    instance_id: str
    client_token: str | None
    phone_number: str
    attributes: Mapping[str, str]
    state: ContactState
    accepted_at: Instant
    expires_at: Instant
    updated_at: Instant
    source_phone_number: str | None = None
    queue_id: str | None = None
    attempts: int = 0
    attempted_at: Instant | None = None
    ring_started_at: Instant | None = None
    answered_at: Instant | None = None
    detection: DetectionStatus | None = None
    greeting_started_at: Instant | None = None
    greeting_ended_at: Instant | None = None
    queued_at: Instant | None = None
    agent_id: str | None = None
    connected_to_agent_at: Instant | None = None
    abandoned: bool = False
    ended_at: Instant | None = None
    disposition: Disposition | None = None
    disconnect_reason: DisconnectReason | None = None
    after_contact_work_ended_at: Instant | None = None
    due_at: Instant = 0
    previous_contact_id: str | None = None
    trunk_id: str | None = None
    safe_harbour_at: Instant | None = None
    time_zone: str | None = None
    hold: Hold | None = None
    """Why it was held back last; it may have been dialed since."""
    clearance: Cleared | None = None
    """What it was dialed under, or why it was forbidden."""
    agent_disposition: str | None = None
    """What the agent has said that came of it."""
    recordings: tuple[Recording, ...] = ()
    """Oldest first."""
    recordings_deleted_at: Instant | None = None
    """When what was recorded was deleted."""
    customer_holds: CustomerHolds = ()
    """When its customer was on hold."""
    flow_trail: tuple[Taken, ...] = ()
    """The actions of flows that it has been through, by which branch each was left, in their order."""
    flow_attributes: Mapping[str, str] | None = None
    """Attributes that were set since, by its flow or by a program, over those that it came with; None where there are
    none."""

    @property
    def all_attributes(self) -> dict[str, str]:
        """Those that it came with, and over them those that were set since."""
        return {**self.attributes, **(self.flow_attributes or {})}
