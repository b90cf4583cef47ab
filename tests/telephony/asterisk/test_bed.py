"""The test bed itself: if these fail, a test could reach somebody, or tests of real telephony say nothing."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from telephony.asterisk.ari import Ari
from telephony.asterisk.configuration import small
from telephony.asterisk.inside import inside
from telephony.asterisk.namespace import NotClosedError, must_be_closed, others
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.switch import Asterisk


@inside
def test_nothing_outside_can_be_reached() -> None:
    assert others() == []
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("192.0.2.1", 5060), timeout=5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip, pytest.raises(OSError, match="unreachable"):
        sip.sendto(b"OPTIONS", ("192.0.2.1", 5060))


def test_where_there_is_another_interface_no_switch_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "eth0")])
    with pytest.raises(NotClosedError, match="eth0"):
        must_be_closed()
    with pytest.raises(NotClosedError):
        Asterisk(place_of_this_worker(), {})


@inside
def test_a_switch_is_killed_and_starts_anew_and_its_user_may_do_nothing() -> None:
    place = place_of_this_worker(Which.FOR_NOW)
    with Asterisk(place, small(place, {"trunk": place.address()})) as switch:
        status = Path(f"/proc/{switch.process_id}/status").read_text(encoding="ascii")
        assert "\nUid:\t65534\t65534" in status
        assert "\nCapEff:\t0000000000000000" in status
        switch.kill()
        assert not switch.is_ready()
        switch.start()
        at_start = len(switch.errors())
        with Ari(place, ("trunk",)) as ari:
            ari.dial("+12065550123", "leg")
            ari.hang_up("leg")
            ari.ended("leg")
        assert switch.errors()[at_start:] == []
