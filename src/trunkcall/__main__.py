"""Where the command begins, installed or as `python -m trunkcall`.

Decides what becomes of a Ctrl-C while the command is being imported, which takes up to a second: one line, and nothing
is to be cleaned up. So it imports next to nothing itself.
"""

from __future__ import annotations

import os

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NoReturn

try:
    import signal

    def _leave(number: int, frame: object) -> NoReturn:
        try:
            os.write(2, b"trunkcall: Interrupted.\n")
        finally:
            os._exit(INTERRUPTED)

    def _leave_at_once() -> None:
        """Have Ctrl-C end the process at once: nothing has begun, or all is done. A shell that wants it ignored, as for
        what it runs in the background, is obeyed."""
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, _leave)

    # Whoever imports this is about to run the command.
    _leave_at_once()
except KeyboardInterrupt:
    os._exit(INTERRUPTED)


def main() -> NoReturn:
    """Run the command line as the whole of this process."""
    from trunkcall.cli.app import main as run
    from trunkcall.cli.interrupts import arm
    from trunkcall.cli.streams import flushed, usable_streams

    usable_streams()
    arm()
    try:
        run()
    except SystemExit as ended:
        _leave_at_once()
        code = ended.code if isinstance(ended.code, int) else 0
        if code > 128:
            # Somebody asked for an end: what threads are doing is waited for no more.
            flushed()
            os._exit(code)
        raise
    raise AssertionError("the command line ends by raising SystemExit")


if __name__ == "__main__":
    main()
