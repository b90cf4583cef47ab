"""A contact in progress and the legs it has, as the engine keeps them in memory.

Decides nothing; it holds what the rest of the engine decides about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trunkcall.domain.contact import ContactState, DetectionStatus
from trunkcall.domain.flow import FlowHook
from trunkcall.domain.instants import Duration, Instant
from trunkcall.domain.leg import LegParty, LegState
from trunkcall.domain.recording import Recording
from trunkcall.domain.values import quickly_made
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.events import OfferedContact

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_IN_FLOW: Final = ContactState.IN_FLOW
_WAITING: Final = ContactState.WAITING
_ORIGINATING: Final = LegState.ORIGINATING

NORMAL_PRIORITY: Final = 5
"""Of a contact in its queue, as Amazon Connect has it where a flow says nothing else."""


class Contact:
    """One contact from its attempt to its end."""

    __slots__ = (
        "abandoned",
        "adjustment",
        "agent_id",
        "agent_leg_id",
        "answered_at",
        "attempted_at",
        "beeps",
        "caller_id",
        "caller_id_day",
        "campaign",
        "contact_id",
        "detection",
        "detects_machines",
        "flow_begun",
        "flow_ended",
        "flow_goes_on",
        "flow_until",
        "hold",
        "hook",
        "hooks",
        "host",
        "joined_at",
        "leg_id",
        "live",
        "live_at",
        "moves",
        "music",
        "offered",
        "play_id",
        "played_at",
        "plays",
        "priority",
        "queue_id",
        "queued_at",
        "queued_until",
        "recording",
        "reserved_agent_id",
        "restored",
        "ring_started_at",
        "ring_timeout",
        "says_to",
        "state",
        "trunk_id",
        "unheard",
        "whispers",
        "with_tone",
    )

    def __init__(
        self,
        offered: OfferedContact,
        campaign: CampaignDialing,
        leg_id: str,
        trunk_id: str,
        host: str | None,
        now: Instant,
    ) -> None:
        self.contact_id = offered.contact_id
        self.offered = offered
        self.campaign = campaign
        self.leg_id = leg_id
        self.trunk_id = trunk_id
        """On which its customer was dialed."""
        self.host = host
        """On which its legs are; None until it is known."""
        self.caller_id = campaign.settings.caller_id
        """The number that it is shown, as far as is known."""
        self.caller_id_day: Instant | None = None
        """When the day began in which that is counted; None if it is not, or no more to be taken back."""
        self.state = _WAITING
        self.attempted_at = now
        self.ring_started_at: Instant | None = None
        self.answered_at: Instant | None = None
        # What the carrier was asked for with the attempt, whatever the campaign is changed to.
        self.detects_machines = campaign.settings.detects_machines
        self.ring_timeout = campaign.settings.ring_timeout
        self.detection: DetectionStatus | None = None
        self.live = False
        """Whether it is a live answer, a matter of the ledger."""
        self.live_at: Instant = 0
        """When the abandonment clock started."""
        self.queued_at: Instant = 0
        """Since when it has been in its queue, or rung agents in vain."""
        self.queued_until: Instant = 0
        """When it has waited for an agent for as long as anybody may."""
        self.abandoned = False
        self.flow_ended = False
        """Whether it was the flow that had the customer's leg hung up."""
        self.unheard = False
        """Whether the last message of its flow, or the safe-harbour message, could not be played to its end."""
        self.flow_begun = False
        self.flow_goes_on = False
        """Whether its flow wants to be told what happens."""
        self.flow_until: Instant | None = None
        """How long its flow waits for that."""
        self.hooks: tuple[FlowHook, ...] = ()
        """When it has a flow beside its own."""
        self.hook: FlowHook | None = None
        """Of the flow that goes on, or was the last to; None: its own."""
        self.moves = 0
        """How often it was moved from one queue to another."""
        self.whispers = False
        """Whether customer and agent are on the line and not joined yet, since there are whispers."""
        self.says_to: str | None = None
        """The agent's leg, while the flow that goes on is heard there; None: the customer's."""
        self.music: str | None = None
        """What is played to the customer meanwhile."""
        self.hold: FlowHook | None = None
        """Which of those who talk is on hold, by the flow that there may be for it; None: nobody."""
        self.joined_at: Instant = 0
        """When the carrier was asked to join customer and agent after whispers."""
        self.with_tone = False
        """Whether the agent hears a tone then."""
        self.beeps = 0
        """How often a machine has beeped while something was said to it."""
        self.play_id: str | None = None
        """What is being played to it."""
        self.played_at: Instant = 0
        """When that, or the last before it, was begun, and how many others were at that instant."""
        self.plays = 0
        self.queue_id: str | None = None
        """The queue that it is in, or was last; None of one that has been in none."""
        self.priority = NORMAL_PRIORITY
        """In its queue: the lower the sooner."""
        self.adjustment: Duration = 0
        """For how much longer it counts as waiting there than it has."""
        self.agent_id: str | None = None
        self.agent_leg_id: str | None = None
        self.reserved_agent_id: str | None = None
        self.recording: RecordingOfContact | None = None
        """None where nobody has asked for one."""
        self.restored = False
        """Whether a former dialer began its attempt."""

    @property
    def rank(self) -> tuple[int, Instant]:
        """Whoever has a lower one in the same queue comes sooner."""
        return self.priority, self.queued_at - self.adjustment

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is in another queue than its campaign's, for whose agents that is not dialed."""
        return self.queue_id is not None and self.queue_id != self.campaign.agent_queue_id

    @property
    def is_given_up(self) -> bool:
        """Whether its flow goes on though the queue was full, so that no agent is kept for it."""
        return self.abandoned and self.state is _IN_FLOW

    def new_play_id(self, now: Instant) -> str:
        """The id of a message that is to begin now, and that no other of its leg has."""
        self.plays = self.plays + 1 if now == self.played_at else 0
        self.played_at = now
        return play_id(self.leg_id, now) + (f"-{self.plays}" if self.plays else "")


