"""What the engine keeps by and by, counted anew from what it tells of each agent and campaign.

If these fail, agents idle although somebody could be dialed for them, or two campaigns count on the same agent: claims,
agents who are taken, and who is to be asked are kept as things happen, and something that happens was overlooked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.floor import Floor
from engine.invariants import is_at_work
from trunkcall.domain.agent import IN_A_CALL, AgentState
from trunkcall.domain.instants import SECOND
from trunkcall.engine.details import CampaignDetails, EngineDetails
from trunkcall.engine.explanation import DialingExplanation
from trunkcall.engine.sessions import RETRY_AFTER


@dataclass(frozen=True)
class Group:
    """Campaigns that count on agents together, as the documentation has it."""

    queues: frozenset[str]
    looks_ahead: bool


def check_allotments(floor: Floor) -> None:
    """Where nobody else has a claim a campaign counts on all agents of its queue; elsewhere on those that are allotted
    to its group and not taken yet."""
    details = floor.engine.details()
    groups = {c.campaign_id: group_of(details, c) for c in details.campaigns.values() if c.needs_agents and c.queue_id}
    claiming = {name: group for name, group in groups.items() if claims(floor, details.campaigns[name], group)}
    for name, group in groups.items():
        queue_id = details.campaigns[name].queue_id
        assert queue_id is not None
        explained = explain(floor, name)
        queue = details.queues.get(queue_id)
        free, staffed = (len(queue.free), queue.staffed) if queue is not None else (0, 0)
        connected = connected_queues(details, queue_id)
        competing = {other for other in claiming.values() if other.queues <= connected}
        contested = name in claiming and len(competing) > 1 and any(other.looks_ahead for other in competing)
        if not contested or not shares_agents(details, group, competing):
            assert (explained.free_agents, explained.staffed_agents) == (free, staffed), "agents of its own idle"
            continue
        assert explained.staffed_agents <= staffed
        assert explained.free_agents <= free
        queues = frozenset[str]().union(*(other.queues for other in competing))
        members = {claiming[other]: other for other in claiming if claiming[other] in competing}
        ahead = [c for c in details.campaigns.values() if c.queue_id in queues and c.needs_agents and not c.one_to_one]
        if not any(c.in_flight for c in ahead):
            free_agents = set[str]().union(*(details.queues[q].free for q in queues if q in details.queues))
            counted_on = sum(explain(floor, member).free_agents for member in members.values())
            assert counted_on == len(free_agents), "a free agent is nobody's"


def check_whoever_may_dial_has_dialed(floor: Floor) -> None:
    """Nobody is to be asked, so nobody wants anything: no campaign but those that look ahead could begin an attempt,
    and those will look within a second."""
    for _ in range(20):
        decided = floor.turn()
        wakes_at = floor.engine.next_timer()
        if not decided and (wakes_at is None or wakes_at > floor.now):
            break
    else:
        raise AssertionError("it wakes for nothing, again and again")
    details = floor.engine.details()
    for campaign in details.campaigns.values():
        explained = explain(floor, campaign.campaign_id)
        up = [trunk for trunk in explained.trunks if trunk.up]
        if not campaign.dials or not campaign.in_window or explained.suspended or not up:
            continue
        if campaign.needs_agents and not campaign.one_to_one:
            looks_at = floor.engine.next_timer()
            assert looks_at is not None, "nobody will look"
            assert looks_at <= floor.now + SECOND, "nobody will look"
        elif not explained.next_attempt_in and not any(
            trunk.held or trunk.failing or trunk.lines >= trunk.channels for trunk in up
        ):
            assert campaign.needs_agents, "lines idle although there are contacts"
            wanted = explained.free_agents - len(campaign.begun_without_agent)
            allowed = math.floor(explained.lines_per_agent * explained.staffed_agents) - campaign.lines
            assert min(wanted, allowed) <= 0, "agents idle although there are contacts"


def check_whoever_is_to_have_a_session_has(floor: Floor) -> None:
    """An available agent with a persistent connection has one, or the phone has failed and is having a rest: a phone
    that nobody rings again leaves somebody to sit there all day."""
    if not any(trunk.up for trunk in floor.engine.floor().trunks):
        return
    for agent in floor.engine.details().agents.values():
        away = not agent.persistent or agent.leaving or agent.state is AgentState.OFFLINE
        if away:
            # One that a former dialer had is kept for whoever has not said yet what to be.
            continue
        if agent.session_leg_id is None and agent.state not in IN_A_CALL:
            # Whoever is in a call by a phone that is rung each time gets one when that is over.
            assert agent.state is not AgentState.AVAILABLE, "somebody seems to be there who cannot be reached"
            if agent.phone_lost:
                # It is rung once it is found.
                continue
            assert agent.session_failures, "nobody rings the phone"
            given_up = agent.session_failures > len(RETRY_AFTER)
            assert given_up or floor.engine.next_timer() is not None, "nobody will ring the phone again"


def explain(floor: Floor, campaign: str) -> DialingExplanation:
    explained = floor.engine.explain(campaign, floor.now)
    assert explained is not None
    return explained


def claims(floor: Floor, campaign: CampaignDetails, group: Group) -> bool:
    has_a_trunk = any(trunk.up for trunk in explain(floor, campaign.campaign_id).trunks)
    has_none = not has_a_trunk and any(trunk.up for trunk in floor.engine.snapshot(floor.now).trunks)
    can_dial = campaign.dials and campaign.in_window > 0 and not has_none
    return can_dial or (group.looks_ahead and len(campaign.in_flight) > 0)


def serving(details: EngineDetails, queue_id: str) -> set[str]:
    return {agent.agent_id for agent in details.agents.values() if queue_id in agent.queue_ids}


def group_of(details: EngineDetails, campaign: CampaignDetails) -> Group:
    """The queues with the very same agents."""
    assert campaign.queue_id is not None
    own = serving(details, campaign.queue_id)
    queues = {queue for agent in details.agents.values() for queue in agent.queue_ids}
    same = {queue for queue in queues if own and serving(details, queue) == own}
    return Group(frozenset(same | {campaign.queue_id}), not campaign.one_to_one)


def connected_queues(details: EngineDetails, queue_id: str) -> set[str]:
    """Those that agents connect with it."""
    found, before = {queue_id}, 0
    while len(found) > before:
        before = len(found)
        for agent in details.agents.values():
            if not found.isdisjoint(agent.queue_ids):
                found.update(agent.queue_ids)
    return found


def shares_agents(details: EngineDetails, group: Group, competing: set[Group]) -> bool:
    """Whether any agent at work is there for the group and another."""
    at_work = filter(is_at_work, details.agents.values())
    return any(
        not group.queues.isdisjoint(agent.queue_ids)
        and sum(not other.queues.isdisjoint(agent.queue_ids) for other in competing) > 1
        for agent in at_work
    )
