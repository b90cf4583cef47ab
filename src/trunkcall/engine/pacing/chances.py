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
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trunkcall.engine.pacing.estimates import Floats

Complexes = NDArray[np.complex128]

MOST_AT_ONCE = 200
MOST_EXACTLY = 40
"""Attempts that the exact method will begin at once: enough for the teams it is meant for."""
LEAST_FREQUENCIES = 64

_ROOT_HALF = math.sqrt(0.5)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is to be expected by each of some instants ahead.

    ``ends`` has a row for each agent in a contact, ``lives`` one for each attempt in flight, ``answered`` is of any
    attempt that is begun now: a probability for each instant. ``supply`` is free agents less waiting live answers, as
    far as they are the campaign's; of the agents in ``ends`` a ``share`` is.
    """

    supply: float
    ends: Floats
    lives: Floats
    answered: Floats
    share: float = 1.0


def most_exactly(prospect: Prospect, risk: float) -> int:
    """The largest number of attempts, MOST_EXACTLY at the most, each of which finds nobody with a probability of at
    most ``risk`` as a mean over the instants. ``share`` must be 1, ``supply`` whole."""
    supply = round(prospect.supply)
    ends, lives = prospect.ends, prospect.lives
    ahead, behind, at_most = _transform(_length(len(ends) + len(lives) + MOST_EXACTLY + abs(supply)))
    weights = at_most[len(at_most) // 2 - supply]
    sums = np.multiply.reduce(1.0 + ends[:, :, None] * ahead) * np.multiply.reduce(1.0 + lives[:, :, None] * behind)
    one_more = 1.0 + prospect.answered[:, None] * behind
    allowed = risk * len(prospect.answered)
    for wanted in range(MOST_EXACTLY):
        if not float((sums @ weights).real.sum()) <= allowed:
            return wanted
        sums *= one_more
    return MOST_EXACTLY


def most_nearly(prospect: Prospect, risk: float) -> int:
    """The same number, MOST_AT_ONCE at the most, by a normal approximation with a continuity correction."""
    ends, lives, share = prospect.ends, prospect.lives, prospect.share
    met, freed = np.add.reduce(lives), np.add.reduce(ends)
    means = prospect.supply + freed * share - met
    variances = (freed - np.add.reduce(ends * ends)) * share + met - np.add.reduce(lives * lives)
    instants = list(zip(means.tolist(), variances.tolist(), prospect.answered.tolist(), strict=True))
    # A normal distribution function is half of an erfc.
    allowed = 2.0 * risk * len(instants)
    erfc, sqrt = math.erfc, math.sqrt
    for wanted in range(MOST_AT_ONCE):
        nobody = 0.0
        for mean, variance, answer in instants:
            met_by_then = wanted * answer
            deviation = sqrt(max(variance, 0.0) + met_by_then * (1.0 - answer)) or 1e-9
            nobody += erfc((mean - 0.5 - met_by_then) / deviation * _ROOT_HALF)
        if not nobody <= allowed:
            return wanted
    return MOST_AT_ONCE


def expected_shortfall(mean: float, variance: float) -> float:
    """The expected excess of live answers over agents, where agents less live answers are normal with this mean and
    variance: with z = -mean / s in standard deviations s, s (phi(z) + z Phi(z))."""
    deviation = math.sqrt(max(variance, 0.0)) or 1e-9
    z = -mean / deviation
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return deviation * (density + z * 0.5 * math.erfc(-z * _ROOT_HALF))


def _length(range_of_sum: int) -> int:
    """Frequencies for sums in a range to either side of nothing."""
    length = LEAST_FREQUENCIES
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
