"""How many actions of contact flows one core takes in a second, and how long the largest document is looked at.

The flow goes round through a comparison, attributes and a message: what contacts mostly go through. Prints one JSON
line a figure; the least of several runs counts, in time of the processor.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from api import say
from flows.playing import NOW, Around
from flows.support import ERROR, action, flow
from trunkcall.flows.checking import check
from trunkcall.flows.language import MAX_ACTIONS, MAX_SPOKEN
from trunkcall.flows.progress import Begun, Progress, Said
from trunkcall.flows.running import step

RUNS = 5
CONTACTS = 20

ROUND = flow(
    action(
        "tier",
        "Compare",
        {"ComparisonValue": "$.Attributes.tier"},
        errors={"NoMatchingCondition": "set"},
        when={"gold": "set", "silver": "set"},
    ),
    action(
        "set", "UpdateContactAttributes", {"Attributes": {"of": "$.Attributes.tier"}}, then="say", errors={ERROR: "end"}
    ),
    action("say", "MessageParticipant", {"Text": "Hello $.Attributes.of"}, then="tier", errors={ERROR: "end"}),
)


def contacts() -> int:
    """Contacts that go round until they have had enough; how many actions that were."""
    around, taken = Around(ROUND, {}), 0
    for _ in range(CONTACTS):
        at = step(Progress("flow", attributes={"tier": "silver"}), Begun(), NOW, around).progress
        while at.ending is None:
            at = step(at, Said(), NOW, around).progress
        taken += at.actions
    return taken


def largest() -> str:
    """As many actions as may be, each with a text to be said."""
    text = "Hello $.Attributes.name. " * (MAX_SPOKEN // 200)
    said = [
        action(f"say-{n}", "MessageParticipant", {"Text": text}, then=f"say-{n + 1}" if n < MAX_ACTIONS - 2 else "end")
        for n in range(MAX_ACTIONS - 1)
    ]
    return flow(*said)


def shortest(run: Callable[[], object]) -> float:
    """The shortest of the runs, in seconds."""
    took = []
    for _ in range(RUNS):
        began = time.process_time()
        run()
        took.append(time.process_time() - began)
    return min(took)


def main() -> None:
    """Measure both."""
    say(figure="flow_actions_per_s", value=round(contacts() / shortest(contacts)))
    content = largest()
    assert check(content).flow is not None
    say(figure="flow_checked_s", value=round(shortest(lambda: check(content)), 4), characters=len(content))


if __name__ == "__main__":
    main()
