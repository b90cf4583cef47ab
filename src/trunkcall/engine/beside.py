"""What customers and agents hear of flows beside the own one of a contact: while somebody waits, before both are
joined, and on hold.

Decides in which order whispers come, how long they may take, whose hold counts where both have the other on hold, and
what is broken off when any of it is over. Which flows these are, and what they say, it must not know; ``flow_steps``
steps them.
"""

from __future__ import annotations

from typing import Final

from trunkcall.domain.contact import ContactState
from trunkcall.domain.flow import FlowHook
from trunkcall.domain.instants import MINUTE, Duration, Instant
from trunkcall.engine.commands import BridgeLegs, PlayTone, StopPlaying
from trunkcall.engine.contact import Contact
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind

WHISPERS_FOR: Final[Duration] = 2 * MINUTE
"""How long both of them may take together; then customer and agent are joined."""

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_QUEUE: Final = FlowHook.CUSTOMER_QUEUE
_AGENT_WHISPER: Final = FlowHook.AGENT_WHISPER
_CUSTOMER_WHISPER: Final = FlowHook.CUSTOMER_WHISPER
_CUSTOMER_HOLD: Final = FlowHook.CUSTOMER_HOLD
_AGENT_HOLD: Final = FlowHook.AGENT_HOLD


class Beside:
    """Has these flows begin and end."""

    __slots__ = ("_state",)

    def __init__(self, state: EngineState) -> None:
        self._state = state

    def waits(self, contact: Contact) -> None:
        """The contact has come to wait in a queue."""
        if _QUEUE in contact.hooks:
            contact.flow_begun = True
            self._state.flows_due.append((contact, _QUEUE))

    def is_rung_for(self, contact: Contact) -> None:
        """An agent is being put through to the contact: its flow is over, and what is being said goes on."""
        self._end_flow(contact)

    def join(self, contact: Contact, now: Instant, *, with_tone: bool) -> None:
        """The agent is on the line: there are whispers first, if the contact has any."""
        hooks = contact.hooks
        if _AGENT_WHISPER not in hooks and _CUSTOMER_WHISPER not in hooks:
            self._bridge(contact, now, with_tone=with_tone)
            return
        assert contact.agent_leg_id is not None
        timers = self._state.timers
        contact.whispers, contact.with_tone = True, with_tone
        timers.set(now + WHISPERS_FOR, TimerKind.WHISPERS, contact.contact_id)
        overdue_at = now + WHISPERS_FOR + self._state.config.agent_ring_timeout
        timers.set(overdue_at, TimerKind.AGENT_RING_OVERDUE, contact.agent_leg_id)
        hook = _AGENT_WHISPER if _AGENT_WHISPER in hooks else _CUSTOMER_WHISPER
        self._state.flows_due.append((contact, hook))

    def begin(self, contact: Contact, hook: FlowHook) -> str | None:
        """The flow of this hook is about to begin: the leg that hears it, None where there is nothing to begin any
        more."""
        match hook:
            case FlowHook.CUSTOMER_QUEUE:
                return contact.leg_id if contact.state is ContactState.QUEUED else None
            case FlowHook.AGENT_WHISPER if contact.whispers:
                contact.music, contact.play_id = contact.play_id, None
                contact.says_to = contact.agent_leg_id
                return contact.agent_leg_id
            case FlowHook.CUSTOMER_WHISPER if contact.whispers:
                self.hush(contact)
                return contact.leg_id
            case FlowHook.CUSTOMER_HOLD if self._hold_of(contact) is hook:
                return contact.leg_id
            case FlowHook.AGENT_HOLD if self._hold_of(contact) is hook:
                contact.says_to = contact.agent_leg_id
                return contact.agent_leg_id
            case _:
                return None

    def is_over(self, contact: Contact, now: Instant) -> None:
        """The flow that went on is over, and the contact is where it was."""
        if not contact.whispers or contact.hook is _QUEUE:
            # A flow that has moved its contact to an agent who is on the line is over after the whispers were due.
            return
        if contact.hook is _AGENT_WHISPER and _CUSTOMER_WHISPER in contact.hooks:
            self._hush_agent(contact)
            self._state.flows_due.append((contact, _CUSTOMER_WHISPER))
        else:
            self.whispers_due(contact, now)

    def whispers_due(self, contact: Contact, now: Instant) -> None:
        """The whispers are over, or have taken as long as they may: the two are joined."""
        self.end_whispers(contact)
        contact.joined_at = now
        timeout = self._state.config.agent_ring_timeout
        assert contact.agent_leg_id is not None
        self._state.timers.set(now + timeout, TimerKind.AGENT_RING_OVERDUE, contact.agent_leg_id)
        self._bridge(contact, now, with_tone=contact.with_tone)

    def end_whispers(self, contact: Contact) -> None:
        """There are none any more, whatever comes now. What the customer heard while waiting goes on."""
        if not contact.whispers:
            return
        contact.whispers = False
        self._state.timers.stop(TimerKind.WHISPERS, contact.contact_id)
        self._end_flow(contact)
        self._hush_agent(contact)

    def hold_may_differ(self, contact: Contact) -> None:
        """One of those who talk may have put the other on hold, or be back."""
        hook = self._hold_of(contact)
        if hook is contact.hold:
            return
        self.end_hold(contact)
        contact.hold = hook
        if hook is not None and hook in contact.hooks:
            self._state.flows_due.append((contact, hook))

    def end_hold(self, contact: Contact) -> None:
        """Nothing goes on of a flow for a hold, nor is heard."""
        if contact.hold is not None:
            contact.hold = None
            self._end_flow(contact)
            self.hush(contact)
            contact.says_to = None

    def end(self, contact: Contact) -> None:
        """Nothing of these flows goes on, nor is heard."""
        self.end_whispers(contact)
        self._end_flow(contact)
        self.hush(contact)

    def hush(self, contact: Contact) -> None:
        """What flows are saying is broken off."""
        if contact.play_id is not None:
            self._state.out.do(StopPlaying(contact.says_to or contact.leg_id, contact.play_id), contact)
            contact.play_id = None

    def bridge_anew(self, contact: Contact) -> None:
        """Nobody knows whether the two were joined, who are to be: they are, without more words."""
        self.end(contact)
        assert contact.agent_leg_id is not None
        self._state.out.do(BridgeLegs(contact.leg_id, contact.agent_leg_id), contact)

    def _bridge(self, contact: Contact, now: Instant, *, with_tone: bool) -> None:
        self.hush(contact)
        leg_id, tone = contact.agent_leg_id, self._state.config.answer_tone
        assert leg_id is not None
        self._state.out.do(BridgeLegs(contact.leg_id, leg_id), contact)
        if with_tone and tone:
            # Asked for after the bridge, so nobody waits for it.
            self._state.out.do(PlayTone(leg_id, f"{contact.leg_id}-{leg_id}-{now}", tone), contact)

    def _hold_of(self, contact: Contact) -> FlowHook | None:
        """Whoever has the other on hold hears nobody, so the customer goes first."""
        if contact.state is not ContactState.CONNECTED or contact.agent_leg_id is None:
            return None
        legs = self._state.registry.legs
        customer, agent = legs.get(contact.leg_id), legs.get(contact.agent_leg_id)
        if agent is not None and agent.holds:
            return _CUSTOMER_HOLD
        return _AGENT_HOLD if customer is not None and customer.holds else None

    def _hush_agent(self, contact: Contact) -> None:
        """What is played is the customer's again, if any was the agent's."""
        if contact.says_to is not None:
            self.hush(contact)
            contact.says_to, contact.play_id, contact.music = None, contact.music, None

    def _end_flow(self, contact: Contact) -> None:
        if not contact.flow_goes_on:
            return
        contact.flow_goes_on = False
        self._state.flows.broken_off(contact.contact_id)
        if contact.flow_until is not None:
            contact.flow_until = None
            self._state.timers.stop(TimerKind.FLOW, contact.contact_id)
