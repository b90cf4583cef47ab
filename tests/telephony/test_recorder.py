"""How what arrives of two streams becomes a recording. If these fail, the two sides of a talk drift apart, what came
late is lost, or a disk that is full takes more than the recordings with it."""

from __future__ import annotations

import os
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.domain.instants import SECOND
from trunkcall.domain.recording_file import RATE, Head, chunks
from trunkcall.storage.recording_files import Opening
from trunkcall.telephony.sound import wire
from trunkcall.telephony.sound.recorder import FULL, HELD_BACK, TICK_S, Recorder, Recorders, Work, write

FRAME = 160
FRAME_S = FRAME / RATE
KEY = bytes(32)
SAID, HEARD = b"\x01", b"\x02"
QUIET = b"\xff"


def asked(folder: Path, *, name: str = "talk", keep_free: int = 0) -> wire.Record:
    head = Head("contact-1.1", 1_790_000_000 * SECOND, bytes(32)).written()
    return wire.Record(f"{name}.said", f"{name}.heard", str(folder / f"{name}.tcr"), head.hex(), KEY.hex(), keep_free)


def heard_in(path: Path) -> tuple[bytes, bytes, bool]:
    with path.open("rb") as file:
        found = list(chunks(file, lambda head: Opening(KEY)))
    return b"".join(each.first for each in found), b"".join(each.second for each in found), found[-1].last


class Tape:
    """A recording from 0 s on, of which every tenth of a second and every second are told."""

    def __init__(self) -> None:
        self.recorder = Recorder(wire.Record("said", "heard", "", "", "", 0), 0.0)
        self.first = self.second = b""
        self._ticks = 0

    def until(self, now_s: float) -> None:
        while (self._ticks + 1) * TICK_S <= now_s:
            self._ticks += 1
            self.recorder.tick(self._ticks * TICK_S)
            if self._ticks % 10 == 0:
                self._take(self.recorder.due(settled=True))

    def arrives(self, track: int, what: bytes, at_s: float) -> None:
        self.until(at_s)
        self.recorder.ears[track].hear(what, at_s)

    def ends(self, at_s: float) -> None:
        self.until(at_s)
        self.recorder.end(whole=True)
        self._take(self.recorder.due(settled=False))

    def _take(self, work: Work) -> None:
        assert len(work.first) == len(work.second)
        self.first += work.first
        self.second += work.second


def marks(track: bytes) -> list[float]:
    """When each mark begins, in seconds."""
    return [at / RATE for at in range(0, len(track), FRAME) if b"\x00" in track[at : at + FRAME]]


def steady(tape: Tape, length_s: float, *, jitter_s: float = 0.0, loss: float = 0.0, drift: float = 0.0) -> None:
    """Both talk, with a mark on both tracks every ten seconds; one comes with jitter and losses."""
    chance = random.Random(1)
    events, before_s = [], 0.0
    for n in range(int(length_s / FRAME_S)):
        spoken_s = n * FRAME_S
        mark = n % 500 == 0
        events.append((spoken_s + FRAME_S, 0, b"\x00" * FRAME if mark else SAID * FRAME))
        if chance.random() >= loss or mark:
            # What is late makes late what comes behind it.
            before_s = max(before_s, (spoken_s + FRAME_S) * (1 + drift) + chance.random() * jitter_s)
            events.append((before_s, 1, b"\x00" * FRAME if mark else HEARD * FRAME))
    for at_s, track, what in sorted(events, key=lambda each: each[0]):
        tape.arrives(track, what, at_s)
    tape.ends(length_s + 1)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"jitter_s": 0.15},
        {"loss": 0.02},
        {"drift": 0.0001},
        {"drift": -0.0001},
        {"jitter_s": 0.08, "loss": 0.03, "drift": 0.0001},
    ],
    ids=str,
)
def test_both_tracks_are_aligned_within_a_tenth_of_a_second_over_ten_minutes(how: dict[str, float]) -> None:
    tape = Tape()
    steady(tape, 600, **how)
    said, heard = marks(tape.first), marks(tape.second)
    assert len(said) == 60
    for at_s in said[1:]:
        assert min(abs(at_s - other) for other in heard) <= 0.1, at_s


def test_nothing_is_lost_of_two_who_talk_on_however_it_comes_in_bursts() -> None:
    """A process that is held up for a third of a second now and then gets all at once what came meanwhile."""
    tape = Tape()
    for n in range(3000):
        spoken_s = (n + 1) * FRAME_S
        at_s = spoken_s if n % 400 > 15 else (n - n % 400 + 17) * FRAME_S
        tape.arrives(0, SAID * FRAME, at_s)
        tape.arrives(1, HEARD * FRAME, at_s)
    tape.ends(60.1)
    assert tape.first.replace(QUIET, b"") == SAID * FRAME * 3000
    assert tape.second.replace(QUIET, b"") == HEARD * FRAME * 3000


