"""What the engine keeps of one campaign: state, settings, window, statistics, ledger, pacer.

Decides which pacer a dialer type gets. It must not know when a pacer is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, assert_never

from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.dialing import DialingSettings
from trunkcall.domain.errors import IllegalTransitionError
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.transitions import OVER
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CampaignChanged, Way
from trunkcall.engine.ledger import Ledger
from trunkcall.engine.pacing.agentless import AgentlessPacer
from trunkcall.engine.pacing.base import Pacer
from trunkcall.engine.pacing.predictive import PredictivePacer
from trunkcall.engine.pacing.progressive import ProgressivePacer
from trunkcall.engine.statistics import CampaignStatistics
from trunkcall.engine.window import Window

PacerFor: TypeAlias = Callable[[DialingSettings], Pacer]
"""Chooses the pacing method of a campaign by its settings."""


def pacer_for(settings: DialingSettings) -> Pacer:
    """The pacing method of the campaign's dialer type."""
    match settings.dialer_type:
        case DialerType.PREDICTIVE:
            return PredictivePacer()
        case DialerType.PROGRESSIVE:
            return ProgressivePacer()
        case DialerType.AGENTLESS:
            return AgentlessPacer()
        case _:
            assert_never(settings.dialer_type)


Side: TypeAlias = tuple[str | None, bool]
"""The queue whose agents a campaign competes for, and whether it looks ahead."""


LEAST_WEIGHT: Final = 1e-6
FIRST_HOLDS: Final = 4
"""Lines that have come free: as many as the ring time-out counts for, before it is known how long one is held."""

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_RUNNING: Final = CampaignState.RUNNING


class CampaignDialing:
    """One campaign in the engine."""

    __slots__ = (
        "_pacer_for",
        "agent_queue_id",
        "asked_at",
        "blocked",
        "campaign_id",
        "claim",
        "competes_by",
        "hold_s",
        "holds",
        "last_attempt_at",
        "ledger",
        "looks_ahead",
        "next_look_at",
        "number",
        "pacer",
        "passed_over_since",
        "pool_numbers",
        "queued",
        "running_since",
        "settings",
        "side",
        "state",
        "statistics",
        "stranded",
        "wants",
        "weight",
        "window",
    )

    def __init__(
        self,
        changed: CampaignChanged,
        config: EngineConfig,
        pacer_for: PacerFor,
        now: Instant,
        *,
        number: int,
        touched: list[CampaignDialing],
    ) -> None:
        """``number`` says the how manieth it is that became known; it is put to ``touched`` whenever its window is to
        be seen to."""
        self.campaign_id = changed.campaign_id
        self.number = number
        self.state = changed.state
        self._pacer_for = pacer_for
        self._take(changed.dialing, pacer_for(changed.dialing))
        self.next_look_at: Instant = 0
        self.window = Window(config.window_size, lambda: touched.append(self))
        self.wants = 0
        """Attempts that its pacer wanted when it was last asked, and that it has not got (competition.py)."""
        self.asked_at: Instant = 0
        self.competes_by: float | None = None
        """Its weight for lines and attempts per second, as long as it competes."""
        self.queued = False
        """Whether it has a place in the clocks."""
        self.passed_over_since: Instant | None = None
        """Since when it has wanted an attempt that it did not get; None if it got one since, or cannot dial."""
        self.hold_s = self.settings.ring_timeout / SECOND
        """For how long it holds a line, on average."""
        self.holds = FIRST_HOLDS
        """Of how many lines that is known."""
        self.statistics = CampaignStatistics()
        self.ledger = Ledger(changed.dialing.abandonment)
        self.blocked = False
        """The store refused an attempt because the campaign is not Running; nothing is dialed until its change
        arrives."""
        self.stranded = False
        """Trunks are up, but none that it may use: what others want they have meanwhile."""
        self.running_since: Instant = now
        self.last_attempt_at: Instant | None = None
        self.window.touch()

    @property
    def dials(self) -> bool:
        return self.state is _RUNNING and not self.blocked

    @property
    def can_dial(self) -> bool:
        """Whether it dials, and has somebody to dial and a trunk for that."""
        return self.dials and len(self.window) > 0 and not self.stranded

    def may_use(self, trunk: Trunk) -> bool:
        """Whether an attempt of it may go out there: the trunk may show its number, or any of its pool, and somebody
        whom it holds may leave there, if it holds anybody."""
        settings = self.settings
        numbers = settings.caller_ids.numbers if settings.caller_ids is not None else (settings.caller_id,)
        return any(map(trunk.may_show, numbers)) and (
            not self.window.restricted or not self.window.ways or any(_leads(way, trunk) for way in self.window.ways)
        )

    @property
    def over(self) -> bool:
        return self.state in OVER

    def change(self, changed: CampaignChanged, now: Instant) -> None:
        """Take new settings or a new state. Raises IllegalTransitionError if the campaign is over and the new state is
        not."""
        if self.over and changed.state not in OVER:
            raise IllegalTransitionError("a campaign that is over cannot be begun again; nothing was changed")
        before, settings = self.settings, changed.dialing
        if settings.dialer_type is before.dialer_type:
            self._take(settings, self.pacer)
        else:
            self._take(settings, self._pacer_for(settings))
            self.next_look_at = 0
        if self.settings.abandonment != before.abandonment:
            self.ledger.change(self.settings.abandonment, now)
        if changed.state is _RUNNING and self.state is not _RUNNING:
            self.running_since = now
        self.state = changed.state
        self.blocked = False
        self.window.touch()
        if self.over:
            self.window.clear()

    def _take(self, settings: DialingSettings, pacer: Pacer) -> None:
        """Dial by these from here. What is asked of them at every look and attempt is told once."""
        self.settings = settings
        pool = settings.caller_ids
        self.pool_numbers = frozenset(pool.numbers if pool is not None else ())
        """Of which each attempt shows one."""
        self.pacer = pacer
        self.looks_ahead = pacer.needs_agents and not pacer.one_to_one
        """Whether its attempts reserve no agents, and their live answers need them."""
        self.agent_queue_id: str | None = settings.queue_id if pacer.needs_agents else None
        """The queue whose agents the campaign competes for; None if it competes for lines alone."""
        self.side: Side = (self.agent_queue_id, self.looks_ahead)
        self.claim = settings.bandwidth_allocation
        """Its weight among those that compete for the same agents. One without any is dialed when no other wants to."""
        self.weight = max(self.claim, LEAST_WEIGHT)
        """The same, where agents are divided by it."""


def _leads(way: Way, trunk: Trunk) -> bool:
    """Whether this is a way out by the trunk."""
    trunks, groups = way
    allowed = trunks is None or trunk.trunk_id in trunks
    return allowed and (not groups or any(trunk.may_show(number) for group in groups for number in group))
