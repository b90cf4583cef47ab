"""What every store promises of the calling gate (storage/ports/). If these fail, somebody is dialed who was called
often enough, whom a list or a halt protects, or whose call costs more than may be spent; or nobody is who may be.
"""

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
    directory,
    dispositions,
    due,
    record_of,
    stand_up,
)
from trunkcall.domain.calling_limits import DayCount
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.changes import (
    AttemptVoided,
    Change,
    ContactAnswered,
    ContactConnecting,
    ContactDetected,
    ContactEnded,
    ContactForbidden,
    ContactHeld,
    ContactQueued,
    Refusal,
    SessionBegun,
)
from trunkcall.domain.clearance import (
    Clearance,
    Cleared,
    DayLimit,
    Evidence,
    Hold,
    HoldReason,
    LocalTime,
    Prohibition,
    RollingLimit,
)
from trunkcall.domain.contact import ContactState, DetectionStatus, DisconnectReason, Disposition
from trunkcall.domain.errors import LeaseLostError, NotFoundError
from trunkcall.domain.instants import DAY, HOUR, MINUTE, SECOND, Instant
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.store import Store

CAMPAIGN = "campaign-1"
TODAY = NOW - NOW % DAY
TOMORROW = TODAY + DAY
ANN = 2**63 - 1
"""The key of a number."""
BOB = -(2**63)
HELD = Hold(HoldReason.OUTSIDE_HOURS, NOW + HOUR, LocalTime(("Europe/Berlin",), Evidence.AREA))


def cleared(number_key: int = ANN, **found: object) -> Clearance:
    return replace(Clearance(0, number_key), **found)  # type: ignore[arg-type]  # by name


def a_day(reason: HoldReason, most: int | None, key: str = "", began_at: Instant = TODAY) -> DayLimit:
    return DayLimit(key, began_at, began_at + DAY, most, reason)


async def a_contact(store: Store) -> str:
    """The id of one that waits."""
    return await accept(store, dial_request(expires_at=NOW + 3 * DAY))


async def dial(
    store: Store, lease: Lease, contact_id: str, clearance: Clearance | None, *, at: Instant = NOW
) -> Refusal | None:
    clearances = {} if clearance is None else {contact_id: clearance}
    return (await store.commit(lease, [begin(contact_id, at=at)], clearances)).refused.get(contact_id)


async def dialed_anew(store: Store, lease: Lease, clearance: Clearance, *, at: Instant = NOW) -> Refusal | None:
    """What becomes of an attempt on a new contact."""
    return await dial(store, lease, await a_contact(store), clearance, at=at)


def void(contact_id: str, at: Instant = NOW) -> Change:
    return AttemptVoided(contact_id, CAMPAIGN, at)


def ended(contact_id: str, at: Instant, disposition: Disposition = Disposition.CONNECTED_TO_AGENT) -> Change:
    return ContactEnded(contact_id, CAMPAIGN, at, disposition, DisconnectReason.CUSTOMER_DISCONNECT)


