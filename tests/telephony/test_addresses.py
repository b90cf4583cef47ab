"""Whom a switch is asked to ring. If this fails, a carrier is rung where an agent should be."""

from __future__ import annotations

import pytest

from telephony.support import NOW
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import Agent
from trunkcall.telephony.ari.addresses import Addresses


@pytest.mark.parametrize("trunks", [("north", "south"), ()])
def test_an_agent_who_is_named_like_a_trunk_has_no_phone(trunks: tuple[str, ...]) -> None:
    default = Trunk("north")
    addresses = Addresses(lambda number, trunk: number, default)
    names = {"1": "ada", "2": "North"}
    agents = {agent_id: Agent(agent_id, name, "profile") for agent_id, name in names.items()}
    instance = Instance("instance", "centre", NOW, onboarded=True)
    addresses.know(Directory(instance, agents=agents, trunks={name: Trunk(name) for name in trunks}))

    ada = addresses.agent("1")
    assert ada is not None
    assert ada.dial_string == "PJSIP/ada"
    assert addresses.agent("2") is None
