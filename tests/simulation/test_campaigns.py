"""Several campaigns in one shift. If these fail, a planner who divides agents and lines among campaigns is promised
shares that no day will bring, or is not told which line of a file is wrong."""

from __future__ import annotations

import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from simulation.support import Record, by_name, recorded, scenario
from trunkcall.domain.agent import HANDLING_STATES
from trunkcall.domain.changes import (
    ContactAbandoned,
    ContactAnswered,
    ContactConnected,
    ContactConnecting,
    ContactDetected,
    ContactEnded,
    ContactQueued,
)
from trunkcall.domain.contact import DetectionStatus, Disposition
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import HOUR, SECOND
from trunkcall.engine.commands import Originate
from trunkcall.engine.events import AgentRegistered, CampaignChanged
from trunkcall.simulation.scenario import Scenario, read_scenario, with_values
from trunkcall.simulation.simulator import START, Simulator, at_hour

pytestmark = pytest.mark.long


def table(name: str, **values: object) -> dict[str, object]:
    return {"name": name, **values}


SMALL = {"bandwidth_allocation": 0.1}
THREE_TO_ONE = [table("zinc", bandwidth_allocation=0.75), table("argon", bandwidth_allocation=0.25)]


# --- one campaign -----------------------------------------------------------------------------------------------------


def test_a_lone_campaign_with_a_table_is_the_one_without() -> None:
    plain, without = recorded(5, agents=8, hours=1)
    same, with_table = recorded(5, agents=8, hours=1, campaign=[table("campaign")])
    assert without.turns == with_table.turns
    assert plain == same


def test_a_lone_campaign_has_all_agents_and_lines_whatever_its_weights() -> None:
    values = {"agents": 8, "hours": 1, "channels": 12}
    _, whole = recorded(**values)
    _, little = recorded(**values, campaign=[table("campaign", bandwidth_allocation=0.1, dialing_capacity=0.01)])
    assert little.attempts() == whole.attempts()
    changed = [a for (a, _), (b, _) in zip(whole.told, little.told, strict=True) if a != b]
    assert [type(event) for event in changed] == [CampaignChanged]


@pytest.mark.parametrize("of_the_other", [0.05, 0.5])
def test_campaigns_that_look_ahead_for_the_same_agents_keep_each_to_its_own_target(of_the_other: float) -> None:
    """Their live answers find nobody at the same moments, however much more the one may abandon than the other."""
    tables = [table("zinc", abandonment_target_ratio=0.01), table("argon", abandonment_target_ratio=of_the_other)]
    shift, _ = recorded(agents=10, bandwidth_allocation=0.5, campaign=tables)
    zinc, argon = shift.campaigns
    assert zinc.abandoned <= 0.01 * zinc.live_answers
    assert 0.03 * argon.live_answers < argon.abandoned <= of_the_other * argon.live_answers, "it makes use of its own"
    assert shift.occupancy_ratio > 0.75


def test_a_campaign_dials_from_its_start_to_its_pause_and_from_there_to_its_stop() -> None:
    _, record = recorded(agents=5, hours=1, start_at_h=0.1, pause_at_h=0.3, resume_at_h=0.5, stop_at_h=0.8)
    hours = [(0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.8), (0.8, 1.0)]
    assert [record.attempts(*between)["campaign"] > 0 for between in hours] == [False, True, False, True, False]


def test_whoever_is_recognised_late_has_less_patience_left_for_an_agent() -> None:
    shift, record = recorded(agents=4, hours=1, human_detection_s=1.5, false_human_ratio=0, ledger=False)
    answered = {c.contact_id: c.at for c in record.of_kind(ContactAnswered)}
    waits = {c.at - answered[c.contact_id] for c in record.of_kind(ContactQueued)}
    assert waits == {1.5 * SECOND}
    lost = [c for c in record.of_kind(ContactEnded) if c.disposition is Disposition.ABANDONED]
    assert lost
    assert {c.at - answered[c.contact_id] for c in lost} == {2 * SECOND}
    assert shift.abandoned == len(record.of_kind(ContactAbandoned)) == len(lost)


def test_whoever_hangs_up_before_being_recognised_is_no_live_answer() -> None:
    shift, record = recorded(agents=4, hours=0.5, human_detection_s=2.5)
    assert (shift.live_answers, shift.connected, shift.abandoned) == (0, 0, 0)
    assert Disposition.CUSTOMER_HUNG_UP in {c.disposition for c in record.of_kind(ContactEnded)}


