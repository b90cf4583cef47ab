"""What a campaign's attempts have come to so far.

Decides what is counted and when: an attempt when it begins, a live answer when it is detected, the rest when a contact
ends. Everything is a sum, so that rates over any interval are differences.
"""

from __future__ import annotations

from collections import Counter

from trunkcall.domain.contact import Disposition


class CampaignStatistics:
    """Sums of one campaign since this engine began."""

    __slots__ = ("abandoned", "answered", "attempts", "connected", "dispositions", "live_answers")

    def __init__(self) -> None:
        self.attempts = 0
        self.answered = 0
        self.live_answers = 0
        self.connected = 0
        self.abandoned = 0
        self.dispositions: Counter[Disposition] = Counter()
