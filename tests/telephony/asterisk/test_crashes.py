"""What befalls people on the line when the dialer or the switch dies.

If this fails, a crash cuts off people who talk, leaves others in silence, or has somebody's telephone ring twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import pytest

from telephony.asterisk.centre import Centre, Site, calls, greets, numbers, own_tone, speaks
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Dialog, Manner, Phone
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.tones import tones_in

pytestmark = [
    inside,
    pytest.mark.long,
    pytest.mark.timeout(300),
]

ENDED_BY_THE_SWITCH_S = 5.0
SLACK_S = 20.0
"""For a machine that is busy with other things; whoever is never let go goes on for longer."""
RINGS_S = 30
"""Longer than it takes to kill a dialer and start another."""


def agents(many: int, team: str = "agent") -> tuple[str, ...]:
    return tuple(f"{team}-{n:02d}" for n in range(1, many + 1))


def talks(hertz: int, *, answers_after_s: float | None = 0.3, leaves_after_s: float | None = None) -> Manner:
    return Manner(
        answers_after_s=answers_after_s, says=greets(hertz), goes_on=speaks(hertz), leaves_after_s=leaves_after_s
    )


def listens(hertz: int) -> Manner:
    """An agent's phone, which is answered at once."""
    return Manner(answers_after_s=0.05, goes_on=speaks(hertz))


def up(dialogs: Iterable[Dialog]) -> list[Dialog]:
    return [dialog for dialog in dialogs if dialog.up and not dialog.over]


def nobody_was_called_twice(customers: Phone) -> bool:
    calls = {(each["call-id"], each["to"].partition(";")[0]) for each in customers.invites}
    return max(Counter(to for _, to in calls).values()) == 1


def test_a_dialer_that_is_killed_is_followed_by_one_that_goes_on_where_it_was(tmp_path: Path) -> None:
    """Thirty are on the line: twenty talk, five are heard by nobody yet, and five telephones ring."""
    called = numbers(31)
    talkers, in_detection, with_nobody = called[:20], called[20:23], called[23:25]
    ringing, ringing_for_ever, later = called[25:28], called[28:30], called[30:]
    hertz = {number: own_tone(n) for n, number in enumerate(called)}
    names = agents(30)
    agent_hertz = {name: own_tone(500 + 20 * n) for n, name in enumerate(names)}
    manners = {number: talks(hertz[number]) for number in talkers}
    manners |= {number: talks(hertz[number], answers_after_s=None) for number in (*in_detection, *with_nobody)}
    manners |= {number: talks(hertz[number], answers_after_s=None, leaves_after_s=5.0) for number in ringing}
    manners |= dict.fromkeys(ringing_for_ever, Manner(answers_after_s=None))
    manners |= dict.fromkeys(later, Manner(code=486))
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), names, stack)
        customers = site.customers(manners)
        at_work = {name: listens(hertz) for name, hertz in agent_hertz.items()}
        phones = site.agents(at_work)
        centre = Centre(site.serve(tmp_path / "centre", ring_timeout_s=RINGS_S), phones)
        centre.hire()
        stack.enter_context(centre.confirming())
        campaign_id = centre.call(called)
        server, of = centre.server, {}

        def connected() -> bool:
            of.update({dialog.number: dialog for dialog in calls(customers)})
            return sum(bool(up(calls(phones[name]))) for name in names) == 20 and len(of) >= 30

        server.wait_until(connected)
        # Whoever is to have an agent from here on waits for one who does not come to the phone.
        for phone in phones.values():
            phone.manner = Manner(answers_after_s=None)
        site.street.have(lambda: customers.pick_up(with_nobody))
        server.wait_until(lambda: sum(bool(calls(phones[name])) for name in names) >= 22)
        site.street.have(lambda: customers.pick_up(in_detection))
        server.wait_until(lambda: all(of[number].up for number in in_detection))

        unheard = [of[number] for number in (*in_detection, *with_nobody)]
        assert len(up(unheard)) == 5
        assert len(up(of[number] for number in talkers)) == 20
        assert not any(of[number].over for number in (*ringing, *ringing_for_ever))
        server.kill()
        killed_s = site.street.now_s()
        for name, phone in phones.items():
            phone.manner = at_work[name]
        server.wait_until(lambda: not up(unheard))
        assert max(dialog.over_s or 0.0 for dialog in unheard) - killed_s < ENDED_BY_THE_SWITCH_S + SLACK_S

        server.start()
        assert len(up(of[number] for number in talkers)) == 20, "those who talk have not noticed"
        site.street.have(lambda: customers.pick_up(ringing))
        site.street.have(lambda: customers.hang_up(talkers))
        records = centre.until_all_ended(campaign_id)

        assert nobody_was_called_twice(customers)
        heard = {number: tones_in(bytes(dialog.heard)) for number, dialog in of.items()}
        for number in talkers:
            assert of[number].left, "nobody has cut them off"
            assert records[number]["Disposition"] == "connected_to_agent"
            assert heard[number] == {agent_hertz[records[number]["Agent"]["Username"]]}
        for number in (*in_detection, *with_nobody):
            assert records[number]["Disposition"] == "abandoned"
            assert heard[number] == set()
        for number in ringing:
            assert records[number]["Disposition"] == ("connected_to_agent" if heard[number] else "abandoned")
        assert {records[number]["Disposition"] for number in ringing_for_ever} == {"no_answer"}
        assert records[later[0]]["Disposition"] == "busy", "and it goes on with the others"


