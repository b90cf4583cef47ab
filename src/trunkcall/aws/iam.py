"""IAM policy documents: read once, then asked who may do what.

Decides the grammar of identity-based policies and their evaluation: an explicit Deny wins, without an Allow nothing is
allowed. Pure. It must not know which action and which resources an operation of the API involves, nor whose policy it
is.

Choices: 6,144 characters without white space at most, as a managed policy of IAM may have; a document without Version
is of 2008-10-17, as in IAM; actions of other services, and names that no service has, are read and never match, as in
IAM; a name that appears twice in one object is refused; ``Principal`` is refused, because the policy belongs to a key.
A wildcard in a resource matches any characters, colons and slashes included.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from trunkcall.aws.iam_conditions import (
    AnyCondition,
    ConditionContext,
    InvalidPolicyError,
    Matches,
    Source,
    any_of,
    members,
    parse_conditions,
    texts,
    wildcard,
)

__all__ = [
    "ALL_ACTIONS_POLICY",
    "AuthorizationRequest",
    "Decision",
    "InvalidPolicyError",
    "Policy",
    "allowed",
    "allows_any",
    "parse_policy",
    "settled",
    "summary",
    "uses_resource_tags",
]

MAX_CHARACTERS = 6_144
"""Without white space."""
MAX_RAW_CHARACTERS = 131_072
"""With white space."""
VERSIONS = ("2012-10-17", "2008-10-17")
ALL = "*"
ALL_ACTIONS_POLICY = (
    '{"Version":"2012-10-17","Statement":'
    '[{"Effect":"Allow","Action":["connect-campaigns:*","connect:*"],"Resource":"*"}]}'
)
"""Of a key that may do everything that there is here."""

_Json: TypeAlias = Mapping[str, Any]
_ACTION = re.compile(r"(?:\*|[a-z0-9-]+):[a-z0-9*?]+", re.ASCII | re.IGNORECASE).fullmatch
_SID = re.compile(r"[a-z0-9]*", re.ASCII | re.IGNORECASE).fullmatch
_WHITE_SPACE = re.compile(r"\s+")
_DOCUMENT_MEMBERS = ("Version", "Id", "Statement")
_STATEMENT_MEMBERS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement. ``actions`` are what the document says of them, ``but`` tells that it says all but those;
    ``every_resource`` that no resource is left out."""

    denies: bool
    actions: tuple[str, ...]
    but_actions: bool
    matches_action: Matches
    resources: tuple[str, ...]
    but_resources: bool
    matches_resource: Matches
    conditions: tuple[AnyCondition, ...]

    def is_about(self, action: str) -> bool:
        """Whether it says anything of the action."""
        return self.matches_action(action.lower()) is not self.but_actions

    def covers(self, resource: str) -> bool:
        """Whether it says anything of the resource."""
        return self.matches_resource(resource) is not self.but_resources

    @property
    def is_about_everything(self) -> bool:
        """Whether it applies to its actions whatever the request."""
        return not self.conditions and not self.but_resources and ALL in self.resources


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A policy document that was read and checked. Made by ``parse_policy``."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """One action on resources, by their ARNs; none is the same as ``*``. The tags are those that the request brings
    and those of the resource; ``tag_keys`` are the keys that the request names, ``instance_id`` is the instance that it
    names."""

    action: str
    resources: tuple[str, ...]
    request_tags: Mapping[str, str] = field(default_factory=dict)
    resource_tags: Mapping[str, str] = field(default_factory=dict)
    tag_keys: Sequence[str] = ()
    instance_id: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """``explicit_deny`` tells that a Deny statement decided. ``resource`` is the first for which the answer was no;
    None if it does not depend on the resource."""

    allowed: bool
    explicit_deny: bool
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a policy has to say of one action. ``settled`` is the answer if it is the same whatever the request."""

    denies: tuple[Statement, ...]
    allows: tuple[Statement, ...]
    settled: Decision | None
    uses_resource_tags: bool


_ALLOWED = Decision(allowed=True, explicit_deny=False)
_DENIED = Decision(allowed=False, explicit_deny=False)
_EXPLICITLY_DENIED = Decision(allowed=False, explicit_deny=True)


