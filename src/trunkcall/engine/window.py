"""The bounded part of a campaign's backlog that the engine holds: contacts in order of acceptance.

Decides which waiting contact is next, when more are wanted from the store, and which have expired. It must not know why
a contact is dialed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from trunkcall.domain.instants import Instant
from trunkcall.engine.events import OfferedContact


class Window:
    """Waiting contacts of one campaign."""

    __slots__ = (
        "_by_expiry",
        "_contacts",
        "_more",
        "_order",
        "after_sequence",
        "exhausted",
        "refill_pending",
        "size",
        "touched",
    )

    def __init__(self, size: int) -> None:
        self.size = size
        self.touched = True
        """Whether it is to be seen to: it may want more contacts, or have another next expiry."""
        self.after_sequence = 0
        self.exhausted = False
        self.refill_pending = False
        self._more = False
        self._order: deque[str] = deque()
        self._contacts: dict[str, OfferedContact] = {}
        self._by_expiry: list[tuple[Instant, int, str]] = []

    def __len__(self) -> int:
        return len(self._contacts)

    def __iter__(self) -> Iterator[str]:
        """The ids of the contacts, the next one first."""
        return iter(dict.fromkeys(contact_id for contact_id in self._order if contact_id in self._contacts))

    @property
    def wants_refill(self) -> bool:
        """Whether the store should be asked for more: at half its size, so that dialing never waits for the store."""
        return not self.refill_pending and not self.exhausted and len(self._contacts) * 2 <= self.size

    @property
    def refill_limit(self) -> int:
        return self.size - len(self._contacts)

    def offer(self, contacts: Iterable[OfferedContact], *, exhausted: bool) -> None:
        """Take what the store has offered."""
        self.touched = True
        self.refill_pending = False
        self.exhausted = exhausted and not self._more
        self._more = False
        for contact in contacts:
            self.after_sequence = max(self.after_sequence, contact.sequence)
            self._add(contact)
            self._order.append(contact.contact_id)
        self._tidy()

    def more_accepted(self) -> None:
        """The store holds contacts that it did not hold before; an answer under way may not have seen them."""
        self.touched = True
        self.exhausted = False
        self._more = self.refill_pending

    def put_back(self, contact: OfferedContact) -> None:
        """Give a contact whose attempt was void its place in the order of acceptance again."""
        self.touched = True
        earlier = []
        while self._order:
            ahead = self._contacts.get(self._order[0])
            if ahead is not None and ahead.sequence > contact.sequence:
                break
            self._order.popleft()
            if ahead is not None:
                earlier.append(ahead.contact_id)
        self._add(contact)
        self._order.appendleft(contact.contact_id)
        self._order.extendleft(reversed(earlier))

    def take(self) -> OfferedContact | None:
        """The next contact, removed from the window."""
        self.touched = True
        while self._order:
            contact = self._contacts.pop(self._order.popleft(), None)
            if contact is not None:
                return contact
        return None

    def discard(self, contact_id: str) -> None:
        """Forget a contact that no longer waits."""
        self.touched = True
        self._contacts.pop(contact_id, None)

    def clear(self) -> None:
        """Forget everything and ask for nothing more: the campaign is over."""
        self.touched = True
        self._contacts.clear()
        self._order.clear()
        self._by_expiry.clear()
        self.exhausted = True

    @property
    def next_expiry_at(self) -> Instant | None:
        """When the next contact of the window expires."""
        while self._by_expiry and self._by_expiry[0][2] not in self._contacts:
            heappop(self._by_expiry)
        return self._by_expiry[0][0] if self._by_expiry else None

    def expire(self, now: Instant) -> list[OfferedContact]:
        """Remove and return the contacts whose expiry has come."""
        self.touched = True
        expired = []
        while (at := self.next_expiry_at) is not None and at <= now:
            expired.append(self._contacts.pop(heappop(self._by_expiry)[2]))
        return expired

    def _tidy(self) -> None:
        """Let go of what was kept of contacts that are no longer here, before it outgrows the window."""
        most = 2 * (len(self._contacts) + self.size)
        if len(self._order) > most:
            self._order = deque(contact_id for contact_id in self._order if contact_id in self._contacts)
        if len(self._by_expiry) > most:
            self._by_expiry = [(c.expires_at, c.sequence, c.contact_id) for c in self._contacts.values()]
            heapify(self._by_expiry)

    def _add(self, contact: OfferedContact) -> None:
        self._contacts[contact.contact_id] = contact
        heappush(self._by_expiry, (contact.expires_at, contact.sequence, contact.contact_id))
