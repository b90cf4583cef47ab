"""Settings: one table, three sources, and errors that say which source, which setting and what would be right."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import fields
from pathlib import Path

import pytest

from trunkcall.domain.abandonment import parse_windows
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.trunk import NumberFormat, Trunk
from trunkcall.settings import SETTINGS, Settings, load_settings
from trunkcall.settings.functions import FUNCTION_KEYS, FunctionTable
from trunkcall.settings.sip import CODECS, SENDS_FROM, SIP, SIP_KEYS, SipTrunk
from trunkcall.settings.trunks import CALLER_NUMBERS, REGIONS, TRUNK_KEYS, TrunkTable

TRUNK = "[[trunks]]\ntrunk_id = 'north'\n"
FUNCTION = "[[functions]]\nfunction = 'look-up'\nurl = 'https://crm.example.com/look-up'\nsecret_file = '/k'\n"
OTHER = "[[trunks]]\ntrunk_id = 'south'\n"
BARE_SIP = f"{TRUNK}[trunks.sip]\n"
REACHED = f"{BARE_SIP}server = '192.0.2.5'\n"


def test_the_table_and_the_fields_are_the_same() -> None:
    assert [*(setting.name for setting in SETTINGS), "trunks", "functions", "agent_phrases", "file"] == [
        field.name for field in fields(Settings)
    ]
    keys = {*(key.name for key in TRUNK_KEYS), CALLER_NUMBERS, REGIONS, SIP}
    assert keys == {field.name for kind in (Trunk, TrunkTable) for field in fields(kind)} - {"trunk"}
    assert [key.name for key in FUNCTION_KEYS] == [field.name for field in fields(FunctionTable)]
    assert [*(key.name for key in SIP_KEYS), SENDS_FROM, CODECS] == [field.name for field in fields(SipTrunk)]


def test_every_default_passes_its_own_check() -> None:
    settings = load_settings(environment={})
    keys_that_may_be_left_out = [key for key in TRUNK_KEYS if key.name != "trunk_id"]
    keys_that_may_be_left_out += [key for key in SIP_KEYS if key.name != "server"]
    for setting in [*SETTINGS, *keys_that_may_be_left_out]:
        assert setting.check(setting.default) is None, setting.name
    for setting in SETTINGS:
        value = getattr(settings, setting.name)
        assert type(value) in (setting.kind, type(setting.default)), setting.name


def test_nobody_but_this_machine_is_served_by_default() -> None:
    assert load_settings(environment={}).host == "127.0.0.1"


def test_a_flag_beats_the_environment_beats_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text("port = 1\nagents = 2\nspeed = 3.5\n")
    settings = load_settings(
        {"port": "7"}, environment={"TRUNKCALL_PORT": "8", "TRUNKCALL_AGENTS": "9"}, config_file=path
    )
    assert (settings.port, settings.agents, settings.speed) == (7, 9, 3.5)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("port = 99999", "port in .* must be from 0 to 65535, not 99999"),
        ("port = true", "port in .* must be a whole number, not True"),
        ("port = 1.5", "port in .* must be a whole number, not 1.5"),
        ("speed = 'fast'", "speed in .* must be a number, not 'fast'"),
        ("agents = [1]", r"agents in .* must be a whole number, not \[1\]"),
        ("colour = 'red'", r"has colour\. Known settings are data_dir"),
        ("agent = 3", r"has agent\. Did you mean 'agents'\?"),
        ("port = ", "is not TOML"),
        ("region = ''", "region in .* must be the name of a Region, such as us-east-1"),
        ("region = 'a b'", "must be the name of a Region"),
        ("region = 'eu_central'", "must be the name of a Region"),
        ("host = ''", "host in .* must be an address, such as 127.0.0.1"),
        ("agent_keys = 'end_contact'", "agent_keys in .* must look like end_contact=.*, not 'end_contact'"),
        (
            "agent_keys = 'hang_up=**'",
            "must name nothing but end_contact, dead_air, end_work, available, break, log_out, pause_recording",
        ),
        ("agent_keys = 'break='", "must have 1 to 4 keys for break"),
        ("agent_keys = 'break=*2222'", "must have 1 to 4 keys for break"),
        ("agent_keys = 'break=*x'", "of 0 to 9, A to D"),
        ("agent_keys = 'break=2'", "begin with no digit: a digit chooses a disposition"),
        ("agent_keys = 'break=*,log_out=*0'", "keys for log_out that begin no other code, nor with one"),
        ("agent_keys = 'break=*2,log_out=*'", "keys for log_out that begin no other code, nor with one"),
        ("agent_keys = 'break=*2,break=*3'", "must have break once"),
        ("answer_tone = '880'", "must look like 880/150"),
        ("answer_tone = '9000/10'", "of 100 to 3400 hertz"),
        ("answer_tone = '880/400,0/101'", "must last 500 ms at most"),
        ("answer_tone = '880/0'", "each part 1 ms at least"),
        ("agent_confirmations = 'loud'", "must be one of on, tones, off"),
        ("speech_voices = 'Joanna'", "must be names with the voice of each, parted by commas, as Joanna=en-us"),
        ("speech_voices = 'Joanna=a,Joanna=b'", "must be names with the voice of each"),
        ("customer_keys = '1'", "must look like 1=0.2,9=0.05"),
        ("customer_keys = 'x=0.1'", "must name 1 to 20 keys of 0 to 9"),
        ("customer_keys = '1=2'", "must have a share from 0 to 1 for each"),
        ("customer_keys = '1=nan'", "must have a share from 0 to 1 for each"),
        ("customer_keys = '1=0.6,2=0.6'", "must have shares that add up to 1 at most"),
        ("customer_keys = '1=0.1,1=0.2'", "must have 1 once"),
        ("agent_phrases = 'Pause.'", r"must be a table, under a line \[agent_phrases\]"),
        ("[agent_phrases]\nbraek = 'Pause.'", r"\[agent_phrases\] in .* has braek\. Did you mean 'break'\?"),
        ("[agent_phrases]\nbreak = 3", r"break of \[agent_phrases\] in .* must be one line of at most 200"),
        ("functions = 3", r"functions in .* must be tables, each under a line \[\[functions\]\] of its own"),
        (
            "[[functions]]\nfunction = 'a'",
            r"\[\[functions\]\] number 1 in .* has no url\. It needs function, url, secret_file",
        ),
        (
            f"{FUNCTION}secret = 'x'",
            r"has secret\. Did you mean 'secret_file'\? Known keys are function, url, secret_file",
        ),
        (f"{FUNCTION}agents = 3", r"has agents\. Settings stand above the first \[\[functions\]\]"),
        (f"{FUNCTION}{FUNCTION}", r"function of \[\[functions\]\] number 2 in .* is another table's already"),
        (FUNCTION.replace("look-up", "look up"), "must be the ARN of a Lambda function, or its name"),
        (FUNCTION.replace("look-up", "arn:aws:s3:::look-up"), "must be the ARN of a Lambda function, or its name"),
        (FUNCTION.replace("look-up", "trunkcall-x"), "must not begin with trunkcall-: so are functions called"),
        (
            FUNCTION.replace("look-up", "arn:aws:lambda:us-east-1:123456789012:function:trunkcall-x"),
            "must not begin with trunkcall-: so are functions called",
        ),
        (FUNCTION.replace("https", "http"), "must begin with https://: what is known of a customer would cross"),
        (FUNCTION.replace("https", "ftp"), "must be an address such as https://crm"),
        (FUNCTION.replace("crm.", "crm "), "must be an address such as https://crm"),
        (FUNCTION.replace("crm", "me:secret@crm"), "without a password.$"),
        (FUNCTION.replace("'/k'", "''"), "must be the name of a file"),
        (f"{FUNCTION}at_once = 0", "at_once of .* must be from 1 to 10000, not 0"),
        ("agent_dispositions = 'Sale'", "must look like 1=Sale,2=Call back"),
        ("agent_dispositions = '10=Sale'", "each digit from 0 to 9 once at most"),
        ("agent_dispositions = '1=Sale,1=None'", "each digit from 0 to 9 once at most"),
        ("agent_dispositions = '1='", "must have 1 to 40 characters for 1"),
        ("abandonment_windows = ''", "abandonment_windows in .* must be windows such as 24h,30d, parted by commas"),
        ("abandonment_windows = '24h 30d'", "must be windows such as 24h,30d"),
        ("abandonment_windows = '30m'", "from 1h to 366d, or month, not '30m'"),
        ("abandonment_windows = '0d'", "from 1h to 366d"),
        ("abandonment_windows = '24h,'", "from 1h to 366d"),
        ("abandonment_windows = '-1d'", "from 1h to 366d"),
        ("abandonment_windows = '1.5h'", "from 1h to 366d"),
        ("abandonment_windows = '367d'", "from 1h to 366d"),
        ("abandonment_windows = '24h,1d'", "must name each window once: 1d is there twice"),
        ("abandonment_windows = 'month,month'", "must name each window once"),
        ("abandonment_windows = '1h,2h,3h,4h,5h,6h'", "must name at most 5 windows"),
        ("abandonment_windows = 24", "must be windows such as 24h,30d"),
        ("abandonment_time_zone = 'Berlin'", "abandonment_time_zone in .* must be an IANA time zone"),
        ("abandonment_time_zone = '../etc/passwd'", "such as Europe/Berlin or UTC"),
        ("abandonment_time_zone = ''", "such as Europe/Berlin or UTC"),
        ("abandonment_threshold_s = -1", "must be from 0 to 60, not -1"),
        ("abandonment_threshold_s = nan", "must be from 0 to 60"),
        ("abandonment_target_ratio = 3.0", "must be from 0 to 1, not 3"),
        ("agent_state_max_age_s = 1", "agent_state_max_age_s in .* must be 0, or from 3 to 3600, not 1"),
        ("agent_state_max_age_s = -1", "must be 0, or from 3 to 3600"),
        ("agent_state_max_age_s = nan", "must be 0, or from 3 to 3600"),
        ("trunk = 1", r"has trunk\. Did you mean 'trunks'\?"),
        ("trunks = 3", r"trunks in .* must be tables, each under a line \[\[trunks\]\] of its own"),
        ("[trunks]\ntrunk_id = 'a'", r"must be tables, each under a line \[\[trunks\]\]"),
        ("[[trunks]]", r"\[\[trunks\]\] number 1 in .* has no trunk_id\. Name the trunk"),
        (f"{TRUNK}[[trunks]]\nhost = 'b'", r"\[\[trunks\]\] number 2 in .* has no trunk_id"),
        (f"{TRUNK}{TRUNK}", r"trunk_id of \[\[trunks\]\] number 2 in .* is another trunk's already"),
        ("[[trunks]]\ntrunk_id = 'Nord'", r"trunk_id of \[\[trunks\]\] number 1 in .* small letters.*, not 'Nord'"),
        ("[[trunks]]\ntrunk_id = ''", "trunk_id of .* must be the name of a trunk"),
        (
            f"{TRUNK}chanels = 3",
            r"number 1 in .* has chanels\. Did you mean 'channels'\? Known keys are trunk_id, host",
        ),
        (
            f"{TRUNK}agents = 3",
            r"number 1 in .* has agents\. Settings stand above the first \[\[trunks\]\]\. Known keys",
        ),
        (f"{TRUNK}host = 'a b'", "host of .* must be the name of a switch.*, not 'a b'"),
        (
            f"{TRUNK}host = '0.0.0.0'",
            r"host of .* is where a server listens: that setting stands above the first .*\. Here it must be",
        ),
        (f"{TRUNK}channels = 0", r"channels of \[\[trunks\]\] number 1 in .* must be from 1 to 1e\+06, not 0"),
        (f"{TRUNK}channels = 'ten'", "channels of .* must be a whole number, not 'ten'"),
        (f"{TRUNK}attempts_per_s = 0.0", "attempts_per_s of .* must be from 0.01 to 100000, not 0"),
        (f"{TRUNK}attempts_per_s = nan", "attempts_per_s of .* must be from 0.01"),
        (f"{TRUNK}caller_numbers = '+12025550100'", r"caller_numbers of .* must be a list of numbers in E\.164"),
        (f"{TRUNK}caller_numbers = [12025550100]", "must be a list of numbers in E.164, such as"),
        (f"{TRUNK}number_format = '+1'", "number_format of .* must be one of e164, digits, national, not '\\+1'"),
        (f"{TRUNK}number_format = 'digits'", "number_format of .* needs country: where those digits are dialed"),
        (f"{TRUNK}country = 'us'", "country of .* must be a country by the two capital letters of ISO 3166-1"),
        (f"{TRUNK}regions = 'US'", r"regions of .* must be a list of regions, such as \["),
        (f"{TRUNK}regions = ['USA']", "regions of .* must be of ISO 3166-1, two capital letters each"),
        (f"{TRUNK}fails_after_s = -1", "fails_after_s of .* must be 0, or from 1 to"),
        (f"{TRUNK}fails_for_s = 10", "fails_for_s of .* needs fails_after_s"),
        (f"{TRUNK}fails_after_s = 60\n{OTHER}fails_after_s = 90", "on the host local in .* do not agree when it fails"),
        (f"{TRUNK}sip = 'udp'", r"sip of \[\[trunks\]\] number 1 in .* must be a table, under a line \[trunks\.sip\]"),
        (BARE_SIP, r"sip of \[\[trunks\]\] number 1 in .* has no server\. Say where the carrier takes calls"),
        (f"{REACHED}serve = 'x'", r"sip of .* has serve\. Did you mean 'server'\? Known keys are server, port"),
        (
            f"{BARE_SIP}server = 'sip:a.example'",
            r"sip\.server of \[\[trunks\]\] number 1 in .* must be a name or an IPv4",
        ),
        (f"{BARE_SIP}server = 'a.example:5060'", "the port is the key port"),
        (f"{BARE_SIP}server = 'a\\nb'", "must be a name or an IPv4 address"),
        (f"{REACHED}port = 70000", r"sip\.port of .* must be 0, or from 1 to 65535, not 70000"),
        (f"{REACHED}transport = 'ws'", r"sip\.transport of .* must be one of udp, tcp, tls, not 'ws'"),
        (f"{REACHED}user = 'a b'", r"sip\.user of .* must be a name as SIP has them"),
        (f"{REACHED}register = 'on'", r"sip\.register of .* needs user"),
        (f"{REACHED}user = 'acme'", r"sip\.user of .* needs password_file"),
        (f"{REACHED}password_file = 'x'", r"sip\.password_file of .* needs user"),
        (f"{REACHED}outbound_proxy = 'sip:x;lr'", r"sip\.outbound_proxy of .* must be a name or an IPv4 address"),
        (f"{REACHED}from_domain = 'a b'", r"sip\.from_domain of .* must be a name or an IPv4 address"),
        (f"{REACHED}dtmf = 'inband'", r"sip\.dtmf of .* must be one of rfc4733, info, auto"),
        (f"{REACHED}media_encryption = 'sdes'", r"sip\.media_encryption of .* needs transport = 'tls'"),
        (f"{REACHED}session_expires_s = 30", r"sip\.session_expires_s of .* must be 0, or from 90 to 86400, not 30"),
        (f"{REACHED}qualify_s = 1", r"sip\.qualify_s of .* must be 0, or from 5 to 3600"),
        (f"{REACHED}attestation = 'D'", r"sip\.attestation of .* must be one of"),
        (f"{REACHED}sends_from = '192.0.2.5'", r"sip\.sends_from of .* must be a list of addresses and networks"),
        (f"{REACHED}sends_from = ['carrier']", r"sip\.sends_from of .* must be IPv4 addresses and networks"),
        (f"{REACHED}codecs = ['g729']", r"sip\.codecs of .* must be codecs, at least one, of ulaw, alaw, g722"),
        (f"{REACHED}codecs = []", r"sip\.codecs of .* must be codecs, at least one"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(content)
    with pytest.raises(SettingsError, match=complaint):
        load_settings(environment={}, config_file=path)


@pytest.mark.parametrize("seconds", [0, 3, 15.5, 3600])
def test_agents_are_relied_on_for_a_while_or_for_ever(seconds: float) -> None:
    settings = load_settings({"agent_state_max_age_s": seconds}, environment={})
    assert settings.agent_state_max_age_s == seconds


def test_agents_are_told_in_the_words_of_the_file_and_else_in_ours(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text("[agent_phrases]\navailable = 'Bereit.'\nbreak = ''\n")
    phrases = load_settings(environment={}, config_file=path).agent_phrases
    assert (phrases["available"], phrases["break"], phrases["logged_out"]) == ("Bereit.", "", "Logged out.")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load_settings(environment={}, config_file=tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("24h,30d", ["24h", "30d"]),
        ("month", ["month"]),
        (" 1h, 7d ,month", ["1h", "7d", "month"]),
        ("30d,24h", ["24h", "30d"]),
        ("1d", ["24h"]),
    ],
)
def test_windows_are_told_by_their_names_shortest_first(text: str, names: list[str]) -> None:
    settings = load_settings({"abandonment_windows": text}, environment={})
    assert [window.name for window in parse_windows(settings.abandonment_windows, "UTC")] == names


def test_trunks_are_read_in_the_order_of_the_file_with_what_they_leave_out(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(
        f"{TRUNK}host = 'sbc-1.example'\nchannels = 30\nattempts_per_s = 5\n"
        "caller_numbers = ['+12025550100', '+1-202-555-0101', '+12025550100']\nfails_after_s = 600\nfails_for_s = 30\n"
        f"{OTHER}number_format = 'national'\ncountry = 'GB'\nregions = ['GB', 'IE', 'GB']\n"
    )
    north = Trunk("north", "sbc-1.example", 30, 5.0, ("+12025550100", "+1-202-555-0101"))
    assert load_settings(environment={}, config_file=path).trunks == (
        TrunkTable(north, 600.0, 30.0),
        TrunkTable(Trunk("south", number_format=NumberFormat.NATIONAL, country="GB", regions=("GB", "IE"))),
    )
    assert load_settings(environment={}).trunks == ()


def test_trunks_of_one_switch_may_leave_it_to_one_of_them_to_say_when_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(f"{TRUNK}fails_after_s = 60\n{OTHER}")
    assert [table.fails_after_s for table in load_settings(environment={}, config_file=path).trunks] == [60.0, None]


def test_a_trunk_says_how_its_carrier_is_reached_and_where_the_password_is(tmp_path: Path) -> None:
    path, password = tmp_path / "t.toml", tmp_path / "password"
    password.write_text("hunter two\n")
    path.write_text(
        f"{REACHED}register = 'on'\nuser = 'acme'\npassword_file = '{password}'\nsends_from = ['192.0.2.0/28']\n"
        f"{OTHER}[trunks.sip]\nserver = 'sip.example'\n"
    )
    north, south = (table.sip for table in load_settings(environment={}, config_file=path).trunks)
    assert north is not None
    assert south is not None
    assert (north.server, north.register, north.sends_from, north.password()) == (
        *("192.0.2.5", "on", ("192.0.2.0/28",)),
        "hunter two",
    )
    assert "hunter" not in repr(north), "it is read where it is needed"
    assert (south.transport, south.codecs, south.dtmf, south.password()) == ("udp", ("ulaw", "alaw"), "rfc4733", "")


def test_a_password_in_the_file_itself_is_refused_without_being_told(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(f"{REACHED}user = 'acme'\npassword = 'hunter two'\n")
    with pytest.raises(
        SettingsError, match="A password stands in a file of its own, which password_file names"
    ) as told:
        load_settings(environment={}, config_file=path)
    assert "hunter" not in str(told.value)


def test_the_functions_of_a_file_are_read_and_their_secrets_from_files_of_their_own(tmp_path: Path) -> None:
    secret, other = b64encode(b"1" * 24).decode(), b64encode(b"2" * 64).decode()
    key = tmp_path / "look-up.secret"
    key.write_text(f"whsec_{secret}\nwhsec_{other}\n")
    path = tmp_path / "t.toml"
    path.write_text(
        f"{FUNCTION.replace('/k', str(key))}"
        "[[functions]]\nfunction = 'arn:aws:lambda:eu-west-2:123456789012:function:pay:LIVE'\n"
        "url = 'http://127.0.0.1:9000/'\nsecret_file = '/k'\nca_file = '/ca.pem'\nat_once = 7\n"
    )
    looks_up, pays = load_settings(environment={}, config_file=path).functions
    assert looks_up.keys() == (b"1" * 24, b"2" * 64)
    assert looks_up == FunctionTable("look-up", "https://crm.example.com/look-up", str(key), "", 100)
    assert (pays.ca_file, pays.at_once) == ("/ca.pem", 7)


@pytest.mark.parametrize(
    "secret", ["hush", "whsec_", "whsec_???", "whsec_c2hvcnQ=", "c2VjcmV0IG9mIHR3ZW50eS1mb3VyIQ=="]
)
def test_a_secret_that_anybody_might_guess_is_refused_and_not_told(tmp_path: Path, secret: str) -> None:
    key = tmp_path / "look-up.secret"
    key.write_text(secret)
    table = FunctionTable("look-up", "https://crm.example.com/look-up", str(key), "", 100)
    with pytest.raises(
        SettingsError, match=r"The secret in secret_file .* must be whsec_ and 24 to 64 octets"
    ) as refused:
        table.keys()
    assert secret not in str(refused.value).replace("must be whsec_", "").replace("`echo whsec_$", "")
