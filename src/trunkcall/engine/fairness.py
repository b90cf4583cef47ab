"""Whose turn it is for one scarce thing: start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996) with a memory.

Decides who is next of those who compete for it, by what each has had for its weight. It must not know what is shared,
nor what time it is; docs/explanation/sharing.md says what it is for.

Each *claimant* has a *tag*, what it has had over its weight. The *virtual time* V is the most that the least of the
tags of those who want something has ever been. With W the weights of all who compete, and M the *memory*:

- Who begins to compete has no claim to what others had before: its tag is V at least.
- Who competes and wants nothing for a moment lags behind V by M / W at most when it wants something again.
- Nobody is ahead of V by more than M / W, or one service of its own.

A *batch*, several things that one is given at one look, is one service as far as that goes. So of two who want
something all the time, what they get for their weights never differs by more than one service of each and 2 M / W; and
whoever wants something is served after at most ``at_most`` services of others. Who has no weight is served when nobody
with one wants anything, by turns; that is no promise. Ties go to whoever was served longest ago. Each verb takes
O(log n), but ``leads``, and ``join`` with another weight.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

GREATEST: Final = 2.0**40
"""Of V; beyond it all tags are lowered, so that none becomes too great for a fraction of a service to be told."""

EPSILON: Final = 1e-9
"""By which a sum of fractions may miss a whole number."""
FORGOTTEN: Final = 0.99
"""What is left of the greatest batch after each other one."""
MOST_GONE: Final = 1000
"""Of those who compete no more so many, the last, are known to whoever they passed over."""


class _Claim(Generic[K]):
    """One claimant. ``entry`` is the number of its place in the heap, 0 while it wants nothing."""

    __slots__ = (
        "batch",
        "cost",
        "entry",
        "left",
        "memory",
        "owed",
        "passed",
        "served",
        "since",
        "start",
        "tag",
        "turns",
        "unserved_since",
        "waits_since",
        "weight",
        "who",
    )

    def __init__(self, who: K, turns: _Turns[K], weight: float) -> None:
        self.who = who
        self.turns = turns
        self.weight = weight
        """In its turns; 1 of one that has none."""
        self.start = self.tag = turns.now
        """Its tag when the service that it is next for began: while a batch is served, the first of it."""
        self.batch = 0.0
        self.cost = 1.0
        """Of its last service, or of its last batch."""
        self.served = 0
        """The number of that, among all there were."""
        self.entry = 0
        self.left = 0
        """How many had been decided when it ceased to compete."""
        self.waits_since = 0
        """How many there had been, of those without weight included, when it began to wait for what this is a part
        of."""
        self.count_anew()

    def count_anew(self) -> None:
        """Nobody has passed it over."""
        self.passed = 0
        """Services of others that were decided before it last ceased to want one, since its own."""
        self.since = self.turns.decided
        """How many had been decided when it last began to."""
        self.unserved_since = self.turns.decided
        """How many had been when it had its own."""
        self.memory = self.turns.memory
        """That there was then."""
        self.owed = 0
        """How many could pass it over at a former clock, where it waited."""


class _Turns(Generic[K]):
    """Those with weight, or those without."""

    __slots__ = (
        "_entries",
        "_heap",
        "_services",
        "_wanting",
        "batch",
        "competing",
        "decided",
        "gone",
        "memory",
        "now",
        "weight",
    )

    def __init__(self, memory: float) -> None:
        self.memory = memory
        self.now = 0.0
        """The virtual time."""
        self.weight = 0.0
        """Of all who compete."""
        self.batch = 1.0
        """The greatest of late."""
        self.competing: dict[K, _Claim[K]] = {}
        self.gone: dict[K, _Claim[K]] = {}
        """Those who did, by when they ceased to."""
        self.decided = 0
        """Services that went to whoever was next."""
        self._services = 0
        self._entries = 0
        self._wanting = 0
        self._heap: list[tuple[float, int, int, _Claim[K]]] = []
        """Those who want something by their tags, with entries that are not theirs any more."""

    @property
    def slack(self) -> float:
        """The memory, in what tags are made of."""
        return self.memory / self.weight if self.weight > 0.0 else self.memory

    def most(self, claim: _Claim[K]) -> float:
        """The greatest tag that the claimant may have."""
        return self.now + max(self.slack, claim.cost / claim.weight)

    def begin(self, claim: _Claim[K]) -> None:
        """It competes."""
        self.gone.pop(claim.who, None)
        self.competing[claim.who] = claim
        self.weight += claim.weight
        claim.start = claim.tag = min(max(claim.tag, self.now), self.most(claim))

    def end(self, claim: _Claim[K]) -> None:
        """It does not compete any more."""
        self.rest(claim)
        claim.count_anew()
        del self.competing[claim.who]
        claim.left = self.decided
        self.gone[claim.who] = claim
        if len(self.gone) > MOST_GONE:
            del self.gone[next(iter(self.gone))]
        self.weight = self.weight - claim.weight if self.competing else 0.0

    def want(self, claim: _Claim[K], batch: float) -> None:
        if not claim.entry:
            self._wanting += 1
            claim.since = self.decided
            claim.start = claim.tag = min(max(claim.tag, self.now - self.slack), self.most(claim))
            self._enter(claim)
        claim.batch = batch
        if batch:
            claim.start = claim.tag
            self.batch = max(batch, FORGOTTEN * self.batch, 1.0)

    def rest(self, claim: _Claim[K]) -> None:
        if claim.entry:
            self._wanting -= 1
            claim.passed += self.decided - claim.since
            claim.entry = 0
            claim.batch = 0.0
            claim.start = claim.tag

    def first(self) -> _Claim[K] | None:
        """Who is next of those who want something."""
        heap = self._heap
        while heap:
            _, _, entry, claim = heap[0]
            if claim.entry == entry:
                return claim
            heappop(heap)
        return None

    def serve(self, claim: _Claim[K], cost: float, *, decided: bool) -> None:
        first = self.first()
        if first is not None and first.start > self.now:
            self.now = first.start
        self.decided += decided
        claim.count_anew()
        claim.cost = max(cost, claim.batch)
        self._services += 1
        claim.served = self._services
        self.move(claim, min(claim.tag + cost / claim.weight, self.most(claim)))
        if self.now > GREATEST:
            self._lower()

    def gone_since(self, claim: _Claim[K]) -> Iterator[_Claim[K]]:
        """Who has ceased to compete since the claimant was served, after it had been served itself."""
        for other in reversed(self.gone.values()):
            if other.left <= claim.unserved_since:
                return
            if other.served:
                yield other

    def at_most(self, claim: _Claim[K], least_cost: float, gone: Collection[_Claim[K]]) -> int:
        """How many services go to others before the claimant's, of those who compete and those who are gone."""
        weight = self.weight + sum([other.weight for other in gone])
        least = min([least_cost, *(other.cost for other in gone)])
        memory = max(self.memory, claim.memory) if gone else self.memory
        waits = memory + max(memory, weight * claim.cost / claim.weight)
        return int(waits / least) + math.ceil(self.batch) * (len(self.competing) + len(gone))

    def follow(self, former: _Turns[K]) -> None:
        """What is served here comes after all that was served there."""
        self._services = max(self._services, former._services)
        self.batch = max(self.batch, former.batch)

    def move(self, claim: _Claim[K], tag: float) -> None:
        claim.tag = tag
        if not claim.batch:
            claim.start = tag
        if claim.entry:
            self._enter(claim)

    def _enter(self, claim: _Claim[K]) -> None:
        """Give a claimant that wants something its place."""
        self._entries += 1
        claim.entry = self._entries
        heappush(self._heap, (claim.tag, claim.served, claim.entry, claim))
        if len(self._heap) > 2 * self._wanting + 8:
            self._sort_anew()

    def _sort_anew(self) -> None:
        """Let go of entries that are nobody's."""
        self._heap = [
            (claim.tag, claim.served, entry, claim) for _, _, entry, claim in self._heap if claim.entry == entry
        ]
        heapify(self._heap)

    def _lower(self) -> None:
        """Tags mean something among each other alone."""
        for claim in self.competing.values():
            claim.tag -= self.now
            claim.start -= self.now
        self.now = 0.0
        self._sort_anew()


