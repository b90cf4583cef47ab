"""A server or its carrier is stopped, dies and comes back: simulated agents are there when it is, and only then.

What a user would lose otherwise: a floor that stands idle after every hiccup of the machine, or phones that ring for
agents whose own phones are gone.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from faults.carrying import carrying
from serving import Serving, dial_request, put_all, serving

pytestmark = pytest.mark.long

MAX_AGE_S = 3
UNHEARD, ATTEMPTS = "trunkcall_agents_unheard", "trunkcall_attempts_total"


def dial_for_agents(server: Serving) -> None:
    client = server.client()
    campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
    client.start_campaign(id=campaign_id)
    put_all(client, campaign_id, [dial_request(f"a-{n}", n) for n in range(500)])


def dialing_goes_on(server: Serving) -> None:
    dialed = server.metric(ATTEMPTS)
    server.wait_until(lambda: server.metric(ATTEMPTS) > dialed + 3)


@pytest.mark.timeout(120)
def test_a_server_that_was_stopped_goes_on_with_the_agents_it_had(tmp_path: Path) -> None:
    """It was stopped for longer than a word is relied on, and nobody had a chance to be heard."""
    options = {"agents": 5, "speed": 30, "agent-state-max-age-s": MAX_AGE_S}
    with serving(tmp_path / "data", **options) as server:
        dial_for_agents(server)
        dialing_goes_on(server)
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(MAX_AGE_S + 1)
        server.process.send_signal(signal.SIGCONT)
        unheard = set()
        for _ in range(20):
            unheard.add(server.metric(UNHEARD))
            time.sleep(0.05)
        assert unheard == {0.0}
        dialing_goes_on(server)
        assert server.stop() == 0
        assert "Traceback" not in server.log_path.read_text()


@pytest.mark.timeout(120)
def test_agents_whose_phones_are_gone_are_unheard_until_they_are_back(tmp_path: Path) -> None:
    with carrying(tmp_path, **{"agents": 5, "agent-state-max-age-s": MAX_AGE_S}) as (carrier, server):
        dial_for_agents(server)
        dialing_goes_on(server)
        time.sleep(MAX_AGE_S + 1)
        assert server.metric(UNHEARD) == 0, "they are there for as long as it runs"
        carrier.kill()
        server.wait_until(lambda: server.metric(UNHEARD) > 0)
        carrier.start()
        server.wait_until(lambda: server.metric(UNHEARD) == 0)
        dialing_goes_on(server)
