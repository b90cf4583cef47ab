"""What must be true of an engine after every turn, and of what it has decided.

``check`` goes by what the engine tells of each contact and agent, because a leak or a double booking is visible there
long before it costs a customer something; ``History`` knows the engine by its decisions alone, as the store does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from trunkcall.domain.agent import STAFFED_STATES, AgentState, AgentStatus
from trunkcall.domain.changes import (
    AttemptBegun,
    Change,
    ContactAbandoned,
    ContactQueued,
    ContactRequeued,
    LedgerCounted,
)
from trunkcall.domain.contact import ContactState
from trunkcall.domain.leg import LegParty, LegState
from trunkcall.domain.transitions import BEFORE_THE_QUEUE, CONTACT, MARKS, STEPS, WITH_AN_AGENT, after
from trunkcall.engine.commands import Originate
from trunkcall.engine.decision import Decision
from trunkcall.engine.details import AgentDetails, EngineDetails
from trunkcall.engine.engine import Engine
from trunkcall.engine.snapshot import TrunkSnapshot

LONG_WINDOW = 50


class History:
    """Every contact's state according to the changes that the engine asked the store for."""

    def __init__(self) -> None:
        self.states: dict[str, ContactState] = {}
        self.ends: Counter[str] = Counter()
        self.attempted: set[str] = set()
        self.abandoned: Counter[str] = Counter()
        self.ledger: Counter[tuple[str, str]] = Counter()

    def enter(self, decision: Decision) -> None:
        """Take changes in their order; fails on the first that the table of contacts does not allow."""
        dials = {deed.contact_id: deed for deed in decision.deeds_to_do(refused=()) if isinstance(deed, Originate)}
        for change in decision.changes:
            self._count(change)
            if type(change) not in STEPS and type(change) not in MARKS:
                continue
            assert hasattr(change, "contact_id")
            contact_id = change.contact_id
            step = STEPS.get(type(change))
            if step is None:
                assert self.states.get(contact_id, ContactState.WAITING) in MARKS[type(change)], (
                    "the store would refuse it"
                )
                continue
            self.states[contact_id] = after(CONTACT, self.states.get(contact_id, ContactState.WAITING), step)
            if isinstance(change, AttemptBegun):
                self.attempted.add(contact_id)
                assert dials.pop(contact_id).leg_id == change.leg_id
            if self.states[contact_id] is ContactState.ENDED:
                self.ends[contact_id] += 1
        assert not dials, "somebody is dialed without an attempt"
        attempts = {change.contact_id for change in decision.changes if isinstance(change, AttemptBegun)}
        left = decision.deeds_to_do(refused=attempts)
        assert not any(isinstance(deed, Originate) for deed in left), "a dial does not wait for its attempt"

    def _count(self, change: Change) -> None:
        match change:
            case ContactAbandoned():
                self.abandoned[change.contact_id] += 1
                assert self.abandoned[change.contact_id] == 1, "one abandonment is counted twice"
            case LedgerCounted():
                self.ledger[change.campaign_id, "live answers"] += change.live_answers
                self.ledger[change.campaign_id, "abandoned"] += change.abandoned
                counted = self.ledger[change.campaign_id, "abandoned"]
                assert counted <= self.ledger[change.campaign_id, "live answers"]
            case _:
                pass

    def refused(self, contact_id: str) -> None:
        """The store did not let the attempt be made: for it, the contact waits as before."""
        self.states[contact_id] = ContactState.WAITING
        self.attempted.discard(contact_id)


def check(engine: Engine, details: EngineDetails) -> None:
    """Everything that is true of an engine between two turns."""
    floor = engine.floor()
    _check_contacts(details)
    reached = reached_by_the_carrier(details, floor.trunks)
    _check_flows(details, reached)
    _check_legs(details)
    on_trunks = Counter(leg.line_of for leg in details.legs.values() if leg.line_of is not None)
    assert floor.lines_in_use == on_trunks.total()
    assert all(leg.line_of == leg.trunk_id for leg in details.legs.values() if leg.party is LegParty.CUSTOMER)
    assert {trunk.trunk_id: trunk.lines for trunk in floor.trunks} == {
        trunk.trunk_id: on_trunks[trunk.trunk_id] for trunk in floor.trunks
    }
    _check_sessions(details)
    _check_agents(details)
    assert set(engine.leaving_agents) == {agent.agent_id for agent in details.agents.values() if agent.leaving}
    _check_queues(details)
    _check_windows(engine, details)
    _check_nobody_is_forgotten(details, reached)