# --- agents -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [0, 1, 3])
def test_no_more_wait_in_a_queue_than_its_limit(most: int) -> None:
    """A planner who tries a limit would be promised the waits of a queue without one."""
    values = {"agents": 4, "hours": 0.5, "pacer": "fixed_ratio", "lines_per_agent": 6, "patience_s": 20}
    _, free = recorded(**values)
    shift, limited = recorded(**values, max_contacts=most)
    assert longest_queue(free) > most, "nothing would be seen of the limit"
    assert longest_queue(limited) <= most
    assert shift.abandoned > 0


def longest_queue(record: Record) -> int:
    """The most who have waited at once for an agent's phone to ring."""
    waiting: set[str] = set()
    longest = 0
    for _, _, decision in record.turns:
        for change in decision.changes:
            match change:
                case ContactQueued():
                    waiting.add(change.contact_id)
                case ContactConnecting() | ContactEnded():
                    waiting.discard(change.contact_id)
                case _:
                    pass
        longest = max(longest, len(waiting))
    return longest


def test_agents_go_by_weight_while_both_have_requests() -> None:
    shift, record = recorded(agents=12, hours=2, pacer="progressive", campaign=THREE_TO_ONE)
    attempts = record.attempts()
    assert attempts["zinc"] / attempts.total() == pytest.approx(0.75, abs=0.01)
    assert by_name(shift)["zinc"].handling_share == pytest.approx(0.75, abs=0.05)


def test_a_campaign_without_weight_has_what_the_other_leaves() -> None:
    tables = [table("zinc", list_size=60), table("argon", bandwidth_allocation=0)]
    _, record = recorded(agents=6, hours=1, pacer="progressive", campaign=tables)
    assert set(record.attempts(0.0, 0.1)) == {"zinc"}
    assert set(record.attempts(0.5, 1.0)) == {"argon"}


@pytest.mark.parametrize(
    "zinc",
    [
        pytest.param({"list_size": 200}, id="its list runs dry"),
        pytest.param({"pause_at_h": 0.5, "resume_at_h": 1.0}, id="it pauses"),
        pytest.param({"stop_at_h": 0.5}, id="it is stopped"),
        pytest.param({"start_at_h": 0.5}, id="it starts later"),
    ],
)
def test_whatever_one_campaign_does_the_other_takes_what_it_leaves(zinc: dict[str, object]) -> None:
    """One to one, lists of the same people are dialed just as one list would be: no agent idles for a campaign that
    has nothing to dial."""
    values = {"agents": 12, "hours": 1.5, "pacer": "progressive"}
    _, alone = recorded(**values)
    _, both = recorded(**values, campaign=[table("zinc", **zinc), table("argon")])
    hours = [(0.0, 0.5), (0.5, 1.0), (1.0, 1.5)]
    assert [both.attempts(*h).total() for h in hours] == [alone.attempts(*h).total() for h in hours]
    assert both.attempts().keys() == {"zinc", "argon"}
    assert both.attempts(*hours[0 if "start_at_h" in zinc else 1])["zinc"] < 20


def test_who_paused_does_not_catch_up() -> None:
    campaigns = [table("zinc", pause_at_h=0.1, resume_at_h=0.5), table("argon")]
    _, record = recorded(agents=12, hours=1, pacer="progressive", campaign=campaigns)
    assert record.attempts(0.1, 0.5).keys() == {"argon"}
    after = record.attempts(0.5)
    assert after["zinc"] / after.total() == pytest.approx(0.5, abs=0.02)


def test_predictive_campaigns_share_agents_by_weight_and_dial_together_as_one_would() -> None:
    """Each would otherwise keep its agents free for risks that the other takes as well, or count on the other's."""
    alone, _ = recorded(agents=20, hours=3)
    shift, record = recorded(agents=20, hours=3, campaign=THREE_TO_ONE)
    attempts = record.attempts()
    assert attempts["zinc"] / attempts.total() == pytest.approx(0.75, abs=0.015)
    assert by_name(shift)["zinc"].handling_share == pytest.approx(0.75, abs=0.06)
    # A small campaign's ledger gives less room than that of all its live answers together would.
    assert shift.occupancy_ratio > alone.occupancy_ratio - 0.035
    for campaign in shift.campaigns:
        assert 0 < campaign.abandonment_ratio <= 0.03


