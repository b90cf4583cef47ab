"""What every store promises to clients: the contact centre, campaigns, dial requests (storage/ports/)."""

from __future__ import annotations

import asyncio

import pytest

from storage.support import (
    ALL_STATES,
    CAMPAIGN,
    LATER,
    NOW,
    accept,
    begin,
    campaign,
    contact_ids,
    dial_request,
    directory,
    dispositions,
    due,
    ended,
    fresh,
    put,
    records,
    repeated,
    set_state,
    stand_up,
    token_of,
)
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.directory import AccessKey
from trunkcall.domain.errors import (
    ConflictError,
    InvalidCampaignStateError,
    NotFoundError,
)
from trunkcall.storage.store import Store


class TestTheContactCentre:
    async def test_an_instance_is_read_back_with_all_that_is_in_its_directory(self, store: Store) -> None:
        key = AccessKey("AKIA1", b"\x00sealed", "{}", NOW)
        await store.create_instance(directory(), key)
        assert await store.instances() == [directory().instance]
        found = await store.directory("instance-1")
        assert found == directory()
        assert found is not None
        assert list(found.queues) == ["q2", "q1"], "in the order of creation"
        assert await store.access_key("AKIA1") == key

    async def test_an_instance_that_exists_is_not_created_again(self, store: Store) -> None:
        await store.create_instance(directory())
        with pytest.raises(ConflictError):
            await store.create_instance(directory(), AccessKey("AKIA1", b"", "{}", NOW))
        assert await store.access_keys() == []

    async def test_what_does_not_exist_is_none(self, store: Store) -> None:
        assert await store.directory("nowhere") is None
        assert await store.access_key("AKIA0") is None
        assert await store.campaign("nothing") is None
        assert await store.instances() == []

    async def test_an_access_key_can_be_revoked(self, store: Store) -> None:
        await store.put_access_key(AccessKey("AKIA1", b"sealed", "{}", NOW))
        revoked = AccessKey("AKIA1", b"sealed", "{}", NOW, revoked_at=LATER)
        await store.put_access_key(revoked)
        assert await store.access_keys() == [revoked]


