"""Attempts that never were: the carrier did not get the originate, or the store refused the attempt.

Decides which contacts wait again, and for how long nobody is dialed on their trunk. It must not know why an originate
did not leave.
"""

from __future__ import annotations

from trunkcall.domain.changes import AttemptVoided, Refusal
from trunkcall.domain.contact import ContactState
from trunkcall.domain.errors import IllegalTransitionError
from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import HangupCause, LegParty
from trunkcall.domain.transitions import CONTACT, ContactEvent, after
from trunkcall.engine.contact import Contact
from trunkcall.engine.events import AttemptRefused
from trunkcall.engine.legs import LegReports
from trunkcall.engine.matching import Matching
from trunkcall.engine.state import EngineState


class Withdrawals:
    """Takes attempts back."""

    __slots__ = ("_legs", "_matching", "_state")

    def __init__(self, state: EngineState, matching: Matching, legs: LegReports) -> None:
        self._state = state
        self._matching = matching
        self._legs = legs

    def voided(self, leg_id: str, now: Instant, *, refused: bool) -> None:
        """The originate never left: the contact is the next one again. Of many that a switch refuses at once the first
        says that its trunk leads nowhere."""
        state = self._state
        leg = state.registry.legs.get(leg_id)
        if leg is None:
            return
        contact = leg.contact
        if contact is None or contact.restored or leg.party is LegParty.AGENT:
            # Its contact is over already; or a customer waits for an agent who will not come; or it was a former dialer
            # that originated, and nobody here can say that it never left. A leg that never was is one that has ended.
            lost = not state.trunks.is_up(leg.host) or leg.party is LegParty.CUSTOMER
            self._legs.ended(leg_id, HangupCause.LOST if lost else HangupCause.UNREACHABLE, now)
            return
        if contact.state is not ContactState.DIALING:
            return
        contact.state = after(CONTACT, contact.state, ContactEvent.VOID)
        if refused and not state.trunks.is_held(contact.trunk_id, now):
            state.trunks.failed(contact.trunk_id, leg_id, now)
        self._forget(contact, now)
        state.out.change(AttemptVoided(contact.contact_id, contact.campaign.campaign_id, now))
        state.trunks.hold(contact.trunk_id, now + state.config.void_backoff)
        if not contact.campaign.over:
            contact.campaign.window.put_back(contact.offered)

    def refused(self, event: AttemptRefused, now: Instant) -> None:
        """The store did not let the attempt be made."""
        contact = self._state.registry.contact(event.contact_id)
        if contact.state is not ContactState.DIALING:
            raise IllegalTransitionError("only an attempt that was just begun can be refused; nothing was changed")
        self._forget(contact, now)
        campaign = contact.campaign
        if event.refusal.waits_in_window:
            campaign.blocked = True
            if not campaign.over:
                campaign.window.put_back(contact.offered)
        elif event.refusal in (Refusal.NOT_DUE, Refusal.HELD) and not campaign.over:
            # It waits in the store, as any other that is due later.
            campaign.window.due_later(event.not_before if event.not_before is not None else now)

    def _forget(self, contact: Contact, now: Instant) -> None:
        contact.campaign.statistics.attempts -= 1
        self._state.caller_ids.take_back(contact)
        self._state.registry.remove_leg(contact.leg_id)
        self._state.registry.remove(contact)
        self._matching.end_reservation(contact, now)
