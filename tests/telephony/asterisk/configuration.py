"""The files that a test's Asterisk reads: those that users are given, for a test's addresses, and what has to be else
in a test.

Decides where Asterisk finds its parts and how loudly it speaks; knows nothing of far ends but their addresses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from telephony.asterisk.place import SIP_PORT, Place
from trunkcall.cli.asterisk.files import configuration
from trunkcall.cli.asterisk.modules import modules
from trunkcall.cli.asterisk.password_hash import sha512_crypt
from trunkcall.cli.asterisk.plan import PlannedTrunk, SwitchPlan
from trunkcall.compose.asterisk import INBOUND, SHOWN_VARIABLES, dialplan, trunk_endpoint
from trunkcall.settings.sip import read_sip
from trunkcall.telephony.ari.phones import options

__all__ = ["PASSWORD", "PHONE_PASSWORD", "USER", "folders", "modules", "plan_of", "small", "trunk_at", "without_own"]

USER = "trunkcall"
PASSWORD = "for tests alone"
PHONE_PASSWORD = "of a phone in a test"
NOBODY_ASKS = 0


def folders(tree: Path, run: Path) -> dict[str, str]:
    """What makes an unpacked Asterisk run in a folder of its own, and tell what it does."""
    asterisk = f"""
[directories]
astetcdir => {run}/etc
astmoddir => {next(tree.glob("usr/lib/**/asterisk/modules"))}
astvarlibdir => {run}/lib
astdbdir => {run}/lib
astkeydir => {run}/lib
astdatadir => {tree}/usr/share/asterisk
astagidir => {tree}/usr/share/asterisk/agi-bin
astspooldir => {run}/spool
astrundir => {run}/run
astlogdir => {run}/log
astcachedir => {run}/cache
[options]
verbose = 3
live_dangerously = no
documentation_language = en_US
transmit_silence = yes
"""
    return {
        "asterisk.conf": asterisk,
        "logger.conf": "[general]\n[logfiles]\nmessages.log => notice,warning,error,verbose(3)\n",
    }


def without_own(files: Mapping[str, str]) -> dict[str, str]:
    """Without those that a test's Asterisk has others in place of."""
    return {name: text for name, text in files.items() if name not in ("asterisk.conf", "logger.conf")}


def trunk_at(name: str, address: str, password: str = "", endpoint: str = "", **keys: object) -> PlannedTrunk:
    """A trunk whose carrier is there, and its endpoint, which has its name or another. ``keys`` are those of the table
    ``sip``."""
    # Far ends of most tests count what they are sent, and OPTIONS are nothing of theirs.
    sip = read_sip({"server": address, "qualify_s": NOBODY_ASKS, "session_expires_s": 90, **keys}, name)
    assert sip is not None
    return PlannedTrunk(name, endpoint or name, sip, password)


def plan_of(place: Place, trunks: Sequence[PlannedTrunk]) -> SwitchPlan:
    """What a user's settings would come to, at a test's addresses."""
    return SwitchPlan(
        etc=Path("/etc/asterisk"),
        ari_url=place.ari_url,
        ari_user=USER,
        ari_password_hash=sha512_crypt(PASSWORD, "salt"),
        shown_variables=SHOWN_VARIABLES,
        dialplan=dialplan(),
        inbound=INBOUND,
        trunks=trunks,
        phone_networks=(place.net,),
        sip_address=place.switch,
        sip_port=SIP_PORT,
        rtp_ports=(20_000, 29_999),
    )


def small(
    place: Place,
    endpoints: Mapping[str, str],
    *,
    auth: Mapping[str, tuple[str, str]] | None = None,
    phones: Mapping[str, str] | None = None,
    as_users_have_it: bool = False,
) -> dict[str, str]:
    """A switch whose endpoints are each at an address: trunks, and agents' ``phones``, which need not register.
    ``auth`` has the user names and passwords of trunks that challenge. Most tests say to a switch whom to dial, and
    know endpoints by the trunks' names; ``as_users_have_it`` they are called what the carrier calls them."""
    accounts = auth or {}
    trunks = []
    for name, address in endpoints.items():
        user, password = accounts.get(name, ("", ""))
        keys = {"user": user, "password_file": "-"} if user else {}
        endpoint = trunk_endpoint(name, PASSWORD) if as_users_have_it else name
        trunks.append(trunk_at(name, address, password, endpoint, **keys))
    files = without_own(configuration(plan_of(place, trunks)))
    for name, address in (phones or {}).items():
        files["pjsip.conf"] += phone_at(name, address)
    return files


def phone_at(name: str, address: str) -> str:
    """Sections of pjsip.conf for a phone that is known to be there."""
    made = options(name, "", PHONE_PASSWORD)
    aor = {**made["aor"], "qualify_frequency": str(NOBODY_ASKS), "contact": f"sip:{name}@{address}:{SIP_PORT}"}
    sections = {**made, "aor": aor}
    return "".join(
        f"[{name}]\ntype = {kind}\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
        for kind, values in sections.items()
    )
