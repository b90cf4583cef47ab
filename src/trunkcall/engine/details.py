"""Who does what with whom at one instant: every contact in progress, leg, agent, queue and campaign of an engine.

Decides what whoever looks at single contacts and agents is told. It costs some microseconds for each of them;
``snapshot`` has the sums for less. It must not change anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.contact import ContactState, DetectionStatus
from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import LegParty, LegState
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.contact import Contact, Leg
from trunkcall.engine.pools import Agent, Queue
from trunkcall.engine.registry import CampaignContacts
from trunkcall.engine.state import EngineState


class ContactDetails(NamedTuple):
    """One contact in progress. ``agent_id`` is who is being connected or talks, ``agent_leg_id`` that agent's leg;
    ``kept_agent_id`` who is kept while the contact is dialed one to one."""

    contact_id: str
    campaign_id: str
    state: ContactState
    leg_id: str
    attempted_at: Instant
    ring_started_at: Instant | None
    answered_at: Instant | None
    detection: DetectionStatus | None
    live: bool
    """Whether it is a live answer."""
    abandoned: bool
    """Whether it counts as an abandonment, whatever happens next."""
    flow_begun: bool
    flow_goes_on: bool
    """Whether its flow wants to be told what happens."""
    flow_until: Instant | None
    """How long it waits for that, if it has a limit."""
    play_id: str | None
    """What is being played to it by its flow, or said to it at the end."""
    queue_id: str | None
    """The queue that it is in, or was last."""
    agent_id: str | None
    agent_leg_id: str | None
    kept_agent_id: str | None


class LegDetails(NamedTuple):
    """One leg that the carrier has or was asked for. ``contact_id`` is None of a session between two contacts, and once
    only the leg's end is awaited."""

    leg_id: str
    party: LegParty
    state: LegState
    contact_id: str | None
    host: str | None
    """None until it is known."""
    trunk_id: str | None
    """Of a customer's leg, the trunk that it is on; of an agent's, that of the customer it was made for, if any."""
    session_of: str | None
    """The agent whose session it is."""
    holds: bool
    """Whether its party has put the other on hold, as far as that is known."""
    line_of: str | None
    """The trunk of which it holds a line."""


class AgentDetails(NamedTuple):
    """One agent. ``contact_id`` is the contact being connected, talked to or worked on afterwards; ``kept_for`` the one
    being dialed that this agent is kept for."""

    agent_id: str
    served: tuple[ServedQueue, ...]
    state: AgentState
    since: Instant
    available_since: Instant
    """Since when the agent has been available, or was the last time, calls that failed included: who takes a contact
    goes by it."""
    heard: bool
    next_status: AgentStatus | None
    """What the agent will be once the contact is done with; None if nothing else was asked for."""
    contact_id: str | None
    handling_since: Instant
    """Since when the contact at hand, or the last one, has been the agent's."""
    kept_for: str | None
    leaving: bool
    """Whether this is no agent of the instance any more, and will be gone once the contact is done with."""
    persistent: bool
    """Whether the agent's leg is to stay up from one contact to the next."""
    session_leg_id: str | None
    """The leg of the agent's session; None if there is none."""
    session_up: bool
    """Whether it is up."""
    session_failures: int
    """How often in a row it could not be made, or was lost soon."""
    phone_lost: bool
    """Whether the carrier says that the agent's phone cannot be rung."""

    @property
    def queue_ids(self) -> tuple[str, ...]:
        """The queues whose contacts the agent takes at once."""
        return tuple([each.queue_id for each in self.served if not each.delay_s])


class QueueDetails(NamedTuple):
    """One queue. ``free`` are the agents who are free and take its contacts at once, longest available first;
    ``waiting`` the contacts that wait for an agent, who is next first; ``staffed`` counts the agents at work, heard of
    and not leaving. ``talking_since`` and ``working_since`` have the agents who will take another contact: since when
    they have been in one, and since when they have worked after it."""

    queue_id: str
    free: tuple[str, ...]
    waiting: tuple[str, ...]
    staffed: int
    talking_since: Mapping[str, Instant]
    working_since: Mapping[str, Instant]


class CampaignDetails(NamedTuple):
    """One campaign. ``in_progress`` are the contacts that were attempted and have not ended, and of them ``in_flight``
    those that no agent has taken yet; ``dialing_since`` has those of which it is not yet known whether they are live
    answers, and since when. Dialed one to one, ``without_agent`` are those whose agent has left, and
    ``begun_without_agent`` those that were begun without one, before the campaign was to be dialed so."""

    campaign_id: str
    queue_id: str | None
    needs_agents: bool
    one_to_one: bool
    dials: bool
    """Whether it is Running, and the store has not said otherwise."""
    lines: int
    in_progress: tuple[str, ...]
    in_flight: tuple[str, ...]
    dialing_since: Mapping[str, Instant]
    without_agent: tuple[str, ...]
    begun_without_agent: tuple[str, ...]
    in_window: int
    """Contacts not yet dialed that the engine holds."""
    next_expiry_at: Instant | None
    """When the first of these expires."""
    refill_pending: bool
    """Whether the store was asked for more, and has not answered."""
    exhausted: bool
    """Whether the store has no more that are due."""
    next_due_at: Instant | None
    """When the first is due of those that the store has besides, as far as it is known."""


