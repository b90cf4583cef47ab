"""The bounded part of a campaign's backlog that the engine holds: contacts that are due, in the order (due, accepted).

Decides which contact is next, when more are wanted from the store, and which have expired. Contacts that may leave on
the same trunks with the same numbers are in one lane, so that those who can leave nowhere at a moment are passed over
at once, however many they are. A contact is here or is not: where an attempt on it began or was refused, nothing of it
is kept but when it is due. It must not know why a contact is dialed, nor which trunk takes an attempt.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import pairwise

from trunkcall.domain.instants import Instant
from trunkcall.engine.events import ANYWHERE, OfferedContact, Way


class Window:
    """Waiting contacts of one campaign that may be dialed."""

    __slots__ = (
        "_anew",
        "_asked_for",
        "_by_expiry",
        "_contacts",
        "_fewer",
        "_lanes",
        "_learned_due_at",
        "_more",
        "_tell",
        "exhausted",
        "next_due_at",
        "refill_pending",
        "restricted",
        "size",
        "touched",
    )

    def __init__(self, size: int, tell: Callable[[], None] = lambda: None) -> None:
        """``tell`` is called whenever it is to be seen to and was not."""
        self.size = size
        self._tell = tell
        self.touched = False
        """Whether it is to be seen to: it may want more contacts, or be waiting for another instant."""
        self.exhausted = False
        """Whether the store has none that are due and not here."""
        self.next_due_at: Instant | None = None
        """When the first is due of those that the store has besides; None if there is none, or nobody has looked."""
        self.refill_pending = False
        self._asked_for = 0
        self._more = False
        """Whether the answer under way may lack something."""
        self._anew = False
        """Whether the answer under way is of no use."""
        self._learned_due_at: Instant | None = None
        """What the answer under way may not know."""
        self._lanes: dict[Way, deque[OfferedContact]] = {}
        """In order, with some that are not here any more."""
        self._fewer = False
        """Whether there may be lanes with nobody in them."""
        self.restricted = False
        """Whether any of those who are here may not leave on every trunk that there is."""
        self._contacts: dict[str, OfferedContact] = {}
        self._by_expiry: deque[tuple[Instant, int, str]] = deque()
        """In order, with some that are not here any more. Mostly whoever expires first is dialed first: a heap costs
        more."""

    def touch(self) -> None:
        """It is to be seen to."""
        if not self.touched:
            self.touched = True
            self._tell()

    def __len__(self) -> int:
        return len(self._contacts)

    def __iter__(self) -> Iterator[str]:
        """The ids of the contacts, the next one first."""
        return iter([contact.contact_id for contact in sorted(self._contacts.values(), key=_place)])

    # --- what the store has -------------------------------------------------------------------------------------------

    @property
    def wants_refill(self) -> bool:
        """Whether the store should be asked for more: at half its size, so that dialing never waits for the store."""
        return not self.refill_pending and not self.exhausted and len(self._contacts) * 2 <= self.size

    def ask(self) -> tuple[int, tuple[int, ...]]:
        """The store is about to be asked: for how many, and the sequences of those that are here."""
        self.refill_pending = True
        self._asked_for = self.size - len(self._contacts)
        return self._asked_for, tuple([contact.sequence for contact in self._contacts.values()])

    def offer(
        self, contacts: Collection[OfferedContact], next_due_at: Instant | None, in_progress: Collection[str]
    ) -> None:
        """Take the store's answer, but for what is ``in_progress``: it may have been read before that was so."""
        self.touch()
        self.refill_pending = False
        if self._anew:
            self._anew = self._more = False
            return
        self.exhausted = len(contacts) < self._asked_for and not self._more
        self._more = False
        self.next_due_at = next_due_at
        if self._learned_due_at is not None:
            self.due_later(self._learned_due_at)
            self._learned_due_at = None
        self._insert([contact for contact in contacts if contact.contact_id not in in_progress])
        self._tidy()

    def more_due(self) -> None:
        """The store may hold contacts that are due and were not when it looked last."""
        self.touch()
        self.exhausted = False
        self._more = self.refill_pending

    def due_later(self, at: Instant) -> None:
        """The store holds a contact that is due at this instant."""
        self.touch()
        if self.next_due_at is None or at < self.next_due_at:
            self.next_due_at = at
        if self.refill_pending and (self._learned_due_at is None or at < self._learned_due_at):
            self._learned_due_at = at

    def due_came(self) -> None:
        """``next_due_at`` has come."""
        self.next_due_at = None
        self.more_due()

    def begin_anew(self) -> None:
        """When contacts are due was changed: whoever is here may not be the first any more. All of them are in the
        store, which is asked again."""
        self.more_due()
        self._anew = self.refill_pending
        self.next_due_at = self._learned_due_at = None
        self._forget_all()

    # --- the contacts -------------------------------------------------------------------------------------------------

    def put_back(self, contact: OfferedContact) -> None:
        """Give a contact whose attempt was void its place again."""
        self.touch()
        if contact.contact_id in self._contacts:
            return
        order, earlier = self._lane(contact.way), list[OfferedContact]()
        while order:
            ahead = order[0]
            here = self._contacts.get(ahead.contact_id) is ahead
            if here and _place(ahead) > _place(contact):
                break
            order.popleft()
            if here:
                earlier.append(ahead)
        self._contacts[contact.contact_id] = contact
        insort(self._by_expiry, _expiry(contact))
        order.appendleft(contact)
        order.extendleft(reversed(earlier))

    def first(self, without: Collection[Way] = ()) -> OfferedContact | None:
        """The next contact of those in other lanes than these; it stays in the window."""
        first = None
        for way in self.ways:
            if not without or way not in without:
                ahead = self._lanes[way][0]
                if first is None or _place(ahead) < _place(first):
                    first = ahead
        return first

    @property
    def ways(self) -> Collection[Way]:
        """By what those who are here may leave."""
        if self._fewer:
            self._fewer = False
            contacts, empty = self._contacts, list[Way]()
            for way, order in self._lanes.items():
                while order and contacts.get(order[0].contact_id) is not order[0]:
                    order.popleft()
                if not order:
                    empty.append(way)
            for way in empty:
                del self._lanes[way]
            if empty:
                self.restricted = any(map(_restricts, self._lanes))
        return self._lanes.keys()

    def discard(self, contact_id: str) -> None:
        """Forget a contact that no longer waits."""
        if not self.touched:
            self.touch()
        self._contacts.pop(contact_id, None)
        self._fewer = True

    def clear(self) -> None:
        """Forget everything and ask for nothing more: the campaign is over."""
        self.touch()
        self.exhausted = True
        self.next_due_at = None
        self._forget_all()

    @property
    def next_expiry_at(self) -> Instant | None:
        """When the next contact of the window expires."""
        while self._by_expiry and self._by_expiry[0][2] not in self._contacts:
            self._by_expiry.popleft()
        return self._by_expiry[0][0] if self._by_expiry else None

    def expire(self, now: Instant) -> list[OfferedContact]:
        """Remove and return the contacts whose expiry has come."""
        self.touch()
        expired = []
        while (at := self.next_expiry_at) is not None and at <= now:
            expired.append(self._contacts.pop(self._by_expiry.popleft()[2]))
            self._fewer = True
        return expired

    def _insert(self, contacts: list[OfferedContact]) -> None:
        """Put them where they belong. What the store offers is in order, and mostly comes after all that is here."""
        self._contacts.update({contact.contact_id: contact for contact in contacts})
        self._by_expiry = deque(sorted([*self._by_expiry, *map(_expiry, contacts)]))
        new: dict[Way, list[OfferedContact]] = {}
        for contact in contacts:
            new.setdefault(contact.way, []).append(contact)
        for way, in_lane in new.items():
            order = self._lane(way)
            in_order = all(_place(a) < _place(b) for a, b in pairwise(in_lane))
            if in_order and (not order or _place(order[-1]) < _place(in_lane[0])):
                order.extend(in_lane)
            else:
                self._lanes[way] = deque(sorted([*self._here(order), *in_lane], key=_place))

    def _lane(self, way: Way) -> deque[OfferedContact]:
        self.restricted |= _restricts(way)
        return self._lanes.setdefault(way, deque())

    def _here(self, contacts: Iterable[OfferedContact]) -> list[OfferedContact]:
        return [contact for contact in contacts if self._contacts.get(contact.contact_id) is contact]

    def _forget_all(self) -> None:
        self._contacts.clear()
        self._lanes.clear()
        self.restricted = False
        self._by_expiry.clear()

    def _tidy(self) -> None:
        """Let go of what was kept of contacts that are no longer here, before it outgrows the window."""
        most = 2 * (len(self._contacts) + self.size)
        if sum(map(len, self._lanes.values())) > most:
            self._lanes = {way: deque(here) for way, order in self._lanes.items() if (here := self._here(order))}
        if len(self._by_expiry) > most:
            self._by_expiry = deque(sorted(map(_expiry, self._contacts.values())))


def _restricts(way: Way) -> bool:
    return way != ANYWHERE


def _place(contact: OfferedContact) -> tuple[Instant, int]:
    return contact.due_at, contact.sequence


def _expiry(contact: OfferedContact) -> tuple[Instant, int, str]:
    return contact.expires_at, contact.sequence, contact.contact_id
