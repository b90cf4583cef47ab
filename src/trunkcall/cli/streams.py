"""Standard input, output and error in whatever state the process was given them.

Decides that a stream which is closed, full, or of few characters ends in one sentence or in none, never in a traceback
or in words of the interpreter. It must not know what is written.
"""

from __future__ import annotations

import codecs
import errno
import os
import sys
from contextlib import suppress
from io import BytesIO, TextIOWrapper

_PLAIN = {"…": "~", "–": "-", "—": "-", "±": "~", "█": "#", "━": "-", "·": ".", "→": ">", "’": "'", "\u00a0": " "}
"""What stands for a character on a terminal that has few: one column for one."""
NO_OUTPUT = {errno.EBADF: "Standard output is closed.", errno.ENOSPC: "Standard output is full: no space left on it."}


def usable_streams() -> None:
    """Open what is closed, so that no file of ours is taken for a stream, and have every character written and read
    somehow. In a closed standard input there is nothing."""
    for number, flags in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            # What is wanted of standard output fails, as it would have; what would be said of it is not missed.
            opened = os.open(os.devnull, flags)
            assert opened == number
    if sys.stdin is None:
        sys.stdin = TextIOWrapper(BytesIO())
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process lives
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - likewise
    if isinstance(sys.stdin, TextIOWrapper):
        # What is of another encoding is told by whoever reads it, as anything else that is wrong.
        sys.stdin.reconfigure(errors="replace")
    codecs.register_error("trunkcall", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
            stream.reconfigure(errors="trunkcall")


def say(text: str) -> None:
    """Write to standard error, if that is possible."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def flushed() -> bool:
    """Whether standard output took everything. If it did not, what is left is dropped, here and in the interpreter's
    own end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        drop_output()
        return False
    return True


def drop_output() -> None:
    """Have everything that is still to be written to standard output go nowhere."""
    if sys.stdout is sys.__stdout__ or sys.__stdout__ is None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(
        _PLAIN.get(letter) or letter.encode("ascii", "backslashreplace").decode() for letter in letters
    ), error.end
