"""Who uses a world: clients that put dial requests, an operator who runs the campaigns, and agents.

They are told nothing but answers. What they were answered the witness holds the world to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random

from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import AnswerMachineDetectionConfig, Campaign, DialerConfig, DialerType
from trunkcall.domain.errors import (
    ConflictError,
    InvalidCampaignStateError,
    NotFoundError,
    StoreUnavailableError,
)
from trunkcall.domain.instants import SECOND
from trunkcall.service.dial_requests import AcceptedItem, DialRequestItem
from world.exchange import Exchange
from world.servers import Server
from world.story import Story
from world.witness import Witness

Servers = Callable[[], Sequence[Server]]
"""Those that were not killed; one at least."""


class Client:
    """Puts dial requests, some of them again and again until there is an answer, and some of them late."""

    def __init__(self, name: str, servers: Servers, campaigns: list[str], story: Story, random: Random) -> None:
        self._name = name
        self._servers = servers
        self._campaigns = campaigns
        self._story = story
        self._random = random
        self.accepted: dict[tuple[str, str], str] = {}
        """Contact ids, by campaign and client token."""
        self._batches = 0

    async def run(self, until_s: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until_s:
            await self._put()
            await asyncio.sleep(self._random.uniform(0.0, 30.0))

    async def _put(self) -> None:
        random = self._random
        campaign_id = random.choice(self._campaigns)
        self._batches += 1
        tokens = [f"{self._name}-{self._batches}-{n}" for n in range(random.randint(1, 9))]
        again = [token for of, token in self.accepted if of == campaign_id]
        if again and random.random() < 0.3:
            tokens.append(random.choice(again))
        for _ in range(random.choice((1, 1, 2, 4))):
            try:
                await self._submit(campaign_id, tokens)
            except (InvalidCampaignStateError, NotFoundError) as error:
                self._story.tell(self._name, f"is refused by {campaign_id}: {type(error).__name__}")
                return
            except StoreUnavailableError:
                self._story.tell(self._name, "has no answer, and asks again")
                await asyncio.sleep(random.uniform(0.0, 3.0))

    async def _submit(self, campaign_id: str, tokens: Sequence[str]) -> None:
        random, server = self._random, self._random.choice(self._servers())
        now = server.clock.now()
        items = [
            DialRequestItem(token, "+12125550100", now + random.choice((20, 120, 86_400, 86_400, 86_400)) * SECOND, {})
            for token in tokens
        ]
        results = await server.ask(server.dial_requests.put_dial_request_batch(campaign_id, items))
        self._story.tell(self._name, f"has {len(tokens)} accepted by {campaign_id}: {' '.join(tokens)}")
        new: list[str] = []
        for result in results:
            if not isinstance(result, AcceptedItem):
                self._story.accuse(f"a request is refused: {result.refusal.message}")
                continue
            known = self.accepted.setdefault((campaign_id, result.client_token), result.contact_id)
            if known != result.contact_id:
                self._story.accuse("a token has two contacts", known, result.contact_id)
            elif not result.known:
                new.append(result.contact_id)
        if new and random.random() < 0.25:
            due_at = now + random.randint(1, 120) * SECOND
            with suppress(NotFoundError):
                moved = await server.ask(server.dial_requests.change_due(campaign_id, new, due_at))
                self._story.tell(self._name, f"has {moved} of them wait: {' '.join(new)}")


class Operator:
    """Pauses, resumes, changes, stops and deletes campaigns, one deed after the other."""

    def __init__(
        self, servers: Servers, campaigns: Sequence[Campaign], witness: Witness, story: Story, random: Random
    ) -> None:
        self._servers = servers
        self._campaigns = campaigns
        self._witness = witness
        self._story = story
        self._random = random
        self._over: set[str] = set()
        self._doubtful: set[str] = set()
        """Campaigns that somebody was asked to resume who never answered: they may run again at any time."""

    async def run(self, until_s: float) -> None:
        loop = asyncio.get_running_loop()
        deeds = ("pause",) * 6 + ("resume",) * 8 + ("change",) * 4 + ("stop", "delete")
        while loop.time() < until_s:
            await asyncio.sleep(self._random.uniform(0.0, 16.0))
            campaign = self._random.choice(self._campaigns)
            await self.does(self._random.choice(deeds), campaign)

    async def does(self, deed: str, campaign: Campaign) -> bool:
        """Whether the deed is done, or there is nothing to do."""
        server = self._random.choice(self._servers())
        campaign_id = campaign.campaign_id
        use_cases = server.campaigns
        if deed == "resume":
            self._doubtful.add(campaign_id)
            if campaign_id not in self._over:
                self._witness.closed.pop(campaign_id, None)
        try:
            match deed:
                case "pause":
                    await server.ask(use_cases.pause_campaign(campaign_id))
                case "resume":
                    await server.ask(use_cases.resume_campaign(campaign_id))
                case "stop":
                    await server.ask(use_cases.stop_campaign(campaign_id))
                case "delete":
                    await server.ask(use_cases.delete_campaign(campaign_id))
                case _:
                    await self._change(server, campaign)
        except StoreUnavailableError:
            self._story.tell("operator", f"has no answer to {deed} of {campaign_id}")
            return False
        except (InvalidCampaignStateError, NotFoundError, ConflictError) as error:
            if deed == "resume":
                self._doubtful.discard(campaign_id)
            self._story.tell("operator", f"cannot {deed} {campaign_id}: {type(error).__name__}")
            return True
        self._story.tell("operator", f"has {server.name} {deed} {campaign_id}")
        self._is_answered(deed, campaign_id)
        return True

    def _is_answered(self, deed: str, campaign_id: str) -> None:
        if deed == "resume":
            self._doubtful.discard(campaign_id)
        if deed in ("stop", "delete"):
            self._over.add(campaign_id)
        if campaign_id in self._over or (deed == "pause" and campaign_id not in self._doubtful):
            self._witness.closed[campaign_id] = deed

    async def _change(self, server: Server, campaign: Campaign) -> None:
        random, use_cases = self._random, server.campaigns
        if random.random() < 0.5:
            detection = AnswerMachineDetectionConfig(random.random() < 0.5, random.random() < 0.5)
            await server.ask(
                use_cases.update_campaign_outbound_call_config(campaign.campaign_id, answer_machine_detection=detection)
            )
        elif campaign.dialer.needs_agents:
            kind = random.choice((DialerType.PROGRESSIVE, DialerType.PREDICTIVE))
            dialer = DialerConfig(kind, random.choice((0.3, 1.0)))
            await server.ask(use_cases.update_campaign_dialer_config(campaign.campaign_id, dialer))


class Desk:
    """The agents: each says every second or so what it wants to be, unless it is silent. Who is busy with a contact
    says only that it is there."""

    def __init__(
        self, servers: Servers, exchange: Exchange, agents: Sequence[str], story: Story, random: Random
    ) -> None:
        self._servers = servers
        self._exchange = exchange
        self._agents = agents
        self._story = story
        self._random = random
        self._wants = dict.fromkeys(agents, AgentStatus.AVAILABLE)
        self._silent_until_s = dict.fromkeys(agents, 0.0)
        self.calm = False
        """Whether everybody works and nobody is silent."""

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self.calm:
                self._somebody_has_another_mind(loop.time())
            busy = self._exchange.busy_agents
            for agent_id in self._agents:
                if loop.time() >= self._silent_until_s[agent_id]:
                    for server in self._servers():
                        loop.call_soon(self._say, server, agent_id, agent_id in busy, context=server.process.context)
            await asyncio.sleep(1.0)

    def everybody_works(self) -> None:
        self.calm = True
        self._wants = dict.fromkeys(self._agents, AgentStatus.AVAILABLE)
        self._silent_until_s = dict.fromkeys(self._agents, 0.0)

    def _somebody_has_another_mind(self, now_s: float) -> None:
        random = self._random
        if random.random() < 0.05:
            agent_id = random.choice(self._agents)
            status = random.choice(
                (AgentStatus.AVAILABLE, AgentStatus.AVAILABLE, AgentStatus.BREAK, AgentStatus.OFFLINE)
            )
            if status is not self._wants[agent_id]:
                self._wants[agent_id] = status
                self._story.tell("desk", f"{agent_id} wants to be {status}")
        if random.random() < 0.02:
            agent_id = random.choice(self._agents)
            self._silent_until_s[agent_id] = now_s + random.uniform(5.0, 60.0)
            self._story.tell("desk", f"{agent_id} is silent for a while")

    def _say(self, server: Server, agent_id: str, busy: bool) -> None:
        """Whoever is no agent of the instance any more is told so."""
        with suppress(NotFoundError):
            if busy:
                server.presence.confirm([agent_id])
            else:
                server.presence.put_user_status(agent_id, self._wants[agent_id])
