"""The contract between the engine and a pacing method.

Decides what a pacer may look at, what it is told, and what it answers. The engine holds every limit (agents reserved,
lines, attempts per second); a pacer only says how many attempts it would like.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from trunkcall.domain.instants import Duration, Instant
from trunkcall.engine.ledger import Standing
from trunkcall.engine.pacing.estimates import Floats
from trunkcall.engine.pacing.experience import INSTANTS


class PacingView(Protocol):
    """One campaign as its pacer sees it, at the instant of asking. Agents of whom nothing is heard are not counted, nor
    those who are allotted to other campaigns (allotment.py)."""

    @property
    def free_agents(self) -> int:
        """Agents of the campaign's queue who are available and not reserved for a contact that is being dialed."""

    @property
    def staffed_agents(self) -> int:
        """Agents of the campaign's queue who are at work, in whatever state, and heard of."""

    @property
    def lines_in_flight(self) -> int:
        """Attempts of the campaign that no agent has taken and that have not ended."""

    @property
    def lines_free(self) -> int:
        """Lines of the instance that nobody holds."""

    @property
    def waiting(self) -> int:
        """Live answers in the campaign's queue that no agent has taken yet, whichever campaign they are of."""

    @property
    def rivals(self) -> Sequence[Rival]:
        """The other campaigns that look ahead for the same agents, and dial or have attempts in flight."""

    @property
    def standing(self) -> Standing:
        """What the campaign's ledger has left."""

    @property
    def talking_since(self) -> Collection[Instant]:
        """Since when each agent of the queue who was chosen for a contact that still goes on has been. Whoever will be
        away afterwards is left out, here and below."""

    @property
    def working_since(self) -> Collection[Instant]:
        """Since when each agent of the queue who is at work after a contact has been."""

    @property
    def dialing_since(self) -> Collection[Instant]:
        """Since when each attempt has been in flight of which it is not yet known whether it is a live answer."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Another campaign that looks ahead for the same agents: its live answers find nobody where the campaign's do."""

    pacer: Pacer
    dialing_since: Collection[Instant]
    """As the view's."""
    standing: Standing


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a pacer that looks ahead expects."""

    live_ratio: float
    """Live answers over attempts, as learned lately."""
    horizon: Duration
    """How long an attempt takes to a live answer, half of the time."""
    agents_expected: float
    """Agents who are expected to become free by then."""
    live_answers_expected: float
    """Live answers to be expected of the attempts in flight."""
    risk: float
    """The probability of finding nobody that a live answer may have where the ledger is as it should be."""
    risk_scale: float
    """By how much the ledger multiplies that: 0 where nothing is left, more than 1 where there is plenty."""
    rivals_scale: float
    """The same by the ledgers of rivals, the least of them; infinite without any. The lesser of the two counts."""
    risk_allowed: float
    """The probability that comes of all that."""


class Pacer(Protocol):
    """A pacing method. One object serves one campaign and may keep state between questions."""

    one_to_one: bool
    """Whether each attempt reserves an agent for as long as it is in flight, so that every live answer meets one."""

    needs_agents: bool
    """Whether live answers go to agents at all."""

    look_every: Duration
    """How long after a question it is asked again, and not before; 0 asks whenever something has happened."""

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """How many more attempts to begin now, 0 or more."""

    def attempt_ended(self, age: Duration, *, live: bool) -> None:
        """An attempt has come to a live answer, or to something else, so long after it began."""

    def forecast(self, view: PacingView, now: Instant) -> Forecast | None:
        """What it expects; None of a method that looks at the present alone, or has learned too little yet. Asking
        changes nothing."""

    def live_answer_probabilities(self, dialing_since: Collection[Instant], now: Instant) -> Floats:
        """What it expects of its own attempts in flight, for another that counts on the same agents: a row for each,
        of the probabilities of having come to a live answer by each instant ahead, and of ever doing so."""

    def talk_ended(self, length: Duration) -> None:
        """A contact has ended, so long after its agent was chosen."""

    def work_ended(self, length: Duration) -> None:
        """An agent is done with the work after a contact, so long after its end."""

    def abandoned(self) -> None:
        """A live answer was not reached by an agent in time."""


class LearnsNothing:
    """What a pacer that learns nothing is told."""

    look_every: Duration = 0

    def live_answer_probabilities(self, dialing_since: Collection[Instant], now: Instant) -> Floats:
        """Nothing."""
        return np.empty((0, INSTANTS + 1))

    def attempt_ended(self, age: Duration, *, live: bool) -> None:
        """Nothing."""

    def forecast(self, view: PacingView, now: Instant) -> Forecast | None:
        """Nothing."""
        return None

    def talk_ended(self, length: Duration) -> None:
        """Nothing."""

    def work_ended(self, length: Duration) -> None:
        """Nothing."""

    def abandoned(self) -> None:
        """Nothing."""
