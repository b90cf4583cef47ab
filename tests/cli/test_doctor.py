"""What `trunkcall doctor` says where no switch need be asked, and what it makes of what a switch has said."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from commands import COMMANDS
from serving import serving, settings_of
from trunkcall.cli.doctor.call import CannotCallError, shown_by
from trunkcall.cli.doctor.clock import told_of
from trunkcall.cli.doctor.command import examine, findings_text
from trunkcall.cli.doctor.steps import steps_of
from trunkcall.cli.figures import Trunk
from trunkcall.domain.clearance import Cleared, Hold, HoldReason, Prohibition
from trunkcall.domain.contact import ContactRecord, ContactState, DisconnectReason, Disposition
from trunkcall.domain.instants import MINUTE, SECOND
from trunkcall.telephony.ari.checkup import NATIVE, NEEDED, findings
from trunkcall.telephony.ari.dialplan import dialplan, version_in
from trunkcall.telephony.ari.inspection import Contact, InspectedEndpoint, Inspection
from trunkcall.telephony.ari.legs import SHOWN_VARIABLES, LegKind
from trunkcall.telephony.finding import Finding, Level, fault, ok, warning

WELL = Inspection(
    version="22.10.1",
    modules={**dict.fromkeys(NEEDED, True), "res_timing_pthread": True, NATIVE: False},
    tells_sip_cause=True,
    may_write=True,
    shown_variables=frozenset(SHOWN_VARIABLES),
    dialplan=version_in(dialplan()),
    extensions=frozenset(map(str, LegKind)),
    ahead_s=0.01,
    give_or_take_s=0.001,
    lets_anonymous_in=False,
    endpoints=(),
    phones={},
)
WEST = InspectedEndpoint(
    "west",
    options={"aors": "west", "context": "trunkcall-inbound", "allow_transfer": "false", "rtp_timeout": "30"},
    aor={"qualify_frequency": "60"},
    contacts=(Contact("sip:sip.example.com", "Reachable", 0.0204),),
)


def about(seen: Inspection, subject: str) -> Finding:
    return next(each for each in findings(seen) if each.subject == subject)


def of_trunk(endpoint: InspectedEndpoint) -> Finding:
    return about(replace(WELL, endpoints=(endpoint,)), "trunk west")


class TestWords:
    """Of what a switch has said."""

    def test_nothing_is_wrong_with_a_switch_that_is_as_it_ought_to_be(self) -> None:
        found = findings(replace(WELL, endpoints=(WEST,)))
        assert [each for each in found if each.level is not Level.OK] == []

    def test_an_older_asterisk_is_a_warning_and_says_what_it_lacks(self) -> None:
        assert about(replace(WELL, version="20.9.1"), "Asterisk").level is Level.WARNING
        lacking = about(replace(WELL, version="22.1.0", tells_sip_cause=False), "Asterisk")
        assert lacking.level is Level.WARNING
        assert "SIP's answers" in lacking.text
        assert about(replace(WELL, version="GIT-master-1a"), "Asterisk").level is Level.WARNING

    def test_without_any_timing_nobody_is_joined(self) -> None:
        found = about(replace(WELL, modules={**WELL.modules, "res_timing_pthread": False}), "modules")
        assert found.level is Level.FAULT
        assert "res_timing_" in found.text

    def test_of_a_dialplan_some_of_which_is_missing_it_is_said_which(self) -> None:
        found = about(replace(WELL, extensions=frozenset({"customer", "agent", "session"})), "dialplan")
        assert found.level is Level.FAULT
        assert found.text.startswith("detect, detect-await are missing")

    @pytest.mark.parametrize(("ahead_s", "words"), [(90.0, "90.0 s ahead of"), (-90.0, "90.0 s behind")])
    def test_clocks_that_are_apart_are_told_with_which_is_ahead(self, ahead_s: float, words: str) -> None:
        found = about(replace(WELL, ahead_s=ahead_s), "clocks")
        assert found.level is Level.WARNING
        assert words in found.text

    def test_clocks_are_not_apart_because_asterisk_was_slow_to_answer(self) -> None:
        assert about(replace(WELL, ahead_s=3.0, give_or_take_s=2.5), "clocks").level is Level.OK

    def test_a_trunk_says_how_fast_it_answers(self) -> None:
        assert "20.4 ms" in of_trunk(WEST).text

    @pytest.mark.parametrize(
        ("endpoint", "level", "words"),
        [
            (replace(WEST, is_known=False), Level.FAULT, "no PJSIP endpoint [west]"),
            (replace(WEST, aor={}), Level.FAULT, "has no address"),
            (replace(WEST, contacts=()), Level.FAULT, "has no contact"),
            (replace(WEST, contacts=None), Level.WARNING, "load func_pjsip_aor"),
            (replace(WEST, options={}, aor={}), Level.WARNING, "does not tell"),
            (replace(WEST, aor={"qualify_frequency": "0"}), Level.WARNING, "Nobody knows whether it answers"),
            (replace(WEST, contacts=(Contact("sip:a", "Unknown", None),)), Level.WARNING, "has not asked sip:a yet"),
            (replace(WEST, contacts=(Contact("sip:a", "Unreachable", None),)), Level.FAULT, "sip:a does not answer"),
        ],
    )
    def test_a_trunk_that_cannot_be_reached_says_why(
        self, endpoint: InspectedEndpoint, level: Level, words: str
    ) -> None:
        found = of_trunk(endpoint)
        assert found.level is level
        assert words in found.text

    def test_a_trunk_that_may_send_calls_on_is_a_fault(self) -> None:
        follows = replace(WEST, options={**WEST.options, "redirect_method": "uri_pjsip"})
        found = [each for each in findings(replace(WELL, endpoints=(follows,))) if each.level is Level.FAULT]
        assert ["302" in each.text for each in found] == [True]

    @pytest.mark.parametrize(("limit_s", "told"), [("60", True), ("3600", False), ("0", False)])
    def test_a_trunk_that_ends_holds_of_a_minute_is_a_warning(self, limit_s: str, told: bool) -> None:
        brief = replace(WEST, options={**WEST.options, "rtp_timeout_hold": limit_s})
        found = [each for each in findings(replace(WELL, endpoints=(brief,))) if "on hold" in each.text]
        assert [each.level for each in found] == [Level.WARNING] * told

    def test_agents_without_a_phone_are_told_by_their_names_a_few_of_them(self) -> None:
        seen = replace(WELL, phones={"anna": True, "bert": False})
        assert [each.level for each in findings(seen, ["anna"]) if each.subject == "agents' phones"] == [Level.OK]
        others = [f"agent{n}" for n in range(7)]
        found = [each for each in findings(seen, ["anna", "bert", *others]) if each.subject == "agents' phones"]
        assert [each.level for each in found] == [Level.WARNING, Level.WARNING]
        assert "7 of 9 agents" in found[0].text
        assert "agent4 and 2 more" in found[0].text
        assert "not registered, or do not answer: bert" in found[1].text

    def test_nothing_is_told_of_phones_where_there_are_no_agents(self) -> None:
        assert "agents' phones" not in {each.subject for each in findings(WELL)}


def test_a_clock_that_nothing_sets_is_a_warning() -> None:
    assert told_of(0).level is Level.OK
    assert told_of(5).level is Level.WARNING
    assert told_of(None).level is Level.WARNING


def test_what_was_found_is_summed_up() -> None:
    well, odd, bad = ok("one", "Good."), warning("two", "Odd."), fault("three", "Bad.")
    assert findings_text([well, odd], None).endswith("No faults, 1 warning.")
    assert findings_text([well, odd, bad], None).endswith("1 fault and 1 warning: put the faults right first.")
    assert "fault    three" in findings_text([bad], None)


class TestInstallation:
    """What is on this machine."""

    def test_before_the_first_start_nothing_is_made_and_nothing_is_a_fault(self, tmp_path: Path) -> None:
        ran = COMMANDS.run("doctor", "--data-dir", str(tmp_path / "data"), "--json")
        told = json.loads(ran.stdout)
        assert ran.returncode == 0
        assert told["ok"] is True
        assert list(tmp_path.iterdir()) == []

    def test_beside_a_running_server_it_tells_of_its_halt_and_its_open_files(self, tmp_path: Path) -> None:
        with serving(tmp_path / "data", agents=0) as server:
            well = {each.subject: each for each in asyncio.run(examine(settings_of(server.data_dir)))}
            assert {well[name].level for name in ("server", "data directory", "secrets", "halts")} == {Level.OK}

            COMMANDS.run("halt", "--data-dir", str(server.data_dir))
            server.data_dir.chmod(0o755)
            found = {each.subject: each for each in asyncio.run(examine(settings_of(server.data_dir)))}

        assert found["halts"].level is Level.WARNING
        assert "trunkcall resume" in found["halts"].text
        assert found["secrets"].level is Level.FAULT
        assert f"chmod 700 {server.data_dir}" in found["secrets"].text

    def test_a_password_that_everybody_can_read_is_a_fault(self, tmp_path: Path) -> None:
        config = tmp_path / "trunkcall.toml"
        config.write_text("ari_password = 'letmein'\n")
        for mode, code in ((0o644, 1), (0o640, 0)):
            config.chmod(mode)
            assert stat.S_IMODE(config.stat().st_mode) == mode
            ran = COMMANDS.run("doctor", "--config", str(config), "--data-dir", str(tmp_path / "data"))
            assert ran.returncode == code, ran.stdout
            assert "letmein" not in ran.stdout + ran.stderr

    def test_what_keeps_a_real_carrier_from_dialing_is_a_fault(self, tmp_path: Path) -> None:
        settings = settings_of(tmp_path / "data", carrier="ari")
        found = {each.subject: each for each in asyncio.run(examine(settings))}
        assert found["calling policy"].level is Level.FAULT
        assert "--calling-policy" in found["calling policy"].text
        assert found["trunk default"].level is Level.FAULT
        assert "regions" in found["trunk default"].text
        assert found["settings"].level is Level.FAULT
        assert "TRUNKCALL_ARI_PASSWORD" in found["settings"].text

    def test_a_policy_that_lets_calls_go_anywhere_is_a_fault_on_a_real_carrier(self, tmp_path: Path) -> None:
        settings = settings_of(tmp_path / "data", carrier="ari", calling_policy="none")
        found = {each.subject: each for each in asyncio.run(examine(settings))}
        assert found["calling policy"].level is Level.FAULT
        assert "anywhere" in found["calling policy"].text

    def test_a_policy_of_the_settings_that_is_not_the_one_that_counts_is_a_warning(self, tmp_path: Path) -> None:
        file = tmp_path / "policy.toml"
        file.write_text('[destinations]\nregions = ["US"]\n')
        with serving(tmp_path / "data", agents=0, calling_policy=file) as server:
            settings = settings_of(server.data_dir, calling_policy=str(file))
            found = {each.subject: each for each in asyncio.run(examine(settings))}
            assert found["calling policy"].level is Level.OK
            server.stop()
            file.write_text('[destinations]\nregions = ["GB"]\n')
            server.start()
            found = {each.subject: each for each in asyncio.run(examine(settings))}
            assert found["calling policy"].level is Level.WARNING
            assert f"trunkcall policy set {file}" in found["calling policy"].text
            assert "another calling policy counts" in server.log_path.read_text()


# --- what is at ari_url but no Asterisk of today ----------------------------------------------------------------------


async def _deaf(request: web.Request) -> web.WebSocketResponse:
    """An old Asterisk's events: what is said there nobody hears."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        assert message.type is WSMsgType.TEXT
    return socket


