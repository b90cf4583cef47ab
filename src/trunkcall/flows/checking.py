"""What is wrong with the document of a contact flow, before anybody is put through it.

Decides what keeps a document from being published (a problem) and what is only worth knowing (a remark). What Amazon
takes is taken: where its documents are stricter than what it does, there is a remark. Neither quotes more of a document
than names: it may hold numbers, and what is said to people. It must not know what an action does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trunkcall.domain.errors import did_you_mean
from trunkcall.domain.json_text import UnusableJsonError, read_json
from trunkcall.flows import language
from trunkcall.flows.document import Flow, flow_of
from trunkcall.flows.language import ACTIONS, Follows
from trunkcall.flows.naming import called
from trunkcall.flows.parameters import Findings, Wrong, in_parameters
from trunkcall.flows.transitions import in_transitions, names_one
from trunkcall.flows.unoffered import in_vain

_MEDIA: Final = "Media"
_OTHERS: Final = {
    "modules": (
        "The content is an export of the console's old form, with modules and branches, which is no flow language. "
        "Import it in Amazon Connect's console, save it there and export it again: that writes the flow language."
    ),
    "ContactFlow": (
        "The content is the answer of DescribeContactFlow. The flow is the text in its ContactFlow.Content: "
        "`--query ContactFlow.Content --output text` has the AWS CLI write nothing else."
    ),
}
"""What is taken for a flow's document and is none, by a member that it has, and what to do with it."""
MAX_PROBLEMS: Final = 50
"""How many problems are told of one document: whoever mends those sees the others then. Amazon tells no more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about a document, with its place in it; ``identifier`` is that of the action, None of no one's."""

    text: str
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that was looked at. ``flow`` is None where there are problems."""

    problems: tuple[Finding, ...]
    remarks: tuple[Finding, ...] = ()
    flow: Flow | None = None


def problems_of(content: str) -> Sequence[str]:
    """What is wrong with the document, each in a sentence that says where; nothing if it can be a flow."""
    return [problem.text for problem in check(content).problems]


def check(content: str, flow_type: str | None = None) -> Checked:
    """Look at a document; at what its actions may be in as well, where the type of flow is known."""
    if not 1 <= len(content) <= language.MAX_CONTENT:
        return _hopeless(f"The content must have 1 to {language.MAX_CONTENT:,} characters, not {len(content):,}.")
    try:
        # Editors of Windows begin files with a byte order mark.
        document = read_json(content.removeprefix("\ufeff"), language.MAX_DEPTH)
    except UnusableJsonError as error:
        return _hopeless(f"The content is not JSON: {error.message}")
    if not isinstance(document, dict):
        return _hopeless("The content must be a JSON object with Version, StartAction and Actions.")
    if "Actions" not in document and (other := next((each for each in _OTHERS if each in document), None)) is not None:
        return _hopeless(_OTHERS[other])
    problems: list[Wrong] = []
    remarks: list[Wrong] = []
    for wrong in _in_document(document):
        found = problems if wrong.is_problem else remarks
        if len(found) < MAX_PROBLEMS:
            found.append(wrong)
        if len(problems) == MAX_PROBLEMS:
            break
    if problems:
        return Checked(tuple(_told(problems, document)))
    flow = flow_of(document)
    return Checked((), (*_told(remarks, document), *_about(flow, flow_type)), flow)


def _hopeless(text: str) -> Checked:
    return Checked((Finding(text),))


def _told(findings: Iterable[Wrong], document: Mapping[str, Any]) -> Iterator[Finding]:
    for wrong in findings:
        identifier = None
        if wrong.action is not None and isinstance(action := document["Actions"][wrong.action], dict):
            given = action.get("Identifier")
            identifier = given if isinstance(given, str) else None
        hint = did_you_mean(*wrong.meant) if wrong.meant is not None else ""
        yield Finding(f"{wrong.place} {wrong.why}{hint}", identifier)


# --- the document ---------------------------------------------------------------------------------------------------


def _in_document(document: dict[str, Any]) -> Iterator[Wrong]:
    if document.get("Version") != language.VERSION:
        yield Wrong("Version", f'must be "{language.VERSION}".')
    actions = document.get("Actions")
    if not isinstance(actions, list) or not 1 <= len(actions) <= language.MAX_ACTIONS:
        yield Wrong("Actions", f"must be a list of 1 to {language.MAX_ACTIONS} actions.")
        return
    identifiers: set[str] = set()
    for number, action in enumerate(actions):
        yield from (wrong.of(number) for wrong in _in_identifier(f"Actions[{number}]", action, identifiers))
    if not names_one(document.get("StartAction"), identifiers):
        yield Wrong("StartAction", "must be the Identifier of one of the Actions.")
    for number, action in enumerate(actions):
        if isinstance(action, dict):
            yield from (wrong.of(number) for wrong in _in_action(f"Actions[{number}]", action, identifiers))


def _in_identifier(where: str, action: Any, identifiers: set[str]) -> Findings:
    if not isinstance(action, dict):
        yield Wrong(where, "must be an object.")
        return
    identifier, where = action.get("Identifier"), f"{where}.Identifier"
    if not isinstance(identifier, str) or not 1 <= len(identifier) <= language.MAX_IDENTIFIER:
        yield Wrong(where, f"must be a text of 1 to {language.MAX_IDENTIFIER} characters.")
        return
    if identifier in identifiers:
        yield Wrong(where, "is that of an action before it. Give each action its own.")
    elif language.NOT_IN_IDENTIFIERS.intersection(identifier):
        yield Wrong(where, "has a character that Amazon takes in none: one of % : ( \\ / ) = $ , ; [ ] { }.")
    elif identifier in language.NOT_IDENTIFIERS:
        yield Wrong(where, "is a word that Amazon keeps to itself. Choose another.")
    identifiers.add(identifier)


def _in_action(where: str, action: dict[str, Any], identifiers: set[str]) -> Findings:
    given = action.get("Type")
    known = ACTIONS.get(given) if isinstance(given, str) else None
    if not isinstance(given, str) or not given:
        yield Wrong(f"{where}.Type", "must be the name of a type of action.")
    elif known is None:
        yield Wrong(f"{where}.Type", f"{called(given)} is no action of the flow language.", meant=(given, ACTIONS))
    parameters, transitions = action.get("Parameters", {}), action.get("Transitions")
    if not isinstance(parameters, dict):
        yield Wrong(f"{where}.Parameters", "must be an object, {} where the action has none.")
    elif known is not None and known.offered:
        yield from in_parameters(f"{where}.Parameters", parameters, known)
        stored = known.name == "GetParticipantInput" and language.is_yes(parameters.get(language.STORE))
        if stored and not parameters.keys() & {language.VALIDATION, language.BUFFER}:
            yield Wrong(f"{where}.Parameters", f"must have {language.VALIDATION}, as the keys are stored.")
    if not isinstance(transitions, dict):
        yield Wrong(f"{where}.Transitions", "must be an object, {} where nothing follows.")
        return
    parameters = parameters if isinstance(parameters, dict) else {}
    yield from in_transitions(f"{where}.Transitions", transitions, identifiers, known, parameters)


# --- the whole ------------------------------------------------------------------------------------------------------


def _about(flow: Flow, flow_type: str | None) -> Iterator[Finding]:
    reachable = flow.reachable()
    for number, action in enumerate(flow.actions.values()):
        known, where = ACTIONS[action.type], f"Actions[{number}]"
        if action.identifier not in reachable:
            yield Finding(f"{where} is never reached.", action.identifier)
        if not known.offered:
            does = "the flow ends there" if known.follows is Follows.NEVER else "it takes its error branch"
            yield Finding(f"{where} is {known.name}, which is not offered: {does}.", action.identifier)
        given = action.parameters
        if known.offered and any(_MEDIA in each for each in (given, *given.get("Messages", ()))):
            text = f"{where} plays a sound from S3, which is not offered: make it a prompt, and name that by PromptId."
            yield Finding(text, action.identifier)
        if known.offered and language.is_yes(given.get(language.BUFFER)):
            text = (
                f"{where} has keys kept that are pressed too early, which is not offered: it goes on, and asks nothing."
            )
            yield Finding(text, action.identifier)
        for said in in_vain(action):
            yield Finding(f"{where} {said}.", action.identifier)
        if flow_type is not None and known.flow_types is not None and flow_type not in known.flow_types:
            text = f"{where} is {known.name}, which Amazon has in no flow of the type {flow_type}."
            yield Finding(text, action.identifier)
