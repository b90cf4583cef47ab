"""What a store in memory holds, and the indexes of contacts that wait.

Decides how contacts are found. It must not know what any verb asks or changes. Everything in it is an immutable value
but the containers, so that a verb that fails half way has nothing to take back.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.clearance import Clearance, Hold
from trunkcall.domain.contact import ContactRecord, ContactState, Damage
from trunkcall.domain.directory import AccessKey, Directory, Fact, OnboardingJob, VersionedFact
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import LiveSession
from trunkcall.storage.memory.clearing import Counts
from trunkcall.storage.ports.do_not_call import Origin
from trunkcall.storage.ports.ownership import LedgerMinute
from trunkcall.storage.ports.presence import ChosenStatus
from trunkcall.storage.ports.privacy import Erasure


@dataclass(frozen=True, slots=True)
class Held:
    """A contact: its record, and what no record tells. ``sequence`` is the order of acceptance."""

    sequence: int
    record: ContactRecord
    leg_id: str | None = None
    agent_leg_id: str | None = None
    asked_due_at: Instant | None = None
    """When it would be due without its hold; None without one."""
    clearance: Clearance | None = None
    """What it was dialed under."""
    flow_progress: str | None = None
    """Where it stands in its flow."""

    @property
    def waits(self) -> bool:
        return self.record.state is ContactState.WAITING

    def noted(self, **values: Any) -> Held:
        """The same with other values in its record."""
        return replace(self, record=replace(self.record, **values))

    def held_back(self, hold: Hold) -> Held:
        """The same, not due before the hold ends. When it would be due without one is noted at the first."""
        asked = self.record.due_at if self.asked_due_at is None else self.asked_due_at
        return replace(self.noted(due_at=max(asked, hold.until), hold=hold), asked_due_at=asked)

    def released(self) -> Held:
        """The same, held back no more."""
        asked = self.record.due_at if self.asked_due_at is None else self.asked_due_at
        return replace(self.noted(due_at=asked, hold=None), asked_due_at=None)

    def due_then(self, due_at: Instant) -> Held:
        """The same, asked to be due then."""
        hold = self.record.hold
        if hold is None:
            return self.noted(due_at=due_at)
        return replace(self.noted(due_at=max(due_at, hold.until)), asked_due_at=due_at)


@dataclass(frozen=True, slots=True)
class HeldLease:
    """An instance's lease. Nobody owns what was released."""

    token: int
    owner: str | None
    expires_at: Instant


@dataclass(slots=True)
class Import:
    """An import into a do-not-call list. ``added`` are those that others have put on the list since it began."""

    of: tuple[str, int]
    origin: Origin
    as_of: date | None
    replaces: bool
    keys: set[int] = field(default_factory=set)
    added: dict[int, Origin] = field(default_factory=dict)
    has_ended: bool = False


class Order:
    """Contacts of one campaign in the order of some number each, and of acceptance among equals."""

    def __init__(self) -> None:
        self._keys: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._keys)

    def add(self, number: int, sequence: int) -> None:
        insort(self._keys, (number, sequence))

    def up_to(self, number: int) -> list[int]:
        """The sequences of those whose number is no greater."""
        return [sequence for _, sequence in self._keys[: self._index_after(number)]]

    def first_after(self, number: int) -> int | None:
        """The least number that is greater; None if there is none."""
        index = self._index_after(number)
        return self._keys[index][0] if index < len(self._keys) else None

    def _index_after(self, number: int) -> int:
        return bisect_left(self._keys, (number + 1, 0))

    def remove(self, number: int, sequence: int) -> None:
        del self._keys[bisect_left(self._keys, (number, sequence))]


