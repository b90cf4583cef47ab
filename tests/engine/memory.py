"""What a store tells the next dialer when one has died. It must not know what an engine holds: a restart would be told
by whoever is to be restored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.support import Command
from trunkcall.domain.changes import (
    AttemptBegun,
    AttemptVoided,
    ContactAbandoned,
    ContactAnswered,
    ContactConnected,
    ContactConnecting,
    ContactDetected,
    ContactEnded,
    ContactQueued,
    ContactRecorded,
    ContactRequeued,
    SafeHarbourBegun,
    SessionBegun,
    SessionEnded,
)
from trunkcall.domain.contact import ContactState, LiveContact
from trunkcall.domain.leg import LiveSession
from trunkcall.engine.events import OfferedContact


class Memory:
    """What the store remembers of contacts in progress and of sessions, made from the changes that it was asked for."""

    def __init__(self) -> None:
        self.live: dict[str, LiveContact] = {}
        self.sessions: dict[str, LiveSession] = {}

    def enter(self, command: Command, accepted: Mapping[str, OfferedContact]) -> None:
        match command:
            case AttemptBegun(contact_id, campaign_id, leg_id, at, trunk_id):
                offered = accepted[contact_id]
                self.live[contact_id] = LiveContact(
                    contact_id,
                    campaign_id,
                    offered.sequence,
                    offered.expires_at,
                    ContactState.DIALING,
                    leg_id,
                    at,
                    trunk_id=trunk_id,
                )
            case ContactAnswered(contact_id, at, rang_at):
                self._put(contact_id, state=ContactState.ANSWERED, answered_at=at, ring_started_at=rang_at)
            case ContactDetected(contact_id, _, detection, _, ended_at):
                self._put(contact_id, state=ContactState.IN_FLOW, detection=detection, greeting_ended_at=ended_at)
            case ContactQueued(contact_id, queue_id, at):
                self._put(contact_id, state=ContactState.QUEUED, queued_at=at, queue_id=queue_id)
            case ContactConnecting(contact_id, agent_id, leg_id):
                self._put(contact_id, state=ContactState.CONNECTING, agent_id=agent_id, agent_leg_id=leg_id)
            case ContactRequeued(contact_id):
                self._put(contact_id, state=ContactState.QUEUED, agent_id=None, agent_leg_id=None)
            case ContactConnected(contact_id):
                self._put(contact_id, state=ContactState.CONNECTED)
            case ContactAbandoned(contact_id):
                self._put(contact_id, abandoned=True)
            case ContactRecorded(contact_id, recordings):
                self._put(contact_id, recordings=recordings)
            case SafeHarbourBegun(contact_id, at):
                self._put(contact_id, state=ContactState.SAFE_HARBOUR, safe_harbour_at=at)
            case ContactEnded(contact_id) | AttemptVoided(contact_id):
                del self.live[contact_id]
            case SessionBegun(agent_id, leg_id, host):
                assert agent_id not in self.sessions, "an agent has two sessions"
                self.sessions[agent_id] = LiveSession(agent_id, leg_id, host)
            case SessionEnded(agent_id, leg_id):
                assert self.sessions.pop(agent_id).leg_id == leg_id
            case _:
                pass

    def forget_trunks(self) -> None:
        """It is from a time at which no trunk was noted."""
        self.live = {k: replace(contact, trunk_id=None) for k, contact in self.live.items()}

    def _put(self, contact_id: str, **values: Any) -> None:
        self.live[contact_id] = replace(self.live[contact_id], **values)
