"""What a flow looks up at once: the port to whatever is around a contact.

Decides what may be asked. What takes its time is no question but an order (``progress.Ask``).
"""

from __future__ import annotations

from typing import Protocol

from trunkcall.flows.document import Flow
from trunkcall.flows.references import Path


class Surroundings(Protocol):
    """They raise nothing, and but for ``percent`` are the same however often they are asked within a step."""

    def flow(self, flow_id: str) -> Flow | None:
        """The flow of this id or ARN; None if there is none that can be run."""

    def queue(self, queue_id: str) -> str | None:
        """The queue of this id or ARN, by its id; None if there is none."""

    def is_open(self, hours_id: str | None, queue_id: str | None) -> bool | None:
        """Whether these hours, or those of the queue (None: the campaign's), are open; None if there are none."""

    def metric(self, name: str, queue_id: str | None) -> int | None:
        """How many agents or contacts the queue has, or how many seconds its first one waits; None if nobody knows."""

    def value(self, path: Path, queue_id: str | None) -> str | None:
        """A value that is not the flow's own: of contact, customer, agent or queue (None: the campaign's). None if
        there is none."""

    def number(self, keys: str, country: str | None) -> str | None:
        """The phone number of these keys as E.164: of a country by its two letters, or with its code; None if it is
        none."""

    def percent(self) -> int:
        """A number by chance, from 1 to 100: another one each time, of which a step may need several."""
