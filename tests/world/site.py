"""One instance of a world: its facts, its carrier, its campaigns, and the people who use it."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from service.support import BEGUN_AT, SCOPE
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.directory import Directory, Fact
from trunkcall.domain.identifiers import NewId
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, alike
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import Agent, PhoneConfig
from trunkcall.engine.config import EngineConfig
from trunkcall.service.installation import first_installation
from trunkcall.storage.memory import MemoryStore
from world.clients import Client
from world.clocks import MOST_APART_S
from world.desk import Desk
from world.exchange import Exchange
from world.faults import Faults
from world.limits import Limits
from world.loop import Process, SeededLoop
from world.manager import Manager
from world.operator import NUMBERS, Operator
from world.regulator import Regulator
from world.servers import Place, Seats, Servers
from world.story import Story
from world.witness import Witness

MANY_CHANNELS = 1000
MANY_ATTEMPTS_PER_S = 50.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What all instances of a world stand on."""

    loop: SeededLoop
    story: Story
    random: Random
    kept: MemoryStore
    new_id: NewId
    faults: Faults

    def now(self) -> Instant:
        return BEGUN_AT + round(self.loop.time() * SECOND)

    def stream(self) -> Random:
        """Randomness of its own for each part, so that one that is changed leaves the others as they were."""
        return Random(self.random.random())