class TestCampaigns:
    async def test_a_campaign_is_read_back_as_it_was_created(self, store: Store) -> None:
        await store.create_instance(directory())
        created = await store.create_campaign(campaign())
        assert created.version > 0
        assert await store.campaign(CAMPAIGN) == created
        assert created.tags == {"team": "north"}
        assert created.outbound_call == campaign().outbound_call
        assert created.dialer == campaign().dialer

    async def test_a_name_is_taken_once_in_an_instance(self, store: Store) -> None:
        await store.create_instance(directory())
        await store.create_instance(directory("instance-2"))
        first = await store.create_campaign(campaign("c1", name="spring"))
        assert await store.create_campaign(campaign("c2", name="spring")) == first
        assert await store.campaign("c2") is None
        elsewhere = await store.create_campaign(campaign("c3", name="spring", instance_id="instance-2"))
        assert elsewhere.campaign_id == "c3"

    async def test_a_campaign_needs_its_instance(self, store: Store) -> None:
        with pytest.raises(NotFoundError):
            await store.create_campaign(campaign())

    async def test_a_state_changes_only_from_an_allowed_one(self, store: Store) -> None:
        await store.create_instance(directory())
        created = await store.create_campaign(campaign(state=CampaignState.INITIALIZED))
        allowed = {CampaignState.RUNNING}
        with pytest.raises(InvalidCampaignStateError) as refused:
            await store.change_campaign_state(CAMPAIGN, allowed_from=allowed, to=CampaignState.PAUSED)
        assert refused.value.state == CampaignState.INITIALIZED
        assert await store.campaign(CAMPAIGN) == created
        started = await store.change_campaign_state(
            CAMPAIGN, allowed_from={CampaignState.INITIALIZED}, to=CampaignState.RUNNING
        )
        assert started.state is CampaignState.RUNNING
        assert started.version > created.version
        assert await store.campaign(CAMPAIGN) == started
        with pytest.raises(NotFoundError):
            await store.change_campaign_state("nothing", allowed_from=allowed, to=CampaignState.PAUSED)

    async def test_of_two_who_change_a_state_at_once_one_wins(self, store: Store) -> None:
        await stand_up(store)
        outcomes = await asyncio.gather(
            *(
                store.change_campaign_state(CAMPAIGN, allowed_from={CampaignState.RUNNING}, to=to)
                for to in (CampaignState.PAUSED, CampaignState.STOPPED)
            ),
            return_exceptions=True,
        )
        assert sorted(isinstance(outcome, InvalidCampaignStateError) for outcome in outcomes) == [False, True]

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (CampaignState.RUNNING, CampaignState.STOPPED),
            (CampaignState.PAUSED, CampaignState.STOPPED),
            (CampaignState.INITIALIZED, CampaignState.INITIALIZED),
            (CampaignState.FAILED, CampaignState.FAILED),
        ],
    )
    async def test_a_deleted_campaign_is_gone_but_for_its_records(
        self, store: Store, before: CampaignState, after: CampaignState
    ) -> None:
        await stand_up(store)
        contact_id = await accept(store)
        await set_state(store, before)
        deleted = await store.delete_campaign(CAMPAIGN, at=LATER)
        assert (deleted.deleted_at, deleted.state) == (LATER, after)
        assert await store.campaign(CAMPAIGN) is None
        assert await store.campaigns(instance_id=None, after=None, limit=10) == []
        told = [deleted] if before is not CampaignState.INITIALIZED else []
        assert await store.campaigns_changed("instance-1", after_version=deleted.version - 1) == told
        assert contact_id in await records(store, CAMPAIGN)
        namesake = await store.create_campaign(campaign("c2", name=deleted.name))
        assert namesake.campaign_id == "c2"
        for verb in (store.delete_campaign(CAMPAIGN, at=LATER), set_state(store, CampaignState.RUNNING), put(store)):
            with pytest.raises(NotFoundError):
                await verb

    async def test_campaigns_are_listed_by_creation_page_by_page(self, store: Store) -> None:
        await store.create_instance(directory())
        await store.create_instance(directory("instance-2"))
        for campaign_id, at in (("c3", NOW), ("c1", NOW + 1), ("c2", NOW)):
            await store.create_campaign(campaign(campaign_id, created_at=at))
        await store.create_campaign(campaign("c0", instance_id="instance-2", created_at=NOW + 2))
        first = await store.campaigns(instance_id="instance-1", after=None, limit=2)
        assert [found.campaign_id for found in first] == ["c2", "c3"]
        last = first[-1]
        rest = await store.campaigns(instance_id="instance-1", after=(last.created_at, last.campaign_id), limit=2)
        assert [found.campaign_id for found in rest] == ["c1"]
        everywhere = await store.campaigns(instance_id=None, after=(NOW, "c3"), limit=10)
        assert [found.campaign_id for found in everywhere] == ["c1", "c0"]

    async def test_a_campaign_that_may_have_contacts_is_found_after_it_was_deleted(self, store: Store) -> None:
        await store.create_instance(directory())
        await store.create_instance(directory("instance-2"))
        initialized = CampaignState.INITIALIZED
        await store.create_campaign(campaign("c4", instance_id="instance-2", created_at=NOW + 3))
        for campaign_id, at in (("started", NOW + 1), ("never", NOW + 2)):
            await store.create_campaign(campaign(campaign_id, state=initialized, created_at=at))
        await set_state(store, CampaignState.RUNNING, "started")
        await store.create_campaign(campaign("new", state=initialized, created_at=NOW))
        for campaign_id in ("started", "never", "c4"):
            await store.delete_campaign(campaign_id, at=LATER)
        found = await store.every_campaign()
        assert [each.campaign_id for each in found] == ["new", "started", "c4"]
        assert [each.deleted_at for each in found] == [None, LATER, LATER]
        assert await store.has_campaign("never")
        assert not await store.has_campaign("unknown")

    async def test_a_reader_learns_what_changed_since(self, store: Store) -> None:
        await store.create_instance(directory())
        one = await store.create_campaign(campaign("c1"))
        two = await store.create_campaign(campaign("c2"))
        assert await store.campaigns_changed("instance-1", after_version=0) == [one, two]
        one = await store.change_campaign_state("c1", allowed_from=ALL_STATES, to=CampaignState.PAUSED)
        assert await store.campaigns_changed("instance-1", after_version=two.version) == [one]
        assert await store.campaigns_changed("instance-1", after_version=one.version) == []
        assert await store.campaigns_changed("instance-2", after_version=0) == []


