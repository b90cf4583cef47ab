"""What is said to a live answer for whom no agent was found in time. If these fail, people who were called hear silence
where the rules ask for a message, an agent is put through in the middle of it, or it is hung up on before its end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.floor import Floor
from engine.support import SALES, SPRING, up
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import ContactAbandoned, ContactConnecting, SafeHarbourBegun
from trunkcall.domain.contact import ContactState, DetectionStatus, DisconnectReason, Disposition
from trunkcall.domain.flow import Enqueue
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import HangUp, SpeakSafeHarbour
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CarrierFound, CarrierLost, PlaybackEnded


def nobody_came(*, safe_harbour: bool = True, config: EngineConfig | None = None) -> Floor:
    """A live answer one second ago, and its agent has gone home since it was dialed."""
    floor = Floor(agents=1, config=config)
    floor.campaign(requests=1, safe_harbour=safe_harbour, caller_id="+12065550100")
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    floor.wait(1)
    assert floor.asked(SpeakSafeHarbour) == []
    return floor


def state(floor: Floor, contact: str = "spring-1") -> ContactState:
    return floor.engine.details().contacts[contact].state


def waiting(floor: Floor) -> tuple[str, ...]:
    return floor.engine.details().queues[SALES].waiting


def test_the_message_begins_at_the_threshold_and_the_leg_ends_with_it() -> None:
    floor = nobody_came()
    floor.wait(1)
    leg = floor.leg("spring-1")
    (spoken,) = floor.asked(SpeakSafeHarbour)
    assert (spoken.leg_id, spoken.contact_id, spoken.campaign_id) == (leg, "spring-1", SPRING)
    assert spoken.caller_id == "+12065550100", "it says who has called"
    assert [begun.at for begun in floor.asked(SafeHarbourBegun)] == [floor.now]
    assert waiting(floor) == ()
    floor.wait(30)
    assert floor.asked(HangUp) == [], "it is heard to its end"
    floor.message_ends("spring-1")
    assert floor.asked(HangUp) == [HangUp(leg)]
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (
        Disposition.ABANDONED,
        DisconnectReason.CONTACT_FLOW_DISCONNECT,
    )
    assert len(floor.asked(ContactAbandoned)) == 1, "it counts, once"


def test_without_a_message_all_wait_on_as_ever() -> None:
    floor = nobody_came(safe_harbour=False)
    floor.wait(5)
    assert floor.asked(SpeakSafeHarbour) == []
    assert len(floor.asked(ContactAbandoned)) == 1
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.state_of("agent-1") is AgentState.CONNECTING


def test_an_agent_who_comes_during_the_message_gets_somebody_else() -> None:
    floor = nobody_came()
    floor.wait(5)
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.state_of("agent-1") is AgentState.AVAILABLE
    floor.accept(requests=1)
    floor.wait(1)
    assert floor.dialed[-1] == "spring-2"
    assert state(floor) is ContactState.SAFE_HARBOUR


def test_who_hangs_up_during_the_message_was_abandoned() -> None:
    floor = nobody_came()
    floor.wait(5)
    floor.hangs_up("spring-1")
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (Disposition.ABANDONED, DisconnectReason.CUSTOMER_DISCONNECT)
    assert len(floor.asked(ContactAbandoned)) == 1


def test_a_message_whose_end_nobody_tells_holds_no_line_for_ever() -> None:
    floor = nobody_came(config=EngineConfig(safe_harbour_limit=60 * SECOND))
    floor.wait(60)
    assert state(floor) is ContactState.SAFE_HARBOUR
    floor.wait(2)
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED


def test_the_end_of_another_message_ends_nothing() -> None:
    floor = nobody_came()
    floor.wait(5)
    floor.tell(PlaybackEnded(floor.leg("spring-1"), "a message of a flow"))
    assert state(floor) is ContactState.SAFE_HARBOUR


def test_an_agent_who_is_found_in_time_is_waited_for_and_the_message_begins_when_none_takes_it() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, safe_harbour=True)
    floor.answers("spring-1")
    floor.wait(10)
    assert state(floor) is ContactState.CONNECTING
    assert len(floor.asked(ContactAbandoned)) == 1
    floor.agent_hangs_up("spring-1", HangupCause.NO_ANSWER)
    assert state(floor) is ContactState.SAFE_HARBOUR
    assert len(floor.asked(SpeakSafeHarbour)) == 1


def test_another_agent_who_is_free_then_comes_before_the_message() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, safe_harbour=True)
    floor.answers("spring-1")
    floor.agent("agent-2")
    floor.wait(10)
    floor.agent_hangs_up("spring-1", HangupCause.NO_ANSWER)
    assert [each.agent_id for each in floor.asked(ContactConnecting)] == ["agent-1", "agent-2"]
    assert floor.asked(SpeakSafeHarbour) == []


def test_who_is_queued_after_the_threshold_hears_the_message_at_once() -> None:
    """Detection has taken longer than anybody may wait."""
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True, safe_harbour=True)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.flows.talks_first = True
    floor.answers("spring-1")
    floor.detected("spring-1", DetectionStatus.HUMAN_ANSWERED)
    floor.flows.then = Enqueue()
    floor.wait(5)
    floor.message_ends("spring-1")
    assert state(floor) is ContactState.SAFE_HARBOUR


@pytest.mark.parametrize("dialer", [DialerType.PREDICTIVE, DialerType.PROGRESSIVE])
def test_it_is_the_same_however_the_campaign_is_paced(dialer: DialerType) -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, dialer=dialer, safe_harbour=True)
    floor.wait(1)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    floor.wait(2)
    assert state(floor) is ContactState.SAFE_HARBOUR


def test_a_message_that_could_not_be_played_is_not_on_record_as_heard() -> None:
    floor = nobody_came()
    floor.wait(1)
    floor.tell(PlaybackEnded(floor.leg("spring-1"), floor.play("spring-1"), heard=False))
    end = floor.end_of("spring-1")
    assert (end.disposition, end.unheard) == (Disposition.ABANDONED, True)


# --- the carrier and the dialer fail ----------------------------------------------------------------------------------


def test_on_a_host_that_is_lost_it_begins_once_that_is_found() -> None:
    floor = nobody_came()
    floor.tell(CarrierLost())
    floor.wait(5)
    assert floor.asked(SpeakSafeHarbour) == []
    floor.tell(CarrierFound(up(floor.leg("spring-1"))))
    assert len(floor.asked(SpeakSafeHarbour)) == 1


def test_a_message_that_is_not_heard_when_the_host_is_found_begins_anew() -> None:
    floor = nobody_came()
    floor.wait(5)
    floor.tell(CarrierLost())
    floor.wait(5)
    leg = LiveLeg(floor.leg("spring-1"), LegState.UP, playing=False)
    floor.tell(CarrierFound((leg,)))
    first, again = floor.asked(SpeakSafeHarbour)
    assert replace(again, play_id=first.play_id) == first
    floor.tell(CarrierFound((replace(leg, playing=True),)))
    assert len(floor.asked(SpeakSafeHarbour)) == 2


def test_a_message_whose_end_was_lost_is_over_when_the_carrier_has_said_so_twice() -> None:
    floor = nobody_came()
    floor.wait(5)
    for _ in range(2):
        floor.wait(11)
        floor.compares(LiveLeg(floor.leg("spring-1"), LegState.UP, playing=False))
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED


def test_another_dialer_hears_the_message_out() -> None:
    floor = nobody_came()
    floor.wait(5)
    play = floor.play("spring-1")
    floor.restart(LiveLeg(floor.leg("spring-1"), LegState.UP, playing=True))
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert state(floor) is ContactState.SAFE_HARBOUR
    assert len(floor.asked(SpeakSafeHarbour)) == 1, "nobody hears it twice"
    floor.tell(PlaybackEnded(floor.leg("spring-1"), play))
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED
    assert len(floor.asked(ContactAbandoned)) == 1


def test_another_dialer_begins_a_message_anew_that_has_ended_with_the_one_before() -> None:
    """A switch cannot tell, and plays nothing on."""
    floor = nobody_came()
    floor.wait(5)
    floor.restart(*up(floor.leg("spring-1")))
    first, again = floor.asked(SpeakSafeHarbour)
    assert again.play_id != first.play_id


def test_another_dialer_begins_the_message_that_was_due() -> None:
    floor = nobody_came()
    floor.campaign(safe_harbour=False, caller_id="+12065550100")
    floor.wait(3)
    assert state(floor) is ContactState.QUEUED
    floor.campaign(safe_harbour=True, caller_id="+12065550100")
    floor.restart(*up(floor.leg("spring-1")))
    assert state(floor) is ContactState.SAFE_HARBOUR


def test_on_one_of_two_hosts_that_is_lost_others_go_on() -> None:
    floor = Floor(agents=1)
    floor.has_trunks(Trunk("north", "north"), Trunk("south", "south"))
    floor.campaign(requests=1, safe_harbour=True)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    host = floor.engine.details().legs[floor.leg("spring-1")].host
    assert host is not None
    floor.tell(CarrierLost(host))
    floor.wait(5)
    assert state(floor) is ContactState.QUEUED
    floor.tell(CarrierFound(up(floor.leg("spring-1")), host))
    assert state(floor) is ContactState.SAFE_HARBOUR
