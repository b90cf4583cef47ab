"""What every store promises to dialers: attempts, expiry, leases (storage/ports/)."""

from __future__ import annotations

import pytest

from storage.support import (
    ALL_STATES,
    CAMPAIGN,
    LATER,
    NOW,
    ManualClock,
    accept,
    begin,
    campaign,
    contact_ids,
    dial_request,
    directory,
    dispositions,
    due,
    ended,
    put,
    record_of,
    set_state,
    stand_up,
)
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import (
    AttemptVoided,
    ContactAnswered,
    ContactExpired,
    LedgerCounted,
    Refusal,
)
from trunkcall.domain.contact import ContactState, DisconnectReason, Disposition
from trunkcall.domain.errors import (
    IllegalTransitionError,
    LeaseExpiredError,
    LeaseLostError,
    NotFoundError,
)
from trunkcall.domain.instants import MINUTE, SECOND
from trunkcall.domain.queue import Queue
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.store import Store


class TestAttempts:
    async def test_whose_phones_were_made_to_ring_is_known_until_they_have_answered(self, store: Store) -> None:
        """Whoever takes over hangs up on those of them who have opted out."""
        lease = await stand_up(store)
        rings, answered, waits, over = [await accept(store) for _ in range(4)]
        (offered,) = [each for each in await due(store, CAMPAIGN, limit=5) if each.contact_id == rings]
        assert await store.dialed_contacts("instance-1") == []
        await store.commit(lease, [begin(each) for each in (rings, answered, over)])
        await store.commit(lease, [ContactAnswered(answered, NOW, None), ended(over)])
        assert await store.dialed_contacts("instance-1") == [offered]
        assert await store.dialed_contacts("instance-2") == []
        assert [each.contact_id for each in await due(store, CAMPAIGN, limit=5)] == [waits]

    async def test_an_attempt_takes_its_contact_out_of_the_backlog(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store)
        result = await store.commit(lease, [begin(contact_id, at=NOW + 5)])
        assert not result.refused
        assert await store.waiting_count(CAMPAIGN) == 0
        assert await due(store, CAMPAIGN, limit=5) == []
        record = await record_of(store, contact_id)
        assert (record.state, record.attempts, record.attempted_at) == (ContactState.DIALING, 1, NOW + 5)

    @pytest.mark.parametrize("number", ["+12065550177", None])
    async def test_trunk_and_number_of_an_attempt_are_what_its_dialer_says(
        self, store: Store, number: str | None
    ) -> None:
        """Whatever campaign and queue say of numbers by now: the carrier was told the same."""
        lease = await stand_up(store)
        contact_id = await accept(store)
        await store.put_facts("instance-1", [Queue("q1", "Support", "+12065550188")])
        assert (await record_of(store, contact_id)).trunk_id is None
        await store.commit(lease, [begin(contact_id, trunk_id="south", caller_id=number)])
        record = await record_of(store, contact_id)
        assert (record.trunk_id, record.source_phone_number) == ("south", number)
        assert [contact.trunk_id for contact in await store.live_contacts("instance-1")] == ["south"]

    async def test_a_contact_is_attempted_once(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store)
        await store.commit(lease, [begin(contact_id)])
        assert (await store.commit(lease, [begin(contact_id)])).refused == {contact_id: Refusal.NOT_WAITING}
        await store.commit(lease, [ended(contact_id)])
        assert (await store.commit(lease, [begin(contact_id)])).refused == {contact_id: Refusal.NOT_WAITING}
        assert (await record_of(store, contact_id)).attempts == 1
        assert (await store.commit(lease, [begin("unknown")])).refused == {"unknown": Refusal.NOT_WAITING}

    @pytest.mark.parametrize("state", sorted(ALL_STATES - {CampaignState.RUNNING}))
    async def test_no_attempt_begins_once_the_campaign_has_stopped_running(
        self, store: Store, state: CampaignState
    ) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store)
        await set_state(store, state)
        result = await store.commit(lease, [begin(contact_id)])
        assert result.refused == {contact_id: Refusal.CAMPAIGN_NOT_RUNNING}
        assert (await record_of(store, contact_id)).state is ContactState.WAITING
        assert await store.waiting_count(CAMPAIGN) == 1

    async def test_no_attempt_begins_for_a_deleted_campaign(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store)
        await store.delete_campaign(CAMPAIGN, at=NOW)
        result = await store.commit(lease, [begin(contact_id)])
        assert result.refused == {contact_id: Refusal.CAMPAIGN_NOT_RUNNING}

    async def test_no_attempt_begins_when_the_expiry_has_come(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store, dial_request(expires_at=NOW + SECOND))
        late = await store.commit(lease, [begin(contact_id, at=NOW + SECOND)])
        assert late.refused == {contact_id: Refusal.EXPIRED}
        in_time = await store.commit(lease, [begin(contact_id, at=NOW + SECOND - 1)])
        assert not in_time.refused

    async def test_a_refused_attempt_leaves_the_others_alone(self, store: Store) -> None:
        lease = await stand_up(store)
        one, two = await accept(store), await accept(store)
        result = await store.commit(lease, [begin(one), begin("unknown"), begin(one), begin(two)])
        assert result.refused == {"unknown": Refusal.NOT_WAITING, one: Refusal.NOT_WAITING}
        assert [contact.contact_id for contact in await store.live_contacts("instance-1")] == [one, two]

    async def test_a_voided_attempt_never_was(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store)
        await accept(store)
        before = await due(store, CAMPAIGN, limit=5)
        await store.commit(lease, [begin(contact_id)])
        await store.commit(lease, [AttemptVoided(contact_id, CAMPAIGN, NOW + 7)])
        assert await due(store, CAMPAIGN, limit=5) == before
        assert await store.waiting_count(CAMPAIGN) == 2
        assert await store.live_contacts("instance-1") == []
        record = await record_of(store, contact_id)
        assert (record.state, record.attempts, record.attempted_at) == (ContactState.WAITING, 0, None)
        assert (record.trunk_id, record.source_phone_number) == (None, None)
        assert record.updated_at == NOW + 7
        assert not (await store.commit(lease, [begin(contact_id)])).refused

    async def test_only_an_attempt_that_is_still_dialing_can_be_voided(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store)
        void = AttemptVoided(contact_id, CAMPAIGN, NOW)
        with pytest.raises(IllegalTransitionError):
            await store.commit(lease, [void])
        await store.commit(lease, [begin(contact_id), ContactAnswered(contact_id, NOW, None)])
        with pytest.raises(IllegalTransitionError):
            await store.commit(lease, [void])
        assert await store.waiting_count(CAMPAIGN) == 0