class TestDialRequests:
    async def test_accepted_requests_wait_in_their_order(self, store: Store) -> None:
        await stand_up(store)
        requests = [dial_request() for _ in range(5)]
        assert (await put(store, *requests)).accepted == [fresh(request) for request in requests]
        waiting = await due(store, CAMPAIGN, limit=10)
        assert [contact.contact_id for contact in waiting] == [request.contact_id for request in requests]
        assert [contact.phone_number for contact in waiting] == [request.phone_number for request in requests]
        assert sorted(contact.sequence for contact in waiting) == [contact.sequence for contact in waiting]
        assert await store.waiting_count(CAMPAIGN) == 5

    async def test_the_backlog_is_read_on_beside_what_is_held(self, store: Store) -> None:
        await stand_up(store)
        await put(store, *(dial_request() for _ in range(3)))
        first = await due(store, CAMPAIGN, limit=2)
        assert len(first) == 2
        await put(store, dial_request())
        rest = await due(store, CAMPAIGN, held=[contact.sequence for contact in first])
        assert len(rest) == 2
        assert all(contact.sequence > first[-1].sequence for contact in rest)

    async def test_one_contact_is_found_by_its_id_with_how_many_wait_before_it(self, store: Store) -> None:
        lease = await stand_up(store)
        first, second, third = (dial_request() for _ in range(3))
        await put(store, first, second, third)
        found = await store.contact(third.contact_id)
        assert found is not None
        assert found == (await records(store))[third.contact_id]
        assert (found.phone_number, found.attributes) == (third.phone_number, third.attributes)
        assert await store.waiting_before(third.contact_id) == 2
        await store.commit(lease, [begin(first.contact_id)])
        assert await store.waiting_before(third.contact_id) == 1, "one of them is being dialed"
        assert await store.contact("nobody") is None
        assert await store.waiting_before("nobody") == 0

    async def test_a_request_accepted_twice_under_one_token_is_one_contact(self, store: Store) -> None:
        await stand_up(store)
        first = dial_request("same")
        await put(store, first)
        new = dial_request()
        result = await put(store, dial_request("same"), new, dial_request("same"))
        assert result.accepted == [repeated("same", first), fresh(new), repeated("same", first)]
        assert await store.waiting_count(CAMPAIGN) == 2
        assert set(await records(store)) == {first.contact_id, new.contact_id}

    async def test_a_token_repeated_within_its_batch_is_one_contact(self, store: Store) -> None:
        await stand_up(store)
        first, second = dial_request("same"), dial_request("same")
        assert (await put(store, first, second)).accepted == [fresh(first), repeated("same", first)]
        assert await store.waiting_count(CAMPAIGN) == 1

    async def test_a_batch_sent_again_whole_adds_nothing(self, store: Store) -> None:
        await stand_up(store)
        requests = [dial_request() for _ in range(3)]
        await put(store, *requests)
        again = await put(store, *requests)
        assert again.accepted == [repeated(token_of(request), request) for request in requests]
        assert await store.waiting_count(CAMPAIGN) == 3

    async def test_a_token_is_known_after_its_contact_has_ended(self, store: Store) -> None:
        lease = await stand_up(store)
        first = dial_request("same")
        await put(store, first)
        await store.commit(lease, [begin(first.contact_id), ended(first.contact_id)])
        assert (await put(store, dial_request("same"))).accepted == [repeated("same", first)]
        assert await store.waiting_count(CAMPAIGN) == 0

    async def test_a_token_is_unique_within_its_campaign_only(self, store: Store) -> None:
        await stand_up(store)
        await store.create_campaign(campaign("c2"))
        assert await accept(store, dial_request("same")) != await accept(store, dial_request("same"), campaign_id="c2")
        assert await store.waiting_count("c2") == 1

    async def test_a_token_may_hold_any_text(self, store: Store) -> None:
        await stand_up(store)
        requests = [dial_request(token) for token in ("a", "A", "a ", "'; --", "\u00e9", "e\u0301", "\U0001f600")]
        result = await put(store, *requests)
        assert result.accepted == [fresh(request) for request in requests]

    async def test_a_contact_id_belongs_to_one_contact(self, store: Store) -> None:
        await stand_up(store)
        first = dial_request()
        await put(store, first)
        with pytest.raises(ConflictError):
            await put(store, dial_request(), dial_request(contact_id=first.contact_id))
        assert await store.waiting_count(CAMPAIGN) == 1
        assert set(await records(store)) == {first.contact_id}

    async def test_a_contact_id_that_is_taken_is_so_whoever_else_in_the_batch_has_the_token(self, store: Store) -> None:
        await stand_up(store)
        first = dial_request()
        with pytest.raises(ConflictError):
            await put(store, first, dial_request("one", contact_id=first.contact_id), dial_request("one"))
        assert await store.waiting_count(CAMPAIGN) == 0

    async def test_a_full_backlog_takes_no_more_but_still_knows_its_tokens(self, store: Store) -> None:
        lease = await stand_up(store)
        one, two, three = dial_request("one"), dial_request("two"), dial_request("three")
        again = dial_request("one")
        result = await put(store, one, again, two, three, again, max_waiting=2)
        assert result.accepted == [fresh(one), repeated("one", one), fresh(two), None, repeated("one", one)]
        assert await store.waiting_count(CAMPAIGN) == 2
        await store.commit(lease, [begin(one.contact_id)])
        assert (await put(store, three, dial_request(), max_waiting=2)).accepted == [fresh(three), None]

    async def test_only_a_running_campaign_takes_requests(self, store: Store) -> None:
        await stand_up(store)
        for state in ALL_STATES - {CampaignState.RUNNING}:
            await set_state(store, state)
            with pytest.raises(InvalidCampaignStateError) as refused:
                await put(store, dial_request())
            assert refused.value.state == state
        with pytest.raises(NotFoundError):
            await put(store, dial_request(), campaign_id="nothing")
        assert await records(store) == {}

    async def test_large_batches_and_many_clients_at_once(self, store: Store) -> None:
        await stand_up(store)
        batches = [[dial_request() for _ in range(size)] for size in (1, 25, 100, 101, 250)]
        results = await asyncio.gather(*(put(store, *batch) for batch in batches))
        for batch, result in zip(batches, results, strict=True):
            assert contact_ids(result) == [request.contact_id for request in batch]
        assert await store.waiting_count(CAMPAIGN) == sum(map(len, batches))

    async def test_each_of_a_large_batch_is_kept_as_it_was_asked_for(self, store: Store) -> None:
        """Or somebody is dialed by the number, the expiry or the attributes of somebody else."""
        await stand_up(store)
        known = dial_request("token-of-30")
        await put(store, known)
        batch = [
            dial_request(f"token-of-{n}", expires_at=LATER + n, due_at=n, attributes={"name": f"n\0{n}"})
            for n in range(60)
        ]
        answers = [fresh(request) for request in batch]
        answers[30] = repeated("token-of-30", known)
        assert (await put(store, *batch)).accepted == answers
        kept = await records(store)
        assert set(kept) == {known.contact_id, *(answer.contact_id for answer in answers)}
        for request in batch[:30] + batch[31:]:
            record = kept[request.contact_id]
            assert (record.client_token, record.phone_number, record.expires_at, record.due_at, record.attributes) == (
                request.client_token,
                request.phone_number,
                request.expires_at,
                request.due_at,
                request.attributes,
            )

    async def test_of_many_clients_with_one_token_one_is_first(self, store: Store) -> None:
        await stand_up(store)
        results = await asyncio.gather(*(put(store, dial_request("same")) for _ in range(20)))
        accepted = [result.accepted[0] for result in results]
        assert len({answer.contact_id for answer in accepted if answer}) == 1
        assert sum(answer is not None and not answer.repeated for answer in accepted) == 1

    async def test_an_empty_batch_is_accepted(self, store: Store) -> None:
        await stand_up(store)
        assert list((await put(store)).accepted) == []

    async def test_no_campaign_no_backlog(self, store: Store) -> None:
        assert await store.waiting_count("nothing") == 0
        assert await due(store, "nothing", limit=5) == []
        assert await dispositions(store, "nothing") == {}