def test_a_switch_that_is_killed_is_done_without_until_it_is_back(tmp_path: Path) -> None:
    called = numbers(16)
    names = agents(5)
    manners = {number: talks(own_tone(n), leaves_after_s=4.0) for n, number in enumerate(called)}
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), names, stack)
        customers = site.customers(manners)
        phones = site.agents({name: listens(own_tone(500)) for name in names})
        centre = Centre(site.serve(tmp_path / "centre"), phones)
        centre.hire()
        stack.enter_context(centre.confirming())
        campaign_id = centre.call(called)
        server = centre.server
        server.wait_until(lambda: sum(bool(up(calls(phones[name]))) for name in names) == 5)

        site.switch.kill()
        server.wait_until(lambda: json.loads(server.get("/health"))["status"] == "not dialing")
        assert json.loads(server.get("/health"))["trouble"].startswith("Asterisk ")
        dialed = len(customers.invites)
        site.switch.start()
        records = centre.until_all_ended(campaign_id)

        assert nobody_was_called_twice(customers)
        dispositions = Counter(record["Disposition"] for record in records.values())
        assert sum(dispositions.values()) == len(called)
        lost = [record for record in records.values() if record["DisconnectReason"] == "TELECOM_PROBLEM"]
        assert len(lost) >= 5, "who talked was cut off, and it says why"
        assert len(customers.invites) > dialed, "it goes on by itself"
        assert json.loads(server.get("/health"))["status"] == "ok"


def test_two_centres_on_one_switch_know_nothing_of_each_other(tmp_path: Path) -> None:
    """One dies and one is stopped; both come back and look for their own: the other's talks are none of their
    business."""
    called = numbers(8)
    hertz = {number: own_tone(n) for n, number in enumerate(called)}
    teams = agents(4, "east"), agents(4, "west")
    agent_hertz = {name: own_tone(500 + 20 * n) for n, name in enumerate((*teams[0], *teams[1]))}
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), (*teams[0], *teams[1]), stack)
        customers = site.customers({number: talks(hertz[number], leaves_after_s=14.0) for number in called})
        centres, phones = [], dict[str, Phone]()
        for team in teams:
            phones |= site.agents({name: listens(agent_hertz[name]) for name in team})
            centres.append(Centre(site.serve(tmp_path / team[0], drain_s=0), team))
        east, west = centres
        campaigns = []
        for centre, share in ((east, called[:4]), (west, called[4:])):
            centre.hire()
            stack.enter_context(centre.confirming())
            campaigns.append(centre.call(share))
        west.server.wait_until(lambda: all(up(calls(phone)) for phone in phones.values()))

        assert east.server.stop() == 0
        east.server.start()
        west.server.kill()
        west.server.start()
        told = [east.until_all_ended(campaigns[0]), west.until_all_ended(campaigns[1])]

        assert nobody_was_called_twice(customers)
        of = {dialog.number: dialog for dialog in calls(customers)}
        for records, team in zip(told, teams, strict=True):
            assert len(records) == 4
            for number, record in records.items():
                assert record["Disposition"] == "connected_to_agent"
                assert record["Agent"]["Username"] in team
                assert of[number].left
                assert tones_in(bytes(of[number].heard)) == {agent_hertz[record["Agent"]["Username"]]}


