"""What a campaign has seen, and what it tells of agents and attempts within one ring, by their ages.

Decides the probability that an agent is free, or an attempt has come to a live answer, by each of a few instants ahead:
those at which an attempt begun now would be answered, as quantiles of the time that live answers took. It must not know
how many agents are free, nor what a pacer does with the answer.

Let S_T, S_W, S_R, S_O be the survival functions of talks, of the work after them, of the time to a live answer and of
the time to any outcome. By t seconds from now

- an agent who has worked for a seconds is free with probability 1 - S_W(a + t) / S_W(a);
- one who has talked for a is with the sum over the seconds u of -dS_T(a + u) / S_T(a) (1 - S_W(t - u));
- an attempt in flight for a has come to a live answer with probability p (S_R(a) - S_R(a + t)) / S_O(a).

All of it is kept in tables by whole seconds of age, made anew when the samples have changed: a look is then a few
lookups and sums. Until enough live answers were seen, every attempt counts as if it were answered at once or never, and
until enough talks and works were, agents in a contact count as if they stayed in it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.values import quickly_made
from trunkcall.engine.pacing.estimates import Ages, Durations, Floats

INSTANTS = 9
"""How many instants ahead are looked at; each is as likely as the next to be the one of an answer."""
MIDDLE = INSTANTS // 2
EVER = INSTANTS
"""The column of live answers that come at all."""
ANSWERED: Floats = (2.0 * np.arange(INSTANTS, dtype=np.float64) + 1.0) / (2.0 * INSTANTS)
"""The share of live answers that have come by each of them."""
AT_ONCE: Floats = np.ones(INSTANTS)
"""The same if every attempt is answered at once or never."""
ENOUGH = 10
"""Of each kind that must have been seen before it is told anything from."""
MEMORY_ANSWERS = 600
MEMORY_CONTACTS = 1200
MIN_AGES = 64
MAX_AGES = 7200
"""Ages from here on, in seconds, count as this one."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Probabilities:
    """Probabilities, a column for each of the instants ahead."""

    agents_free: Floats
    """Of being free, a row for each agent who talks, then for each who works."""
    live_answers: Floats
    """Of having come to a live answer, a row for each attempt in flight. One column more, EVER, is of ever doing so."""
    answered: Floats
    """The same for an attempt that is begun now."""


