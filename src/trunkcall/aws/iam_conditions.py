"""Conditions of IAM policy statements: what a Condition block means and whether it holds.

Decides operators, condition keys and what a missing key counts for, as the IAM user guide has them; and how wildcards
match. It must not know which statement a condition belongs to, nor where tags come from.

Choices, where IAM leaves them open or Trunkcall has nothing to compare with:
- A key or an operator that is not known here is refused rather than ignored: a Deny that never applies is no Deny.
- ``aws:TagKeys`` holds several values, so it needs ForAllValues: or ForAnyValue:, except with Null.
- ``ForAnyValue:`` of a key that is missing is false, with IfExists as well. An empty text is a value like any other.
- A tag key of a condition finds a tag of exactly that key, else one that differs in case alone (of several the first in
  their order): IAM takes both for the same key and promises nothing for a resource that has both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, TypeAlias, assert_never

from trunkcall.domain.errors import TrunkcallError

Matches: TypeAlias = Callable[[str], bool]
"""Whether a text is one of those that a policy means."""


class InvalidPolicyError(TrunkcallError):
    """This is not an IAM policy document that Trunkcall understands."""


class Source(Enum):
    """Where the values of a condition key come from."""

    REQUEST_TAG = auto()
    RESOURCE_TAG = auto()
    TAG_KEYS = auto()
    INSTANCE = auto()


class Quantifier(Enum):
    """How many of a key's values must compare well."""

    ONE = auto()
    """The key has one value at most."""
    ALL = auto()
    ANY = auto()


@dataclass(frozen=True, slots=True)
class ConditionContext:
    """What conditions are about: the tags that a request brings, those of its resource, the keys that it names, and the
    id of its instance; None where it names no instance."""

    request_tags: Mapping[str, str]
    resource_tags: Mapping[str, str]
    tag_keys: Sequence[str]
    instance_id: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """One key of one operator. ``matches`` tells whether a value is one of the policy's; ``negated`` asks that none of
    them is."""

    source: Source
    tag_key: str
    quantifier: Quantifier
    negated: bool
    if_exists: bool
    matches: Matches

    def holds(self, context: ConditionContext) -> bool:
        """Whether the condition is true of this request."""
        values = _values(self.source, self.tag_key, context)
        match self.quantifier:
            case Quantifier.ONE:
                if not values:
                    return self.negated or self.if_exists
                return self.matches(values[0]) is not self.negated
            case Quantifier.ALL:
                return all(self.matches(value) is not self.negated for value in values)
            case Quantifier.ANY:
                return any(self.matches(value) is not self.negated for value in values)
            case other:
                assert_never(other)


@dataclass(frozen=True, slots=True, eq=False)
class NullCondition:
    """Whether a key is missing; ``missing`` holds the answers that are right."""

    source: Source
    tag_key: str
    missing: frozenset[bool]

    def holds(self, context: ConditionContext) -> bool:
        """Whether the condition is true of this request."""
        return (not _values(self.source, self.tag_key, context)) in self.missing


AnyCondition: TypeAlias = Condition | NullCondition


def _values(source: Source, tag_key: str, context: ConditionContext) -> Sequence[str]:
    """The values of a condition key, none if it is missing."""
    match source:
        case Source.TAG_KEYS:
            return context.tag_keys
        case Source.INSTANCE:
            return () if context.instance_id is None else (context.instance_id,)
        case Source.REQUEST_TAG:
            found = context.request_tags
        case Source.RESOURCE_TAG:
            found = context.resource_tags
        case other:
            assert_never(other)
    value = found.get(tag_key)
    if value is None:
        folded = tag_key.lower()
        spelled = min((key for key in found if key.lower() == folded), default=None)
        value = None if spelled is None else found[spelled]
    return () if value is None else (value,)


# --- wildcards ------------------------------------------------------------------------------------------------------


def wildcard(pattern: str) -> Matches:
    """Whether a text matches from end to end: ``*`` is any number of characters, ``?`` is one.

    Takes time proportional to the text and the pattern, whatever they are.
    """
    if "?" not in pattern:
        if "*" not in pattern:
            return frozenset((pattern,)).__contains__
        if pattern.strip("*") == "":
            return _anything
    first, *others = pattern.split("*")
    if not others:
        return _compiled(_literal(first))
    *middle, last = others
    # Each part but the last matches where it first can, for good: no choice is left to come back to.
    parts = "".join(f"(?>.*?{_literal(part)})" for part in middle if part)
    return _compiled(f"{_literal(first)}{parts}.*{_literal(last)}")


def _anything(text: str) -> bool:
    return True


def _literal(part: str) -> str:
    return "".join("." if character == "?" else re.escape(character) for character in part)


def _compiled(pattern: str) -> Matches:
    fullmatch = re.compile(pattern, re.DOTALL).fullmatch
    return lambda text: fullmatch(text) is not None


def any_of(matchers: Sequence[Matches]) -> Matches:
    """Whether a text is meant by one of them at least."""
    if len(matchers) == 1:
        return matchers[0]
    return lambda text: any(matches(text) for matches in matchers)


# --- reading --------------------------------------------------------------------------------------------------------


def _equals(values: Sequence[str]) -> Matches:
    return frozenset(values).__contains__


