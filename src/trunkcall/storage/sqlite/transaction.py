"""What one write transaction knows and has yet to write: campaigns' heads and the counters of their contacts.

Decides how counters stay right and cheap: read once, changed in memory, written once before the commit. It must not
know threads, nor when the transaction begins and ends.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from trunkcall.domain.campaign import CampaignState, takes_requests
from trunkcall.domain.contact import Damage, Disposition
from trunkcall.domain.errors import NotFoundError, StoreDamagedError
from trunkcall.storage.sqlite.day_counts import DayCounts
from trunkcall.storage.sqlite.known_directory import KnownDirectory
from trunkcall.storage.sqlite.rows import campaign_state, whole
from trunkcall.storage.sqlite.statements import QUERIES, Row, fetch_all, insert

T = TypeVar("T")


class NotTogetherError(Exception):
    """Operations that were carried out together turn out to need a look at each. The transaction is done over."""


class Together(ABC, Generic[T]):
    """An operation that can be carried out together with others of its class for less than one after the other."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, transaction: WriteTransaction) -> T:
        """Carry this one out."""

    @staticmethod
    @abstractmethod
    def together(transaction: WriteTransaction, operations: Sequence[Any], /) -> Sequence[T] | None:
        """Carry all of these out, which are of the one class; what each has come to. None, and nothing done, if one
        of them needs a look by itself. Raises NotTogetherError if that turns out when something was done."""


@dataclass(slots=True)
class CampaignHead:
    """A campaign as a write transaction needs it. ``waiting`` includes what this transaction has done so far."""

    key: int
    campaign_id: str
    instance_id: str
    state: CampaignState
    deleted: bool
    version: int
    waiting: int

    @property
    def takes_requests(self) -> bool:
        return takes_requests(self.state, deleted=self.deleted)


@dataclass(slots=True)
class _Counts:
    accepted: int = 0
    waiting: int = 0
    dispositions: dict[Disposition, int] = field(default_factory=dict)


