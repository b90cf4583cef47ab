"""What every store promises of changes that are decided by what there is, of instances that change and go, and of the
statuses that agents have chosen.

What a user would lose otherwise: two who look and then change something at the same moment would undo each other, a
queue would go while a campaign dials for it, and the records of an instance that was deleted would go with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from storage.support import LATER, NOW, accept, begin, campaign, directory, put, record_of, stand_up
from trunkcall.domain.campaign import CampaignState, DialerConfig, DialerType
from trunkcall.domain.changes import ContactEnded
from trunkcall.domain.contact import DisconnectReason, Disposition
from trunkcall.domain.directory import (
    CentreUse,
    Directory,
    EncryptionConfig,
    Fact,
    FactRemoved,
    IdentityManagement,
    Instance,
    OnboardingJob,
    OnboardingStatus,
)
from trunkcall.domain.errors import ConflictError, InUseError, NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import DAY, MINUTE
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.queue import Queue
from trunkcall.domain.user import Agent
from trunkcall.storage.ports.presence import ChosenStatus
from trunkcall.storage.store import Store

INSTANCE = "instance-1"
CLOSED = Instance("closed", "closed", NOW + 1, onboarded=False)


async def read(store: Store, instance_id: str = INSTANCE) -> Directory:
    found = await store.directory(instance_id)
    assert found is not None
    return found


class TestDecidedChanges:
    async def test_a_decision_is_made_on_what_there_is(self, store: Store) -> None:
        await store.create_instance(directory())
        await store.put_facts(INSTANCE, [Queue("q3", "Claims")])
        seen: list[Directory] = []

        def decide(found: Directory, use: CentreUse) -> Sequence[Fact | FactRemoved]:
            seen.append(found)
            return [replace(found.queues["q3"], description="Since Monday"), FactRemoved(FactKind.AGENT, "a1", LATER)]

        before = max(each.version for each in await store.facts_changed(INSTANCE, after_version=0))
        after = await store.change_facts(INSTANCE, decide)
        assert list(seen[-1].queues) == ["q2", "q1", "q3"]
        assert after == await read(store)
        assert after.queues["q3"].description == "Since Monday"
        assert not after.agents
        changes = await store.facts_changed(INSTANCE, after_version=before)
        assert {(each.fact.fact_id, each.deleted_at) for each in changes} == {("q3", None), ("a1", LATER)}
        assert len({each.version for each in changes}) == 2

    async def test_a_decision_knows_what_campaigns_refer_to(self, store: Store) -> None:
        """Or somebody deletes the queue of a campaign that dials."""
        await store.create_instance(directory())
        await store.create_instance(directory("instance-2"))
        await store.create_campaign(campaign(state=CampaignState.STOPPED))
        seen: list[CentreUse] = []

        def look(found: Directory, use: CentreUse) -> Sequence[Fact]:
            seen.append(use)
            return ()

        await store.change_facts(INSTANCE, look)
        await store.change_facts("instance-2", look)
        await store.delete_campaign("campaign-1", at=LATER)
        await store.change_facts(INSTANCE, look)
        nothing = CentreUse()
        used = CentreUse(frozenset({"q1"}), frozenset({"f1"}), frozenset({"+12065550100"}))
        assert seen == [used, nothing, nothing]

    async def test_a_decision_knows_from_which_flows_campaigns_have_their_queues(self, store: Store) -> None:
        """Or somebody takes the queue out of one, and the campaign dials for nobody."""
        await store.create_instance(directory())
        for number, (dialer, queue_id) in enumerate(
            ((DialerType.PREDICTIVE, None), (DialerType.PREDICTIVE, "q1"), (DialerType.AGENTLESS, None)), start=1
        ):
            one = campaign(f"campaign-{number}")
            call = replace(one.outbound_call, contact_flow_id=f"f{number}", queue_id=queue_id)
            await store.create_campaign(replace(one, dialer=DialerConfig(dialer), outbound_call=call))
        seen: list[CentreUse] = []

        def look(found: Directory, use: CentreUse) -> Sequence[Fact]:
            seen.append(use)
            return ()

        await store.change_facts(INSTANCE, look)
        assert seen[0].queue_flow_ids == {"f1"}
        assert seen[0].contact_flow_ids == {"f1", "f2", "f3"}

    async def test_of_many_at_once_each_sees_what_those_before_have_done(self, store: Store) -> None:
        """A second queue of one name, or the loss of the first, is what looking first and changing then comes to."""
        await store.create_instance(directory())
        await read(store)

        def one_more(found: Directory, use: CentreUse) -> Sequence[Fact]:
            number = len(found.queues) + 1
            return [Queue(f"q{number}", f"Queue {number}")]

        await asyncio.gather(*(store.change_facts(INSTANCE, one_more) for _ in range(20)))
        assert len((await read(store)).queues) == 22
        assert list((await read(store)).queues)[2:] == [f"q{number}" for number in range(3, 23)], "as they were made"

    async def test_who_refuses_changes_nothing(self, store: Store) -> None:
        await store.create_instance(directory())

        def refuse(found: Directory, use: CentreUse) -> Sequence[Fact]:
            raise InUseError

        with pytest.raises(InUseError):
            await store.change_facts(INSTANCE, refuse)
        with pytest.raises(ConflictError):
            await store.change_facts(
                INSTANCE, lambda found, use: [FactRemoved(FactKind.AGENT, "a1", LATER), Queue("q9", "Sales")]
            )
        with pytest.raises(NotFoundError):
            await store.change_facts("nowhere", lambda found, use: [Queue("q9", "Claims")])
        assert await read(store) == directory()

    async def test_a_name_is_free_for_what_comes_with_the_removal(self, store: Store) -> None:
        await store.create_instance(directory())
        after = await store.change_facts(
            INSTANCE, lambda found, use: [Queue("q9", "Sales"), FactRemoved(FactKind.QUEUE, "q2", LATER)]
        )
        assert [queue.fact_id for queue in after.queues.values()] == ["q1", "q9"]

    async def test_what_comes_back_comes_to_its_old_place(self, store: Store) -> None:
        """Lists are told page by page, in the order of creation: nobody may be in two pages, or in none."""
        await store.create_instance(directory())
        await store.change_facts(INSTANCE, lambda found, use: [FactRemoved(FactKind.QUEUE, "q2", LATER)])
        await store.change_facts(INSTANCE, lambda found, use: [Queue("q3", "Claims")])
        after = await store.change_facts(INSTANCE, lambda found, use: [Queue("q2", "Sales")])
        assert list(after.queues) == ["q2", "q1", "q3"] == list((await read(store)).queues)

    async def test_what_is_new_is_in_the_order_of_creation_whatever_was_changed_last(self, store: Store) -> None:
        await store.create_instance(directory())
        await read(store)
        for queue in (Queue("q3", "Claims"), Queue("q4", "Renewals"), Queue("q3", "Damages")):
            await store.put_facts(INSTANCE, [queue])
        assert list((await read(store)).queues) == ["q2", "q1", "q3", "q4"]

    async def test_whose_a_number_is_can_be_asked(self, store: Store) -> None:
        await store.create_instance(directory())
        await store.create_instance(Directory(CLOSED, phone_numbers={"p9": PhoneNumber("p9", "+12065550109")}))
        assert await store.find_instance_of(FactKind.PHONE_NUMBER, "p9") == "closed"
        assert await store.find_instance_of(FactKind.QUEUE, "p9") is None
        assert await store.find_instance_of(FactKind.PHONE_NUMBER, "p0") is None
        await store.remove_facts("closed", FactKind.PHONE_NUMBER, ["p9"], at=LATER)
        assert await store.find_instance_of(FactKind.PHONE_NUMBER, "p9") is None


class TestInstances:
    async def test_all_that_is_known_of_an_instance_is_read_back(self, store: Store) -> None:
        full = replace(
            CLOSED,
            identity_management=IdentityManagement.SAML,
            inbound_calls=False,
            outbound_calls=False,
            attributes={"CONTACT_LENS": "true"},
            tags={"team": "north"},
        )
        await store.create_instance(Directory(full))
        assert await store.instances() == [full]
        assert (await read(store, "closed")).instance == full

    async def test_an_instance_is_changed_by_what_it_is(self, store: Store) -> None:
        await store.create_instance(directory())
        before = (await read(store)).instance

        def tag(instance: Instance) -> Instance:
            tagged = {**instance.tags, f"tag-{len(instance.tags)}": ""}
            return replace(instance, tags=tagged, alias="renamed", onboarded=False, retention_days=1, created_at=0)

        await asyncio.gather(*(store.change_instance(INSTANCE, tag) for _ in range(3)))
        wanted = replace(before, tags={"tag-0": "", "tag-1": "", "tag-2": ""}, alias="renamed")
        assert (await read(store)).instance == wanted, "and what has verbs of its own is as it was"
        assert await store.change_instance(INSTANCE, lambda instance: instance) == wanted
        with pytest.raises(NotFoundError):
            await store.change_instance("nowhere", tag)

    async def test_one_that_dials_or_may_soon_is_not_deleted(self, store: Store) -> None:
        await stand_up(store)
        with pytest.raises(InUseError, match="has campaigns"):
            await store.delete_instance(INSTANCE, at=LATER)
        await store.delete_campaign("campaign-1", at=LATER)
        with pytest.raises(InUseError, match="onboarded"):
            await store.delete_instance(INSTANCE, at=LATER)
        await store.offboard(INSTANCE)
        job = OnboardingJob(INSTANCE, OnboardingStatus.IN_PROGRESS, EncryptionConfig(), NOW)
        await store.start_onboarding(job)
        with pytest.raises(InUseError, match="onboarded"):
            await store.delete_instance(INSTANCE, at=LATER)
        assert len(await store.instances()) == 1

    async def test_one_that_was_deleted_is_in_no_list_and_nothing_is_done_with_it(self, store: Store) -> None:
        await store.create_instance(directory())
        await store.create_instance(Directory(CLOSED, phone_numbers={"p9": PhoneNumber("p9", "+12065550109")}))
        await read(store, "closed")
        await store.delete_instance("closed", at=LATER)
        assert [instance.instance_id for instance in await store.instances()] == [INSTANCE]
        assert await store.directory("closed") is None
        assert await store.find_instance_of(FactKind.PHONE_NUMBER, "p9") is None
        job = OnboardingJob("closed", OnboardingStatus.IN_PROGRESS, EncryptionConfig(), NOW)
        for deed in (
            store.delete_instance("closed", at=LATER),
            store.change_instance("closed", lambda instance: instance),
            store.put_facts("closed", [Queue("q1", "Sales")]),
            store.remove_facts("closed", FactKind.PHONE_NUMBER, ["p9"], at=LATER),
            store.change_facts("closed", lambda found, use: ()),
            store.start_onboarding(job),
            store.create_campaign(campaign(instance_id="closed")),
            store.acquire_lease("closed", "dialer-1", MINUTE),
            store.put_presence("closed", "a1", "s1", at=NOW),
        ):
            with pytest.raises(NotFoundError):
                await deed
        with pytest.raises(ConflictError):
            await store.create_instance(Directory(CLOSED))

    async def test_who_comes_at_the_same_moment_finds_it_or_not(self, store: Store) -> None:
        await store.create_instance(Directory(CLOSED))
        before, done, after = await asyncio.gather(
            store.put_facts("closed", [Queue("q1", "Sales")]),
            store.delete_instance("closed", at=LATER),
            store.put_facts("closed", [Queue("q2", "Claims")]),
            return_exceptions=True,
        )
        assert (before, done) == (None, None)
        assert isinstance(after, NotFoundError)

    async def test_its_contacts_stay_and_retention_goes_on(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store)
        await store.commit(lease, [begin(contact_id)])
        reason = (Disposition.BUSY, DisconnectReason.TELECOM_BUSY)
        await store.commit(lease, [ContactEnded(contact_id, "campaign-1", NOW, *reason)])
        await store.delete_campaign("campaign-1", at=LATER)
        await store.offboard(INSTANCE)
        await store.delete_instance(INSTANCE, at=LATER)
        (instance,) = await store.every_instance()
        assert (instance.instance_id, instance.deleted_at) == (INSTANCE, LATER)
        facts = [each.fact for each in await store.facts_changed(INSTANCE, after_version=0)]
        assert Agent("a1", "ann", "r1") in facts, "records name the agent"
        assert (await record_of(store, contact_id)).phone_number
        await store.set_retention(INSTANCE, 1)
        assert await store.erase_ended(INSTANCE, before=NOW + DAY, at=LATER, limit=10) == 1
        assert not (await record_of(store, contact_id)).phone_number
        with pytest.raises(NotFoundError):
            await put(store)


class TestPresence:
    async def test_what_an_agent_has_chosen_last_is_kept(self, store: Store) -> None:
        await store.create_instance(directory())
        await store.create_instance(directory("instance-2"))
        assert await store.presences(INSTANCE) == []
        await store.put_presence(INSTANCE, "a2", "lunch", at=NOW)
        await store.put_presence(INSTANCE, "a1", "lunch", at=NOW)
        await store.put_presence(INSTANCE, "a1", "available", at=LATER)
        assert await store.presences(INSTANCE) == [
            ChosenStatus("a1", "available", LATER),
            ChosenStatus("a2", "lunch", NOW),
        ]
        assert await store.presences("instance-2") == []
        with pytest.raises(NotFoundError):
            await store.put_presence("nowhere", "a1", "lunch", at=NOW)

    async def test_it_goes_with_the_agent(self, store: Store) -> None:
        await store.create_instance(directory())
        await store.put_presence(INSTANCE, "a1", "available", at=NOW)
        await store.remove_facts(INSTANCE, FactKind.AGENT, ["a1"], at=LATER)
        await store.put_facts(INSTANCE, [Agent("a1", "ann", "r1")])
        assert await store.presences(INSTANCE) == [], "who comes back has chosen nothing"
        await store.put_presence(INSTANCE, "q1", "available", at=NOW)
        await store.remove_facts(INSTANCE, FactKind.QUEUE, ["q1"], at=LATER)
        assert len(await store.presences(INSTANCE)) == 1, "and not with a queue of the same id"
