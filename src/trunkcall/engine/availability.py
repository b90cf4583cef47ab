"""When agents are there for contacts: what they say of themselves, what is heard of them, and what a contact leaves.

Decides when a status that an agent asks for takes effect. Who is free goes to ``matching``. It must not know how a
contact ends.
"""

from __future__ import annotations

from typing import assert_never

from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.changes import AfterContactWorkEnded
from trunkcall.domain.instants import Instant
from trunkcall.domain.transitions import AgentEvent
from trunkcall.engine.events import AgentRegistered
from trunkcall.engine.matching import Matching
from trunkcall.engine.pools import Agent
from trunkcall.engine.sessions import Sessions
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind


class Availability:
    """Has agents come, go, and be free again."""

    __slots__ = ("_matching", "_sessions", "_state")

    def __init__(self, state: EngineState, sessions: Sessions, matching: Matching) -> None:
        self._state = state
        self._sessions = sessions
        self._matching = matching

    # --- what is known of agents ------------------------------------------------------------------------------------

    def registered(self, event: AgentRegistered, now: Instant) -> None:
        """An agent is new, serves other queues, or is reached otherwise: whoever waits there, or was to be served here,
        hears of it."""
        known = self._state.roster.agents.get(event.agent_id)
        before = known.pool.served if known is not None else ()
        agent = self._state.roster.register(event.agent_id, event.queues, now, persistent=event.persistent)
        agent.by_number = event.by_number
        if agent.work_limit != event.after_contact_work_limit:
            agent.work_limit = event.after_contact_work_limit
            if agent.state is AgentState.AFTER_CONTACT_WORK:
                self._limit_work(agent)
        dial = agent.reserved_for
        if dial is not None and (dial.campaign.settings.queue_id not in agent.queue_ids or not agent.has_phone):
            self._matching.replace(agent)
        self._matching.agent_freed(agent, now)
        if before != event.queues:
            self._matching.helpers_changed(agent, now)
            self._state.forget_queues(*[each.queue_id for each in before])

    def removed(self, agent: Agent, now: Instant) -> None:
        """The agent is no agent of the instance any more. A contact in progress goes on, and is worked on; a dial gets
        another agent."""
        self._state.roster.leave(agent)
        self._go_if_done(agent, now)

    def status_set(self, agent: Agent, status: AgentStatus, now: Instant) -> None:
        """An agent asks for a status; during a contact it takes effect once the contact is done with. The work after a
        contact is done with it."""
        self._sessions.begin_anew(agent)
        agent.phone_trouble = None
        match agent.state:
            # The most frequent first: a case costs as much as a call.
            case AgentState.AFTER_CONTACT_WORK:
                self._end_work(agent, now)
                if agent.leaving:
                    self._go_if_done(agent, now)
                    return
            case AgentState.CONNECTING | AgentState.CONNECTED:
                self._state.roster.intend(agent, status)
                return
            case AgentState.OFFLINE | AgentState.AVAILABLE | AgentState.ON_BREAK:
                pass
            case AgentState.MISSED | AgentState.ERROR:
                pass
        agent.next_status = None
        self._become(agent, status, now)

    def unheard(self, agent: Agent, now: Instant) -> None:
        """Nothing is heard of the agent any more, unless the session is up. A contact in progress goes on; a dial gets
        another agent."""
        self._state.roster.hear(agent, heard=False)
        if not agent.heard:
            self.without_a_word(agent, now)

    def without_a_word(self, agent: Agent, now: Instant) -> None:
        """Nothing is heard of the agent, by words or by a session."""
        self._matching.replace(agent)
        self._go_if_done(agent, now)

    def heard(self, agent: Agent, now: Instant) -> None:
        """The agent is heard of again, and free at once if available."""
        self._state.roster.hear(agent, heard=True)
        self._matching.agent_freed(agent, now)

    def phone_lost(self, agent: Agent, now: Instant) -> None:
        """The agent's phone cannot be rung: one who is available has failed. A contact in progress goes on; a dial gets
        another agent."""
        if agent.phone_lost:
            return
        self._state.roster.lose_phone(agent, lost=True)
        if agent.state is AgentState.AVAILABLE:
            self._state.roster.step(agent, AgentEvent.FAIL, now)
        self._matching.replace(agent)

    def phone_found(self, agent: Agent, now: Instant) -> None:
        """It can be rung again. Who had failed is available at once, or once the session is up."""
        if not agent.phone_lost:
            return
        agent.phone_trouble = None
        self._state.roster.lose_phone(agent, lost=False)
        if agent.state is AgentState.ERROR and agent.has_phone:
            self._state.roster.step(agent, AgentEvent.COME, now)
        self._sessions.begin_anew(agent)
        self._matching.agent_freed(agent, now)

    # --- what a contact leaves --------------------------------------------------------------------------------------

    def let_go(self, agent: Agent, why: AgentEvent, now: Instant) -> None:
        """The two never talked. A status that was chosen meanwhile takes effect, whatever the reason. Who is free by it
        takes nobody yet: whoever was to be connected may have waited longest."""
        agent.contact = None
        status, agent.next_status = agent.next_status, None
        self._state.roster.step(agent, why, now)
        if status is not None:
            self._step_to(agent, status, now)
        self._go_if_done(agent, now)

    def release(self, agent: Agent, now: Instant) -> None:
        """The talk is over; what is left is work after it."""
        self._state.roster.step(agent, AgentEvent.RELEASE, now)
        if agent.contact is not None:
            agent.contact.campaign.pacer.talk_ended(now - agent.handling_since)
        if agent.work_limit:
            self._limit_work(agent)
        self._go_if_done(agent, now)

    def work_done(self, agent: Agent, now: Instant) -> None:
        """The work after the contact is done with, or has lasted as long as it may: the agent is what was chosen
        last."""
        self.status_set(agent, agent.next_status or AgentStatus.AVAILABLE, now)

    # --- what a change comes to -------------------------------------------------------------------------------------

    def _limit_work(self, agent: Agent) -> None:
        """The work after the contact at hand, which has begun, may last as long as the agent's may."""
        timers, kind = self._state.timers, TimerKind.AFTER_CONTACT_WORK
        if agent.work_limit:
            timers.set(agent.since + agent.work_limit, kind, agent.agent_id)
        else:
            timers.stop(kind, agent.agent_id)

    def _end_work(self, agent: Agent, now: Instant) -> None:
        if agent.work_limit:
            self._state.timers.stop(TimerKind.AFTER_CONTACT_WORK, agent.agent_id)
        if agent.contact is not None:
            self._state.out.change(AfterContactWorkEnded(agent.contact.contact_id, now))
            agent.contact.campaign.pacer.work_ended(now - agent.since)
            agent.contact = None

    def _go_if_done(self, agent: Agent, now: Instant) -> None:
        """Whoever is leaving is gone once the contact is done with. Nobody waits for the word that the work after it is
        over from one of whom nothing is heard."""
        if not agent.leaving:
            return
        if agent.state is AgentState.AFTER_CONTACT_WORK and not agent.heard:
            self._end_work(agent, now)
        if agent.contact is not None:
            return
        if agent.state is not AgentState.OFFLINE:
            self._state.roster.step(agent, AgentEvent.LEAVE, now)
        dial = agent.reserved_for
        if dial is not None:
            self._state.roster.unreserve(dial)
        served = agent.pool.served
        self._sessions.end(agent, now)
        self._state.roster.remove(agent, now)
        if dial is not None:
            self._matching.reserve(dial)
        self._state.forget_queues(*[each.queue_id for each in served])

    def _become(self, agent: Agent, status: AgentStatus, now: Instant) -> None:
        if not self._step_to(agent, status, now):
            return
        if agent.is_free:
            self._matching.agent_freed(agent, now)
        else:
            self._matching.replace(agent)

    def _step_to(self, agent: Agent, status: AgentStatus, now: Instant) -> bool:
        """Have the agent in the state that the status stands for. Returns whether that is another."""
        match status:
            case AgentStatus.AVAILABLE:
                wanted, event = AgentState.AVAILABLE, AgentEvent.COME
            case AgentStatus.BREAK:
                wanted, event = AgentState.ON_BREAK, AgentEvent.TAKE_BREAK
            case AgentStatus.OFFLINE:
                wanted, event = AgentState.OFFLINE, AgentEvent.LEAVE
            case _:
                assert_never(status)
        if agent.state is wanted:
            return False
        self._state.roster.step(agent, event, now)
        return True
