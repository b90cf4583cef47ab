"""Shifts of agents whose phones stay on the line. If these fail, ``simulate`` tells a planner nothing of persistent
connections, or of a network that loses them."""

from __future__ import annotations

from dataclasses import replace

from simulation.support import recorded
from trunkcall.domain.changes import ContactConnected, SessionBegun, SessionEnded
from trunkcall.engine.commands import HangUp, OriginateAgentLeg, OriginateSessionLeg

TWO_HOSTS = [{"trunk_id": "north", "channels": 40}, {"trunk_id": "south", "host": "second", "channels": 40}]


def test_each_agent_is_rung_once_and_everything_else_is_as_without_sessions() -> None:
    """Simulated agents take every call at once, so it makes no difference to anybody else."""
    without, _ = recorded(hours=1)
    shift, record = recorded(hours=1, persistent_connections=True)
    assert replace(shift, events=0) == replace(without, events=0)
    rung = record.of_kind(OriginateSessionLeg)
    assert len(rung) == len({deed.agent_id for deed in rung}) == 20
    assert not record.of_kind(OriginateAgentLeg)
    assert not record.of_kind(SessionEnded)
    sessions = {deed.leg_id for deed in rung}
    assert not sessions & {deed.leg_id for deed in record.of_kind(HangUp)}
    assert len(record.of_kind(ContactConnected)) > 100


def test_sessions_that_the_network_loses_are_made_again_and_work_goes_on() -> None:
    without, _ = recorded(hours=1)
    shift, record = recorded(hours=1, persistent_connections=True, session_drop_per_h=4.0)
    lost = len(record.of_kind(SessionEnded))
    assert lost > 40
    assert len(record.of_kind(SessionBegun)) in range(lost, lost + 21)
    assert shift.connected > 0.9 * without.connected


def test_a_customer_on_another_host_is_put_through_all_the_same() -> None:
    without, _ = recorded(hours=1, trunk=TWO_HOSTS)
    shift, record = recorded(hours=1, trunk=TWO_HOSTS, persistent_connections=True)
    hosts = {deed.host for deed in record.of_kind(OriginateSessionLeg)}
    assert hosts == {"local", "second"}
    assert shift.connected > 0.97 * without.connected