class TestExpiry:
    async def test_waiting_contacts_end_when_their_expiry_has_come(self, store: Store) -> None:
        lease = await stand_up(store)
        soon, exactly, later = [await accept(store, dial_request(expires_at=NOW + offset)) for offset in (1, 2, 3)]
        gone = await store.expire_waiting(lease, now=NOW + 2, limit=10)
        assert [contact.contact_id for contact in gone] == [soon, exactly]
        assert await store.waiting_count(CAMPAIGN) == 1
        record = await record_of(store, exactly)
        assert (record.state, record.disposition) == (ContactState.ENDED, Disposition.EXPIRED)
        assert (record.disconnect_reason, record.ended_at, record.attempts) == (DisconnectReason.EXPIRED, NOW + 2, 0)
        assert record.source_phone_number is None
        assert (await record_of(store, later)).state is ContactState.WAITING
        assert await store.expire_waiting(lease, now=NOW + 2, limit=10) == []

    @pytest.mark.parametrize("close", [CampaignState.STOPPED, CampaignState.FAILED, None])
    async def test_the_backlog_of_a_closed_campaign_ends_in_bounded_steps(
        self, store: Store, close: CampaignState | None
    ) -> None:
        lease = await stand_up(store)
        await store.create_campaign(campaign("open"))
        kept = await accept(store, campaign_id="open")
        result = await put(store, *(dial_request() for _ in range(5)))
        if close is None:
            await store.delete_campaign(CAMPAIGN, at=NOW)
        else:
            await set_state(store, close)
        steps = [await store.expire_waiting(lease, now=NOW, limit=2) for _ in range(4)]
        assert [len(step) for step in steps] == [2, 2, 1, 0]
        assert [contact.contact_id for step in steps for contact in step] == contact_ids(result)
        assert await store.waiting_count(CAMPAIGN) == 0
        assert await dispositions(store, CAMPAIGN) == {Disposition.EXPIRED: 5}
        assert (await record_of(store, kept)).state is ContactState.WAITING

    async def test_a_paused_campaign_keeps_its_backlog_until_it_expires(self, store: Store) -> None:
        lease = await stand_up(store)
        await accept(store)
        await set_state(store, CampaignState.PAUSED)
        assert await store.expire_waiting(lease, now=LATER - 1, limit=10) == []
        assert len(await store.expire_waiting(lease, now=LATER, limit=10)) == 1

    async def test_only_the_instance_of_the_lease_is_swept(self, store: Store) -> None:
        lease = await stand_up(store)
        await store.create_instance(directory("instance-2"))
        await store.create_campaign(campaign("c2", instance_id="instance-2"))
        await accept(store, campaign_id="c2")
        assert await store.expire_waiting(lease, now=LATER, limit=10) == []

    async def test_the_dialer_ends_a_contact_only_while_it_waits(self, store: Store) -> None:
        lease = await stand_up(store)
        waiting, dialing = await accept(store), await accept(store)
        await store.commit(lease, [begin(dialing)])
        changes = [ContactExpired(contact_id, CAMPAIGN, LATER) for contact_id in (waiting, dialing, "unknown")]
        result = await store.commit(lease, changes)
        assert list(result.not_waiting) == [dialing, "unknown"]
        assert (await record_of(store, waiting)).disposition is Disposition.EXPIRED
        assert (await record_of(store, dialing)).state is ContactState.DIALING
        assert await store.waiting_count(CAMPAIGN) == 0


