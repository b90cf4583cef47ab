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
from typing import Final

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.customer_keys import Chances, pressed
from trunkcall.domain.instants import HOUR, Duration, seconds
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
    mind: int = 0
    """By which it is drawn what the contact does after each message: up to 15 octets."""


# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_HUMAN: Final = Outcome.HUMAN
_MACHINE: Final = Outcome.MACHINE
_BUSY: Final = Outcome.BUSY
_INVALID: Final = Outcome.INVALID
_NO_ANSWER: Final = Outcome.NO_ANSWER
_HUMAN_ANSWERED: Final = DetectionStatus.HUMAN_ANSWERED
_BEEP: Final = DetectionStatus.VOICEMAIL_BEEP
_NO_BEEP: Final = DetectionStatus.VOICEMAIL_NO_BEEP


class Fates:
    """The fates that a world has in store."""

    __slots__ = (
        "_human_detection",
        "_machine_detection",
        "_machine_talk",
        "_no_answer",
        "_patience",
        "_talk",
        "_world",
        "_wrap",
    )

    def __init__(self, world: World) -> None:
        self._world = world
        self._talk = _lognormal(world.talk_mean_s, world.talk_variation)
        self._wrap = _lognormal(world.wrap_mean_s, world.wrap_variation)
        self._human_detection = seconds(world.human_detection_s)
        self._machine_detection = seconds(world.machine_detection_s)
        self._machine_talk = seconds(world.machine_talk_s)
        self._no_answer = seconds(world.no_answer_s)
        self._patience = seconds(world.patience_s)

    def draw(self, random: Random, *, mind: int = 0) -> Fate:
        """The fate of a contact of this mind.

        Every part is drawn in one fixed order, whatever the outcome, so that a change of one parameter leaves the other
        draws as they were.
        """
        world, draw = self._world, random.random
        share = draw()
        invalid = draw() < world.invalid_share
        # Two numbers give two normal ones (Box and Muller 1958), for the machine's ring and its prompt.
        angle = math.tau * draw()
        radius = math.sqrt(-2.0 * math.log(1.0 - draw()))
        failure_share = draw()
        beep = draw() < world.beep_share
        talk = math.exp(random.normalvariate(*self._talk))
        wrap = math.exp(random.normalvariate(*self._wrap))
        agent_hangs_up = draw() < world.agent_hangs_up_share
        # Last, because how many numbers a gamma draw takes depends on its shape.
        human_ring = random.gammavariate(world.human_ring_shape, world.human_ring_scale_s)

        outcome = _outcome(world, share, invalid=invalid)
        detection, detection_time, prompt = _HUMAN_ANSWERED, 0, 0
        if outcome is _HUMAN:
            ring = seconds(_clip(human_ring, world.human_ring_range_s))
            detection_time = self._human_detection
        elif outcome is _MACHINE:
            ring_s = world.machine_ring_mean_s + math.cos(angle) * radius * world.machine_ring_deviation_s
            ring = seconds(_clip(ring_s, world.machine_ring_range_s))
            prompt_s = world.machine_prompt_mean_s + math.sin(angle) * radius * world.machine_prompt_deviation_s
            prompt = seconds(max(0.0, prompt_s))
            detection = _BEEP if beep else _NO_BEEP
            detection_time = self._machine_detection
            agent_hangs_up = True
        elif outcome is _NO_ANSWER:
            ring = self._no_answer
        else:
            least, most = world.failure_range_s
            ring = seconds(least + (most - least) * failure_share)
        # Without names, which would take a tenth of the time.
        return Fate(
            outcome,
            ring,
            detection,
            detection_time,
            prompt,
            self._patience,
            self._machine_talk if outcome is _MACHINE else seconds(talk),
            seconds(wrap),
            agent_hangs_up,
            mind,
        )


def seed_of(seed: int, name: str) -> int:
    """The seed of one of several worlds that have a seed in common."""
    digest = blake2b(name.encode(), digest_size=15, key=seed.to_bytes(16, "little", signed=True)).digest()
    return int.from_bytes(digest, "little")


def fate_of(world: World, seed: int, client_token: str) -> Fate:
    """The fate of a contact that is known by its client token."""
    digest = blake2b(client_token.encode(), digest_size=16, key=seed.to_bytes(16, "little", signed=True)).digest()
    drawn = int.from_bytes(digest, "little")
    return Fates(world).draw(Random(drawn), mind=drawn >> 8)


def keys_after(chances: Chances, mind: int, message: int) -> str:
    """What a contact of this mind presses after its so manieth message; empty for nothing."""
    return pressed(chances, Random(seed_of(mind, f"message {message}")).random()) if chances else ""


def session_drops_after(per_h: float, seed: int, number: int) -> Duration | None:
    """How long the leg of an agent's session stays up before the network loses it, where that happens so often an hour
    on average (exponential); None if it does not. ``number`` says the how manieth session it is."""
    if not per_h:
        return None
    random = Random(seed_of(seed, f"session {number}"))
    return round(random.expovariate(per_h) * HOUR)


def _outcome(world: World, share: float, *, invalid: bool) -> Outcome:
    if share < world.human_ratio:
        return _HUMAN
    share -= world.human_ratio
    if share < world.machine_ratio:
        return _MACHINE
    share -= world.machine_ratio
    if share < world.failure_ratio:
        return _INVALID if invalid else _BUSY
    return _NO_ANSWER


def _clip(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


@lru_cache(maxsize=64)
def _lognormal(mean: float, variation: float) -> tuple[float, float]:
    """The parameters of a lognormal draw by its mean and coefficient of variation: sigma² = ln(1 + cv²),
    mu = ln(mean) − sigma²/2."""
    variance = math.log(1.0 + variation * variation)
    return math.log(mean) - variance / 2.0 if mean else -math.inf, math.sqrt(variance)
