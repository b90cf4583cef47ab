"""What a campaign's turns cost with flows of the flow language, over what they cost with the built-in flow.

The same agents, campaign and phones, by turns with either: the built-in flow, which is a few values, and the flow of
campaigns that have none of their own, read from its JSON and run by what runs it for a dialer. A turn is the engine's,
and with it all that the runner does for it: whom it is told of, where contacts stand as that is kept, and who is let
go of. No store is there. Ten runs of each, one after the other; the median of their ratios counts. Prints one JSON
line, and exits non-zero if the bar is missed.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Sequence
from random import Random
from types import SimpleNamespace
from typing import Any, Final, cast

from api import say
from scale import Case, Centre
from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.changes import AttemptBegun, ContactEnded
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.queue import Queue
from trunkcall.engine.events import Event
from trunkcall.service.flow_runner import FlowRunner

BAR: Final = 1.5
RUNS: Final = 10
CASE: Final = Case(1, 0, 1, 200, 40, 10)
SIMULATED_S: Final = 120
ATTRIBUTES: Final = {"first_name": "Ann", "account": "AC-00000017", "tier": "gold"}


class WithFlows(Centre):
    """The same centre, with flows as a dialer has them run."""

    def __init__(self, case: Case, seed: int) -> None:
        queue_id, flow = case.queue(0), ContactFlow("flow", "Flow")
        instance = Instance("i1", "one", 0, onboarded=True)
        directory = Directory(instance, queues={queue_id: Queue(queue_id, "Sales")}, contact_flows={"flow": flow})
        self._runner = FlowRunner(cast("Any", SimpleNamespace(directory=directory)), Random(seed))
        self._campaign = Campaign(
            "campaign-0",
            "arn:aws:connect-campaigns:us-east-1:123456789012:campaign/campaign-0",
            "i1",
            "Spring",
            DialerConfig(DialerType.PROGRESSIVE, 1.0),
            OutboundCallConfig("flow", queue_id, None, None),
            CampaignState.RUNNING,
            0,
            {},
        )
        super().__init__(case, seed, self._runner)
        self._runner.figures_of = self.engine.queue_figures

    def _turn(self, events: Sequence[tuple[Event, Instant]]) -> None:
        started = time.process_time()
        decision = self.engine.turn(events, self.now)
        self._due = self.engine.next_timer()
        self._runner.changes(self.now)
        for change in decision.changes:
            if isinstance(change, ContactEnded):
                self._runner.let_go(change.contact_id)
            elif isinstance(change, AttemptBegun):
                self._runner.attempted(change.contact_id, self._campaign, "+12125550100", None, ATTRIBUTES)
        self.turns_s.append(time.process_time() - started)
        self._take(decision)


def turns_s(centre: Centre) -> float:
    """CPU of an attempt's turns."""
    centre.open()
    gc.collect()
    gc.freeze()
    centre.pass_time(centre.now + SIMULATED_S * SECOND)
    gc.unfreeze()
    return sum(centre.turns_s) / len(centre.attempts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    runs = parser.parse_args().runs
    builtin, flows = [], []
    for run in range(runs):
        builtin.append(turns_s(Centre(CASE, run)))
        flows.append(turns_s(WithFlows(CASE, run)))
    ratio = statistics.median(flow / own for flow, own in zip(flows, builtin, strict=True))
    say(
        "turns with flows over turns with the built-in flow",
        ratio=round(ratio, 2),
        bar=BAR,
        built_in_us=round(statistics.median(builtin) * 1e6, 1),
        flow_us=round(statistics.median(flows) * 1e6, 1),
        runs=runs,
    )
    sys.exit(ratio > BAR)


if __name__ == "__main__":
    main()
