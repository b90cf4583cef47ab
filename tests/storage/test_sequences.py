"""Whatever an engine decides, in whatever order things happen to it, a store takes. If this fails, one change that the
store refuses fails its whole commit: all dialing stops, and is begun anew.

The world of ``engine.test_whatever_happens`` tells the engine what it likes, dialers that die and take over included.
What the engine wants to be durable is then committed to a real store, in as few commits as there can be.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from hypothesis import HealthCheck, settings
from hypothesis.stateful import rule

from engine.floor import Floor
from engine.support import SPRING
from engine.test_whatever_happens import CAMPAIGNS, CONFIG, World
from engine.turns import CallerIdGroups
from storage.support import NOW, ManualClock, campaign, directory, records
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import AttemptBegun, Change, Refusal
from trunkcall.domain.contact import DetectionStatus, DialRequest
from trunkcall.domain.errors import IllegalTransitionError
from trunkcall.domain.instants import HOUR, MINUTE, Duration, Instant
from trunkcall.engine.decision import Decision
from trunkcall.engine.events import CampaignChanged, DetectionEnded, Event, LegAnswered, LegsBridged
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.store import Store


@dataclass(frozen=True)
class Moved:
    """A contact waits that is due at another instant than it was."""

    contact_id: str
    due_at: Instant


Told: TypeAlias = CampaignChanged | Moved | list[Change]


class WrittenDown(Floor):
    """A floor that keeps, in their order, what its store was told."""

    told: list[Told]
    requests: dict[str, DialRequest]

    def accept(
        self,
        campaign: str = SPRING,
        requests: int = 1,
        *,
        expires_in: Duration = HOUR,
        due_in: Duration | None = None,
        caller_ids: CallerIdGroups | None = None,
        trunks: tuple[str, ...] | None = None,
    ) -> list[str]:
        names = super().accept(
            campaign, requests, expires_in=expires_in, due_in=due_in, caller_ids=caller_ids, trunks=trunks
        )
        due_at = 0 if due_in is None else self.now + due_in
        for name in names:
            expires_at = self.accepted[name].expires_at
            self.requests[name] = DialRequest(name, f"token of {name}", "+12065550100", expires_at, {}, due_at)
        return names

    def move(self, contact: str, *, due_at: Instant) -> None:
        # What is decided from now on is decided after that.
        self.told += [Moved(contact, due_at), []]
        super().move(contact, due_at=due_at)

    def enter(self, events: tuple[tuple[Event, Instant], ...], decision: Decision) -> None:
        for event, _ in events:
            if isinstance(event, CampaignChanged):
                self.told += [event, []]
        changes = self.told[-1]
        assert isinstance(changes, list)
        changes += decision.changes
        super().enter(events, decision)

    def refuse(self, contact: str, refusal: Refusal, *, due_in: Duration = MINUTE) -> None:
        """The store has not taken the attempt."""
        for changes in reversed([told for told in self.told if isinstance(told, list)]):
            begun = [n for n, c in enumerate(changes) if isinstance(c, AttemptBegun) and c.contact_id == contact]
            if begun:
                # It is the last one that was refused: any before it was voided, and stands.
                del changes[begun[-1]]
                break
        if refusal is Refusal.NOT_DUE:
            self.told += [Moved(contact, self.now + due_in), []]
        super().refuse(contact, refusal, due_in=due_in)


class StoredWorld(World):
    """The same world, whose store is one."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = self.written = WrittenDown(config=CONFIG)
        self.floor.may_refuse = True
        self.written.told, self.written.requests = [[]], {}

    @rule()
    def all_goes_well(self) -> None:
        """Whoever is dialed answers, and talks to an agent; a world that does what it likes seldom gets as far."""
        for contact in list(self.floor.engine.details().contacts.values()):
            self.tell(LegAnswered(contact.leg_id))
            self.tell(DetectionEnded(contact.leg_id, DetectionStatus.HUMAN_ANSWERED))
            if contact.agent_leg_id is not None:
                self.tell(LegAnswered(contact.agent_leg_id))
                self.tell(LegsBridged(contact.leg_id, contact.agent_leg_id))

    def teardown(self) -> None:
        super().teardown()
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(self._commit(SQLiteStore(Path(folder) / "trunkcall.db", clock=ManualClock())))

    async def _commit(self, store: SQLiteStore) -> None:
        await store.open()
        try:
            await self._tell(store)
            found = await records(store)
        finally:
            await store.close()
        assert {contact: found[contact].state for contact in self.floor.history.states} == self.floor.history.states

    async def _tell(self, store: Store) -> None:
        await store.create_instance(directory())
        requests = self.written.requests.values()
        for name in CAMPAIGNS:
            await store.create_campaign(campaign(name))
            of_campaign = [request for request in requests if request.contact_id.startswith(f"{name}-")]
            await store.put_dial_requests(name, of_campaign, at=NOW, max_waiting=1000)
        lease = await store.acquire_lease("instance-1", "dialer", MINUTE)
        assert lease is not None
        for told in self.written.told:
            if isinstance(told, CampaignChanged):
                every = list(CampaignState)
                await store.change_campaign_state(told.campaign_id, allowed_from=every, to=told.state)
            elif isinstance(told, Moved):
                await store.change_due(told.contact_id.rsplit("-", 1)[0], [told.contact_id], due_at=told.due_at)
            elif told:
                try:
                    result = await store.commit(lease, told)
                except IllegalTransitionError as error:
                    # How it came up through the writer's thread is not twice the same, which would confuse hypothesis.
                    raise AssertionError(error.message) from None
                assert not result.refused
                assert not result.not_waiting


StoredWorld.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestWhateverTheEngineDecides = StoredWorld.TestCase
