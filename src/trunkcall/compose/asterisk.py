"""The carrier that makes its legs by Asterisk.

Decides with what settings it can be started, and that it is in the server's process: what has to outlive that one, the
legs, is on the switch already, and all that is known of them can be asked for there. It must not know the store, nor
who dials.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import partial
from importlib.util import find_spec
from secrets import token_hex

from trunkcall.compose.carrier_adapter import CarrierAdapter, Telephony, Wanted
from trunkcall.compose.sounds import prompt_files, spoken_folder
from trunkcall.compose.trunks import default_trunk
from trunkcall.domain.agent_keys import dialed, parse_codes
from trunkcall.domain.directory import Directory
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import seconds
from trunkcall.domain.prompt import named
from trunkcall.domain.recording import Recording
from trunkcall.domain.safe_harbour import NAME, NUMBER
from trunkcall.service.calling.numbering import leaves_as
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.settings import Settings, switch_password
from trunkcall.settings.switch import voices_of
from trunkcall.storage.data_dir import DataDir
from trunkcall.storage.disk import MEGABYTE
from trunkcall.storage.recording_files import PURPOSE as RECORDINGS
from trunkcall.storage.recording_files import RecordingFiles
from trunkcall.telephony.ari.addresses import Addresses, endpoint_of, trunk_endpoint
from trunkcall.telephony.ari.dialplan import INBOUND, dialplan
from trunkcall.telephony.ari.legs import SHOWN_VARIABLES
from trunkcall.telephony.ari.music import hold_music
from trunkcall.telephony.ari.phones import NETWORKS as PHONE_NETWORKS
from trunkcall.telephony.ari.speech import Speech
from trunkcall.telephony.finding import Finding, fault

__all__ = [
    "ASTERISK",
    "DOCTOR",
    "INBOUND",
    "PHONE_NETWORKS",
    "SHOWN_VARIABLES",
    "dialplan",
    "endpoint_of",
    "hold_music",
    "needed_password",
    "trunk_endpoint",
]

DOCTOR = "trunkcall_doctor"
"""How applications are called that look at a switch: no instance's begins so."""


def _check(settings: Settings) -> None:
    if find_spec("aiohttp") is None:
        raise SettingsError("The carrier ari needs aiohttp, which is not installed: pip install 'trunkcall[ari]'.")
    if settings.speed != 1.0:
        raise SettingsError(
            f"The carrier ari calls people, who talk no faster: speed must be 1, not {settings.speed:g}."
        )
    if settings.carrier_url:
        raise SettingsError("carrier_url is of the simulated carrier. Where Asterisk is, ari_url says.")
    hosts = sorted({table.trunk.host for table in settings.trunks})
    if len(hosts) > 1:
        raise SettingsError(
            f"The trunks are on the hosts {', '.join(hosts)}, and the carrier ari reaches one Asterisk: give all "
            "trunks the same host, or take the key away."
        )
    needed_password(settings)
    _speech(settings)


def needed_password(settings: Settings) -> str:
    """The password of ARI's user. Raises SettingsError, also where there is none."""
    password = switch_password(settings)
    if password:
        return password
    raise SettingsError(
        f"Asterisk lets nobody in without a password, and none is given for its user {settings.ari_user}. Write it "
        "into a file that nobody else can read, and name that with --ari-password-file; or set the variable "
        "TRUNKCALL_ARI_PASSWORD."
    )