@pytest.mark.parametrize(
    ("agents", "weight", "queue"),
    [(20, 0.5, "queue"), (20, 0.9, "queue"), (20, 0.1, "queue"), (5, 0.5, "queue"), (20, 0.5, "other")],
)
def test_a_predictive_campaign_and_one_dialed_one_to_one_have_each_its_part_of_the_agents(
    agents: int, weight: float, queue: str
) -> None:
    """One to one every agent who becomes free would be kept at once: who looks ahead would find none of those it counts
    on, and lose one answer in ten for as long as the shift lasts, whatever its ledger says. Queues of the very same
    agents are no way around that."""
    predictive = table("zinc", bandwidth_allocation=weight)
    beside = table("argon", bandwidth_allocation=1.0 - weight, pacer="progressive", queue=queue)
    shift, _ = recorded(agents=agents, hours=1.5, campaign=[predictive, beside])
    zinc, argon = by_name(shift)["zinc"], by_name(shift)["argon"]
    assert zinc.handling_share == pytest.approx(weight, abs=0.1)
    assert zinc.abandonment_ratio <= 0.03
    assert argon.abandoned == 0
    assert shift.occupancy_ratio > 0.57, "about as busy as one to one at least"


def test_a_predictive_campaign_beside_a_small_one_dialed_one_to_one_still_looks_ahead() -> None:
    predictive = table("zinc", bandwidth_allocation=0.9)
    shift, _ = recorded(agents=20, hours=2, campaign=[predictive, table("argon", pacer="progressive", **SMALL)])
    assert shift.occupancy_ratio > 0.80


@pytest.mark.parametrize("pacer", ["predictive", "progressive"])
@pytest.mark.parametrize(("sales", "both", "share"), [(8, 8, 0.5), (4, 8, 0.5), (8, 2, 0.8)])
def test_where_queues_share_some_agents_neither_starves_and_none_is_counted_on_twice(
    pacer: str, sales: int, both: int, share: float
) -> None:
    """A queue all of whose agents serve another as well would never get one of them; and nobody can tell which of them
    the other takes next."""
    shift, _ = recorded(
        agents=sales + both,
        hours=1,
        campaign=[table("zinc", queue="sales"), table("argon", queue="service", pacer=pacer)],
        team=[{"agents": sales, "queues": ["sales"]}],
    )
    for campaign in shift.campaigns:
        assert campaign.abandonment_ratio <= 0.03
    assert by_name(shift)["zinc"].handling_share == pytest.approx(share, abs=0.12)
    assert shift.occupancy_ratio > 0.62


def test_campaigns_that_take_each_others_place_both_dial_when_they_meet() -> None:
    """The one that dialed all morning has no debt to the one that came at noon."""
    campaigns = [table("morning", pause_at_h=0.5, resume_at_h=0.75), table("noon", start_at_h=0.5)]
    _, record = recorded(agents=10, hours=1.5, campaign=campaigns)
    assert record.attempts(0.5, 0.75).keys() == {"noon"}
    together = record.attempts(0.75)
    assert together["morning"] / together.total() == pytest.approx(0.5, abs=0.08)


def test_each_campaign_keeps_its_own_ledger_within_the_limit() -> None:
    campaigns = [table("zinc", human_ratio=0.4, machine_ratio=0.2), table("argon", talk_mean_s=60)]
    shift, _ = recorded(agents=20, hours=4, campaign=campaigns)
    for campaign in shift.campaigns:
        assert campaign.live_answers > 300
        assert 0 < campaign.abandonment_ratio <= 0.03


def test_what_campaigns_have_handled_adds_up_to_what_agents_have() -> None:
    campaigns = [table("zinc", talk_mean_s=200), table("argon"), table("notes", pacer="agentless", list_size=300)]
    simulator = Simulator(scenario(agents=10, hours=1, channels=40, break_every_h=0.3, campaign=campaigns), seed=3)
    shift = simulator.run()
    snapshot = simulator.engine.snapshot(START + HOUR)
    assert sum(snapshot.agents[state] for state in HANDLING_STATES) > 0, "some contacts are in progress at the end"
    assert snapshot.handling > 0
    assert sum(campaign.handling_share for campaign in shift.campaigns) == pytest.approx(1.0, rel=1e-9)
    assert by_name(shift)["notes"].handling_share == 0.0


def test_agents_of_a_team_serve_its_queues_alone() -> None:
    _, record = recorded(
        agents=5,
        hours=0.1,
        campaign=[table("zinc", queue="sales"), table("argon", queue="service")],
        team=[{"agents": 2, "queues": ["sales"]}],
    )
    registered = [event.queues for event, _ in record.told if isinstance(event, AgentRegistered)]
    served = [tuple(each.queue_id for each in queues) for queues in registered]
    assert served == [("sales",)] * 2 + [("sales", "service")] * 3


def test_queues_of_the_same_agents_share_them() -> None:
    shift, record = recorded(agents=12, hours=1.5, campaign=[table("zinc"), table("argon", queue="other")])
    attempts = record.attempts()
    assert attempts["zinc"] / attempts.total() == pytest.approx(0.5, abs=0.04)
    assert shift.abandonment_ratio <= 0.03


