"""Progressive pacing: one attempt for each free agent.

It cannot cause an abandonment by itself; one happens only when a reserved agent leaves while the dial rings.
"""

from __future__ import annotations

from trunkcall.domain.instants import Instant
from trunkcall.engine.pacing.base import LearnsNothing, PacingView


class ProgressivePacer(LearnsNothing):
    """One attempt for each agent who is free and not yet dialed for."""

    one_to_one = True
    needs_agents = True

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """As many as there are free agents."""
        return view.free_agents
