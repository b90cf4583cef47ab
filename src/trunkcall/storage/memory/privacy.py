"""Erasing personal data in memory (``ports.privacy``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from trunkcall.domain.changes import ContactExpired
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import Instant
from trunkcall.storage.memory.changes import changed
from trunkcall.storage.memory.state import Held, Part
from trunkcall.storage.ports.privacy import Erasure, ErasureReason

_OF_NUMBER: Final = re.compile(r"number-[0-9a-f]{32}")


class PrivacyInMemory(Part):
    """Numbers that are forgotten, and those that were kept long enough."""

    async def forget_number(self, phone_number: str, *, at: Instant, number_key: int | None = None) -> int:
        found = [held for held in self._state.contacts.values() if held.record.phone_number == phone_number]
        number_keys = {number_key} | {held.clearance.number_key for held in found if held.clearance is not None}
        for counts in self._state.counts.values():
            counts.forget(number_keys)
        for held in found:
            if held.waits:
                self._state.release(held.sequence)
        over = [changed(each, ContactExpired(each.record.contact_id, "", at)) if each.waits else each for each in found]
        return self._erase(over, at, ErasureReason.FORGOTTEN)

    async def erase_ended(self, instance_id: str, *, before: Instant, at: Instant, limit: int) -> int:
        found = [
            held
            for held in self._state.contacts.values()
            if held.record.instance_id == instance_id and held.record.phone_number and self._is_over(held, before)
        ]
        return self._erase(found[:limit], at, ErasureReason.RETENTION)

    def _is_over(self, held: Held, before: Instant) -> bool:
        """Whether it ended before; who is set aside will not end by itself."""
        record = held.record
        if record.ended_at is not None:
            return record.ended_at < before
        aside = held.sequence in self._state.quarantine
        return aside and record.expires_at < before and record.updated_at < before

    def _erase(self, contacts: Sequence[Held], at: Instant, reason: ErasureReason) -> int:
        if contacts:
            self._state.put_contacts(_erased(held, at) for held in contacts)
            self._state.erasures.append(Erasure(at, reason, len(contacts)))
        for held in contacts:
            if held.record.state is ContactState.ENDED:
                self._state.release(held.sequence)
        return len(contacts)

    async def erasures(self) -> Sequence[Erasure]:
        return list(self._state.erasures)


def _erased(held: Held, at: Instant) -> Held:
    token = held.record.client_token
    telling = token is not None and (
        held.record.phone_number[1:] in token.replace("-", "") or _OF_NUMBER.fullmatch(token)
    )
    erased = held.noted(
        client_token=f"erased-{held.sequence}" if telling else token,
        phone_number="",
        attributes={},
        time_zone=None,
        flow_attributes=None,
        updated_at=at,
    )
    return replace(erased, flow_progress=None)
