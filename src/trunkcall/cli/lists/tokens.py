"""Client tokens of a list: who is the same person.

Decides that a list which is corrected, re-sorted or loaded twice asks for nobody twice: a token is made from the
campaign and the number, never from a line or an attribute. Campaign and number go through a digest, so that tokens in
records and logs show no number; whoever has the campaign's id can still find a number by trying them all, which is why
`trunkcall forget` and retention erase these tokens too.
"""

from __future__ import annotations

import re
from hashlib import blake2b

NUMBER_TOKEN = "number-"  # noqa: S105 - how tokens made from numbers begin
"""The store erases tokens of this form, 32 hexadecimal digits behind it, with their numbers."""

OWN_TOKEN = re.compile(r"[a-zA-Z0-9_.-]{1,200}").fullmatch
"""What the service model allows, without the empty one."""


class Tokens:
    """Makes the tokens of one campaign."""

    def __init__(self, campaign_id: str) -> None:
        self._key = blake2b(campaign_id.lower().encode()).digest()

    def of_number(self, phone_number: str, occurrence: int = 1) -> str:
        """The token of a number in E.164; of its second row, third row, … where each shall be dialed."""
        text = phone_number if occurrence == 1 else f"{phone_number}#{occurrence}"
        return NUMBER_TOKEN + blake2b(text.encode(), key=self._key, digest_size=16).hexdigest()

    def of_retry(self, contact_id: str) -> str:
        """The token under which a contact is tried again, in whichever campaign."""
        return "retry-" + blake2b(contact_id.encode(), digest_size=16).hexdigest()


def fingerprint(text: str) -> int:
    """Eight bytes that stand for a text in memory: two of a million are alike with a chance of 1 in 37 million."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
