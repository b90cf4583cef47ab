"""Writes docs/reference/flow-language.md: every action of the flow language, and whether it is offered, from the table.

Run it after a change of ``trunkcall.flows.language``: ``.venv/bin/python docs/make_flow_reference.py``. A test compares
the page with what this makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import assert_never

from generated import write

from trunkcall.flows import language
from trunkcall.flows.kinds import (
    Amount,
    Anything,
    Choice,
    Group,
    Keys,
    Kind,
    Many,
    Parameter,
    Rule,
    Source,
    Text,
    Texts,
    Whole,
)
from trunkcall.flows.language import ACTIONS, ActionType, Follows
from trunkcall.flows.references import ROOTS

PAGE = Path(__file__).parent / "reference" / "flow-language.md"

SOURCES = {
    Source.STATIC: "static",
    Source.WHOLE: "static or one reference",
    Source.PARTS: "static, with references anywhere in it",
    Source.REFERENCE: "one reference",
}


def generate() -> str:
    """The limits, the actions that are offered, a table of parameters for each, those that are not, the references."""
    offered = [each for each in ACTIONS.values() if each.offered]
    return "\n\n".join(
        [
            "## Limits",
            _limits(),
            f"## The {len(offered)} actions that are offered",
            "\n".join(
                ["| action | what it does |", "|---|---|", *(f"| [{_link(each)} | {each.does} |" for each in offered)]
            ),
            *(_section(each) for each in offered),
            "## Accepted, and not offered",
            "They are part of the language and load unchanged; nobody looks at their parameters. A contact that comes\n"
            "to one goes on by its branch NoMatchingError, or the first error branch there is: it has not succeeded.\n"
            "Without error branches it goes on by NextAction, and without that it ends.\n"
            "`trunkcall flow check` names each of them.",
            "\n".join(f"- {each.name}{_end(each)}" for each in ACTIONS.values() if not each.offered),
            "## Offered, but for some of it",
            "Some parameters of actions that are offered are taken and do nothing, or lead to the error branch: hooks\n"
            "that never run, keys to be encrypted, an agent's own queue, a related contact, skills of agents,\n"
            "events that a Wait waits for, `<audio>` in SSML, sounds in S3, recordings of screens, flows and of one\n"
            "participant alone. `trunkcall flow check` and `trunkcall flow publish` name each of them;\n"
            "[Choices](../explanation/choices.md) says what comes of it.",
            "## References",
            "What a reference may begin with. Another one is remarked upon and taken: it has no value here.",
            "\n".join(["| begins with | goes on with |", "|---|---|", *_references()]),
        ]
    )


def _link(known: ActionType) -> str:
    return f"{known.name}](#{known.name.lower()})"


def _end(known: ActionType) -> str:
    return ": the flow ends there" if known.follows is Follows.NEVER else ""


def _limits() -> str:
    return "\n".join(
        [
            "| of | at most |",
            "|---|---|",
            f"| a document | {language.MAX_CONTENT:,} characters, {language.MAX_ACTIONS} actions, objects and lists "
            f"{language.MAX_DEPTH} deep |",
            f"| an `Identifier` | {language.MAX_IDENTIFIER} characters, without `% : ( \\ / ) = $ , ; [ ] {{ }}` |",
            f"| what is spoken | {language.MAX_SPOKEN:,} characters |",
            f"| conditions | {language.MAX_NESTING} in one another, {language.MAX_CONDITIONS} in one |",
        ]
    )


def _section(known: ActionType) -> str:
    parts = [f"### {known.name}"]
    if known.parameters:
        parts.append("\n".join(["| parameter | is | from |", "|---|---|---|", *_rows("", known.parameters)]))
        if rules := [*_rules("", known.rules)]:
            parts.append("\n".join(rules))
    rows = [f"| goes on by | {known.follows.value} |"]
    if known.results is not None:
        values = ", ".join(f"`{each}`" for each in known.results.values) if known.results.values else "any"
        rows += [
            f"| operators | {', '.join(known.results.operators)} |",
            f"| results | {values}{', and each of them needs a condition' if known.results.each else ''} |",
        ]
    if known.errors:
        rows.append(f"| errors | {', '.join(_error(each) for each in known.errors)} |")
    if known.flow_types is not None:
        rows.append(f"| Amazon has it in | {', '.join(sorted(known.flow_types))} |")
    return "\n\n".join([*parts, "\n".join(["| | |", "|---|---|", *rows])])


def _error(branch: language.Branch) -> str:
    return f"**{branch.error}**" if branch.required else branch.error


def _rows(before: str, parameters: Mapping[str, Parameter]) -> Iterator[str]:
    for name, parameter in parameters.items():
        shown = f"**`{before}{name}`**" if parameter.required else f"`{before}{name}`"
        yield f"| {shown} | {_kind(parameter.kind)} | {_source(parameter.kind)} |"
        yield from _inner(f"{before}{name}", parameter.kind)


def _inner(name: str, kind: Kind) -> Iterator[str]:
    match kind:
        case Group():
            yield from _rows(f"{name}.", kind.members)
        case Many(of=Group(members=members)):
            yield from _rows(f"{name}[].", members)
        case _:
            return


def _rules(before: str, rules: tuple[Rule, ...]) -> Iterator[str]:
    for rule in rules:
        amount = "Exactly one of" if rule.amount is Amount.ONE else "At most one of"
        yield f"{amount} {', '.join(f'`{before}{name}`' for name in rule.names)}."


def _kind(kind: Kind) -> str:
    match kind:
        case Text(most=most):
            return f"text, at most {most:,} characters" if most is not None else "text"
        case Whole(least=least, most=most):
            return f"whole number, {least:,} to {most:,}" if most is not None else f"whole number, {least:,} or more"
        case Choice(values=values):
            return ", ".join(f"`{value}`" for value in values)
        case Keys(most=most):
            return f"1 to {most} keys of a telephone"
        case Texts(keys=keys):
            return f"texts by key: one of {', '.join(keys)}" if keys is not None else "texts by key"
        case Many(of=of, least=least):
            inner = "objects" if isinstance(of, Group) else _kind(of)
            return f"list of {inner}{', one at least' if least else ''}"
        case Group():
            return "object"
        case Anything():
            return "anything, kept"
        case _:
            assert_never(kind)


def _source(kind: Kind) -> str:
    match kind:
        case Text() | Whole() | Choice():
            return SOURCES[kind.source]
        case Texts(values=values):
            return SOURCES[values.source]
        case Keys():
            return SOURCES[Source.STATIC]
        case Many(of=of):
            return "" if isinstance(of, Group) else _source(of)
        case Group() | Anything():
            return ""
        case _:
            assert_never(kind)


def _references() -> Iterator[str]:
    for root, follows in ROOTS.items():
        rest = "a name" if follows is None else ", ".join(f"`.{name}`" for name in follows) or "nothing"
        yield f"| `$.{root}` | {rest} |"


if __name__ == "__main__":
    write(PAGE, generate())
