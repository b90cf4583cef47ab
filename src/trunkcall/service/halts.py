"""Use cases about halts: stop whatever is originated for an instance, and let it begin again.

Decides who is told. That nothing begins once an instance is halted is for the store to see to, and whoever dials in
this process hears of it at once; in another one it is noticed within a second.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trunkcall.domain.clock import NowOf
from trunkcall.domain.directory import Instance
from trunkcall.service.centre import Centre
from trunkcall.service.remarks import check_remark
from trunkcall.service.wakeups import Wakeups
from trunkcall.storage.ports.directory import InstanceHalts

MAX_REASON: Final = 500


class Halts:
    """The halts of instances."""

    def __init__(self, centre: Centre, halts: InstanceHalts, now_of: NowOf, wakeups: Wakeups) -> None:
        self._centre = centre
        self._halts = halts
        self._now_of = now_of
        self._wakeups = wakeups

    async def halt_instance(self, instance: str, *, reason: str = "") -> Instance:
        """Have nothing be originated for the instance until it is resumed, over restarts too. Who is in a call stays in
        it. Once this returns no attempt begins; those that a carrier has got already ring. Raises NotFoundError,
        InvalidInputError for a reason that is too long or holds a phone number; then nothing is halted."""
        check_remark(
            reason,
            "reason of a halt",
            most=MAX_REASON,
            no_number="whoever asks why nobody is dialed is told it",
            then=" Nothing was halted.",
        )
        found = (await self._centre.directory(instance)).instance
        at = self._now_of(found.instance_id)
        # Those that are decided and not made yet are void before the store has it.
        self._wakeups.heed(replace(found, halted_at=at, halt_reason=reason))
        return self._told(await self._halts.halt_instance(found.instance_id, at=at, reason=reason))

    async def resume_instance(self, instance: str) -> Instance:
        """Have calls be made for the instance again. Raises NotFoundError."""
        instance_id = (await self._centre.directory(instance)).instance.instance_id
        return self._told(await self._halts.resume_instance(instance_id))

    def _told(self, instance: Instance) -> Instance:
        self._wakeups.heed(instance)
        return instance
