"""What will happen to agents and attempts within one ring, told from their ages.

Decides the probability that an agent is free, or an attempt has come to a live answer, by each of a few instants ahead:
those at which an attempt begun now would be answered, as quantiles of the time that live answers took. It must not know
how many agents there are, nor what a pacer does with the answer.

Let S_T, S_W, S_R, S_O be the survival functions of talks, of the work after them, of the time to a live answer and of
the time to any outcome. By t seconds from now

- an agent who has worked for a seconds is free with probability 1 - S_W(a + t) / S_W(a);
- one who has talked for a is with the sum over the seconds u of -dS_T(a + u) / S_T(a) (1 - S_W(t - u));
- an attempt in flight for a has come to a live answer with probability p (S_R(a) - S_R(a + t)) / S_O(a).

All of it is kept in tables by whole seconds of age, made anew when the samples have changed: a look is then a few
lookups and sums.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trunkcall.domain.instants import SECOND, Instant
from trunkcall.engine.pacing.estimates import Durations, Floats

INSTANTS = 9
"""How many instants ahead are looked at; each is as likely as the next to be the one of an answer."""
ANSWERED: Floats = (2.0 * np.arange(INSTANTS, dtype=np.float64) + 1.0) / (2.0 * INSTANTS)
"""The share of live answers that have come by each of them."""
MEMORY_LENGTHS = 600
LEAST_AGES = 64
MOST_AGES = 7200
"""Ages from here on, in seconds, count as this one."""


class Outlook:
    """The samples of one campaign and the tables made of them."""

    __slots__ = ("_answer", "_made_of", "_talk", "_work", "at_s", "outcomes", "rings", "talks", "works")

    def __init__(self) -> None:
        self.talks = Durations(MEMORY_LENGTHS)
        self.works = Durations(MEMORY_LENGTHS)
        self.rings = Durations(MEMORY_LENGTHS)
        self.outcomes = Durations(2 * MEMORY_LENGTHS)
        self._made_of = (0, 0, 0, 0)
        self.at_s: Floats = np.zeros(INSTANTS)
        """The instants, seconds from now."""
        self._talk = self._work = self._answer = np.zeros((1, INSTANTS))

    def knows(self, enough: int) -> bool:
        """Whether at least so many of each were seen."""
        return min(len(self.talks), len(self.works), len(self.rings)) >= enough

    def refresh(self) -> None:
        """Make the tables anew if what they are made of has changed."""
        made_of = (self.talks.version, self.works.version, self.rings.version, self.outcomes.version)
        if made_of == self._made_of:
            return
        rings_changed = made_of[2] != self._made_of[2]
        if rings_changed:
            self.at_s = self.rings.quantiles(ANSWERED)
        if rings_changed or made_of[1] != self._made_of[1]:
            self._work = self._of_work()
        if rings_changed or made_of[:2] != self._made_of[:2]:
            self._talk = self._of_talk()
        self._answer = self._of_answers()
        self._made_of = made_of

    def talking(self, since: Sequence[Instant], now: Instant) -> Floats:
        """For each agent who talks, a row: the probabilities of being free by the instants."""
        return _rows(self._talk, since, now)

    def working(self, since: Sequence[Instant], now: Instant) -> Floats:
        """The same for agents at the work after a contact."""
        return _rows(self._work, since, now)

    def dialing(self, since: Sequence[Instant], now: Instant, live_ratio: float) -> Floats:
        """For each attempt in flight, a row: the probabilities of having come to a live answer by the instants; the
        last column is of ever doing so."""
        return np.minimum(_rows(self._answer, since, now) * live_ratio, 1.0)

    # Half a length is added to what survives, so that nothing which has lasted longer than anything before it is
    # thought immortal.

    def _of_work(self) -> Floats:
        ages = _ages(self.works)
        now = self.works.surviving(ages)
        later = self.works.surviving(ages[:, None] + self.at_s)
        ends: Floats = 1.0 - (later + 0.25) / (now[:, None] + 0.5)
        return ends

    def _of_talk(self) -> Floats:
        seconds = int(np.ceil(self.at_s[-1])) + 1
        ages = _ages(self.talks)
        survivors = self.talks.surviving(np.arange(len(ages) + seconds, dtype=np.float64)) + 0.25
        ending = survivors[:-1] - survivors[1:]
        windows = np.lib.stride_tricks.sliding_window_view(ending, seconds)[: len(ages)]
        left = self.at_s - (np.arange(seconds) + 0.5)[:, None]
        worked = np.where(left > 0.0, 1.0 - self.works.survival(np.maximum(left, 0.0)), 0.0)
        free: Floats = (windows @ worked) / (survivors[: len(ages), None] + 0.25)
        return free

    def _of_answers(self) -> Floats:
        ages = _ages(self.outcomes)
        pending = (self.outcomes.surviving(ages) + 0.5) / (len(self.outcomes) + 0.5)
        unanswered = self.rings.survival(ages)
        later = self.rings.survival(ages[:, None] + self.at_s)
        come: Floats = np.concatenate((unanswered[:, None] - later, unanswered[:, None]), axis=1) / pending[:, None]
        return come


def _ages(lengths: Durations) -> Floats:
    """Whole seconds up to the longest length that was seen, and one more for what lasts longer."""
    return np.arange(min(max(int(lengths.longest) + 2, LEAST_AGES), MOST_AGES), dtype=np.float64)


def _rows(table: Floats, since: Sequence[Instant], now: Instant) -> Floats:
    ages = (now - np.array(since, dtype=np.int64) + SECOND // 2) // SECOND
    rows: Floats = table[np.minimum(ages, len(table) - 1)]
    return rows
