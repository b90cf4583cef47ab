"""What one process has done so far, for metrics. Sums only.

Decides what is counted: what the store has confirmed, never what was merely intended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from trunkcall.domain.changes import (
    AttemptBegun,
    AttemptVoided,
    Change,
    ContactEnded,
    ContactExpired,
    ContactForbidden,
    ContactHeld,
    FlowProgressed,
)
from trunkcall.domain.clearance import HoldReason, Prohibition
from trunkcall.domain.contact import Disposition, forbidden_as
from trunkcall.domain.flow import Taken
from trunkcall.domain.leg import LegDifference
from trunkcall.flows.language import ERRORS
from trunkcall.service.history import AttemptHistory
from trunkcall.storage.ports.ownership import CommitResult

FORGOTTEN = "forgotten"
"""Stands for all campaigns that were let go of."""


def left_by(taken: Taken) -> str:
    """How an action was left, in one of few words: ``next``, ``condition``, ``end``, or the name of an error."""
    match taken.branch:
        case None:
            return "end"
        case "":
            return "next"
        case error if error in ERRORS:
            return error
        case _:
            return "condition"


@dataclass(slots=True)
class SubmittedTotals:
    """What the calling gate made of dial requests as they were submitted, by instance and why."""

    held: Counter[tuple[str, HoldReason]] = field(default_factory=Counter)
    """Accepted, to wait."""
    forbidden: Counter[tuple[str, Prohibition]] = field(default_factory=Counter)

    def taken(self) -> SubmittedTotals:
        """The sums as they are now, for another thread to read."""
        return SubmittedTotals(self.held.copy(), self.forbidden.copy())


@dataclass(slots=True)
class DialerTotals:
    """Sums of one dialer; of attempts and contacts by campaign id."""

    attempts: Counter[str] = field(default_factory=Counter)
    voided: Counter[str] = field(default_factory=Counter)
    """Of those attempts the ones that never left. No sum is taken back: who watches it would think it began anew."""
    ended: Counter[tuple[str, Disposition]] = field(default_factory=Counter)
    history: AttemptHistory = field(default_factory=AttemptHistory)
    held: Counter[HoldReason] = field(default_factory=Counter)
    """How often the calling gate held a contact back that was to be dialed. One contact may be held often."""
    forbidden: Counter[Prohibition] = field(default_factory=Counter)
    """Contacts that it ended."""
    differences: Counter[LegDifference] = field(default_factory=Counter)
    """Legs that the carrier had otherwise than the engine, and that were settled."""
    flow_actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Actions of flows that contacts have been through, by type and by how each was left."""
    commits: int = 0
    changes: int = 0

    def taken(self) -> DialerTotals:
        """The sums as they are now, for another thread to read."""
        sums: dict[str, Any] = {
            each.name: sum_.copy() for each in fields(self) if isinstance(sum_ := getattr(self, each.name), Counter)
        }
        return replace(self, **sums)

    def forget(self, campaign_id: str) -> None:
        """Let go of a campaign; what was counted for it stays in the sums, as that of FORGOTTEN."""
        self.attempts[FORGOTTEN] += self.attempts.pop(campaign_id, 0)
        self.voided[FORGOTTEN] += self.voided.pop(campaign_id, 0)
        for disposition in Disposition:
            if number := self.ended.pop((campaign_id, disposition), 0):
                self.ended[FORGOTTEN, disposition] += number

    def count(self, changes: Sequence[Change], result: CommitResult) -> None:
        """Enter what a commit has made durable."""
        self.commits += 1
        self.changes += len(changes)
        for change in changes:
            match change:
                case AttemptBegun() if change.contact_id not in result.refused:
                    self.attempts[change.campaign_id] += 1
                    self.history.count(change.campaign_id, change.at)
                case AttemptVoided() | ContactEnded() if change.contact_id in result.left_out:
                    pass
                case AttemptVoided():
                    self.voided[change.campaign_id] += 1
                    self.history.count(change.campaign_id, change.at, -1)
                case ContactEnded():
                    self.ended[change.campaign_id, change.disposition] += 1
                case ContactExpired() if change.contact_id not in result.not_waiting:
                    self.ended[change.campaign_id, Disposition.EXPIRED] += 1
                case ContactHeld() if change.contact_id not in result.not_waiting:
                    self.held[change.hold.reason] += 1
                case ContactForbidden() if change.contact_id not in result.not_waiting:
                    self.forbidden[change.prohibition] += 1
                    self.ended[change.campaign_id, forbidden_as(change.prohibition)] += 1
                case AttemptBegun():
                    self._count_verdict(result.verdicts.get(change.contact_id))
                    disposition = result.refused[change.contact_id].disposition
                    if disposition is not None:
                        self.ended[change.campaign_id, disposition] += 1
                case FlowProgressed() if change.contact_id not in result.left_out:
                    for taken in change.taken:
                        self.flow_actions[taken.action, left_by(taken)] += 1
                case _:
                    pass

    def _count_verdict(self, verdict: HoldReason | Prohibition | None) -> None:
        match verdict:
            case HoldReason():
                self.held[verdict] += 1
            case Prohibition():
                self.forbidden[verdict] += 1
            case None:
                pass

    def count_swept(self, campaign_id: str, number: int) -> None:
        """Enter waiting contacts that the store ended by its sweep."""
        self.ended[campaign_id, Disposition.EXPIRED] += number
