"""Instances that somebody makes, changes and deletes. If these fail, a second contact centre cannot be set up by the
API, or one goes whose campaigns are being dialed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.offices import SCOPE, Office
from trunkcall.domain.directory import IdentityManagement
from trunkcall.domain.errors import ConflictError, InUseError, InvalidInputError, NotFoundError, QuotaExceededError
from trunkcall.domain.instants import HOUR
from trunkcall.flows.content import DEFAULT_FLOWS
from trunkcall.service.instances import ATTRIBUTES


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    found = await Office().open()
    yield found
    await found.store.close()


async def test_a_new_instance_has_what_a_campaign_needs_but_a_number(office: Office) -> None:
    instance = await office.new_instance()
    directory = await office.directory(instance.instance_id)
    assert directory.instance == instance
    assert not instance.onboarded, "nobody dials for it before that was asked for"
    (hours,) = directory.hours_of_operation.values()
    (queue,) = directory.queues.values()
    flows = directory.contact_flows.values()
    (profile,) = directory.routing_profiles.values()
    assert (hours.name, queue.name, profile.name) == ("Basic Hours", "BasicQueue", "Basic Routing Profile")
    assert [flow.name for flow in flows] == list(DEFAULT_FLOWS)
    assert all(flow.published and flow.flow_type == "CONTACT_FLOW" for flow in flows)
    assert queue.hours_of_operation_id == hours.hours_of_operation_id
    assert profile.queue_ids == (queue.queue_id,)
    assert [status.name for status in directory.user_statuses.values()] == ["Available", "Offline", "Break"]
    assert not directory.phone_numbers
    assert not directory.agents


async def test_the_default_instance_is_made_with_the_same(office: Office) -> None:
    second = await office.directory((await office.new_instance()).instance_id)
    first = await office.directory()
    for ours, theirs in ((first.queues, second.queues), (first.hours_of_operation, second.hours_of_operation)):
        assert [each.name for each in ours.values()] == [each.name for each in theirs.values()]
        assert not ours.keys() & theirs.keys()


async def test_an_alias_is_one_instances_alone(office: Office) -> None:
    await office.new_instance("north")
    for taken in ("north", "North", "default"):
        with pytest.raises(ConflictError, match="already used"):
            await office.new_instance(taken)
    found = await asyncio.gather(*(office.new_instance("south") for _ in range(3)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == ["ConflictError", "ConflictError", "Instance"]


async def test_an_alias_is_needed_but_for_an_existing_directory(office: Office) -> None:
    for management in (IdentityManagement.SAML, IdentityManagement.CONNECT_MANAGED):
        with pytest.raises(InvalidInputError, match="alias is required"):
            await office.new_instance(None, identity_management=management)
    existing = {"identity_management": IdentityManagement.EXISTING_DIRECTORY}
    with pytest.raises(InvalidInputError, match="directory_id is required"):
        await office.new_instance(None, **existing)
    instances = [await office.new_instance(None, **existing, directory_id="d-0123456789") for _ in range(2)]
    assert [each.alias for each in instances] == ["", ""], "two without an alias have not the same one"


async def test_whoever_asks_again_because_an_answer_was_lost_gets_the_same_instance(office: Office) -> None:
    first = await office.new_instance("north", client_token="token")
    assert await office.new_instance("north", client_token="token") == first
    with pytest.raises(InvalidInputError, match="Another instance was made with this client token"):
        await office.new_instance("south", client_token="token")
    assert len((await office.instances.list_instances(limit=10)).instances) == 2
    await office.instances.delete_instance(first.instance_id)
    with pytest.raises(InvalidInputError, match="has been deleted"):
        await office.new_instance("north", client_token="token")
    assert (await office.new_instance("north", client_token="another")).instance_id != first.instance_id


async def test_instances_are_listed_in_the_order_in_which_they_were_made_whatever_the_clock_says(
    office: Office,
) -> None:
    made = [office.default]
    for number in range(4):
        office.clock -= number * HOUR
        made.append((await office.new_instance(f"office-{number}")).instance_id)
    listed, after = [], None
    while True:
        page = await office.instances.list_instances(after=after, limit=2)
        listed += [each.instance_id for each in page.instances]
        after = page.after
        if after is None:
            break
    assert listed == made


async def test_there_are_as_many_instances_as_may_be_and_no_more(office: Office) -> None:
    made = [await office.new_instance(f"office-{number}", client_token=f"{number}") for number in range(7)]
    with pytest.raises(QuotaExceededError, match="There are 8 instances, as many as may be"):
        await office.new_instance("another")
    assert await office.new_instance("office-6", client_token="6") == made[-1], "it is there, and no new one"
    await office.instances.delete_instance(made[0].instance_id)
    await office.new_instance("another")


async def test_the_default_instance_stays(office: Office) -> None:
    for named in (office.default, SCOPE.instance_arn(office.default)):
        with pytest.raises(InUseError, match="default instance"):
            await office.instances.delete_instance(named)


async def test_an_instance_that_was_deleted_is_nowhere_and_its_alias_is_free(office: Office) -> None:
    instance = await office.new_instance("north")
    await office.instances.delete_instance(SCOPE.instance_arn(instance.instance_id))
    with pytest.raises(NotFoundError):
        await office.instances.describe_instance(instance.instance_id)
    with pytest.raises(NotFoundError):
        await office.instances.delete_instance(instance.instance_id)
    assert len((await office.instances.list_instances(limit=10)).instances) == 1
    await office.new_instance("north")


async def test_an_instance_that_does_not_exist_is_not_found(office: Office) -> None:
    for named in ("nowhere", "arn:aws:connect:us-east-1:999999999999:instance/x", SCOPE.campaign_arn("x")):
        for ask in (
            office.instances.describe_instance(named),
            office.instances.delete_instance(named),
            office.instances.list_instance_attributes(named, limit=7),
            office.instances.update_instance_attribute(named, "OUTBOUND_CALLS", "false"),
        ):
            with pytest.raises(NotFoundError, match="No Connect instance"):
                await ask


async def test_attributes_are_told_as_they_were_set(office: Office) -> None:
    instances, name = office.instances, office.default
    told = {attribute: await instances.describe_instance_attribute(name, attribute) for attribute in ATTRIBUTES}
    assert told == dict(ATTRIBUTES)
    for attribute, value in ATTRIBUTES.items():
        other = "false" if value == "true" else "true"
        await instances.update_instance_attribute(name, attribute, other)
        assert await instances.describe_instance_attribute(name, attribute) == other
    instance = await instances.describe_instance(name)
    assert not instance.inbound_calls
    assert not instance.outbound_calls
    listed, after = [], None
    while True:
        page = await instances.list_instance_attributes(name, after=after, limit=5)
        listed += [attribute for attribute, _ in page.items]
        after = page.after
        if after is None:
            break
    assert listed == list(ATTRIBUTES)
    for wrong in ("yes", "True", "1", ""):
        with pytest.raises(InvalidInputError, match="must be true or false"):
            await instances.update_instance_attribute(name, "EARLY_MEDIA", wrong)
