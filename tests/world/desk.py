"""The agents of an instance: each says every second or so what it wants to be, unless it is silent. Who is busy with a
contact says only that it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from random import Random

from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.agent_keys import CODES
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.leg import LegState
from world.exchange import Exchange
from world.servers import Seat, Seats
from world.story import Story

KEYS = (*[keys for keys, _ in CODES], "1", "9", "*", "**5#")
MINDS = (AgentStatus.AVAILABLE, AgentStatus.AVAILABLE, AgentStatus.BREAK, AgentStatus.OFFLINE)


class Desk:
    """All of them."""

    def __init__(self, seats: Seats, exchange: Exchange, agents: Sequence[str], story: Story, random: Random) -> None:
        self._seats = seats
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
                self._somebody_presses_keys()
            busy = self._exchange.busy_agents
            speaking = [agent_id for agent_id in self._agents if loop.time() >= self._silent_until_s[agent_id]]
            for seat in self._seats():
                loop.call_soon(self._say, seat, speaking, busy, context=seat.process.context)
            await asyncio.sleep(1.0)

    def everybody_works(self) -> None:
        self.calm = True
        self._wants = dict.fromkeys(self._agents, AgentStatus.AVAILABLE)
        self._silent_until_s = dict.fromkeys(self._agents, 0.0)

    def _somebody_has_another_mind(self, now_s: float) -> None:
        random = self._random
        if random.random() < 0.05:
            agent_id, status = random.choice(self._agents), random.choice(MINDS)
            if status is not self._wants[agent_id]:
                self._wants[agent_id] = status
                self._story.tell("desk", f"{agent_id} wants to be {status}")
        if random.random() < 0.02:
            agent_id = random.choice(self._agents)
            self._silent_until_s[agent_id] = now_s + random.uniform(5.0, 60.0)
            self._story.tell("desk", f"{agent_id} is silent for a while")

    def _somebody_presses_keys(self) -> None:
        """One of those who are on the line, an agent or not, by habit or in error."""
        random, legs = self._random, [leg for leg in self._exchange.legs() if leg.state is LegState.UP]
        if legs and random.random() < 0.2:
            leg_id, keys = random.choice(legs).leg_id, random.choice(KEYS)
            self._story.tell("desk", f"somebody presses {keys} on {leg_id}")
            self._exchange.press(leg_id, keys)

    def _say(self, seat: Seat, speaking: Sequence[str], busy: frozenset[str]) -> None:
        """Whoever is no agent of the instance any more is told so."""
        for agent_id in speaking:
            with suppress(NotFoundError):
                if agent_id in busy:
                    seat.presence.confirm([agent_id])
                else:
                    seat.presence.put_user_status(agent_id, self._wants[agent_id])
