"""`trunkcall doctor` looks at a real Asterisk: what is right it calls right, and of each fault that there is it says
what to change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from commands import COMMANDS
from telephony.asterisk.ari import Ari
from telephony.asterisk.configuration import PASSWORD, USER, modules, small
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Manner, Phone
from telephony.asterisk.place import ARI_PORT, Place, Which, place_of_this_worker
from telephony.asterisk.switch import Asterisk
from trunkcall.telephony.ari.dialplan import VERSION
from trunkcall.telephony.ari.legs import SHOWN_VARIABLES

pytestmark = inside

WAIT_S = 20.0
READER = "reader"


@dataclass(frozen=True, slots=True)
class Told:
    """What the command has said, by subject, and whether it calls all well."""

    code: int
    findings: Mapping[str, tuple[str, str]]

    def of(self, subject: str) -> tuple[str, str]:
        return self.findings[subject]


def place_of_its_own() -> Place:
    """The switch of other tests goes on between them."""
    return place_of_this_worker(Which.DOCTOR)


def sound(place: Place, endpoints: Mapping[str, str]) -> dict[str, str]:
    """A switch with which nothing is wrong."""
    files = small(place, endpoints, as_users_have_it=True)
    files["ari.conf"] += f"[{READER}]\ntype = user\nread_only = yes\npassword = {PASSWORD}\npassword_format = plain\n"
    files["pjsip.conf"] = files["pjsip.conf"].replace("qualify_frequency = 0\n", "qualify_frequency = 1\n")
    return files


@asynccontextmanager
async def far_end(address: str) -> AsyncIterator[None]:
    phone = Phone(address, Manner())
    await phone.open()
    try:
        yield
    finally:
        phone.close()


@asynccontextmanager
async def running(switch: Asterisk) -> AsyncIterator[None]:
    try:
        await asyncio.to_thread(switch.start)
        yield
    finally:
        switch.close()


async def doctor(place: Place, folder: Path, *trunks: str, user: str = USER, password: str = PASSWORD) -> Told:
    """Run it for a server with these trunks."""
    config = folder / "trunkcall.toml"
    tables = "".join(
        f"[[trunks]]\ntrunk_id = '{name}'\nregions = ['US']\ncaller_numbers = ['+12065550100']\n" for name in trunks
    )
    config.write_text(
        f"data_dir = '{folder}/data'\ncarrier = 'ari'\ncalling_policy = 'cautious'\n"
        f"ari_url = 'http://{place.switch}:{ARI_PORT}'\nari_user = '{user}'\n{tables}"
    )
    ran = await asyncio.to_thread(
        COMMANDS.run, "doctor", "--config", str(config), "--json", TRUNKCALL_ARI_PASSWORD=password
    )
    assert ran.stderr == ""
    told = json.loads(ran.stdout)
    found: dict[str, tuple[str, str]] = {}
    for each in told["findings"]:
        known = found.get(each["subject"])
        # Of a trunk several things are told: the worst counts, and all that is said.
        level = max((each["level"], known[0]), key=("ok", "warning", "fault").index) if known else each["level"]
        found[each["subject"]] = level, f"{known[1]} {each['text']}" if known else each["text"]
    assert told["ok"] is (ran.returncode == 0)
    return Told(ran.returncode, found)


async def once_asked(place: Place, folder: Path, *trunks: str) -> Told:
    """What is told once Asterisk has sent the first of them its OPTIONS, and had time for an answer."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + WAIT_S
    while True:
        told = await doctor(place, folder, *trunks)
        if "has not asked" not in told.of(f"trunk {trunks[0]}")[1] or loop.time() > until_s:
            return told


