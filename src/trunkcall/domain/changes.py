"""What the engine has decided about contacts and what must be durable before the carrier acts on it.

Decides the set of changes that a dialer may make to the records of contacts. It must not know how they are stored. All
of them belong to the owner of the instance's lease; a store refuses them from anybody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from trunkcall.domain.clearance import Hold, Prohibition
from trunkcall.domain.contact import DetectionStatus, DisconnectReason, Disposition
from trunkcall.domain.flow import Taken
from trunkcall.domain.instants import Instant
from trunkcall.domain.recording import Recording
from trunkcall.domain.values import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True)
class AttemptBegun:
    """The one attempt on a waiting contact. Refused unless the contact still waits, its campaign is Running, its expiry
    has not come and it is due."""

    contact_id: str
    campaign_id: str
    leg_id: str
    at: Instant
    trunk_id: str
    caller_id: str | None


@dataclass(frozen=True, slots=True)
class AttemptVoided:
    """The originate provably never left: the contact waits again as if it had not been attempted. Somebody who was
    forgotten meanwhile does not: the contact expires."""

    contact_id: str
    campaign_id: str
    at: Instant


@quickly_made
@dataclass(frozen=True, slots=True)
class ContactAnswered:
    """Somebody or something took the call."""

    contact_id: str
    at: Instant
    ring_started_at: Instant | None


@quickly_made
@dataclass(frozen=True, slots=True)
class ContactDetected:
    """Answering machine detection has ended; ``detection`` is None when it was off."""

    contact_id: str
    at: Instant
    detection: DetectionStatus | None
    greeting_started_at: Instant | None = None
    greeting_ended_at: Instant | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class ContactQueued:
    """The flow has handed the live answer to its queue."""

    contact_id: str
    queue_id: str
    at: Instant


@quickly_made
@dataclass(frozen=True, slots=True)
class ContactConnecting:
    """An agent was chosen and the agent's leg is being made."""

    contact_id: str
    agent_id: str
    leg_id: str
    at: Instant


@dataclass(frozen=True, slots=True)
class ContactRequeued:
    """The agent chosen did not come to the phone: the contact is back in its queue."""

    contact_id: str
    at: Instant


@quickly_made
@dataclass(frozen=True, slots=True)
class ContactConnected:
    """Customer and agent hear each other."""

    contact_id: str
    agent_id: str
    at: Instant


@quickly_made
@dataclass(frozen=True, slots=True)
class ContactAbandoned:
    """No agent came within the limit, or the queue was full. The contact may go on waiting, or end by a change of its
    own."""

    contact_id: str
    at: Instant


@dataclass(frozen=True, slots=True)
class SafeHarbourBegun:
    """No agent came within the limit, or the queue was full: the contact is in no queue any more, and hears the
    campaign's safe-harbour message."""

    contact_id: str
    at: Instant


@quickly_made
@dataclass(frozen=True, slots=True)
class ContactEnded:
    """The contact is over. ``detection`` is the status of a contact that was never answered, None where detection was
    off or has been recorded already. ``unheard``: the safe-harbour message that was begun could not be played to its
    end, so none counts as heard."""

    contact_id: str
    campaign_id: str
    at: Instant
    disposition: Disposition
    disconnect_reason: DisconnectReason
    detection: DetectionStatus | None = None
    ring_started_at: Instant | None = None
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class ContactExpired:
    """A waiting contact was not dialed in time. Ignored by the store if the contact no longer waits."""

    contact_id: str
    campaign_id: str
    at: Instant


@dataclass(frozen=True, slots=True)
class ContactHeld:
    """The calling gate holds a waiting contact back: it is not dialed before ``hold.until``. Ignored by the store if
    the contact no longer waits."""

    contact_id: str
    campaign_id: str
    hold: Hold
    at: Instant


@dataclass(frozen=True, slots=True)
class ContactForbidden:
    """The calling gate does not let a waiting contact be dialed at all: it ends without an attempt. Ignored by the
    store if the contact no longer waits."""

    contact_id: str
    campaign_id: str
    prohibition: Prohibition
    at: Instant


@quickly_made
@dataclass(frozen=True, slots=True)
class AfterContactWorkEnded:
    """The agent has finished with the contact."""

    contact_id: str
    at: Instant


@dataclass(frozen=True, slots=True)
class AgentDispositionChosen:
    """The agent has said, working on it, what came of the contact; the latest word counts."""

    contact_id: str
    disposition: str
    at: Instant