async def _info(request: web.Request) -> web.Response:
    return web.json_response({"system": {"version": "16.28.0", "entity_id": ""}})


async def _described(request: web.Request) -> web.Response:
    return web.json_response({"models": {"ChannelDestroyed": {}}})


@asynccontextmanager
async def listening(*routes: web.RouteDef) -> AsyncIterator[str]:
    application = web.Application()
    application.add_routes(routes)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def asterisk_at(url: str, folder: Path) -> Finding:
    settings = settings_of(folder / "data", carrier="ari", ari_url=url, calling_policy="cautious")
    found = await examine(replace(settings, ari_password="secret"))
    return next(each for each in found if each.subject == "Asterisk")


async def test_an_asterisk_that_is_too_old_is_told_by_its_version(tmp_path: Path) -> None:
    routes = [
        web.get("/ari/events", _deaf),
        web.get("/ari/asterisk/info", _info),
        web.get("/ari/api-docs/events.json", _described),
    ]
    async with listening(*routes) as url:
        found = await asterisk_at(url, tmp_path)
    assert found.level is Level.FAULT
    assert "16.28.0" in found.text
    assert "Install Asterisk 22" in found.text


async def test_what_is_no_asterisk_is_told_apart(tmp_path: Path) -> None:
    async with listening() as url:
        found = await asterisk_at(url, tmp_path)
    assert found == fault(
        "Asterisk", "There is no ARI at ari_url: it is to be enabled in Asterisk's ari.conf and http.conf."
    )


