"""What users are given as their Asterisk's configuration, read by a real one.

If these fail, an Asterisk does not start by it, or somebody else dials at its owner's cost.
"""

from __future__ import annotations

import re
import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from telephony.asterisk.ari import Ari
from telephony.asterisk.configuration import PASSWORD, PHONE_PASSWORD, plan_of, small, trunk_at, without_own
from telephony.asterisk.inside import inside
from telephony.asterisk.peer import Peer, digest
from telephony.asterisk.place import SIP_PORT, Place, Which, place_of_this_worker
from telephony.asterisk.switch import AUTHORIZATION, Asterisk
from trunkcall.cli.asterisk.files import configuration
from trunkcall.cli.asterisk.modules import LOADED
from trunkcall.cli.asterisk.pjsip import CERTIFICATES
from trunkcall.telephony.ari.addresses import trunk_endpoint

pytestmark = inside

NUMBER = "+12065550123"
ELSEWHERE = "+12065550177"
NORTH, SOUTH = (trunk_endpoint(name, PASSWORD) for name in ("north", "south"))
STRINGS = [f"PJSIP%2F{ELSEWHERE}%40south", f"PJSIP%2F{ELSEWHERE}%40south-{'0' * 16}", "Local%2Fcustomer%40trunkcall"]
"""Dial strings of Asterisk's, which it follows where there is such an endpoint."""
UNHEARD_S = 1.0
THEIR_PJSIP = """
[tls]
type = transport
protocol = tls
bind = {far}:5061
method = tlsv1_2
cert_file = {etc}/sip.crt
priv_key_file = {etc}/sip.key
[us]
type = endpoint
context = carrier
disallow = all
allow = ulaw
media_encryption = sdes
[us]
type = identify
endpoint = us
match = {near},127.0.0.1
"""


@pytest.fixture(scope="module")
def place() -> Place:
    # The switch of other tests goes on between these.
    return place_of_this_worker(Which.CONFIGURATION)


@pytest.fixture(scope="module")
def addresses(place: Place) -> dict[str, str]:
    return {name: place.address() for name in ("north", "south", "ada")}


@pytest.fixture(scope="module")
def switch(place: Place, addresses: dict[str, str]) -> Iterator[Asterisk]:
    trunks = {name: addresses[name] for name in ("north", "south")}
    files = small(place, trunks, phones={"ada": addresses["ada"]}, as_users_have_it=True)
    with Asterisk(place, files) as running:
        yield running


@pytest.fixture
def ari(switch: Asterisk) -> Iterator[Ari]:
    with Ari(switch.place, (NORTH, SOUTH)) as connected:
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
    place = place_of_this_worker(Which.FOR_NOW)
    account = {"user": "acme", "password_file": "-"}
    trunks = [
        trunk_at("by-address", place.address(), sends_from=["127.200.0.0/29"], dtmf="info", attestation="A"),
        trunk_at("by-account", place.address(), "secret", register="on", outbound_proxy=place.address(), **account),
        trunk_at("by-tls", place.address(), transport="tls", media_encryption="sdes", from_domain="example.com"),
        trunk_at("by-tcp", place.address(), transport="tcp", port=5080, session_expires_s=0, from_user="main"),
    ]
    plan = plan_of(place, trunks)
    with Asterisk(place, without_own(configuration(plan))) as switch, Ari(place, ()) as ari:
        assert [line for line in switch.said().splitlines() if " WARNING[" in line or " ERROR[" in line] == []

        modules = {each["name"].removesuffix(".so"): each["status"] for each in ari.ask("GET", "asterisk/modules")}
        assert {modules.get(name) for name in LOADED} == {"Running"}
        endpoints = {each["resource"] for each in ari.ask("GET", "endpoints") if each["technology"] == "PJSIP"}
        assert endpoints == {trunk.trunk_id for trunk in trunks}


@pytest.mark.parametrize("user", [ELSEWHERE, "customer", "south", "s", *STRINGS])
def test_who_sends_a_call_elsewhere_is_not_followed(ari: Ari, north: Peer, south: Peer, user: str) -> None:
    leg = f"moved-{user.encode().hex()}"
    ari.dial(NUMBER, leg, endpoint=NORTH)
    call = north.waits_for("INVITE")
    assert not any(NORTH in value for value in (call.first, *call.headers.values()))
    north.answers(call, 302, f"sip:{user}@{south.address}:{SIP_PORT}")

    # If somebody else were called, there would be a channel until they say something.
    ari.ended(leg)
    ari.until_nobody_is_there()
    assert south.hears(0) is None
    while (message := north.hears(0)) is not None:
        # As long as it has no answer an INVITE is repeated.
        is_repeated = message.method == "INVITE" and message.headers == call.headers
        assert message.method == "ACK" or is_repeated, "nobody is asked a second time"


def test_nobody_transfers_a_call_to_whom_he_likes(ari: Ari, north: Peer, south: Peer, place: Place) -> None:
    ari.dial(NUMBER, "transferred", endpoint=NORTH)
    call = north.waits_for("INVITE")
    north.answers(call, 200, with_sound=True)
    north.waits_for("ACK")
    ari.until("StasisStart", "transferred")

    whither = f"Refer-To: <sip:{ELSEWHERE}@{south.address}>\r\nReferred-By: <sip:{NUMBER}@{north.address}>"
    assert north.asks("OPTIONS", call.contact, place.switch, call=call) == 200, "it is heard within the call"
    assert (north.asks("REFER", call.contact, place.switch, call=call, more=whither) or 0) >= 400
    assert south.hears(UNHEARD_S) is None
    assert [each["id"] for each in ari.ask("GET", "channels")] == ["transferred"], "the call itself goes on"
    ari.hang_up("transferred")
    ari.ended("transferred")


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
    ari.until_nobody_is_there()
    assert south.hears(UNHEARD_S) is None
    assert ari.events == []


