"""A dialer that is a process of its own, so that a test can stop it: it dials one leg after the other, without end.

``python -m telephony.asterisk.owner APP TOKEN SILENCE_S`` writes a line for whatever it is told of the switch.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count

from telephony.asterisk.dialer import Dialer
from trunkcall.domain.instants import SECOND
from trunkcall.engine.events import CarrierFound, CarrierLost

EVERY_S = 0.05
LEGS = 50
"""Numbers that it calls, in turn: those that end in 00 to 49."""


async def main() -> None:
    app, token, silence_s = sys.argv[1:]
    dialer = Dialer(app, int(token), silence_s=float(silence_s))
    await dialer.start()
    said = 0
    for number in count():
        for event in dialer.events[said:]:
            if isinstance(event, CarrierFound | CarrierLost):
                sys.stdout.write(f"{type(event).__name__}\n")
                sys.stdout.flush()
        said = len(dialer.events)
        dialer.dial(f"{number // LEGS}x{number % LEGS:02}", ring=SECOND)
        await asyncio.sleep(EVERY_S)


if __name__ == "__main__":
    asyncio.run(main())
