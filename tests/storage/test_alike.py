"""Whatever is done, in whatever order, the store in memory answers what the one on disk does.

What a user would lose otherwise: tests of whole worlds are told in memory, and would say nothing of a server.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from storage.support import NOW, ManualClock, begin, campaign, directory
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    AgentDispositionChosen,
    AttemptBegun,
    AttemptVoided,
    Change,
    ContactAbandoned,
    ContactAnswered,
    ContactConnected,
    ContactConnecting,
    ContactDetected,
    ContactEnded,
    ContactExpired,
    ContactForbidden,
    ContactHeld,
    ContactQueued,
    ContactRecorded,
    ContactRequeued,
    ContactSetAside,
    CustomerPutOnHold,
    CustomerTakenOffHold,
    FlowProgressed,
    LedgerCounted,
    SafeHarbourBegun,
    SessionBegun,
    SessionEnded,
)
from trunkcall.domain.clearance import (
    Clearance,
    DayLimit,
    Evidence,
    Hold,
    HoldReason,
    LocalTime,
    Prohibition,
    RollingLimit,
)
from trunkcall.domain.contact import DetectionStatus, DialRequest, DisconnectReason, Disposition
from trunkcall.domain.directory import (
    CentreUse,
    Directory,
    EncryptionConfig,
    Fact,
    FactRemoved,
    Instance,
    OnboardingFailure,
    OnboardingJob,
    OnboardingStatus,
)
from trunkcall.domain.do_not_call import DoNotCallList, ListKind
from trunkcall.domain.errors import InvalidCampaignStateError, TrunkcallError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.flow import Taken
from trunkcall.domain.instants import DAY, MINUTE, SECOND
from trunkcall.domain.queue import Queue
from trunkcall.domain.recording import Recording
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import Agent
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.ports.do_not_call import Origin
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.store import Store

INSTANCES = st.sampled_from(["instance-1", "instance-2", "nowhere"])
CENTRES = st.sampled_from(["instance-1", "instance-2", "spare", "nowhere"])
"""The spare one has neither campaigns nor a dialer."""
CAMPAIGNS = st.sampled_from(["c-1", "c-2", "c-3", "none"])
CONTACTS = st.integers(0, 9).map(lambda number: f"contact-{number}")
NUMBERS = st.sampled_from(["+12125550100", "+12125550101"])
TOKENS = st.sampled_from(
    ["t-1", "t-2", "t-3", "list-1-212-555-0100", "number-" + "0a" * 16, "row-1-" + "0f" * 12, "erased-5", None]
)
STATES = st.sampled_from(CampaignState)
OWNERS = st.sampled_from(["host:1", "host:2"])
DELAYS = st.sampled_from([0, SECOND, MINUTE, 10 * MINUTE])
HELD_FOR = [None, None, 0, SECOND, 5 * MINUTE]
KEYS = [-(2**63), 0, 2**63 - 1]


def day_limits(reasons: Sequence[HoldReason]) -> st.SearchStrategy[tuple[DayLimit, ...]]:
    limit = st.builds(
        DayLimit,
        key=st.sampled_from(["", "+44"]),
        began_at=st.sampled_from([NOW - DAY, NOW]),
        ends_at=st.just(NOW + MINUTE),
        most=st.sampled_from([None, 0, 2, 3]),
        reason=st.sampled_from(reasons),
    )
    return st.lists(limit, max_size=2, unique_by=lambda each: (each.key, each.began_at, each.reason)).map(tuple)


CLEARANCES = st.builds(
    Clearance,
    policy_version=st.sampled_from([0, 0, 1, 2]),
    number_key=st.sampled_from(KEYS),
    local=st.sampled_from([None, LocalTime(("Europe/Paris",), Evidence.NUMBER)]),
    lists=st.sampled_from([(), (1, 2)]),
    number_limits=st.lists(st.builds(RollingLimit, st.integers(1, 3), DELAYS), max_size=2).map(tuple),
    number_gap=DELAYS,
    day_limits=day_limits([HoldReason.DAY_LIMIT, HoldReason.CALLER_ID_LIMIT]),
    per_minute=st.sampled_from([0, 1]),
    spend=st.sampled_from([0, 1, 2]),
    spend_limits=day_limits([HoldReason.SPEND_LIMIT]),
    hold=st.sampled_from([None, None, Hold(HoldReason.OUTSIDE_HOURS, NOW + MINUTE)]),
    forbidden=st.sampled_from([None, None, None, *Prohibition]),
)


def alike(value: Any) -> Any:
    """A value without what each store may number as it likes: versions and sequences."""
    if isinstance(value, str):
        return re.sub(r"erased-\d+", "erased", value)
    if is_dataclass(value) and not isinstance(value, type):
        each = {field.name: getattr(value, field.name) for field in fields(value)}
        return type(value), {name: alike(of) for name, of in each.items() if name not in ("version", "sequence")}
    if isinstance(value, Mapping):
        return {alike(key): alike(of) for key, of in value.items()}
    if isinstance(value, set | frozenset):
        return {alike(each) for each in value}
    if isinstance(value, list | tuple):
        return [alike(each) for each in value]
    return value


class Alike(RuleBasedStateMachine):
    """Two stores that are told the same."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        disk = SQLiteStore(Path(self.folder.name) / "trunkcall.db", clock=self.clock)
        self.stores: tuple[Store, Store] = (disk, MemoryStore(self.clock))
        self.leases = {"instance-1": Lease("instance-1", "host:1", 1), "instance-2": Lease("instance-2", "host:1", 1)}
        self.retired: list[Lease] = []
        self.numbers = iter(range(1_000_000))

    def both(self, verb: Callable[[Store], Coroutine[Any, Any, Any]]) -> Any:
        """What both have answered."""
        disk, memory = [self.runner.run(self.outcome(verb(store))) for store in self.stores]
        assert alike(memory) == alike(disk)
        return disk

    async def outcome(self, answer: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await answer
        except InvalidCampaignStateError as error:
            return type(error), error.state
        except TrunkcallError as error:
            return type(error)

    @initialize()
    def stand_up(self) -> None:
        for store in self.stores:
            self.runner.run(store.open())
        for instance_id in self.leases:
            self.both(partial(self.found, instance_id=instance_id))
        lists = [DoNotCallList(1, "opt-outs"), DoNotCallList(2, "register", ListKind.REGISTRY)]
        self.both(lambda store: store.put_facts("instance-1", lists))
        spare = Directory(Instance("spare", "spare", NOW, onboarded=False), queues={"q1": Queue("q1", "Sales")})
        self.both(lambda store: store.create_instance(spare))
        running = CampaignState.RUNNING
        self.both(lambda store: store.create_campaign(campaign("c-1", state=running)))
        self.both(lambda store: store.create_campaign(campaign("c-2", instance_id="instance-2", state=running)))

    async def found(self, store: Store, instance_id: str) -> None:
        await store.create_instance(directory(instance_id))
        await store.acquire_lease(instance_id, "host:1", 10 * MINUTE)

    def teardown(self) -> None:
        for store in self.stores:
            self.runner.run(store.close())
        self.runner.close()
        self.folder.cleanup()

    # --- the contact centre -------------------------------------------------------------------------------------------

    @rule(instance_id=CENTRES, name=st.sampled_from(["Sales", "Support", "Other"]))
    def put_queue(self, instance_id: str, name: str) -> None:
        self.both(lambda store: store.put_facts(instance_id, [Queue("q1", name)]))

    @rule(instance_id=CENTRES, channels=st.sampled_from([10, 20]), numbers=st.sampled_from([(), ("+12065550100",)]))
    def put_trunk(self, instance_id: str, channels: int, numbers: tuple[str, ...]) -> None:
        self.both(lambda store: store.put_facts(instance_id, [Trunk("north", "sbc-1", channels, 5.0, numbers)]))

    @rule(instance_id=CENTRES)
    def remove_trunk(self, instance_id: str) -> None:
        self.both(lambda store: store.remove_facts(instance_id, FactKind.TRUNK, ["north"], at=self.clock.now))

    @rule(instance_id=CENTRES, queue_ids=st.lists(st.sampled_from(["q1", "q2", "q9"]), max_size=3))
    def remove_queues(self, instance_id: str, queue_ids: list[str]) -> None:
        self.both(lambda store: store.remove_facts(instance_id, FactKind.QUEUE, queue_ids, at=self.clock.now))

    @rule(
        instance_id=CENTRES,
        put=st.lists(st.tuples(st.sampled_from(["q1", "q2", "q3"]), st.sampled_from(["Sales", "Other"])), max_size=2),
        remove=st.lists(st.sampled_from(["q1", "q2", "q9"]), max_size=2),
    )
    def change_queues(self, instance_id: str, put: list[tuple[str, str]], remove: list[str]) -> None:
        def decide(found: Directory, use: CentreUse) -> list[Fact | FactRemoved]:
            gone = [each for each in remove if each in found.queues and each not in use.queue_ids]
            removed = [FactRemoved(FactKind.QUEUE, each, self.clock.now) for each in gone]
            return [*(Queue(*each, changed_at=self.clock.now) for each in put), *removed]

        self.both(lambda store: store.change_facts(instance_id, decide))

    @rule(instance_id=CENTRES, tags=st.sampled_from([{}, {"team": "north"}]), inbound=st.booleans())
    def change_instance(self, instance_id: str, tags: dict[str, str], inbound: bool) -> None:
        def decide(found: Instance) -> Instance:
            return replace(found, tags=tags, inbound_calls=inbound, created_at=0, deleted_at=1)

        self.both(lambda store: store.change_instance(instance_id, decide))

    @rule(instance_id=CENTRES)
    def delete_instance(self, instance_id: str) -> None:
        self.both(lambda store: store.delete_instance(instance_id, at=self.clock.now))

    @rule(instance_id=CENTRES, agent_id=st.sampled_from(["a1", "a2"]), status_id=st.sampled_from(["s1", "s2"]))
    def choose_status(self, instance_id: str, agent_id: str, status_id: str) -> None:
        self.both(lambda store: store.put_presence(instance_id, agent_id, status_id, at=self.clock.now))

    @rule(instance_id=CENTRES, here=st.booleans())
    def come_or_go(self, instance_id: str, here: bool) -> None:
        if here:
            self.both(lambda store: store.put_facts(instance_id, [Agent("a1", "ann", "r1")]))
        else:
            self.both(lambda store: store.remove_facts(instance_id, FactKind.AGENT, ["a1"], at=self.clock.now))

    @rule(instance_id=CENTRES)
    def onboard(self, instance_id: str) -> None:
        encryption = EncryptionConfig(True, "KMS", "arn")
        job = OnboardingJob(instance_id, OnboardingStatus.IN_PROGRESS, encryption, self.clock.now)
        self.both(lambda store: store.start_onboarding(job))

    @rule(instance_id=CENTRES, failure=st.sampled_from([None, OnboardingFailure.INTERNAL_FAILURE]))
    def end_onboarding(self, instance_id: str, failure: OnboardingFailure | None) -> None:
        self.both(lambda store: store.finish_onboarding(instance_id, failure))

    @rule(instance_id=CENTRES)
    def forget_job(self, instance_id: str) -> None:
        self.both(lambda store: store.delete_onboarding_job(instance_id))

    @rule(instance_id=CENTRES)
    def offboard(self, instance_id: str) -> None:
        self.both(lambda store: store.offboard(instance_id))

    @rule(instance_id=CENTRES, days=st.sampled_from([None, 1]))
    def retain(self, instance_id: str, days: int | None) -> None:
        self.both(lambda store: store.set_retention(instance_id, days))

    # --- campaigns ----------------------------------------------------------------------------------------------------

    @rule(campaign_id=st.sampled_from(["c-3", "c-4"]), instance_id=INSTANCES, most=st.sampled_from([None, 2]))
    def create(self, campaign_id: str, instance_id: str, most: int | None) -> None:
        if not self.both(lambda store: store.has_campaign(campaign_id)):
            new = campaign(campaign_id, instance_id=instance_id, state=CampaignState.INITIALIZED)
            self.both(lambda store: store.create_campaign(new, most=most))

    @rule(campaign_id=CAMPAIGNS, of=STATES, to=STATES, most=st.sampled_from([None, 1]))
    def change_state(self, campaign_id: str, of: CampaignState, to: CampaignState, most: int | None) -> None:
        self.both(lambda store: store.change_campaign_state(campaign_id, allowed_from=[of], to=to, max_running=most))

    @rule(campaign_id=CAMPAIGNS)
    def let_run(self, campaign_id: str) -> None:
        states, running = list(CampaignState), CampaignState.RUNNING
        self.both(lambda store: store.change_campaign_state(campaign_id, allowed_from=states, to=running))

    @rule(campaign_id=CAMPAIGNS, name=st.sampled_from(["name of c-1", "another"]))
    def rename(self, campaign_id: str, name: str) -> None:
        self.both(lambda store: store.edit_campaign(campaign_id, lambda found: replace(found, name=name, tags={})))

    @rule(campaign_id=st.sampled_from(["c-3", "none"]))
    def delete(self, campaign_id: str) -> None:
        self.both(lambda store: store.delete_campaign(campaign_id, at=self.clock.now))

    # --- dial requests ------------------------------------------------------------------------------------------------

    @rule(
        campaign_id=CAMPAIGNS,
        people=st.lists(st.tuples(CONTACTS, TOKENS, NUMBERS, DELAYS, st.sampled_from(HELD_FOR)), max_size=4),
        life=st.sampled_from([SECOND, 20 * MINUTE]),
        max_waiting=st.sampled_from([2, 100]),
    )
    def accept(
        self,
        campaign_id: str,
        people: list[tuple[str, str | None, str, int, int | None]],
        life: int,
        max_waiting: int,
    ) -> None:
        now = self.clock.now
        requests = [
            DialRequest(
                contact_id,
                token,
                number,
                now + life,
                {"n": number},
                due_at=delay and now + delay,
                time_zone="Europe/Paris" if held_for else None,
                hold=None if held_for is None else Hold(HoldReason.OUTSIDE_HOURS, now + held_for),
            )
            for contact_id, token, number, delay, held_for in people
        ]
        self.both(lambda store: store.put_dial_requests(campaign_id, requests, at=now, max_waiting=max_waiting))

    @rule(campaign_id=CAMPAIGNS, contact_ids=st.sets(CONTACTS), delay=DELAYS)
    def move(self, campaign_id: str, contact_ids: set[str], delay: int) -> None:
        due_at = delay and self.clock.now + delay
        self.both(lambda store: store.change_due(campaign_id, contact_ids, due_at=due_at))

    @rule(contact_id=CONTACTS, attributes=st.dictionaries(st.sampled_from("nmö"), st.text(max_size=2), max_size=2))
    def give(self, contact_id: str, attributes: dict[str, str]) -> None:
        self.both(lambda store: store.give_attributes(contact_id, attributes, at=self.clock.now))

    @rule(number=NUMBERS, number_key=st.sampled_from([None, *KEYS]))
    def forget(self, number: str, number_key: int | None) -> None:
        self.both(lambda store: store.forget_number(number, at=self.clock.now, number_key=number_key))

    @rule(instance_id=INSTANCES, age=DELAYS)
    def erase(self, instance_id: str, age: int) -> None:
        now = self.clock.now
        self.both(lambda store: store.erase_ended(instance_id, before=now - age, at=now, limit=100))

    # --- ownership ----------------------------------------------------------------------------------------------------

    @rule(instance_id=INSTANCES, owner=OWNERS, sole=st.booleans())
    def acquire(self, instance_id: str, owner: str, sole: bool) -> None:
        lease = self.both(lambda store: store.acquire_lease(instance_id, owner, 10 * MINUTE, sole=sole))
        if isinstance(lease, Lease):
            self.retired.append(self.leases[instance_id])
            self.leases[instance_id] = lease

    @rule(instance_id=st.sampled_from(["instance-1", "instance-2"]))
    def renew(self, instance_id: str) -> None:
        self.both(lambda store: store.renew_lease(self.leases[instance_id], 10 * MINUTE))

    @rule(instance_id=st.sampled_from(["instance-1", "instance-2"]))
    def release(self, instance_id: str) -> None:
        self.both(lambda store: store.release_lease(self.leases[instance_id]))

    @rule(
        campaign_id=st.sampled_from(["c-1", "c-1", "c-2", "none"]),
        steps=st.lists(st.tuples(CONTACTS, st.integers(0, 21)), max_size=4),
        former=st.booleans(),
        found=st.lists(st.none() | CLEARANCES, min_size=1, max_size=2),
    )
    def commit(
        self, campaign_id: str, steps: list[tuple[str, int]], former: bool, found: list[Clearance | None]
    ) -> None:
        changes = [self.change(campaign_id, *step) for step in steps]
        lease = self.leases["instance-2" if campaign_id == "c-2" else "instance-1"]
        if former and self.retired:
            lease = self.retired[-1]
        clearances = self.clearances(changes, found)
        self.both(lambda store: store.commit(lease, changes, clearances))

    @rule(
        contacts=st.lists(CONTACTS, min_size=1, max_size=3, unique=True),
        to=st.integers(1, 9),
        found=st.lists(st.none() | CLEARANCES, min_size=1, max_size=3),
    )
    def talk(self, contacts: list[str], to: int, found: list[Clearance | None]) -> None:
        """A contact goes all the way to a step, if it can."""
        changes = [self.change("c-1", contact_id, step) for step in range(to) for contact_id in contacts]
        clearances = self.clearances(changes, found)
        self.both(lambda store: store.commit(self.leases["instance-1"], changes, clearances))

    @rule(contacts=st.lists(CONTACTS, min_size=1, max_size=3, unique=True), found=CLEARANCES, void=st.booleans())
    def dial(self, contacts: list[str], found: Clearance, void: bool) -> None:
        """Attempts that come to nothing, or only that."""
        end = 10 if void else 6
        changes = [self.change("c-1", contact_id, step) for contact_id in contacts for step in (0, end)]
        clearances = self.clearances(changes, [found])
        self.both(lambda store: store.commit(self.leases["instance-1"], changes, clearances))

    def clearances(self, changes: list[Change], found: list[Clearance | None]) -> dict[str, Clearance]:
        """For the attempts and the agents' legs among the changes, as if of today."""
        ids = [
            change.contact_id if isinstance(change, AttemptBegun) else change.leg_id
            for change in changes
            if isinstance(change, AttemptBegun | ContactConnecting | SessionBegun)
        ]
        of_each = zip(dict.fromkeys(ids), itertools.cycle(found), strict=False)
        return {each: clearance for each, clearance in of_each if clearance is not None}

    @rule(instance_id=CENTRES, halt=st.booleans())
    def halt(self, instance_id: str, halt: bool) -> None:
        if halt:
            self.both(lambda store: store.halt_instance(instance_id, at=self.clock.now, reason="why"))
        else:
            self.both(lambda store: store.resume_instance(instance_id))

    @rule(name=st.sampled_from(["default", "night"]), number=st.integers(1, 2))
    def set_policy(self, name: str, number: int) -> None:
        self.both(lambda store: store.put_facts("instance-1", [CallingPolicy(name, number, "text")]))

    @rule(number=st.integers(1, 3), keys=st.lists(st.sampled_from(KEYS), max_size=3), away=st.booleans())
    def list_numbers(self, number: int, keys: list[int], away: bool) -> None:
        """On lists of whom the last one is none."""
        origin = Origin("letter", "asked", self.clock.now)
        if away:
            self.both(lambda store: store.remove_entries("instance-1", number, keys))
        else:
            self.both(lambda store: store.add_entries("instance-1", number, keys, origin))
        self.both(lambda store: store.listed("instance-1", [1, 2, 3], KEYS))
        self.both(lambda store: store.entries_of("instance-1", KEYS[0]))

    @rule(
        number=st.integers(1, 2),
        keys=st.lists(st.sampled_from(KEYS), max_size=3),
        meanwhile=st.sampled_from(KEYS),
        replaces=st.booleans(),
        cut_short=st.booleans(),
    )
    def import_numbers(self, number: int, keys: list[int], meanwhile: int, replaces: bool, cut_short: bool) -> None:
        """While somebody opts out."""
        origin = Origin("file", "", self.clock.now)

        async def imported(store: Store) -> int | None:
            begun = await store.begin_import("instance-1", number, origin, as_of=None, replaces=replaces)
            await store.append_to_import("instance-1", begun, keys)
            await store.add_entries("instance-1", number, [meanwhile], origin)
            if cut_short:
                return None
            while (progress := await store.finish_import("instance-1", begun)).left:
                pass
            return progress.entries

        self.both(imported)
        self.both(lambda store: store.listed("instance-1", [1, 2], KEYS))

    @rule(instance_id=st.sampled_from(["instance-1", "instance-2"]), limit=st.sampled_from([1, 100]))
    def release_holds(self, instance_id: str, limit: int) -> None:
        self.both(lambda store: store.release_holds(self.leases[instance_id], limit=limit))

    @rule(age=DELAYS)
    def purge(self, age: int) -> None:
        before = self.clock.now - age
        self.both(lambda store: store.purge_counts(self.leases["instance-1"], before=before, limit=1000))

    def change(self, campaign_id: str, contact_id: str, which: int) -> Change:
        at = self.clock.now
        changes: list[Change] = [
            begin(contact_id, campaign_id=campaign_id, at=at),
            ContactAnswered(contact_id, at, at - 1),
            ContactDetected(contact_id, at, DetectionStatus.HUMAN_ANSWERED),
            ContactQueued(contact_id, "q1", at),
            ContactConnecting(contact_id, "a1", f"agent-{contact_id}", at),
            ContactConnected(contact_id, "a1", at),
            ContactEnded(contact_id, campaign_id, at, Disposition.BUSY, DisconnectReason.TELECOM_BUSY),
            AfterContactWorkEnded(contact_id, at),
            LedgerCounted(campaign_id, at, 2, 1),
            ContactExpired(contact_id, campaign_id, at),
            AttemptVoided(contact_id, campaign_id, at),
            ContactRequeued(contact_id, at) if contact_id < "contact-5" else ContactAbandoned(contact_id, at),
            SessionBegun(f"a{contact_id[-1]}", f"session-{at}", "local", at),
            SessionEnded(f"a{contact_id[-1]}", f"session-{at}", at),
            SafeHarbourBegun(contact_id, at),
            ContactHeld(contact_id, campaign_id, Hold(HoldReason.OUTSIDE_HOURS, at + MINUTE), at),
            ContactForbidden(contact_id, campaign_id, Prohibition.KIND, at),
            ContactRecorded(contact_id, (Recording(f"{contact_id}.1", at, at + 1, suspensions=((at, None),)),), at),
            AgentDispositionChosen(contact_id, f"{at % 10}", at),
            CustomerPutOnHold(contact_id, at),
            CustomerTakenOffHold(contact_id, at),
            FlowProgressed(contact_id, at, f"{at}", (Taken("flow", "a", "Loop", None),), {"at": f"{at}"}),
        ]
        return changes[which]

    @rule(instance_id=st.sampled_from(["instance-1", "instance-2"]))
    def set_aside(self, instance_id: str) -> None:
        async def deed(store: Store) -> object:
            found = await store.live_contacts(instance_id)
            changes = [ContactSetAside(each.contact_id, each.sequence, self.clock.now) for each in found[:1]]
            return await store.commit(self.leases[instance_id], changes)

        self.both(deed)

    @rule(erase=st.booleans())
    def end_who_is_set_aside(self, erase: bool) -> None:
        self.both(lambda store: store.end_quarantined(None, at=self.clock.now, erase=erase))

    @rule(instance_id=st.sampled_from(["instance-1", "instance-2"]), limit=st.sampled_from([1, 100]))
    def sweep(self, instance_id: str, limit: int) -> None:
        self.both(lambda store: store.expire_waiting(self.leases[instance_id], now=self.clock.now, limit=limit))

    @rule(duration=DELAYS)
    def let_time_pass(self, duration: int) -> None:
        self.clock.now += duration

    # --- what is read -------------------------------------------------------------------------------------------------

    @rule()
    def they_tell_the_same(self) -> None:
        async def told(store: Store) -> list[Any]:
            campaigns = await store.every_campaign()
            ids = [each.campaign_id for each in campaigns]
            now = self.clock.now
            due = [await store.due_contacts(each, now=now, held=[], limit=3) for each in ids]
            return [
                await store.instances(),
                await store.every_instance(),
                [await store.find_instance_of(FactKind.QUEUE, each) for each in ("q1", "q2", "q3", "q9")],
                await store.onboarding_in_progress(),
                campaigns,
                await store.campaigns(instance_id=None, after=(NOW, "c-1"), limit=2),
                [await store.campaign(each) for each in (*ids, "none")],
                [record async for chunk in store.contacts(chunk=3) for record in chunk],
                await store.contact_counts(ids),
                [await store.waiting_count(each) for each in ids],
                due,
                [await store.waiting_before(f"contact-{number}") for number in range(10)],
                [await store.token_forms(each) for each in ids],
                [await store.ledger(each, since=now - MINUTE) for each in ids],
                [await store.ledger_sum(each, since=NOW) for each in ids],
                await store.quarantined(),
                await store.quarantined_count(),
                await store.erasures(),
                *[await self.told_of(store, instance_id) for instance_id in ("instance-1", "instance-2", "spare")],
            ]

        self.both(told)

    async def told_of(self, store: Store, instance_id: str) -> list[Any]:
        return [
            (found := await store.directory(instance_id)),
            found and list(found.facts),
            await store.presences(instance_id),
            await store.facts_changed(instance_id, after_version=0),
            await store.onboarding_job(instance_id),
            await store.campaigns_changed(instance_id, after_version=0),
            await store.live_contacts(instance_id),
            await store.called_contacts(instance_id),
            await store.live_sessions(instance_id),
            await store.day_counts(instance_id, since=0),
        ]


TestAlike = Alike.TestCase
TestAlike.settings = settings(
    max_examples=15, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
