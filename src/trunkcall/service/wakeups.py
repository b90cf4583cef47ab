"""How use cases tell the dialer of the same process that the store holds something new.

Decides nothing: a wake-up is a hint that saves the wait for the dialer's next poll. The store is the truth, so a lost
hint, or a dialer in another process, costs a second and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from trunkcall.domain.directory import Instance


class Wakeups(Protocol):
    """The dialer's ear."""

    def campaigns_changed(self, instance_id: str) -> None: ...

    def requests_accepted(self, instance_id: str, campaign_id: str) -> None: ...

    def due_changed(self, instance_id: str, campaign_id: str) -> None: ...

    def opted_out(self, instance_id: str, number_keys: Collection[int]) -> None:
        """Numbers were put on a do-not-call list, by the keys that ``service.calling.number_key`` gives them."""

    def heed(self, instance: Instance) -> None:
        """What the instance says of its calls has changed: whether they are halted, or switched off."""
