"""One engine, several trunks on several hosts, and a world that does what it likes. If this fails, some order of events
that nobody thought of has one switch's failure end the calls of another, or dials over a trunk that is down, full or
not to show the number; or nobody is dialed any more although every switch is there again.

What is true after every turn, trunks included, is in ``engine.invariants``.
"""

from __future__ import annotations

from collections import defaultdict

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import initialize, rule

from engine.support import SALES, up
from engine.test_whatever_happens import CAMPAIGNS, DIALERS, World, numbers
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import AttemptBegun, ContactEnded
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.leg import HangupCause, LiveLeg
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import Originate, ReportLegs
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import (
    CarrierFound,
    CarrierLost,
    ComparisonRequested,
    LegEnded,
    LegsReported,
    OriginateVoided,
)

OURS, THEIRS = "+12025550100", "+12025550101"
TRUNKS = (
    Trunk("north", "near", channels=3, attempts_per_s=20.0),
    Trunk("east", "far", channels=2, attempts_per_s=0.5, caller_numbers=(OURS,)),
    Trunk("west", "far", channels=4, attempts_per_s=5.0, caller_numbers=(OURS, THEIRS)),
)
HOSTS = ("near", "far")
hosts = st.sampled_from(HOSTS)


class TrunksWorld(World):
    """Several switches, each of which fails when it likes."""

    config = EngineConfig(window_size=6, trunks=TRUNKS)

    @initialize(caller_id=st.sampled_from([None, OURS, THEIRS]))
    def a_campaign_shows_a_number(self, caller_id: str | None) -> None:
        self.floor.campaign("notices", dialer=DialerType.AGENTLESS, caller_id=caller_id, requests=8)

    def _on(self, host: str, keep: int) -> tuple[LiveLeg, ...]:
        """Legs that the host has, as the dialer knows them; each may be gone."""
        legs = [leg for leg in self.details.legs.values() if leg.host == host]
        return tuple(LiveLeg(leg.leg_id, leg.state) for bit, leg in enumerate(legs) if keep >> (bit % 10) & 1)

    def _concerns_alone(self, host: str, event: CarrierLost | CarrierFound | LegsReported) -> None:
        """It is told, and nothing ends on any other host."""
        told_at_once = not self.floor.more
        before = {leg.contact_id: leg.host for leg in self.details.legs.values()}
        turns = len(self.floor.trace)
        self.tell(event)
        if told_at_once:
            decision = self.floor.trace[turns][2]
            ended = {before[end.contact_id] for end in decision.changes if isinstance(end, ContactEnded)}
            assert ended <= {host, None}, "a contact on another host has ended"

    @rule(host=hosts)
    def a_host_is_lost(self, host: str) -> None:
        self._concerns_alone(host, CarrierLost(host))

    @rule(host=hosts, keep=st.integers(0, 1023), stranger=st.booleans())
    def a_host_is_found(self, host: str, keep: int, stranger: bool) -> None:
        legs = (*self._on(host, keep), *(up("stranger") if stranger else ()))
        self._concerns_alone(host, CarrierFound(legs, host))

    @rule(host=hosts, keep=st.integers(0, 1023), apart_s=st.sampled_from([5.0, 11.0]))
    def a_host_answers_alike_twice(self, host: str, keep: int, apart_s: float) -> None:
        legs = self._on(host, keep)
        for _ in range(2):
            self.tell(ComparisonRequested())
            questions = self.floor.asked(ReportLegs)
            if questions:
                self._concerns_alone(host, LegsReported(questions[-1].question, legs, host))
            self.floor.wait(apart_s)

    @rule(keep=st.integers(0, 255), hosts_first=st.permutations(HOSTS))
    def the_dialer_is_replaced_and_hears_of_each_host(self, keep: int, hosts_first: list[str]) -> None:
        legs = [leg for host in HOSTS for leg in self._on(host, keep)]
        self.past_legs += self.details.legs
        self.floor.restart(*legs, hosts=hosts_first)

    @rule(number=numbers)
    def a_trunk_takes_no_attempt(self, number: int) -> None:
        dialed = [deed.leg_id for deed in self.floor.asked(Originate) if deed.leg_id in self.details.legs]
        if dialed:
            self.tell(OriginateVoided(dialed[-1 - number % len(dialed)]))

    @rule(there=st.sets(st.sampled_from(TRUNKS)), channels=st.integers(1, 3))
    def trunks_change(self, there: set[Trunk], channels: int) -> None:
        last = Trunk("north", "near", channels=channels)
        trunks = [last if trunk.trunk_id == "north" else trunk for trunk in TRUNKS if trunk in there]
        self.floor.has_trunks(*trunks)

    @rule(campaign=st.sampled_from(CAMPAIGNS), caller_id=st.sampled_from([None, OURS, THEIRS]))
    def a_campaign_shows_another_number(self, campaign: str, caller_id: str | None) -> None:
        if campaign not in self.over:
            self.floor.campaign(campaign, dialer=DIALERS[campaign], caller_id=caller_id)

    # --- the end ------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        self._every_number_was_one_that_the_trunk_may_show()
        self._every_trunk_kept_its_rate()
        self._when_all_are_found_dialing_goes_on()
        super().teardown()

    def _every_number_was_one_that_the_trunk_may_show(self) -> None:
        trunks = {trunk.trunk_id: trunk for trunk in TRUNKS}
        begun = {attempt.leg_id: attempt for attempt in self.floor.asked(AttemptBegun)}
        for deed in self.floor.asked(Originate):
            trunk, attempt = trunks[deed.trunk_id], begun[deed.leg_id]
            assert (deed.trunk_id, deed.caller_id) == (attempt.trunk_id, attempt.caller_id), "the record says otherwise"
            assert deed.host == trunk.host
            assert trunk.may_show(deed.caller_id)
            assert deed.caller_id is not None or not trunk.caller_numbers

    def _every_trunk_kept_its_rate(self) -> None:
        """Of one dialer; another begins anew."""
        of_one: defaultdict[tuple[str, str], list[Instant]] = defaultdict(list)
        for attempt in self.floor.asked(AttemptBegun):
            of_one[attempt.trunk_id, attempt.leg_id.rpartition("-")[0]].append(attempt.at)
        for trunk in TRUNKS:
            if trunk.trunk_id == "north":
                continue  # its rate was changed
            for (trunk_id, _), begun in of_one.items():
                if trunk_id != trunk.trunk_id:
                    continue
                for first, since in enumerate(begun):
                    for last, until in enumerate(begun[first:], 1):
                        most = trunk.attempts_per_s * ((until - since) / SECOND + 1) + 1
                        assert last <= most, "a trunk was given more attempts than it takes"

    def _when_all_are_found_dialing_goes_on(self) -> None:
        floor = self.floor
        floor.answers_refills, floor.confirms_hang_ups, floor.more = True, True, False
        floor.turn()
        while floor.refills:
            floor.answer_refill()
        floor.has_trunks(*TRUNKS)
        for host in HOSTS:
            floor.tell(CarrierFound(self._on(host, 1023), host))
        # Before their lines are free, which they would take anew.
        for campaign in CAMPAIGNS:
            floor.campaign(campaign, dialer=DIALERS[campaign], state=CampaignState.STOPPED)
        for leg in self.details.legs:
            floor.tell(LegEnded(leg, HangupCause.NORMAL))
        floor.removes("ann")
        floor.agent("eve", SALES)
        number = len(floor.asked(AttemptBegun))
        floor.campaign("last", dialer=DialerType.AGENTLESS, requests=9)
        floor.campaign("last of all", caller_id=THEIRS, requests=1)
        floor.wait(5)
        dialed = floor.asked(AttemptBegun)[number:]
        assert len([attempt for attempt in dialed if attempt.campaign_id == "last"]) >= 4, "dialing has not gone on"
        for name, dialer in (("last", DialerType.AGENTLESS), ("last of all", DialerType.PROGRESSIVE)):
            floor.campaign(name, dialer=dialer, state=CampaignState.STOPPED)


TrunksWorld.TestCase.settings = settings(
    max_examples=80,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestWhateverTrunksDo = TrunksWorld.TestCase
