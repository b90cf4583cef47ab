"""Contacts that could not be taken over, in memory (``ports.quarantine``). Nothing is ever damaged here."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from trunkcall.domain.contact import ContactState, DisconnectReason, Disposition, QuarantinedContact
from trunkcall.domain.instants import Instant
from trunkcall.storage.memory.state import Part


class QuarantineInMemory(Part):
    """Who is set aside, and how that ends."""

    async def quarantined_count(self, instance_id: str | None = None) -> int:
        contacts = self._state.contacts
        return sum(instance_id in (None, contacts[sequence].record.instance_id) for sequence in self._state.quarantine)

    async def quarantined(self, campaign_id: str | None = None) -> Sequence[QuarantinedContact]:
        found = []
        for sequence, damage in sorted(self._state.quarantine.items()):
            held = self._state.contacts[sequence]
            record = held.record
            if campaign_id in (None, record.campaign_id):
                found.append(
                    QuarantinedContact(
                        sequence, record.contact_id, record.campaign_id, damage, record.state, waiting=held.waits
                    )
                )
        return found

    async def quarantine_damaged(self) -> int:
        return 0

    async def end_quarantined(self, sequences: Collection[int] | None, *, at: Instant, erase: bool = False) -> int:
        ending = [each for each in sorted(self._state.quarantine) if sequences is None or each in sequences]
        for sequence in ending:
            held = self._state.contacts[sequence]
            if held.record.state is not ContactState.ENDED:
                disposition, reason = (
                    (Disposition.EXPIRED, DisconnectReason.EXPIRED)
                    if held.waits
                    else (Disposition.ATTEMPT_FAILED, DisconnectReason.OUTBOUND_ATTEMPT_FAILED)
                )
                held = held.noted(
                    state=ContactState.ENDED, ended_at=at, disposition=disposition, disconnect_reason=reason
                )
            if erase:
                token = None if held.record.client_token is None else f"erased-{sequence}"
                held = held.noted(phone_number="", attributes={}, time_zone=None, client_token=token)
            self._state.put_contacts([held.noted(updated_at=at)])
            self._state.release(sequence)
        return len(ending)
