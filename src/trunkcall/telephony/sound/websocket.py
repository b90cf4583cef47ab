"""What is said on the websocket of a sound channel (Asterisk's chan_websocket), as far as playing to it goes.

Decides when which octets are sent, and when a sound is over. It does no I/O: what is due is asked for, with the time.
It must not know files, nor whose channel it is.

Sound goes out between START_MEDIA_BUFFERING and STOP_MEDIA_BUFFERING in pieces of any size: Asterisk cuts them into
frames and sends those when they are due, so nothing here has to be on time to the millisecond. It holds 1,000 frames
of 20 ms at most and drops the others, so never more than some seconds are sent ahead, and none between MEDIA_XOFF and
MEDIA_XON. STOP_MEDIA_BUFFERING names an id, and MEDIA_BUFFERING_COMPLETED names it again when what was sent before has
been played. FLUSH_MEDIA throws away what has not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final, TypeAlias

Message: TypeAlias = str | bytes
"""A text frame of the websocket, or a binary one."""

RATE: Final = 8_000
"""Octets of G.711 a second."""
FRAME: Final = 160
SILENCE: Final = b"\xff"
"""An octet of it, of G.711's mu-law."""
AHEAD_S: Final = 4.0
"""How much is sent ahead: more than this process may be kept waiting, and far from what Asterisk holds."""
AGAIN_S: Final = 1.0
PIECE: Final = 4_000
"""Octets of a frame of the websocket: half a second of sound."""


@dataclass(slots=True)
class _Sound:
    play_id: str
    octets: bytes
    loop: bool
    mark: str
    sent: int = 0
    began_s: float | None = None
    """When its first octet was sent."""
    is_sent: bool = False


class Speaker:
    """Plays one sound at a time on one websocket."""

    def __init__(self) -> None:
        self._sound: _Sound | None = None
        self._marks = count(1)
        self._to_flush = False
        self._held_back = False

    @property
    def playing(self) -> str | None:
        """The id of what is played."""
        return self._sound.play_id if self._sound is not None else None

    def play(self, play_id: str, octets: bytes, *, loop: bool = False) -> str | None:
        """Play this from now on; the id of what was broken off for it. The last frame is filled with silence."""
        before = self.stop()
        whole = octets + SILENCE * (-len(octets) % FRAME)
        self._sound = _Sound(play_id, whole, loop and bool(whole), str(next(self._marks)))
        return before

    def stop(self) -> str | None:
        """Be silent; the id of what was broken off."""
        sound, self._sound = self._sound, None
        if sound is None:
            return None
        self._to_flush = self._to_flush or sound.began_s is not None
        return sound.play_id

    def hears(self, text: str) -> str | None:
        """What Asterisk says; the id of a play that is over by it."""
        match text.split():
            case ["MEDIA_XOFF", *_]:
                self._held_back = True
            case ["MEDIA_XON", *_]:
                self._held_back = False
            case ["MEDIA_BUFFERING_COMPLETED", mark, *_] if self._sound is not None and self._sound.mark == mark:
                play_id, self._sound = self._sound.play_id, None
                return play_id
            case _:
                pass
        return None

    def due(self, now_s: float) -> Iterator[Message]:
        """What is to be sent now, in its order. To be asked again after each change, and after ``AGAIN_S`` while
        anything is played."""
        if self._to_flush:
            self._to_flush = False
            yield "FLUSH_MEDIA"
        sound = self._sound
        if sound is None or sound.is_sent:
            return
        if sound.began_s is None:
            sound.began_s = now_s
            yield "START_MEDIA_BUFFERING"
        ahead = math.floor((now_s - sound.began_s + AHEAD_S) * RATE)
        size = len(sound.octets)
        while not self._held_back and sound.sent < ahead and (sound.loop or sound.sent < size):
            begin = sound.sent % size
            piece = sound.octets[begin : begin + PIECE]
            sound.sent += len(piece)
            yield piece
        if not sound.loop and sound.sent >= size:
            sound.is_sent = True
            yield f"STOP_MEDIA_BUFFERING {sound.mark}"
