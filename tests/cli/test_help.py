"""What somebody reads who asks a command what it does. Every command is asked, also those that are yet to come."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import pytest
from typer import Context

from trunkcall import __version__
from trunkcall.cli.app import COMMANDS, main, root
from trunkcall.cli.command import contexts, summary_of

ALL = list(contexts(root))
COMMAND_LINES = [context.command_path for context in ALL]
PLACEHOLDER = re.compile(r"[A-Z][A-Z0-9_-]*(\.[a-z]+)?(=[A-Z]+)?(\.\.\.)?|[\w.-]+(\|[\w.-]+)+")
NARROW = 40


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def options(context: Any) -> Iterator[Any]:
    return (param for param in context.command.get_params(context) if not param.hidden)


def sections(page: str) -> dict[str, list[str]]:
    """The lines of a page below each of its headings."""
    found: dict[str, list[str]] = {"": []}
    heading = ""
    for line in page.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            heading = line[:-1]
        found.setdefault(heading, []).append(line)
    return found


@pytest.mark.parametrize("context", ALL, ids=COMMAND_LINES)
class TestEveryPage:
    def test_it_opens_under_both_names_of_the_option(self, context: Any, capsys: pytest.CaptureFixture[str]) -> None:
        words = context.command_path.split()[1:]
        pages = []
        for option in ("--help", "-h"):
            assert run(*words, option) == 0
            pages.append(capsys.readouterr().out)
        assert pages[0] == pages[1]
        assert pages[0].startswith(f"Usage: {context.command_path} ")
        assert "-h, --help" in pages[0]

    def test_its_examples_are_commands_that_there_are(self, context: Any) -> None:
        lines = sections(context.get_help())["Examples"][1:]
        assert lines, "no examples"
        for line in lines:
            words = re.sub(r'^eval "\$\((.*)\)"$', r"\1", line.strip())
            arguments = shlex.split(words)
            while "=" in arguments[0]:
                arguments.pop(0)
            arguments = list(takewhile(lambda word: word not in ("|", ">", ">>", "&&"), arguments))
            assert arguments[0] == "trunkcall"
            parse(arguments[1:], help_is_fine=context.parent is None)

    def test_every_option_says_what_it_is(self, context: Any) -> None:
        for param in options(context):
            assert param.help, param.name
            assert param.help[0].isupper() or param.help.split()[0].islower(), param.help
            assert param.help.rstrip().endswith((".", "]")), param.help

    def test_what_stands_for_a_value_has_one_form(self, context: Any) -> None:
        page = sections(context.get_help())
        for heading, lines in page.items():
            if heading in ("", "Examples"):
                continue
            for line in lines:
                if (found := re.match(r"  (?:-\w, )?--[\w-]+(?: / --[\w-]+)? ([^ /-]\S*)", line)) is not None:
                    assert PLACEHOLDER.fullmatch(found[1]), line

    @pytest.mark.parametrize("width", [20, NARROW, 60, 120])
    def test_it_fits_the_terminal(self, context: Any, width: int) -> None:
        (narrow,) = (c for c in contexts(root, width) if c.command_path == context.command_path)
        for heading, lines in sections(narrow.get_help()).items():
            for line in lines:
                unbroken = heading == "Examples" or line.startswith("  -") or len(line.split()) == 1
                assert len(line) <= width or unbroken, line

    def test_no_summary_is_cut(self, context: Any) -> None:
        (narrow,) = (c for c in contexts(root, NARROW) if c.command_path == context.command_path)
        page = " ".join(narrow.get_help().split())
        for below in ALL:
            if below.parent is not None and below.parent.command_path == context.command_path:
                assert " ".join((below.command.name + " " + summary_of(below.command.help)).split()) in page


def parse(arguments: list[str], *, help_is_fine: bool) -> None:
    """Have typer read the arguments of a command, without running it."""
    command, context = root, root.make_context("trunkcall", list(arguments[:1]))
    while hasattr(command, "commands"):
        _, command, arguments = command.resolve_command(context, arguments)
        if help_is_fine and arguments == ["--help"]:
            return
        context = command.make_context(command.name, arguments[:1] if hasattr(command, "commands") else arguments)


@pytest.mark.parametrize("entry", COMMANDS, ids=[entry.name for entry in COMMANDS])
def test_the_list_of_commands_says_what_the_command_says(entry: Any) -> None:
    """It is told without importing the command."""
    assert " ".join(entry.summary.split()) == summary_of(entry.load().help)


def test_the_options_of_a_server_are_in_groups() -> None:
    (page,) = (sections(context.get_help()) for context in ALL if context.command_path == "trunkcall serve")
    assert any("--port" in line for line in page["Connection"])
    assert any("--abandonment-target-ratio" in line for line in page["Pacing"])
    assert any("--log-level" in line for line in page["Log"])


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"trunkcall {__version__}\n"


class TestMistyped:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["laod"], "trunkcall: No such command 'laod'. Did you mean 'load'? `trunkcall --help` says more."),
            (["db", "chek"], "trunkcall db: No such command 'chek'. Did you mean 'check'?"),
            (["load", "--campain", "x"], "trunkcall load: No such option '--campain'. Did you mean '--campaign'?"),
            (["simulate", "--scenario", "x"], "No such option '--scenario'. `trunkcall simulate --help` says more."),
            (["export", "contacts", "--format", "jsnl"], "Did you mean 'jsonl'?"),
            (["simulate", "--set", "human_ration=0.2"], "Did you mean 'human_ratio'?"),
            (["simulate", "--agents", "many"], "trunkcall simulate: '--agents' must be a whole number."),
            (["simulate", "--runs", "0"], "trunkcall simulate: '--runs' must be at least 1."),
            (["keys", "revoke"], "trunkcall keys revoke: Missing argument 'ID'."),
            (["campaign", "create"], "trunkcall campaign create: Missing argument 'NAME'."),
            (["campaign", "create", " "], "trunkcall campaign create: a campaign needs a name that can be told"),
            (["campaign", "create", "a\nb"], "'a\\nb' cannot be printed"),
            (["agents", "add", "ada", ""], "trunkcall agents add: an agent needs a name that can be printed, not ''"),
            (["agents", "add", "ada", "b\tc"], "not 'b\\tc': nobody was made"),
            (["completion", "tcsh"], "Invalid value for 'SHELL': 'tcsh' is not one of 'bash', 'zsh', 'fish'."),
        ],
    )
    def test_one_line_says_what_was_meant(
        self, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(*arguments) in (1, 2)
        said = capsys.readouterr()
        assert told in said.err
        assert said.err.count("\n") == 1
        assert said.out == ""


def test_a_fault_of_ours_is_told_in_one_line_without_what_it_was_about(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(path: object) -> None:
        raise ValueError("+12025550100")

    monkeypatch.setattr("trunkcall.cli.simulate.read_scenario", fault)
    assert run("simulate", "shift.toml") == 1
    told = capsys.readouterr().err
    assert re.fullmatch(r"trunkcall: This is a fault of Trunkcall \(ValueError at .*test_help, line \d+\)\. .*\n", told)


def test_every_command_knows_the_short_way_to_its_page_in_whichever_context_it_is_asked_first() -> None:
    for context in ALL:
        assert context.command.get_help_option_names(Context(context.command)) == ["--help", "-h"]
