"""What must be true of an engine after every call, and of the commands it has given.

``check`` looks into the engine's memory, because a leak or a double booking is visible there long before it costs a
customer something; ``History`` knows the engine by its decisions alone, as the store does.
"""

from __future__ import annotations

from collections import Counter

from trunkcall.domain.agent import STAFFED_STATES, AgentState, AgentStatus
from trunkcall.domain.changes import AttemptBegun, Change, ContactAbandoned, LedgerCounted
from trunkcall.domain.contact import ContactState
from trunkcall.domain.leg import LegParty
from trunkcall.domain.transitions import BEFORE_THE_QUEUE, CONTACT, MARKS, STEPS, WITH_AN_AGENT, after
from trunkcall.engine.commands import Originate
from trunkcall.engine.decision import Decision
from trunkcall.engine.engine import Engine


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
                assert self.states[contact_id] in MARKS[type(change)], "the store would refuse it"
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


def check(engine: Engine) -> None:
    """Everything that is true of an engine between two calls."""
    _check_contacts(engine)
    _check_legs(engine)
    _check_agents(engine)
    _check_windows(engine)
    _check_nobody_is_forgotten(engine)


def check_begun(engine: Engine, decision: Decision) -> None:
    """Whoever was dialed in this turn has an agent, where attempts are one to one; and somebody is at work and heard
    of, where live answers go to agents at all."""
    for change in decision.changes:
        if isinstance(change, AttemptBegun):
            contact = engine._state.contacts[change.contact_id]
            if contact.campaign.pacer.one_to_one:
                assert contact.reserved_agent_id is not None, "somebody is dialed and no agent is kept"
            if contact.campaign.pacer.needs_agents:
                agents = engine._state.roster.agents.values()
                at_work = [a for a in agents if a.state in STAFFED_STATES and a.heard]
                queue_id = contact.campaign.settings.queue_id
                assert any(queue_id in a.queue_ids for a in at_work), "somebody is dialed for agents who may be gone"


def check_nothing_is_left(engine: Engine) -> None:
    """After the last contact has ended, nothing of any contact is kept."""
    state = engine._state
    assert not state.contacts
    assert not state.legs
    assert state.lines == 0
    for campaign in state.campaigns.values():
        assert not campaign.contacts
        assert not campaign.in_flight
        assert not campaign.bereft
        assert campaign.lines == 0
    for queue in state.roster.queues.values():
        assert not queue.waiting
    for agent in state.roster.agents.values():
        assert agent.reserved_for is None


def _check_contacts(engine: Engine) -> None:
    state = engine._state
    assert not state.flows_due, "a flow was not asked to go on"
    of_campaigns = {k: v for campaign in state.campaigns.values() for k, v in campaign.contacts.items()}
    assert of_campaigns == state.contacts
    for campaign in state.campaigns.values():
        assert campaign.lines == len(campaign.contacts)
        assert set(campaign.bereft) <= set(campaign.in_flight) <= set(campaign.contacts)
        assert not set(campaign.window._contacts) & set(campaign.contacts), "a contact waits and is in progress"
        for contact in campaign.contacts.values():
            assert contact.state not in (ContactState.WAITING, ContactState.ENDED)
            machine = contact.detection is not None and not contact.live
            in_flight = contact.state not in WITH_AN_AGENT and not machine
            assert (contact.contact_id in campaign.in_flight) == in_flight
            if campaign.pacer.one_to_one:
                kept = contact.reserved_agent_id is not None
                bereft = contact.contact_id in campaign.bereft
                if contact.contact_id not in campaign.loose:
                    assert kept + bereft == (contact.state in BEFORE_THE_QUEUE and not machine)


