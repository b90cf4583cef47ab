"""Dial requests and what becomes of them, as use cases, displays and exports ask for it.

Decides what is accepted once and what counts say. What an owner of the lease changes is in ``ports.ownership``. See
``storage.ports`` for what is promised.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trunkcall.domain.clearance import Hold
from trunkcall.domain.contact import NEVER_DIALED, ContactRecord, DialRequest, Disposition
from trunkcall.domain.instants import Instant
from trunkcall.domain.values import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True)
class Accepted:
    """One dial request that the store holds. ``repeated`` tells that the client token was known already, in which case
    ``contact_id`` is the first one's."""

    client_token: str | None
    contact_id: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class PutResult:
    """What became of a batch: in the order of the request, None where the campaign's backlog was full."""

    accepted: Sequence[Accepted | None]


class DialRequestStore(Protocol):
    """Where dial requests are accepted."""

    async def put_dial_requests(
        self, campaign_id: str, requests: Sequence[DialRequest], *, at: Instant, max_waiting: int
    ) -> PutResult:
        """Accept dial requests in their order. A client token known in the campaign (or earlier in this batch) gets the
        first contact's id and adds nothing; a request without one is always new. Requests beyond ``max_waiting``
        waiting contacts of the campaign are not accepted. One with a hold is due when that ends, if it is not due later
        anyway. Raises NotFoundError; InvalidCampaignStateError unless the
        campaign is Running; StoreFullError."""

    async def change_due(self, campaign_id: str, contact_ids: Collection[str], *, due_at: Instant) -> int:
        """Have those of these contacts of the campaign that wait be due at this instant; how many do. What is to be
        dialed at once is due at 0, not at the present: an instance's clock may fall back. One that is held is due when
        its hold ends, if that is later. Raises NotFoundError."""


class KnownContacts(Protocol):
    """Single contacts, whatever has become of them."""

    async def contact(self, contact_id: str) -> ContactRecord | None:
        """All that is known of one contact, or None if there is none. Raises ContactDamagedError."""

    async def give_attributes(self, contact_id: str, attributes: Mapping[str, str], *, at: Instant) -> bool:
        """Set these attributes of the contact, over those that it has; whether that could be: there is no such contact,
        it is set aside, or was forgotten."""


class Backlog(Protocol):
    """Who waits to be dialed, and what is known of one contact."""

    async def waiting_count(self, campaign_id: str) -> int:
        """How many contacts of the campaign wait to be dialed, without those that are set aside."""

    async def contact(self, contact_id: str) -> ContactRecord | None:
        """All that is known of one contact, or None if there is none. Raises ContactDamagedError."""

    async def waiting_before(self, contact_id: str) -> int:
        """How many contacts of the same campaign wait and come before it, by when they are due, then by acceptance; 0
        for one that does not exist."""

    async def first_hold(self, campaign_id: str) -> Hold | None:
        """Why and until when the contact is held back that is due first of all of the campaign that wait; None if it is
        not held, or none waits."""


class ContactRecords(Protocol):
    """All contacts, for exports."""

    def contacts(
        self,
        *,
        campaign_id: str | None = None,
        instance_id: str | None = None,
        chunk: int = 1000,
        on_left_out: Callable[[int], None] | None = None,
    ) -> AsyncIterator[Sequence[ContactRecord]]:
        """Every contact record in order of acceptance, in chunks, in constant memory. Deleted campaigns' included.
        ``on_left_out`` is told now and then how many more contacts were left out because they are damaged."""


@dataclass(frozen=True, slots=True)
class ContactCounts:
    """What has become of a campaign's contacts so far. ``accepted`` are all of them; those that neither wait
    nor have ended nor are set aside are in progress."""

    accepted: int = 0
    waiting: int = 0
    dispositions: Mapping[Disposition, int] = field(default_factory=dict)
    waiting_set_aside: int = 0
    """Damaged ones that waited."""
    in_progress_set_aside: int = 0
    """Damaged ones that were in progress."""

    @property
    def set_aside(self) -> int:
        return self.waiting_set_aside + self.in_progress_set_aside

    @property
    def in_progress(self) -> int:
        return self.accepted - self.waiting - self.set_aside - sum(self.dispositions.values())

    @property
    def attempts(self) -> int:
        """Contacts that were dialed: all but those that wait, and those that ended without."""
        ended = sum(self.dispositions.get(disposition, 0) for disposition in NEVER_DIALED)
        return self.accepted - self.waiting - self.waiting_set_aside - ended


class CampaignSums(Protocol):
    """How far campaigns are."""

    async def contact_counts(self, campaign_ids: Sequence[str]) -> Mapping[str, ContactCounts]:
        """The counts of several campaigns, as of one instant. One that does not exist is left out."""

    async def ledger_sum(self, campaign_id: str, *, since: Instant) -> tuple[int, int]:
        """Live answers and abandonments of the campaign from the minute of ``since`` on."""


@dataclass(frozen=True, slots=True)
class TokenForms:
    """Client tokens of a campaign by which nobody can be known again. ``of_lines``: some were made from the number of a
    row (``row-<number>-<24 hexadecimal digits>``); ``erased``: some were erased with their contact's number."""

    of_lines: bool
    erased: bool


class ClientTokens(Protocol):
    """What client tokens a campaign holds."""

    async def token_forms(self, campaign_id: str) -> TokenForms:
        """Which of these forms of client tokens the campaign holds; none if it does not exist."""
