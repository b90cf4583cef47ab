"""A world from one seed: what is in it, what happens in it, and what must have come of it in the end.

A safety phase in which everything happens that can, and a liveness phase in which nothing goes wrong any more and
everything that was accepted has to end.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from random import Random

from engine.invariants import check
from service.support import BEGUN_AT, SCOPE
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.domain.agent import STAFFED_STATES
from trunkcall.domain.campaign import (
    AnswerMachineDetectionConfig,
    Campaign,
    CampaignState,
    DialerConfig,
    DialerType,
    OutboundCallConfig,
)
from trunkcall.domain.contact import ContactRecord, ContactState, Disposition
from trunkcall.domain.directory import Agent, Fact, Queue, RoutingProfile
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.config import EngineConfig
from trunkcall.service.installation import first_installation
from trunkcall.storage.memory import MemoryStore
from world.exchange import Exchange
from world.faults import NONE, Faults
from world.loop import Process, SeededLoop
from world.manager import Manager
from world.people import Client, Desk, Operator
from world.servers import Server, Surroundings
from world.story import Story
from world.trouble import Trouble
from world.witness import Witness, at_once

ENDS_WITHIN_S = 3600.0
"""How long everything may take to end once nothing goes wrong any more."""


def live_through(seed: int, faults: Faults | None = None) -> Story:
    """The story of this seed's world. ``faults`` are those that it has; None for the seed to decide."""
    random = Random(seed)
    loop = SeededLoop(Random(random.random()), reach=random.choice((1, 2, 4, 16)))
    try:
        drawn = Faults.drawn(random)
        world = World(seed, random, loop, drawn if faults is None else faults)
        loop.run_until_complete(world.live())
    finally:
        loop.close()
    return world.story


