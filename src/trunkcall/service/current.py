"""The dialer that is there at the moment: what use cases, metrics, health and displays ask and tell it.

Decides what is answered while nobody dials. An ownership comes and goes, and with it its engine; this stays for as long
as the process does, and so do the sums of what was done. It must not know how an ownership begins or ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from trunkcall.domain.agent import AgentState, PhoneTrouble
from trunkcall.domain.clock import Clock, Seconds, Sleep
from trunkcall.domain.directory import Instance
from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import LegState, LiveLeg
from trunkcall.domain.recording import RecordingWish
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import CarrierFound, DialingSuspended, RecordingWished, RingingCalledOff
from trunkcall.engine.explanation import DialingExplanation
from trunkcall.engine.progress import DialingProgress, FloorProgress
from trunkcall.engine.snapshot import EngineSnapshot
from trunkcall.service.clock import since_boot_s
from trunkcall.service.dialer import Dialer
from trunkcall.service.totals import DialerTotals

DRAIN_LOOK_S = 0.05
HANG_UP_S = 2.0
"""How long a process that stops waits for the ends of phones that it lets ring no more."""


class CurrentDialer:
    """Whoever dials for one instance in this process, if anybody does.

    ``legs_survive`` says that the carrier keeps its legs when this process ends; the next owner takes over the contacts
    in progress.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        legs_survive: bool = False,
        monotonic: Seconds = since_boot_s,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._legs_survive = legs_survive
        self._monotonic = monotonic
        self._sleep = sleep
        self._engine: Engine | None = None
        self._dialer: Dialer | None = None
        self._coming: Dialer | None = None
        """One that has taken over contacts, and does not dial yet."""
        self._outbound_calls = True
        self.totals = DialerTotals()
        """What all dialers of this process have done."""
        self.halted_at: Instant | None = None
        """Since when all calls of the instance are halted, as far as this process has heard; None if they are not."""
        self.quarantined = 0
        """How many contacts are set aside, as of the last look."""
        self.trouble: str | None = None
        """Why nothing is dialed at the moment, in words for /health; None while all is well."""

    def takes_over(self, dialer: Dialer) -> None:
        """This one takes over contacts, which it has as they stand now, and is about to dial."""
        self._coming = dialer

    @contextmanager
    def dialing(self, engine: Engine, dialer: Dialer) -> Iterator[None]:
        """Meanwhile these dial, and all is well."""
        self._engine, self._dialer, self._coming = engine, dialer, None
        self.trouble = None
        dialer.allow_outbound_calls(self._outbound_calls)
        try:
            yield
        finally:
            self._engine = self._dialer = None

    # --- what use cases tell it ---------------------------------------------------------------------------------------

    def campaigns_changed(self) -> None:
        """The store's campaigns are not what they were."""
        if self._dialer is not None:
            self._dialer.campaigns_changed()

    def requests_accepted(self, campaign_id: str) -> None:
        """The store holds more waiting contacts of this campaign."""
        if self._dialer is not None:
            self._dialer.requests_accepted(campaign_id)

    def due_changed(self, campaign_id: str) -> None:
        """Waiting contacts of this campaign are due at other instants than they were."""
        if self._dialer is not None:
            self._dialer.due_changed(campaign_id)

    def opted_out(self, number_keys: Collection[int]) -> None:
        """Numbers were put on a do-not-call list, by their keys: whoever's phone rings at one is called no more.
        Whoever waits meets the list when the attempt begins."""
        if self._dialer is not None:
            self._dialer.opted_out(number_keys)
            self._dialer.campaigns_changed()

    def attributes_given(self, contact_id: str, attributes: Mapping[str, str]) -> None:
        """Somebody has given a contact these, which are on record."""
        dialer = self._dialer or self._coming
        if dialer is not None:
            dialer.attributes_given(contact_id, attributes)

    async def recording_wished(self, contact_id: str, wish: RecordingWish) -> bool:
        """Somebody has asked for this of the recording of a contact; whether it is possible. Once this returns it is
        done."""
        if self._dialer is None or self._engine is None or not self._engine.recording_may_be(contact_id, wish):
            return False
        self._dialer.post(RecordingWished(contact_id, wish))
        await self._dialer.settled()
        return True

    def heed(self, instance: Instance) -> None:
        """Go by what the instance says of its calls: whether they are halted, or switched off."""
        self.halted_at = instance.halted_at
        self.allow_outbound_calls(instance.may_originate)

    def allow_outbound_calls(self, allowed: bool) -> None:
        """Whether anybody may be dialed for the instance from now on. Contacts in progress go on."""
        self._outbound_calls = allowed
        if self._dialer is not None:
            self._dialer.allow_outbound_calls(allowed)

    # --- what displays ask it -----------------------------------------------------------------------------------------

    def snapshot(self) -> EngineSnapshot | None:
        """What the engine is doing; None while nobody dials."""
        return self._engine.snapshot(self._clock.now()) if self._engine is not None else None

    @property
    def starved(self) -> int:
        """How many campaigns others go before more often than they may."""
        return self._engine.starved() if self._engine is not None else 0

    @property
    def failing_trunks(self) -> int:
        """How many trunks lead nowhere."""
        return self._engine.failing_trunks() if self._engine is not None else 0

    @property
    def closed_campaigns(self) -> int:
        """For how many campaigns that run nobody may be dialed, as their rules cannot be gone by."""
        return self._dialer.closed_campaigns() if self._dialer is not None else 0

    def explanation(self, campaign_id: str) -> DialingExplanation | None:
        """Why a campaign dials as it does; None while nobody dials, and of a campaign that is not dialed."""
        return self._engine.explain(campaign_id, self._clock.now()) if self._engine is not None else None

    def progress(self, campaign_id: str) -> DialingProgress | None:
        """How far a campaign is; None while nobody dials, and of a campaign that is not dialed."""
        return self._engine.progress(campaign_id, self._clock.now()) if self._engine is not None else None

    def floor(self, queue_id: str | None = None) -> FloorProgress | None:
        """What the agents of the queue, or all, are doing; None while nobody dials."""
        return self._engine.floor(queue_id) if self._engine is not None else None

    def agent_states(self) -> Mapping[str, AgentState] | None:
        """What each agent is doing, by id; None while nobody dials."""
        return self._engine.agent_states() if self._engine is not None else None

    def phone_troubles(self) -> Mapping[str, PhoneTrouble]:
        """Of each agent whose phone was not reached, why, by id."""
        return self._engine.phone_troubles() if self._engine is not None else {}

    @property
    def failed_phones(self) -> int:
        """How many agents want to work and have a phone that failed."""
        return list((self.agent_states() or {}).values()).count(AgentState.ERROR)

    def attempts_by_minute(self, campaign_id: str) -> Sequence[int]:
        """The campaign's attempts in each of the last minutes, oldest first; the last one goes on."""
        return self.totals.history.by_minute(campaign_id, self._clock.now())

    # --- how its process comes to an end ------------------------------------------------------------------------------

    async def suspend(self) -> None:
        """Begin no attempt any more; contacts in progress go on."""
        if self._dialer is not None:
            self._dialer.post(DialingSuspended())
            await self._dialer.settled()

    async def drained(self, timeout_s: float) -> bool:
        """Wait until no contact is in progress; False if some still are when the time is up."""
        until_s = self._monotonic() + timeout_s
        while (snapshot := self.snapshot()) is not None and snapshot.contacts_in_progress:
            if self._monotonic() >= until_s:
                return False
            await self._sleep(DRAIN_LOOK_S)
        return True

    async def close_out(self, *, for_good: bool = False) -> None:
        """End contacts whose legs end with this process, and all if it is ``for_good``, as no owner comes after this
        one: then nobody is left on the line. Of legs that outlive it those end that ring: nobody would be there for who
        answers. The next owner does it, should this one be in trouble."""
        if self._dialer is None or self._engine is None:
            return
        if self._legs_survive and not for_good:
            self._dialer.post(RingingCalledOff())
            await self._dialer.settled()
            await self._until_none_rings()
            return
        left = tuple([LiveLeg(leg.leg_id, leg.state) for leg in self._engine.details().legs.values()])
        self._dialer.post(CarrierFound(()))
        if self._legs_survive:
            # Nobody's any more, they are hung up.
            self._dialer.post(CarrierFound(left))
        await self._dialer.settled()

    async def _until_none_rings(self) -> None:
        """Wait for a moment until the carrier has confirmed the ends of legs that were to end."""
        until_s = self._monotonic() + HANG_UP_S
        while self._engine is not None and self._monotonic() < until_s:
            legs = self._engine.details().legs.values()
            if all(leg.state is LegState.UP for leg in legs):
                return
            await self._sleep(DRAIN_LOOK_S)
