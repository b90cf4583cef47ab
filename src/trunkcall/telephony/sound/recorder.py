"""Recordings of two streams each: what a party says, and what it hears, on two tracks that are of one length.

Decides where in its track what arrives belongs, and when it is written. Nothing that arrives says when it was spoken,
so the clock does: a track that is behind for a whole second, or on which nothing comes for long, gets silence for what
is missing. Where that comes after all, the silence goes again: what is heard last is not written at once, so it can.
What comes in bursts has lost nothing. It must not know legs or the switch; what a file looks like is decided by
``domain.recording_file``.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trunkcall.domain.recording_file import RATE, SILENCE, ChunkSealer
from trunkcall.telephony.sound import wire

TICK_S: Final = 0.1
WRITE_EVERY_S: Final = 1.0
SLACK: Final = RATE * 20 // 1000
"""Samples that a track may be behind: a packet."""
AHEAD: Final = RATE * 100 // 1000
"""Samples that it may be ahead."""
SILENT_S: Final = 0.4
"""A track on which nothing came for so long is silent, and not late."""
AT_LEAST: Final = RATE * 60 // 1000
"""How far behind the clock a silent track is kept, for what is on its way."""
HELD_BACK: Final = RATE // 2
"""Samples of a recording that goes on that are not written yet: Asterisk drops what is later than so much."""
MAX_SAMPLES: Final = 60 * RATE
"""Of a chunk, which no reader takes if it is much longer: a disk that stands still has more come together."""
STALLED_S: Final = 0.05
"""A tick that comes so late says nothing of tracks: it is this process that was late."""
FULL: Final = "Talks are not recorded: the disk of this server is nearly full."
NOT_WRITTEN: Final = "Talks are not recorded: their files cannot be written"


class Track:
    """What arrives of one stream, in order."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._given = 0
        """Samples that are out of it."""
        self._filled = 0
        """How much of it is silence for what has not come by then: samples before ``_filled_to``."""
        self._filled_to = 0
        self._late: float | None = None
        """The least that it was behind since it was settled last; None where nothing came."""
        self._heard_s: float | None = None

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def _position(self) -> int:
        return self._given + len(self._kept)

    def hear(self, octets: bytes, now_s: float) -> None:
        """Some more, at a time since the recording began."""
        if self._is_silent(now_s):
            # Either it is spoken again, or it was late, and there is more to come that takes the silence back.
            self.fill(int(now_s * RATE) - len(octets) - self._position)
        self._kept += octets
        self._heard_s = now_s
        late = now_s * RATE - self._position
        if late <= -1 and self._filled:
            # It is ahead: what was missing has come.
            late += self._unfill(int(-late))
        self._late = late if self._late is None else min(self._late, late)

    def tick(self, now_s: float) -> None:
        """Be silent where nothing comes."""
        if self._is_silent(now_s):
            self.fill(int(now_s * RATE) - AT_LEAST - self._position)

    def settle(self) -> None:
        """Put right what was behind or ahead all the time since this was asked last."""
        late, self._late = self._late, None
        if late is None:
            return
        if late > SLACK:
            self.fill(int(late))
        elif late < -AHEAD:
            del self._kept[max(0, len(self._kept) - int(-late)) :]

    def take(self, samples: int) -> bytes:
        """The first so many."""
        taken = bytes(self._kept[:samples])
        del self._kept[:samples]
        self._given += samples
        self._filled_to = max(0, self._filled_to - samples)
        self._filled = min(self._filled, self._filled_to)
        return taken

    def fill(self, samples: int) -> None:
        """Be silent for so long."""
        if samples > 0:
            if self._filled_to < len(self._kept):
                self._filled = 0
            self._kept += SILENCE * samples
            self._filled += samples
            self._filled_to = len(self._kept)

    def _is_silent(self, now_s: float) -> bool:
        return now_s - (self._heard_s or 0.0) >= SILENT_S

    def _unfill(self, samples: int) -> int:
        """Take so much of the silence out again, or all there still is; how much that was."""
        less = min(samples, self._filled)
        del self._kept[self._filled_to - less : self._filled_to]
        self._filled -= less
        self._filled_to -= less
        return less


