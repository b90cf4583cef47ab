"""What is said to a live answer whom no agent has reached in time, before the leg ends.

Decides when the message begins: within the threshold nobody was found, so the contact leaves its queue; an agent who is
being rung at that instant is waited for. Whoever finds the queue full hears it at once. And when it is over: at its
end, or at a limit. That it is an abandonment ``live_answers`` has entered. It must not know what is said.
"""

from __future__ import annotations

from trunkcall.domain.changes import SafeHarbourBegun
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import Instant
from trunkcall.domain.transitions import CONTACT, ContactEvent, after
from trunkcall.engine.beside import Beside
from trunkcall.engine.commands import SpeakSafeHarbour
from trunkcall.engine.contact import Contact
from trunkcall.engine.endings import Endings
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind


class SafeHarbour:
    """Has the messages begin and end."""

    __slots__ = ("_beside", "_endings", "_state")

    def __init__(self, state: EngineState, endings: Endings, beside: Beside) -> None:
        self._state = state
        self._beside = beside
        self._endings = endings

    def threshold_passed(self, contact_id: str, now: Instant) -> None:
        """The contact hears its campaign's message, if there is one and nobody has been found. On a host that is lost
        nothing can be said: the threshold is looked at again when it is found."""
        state = self._state
        contact = state.registry.contact(contact_id)
        if contact.state is not ContactState.QUEUED or not _has_a_message(contact):
            return
        if not state.trunks.is_up(contact.host):
            state.held_back = True
            return
        if contact.queue_id is not None:
            state.roster.queue(contact.queue_id).waiting.pop(contact_id, None)
        self._begin(contact, now)

    def queue_is_full(self, contact: Contact, now: Instant) -> None:
        """The contact, which is in no queue, hears its campaign's message, if there is one and it can be said; else it
        ends."""
        if _has_a_message(contact) and self._state.trunks.is_up(contact.host):
            self._begin(contact, now)
        else:
            self._endings.disconnect(contact, now)

    def _begin(self, contact: Contact, now: Instant) -> None:
        state, contact_id = self._state, contact.contact_id
        contact.state = after(CONTACT, contact.state, ContactEvent.SAFE_HARBOUR)
        state.registry.take_from_flight(contact)
        self._beside.end(contact)
        state.timers.stop(TimerKind.QUEUE_LIMIT, contact_id)
        state.timers.stop(TimerKind.HELP, contact_id)
        contact.unheard = False
        state.out.change(SafeHarbourBegun(contact_id, now))
        self.speak(contact, now)

    def speak(self, contact: Contact, now: Instant) -> None:
        """Have it said, from its beginning."""
        contact.play_id = contact.new_play_id(now)
        deed = SpeakSafeHarbour(
            contact.leg_id, contact.play_id, contact.contact_id, contact.campaign.campaign_id, contact.caller_id
        )
        self._state.out.do(deed, contact)
        self.await_end(contact, now)

    def await_end(self, contact: Contact, now: Instant) -> None:
        """The message is to be over in time."""
        limit = self._state.config.safe_harbour_limit
        self._state.timers.set(now + limit, TimerKind.SAFE_HARBOUR_LIMIT, contact.contact_id)

    def message_ended(self, leg_id: str, ended_play_id: str, now: Instant, *, heard: bool) -> None:
        """A message is over. Any other than the safe-harbour message of this leg changes nothing. No record says that
        one was heard which was not."""
        leg = self._state.registry.legs.get(leg_id)
        contact = leg.contact if leg is not None else None
        if contact is not None and contact.state is ContactState.SAFE_HARBOUR and contact.play_id == ended_play_id:
            contact.unheard = not heard
            self._endings.disconnect(contact, now)

    def limit_due(self, contact_id: str, now: Instant) -> None:
        """Nobody has said that the message is over."""
        self._endings.disconnect(self._state.registry.contact(contact_id), now)


def _has_a_message(contact: Contact) -> bool:
    """Whether its campaign has one for it."""
    return contact.live and contact.campaign.settings.safe_harbour
