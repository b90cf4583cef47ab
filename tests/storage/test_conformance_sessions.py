"""What every store promises of agents' sessions (storage/ports/ownership.py): a dialer that takes over knows each leg
that is to stay up, or it would hang up agents who wait for the next contact."""

from __future__ import annotations

import pytest

from storage.support import NOW, accept, begin, directory, stand_up
from trunkcall.domain.changes import ContactQueued, SessionBegun, SessionEnded
from trunkcall.domain.errors import IllegalTransitionError, LeaseLostError
from trunkcall.domain.instants import MINUTE, SECOND
from trunkcall.domain.leg import LiveSession
from trunkcall.storage.store import Store

ANN = LiveSession("ann", "leg-1", "local")
BEA = LiveSession("bea", "leg-2", "south")


def begun(session: LiveSession, at: int = NOW) -> SessionBegun:
    return SessionBegun(session.agent_id, session.leg_id, session.host, at)


async def test_sessions_are_remembered_until_they_end(store: Store) -> None:
    lease = await stand_up(store)
    await store.commit(lease, [begun(BEA, NOW), begun(ANN, NOW + SECOND)])
    assert await store.live_sessions("instance-1") == [BEA, ANN], "in the order in which they were begun"
    await store.commit(lease, [SessionEnded("bea", "leg-2", NOW + MINUTE)])
    assert await store.live_sessions("instance-1") == [ANN]


async def test_an_agent_has_one_session(store: Store) -> None:
    lease = await stand_up(store)
    anew = LiveSession("ann", "leg-3", "south")
    await store.commit(lease, [begun(ANN), begun(anew, NOW + SECOND)])
    assert await store.live_sessions("instance-1") == [anew]
    await store.commit(lease, [SessionEnded("ann", "leg-1", NOW + MINUTE)])
    assert await store.live_sessions("instance-1") == [anew], "the end of the former one says nothing of it"
    await store.commit(lease, [SessionEnded("ann", "leg-3", NOW + MINUTE), begun(ANN, NOW + MINUTE)])
    assert await store.live_sessions("instance-1") == [ANN]


async def test_sessions_of_one_instance_are_none_of_another(store: Store) -> None:
    lease = await stand_up(store)
    await store.create_instance(directory("instance-2"))
    other = await store.acquire_lease("instance-2", "dialer-2", MINUTE)
    assert other is not None
    await store.commit(lease, [begun(ANN)])
    await store.commit(other, [begun(LiveSession("ann", "leg-9", "local"))])
    await store.commit(other, [SessionEnded("ann", "leg-1", NOW)])
    assert await store.live_sessions("instance-1") == [ANN]
    assert await store.live_sessions("instance-2") == [LiveSession("ann", "leg-9", "local")]


async def test_a_former_owner_changes_none(store: Store) -> None:
    lease = await stand_up(store)
    await store.commit(lease, [begun(ANN)])
    newer = await store.acquire_lease("instance-1", "dialer-2", MINUTE, sole=True)
    assert newer is not None
    with pytest.raises(LeaseLostError):
        await store.commit(lease, [SessionEnded("ann", "leg-1", NOW)])
    assert await store.live_sessions("instance-1") == [ANN]


async def test_what_is_refused_as_a_whole_begins_none(store: Store) -> None:
    lease = await stand_up(store)
    contact_id = await accept(store)
    with pytest.raises(IllegalTransitionError):
        await store.commit(lease, [begin(contact_id), begun(ANN), ContactQueued("nobody", "q1", NOW)])
    assert await store.live_sessions("instance-1") == []
