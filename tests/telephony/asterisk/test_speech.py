"""A text is heard at the other end of a real switch. If these fail, messages are silence for whoever is called."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from telephony.asterisk.line import AsteriskLine
from telephony.asterisk.namespace import INSIDE
from telephony.asterisk.phone import loudness
from telephony.support import Behaviour, answered, ends, told
from trunkcall.engine.events import PlaybackEnded
from trunkcall.telephony.ari.speech import Speech

pytestmark = pytest.mark.skipif(INSIDE not in os.environ, reason="runs in a closed network namespace: make telephony")

PITCHES = {"high": 1234.0, "low": 567.0}
VOICE = """
import math, sys, wave
hertz = float(sys.stdin.read())
with wave.open(sys.argv[1], "wb") as file:
    file.setparams((1, 2, 22050, 0, "NONE", ""))
    for n in range(11025):
        file.writeframesraw(round(16000 * math.sin(2 * math.pi * hertz * n / 22050)).to_bytes(2, "little", signed=True))
"""
"""Speaks numbers: each is a tone of its pitch, for half a second."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Outside of pytest's, which Asterisk's user may not enter."""
    made = Path(tempfile.mkdtemp(prefix="trunkcall-prompts-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def speech_in(folder: Path) -> Speech:
    return Speech(shlex.join([sys.executable, "-c", VOICE, "{file}"]), folder)


async def until(line: AsteriskLine, *play_ids: str) -> None:
    async with asyncio.timeout(20):
        while [each.play_id for each in told(line, PlaybackEnded)] != list(play_ids):
            await asyncio.sleep(0.02)


async def test_whoever_is_called_hears_one_text_after_the_other(folder: Path) -> None:
    speech = speech_in(folder)
    line = AsteriskLine(speech.speak)
    await line.start()
    try:
        await answered(line, "leg", Behaviour.ANSWERS_AND_IS_LEFT)
        (dialog,) = line.phones["answers_and_is_left"].dialogs.values()
        for play_id, hertz in PITCHES.items():
            line.carrier.play("leg", play_id, str(hertz))
        await until(line, *PITCHES)
        heard = bytes(dialog.heard)
        parts = [heard[at : at + 1600] for at in range(0, len(heard), 1600)]
        loud = [[loudness(part, hertz) > 0.2 for part in parts] for hertz in PITCHES.values()]
        high, low = ([at for at, is_loud in enumerate(each) if is_loud] for each in loud)
        assert len(high) in (1, 2, 3), "half a second, in fifths"
        assert len(low) in (1, 2, 3)
        assert max(high) <= min(low)
        assert (ends(line, "leg"), speech.trouble, line.carrier.prompt_trouble) == ([], None, None)
    finally:
        await line.close()
        await speech.close()


async def test_a_directory_that_the_switch_may_not_read_is_told_and_holds_no_call_up(folder: Path) -> None:
    speech = speech_in(folder)
    line = AsteriskLine(speech.speak)
    await line.start()
    try:
        await answered(line, "leg", Behaviour.ANSWERS_AND_IS_LEFT)
        folder.chmod(0o700)
        line.carrier.play("leg", "unread", "567")
        await until(line, "unread")
        assert line.carrier.prompt_trouble is not None
        assert "prompts_dir" in line.carrier.prompt_trouble
        folder.chmod(0o755)
        line.carrier.play("leg", "read", "567")
        await until(line, "unread", "read")
        assert line.carrier.prompt_trouble is None
    finally:
        await line.close()
        await speech.close()
