"""Agentless pacing: as many attempts as there are lines. No agent is waited for."""

from __future__ import annotations

from trunkcall.domain.instants import Instant
from trunkcall.engine.pacing.base import LearnsNothing, PacingView


class AgentlessPacer(LearnsNothing):
    """Fills the lines that the campaign's dialing capacity gives it."""

    one_to_one = False
    needs_agents = False

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """As many as there are free lines; their sharing is the engine's."""
        return view.lines_free
