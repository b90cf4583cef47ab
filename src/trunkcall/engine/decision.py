"""What a turn has come to: changes that must be durable, and deeds that wait for them.

Decides that no deed can be had without saying what the store has refused: a deed names the contact on whose changes it
depends, and is dropped with them. Nor is there one for what is over by the end of the turn. It must not know why
anything was decided.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from trunkcall.domain.changes import Change
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import Instant
from trunkcall.engine.commands import (
    BridgeLegs,
    Deed,
    HangUp,
    Originate,
    OriginateAgentLeg,
    OriginateSessionLeg,
    PlayMessage,
    PlayTone,
    SpeakSafeHarbour,
)
from trunkcall.engine.contact import Contact, Leg
from trunkcall.engine.events import Event
from trunkcall.engine.flow import FlowStepped

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_CONNECTING: Final = ContactState.CONNECTING

PlannedDeed: TypeAlias = tuple[Deed, str | None]
"""A deed, and the contact whose changes of the same turn it depends on; None where it is done for no contact."""


class RefusedEvent(NamedTuple):
    """An event that cannot be, and why, in words. It has changed nothing."""

    event: Event
    at: Instant
    reason: str


class Decision(NamedTuple):
    """One turn. ``steps`` are what flows have decided meanwhile, in the order in which they were asked; ``refused`` are
    events that could not be."""

    changes: tuple[Change, ...] = ()
    deeds: tuple[PlannedDeed, ...] = ()
    steps: tuple[FlowStepped, ...] = ()
    refused: tuple[RefusedEvent, ...] = ()

    def deeds_to_do(self, *, refused: Collection[str], left_out: Collection[str] = ()) -> Sequence[Deed]:
        """What is to be done, in this order, once the changes are durable: all of them but those of the contacts whose
        attempts the store has ``refused``, and of those whose changes it has ``left_out`` what is to be hung up. Before
        that nothing may be done."""
        if not refused and not left_out:
            return [deed for deed, _ in self.deeds]
        return [
            deed
            for deed, contact_id in self.deeds
            if contact_id not in refused and (contact_id not in left_out or isinstance(deed, HangUp))
        ]


NOTHING: Final = Decision()
ALWAYS_DONE: Final = frozenset({Originate, HangUp})
"""Deeds that never come to nothing within their turn."""


class Deciding:
    """Gathers what the parts of the engine decide, turn by turn."""

    __slots__ = ("change", "changes", "deeds", "steps")

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.deeds: list[PlannedDeed] = []
        self.steps: list[FlowStepped] = []
        self.change: Callable[[Change], None] = self.changes.append
        """This must be durable."""

    def do(self, deed: Deed, contact: Contact | None = None) -> None:
        """This is to be done then, for this contact."""
        self.deeds.append((deed, contact.contact_id if contact is not None else None))

    def decision(self, refused: list[RefusedEvent], legs: Mapping[str, Leg]) -> Decision:
        """All of the turn, but deeds that came to nothing, as ``legs`` are by its end. The next turn begins with
        nothing."""
        deeds = self.deeds
        if deeds:
            deeds = [p for p in deeds if type(p[0]) in ALWAYS_DONE or not _came_to_nothing(p[0], legs)]
        elif not (self.changes or self.steps or refused):
            return NOTHING
        decision = Decision(tuple(self.changes), tuple(deeds), tuple(self.steps), tuple(refused))
        self.changes.clear()
        self.deeds.clear()
        self.steps.clear()
        return decision


def _came_to_nothing(deed: Deed, legs: Mapping[str, Leg]) -> bool:
    """Whether the contact has gone on or ended since this was to be done for it: a phone would ring for nobody."""
    match deed:
        case OriginateAgentLeg():
            leg_id, state = deed.leg_id, _CONNECTING
        case BridgeLegs():
            # A session may be another contact's by now.
            leg = legs.get(deed.agent_leg_id)
            contact = leg.contact if leg is not None else None
            return contact is None or contact.leg_id != deed.customer_leg_id or contact.state is not _CONNECTING
        case PlayTone():
            leg = legs.get(deed.leg_id)
            return leg is None or leg.contact is None or leg.contact.state not in (_CONNECTING, ContactState.CONNECTED)
        case PlayMessage():
            # Another message may be the flow's by now, or none.
            leg = legs.get(deed.leg_id)
            return leg is None or leg.contact is None or leg.contact.play_id != deed.play_id
        case SpeakSafeHarbour():
            leg_id, state = deed.leg_id, ContactState.SAFE_HARBOUR
        case OriginateSessionLeg():
            leg = legs.get(deed.leg_id)
            return leg is None or leg.is_to_end
        case _:
            return False
    leg = legs.get(leg_id)
    return leg is None or leg.contact is None or leg.contact.state is not state
