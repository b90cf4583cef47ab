"""The content of a flow that came without one, in the flow language.

Decides what every contact goes through where nobody has written a flow.
"""

from __future__ import annotations

import json
from typing import Final

from trunkcall.flows.language import VERSION

DEFAULT_CONTENT: Final = json.dumps(
    {
        "Version": VERSION,
        "StartAction": "detection",
        "Metadata": {},
        "Actions": [
            {
                "Identifier": "detection",
                "Type": "CheckOutboundCallStatus",
                "Parameters": {},
                "Transitions": {
                    "NextAction": "queue",
                    "Errors": [{"NextAction": "queue", "ErrorType": "NoMatchingError"}],
                    "Conditions": [
                        {"NextAction": next_action, "Condition": {"Operator": "Equals", "Operands": [result]}}
                        for result, next_action in (
                            ("CallAnswered", "queue"),
                            ("VoicemailBeep", "end"),
                            ("VoicemailNoBeep", "end"),
                            ("NotDetected", "queue"),
                        )
                    ],
                },
            },
            {
                "Identifier": "queue",
                "Type": "TransferContactToQueue",
                "Parameters": {},
                "Transitions": {
                    "NextAction": "end",
                    "Errors": [
                        {"NextAction": "end", "ErrorType": "QueueAtCapacity"},
                        {"NextAction": "end", "ErrorType": "NoMatchingError"},
                    ],
                },
            },
            {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}},
        ],
    }
)
"""What every contact goes through where there is a queue, in the flow language: the content of a flow that came without
one."""
