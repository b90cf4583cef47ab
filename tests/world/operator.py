"""Who runs the campaigns of an instance, one deed after the other, and remembers what was answered."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from trunkcall.domain.campaign import (
    AnswerMachineDetectionConfig,
    Campaign,
    CampaignState,
    DialerConfig,
    DialerType,
    OutboundCallConfig,
)
from trunkcall.domain.errors import (
    ConflictError,
    InvalidCampaignStateError,
    NotFoundError,
    StoreUnavailableError,
)
from trunkcall.domain.recording import ON, TAG
from world.servers import Server, Servers
from world.story import Story
from world.witness import Witness

WITH_AGENTS: Final = (DialerType.PROGRESSIVE, DialerType.PREDICTIVE)
WEIGHTS: Final = (0.0, 0.2, 0.3, 1.0, 1.0)
CAPACITIES: Final = (None, None, 0.2, 1.0)
NUMBERS: Final = ("+12025550100", "+12025550101")
"""That campaigns and queues show."""
DEEDS: Final = ("pause",) * 6 + ("resume",) * 8 + ("change",) * 8 + ("create",) + ("stop", "delete")


class Operator:
    """Creates, starts, pauses, resumes, changes, stops and deletes campaigns. ``campaigns`` are those that there are;
    new ones are added to it."""

    def __init__(
        self,
        servers: Servers,
        instance_id: str,
        flow_id: str,
        queue_ids: list[str],
        campaigns: list[Campaign],
        witness: Witness,
        story: Story,
        random: Random,
    ) -> None:
        self._servers = servers
        self._instance_id = instance_id
        self._flow_id = flow_id
        self._queue_ids = queue_ids
        self._campaigns = campaigns
        self._witness = witness
        self._story = story
        self._random = random
        self._over: set[str] = set()
        self._doubtful: set[str] = set()
        """Campaigns that somebody was asked to resume who never answered: they may run again at any time, even after
        others have answered."""

    async def run(self, until_s: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until_s:
            await asyncio.sleep(self._random.uniform(0.0, 16.0))
            deed = self._random.choice(DEEDS)
            if deed == "create":
                await self._create()
            else:
                await self.does(deed, self._random.choice(self._campaigns))

    def draw(self, name: str) -> tuple[DialerConfig, OutboundCallConfig]:
        """How a new campaign dials."""
        random = self._random
        kind = random.choice(list(DialerType))
        needs_agents = kind is not DialerType.AGENTLESS
        queue_id = random.choice(self._queue_ids) if needs_agents else None
        dialer = self._dialer(kind)
        shows = random.choice(NUMBERS) if queue_id is None or random.random() < 0.5 else None
        self._story.tell("operator", f"begins {name}: {_told(dialer)}, queue {queue_id}, shows {shows}")
        return dialer, OutboundCallConfig(self._flow_id, queue_id, shows, self._detection())

    def _dialer(self, kind: DialerType) -> DialerConfig:
        weight = self._random.choice(WEIGHTS) if kind is not DialerType.AGENTLESS else None
        return DialerConfig(kind, weight, self._random.choice(CAPACITIES))

    def _detection(self) -> AnswerMachineDetectionConfig:
        return AnswerMachineDetectionConfig(self._random.random() < 0.5, self._random.random() < 0.5)

    async def _create(self) -> None:
        """Asked again with the same words until there is an answer, for a while."""
        name = f"later-{len(self._campaigns)}"
        dialer, call = self.draw(name)
        for _ in range(4):
            server = self._random.choice(self._servers())
            try:
                campaign = await server.ask(
                    server.campaigns.create_campaign(
                        name=name, instance_id=self._instance_id, dialer=dialer, outbound_call=call, tags={TAG: ON}
                    )
                )
            except StoreUnavailableError:
                self._story.tell("operator", f"has no answer to create {name}")
            except (NotFoundError, ConflictError) as error:
                # Its queue may be gone just then; or a former one was created after all.
                self._story.tell("operator", f"cannot create {name}: {type(error).__name__}")
                return
            else:
                self._story.tell("operator", f"has {server.name} create {name} as {campaign.campaign_id}")
                self._campaigns.append(campaign)
                await self.does("start", campaign)
                return

    async def have_it_run(self, campaign: Campaign, state: CampaignState) -> None:
        """Start or resume it, if it is in a state in which it does not run and may."""
        deeds = {CampaignState.INITIALIZED: "start", CampaignState.PAUSED: "resume"}
        if state in deeds:
            await self.does(deeds[state], campaign)

    async def does(self, deed: str, campaign: Campaign) -> bool:
        """Whether the deed is done, or there is nothing to do."""
        server = self._random.choice(self._servers())
        campaign_id, use_cases = campaign.campaign_id, server.campaigns
        if deed == "resume" and campaign_id not in self._over:
            self._witness.closed.pop(campaign_id, None)
        try:
            match deed:
                case "start":
                    await server.ask(use_cases.start_campaign(campaign_id))
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
            if deed == "resume":
                self._doubtful.add(campaign_id)
            return False
        except (InvalidCampaignStateError, NotFoundError, ConflictError) as error:
            self._story.tell("operator", f"cannot {deed} {campaign_id}: {type(error).__name__}")
            return True
        self._story.tell("operator", f"has {server.name} {deed} {campaign_id}")
        self._is_answered(deed, campaign_id)
        return True

    def _is_answered(self, deed: str, campaign_id: str) -> None:
        if deed in ("stop", "delete"):
            self._over.add(campaign_id)
        if campaign_id in self._over or (deed == "pause" and campaign_id not in self._doubtful):
            self._witness.closed[campaign_id] = deed

    async def _change(self, server: Server, campaign: Campaign) -> None:
        if self._random.random() < 0.3:
            await server.ask(
                server.campaigns.update_campaign_outbound_call_config(
                    campaign.campaign_id, answer_machine_detection=self._detection()
                )
            )
        else:
            kind = campaign.dialer.dialer_type
            await self.has_it_dial(
                server, campaign, self._dialer(self._random.choice(WITH_AGENTS) if kind in WITH_AGENTS else kind)
            )

    async def has_it_dial(self, server: Server, campaign: Campaign, dialer: DialerConfig) -> None:
        self._story.tell("operator", f"wants {campaign.campaign_id} to be dialed: {_told(dialer)}")
        await server.ask(server.campaigns.update_campaign_dialer_config(campaign.campaign_id, dialer))


def _told(dialer: DialerConfig) -> str:
    return f"{dialer.dialer_type}, weight {dialer.bandwidth_allocation}, capacity {dialer.dialing_capacity}"
