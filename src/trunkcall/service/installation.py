"""What every new instance is made with, and the one that an empty store is given on its first start.

Decides the parts with which a campaign can be run at once. It must not know where they are stored, nor how the key's
secret is encrypted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import NAMESPACE_URL, uuid5

from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import AccessKey, Directory, Fact, Instance
from trunkcall.domain.hours_of_operation import Day, HoursOfOperation, OpenHours
from trunkcall.domain.identifiers import NewId
from trunkcall.domain.instants import Instant
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, alike
from trunkcall.domain.user import Agent
from trunkcall.flows.content import DEFAULT_FLOWS

SOURCE_PHONE_NUMBER = "+12025550100"
"""A number of the range that the North American Numbering Plan reserves for fiction (555-0100 to 555-0199)."""


@dataclass(frozen=True, slots=True)
class FirstInstallation:
    """The default instance and the first access key."""

    directory: Directory
    access_key: AccessKey


def first_installation(
    *,
    now: Instant,
    new_id: NewId,
    access_key_id: str,
    secret: str,
    policy: str,
    seal: Callable[[str, str], bytes],
) -> FirstInstallation:
    """A default instance with a queue, flows, a number and a routing profile, and an access key that may do what
    the policy document says."""
    facts = basic_facts(new_id, outbound_caller_id=SOURCE_PHONE_NUMBER)
    instance = Instance(new_id(), "default", now, onboarded=True)
    directory = Directory.of(instance, (*facts, PhoneNumber(new_id(), SOURCE_PHONE_NUMBER, "US")))
    return FirstInstallation(directory, AccessKey(access_key_id, seal(secret, access_key_id), policy, now))


def basic_facts(new_id: NewId, *, outbound_caller_id: str | None = None) -> tuple[Fact, ...]:
    """What every new instance has, by Amazon Connect's names, so that a campaign can be made of it: a queue that is
    always open and shows the number, flows, and a routing profile."""
    hours = HoursOfOperation(new_id(), "Basic Hours", "UTC", tuple(OpenHours(day, 0, 0) for day in Day))
    queue = Queue(new_id(), "BasicQueue", outbound_caller_id, hours_of_operation_id=hours.hours_of_operation_id)
    flows = [ContactFlow(new_id(), name, content=content) for name, content in DEFAULT_FLOWS.items()]
    profile = RoutingProfile(
        new_id(),
        "Basic Routing Profile",
        alike([queue.queue_id]),
        default_outbound_queue_id=queue.queue_id,
    )
    return hours, queue, *flows, profile


def simulated_agents(directory: Directory, number: int) -> list[Agent]:
    """So many agents, ``agent-0001`` and on; ids stay the same from one start to the next. Those that there are stay as
    somebody may have changed them. One who is new, or whose routing profile is none that exists, has the directory's
    first, or none if there is none."""
    profile_id = next(iter(directory.routing_profiles), "")
    instance = uuid5(NAMESPACE_URL, directory.instance.instance_id)
    names = [f"agent-{i:04d}" for i in range(1, number + 1)]
    found = []
    for name in names:
        agent_id = str(uuid5(instance, name))
        agent = replace(directory.agents.get(agent_id, Agent(agent_id, name, profile_id)), username=name)
        known = agent.routing_profile_id in directory.routing_profiles
        found.append(agent if known else replace(agent, routing_profile_id=profile_id))
    return found


def out_of_the_way(directory: Directory, agents: Sequence[Agent]) -> list[Agent]:
    """Other agents who have the name of one of these, each under its id instead: a disk may have changed the id of one,
    and nobody may have the name of another."""
    holders = {agent.username: agent.agent_id for agent in agents}
    return [
        replace(agent, username=agent.agent_id)
        for agent in directory.agents.values()
        if holders.get(agent.username, agent.agent_id) != agent.agent_id
    ]
