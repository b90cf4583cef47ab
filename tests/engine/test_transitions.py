"""The state tables, against a list that was reviewed by people. If these fail, the API answers differently from Amazon
Connect, or something can get into a state that it never leaves."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest

from trunkcall.domain.agent import AgentState
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.contact import ContactState
from trunkcall.domain.errors import IllegalTransitionError
from trunkcall.domain.leg import LegState
from trunkcall.domain.transitions import (
    AGENT,
    CAMPAIGN,
    CONTACT,
    LEG,
    AgentEvent,
    CampaignEvent,
    ContactEvent,
    LegEvent,
    Table,
    after,
    sources,
    target,
)

REVIEWED_CAMPAIGN = """
Initialized start Running
Running pause Paused
Running stop Stopped
Running fail Failed
Paused resume Running
Paused stop Stopped
Paused fail Failed
"""

REVIEWED_CONTACT = """
Waiting attempt Dialing
Waiting expire Ended
Waiting forbid Ended
Dialing void Waiting
Dialing answer Answered
Dialing end Ended
Answered detect InFlow
Answered end Ended
InFlow queue Queued
InFlow safe-harbour SafeHarbour
InFlow end Ended
Queued queue Queued
Queued assign Connecting
Queued end Ended
Queued safe-harbour SafeHarbour
SafeHarbour end Ended
Connecting requeue Queued
Connecting bridge Connected
Connecting end Ended
Connected end Ended
"""

REVIEWED_AGENT = """
Offline come Available
Offline take-break OnBreak
Available take-break OnBreak
Available leave Offline
Available assign Connecting
Available fail Error
OnBreak come Available
OnBreak leave Offline
Connecting bridge Connected
Connecting miss Missed
Connecting fail Error
Connecting void Available
Connecting customer-left Available
Connected release AfterContactWork
Connected fail Error
AfterContactWork come Available
AfterContactWork take-break OnBreak
AfterContactWork leave Offline
Missed come Available
Missed take-break OnBreak
Missed leave Offline
Error come Available
Error take-break OnBreak
Error leave Offline
"""

REVIEWED_LEG = """
Originating ring Ringing
Originating answer Up
Originating end Ended
Ringing answer Up
Ringing end Ended
Up end Ended
"""

TABLES: dict[str, tuple[Table[Any, Any], Any, Any, StrEnum, set[str]]] = {
    "campaign": (CAMPAIGN, CampaignState, CampaignEvent, CampaignState.INITIALIZED, {"Stopped", "Failed"}),
    "contact": (CONTACT, ContactState, ContactEvent, ContactState.WAITING, {"Ended"}),
    "agent": (AGENT, AgentState, AgentEvent, AgentState.OFFLINE, set[str]()),
    "leg": (LEG, LegState, LegEvent, LegState.ORIGINATING, {"Ended"}),
}
REVIEWED = {
    "campaign": REVIEWED_CAMPAIGN,
    "contact": REVIEWED_CONTACT,
    "agent": REVIEWED_AGENT,
    "leg": REVIEWED_LEG,
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_the_one_that_was_reviewed(name: str) -> None:
    table = TABLES[name][0]
    steps = {
        f"{state} {event.replace(' ', '-')} {next_state}"
        for state, row in table.items()
        for event, next_state in row.items()
    }
    assert steps == set(REVIEWED[name].split("\n")[1:-1])


@pytest.mark.parametrize("name", TABLES)
def test_every_state_can_be_reached_and_left_but_for_the_last_ones(name: str) -> None:
    rows, states, events, first, last = TABLES[name]
    reached: set[StrEnum] = {first}
    while (more := {s for state in reached for s in rows[state].values()}) - reached:
        reached |= more
    assert reached == set(states) == set(rows)
    assert {state.value for state, row in rows.items() if not row} == last
    assert {event for row in rows.values() for event in row} == set(events)


@pytest.mark.parametrize("name", TABLES)
def test_a_step_that_is_not_in_the_table_is_refused_by_name(name: str) -> None:
    rows, states, events, _, _ = TABLES[name]
    for state in states:
        for event in events:
            if event in rows[state]:
                assert after(rows, state, event) is rows[state][event]
            else:
                with pytest.raises(IllegalTransitionError) as caught:
                    after(rows, state, event)
                assert str(state) in caught.value.message
                assert str(event) in caught.value.message


def test_the_store_learns_from_the_table_where_an_event_is_possible_and_leads() -> None:
    assert sources(CAMPAIGN, CampaignEvent.STOP) == {CampaignState.RUNNING, CampaignState.PAUSED}
    assert target(CAMPAIGN, CampaignEvent.STOP) is CampaignState.STOPPED
