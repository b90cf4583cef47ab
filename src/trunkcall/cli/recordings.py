"""`trunkcall recordings`: what was recorded of talks, to be heard.

Decides how recordings are listed, and that what is heard leaves as WAV: 16 bits, 8,000 samples a second, the customer
on the left and what the customer hears on the right. It is an ordinary client of the API: what rests encrypted on the
server is decrypted there.
"""

from __future__ import annotations

import json
import shlex
import shutil
import struct
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, cast

import typer

from trunkcall.amd.g711 import decoded
from trunkcall.cli.api_errors import NOT_FOUND, ApiRefusedError
from trunkcall.cli.asking import Yes, confirm
from trunkcall.cli.campaign_steps import JSON
from trunkcall.cli.centre import Centre, InstanceOption, centre_of
from trunkcall.cli.client import campaigns_client, trunkcall_client
from trunkcall.cli.files import open_binary_output, standard_output
from trunkcall.cli.help import examples
from trunkcall.cli.naming import campaign_names, find_campaign
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import counted, plain_table, terminal_width
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.recording_file import RATE
from trunkcall.settings import Settings

CHANNELS: Final = 2
SAMPLE_BYTES: Final = 2
UNHEARABLE: Final = frozenset({NOT_FOUND, "ConflictException"})
"""What the API says of a recording that was deleted meanwhile, or is damaged."""
PLAYERS: Final = (
    ("ffplay", "-autoexit", "-nodisp", "-loglevel", "error", "-"),
    ("aplay", "-q", "-"),
    ("play", "-q", "-t", "wav", "-"),
)
"""Commands that play WAV from their standard input, the best first."""

