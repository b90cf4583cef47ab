"""What a pacer learns of the world and expects of it. If these fail, it dials for agents who will not be free."""

from __future__ import annotations

import numpy as np
import pytest

from trunkcall.domain.instants import SECOND, Instant
from trunkcall.engine.pacing.estimates import Durations, Ratio
from trunkcall.engine.pacing.experience import ANSWERED, ENOUGH, Experience, Probabilities

NOW: Instant = 1_000_000 * SECOND


def test_a_ratio_follows_the_world_and_forgets() -> None:
    ratio = Ratio(memory=400, prior=0.5, prior_trials=4)
    for number in range(2000):
        ratio.enter(number % 10 == 0)
    assert ratio.value == pytest.approx(0.10, abs=0.01)
    for number in range(2000):
        ratio.enter(number % 4 == 0)
    assert ratio.value == pytest.approx(0.25, abs=0.01)


def test_a_ratio_says_how_little_it_knows() -> None:
    ratio = Ratio(memory=400, prior=0.5, prior_trials=4)
    at_first = ratio.deviation
    for number in range(100):
        ratio.enter(number % 4 == 0)
    assert at_first > 0.2
    assert ratio.deviation == pytest.approx((0.25 * 0.75 / 100) ** 0.5, rel=0.15)


def test_a_sample_forgets_what_is_long_ago() -> None:
    durations = Durations(100)
    for length in [*range(1001, 1101), *range(1, 101), *range(1, 101)]:
        durations.enter(float(length))
    assert len(durations) == 100
    assert durations.longest == 100
    assert durations.survival(np.array([0.0, 50.0, 100.0])) == pytest.approx([1.0, 0.5, 0.0], abs=0.06)
    assert durations.quantiles(np.array([0.5]))[0] == pytest.approx(50, abs=4)


def test_what_still_goes_on_counts_for_as_long_as_it_has() -> None:
    """A minute after the first talks began, those that have ended are the short ones. Whoever took them for all talks
    would count on agents who go on talking."""
    talks = np.random.default_rng(1).exponential(120.0, 5000)
    durations = Durations(5000)
    for length in talks[talks < 60]:
        durations.enter(float(length))
    ongoing = np.full(int((talks >= 60).sum()), 60, dtype=np.int64)
    told = durations.survival_by_second(60, ongoing)
    assert told[30] == pytest.approx(np.exp(-30 / 120), abs=0.02)
    assert told[59] == pytest.approx(np.exp(-59 / 120), abs=0.02)
    assert durations.survival(np.array([59.0]))[0] < 0.05, "the sample alone says that no talk lasts for a minute"


def test_nothing_lasts_for_ever_nor_ends_for_sure() -> None:
    durations = Durations(100)
    for _ in range(50):
        durations.enter(10.0)
    survival = durations.survival_by_second(200, np.empty(0, dtype=np.int64))
    assert (np.diff(survival) < 0).all()
    assert (survival > 0).all()


@pytest.fixture(scope="module")
def experience() -> Experience:
    """Talks that end at a constant rate, work of 10 to 50 s, answers after 2 to 22 s; nobody answers after that."""
    generator = np.random.default_rng(1)
    experience = Experience()
    for talk, work, ring in zip(
        generator.exponential(120.0, 1200), generator.uniform(10, 50, 1200), generator.uniform(2, 22, 1200), strict=True
    ):
        experience.talks.enter(talk)
        experience.works.enter(work)
        experience.rings.enter(ring)
        experience.outcomes.enter(ring)
        experience.outcomes.enter(28.0)
    return experience


def look(
    experience: Experience,
    *,
    talking: tuple[int, ...] = (),
    working: tuple[int, ...] = (),
    dialing: tuple[int, ...] = (),
) -> Probabilities:
    """A look at agents who have talked or worked, and attempts that were begun, for so many seconds."""
    return experience.look(
        NOW,
        talking_since=[NOW - age * SECOND for age in talking],
        working_since=[NOW - age * SECOND for age in working],
        dialing_since=[NOW - age * SECOND for age in dialing],
        live_ratio=0.5,
    )


def test_work_ends_as_it_did_before(experience: Experience) -> None:
    rows = look(experience, working=(0, 30, 600)).agents_free
    t = experience.at_s
    assert rows[0] == pytest.approx(np.clip((t - 10) / 40, 0, 1), abs=0.06)
    assert rows[1] == pytest.approx(np.clip(t / 20, 0, 1), abs=0.08)
    assert (rows[2] > 0).all(), "nothing lasts for ever"
    assert (rows[2] < 1).all()


def test_a_talk_is_followed_by_work(experience: Experience) -> None:
    """P(free by t) is the integral over the end u of the talk, at rate 1/120 s, of P(work <= t - u)."""
    row = look(experience, talking=(60,)).agents_free[0]
    for t, found in zip(experience.at_s, row, strict=True):
        u = np.linspace(0, t, 400)
        density = np.exp(-u / 120) / 120 * np.clip((t - u - 10) / 40, 0, 1)
        assert found == pytest.approx(float(np.trapezoid(density, u)), abs=0.006)


def test_attempts_come_to_live_answers_by_their_age(experience: Experience) -> None:
    rows = look(experience, dialing=(0, 12, 25)).live_answers
    assert rows[0, -1] == pytest.approx(0.5, abs=0.01)
    assert rows[0, :-1] == pytest.approx(0.5 * ANSWERED, abs=0.02)
    assert rows[1, -1] == pytest.approx(0.25 / 0.75, abs=0.04), "half of those who would answer have not yet"
    assert rows[2, -1] == 0.0, "nobody answers after 22 s"


def test_what_was_not_seen_yet_is_expected_to_be_at_its_worst() -> None:
    """At the beginning of a shift: attempts may all be answered at the same moment, nobody hangs up."""
    experience = Experience()
    for _ in range(ENOUGH - 1):
        experience.talks.enter(1.0)
        experience.works.enter(1.0)
        experience.rings.enter(10.0)
        experience.outcomes.enter(10.0)
    blind = look(experience, talking=(500,), working=(500,), dialing=(1, 27))
    assert not experience.can_predict
    assert (blind.agents_free == 0.0).all()
    assert (blind.live_answers == 0.5).all()
    assert (blind.answered == 0.5).all()


def test_the_quick_answers_of_many_attempts_are_not_taken_for_all() -> None:
    experience = Experience()
    for _ in range(3 * ENOUGH):
        experience.rings.enter(3.0)
        experience.outcomes.enter(3.0)
    assert (look(experience, dialing=(4,) * 200).live_answers == 0.5).all(), "most of them still ring"
    assert (look(experience, dialing=(4,) * 5).live_answers < 0.5).all()
