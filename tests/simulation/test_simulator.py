"""The simulator against theory and against itself. If these fail, a planner is promised what no shift will bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from simulation.support import recorded, scenario
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    AttemptBegun,
    ContactConnected,
    ContactEnded,
    ContactExpired,
    SafeHarbourBegun,
)
from trunkcall.domain.contact import Disposition
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import HOUR, MINUTE, SECOND, Instant
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.commands import Originate, OriginateAgentLeg, OriginateSessionLeg
from trunkcall.engine.decision import Decision
from trunkcall.engine.events import AgentStatusSet, Event, LegEnded, LegsUnbridged
from trunkcall.simulation.campaign import Campaign
from trunkcall.simulation.results import Shift
from trunkcall.simulation.scenario import Scenario, assignments, read_scenario, with_values
from trunkcall.simulation.simulator import START, Simulator, at_hour

pytestmark = pytest.mark.long


def run(seed: int = 1, **values: object) -> Shift:
    return Simulator(scenario(**values), seed=seed).run()


def test_the_same_seed_gives_the_same_calls_of_the_engine_and_another_seed_others() -> None:
    _, first = recorded(1, agents=5, hours=1)
    _, again = recorded(1, agents=5, hours=1)
    _, other = recorded(2, agents=5, hours=1)
    assert first.turns == again.turns != other.turns


def test_one_to_one_is_as_busy_as_renewal_theory_says() -> None:
    """An agent alternates between dialing until somebody answers and handling: H / (H + L / p)."""
    shifts = [run(seed, agents=40, pacer="progressive") for seed in range(3)]
    until_live_s = (0.25 * 12 + 0.30 * 24.5 + 0.10 * 3 + 0.35 * 28) / 0.25
    expected = 150 / (150 + until_live_s)
    for shift in shifts:
        assert shift.occupancy_ratio == pytest.approx(expected, abs=0.015)
        assert shift.abandoned == 0


def test_lines_are_never_idle_where_nobody_waits_for_an_agent() -> None:
    """Agentless dialing keeps every line in use: attempts are lines × time over the time that one holds a line."""
    shift = run(pacer="agentless", channels=30, human_ratio=0, machine_ratio=0, failure_ratio=0, hours=4)
    assert shift.attempts == pytest.approx(30 * 4 * 3600 / 28, rel=0.01)


def test_occupancy_is_handling_over_staffed_time_from_the_cold_start_to_the_end() -> None:
    shift, record = recorded(3, agents=10, hours=0.5)
    begun = {command.contact_id: command.at for command in record.of_kind(ContactConnected)}
    done = {command.contact_id: command.at for command in record.of_kind(AfterContactWorkEnded)}
    assert begun.keys() > done.keys(), "some contacts are in progress at the end"
    handling = sum(done.get(contact, at_hour(0.5)) - at for contact, at in begun.items())
    assert shift.occupancy_ratio == pytest.approx(handling / (10 * HOUR / 2))
    assert shift.mean_idle_s == pytest.approx((10 * HOUR / 2 - handling) / SECOND / shift.connected)


def test_the_ledger_binds_unless_it_is_off_or_others_are_compared_with() -> None:
    def binds(**values: object) -> bool:
        shift = Simulator(scenario(hours=0.01, **values), seed=1)
        shift.run()
        facts = shift.engine.explain("campaign", at_hour(0.01))
        assert facts is not None
        return facts.ledger_binding

    assert binds()
    assert not binds(ledger="off")
    assert not binds(pacer="issabel")


def test_trunks_have_so_many_lines_and_take_so_many_attempts_a_second() -> None:
    shift, record = recorded(pacer="agentless", channels=50, attempts_per_s=2, hours=0.25)
    assert shift.attempts <= 2 * 900 + 2
    assert shift.attempts == pytest.approx(2 * 900, rel=0.05)
    few, _ = recorded(pacer="agentless", channels=3, hours=0.25)
    assert few.campaigns[0].mean_lines == pytest.approx(3, abs=0.05)
    assert record.of_kind(Originate)


def test_a_slow_carrier_reports_so_late_on_average() -> None:
    _, record = recorded(
        pacer="agentless", channels=20, hours=0.25, carrier_delay_s=0.5, failure_ratio=1, human_ratio=0,
        machine_ratio=0, failure_range_s=[3, 3],
    )  # fmt: skip
    begun = {command.contact_id: command.at for command in record.of_kind(AttemptBegun)}
    delays = [(end.at - begun[end.contact_id]) / SECOND - 3 for end in record.of_kind(ContactEnded)]
    assert min(delays) >= 0
    assert fmean(delays) == pytest.approx(0.5, abs=0.05)


def test_a_carrier_fails_so_often_and_for_so_long() -> None:
    _, record = recorded(
        pacer="agentless", channels=10, hours=0.9, burst_every_h=0.25, burst_length_s=60, burst_share=0.5
    )
    begun = {command.contact_id: command.at for command in record.of_kind(AttemptBegun)}
    failed = {end.contact_id for end in record.of_kind(ContactEnded) if end.disposition is Disposition.NETWORK_FAILURE}
    minutes = {(begun[contact] - START) // MINUTE for contact in failed}
    assert minutes == {15, 30, 45}
    during = [contact for contact, at in begun.items() if (at - START) // MINUTE in minutes and at < at_hour(0.89)]
    assert len(failed & set(during)) / len(during) == pytest.approx(0.5, abs=0.1)


def test_whoever_no_agent_reaches_in_time_hears_a_message_of_so_many_seconds() -> None:
    values = {"agents": 4, "hours": 0.5, "pacer": "fixed_ratio", "lines_per_agent": 3.0, "patience_s": 30}
    without, record = recorded(**values)
    assert without.abandoned > 20
    assert not record.of_kind(SafeHarbourBegun)
    shift, record = recorded(**values, safe_harbour_s=10)
    begun = {each.contact_id: each.at for each in record.of_kind(SafeHarbourBegun)}
    ends = {end.contact_id: end for end in record.of_kind(ContactEnded) if end.contact_id in begun}
    assert shift.abandoned >= len(begun) > 20
    assert {(end.at - begun[contact]) / SECOND for contact, end in ends.items()} == {10.0}
    assert {end.disposition for end in ends.values()} == {Disposition.ABANDONED}


def test_a_shift_is_the_same_whether_agents_keep_their_legs_or_are_rung_for_each_contact() -> None:
    """Simulated agents accept at once, so all that differs is how often their phones ring."""
    rung, without = recorded(agents=8, hours=1, break_every_h=0.3)
    kept, record = recorded(agents=8, hours=1, break_every_h=0.3, persistent_connections=True)
    assert replace(rung, events=0) == replace(kept, events=0)
    assert record.attempts() == without.attempts()
    assert len(record.of_kind(OriginateSessionLeg)) == 8
    assert not record.of_kind(OriginateAgentLeg)
    ended_by_agents = [event for event, _ in record.told if isinstance(event, LegsUnbridged)]
    assert len(ended_by_agents) / kept.connected == pytest.approx(0.3, abs=0.1)


def test_sessions_that_the_network_loses_are_made_again_and_contacts_go_on() -> None:
    shift, record = recorded(agents=8, hours=2, persistent_connections=True, session_drop_per_h=10.0)
    lost = [event for event, _ in record.told if isinstance(event, LegEnded) and event.cause is HangupCause.FAILED]
    made = record.of_kind(OriginateSessionLeg)
    assert len(lost) == pytest.approx(8 * 2 * 10, rel=0.25)
    assert len(lost) <= len(made) <= len(lost) + 8
    assert shift.occupancy_ratio > 0.7


def test_nothing_of_sessions_is_lost_where_there_are_none() -> None:
    with pytest.raises(SettingsError, match="session_drop_per_h in a test needs persistent_connections"):
        scenario(session_drop_per_h=1.0)


@pytest.mark.parametrize(("agents", "least"), [(5, 0.71), (10, 0.78), (20, 0.845), (50, 0.905)])
def test_predictive_dialing_beats_one_to_one_within_the_limit(agents: int, least: float) -> None:
    """One shift has its luck; benchmarks/pacing.py has twenty."""
    shift = run(seed=11, agents=agents)
    assert shift.abandonment_ratio <= 0.03
    assert shift.occupancy_ratio >= least


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"human_ratio": 0.10, "machine_ratio": 0.45}, id="few people"),
        pytest.param({"human_ratio": 0.20, "drift": 0.5}, id="a world that drifts"),
        pytest.param(
            {"human_ratio": 0.10, "machine_ratio": 0.30, "step_at_h": 4, "step_factor": 2.5}, id="a world that changes"
        ),
        pytest.param({"talk_mean_s": 60, "wrap_mean_s": 15}, id="short contacts"),
        pytest.param({"false_machine_ratio": 0.05}, id="people taken for machines"),
        pytest.param({"carrier_delay_s": 0.3}, id="a slow carrier"),
        pytest.param({"burst_every_h": 1, "burst_length_s": 300}, id="a carrier that fails"),
    ],
)
def test_the_limit_holds_while_the_world_is_unkind(values: dict[str, object]) -> None:
    shift = run(seed=5, agents=20, **values)
    assert shift.live_answers > 500
    assert shift.abandonment_ratio <= 0.03


def test_people_who_are_hung_up_on_as_machines_are_told_of_and_so_is_what_is_lost_with_them() -> None:
    shift, record = recorded(agents=10, hours=1, machine_ratio=0, false_machine_ratio=0.3)
    hung_up_on = [end for end in record.of_kind(ContactEnded) if end.disposition is Disposition.VOICEMAIL]
    people = shift.live_answers + len(hung_up_on)
    assert shift.false_machines == shift.campaigns[0].false_machines == len(hung_up_on) > 50
    assert shift.false_machine_ratio == shift.false_machines / people == pytest.approx(0.3, abs=0.05)
    assert shift.lost_ratio == (shift.abandoned + shift.false_machines) / people > shift.abandonment_ratio
    well, _ = recorded(agents=10, hours=0.5)
    assert (well.false_machines, well.lost_ratio) == (0, well.abandonment_ratio)
    late, _ = recorded(agents=10, hours=0.5, machine_ratio=0, false_machine_ratio=1, human_detection_s=2.5)
    assert late.false_machines == 0, "they hang up before they are taken for anything"


def test_agents_who_come_and_go_and_take_breaks_are_counted_as_they_are() -> None:
    always = run(agents=10)
    assert run(agents=10, late_agents=10, late_by_h=7.5).attempts < always.attempts / 8
    assert run(agents=10, leaving_agents=10, leave_at_h=0.5).attempts < always.attempts / 8
    assert run(agents=10, break_every_h=0.5, break_length_s=1800).attempts < always.attempts * 0.7


def test_nobody_is_dialed_for_agents_who_have_not_come_yet_and_their_first_break_is_after_they_came() -> None:
    late = {"agents": 5, "late_agents": 5, "break_every_h": 0.5}
    nobody_came, _ = recorded(late_by_h=4, hours=4, **late)
    assert nobody_came.attempts == 0
    _, record = recorded(late_by_h=1, hours=3, **late)
    set_at = [(at, event.status) for event, at in record.told if isinstance(event, AgentStatusSet)]
    assert [(at, status) for at, status in set_at if at <= at_hour(1)] == [(at_hour(1), AgentStatus.AVAILABLE)] * 5
    assert AgentStatus.BREAK in {status for _, status in set_at}


def test_work_after_a_contact_lasts_as_long_as_it_has_to_unless_a_break_cuts_it() -> None:
    _, record = recorded(
        agents=2, hours=8, pacer="progressive", human_ratio=1, machine_ratio=0, failure_ratio=0, talk_mean_s=0,
        wrap_mean_s=300, wrap_variation=0, break_every_h=0.1, break_length_s=1,
    )  # fmt: skip
    begun = {command.contact_id: command.at for command in record.of_kind(ContactConnected)}
    ends = [
        (change.at - begun[change.contact_id], events[-1][0])
        for events, _, decision in record.turns
        for change in decision.changes
        if isinstance(change, AfterContactWorkEnded)
    ]
    early = [event for length, event in ends if length < 300 * SECOND]
    assert 0 < len(early) < len(ends)
    assert all(isinstance(event, AgentStatusSet) and event.status is AgentStatus.BREAK for event in early)


def test_a_list_that_runs_out_is_dialed_once() -> None:
    shift, record = recorded(agents=20, list_size=500, hours=2)
    dialed = [command.contact_id for command in record.of_kind(Originate)]
    assert shift.attempts == len(dialed) == len(set(dialed)) == 500


def test_no_request_expires_however_long_the_shift_is() -> None:
    """Requests that do are asked for anew, and a shift would not end."""

    def none_expire(events: Sequence[tuple[Event, Instant]], now: Instant, decision: Decision) -> None:
        assert not any(isinstance(change, ContactExpired) for change in decision.changes)

    simulator = Simulator(Scenario(Campaign(pacer="progressive"), agents=0, hours=20_000), seed=1, trace=none_expire)
    assert simulator.run().attempts == 0


def test_a_scenario_file_gives_parameters_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text("agents = 7\nhuman_ratio = 0.2\nhuman_ring_range_s = [1, 20]\nledger = false\n")
    read = read_scenario(path)
    assert (read.agents, read.campaign.world.human_ratio, read.campaign.world.human_ring_range_s) == (
        7,
        0.2,
        (1.0, 20.0),
    )
    assert not read.ledger


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nothing = 1", "no parameter of a scenario"),
        ("agents = 'many'", "must be a whole number"),
        ("human_ratio = 0.9", "shares of one whole: together they must be at most 1, not 1.3"),
        ("human_ratio = 1.5", "at most 1, not 1.5"),
        ("drift = 2", "drift in .* must be at most 1, not 2"),
        ("agents = 5\nlate_agents = 6", "late_agents in .* is 6, but there are only 5 agents"),
        ("agents = 1_000_000", "agents in .* must be at most 10000"),
        ("hours = 0", "hours in .* must be at least 0.001"),
        ("hours = 1e-11", "hours in .* must be at least 0.001"),
        ("hours = 10_001", "hours in .* must be at most 8784"),
        ("attempts_per_s = 1e-320", "attempts_per_s in .* must be at least 0.01"),
        ("drift = 0.5\ndrift_period_h = 1e-320", "drift_period_h in .* must be at least 0.05"),
        (
            "break_every_h = 1e-12\nbreak_length_s = 0",
            "break_every_h in .* must be 0, which is never, or at least 0.01",
        ),
        ("pacer = 'psychic'", "predictive, progressive or agentless"),
        ("agents = ", "not TOML"),
        ("talk_mean_s = nan", "at least 0"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused_in_words(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=why):
        read_scenario(path)


def test_assignments_that_are_none_are_refused_in_words() -> None:
    assert assignments(["a=1", "b = x=y"]) == {"a": "1", "b": "x=y"}
    with pytest.raises(SettingsError, match="NAME=VALUE"):
        assignments(["agents"])


SCENARIOS = sorted((Path(__file__).parents[2] / "examples" / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_each_scenario_of_the_library_can_be_run_and_is_what_it_says(path: Path) -> None:
    scenario = read_scenario(path)
    assert scenario != Scenario() or path.stem == "default"
    shift = Simulator(with_values(scenario, {"hours": 0.3}, "a test"), seed=1).run()
    assert shift.connected > 0
    assert path.read_text().startswith("# "), "each says what it shows"


def test_there_is_a_library() -> None:
    assert len(SCENARIOS) >= 10