app = typer.Typer(help="What was recorded of talks: list it, play it, write it to files.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="A recording, or a contact of which there is one.")]


class NothingRecordedError(TrunkcallError):
    """There is no sound of it."""


def list_recordings(
    settings: Settings,
    campaign: Annotated[str | None, typer.Option(help="Only this campaign, by name, id or ARN.")] = None,
    contact: Annotated[str | None, typer.Option(help="Only this contact, by its id; it may not have ended.")] = None,
    instance: InstanceOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List recordings, in the order in which their contacts have ended. A deleted campaign has its id alone."""
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        found = list(_recordings(centre, campaign=campaign, contact=contact))
    names: dict[str, str] = {}
    # A key may be one that may hear what was recorded, and not list campaigns.
    with suppress(ApiRefusedError), centre.in_words():
        names = campaign_names(campaigns_client(centre.where))
    if as_json:
        typer.echo(json.dumps([_plain(each, names) for each in found], indent=2))
    elif found:
        headers = ("RECORDING", "STARTED", "SECONDS", "WHAT", "CAMPAIGN")
        rows = [
            (
                each["recordingId"],
                _started(each),
                _seconds(each),
                _what(each),
                names.get(each["campaignId"], each["campaignId"]),
            )
            for each in found
        ]
        typer.echo(plain_table(headers, rows, terminal_width(), right=("SECONDS",)))
    else:
        typer.echo("Nothing was recorded. `trunkcall campaign record CAMPAIGN on` has talks recorded.", err=True)


def play(
    settings: Settings,
    recording: Id,
    instance: InstanceOption = None,
    player: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help="Plays WAV from its standard input. [default: one that is found]"),
    ] = None,
) -> None:
    """Play a recording; where the output is no terminal, write it there as WAV.

    The customer is on the left, what the customer hears on the right.
    """
    centre = centre_of(settings.data_dir, instance)
    with centre.in_words():
        recording_id = _the_one(centre, recording)
        if not player and not sys.stdout.isatty():
            with standard_output() as file:
                _write_wav(centre, recording_id, file)
            return
        known = next((each for each in PLAYERS if shutil.which(each[0])), ())
        try:
            command = shlex.split(player) if player else known
        except ValueError:
            raise typer.BadParameter("--player has a quotation mark that is not closed") from None
        if not command:
            raise TrunkcallError(
                f"There is no player here that is known ({', '.join(each[0] for each in PLAYERS)}): name one with "
                f"--player, or write a file: trunkcall recordings play {recording_id} > talk.wav"
            )
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - what its user has named
        except OSError as error:
            raise TrunkcallError(f"The player {command[0]!r} cannot be started: {error.strerror}.") from error
        # Whoever has heard enough ends the player before the recording does.
        with suppress(BrokenPipeError), process, cast(BinaryIO, process.stdin) as sound:
            _write_wav(centre, recording_id, sound)


def export(
    settings: Settings,
    folder: Annotated[Path, typer.Argument(help="Where to write them; it is made.")],
    campaign: Annotated[str | None, typer.Option(help="Only this campaign, by name, id or ARN.")] = None,
    contact: Annotated[str | None, typer.Option(help="Only this contact, by its id.")] = None,
    instance: InstanceOption = None,
    yes: Yes = False,
) -> None:
    """Write recordings as WAV, each by its id. Files of that name stay as they are.

    What is written is not encrypted, and neither retention nor `trunkcall forget` reaches it.
    """
    confirm(f"Recordings in {folder} are not encrypted, and nothing deletes them.", yes)
    centre = centre_of(settings.data_dir, instance)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise TrunkcallError(f"{folder} is a file. Name a directory.") from None
    written = kept = 0
    unheard = []
    with centre.in_words():
        for each in _recordings(centre, campaign=campaign, contact=contact):
            recording_id, path = each["recordingId"], folder / f"{each['recordingId']}.wav"
            if path.exists():
                kept += 1
            elif each.get("damaged") or (each.get("samples") and not _is_written(centre, recording_id, path)):
                unheard.append(recording_id)
            elif each.get("samples"):
                written += 1
    typer.echo(f"{counted(written, 'recording')} written to {folder}" + (f", {kept:,} were there." if kept else "."))
    if unheard:
        raise NothingRecordedError(
            f"{counted(len(unheard), 'recording')} could not be written, being damaged or deleted meanwhile: "
            f"{', '.join(unheard)}. `trunkcall recordings play ID` has what can still be heard."
        )


def _is_written(centre: Centre, recording_id: str, path: Path) -> bool:
    """Whether a recording, which is nowhere yet, could be written whole."""
    try:
        with open_binary_output("FOLDER", path, private=True) as file, centre.in_words():
            _write_wav(centre, recording_id, file)
    except ApiRefusedError as error:
        if error.code not in UNHEARABLE:
            raise
        return False
    return True


# --- what the API tells -----------------------------------------------------------------------------------------------


def _recordings(centre: Centre, *, campaign: str | None, contact: str | None) -> Iterator[dict[str, Any]]:
    client, asked = trunkcall_client(centre.where), {"connectInstanceId": centre.instance_id}
    if contact is not None:
        asked["contactId"] = contact
    if campaign is not None:
        asked["campaignId"] = find_campaign(campaigns_client(centre.where), campaign)
    while True:
        page = client.list_recordings(**asked)
        yield from page["recordings"]
        if not page.get("nextToken"):
            return
        asked["nextToken"] = page["nextToken"]


def _the_one(centre: Centre, named: str) -> str:
    """The recording that is named, or the only one with sound of the contact that is."""
    if "." in named:
        return named
    of_contact = _recordings(centre, campaign=None, contact=named)
    found = [each["recordingId"] for each in of_contact if each.get("samples") is not None]
    if not found:
        raise NothingRecordedError(
            "There is no sound of this contact: it was not recorded, what was recorded was deleted, or the carrier is "
            "the simulated one."
        )
    if len(found) > 1:
        raise NothingRecordedError(f"It was recorded in {len(found)} parts. Name one: {', '.join(found)}")
    return str(found[0])


def _write_wav(centre: Centre, recording_id: str, file: BinaryIO) -> None:
    """As much as there was when it began: what goes on is written up to there."""
    client, asked = (
        trunkcall_client(centre.where),
        {"connectInstanceId": centre.instance_id, "recordingId": recording_id},
    )
    told = client.play_recording(**asked)
    left = CHANNELS * told["samples"]
    file.write(wav_head(told["samples"]))
    while True:
        sound = b64decode(told["sound"])[:left]
        left -= len(sound)
        file.write(decoded(sound).astype("<i2").tobytes())
        if not told.get("nextToken") or not left:
            break
        told = client.play_recording(**asked, nextToken=told["nextToken"])
    file.write(bytes(SAMPLE_BYTES * left))


def wav_head(samples: int) -> bytes:
    """The beginning of a WAV file with so many samples on each channel (RIFF, PCM of 16 bits)."""
    frame = CHANNELS * SAMPLE_BYTES
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, CHANNELS, RATE, RATE * frame, frame, 8 * SAMPLE_BYTES)
    size = samples * frame
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + form + struct.pack("<4sI", b"data", size)


# --- how it is told ---------------------------------------------------------------------------------------------------


def _started(recording: dict[str, Any]) -> str:
    at = recording.get("startTime") or recording["askedTime"]
    return str(at.isoformat(sep=" ", timespec="seconds"))


def _seconds(recording: dict[str, Any]) -> str:
    samples = recording.get("samples")
    return "-" if samples is None else f"{samples / RATE:,.1f}"


def _what(recording: dict[str, Any]) -> str:
    if recording.get("unrecorded"):
        why = {"NotAnnounced": "not announced", "Failed": "it failed"}.get(recording["unrecorded"])
        return f"not recorded: {why or recording['unrecorded']}"
    if recording.get("damaged"):
        return "damaged"
    if recording.get("samples") is None:
        return "no sound"
    pauses = len(recording.get("suspensions", []))
    return f"recorded, suspended {counted(pauses, 'time')}" if pauses else "recorded"


def _plain(recording: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    def at(value: Any) -> str | None:
        return None if value is None else value.isoformat()

    samples = recording.get("samples")
    return {
        "recording_id": recording["recordingId"],
        "contact_id": recording["contactId"],
        "campaign_id": recording["campaignId"],
        "campaign_name": names.get(recording["campaignId"]),
        "started_at": at(recording.get("startTime")),
        "stopped_at": at(recording.get("stopTime")),
        "suspensions": [
            {"started_at": at(each.get("startTime")), "stopped_at": at(each.get("stopTime"))}
            for each in recording.get("suspensions", [])
        ],
        "seconds": None if samples is None else round(samples / RATE, 3),
        "unrecorded": recording.get("unrecorded"),
        "damaged": recording.get("damaged", False),
    }


_with_data_dir = with_settings("data_dir")
app.command("list", epilog=examples("trunkcall recordings list", "trunkcall recordings list --campaign Spring --json"))(
    _with_data_dir(list_recordings)
)
app.command(
    "play",
    epilog=examples(
        "trunkcall recordings play 019ae2f0-6f3c-7e11-b1f4-2f1c5f2e8a10",
        "trunkcall recordings play 019ae2f0-6f3c-7e11-b1f4-2f1c5f2e8a10.1 > talk.wav",
    ),
)(_with_data_dir(play))
app.command("export", epilog=examples("trunkcall recordings export talks --campaign Spring --yes"))(
    _with_data_dir(export)
)