def _build(wanted: Wanted) -> Telephony:
    # What aiohttp brings along is loaded for those alone who have a switch.
    from trunkcall.telephony.ari.carrier import AriCarrier, app_of
    from trunkcall.telephony.ari.client import Switch, parse_ari_url
    from trunkcall.telephony.ari.phones import Phones
    from trunkcall.telephony.ari.recorded import Recorded
    from trunkcall.telephony.sound.client import SoundProcess

    settings, clock = wanted.settings, WallPacedClock(wall=wanted.wall)
    speech = _speech(settings)
    # Numbers leave in the form in which the calling gate has looked at them.
    password = switch_password(settings)
    addresses = Addresses(leaves_as, default_trunk(settings), partial(trunk_endpoint, password=password))
    app = app_of(wanted.instance_id)
    phones = Phones(app, partial(_phone_passwords, DataDir(settings.data_dir), addresses))
    reached = parse_ari_url(settings.ari_url), settings.ari_user, password
    sounds = SoundProcess(*reached)
    recorded = Recorded(prompt_files(settings).path, speech.speak)

    files = RecordingFiles(settings.data_dir, wanted.box.derive(RECORDINGS))
    carrier = AriCarrier(
        app,
        partial(Switch, *reached),
        addresses,
        now=clock.now,
        speak=recorded.speak,
        sounds=sounds,
        phones=phones,
        auto_answer=settings.phone_auto_answer == "on",
        sound_within=seconds(settings.sound_within_s),
        codes=dialed(parse_codes(settings.agent_keys)),
        new_file=lambda recording_id, asked_at: files.begin(Recording(recording_id, asked_at)),
        keep_free=settings.min_free_mb * MEGABYTE,
    )

    def know(directory: Directory) -> None:
        carrier.know(directory)
        recorded.know(directory)

    troubles: Sequence[Callable[[], str | None]] = (
        lambda: speech.trouble,
        lambda: recorded.trouble,
        lambda: carrier.prompt_trouble,
        lambda: carrier.recording_trouble,
        lambda: phones.trouble,
    )
    return Telephony(
        clock,
        carrier,
        legs_survive=True,
        works={"speech": partial(_speaks, speech, settings.safe_harbour_message), "sound": sounds.run},
        trouble=lambda: carrier.trouble,
        upkeep_trouble=lambda: next(filter(None, (each() for each in troubles)), None),
        know=know,
    )


def _phone_passwords(directory: DataDir, addresses: Addresses) -> dict[str, str]:
    """Those of agents' soft phones that have one, by endpoint."""
    known = directory.phone_passwords()
    return {name: known[name] for name in addresses.soft_phones().values() if name in known}


def _speech(settings: Settings) -> Speech:
    """What makes texts sounds for the switch. Raises SettingsError."""
    return Speech(
        settings.speech_command,
        spoken_folder(settings),
        voice=settings.speech_voice,
        voices=voices_of(settings.speech_voices),
        rate=settings.speech_rate,
    )


async def _speaks(speech: Speech, safe_harbour: str) -> None:
    """Have a safe-harbour message ready that is the same for everybody: it may be needed at any moment, within two
    seconds. Whatever is being made at the end is let go of."""
    try:
        if safe_harbour and named(safe_harbour) is None and not any(each in safe_harbour for each in (NAME, NUMBER)):
            await speech.prepare([safe_harbour])
        await asyncio.Event().wait()
    finally:
        await speech.close()


async def _examine(settings: Settings, trunks: Collection[str], usernames: Collection[str]) -> Sequence[Finding]:
    from trunkcall.telephony.ari.addresses import endpoint_of
    from trunkcall.telephony.ari.checkup import findings, one_phone_each, takes_no_requests
    from trunkcall.telephony.ari.client import Switch, SwitchError, parse_ari_url
    from trunkcall.telephony.ari.inspection import inspect, too_old

    password = switch_password(settings)
    reached = parse_ari_url(settings.ari_url), settings.ari_user, password
    trunk_of = {trunk_endpoint(trunk_id, password): trunk_id for trunk_id in trunks}
    try:
        seen = await inspect(partial(Switch, *reached), f"{DOCTOR}_{token_hex(4)}", trunk_of)
        phones = {endpoint for name in usernames if (endpoint := endpoint_of(name)) is not None}
        return [*findings(seen, phones, trunk_of), *one_phone_each(usernames, endpoint_of)]
    except SwitchError as error:
        version = await too_old(*reached)
        return [takes_no_requests(version) if version is not None else fault("Asterisk", str(error))]


ASTERISK = CarrierAdapter(_check, _build, examine=_examine)
