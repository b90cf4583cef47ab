"""Any interleaving of leases, attempts, crashes, clocks and recovery: nobody is called twice, nothing is lost.

What a user would lose otherwise: the people who are called twice, and the trust of a regulator.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from faults.house import NOTICES, SPRING, Gap, House
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import HOUR

pytestmark = pytest.mark.long

CAMPAIGNS = st.sampled_from([SPRING, NOTICES])


class Ownership(RuleBasedStateMachine):
    """Dialers that die, sleep and wake over one store and one carrier.

    The model is what follows ``allowed``: of the world it knows who was accepted, and which campaigns run.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="trunkcall-"))
        self.house = House(self.folder / "trunkcall.db")
        self.tokens = 0
        self.furthest = 0
        """The most that the wall clock has ever been set forth."""
        self.paused: set[str] = set()
        self.dialed_when_paused: dict[str, int] = {}
        self.house.run(self.house.open())
        self.requests_are_put(SPRING, 6, again=False)
        self.requests_are_put(NOTICES, 6, again=False)
        self.house.run(self.house.start_process())

    # --- what is allowed --------------------------------------------------------------------------------------------

    @invariant()
    def allowed(self) -> None:
        originates = self.house.exchange.originates
        accepted = {contact: key.partition("/")[0] for key, contact in self.house.accepted.items()}
        assert max(originates.values(), default=0) <= 1, "somebody was called twice"
        assert originates.keys() <= accepted.keys(), "somebody was called whom nobody had asked to call"
        dialed = Counter(accepted[contact] for contact in originates)
        for campaign, before in self.dialed_when_paused.items():
            assert dialed[campaign] == before, "somebody was called after Pause had answered"

    # --- clients ------------------------------------------------------------------------------------------------------

    @rule(campaign=CAMPAIGNS, number=st.integers(1, 6), again=st.booleans())
    def requests_are_put(self, campaign: str, number: int, again: bool) -> None:
        if campaign in self.paused:
            return
        first = 0 if again else self.tokens
        self.tokens += 0 if again else number
        self.house.run(self.house.accept(campaign, [f"t-{n}" for n in range(first, first + number)]))

    @rule(campaign=CAMPAIGNS)
    def a_campaign_is_paused_or_resumed(self, campaign: str) -> None:
        running, paused = CampaignState.RUNNING, CampaignState.PAUSED
        if campaign in self.paused:
            self.paused.discard(campaign)
            self.dialed_when_paused.pop(campaign, None)
            self.house.run(self.house.to_state(campaign, paused, running))
        else:
            # An attempt that was durable before may reach the carrier after it, from a process that slept in between.
            slept = any(not process.awake.is_set() for process in self.house.processes)
            self.house.run(self.house.to_state(campaign, running, paused))
            self.paused.add(campaign)
            if not slept:
                ids = {contact for key, contact in self.house.accepted.items() if key.startswith(f"{campaign}/")}
                self.dialed_when_paused[campaign] = len(ids & self.house.exchange.originates.keys())

    # --- processes ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.house.processes) < 3)
    @rule()
    def a_process_starts(self) -> None:
        self.house.run(self.house.start_process())

    @precondition(lambda self: self.house.processes)
    @rule(number=st.integers(0, 5))
    def a_process_is_killed(self, number: int) -> None:
        process = self.house.processes[number % len(self.house.processes)]
        self.house.loop.call_soon(process.die)
        self.house.loop.call_soon(process.awake.set)
        self.house.pass_time(0.1)
        self.house.run(self.house.bury_the_dead())

    @rule(number=st.integers(0, 5), after_s=st.sampled_from([0.0, 2.0, 40.0]))
    def a_process_is_killed_and_another_takes_over(self, number: int, after_s: float) -> None:
        if self.house.processes:
            self.a_process_is_killed(number)
        self.house.pass_time(after_s)
        if len(self.house.processes) < 3:
            self.house.run(self.house.start_process())
        self.time_passes(45.0)

    @rule(gap=st.sampled_from(Gap))
    def the_next_attempt_is_cut_by_a_crash(self, gap: Gap) -> None:
        self.house.gap = gap

    @precondition(lambda self: self.house.processes)
    @rule(number=st.integers(0, 5))
    def a_process_is_stopped(self, number: int) -> None:
        self.house.processes[number % len(self.house.processes)].stop()

    @rule()
    def a_process_is_stopped_in_the_middle_of_an_originate(self) -> None:
        self.house.stops_in_originate = True

    @rule()
    def whoever_sleeps_wakes(self) -> None:
        for process in self.house.processes:
            process.wake()
        self.house.pass_time(0.1)

    # --- the world ----------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.2, 1.0, 5.0, 20.0, 45.0]))
    def time_passes(self, seconds: float) -> None:
        self.house.pass_time(seconds)
        self.house.run(self.house.bury_the_dead())

    @rule(hours=st.sampled_from([-1, 1]))
    def the_wall_clock_jumps(self, hours: int) -> None:
        self.house.jump += hours * HOUR
        self.furthest = max(self.furthest, self.house.jump)

    @rule()
    def the_carrier_is_lost(self) -> None:
        self.house.exchange.lose()

    @rule()
    def the_carrier_is_found(self) -> None:
        self.house.run(self.house.exchange.find())

    # --- the end ------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self._everything_comes_to_its_end()
        finally:
            self.house.run(self.house.close())
            self.house.loop.close()
            shutil.rmtree(self.folder)

    def _everything_comes_to_its_end(self) -> None:
        house = self.house
        house.gap, house.stops_in_originate = None, False
        house.run(house.exchange.find())
        for campaign in list(self.paused):
            self.a_campaign_is_paused_or_resumed(campaign)
        self.whoever_sleeps_wakes()
        house.run(house.bury_the_dead())
        # A clock that was set back makes leases of before longer; nobody may dial before the last of them has run out.
        house.jump = self.furthest + HOUR
        house.run(house.start_process())
        house.pass_time(60)
        for campaign in (SPRING, NOTICES):
            house.run(house.to_state(campaign, CampaignState.RUNNING, CampaignState.STOPPED))
        for _ in range(20):
            house.pass_time(60, step=5)
            records = house.run(house.records())
            if all(record.state is ContactState.ENDED for record in records):
                break
        self.allowed()
        assert sorted(r.contact_id for r in records) == sorted(house.accepted.values()), "a request was lost"
        for record in records:
            assert record.state is ContactState.ENDED, "a contact never came to its end"
            dialed = house.exchange.originates[record.contact_id]
            assert dialed <= record.attempts <= 1, "an attempt was made that nobody remembers"


Ownership.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestOwnership = Ownership.TestCase
