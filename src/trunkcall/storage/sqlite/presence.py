"""Statuses that agents have chosen, in an SQLite file (``ports.presence``)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from trunkcall.domain.instants import Instant, is_instant
from trunkcall.storage.ports.presence import ChosenStatus
from trunkcall.storage.sqlite.database import Part
from trunkcall.storage.sqlite.transaction import WriteTransaction


class SQLitePresence(Part):
    """One row for each agent who has chosen something."""

    async def put_presence(self, instance_id: str, agent_id: str, status_id: str, *, at: Instant) -> None:
        """Note what the agent has chosen."""
        await self._database.write(partial(_put_presence, chosen=ChosenStatus(agent_id, status_id, at), of=instance_id))

    async def presences(self, instance_id: str) -> Sequence[ChosenStatus]:
        """What was noted of each agent."""
        return [
            ChosenStatus(row.agent_id, row.status_id, row.chosen_at)
            for row in self._database.rows("presences", instance_id=instance_id)
            if type(row.agent_id) is str and type(row.status_id) is str and is_instant(row.chosen_at)
        ]


def _put_presence(transaction: WriteTransaction, chosen: ChosenStatus, of: str) -> None:
    transaction.require_instance(of)
    transaction.execute(
        "put_presence",
        instance_id=of,
        agent_id=chosen.agent_id,
        status_id=chosen.status_id,
        chosen_at=chosen.chosen_at,
    )
