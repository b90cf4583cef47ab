"""What every carrier with several hosts must do when one of them fails (``trunkcall.telephony.carrier``). If these
fail, one switch's restart ends, or leaves in doubt, the talks on all others."""

from __future__ import annotations

from telephony.support import Behaviour, Line, ManualClock, agent_leg, bridge, ends, hang_up, talk, told, until
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import LegState
from trunkcall.engine.commands import ReportLegs
from trunkcall.engine.events import (
    CarrierEvent,
    CarrierFound,
    CarrierLost,
    LegAnswered,
    LegRang,
    LegsBridged,
    LegsReported,
    OriginateVoided,
)
from trunkcall.simulation.failures import Failure
from trunkcall.simulation.world import World
from trunkcall.telephony.simulated import SimulatedCarrier

HUMAN = Behaviour.ANSWERS_AS_A_HUMAN
RINGS = Behaviour.RINGS_FOR_EVER


def found_on(line: Line, host: str) -> list[dict[str, LegState]]:
    """The legs that the carrier named, each time that it found the host."""
    return [{leg.leg_id: leg.state for leg in found.legs} for found in told(line, CarrierFound) if found.host == host]


async def test_the_first_words_are_of_each_host(switches: Line) -> None:
    assert switches.events == [CarrierFound((), "local"), CarrierFound((), "east")]


async def test_a_host_that_cannot_be_reached_at_the_start_is_said_to_be_lost(switches: Line) -> None:
    switches.dial(RINGS, "there")
    switches.fail("east")
    await switches.wait(2)
    await switches.start()
    assert found_on(switches, "local") == [{"there": LegState.RINGING}]
    assert [event for event in switches.events if isinstance(event, CarrierLost)] == [CarrierLost("east")]


async def test_a_host_that_fails_is_lost_and_nothing_else(switches: Line) -> None:
    await talk(switches, "near", "nearer")
    switches.dial(RINGS, "far", host="east")
    await switches.wait(2)
    number = len(switches.events)
    switches.fail("east")
    await switches.wait(0.1)
    assert switches.events[number:] == [CarrierLost("east")]
    hang_up(switches, "nearer")
    await switches.wait(40)
    assert len(ends(switches, "nearer")) == 1
    assert ends(switches, "far") == [], "nothing is heard of it"
    switches.dial(HUMAN, "next")
    await switches.wait(29)
    assert told(switches, LegAnswered, "next"), "the other host goes on"


async def test_what_legs_did_on_a_failed_host_is_told_when_it_is_found(switches: Line) -> None:
    for leg_id, behaviour in (("answered", HUMAN), ("ended", Behaviour.BUSY), ("ringing", RINGS)):
        switches.dial(behaviour, leg_id, host="east")
    switches.dial(RINGS, "elsewhere")
    await switches.wait(0.1)
    switches.fail("east")
    await switches.wait(28)
    assert not [event for event in told(switches, LegRang) if event.leg_id != "elsewhere"]
    switches.find("east")
    await switches.wait(0.1)
    assert found_on(switches, "east")[1:] == [{"answered": LegState.UP, "ringing": LegState.RINGING}]
    assert len(found_on(switches, "local")) == 1
    await switches.wait(5)
    assert len(ends(switches, "ringing")) == 1, "after which events go on"


async def test_a_talk_on_a_failed_host_goes_on(switches: Line) -> None:
    await talk(switches, "customer", "agent", host="east")
    switches.fail("east")
    await switches.wait(60)
    switches.find("east")
    await switches.wait(0.1)
    found = told(switches, CarrierFound)[-1]
    assert {leg.leg_id: leg.bridged_to for leg in found.legs} == {"customer": "agent", "agent": "customer"}


async def test_an_originate_to_a_failed_host_is_void_and_is_not_done_later(switches: Line) -> None:
    switches.fail("east")
    await switches.wait(0.1)
    switches.dial(HUMAN, "leg", host="east")
    await switches.wait(29)
    assert told(switches, OriginateVoided) == [OriginateVoided("leg")]
    switches.find("east")
    await switches.wait(60)
    assert found_on(switches, "east")[1:] == [{}]
    assert told(switches, LegRang, "leg") == []


async def test_an_agents_leg_is_made_where_the_customers_is(switches: Line) -> None:
    switches.dial(HUMAN, "customer", host="east")
    await switches.wait(29)
    switches.carrier.originate_agent_leg(agent_leg("agent", "customer"))
    await switches.wait(0.1)
    switches.carrier.report_legs(ReportLegs(1))
    await switches.wait(0.1)
    on = {report.host: [leg.leg_id for leg in report.legs] for report in told(switches, LegsReported)}
    assert on == {"local": [], "east": ["customer", "agent"]}
    switches.fail("east")
    await switches.wait(0.1)
    switches.carrier.originate_agent_leg(agent_leg("other", "customer"))
    bridge(switches, "customer", "agent")
    await switches.wait(0.1)
    assert told(switches, OriginateVoided) == [OriginateVoided("other")]
    assert told(switches, LegsBridged) == [], "what is asked of a host that is lost comes to nothing"


async def test_a_host_that_is_lost_answers_no_question(switches: Line) -> None:
    switches.dial(RINGS, "there")
    switches.dial(RINGS, "elsewhere", host="east")
    switches.fail("east")
    switches.carrier.report_legs(ReportLegs(1))
    await switches.wait(0.1)
    (report,) = told(switches, LegsReported)
    assert (report.question, report.host, [leg.leg_id for leg in report.legs]) == (1, "local", ["there"])


async def test_a_carrier_with_one_host_is_lost_with_it(line: Line) -> None:
    line.dial(RINGS, "leg")
    await line.wait(2)
    line.fail("local")
    await until(lambda: told(line, CarrierLost))
    await line.wait(2)
    line.find("local")
    await until(lambda: len(told(line, CarrierFound)) == 2)
    assert told(line, CarrierLost) == [CarrierLost()]
    found = told(line, CarrierFound)[-1]
    assert (found.host, [leg.leg_id for leg in found.legs]) == (None, ["leg"])


async def test_a_simulated_host_fails_and_comes_back_as_it_is_told_to() -> None:
    clock, events = ManualClock(), list[CarrierEvent]()
    failures = {"local": None, "east": Failure(10 * SECOND, 5 * SECOND), "west": Failure(12 * SECOND)}
    carrier = SimulatedCarrier(clock, world=World(), seed=1, hosts=failures)
    await carrier.start(events.append, token=1)
    clock.pass_time(9)
    await carrier.start(events.append, token=2)
    events.clear()
    clock.pass_time(22)
    assert events == [
        CarrierLost("east"),
        CarrierLost("west"),
        CarrierFound((), "east"),
        CarrierLost("east"),
        CarrierFound((), "east"),
    ], "it fails again 10 s after it was found, however often the carrier is started"