class WriteTransaction:
    """The connection inside BEGIN … COMMIT, with the counters of the operations run so far.

    An operation changes rows first and counters after: one that raises before its first change has changed nothing.
    """

    __slots__ = (
        "_connection",
        "_counts",
        "_fact_version",
        "_heads",
        "_instances",
        "_next_sequence",
        "_version",
        "days",
        "directories",
        "indexes_are_made_anew",
    )

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.indexes_are_made_anew = False
        """Whether the indexes of contacts are about to be made anew, so that they may be elsewhere than the rows."""
        self._heads: dict[str, CampaignHead] = {}
        self._counts: defaultdict[int, _Counts] = defaultdict(_Counts)
        self._next_sequence: int | None = None
        self._version: int | None = None
        self._fact_version: int | None = None
        self._instances: set[str] = set()
        self.days = DayCounts(connection)
        self.directories: dict[str, KnownDirectory] = {}
        """As this transaction has left them."""

    # --- statements -----------------------------------------------------------------------------------------------

    def execute(self, query: str, /, **parameters: Any) -> int:
        """Run a statement by name; how many rows it changed, triggers aside."""
        return self._connection.execute(QUERIES[query], parameters).rowcount

    def insert(self, query: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run an INSERT of one row for all of these; how many rows it added, triggers aside."""
        return insert(self._connection, query, rows)

    def execute_text(self, sql: str) -> None:
        """Run a statement that is not in the file, because it is about the connection."""
        self._connection.execute(sql)

    def row(self, query: str, /, **parameters: Any) -> Row | None:
        rows = fetch_all(self._connection, query, parameters)
        return rows[0] if rows else None

    def number(self, query: str, /, **parameters: Any) -> int:
        """The one value of a query that counts, or of a row that is always there."""
        row = self._connection.execute(QUERIES[query], parameters).fetchone()
        if row is None:
            raise StoreDamagedError
        (value,) = row
        return int(value)

    def rows(self, query: str, /, **parameters: Any) -> list[Row]:
        return fetch_all(self._connection, query, parameters)

    def refusal(self, operation: Callable[[WriteTransaction], object]) -> Damage | None:
        """What of a contact has SQLite refuse this operation on it; None if nothing has. Nothing is changed."""
        self.execute_text("SAVEPOINT trial")
        try:
            operation(WriteTransaction(self._connection))
        except sqlite3.IntegrityError:
            return Damage.UNREADABLE
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_CORRUPT_INDEX:
                raise
            return Damage.MISPLACED
        finally:
            self.execute_text("ROLLBACK TO trial")
            self.execute_text("RELEASE trial")
        return None

    # --- campaigns --------------------------------------------------------------------------------------------------

    def find_campaign(self, campaign_id: str) -> CampaignHead | None:
        """The campaign's head, deleted or not."""
        head = self._heads.get(campaign_id)
        if head is None and (row := self.row("campaign_head", campaign_id=campaign_id)) is not None:
            try:
                state = campaign_state(row.state)
            except StoreDamagedError:
                # Its contacts still have to expire, end and be erased; it takes and dials nothing any more.
                state = CampaignState.FAILED
            head = CampaignHead(
                key=row.campaign_key,
                campaign_id=campaign_id,
                instance_id=row.instance_id,
                state=state,
                deleted=bool(row.deleted),
                version=row.version,
                # The row does not hold what this transaction has counted and not yet written.
                waiting=whole(row.waiting) + self._counts[row.campaign_key].waiting,
            )
            self._heads[campaign_id] = head
        return head

    def campaign(self, campaign_id: str) -> CampaignHead:
        """The campaign's head. Raises NotFoundError if there is none or it was deleted."""
        head = self.find_campaign(campaign_id)
        if head is None or head.deleted:
            raise NotFoundError(f"There is no campaign {campaign_id}.")
        return head

    def forget_campaign(self, campaign_id: str) -> None:
        """Read the campaign again when it is needed next: its row was changed."""
        self._heads.pop(campaign_id, None)

    def forget_campaigns(self) -> None:
        """Read every campaign again when it is needed next: their counts were changed."""
        self._heads.clear()

    def knows_instance(self, instance_id: str) -> bool:
        """Whether there is such an instance that was not deleted."""
        if instance_id not in self._instances and self.row("instance_exists", instance_id=instance_id):
            self._instances.add(instance_id)
        return instance_id in self._instances

    def require_instance(self, instance_id: str) -> None:
        """Raise NotFoundError if there is no such instance."""
        if not self.knows_instance(instance_id):
            raise NotFoundError(f"There is no instance {instance_id}.")

    def forget_instance(self, instance_id: str) -> None:
        """Look for the instance again when it is asked for next: its row was changed."""
        self._instances.discard(instance_id)

    def next_version(self) -> int:
        """The version of the next change to a campaign, greater than any before."""
        if self._version is None:
            self._version = self.number("campaign_version_counter")
        self._version += 1
        return self._version

    def next_fact_version(self) -> int:
        """The version of the next change to a fact, greater than any before."""
        self._fact_version = self.fact_version + 1
        return self._fact_version

    @property
    def fact_version(self) -> int:
        """The version of the last change to a fact."""
        if self._fact_version is None:
            self._fact_version = self.number("fact_version_counter")
        return self._fact_version

    # --- counters -----------------------------------------------------------------------------------------------------

    def take_sequences(self, count: int) -> int:
        """The first of so many sequence numbers, greater than any given before."""
        if self._next_sequence is None:
            self._next_sequence = self.number("contact_sequence") + 1
        first = self._next_sequence
        self._next_sequence += count
        return first

    def count_accepted(self, head: CampaignHead, contacts: int) -> None:
        self._counts[head.key].accepted += contacts
        self.count_waiting(head, contacts)

    def count_waiting(self, head: CampaignHead, contacts: int) -> None:
        head.waiting += contacts
        self._counts[head.key].waiting += contacts

    def count_disposition(self, head: CampaignHead, disposition: Disposition, contacts: int = 1) -> None:
        dispositions = self._counts[head.key].dispositions
        dispositions[disposition] = dispositions.get(disposition, 0) + contacts

    def flush(self) -> None:
        """Write the counters. Whoever commits calls it first, and an operation before it reads counters by SQL."""
        if self._next_sequence is not None:
            self.execute("set_contact_sequence", value=self._next_sequence - 1)
            self._next_sequence = None
        if self._version is not None:
            self.execute("set_campaign_version_counter", value=self._version)
            self._version = None
        if self._fact_version is not None:
            self.execute("set_fact_version_counter", version=self._fact_version)
            self._fact_version = None
        for key, counts in self._counts.items():
            if counts.accepted or counts.waiting:
                self.execute("add_to_backlog", campaign_key=key, accepted=counts.accepted, waiting=counts.waiting)
            for disposition, contacts in counts.dispositions.items():
                self.execute("add_to_dispositions", campaign_key=key, disposition=disposition.value, contacts=contacts)
        self._counts.clear()
        self.days.flush()
