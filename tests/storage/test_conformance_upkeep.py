"""What every store promises about editing campaigns, quotas, onboarding and erasing personal data."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from storage.support import (
    LATER,
    NOW,
    accept,
    begin,
    campaign,
    record_of,
    stand_up,
)
from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType
from trunkcall.domain.changes import AttemptVoided, ContactEnded, Refusal
from trunkcall.domain.contact import ContactState, DialRequest, DisconnectReason, Disposition
from trunkcall.domain.directory import EncryptionConfig, OnboardingFailure, OnboardingJob, OnboardingStatus
from trunkcall.domain.errors import ConflictError, InvalidStateError, NotFoundError, QuotaExceededError
from trunkcall.storage.ports.contacts import TokenForms
from trunkcall.storage.ports.privacy import ErasureReason
from trunkcall.storage.store import Store

CAMPAIGN = "campaign-1"
INSTANCE = "instance-1"


class TestEditing:
    async def test_an_edit_is_seen_by_everybody(self, store: Store) -> None:
        await stand_up(store)
        before = await store.campaign(CAMPAIGN)
        assert before is not None
        dialer = DialerConfig(DialerType.PREDICTIVE, 0.25, 0.5)
        edited = await store.edit_campaign(
            CAMPAIGN, lambda c: replace(c, name="renamed", dialer=dialer, tags={"team": "north"})
        )
        assert edited == replace(before, name="renamed", dialer=dialer, tags={"team": "north"}, version=edited.version)
        assert await store.campaign(CAMPAIGN) == edited
        changed = await store.campaigns_changed(INSTANCE, after_version=before.version)
        assert [c.name for c in changed] == ["renamed"]

    async def test_an_edit_that_changes_nothing_tells_nobody(self, store: Store) -> None:
        await stand_up(store)
        before = await store.campaign(CAMPAIGN)
        assert await store.edit_campaign(CAMPAIGN, lambda c: c) == before

    async def test_a_refused_edit_changes_nothing(self, store: Store) -> None:
        await stand_up(store)
        before = await store.campaign(CAMPAIGN)

        def refuse(_: Campaign) -> Campaign:
            raise ConflictError

        with pytest.raises(ConflictError):
            await store.edit_campaign(CAMPAIGN, refuse)
        await store.create_campaign(campaign("other", name="taken"))
        with pytest.raises(ConflictError):
            await store.edit_campaign(CAMPAIGN, lambda c: replace(c, name="taken"))
        assert await store.campaign(CAMPAIGN) == before

    async def test_there_is_nothing_to_edit_where_there_is_no_campaign(self, store: Store) -> None:
        await stand_up(store)
        with pytest.raises(NotFoundError):
            await store.edit_campaign("unknown", lambda c: c)


class TestQuotas:
    async def test_an_instance_has_so_many_campaigns_and_no_more(self, store: Store) -> None:
        await stand_up(store)
        with pytest.raises(QuotaExceededError, match="1 campaigns"):
            await store.create_campaign(campaign("c2", name="second"), most=1)
        first = await store.campaign(CAMPAIGN)
        assert first is not None
        namesake = await store.create_campaign(campaign("c3", name=first.name), most=1)
        assert namesake.campaign_id == CAMPAIGN
        await store.delete_campaign(CAMPAIGN, at=LATER)
        await store.create_campaign(campaign("c2", name="second"), most=1)

    async def test_so_many_are_running_and_no_more(self, store: Store) -> None:
        await stand_up(store)
        await store.create_campaign(campaign("c2", name="second", state=CampaignState.PAUSED))
        allowed = {CampaignState.PAUSED}
        with pytest.raises(QuotaExceededError, match="quota is 1"):
            await store.change_campaign_state("c2", allowed_from=allowed, to=CampaignState.RUNNING, max_running=1)
        await store.change_campaign_state(CAMPAIGN, allowed_from={CampaignState.RUNNING}, to=CampaignState.PAUSED)
        await store.change_campaign_state("c2", allowed_from=allowed, to=CampaignState.RUNNING, max_running=1)


class TestOnboarding:
    JOB = OnboardingJob(INSTANCE, OnboardingStatus.IN_PROGRESS, EncryptionConfig(True, "KMS", "arn:k"), NOW)

    async def test_a_job_that_succeeds_onboards_the_instance(self, store: Store) -> None:
        await stand_up(store)
        await store.delete_campaign(CAMPAIGN, at=LATER)
        await store.offboard(INSTANCE)
        await store.start_onboarding(self.JOB)
        assert list(await store.onboarding_in_progress()) == [self.JOB]
        with pytest.raises(ConflictError):
            await store.start_onboarding(self.JOB)
        with pytest.raises(InvalidStateError):
            await store.delete_onboarding_job(INSTANCE)
        await store.finish_onboarding(INSTANCE, None)
        assert await store.onboarding_job(INSTANCE) == replace(self.JOB, status=OnboardingStatus.SUCCEEDED)
        directory = await store.directory(INSTANCE)
        assert directory is not None
        assert directory.instance.onboarded
        assert directory.instance.encryption == self.JOB.encryption
        with pytest.raises(ConflictError):
            await store.start_onboarding(self.JOB)
        await store.delete_onboarding_job(INSTANCE)
        assert await store.onboarding_job(INSTANCE) is None

    async def test_a_job_that_fails_may_be_tried_again(self, store: Store) -> None:
        await stand_up(store)
        await store.delete_campaign(CAMPAIGN, at=LATER)
        await store.offboard(INSTANCE)
        await store.start_onboarding(self.JOB)
        await store.finish_onboarding(INSTANCE, OnboardingFailure.KMS_KEY_NOT_FOUND)
        directory = await store.directory(INSTANCE)
        assert directory is not None
        assert not directory.instance.onboarded
        await store.start_onboarding(self.JOB)

    async def test_an_instance_with_campaigns_stays_onboarded(self, store: Store) -> None:
        await stand_up(store)
        with pytest.raises(InvalidStateError):
            await store.offboard(INSTANCE)
        for wrong in (store.offboard("unknown"), store.start_onboarding(replace(self.JOB, instance_id="unknown"))):
            with pytest.raises(NotFoundError):
                await wrong


class TestErasing:
    async def put(self, store: Store, token: str, number: str) -> str:
        request = DialRequest(f"contact-{token}", token, number, LATER + 10, {"name": "Ada"})
        await store.put_dial_requests(CAMPAIGN, [request], at=NOW, max_waiting=100)
        return request.contact_id

    async def test_a_number_is_forgotten_everywhere_and_counted(self, store: Store) -> None:
        lease = await stand_up(store)
        waiting = await self.put(store, "list-1-212-555-0100", "+12125550100")
        dialing = await self.put(store, "b", "+12125550100")
        other = await self.put(store, "c", "+12125550101")
        await store.commit(lease, [begin(dialing)])
        assert await store.forget_number("+12125550100", at=LATER) == 2
        record = await record_of(store, waiting)
        assert (record.phone_number, dict(record.attributes), record.disposition) == ("", {}, Disposition.EXPIRED)
        assert "0100" not in (record.client_token or "")
        record = await record_of(store, dialing)
        assert (record.phone_number, record.client_token, record.state) == ("", "b", ContactState.DIALING)
        assert (await record_of(store, other)).phone_number == "+12125550101"
        assert await store.waiting_count(CAMPAIGN) == 1
        assert [(e.reason, e.contacts) for e in await store.erasures()] == [(ErasureReason.FORGOTTEN, 2)]
        assert await store.forget_number("+12125550100", at=LATER) == 0
        repeated = await store.put_dial_requests(
            CAMPAIGN, [DialRequest("new", "b", "+12125550100", LATER, {})], at=NOW, max_waiting=100
        )
        assert repeated.accepted[0] is not None
        assert repeated.accepted[0].contact_id == dialing

    async def test_who_is_forgotten_while_an_attempt_is_made_is_not_dialed_once_it_is_void(self, store: Store) -> None:
        lease = await stand_up(store)
        dialing = await self.put(store, "a", "+12125550100")
        await store.commit(lease, [begin(dialing)])
        await store.forget_number("+12125550100", at=NOW + 1)
        again = replace(begin(dialing), leg_id="another")
        result = await store.commit(lease, [AttemptVoided(dialing, CAMPAIGN, NOW + 2), again])
        assert result.refused == {dialing: Refusal.NOT_WAITING}
        record = await record_of(store, dialing)
        assert (record.attempts, record.disposition) == (0, Disposition.EXPIRED)
        assert await store.waiting_count(CAMPAIGN) == 0
        assert not (await store.due_contacts(CAMPAIGN, now=NOW + 3, held=[], limit=10)).contacts

    async def test_a_token_made_from_the_number_is_erased_with_it(self, store: Store) -> None:
        """Trying all numbers would find it."""
        await stand_up(store)
        made = await self.put(store, "number-" + "0a" * 16, "+12125550100")
        alike = await self.put(store, "number-1", "+12125550100")
        assert not (await store.token_forms(CAMPAIGN)).erased
        await store.forget_number("+12125550100", at=LATER)
        assert str((await record_of(store, made)).client_token).startswith("erased-")
        assert (await record_of(store, alike)).client_token == "number-1"
        assert (await store.token_forms(CAMPAIGN)).erased

    @pytest.mark.parametrize(
        ("token", "of_lines"), [("row-17-" + "0f" * 12, True), ("row-17", False), ("row-a-" + "0f" * 12, False)]
    )
    async def test_a_campaign_tells_that_it_holds_tokens_made_from_lines(
        self, store: Store, token: str, of_lines: bool
    ) -> None:
        await stand_up(store)
        await self.put(store, "rower", "+12125550100")
        assert await store.token_forms(CAMPAIGN) == TokenForms(of_lines=False, erased=False)
        await self.put(store, token, "+12125550101")
        assert await store.token_forms(CAMPAIGN) == TokenForms(of_lines=of_lines, erased=False)
        assert await store.token_forms("another") == TokenForms(of_lines=False, erased=False)

    async def test_retention_erases_what_ended_before_and_nothing_else(self, store: Store) -> None:
        lease = await stand_up(store)
        old, new, waiting = await accept(store), await accept(store), await accept(store)
        await store.commit(lease, [begin(old), begin(new)])
        reason = (Disposition.BUSY, DisconnectReason.TELECOM_BUSY)
        await store.commit(lease, [ContactEnded(old, CAMPAIGN, NOW + 1, *reason)])
        await store.commit(lease, [ContactEnded(new, CAMPAIGN, NOW + 2, *reason)])
        assert await store.erase_ended(INSTANCE, before=NOW + 2, at=LATER, limit=10) == 1
        assert (await record_of(store, old)).phone_number == ""
        assert (await record_of(store, old)).disposition is Disposition.BUSY
        assert (await record_of(store, new)).phone_number != ""
        assert (await record_of(store, waiting)).phone_number != ""
        assert await store.erase_ended(INSTANCE, before=NOW + 2, at=LATER, limit=10) == 0
        assert await store.erase_ended("instance-2", before=LATER, at=LATER, limit=10) == 0

    async def test_retention_is_the_instances(self, store: Store) -> None:
        await stand_up(store)
        await store.set_retention(INSTANCE, 30)
        assert {i.instance_id: i.retention_days for i in await store.instances()}[INSTANCE] == 30
        await store.set_retention(INSTANCE, None)
        assert {i.instance_id: i.retention_days for i in await store.instances()}[INSTANCE] is None
        with pytest.raises(NotFoundError):
            await store.set_retention("unknown", 1)


class TestManyAtOnce:
    """Campaigns created at the same moment, as a script that sets up a day's work does."""

    async def test_each_is_created_and_none_is_mixed_up(self, store: Store) -> None:
        await stand_up(store)
        made = await asyncio.gather(*(store.create_campaign(campaign(f"m{n}", name=f"name {n}")) for n in range(80)))
        assert [(c.campaign_id, c.name) for c in made] == [(f"m{n}", f"name {n}") for n in range(80)]
        assert len({c.version for c in made}) == 80
        for one in made:
            assert await store.campaign(one.campaign_id) == one
        await store.change_campaign_state("m7", allowed_from={CampaignState.RUNNING}, to=CampaignState.STOPPED)

    async def test_namesakes_among_them_are_one_campaign(self, store: Store) -> None:
        await stand_up(store)
        await store.create_campaign(campaign("old", name="name 3"))
        made = await asyncio.gather(
            *(store.create_campaign(campaign(f"m{n}", name=f"name {n % 10}")) for n in range(40))
        )
        assert {c.name: c.campaign_id for c in made}["name 3"] == "old"
        assert len({c.campaign_id for c in made}) == 10
        listed = await store.campaigns(instance_id=INSTANCE, after=None, limit=100)
        assert sorted(c.name for c in listed if c.campaign_id != CAMPAIGN) == [f"name {n}" for n in range(10)]

    async def test_the_quota_holds_to_the_last_of_them(self, store: Store) -> None:
        await stand_up(store)
        outcomes = await asyncio.gather(
            *(store.create_campaign(campaign(f"m{n}", name=f"name {n}"), most=20) for n in range(40)),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, QuotaExceededError) for outcome in outcomes) == 21
        assert len(await store.campaigns(instance_id=INSTANCE, after=None, limit=100)) == 20

    async def test_one_of_an_unknown_instance_fails_alone(self, store: Store) -> None:
        await stand_up(store)
        instances = ["instance-1", "unknown", "instance-1"]
        outcomes = await asyncio.gather(
            *(
                store.create_campaign(campaign(f"m{n}", name=f"name {n}", instance_id=instance))
                for n, instance in enumerate(instances)
            ),
            return_exceptions=True,
        )
        assert [isinstance(outcome, NotFoundError) for outcome in outcomes] == [False, True, False]
