"""The simulated world against its description. If these fail, `trunkcall simulate`
and the demo promise numbers that no call centre will see."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import fields, replace
from functools import cache
from itertools import islice
from statistics import fmean, pstdev
from typing import Any

import pytest

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import HOUR, SECOND
from trunkcall.simulation.world import Fate, Outcome, World, fate_of, seed_of, session_drops_after

NUMBER = 20_000
WORLD = World()
SIGMAS = 4.5
"""Draws are a function of the seed, so a test within its tolerance stays there; 4.5 standard errors leave room for a
change of the generator."""


@cache
def fates() -> tuple[Fate, ...]:
    return tuple(fate_of(WORLD, 7, f"token-{number}") for number in range(NUMBER))


def near_share(expected: float, found: int, number: int) -> bool:
    return abs(found / number - expected) <= SIGMAS * math.sqrt(expected * (1 - expected) / number)


def near_mean(expected: float, values: list[float], deviation: float) -> bool:
    return abs(fmean(values) - expected) <= SIGMAS * deviation / math.sqrt(len(values))


def test_worlds_that_have_a_seed_in_common_differ_by_their_names() -> None:
    seeds = {seed_of(seed, name) for seed in (-1, 0, 1, 2**63) for name in ("north", "south")}
    assert len(seeds) == 8
    assert len({fate_of(WORLD, seed, "token") for seed in seeds}) == 8
    assert seed_of(1, "north") == seed_of(1, "north")


def test_a_fate_is_a_function_of_the_seed_and_the_token() -> None:
    assert fate_of(WORLD, 1, "a") == fate_of(World(), 1, "a")
    assert len({fate_of(WORLD, seed, token) for seed in range(-5, 5) for token in "abcdefghij"}) == 100


def test_the_shares_of_outcomes_are_those_of_the_workload() -> None:
    counts = Counter(fate.outcome for fate in fates())
    expected = {
        Outcome.HUMAN: 0.25,
        Outcome.MACHINE: 0.30,
        Outcome.BUSY: 0.07,
        Outcome.INVALID: 0.03,
        Outcome.NO_ANSWER: 0.35,
    }
    assert counts.keys() == expected.keys()
    for outcome, share in expected.items():
        assert near_share(share, counts[outcome], NUMBER), outcome


@pytest.mark.parametrize(
    ("outcome", "least", "most"),
    [
        (Outcome.HUMAN, 2, 28),
        (Outcome.MACHINE, 8, 30),
        (Outcome.BUSY, 1, 5),
        (Outcome.INVALID, 1, 5),
        (Outcome.NO_ANSWER, 28, 28),
    ],
)
def test_what_is_known_is_known_within_its_range(outcome: Outcome, least: float, most: float) -> None:
    rings = [fate.ring for fate in fates() if fate.outcome is outcome]
    assert least * SECOND <= min(rings) <= max(rings) <= most * SECOND


def test_values_beyond_a_range_are_moved_to_its_edge() -> None:
    narrow = replace(WORLD, human_ratio=1.0, human_ring_range_s=(11.0, 13.0))
    rings = [fate_of(narrow, 7, f"token-{number}").ring for number in range(1000)]
    assert (min(rings), max(rings)) == (11 * SECOND, 13 * SECOND)


def test_the_means_are_those_of_the_workload() -> None:
    talks = [fate.talk / SECOND for fate in fates() if fate.outcome is not Outcome.MACHINE]
    wraps = [fate.wrap / SECOND for fate in fates()]
    assert near_mean(120, talks, 120)
    assert near_mean(30, wraps, 15)
    for values, variation in ((talks, 1.0), (wraps, 0.5)):
        # Of a lognormal, the logarithm's deviation tells the coefficient of variation without heavy tails.
        expected = math.sqrt(math.log(1 + variation**2))
        error = expected / math.sqrt(2 * len(values))
        assert abs(pstdev([math.log(value) for value in values]) - expected) <= SIGMAS * error
    humans = [fate.ring / SECOND for fate in fates() if fate.outcome is Outcome.HUMAN]
    machines = [fate.ring / SECOND for fate in fates() if fate.outcome is Outcome.MACHINE]
    clipped = 12.0 - gamma_tail(28.0) + gamma_head(2.0)
    assert near_mean(clipped, humans, 6.0)
    assert near_mean(22.0, machines, 3.0)


def gamma_survival(x: float) -> float:
    """P(Gamma(4, 3) > x), which is Poisson's P(at most 3 events in x/3)."""
    rate = x / 3.0
    return math.exp(-rate) * sum(rate**k / math.factorial(k) for k in range(4))