def test_whatever_dies_and_when_nobody_is_called_twice_and_everybody_is_accounted_for(tmp_path: Path) -> None:
    called = numbers(60)
    names = agents(6)
    kinds = [
        lambda n: talks(own_tone(n), leaves_after_s=4.0),
        lambda n: Manner(answers_after_s=0.5, goes_on=speaks(own_tone(n))),
        lambda n: Manner(code=486, code_after_s=1.0),
    ]
    manners = {number: kinds[n % len(kinds)](n) for n, number in enumerate(called)}
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), names, stack)
        customers = site.customers(manners)
        phones = site.agents(dict.fromkeys(names, Manner(answers_after_s=0.05, goes_on=speaks(own_tone(500)))))
        centre = Centre(site.serve(tmp_path / "centre"), phones)
        centre.hire()
        stack.enter_context(centre.confirming())
        campaign_id = centre.call(called)
        server, known = centre.server, 0
        for dies in ("dialer", "switch", "dialer", "both", "switch", "dialer"):
            # It goes on each time, and they die while telephones ring.
            server.wait_until(lambda: len(customers.invites) >= known + 4)  # noqa: B023 - it is over within the turn
            if dies != "switch":
                server.kill()
            if dies != "dialer":
                site.switch.kill()
                site.switch.start()
            if dies != "switch":
                server.start()
            known = len(customers.invites)
        records = centre.until_all_ended(campaign_id)

        assert nobody_was_called_twice(customers)
        assert len(records) == len(called)
        rung = {dialog.number: dialog for dialog in calls(customers)}
        for number, record in records.items():
            if number not in rung:
                assert record["Disposition"] == "attempt_failed", "it never left"
            elif record["Disposition"] == "connected_to_agent":
                assert rung[number].answered_s is not None
        assert json.loads(server.get("/health"))["status"] == "ok"


def test_a_server_that_is_told_to_stop_leaves_nobodys_phone_ringing_and_nobody_who_talks_alone(tmp_path: Path) -> None:
    talker, *ringing = numbers(4)
    names = agents(1)
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), names, stack)
        customers = site.customers({talker: talks(440)} | dict.fromkeys(ringing, Manner(answers_after_s=None)))
        phones = site.agents({name: listens(700) for name in names})
        centre = Centre(site.serve(tmp_path / "centre", drain_s=0), phones)
        centre.hire()
        stack.enter_context(centre.confirming())
        server = centre.server
        centre.call([talker])
        server.wait_until(lambda: up(calls(phones[names[0]])))
        second = centre.call(ringing, name="Nobody answers", dialerConfig={"agentlessDialerConfig": {}})
        server.wait_until(lambda: len(calls(customers)) == 4)
        of = {dialog.number: dialog for dialog in calls(customers)}
        assert server.stop() == 0
        server.wait_until(lambda: all(of[number].over for number in ringing), timeout_s=SLACK_S)
        assert up([of[talker]]), "those who talk have not noticed"
        server.start()
        records = centre.until_all_ended(second)
        assert {record["Disposition"] for record in records.values()} == {"attempt_failed"}
        assert nobody_was_called_twice(customers)
