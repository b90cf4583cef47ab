"""Agents, queues and routing profiles come, change and go while two campaigns are dialed, processes begin anew and
commits fail; on a real store, and on one in memory.

What a user would lose otherwise: a talk that is cut off because somebody was deleted, an agent who sits there free and
is never rung again, or one who is rung for two people at once.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.invariants import check
from service.bench import CAMPAIGN, LINES, Bench
from service.switch import Phone
from service.witness import Fate
from trunkcall.domain.agent import STAFFED_STATES, AgentState, AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.contact import ContactState, Disposition
from trunkcall.domain.directory import Directory, Fact
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import HOUR, Instant
from trunkcall.domain.leg import HangupCause, LegParty, LegState
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, alike
from trunkcall.domain.transitions import WITH_AN_AGENT
from trunkcall.domain.user import Agent
from trunkcall.engine.details import EngineDetails
from trunkcall.engine.engine import Engine

AUTUMN = "autumn"
NAMES = ("ann", "bea", "cid", "dan")
PROFILES = ("sellers", "servants", "all-rounders")
MEMORY = Path("/dev/shm")
ANY = st.integers(0, 7)
seen = st.booleans()
"""Whether a change is dialed by before the next thing happens."""
some_names = st.sets(st.sampled_from(NAMES), min_size=1)


class ComingsAndGoings(RuleBasedStateMachine):
    """What there should be is the store's to say; the engine has to come round to it within a second."""

    @initialize(
        in_memory=st.booleans(),
        spring=st.sampled_from([DialerType.PROGRESSIVE, DialerType.PREDICTIVE]),
        autumn=st.sampled_from([DialerType.PROGRESSIVE, DialerType.PREDICTIVE]),
    )
    def a_shift_begins(self, in_memory: bool, spring: DialerType, autumn: DialerType) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trunkcall-", dir=MEMORY if MEMORY.is_dir() else None))
        path = None if in_memory else self.folder / "trunkcall.db"
        self.bench = Bench(path, dialer_type=spring, agents=1, detects=False)
        self.switch = self.bench.switch
        sales, service = self.queues = (self.bench.queue, "service")
        self.put(Queue(service, service))
        self.bench.run(self.bench.open_campaign(AUTUMN, autumn, service, detects=False))
        for profile, queue_ids in zip(PROFILES, [(sales,), (service,), (sales, service)], strict=True):
            self.put(RoutingProfile(profile, profile, alike(queue_ids)))
        self.put(*(Agent(name, name, "all-rounders") for name in NAMES[:3]))
        for campaign in (CAMPAIGN, AUTUMN):
            self.requests_are_put(LINES, campaign)
        self.bench.pass_time(1.0)
        self.everybody_is_available()

    # --- what the store is told ---------------------------------------------------------------------------------------

    def put(self, *facts: Fact, seen: bool = False) -> None:
        self.bench.run(self.bench.kept.put_facts(self.bench.instance_id, facts))
        self.is_dialed_by(seen=seen)

    def remove(self, kind: FactKind, *ids: str, seen: bool) -> None:
        self.bench.run(self.bench.kept.remove_facts(self.bench.instance_id, kind, ids, at=self.bench.now()))
        self.is_dialed_by(seen=seen)

    def is_dialed_by(self, *, seen: bool) -> None:
        if seen:
            self.time_passes(1.0)
        else:
            self.bench.settle()

    @rule(names=some_names, profile=st.sampled_from(PROFILES), seen=seen)
    def agents_are_put(self, names: set[str], profile: str, seen: bool) -> None:
        self.put(*(Agent(name, name, profile) for name in sorted(names)), seen=seen)

    @rule(names=some_names, seen=seen)
    def agents_are_removed(self, names: set[str], seen: bool) -> None:
        self.remove(FactKind.AGENT, *names, seen=seen)

    @rule(seen=seen)
    def all_who_have_a_contact_are_removed(self, seen: bool) -> None:
        agents = self.details.agents.values()
        self.remove(FactKind.AGENT, *(agent.agent_id for agent in agents if agent.contact_id), seen=seen)

    @rule(profile=st.sampled_from(PROFILES), serves=st.tuples(st.booleans(), st.booleans()), seen=seen)
    def a_profile_is_put(self, profile: str, serves: tuple[bool, bool], seen: bool) -> None:
        queue_ids = tuple(queue_id for queue_id, served in zip(self.queues, serves, strict=True) if served)
        self.put(RoutingProfile(profile, profile, alike(queue_ids)), seen=seen)

    @rule(profile=st.sampled_from(PROFILES), seen=seen)
    def a_profile_is_removed(self, profile: str, seen: bool) -> None:
        self.remove(FactKind.ROUTING_PROFILE, profile, seen=seen)

    @rule(n=st.integers(0, 1), there=st.booleans(), seen=seen)
    def a_queue_is_removed_or_put(self, n: int, there: bool, seen: bool) -> None:
        queue_id = self.queues[n]
        if there:
            self.put(Queue(queue_id, queue_id), seen=seen)
        else:
            self.remove(FactKind.QUEUE, queue_id, seen=seen)

    @precondition(lambda self: len(self.bench.contacts) < 8 * LINES)
    @rule(number=st.integers(1, 4), campaign=st.sampled_from([CAMPAIGN, AUTUMN]))
    def requests_are_put(self, number: int, campaign: str) -> None:
        self.bench.accept(number, within=24 * HOUR, campaign_id=campaign)
        self.bench.current.requests_accepted(campaign)
        self.bench.settle()

    # --- what agents say ----------------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), status=st.sampled_from(AgentStatus))
    def an_agent_comes_or_goes(self, name: str, status: AgentStatus) -> None:
        """Whoever is no agent is told so."""
        with suppress(NotFoundError):
            self.bench.presence.put_user_status(name, status)
        self.bench.settle()

    @rule()
    def everybody_is_available(self) -> None:
        for name in (*NAMES, *self.bench.agents):
            self.an_agent_comes_or_goes(name, AgentStatus.AVAILABLE)

    @rule()
    def whoever_works_after_a_contact_is_done(self) -> None:
        for agent in self.details.agents.values():
            if agent.state is AgentState.AFTER_CONTACT_WORK:
                self.an_agent_comes_or_goes(agent.agent_id, AgentStatus.AVAILABLE)

    # --- phones -------------------------------------------------------------------------------------------------------

    @rule()
    def phones_are_answered(self) -> None:
        for phone in list(self.switch.phones.values()):
            if phone.state in (LegState.ORIGINATING, LegState.RINGING):
                self.switch.is_answered(phone)
            elif phone.playing:
                self.switch.has_played(phone)
        self.bench.settle()

    @rule()
    def talks_come_to_their_end(self) -> None:
        for phone in list(self.switch.phones.values()):
            if phone.bridged_to is not None and phone.party is LegParty.CUSTOMER:
                self.switch.hangs_up(phone, HangupCause.NORMAL)
        self.bench.settle()

    @precondition(lambda self: self.switch.phones)
    @rule(n=ANY, cause=st.sampled_from([HangupCause.NORMAL, HangupCause.BUSY, HangupCause.LOST]))
    def a_leg_ends(self, n: int, cause: HangupCause) -> None:
        phones: list[Phone] = list(self.switch.phones.values())
        self.switch.hangs_up(phones[n % len(phones)], cause)
        self.bench.settle()

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    @rule(fate=st.sampled_from(Fate))
    def a_commit_fails(self, fate: Fate) -> None:
        self.bench.store.fates = [fate]
        self.phones_are_answered()
        self.bench.store.fates = []

    @rule()
    def whoever_dials_is_cancelled_and_begins_anew(self) -> None:
        self.bench.restart()

    # --- what must be so ----------------------------------------------------------------------------------------------

    @invariant()
    def every_deed_was_preceded_by_its_change(self) -> None:
        if hasattr(self, "bench"):
            assert not self.bench.witness.wrong, self.bench.witness.wrong

    @rule(seconds=st.sampled_from([0.1, 1.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.bench.pass_time(seconds, step=2.0)
        if seconds >= 1.0:
            # One that begins anew does so after a second, and reads everything.
            self.bench.pass_time(2.0)
            self.engine_and_store_agree()

    @property
    def engine(self) -> Engine:
        assert self.bench.current.engine is not None
        return self.bench.current.engine

    @property
    def details(self) -> EngineDetails:
        return self.engine.details()

    @property
    def directory(self) -> Directory:
        found = self.bench.run(self.bench.kept.directory(self.bench.instance_id))
        assert found is not None
        return found

    def engine_and_store_agree(self) -> None:
        details, directory = self.details, self.directory
        check(self.engine, details)
        for agent in directory.agents.values():
            assert agent.agent_id in details.agents, "an agent was put and is not known"
            known = details.agents[agent.agent_id]
            assert not known.leaving
            profile = directory.routing_profiles.get(agent.routing_profile_id)
            served = profile.queue_ids if profile is not None else ()
            assert known.queue_ids == tuple(filter(directory.queues.__contains__, served)), "served are other queues"
            if known.state in STAFFED_STATES and known.contact_id is None and known.kept_for is None:
                free_in = {queue.queue_id for queue in details.queues.values() if agent.agent_id in queue.free}
                assert free_in == set(known.queue_ids), "an agent who is at work is neither free nor in a contact"
        for known in details.agents.values():
            assert known.leaving == (known.agent_id not in directory.agents), "an agent who was removed is kept"
            assert self.bench.presence.knows(known.agent_id), "an agent with a contact cannot say that it is over"
        assert all(self.bench.presence.knows(name) == (name in details.agents) for name in NAMES)
        self.nobody_is_booked_twice(details)

    def nobody_is_booked_twice(self, details: EngineDetails) -> None:
        live = self.bench.live()
        assert {contact.contact_id for contact in live} == set(details.contacts), "a contact in progress was lost"
        with_agent = {contact.contact_id: contact.agent_id for contact in live if contact.state in WITH_AN_AGENT}
        assert None not in with_agent.values()
        assert len(set(with_agent.values())) == len(with_agent), "an agent is in two contacts"
        for contact_id, agent_id in with_agent.items():
            assert agent_id is not None
            assert details.agents[agent_id].contact_id == contact_id

    # --- the end ------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        try:
            self.everything_comes_to_its_end()
            self.the_sums_add_up()
            self.nothing_is_left_of_who_has_gone()
        finally:
            self.bench.close()
            shutil.rmtree(self.folder)

    def everything_comes_to_its_end(self) -> None:
        self.bench.store.fates = []
        sales, service = self.queues
        self.put(
            Queue(sales, sales), Queue(service, service), RoutingProfile("all-rounders", "all", alike(self.queues))
        )
        self.put(*(Agent(name, name, "all-rounders") for name in NAMES))
        self.bench.pass_time(3.0)
        for _ in range(200):
            self.everybody_is_available()
            self.phones_are_answered()
            self.talks_come_to_their_end()
            self.bench.pass_time(2.0, step=2.0)
            waiting = sum(self.bench.run(self.bench.kept.waiting_count(campaign)) for campaign in (CAMPAIGN, AUTUMN))
            if not self.switch.phones and not self.bench.live() and not waiting:
                break
        self.engine_and_store_agree()

    def the_sums_add_up(self) -> None:
        records = self.bench.records()
        assert {record.contact_id for record in records} == self.bench.contacts.keys(), "a request was lost"
        talks: defaultdict[str, list[tuple[Instant, Instant]]] = defaultdict(list)
        for record in records:
            assert record.state is ContactState.ENDED, "a contact never came to its end"
            assert (record.connected_to_agent_at is not None) == (
                record.disposition is Disposition.CONNECTED_TO_AGENT
            ), "a talk ended as if there had been none"
            if record.connected_to_agent_at is not None:
                assert record.agent_id is not None
                assert record.ended_at is not None
                talks[record.agent_id].append((record.connected_to_agent_at, record.ended_at))
        for talked in talks.values():
            talked.sort()
            assert all(end <= begin for (_, end), (begin, _) in pairwise(talked)), "booked twice"
        counts = self.bench.run(self.bench.kept.contact_counts([CAMPAIGN, AUTUMN]))
        assert sum(each.accepted for each in counts.values()) == len(records)
        assert sum(sum(each.dispositions.values()) for each in counts.values()) == len(records)

    def nothing_is_left_of_who_has_gone(self) -> None:
        """Of whoever was removed at last the engine keeps nothing but the time that was worked."""
        before = self.engine.snapshot(self.bench.now())
        self.whoever_works_after_a_contact_is_done()
        self.remove(FactKind.AGENT, *self.directory.agents, seen=True)
        self.bench.pass_time(2.0)
        after = self.engine.snapshot(self.bench.now())
        assert sum(after.agents.values()) == 0
        assert after.staffed >= before.staffed
        assert after.handling >= before.handling
        for campaign in (CAMPAIGN, AUTUMN):
            self.bench.run(
                self.bench.kept.change_campaign_state(
                    campaign, allowed_from=[CampaignState.RUNNING], to=CampaignState.STOPPED
                )
            )
        self.bench.pass_time(2.0)
        assert not self.details.agents


ComingsAndGoings.TestCase.settings = settings(
    settings.default,
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestComingsAndGoings = ComingsAndGoings.TestCase
