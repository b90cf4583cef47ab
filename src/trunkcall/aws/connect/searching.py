"""Search criteria and tag filters of requests, as criteria of the domain.

Decides what each form of a condition means: those that stand beside one another in one criterion must all be met. It
must not know what is searched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from trunkcall.aws.errors import ApiError, validation_error
from trunkcall.aws.protocol import Json
from trunkcall.service.searching import Comparison, Criterion, Tagged, all_of, any_of, everything, nothing, tagged, text

T = TypeVar("T")
TaggedT = TypeVar("TaggedT", bound=Tagged)

Texts = Mapping[str, Callable[[T], Iterable[str]]]
"""The texts of something by the names of fields, in lower case."""

MAX_DEPTH: Final = 10
"""Criteria within criteria."""
MIN_CONTAINED, MAX_CONTAINED = 2, 25
"""Characters that can be looked for inside of a text, as documented."""

_COMPARISONS: Final = {
    "STARTS_WITH": Comparison.STARTS_WITH,
    "CONTAINS": Comparison.CONTAINS,
    "EXACT": Comparison.EXACT,
}


def criterion_of(criteria: Json | None, texts: Texts[T], depth: int = 0) -> Criterion[T]:
    """What search criteria ask for; without any, everything. Raises ValidationException for what cannot be asked."""
    if depth > MAX_DEPTH:
        raise validation_error(f"Search criteria can have {MAX_DEPTH} levels at most.")
    conditions: list[Criterion[T]] = []
    for name, value in (criteria or {}).items():
        match name:
            case "OrConditions":
                conditions.append(any_of(criterion_of(each, texts, depth + 1) for each in value))
            case "AndConditions":
                conditions.append(all_of(criterion_of(each, texts, depth + 1) for each in value))
            case "StringCondition":
                conditions.append(_string(value, texts))
            case "QueueTypeCondition":
                pass  # Every queue is of the one type that there is.
            case _:  # There are no hierarchy groups, and no proficiencies.
                conditions.append(nothing)
    return all_of(conditions)


def _string(condition: Json, texts: Texts[T]) -> Criterion[T]:
    missing = [name for name in ("FieldName", "Value", "ComparisonType") if condition.get(name) is None]
    if missing:
        raise validation_error(f"A StringCondition needs {' and '.join(missing)}.")
    field, comparison, wanted = condition["FieldName"], _COMPARISONS[condition["ComparisonType"]], condition["Value"]
    texts_of = texts.get(field.casefold())
    if texts_of is None:
        raise validation_error(f"The FieldName of a StringCondition must be one of {', '.join(texts)}.")
    if comparison is Comparison.CONTAINS and not MIN_CONTAINED <= len(wanted) <= MAX_CONTAINED:
        raise validation_error(f"CONTAINS looks for {MIN_CONTAINED} to {MAX_CONTAINED} characters.")
    return text(texts_of, comparison, wanted)


def filter_of(filters: Json | None) -> Criterion[Tagged]:
    """What a search filter lets through; without any, everything. Raises what ``criterion_of`` does, and
    AccessDeniedException for two filters at once, as documented."""
    given = filters or {}
    if "TagFilter" in given and "UserAttributeFilter" in given:
        raise ApiError("AccessDeniedException", "A SearchFilter can have a TagFilter or a UserAttributeFilter.")
    conditions: list[Criterion[Tagged]] = []
    for one in given.values():
        conditions += [_filter(name, value) for name, value in one.items()]
    return all_of(conditions)


def _filter(name: str, value: Any) -> Criterion[Tagged]:
    match name:
        case "OrConditions":
            return any_of(_and(each) for each in value)
        case "AndConditions" | "AndCondition":
            return _and(value)
        case "TagCondition":
            return _tag(value)
        case _:  # There are no hierarchy groups.
            return nothing


def _and(conditions: Any) -> Criterion[Tagged]:
    """A list of conditions on tags, or a structure that may have a hierarchy group beside it."""
    if isinstance(conditions, list):
        return all_of(map(_tag, conditions))
    group = nothing if "HierarchyGroupCondition" in conditions else everything
    return all_of((group, *map(_tag, conditions.get("TagConditions", ()))))


def _tag(condition: Json) -> Criterion[Tagged]:
    key = condition.get("TagKey")
    if key is None:
        raise validation_error("A TagCondition needs a TagKey.")
    return tagged(key, condition.get("TagValue"))