def test_a_trunk_with_an_account_registers_and_proves_itself() -> None:
    place = place_of_this_worker(Which.FOR_NOW)
    with Peer(place.address()) as carrier:
        account = {"register": "on", "user": "acme", "password_file": "-"}
        files = configuration(plan_of(place, [trunk_at("north", carrier.address, "a secret = of two", **account)]))
        # So that not all trunks of a switch register in the same moment, each waits for up to ten seconds.
        files["pjsip.conf"] = files["pjsip.conf"].replace(
            "type = registration\n", "type = registration\nmax_random_initial_delay = 0\n"
        )
        with Asterisk(place, without_own(files)):
            first = carrier.waits_for("REGISTER")
            challenge = 'Digest realm="carrier", nonce="once", opaque="so", algorithm=MD5, qop="auth"'
            carrier.answers(first, 401, more=f"WWW-Authenticate: {challenge}")
            second = carrier.waits_for("REGISTER")

            said = second.headers["authorization"]
            own = dict(re.findall(r'(\w+)="?([^",]+)"?', said))
            assert (own["username"], own["realm"]) == ("acme", "carrier")
            expected = digest(challenge, "acme", "a secret = of two", "REGISTER", own["uri"], own["cnonce"], own["nc"])
            assert f'response="{own["response"]}"' in expected
            assert "sip:acme@" in second.contact


def test_an_agents_phone_registers_with_its_password_and_from_its_networks_alone(
    ari: Ari, place: Place, addresses: dict[str, str]
) -> None:
    with Peer(addresses["ada"]) as phone:
        assert phone.registers("ada", "a guess", place.switch) == 401
        assert phone.registers("ada", PHONE_PASSWORD, place.switch) == 200
        assert phone.asks("INVITE", f"sip:{ELSEWHERE}@{place.switch}", place.switch, user="ada") == 401
    with Peer(f"127.0.{place.number + 1}.77") as far:
        assert far.registers("ada", PHONE_PASSWORD, place.switch) == 401, "there it is as if nobody had that name"
    ari.until_nobody_is_there()


def test_ari_on_another_machine_is_reached_by_tls() -> None:
    place = place_of_this_worker(Which.FOR_NOW)
    certificate, key = self_signed(place.switch)
    plan = replace(plan_of(place, []), ari_url=f"https://{place.switch}:8089")
    files = {**without_own(configuration(plan)), "ari.crt": certificate, "ari.key": key}
    # The bed looks by plain HTTP whether its switch is ready; users have that at the loopback alone.
    assert "bindaddr = 127.0.0.1\n" in files["http.conf"]
    files["http.conf"] = files["http.conf"].replace("bindaddr = 127.0.0.1\n", f"bindaddr = {place.switch}\n")
    switch = Asterisk(place, files)
    http = switch.folder / "etc" / "http.conf"
    http.write_text(http.read_text().replace(str(plan.etc), f"{switch.folder}/etc"))
    with switch:
        trusted = ssl.create_default_context(cadata=certificate)
        request = urllib.request.Request(f"{plan.ari_url}/ari/asterisk/ping", headers={"Authorization": AUTHORIZATION})
        with urllib.request.urlopen(request, timeout=10, context=trusted) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("trusted", [True, False])
def test_by_tls_sound_crosses_encrypted_and_nobody_is_called_past_a_certificate_that_is_not_trusted(
    trusted: bool,
) -> None:
    """At the other end is an Asterisk as well, which takes no call whose sound is in the open."""
    near, far = place_of_this_worker(Which.FOR_NOW), place_of_this_worker(Which.CENTRE)
    certificate, key = self_signed(far.switch)
    theirs = without_own(configuration(plan_of(far, [])))
    theirs |= {"sip.crt": certificate, "sip.key": key}
    theirs["extensions.conf"] = (
        "[carrier]\nexten => _[+0-9]!,1,Answer()\n same => n,Playtones(440)\n same => n,Wait(30)\n"
    )
    carrier = Asterisk(far, theirs)
    pjsip = carrier.folder / "etc" / "pjsip.conf"
    pjsip.write_text(THEIR_PJSIP.format(etc=pjsip.parent, far=far.switch, near=near.switch))
    trunk = trunk_at("north", far.switch, endpoint=NORTH, transport="tls", media_encryption="sdes")
    ours = without_own(configuration(plan_of(near, [trunk])))
    ours |= {"trusted.crt": certificate if trusted else self_signed(far.switch)[0]}
    switch = Asterisk(near, ours)
    pjsip = switch.folder / "etc" / "pjsip.conf"
    pjsip.write_text(pjsip.read_text().replace(CERTIFICATES, f"{pjsip.parent}/trusted.crt"))
    with carrier, switch, Ari(near, (NORTH,)) as ari:
        ari.dial(NUMBER, "leg", endpoint=NORTH, extension="detect")
        if trusted:
            heard = ari.until("StasisStart", "leg", lambda event: event["args"][0] == "detected")
            assert heard["args"][1] == "MACHINE", "a tone that goes on and on"
            ari.hang_up("leg")
        ari.ended("leg")
        assert bool(ari.told("StasisStart", "leg")) is trusted
        assert ("Executing" in carrier.said()) is trusted, "a call has arrived there"


def self_signed(address: str) -> tuple[str, str]:
    """A certificate for an address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, address)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return made.sign(key, hashes.SHA256()).public_bytes(pem).decode(), key.private_bytes(pem, form, plain).decode()
