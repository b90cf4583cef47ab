"""A flow with a branch for everybody who answers: machines are left a message, people press a key or none."""

from __future__ import annotations

from flows.support import action, flow, notes

MACHINE, MENU, AGENT, NOTE, BYE = "machine", "menu", "agent", "note", "bye"
LEFT = "This is Riverside practice. Please call us back."
ASKS = "Press 1 or 2."
THANKS = "Thank you."
GOODBYE = "Goodbye."
MENU_S = 3


def branches(*, menu_s: int = MENU_S, left: str = LEFT, asks: str = ASKS) -> str:
    """1 leads to an agent, 2 to a note in the record; any other key, and none, to a good-bye."""
    machine = dict.fromkeys(("VoicemailBeep", "VoicemailNoBeep"), MACHINE)
    return flow(
        action(
            "status",
            "CheckOutboundCallStatus",
            then=MENU,
            errors={"NoMatchingError": MENU},
            when={"CallAnswered": MENU, **machine, "NotDetected": MENU},
        ),
        action(MACHINE, "MessageParticipant", {"Text": left}, then="end", errors={"NoMatchingError": "end"}),
        action(
            MENU,
            "GetParticipantInput",
            {"Text": asks, "InputTimeLimitSeconds": str(menu_s), "StoreInput": "False"},
            then=BYE,
            errors=dict.fromkeys(("InputTimeLimitExceeded", "NoMatchingCondition", "NoMatchingError"), BYE),
            when={"1": AGENT, "2": NOTE},
        ),
        action(
            AGENT,
            "TransferContactToQueue",
            then="end",
            errors={"QueueAtCapacity": "end", "NoMatchingError": "end"},
        ),
        notes(NOTE, "wish", "written", then="thanks"),
        action("thanks", "MessageParticipant", {"Text": THANKS}, then="end", errors={"NoMatchingError": "end"}),
        action(BYE, "MessageParticipant", {"Text": GOODBYE}, then="end", errors={"NoMatchingError": "end"}),
    )
