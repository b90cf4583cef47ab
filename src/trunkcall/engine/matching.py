"""Who takes a live answer, and which agent is kept for which dial.

Decides who is rung for a contact that waits, and which contact a free agent gets. It must not know why an agent is
free, nor how a contact ends.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Final

from trunkcall.domain.changes import ContactConnecting, ContactQueued, ContactRequeued
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import Duration, Instant
from trunkcall.domain.transitions import CONTACT, AgentEvent, ContactEvent, after
from trunkcall.engine.beside import Beside
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.commands import OriginateAgentLeg, OriginateSessionLeg
from trunkcall.engine.components import in_order
from trunkcall.engine.confirmations import Confirmations
from trunkcall.engine.contact import Contact
from trunkcall.engine.pools import Agent
from trunkcall.engine.sessions import Sessions
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_ASSIGN: Final = ContactEvent.ASSIGN
_QUEUE: Final = ContactEvent.QUEUE
_ASSIGN_AGENT: Final = AgentEvent.ASSIGN
_ABANDONMENT: Final = TimerKind.ABANDONMENT
_QUEUE_LIMIT: Final = TimerKind.QUEUE_LIMIT
_HELP: Final = TimerKind.HELP
_AGENT_RING_OVERDUE: Final = TimerKind.AGENT_RING_OVERDUE
_first = itemgetter(0)


class Matching:
    """Brings contacts and agents together."""

    __slots__ = ("_beside", "_confirmations", "_registry", "_roster", "_sessions", "_state")

    def __init__(self, state: EngineState, sessions: Sessions, confirmations: Confirmations, beside: Beside) -> None:
        self._state = state
        self._beside = beside
        self._confirmations = confirmations
        self._sessions = sessions
        self._registry = state.registry
        self._roster = state.roster

    # --- contacts that need an agent --------------------------------------------------------------------------------

    def enqueue(self, contact: Contact, queue_id: str, now: Instant) -> bool:
        """The contact is put into the queue, and through to an agent if there is one. False if there is none and as
        many wait as may: then the contact is not in the queue."""
        state, contact_id = self._state, contact.contact_id
        contact.queue_id, contact.queued_at = queue_id, now
        contact.queued_until = now + state.config.queue_limit
        if contact.is_elsewhere:
            # Who was kept for it serves its campaign's queue.
            self._registry.take_from_flight(contact)
            self.end_reservation(contact, now)
        elif contact.live and (contact.abandoned or contact.moves):
            self._registry.put_in_flight(contact)
        connects = self._connects(contact)
        agent = self._agent_for(contact, queue_id, now) if connects else None
        if agent is None and self._roster.is_full(queue_id):
            if contact.is_elsewhere:
                state.forget_queues(queue_id)
            return False
        contact.state = after(CONTACT, contact.state, _QUEUE)
        state.out.change(ContactQueued(contact_id, queue_id, now))
        if contact.live and contact.campaign.pacer.needs_agents:
            threshold = contact.campaign.settings.abandonment.threshold
            state.timers.set(contact.live_at + threshold, _ABANDONMENT, contact_id)
        state.timers.set(contact.queued_until, _QUEUE_LIMIT, contact_id)
        if agent is not None:
            self._assign(contact, agent, now)
            return True
        self.wait(contact, queue_id, now)
        self._beside.waits(contact)
        if not connects:
            state.held_back = True
            self._registry.wants_no_agent(contact)
            self.end_reservation(contact, now)
        return True

    def give_up(self, contact: Contact, now: Instant) -> None:
        """The contact, which is in no queue, is to have no agent, unless it is put into a queue after all."""
        contact.queue_id = None
        self._registry.take_from_flight(contact)
        self.end_reservation(contact, now)

    def move(self, contact: Contact, queue_id: str, now: Instant) -> bool:
        """The contact, which waits in a queue, is put into this one. False if as many wait there as may: then it is
        where it was."""
        before, state = contact.queue_id, self._state
        assert before is not None
        if self._roster.is_full(queue_id) and not (self._connects(contact) and self._has_somebody_free(queue_id)):
            return False
        waits_until, was_elsewhere = contact.queued_until, contact.is_elsewhere
        self._roster.queue(before).waiting.pop(contact.contact_id, None)
        state.timers.stop(_HELP, contact.contact_id)
        self.enqueue(contact, queue_id, now)
        if contact.state is ContactState.QUEUED:
            contact.queued_until = waits_until
            state.timers.set(waits_until, _QUEUE_LIMIT, contact.contact_id)
        if was_elsewhere:
            state.forget_queues(before)
        return True

    def _has_somebody_free(self, queue_id: str) -> bool:
        queue = self._roster.queues.get(queue_id)
        return queue is not None and queue.free > 0

    def ranked(self, contact: Contact) -> None:
        """The contact has another place in its queue, if it waits in one."""
        queue = self._roster.queues.get(contact.queue_id or "")
        if queue is not None and queue.waiting.pop(contact.contact_id, None) is not None:
            queue.put(contact)

    def wait(self, contact: Contact, queue_id: str, now: Instant) -> None:
        """The contact waits in the queue."""
        self._roster.queue(queue_id).put(contact)
        self._await_help(contact, queue_id, now)

    def requeue(self, contact: Contact, now: Instant) -> None:
        """The agent who was rung for the contact has not come. If there is no other, it is the first in its queue, of
        its priority."""
        contact.state = after(CONTACT, contact.state, ContactEvent.REQUEUE)
        self._beside.end_whispers(contact)
        contact.agent_id = contact.agent_leg_id = None
        self._state.out.change(ContactRequeued(contact.contact_id, now))
        if not contact.is_elsewhere:
            self._registry.put_in_flight(contact)
        self._state.timers.set(contact.queued_until, _QUEUE_LIMIT, contact.contact_id)
        queue_id = contact.queue_id
        if queue_id is None:
            return
        self._look_at_threshold(contact, now)
        connects = self._state.trunks.is_up(contact.host)
        self._state.held_back |= not connects
        other = self._agent_for(contact, queue_id, now) if connects else None
        if other is not None:
            self._assign(contact, other, now)
        else:
            self._roster.queue(queue_id).put(contact, first=True)
            self._beside.waits(contact)
            self._await_help(contact, queue_id, now)

    def match(self, now: Instant) -> None:
        """Whoever had to wait for the carrier is put through to the agents there are; who is left is kept for dials."""
        trunks = self._state.trunks
        self._state.matching_due = False
        self._state.held_back = not trunks.all_found
        if not trunks.any_up:
            return
        for queue_id, queue in self._roster.queues.items():
            for contact in list(queue.waiting.values()):
                if not trunks.is_up(contact.host):
                    continue
                agent = self._agent_for(contact, queue_id, now)
                if agent is None:
                    break
                self._assign(contact, agent, now)
            for contact in queue.waiting.values():
                self._look_at_threshold(contact, now)
        for agent in self._roster.agents.values():
            self.agent_freed(agent, now)

    def _look_at_threshold(self, contact: Contact, now: Instant) -> None:
        """The abandonment threshold has passed already, and what comes of that could not be done then."""
        if contact.abandoned and contact.campaign.settings.safe_harbour:
            self._state.timers.set(now, _ABANDONMENT, contact.contact_id)

    # --- agents who are free, or kept -------------------------------------------------------------------------------

    def agent_freed(self, agent: Agent, now: Instant) -> None:
        """A free agent takes somebody who waits: by the priority of the queue, then whoever waits longest. Failing
        that, the agent is kept for a dial whose agent has left."""
        if not agent.is_free:
            return
        self._state.held_back |= not self._state.trunks.all_found
        for queues in agent.pool.by_priority:
            longest: Contact | None = None
            for queue_id, delay in queues:
                head = self._first_waiting(queue_id)
                if head is None or (delay and self._waited(head, now) < delay):
                    continue
                if longest is None or _turn_of(head) < _turn_of(longest):
                    longest = head
            if longest is not None:
                self._assign(longest, agent, now)
                return
        if self._registry.short_of_agents:
            self._keep_for_a_dial(agent)

    def _keep_for_a_dial(self, agent: Agent) -> None:
        """Keep the free agent for a dial whose agent has left. Where several are free at once, whoever comes before the
        agent is kept first, and the agent for the next dial."""
        while agent.is_free and (dial := self._dial_for(agent)) is not None:
            self.reserve(dial)

    def _dial_for(self, agent: Agent) -> Contact | None:
        """A dial without an agent that the agent may be kept for, of the campaign whose queue comes first."""
        queue_ids, priority = agent.queue_ids, agent.pool.priority
        short = in_order(self._registry.short_of_agents.values())
        served = [(priority[q], campaign) for campaign in short if (q := campaign.settings.queue_id) in queue_ids]
        for _, campaign in sorted(served, key=_first):
            dial = next(filter(self._connects, self._registry.of(campaign).without_agent.values()), None)
            if dial is not None:
                return dial
        return None

    # --- agents who help ----------------------------------------------------------------------------------------------

    def help_due(self, contact_id: str, now: Instant) -> None:
        """A contact has waited so long that further agents may take it."""
        contact = self._registry.contact(contact_id)
        queue_id = contact.queue_id
        if queue_id is None:
            return
        connects = self._connects(contact)
        self._state.held_back |= not connects
        agent = self._first_free(contact, queue_id, now) if connects else None
        if agent is not None:
            self._assign(contact, agent, now)
        else:
            self._await_help(contact, queue_id, now)

    def helpers_changed(self, agent: Agent, now: Instant) -> None:
        """The agent serves other queues: those who wait there may be helped at another time."""
        for each in agent.pool.served:
            if each.delay_s:
                for contact in self._roster.queue(each.queue_id).waiting.values():
                    self._await_help(contact, each.queue_id, now)

    def _await_help(self, contact: Contact, queue_id: str, now: Instant) -> None:
        """See when the next agents may take the contact, who waits."""
        helpers = self._roster.queue(queue_id).helpers
        if helpers:
            waited = self._waited(contact, now)
            delay = next((delay for delay, _ in helpers if delay > waited), None)
            if delay is not None:
                self._state.timers.set(now - waited + delay, _HELP, contact.contact_id)

    def _waited(self, contact: Contact, now: Instant) -> Duration:
        """For how long the contact has been in its queue, or rung agents in vain."""
        return now - contact.queued_at

    def _first_waiting(self, queue_id: str) -> Contact | None:
        """Who is next in the queue, of those whom an agent can be put through to."""
        waiting, trunks = self._roster.queue(queue_id).waiting.values(), self._state.trunks
        if trunks.all_found:
            return next(iter(waiting), None)
        return next((contact for contact in waiting if trunks.is_up(contact.host)), None)

    def reserve(self, contact: Contact) -> None:
        """Keep a free agent for a dial whose agent has left; if there is none, the next who is freed. Nor is there one
        while somebody waits to be put through once the carrier is found."""
        queue_id = contact.campaign.settings.queue_id
        if queue_id is not None and self._may_keep_for(contact, queue_id) and self._roster.reserve(queue_id, contact):
            self._registry.wants_no_agent(contact)
        else:
            self._registry.wants_agent(contact)

    def replace(self, agent: Agent) -> None:
        """The dial that the agent is kept for, if there is one, gets another."""
        contact = agent.reserved_for
        if contact is not None:
            self._roster.unreserve(contact)
            self.reserve(contact)

    def let_go_until_found(self, contact: Contact, now: Instant) -> None:
        """The agent who is kept for the contact is free for others, as its host has not been found for long."""
        agent = self._roster.unreserve(contact)
        if agent is not None:
            self._registry.wants_agent(contact)
            self.agent_freed(agent, now)

    def _may_keep_for(self, contact: Contact, queue_id: str) -> bool:
        """Whether an agent may be kept for the dial. On a lost host it gets none, unless nobody else can be dialed or
        waits."""
        if self._connects(contact):
            return True
        return not self._state.trunks.any_up and not self._roster.queue(queue_id).waiting

    def _connects(self, contact: Contact) -> bool:
        """Whether an agent can be put through to the contact: the carrier answers for its host."""
        return self._state.trunks.is_up(contact.host)

    def end_reservation(self, contact: Contact, now: Instant) -> None:
        """The contact needs no agent any more: the one who was kept for it is free."""
        agent = self._roster.unreserve(contact)
        if agent is not None:
            self.agent_freed(agent, now)

    def _agent_for(self, contact: Contact, queue_id: str, now: Instant) -> Agent | None:
        """The agent kept for this contact, or one who can be had instead and has been available longer; else the one of
        its queue who comes first; else, one to one, an agent kept for a dial that nobody has answered: a live answer is
        here, that dial may never be one. Where nobody else is at work, one of whom nothing is heard: a phone that may
        ring in vain is better than nobody at all."""
        self._registry.wants_no_agent(contact)
        if self._roster.longest_available(contact, queue_id) is not None:
            return self._roster.unreserve(contact)
        agent = self._first_free(contact, queue_id, now)
        if agent is None and contact.campaign.pacer.one_to_one:
            agent = self._agent_of_a_dial(contact.campaign, queue_id)
        return agent or self._roster.last_resort(queue_id)

    def _first_free(self, contact: Contact, queue_id: str, now: Instant) -> Agent | None:
        """Who of the free agents takes the contact, or of those like them who are kept for dials."""
        claims = self._state.components.claims_beside(contact.campaign)
        agent = self._roster.queue(queue_id).first_free(self._waited(contact, now), claims)
        return self._roster.longest_available_like(agent) if agent is not None else None

    def _agent_of_a_dial(self, campaign: CampaignDialing, queue_id: str) -> Agent | None:
        """An agent of the queue who is kept for a dial that nobody has answered, of this campaign or else another."""
        others = [other for other in self._state.campaigns.values() if other is not campaign]
        for dialing in (campaign, *others):
            for dial in self._registry.of(dialing).in_flight.values():
                kept = dial.reserved_agent_id
                if kept is None or dial.state is not ContactState.DIALING:
                    continue
                if queue_id in self._roster.agents[kept].queue_ids:
                    self._registry.wants_agent(dial)
                    self._roster.longest_available(dial, queue_id)
                    return self._roster.unreserve(dial)
        return None

    def _assign(self, contact: Contact, agent: Agent, now: Instant) -> None:
        """The agent is put through to the contact, on the session if that is on the contact's host; else rung for it,
        for a session there if the connection is persistent."""
        state = self._state
        if contact.queue_id is not None:
            self._roster.queue(contact.queue_id).waiting.pop(contact.contact_id, None)
        self._registry.take_from_flight(contact)
        self._beside.is_rung_for(contact)
        contact.state = after(CONTACT, contact.state, _ASSIGN)
        agent.contact = contact
        agent.handling_since = now
        self._roster.step(agent, _ASSIGN_AGENT, now)
        state.timers.stop(_QUEUE_LIMIT, contact.contact_id)
        state.timers.stop(_HELP, contact.contact_id)
        contact.agent_id = agent.agent_id
        timeout = state.config.agent_ring_timeout
        session = agent.session
        deed: OriginateAgentLeg | OriginateSessionLeg | None
        if session is not None and agent.session_up and session.host == contact.host:
            session.contact = contact
            leg_id = session.leg_id
            self._confirmations.break_off(agent)
            deed = None
        else:
            leg_id = state.new_id()
            leg = self._registry.enter_agent_leg(leg_id, contact, by_number=agent.by_number)
            # Nobody hears anybody across hosts, and a phone has one call.
            if session is not None:
                self._sessions.end(agent, now)
            if agent.persistent and contact.host is not None:
                self._sessions.begin(agent, leg, now)
                deed = OriginateSessionLeg(leg_id, agent.agent_id, contact.host, timeout)
            else:
                deed = OriginateAgentLeg(leg_id, agent.agent_id, contact.leg_id, timeout)
        contact.agent_leg_id = leg_id
        state.out.change(ContactConnecting(contact.contact_id, agent.agent_id, leg_id, now))
        state.timers.set(now + timeout, _AGENT_RING_OVERDUE, leg_id)
        if deed is not None:
            state.out.do(deed, contact)
        else:
            self._beside.join(contact, now, with_tone=True)


def _turn_of(contact: Contact) -> tuple[int, Instant]:
    """Of those who wait in several queues whoever has the lowest is next."""
    return contact.priority, contact.live_at - contact.adjustment
