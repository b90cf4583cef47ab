"""How many attempts may be begun while the chance that one which is answered finds nobody stays within a risk.

Decides that number from the probabilities of what is to be expected, exactly for few trials and by an approximation for
many. It must not know what the probabilities were told from, nor how the risk is chosen.

Free agents, agents who become free and attempts that come to live answers are independent trials. Their sum at an
instant, agents less live answers, has the characteristic function

    phi(w) = e^(iw supply) * product over agents (1 + q (e^(iw) - 1)) * product over attempts (1 + r (e^(-iw) - 1))

and P(sum <= 0) is a sum of phi over the frequencies of a discrete Fourier transform that is longer than the sum can
range (Hong 2013, "On computing the distribution function for the Poisson binomial distribution").
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trunkcall.engine.pacing.estimates import Floats

Complexes = NDArray[np.complex128]

MAX_AT_ONCE = 200
MAX_EXACTLY = 40
"""Attempts that the exact method will begin at once: enough for the teams it is meant for."""
MIN_FREQUENCIES = 64

_ROOT_HALF = math.sqrt(0.5)


class Expectation:
    """What is to be expected by each of some instants ahead.

    A column for each instant, of probabilities: in ``agents_free`` a row for each agent in a contact, in
    ``live_answers``, which may have more columns, one for each attempt in flight, and in ``answered`` that of any
    attempt which is begun now. ``supply`` is free agents less waiting live answers.
    """

    __slots__ = (
        "agents_free",
        "answered",
        "answers_expected",
        "answers_squares",
        "free_expected",
        "free_squares",
        "live_answers",
        "supply",
    )

    def __init__(self, supply: int, agents_free: Floats, live_answers: Floats, answered: Floats) -> None:
        self.supply = supply
        self.agents_free = agents_free
        self.live_answers = live_answers
        self.answered = answered
        # Sums of columns: of few that are long, a product with ones takes a quarter of the time of a reduction.
        ones = _ones(len(agents_free))
        self.free_expected: list[float] = ones.dot(agents_free).tolist()
        """Agents expected to be free by each instant, all of those in ``agents_free``."""
        self.free_squares: list[float] = ones.dot(agents_free * agents_free).tolist()
        ones = _ones(len(live_answers))
        self.answers_expected: list[float] = ones.dot(live_answers).tolist()
        """Live answers expected by each instant."""
        self.answers_squares: list[float] = ones.dot(live_answers * live_answers).tolist()

    @property
    def trials(self) -> int:
        """Agents in a contact and attempts in flight."""
        return len(self.agents_free) + len(self.live_answers)

    def expected_shortfall(self, free_by: int, answers_by: int) -> float:
        """Live answers that are expected to find nobody: agents as of one instant, live answers as of another."""
        mean = self.supply + self.free_expected[free_by] - self.answers_expected[answers_by]
        variance = self.free_expected[free_by] - self.free_squares[free_by]
        return expected_shortfall(mean, variance + self.answers_expected[answers_by] - self.answers_squares[answers_by])


def attempts_exactly(expectation: Expectation, risk: float) -> int:
    """The largest number of attempts, MAX_EXACTLY at the most, each of which finds nobody with a probability of at
    most ``risk`` as a mean over the instants."""
    supply, instants = expectation.supply, len(expectation.answered)
    agents_free, live_answers = expectation.agents_free, expectation.live_answers[:, :instants]
    ahead, behind, at_most = _transform(_length(expectation.trials + MAX_EXACTLY + abs(supply)))
    weights = at_most[len(at_most) // 2 - supply]
    of_agents = np.multiply.reduce(1.0 + agents_free[:, :, None] * ahead, axis=0)
    sums = of_agents * np.multiply.reduce(1.0 + live_answers[:, :, None] * behind, axis=0)
    one_more = 1.0 + expectation.answered[:, None] * behind
    allowed = risk * instants
    for wanted in range(MAX_EXACTLY):
        if not float((sums @ weights).real.sum()) <= allowed:
            return wanted
        sums *= one_more
    return MAX_EXACTLY


def attempts_nearly(expectation: Expectation, risk: float) -> int:
    """The same number, MAX_AT_ONCE at the most, by a normal approximation with a continuity correction."""
    # A normal distribution function is half of an erfc of what is divided by the root of two variances.
    surplus = expectation.supply - 0.5
    instants = [
        (
            surplus + free - answers,
            2.0 * max(free - free_squares + answers - answers_squares, 0.0),
            answered,
            2.0 * answered * (1.0 - answered),
        )
        for free, free_squares, answers, answers_squares, answered in zip(
            expectation.free_expected,
            expectation.free_squares,
            expectation.answers_expected,
            expectation.answers_squares,
            expectation.answered.tolist(),
            strict=False,
        )
    ]
    allowed = 2.0 * risk * len(instants)
    erfc, sqrt = math.erfc, math.sqrt
    for wanted in range(MAX_AT_ONCE):
        nobody = 0.0
        for mean, variances, answered, more_variances in instants:
            deviation = sqrt(variances + wanted * more_variances) or 1e-9
            nobody += erfc((mean - wanted * answered) / deviation)
        if not nobody <= allowed:
            return wanted
    return MAX_AT_ONCE


def expected_shortfall(mean: float, variance: float) -> float:
    """The expected excess of live answers over agents, where agents less live answers are normal with this mean and
    variance: with z = -mean / s in standard deviations s, s (phi(z) + z Phi(z))."""
    deviation = math.sqrt(max(variance, 0.0)) or 1e-9
    z = -mean / deviation
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return deviation * (density + z * 0.5 * math.erfc(-z * _ROOT_HALF))


@lru_cache(maxsize=1024)
def _ones(number: int) -> Floats:
    return np.ones(number)


def _length(range_of_sum: int) -> int:
    """Frequencies for sums in a range to either side of nothing."""
    length = MIN_FREQUENCIES
    while length < 2 * (range_of_sum + 1):
        length *= 2
    return length


@lru_cache(maxsize=8)
def _transform(length: int) -> tuple[Complexes, Complexes, Complexes]:
    """For each of the frequencies that are not another's conjugate: e^(iw) - 1, e^(-iw) - 1, and, a row for each x from
    -length/2 on, the weights with which phi adds up to P(sum <= x)."""
    number = np.arange(length // 2 + 1)
    turn = np.exp(2j * np.pi * number / length)
    x = np.arange(-(length // 2), length // 2)
    weights = np.exp(-2j * np.pi * np.outer(x, number) / length) / length
    # The real parts of a frequency and its conjugate are the same; those of 0 and of the middle have none.
    weights[:, 1 : length // 2] *= 2.0
    return turn - 1.0, turn.conj() - 1.0, np.cumsum(weights, axis=0)
