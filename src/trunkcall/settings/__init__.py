"""One table of settings; flags, environment variables, the TOML file and the reference page come from it.

Decides names, defaults, ranges and help texts, and which source wins: a flag over the environment, the environment over
the file, the file over the default. It must not know what a setting is used for.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from trunkcall.domain.abandonment import parse_windows
from trunkcall.domain.agent_keys import CODES, parse_codes, parse_dispositions, written
from trunkcall.domain.confirmations import PHRASES, Phrases
from trunkcall.domain.customer_keys import parse_chances
from trunkcall.domain.errors import SettingsError, did_you_mean
from trunkcall.domain.safe_harbour import placeholder_problem
from trunkcall.domain.tones import parse_tone
from trunkcall.settings.functions import FUNCTIONS, FunctionTable, read_functions
from trunkcall.settings.phrases import AGENT_PHRASES, read_phrases
from trunkcall.settings.setting import Setting, Value, convert, one_of, within, zero_or_within
from trunkcall.settings.switch import SWITCH_SETTINGS, check_ari_url, password_problem, secret_of
from trunkcall.settings.trunks import TRUNKS, TrunkTable, read_trunks


def _account(value: Value) -> str | None:
    return None if isinstance(value, str) and len(value) == 12 and value.isdigit() else "must be 12 digits"


_REGION = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def _region(value: Value) -> str | None:
    if _REGION.fullmatch(str(value)) is not None:
        return None
    return "must be the name of a Region, such as us-east-1: small letters, digits and hyphens"


def _host(value: Value) -> str | None:
    # The system takes an empty one for every address, which nobody means who left it empty.
    return None if value else "must be an address, such as 127.0.0.1, or 0.0.0.0 for all of this machine"


def _problem_of(parse: Callable[[str], object]) -> Callable[[Value], str | None]:
    """What is wrong with a value, in the words in which it cannot be read."""

    def check(value: Value) -> str | None:
        try:
            parse(str(value))
        except ValueError as error:
            return str(error)
        return None

    return check


_windows = _problem_of(lambda text: parse_windows(text, "UTC"))


def _time_zone(value: Value) -> str | None:
    try:
        ZoneInfo(str(value))
    except (OSError, ValueError, KeyError):
        return "must be an IANA time zone, such as Europe/Berlin or UTC"
    return None


SETTINGS: tuple[Setting, ...] = (
    Setting("data_dir", Path, Path("trunkcall-data"), "Directory of the embedded store, keys and credentials."),
    Setting("host", str, "127.0.0.1", "Address to listen on. Anything but loopback is reachable by others.", _host),
    Setting("port", int, 8750, "Port to listen on; 0 takes a free one.", within(0, 65535)),
    Setting(
        "store",
        str,
        "sqlite",
        "Where state is kept: sqlite, in the data directory, or in a file of any name, as sqlite:///path/to/file.",
    ),
    Setting(
        "carrier",
        str,
        "simulated",
        "Who makes the calls: simulated, which calls nobody, or ari: Asterisk, which calls people.",
    ),
    Setting(
        "carrier_url",
        str,
        "",
        "Where `trunkcall carrier` listens, as tcp://127.0.0.1:8751. Default: the server has a carrier of its own.",
    ),
    *SWITCH_SETTINGS,
    Setting("carrier_port", int, 8751, "Port of `trunkcall carrier`; 0 takes a free one.", within(0, 65535)),
    Setting(
        "speed",
        float,
        1.0,
        "How many times as fast as the wall clock the instance's clock runs. Simulated carrier only.",
        within(0.01, 10_000),
    ),
    Setting("region", str, "us-east-1", "AWS Region in ARNs and signatures.", _region),
    Setting("account_id", str, "000000000000", "AWS account id in ARNs: 12 digits.", _account),
    Setting(
        "agents",
        int,
        10,
        "How many simulated agents serve the default queue. Simulated carrier only.",
        within(0, 10_000),
    ),
    Setting("seed", int, 1, "Seed of the simulated world. With a contact's client token it decides what happens."),
    Setting(
        "customer_keys",
        str,
        "",
        "What simulated customers press after a message, and how likely, as 1=0.2,9=0.05,4711#=0.1. Empty: nothing.",
        _problem_of(parse_chances),
    ),
    Setting("channels", int, 1000, "How many lines there are, where no trunks are named.", within(1, 1_000_000)),
    Setting(
        "attempts_per_s",
        float,
        50.0,
        "Most attempts per second of instance time, where no trunks are named.",
        within(0.01, 100_000),
    ),
    Setting(
        "ring_timeout_s",
        float,
        30.0,
        "How long a customer's phone rings, from its first ringing. The US telemarketing rules ask for 15 s at least.",
        within(15, 120),
    ),
    Setting(
        "abandonment_threshold_s",
        float,
        2.0,
        "A live answer that no agent has reached after so long is abandoned.",
        within(0, 60),
    ),
    Setting("abandonment_target_ratio", float, 0.03, "Most abandonments per live answer.", within(0.0, 1.0)),
    Setting(
        "abandonment_windows",
        str,
        "24h,30d",
        "The windows in each of which the target is kept: so many hours (`h`) or days (`d`), or the calendar `month`.",
        _windows,
    ),
    Setting(
        "abandonment_time_zone",
        str,
        "UTC",
        "IANA time zone in which calendar months begin, as Europe/Berlin.",
        _time_zone,
    ),
    Setting(
        "abandonment_clock",
        str,
        "greeting_end",
        "When abandonment_threshold_s begins: connected_to_system, greeting_start or greeting_end.",
        one_of("connected_to_system", "greeting_start", "greeting_end"),
    ),
    Setting(
        "calling_policy",
        str,
        "",
        "Calling policy, a file or a shipped one's name, until `trunkcall policy set` puts one. Carriers that reach "
        "people need one.",
    ),
    Setting(
        "safe_harbour_message",
        str,
        "",
        "What is said to a live answer for whom no agent was found in time. A campaign's tag may say something else.",
        lambda value: placeholder_problem(str(value)),
    ),
    Setting(
        "max_lines_per_agent",
        float,
        10.0,
        "Most lines of a campaign for each agent at work, whatever its pacing wants.",
        within(1, 1000),
    ),
    Setting(
        "agent_state_max_age_s",
        float,
        15.0,
        "Nobody is dialed for agents of whom nothing was heard for so long, by the wall clock; 0: they are relied on.",
        zero_or_within(3, 3600),
    ),
    Setting(
        "agent_keys",
        str,
        written(CODES),
        "What agents can do by keys of the telephone, each by 1 to 4 keys of 0 to 9, A to D, * and #. Empty: nothing.",
        _problem_of(parse_codes),
    ),
    Setting(
        "agent_dispositions",
        str,
        "",
        "What a digit says of a contact, pressed in the work after it, as 1=Sale,2=Call back. Empty: itself.",
        _problem_of(parse_dispositions),
    ),
    Setting(
        "recording_retention_days",
        int,
        0,
        "How long recordings are kept after their contacts have ended; 0: as long as those' personal data.",
        within(0, 36_500),
    ),
    Setting(
        "answer_tone",
        str,
        "880/150",
        "What agents in sessions hear as a live answer is joined: hertz/ms, as 880/90,0/50,880/90. Empty: nothing.",
        _problem_of(parse_tone),
    ),
    Setting(
        "agent_confirmations",
        str,
        "on",
        "What agents hear of status and keys: on: words, tones without a speech_command; tones; or off.",
        one_of("on", "tones", "off"),
    ),
    Setting(
        "quotas",
        str,
        "default",
        "Throttles and quotas: aws, as the service documents them, or default, which are far higher.",
        one_of("aws", "default"),
    ),
    Setting(
        "max_campaigns",
        int,
        0,
        "Most campaigns of an instance; 0 takes the number of --quotas.",
        within(0, 1_000_000_000),
    ),
    Setting(
        "max_active_campaigns",
        int,
        0,
        "Most Running campaigns of an instance; 0 takes the number of --quotas.",
        within(0, 1_000_000_000),
    ),
    Setting("max_pending", int, 1_000_000, "Most waiting requests of one campaign.", within(1, 1_000_000_000)),
    Setting(
        "min_free_mb",
        int,
        200,
        "While less is free on the store's disk, no campaigns or dial requests are taken; 0: until it is full.",
        within(0, 1_000_000_000),
    ),
    Setting(
        "lease_s",
        float,
        30.0,
        "How long the right to dial lasts unless it is renewed. A server that was stopped for longer dials no more.",
        within(1, 3600),
    ),
    Setting("drain_s", float, 5.0, "How long a stopping server lets contacts in progress go on.", within(0, 86_400)),
    Setting("max_body_bytes", int, 1_048_576, "Largest request body.", within(1024, 100_000_000)),
    Setting(
        "max_bodies_mb",
        int,
        64,
        "Most MiB of request bodies on their way at once; one access key, and one source address, may have half.",
        within(1, 100_000),
    ),
    Setting(
        "strict_wire",
        str,
        "off",
        "on or off: whether media types, unions and nulls of requests are taken as strictly as Smithy's tests do.",
        one_of("on", "off"),
    ),
    Setting("secret_key_file", str, "", "File with the key that encrypts secrets. Default: DATA_DIR/secret.key."),
    Setting("carrier_journal", str, "", "File to which the simulated carrier writes every originate. Default: none."),
    Setting("log_format", str, "console", "How log lines look: console or json.", one_of("console", "json")),
    Setting("log_level", str, "info", "Least important lines logged.", one_of("debug", "info", "warning", "error")),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. A test keeps these fields and the table the same. ``trunks`` are the tables of the file,
    none if it has none; ``agent_phrases`` all there are, with the file's; ``file`` is that file, None where none was
    read."""

    data_dir: Path
    host: str
    port: int
    store: str
    carrier: str
    carrier_url: str
    ari_url: str
    ari_user: str
    ari_password: str = field(repr=False)
    ari_password_file: str
    ari_plain_http: str
    speech_command: str
    speech_voice: str
    speech_voices: str
    speech_rate: int
    prompts_dir: str
    sound_within_s: float
    sip_address: str
    sip_port: int
    sip_external_address: str
    rtp_ports: str
    phone_networks: str
    phone_auto_answer: str
    carrier_port: int
    speed: float
    region: str
    account_id: str
    agents: int
    seed: int
    customer_keys: str
    channels: int
    attempts_per_s: float
    ring_timeout_s: float
    abandonment_threshold_s: float
    abandonment_target_ratio: float
    abandonment_windows: str
    abandonment_time_zone: str
    abandonment_clock: str
    calling_policy: str
    safe_harbour_message: str
    max_lines_per_agent: float
    agent_state_max_age_s: float
    agent_keys: str
    agent_dispositions: str
    recording_retention_days: int
    answer_tone: str
    agent_confirmations: str
    quotas: str
    max_campaigns: int
    max_active_campaigns: int
    max_pending: int
    min_free_mb: int
    lease_s: float
    drain_s: float
    max_body_bytes: int
    max_bodies_mb: int
    strict_wire: str
    secret_key_file: str
    carrier_journal: str
    log_format: str
    log_level: str
    trunks: tuple[TrunkTable, ...] = ()
    functions: tuple[FunctionTable, ...] = ()
    agent_phrases: Phrases = field(default_factory=lambda: PHRASES)
    file: Path | None = None