@pytest.mark.parametrize("held_s", [0.3, 0.45])
def test_what_a_switch_without_time_sends_late_takes_the_place_of_the_silence_that_stood_for_it(held_s: float) -> None:
    """One of the two comes on time; of the other nothing is sent for a while, again and again, and then all at once."""
    tape = Tape()
    held, again = round(held_s / FRAME_S), 333
    events = []
    for n in range(30_000):
        spoken_s = (n + 1) * FRAME_S
        mark = b"\x00" if n % 500 == 0 else b""
        events.append((spoken_s, 0, (mark or SAID) * FRAME))
        events.append(
            ((n - n % again + held + 1) * FRAME_S if n % again < held else spoken_s, 1, (mark or HEARD) * FRAME)
        )
    for at_s, track, what in sorted(events, key=lambda each: each[0]):
        tape.arrives(track, what, at_s)
    tape.ends(601)
    assert len(tape.second) - tape.second.count(QUIET) == 30_000 * FRAME, "nothing is lost"
    assert max(abs(one - other) for one, other in zip(marks(tape.first), marks(tape.second), strict=True)) <= 0.02


def test_whoever_is_silent_for_a_while_is_heard_where_they_spoke() -> None:
    tape = Tape()
    for n in range(1500):
        tape.arrives(0, SAID * FRAME, (n + 1) * FRAME_S)
        if not 200 <= n < 1200:
            tape.arrives(1, HEARD * FRAME, (n + 1) * FRAME_S)
    tape.ends(30)
    again = tape.second.index(HEARD, 4 * RATE + RATE // 2) / RATE
    assert abs(again - 24) <= 0.03
    assert set(tape.second[5 * RATE : 23 * RATE]) == {QUIET[0]}


def test_while_it_is_muted_both_tracks_have_silence_and_stay_as_long() -> None:
    tape = Tape()
    for n in range(500):
        tape.recorder.muted = 100 <= n < 300
        tape.arrives(0, SAID * FRAME, (n + 1) * FRAME_S)
        tape.arrives(1, HEARD * FRAME, (n + 1) * FRAME_S)
    tape.ends(10)
    for track, sound in ((tape.first, SAID), (tape.second, HEARD)):
        assert track[: 100 * FRAME] == sound * 100 * FRAME
        assert track[100 * FRAME : 300 * FRAME] == QUIET * 200 * FRAME
        assert track[300 * FRAME : 500 * FRAME] == sound * 200 * FRAME


@given(frames=st.lists(st.tuples(st.integers(0, 1), st.floats(0, 3), st.integers(1, 800)), max_size=60))
def test_whatever_comes_whenever_both_tracks_are_of_one_length(frames: list[tuple[int, float, int]]) -> None:
    tape, now_s = Tape(), 0.0
    for track, later_s, length in frames:
        now_s += later_s
        tape.arrives(track, SAID * length, now_s)
    tape.ends(now_s + 1)
    assert len(tape.first) == len(tape.second)
    assert len(tape.first) <= (now_s + 2) * RATE + sum(length for _, _, length in frames)


class Said:
    """What a dialer is told."""

    def __init__(self) -> None:
        self.frames: list[wire.Recording | wire.Recorded] = []
        self.recorders = Recorders(self.frames.append)

    def write(self, *, settled: bool = True) -> None:
        works = self.recorders.due(settled=settled)
        self.recorders.written(works, write(works))


def test_a_recording_is_begun_written_and_ended(tmp_path: Path) -> None:
    said = Said()
    recorder = said.recorders.begin(asked(tmp_path), 0.0)
    said.write()
    assert said.frames == [wire.Recording("talk.said")]
    assert (tmp_path / "talk.tcr").stat().st_mode & 0o077 == 0, "it is nobody else's"
    recorder.ears[0].hear(SAID * RATE, 1.0)
    recorder.ears[1].hear(HEARD * RATE, 1.0)
    said.write()
    early = RATE - HELD_BACK
    assert heard_in(tmp_path / "talk.tcr") == (SAID * early, HEARD * early, False), "what is killed now can be heard"
    said.recorders.finish("talk.said")
    said.write()
    assert heard_in(tmp_path / "talk.tcr") == (SAID * RATE, HEARD * RATE, True)
    assert said.frames == [wire.Recording("talk.said"), wire.Recorded("talk.said")]
    said.write()
    assert len(said.frames) == 2


def test_a_recording_that_begins_or_ends_between_two_seconds_is_told_at_once_and_no_other_is_written_for_it(
    tmp_path: Path,
) -> None:
    said = Said()
    other = said.recorders.begin(asked(tmp_path, name="other"), 0.0)
    said.write()
    for ear in other.ears:
        ear.hear(SAID * RATE, 1.0)
    said.recorders.begin(asked(tmp_path), 0.0)

    said.write(settled=False)
    assert said.frames[1:] == [wire.Recording("talk.said")]
    said.recorders.finish("talk.said")
    said.write(settled=False)
    assert said.frames[2:] == [wire.Recorded("talk.said")]

    assert heard_in(tmp_path / "other.tcr")[0] == b"", "a chunk is a second of sound"
    said.write()
    assert heard_in(tmp_path / "other.tcr")[0] == SAID * (RATE - HELD_BACK)


def test_a_stream_that_ends_ends_the_recording_and_a_dialer_that_goes_cuts_it_off(tmp_path: Path) -> None:
    said = Said()
    ended = said.recorders.begin(asked(tmp_path, name="ended"), 0.0)
    said.recorders.begin(asked(tmp_path, name="cut"), 0.0)
    said.write()
    ended.ears[1].end()
    said.recorders.cut()
    said.write()
    assert heard_in(tmp_path / "ended.tcr")[2]
    assert not heard_in(tmp_path / "cut.tcr")[2]


def test_a_disk_that_is_full_ends_recordings_in_words_and_leaves_room_for_others(tmp_path: Path) -> None:
    said = Said()
    said.recorders.begin(asked(tmp_path, keep_free=1 << 60), 0.0)
    said.write()
    assert said.frames == [wire.Recorded("talk.said", FULL)]
    assert not (tmp_path / "talk.tcr").exists()


def test_a_disk_that_fills_up_ends_a_recording_and_keeps_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Said()
    recorder = said.recorders.begin(asked(tmp_path, keep_free=1000), 0.0)
    for n in range(1, 101):
        recorder.ears[0].hear(SAID * FRAME, n * FRAME_S)
        recorder.ears[1].hear(HEARD * FRAME, n * FRAME_S)
        if n == 50:
            said.write()
    monkeypatch.setattr(os, "statvfs", lambda folder: SimpleNamespace(f_bavail=1, f_frsize=512))
    said.write()
    assert said.frames == [wire.Recording("talk.said"), wire.Recorded("talk.said", FULL)]
    early = RATE - HELD_BACK
    assert heard_in(tmp_path / "talk.tcr") == (SAID * early, HEARD * early, False)
    recorder.ears[0].hear(SAID * FRAME, 3.0)
    said.write()
    assert len(said.frames) == 2


def test_what_has_come_while_a_disk_stood_still_for_minutes_can_all_be_heard(tmp_path: Path) -> None:
    minutes = 2 * 60 * RATE
    said = Said()
    recorder = said.recorders.begin(asked(tmp_path), 0.0)
    said.write()
    for ear, what in zip(recorder.ears, (SAID, HEARD), strict=True):
        ear.hear(what * minutes, 120.0)
    said.write()
    said.recorders.finish("talk.said")
    said.write()
    assert heard_in(tmp_path / "talk.tcr") == (SAID * minutes, HEARD * minutes, True)


def test_a_folder_that_is_gone_ends_one_recording_and_no_other(tmp_path: Path) -> None:
    said = Said()
    said.recorders.begin(asked(tmp_path / "gone"), 0.0)
    said.recorders.begin(asked(tmp_path, name="other"), 0.0)
    said.write()
    assert said.frames[0] == wire.Recorded(
        "talk.said", "Talks are not recorded: their files cannot be written: No such file or directory."
    )
    assert said.frames[1:] == [wire.Recording("other.said")]


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "talk.tcr").write_bytes(b"what somebody said")
    said = Said()
    said.recorders.begin(asked(tmp_path), 0.0)
    said.write()
    assert isinstance(said.frames[0], wire.Recorded)
    assert (tmp_path / "talk.tcr").read_bytes() == b"what somebody said"


def test_fifty_at_a_time_lose_nothing(tmp_path: Path) -> None:
    said, frames = Said(), 500
    recorders = [said.recorders.begin(asked(tmp_path, name=f"talk-{n}"), 0.0) for n in range(50)]
    for frame in range(1, frames + 1):
        for n, recorder in enumerate(recorders):
            recorder.ears[0].hear(bytes([n]) * FRAME, frame * FRAME_S)
            recorder.ears[1].hear(bytes([n + 50]) * FRAME, frame * FRAME_S)
        if frame % 50 == 0:
            said.write()
    for n in range(50):
        said.recorders.finish(f"talk-{n}.said")
    said.write()
    for n in range(50):
        first, second, whole = heard_in(tmp_path / f"talk-{n}.tcr")
        assert whole
        assert first == bytes([n]) * FRAME * frames
        assert second == bytes([n + 50]) * FRAME * frames
