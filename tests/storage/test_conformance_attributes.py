"""What stores keep of attributes that somebody gives a contact, whichever store it is. If these fail, what an agent has
noted of somebody is gone, or it outlives that somebody was forgotten."""

from __future__ import annotations

from trunkcall.domain.changes import ContactAnswered, ContactDetected, ContactSetAside, FlowProgressed
from trunkcall.domain.contact import ContactState
from trunkcall.storage.store import Store

from .support import NOW, accept, begin, dial_request, due, ended, record_of, stand_up


async def test_attributes_are_given_over_those_that_there_are_before_during_and_after_the_call(store: Store) -> None:
    lease = await stand_up(store)
    contact_id = await accept(store, dial_request(attributes={"name": "Ann", "plan": "A"}))
    assert await store.give_attributes(contact_id, {"plan": "B", "sprächt": 'ä"\n'}, at=NOW + 1)
    waits = await record_of(store, contact_id)
    assert (waits.state, waits.updated_at) == (ContactState.WAITING, NOW + 1)
    assert waits.attributes == {"name": "Ann", "plan": "A"}, "those that were accepted"
    assert waits.all_attributes == {"name": "Ann", "plan": "B", "sprächt": 'ä"\n'}
    begun = await store.commit(lease, [begin(contact_id)])
    assert begun.attributes == {contact_id: waits.all_attributes}, "its flow begins with them"
    assert await store.give_attributes(contact_id, {"plan": "C"}, at=NOW + 2)
    await store.commit(lease, [ended(contact_id)])
    assert await store.give_attributes(contact_id, {"outcome": ""}, at=NOW + 3)
    over = await record_of(store, contact_id)
    assert (over.state, over.updated_at) == (ContactState.ENDED, NOW + 3)
    assert over.all_attributes == {"name": "Ann", "plan": "C", "sprächt": 'ä"\n', "outcome": ""}


async def test_what_a_flow_sets_and_what_a_program_sets_stand_side_by_side(store: Store) -> None:
    lease = await stand_up(store)
    contact_id = await accept(store)
    await store.commit(
        lease, [begin(contact_id), ContactAnswered(contact_id, NOW, None), ContactDetected(contact_id, NOW, None)]
    )
    await store.commit(lease, [FlowProgressed(contact_id, NOW + 1, "first", (), {"wish": "agent", "at": "1"})])
    assert await store.give_attributes(contact_id, {"tier": "gold", "wish": "none"}, at=NOW + 2)
    await store.commit(lease, [FlowProgressed(contact_id, NOW + 3, "second", (), {"at": "2"})])
    (called,) = await store.called_contacts("instance-1")
    assert called.flow_attributes == {"wish": "none", "at": "2", "tier": "gold"}
    assert called.flow_progress == "second"


async def test_who_was_forgotten_is_set_aside_or_was_never_there_is_given_nothing(store: Store) -> None:
    lease = await stand_up(store)
    forgotten, aside = await accept(store), await accept(store)
    [found] = [each for each in await due(store) if each.contact_id == aside]
    await store.commit(lease, [ContactSetAside(aside, found.sequence, NOW)])
    await store.forget_number((await record_of(store, forgotten)).phone_number, at=NOW + 1)
    for contact_id in (forgotten, aside, "nobody"):
        assert not await store.give_attributes(contact_id, {"name": "Ann"}, at=NOW + 2)
    assert (await record_of(store, forgotten)).all_attributes == {}
