"""The table ``sip`` of a trunk: how Asterisk reaches the carrier at its other end.

Decides its keys, defaults, ranges and help texts, and that no password stands in it. It must not know how Asterisk
wants to have it: no value here can end a line of its files, or a value there.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from trunkcall.domain.errors import SettingsError, did_you_mean
from trunkcall.settings.setting import Setting, Value, convert, one_of, zero_or_within
from trunkcall.settings.switch import password_problem, secret_of

SIP: Final = "sip"
"""The name of the table."""
SENDS_FROM: Final = "sends_from"
CODECS: Final = "codecs"
KNOWN_CODECS: Final = ("ulaw", "alaw", "g722")
_NAME = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_USER = r"[A-Za-z0-9_.+~*!'()&=$-]{1,128}(@[A-Za-z0-9.-]{1,120})?"


@dataclass(frozen=True, slots=True)
class SipTrunk:
    """One table, checked. ``password_file`` is a name: what it holds is read where it is written down for Asterisk."""

    server: str
    port: int
    transport: str
    register: str
    user: str
    password_file: str
    outbound_proxy: str
    from_user: str
    from_domain: str
    dtmf: str
    media_encryption: str
    session_expires_s: int
    qualify_s: int
    attestation: str
    sends_from: tuple[str, ...]
    codecs: tuple[str, ...]

    def password(self) -> str:
        """What ``password_file`` holds; empty if there is none. Raises SettingsError, never with the password."""
        return secret_of("", self.password_file, ("", "password_file"), password_problem)


def _host(value: Value) -> str | None:
    if re.fullmatch(_NAME, str(value)) is not None:
        return None
    return "must be a name or an IPv4 address, such as sip.example.com; the port is the key port"


def _proxy(value: Value) -> str | None:
    if not value or re.fullmatch(_NAME + r"(:[0-9]{1,5})?", str(value)) is not None:
        return None
    return "must be a name or an IPv4 address, with or without a port, such as sbc.example.com:5060"


def _domain(value: Value) -> str | None:
    return _host(value) if value else None


def _user(value: Value) -> str | None:
    if not value or re.fullmatch(_USER, str(value)) is not None:
        return None
    return "must be a name as SIP has them, such as 12345 or acme, without spaces and quotation marks"


SIP_KEYS: Final[tuple[Setting, ...]] = (
    Setting("server", str, "", "Where the carrier takes calls: a name or an IPv4 address.", _host),
    Setting(
        "port", int, 0, "Its port; 0: as its DNS records say, else 5060, or 5061 with `tls`.", zero_or_within(1, 65535)
    ),
    Setting("transport", str, "udp", "`udp`, `tcp` or `tls`.", one_of("udp", "tcp", "tls")),
    Setting(
        "register",
        str,
        "off",
        "on or off: whether Asterisk registers with the carrier. Off where that knows this switch by its address.",
        one_of("on", "off"),
    ),
    Setting("user", str, "", "User name of the account with the carrier, where it has one.", _user),
    Setting("password_file", str, "", "File that holds the password of that account, alone."),
    Setting("outbound_proxy", str, "", "Through which proxy calls and registrations go, as `host:port`.", _proxy),
    Setting(
        "from_user",
        str,
        "",
        "User part of `From`, for carriers that want the account there: the caller's number is then in "
        "`P-Asserted-Identity` alone. Default: the caller's number.",
        _user,
    ),
    Setting("from_domain", str, "", "Domain of `From`, for carriers that want theirs. Default: Asterisk's.", _domain),
    Setting(
        "dtmf",
        str,
        "rfc4733",
        "How keys are told: `rfc4733`: beside the sound; `info`: in SIP; `auto`: the first where the other end has it, "
        "else as tones.",
        one_of("rfc4733", "info", "auto"),
    ),
    Setting(
        "media_encryption",
        str,
        "none",
        "`none` or `sdes`: whether the sound is encrypted (SRTP). Its keys are in SIP, so `sdes` needs `tls`.",
        one_of("none", "sdes"),
    ),
    Setting(
        "session_expires_s",
        int,
        1800,
        "How long a call lasts whose other end has vanished, at most (session timer, RFC 4028); 0: none.",
        zero_or_within(90, 86_400),
    ),
    Setting(
        "qualify_s",
        int,
        60,
        "How often Asterisk asks whether the carrier is there (OPTIONS); 0: never.",
        zero_or_within(5, 3600),
    ),
    Setting(
        "attestation",
        str,
        "",
        "What the carrier says that it attests of your calls (STIR/SHAKEN): `A`, `B` or `C`. A note in the file that "
        "is written for Asterisk: nothing is decided by it, and records do not show it.",
        one_of("", "A", "B", "C"),
    ),
)
"""The keys that hold one value. ``sends_from`` and ``codecs`` hold lists besides."""
SENDS_FROM_HELP = (
    "A list of addresses and networks, as `203.0.113.0/29`, from which the carrier sends. Default: its `server`."
)
CODECS_HELP = f"A list of codecs, the best first, of {', '.join(KNOWN_CODECS)}. Default: ulaw and alaw."


def read_sip(given: Any, place: str) -> SipTrunk | None:
    """The table of the trunk that is told of as ``place``; None where it has none. Raises SettingsError."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise SettingsError(f"{SIP} of {place} must be a table, under a line [trunks.{SIP}].")
    known = [*(key.name for key in SIP_KEYS), SENDS_FROM, CODECS]
    unknown = sorted(given.keys() - set(known))
    if unknown:
        secret = " A password stands in a file of its own, which password_file names." if "password" in unknown else ""
        raise SettingsError(
            f"{SIP} of {place} has {', '.join(unknown)}.{secret or did_you_mean(unknown[0], known)} "
            f"Known keys are {', '.join(known)}."
        )
    if "server" not in given:
        raise SettingsError(f"{SIP} of {place} has no server. Say where the carrier takes calls.")
    values: dict[str, Any] = {
        key.name: convert(key, given[key.name], f"{SIP}.{key.name} of {place}") if key.name in given else key.default
        for key in SIP_KEYS
    }
    sends_from = _texts(given, SENDS_FROM, (), place, 'addresses and networks, such as ["203.0.113.0/29"]')
    if not all(_is_network(each) for each in sends_from):
        raise SettingsError(f"{SIP}.{SENDS_FROM} of {place} must be IPv4 addresses and networks, as 203.0.113.0/29.")
    codecs = _texts(given, CODECS, ("ulaw", "alaw"), place, f"codecs, of {', '.join(KNOWN_CODECS)}")
    if not codecs or not set(codecs) <= set(KNOWN_CODECS):
        raise SettingsError(f"{SIP}.{CODECS} of {place} must be codecs, at least one, of {', '.join(KNOWN_CODECS)}.")
    trunk = SipTrunk(**values, sends_from=sends_from, codecs=codecs)
    _check(trunk, place)
    return trunk


def _check(trunk: SipTrunk, place: str) -> None:
    """What one key says of another."""
    problems = {
        "register": "needs user: as whom Asterisk registers" if trunk.register == "on" and not trunk.user else None,
        "user": "needs password_file: what it proves itself by" if trunk.user and not trunk.password_file else None,
        "password_file": "needs user: whose password it is" if trunk.password_file and not trunk.user else None,
        "media_encryption": "needs transport = 'tls': else the keys cross the network in the open"
        if trunk.media_encryption == "sdes" and trunk.transport != "tls"
        else None,
    }
    for key, problem in problems.items():
        if problem is not None:
            raise SettingsError(f"{SIP}.{key} of {place} {problem}.")


def _is_network(text: str) -> bool:
    try:
        ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return False
    return True


def _texts(given: dict[str, Any], key: str, default: Collection[str], place: str, what: str) -> tuple[str, ...]:
    found = given.get(key, default)
    if isinstance(found, list | tuple) and all(isinstance(each, str) for each in found):
        return tuple(dict.fromkeys(found))
    raise SettingsError(f"{SIP}.{key} of {place} must be a list of {what}.")
