"""What agents cost a whole server: changes of their statuses, and legs that stay up, each over the same without.

Two servers dial at real speed, side by side: 1,000 agents, 20 attempts a second; on one of them every agent has a
persistent connection. By turns nobody says anything, and agents change their statuses ten times a second in all, by
signed PutUserStatus over HTTP, a break of some seconds each. Of each stretch it is told what CPU an attempt took, and
how long the slowest answer but one of a hundred was, which waits for the turns. Stretches of one server are compared
by pairs, and the servers by stretches of the same seconds, so whatever else the machine does befalls both sides.
Prints one JSON line a figure, and exits non-zero if a bar is missed.
"""

from __future__ import annotations

import argparse
import heapq
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from api import batch, interval, say
from serving import Serving, serving
from wire import Heard, Signer, Wire

AGENTS: Final = 1_000
ATTEMPTS_PER_S: Final = 20
CHANGES_PER_S: Final = 10
ON_BREAK_S: Final = 5.0
PROBES_PER_S: Final = 10
CPU_BAR: Final = 1.5
"""CPU of an attempt over that without changes, as the engine alone is held to (``statuses.py``)."""
ANSWER_BAR: Final = 2.0
"""How many times as long the 99th of a hundred answers may take."""
SESSIONS_BAR: Final = 1.1
"""CPU of an attempt with persistent connections over that without: no leg of an agent is dialed for each contact."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one server did. ``answers_ms`` are of what asks for nothing but an answer."""

    cpu_s: float
    attempts: float
    changes: int
    answers_ms: Sequence[float]

    @property
    def per_attempt_ms(self) -> float:
        return 1000 * self.cpu_s / max(1.0, self.attempts)

    @property
    def slowest_ms(self) -> float:
        return statistics.quantiles(self.answers_ms, n=100)[98]