@dataclass(slots=True)
class RecordingOfContact:
    """How far the recording of a contact is."""

    recordings: tuple[Recording, ...] = ()
    wanted: bool = True
    """Whether what was said is to be recorded: nobody has asked that it be not, nor is there a reason not to."""
    suspended: bool = False
    announcement: str | None = None
    """The play id of what the customer is told before."""
    announced: bool = False
    doubted: bool = False
    """Whether a former dialer had it begun, and the carrier has not yet told of it."""


@quickly_made
@dataclass(frozen=True, slots=True)
class LineUse:
    """Since when a customer's leg has held a line for a campaign."""

    campaign: CampaignDialing
    since: Instant


class Leg:
    """One leg that the carrier has or was asked for. ``contact`` is None of a session between two contacts, and of a
    leg of which only the end is awaited."""

    __slots__ = (
        "contact",
        "doubted",
        "holds",
        "host",
        "leg_id",
        "line",
        "line_of",
        "party",
        "session_of",
        "state",
        "trunk_id",
        "up_since",
    )

    def __init__(
        self, leg_id: str, party: LegParty, contact: Contact | None, host: str | None, trunk_id: str | None = None
    ) -> None:
        self.leg_id = leg_id
        self.party = party
        self.contact = contact
        self.host = host
        """Where it is; None until it is known."""
        self.trunk_id = trunk_id
        """On which its contact's customer was dialed; None of one that was made for no contact."""
        self.session_of: str | None = None
        """The agent whose session it is: it stays up when its contact ends."""
        self.up_since: Instant | None = None
        """Of a session, since when this engine has known that it is up."""
        self.state = _ORIGINATING
        self.line: LineUse | None = None
        """None of one that a former dialer began, and of an agent's."""
        self.line_of: str | None = None
        """The trunk of which it holds a line; None where it holds none."""
        self.holds: bool | None = False
        """Whether its party has put the other on hold; None of one that a former dialer began, until it is told."""
        self.doubted = False
        """Whether the carrier was asked, before it was to be given up, if it is bridged."""

    @property
    def is_to_end(self) -> bool:
        """Whether nothing but its end is awaited."""
        return self.contact is None and self.session_of is None


def play_id(leg_id: str, begun_at: Instant) -> str:
    """The id of the first message that begins on the leg at this instant: a leg hears one at a time, so it needs no id
    that is an input of the turn."""
    return f"{leg_id}-{begun_at}"
