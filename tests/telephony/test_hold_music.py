"""Music for whoever is on hold, as it is asked of a switch. If these fail, somebody hears music in place of the agent
who is back."""

from __future__ import annotations

from collections.abc import Callable

from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import LegState
from trunkcall.telephony.ari.hold_music import HoldMusic
from trunkcall.telephony.ari.legs import AriLeg, LegKind, Names
from trunkcall.telephony.ari.wire import Answer, Request


def joined(leg_id: str, kind: LegKind, peer: str) -> AriLeg:
    leg = AriLeg(leg_id, kind, 20 * SECOND, LegState.UP, answered=True, is_ours=True)
    leg.peer, leg.bridged = peer, True
    return leg


def test_an_agent_who_is_back_as_a_dialer_begins_the_music_is_heard() -> None:
    """Asterisk has ended the hold before it is asked for the music, so nothing but the dialer ends that."""
    customer = joined("customer", LegKind.CUSTOMER, "agent")
    agent = joined("agent", LegKind.SESSION, "customer")
    asked: list[Request] = []

    def send(request: Request, on_answer: Callable[[Answer], None] | None) -> bool:
        asked.append(request)
        return True

    music = HoldMusic(Names("dialer"), {leg.leg_id: leg for leg in (customer, agent)}, send=send)
    agent.holds = True
    music.begin(customer)
    agent.holds = False
    music.end(customer)
    assert [(each.method, each.path) for each in asked] == [
        ("POST", "channels/dialer.customer/moh"),
        ("DELETE", "channels/dialer.customer/moh"),
    ]
