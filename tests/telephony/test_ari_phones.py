"""Agents' phones as a switch tells of them just then. If these fail, an agent whose phone is there is rung no more."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest_asyncio

from telephony.ari_server import PASSWORD, USER, AriServer
from telephony.support import NOW, until
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.instants import Instant
from trunkcall.domain.recording_file import NewFile
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import DESK_PHONE, Agent, PhoneConfig
from trunkcall.engine.events import AgentPhoneFound, AgentPhoneLost, CarrierEvent, CarrierFound, CodeDialed
from trunkcall.telephony.ari.addresses import Addresses
from trunkcall.telephony.ari.carrier import AriCarrier
from trunkcall.telephony.ari.client import Switch
from trunkcall.telephony.ari.phones import Phones
from trunkcall.telephony.sound.client import SoundProcess

SOFT_PHONE = PhoneConfig()


class PhoneServer(AriServer):
    """A switch with agents' phones, ``online`` or not."""

    def __init__(self) -> None:
        super().__init__()
        self.phones = {"ada": "offline"}
        self.registers: str | None = None
        """Who does just when it is asked for channels."""
        self.dials: str | None = None
        """Who dials *1 just when it is asked for phones."""
        self.meanwhile: Callable[[], None] | None = None
        """What happens once while it is asked for phones."""
        self.fails_at: set[str] = set()
        """What it answers with an error, once each."""

    async def respond(self, request: dict[str, Any]) -> None:
        uri = request["uri"]
        if uri in self.fails_at:
            self.fails_at.remove(uri)
            await self.answer(request, 500)
            return
        if uri == "channels" and self.registers is not None:
            name, self.registers = self.registers, None
            self.phones[name] = "online"
            peer = {"peer_status": "Reachable"}
            await self.say(json.dumps({"type": "PeerStatusChange", "endpoint": self._endpoint(name), "peer": peer}))
        if uri == "endpoints/PJSIP" and self.dials is not None:
            name, self.dials = self.dials, None
            await self.say(dialed(name, "*1"))
        if uri == "endpoints/PJSIP" and self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        known = [self._endpoint(name) for name in self.phones] if uri == "endpoints/PJSIP" else []
        await self.answer(request, body=json.dumps(known))

    def _endpoint(self, name: str) -> dict[str, Any]:
        return {"technology": "PJSIP", "resource": name, "state": self.phones[name], "channel_ids": []}


class Centre:
    """A carrier at that switch, and what it tells."""

    def __init__(self, server: AriServer) -> None:
        self.events: list[CarrierEvent] = []
        self.addresses = Addresses(lambda number, trunk: number, Trunk("north"), str)
        self.carrier = AriCarrier(
            "app",
            partial(Switch, server.url, USER, PASSWORD),
            self.addresses,
            now=lambda: NOW,
            speak=lambda text, then: then(None),
            sounds=SoundProcess(server.url, USER, PASSWORD),
            phones=Phones("app", dict),
            codes=["*1"],
            new_file=_no_file,
        )

    def hires(self, *usernames: str, phone: PhoneConfig = SOFT_PHONE) -> None:
        """These are its agents, each called by the user name, with telephones of this kind."""
        agents = {name: Agent(name, name, "profile", phone=phone) for name in usernames}
        self.carrier.know(Directory(Instance("instance", "centre", NOW, onboarded=True), agents=agents))

    def without_phone(self) -> set[str]:
        """The agents who have none, as was told."""
        found: set[str] = set()
        for event in self.events:
            if isinstance(event, AgentPhoneLost):
                found.add(event.agent_id)
            elif isinstance(event, AgentPhoneFound):
                found.remove(event.agent_id)
        return found


def dialed(name: str, keys: str) -> str:
    """A code was dialed on somebody's phone."""
    nobody = {"name": "", "number": ""}
    channel = {
        "id": f"{name}-calls",
        "name": f"PJSIP/{name}-00000001",
        "state": "Ring",
        "protocol_id": "1",
        "caller": nobody,
        "connected": nobody,
        "accountcode": "app",
        "dialplan": {"context": "c", "exten": keys, "priority": 2, "app_name": "Stasis", "app_data": ""},
        "creationtime": "2026-11-30T09:31:50.914+0000",
        "language": "en",
    }
    return json.dumps({"type": "StasisStart", "args": ["dialed", keys], "channel": channel})


