"""A call centre in a test's hands: it plays store, carrier, flow and agents, and the engine decides.

Every story told with it checks the invariants after every call (``engine.turns``). Here are the words for people.
"""

from __future__ import annotations

from typing import TypeVar

from engine.support import SALES, SPRING, Command, registered
from engine.turns import Turns
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.changes import ContactConnecting, ContactEnded
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import Duration
from trunkcall.domain.leg import HangupCause, LiveLeg
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.engine.commands import Originate, PlayMessage, ReportLegs, SpeakSafeHarbour
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import (
    AgentHeard,
    AgentPhoneFound,
    AgentPhoneLost,
    AgentRemoved,
    AgentStatusSet,
    AgentUnheard,
    ComparisonRequested,
    DetectionEnded,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
    PlaybackEnded,
)
from trunkcall.engine.snapshot import CampaignSnapshot

C = TypeVar("C")


class Floor(Turns):
    """One instance, and so many agents who wait."""

    def __init__(self, *, agents: int = 0, config: EngineConfig | None = None) -> None:
        super().__init__(config)
        for number in range(1, agents + 1):
            self.agent(f"agent-{number}")

    # --- customers, as the carrier tells of them ------------------------------------------------------------------

    def rings(self, contact: str) -> None:
        self.tell(LegRang(self.leg(contact)))

    def answers(self, contact: str) -> None:
        self.tell(LegAnswered(self.leg(contact)))

    def detected(self, contact: str, detection: DetectionStatus) -> None:
        self.tell(DetectionEnded(self.leg(contact), detection))

    def message_ends(self, contact: str) -> None:
        """What the contact's flow had to say was said."""
        self.tell(PlaybackEnded(self.leg(contact), self.play(contact)))

    def hangs_up(self, contact: str, cause: HangupCause = HangupCause.NORMAL) -> None:
        """The customer's leg ends."""
        self.tell(LegEnded(self.leg(contact), cause))

    def play(self, contact: str) -> str:
        """What was last to be played to the contact."""
        played = [c for c in self.log if isinstance(c, PlayMessage | SpeakSafeHarbour)]
        return [c.play_id for c in played if c.contact_id == contact][-1]

    def leg(self, contact: str) -> str:
        """The leg of the contact's latest attempt."""
        return [c.leg_id for c in self.log if isinstance(c, Originate) and c.contact_id == contact][-1]

    # --- the carrier's list of legs ---------------------------------------------------------------------------------

    def asks(self) -> int:
        """It is time to compare: the number of the question that the carrier is asked."""
        self.tell(ComparisonRequested())
        return self.asked(ReportLegs)[-1].question

    def hears(self, question: int, *legs: LiveLeg) -> list[Command]:
        """The carrier's answer."""
        return self.tell(LegsReported(question, legs))

    def compares(self, *legs: LiveLeg) -> list[Command]:
        """The carrier is asked for its legs, and answers at once."""
        return self.hears(self.asks(), *legs)

    # --- agents ---------------------------------------------------------------------------------------------------

    def agent(
        self,
        name: str,
        *queues: str | ServedQueue,
        status: AgentStatus = AgentStatus.AVAILABLE,
        work_limit: Duration = 0,
        persistent: bool = False,
        by_number: bool = False,
    ) -> None:
        """An agent comes in."""
        served = queues or (SALES,)
        self.serves(name, *served, work_limit=work_limit, persistent=persistent, by_number=by_number)
        self.sets(name, status)

    def serves(
        self,
        name: str,
        *queues: str | ServedQueue,
        work_limit: Duration = 0,
        persistent: bool = False,
        by_number: bool = False,
    ) -> None:
        """The agent is there, serves these queues, as they are or all alike, and has such a connection and phone."""
        event = self._registered[name] = registered(
            name, *queues, work_limit=work_limit, persistent=persistent, by_number=by_number
        )
        self.agents[name] = tuple(each.queue_id for each in event.queues)
        (self.persistent.add if persistent else self.persistent.discard)(name)
        self.tell(event)

    def removes(self, agent: str) -> None:
        """The agent is no agent of the instance any more."""
        self.agents.pop(agent, None)
        self.silent.discard(agent)
        self.tell(AgentRemoved(agent))

    def sets(self, agent: str, status: AgentStatus) -> None:
        self.tell(AgentStatusSet(agent, status))

    def falls_silent(self, agent: str) -> None:
        """Nothing is heard of the agent any more."""
        self.tell(AgentUnheard(agent))
        if agent in self.agents:
            self.silent.add(agent)

    def is_heard(self, agent: str) -> None:
        """Something is heard of the agent."""
        self.tell(AgentHeard(agent))
        self.silent.discard(agent)

    def phone_is_gone(self, agent: str) -> None:
        """The agent's phone cannot be rung."""
        self.without_phone.add(agent)
        self.tell(AgentPhoneLost(agent))

    def phone_is_back(self, agent: str) -> None:
        """It can again."""
        self.without_phone.discard(agent)
        self.tell(AgentPhoneFound(agent))

    def agent_leg(self, contact: str) -> str:
        """The leg of the agent who was last rung for the contact."""
        return [c.leg_id for c in self.asked(ContactConnecting) if c.contact_id == contact][-1]

    def agent_of(self, contact: str) -> str:
        """The agent who was last rung for the contact."""
        return [c.agent_id for c in self.asked(ContactConnecting) if c.contact_id == contact][-1]

    def session(self, agent: str) -> str:
        """The leg of the agent's session; fails if there is none."""
        leg_id = self.engine.details().agents[agent].session_leg_id
        assert leg_id is not None, "the agent has no session"
        return leg_id

    def session_comes_up(self, agent: str) -> str:
        """The agent's phone answers: the leg of the session."""
        leg_id = self.session(agent)
        self.tell(LegAnswered(leg_id))
        return leg_id

    def agent_picks_up(self, contact: str) -> None:
        """The agent's phone answers, and the two hear each other."""
        self.tell(LegAnswered(self.agent_leg(contact)))
        self.tell(LegsBridged(self.leg(contact), self.agent_leg(contact)))

    def presses(self, leg_id: str, keys: str) -> None:
        """The party of the leg presses them, one right after the other."""
        for key in keys:
            self.tell(KeyPressed(leg_id, key))

    def agent_hangs_up(self, contact: str, cause: HangupCause = HangupCause.NORMAL) -> None:
        """The agent's leg ends, whether it was answered or not."""
        self.tell(LegEnded(self.agent_leg(contact), cause))

    def state_of(self, agent: str) -> AgentState:
        return self.engine.details().agents[agent].state

    def kept_agent(self, contact: str) -> str | None:
        """The agent kept for a contact that is being dialed."""
        return self.engine.details().contacts[contact].kept_agent_id

    # --- what has come of it --------------------------------------------------------------------------------------

    @property
    def in_progress(self) -> list[str]:
        """Contacts that were dialed and have not ended, in the order in which they were dialed."""
        return list(self.engine.details().contacts)

    @property
    def dialed(self) -> list[str]:
        """Contacts in the order in which they were dialed."""
        return [command.contact_id for command in self.log if isinstance(command, Originate)]

    def asked(self, kind: type[C]) -> list[C]:
        """Commands of one kind, so far."""
        return [command for command in self.log if isinstance(command, kind)]

    def end_of(self, contact: str) -> ContactEnded:
        """How the contact ended; fails unless it has, once."""
        (end,) = [end for end in self.asked(ContactEnded) if end.contact_id == contact]
        return end

    def snapshot(self, campaign: str = SPRING) -> CampaignSnapshot:
        (found,) = [c for c in self.engine.snapshot(self.now).campaigns if c.campaign_id == campaign]
        return found


def connected(floor: Floor, contact: str) -> None:
    """From the ringing of a customer's phone to the talk with an agent."""
    floor.rings(contact)
    floor.wait(5)
    floor.answers(contact)
    floor.agent_picks_up(contact)
