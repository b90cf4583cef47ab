"""Tags of what is around campaigns. If these fail, a policy that goes by tags lets in or keeps out the wrong people."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.offices import SCOPE, Office
from trunkcall.domain.errors import InvalidInputError, NotFoundError
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.security_profile import security_profiles
from trunkcall.domain.user import Agent

WITHOUT_TAGS = ResourceKind.SECURITY_PROFILE, ResourceKind.CONTACT
AGENT = Agent("agent", "agent", "profile")


async def opened() -> Office:
    office = await Office().open()
    await office.store.put_facts(office.default, [AGENT, Prompt("p1", "closing", "p1-1")])
    return office


async def arns(office: Office) -> dict[ResourceKind, str]:
    """One resource of each kind that has tags."""
    there = await office.directory()
    ids = {
        ResourceKind.INSTANCE: office.default,
        ResourceKind.QUEUE: next(iter(there.queues)),
        ResourceKind.CONTACT_FLOW: next(iter(there.contact_flows)),
        ResourceKind.ROUTING_PROFILE: next(iter(there.routing_profiles)),
        ResourceKind.AGENT: next(iter(there.agents)),
        ResourceKind.HOURS_OF_OPERATION: next(iter(there.hours_of_operation)),
        ResourceKind.AGENT_STATUS: next(iter(there.user_statuses)),
        ResourceKind.PHONE_NUMBER: next(iter(there.phone_numbers)),
        ResourceKind.PROMPT: next(iter(there.prompts)),
    }
    return {kind: SCOPE.arn(office.default, kind, resource_id) for kind, resource_id in ids.items()}


keys = st.sampled_from(["team", "stage", "Kosten stelle", "a"])
steps = st.lists(
    st.tuples(
        st.sampled_from([kind for kind in ResourceKind if kind not in WITHOUT_TAGS]),
        st.dictionaries(keys, st.text(max_size=3), min_size=1) | st.sets(keys, min_size=1),
    ),
    max_size=12,
)


@given(steps)
def test_tags_of_each_resource_are_those_that_were_set_and_not_taken_away(
    steps: list[tuple[ResourceKind, dict[str, str] | set[str]]],
) -> None:
    async def story() -> None:
        office = await opened()
        before = await office.directory()
        named = await arns(office)
        wanted: dict[ResourceKind, dict[str, str]] = {kind: {} for kind in named}
        for kind, change in steps:
            if isinstance(change, dict):
                await office.tags.tag_resource(named[kind], change)
                wanted[kind] |= change
            else:
                await office.tags.untag_resource(named[kind], change)
                wanted[kind] = {key: value for key, value in wanted[kind].items() if key not in change}
        assert {kind: dict(await office.tags.list_tags_for_resource(arn)) for kind, arn in named.items()} == wanted
        after = await office.directory()
        assert after.queues_of(AGENT) == before.queues_of(AGENT), "tags change nothing else"
        assert list(after.user_statuses) == list(before.user_statuses)

    asyncio.run(story())


async def test_a_resource_has_fifty_tags_at_most() -> None:
    office = await opened()
    for arn in (await arns(office)).values():
        await office.tags.tag_resource(arn, {f"key-{n}": "" for n in range(49)})
        with pytest.raises(InvalidInputError, match="50 tags at most, not 51"):
            await office.tags.tag_resource(arn, {"one": "", "more": ""})
        await office.tags.tag_resource(arn, {"key-0": "again", "last": ""})


async def test_what_does_not_exist_has_no_tags() -> None:
    office = await opened()
    other = await office.new_instance()
    named = await arns(office)
    queue = named[ResourceKind.QUEUE]
    for arn in (
        queue.replace(office.default, other.instance_id),
        queue.replace("000000000000", "999999999999"),
        queue.replace("us-east-1", "eu-west-1"),
        queue + "x",
        queue.replace("/queue/", "/contact-flow/"),
        SCOPE.arn(office.default, ResourceKind.SECURITY_PROFILE, "none"),
        SCOPE.arn("", ResourceKind.PHONE_NUMBER, "none"),
        SCOPE.arn(office.default, ResourceKind.CONTACT, "contact"),
        SCOPE.instance_arn("none"),
        SCOPE.campaign_arn("campaign"),
        office.default,
        "arn:",
    ):
        for ask in (
            office.tags.list_tags_for_resource(arn),
            office.tags.tag_resource(arn, {"team": "north"}),
            office.tags.untag_resource(arn, ["team"]),
        ):
            with pytest.raises(NotFoundError):
                await ask


async def test_a_security_profile_has_none_and_gets_none() -> None:
    office = await opened()
    profile = next(iter(security_profiles(office.default)))
    arn = SCOPE.arn(office.default, ResourceKind.SECURITY_PROFILE, profile)
    assert await office.tags.list_tags_for_resource(arn) == {}
    with pytest.raises(InvalidInputError, match="built in"):
        await office.tags.tag_resource(arn, {"team": "north"})