async def until(true: Callable[[], bool]) -> None:
    """Asterisk lets go of what was given back a moment later."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + WAIT_S
    while not true():
        assert loop.time() < until_s
        await asyncio.sleep(0.05)


async def test_a_sound_switch_is_called_sound_and_no_dialer_notices(tmp_path: Path) -> None:
    place = place_of_its_own()
    address = place.address()
    async with far_end(address), running(Asterisk(place, sound(place, {"west": address}))):
        with Ari(place, (), app="trunkcall_someones") as dialer:
            told = await once_asked(place, tmp_path, "west")

            about_switch = set(told.findings) - {"clock", "server", "data directory"}
            assert {subject: told.of(subject) for subject in about_switch if told.of(subject)[0] != "ok"} == {}
            assert told.code == 0
            assert "answers the OPTIONS" in told.of("trunk west")[1]
            assert "Version 22" in told.of("Asterisk")[1]

            await until(lambda: [each["name"] for each in dialer.ask("GET", "applications")] == [dialer.app])
            await until(lambda: dialer.ask("GET", "channels") == [])
            assert dialer.events == []


async def test_what_a_switch_says_no_to_is_told_in_words(tmp_path: Path) -> None:
    place = place_of_its_own()
    address = place.address()
    async with running(Asterisk(place, sound(place, {"west": address}))):
        wrong = await doctor(place, tmp_path, "west", password="another")
        assert wrong.code == 1
        assert wrong.of("Asterisk") == (
            "fault",
            "Asterisk does not take ari_user and ari_password: they are those of a user in its ari.conf.",
        )

        reader = await doctor(place, tmp_path, "west", user=READER)
        assert reader.of("ARI")[0] == "fault"
        assert "read_only = no" in reader.of("ARI")[1]

        with Ari(place, ()) as ari:
            ari.ask("POST", "asterisk/variable", variable=VERSION, value="former")
        former = await doctor(place, tmp_path, "west")
        assert former.of("dialplan")[0] == "fault"
        assert "version former" in former.of("dialplan")[1]


async def test_each_fault_of_a_switch_is_found_and_says_what_to_change(tmp_path: Path) -> None:
    place = place_of_its_own()
    files = sound(place, {"silent": place.address(), "unasked": place.address()})
    silent, unasked = files["pjsip.conf"].split("[unasked-", 1)
    unasked = unasked.replace("qualify_frequency = 1\n", "").replace("allow_transfer = no", "allow_transfer = yes")
    unasked = unasked.replace("direct_media = no", "direct_media = yes").replace("trunkcall-inbound", "from-trunk")
    files |= {
        "pjsip.conf": f"{silent}[unasked-{unasked}[anonymous]\ntype = endpoint\ncontext = trunkcall-inbound\n",
        "extensions.conf": "[general]\nstatic = yes\n",
        "modules.conf": modules()
        .replace("app_amd", "bridge_native_rtp")
        .replace("app_waitforsilence", "res_pjsip_refer"),
        "ari.conf": files["ari.conf"].replace("channelvars", ";channelvars"),
    }
    async with running(Asterisk(place, files)):
        told = await once_asked(place, tmp_path, "silent", "unasked", "nowhere")

        assert told.code == 1
        expected = {
            "modules": ("fault", "app_amd (answering machines are not detected); app_waitforsilence"),
            "other modules": ("warning", "bridge_native_rtp"),
            "dialplan": ("fault", "There is none of the context [trunkcall]"),
            "ari.conf": ("fault", f"channelvars = {','.join(SHOWN_VARIABLES)}"),
            "anonymous calls": ("fault", "Take the endpoint [anonymous] out"),
            "trunk silent": ("fault", "does not answer the OPTIONS"),
            "trunk nowhere": ("fault", "no PJSIP endpoint [nowhere-"),
        }
        for subject, (level, words) in expected.items():
            found = told.of(subject)
            assert found[0] == level, (subject, found)
            assert words in found[1], (subject, found)
        for words in ("qualify_frequency = 60", "allow_transfer = no", "direct_media = no", "[from-trunk]"):
            assert words in told.of("trunk unasked")[1]


async def test_where_nobody_is_it_says_so(tmp_path: Path) -> None:
    told = await doctor(place_of_its_own(), tmp_path, "west")

    assert told.code == 1
    assert told.of("Asterisk") == ("fault", "Asterisk cannot be reached at ari_url: Connection refused.")
