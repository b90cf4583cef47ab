"""Contacts in progress that another dialer takes over from a carrier that is ahead of it in time.

What a user would lose otherwise: every phone that rings when a server is restarted, hung up on at once, and its owner
counted as an attempt that failed. At another speed than 1 the carrier is always ahead of a server that has just begun.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gating import test_key as key_of
from service.bench import Bench, number_of
from service.switch import Phone
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.contact import ContactState, DetectionStatus, Disposition
from trunkcall.domain.do_not_call import OPT_OUTS, DoNotCallList
from trunkcall.domain.instants import MINUTE
from trunkcall.domain.leg import LegParty
from trunkcall.storage.ports.do_not_call import Origin


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


def put_on_list(bench: Bench, phone: str) -> None:
    origin = Origin("a call", "", bench.now())
    bench.run(bench.kept.put_facts(bench.instance_id, [DoNotCallList(1, OPT_OUTS)]))
    bench.run(bench.kept.add_entries(bench.instance_id, 1, [key_of(phone)], origin))


@pytest.mark.parametrize("when", ["after", "while nobody dialed"])
def test_whoever_opts_out_is_rung_no_more_by_a_dialer_that_took_the_phone_over(tmp_path: Path, when: str) -> None:
    bench = Bench(tmp_path / "trunkcall.db", dialer_type=DialerType.AGENTLESS, agents=0, detects=False)
    try:
        bench.accept(3, within=600 * MINUTE)
        bench.pass_time(3.0)
        answered, first, second = customers(bench)
        for phone in (first, second):
            bench.switch.rings(phone)
        bench.settle()
        if when != "after":
            for number in map(number_of, ("contact-0", "contact-1")):
                put_on_list(bench, number)
            bench.switch.breaks(noticed=False)
            bench.switch.is_answered(answered)
        bench.restart_server()
        if when == "after":
            for number in map(number_of, ("contact-0", "contact-1")):
                put_on_list(bench, number)
            bench.switch.is_answered(answered)
            bench.settle()
            bench.current.opted_out({key_of(number_of("contact-0")), key_of(number_of("contact-1"))})
        else:
            bench.switch.is_found()
        bench.settle()
        found = {each.contact_id: each for each in bench.records()}
        assert found["contact-1"].disposition is Disposition.NO_ANSWER
        assert found["contact-2"].state is ContactState.DIALING, "who did not opt out is rung on"
        assert found["contact-0"].answered_at is not None, "who has answered is let alone"
        assert second in customers(bench)
        assert first not in customers(bench)
    finally:
        bench.close()
