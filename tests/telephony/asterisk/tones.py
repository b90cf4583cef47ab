"""What can be heard in what a phone has received: which tones, each of one whole number of hertz."""

from __future__ import annotations

import math
import wave
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

RATE = 8000
WINDOW_S, STEP_S = 0.5, 0.25
LOUD = 0.05
"""Of full scale: what is quieter is silence."""
PURE = 0.5
"""How much of all that is heard a tone is, at least: what lasts for half of the time is not taken for one, nor where a
tone was interrupted another one right beside it, which is never more than 0.41 of it."""


def a_tone(file: Path, hertz: float, length_s: float, loudness: float = 0.5) -> Path:
    """A file as sounds are kept in."""
    samples = [loudness * math.sin(2 * math.pi * hertz * n / RATE) for n in range(round(length_s * RATE))]
    with wave.open(str(file), "wb") as written:
        written.setparams((1, 2, RATE, 0, "NONE", ""))
        written.writeframes(np.array([round(32767 * each) for each in samples], "<i2").tobytes())
    return file


def _linear(octet: int) -> float:
    """An octet of G.711 as a sample from -1 to 1."""
    value = ~octet & 0xFF
    size = (((value & 0x0F) << 3) + 132 << ((value & 0x70) >> 4)) - 132
    return (-size if value & 0x80 else size) / 32635


_LINEAR = np.array([_linear(octet) for octet in range(256)])


def tones_in(heard: bytes) -> set[int]:
    """Every tone that is heard alone for half a second, in hertz: half a second tells even numbers of them."""
    return _tones(_LINEAR[np.frombuffer(heard, dtype=np.uint8)])


def tones_of(samples: bytes) -> set[int]:
    """The same of samples of 16 bits, as they are in files of sound."""
    return _tones(np.frombuffer(samples[: len(samples) // 2 * 2], "<i2") / 32768)


def _tones(samples: np.ndarray) -> set[int]:
    window, step = round(WINDOW_S * RATE), round(STEP_S * RATE)
    found: set[int] = set()
    for begin in range(0, len(samples) - window + 1, step):
        part = samples[begin : begin + window]
        if np.sqrt(np.mean(part**2)) < LOUD:
            continue
        power = np.abs(np.fft.rfft(part)) ** 2
        loudest = int(np.argmax(power))
        if power[loudest] > PURE * power.sum():
            found.add(round(loudest / WINDOW_S))
    return found


FRAME = 160
"""Samples, 20 ms: it tells whole multiples of 50 hertz from each other."""


def seconds_of(hertz: int, heard: bytes) -> float:
    """For how long a tone is heard, whatever else is, in whole frames; of hertz that a frame can tell. A frame alone,
    in which one sound ends and another begins, may have anything in it and counts for nothing."""
    assert hertz % (RATE // FRAME) == 0
    whole = len(heard) // FRAME * FRAME
    frames = _LINEAR[np.frombuffer(heard[:whole], dtype=np.uint8)].reshape(-1, FRAME)
    wave = np.exp(-2j * np.pi * hertz * np.arange(FRAME) / RATE)
    loudness = 2 * np.abs(frames @ wave) / FRAME
    loud = np.pad(loudness > LOUD, 1)
    return int(np.count_nonzero(loud[1:-1] & (loud[:-2] | loud[2:]))) * FRAME / RATE


PART, LEAST_PARTS = 800, 3
"""A tenth of a second in samples, and how many of them a tone goes on at least: less is the end of one tone and the
beginning of another."""


def in_order(heard: bytes, tones: Sequence[int]) -> list[int]:
    """Which of these tones, whole tens of hertz, are heard one after the other. One that is heard again after silence
    or another is there twice."""
    whole = len(heard) // PART * PART
    parts = _LINEAR[np.frombuffer(heard[:whole], dtype=np.uint8)].reshape(-1, PART)
    waves = np.exp(-2j * np.pi * np.outer(np.arange(PART), tones) / RATE)
    loudness = 2 * np.abs(parts @ waves) / PART
    loudest = [tones[at] if loud[at] > LOUD else 0 for loud, at in zip(loudness, loudness.argmax(axis=1), strict=True)]
    return [hertz for hertz, run in groupby(loudest) if hertz and len([*run]) >= LEAST_PARTS]
