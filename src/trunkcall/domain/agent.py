"""Agents, as the dialer sees them.

Decides the words for what an agent is doing. It must not know how an agent's phone works.
"""

from __future__ import annotations

from enum import StrEnum


class AgentState(StrEnum):
    """What an agent is doing.

    Staffed is every state but OFFLINE and ON_BREAK; handling is CONNECTED and AFTER_CONTACT_WORK. Occupancy is handling
    time over staffed time.
    """

    OFFLINE = "Offline"
    AVAILABLE = "Available"
    ON_BREAK = "OnBreak"
    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    AFTER_CONTACT_WORK = "AfterContactWork"


STAFFED_STATES = frozenset(
    {AgentState.AVAILABLE, AgentState.CONNECTING, AgentState.CONNECTED, AgentState.AFTER_CONTACT_WORK}
)
HANDLING_STATES = frozenset({AgentState.CONNECTED, AgentState.AFTER_CONTACT_WORK})


class AgentStatus(StrEnum):
    """What an agent asks to be (PutUserStatus). It takes effect at once, or after the contact in progress."""

    AVAILABLE = "Available"
    BREAK = "Break"
    OFFLINE = "Offline"
