"""What every store promises of when contacts are due (storage/ports/). If these fail, somebody is dialed before the
time, or a contact whose time has come is dialed by nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.support import (
    LATER,
    NOW,
    accept,
    begin,
    campaign,
    dial_request,
    due,
    put,
    record_of,
    records,
    repeated,
    stand_up,
    token_of,
)
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import AttemptVoided, ContactSetAside, Refusal
from trunkcall.domain.contact import ContactState, DialRequest
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.instants import DAY, HOUR, SECOND, Instant
from trunkcall.storage.ports.contacts import Accepted
from trunkcall.storage.store import Store

CAMPAIGN = "campaign-1"


def at(*instants: Instant) -> list[DialRequest]:
    """Dial requests that are due at these instants."""
    return [dial_request(due_at=instant) for instant in instants]


async def ids_of_due(store: Store, now: Instant = NOW, limit: int = 100) -> list[str]:
    return [contact.contact_id for contact in await due(store, CAMPAIGN, now=now, limit=limit)]


async def next_due_at(store: Store, now: Instant = NOW) -> Instant | None:
    return (await store.due_contacts(CAMPAIGN, now=now, held=(), limit=100)).next_due_at


class TestWhatIsDue:
    async def test_contacts_come_in_the_order_in_which_they_are_due_then_of_acceptance(self, store: Store) -> None:
        await stand_up(store)
        requests = at(NOW - SECOND, 0, NOW, 0, NOW - SECOND)
        await put(store, *requests)
        found = await due(store)
        assert [contact.contact_id for contact in found] == [requests[n].contact_id for n in (1, 3, 0, 4, 2)]
        assert [contact.due_at for contact in found] == [0, 0, NOW - SECOND, NOW - SECOND, NOW]

    async def test_nobody_is_due_a_moment_before_the_time(self, store: Store) -> None:
        await stand_up(store)
        (later,) = at(NOW + 1)
        await put(store, later)
        assert await ids_of_due(store, NOW) == []
        assert await next_due_at(store, NOW) == NOW + 1
        assert await ids_of_due(store, NOW + 1) == [later.contact_id]
        assert await next_due_at(store, NOW + 1) is None

    async def test_the_next_instant_is_told_whatever_is_due_already(self, store: Store) -> None:
        await stand_up(store)
        await put(store, *at(0, NOW + DAY, 0, NOW + HOUR))
        answer = await store.due_contacts(CAMPAIGN, now=NOW, held=(), limit=1)
        assert (len(answer.contacts), answer.next_due_at) == (1, NOW + HOUR)

    async def test_who_is_held_or_set_aside_takes_nobodys_place(self, store: Store) -> None:
        lease = await stand_up(store)
        requests = at(*[0] * 6, NOW + HOUR)
        await put(store, *requests)
        first, second, *_ = await due(store)
        await store.commit(lease, [ContactSetAside(second.contact_id, second.sequence, NOW)])
        rest = await due(store, held=[first.sequence], limit=3)
        assert [contact.contact_id for contact in rest] == [request.contact_id for request in requests[2:5]]
        (last,) = await due(store, now=NOW + HOUR, held=[c.sequence for c in await due(store)])
        await store.commit(lease, [ContactSetAside(last.contact_id, last.sequence, NOW)])
        assert await next_due_at(store) is None, "nobody is waited for who is set aside"

    async def test_at_once_is_at_once_whatever_an_instances_clock_says(self, store: Store) -> None:
        """At 600 times real time it fell from 09:01 to 07:42 over a restart."""
        lease = await stand_up(store)
        (request,) = at(0)
        await put(store, request)
        await store.commit(lease, [begin(request.contact_id), AttemptVoided(request.contact_id, CAMPAIGN, NOW)])
        assert await ids_of_due(store, NOW - 80 * SECOND) == [request.contact_id]

    async def test_those_due_before_count_as_those_before_it(self, store: Store) -> None:
        await stand_up(store)
        requests = at(NOW + HOUR, 0, NOW + DAY, 0)
        await put(store, *requests)
        before = [await store.waiting_before(request.contact_id) for request in requests]
        assert before == [2, 0, 3, 1]

    async def test_it_expires_though_it_was_never_due(self, store: Store) -> None:
        lease = await stand_up(store)
        (request,) = at(LATER + 1)
        await put(store, request)
        assert [each.contact_id for each in await store.expire_waiting(lease, now=LATER, limit=9)] == [
            request.contact_id
        ]

    async def test_a_stopped_campaign_ends_those_who_are_due_later_too(self, store: Store) -> None:
        lease = await stand_up(store)
        await put(store, *at(0, NOW + DAY))
        await store.change_campaign_state(CAMPAIGN, allowed_from=list(CampaignState), to=CampaignState.STOPPED)
        assert len(await store.expire_waiting(lease, now=NOW, limit=9)) == 2


class TestAttempts:
    async def test_an_attempt_before_the_time_is_refused_with_the_instant(self, store: Store) -> None:
        lease = await stand_up(store)
        (request,) = at(NOW + 1)
        await put(store, request)
        result = await store.commit(lease, [begin(request.contact_id)])
        assert (result.refused, result.not_before) == (
            {request.contact_id: Refusal.NOT_DUE},
            {request.contact_id: NOW + 1},
        )
        assert (await record_of(store, request.contact_id)).attempts == 0
        assert not (await store.commit(lease, [begin(request.contact_id, at=NOW + 1)])).refused

    async def test_what_ends_it_is_a_better_reason_than_when_it_is_due(self, store: Store) -> None:
        lease = await stand_up(store)
        (request,) = at(LATER + HOUR)
        await put(store, request)
        expired = await store.commit(lease, [begin(request.contact_id, at=LATER)])
        assert expired.refused == {request.contact_id: Refusal.EXPIRED}
        await store.change_campaign_state(CAMPAIGN, allowed_from=list(CampaignState), to=CampaignState.PAUSED)
        paused = await store.commit(lease, [begin(request.contact_id)])
        assert paused.refused == {request.contact_id: Refusal.CAMPAIGN_NOT_RUNNING}
        assert not paused.not_before

    async def test_a_void_attempt_leaves_it_where_it_was(self, store: Store) -> None:
        lease = await stand_up(store)
        requests = at(NOW - SECOND, NOW - SECOND, 0)
        await put(store, *requests)
        before = await due(store)
        (_, second, _) = before
        await store.commit(lease, [begin(second.contact_id)])
        assert second not in await due(store)
        await store.commit(lease, [AttemptVoided(second.contact_id, CAMPAIGN, NOW)])
        assert await due(store) == before


class TestMoving:
    async def test_waiting_contacts_may_be_due_earlier_or_later(self, store: Store) -> None:
        await stand_up(store)
        requests = at(0, NOW + DAY, NOW + DAY)
        await put(store, *requests)
        first, second, third = (request.contact_id for request in requests)
        assert await store.change_due(CAMPAIGN, [second, third], due_at=0) == 2
        assert await ids_of_due(store) == [first, second, third]
        assert await store.change_due(CAMPAIGN, [first], due_at=NOW + HOUR) == 1
        assert await ids_of_due(store) == [second, third]
        assert await next_due_at(store) == NOW + HOUR

    async def test_only_those_who_wait_are_moved(self, store: Store) -> None:
        lease = await stand_up(store)
        await store.create_campaign(campaign("campaign-2"))
        other = await accept(store, campaign_id="campaign-2")
        dialing, aside, waits = [await accept(store) for _ in range(3)]
        (found,) = [contact for contact in await due(store) if contact.contact_id == aside]
        await store.commit(lease, [begin(dialing), ContactSetAside(aside, found.sequence, NOW)])
        moved = await store.change_due(CAMPAIGN, [dialing, aside, waits, other, "nobody", waits], due_at=NOW + 1)
        assert moved == 1
        assert await ids_of_due(store) == []
        assert (await record_of(store, dialing)).state is ContactState.DIALING
        assert [contact.contact_id for contact in await due(store, "campaign-2")] == [other]

    async def test_nobody_moves_contacts_of_a_campaign_that_there_is_not(self, store: Store) -> None:
        with pytest.raises(NotFoundError):
            await store.change_due("nothing", [], due_at=0)


class TestLaterAttempts:
    """Another attempt is a contact of its own: it has no client token, so it repeats none."""

    async def test_they_are_always_new(self, store: Store) -> None:
        await stand_up(store)
        first = dial_request()
        again = [replace(dial_request(), client_token=None, previous_contact_id=first.contact_id) for _ in range(3)]
        result = await put(store, first, *again[:2])
        assert result.accepted[1:] == [Accepted(None, each.contact_id, repeated=False) for each in again[:2]]
        result = await put(store, again[2], first)
        assert result.accepted == [
            Accepted(None, again[2].contact_id, repeated=False),
            repeated(token_of(first), first),
        ]
        found = await records(store)
        assert [each.previous_contact_id for each in found.values()] == [None, *[first.contact_id] * 3]
        assert [each.client_token for each in found.values()] == [first.client_token, *[None] * 3]
        assert [each.client_token for each in await due(store)] == [first.client_token, *[None] * 3]

    async def test_they_find_no_room_in_a_full_backlog(self, store: Store) -> None:
        await stand_up(store)
        again = [replace(dial_request(), client_token=None) for _ in range(2)]
        result = await put(store, *again, max_waiting=1)
        assert result.accepted == [Accepted(None, again[0].contact_id, repeated=False), None]

    async def test_they_are_forgotten_like_others(self, store: Store) -> None:
        await stand_up(store)
        again = [replace(dial_request(), client_token=None, phone_number="+12065550199") for _ in range(2)]
        await put(store, *again)
        assert await store.forget_number("+12065550199", at=NOW) == 2
        found = (await records(store)).values()
        assert [(each.client_token, each.phone_number) for each in found] == [(None, "")] * 2
        assert not (await store.token_forms(CAMPAIGN)).erased
