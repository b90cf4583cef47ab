"""Command-line options made from the table of settings.

Decides how a setting looks as a flag. It must not know what the settings are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from trunkcall.cli.help import CONNECTION
from trunkcall.cli.layout import PLACEHOLDERS, remark
from trunkcall.settings import SETTINGS, Settings, load_settings
from trunkcall.settings.setting import Setting, Value
from trunkcall.settings.switch import SWITCH_SETTINGS

SERVER = "Server"
"""Where a setting is shown that has no other place."""
PANELS = {
    CONNECTION: {"data_dir", "host", "port", "store", "region", "account_id", "secret_key_file"},
    "Carrier": {
        *("carrier", "carrier_url", "carrier_port", "carrier_journal", "speed", "agents", "seed"),
        *("customer_keys", "channels", "attempts_per_s", "ring_timeout_s"),
        *(setting.name for setting in SWITCH_SETTINGS),
    },
    "Pacing": {
        *("abandonment_threshold_s", "abandonment_target_ratio", "abandonment_windows", "abandonment_time_zone"),
        *("abandonment_clock", "safe_harbour_message", "max_lines_per_agent", "agent_state_max_age_s"),
    },
    "Limits": {
        *("quotas", "max_campaigns", "max_active_campaigns", "max_pending", "min_free_mb", "max_body_bytes"),
        "max_bodies_mb",
    },
    "Log": {"log_format", "log_level"},
}
"""Settings by the group that their options are shown in."""


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command ``--config`` and a flag for each of the settings (all, if none are named), in place of its
    parameter ``settings``. Those that are secret have no flag."""
    chosen = [setting for setting in SETTINGS if not setting.secret and (not names or setting.name in names)]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(**arguments: Any) -> None:
            flags: dict[str, Value | None] = {setting.name: arguments.pop(setting.name) for setting in chosen}
            config: str | None = arguments.pop("config")
            settings: Settings = load_settings(flags, config_file=Path(config) if config is not None else None)
            command(settings=settings, **arguments)

        own = [p for name, p in inspect.signature(command, eval_str=True).parameters.items() if name != "settings"]
        made = [_parameter(s.name, _help(s), s.kind, panel_of(s.name)) for s in chosen]
        made.append(_parameter("config", "TOML file with settings by these names.", Path, CONNECTION))
        run.__signature__ = inspect.Signature([*own, *made])  # type: ignore[attr-defined]  # what typer reads
        run.__annotations__ = {p.name: p.annotation for p in [*own, *made]}
        run.__doc__ = command.__doc__
        run.__name__ = command.__name__
        return run

    return decorate


def panel_of(name: str) -> str:
    """The group of options that a setting is shown in."""
    return next((panel for panel, names in PANELS.items() if name in names), SERVER)


def _help(setting: Setting) -> str:
    return f"{setting.help} {remark(('default', _shown(setting.default)), ('env', setting.variable))}"


def _shown(default: Value) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default) or "none"


def _parameter(name: str, text: str, kind: type, panel: str) -> inspect.Parameter:
    """An option that takes a text: the table of settings converts it, whichever source it comes from."""
    flag, metavar = "--" + name.replace("_", "-"), PLACEHOLDERS.get(kind, "TEXT")
    option = typer.Option(flag, help=text, show_default=False, metavar=metavar, rich_help_panel=panel)
    annotation = Annotated[str | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
