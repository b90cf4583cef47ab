"""Trunks: on which of them an attempt goes out, and when the next one may.

Decides that by what is in use of each: lines, attempts per second, whether its host answers, and whether it has just
refused an attempt. It must not know which campaign comes first where trunks are scarce, nor what becomes of an attempt.
"""

from __future__ import annotations

from collections.abc import Sequence

from trunkcall.domain.instants import Instant
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.capacity import RateLimit
from trunkcall.engine.timers import NEVER


class TrunkUse:
    """One trunk, and what is in use of it."""

    __slots__ = ("held_until", "lines", "rate", "trunk")

    def __init__(self, trunk: Trunk) -> None:
        self.trunk = trunk
        self.rate = RateLimit(trunk.attempts_per_s)
        self.lines = 0
        """Customers' legs that were asked for on it and have not ended."""
        self.held_until: Instant = 0
        """No attempt goes out on it before this: it did not take one. Agents are rung all the same: somebody is on the
        line already."""

    @property
    def lines_free(self) -> int:
        """Lines that attempts may have yet."""
        return max(0, self.trunk.channels - self.lines)


class Trunks:
    """The trunks of one instance."""

    __slots__ = ("_all_up", "_by_id", "can_dial_at", "in_use", "lines")

    def __init__(self, trunks: Sequence[Trunk]) -> None:
        self.in_use: tuple[TrunkUse, ...] = tuple(TrunkUse(trunk) for trunk in trunks)
        """Each of them, in the order in which they were given."""
        self._by_id = {use.trunk.trunk_id: use for use in self.in_use}
        self._all_up = True
        self.lines = 0
        """Customers' legs that were asked for and have not ended, on all of them."""
        self.can_dial_at: Instant = NEVER
        """When a trunk can be asked to dial somebody, as far as the carrier goes; NEVER if it must be found first."""
        self._look()

    # --- what there is ------------------------------------------------------------------------------------------------

    @property
    def channels(self) -> int:
        """Lines of all trunks, up or not."""
        return sum(use.trunk.channels for use in self.in_use)

    @property
    def attempts_per_s(self) -> float:
        """Attempts per second of all trunks, up or not."""
        return sum(use.trunk.attempts_per_s for use in self.in_use)

    @property
    def lines_free(self) -> int:
        """Lines that attempts may have yet, on trunks that are up."""
        return sum(use.lines_free for use in self.in_use if self._is_up(use))

    def lines_free_for(self, campaign: CampaignDialing) -> int:
        """The same, on trunks that may show the campaign's number."""
        return self.lines_free

    @property
    def all_up(self) -> bool:
        """Whether the carrier answers for every trunk."""
        return self._all_up

    def can_dial(self, now: Instant) -> bool:
        """Whether any trunk can be asked to dial somebody, as far as the carrier goes."""
        return now >= self.can_dial_at

    # --- which one ----------------------------------------------------------------------------------------------------

    def choose(self, campaign: CampaignDialing, now: Instant) -> Trunk | None:
        """The trunk for the campaign's next attempt: the one least used for its channels of those that are up, not held
        back, within their rate, and have a line free; the first of them where several are. None if there is none."""
        best: TrunkUse | None = None
        for use in self.in_use:
            if not self._is_up(use) or use.held_until > now or use.rate.allows_at() > now or not use.lines_free:
                continue
            if best is None or use.lines * best.trunk.channels < best.lines * use.trunk.channels:
                best = use
        return best.trunk if best is not None else None

    def takes_any(self, now: Instant) -> bool:
        """Whether any trunk takes an attempt, of whatever campaign."""
        for use in self.in_use:
            if self._is_up(use) and use.held_until <= now and use.rate.allows_at() <= now and use.lines_free:
                return True
        return False

    def allows_at(self, campaign: CampaignDialing, now: Instant) -> Instant:
        """The earliest instant at which ``choose`` may find one; NEVER if first a line must come free, or a host be
        found."""
        at = NEVER
        for use in self.in_use:
            if self._is_up(use) and use.lines_free:
                at = min(at, max(now, use.held_until, use.rate.allows_at()))
        return at

    def rate_allows_at(self) -> Instant:
        """When the attempts per second of some trunk allow one, whatever else there is."""
        return min((use.rate.allows_at() for use in self.in_use), default=NEVER)

    # --- what is done with them ---------------------------------------------------------------------------------------

    def spend(self, trunk: Trunk, now: Instant) -> None:
        """An attempt is begun on this trunk."""
        self._by_id[trunk.trunk_id].rate.spend(now)

    def hold(self, trunk_id: str, until: Instant) -> None:
        """The trunk did not take an attempt: nobody is dialed on it before this."""
        self._by_id[trunk_id].held_until = until
        self._look()

    def take_line(self, trunk_id: str) -> None:
        """A customer's leg is asked for on this trunk."""
        self._by_id[trunk_id].lines += 1
        self.lines += 1

    def free_line(self, trunk_id: str) -> None:
        """A customer's leg on this trunk has ended."""
        self._by_id[trunk_id].lines -= 1
        self.lines -= 1

    # --- what the carrier tells ---------------------------------------------------------------------------------------

    def lose(self) -> None:
        """The carrier does not answer."""
        self._all_up = False
        self._look()

    def find(self) -> None:
        """The carrier answers again."""
        self._all_up = True
        self._look()

    def _look(self) -> None:
        self.can_dial_at = min((use.held_until for use in self.in_use if self._is_up(use)), default=NEVER)

    def _is_up(self, use: TrunkUse) -> bool:
        return self._all_up
