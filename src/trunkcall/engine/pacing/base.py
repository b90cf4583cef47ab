"""The contract between the engine and a pacing method.

Decides what a pacer may look at and what it answers. The engine holds every limit (agents reserved, lines, attempts per
second, the ledger); a pacer only says how many attempts it would like.
"""

from __future__ import annotations

from typing import Protocol

from trunkcall.domain.instants import Instant


class PacingView(Protocol):
    """One campaign as its pacer sees it, at the instant of asking."""

    @property
    def free_agents(self) -> int:
        """Agents of the campaign's queue who are available and not reserved for a contact that is being dialed."""

    @property
    def lines_in_flight(self) -> int:
        """Attempts of the campaign that no agent has taken and that have not ended."""

    @property
    def lines_free(self) -> int:
        """Lines of the instance that nobody holds."""


class Pacer(Protocol):
    """A pacing method. One object serves one campaign and may keep state between questions."""

    one_to_one: bool
    """Whether each attempt reserves an agent for as long as it is in flight, so that every live answer meets one."""

    needs_agents: bool
    """Whether live answers go to agents at all."""

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """How many more attempts to begin now, 0 or more."""
