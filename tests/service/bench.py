"""An owner and its dialer, with the carrier, every commit and the clocks in a test's hands."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

from gating import no_policy
from service.support import dialing_of
from service.switch import Switch
from service.witness import Commits, Witness
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import (
    AnswerMachineDetectionConfig,
    Campaign,
    CampaignState,
    DialerConfig,
    DialerType,
    OutboundCallConfig,
)
from trunkcall.domain.changes import ContactSetAside
from trunkcall.domain.confirmations import Phrases
from trunkcall.domain.contact import ContactRecord, DialRequest, LiveContact
from trunkcall.domain.errors import LeaseExpiredError, LeaseLostError
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.leg import LiveSession
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import PhoneConfig
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.engine import Engine
from trunkcall.service.current import CurrentDialer
from trunkcall.service.dialer import Dialer
from trunkcall.service.installation import first_installation, simulated_agents
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.owner import InstanceOwner
from trunkcall.service.presence import Presence
from trunkcall.service.safe_harbour import safe_harbour_message
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.store import Store
from virtual_time import HandLoop

T = TypeVar("T")

START: Instant = 1_790_000_000_000_000
CAMPAIGN = "spring"
LINES = 4


class WatchedDialer(CurrentDialer):
    """Has the engine of the moment looked at in detail. A process that was begun anew has another."""

    engine: Engine | None = None

    @contextmanager
    def dialing(self, engine: Engine, dialer: Dialer) -> Iterator[None]:
        self.engine = engine
        with super().dialing(engine, dialer):
            yield


class Bench:
    """One campaign, and whoever dials it; on a real store in this file, or on one in memory."""

    def __init__(
        self,
        path: Path | None,
        *,
        dialer_type: DialerType,
        agents: int,
        detects: bool,
        persistent: bool = False,
        config: EngineConfig | None = None,
        phrases: Phrases | None = None,
    ) -> None:
        self.config, self.phrases = config or EngineConfig(), phrases
        self.loop = HandLoop()
        self._ids = (f"id-{number}" for number in itertools.count())
        self.kept: Store = MemoryStore(self.now) if path is None else SQLiteStore(path, clock=self.now)
        self.switch = Switch()
        self.witness = Witness(self.switch, self.live, self.sessions)
        self.store = Commits(self.kept, self.witness)
        self.presence = Presence(monotonic=self.loop.time)
        self.contacts: dict[str, Instant] = {}
        """Whoever was accepted, and until when each is to be dialed."""
        self.run(self._open(dialer_type, agents, detects, PhoneConfig(persistent_connection=persistent)))
        self._start_server()

    async def _open(self, dialer_type: DialerType, agents: int, detects: bool, phone: PhoneConfig) -> None:
        await self.kept.open()
        first = first_installation(
            now=START,
            new_id=lambda: next(self._ids),
            access_key_id="AKIA",
            secret="s",
            policy=ALL_ACTIONS_POLICY,
            seal=lambda secret, key: secret.encode(),
        )
        directory = first.directory
        self.instance_id = directory.instance.instance_id
        await self.kept.create_instance(directory)
        staff = [replace(agent, phone=phone) for agent in simulated_agents(directory, agents)]
        self.agents = [agent.agent_id for agent in staff]
        await self.kept.put_facts(self.instance_id, staff)
        self.presence.know(frozenset(self.agents))
        self.flow = next(iter(directory.contact_flows))
        self.number = next(iter(directory.phone_numbers.values())).phone_number
        self.queue, self.profile = next(iter(directory.queues)), next(iter(directory.routing_profiles))
        await self.open_campaign(CAMPAIGN, dialer_type, self.queue, detects=detects)

    async def open_campaign(self, campaign_id: str, dialer_type: DialerType, queue: str, *, detects: bool) -> None:
        needs_agents = dialer_type is not DialerType.AGENTLESS
        call = OutboundCallConfig(
            self.flow,
            queue if needs_agents else None,
            self.number,
            AnswerMachineDetectionConfig(detects),
        )
        dialer = DialerConfig(dialer_type, 1.0 if needs_agents else None)
        arn = Scope("aws", "us-east-1", "000000000000").campaign_arn(campaign_id)
        initialized = CampaignState.INITIALIZED
        await self.kept.create_campaign(
            Campaign(campaign_id, arn, self.instance_id, campaign_id, dialer, call, initialized, START)
        )
        await self.kept.change_campaign_state(campaign_id, allowed_from=[initialized], to=CampaignState.RUNNING)

    def _start_server(self) -> None:
        self.clock = WallPacedClock(wall=lambda: self.now() * 1000, monotonic=self.loop.time)
        self.current = WatchedDialer(self.clock, monotonic=self.loop.time)
        self._clock_task = self.loop.create_task(self.clock.run())
        self._start_owner()
        self.settle()

    def _start_owner(self) -> None:
        store = cast("Store", self.store)
        owner = InstanceOwner(
            instance_id=self.instance_id,
            store=store,
            gate_store=store,
            directories=store,
            history=store,
            quarantine=store,
            presences=store,
            carrier=self.witness,
            clock=self.clock,
            presence=self.presence,
            config=replace(self.config, trunks=(Trunk("default", channels=LINES),)),
            dialing_of=dialing_of,
            gate_of=no_policy,
            safe_harbour_of=partial(safe_harbour_message, default=""),
            phrases=self.phrases,
            chance=Random(1),
            new_id=lambda: next(self._ids),
            lease=LeaseHolder(store, self.instance_id, "host:1", sole=False, monotonic=self.loop.time),
            current=self.current,
            monotonic=self.loop.time,
        )
        self._owner_task = self.loop.create_task(owner.run())

    # --- time ---------------------------------------------------------------------------------------------------------

    def now(self) -> Instant:
        return START + round(self.loop.time() * SECOND)

    def run(self, deed: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(deed)

    def settle(self) -> None:
        """Until nobody has anything to do at this instant, but whoever waits for a commit that is held up."""
        self.run(self._settle())

    async def _settle(self) -> None:
        quiet = 0
        while quiet < 2:
            for _ in range(8):
                await asyncio.sleep(0)
            quiet = quiet + 1 if self.store.idle.is_set() else 0
            await self.store.idle.wait()

    def pass_time(self, seconds: float, *, step: float = 1.0) -> None:
        while seconds > 0:
            self.loop.hand_s += min(seconds, step)
            seconds -= step
            self.settle()

    # --- the store ----------------------------------------------------------------------------------------------------

    def live(self) -> Sequence[LiveContact]:
        """Who is in progress, as the store holds it at this moment."""
        return _at_once(self.kept.live_contacts(self.instance_id))

    def sessions(self) -> Sequence[LiveSession]:
        """The agents' sessions, as the store holds them."""
        return _at_once(self.kept.live_sessions(self.instance_id))

    def waiting(self) -> int:
        return self.run(self.kept.waiting_count(CAMPAIGN))

    def set_aside(self, contact: LiveContact) -> None:
        """Unless another has the lease."""
        lease = self.store.lease
        assert lease is not None, "nobody was dialed yet"
        with suppress(LeaseLostError, LeaseExpiredError):
            self.run(self.kept.commit(lease, [ContactSetAside(contact.contact_id, contact.sequence, self.now())]))
            self.witness.aside[contact.contact_id] = contact

    async def to_state(self, of: CampaignState, to: CampaignState) -> None:
        await self.kept.change_campaign_state(CAMPAIGN, allowed_from=[of], to=to)

    def accept(self, number: int, *, within: Duration, campaign_id: str = CAMPAIGN) -> None:
        expires_at = self.now() + within
        first = len(self.contacts)
        requests = [
            DialRequest(f"contact-{n}", f"t-{n}", number_of(f"contact-{n}"), expires_at, {})
            for n in range(first, first + number)
        ]
        self.run(self.kept.put_dial_requests(campaign_id, requests, at=self.now(), max_waiting=10_000))
        self.contacts |= {request.contact_id: expires_at for request in requests}

    def records(self) -> list[ContactRecord]:
        async def read() -> list[ContactRecord]:
            return [record async for chunk in self.kept.contacts() for record in chunk]

        return self.run(read())

    # --- people -------------------------------------------------------------------------------------------------------

    def everybody_comes(self) -> None:
        for agent_id in self.agents:
            self.presence.put_user_status(agent_id, AgentStatus.AVAILABLE)

    def restart(self) -> None:
        """Whoever dials is cancelled wherever it is, and begins anew."""
        self.run(self._cancel(self._owner_task))
        self._start_owner()
        self.settle()

    def restart_server(self) -> None:
        """Whoever dials is cancelled, and begins anew by a clock that begins at the wall clock's time."""
        self.run(self._cancel(self._owner_task))
        self.run(self._cancel(self._clock_task))
        self._start_server()

    async def _cancel(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def close(self) -> None:
        async def close() -> None:
            await self._cancel(self._owner_task)
            await self._cancel(self._clock_task)
            await self.kept.close()
            await self.loop.shutdown_default_executor()

        self.run(close())
        self.loop.close()


def _at_once(reading: Coroutine[Any, Any, T]) -> T:
    """What a store answers that has to wait for nobody, as for its point reads."""
    try:
        reading.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    raise AssertionError("the store had to wait")


def number_of(contact_id: str) -> str:
    return f"+1212555{int(contact_id.partition('-')[2]):04d}"