class EngineDetails(NamedTuple):
    """All of them, by id."""

    campaigns: Mapping[str, CampaignDetails]
    contacts: Mapping[str, ContactDetails]
    legs: Mapping[str, LegDetails]
    agents: Mapping[str, AgentDetails]
    queues: Mapping[str, QueueDetails]


def take_details(state: EngineState) -> EngineDetails:
    """The engine's state after its last turn."""
    return EngineDetails(
        campaigns={
            campaign_id: _campaign(campaign, state.registry.of(campaign))
            for campaign_id, campaign in state.campaigns.items()
        },
        contacts={contact_id: _contact(contact) for contact_id, contact in state.registry.contacts.items()},
        legs={leg_id: _leg(leg) for leg_id, leg in state.registry.legs.items()},
        agents={agent_id: _agent(agent) for agent_id, agent in state.roster.agents.items()},
        queues={queue_id: _queue(queue_id, queue) for queue_id, queue in state.roster.queues.items()},
    )


def _contact(contact: Contact) -> ContactDetails:
    return ContactDetails(
        contact_id=contact.contact_id,
        campaign_id=contact.campaign.campaign_id,
        state=contact.state,
        leg_id=contact.leg_id,
        attempted_at=contact.attempted_at,
        ring_started_at=contact.ring_started_at,
        answered_at=contact.answered_at,
        detection=contact.detection,
        live=contact.live,
        abandoned=contact.abandoned,
        flow_begun=contact.flow_begun,
        flow_goes_on=contact.flow_goes_on,
        flow_until=contact.flow_until,
        play_id=contact.play_id,
        queue_id=contact.queue_id,
        agent_id=contact.agent_id,
        agent_leg_id=contact.agent_leg_id,
        kept_agent_id=contact.reserved_agent_id,
    )


def _leg(leg: Leg) -> LegDetails:
    return LegDetails(
        leg.leg_id,
        leg.party,
        leg.state,
        _id_of(leg.contact),
        leg.host,
        leg.trunk_id,
        leg.session_of,
        leg.holds is True,
        leg.line_of,
    )


def _agent(agent: Agent) -> AgentDetails:
    return AgentDetails(
        agent_id=agent.agent_id,
        served=agent.pool.served,
        state=agent.state,
        since=agent.since,
        available_since=agent.available_since,
        heard=agent.heard,
        next_status=agent.next_status,
        contact_id=_id_of(agent.contact),
        handling_since=agent.handling_since,
        kept_for=_id_of(agent.reserved_for),
        leaving=agent.leaving,
        persistent=agent.persistent,
        session_leg_id=agent.session.leg_id if agent.session is not None else None,
        session_up=agent.session_up,
        session_failures=agent.session_failures,
        phone_lost=agent.phone_lost,
    )


def _queue(queue_id: str, queue: Queue) -> QueueDetails:
    return QueueDetails(
        queue_id=queue_id,
        free=tuple([agent.agent_id for agent in queue.free_agents]),
        waiting=tuple(queue.waiting),
        staffed=queue.staffed,
        talking_since=dict(queue.talking_since),
        working_since=dict(queue.working_since),
    )


def _campaign(campaign: CampaignDialing, contacts: CampaignContacts) -> CampaignDetails:
    window = campaign.window
    return CampaignDetails(
        campaign_id=campaign.campaign_id,
        queue_id=campaign.settings.queue_id,
        needs_agents=campaign.pacer.needs_agents,
        one_to_one=campaign.pacer.one_to_one,
        dials=campaign.dials,
        lines=contacts.lines,
        in_progress=tuple(contacts.in_progress),
        in_flight=tuple(contacts.in_flight),
        dialing_since=dict(contacts.dialing_since),
        without_agent=tuple(contacts.without_agent),
        begun_without_agent=tuple(k for k in contacts.in_flight if k in contacts.begun_without_agent),
        in_window=len(window),
        next_expiry_at=window.next_expiry_at,
        refill_pending=window.refill_pending,
        exhausted=window.exhausted,
        next_due_at=window.next_due_at,
    )


def _id_of(contact: Contact | None) -> str | None:
    return contact.contact_id if contact is not None else None
