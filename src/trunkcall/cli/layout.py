"""How a help page is laid out: options in groups, one form of placeholders and remarks, any width of terminal.

Decides nothing of what a page says. What this knows of an option or a command is what typer's classes tell.
"""

from __future__ import annotations

import inspect
import re
import shutil
import textwrap
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from trunkcall.cli.completion import names_a_campaign
from trunkcall.cli.help import lines_of

ARGUMENTS, OPTIONS = "Arguments", "Options"
WIDEST, NARROWEST = 100, 20
SIDE_BY_SIDE_FROM = 72
"""Columns from which an option's help stands beside it; below it stands under it."""
MAX_LEFT = 28
"""The most columns for an option beside its help; a longer one has a line of its own."""
PLACEHOLDERS: dict[Any, str] = {int: "INTEGER", float: "NUMBER", Path: "PATH"}

Rows = list[tuple[str, str]]


def page_of(
    command: TyperCommand | TyperGroup, ctx: Any, commands: Iterable[tuple[str, str, str]] | None = None
) -> str:
    """The help page. ``commands`` are a group's: heading, name, summary."""
    width = ctx.terminal_width or shutil.get_terminal_size().columns
    width = max(min(width, WIDEST), NARROWEST)
    sections: dict[str, Rows] = {}
    for param in command.get_params(ctx):
        if isinstance(param, TyperArgument) and not param.hidden:
            sections.setdefault(ARGUMENTS, []).append((_argument_name(param), _help(param)))
    for param in command.get_params(ctx):
        if isinstance(param, TyperOption) and not param.hidden:
            sections.setdefault(param.rich_help_panel or OPTIONS, []).append((_option_name(param), _help(param)))
    # The command's own options come before groups of them, unless --help is the only one.
    sections = dict(sorted(sections.items(), key=lambda section: _rank(*section)))
    for heading, name, summary in commands or ():
        sections.setdefault(heading, []).append((name, summary))
    blocks = [_usage(command, ctx, width), _paragraphs(inspect.cleandoc(command.help or ""), width)]
    blocks += [f"{heading}:\n{_rows(rows, width)}" for heading, rows in sections.items()]
    if lines := lines_of(command.epilog):
        blocks.append("Examples:\n" + "\n".join(f"  {line}" for line in lines))
    return "\n\n".join(block for block in blocks if block)


def _rank(heading: str, rows: Rows) -> int:
    if heading == ARGUMENTS:
        return 0
    if heading == OPTIONS:
        return 1 if len(rows) > 1 else 3
    return 2


def placeholder(param: TyperArgument | TyperOption) -> str:
    """What stands for a value: capitals, or the values that there are."""
    if param.metavar is not None:
        return re.sub(r"[][<>{}]", "", param.metavar)
    if (choices := param.type_descriptor.choices) is not None:
        return "|".join(str(choice.value if isinstance(choice, Enum) else choice) for choice in choices)
    if isinstance(param, TyperArgument):
        return param.name.upper()
    if names_a_campaign(param):
        return "CAMPAIGN"
    annotation = param.type_descriptor.annotation
    return PLACEHOLDERS.get(next(iter(get_args(annotation)), annotation), "TEXT")


def remark(*facts: tuple[str, object]) -> str:
    """What is said of an option behind its help: ``[default: 8750; env: TRUNKCALL_PORT]``, without what is empty."""
    said = [f"{name}: {value}" if name else str(value) for name, value in facts if value not in (None, "")]
    return f"[{'; '.join(said)}]" if said else ""


def _usage(command: TyperCommand | TyperGroup, ctx: Any, width: int) -> str:
    pieces = [f"Usage: {ctx.command_path}", command.options_metavar or ""]
    for param in command.get_params(ctx):
        if isinstance(param, TyperArgument) and not param.hidden:
            name = _argument_name(param)
            pieces.append(name if param.required else f"[{name}]")
    if isinstance(command, TyperGroup):
        pieces.append(command.subcommand_metavar)
    return _fill(" ".join(filter(None, pieces)), width, "", " " * 8)


def _paragraphs(text: str, width: int) -> str:
    return "\n\n".join(_fill(" ".join(part.split()), width, "  ", "  ") for part in text.split("\n\n"))


def _rows(rows: Rows, width: int) -> str:
    left = min(max(len(first) for first, _ in rows), MAX_LEFT)
    lines = []
    for first, second in rows:
        if width < SIDE_BY_SIDE_FROM:
            lines.append(f"  {first}")
            lines += [_fill(second, width, " " * 6, " " * 6)] if second else []
        elif len(first) > left:
            lines += [f"  {first}", _fill(second, width, " " * (left + 4), " " * (left + 4))]
        else:
            lines.append(_fill(second, width, f"  {first:<{left}}  ", " " * (left + 4)))
    return "\n".join(line.rstrip() for line in lines)


def _fill(text: str, width: int, first: str, others: str) -> str:
    filled = textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled or first.rstrip()


def _argument_name(param: TyperArgument) -> str:
    return placeholder(param) + ("..." if param.nargs != 1 else "")


def _option_name(param: TyperOption) -> str:
    names = sorted(param.opts, key=len)
    name = ", ".join(names) + "".join(f" / {other}" for other in param.secondary_opts)
    return name if param.is_flag or param.count else f"{name} {placeholder(param)}"


def _help(param: TyperArgument | TyperOption) -> str:
    facts = (
        ("", _range(param.min, param.max)),
        ("", "required" if param.required else ""),
        ("default", _default(param)),
        ("env", param.envvar or ""),
    )
    return " ".join(filter(None, (param.help or "", remark(*facts))))


def _range(least: float | None, most: float | None) -> str:
    if least is None:
        return f"at most {most}" if most is not None else ""
    return f"{least} to {most}" if most is not None else f"at least {least}"


def _default(param: TyperArgument | TyperOption) -> str:
    if isinstance(param.show_default, str):
        return param.show_default
    value = param.default
    if isinstance(param, TyperOption) and param.secondary_opts:
        return min(param.opts if value else param.secondary_opts, key=len)
    if not param.show_default or value in (None, False, "") or callable(value):
        return ""
    if isinstance(value, Enum):
        value = value.value
    return f"{value:g}" if isinstance(value, float) else str(value)
