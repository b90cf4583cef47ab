"""What users are given as their Asterisk's configuration, read by a real one.

If these fail, an Asterisk does not start by it, or somebody else dials at its owner's cost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from telephony.asterisk.ari import Ari
from telephony.asterisk.configuration import plan_of, small, trunk_at
from telephony.asterisk.namespace import INSIDE
from telephony.asterisk.peer import Peer
from telephony.asterisk.place import SIP_PORT, Place, place_of_this_worker
from telephony.asterisk.switch import Asterisk
from trunkcall.cli.asterisk.files import configuration
from trunkcall.cli.asterisk.modules import LOADED
from trunkcall.cli.asterisk.plan import Phone

pytestmark = pytest.mark.skipif(INSIDE not in os.environ, reason="runs in a closed network namespace: make telephony")

NUMBER = "+12065550123"
ELSEWHERE = "+12065550177"
UNHEARD_S = 1.0
KNOWN = (
    # No package of music is unpacked here: whoever is put on hold hears nothing.
    "/moh: No such file or directory",
    "No music on hold classes configured",
    # Of the context that rejects whatever comes in.
    "The use of '_.' for an extension is strongly discouraged",
)


@pytest.fixture(scope="module")
def place() -> Place:
    # The switch of other tests goes on between these.
    return Place(place_of_this_worker().number + 32)


@pytest.fixture(scope="module")
def addresses(place: Place) -> dict[str, str]:
    return {name: place.address() for name in ("north", "south", "ada")}


@pytest.fixture(scope="module")
def switch(place: Place, addresses: dict[str, str]) -> Iterator[Asterisk]:
    trunks = {name: addresses[name] for name in ("north", "south")}
    with Asterisk(place, small(place, trunks, phones={"ada": addresses["ada"]})) as running:
        yield running


@pytest.fixture
def ari(switch: Asterisk) -> Iterator[Ari]:
    with Ari(switch.place, ("north", "south")) as connected:
        yield connected


@pytest.fixture
def north(addresses: dict[str, str]) -> Iterator[Peer]:
    with Peer(addresses["north"]) as peer:
        yield peer


@pytest.fixture
def south(addresses: dict[str, str]) -> Iterator[Peer]:
    with Peer(addresses["south"]) as peer:
        yield peer


def test_asterisk_has_nothing_to_say_against_any_kind_of_trunk() -> None:
    place = Place(place_of_this_worker().number + 48)
    account = {"user": "acme", "password_file": "-"}
    trunks = [
        trunk_at("by-address", place.address(), sends_from=["127.200.0.0/29"], dtmf="info", attestation="A"),
        trunk_at("by-account", place.address(), "secret", register="on", outbound_proxy=place.address(), **account),
        trunk_at("by-tls", place.address(), transport="tls", media_encryption="sdes", from_domain="example.com"),
        trunk_at("by-tcp", place.address(), transport="tcp", port=5080, session_expires_s=0, from_user="main"),
    ]
    plan = plan_of(place, trunks, [Phone("ada", "secret"), Phone("bea.2", "secret")])
    files = configuration(plan)
    for own in ("asterisk.conf", "logger.conf"):
        del files[own]
    with Asterisk(place, files) as switch, Ari(place, ()) as ari:
        told = [line for line in switch.said().splitlines() if " WARNING[" in line or " ERROR[" in line]
        assert [line for line in told if not any(known in line for known in KNOWN)] == []

        modules = {each["name"].removesuffix(".so"): each["status"] for each in ari.ask("GET", "asterisk/modules")}
        assert {modules.get(name) for name in LOADED} == {"Running"}
        endpoints = {each["resource"] for each in ari.ask("GET", "endpoints") if each["technology"] == "PJSIP"}
        assert endpoints == {*(trunk.trunk_id for trunk in trunks), "ada", "bea.2"}


FOLLOWED = pytest.mark.xfail(
    strict=True,
    reason="a channel of POST /channels follows what looks like a dial string of Asterisk's, which no setting forbids; "
    "one of POST /channels/create follows nothing",
)


@pytest.mark.parametrize(
    "user", [ELSEWHERE, "customer", "south", "s", pytest.param(f"PJSIP%2F{ELSEWHERE}%40south", marks=FOLLOWED)]
)
def test_who_sends_a_call_elsewhere_is_not_followed(ari: Ari, north: Peer, south: Peer, user: str) -> None:
    leg = f"moved-{user.encode().hex()}"
    ari.dial(NUMBER, leg, endpoint="north")
    north.answers(north.waits_for("INVITE"), 302, f"sip:{user}@{south.address}:{SIP_PORT}")

    followed = south.hears(UNHEARD_S)
    if followed is not None:
        south.answers(followed, 486)
    ari.ended(leg)
    assert followed is None
    while (message := north.hears(0)) is not None:
        assert message.method == "ACK", "nobody is asked a second time"
    assert ari.ask("GET", "channels") == []


def test_nobody_transfers_a_call_to_whom_he_likes(ari: Ari, north: Peer, south: Peer, place: Place) -> None:
    ari.dial(NUMBER, "transferred", endpoint="north")
    call = north.waits_for("INVITE")
    north.answers(call, 200, with_sound=True)
    north.waits_for("ACK")
    ari.until("StasisStart", "transferred")

    whither = f"Refer-To: <sip:{ELSEWHERE}@{south.address}>\r\nReferred-By: <sip:{NUMBER}@{north.address}>"
    assert north.asks("OPTIONS", call.contact, place.switch, call=call) == 200, "it is heard within the call"
    assert north.asks("REFER", call.contact, place.switch, call=call, more=whither) is None, "nobody here knows of it"
    assert south.hears(UNHEARD_S) is None
    assert [each["id"] for each in ari.ask("GET", "channels")] == ["transferred"], "the call itself goes on"
    ari.hang_up("transferred")


def test_calls_that_come_in_reach_nobody(ari: Ari, north: Peer, south: Peer, place: Place) -> None:
    switch = place.switch
    with Peer(place.address()) as stranger:
        extensions = (ELSEWHERE, "customer", "agent", "south", "ada", "s", "h")
        from_trunk = {north.asks("INVITE", f"sip:{each}@{switch}", switch) for each in extensions}
        from_stranger = {stranger.asks("INVITE", f"sip:{each}@{switch}", switch) for each in extensions}
        pretending = stranger.asks("INVITE", f"sip:{ELSEWHERE}@{switch}", switch, user="north")
        as_phone = stranger.asks("INVITE", f"sip:{ELSEWHERE}@{switch}", switch, user="ada")
        for call in ("REGISTER", "SUBSCRIBE", "MESSAGE"):
            assert (stranger.asks(call, f"sip:{switch}", switch) or 0) >= 400

    assert all(code in (403, 603) for code in from_trunk), from_trunk
    assert from_stranger == {401}, "nobody is told who is known here"
    assert (pretending, as_phone) == (401, 401)
    assert south.hears(UNHEARD_S) is None
    assert ari.ask("GET", "channels") == []
    assert ari.events == []