def test_people_who_hear_a_message_are_counted_although_no_agent_takes_them() -> None:
    shift, record = recorded(agents=0, hours=0.1, pacer="agentless")
    heard = [c for c in record.of_kind(ContactDetected) if c.detection is DetectionStatus.HUMAN_ANSWERED]
    assert shift.live_answers == len(heard) > 100


# --- lines ------------------------------------------------------------------------------------------------------------


def test_scarce_lines_go_by_dialing_capacity_and_none_is_idle() -> None:
    campaigns = [table("zinc", dialing_capacity=0.9), table("argon", dialing_capacity=0.3)]
    shift, _ = recorded(hours=0.5, channels=40, pacer="agentless", campaign=campaigns)
    zinc, argon = (campaign.mean_lines for campaign in shift.campaigns)
    assert zinc == pytest.approx(30, abs=1)
    assert zinc + argon == pytest.approx(40, abs=0.2)


def test_a_campaign_that_takes_every_line_leaves_a_predictive_one_its_part() -> None:
    """Agentless dialing takes each line as it comes free, predictive dialing looks once a second."""
    campaigns = [table("notes", pacer="agentless"), table("argon")]
    shift, _ = recorded(agents=20, hours=0.5, channels=40, campaign=campaigns)
    assert by_name(shift)["argon"].mean_lines > 15
    assert sum(campaign.mean_lines for campaign in shift.campaigns) > 38


def test_lines_that_one_campaign_has_no_use_for_go_to_the_other() -> None:
    campaigns = [table("zinc", dialing_capacity=1.0, list_size=100), table("argon", dialing_capacity=0.01)]
    shift, _ = recorded(hours=0.5, channels=40, pacer="agentless", campaign=campaigns)
    assert by_name(shift)["zinc"].attempts == 100
    assert sum(campaign.mean_lines for campaign in shift.campaigns) == pytest.approx(40, abs=0.2)


def test_mean_lines_are_attempts_by_the_time_that_one_holds_a_line() -> None:
    shift, _ = recorded(
        hours=1, channels=30, pacer="agentless", human_ratio=0, machine_ratio=0, failure_ratio=0, no_answer_s=20
    )
    (campaign,) = shift.campaigns
    assert campaign.mean_lines == pytest.approx(30, abs=0.01)
    assert campaign.attempts == 30 * 3600 / 20 + 30


# --- repeatability ----------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_calls_of_the_engine() -> None:
    values = {"agents": 8, "hours": 0.5, "campaign": [*THREE_TO_ONE, table("notes", pacer="agentless")], "channels": 30}
    _, first = recorded(4, **values)
    _, again = recorded(4, **values)
    _, other = recorded(5, **values)
    assert first.turns == again.turns != other.turns
    assert all(earlier[1] <= later[1] for earlier, later in pairwise(first.turns))


# --- files ------------------------------------------------------------------------------------------------------------


TWO = """
human_ratio = 0.2
[[campaign]]
name = "zinc"
list_size = 100
[[campaign]]
name = "argon"
human_ratio = 0.1
"""