class TestHalts:
    async def test_nothing_is_dialed_once_a_halt_has_been_answered(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await a_contact(store)
        halted = await store.halt_instance("instance-1", at=NOW, reason="the carrier rang")
        assert (halted.halted_at, halted.halt_reason, halted.may_originate) == (NOW, "the carrier rang", False)
        assert await dial(store, lease, contact_id, None) is Refusal.HALTED
        assert await dial(store, lease, contact_id, cleared()) is Refusal.HALTED
        assert (await record_of(store, contact_id)).state is ContactState.WAITING
        again = await store.halt_instance("instance-1", at=NOW + SECOND, reason="and again")
        assert (again.halted_at, again.halt_reason) == (NOW, "and again"), "it is halted since when it was"
        assert [each.halted_at for each in await store.instances()] == [NOW]
        resumed = await store.resume_instance("instance-1")
        assert (resumed.halted_at, resumed.halt_reason, resumed.may_originate) == (None, "", True)
        assert (await store.instances())[0] == resumed
        assert await dial(store, lease, contact_id, None) is None

    async def test_contacts_in_progress_go_on(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await a_contact(store)
        assert await dial(store, lease, contact_id, cleared()) is None
        await store.halt_instance("instance-1", at=NOW, reason="")
        await store.commit(lease, [ContactAnswered(contact_id, NOW, None), ended(contact_id, NOW + SECOND)])
        assert (await record_of(store, contact_id)).state is ContactState.ENDED

    async def test_an_instance_without_outbound_calls_makes_none(self, store: Store) -> None:
        lease = await stand_up(store)
        await store.change_instance("instance-1", lambda found: replace(found, outbound_calls=False))
        assert await dial(store, lease, await a_contact(store), None) is Refusal.HALTED

    async def test_what_else_is_changed_of_an_instance_ends_no_halt(self, store: Store) -> None:
        await stand_up(store)
        await store.halt_instance("instance-1", at=NOW, reason="why")
        changed = await store.change_instance("instance-1", lambda found: replace(found, tags={"a": "b"}))
        assert (changed.halted_at, changed.halt_reason) == (NOW, "why")
        directory = await store.directory("instance-1")
        assert directory is not None
        assert directory.instance == changed

    async def test_an_instance_that_there_is_not_can_be_neither_halted_nor_resumed(self, store: Store) -> None:
        with pytest.raises(NotFoundError):
            await store.halt_instance("nowhere", at=NOW, reason="")
        with pytest.raises(NotFoundError):
            await store.resume_instance("nowhere")


class TestPolicies:
    async def test_an_attempt_cleared_under_another_policy_than_counts_is_not_made(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await a_contact(store)
        await store.put_facts("instance-1", [CallingPolicy("default", 1, "first")])
        assert await dial(store, lease, contact_id, cleared(policy_version=0)) is Refusal.POLICY_CHANGED
        await store.put_facts("instance-1", [CallingPolicy("default", 3, "second")])
        assert await dial(store, lease, contact_id, cleared(policy_version=1)) is Refusal.POLICY_CHANGED
        assert await dial(store, lease, contact_id, cleared(policy_version=9)) is Refusal.POLICY_CHANGED
        assert (await record_of(store, contact_id)).state is ContactState.WAITING
        assert await dial(store, lease, contact_id, cleared(policy_version=3)) is None

    async def test_a_policy_of_any_name_has_everybody_cleared_anew(self, store: Store) -> None:
        """Which campaigns go by it is for the gate to say."""
        lease = await stand_up(store)
        assert await dialed_anew(store, lease, cleared(policy_version=0)) is None
        await store.put_facts("instance-1", [CallingPolicy("night", 1, "text")])
        assert await dialed_anew(store, lease, cleared(policy_version=0)) is Refusal.POLICY_CHANGED
        assert await dialed_anew(store, lease, cleared(policy_version=1)) is None
        await store.put_facts("instance-1", [CallingPolicy("default", 10, "text")])
        assert await dialed_anew(store, lease, cleared(policy_version=1)) is Refusal.POLICY_CHANGED
        assert await dialed_anew(store, lease, cleared(policy_version=10)) is None


class TestNumbers:
    async def test_a_number_is_dialed_no_more_often_than_it_may_in_any_such_time(self, store: Store) -> None:
        lease = await stand_up(store)
        clearance = cleared(number_limits=(RollingLimit(2, HOUR), RollingLimit(3, DAY)))
        assert await dialed_anew(store, lease, clearance) is None
        assert await dialed_anew(store, lease, clearance, at=NOW + 10 * MINUTE) is None
        third = await a_contact(store)
        result = await store.commit(lease, [begin(third, at=NOW + 59 * MINUTE)], {third: clearance})
        assert result.refused == {third: Refusal.HELD}
        assert result.not_before == {third: NOW + HOUR}
        record = await record_of(store, third)
        assert (record.state, record.due_at) == (ContactState.WAITING, NOW + HOUR)
        assert record.hold == Hold(HoldReason.NUMBER_LIMIT, NOW + HOUR)
        assert await dial(store, lease, third, clearance, at=NOW + HOUR) is None, "the first is an hour ago"
        assert await dialed_anew(store, lease, clearance, at=NOW + 3 * HOUR) is Refusal.HELD, "three in a day"
        assert await dialed_anew(store, lease, clearance, at=NOW + DAY) is None

    async def test_between_two_attempts_to_a_number_there_is_a_gap(self, store: Store) -> None:
        lease = await stand_up(store)
        clearance = cleared(number_gap=HOUR)
        assert await dialed_anew(store, lease, clearance) is None
        second = await a_contact(store)
        assert await dial(store, lease, second, clearance, at=NOW + HOUR - 1) is Refusal.HELD
        assert (await record_of(store, second)).hold == Hold(HoldReason.NUMBER_GAP, NOW + HOUR)
        assert await dial(store, lease, second, clearance, at=NOW + HOUR) is None

    async def test_two_contacts_of_one_number_in_one_commit_are_two_attempts(self, store: Store) -> None:
        lease = await stand_up(store)
        first, second = await a_contact(store), await a_contact(store)
        clearance = cleared(number_limits=(RollingLimit(1, HOUR),))
        result = await store.commit(lease, [begin(first), begin(second)], {first: clearance, second: clearance})
        assert result.refused == {second: Refusal.HELD}

    async def test_numbers_and_instances_are_counted_each_by_itself(self, store: Store) -> None:
        lease = await stand_up(store)
        clearance = cleared(number_limits=(RollingLimit(1, HOUR),))
        assert await dialed_anew(store, lease, clearance) is None
        assert await dialed_anew(store, lease, replace(clearance, number_key=BOB)) is None
        assert await dialed_anew(store, lease, replace(clearance, number_key=BOB)) is Refusal.HELD

    async def test_a_void_attempt_was_none(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await a_contact(store)
        limit = a_day(HoldReason.DAY_LIMIT, 1)
        spending = a_day(HoldReason.SPEND_LIMIT, 5)
        once = (RollingLimit(1, HOUR),)
        clearance = cleared(number_limits=once, day_limits=(limit,), spend_limits=(spending,), spend=5)
        assert await dial(store, lease, contact_id, clearance) is None
        await store.commit(lease, [void(contact_id, NOW + SECOND)])
        assert (await record_of(store, contact_id)).clearance is None
        assert await store.day_counts("instance-1", since=0) == []
        again = [begin(contact_id, at=NOW + 2), void(contact_id, NOW + 3), begin(contact_id, at=NOW + 4)]
        assert not (await store.commit(lease, again, {contact_id: clearance})).refused, "and so within one commit"
        assert await dialed_anew(store, lease, clearance, at=NOW + 5) is Refusal.HELD

    async def test_attempts_are_forgotten_in_pieces_when_nothing_counts_them_any_more(self, store: Store) -> None:
        lease = await stand_up(store)
        for number_key in range(5):
            assert await dialed_anew(store, lease, cleared(number_key), at=NOW + number_key) is None
        limits = (RollingLimit(1, DAY),)
        for _ in range(4):
            await store.purge_counts(lease, before=NOW + 3, limit=2)
        found = [
            await dialed_anew(store, lease, cleared(number_key, number_limits=limits), at=NOW + HOUR)
            for number_key in range(5)
        ]
        assert found == [None, None, None, Refusal.HELD, Refusal.HELD]

    async def test_no_instance_counts_or_forgets_attempts_of_another(self, store: Store) -> None:
        lease = await stand_up(store)
        await store.create_instance(directory("instance-2"))
        await store.create_campaign(campaign("c-2", instance_id="instance-2"))
        other = await store.acquire_lease("instance-2", "dialer-1", MINUTE)
        assert other is not None
        limited = cleared(number_limits=(RollingLimit(1, DAY),))
        assert await dialed_anew(store, lease, limited) is None
        there = (await accept(store, campaign_id="c-2"), await accept(store, campaign_id="c-2"))
        first, second = (begin(contact_id, campaign_id="c-2") for contact_id in there)
        assert not (await store.commit(other, [first], {first.contact_id: limited})).refused
        for _ in range(2):
            await store.purge_counts(other, before=NOW + 1, limit=10)
        assert not (await store.commit(other, [second], {second.contact_id: limited})).refused
        assert await dialed_anew(store, lease, limited) is Refusal.HELD

    async def test_who_was_forgotten_was_never_dialed(self, store: Store) -> None:
        lease = await stand_up(store)
        number = dial_request()
        limited = cleared(number_limits=(RollingLimit(1, DAY),))
        contact_id = await accept(store, number)
        assert await dial(store, lease, contact_id, limited) is None
        await store.commit(lease, [ended(contact_id, NOW, Disposition.BUSY)])
        assert await store.forget_number(number.phone_number, at=NOW) == 1
        assert await dialed_anew(store, lease, limited) is None

    async def test_an_attempt_of_an_erased_contact_is_forgotten_by_the_key_of_its_number(self, store: Store) -> None:
        lease = await stand_up(store)
        limited = cleared(number_limits=(RollingLimit(1, DAY),))
        contact_id = await accept(store, number := dial_request())
        assert await dial(store, lease, contact_id, limited) is None
        await store.commit(lease, [ended(contact_id, NOW, Disposition.BUSY)])
        await store.erase_ended("instance-1", before=LATER, at=NOW, limit=10)
        assert await dialed_anew(store, lease, limited) is Refusal.HELD, "what retention erases was dialed all the same"
        assert await store.forget_number(number.phone_number, at=NOW, number_key=ANN) == 0
        assert await dialed_anew(store, lease, limited) is None


class TestDays:
    @pytest.mark.parametrize(
        ("reason", "key"), [(HoldReason.DAY_LIMIT, ""), (HoldReason.CALLER_ID_LIMIT, "+12065550100")]
    )
    async def test_a_day_has_so_many_attempts_and_the_next_as_many_again(
        self, store: Store, reason: HoldReason, key: str
    ) -> None:
        lease = await stand_up(store)
        clearance = cleared(day_limits=(a_day(reason, 2, key), a_day(reason, None, "uncounted")))
        first, second, third = [await a_contact(store) for _ in range(3)]
        changes = [begin(contact_id) for contact_id in (first, second, third)]
        result = await store.commit(lease, changes, dict.fromkeys([first, second, third], clearance))
        assert result.refused == {third: Refusal.HELD}
        assert (result.not_before, result.verdicts) == ({third: TOMORROW}, {third: reason})
        assert (await record_of(store, third)).hold == Hold(reason, TOMORROW)
        counted = await store.day_counts("instance-1", since=TODAY)
        assert counted == [DayCount(reason, key, TODAY, 2), DayCount(reason, "uncounted", TODAY, 2)]
        assert await store.day_counts("instance-1", since=TODAY + 1) == []
        assert await store.day_counts("instance-2", since=0) == []
        tomorrow = replace(clearance, day_limits=(a_day(reason, 2, key, TOMORROW),))
        assert await dial(store, lease, third, tomorrow, at=TOMORROW) is None

    @pytest.mark.parametrize("in_one_commit", [True, False])
    @pytest.mark.parametrize(("ahead", "counts"), [(9 * HOUR, True), (-14 * HOUR, True), (DAY - 1, True), (DAY, False)])
    async def test_what_was_counted_by_other_clocks_on_the_same_day_counts(
        self, store: Store, ahead: int, counts: bool, in_one_commit: bool
    ) -> None:
        """By which time zone days are counted may change in the middle of one, or differ between policies."""
        lease = await stand_up(store)
        began_at = TODAY - ahead
        elsewhere = (
            a_day(HoldReason.DAY_LIMIT, 2, began_at=began_at),
            a_day(HoldReason.SPEND_LIMIT, 40, began_at=began_at),
        )
        first, second, third = [await a_contact(store) for _ in range(3)]
        there = cleared(spend=20, day_limits=elsewhere[:1], spend_limits=elsewhere[1:])
        here = replace(
            there,
            day_limits=(replace(a_day(HoldReason.DAY_LIMIT, 2), day_before_at=TODAY - DAY),),
            spend_limits=(replace(a_day(HoldReason.SPEND_LIMIT, None), day_before_at=TODAY - DAY),),
        )
        clearances = {first: there, second: there, third: here}
        if in_one_commit:
            refused = (await store.commit(lease, [begin(each) for each in clearances], clearances)).refused
        else:
            assert [await dial(store, lease, each, there) for each in (first, second)] == [None, None]
            refused = (await store.commit(lease, [begin(third)], {third: here})).refused
        assert refused == ({third: Refusal.HELD} if counts else {})
        by_spend = replace(here, day_limits=(), spend_limits=(replace(here.spend_limits[0], most=50),))
        assert await dialed_anew(store, lease, by_spend) is (Refusal.HELD if counts else None)
        alone = replace(there, spend_limits=(), day_limits=(a_day(HoldReason.DAY_LIMIT, 2),))
        assert await dialed_anew(store, lease, alone) is None

    async def test_no_more_is_spent_in_a_day_than_may_be(self, store: Store) -> None:
        lease = await stand_up(store)
        limits = a_day(HoldReason.SPEND_LIMIT, 100), a_day(HoldReason.SPEND_LIMIT, 45, "+44")
        clearance = cleared(per_minute=10, spend=20, spend_limits=limits)
        contacts = [await a_contact(store) for _ in range(3)]
        refused = [await dial(store, lease, contact_id, clearance) for contact_id in contacts]
        assert refused == [None, None, Refusal.HELD], "20 each are reserved, of 45"
        first, second, third = contacts
        answered = [ContactAnswered(first, NOW, None), ended(first, NOW + 2 * MINUTE + 1)]
        await store.commit(lease, [*answered, ended(second, NOW, Disposition.BUSY)])
        spent = {count.key: count.spend for count in await store.day_counts("instance-1", since=TODAY)}
        assert spent == {"": 30, "+44": 30}, "three begun minutes; nothing of who did not answer"
        costs = [(await record_of(store, each)).clearance for each in (first, second, third)]
        assert costs == [Cleared(spend=30), Cleared(spend=0), None]
        assert await dialed_anew(store, lease, replace(clearance, spend=15)) is None
        assert await dialed_anew(store, lease, replace(clearance, spend=1)) is Refusal.HELD

    async def test_an_attempt_whose_fate_is_unknown_may_have_cost_what_was_reserved(self, store: Store) -> None:
        lease = await stand_up(store)
        clearance = cleared(per_minute=10, spend=20, spend_limits=(a_day(HoldReason.SPEND_LIMIT, 100),))
        contact_id = await a_contact(store)
        assert await dial(store, lease, contact_id, clearance) is None
        await store.commit(lease, [ended(contact_id, NOW, Disposition.ATTEMPT_FAILED)])
        assert [count.spend for count in await store.day_counts("instance-1", since=TODAY)] == [20]

    async def test_agents_legs_that_leave_are_counted_too(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await a_contact(store)
        limit = a_day(HoldReason.DAY_LIMIT, 3)
        clearance = cleared(day_limits=(limit,))
        changes: list[Change] = [
            begin(contact_id),
            ContactAnswered(contact_id, NOW, None),
            ContactDetected(contact_id, NOW, DetectionStatus.HUMAN_ANSWERED),
            ContactQueued(contact_id, "q1", NOW),
            ContactConnecting(contact_id, "a1", "agent-leg", NOW),
            SessionBegun("a2", "session-leg", "local", NOW),
        ]
        legs = dict.fromkeys([contact_id, "agent-leg", "session-leg"], clearance)
        assert not (await store.commit(lease, changes, legs)).refused
        assert await store.day_counts("instance-1", since=0) == [DayCount(HoldReason.DAY_LIMIT, "", TODAY, 3)]
        assert await dialed_anew(store, lease, clearance) is Refusal.HELD


class TestForbidden:
    @pytest.mark.parametrize(
        ("prohibition", "refusal", "disposition"),
        [
            (Prohibition.EMERGENCY, Refusal.FORBIDDEN, Disposition.NOT_ALLOWED),
            (Prohibition.DO_NOT_CALL, Refusal.DO_NOT_CALL, Disposition.DO_NOT_CALL),
        ],
    )
    async def test_what_a_clearance_forbids_ends_without_an_attempt(
        self, store: Store, prohibition: Prohibition, refusal: Refusal, disposition: Disposition
    ) -> None:
        lease = await stand_up(store)
        contact_id = await a_contact(store)
        clearance = cleared(lists=(1, 2), forbidden=prohibition, spend=9)
        assert await dial(store, lease, contact_id, clearance) is refusal
        record = await record_of(store, contact_id)
        assert (record.state, record.disposition, record.attempts) == (ContactState.ENDED, disposition, 0)
        assert record.disconnect_reason is DisconnectReason.OUTBOUND_DESTINATION_ENDPOINT_ERROR
        assert record.clearance == Cleared(lists=(1, 2), forbidden=prohibition)
        assert await dispositions(store) == {disposition: 1}
        counts = (await store.contact_counts([CAMPAIGN]))[CAMPAIGN]
        assert (counts.waiting, counts.in_progress, counts.attempts) == (0, 0, 0)
        assert await store.day_counts("instance-1", since=0) == []

    async def test_whom_the_gate_forbids_before_that_ends_as_well(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await a_contact(store)
        result = await store.commit(lease, [ContactForbidden(contact_id, CAMPAIGN, Prohibition.REGION, NOW)])
        assert (result.refused, list(result.not_waiting)) == ({}, [])
        record = await record_of(store, contact_id)
        assert (record.disposition, record.ended_at) == (Disposition.NOT_ALLOWED, NOW)
        assert record.clearance == Cleared(forbidden=Prohibition.REGION)
        assert await due(store) == []

    async def test_what_could_not_be_dialed_anyway_is_told_as_ever(self, store: Store) -> None:
        lease = await stand_up(store)
        clearance = cleared(forbidden=Prohibition.KIND)
        assert await dial(store, lease, "nobody", clearance) is Refusal.NOT_WAITING
        late = await accept(store, dial_request(expires_at=NOW))
        assert await dial(store, lease, late, clearance) is Refusal.EXPIRED
        later = await accept(store, dial_request(due_at=NOW + 1))
        assert await dial(store, lease, later, clearance) is Refusal.NOT_DUE
        assert (await record_of(store, later)).state is ContactState.WAITING


async def test_what_a_clearance_holds_back_is_held(store: Store) -> None:
    """The hours may have ended since the contact was offered."""
    lease = await stand_up(store)
    contact_id = await a_contact(store)
    assert await dial(store, lease, contact_id, cleared(hold=HELD)) is Refusal.HELD
    record = await record_of(store, contact_id)
    assert (record.due_at, record.hold, record.attempts) == (HELD.until, HELD, 0)
    longer = cleared(hold=HELD, day_limits=(a_day(HoldReason.DAY_LIMIT, 0),))
    another = await a_contact(store)
    assert await dial(store, lease, another, longer) is Refusal.HELD
    assert (await record_of(store, another)).hold == Hold(HoldReason.DAY_LIMIT, TOMORROW), "by what ends last"


class TestRecords:
    async def test_a_record_tells_what_it_was_dialed_under(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store, replace(dial_request(), time_zone="Europe/Vienna"))
        assert [contact.time_zone for contact in await due(store)] == ["Europe/Vienna"]
        await store.put_facts("instance-1", [CallingPolicy("default", 7, "text")])
        local = LocalTime(("Europe/Berlin", "Europe/Vienna"), Evidence.COUNTRY)
        clearance = cleared(policy_version=7, local=local, lists=(3,), list_versions=(8,), spend=4)
        assert await dial(store, lease, contact_id, clearance) is None
        record = await record_of(store, contact_id)
        assert record.time_zone == "Europe/Vienna"
        assert record.clearance == Cleared(7, local, (3,), (8,), 4)

    async def test_an_attempt_that_nothing_was_found_of_has_none(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await a_contact(store)
        assert await dial(store, lease, contact_id, None) is None
        assert (await record_of(store, contact_id)).clearance is None


class TestHolds:
    async def test_who_is_held_is_due_when_the_hold_ends(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await a_contact(store)
        await store.commit(lease, [ContactHeld(contact_id, CAMPAIGN, HELD, NOW)])
        assert await due(store) == []
        assert [contact.due_at for contact in await due(store, now=HELD.until)] == [HELD.until]
        assert (await record_of(store, contact_id)).hold == HELD
        assert await dial(store, lease, contact_id, None) is Refusal.NOT_DUE

    async def test_who_is_held_at_acceptance_is_due_then_and_keeps_when_it_would_have_been(self, store: Store) -> None:
        lease = await stand_up(store)
        now = await accept(store, replace(dial_request(), hold=HELD))
        much_later = await accept(store, replace(dial_request(due_at=NOW + 2 * HOUR), hold=HELD))
        records = [await record_of(store, each) for each in (now, much_later)]
        assert [(record.due_at, record.hold) for record in records] == [(HELD.until, HELD), (NOW + 2 * HOUR, HELD)]
        assert await store.release_holds(lease, limit=10) == 2
        records = [await record_of(store, each) for each in (now, much_later)]
        assert [(record.due_at, record.hold) for record in records] == [(0, None), (NOW + 2 * HOUR, None)]

    async def test_why_nobody_is_due_is_told_of_whoever_is_due_first(self, store: Store) -> None:
        lease = await stand_up(store)
        assert await store.first_hold(CAMPAIGN) is None
        await accept(store, dial_request(due_at=NOW + 3 * HOUR))
        assert await store.first_hold(CAMPAIGN) is None, "it was asked to be due later"
        soon = replace(HELD, until=NOW + HOUR // 2)
        for hold in (HELD, soon):
            await accept(store, replace(dial_request(), hold=hold))
        assert await store.first_hold(CAMPAIGN) == soon
        assert await store.release_holds(lease, limit=10) == 2
        assert await store.first_hold(CAMPAIGN) is None
        assert await store.first_hold("nobody's") is None

    async def test_held_twice_and_released_it_is_due_when_it_was_asked_to_be(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store, dial_request(due_at=NOW - 1))
        for hold in (HELD, replace(HELD, until=NOW + 3 * HOUR)):
            await store.commit(lease, [ContactHeld(contact_id, CAMPAIGN, hold, NOW)])
        assert await store.release_holds(lease, limit=1) == 1
        assert await store.release_holds(lease, limit=1) == 0
        record = await record_of(store, contact_id)
        assert (record.due_at, record.hold) == (NOW - 1, None)

    async def test_who_is_held_again_keeps_nobody_behind_from_being_released(self, store: Store) -> None:
        lease = await stand_up(store)
        first, second, third = [await accept(store, replace(dial_request(), hold=HELD)) for _ in range(3)]
        assert await store.release_holds(lease, limit=1) == 1
        await store.commit(lease, [ContactHeld(first, CAMPAIGN, HELD, NOW)])
        assert await store.release_holds(lease, limit=2, anew=False) == 2
        assert [(await record_of(store, each)).hold for each in (first, second, third)] == [HELD, None, None]
        assert await store.release_holds(lease, limit=2, anew=False) == 0, "whoever is held by now was looked at"
        assert await store.release_holds(lease, limit=2) == 1

    async def test_who_is_held_and_asked_to_be_due_is_due_at_the_later_of_both(self, store: Store) -> None:
        lease = await stand_up(store)
        contact_id = await accept(store, replace(dial_request(), hold=HELD))
        for asked, due_at in ((0, HELD.until), (NOW + 2 * HOUR, NOW + 2 * HOUR), (NOW + 1, HELD.until)):
            assert await store.change_due(CAMPAIGN, [contact_id], due_at=asked) == 1
            assert (await record_of(store, contact_id)).due_at == due_at
        assert await store.release_holds(lease, limit=10) == 1
        assert (await record_of(store, contact_id)).due_at == NOW + 1

    async def test_only_those_who_wait_are_released_and_by_the_owner(self, store: Store) -> None:
        lease = await stand_up(store)
        dialed, _ = [await accept(store, replace(dial_request(), hold=HELD)) for _ in range(2)]
        assert await dial(store, lease, dialed, None, at=HELD.until) is None
        assert await store.release_holds(lease, limit=10) == 1
        assert (await record_of(store, dialed)).hold == HELD, "it was held once"
        with pytest.raises(LeaseLostError):
            await store.release_holds(replace(lease, token=lease.token - 1), limit=10)
        with pytest.raises(LeaseLostError):
            await store.purge_counts(replace(lease, token=lease.token - 1), before=NOW, limit=10)


async def test_attempts_without_clearances_are_counted_for_nobody(store: Store) -> None:
    lease = await stand_up(store)
    assert await dial(store, lease, await a_contact(store), None) is None
    assert await dialed_anew(store, lease, cleared(number_limits=(RollingLimit(1, DAY),))) is None
