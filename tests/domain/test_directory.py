"""What facts of several kinds say together: which queues an agent serves, what a queue shows, which statuses there are.

If this fails, an agent gets contacts of a queue that was closed to them, or customers see a number that the instance
has given back.
"""

from __future__ import annotations

from dataclasses import replace

from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.directory import Directory, Fact, Instance, VersionedFact
from trunkcall.domain.do_not_call import DoNotCallList
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.hours_of_operation import HoursOfOperation
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, ServedQueue
from trunkcall.domain.security_profile import security_profiles
from trunkcall.domain.user import Agent
from trunkcall.domain.user_status import UserStatus, UserStatusType, built_in_statuses

INSTANCE = Instance("instance-1", "default", 0, onboarded=True)
ANN = Agent("a1", "ann", "r1")


def directory(*facts: Fact) -> Directory:
    return Directory.of(INSTANCE, facts)


def test_an_agent_serves_what_is_there_and_enabled_as_the_profile_says() -> None:
    urgent, help_out = ServedQueue("q1", priority=1), ServedQueue("q2", priority=3, delay_s=20)
    profile = RoutingProfile("r1", "Everyone", (help_out, ServedQueue("gone"), urgent, ServedQueue("q2")))
    q1, q2 = Queue("q1", "Sales"), Queue("q2", "Service")
    there = directory(q1, q2, profile, ANN)
    assert there.served_by(ANN) == (help_out, urgent)
    assert there.queues_of(ANN) == ("q2", "q1")
    assert directory(q1, replace(q2, enabled=False), profile, ANN).served_by(ANN) == (urgent,)
    assert directory(q1, q2, ANN).served_by(ANN) == (), "without the profile"


def test_a_queue_shows_the_number_it_names_as_long_as_that_is_claimed() -> None:
    number = PhoneNumber("p1", "+12065550100")
    queue = Queue("q1", "Sales", outbound_caller_id="+12065550199", outbound_caller_id_number_id="p1")
    assert directory(queue, number).outbound_caller_id_of(queue) == "+12065550100"
    assert directory(queue).outbound_caller_id_of(queue) == "+12065550199"
    nothing = replace(queue, outbound_caller_id=None)
    assert directory(nothing).outbound_caller_id_of(nothing) is None


def test_every_instance_has_statuses_to_choose_among() -> None:
    statuses = directory().user_statuses
    assert [(each.name, each.status_type) for each in statuses.values()] == [
        ("Available", UserStatusType.ROUTABLE),
        ("Offline", UserStatusType.OFFLINE),
        ("Break", UserStatusType.CUSTOM),
    ]
    assert all(each.enabled and each.status_id == key for key, each in statuses.items())
    other = Directory(replace(INSTANCE, instance_id="instance-2"))
    assert not statuses.keys() & other.user_statuses.keys()


def test_a_status_that_was_changed_counts_in_place_of_the_one_from_the_start() -> None:
    *_, pause = built_in_statuses("instance-1").values()
    lunch = UserStatus("s9", "Lunch", display_order=4)
    statuses = directory(lunch, replace(pause, name="Pause", enabled=False)).user_statuses
    assert [each.name for each in statuses.values()] == ["Available", "Offline", "Pause", "Lunch"]
    assert not statuses[pause.status_id].enabled


def test_every_instance_has_the_security_profiles_that_amazon_gives_it() -> None:
    names = [profile.name for profile in security_profiles("instance-1").values()]
    assert names == ["Admin", "Agent", "CallCenterManager", "QualityAnalyst"]


def test_every_kind_of_fact_has_its_place() -> None:
    """One that had none would be lost between the store and its users."""
    hours = HoursOfOperation("h1", "Weekdays", "Europe/Berlin", ())
    policy = CallingPolicy("default", 1, "")
    facts: list[Fact] = [Queue("q1", "Sales"), ANN, hours, UserStatus("s9", "Lunch"), policy, DoNotCallList(1, "ours")]
    there = directory(*facts)
    assert set(there.facts) == set(facts)
    assert all(there.of_kind(fact.kind) == {fact.fact_id: fact} for fact in facts)
    assert all(kind is FactKind(kind) and there.of_kind(kind) is not None for kind in FactKind)


def test_the_policy_that_was_set_last_counts() -> None:
    first, night = CallingPolicy("default", 1, "a"), CallingPolicy("night", 2, "b")
    there = directory(CallingPolicy("default", 3, None), first, night)
    assert there.calling_policy() == CallingPolicy("default", 3, None), "even if nobody can read it"
    assert there.calling_policy("night") is night
    assert there.calling_policy("day") is None


def test_changes_leave_the_order_and_all_that_they_do_not_name() -> None:
    before = directory(Queue("q1", "Sales"), Queue("q2", "Service"), ANN)
    after = before.after(
        [
            VersionedFact(Queue("q1", "Renewals"), 1),
            VersionedFact(Queue("q3", "Claims"), 2),
            VersionedFact(Queue("q2", "Service"), 3, deleted_at=5),
        ]
    )
    assert [queue.name for queue in after.queues.values()] == ["Renewals", "Claims"]
    assert [queue.name for queue in before.queues.values()] == ["Sales", "Service"], "a directory does not change"
    assert after.agents == before.agents
