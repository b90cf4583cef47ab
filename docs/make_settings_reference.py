"""Writes the sections of docs/reference/settings.md from the tables of settings.

Run it after a change of ``trunkcall.settings``: ``.venv/bin/python docs/make_settings_reference.py``. A test compares
the page with what this makes.
"""

from __future__ import annotations

from pathlib import Path

from generated import write

from trunkcall.settings import SETTINGS
from trunkcall.settings.setting import Setting
from trunkcall.settings.trunks import CALLER_NUMBERS, CALLER_NUMBERS_HELP, REGIONS, REGIONS_HELP, TRUNK_KEYS, TRUNKS

PAGE = Path(__file__).parent / "reference" / "settings.md"

ABOUT_TRUNKS = """\
The trunks of the default instance, each a table `[[trunks]]` at the end of the file, below all settings; neither flags
nor the environment have them.
What a start finds there is so from then on: trunks that are new are added, and those that are gone take no attempt any
more. Numbers that are not the instance's become so. Without any there is one trunk, `default`, with `channels` and
`attempts_per_s`; other instances have that one. [How to use several](../how-to/use-several-trunks.md)."""

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
    table = "\n".join(f"| `{name}` | {kind} | {default} | {text} |" for name, kind, default, text in rows)
    return f"## {TRUNKS}\n\n{ABOUT_TRUNKS}\n\n| key | kind | default | what |\n|---|---|---|---|\n{table}"


def generate() -> str:
    """Every setting, in the order of the table, then the trunks."""
    return "\n\n".join([*(section(setting) for setting in SETTINGS), trunks()])


if __name__ == "__main__":
    write(PAGE, generate())
