"""The carrier is killed, hangs, is slow, answers late, twice or never: nobody is called twice, and dialing resumes by
itself.

What a user would lose otherwise: a campaign that stands still until somebody looks, or people who are called again
because an answer was late.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from faults.carrying import AGENTS, Carrying, carrying, check, ended
from faults.load import Load
from faults.test_crashes import running_campaign
from serving import Serving
from trunkcall.telephony.floor_wire import CHANNEL

pytestmark = pytest.mark.long

LONG = "TRUNKCALL_SOAK" in os.environ
ROUNDS = 50 if LONG else 5


def dialing_goes_on(carrier: Carrying, server: Serving) -> None:
    dialed = len(carrier.originates())
    server.wait_until(lambda: len(carrier.originates()) > dialed + 5, timeout_s=30)


def metric(server: Serving, name: str, label: str = "") -> float:
    (value,) = re.findall(rf"^trunkcall_{name}{{.*{label}.*}} (.+)$", server.get("/metrics"), re.MULTILINE)
    return float(value)


def agents(server: Serving, state: str) -> float:
    """How many of the agents are in this state, as far as the server knows."""
    counts = re.findall(rf'^trunkcall_agents{{.*state="{state}"}} (.+)$', server.get("/metrics"), re.MULTILINE)
    return sum(map(float, counts))


def finish(carrier: Carrying, server: Serving, load: Load) -> None:
    load.finish()
    server.wait_until(lambda: ended(server) >= len(load.ids), timeout_s=110)
    check(server, load.ids, carrier.originates())
    assert "Traceback" not in server.log_path.read_text()
    assert "Traceback" not in carrier.log_path.read_text()


@pytest.mark.timeout(7200 if LONG else 180)
def test_the_carrier_is_killed_and_comes_back(tmp_path: Path) -> None:
    with carrying(tmp_path) as (carrier, server):
        load = Load(server, running_campaign(server), pause_s=0.1)
        load.start()
        for _ in range(ROUNDS):
            dialing_goes_on(carrier, server)
            carrier.kill()
            server.wait_until(lambda: json.loads(server.get("/health"))["trouble"])
            carrier.start()
        dialing_goes_on(carrier, server)
        finish(carrier, server, load)
        reasons = {record["DisconnectReason"] for record in server.export()}
        assert reasons & {"OUTBOUND_ATTEMPT_FAILED", "TELECOM_PROBLEM"}, "legs that were lost say so"


@pytest.mark.timeout(7200 if LONG else 180)
def test_the_carrier_hangs_and_wakes(tmp_path: Path) -> None:
    """What it was asked before and had not read when it fell asleep is not dialed when it wakes."""
    with carrying(tmp_path) as (carrier, server):
        load = Load(server, running_campaign(server), pause_s=0.1)
        load.start()
        for _ in range(ROUNDS if LONG else 2):
            dialing_goes_on(carrier, server)
            carrier.signal(signal.SIGSTOP)
            server.wait_until(lambda: json.loads(server.get("/health"))["trouble"])
            asked = carrier.originates()
            # Who is asked for once it is awake may be called, and be lost to a hang of its own.
            begun = {r["ContactId"] for r in server.export() if r["Attempts"]}
            carrier.signal(signal.SIGCONT)
            server.wait_until(lambda: not json.loads(server.get("/health"))["trouble"])
            lost = {r["ContactId"] for r in server.export() if r["Disposition"] == "attempt_failed"}
            # It may have fallen asleep between reading an order and its entry in the journal, which is the next then.
            called = [each for each in list(carrier.originates() - asked)[1:] if each in begun & lost]
            assert not called, "somebody was called who was given up"
        dialing_goes_on(carrier, server)
        finish(carrier, server, load)


class Wire:
    """Between the dialer and the carrier: what the carrier says comes late, sometimes twice, sometimes never. Where
    words are lost at all, that the first message is over is among them."""

    def __init__(self, to: tuple[str, int], *, max_late_s: float, twice: float, never: float) -> None:
        self._to = to
        self._max_late_s = max_late_s
        self._twice = twice
        self._never = never
        self._chance = random.Random(2)
        self._messages = 0
        self._floor_is_cut = False
        self._floors: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def cut_floor(self) -> None:
        """Nothing is heard of the agents any more; the carrier's own words arrive."""
        self._floor_is_cut = True
        while self._floors:
            with suppress(OSError):
                self._floors.pop().shutdown(socket.SHUT_RDWR)

    def mend_floor(self) -> None:
        self._floor_is_cut = False

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                dialer, _ = self._listener.accept()
                carrier = socket.create_connection(self._to)
                threading.Thread(target=self._forward, args=(dialer, carrier), daemon=True).start()
                threading.Thread(target=self._answer, args=(carrier, dialer), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), source, target, source.makefile("rb") as lines:
            hello = lines.readline()
            if json.loads(hello)[1]["channel"] == CHANNEL:
                self._floors.append(target)
                if self._floor_is_cut:
                    target.shutdown(socket.SHUT_RDWR)
            target.sendall(hello)
            for line in lines:
                target.sendall(line)

    def _answer(self, source: socket.socket, target: socket.socket) -> None:
        greeting = ("Challenge", "Accepted", "Refused", "Welcome")
        with suppress(OSError), source, target, source.makefile("rb") as lines:
            for line in lines:
                repeats = 1
                name = json.loads(line)[0]
                if name not in greeting:
                    time.sleep(self._chance.uniform(0, self._max_late_s))
                    repeats += self._chance.random() < self._twice
                    if self._never and name != "Pong" and self._is_lost(name):
                        repeats = 0
                target.sendall(line * repeats)

    def _is_lost(self, name: str) -> bool:
        self._messages += name == "PlaybackEnded"
        first_message = name == "PlaybackEnded" and self._messages == 1
        return self._chance.random() < self._never or first_message


