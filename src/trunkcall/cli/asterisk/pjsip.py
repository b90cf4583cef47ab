"""pjsip.conf: the way to each carrier. Agents' phones come by ARI, while Asterisk runs (``telephony.ari.phones``).

Decides what Asterisk is told of SIP. Whoever is neither a trunk by his address nor a phone by its password is told
nothing, and nobody who calls in reaches anybody. REFER is refused, and a number that a 302 names is looked for in a
context that rejects all calls (``redirect_method = user``; by ``uri_core`` and ``uri_pjsip`` it would be dialed). A 302
that names a trunk's endpoint would be followed: what it is called is a secret of the plan's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from trunkcall.cli.asterisk.plan import PlannedTrunk, SwitchPlan
from trunkcall.settings.sip import SipTrunk

RTP_TIMEOUT_S: Final = 60
HOLD_TIMEOUT_S: Final = 3600
"""For how long nothing may come of a party that has us on hold: most send nothing meanwhile."""
CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"
"""Whom Debian trusts, of the package ca-certificates."""
ATTEMPTS_TO_REGISTER: Final = 1_000_000
PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")
"""Networks that no NAT is on the way to."""

Section: TypeAlias = tuple[str, Mapping[str, object]]


def pjsip(plan: SwitchPlan) -> str:
    """The file."""
    sections: list[Section] = [
        (
            "global",
            {"type": "global", "user_agent": "trunkcall", "endpoint_identifier_order": "ip,auth_username,username"},
        ),
        *_transports(plan),
    ]
    notes = {}
    for trunk in plan.trunks:
        notes[len(sections)] = _note(trunk)
        sections += _trunk(trunk, plan.inbound)
    return "\n".join(f"{notes.get(number, '')}{_text(name, values)}" for number, (name, values) in enumerate(sections))


def _transports(plan: SwitchPlan) -> Iterable[Section]:
    used = {"udp", *(trunk.sip.transport for trunk in plan.trunks)}
    nat: dict[str, object] = {}
    if plan.external_address:
        nat = {
            "external_media_address": plan.external_address,
            "external_signaling_address": plan.external_address,
            "local_net": PRIVATE,
        }
    for transport in sorted(used):
        port = plan.sip_port + 1 if transport == "tls" else plan.sip_port
        values: dict[str, object] = {
            "type": "transport",
            "protocol": transport,
            "bind": f"{plan.sip_address}:{port}",
            **nat,
        }
        if transport == "tls":
            values |= {"method": "tlsv1_2", "ca_list_file": CERTIFICATES, "verify_server": "yes"}
        yield f"transport-{transport}", values


def _trunk(trunk: PlannedTrunk, inbound: str) -> Iterable[Section]:
    name, sip = trunk.trunk_id, trunk.sip
    yield (
        trunk.endpoint,
        {
            "type": "endpoint",
            "transport": f"transport-{sip.transport}",
            "context": inbound,
            "identify_by": "ip",
            "aors": name,
            "outbound_auth": name if sip.user else None,
            "outbound_proxy": _uri(sip.outbound_proxy, sip) + r"\;lr" if sip.outbound_proxy else None,
            "from_user": sip.from_user or None,
            "from_domain": sip.from_domain or None,
            "disallow": "all",
            "allow": ",".join(sip.codecs),
            "dtmf_mode": sip.dtmf,
            "media_encryption": "sdes" if sip.media_encryption == "sdes" else "no",
            "timers": "always" if sip.session_expires_s else "no",
            "timers_sess_expires": sip.session_expires_s or None,
            # The number that a call shows is set for the call alone; so it goes into From and P-Asserted-Identity.
            "trust_id_outbound": "yes",
            "send_pai": "yes",
            **_common(),
        },
    )
    contact = _uri(f"{sip.server}:{sip.port}" if sip.port else sip.server, sip)
    yield name, {"type": "aor", "contact": contact, "qualify_frequency": sip.qualify_s}
    if sip.user:
        yield name, _auth(sip.user, trunk.password)
    if sip.register == "on":
        user = sip.user.partition("@")[0]
        yield (
            name,
            {
                "type": "registration",
                "transport": f"transport-{sip.transport}",
                "server_uri": contact,
                "client_uri": f"sip:{user}@{sip.from_domain or sip.server}",
                "contact_user": user,
                "outbound_auth": name,
                "outbound_proxy": _uri(sip.outbound_proxy, sip) + r"\;lr" if sip.outbound_proxy else None,
                # A carrier that was down, or has refused once, is asked again for as long as it takes.
                "retry_interval": 60,
                "forbidden_retry_interval": 600,
                "fatal_retry_interval": 600,
                "max_retries": ATTEMPTS_TO_REGISTER,
                "auth_rejection_permanent": "no",
            },
        )
    yield name, {"type": "identify", "endpoint": trunk.endpoint, "match": sip.sends_from or (sip.server,)}


def _common() -> Mapping[str, object]:
    return {
        # Sound that does not go past Asterisk can be recorded, held and listened to for keys.
        "direct_media": "no",
        "rtp_timeout": RTP_TIMEOUT_S,
        "rtp_timeout_hold": HOLD_TIMEOUT_S,
        # Who is joined is told to neither side, by an INVITE in the middle of a call.
        "send_connected_line": "no",
        "allow_transfer": "no",
        "allow_subscribe": "no",
        "redirect_method": "user",
        "t38_udptl": "no",
    }


def _auth(user: str, password: str) -> Mapping[str, object]:
    return {"type": "auth", "auth_type": "userpass", "username": user, "password": password}


def _uri(host: str, sip: SipTrunk) -> str:
    return f"sip:{host}" + ("" if sip.transport == "udp" else rf"\;transport={sip.transport}")


def _note(trunk: PlannedTrunk) -> str:
    attests = trunk.sip.attestation
    return f"; The carrier says that it attests calls of this trunk with {attests}.\n" if attests else ""


def _text(name: str, values: Mapping[str, object]) -> str:
    lines = [f"[{name}]"]
    for key, value in values.items():
        if value is not None:
            each = value if isinstance(value, tuple | list) else (value,)
            lines += [f"{key} = {one}" for one in each]
    return "\n".join(lines) + "\n"


def is_ipv4(text: str) -> bool:
    """Whether a text is an address that Asterisk can listen at."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