class Site:
    """One instance. ``number`` tells it from the others."""

    def __init__(self, ground: Ground, number: int) -> None:
        self._ground = ground
        self._number = number
        self.kept = ground.kept
        self.now = ground.now
        self.clients: list[Client] = []
        self.campaigns: list[Campaign] = []
        """As they were begun, those that are over included."""

    async def found(self) -> Place:
        """Set it up, without campaigns; what servers have to know of it."""
        ground, random = self._ground, self._ground.stream()
        directory = await self._install()
        self._instance = directory.instance
        instance_id = self.instance_id = directory.instance.instance_id
        self._flow_id = next(iter(directory.contact_flows))
        queues = [*directory.queues.values(), Queue(f"service-{self._number}", "service", NUMBERS[1])]
        self._queue_ids = [queue.queue_id for queue in queues]
        self._facts, self._agents = self._draw_facts(queues, random)
        await ground.kept.put_facts(instance_id, self._facts)
        config = EngineConfig(trunks=_draw_trunks(random), window_size=random.choice((3, 10, 2000)))
        ground.story.tell("seed", f"instance {instance_id}: {config.trunks}, window {config.window_size}")
        # What a campaign may have at least, whichever trunks may show its number.
        self.channels = min(trunk.channels for trunk in config.trunks)
        self.attempts_per_s = min(trunk.attempts_per_s for trunk in config.trunks)
        differ = ground.faults.clocks_are_off or ground.faults.clocks_drift
        limits = Limits(ground.kept, config, ground.story)
        self.witness = Witness(
            ground.story,
            ground.kept,
            instance_id,
            limits,
            clocks_differ=round(MOST_APART_S * SECOND) if differ else 0,
        )
        self.exchange = Exchange(
            Process(ground.loop, "carrier"),
            wall=lambda: ground.now() * 1000,
            seconds=ground.loop.time,
            seed=random.randrange(1 << 32),
            hosts=tuple(dict.fromkeys(trunk.host for trunk in config.trunks)),
            faults=ground.faults,
            witness=self.witness,
            story=ground.story,
            random=ground.stream(),
        )
        await self.exchange.open()
        return Place(instance_id, self.exchange, limits, config)

    async def _install(self) -> Directory:
        ground = self._ground
        first = first_installation(
            now=ground.now(),
            new_id=ground.new_id,
            access_key_id="AKIA",
            secret="s",
            policy=ALL_ACTIONS_POLICY,
            seal=lambda secret, key: secret.encode(),
        )
        await ground.kept.create_instance(first.directory)
        return first.directory

    def _draw_facts(self, queues: Sequence[Queue], random: Random) -> tuple[list[Fact], list[str]]:
        """Queues, profiles and agents, some of whom serve one queue and some both; and the ids of the agents."""
        ids = [queue.queue_id for queue in queues]
        profiles = [
            RoutingProfile(f"profile-{self._number}-{n}", f"profile-{n}", alike(served))
            for n, served in enumerate((ids, ids[:1], ids[1:]))
        ]
        names = [f"agent-{self._number}-{n}" for n in range(random.randint(2, 6))]
        each_time, stays = PhoneConfig(), PhoneConfig(persistent_connection=True)
        agents = [
            Agent(
                name,
                name,
                random.choice(profiles[:1] * 3 + profiles).routing_profile_id,
                phone=random.choice((each_time, stays)),
            )
            for name in names
        ]
        agents[0] = replace(agents[0], routing_profile_id=profiles[0].routing_profile_id)
        number = PhoneNumber(f"number-{self._number}", NUMBERS[1])
        return [number, *queues, *profiles, *agents], names

    def agents_of(self, queue_id: str | None) -> int:
        """How many serve this queue when all is well; as many as may be for none, which needs nobody."""
        if queue_id is None:
            return 1000
        directory = Directory.of(self._instance, self._facts)
        return sum(queue_id in directory.queues_of(agent) for agent in directory.agents.values())

    @property
    def is_narrow(self) -> bool:
        """Whether lines or attempts per second are scarce."""
        return self.channels < MANY_CHANNELS or self.attempts_per_s < MANY_ATTEMPTS_PER_S

    async def people(self, servers: Servers, seats: Seats) -> None:
        """Whoever uses it, and its first campaigns."""
        ground, campaigns, witness, story = self._ground, self.campaigns, self.witness, self._ground.story
        random = ground.stream()
        instance_id = self.instance_id
        self.operator = Operator(
            servers, instance_id, self._flow_id, self._queue_ids, campaigns, witness, story, ground.stream()
        )
        for number in range(random.choice((1, 2, 3, 4, 5, 8))):
            campaigns.append(await self._begin_campaign(f"campaign-{self._number}-{number}"))
        numbers = [f"+1212555{self._number}{each:03}" for each in range(40)]
        most = 9 if self.channels > 2 else 3
        self.clients = [
            Client(
                f"client-{self._number}-{n}",
                instance_id,
                servers,
                campaigns,
                numbers,
                most,
                witness,
                story,
                ground.stream(),
            )
            for n in range(random.randint(1, 3))
        ]
        self.desk = Desk(seats, self.exchange, self._agents, story, ground.stream())
        self.manager = Manager(ground.kept, instance_id, self._facts, ground.now, story, ground.stream())
        self.regulator = Regulator(ground.kept, instance_id, numbers, ground.now, story, ground.stream())
        witness.regulator = self.regulator

    def work(self, until_s: float) -> Iterator[Coroutine[None, None, None]]:
        """What its people do until then."""
        yield self.operator.run(until_s)
        yield self.manager.run(until_s)
        yield self.regulator.run(until_s)
        yield from (client.run(until_s) for client in self.clients)

    async def _begin_campaign(self, name: str) -> Campaign:
        dialer, call = self.operator.draw(name)
        kept = self._ground.kept
        campaign = Campaign(
            campaign_id=name,
            arn=SCOPE.campaign_arn(name),
            instance_id=self.instance_id,
            name=name,
            dialer=dialer,
            outbound_call=call,
            state=CampaignState.INITIALIZED,
            created_at=self._ground.now(),
        )
        await kept.create_campaign(campaign)
        return await kept.change_campaign_state(
            name, allowed_from=[CampaignState.INITIALIZED], to=CampaignState.RUNNING
        )


def _draw_trunks(random: Random) -> tuple[Trunk, ...]:
    """One or several, on one host or several; whatever a campaign shows, one of them may show it."""
    hosts = random.choice((("local",), ("local",), ("east", "west"), ("east", "west", "east"), ("local", "local")))
    numbers = random.choice(((), (), NUMBERS, NUMBERS[:1]))
    return tuple(
        Trunk(
            f"trunk-{n}",
            host,
            random.choice((1, 2, 4, MANY_CHANNELS, MANY_CHANNELS)),
            random.choice((0.5, 2.0, MANY_ATTEMPTS_PER_S)),
            numbers if n else (),
        )
        for n, host in enumerate(hosts)
    )
