"""Whatever is done to a campaign's contacts, in whatever order, the counters and states add up."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage.support import NOW, begin, dial_request, dispositions, due, put, records, stand_up, token_of
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import AttemptVoided, ContactEnded, ContactExpired, Refusal
from trunkcall.domain.contact import ContactState, DisconnectReason, Disposition
from trunkcall.domain.errors import IllegalTransitionError, InvalidCampaignStateError
from trunkcall.domain.instants import SECOND
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.store import Store

T = TypeVar("T")

CAMPAIGN = "campaign-1"
MAX_WAITING = 6
CONTACTS = st.integers(min_value=0, max_value=11)
"""Which of the contacts, by client token; far fewer than steps, so that tokens and contacts meet again."""


class Bookkeeping(RuleBasedStateMachine):
    """A store beside a model of it that fits on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.store = self.new_store()
        self.now = NOW
        self.running = True
        self.ids: dict[str, str] = {}
        self.states: dict[str, ContactState] = {}
        self.expires: dict[str, int] = {}
        self.ends: Counter[Disposition] = Counter()
        self.lease: Lease

    def new_store(self) -> Store:
        return SQLiteStore(Path(self.folder.name) / "trunkcall.db", clock=lambda: NOW)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def stand_up(self) -> None:
        self.run(self.store.open())
        self.lease = self.run(stand_up(self.store))

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    def waiting(self) -> list[str]:
        return [contact for contact, state in self.states.items() if state is ContactState.WAITING]

    def contact(self, number: int) -> str:
        return self.ids.get(f"token-of-{number}", "unknown")

    @rule(numbers=st.lists(CONTACTS, max_size=5), life=st.integers(min_value=1, max_value=5))
    def accept(self, numbers: list[int], life: int) -> None:
        expires_at = self.now + life * SECOND
        requests = [dial_request(f"token-of-{number}", expires_at=expires_at) for number in numbers]
        try:
            result = self.run(put(self.store, *requests, max_waiting=MAX_WAITING))
        except InvalidCampaignStateError:
            assert not self.running
            return
        assert self.running
        for request, accepted in zip(requests, result.accepted, strict=True):
            token = token_of(request)
            known = self.ids.get(token)
            if known is None and len(self.waiting()) >= MAX_WAITING:
                assert accepted is None
                continue
            assert accepted is not None
            assert accepted.repeated == (known is not None)
            assert accepted.contact_id == (known or request.contact_id)
            if known is None:
                self.ids[token] = request.contact_id
                self.states[request.contact_id] = ContactState.WAITING
                self.expires[request.contact_id] = expires_at

    @rule(numbers=st.lists(CONTACTS, unique=True, max_size=4))
    def attempt(self, numbers: list[int]) -> None:
        contacts = list(dict.fromkeys(self.contact(number) for number in numbers))
        result = self.run(self.store.commit(self.lease, [begin(contact, at=self.now) for contact in contacts]))
        for contact in contacts:
            refusal = None
            if self.states.get(contact) is not ContactState.WAITING:
                refusal = Refusal.NOT_WAITING
            elif not self.running:
                refusal = Refusal.CAMPAIGN_NOT_RUNNING
            elif self.expires[contact] <= self.now:
                refusal = Refusal.EXPIRED
            else:
                self.states[contact] = ContactState.DIALING
            assert result.refused.get(contact) is refusal

    @rule(number=CONTACTS)
    def void(self, number: int) -> None:
        contact = self.contact(number)
        try:
            self.run(self.store.commit(self.lease, [AttemptVoided(contact, CAMPAIGN, self.now)]))
        except IllegalTransitionError:
            assert self.states.get(contact) is not ContactState.DIALING
        else:
            assert self.states[contact] is ContactState.DIALING
            self.states[contact] = ContactState.WAITING

    @rule(number=CONTACTS, disposition=st.sampled_from([Disposition.BUSY, Disposition.NO_ANSWER]))
    def end(self, number: int, disposition: Disposition) -> None:
        contact = self.contact(number)
        change = ContactEnded(contact, CAMPAIGN, self.now, disposition, DisconnectReason.OTHER)
        try:
            self.run(self.store.commit(self.lease, [change]))
        except IllegalTransitionError:
            assert self.states.get(contact) is not ContactState.DIALING
        else:
            self.ended(contact, disposition)

    @rule(number=CONTACTS)
    def expire_one(self, number: int) -> None:
        contact = self.contact(number)
        result = self.run(self.store.commit(self.lease, [ContactExpired(contact, CAMPAIGN, self.now)]))
        if self.states.get(contact) is ContactState.WAITING:
            assert not result.not_waiting
            self.ended(contact, Disposition.EXPIRED)
        else:
            assert list(result.not_waiting) == [contact]

    @rule(limit=st.integers(min_value=1, max_value=4))
    def sweep(self, limit: int) -> None:
        due = [contact for contact in self.waiting() if not self.running or self.expires[contact] <= self.now]
        swept = self.run(self.store.expire_waiting(self.lease, now=self.now, limit=limit))
        assert len(swept) == min(limit, len(due))
        for contact in swept:
            assert contact.contact_id in due
            self.ended(contact.contact_id, Disposition.EXPIRED)

    @rule()
    def stop_or_start(self) -> None:
        self.running = not self.running
        to = CampaignState.RUNNING if self.running else CampaignState.STOPPED
        self.run(self.store.change_campaign_state(CAMPAIGN, allowed_from=frozenset(CampaignState), to=to))

    @rule()
    def let_time_pass(self) -> None:
        self.now += SECOND

    def ended(self, contact: str, disposition: Disposition) -> None:
        self.states[contact] = ContactState.ENDED
        self.ends[disposition] += 1

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "lease"):
            return
        waiting = self.run(due(self.store, CAMPAIGN, limit=100))
        assert [contact.contact_id for contact in waiting] == self.waiting(), "in order of acceptance"
        assert self.run(self.store.waiting_count(CAMPAIGN)) == len(waiting)
        found = self.run(records(self.store))
        assert {contact: record.state for contact, record in found.items()} == self.states
        in_progress = len(self.states) - self.ends.total()
        expected: dict[Disposition | None, int] = dict(self.ends.items())
        if in_progress:
            expected[None] = in_progress
        assert self.run(dispositions(self.store, CAMPAIGN)) == expected
        live = {contact.contact_id for contact in self.run(self.store.live_contacts("instance-1"))}
        assert live == {contact for contact, state in self.states.items() if state is ContactState.DIALING}


class BookkeepingInMemory(Bookkeeping):
    """The store that tests of whole worlds rely on."""

    def new_store(self) -> Store:
        return MemoryStore(lambda: NOW)


TestBookkeepingInMemory = BookkeepingInMemory.TestCase
TestBookkeeping = Bookkeeping.TestCase
TestBookkeepingInMemory.settings = TestBookkeeping.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
