"""What a simulated world does with an attempt: outcome, ringing, detection, patience, talk and wrap-up.

Decides the distributions, and that a contact's fate is a function of the seed and its client token alone, so that runs
can be repeated although ids and scheduling differ. It must not know engines, carriers or clocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from random import Random

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import Duration, seconds
from trunkcall.domain.values import quickly_made


class Outcome(StrEnum):
    """What meets an attempt at the far end."""

    HUMAN = "human"
    MACHINE = "machine"
    BUSY = "busy"
    INVALID = "invalid"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class World:
    """Parameters of the simulated world. Times are seconds; ratios are shares of all attempts."""

    human_ratio: float = 0.25
    """Of all attempts, how many are answered by a person."""
    machine_ratio: float = 0.30
    """Of all attempts, how many are answered by a machine."""
    failure_ratio: float = 0.10
    """Of all attempts, how many are busy or invalid. What is left of the whole rings unanswered."""
    invalid_share: float = 0.3
    """Of the failures, how many are invalid numbers; the rest are busy."""
    human_ring_shape: float = 4.0
    """How long a phone rings until a person answers is a gamma distribution of this shape."""
    human_ring_scale_s: float = 3.0
    """The scale of that distribution; its mean is shape × scale."""
    human_ring_range_s: tuple[float, float] = (2.0, 28.0)
    """What is beyond is moved to the edge of this range."""
    machine_ring_mean_s: float = 22.0
    """How long it rings until a machine answers, on average (normal)."""
    machine_ring_deviation_s: float = 3.0
    """The standard deviation of that."""
    machine_ring_range_s: tuple[float, float] = (8.0, 30.0)
    """What is beyond is moved to the edge of this range."""
    machine_detection_s: float = 2.5
    """How long after its answer a machine is recognised."""
    human_detection_s: float = 0.0
    """How long after the answer a person is recognised. Patience runs meanwhile, and who hangs up before is no live
    answer yet."""
    machine_prompt_mean_s: float = 12.0
    """How much longer a machine's prompt goes on then, on average (normal). It matters where a campaign `awaits_prompt`
    to its end."""
    machine_prompt_deviation_s: float = 3.0
    """The standard deviation of that."""
    beep_share: float = 0.6
    """Of the machines, how many end their prompt with a beep."""
    failure_range_s: tuple[float, float] = (1.0, 5.0)
    """How long it takes to hear that a number is busy or invalid (uniform)."""
    no_answer_s: float = 28.0
    """How long a phone rings that nobody answers."""
    patience_s: float = 2.0
    """How long after answering a person who hears nobody hangs up."""
    talk_mean_s: float = 120.0
    """How long agent and customer talk, on average (lognormal)."""
    talk_variation: float = 1.0
    """The coefficient of variation of that: standard deviation over mean."""
    wrap_mean_s: float = 30.0
    """How long the agent works afterwards, on average (lognormal)."""
    wrap_variation: float = 0.5
    """The coefficient of variation of that."""
    machine_talk_s: float = 8.0
    """How long an agent listens to a machine that was put through."""
    agent_hangs_up_share: float = 0.3
    """Of the talks, how many the agent ends."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Fate:
    """What is in store for one contact."""

    outcome: Outcome
    ring: Duration
    """From dialing to the answer, or to the network's word that there is none."""
    detection: DetectionStatus
    detection_time: Duration
    prompt: Duration
    """How much longer a machine's prompt goes on after it was recognised."""
    patience: Duration
    talk: Duration
    wrap: Duration
    agent_hangs_up: bool


def fate_of(world: World, seed: int, client_token: str) -> Fate:
    """The fate of a contact that is known by its client token."""
    digest = blake2b(client_token.encode(), digest_size=16, key=seed.to_bytes(16, "little", signed=True)).digest()
    return draw_fate(world, Random(int.from_bytes(digest, "little")))  # noqa: S311 - a simulation, not a secret


def draw_fate(world: World, random: Random) -> Fate:
    """The fate of a contact, drawn.

    Every part is drawn in one fixed order, whatever the outcome, so that a change of one parameter leaves the other
    draws as they were.
    """
    draw = random.random
    share = draw()
    invalid = draw() < world.invalid_share
    machine_ring = random.gauss(world.machine_ring_mean_s, world.machine_ring_deviation_s)
    failure = random.uniform(*world.failure_range_s)
    beep = draw() < world.beep_share
    prompt = random.gauss(world.machine_prompt_mean_s, world.machine_prompt_deviation_s)
    talk = random.lognormvariate(*_lognormal(world.talk_mean_s, world.talk_variation))
    wrap = random.lognormvariate(*_lognormal(world.wrap_mean_s, world.wrap_variation))
    agent_hangs_up = draw() < world.agent_hangs_up_share
    # Last, because how many numbers a gamma draw takes depends on its shape.
    human_ring = random.gammavariate(world.human_ring_shape, world.human_ring_scale_s)

    detection, detection_s, prompt_s = DetectionStatus.HUMAN_ANSWERED, 0.0, 0.0
    outcome = _outcome(world, share, invalid=invalid)
    if outcome is Outcome.HUMAN:
        ring = _clip(human_ring, world.human_ring_range_s)
        detection_s = world.human_detection_s
    elif outcome is Outcome.MACHINE:
        ring = _clip(machine_ring, world.machine_ring_range_s)
        detection = DetectionStatus.VOICEMAIL_BEEP if beep else DetectionStatus.VOICEMAIL_NO_BEEP
        detection_s, prompt_s = world.machine_detection_s, max(0.0, prompt)
        talk, agent_hangs_up = world.machine_talk_s, True
    else:
        ring = world.no_answer_s if outcome is Outcome.NO_ANSWER else failure
    # Without names, which would take a tenth of the time.
    return Fate(
        outcome,
        seconds(ring),
        detection,
        seconds(detection_s),
        seconds(prompt_s),
        seconds(world.patience_s),
        seconds(talk),
        seconds(wrap),
        agent_hangs_up,
    )


def _outcome(world: World, share: float, *, invalid: bool) -> Outcome:
    if share < world.human_ratio:
        return Outcome.HUMAN
    share -= world.human_ratio
    if share < world.machine_ratio:
        return Outcome.MACHINE
    share -= world.machine_ratio
    if share < world.failure_ratio:
        return Outcome.INVALID if invalid else Outcome.BUSY
    return Outcome.NO_ANSWER


def _clip(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


@lru_cache(maxsize=64)
def _lognormal(mean: float, variation: float) -> tuple[float, float]:
    """The parameters of a lognormal draw by its mean and coefficient of variation: sigma² = ln(1 + cv²),
    mu = ln(mean) − sigma²/2."""
    variance = math.log(1.0 + variation * variation)
    return math.log(mean) - variance / 2.0 if mean else -math.inf, math.sqrt(variance)