class File:
    """The file of a recording, used by one thread at a time. Raises OSError wherever it cannot be written."""

    def __init__(self, frame: wire.Record) -> None:
        head = bytes.fromhex(frame.head)
        self._sealer = ChunkSealer(AESGCM(bytes.fromhex(frame.key)), head)
        self._descriptor = os.open(frame.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._folder = os.path.dirname(frame.path)
        self._keep_free = frame.keep_free
        try:
            self._write(head + self._sealer.sealed(b"", b""))
        except OSError:
            self.let_go()
            os.unlink(frame.path)
            raise

    def append(self, first: bytes, second: bytes) -> None:
        """Some sound, in as many chunks as that takes."""
        for at in range(0, len(first), MAX_SAMPLES):
            self._write(self._sealer.sealed(first[at : at + MAX_SAMPLES], second[at : at + MAX_SAMPLES]))

    def close(self, *, whole: bool) -> None:
        """There is no more. It is ``whole`` unless something has cut it off."""
        if whole:
            self._write(self._sealer.sealed(b"", b"", last=True))
        self.let_go()

    def let_go(self) -> None:
        """Write no more."""
        os.close(self._descriptor)

    def _write(self, octets: bytes) -> None:
        told = os.statvfs(self._folder)
        if told.f_bavail * told.f_frsize < self._keep_free + len(octets):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        while octets:
            octets = octets[os.write(self._descriptor, octets) :]


class _Ear:
    """Hears one stream."""

    def __init__(self, recorder: Recorder, track: Track) -> None:
        self._recorder = recorder
        self._track = track

    def hear(self, octets: bytes, at_s: float) -> None:
        self._recorder.hear(self._track, octets, at_s)

    def end(self) -> None:
        self._recorder.end(whole=True)


class Recorder:
    """One recording, from ``began_s`` on."""

    def __init__(self, frame: wire.Record, began_s: float) -> None:
        self.frame = frame
        self._began_s = began_s
        self._tracks = Track(), Track()
        self.ears = _Ear(self, self._tracks[0]), _Ear(self, self._tracks[1])
        self.muted = False
        self.file: File | None = None
        self.is_over = False
        self._whole = True

    def hear(self, track: Track, octets: bytes, at_s: float) -> None:
        if not self.is_over:
            track.hear(SILENCE * len(octets) if self.muted else octets, at_s - self._began_s)

    def tick(self, now_s: float) -> None:
        for track in () if self.is_over else self._tracks:
            track.tick(now_s - self._began_s)

    def end(self, *, whole: bool) -> None:
        """There is no more to be heard."""
        if not self.is_over:
            self.is_over, self._whole = True, whole

    def due(self, *, settled: bool) -> Work:
        """What is to be written by now."""
        if settled:
            for track in self._tracks:
                track.settle()
        first, second = self._tracks
        samples = max(0, min(len(first), len(second)) - HELD_BACK)
        if self.is_over:
            # What one has more is kept, too.
            samples = max(len(first), len(second))
            for track in self._tracks:
                track.fill(samples - len(track))
        return Work(self, first.take(samples), second.take(samples), self._whole if self.is_over else None)


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be written of a recording; ``whole`` is how it ends, None where it goes on."""

    recorder: Recorder
    first: bytes
    second: bytes
    whole: bool | None


def write(works: Sequence[Work]) -> dict[str, str]:
    """Write some of several recordings, in a thread of their own; why, in words, by the stream of each that could not
    be written."""
    problems: dict[str, str] = {}
    for work in works:
        recorder = work.recorder
        try:
            if recorder.file is None:
                recorder.file = File(recorder.frame)
            if work.first:
                recorder.file.append(work.first, work.second)
            if work.whole is not None:
                recorder.file.close(whole=work.whole)
        except OSError as error:
            if recorder.file is not None:
                recorder.file.let_go()
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            problems[recorder.frame.stream_id] = FULL if full else f"{NOT_WRITTEN}: {error.strerror}."
    return problems


class Recorders:
    """The recordings of one process. ``say`` tells the dialer."""

    def __init__(self, say: Callable[[wire.Recording | wire.Recorded], None]) -> None:
        self._say = say
        self._all: dict[str, Recorder] = {}
        self._told: set[str] = set()

    def begin(self, frame: wire.Record, now_s: float) -> Recorder:
        """Begin one; its ears are to be given to their streams."""
        recorder = self._all[frame.stream_id] = Recorder(frame, now_s)
        return recorder

    def mute(self, stream_id: str, *, muted: bool) -> None:
        """Record silence, or sound again."""
        if stream_id in self._all:
            self._all[stream_id].muted = muted

    def finish(self, stream_id: str) -> None:
        """End one as it should be."""
        if stream_id in self._all:
            self._all[stream_id].end(whole=True)

    def cut(self) -> None:
        """The dialer has gone: what there is by now is kept, and it is no end."""
        for recorder in self._all.values():
            recorder.end(whole=False)

    def tick(self, now_s: float) -> None:
        for recorder in self._all.values():
            recorder.tick(now_s)

    def due(self, *, settled: bool) -> Sequence[Work]:
        """What is to be written of all; in between of those alone that have just begun or are over, since somebody
        waits to be told so."""
        return [
            recorder.due(settled=settled)
            for stream_id, recorder in self._all.items()
            if settled or recorder.is_over or stream_id not in self._told
        ]

    def written(self, works: Sequence[Work], problems: dict[str, str]) -> None:
        """Tell what became of it."""
        for work in works:
            stream_id = work.recorder.frame.stream_id
            problem = problems.get(stream_id)
            if problem is not None or work.whole is not None:
                work.recorder.end(whole=False)
                self._all.pop(stream_id, None)
                self._told.discard(stream_id)
                self._say(wire.Recorded(stream_id, problem or ""))
            elif stream_id not in self._told:
                self._told.add(stream_id)
                self._say(wire.Recording(stream_id))
