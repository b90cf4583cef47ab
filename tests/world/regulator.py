"""Who says by which rules people may be called, and who sees that they are.

The rules are made here and judged here, from the clock on the wall and a count of its own: of the gate nothing is
believed. They are few and short, so that a world of some minutes has hours that end, and begin again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from gating import test_key
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.changes import AttemptBegun
from trunkcall.domain.do_not_call import OPT_OUTS, DoNotCallList
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.ports.do_not_call import Origin
from world.asking import at_once
from world.story import Story

HOME: Final = "America/New_York"
"""Where everybody lives of whom nothing else is said: the area code 212 lies nowhere else."""
ZONE: Final = "zone"
"""The attribute that says something else, where a policy asks for it."""
ZONES: Final = ("America/Toronto", "Asia/Kathmandu", "Australia/Lord_Howe")
RING_S: Final = 30
"""How long a phone may ring."""
ANYBODY: Final = '[destinations]\nregions = ["any"]\n'
ILLEGIBLE: Final = "[hours\n"


@dataclass(frozen=True, slots=True)
class Rules:
    """What one policy says. ``open`` are stretches of local time, in minutes of the day; None are all hours."""

    open: tuple[tuple[int, int], ...] | None = None
    most: tuple[int, Duration] | None = None
    gap: Duration = 0
    asks_zone: bool = False
    legible: bool = True

    @property
    def text(self) -> str:
        if not self.legible:
            return ILLEGIBLE
        if self == Rules():
            return ANYBODY
        lines = [f'time_zone_attribute = "{ZONE}"'] if self.asks_zone else []
        lines.append('[destinations]\nregions = ["US"]')
        if self.most is not None or self.gap:
            lines.append("[limits]")
        if self.most is not None:
            lines.append(f'attempts_per_number = {{ most = {self.most[0]}, within = "{self.most[1] // SECOND}s" }}')
        if self.gap:
            lines.append(f'gap = "{self.gap // SECOND}s"')
        if self.open is not None:
            hours = ", ".join(f'"{_shown(begins)}-{_shown(ends)}"' for begins, ends in self.open)
            lines.append(f"[[hours]]\nevery_day = [{hours}]")
        return "\n".join(lines) + "\n"

    def allows(self, at: Instant, zone: str) -> bool:
        """Whether a phone may begin to ring at this instant, by the clock on the wall there."""
        if not self.legible:
            return False
        if self.open is None:
            return True
        local = datetime.fromtimestamp(at / SECOND, ZoneInfo(zone))
        second = local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1_000_000
        return any(60 * begins <= second and second + RING_S < 60 * ends for begins, ends in self.open)


def _shown(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


class Regulator:
    """Of one instance. It has other rules now and then, halts the instance, has people opt out, and judges every
    attempt. ``numbers`` are those of the people."""

    def __init__(
        self,
        store: MemoryStore,
        instance_id: str,
        numbers: Sequence[str],
        now: Callable[[], Instant],
        story: Story,
        random: Random,
    ) -> None:
        self._store = store
        self._instance_id = instance_id
        self._numbers = numbers
        self._now = now
        self._story = story
        self._random = random
        self._rules: list[Rules] = [Rules()]
        """By the number of the policy; the first is that of an instance without any."""
        self._attempts: defaultdict[str, list[tuple[str, Instant]]] = defaultdict(list)
        """By number, as contacts and instants."""
        self._opted_out: list[str] = []
        """Numbers of whom it was answered that they are on the list."""
        self.may_be_refused: set[str] = set()
        """Numbers that were on it at some time."""
        self._exempt: set[str] = set()
        """Numbers that were to be forgotten: what was counted of them may be gone."""

    async def run(self, until_s: float) -> None:
        loop, random = asyncio.get_running_loop(), self._random
        while loop.time() < until_s:
            await asyncio.sleep(random.uniform(0.0, 120.0))
            if random.random() < 0.3:
                await self._opt_out(random.choice(self._numbers))
                if len(self._opted_out) > 3:
                    await self._take_back(self._opted_out[0])
            elif random.random() < 0.3:
                self._story.tell("ruler", "halts the instance")
                await self._store.halt_instance(self._instance_id, at=self._now(), reason="a doubt")
                await asyncio.sleep(random.uniform(0.0, 20.0))
                await self._resume()
            else:
                await self._put(self._draw())

    async def all_is_well(self) -> None:
        """Let anybody be called."""
        while self._opted_out:
            await self._take_back(self._opted_out[0])
        await self._resume()
        await self._put(Rules())

    def _draw(self) -> Rules:
        random = self._random
        if random.random() < 0.1:
            return Rules(legible=False)
        zone = random.choice((HOME, HOME, *ZONES))
        here = datetime.fromtimestamp(self._now() / SECOND, ZoneInfo(zone))
        begins = max(0, min(24 * 60 - 15, here.hour * 60 + here.minute + random.randint(-3, 3)))
        hours = (
            (begins, begins + random.randint(1, 5)),
            (begins + random.randint(6, 8), begins + random.randint(9, 12)),
        )
        return Rules(
            open=random.choice((None, hours[:1], hours)),
            most=random.choice((None, (1, 60 * SECOND), (2, 90 * SECOND))),
            gap=random.choice((0, 0, 5 * SECOND)),
            asks_zone=random.random() < 0.5,
        )

    async def _put(self, rules: Rules) -> None:
        number = len(self._rules)
        self._rules.append(rules)
        self._story.tell("ruler", f"has policy {number}: {rules}")
        policy = CallingPolicy("default", number, rules.text, None, self._now())
        await self._store.put_facts(self._instance_id, [policy])

    async def _resume(self) -> None:
        self._story.tell("ruler", "has the instance go on")
        await self._store.resume_instance(self._instance_id)

    async def _opt_out(self, number: str) -> None:
        self._story.tell("ruler", f"has {number[-4:]} opt out")
        self.may_be_refused.add(number)
        directory = await self._store.directory(self._instance_id)
        if directory is not None and not directory.do_not_call_lists:
            await self._store.put_facts(self._instance_id, [DoNotCallList(1, OPT_OUTS)])
        origin = Origin("a letter", "", self._now())
        await self._store.add_entries(self._instance_id, 1, [test_key(number)], origin)
        if number not in self._opted_out:
            self._opted_out.append(number)

    async def _take_back(self, number: str) -> None:
        self._story.tell("ruler", f"lets {number[-4:]} be dialed again")
        self._opted_out.remove(number)
        await self._store.remove_entries(self._instance_id, 1, [test_key(number)])

    # --- what was done ------------------------------------------------------------------------------------------------

    def begins(self, change: AttemptBegun, phone_number: str, zone: str | None) -> None:
        """An attempt was made durable."""
        directory = at_once(self._store.directory(self._instance_id))
        assert directory is not None
        if directory.instance.halted_at is not None:
            self._story.accuse("somebody is dialed although the instance is halted", change.contact_id)
        policy = directory.calling_policy()
        rules = self._rules[policy.number if policy is not None else 0]
        if phone_number in self._opted_out:
            self._story.accuse("somebody is dialed who has opted out", change.contact_id)
        if not rules.allows(change.at, zone or HOME):
            self._story.accuse("somebody is dialed outside the hours", change.contact_id)
        before = [at for _, at in self._attempts[phone_number]]
        self._attempts[phone_number].append((change.contact_id, change.at))
        if phone_number in self._exempt:
            return
        if rules.gap and any(change.at - at < rules.gap for at in before):
            self._story.accuse("a number is dialed again too soon", change.contact_id)
        if rules.most is not None:
            most, within = rules.most
            if sum(change.at - at < within for at in before) >= most:
                self._story.accuse("a number is dialed too often", change.contact_id)

    def voided(self, contact_id: str) -> None:
        """An attempt never was."""
        for attempts in self._attempts.values():
            for each in reversed(attempts):
                if each[0] == contact_id:
                    attempts.remove(each)
                    return

    def forgets(self, phone_number: str) -> None:
        """A number is to be forgotten."""
        self._exempt.add(phone_number)
