"""Samples become octets of a telephone and back. If these fail, everything that is played or recorded is noise."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from telephony.asterisk.phone import linear, ulaw
from trunkcall.amd.g711 import decoded
from trunkcall.telephony.sound.ulaw import NoSoundError, encoded, read

EVERY = np.arange(-32768, 32768).astype(np.int16)


def test_every_sample_comes_back_as_nearly_as_a_telephone_carries_it() -> None:
    away = np.abs(decoded(encoded(EVERY)).astype(int) - EVERY.astype(int))
    assert np.all(away <= np.maximum(8, np.abs(EVERY.astype(int)) // 25 + 4))


def test_octets_are_those_of_any_other_telephone() -> None:
    """One that was written from the same recommendation, for tests."""
    for sample in range(-32635, 32636, 97):
        assert encoded(np.array([sample], np.int16))[0] == ulaw(sample / 32635)
    for octet in range(256):
        assert decoded(bytes([octet]))[0] == round(linear(octet) * 32767)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "fast.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"\0" * 100)
    (tmp_path / "words.wav").write_text("words", encoding="utf-8")
    for name in ("fast.wav", "words.wav"):
        with pytest.raises(NoSoundError):
            read(str(tmp_path / name))
