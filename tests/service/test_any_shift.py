"""A shift in which everything happens that can: originates that never leave, agents who miss their phone, people who
give up, requests that expire, and commits that fail, so that another engine takes over.

What a user would lose otherwise: one change that the store refuses fails its whole commit, so all dialing stops.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from service.support import FaultyStore, House, Witness, dialing
from trunkcall.domain.campaign import DialerConfig, DialerType
from trunkcall.domain.changes import (
    AgentDispositionChosen,
    Change,
    ContactForbidden,
    ContactHeld,
    ContactRecorded,
    CustomerPutOnHold,
    CustomerTakenOffHold,
    FlowProgressed,
)
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.clock import Clock
from trunkcall.domain.contact import DialRequest
from trunkcall.domain.errors import IllegalTransitionError, StoreUnavailableError
from trunkcall.domain.instants import MINUTE, SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.transitions import MARKS, STEPS
from trunkcall.engine.commands import Originate, OriginateAgentLeg
from trunkcall.engine.events import LegEnded, OriginateVoided
from trunkcall.service.clock import since_boot_s
from trunkcall.simulation.world import World
from trunkcall.storage.ports.ownership import NO_CLEARANCES, CommitResult, Lease
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.telephony.carrier import Destination

REQUESTS = 300
IN_VAIN = 40


class FickleCarrier(Witness):
    """Every ninth originate never leaves, and every sixth agent misses the phone."""

    def __init__(self, clock: Clock, *, on_agent_done: Callable[[str], None], **arguments: Any) -> None:
        super().__init__(clock, on_agent_done=on_agent_done, **arguments)
        self.asked = 0
        self.rung = 0
        self._back = on_agent_done

    def originate(self, command: Originate, destination: Destination) -> None:
        self.asked += 1
        if self.asked % 9:
            super().originate(command, destination)
        else:
            self.tell(OriginateVoided(command.leg_id))

    def originate_agent_leg(self, command: OriginateAgentLeg) -> None:
        self.rung += 1
        if self.rung % 6:
            super().originate_agent_leg(command)
            return
        self.tell(LegEnded(command.leg_id, HangupCause.NO_ANSWER))
        back_at = self._clock.now() + 20 * SECOND
        self._clock.call_at(back_at, lambda: self._back(command.agent_id))


class FickleStore(FaultyStore):
    """Every fortieth commit fails. It counts what it has taken, and keeps what it has called impossible."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.taken: Counter[type] = Counter()
        self.impossible: list[str] = []
        self.commits = 0
        self.takeovers = 0

    async def commit(
        self, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance] = NO_CLEARANCES
    ) -> CommitResult:
        self.commits += 1
        if self.commits % 40 == 0:
            self.takeovers += 1
            raise StoreUnavailableError
        try:
            result = await super().commit(lease, changes, clearances)
        except IllegalTransitionError as error:
            self.impossible.append(error.message)
            raise
        self.taken.update(map(type, changes))
        return result


async def test_whatever_happens_in_a_shift_the_store_takes_it(tmp_path: Path) -> None:
    async def a_moment(_: float) -> None:
        await asyncio.sleep(0.01)

    house = House(SQLiteStore(tmp_path / "trunkcall.db"), seconds=since_boot_s, speed=1000.0)
    # Whoever is abandoned waits on, and hears why.
    world = World(human_ratio=0.6, machine_ratio=0.1, patience_s=6.0)
    house.carrier = FickleCarrier(house.clock, world=world, seed=1, on_agent_done=house.floor.agent_done)
    house.store = store = FickleStore(house.kept)
    house.safe_harbour_of = lambda campaign: "We are sorry that nobody is free."
    await house.open(agents=8, requests=REQUESTS, dialer=DialerConfig(DialerType.PREDICTIVE, 1.0))
    now = house.clock.now()
    in_vain = [DialRequest(f"v-{n}", f"v-{n}", "+12125550100", now + MINUTE, {}) for n in range(IN_VAIN)]
    await house.kept.put_dial_requests("spring", in_vain, at=now, max_waiting=10_000)
    async with dialing(house, house.owner(sleep=a_moment)):
        await house.until_all_ended(REQUESTS + IN_VAIN)
    assert not store.impossible
    assert store.takeovers > 3
    # These agents' phones are hung up with their customers', so they press no keys after it, and hold nobody; and no
    # talk is recorded.
    by_nobody = {AgentDispositionChosen, ContactRecorded, CustomerPutOnHold, CustomerTakenOffHold, FlowProgressed}
    of_the_engine = {*STEPS, *MARKS} - {ContactHeld, ContactForbidden, *by_nobody}
    left_out = sorted(each.__name__ for each in of_the_engine - store.taken.keys())
    assert not left_out, "the shift has left something out"
