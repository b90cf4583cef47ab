"""Hours and days of whole servers. If these fail, what each part promises does not hold once they are put together:
people are called twice when a server dies, a shift stands still, or personal data is kept for longer than was said.

Nothing in them is shortened for the test: leases, polls and retention last as long as for a user.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest

from service.servers import Installation, Server
from trunkcall.domain.changes import Change
from trunkcall.domain.contact import ContactState, Disposition
from trunkcall.domain.directory import EncryptionConfig, OnboardingStatus
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.instants import DAY, HOUR, MINUTE, SECOND
from trunkcall.service.lease import LEASE

pytestmark = pytest.mark.virtual_time

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0


@pytest.fixture
async def installation() -> AsyncIterator[Installation]:
    found = Installation()
    await found.found(agents=10)
    yield found
    await found.store.close()


async def test_a_shift_of_an_hour_leaves_nobody_out_and_calls_nobody_twice(installation: Installation) -> None:
    """With a break in the middle, and more people on the list than can be reached in an hour."""
    server = Server(installation).begin()
    campaign_id = await server.new_campaign()
    tokens = [f"person-{number}" for number in range(600)]
    await server.submit(campaign_id, tokens, within=HOUR)
    await asyncio.sleep(30 * MINUTE_S)
    await server.campaigns.pause_campaign(campaign_id)
    paused_at, before = server.clock.now(), server.carrier.originates.total()
    await asyncio.sleep(10 * MINUTE_S)
    assert server.carrier.originates.total() == before > 0
    await server.campaigns.resume_campaign(campaign_id)
    await asyncio.sleep(20 * MINUTE_S)
    await server.stops()
    records = await installation.records()
    assert Counter(record.client_token for record in records) == Counter(tokens)
    assert {record.state for record in records} == {ContactState.ENDED}
    assert server.carrier.originates == {record.contact_id: 1 for record in records if record.attempts}
    dialed = [record.attempted_at for record in records if record.attempted_at is not None]
    assert not any(paused_at < at < paused_at + 10 * MINUTE for at in dialed), "somebody was dialed in the break"
    talked = Counter(record.agent_id for record in records if record.disposition is Disposition.CONNECTED_TO_AGENT)
    assert len(talked) == 10, "an agent sat idle for an hour"
    assert {record.disposition for record in records if not record.attempts} == {Disposition.EXPIRED}
    assert server.background.trouble is None


async def test_who_takes_over_waits_for_the_lease_and_calls_nobody_again(installation: Installation) -> None:
    first, second = Server(installation, "host:1").begin(), Server(installation, "host:2")
    campaign_id = await first.new_campaign()
    await first.submit(campaign_id, [f"person-{number}" for number in range(100)], within=DAY)
    second.begin()
    await asyncio.sleep(5 * MINUTE_S)
    assert first.carrier.originates
    assert not second.carrier.originates, "two dial at once"
    assert second.dialer.trouble is not None, "who only waits does not say so"
    in_progress = {contact.contact_id for contact in await installation.store.live_contacts(installation.instance_id)}
    assert in_progress
    renewed_s = LEASE / SECOND - first.lease.left_s
    await first.is_killed()
    killed_at = installation.now()
    async with asyncio.timeout(HOUR_S):
        while not second.carrier.originates:
            await asyncio.sleep(0.1)
    waited = installation.now() - killed_at
    left = LEASE - round(renewed_s * SECOND)
    assert left <= waited <= left + 5 * SECOND
    async with asyncio.timeout(DAY_S):
        while await installation.store.waiting_count(campaign_id):
            await asyncio.sleep(MINUTE_S)
    await second.stops()
    records = {record.contact_id: record for record in await installation.records()}
    calls = first.carrier.originates + second.carrier.originates
    assert calls == Counter(records.keys()), "somebody was called twice, or never"
    assert {record.state for record in records.values()} == {ContactState.ENDED}
    lost = {key for key, record in records.items() if record.disposition is Disposition.ATTEMPT_FAILED}
    assert lost, "a phone that rang when the server died has a fate that nobody knows"
    assert lost <= in_progress, "what was known of a call that was over is lost"


async def test_the_next_owner_comes_at_once_when_a_server_is_stopped(installation: Installation) -> None:
    first, second = Server(installation, "host:1").begin(), Server(installation, "host:2")
    campaign_id = await first.new_campaign()
    await first.submit(campaign_id, [f"person-{number}" for number in range(100)], within=DAY)
    await asyncio.sleep(5 * MINUTE_S)
    second.begin()
    await first.stops()
    await asyncio.sleep(3.0)
    assert second.carrier.originates
    await second.stops()
    ends = {record.disposition for record in await installation.records()}
    assert Disposition.ATTEMPT_FAILED not in ends, "a talk was cut off although the server was stopped in peace"


async def test_after_an_hour_without_a_disk_everybody_is_dialed_by_itself(installation: Installation) -> None:
    server = Server(installation).begin()
    campaign_id = await server.new_campaign()
    await server.submit(campaign_id, [f"person-{number}" for number in range(100)], within=DAY)
    await asyncio.sleep(5 * MINUTE_S)

    def fail(changes: Sequence[Change]) -> None:
        raise StoreUnavailableError

    installation.store.before_commit = fail
    await asyncio.sleep(2 * MINUTE_S)
    before = server.carrier.originates.total()
    assert server.dialer.trouble is not None, "nobody is told"
    await asyncio.sleep(58 * MINUTE_S)
    assert server.carrier.originates.total() == before > 0, "somebody is dialed who is on no record"
    installation.store.before_commit = lambda changes: None
    await asyncio.sleep(MINUTE_S)
    assert server.carrier.originates.total() > before
    assert server.dialer.trouble is None
    async with asyncio.timeout(DAY_S):
        while await installation.store.waiting_count(campaign_id):
            await asyncio.sleep(MINUTE_S)
    await server.stops()
    assert server.carrier.originates == {record.contact_id: 1 for record in await installation.records()}


async def test_personal_data_is_gone_when_its_retention_has_passed_and_not_before(installation: Installation) -> None:
    server = Server(installation).begin()
    campaign_id = await server.new_campaign()
    await server.submit(campaign_id, ["person-1"], within=HOUR)
    while not all(record.ended_at for record in await installation.records()):
        await asyncio.sleep(1.0)
    await server.stops()
    server = Server(installation).begin(dials=False)
    await server.privacy.set_retention(installation.instance_id, 1)
    (record,) = await installation.records()
    assert record.ended_at is not None
    await asyncio.sleep((record.ended_at + DAY - installation.now()) / SECOND - 1.0)
    (record,) = await installation.records()
    assert (record.phone_number, record.attributes) == ("+12125550100", {"name": "Ada"})
    await asyncio.sleep(2 * MINUTE_S)
    (erased,) = await installation.records()
    assert (erased.phone_number, erased.attributes) == ("", {})
    assert erased.disposition is record.disposition, "what became of the call is a count, and stays"
    await server.is_killed()


async def test_an_instance_is_onboarded_although_its_server_dies_in_the_middle(installation: Installation) -> None:
    instance_id = installation.instance_id
    server = Server(installation).begin()
    await server.onboarding.delete_connect_instance_config(instance_id)
    await server.onboarding.start_instance_onboarding_job(instance_id, EncryptionConfig())
    await asyncio.sleep(0.5)
    await server.is_killed()
    job = await server.onboarding.get_instance_onboarding_job_status(instance_id)
    assert job.status is OnboardingStatus.IN_PROGRESS
    await asyncio.sleep(DAY_S)
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    job = await server.onboarding.get_instance_onboarding_job_status(instance_id)
    assert job.status is OnboardingStatus.SUCCEEDED
    assert await server.new_campaign()
    await server.is_killed()
