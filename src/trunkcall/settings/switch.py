"""Settings of the switch that makes real calls: how Asterisk is reached, and by what prompts are made.

Decides their names, defaults and help texts, and that a password neither crosses a network in the open nor shows in the
list of processes. It must not know what is asked of a switch.
"""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from trunkcall.domain.errors import SettingsError
from trunkcall.settings.setting import Setting, Value, one_of, within, zero_or_within

MAX_PASSWORD: int = 200


def _url(value: Value) -> str | None:
    try:
        parts = urlsplit(str(value))
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        usable = usable and not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:
        usable = False
    if usable:
        return None
    return "must be http:// or https:// with a host, such as http://127.0.0.1:8088, and nothing of users and passwords"


def _command(command: str) -> str | None:
    try:
        arguments = shlex.split(command)
    except ValueError:
        return "has a quotation mark that is not closed"
    if not arguments or any("{file}" in argument for argument in arguments[1:]):
        return None
    return "must say where {file} belongs, which it writes"


def _user(value: Value) -> str | None:
    text = str(value)
    usable = 0 < len(text) <= 64 and text.isascii() and text.isprintable() and not set(text) & set(" :;[]\\")
    if usable and text.lower() != "general":
        # Which is Asterisk's name of the section of what is no user.
        return None
    return (
        "must be the name of a user's section of ari.conf, not general: up to 64 characters without spaces, colons and "
        "brackets"
    )


def password_problem(value: Value) -> str | None:
    """What is wrong with a password that is to stand in a file of Asterisk's; None for one that may."""
    text = str(value)
    if len(text) <= MAX_PASSWORD and text.isascii() and text.isprintable() and text == text.strip() and ";" not in text:
        return None
    return (
        f"must have at most {MAX_PASSWORD} printable characters of ASCII, and no semicolon, as Asterisk reads no other"
    )


def _ipv4(value: Value) -> str | None:
    try:
        ipaddress.IPv4Address(str(value))
    except ValueError:
        return "must be an IPv4 address"
    return None


def _external(value: Value) -> str | None:
    return _ipv4(value) if value else None


def ports_of(text: str) -> tuple[int, int]:
    """The first and the last of a range of ports, as 10000-19999. Raises ValueError."""
    first, last = (int(each) for each in text.split("-"))
    if not 1024 <= first < last <= 65535:
        raise ValueError(text)
    return first, last


def _ports(value: Value) -> str | None:
    try:
        ports_of(str(value))
    except ValueError:
        return "must be two ports from 1024 to 65535, as 10000-19999"
    return None


def networks_of(text: str) -> tuple[str, ...]:
    """Networks that are parted by commas. Raises ValueError."""
    return tuple(str(ipaddress.IPv4Network(each.strip())) for each in text.split(",") if each.strip())


def voices_of(text: str) -> dict[str, str]:
    """Voices by name, as Joanna=en-us+f3,Hans=de. Raises ValueError."""
    pairs = [each.partition("=") for each in text.split(",") if each.strip()]
    voices = {name.strip(): voice.strip() for name, _, voice in pairs}
    if not all(name and voice and voice.isprintable() for name, voice in voices.items()) or len(voices) < len(pairs):
        raise ValueError(text)
    return voices


def _voices(value: Value) -> str | None:
    try:
        voices_of(str(value))
    except ValueError:
        return "must be names with the voice of each, parted by commas, as Joanna=en-us+f3,Hans=de"
    return None


def _networks(value: Value) -> str | None:
    try:
        networks_of(str(value))
    except ValueError:
        return "must be IPv4 networks, parted by commas, as 10.0.0.0/8,192.168.7.0/24"
    return None


