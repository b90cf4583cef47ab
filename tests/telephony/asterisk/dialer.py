"""A dialer of one carrier, as far as the promises of carriers go: it asks for legs, and notes what became of each.

It does what the engine does when the switch is found again: legs that are not named then are lost, and those of which
nobody knows are hung up.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from telephony.asterisk.configuration import PASSWORD, USER
from telephony.asterisk.line import AGENTS, TestAddresses, addresses
from telephony.asterisk.phone import Manner, Phone
from telephony.asterisk.place import place_of_this_worker
from telephony.asterisk.sounds import SoundsOnDemand
from telephony.asterisk.tapes import Tapes
from telephony.support import WAIT_S, Behaviour
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.engine.commands import BridgeLegs, HangUp, Originate, OriginateAgentLeg, ReportLegs
from trunkcall.engine.events import (
    CarrierEvent,
    CarrierFound,
    CarrierLost,
    LegAnswered,
    LegEnded,
    LegsBridged,
    LegsReported,
    OriginateVoided,
)
from trunkcall.telephony.ari.carrier import AriCarrier
from trunkcall.telephony.ari.client import SILENCE_S, Switch, parse_ari_url
from trunkcall.telephony.ari.phones import Phones
from trunkcall.telephony.carrier import Destination

VOID, LOST = "void", "lost"
CUSTOMER = Behaviour.ANSWERS_AND_IS_LEFT.name.lower()
"""The endpoint of whoever is called."""


def number_of(leg_id: str) -> str:
    """A number for fiction, one for each of a hundred legs: it ends in those of the leg's name."""
    return f"+120655501{int(re.sub('[^0-9]', '', leg_id)):02}"


class Dialer:
    """One lease of an instance."""

    def __init__(
        self, app: str, token: int, *, url: str | None = None, silence_s: float = SILENCE_S, knows: Sequence[str] = ()
    ) -> None:
        address = parse_ari_url(url or place_of_this_worker().ari_url)
        self.app, self.token = app, token
        self.tapes = Tapes()
        self.carrier = AriCarrier(
            app,
            partial(Switch, address, USER, PASSWORD, silence_s=silence_s),
            TestAddresses(),
            now=lambda: time.time_ns() // 1000,
            speak=lambda text, done: done(None),
            sounds=SoundsOnDemand(address),
            phones=Phones(app, dict),
            new_file=self.tapes.new_file,
        )
        self.events: list[CarrierEvent] = []
        self.fates: dict[str, list[str]] = {leg_id: [] for leg_id in knows}
        """What was told of the end of each leg that it knows: once, if all is well."""

    async def start(self) -> None:
        await self.carrier.start(self._hear, token=self.token)

    async def close(self) -> None:
        await self.carrier.close()

    def dial(
        self,
        leg_id: str,
        *,
        ring: Duration = 60 * SECOND,
        detect: bool = False,
        trunk: str = CUSTOMER,
        number: str | None = None,
    ) -> None:
        """``number`` is that of the leg's name, unless it is given."""
        self.fates[leg_id] = []
        command = Originate(leg_id, leg_id, "campaign", ring, detect, False, trunk, "local", "+12065550100")
        self.carrier.originate(command, Destination(number or number_of(leg_id), leg_id))

    def ring_agent(self, leg_id: str, customer_leg_id: str) -> None:
        self.fates[leg_id] = []
        self.carrier.originate_agent_leg(OriginateAgentLeg(leg_id, AGENTS[0], customer_leg_id, 60 * SECOND))

    async def talk(self, customer: str, agent: str) -> None:
        """Dial a customer, and join the two; the switch has done all that is asked of it for that."""
        self.dial(customer)
        await until(lambda: self.told(LegAnswered, customer))
        self.ring_agent(agent, customer)
        await until(lambda: self.told(LegAnswered, agent))
        self.carrier.bridge(BridgeLegs(customer, agent))
        await until(lambda: LegsBridged(customer, agent) in self.events)
        # It does one thing after the other.
        self.carrier.report_legs(ReportLegs(0))
        await until(lambda: self.told(LegsReported))

    def hang_up(self, leg_id: str) -> None:
        self.carrier.hang_up(HangUp(leg_id))

    def told(self, kind: type[CarrierEvent], leg_id: str | None = None) -> list[CarrierEvent]:
        """Events of one kind, about one leg."""
        return [
            event
            for event in self.events
            if isinstance(event, kind) and leg_id in (None, getattr(event, "leg_id", None))
        ]

    @property
    def has_switch(self) -> bool:
        """Whether the last word about the switch is that it is found."""
        words = [event for event in self.events if isinstance(event, CarrierFound | CarrierLost)]
        return bool(words) and isinstance(words[-1], CarrierFound)

    @property
    def found(self) -> CarrierFound:
        """What it was last found with."""
        return [event for event in self.events if isinstance(event, CarrierFound)][-1]

    def _hear(self, event: CarrierEvent) -> None:
        self.events.append(event)
        match event:
            case LegEnded(leg_id=leg_id, cause=cause):
                self.fates.setdefault(leg_id, []).append(cause)
            case OriginateVoided(leg_id=leg_id):
                self.fates[leg_id].append(VOID)
            case CarrierFound(legs=legs):
                found = {leg.leg_id for leg in legs}
                for leg_id in found:
                    if self.fates.get(leg_id) != []:
                        self.hang_up(leg_id)
                for leg_id, fate in self.fates.items():
                    if leg_id not in found and not fate:
                        fate.append(LOST)
                        self.hang_up(leg_id)
            case _:
                pass


class Customers(Phone):
    """Whoever is called, all of the same manner."""

    def __init__(self, manner: Manner, agent: Phone) -> None:
        super().__init__(addresses()[CUSTOMER], manner)
        self.agent = agent
        """Who is called to speak to them."""

    def rung(self) -> Counter[str]:
        """How often each number was called: by different calls, not by repeats of one."""
        return Counter(re.findall(r"sip:([^@;>]+)", headers["to"])[0] for headers in self.invites)

    @property
    def up(self) -> list[str]:
        """Call ids of those who are talking."""
        return [dialog.call_id for dialog in self.dialogs.values() if dialog.up and not dialog.over]


async def until(true: Callable[[], object], within_s: float = WAIT_S) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.02)
