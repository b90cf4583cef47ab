"""Agent sessions: legs of agents with a persistent connection, which stay up from one contact to the next.

Decides when a session is asked for, on which host, when it is made again after a failure, and when it ends. It must not
know contacts, nor who gets them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trunkcall.domain.agent import IN_A_CALL, AgentState
from trunkcall.domain.changes import SessionBegun, SessionEnded
from trunkcall.domain.instants import MINUTE, SECOND, Duration, Instant
from trunkcall.domain.leg import LegParty, LegState, LiveSession
from trunkcall.domain.transitions import AgentEvent
from trunkcall.engine.commands import OriginateSessionLeg
from trunkcall.engine.confirmations import Confirmations
from trunkcall.engine.contact import Leg
from trunkcall.engine.pools import Agent
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind

RETRY_AFTER: Final[tuple[Duration, ...]] = tuple(s * SECOND for s in (1, 2, 4, 8, 16, 32))
"""How long after each failure in a row the phone is rung again. After one more it is given up, until the agent chooses
a status or the carrier is found again."""
PROVEN_AFTER: Final[Duration] = MINUTE
"""How long a session has to stay up for its loss to count as the first failure."""


class Sessions:
    """Has agents' legs stay up."""

    __slots__ = ("_begun", "_confirmations", "_registry", "_roster", "_state")

    def __init__(self, state: EngineState, confirmations: Confirmations) -> None:
        self._state = state
        self._confirmations = confirmations
        self._registry = state.registry
        self._roster = state.roster
        self._begun = 0
        """How many sessions there have been: their hosts go by turns."""

    # --- at the end of a turn, when all that has happened is known ----------------------------------------------------

    def keep(self, now: Instant) -> Sequence[Agent]:
        """Whoever is to have a session and has none gets one; whoever is to have none is let go, once what they are
        being told is over. Whoever is another than before is told. Returns those of them of whom nothing is heard: the
        session may have been all that was."""
        due = self._roster.sessions_due
        agents = [agent for agent in due.values() if self._roster.agents.get(agent.agent_id) is agent]
        for agent in agents:
            self._confirmations.look(agent, now)
            self._keep(agent, now)
        due.clear()
        return [agent for agent in agents if not agent.heard]

    def _keep(self, agent: Agent, now: Instant) -> None:
        session = agent.session
        if agent.leaving or not agent.persistent or agent.state is AgentState.OFFLINE:
            if agent.hears is None and (session is None or session.contact is None):
                self.end(agent, now)
        elif session is None:
            if agent.session_failures and agent.state is AgentState.AVAILABLE:
                self._roster.step(agent, AgentEvent.FAIL, now)
            if agent.phone_lost:
                # It is rung once it is found.
                return
            rests = self._state.timers.at(TimerKind.SESSION_DUE, agent.agent_id) is not None
            if not rests and not self._is_given_up(agent) and agent.state not in IN_A_CALL:
                self._ring(agent, now)

    def _ring(self, agent: Agent, now: Instant) -> None:
        state = self._state
        hosts = state.trunks.hosts_up
        if not hosts or state.suspended:
            return
        host = hosts[self._begun % len(hosts)]
        leg = self._registry.enter_session_leg(state.new_id(), host, by_number=agent.by_number)
        self.begin(agent, leg, now)
        timeout = state.config.agent_ring_timeout
        state.out.do(OriginateSessionLeg(leg.leg_id, agent.agent_id, host, timeout))
        state.timers.set(now + timeout, TimerKind.AGENT_RING_OVERDUE, leg.leg_id)

    def begin(self, agent: Agent, leg: Leg, now: Instant) -> None:
        """The leg, on a host that is known, is the agent's session from here, and is being made."""
        assert leg.host is not None
        self._begun += 1
        leg.session_of = agent.agent_id
        self._roster.connect(agent, leg, up=False)
        self._state.out.change(SessionBegun(agent.agent_id, leg.leg_id, leg.host, now))

    # --- what becomes of it -------------------------------------------------------------------------------------------

    def came_up(self, leg: Leg, now: Instant) -> Agent:
        """The agent is on the line: whose session it is."""
        agent = self._of(leg)
        leg.up_since = now
        self._roster.connect(agent, leg, up=True)
        if agent.state is not AgentState.OFFLINE:
            # Whoever has not told a new dialer yet what to be keeps the session meanwhile.
            self._roster.sessions_due[agent.agent_id] = agent
        if agent.state is AgentState.ERROR:
            # It was the phone that had failed, not the agent who had gone.
            self._roster.step(agent, AgentEvent.COME, now)
        return agent

    def lost(self, leg: Leg, now: Instant) -> Agent:
        """The session has ended, and not since it was to, or could not be made: whose it was. It is made again."""
        agent = self._of(leg)
        self.let_go(leg, now)
        self._roster.sessions_due[agent.agent_id] = agent
        if self._state.trunks.is_up(leg.host):
            # It is the phone, or the way to it.
            if leg.up_since is not None and now - leg.up_since >= PROVEN_AFTER:
                agent.session_failures = 0
            agent.session_failures += 1
            if not self._is_given_up(agent):
                again_at = now + RETRY_AFTER[agent.session_failures - 1]
                self._state.timers.set(again_at, TimerKind.SESSION_DUE, agent.agent_id)
        return agent

    def end(self, agent: Agent, now: Instant) -> None:
        """The agent is to have no session, if there is one, and none is made again."""
        self._state.timers.stop(TimerKind.SESSION_DUE, agent.agent_id)
        leg = agent.session
        if leg is not None:
            self.let_go(leg, now)
            self._state.hang_up(leg, now)

    def call_off_ringing(self, now: Instant) -> None:
        """Phones that ring for a session ring no more. Who takes over has them rung anew."""
        for agent in self._roster.agents.values():
            leg = agent.session
            if leg is not None and leg.state is not LegState.UP and leg.contact is None:
                self.end(agent, now)

    def let_go(self, leg: Leg, now: Instant) -> None:
        """The leg is no session any more: it has ended or is to."""
        agent = self._of(leg)
        self._confirmations.over(agent)
        agent.told = None
        leg.session_of = None
        self._roster.connect(agent, None, up=False)
        self._state.out.change(SessionEnded(agent.agent_id, leg.leg_id, now))

    # --- when it is made again ----------------------------------------------------------------------------------------

    def due(self, agent_id: str) -> None:
        """The phone has had its rest after a failure."""
        self._roster.sessions_due[agent_id] = self._roster.agents[agent_id]

    def begin_anew(self, agent: Agent) -> None:
        """The agent has chosen a status: former failures count no more."""
        if agent.persistent or agent.session is not None:
            agent.session_failures = 0
            self._state.timers.stop(TimerKind.SESSION_DUE, agent.agent_id)
            self._roster.sessions_due[agent.agent_id] = agent

    def carrier_found(self) -> None:
        """Phones can be reached that could not be before."""
        for agent in self._roster.agents.values():
            if agent.persistent and agent.session is None:
                self.begin_anew(agent)

    def _is_given_up(self, agent: Agent) -> bool:
        return agent.session_failures > len(RETRY_AFTER)

    # --- what the store remembers -------------------------------------------------------------------------------------

    def restore(self, sessions: Sequence[LiveSession], now: Instant) -> None:
        """Take over sessions. Whether they are up the carrier tells; one that fits with nothing that is known is over,
        and the carrier hangs up its leg once it counts them."""
        for session in sessions:
            agent = self._roster.agents.get(session.agent_id)
            leg = self._registry.legs.get(session.leg_id)
            mine = leg is None or self._is_leg_of(session.agent_id, leg)
            if agent is None or agent.session is not None or not mine:
                self._state.out.change(SessionEnded(session.agent_id, session.leg_id, now))
                continue
            if leg is None:
                leg = self._registry.enter_session_leg(session.leg_id, session.host, by_number=agent.by_number)
                leg.holds = None
                ring_ends_at = now + self._state.config.agent_ring_timeout
                self._state.timers.set(ring_ends_at, TimerKind.AGENT_RING_OVERDUE, leg.leg_id)
            leg.session_of = agent.agent_id
            self._roster.connect(agent, leg, up=False)
            if leg.state is LegState.UP:
                self.came_up(leg, now)
            if not agent.persistent:
                self._roster.sessions_due[agent.agent_id] = agent

    @staticmethod
    def _is_leg_of(agent_id: str, leg: Leg) -> bool:
        """Whether the leg is the agent's in a contact."""
        return leg.party is LegParty.AGENT and leg.contact is not None and leg.contact.agent_id == agent_id

    def _of(self, leg: Leg) -> Agent:
        assert leg.session_of is not None
        return self._roster.agents[leg.session_of]
