"""Ctrl-C, SIGTERM and a terminal that is closed, while a command works.

Decides that they raise KeyboardInterrupt where the command is, that none tears apart what must be done as a whole, and
what the person reads who pressed the keys. It must not know what the commands do. Until a command has begun, the
process is left at once: see ``trunkcall.__main__``.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDS = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end a command as Ctrl-C does, but where nobody may be there to read why."""
AGAIN_AFTER_S = 0.001

_meanings: list[str] = []
_armed = False
_ended_by = 0


def arm() -> None:
    """Let commands take over the signals of this process, which is theirs alone."""
    global _armed
    _armed = True


def may_interrupt() -> None:
    """From now on the signals that shall end this process raise KeyboardInterrupt."""
    if not _armed:
        return
    for number in stop_signals():
        signal.signal(number, signal.default_int_handler if number is signal.SIGINT else _end)
    sys.unraisablehook = _not_lost


def stop_signals() -> list[signal.Signals]:
    """The signals that shall end this process: not those that who started it wants ignored, as a shell does Ctrl-C for
    what it runs in the background, and nohup the end of the terminal."""
    return [number for number in (signal.SIGINT, *ENDS) if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def meaning(sentence: str) -> Iterator[None]:
    """Say this, should the work inside be interrupted: what it means for the user's data."""
    _meanings.append(sentence)
    yield
    # Left as it is by an interrupt: the sentence is wanted then.
    _meanings.pop()


@contextmanager
def held_back() -> Iterator[None]:
    """Have an interrupt take effect only after what is inside: nothing is left half made, half stopped, or unknown to
    who must clean it up."""
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in stop_signals()}
    for number in before:
        signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


def exit_code() -> int:
    """After an interrupt: the exit code, as shells have it."""
    return 128 + (_ended_by or signal.SIGINT)


def last_words() -> str:
    """After an interrupt: the line to be written, which is empty if nobody pressed Ctrl-C."""
    return "" if _ended_by else " ".join(["trunkcall: Interrupted.", *_meanings[-1:]]) + "\n"


def _end(number: int, frame: FrameType | None) -> None:
    global _ended_by
    _ended_by = number
    # asyncio has a handler of its own for Ctrl-C while it runs; it ends what it runs in good order.
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        raise KeyboardInterrupt
    handler(signal.SIGINT, frame)


def _not_lost(unraisable: sys.UnraisableHookArgs) -> None:
    """An interrupt that came where no exception can be raised, as in a destructor, comes again a moment later."""
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_AFTER_S)
