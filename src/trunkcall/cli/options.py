"""Command-line options made from the table of settings.

Decides how a setting looks as a flag. It must not know what the settings are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from trunkcall.settings import SETTINGS, Settings, Value, load_settings


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command ``--config`` and a flag for each of the settings (all, if none are named), in place of its
    parameter ``settings``."""
    chosen = [setting for setting in SETTINGS if not names or setting.name in names]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(**arguments: Any) -> None:
            flags: dict[str, Value | None] = {setting.name: arguments.pop(setting.name) for setting in chosen}
            config: str | None = arguments.pop("config")
            settings: Settings = load_settings(flags, config_file=Path(config) if config is not None else None)
            command(settings=settings, **arguments)

        own = [p for name, p in inspect.signature(command, eval_str=True).parameters.items() if name != "settings"]
        made = [_parameter(s.name, f"{s.help} [{s.variable}; default: {_shown(s.default)}]", s.kind) for s in chosen]
        made.append(_parameter("config", "TOML file with settings by these names.", Path))
        run.__signature__ = inspect.Signature([*own, *made])  # type: ignore[attr-defined]  # what typer reads
        run.__annotations__ = {p.name: p.annotation for p in [*own, *made]}
        run.__doc__ = command.__doc__
        run.__name__ = command.__name__
        return run

    return decorate


def _shown(default: Value) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default) or "none"


def _parameter(name: str, text: str, kind: type) -> inspect.Parameter:
    """An option that takes a text: the table of settings converts it, whichever source it comes from."""
    metavar = {int: "INTEGER", float: "NUMBER", Path: "PATH"}.get(kind, "TEXT")
    flag = "--" + name.replace("_", "-")
    annotation = Annotated[str | None, typer.Option(flag, help=text, show_default=False, metavar=metavar)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
