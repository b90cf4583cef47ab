"""The engine decides, the store commits, the carrier acts: never in another order.

What a user would lose otherwise: a message is played, or somebody is hung up on, that nobody can account for; or the
engine goes on with attempts that the store refused, until it has to be built anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from service.support import BEGUN_AT, House, dialing, hardly_ever
from trunkcall.domain.calling_policy import POLICY_TAG, CallingPolicy
from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType
from trunkcall.domain.changes import AttemptBegun, Change, ContactDetected, ContactSetAside, Refusal
from trunkcall.domain.clearance import Clearance, Hold, HoldReason
from trunkcall.domain.contact import DialRequest, Disposition, LiveContact
from trunkcall.domain.do_not_call import OPT_OUTS, DoNotCallList
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.instants import DAY, HOUR, SECOND, Duration, Instant
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.events import CarrierFound, CarrierLost
from trunkcall.service.calling.gate import ALLOWED, Gate, Held, Verdict
from trunkcall.storage.ports.do_not_call import Origin
from trunkcall.storage.ports.ownership import CommitResult, Lease

AGENTLESS = DialerConfig(DialerType.AGENTLESS)
NO_RULES_OF_OURS = '[destinations]\nregions = ["any"]\n'

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def house() -> House:
    return House.in_memory()


async def test_a_message_is_played_once_the_answer_is_durable_and_not_before(house: House) -> None:
    await house.open(dialer=AGENTLESS, requests=20)
    failed = False

    def fail(changes: Sequence[Change]) -> None:
        nonlocal failed
        # Once: while a dialer is replaced simulated time goes on, until every attempt is overdue.
        if not failed and any(isinstance(change, ContactDetected) for change in changes):
            failed = True
            raise StoreUnavailableError

    house.store.before_commit = fail
    async with dialing(house, house.owner()):
        await house.until_all_ended(20)
    assert failed
    assert set(house.carrier.played.values()) == {1}, "a message was played for an answer that the store does not have"


async def test_a_refused_attempt_is_told_before_all_that_has_happened_meanwhile(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """The carrier has none of their legs: the engine would end contacts that are not in progress, and the store would
    refuse that, and with it all that has happened at the time."""
    await house.open(requests=0)
    refused = asyncio.Event()
    commit = house.kept.commit

    async def pausing(lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance]) -> CommitResult:
        if any(isinstance(change, AttemptBegun) for change in changes) and not refused.is_set():
            await house.to_state(CampaignState.RUNNING, CampaignState.PAUSED)
            result = await commit(lease, changes, clearances)
            assert result.refused
            house.carrier.tell(CarrierFound(()))
            refused.set()
            return result
        return await commit(lease, changes, clearances)

    house.store.carry_out = pausing
    async with dialing(house, house.owner(sleep=hardly_ever)):
        await house.put(10)
        while house.dialer.snapshot() is None:
            await asyncio.sleep(0.01)
        house.dialer.requests_accepted("spring")
        await asyncio.wait_for(refused.wait(), 10)
        await house.to_state(CampaignState.PAUSED, CampaignState.RUNNING)
        house.dialer.campaigns_changed()
        await house.until_all_ended(10)
        assert not any("begun anew" in record.message for record in caplog.records)
        assert all(record.disposition is not Disposition.ATTEMPT_FAILED for record in await house.records())
        assert set(house.carrier.originates.values()) == {1}


async def test_an_attempt_that_was_not_handed_over_waits_again_whatever_the_carrier_has_told_meanwhile(
    house: House,
) -> None:
    """It is not among the legs that the carrier has, but nobody has dialed it: somebody would never be called."""
    await house.open(dialer=AGENTLESS, requests=10)

    def sleep() -> None:
        house.store.after_attempts = lambda: None
        house.slept_s += 2.1
        house.carrier.tell(CarrierFound(()))

    house.store.after_attempts = sleep
    async with dialing(house, house.owner(lease=3 * SECOND)):
        await house.until_all_ended(10)
        assert house.dialer.totals.voided.total() > 0
        assert all(record.disposition is not Disposition.ATTEMPT_FAILED for record in await house.records())
        assert set(house.carrier.originates.values()) == {1}


def lose_the_carrier_once(house: House) -> None:
    """While attempts are committed, of which it knows nothing yet; then it is found again."""

    def line_breaks() -> None:
        house.store.after_attempts = lambda: None
        house.carrier.tell(CarrierLost())
        house.carrier.tell(CarrierFound(()))

    house.store.after_attempts = line_breaks


async def test_who_is_dialed_over_another_trunk_at_once_goes_through_the_flow_nevertheless(house: House) -> None:
    await house.open(dialer=AGENTLESS, requests=10)
    await house.kept.put_facts(house.instance_id, [Trunk(name) for name in "abcdefghijkl"])
    lose_the_carrier_once(house)
    async with dialing(house, house.owner()):
        await house.until_all_ended(10)
        assert house.dialer.totals.voided.total() > 0
        records = await house.records()
    answered = [record for record in records if record.answered_at is not None]
    assert answered
    assert all(record.flow_trail for record in answered)


async def test_nobody_is_dialed_by_a_carrier_that_was_lost_during_the_commit_and_found_again(house: House) -> None:
    """It told of its legs before it was asked for these: somebody's phone would ring while the record says that the
    attempt has failed."""
    await house.open(dialer=AGENTLESS, requests=10)
    lose_the_carrier_once(house)
    async with dialing(house, house.owner()):
        await house.until_all_ended(10)
        assert house.dialer.totals.voided.total() > 0
        assert all(record.disposition is not Disposition.ATTEMPT_FAILED for record in await house.records())
        assert set(house.carrier.originates.values()) == {1}


@pytest.mark.parametrize("policy", [None, CallingPolicy("default", 1, NO_RULES_OF_OURS)])
async def test_what_was_in_the_way_of_an_attempt_and_is_over_keeps_nobody_waiting(
    house: House, policy: CallingPolicy | None
) -> None:
    """A halt that came and went between two looks, or a policy that came, shows in no row of a campaign."""
    await house.open(dialer=AGENTLESS, requests=10)
    commit = house.kept.commit
    refused: set[Refusal] = set()

    async def meanwhile(lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance]) -> CommitResult:
        if refused or not any(isinstance(change, AttemptBegun) for change in changes):
            return await commit(lease, changes, clearances)
        if policy is None:
            await house.kept.halt_instance(house.instance_id, at=0, reason="")
        else:
            await house.kept.put_facts(house.instance_id, [policy])
        result = await commit(lease, changes, clearances)
        refused.update(result.refused.values())
        await house.kept.resume_instance(house.instance_id)
        return result

    house.store.carry_out = meanwhile
    async with dialing(house, house.owner()):
        await house.until_all_ended(10)
    assert refused == {Refusal.HALTED if policy is None else Refusal.POLICY_CHANGED}
    assert sorted(house.carrier.originates.values()) == [1] * 10


async def test_the_first_who_opts_out_is_not_dialed_by_an_attempt_that_was_cleared_before(house: House) -> None:
    """The list is made as it is first needed: who dials may not have heard of it."""
    house.gate_of = lambda directory: Gate(directory, lambda number: 7, reaches_people=False)
    await house.open(dialer=AGENTLESS, requests=10)
    commit = house.kept.commit
    opted_out = False

    async def meanwhile(lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance]) -> CommitResult:
        nonlocal opted_out
        if not opted_out and any(isinstance(change, AttemptBegun) for change in changes):
            opted_out = True
            await house.kept.put_facts(house.instance_id, [DoNotCallList(1, OPT_OUTS)])
            await house.kept.add_entries(house.instance_id, 1, [7], Origin("a letter", "", 0))
        return await commit(lease, changes, clearances)

    house.store.carry_out = meanwhile
    async with dialing(house, house.owner()):
        await house.until_all_ended(10)
    assert not house.carrier.originates
    assert {record.disposition for record in await house.records()} == {Disposition.DO_NOT_CALL}


async def test_nobody_is_dialed_by_the_policy_that_a_tag_has_named_before(house: House) -> None:
    house.gate_of = lambda directory: Gate(directory, hash, reaches_people=False)
    await house.open(dialer=AGENTLESS, requests=10)
    commit = house.kept.commit
    tagged = False

    async def meanwhile(lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance]) -> CommitResult:
        nonlocal tagged
        if not tagged and any(isinstance(change, AttemptBegun) for change in changes):
            tagged = True
            await house.kept.edit_campaign("spring", lambda campaign: replace(campaign, tags={POLICY_TAG: "night"}))
        return await commit(lease, changes, clearances)

    house.store.carry_out = meanwhile
    async with dialing(house, house.owner()):
        await asyncio.sleep(HOUR / SECOND)
        assert tagged
        assert not house.carrier.originates, "there is no policy of that name"
        await house.kept.edit_campaign("spring", lambda campaign: replace(campaign, tags={}))
        await house.until_all_ended(10)


class _GateAtNight(Gate):
    """Lets nobody in Britain be dialed until noon."""

    def look(self, campaign: Campaign, number: str, time_zone: str | None, ring: Duration, now: Instant) -> Verdict:
        return Held(Hold(HoldReason.OUTSIDE_HOURS, BEGUN_AT + 12 * HOUR)) if number.startswith("+44") else ALLOWED


async def test_who_is_held_again_keeps_nobody_behind_held_by_rules_that_are_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other rules may have been set while nobody dialed. Without an end to those who are held again, all behind them
    would wait as long as by the rules before."""
    monkeypatch.setattr("trunkcall.service.gate_use.RELEASED_AT_ONCE", 5)
    house.gate_of = lambda directory: _GateAtNight(directory, hash, reaches_people=False)
    await house.open(dialer=AGENTLESS, requests=0)
    hold = Hold(HoldReason.OUTSIDE_HOURS, BEGUN_AT + 12 * HOUR)
    numbers = ["+442079460100"] * 20 + ["+12125550100"] * 20
    expires_at = house.clock.now() + DAY
    requests = [DialRequest(f"c-{n}", f"t-{n}", number, expires_at, {}, hold=hold) for n, number in enumerate(numbers)]
    await house.kept.put_dial_requests("spring", requests, at=house.clock.now(), max_waiting=100)
    async with dialing(house, house.owner()):
        await asyncio.sleep(HOUR / SECOND)
        assert set(house.carrier.originates) == {f"c-{n}" for n in range(20, 40)}


async def test_somebody_whose_contact_is_set_aside_is_hung_up_and_all_others_go_on(house: House) -> None:
    """Nothing of it can be on record any more: a message that nobody can account for is not played."""
    await house.open(dialer=AGENTLESS, requests=20)
    victims: list[LiveContact] = []
    commit = house.kept.commit

    async def damaging(lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance]) -> CommitResult:
        answered = {change.contact_id for change in changes if isinstance(change, ContactDetected)}
        if answered and not victims:
            live = await house.kept.live_contacts(house.instance_id)
            victims.extend([contact for contact in live if contact.contact_id in answered][:1])
            await commit(lease, [ContactSetAside(each.contact_id, each.sequence, 0) for each in victims])
        return await commit(lease, changes, clearances)

    house.store.carry_out = damaging
    async with dialing(house, house.owner()):
        await house.until_all_ended(19)
        (victim,) = victims
        assert victim.leg_id not in house.carrier.played
        assert victim.leg_id in house.carrier.hung_up
        assert house.dialer.totals.ended.total() == 19, "only what is on record is counted"
