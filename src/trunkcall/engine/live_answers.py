"""Live answers, and those of them that are abandoned: what is entered in a campaign's ledger.

Decides when a live answer counts as abandoned, once at most. It must not know what becomes of the contact.
"""

from __future__ import annotations

from trunkcall.domain.changes import ContactAbandoned, LedgerCounted
from trunkcall.domain.instants import Instant
from trunkcall.engine.contact import Contact
from trunkcall.engine.state import EngineState


class LiveAnswers:
    """Keeps the ledgers. Only campaigns with agents have one."""

    __slots__ = ("_state",)

    def __init__(self, state: EngineState) -> None:
        self._state = state

    def detected(self, contact: Contact, now: Instant) -> None:
        """Somebody is there."""
        contact.campaign.statistics.live_answers += 1
        if contact.campaign.pacer.needs_agents:
            self._count(contact, now, live_answers=1)

    def abandonment_due(self, contact_id: str, now: Instant) -> None:
        """The limit has passed: if no agent has come by now, it is an abandonment, whatever happens next."""
        self.abandon(self._state.registry.contact(contact_id), now)

    def abandon(self, contact: Contact, now: Instant) -> None:
        """Enter one abandonment of a live answer, once."""
        if contact.abandoned or not contact.live:
            return
        contact.abandoned = True
        self._state.out.change(ContactAbandoned(contact.contact_id, now))
        if contact.campaign.pacer.needs_agents:
            contact.campaign.statistics.abandoned += 1
            contact.campaign.pacer.abandoned()
            self._count(contact, now, abandoned=1)

    def _count(self, contact: Contact, now: Instant, *, live_answers: int = 0, abandoned: int = 0) -> None:
        contact.campaign.ledger.count(now, live_answers=live_answers, abandoned=abandoned)
        self._state.out.change(LedgerCounted(contact.campaign.campaign_id, now, live_answers, abandoned))
