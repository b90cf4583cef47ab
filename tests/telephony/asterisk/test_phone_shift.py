"""A shift on telephones alone: 20 agents come to work by dialing a code, talk, end each talk by keys, say by a key what
came of it, and go home. And one of them has a softphone that anybody can install.

If these fail, a floor without desktops loses contacts, or a sale stands in the record of somebody else.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from telephony.asterisk.baresip import Baresip
from telephony.asterisk.centre import calls, own, own_tone, speaks
from telephony.asterisk.floor import Floor, floor_of
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Manner
from telephony.asterisk.soft_phone import SoftPhone
from telephony.asterisk.tones import tones_in

pytestmark = inside

AGENTS, REQUESTS = 20, 200
MOST_S, PATIENCE_S = 200.0, 6.0
WORDS = {"1": "Sale", "2": "Call back", "3": "No interest"}


@pytest.mark.timeout(240)
def test_20_agents_work_through_200_requests_with_nothing_but_keys(tmp_path: Path) -> None:
    dispositions = ",".join(f"{digit}={word}" for digit, word in WORDS.items())
    with ExitStack() as stack:
        customer = Manner(answers_after_s=0.1)
        floor = floor_of(tmp_path, stack, customer, agent_dispositions=dispositions)
        names = [f"agent-{n:02d}" for n in range(1, AGENTS + 1)]
        made = floor.agents("add", *names, "--phone", "--persistent-connection")
        phones = {each["name"]: floor.phone(each["phone"]) for each in made}
        for phone in phones.values():
            floor.until_registered(phone)
            assert floor.dials(phone, "*1") == 200

        campaign_id = floor.call(REQUESTS)
        shift = Shift(floor, phones, {each["id"]: each["name"] for each in made})
        shift.work_through(campaign_id)

        records = floor.server.export("--campaign", campaign_id)
        assert len(records) == REQUESTS
        assert {record["Disposition"] for record in records} == {"connected_to_agent"}
        said: dict[str, list[str]] = defaultdict(list)
        for record in sorted(records, key=lambda each: each["Agent"]["ConnectedToAgentTimestamp"]):
            said[record["Agent"]["Username"]].append(record["AgentDisposition"])
            assert record["DisconnectReason"] == "AGENT_DISCONNECT"
        assert said == {name: [WORDS[digit] for digit in digits] for name, digits in shift.pressed.items()}
        assert {len(calls(phone)) for phone in phones.values()} == {1}, "each phone has rung once"

        for phone in phones.values():
            assert floor.dials(phone, "*0") == 200
        floor.server.wait_until(lambda: {each["state"] for each in floor.agents("list")} == {"Offline"})
        floor.server.wait_until(lambda: all(each.over for phone in phones.values() for each in calls(phone)))


class Shift:
    """All agents at once: each ends a talk when there is one, and says what came of it."""

    def __init__(self, floor: Floor, phones: Mapping[str, SoftPhone], agent_of: Mapping[str, str]) -> None:
        self._floor = floor
        self._phones = phones
        self._agent_of = agent_of
        self.pressed: dict[str, list[str]] = defaultdict(list)
        """What each has said of each contact, in their order."""
        self._seen: dict[str, str] = {}
        self._pressed_at_s: dict[str, float] = {}

    def work_through(self, campaign_id: str) -> None:
        service, server = own(self._floor.server), self._floor.server
        instance_id = server.environment["TRUNKCALL_INSTANCE_ID"]

        def is_done() -> bool:
            states = service.get_agent_states(connectInstanceId=instance_id)["states"]
            for agent_id, state in states.items():
                self._go_on(self._agent_of[agent_id], state)
            told = service.get_campaign_progress(id=campaign_id)["progress"]
            all_ended = told["accepted"] == sum(told["dispositions"].values())
            return bool(all_ended and {"Available"} == set(states.values()))

        server.wait_until(is_done, timeout_s=MOST_S)

    def _go_on(self, name: str, state: str) -> None:
        phone, now_s = self._phones[name], time.monotonic()
        is_new = state != self._seen.get(name)
        # Whoever sees that nothing has come of a key presses it again.
        if phone.presses or not (is_new or now_s > self._pressed_at_s.get(name, now_s) + PATIENCE_S):
            return
        self._seen[name], self._pressed_at_s[name] = state, now_s
        if state == "Connected":
            press(phone, "**")
        elif state == "AfterContactWork":
            if is_new:
                done = self.pressed[name]
                done.append(sorted(WORDS)[(len(done) + int(name[-1])) % len(WORDS)])
            press(phone, f"{self.pressed[name][-1]}#")


def press(phone: SoftPhone, keys: str) -> None:
    for key in keys:
        phone.press(key)


def test_a_softphone_that_anybody_can_install_takes_calls_by_what_was_printed(tmp_path: Path) -> None:
    hertz, agent_hertz = own_tone(100), own_tone(300)
    with ExitStack() as stack:
        customer = Manner(answers_after_s=0.1, goes_on=speaks(hertz), leaves_after_s=5.0)
        floor = floor_of(tmp_path, stack, customer)
        account = floor.hire("ada", "--available", "--persistent-connection")
        baresip = stack.enter_context(
            Baresip(tmp_path / "baresip", floor.site.place.address(), account, hertz=agent_hertz)
        )
        floor.server.wait_until(lambda: floor.state_of("ada") == ("Available", None))

        campaign_id = floor.call(1)
        (record,) = floor.centre.until_all_ended(campaign_id, timeout_s=60).values()

        assert record["Disposition"] == "connected_to_agent"
        (talk,) = calls(floor.customers)
        assert tones_in(bytes(talk.heard)) == {agent_hertz}
        floor.trunkcall("agents", "change", "ada", "--status", "Offline")
        floor.server.wait_until(lambda: baresip.heard() == {hertz})


@pytest.mark.timeout(120)
def test_an_agent_works_by_the_keys_of_a_softphone_that_anybody_can_install(tmp_path: Path) -> None:
    dispositions = ",".join(f"{digit}={word}" for digit, word in WORDS.items())
    with ExitStack() as stack:
        floor = floor_of(tmp_path, stack, Manner(goes_on=speaks(own_tone(100))), agent_dispositions=dispositions)
        account = floor.hire("ada", "--available", "--persistent-connection")
        baresip = stack.enter_context(
            Baresip(tmp_path / "baresip", floor.site.place.address(), account, hertz=own_tone(300))
        )
        campaign_id = floor.call(len(WORDS))

        def is_not(state: str) -> bool:
            return floor.state_of("ada")[0] != state

        def presses(keys: str, state: str) -> None:
            """Once she is in this state, and until she is in another: whoever sees that nothing comes of it, again."""
            floor.server.wait_until(lambda: not is_not(state))
            while not is_not(state):
                baresip.press(keys)
                with suppress(AssertionError):
                    floor.server.wait_until(lambda: is_not(state), timeout_s=PATIENCE_S)

        for digit in WORDS:
            presses("**", "Connected")
            presses(f"{digit}#", "AfterContactWork")
        records = floor.centre.until_all_ended(campaign_id, timeout_s=60).values()
        assert sorted(each["AgentDisposition"] for each in records) == sorted(WORDS.values())
        presses("*0", "Available")
        assert floor.state_of("ada")[0] == "Offline"
