"""Which tones are a machine's beep.

Decides what a beep is: one pure tone or two, as loud and as high from its beginning to its end, or sweeping evenly,
for a tenth of a second to 1.7, with quiet before and after. It is told frames, and must not know what they are of.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from trunkcall.amd.spectrum import HOP, WINDOW, Frame


class Kind(Enum):
    ONE = 1
    TWO = 2


@dataclass(frozen=True, slots=True)
class Tone:
    """A beep: from which sample to which, and how high, in hertz; of two tones the stronger one."""

    begins: int
    ends: int
    hz: float


PURE: Final = {Kind.ONE: 0.93, Kind.TWO: 0.90}
"""How much of a frame is the tone, at least: what is always there, noise, left out."""
_LEAST_SHARE: Final = 0.08
"""Of the weaker of two."""
_STANDS_OUT: Final = 4.0
"""How much more than what is always there."""
_NEAR_HZ: Final = 14.0
"""How far apart each of two may be from one frame to the next."""
_FASTEST_HZ: Final = 30.0
"""By how much one may go up or down in a frame, as those do that sweep."""
_GAP: Final = 3
"""Frames that may be missing in the middle: lost, or an interrupted beep."""
_LEAST, _MOST = 4, 85
"""Frames of a beep that are wholly tone."""
_SURE: Final = {Kind.ONE: 6, Kind.TWO: 7}
"""Frames from which a beep may be less even than a short one. Of two tones there are none that are short: a vowel is
two tones for a moment."""
_LEVEL_DB: Final = 3.5
"""How much louder or quieter a frame of it may be."""
_EDGE_DB: Final = 0.8
"""How much quieter a frame at its edge is that is not wholly tone; there are at most two."""
_STEADY_HZ: Final = 4.0
_STEADIER_HZ: Final = 2.0
"""The standard deviation from its height; of one that is short, of two, and from the course of one that sweeps."""
_LEAST_SWEEP_HZ: Final = 3.0
"""By how much that goes on in a frame."""
_LOWEST_HZ: Final = 340.0
_QUIETER_DB: Final = 10.0
"""How much quieter it is before and after."""
_NO_VOICE: Final = 10
_NO_VOICE_HZ: Final = 1.0
"""No voice stays as steady for so many frames: there may be some sound before, if that is no tone, and more after."""
_APART: Final = 4
"""Frames within which a tone follows another one."""
_LESS_QUIET_DB: Final = 6.0


@dataclass(slots=True)
class _Run:
    """Frames of one tone, by their numbers; ``missed`` are those since the last."""

    kind: Kind
    before_db: tuple[float, ...]
    after_tone: bool
    """Whether there was another tone right before."""
    numbers: list[int] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    missed: list[tuple[int, Frame, float]] = field(default_factory=list)


class Tones:
    """Told frame by frame. ``background`` is the power of what is always there."""

    def __init__(self) -> None:
        self._number = -1
        self._levels: deque[float] = deque(maxlen=4)
        self._tone_ended = -_APART
        self._run: _Run | None = None

    @property
    def has_begun(self) -> bool:
        """Whether something is heard that may be one."""
        return self._run is not None and 2 <= len(self._run.numbers) <= _MOST

    def hears(self, frame: Frame, background: float) -> Iterator[Tone]:
        """The beeps that are known of by now."""
        self._number += 1
        yield from self._take(self._number, frame, background)

    def _take(self, number: int, frame: Frame, background: float) -> Iterator[Tone]:
        run = self._run
        kind = _kind(frame, background)
        if run is None:
            if kind is not None:
                after_tone = number - self._tone_ended < _APART
                self._run = _Run(kind, tuple(self._levels), after_tone, [number], [frame])
            self._levels.append(frame.level_db)
            return
        if _goes_on(run, frame, kind):
            if len(run.numbers) > _MOST:
                # None any more, however long it goes on.
                run.numbers.pop()
                run.frames.pop()
            run.numbers.append(number)
            run.frames.append(frame)
            self._levels.extend(each.level_db for _, each, _ in run.missed)
            self._levels.append(frame.level_db)
            run.missed.clear()
            return
        run.missed.append((number, frame, background))
        if len(run.missed) > _GAP:
            self._run = None
            if len(run.frames) >= _LEAST:
                self._tone_ended = run.numbers[-1]
            found = _beep(run)
            if found is not None:
                yield found
            # Another may have begun meanwhile.
            for each in run.missed:
                yield from self._take(*each)


def _kind(frame: Frame, background: float) -> Kind | None:
    power = frame.power - background
    if frame.tone == 0.0 or power < _STANDS_OUT * background:
        return None
    if frame.tone >= PURE[Kind.ONE] * power:
        return Kind.ONE
    if frame.tone + frame.second >= PURE[Kind.TWO] * power and frame.second >= _LEAST_SHARE * power:
        return Kind.TWO
    return None


def _goes_on(run: _Run, frame: Frame, kind: Kind | None) -> bool:
    if kind is not run.kind:
        return False
    last = run.frames[-1]
    if kind is Kind.TWO:
        return _two_near(last, frame)
    return abs(frame.hz - last.hz) <= _FASTEST_HZ * (1 + len(run.missed))


def _two_near(one: Frame, other: Frame) -> bool:
    """Whether both are the same two, whichever is the stronger one."""
    low, high = sorted((one.hz, one.second_hz)), sorted((other.hz, other.second_hz))
    return all(abs(a - b) <= _NEAR_HZ for a, b in zip(low, high, strict=True))


def _beep(run: _Run) -> Tone | None:
    """What a run is, if it is a beep. It was followed by ``_GAP`` frames and one more that are none of it."""
    median_db = statistics.median(frame.level_db for frame in run.frames)
    first, last = 0, len(run.frames) - 1
    while first < min(2, last) and run.frames[first].level_db < median_db - _EDGE_DB:
        first += 1
    while last > max(first, len(run.frames) - 3) and run.frames[last].level_db < median_db - _EDGE_DB:
        last -= 1
    frames, numbers = run.frames[first : last + 1], run.numbers[first : last + 1]
    if len(frames) < _LEAST or numbers[-1] - numbers[0] >= _MOST:
        return None
    if sum(abs(each.level_db - median_db) > _LEVEL_DB for each in frames) > len(frames) // 10:
        return None
    hz = statistics.median(each.hz for each in frames)
    deviation_hz, sweeps = _course(numbers, [_lower(run.kind, each) for each in frames])
    if run.kind is Kind.TWO:
        is_steady = len(frames) >= _SURE[Kind.TWO] and not sweeps and deviation_hz <= _STEADIER_HZ
    elif sweeps:
        is_steady = len(frames) >= _SURE[Kind.TWO] and deviation_hz <= _STEADIER_HZ
    else:
        is_steady = deviation_hz <= (_STEADY_HZ if len(frames) >= _SURE[Kind.ONE] else _STEADIER_HZ)
    if not is_steady or hz < _LOWEST_HZ:
        return None
    before = [*run.before_db, *(each.level_db for each in run.frames[:first])][-3:-1]
    after = [*(each.level_db for each in run.frames[last + 1 :]), *(each.level_db for _, each, _ in run.missed)][1:4]
    no_voice = not sweeps and len(frames) >= _NO_VOICE and deviation_hz <= _NO_VOICE_HZ
    if min(after) > median_db - (_LESS_QUIET_DB if no_voice else _QUIETER_DB):
        return None
    if not before:
        # Nobody has heard how long it was.
        return None
    is_loud_before = min(before) > median_db - _QUIETER_DB
    if is_loud_before and (run.after_tone or not no_voice):
        return None
    return Tone(numbers[0] * HOP, numbers[-1] * HOP + WINDOW, hz)


def _lower(kind: Kind, frame: Frame) -> float:
    return min(frame.hz, frame.second_hz) if kind is Kind.TWO else frame.hz


def _course(numbers: Sequence[int], heights: Sequence[float]) -> tuple[float, bool]:
    """How far it strays from its height, or from an even course up or down; whether it is on one."""
    mean_n, mean_hz = statistics.fmean(numbers), statistics.fmean(heights)
    spread = sum((each - mean_n) ** 2 for each in numbers)
    slope = sum((n - mean_n) * (hz - mean_hz) for n, hz in zip(numbers, heights, strict=True)) / spread
    if abs(slope) < _LEAST_SWEEP_HZ:
        slope = 0.0
    apart = (hz - mean_hz - slope * (n - mean_n) for n, hz in zip(numbers, heights, strict=True))
    return math.sqrt(statistics.fmean(each**2 for each in apart)), slope != 0.0
