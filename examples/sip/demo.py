"""A campaign over SIP that calls nobody: a real Asterisk, people played by SIPp, and ten agents with SIP telephones.

`make demo-sip` runs it in a network namespace with nothing but lo. It is made of the same parts as the tests of real
telephony, and ends with an account of every lead beside what SIPp has counted at the other end; exit code 1 where the
two differ. A number as its argument is how many leads there are.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from telephony.asterisk.centre import TRUNK, Centre, Site, own
from telephony.asterisk.phone import tone
from telephony.asterisk.place import Place
from telephony.asterisk.sipp import Sipp

HERE = Path(__file__).parent
AGENTS = tuple(f"agent-{n:02d}" for n in range(1, 11))
LEADS = {"206": 75, "212": 90, "312": 75, "415": 60}
"""How many are called in each area; street.xml says who answers there."""
SILENCE = b"\xff"
SOUNDS = {
    "person.ul": SILENCE * 2400 + tone(440, 0.5) + SILENCE * 80_000,
    "machine.ul": SILENCE * 2400 + tone(350, 8.0) + SILENCE * 80_000,
    "agent.ul": tone(600, 1.0),
}
"""What is said, as SIPp sends it: a person says a word, and waits for somebody; a machine goes on and on."""
LOOK_EVERY_S = 0.5
TELL_EVERY_S = 5.0
MOST_S = 300.0
SETTLED_S = 6.0
"""How long the last calls may take to end at the other end, and SIPp to write its counts."""


def numbers(leads: int) -> list[str]:
    """Numbers that are kept for fiction, those of all areas mixed."""
    order = sorted((n / many, f"+1{area}555{100 + n:04d}") for area, many in LEADS.items() for n in range(many))
    return [number for _, number in order][:leads]


def main(leads: int) -> int:
    console = Console()
    console.print(f"{leads} leads, {len(AGENTS)} agents with SIP telephones; nothing leaves this machine.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trunkcall-demo-sip-")))
        for name, sound in SOUNDS.items():
            (folder / name).write_bytes(sound)
        place = Place(200)
        street, office = place.address(), place.address()
        site = Site(place, {TRUNK: street, **dict.fromkeys(AGENTS, office)}, stack)
        customers = stack.enter_context(Sipp(HERE / "street.xml", street, folder))
        agents = stack.enter_context(Sipp(HERE / "agents.xml", office, folder))
        console.print("Asterisk and SIPp are up; Trunkcall dials.")
        centre = Centre(site.serve(folder / "centre"), AGENTS)
        centre.hire()
        stack.enter_context(centre.confirming())
        campaign = centre.call(numbers(leads), dialerConfig={"predictiveDialerConfig": {"bandwidthAllocation": 1.0}})
        told = _watched(console, centre, campaign)
        centre.server.wait_until(lambda: customers.counted()["IncomingCall"] >= told["attempts"], timeout_s=SETTLED_S)
        time.sleep(SETTLED_S)
        return _account(console, told, customers.counted(), agents.counted()["talks"])


def _watched(console: Console, centre: Centre, campaign: str) -> dict[str, Any]:
    """The campaign's progress once it is over, told every few seconds until then."""
    service, began_s, told_s = own(centre.server), time.monotonic(), 0.0
    while True:
        progress: dict[str, Any] = service.get_campaign_progress(id=campaign)["progress"]
        ended, passed_s = sum(progress["dispositions"].values()), time.monotonic() - began_s
        if ended == progress["accepted"] or passed_s > MOST_S:
            return progress
        if passed_s >= told_s:
            told_s = passed_s + TELL_EVERY_S
            talks = progress["dispositions"].get("connected_to_agent", 0)
            console.print(f"{passed_s:4.0f} s: {ended:3} of {progress['accepted']} leads have ended, {talks} talks")
        time.sleep(LOOK_EVERY_S)


def _account(console: Console, told: dict[str, Any], counted: Counter[str], talks: int) -> int:
    """Print what became of every lead; 0 if both sides say the same."""
    became = Counter(told["dispositions"])
    both = {
        "connected to agent": (became.pop("connected_to_agent", 0), talks),
        "abandoned": (became.pop("abandoned", 0), counted["people"] - talks),
        "voicemail": (became.pop("voicemail", 0), counted["machines"]),
        "busy": (became.pop("busy", 0), counted["busy"]),
        "invalid number": (became.pop("invalid_number", 0), counted["dead_numbers"]),
        **{name.replace("_", " "): (number, 0) for name, number in became.items()},
    }
    table = Table(title="What became of every lead", title_justify="left")
    table.add_column("disposition")
    table.add_column("Trunkcall", justify="right")
    table.add_column("SIPp", justify="right")
    for name, (ours, theirs) in both.items():
        table.add_row(name, f"{ours}", f"{theirs}")
    table.add_section()
    leads = sum(ours for ours, _ in both.values())
    table.add_row("all", f"{leads}", f"{counted['IncomingCall']}")
    console.print(table)
    console.print(f"live answers abandoned: {told['abandoned']} of {told['liveAnswers']}")
    right = leads == told["accepted"] == told["attempts"] and all(ours == theirs for ours, theirs in both.values())
    console.print("Every lead is accounted for, on both sides alike." if right else "The two sides differ.")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else sum(LEADS.values())))
