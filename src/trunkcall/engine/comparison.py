"""Whether the carrier has the legs that the engine has, though no word of it was lost.

Decides what follows from a carrier's report of its legs: nothing at first; what the next report shows too is settled.
A word may still be on its way when a report is written, so one report proves nothing. It must not know when to compare,
and it never ends a talk because of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, assert_never

from trunkcall.domain.agent import AgentState
from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.leg import HangupCause, LegDifference, LegParty, LegState, LiveLeg
from trunkcall.engine.adoption import Adoption
from trunkcall.engine.availability import Availability
from trunkcall.engine.commands import HangUp, NoteDifference, ReportLegs
from trunkcall.engine.contact import Contact, Leg
from trunkcall.engine.events import LegsReported
from trunkcall.engine.flow_steps import FlowSteps
from trunkcall.engine.legs import LegReports
from trunkcall.engine.pools import Agent
from trunkcall.engine.safe_harbour import SafeHarbour
from trunkcall.engine.state import EngineState
from trunkcall.engine.timers import TimerKind

CONFIRMED_AFTER: Final[Duration] = 10 * SECOND
"""How far apart the two reports are at least: longer than a word of the carrier is on its way."""


class _Noted(NamedTuple):
    """What the last report showed of a leg, and since when reports have shown it."""

    difference: LegDifference
    since: Instant


class Comparison:
    """Asks the carrier for its legs, and compares."""

    __slots__ = (
        "_adoption",
        "_answered",
        "_asked",
        "_availability",
        "_flows",
        "_legs",
        "_noted",
        "_question",
        "_safe_harbour",
        "_state",
    )

    def __init__(
        self,
        state: EngineState,
        availability: Availability,
        legs: LegReports,
        flows: FlowSteps,
        safe_harbour: SafeHarbour,
        adoption: Adoption,
    ) -> None:
        self._state = state
        self._availability = availability
        self._legs = legs
        self._adoption = adoption
        self._flows = flows
        self._safe_harbour = safe_harbour
        self._question = 0
        self._asked: frozenset[str] | None = None
        """The legs that there were when the question was asked; None where no answer to it is awaited."""
        self._answered: set[str] = set()
        """Hosts whose answer is not awaited any more."""
        self._noted: dict[str | None, dict[str, _Noted]] = {}
        """By the host of the report; None where a report is of all of them."""

    def ask(self) -> None:
        """Ask the carrier for its legs. An answer to an earlier question is not waited for any more."""
        if not self._state.trunks.any_up:
            return
        self._question += 1
        self._asked = frozenset(self._state.registry.legs)
        self._answered.clear()
        self._state.out.do(ReportLegs(self._question))

    def forget(self, host: str | None) -> None:
        """The host is lost, or the carrier tells its legs as it is found: what was noted before counts no more. None
        stands for all hosts."""
        if host is None:
            self._asked = None
            self._noted.clear()
        else:
            self._answered.add(host)
            self._noted.pop(host, None)

    def reported(self, event: LegsReported, now: Instant) -> None:
        """Take the carrier's answer, once of each host. Legs that were begun after the question are not compared."""
        host, asked = event.host, self._asked
        if asked is None or event.question != self._question or host in self._answered:
            return
        if host is None:
            self._asked = None
        else:
            self._answered.add(host)
        before: Mapping[str, _Noted] = self._noted.get(host, {})
        noted: dict[str, _Noted] = {}
        self._noted[host] = noted
        reported = {live.leg_id: live for live in event.legs if live.state is not LegState.ENDED}
        known = [
            leg
            for leg in self._state.registry.legs.values()
            if leg.leg_id in asked and (host is None or leg.host == host)
        ]
        unknown = [leg_id for leg_id in reported if leg_id not in self._state.registry.legs]
        for leg in known:
            live = reported.get(leg.leg_id)
            difference = _difference(leg, live)
            if difference is not None and self._is_confirmed(leg.leg_id, difference, before, noted, now):
                self._settle(difference, leg, live, now)
        for leg_id in unknown:
            if self._is_confirmed(leg_id, LegDifference.UNKNOWN, before, noted, now):
                self._state.out.do(NoteDifference(leg_id, LegDifference.UNKNOWN))
                self._state.out.do(HangUp(leg_id))

    def asks_first(self, leg_id: str, now: Instant) -> bool:
        """Of an agent's leg that is to be given up: whether it was answered, so that two people may be talking, and the
        carrier is asked first. It is given up next time, unless the carrier has said that they are."""
        leg = self._state.registry.legs[leg_id]
        if leg.state is not LegState.UP or not self._state.trunks.is_up(leg.host):
            return False
        noted = next((reported[leg_id] for reported in self._noted.values() if leg_id in reported), None)
        if leg.doubted and (noted is None or noted.difference is not LegDifference.BRIDGED):
            return False
        leg.doubted = True
        self.ask()
        self._state.timers.set(now + self._state.config.originate_grace, TimerKind.AGENT_RING_OVERDUE, leg_id)
        return True

    @staticmethod
    def _is_confirmed(
        leg_id: str,
        difference: LegDifference,
        before: Mapping[str, _Noted],
        noted: dict[str, _Noted],
        now: Instant,
    ) -> bool:
        """Whether the report ``before`` showed the same. If not, it is ``noted``."""
        last = before.get(leg_id)
        since = last.since if last is not None and last.difference is difference else now
        if now - since >= CONFIRMED_AFTER:
            return True
        noted[leg_id] = _Noted(difference, since)
        return False

    def _settle(self, difference: LegDifference, leg: Leg, live: LiveLeg | None, now: Instant) -> None:
        out, contact = self._state.out, leg.contact
        out.do(NoteDifference(leg.leg_id, difference), contact)
        if live is None:
            if leg.state is LegState.ORIGINATING:
                # The originate may reach the carrier yet.
                out.do(HangUp(leg.leg_id), contact)
            self._legs.ended(leg.leg_id, HangupCause.LOST, now)
            agent = self._state.roster.agents.get(contact.agent_id or "") if contact is not None else None
            if agent is not None:
                self._end_work_as_asked(agent, now)
            return
        if difference is LegDifference.PLAYED and contact is not None:
            play_id = contact.play_id or ""
            # It was played, and what was lost is the word of its end.
            self._flows.message_ended(leg.leg_id, play_id, heard=True)
            self._safe_harbour.message_ended(leg.leg_id, play_id, now, heard=True)
        else:
            self._adoption.catch_up(live, leg, now)

    def _end_work_as_asked(self, agent: Agent, now: Instant) -> None:
        """The talk was over before it was known here: what the agent has asked for since ends the work after it."""
        if agent.state is AgentState.AFTER_CONTACT_WORK and agent.next_status is not None:
            self._availability.status_set(agent, agent.next_status, now)


