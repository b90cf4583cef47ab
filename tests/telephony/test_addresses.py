"""Whom a switch is asked to ring. If this fails, a carrier is rung where an agent should be."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from telephony.support import NOW
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import Agent, PhoneConfig
from trunkcall.telephony.ari.addresses import Addresses, endpoint_of, trunk_endpoint
from trunkcall.telephony.ari.checkup import one_phone_each


@pytest.mark.parametrize("trunks", [("north", "south"), ()])
def test_an_agent_who_is_named_like_a_trunk_has_no_phone(trunks: tuple[str, ...]) -> None:
    default = Trunk("north")
    addresses = Addresses(lambda number, trunk: number, default, lambda trunk_id: f"{trunk_id}-secret")
    names = {"1": "ada", "2": "North"}
    agents = {agent_id: Agent(agent_id, name, "profile") for agent_id, name in names.items()}
    instance = Instance("instance", "centre", NOW, onboarded=True)
    addresses.know(Directory(instance, agents=agents, trunks={name: Trunk(name) for name in trunks}))

    ada = addresses.agent("1")
    assert ada is not None
    assert ada.dial_string == "PJSIP/ada"
    assert addresses.agent("2") is None


def test_an_agent_with_a_desk_phone_is_called_at_its_number_over_the_first_trunk_and_has_no_soft_phone() -> None:
    addresses = Addresses(lambda number, trunk: number, Trunk("north"), lambda trunk_id: f"{trunk_id}-secret")
    desk = PhoneConfig(phone_type="DESK_PHONE", desk_phone_number="+12065550142")
    soft = replace(desk, phone_type="SOFT_PHONE")
    agents = {"1": Agent("1", "ada", "profile", phone=desk), "2": Agent("2", "bea", "profile", phone=soft)}
    trunks = {name: Trunk(name) for name in ("west", "east")}
    addresses.know(Directory(Instance("instance", "centre", NOW, onboarded=True), agents=agents, trunks=trunks))

    ada = addresses.agent("1")
    assert ada is not None
    assert (ada.endpoint, ada.dial_string) == ("west-secret", "PJSIP/+12065550142@west-secret")
    assert addresses.soft_phones() == {"2": "bea"}, "her number is not called: the gate lets it through for nobody"


def test_nobody_can_have_calls_sent_over_a_trunk_by_knowing_its_name() -> None:
    default = Trunk("north")
    addresses = Addresses(lambda number, trunk: number, default, partial(trunk_endpoint, password="of ARI"))
    north = addresses.customer("north", "+12065550177")
    assert north is not None
    assert north.dial_string == f"PJSIP/+12065550177@{north.endpoint}"
    assert north.endpoint.startswith("north-"), "who reads Asterisk's log sees which trunk it is"
    others = {trunk_endpoint("south", "of ARI"), trunk_endpoint("north", "another"), "north"}
    assert north.endpoint not in others
    assert trunk_endpoint("north", "of ARI") == north.endpoint, "Asterisk is told the same"


def test_no_agents_phone_is_where_calls_of_strangers_would_arrive() -> None:
    assert endpoint_of("Anonymous") is None
    assert endpoint_of("Anna") == "anna"


def test_agents_who_cannot_have_a_phone_of_their_own_are_named() -> None:
    found = one_phone_each(["Ada", "bea", "ada", "Zoë Müller"], endpoint_of)
    assert [each.text.partition(" ")[0] for each in found] == ["Zoë", "Ada"]
    assert "Ada and ada have one phone" in found[1].text
    assert one_phone_each(["ada", "bea"], endpoint_of) == []
