"""The simulated agents of the settings, from one start to the next.

If this fails, a restart takes back what somebody has changed of them, or one whom the disk has damaged serves nobody
for ever.
"""

from __future__ import annotations

from dataclasses import replace

from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, alike
from trunkcall.domain.user import Agent, PhoneConfig
from trunkcall.service.installation import simulated_agents

PROFILES = {each: RoutingProfile(each, each, alike(["q1"])) for each in ("basic", "renewals")}


def directory(*agents: Agent) -> Directory:
    return Directory(
        Instance("instance-1", "default", 0, onboarded=True),
        queues={"q1": Queue("q1", "Sales")},
        routing_profiles=PROFILES,
        agents={agent.agent_id: agent for agent in agents},
    )


def test_they_begin_in_the_first_profile_under_ids_that_stay() -> None:
    first, second = simulated_agents(directory(), 2)
    assert (first.username, first.routing_profile_id) == ("agent-0001", "basic")
    assert simulated_agents(directory(first), 2) == [first, second]
    assert simulated_agents(Directory(directory().instance), 1) == [replace(first, routing_profile_id="")]


def test_who_was_changed_stays_so() -> None:
    first, second = simulated_agents(directory(), 2)
    changed = replace(first, routing_profile_id="renewals", phone=PhoneConfig(after_contact_work_limit_s=30))
    assert simulated_agents(directory(changed, second), 2) == [changed, second]


def test_who_was_damaged_has_a_name_and_a_profile_again() -> None:
    (first,) = simulated_agents(directory(), 1)
    damaged = replace(first, username="\ufffd", routing_profile_id="gone")
    assert simulated_agents(directory(damaged), 1) == [first]
