"""What every command has in common: help pages, ``-h``, suggestions, and a module that is imported when it is needed.

Decides how commands are found and made. It must not know any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from trunkcall import __version__
from trunkcall.cli.completion import campaign_names, names_a_campaign
from trunkcall.cli.help import examples, lines_of
from trunkcall.cli.interrupts import may_interrupt
from trunkcall.cli.layout import page_of
from trunkcall.domain.errors import did_you_mean

HELP_OPTIONS: Final = ("--help", "-h")


class Command(TyperCommand):
    """A command whose help page is laid out here, and which knows campaigns by their names."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for param in self.params:
            if names_a_campaign(param):
                param._custom_shell_complete = campaign_names

    def get_help_option_names(self, ctx: Any) -> list[str]:
        """The same for every command, whichever context it is asked in first: that answer is kept."""
        return list(HELP_OPTIONS)

    def get_help(self, ctx: Any) -> str:
        """The page under ``--help``."""
        return page_of(self, ctx)

    def invoke(self, ctx: Any) -> Any:
        """Begin the command's work. From here on there may be something to clean up."""
        may_interrupt()
        return super().invoke(ctx)


class Group(TyperGroup):
    """A group of commands. Its page has an example of each, unless it was given others."""

    def get_help_option_names(self, ctx: Any) -> list[str]:
        """The same for every command, whichever context it is asked in first: that answer is kept."""
        return list(HELP_OPTIONS)

    def headings(self, ctx: Any) -> Iterator[tuple[str, str, str]]:
        """Every command with what it is listed under, its name and its summary."""
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                yield "Commands", name, summary_of(command.help or "")

    def get_help(self, ctx: Any) -> str:
        """The page under ``--help``."""
        if self.epilog is None:
            commands = [self.get_command(ctx, name) for name in self.list_commands(ctx)]
            self.epilog = examples(*(line for command in commands if command for line in lines_of(command.epilog)[:1]))
        return page_of(self, ctx, self.headings(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first argument names. What is no command is refused with the name that comes close."""
        command = self.get_command(ctx, args[0])
        if command is not None:
            return args[0], command, args[1:]
        if ctx.resilient_parsing:
            return None, None, args[1:]
        return ctx.fail(f"No such command {args[0]!r}.{did_you_mean(args[0], self.list_commands(ctx))}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A command, or a group of commands, as the program knows it before it is imported."""

    name: str
    place: str
    """Its module below ``trunkcall.cli``, and the name of the function or of the ``typer.Typer`` in it."""
    summary: str
    """The first sentence of its help."""
    heading: str
    """What it is listed under."""
    epilog: str | None = None
    """Its examples; a group may have its own."""
    passes_on: bool = False
    """Whether all that follows its first argument is another command's, options too."""

    def load(self) -> TyperCommand | TyperGroup:
        """Import it."""
        module, _, attribute = self.place.partition(":")
        found = getattr(import_module(f"trunkcall.cli.{module}"), attribute)
        made: Any
        if isinstance(found, typer.Typer):
            _dress(found)
            made = get_group(found)
        else:
            alone = typer.Typer(add_completion=False)
            settings = {"allow_interspersed_args": not self.passes_on}
            alone.command(self.name, cls=Command, context_settings=settings)(found)
            made = get_command(alone)
        made.name = self.name
        made.epilog = self.epilog or made.epilog
        assert isinstance(made, Command | Group)
        return made


class Root(Group):
    """The program itself."""

    entries: dict[str, Entry]
    listing = False
    """Whether only names and summaries are wanted, for which nothing need be imported."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command by its name, imported."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        if self.listing:
            return Command(cmd_name, help=entry.summary)
        if cmd_name not in self.commands:
            self.commands[cmd_name] = entry.load()
        return self.commands[cmd_name]

    def headings(self, ctx: Any) -> Iterator[tuple[str, str, str]]:
        """Every entry of the table."""
        for entry in self.entries.values():
            yield entry.heading, entry.name, entry.summary

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Names that begin so, with their summaries."""
        self.listing = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self.listing = False


def root_of(name: str, text: str, entries: Sequence[Entry], epilog: str) -> Root:
    """The program with these commands."""
    app = typer.Typer(
        name=name,
        cls=Root,
        help=text,
        epilog=epilog,
        no_args_is_help=True,
        add_completion=False,
        context_settings={"help_option_names": list(HELP_OPTIONS)},
    )
    app.callback()(_options)
    made = get_group(app)
    assert isinstance(made, Root)
    made.entries = {entry.name: entry for entry in entries}
    return made


def contexts(command: Any, width: int | None = None, parent: Any = None) -> Iterator[Any]:
    """The context of a command and of everything below it, all of which is imported. ``width`` is that of the terminal,
    in columns."""
    context = typer.Context(
        command, info_name=command.name, parent=parent, terminal_width=width, **command.context_settings
    )
    yield context
    if isinstance(command, Group):
        for name in command.list_commands(context):
            yield from contexts(command.get_command(context, name), width, context)


def summary_of(text: str) -> str:
    """The first sentence of a command's help."""
    words: list[str] = []
    for word in text.partition("\n\n")[0].split():
        words.append(word)
        if word.endswith("."):
            break
    return " ".join(words)


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=lambda asked: _version(asked))
    ] = False,
) -> None:
    pass


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"trunkcall {__version__}")
        raise typer.Exit


def _dress(app: typer.Typer) -> None:
    """Have a group of commands, and those in it, look as all do."""
    app.info.cls = Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        assert group.typer_instance is not None
        _dress(group.typer_instance)