@dataclass(slots=True)
class State:
    """Everything. ``clock`` is the time of leases."""

    clock: Callable[[], Instant]
    directories: dict[str, Directory] = field(default_factory=dict)
    facts: defaultdict[str, dict[tuple[FactKind, str], VersionedFact]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """What the directories are made of, and what is gone, by kind and id; each kind in the order of creation."""
    fact_version: int = 0
    """The last version of a fact."""
    presences: defaultdict[str, dict[str, ChosenStatus]] = field(default_factory=lambda: defaultdict(dict))
    """By instance and agent id."""
    jobs: dict[str, OnboardingJob] = field(default_factory=dict)
    access_keys: dict[str, AccessKey] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    version: int = 0
    """The last version of a campaign."""
    contacts: dict[int, Held] = field(default_factory=dict)
    """By sequence, in that order."""
    sequences: dict[str, int] = field(default_factory=dict)
    """By contact id."""
    tokens: dict[tuple[str, str], int] = field(default_factory=dict)
    """Sequences by campaign id and client token."""
    waiting: defaultdict[str, Order] = field(default_factory=lambda: defaultdict(Order))
    """Who waits and is not set aside, by campaign, in the order in which they are due."""
    expiring: defaultdict[str, Order] = field(default_factory=lambda: defaultdict(Order))
    """The same, by expiry."""
    live: set[int] = field(default_factory=set)
    """Sequences of those in progress."""
    quarantine: dict[int, Damage] = field(default_factory=dict)
    ledgers: defaultdict[str, dict[Instant, LedgerMinute]] = field(default_factory=lambda: defaultdict(dict))
    sessions: defaultdict[str, dict[str, tuple[Instant, LiveSession]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By instance and agent, each with the instant at which it was begun."""
    counts: defaultdict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    """What calling limits count, by instance."""
    released: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Up to which place of campaign and sequence holds were released, by instance."""
    leases: dict[str, HeldLease] = field(default_factory=dict)
    erasures: list[Erasure] = field(default_factory=list)
    listed_numbers: defaultdict[tuple[str, int], dict[int, Origin]] = field(default_factory=lambda: defaultdict(dict))
    """Number keys on do-not-call lists, by instance and list number."""
    imports: dict[int, Import] = field(default_factory=dict)
    """Of do-not-call lists, by number."""

    def is_listed(self, instance_id: str, list_number: int, number_key: int) -> bool:
        """Whether the number is on this do-not-call list."""
        return number_key in self.listed_numbers.get((instance_id, list_number), ())

    # --- the contact centre -----------------------------------------------------------------------------------------

    def there(self, instance_id: str) -> Directory:
        """Raises NotFoundError if there is none or it was deleted."""
        directory = self.directories.get(instance_id)
        if directory is None or directory.instance.deleted_at is not None:
            raise NotFoundError(f"There is no instance {instance_id}.")
        return directory

    def put_facts(self, instance_id: str, facts: Iterable[Fact], *, deleted_at: Instant | None) -> None:
        """Give each the next version, and make the directory anew."""
        of_instance = self.facts[instance_id]
        for fact in facts:
            self.fact_version += 1
            of_instance[fact.kind, fact.fact_id] = VersionedFact(fact, self.fact_version, deleted_at)
        there = [each.fact for each in of_instance.values() if each.deleted_at is None]
        self.directories[instance_id] = Directory.of(self.directories[instance_id].instance, there)

    # --- campaigns --------------------------------------------------------------------------------------------------

    def campaigns_of(self, instance_id: str) -> list[Campaign]:
        """Those that were not deleted."""
        return [c for c in self.campaigns.values() if c.instance_id == instance_id and c.deleted_at is None]

    def campaign(self, campaign_id: str) -> Campaign:
        """Raises NotFoundError if there is none or it was deleted."""
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.deleted_at is not None:
            raise NotFoundError(f"There is no campaign {campaign_id}.")
        return campaign

    def put_campaign(self, campaign: Campaign) -> Campaign:
        """Give it the next version."""
        self.version += 1
        self.campaigns[campaign.campaign_id] = campaign = replace(campaign, version=self.version)
        return campaign

    # --- contacts ---------------------------------------------------------------------------------------------------

    def contacts_of(self, campaign_id: str) -> Iterator[Held]:
        return (held for held in self.contacts.values() if held.record.campaign_id == campaign_id)

    def put_contacts(self, contacts: Iterable[Held], aside: Mapping[int, Damage] | None = None) -> None:
        """Replace these, set these aside, and keep every index right."""
        changed = {held.sequence: held for held in contacts}
        aside = aside or {}
        touched = changed.keys() | aside.keys()
        for sequence in touched & self.contacts.keys():
            self._unindex(self.contacts[sequence])
        self.contacts |= changed
        for sequence, damage in aside.items():
            self.quarantine.setdefault(sequence, damage)
        for sequence in touched:
            self._index(self.contacts[sequence])

    def release(self, sequence: int) -> None:
        """It is set aside no more."""
        held = self.contacts[sequence]
        self._unindex(held)
        self.quarantine.pop(sequence, None)
        self._index(held)

    def _unindex(self, held: Held) -> None:
        record = held.record
        if record.client_token is not None:
            self.tokens.pop((record.campaign_id, record.client_token), None)
        self.live.discard(held.sequence)
        if held.waits and held.sequence not in self.quarantine:
            self.waiting[record.campaign_id].remove(record.due_at, held.sequence)
            self.expiring[record.campaign_id].remove(record.expires_at, held.sequence)

    def _index(self, held: Held) -> None:
        record = held.record
        self.sequences[record.contact_id] = held.sequence
        if record.client_token is not None:
            self.tokens[record.campaign_id, record.client_token] = held.sequence
        if held.sequence in self.quarantine:
            return
        if held.waits:
            self.waiting[record.campaign_id].add(record.due_at, held.sequence)
            self.expiring[record.campaign_id].add(record.expires_at, held.sequence)
        elif record.state is not ContactState.ENDED:
            self.live.add(held.sequence)


class Part:
    """Some verbs of a store in memory."""

    def __init__(self, state: State) -> None:
        self._state = state