class FairClock(Generic[K]):
    """Who is next for one scarce thing. Claimants are any values that can be keys of a dict; costs and the memory have
    the unit in which the thing is shared."""

    __slots__ = ("_claims", "_given", "_weightless", "_weighty")

    def __init__(self, memory: float) -> None:
        self._weighty = _Turns[K](memory)
        self._weightless = _Turns[K](memory)
        self._claims: dict[K, _Claim[K]] = {}
        self._given = 0
        """Services of all there were, those included that another rule gave."""

    def remember(self, memory: float) -> None:
        """Have another memory from here."""
        self._weighty.memory = self._weightless.memory = memory

    def join(self, who: K, weight: float) -> None:
        """The claimant competes from here, with this weight, 0 or more. One who does already has another weight from
        here: what it is ahead or behind stays the same in services, within the memory, and for all who compete it is
        counted from here how many pass them over; O(n) then."""
        turns = self._weighty if weight > 0.0 else self._weightless
        claim = self._claims.get(who)
        if claim is None or claim.turns is not turns:
            wants = self._withdraw(who)
            claim = self._claims[who] = _Claim(who, turns, weight or 1.0)
            claim.waits_since = self._given
            turns.begin(claim)
            if wants:
                turns.want(claim, 0.0)
        elif who not in turns.competing:
            claim.weight = weight or 1.0
            turns.begin(claim)
        elif claim.weight != weight and weight:
            ahead = (claim.tag - turns.now) * turns.weight
            turns.weight += weight - claim.weight
            claim.weight = weight
            ahead = min(max(ahead, -turns.memory), turns.memory)
            turns.move(claim, turns.now + ahead / turns.weight)
            for each in turns.competing.values():
                each.count_anew()

    def leave(self, who: K) -> None:
        """The claimant does not compete for now; what it is ahead is remembered."""
        claim = self._claims.get(who)
        if claim is not None and who in claim.turns.competing:
            claim.turns.end(claim)

    def forget(self, who: K) -> None:
        """The claimant is gone for good."""
        self._withdraw(who)

    def inherit(self, who: K, former: FairClock[K]) -> None:
        """The claimant competed at a former clock, and at this from here: what it is ahead or behind, whose turn was
        longer ago, how many passed it over and might, and for how many it waits, stay as they were."""
        claim, before = self._claims.get(who), former._claims.get(who)
        if claim is None or before is None:
            return
        turns, past = claim.turns, before.turns
        claim.count_anew()
        claim.owed = former.at_most_so_far(who) or 0
        claim.served, claim.cost = before.served, before.cost
        claim.passed, claim.since = former.passed_over(who), turns.decided
        claim.waits_since = self._given - former.waited(who)
        turns.follow(past)
        turns.move(claim, min(turns.now + before.tag - past.now, turns.most(claim)))

    def _withdraw(self, who: K) -> bool:
        """Whether it wanted something."""
        claim = self._claims.get(who)
        wants = claim is not None and claim.entry > 0
        self.leave(who)
        self._claims.pop(who, None)
        return wants

    def __contains__(self, who: K) -> bool:
        """Whether the claimant competes."""
        claim = self._claims.get(who)
        return claim is not None and who in claim.turns.competing

    def __iter__(self) -> Iterator[K]:
        """Those with weight that compete."""
        return iter(self._weighty.competing)

    def __len__(self) -> int:
        """How many compete."""
        return len(self._weighty.competing) + len(self._weightless.competing)

    def tag(self, who: K) -> float:
        """What a claimant has had over its weight; it means something beside the tags of others with weight alone."""
        claim = self._claims.get(who)
        return claim.tag if claim is not None and claim.turns is self._weighty else math.inf

    def want(self, who: K, batch: float = 0.0) -> None:
        """A claimant that competes wants something, and may have it. Where it is given a number of things at one look,
        and nobody can tell how many until then, all of that ``batch`` counts as one service."""
        claim = self._claims[who]
        claim.turns.want(claim, batch)

    def rest(self, who: K) -> None:
        """It wants nothing for now, or may not have it."""
        claim = self._claims.get(who)
        if claim is not None:
            claim.turns.rest(claim)

    def first(self) -> K | None:
        """Who is next of those who want something; None if nobody does."""
        claim = self._weighty.first() or self._weightless.first()
        return claim.who if claim is not None else None

    def serve(self, who: K, cost: float = 1.0) -> None:
        """Whoever was ``first`` has got something."""
        claim = self._claims[who]
        self._given += 1
        claim.turns.serve(claim, cost, decided=True)

    def charge(self, who: K, cost: float = 1.0) -> None:
        """A claimant has got something that another rule gave it: nobody was passed over."""
        claim = self._claims[who]
        self._given += 1
        claim.turns.serve(claim, cost, decided=False)

    def settle(self, who: K) -> None:
        """A claimant has got something that another paid for: it is passed over no more."""
        self._claims[who].count_anew()

    # --- what can be told ---------------------------------------------------------------------------------------------

    def leads(self, who: K, others: Iterable[K]) -> bool:
        """Whether a claimant is ahead of one of these others by all of the memory."""
        claim = self._claims[who]
        turns = claim.turns
        least = min((self._claims[other].tag for other in others), default=math.inf)
        return claim.tag - max(least, turns.now - turns.slack) >= turns.slack - EPSILON

    def passed_over(self, who: K) -> int:
        """How many services went to others while a claimant wanted one, since its own last."""
        claim = self._claims.get(who)
        if claim is None:
            return 0
        return claim.passed + (claim.turns.decided - claim.since if claim.entry else 0)

    def wait(self, who: K) -> None:
        """A claimant begins to wait for something that this is a part of."""
        claim = self._claims.get(who)
        if claim is not None:
            claim.waits_since = self._given

    def waited(self, who: K) -> int:
        """How many services there were since then, of those without weight as well, whether it was their turn or not,
        and whether the claimant could use one at that moment or not."""
        claim = self._claims.get(who)
        return self._given - claim.waits_since if claim is not None else 0

    def at_most(self, who: K, least_cost: float = 1.0) -> int | None:
        """The most that ``passed_over`` may be as long as the same compete, none of whose services costs less than
        this; None of one without weight, or that does not compete."""
        claim = self._claims.get(who)
        if claim is None or claim.turns is self._weightless or who not in claim.turns.competing:
            return None
        return claim.turns.at_most(claim, least_cost, ())

    def at_most_so_far(self, who: K, least_cost: float = 1.0) -> int | None:
        """The same, where others have ceased to compete since the claimant was served: they may have passed it over
        before, as often as they might while they competed. O(n) of those."""
        most = self.at_most(who, least_cost)
        if most is None or not self.passed_over(who):
            return most
        claim = self._claims[who]
        gone = list(claim.turns.gone_since(claim))
        return max(claim.owed, claim.turns.at_most(claim, least_cost, gone))
