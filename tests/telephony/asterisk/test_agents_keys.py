"""Agents who have a telephone and nothing else, on a real switch. If these fail, whoever works by keys alone cannot get
rid of a customer, or is rung anew for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest_asyncio

from engine.support import SALES, SPRING, dialing, everything, new_engine, registered
from telephony.asterisk.inside import inside
from telephony.asterisk.line import AGENTS, AsteriskLine
from telephony.support import WAIT_S, Behaviour
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import AgentDispositionChosen, ContactEnded
from trunkcall.domain.contact import DisconnectReason
from trunkcall.domain.instants import HOUR
from trunkcall.engine.commands import (
    BridgeLegs,
    ChooseStatus,
    HangUp,
    Originate,
    OriginateSessionLeg,
    RefillWindow,
)
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import (
    AgentStatusSet,
    CampaignChanged,
    ContactsOffered,
    Event,
    OfferedContact,
)

pytestmark = inside

AGENT = AGENTS[0]
CUSTOMERS = Behaviour.ANSWERS_AND_IS_LEFT


class Shift:
    """An engine that dials by a line: as a dialer does, but for the store."""

    def __init__(self, line: AsteriskLine, requests: int) -> None:
        self._line = line
        self._waiting = [OfferedContact(f"contact-{n}", n, 0) for n in range(1, requests + 1)]
        self._told = 0
        self.engine = new_engine(EngineConfig())
        self.changes: list[object] = []

    async def begin(self) -> None:
        await self.until(lambda: self._told)
        self.tell(registered(AGENT, SALES, persistent=True))
        self.tell(AgentStatusSet(AGENT, AgentStatus.AVAILABLE))
        self.tell(CampaignChanged(SPRING, CampaignState.RUNNING, dialing()))

    def tell(self, *events: Event) -> None:
        now = self._line.now()
        for command in everything(self.engine.turn([(event, now) for event in events], now)):
            match command:
                case Originate():
                    self._line.dial(CUSTOMERS, command.leg_id)
                case OriginateSessionLeg():
                    self._line.carrier.originate_session_leg(command)
                case BridgeLegs():
                    self._line.carrier.bridge(command)
                case HangUp():
                    self._line.carrier.hang_up(command)
                case ChooseStatus():
                    self.tell(AgentStatusSet(command.agent_id, command.status))
                case RefillWindow():
                    held = [each for each in self._waiting if each.sequence not in command.held]
                    offered, self._waiting = held[: command.limit], []
                    until = now + HOUR
                    contacts = tuple(OfferedContact(each.contact_id, each.sequence, until) for each in offered)
                    self.tell(ContactsOffered(SPRING, contacts, None))
                case _:
                    self.changes.append(command)

    async def until(self, is_so: Callable[[], object]) -> None:
        """Have the engine hear what the switch tells, until this is so."""
        async with asyncio.timeout(WAIT_S):
            while not is_so():
                heard = self._line.events[self._told :]
                self._told += len(heard)
                self.tell(*heard)
                await asyncio.sleep(0.02)

    @property
    def state(self) -> AgentState:
        return self.engine.agent_states()[AGENT]

    def press(self, keys: str) -> None:
        for key in keys:
            self._line.phones[AGENT].press(key)


@pytest_asyncio.fixture
async def line() -> AsyncIterator[AsteriskLine]:
    line = AsteriskLine()
    await line.start()
    yield line
    await line.close()


async def test_an_agent_works_through_requests_by_keys_alone_and_hangs_up_to_go_home(line: AsteriskLine) -> None:
    shift = Shift(line, requests=3)
    await shift.begin()
    for digit in "123":
        await shift.until(lambda: shift.state is AgentState.CONNECTED)
        shift.press("**")
        await shift.until(lambda: shift.state is AgentState.AFTER_CONTACT_WORK)
        shift.press(f"{digit}#")
        await shift.until(lambda: shift.state is not AgentState.AFTER_CONTACT_WORK)
    await shift.until(lambda: shift.state is AgentState.AVAILABLE)
    chosen = [(each.contact_id, each.disposition) for each in shift.changes if isinstance(each, AgentDispositionChosen)]
    assert chosen == [("contact-1", "1"), ("contact-2", "2"), ("contact-3", "3")]
    ends = [each.disconnect_reason for each in shift.changes if isinstance(each, ContactEnded)]
    assert ends == [DisconnectReason.AGENT_DISCONNECT] * 3
    assert len(line.phones[AGENT].invites) == 1, "the agent's phone rings once in a shift"
    customers = line.phones[CUSTOMERS.name.lower()].dialogs.values()
    await shift.until(lambda: all(dialog.over for dialog in customers))
    line.phones[AGENT].hang_up()
    await shift.until(lambda: shift.state is AgentState.OFFLINE)
    assert len(line.phones[AGENT].invites) == 1, "and not again for whoever has gone home"


async def test_the_customer_hears_the_keys_of_a_talk_and_no_others(line: AsteriskLine) -> None:
    shift = Shift(line, requests=1)
    await shift.begin()
    await shift.until(lambda: shift.state is AgentState.CONNECTED)
    (dialog,) = line.phones[CUSTOMERS.name.lower()].dialogs.values()
    shift.press("12#")
    await shift.until(lambda: len(dialog.heard_keys) == 3)
    assert "".join(dialog.heard_keys.values()) == "12#"
    assert shift.state is AgentState.CONNECTED
    assert not any(isinstance(each, AgentDispositionChosen) for each in shift.changes)
