"""Agents, as the dialer sees them.

Decides the words for what an agent is doing. It must not know how an agent's phone works.
"""

from __future__ import annotations

from enum import StrEnum


class AgentState(StrEnum):
    """What an agent is doing.

    Whoever is MISSED did not take a contact, and the phone of whoever is in ERROR has failed: neither gets a contact
    before the next choice of a status, or before the session is up again that had failed. ON_BREAK is every status that
    is neither available nor offline. Staffed are AVAILABLE, CONNECTING, CONNECTED and AFTER_CONTACT_WORK; handling are
    the last two. Occupancy is handling time over staffed time.
    """

    OFFLINE = "Offline"
    AVAILABLE = "Available"
    ON_BREAK = "OnBreak"
    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    AFTER_CONTACT_WORK = "AfterContactWork"
    MISSED = "Missed"
    ERROR = "Error"


STAFFED_STATES = frozenset(
    {AgentState.AVAILABLE, AgentState.CONNECTING, AgentState.CONNECTED, AgentState.AFTER_CONTACT_WORK}
)
HANDLING_STATES = frozenset({AgentState.CONNECTED, AgentState.AFTER_CONTACT_WORK})


class AgentStatus(StrEnum):
    """What an agent asks to be (PutUserStatus). It takes effect at once, or after the contact in progress; the latest
    choice counts. BREAK stands for every status of the instance's own."""

    AVAILABLE = "Available"
    BREAK = "Break"
    OFFLINE = "Offline"
