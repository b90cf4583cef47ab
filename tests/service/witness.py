"""Who stands between a dialer and its carrier and looks into the store at each deed, and the store as that dialer has
it: commits fail or take long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import Enum, auto
from typing import Any, TypeVar

from service.switch import Switch
from trunkcall.domain.changes import AttemptBegun, AttemptVoided, Change, ContactEnded
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.contact import ContactState, LiveContact
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.leg import LiveSession
from trunkcall.domain.saying import Saying
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    Originate,
    OriginateAgentLeg,
    OriginateSessionLeg,
    PlayTone,
    ReportLegs,
    ResumeRecording,
    StartRecording,
    StopPlaying,
    StopRecording,
    SuspendRecording,
    UnbridgeLegs,
)
from trunkcall.storage.ports.ownership import NO_CLEARANCES, CommitResult, Lease
from trunkcall.storage.store import Store
from trunkcall.telephony.carrier import CarrierSink, Destination

T = TypeVar("T")


class Fate(Enum):
    """How a commit fails."""

    BEFORE = auto()
    """Nothing is written."""
    AFTER = auto()
    """All is written, and the dialer does not learn it."""


class Witness:
    """Stands between dialer and carrier, and looks into the store at each deed: what it is done for must be there."""

    def __init__(
        self,
        switch: Switch,
        live: Callable[[], Sequence[LiveContact]],
        sessions: Callable[[], Sequence[LiveSession]],
    ) -> None:
        self._switch = switch
        self._live = live
        self._sessions = sessions
        self.wrong: list[str] = []
        """Deeds that their changes did not precede."""
        self.handed_over: set[str] = set()
        """Contacts whose originate the carrier was given, and that was not voided."""
        self.begun_by: dict[str, int] = {}
        """By contact, the token under which its attempt was begun."""
        self.ended_by: dict[str, int] = {}
        """By contact, the token under which it ended."""
        self.refused: set[str] = set()
        """Legs of attempts that the store refused."""
        self.aside: dict[str, LiveContact] = {}
        """Contacts in progress that are set aside, as they were then: nothing more of them is written."""

    def durable(self, lease: Lease, changes: Sequence[Change], result: CommitResult) -> None:
        """The store holds these."""
        for change in changes:
            match change:
                case AttemptBegun() if change.contact_id in result.refused:
                    self.refused.add(change.leg_id)
                case AttemptBegun():
                    self.begun_by[change.contact_id] = lease.token
                case AttemptVoided():
                    self.handed_over.discard(change.contact_id)
                case ContactEnded():
                    self.ended_by[change.contact_id] = lease.token
                case _:
                    pass

    def _held(self) -> list[LiveContact]:
        return [*self._live(), *self.aside.values()]

    def _expect(self, deed: str, leg_id: str, *, fits: Callable[[LiveContact], bool]) -> None:
        """Somebody in progress fits the deed, by what the store holds."""
        if leg_id in self.refused:
            self.wrong.append(f"{deed} for an attempt that was refused")
        if not any(map(fits, self._held())):
            self.wrong.append(f"{deed} for which the store holds nothing")

    # --- Carrier ------------------------------------------------------------------------------------------------------

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        await self._switch.start(sink, token=token)

    async def close(self) -> None:
        await self._switch.close()

    def originate(self, command: Originate, destination: Destination) -> None:
        whom = command.contact_id, command.leg_id, ContactState.DIALING
        self._expect("an originate", command.leg_id, fits=lambda c: (c.contact_id, c.leg_id, c.state) == whom)
        if command.contact_id in self.handed_over:
            self.wrong.append("an originate for somebody who was dialed already")
        self.handed_over.add(command.contact_id)
        self._switch.originate(command, destination)

    def originate_agent_leg(self, command: OriginateAgentLeg) -> None:
        whom = command.customer_leg_id, command.leg_id, command.agent_id, ContactState.CONNECTING
        self._expect(
            "an agent's phone rung",
            command.customer_leg_id,
            fits=lambda c: (c.leg_id, c.agent_leg_id, c.agent_id, c.state) == whom,
        )
        self._switch.originate_agent_leg(command)

    def originate_session_leg(self, command: OriginateSessionLeg) -> None:
        if LiveSession(command.agent_id, command.leg_id, command.host) not in self._sessions():
            self.wrong.append("a session for which the store holds nothing")
        self._switch.originate_session_leg(command)

    def bridge(self, command: BridgeLegs) -> None:
        whom = command.customer_leg_id, command.agent_leg_id, ContactState.CONNECTING
        self._expect("a bridge", command.customer_leg_id, fits=lambda c: (c.leg_id, c.agent_leg_id, c.state) == whom)
        self._switch.bridge(command)

    def play(self, leg_id: str, play_id: str, saying: Saying) -> None:
        if any(leg_id == session.leg_id for session in self._sessions()):
            if any(leg_id == contact.agent_leg_id for contact in self._live()):
                self.wrong.append("an agent is told something in a talk")
            self._switch.play(leg_id, play_id, saying)
            return
        hears = (ContactState.IN_FLOW, ContactState.SAFE_HARBOUR)
        self._expect("a message", leg_id, fits=lambda c: c.leg_id == leg_id and c.state in hears)
        self._switch.play(leg_id, play_id, saying)

    def unbridge(self, command: UnbridgeLegs) -> None:
        self._switch.unbridge(command)

    def play_tone(self, command: PlayTone) -> None:
        self._switch.play_tone(command)

    def stop_playing(self, command: StopPlaying) -> None:
        self._switch.stop_playing(command)

    def start_recording(self, command: StartRecording) -> None:
        self._switch.start_recording(command)

    def suspend_recording(self, command: SuspendRecording) -> None:
        self._switch.suspend_recording(command)

    def resume_recording(self, command: ResumeRecording) -> None:
        self._switch.resume_recording(command)

    def stop_recording(self, command: StopRecording) -> None:
        self._switch.stop_recording(command)

    def hang_up(self, command: HangUp) -> None:
        if command.leg_id in self.refused:
            self.wrong.append("a leg hung up for an attempt that was refused")
        if any(command.leg_id in (c.leg_id, c.agent_leg_id) for c in self._live()):
            self.wrong.append("a leg hung up of a contact that goes on")
        if any(command.leg_id == session.leg_id for session in self._sessions()):
            self.wrong.append("a session hung up that goes on")
        self._switch.hang_up(command)

    def report_legs(self, command: ReportLegs) -> None:
        self._switch.report_legs(command)


class Commits:
    """The store as the dialer has it: commits fail, or take long, as the test says."""

    def __init__(self, kept: Store, witness: Witness) -> None:
        self._kept = kept
        self._witness = witness
        self.fates: list[Fate] = []
        """What becomes of the next commits."""
        self.held: Fate | None = None
        """Where commits are held up: before anything is written, or after all is."""
        self._go_on = asyncio.Event()
        self._busy = 0
        self.idle = asyncio.Event()
        """Whether the store has answered all that it was asked."""
        self.idle.set()
        self.lease: Lease | None = None

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._kept, name)

        async def counted(*arguments: Any, **named: Any) -> Any:
            return await self._counted(method(*arguments, **named))

        return counted

    async def _counted(self, call: Coroutine[Any, Any, T]) -> T:
        # What the store was asked for it does, whatever becomes of who has asked.
        asked = asyncio.ensure_future(call)
        self._busy += 1
        self.idle.clear()
        asked.add_done_callback(self._answered)
        return await asyncio.shield(asked)

    def _answered(self, asked: asyncio.Future[Any]) -> None:
        self._busy -= 1
        if not self._busy:
            self.idle.set()
        # Nobody may be left who wants to know why it failed.
        asked.exception()

    async def commit(
        self, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance] = NO_CLEARANCES
    ) -> CommitResult:
        self.lease = lease
        await self._gate(Fate.BEFORE)
        fate = self.fates.pop(0) if self.fates else None
        if fate is Fate.BEFORE:
            raise StoreUnavailableError
        result = await self._counted(self._commit(lease, changes, clearances))
        await self._gate(Fate.AFTER)
        if fate is Fate.AFTER:
            raise StoreUnavailableError
        return result

    async def _commit(
        self, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance]
    ) -> CommitResult:
        result = await self._kept.commit(lease, changes, clearances)
        self._witness.durable(lease, changes, result)
        return result

    async def _gate(self, where: Fate) -> None:
        while self.held is where:
            await self._go_on.wait()

    def hold(self, where: Fate) -> None:
        self.held = where
        self._go_on.clear()

    def go_on(self) -> None:
        self.held = None
        self._go_on.set()