SWITCH_SETTINGS: tuple[Setting, ...] = (
    Setting("ari_url", str, "http://127.0.0.1:8088", "Where Asterisk's HTTP server listens, with ARI.", _url),
    Setting("ari_user", str, "trunkcall", "User of Asterisk's ARI: a section of its ari.conf.", _user),
    Setting(
        "ari_password", str, "", "Password of that user. Whoever has it can place calls.", password_problem, secret=True
    ),
    Setting("ari_password_file", str, "", "File that holds the password of ari_user, alone, in place of ari_password."),
    Setting(
        "ari_plain_http",
        str,
        "off",
        "on or off: whether ari_url may be http:// to another machine. The password is read by all on the way.",
        one_of("on", "off"),
    ),
    Setting(
        "speech_command",
        str,
        "",
        "Makes a text that it reads from standard input a WAV file {file}, as `espeak-ng --stdin -w {file}`.",
        lambda value: _command(str(value)),
    ),
    Setting("speech_voice", str, "en-us", "Voice: what {voice} in speech_command stands for."),
    Setting(
        "speech_voices",
        str,
        "",
        "Voices that flows name, and what {voice} is for each, as Joanna=en-us+f3,Hans=de. Default: by languages.",
        _voices,
    ),
    Setting(
        "speech_rate",
        int,
        160,
        "How fast is spoken, in words a minute: what {rate} in speech_command stands for.",
        within(40, 500),
    ),
    Setting(
        "prompts_dir",
        str,
        "",
        "Directory where sounds of texts are kept, for Trunkcall alone. Default: DATA_DIR/prompts.",
    ),
    Setting(
        "sound_within_s",
        float,
        4.0,
        "Seconds after the answer after which a leg is ended of which nothing was heard, not even silence. 0: never.",
        zero_or_within(1.0, 60.0),
    ),
    Setting(
        "sip_address",
        str,
        "0.0.0.0",  # noqa: S104 - carriers are elsewhere, and what reaches it the firewall decides
        "For `trunkcall asterisk-config`: where Asterisk listens for SIP.",
        _ipv4,
    ),
    Setting(
        "sip_port",
        int,
        5060,
        "For `trunkcall asterisk-config`: on which port, UDP and TCP; the next one is for TLS.",
        within(1024, 65534),
    ),
    Setting(
        "sip_external_address",
        str,
        "",
        "For `trunkcall asterisk-config`: the address by which carriers see Asterisk, where it is behind a NAT.",
        _external,
    ),
    Setting(
        "rtp_ports",
        str,
        "10000-19999",
        "For `trunkcall asterisk-config`: UDP ports for sound, two for each leg.",
        _ports,
    ),
    Setting(
        "phone_networks",
        str,
        "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,127.0.0.0/8",
        "For `trunkcall asterisk-config`: networks that agents' phones may be in. Default: private ones.",
        _networks,
    ),
    Setting(
        "phone_auto_answer",
        str,
        "on",
        "on or off: whether agents' soft phones are asked to answer by themselves, by headers of each INVITE.",
        one_of("on", "off"),
    ),
)


def is_loopback(host: str) -> bool:
    """Whether a host, a name or an address, is this machine and no other."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_ari_url(url: str, *, plain_http: bool) -> None:
    """Raise SettingsError if a password would cross a network in the open."""
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or "") and not plain_http:
        raise SettingsError(
            f"ari_url is plain http to {parts.hostname}: everybody on the way could read the password, and place "
            "calls. Let Asterisk listen with TLS (https://), or go through a tunnel to 127.0.0.1; ari_plain_http = "
            '"on" allows it all the same, for a network that is yours alone.'
        )


def secret_of(
    value: str, file: str, names: tuple[str, str], check: Callable[[Value], str | None], what: str = "password"
) -> str:
    """A secret that is given itself, or alone in a file; empty if neither is. ``names`` are what these are called,
    ``what`` what the secret is. Raises SettingsError, which never has the secret in it."""
    if not file:
        return value
    if value:
        raise SettingsError(f"Both {names[0]} and {names[1]} are given. Take away one of them.")
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{names[1]} {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise SettingsError(f"{names[1]} {file} is not UTF-8.") from None
    if not text:
        raise SettingsError(f"{names[1]} {file} is empty: it must hold the {what}, and nothing else.")
    problem = check(text)
    if problem is not None:
        raise SettingsError(f"The {what} in {names[1]} {file} {problem}.")
    return text
