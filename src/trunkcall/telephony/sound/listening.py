"""Listens to one stream for what a machine does, and says it in frames of ``wire``.

Decides what counts as silence of a far end that sends nothing. What is a beep, and when a greeting is over, is
``amd.listener``'s. It must not know what is done about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from trunkcall.amd.g711 import RATE
from trunkcall.amd.listener import Beep, GreetingEnded, Heard, Listener
from trunkcall.domain.instants import to_seconds
from trunkcall.telephony.sound import wire

LOOK_S: Final = 0.2
NOTHING_S: Final = 0.4
"""Sound that is so late does not come any more: the far end sends none while it is silent."""


class Listening:
    """A consumer of a stream's sound, mu-law."""

    def __init__(self, stream_id: str, say: Callable[[wire.FromProcess], None]) -> None:
        self._stream_id = stream_id
        self._say = say
        self._listener = Listener()
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._timer = self._loop.call_later(LOOK_S, self._look)

    def hear(self, octets: bytes, at_s: float) -> None:
        """Some of it."""
        self._tell(self._listener.feed(octets))

    def end(self) -> None:
        """There will be no more."""
        self._timer.cancel()

    def _look(self) -> None:
        missing_s = self._loop.time() - self._began_s - to_seconds(self._listener.listened_for)
        if missing_s > NOTHING_S:
            self._tell(self._listener.gap(round(missing_s * RATE)))
        self._timer = self._loop.call_later(LOOK_S, self._look)

    def _tell(self, heard: Iterable[Heard]) -> None:
        for each in heard:
            ago = self._listener.listened_for - each.ended_after
            match each:
                case Beep():
                    self._say(wire.Beeped(self._stream_id, each.hz, ago))
                case GreetingEnded():
                    self._say(wire.GreetingOver(self._stream_id, str(each.how), ago))
