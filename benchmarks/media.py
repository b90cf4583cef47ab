"""What is heard of prompts that Trunkcall plays by Asterisk, and when, beside a bare sender and a bare loop in one run.

Asterisk and everybody who is called live in a network namespace with nothing but lo, which only root can make. A
process of its own receives all sound, with the kernel's time of each packet. By turns there hear a prompt each:

- so many legs of Trunkcall's carrier, whose sound process sends it;
- as many legs that a bare loop of ARI requests has play the same sound from a file that Asterisk reads itself;
- as many ports that a bare sender sends packets to, one each 20 ms, without any switch.

Told are how many streams had no frame later than 40 ms after its time, counted from the stream's first; how long it is
from the word to the first sound that is heard; how late a loop beside the carrier, such as the dialer's, is woken up;
and what each process takes of a core. Prints one JSON line a figure, and exits non-zero where a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from api import say
from media_bed import Bed, Doing, Meter, Stretch, bare_loop, bare_sender, ours, run_inside

SHARE_BAR: Final = 0.99


async def idle(bed: Bed) -> float:
    """How late the loop is woken up while nothing is played."""
    meter = Meter()
    await asyncio.sleep(min(bed.length_s, 5.0))
    return meter.read()[0]


def measure(bed: Bed, calls: int, rounds: int) -> bool:
    """All of them, by turns."""
    found: dict[str, list[Stretch]] = {"trunkcall": [], "bare_loop": [], "bare_sender": []}
    quiet = []
    for _ in range(rounds):
        quiet.append(asyncio.run(idle(bed)))
        found["trunkcall"].append(asyncio.run(ours(bed, calls, Doing())))
        found["bare_loop"].append(asyncio.run(bare_loop(bed, calls, Doing())))
        found["bare_sender"].append(asyncio.run(bare_sender(bed, calls)))

    def median(of: Callable[[Stretch], float], digits: int) -> dict[str, float]:
        return {name: round(statistics.median(map(of, each)), digits) for name, each in found.items()}

    much = {"calls": calls, "rounds": rounds}
    on_time = median(lambda each: each.on_time, 3)
    say("streams without a frame later than 40 ms", **on_time, bar=SHARE_BAR, **much)
    say("the latest frame of a stream, ms, the median stream", **median(_median_of("late_ms"), 1), **much)
    soon = median(lambda each: each.soon, 3)
    say("prompts heard within 100 ms of the word", **soon, bar=SHARE_BAR, **much)
    say("from the word to the sound, ms, the median", **median(_median_of("soon_ms"), 1), **much)
    lag = median(lambda each: each.lag_ms, 2)
    say("a loop beside it is late, ms, the 99th of a hundred", **lag, idle=round(statistics.median(quiet), 2), **much)
    for name, stretches in found.items():
        cpu = {
            process: round(statistics.median(each.cpu[process] for each in stretches), 3)
            for process in stretches[0].cpu
        }
        say(f"cores taken: {name}", **cpu, **much)
    # A busy machine is late by itself: then what the bare ones reach is the bar.
    bar_late = min(SHARE_BAR, on_time["bare_sender"])
    bar_soon = min(SHARE_BAR, soon["bare_loop"])
    return on_time["trunkcall"] >= bar_late and soon["trunkcall"] >= bar_soon


def _median_of(name: str) -> Callable[[Stretch], float]:
    return lambda stretch: statistics.median(getattr(stretch, name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100, help="at a time, 500 at most")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the prompt")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = run_inside(parser, __file__)
    with ExitStack() as stack:
        sys.exit(not measure(Bed(stack, arguments.seconds), arguments.calls, arguments.rounds))


if __name__ == "__main__":
    main()
