"""`trunkcall agents add --phone` and `agents phone`. If these fail, nobody knows what to type into a phone, somebody
else does, or a phone that works is locked out.

That such a phone rings, `tests/telephony/asterisk/test_phones.py` tells.
"""

from __future__ import annotations

import json
import re
import stat
from subprocess import CompletedProcess
from typing import Any

from serving import Serving

AT = ("--sip-address", "192.0.2.7", "--sip-port", "5070")


def run(server: Serving, *arguments: str, check: bool = True) -> CompletedProcess[str]:
    return server.trunkcall("agents", *arguments, "--data-dir", str(server.data_dir), check=check)


def told(server: Serving, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(server, *arguments, "--json").stdout)
    return found


def test_what_is_typed_into_a_phone_is_said_in_words_and_to_programs(server: Serving) -> None:
    words = run(server, "add", "Pia", "quinn", "--phone", *AT).stdout

    for pattern in ("server +192.0.2.7", "port +5070", "transport +UDP", "USER NAME +PASSWORD", "phone-passwords"):
        assert re.search(pattern, words), pattern
    passwords = dict(re.findall(r"^(pia|quinn) +(\w{20})$", words, re.MULTILINE))
    assert passwords.keys() == {"pia", "quinn"}
    shown = {each["name"]: each["phone"] for each in told(server, "phone", "Pia", "quinn", *AT)}
    assert shown["Pia"] == {
        "server": "192.0.2.7",
        "port": 5070,
        "transport": "UDP",
        "user_name": "pia",
        "password": passwords["pia"],
    }
    assert shown["quinn"]["password"] == passwords["quinn"]


def test_whoever_has_no_asterisk_is_told_that_no_phone_will_ring(server: Serving) -> None:
    told = "no phone can register"
    assert told in run(server, "add", "una", "--phone", *AT).stderr
    assert told in run(server, "phone", "una", *AT).stderr
    data_dir = ("--data-dir", str(server.data_dir))
    assert not server.trunkcall("agents", "phone", "una", *data_dir, *AT, TRUNKCALL_CARRIER="ari").stderr


def test_passwords_are_for_nobody_else_and_stand_in_no_log(server: Serving) -> None:
    (made,) = told(server, "add", "rhea", "--phone", *AT)
    path = server.data_dir / "phone-passwords"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    password = made["phone"]["password"]
    assert f"rhea {password}\n" in path.read_text()
    assert password not in server.log_path.read_text() + (server.data_dir / "audit.jsonl").read_text()


def test_a_new_password_is_one_phones_alone(server: Serving) -> None:
    before = {each["name"]: each["phone"] for each in told(server, "add", "sam", "tess", "--phone", *AT)}

    (after,) = told(server, "phone", "sam", "--new-password", *AT)

    assert after["phone"]["password"] != before["sam"]["password"]
    assert told(server, "phone", "tess", *AT) == [{"name": "tess", "phone": before["tess"]}]
    assert told(server, "phone", "sam", *AT) == [after]


def test_who_is_given_a_former_agents_name_has_a_password_that_nobody_knew(server: Serving) -> None:
    (former,) = told(server, "add", "yves", "--phone", *AT)
    run(server, "remove", "yves", "--yes")
    (made,) = told(server, "add", "yves", "--phone", *AT)
    assert made["phone"]["password"] != former["phone"]["password"]
    assert told(server, "phone", "yves", *AT)[0]["phone"] == made["phone"]


def test_who_was_made_without_a_phone_can_have_one_unless_it_is_a_desk_phone(server: Serving) -> None:
    run(server, "add", "uma", "vic")
    connect = server.client("connect")
    (vic,) = (each["id"] for each in told(server, "list") if each["name"] == "vic")
    connect.update_user_phone_config(
        InstanceId=server.environment["TRUNKCALL_INSTANCE_ID"],
        UserId=vic,
        PhoneConfig={"PhoneType": "DESK_PHONE", "DeskPhoneNumber": "+12065550142"},
    )

    assert told(server, "phone", "uma", *AT)[0]["phone"]["user_name"] == "uma"
    refused = run(server, "phone", "uma", "vic", check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "vic has a desk phone" in refused.stderr
    assert "vic" not in {each["name"] for each in told(server, "phone", "--all", *AT)}


def test_nobody_is_made_whose_phone_could_not_be_told_apart(server: Serving) -> None:
    run(server, "add", "wanda", "--phone", *AT)
    done = run(server, "add", "zoe", "zoe", "--phone", check=False)
    assert (done.returncode, "name each agent once" in done.stderr) == (2, True)
    for names, why in (
        (("Wanda",), "the soft phone wanda is that of the agent wanda"),
        (("xenia", "Xenia"), "would have one soft phone"),
        (("yan@example.com",), "letters, digits"),
        (("anonymous",), "must not be anonymous"),
    ):
        done = run(server, "add", *names, "--phone", check=False)
        assert done.returncode == 1
        assert why.lower() in done.stderr.lower()
    assert {"Wanda", "xenia", "yan@example.com", "zoe"}.isdisjoint(each["name"] for each in told(server, "list"))