def _equals_ignoring_case(values: Sequence[str]) -> Matches:
    folded = frozenset(value.casefold() for value in values)
    return lambda text: text.casefold() in folded


def _like(values: Sequence[str]) -> Matches:
    return any_of([wildcard(value) for value in values])


_OPERATORS: Mapping[str, tuple[Callable[[Sequence[str]], Matches], bool]] = MappingProxyType(
    {
        "StringEquals": (_equals, False),
        "StringNotEquals": (_equals, True),
        "StringEqualsIgnoreCase": (_equals_ignoring_case, False),
        "StringNotEqualsIgnoreCase": (_equals_ignoring_case, True),
        "StringLike": (_like, False),
        "StringNotLike": (_like, True),
    }
)
"""What makes the comparison, and whether it is negated, by operator."""

_QUANTIFIERS: Mapping[str, Quantifier] = MappingProxyType(
    {"ForAllValues": Quantifier.ALL, "ForAnyValue": Quantifier.ANY}
)
_WHOLE_KEYS = {"aws:tagkeys": Source.TAG_KEYS, "connect:instanceid": Source.INSTANCE}
_TAG_SOURCES = (("aws:requesttag/", Source.REQUEST_TAG), ("aws:resourcetag/", Source.RESOURCE_TAG))
_IF_EXISTS = "IfExists"
_NULL = "Null"
_KNOWN_OPERATORS = (
    f"{', '.join(_OPERATORS)}, each also with ForAllValues: or ForAnyValue: before it and {_IF_EXISTS} after it, "
    f"and {_NULL}"
)
_KNOWN_KEYS = "aws:RequestTag/KEY, aws:ResourceTag/KEY, aws:TagKeys and connect:InstanceId"


def parse_conditions(block: Any, where: str) -> tuple[AnyCondition, ...]:
    """The conditions of a block, all of which must hold. ``where`` names the block's place in the document.

    Raises InvalidPolicyError.
    """
    conditions = []
    for operator, keys in members(block, where).items():
        place = f"{where}.{operator}"
        make = _operator(operator, where)
        pairs = members(keys, place)
        if not pairs:
            raise InvalidPolicyError(f"{place} compares nothing. Name a condition key: {_KNOWN_KEYS}.")
        conditions += [make(key, value, f"{place}.{key}") for key, value in pairs.items()]
    return tuple(conditions)


def _operator(operator: str, where: str) -> Callable[[str, Any, str], AnyCondition]:
    if operator == _NULL:
        return _null
    prefix, colon, rest = operator.rpartition(":")
    quantifier = _QUANTIFIERS.get(prefix) if colon else Quantifier.ONE
    if_exists = rest.endswith(_IF_EXISTS)
    known = _OPERATORS.get(rest.removesuffix(_IF_EXISTS))
    if quantifier is None or known is None:
        raise InvalidPolicyError(
            f"{where} has the operator {operator}, which Trunkcall does not know. It knows {_KNOWN_OPERATORS}."
        )
    compare, negated = known

    def make(key: str, value: Any, where: str) -> AnyCondition:
        source, tag_key = _key(key, where)
        if source is Source.TAG_KEYS and quantifier is Quantifier.ONE:
            raise InvalidPolicyError(
                f"{where}: aws:TagKeys has several values, so say which must compare: "
                f"ForAllValues:{operator} or ForAnyValue:{operator}."
            )
        return Condition(source, tag_key, quantifier, negated, if_exists, compare(texts(value, where)))

    return make


def _null(key: str, value: Any, where: str) -> AnyCondition:
    source, tag_key = _key(key, where)
    answers = value if isinstance(value, list) else [value]
    missing = frozenset({"true": True, "false": False}.get(str(answer).lower()) for answer in answers)
    if not answers or None in missing:
        raise InvalidPolicyError(f'{where} must be "true" (the key is missing) or "false" (it is there).')
    return NullCondition(source, tag_key, frozenset(answer for answer in missing if answer is not None))


def _key(key: str, where: str) -> tuple[Source, str]:
    refuse_variables(key, where)
    folded = key.lower()
    if (whole := _WHOLE_KEYS.get(folded)) is not None:
        return whole, ""
    for prefix, source in _TAG_SOURCES:
        if folded.startswith(prefix) and len(folded) > len(prefix):
            return source, key[len(prefix) :]
    raise InvalidPolicyError(f"{where} is no condition key that Trunkcall knows. It knows {_KNOWN_KEYS}.")


# --- what all parts of a document have in common --------------------------------------------------------------------


def members(value: Any, where: str) -> Mapping[str, Any]:
    """The value, if it is a JSON object. Raises InvalidPolicyError."""
    if not isinstance(value, dict):
        raise InvalidPolicyError(f"{where} must be a JSON object.")
    return value


def texts(value: Any, where: str) -> list[str]:
    """The texts of a string or of a list of strings that is not empty, without policy variables.

    Raises InvalidPolicyError.
    """
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(text, str) for text in values):
        raise InvalidPolicyError(f"{where} must be a string or a list of strings, one at least.")
    for text in values:
        refuse_variables(text, where)
    return values


def refuse_variables(text: str, where: str) -> None:
    """Raises InvalidPolicyError for a text with a policy variable."""
    if "${" in text:
        raise InvalidPolicyError(
            f"{where} has a policy variable, {text}. Trunkcall does not replace variables; write what is meant."
        )