class World:
    def __init__(self, seed: int, random: Random, loop: SeededLoop, faults: Faults) -> None:
        self._random = random
        self._loop = loop
        self._faults = faults
        self._seed = seed
        self._ids = (f"id-{number:05d}" for number in itertools.count())
        self._servers: list[Server] = []
        """Those that clients find."""
        self._begun: list[Server] = []
        """Those and all that were killed."""
        self._names = (f"host:{number}" for number in itertools.count(1))
        self.story = Story(seed, loop.time)

    def _now(self) -> Instant:
        return BEGUN_AT + round(self._loop.time() * SECOND)

    def _new_id(self) -> str:
        return next(self._ids)

    def _stream(self) -> Random:
        """Randomness of its own for each part, so that one that is changed leaves the others as they were."""
        return Random(self._random.random())

    # --- its phases ---------------------------------------------------------------------------------------------------

    async def live(self) -> None:
        story, random = self.story, self._random
        story.tell("seed", f"{self._seed}: {self._faults}")
        await self._found()
        until_s = random.uniform(60.0, 400.0)
        trouble = Trouble(self._servers, self._exchange, self._begin_server, story, self._stream())
        for server in self._servers:
            trouble.follows(server)
        troubling = asyncio.create_task(trouble.run(self._faults))
        desk = asyncio.create_task(self._desk.run())
        watch = asyncio.create_task(self._watch())
        parts = [self._operator.run(until_s), self._manager.run(until_s), *(c.run(until_s) for c in self._clients)]
        working = [asyncio.create_task(part) for part in parts]
        while not story.wrong and not all(task.done() for task in working):
            await asyncio.wait(working, timeout=5.0, return_when=asyncio.FIRST_EXCEPTION)
        troubling.cancel()
        if not story.wrong:
            for task in working:
                task.result()
            trouble.is_over()
            await self._calm()
        for task in (desk, watch):
            if task.done():
                task.result()
        if not story.wrong:
            self._judge(await self._records())
        story.tell("seed", "is over")
        await self._bury()

    async def _found(self) -> None:
        random = self._random
        self._kept = MemoryStore(self._now)
        first = first_installation(
            now=self._now(),
            new_id=self._new_id,
            access_key_id="AKIA",
            secret="s",
            policy=ALL_ACTIONS_POLICY,
            seal=lambda secret, key: secret.encode(),
        )
        directory = first.directory
        self._instance_id = directory.instance.instance_id
        await self._kept.create_instance(directory)
        queues = [*directory.queues.values(), Queue("service", "service", "+12025550100")]
        ids = [queue.queue_id for queue in queues]
        profiles = [
            RoutingProfile(f"profile-{n}", f"profile-{n}", tuple(served))
            for n, served in enumerate((ids, ids[:1], ids[1:]))
        ]
        names = [f"agent-{n}" for n in range(random.randint(2, 6))]
        agents = [Agent(name, name, random.choice(profiles[:1] * 3 + profiles).routing_profile_id) for name in names]
        agents[0] = Agent(names[0], names[0], profiles[0].routing_profile_id)
        facts: list[Fact] = [*queues, *profiles, *agents]
        await self._kept.put_facts(self._instance_id, facts)
        self._witness = Witness(self.story, self._kept, self._instance_id)
        self._exchange = Exchange(
            Process(self._loop, "carrier"),
            wall=lambda: self._now() * 1000,
            seconds=self._loop.time,
            seed=self._seed,
            witness=self._witness,
            story=self.story,
            random=self._stream(),
        )
        self._exchange.faults = self._faults
        await self._exchange.open()
        self._around = Surroundings(
            loop=self._loop,
            story=self.story,
            random=self._stream(),
            kept=self._kept,
            keeper=Process(self._loop, "store"),
            exchange=self._exchange,
            witness=self._witness,
            instance_id=self._instance_id,
            new_id=self._new_id,
            config=EngineConfig(
                trunks=(Trunk("default", "local", random.choice((4, 1000)), random.choice((0.5, 2.0, 50.0))),),
                window_size=random.choice((3, 10, 2000)),
            ),
            wall=lambda: self._now() * 1000,
        )
        flow = next(iter(directory.contact_flows))
        self._campaigns = [await self._open_campaign(n, flow, ids) for n in range(random.randint(1, 5))]
        self._servers.extend(self._begin_server() for _ in range(random.choice((1, 2))))
        self._people(names)
        self._manager = Manager(self._kept, self._instance_id, facts, self._now, self.story, self._stream())

    async def _open_campaign(self, number: int, flow_id: str, queue_ids: list[str]) -> Campaign:
        random = self._random
        kind = random.choice(list(DialerType))
        needs_agents = kind is not DialerType.AGENTLESS
        detection = AnswerMachineDetectionConfig(random.random() < 0.5, random.random() < 0.5)
        name = f"campaign-{number}"
        campaign = Campaign(
            campaign_id=name,
            arn=SCOPE.campaign_arn(name),
            instance_id=self._instance_id,
            name=name,
            dialer=DialerConfig(kind, random.choice((0.3, 1.0)) if needs_agents else None, random.choice((None, 0.2))),
            outbound_call=OutboundCallConfig(
                flow_id, random.choice(queue_ids) if needs_agents else None, "+12025550100", detection
            ),
            state=CampaignState.INITIALIZED,
            created_at=self._now(),
        )
        await self._kept.create_campaign(campaign)
        self.story.tell("operator", f"begins {name}, {kind}, detection {detection.enabled}")
        return await self._kept.change_campaign_state(
            name, allowed_from=[CampaignState.INITIALIZED], to=CampaignState.RUNNING
        )

    def _people(self, agents: list[str]) -> None:
        ids = [campaign.campaign_id for campaign in self._campaigns]
        self._clients = [
            Client(f"client-{n}", lambda: self._servers, ids, self.story, self._stream())
            for n in range(self._random.randint(1, 3))
        ]
        self._operator = Operator(lambda: self._servers, self._campaigns, self._witness, self.story, self._stream())
        self._desk = Desk(lambda: self._servers, self._exchange, agents, self.story, self._stream())

    def _begin_server(self) -> Server:
        server = Server(self._around, next(self._names), self._faults)
        self._begun.append(server)
        return server

    async def _watch(self) -> None:
        """Look at every engine now and then."""
        while True:
            await asyncio.sleep(2.5)
            for server in self._servers:
                trouble = server.current.trouble
                if trouble is not None and trouble.startswith("unforeseen"):
                    self.story.accuse(f"{server.name}: {trouble}")
                if server.dials and server.current.engine is not None and not server.process.stopped:
                    try:
                        check(server.current.engine, server.current.engine.details())
                    except AssertionError as error:
                        self.story.accuse(f"{server.name}: {error}")
                        return

    # --- the liveness phase -------------------------------------------------------------------------------------------

    async def _calm(self) -> None:
        """Nothing goes wrong any more, everybody works, and every campaign is dialed or over."""
        self.story.tell("seed", "nothing goes wrong any more")
        self._exchange.faults = NONE
        for server in self._begun:
            server.suffers(NONE)
        self._desk.everybody_works()
        await self._manager.all_is_well()
        until_s = self._loop.time() + ENDS_WITHIN_S
        while self._loop.time() < until_s and not self.story.wrong:
            for campaign in self._campaigns:
                await self._operator.does("resume", campaign)
            await asyncio.sleep(20.0)
            if await self._is_done():
                return
        if not self.story.wrong:
            left = [record for record in await self._records() if record.state is not ContactState.ENDED]
            states = Counter(record.state for record in left)
            self.story.accuse(
                f"not everything ends: {dict(states)}, {len(self._exchange.legs())} legs", *(r.contact_id for r in left)
            )

    async def _is_done(self) -> bool:
        if self._exchange.legs() or self._exchange.busy_agents:
            return False
        engines = [server.current.engine for server in self._servers if server.dials]
        if len(engines) != 1 or engines[0] is None:
            return False
        details = engines[0].details()
        if details.legs or any(agent.contact_id or not agent.heard for agent in details.agents.values()):
            return False
        return all(record.state is ContactState.ENDED for record in await self._records())

    async def _records(self) -> list[ContactRecord]:
        return [record async for chunk in self._kept.contacts() for record in chunk]

    # --- what must have come of it ------------------------------------------------------------------------------------

    def _judge(self, records: list[ContactRecord]) -> None:
        accuse = self.story.accuse
        by_id = {record.contact_id: record for record in records}
        for client in self._clients:
            for (campaign_id, token), contact_id in client.accepted.items():
                record = by_id.get(contact_id)
                if record is None or (record.campaign_id, record.client_token) != (campaign_id, token):
                    accuse("an accepted request is on no record", contact_id)
        for record in records:
            self._judge_record(record)
        self._judge_sums(records)
        dialing = [server for server in self._servers if server.dials]
        if len(dialing) != 1:
            accuse(f"{len(dialing)} servers dial")
        for server in dialing:
            self._judge_engine(server)

    def _judge_record(self, record: ContactRecord) -> None:
        accuse, contact_id = self.story.accuse, record.contact_id
        dialed = self._witness.originates[contact_id]
        if dialed and not record.attempts:
            accuse("somebody was dialed, and the record does not tell", contact_id)
        if not dialed and record.attempts and record.disposition is not Disposition.ATTEMPT_FAILED:
            accuse(f"a record tells of {record.disposition}, and nobody was dialed", contact_id)
        if (record.connected_to_agent_at is not None) != (record.disposition is Disposition.CONNECTED_TO_AGENT):
            accuse("a talk ended as if there had been none", contact_id)
        if record.disposition is Disposition.EXPIRED:
            campaign = next(each for each in self._campaigns if each.campaign_id == record.campaign_id)
            over = campaign.campaign_id in self._witness.closed
            assert record.ended_at is not None
            if not over and record.ended_at < record.expires_at:
                # A stop that nobody had an answer to may have been carried out all the same.
                if self._over(campaign.campaign_id):
                    return
                accuse("somebody expired before the time", contact_id)

    def _over(self, campaign_id: str) -> bool:
        campaign = at_once(self._kept.campaign(campaign_id))
        return campaign is None or campaign.state is not CampaignState.RUNNING

    def _judge_sums(self, records: list[ContactRecord]) -> None:
        ids = [campaign.campaign_id for campaign in self._campaigns]
        for campaign_id, counts in at_once(self._kept.contact_counts(ids)).items():
            of_campaign = [record for record in records if record.campaign_id == campaign_id]
            if counts.accepted != len(of_campaign) or counts.in_progress or counts.waiting or counts.set_aside:
                self.story.accuse(f"counts of {campaign_id} do not add up: {counts}")
            live, abandoned = at_once(self._kept.ledger_sum(campaign_id, since=0))
            if abandoned != sum(record.abandoned for record in of_campaign):
                self.story.accuse(f"the ledger of {campaign_id} has {abandoned} abandonments, which no records tell of")
            if live < abandoned:
                self.story.accuse(f"the ledger of {campaign_id} has more abandonments than live answers")
        if at_once(self._kept.quarantined_count()):
            self.story.accuse("a contact was set aside")

    def _judge_engine(self, server: Server) -> None:
        engine = server.current.engine
        assert engine is not None
        details = engine.details()
        if details.contacts or details.legs:
            self.story.accuse(
                f"{server.name} has {len(details.contacts)} contacts and {len(details.legs)} legs in the end",
                *details.contacts,
                *details.legs,
            )
        for agent in details.agents.values():
            if agent.state not in STAFFED_STATES or agent.contact_id or agent.kept_for or not agent.heard:
                self.story.accuse(f"{agent.agent_id} is {agent.state} in the end, and not free", agent.agent_id)

    # --- its end ------------------------------------------------------------------------------------------------------

    async def _bury(self) -> None:
        """Nothing of it goes on, and nothing is left for the garbage collector to bring to life."""
        for server in self._begun:
            server.process.killed = True
            server.line.cut()
            server.process.go_on()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