class Experience:
    """The samples of one campaign and the tables made of them."""

    __slots__ = ("_answer", "_made_of", "_talk", "_work", "at_s", "can_predict", "outcomes", "rings", "talks", "works")

    def __init__(self) -> None:
        self.talks = Durations(MEMORY_CONTACTS)
        self.works = Durations(MEMORY_CONTACTS)
        self.rings = Durations(MEMORY_ANSWERS)
        self.outcomes = Durations(2 * MEMORY_ANSWERS)
        self.can_predict = False
        """Whether it can tell instants ahead."""
        self.at_s: Floats = np.zeros(INSTANTS)
        """The instants, seconds from now."""
        self._made_of = (0, 0, 0, 0)
        # Tables have a row for each second of age.
        self._talk = self._work = np.zeros((1, INSTANTS))
        self._answer = np.ones((1, INSTANTS + 1))

    def look(
        self,
        now: Instant,
        *,
        talking_since: Collection[Instant],
        working_since: Collection[Instant],
        dialing_since: Collection[Instant],
        live_ratio: float,
        learn: bool = True,
    ) -> Probabilities:
        """What is to be expected of these agents and attempts, where ``live_ratio`` of attempts are live answers.
        Without ``learn`` nothing is made anew of what was seen since the last look."""
        ages = _ages((*talking_since, *working_since, *dialing_since), now)
        talks, contacts = len(talking_since), len(talking_since) + len(working_since)
        talking, working, dialing = ages[:talks], ages[talks:contacts], ages[contacts:]
        if learn:
            self._refresh(talking, working, len(dialing))
        agents_free = np.empty((contacts, INSTANTS))
        self._talk.take(talking, axis=0, mode="clip", out=agents_free[:talks])
        self._work.take(working, axis=0, mode="clip", out=agents_free[talks:])
        return Probabilities(
            agents_free,
            self._live_answers(dialing, live_ratio),
            (ANSWERED if self.can_predict else AT_ONCE) * live_ratio,
        )

    def live_answers(self, now: Instant, dialing_since: Collection[Instant], live_ratio: float) -> Floats:
        """The ``live_answers`` of a look at these attempts alone, as of the last look."""
        return self._live_answers(_ages(dialing_since, now), live_ratio)

    def _live_answers(self, dialing: Ages, live_ratio: float) -> Floats:
        answers: Floats = self._answer.take(dialing, axis=0, mode="clip")
        answers *= live_ratio
        return np.minimum(answers, 1.0, out=answers)

    def _refresh(self, talking: Ages, working: Ages, in_flight: int) -> None:
        """Make the tables anew if what they are made of has changed."""
        made_of = (self.talks.version, self.works.version, self.rings.version, self.outcomes.version)
        if made_of == self._made_of:
            return
        # While most attempts are still in flight, those that have come to something are the quick ones.
        self.can_predict = self.can_predict or (
            len(self.rings) >= ENOUGH and len(self.outcomes) >= min(in_flight, MEMORY_ANSWERS)
        )
        if not self.can_predict:
            return
        rings_changed = made_of[2] != self._made_of[2]
        if rings_changed:
            self.at_s = self.rings.quantiles(ANSWERED)
        contacts_changed = rings_changed or made_of[:2] != self._made_of[:2]
        if contacts_changed and min(len(self.talks), len(self.works)) >= ENOUGH:
            self._tell_contacts(talking, working)
        if rings_changed or made_of[3] != self._made_of[3]:
            self._tell_answers()
        self._made_of = made_of

    def _tell_contacts(self, talking: Ages, working: Ages) -> None:
        talking, working = np.maximum(talking, 0), np.maximum(working, 0)
        ahead = int(np.ceil(self.at_s[-1])) + 1
        talk_ages, work_ages = _span(self.talks, talking), _span(self.works, working)
        talks = self.talks.survival_by_second(talk_ages + ahead, talking)
        works = self.works.survival_by_second(work_ages + ahead, working)
        seconds = np.arange(len(works), dtype=np.float64)
        later = np.interp(seconds[:work_ages, None] + self.at_s, seconds, works)
        self._work = 1.0 - later / works[:work_ages, None]
        ending = talks[:-1] - talks[1:]
        windows = np.ndarray((talk_ages, ahead), buffer=ending, strides=2 * ending.strides)
        left = self.at_s - (np.arange(ahead)[:, None] + 0.5)
        worked = np.where(left > 0.0, 1.0 - np.interp(left, seconds, works), 0.0)
        self._talk = (windows @ worked) / talks[:talk_ages, None]

    def _tell_answers(self) -> None:
        ages = np.arange(_span(self.outcomes), dtype=np.float64)
        # Half an outcome is added, so that nothing which is in flight for longer than any before is thought impossible.
        outcomes = len(self.outcomes)
        pending = (self.outcomes.survival(ages) * outcomes + 0.5) / (outcomes + 0.5)
        unanswered = self.rings.survival(ages)
        self._answer = np.empty((len(ages), INSTANTS + 1))
        self._answer[:, :EVER] = unanswered[:, None] - self.rings.survival(ages[:, None] + self.at_s)
        self._answer[:, EVER] = unanswered
        self._answer /= pending[:, None]


def _span(lengths: Durations, ongoing: Ages | None = None) -> int:
    """How many whole seconds of age a table has: up to the longest, and one more for what lasts longer."""
    longest = int(lengths.longest)
    if ongoing is not None and len(ongoing):
        longest = max(longest, int(ongoing.max()))
    return min(max(longest + 2, MIN_AGES), MAX_AGES)


def _ages(since: Collection[Instant], now: Instant) -> Ages:
    """In whole seconds. Below 0 where a former dialer began it by a clock that was ahead: tables count that as 0."""
    ages: Ages = np.fromiter(since, np.int64, len(since))
    np.subtract(now + SECOND // 2, ages, out=ages)
    ages //= SECOND
    return ages