def load_settings(
    flags: Mapping[str, Value | None] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    config_file: Path | None = None,
) -> Settings:
    """Settings from flags (None means not given), environment and a TOML file. Raises SettingsError that says which
    source, which setting and what would be right."""
    flags = flags or {}
    environment = os.environ if environment is None else environment
    table = _read_file(config_file) if config_file is not None else {}
    values: dict[str, Any] = {}  # each of its setting's kind, which is that of the field
    for setting in SETTINGS:
        given = flags.get(setting.name) if not setting.secret else None
        if given is not None:
            values[setting.name] = convert(setting, given, setting.flag)
        elif setting.variable in environment:
            values[setting.name] = convert(setting, environment[setting.variable], setting.variable)
        elif setting.name in table:
            values[setting.name] = convert(setting, table[setting.name], f"{setting.name} in {config_file}")
        else:
            values[setting.name] = setting.default
    return Settings(
        **values,
        trunks=read_trunks(table.get(TRUNKS), f"{config_file}", values),
        functions=read_functions(table.get(FUNCTIONS), f"{config_file}", values),
        agent_phrases=read_phrases(table.get(AGENT_PHRASES), f"{config_file}"),
        file=config_file,
    )


def switch_password(settings: Settings) -> str:
    """The password of ``ari_user``, to be sent to ``ari_url``; empty if none is given. Raises SettingsError, also where
    it would cross a network in the open."""
    check_ari_url(settings.ari_url, plain_http=settings.ari_plain_http == "on")
    names = "ari_password", "ari_password_file"
    return secret_of(settings.ari_password, settings.ari_password_file, names, password_problem)


def _read_file(path: Path) -> dict[str, object]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"The configuration file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"The configuration file {path} is not UTF-8, as TOML is. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The configuration file {path} is not TOML: {error}.") from error
    known = [*(setting.name for setting in SETTINGS), TRUNKS, FUNCTIONS, AGENT_PHRASES]
    unknown = sorted(table.keys() - set(known))
    if unknown:
        raise SettingsError(
            f"The configuration file {path} has {', '.join(unknown)}.{did_you_mean(unknown[0], known)} "
            f"Known settings are {', '.join(known)}."
        )
    return table