def _no_file(recording_id: str, asked_at: Instant) -> NewFile:
    raise FileNotFoundError(Path(recording_id))


@pytest_asyncio.fixture
async def server() -> AsyncIterator[PhoneServer]:
    made = PhoneServer()
    await made.open()
    yield made
    await made.close()


@pytest_asyncio.fixture
async def centre(server: PhoneServer) -> AsyncIterator[Centre]:
    made = Centre(server)
    yield made
    await made.carrier.close()


async def test_a_phone_that_registers_while_the_switch_is_taken_over_is_there(
    server: PhoneServer, centre: Centre
) -> None:
    """As all do at once where it was started anew."""
    centre.hires("ada")
    server.registers = "ada"
    await centre.carrier.start(centre.events.append, token=1)
    assert isinstance(centre.events[0], CarrierFound)
    assert centre.without_phone() == set()


async def test_phones_are_looked_for_again_where_the_switch_could_not_tell(server: PhoneServer, centre: Centre) -> None:
    centre.hires("ada")
    await centre.carrier.start(centre.events.append, token=1)
    assert centre.without_phone() == {"ada"}
    server.fails_at.add("endpoints/PJSIP")
    server.phones["bea"] = "online"
    centre.hires("ada", "bea")
    await until(lambda: centre.without_phone() == {"ada"})
    assert server.fails_at == set()


async def test_who_is_new_is_not_rung_before_the_switch_has_said_that_there_is_a_phone(
    server: PhoneServer, centre: Centre
) -> None:
    """An agent is made, and available, faster than a phone is."""
    server.phones["ada"] = "online"
    centre.hires("ada")
    await centre.carrier.start(centre.events.append, token=1)
    assert centre.without_phone() == set()
    server.phones["bea"] = "online"
    centre.hires("ada", "bea")
    assert centre.without_phone() == {"bea"}, "at once"
    await until(lambda: centre.without_phone() == set())
    centre.hires("ada", "bea")
    assert centre.without_phone() == set()


async def test_who_is_new_and_then_gets_a_desk_phone_can_be_rung_at_once(server: PhoneServer, centre: Centre) -> None:
    """Nothing is known of a number's phone, and nobody would ever say that it is there."""
    await centre.carrier.start(centre.events.append, token=1)
    centre.hires("ada")
    assert centre.without_phone() == {"ada"}
    centre.hires("ada", phone=PhoneConfig(DESK_PHONE, desk_phone_number="+12065550142"))
    assert centre.without_phone() == set()


async def test_who_is_new_while_the_switch_is_asked_for_phones_is_not_rung_before_there_is_one(
    server: PhoneServer, centre: Centre
) -> None:
    server.meanwhile = lambda: centre.hires("bea")
    await centre.carrier.start(centre.events.append, token=1)
    assert centre.without_phone() == {"bea"}, "as it is taken over"
    server.phones["ada"] = "online"
    server.meanwhile = lambda: centre.hires("ada", "bea", "cleo")
    centre.hires("ada", "bea")
    await until(lambda: "ada" not in centre.without_phone())
    assert centre.without_phone() == {"bea", "cleo"}


async def test_who_dials_a_code_while_the_switch_is_taken_over_is_heard(server: PhoneServer, centre: Centre) -> None:
    """Asterisk has handed the call over already, and nobody else would ever answer it."""
    centre.hires("ada")
    server.dials = "ada"
    await centre.carrier.start(centre.events.append, token=1)
    assert [event for event in centre.events if isinstance(event, CarrierFound | CodeDialed)][1:] == [
        CodeDialed("ada", "*1")
    ]
    await until(lambda: server.asked_for("channels/ada-calls/answer"))
