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


class Prospect:
    """What is to be expected by each of some instants ahead.

    A row for each instant, of probabilities: in ``ends`` one for each agent in a contact, in ``lives``, which may have
    more rows, one for each attempt in flight, and in ``answered`` that of any attempt which is begun now. ``supply`` is
    free agents less waiting live answers.
    """

    __slots__ = ("answered", "ends", "freed", "freed_squares", "lives", "met", "met_squares", "supply")

    def __init__(self, supply: int, ends: Floats, lives: Floats, answered: Floats) -> None:
        self.supply = supply
        self.ends = ends
        self.lives = lives
        self.answered = answered
        self.freed: list[float] = np.add.reduce(ends, axis=1).tolist()
        """Agents expected to be free by each instant, all of those in ``ends``."""
        self.freed_squares: list[float] = np.add.reduce(ends * ends, axis=1).tolist()
        self.met: list[float] = np.add.reduce(lives, axis=1).tolist()
        """Live answers expected by each instant."""
        self.met_squares: list[float] = np.add.reduce(lives * lives, axis=1).tolist()

    @property
    def trials(self) -> int:
        """Agents in a contact and attempts in flight."""
        return len(self.ends[0]) + len(self.lives[0])

    def expected_shortfall(self, freed_by: int, met_by: int) -> float:
        """Live answers that are expected to find nobody: agents as of one instant, live answers as of another."""
        mean = self.supply + self.freed[freed_by] - self.met[met_by]
        variance = self.freed[freed_by] - self.freed_squares[freed_by]
        return expected_shortfall(mean, variance + self.met[met_by] - self.met_squares[met_by])


def attempts_exactly(prospect: Prospect, risk: float) -> int:
    """The largest number of attempts, MAX_EXACTLY at the most, each of which finds nobody with a probability of at
    most ``risk`` as a mean over the instants."""
    supply, instants = prospect.supply, len(prospect.answered)
    ends, lives = prospect.ends, prospect.lives[:instants]
    ahead, behind, at_most = _transform(_length(prospect.trials + MAX_EXACTLY + abs(supply)))
    weights = at_most[len(at_most) // 2 - supply]
    of_agents = np.multiply.reduce(1.0 + ends[:, :, None] * ahead, axis=1)
    sums = of_agents * np.multiply.reduce(1.0 + lives[:, :, None] * behind, axis=1)
    one_more = 1.0 + prospect.answered[:, None] * behind
    allowed = risk * instants
    for wanted in range(MAX_EXACTLY):
        if not float((sums @ weights).real.sum()) <= allowed:
            return wanted
        sums *= one_more
    return MAX_EXACTLY


def attempts_nearly(prospect: Prospect, risk: float) -> int:
    """The same number, MAX_AT_ONCE at the most, by a normal approximation with a continuity correction."""
    of_agents = zip(prospect.freed, prospect.freed_squares, strict=True)
    of_attempts = zip(prospect.met, prospect.met_squares, strict=True)
    instants = [
        (prospect.supply + freed - met, max(freed - freed_squares + met - met_squares, 0.0), answered)
        for (freed, freed_squares), (met, met_squares), answered in zip(
            of_agents, of_attempts, prospect.answered.tolist(), strict=False
        )
    ]
    # A normal distribution function is half of an erfc.
    allowed = 2.0 * risk * len(instants)
    erfc, sqrt = math.erfc, math.sqrt
    for wanted in range(MAX_AT_ONCE):
        nobody = 0.0
        for mean, variance, answered in instants:
            met_by_then = wanted * answered
            deviation = sqrt(variance + met_by_then * (1.0 - answered)) or 1e-9
            nobody += erfc((mean - 0.5 - met_by_then) / deviation * _ROOT_HALF)
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
