"""Contacts in progress that another dialer takes over from a carrier that is ahead of it in time.

What a user would lose otherwise: every phone that rings when a server is restarted, hung up on at once, and its owner
counted as an attempt that failed. At another speed than 1 the carrier is always ahead of a server that has just begun.
"""

from __future__ import annotations

from pathlib import Path

from service.bench import Bench
from service.switch import Phone
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.contact import ContactState, DetectionStatus
from trunkcall.domain.instants import MINUTE
from trunkcall.domain.leg import LegParty


def customers(bench: Bench) -> list[Phone]:
    return bench.switch.phones_that(lambda phone: phone.party is LegParty.CUSTOMER)


def states(bench: Bench) -> list[ContactState]:
    return sorted(contact.state for contact in bench.live())


def test_a_phone_that_rings_is_put_through_although_the_carriers_time_is_ahead(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "trunkcall.db", dialer_type=DialerType.PROGRESSIVE, agents=2, detects=True)
    try:
        bench.switch.tells_time = lambda: bench.clock.catch_up(bench.now() + 60 * MINUTE)
        bench.restart_server()
        bench.everybody_comes()
        bench.accept(2, within=600 * MINUTE)
        bench.pass_time(3.0)
        ringing, answered = customers(bench)
        bench.switch.rings(ringing)
        bench.switch.is_answered(answered)
        bench.settle()
        assert states(bench) == [ContactState.ANSWERED, ContactState.DIALING]

        bench.restart_server()
        assert states(bench) == [ContactState.ANSWERED, ContactState.DIALING]

        bench.switch.detects(answered, DetectionStatus.HUMAN_ANSWERED)
        bench.switch.is_answered(ringing)
        bench.switch.detects(ringing, DetectionStatus.HUMAN_ANSWERED)
        bench.settle()
        assert states(bench) == [ContactState.CONNECTING, ContactState.CONNECTING]
    finally:
        bench.close()
