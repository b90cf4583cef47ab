"""What a turn has come to: changes that must be durable, and deeds that wait for them.

Decides that no deed can be had without saying what the store has refused: a deed names the contact on whose changes it
depends, and is dropped with them. It must not know what a change or a deed means.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from trunkcall.domain.changes import Change
from trunkcall.domain.instants import Instant
from trunkcall.engine.commands import Deed
from trunkcall.engine.contact import Contact
from trunkcall.engine.events import Event
from trunkcall.engine.flow import FlowStepped


class PlannedDeed(NamedTuple):
    """A deed, and the contact whose changes of the same turn it depends on; None where it is done for no contact."""

    deed: Deed
    contact_id: str | None


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

    def deeds_to_do(self, *, refused: Collection[str]) -> Sequence[Deed]:
        """What is to be done, in this order, once the changes are durable: all of them but those of the contacts that
        the store has ``refused``. Before that nothing may be done."""
        return [deed for deed, contact_id in self.deeds if contact_id not in refused]


class Deciding:
    """A turn as it goes on: gathers what the parts of the engine decide."""

    __slots__ = ("changes", "deeds", "steps")

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.deeds: list[PlannedDeed] = []
        self.steps: list[FlowStepped] = []

    def change(self, change: Change) -> None:
        """This must be durable."""
        self.changes.append(change)

    def do(self, deed: Deed, contact: Contact | None = None) -> None:
        """This is to be done then, for this contact."""
        self.deeds.append(PlannedDeed(deed, contact.contact_id if contact is not None else None))

    def decision(self, refused: list[RefusedEvent]) -> Decision:
        """All of it."""
        return Decision(tuple(self.changes), tuple(self.deeds), tuple(self.steps), tuple(refused))
