"""How many calls at once this machine bears with prompts, with recording and with both, beside Asterisk alone.

Everybody who is called says a tone, hears a prompt of the same length, is recorded on two tracks, or both. There are
more and more of them, by half as many again each time, until less than 99 of 100 prompts have no frame later than
40 ms, or less than 99 of 100 recordings have all that was said but 40 ms; then once more between the last two. By turns
they are Trunkcall's, whose sound process sends and writes, and those of a bare loop of ARI requests, for which Asterisk
reads and writes files by itself. Far ends, who are on the same machine, take their part of it.

Told are, at each number, those shares and what each process takes of a core; the number that was borne last; and how
many calls fill a core of each process of Trunkcall's by what a call takes there: the least of these is where it becomes
the limit, on a machine with cores enough for Asterisk.

With prompts, Trunkcall is to bear half of what Asterisk does alone. With recording that cannot be: where a file is
written by the one thread that listens in, our track has a second one, for its websocket, and each frame goes through a
connection and is read once more on the same machine. Of the same number of calls Asterisk takes 1.7 to 2.4 times as
much of its processor so; of more and more it takes less for each where it writes files, as threads are woken together,
and not where they wait for websockets. On two cores 135 recorded calls were borne, and 500 by the bare loop, the most
that are tried; 135 and 202 with prompts as well. The bars are .25 and .37: recording was at .18 while Asterisk made
silence for streams on which nothing is played.

Needs root. Prints one JSON line a figure, and exits non-zero where a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, Final

from api import say
from media_bed import MOST_CALLS, Bed, Doing, Stretch, bare_loop, ours, run_inside

SHARE_BAR: Final = 0.99
RATIO_BARS: Final = {"prompts": 0.5, "recording": 0.25, "both": 0.37}
DOINGS: Final = {
    "prompts": Doing(prompt=True, speaks=True),
    "recording": Doing(prompt=False, record=True, speaks=True),
    "both": Doing(prompt=True, record=True, speaks=True),
}
Way = Callable[[Bed, int, Doing], Coroutine[Any, Any, Stretch]]
WAYS: Final[dict[str, Way]] = {"trunkcall": ours, "bare_loop": bare_loop}


class Search:
    """Of the greatest number that is borne, one way."""

    def __init__(self, first: int, factor: float) -> None:
        self._next: int | None = first
        self._factor = factor
        self._fails: int | None = None
        self.borne = 0
        self.of_borne: Stretch | None = None

    @property
    def next(self) -> int | None:
        """How many are to be tried; None where that is known."""
        return self._next

    def came(self, stretch: Stretch | None, *, well: bool) -> None:
        """What came of these."""
        assert self._next is not None
        tried, between = self._next, self._fails is not None
        if well:
            self.borne, self.of_borne = tried, stretch
        else:
            self._fails = tried
        if between or (self.borne == 0 and not well) or (well and tried >= MOST_CALLS):
            self._next = None
        elif well:
            self._next = min(MOST_CALLS, round(tried * self._factor))
        else:
            self._next = round(math.sqrt(self.borne * tried))


def tried(way: str, calls: int, doing: Doing, seconds: float) -> Stretch:
    """What comes of so many, on a switch of their own: of what failed before nothing is left."""
    with ExitStack() as stack:
        return asyncio.run(WAYS[way](Bed(stack, seconds), calls, doing))


def measure(name: str, first: int, factor: float, seconds: float) -> bool:
    """The limit of one kind of call, each way."""
    doing = DOINGS[name]
    searches = {way: Search(first, factor) for way in WAYS}
    while any(search.next is not None for search in searches.values()):
        for way, search in searches.items():
            if search.next is None:
                continue
            shares: dict[str, float] = {}
            try:
                stretch = tried(way, search.next, doing, seconds)
            except (OSError, TimeoutError, AssertionError) as error:
                say(f"{name}: {way}", calls=search.next, fails=repr(error)[:200])
                search.came(None, well=False)
                continue
            if doing.prompt:
                shares["on_time"] = round(stretch.on_time, 3)
            if doing.record:
                shares["whole"] = round(stretch.whole, 3)
            cores = {f"cores_{process}": round(each, 3) for process, each in stretch.cpu.items()}
            say(f"{name}: {way}", calls=search.next, **shares, **cores, lag_ms=round(stretch.lag_ms, 1))
            search.came(stretch, well=all(share >= SHARE_BAR for share in shares.values()))
    borne = {way: search.borne for way, search in searches.items()}
    say(f"{name}: calls at once that this machine bears", **borne, bar=RATIO_BARS[name])
    of_borne = searches["trunkcall"].of_borne
    if of_borne is not None:
        processes = ("asterisk", "sound", "dialer")
        say(
            f"{name}: calls that fill a core of each process",
            **{each: round(searches["trunkcall"].borne / max(of_borne.cpu[each], 1e-3)) for each in processes},
        )
    return borne["trunkcall"] >= RATIO_BARS[name] * borne["bare_loop"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=60, help="calls to begin with")
    parser.add_argument("--factor", type=float, default=1.5, help="how many more there are each time")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of the prompt, and of what is said")
    parser.add_argument("--only", choices=sorted(DOINGS), help="one kind of call alone")
    arguments = run_inside(parser, __file__)
    names = [arguments.only] if arguments.only else list(DOINGS)
    told = [measure(name, arguments.first, arguments.factor, arguments.seconds) for name in names]
    sys.exit(not all(told))


if __name__ == "__main__":
    main()
