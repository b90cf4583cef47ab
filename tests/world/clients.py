"""Those who put dial requests into a world. They are told nothing but answers, and remember them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from random import Random

from trunkcall.domain.campaign import Campaign
from trunkcall.domain.contact import ContactState
from trunkcall.domain.errors import InvalidCampaignStateError, NotFoundError, StoreUnavailableError
from trunkcall.domain.instants import SECOND
from trunkcall.service.dial_requests import AcceptedItem, DialRequestItem
from world.regulator import ZONE, ZONES
from world.servers import Servers
from world.story import Story
from world.witness import Witness

DAY_S = 86_400


class Client:
    """Puts dial requests, some of them again and again until there is an answer, some of them late, and has people be
    forgotten. ``campaigns`` are those that there are, new ones included; ``numbers`` are few, so that who is to be
    forgotten has several contacts. ``most`` are put at once."""

    def __init__(
        self,
        name: str,
        instance_id: str,
        servers: Servers,
        campaigns: Sequence[Campaign],
        numbers: Sequence[str],
        most: int,
        witness: Witness,
        story: Story,
        random: Random,
    ) -> None:
        self._name = name
        self._instance_id = instance_id
        self._servers = servers
        self._campaigns = campaigns
        self._numbers = numbers
        self._most = most
        self._witness = witness
        self._story = story
        self._random = random
        self.accepted: dict[tuple[str, str], str] = {}
        """Contact ids, by campaign and client token."""
        self._batches = 0

    async def run(self, until_s: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until_s:
            if self._random.random() < 0.08:
                await self._forget()
            else:
                await self._put()
            await asyncio.sleep(self._random.uniform(0.0, 30.0))

    async def _put(self) -> None:
        random = self._random
        campaign_id = random.choice(self._campaigns).campaign_id
        tokens = self._new_tokens(random.randint(1, self._most))
        again = [token for of, token in self.accepted if of == campaign_id]
        if again and random.random() < 0.3:
            tokens.append(random.choice(again))
        for _ in range(random.choice((1, 1, 2, 4))):
            try:
                new = await self._submit(campaign_id, tokens, (20, 120, DAY_S, DAY_S, DAY_S))
                if new and random.random() < 0.25:
                    await self._postpone(campaign_id, new)
            except (InvalidCampaignStateError, NotFoundError) as error:
                self._story.tell(self._name, f"is refused by {campaign_id}: {type(error).__name__}")
                return
            except StoreUnavailableError:
                self._story.tell(self._name, "has no answer, and asks again")
                await asyncio.sleep(random.uniform(0.0, 3.0))

    async def feed(self, campaign_id: str, number: int) -> None:
        """Have so many people more wait in this campaign, if it runs and there is an answer."""
        with suppress(InvalidCampaignStateError, NotFoundError, StoreUnavailableError):
            await self._submit(campaign_id, self._new_tokens(number), (DAY_S,))

    def _new_tokens(self, number: int) -> list[str]:
        self._batches += 1
        return [f"{self._name}-{self._batches}-{n}" for n in range(number)]

    async def _submit(self, campaign_id: str, tokens: Sequence[str], within_s: Sequence[int]) -> list[str]:
        """The ids of those who are new."""
        random, server = self._random, self._random.choice(self._servers())
        now = server.now_of(self._instance_id)
        items = [
            DialRequestItem(
                token, random.choice(self._numbers), now + random.choice(within_s) * SECOND, self._somewhere()
            )
            for token in tokens
        ]
        results = await server.ask(server.dial_requests.put_dial_request_batch(campaign_id, items))
        accepted = [result.contact_id for result in results if isinstance(result, AcceptedItem)]
        self._story.tell(self._name, f"has {len(tokens)} accepted by {campaign_id}: {' '.join(accepted)}")
        new: list[str] = []
        refusable = self._witness.regulator.may_be_refused if self._witness.regulator is not None else ()
        for item, result in zip(items, results, strict=True):
            if not isinstance(result, AcceptedItem):
                if item.phone_number in refusable:
                    continue
                self._story.accuse(f"a request is refused: {result.refusal.message}")
                continue
            known = self.accepted.setdefault((campaign_id, result.client_token), result.contact_id)
            if known != result.contact_id:
                self._story.accuse("a token has two contacts", known, result.contact_id)
            elif not result.known:
                new.append(result.contact_id)
        return new

    def _somewhere(self) -> Mapping[str, str]:
        """Attributes of somebody who may be said to be elsewhere."""
        return {ZONE: self._random.choice(ZONES)} if self._random.random() < 0.3 else {}

    async def _postpone(self, campaign_id: str, contact_ids: Sequence[str]) -> None:
        server = self._random.choice(self._servers())
        due_at = server.now_of(self._instance_id) + self._random.randint(1, 120) * SECOND
        moved = await server.ask(server.dial_requests.change_due(campaign_id, contact_ids, due_at))
        self._story.tell(self._name, f"has {moved} of them wait: {' '.join(contact_ids)}")

    async def _forget(self) -> None:
        dialed = [record.phone_number for record in self._witness.records() if record.state is ContactState.DIALING]
        numbers = sorted({number for number in dialed if number}) if self._random.random() < 0.5 else []
        number, server = self._random.choice(numbers or self._numbers), self._random.choice(self._servers())
        # Whoever is accepted later may not be forgotten.
        of_number = self._witness.contacts_of(number)
        if self._witness.regulator is not None:
            self._witness.regulator.forgets(number)
        try:
            await server.ask(server.privacy.forget(number))
        except StoreUnavailableError:
            self._story.tell(self._name, "has no answer to who is to be forgotten")
            return
        self._story.tell(self._name, f"has {len(of_number)} contacts forgotten: {' '.join(of_number)}")
        self._witness.forgotten.update(of_number)