def test_a_table_changes_what_all_campaigns_share_and_the_command_line_what_it_names() -> None:
    read = with_values(Scenario(), tomllib.loads(TWO), "a file")
    later = with_values(read, {"human_ratio": "0.3", "campaign.zinc.list_size": "50"}, "--set")
    assert [campaign.world.human_ratio for campaign in read.campaigns] == [0.2, 0.1]
    assert [campaign.world.human_ratio for campaign in later.campaigns] == [0.3, 0.1]
    assert [campaign.list_size for campaign in later.campaigns] == [50, 0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[campaign]\nname = 'a'", r"campaign in .* must be tables, each headed \[\[campaign\]\]"),
        ("[[campaign]]", "campaign 1 of .* has no name"),
        ("[[campaign]]\nname = ''", "name in campaign 1 of .* must not be empty"),
        ("[[campaign]]\nname = 7", "name in campaign 1 of .* must be a text"),
        ("name = 'a'", "name, which is no parameter of a scenario"),
        (
            TWO + "agents = 3",
            "campaign 2 of .* has agents, which is no parameter of a campaign. There are: .*talk_mean_s",
        ),
        (TWO + "[[campaign]]\nname = 'zinc'", "campaign 3 of .* has the name 'zinc', which another has"),
        (TWO + "list_size = 'long'", "list_size in campaign 2 of .* must be a whole number"),
        (TWO + "bandwidth_allocation = -1", "bandwidth_allocation in campaign 2 of .* must be at least 0, not -1"),
        (TWO + "bandwidth_allocation = 1.1", "bandwidth_allocation in campaign 2 of .* at most 1"),
        (TWO + "dialing_capacity = 0.001", "dialing_capacity in campaign 2 of .* must be at least 0.01"),
        (TWO + "machine_ratio = 0.9", "in campaign 2 of .* are shares of one whole"),
        (TWO + "pacer = 'psychic'", "pacer in campaign 2 of .* must be predictive"),
        (TWO + "pacer = 'issabel'", "campaign 2 of .* issabel can only be compared with where there is one campaign"),
        (
            TWO + "pause_at_h = 3\nresume_at_h = 2",
            "resume_at_h in campaign 2 of .* must be after pause_at_h, which is 3",
        ),
        (TWO + "resume_at_h = 2", "resume_at_h in campaign 2 of .* needs a pause_at_h"),
        (TWO + "start_at_h = 2\nstop_at_h = 2", "stop_at_h in campaign 2 of .* must be after start_at_h, which is 2"),
        (TWO + "pause_at_h = 3\nstop_at_h = 2", "stop_at_h in campaign 2 of .* must be after pause_at_h, which is 3"),
        (
            TWO + "max_contacts = 5",
            "max_contacts in campaign 2 of .* is 5, but 100000 in 'zinc', .* Say the same in both",
        ),
        ("max_contacts = 100_001", "max_contacts in .* must be at most 100000"),
        ("max_contacts = -1", "max_contacts in .* must be at least 0"),
        ("human_ring_range_s = [9, 2]", "the lesser first"),
        ("human_ring_shape = 0", "above 0"),
        ("hours = inf", "at most 8784"),
        ("channels = 10_000_000_000", "at most 1e"),
        ("[[team]]\nagents = 2", "queues in team 1 of .* must be a list"),
        ("[[team]]\nagents = 0\nqueues = ['queue']", "agents in team 1 of .* must be at least 1"),
        ("[[team]]\nagents = 2\nqueues = ['quue']", "team 1 of .* serves the queue 'quue', .* There are: queue"),
        ("[[team]]\nagents = 21\nqueues = ['queue']", "have 21 agents, but there are only 20"),
        ("[[team]]\nagent = 21\nqueues = ['queue']", "agent, which is no parameter of a team"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused_in_words(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=why):
        read_scenario(path)


def test_a_campaign_that_is_not_there_cannot_be_set() -> None:
    read = with_values(Scenario(), tomllib.loads(TWO), "a file")
    with pytest.raises(SettingsError, match=r"the name 'zync'\. Did you mean 'zinc'\? There are: zinc, argon"):
        with_values(read, {"campaign.zync.list_size": "50"}, "--set")
    with pytest.raises(SettingsError, match="no \\[\\[campaign\\]\\] table: give list_size, without campaign"):
        with_values(Scenario(), {"campaign.zinc.list_size": "50"}, "--set")


@pytest.mark.parametrize(
    ("values", "dials"),
    [
        ({"talk_mean_s": 0, "wrap_mean_s": 0}, True),
        ({"late_agents": 5}, False),
        ({"agents": 0}, False),
        ({"burst_every_h": 1e-12}, True),
        (
            {"human_ratio": 1.0, "machine_ratio": 0, "failure_ratio": 0, "human_ring_scale_s": 1e-6, "patience_s": 0},
            True,
        ),
    ],
)
def test_a_world_at_the_edge_of_what_can_be_comes_to_sums_that_add_up(values: dict[str, object], dials: bool) -> None:
    record = Record()
    simulator = Simulator(scenario(**{"agents": 5, "hours": 0.05, **values}), seed=1, trace=record.enter)
    shift = simulator.run()
    snapshot = simulator.engine.snapshot(at_hour(0.05))
    ended = Counter(end.disposition for end in record.of_kind(ContactEnded))
    assert shift.attempts == len(record.of_kind(Originate)) == ended.total() + snapshot.contacts_in_progress
    assert (shift.attempts > 0) is dials
    assert shift.connected == len(record.of_kind(ContactConnected)) >= ended[Disposition.CONNECTED_TO_AGENT]
    assert ended[Disposition.ABANDONED] <= shift.abandoned <= shift.live_answers
    assert 0 <= shift.live_answers - shift.connected <= ended[Disposition.ABANDONED] + snapshot.contacts_in_progress
    assert 0.0 <= shift.occupancy_ratio <= 1.0
    idle_s = shift.mean_idle_s * max(shift.connected, 1)
    assert snapshot.handling / SECOND + idle_s == pytest.approx(snapshot.staffed / SECOND)