# --- one call ---------------------------------------------------------------------------------------------------------


def record(**known: Any) -> ContactRecord:
    """Of a test call that was accepted at the second 100."""
    at = 100 * SECOND
    return ContactRecord(
        contact_id="contact",
        campaign_id="campaign",
        instance_id="instance",
        client_token="token",
        phone_number="+12065550123",
        attributes={},
        state=ContactState.ENDED,
        accepted_at=at,
        expires_at=at + MINUTE,
        updated_at=at,
        **known,
    )


def trunk(name: str, *shows: str) -> Trunk:
    return Trunk(name, "local", up=True, held=False, lines_in_use=0, lines=10, attempts_per_s=1.0, caller_numbers=shows)


class TestStepsOfACall:
    def test_they_are_told_in_their_order_with_the_time_since_it_was_asked_for(self) -> None:
        told = steps_of(
            record(
                trunk_id="west",
                source_phone_number="+12025550100",
                attempted_at=100 * SECOND,
                ring_started_at=102 * SECOND,
                answered_at=105 * SECOND,
                ended_at=109 * SECOND,
                disposition=Disposition.MESSAGE_PLAYED,
            ),
            110 * SECOND,
        )
        assert [(each.step, each.after_s) for each in told] == [
            ("dialed", 0.0),
            ("rang", 2.0),
            ("answered", 5.0),
            ("ended", 9.0),
        ]
        assert told[0].text == "Dialed on the trunk west, showing +12025550100."

    # Nobody waits for agents in such a call, and machines are not told from people.
    @pytest.mark.parametrize(
        "disposition",
        [each for each in Disposition if each not in ("connected_to_agent", "abandoned", "voicemail", "fax")],
    )
    def test_every_end_has_words_and_not_a_name_alone(self, disposition: Disposition) -> None:
        cleared = Cleared(forbidden=Prohibition.REGION)
        (told,) = steps_of(record(ended_at=101 * SECOND, disposition=disposition, clearance=cleared), 102 * SECOND)
        assert not told.text.startswith("Ended")
        assert len(told.text.split()) > 3

    def test_one_who_may_not_be_called_now_is_told_until_when(self) -> None:
        hold = Hold(HoldReason.NUMBER_LIMIT, 400 * SECOND)
        (told,) = steps_of(record(hold=hold), 101 * SECOND)
        assert told.step == "held"
        assert "as often as it may be" in told.text

    def test_one_who_rang_out_is_told_from_one_whom_nobody_reached(self) -> None:
        ends = {
            reason: steps_of(
                record(ended_at=101 * SECOND, disposition=Disposition.NO_ANSWER, disconnect_reason=reason), 102 * SECOND
            )[0].text
            for reason in (DisconnectReason.TELECOM_TIMEOUT, DisconnectReason.TELECOM_UNANSWERED)
        }
        assert "while it rang" in ends[DisconnectReason.TELECOM_TIMEOUT]
        assert "SIP 408" in ends[DisconnectReason.TELECOM_UNANSWERED]


