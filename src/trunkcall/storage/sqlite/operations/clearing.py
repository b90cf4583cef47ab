"""What the clearances of attempts meet in the transaction that begins them.

Decides whether an attempt may begin by what calling limits have counted, and what is counted of it. It must not know
contacts, nor how long a limit holds back (``domain.calling_limits``).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from trunkcall.domain.calling_limits import DayCount, cost, counted_back, held_by
from trunkcall.domain.changes import Refusal
from trunkcall.domain.clearance import Clearance, DayLimit, Hold, Prohibition
from trunkcall.domain.do_not_call import last_edit
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import DAY, Instant
from trunkcall.storage.sqlite.clearances import KeptClearance, kept_of_attempt
from trunkcall.storage.sqlite.members import flag, members_of
from trunkcall.storage.sqlite.operations.do_not_call import listed, lists_of
from trunkcall.storage.sqlite.rows import to_json
from trunkcall.storage.sqlite.transaction import WriteTransaction

Verdict: TypeAlias = Refusal | Hold | Prohibition
"""Why an attempt may not begin: its contact waits on as it is, is held, or ends."""


class Clearing:
    """Looks at the attempts of one commit, the first of which begins at ``first_at``. What they need is read once."""

    def __init__(
        self,
        transaction: WriteTransaction,
        instance_id: str,
        clearances: Mapping[str, Clearance],
        first_at: Instant,
    ) -> None:
        self._transaction = transaction
        self._instance_id = instance_id
        self._clearances = clearances
        self._first_at = first_at
        self._may_originate: bool | None = None
        self._version: int | None = None
        self._last_list_edit: int | None = None
        self._on_lists: frozenset[tuple[int, int]] | None = None
        """Of the numbers of this commit, on which lists they are: list numbers and number keys."""
        self._made: dict[int, list[Instant]] | None = None
        """Attempts to the numbers of this commit, by their keys, in the order of time."""
        self._begun: dict[int, Mapping[str, int]] = {}
        """Attempts of this commit that are not written yet, by the sequences of their contacts."""

    def verdict(self, clearance: Clearance | None, campaign_version: int, at: Instant) -> Verdict | None:
        """Why an attempt may not begin for a campaign of this version; None if it may. Without a clearance that is for
        halts to say."""
        if not self._originates():
            return Refusal.HALTED
        if clearance is None:
            return None
        if clearance.policy_version != self._policy_version():
            return Refusal.POLICY_CHANGED
        if clearance.campaign_version not in (None, campaign_version):
            return Refusal.POLICY_CHANGED
        if clearance.last_list_edit is not None and clearance.last_list_edit != self._last_edit():
            return Refusal.POLICY_CHANGED
        if self._listed(clearance):
            return Prohibition.DO_NOT_CALL
        return clearance.forbidden or held_by(clearance, at, self._attempts(clearance, at), self._count)

    def begun(self, sequence: int, campaign_key: int, kept: KeptClearance, at: Instant) -> None:
        """Count an attempt."""
        if kept.number_key is not None:
            self._begun[sequence] = {
                "number_key": kept.number_key,
                "at": at,
                "sequence": sequence,
                "campaign_key": campaign_key,
            }
            if self._made is not None:
                insort(self._made.setdefault(kept.number_key, []), at)
        self._charge(kept, 1, kept.spend)

    def made(self, clearance: Clearance) -> None:
        """Count a call to somebody who is not dialed for a campaign, such as an agent."""
        self._charge(kept_of_attempt(clearance), 1, clearance.spend)

    def voided(self, sequence: int, kept: KeptClearance, at: Instant | None) -> None:
        """Take back what was counted of an attempt at this instant."""
        if self._begun.pop(sequence, None) is None:
            self._transaction.execute("number_not_attempted", number_key=kept.number_key, at=at, sequence=sequence)
        # It is read again when it is needed.
        self._made = None
        self._charge(kept, -1, -kept.spend)

    def ended(self, kept: KeptClearance, answered_at: Instant | None, at: Instant) -> int:
        """Charge what the call has cost in place of what was reserved; how much that is."""
        spent = cost(kept.per_minute, answered_at, at)
        for day in kept.spend_days:
            self._transaction.days.add(self._instance_id, day, 0, spent - kept.spend)
        return spent

    def done(self) -> None:
        """Write the attempts."""
        if self._begun:
            self._transaction.insert("number_attempted", list(self._begun.values()))
            self._begun.clear()

    def _charge(self, kept: KeptClearance, attempts: int, spend: int) -> None:
        days = self._transaction.days
        for day in kept.days:
            days.add(self._instance_id, day, attempts, 0)
        for day in kept.spend_days:
            days.add(self._instance_id, day, attempts, spend)

    def _originates(self) -> bool:
        if self._may_originate is None:
            row = self._transaction.row("instance_halt", instance_id=self._instance_id)
            self._may_originate = (
                row is not None
                and row.halted_at is None
                and flag(members_of(row.document), "outbound_calls", default=True)
            )
        return self._may_originate

    def _policy_version(self) -> int:
        """The number of the policy that was set last; 0 is none."""
        if self._version is None:
            kind = FactKind.CALLING_POLICY.value
            self._version = self._transaction.number("last_policy", instance_id=self._instance_id, kind=kind)
        return self._version

    def _last_edit(self) -> int:
        """As of which change of do-not-call lists it is known whom they bind; 0: there are none."""
        if self._last_list_edit is None:
            self._last_list_edit = last_edit(lists_of(self._transaction, self._instance_id))
        return self._last_list_edit

    def _listed(self, clearance: Clearance) -> bool:
        """Whether the number is on one of the do-not-call lists that bind."""
        if not clearance.lists:
            return False
        if self._on_lists is None:
            every = self._clearances.values()
            lists = {each for one in every for each in one.lists}
            self._on_lists = listed(self._transaction, self._instance_id, lists, {one.number_key for one in every})
        return any((each, clearance.number_key) in self._on_lists for each in clearance.lists)

    def _attempts(self, clearance: Clearance, at: Instant) -> Sequence[Instant]:
        before, most = counted_back(clearance)
        if not most:
            return ()
        if self._made is None:
            self._made = self._read()
        made = self._made.get(clearance.number_key, ())
        return [made_at for made_at in reversed(made) if made_at > at - before][:most]

    def _read(self) -> dict[int, list[Instant]]:
        self.done()
        limited = [each for each in self._clearances.values() if each.number_limits or each.number_gap]
        before = max(counted_back(clearance)[0] for clearance in limited)
        rows = self._transaction.rows(
            "attempts_to_numbers",
            instance_id=self._instance_id,
            number_keys=to_json(list({clearance.number_key for clearance in limited})),
            after=self._first_at - before,
        )
        made: dict[int, list[Instant]] = {}
        for row in rows:
            # One that may have been made at any time was made just before.
            made.setdefault(row.number_key, []).append(row.at if type(row.at) is int else self._first_at)
        for attempts in made.values():
            attempts.sort()
        return made

    def _count(self, limit: DayLimit) -> DayCount:
        return self._transaction.days.count(self._instance_id, limit)


def forget_numbers(transaction: WriteTransaction, number_keys: Sequence[int]) -> int:
    """Leave nothing by which attempts to these numbers could be known; how many there were."""
    return transaction.execute("forget_attempts", number_keys=to_json(number_keys)) if number_keys else 0


def purge_counts(
    transaction: WriteTransaction, instance_id: str, before: Instant, after: tuple[Any, ...], limit: int
) -> tuple[Any, ...]:
    """Of the next ``limit`` attempts after this one forget those that the instance made before the instant, and days
    that were over long before; the last of those attempts, or an empty tuple when there are no more."""
    number_key, at, sequence = after or (-(1 << 63), -(1 << 63), 0)
    rows = transaction.rows(
        "attempts_after", instance_id=instance_id, number_key=number_key, at=at, sequence=sequence, limit=limit
    )
    for row in rows:
        # One that may have been made at any time counts for good.
        if row.of_instance and type(row.at) is int and row.at < before:
            transaction.execute("number_not_attempted", number_key=row.number_key, at=row.at, sequence=row.sequence)
    transaction.execute("purge_days", instance_id=instance_id, before=before - 2 * DAY)
    return (rows[-1].number_key, rows[-1].at, rows[-1].sequence) if len(rows) == limit else ()