@dataclass
class Centre:
    """A server, its agents, and a client that speaks for them. ``back`` are breaks: when each ends, and whose it is."""

    server: Serving
    persistent: bool
    wire: Wire
    chance: Random
    agents: list[str] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    back: list[tuple[float, str]] = field(default_factory=list)
    changes: int = 0
    answers_ms: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.instance_id = self.server.environment["TRUNKCALL_INSTANCE_ID"]
        self._connect = Signer.of(self.server.environment, "connect")
        self._campaigns = Signer.of(self.server.environment)
        self._breaks_at_s = 0.0
        self._probe_at_s = 0.0

    def open(self, requests: int) -> None:
        """Hire everybody, have them available, and begin to dial."""
        client, within = self.server.client("connect"), {"InstanceId": self.instance_id}
        self.statuses = {
            each["Name"]: each["Id"] for each in client.list_agent_statuses(**within)["AgentStatusSummaryList"]
        }
        profile = client.list_routing_profiles(**within)["RoutingProfileSummaryList"][0]["Id"]
        security = client.list_security_profiles(**within)["SecurityProfileSummaryList"]
        hired = {
            "Password": "Correct-7-Horse",
            "PhoneConfig": {
                "PhoneType": "SOFT_PHONE",
                "AutoAccept": True,
                "AfterContactWorkTimeLimit": 30,
                "PersistentConnection": self.persistent,
            },
            "RoutingProfileId": profile,
            "SecurityProfileIds": [each["Id"] for each in security if each["Name"] == "Agent"],
        }
        for number in range(AGENTS):
            made = self._ask(self._connect, f"/users/{self.instance_id}", {**hired, "Username": f"agent-{number}"})
            self.agents.append(json.loads(made.body)["UserId"])
        # The dialer reads once a second who there is, and nobody else can say anything.
        time.sleep(3)
        for agent in self.agents:
            self._says(agent, "Available")
        dialers = (
            {"progressiveDialerConfig": {"bandwidthAllocation": 0.5}},
            {"predictiveDialerConfig": {"bandwidthAllocation": 0.5}},
        )
        campaigns = self.server.client()
        for number, dialer in enumerate(dialers):
            arguments = self.server.campaign_arguments(f"c-{number}", dialerConfig=dialer)
            campaign_id = campaigns.create_campaign(**arguments)["id"]
            campaigns.start_campaign(id=campaign_id)
            for first in range(0, requests // len(dialers), 25):
                target = f"/campaigns/{campaign_id}/dial-requests"
                heard = self.wire.ask(self._campaigns.request("PUT", target, batch(f"{number}-{first}")))
                assert heard.status == 200, heard

    def begin(self) -> None:
        """Count from here."""
        self.changes, self.answers_ms = 0, []
        self._cpu_s, self._attempts = self._cpu(), self.server.metric("trunkcall_attempts_total")

    def step(self, now_s: float, *, restless: bool) -> None:
        """All that is due: a probe, somebody who takes a break, those whose break is over."""
        # Whatever was due while nobody was asked for it does not come all at once.
        self._probe_at_s = max(self._probe_at_s, now_s - 1)
        self._breaks_at_s = max(self._breaks_at_s, now_s - 1)
        if now_s >= self._probe_at_s:
            self._probe_at_s += 1 / PROBES_PER_S
            began_s = time.perf_counter()
            # Unsigned, so that it costs next to nothing, and as little by turns.
            self.wire.ask(b"GET /campaigns HTTP/1.1\r\nhost: benchmark\r\n\r\n")
            self.answers_ms.append(1000 * (time.perf_counter() - began_s))
        if restless and now_s >= self._breaks_at_s:
            # One comes back for each who leaves.
            self._breaks_at_s += self.chance.expovariate(CHANGES_PER_S / 2)
            agent = self.chance.choice(self.agents)
            self._says(agent, "Break")
            heapq.heappush(self.back, (now_s + ON_BREAK_S, agent))
        while restless and self.back and now_s >= self.back[0][0]:
            self._says(heapq.heappop(self.back)[1], "Available")

    def end(self) -> Stretch:
        stretch = Stretch(
            self._cpu() - self._cpu_s,
            self.server.metric("trunkcall_attempts_total") - self._attempts,
            self.changes,
            self.answers_ms,
        )
        while self.back:
            self._says(heapq.heappop(self.back)[1], "Available")
        return stretch

    def _says(self, agent: str, status: str) -> None:
        self.changes += 1
        path = f"/users/{self.instance_id}/{agent}/status"
        self._ask(self._connect, path, {"AgentStatusId": self.statuses[status]})

    def _ask(self, signer: Signer, path: str, body: Mapping[str, Any]) -> Heard:
        heard = self.wire.ask(signer.request("PUT", path, json.dumps(body).encode()))
        assert heard.status == 200, heard
        return heard

    def _cpu(self) -> float:
        """Seconds that the server's threads have computed."""
        assert self.server.process is not None
        tasks = Path(f"/proc/{self.server.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def stretch_of(centres: Sequence[Centre], seconds: float, *, restless: bool) -> list[Stretch]:
    """What each of them does in the same seconds."""
    # As many come back from a break as leave for one only after the first have.
    _pass_time(centres, ON_BREAK_S, restless=restless)
    for centre in centres:
        centre.begin()
    _pass_time(centres, seconds, restless=restless)
    return [centre.end() for centre in centres]


def _pass_time(centres: Sequence[Centre], seconds: float, *, restless: bool) -> None:
    began_s = now_s = time.monotonic()
    while now_s < began_s + seconds:
        for centre in centres:
            centre.step(now_s, restless=restless)
        time.sleep(0.005)
        now_s = time.monotonic()


def compared(figure: str, bar: float, pairs: Sequence[tuple[Stretch, Stretch]], *, answers: bool) -> bool:
    """Tell the ratios of the second of each pair to the first; returns whether the bars are kept."""
    cpu = [other.per_attempt_ms / without.per_attempt_ms for without, other in pairs]
    slow = [other.slowest_ms / without.slowest_ms for without, other in pairs]
    ratio, slowness = statistics.median(cpu), statistics.median(slow)
    met = ratio <= bar and not (answers and slowness > ANSWER_BAR)
    say(
        figure,
        ratio=round(ratio, 2),
        interval=interval(cpu, 2),
        bar=bar,
        p99_answer_ratio=round(slowness, 2),
        p99_answer_interval=interval(slow, 2),
        **({"p99_answer_bar": ANSWER_BAR} if answers else {}),
        cpu_ms=[round(statistics.median(side), 2) for side in _each(pairs, "per_attempt_ms")],
        p99_answer_ms=[round(statistics.median(side), 2) for side in _each(pairs, "slowest_ms")],
        attempts=[round(statistics.median(side)) for side in _each(pairs, "attempts")],
        changes=[round(statistics.median(side)) for side in _each(pairs, "changes")],
        pairs=len(pairs),
        met=met,
    )
    return met


def _each(pairs: Sequence[tuple[Stretch, Stretch]], name: str) -> list[list[float]]:
    return [[getattr(pair[side], name) for pair in pairs] for side in (0, 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=20, help="length of each measurement")
    parser.add_argument("--settle", type=float, default=90, help="seconds until it is measured: most agents talk")
    parser.add_argument("--quick", action="store_true", help="three short pairs, held to no bar")
    arguments = parser.parse_args()
    number, seconds, settle = (
        (3, 10.0, 20.0) if arguments.quick else (arguments.pairs, arguments.seconds, arguments.settle)
    )
    options = {"agents": 0, "channels": 5_000, "attempts_per_s": ATTEMPTS_PER_S, "agent_state_max_age_s": 0}
    pairs: list[list[tuple[Stretch, Stretch]]] = [[], []]
    with (
        tempfile.TemporaryDirectory(prefix="trunkcall-bench-") as folder,
        serving(Path(folder) / "rung", drain_s=0, **options) as rung,
        serving(Path(folder) / "on-the-line", drain_s=0, **options) as on_the_line,
        Wire(rung.url) as wire,
        Wire(on_the_line.url) as other_wire,
    ):
        centres = [
            Centre(rung, persistent=False, wire=wire, chance=Random(1)),
            Centre(on_the_line, persistent=True, wire=other_wire, chance=Random(1)),
        ]
        requests = round(1.5 * ATTEMPTS_PER_S * (settle + 2 * number * (seconds + ON_BREAK_S) + 60))
        for centre in centres:
            centre.open(requests)
        _pass_time(centres, settle, restless=False)
        for pair in range(number):
            found: dict[bool, list[Stretch]] = {}
            for restless in (False, True) if pair % 2 else (True, False):
                found[restless] = stretch_of(centres, seconds, restless=restless)
            for side, those in enumerate(pairs):
                those.append((found[False][side], found[True][side]))
    rung_pairs, line_pairs = pairs
    said = "CPU of an attempt through the server while agents change their statuses, over that while they do not"
    met = [
        compared(said, CPU_BAR, rung_pairs, answers=True),
        compared(f"{said}, with persistent connections", CPU_BAR, line_pairs, answers=True),
        compared(
            "CPU of an attempt through the server with persistent connections, over that without",
            SESSIONS_BAR,
            [(without[0], other[0]) for without, other in zip(rung_pairs, line_pairs, strict=True)],
            answers=False,
        ),
    ]
    sys.exit(not arguments.quick and not all(met))


if __name__ == "__main__":
    main()