@contextmanager
def through(
    carrier: Carrying, server: Serving, *, max_late_s: float = 0.0, twice: float = 0.0, never: float = 0.0
) -> Iterator[Wire]:
    wire = Wire(("127.0.0.1", carrier.port), max_late_s=max_late_s, twice=twice, never=never)
    server.kill()
    server.options["carrier-url"] = wire.url
    server.start()
    try:
        yield wire
    finally:
        wire.close()


@pytest.mark.timeout(7200 if LONG else 180)
@pytest.mark.parametrize(
    ("max_late_s", "twice", "number"),
    [pytest.param(0.02, 0.0, 150, id="slow and late"), pytest.param(0.0, 0.5, 400, id="twice")],
)
def test_the_carrier_answers_late_or_twice(tmp_path: Path, max_late_s: float, twice: float, number: int) -> None:
    with carrying(tmp_path) as (carrier, server):
        server.pinned()
        campaign_id = running_campaign(server)
        with through(carrier, server, max_late_s=max_late_s, twice=twice):
            load = Load(server, campaign_id, most=number * (10 if LONG else 1))
            load.start()
            load.join(60)
            finish(carrier, server, load)


@pytest.mark.timeout(7200 if LONG else 180)
def test_words_of_the_carrier_never_arrive(tmp_path: Path) -> None:
    """One in twenty. What they held is settled, and every contact and every agent comes to an end with it."""
    with carrying(tmp_path) as (carrier, server):
        server.pinned()
        campaign_id = running_campaign(server)
        with through(carrier, server, never=0.05):
            load = Load(server, campaign_id, most=120 * (10 if LONG else 1))
            load.start()
            load.join(60)
            finish(carrier, server, load)
            server.wait_until(lambda: metric(server, "lines_in_use") == 0)
            assert metric(server, "leg_differences_total", 'difference="Played"') > 0


@pytest.mark.timeout(7200 if LONG else 180)
def test_agents_come_back_whatever_becomes_of_words_by_them_or_about_them(tmp_path: Path) -> None:
    """Some never arrive, and the carrier is gone in the midst of it. Who is forgotten in the work after a contact takes
    no other, for ever."""
    with carrying(tmp_path) as (carrier, server):
        server.pinned()
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        with through(carrier, server, never=0.05):
            load = Load(server, campaign_id, most=150 * (10 if LONG else 1))
            load.start()
            # Where agents come late, as beside others, few customers wait for them: then while many are being dialed.
            server.wait_until(lambda: agents(server, "Connected") > 2 or len(carrier.originates()) > 75)
            carrier.kill()
            carrier.start()
            finish(carrier, server, load)
            server.wait_until(lambda: agents(server, "Available") == AGENTS)


@pytest.mark.timeout(7200 if LONG else 180)
def test_nothing_is_heard_of_the_agents_for_a_while(tmp_path: Path) -> None:
    """Their phones work, so contacts go on; nobody is dialed for them; and somebody who looks is told why."""
    with carrying(tmp_path, **{"agent-state-max-age-s": 3}) as (carrier, server):
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        with through(carrier, server) as wire:
            load = Load(server, campaign_id, pause_s=1.0)
            load.start()
            server.wait_until(lambda: agents(server, "Connected") > 2)
            wire.cut_floor()
            server.wait_until(lambda: metric(server, "agents_unheard") == AGENTS)
            health = json.loads(server.get("/health"))
            assert health["status"] == "upkeep failing"
            assert health["trouble"].startswith("nothing is heard of the simulated agents: ")
            server.wait_until(lambda: agents(server, "Connected") == 0)
            asked = carrier.originates()
            load.finish()
            assert carrier.originates() == asked, "somebody was called for agents of whom nothing is heard"
            wire.mend_floor()
            dialing_goes_on(carrier, server)
            assert not json.loads(server.get("/health"))["trouble"]
            finish(carrier, server, load)
