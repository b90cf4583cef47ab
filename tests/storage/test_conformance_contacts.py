"""What every store promises of contacts: in progress, set aside, on record and in sums (storage/ports/)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.support import (
    CAMPAIGN,
    LATER,
    NOW,
    accept,
    begin,
    campaign,
    dial_request,
    directory,
    dispositions,
    ended,
    put,
    record_of,
    records,
    stand_up,
)
from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    AgentDispositionChosen,
    AttemptVoided,
    Change,
    ContactAbandoned,
    ContactAnswered,
    ContactConnected,
    ContactConnecting,
    ContactDetected,
    ContactEnded,
    ContactExpired,
    ContactQueued,
    ContactRecorded,
    ContactRequeued,
    ContactSetAside,
    CustomerPutOnHold,
    CustomerTakenOffHold,
    LedgerCounted,
    SafeHarbourBegun,
)
from trunkcall.domain.contact import ContactState, DetectionStatus, DisconnectReason, Disposition, LiveContact
from trunkcall.domain.errors import IllegalTransitionError
from trunkcall.domain.instants import MINUTE, SECOND
from trunkcall.domain.recording import Recording, Unrecorded
from trunkcall.storage.ports.contacts import ContactCounts
from trunkcall.storage.ports.ownership import Lease, LedgerMinute
from trunkcall.storage.store import Store


async def hears_safe_harbour(store: Store, lease: Lease, *, queued: bool = False) -> str:
    """A contact to whom the safe-harbour message is played: its id."""
    contact_id = await accept(store)
    changes: list[Change] = [
        begin(contact_id),
        ContactAnswered(contact_id, NOW, None),
        ContactDetected(contact_id, NOW, None),
        ContactAbandoned(contact_id, NOW + 2),
        SafeHarbourBegun(contact_id, NOW + 3),
    ]
    if queued:
        changes.insert(3, ContactQueued(contact_id, "q1", NOW + 1))
    await store.commit(lease, changes)
    return contact_id


class TestContactsInProgress:
    async def test_the_record_of_a_contact_tells_its_whole_story(self, store: Store) -> None:
        lease = await stand_up(store)
        request = dial_request(attributes={"first name": "Ann", "quote": '"é'})
        contact_id = await accept(store, request)
        at = NOW
        await store.commit(lease, [begin(contact_id, at=at)])
        await store.commit(lease, [ContactAnswered(contact_id, at + 2, ring_started_at=at + 1)])
        assert (await record_of(store, contact_id)).state is ContactState.ANSWERED
        human = ContactDetected(contact_id, at + 4, DetectionStatus.HUMAN_ANSWERED, at + 2, at + 3)
        await store.commit(lease, [human])
        assert (await record_of(store, contact_id)).state is ContactState.IN_FLOW
        await store.commit(lease, [ContactQueued(contact_id, "q2", at + 5)])
        assert (await record_of(store, contact_id)).state is ContactState.QUEUED
        await store.commit(lease, [ContactConnecting(contact_id, "a0", "agent-leg-1", at + 6)])
        connecting = await record_of(store, contact_id)
        assert (connecting.state, connecting.agent_id) == (ContactState.CONNECTING, "a0")
        await store.commit(lease, [ContactRequeued(contact_id, at + 7)])
        requeued = await record_of(store, contact_id)
        assert (requeued.state, requeued.agent_id, requeued.queued_at) == (ContactState.QUEUED, None, at + 5)
        await store.commit(
            lease,
            [
                ContactAbandoned(contact_id, at + 8),
                ContactConnecting(contact_id, "a1", "agent-leg-2", at + 8),
                ContactConnected(contact_id, "a1", at + 9),
            ],
        )
        assert (await record_of(store, contact_id)).state is ContactState.CONNECTED
        connected = Disposition.CONNECTED_TO_AGENT
        begun = Recording("contact-1.1", at + 9)
        over = Recording("contact-1.1", at + 9, at + 9, at + 10, ((at + 9, at + 10), (at + 10, None)))
        refused = Recording("contact-1.2", at + 10, unrecorded=Unrecorded.FAILED)
        await store.commit(lease, [ContactRecorded(contact_id, (begun,), at + 9)])
        [live] = await store.live_contacts("instance-1")
        assert live.recordings == (begun,)
        await store.commit(
            lease,
            [
                ContactRecorded(contact_id, (over, refused), at + 10),
                CustomerTakenOffHold(contact_id, at + 9),
                CustomerPutOnHold(contact_id, at + 9),
                CustomerPutOnHold(contact_id, at + 9),
                CustomerTakenOffHold(contact_id, at + 10),
                CustomerPutOnHold(contact_id, at + 10),
                ContactEnded(contact_id, CAMPAIGN, at + 10, connected, DisconnectReason.CUSTOMER_DISCONNECT),
                AgentDispositionChosen(contact_id, "No", at + 10),
                AgentDispositionChosen(contact_id, "Call back, Thursday", at + 11),
                AfterContactWorkEnded(contact_id, at + 11),
            ],
        )
        record = await record_of(store, contact_id)
        assert record.state is ContactState.ENDED
        assert record.instance_id == "instance-1"
        assert (record.client_token, record.phone_number) == (request.client_token, request.phone_number)
        assert record.attributes == request.attributes
        assert (record.accepted_at, record.expires_at, record.updated_at) == (NOW, LATER, at + 11)
        assert (record.attempted_at, record.ring_started_at, record.answered_at) == (at, at + 1, at + 2)
        assert record.detection is DetectionStatus.HUMAN_ANSWERED
        assert (record.greeting_started_at, record.greeting_ended_at) == (at + 2, at + 3)
        assert (record.queue_id, record.queued_at) == ("q2", at + 5)
        assert (record.agent_id, record.connected_to_agent_at, record.abandoned) == ("a1", at + 9, True)
        assert (record.ended_at, record.after_contact_work_ended_at) == (at + 10, at + 11)
        assert (record.disposition, record.disconnect_reason) == (connected, DisconnectReason.CUSTOMER_DISCONNECT)
        assert record.agent_disposition == "Call back, Thursday"
        assert record.recordings == (over, refused)
        assert record.customer_holds == ((at + 9, at + 10), (at + 10, None)), "one that goes on ends with the contact"

    async def test_an_unanswered_contact_ends_with_what_is_known(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store)
        busy = DetectionStatus.SIT_TONE_BUSY
        end = ContactEnded(
            contact_id,
            CAMPAIGN,
            NOW + 3,
            Disposition.BUSY,
            DisconnectReason.TELECOM_BUSY,
            busy,
            ring_started_at=NOW + 1,
        )
        await store.commit(lease, [begin(contact_id), end])
        record = await record_of(store, contact_id)
        assert (record.detection, record.ring_started_at, record.answered_at) == (busy, NOW + 1, None)
        assert (record.queue_id, record.agent_id, record.abandoned) == (None, None, False)

    async def test_contacts_in_progress_are_found_by_the_next_owner(self, store: Store) -> None:
        lease = await stand_up(store)
        dialing, connecting, over, _ = [await accept(store) for _ in range(4)]
        await store.commit(lease, [begin(dialing), begin(connecting), begin(over), ended(over)])
        await store.commit(
            lease,
            [
                ContactAnswered(connecting, NOW, None),
                ContactDetected(connecting, NOW, DetectionStatus.AMD_UNRESOLVED),
                ContactQueued(connecting, "q1", NOW + 1),
                ContactConnecting(connecting, "a1", "agent-leg", NOW + 2),
            ],
        )
        assert await store.live_contacts("instance-1") == [
            LiveContact(dialing, CAMPAIGN, 1, LATER, ContactState.DIALING, f"leg-of-{dialing}", NOW, trunk_id="north"),
            LiveContact(
                connecting,
                CAMPAIGN,
                2,
                LATER,
                ContactState.CONNECTING,
                f"leg-of-{connecting}",
                NOW,
                answered_at=NOW,
                detection=DetectionStatus.AMD_UNRESOLVED,
                queued_at=NOW + 1,
                agent_id="a1",
                agent_leg_id="agent-leg",
                trunk_id="north",
                queue_id="q1",
            ),
        ]
        assert await store.live_contacts("instance-2") == []

    async def test_when_a_safe_harbour_message_began_is_on_record_and_known_to_the_next_owner(
        self, store: Store
    ) -> None:
        lease = await stand_up(store)
        contact_id = await hears_safe_harbour(store, lease, queued=True)
        (live,) = await store.live_contacts("instance-1")
        assert (live.state, live.safe_harbour_at, live.abandoned) == (ContactState.SAFE_HARBOUR, NOW + 3, True)
        await store.commit(lease, [ended(contact_id, Disposition.ABANDONED)])
        record = await record_of(store, contact_id)
        assert (record.state, record.safe_harbour_at) == (ContactState.ENDED, NOW + 3)

    async def test_a_message_that_was_not_heard_is_not_on_record(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await hears_safe_harbour(store, lease)
        await store.commit(lease, [replace(ended(contact_id, Disposition.ABANDONED), unheard=True)])
        record = await record_of(store, contact_id)
        assert (record.state, record.safe_harbour_at, record.abandoned) == (ContactState.ENDED, None, True)

    async def test_one_who_hears_the_message_may_never_have_been_in_a_queue(self, store: Store) -> None:
        """The queue was full. The next owner takes it over as any other."""
        lease = await stand_up(store)
        contact_id = await hears_safe_harbour(store, lease)
        (live,) = await store.live_contacts("instance-1")
        assert (live.state, live.queued_at, live.abandoned) == (ContactState.SAFE_HARBOUR, None, True)
        await store.commit(lease, [ended(contact_id, Disposition.ABANDONED)])
        record = await record_of(store, contact_id)
        assert (record.state, record.queue_id, record.queued_at) == (ContactState.ENDED, None, None)

    async def test_contacts_in_progress_outlive_their_campaign(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store)
        await store.commit(lease, [begin(contact_id)])
        await store.delete_campaign(CAMPAIGN, at=NOW)
        assert [contact.contact_id for contact in await store.live_contacts("instance-1")] == [contact_id]
        await store.commit(lease, [ended(contact_id)])
        assert (await record_of(store, contact_id)).disposition is Disposition.NO_ANSWER

    async def test_an_impossible_change_fails_the_commit_and_changes_nothing(self, store: Store) -> None:
        lease = await stand_up(store)
        one, two = await accept(store), await accept(store)
        await store.commit(lease, [begin(one), ended(one, Disposition.BUSY)])
        for impossible in (
            ended(one, Disposition.NO_ANSWER),
            AttemptVoided(one, CAMPAIGN, NOW),
            ContactAnswered(one, NOW, None),
            ContactConnected("unknown", "a1", NOW),
            AfterContactWorkEnded("unknown", NOW),
        ):
            with pytest.raises(IllegalTransitionError):
                await store.commit(lease, [begin(two), LedgerCounted(CAMPAIGN, NOW, 1, 1), impossible])
        assert (await record_of(store, two)).state is ContactState.WAITING
        assert await store.ledger(CAMPAIGN, since=0) == []
        assert await dispositions(store, CAMPAIGN) == {Disposition.BUSY: 1, None: 1}
        assert await store.waiting_count(CAMPAIGN) == 1


class TestSetAside:
    async def test_whoever_is_set_aside_is_left_out_by_name_and_all_else_is_done(self, store: Store) -> None:
        """Whoever does not hear of it rings phones and plays messages that are on no record."""
        lease = await stand_up(store)
        aside, other = [await accept(store) for _ in range(2)]
        assert not (await store.commit(lease, [begin(aside), begin(other)])).left_out
        (victim,) = [live for live in await store.live_contacts("instance-1") if live.contact_id == aside]
        result = await store.commit(lease, [ContactSetAside(aside, victim.sequence, NOW)])
        assert not result.left_out, "that it is set aside was done"
        answered = [ContactAnswered(contact_id, NOW, None) for contact_id in (aside, other)]
        result = await store.commit(lease, [*answered, ended(aside)])
        assert set(result.left_out) == {aside}
        (live,) = await store.live_contacts("instance-1")
        assert (live.contact_id, live.state) == (other, ContactState.ANSWERED)
        assert await dispositions(store, CAMPAIGN) == {None: 2}

    async def test_whoever_is_set_aside_counts_for_its_own_instance(self, store: Store) -> None:
        lease = await stand_up(store)
        await store.create_instance(directory("instance-2"))
        aside = await accept(store)
        await store.commit(lease, [begin(aside)])
        (victim,) = await store.live_contacts("instance-1")
        await store.commit(lease, [ContactSetAside(aside, victim.sequence, NOW)])
        counts = [await store.quarantined_count(instance) for instance in (None, "instance-1", "instance-2")]
        assert counts == [1, 1, 0]


class TestRecordsAndCounts:
    async def test_records_are_exported_in_order_of_acceptance_chunk_by_chunk(self, store: Store) -> None:
        await stand_up(store)
        await store.create_instance(directory("instance-2"))
        await store.create_campaign(campaign("c2"))
        await store.create_campaign(campaign("c3", instance_id="instance-2"))
        ids: dict[str, list[str]] = {CAMPAIGN: [], "c2": [], "c3": []}
        everything = []
        for number in range(21):
            campaign_id = (CAMPAIGN, "c2", "c3")[number % 3]
            contact_id = await accept(store, campaign_id=campaign_id)
            ids[campaign_id].append(contact_id)
            everything.append(contact_id)
        chunks = [chunk async for chunk in store.contacts(chunk=5)]
        assert [len(chunk) for chunk in chunks] == [5, 5, 5, 5, 1]
        assert [record.contact_id for chunk in chunks for record in chunk] == everything
        assert list(await records(store, "c2")) == ids["c2"]
        of_instance = [
            record.contact_id async for chunk in store.contacts(instance_id="instance-2") for record in chunk
        ]
        assert of_instance == ids["c3"]
        assert await records(store, "nothing") == {}

    async def test_an_export_may_be_left_half_way(self, store: Store) -> None:
        await stand_up(store)
        await put(store, *(dial_request() for _ in range(5)))
        async for chunk in store.contacts(chunk=2):
            assert len(chunk) == 2
            break
        await accept(store)
        assert await store.waiting_count(CAMPAIGN) == 6

    async def test_dispositions_add_up_to_the_requests(self, store: Store) -> None:
        lease = await stand_up(store)
        assert await dispositions(store, CAMPAIGN) == {}
        a, b, c, d, e = [await accept(store) for _ in range(5)]
        await store.commit(lease, [begin(a), begin(b), begin(c)])
        await store.commit(lease, [ended(a), ended(b, Disposition.BUSY), ContactExpired(d, CAMPAIGN, NOW)])
        assert await dispositions(store, CAMPAIGN) == {
            Disposition.NO_ANSWER: 1,
            Disposition.BUSY: 1,
            Disposition.EXPIRED: 1,
            None: 2,
        }
        await store.commit(lease, [ended(c), begin(e), ended(e)])
        counts = await dispositions(store, CAMPAIGN)
        assert counts == {Disposition.NO_ANSWER: 3, Disposition.BUSY: 1, Disposition.EXPIRED: 1}

    async def test_the_ledger_counts_by_the_minute(self, store: Store) -> None:
        lease = await stand_up(store)
        minute = NOW - NOW % MINUTE
        await store.commit(
            lease,
            [
                LedgerCounted(CAMPAIGN, minute + MINUTE, 5, 1),
                LedgerCounted(CAMPAIGN, minute, 1, 0),
                LedgerCounted(CAMPAIGN, minute + MINUTE - 1, 0, 1),
            ],
        )
        await store.commit(lease, [LedgerCounted(CAMPAIGN, minute + 1, 2, 0)])
        both = [LedgerMinute(minute, 3, 1), LedgerMinute(minute + MINUTE, 5, 1)]
        assert await store.ledger(CAMPAIGN, since=minute + 30 * SECOND) == both
        assert await store.ledger(CAMPAIGN, since=minute + MINUTE) == both[1:]
        assert await store.ledger("nothing", since=0) == []
        assert await store.ledger_sum(CAMPAIGN, since=minute + 30 * SECOND) == (8, 2)
        assert await store.ledger_sum(CAMPAIGN, since=minute + MINUTE) == (5, 1)
        assert await store.ledger_sum("nothing", since=0) == (0, 0)

    async def test_counts_of_several_campaigns_are_read_at_once(self, store: Store) -> None:
        lease = await stand_up(store)
        await store.create_campaign(campaign("c2"))
        a, b, c, _ = [await accept(store) for _ in range(4)]
        await store.commit(lease, [begin(a), begin(b), ended(b, Disposition.BUSY), ContactExpired(c, CAMPAIGN, NOW)])
        counts = await store.contact_counts([CAMPAIGN, "nothing", "c2"])
        assert counts.keys() == {CAMPAIGN, "c2"}
        assert counts["c2"] == ContactCounts()
        found = counts[CAMPAIGN]
        assert (found.accepted, found.waiting, found.in_progress, found.attempts) == (4, 1, 1, 2)
        assert found.dispositions == {Disposition.BUSY: 1, Disposition.EXPIRED: 1}