class TestNumberThatIsShown:
    def test_a_call_is_kept_to_a_trunk_by_a_number_that_no_other_may_show(self) -> None:
        west, east = trunk("west", "+12065550100", "+12065550101"), trunk("east", "+12065550100")
        assert shown_by([west, east], "west") == "+12065550101"
        assert shown_by([west, east], None) == "+12065550100"
        with pytest.raises(CannotCallError, match="No number is shown on the trunk east alone"):
            shown_by([west, east], "east")
        with pytest.raises(CannotCallError, match="No number is shown on the trunk west alone"):
            shown_by([west, trunk("any")], "west")

    def test_no_number_is_made_up(self) -> None:
        with pytest.raises(CannotCallError, match="--show"):
            shown_by([trunk("west")], None)
        with pytest.raises(CannotCallError, match="There is no trunk north"):
            shown_by([trunk("west")], "north")


class TestCall:
    def test_it_goes_through_the_server_and_leaves_a_record_and_no_campaign(self, tmp_path: Path) -> None:
        with serving(tmp_path / "data", agents=0, speed=200) as server:
            data = ("--data-dir", str(server.data_dir))
            ran = COMMANDS.run("doctor", *data, "--call", "+12065550123", "--show", "+12025550100", "--yes", "--json")
            told = json.loads(ran.stdout)
            assert ran.returncode == (0 if told["answered"] else 1)
            assert told["steps"][0]["step"] == "dialed"
            assert told["steps"][-1]["step"] == "ended"
            assert [each["CustomerEndpoint"]["Address"] for each in server.export()] == ["+12065550123"]
            assert server.client().list_campaigns()["campaignSummaryList"] == []

            unasked = COMMANDS.run("doctor", *data, "--call", "+12065550123", "--show", "+12025550100")
            assert unasked.returncode == 2
            assert "--yes" in unasked.stderr
            assert len(server.export()) == 1

    def test_without_a_server_nobody_is_called(self, tmp_path: Path) -> None:
        ran = COMMANDS.run("doctor", "--data-dir", str(tmp_path), "--call", "+12065550123", "--yes")
        assert ran.returncode == 1
        assert "trunkcall serve" in ran.stderr
