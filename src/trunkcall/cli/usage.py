"""What somebody reads who typed a command wrongly: one sentence, with the way out.

Decides words alone. What is wrong was found by typer.
"""

from __future__ import annotations

import re
from typing import Any

import typer

from trunkcall.cli.layout import placeholder
from trunkcall.domain.errors import did_you_mean

_WORDS = {
    "a valid integer.*": "a whole number",
    "a valid number.*": "a number",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}
"""What the library says that reads values, and what we do."""
_NO_CHOICE = re.compile(r"'(?P<given>.*)' is not one of ", re.DOTALL)


def wrong_usage(error: typer.TyperException) -> str:
    """The sentence for an error of usage, with its line break; the whole help page where a command has to be named."""
    ctx: Any = getattr(error, "ctx", None)
    param: Any = getattr(error, "param", None)
    if ctx is None:
        return f"trunkcall: {_sentence(error.format_message())}\n"
    text = error.format_message()
    if text == ctx.get_help():
        return text + "\n"
    if isinstance(error, typer.BadParameter) and param is None and error.param_hint is None:
        text = error.message
    elif (option := getattr(error, "option_name", None)) and error.message.startswith("No such option"):
        options = [param for param in ctx.command.get_params(ctx) if param.param_type_name == "option"]
        names = [name for param in options for name in (*param.opts, *param.secondary_opts)]
        text = f"No such option {option!r}.{did_you_mean(option, names)}"
    elif param is not None:
        text = _plain(text)
        if param.param_type_name == "argument":
            text = text.replace(f"'{param.name}'", f"'{param.name.upper()}'", 1)
        if (found := _NO_CHOICE.search(error.message)) is not None:
            text = _sentence(text) + did_you_mean(found["given"], placeholder(param).split("|"))
    return f"{ctx.command_path}: {_sentence(text)} `{ctx.command_path} --help` says more.\n"


def _plain(text: str) -> str:
    """What a value must be, in our words."""
    text = text.replace("Value error, ", "")
    for theirs, ours in _WORDS.items():
        text = re.sub(rf"Invalid value for (.*): Input should be {theirs}", rf"\1 must be {ours}", text)
    return text


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "?", "!")) else text + "."
