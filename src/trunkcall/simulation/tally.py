"""What a simulated shift comes to: sums over what its engine has decided.

Decides what is counted for which campaign. It must not know how a shift is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    Change,
    ContactConnected,
    ContactDetected,
    ContactEnded,
    LedgerCounted,
)
from trunkcall.domain.contact import LIVE_DETECTIONS
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.engine.snapshot import EngineSnapshot
from trunkcall.simulation.campaign_run import CampaignRun
from trunkcall.simulation.results import Shift
from trunkcall.simulation.world import Fate, Outcome

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_HUMAN: Final = Outcome.HUMAN
_AGENTLESS: Final = DialerType.AGENTLESS


class _Attempt:
    __slots__ = ("fate", "run", "since")

    def __init__(self, run: CampaignRun, since: Instant, fate: Fate) -> None:
        self.run = run
        self.since = since
        self.fate = fate


class Tally:
    """The sums of one shift, by campaign."""

    def __init__(self, runs: Mapping[str, CampaignRun]) -> None:
        self._runs = runs
        self._attempts: dict[str, _Attempt] = {}
        """Contacts on the line."""
        self._handled: dict[str, tuple[CampaignRun, Instant]] = {}
        """Contacts that an agent is handling: whose they are, and since when."""
        self._count_of: Mapping[type, Callable[[Any], None]] = {
            AfterContactWorkEnded: self._work_ended,
            ContactConnected: self._connected,
            ContactDetected: self._detected,
            ContactEnded: self._ended,
            LedgerCounted: self._counted_in_ledger,
        }

    def attempt(self, contact_id: str, run: CampaignRun, at: Instant, fate: Fate) -> None:
        """An attempt is made, and meets this fate."""
        run.attempts += 1
        self._attempts[contact_id] = _Attempt(run, at, fate)

    def count(self, changes: Iterable[Change]) -> None:
        """Take what a turn has decided."""
        count_of = self._count_of
        for change in changes:
            count = count_of.get(type(change))
            if count is not None:
                count(change)

    def shift(
        self, *, agents: int, hours: float, seed: int, events: int, start: Instant, end: Instant, last: EngineSnapshot
    ) -> Shift:
        """All of it, of a shift that has ended like ``last``."""
        for attempt in self._attempts.values():
            attempt.run.line_time += end - attempt.since
        for run, since in self._handled.values():
            run.handling += end - since
        campaigns = tuple(run.result(end - start, last.handling) for run in self._runs.values())
        connected = sum(campaign.connected for campaign in campaigns)
        idle_s = (last.staffed - last.handling) / SECOND
        return Shift(
            agents=agents,
            hours=hours,
            seed=seed,
            pacer=", ".join(dict.fromkeys(campaign.pacer for campaign in campaigns)),
            attempts=sum(campaign.attempts for campaign in campaigns),
            live_answers=sum(campaign.live_answers for campaign in campaigns),
            abandoned=sum(campaign.abandoned for campaign in campaigns),
            false_machines=sum(campaign.false_machines for campaign in campaigns),
            connected=connected,
            occupancy_ratio=last.occupancy_ratio,
            mean_idle_s=idle_s / connected if connected else idle_s,
            events=events,
            campaigns=campaigns,
        )

    def _detected(self, change: ContactDetected) -> None:
        attempt = self._attempts[change.contact_id]
        live = change.detection in LIVE_DETECTIONS
        attempt.run.false_machines += not live and attempt.fate.outcome is _HUMAN
        # Who needs no agents has no ledger that would count them.
        attempt.run.live_answers += live and attempt.run.campaign.pacer == _AGENTLESS

    def _counted_in_ledger(self, change: LedgerCounted) -> None:
        run = self._runs[change.campaign_id]
        run.live_answers += change.live_answers
        run.abandoned += change.abandoned

    def _connected(self, change: ContactConnected) -> None:
        run = self._attempts[change.contact_id].run
        run.connected += 1
        self._handled[change.contact_id] = (run, change.at)

    def _ended(self, change: ContactEnded) -> None:
        attempt = self._attempts.pop(change.contact_id)
        attempt.run.line_time += change.at - attempt.since

    def _work_ended(self, change: AfterContactWorkEnded) -> None:
        run, since = self._handled.pop(change.contact_id)
        run.handling += change.at - since