def reached_by_the_carrier(details: EngineDetails, trunks: Iterable[TrunkSnapshot]) -> frozenset[str]:
    """Contacts in progress on hosts of which it is known that the carrier answers for them."""
    up = {trunk.host for trunk in trunks if trunk.up}
    return frozenset(c.contact_id for c in details.contacts.values() if details.legs[c.leg_id].host in up)


def check_begun(on: Iterable[TrunkSnapshot], details: EngineDetails, decision: Decision) -> None:
    """Whoever was dialed in this turn has an agent, where attempts are one to one; and somebody is at work and heard
    of, where live answers go to agents at all. The trunk is there, answers, and had a line for it."""
    trunks = {trunk.trunk_id: trunk for trunk in on}
    for attempt in decision.changes:
        if not isinstance(attempt, AttemptBegun):
            continue
        trunk = trunks[attempt.trunk_id]
        assert trunk.up, "somebody is dialed on a host that does not answer"
        assert not trunk.held, "somebody is dialed on a trunk that has just refused an attempt"
        assert trunk.lines <= trunk.channels, "more are dialed on a trunk than it has lines"
        assert details.legs[attempt.leg_id].host == trunk.host
        campaign = details.campaigns[attempt.campaign_id]
        if campaign.one_to_one:
            kept = details.contacts[attempt.contact_id].kept_agent_id
            assert kept is not None, "somebody is dialed and no agent is kept"
        if campaign.needs_agents:
            at_work = filter(is_at_work, details.agents.values())
            assert any(campaign.queue_id in a.queue_ids for a in at_work), (
                "somebody is dialed for agents who may be gone"
            )


def check_room(before: EngineDetails, details: EngineDetails, decision: Decision, limits: Mapping[str, int]) -> None:
    """Nobody has come to wait in a queue in which as many waited as may, by its limit. Whoever is there again since an
    agent did not come was there before."""
    queued = {change.contact_id for change in decision.changes if isinstance(change, ContactQueued)}
    again = {change.contact_id for change in decision.changes if isinstance(change, ContactRequeued)}
    for queue_id, most in limits.items():
        waiting = set(details.queues[queue_id].waiting if queue_id in details.queues else ()) - again
        there = set(before.queues[queue_id].waiting if queue_id in before.queues else ())
        if waiting & queued:
            assert len(waiting & (queued | there)) <= most, "somebody waits in a queue that was full"


def is_at_work(agent: AgentDetails) -> bool:
    """Whether the agent counts: heard of, there to stay, and in a contact, working on one, or able to take one."""
    there = agent.state in STAFFED_STATES and agent.heard and not agent.leaving
    return there and (agent.state is not AgentState.AVAILABLE or agent.session_up or not agent.persistent)


def check_nothing_is_left(engine: Engine) -> None:
    """After the last contact has ended and the last campaign is forgotten, nothing of any contact is kept, and nothing
    is awaited."""
    details = engine.details()
    assert not details.contacts
    assert not details.legs
    assert not details.campaigns, "a campaign that is over is kept for ever"
    assert engine.floor().lines_in_use == 0
    for queue in details.queues.values():
        assert not queue.waiting
    for agent in details.agents.values():
        assert agent.kept_for is None
    assert engine.next_timer() is None, "the engine wants to be woken for nothing"


