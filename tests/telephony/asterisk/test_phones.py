"""Agents' soft phones, from the command that makes one to the call that it answers, over a real Asterisk.

If these fail, an operator types what was printed into a phone, and nothing rings; or a phone that was lost still does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from telephony.asterisk.ari import ask
from telephony.asterisk.centre import calls, numbers, own_tone, speaks
from telephony.asterisk.floor import Floor, floor_of
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Manner
from telephony.asterisk.place import SIP_PORT, Which, place_of_this_worker
from telephony.asterisk.tones import tones_in
from trunkcall.storage.data_dir import DataDir

UNCALLED_S = 3.0
"""For how long nobody is called who may not be; a session is rung for again within that time."""

pytestmark = inside


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with ExitStack() as stack:
        yield floor_of(tmp_path, stack)


def test_what_was_printed_is_typed_into_a_phone_and_it_rings(floor: Floor) -> None:
    account = floor.hire("Ada", "--persistent-connection")
    assert account == {
        "server": floor.site.place.switch,
        "port": SIP_PORT,
        "transport": "UDP",
        "user_name": "ada",
        "password": account["password"],
    }
    phone = floor.phone(account)
    floor.until_registered(phone)

    floor.trunkcall("agents", "change", "Ada", "--status", "Available")

    floor.server.wait_until(lambda: [each.up for each in calls(phone)] == [True])


def test_only_who_has_the_password_and_is_in_the_networks_of_phones_registers(floor: Floor) -> None:
    account = floor.hire("ada")
    phone = floor.phone(account)
    floor.until_registered(phone)

    assert floor.register(floor.phone({**account, "password": "a guess"})) == 401
    elsewhere = f"127.0.{place_of_this_worker(Which.FOR_NOW).number}.240"
    assert floor.register(floor.phone(account, address=elsewhere)) == 401
    assert account["password"] not in floor.site.switch.said()
    told = ask(floor.site.place, "GET", "asterisk/config/dynamic/res_pjsip/auth/ada")
    assert account["password"] not in str(told), "not even Asterisk knows it"


@pytest.mark.parametrize("reached_as", ["ada", "a,da"])
def test_a_phone_that_is_lost_rings_no_more_once_there_is_another_password(floor: Floor, reached_as: str) -> None:
    lost = floor.phone(floor.hire("ada"))
    lost.reached_as = reached_as
    floor.until_registered(lost)
    floor.server.wait_until(lambda: floor.is_there("ada"))

    (told,) = floor.agents("phone", "ada", "--new-password")

    floor.server.wait_until(lambda: not floor.is_there("ada"))
    assert floor.register(lost) == 401
    found = floor.phone(told["phone"])
    assert floor.register(found) == 200
    assert floor.agents("phone", "ada") == [told], "it is shown again"


def test_phones_are_known_again_to_an_asterisk_that_was_started_anew(floor: Floor) -> None:
    phone = floor.phone(floor.hire("ada"))
    floor.until_registered(phone)
    floor.server.wait_until(lambda: floor.is_there("ada"))

    floor.site.switch.kill()
    floor.site.switch.start()

    floor.until_registered(phone)
    floor.server.wait_until(lambda: floor.is_there("ada"))


def test_phones_are_made_anew_where_a_former_trunkcall_has_made_them_otherwise(floor: Floor) -> None:
    phone = floor.phone(floor.hire("ada"))
    floor.until_registered(phone)
    floor.server.pinned().stop()
    made = "asterisk/config/dynamic/res_pjsip/endpoint/ada"
    app = next(e["value"] for e in ask(floor.site.place, "GET", made) if e["attribute"] == "accountcode")
    ask(floor.site.place, "DELETE", made)
    former = {"aors": "ada", "auth": "ada", "allow": "ulaw", "accountcode": app, "callerid_tag": "former"}
    fields = [{"attribute": attribute, "value": value} for attribute, value in former.items()]
    ask(floor.site.place, "PUT", made, {"fields": fields})

    floor.server.start()

    floor.server.wait_until(
        lambda: "the switch is found" in floor.server.log_path.read_text().rpartition("serving ")[2]
    )
    assert "former" not in str(ask(floor.site.place, "GET", made))
    assert floor.register(phone) == 200
    floor.server.wait_until(lambda: floor.is_there("ada"))
    assert floor.register(phone, expires_s=0) == 200
    floor.server.wait_until(lambda: not floor.is_there("ada"))


def test_a_server_that_was_down_finds_phones_as_they_are_to_be(floor: Floor) -> None:
    lost, gone = floor.phone(floor.hire("ada")), floor.phone(floor.hire("bea"))
    for phone in (lost, gone):
        floor.until_registered(phone)
    floor.trunkcall("agents", "remove", "bea", "--yes")
    floor.server.pinned().stop()
    DataDir(floor.server.data_dir).change_phone_passwords({"ada": "another-one"})

    floor.server.start()

    floor.server.wait_until(lambda: (floor.register(lost), floor.register(gone)) == (401, 401))
    found = floor.phone({"user_name": "ada", "server": lost.switch, "password": "another-one"})
    assert floor.register(found) == 200


def test_who_is_no_agent_any_more_has_no_phone(floor: Floor) -> None:
    phone = floor.phone(floor.hire("ada"))
    floor.until_registered(phone)

    floor.trunkcall("agents", "remove", "ada", "--yes")

    floor.server.wait_until(lambda: floor.register(phone) == 401)
    assert not floor.is_there("ada")


@pytest.mark.parametrize("session", [True, False])
def test_nobody_is_left_alone_when_an_agent_who_was_removed_in_the_talk_hangs_up(floor: Floor, session: bool) -> None:
    phone = floor.phone(floor.hire("ada", "--available", *(["--persistent-connection"] if session else [])))
    floor.until_registered(phone)
    floor.server.wait_until(lambda: floor.state_of("ada") == ("Available", None))
    campaign_id = floor.call(1)
    floor.server.wait_until(lambda: floor.state_of("ada")[0] == "Connected")

    floor.trunkcall("agents", "remove", "ada", "--yes")
    floor.server.wait_until(lambda: floor.register(phone) == 401)
    floor.site.street.have(phone.hang_up)

    (record,) = floor.centre.until_all_ended(campaign_id, timeout_s=30).values()
    assert record["DisconnectReason"] == "AGENT_DISCONNECT"
    floor.server.wait_until(lambda: all(each.over for each in calls(floor.customers)))
    floor.server.wait_until(lambda: not ask(floor.site.place, "GET", "bridges"))


@pytest.mark.parametrize("asked", ["on", "off"])
def test_agents_phones_are_asked_to_answer_by_themselves_and_customers_are_not(tmp_path: Path, asked: str) -> None:
    with ExitStack() as stack:
        floor = floor_of(tmp_path, stack, phone_auto_answer=asked)
        phone = floor.phone(floor.hire("ada", "--available"))
        floor.until_registered(phone)
        with floor.centre.confirming():
            floor.centre.call(numbers(1))
            floor.server.wait_until(lambda: calls(phone))
        found = {name: phone.invites[0].get(name) for name in ("call-info", "alert-info", "answer-mode")}
        (customer,) = floor.customers.invites
    assert found == {
        "call-info": "<sip:trunkcall>;answer-after=0" if asked == "on" else None,
        "alert-info": "<sip:trunkcall>;info=alert-autoanswer;delay=0" if asked == "on" else None,
        "answer-mode": "Auto" if asked == "on" else None,
    }
    assert customer.keys().isdisjoint(found)


def test_what_no_phone_can_be_called_is_said_before_anybody_is_made(floor: Floor) -> None:
    floor.hire("ada")
    for name, why in (
        ("ADA", "is that of the agent ada"),
        ("ada@example.com", "letters, digits"),
    ):
        told = floor.server.trunkcall("agents", "add", name, "--phone", *floor.here, check=False)
        assert told.returncode == 1
        assert why in told.stderr
    assert [each["name"] for each in floor.agents("list")] == ["ada"]


def test_an_agent_whose_phone_is_not_registered_gets_no_contact_until_it_is(floor: Floor) -> None:
    phone = floor.phone(floor.hire("ada", "--available"))
    with floor.centre.confirming():
        floor.server.wait_until(lambda: floor.state_of("ada") == ("Error", "Gone"))
        campaign_id = floor.centre.call(numbers(1))
        explain = "explain", "--campaign", campaign_id
        floor.server.wait_until(lambda: "1 agent of its queue is not reached by phone" in floor.trunkcall(*explain))
        health = json.loads(floor.server.get("/health"))
        assert health["status"] == "phones failing"
        assert "`trunkcall agents list`" in health["trouble"]
        assert "phone is not registered, or does not answer" in floor.trunkcall("agents", "list")
        assert floor.customers.invites == []

        floor.until_registered(phone)

        floor.server.wait_until(lambda: calls(phone))
        assert json.loads(floor.server.get("/health"))["status"] == "ok"


@pytest.mark.parametrize("ends", ["signs off", "has its cable pulled"])
def test_a_phone_that_is_gone_is_missed_and_one_that_is_back_is_rung_at_once(floor: Floor, ends: str) -> None:
    phone = floor.phone(floor.hire("ada", "--available", "--persistent-connection"))
    floor.until_registered(phone)
    floor.server.wait_until(lambda: floor.state_of("ada") == ("Available", None))

    if ends == "signs off":
        assert floor.register(phone, expires_s=0) == 200
    else:
        phone.is_off = True
    floor.server.wait_until(lambda: floor.state_of("ada") == ("Error", "Gone"))

    phone.is_off = False
    for dialog in calls(phone):
        dialog.over = True
    assert floor.register(phone) == 200
    floor.server.wait_until(lambda: floor.state_of("ada") == ("Available", None))


def test_a_phone_that_refuses_is_left_alone_for_longer_and_longer(floor: Floor) -> None:
    phones = {}
    for code in (302, 403, 486, 603):
        account = floor.hire(f"says-{code}", "--available", "--persistent-connection")
        phone = phones[f"says-{code}"] = floor.phone(account, Manner(code=code, rings=False))
        floor.until_registered(phone)
    for name, phone in phones.items():
        floor.server.wait_until(lambda name=name: floor.state_of(name) == ("Error", "Refuses"))
        floor.server.wait_until(lambda phone=phone: len(phone.rung_at_s) >= 4)
        _, second, third, fourth = phone.rung_at_s[:4]
        assert third - second > 1.5, name
        assert fourth - third > 3.0, name
    assert floor.trunkcall("agents", "list").count("refuses calls, or sends them on") == len(phones)

    for phone in phones.values():
        phone.manner = Manner(answers_after_s=0.02, rings=False)

    for name in phones:
        floor.server.wait_until(lambda name=name: floor.state_of(name) == ("Available", None))


def test_an_agent_comes_and_goes_by_dialing_and_reaches_nobody_by_it(floor: Floor) -> None:
    phone, bea = floor.phone(floor.hire("ada", "--persistent-connection")), floor.hire("bea")
    floor.until_registered(phone)

    assert floor.dials(phone, "*1") == 200
    floor.server.wait_until(lambda: floor.state_of("ada") == ("Available", None))
    floor.server.wait_until(lambda: [each.up for each in calls(phone)] == [True])
    assert floor.state_of("bea")[0] == "Offline", "who dials comes to work alone"
    assert floor.dials(phone, "*2") == 200
    floor.server.wait_until(lambda: floor.state_of("ada") == ("OnBreak", None))
    assert floor.dials(phone, "*0") == 200
    floor.server.wait_until(lambda: floor.state_of("ada") == ("Offline", None))
    floor.server.wait_until(lambda: [each.over for each in calls(phone)] == [True])

    for whom in ("**", "*9", "1", numbers(1)[0], "ada", "customer", "north"):
        assert floor.dials(phone, whom) in (403, 603), whom
    assert floor.dials(floor.phone({**bea, "password": "a guess"}), "*1") == 401
    assert floor.customers.invites == []
    assert floor.state_of("ada") == ("Offline", None)
    floor.server.wait_until(lambda: ask(floor.site.place, "GET", "channels") == [])


def test_nobody_comes_to_work_by_dialing_while_no_server_is_there(floor: Floor) -> None:
    phone = floor.phone(floor.hire("ada"))
    floor.until_registered(phone)
    floor.server.pinned().stop()
    assert floor.dials(phone, "*1") in (403, 603)
    floor.server.start()
    floor.server.wait_until(lambda: floor.dials(phone, "*1") == 200)
    floor.server.wait_until(lambda: floor.state_of("ada")[0] == "Available")


# --- a number in the place of a phone ---------------------------------------------------------------------------------


def test_an_agent_is_called_by_number_over_the_trunk_and_heard(floor: Floor) -> None:
    (customer,), desk = numbers(1), numbers(2)[1]
    floor.hire("ada", "--available")
    floor.customers.manners = {
        customer: Manner(answers_after_s=0.05, goes_on=speaks(own_tone(100)), leaves_after_s=5.0),
        desk: Manner(answers_after_s=0.05, goes_on=speaks(own_tone(300))),
    }
    floor.gives_desk_phone("ada", desk)
    with floor.centre.confirming():
        floor.trunkcall("agents", "change", "ada", "--status", "Available")
        floor.server.wait_until(lambda: floor.state_of("ada") == ("Available", None))
        (record,) = floor.centre.until_all_ended(floor.call(1), timeout_s=60).values()

    assert record["Disposition"] == "connected_to_agent"
    talk = {each.number: tones_in(bytes(each.heard)) for each in calls(floor.customers)}
    assert talk == {customer: {own_tone(300)}, desk: {own_tone(100)}}
    asks = {"call-info", "alert-info", "answer-mode"}
    assert all(asks.isdisjoint(each) for each in floor.customers.invites), "nobody there is asked to answer by himself"


def test_no_agent_is_called_by_a_number_that_the_policy_does_not_have_nor_while_calls_are_halted(floor: Floor) -> None:
    floor.hire("ada", "--persistent-connection")
    floor.gives_desk_phone("ada", "+442079460123")
    floor.trunkcall("agents", "change", "ada", "--status", "Available")
    time.sleep(UNCALLED_S)
    assert floor.customers.invites == [], "Britain is not in the policy"

    floor.trunkcall("halt", "--reason", "a drill")
    floor.gives_desk_phone("ada", numbers(2)[1])
    floor.trunkcall("agents", "change", "ada", "--status", "Available")
    time.sleep(UNCALLED_S)
    assert floor.customers.invites == [], "halted calls are those to agents' numbers too"

    floor.trunkcall("resume")
    floor.trunkcall("agents", "change", "ada", "--status", "Available")

    floor.server.wait_until(lambda: [each.number for each in calls(floor.customers)] == [numbers(2)[1]])
    floor.server.wait_until(lambda: floor.state_of("ada") == ("Available", None))
