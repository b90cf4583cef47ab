"""What agents do by keys of the telephone, each on the leg to the agent: end a contact, say what came of it, choose a
status, have nothing recorded for a while.

Decides when a key is part of a code and when it means something, by what the agent is doing. Keys of customers are
nothing here. It must not know which keys mean what: that is in ``config``.
"""

from __future__ import annotations

from typing import Final, assert_never

from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.agent_keys import CHOICES, DEAD_AIR, KeyMeaning
from trunkcall.domain.changes import AgentDispositionChosen
from trunkcall.domain.confirmations import NOTHING_RECORDED, OF_STATE, RECORDED_AGAIN, TONES, Confirmation, Told
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.leg import LegState
from trunkcall.domain.recording import RecordingWish
from trunkcall.engine.availability import Availability
from trunkcall.engine.commands import ChooseStatus
from trunkcall.engine.confirmations import Confirmations
from trunkcall.engine.endings import Endings
from trunkcall.engine.pools import Agent
from trunkcall.engine.recordings import Recordings
from trunkcall.engine.state import EngineState

NEXT_KEY_WITHIN: Final[Duration] = 3 * SECOND
"""How long after a key of a code the next one may come."""


class Telephones:
    """Hears the keys of agents' telephones."""

    __slots__ = (
        "_availability",
        "_beginnings",
        "_codes",
        "_confirmations",
        "_dispositions",
        "_endings",
        "_recordings",
        "_state",
    )

    def __init__(
        self,
        state: EngineState,
        availability: Availability,
        endings: Endings,
        recordings: Recordings,
        confirmations: Confirmations,
    ) -> None:
        self._confirmations = confirmations
        self._state = state
        self._availability = availability
        self._endings = endings
        self._recordings = recordings
        self._codes = dict(state.config.keys.codes)
        self._beginnings = {keys[:length] for keys in self._codes for length in range(1, len(keys))}
        self._dispositions = dict(state.config.keys.dispositions)

    def pressed(self, leg_id: str, key: str, now: Instant) -> None:
        """The party of a leg has pressed a key. What is not possible changes nothing, and is counted; in a talk
        whatever is no code is the customer's, who hears it."""
        leg = self._state.registry.legs.get(leg_id)
        agent = self._state.roster.agent_on(leg) if leg is not None and leg.state is LegState.UP else None
        if agent is None:
            return
        # What was begun with one customer ends no talk with another.
        goes_on = now - agent.key_at <= NEXT_KEY_WITHIN and agent.keys_in is agent.contact
        keys = agent.keys + key if goes_on else key
        is_begun = keys in self._beginnings
        agent.keys, agent.key_at, agent.keys_in = keys if is_begun else "", now, agent.contact
        if is_begun:
            return
        is_in_a_talk = agent.state is AgentState.CONNECTED
        meaning = self._codes.get(keys)
        done = self._do(agent, meaning, now) if meaning is not None else self._say_what_came_of_it(agent, keys, now)
        if not done and not is_in_a_talk:
            self._state.keys_ignored += 1
            self._confirmations.tell(agent, Told(Confirmation.NOT_POSSIBLE), now)

    def dialed(self, agent_id: str, keys: str, now: Instant) -> None:
        """An agent has dialed a code: a status can be chosen so, without a leg on which keys could be pressed."""
        agent, meaning = self._state.roster.agents.get(agent_id), self._codes.get(keys)
        if agent is None or meaning not in CHOICES or not self._do(agent, meaning, now):
            self._state.keys_ignored += 1

    def _do(self, agent: Agent, meaning: KeyMeaning, now: Instant) -> bool:
        """Returns whether it is possible."""
        match meaning:
            case KeyMeaning.END_CONTACT | KeyMeaning.DEAD_AIR:
                contact = agent.contact
                if contact is None or contact.state is not ContactState.CONNECTED:
                    return False
                self._endings.agent_ended(contact, now)
                if meaning is KeyMeaning.DEAD_AIR:
                    self._state.out.change(AgentDispositionChosen(contact.contact_id, DEAD_AIR, now))
            case KeyMeaning.END_WORK:
                if agent.state is not AgentState.AFTER_CONTACT_WORK:
                    return False
                self._availability.work_done(agent, now)
            case KeyMeaning.AVAILABLE:
                self._choose(agent, AgentStatus.AVAILABLE, AgentState.AVAILABLE, now)
            case KeyMeaning.BREAK:
                self._choose(agent, AgentStatus.BREAK, AgentState.ON_BREAK, now)
            case KeyMeaning.LOG_OUT:
                self._choose(agent, AgentStatus.OFFLINE, AgentState.OFFLINE, now)
            case KeyMeaning.PAUSE_RECORDING:
                return self._have_recorded(agent, RecordingWish.SUSPEND, now)
            case KeyMeaning.RESUME_RECORDING:
                return self._have_recorded(agent, RecordingWish.RESUME, now)
            case _:
                assert_never(meaning)
        return True

    def _have_recorded(self, agent: Agent, wish: RecordingWish, now: Instant) -> bool:
        contact = agent.contact
        if contact is None or contact.state is not ContactState.CONNECTED:
            return False
        is_possible = self._recordings.wished(contact, wish, now)
        # Whoever waits with a card number hears what is so, whether or not this key has made it so.
        if not self._recordings.is_recorded(contact):
            tone = NOTHING_RECORDED if wish is RecordingWish.SUSPEND else TONES[Confirmation.NOT_POSSIBLE]
        else:
            tone = RECORDED_AGAIN
        self._confirmations.sound(contact, tone, now)
        return is_possible

    def _choose(self, agent: Agent, status: AgentStatus, state: AgentState, now: Instant) -> None:
        self._state.out.do(ChooseStatus(agent.agent_id, status))
        if agent.state is state:
            # Nothing becomes of it, and the agent asks to hear so.
            self._confirmations.tell(agent, Told(OF_STATE[state]), now)

    def _say_what_came_of_it(self, agent: Agent, keys: str, now: Instant) -> bool:
        """A digit says it of the contact that the agent works on. Returns whether there is one, and such a digit."""
        disposition = self._dispositions.get(keys)
        if disposition is None or agent.contact is None or agent.state is not AgentState.AFTER_CONTACT_WORK:
            return False
        self._state.out.change(AgentDispositionChosen(agent.contact.contact_id, disposition, now))
        self._confirmations.tell(agent, Told(Confirmation.NOTED, disposition=disposition), now)
        return True