def _check_contacts(details: EngineDetails) -> None:
    contacts = details.contacts
    in_progress = {k: campaign.campaign_id for campaign in details.campaigns.values() for k in campaign.in_progress}
    assert in_progress == {contact.contact_id: contact.campaign_id for contact in contacts.values()}
    for campaign in details.campaigns.values():
        in_flight, without_agent = set(campaign.in_flight), set(campaign.without_agent)
        assert campaign.lines == len(campaign.in_progress)
        assert without_agent <= in_flight <= set(campaign.in_progress)
        undecided = {
            k: contacts[k] for k in in_flight if contacts[k].state in (ContactState.DIALING, ContactState.ANSWERED)
        }
        assert campaign.dialing_since == {k: contact.attempted_at for k, contact in undecided.items()}, (
            "a pacer expects live answers of attempts that are decided, or overlooks some"
        )
        for contact_id in campaign.in_progress:
            contact = contacts[contact_id]
            assert contact.state not in (ContactState.WAITING, ContactState.ENDED)
            machine = contact.detection is not None and not contact.live
            own_queue = campaign.queue_id if campaign.needs_agents else None
            elsewhere = contact.queue_id is not None and contact.queue_id != own_queue
            # No agent comes for whom the queue was full; of those in other queues no pacer needs to know.
            unserved = machine or (contact.abandoned and contact.state is ContactState.IN_FLOW)
            wants_agent = contact.state not in WITH_AN_AGENT and contact.state is not ContactState.SAFE_HARBOUR
            assert (contact_id in in_flight) == (wants_agent and not unserved and not elsewhere)
            if campaign.one_to_one and contact_id not in campaign.begun_without_agent:
                kept = contact.kept_agent_id is not None
                assert kept + (contact_id in without_agent) == (contact.state in BEFORE_THE_QUEUE and not unserved)


def _check_flows(details: EngineDetails, reached: frozenset[str]) -> None:
    """A new dialer has flows go on once the carrier has said who is still there. Nobody listens to nothing for ever."""
    in_flow = [details.contacts[k] for k in reached if details.contacts[k].state is ContactState.IN_FLOW]
    assert all(contact.flow_begun for contact in in_flow), "a flow was not asked to begin"
    for contact in in_flow:
        assert contact.flow_goes_on, "a flow is over, and its contact is left"
        waits = contact.play_id is not None or contact.flow_until is not None
        assert waits, "somebody is left in dead air, with nothing to wait for"
    for contact in details.contacts.values():
        if contact.state is ContactState.CONNECTED and (contact.flow_goes_on or contact.play_id is not None):
            legs = details.legs[contact.leg_id], details.legs[contact.agent_leg_id or ""]
            assert any(leg.holds for leg in legs), "a flow is heard in a talk in which nobody is on hold"


def _check_legs(details: EngineDetails) -> None:
    contacts, legs = details.contacts, details.legs
    for contact in contacts.values():
        assert legs[contact.leg_id].contact_id == contact.contact_id
        if contact.state in WITH_AN_AGENT:
            assert contact.agent_leg_id is not None
            assert legs[contact.agent_leg_id].contact_id == contact.contact_id
    for leg in legs.values():
        if leg.contact_id is not None:
            contact = contacts[leg.contact_id]
            assert leg.leg_id in (contact.leg_id, contact.agent_leg_id)


def _check_sessions(details: EngineDetails) -> None:
    """An agent has at most one session, a session one agent and at most one contact."""
    of_legs = {leg.leg_id: leg.session_of for leg in details.legs.values() if leg.session_of is not None}
    of_agents = {a.session_leg_id: a.agent_id for a in details.agents.values() if a.session_leg_id is not None}
    assert of_legs == of_agents, "a session is nobody's, or two people's"
    for agent in details.agents.values():
        if agent.session_leg_id is None:
            assert not agent.session_up
            continue
        leg = details.legs[agent.session_leg_id]
        assert leg.party is LegParty.AGENT
        assert agent.session_up is (leg.state is LegState.UP)
        if leg.contact_id is not None:
            assert details.contacts[leg.contact_id].agent_id == agent.agent_id, "it is in somebody else's contact"
        if agent.session_up:
            assert agent.heard, "an agent is on the line, and nothing is heard of them"


