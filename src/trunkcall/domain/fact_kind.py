"""The kinds of facts: what there is around an instance's campaigns.

Decides only their names. What each kind holds is its own class's.
"""

from __future__ import annotations

from enum import StrEnum


class FactKind(StrEnum):
    """What there is around an instance's campaigns, each kind with ids and names of its own."""

    QUEUE = "queue"
    CONTACT_FLOW = "contact_flow"
    PHONE_NUMBER = "phone_number"
    ROUTING_PROFILE = "routing_profile"
    AGENT = "agent"
    TRUNK = "trunk"
    HOURS_OF_OPERATION = "hours_of_operation"
    AGENT_STATUS = "agent_status"
    CALLING_POLICY = "calling_policy"
    DO_NOT_CALL_LIST = "do_not_call_list"
    PROMPT = "prompt"
