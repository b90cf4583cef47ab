"""Which instances this process dials for: each from when the store has it, onboarded, until it is gone.

Decides that an instance has a clock, a carrier, agents and a lease of its own, and that what fails in one stops no
other. It finds an instance's dialer for whoever asks or tells something of one. It must not know what makes legs, nor
how an ownership begins or ends (``service.owner``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final

from trunkcall.domain.agent import AgentState, PhoneTrouble
from trunkcall.domain.clock import Sleep
from trunkcall.domain.directory import Instance
from trunkcall.domain.errors import InvalidStateError, NotFoundError
from trunkcall.domain.instants import Instant
from trunkcall.domain.recording import RecordingWish
from trunkcall.domain.user_status import UserStatus
from trunkcall.engine.explanation import DialingExplanation
from trunkcall.engine.progress import DialingProgress, FloorProgress
from trunkcall.service.background import Background
from trunkcall.service.clock import InstanceClock
from trunkcall.service.current import CurrentDialer
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.owner import InstanceOwner
from trunkcall.storage.ports.directory import InstanceList

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
LOOK_FOR_NEWCOMER_S: Final = 0.1
NEWCOMER_S: Final = 3.0
"""How long an instance that has just been onboarded, or an agent who has just been made, may take to be known."""
CLOSE_S: Final = 10.0
"""How long an instance may take to let go of its carrier. Whoever takes longer is left as it is, and the next owner
waits for the lease."""
CANCELS: Final = 2
"""How often an instance's work is cancelled in that time: of a task group that fails at the same instant the first one
is lost (CPython before 3.13), and its owner would go on."""


class DialedInstance:
    """One instance, and all that dials for it in this process. ``works`` go on beside its owner, by name.
    ``carrier_trouble`` says why its carrier cannot be used, ``upkeep_trouble`` what fails although it can, such as that
    simulated agents are not heard, in words; None while all is well."""

    def __init__(
        self,
        instance_id: str,
        *,
        clock: InstanceClock,
        dialer: CurrentDialer,
        owner: InstanceOwner,
        lease: LeaseHolder,
        background: Background,
        works: Mapping[str, Callable[[], Awaitable[None]]],
        carrier_trouble: Callable[[], str | None],
        upkeep_trouble: Callable[[], str | None],
    ) -> None:
        self.instance_id = instance_id
        self.clock = clock
        self.dialer = dialer
        self._owner = owner
        self._lease = lease
        self._background = background
        self._works = works
        self.carrier_trouble = carrier_trouble
        self._upkeep_trouble = upkeep_trouble
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def trouble(self) -> str | None:
        """Why nothing is dialed, in words; None while all is well."""
        return self.dialer.trouble or self.carrier_trouble()

    @property
    def upkeep_trouble(self) -> str | None:
        """What fails beside the dialing, in words; None while nothing does."""
        return self._background.trouble or self._upkeep_trouble()

    async def put_user_status(self, agent_id: str, status: UserStatus) -> None:
        """An agent of the instance has chosen a status. Raises NotFoundError for one of whom no dialer has read."""
        await self._owner.put_user_status(agent_id, status)

    def confirm_agents(self, agent_ids: Collection[str]) -> None:
        """These agents of the instance are still there."""
        self._owner.confirm_agents(agent_ids)

    def begin(self) -> None:
        """Begin to dial."""
        works = {"clock": self.clock.run, "owner": self._owner.run, **self._works}
        self._tasks = [
            asyncio.create_task(self._background.keep_running(work, name), name=f"{name} of {self.instance_id}")
            for name, work in works.items()
        ]

    async def end(self, drain_s: float, *, for_good: bool) -> None:
        """Begin no attempt any more, let contacts in progress go on for ``drain_s``, close what is left, and let the
        next owner in. ``for_good`` says that there is none to go on with what a carrier keeps."""
        await self.dialer.suspend()
        if not await self.dialer.drained(drain_s):
            log.warning(
                "contacts were still in progress when the time for draining was up",
                extra={"instance_id": self.instance_id},
            )
        await self.dialer.close_out(for_good=for_good)
        left = set(self._tasks)
        for _ in range(CANCELS):
            for task in reversed(self._tasks):
                task.cancel()
            _, left = await asyncio.wait(self._tasks, timeout=CLOSE_S / CANCELS)
            if not left:
                break
        if left:
            log.warning("an instance takes too long to close, and is left", extra={"instance_id": self.instance_id})
        else:
            await self._lease.let_go()


class Supervisor:
    """Dials for the instances of a store. ``build`` makes what dials for one, by its id; ``time_elsewhere`` tells the
    time of an instance that is not dialed for, which has no clock of its own."""

    def __init__(
        self,
        instances: InstanceList,
        build: Callable[[str], DialedInstance],
        time_elsewhere: Callable[[], Instant],
        *,
        drain_s: float,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._instances = instances
        self._build = build
        self._time_elsewhere = time_elsewhere
        self._drain_s = drain_s
        self._sleep = sleep
        self._dialed: dict[str, DialedInstance] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        """Instances that are gone, or on their way with the server. They are dialed for until they have ended."""

    # --- which instances there are ------------------------------------------------------------------------------------

    @property
    def dialed(self) -> Sequence[DialedInstance]:
        """The instances that are dialed for, or come to their end, in the order in which they began."""
        return tuple(self._dialed.values())

    def now_of(self, instance_id: str) -> Instant:
        """What time it is for an instance."""
        dialed = self._dialed.get(instance_id)
        return dialed.clock.now() if dialed is not None else self._time_elsewhere()

    async def run(self) -> None:
        """Look again and again, until cancelled. Raises StoreUnavailableError, and an ExceptionGroup if something could
        not be begun; then everything else was."""
        while True:
            await self.look()
            await self._sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Begin with instances that are new, have those end that are gone, and tell the others whether they may have
        anybody dialed. Raises what ``run`` does."""
        wanted = {each.instance_id: each for each in await self._instances.instances() if each.onboarded}
        for gone in [each for each in self._dialed if each not in self._ending and each not in wanted]:
            self._let_end(gone, for_good=True)
        failures: list[Exception] = []
        # One that comes back while it ends is begun anew when it has ended.
        for instance_id, instance in wanted.items():
            dialed = self._dialed.get(instance_id)
            if dialed is not None:
                dialed.dialer.heed(instance)
                continue
            try:
                dialed = self._build(instance_id)
            except Exception as error:
                failures.append(error)
                continue
            self._dialed[instance_id] = dialed
            dialed.dialer.heed(instance)
            dialed.begin()
        if failures:
            raise ExceptionGroup("instances that could not be begun", failures)

    async def stop(self) -> None:
        """Have all of them end, at once. Nobody may be looking any more."""
        for instance_id in [each for each in self._dialed if each not in self._ending]:
            self._let_end(instance_id, for_good=False)
        await asyncio.gather(*self._ending.values())

    def _let_end(self, instance_id: str, *, for_good: bool) -> None:
        end = self._end(instance_id, for_good=for_good)
        self._ending[instance_id] = asyncio.create_task(end, name=f"end of {instance_id}")

    async def _end(self, instance_id: str, *, for_good: bool) -> None:
        try:
            await self._dialed[instance_id].end(self._drain_s, for_good=for_good)
        except Exception as error:
            why = type(error).__name__
            log.warning("an instance did not end in good order", extra={"instance_id": instance_id, "why": why})
        finally:
            del self._dialed[instance_id], self._ending[instance_id]

    # --- what use cases tell a dialer ---------------------------------------------------------------------------------

    def campaigns_changed(self, instance_id: str) -> None:
        """Tell whoever dials for the instance, if anybody does."""
        if (dialed := self._dialed.get(instance_id)) is not None:
            dialed.dialer.campaigns_changed()

    def requests_accepted(self, instance_id: str, campaign_id: str) -> None:
        """Tell whoever dials for the instance, if anybody does."""
        if (dialed := self._dialed.get(instance_id)) is not None:
            dialed.dialer.requests_accepted(campaign_id)

    def due_changed(self, instance_id: str, campaign_id: str) -> None:
        """Tell whoever dials for the instance, if anybody does."""
        if (dialed := self._dialed.get(instance_id)) is not None:
            dialed.dialer.due_changed(campaign_id)

    def heed(self, instance: Instance) -> None:
        """Tell whoever dials for the instance, if anybody does."""
        if (dialed := self._dialed.get(instance.instance_id)) is not None:
            dialed.dialer.heed(instance)

    def opted_out(self, instance_id: str, number_keys: Collection[int]) -> None:
        """Tell whoever dials for the instance, if anybody does."""
        if (dialed := self._dialed.get(instance_id)) is not None:
            dialed.dialer.opted_out(number_keys)

    def attributes_given(self, instance_id: str, contact_id: str, attributes: Mapping[str, str]) -> None:
        """Tell whoever dials for the instance, if anybody does."""
        if (dialed := self._dialed.get(instance_id)) is not None:
            dialed.dialer.attributes_given(contact_id, attributes)

    async def recording_wished(self, instance_id: str, contact_id: str, wish: RecordingWish) -> bool:
        """Have whoever dials for the instance do it; whether it is possible. Raises InvalidStateError if nobody
        dials."""
        return await self._there(instance_id).dialer.recording_wished(contact_id, wish)

    async def put_user_status(self, instance_id: str, agent_id: str, status: UserStatus) -> None:
        """Tell whoever dials for the instance which status an agent has chosen. An instance or an agent that is new is
        waited for, until it is dialed for and its dialer has read of the agent. Raises InvalidStateError if nobody
        dials, NotFoundError if the agent never comes."""
        for _ in range(int(NEWCOMER_S / LOOK_FOR_NEWCOMER_S)):
            with suppress(InvalidStateError, NotFoundError):
                await self._there(instance_id).put_user_status(agent_id, status)
                return
            self.campaigns_changed(instance_id)
            await self._sleep(LOOK_FOR_NEWCOMER_S)
        await self._there(instance_id).put_user_status(agent_id, status)

    def confirm_agents(self, instance_id: str, agent_ids: Collection[str]) -> None:
        """Tell whoever dials for the instance that these agents are still there. Raises InvalidStateError if nobody
        dials."""
        self._there(instance_id).confirm_agents(agent_ids)

    def _there(self, instance_id: str) -> DialedInstance:
        dialed = self._dialed.get(instance_id)
        if dialed is None:
            raise InvalidStateError("Nobody dials for the instance at the moment.")
        return dialed

    # --- what displays ask one ----------------------------------------------------------------------------------------

    def carrier_trouble(self, instance_id: str) -> str | None:
        """Why the instance's carrier cannot be used, in words; None while it can, and while nobody dials."""
        dialed = self._dialed.get(instance_id)
        return dialed.carrier_trouble() if dialed is not None else None

    def explanation(self, instance_id: str, campaign_id: str) -> DialingExplanation | None:
        """Why a campaign of the instance dials as it does; None while nobody dials, and of one that is not dialed."""
        dialed = self._dialed.get(instance_id)
        return dialed.dialer.explanation(campaign_id) if dialed is not None else None

    def progress(self, instance_id: str, campaign_id: str) -> DialingProgress | None:
        """How far a campaign of the instance is; None while nobody dials, and of one that is not dialed."""
        dialed = self._dialed.get(instance_id)
        return dialed.dialer.progress(campaign_id) if dialed is not None else None

    def floor(self, instance_id: str, queue_id: str | None = None) -> FloorProgress | None:
        """What the agents of the instance's queue, or all, are doing; None while nobody dials."""
        dialed = self._dialed.get(instance_id)
        return dialed.dialer.floor(queue_id) if dialed is not None else None

    def agent_states(self, instance_id: str) -> Mapping[str, AgentState] | None:
        """What each agent of the instance is doing, by id; None while nobody dials."""
        dialed = self._dialed.get(instance_id)
        return dialed.dialer.agent_states() if dialed is not None else None

    def phone_troubles(self, instance_id: str) -> Mapping[str, PhoneTrouble]:
        """Of each agent of the instance whose phone was not reached, why, by id."""
        dialed = self._dialed.get(instance_id)
        return dialed.dialer.phone_troubles() if dialed is not None else {}

    def attempts_by_minute(self, instance_id: str, campaign_id: str) -> Sequence[int]:
        """The campaign's attempts in each of the last minutes, oldest first; the last one goes on."""
        dialed = self._dialed.get(instance_id)
        return dialed.dialer.attempts_by_minute(campaign_id) if dialed is not None else ()
