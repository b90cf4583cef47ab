"""All files that Asterisk 22 reads of a directory of its own, but for those that are not needed and not missed.

Decides what is in them beside SIP and modules. It does no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from trunkcall.cli.asterisk.modules import modules
from trunkcall.cli.asterisk.pjsip import is_ipv4, pjsip
from trunkcall.cli.asterisk.plan import SwitchPlan
from trunkcall.compose.asterisk import PHONE_NETWORKS

HEADER: Final = "; Written by `trunkcall asterisk-config`, which writes it anew: change the settings instead.\n"
EMPTY: Final = ("ccss", "chan_websocket", "codecs", "features", "pjproject", "stasis", "udptl", "websocket_client")
"""Asterisk looks for these, and tells where one is missing."""
PLAIN_PORT: Final = 8088
MUSIC: Final = "music"
"""The directory of what is heard on hold, beside the files."""
_ANYWHERE: Final = "0.0.0.0"  # noqa: S104 - of an Asterisk with TLS, or where the settings allow it
AMD: Final = """\
[general]
total_analysis_time = 5000
silence_threshold = 256
initial_silence = 2500
greeting = 1500
after_greeting_silence = 800
min_word_length = 100
between_words_silence = 50
maximum_number_of_words = 3
maximum_word_length = 5000
"""
SORCERY: Final = "[res_pjsip]\n" + "".join(
    f"{kind} = config,pjsip.conf,criteria=type={kind}\n{kind} = memory\n" for kind in ("endpoint", "aor", "auth")
)
"""What pjsip.conf says, and what Asterisk is told while it runs: agents' phones."""
_TONES: Final = """\
[general]
country = us
[us]
description = United States
ringcadence = 2000,4000
dial = 350+440
busy = 480+620/500,0/500
ring = 440+480/2000,0/4000
congestion = 480+620/250,0/250
"""


def configuration(plan: SwitchPlan) -> dict[str, str]:
    """Each file by its name."""
    first, last = plan.rtp_ports
    texts = {
        "asterisk.conf": (
            f"[directories]\nastetcdir => {plan.etc}\n"
            "[options]\nlive_dangerously = no\ntransmit_silence = yes\ndocumentation_language = en_US\n"
        ),
        "modules.conf": modules(),
        "pjsip.conf": pjsip(plan),
        "sorcery.conf": SORCERY,
        "acl.conf": _networks(plan.phone_networks),
        "extensions.conf": f"[general]\nstatic = yes\nwriteprotect = yes\nautofallthrough = yes\n{plan.dialplan}",
        "http.conf": _http(plan),
        "ari.conf": (
            f"[general]\nenabled = yes\nchannelvars = {','.join(plan.shown_variables)}\n"
            f"[{plan.ari_user}]\ntype = user\nread_only = no\n"
            f"password_format = crypt\npassword = {plan.ari_password_hash}\n"
        ),
        "rtp.conf": f"[general]\nrtpstart = {first}\nrtpend = {last}\nstrictrtp = yes\nicesupport = no\n",
        "amd.conf": AMD,
        "logger.conf": "[general]\n[logfiles]\nconsole => warning,error\nmessages.log => notice,warning,error\n",
        "musiconhold.conf": f"[default]\nmode = files\ndirectory = {plan.etc}/{MUSIC}\n",
        "indications.conf": _TONES,
        "cdr.conf": "[general]\nenable = no\n",
        "cel.conf": "[general]\nenable = no\n",
        "manager.conf": "[general]\nenabled = no\n",
    }
    return {f"{name}.conf": HEADER for name in EMPTY} | {name: HEADER + text for name, text in texts.items()}


def _networks(networks: Sequence[str]) -> str:
    """Where agents' phones may be: anywhere, if no networks are named."""
    lines = ["deny = 0.0.0.0/0", *(f"permit = {each}" for each in networks)] if networks else []
    return "\n".join([f"[{PHONE_NETWORKS}]", *lines]) + "\n"


def _http(plan: SwitchPlan) -> str:
    url = urlsplit(plan.ari_url)
    host = url.hostname or ""
    at = host if is_ipv4(host) else "127.0.0.1" if host.endswith("localhost") else _ANYWHERE
    if ":" in host:
        at = f"[{host}]"
    prefix = url.path.rstrip("/").removesuffix("/ari").strip("/")
    lines = ["[general]", "enabled = yes", "enable_static = no", "enable_status = no"]
    if prefix:
        lines.append(f"prefix = {prefix}")
    if url.scheme == "https":
        lines += ["bindaddr = 127.0.0.1", f"bindport = {PLAIN_PORT}"]
        lines += ["tlsenable = yes", f"tlsbindaddr = {at}:{url.port or 443}"]
        lines += [f"tlscertfile = {plan.etc}/ari.crt", f"tlsprivatekey = {plan.etc}/ari.key"]
        lines += ["tlsdisablev1 = yes", "tlsdisablev11 = yes"]
    else:
        lines += [f"bindaddr = {at}", f"bindport = {url.port or 80}"]
    return "\n".join(lines) + "\n"


def without_secrets(files: Mapping[str, str], plan: SwitchPlan) -> dict[str, str]:
    """The same, with an ellipsis for each secret: for a screen. What trunks' endpoints are called is one as well."""
    secrets = {
        plan.ari_password_hash,
        *(each.password for each in plan.trunks),
    }
    hidden = {f"password = {secret}": "password = …" for secret in secrets}
    for trunk in plan.trunks:
        hidden |= {f"[{trunk.endpoint}]": f"[{trunk.trunk_id}-…]"}
        hidden |= {f"endpoint = {trunk.endpoint}": f"endpoint = {trunk.trunk_id}-…"}
    return {name: _replaced(text, hidden) for name, text in files.items()}


def _replaced(text: str, by: Mapping[str, str]) -> str:
    return "".join(by.get(line.rstrip("\n"), line.rstrip("\n")) + "\n" for line in text.splitlines())