class TestLeases:
    async def test_one_owner_at_a_time(self, store: Store, clock: ManualClock) -> None:
        lease = await stand_up(store)
        assert await store.acquire_lease("instance-1", "dialer-2", MINUTE) is None
        clock.now += MINUTE
        successor = await store.acquire_lease("instance-1", "dialer-2", MINUTE)
        assert successor is not None
        assert successor.token > lease.token
        assert await store.acquire_lease("instance-1", "dialer-1", MINUTE) is None

    async def test_a_renewed_lease_lasts_from_now(self, store: Store, clock: ManualClock) -> None:
        lease = await stand_up(store)
        clock.now += MINUTE - 1
        await store.renew_lease(lease, MINUTE)
        clock.now += MINUTE - 1
        assert await store.acquire_lease("instance-1", "dialer-2", MINUTE) is None
        await store.commit(lease, [])

    async def test_a_released_lease_lets_the_next_owner_in_at_once(self, store: Store) -> None:
        lease = await stand_up(store)
        await store.release_lease(lease)
        await store.release_lease(lease)
        for refused in (store.commit(lease, []), store.renew_lease(lease, MINUTE)):
            with pytest.raises(LeaseLostError):
                await refused
        successor = await store.acquire_lease("instance-1", "dialer-2", MINUTE)
        assert successor is not None
        assert successor.token > lease.token
        await store.release_lease(lease)
        await store.commit(successor, [])

    async def test_every_write_of_a_former_owner_is_refused(self, store: Store, clock: ManualClock) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store, dial_request(expires_at=NOW + 1))
        clock.now += MINUTE
        assert await store.acquire_lease("instance-1", "dialer-2", MINUTE) is not None
        for write in (
            store.commit(lease, [begin(contact_id), LedgerCounted(CAMPAIGN, NOW, 1, 0)]),
            store.expire_waiting(lease, now=LATER, limit=10),
            store.renew_lease(lease, MINUTE),
        ):
            with pytest.raises(LeaseLostError):
                await write
        assert (await record_of(store, contact_id)).state is ContactState.WAITING
        assert await store.ledger(CAMPAIGN, since=0) == []

    async def test_a_lease_that_ran_out_must_be_renewed_before_it_writes(
        self, store: Store, clock: ManualClock
    ) -> None:
        lease = await stand_up(store)
        clock.now += MINUTE
        with pytest.raises(LeaseExpiredError):
            await store.commit(lease, [])
        await store.renew_lease(lease, MINUTE)
        await store.commit(lease, [])

    async def test_an_owner_that_comes_back_gets_a_new_token(self, store: Store) -> None:
        lease = await stand_up(store)
        again = await store.acquire_lease("instance-1", "dialer-1", MINUTE)
        assert again is not None
        assert again.token > lease.token
        with pytest.raises(LeaseLostError):
            await store.commit(lease, [])

    async def test_a_lease_never_given_is_no_lease(self, store: Store) -> None:
        await stand_up(store)
        for forged in (Lease("instance-1", "dialer-9", 1), Lease("instance-9", "dialer-1", 1)):
            with pytest.raises(LeaseLostError):
                await store.commit(forged, [])
        with pytest.raises(NotFoundError):
            await store.acquire_lease("instance-9", "dialer-1", MINUTE)

    async def test_a_lease_is_of_no_use_for_another_instances_campaigns(self, store: Store) -> None:
        lease = await stand_up(store)
        await store.create_instance(directory("instance-2"))
        await store.create_campaign(campaign("c2", instance_id="instance-2"))
        contact_id = await accept(store, campaign_id="c2")
        with pytest.raises(NotFoundError):
            await store.commit(lease, [begin(contact_id, campaign_id="c2")])
