"""What agents are told on the telephone: beside talks what they are now, what was noted, what is not possible; in a
talk nothing but whether it is recorded, by a tone.

Decides when an agent is told something, and that the latest is heard alone. Nothing of it delays a talk. It must not
know words, nor what a tone says.
"""

from __future__ import annotations

from typing import Final

from trunkcall.domain.agent import IN_A_CALL, AgentState
from trunkcall.domain.confirmations import OF_STATE, Confirmation, Told
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.tones import Tone
from trunkcall.engine.commands import Confirm, PlayTone, StopPlaying
from trunkcall.engine.contact import Contact
from trunkcall.engine.pools import Agent
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind

OVER_WITHIN: Final[Duration] = 10 * SECOND
"""When a confirmation is taken to be over of whose end nothing was heard."""


class Confirmations:
    """Tells agents things on the legs of their sessions."""

    __slots__ = ("_begun", "_state")

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._begun = 0
        """How many there have been."""

    def look(self, agent: Agent, now: Instant) -> None:
        """Tell the agent what the agent is now, if that is not known already. Whoever has said nothing yet since this
        engine knows the session is not told that of being offline."""
        state, told = agent.state, agent.told
        if not agent.session_up or state is told:
            return
        agent.told = state
        confirmation = OF_STATE.get(state)
        if confirmation is None or (told is None and state is AgentState.OFFLINE):
            return
        work_s = agent.work_limit // SECOND if confirmation is Confirmation.WORK else 0
        self.tell(agent, Told(confirmation, work_s=work_s), now)

    def tell(self, agent: Agent, told: Told, now: Instant) -> None:
        """Tell the agent this, in place of what is being told, and of what the agent is by now."""
        leg = agent.session
        agent.told = agent.state
        if not self._state.config.confirms or leg is None or not agent.session_up or agent.state in IN_A_CALL:
            return
        self.break_off(agent)
        self._begun += 1
        agent.hears = f"{leg.leg_id}-{now}-{self._begun}"
        self._state.out.do(Confirm(leg.leg_id, agent.hears, told))
        self._state.timers.set(now + OVER_WITHIN, TimerKind.CONFIRMATION_OVERDUE, agent.agent_id)

    def sound(self, contact: Contact, tone: Tone, now: Instant) -> None:
        """Have the agent of a talk hear a tone; the customer does not."""
        leg_id = contact.agent_leg_id
        if self._state.config.confirms and leg_id is not None:
            self._begun += 1
            self._state.out.do(PlayTone(leg_id, f"{leg_id}-{now}-{self._begun}", tone), contact)

    def break_off(self, agent: Agent) -> None:
        """What the agent is being told is not to be heard any more."""
        if agent.hears is not None and agent.session is not None:
            self._state.out.do(StopPlaying(agent.session.leg_id, agent.hears))
            self.over(agent)

    def ended(self, leg_id: str, play_id: str) -> None:
        """Something was played to its end."""
        leg = self._state.registry.legs.get(leg_id)
        agent = self._state.roster.agent_on(leg) if leg is not None else None
        if agent is not None and agent.hears == play_id:
            self.over(agent)

    def over(self, agent: Agent) -> None:
        """Whatever the agent was told is over. Whoever has gone home was waited for."""
        if agent.hears is not None:
            agent.hears = None
            self._state.timers.stop(TimerKind.CONFIRMATION_OVERDUE, agent.agent_id)
            self._state.roster.sessions_due[agent.agent_id] = agent
