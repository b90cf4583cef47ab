"""Whether the branches of 500 people's flows stand in the records, over a real switch.

SIPp plays people and machines; keys arrive by RFC 4733 and by SIP INFO, half each. Asterisk, people and agents live in
a network namespace with nothing but lo, which only root can make. The tests call fewer in the same way. Prints one JSON
line a figure, and exits non-zero where the records say something else than was done.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from api import say
from media_bed import run_inside
from telephony.asterisk.branches import branch_of, by_info, name_of, work
from telephony.asterisk.place import Place

PEOPLE, AGENTS = 500, 60


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=PEOPLE, help="a multiple of 10, 500 at most")
    parser.add_argument("--agents", type=int, default=AGENTS)
    given = run_inside(parser, __file__)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="trunkcall-branches-") as folder:
        shift = work(Place(200), Path(folder), many=given.people, agents=given.agents)
    chosen = {number: branch_of(record) for number, record in shift.records.items()}
    wrong = [number for number, kind in shift.called.items() if chosen[number] != kind.branch]
    pressed = Counter(name_of(kind.key, info=by_info(number)) for number, kind in shift.called.items() if kind.key)
    heard = {name: shift.customers[name] for name in pressed}
    say(
        "people whose branch stands in their record as they have chosen it",
        value=given.people - len(wrong),
        people=given.people,
        seconds=round(time.monotonic() - began_s),
    )
    say("people in each branch", **Counter(branch or "none" for branch in chosen.values()))
    say("keys that SIPp has pressed", **heard)
    return 1 if wrong or heard != pressed else 0


if __name__ == "__main__":
    sys.exit(main())
