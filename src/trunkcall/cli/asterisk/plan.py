"""What an installation's Asterisk is to be like: all that its configuration is made of.

Decides nothing. It must not know how Asterisk wants to have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trunkcall.settings.sip import SipTrunk

SIP_PORT = 5060


@dataclass(frozen=True, slots=True)
class PlannedTrunk:
    """A trunk, the endpoint that calls leave by, and the password of its account; empty where it has none."""

    trunk_id: str
    endpoint: str
    sip: SipTrunk
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SwitchPlan:
    """One Asterisk. ``etc`` is the directory that it reads, ``inbound`` the context where calls end that come in;
    ``external_address`` is empty where no NAT is on the way."""

    etc: Path
    ari_url: str
    ari_user: str
    ari_password_hash: str = field(repr=False)
    shown_variables: Sequence[str]
    dialplan: str
    inbound: str
    trunks: Sequence[PlannedTrunk]
    phone_networks: Sequence[str] = ()
    sip_address: str = "0.0.0.0"  # noqa: S104 - Asterisk listens there; what reaches it the firewall decides
    sip_port: int = SIP_PORT
    external_address: str = ""
    rtp_ports: tuple[int, int] = (10_000, 19_999)