def _difference(leg: Leg, live: LiveLeg | None) -> LegDifference | None:
    """In what the carrier is ahead of the engine; None where they agree, or the engine has asked for more since."""
    if live is None:
        return LegDifference.MISSING
    if leg.is_to_end:
        return None
    if leg.state is not LegState.UP:
        return _before_the_answer(leg, live)
    contact = leg.contact
    if contact is None:
        return None
    match leg.party:
        case LegParty.CUSTOMER:
            return _of_a_customer(contact, live)
        case LegParty.AGENT:
            return _of_an_agent(contact, live)
        case _:
            assert_never(leg.party)


def _of_an_agent(contact: Contact, live: LiveLeg) -> LegDifference | None:
    if contact.state is ContactState.CONNECTING and live.bridged_to == contact.leg_id:
        return LegDifference.BRIDGED
    ended = contact.state is ContactState.CONNECTED and live.bridged_to is None
    return LegDifference.UNBRIDGED if ended else None


def _before_the_answer(leg: Leg, live: LiveLeg) -> LegDifference | None:
    if live.state is LegState.UP:
        return LegDifference.ANSWERED
    rang = leg.state is LegState.ORIGINATING and live.state is LegState.RINGING
    return LegDifference.RANG if rang else None


def _of_a_customer(contact: Contact, live: LiveLeg) -> LegDifference | None:
    if contact.state is ContactState.ANSWERED and live.detection is not None:
        return LegDifference.DETECTED
    if contact.play_id is not None and contact.says_to is None and live.playing is False:
        return LegDifference.PLAYED
    return None
