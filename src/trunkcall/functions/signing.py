"""How a request to a function is signed, as Standard Webhooks has it (https://www.standardwebhooks.com), version 1.

Decides the three headers and what a secret is. It must not know what is signed.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence


def signed(message_id: str, at_s: int, body: bytes, keys: Sequence[bytes]) -> Mapping[str, str]:
    """The headers of a body that is sent at this time, in seconds since the epoch, with a signature by each key. A
    message that is sent again keeps its id."""
    content = f"{message_id}.{at_s}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }
