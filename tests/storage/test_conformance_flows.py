"""What stores keep of the flows of contacts, whichever store it is."""

from __future__ import annotations

from trunkcall.domain.changes import Change, ContactAnswered, ContactDetected, ContactQueued, FlowProgressed
from trunkcall.domain.contact import CalledContact
from trunkcall.domain.flow import Taken
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.store import Store

from .support import CAMPAIGN, NOW, accept, begin, dial_request, ended, record_of, stand_up

GREETED = Taken("flow", 'greeting "1"', "MessageParticipant", "")
ASKED = Taken("flow", "Was möchten Sie?\n", "GetParticipantInput", "1")
ELSEWHERE = Taken("other", "hello", "MessageParticipant", "")
OVER = Taken("other", "end", "DisconnectParticipant", None)


async def in_flow(store: Store, lease: Lease) -> str:
    """A contact that goes through its flow: its id."""
    contact_id = await accept(store, dial_request(attributes={"name": "Ann", "plan": "A"}))
    changes: list[Change] = [
        begin(contact_id),
        ContactAnswered(contact_id, NOW, None),
        ContactDetected(contact_id, NOW, None),
    ]
    await store.commit(lease, changes)
    return contact_id


async def called(store: Store) -> CalledContact:
    """The only contact in progress, as the next owner finds it."""
    (found,) = await store.called_contacts("instance-1")
    return found


async def test_the_next_owner_finds_where_a_contact_stands_and_what_its_flow_has_set(store: Store) -> None:
    lease = await stand_up(store)
    contact_id = await in_flow(store, lease)
    before = await called(store)
    assert (before.flow_progress, before.flow_attributes, before.flow_actions) == (None, None, 0)
    assert (before.contact_id, before.campaign_id, before.attributes) == (
        contact_id,
        CAMPAIGN,
        {"name": "Ann", "plan": "A"},
    )
    await store.commit(lease, [FlowProgressed(contact_id, NOW + 1, "first", (GREETED,), {"plan": "B"})])
    await store.commit(lease, [FlowProgressed(contact_id, NOW + 2, "second", (ASKED, OVER))])
    after = await called(store)
    assert (after.flow_progress, after.flow_attributes) == ("second", {"plan": "B"}), "the latest word that there was"
    assert after.attributes == {"name": "Ann", "plan": "A"}, "those that were accepted"
    assert after.flow_actions == 3
    assert after.phone_number == (await record_of(store, contact_id)).phone_number
    assert await store.called_contacts("instance-2") == []


async def test_an_attempt_that_begins_tells_what_the_contact_came_with(store: Store) -> None:
    lease = await stand_up(store)
    plain, told = await accept(store), await accept(store, dial_request(attributes={"name": "Ann"}))
    result = await store.commit(lease, [begin(plain), begin(told), begin("another")])
    assert result.attributes == {plain: {}, told: {"name": "Ann"}}, "nobody else's"


async def test_the_record_tells_which_way_a_contact_went_in_its_order(store: Store) -> None:
    lease = await stand_up(store)
    contact_id = await in_flow(store, lease)
    assert (await record_of(store, contact_id)).flow_trail == ()
    await store.commit(lease, [FlowProgressed(contact_id, NOW + 1, "first", (GREETED, ASKED, ELSEWHERE))])
    await store.commit(lease, [FlowProgressed(contact_id, NOW + 2, "second")])
    await store.commit(lease, [ended(contact_id), FlowProgressed(contact_id, NOW + 3, None, (OVER,), {"plan": "C"})])
    record = await record_of(store, contact_id)
    assert record.flow_trail == (GREETED, ASKED, ELSEWHERE, OVER)
    assert (record.attributes, record.flow_attributes) == ({"name": "Ann", "plan": "A"}, {"plan": "C"})
    assert record.updated_at == NOW + 3


async def test_a_contact_that_waits_for_an_agent_keeps_its_place_in_a_flow(store: Store) -> None:
    lease = await stand_up(store)
    contact_id = await in_flow(store, lease)
    await store.commit(
        lease, [ContactQueued(contact_id, "q2", NOW + 1), FlowProgressed(contact_id, NOW + 1, "in the queue")]
    )
    assert (await called(store)).flow_progress == "in the queue"
    assert [live.queue_id for live in await store.live_contacts("instance-1")] == ["q2"]


async def test_of_who_was_forgotten_nothing_personal_is_kept_whatever_the_flow_does(store: Store) -> None:
    lease = await stand_up(store)
    contact_id = await in_flow(store, lease)
    await store.commit(lease, [FlowProgressed(contact_id, NOW + 1, "typed 4711", (GREETED,), {"pin": "4711"})])
    await store.forget_number((await record_of(store, contact_id)).phone_number, at=NOW + 2)
    forgotten = await called(store)
    assert (forgotten.phone_number, forgotten.flow_progress, forgotten.flow_attributes) == ("", None, None)
    assert forgotten.attributes == {}
    await store.commit(lease, [FlowProgressed(contact_id, NOW + 3, "typed 0815", (ASKED,), {"pin": "0815"})])
    again = await called(store)
    assert (again.flow_progress, again.flow_attributes) == (None, None)
    await store.commit(lease, [ended(contact_id)])
    record = await record_of(store, contact_id)
    assert (record.flow_trail, record.flow_attributes) == ((GREETED, ASKED), None), "names of the flow are no person's"