def _check_agents(details: EngineDetails) -> None:
    contacts = details.contacts
    reserved = {}
    for agent in details.agents.values():
        if agent.leaving:
            assert agent.contact_id is not None, "somebody who is no agent any more is kept for nothing"
            assert agent.heard or agent.state is not AgentState.AFTER_CONTACT_WORK, "nobody will say that this is over"
        if agent.kept_for is not None:
            assert agent.state is AgentState.AVAILABLE, "an agent is kept who is not there"
            assert agent.heard, "an agent is kept of whom nothing is heard"
            assert not agent.phone_lost, "an agent is kept whose phone cannot be rung"
            assert agent.session_up or not agent.persistent, "an agent is kept who is not on the line"
            assert agent.kept_for in details.campaigns[contacts[agent.kept_for].campaign_id].in_flight
            assert agent.kept_for not in reserved, "two agents are kept for one contact"
            reserved[agent.kept_for] = agent.agent_id
        assert not (agent.phone_lost and agent.state is AgentState.AVAILABLE), "nobody can reach them"
        match agent.state:
            case AgentState.CONNECTING | AgentState.CONNECTED:
                assert agent.contact_id is not None
                assert contacts[agent.contact_id].agent_id == agent.agent_id
                assert contacts[agent.contact_id].state.value == agent.state.value
            case AgentState.AFTER_CONTACT_WORK:
                assert agent.contact_id is not None
                assert agent.contact_id not in contacts
            case _:
                assert agent.contact_id is None
    assert reserved == {c.contact_id: c.kept_agent_id for c in contacts.values() if c.kept_agent_id is not None}
    talking = [c.agent_id for c in contacts.values() if c.state in WITH_AN_AGENT]
    assert len(talking) == len(set(talking)), "an agent is in two contacts"


def _check_queues(details: EngineDetails) -> None:
    coming = [
        a
        for a in details.agents.values()
        if a.heard and not a.leaving and a.next_status in (None, AgentStatus.AVAILABLE) and a.contact_id is not None
    ]
    served = {each.queue_id for agent in details.agents.values() for each in agent.served}
    dialed_for = {campaign.queue_id for campaign in details.campaigns.values()}
    dialed_for |= {contact.queue_id for contact in details.contacts.values()}
    assert details.queues.keys() <= served | dialed_for, "a queue is kept that nobody serves and nobody dials for"
    assert details.queues.keys() >= served
    works = AgentState.AFTER_CONTACT_WORK
    for queue in details.queues.values():
        serving = [a for a in coming if queue.queue_id in a.queue_ids]
        talk = {a.agent_id: a.handling_since for a in serving if a.state is not works}
        assert queue.talking_since == talk, "a pacer counts on agents who will not come, or overlooks some"
        work = {a.agent_id: a.since for a in serving if a.state is works}
        assert queue.working_since == work, "a pacer counts on agents who will not come, or overlooks some"


def _check_windows(engine: Engine, details: EngineDetails) -> None:
    """The store is asked in time, expiries are seen to in time, and nobody is dialed twice. What is in long windows is
    not looked at, for the sake of the time that it takes."""
    for campaign in details.campaigns.values():
        if campaign.in_window <= LONG_WINDOW:
            waiting = set(engine.next_contacts(campaign.campaign_id))
            assert len(waiting) == campaign.in_window, "a contact waits that is never dialed"
            assert not waiting.intersection(campaign.in_progress), "a contact waits and is in progress"
        if campaign.dials and not campaign.refill_pending and not campaign.exhausted:
            short = campaign.in_window * 2 <= engine.config.window_size
            assert not short, "a campaign runs dry while its list is long"
        wakes_at = engine.next_timer()
        if campaign.next_expiry_at is not None:
            assert wakes_at is not None
            assert wakes_at <= campaign.next_expiry_at, "a contact is kept beyond its expiry"
        if campaign.next_due_at is not None:
            assert wakes_at is not None
            assert wakes_at <= campaign.next_due_at, "a contact is due and nobody looks"


def _check_nobody_is_forgotten(details: EngineDetails, reached: frozenset[str]) -> None:
    queued = [c for c in details.contacts.values() if c.state is ContactState.QUEUED]
    heard = [a for a in details.agents.values() if a.heard]
    for queue in details.queues.values():
        serving = [a for a in heard if queue.queue_id in a.queue_ids]
        available = [a for a in serving if a.state is AgentState.AVAILABLE]
        free = {a.agent_id for a in available if a.kept_for is None and (a.session_up or not a.persistent)}
        assert set(queue.free) == free, "an agent is free who is not, or nobody is dialed for one who is"
        assert queue.staffed == sum(map(is_at_work, serving))
        assert set(queue.waiting) == {c.contact_id for c in queued if c.queue_id == queue.queue_id}
        # While a host is lost, nobody on it is put through, nor is anybody kept for a dial there.
        assert not (queue.free and reached.intersection(queue.waiting)), "somebody waits although an agent is free"
        for campaign in details.campaigns.values():
            if campaign.queue_id == queue.queue_id:
                dials = reached.intersection(campaign.without_agent)
                assert not (queue.free and dials), "a dial has no agent although one is free"