@dataclass(frozen=True, slots=True)
class ContactRecorded:
    """These are the recordings of the contact, all that there are, oldest first; the latest word counts."""

    contact_id: str
    recordings: tuple[Recording, ...]
    at: Instant


@dataclass(frozen=True, slots=True)
class CustomerPutOnHold:
    """The agent has put the customer on hold, by the telephone. A hold that goes on ends with the contact."""

    contact_id: str
    at: Instant


@dataclass(frozen=True, slots=True)
class CustomerTakenOffHold:
    """The agent has come back to the customer; without a hold it is nothing."""

    contact_id: str
    at: Instant


@quickly_made
@dataclass(frozen=True, slots=True)
class FlowProgressed:
    """The contact's flow has gone on. ``progress`` is what the next owner goes on by (``flows.keeping``), None where
    the flow is over; ``taken`` are the actions that were left since the last word of it, ``attributes`` those that were
    set since, over those that there are, None where none were. It may be told of a contact that has ended by then, of
    which there is no progress. Nothing personal is noted of whoever was forgotten meanwhile."""

    contact_id: str
    at: Instant
    progress: str | None = field(default=None, repr=False)
    taken: tuple[Taken, ...] = ()
    attributes: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ContactSetAside:
    """The contact was in progress when its dialer went away, and cannot be taken over. ``sequence`` names it: its id
    may be what is wrong with it."""

    contact_id: str
    sequence: int
    at: Instant


@dataclass(frozen=True, slots=True)
class SessionBegun:
    """The agent's phone is rung, and its leg is to stay up from one contact to the next: the agent's only session."""

    agent_id: str
    leg_id: str
    host: str
    at: Instant


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The agent's session on this leg is over."""

    agent_id: str
    leg_id: str
    at: Instant


@quickly_made
@dataclass(frozen=True, slots=True)
class LedgerCounted:
    """So many live answers and abandonments more in a campaign's ledger, at this instant."""

    campaign_id: str
    at: Instant
    live_answers: int
    abandoned: int


ContactChange: TypeAlias = (
    AttemptBegun
    | AttemptVoided
    | ContactAnswered
    | ContactDetected
    | ContactQueued
    | ContactConnecting
    | ContactRequeued
    | ContactConnected
    | ContactAbandoned
    | SafeHarbourBegun
    | ContactEnded
    | ContactExpired
    | ContactHeld
    | ContactForbidden
    | AfterContactWorkEnded
    | AgentDispositionChosen
    | ContactRecorded
    | CustomerPutOnHold
    | CustomerTakenOffHold
    | FlowProgressed
)
"""Changes of one contact's record."""
Change: TypeAlias = ContactChange | ContactSetAside | SessionBegun | SessionEnded | LedgerCounted


class Refusal(StrEnum):
    """Why the store refused an attempt."""

    NOT_WAITING = "NotWaiting"
    """It was dialed, expired or erased meanwhile."""
    CAMPAIGN_NOT_RUNNING = "CampaignNotRunning"
    EXPIRED = "Expired"
    NOT_DUE = "NotDue"
    """It waits, but is not to be dialed before a later instant."""
    HALTED = "Halted"
    """Nothing is originated for the instance: it is halted, or makes no outbound calls. The contact waits on."""
    POLICY_CHANGED = "PolicyChanged"
    """It was cleared under a calling policy that is not the one of today, before a do-not-call list was made, or for
    its campaign as it was before a change, of the tag that names a policy or another. The contact waits on."""
    HELD = "Held"
    """A limit of the calling policy is reached: it waits on, due later, and its record says why."""
    FORBIDDEN = "Forbidden"
    """It may not be dialed, and has ended as such."""
    DO_NOT_CALL = "DoNotCall"
    """It is on a do-not-call list, and has ended as such."""

    @property
    def waits_in_window(self) -> bool:
        """Whether the contact is as it was, and only its campaign cannot dial at the moment."""
        return self in (Refusal.CAMPAIGN_NOT_RUNNING, Refusal.HALTED, Refusal.POLICY_CHANGED)

    @property
    def disposition(self) -> Disposition | None:
        """How the contact was ended in refusing it; None if it was not."""
        match self:
            case Refusal.FORBIDDEN:
                return Disposition.NOT_ALLOWED
            case Refusal.DO_NOT_CALL:
                return Disposition.DO_NOT_CALL
            case _:
                return None


def refused_as(prohibition: Prohibition) -> Refusal:
    """How an attempt is refused that is forbidden."""
    return Refusal.DO_NOT_CALL if prohibition is Prohibition.DO_NOT_CALL else Refusal.FORBIDDEN
