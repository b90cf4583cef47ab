"""Recordings of legs of Asterisk's: two snoop channels of a leg, of what is said and of what is heard, and the file
that the sound process writes of both.

Decides when a recording has begun and when it is over. It must not know what the file looks like, nor who may hear it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from trunkcall.domain.instants import Instant
from trunkcall.domain.recording_file import NewFile
from trunkcall.engine.commands import ResumeRecording, StartRecording, StopRecording, SuspendRecording
from trunkcall.engine.events import CarrierEvent, RecordingEnded, RecordingStarted
from trunkcall.telephony.ari.legs import AriLeg
from trunkcall.telephony.ari.streams import Stream, Streams, Tap
from trunkcall.telephony.sound import wire

NewFileOf: TypeAlias = Callable[[str, Instant], NewFile]
"""A new file for a recording that was asked for then. Raises OSError where there is no place for one."""

SAID: Final = Tap(spy="in")
HEARD: Final = Tap(spy="out")
NO_PLACE: Final = "Talks are not recorded: there is no place for their files"


class _Ear:
    """One of a recording's two streams, as its listener."""

    def __init__(self, recorders: Recorders, recording: _Recording) -> None:
        self._recorders = recorders
        self._recording = recording
        self.stream: Stream | None = None

    def ready(self) -> None:
        self._recorders.ready(self._recording)

    def hear(self, frame: wire.OfStream) -> None:
        match frame:
            case wire.Recording():
                self._recorders.began(self._recording)
            case wire.Recorded(problem=problem):
                self._recorders.over(self._recording, problem)
            case _:
                pass

    def over(self, why: str) -> None:
        self._recorders.over(self._recording, why)


class _Recording:
    def __init__(self, recorders: Recorders, leg: AriLeg, recording_id: str, file: NewFile) -> None:
        self.leg = leg
        self.recording_id = recording_id
        self.file = file
        self.said, self.heard = _Ear(recorders, self), _Ear(recorders, self)
        self.muted = False
        self.asked = False
        """Whether the sound process was asked for it."""


class Recorders:
    """The recordings of one application's legs, which are the switchboard's."""

    def __init__(
        self,
        legs: Mapping[str, AriLeg],
        streams: Streams,
        *,
        tell: Callable[[CarrierEvent], None],
        new_file: NewFileOf,
        keep_free: int,
    ) -> None:
        self._legs = legs
        self._streams = streams
        self._tell = tell
        self._new_file = new_file
        self._keep_free = keep_free
        self._all: dict[str, _Recording] = {}
        self.trouble: str | None = None
        """Why the last recording could not be made, or was broken off, in words; None where it was not."""

    def start(self, leg: AriLeg, command: StartRecording) -> None:
        """Record a leg that is up."""
        recording_id = command.recording_id
        if recording_id in leg.recordings:
            return
        try:
            file = self._new_file(recording_id, command.asked_at)
        except OSError as error:
            self.trouble = f"{NO_PLACE}: {error.strerror}."
            self._tell(RecordingEnded(recording_id))
            return
        leg.recordings.append(recording_id)
        recording = self._all[recording_id] = _Recording(self, leg, recording_id, file)
        recording.said.stream = self._streams.open(f"{recording_id}.said", leg, SAID, recording.said)
        recording.heard.stream = self._streams.open(f"{recording_id}.heard", leg, HEARD, recording.heard)

    def suspend(self, command: SuspendRecording) -> None:
        """Have silence be written."""
        self._mute(command.recording_id, muted=True)

    def resume(self, command: ResumeRecording) -> None:
        """Have sound be written again."""
        self._mute(command.recording_id, muted=False)

    def _mute(self, recording_id: str, *, muted: bool) -> None:
        recording = self._all.get(recording_id)
        if recording is not None:
            recording.muted = muted
            if recording.asked and recording.said.stream is not None:
                self._streams.sounds.say(wire.Mute(recording.said.stream.stream_id, muted))

    def stop(self, command: StopRecording) -> None:
        """End it; what was recorded is kept."""
        recording = self._all.get(command.recording_id)
        if recording is None:
            return
        if recording.asked and recording.said.stream is not None:
            self._streams.sounds.say(wire.Finish(recording.said.stream.stream_id))
        else:
            self.over(recording, "")

    def ready(self, recording: _Recording) -> None:
        """One of its streams can be used."""
        said, heard = recording.said.stream, recording.heard.stream
        if recording.asked or said is None or heard is None or not (said.is_ready and heard.is_ready):
            return
        recording.asked = True
        file = recording.file
        record = wire.Record(
            said.stream_id, heard.stream_id, file.path, file.head.hex(), file.key.hex(), self._keep_free
        )
        self._streams.sounds.say(record)
        if recording.muted:
            self._streams.sounds.say(wire.Mute(said.stream_id, muted=True))

    def began(self, recording: _Recording) -> None:
        """Sound is being written."""
        self.trouble = None
        if self._is_known(recording):
            self._tell(RecordingStarted(recording.recording_id))

    def over(self, recording: _Recording, why: str) -> None:
        """It is over, or could not be made."""
        if self._all.pop(recording.recording_id, None) is not recording:
            return
        self.trouble = why or self.trouble
        for ear in (recording.said, recording.heard):
            if ear.stream is not None:
                self._streams.close(ear.stream)
        if self._is_known(recording):
            recording.leg.recordings.remove(recording.recording_id)
            self._tell(RecordingEnded(recording.recording_id))

    def forget(self) -> None:
        """Nothing is known of any leg any more."""
        self._all.clear()

    def _is_known(self, recording: _Recording) -> bool:
        """Whether its leg is there, and has not told that it is over."""
        leg = recording.leg
        return self._legs.get(leg.leg_id) is leg and recording.recording_id in leg.recordings