def gamma_tail(bound: float) -> float:
    """The mean of what clipping from above takes away, by the trapezoidal rule."""
    step = 0.01
    return sum(gamma_survival(bound + i * step) * step for i in range(20_000))


def gamma_head(bound: float) -> float:
    """The mean of what clipping from below adds."""
    step = 0.001
    return sum((1 - gamma_survival(i * step)) * step for i in range(int(bound / step)))


def test_detection_knows_people_from_machines() -> None:
    machines = [fate for fate in fates() if fate.outcome is Outcome.MACHINE]
    beeps = sum(fate.detection is DetectionStatus.VOICEMAIL_BEEP for fate in machines)
    assert near_share(WORLD.beep_share, beeps, len(machines))
    assert {fate.detection_time for fate in machines} == {2.5 * SECOND}
    others = [fate for fate in fates() if fate.outcome is not Outcome.MACHINE]
    assert {fate.detection for fate in others} == {DetectionStatus.HUMAN_ANSWERED}
    assert {(fate.detection_time, fate.prompt) for fate in others} == {(0, 0)}
    slow = replace(WORLD, human_detection_s=1.5)
    times = {(fate.outcome, fate.detection_time) for fate in (fate_of(slow, 7, f"token-{n}") for n in range(1000))}
    assert {(outcome, at) for outcome, at in times if at} == {
        (Outcome.HUMAN, 1.5 * SECOND),
        (Outcome.MACHINE, 2.5 * SECOND),
    }


CHANGES: dict[str, Any] = {
    "human_ring_shape": 2.0,
    "human_ring_scale_s": 5.0,
    "human_ring_range_s": (1.0, 50.0),
    "machine_ring_mean_s": 15.0,
    "machine_ring_deviation_s": 1.0,
    "machine_ring_range_s": (20.0, 24.0),
    "machine_detection_s": 1.0,
    "human_detection_s": 1.5,
    "machine_prompt_mean_s": 20.0,
    "machine_prompt_deviation_s": 1.0,
    "beep_share": 0.1,
    "failure_range_s": (2.0, 3.0),
    "no_answer_s": 20.0,
    "patience_s": 4.0,
    "talk_mean_s": 60.0,
    "talk_variation": 0.3,
    "wrap_mean_s": 10.0,
    "wrap_variation": 0.9,
    "machine_talk_s": 3.0,
    "agent_hangs_up_share": 0.9,
    "human_ratio": 0.4,
    "machine_ratio": 0.1,
    "failure_ratio": 0.3,
    "invalid_share": 0.9,
}

AFFECTED = {
    "human_ring_shape": {"ring"},
    "human_ring_scale_s": {"ring"},
    "human_ring_range_s": {"ring"},
    "machine_ring_mean_s": {"ring"},
    "machine_ring_deviation_s": {"ring"},
    "machine_ring_range_s": {"ring"},
    "machine_detection_s": {"detection_time"},
    "human_detection_s": {"detection_time"},
    "machine_prompt_mean_s": {"prompt"},
    "machine_prompt_deviation_s": {"prompt"},
    "beep_share": {"detection"},
    "failure_range_s": {"ring"},
    "no_answer_s": {"ring"},
    "patience_s": {"patience"},
    "talk_mean_s": {"talk"},
    "talk_variation": {"talk"},
    "wrap_mean_s": {"wrap"},
    "wrap_variation": {"wrap"},
    "machine_talk_s": {"talk"},
    "agent_hangs_up_share": {"agent_hangs_up"},
}
"""What of a fate a parameter decides; the shares of outcomes decide nearly everything, but not the wrap-up."""


def test_every_parameter_of_the_world_is_tried_here() -> None:
    assert CHANGES.keys() == {field.name for field in fields(World)}


@pytest.mark.parametrize("parameter", CHANGES)
def test_a_changed_parameter_leaves_the_other_draws_as_they_were(parameter: str) -> None:
    changed = replace(WORLD, **{parameter: CHANGES[parameter]})
    everything = {field.name for field in fields(Fate)}
    untouched = everything - AFFECTED.get(parameter, everything - {"wrap", "patience"})
    before = list(islice(fates(), 400))
    after = [fate_of(changed, 7, f"token-{number}") for number in range(400)]
    assert before != after
    for name in untouched:
        assert [getattr(fate, name) for fate in before] == [getattr(fate, name) for fate in after], name


def test_sessions_are_lost_as_often_as_is_said_and_the_same_ones_each_time() -> None:
    lasted = [session_drops_after(2.0, 7, number) for number in range(2000)]
    assert lasted == [session_drops_after(2.0, 7, number) for number in range(2000)]
    assert fmean(each for each in lasted if each is not None) == pytest.approx(HOUR / 2, rel=0.1)
    assert session_drops_after(0.0, 7, 1) is None
