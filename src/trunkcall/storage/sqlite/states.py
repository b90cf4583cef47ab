"""The states that statements are guarded by, from the tables of the domain.

Decides how a file of SQL names what a table says: ``IN {before ContactQueued}`` stands for the states in which that
change is possible, ``{after ContactQueued}`` for the state that follows, ``{before pause}`` and ``{after pause}`` for
the same of campaigns, by the event, and ``{over}`` for the states in which a campaign never dials again. It must not
know the statements.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final, TypeVar

from trunkcall.domain.transitions import CAMPAIGN, CONTACT, MARKS, OVER, STEPS, CampaignEvent, Table, sources, target

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)

_AMONG: Final = re.compile(r"([\w.]+) IN \{([^{}]+)\}")
_ONE: Final = re.compile(r"\{([^{}]+)\}")


def with_states(text: str) -> str:
    """The SQL with states in place of their markers. Raises ValueError for a marker that stands for none."""
    return _ONE.sub(_one, _AMONG.sub(_among, text))


def _among(marker: re.Match[str]) -> str:
    """One comparison after the other: for a list SQLite would fill a table each time, and overlook partial indexes."""
    column, name = marker.groups()
    terms = " OR ".join(f"{column} = '{state}'" for state in _states(name))
    return f"({terms})"


def _one(marker: re.Match[str]) -> str:
    (state,) = _states(marker[1])
    return f"'{state}'"


def _states(name: str) -> Collection[StrEnum]:
    if name not in _STATES:
        raise ValueError(f"{{{name}}} stands for no states")
    return sorted(_STATES[name])


def _of(table: Table[S, E], events: Mapping[str, E]) -> dict[str, Collection[S]]:
    states: dict[str, Collection[S]] = {}
    for name, event in events.items():
        states[f"before {name}"] = sources(table, event)
        states[f"after {name}"] = [target(table, event)]
    return states


_OF_CONTACTS = _of(CONTACT, {kind.__name__: event for kind, event in STEPS.items()})
_OF_CAMPAIGNS = _of(CAMPAIGN, {event.value: event for event in CampaignEvent})
_STATES: Final[Mapping[str, Collection[StrEnum]]] = {
    **_OF_CONTACTS,
    **{f"before {kind.__name__}": states for kind, states in MARKS.items()},
    **_OF_CAMPAIGNS,
    "over": OVER,
}
