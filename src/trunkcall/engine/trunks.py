"""Trunks: on which of them an attempt goes out, and when the next one may.

Decides that by what is in use of each: lines, attempts per second, whether its host answers, whether it has just
refused an attempt, and whether it leads nowhere of late. What it does not know it learns from attempts: nothing of it
is kept beyond the engine, for what a former one knew may be mended. It must not know which campaign comes first where
trunks are scarce, nor what becomes of an attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from trunkcall.domain.instants import MINUTE, SECOND, Duration, Instant
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.capacity import RateLimit
from trunkcall.engine.timers import NEVER

FAILURES: Final = 5
"""So many attempts that came to nothing, one after the other, make a trunk one that leads nowhere."""
FIRST_PAUSE: Final[Duration] = 5 * SECOND
"""How long nobody is dialed on it then; it doubles each time until it is the longest."""
LONGEST_PAUSE: Final[Duration] = 5 * MINUTE


class TrunkUse:
    """One trunk, and what is in use of it."""

    __slots__ = ("failures", "held_until", "lines", "pause", "rate", "trial", "trunk", "up")

    def __init__(self, trunk: Trunk) -> None:
        self.trunk = trunk
        self.rate = RateLimit(trunk.attempts_per_s)
        self.lines = 0
        """Legs that were asked for on it and have not ended: customers', and those of agents who are called by number,
        which are asked for although no line is free: somebody is on the line already."""
        self.held_until: Instant = 0
        """No attempt goes out on it before this: it did not take one. Agents are rung all the same: somebody is on the
        line already."""
        self.up = True
        """Whether the carrier answers for its host."""
        self.failures = 0
        """Attempts that came to nothing on it, since there was a sign of somebody at its other end."""
        self.pause: Duration = 0
        """For how long nobody is dialed on it between trials; 0 while it leads somewhere."""
        self.trial: str | None = None
        """The leg that is to show whether it does again."""

    @property
    def is_failing(self) -> bool:
        """Whether it leads nowhere: then one attempt goes out on it now and then, and no others."""
        return self.pause > 0

    @property
    def lines_free(self) -> int:
        """Lines that attempts may have yet."""
        free = max(0, self.trunk.channels - self.lines)
        return free if not self.pause else min(free, self.trial is None)

    def takes(self, now: Instant) -> bool:
        """Whether an attempt may go out on it, as far as it is not its rate that forbids it."""
        is_held = self.held_until > now or self.trial is not None
        return self.up and not is_held and self.lines < self.trunk.channels

    def takes_at(self) -> Instant:
        """The earliest instant at which one may, its rate included; NEVER if something has to happen first."""
        if not self.up or self.trial is not None or self.lines >= self.trunk.channels:
            return NEVER
        return max(self.held_until, self.rate.allows_at())

    def failed(self, leg_id: str | None, now: Instant) -> None:
        """An attempt has come to nothing. Of those that were begun before the last pause one more says nothing new."""
        self.failures += 1
        if self.pause and leg_id != self.trial:
            return
        if self.pause or self.failures >= FAILURES:
            self.pause = min(2 * self.pause, LONGEST_PAUSE) or FIRST_PAUSE
            self.held_until, self.trial = now + self.pause, None

    def leads_somewhere(self) -> None:
        """There was a sign of somebody at its other end."""
        self.failures = 0
        if self.pause:
            self.pause, self.held_until, self.trial = 0, 0, None

    def change(self, trunk: Trunk) -> None:
        """The trunk is another way from here; what is in use of it stays."""
        if trunk.attempts_per_s != self.trunk.attempts_per_s:
            self.rate.change(trunk.attempts_per_s)
        self.trunk = trunk


class Trunks:
    """The trunks of one instance, and the hosts that they are on.

    A carrier may tell of each host or of all at once: a host of which it has said nothing is as it has last said that
    all are. Before its first word all are up.
    """

    __slots__ = (
        "_by_id",
        "_others_up",
        "_rate",
        "_up",
        "all_found",
        "all_up",
        "can_dial_at",
        "in_use",
        "limited_to",
        "lines",
    )

    def __init__(self, trunks: Sequence[Trunk]) -> None:
        self.in_use: tuple[TrunkUse, ...] = ()
        """Each of them, in the order in which they were given."""
        self._by_id: dict[str, TrunkUse] = {}
        """Those that are no more included, as long as there are legs on them or what they took counts for their rate;
        they are let go of when trunks change next."""
        self._up: dict[str, bool] = {}
        """Hosts that the carrier has told of, since it last told of all at once."""
        self._others_up = True
        self._rate: RateLimit | None = None
        self.limited_to: float | None = None
        """Attempts per second that may be begun on all of them together; None is as many as they take."""
        self.lines = 0
        """Legs that were asked for and have not ended, on all of them."""
        self.all_up = True
        """Whether the carrier answers for every trunk."""
        self.all_found = True
        """Whether it answers for every host that it has told of besides."""
        self.can_dial_at: Instant = NEVER
        """When a trunk can be asked to dial somebody, as far as the carrier goes; NEVER if it must be found first."""
        self.change(trunks, 0)

    def change(self, trunks: Sequence[Trunk], now: Instant) -> None:
        """These are all that there are. One that is no more takes no attempt; legs on it go on, and should it be there
        again, attempts that it has just taken count."""
        for trunk in trunks:
            use = self._by_id.get(trunk.trunk_id)
            if use is None:
                self._by_id[trunk.trunk_id] = TrunkUse(trunk)
            else:
                use.change(trunk)
        self.in_use = tuple(self._by_id[trunk.trunk_id] for trunk in trunks)
        self._by_id = {
            trunk_id: use
            for trunk_id, use in self._by_id.items()
            if use.lines or use in self.in_use or not use.rate.is_unspent(now)
        }
        self._look()

    def limit(self, attempts_per_s: float | None) -> None:
        """So many attempts per second may be begun on all of them together; None is as many as they take."""
        self.limited_to = attempts_per_s
        if attempts_per_s is None:
            self._rate = None
        elif self._rate is None:
            self._rate = RateLimit(attempts_per_s)
        else:
            self._rate.change(attempts_per_s)

    # --- what there is ------------------------------------------------------------------------------------------------

    @property
    def to_agents(self) -> str | None:
        """The trunk on which agents are called by number: the first."""
        return self.in_use[0].trunk.trunk_id if self.in_use else None

    @property
    def channels(self) -> int:
        """Lines of all trunks, up or not."""
        return sum(use.trunk.channels for use in self.in_use)

    @property
    def attempts_per_s(self) -> float:
        """Attempts per second of all trunks, up or not, as far as may be begun on all of them together."""
        of_each = sum(use.trunk.attempts_per_s for use in self.in_use)
        return of_each if self.limited_to is None else min(of_each, self.limited_to)

    @property
    def lines_free(self) -> int:
        """Lines that attempts may have yet, on trunks that are up."""
        return sum(use.lines_free for use in self.in_use if use.up)

    def lines_free_for(self, campaign: CampaignDialing) -> int:
        """The same, on trunks that the campaign may use; so below."""
        return sum(use.lines_free for use in self.in_use if use.up and campaign.may_use(use.trunk))

    def of(self, campaign: CampaignDialing) -> list[TrunkUse]:
        """The trunks that the campaign may use."""
        return [use for use in self.in_use if campaign.may_use(use.trunk)]

    def can_dial(self, now: Instant) -> bool:
        """Whether any trunk can be asked to dial somebody, as far as the carrier goes."""
        return now >= self.can_dial_at

    def strands(self, campaign: CampaignDialing) -> bool:
        """Whether trunks are up, but none that the campaign may use."""
        up = [use for use in self.in_use if use.up]
        return bool(up) and not any(campaign.may_use(use.trunk) for use in up)

    # --- which one ----------------------------------------------------------------------------------------------------

    def choose(self, campaign: CampaignDialing, now: Instant) -> Trunk | None:
        """The trunk for the campaign's next attempt: the one least used for its channels of those that the campaign
        may use, are up, not held back, within their rate, and have a line free; the first of them where several are.
        None if there is none."""
        return self.choose_of(campaign.may_use, now)

    def choose_of(self, may_use: Callable[[Trunk], bool], now: Instant) -> Trunk | None:
        """The same of these trunks."""
        if not self._is_within_rate(now):
            return None
        best = None
        for use in self.in_use:
            if not self._takes(use, now) or not may_use(use.trunk):
                continue
            if best is None or use.lines * best.trunk.channels < best.lines * use.trunk.channels:
                best = use
        return best.trunk if best is not None else None

    def attempts_allowed_for(self, campaign: CampaignDialing, now: Instant) -> int:
        """How many attempts are within the rates of those trunks that the campaign may use and take any."""
        usable = [use for use in self.in_use if use.takes(now) and campaign.may_use(use.trunk)]
        allowed = sum([use.rate.allows(now) if not use.pause else 1 for use in usable])
        return allowed if self._rate is None else min(allowed, self._rate.allows(now))

    def takes_any(self, now: Instant) -> bool:
        """Whether any trunk takes an attempt, of whatever campaign."""
        return self._is_within_rate(now) and any(self._takes(use, now) for use in self.in_use)

    def takes_any_at(self, now: Instant) -> Instant:
        """The earliest instant at which any trunk may take one; NEVER if first a line must come free, or a host be
        found."""
        at = min([use.takes_at() for use in self.in_use], default=NEVER)
        return max(self.allowed_at(now), at) if at < NEVER else NEVER

    def allows_at(self, campaign: CampaignDialing, now: Instant) -> Instant:
        """The earliest instant at which ``choose`` may find one; NEVER if first a line must come free, or a host be
        found."""
        return self.allows_on_at(campaign.may_use, now)

    def allows_on_at(self, may_use: Callable[[Trunk], bool], now: Instant) -> Instant:
        """The same of ``choose_of``."""
        at = NEVER
        for use in self.in_use:
            if (ready_at := use.takes_at()) < at and may_use(use.trunk):
                at = ready_at
        return max(self.allowed_at(now), at) if at < NEVER else NEVER

    def allowed_at(self, now: Instant) -> Instant:
        """The earliest instant from now on that the rate of all of them allows."""
        return now if self._rate is None else max(now, self._rate.allows_at())

    def _is_within_rate(self, now: Instant) -> bool:
        return self._rate is None or self._rate.allows_at() <= now

    @staticmethod
    def _takes(use: TrunkUse, now: Instant) -> bool:
        return use.takes(now) and use.rate.allows_at() <= now

    # --- what is done with them ---------------------------------------------------------------------------------------

    def spend(self, trunk: Trunk, leg_id: str, now: Instant) -> None:
        """An attempt is begun on this trunk."""
        use = self._by_id[trunk.trunk_id]
        use.rate.spend(now)
        if use.pause:
            use.trial = leg_id
        if self._rate is not None:
            self._rate.spend(now)

    def hold(self, trunk_id: str, until: Instant) -> None:
        """The trunk did not take an attempt: nobody is dialed on it before this. It may be gone already."""
        use = self._by_id.get(trunk_id)
        if use is not None:
            use.held_until = max(use.held_until, until)
            self._look()

    def is_held(self, trunk_id: str, now: Instant) -> bool:
        """Whether nobody is dialed on the trunk for the moment."""
        use = self._by_id.get(trunk_id)
        return use is not None and use.held_until > now

    def failed(self, trunk_id: str | None, leg_id: str, now: Instant) -> None:
        """An attempt on the trunk has ended, and there was no sign of anybody at its other end."""
        use = self._by_id.get(trunk_id) if trunk_id is not None else None
        if use is not None:
            use.failed(leg_id, now)
            self._look()

    def leads_somewhere(self, trunk_id: str | None) -> None:
        """There was a sign of somebody at the trunk's other end."""
        use = self._by_id.get(trunk_id) if trunk_id is not None else None
        if use is not None and use.failures:
            use.leads_somewhere()
            self._look()

    @property
    def failing(self) -> int:
        """How many trunks lead nowhere."""
        return sum(use.is_failing for use in self.in_use)

    def take_line(self, trunk_id: str) -> None:
        """A leg is there on this trunk, which may be none of the instance's any more."""
        use = self._by_id.get(trunk_id)
        if use is None:
            use = self._by_id[trunk_id] = TrunkUse(Trunk(trunk_id))
        use.lines += 1
        self.lines += 1

    def free_line(self, trunk_id: str, leg_id: str) -> None:
        """This leg on the trunk has ended."""
        use = self._by_id[trunk_id]
        use.lines -= 1
        self.lines -= 1
        if use.trial == leg_id:
            # It has shown nothing: there may be another.
            use.trial = None

    def noted(self, trunk_id: str | None) -> str:
        """The trunk whose line an attempt of a former dialer holds; None is one of a version that had one trunk."""
        if trunk_id is not None or not self.in_use:
            return trunk_id or ""
        return self.in_use[0].trunk.trunk_id

    # --- hosts --------------------------------------------------------------------------------------------------------

    def host_of(self, trunk_id: str | None) -> str | None:
        """The host that the trunk is on; None of one that is none of the instance's."""
        use = self._by_id.get(trunk_id) if trunk_id is not None else None
        return use.trunk.host if use is not None and use in self.in_use else None

    def is_up(self, host: str | None) -> bool:
        """Whether the carrier answers for the host; for all that there are, where it is not known which it is."""
        return self._up.get(host, self._others_up) if host is not None else self.all_found

    @property
    def hosts_up(self) -> list[str]:
        """The hosts of trunks for which the carrier answers, in the order of the trunks."""
        return list(dict.fromkeys([use.trunk.host for use in self.in_use if use.up]))

    @property
    def any_up(self) -> bool:
        """Whether the carrier answers for any host."""
        return any(use.up for use in self.in_use) or any(self._up.values())

    def lose(self, host: str | None) -> None:
        """The carrier does not answer for the host, or for none."""
        self._hear(host, up=False)

    def find(self, host: str | None) -> None:
        """The carrier answers again, for the host or for all. Of trunks there that led nowhere it is seen anew."""
        for use in self.in_use:
            if use.pause and host in (None, use.trunk.host):
                use.held_until = 0
        self._hear(host, up=True)

    def _hear(self, host: str | None, *, up: bool) -> None:
        if host is not None:
            self._up[host] = up
        else:
            self._up.clear()
            self._others_up = up
        self._look()

    def _look(self) -> None:
        for use in self.in_use:
            use.up = self.is_up(use.trunk.host)
        self.all_up = all(use.up for use in self.in_use) if self.in_use else self._others_up
        self.all_found = self.all_up and all(self._up.values())
        self.can_dial_at = min((use.held_until for use in self.in_use if use.up), default=NEVER)
