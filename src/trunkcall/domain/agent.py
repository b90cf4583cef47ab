"""Agents, as the dialer sees them.

Decides the words for what an agent is doing. It must not know how an agent's phone works.
"""

from __future__ import annotations

from enum import StrEnum


class AgentState(StrEnum):
    """What an agent is doing.

    Whoever is MISSED did not take a contact, and the phone of whoever is in ERROR has failed: neither gets a contact
    before the next choice of a status, or before what had failed works again: the phone is back, the session is up.
    ON_BREAK is every status that is neither available nor offline. Staffed are AVAILABLE, CONNECTING, CONNECTED and
    AFTER_CONTACT_WORK; handling are the last two. Occupancy is handling time over staffed time.
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
IN_A_CALL = frozenset({AgentState.CONNECTING, AgentState.CONNECTED})
"""Those of an agent whose phone is in use, on whatever leg."""


class PhoneTrouble(StrEnum):
    """Why an agent's phone was not reached."""

    GONE = "Gone"
    """It is not registered, or answers nothing."""
    REFUSES = "Refuses"
    """It answers calls with an error, or with whom to call instead."""
    UNANSWERED = "Unanswered"
    """It rings, and nobody answers."""


class AgentStatus(StrEnum):
    """What an agent asks to be (PutUserStatus). It takes effect at once, or after the contact in progress; the latest
    choice counts. BREAK stands for every status of the instance's own."""

    AVAILABLE = "Available"
    BREAK = "Break"
    OFFLINE = "Offline"
