"""Contact flows of an instance. If these fail, a flow is published that cannot be run, or one goes while campaigns have
it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flows.support import EXAMPLES
from service.offices import SCOPE, Office
from service.test_flow_content import document
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.errors import ConflictError, InUseError, InvalidInputError, NotFoundError
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.queue import Queue
from trunkcall.flows.checking import problems_of
from trunkcall.flows.content import DEFAULT_FLOWS, OUTBOUND
from trunkcall.flows.language import MAX_CONTENT
from trunkcall.service.contact_flows import FlowContentError

WRONG = document(Version="1", Actions=[])


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    found = await Office().open()
    yield found
    await found.store.close()


async def create(office: Office, name: str = "Reminder", **changes: Any) -> ContactFlow:
    arguments = {
        "flow_type": "CONTACT_FLOW",
        "content": document(),
        "description": "",
        "published": True,
        "tags": {},
        **changes,
    }
    return await office.flows.create_contact_flow(office.default, name=name, **arguments)


async def test_a_flow_is_described_as_it_was_given(office: Office) -> None:
    flow = await create(office, description="Of appointments", tags={"team": "north"})
    assert flow.content == document()
    for named in (
        flow.contact_flow_id,
        SCOPE.arn(office.default, ResourceKind.CONTACT_FLOW, flow.contact_flow_id),
    ):
        assert await office.flows.describe_contact_flow(office.default, named) == flow


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
async def test_a_flow_of_a_usual_shape_is_published_and_described_unchanged(office: Office, path: Path) -> None:
    content = path.read_text("utf-8")
    flow = await create(office, content=content)
    assert (await office.flows.describe_contact_flow(office.default, flow.contact_flow_id)).content == content


async def test_a_flow_that_came_without_a_content_is_described_as_what_its_contacts_go_through(office: Office) -> None:
    """Instances had one that were made before flows ran."""
    await office.store.put_facts(office.default, [ContactFlow("old", "Old")])
    flow = await office.flows.describe_contact_flow(office.default, "old")
    assert flow.content == DEFAULT_FLOWS[OUTBOUND]


async def test_whoever_edits_a_flow_that_came_with_the_instance_changes_that_one_alone(office: Office) -> None:
    flow_id, *others = office.first.contact_flows
    await office.flows.update_contact_flow_content(office.default, flow_id, document(), published=True)
    there = (await office.directory()).contact_flows
    assert there[flow_id].content == document()
    assert [there[other] for other in others] == [office.first.contact_flows[other] for other in others]


async def test_only_a_content_that_can_be_run_is_published(office: Office) -> None:
    with pytest.raises(FlowContentError) as caught:
        await create(office, content=WRONG)
    assert caught.value.problems == tuple(problems_of(WRONG))
    assert all(problem in caught.value.message for problem in caught.value.problems)
    saved = await create(office, content=WRONG, published=False)
    assert not saved.published
    flow_id = saved.contact_flow_id
    with pytest.raises(FlowContentError):
        await office.flows.update_contact_flow_content(office.default, flow_id, WRONG, published=True)
    await office.flows.update_contact_flow_content(office.default, flow_id, "{}", published=False)
    assert (await office.flows.describe_contact_flow(office.default, flow_id)).content == "{}"
    await office.flows.update_contact_flow_content(office.default, flow_id, document(), published=True)
    published = await office.flows.describe_contact_flow(office.default, flow_id)
    assert published.published
    assert published.content == document()


async def test_what_is_only_saved_of_a_published_flow_is_beside_it_until_something_is_published(office: Office) -> None:
    flow_id = (await create(office)).contact_flow_id
    update, describe = office.flows.update_contact_flow_content, office.flows.describe_contact_flow
    await update(office.default, flow_id, WRONG, published=False)
    published, saved = await describe(office.default, flow_id), await describe(office.default, flow_id, saved=True)
    assert (published.content, published.published) == (document(), True), "contacts go through what they did"
    assert (saved.content, saved.published) == (WRONG, False), "it need not be such as can be run"
    await office.new_campaign(flow_id=flow_id)
    other = document(Metadata={"by": "somebody"})
    await update(office.default, flow_id, other, published=True)
    for each in (await describe(office.default, flow_id), await describe(office.default, flow_id, saved=True)):
        assert (each.content, each.published) == (other, True)


async def test_a_campaign_has_a_flow_of_the_type_for_that(office: Office) -> None:
    for flow_type in ("CUSTOMER_QUEUE", "AGENT_WHISPER", "CAMPAIGN"):
        flow = await create(office, flow_type, flow_type=flow_type)
        with pytest.raises(InvalidInputError, match=f"of the type {flow_type}"):
            await office.new_campaign(flow_id=flow.contact_flow_id)


async def test_what_is_only_saved_may_be_anything_that_is_not_too_long(office: Office) -> None:
    await create(office, content="x" * MAX_CONTENT, published=False)
    with pytest.raises(InvalidInputError, match="256,000 characters at most, not 256,001"):
        await create(office, "Longer", content="x" * (MAX_CONTENT + 1), published=False)


async def test_a_campaign_cannot_have_a_flow_that_is_only_saved(office: Office) -> None:
    saved = await create(office, published=False)
    with pytest.raises(InvalidInputError, match="not published"):
        await office.new_campaign(flow_id=saved.contact_flow_id)
    await office.flows.update_contact_flow_content(office.default, saved.contact_flow_id, document(), published=True)
    await office.new_campaign(flow_id=saved.contact_flow_id)


async def test_no_two_flows_have_the_same_name(office: Office) -> None:
    flow = await create(office)
    with pytest.raises(ConflictError, match="taken"):
        await create(office)
    with pytest.raises(ConflictError, match="taken"):
        await office.flows.update_contact_flow_name(office.default, flow.contact_flow_id, name="Default outbound flow")


async def test_a_flow_is_renamed_and_keeps_what_is_not_given(office: Office) -> None:
    flow = await create(office, description="Of appointments")
    await office.flows.update_contact_flow_name(office.default, flow.contact_flow_id, name="Another")
    await office.flows.update_contact_flow_name(office.default, flow.contact_flow_id)
    found = await office.flows.describe_contact_flow(office.default, flow.contact_flow_id)
    assert (found.name, found.description, found.content) == ("Another", "Of appointments", flow.content)
    await office.flows.update_contact_flow_name(office.default, flow.contact_flow_id, description="")
    assert (await office.flows.describe_contact_flow(office.default, flow.contact_flow_id)).description == ""


async def test_flows_are_listed_by_their_types_and_whoever_deletes_what_was_listed_misses_none(
    office: Office,
) -> None:
    whispers = [
        await create(office, f"Whisper {number}", flow_type="AGENT_WHISPER", published=False) for number in range(5)
    ]
    listed, after = [], None
    while True:
        page = await office.flows.list_contact_flows(office.default, types=["AGENT_WHISPER"], after=after, limit=2)
        for flow in page.items:
            listed.append(flow)
            await office.flows.delete_contact_flow(office.default, flow.contact_flow_id)
        after = page.after
        if after is None:
            break
    assert listed == whispers
    left = await office.flows.list_contact_flows(office.default, limit=10)
    assert [flow.name for flow in left.items] == list(DEFAULT_FLOWS)


async def test_a_flow_that_is_in_use_stays(office: Office) -> None:
    flow_id = next(iter(office.first.contact_flows))
    campaign_id = await office.new_campaign()
    with pytest.raises(InUseError, match="A campaign has this contact flow"):
        await office.flows.delete_contact_flow(office.default, flow_id)
    await office.campaigns.delete_campaign(campaign_id)
    queue = Queue("shown", "Shown", outbound_flow_id=flow_id)
    await office.store.put_facts(office.default, [queue])
    with pytest.raises(InUseError, match="The queue shown has this contact flow as its outbound flow"):
        await office.flows.delete_contact_flow(office.default, flow_id)
    await office.store.put_facts(office.default, [Queue("shown", "Shown")])
    await office.flows.delete_contact_flow(office.default, flow_id)
    with pytest.raises(NotFoundError):
        await office.flows.describe_contact_flow(office.default, flow_id)


async def test_a_flow_of_another_instance_is_not_found(office: Office) -> None:
    other = await office.new_instance()
    flow = await create(office)
    arn = SCOPE.arn(office.default, ResourceKind.CONTACT_FLOW, flow.contact_flow_id)
    for named in (flow.contact_flow_id, arn):
        with pytest.raises(NotFoundError, match="No contact flow with this id exists in the instance"):
            await office.flows.describe_contact_flow(other.instance_id, named)