def _check_legs(engine: Engine) -> None:
    state = engine._state
    assert state.lines == sum(leg.party is LegParty.CUSTOMER for leg in state.legs.values())
    assert state.lines <= state.config.trunk.channels
    for contact in state.contacts.values():
        assert state.legs[contact.leg_id].contact is contact
        if contact.state in WITH_AN_AGENT:
            assert contact.agent_leg_id is not None
            assert state.legs[contact.agent_leg_id].contact is contact
    for leg in state.legs.values():
        if leg.contact is not None:
            assert state.contacts[leg.contact.contact_id] is leg.contact
            assert leg.leg_id in (leg.contact.leg_id, leg.contact.agent_leg_id)


def _check_agents(engine: Engine) -> None:
    state = engine._state
    reserved = {}
    for agent in state.roster.agents.values():
        if agent.reserved_for is not None:
            assert agent.state is AgentState.AVAILABLE, "an agent is kept who is not there"
            assert agent.heard, "an agent is kept of whom nothing is heard"
            assert agent.reserved_for.reserved_agent_id == agent.agent_id
            assert agent.reserved_for.contact_id in agent.reserved_for.campaign.in_flight
            reserved[agent.reserved_for.contact_id] = agent.agent_id
        match agent.state:
            case AgentState.CONNECTING | AgentState.CONNECTED:
                assert agent.contact is not None
                assert agent.contact.agent_id == agent.agent_id
                assert agent.contact.state.value == agent.state.value
            case AgentState.AFTER_CONTACT_WORK:
                assert agent.contact is not None
                assert agent.contact.state is ContactState.ENDED
            case _:
                assert agent.contact is None
    assert reserved == {
        c.contact_id: c.reserved_agent_id for c in state.contacts.values() if c.reserved_agent_id is not None
    }
    talking = [c.agent_id for c in state.contacts.values() if c.state in WITH_AN_AGENT]
    assert len(talking) == len(set(talking)), "an agent is in two contacts"
    for queue_id, queue in state.roster.queues.items():
        will_take_another = [
            a
            for a in state.roster.agents.values()
            if queue_id in a.queue_ids and a.heard and a.next_status in (None, AgentStatus.AVAILABLE) and a.contact
        ]
        works = AgentState.AFTER_CONTACT_WORK
        talk = {a.agent_id: a.handling_since for a in will_take_another if a.state is not works}
        assert queue.talking_since == talk, "a pacer counts on agents who will not come, or overlooks some"
        work = {a.agent_id: a.since for a in will_take_another if a.state is works}
        assert queue.working_since == work, "a pacer counts on agents who will not come, or overlooks some"


def _check_windows(engine: Engine) -> None:
    for campaign in engine._state.campaigns.values():
        window, expiry_at = campaign.window, campaign.window.next_expiry_at
        if window.touched:
            # There is more to tell: it is seen to afterwards.
            continue
        assert not (campaign.dials and window.wants_refill), "a campaign runs dry while its list is long"
        if expiry_at is not None:
            assert campaign.expiry_timer_at is not None
            assert campaign.expiry_timer_at <= expiry_at, "a contact is kept beyond its expiry"


def _check_nobody_is_forgotten(engine: Engine) -> None:
    state = engine._state
    agents = state.roster.agents.values()
    for queue_id, queue in state.roster.queues.items():
        serving = [a for a in agents if queue_id in a.queue_ids]
        heard = [a for a in serving if a.heard]
        free = {a.agent_id for a in heard if a.state is AgentState.AVAILABLE and a.reserved_for is None}
        assert set(queue.free) == free, "an agent is free who is not, or nobody is dialed for one who is"
        assert queue.staffed == sum(a.state in STAFFED_STATES for a in heard)
        queued = {
            c.contact_id
            for c in state.contacts.values()
            if c.state is ContactState.QUEUED and c.campaign.settings.queue_id == queue_id
        }
        assert set(queue.waiting) == queued
        if state.carrier_up:
            assert not (queue.free and queue.waiting), "somebody waits although an agent is free"
        for campaign in state.campaigns.values():
            if campaign.settings.queue_id == queue_id:
                assert not (queue.free and campaign.bereft), "a dial has no agent although one is free"