def allowed(policy: Policy, request: AuthorizationRequest) -> Decision:
    """Whether the policy allows the action on every one of the resources."""
    plan = _plan(policy, request.action)
    if plan.settled is not None:
        return plan.settled
    context = ConditionContext(request.request_tags, request.resource_tags, request.tag_keys, request.instance_id)
    denies, allows = _holding(plan.denies, context), _holding(plan.allows, context)
    resources = request.resources or (ALL,)
    for resource in resources:
        if any(statement.covers(resource) for statement in denies):
            return Decision(allowed=False, explicit_deny=True, resource=resource)
    for resource in resources:
        if not any(statement.covers(resource) for statement in allows):
            return Decision(allowed=False, explicit_deny=False, resource=resource)
    return _ALLOWED


def settled(policy: Policy, action: str) -> Decision | None:
    """The answer for the action if it is the same whatever the resources and tags; else None."""
    return _plan(policy, action).settled


def uses_resource_tags(policy: Policy, action: str) -> bool:
    """Whether the answer for the action may depend on the tags of the resource."""
    return _plan(policy, action).uses_resource_tags


def allows_any(policy: Policy, actions: Iterable[str]) -> bool:
    """Whether a statement allows one of the actions, whatever others say against it and on whichever resource."""
    return any(s.is_about(action) for action in actions for s in policy.statements if not s.denies)


@lru_cache(maxsize=8192)
def _plan(policy: Policy, action: str) -> _Plan:
    about = [statement for statement in policy.statements if statement.is_about(action)]
    denies = tuple(statement for statement in about if statement.denies)
    allows = tuple(statement for statement in about if not statement.denies)
    answer: Decision | None = None
    if any(statement.is_about_everything for statement in denies):
        answer = _EXPLICITLY_DENIED
    elif not denies and not allows:
        answer = _DENIED
    elif not denies and any(statement.is_about_everything for statement in allows):
        answer = _ALLOWED
    uses = any(condition.source is Source.RESOURCE_TAG for statement in about for condition in statement.conditions)
    return _Plan(denies, allows, answer, uses_resource_tags=answer is None and uses)


def _holding(statements: Sequence[Statement], context: ConditionContext) -> list[Statement]:
    return [s for s in statements if all(condition.holds(context) for condition in s.conditions)]


# --- reading --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def parse_policy(text: str) -> Policy:
    """Read a policy document. Raises InvalidPolicyError that says what is wrong, where, and what would be right."""
    if len(text) > MAX_RAW_CHARACTERS or len(_WHITE_SPACE.sub("", text)) > MAX_CHARACTERS:
        raise InvalidPolicyError(
            f"The policy is too long: it may have {MAX_CHARACTERS:,} characters, white space not counted."
        )
    document = members(_parse_json(text), "The policy")
    _check_members(document, _DOCUMENT_MEMBERS, "The policy")
    version = document.get("Version", VERSIONS[1])
    if version not in VERSIONS:
        raise InvalidPolicyError(f'Version must be "{VERSIONS[0]}" (or "{VERSIONS[1]}"), not {_shown(version)}.')
    if not isinstance(document.get("Id", ""), str):
        raise InvalidPolicyError("Id must be a string.")
    given = document.get("Statement")
    one = isinstance(given, dict)
    if not one and not (isinstance(given, list) and given):
        raise InvalidPolicyError("Statement must be one statement or a list of statements, one at least.")
    statements: list[Any] = [given] if one else list(given or ())
    places = ["Statement"] if one else [f"Statement[{index}]" for index in range(len(statements))]
    _check_sids(statements, places)
    return Policy(tuple(_statement(*each) for each in zip(statements, places, strict=True)))


