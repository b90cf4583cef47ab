"""Writes the sections of docs/reference/settings.md from the tables of settings.

Run it after a change of ``trunkcall.settings``: ``.venv/bin/python docs/make_settings_reference.py``. A test compares
the page with what this makes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from generated import write

from trunkcall.domain.confirmations import PHRASES
from trunkcall.settings import SETTINGS
from trunkcall.settings.functions import FUNCTION_KEYS, FUNCTIONS
from trunkcall.settings.phrases import AGENT_PHRASES
from trunkcall.settings.setting import Setting
from trunkcall.settings.sip import CODECS, CODECS_HELP, SENDS_FROM, SENDS_FROM_HELP, SIP, SIP_KEYS
from trunkcall.settings.trunks import CALLER_NUMBERS, CALLER_NUMBERS_HELP, REGIONS, REGIONS_HELP, TRUNK_KEYS, TRUNKS

PAGE = Path(__file__).parent / "reference" / "settings.md"

ABOUT_TRUNKS = """\
The trunks of the default instance, each a table `[[trunks]]` at the end of the file, below all settings; neither flags
nor the environment have them.
What a start finds there is so from then on: trunks that are new are added, and those that are gone take no attempt any
more. Numbers that are not the instance's become so. Without any there is one trunk, `default`, with `channels` and
`attempts_per_s`; other instances have that one. [How to use several](../how-to/use-several-trunks.md)."""

ABOUT_SIP = """\
How Asterisk reaches the carrier at the other end of a trunk: a table `[trunks.sip]` below the trunk's keys.
[`trunkcall asterisk-config`](../how-to/first-real-call.md) makes Asterisk's configuration of it; whoever writes that
himself leaves it out, and calls each trunk's endpoint what `trunkcall doctor` says is missing. A password never stands
here, but in a file that `password_file` names.

By registration, with an account:

```toml
[[trunks]]
trunk_id = "north"

[trunks.sip]
server = "sip.example.com"
register = "on"
user = "acme"
password_file = "/etc/trunkcall/north.password"
```

By the address of your switch, which the carrier knows, and encrypted:

```toml
[[trunks]]
trunk_id = "south"

[trunks.sip]
server = "sbc.example.net"
transport = "tls"
media_encryption = "sdes"
sends_from = ["203.0.113.0/29"]
```"""

ABOUT_FUNCTIONS = """\
The functions that contact flows may ask with InvokeLambdaFunction: a table `[[functions]]` for each, below all
settings; neither flags nor the environment have them. [How to write one](../how-to/functions.md).

```toml
[[functions]]
function = "look-up"
url = "https://crm.example.com/look-up"
secret_file = "/etc/trunkcall/look-up.secret"
```"""

ABOUT_PHRASES = """\
What agents in [sessions](../explanation/agent-sessions.md#what-the-agent-hears) are told, in other words or another
language: a table `[agent_phrases]` of the file, below all settings; neither flags nor the environment have it. An empty
phrase is not said. `{time}` stands for one of the last four, `{disposition}` for the word or the digit that was noted.

```toml
[agent_phrases]
available = "Bereit."
work = "{time} Nachbearbeitung."
one_minute = "Eine Minute"
minutes = "{number} Minuten"
```"""

KINDS = {str: "text", int: "whole number", float: "number", Path: "path"}


def section(setting: Setting) -> str:
    """One setting under a heading of its own."""
    rows = {
        "flag": "none: the list of processes would show it" if setting.secret else f"`{setting.flag}`",
        "environment": f"`{setting.variable}`",
        "kind": KINDS[setting.kind],
        "default": default_of(setting),
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"## {setting.name}\n\n{setting.help}\n\n| | |\n|---|---|\n{table}"


def default_of(setting: Setting) -> str:
    """Its default as the page shows it."""
    default = f"{setting.default:g}" if isinstance(setting.default, float) else str(setting.default)
    return f"`{default}`" if default else "none"


def trunks() -> str:
    """The tables of trunks, with a row for each key."""
    rows = [(key.name, KINDS[key.kind], default_of(key), key.help) for key in TRUNK_KEYS]
    rows.insert(4, (CALLER_NUMBERS, "list of texts", "none", CALLER_NUMBERS_HELP))
    rows.insert(7, (REGIONS, "list of texts", "none", REGIONS_HELP))
    rows.append((SIP, "table", "none", f"How Asterisk reaches it: [below](#{TRUNKS}{SIP})."))
    return f"## {TRUNKS}\n\n{ABOUT_TRUNKS}\n\n{_table(rows)}"


def sip() -> str:
    """The table ``sip`` of a trunk."""
    rows = [(key.name, KINDS[key.kind], default_of(key), key.help) for key in SIP_KEYS]
    rows.append((SENDS_FROM, "list of texts", "`server`", SENDS_FROM_HELP))
    rows.append((CODECS, "list of texts", "`ulaw`, `alaw`", CODECS_HELP))
    return f"## {TRUNKS}.{SIP}\n\n{ABOUT_SIP}\n\n{_table(rows)}"


def _table(rows: Iterable[tuple[str, str, str, str]]) -> str:
    table = "\n".join(f"| `{name}` | {kind} | {default} | {text} |" for name, kind, default, text in rows)
    return f"| key | kind | default | what |\n|---|---|---|---|\n{table}"


def functions() -> str:
    """The tables of functions, with a row for each key."""
    rows = [(key.name, KINDS[key.kind], default_of(key), key.help) for key in FUNCTION_KEYS]
    return f"## {FUNCTIONS}\n\n{ABOUT_FUNCTIONS}\n\n{_table(rows)}"


def phrases() -> str:
    """The table of phrases, with a row for each."""
    table = "\n".join(f"| `{name}` | {phrase} |" for name, phrase in PHRASES.items())
    return f"## {AGENT_PHRASES}\n\n{ABOUT_PHRASES}\n\n| key | default |\n|---|---|\n{table}"


def generate() -> str:
    """Every setting, in the order of the table, then the tables."""
    return "\n\n".join([*(section(setting) for setting in SETTINGS), trunks(), sip(), functions(), phrases()])


if __name__ == "__main__":
    write(PAGE, generate())
