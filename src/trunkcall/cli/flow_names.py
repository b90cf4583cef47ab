"""What a flow of another instance names, found again in this one by its name: as Amazon's console does when it imports.

Decides which of a flow's ids are taken for others. The console writes beside each id what it is called; whoever writes
a flow by hand may write the name in place of the id. An id that is here stays. Which type a flow has is told there too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from trunkcall.domain.prompt import named
from trunkcall.flows.language import FLOW_TYPES, MAX_CONTENT

KINDS: Final = {
    "QueueId": "queue",
    "ContactFlowId": "contact flow",
    "EventHooks": "contact flow",
    "PromptId": "prompt",
    "HoursOfOperationId": "hours of operation",
}
"""What a parameter names, by the parameter."""
_CALLED: Final = "displayName"
_TEXT: Final = "Text"
"""In place of which a prompt may be named, and is found by its name as it is."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """The content as it is to be, what was found again, and what was not: kinds with names."""

    content: str
    found: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]


def replaced(content: str, there: Mapping[str, Mapping[str, str]]) -> Replaced:
    """A flow's content with the ids of this instance; ``there`` are, by kind, names with their ids. It is the very same
    where nothing is to be replaced."""
    document = json.loads(content)
    found: dict[tuple[str, str], None] = {}
    missing: dict[tuple[str, str], None] = {}
    for parameters, name, kind, beside in _named(document):
        known, itself = there.get(kind, {}), _bare(parameters[name])
        if itself in known.values() or (name == _TEXT and itself in known):
            continue
        called = beside or itself
        if called in known:
            parameters[name] = known[called]
            found[kind, called] = None
        else:
            missing[kind, called] = None
    return Replaced(_written(document) if found else content, tuple(found), tuple(missing))


def _written(document: Mapping[str, Any]) -> str:
    """For people to read, if that is not longer than a flow may be."""
    content = json.dumps(document, indent=2, ensure_ascii=False)
    return content if len(content) <= MAX_CONTENT else json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _bare(written: str) -> str:
    """The id or name in what stands for one: an ARN, or what a text has in place of a prompt."""
    itself = named(written) or written
    return itself.rpartition("/")[2] if itself.startswith("arn:") else itself


def _named(document: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str, str, str | None]]:
    """Each id: what it stands in, as what, its kind, and the name beside it, if there is one."""
    metadata = document.get("Metadata")
    beside = metadata.get("ActionMetadata") if isinstance(metadata, dict) else None
    for action in document["Actions"]:
        of_action = beside.get(action["Identifier"]) if isinstance(beside, dict) else None
        names = of_action.get("parameters") if isinstance(of_action, dict) else None
        yield from _within(action.get("Parameters", {}), names, None)


def _within(parameters: Any, names: Any, kind: str | None) -> Iterator[tuple[dict[str, Any], str, str, str | None]]:
    if isinstance(parameters, list):
        for each, name in zip_longest(parameters, names if isinstance(names, list) else ()):
            yield from _within(each, name, kind)
    if not isinstance(parameters, dict):
        return
    for key, value in parameters.items():
        beside, of = names.get(key) if isinstance(names, dict) else None, KINDS.get(key, kind)
        if not isinstance(value, str):
            yield from _within(value, beside, of)
        elif value and of is not None and not value.startswith("$"):
            called = beside.get(_CALLED) if isinstance(beside, dict) else None
            yield parameters, key, of, called if isinstance(called, str) else None
        elif key == _TEXT and (prompt := named(value)) and "$" not in prompt:
            yield parameters, key, KINDS["PromptId"], None


def type_in(content: str) -> str | None:
    """The type that the console has written into an export; None if it has none, or one that is not known."""
    metadata = json.loads(content).get("Metadata")
    written = metadata.get("type") if isinstance(metadata, dict) else None
    if not isinstance(written, str):
        return None
    name = "".join(f"_{each}" if each.isupper() else each for each in written).upper()
    return name if name in FLOW_TYPES else None


def listed(things: Sequence[tuple[str, str]]) -> str:
    """Kinds with names, for a sentence."""
    return ", ".join(f"{kind} {name!r}" for kind, name in things)