def _parse_json(text: str) -> Any:
    def members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            repeated = next(name for name in names if names.count(name) > 1)
            raise InvalidPolicyError(
                f"The policy has {repeated} twice in the same object. Put its values into one list."
            )
        return found

    try:
        return json.loads(text, object_pairs_hook=members_once)
    except json.JSONDecodeError as error:
        raise InvalidPolicyError(
            f"The policy is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except (RecursionError, ValueError):
        raise InvalidPolicyError(
            "The policy is not valid JSON: it is nested too deeply or has a huge number."
        ) from None


def _check_members(found: _Json, known: Sequence[str], where: str) -> None:
    for name in found:
        if name in ("Principal", "NotPrincipal"):
            raise InvalidPolicyError(f"{where} has {name}. Leave it out: the policy applies to the key that has it.")
        if name not in known:
            raise InvalidPolicyError(f"{where} has {name}, which is no element of a policy here: {', '.join(known)}.")


def _check_sids(statements: Sequence[Any], places: Sequence[str]) -> None:
    seen: set[str] = set()
    for statement, where in zip(statements, places, strict=True):
        sid = members(statement, where).get("Sid", "")
        if not isinstance(sid, str) or _SID(sid) is None:
            raise InvalidPolicyError(f"{where}.Sid must be letters and digits, not {_shown(sid)}.")
        if sid and sid in seen:
            raise InvalidPolicyError(f"{where}.Sid is {sid}, as another statement's. Give each its own, or none.")
        seen.add(sid)


def _statement(statement: _Json, where: str) -> Statement:
    _check_members(statement, _STATEMENT_MEMBERS, where)
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise InvalidPolicyError(f'{where}.Effect must be "Allow" or "Deny", not {_shown(effect)}.')
    actions, but_actions = _either(statement, "Action", where)
    for action in actions:
        if action != ALL and _ACTION(action) is None:
            raise InvalidPolicyError(
                f"{where}.{'Not' * but_actions}Action has {_shown(action)}. An action is a service and a name, as in "
                '"connect-campaigns:DescribeCampaign" or "connect-campaigns:Get*"; "*" is every action.'
            )
    resources, but_resources = _either(statement, "Resource", where)
    for resource in resources:
        if resource != ALL and not _is_arn(resource):
            raise InvalidPolicyError(
                f"{where}.{'Not' * but_resources}Resource has {_shown(resource)}. A resource is an ARN, as in "
                '"arn:aws:connect-campaigns:us-east-1:000000000000:campaign/*"; "*" is every resource.'
            )
    return Statement(
        denies=effect == "Deny",
        actions=actions,
        but_actions=but_actions,
        matches_action=any_of([wildcard(action.lower()) for action in actions]),
        resources=resources,
        but_resources=but_resources,
        matches_resource=any_of([wildcard(resource) for resource in resources]),
        conditions=parse_conditions(statement.get("Condition", {}), f"{where}.Condition"),
    )


def _either(statement: _Json, name: str, where: str) -> tuple[tuple[str, ...], bool]:
    """The values of an element or of its Not… form, of which a statement has exactly one; and whether it is the
    latter."""
    given = [each for each in (name, f"Not{name}") if each in statement]
    if len(given) != 1:
        raise InvalidPolicyError(f"{where} must have either {name} or Not{name}, and only one of them.")
    return tuple(texts(statement[given[0]], f"{where}.{given[0]}")), given[0] != name


def _is_arn(text: str) -> bool:
    parts = text.split(":", 5)
    return parts[0] == "arn" and all(parts[:3]) and (len(parts) == 6 or (len(parts) > 2 and text.endswith(ALL)))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"


# --- telling --------------------------------------------------------------------------------------------------------


def summary(policy: Policy) -> str:
    """What the policy says, in one line, for a list of keys."""
    return "; ".join(_summary(statement) for statement in policy.statements)


def _summary(statement: Statement) -> str:
    actions = ("all but " if statement.but_actions else "") + _few(statement.actions)
    resources = ("all but " if statement.but_resources else "") + _few(statement.resources)
    effect = "Deny" if statement.denies else "Allow"
    return f"{effect} {actions} on {resources}{' under conditions' if statement.conditions else ''}"


def _few(texts: Sequence[str]) -> str:
    return ", ".join(texts) if len(texts) <= 3 else f"{', '.join(texts[:2])} and {len(texts) - 2} more"
