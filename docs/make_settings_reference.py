"""Writes the table of docs/reference/settings.md from the table of settings.

Run it after a change of ``trunkcall.settings``: ``.venv/bin/python docs/make_settings_reference.py``. A test compares
the page with what this makes.
"""

from __future__ import annotations

from pathlib import Path

from generated import write

from trunkcall.settings import SETTINGS, Setting

PAGE = Path(__file__).parent / "reference" / "settings.md"

KINDS = {str: "text", int: "whole number", float: "number", Path: "path"}


def section(setting: Setting) -> str:
    """One setting under a heading of its own."""
    default = f"{setting.default:g}" if isinstance(setting.default, float) else str(setting.default)
    rows = {
        "flag": f"`{setting.flag}`",
        "environment": f"`{setting.variable}`",
        "kind": KINDS[setting.kind],
        "default": f"`{default}`" if default else "none",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"## {setting.name}\n\n{setting.help}\n\n| | |\n|---|---|\n{table}"


def generate() -> str:
    """Every setting, in the order of the table."""
    return "\n\n".join(section(setting) for setting in SETTINGS)


if __name__ == "__main__":
    write(PAGE, generate())
