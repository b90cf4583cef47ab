"""`trunkcall prompts` against a real server. If these fail, nobody gets a recorded message into the place of a text."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from serving import Serving
from telephony.asterisk.phone import loudness
from telephony.asterisk.tones import a_tone

HERTZ = 1000


def run(server: Serving, *arguments: str, check: bool = True) -> str:
    done = server.trunkcall("prompts", *arguments, "--data-dir", str(server.data_dir), check=check)
    return done.stdout + done.stderr


def sounds(server: Serving) -> list[bytes]:
    """What is kept. Those of former prompts are left for a while, each with a mark beside it."""
    folder = server.data_dir / "prompts" / "added"
    former = {path.stem for path in folder.glob("*.former")}
    return [path.read_bytes() for path in folder.glob("*.ulaw") if path.stem not in former]


@pytest.mark.parametrize(
    ("ending", "form"),
    [("wav", "PCM_24"), ("wav", "FLOAT"), ("wav", "ULAW"), ("flac", "PCM_16"), ("ogg", "VORBIS"), ("ogg", "OPUS"),
     ("mp3", "MPEG_LAYER_III"), ("aiff", "PCM_16")],
)  # fmt: skip
def test_a_file_of_any_common_format_becomes_a_prompt(server: Serving, tmp_path: Path, ending: str, form: str) -> None:
    rate = 48_000 if form == "OPUS" else 44_100
    tone = 0.5 * np.sin(2 * np.pi * HERTZ * np.arange(rate) / rate)
    file = tmp_path / f"tone.{ending}"
    soundfile.write(file, np.stack([tone, tone], axis=1), rate, subtype=form, format=ending.upper())
    try:
        assert "tone has 1.0 s" in run(server, "add", str(file))
        (octets,) = sounds(server)
        assert 7_900 < len(octets) < 8_400
        assert loudness(octets[2000:6000], HERTZ) == pytest.approx(0.5, abs=0.05)
    finally:
        run(server, "remove", "tone", "--yes")
    assert sounds(server) == []


def test_prompts_are_put_listed_and_removed(server: Serving, tmp_path: Path) -> None:
    file = a_tone(tmp_path / "take-3.wav", HERTZ, 0.5)
    said = run(server, "add", str(file), "--name", "closing", "--description", "Good bye")
    how = "In a flow it is the PromptId closing; elsewhere, in place of a text, prompt:closing"
    assert said == f"closing has 0.5 s. {how}\n"
    (told,) = json.loads(run(server, "list", "--json"))
    assert (told["name"], told["description"]) == ("closing", "Good bye")
    connect = server.client("connect")
    within = {"InstanceId": server.environment["TRUNKCALL_INSTANCE_ID"]}
    found = connect.describe_prompt(**within, PromptId=told["arn"])["Prompt"]
    assert (found["PromptId"], found["Name"]) == (told["id"], "closing")
    assert [each["Id"] for each in connect.list_prompts(**within)["PromptSummaryList"]] == [told["id"]]
    connect.update_prompt(**within, PromptId=told["id"], Name="parting")
    assert "parting was removed." in run(server, "remove", "parting", "--yes")
    assert json.loads(run(server, "list", "--json")) == []


def test_what_is_no_sound_or_too_long_is_refused_in_words(server: Serving, tmp_path: Path) -> None:
    words = tmp_path / "words.mp3"
    words.write_text("words", encoding="utf-8")
    assert "words.mp3 cannot be made a prompt. It is no sound that can be read" in run(
        server, "add", str(words), check=False
    )
    assert "cannot be read: No such file" in run(server, "add", str(tmp_path / "none.wav"), check=False)
    long = io.BytesIO()
    soundfile.write(long, np.full(8_000 * 91, 0.5), 8_000, format="WAV")
    (tmp_path / "long.wav").write_bytes(long.getvalue())
    assert "has 91.0 s of sound: a prompt has 90 s at most" in run(
        server, "add", str(tmp_path / "long.wav"), check=False
    )
    (tmp_path / "cut.wav").write_bytes(long.getvalue()[:80_044])
    assert "cut.wav cannot be made a prompt. It was cut short after 5.0 s" in run(
        server, "add", str(tmp_path / "cut.wav"), check=False
    )
    for unnamed in (("--name", ""), ("--name", "two\nlines")):
        assert "give it one with --name" in run(server, "add", str(words), *unnamed, check=False)
    latin = os.fsdecode(b"gr\xfc\xdfe.wav")
    assert "give it one with --name" in run(server, "add", str(tmp_path / latin), check=False)
    assert sounds(server) == []
